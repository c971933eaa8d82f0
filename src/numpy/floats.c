/* What kind of number is it, and what is it made of: infinities, signs, exponents, rounding. Next:
 * select.c. */
#define OPS_SHORT_NAMES
#include "cotan/rules.h"
#include "numpy/numpy.h"

static bool is_complex(ct_array x) { return dtype_is(dtype_of(x), FAMILY_COMPLEX); }
static bool is_float(ct_array x) { return dtype_is(dtype_of(x), FAMILY_FLOAT); }
static bool is_whole(ct_array x)
{
    return dtype_is(dtype_of(x), FAMILY_INT | FAMILY_UINT | FAMILY_BOOL);
}
static ct_array inexact(ct_array x)
{
    return numpy_convert(x, dtype_to_inexact(dtype_of(x)), x->aval.weak);
}
static ct_array all_of(bool value, ct_array like)
{
    return numpy_filled(array_scalar(CT_BOOL, false, value), shape_of(like));
}

/* For functions that compare with a number: a weak scalar gives a weak result. */
static ct_array constant_test(bool value, ct_array like)
{
    return like->aval.ndim ? all_of(value, like) : array_scalar(CT_BOOL, like->aval.weak, value);
}

/* How a float is stored: bits of exponent and mantissa, and the integer of the same size. */
typedef struct layout {
    int exponent, mantissa, bits;
    ct_dtype integer;
} layout;

static bool layout_of(const char *what, ct_array x, layout *l)
{
    switch (dtype_of(x)) {
    case CT_FLOAT16:
        *l = (layout){5, 10, 16, CT_INT16};
        return true;
    case CT_BFLOAT16:
        *l = (layout){8, 7, 16, CT_INT16};
        return true;
    case CT_FLOAT32:
        *l = (layout){8, 23, 32, CT_INT32};
        return true;
    case CT_FLOAT64:
        *l = (layout){11, 52, 64, CT_INT64};
        return true;
    default:
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "jax.numpy.%s only supports 16, 32, and 64-bit types, got %s.", what,
                  dtype_table[dtype_of(x)].name);
        return false;
    }
}

/* ---- kinds ---- */

ct_array numpy_isfinite(ct_array x)
{
    if (is_float(x))
        return op_is_finite(x);
    if (!is_complex(x))
        return all_of(true, x);
    ct_array re = op_is_finite(op_real(x));
    return op_and(re, op_is_finite(op_imag(x)));
}

static ct_array infinite(ct_array x) { return op_eq(op_abs(x), op_number(__builtin_inf(), x)); }

ct_array numpy_isinf(ct_array x)
{
    if (is_float(x))
        return infinite(x);
    if (!is_complex(x))
        return all_of(false, x);
    ct_array re = op_real(x), im = op_imag(x);
    ct_array left = infinite(re);
    return op_or(left, infinite(im));
}

static ct_array is_value(const char *what, ct_array x, double value)
{
    if (is_complex(x))
        return ct_fail(CT_VALUE_ERROR, "%s is not well defined for complex types", what);
    return is_float(x) ? op_eq(x, op_number(value, x)) : all_of(false, x);
}
ct_array numpy_isposinf(ct_array x) { return is_value("isposinf", x, __builtin_inf()); }
ct_array numpy_isneginf(ct_array x) { return is_value("isneginf", x, -__builtin_inf()); }

ct_array numpy_isreal(ct_array x)
{
    if (!is_complex(x))
        return constant_test(true, x);
    ct_array im = op_imag(x);
    return op_eq(im, numpy_number(0, im));
}

ct_array numpy_iscomplex(ct_array x)
{
    if (!is_complex(x))
        return constant_test(false, x);
    ct_array im = op_imag(x);
    return op_ne(im, numpy_number(0, im));
}

/* ---- signs ---- */

ct_array numpy_signbit(ct_array x)
{
    layout l;
    if (dtype_of(x) == CT_BOOL)
        return all_of(false, x);
    if (is_whole(x))
        return op_lt(x, op_number(0, x));
    if (is_complex(x))
        return ct_fail(CT_VALUE_ERROR, "jax.numpy.signbit is not well defined for %s",
                       dtype_table[dtype_of(x)].name);
    if (!layout_of("signbit", x, &l))
        return array_poison;
    ct_array bits = op_bitcast(x, l.integer);
    return numpy_cast(op_shift_right_arithmetic(
                          bits, array_scalar_int(l.integer, false, l.exponent + l.mantissa)),
                      CT_BOOL);
}

