/* Special functions by series, continued fractions and recurrences. Next: loops_special.c.
 *
 * Sources: Abramowitz and Stegun, "Handbook of Mathematical Functions", chapters 6, 9, 23, 26;
 * Lentz's method for continued fractions. Sums run in long double, so that float64 results keep
 * their last places. Edge cases are JAX's. */
#define _GNU_SOURCE
#include <math.h>
#include "kernel/special.h"

typedef long double wide;
#define TINY 1e-4000L
#define CLOSE 1e-19L
enum { MOST = 200000 }; /* terms, far beyond what any argument of use needs */

double special_lgamma(double x)
{
    int sign;
    return x == -INFINITY ? INFINITY : lgamma_r(x, &sign);
}

double special_rem(double x, double y) { return fmod(x, y); }

/* Upwards to x >= 20 by recurrence, then the asymptotic series (A&S 6.3.18). */
static wide digamma_positive(wide x)
{
    static const wide terms[] = {-1.0L / 12,  1.0L / 120,     -1.0L / 252, 1.0L / 240,
                                 -1.0L / 132, 691.0L / 32760, -1.0L / 12,  3617.0L / 8160};
    wide sum = 0, power = 1;
    for (; x < 20; x += 1)
        sum -= 1 / x;
    sum += logl(x) - 0.5L / x;
    for (int i = 0; i < 8; i++)
        sum += terms[i] * (power /= x * x);
    return sum;
}

double special_digamma(double x)
{
    const wide pi = 3.14159265358979323846264338327950288L;
    if (x <= 0 && x == floor(x))
        return NAN;
    if (x > 0 || isnan(x))
        return (double)(isinf(x) || isnan(x) ? x : digamma_positive(x));
    return (double)(digamma_positive(1 - (wide)x) - pi / tanl(pi * (x - rint(x))));
}

/* ---- modified Bessel functions, scaled by e^-|x|: the power series, or the asymptotic one
 * (A&S 9.6.10, 9.7.1) ---- */
static double bessel_scaled(double x, int order)
{
    wide a = fabsl(x), sum, term, mu = 4 * order * order;
    if (a < 40) {
        term = sum = order ? a / 2 : 1;
        for (int k = 1; k < 400 && term > sum * CLOSE; k++)
            sum += term *= a * a / 4 / ((wide)k * (k + order));
        sum *= expl(-a);
    } else {
        term = sum = 1;
        for (int k = 1; k < 60 && fabsl(term) > CLOSE; k++)
            sum += term *= -(mu - (2 * k - 1.0L) * (2 * k - 1)) / (k * 8 * a);
        sum /= sqrtl(2 * 3.14159265358979323846264338327950288L * a);
    }
    return (double)(order && x < 0 ? -sum : sum);
}

double special_bessel_i0e(double x) { return isnan(x) ? x : isinf(x) ? 0 : bessel_scaled(x, 0); }
double special_bessel_i1e(double x) { return isnan(x) ? x : isinf(x) ? 0 : bessel_scaled(x, 1); }

/* ---- incomplete gamma functions ---- */

/* x^a e^-x / Gamma(a) */
static wide gamma_weight(wide a, wide x)
{
    int sign;
    return expl(a * logl(x) - x - lgammal_r(a, &sign));
}

/* P by its series (A&S 6.5.29) */
static wide lower_series(wide a, wide x)
{
    wide term = 1 / a, sum = term;
    for (int k = 1; k < MOST && term > sum * CLOSE; k++)
        sum += term *= x / (a + k);
    return sum * gamma_weight(a, x);
}

/* Q by its continued fraction (A&S 6.5.31) */
static wide upper_fraction(wide a, wide x)
{
    wide b = x + 1 - a, c = 1 / TINY, d = 1 / b, h = d;
    for (int k = 1; k < MOST; k++) {
        wide an = -k * (k - a);
        b += 2;
        d = an * d + b;
        c = b + an / c;
        d = 1 / (fabsl(d) < TINY ? TINY : d);
        c = fabsl(c) < TINY ? TINY : c;
        h *= d * c;
        if (fabsl(d * c - 1) < CLOSE)
            break;
    }
    return h * gamma_weight(a, x);
}

double special_igamma(double a, double x)
{
    if (isnan(a) || isnan(x) || a < 0 || x < 0)
        return NAN;
    if (x == 0 && a > 0)
        return 0;
    if (a == 0 || isinf(x))
        return isinf(a) ? NAN : 1;
    if (isinf(a))
        return 0;
    return (double)(x > 1 && x > a ? 1 - upper_fraction(a, x) : lower_series(a, x));
}

