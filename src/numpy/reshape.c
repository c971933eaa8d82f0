/* Functions that give the same elements another shape: reshape, transpose, squeeze, broadcast_to
 * and their relatives. */
#include "api/bodies.h"
#include "numpy/shape.h"

/* Replaces a -1 in the new shape. */
static bool resolve_shape(ct_array x, dimlist *shape)
{
    int64_t unknown = -1, product = 1;
    for (int64_t i = 0; i < shape->n; i++) {
        if (shape->at[i] == -1) {
            if (unknown >= 0) {
                base_fail(CT_TYPE_ERROR,
                          "can only specify one unknown axis size with a `-1` value, got %s",
                          dims_string(dimlist_ints(shape)));
                return false;
            }
            unknown = i;
        } else if (!base_mul(product, shape->at[i], &product))
            product = -1;
    }
    if (unknown >= 0) {
        if (product <= 0 || x->size % product) {
            if (product || x->size) {
                base_fail(CT_TYPE_ERROR,
                          "cannot reshape array of shape %s (size %lld) into shape %s because the "
                          "product of specified axis sizes (%lld) does not evenly divide %lld",
                          dims_string(shape_of(x)), (long long)x->size,
                          dims_string(dimlist_ints(shape)), (long long)product, (long long)x->size);
                return false;
            }
        }
        shape->at[unknown] = product ? x->size / product : 0;
        return true;
    }
    if (product != x->size) {
        base_fail(CT_TYPE_ERROR,
                  "cannot reshape array of shape %s (size %lld) into shape %s (size %lld)",
                  dims_string(shape_of(x)), (long long)x->size, dims_string(dimlist_ints(shape)),
                  (long long)product);
        return false;
    }
    return true;
}

static void reverse_dims(dimlist *d)
{
    for (int64_t i = 0, j = d->n - 1; i < j; i++, j--) {
        int64_t swap = d->at[i];
        d->at[i] = d->at[j];
        d->at[j] = swap;
    }
}

static ct_array transpose_all(ct_array x)
{
    dimlist p = {.n = x->aval.ndim};
    if (p.n > NUMPY_MAX_NDIM)
        return ct_fail(CT_VALUE_ERROR, "transpose of %lld axes", (long long)p.n);
    for (int64_t d = 0; d < p.n; d++)
        p.at[d] = p.n - 1 - d;
    return shape_permute(x, &p);
}

static ct_array reshape_in_order(const char *name, ct_array x, ct_ints to, const char *order)
{
    dimlist shape;
    if (is_poison(x) || !dimlist_copy(&shape, "reshape_in_order", to) || !resolve_shape(x, &shape))
        return array_poison;
    if (!strcmp(order, "C"))
        return shape_reshape(x, dimlist_ints(&shape));
    if (strcmp(order, "F"))
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "%s: order='%s'; 'C' and 'F' are supported", name,
                       order);
    reverse_dims(&shape);
    return transpose_all(shape_reshape(transpose_all(x), dimlist_ints(&shape)));
}

ct_array numpy_reshape(const ct_reshape_args *a)
{
    return reshape_in_order("reshape", a->a, a->shape, a->order);
}

ct_array numpy_ravel(const ct_ravel_args *a)
{
    return reshape_in_order("ravel", a->a, I(-1),
                            !strcmp(a->order, "K") || !strcmp(a->order, "A") ? "C" : a->order);
}

ct_array numpy_transpose(const ct_transpose_args *a)
{
    dimlist axes;
    if (!a->axes.at)
        return transpose_all(a->a);
    bool good = a->axes.n == a->a->aval.ndim && dimlist_copy(&axes, "transpose", a->axes);
    for (int64_t i = 0; good && i < axes.n; i++) {
        if (!numpy_axis("transpose", axes.at[i], axes.n, &axes.at[i]))
            return array_poison;
        for (int64_t j = 0; j < i; j++)
            good &= axes.at[j] != axes.at[i];
    }
    if (!good)
        return ct_fail(CT_TYPE_ERROR,
                       "transpose permutation isn't a permutation of operand dimensions, got "
                       "permutation %s for operand shape %s.",
                       dims_string(a->axes), dims_string(shape_of(a->a)));
    return shape_permute(a->a, &axes);
}

