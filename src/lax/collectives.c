/* Reductions over named axes of enclosing vmaps and meshes, of whole trees. */
#include "lax/lax.h"

/* A name, or a sequence of names: as text, separated by commas. */
static bool add_name(nested *r, int64_t length, text *t)
{
    for (int64_t i = 0, c; i < length; i++) {
        if (!nested_int(r, &c))
            return false;
        text_add(t, "%c", (int)c);
    }
    return true;
}

static char *names_of(const char *what, ct_ints given)
{
    text t = {0};
    nested r = nested_begin(what, given);
    int64_t n, length;
    bool good = nested_length(&r, &n);
    if (good && r.end - r.at == n && (!n || *r.at > 32)) {
        good = add_name(&r, n, &t); /* one name: its length is all there is */
    } else {
        for (int64_t i = 0; good && i < n; i++) {
            text_add(&t, i ? "," : "");
            good = nested_length(&r, &length) && add_name(&r, length, &t);
        }
    }
    char *names = text_end(&t);
    if (good)
        return names;
    base_free(names);
    return NULL;
}

typedef ct_array collective(ct_array x, const char *axes);

static ct_tree over_tree(const char *what, ct_tree x, ct_ints given, collective *f)
{
    const ct_array *in;
    char *names = names_of(what, given);
    int64_t n = tree_leaves(&x, &in);
    ct_array *out = base_alloc((size_t)(n + 1) * sizeof *out);
    bool good = names && out;
    for (int64_t i = 0; good && i < n; i++)
        good = !is_poison(out[i] = f(in[i], names));
    ct_tree result = good ? tree_new((treedef *)tree_def(x), n, out) : array_poison;
    base_free(out);
    base_free(names);
    return result;
}

static ct_array mean_over(ct_array x, const char *axes)
{
    int64_t size = op_axis_size(axes);
    if (!size)
        return array_poison;
    ct_dtype inexact = dtype_to_inexact(dtype_of(x));
    ct_array total = op_psum(x, axes);
    total = is_poison(total) ? total : op_convert(total, inexact, false);
    return op_div(total, array_scalar(inexact, false, (double)size));
}

ct_tree lax_psum(const ct_lax_psum_args *a)
{
    return over_tree("psum: axis_name", a->x, a->axis_name, op_psum);
}
ct_tree lax_pmax(const ct_lax_pmax_args *a)
{
    return over_tree("pmax: axis_name", a->x, a->axis_name, op_pmax);
}
ct_tree lax_pmin(const ct_lax_pmin_args *a)
{
    return over_tree("pmin: axis_name", a->x, a->axis_name, op_pmin);
}
ct_tree lax_pmean(const ct_lax_pmean_args *a)
{
    return over_tree("pmean: axis_name", a->x, a->axis_name, mean_over);
}

ct_tree lax_all_gather(const ct_lax_all_gather_args *a)
{
    const ct_array *in;
    char *names = names_of("all_gather: axis_name", a->axis_name);
    int64_t n = tree_leaves(&a->x, &in), axis;
    ct_array *out = base_alloc((size_t)(n + 1) * sizeof *out);
    bool good = names && out;
    for (int64_t i = 0; good && i < n; i++)
        good = lax_axis("all_gather", a->axis, in[i]->aval.ndim + !a->tiled, &axis) &&
               !is_poison(out[i] = op_all_gather(in[i], names, axis, a->tiled));
    ct_tree result = good ? tree_new((treedef *)tree_def(a->x), n, out) : array_poison;
    base_free(out);
    base_free(names);
    return result;
}

ct_array lax_axis_index(const ct_lax_axis_index_args *a)
{
    char *names = names_of("axis_index: axis_name", a->axis_name);
    ct_array x = names ? op_axis_index(names) : array_poison;
    base_free(names);
    return x;
}
