/* Elementary functions of float32, each within 2 ulp over its whole domain, subnormals included.
 *
 * The polynomials are minimax fits of the function named beside them (relative error at most 2^-27,
 * near 2^-30 for most); sine and its relatives reduce their argument in double, which is exact
 * enough up to 2^48. Where float arithmetic cannot reach the accuracy, the work is done in double:
 * see the end of bodies_f64.c. Next: bodies_f64.c. */
#include "kernel/bodies_arithmetic.c"

#define LOG2E_F32 0x1.715476p+0f
#define LN2_HIGH_F32 0x1.62e4p-1f
#define LN2_LOW_F32 0x1.7f7d1cp-20f

/* ---- exponentials ---- */

/* e^r for |r| <= ln 2 / 2, less 1 */
HELPER float exp_reduced_f32(float r)
{
    float q = 0x1.a198ecp-13f;
    q = fma_f32(q, r, 0x1.6d9474p-10f);
    q = fma_f32(q, r, 0x1.111094p-7f);
    q = fma_f32(q, r, 0x1.555484p-5f);
    q = fma_f32(q, r, 0x1.555556p-3f);
    q = fma_f32(q, r, 0.5f);
    return fma_f32(r * r, q, r);
}

/* e^x 2^extra, for small extra: NaN in, unspecified out */
HELPER float exp_scaled_f32(float x, int32_t extra)
{
    float low = x < -105 ? -105 : x, t = low > 90 ? 90 : low;
    float z = fma_f32(t, LOG2E_F32, ROUND32), k = z - ROUND32;
    int32_t n = (int32_t)(bits_of_f32(z) - bits_of_f32(ROUND32));
    float r = fma_f32(k, -LN2_LOW_F32, fma_f32(k, -LN2_HIGH_F32, t));
    return scale_f32(1 + exp_reduced_f32(r), n + extra);
}

BODY float body_exp_f32(float x)
{
    float y = exp_scaled_f32(x, 0);
    return x != x ? NAN32 : y;
}

BODY float body_exp2_f32(float x)
{
    float low = x < -151 ? -151 : x, t = low > 129 ? 129 : low;
    float z = t + ROUND32, k = z - ROUND32, r = t - k;
    int32_t n = (int32_t)(bits_of_f32(z) - bits_of_f32(ROUND32));
    float q = 0x1.00ee04p-16f;
    q = fma_f32(q, r, 0x1.445f3ep-13f);
    q = fma_f32(q, r, 0x1.5d872ap-10f);
    q = fma_f32(q, r, 0x1.3b29fp-7f);
    q = fma_f32(q, r, 0x1.c6b08ep-5f);
    q = fma_f32(q, r, 0x1.ebfbep-3f);
    q = fma_f32(q, r, 0x1.62e43p-1f);
    float y = scale_f32(fma_f32(q, r, 1), n);
    return x != x ? NAN32 : y;
}

BODY float body_expm1_f32(float x)
{
    float low = x < -18 ? -18 : x, t = low > 90 ? 90 : low;
    float z = fma_f32(t, LOG2E_F32, ROUND32), k = z - ROUND32;
    int32_t n = (int32_t)(bits_of_f32(z) - bits_of_f32(ROUND32));
    float r = fma_f32(k, -LN2_LOW_F32, fma_f32(k, -LN2_HIGH_F32, t));
    float p = exp_reduced_f32(r);
    float half = f32_of_bits((uint32_t)(n + 126) << 23); /* 2^(n-1), finite at the top */
    float y = 2 * fma_f32(p, half, half - 0.5f), finite = n > 128 ? INF32 : y;
    float tiny = k == 0 ? p : finite;
    float kept = x == 0 ? x : tiny;
    return x != x ? NAN32 : kept;
}

BODY float body_logistic_f32(float x)
{
    float e = exp_scaled_f32(-abs_f32(x), 0);
    float s = 1 / (1 + e);
    float y = x >= 0 ? s : e * s;
    return x != x ? NAN32 : y;
}

