/* The gamma function and its relatives. */
#define OPS_NUMBER numpy_literal /* numbers are as weak as what stands beside them */
#include "scipy/scipy.h"

#include "cotan/control.h"

#include <math.h>

static bool real_given(const char *what, ct_array x)
{
    if (dtype_is(dtype_of(x), FAMILY_COMPLEX))
        base_fail(CT_VALUE_ERROR, "%s does not support complex-valued inputs.", what);
    return !dtype_is(dtype_of(x), FAMILY_COMPLEX);
}

/* n real numbers of one dtype. */
static bool reals(const char *what, int64_t n, ct_array *v)
{
    return scipy_promote(what, n, v) && real_given(what, v[0]);
}

static ct_array sign_of_gamma(ct_array x)
{
    x = op_convert(x, dtype_of(x), false);
    ct_array down = op_floor(x), negative = lt(x, 0);
    ct_array pole = either(both(negative, eq(x, down)), op_ne(x, x));
    ct_array odd = op_ne(op_rem(down, op_number(2, down)), op_number(0, down));
    ct_array minus_zero = both(eq(x, 0), ct_signbit(x));
    ct_array sign =
        select(either(both(negative, odd), minus_zero), op_full_like(x, -1), op_full_like(x, 1));
    return select(pole, op_full_like(x, NAN), sign);
}

ct_array scipy_special_gammasgn(ct_array x)
{
    return reals("gammasgn", 1, &x) ? sign_of_gamma(x) : array_poison;
}

static ct_array gamma_of(ct_array x)
{
    ct_array sign = sign_of_gamma(x);
    return mul(sign, op_exp(op_lgamma(x)));
}

/* ---- of complex numbers ---- */

static ct_array complex_number(double value, ct_array like) { return op_full_like(like, value); }

/* log(gamma(z)) for Re z >= 1/2, by the series of C. Lanczos (SIAM J. Numer. Anal. 1, 1964), with
 * g = 7. */
static ct_array lanczos(ct_array z)
{
    static const double c[] = {676.5203681218851,    -1259.1392167224028,  771.3234287776531,
                               -176.6150291621406,   12.507343278686905,   -0.13857109526572012,
                               9.984369578019572e-6, 1.5056327351493116e-7};
    ct_array w = sub(z, 1), sum = complex_number(0.9999999999998099, w);
    for (int i = 0; i < (int)countof(c); i++)
        sum = add(sum, div(complex_number(c[i], w), add(w, (double)i + 1)));
    ct_array t = add(w, 7.5), power = mul(add(w, 0.5), op_log(t));
    return add(add(sub(power, t), op_log(sum)), 0.5 * log(2 * 3.141592653589793));
}

/* log(gamma(z)) = log(gamma(z + n)) - log(z) - ... - log(z + n - 1), which keeps to the branch that
 * is real for positive z. The carry: z moved so far, steps to go, the sum of logarithms. */
static ct_array still_left(ct_array carry) { return ct_any(gt(ct_at(carry, 1), 0)); }

static ct_tree move_right(ct_tree carry)
{
    ct_array z = ct_at(carry, 0), left = ct_at(carry, 1), goes = gt(left, 0);
    ct_array sum = select(goes, add(ct_at(carry, 2), op_log(z)), ct_at(carry, 2));
    return ct_tuple(select(goes, add(z, 1), z), sub(left, 1), sum);
}

static ct_array complex_loggamma(ct_array z)
{
    z = op_convert(z, dtype_of(z), false);
    ct_array re = op_real(z);
    ct_array pole = both(both(eq(op_imag(z), 0), le(re, 0)), eq(re, op_floor(re)));
    ct_array bad = either(pole, op_ne(z, z)), one = complex_number(1, z);
    z = select(bad, one, z);
    ct_array steps = op_ceil(sub(0.5, op_real(z)));
    ct_tree init = ct_tuple(z, steps, op_full_like(z, 0));
    ct_tree end = ct_call(ct_while_loop(still_left, move_right), init);
    if (is_poison(end))
        return end;
    ct_array value = op_sub(lanczos(ct_at(end, 0)), ct_at(end, 2));
    ct_array nan = op_full_like(re, NAN);
    return select(bad, op_complex(nan, nan), value);
}

