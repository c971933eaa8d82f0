/* Division in all its forms, powers, logarithms to other bases, and what else takes several
 * operations.
 *
 * The order of operations is JAX's, so that jaxprs and last bits agree. Next: floats.c. */
#define OPS_SHORT_NAMES
#include "cotan/rules.h"
#include "numpy/numpy.h"

static bool is_complex(ct_array x) { return dtype_is(dtype_of(x), FAMILY_COMPLEX); }
static bool is_integer(ct_array x) { return dtype_is(dtype_of(x), FAMILY_INT | FAMILY_UINT); }
static ct_array pair(ct_array a, ct_array b)
{
    return is_poison(a) || is_poison(b) ? array_poison : ct_tuple(a, b);
}

/* Promotes a pair to one dtype that is a number's, and to one rank. */
static bool promote_numbers(const char *what, ct_array v[2])
{
    if (!numpy_promote(what, 2, v, v))
        return false;
    for (int i = 0; i < 2; i++)
        if (dtype_of(v[i]) == CT_BOOL)
            v[i] = numpy_convert(v[i], dtype_default(FAMILY_INT), v[i]->aval.weak);
    return numpy_match_ranks(what, 2, v, v);
}

static bool promote_floats(const char *what, ct_array v[2])
{
    return numpy_promote_inexact(what, 2, v, v) && numpy_match_ranks(what, 2, v, v);
}

/* lax.select broadcasts nothing: both cases get the condition's shape. */
static ct_array pick(ct_array which, ct_array on_true, ct_array on_false)
{
    ct_array cases[2] = {on_false, on_true};
    for (int i = 0; i < 2; i++)
        if (!ints_equal(shape_of(cases[i]), shape_of(which)))
            cases[i] = numpy_broadcast_one("select", cases[i], shape_of(which));
    return op_select_n(which, 2, cases);
}

/* ---- quotients and remainders ---- */

/* As Python's float divmod: the remainder has the divisor's sign, and the quotient is a whole
 * number. */
static void divide_floats(ct_array x, ct_array y, ct_array *quotient, ct_array *remainder)
{
    ct_array r = op_rem(x, y);
    ct_array by_zero = op_eq(y, numpy_number(0, y));
    ct_array whole = op_sub(x, r);
    ct_array q = op_div(ct_where(by_zero, x, whole), y);
    ct_array inexact = op_ne(r, numpy_number(0, r));
    ct_array sign_y = op_sign(y), sign_r = op_sign(r);
    ct_array adjust = op_and(inexact, op_ne(sign_y, sign_r));
    *remainder = pick(adjust, op_add(r, y), r);
    *quotient = op_round(pick(adjust, op_sub(q, numpy_literal(1, q)), q), 0);
}

ct_array numpy_floor_divide(ct_array x, ct_array y)
{
    ct_array v[] = {x, y}, q, r;
    if (!promote_numbers("floor_divide", v))
        return array_poison;
    if (is_complex(v[0]))
        return ct_fail(CT_TYPE_ERROR, "floor_divide does not support complex-valued inputs");
    if (dtype_is(dtype_of(v[0]), FAMILY_UINT))
        return op_div(v[0], v[1]);
    if (!is_integer(v[0])) {
        divide_floats(v[0], v[1], &q, &r);
        return q;
    }
    q = op_div(v[0], v[1]);
    ct_array sign_x = op_sign(v[0]), sign_y = op_sign(v[1]);
    ct_array differ = op_ne(sign_x, sign_y);
    r = op_rem(v[0], v[1]);
    ct_array round_down = op_and(differ, op_ne(r, numpy_number(0, r)));
    ct_array below = op_sub(q, numpy_literal(1, q));
    return ct_where(round_down, below, q);
}

/* Integer division by zero has no result: the divisor becomes one there. */
static ct_array no_zeros(ct_array y)
{
    if (!is_integer(y))
        return y;
    ct_array zero = op_eq(y, numpy_number(0, y));
    return ct_where(zero, numpy_filled(numpy_number(1, y), shape_of(y)), y);
}

ct_array numpy_remainder(ct_array x, ct_array y)
{
    ct_array v[] = {x, y};
    if (!promote_numbers("remainder", v))
        return array_poison;
    y = no_zeros(v[1]);
    ct_array r = op_rem(v[0], y), zero = numpy_number(0, r);
    ct_array inexact = op_ne(r, zero);
    ct_array r_negative = op_lt(r, zero), y_negative = op_lt(y, zero);
    ct_array adjust = op_and(op_ne(r_negative, y_negative), inexact);
    return pick(adjust, op_add(r, y), r);
}

ct_array numpy_fmod(ct_array x, ct_array y)
{
    ct_array v[] = {x, y};
    if (is_integer(x) && is_integer(y))
        v[1] = no_zeros(y);
    return promote_numbers("fmod", v) ? op_rem(v[0], v[1]) : array_poison;
}

