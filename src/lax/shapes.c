/* Operations on shapes: broadcasting, reshaping, joining, taking apart. Next: slicing.c. */
#include "lax/lax.h"

ct_array lax_broadcast_in_dim(const ct_lax_broadcast_in_dim_args *a)
{
    if (ints_equal(a->shape, shape_of(a->operand)))
        return a->operand;
    /* Axes of size one that grow: the operation itself wants equal sizes. */
    return op_broadcast_in_dim(a->operand, a->shape, a->broadcast_dimensions);
}

ct_array lax_broadcast(const ct_lax_broadcast_args *a)
{
    axis_list shape, where = {.n = 0};
    int64_t n = a->sizes.n, ndim = a->operand->aval.ndim;
    if (!n)
        return a->operand;
    if (!lax_copy("broadcast", a->sizes, &shape))
        return array_poison;
    for (int64_t d = 0; d < ndim && shape.n < LAX_MAX_NDIM; d++) {
        shape.at[shape.n++] = a->operand->aval.shape[d];
        where.at[where.n++] = n + d;
    }
    return op_broadcast_in_dim(a->operand, axis_ints(&shape), axis_ints(&where));
}

ct_array lax_broadcast_to_rank(const ct_lax_broadcast_to_rank_args *a)
{
    axis_list front = {.n = 0};
    if (a->rank < a->x->aval.ndim)
        return ct_fail(CT_VALUE_ERROR,
                       "broadcast_to_rank: an array with %d axes cannot be given %lld.",
                       (int)a->x->aval.ndim, (long long)a->rank);
    for (int64_t d = 0; d < a->rank - a->x->aval.ndim && d < LAX_MAX_NDIM; d++)
        front.at[front.n++] = d;
    return front.n ? op_expand_dims(a->x, axis_ints(&front)) : a->x;
}

ct_array lax_reshape(const ct_lax_reshape_args *a)
{
    ct_array x = a->operand;
    for (int64_t i = 0; i < a->dimensions.n; i++)
        if (a->dimensions.at[i] != i) {
            x = op_transpose(x, a->dimensions);
            break;
        }
    return op_reshape(x, a->new_sizes);
}

ct_array lax_transpose(const ct_lax_transpose_args *a)
{
    return op_transpose(a->operand, a->permutation);
}

ct_array lax_squeeze(const ct_lax_squeeze_args *a)
{
    axis_list axes;
    if (!lax_axes("squeeze", a->dimensions, a->array->aval.ndim, &axes))
        return array_poison;
    return axes.n ? op_squeeze(a->array, axis_ints(&axes)) : a->array;
}

ct_array lax_expand_dims(const ct_lax_expand_dims_args *a)
{
    axis_list axes;
    if (!lax_axes("expand_dims", a->dimensions, a->array->aval.ndim + a->dimensions.n, &axes))
        return array_poison;
    return axes.n ? op_expand_dims(a->array, axis_ints(&axes)) : a->array;
}

ct_array lax_collapse(const ct_lax_collapse_args *a)
{
    int64_t ndim = a->operand->aval.ndim, first = a->start_dimension,
            last = a->stop_dimension.given ? a->stop_dimension.value : ndim;
    first = first < 0 ? first + ndim : first;
    last = last < 0 ? last + ndim : last;
    if (first < 0 || last > ndim || first > last)
        return ct_fail(CT_VALUE_ERROR, "collapse: axes %lld to %lld are not in an array with %lld.",
                       (long long)first, (long long)last, (long long)ndim);
    if (last - first < 2)
        return a->operand;
    axis_list shape = {.n = 0};
    for (int64_t d = 0; d < ndim; d++) {
        int64_t size = a->operand->aval.shape[d];
        if (d > first && d < last)
            shape.at[shape.n - 1] *= size;
        else
            shape.at[shape.n++] = size;
    }
    return op_reshape(a->operand, axis_ints(&shape));
}

ct_array lax_rev(const ct_lax_rev_args *a)
{
    axis_list axes;
    return lax_axes("rev", a->dimensions, a->operand->aval.ndim, &axes)
               ? op_rev(a->operand, axis_ints(&axes))
               : array_poison;
}

ct_array lax_concatenate(const ct_lax_concatenate_args *a)
{
    if (!a->operands.n)
        return ct_fail(CT_VALUE_ERROR, "concatenate requires a non-empty sequences of arrays");
    int64_t axis;
    if (!lax_axis("concatenate", a->dimension, a->operands.at[0]->aval.ndim, &axis))
        return array_poison;
    return a->operands.n == 1 ? a->operands.at[0]
                              : op_concatenate(a->operands.n, a->operands.at, axis);
}

ct_array lax_stack(const ct_lax_stack_args *a)
{
    int64_t axis;
    if (!a->operands.n)
        return ct_fail(CT_VALUE_ERROR, "stack requires a non-empty sequence of arrays");
    return lax_axis("stack", a->axis, a->operands.at[0]->aval.ndim + 1, &axis)
               ? op_stack(a->operands.n, a->operands.at, axis)
               : array_poison;
}

