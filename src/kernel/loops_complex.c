/* Loops over complex numbers. The algorithms are in bodies_complex.c. */
#include "kernel/loops.h"
#include "kernel/bodies_complex.c"

#define LOOP1(P, S, T)                                                                             \
    static void map_##P##_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        const T *x = in[0];                                                                        \
        T *o = out;                                                                                \
        for (int64_t i = 0, j = 0; i < n; i++, j += 2 * step[0])                                   \
            body_##P##_##S(x[j], x[j + 1], &o[2 * i], &o[2 * i + 1]);                              \
    }
#define LOOP2(P, S, T)                                                                             \
    static void map_##P##_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        const T *x = in[0], *y = in[1];                                                            \
        T *o = out;                                                                                \
        for (int64_t i = 0, j = 0, k = 0; i < n; i++, j += 2 * step[0], k += 2 * step[1])          \
            body_##P##_##S(x[j], x[j + 1], y[k], y[k + 1], &o[2 * i], &o[2 * i + 1]);              \
    }
/* R: the result, a part or bool */
#define TO_PART(P, S, T, R)                                                                        \
    static void map_##P##_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        const T *x = in[0];                                                                        \
        R *o = out;                                                                                \
        for (int64_t i = 0, j = 0; i < n; i++, j += 2 * step[0])                                   \
            o[i] = body_##P##_##S(x[j], x[j + 1]);                                                 \
    }
#define TEST(P, S, T)                                                                              \
    static void map_##P##_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        const T *x = in[0], *y = in[1];                                                            \
        bool *o = out;                                                                             \
        for (int64_t i = 0, j = 0, k = 0; i < n; i++, j += 2 * step[0], k += 2 * step[1])          \
            o[i] = body_##P##_##S(x[j], x[j + 1], y[k], y[k + 1]);                                 \
    }
/* From parts; S the short name of the part's dtype */
#define FROM_PARTS(S, T)                                                                           \
    static void map_complex_##S(int64_t n, void *out, const void *const *in, const int64_t *step)  \
    {                                                                                              \
        const T *re = in[0], *im = in[1];                                                          \
        T *o = out;                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            o[2 * i] = re[i * step[0]];                                                            \
            o[2 * i + 1] = im[i * step[1]];                                                        \
        }                                                                                          \
    }
#define SELECT(S, T)                                                                               \
    static void map_select_n_##S(int64_t n, void *out, const void *const *in, const int64_t *step) \
    {                                                                                              \
        const bool *which = in[0];                                                                 \
        T *o = out;                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            int chosen = which[i * step[0]] ? 2 : 1;                                               \
            const T *x = (const T *)in[chosen] + 2 * i * step[chosen];                             \
            o[2 * i] = x[0], o[2 * i + 1] = x[1];                                                  \
        }                                                                                          \
    }
#define CLAMP(S, T)                                                                                \
    static void map_clamp_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        const T *low = in[0], *x = in[1], *high = in[2];                                           \
        T *o = out;                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                          \
            T re, im;                                                                              \
            body_max_##S(x[0], x[1], low[0], low[1], &re, &im);                                    \
            body_min_##S(re, im, high[0], high[1], &o[2 * i], &o[2 * i + 1]);                      \
            low += 2 * step[0], x += 2 * step[1], high += 2 * step[2];                             \
        }                                                                                          \
    }
#define ALL(S, T)                                                                                  \
    COMPLEX_UNARY(LOOP1, S, T)                                                                     \
    COMPLEX_BINARY(LOOP2, S, T)                                                                    \
    TO_PART(abs, S, T, T)                                                                          \
    TO_PART(real, S, T, T)                                                                         \
    TO_PART(imag, S, T, T) TEST(eq, S, T) TEST(ne, S, T) SELECT(S, T) CLAMP(S, T)
ALL(c64, float)
ALL(c128, double)
FROM_PARTS(f32, float)
FROM_PARTS(f64, double)

#define ROW(P, S, D) {#P, D, map_##P##_##S},
#define ROWS(S, D)                                                                                 \
    COMPLEX_UNARY(ROW, S, D)                                                                       \
    COMPLEX_BINARY(ROW, S, D)                                                                      \
    ROW(abs, S, D)                                                                                 \
    ROW(real, S, D) ROW(imag, S, D) ROW(eq, S, D) ROW(ne, S, D) ROW(select_n, S, D) ROW(clamp, S, D)
static const kernel_entry entries[] = {ROWS(c64, CT_COMPLEX64) ROWS(c128, CT_COMPLEX128) ROW(
    complex, f32, CT_FLOAT32) ROW(complex, f64, CT_FLOAT64)};

kernel_entries ISA(kernel_entries_complex)(void)
{
    return (kernel_entries){countof(entries), entries};
}
