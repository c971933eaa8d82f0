/* Elementary functions of float64, mostly within 1 to 2 ulp, and at the end those of float32 that
 * are computed in double.
 *
 * The polynomials are minimax fits of the function named beside them, relative error at most 2^-57.
 * Sine and its relatives reduce with three parts of pi/2, good up to 2^50. Next: bodies_convert.c.
 */
#include "kernel/bodies_f32.c"

#define LOG2E_F64 0x1.71547652b82fep+0
#define LN2_HIGH_F64 0x1.62e42fee00000p-1
#define LN2_LOW_F64 0x1.a39ef35793c76p-33

/* ---- exponentials ---- */

/* e^(r + low) - 1 for |r| <= ln 2 / 2 */
HELPER double exp_reduced_f64(double r, double low)
{
    double q = 0x1.1f9f81106044ap-29;
    q = fma_f64(q, r, 0x1.af6ceed934c58p-26);
    q = fma_f64(q, r, 0x1.27e4bde96adc7p-22);
    q = fma_f64(q, r, 0x1.71ddef7fb2dd5p-19);
    q = fma_f64(q, r, 0x1.a01a01b520df9p-16);
    q = fma_f64(q, r, 0x1.a01a01b3c30b0p-13);
    q = fma_f64(q, r, 0x1.6c16c16c131ccp-10);
    q = fma_f64(q, r, 0x1.111111110eba2p-7);
    q = fma_f64(q, r, 0x1.555555555555fp-5);
    q = fma_f64(q, r, 0x1.555555555555cp-3);
    q = fma_f64(q, r, 0.5);
    return r + fma_f64(r * r, q, low);
}

/* x = k ln 2 + r + low; *n is k */
HELPER double exp_split_f64(double x, int32_t *n, double *k, double *low)
{
    double z = fma_f64(x, LOG2E_F64, ROUND64);
    *k = z - ROUND64;
    *n = (int32_t)(uint32_t)bits_of_f64(z);
    double high = fma_f64(*k, -LN2_HIGH_F64, x), r = fma_f64(*k, -LN2_LOW_F64, high);
    *low = fma_f64(*k, -LN2_LOW_F64, high - r);
    return r;
}

/* e^x 2^extra, for small extra: NaN in, unspecified out */
HELPER double exp_scaled_f64(double x, int32_t extra)
{
    double bottom = x < -750 ? -750 : x, t = bottom > 720 ? 720 : bottom, k, low;
    int32_t n;
    double r = exp_split_f64(t, &n, &k, &low);
    return scale_f64(1 + exp_reduced_f64(r, low), n + extra);
}

BODY double body_exp_f64(double x)
{
    double y = exp_scaled_f64(x, 0);
    return x != x ? NAN64 : y;
}

/* 2^(r + low), |r| <= 1/2, by a polynomial for (2^r - 1) / r */
HELPER double exp2_reduced_f64(double r, double low)
{
    double q = 0x1.8240cda5796b1p-40;
    q = fma_f64(q, r, 0x1.c4c58fcf58fffp-36);
    q = fma_f64(q, r, 0x1.e8ca6ea68cb81p-32);
    q = fma_f64(q, r, 0x1.e4cef809e03d5p-28);
    q = fma_f64(q, r, 0x1.b5253d4b53541p-24);
    q = fma_f64(q, r, 0x1.62c0224935193p-20);
    q = fma_f64(q, r, 0x1.ffcbfc5887224p-17);
    q = fma_f64(q, r, 0x1.430912f869fa1p-13);
    q = fma_f64(q, r, 0x1.5d87fe78a6738p-10);
    q = fma_f64(q, r, 0x1.3b2ab6fba4e7dp-7);
    q = fma_f64(q, r, 0x1.c6b08d704a0c0p-5);
    q = fma_f64(q, r, 0x1.ebfbdff82c58fp-3);
    q = fma_f64(q, r, 0x1.62e42fefa39efp-1);
    return 1 + fma_f64(q, r, low * 0x1.62e42fefa39efp-1);
}

BODY double body_exp2_f64(double x)
{
    double bottom = x < -1080 ? -1080 : x, t = bottom > 1030 ? 1030 : bottom;
    double z = t + ROUND64, k = z - ROUND64;
    double y = scale_f64(exp2_reduced_f64(t - k, 0), (int32_t)(uint32_t)bits_of_f64(z));
    return x != x ? NAN64 : y;
}

