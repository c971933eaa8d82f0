/* Loops of functions whose bodies reduce their argument only within limits (sine and its
 * relatives): where a chunk holds an argument beyond, infinity or NaN, those elements go to the C
 * library. U is the bits type, LIMIT the bits of the largest magnitude that the body takes. */
#ifndef COTAN_SRC_KERNEL_LOOPS_FAR_H
#define COTAN_SRC_KERNEL_LOOPS_FAR_H
#include <math.h>
#include "kernel/far.h"
#include "kernel/loops.h"

#define MAP1_FAR(P, S, T, U, LIMIT, EXACT)                                                         \
    static void chunk_##P##_##S(int64_t n, T *o, const T *x)                                       \
    {                                                                                              \
        U most = 0;                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            U size = bits_of_##S(abs_##S(x[i]));                                                   \
            most = size > most ? size : most;                                                      \
        }                                                                                          \
        if (most <= LIMIT) {                                                                       \
            INDEPENDENT for (int64_t i = 0; i < n; i++) o[i] = body_##P##_##S(x[i]);               \
            return;                                                                                \
        }                                                                                          \
        for (int64_t i = 0; i < n; i++)                                                            \
            o[i] = bits_of_##S(abs_##S(x[i])) > LIMIT ? EXACT(x[i]) : body_##P##_##S(x[i]);        \
    }                                                                                              \
    static void map_##P##_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        const T *x = in[0];                                                                        \
        T *o = out, same;                                                                          \
        if (step[0]) {                                                                             \
            for (int64_t i = 0; i < n; i += 4 * CHUNK)                                             \
                chunk_##P##_##S(n - i < 4 * CHUNK ? n - i : 4 * CHUNK, o + i, x + i);              \
            return;                                                                                \
        }                                                                                          \
        if (n > 0)                                                                                 \
            chunk_##P##_##S(1, &same, x);                                                          \
        for (int64_t i = 0; i < n; i++)                                                            \
            o[i] = same;                                                                           \
    }
#define FAR_F32(P) MAP1_FAR(P, f32, float, uint32_t, FAR_LIMIT_F32, P##f)
#define FAR_F64(P) MAP1_FAR(P, f64, double, uint64_t, FAR_LIMIT_F64, P)
#endif
