/* Slices: at positions that are known, and at positions that are computed. Next: reductions.c. */
#define OPS_SHORT_NAMES
#include "lax/lax.h"

ct_array lax_slice(const ct_lax_slice_args *a)
{
    return op_slice(a->operand, a->start_indices, a->limit_indices, a->strides);
}

ct_array lax_slice_axis(ct_array x, int64_t axis, int64_t start, int64_t limit, int64_t stride)
{
    axis_list from = {.n = x->aval.ndim}, to, by = from;
    if (!lax_copy("slice", shape_of(x), &to))
        return array_poison;
    for (int64_t d = 0; d < x->aval.ndim; d++) {
        from.at[d] = d == axis ? start : 0;
        by.at[d] = d == axis ? stride : 1;
    }
    to.at[axis] = limit;
    return op_slice(x, axis_ints(&from), axis_ints(&to), stride ? axis_ints(&by) : (ct_ints){0});
}

static int64_t from_end(int64_t index, int64_t size) { return index < 0 ? index + size : index; }

ct_array lax_slice_in_dim(const ct_lax_slice_in_dim_args *a)
{
    int64_t axis;
    if (!lax_axis("slice_in_dim", a->axis, a->operand->aval.ndim, &axis))
        return array_poison;
    int64_t size = a->operand->aval.shape[axis];
    int64_t start = a->start_index.given ? from_end(a->start_index.value, size) : 0;
    int64_t limit = a->limit_index.given ? from_end(a->limit_index.value, size) : size;
    return lax_slice_axis(a->operand, axis, start, limit, a->stride.value);
}

ct_array lax_index_in_dim(const ct_lax_index_in_dim_args *a)
{
    int64_t axis, size, index;
    if (!lax_axis("index_in_dim", a->axis, a->operand->aval.ndim, &axis))
        return array_poison;
    size = a->operand->aval.shape[axis];
    index = from_end(a->index, size);
    if (index < 0 || index >= size)
        return ct_fail(CT_INDEX_ERROR,
                       "index_in_dim: index %lld is out of bounds for axis %lld with size %lld",
                       (long long)a->index, (long long)axis, (long long)size);
    ct_array x = lax_slice_axis(a->operand, axis, index, index + 1, 1);
    return a->keepdims == CT_TRUE ? x : op_squeeze(x, I(axis));
}

/* ---- computed positions ---- */

/* Negative indices count from the end. Known ones are settled here; others by operations. */
static ct_array settle(ct_array index, int64_t size, bool negative)
{
    ct_dtype d = dtype_of(index);
    if (!negative || !dtype_is(d, FAMILY_INT))
        return index;
    if (is_array(index) && !index->aval.ndim)
        return array_get_int(index, 0) < 0
                   ? array_scalar_int(d, index->aval.weak, array_get_int(index, 0) + size)
                   : index;
    ct_array below = op_lt(index, op_number(0, index));
    ct_array strong = op_convert(index, d, false);
    ct_array moved = op_add(strong, op_number((double)size, strong));
    return op_select_n(below, 2, (ct_array[]){index, moved});
}

static bool settle_all(const char *what, ct_array x, ct_arrays given, bool negative, ct_array *out)
{
    if (given.n != x->aval.ndim) {
        base_fail(CT_TYPE_ERROR, "%s needs an index for each of the operand's %d axes, got %lld.",
                  what, (int)x->aval.ndim, (long long)given.n);
        return false;
    }
    /* Numbers of the language take the dtype of the other indices. */
    ct_dtype dtype = CT_NO_DTYPE;
    for (int64_t i = 0; i < given.n; i++)
        if (!given.at[i]->aval.weak || dtype == CT_NO_DTYPE)
            dtype = dtype_of(given.at[i]);
    for (int64_t i = 0; i < given.n; i++) {
        out[i] = settle(given.at[i], x->aval.shape[i], negative);
        if (is_array(out[i]) && out[i]->aval.weak && !out[i]->aval.ndim &&
            dtype_is(dtype, FAMILY_INT | FAMILY_UINT))
            out[i] = array_scalar_int(dtype, false, array_get_int(out[i], 0));
    }
    return true;
}

