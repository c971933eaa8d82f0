/* Bodies of complex64 and complex128. A complex operand is two scalars, a complex result two
 * trailing pointers.
 *
 * The formulas are written once, in double: complex64 rounds their results, which leaves it correct
 * to the last place nearly everywhere; products and absolute values, which programs are made of,
 * are within 1.1 ulp without doubles. complex128 has a few units of error, measured against the
 * larger part. Principal branches, cut where C's are. Next: loops_complex.c. */
#include "kernel/bodies_convert.c"

typedef struct pair {
    double re, im;
} pair;

HELPER double hypot_of(double x, double y)
{
    double a = abs_f64(x), b = abs_f64(y), high = a > b ? a : b, low = a > b ? b : a;
    double divisor = high == 0 ? 1 : high, t = low / divisor;
    double y1 = high * __builtin_sqrt(fma_f64(t, t, 1));
    bool infinite = ((a == INF64) | (b == INF64)) & (x == x) & (y == y);
    return infinite ? INF64 : y1;
}

/* The same of complex64: within an ulp. The power of two below the larger part brings the squares
 * into range. */
HELPER float hypot_c64(float x, float y)
{
    float a = abs_f32(x), b = abs_f32(y), most = a > b ? a : b;
    uint32_t one = bits_of_f32(1), low = bits_of_f32(0x1p-100f), high = bits_of_f32(0x1p100f),
             power = bits_of_f32(most) & bits_of_f32(INF32);
    power = power < low ? low : power;
    power = power > high ? high : power;
    float scale = f32_of_bits(2 * one - power);
    a *= scale, b *= scale;
    return f32_of_bits(power) * __builtin_sqrtf(fma_f32(a, a, b * b));
}
HELPER double hypot_c128(double x, double y) { return hypot_of(x, y); }

/* log |x + iy|, also where that is near 0 */
HELPER double log_hypot(double x, double y)
{
    double a = abs_f64(x), b = abs_f64(y), high = a > b ? a : b, low = a > b ? b : a;
    bool near = (high > 0.5) & (high < 2) & (low < 2);
    double beyond = fma_f64(high - 1, high + 1, low * low), inside = near ? beyond : 0,
           divisor = high == 0 ? 1 : high, t = low / divisor;
    double close = 0.5 * body_log1p_f64(inside),
           far = body_log_f64(high) + 0.5 * body_log1p_f64(t * t);
    bool infinite = ((a == INF64) | (b == INF64)) & (x == x) & (y == y);
    double finite = near ? close : far;
    return infinite ? INF64 : finite;
}

HELPER pair add_pair(pair x, pair y) { return (pair){x.re + y.re, x.im + y.im}; }
HELPER pair sub_pair(pair x, pair y) { return (pair){x.re - y.re, x.im - y.im}; }
HELPER pair mul_pair(pair x, pair y)
{
    return (pair){x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re};
}
HELPER pair neg_pair(pair x) { return (pair){-x.re, -x.im}; }
HELPER pair conj_pair(pair x) { return (pair){x.re, -x.im}; }
HELPER pair square_pair(pair x) { return (pair){(x.re - x.im) * (x.re + x.im), 2 * x.re * x.im}; }
HELPER pair turn(pair x) { return (pair){-x.im, x.re}; }      /* i x */
HELPER pair turn_back(pair x) { return (pair){x.im, -x.re}; } /* -i x */

/* A part that is infinite counts as 1 and one that is finite as 0, with its sign: the direction in
 * which an infinite number lies. */
HELPER double direction(double part) { return with_sign_f64(abs_f64(part) == INF64 ? 1 : 0, part); }
HELPER bool infinite_pair(pair x) { return (abs_f64(x.re) == INF64) | (abs_f64(x.im) == INF64); }

