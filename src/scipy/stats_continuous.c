/* Continuous distributions of jax.scipy.stats. Discrete ones are in stats_discrete.c. */
#include "scipy/stats.h"

#include "numpy/shape.h"

/* ---- beta ---- */

static ct_array beta_inside(ct_array x, ct_array a, ct_array b, ct_array loc, ct_array scale)
{
    ct_array norm = neg(betaln(a, b)), y = standard(x, loc, scale);
    ct_array powers = xlogy(sub(a, 1), y);
    powers = add(powers, xlog1py(sub(b, 1), neg(y)));
    return sub(add(norm, powers), op_log(scale));
}
static ct_array outside(ct_array x, ct_array loc, ct_array scale)
{
    return either(gt(x, add(loc, scale)), lt(x, loc));
}
FORMULA5(beta, logpdf, x, a, b, loc, scale,
         where(either(either(le(a, 0), le(b, 0)), le(scale, 0)), NAN,
               where(outside(x, loc, scale), -INFINITY, beta_inside(x, a, b, loc, scale))))
FORMULA5(beta, pdf, x, a, b, loc, scale, op_exp(beta_logpdf(x, a, b, loc, scale)))
FORMULA5(beta, cdf, x, a, b, loc, scale,
         scipy_special_betainc(a, b, clipped(standard(x, loc, scale), 0, 1)))
FORMULA5(beta, logcdf, x, a, b, loc, scale, op_log(beta_cdf(x, a, b, loc, scale)))
FORMULA5(beta, sf, x, a, b, loc, scale,
         scipy_special_betainc(b, a, sub(1, clipped(standard(x, loc, scale), 0, 1))))
FORMULA5(beta, logsf, x, a, b, loc, scale, op_log(beta_sf(x, a, b, loc, scale)))

/* ---- Cauchy ---- */

FORMULA3(cauchy, logpdf, x, loc, scale,
         neg(add(op_log(mul(PI, scale)), op_log1p(op_square(standard(x, loc, scale))))))
FORMULA3(cauchy, pdf, x, loc, scale, op_exp(cauchy_logpdf(x, loc, scale)))
FORMULA3(cauchy, cdf, x, loc, scale, add(0.5, mul(1 / PI, op_atan(standard(x, loc, scale)))))
FORMULA3(cauchy, logcdf, x, loc, scale, op_log(cauchy_cdf(x, loc, scale)))
FORMULA3(cauchy, sf, x, loc, scale, cauchy_cdf(neg(x), neg(loc), scale))
FORMULA3(cauchy, logsf, x, loc, scale, cauchy_logcdf(neg(x), neg(loc), scale))
FORMULA3(cauchy, ppf, q, loc, scale, add(mul(op_tan(sub(mul(PI, q), PI / 2)), scale), loc))
FORMULA3(cauchy, isf, q, loc, scale, add(mul(op_tan(sub(PI / 2, mul(PI, q))), scale), loc))

/* ---- chi-squared: gamma of df / 2 at half of x ---- */

static ct_array chi2_inside(ct_array x, ct_array df, ct_array loc, ct_array scale)
{
    ct_array y = standard(x, loc, scale), half = div(df, 2);
    ct_array kernel = sub(mul(sub(half, 1), op_log(y)), div(y, 2));
    ct_array norm = neg(add(op_lgamma(half), div(mul(log(2), df), 2)));
    return add(sub(norm, op_log(scale)), kernel);
}
static ct_array chi2_half(ct_array x, ct_array loc, ct_array scale)
{
    return clipped(div(sub(x, loc), mul(scale, 2)), 0, INFINITY);
}
FORMULA4(chi2, logpdf, x, df, loc, scale,
         where(lt(x, loc), -INFINITY, chi2_inside(x, df, loc, scale)))
FORMULA4(chi2, pdf, x, df, loc, scale, op_exp(chi2_logpdf(x, df, loc, scale)))
FORMULA4(chi2, cdf, x, df, loc, scale, scipy_special_gammainc(div(df, 2), chi2_half(x, loc, scale)))
FORMULA4(chi2, logcdf, x, df, loc, scale, op_log(chi2_cdf(x, df, loc, scale)))
FORMULA4(chi2, sf, x, df, loc, scale, scipy_special_gammaincc(div(df, 2), chi2_half(x, loc, scale)))
FORMULA4(chi2, logsf, x, df, loc, scale, op_log(chi2_sf(x, df, loc, scale)))