BODY double body_expm1_f64(double x)
{
    double bottom = x < -40 ? -40 : x, t = bottom > 720 ? 720 : bottom, k, low;
    int32_t n;
    double r = exp_split_f64(t, &n, &k, &low), p = exp_reduced_f64(r, low);
    double half = f64_of_bits((uint64_t)(uint32_t)(n + 1022) << 52);
    double y = 2 * fma_f64(p, half, half - 0.5);
    double finite = n > 1024 ? INF64 : y, near = k == 0 ? p : finite;
    double kept = x == 0 ? x : near;
    return x != x ? NAN64 : kept;
}

BODY double body_logistic_f64(double x)
{
    double e = exp_scaled_f64(-abs_f64(x), 0);
    double s = 1 / (1 + e);
    double y = x >= 0 ? s : e * s;
    return x != x ? NAN64 : y;
}

BODY double body_tanh_f64(double x)
{
    double a = abs_f64(x), capped = a > 22 ? 22 : a;
    double e = body_expm1_f64(2 * capped);
    double y = with_sign_f64(e / (e + 2), x);
    return x != x ? NAN64 : y;
}

BODY double body_sinh_f64(double x)
{
    double a = abs_f64(x), capped = a > 1 ? 1 : a;
    double e = body_expm1_f64(capped), near = 0.5 * (e + e / (e + 1));
    double h = exp_scaled_f64(a, -1), far = h - 0.25 / h;
    double y = with_sign_f64(a < 1 ? near : far, x);
    return x != x ? NAN64 : y;
}

BODY double body_cosh_f64(double x)
{
    double h = exp_scaled_f64(abs_f64(x), -1);
    double y = h + 0.25 / h;
    return x != x ? NAN64 : y;
}

/* ---- logarithms ---- */

/* k ln 2 + log(1 + f) for 1 + f in [sqrt 1/2, sqrt 2]: log(1 + f) = 2 atanh(f / (2 + f)) */
HELPER double log_reduced_f64(double k, double f)
{
    double s = f / (2 + f), z = s * s, q = 0x1.2eebdfc886b88p-3;
    q = fma_f64(q, z, 0x1.39a4514eb6496p-3);
    q = fma_f64(q, z, 0x1.74662497b2a0cp-3);
    q = fma_f64(q, z, 0x1.c71c528d83e39p-3);
    q = fma_f64(q, z, 0x1.2492494147d06p-2);
    q = fma_f64(q, z, 0x1.9999999980a5ap-2);
    q = fma_f64(q, z, 0x1.5555555555590p-1);
    double half_square = 0.5 * f * f;
    double low = fma_f64(s, fma_f64(q, z, half_square), k * LN2_LOW_F64);
    return fma_f64(k, LN2_HIGH_F64, f - (half_square - low));
}

#define SQRT_HALF_BITS_F64 0x3fe6a09e667f3bcdu

/* x = 2^k m; k for a positive normal x, m in [sqrt 1/2, sqrt 2] */
HELPER double log_split_f64(double x, double *m)
{
    uint64_t offset = bits_of_f64(x) - SQRT_HALF_BITS_F64;
    *m = f64_of_bits((offset & 0xfffffffffffffu) + SQRT_HALF_BITS_F64);
    return (double)((int32_t)(uint32_t)(offset >> 32) >> 20);
}

BODY double body_log_f64(double x)
{
    bool subnormal = x < 0x1p-1022;
    double normal = subnormal ? x * 0x1p52 : x, m, k = log_split_f64(normal, &m);
    double y = log_reduced_f64(k - (subnormal ? 52 : 0), m - 1);
    double top = x == INF64 ? INF64 : y;
    double zero = x == 0 ? -INF64 : top;
    return x >= 0 ? zero : NAN64;
}

BODY double body_log1p_f64(double x)
{
    double u = 1 + x, m, k = log_split_f64(u, &m);
    double lost = x >= 1 ? 1 - (u - x) : x - (u - 1);
    double capped = k > 1000 ? 1000 : k;
    double down = f64_of_bits((bits_of_f64(ROUND64 + 1023 - capped) & 0xfff) << 52);
    double y = log_reduced_f64(k, fma_f64(lost, down, m - 1));
    double top = x == INF64 ? INF64 : y;
    double bottom = x == -1 ? -INF64 : top;
    double kept = x == 0 ? x : bottom;
    return x >= -1 ? kept : NAN64;
}

BODY double body_asinh_f64(double x)
{
    double a = abs_f64(x);
    bool big = a > 0x1p28;
    double t = big ? 1 : a, square = t * t;
    double near = body_log1p_f64(t + square / (1 + __builtin_sqrt(1 + square)));
    double far = body_log_f64(a) + 0x1.62e42fefa39efp-1;
    double y = with_sign_f64(big ? far : near, x);
    return x != x ? NAN64 : y;
}