ct_array numpy_copysign(ct_array x, ct_array y)
{
    ct_array v[] = {x, y};
    if (!numpy_promote_inexact("copysign", 2, v, v) || !numpy_match_ranks("copysign", 2, v, v))
        return array_poison;
    if (is_complex(v[0]))
        return ct_fail(CT_TYPE_ERROR, "copysign does not support complex-valued inputs");
    ct_array negative = ct_signbit(v[1]);
    ct_array minus = op_neg(op_abs(v[0]));
    return ct_where(negative, minus, op_abs(v[0]));
}

ct_array numpy_heaviside(ct_array x, ct_array y)
{
    ct_array v[] = {x, y};
    if (!numpy_promote_inexact("heaviside", 2, v, v))
        return array_poison;
    x = v[0];
    y = v[1];
    ct_array zero = numpy_number(0, x);
    ct_array negative = op_lt(x, zero), positive = op_gt(x, zero);
    ct_array at_zero = ct_where(op_ne(x, x), x, y);
    at_zero = ct_where(positive, numpy_number(1, x), at_zero);
    return ct_where(negative, zero, at_zero);
}

/* ---- rounding ---- */

static ct_array toward_zero(ct_array x)
{
    ct_array negative = op_lt(x, numpy_number(0, x));
    ct_array up = op_ceil(x);
    return ct_where(negative, up, op_floor(x));
}

ct_array numpy_trunc(ct_array x)
{
    if (is_complex(x))
        return ct_fail(CT_TYPE_ERROR, "trunc does not support complex-valued inputs");
    return is_whole(x) ? x : toward_zero(x);
}

ct_array numpy_rint(ct_array x)
{
    if (is_whole(x))
        return numpy_cast(x, dtype_default(FAMILY_FLOAT));
    if (!is_complex(x))
        return op_round(x, ROUND_TO_EVEN);
    ct_array re = op_real(x), im = op_imag(x);
    re = ct_rint(re);
    return op_complex(re, ct_rint(im));
}

static ct_array round_float(ct_array x, int64_t decimals)
{
    if (!decimals)
        return op_round(x, ROUND_TO_EVEN);
    ct_dtype own = dtype_of(x);
    if (own == CT_FLOAT16 || own == CT_BFLOAT16)
        x = numpy_cast(x, CT_FLOAT32);
    ct_array factor = numpy_number(__builtin_pow(10, (double)decimals), x);
    ct_array y = op_div(op_round(op_mul(x, factor), ROUND_TO_EVEN), factor);
    return is_poison(y) ? y : numpy_convert(y, own, y->aval.weak);
}

ct_array numpy_round(const ct_round_args *a)
{
    if (is_whole(a->a)) {
        if (a->decimals < 0)
            return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                           "integer np.round not implemented for decimals < 0");
        if (dtype_of(a->a) == CT_BOOL)
            return ct_fail(CT_VALUE_ERROR,
                           "jax.numpy.round does not take booleans; convert them with astype.");
        return a->a;
    }
    if (!is_complex(a->a))
        return round_float(a->a, a->decimals);
    ct_array re = op_real(a->a), im = op_imag(a->a);
    re = round_float(re, a->decimals);
    return op_complex(re, round_float(im, a->decimals));
}
ct_array numpy_around(const ct_around_args *a) { return ct_round(a->a, .decimals = a->decimals); }

/* ---- parts ---- */

ct_array numpy_modf(ct_array x)
{
    x = inexact(x);
    ct_array positive = op_ge(x, numpy_number(0, x));
    ct_array down = op_floor(x);
    ct_array whole = ct_where(positive, down, op_ceil(x));
    ct_array fraction = op_sub(x, whole);
    return is_poison(fraction) ? fraction : ct_tuple(fraction, whole);
}

static ct_array shift_right(ct_array x, int by)
{
    return op_shift_right_arithmetic(x, numpy_number(by, x));
}