/* Quotients by the infinite are 0, those by 0 infinite. */
HELPER pair div_pair(pair x, pair y)
{
    bool by_zero = (y.re == 0) & (y.im == 0);
    double endless = with_sign_f64(INF64, y.re);
    bool vanishes = infinite_pair(y) & !infinite_pair(x);
    double toward_re = direction(y.re), toward_im = direction(y.im);
    pair by = {vanishes ? toward_re : y.re, vanishes ? toward_im : y.im};
    double a = abs_f64(by.re), b = abs_f64(by.im), most = a > b ? a : b,
           scale = ((most == 0) | (most == INF64)) ? 1 : most, factor = vanishes ? 0 : 1;
    double c = by.re / scale, d = by.im / scale, norm = c * c + d * d;
    double re = (x.re * c + x.im * d) / norm / scale, im = (x.im * c - x.re * d) / norm / scale;
    double far_re = x.re * endless, far_im = x.im * endless;
    re *= factor, im *= factor;
    return (pair){by_zero ? far_re : re, by_zero ? far_im : im};
}

HELPER pair sign_pair(pair x)
{
    double size = hypot_of(x.re, x.im), divisor = size == 0 ? 1 : size;
    return (pair){x.re / divisor, x.im / divisor};
}

HELPER pair exp_pair(pair x)
{
    double size = body_exp_f64(x.re), re = size * body_cos_f64(x.im),
           im = size * body_sin_f64(x.im);
    bool real = x.im == 0;
    return (pair){real ? size : re, real ? x.im : im};
}

HELPER pair exp2_pair(pair x)
{
    return exp_pair((pair){x.re * 0x1.62e42fefa39efp-1, x.im * 0x1.62e42fefa39efp-1});
}

HELPER pair expm1_pair(pair x)
{
    double half = body_sin_f64(0.5 * x.im);
    double im = body_exp_f64(x.re) * body_sin_f64(x.im);
    return (pair){body_expm1_f64(x.re) * body_cos_f64(x.im) - 2 * half * half,
                  x.im == 0 ? x.im : im};
}

HELPER pair log_pair(pair x) { return (pair){log_hypot(x.re, x.im), body_atan2_f64(x.im, x.re)}; }

HELPER pair log1p_pair(pair x)
{
    double a = abs_f64(x.re), b = abs_f64(x.im), beyond = fma_f64(x.re, x.re + 2, x.im * x.im);
    bool small = (a < 0.5) & (b < 0.5);
    double inside = small ? beyond : 0;
    double close = 0.5 * body_log1p_f64(inside), far = log_hypot(1 + x.re, x.im);
    return (pair){small ? close : far, body_atan2_f64(x.im, 1 + x.re)};
}

HELPER pair sqrt_pair(pair x)
{
    double t = __builtin_sqrt(0.5 * hypot_of(x.re, x.im) + 0.5 * abs_f64(x.re)),
           divisor = t == 0 ? 1 : 2 * t, other = x.im / divisor;
    bool left = x.re < 0, far = abs_f64(x.im) == INF64, endless = abs_f64(x.re) == INF64;
    double turned = with_sign_f64(t, x.im), size = endless ? 0 : abs_f64(other),
           low = endless ? with_sign_f64(0, x.im) : other;
    double re = left ? size : t, im = left ? turned : low;
    return (pair){far ? INF64 : re, far ? x.im : im};
}

HELPER pair rsqrt_pair(pair x)
{
    pair root = sqrt_pair(x);
    double size = hypot_of(x.re, x.im);
    bool endless = size == INF64;
    double inside = root.re / size, re = size == 0 ? INF64 : inside, im = -root.im / size,
           zero = with_sign_f64(0, -x.im);
    return (pair){endless ? 0 : re, endless ? zero : im};
}

HELPER pair sinh_pair(pair x)
{
    double im = body_cosh_f64(x.re) * body_sin_f64(x.im);
    return (pair){body_sinh_f64(x.re) * body_cos_f64(x.im), x.im == 0 ? x.im : im};
}

HELPER pair cosh_pair(pair x)
{
    double im = body_sinh_f64(x.re) * body_sin_f64(x.im), zero = x.re < 0 ? -x.im : x.im;
    return (pair){body_cosh_f64(x.re) * body_cos_f64(x.im), x.im == 0 ? zero : im};
}

