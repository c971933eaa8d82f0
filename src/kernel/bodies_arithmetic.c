/* Bodies of arithmetic, comparison, selection, bits and shifts, for every real dtype: one expression each, so the tables below are the definitions.
 *
 * Integers wrap; division truncates, x / 0 is all ones and x rem 0 is x; shifts by the width or more give 0 (arithmetic ones: the sign). Floats: max and
 * min propagate NaN and put -0 below 0. Next: bodies_f32.c. */
#include "kernel/body.h"

/* ---- every real dtype: S short name, T type ---- */
#define ORDERED(S, T) \
    BODY bool body_eq_##S(T x, T y) { return x == y; } \
    BODY bool body_ne_##S(T x, T y) { return x != y; } \
    BODY bool body_lt_##S(T x, T y) { return x < y; } \
    BODY bool body_le_##S(T x, T y) { return x <= y; } \
    BODY bool body_gt_##S(T x, T y) { return x > y; } \
    BODY bool body_ge_##S(T x, T y) { return x >= y; } \
    BODY T body_select_n_##S(bool which, T on_false, T on_true) { return which ? on_true : on_false; }

#define NUMBER(S, T, U) \
    ORDERED(S, T) \
    BODY T body_add_##S(T x, T y) { return (T)((U)x + (U)y); } \
    BODY T body_sub_##S(T x, T y) { return (T)((U)x - (U)y); } \
    BODY T body_mul_##S(T x, T y) { return (T)((U)x * (U)y); } \
    BODY T body_square_##S(T x) { return (T)((U)x * (U)x); } \
    BODY T body_neg_##S(T x) { return (T) - (U)x; }

/* U: the unsigned arithmetic type, wide enough that C's promotions cannot overflow; W: bits */
#define INTEGER(S, T, U, W) \
    NUMBER(S, T, U) \
    BODY T body_max_##S(T x, T y) { return x > y ? x : y; } \
    BODY T body_min_##S(T x, T y) { return x < y ? x : y; } \
    BODY T body_clamp_##S(T low, T x, T high) { return body_min_##S(body_max_##S(x, low), high); } \
    BODY T body_and_##S(T x, T y) { return x & y; } \
    BODY T body_or_##S(T x, T y) { return x | y; } \
    BODY T body_xor_##S(T x, T y) { return x ^ y; } \
    BODY T body_not_##S(T x) { return (T)~x; }

