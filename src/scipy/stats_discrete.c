/* Discrete distributions of jax.scipy.stats. */
#include "scipy/stats.h"

/* ---- Bernoulli ---- */

static ct_array bernoulli_inside(ct_array x, ct_array p)
{
    ct_array of_one = xlogy(x, p);
    return add(of_one, xlog1py(sub(1, x), neg(p)));
}
FORMULA3(bernoulli, logpmf, k, p, loc,
         where(either(lt(sub(k, loc), 0), gt(sub(k, loc), 1)), -INFINITY,
               bernoulli_inside(sub(k, loc), p)))
FORMULA3(bernoulli, pmf, k, p, loc, op_exp(bernoulli_logpmf(k, p, loc)))
LAW2(bernoulli, cdf, k, p,
     where(either(is_nan(k), improper(p)), NAN, where(lt(k, 0), 0, where(lt(k, 1), sub(1, p), 1))))
LAW2(bernoulli, ppf, q, p,
     where(either(improper(q), improper(p)), NAN,
           where(le(q, sub(1, p)), numpy_number(0, q), numpy_number(1, q))))

/* ---- binomial and its kin ---- */

static ct_array betabinom_inside(ct_array y, ct_array n, ct_array a, ct_array b, ct_array loc)
{
    ct_array rest = sub(n, y);
    ct_array ways = neg(add(op_log1p(n), betaln(add(rest, 1), add(y, 1))));
    ct_array odds = betaln(add(y, a), add(rest, b));
    ct_array value = add(ways, sub(odds, betaln(a, b)));
    value = where(both(eq(y, 0), eq(n, 0)), 0, value);
    ct_array impossible = either(either(lt(y, neg(loc)), gt(y, n)), le(add(y, a), 0));
    value = where(impossible, -INFINITY, value);
    return where(either(either(lt(n, 0), le(a, 0)), le(b, 0)), NAN, value);
}
FORMULA5(betabinom, logpmf, k, n, a, b, loc, betabinom_inside(sub(op_floor(k), loc), n, a, b, loc))
FORMULA5(betabinom, pmf, k, n, a, b, loc, op_exp(betabinom_logpmf(k, n, a, b, loc)))

static ct_array binom_inside(ct_array y, ct_array n, ct_array p)
{
    ct_array chosen = add(op_lgamma(add(y, 1)), op_lgamma(add(sub(n, y), 1)));
    ct_array ways = sub(op_lgamma(add(n, 1)), chosen);
    ct_array odds = xlogy(y, p);
    odds = add(odds, xlog1py(sub(n, y), neg(p)));
    ct_array certain = either(both(eq(y, 0), eq(n, 0)), eq(odds, 0));
    return where(certain, 0, add(ways, odds));
}
FORMULA4(binom, logpmf, k, n, p, loc,
         where(both(ge(k, loc), lt(k, add(add(loc, n), 1))), binom_inside(sub(k, loc), n, p),
               -INFINITY))
FORMULA4(binom, pmf, k, n, p, loc, op_exp(binom_logpmf(k, n, p, loc)))

static ct_array nbinom_inside(ct_array y, ct_array n, ct_array p)
{
    ct_array ways = sub(sub(op_lgamma(add(y, n)), op_lgamma(n)), op_lgamma(add(y, 1)));
    ct_array odds = xlogy(n, p);
    return add(ways, add(odds, xlogy(y, sub(1, p))));
}
FORMULA4(nbinom, logpmf, k, n, p, loc,
         where(lt(k, loc), -INFINITY, nbinom_inside(sub(k, loc), n, p)))
FORMULA4(nbinom, pmf, k, n, p, loc, op_exp(nbinom_logpmf(k, n, p, loc)))

/* ---- geometric ---- */

FORMULA3(geom, logpmf, k, p, loc,
         where(le(sub(k, loc), 0), -INFINITY, add(xlog1py(sub(sub(k, loc), 1), neg(p)), op_log(p))))
