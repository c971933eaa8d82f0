/* Programs ahead of time: f traced and compiled for given arguments, what it costs, and names for
 * its parts. */
#include "cotan/stages.h"
#include "ops/ops.h"
#include "transform/transform.h"

bool jaxpr_accepts(const jaxpr *j, int64_t n, const ct_array *in)
{
    for (int64_t i = 0; i < n && n == j->nin; i++)
        if (!aval_equal(&j->in[i]->aval, &in[i]->aval, false))
            return false;
    return n == j->nin;
}

/* ---- compiled functions ---- */

typedef struct compiled {
    struct ct_function head;
    ct_fn f;
    jaxpr *j;
    treedef *in_def, *out_def;
} compiled;

static bool refuse(const compiled *c, int64_t nin, const ct_array *in)
{
    text t = {0};
    for (int64_t i = 0; i < nin; i++) {
        const aval *want = &c->j->in[i]->aval;
        if (aval_equal(want, &in[i]->aval, false))
            continue;
        text_add(&t, "\nArgument '");
        fn_leaf_path(c->f, c->in_def, i, &t);
        text_add(&t, "' compiled with ");
        aval_text(&t, want, false);
        text_add(&t, " and called with ");
        aval_text(&t, &in[i]->aval, false);
    }
    char *s = text_end(&t);
    base_fail(CT_TYPE_ERROR,
              "Argument types differ from the types for which this computation was compiled. The "
              "mismatches are:%s",
              s ? s : "");
    base_free(s);
    return false;
}

static bool compiled_call(ct_fn base, const treedef *in_def, int64_t nin, const ct_array *in,
                          treedef **out_def, int64_t *nout, ct_array **out)
{
    compiled *c = (compiled *)base;
    if (!treedef_equal(in_def, c->in_def))
        return base_fail(CT_TYPE_ERROR,
                         "Function compiled with input pytree does not match the input pytree it "
                         "was called with."),
               false;
    for (int64_t i = 0; i < nin; i++)
        if (is_tracer(in[i]))
            return base_fail(CT_TYPE_ERROR,
                             "Cannot apply JAX transformations to a function lowered and compiled "
                             "for a particular signature. Detected argument of Tracer type %s.",
                             in[i]->trace->class->name),
                   false;
    if (!jaxpr_accepts(c->j, nin, in))
        return refuse(c, nin, in);
    *nout = c->j->nout;
    *out = base_alloc((size_t)(*nout + 1) * sizeof **out);
    if (!*out || !transform_run(c->j, (int)nin, in, NULL, c->j->nout, *out)) {
        base_free(*out);
        *out = NULL;
        return false;
    }
    *out_def = c->out_def;
    object_retain(*out_def);
    return true;
}

static ct_fn compiled_of(ct_fn f) { return ((compiled *)f)->f; }

static void compiled_destroy(ct_fn f)
{
    compiled *c = (compiled *)f;
    object_release(c->f);
    object_release(c->j);
    object_release(c->in_def);
    object_release(c->out_def);
}

static const fn_class compiled_class = {
    .call = compiled_call, .of = compiled_of, .destroy = compiled_destroy};

jaxpr *transform_stage_like(ct_fn f, int n, const ct_tree *args, treedef **in_def,
                            treedef **out_def)
{
    int64_t nin;
    ct_array *in;
    *out_def = NULL;
    if (!f || !(*in_def = fn_pack(n, args, &nin, &in)))
        return NULL;
    aval *avals = base_alloc((size_t)(nin + 1) * sizeof *avals);
    for (int64_t i = 0; i < nin && avals; i++)
        avals[i] = in[i]->aval;
    jaxpr *j = avals ? transform_stage_fn(f, "jit", *in_def, nin, avals, out_def) : NULL;
    base_free(avals);
    base_free(in);
    if (!j)
        object_release(*in_def);
    return j;
}

ct_fn ct_compile_(ct_fn f, int n, const ct_tree *args)
{
    treedef *in_def, *out_def;
    jaxpr *j = transform_stage_like(f, n, args, &in_def, &out_def);
    if (!j)
        return NULL;
    compiled *c = (compiled *)fn_new(&compiled_class, sizeof *c);
    if (!c) {
        object_release(j);
        object_release(in_def);
        object_release(out_def);
        return NULL;
    }
    object_retain(f);
    *c = (compiled){c->head, f, j, in_def, out_def};
    return !core_backend || core_backend->compile(j) == CT_OK ? &c->head : NULL;
}

char *ct_jaxpr_text(ct_fn f, int n, const ct_tree *args)
{
    treedef *in_def, *out_def;
    jaxpr *j = transform_stage_like(f, n, args, &in_def, &out_def);
    if (!j)
        return NULL;
    text t = {0};
    jaxpr_text(&t, j);
    object_release(out_def);
    object_release(in_def);
    object_release(j);
    return text_end(&t);
}

/* ---- cost ---- */

bool ct_cost_of(ct_fn f, int n, const ct_tree *args, ct_cost *cost)
{
    treedef *in_def, *out_def;
    jaxpr *j = transform_stage_like(f, n, args, &in_def, &out_def);
    if (!j)
        return false;
    *cost = (ct_cost){0};
    jaxpr_cost(j, cost);
    object_release(out_def);
    object_release(in_def);
    object_release(j);
    return true;
}