/* ---- exponential ---- */

FORMULA3(expon, logpdf, x, loc, scale,
         where(lt(x, loc), -INFINITY, neg(add(standard(x, loc, scale), op_log(scale)))))
FORMULA3(expon, pdf, x, loc, scale, op_exp(expon_logpdf(x, loc, scale)))
FORMULA3(expon, logsf, x, loc, scale, where(lt(x, loc), 0, standard(loc, x, scale)))
FORMULA3(expon, sf, x, loc, scale, op_exp(expon_logsf(x, loc, scale)))
FORMULA3(expon, cdf, x, loc, scale, where(lt(x, loc), 0, neg(op_expm1(standard(loc, x, scale)))))
FORMULA3(expon, logcdf, x, loc, scale, op_log1p(neg(expon_sf(x, loc, scale))))
FORMULA3(expon, ppf, q, loc, scale, where(improper(q), NAN, sub(loc, mul(scale, op_log1p(neg(q))))))

/* ---- gamma ---- */

static ct_array gamma_inside(ct_array y, ct_array a, ct_array scale)
{
    ct_array linear = sub(xlogy(sub(a, 1), y), y);
    return sub(linear, add(op_lgamma(a), op_log(scale)));
}
FORMULA4(gamma, logpdf, x, a, loc, scale,
         where(ge(x, loc), gamma_inside(where(ge(x, loc), standard(x, loc, scale), 1), a, scale),
               -INFINITY))
FORMULA4(gamma, pdf, x, a, loc, scale, op_exp(gamma_logpdf(x, a, loc, scale)))
FORMULA4(gamma, cdf, x, a, loc, scale,
         scipy_special_gammainc(a, clipped(standard(x, loc, scale), 0, INFINITY)))
FORMULA4(gamma, logcdf, x, a, loc, scale, op_log(gamma_cdf(x, a, loc, scale)))
FORMULA4(gamma, sf, x, a, loc, scale,
         where(lt(standard(x, loc, scale), 0), 1,
               scipy_special_gammaincc(a, standard(x, loc, scale))))
FORMULA4(gamma, logsf, x, a, loc, scale, op_log(gamma_sf(x, a, loc, scale)))

/* ---- generalized normal ---- */

LAW2(gennorm, logpdf, x, beta,
     sub(sub(op_log(mul(0.5, beta)), op_lgamma(div(1, beta))), ct_power(op_abs(x), beta)))
LAW2(gennorm, pdf, x, beta, op_exp(gennorm_logpdf(x, beta)))
LAW2(gennorm, cdf, x, beta,
     mul(0.5,
         add(1, mul(op_sign(x), scipy_special_gammainc(div(1, beta), ct_power(op_abs(x), beta))))))

/* ---- Gumbel: NaN where the scale is not positive ---- */

static ct_array scaled(ct_array scale, ct_array value) { return where(gt(scale, 0), value, NAN); }
static ct_array inside_unit(ct_array p, ct_array value)
{
    return where(both(gt(p, 0), lt(p, 1)), value, NAN);
}
static ct_array gumbel_density(ct_array z, ct_array scale) /* of z - exp(z) */
{
    ct_array norm = xlogy(numpy_number(-1, scale), scale);
    return scaled(scale, add(norm, sub(z, op_exp(z))));
}
FORMULA3(gumbel_l, logpdf, x, loc, scale, gumbel_density(standard(x, loc, scale), scale))
FORMULA3(gumbel_l, pdf, x, loc, scale, op_exp(gumbel_l_logpdf(x, loc, scale)))
FORMULA3(gumbel_l, logsf, x, loc, scale, scaled(scale, neg(op_exp(standard(x, loc, scale)))))
FORMULA3(gumbel_l, sf, x, loc, scale, op_exp(gumbel_l_logsf(x, loc, scale)))
FORMULA3(gumbel_l, logcdf, x, loc, scale,
         scaled(scale, op_log(neg(op_expm1(neg(op_exp(standard(x, loc, scale))))))))
FORMULA3(gumbel_l, cdf, x, loc, scale, op_exp(gumbel_l_logcdf(x, loc, scale)))
FORMULA3(gumbel_l, ppf, p, loc, scale,
         inside_unit(p, add(loc, mul(scale, op_log(xlog1py(numpy_number(-1, p), neg(p)))))))