/* The bits of x with a mantissa that is normal, and what that adds to the exponent. */
static ct_array normal_bits(ct_array x, const layout *l, ct_array *exponent)
{
    double tiny = __builtin_ldexp(1, 2 - (1 << (l->exponent - 1)));
    ct_array subnormal = op_lt(op_abs(x), numpy_number(tiny, x));
    ct_array scaled = op_mul(x, numpy_number(__builtin_ldexp(1, l->mantissa), x));
    ct_array normal = ct_where(subnormal, scaled, x);
    *exponent = ct_where(subnormal, array_scalar_int(l->integer, false, -l->mantissa),
                         array_scalar_int(l->integer, false, 0));
    return op_bitcast(normal, l->integer);
}

static ct_tree split_exponent(ct_tree x)
{
    layout l;
    if (!layout_of("frexp", x, &l))
        return array_poison;
    int64_t mask = ((int64_t)1 << l.exponent) - 1, bias = ((int64_t)1 << (l.exponent - 1)) - 1;
    ct_array e, bits = normal_bits(x, &l, &e);
    ct_array field =
        op_and(shift_right(bits, l.mantissa), array_scalar_int(l.integer, false, mask));
    e = op_add(e, add(sub(field, (double)bias), 1));
    bits = op_and(bits, array_scalar_int(l.integer, false, ~(mask << l.mantissa)));
    bits = op_or(bits, array_scalar_int(l.integer, false, (bias - 1) << l.mantissa));
    ct_array mantissa = op_bitcast(bits, dtype_of(x));
    ct_array odd = ct_isinf(x);
    odd = op_or(odd, op_ne(x, x));
    odd = op_or(odd, op_eq(x, numpy_number(0, x)));
    e = ct_where(odd, numpy_number(0, e), e);
    mantissa = ct_where(odd, x, mantissa);
    e = numpy_cast(e, CT_INT32);
    return is_poison(mantissa) || is_poison(e) ? array_poison : ct_tuple(mantissa, e);
}

/* d mantissa = t 2^-exponent. */
static ct_tree split_exponent_rule(ct_tree primals, ct_tree tangents)
{
    ct_array t = ct_at(tangents, 0);
    ct_tree out = ct_frexp(ct_at(primals, 0));
    ct_array e = ct_at(out, 1);
    ct_array dm = op_mul(t, op_exp2(op_neg(numpy_cast(e, dtype_of(t)))));
    ct_array de = numpy_filled(array_scalar(CT_FLOAT0, false, 0), shape_of(e));
    return is_poison(dm) || is_poison(de) ? array_poison : ct_tuple(out, ct_tuple(dm, de));
}

ct_array numpy_frexp(ct_array x)
{
    x = inexact(x);
    if (is_complex(x))
        return ct_fail(CT_TYPE_ERROR, "frexp does not support complex-valued inputs");
    ct_fn f = ct_custom_jvp(split_exponent, split_exponent_rule);
    return f ? ct_call_(f, 1, &x) : array_poison;
}

ct_array numpy_ldexp(ct_array x, ct_array y)
{
    if (is_complex(x) || dtype_inexact(dtype_of(y)))
        return ct_fail(CT_VALUE_ERROR, "ldexp not supported for input types (%s, %s)",
                       dtype_table[dtype_of(x)].name, dtype_table[dtype_of(y)].name);
    x = inexact(x);
    y = numpy_cast(y, dtype_of(x));
    ct_tree parts = ct_frexp(x);
    if (is_poison(parts))
        return parts;
    ct_array v[2] = {numpy_cast(ct_at(parts, 1), dtype_of(x)), y}, m = ct_at(parts, 0);
    if (!numpy_match_ranks("ldexp", 2, v, v))
        return array_poison;
    /* Exponents are whole floats here; one power moves to the mantissa so that the largest results
     * do not overflow on the way. */
    ct_array e = op_add(v[0], v[1]);
    ct_array up = op_gt(e, numpy_number(0, e));
    m = ct_where(up, op_mul(m, numpy_literal(2, m)), m);
    e = ct_where(up, op_sub(e, numpy_literal(1, e)), e);
    ct_array value = op_mul(m, op_pow(numpy_number(2, e), e));
    ct_array odd = ct_isinf(x);
    odd = op_or(odd, op_eq(x, numpy_number(0, x)));
    return ct_where(odd, x, value);
}