BODY double body_acosh_f64(double x)
{
    bool big = x > 0x1p28;
    double t = big ? 0 : x - 1;
    double near = body_log1p_f64(t + __builtin_sqrt(t * (t + 2)));
    double far = body_log_f64(x) + 0x1.62e42fefa39efp-1;
    double y = big ? far : near;
    return x >= 1 ? y : NAN64;
}

BODY double body_atanh_f64(double x)
{
    double a = abs_f64(x);
    double y = 0.5 * body_log1p_f64(2 * a / (1 - a));
    double signed_y = with_sign_f64(y, x);
    return a <= 1 ? signed_y : NAN64;
}

/* ---- sine and relatives ---- */

/* x = q pi/2 + r + low with |r| <= pi/4 */
HELPER double quadrant_f64(double x, uint32_t *quadrant, double *low)
{
    double z = fma_f64(x, 0x1.45f306dc9c883p-1, ROUND64), k = z - ROUND64;
    *quadrant = (uint32_t)bits_of_f64(z);
    double p = k * 0x1.921fb54442d18p+0, lost = fma_f64(k, 0x1.921fb54442d18p+0, -p), t = x - p;
    double w = fma_f64(k, 0x1.1a62633145c07p-54, lost),
           w_lost = fma_f64(k, 0x1.1a62633145c07p-54, lost - w);
    double r = t - w;
    *low = (t - r) - w - fma_f64(k, -0x1.f1976b7ed8fbcp-110, w_lost);
    return r;
}

HELPER double sin_reduced_f64(double r, double low)
{
    double z = r * r, q = 0x1.5d8edbf287e05p-33;
    q = fma_f64(q, z, -0x1.ae5e57728bda0p-26);
    q = fma_f64(q, z, 0x1.71de356413aabp-19);
    q = fma_f64(q, z, -0x1.a01a019bf9ea8p-13);
    q = fma_f64(q, z, 0x1.111111110f7b4p-7);
    q = fma_f64(q, z, -0x1.5555555555548p-3);
    return r + fma_f64(q * z, r, fma_f64(-0.5 * z, low, low));
}

HELPER double cos_reduced_f64(double r, double low)
{
    double z = r * r, q = -0x1.8fa402bb3a8e0p-37;
    q = fma_f64(q, z, 0x1.1ee9d6acd7771p-29);
    q = fma_f64(q, z, -0x1.27e4f7e97c021p-22);
    q = fma_f64(q, z, 0x1.a01a019c82f56p-16);
    q = fma_f64(q, z, -0x1.6c16c16c14f88p-10);
    q = fma_f64(q, z, 0x1.555555555554bp-5);
    double half = 0.5 * z, high = 1 - half;
    return high + ((1 - high) - half + fma_f64(z * z, q, -r * low));
}

BODY double body_sin_near_f64(double x)
{
    double y = sin_reduced_f64(x, 0);
    return x == 0 ? x : y;
}

BODY double body_cos_near_f64(double x) { return cos_reduced_f64(x, 0); }

BODY double body_tan_near_f64(double x)
{
    double y = sin_reduced_f64(x, 0) / cos_reduced_f64(x, 0);
    return x == 0 ? x : y;
}

BODY double body_sin_f64(double x)
{
    uint32_t quadrant;
    double low, r = quadrant_f64(x, &quadrant, &low);
    double s = sin_reduced_f64(r, low), c = cos_reduced_f64(r, low);
    double y = f64_of_bits(bits_of_f64(quadrant & 1 ? c : s) ^ (uint64_t)(quadrant & 2) << 62);
    double kept = x == 0 ? x : y;
    return kept != kept ? NAN64 : kept;
}

BODY double body_cos_f64(double x)
{
    uint32_t quadrant;
    double low, r = quadrant_f64(x, &quadrant, &low);
    double s = sin_reduced_f64(r, low), c = cos_reduced_f64(r, low);
    double y =
        f64_of_bits(bits_of_f64(quadrant & 1 ? s : c) ^ (uint64_t)((quadrant + 1) & 2) << 62);
    return y != y ? NAN64 : y;
}

BODY double body_tan_f64(double x)
{
    uint32_t quadrant;
    double low, r = quadrant_f64(x, &quadrant, &low);
    double s = sin_reduced_f64(r, low), c = cos_reduced_f64(r, low);
    double y = quadrant & 1 ? -c : s, divisor = quadrant & 1 ? s : c;
    double t = y / divisor;
    double kept = x == 0 ? x : t;
    return kept != kept ? NAN64 : kept;
}

/* ---- inverse sine and relatives ---- */