FORMULA3(gumbel_r, logpdf, x, loc, scale, gumbel_density(neg(standard(x, loc, scale)), scale))
FORMULA3(gumbel_r, pdf, x, loc, scale, op_exp(gumbel_r_logpdf(x, loc, scale)))
FORMULA3(gumbel_r, logcdf, x, loc, scale, scaled(scale, neg(op_exp(neg(standard(x, loc, scale))))))
FORMULA3(gumbel_r, cdf, x, loc, scale, op_exp(gumbel_r_logcdf(x, loc, scale)))
FORMULA3(gumbel_r, sf, x, loc, scale,
         scaled(scale, sub(1, op_exp(neg(op_exp(standard(loc, x, scale)))))))
FORMULA3(gumbel_r, logsf, x, loc, scale,
         scaled(scale, ct_nn_log1mexp(op_exp(standard(loc, x, scale)))))
FORMULA3(gumbel_r, ppf, p, loc, scale,
         inside_unit(p, sub(loc, mul(scale, op_log(xlogy(numpy_number(-1, p), p))))))

/* ---- Laplace, logistic ---- */

static ct_array laplace_below(ct_array z)
{
    ct_array left = mul(0.5, op_exp(z));
    return where(le(z, 0), left, sub(1, mul(0.5, op_exp(neg(z)))));
}
FORMULA3(laplace, logpdf, x, loc, scale,
         neg(add(div(op_abs(sub(x, loc)), scale), op_log(mul(2, scale)))))
FORMULA3(laplace, pdf, x, loc, scale, op_exp(laplace_logpdf(x, loc, scale)))
FORMULA3(laplace, cdf, x, loc, scale, laplace_below(standard(x, loc, scale)))

static ct_array logistic_density(ct_array half, ct_array scale)
{
    return sub(mul(-2, ct_logaddexp(half, neg(half))), op_log(scale));
}
FORMULA3(logistic, logpdf, x, loc, scale, logistic_density(div(standard(x, loc, scale), 2), scale))
FORMULA3(logistic, pdf, x, loc, scale, op_exp(logistic_logpdf(x, loc, scale)))
FORMULA3(logistic, cdf, x, loc, scale, op_logistic(standard(x, loc, scale)))
FORMULA3(logistic, sf, x, loc, scale, op_logistic(neg(standard(x, loc, scale))))
FORMULA3(logistic, ppf, x, loc, scale, add(mul(scipy_special_logit(x), scale), loc))
FORMULA3(logistic, isf, x, loc, scale, add(mul(neg(scipy_special_logit(x)), scale), loc))

/* ---- normal ---- */

static ct_array log_ndtr(ct_array x) { return ct_scipy_special_log_ndtr(x); }
static ct_array normal_quantile(ct_array q, ct_array loc, ct_array scale)
{
    return numpy_cast(add(mul(scipy_special_ndtri(q), scale), loc), dtype_default(FAMILY_FLOAT));
}
FORMULA3(norm, logpdf, x, loc, scale,
         div(add(op_log(mul(2 * PI, op_square(scale))),
                 div(op_square(sub(x, loc)), op_square(scale))),
             -2))
FORMULA3(norm, pdf, x, loc, scale, op_exp(norm_logpdf(x, loc, scale)))
FORMULA3(norm, cdf, x, loc, scale, scipy_special_ndtr(standard(x, loc, scale)))
FORMULA3(norm, logcdf, x, loc, scale, log_ndtr(standard(x, loc, scale)))
FORMULA3(norm, sf, x, loc, scale, norm_cdf(neg(x), neg(loc), scale))
FORMULA3(norm, logsf, x, loc, scale, norm_logcdf(neg(x), neg(loc), scale))
FORMULA3(norm, ppf, q, loc, scale, normal_quantile(q, loc, scale))
FORMULA3(norm, isf, q, loc, scale, normal_quantile(sub(1, q), loc, scale))

/* ---- Pareto: on x >= loc + scale ---- */

static ct_array before(ct_array x, ct_array loc, ct_array scale, double value, ct_array otherwise)
{
    return where(lt(x, add(loc, scale)), value, otherwise);
}
FORMULA4(pareto, logpdf, x, b, loc, scale,
         before(x, loc, scale, -INFINITY,
                neg(add(op_log(div(scale, b)), mul(add(b, 1), op_log(standard(x, loc, scale)))))))