static ct_array swap_axes(ct_array x, int64_t axis1, int64_t axis2)
{
    int64_t ndim = x->aval.ndim;
    dimlist p = {.n = ndim};
    axis1 += axis1 < 0 ? ndim : 0;
    axis2 += axis2 < 0 ? ndim : 0;
    if (ndim > NUMPY_MAX_NDIM || axis1 < 0 || axis1 >= ndim || axis2 < 0 || axis2 >= ndim)
        return ct_fail(CT_INDEX_ERROR, "swapaxes: axes %lld and %lld of an array with %lld axes",
                       (long long)axis1, (long long)axis2, (long long)ndim);
    for (int64_t d = 0; d < ndim; d++)
        p.at[d] = d == axis1 ? axis2 : d == axis2 ? axis1 : d;
    return shape_permute(x, &p);
}

ct_array numpy_swapaxes(const ct_swapaxes_args *a) { return swap_axes(a->a, a->axis1, a->axis2); }

ct_array numpy_matrix_transpose(ct_array x)
{
    if (x->aval.ndim < 2)
        return ct_fail(CT_VALUE_ERROR,
                       "x must be at least two-dimensional for matrix_transpose; got ndim=%d",
                       x->aval.ndim);
    return swap_axes(x, -1, -2);
}

ct_array numpy_moveaxis(const ct_moveaxis_args *a)
{
    int64_t ndim = a->a->aval.ndim, rest = 0;
    dimlist from, to, p = {.n = ndim};
    if (!numpy_axes_ordered("moveaxis", a->source, ndim, &from) ||
        !numpy_axes_ordered("moveaxis", a->destination, ndim, &to))
        return array_poison;
    if (from.n != to.n)
        return ct_fail(CT_VALUE_ERROR, "Inconsistent number of elements: %lld vs %lld",
                       (long long)from.n, (long long)to.n);
    for (int64_t d = 0; d < ndim; d++) {
        if (has_axis(&to, d))
            continue;
        while (has_axis(&from, rest))
            rest++;
        p.at[d] = rest++;
    }
    for (int64_t i = 0; i < from.n; i++)
        p.at[to.at[i]] = from.at[i];
    return shape_permute(a->a, &p);
}

ct_array numpy_rollaxis(const ct_rollaxis_args *a)
{
    int64_t ndim = a->a->aval.ndim, axis = a->axis, start = a->start, n = 0;
    dimlist p = {.n = ndim};
    if (!numpy_axis("rollaxis", axis, ndim, &axis))
        return array_poison;
    if (start < -ndim || start > ndim)
        return ct_fail(CT_VALUE_ERROR, "start=%lld must satisfy %lld<=start<=%lld",
                       (long long)start, (long long)-ndim, (long long)ndim);
    start += start < 0 ? ndim : 0;
    start -= start > axis;
    for (int64_t d = 0; n < ndim; d++) {
        if (n == start)
            p.at[n++] = axis;
        if (d != axis && d < ndim)
            p.at[n++] = d;
    }
    return shape_permute(a->a, &p);
}

ct_array numpy_squeeze(const ct_squeeze_args *a)
{
    ct_array x = a->a;
    dimlist axes = {0};
    if (!a->axis.at) {
        for (int64_t d = 0; d < x->aval.ndim; d++)
            if (x->aval.shape[d] == 1)
                axes.at[axes.n++] = d;
    } else if (!numpy_axes_ordered("squeeze", a->axis, x->aval.ndim, &axes))
        return array_poison;
    for (int64_t i = 0; i < axes.n; i++)
        if (x->aval.shape[axes.at[i]] != 1)
            return ct_fail(CT_VALUE_ERROR,
                           "cannot select an axis to squeeze out which has size not equal to one, "
                           "got shape=%s and dimensions=%s",
                           dims_string(shape_of(x)), dims_string(dimlist_ints(&axes)));
    dimlist sorted = {0};
    for (int64_t d = 0; d < x->aval.ndim; d++)
        if (has_axis(&axes, d))
            sorted.at[sorted.n++] = d;
    return sorted.n ? op_squeeze(x, dimlist_ints(&sorted)) : x;
}

ct_array numpy_expand_dims(const ct_expand_dims_args *a)
{
    dimlist axes, sorted = {0};
    int64_t ndim = a->a->aval.ndim + a->axis.n;
    if (!numpy_axes_ordered("expand_dims", a->axis, ndim, &axes))
        return array_poison;
    for (int64_t d = 0; d < ndim; d++)
        if (has_axis(&axes, d))
            sorted.at[sorted.n++] = d;
    return sorted.n ? op_expand_dims(a->a, dimlist_ints(&sorted)) : a->a;
}

ct_array numpy_broadcast_to(const ct_broadcast_to_args *a)
{
    return numpy_broadcast_one("broadcast_to", a->array, a->shape);
}

