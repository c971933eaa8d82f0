/* Exponentials that sum to one, and sums of exponentials: softmax, log_softmax, logsumexp,
 * logmeanexp, standardize. */
#define OPS_SHORT_NAMES
#include "nn/nn.h"

/* -inf where a mask says no, as a scalar that takes x's dtype. */
static ct_array minus_infinity(void) { return ct_weak_float(-__builtin_inf()); }

static ct_array masked(ct_array x, ct_array where, ct_array otherwise)
{
    return where ? ct_where(where, x, otherwise) : x;
}

/* x less its largest element along the axes, which is held constant in derivatives. */
static ct_array shifted(ct_array x, ct_ints axis, ct_array where)
{
    ct_array largest =
        ct_max(x, .axis = axis, .keepdims = true, .initial = minus_infinity(), .where = where);
    x = masked(x, where, minus_infinity());
    return is_poison(largest) ? largest : ct_subtract(x, op_stop_gradient(largest));
}

ct_array nn_softmax_of(ct_array x, ct_ints axis, ct_array where)
{
    ct_array powers = ct_exp(shifted(x, axis, where));
    ct_array y = ct_divide(powers, ct_sum(powers, .axis = axis, .keepdims = true, .where = where));
    return masked(y, where, ct_weak_int(0));
}

ct_array nn_softmax(const ct_nn_softmax_args *a) { return nn_softmax_of(a->x, a->axis, a->where); }

ct_array nn_log_softmax(const ct_nn_log_softmax_args *a)
{
    ct_array x = shifted(a->x, a->axis, a->where);
    ct_array sums = ct_sum(ct_exp(x), .axis = a->axis, .keepdims = true, .where = a->where);
    return masked(ct_subtract(x, ct_log(sums)), a->where, minus_infinity());
}

ct_tree nn_logsumexp_of(ct_array a, ct_ints axis, ct_array b, bool keepdims, bool return_sign,
                        ct_array where)
{
    ct_array v[] = {a, b ? b : a};
    dimlist axes;
    axis_names names;
    v[0] = masked(v[0], where, ct_weak_int(0));
    if (!numpy_promote_inexact("logsumexp", b ? 2 : 1, v, v))
        return array_poison;
    if (b) {
        v[0] = ct_where(ct_not_equal(v[1], 0), v[0], minus_infinity());
        if (!numpy_broadcast("logsumexp", 2, v, v))
            return array_poison;
    }
    ct_array x = v[0];
    if (is_poison(x) || !numpy_axes_and_names("logsumexp", axis, x->aval.ndim, &axes, &names))
        return array_poison;
    bool is_complex = dtype_is(dtype_of(x), FAMILY_COMPLEX);
    ct_array largest = ct_max(is_complex ? op_real(x) : x, .axis = axis, .keepdims = keepdims,
                              .initial = minus_infinity(), .where = where);
    largest = op_stop_gradient(select(op_is_finite(largest), largest, op_full_like(largest, 0)));
    ct_array wide = keepdims || !axes.n ? largest : op_expand_dims(largest, dimlist_ints(&axes));
    ct_array powers = op_exp(ct_subtract(x, numpy_cast(wide, dtype_of(x))));
    if (b)
        powers = op_mul(powers, v[1]);
    ct_array sums = ct_sum(powers, .axis = axis, .keepdims = keepdims, .where = where),
             sign = op_sign(sums);
    if (return_sign || !is_complex)
        sums = op_abs(sums);
    ct_array out =
        op_add(op_log(sums), numpy_cast(largest, is_poison(sums) ? CT_FLOAT32 : dtype_of(sums)));
    if (return_sign)
        return is_poison(out) ? out : ct_tuple(out, sign);
    return b && !is_complex ? ct_where(ct_less(sign, 0), (double)__builtin_nan(""), out) : out;
}

ct_tree nn_logsumexp(const ct_nn_logsumexp_args *a)
{
    return nn_logsumexp_of(a->a, a->axis, a->b, a->keepdims, a->return_sign, a->where);
}

ct_array nn_logmeanexp(const ct_nn_logmeanexp_args *a)
{
    ct_array sums = nn_logsumexp_of(a->x, a->axis, NULL, a->keepdims, false, a->where);
    dimlist axes;
    axis_names names;
    if (is_poison(sums) ||
        !numpy_axes_and_names("logmeanexp", a->axis, a->x->aval.ndim, &axes, &names))
        return array_poison;
    if (!a->where)
        return op_sub(sums, op_log(op_number((double)numpy_axes_size(a->x, &axes, &names), sums)));
    ct_array flags =
        numpy_cast(numpy_broadcast_one("logmeanexp", a->where, shape_of(a->x)), dtype_of(sums));
    return op_sub(sums, op_log(ct_sum(flags, .axis = a->axis, .keepdims = a->keepdims)));
}

ct_array nn_standardize(const ct_nn_standardize_args *a)
{
    ct_array x = a->x, mean = a->mean, variance = a->variance;
    bool stable = !strcmp(a->algorithm, "stable");
    if (!stable && strcmp(a->algorithm, "fast"))
        return ct_fail(CT_VALUE_ERROR, "Unknown algorithm '%s'. Expected 'fast' or 'stable'.",
                       a->algorithm);
    if (!mean)
        mean = ct_mean(x, .axis = a->axis, .keepdims = true, .where = a->where);
    if (!variance && stable)
        variance = ct_mean(ct_square(ct_subtract(x, mean)), .axis = a->axis, .keepdims = true,
                           .where = a->where);
    else if (!variance) {
        ct_array squares =
            ct_mean(ct_square(x), .axis = a->axis, .keepdims = true, .where = a->where);
        variance = ct_clip_(
            &(ct_clip_args){.arr = ct_subtract(squares, ct_square(mean)), .min = ct_weak_int(0)});
    }
    ct_array centred = ct_subtract(x, mean);
    return ct_multiply(centred, op_rsqrt(ct_add(variance, a->epsilon)));
}