#define HALF_PI_F64 0x1.921fb54442d18p+0
#define HALF_PI_LOW_F64 0x1.1a62633145c07p-54

/* asin(r) - r for |r| <= 1/2, z = r^2 */
HELPER double asin_rest_f64(double r, double z)
{
    double q = 0x1.0b15ea2d5bcdcp-5;
    q = fma_f64(q, z, -0x1.575047f459d07p-6);
    q = fma_f64(q, z, 0x1.631475fedacd5p-6);
    q = fma_f64(q, z, 0x1.e7e6e3db411d7p-9);
    q = fma_f64(q, z, 0x1.6117e9ebbc78ep-7);
    q = fma_f64(q, z, 0x1.758ccf111c5e5p-7);
    q = fma_f64(q, z, 0x1.ca1e90c292ad3p-7);
    q = fma_f64(q, z, 0x1.1c49fc0856685p-6);
    q = fma_f64(q, z, 0x1.6e8bde28f32dap-6);
    q = fma_f64(q, z, 0x1.f1c71a9c12e50p-6);
    q = fma_f64(q, z, 0x1.6db6db71fdbecp-5);
    q = fma_f64(q, z, 0x1.333333332e310p-4);
    q = fma_f64(q, z, 0x1.5555555555576p-3);
    return q * z * r;
}

BODY double body_asin_f64(double x)
{
    double a = abs_f64(x), xx = x * x, z = fma_f64(-0.5, a, 0.5), root = __builtin_sqrt(z);
    bool small = a < 0.5;
    double square = small ? xx : z, r = small ? x : root;
    double rest = asin_rest_f64(r, square);
    double near = r + rest,
           far = with_sign_f64((HALF_PI_F64 - 2 * r) - (2 * rest - HALF_PI_LOW_F64), x);
    double y = small ? near : far;
    return a <= 1 ? y : NAN64;
}

BODY double body_acos_f64(double x)
{
    double a = abs_f64(x), xx = x * x, z = fma_f64(-0.5, a, 0.5), root = __builtin_sqrt(z);
    bool small = a < 0.5;
    double square = small ? xx : z, r = small ? x : root;
    double rest = asin_rest_f64(r, square);
    double middle = HALF_PI_F64 - (r - (HALF_PI_LOW_F64 - rest));
    double high = 2 * (r + rest);
    double far = x < 0 ? 2 * HALF_PI_F64 - (high - 2 * HALF_PI_LOW_F64) : high;
    double y = small ? middle : far;
    return a <= 1 ? y : NAN64;
}

/* atan(t) for 0 <= t <= 1 */
HELPER double atan_reduced_f64(double t)
{
    double z = t * t, q = 0x1.bcd7253e69d28p-17;
    q = fma_f64(q, z, -0x1.3fcd8236da9e9p-13);
    q = fma_f64(q, z, 0x1.b4afbfe902183p-11);
    q = fma_f64(q, z, -0x1.7abe51014a35dp-9);
    q = fma_f64(q, z, 0x1.d83e9196dd3cbp-8);
    q = fma_f64(q, z, -0x1.c7f130e20137dp-7);
    q = fma_f64(q, z, 0x1.687225b37e0b4p-6);
    q = fma_f64(q, z, -0x1.ea26cbc8b21dep-6);
    q = fma_f64(q, z, 0x1.2c3cdd49757f2p-5);
    q = fma_f64(q, z, -0x1.59ab4a4390388p-5);
    q = fma_f64(q, z, 0x1.82ddae9b4ef5dp-5);
    q = fma_f64(q, z, -0x1.ae5f4c4539c29p-5);
    q = fma_f64(q, z, 0x1.e1bbd7c56b8e8p-5);
    q = fma_f64(q, z, -0x1.110e554ff01c3p-4);
    q = fma_f64(q, z, 0x1.3b13671bc15fbp-4);
    q = fma_f64(q, z, -0x1.745d11b95f046p-4);
    q = fma_f64(q, z, 0x1.c71c718068862p-4);
    q = fma_f64(q, z, -0x1.2492492381cf6p-3);
    q = fma_f64(q, z, 0x1.9999999995653p-3);
    q = fma_f64(q, z, -0x1.5555555555526p-2);
    return fma_f64(q * z, t, t);
}

BODY double body_atan_f64(double x)
{
    double a = abs_f64(x);
    bool big = a > 1;
    double inverse = 1 / (big ? a : 1);
    double r = atan_reduced_f64(big ? inverse : a);
    double y = big ? HALF_PI_F64 - (r - HALF_PI_LOW_F64) : r;
    double signed_y = with_sign_f64(y, x);
    return x != x ? NAN64 : signed_y;
}