ct_array scipy_special_gamma(ct_array x)
{
    if (!scipy_promote("gamma", 1, &x))
        return array_poison;
    return dtype_is(dtype_of(x), FAMILY_COMPLEX) ? op_exp(complex_loggamma(x)) : gamma_of(x);
}

ct_array scipy_special_loggamma(ct_array x)
{
    if (!scipy_promote("loggamma", 1, &x))
        return array_poison;
    return dtype_is(dtype_of(x), FAMILY_COMPLEX) ? complex_loggamma(x)
                                                 : where(gt(x, 0), op_lgamma(x), NAN);
}

/* log(gamma(b) / gamma(a + b)) for a <= b and b >= 8, where the difference of lgamma cancels: by
 * log(gamma(x)) = (x - 1/2) log(x) - x + log(2 pi) / 2 + s(x), s being Stirling's series (A. R.
 * Didonato, A. H. Morris, ACM TOMS 18, 1992, algorithm 708). */
static ct_array log_gamma_quotient(ct_array a, ct_array b)
{
    static const double stirling[] = {0.0833333333333333,   -0.00277777777760991,
                                      0.00079365066682539,  -0.000595202931351870,
                                      0.000837308034031215, -0.00165322962780713};
    ct_array h = div(a, b), x = div(h, add(1, h)), xx = op_square(x), t = op_square(div(1, b));
    ct_array power_sum[countof(stirling)]; /* (1 - x^n) / (1 - x) for n = 1, 3, 5, ... */
    power_sum[0] = op_full_like(x, 1);
    for (int i = 1; i < (int)countof(stirling); i++)
        power_sum[i] = add(1, add(x, mul(xx, power_sum[i - 1])));
    ct_array w = mul(power_sum[countof(stirling) - 1], stirling[countof(stirling) - 1]);
    for (int i = (int)countof(stirling) - 2; i >= 0; i--)
        w = add(mul(w, t), mul(stirling[i], power_sum[i]));
    w = mul(w, div(x, b));
    ct_array u = mul(add(b, sub(a, 0.5)), op_log1p(h)), v = mul(a, sub(op_log(b), 1));
    ct_array u_last = sub(sub(w, v), u);
    return where(le(u, v), u_last, sub(sub(w, u), v));
}

static ct_array log_beta(ct_array a, ct_array b)
{
    ct_array low = op_min(a, b), high = op_max(a, b), of_low = op_lgamma(low);
    ct_array plain = add(of_low, sub(op_lgamma(high), op_lgamma(add(low, high))));
    return where(lt(high, 8), plain, add(of_low, log_gamma_quotient(low, high)));
}

ct_array scipy_special_betaln(ct_array a, ct_array b)
{
    ct_array v[] = {a, b};
    return scipy_promote("betaln", 2, v) ? log_beta(v[0], v[1]) : array_poison;
}

ct_array scipy_special_beta(ct_array a, ct_array b)
{
    ct_array v[] = {a, b};
    if (!reals("beta", 2, v))
        return array_poison;
    ct_array sign =
        mul(mul(sign_of_gamma(v[0]), sign_of_gamma(v[1])), sign_of_gamma(add(v[0], v[1])));
    return mul(sign, op_exp(log_beta(v[0], v[1])));
}

ct_array scipy_special_betainc(ct_array a, ct_array b, ct_array x)
{
    ct_array v[] = {a, b, x};
    if (!numpy_promote_inexact("betainc", 3, v, v) || !real_given("betainc", v[0]) ||
        !numpy_broadcast("betainc", 3, v, v))
        return array_poison;
    return op_regularized_incomplete_beta(v[0], v[1], v[2]);
}

ct_array scipy_special_factorial(const ct_scipy_special_factorial_args *a)
{
    ct_array n = a->n;
    if (a->exact)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "factorial with exact=True");
    return scipy_promote("factorial", 1, &n) ? where(lt(n, 0), 0, op_exp(op_lgamma(add(n, 1))))
                                             : array_poison;
}

static ct_array choose(ct_array n, ct_array k)
{
    ct_array possible = both(both(le(k, n), ge(n, 0)), ge(k, 0));
    n = where(possible, n, 0);
    k = where(possible, k, 0);
    ct_array rest = op_lgamma(sub(add(n, 1), k));
    ct_array ways = sub(sub(op_lgamma(add(n, 1)), op_lgamma(add(k, 1))), rest);
    return where(possible, op_exp(ways), 0);
}