FORMULA3(geom, pmf, k, p, loc, op_exp(geom_logpmf(k, p, loc)))

/* ---- multinomial ---- */

ct_array scipy_stats_multinomial_logpmf(ct_array x, ct_array n, ct_array p)
{
    ct_array counts[] = {x, n};
    if (!numpy_promote_inexact("multinomial.logpmf", 1, &p, &p) ||
        !numpy_promote("multinomial.logpmf", 2, counts, counts))
        return array_poison;
    if (!dtype_is(dtype_of(counts[0]), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_VALUE_ERROR,
                       "x and n must be of integer type; got x.dtype=%s, n.dtype=%s",
                       ct_dtype_name(dtype_of(x)), ct_dtype_name(dtype_of(n)));
    x = op_convert(counts[0], dtype_of(p), false);
    n = op_convert(counts[1], dtype_of(p), false);
    ct_array odds = xlogy(x, p);
    odds = ct_sum(ct_subtract(odds, op_lgamma(add(x, 1))), .axis = I(-1));
    ct_array value = ct_add(op_lgamma(add(n, 1)), odds);
    return where(ct_equal(ct_sum(x), n), value, -INFINITY);
}

ct_array scipy_stats_multinomial_pmf(ct_array x, ct_array n, ct_array p)
{
    return op_exp(scipy_stats_multinomial_logpmf(x, n, p));
}

/* ---- Poisson ---- */

static ct_array poisson_inside(ct_array x, ct_array mu)
{
    return sub(sub(xlogy(x, mu), op_lgamma(add(x, 1))), mu);
}
FORMULA3(poisson, logpmf, k, mu, loc,
         where(either(lt(sub(k, loc), 0), op_ne(op_round(k, ROUND_TO_EVEN), k)), -INFINITY,
               poisson_inside(sub(k, loc), mu)))
FORMULA3(poisson, pmf, k, mu, loc, op_exp(poisson_logpmf(k, mu, loc)))
FORMULA3(poisson, cdf, k, mu, loc,
         where(lt(sub(k, loc), 0), 0, scipy_special_gammaincc(op_floor(add(1, sub(k, loc))), mu)))

/* The entropy as a sum over the counts below `terms`, where more than `beyond(mu)` do not matter.
 */
static ct_array summed_entropy(ct_array mu, int64_t terms, ct_array beyond)
{
    ct_array k = op_convert(op_iota(CT_INT32, I(terms, 1), 0), dtype_of(mu), false);
    ct_array row = op_expand_dims(mu, I(0)), zero = op_number(0, mu);
    ct_array p = poisson_pmf(k, row, zero);
    p = where(lt(k, op_expand_dims(op_ceil(beyond), I(0))), p, 0);
    return ct_sum(scipy_special_entr(p), .axis = I(0));
}

ct_array scipy_stats_poisson_entropy(const ct_scipy_stats_poisson_entropy_args *a)
{
    ct_array v[] = {a->mu, a->loc};
    dimlist shape;
    if (!numpy_promote_inexact("poisson.entropy", 2, v, v) ||
        !numpy_broadcast_shape("poisson.entropy", 2, v, &shape))
        return array_poison;
    ct_array mu = op_reshape(v[0], I(v[0]->size));
    ct_array small = summed_entropy(mu, 35, add(mu, 20));
    ct_array medium = summed_entropy(mu, 250, add(add(mu, mul(10, op_sqrt(mu))), 20));
    ct_array large = mul(0.5, op_log(mul(2 * PI * exp(1), mu)));
    large = sub(large, div(1, mul(12, mu)));
    ct_array value = where(lt(mu, 10), small, where(lt(mu, 100), medium, large));
    value = op_reshape(where(eq(mu, 0), 0, value), shape_of(v[0]));
    return numpy_broadcast_one("poisson.entropy", value, dimlist_ints(&shape));
}
