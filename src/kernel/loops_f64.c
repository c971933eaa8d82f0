/* Loops of the elementary functions of float64, and of those of float32 that are computed in
 * double. The algorithms are in bodies_f64.c and bodies_gamma.c. */
#include "kernel/loops_far.h"
#include "kernel/bodies_gamma.c"

#define UNARY(X)                                                                                   \
    X(exp)                                                                                         \
    X(exp2)                                                                                        \
    X(expm1)                                                                                       \
    X(logistic)                                                                                    \
    X(tanh)                                                                                        \
    X(sinh)                                                                                        \
    X(cosh)                                                                                        \
    X(log)                                                                                         \
    X(log1p)                                                                                       \
    X(asinh)                                                                                       \
    X(acosh)                                                                                       \
    X(atanh)                                                                                       \
    X(asin)                                                                                        \
    X(acos)                                                                                        \
    X(atan)                                                                                        \
    X(cbrt)                                                                                        \
    X(erf)                                                                                         \
    X(erfc)                                                                                        \
    X(erf_inv)
#define BINARY(X)                                                                                  \
    X(atan2)                                                                                       \
    X(pow)
#define UNARY_F32(X)                                                                               \
    X(asinh)                                                                                       \
    X(acosh)                                                                                       \
    X(atanh)                                                                                       \
    X(cbrt)                                                                                        \
    X(erfc)                                                                                        \
    X(lgamma)                                                                                      \
    X(digamma)
#define BINARY_F32(X)                                                                              \
    X(pow)                                                                                         \
    X(rem)

#define LOOP1(P) MAP1(P, f64, double, double)
#define LOOP2(P) MAP2(P, f64, double, double)
#define LOOP1_F32(P) MAP1(P, f32, float, float) MAP_HALF(P, 1, true)
#define LOOP2_F32(P) MAP2(P, f32, float, float) MAP_HALF(P, 2, true)
UNARY(LOOP1)
FAR_FUNCTIONS(FAR_F64)
BINARY(LOOP2)
UNARY_F32(LOOP1_F32)
BINARY_F32(LOOP2_F32)

#define ROW(P) {#P, CT_FLOAT64, map_##P##_f64},
#define ROW_F32(P)                                                                                 \
    {#P, CT_FLOAT32, map_##P##_f32}, {#P, CT_BFLOAT16, map_##P##_bf16},                            \
        {#P, CT_FLOAT16, map_##P##_f16},
static const kernel_entry entries[] = {UNARY(ROW) FAR_FUNCTIONS(ROW) BINARY(ROW) UNARY_F32(ROW_F32)
                                           BINARY_F32(ROW_F32)};

kernel_entries ISA(kernel_entries_f64)(void) { return (kernel_entries){countof(entries), entries}; }