HELPER pair tanh_pair(pair x)
{
    bool big = abs_f64(x.re) > 20;
    double a = big ? 1 : x.re, s = body_sinh_f64(a), c = body_cos_f64(x.im),
           sine = body_sin_f64(x.im), norm = s * s + c * c;
    double near_re = s * __builtin_sqrt(1 + s * s) / norm, near_im = sine * c / norm;
    double far_re = with_sign_f64(1, x.re),
           far_im = 4 * sine * c * body_exp_f64(-2 * abs_f64(x.re));
    bool endless = abs_f64(x.re) == INF64; /* then the sine may be of anything */
    double inside = big ? far_im : near_im, im = endless ? 0 : inside;
    return (pair){big ? far_re : near_re, x.im == 0 ? x.im : im};
}

HELPER pair sin_pair(pair x) { return turn_back(sinh_pair(turn(x))); }
HELPER pair cos_pair(pair x) { return cosh_pair(turn(x)); }
HELPER pair tan_pair(pair x) { return turn_back(tanh_pair(turn(x))); }

HELPER pair logistic_pair(pair x)
{
    pair t = tanh_pair((pair){0.5 * x.re, 0.5 * x.im});
    return (pair){0.5 + 0.5 * t.re, 0.5 * t.im};
}

/* log(x + sqrt(x^2 + 1)) in the right half plane, where it does not cancel; a series near 0 */
HELPER pair asinh_pair(pair x)
{
    pair right = {abs_f64(x.re), x.im}, square = square_pair(right);
    pair root = sqrt_pair((pair){square.re + 1, square.im}),
         large = log_pair(add_pair(right, root));
    pair cube = mul_pair(square, right), small = {right.re - cube.re / 6, right.im - cube.im / 6};
    bool tiny = hypot_of(x.re, x.im) < 1e-4;
    double re = tiny ? small.re : large.re, im = tiny ? small.im : large.im;
    /* in the direction of infinity: an angle of 0, a quarter or half of pi */
    bool endless = infinite_pair(x);
    double angle = body_atan2_f64(direction(x.im), abs_f64(direction(x.re)));
    bool unknown = (x.im != x.im) | (x.re != x.re);
    double far = unknown ? NAN64 : angle;
    im = endless ? far : im;
    return (pair){with_sign_f64(endless ? INF64 : re, x.re), im};
}

HELPER pair asin_pair(pair x) { return turn_back(asinh_pair(turn(x))); }
HELPER pair acos_pair(pair x)
{
    pair y = asin_pair(x);
    return (pair){HALF_PI_F64 - y.re, -y.im};
}
HELPER pair acosh_pair(pair x)
{
    pair y = acos_pair(x);
    return (pair){abs_f64(y.im), with_sign_f64(y.re, x.im)};
}

HELPER pair atanh_pair(pair x)
{
    double a = abs_f64(x.re), rest = 1 - a, norm = rest * rest + x.im * x.im;
    double re = 0.25 * body_log1p_f64(4 * a / norm),
           im = 0.5 * body_atan2_f64(2 * x.im, rest * (1 + a) - x.im * x.im);
    bool endless = infinite_pair(x);
    return (pair){with_sign_f64(endless ? 0 : re, x.re),
                  endless ? with_sign_f64(HALF_PI_F64, x.im) : im};
}
HELPER pair atan_pair(pair x) { return turn_back(atanh_pair(turn(x))); }

HELPER pair pow_pair(pair x, pair y)
{
    pair power = exp_pair(mul_pair(log_pair(x), y));
    bool one = (y.re == 0) & (y.im == 0);
    return (pair){one ? 1 : power.re, one ? 0 : power.im};
}

/* -i log((x + iy) / sqrt(x^2 + y^2)) */
HELPER pair atan2_pair(pair y, pair x)
{
    pair size = sqrt_pair(add_pair(square_pair(x), square_pair(y)));
    return turn_back(log_pair(div_pair(add_pair(x, turn(y)), size)));
}

/* ---- the bodies: S short name, T type of a part ---- */
#define COMPLEX1(P, S, T)                                                                          \
    BODY void body_##P##_##S(T re, T im, T *out_re, T *out_im)                                     \
    {                                                                                              \
        pair y = P##_pair((pair){re, im});                                                         \
        *out_re = (T)y.re;                                                                         \
        *out_im = (T)y.im;                                                                         \
    }
#define COMPLEX2(P, S, T)                                                                          \
    BODY void body_##P##_##S(T re, T im, T re2, T im2, T *out_re, T *out_im)                       \
    {                                                                                              \
        pair y = P##_pair((pair){re, im}, (pair){re2, im2});                                       \
        *out_re = (T)y.re;                                                                         \
        *out_im = (T)y.im;                                                                         \
    }
