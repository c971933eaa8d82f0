/* Elementwise operations with parameters. Those without are bound to the operation by their stubs.
 * Next: shapes.c. */
#include "lax/lax.h"

ct_array lax_reciprocal(ct_array x) { return op_integer_pow(x, -1); }
ct_array lax_integer_pow(const ct_lax_integer_pow_args *a) { return op_integer_pow(a->x, a->y); }

ct_array lax_round(const ct_lax_round_args *a)
{
    if (a->rounding_method != 0 && a->rounding_method != 1)
        return ct_fail(CT_VALUE_ERROR,
                       "lax.round: rounding_method must be 0 (away from zero) or 1 (to nearest "
                       "even), got %lld.",
                       (long long)a->rounding_method);
    return op_round(a->x, a->rounding_method);
}

ct_array lax_convert_element_type(const ct_lax_convert_element_type_args *a)
{
    ct_dtype dtype =
        a->new_dtype == CT_NO_DTYPE ? dtype_of(a->operand) : dtype_canonical(a->new_dtype);
    return op_convert(a->operand, dtype, false);
}

ct_array lax_bitcast_convert_type(const ct_lax_bitcast_convert_type_args *a)
{
    return op_bitcast(a->operand, dtype_canonical(a->new_dtype));
}

ct_array lax_reduce_precision(const ct_lax_reduce_precision_args *a)
{
    return op_reduce_precision(a->operand, a->exponent_bits, a->mantissa_bits);
}

ct_array lax_select(ct_array pred, ct_array on_true, ct_array on_false)
{
    return op_select_n(pred, 2, (ct_array[]){on_false, on_true});
}

ct_array lax_select_n(const ct_lax_select_n_args *a)
{
    if (!a->cases.n)
        return ct_fail(CT_VALUE_ERROR, "select_n() must have at least one case");
    return op_select_n(a->which, a->cases.n, a->cases.at);
}

static ct_array stopped(ct_array x, const void *env)
{
    (void)env;
    return op_stop_gradient(x);
}

ct_tree lax_stop_gradient(const ct_lax_stop_gradient_args *a)
{
    return lax_each(a->x, stopped, NULL);
}
