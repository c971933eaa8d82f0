/* Why was a jitted function traced again? Names the arguments in which a call differs from the
 * closest one before it. */
#include "transform/transform.h"

enum { MOST_DIFFERENCES = 5 };

static bool same_dtype_and_shape(const aval *a, const aval *b) { return aval_equal(a, b, false); }

int64_t call_distance(const call_type *a, const call_type *b)
{
    if (a->x64 != b->x64)
        return INT64_MAX;
    if (a->n != b->n || !treedef_equal(a->in_def, b->in_def))
        return INT64_MAX - 1;
    int64_t n = 0;
    for (int64_t i = 0; i < a->n; i++)
        n += !aval_equal(&a->avals[i], &b->avals[i], true);
    return n;
}

static void type_text(text *t, const aval *a, bool weakness)
{
    aval_text(t, a, false);
    if (weakness)
        text_add(t, a->weak ? " (weakly typed)" : " (not weakly typed)");
}

static void explain_types(text *t, ct_fn f, const call_type *now, const call_type *before)
{
    int64_t differences = 0;
    for (int64_t i = 0; i < now->n; i++) {
        const aval *a = &now->avals[i], *b = &before->avals[i];
        if (aval_equal(a, b, true) || ++differences > MOST_DIFFERENCES)
            continue;
        bool weakness = same_dtype_and_shape(a, b);
        text_add(t, "\n  * at ");
        fn_leaf_path(f, now->in_def, i, t);
        text_add(t, ", now ");
        type_text(t, a, weakness);
        text_add(t, " and before ");
        type_text(t, b, weakness);
    }
    if (differences > MOST_DIFFERENCES)
        text_add(t, "\n  * and at %lld more", (long long)(differences - MOST_DIFFERENCES));
}

/* Arguments whose structure differs, static ones among them. The structures themselves are written
 * for observers only: they contain the host language's idea of its objects. */
static void explain_structure(text *t, ct_fn f, const call_type *now, const call_type *before)
{
    int64_t n = now->in_def->nodes[now->in_def->count - 1].arity,
            m = before->in_def->nodes[before->in_def->count - 1].arity;
    if (n != m)
        text_add(t, "\n  * now %lld positional arguments and before %lld", (long long)n - 1,
                 (long long)m - 1);
    for (int64_t i = 0; i < n && n == m; i++) {
        int64_t first, count;
        treedef *a = treedef_child(now->in_def, i, &first, &count),
                *b = treedef_child(before->in_def, i, &first, &count);
        if (a && b && !treedef_equal(a, b)) {
            text_add(t, "\n  * at ");
            if (i < n - 1)
                fn_argument(f, i, NULL, t);
            else
                text_add(t, "keyword arguments");
            if (transform_observer) {
                text_add(t, ", now ");
                treedef_text(t, a);
                text_add(t, " and before ");
                treedef_text(t, b);
            }
        }
        object_release(a);
        object_release(b);
    }
}

void call_explain(text *t, ct_fn f, const call_type *now, const call_type *before)
{
    switch (call_distance(now, before)) {
    case INT64_MAX:
        text_add(t, "jax_enable_x64 is %s now and was %s before", now->x64 ? "on" : "off",
                 now->x64 ? "off" : "on");
        break;
    case INT64_MAX - 1:
        text_add(t, "different input pytree (static arguments are part of it):");
        explain_structure(t, f, now, before);
        break;
    default:
        text_add(t, "different input types:");
        explain_types(t, f, now, before);
    }
}
