/* Conversions between every pair of stored dtypes, as one expression each:
 * body_convert_<from>_<to>.
 *
 * Float to integer truncates, saturates, and takes NaN to 0; integers wrap; anything to bool asks
 * whether it (the real part of a complex number) differs from 0; bfloat16 and float16 (16-bit
 * patterns in C) round to nearest even. Complex numbers convert through their real part in the
 * loops. Next: loops_convert.c. */
#include "kernel/bodies_gamma.c"

/* ---- half formats ---- */
BODY float body_convert_bf16_f32(uint16_t x) { return f32_of_bits((uint32_t)x << 16); }

BODY uint16_t body_convert_f32_bf16(float x)
{
    uint32_t u = bits_of_f32(x);
    uint32_t rounded = (u + 0x7fffu + (u >> 16 & 1)) >> 16;
    uint32_t quiet = (u >> 16 & 0x8000u) | 0x7fc0u;
    return (uint16_t)(x != x ? quiet : rounded);
}

BODY float body_convert_f16_f32(uint16_t x)
{
    uint32_t sign = (uint32_t)(x & 0x8000u) << 16, magnitude = x & 0x7fffu;
    float scaled = f32_of_bits(magnitude << 13) *
                   0x1p112f; /* the exponent bias differs by 112; exact, subnormals too */
    uint32_t special = magnitude << 13 | 0x7f800000u;
    uint32_t u = magnitude >= 0x7c00u ? special : bits_of_f32(scaled);
    return f32_of_bits(u | sign);
}

BODY uint16_t body_convert_f32_f16(float x)
{
    uint32_t u = bits_of_f32(x), sign = u >> 16 & 0x8000u, magnitude = u & 0x7fffffffu;
    /* subnormal results: adding 1/2 leaves them rounded in the low bits */
    uint32_t small = bits_of_f32(f32_of_bits(magnitude) + 0.5f) - bits_of_f32(0.5f);
    uint32_t normal = (magnitude - (112u << 23) + 0xfffu + (magnitude >> 13 & 1)) >> 13;
    uint32_t finite = magnitude < 0x38800000u ? small : normal;
    uint32_t capped = magnitude >= 0x477ff000u ? 0x7c00u : finite;
    uint32_t bits = magnitude > 0x7f800000u ? 0x7e00u : capped;
    return (uint16_t)(bits | sign);
}

/* ---- float to integer; FF: the largest F below the bound; LIMIT: the bound itself, 2^bits ---- */
#define FROM_FLOAT_SIGNED(FS, F, S, T, LIMIT, BELOW, MOST)                                         \
    BODY T body_convert_##FS##_##S(F x)                                                            \
    {                                                                                              \
        F number = x != x ? 0 : x;                                                                 \
        F low = number < -LIMIT ? -LIMIT : number;                                                 \
        F inside = low >= LIMIT ? BELOW : low;                                                     \
        T truncated = (T)inside;                                                                   \
        return low >= LIMIT ? MOST : truncated;                                                    \
    }
#define FROM_FLOAT_UNSIGNED(FS, F, S, T, LIMIT, BELOW, MOST)                                       \
    BODY T body_convert_##FS##_##S(F x)                                                            \
    {                                                                                              \
        F number = x > 0 ? x : 0;                                                                  \
        F inside = number >= LIMIT ? BELOW : number;                                               \
        T truncated = (T)inside;                                                                   \
        return number >= LIMIT ? MOST : truncated;                                                 \
    }
#define FROM_FLOAT(FS, F, B31, B63, B32, B64)                                                      \
    FROM_FLOAT_SIGNED(FS, F, i8, int8_t, (F)0x1p7, 127, INT8_MAX)                                  \
    FROM_FLOAT_SIGNED(FS, F, i16, int16_t, (F)0x1p15, 32767, INT16_MAX)                            \
    FROM_FLOAT_SIGNED(FS, F, i32, int32_t, (F)0x1p31, B31, INT32_MAX)                              \
    FROM_FLOAT_SIGNED(FS, F, i64, int64_t, (F)0x1p63, B63, INT64_MAX)                              \
    FROM_FLOAT_UNSIGNED(FS, F, u8, uint8_t, (F)0x1p8, 255, UINT8_MAX)                              \
    FROM_FLOAT_UNSIGNED(FS, F, u16, uint16_t, (F)0x1p16, 65535, UINT16_MAX)                        \
    FROM_FLOAT_UNSIGNED(FS, F, u32, uint32_t, (F)0x1p32, B32, UINT32_MAX)                          \
    FROM_FLOAT_UNSIGNED(FS, F, u64, uint64_t, (F)0x1p64, B64, UINT64_MAX)                          \
    BODY bool body_convert_##FS##_bool(F x) { return x != 0; }
FROM_FLOAT(f32, float, 0x1.fffffep30f, 0x1.fffffep62f, 0x1.fffffep31f, 0x1.fffffep63f)
FROM_FLOAT(f64, double, 0x1.fffffffcp30, 0x1.fffffffffffffp62, 0x1.fffffffep31,
           0x1.fffffffffffffp63)
BODY double body_convert_f32_f64(float x) { return x; }
BODY float body_convert_f64_f32(double x) { return (float)x; }

/* ---- from integers ---- */
#define FROM_INTEGER(FS, F)                                                                        \
    BODY int8_t body_convert_##FS##_i8(F x) { return (int8_t)x; }                                  \
    BODY int16_t body_convert_##FS##_i16(F x) { return (int16_t)x; }                               \
    BODY int32_t body_convert_##FS##_i32(F x) { return (int32_t)x; }                               \
    BODY int64_t body_convert_##FS##_i64(F x) { return (int64_t)x; }                               \
    BODY uint8_t body_convert_##FS##_u8(F x) { return (uint8_t)x; }                                \
    BODY uint16_t body_convert_##FS##_u16(F x) { return (uint16_t)x; }                             \
    BODY uint32_t body_convert_##FS##_u32(F x) { return (uint32_t)x; }                             \
    BODY uint64_t body_convert_##FS##_u64(F x) { return (uint64_t)x; }                             \
    BODY float body_convert_##FS##_f32(F x) { return (float)x; }                                   \
    BODY double body_convert_##FS##_f64(F x) { return (double)x; }                                 \
    BODY bool body_convert_##FS##_bool(F x) { return x != 0; }
FROM_INTEGER(i8, int8_t)
FROM_INTEGER(i16, int16_t)
FROM_INTEGER(i32, int32_t)
FROM_INTEGER(i64, int64_t)
FROM_INTEGER(u8, uint8_t)
FROM_INTEGER(u16, uint16_t)
FROM_INTEGER(u32, uint32_t)
FROM_INTEGER(u64, uint64_t)
FROM_INTEGER(bool, bool)