/* A quotient of polynomials as Eigen and XLA have it, to the last bit. */
BODY float body_tanh_f32(float x)
{
    const float bound = 0x1.ffec88p+2f; /* the quotient is 1 from here on */
    float a = abs_f32(x), end = with_sign_f32(bound, x), t = a < bound ? x : end, z = t * t;
    float n = -0x1.3e4b80p-52f;
    n = fma_f32(n, z, 0x1.c266fcp-43f);
    n = fma_f32(n, z, -0x1.7a6ffep-34f);
    n = fma_f32(n, z, 0x1.b80082p-25f);
    n = fma_f32(n, z, 0x1.f28694p-17f);
    n = fma_f32(n, z, 0x1.4e1bdap-11f);
    n = fma_f32(n, z, 0x1.40b3b8p-8f);
    float d = 0x1.41a7b0p-20f;
    d = fma_f32(d, z, 0x1.f12bacp-14f);
    d = fma_f32(d, z, 0x1.29540ap-9f);
    d = fma_f32(d, z, 0x1.40b3bap-8f);
    float quotient = t * n / d, near = a < 0x1.a36e2ep-12f ? x : quotient;
    float one = with_sign_f32(1, x), y = a < 20 ? near : one;
    return x != x ? NAN32 : y;
}

BODY float body_sinh_f32(float x)
{
    float a = abs_f32(x), z = x * x;
    float q = 0x1.b683ecp-26f;
    q = fma_f32(q, z, 0x1.71cc92p-19f);
    q = fma_f32(q, z, 0x1.a01a24p-13f);
    q = fma_f32(q, z, 0x1.11111p-7f);
    q = fma_f32(q, z, 0x1.555556p-3f);
    float near = fma_f32(q * z, x, x);
    float h = exp_scaled_f32(a, -1);
    float far = with_sign_f32(h - 0.25f / h, x);
    float y = a < 1 ? near : far;
    return x != x ? NAN32 : y;
}

BODY float body_cosh_f32(float x)
{
    float h = exp_scaled_f32(abs_f32(x), -1);
    float y = h + 0.25f / h;
    return x != x ? NAN32 : y;
}

/* ---- logarithms ---- */

/* k ln 2 + log(1 + f) for 1 + f in [sqrt 1/2, sqrt 2] */
HELPER float log_reduced_f32(float k, float f)
{
    float q = 0x1.142832p-4f;
    q = fma_f32(q, f, -0x1.de3b58p-4f);
    q = fma_f32(q, f, 0x1.e707f8p-4f);
    q = fma_f32(q, f, -0x1.fc23fap-4f);
    q = fma_f32(q, f, 0x1.2335a6p-3f);
    q = fma_f32(q, f, -0x1.555c1ep-3f);
    q = fma_f32(q, f, 0x1.99a4cep-3f);
    q = fma_f32(q, f, -0x1.000008p-2f);
    q = fma_f32(q, f, 0x1.555548p-2f);
    float square = f * f;
    float low = fma_f32(k, LN2_LOW_F32, square * f * q);
    return fma_f32(k, LN2_HIGH_F32, f + fma_f32(-0.5f, square, low));
}

/* The bits of the nearest sqrt(1/2) below; x = 2^k m with m from there up to twice that */
#define SQRT_HALF_BITS_F32 0x3f3504f3u

BODY float body_log_f32(float x)
{
    bool subnormal = x < 0x1p-126f;
    float normal = subnormal ? x * 0x1p23f : x;
    uint32_t offset = bits_of_f32(normal) - SQRT_HALF_BITS_F32;
    int32_t k = (int32_t)offset >> 23;
    float m = f32_of_bits((offset & 0x7fffffu) + SQRT_HALF_BITS_F32);
    float y = log_reduced_f32((float)(k - (subnormal ? 23 : 0)), m - 1);
    float top = x == INF32 ? INF32 : y;
    float zero = x == 0 ? -INF32 : top;
    return x >= 0 ? zero : NAN32;
}

BODY float body_log1p_f32(float x)
{
    float u = 1 + x;
    float lost = x >= 1 ? 1 - (u - x) : x - (u - 1);
    uint32_t offset = bits_of_f32(u) - SQRT_HALF_BITS_F32;
    int32_t k = (int32_t)offset >> 23, capped = k > 100 ? 100 : k;
    float m = f32_of_bits((offset & 0x7fffffu) + SQRT_HALF_BITS_F32);
    float f = fma_f32(lost, f32_of_bits((uint32_t)(127 - capped) << 23), m - 1);
    float y = log_reduced_f32((float)k, f);
    float top = x == INF32 ? INF32 : y;
    float bottom = x == -1 ? -INF32 : top;
    float kept = x == 0 ? x : bottom;
    return x >= -1 ? kept : NAN32;
}

