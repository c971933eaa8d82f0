/* How are the elements of each type read and written as doubles?
 *
 * The narrow floats are described by their fields (exponent and mantissa widths, bias, what encodes
 * infinity and NaN), and one decoder and one encoder serve all of them. The kernels have faster
 * conversions; these are for single elements and printing. Formats: IEEE 754 for float16; the OCP
 * 8-bit and microscaling formats; "fn": no infinities, "uz": no negative zero, NaN in its place. */
#include "array/array.h"

#include <math.h>

enum specials { IEEE, FN, FNUZ, FINITE, SCALE };
typedef struct layout {
    int8_t exponent, mantissa; /* widths in bits */
    int16_t bias;
    uint8_t specials; /* enum specials */
} layout;

static const layout layouts[CT_DTYPE_COUNT] = {
    [CT_FLOAT4_E2M1FN] = {2, 1, 1, FINITE},   [CT_FLOAT8_E3M4] = {3, 4, 3, IEEE},
    [CT_FLOAT8_E4M3] = {4, 3, 7, IEEE},       [CT_FLOAT8_E4M3B11FNUZ] = {4, 3, 11, FNUZ},
    [CT_FLOAT8_E4M3FN] = {4, 3, 7, FN},       [CT_FLOAT8_E4M3FNUZ] = {4, 3, 8, FNUZ},
    [CT_FLOAT8_E5M2] = {5, 2, 15, IEEE},      [CT_FLOAT8_E5M2FNUZ] = {5, 2, 16, FNUZ},
    [CT_FLOAT8_E8M0FNU] = {8, 0, 127, SCALE}, [CT_BFLOAT16] = {8, 7, 127, IEEE},
    [CT_FLOAT16] = {5, 10, 15, IEEE},
};

static uint32_t sign_bit(const layout *l) { return 1u << (l->exponent + l->mantissa); }

static uint32_t nan_bits(const layout *l)
{
    switch ((enum specials)l->specials) {
    case IEEE: /* quiet */
        return ((1u << l->exponent) - 1) << l->mantissa | 1u << (l->mantissa - 1);
    case FN:
    case SCALE:
        return (1u << (l->exponent + l->mantissa)) - 1;
    case FNUZ:
    case FINITE: /* has none: negative zero stands in */
        return sign_bit(l);
    }
    return 0;
}

/* The largest finite magnitude's bits. */
static uint32_t largest(const layout *l)
{
    uint32_t all = (1u << (l->exponent + l->mantissa)) - 1;
    return l->specials == IEEE                         ? all - (1u << l->mantissa)
           : l->specials == FN || l->specials == SCALE ? all - 1
                                                       : all;
}

static double decode(const layout *l, uint32_t bits)
{
    uint32_t magnitude = bits & (sign_bit(l) - 1);
    if (l->specials == SCALE)
        return bits == nan_bits(l) ? NAN : ldexp(1, (int)bits - l->bias);
    if (magnitude > largest(l) || (l->specials == FNUZ && bits == sign_bit(l)))
        return l->specials == IEEE && magnitude == largest(l) + 1
                   ? (bits & sign_bit(l) ? -INFINITY : INFINITY)
                   : NAN;
    int exponent = (int)(magnitude >> l->mantissa),
        fraction = (int)(magnitude & ((1u << l->mantissa) - 1));
    double value = exponent ? ldexp(fraction + (1 << l->mantissa), exponent - l->bias - l->mantissa)
                            : ldexp(fraction, 1 - l->bias - l->mantissa);
    return bits & sign_bit(l) ? -value : value;
}

static uint32_t overflow_bits(const layout *l, bool infinite)
{
    switch ((enum specials)l->specials) {
    case IEEE:
        return largest(l) + 1;
    case FN:
    case FNUZ:
    case SCALE:
        return nan_bits(l);
    case FINITE:
        return largest(l);
    }
    return infinite;
}

/* Scales so that the last place of the target is 1 and rounds to nearest even. */
static uint32_t encode_magnitude(const layout *l, double magnitude)
{
    if (isinf(magnitude))
        return overflow_bits(l, true);
    int exponent;
    frexp(magnitude, &exponent);
    exponent += l->bias - 1; /* the biased exponent, were the value normal */
    int least_exponent = l->specials == SCALE ? 0 : 1;
    if (exponent < least_exponent)
        exponent = least_exponent;
    double places = nearbyint(ldexp(magnitude, l->bias + l->mantissa - exponent));
    /* A carry into the next exponent comes out right by addition, and so does a subnormal's missing
     * leading one. */
    int64_t bits = (int64_t)places + (exponent - 1) * ((int64_t)1 << l->mantissa);
    if (l->specials == SCALE)
        bits = places < 1 ? 0 : (int64_t)places - 1 + exponent;
    return bits > largest(l) ? overflow_bits(l, false) : (uint32_t)bits;
}

static uint32_t encode(const layout *l, double value)
{
    if (isnan(value))
        return nan_bits(l) | (signbit(value) && l->specials <= FN ? sign_bit(l) : 0);
    if (l->specials == SCALE)
        return value > 0 ? encode_magnitude(l, value)
                         : nan_bits(l); /* has neither zero nor a sign */
    uint32_t bits = value == 0 ? 0 : encode_magnitude(l, fabs(value));
    if (!signbit(value) || (l->specials == FNUZ && (bits == 0 || bits == nan_bits(l))))
        return bits;
    return bits | sign_bit(l);
}

