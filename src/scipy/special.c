/* jax.scipy.special: most are one operation on floats, the others short formulas. */
#define OPS_SHORT_NAMES
#include "numpy/numpy.h"

ct_array scipy_special_erf(ct_array x) { return numpy_unary_inexact(x, op_erf); }

ct_array scipy_special_erfc(ct_array x) { return numpy_unary_inexact(x, op_erfc); }

ct_array scipy_special_erfinv(ct_array x) { return numpy_unary_inexact(x, op_erf_inv); }

ct_array scipy_special_expit(ct_array x) { return numpy_unary_inexact(x, op_logistic); }

ct_array scipy_special_gammaln(ct_array x) { return numpy_unary_inexact(x, op_lgamma); }

ct_array scipy_special_digamma(ct_array x) { return numpy_unary_inexact(x, op_digamma); }

ct_array scipy_special_i0e(ct_array x) { return numpy_unary_inexact(x, op_bessel_i0e); }

ct_array scipy_special_i1e(ct_array x) { return numpy_unary_inexact(x, op_bessel_i1e); }

static ct_array unscaled_i0(ct_array x) { return mul(op_exp(op_abs(x)), op_bessel_i0e(x)); }

static ct_array unscaled_i1(ct_array x) { return mul(op_exp(op_abs(x)), op_bessel_i1e(x)); }

ct_array scipy_special_i0(ct_array x) { return numpy_unary_inexact(x, unscaled_i0); }

ct_array scipy_special_i1(ct_array x) { return numpy_unary_inexact(x, unscaled_i1); }

static ct_array logit(ct_array x) { return op_log(div(x, op_sub(numpy_number(1, x), x))); }

ct_array scipy_special_logit(ct_array x) { return numpy_unary_inexact(x, logit); }

/* x log(x), 0 at 0 with a slope that stays finite: the logarithm is taken of 1 there. */
static ct_array x_log(const char *what, ct_array x, ct_array y, unary_op *log, double safe)
{
    ct_array v[] = {x, y};
    if (!numpy_promote_inexact(what, 2, v, v) || !numpy_broadcast(what, 2, v, v))
        return array_poison;
    ct_array zero = op_eq(v[0], op_number(0, v[0]));
    ct_array inside = op_select_n(zero, 2, (ct_array[]){v[1], op_full_like(v[1], safe)});
    return op_select_n(zero, 2, (ct_array[]){op_mul(v[0], log(inside)), op_full_like(v[0], 0)});
}

ct_array scipy_special_xlogy(ct_array x, ct_array y) { return x_log("xlogy", x, y, op_log, 1); }

ct_array scipy_special_xlog1py(ct_array x, ct_array y)
{
    return x_log("xlog1py", x, y, op_log1p, 0);
}

ct_array scipy_special_entr(ct_array x)
{
    ct_array v = x;
    if (!numpy_promote_inexact("entr", 1, &v, &v))
        return array_poison;
    ct_array inside = op_neg(x_log("entr", v, v, op_log, 1));
    return op_select_n(op_lt(v, op_number(0, v)), 2,
                       (ct_array[]){inside, op_full_like(v, -__builtin_inf())});
}

/* x log(x / y) where both are positive. */
ct_array scipy_special_rel_entr(ct_array p, ct_array q)
{
    ct_array v[] = {p, q};
    if (!numpy_promote_inexact("rel_entr", 2, v, v) || !numpy_broadcast("rel_entr", 2, v, v))
        return array_poison;
    ct_array zero = op_number(0, v[0]);
    ct_array both = op_and(op_gt(v[0], zero), op_gt(v[1], zero)),
             none = op_and(op_eq(v[0], zero), op_ge(v[1], zero));
    ct_array x = op_select_n(both, 2, (ct_array[]){op_full_like(v[0], 1), v[0]}),
             y = op_select_n(both, 2, (ct_array[]){op_full_like(v[1], 1), v[1]});
    ct_array value = op_sub(x_log("rel_entr", x, x, op_log, 1), x_log("rel_entr", x, y, op_log, 1));
    ct_array rest = op_select_n(
        none, 2, (ct_array[]){op_full_like(v[0], __builtin_inf()), op_full_like(v[0], 0)});
    return op_select_n(both, 2, (ct_array[]){rest, value});
}

ct_array scipy_special_kl_div(ct_array p, ct_array q)
{
    ct_array v[] = {p, q};
    if (!numpy_promote_inexact("kl_div", 2, v, v))
        return array_poison;
    ct_array entropy = scipy_special_rel_entr(v[0], v[1]);
    return ct_add(ct_subtract(entropy, v[0]), v[1]);
}

/* Through erf near zero and erfc in the tails. */
static ct_array normal_distribution(ct_array x)
{
    ct_array w = mul(x, 0.7071067811865476), size = op_abs(w);
    ct_array tail = op_erfc(size);
    tail = op_select_n(op_gt(w, op_number(0, w)), 2, (ct_array[]){tail, sub(2, tail)});
    ct_array middle = add(1, op_erf(w));
    return mul(0.5, op_select_n(op_lt(size, op_number(0.7071067811865476, size)), 2,
                                (ct_array[]){tail, middle}));
}

ct_array scipy_special_ndtr(ct_array x) { return numpy_unary_inexact(x, normal_distribution); }

ct_array scipy_special_gammainc(ct_array a, ct_array x)
{
    return numpy_binary_inexact("gammainc", a, x, op_igamma);
}

ct_array scipy_special_gammaincc(ct_array a, ct_array x)
{
    return numpy_binary_inexact("gammaincc", a, x, op_igammac);
}

ct_array scipy_special_betaln(ct_array a, ct_array b)
{
    ct_array v[] = {a, b};
    if (!numpy_promote_inexact("betaln", 2, v, v) || !numpy_broadcast("betaln", 2, v, v))
        return array_poison;
    return op_sub(op_add(op_lgamma(v[0]), op_lgamma(v[1])), op_lgamma(op_add(v[0], v[1])));
}