static ct_tree gather_results(int64_t n, ct_array *out, bool list)
{
    ct_tree result = array_poison;
    bool good = true;
    for (int64_t i = 0; i < n; i++)
        good = good && !is_poison(out[i]);
    if (good)
        result = list ? ct_list_(n, out) : ct_tuple_(n, out);
    base_free(out);
    return result;
}

ct_tree lax_unstack(const ct_lax_unstack_args *a)
{
    int64_t axis;
    if (!lax_axis("unstack", a->axis, a->x->aval.ndim, &axis))
        return array_poison;
    int64_t n = a->x->aval.shape[axis];
    ct_array *out = base_alloc((size_t)(n + 1) * sizeof *out);
    if (!out)
        return array_poison;
    op_unstack(a->x, axis, out);
    return gather_results(n, out, false);
}

ct_tree lax_split(const ct_lax_split_args *a)
{
    int64_t axis;
    if (!lax_axis("split", a->axis, a->operand->aval.ndim, &axis))
        return array_poison;
    ct_array *out = base_alloc((size_t)(a->sizes.n + 1) * sizeof *out);
    if (!out)
        return array_poison;
    op_split(a->operand, a->sizes, axis, out);
    return gather_results(a->sizes.n, out, true);
}

ct_array lax_tile(const ct_lax_tile_args *a) { return op_tile(a->operand, a->reps); }

ct_array lax_pad(const ct_lax_pad_args *a)
{
    nested r = nested_begin("pad: padding_config", a->padding_config);
    int64_t flat[3 * LAX_MAX_NDIM], n, three;
    if (!nested_length(&r, &n))
        return array_poison;
    for (int64_t i = 0; i < n; i++) {
        if (!nested_length(&r, &three))
            return array_poison;
        if (three != 3)
            return ct_fail(
                CT_VALUE_ERROR,
                "pad: padding_config takes a triple (low, high, interior) for each axis.");
        for (int k = 0; k < 3; k++)
            if (!nested_int(&r, &flat[3 * i + k]))
                return array_poison;
    }
    return op_pad(a->operand, a->padding_value, n ? (ct_ints){3 * n, flat} : I_NONE);
}

/* ---- from nothing ---- */

ct_array lax_iota(const ct_lax_iota_args *a)
{
    return op_iota(dtype_canonical(a->dtype), I(a->size), 0);
}
ct_array lax_broadcasted_iota(const ct_lax_broadcasted_iota_args *a)
{
    return op_iota(dtype_canonical(a->dtype), a->shape, a->dimension);
}

static ct_array full(const char *what, ct_ints shape, ct_array value, ct_dtype dtype, bool weak)
{
    if (value->aval.ndim)
        return ct_fail(CT_TYPE_ERROR,
                       "%s must be called with scalar fill_value, got one with %d axes.", what,
                       (int)value->aval.ndim);
    bool known = is_array(value);
    trace_context context = known ? trace_enter(NULL) : (trace_context){core_current};
    value = op_convert(value, dtype, weak);
    trace_leave(context);
    return shape.n && !is_poison(value) ? op_broadcast_in_dim(value, shape, I_NONE) : value;
}

ct_array lax_full(const ct_lax_full_args *a)
{
    ct_dtype dtype = a->dtype == CT_NO_DTYPE ? dtype_of(a->fill_value) : dtype_canonical(a->dtype);
    return full("lax.full", a->shape, a->fill_value, dtype,
                a->dtype == CT_NO_DTYPE && a->fill_value->aval.weak);
}

ct_array lax_full_like(const ct_lax_full_like_args *a)
{
    ct_dtype dtype = a->dtype == CT_NO_DTYPE ? dtype_of(a->x) : dtype_canonical(a->dtype);
    ct_ints shape = a->shape.n || a->shape.at ? a->shape : shape_of(a->x);
    return full("lax.full_like", shape, a->fill_value, dtype,
                a->dtype == CT_NO_DTYPE && a->x->aval.weak);
}

ct_array lax_broadcast_like(ct_array arr, ct_array like_arr)
{
    const aval *x = &arr->aval, *like = &like_arr->aval;
    int64_t lead = like->ndim - x->ndim;
    axis_list axes = {.n = x->ndim};
    bool fits = lead >= 0;
    for (int64_t d = 0; d < x->ndim && fits; d++) {
        axes.at[d] = lead + d;
        fits = x->shape[d] == 1 || x->shape[d] == like->shape[lead + d];
    }
    if (!fits)
        return ct_fail(CT_VALUE_ERROR,
                       "broadcast_like: an array with %d axes does not broadcast to the shape of "
                       "the other, which has %d; their last sizes must be equal or one",
                       (int)x->ndim, (int)like->ndim);
    if (!lead && ints_equal(aval_shape(x), aval_shape(like)))
        return arr;
    return op_broadcast_in_dim(arr, aval_shape(like), axis_ints(&axes));
}

ct_array lax_stage(ct_array x) { return x; }

ct_array lax_shape_as_value(const ct_lax_shape_as_value_args *a)
{
    ct_array out = array_new(CT_INT32, false, 1, &a->shape.n);
    for (int64_t i = 0; i < a->shape.n && !is_poison(out); i++)
        ((int32_t *)out->data)[i] = (int32_t)a->shape.at[i];
    return out;
}