BODY double body_atan2_f64(double y, double x)
{
    double ax = abs_f64(x), ay = abs_f64(y);
    bool steep = ay > ax;
    double low = steep ? ax : ay, high = steep ? ay : ax;
    double divisor = high == 0 ? 1 : high;
    double t = low == INF64 ? 1 : low / divisor;
    double r = atan_reduced_f64(t);
    double first = steep ? HALF_PI_F64 - (r - HALF_PI_LOW_F64) : r;
    bool left = bits_of_f64(x) >> 63;
    double angle = left ? 2 * HALF_PI_F64 - (first - 2 * HALF_PI_LOW_F64) : first;
    double signed_angle = with_sign_f64(angle, y);
    return ((x != x) | (y != y)) ? NAN64 : signed_angle;
}

/* ---- powers ---- */

/* log2 of a positive normal number as high + low, to some 65 bits: 2 atanh(s) in two parts, s = (m
 * - 1) / (m + 1) */
HELPER double log2_pair_f64(double x, double *low)
{
    double m, k = log_split_f64(x, &m), f = m - 1, g = m + 1, g_low = m - (g - 1);
    double s = f / g, s_low = (fma_f64(-s, g, f) - s * g_low) / g;
    double z = s * s, z_low = fma_f64(s, s, -z) + 2 * s * s_low;
    double c = z * s, c_low = fma_f64(z, s, -c) + z * s_low + z_low * s;
    double q = 0x1.0e30b97ec9213p-3;
    q = fma_f64(q, z, 0x1.0f81e7d025d4dp-3);
    q = fma_f64(q, z, 0x1.3b1ed558d36c2p-3);
    q = fma_f64(q, z, 0x1.745cea6699ed0p-3);
    q = fma_f64(q, z, 0x1.c71c722bd5b91p-3);
    q = fma_f64(q, z, 0x1.249249245900fp-2);
    q = fma_f64(q, z, 0x1.9999999999b26p-2);
    double third = 0x1.5555555555555p-1, third_low = 0x1.5555555555555p-55;
    double t = c * third, t_low = fma_f64(c, third, -t) + c * third_low + c_low * third;
    double sum = 2 * s + t, sum_low = (2 * s - sum) + t + (2 * s_low + t_low + c * z * q);
    double e = LOG2E_F64, e_low = 0x1.777d0ffda0d24p-56;
    double p = sum * e, p_low = fma_f64(sum, e, -p) + sum * e_low + sum_low * e;
    double high = k + p;
    *low = (k - high) + p + p_low;
    return high;
}

BODY double body_pow_f64(double x, double y)
{
    double a = abs_f64(x);
    bool subnormal = a < 0x1p-1022;
    double scaled = subnormal ? a * 0x1p52 : a, low;
    double high = log2_pair_f64(scaled, &low) - (subnormal ? 52 : 0);
    double capped = y > 0x1p66 ? 0x1p66 : y, by = capped < -0x1p66 ? -0x1p66 : capped;
    double e = by * high, e_low = fma_f64(by, high, -e) + by * low;
    double bottom = e < -1100 ? -1100 : e, t = bottom > 1100 ? 1100 : bottom;
    double z = t + ROUND64, k = z - ROUND64, rest = abs_f64(e) < 1100 ? e_low : 0;
    double r = t - k, sum = r + rest, sum_low = (r - sum) + rest;
    double finite = scale_f64(exp2_reduced_f64(sum, sum_low), (int32_t)(uint32_t)bits_of_f64(z));
    double grows = y > 0 ? INF64 : 0, shrinks = y > 0 ? 0 : INF64;
    double of_inf = a == INF64 ? grows : finite, magnitude = a == 0 ? shrinks : of_inf;
    double half = 0.5 * y, whole = body_floor_f64(y);
    double half_whole = body_floor_f64(half);
    bool odd = (y == whole) & (half != half_whole) & (abs_f64(y) < 0x1p53);
    double negative =
        f64_of_bits(bits_of_f64(magnitude) ^ (odd ? bits_of_f64(x) & 0x8000000000000000u : 0));
    double real = ((x < 0) & (y != whole) & (a != INF64)) ? NAN64 : negative;
    double number = ((x != x) | (y != y)) ? NAN64 : real;
    return ((y == 0) | (x == 1)) ? 1 : number;
}

