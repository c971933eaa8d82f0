/* Sorting: sort, argsort, lexsort, partition, argpartition, and unique with its relatives. */
#define OPS_SHORT_NAMES
#include "numpy/shape.h"

/* The array flattened for axis=None, and the axis counted from the front. */
static bool sort_axis(const char *what, ct_array *x, ct_opt_int given, int64_t *axis)
{
    if (!given.given)
        *x = shape_flatten(*x);
    return !is_poison(*x) && numpy_axis(what, given.given ? given.value : 0, (*x)->aval.ndim, axis);
}

static bool plain_order(const char *what, const char *kind, const char *order)
{
    if (!kind && !order)
        return true;
    base_fail(CT_TYPE_ERROR, "'%s' argument to %s is not supported.%s", kind ? "kind" : "order",
              what, kind ? " Use stable=True or stable=False to specify sort stability." : "");
    return false;
}

ct_array numpy_sort(const ct_sort_args *a)
{
    ct_array x = a->a, y;
    int64_t axis;
    if (!plain_order("sort", a->kind, a->order) || !sort_axis("sort", &x, a->axis, &axis))
        return array_poison;
    op_sort(1, &x, axis, a->stable != CT_FALSE, 1, &y);
    return a->descending && !is_poison(y) ? op_rev(y, I(axis)) : y;
}

/* Indices that sort x; where x descends, equal elements keep their order all the same. */
static ct_array sorting_indices(ct_array x, int64_t axis, bool stable, bool descending,
                                ct_dtype dtype)
{
    ct_array in[] = {x, op_iota(dtype, shape_of(x), axis)}, out[2];
    if (descending && stable)
        for (int i = 0; i < 2; i++)
            in[i] = op_rev(in[i], I(axis));
    if (is_poison(in[0]) || is_poison(in[1]))
        return array_poison;
    op_sort(2, in, axis, stable, 1, out);
    return descending && !is_poison(out[1]) ? op_rev(out[1], I(axis)) : out[1];
}

ct_array numpy_argsort(const ct_argsort_args *a)
{
    ct_array x = a->a;
    int64_t axis;
    if (!plain_order("argsort", a->kind, a->order) || !sort_axis("argsort", &x, a->axis, &axis))
        return array_poison;
    return sorting_indices(x, axis, a->stable != CT_FALSE, a->descending,
                           numpy_dtype(a->dtype, dtype_default(FAMILY_INT)));
}

ct_array numpy_lexsort(const ct_lexsort_args *a)
{
    int64_t n = a->keys.n, axis = a->axis.value;
    if (!n)
        return ct_fail(CT_TYPE_ERROR, "need sequence of keys with len > 0 in lexsort");
    const ct_array *keys = a->keys.at;
    for (int64_t i = 1; i < n; i++)
        if (!ints_equal(shape_of(keys[i]), shape_of(keys[0])))
            return ct_fail(CT_VALUE_ERROR, "all keys need to be the same shape");
    ct_dtype dtype = dtype_default(FAMILY_INT);
    if (!keys[0]->aval.ndim)
        return array_scalar_int(dtype, false, 0);
    if (!numpy_axis("lexsort", axis, keys[0]->aval.ndim, &axis))
        return array_poison;
    ct_array *room = base_alloc((size_t)(2 * n + 2) * sizeof *room), y = array_poison;
    if (!room)
        return y;
    for (int64_t i = 0; i < n; i++)
        room[i] = keys[n - 1 - i];
    room[n] = op_iota(dtype, shape_of(keys[0]), axis);
    if (!is_poison(room[n])) {
        op_sort(n + 1, room, axis, true, n, room + n + 1);
        y = room[2 * n + 1];
    }
    base_free(room);
    return y;
}

static bool partition_axis(const char *what, ct_array x, int64_t *kth, int64_t given, int64_t *axis)
{
    if (dtype_is(dtype_of(x), FAMILY_COMPLEX)) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "jnp.%s for complex dtype is not implemented.", what);
        return false;
    }
    return numpy_axis(what, given, x->aval.ndim, axis) &&
           numpy_axis(what, *kth, x->aval.shape[*axis], kth);
}

/* A sorted array up to position k, and behind it what `rest` makes of the others. */
static ct_array in_two_parts(ct_array sorted, int64_t axis, int64_t k,
                             ct_array (*rest)(ct_array x, int64_t axis))
{
    if (is_poison(sorted))
        return sorted;
    int64_t n = sorted->aval.shape[axis];
    ct_array low = shape_slice(sorted, axis, 0, k + 1, 1),
             high = shape_slice(sorted, axis, k + 1, n, 1);
    high = is_poison(high) ? high : rest(high, axis);
    return is_poison(high) ? high : op_concatenate(2, (ct_array[]){low, high}, axis);
}

static ct_array descending(ct_array x, int64_t axis) { return op_rev(x, I(axis)); }
static ct_array ascending(ct_array x, int64_t axis)
{
    ct_array y;
    op_sort(1, &x, axis, true, 1, &y);
    return y;
}

/* Everything is sorted; what stands behind the k-th element is in JAX's order: the largest values
 * first, indices as they were. */
ct_array numpy_partition(const ct_partition_args *a)
{
    int64_t axis, k = a->kth;
    return partition_axis("partition", a->a, &k, a->axis.value, &axis)
               ? in_two_parts(ascending(a->a, axis), axis, k, descending)
               : array_poison;
}

ct_array numpy_argpartition(const ct_argpartition_args *a)
{
    int64_t axis, k = a->kth;
    if (!partition_axis("argpartition", a->a, &k, a->axis.value, &axis))
        return array_poison;
    ct_array order = sorting_indices(a->a, axis, true, false, dtype_default(FAMILY_INT));
    return in_two_parts(order, axis, k, ascending);
}

ct_array numpy_sort_complex(ct_array x)
{
    ct_array y;
    if (!x->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "sort_complex requires at least one axis");
    op_sort(1, &x, x->aval.ndim - 1, true, 1, &y);
    ct_dtype d = dtype_of(x);
    return is_poison(y) ? y
                        : op_convert(y,
                                     dtype_is(d, FAMILY_COMPLEX) ? d
                                     : d == CT_FLOAT64           ? CT_COMPLEX128
                                                                 : CT_COMPLEX64,
                                     false);
}
