/* Loops of the elementary functions of float32, and of the half formats through them. The
 * algorithms are in bodies_f32.c. */
#include "kernel/loops_far.h"
#include "kernel/bodies_f32.c"

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
    X(asin)                                                                                        \
    X(acos)                                                                                        \
    X(atan)                                                                                        \
    X(erf)                                                                                         \
    X(erf_inv)
#define BINARY(X) X(atan2)

#define LOOP1(P) MAP1(P, f32, float, float) MAP_HALF(P, 1, true)
#define LOOP2(P) MAP2(P, f32, float, float) MAP_HALF(P, 2, true)
#define FAR_LOOP(P) FAR_F32(P) MAP_HALF(P, 1, true)
UNARY(LOOP1)
FAR_FUNCTIONS(FAR_LOOP)
BINARY(LOOP2)

#define ROW(P)                                                                                     \
    {#P, CT_FLOAT32, map_##P##_f32}, {#P, CT_BFLOAT16, map_##P##_bf16},                            \
        {#P, CT_FLOAT16, map_##P##_f16},
static const kernel_entry entries[] = {UNARY(ROW) FAR_FUNCTIONS(ROW) BINARY(ROW)};

kernel_entries ISA(kernel_entries_f32)(void) { return (kernel_entries){countof(entries), entries}; }