/* x = m 2^(3 q + r), m in [1, 2): start from a polynomial for cbrt m, then Halley's method */
HELPER double cbrt_start_f64(double a, double *m, double *scale)
{
    uint64_t u = bits_of_f64(a);
    uint32_t e = (uint32_t)(u >> 52) + 3 * 1024 - 1023, q = e * 43691u >> 17, r = e - 3 * q;
    double one = f64_of_bits((u & 0xfffffffffffffu) | 0x3ff0000000000000u);
    double y = -0x1.5b0fda367b50ap-7;
    y = fma_f64(y, one, 0x1.60478df14c0bcp-4);
    y = fma_f64(y, one, -0x1.339b478f45469p-2);
    y = fma_f64(y, one, 0x1.6f93861d8e6a8p-1);
    y = fma_f64(y, one, 0x1.039eb58cf2d99p-1);
    *m = one * (r == 0 ? 1 : r == 1 ? 2 : 4);
    *scale = f64_of_bits((uint64_t)(q - 1024 + 1023) << 52);
    return y * (r == 0 ? 1 : r == 1 ? 0x1.428a2f98d728bp+0 : 0x1.965fea53d6e3dp+0);
}

HELPER double cbrt_halley_f64(double y, double m)
{
    double cube = y * y * y;
    return y + y * ((m - cube) / (2 * cube + m));
}

BODY double body_cbrt_f64(double x)
{
    double a = abs_f64(x), m, scale;
    bool subnormal = a < 0x1p-1022;
    double start = cbrt_start_f64(subnormal ? a * 0x1p54 : a, &m, &scale);
    double close = cbrt_halley_f64(start, m);
    double square = close * close, lost = fma_f64(close, close, -square);
    double residual = fma_f64(-square, close, m) - lost * close;
    double y = fma_f64(residual, 1 / (3 * square), close) * scale * (subnormal ? 0x1p-18 : 1);
    double signed_y = with_sign_f64(y, x);
    return ((a < INF64) & (a != 0)) ? signed_y : x + x;
}

/* ---- the error function ---- */

HELPER double erf_near_f64(double x)
{
    double z = x * x, p = -0x1.abdae44ef4c9dp-31;
    p = fma_f64(p, z, 0x1.d729e8ea29b4bp-27);
    p = fma_f64(p, z, -0x1.5c094ac5de2ffp-23);
    p = fma_f64(p, z, 0x1.b9802d6a0ea8ep-20);
    p = fma_f64(p, z, -0x1.f4ca5694abb83p-17);
    p = fma_f64(p, z, 0x1.f9a2bb43eae6fp-14);
    p = fma_f64(p, z, -0x1.c02db0447feb8p-11);
    p = fma_f64(p, z, 0x1.565bccf9597d9p-8);
    p = fma_f64(p, z, -0x1.b82ce311fc0f8p-6);
    p = fma_f64(p, z, 0x1.ce2f21a040d79p-4);
    p = fma_f64(p, z, -0x1.812746b0379bdp-2);
    p = fma_f64(p, z, 0x1.06eba8214db68p-3);
    return fma_f64(p, x, x);
}

/* erfc a for a >= 0: e^(-a^2) times a polynomial for e^(a^2) erfc(a) (1 + 2 a) */
HELPER double erfc_of_f64(double a)
{
    double capped = a > 28 ? 28 : a, t = (capped - 4) / (capped + 4);
    double q = -0x1.cc890468154bcp-30;
    q = fma_f64(q, t, -0x1.c86398a2bfe03p-27);
    q = fma_f64(q, t, -0x1.0d3c40eb04e5bp-27);
    q = fma_f64(q, t, 0x1.eabb3e15c57d8p-24);
    q = fma_f64(q, t, 0x1.0bc823dd6a87ep-24);
    q = fma_f64(q, t, -0x1.bfac35857a220p-21);
    q = fma_f64(q, t, 0x1.445f12baf255ep-22);
    q = fma_f64(q, t, 0x1.7fa9a3ab40402p-18);
    q = fma_f64(q, t, -0x1.78a986f1fcc52p-17);
    q = fma_f64(q, t, -0x1.99694de0280e2p-16);
    q = fma_f64(q, t, 0x1.3be0db2c1043bp-13);
    q = fma_f64(q, t, -0x1.a1de88c175d3ep-13);
    q = fma_f64(q, t, -0x1.8d4aa0855747bp-11);
    q = fma_f64(q, t, 0x1.49c671991f3ecp-8);
    q = fma_f64(q, t, -0x1.0962387fad06ep-6);
    q = fma_f64(q, t, 0x1.3079edf9dd644p-5);
    q = fma_f64(q, t, -0x1.0fb06dfe5da5ep-4);
    q = fma_f64(q, t, 0x1.7fee004df7a4fp-4);
    q = fma_f64(q, t, -0x1.9ddb23c3e8675p-4);
    q = fma_f64(q, t, 0x1.16ecefcfa5fb9p-4);
    q = fma_f64(q, t, 0x1.f7f5df66fd680p-7);
    q = fma_f64(q, t, -0x1.1df1ad154a29bp-3);
    q = fma_f64(q, t, 0x1.3ba5916e9fd7fp+0);
    double square = capped * capped, lost = fma_f64(capped, capped, -square);
    double e = exp_scaled_f64(-square, 0);
    return fma_f64(-lost, e, e) * q / (1 + 2 * capped);
}

