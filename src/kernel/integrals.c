/* Special functions that are integrals: exponential, sine, cosine and Fresnel integrals, Dawson's
 * and Owen's functions, the dilogarithm; and Bessel and Legendre functions by recurrence.
 *
 * Sources: Abramowitz and Stegun, "Handbook of Mathematical Functions", chapters 5, 7, 9, 27; the
 * continued fractions are evaluated from their far end. Sums run in long double. */
#define _GNU_SOURCE
#include <complex.h>
#include <math.h>
#include "kernel/special.h"

typedef long double wide;
typedef long double complex wide_complex;
#define CLOSE 1e-20L
#define PI 3.14159265358979323846264338327950288L
#define EULER 0.57721566490153286060651209008240243L
enum { MOST = 2000 };

/* ---- exponential integrals ---- */

/* Sum of x^k / (k k!). */
static wide exponential_series(wide x)
{
    wide term = 1, sum = 0;
    for (int k = 1; k < MOST; k++) {
        term *= x / k;
        sum += term / k;
        if (fabsl(term) < CLOSE * fabsl(sum))
            break;
    }
    return sum;
}

/* e^x E_n(x) for x > 1, from the fraction 1/(x+ n/(1+ 1/(x+ (n+1)/(1+ 2/(x+ ... (A&S 5.1.22). */
static wide exponential_fraction(wide n, wide x)
{
    int terms = 40 + (int)(600 / (x + n));
    wide below = x;
    for (int k = terms; k >= 1; k--)
        below = x + (n + k - 1) / (1 + k / below);
    return 1 / below;
}

/* A&S 5.1.12 */
static wide exponential_small(int n, wide x)
{
    wide psi = -EULER, power = 1, sum = 0, term = 1;
    for (int k = 1; k < n; k++) {
        psi += 1.0L / k;
        power *= -x / k;
    }
    for (int m = 0; m < MOST; m++) {
        if (m)
            term *= -x / m;
        if (m != n - 1)
            sum += term / (m - n + 1);
        if (m > n && fabsl(term) < CLOSE * fabsl(sum))
            break;
    }
    return power * (psi - logl(x)) - sum;
}

double special_expn(double n, double x)
{
    if (isnan(n) || isnan(x) || n < 0 || x < 0)
        return NAN;
    if (x == 0)
        return n < 2 ? INFINITY : 1 / (n - 1);
    if (n == 0)
        return (double)(expl(-(wide)x) / x);
    if (n > 50 && x < 1e-10)
        return 1 / (n - 1);
    if (x > 1 || n > 50)
        return (double)(expl(-(wide)x) * exponential_fraction(n, x));
    return n == floor(n) ? (double)exponential_small((int)n, x) : NAN;
}

double special_expi(double x)
{
    if (isnan(x) || x == 0)
        return isnan(x) ? x : -INFINITY;
    if (x < 0)
        return -special_expn(1, -x);
    if (x < 50)
        return (double)(EULER + logl(x) + exponential_series(x));
    wide term = 1, sum = 1; /* asymptotic, A&S 5.1.51 */
    for (int k = 1; k < x && term > CLOSE; k++)
        sum += term *= k / (wide)x;
    return isinf(x) ? x : (double)(expl(x) / x * sum);
}

/* ---- sine and cosine integrals: the series, or E_1(ix) (A&S 5.2.14, 5.2.16, 5.1.22) ---- */

typedef struct pair {
    wide first, second;
} pair;

static pair sine_cosine_integrals(wide x)
{
    if (x <= 4) {
        wide term = x, si = x, ci = EULER + logl(x);
        for (int k = 2; k < 80; k++) { /* term: x^k / k!, with the sign of the even or odd series */
            term *= x / k;
            wide signed_term = k / 2 % 2 ? -term : term;
            if (k % 2)
                si += signed_term / k;
            else
                ci += signed_term / k;
        }
        return (pair){si, ci};
    }
    wide_complex z = x * I, below = z;
    for (int k = 40 + (int)(600 / x); k >= 1; k--)
        below = z + k / (1 + k / below);
    wide_complex e = cexpl(-z) / below;
    return (pair){PI / 2 + cimagl(e), -creall(e)};
}

double special_sinint(double x)
{
    if (isnan(x) || x == 0)
        return x;
    double value = isinf(x) ? (double)(PI / 2) : (double)sine_cosine_integrals(fabs(x)).first;
    return copysign(value, x);
}

double special_cosint(double x)
{
    if (isnan(x) || x == 0)
        return isnan(x) ? x : -INFINITY;
    if (isinf(x))
        return x > 0 ? 0 : NAN;
    return (double)sine_cosine_integrals(fabs(x)).second;
}

/* ---- relatives of the error function ---- */

/* e^(z^2) erfc(z) for Re z > 0 and not too small z (A&S 7.1.14). */
static wide_complex scaled_erfc(wide_complex z)
{
    wide size = creall(z * conjl(z));
    wide_complex below = z;
    for (int k = 30 + (int)(600 / size); k >= 1; k--)
        below = z + k / 2.0L / below;
    return 1 / (below * sqrtl(PI));
}

double special_erfcx(double x)
{
    if (x < 2)
        return (double)(expl((wide)x * x) * erfcl(x));
    return isinf(x) ? 0 : (double)creall(scaled_erfc(x));
}

/* A&S 7.1.5 times e^(-x^2), or 7.1.23. */
double special_dawsn(double x)
{
    wide a = fabsl(x), square = a * a, term = 1, sum = 1;
    if (isnan(x) || isinf(x))
        return isnan(x) ? x : copysign(0, x);
    if (a < 7) {
        for (int k = 1; k < MOST && term > CLOSE * sum; k++) {
            term *= square / k;
            sum += term / (2 * k + 1);
        }
        sum *= a * expl(-square);
    } else {
        for (int k = 1; k < 50 && term > CLOSE; k++)
            sum += term *= (2 * k - 1) / (2 * square);
        sum /= 2 * a;
    }
    return copysign((double)sum, x);
}

