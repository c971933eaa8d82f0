/* Axes and nested arguments as users of jax.lax write them. Next: shapes.c. */
#include "lax/lax.h"

bool lax_copy(const char *what, ct_ints from, axis_list *to)
{
    if (from.n > LAX_MAX_NDIM) {
        base_fail(CT_VALUE_ERROR, "%s: %lld axes are more than the %d an array can have.", what,
                  (long long)from.n, LAX_MAX_NDIM);
        return false;
    }
    to->n = from.n;
    for (int64_t i = 0; i < from.n; i++)
        to->at[i] = from.at[i];
    return true;
}

bool lax_axis(const char *what, int64_t axis, int64_t ndim, int64_t *out)
{
    if (axis < -ndim || axis >= ndim) {
        base_fail(CT_VALUE_ERROR, "%s: axis %lld is out of bounds for array of dimension %lld",
                  what, (long long)axis, (long long)ndim);
        return false;
    }
    *out = axis < 0 ? axis + ndim : axis;
    return true;
}

bool lax_axes(const char *what, ct_ints axes, int64_t ndim, axis_list *out)
{
    bool seen[LAX_MAX_NDIM] = {false};
    for (int64_t i = 0; i < axes.n; i++) {
        int64_t d;
        if (!lax_axis(what, axes.at[i], ndim, &d))
            return false;
        if (seen[d]) {
            base_fail(CT_VALUE_ERROR, "%s: duplicate value in axes: %lld", what,
                      (long long)axes.at[i]);
            return false;
        }
        seen[d] = true;
    }
    out->n = 0;
    for (int64_t d = 0; d < ndim && d < LAX_MAX_NDIM; d++)
        if (seen[d])
            out->at[out->n++] = d;
    return true;
}

bool nested_int(nested *r, int64_t *value)
{
    if (r->at >= r->end) {
        base_fail(CT_VALUE_ERROR, "%s: a number is missing.", r->what);
        return false;
    }
    *value = *r->at++;
    return true;
}

bool nested_length(nested *r, int64_t *n)
{
    if (!nested_int(r, n))
        return false;
    if (*n >= 0 && *n <= LAX_MAX_NDIM)
        return true;
    base_fail(CT_VALUE_ERROR, "%s: a sequence was expected.", r->what);
    return false;
}

bool nested_ints(nested *r, axis_list *out)
{
    if (!nested_length(r, &out->n))
        return false;
    for (int64_t i = 0; i < out->n; i++)
        if (!nested_int(r, &out->at[i]))
            return false;
    return true;
}

ct_tree lax_each(ct_tree x, ct_array (*f)(ct_array x, const void *env), const void *env)
{
    const ct_array *in;
    int64_t n = tree_leaves(&x, &in);
    ct_array *out = base_alloc((size_t)(n + 1) * sizeof *out);
    bool good = out;
    for (int64_t i = 0; good && i < n; i++)
        good = !is_poison(out[i] = f(in[i], env));
    ct_tree result = good ? tree_new((treedef *)tree_def(x), n, out) : array_poison;
    base_free(out);
    return result;
}
