/* Special functions against values recorded with SciPy 1.x and JAX 0.10.2, complex functions
 * against C's own, and sine's far arguments. */
#include <complex.h>
#undef I
#include "kernel/kernel.h"
#include "test.h"

static double call4(const char *primitive, double x, double y, double z, double w)
{
    double out = 0;
    kernel_map *map = kernel_find(primitive, CT_FLOAT64);
    if (!CHECK(map))
        return 0;
    map(1, &out, (const void *[]){&x, &y, &z, &w}, (int64_t[]){1, 1, 1, 1});
    return out;
}

static double call(const char *primitive, double x, double y, double z)
{
    return call4(primitive, x, y, z, 0);
}

#define NEAR(got, want)                                                                            \
    do {                                                                                           \
        double got_ = (got), want_ = (want);                                                       \
        if (!(fabs(got_ - want_) <= 3e-14 * fabs(want_)) && !(got_ == want_) &&                    \
            !(isnan(got_) && isnan(want_)))                                                        \
            TEST_FAILED("%s is %.17g, not %.17g", #got, got_, want_);                              \
    } while (0)

static float call_f32(const char *primitive, float x, float y)
{
    float out = 0;
    kernel_find(primitive, CT_FLOAT32)(1, &out, (const void *[]){&x, &y}, (int64_t[]){1, 1});
    return out;
}

/* float32 has bodies of its own, double goes through the C library's long double. */
TEST(gamma_functions_of_float32_are_those_of_float64_rounded)
{
    static const char *const names[] = {"lgamma", "digamma"};
    for (int i = 0; i < 2; i++)
        for (float x = -30.03f; x < 60; x += 0.0137f) {
            double got = call_f32(names[i], x, 0), want = call(names[i], x, 0, 0);
            if (!(fabs(got - want) <= 2e-7 * fabs(want) + 1e-14))
                TEST_FAILED("%s(%.9g) is %.9g, not %.9g", names[i], x, got, want);
        }
    CHECK(call_f32("lgamma", 1, 0) == 0 && call_f32("lgamma", 2, 0) == 0);
    CHECK(call_f32("lgamma", -3, 0) == INFINITY && call_f32("lgamma", -INFINITY, 0) == INFINITY);
    CHECK(isnan(call_f32("digamma", -3, 0)) && call_f32("digamma", INFINITY, 0) == INFINITY);
}

TEST(remainders_of_float32_are_exact)
{
    uint32_t state = 1;
    for (int i = 0; i < 200000; i++) {
        uint32_t bits[2];
        float v[2];
        for (int k = 0; k < 2; k++)
            bits[k] = state = state * 1664525 + 1013904223;
        memcpy(v, bits, sizeof v);
        float got = call_f32("rem", v[0], v[1]), want = fmodf(v[0], v[1]);
        if (memcmp(&got, &want, 4) && !(isnan(got) && isnan(want)))
            TEST_FAILED("rem(%a, %a) is %a, not %a", v[0], v[1], got, want);
    }
    CHECK(call_f32("rem", 5, INFINITY) == 5 && isnan(call_f32("rem", 5, 0)));
    CHECK(isnan(call_f32("rem", INFINITY, 5)) && signbit(call_f32("rem", -4, 2)));
}

TEST(gamma_and_its_relatives)
{
    NEAR(call("igamma", .5, .7, 0), 0.7632764293621428);
    NEAR(call("igamma", 3, 10, 0), 0.9972306042844884);
    NEAR(call("igammac", 50, 45, 0), 0.7531979655998298);
    NEAR(call("igammac", 3, 10, 0), 0.0027693957155115775);
    NEAR(call("igamma", 0, 1, 0), 1);
    NEAR(call("igamma", 1, 0, 0), 0);
    NEAR(call("igamma", -1, 1, 0), NAN);
    CHECK_NEAR(call("igamma_grad_a", 2, 3, 0), -0.19742541959577584, 1e-9);
    CHECK_NEAR(call("igamma_grad_a", .5, 4, 0), -0.01656598, 1e-7);
    CHECK_NEAR(call("random_gamma_grad", 2, 3, 0), 1.32179852, 1e-8);
    NEAR(call("digamma", -.5, 0, 0), 0.03648997397857651);
    NEAR(call("digamma", 10, 0, 0), 2.251752589066721);
    NEAR(call("digamma", -1, 0, 0), NAN);
    NEAR(call("lgamma", -1, 0, 0), INFINITY);
    NEAR(call("polygamma", 1, 1, 0), 1.6449340668482266);
    NEAR(call("polygamma", 2, 2.5, 0), -0.23620405164172736);
}

TEST(zeta_beta_and_bessel)
{
    NEAR(call("zeta", 1.5, 1, 0), 2.612375348685488);
    NEAR(call("zeta", 3, 2.5, 0), 0.11810202582086368);
    NEAR(call("zeta", 10, 30, 0), 6.538711129142547e-15);
    NEAR(call("zeta", 1, 1, 0), INFINITY);
    NEAR(call("regularized_incomplete_beta", 2.5, .5, .9), 0.48958974456442755);
    NEAR(call("regularized_incomplete_beta", 30, 20, .61), 0.5496267108968289);
    NEAR(call("regularized_incomplete_beta", -1, 1, .5), NAN);
    NEAR(call("bessel_i0e", -3, 0, 0), 0.24300035416182536);
    NEAR(call("bessel_i0e", 50, 0, 0), 0.056561626647454184);
    NEAR(call("bessel_i1e", -3, 0, 0), -0.19682671329730084);
    NEAR(call("rem", 1e30, 7, 0), fmod(1e30, 7));
}

TEST(integrals)
{
    NEAR(call("dawsn", 1.5, 0, 0), 0.42824907108539867);
    NEAR(call("dawsn", -9, 0, 0), -0.05590504672435046);
    NEAR(call("erfcx", 3, 0, 0), 0.17900115118138998);
    NEAR(call("expi", 1.5, 0, 0), 3.301285449129798);
    NEAR(call("expi", -2, 0, 0), -0.048900510708061125);
    NEAR(call("expn", 3, .25, 0), 0.32468412597814367);
    NEAR(call("expn", 4, 2.5, 0), 0.013782191727408905);
    NEAR(call("sinint", 2, 0, 0), 1.605412976802695);
    NEAR(call("cosint", 9, 0, 0), 0.05534753133313361);
    NEAR(call("fresnel_sin", .75, 0, 0), 0.20887711123338357);
    NEAR(call("fresnel_cos", 3, 0, 0), 0.6057207892976857);
    NEAR(call("spence", .25, 0, 0), 0.9784693929303059);
    NEAR(call("spence", 7, 0, 0), -3.089942051088032);
    NEAR(call("owens_t", .5, .75, 0), 0.08854921402151783);
    NEAR(call("owens_t", 1, 3, 0), 0.0792995047488726);
}

TEST(hypergeometric_functions)
{
    NEAR(call("hyp1f1", .5, 1.5, 2), 2.3644538928052086);
    NEAR(call("hyp1f1", 2, 3.25, -20), 0.006844165084446293);
    NEAR(call4("hyp2f1", .5, 1.25, 2, .75), 1.4570578516695223);
    NEAR(call4("hyp2f1", .5, 1.25, 2, -4), 0.5630334278963298);
    NEAR(call4("hyp2f1", -2, 1.25, 2, 3), 1.46875);
    CHECK_NEAR(call4("hyp2f1_grad_a", .5, 1.25, 2, .75), 1.15569556, 1e-8);
}

TEST(sine_of_far_arguments)
{
    float x[] = {1e30f, -3e15f, INFINITY, 1}, s[4], c[4];
    kernel_find("sin", CT_FLOAT32)(4, s, (const void *[]){x}, (int64_t[]){1});
    kernel_find("cos", CT_FLOAT32)(4, c, (const void *[]){x}, (int64_t[]){1});
    CHECK(fabs((double)s[0] - sin((double)1e30f)) < 1e-7 &&
          fabs((double)c[1] - cos((double)-3e15f)) < 1e-7);
    CHECK(isnan(s[2]) && fabsf(s[3] - sinf(1)) < 1e-7f);
    NEAR(call("tan", 1e22, 0, 0), tan(1e22));
}

typedef double complex c_function(double complex);
static double complex logistic_of(double complex z) { return 1 / (1 + cexp(-z)); }
static double complex log1p_of(double complex z) { return clog(1 + z); }
static const struct {
    const char *primitive;
    c_function *exact;
} complex_functions[] = {{"exp", cexp},
                         {"log", clog},
                         {"sqrt", csqrt},
                         {"sin", csin},
                         {"cos", ccos},
                         {"tan", ctan},
                         {"sinh", csinh},
                         {"cosh", ccosh},
                         {"tanh", ctanh},
                         {"asin", casin},
                         {"acos", cacos},
                         {"atan", catan},
                         {"asinh", casinh},
                         {"acosh", cacosh},
                         {"atanh", catanh},
                         {"log1p", log1p_of},
                         {"logistic", logistic_of}};

static void check_complex(const char *primitive, c_function *exact, double complex z)
{
    double out[2], in[2] = {creal(z), cimag(z)};
    float out32[2], in32[2] = {(float)in[0], (float)in[1]};
    kernel_find(primitive, CT_COMPLEX128)(1, out, (const void *[]){in}, (int64_t[]){1});
    kernel_find(primitive, CT_COMPLEX64)(1, out32, (const void *[]){in32}, (int64_t[]){1});
    double complex want = exact(z), got = CMPLX(out[0], out[1]), got32 = CMPLX(out32[0], out32[1]);
    if (!(cabs(got - want) <= 1e-14 * cabs(want)) || !(cabs(got32 - want) <= 3e-7 * cabs(want)))
        TEST_FAILED("%s(%g %+gi) is %.17g %+.17gi (%g %+gi), not %.17g %+.17gi", primitive, in[0],
                    in[1], out[0], out[1], out32[0], out32[1], creal(want), cimag(want));
}

TEST(complex_functions_agree_with_c)
{
    static const double parts[] = {-2.5, -1.25, -0.5, 0.125, 0.75, 1.5, 3};
    for (size_t f = 0; f < countof(complex_functions); f++)
        for (size_t i = 0; i < countof(parts); i++)
            for (size_t j = 0; j < countof(parts); j++)
                check_complex(complex_functions[f].primitive, complex_functions[f].exact,
                              CMPLX(parts[i], parts[j]));
}

TEST(complex_arithmetic)
{
    float x[] = {1, 2, 3, 4}, y[] = {2, -1}, out[4];
    const void *in[] = {x, y};
    kernel_find("div", CT_COMPLEX64)(2, out, in, (int64_t[]){1, 0});
    CHECK(out[0] == 0 && out[1] == 1 && fabsf(out[2] - 0.4f) < 1e-7f &&
          fabsf(out[3] - 2.2f) < 3e-7f);
    kernel_find("mul", CT_COMPLEX64)(2, out, in, (int64_t[]){1, 0});
    CHECK(out[0] == 4 && out[1] == 3 && out[2] == 10 && out[3] == 5);
    kernel_find("abs", CT_COMPLEX64)(2, out, in, (int64_t[]){1, 0});
    CHECK(out[1] == 5);
    kernel_find("complex", CT_FLOAT32)(2, out, (const void *[]){x, y}, (int64_t[]){1, 0});
    CHECK(out[0] == 1 && out[1] == 2 && out[2] == 2 && out[3] == 2);
}

TEST(total_order_and_high_products)
{
    float x[] = {-0.0f, NAN, 1, -NAN}, y[] = {0, INFINITY, 1, -INFINITY};
    bool less[4], equal[4];
    kernel_find("lt_to", CT_FLOAT32)(4, less, (const void *[]){x, y}, (int64_t[]){1, 1});
    kernel_find("eq_to", CT_FLOAT32)(4, equal, (const void *[]){x, y}, (int64_t[]){1, 1});
    CHECK(less[0] && !less[1] && !less[2] && less[3] && !equal[0] && equal[2]);
    int64_t a = -5000000000000, b = 7000000000000, high;
    kernel_find("mulhi", CT_INT64)(1, &high, (const void *[]){&a, &b}, (int64_t[]){1, 1});
    CHECK_INT(high, (int64_t)((__int128)a * b >> 64));
}
