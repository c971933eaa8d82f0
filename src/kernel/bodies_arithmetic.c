/* Bodies of arithmetic, comparison, selection, bits and shifts, for every real dtype: one
 * expression each, so the tables below are the definitions.
 *
 * Integers wrap; division truncates, x / 0 is all ones and x rem 0 is x; shifts by the width or
 * more give 0 (arithmetic ones: the sign). Floats: max and min propagate NaN and put -0 below 0.
 * Next: bodies_f32.c. */
#include "kernel/body.h"

/* ---- every real dtype: S short name, T type ---- */
#define ORDERED(S, T)                                                                              \
    BODY bool body_eq_##S(T x, T y) { return x == y; }                                             \
    BODY bool body_ne_##S(T x, T y) { return x != y; }                                             \
    BODY bool body_lt_##S(T x, T y) { return x < y; }                                              \
    BODY bool body_le_##S(T x, T y) { return x <= y; }                                             \
    BODY bool body_gt_##S(T x, T y) { return x > y; }                                              \
    BODY bool body_ge_##S(T x, T y) { return x >= y; }                                             \
    BODY T body_select_n_##S(bool which, T on_false, T on_true)                                    \
    {                                                                                              \
        return which ? on_true : on_false;                                                         \
    }

#define NUMBER(S, T, U)                                                                            \
    ORDERED(S, T)                                                                                  \
    BODY T body_add_##S(T x, T y) { return (T)((U)x + (U)y); }                                     \
    BODY T body_sub_##S(T x, T y) { return (T)((U)x - (U)y); }                                     \
    BODY T body_mul_##S(T x, T y) { return (T)((U)x * (U)y); }                                     \
    BODY T body_square_##S(T x) { return (T)((U)x * (U)x); }                                       \
    BODY T body_neg_##S(T x) { return (T) - (U)x; }

/* U: the unsigned arithmetic type, wide enough that C's promotions cannot overflow; W: bits */
#define INTEGER(S, T, U, W)                                                                        \
    NUMBER(S, T, U)                                                                                \
    BODY T body_max_##S(T x, T y) { return x > y ? x : y; }                                        \
    BODY T body_min_##S(T x, T y) { return x < y ? x : y; }                                        \
    BODY T body_clamp_##S(T low, T x, T high) { return body_min_##S(body_max_##S(x, low), high); } \
    BODY T body_and_##S(T x, T y) { return x & y; }                                                \
    BODY T body_or_##S(T x, T y) { return x | y; }                                                 \
    BODY T body_xor_##S(T x, T y) { return x ^ y; }                                                \
    BODY T body_not_##S(T x) { return (T)~x; }