/* ---- sine and relatives ---- */

/* x = q pi/2 + r with |r| <= pi/4; *quadrant is q in its low bits */
HELPER double quadrant_f32(float x, uint32_t *quadrant)
{
    double d = x, z = fma_f64(d, 0x1.45f306dc9c883p-1, ROUND64), k = z - ROUND64;
    *quadrant = (uint32_t)bits_of_f64(z);
    return fma_f64(k, -0x1.1a62633145c07p-54, fma_f64(k, -0x1.921fb54442d18p+0, d));
}

/* sin r and cos r for |r| <= pi/4, with z = r^2: relative errors of 2^-37 and 2^-34 before they are
 * rounded. Pairs of terms, since who waits for a sine waits for all of it. */
HELPER double sin_reduced_f32(double r, double z)
{
    double low = fma_f64(z, 0x1.11110895aab69p-7, -0x1.5555554cb90f0p-3);
    double high = fma_f64(z, 0x1.6cd838d449683p-19, -0x1.a00f9d23899e6p-13);
    return fma_f64(r * z, fma_f64(z * z, high, low), r);
}

HELPER double cos_reduced_f32(double z)
{
    double low = fma_f64(z, 0x1.55553e0cd7e7dp-5, -0x1.ffffffd0bc773p-2);
    double high = fma_f64(z, 0x1.9933d6599e5e8p-16, -0x1.6c087d15390a7p-10);
    return fma_f64(z, fma_f64(z * z, high, low), 1);
}

/* NaN is beyond the limit (far.h). What is near needs no reduction, and bodies of its own give the
 * same bits sooner. */
BODY float body_sin_near_f32(float x)
{
    double r = x;
    float y = (float)sin_reduced_f32(r, r * r);
    return x == 0 ? x : y;
}

BODY float body_cos_near_f32(float x)
{
    double r = x;
    return (float)cos_reduced_f32(r * r);
}

BODY float body_sin_f32(float x)
{
    uint32_t quadrant;
    double r = quadrant_f32(x, &quadrant), z = r * r;
    double s = sin_reduced_f32(r, z), c = cos_reduced_f32(z);
    float y = (float)(quadrant & 1 ? c : s);
    float turned = f32_of_bits(bits_of_f32(y) ^ (quadrant & 2) << 30);
    return x == 0 ? x : turned;
}

BODY float body_cos_f32(float x)
{
    uint32_t quadrant;
    double r = quadrant_f32(x, &quadrant), z = r * r;
    double s = sin_reduced_f32(r, z), c = cos_reduced_f32(z);
    float y = (float)(quadrant & 1 ? s : c);
    return f32_of_bits(bits_of_f32(y) ^ ((quadrant + 1) & 2) << 30);
}

/* tan(r) / r - 1 for |r| <= pi/4, with z = r^2 */
HELPER float tan_rest_f32(float z)
{
    float q = 0x1.1ec528p-8f;
    q = fma_f32(q, z, 0x1.84aa16p-14f);
    q = fma_f32(q, z, 0x1.62ecf6p-7f);
    q = fma_f32(q, z, 0x1.5cba9cp-6f);
    q = fma_f32(q, z, 0x1.bada62p-5f);
    q = fma_f32(q, z, 0x1.110d9ap-3f);
    q = fma_f32(q, z, 0x1.55556p-2f);
    return q * z;
}

BODY float body_tan_near_f32(float x)
{
    float y = x + tan_rest_f32(x * x) * x;
    return x == 0 ? x : y;
}

BODY float body_tan_f32(float x)
{
    uint32_t quadrant;
    double exact = quadrant_f32(x, &quadrant);
    float r = (float)exact, rest = (float)(exact - (double)r), q = tan_rest_f32(r * r);
    float rough = fma_f32(q, r, r);
    float t = r + fma_f32(q, r, rest * fma_f32(rough, rough, 1));
    float cotangent = -1 / t, y = quadrant & 1 ? cotangent : t;
    float kept = x == 0 ? x : y;
    return kept != kept ? NAN32 : kept;
}

