/* jax.ops: reductions of the slices that share a segment number. */
#include "numpy/shape.h"

/* What an empty segment holds. */
static double neutral(ct_dtype dtype, index_update update)
{
    int bits = dtype_table[dtype].bits;
    bool low = update == INDEX_MAX;
    if (update == INDEX_ADD || update == INDEX_MULTIPLY)
        return update == INDEX_MULTIPLY;
    if (dtype == CT_BOOL)
        return !low;
    if (dtype_is(dtype, FAMILY_UINT))
        return low ? 0 : (double)(UINT64_MAX >> (64 - bits));
    if (dtype_is(dtype, FAMILY_INT))
        return low ? -(double)(INT64_MAX >> (64 - bits)) - 1 : (double)(INT64_MAX >> (64 - bits));
    return low ? -__builtin_inf() : __builtin_inf();
}

/* The largest integers of 64 bits are no doubles, so they are made as integers. */
static ct_array neutral_slices(ct_array data, int64_t segments, index_update update)
{
    dimlist shape;
    ct_dtype dtype = dtype_of(data);
    if (!dimlist_copy(&shape, "segment", shape_of(data)))
        return array_poison;
    shape.n = shape.n ? shape.n : 1; /* a number goes to every segment it is sent to */
    shape.at[0] = segments;
    double value = neutral(dtype, update);
    if (dtype == CT_INT64 && update == INDEX_MIN)
        return op_broadcast_in_dim(array_scalar_int(dtype, false, INT64_MAX), dimlist_ints(&shape),
                                   I_NONE);
    return op_full(&(aval){(uint8_t)dtype, false, (int32_t)shape.n, shape.at}, value);
}

static ct_array segments_of(const char *what, const ct_ops_segment_sum_args *a, index_update update)
{
    ct_array data = a->data, ids = a->segment_ids;
    int64_t segments = a->num_segments.value;
    index_options o = {.indices_are_sorted = a->indices_are_sorted,
                       .unique_indices = a->unique_indices,
                       .keep_negative = true};
    if (!index_mode_named(a->mode, &o.mode))
        return array_poison;
    if (a->bucket_size.given)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "%s: bucket_size is not available yet.", what);
    if (!dtype_is(dtype_of(ids), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_TYPE_ERROR, "%s: segment_ids must be integers; got dtype %s", what,
                       ct_dtype_name(dtype_of(ids)));
    if (!a->num_segments.given) {
        ct_array known;
        if (!numpy_known(what, "segment_ids (or num_segments)", ids, &known))
            return array_poison;
        segments = 0;
        for (int64_t i = 0; i < known->size; i++)
            if (array_get_int(known, i) >= segments)
                segments = array_get_int(known, i) + 1;
    }
    if (segments < 0)
        return ct_fail(CT_VALUE_ERROR, "num_segments must be non-negative.");
    index_item at = {.kind = INDEX_ARRAY, .array = ids};
    return numpy_index_update(neutral_slices(data, segments, update), 1, &at, update, data, &o);
}

#define SAME_ARGUMENTS(a) (const ct_ops_segment_sum_args *)(const void *)(a)
_Static_assert(sizeof(ct_ops_segment_sum_args) == sizeof(ct_ops_segment_max_args),
               "the four take the same arguments");

ct_array ops_segment_sum(const ct_ops_segment_sum_args *a)
{
    return segments_of("segment_sum", a, INDEX_ADD);
}

ct_array ops_segment_prod(const ct_ops_segment_prod_args *a)
{
    return segments_of("segment_prod", SAME_ARGUMENTS(a), INDEX_MULTIPLY);
}

ct_array ops_segment_max(const ct_ops_segment_max_args *a)
{
    return segments_of("segment_max", SAME_ARGUMENTS(a), INDEX_MAX);
}

ct_array ops_segment_min(const ct_ops_segment_min_args *a)
{
    return segments_of("segment_min", SAME_ARGUMENTS(a), INDEX_MIN);
}