FORMULA4(pareto, pdf, x, b, loc, scale, op_exp(pareto_logpdf(x, b, loc, scale)))
FORMULA4(pareto, cdf, x, b, loc, scale,
         before(x, loc, scale, 0, sub(1, op_pow(standard(x, loc, scale), neg(b)))))
FORMULA4(pareto, logcdf, x, b, loc, scale,
         before(x, loc, scale, -INFINITY, op_log1p(neg(op_pow(standard(x, loc, scale), neg(b))))))
FORMULA4(pareto, logsf, x, b, loc, scale,
         before(x, loc, scale, 0, neg(mul(b, op_log(standard(x, loc, scale))))))
FORMULA4(pareto, sf, x, b, loc, scale, op_exp(pareto_logsf(x, b, loc, scale)))
FORMULA4(pareto, ppf, q, b, loc, scale,
         where(improper(q), NAN, add(loc, mul(scale, op_pow(sub(1, q), neg(div(1, b)))))))

/* ---- Student's t ---- */

static ct_array t_density(ct_array z, ct_array df, ct_array scale)
{
    ct_array half = div(df, 2), exponent = add(half, 0.5);
    ct_array root = div(op_log(mul(mul(op_square(scale), PI), df)), 2);
    ct_array norm = sub(add(op_lgamma(half), root), op_lgamma(exponent));
    return neg(add(norm, mul(exponent, op_log1p(div(op_square(z), df)))));
}
FORMULA4(t, logpdf, x, df, loc, scale, t_density(standard(x, loc, scale), df, scale))
FORMULA4(t, pdf, x, df, loc, scale, op_exp(t_logpdf(x, df, loc, scale)))

/* ---- truncated normal ---- */

/* log(exp(x) - exp(y)) for x >= y. */
static ct_array log_difference(ct_array x, ct_array y)
{
    ct_array v[] = {x, y};
    if (!numpy_broadcast("truncnorm", 2, v, v))
        return array_poison;
    ct_array signs[] = {op_full_like(v[0], 1), op_full_like(v[0], -1)};
    ct_array stacked = op_stack(2, v, 0);
    return nn_logsumexp_of(stacked, I(0), op_stack(2, signs, 0), false, false, NULL);
}

/* Logarithm of the probability of [a, b], from whichever tail keeps it exact. */
static ct_array log_mass(ct_array a, ct_array b)
{
    ct_array v[] = {a, b};
    if (!numpy_broadcast("truncnorm", 2, v, v))
        return array_poison;
    a = v[0], b = v[1];
    ct_array right = gt(a, 0), central = op_not(either(le(b, 0), right));
    ct_array low = where(right, neg(b), a), high = where(right, neg(a), b);
    ct_array tail = log_difference(log_ndtr(high), log_ndtr(low));
    ct_array below = scipy_special_ndtr(a), above = scipy_special_ndtr(neg(b));
    return where(central, op_log1p(sub(neg(below), above)), tail);
}

static ct_array truncated(ct_array a, ct_array b, ct_array value)
{
    return where(ge(a, b), NAN, value);
}

static ct_array truncnorm_density(ct_array x, ct_array a, ct_array b, ct_array loc, ct_array scale)
{
    ct_array value = sub(norm_logpdf(x, loc, scale), log_mass(a, b)), z = standard(x, loc, scale);
    return where(either(lt(z, a), gt(z, b)), -INFINITY, value);
}

/* Near one, through the mass above. */
static ct_array truncnorm_below(ct_array z, ct_array a, ct_array b)
{
    ct_array mass = log_mass(a, b);
    ct_array below = sub(log_mass(a, z), mass), above = sub(log_mass(z, b), mass);
    ct_array value = where(gt(below, -0.1), op_log1p(neg(op_exp(above))), below);
    return where(ge(z, b), 0, where(le(z, a), -INFINITY, value));
}

FORMULA5(truncnorm, logpdf, x, a, b, loc, scale,
         truncated(a, b, truncnorm_density(x, a, b, loc, scale)))
FORMULA5(truncnorm, pdf, x, a, b, loc, scale, op_exp(truncnorm_logpdf(x, a, b, loc, scale)))
FORMULA5(truncnorm, logcdf, x, a, b, loc, scale,
         truncated(a, b, truncnorm_below(standard(x, loc, scale), a, b)))