ct_array lax_dynamic_slice(const ct_lax_dynamic_slice_args *a)
{
    ct_array at[LAX_MAX_NDIM];
    if (!settle_all("dynamic_slice", a->operand, a->start_indices,
                    a->allow_negative_indices == CT_TRUE, at))
        return array_poison;
    return op_dynamic_slice(a->operand, a->start_indices.n, at, a->slice_sizes);
}

ct_array lax_dynamic_update_slice(const ct_lax_dynamic_update_slice_args *a)
{
    ct_array at[LAX_MAX_NDIM];
    if (!settle_all("dynamic_update_slice", a->operand, a->start_indices,
                    a->allow_negative_indices == CT_TRUE, at))
        return array_poison;
    return op_dynamic_update_slice(a->operand, a->update, a->start_indices.n, at);
}

/* Zero along every axis but one. */
static bool one_index(const char *what, ct_array x, ct_array index, int64_t asked, bool negative,
                      int64_t *axis, ct_array *at)
{
    if (!lax_axis(what, asked, x->aval.ndim, axis))
        return false;
    if (index->aval.ndim) {
        base_fail(CT_TYPE_ERROR, "%s: the index must be a scalar, but has %d axes.", what,
                  (int)index->aval.ndim);
        return false;
    }
    bool weak = index->aval.weak && is_array(index);
    ct_dtype d = dtype_of(index);
    for (int64_t i = 0; i < x->aval.ndim; i++)
        at[i] = array_scalar_int(d, false, 0);
    at[*axis] = settle(index, x->aval.shape[*axis], negative);
    if (weak)
        at[*axis] = array_scalar_int(d, false, array_get_int(at[*axis], 0));
    return true;
}

static ct_array take_slice(const char *what, ct_array x, ct_array index, int64_t size,
                           int64_t asked, bool negative)
{
    int64_t axis;
    ct_array at[LAX_MAX_NDIM];
    axis_list sizes;
    if (!lax_copy(what, shape_of(x), &sizes) ||
        !one_index(what, x, index, asked, negative, &axis, at))
        return array_poison;
    sizes.at[axis] = size;
    return op_dynamic_slice(x, x->aval.ndim, at, axis_ints(&sizes));
}

ct_array lax_dynamic_slice_in_dim(const ct_lax_dynamic_slice_in_dim_args *a)
{
    return take_slice("dynamic_slice_in_dim", a->operand, a->start_index, a->slice_size, a->axis,
                      a->allow_negative_indices == CT_TRUE);
}

ct_array lax_dynamic_index_in_dim(const ct_lax_dynamic_index_in_dim_args *a)
{
    int64_t axis = a->axis < 0 ? a->axis + a->operand->aval.ndim : a->axis;
    ct_array x = take_slice("dynamic_index_in_dim", a->operand, a->index, 1, a->axis,
                            a->allow_negative_indices == CT_TRUE);
    return a->keepdims == CT_TRUE ? x : op_squeeze(x, I(axis));
}

ct_array lax_dynamic_update_slice_in_dim(const ct_lax_dynamic_update_slice_in_dim_args *a)
{
    int64_t axis;
    ct_array at[LAX_MAX_NDIM];
    if (!one_index("dynamic_update_slice_in_dim", a->operand, a->start_index, a->axis,
                   a->allow_negative_indices == CT_TRUE, &axis, at))
        return array_poison;
    return op_dynamic_update_slice(a->operand, a->update, a->operand->aval.ndim, at);
}

ct_array lax_dynamic_update_index_in_dim(const ct_lax_dynamic_update_index_in_dim_args *a)
{
    int64_t axis;
    ct_array at[LAX_MAX_NDIM], update = a->update;
    if (!lax_axis("dynamic_update_index_in_dim", a->axis, a->operand->aval.ndim, &axis))
        return array_poison;
    if (update->aval.ndim != a->operand->aval.ndim)
        update = op_expand_dims(update, I(axis));
    if (is_poison(update) || !one_index("dynamic_update_index_in_dim", a->operand, a->index, axis,
                                        a->allow_negative_indices == CT_TRUE, &axis, at))
        return array_poison;
    return op_dynamic_update_slice(a->operand, update, a->operand->aval.ndim, at);
}
