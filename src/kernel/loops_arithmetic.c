/* Loops of arithmetic, comparison, selection, bits and shifts for every real dtype. The algorithms
 * are in bodies_arithmetic.c. */
#include "kernel/loops.h"
#include "kernel/bodies_arithmetic.c"

/* Each list names the operations of one shape: X(primitive, short dtype, C type). */
#define ORDER_OPS(X, S, T, D)                                                                      \
    X(eq, S, T, D)                                                                                 \
    X(ne, S, T, D)                                                                                 \
    X(lt, S, T, D)                                                                                 \
    X(le, S, T, D)                                                                                 \
    X(gt, S, T, D)                                                                                 \
    X(ge, S, T, D)                                                                                 \
    X(eq_to, S, T, D)                                                                              \
    X(le_to, S, T, D)                                                                              \
    X(lt_to, S, T, D)
#define ANY_BINARY(X, S, T, D)                                                                     \
    X(add, S, T, D)                                                                                \
    X(mul, S, T, D)                                                                                \
    X(max, S, T, D)                                                                                \
    X(min, S, T, D)
#define BIT_BINARY(X, S, T, D)                                                                     \
    X(and, S, T, D)                                                                                \
    X(or, S, T, D)                                                                                 \
    X(xor, S, T, D)
#define INTEGER_BINARY(X, S, T, D)                                                                 \
    ANY_BINARY(X, S, T, D)                                                                         \
    BIT_BINARY(X, S, T, D) X(sub, S, T, D)                                                         \
    X(div, S, T, D)                                                                                \
    X(rem, S, T, D)                                                                                \
    X(shift_left, S, T, D)                                                                         \
    X(shift_right_logical, S, T, D)                                                                \
    X(shift_right_arithmetic, S, T, D)                                                             \
    X(mulhi, S, T, D)
#define INTEGER_UNARY(X, S, T, D)                                                                  \
    X(neg, S, T, D)                                                                                \
    X(abs, S, T, D)                                                                                \
    X(sign, S, T, D)                                                                               \
    X(square, S, T, D)                                                                             \
    X(not, S, T, D)                                                                                \
    X(clz, S, T, D)                                                                                \
    X(population_count, S, T, D)
#define FLOAT_BINARY(X, S, T, D)                                                                   \
    ANY_BINARY(X, S, T, D) X(sub, S, T, D)                                                         \
    X(div, S, T, D)                                                                                \
    X(nextafter, S, T, D)
#define FLOAT_UNARY(X, S, T, D)                                                                    \
    X(neg, S, T, D)                                                                                \
    X(abs, S, T, D)                                                                                \
    X(sign, S, T, D)                                                                               \
    X(square, S, T, D)                                                                             \
    X(floor, S, T, D)                                                                              \
    X(ceil, S, T, D)                                                                               \
    X(round, S, T, D)                                                                              \
    X(round_to_even, S, T, D)                                                                      \
    X(sqrt, S, T, D)                                                                               \
    X(rsqrt, S, T, D)
#define INTEGERS(X)                                                                                \
    X(i8, int8_t, CT_INT8)                                                                         \
    X(i16, int16_t, CT_INT16)                                                                      \
    X(i32, int32_t, CT_INT32)                                                                      \
    X(i64, int64_t, CT_INT64)                                                                      \
    X(u8, uint8_t, CT_UINT8)                                                                       \
    X(u16, uint16_t, CT_UINT16)                                                                    \
    X(u32, uint32_t, CT_UINT32)                                                                    \
    X(u64, uint64_t, CT_UINT64)
#define FLOATS(X)                                                                                  \
    X(f32, float, CT_FLOAT32)                                                                      \
    X(f64, double, CT_FLOAT64)