/* C(x) + i S(x) for x > 0: the series A&S 7.3.11 and 7.3.13, or erfc by 7.3.22. */
static wide_complex fresnel(wide x)
{
    wide square = x * x;
    if (x < 1.5L) {
        wide_complex term = x, sum = x;
        for (int k = 1; k < 60; k++) {
            term *= I * PI / 2 * square / k;
            sum += term / (2 * k + 1);
        }
        return sum;
    }
    wide angle = PI / 2 * fmodl(square, 4);
    wide_complex z = sqrtl(PI) / 2 * (1 - I) * x, turn = cosl(angle) + I * sinl(angle);
    return (1 + I) / 2 * (1 - turn * scaled_erfc(z));
}

double special_fresnel_sin(double x)
{
    if (isnan(x) || x == 0)
        return x;
    return copysign(isinf(x) ? 0.5 : (double)cimagl(fresnel(fabs(x))), x);
}

double special_fresnel_cos(double x)
{
    if (isnan(x) || x == 0)
        return x;
    return copysign(isinf(x) ? 0.5 : (double)creall(fresnel(fabs(x))), x);
}

/* ---- dilogarithm: Li2(z) for z in [-1, 1/2] is the sum of B_k u^(k+1) / (k+1)! with u = -log(1 -
 * z); other arguments are brought there (A&S 27.7.3 to 27.7.6) ---- */

static wide dilogarithm(wide z)
{
    static const wide bernoulli[] = {1.0L / 6,       -1.0L / 30,      1.0L / 42, -1.0L / 30,
                                     5.0L / 66,      -691.0L / 2730,  7.0L / 6,  -3617.0L / 510,
                                     43867.0L / 798, -174611.0L / 330};
    if (z > 0.5L)
        return PI * PI / 6 - (z < 1 ? logl(z) * log1pl(-z) : 0) - dilogarithm(1 - z);
    if (z < -1)
        return -PI * PI / 6 - logl(-z) * logl(-z) / 2 - dilogarithm(1 / z);
    wide u = -log1pl(-z), power = u, sum = u - u * u / 4;
    for (int k = 0; k < 10; k++) {
        power *= u * u / ((2 * k + 2) * (2 * k + 3));
        sum += bernoulli[k] * power;
    }
    return sum;
}

double special_spence(double x)
{
    if (!(x >= 0))
        return NAN;
    return isinf(x) ? -x : (double)dilogarithm(1 - (wide)x);
}

/* ---- Owen's T: Gauss' rule of ten points on pieces as wide as the integrand asks for; for a > 1
 * by reflection (D. B. Owen, Ann. Math. Stat. 27, 1956) ---- */

static wide owens_integral(wide h, wide a)
{
    static const wide at[] = {0.14887433898163121L, 0.43339539412924719L, 0.67940956829902441L,
                              0.86506336668898451L, 0.97390652851717172L},
                      weight[] = {0.29552422471475287L, 0.26926671930999636L, 0.21908636251598204L,
                                  0.14945134915058059L, 0.06667134430868814L};
    int pieces = 2 + (int)(h * a < 40 ? h * a : 40);
    wide half = a / pieces / 2, sum = 0;
    for (int i = 0; i < pieces; i++)
        for (int k = 0; k < 10; k++) {
            wide t = half * (2 * i + 1 + (k % 2 ? -at[k / 2] : at[k / 2])), s = 1 + t * t;
            sum += weight[k / 2] * expl(-h * h * s / 2) / s;
        }
    return sum * half / (2 * PI);
}

double special_owens_t(double h, double a)
{
    wide size = fabsl(a), from = fabsl(h), value;
    if (isnan(h) || isnan(a))
        return NAN;
    if (size <= 1) {
        value = isinf(h) ? 0 : owens_integral(from, size);
    } else {
        wide moved = from == 0 ? 0 : size * from;
        wide above = erfcl(from / sqrtl(2)), further = erfcl(moved / sqrtl(2));
        wide rest = isinf(moved) ? 0 : owens_integral(moved, 1 / size);
        value = (above + further - above * further) / 4 - rest;
    }
    return copysign((double)value, a);
}

/* ---- by recurrence ---- */

double special_bessel_jn(double n, double x)
{
    if (isnan(n) || n != floor(n) || fabs(n) > 1e6)
        return NAN;
    return jn((int)n, x);
}

/* sqrt((2n+1)/(4 pi) (n-m)!/(n+m)!) P_n^m(x) with the Condon-Shortley phase: upwards in m to n, or
 * along the diagonal and then upwards in n (A&S 8.5.3). */
double special_legendre(double n, double m, double x)
{
    if (!(n >= 0) || !(m >= 0) || n != floor(n) || m != floor(m) || n > 1e6)
        return NAN;
    if (m > n)
        return 0;
    wide sine = sqrtl(1 - (wide)x * x), before = 0, here = 1 / sqrtl(4 * PI);
    for (int k = 1; k <= m; k++)
        here *= -sqrtl(1 + 0.5L / k) * sine;
    wide previous_scale = 0;
    for (wide k = m + 1; k <= n; k += 1) {
        wide scale = sqrtl((4 * k * k - 1) / (k * k - (wide)m * m));
        wide next = scale * (x * here - (previous_scale ? before / previous_scale : 0));
        before = here;
        here = next;
        previous_scale = scale;
    }
    return (double)here;
}
