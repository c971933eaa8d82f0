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

/* ---- x log(y) and entropies: 0 where x is 0, and the slope there is that of log ---- */

typedef struct logarithm {
    const char *name;
    unary_op *log;
    double shift; /* log(shift + y) */
} logarithm;
static const logarithm plain = {"xlogy", op_log, 0}, shifted = {"xlog1py", op_log1p, 1};

static ct_array x_log(const logarithm *l, ct_array x, ct_array y)
{
    ct_array used = op_or(op_ne(x, op_number(0, x)), op_ne(y, y));
    return op_select_n(used, 2, (ct_array[]){op_full_like(x, 0), mul(x, l->log(y))});
}

static ct_tree x_log_rule(const logarithm *l, ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0), y = ct_at(primals, 1);
    ct_array of_x = mul(ct_at(tangents, 0), l->log(y));
    ct_array inside = l->shift ? add(l->shift, y) : y;
    return ct_tuple(x_log(l, x, y), add(of_x, div(mul(ct_at(tangents, 1), x), inside)));
}

static ct_array xlogy(ct_array x, ct_array y) { return x_log(&plain, x, y); }
static ct_array xlog1py(ct_array x, ct_array y) { return x_log(&shifted, x, y); }
static ct_tree xlogy_rule(ct_tree p, ct_tree t) { return x_log_rule(&plain, p, t); }
static ct_tree xlog1py_rule(ct_tree p, ct_tree t) { return x_log_rule(&shifted, p, t); }

static ct_array promoted_x_log(const logarithm *l, ct_f2 *value, ct_f2 *rule, ct_array x,
                               ct_array y)
{
    ct_array v[] = {x, y};
    if (!numpy_promote_inexact(l->name, 2, v, v) || !numpy_broadcast(l->name, 2, v, v))
        return array_poison;
    return numpy_with_rule(l->name, (ct_c_function)value, rule, 2, v);
}

ct_array scipy_special_xlogy(ct_array x, ct_array y)
{
    return promoted_x_log(&plain, xlogy, xlogy_rule, x, y);
}

ct_array scipy_special_xlog1py(ct_array x, ct_array y)
{
    return promoted_x_log(&shifted, xlog1py, xlog1py_rule, x, y);
}

static ct_array x_log_x(ct_array x) { return xlogy(x, x); }

static ct_tree x_log_x_rule(ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0);
    return ct_tuple(x_log_x(x), mul(ct_at(tangents, 0), add(op_log(x), 1)));
}

static ct_array entropy(ct_array x)
{
    return numpy_with_rule("_xlogx", (ct_c_function)x_log_x, x_log_x_rule, 1, &x);
}

static ct_array entr(ct_array x)
{
    ct_array inside = op_neg(entropy(x));
    return op_select_n(op_lt(x, op_number(0, x)), 2,
                       (ct_array[]){inside, op_full_like(x, -__builtin_inf())});
}

ct_array scipy_special_entr(ct_array x) { return numpy_unary_inexact(x, entr); }

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
    ct_array value = sub(entropy(x), scipy_special_xlogy(x, y));
    ct_array rest = op_select_n(
        none, 2, (ct_array[]){op_full_like(v[0], __builtin_inf()), op_full_like(v[0], 0)});
    return op_select_n(both, 2, (ct_array[]){rest, value});
}

ct_array scipy_special_kl_div(ct_array p, ct_array q)
{
    ct_array v[] = {p, q};
    if (!numpy_promote_inexact("kl_div", 2, v, v))
        return array_poison;
    ct_array relative = scipy_special_rel_entr(v[0], v[1]);
    return ct_add(ct_subtract(relative, v[0]), v[1]);
}

ct_array scipy_special_gammainc(ct_array a, ct_array x)
{
    return numpy_binary_inexact("gammainc", a, x, op_igamma);
}

ct_array scipy_special_gammaincc(ct_array a, ct_array x)
{
    return numpy_binary_inexact("gammaincc", a, x, op_igammac);
}