ct_array numpy_spacing(ct_array x)
{
    layout l;
    x = inexact(x);
    if (is_complex(x))
        return ct_fail(CT_VALUE_ERROR, "jnp.spacing is not defined for complex inputs.");
    if (!layout_of("spacing", x, &l))
        return array_poison;
    ct_array infinity = numpy_number(__builtin_inf(), x);
    if (dtype_of(x) == CT_FLOAT16)
        return op_sub(op_nextafter(x, infinity), x);
    double smallest = __builtin_ldexp(1, 2 - (1 << (l.exponent - 1)) - l.mantissa);
    ct_array step = op_sub(op_nextafter(x, ct_copysign(infinity, x)), x);
    ct_array none = op_eq(step, numpy_number(0, step));
    ct_array least = ct_copysign(op_number(smallest, x), x);
    return ct_where(none, least, step);
}

/* ---- sin(pi x) / (pi x) ---- */

/* The k-th derivative of sinc at zero, whose derivative is the k+1-st: x * 0 + value. */
static ct_array sinc_at_zero(int64_t k, ct_array x)
{
    ct_array zero = op_mul(x, numpy_number(0, x));
    return k % 2 ? zero
                 : op_add(zero, numpy_number((k / 2 % 2 ? -1.0 : 1.0) / (double)(k + 1), zero));
}
static ct_fn sinc_function(int64_t k);
static ct_tree sinc_value(void *env, int n, const ct_tree *args)
{
    (void)n;
    return sinc_at_zero((int64_t)(intptr_t)env, args[0]);
}
static ct_tree sinc_rule(void *env, int n, const ct_tree *args)
{
    (void)n;
    ct_array x = ct_at(args[0], 0), t = ct_at(args[1], 0);
    ct_fn next = sinc_function((int64_t)(intptr_t)env + 1);
    if (!next)
        return array_poison;
    ct_array o = sinc_at_zero((int64_t)(intptr_t)env, x);
    ct_array d = op_mul(ct_call_(next, 1, &x), t);
    return is_poison(o) || is_poison(d) ? array_poison : ct_tuple(o, d);
}
static ct_fn sinc_function(int64_t k)
{
    void *env = (void *)(intptr_t)k;
    ct_fn f = ct_closure(sinc_value, env, NULL, "_sinc_maclaurin"),
          rule = ct_closure(sinc_rule, env, NULL, "_sinc_maclaurin_jvp");
    return f && rule ? ct_custom_jvp(f, rule) : NULL;
}

ct_array numpy_sinc(ct_array x)
{
    x = inexact(x);
    ct_array zero = op_eq(x, numpy_number(0, x));
    ct_array angle = op_mul(numpy_number(3.141592653589793, x), x);
    ct_array safe = ct_where(zero, numpy_number(1, x), angle);
    ct_fn f = sinc_function(0);
    if (!f)
        return array_poison;
    ct_array near = ct_call_(f, 1, &angle);
    return ct_where(zero, near, op_div(op_sin(safe), safe));
}

/* ---- replacing what is not a number ---- */

ct_array numpy_nan_to_num(const ct_nan_to_num_args *a)
{
    ct_array x = a->x;
    if (is_complex(x)) {
        ct_array re = op_real(x), im = op_imag(x);
        re = ct_nan_to_num(re, .nan = a->nan, .posinf = a->posinf, .neginf = a->neginf);
        return op_complex(
            re, ct_nan_to_num(im, .nan = a->nan, .posinf = a->posinf, .neginf = a->neginf));
    }
    if (!is_float(x))
        return x;
    ct_dtype d = dtype_of(x);
    double most = numpy_largest(d);
    ct_array nan = numpy_cast(a->nan, d),
             high = a->posinf ? numpy_cast(a->posinf, d) : array_scalar(d, false, most);
    ct_array low = a->neginf ? numpy_cast(a->neginf, d) : array_scalar(d, false, -most);
    x = ct_where(op_ne(x, x), nan, x);
    x = ct_where(op_eq(x, numpy_number(__builtin_inf(), x)), high, x);
    return ct_where(op_eq(x, numpy_number(-__builtin_inf(), x)), low, x);
}