BODY double body_erfc_f64(double x)
{
    double a = abs_f64(x), high = erfc_of_f64(a), tail = x < 0 ? 2 - high : high;
    double near = 1 - erf_near_f64(x);
    double y = a < 0.25 ? near : tail;
    return x != x ? NAN64 : y;
}

BODY double body_erf_f64(double x)
{
    double a = abs_f64(x), near = erf_near_f64(x), far = with_sign_f64(1 - erfc_of_f64(a), x);
    double y = a < 1 ? near : far;
    return x != x ? NAN64 : y;
}

/* A polynomial in -log(1 - x^2), or in its root near the ends, then one step of Halley's method on
 * erfc. */
BODY double body_erf_inv_f64(double x)
{
    double a = abs_f64(x), rest = (1 - a) * (1 + a), w = -body_log_f64(rest), t = w - 2.5;
    double p = -0x1.2edbbcp-27;
    p = fma_f64(p, t, 0x1.8efa84p-26);
    p = fma_f64(p, t, 0x1.f4e95ap-22);
    p = fma_f64(p, t, -0x1.d0bda8p-19);
    p = fma_f64(p, t, -0x1.4d324ep-18);
    p = fma_f64(p, t, 0x1.c9e686p-13);
    p = fma_f64(p, t, -0x1.4865ep-10);
    p = fma_f64(p, t, -0x1.11c4e8p-8);
    p = fma_f64(p, t, 0x1.f91e8ap-3);
    p = fma_f64(p, t, 0x1.805c5ep+0);
    double tail = w > 5 ? w : 5, capped = tail < 40 ? tail : 40, s = __builtin_sqrt(capped) - 4;
    double q = -0x1.8530257cbd9cbp-20;
    q = fma_f64(q, s, -0x1.16da879a40fe5p-21);
    q = fma_f64(q, s, 0x1.1588ae43c9fa4p-15);
    q = fma_f64(q, s, -0x1.350d9c0a9eb71p-14);
    q = fma_f64(q, s, 0x1.2a62cc25a6628p-15);
    q = fma_f64(q, s, -0x1.827ab17c84c91p-15);
    q = fma_f64(q, s, 0x1.5f5565802db70p-12);
    q = fma_f64(q, s, -0x1.e147459af7ffbp-11);
    q = fma_f64(q, s, 0x1.48efabe9ef6c5p-10);
    q = fma_f64(q, s, 0x1.026ec224b43e5p+0);
    q = fma_f64(q, s, 0x1.eb7e0ca39548fp+1);
    double y = (w < 5 ? p : q) * a;
    double inner = a - erf_near_f64(y), outer = erfc_of_f64(y) - (1 - a);
    double step = (a < 0.5 ? inner : outer) * 0x1.c5bf891b4ef6bp-1 * exp_scaled_f64(y * y, 0);
    double better = y + step / (1 - y * step), signed_better = with_sign_f64(better, x),
           infinite = with_sign_f64(INF64, x);
    double ends = rest == 0 ? infinite : signed_better, kept = x == 0 ? x : ends;
    return rest >= 0 ? kept : NAN64;
}

/* ---- float32 in double: results far below one ulp before the last rounding ---- */

HELPER float log_of_sum_f32(double magnitude, double small, bool is_small, float x)
{
    double far = body_log_f64(magnitude);
    return with_sign_f32((float)(is_small ? small : far), x);
}

BODY float body_asinh_f32(float x)
{
    double a = abs_f32(x), near = fma_f64(a * a * a, -1.0 / 6, a);
    float y = log_of_sum_f32(a + __builtin_sqrt(fma_f64(a, a, 1)), near, a < 0x1p-9, x);
    return x != x ? NAN32 : y;
}

BODY float body_acosh_f32(float x)
{
    double t = (double)x - 1, rest = t + __builtin_sqrt(t * (t + 2));
    float y = (float)body_log1p_f64(rest);
    return x >= 1 ? y : NAN32;
}