ct_array numpy_divmod(ct_array x, ct_array y)
{
    ct_array v[] = {x, y}, q, r;
    if (!promote_numbers("divmod", v))
        return array_poison;
    if (is_integer(v[0])) {
        q = ct_floor_divide(v[0], v[1]);
        r = ct_remainder(v[0], v[1]);
    } else {
        divide_floats(v[0], v[1], &q, &r);
    }
    return pair(q, r);
}

/* ---- powers ---- */

/* Six squarings suffice: larger powers of anything above one overflow 64 bits. */
static ct_array power_integers(ct_array x, ct_array y)
{
    ct_array zero = numpy_number(0, y), one = numpy_number(1, y);
    ct_array x_zero = op_eq(x, zero);
    ct_array vanishes = op_and(x_zero, op_ne(y, zero));
    ct_array result = ct_where(vanishes, zero, one);
    for (int bit = 0; bit < 6; bit++) {
        ct_array odd = op_and(y, one);
        ct_array more = op_mul(result, x);
        result = ct_where(odd, more, result);
        x = op_mul(x, x);
        y = op_shift_right_logical(y, one);
    }
    return result;
}

ct_array numpy_power(ct_array x, ct_array y)
{
    ct_array v[] = {x, y}, exponent;
    if (is_integer(y) && !y->aval.ndim && !core_current && is_array(y))
        exponent = y;
    else if (!is_integer(y) || y->aval.ndim || !core_concrete(y, &exponent))
        exponent = NULL;
    if (exponent) {
        if (dtype_of(x) == CT_BOOL)
            x = numpy_convert(x, dtype_default(FAMILY_INT), x->aval.weak);
        int64_t n = array_get_int(exponent, 0);
        if (n < 0 && is_integer(x))
            return ct_fail(
                CT_TYPE_ERROR,
                "Integers cannot be raised to negative powers, got integer_pow(%s, %lld)",
                dtype_table[dtype_of(x)].name, (long long)n);
        return op_integer_pow(x, n);
    }
    ct_array original[] = {x, y};
    if (!numpy_match_ranks("power", 2, original, original))
        return array_poison;
    v[0] = original[0];
    v[1] = original[1];
    if (!promote_numbers("power", v))
        return array_poison;
    if (is_integer(v[0]))
        return power_integers(v[0], v[1]);
    if (dtype_inexact(dtype_of(x)) && is_integer(y))
        return op_pow(original[0], original[1]); /* differentiable in the base at zero */
    return op_pow(v[0], v[1]);
}

/* ---- logarithms and roots ---- */

static ct_array log_base2(ct_array x)
{
    if (!is_complex(x))
        return op_div(op_log(x), op_log(array_scalar(dtype_of(x), false, 2)));
    ct_array l = op_log(x), re = op_real(l), im = op_imag(l),
             two = op_log(array_scalar(dtype_of(re), false, 2));
    ct_array a = op_div(re, two);
    return op_complex(a, op_div(im, two));
}

static ct_array log_base10(ct_array x)
{
    const double reciprocal = 0.4342944819032518; /* 1 / log 10 */
    if (!is_complex(x))
        return mul(op_log(x), reciprocal);
    ct_array l = op_log(x), re = op_real(l), im = op_imag(l);
    ct_array a = mul(re, reciprocal);
    return op_complex(a, mul(im, reciprocal));
}

ct_array numpy_log2(ct_array x) { return numpy_unary_inexact(x, log_base2); }
ct_array numpy_log10(ct_array x) { return numpy_unary_inexact(x, log_base10); }

ct_array numpy_arccosh(ct_array x)
{
    ct_array y = numpy_unary_inexact(x, op_acosh);
    if (!is_complex(y))
        return y;
    ct_array re = op_real(y);
    ct_array left = op_lt(re, numpy_number(0, re));
    return ct_where(left, op_neg(y), y);
}

ct_array numpy_hypot(ct_array x, ct_array y)
{
    ct_array v[] = {x, y};
    if (!promote_floats("hypot", v))
        return array_poison;
    if (is_complex(v[0]))
        return ct_fail(CT_VALUE_ERROR,
                       "jnp.hypot is not well defined for complex-valued inputs. Please convert to "
                       "real values first, such as by using abs(x)");
    x = op_abs(v[0]);
    y = op_abs(v[1]);
    ct_array infinity = numpy_number(__builtin_inf(), x);
    ct_array x_infinite = op_eq(x, infinity);
    ct_array infinite = op_or(x_infinite, op_eq(y, infinity));
    ct_array large = op_max(x, y);
    ct_array small = op_min(x, y);
    ct_array zero = op_eq(large, numpy_number(0, large));
    ct_array again = op_eq(large, numpy_number(0, large));
    ct_array divisor =
        ct_where(again, numpy_filled(numpy_number(1, large), shape_of(large)), large);
    ct_array ratio = op_square(op_div(small, divisor));
    ct_array length = op_mul(large, op_sqrt(op_add(numpy_literal(1, ratio), ratio)));
    length = ct_where(zero, large, length);
    return ct_where(infinite, numpy_number(__builtin_inf(), length), length);
}