/* ---- the loops ---- */
#define SAME1(P, S, T, D) MAP1(P, S, T, T)
#define SAME2(P, S, T, D) MAP2(P, S, T, T)
#define TEST2(P, S, T, D) MAP2(P, S, T, bool)
#define TERNARY(S, T) MAP3(select_n, S, uint8_t, T, T) MAP3(clamp, S, T, T, T)
#define INTEGER_LOOPS(S, T, D)                                                                     \
    INTEGER_BINARY(SAME2, S, T, D)                                                                 \
    INTEGER_UNARY(SAME1, S, T, D) ORDER_OPS(TEST2, S, T, D) TERNARY(S, T)
#define FLOAT_LOOPS(S, T, D)                                                                       \
    FLOAT_BINARY(SAME2, S, T, D)                                                                   \
    FLOAT_UNARY(SAME1, S, T, D) ORDER_OPS(TEST2, S, T, D) TERNARY(S, T) MAP1(is_finite, S, T, bool)
INTEGERS(INTEGER_LOOPS)
FLOATS(FLOAT_LOOPS)
ANY_BINARY(SAME2, bool, bool, CT_BOOL)
BIT_BINARY(SAME2, bool, bool, CT_BOOL)
ORDER_OPS(TEST2, bool, bool, CT_BOOL)
SAME1(not, bool, bool, CT_BOOL)
TERNARY(bool, bool)

#define HALF1(P, S, T, D) MAP_HALF(P, 1, true)
#define HALF2(P, S, T, D) MAP_HALF(P, 2, true)
#define HALF_TEST(P, S, T, D) MAP_HALF(P, 2, false)
#define HALF_BINARY(X, S, T, D)                                                                    \
    ANY_BINARY(X, S, T, D) X(sub, S, T, D)                                                         \
    X(div, S, T, D)
HALF_BINARY(HALF2, f32, float, CT_FLOAT32)
FLOAT_UNARY(HALF1, f32, float, CT_FLOAT32)
ORDER_OPS(HALF_TEST, f32, float, CT_FLOAT32)
MAP_HALF(is_finite, 1, false)
MAP_HALF(clamp, 3, true)

/* ---- the table ---- */
#define ROW(P, S, T, D) {#P, D, map_##P##_##S},
#define TERNARY_ROWS(S, T, D) ROW(select_n, S, T, D) ROW(clamp, S, T, D)
#define INTEGER_ROWS(S, T, D)                                                                      \
    INTEGER_BINARY(ROW, S, T, D)                                                                   \
    INTEGER_UNARY(ROW, S, T, D) ORDER_OPS(ROW, S, T, D) TERNARY_ROWS(S, T, D)
#define FLOAT_ROWS(S, T, D)                                                                        \
    FLOAT_BINARY(ROW, S, T, D)                                                                     \
    FLOAT_UNARY(ROW, S, T, D) ORDER_OPS(ROW, S, T, D) TERNARY_ROWS(S, T, D) ROW(is_finite, S, T, D)
#define HALF_ROWS(S, D)                                                                            \
    HALF_BINARY(ROW, S, , D)                                                                       \
    FLOAT_UNARY(ROW, S, , D)                                                                       \
    ORDER_OPS(ROW, S, , D)                                                                         \
    ROW(is_finite, S, , D) ROW(clamp, S, , D){"select_n", D, map_select_n_u16},
static const kernel_entry entries[] = {
    INTEGERS(INTEGER_ROWS) FLOATS(FLOAT_ROWS) ANY_BINARY(ROW, bool, bool, CT_BOOL)
        BIT_BINARY(ROW, bool, bool, CT_BOOL) ORDER_OPS(ROW, bool, bool, CT_BOOL)
            ROW(not, bool, bool, CT_BOOL) TERNARY_ROWS(bool, bool, CT_BOOL)
                HALF_ROWS(bf16, CT_BFLOAT16) HALF_ROWS(f16, CT_FLOAT16)};

kernel_entries ISA(kernel_entries_arithmetic)(void)
{
    return (kernel_entries){countof(entries), entries};
}
