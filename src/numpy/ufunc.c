/* Universal functions that are one operation of jax.lax each, after promotion. Those that take
 * several are in arithmetic.c (division, powers, logarithms) and floats.c (the parts and kinds of
 * floating-point numbers). */
#include "numpy/numpy.h"

/* ---- one operand, made inexact ---- */
#define INEXACT(name, operation)                                                                   \
    ct_array numpy_##name(ct_array x) { return numpy_unary_inexact(x, operation); }
INEXACT(exp, op_exp)
INEXACT(exp2, op_exp2)
INEXACT(expm1, op_expm1)
INEXACT(log, op_log)
INEXACT(log1p, op_log1p)
INEXACT(sqrt, op_sqrt)
INEXACT(cbrt, op_cbrt)
INEXACT(sin, op_sin)
INEXACT(cos, op_cos)
INEXACT(tan, op_tan)
INEXACT(arcsin, op_asin)
INEXACT(arccos, op_acos)
INEXACT(arctan, op_atan)
INEXACT(sinh, op_sinh)
INEXACT(cosh, op_cosh)
INEXACT(tanh, op_tanh)
INEXACT(arcsinh, op_asinh)
INEXACT(arctanh, op_atanh)

static ct_array minus_first(ct_array x) { return op_integer_pow(x, -1); }
INEXACT(reciprocal, minus_first)

static ct_array to_radians(ct_array x) { return op_mul(x, numpy_number(0.017453292519943295, x)); }
static ct_array to_degrees(ct_array x) { return op_mul(x, numpy_number(57.295779513082323, x)); }
INEXACT(deg2rad, to_radians)
INEXACT(rad2deg, to_degrees)

ct_array numpy_fabs(ct_array x)
{
    if (dtype_is(dtype_of(x), FAMILY_COMPLEX))
        return ct_fail(CT_TYPE_ERROR, "ufunc 'fabs' does not support complex dtypes; use abs.");
    return numpy_unary_inexact(x, op_abs);
}

/* ---- one operand, as it is ---- */
static bool whole(ct_array x)
{
    return dtype_is(dtype_of(x), FAMILY_INT | FAMILY_UINT | FAMILY_BOOL);
}

/* Booleans become integers where an operation needs numbers. */
static ct_array numeric(ct_array x)
{
    return dtype_of(x) == CT_BOOL ? numpy_convert(x, dtype_default(FAMILY_INT), x->aval.weak) : x;
}

ct_array numpy_negative(ct_array x) { return op_neg(x); }
ct_array numpy_positive(ct_array x) { return x; }
ct_array numpy_sign(ct_array x) { return op_sign(x); }
ct_array numpy_square(ct_array x) { return op_square(numeric(x)); }
ct_array numpy_invert(ct_array x) { return op_not(x); }
ct_array numpy_floor(ct_array x) { return whole(x) ? x : op_floor(x); }
ct_array numpy_ceil(ct_array x) { return whole(x) ? x : op_ceil(x); }
ct_array numpy_isnan(ct_array x) { return op_ne(x, x); }
ct_array numpy_absolute(ct_array x)
{
    return dtype_is(dtype_of(x), FAMILY_UINT | FAMILY_BOOL) ? x : op_abs(x);
}

ct_array numpy_bitwise_count(ct_array x)
{
    x = numeric(x);
    return numpy_cast(op_population_count(dtype_is(dtype_of(x), FAMILY_UINT) ? x : op_abs(x)),
                      CT_UINT8);
}

static ct_array truth(ct_array x)
{
    return dtype_of(x) == CT_BOOL ? x : op_ne(x, numpy_number(0, x));
}
ct_array numpy_logical_not(ct_array x) { return op_not(truth(x)); }

/* ---- two operands, promoted ---- */
#define BOTH(name, operation)                                                                      \
    ct_array numpy_##name(ct_array x, ct_array y) { return numpy_binary(#name, x, y, operation); }
