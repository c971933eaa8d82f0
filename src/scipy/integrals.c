/* jax.scipy.special: functions that are one operation of one of src/kernel's integrals.c and
 * hypergeometric.c; Faddeeva's function, Bernoulli's numbers and spherical harmonics. */
#define OPS_NUMBER numpy_literal
#include "scipy/scipy.h"

#include "kernel/special.h"
#include "numpy/shape.h"

#include <math.h>

/* n real numbers of one dtype and shape, never weak. */
static bool reals(const char *what, int64_t n, ct_array *v)
{
    if (!numpy_promote_inexact(what, n, v, v))
        return false;
    if (dtype_is(dtype_of(v[0]), FAMILY_COMPLEX)) {
        base_fail(CT_VALUE_ERROR, "%s does not support complex-valued inputs.", what);
        return false;
    }
    for (int64_t i = 0; i < n; i++)
        v[i] = op_convert(v[i], dtype_of(v[i]), false);
    return numpy_broadcast(what, n, v, v);
}

static ct_array real_unary(const char *what, ct_array x, unary_op *f)
{
    return reals(what, 1, &x) ? f(x) : array_poison;
}

static ct_array real_binary(const char *what, ct_array x, ct_array y, binary_op *f)
{
    ct_array v[] = {x, y};
    return reals(what, 2, v) ? f(v[0], v[1]) : array_poison;
}

ct_array scipy_special_dawsn(ct_array x) { return real_unary("dawsn", x, op_dawsn); }

ct_array scipy_special_expi(ct_array x) { return real_unary("expi", x, op_expi); }

static ct_array exp1(ct_array x) { return op_expn(op_full_like(x, 1), x); }

ct_array scipy_special_exp1(ct_array x) { return real_unary("exp1", x, exp1); }

ct_array scipy_special_expn(ct_array n, ct_array x) { return real_binary("expn", n, x, op_expn); }

ct_array scipy_special_owens_t(ct_array h, ct_array a)
{
    return real_binary("owens_t", h, a, op_owens_t);
}

ct_array scipy_special_spence(ct_array x)
{
    if (dtype_of(x) != CT_FLOAT32 && dtype_of(x) != CT_FLOAT64)
        return ct_fail(CT_TYPE_ERROR,
                       "spence: x.dtype=%s is not supported; float32 and float64 are.",
                       ct_dtype_name(dtype_of(x)));
    return op_spence(x);
}

static ct_tree two(const char *what, ct_array x, unary_op *first, unary_op *second)
{
    if (!reals(what, 1, &x))
        return array_poison;
    ct_array a = first(x);
    return ct_tuple(a, second(x));
}

ct_tree scipy_special_sici(ct_array x) { return two("sici", x, op_sinint, op_cosint); }

ct_tree scipy_special_fresnel(ct_array x)
{
    return two("fresnel", x, op_fresnel_sin, op_fresnel_cos);
}

ct_array scipy_special_hyp1f1(ct_array a, ct_array b, ct_array x)
{
    ct_array v[] = {a, b, x};
    return reals("hyp1f1", 3, v) ? op_hyp1f1(v[0], v[1], v[2]) : array_poison;
}

ct_array scipy_special_hyp2f1(const ct_scipy_special_hyp2f1_args *a)
{
    ct_array v[] = {a->a, a->b, a->c, a->x};
    return reals("hyp2f1", 4, v) ? op_hyp2f1(v[0], v[1], v[2], v[3]) : array_poison;
}

ct_array scipy_special_bessel_jn(const ct_scipy_special_bessel_jn_args *a)
{
    ct_array z = a->z;
    if (a->v < 0)
        return ct_fail(CT_VALUE_ERROR, "bessel_jn: v must not be negative, got %lld.",
                       (long long)a->v);
    if (!reals("bessel_jn", 1, &z))
        return array_poison;
    z = op_expand_dims(z, I(0));
    if (is_poison(z))
        return z;
    dimlist ones = {.n = z->aval.ndim};
    for (int64_t i = 0; i < ones.n; i++)
        ones.at[i] = i ? 1 : a->v + 1;
    ct_array v[] = {op_iota(dtype_of(z), dimlist_ints(&ones), 0), z};
    return numpy_broadcast("bessel_jn", 2, v, v) ? op_bessel_jn(v[0], v[1]) : array_poison;
}

/* ---- complex: w(z) = e^(-z^2) erfc(-iz), by the rational expansion of J. A. C. Weideman, SIAM J.
 * Numer. Anal. 31, 1994, in the upper half plane ---- */

enum { TERMS = 32 };

/* The coefficients, lowest first: Fourier coefficients of e^(-t^2) (L^2 + t^2) at t = L tan(s/2).
 */
static double weideman(double coefficients[TERMS])
{
    enum { POINTS = 4 * TERMS };
    double width = sqrt(TERMS / M_SQRT2);
    for (int n = 0; n < TERMS; n++) {
        double sum = 0;
        for (int k = 1 - POINTS / 2; k < POINTS / 2; k++) {
            double angle = 2 * M_PI * k / POINTS, t = width * tan(angle / 2);
            sum += exp(-t * t) * (width * width + t * t) * cos((n + 1) * angle);
        }
        coefficients[n] = sum / POINTS;
    }
    return width;
}