/* V: the unsigned type of the same width */
#define SHIFTS(S, T, V, W) \
    BODY T body_shift_left_##S(T x, T y) \
    { \
        T moved = (T)((V)x * 1u << ((V)y & (W - 1))); \
        return (V)y < W ? moved : (T)0; \
    } \
    BODY T body_shift_right_logical_##S(T x, T y) \
    { \
        T moved = (T)((V)x >> ((V)y & (W - 1))); \
        return (V)y < W ? moved : (T)0; \
    } \
    BODY T body_shift_right_arithmetic_##S(T x, T y) \
    { \
        V by = (V)y < W ? (V)y : (V)(W - 1); \
        return (T)((SIGNED_##V)x >> by); \
    }
#define SIGNED_uint8_t int8_t
#define SIGNED_uint16_t int16_t
#define SIGNED_uint32_t int32_t
#define SIGNED_uint64_t int64_t

#define BITS_32(S, T, V, W) \
    BODY T body_clz_##S(T x) \
    { \
        uint32_t u = (V)x, guarded = u == 0 ? 1 : u; \
        T n = (T)(__builtin_clz(guarded) - (32 - W)); \
        return u == 0 ? (T)W : n; \
    } \
    BODY T body_population_count_##S(T x) { return (T)__builtin_popcount((V)x); }
#define BITS_64(S, T) \
    BODY T body_clz_##S(T x) \
    { \
        uint64_t u = (uint64_t)x, guarded = u == 0 ? 1 : u; \
        T n = (T)__builtin_clzll(guarded); \
        return u == 0 ? (T)64 : n; \
    } \
    BODY T body_population_count_##S(T x) { return (T)__builtin_popcountll((uint64_t)x); }

/* Division through a float type F that holds the operands and every quotient exactly enough to truncate right; 64-bit types divide as integers. */
#define DIVIDE_SIGNED(S, T, F) \
    BODY T body_div_##S(T x, T y) \
    { \
        T most_negative = (T)((uint64_t)1 << (8 * sizeof(T) - 1)); \
        T by = ((y == 0) | ((y == -1) & (x == most_negative))) ? (T)1 : y; \
        T q = (T)((F)x / (F)by); \
        return y == 0 ? (T)-1 : q; \
    } \
    BODY T body_rem_##S(T x, T y) \
    { \
        T by = ((y == 0) | (y == -1)) ? (T)1 : y; \
        T r = (T)(x - (T)((F)x / (F)by) * by); \
        return y == 0 ? x : r; \
    } \
    BODY T body_abs_##S(T x) { return x < 0 ? body_neg_##S(x) : x; } \
    BODY T body_sign_##S(T x) { return (T)((x > 0) - (x < 0)); }
#define DIVIDE_UNSIGNED(S, T, F) \
    BODY T body_div_##S(T x, T y) \
    { \
        T by = y == 0 ? (T)1 : y; \
        T q = (T)((F)x / (F)by); \
        return y == 0 ? (T)-1 : q; \
    } \
    BODY T body_rem_##S(T x, T y) \
    { \
        T by = y == 0 ? (T)1 : y; \
        T r = (T)(x - (T)((F)x / (F)by) * by); \
        return y == 0 ? x : r; \
    } \
    BODY T body_abs_##S(T x) { return x; } \
    BODY T body_sign_##S(T x) { return x > 0; }

INTEGER(i8, int8_t, uint32_t, 8)
INTEGER(i16, int16_t, uint32_t, 16)
INTEGER(i32, int32_t, uint32_t, 32)
INTEGER(i64, int64_t, uint64_t, 64)
INTEGER(u8, uint8_t, uint32_t, 8)
INTEGER(u16, uint16_t, uint32_t, 16)
INTEGER(u32, uint32_t, uint32_t, 32)
INTEGER(u64, uint64_t, uint64_t, 64)
SHIFTS(i8, int8_t, uint8_t, 8)
SHIFTS(i16, int16_t, uint16_t, 16)
SHIFTS(i32, int32_t, uint32_t, 32)
SHIFTS(i64, int64_t, uint64_t, 64)
SHIFTS(u8, uint8_t, uint8_t, 8)
SHIFTS(u16, uint16_t, uint16_t, 16)
SHIFTS(u32, uint32_t, uint32_t, 32)
SHIFTS(u64, uint64_t, uint64_t, 64)
BITS_32(i8, int8_t, uint8_t, 8)
BITS_32(i16, int16_t, uint16_t, 16)
BITS_32(i32, int32_t, uint32_t, 32)
BITS_32(u8, uint8_t, uint8_t, 8)
BITS_32(u16, uint16_t, uint16_t, 16)
BITS_32(u32, uint32_t, uint32_t, 32)
BITS_64(i64, int64_t)
BITS_64(u64, uint64_t)
DIVIDE_SIGNED(i8, int8_t, float)
DIVIDE_SIGNED(i16, int16_t, float)
DIVIDE_SIGNED(i32, int32_t, double)
DIVIDE_SIGNED(i64, int64_t, int64_t)
DIVIDE_UNSIGNED(u8, uint8_t, float)
DIVIDE_UNSIGNED(u16, uint16_t, float)
DIVIDE_UNSIGNED(u32, uint32_t, double)
DIVIDE_UNSIGNED(u64, uint64_t, uint64_t)

/* ---- bool: sums are or, products are and ---- */
ORDERED(bool, bool)
BODY bool body_add_bool(bool x, bool y) { return x | y; }
BODY bool body_mul_bool(bool x, bool y) { return x & y; }
BODY bool body_max_bool(bool x, bool y) { return x | y; }
BODY bool body_min_bool(bool x, bool y) { return x & y; }
BODY bool body_and_bool(bool x, bool y) { return x & y; }
BODY bool body_or_bool(bool x, bool y) { return x | y; }
BODY bool body_xor_bool(bool x, bool y) { return x ^ y; }
BODY bool body_not_bool(bool x) { return !x; }
BODY bool body_clamp_bool(bool low, bool x, bool high) { return (x | low) & high; }

/* ---- floats: B bits type, R the suffix of libm-like builtins ---- */
#define FLOAT(S, T, B, R) \
    NUMBER(S, T, T) \
    BODY T body_div_##S(T x, T y) { return x / y; } \
    BODY T body_max_##S(T x, T y) \
    { \
        T equal = S##_of_bits(bits_of_##S(x) & bits_of_##S(y)); \
        T greater = x > y ? x : y; \
        T ordered = x == y ? equal : greater; \
        return x != x ? x : ordered; \
    } \
    BODY T body_min_##S(T x, T y) \
    { \
        T equal = S##_of_bits(bits_of_##S(x) | bits_of_##S(y)); \
        T less = x < y ? x : y; \
        T ordered = x == y ? equal : less; \
        return x != x ? x : ordered; \
    } \
    BODY T body_clamp_##S(T low, T x, T high) { return body_min_##S(body_max_##S(x, low), high); } \
    BODY T body_abs_##S(T x) { return abs_##S(x); } \
    BODY T body_sign_##S(T x) \
    { \
        T one = with_sign_##S(1, x); \
        return ((x == 0) | (x != x)) ? x : one; \
    } \
    BODY T body_floor_##S(T x) { return __builtin_floor##R(x); } \
    BODY T body_ceil_##S(T x) { return __builtin_ceil##R(x); } \
    BODY T body_round_even_##S(T x) \
    { \
        T magnitude = abs_##S(x), rounded = magnitude + INTEGRAL_##S - INTEGRAL_##S; \
        T small = with_sign_##S(rounded, x); \
        return magnitude < INTEGRAL_##S ? small : x; \
    } \
    BODY T body_round_away_##S(T x) \
    { \
        T whole = __builtin_trunc##R(x); \
        T step = abs_##S(x - whole) >= (T)0.5 ? (T)1 : (T)0; \
        return whole + with_sign_##S(step, x); \
    } \
    BODY bool body_is_finite_##S(T x) { return abs_##S(x) < INFINITE_##S; } \
    BODY T body_sqrt_##S(T x) { return __builtin_sqrt##R(x); } \
    BODY T body_rsqrt_##S(T x) { return 1 / __builtin_sqrt##R(x); } \
    BODY T body_nextafter_##S(T x, T y) \
    { \
        B up = bits_of_##S(x) + 1, down = bits_of_##S(x) - 1, smallest = (bits_of_##S(y) & ~(B)0 << (8 * sizeof(B) - 1)) | 1; \
        B away = (x > 0) == (y > x) ? up : down; \
        B moved = x == 0 ? smallest : away; \
        T next = S##_of_bits(moved), r = x == y ? y : next; \
        return ((x != x) | (y != y)) ? x + y : r; \
    }
#define INTEGRAL_f32 0x1p23f
#define INTEGRAL_f64 0x1p52
#define INFINITE_f32 INF32
#define INFINITE_f64 INF64

FLOAT(f32, float, uint32_t, f)
FLOAT(f64, double, uint64_t, )