/* ---- inverse sine and relatives ---- */

#define HALF_PI_F32 0x1.921fb6p+0f
#define HALF_PI_LOW_F32 -0x1.777a5cp-25f

/* asin(r) - r for |r| <= 1/2, z = r^2 */
HELPER float asin_rest_f32(float r, float z)
{
    float q = 0x1.33185p-5f;
    q = fma_f32(q, z, 0x1.d9c796p-7f);
    q = fma_f32(q, z, 0x1.0486dp-5f);
    q = fma_f32(q, z, 0x1.6cb022p-5f);
    q = fma_f32(q, z, 0x1.333872p-4f);
    q = fma_f32(q, z, 0x1.55554cp-3f);
    return q * z * r;
}

BODY float body_asin_f32(float x)
{
    float a = abs_f32(x), xx = x * x, z = fma_f32(-0.5f, a, 0.5f), root = __builtin_sqrtf(z);
    bool small = a < 0.5f;
    float square = small ? xx : z, r = small ? x : root;
    float rest = asin_rest_f32(r, square);
    float near = r + rest,
          far = with_sign_f32((HALF_PI_F32 - 2 * r) - (2 * rest - HALF_PI_LOW_F32), x);
    float y = small ? near : far;
    return a <= 1 ? y : NAN32;
}

BODY float body_acos_f32(float x)
{
    float a = abs_f32(x), xx = x * x, z = fma_f32(-0.5f, a, 0.5f), root = __builtin_sqrtf(z);
    bool small = a < 0.5f;
    float square = small ? xx : z, r = small ? x : root;
    float rest = asin_rest_f32(r, square);
    float middle = HALF_PI_F32 - (r - (HALF_PI_LOW_F32 - rest));
    float high = 2 * (r + rest);
    float far = x < 0 ? 2 * HALF_PI_F32 - (high - 2 * HALF_PI_LOW_F32) : high;
    float y = small ? middle : far;
    return a <= 1 ? y : NAN32;
}

/* atan(t) for 0 <= t <= 1 */
HELPER float atan_reduced_f32(float t)
{
    float z = t * t, q = -0x1.d82068p-10f;
    q = fma_f32(q, z, 0x1.66b384p-7f);
    q = fma_f32(q, z, -0x1.ffc348p-6f);
    q = fma_f32(q, z, 0x1.db3e7ap-5f);
    q = fma_f32(q, z, -0x1.585528p-4f);
    q = fma_f32(q, z, 0x1.c0a4aep-4f);
    q = fma_f32(q, z, -0x1.2422b4p-3f);
    q = fma_f32(q, z, 0x1.999216p-3f);
    q = fma_f32(q, z, -0x1.55553ep-2f);
    return fma_f32(q * z, t, t);
}

BODY float body_atan_f32(float x)
{
    float a = abs_f32(x);
    bool big = a > 1;
    float inverse = 1 / (big ? a : 1);
    float r = atan_reduced_f32(big ? inverse : a);
    float y = big ? HALF_PI_F32 - (r - HALF_PI_LOW_F32) : r;
    float signed_y = with_sign_f32(y, x);
    return x != x ? NAN32 : signed_y;
}

BODY float body_atan2_f32(float y, float x)
{
    float ax = abs_f32(x), ay = abs_f32(y);
    bool steep = ay > ax;
    float low = steep ? ax : ay, high = steep ? ay : ax;
    float divisor = high == 0 ? 1 : high;
    float t = low == INF32 ? 1 : low / divisor;
    float r = atan_reduced_f32(t);
    float first = steep ? HALF_PI_F32 - (r - HALF_PI_LOW_F32) : r;
    bool left = bits_of_f32(x) >> 31;
    float angle = left ? 2 * HALF_PI_F32 - (first - 2 * HALF_PI_LOW_F32) : first;
    float signed_angle = with_sign_f32(angle, y);
    return ((x != x) | (y != y)) ? NAN32 : signed_angle;
}

/* ---- the error function ---- */