BODY float body_atanh_f32(float x)
{
    double a = abs_f32(x), near = fma_f64(a * a * a, 1.0 / 3, a);
    double far = 0.5 * body_log_f64((1 + a) / (1 - a));
    float y = with_sign_f32((float)(a < 0x1p-9 ? near : far), x);
    return a <= 1 ? y : NAN32;
}

BODY float body_cbrt_f32(float x)
{
    double a = abs_f32(x), m, scale, start = cbrt_start_f64(a, &m, &scale);
    float y = with_sign_f32((float)(cbrt_halley_f64(start, m) * scale), x);
    return ((a < INF64) & (a != 0)) ? y : x + x;
}

/* x^y as 2^(y log2 x) */
BODY float body_pow_f32(float x, float y)
{
    double a = abs_f32(x), m, k = log_split_f64(a, &m), s = (m - 1) / (m + 1), z = s * s,
           q = 0x1.f0daa7cf9b46cp-3;
    q = fma_f64(q, z, 0x1.0bbfacc268c50p-2);
    q = fma_f64(q, z, 0x1.484f63a167716p-2);
    q = fma_f64(q, z, 0x1.a61757b327761p-2);
    q = fma_f64(q, z, 0x1.2776c5155d1adp-1);
    q = fma_f64(q, z, 0x1.ec709dc39dc4fp-1);
    double log2 = k + fma_f64(s, 2 * LOG2E_F64, s * z * q);
    double capped = y > 0x1p60f ? 0x1p60 : y, by = capped < -0x1p60 ? -0x1p60 : capped;
    double e = by * log2, bottom = e < -160 ? -160 : e, t = bottom > 130 ? 130 : bottom;
    double w = t + ROUND64, n = w - ROUND64, r = t - n, p = 0x1.64026c2f0110cp-20;
    p = fma_f64(p, r, 0x1.00dc17f55d955p-16);
    p = fma_f64(p, r, 0x1.43087cde7fca7p-13);
    p = fma_f64(p, r, 0x1.5d8746075c52ap-10);
    p = fma_f64(p, r, 0x1.3b2ab734535e4p-7);
    p = fma_f64(p, r, 0x1.c6b08dd68dfbbp-5);
    p = fma_f64(p, r, 0x1.ebfbdff810030p-3);
    p = fma_f64(p, r, 0x1.62e42fef84f4fp-1);
    double power = fma_f64(p, r, 1) * f64_of_bits((bits_of_f64(w) + 1023) << 52);
    float finite = (float)power, grows = y > 0 ? INF32 : 0, shrinks = y > 0 ? 0 : INF32;
    float of_inf = a == INF64 ? grows : finite, magnitude = a == 0 ? shrinks : of_inf;
    float half = 0.5f * y, whole = body_floor_f32(y);
    float half_whole = body_floor_f32(half);
    bool odd = (y == whole) & (half != half_whole) & (abs_f32(y) < 0x1p24f);
    float negative = f32_of_bits(bits_of_f32(magnitude) ^ (odd ? bits_of_f32(x) & 0x80000000u : 0));
    float real = ((x < 0) & (y != whole) & (a != INF64)) ? NAN32 : negative;
    float number = ((x != x) | (y != y)) ? NAN32 : real;
    return ((y == 0) | (x == 1)) ? 1 : number;
}

/* e^(-x^2) times a polynomial for e^(x^2) erfc(x) (1 + 2 x) */
BODY float body_erfc_f32(float x)
{
    double a = abs_f32(x), capped = a > 11 ? 11 : a, t = (capped - 4) / (capped + 4),
           q = -0x1.4540078c1ad19p-11;
    q = fma_f64(q, t, -0x1.172e15e28be76p-10);
    q = fma_f64(q, t, 0x1.4fa473e16c6ebp-8);
    q = fma_f64(q, t, -0x1.06469cd6384e6p-6);
    q = fma_f64(q, t, 0x1.30b8230200561p-5);
    q = fma_f64(q, t, -0x1.0fd7714d10d66p-4);
    q = fma_f64(q, t, 0x1.7fe3b447a4e28p-4);
    q = fma_f64(q, t, -0x1.9dd7f1abf7238p-4);
    q = fma_f64(q, t, 0x1.16edc815cb809p-4);
    q = fma_f64(q, t, 0x1.f7f50e5303db8p-7);
    q = fma_f64(q, t, -0x1.1df1af359e975p-3);
    q = fma_f64(q, t, 0x1.3ba5917117a7ep+0);
    double high = exp_scaled_f64(-capped * capped, 0) * q / (1 + 2 * capped);
    float y = (float)(x < 0 ? 2 - high : high);
    return x != x ? NAN32 : y;
}