double special_igammac(double a, double x)
{
    if (isnan(a) || isnan(x) || a < 0 || x < 0)
        return NAN;
    if (x == 0 && a > 0)
        return 1;
    if (a == 0 || isinf(x))
        return isinf(a) ? NAN : 0;
    if (isinf(a))
        return 1;
    return (double)(x > 1 && x > a ? upper_fraction(a, x) : 1 - lower_series(a, x));
}

/* The series of P, each term x^(a+k) e^-x / Gamma(a+k+1) differentiated: times log x -
 * digamma(a+k+1). */
static wide lower_derivative(wide a, wide x)
{
    wide term = gamma_weight(a, x) / a, psi = digamma_positive(a + 1), sum = 0, size = 0,
         log_x = logl(x);
    for (int k = 0; k < MOST; k++) {
        wide piece = term * (log_x - psi);
        sum += piece;
        size += fabsl(piece);
        if (k > x - a && fabsl(piece) < size * CLOSE)
            break;
        psi += 1 / (a + k + 1);
        term *= x / (a + k + 1);
    }
    return sum;
}

double special_igamma_grad_a(double a, double x)
{
    if (isnan(a) || isnan(x) || a <= 0 || x < 0)
        return NAN;
    return x == 0 || isinf(x) ? 0 : (double)lower_derivative(a, x);
}

/* dx/da of a gamma sample: -(dP/da) / (dP/dx) */
double special_random_gamma_grad(double a, double x)
{
    if (isnan(a) || isnan(x) || a <= 0 || x < 0)
        return NAN;
    return x == 0 || isinf(x) ? 0 : (double)(-lower_derivative(a, x) * x / gamma_weight(a, x));
}

/* ---- zeta and its relatives ---- */

/* Euler and Maclaurin: a sum to q + 20, an integral, and Bernoulli terms (A&S 23.1.30) */
double special_zeta(double s, double q)
{
    static const wide bernoulli[] = {1.0L / 6,       -1.0L / 30,      1.0L / 42, -1.0L / 30,
                                     5.0L / 66,      -691.0L / 2730,  7.0L / 6,  -3617.0L / 510,
                                     43867.0L / 798, -174611.0L / 330};
    if (isnan(s) || isnan(q) || s < 1)
        return NAN;
    if (s == 1)
        return INFINITY;
    if (q <= 0 && q == floor(q))
        return fmod(s, 2) == 0 ? INFINITY : NAN;
    if (q <= 0 && s != floor(s))
        return NAN;
    wide sum = 0, x = q;
    for (; x < 20; x += 1)
        sum += powl(x, -(wide)s);
    wide power = powl(x, -(wide)s), rising = s, factorial = 2, down = power / x;
    sum += x * power / ((wide)s - 1) + power / 2;
    for (int k = 0; k < 10; k++) {
        sum += bernoulli[k] * rising / factorial * down;
        rising *= ((wide)s + 2 * k + 1) * ((wide)s + 2 * k + 2);
        factorial *= (2 * k + 3) * (2 * k + 4);
        down /= x * x;
    }
    return (double)sum;
}

double special_polygamma(double n, double x)
{
    if (n == 0)
        return special_digamma(x);
    if (isnan(n) || n < 0 || n != floor(n))
        return NAN;
    int sign;
    double zeta = special_zeta(n + 1, x),
           size = (double)(expl(lgammal_r((wide)n + 1, &sign)) * (wide)zeta);
    return fmod(n, 2) == 0 ? -size : size;
}

/* ---- the incomplete beta function, by its continued fraction (A&S 26.5.8) ---- */
static wide beta_fraction(wide a, wide b, wide x)
{
    wide c = 1, d = 1 - (a + b) * x / (a + 1), h;
    d = 1 / (fabsl(d) < TINY ? TINY : d);
    h = d;
    for (int k = 1; k < MOST; k++) {
        wide even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
             odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1));
        for (int half = 0; half < 2; half++) {
            wide an = half ? odd : even;
            d = 1 + an * d;
            c = 1 + an / c;
            d = 1 / (fabsl(d) < TINY ? TINY : d);
            c = fabsl(c) < TINY ? TINY : c;
            h *= d * c;
        }
        if (fabsl(d * c - 1) < CLOSE)
            break;
    }
    return h;
}

double special_regularized_incomplete_beta(double a, double b, double x)
{
    int sign;
    if (!(a > 0) || !(b > 0) || !(x >= 0) || !(x <= 1))
        return NAN;
    if (x == 0 || x == 1)
        return x;
    wide weight = expl(lgammal_r((wide)a + b, &sign) - lgammal_r(a, &sign) - lgammal_r(b, &sign) +
                       a * logl(x) + b * log1pl(-(wide)x));
    if (x < (a + 1) / (a + b + 2))
        return (double)(weight * beta_fraction(a, b, x) / a);
    return (double)(1 - weight * beta_fraction(b, a, 1 - (wide)x) / b);
}