static ct_array wofz_above(ct_array z)
{
    double c[TERMS], width = weideman(c);
    ct_array zero = op_full_like(op_real(z), 0);
    ct_array iz = op_complex(neg(op_imag(z)), op_real(z)), below = sub(width, iz);
    ct_array ratio = div(add(width, iz), below),
             sum = op_complex(op_full_like(zero, c[TERMS - 1]), zero);
    for (int n = TERMS - 2; n >= 0; n--)
        sum = add(mul(sum, ratio), c[n]);
    ct_array first = div(mul(2, sum), mul(below, below));
    return add(first, div(1 / sqrt(M_PI), below));
}

static ct_array wofz(ct_array z)
{
    ct_array above = ge(op_imag(z), 0), up = op_select_n(above, 2, (ct_array[]){neg(z), z});
    ct_array w = wofz_above(up), other = sub(mul(2, op_exp(neg(mul(z, z)))), w);
    return op_select_n(above, 2, (ct_array[]){other, w});
}

/* w' = 2i / sqrt(pi) - 2 z w. */
static ct_tree wofz_rule(ct_tree primals, ct_tree tangents)
{
    ct_array z = ct_at(primals, 0);
    ct_array w = numpy_with_rule("_wofz", (ct_c_function)wofz, wofz_rule, 1, &z);
    if (is_poison(w))
        return w;
    ct_array zero = op_full_like(op_real(z), 0);
    ct_array i = op_complex(zero, op_full_like(zero, 2 / sqrt(M_PI)));
    return ct_tuple(w, mul(ct_at(tangents, 0), sub(i, mul(mul(2, z), w))));
}

static ct_array wofz_of(ct_array z)
{
    return numpy_with_rule("_wofz", (ct_c_function)wofz, wofz_rule, 1, &z);
}

ct_array scipy_special_wofz(ct_array z)
{
    if (!numpy_promote_inexact("wofz", 1, &z, &z))
        return array_poison;
    ct_dtype d = dtype_real_part(dtype_of(z)) == CT_FLOAT64 ? CT_COMPLEX128 : CT_COMPLEX64;
    return wofz_of(op_convert(z, d, false));
}

ct_array scipy_special_erfcx(ct_array x)
{
    if (!numpy_promote_inexact("erfcx", 1, &x, &x))
        return array_poison;
    if (!dtype_is(dtype_of(x), FAMILY_COMPLEX))
        return op_erfcx(op_convert(x, dtype_of(x), false));
    return wofz_of(op_complex(neg(op_imag(x)), op_real(x)));
}

/* ---- numbers and harmonics ---- */

/* B_2k = (-1)^(k+1) 2 (2k)! zeta(2k) / (2 pi)^2k. */
ct_array scipy_special_bernoulli(const ct_scipy_special_bernoulli_args *a)
{
    int64_t n = a->n;
    if (n < 0)
        return ct_fail(CT_VALUE_ERROR, "n must be a non-negative integer.");
    double *b = base_zalloc((size_t)(n + 1) * sizeof *b), size = 2;
    if (!b)
        return array_poison;
    b[0] = 1;
    if (n > 0)
        b[1] = -0.5;
    for (int64_t k = 2; k <= n; k += 2) {
        size *= (double)(k * (k - 1)) / (4 * M_PI * M_PI);
        b[k] = (k % 4 ? 1 : -1) * size * special_zeta((double)k, 1);
    }
    ct_array exact = ct_from_data(CT_FLOAT64, I(n + 1), b);
    base_free(b);
    return numpy_cast(exact, dtype_default(FAMILY_FLOAT));
}

/* The degrees have to be known in JAX; here the bound they need is checked where it is given. */
static bool bound_known(const ct_scipy_special_sph_harm_y_args *a)
{
    ct_array concrete;
    if (a->n_max.given || core_concrete(a->n, &concrete))
        return true;
    base_fail(CT_CONCRETIZATION_ERROR,
              "The `n_max` argument of sph_harm_y must be statically specified to use it within "
              "transformations.");
    return false;
}

ct_array scipy_special_sph_harm_y(const ct_scipy_special_sph_harm_y_args *a)
{
    if (a->diff_n.given)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "The 'diff_n' argument to jax.scipy.special.sph_harm_y is not supported.");
    if (!bound_known(a))
        return array_poison;
    ct_array v[] = {a->n, a->m, shape_at_least(a->theta, 1), a->phi};
    if (!numpy_promote_inexact("sph_harm_y", 2, v + 2, v + 2))
        return array_poison;
    ct_dtype d = dtype_of(v[2]);
    for (int i = 0; i < 4; i++)
        v[i] = op_convert(v[i], d, false);
    if (!numpy_broadcast("sph_harm_y", 4, v, v))
        return array_poison;
    ct_array order = op_abs(v[1]), size = op_legendre(v[0], order, op_cos(v[2]));
    ct_array angle = mul(order, v[3]);
    ct_array re = mul(size, op_cos(angle)), im = mul(size, op_sin(angle));
    ct_array odd = eq(op_rem(order, op_number(2, order)), 1), negative = lt(v[1], 0);
    ct_array flips_re = both(negative, odd), flips_im = both(negative, op_not(odd));
    return op_complex(select(flips_re, neg(re), re), select(flips_im, neg(im), im));
}

/* ---- exponentials along axes ---- */

ct_array scipy_special_softmax(const ct_scipy_special_softmax_args *a)
{
    return ct_nn_softmax(a->x, .axis = a->axis.n ? a->axis : ALL_AXES);
}

ct_array scipy_special_log_softmax(const ct_scipy_special_log_softmax_args *a)
{
    return ct_nn_log_softmax(a->x, .axis = a->axis.n ? a->axis : ALL_AXES);
}