ct_array scipy_special_comb(const ct_scipy_special_comb_args *a)
{
    ct_array v[] = {a->N, a->k};
    if (!scipy_promote("comb", 2, v))
        return array_poison;
    if (!a->repetition)
        return choose(v[0], v[1]);
    ct_array none = both(eq(v[1], 0), ge(v[0], 0));
    return where(none, 1, choose(sub(add(v[0], v[1]), 1), v[1]));
}

static ct_array poch(ct_array z, ct_array m)
{
    ct_array above = gamma_of(add(z, m));
    return where(eq(m, 0), op_number(1, z), div(above, gamma_of(z)));
}

/* d log poch = (digamma(z + m) - digamma(z)) dz + digamma(z + m) dm. */
static ct_tree poch_rule(ct_tree primals, ct_tree tangents)
{
    ct_array z = ct_at(primals, 0), m = ct_at(primals, 1), y = poch(z, m);
    ct_array slope = op_digamma(add(z, m));
    ct_array of_z = mul(mul(sub(slope, op_digamma(z)), y), ct_at(tangents, 0));
    return ct_tuple(y, add(of_z, mul(mul(slope, y), ct_at(tangents, 1))));
}

ct_array scipy_special_poch(ct_array z, ct_array m)
{
    ct_array v[] = {z, m};
    if (!numpy_promote_inexact("poch", 2, v, v) || !real_given("poch", v[0]) ||
        !numpy_broadcast("poch", 2, v, v))
        return array_poison;
    return numpy_with_rule("poch", (ct_c_function)poch, poch_rule, 2, v);
}

ct_array scipy_special_multigammaln(const ct_scipy_special_multigammaln_args *args)
{
    ct_array a = args->a;
    int64_t d = args->d;
    if (!scipy_promote("multigammaln", 1, &a))
        return array_poison;
    ct_array half = div(op_convert(op_iota(CT_INT32, I(d), 0), dtype_of(a), false), 2);
    ct_array terms = op_lgamma(ct_subtract(op_expand_dims(a, I(a->aval.ndim)), half));
    ct_array sum = ct_sum(terms, .axis = I(-1));
    return add(sum, 0.25 * (double)d * ((double)d - 1) * log(3.141592653589793));
}

ct_array scipy_special_polygamma(ct_array n, ct_array x)
{
    ct_array v[] = {n, x};
    if (!dtype_is(dtype_of(n), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_VALUE_ERROR,
                       "Argument `n` to polygamma must be of integer type. Got dtype %s.",
                       ct_dtype_name(dtype_of(n)));
    return reals("polygamma", 2, v) ? op_polygamma(v[0], v[1]) : array_poison;
}

ct_array scipy_special_zeta(const ct_scipy_special_zeta_args *a)
{
    ct_array v[] = {a->x, a->q};
    if (!a->q)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "Riemann zeta function not implemented; pass q != None to compute the "
                       "Hurwitz Zeta function.");
    return scipy_promote("zeta", 2, v) ? op_zeta(v[0], v[1]) : array_poison;
}

/* (exp(lambda log(x)) - 1) / lambda, and log(x) for lambda = 0. */
static ct_array boxcox(const char *what, ct_array x, ct_array lambda, unary_op *log_of)
{
    ct_array v[] = {x, lambda};
    if (!scipy_promote(what, 2, v))
        return array_poison;
    ct_array straight = eq(v[1], 0), safe = where(straight, 1, v[1]), log_x = log_of(v[0]);
    return where(straight, log_x, div(op_expm1(mul(safe, log_x)), safe));
}

ct_array scipy_special_boxcox(ct_array x, ct_array lambda)
{
    return boxcox("boxcox", x, lambda, op_log);
}

ct_array scipy_special_boxcox1p(ct_array x, ct_array lambda)
{
    return boxcox("boxcox1p", x, lambda, op_log1p);
}

ct_array scipy_polynomial(ct_array x, int n, const double *c)
{
    ct_array y = op_full_like(x, c[0]);
    for (int i = 1; i < n; i++)
        y = add(mul(y, x), c[i]);
    return y;
}