/* ---- extremes that ignore NaN ---- */

/* The comparison holds for the first operand, or the second one is not a number. */
ct_array numpy_fmax(ct_array x, ct_array y)
{
    ct_array wins = ct_greater(x, y);
    return ct_where(ct_logical_or(wins, ct_isnan(y)), x, y);
}

ct_array numpy_fmin(ct_array x, ct_array y)
{
    ct_array wins = ct_less(x, y);
    return ct_where(ct_logical_or(wins, ct_isnan(y)), x, y);
}

ct_array numpy_clip(const ct_clip_args *a)
{
    if (!a->arr)
        return ct_fail(CT_VALUE_ERROR, "No input was provided to the clip function.");
    ct_array x = a->arr;
    if (is_complex(x) || (a->min && is_complex(a->min)) || (a->max && is_complex(a->max)))
        return ct_fail(CT_VALUE_ERROR,
                       "Clip received a complex value either through the input or the min/max "
                       "keywords. Complex values have no ordering and cannot be clipped. "
                       "Please convert to a real value or array by taking the real or imaginary "
                       "components via jax.numpy.real/imag respectively.");
    if (a->min)
        x = numpy_binary("clip", a->min, x, op_max);
    return a->max ? numpy_binary("clip", a->max, x, op_min) : x;
}

/* ---- sums of logarithms ---- */
static ct_array log_add(ct_array x, ct_array y, double base_factor)
{
    ct_array large = op_max(x, y);
    ct_array difference = op_sub(x, y);
    ct_array undefined = op_ne(difference, difference);
    ct_array fallback = op_add(x, y);
    ct_array distance = op_neg(op_abs(difference));
    ct_array more = op_log1p(base_factor == 1 ? op_exp(distance) : op_exp2(distance));
    if (base_factor != 1)
        more = op_mul(numpy_number(base_factor, more), more);
    return pick(undefined, fallback, op_add(large, more));
}

static ct_array log_add_e(ct_array x, ct_array y) { return log_add(x, y, 1); }
static ct_array log_add_2(ct_array x, ct_array y) { return log_add(x, y, 1.4426950408889634); }

/* +inf counts as zero in a difference of exponents: inf - inf would be NaN. */
static ct_array no_infinity(ct_array x)
{
    ct_array infinite = op_eq(x, numpy_number(__builtin_inf(), x));
    return pick(infinite, numpy_number(0, x), x);
}

/* t_x e^(x - o) + t_y e^(y - o): as base 2, with powers of two. */
static ct_tree log_add_rule(ct_tree primals, ct_tree tangents, ct_fn self, unary_op *power)
{
    ct_array x = ct_at(primals, 0), y = ct_at(primals, 1), tx = ct_at(tangents, 0),
             ty = ct_at(tangents, 1);
    ct_array o = ct_call_(self, 2, (ct_tree[]){x, y});
    ct_array base = no_infinity(o);
    ct_array left = op_mul(tx, power(op_sub(no_infinity(x), base)));
    ct_array right = op_mul(ty, power(op_sub(no_infinity(y), base)));
    return pair(o, op_add(left, right));
}
static ct_fn log_add_function(void);
static ct_fn log_add2_function(void);
static ct_tree rule_e(ct_tree primals, ct_tree tangents)
{
    return log_add_rule(primals, tangents, log_add_function(), op_exp);
}
static ct_tree rule_2(ct_tree primals, ct_tree tangents)
{
    return log_add_rule(primals, tangents, log_add2_function(), op_exp2);
}

static ct_fn with_rule(ct_f2 *f, ct_f2 *rule, const char *name, const char *rule_name)
{
    return ct_custom_jvp(ct_function_((ct_c_function)f, 2, name),
                         ct_function_((ct_c_function)rule, 2, rule_name));
}
static ct_fn log_add_function(void)
{
    return with_rule(log_add_e, rule_e, "logaddexp", "_logaddexp_jvp");
}
static ct_fn log_add2_function(void)
{
    return with_rule(log_add_2, rule_2, "logaddexp2", "_logaddexp2_jvp");
}

static ct_array log_sum(const char *what, ct_array x, ct_array y, ct_fn f)
{
    ct_array v[] = {x, y};
    dimlist shape;
    if (!f || !promote_floats(what, v) || !numpy_broadcast_shape(what, 2, v, &shape) ||
        !numpy_match_ranks(what, 2, v, v))
        return array_poison;
    if (is_complex(v[0]))
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "%s of complex numbers is not available yet.",
                       what);
    return ct_call_(f, 2, v);
}
ct_array numpy_logaddexp(ct_array x, ct_array y)
{
    return log_sum("logaddexp", x, y, log_add_function());
}
ct_array numpy_logaddexp2(ct_array x, ct_array y)
{
    return log_sum("logaddexp2", x, y, log_add2_function());
}