/* A quotient of polynomials as Eigen and XLA have it, to the last bit. */
BODY float body_erf_f32(float x)
{
    float z = x * x;
    float n = 0x1.e05aa2p-13f;
    n = fma_f32(n, z, 0x1.bebb44p-9f);
    n = fma_f32(n, z, 0x1.a16dd6p-5f);
    n = fma_f32(n, z, 0x1.7b4e80p-3f);
    n = fma_f32(n, z, 0x1.20dd74p+0f);
    float d = -0x1.fa720cp-24f;
    d = fma_f32(d, z, 0x1.8b11bep-16f);
    d = fma_f32(d, z, 0x1.0ada50p-10f);
    d = fma_f32(d, z, 0x1.cd0fa8p-7f);
    d = fma_f32(d, z, 0x1.c69842p-4f);
    d = fma_f32(d, z, 0x1.fd6894p-2f);
    d = fma_f32(d, z, 1);
    float near = x * n / d, one = with_sign_f32(1, x);
    float y = abs_f32(x) < 0x1.ea8f96p+1f ? near : one;
    return x != x ? NAN32 : y;
}

/* log(1 + x) as Cephes computes it: what samplers of the normal distribution are defined by, to the
 * last bit. */
HELPER float log1p_rational_f32(float x)
{
    float n = 0x1.7bc096p-15f, d = 1;
    n = fma_f32(n, x, 0x1.fe818ap-2f);
    n = fma_f32(n, x, 0x1.a509f4p+2f);
    n = fma_f32(n, x, 0x1.de9738p+4f);
    n = fma_f32(n, x, 0x1.e798ecp+5f);
    n = fma_f32(n, x, 0x1.c8e75ap+5f);
    n = fma_f32(n, x, 0x1.40a202p+4f);
    d = fma_f32(d, x, 0x1.e2035ap+3f);
    d = fma_f32(d, x, 0x1.4c30b6p+6f);
    d = fma_f32(d, x, 0x1.bb865ap+7f);
    d = fma_f32(d, x, 0x1.351946p+8f);
    d = fma_f32(d, x, 0x1.b0db14p+7f);
    d = fma_f32(d, x, 0x1.e0f304p+5f);
    float square = x * x, quotient = n / d;
    float near = x + (x * square * quotient - 0.5f * square);
    float far = body_log_f32(1 + x);
    return abs_f32(x) < 0x1.a8279ap-2f ? near : far;
}

/* A polynomial in w = -log(1 - x^2), or in its root near the ends. M. Giles, "Approximating the
 * erfinv function" (2010). */
BODY float body_erf_inv_f32(float x)
{
    float rest = (1 - x) * (1 + x);
    float w = -log1p_rational_f32(-(x * x));
    float t = w - 2.5f;
    float p = 0x1.e2cb1p-26f;
    p = fma_f32(p, t, 0x1.70966cp-22f);
    p = fma_f32(p, t, -0x1.d8e6aep-19f);
    p = fma_f32(p, t, -0x1.26b582p-18f);
    p = fma_f32(p, t, 0x1.ca65b6p-13f);
    p = fma_f32(p, t, -0x1.48a81p-10f);
    p = fma_f32(p, t, -0x1.11c9dep-8f);
    p = fma_f32(p, t, 0x1.f91ec6p-3f);
    p = fma_f32(p, t, 0x1.805c5ep+0f);
    float tail = w > 5 ? w : 5;
    float s = __builtin_sqrtf(tail) - 3;
    float q = -0x1.a3e136p-13f;
    q = fma_f32(q, s, 0x1.a76ad6p-14f);
    q = fma_f32(q, s, 0x1.61b8e4p-10f);
    q = fma_f32(q, s, -0x1.e17bcep-9f);
    q = fma_f32(q, s, 0x1.7824f6p-8f);
    q = fma_f32(q, s, -0x1.f38baep-8f);
    q = fma_f32(q, s, 0x1.354afcp-7f);
    q = fma_f32(q, s, 0x1.006db6p+0f);
    q = fma_f32(q, s, 0x1.6a9efcp+1f);
    float y = (w < 5 ? p : q) * x, infinite = with_sign_f32(INF32, x);
    float ends = rest == 0 ? infinite : y;
    return rest >= 0 ? ends : NAN32;
}