/* V: the unsigned type of the same width */
#define SHIFTS(S, T, V, W)                                                                         \
    BODY T body_shift_left_##S(T x, T y)                                                           \
    {                                                                                              \
        T moved = (T)((V)x * 1u << ((V)y & (W - 1)));                                              \
        return (V)y < W ? moved : (T)0;                                                            \
    }                                                                                              \
    BODY T body_shift_right_logical_##S(T x, T y)                                                  \
    {                                                                                              \
        T moved = (T)((V)x >> ((V)y & (W - 1)));                                                   \
        return (V)y < W ? moved : (T)0;                                                            \
    }                                                                                              \
    BODY T body_shift_right_arithmetic_##S(T x, T y)                                               \
    {                                                                                              \
        V by = (V)y < W ? (V)y : (V)(W - 1);                                                       \
        return (T)((SIGNED_##V)x >> by);                                                           \
    }
#define SIGNED_uint8_t int8_t
#define SIGNED_uint16_t int16_t
#define SIGNED_uint32_t int32_t
#define SIGNED_uint64_t int64_t

#define BITS_32(S, T, V, W)                                                                        \
    BODY T body_clz_##S(T x)                                                                       \
    {                                                                                              \
        uint32_t u = (V)x, guarded = u == 0 ? 1 : u;                                               \
        T n = (T)(__builtin_clz(guarded) - (32 - W));                                              \
        return u == 0 ? (T)W : n;                                                                  \
    }                                                                                              \
    BODY T body_population_count_##S(T x) { return (T)__builtin_popcount((V)x); }
#define BITS_64(S, T)                                                                              \
    BODY T body_clz_##S(T x)                                                                       \
    {                                                                                              \
        uint64_t u = (uint64_t)x, guarded = u == 0 ? 1 : u;                                        \
        T n = (T)__builtin_clzll(guarded);                                                         \
        return u == 0 ? (T)64 : n;                                                                 \
    }                                                                                              \
    BODY T body_population_count_##S(T x) { return (T)__builtin_popcountll((uint64_t)x); }

/* Division through a float type F that holds the operands and every quotient exactly enough to
 * truncate right; 64-bit types divide as integers. */
#define DIVIDE_SIGNED(S, T, F)                                                                     \
    BODY T body_div_##S(T x, T y)                                                                  \
    {                                                                                              \
        T most_negative = (T)((uint64_t)1 << (8 * sizeof(T) - 1));                                 \
        T by = ((y == 0) | ((y == -1) & (x == most_negative))) ? (T)1 : y;                         \
        T q = (T)((F)x / (F)by);                                                                   \
        return y == 0 ? (T)-1 : q;                                                                 \
    }                                                                                              \
    BODY T body_rem_##S(T x, T y)                                                                  \
    {                                                                                              \
        T by = ((y == 0) | (y == -1)) ? (T)1 : y;                                                  \
        T r = (T)(x - (T)((F)x / (F)by) * by);                                                     \
        return y == 0 ? x : r;                                                                     \
    }                                                                                              \
    BODY T body_abs_##S(T x) { return x < 0 ? body_neg_##S(x) : x; }                               \
    BODY T body_sign_##S(T x) { return (T)((x > 0) - (x < 0)); }
#define DIVIDE_UNSIGNED(S, T, F)                                                                   \
    BODY T body_div_##S(T x, T y)                                                                  \
    {                                                                                              \
        T by = y == 0 ? (T)1 : y;                                                                  \
        T q = (T)((F)x / (F)by);                                                                   \
        return y == 0 ? (T)-1 : q;                                                                 \
    }                                                                                              \
    BODY T body_rem_##S(T x, T y)                                                                  \
    {                                                                                              \
        T by = y == 0 ? (T)1 : y;                                                                  \
        T r = (T)(x - (T)((F)x / (F)by) * by);                                                     \
        return y == 0 ? x : r;                                                                     \
    }                                                                                              \
    BODY T body_abs_##S(T x) { return x; }                                                         \
    BODY T body_sign_##S(T x) { return x > 0; }

/* The upper half of the product. */
#define MULHI(S, T, WIDE, W)                                                                       \
    BODY T body_mulhi_##S(T x, T y) { return (T)((WIDE)x * (WIDE)y >> W); }

/* Comparisons in a total order; for integers the usual one. Floats order by their bits: -NaN, -inf,
 * ..., -0, 0, ..., inf, NaN. */
#define TOTAL_ORDER(S, T, KEY)                                                                     \
    BODY bool body_eq_to_##S(T x, T y) { return KEY(x) == KEY(y); }                                \
    BODY bool body_le_to_##S(T x, T y) { return KEY(x) <= KEY(y); }                                \
    BODY bool body_lt_to_##S(T x, T y) { return KEY(x) < KEY(y); }
#define ITSELF(x) (x)

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

MULHI(i8, int8_t, int32_t, 8)
MULHI(i16, int16_t, int32_t, 16)
MULHI(i32, int32_t, int64_t, 32)
MULHI(u8, uint8_t, uint32_t, 8)
MULHI(u16, uint16_t, uint32_t, 16)
MULHI(u32, uint32_t, uint64_t, 32)
BODY uint64_t body_mulhi_u64(uint64_t x, uint64_t y)
{
    uint64_t x0 = (uint32_t)x, x1 = x >> 32, y0 = (uint32_t)y, y1 = y >> 32;
    uint64_t middle = x1 * y0 + (x0 * y0 >> 32), other = x0 * y1 + (uint32_t)middle;
    return x1 * y1 + (middle >> 32) + (other >> 32);
}
BODY int64_t body_mulhi_i64(int64_t x, int64_t y)
{
    uint64_t high = body_mulhi_u64((uint64_t)x, (uint64_t)y);
    return (int64_t)(high - ((uint64_t)y & (uint64_t)(x >> 63)) -
                     ((uint64_t)x & (uint64_t)(y >> 63)));
}
TOTAL_ORDER(i8, int8_t, ITSELF)
TOTAL_ORDER(i16, int16_t, ITSELF)
TOTAL_ORDER(i32, int32_t, ITSELF)
TOTAL_ORDER(i64, int64_t, ITSELF)
TOTAL_ORDER(u8, uint8_t, ITSELF)
TOTAL_ORDER(u16, uint16_t, ITSELF)
TOTAL_ORDER(u32, uint32_t, ITSELF)
TOTAL_ORDER(u64, uint64_t, ITSELF)
TOTAL_ORDER(bool, bool, ITSELF)

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
#define FLOAT(S, T, B, R)                                                                          \
    NUMBER(S, T, T)                                                                                \
    BODY T body_div_##S(T x, T y) { return x / y; }                                                \
    BODY T body_max_##S(T x, T y)                                                                  \
    {                                                                                              \
        T equal = S##_of_bits(bits_of_##S(x) & bits_of_##S(y));                                    \
        T greater = x > y ? x : y;                                                                 \
        T ordered = x == y ? equal : greater;                                                      \
        return x != x ? x : ordered;                                                               \
    }                                                                                              \
    BODY T body_min_##S(T x, T y)                                                                  \
    {                                                                                              \
        T equal = S##_of_bits(bits_of_##S(x) | bits_of_##S(y));                                    \
        T less = x < y ? x : y;                                                                    \
        T ordered = x == y ? equal : less;                                                         \
        return x != x ? x : ordered;                                                               \
    }                                                                                              \
    BODY T body_clamp_##S(T low, T x, T high) { return body_min_##S(body_max_##S(x, low), high); } \
    BODY T body_abs_##S(T x) { return abs_##S(x); }                                                \
    BODY T body_sign_##S(T x)                                                                      \
    {                                                                                              \
        T one = with_sign_##S(1, x);                                                               \
        return ((x == 0) | (x != x)) ? x : one;                                                    \
    }                                                                                              \
    BODY T body_floor_##S(T x) { return __builtin_floor##R(x); }                                   \
    BODY T body_ceil_##S(T x) { return __builtin_ceil##R(x); }                                     \
    BODY T body_round_to_even_##S(T x)                                                             \
    {                                                                                              \
        T magnitude = abs_##S(x), rounded = magnitude + INTEGRAL_##S - INTEGRAL_##S;               \
        T small = with_sign_##S(rounded, x);                                                       \
        return magnitude < INTEGRAL_##S ? small : x;                                               \
    }                                                                                              \
    BODY T body_round_##S(T x)                                                                     \
    {                                                                                              \
        T whole = __builtin_trunc##R(x);                                                           \
        T step = abs_##S(x - whole) >= (T)0.5 ? (T)1 : (T)0;                                       \
        return whole + with_sign_##S(step, x);                                                     \
    }                                                                                              \
    BODY bool body_is_finite_##S(T x) { return abs_##S(x) < INFINITE_##S; }                        \
    BODY T body_sqrt_##S(T x) { return __builtin_sqrt##R(x); }                                     \
    BODY T body_rsqrt_##S(T x) { return 1 / __builtin_sqrt##R(x); }                                \
    BODY T body_nextafter_##S(T x, T y)                                                            \
    {                                                                                              \
        B up = bits_of_##S(x) + 1, down = bits_of_##S(x) - 1,                                      \
          smallest = (bits_of_##S(y) & ~(B)0 << (8 * sizeof(B) - 1)) | 1;                          \
        B away = (x > 0) == (y > x) ? up : down;                                                   \
        B moved = x == 0 ? smallest : away;                                                        \
        T next = S##_of_bits(moved), r = x == y ? y : next;                                        \
        return ((x != x) | (y != y)) ? x + y : r;                                                  \
    }
#define INTEGRAL_f32 0x1p23f
#define INTEGRAL_f64 0x1p52
#define INFINITE_f32 INF32
#define INFINITE_f64 INF64

FLOAT(f32, float, uint32_t, f)
FLOAT(f64, double, uint64_t, )

HELPER int32_t order_f32(float x)
{
    int32_t i = (int32_t)bits_of_f32(x);
    return i ^ (int32_t)((uint32_t)(i >> 31) >> 1);
}
HELPER int64_t order_f64(double x)
{
    int64_t i = (int64_t)bits_of_f64(x);
    return i ^ (int64_t)((uint64_t)(i >> 63) >> 1);
}
TOTAL_ORDER(f32, float, order_f32)
TOTAL_ORDER(f64, double, order_f64)