FORMULA5(truncnorm, cdf, x, a, b, loc, scale, op_exp(truncnorm_logcdf(x, a, b, loc, scale)))
FORMULA5(truncnorm, logsf, x, a, b, loc, scale,
         truncnorm_logcdf(neg(x), neg(b), neg(a), neg(loc), scale))
FORMULA5(truncnorm, sf, x, a, b, loc, scale, op_exp(truncnorm_logsf(x, a, b, loc, scale)))

/* ---- uniform ---- */

FORMULA3(uniform, logpdf, x, loc, scale,
         where(outside(x, loc, scale), -INFINITY, neg(op_log(scale))))
FORMULA3(uniform, pdf, x, loc, scale, op_exp(uniform_logpdf(x, loc, scale)))
FORMULA3(uniform, cdf, x, loc, scale,
         where(lt(x, loc), op_number(0, x),
               where(gt(x, add(loc, scale)), op_number(1, x), standard(x, loc, scale))))
FORMULA3(uniform, ppf, q, loc, scale, where(improper(q), NAN, add(loc, mul(scale, q))))

/* ---- on the circle: von Mises, wrapped Cauchy ---- */

LAW2(vonmises, logpdf, x, kappa,
     where(gt(kappa, 0),
           sub(mul(kappa, sub(op_cos(x), 1)), op_log(mul(2 * PI, op_bessel_i0e(kappa)))), NAN))
LAW2(vonmises, pdf, x, kappa, op_exp(vonmises_logpdf(x, kappa)))

static ct_array wrapped(ct_array x, ct_array c)
{
    ct_array cc = op_square(c);
    ct_array norm = sub(op_log(sub(1, cc)), log(2 * PI));
    return sub(norm, op_log(sub(add(1, cc), mul(mul(2, c), op_cos(x)))));
}
LAW2(wrapcauchy, logpdf, x, c,
     where(both(gt(c, 0), lt(c, 1)), where(both(ge(x, 0), le(x, 2 * PI)), wrapped(x, c), -INFINITY),
           NAN))
LAW2(wrapcauchy, pdf, x, c, op_exp(wrapcauchy_logpdf(x, c)))

/* ---- Dirichlet ---- */

static ct_array dirichlet(ct_array x, ct_array alpha)
{
    ct_array v[] = {x, alpha};
    if (!numpy_promote_inexact("dirichlet.logpdf", 2, v, v))
        return array_poison;
    x = v[0], alpha = v[1];
    if (alpha->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "`alpha` must be one-dimensional; got alpha.shape=%s",
                       dims_string(shape_of(alpha)));
    int64_t n = alpha->aval.shape[0], given = x->aval.ndim ? x->aval.shape[0] : -1;
    if (given != n && given != n - 1)
        return ct_fail(CT_VALUE_ERROR,
                       "`x` must have either the same number of entries as `alpha` or one entry "
                       "fewer; got x.shape=%s, alpha.shape=%s",
                       dims_string(shape_of(x)), dims_string(shape_of(alpha)));
    if (given != n) {
        ct_array rest = sub(1, ct_sum(x, .axis = I(0), .keepdims = true));
        x = op_concatenate(2, (ct_array[]){x, rest}, 0);
    }
    ct_array norm = ct_sum(op_lgamma(alpha));
    norm = sub(norm, op_lgamma(ct_sum(alpha)));
    dimlist last = {.n = x->aval.ndim - 1};
    for (int64_t i = 0; i < last.n; i++)
        last.at[i] = i + 1;
    if (last.n)
        alpha = op_expand_dims(alpha, dimlist_ints(&last));
    ct_array value = sub(ct_sum(xlogy(sub(alpha, 1), x), .axis = I(0)), norm);
    ct_array off = op_abs(sub(ct_sum(x, .axis = I(0)), 1));
    ct_array simplex = both(ct_all(gt(x, 0), .axis = I(0)), lt(off, 1e-6));
    return where(simplex, value, -INFINITY);
}

ct_array scipy_stats_dirichlet_logpdf(ct_array x, ct_array alpha) { return dirichlet(x, alpha); }

ct_array scipy_stats_dirichlet_pdf(ct_array x, ct_array alpha)
{
    return op_exp(dirichlet(x, alpha));
}
