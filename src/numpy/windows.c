/* Windows of signals (bartlett, blackman, hamming, hanning, kaiser), and the Bessel function that
 * one of them needs. */
#define OPS_SHORT_NAMES
#include "numpy/shape.h"

#include <math.h>

/* Whether a window has one point or none, and then it is ones; the points 0, 1, ... otherwise. */
static bool trivial(const char *what, int64_t m, ct_array *points)
{
    ct_dtype d = dtype_default(FAMILY_FLOAT);
    if (m < 0) {
        *points = ct_fail(CT_VALUE_ERROR, "%s: the count of points must not be negative, got %lld.",
                          what, (long long)m);
        return true;
    }
    *points = m <= 1 ? op_full(&(aval){(uint8_t)d, false, 1, &m}, 1) : op_iota(d, I(m), 0);
    return m <= 1;
}

ct_array numpy_bartlett(const ct_bartlett_args *a)
{
    ct_array n;
    if (trivial("bartlett", a->M, &n))
        return n;
    double last = (double)(a->M - 1);
    return sub(1, div(op_abs(sub(add(mul(2, n), 1), (double)a->M)), last));
}

/* first - second cos(2 pi n / last) + third cos(4 pi n / last) */
static ct_array cosines(const char *what, int64_t m, double first, double second, double third)
{
    ct_array n;
    if (trivial(what, m, &n))
        return n;
    ct_array turn = div(mul(2 * M_PI, n), (double)(m - 1));
    ct_array y = sub(first, mul(second, op_cos(turn)));
    return third ? add(y, mul(third, op_cos(mul(2, turn)))) : y;
}

ct_array numpy_blackman(const ct_blackman_args *a)
{
    return cosines("blackman", a->M, 0.42, 0.5, 0.08);
}
ct_array numpy_hamming(const ct_hamming_args *a) { return cosines("hamming", a->M, 0.54, 0.46, 0); }
ct_array numpy_hanning(const ct_hanning_args *a) { return cosines("hanning", a->M, 0.5, 0.5, 0); }

ct_array numpy_kaiser(const ct_kaiser_args *a)
{
    ct_array n;
    if (trivial("kaiser", a->M, &n))
        return n;
    double middle = 0.5 * (double)(a->M - 1);
    ct_array beta = numpy_cast(a->beta, dtype_of(n));
    ct_array width = op_sqrt(sub(1, op_square(div(sub(n, middle), middle))));
    return ct_divide(ct_i0(ct_multiply(beta, width)), ct_i0(beta));
}

static ct_array bessel(ct_array x) { return mul(op_exp(op_abs(x)), op_bessel_i0e(x)); }

static ct_tree bessel_rule(ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0), slope = mul(op_exp(op_abs(x)), op_bessel_i1e(x));
    return ct_tuple(ct_i0(x), mul(ct_at(tangents, 0), slope));
}

ct_array numpy_i0(ct_array x)
{
    if (!numpy_promote_inexact("i0", 1, &x, &x))
        return array_poison;
    if (dtype_is(dtype_of(x), FAMILY_COMPLEX))
        return ct_fail(CT_VALUE_ERROR, "Unsupported input type to jax.numpy.i0: %s",
                       dtype_table[dtype_of(x)].name);
    return numpy_with_rule("i0", (ct_c_function)bessel, bessel_rule, 1, &x);
}