static int64_t sign_extend(int64_t value, int bits)
{
    return (int64_t)((uint64_t)value << (64 - bits)) >> (64 - bits);
}

#define READ(T)                                                                                    \
    ({                                                                                             \
        T value_;                                                                                  \
        memcpy(&value_, at, sizeof value_);                                                        \
        value_;                                                                                    \
    })
#define WRITE(T, ...)                                                                              \
    ({                                                                                             \
        T value_ = (T)(__VA_ARGS__);                                                               \
        memcpy(at, &value_, sizeof value_);                                                        \
    })

double dtype_decode(ct_dtype d, const void *at)
{
    switch (d) {
    case CT_BOOL:
        return READ(uint8_t) != 0;
    case CT_INT2:
    case CT_INT4:
    case CT_INT8: /* other libraries leave the high bits of narrow integers as they like */
        return (double)sign_extend(READ(int8_t), dtype_table[d].bits);
    case CT_INT16:
        return READ(int16_t);
    case CT_INT32:
        return READ(int32_t);
    case CT_INT64:
        return (double)READ(int64_t);
    case CT_UINT2:
    case CT_UINT4:
    case CT_UINT8:
        return READ(uint8_t) & ((1u << dtype_table[d].bits) - 1);
    case CT_UINT16:
        return READ(uint16_t);
    case CT_UINT32:
        return READ(uint32_t);
    case CT_UINT64:
        return (double)READ(uint64_t);
    case CT_FLOAT4_E2M1FN:
    case CT_FLOAT8_E3M4:
    case CT_FLOAT8_E4M3:
    case CT_FLOAT8_E4M3B11FNUZ:
    case CT_FLOAT8_E4M3FN:
    case CT_FLOAT8_E4M3FNUZ:
    case CT_FLOAT8_E5M2:
    case CT_FLOAT8_E5M2FNUZ:
    case CT_FLOAT8_E8M0FNU:
        return decode(&layouts[d], READ(uint8_t));
    case CT_BFLOAT16:
    case CT_FLOAT16:
        return decode(&layouts[d], READ(uint16_t));
    case CT_FLOAT32:
    case CT_COMPLEX64:
        return READ(float);
    case CT_FLOAT64:
    case CT_COMPLEX128:
        return READ(double);
    case CT_FLOAT0:
    case CT_KEY_THREEFRY:
    case CT_KEY_RBG:
    case CT_KEY_UNSAFE_RBG:
    case CT_NO_DTYPE:
    case CT_DTYPE_COUNT:
        break;
    }
    return 0;
}

/* Towards zero, clamped to the type's range; NaN becomes 0. */
static int64_t to_int64(double value)
{
    if (isnan(value))
        return 0;
    return value >= 0x1p63 ? INT64_MAX : value < -0x1p63 ? INT64_MIN : (int64_t)value;
}

static uint64_t to_uint64(double value)
{
    if (!(value > -1))
        return (uint64_t)to_int64(value); /* negative numbers wrap */
    return value >= 0x1p64 ? UINT64_MAX : (uint64_t)value;
}

void dtype_encode(ct_dtype d, void *at, double value)
{
    switch (d) {
    case CT_BOOL:
        WRITE(uint8_t, value != 0);
        break;
    case CT_INT2:
    case CT_INT4:
    case CT_INT8:
        WRITE(int8_t, sign_extend(to_int64(value), dtype_table[d].bits));
        break;
    case CT_INT16:
        WRITE(int16_t, to_int64(value));
        break;
    case CT_INT32:
        WRITE(int32_t, to_int64(value));
        break;
    case CT_INT64:
        WRITE(int64_t, to_int64(value));
        break;
    case CT_UINT2:
    case CT_UINT4:
    case CT_UINT8:
        WRITE(uint8_t, to_uint64(value) & ((1u << dtype_table[d].bits) - 1));
        break;
    case CT_UINT16:
        WRITE(uint16_t, to_uint64(value));
        break;
    case CT_UINT32:
        WRITE(uint32_t, to_uint64(value));
        break;
    case CT_UINT64:
        WRITE(uint64_t, to_uint64(value));
        break;
    case CT_FLOAT4_E2M1FN:
    case CT_FLOAT8_E3M4:
    case CT_FLOAT8_E4M3:
    case CT_FLOAT8_E4M3B11FNUZ:
    case CT_FLOAT8_E4M3FN:
    case CT_FLOAT8_E4M3FNUZ:
    case CT_FLOAT8_E5M2:
    case CT_FLOAT8_E5M2FNUZ:
    case CT_FLOAT8_E8M0FNU:
        WRITE(uint8_t, encode(&layouts[d], value));
        break;
    case CT_BFLOAT16:
    case CT_FLOAT16:
        WRITE(uint16_t, encode(&layouts[d], value));
        break;
    case CT_FLOAT32:
        WRITE(float, value);
        break;
    case CT_FLOAT64:
        WRITE(double, value);
        break;
    case CT_COMPLEX64:
        memcpy(at, (float[2]){(float)value, 0}, 8);
        break;
    case CT_COMPLEX128:
        memcpy(at, (double[2]){value, 0}, 16);
        break;
    case CT_FLOAT0:
    case CT_KEY_THREEFRY:
    case CT_KEY_RBG:
    case CT_KEY_UNSAFE_RBG:
    case CT_NO_DTYPE:
    case CT_DTYPE_COUNT:
        break;
    }
}