#define COMPLEX_UNARY(X, S, T)                                                                     \
    X(neg, S, T)                                                                                   \
    X(conj, S, T)                                                                                  \
    X(square, S, T)                                                                                \
    X(sign, S, T)                                                                                  \
    X(exp, S, T)                                                                                   \
    X(exp2, S, T)                                                                                  \
    X(expm1, S, T)                                                                                 \
    X(log, S, T)                                                                                   \
    X(log1p, S, T)                                                                                 \
    X(sqrt, S, T)                                                                                  \
    X(rsqrt, S, T)                                                                                 \
    X(sin, S, T)                                                                                   \
    X(cos, S, T)                                                                                   \
    X(tan, S, T)                                                                                   \
    X(sinh, S, T)                                                                                  \
    X(cosh, S, T)                                                                                  \
    X(tanh, S, T)                                                                                  \
    X(logistic, S, T)                                                                              \
    X(asinh, S, T)                                                                                 \
    X(asin, S, T)                                                                                  \
    X(acos, S, T)                                                                                  \
    X(acosh, S, T)                                                                                 \
    X(atanh, S, T)                                                                                 \
    X(atan, S, T)
#define COMPLEX_BINARY(X, S, T)                                                                    \
    X(mul, S, T)                                                                                   \
    COMPLEX_BINARY_BUT_MUL(X, S, T)
#define COMPLEX_BINARY_BUT_MUL(X, S, T)                                                            \
    X(add, S, T)                                                                                   \
    X(sub, S, T)                                                                                   \
    X(div, S, T)                                                                                   \
    X(pow, S, T)                                                                                   \
    X(atan2, S, T)                                                                                 \
    X(max, S, T)                                                                                   \
    X(min, S, T)

/* Ordered by real part, then imaginary part; y where they are not ordered, as in JAX. */
HELPER pair max_pair(pair x, pair y)
{
    bool first = (x.re > y.re) | ((x.re == y.re) & (x.im > y.im));
    return (pair){first ? x.re : y.re, first ? x.im : y.im};
}
HELPER pair min_pair(pair x, pair y)
{
    bool first = (x.re < y.re) | ((x.re == y.re) & (x.im < y.im));
    return (pair){first ? x.re : y.re, first ? x.im : y.im};
}

#define COMPLEX_OTHER(S, T)                                                                        \
    BODY T body_abs_##S(T re, T im) { return hypot_##S(re, im); }                                  \
    BODY T body_real_##S(T re, T im)                                                               \
    {                                                                                              \
        (void)im;                                                                                  \
        return re;                                                                                 \
    }                                                                                              \
    BODY T body_imag_##S(T re, T im)                                                               \
    {                                                                                              \
        (void)re;                                                                                  \
        return im;                                                                                 \
    }                                                                                              \
    BODY bool body_eq_##S(T re, T im, T re2, T im2) { return (re == re2) & (im == im2); }          \
    BODY bool body_ne_##S(T re, T im, T re2, T im2) { return (re != re2) | (im != im2); }

COMPLEX_UNARY(COMPLEX1, c64, float)
COMPLEX_UNARY(COMPLEX1, c128, double)
COMPLEX_BINARY_BUT_MUL(COMPLEX2, c64, float)
COMPLEX_BINARY(COMPLEX2, c128, double)

/* x * y + z * w within 1.1 ulp, whichever comes first: what rounding the products lost is added
 * back, unless that is no number. */
HELPER float sum_of_products(float x, float y, float z, float w)
{
    float p = x * y, q = z * w, sum = p + q;
    float corrected = sum + (fma_f32(x, y, -p) + fma_f32(z, w, -q));
    float otherwise = fma_f32(x, y, q);
    return corrected == corrected ? corrected : otherwise;
}
BODY void body_mul_c64(float re, float im, float re2, float im2, float *out_re, float *out_im)
{
    *out_re = sum_of_products(re, re2, -im, im2);
    *out_im = sum_of_products(re, im2, im, re2);
}

COMPLEX_OTHER(c64, float)
COMPLEX_OTHER(c128, double)