ct_tree numpy_broadcast_arrays(const ct_broadcast_arrays_args *a)
{
    dimlist shape;
    ct_array out[NUMPY_MAX_NDIM];
    if (a->args.n > NUMPY_MAX_NDIM)
        return ct_fail(CT_VALUE_ERROR, "broadcast_arrays of %lld arrays; at most %d are supported",
                       (long long)a->args.n, NUMPY_MAX_NDIM);
    if (!numpy_broadcast_shape("broadcast_arrays", a->args.n, a->args.at, &shape))
        return array_poison;
    for (int64_t i = 0; i < a->args.n; i++)
        out[i] = numpy_broadcast_one("broadcast_arrays", a->args.at[i], dimlist_ints(&shape));
    for (int64_t i = 0; i < a->args.n; i++)
        if (is_poison(out[i]))
            return array_poison;
    return ct_list_(a->args.n, out);
}

ct_array shape_at_least(ct_array x, int ndim)
{
    int have = is_poison(x) ? ndim : x->aval.ndim;
    if (have >= ndim)
        return x;
    if (!have)
        return op_expand_dims(x, (ct_ints){ndim, (const int64_t[]){0, 1, 2}});
    return ndim == 2   ? op_expand_dims(x, I(0))
           : have == 1 ? op_expand_dims(x, I(0, 2))
                       : op_expand_dims(x, I(2));
}

/* One array, or a list of several. */
static ct_tree each_at_least(const ct_arrays *xs, int ndim)
{
    ct_array out[NUMPY_MAX_NDIM];
    if (xs->n == 1)
        return shape_at_least(xs->at[0], ndim);
    if (xs->n > NUMPY_MAX_NDIM)
        return ct_fail(CT_VALUE_ERROR, "%lld arrays; at most %d are supported", (long long)xs->n,
                       NUMPY_MAX_NDIM);
    for (int64_t i = 0; i < xs->n; i++)
        if (is_poison(out[i] = shape_at_least(xs->at[i], ndim)))
            return array_poison;
    return ct_list_(xs->n, out);
}

ct_tree numpy_atleast_1d(const ct_atleast_1d_args *a) { return each_at_least(&a->arys, 1); }

ct_tree numpy_atleast_2d(const ct_atleast_2d_args *a) { return each_at_least(&a->arys, 2); }

ct_tree numpy_atleast_3d(const ct_atleast_3d_args *a) { return each_at_least(&a->arys, 3); }

ct_array numpy_resize(const ct_resize_args *a)
{
    ct_array x = shape_flatten(a->a);
    if (is_poison(x))
        return x;
    for (int64_t d = 0; d < a->new_shape.n; d++)
        if (a->new_shape.at[d] < 0)
            return ct_fail(CT_VALUE_ERROR, "all elements of `new_shape` must be non-negative");
    int64_t n = shape_size(a->new_shape.n, a->new_shape.at);
    if (!n || !x->size)
        return ct_zeros(a->new_shape, .dtype = dtype_of(x));
    int64_t times = (n + x->size - 1) / x->size;
    x = times > 1 ? ct_tile(x, I(times)) : x;
    return is_poison(x) ? x : shape_reshape(shape_slice(x, 0, 0, n, 1), a->new_shape);
}

/* The first and last position along an axis whose slice holds anything but zeros. */
static void nonzero_extent(ct_array nonzero, int64_t axis, int64_t *first, int64_t *end)
{
    int64_t n = nonzero->aval.shape[axis], inner = 1;
    for (int64_t d = axis + 1; d < nonzero->aval.ndim; d++)
        inner *= nonzero->aval.shape[d];
    *first = n;
    *end = 0;
    for (int64_t i = 0; i < nonzero->size; i++) {
        int64_t at = i / inner % n;
        if ((at < *first || at >= *end) && array_get_int(nonzero, i)) {
            *first = at < *first ? at : *first;
            *end = at >= *end ? at + 1 : *end;
        }
    }
}

ct_array numpy_trim_zeros(const ct_trim_zeros_args *a)
{
    ct_array x = a->filt, known;
    dimlist axes;
    bool front = strpbrk(a->trim, "fF"), back = strpbrk(a->trim, "bB");
    if (!numpy_known("trim_zeros", "filt", x, &known) ||
        !numpy_axes("trim_zeros", a->axis, x->aval.ndim, &axes) ||
        is_poison(known = ct_not_equal(known, 0)))
        return array_poison;
    for (int64_t i = 0; i < axes.n && !is_poison(x) && (front || back); i++) {
        int64_t first, end, d = axes.at[i];
        nonzero_extent(known, d, &first, &end);
        bool any = first < end;
        x = shape_slice(x, d, front && any ? first : 0,
                        !any   ? 0
                        : back ? end
                               : known->aval.shape[d],
                        1);
    }
    return x;
}
