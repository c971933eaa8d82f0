/* How far the elementwise loops are from the true values: at most 2 units in the last place, 4 for
 * the special functions.
 *
 * The truth is the C library's long double; each function is sampled across its domain, in equal
 * steps and in steps of equal ratio. */
#include <math.h>
#include <stdlib.h>
#include "kernel/kernel.h"
#include "test.h"

typedef long double exact1(long double x);
typedef struct domain {
    const char *primitive;
    exact1 *exact;
    double low, high;
    double allowed;
} domain;

static long double exact_logistic(long double x) { return 1 / (1 + expl(-x)); }
static long double exact_rsqrt(long double x) { return 1 / sqrtl(x); }
static long double exact_square(long double x) { return x * x; }
static long double exact_erf_inv(long double y);

static const domain domains[] = {
    {"exp", expl, -90, 88.7, 2},
    {"exp", expl, -700, 709, 2},
    {"exp2", exp2l, -126, 127.9, 2},
    {"expm1", expm1l, -20, 88, 2},
    {"expm1", expm1l, -1, 1, 2},
    {"logistic", exact_logistic, -87, 30, 2},
    {"tanh", tanhl, -12, 12, 4}, /* as XLA has it in float32, erf too */
    {"sinh", sinhl, -88, 88, 2},
    {"sinh", sinhl, -1.5, 1.5, 2},
    {"cosh", coshl, -88, 88, 2},
    {"log", logl, 1e-37, 1e38, 2},
    {"log", logl, 0.3, 3, 2},
    {"log1p", log1pl, -0.9999, 1e30, 2},
    {"log1p", log1pl, -0.6, 2, 2},
    {"sin", sinl, -1e5, 1e5, 2},
    {"sin", sinl, -4, 4, 2},
    {"cos", cosl, -1e5, 1e5, 2},
    {"cos", cosl, -4, 4, 2},
    {"tan", tanl, -1e5, 1e5, 2},
    {"tan", tanl, -4, 4, 2},
    {"asin", asinl, -1, 1, 2},
    {"acos", acosl, -1, 1, 2},
    {"atan", atanl, -1e6, 1e6, 2},
    {"atan", atanl, -2, 2, 2},
    {"sqrt", sqrtl, 1e-30, 1e30, 0.5},
    {"rsqrt", exact_rsqrt, 1e-30, 1e30, 2},
    {"square", exact_square, -1e15, 1e15, 0.5},
    {"erf", erfl, -6, 6, 4},
    {"erf", erfl, -1.2, 1.2, 4},
    {"erf_inv", exact_erf_inv, -0.9999, 0.9999, 5},
    {"asinh", asinhl, -1e20, 1e20, 2},
    {"asinh", asinhl, -3, 3, 2},
    {"acosh", acoshl, 1, 100, 2},
    {"atanh", atanhl, -0.9999, 0.9999, 2},
    {"cbrt", cbrtl, -1e30, 1e30, 2},
    {"erfc", erfcl, -5, 9, 4},
    {"erfc", erfcl, -1, 1, 4},
    {"lgamma", lgammal, 0.1, 100, 4},
    {"lgamma", lgammal, 2.5, 1e6, 4},
};

/* Newton's method on erf, from a start that bisection gives. */
static long double exact_erf_inv(long double y)
{
    long double low = -10, high = 10;
    for (int i = 0; i < 40; i++)
        *(erfl((low + high) / 2) < y ? &low : &high) = (low + high) / 2;
    long double x = (low + high) / 2;
    for (int i = 0; i < 3; i++)
        x -= (erfl(x) - y) / (2 / sqrtl(3.14159265358979323846264338327950288L) * expl(-x * x));
    return x;
}

enum { SAMPLES = 4000 };
static double sample(const domain *d, int i)
{
    double t = (i / 2 + 0.5) / (SAMPLES / 2);
    if (i % 2 == 0)
        return d->low + (d->high - d->low) * t;
    double end = (i & 2) && d->low < 0 ? d->low : d->high; /* towards 0 in equal ratios */
    double start = d->low > 0 ? d->low : 1e-8 * fabs(end);
    double value = copysign(start * pow(fabs(end) / start, t), end);
    return value < d->low || value > d->high ? d->low + (d->high - d->low) * t : value;
}

static double ulps_f32(float got, long double want)
{
    float nearest = (float)want;
    long double unit = nextafterf(fabsf(nearest), INFINITY) - (long double)fabsf(nearest);
    return (double)(fabsl(got - want) / unit);
}

static double ulps_f64(double got, long double want)
{
    double nearest = (double)want;
    long double unit = nextafter(fabs(nearest), INFINITY) - (long double)fabs(nearest);
    return (double)(fabsl(got - want) / unit);
}

static void measure_f32(const domain *d)
{
    static float in[SAMPLES], out[SAMPLES];
    kernel_map *map = kernel_find(d->primitive, CT_FLOAT32);
    if (!map || d->high > 3e38 || (d->high > 88.8 && d->exact == expl))
        return;
    for (int i = 0; i < SAMPLES; i++)
        in[i] = (float)sample(d, i);
    map(SAMPLES, out, (const void *[]){in}, (int64_t[]){1});
    double worst = 0, at = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double e = ulps_f32(out[i], d->exact(in[i]));
        if (!(e <= worst))
            worst = e, at = in[i];
    }
    printf("%-10s f32 [%g, %g]: %.2f ulp at %.9g\n", d->primitive, d->low, d->high, worst, at);
    CHECK(worst <= d->allowed);
}

static void measure_f64(const domain *d)
{
    static double in[SAMPLES], out[SAMPLES];
    kernel_map *map = kernel_find(d->primitive, CT_FLOAT64);
    if (!map)
        return;
    for (int i = 0; i < SAMPLES; i++)
        in[i] = sample(d, i);
    map(SAMPLES, out, (const void *[]){in}, (int64_t[]){1});
    double worst = 0, at = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double e = ulps_f64(out[i], d->exact(in[i]));
        if (!(e <= worst))
            worst = e, at = in[i];
    }
    printf("%-10s f64 [%g, %g]: %.2f ulp at %.17g\n", d->primitive, d->low, d->high, worst, at);
    CHECK(worst <= d->allowed + (d->allowed > 1)); /* the truth itself is only 11 bits longer */
}

TEST(elementary_functions_are_accurate)
{
    for (int i = 0; i < (int)countof(domains); i++) {
        measure_f32(&domains[i]);
        measure_f64(&domains[i]);
    }
}