#define BOTH_INEXACT(name, operation)                                                              \
    ct_array numpy_##name(ct_array x, ct_array y)                                                  \
    {                                                                                              \
        return numpy_binary_inexact(#name, x, y, operation);                                       \
    }

/* Booleans add as "or" and multiply as "and". */
static ct_array sum_of(ct_array x, ct_array y)
{
    return dtype_of(x) == CT_BOOL ? op_or(x, y) : op_add(x, y);
}
static ct_array product_of(ct_array x, ct_array y)
{
    return dtype_of(x) == CT_BOOL ? op_and(x, y) : op_mul(x, y);
}
BOTH(add, sum_of)
BOTH(multiply, product_of)
BOTH(subtract, op_sub)
BOTH(maximum, op_max)
BOTH(minimum, op_min)
BOTH(equal, op_eq)
BOTH(not_equal, op_ne)
BOTH(bitwise_and, op_and)
BOTH(bitwise_or, op_or)
BOTH(bitwise_xor, op_xor)
BOTH_INEXACT(true_divide, op_div)
BOTH_INEXACT(float_power, op_pow)
BOTH_INEXACT(arctan2, op_atan2)
BOTH_INEXACT(nextafter, op_nextafter)

static ct_array and_of(ct_array x, ct_array y) { return op_and(truth(x), truth(y)); }
static ct_array or_of(ct_array x, ct_array y) { return op_or(truth(x), truth(y)); }
static ct_array xor_of(ct_array x, ct_array y) { return op_xor(truth(x), truth(y)); }
BOTH(logical_and, and_of)
BOTH(logical_or, or_of)
BOTH(logical_xor, xor_of)

static ct_array shifted_left(ct_array x, ct_array y)
{
    return op_shift_left(numeric(x), numeric(y));
}
static ct_array shifted_right(ct_array x, ct_array y)
{
    return dtype_is(dtype_of(x), FAMILY_UINT) ? op_shift_right_logical(x, y)
                                              : op_shift_right_arithmetic(numeric(x), numeric(y));
}
BOTH(left_shift, shifted_left)
BOTH(right_shift, shifted_right)

/* Complex numbers are ordered by their real parts, then by their imaginary ones. */
static ct_array ordered(ct_array x, ct_array y, binary_op *f)
{
    if (!dtype_is(dtype_of(x), FAMILY_COMPLEX))
        return f(x, y);
    ct_array a = op_real(x), b = op_real(y), cases[2];
    ct_array same = op_eq(a, b);
    cases[1] = f(op_imag(x), op_imag(y));
    cases[0] = f(a, b);
    return op_select_n(same, 2, cases);
}
static ct_array lt_of(ct_array x, ct_array y) { return ordered(x, y, op_lt); }
static ct_array le_of(ct_array x, ct_array y) { return ordered(x, y, op_le); }
static ct_array gt_of(ct_array x, ct_array y) { return ordered(x, y, op_gt); }
static ct_array ge_of(ct_array x, ct_array y) { return ordered(x, y, op_ge); }
BOTH(less, lt_of)
BOTH(less_equal, le_of)
BOTH(greater, gt_of)
BOTH(greater_equal, ge_of)

/* ---- complex numbers ---- */
static bool is_complex(ct_array x) { return dtype_is(dtype_of(x), FAMILY_COMPLEX); }
ct_array numpy_conjugate(ct_array x) { return is_complex(x) ? op_conj(x) : x; }
ct_array numpy_real(ct_array x) { return is_complex(x) ? op_real(x) : x; }
ct_array numpy_imag(ct_array x)
{
    return is_complex(x) ? op_imag(x) : numpy_filled(numpy_number(0, x), shape_of(x));
}

ct_array numpy_angle(const ct_angle_args *a)
{
    ct_array z = a->z, re = z, im;
    if (is_complex(z)) {
        re = op_real(z);
        im = op_imag(z);
    } else {
        ct_array zero = array_scalar(dtype_to_inexact(dtype_of(z)), false, 0);
        re = numpy_unary_inexact(z, numpy_positive);
        im = numpy_filled(zero, shape_of(z));
    }
    ct_array angle = op_atan2(im, re);
    return a->deg ? to_degrees(angle) : angle;
}
