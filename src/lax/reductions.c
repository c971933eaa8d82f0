/* Reductions over axes, running reductions, positions of extremes. Next: products.c. */
#include "lax/lax.h"

static ct_array over_axes(const char *what, ct_array x, ct_ints axes,
                          ct_array (*f)(ct_array, ct_ints))
{
    axis_list sorted;
    for (int64_t i = 0; i < axes.n; i++)
        if (axes.at[i] < 0 || axes.at[i] >= x->aval.ndim)
            return ct_fail(CT_VALUE_ERROR,
                           "%s: reduction axis %lld is out of bounds for an array with %d axes.",
                           what, (long long)axes.at[i], (int)x->aval.ndim);
    return lax_axes(what, axes, x->aval.ndim, &sorted) ? f(x, axis_ints(&sorted)) : array_poison;
}

ct_array lax_reduce_sum(const ct_lax_reduce_sum_args *a)
{
    return over_axes("reduce_sum", a->operand, a->axes, op_reduce_sum);
}
ct_array lax_reduce_prod(const ct_lax_reduce_prod_args *a)
{
    return over_axes("reduce_prod", a->operand, a->axes, op_reduce_prod);
}
ct_array lax_reduce_max(const ct_lax_reduce_max_args *a)
{
    return over_axes("reduce_max", a->operand, a->axes, op_reduce_max);
}
ct_array lax_reduce_min(const ct_lax_reduce_min_args *a)
{
    return over_axes("reduce_min", a->operand, a->axes, op_reduce_min);
}
ct_array lax_reduce_and(const ct_lax_reduce_and_args *a)
{
    return over_axes("reduce_and", a->operand, a->axes, op_reduce_and);
}
ct_array lax_reduce_or(const ct_lax_reduce_or_args *a)
{
    return over_axes("reduce_or", a->operand, a->axes, op_reduce_or);
}
ct_array lax_reduce_xor(const ct_lax_reduce_xor_args *a)
{
    return over_axes("reduce_xor", a->operand, a->axes, op_reduce_xor);
}

static ct_array position(const char *what, ct_array x, int64_t axis, ct_dtype dtype,
                         ct_array (*f)(ct_array, int64_t, ct_dtype))
{
    if (axis < 0 || axis >= x->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "%s: invalid axis %lld for an array with %d axes.", what,
                       (long long)axis, (int)x->aval.ndim);
    return f(x, axis, dtype_canonical(dtype));
}
ct_array lax_argmax(const ct_lax_argmax_args *a)
{
    return position("argmax", a->operand, a->axis, a->index_dtype, op_argmax);
}
ct_array lax_argmin(const ct_lax_argmin_args *a)
{
    return position("argmin", a->operand, a->axis, a->index_dtype, op_argmin);
}

static ct_array running(const char *what, ct_array x, int64_t axis, bool reverse,
                        ct_array (*f)(ct_array, int64_t, bool))
{
    if (axis < 0 || axis >= x->aval.ndim)
        return ct_fail(
            CT_VALUE_ERROR,
            "%s: axis %lld is out of bounds for an array with %d axes; it cannot be negative.",
            what, (long long)axis, (int)x->aval.ndim);
    return f(x, axis, reverse);
}
ct_array lax_cumsum(const ct_lax_cumsum_args *a)
{
    return running("cumsum", a->operand, a->axis, a->reverse, op_cumsum);
}
ct_array lax_cumprod(const ct_lax_cumprod_args *a)
{
    return running("cumprod", a->operand, a->axis, a->reverse, op_cumprod);
}
ct_array lax_cummax(const ct_lax_cummax_args *a)
{
    return running("cummax", a->operand, a->axis, a->reverse, op_cummax);
}
ct_array lax_cummin(const ct_lax_cummin_args *a)
{
    return running("cummin", a->operand, a->axis, a->reverse, op_cummin);
}
ct_array lax_cumlogsumexp(const ct_lax_cumlogsumexp_args *a)
{
    return running("cumlogsumexp", a->operand, a->axis, a->reverse, op_cumlogsumexp);
}
