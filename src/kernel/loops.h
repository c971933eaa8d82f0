/* What the files of precompiled loops share. Each of them is built once per instruction set;
 * ISA(name) gives its exported names their suffix, and find.c picks among them at start. Everything
 * else in those files is static. */
#ifndef COTAN_SRC_KERNEL_LOOPS_H
#define COTAN_SRC_KERNEL_LOOPS_H
#include "kernel/kernel.h"

/* bool is pasted into names here, so it must not be a macro. */
#undef bool
typedef _Bool bool;

#ifndef KERNEL_ISA
#define KERNEL_ISA base
#endif
#define ISA_JOIN(name, isa) name##_##isa
#define ISA_NAME(name, isa) ISA_JOIN(name, isa)
#define ISA(name) ISA_NAME(name, KERNEL_ISA)

/* Every element is read before it is written and no element depends on another, also when out is
 * one of the operands. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

typedef struct kernel_entry {
    const char *primitive;
    ct_dtype dtype;
    kernel_map *map;
} kernel_entry;
typedef struct kernel_entries {
    int64_t n;
    const kernel_entry *at;
} kernel_entries;

/* The loops of the sets that were built: x86-64-v3 and v4, or one build of the base. */
#if defined(__x86_64__)
#define KERNEL_BUILDS(X)                                                                           \
    X(v3)                                                                                          \
    X(v4)
#else
#define KERNEL_BUILDS(X) X(base)
#endif

struct gemm;
struct fft_loops;
struct compact_loops;
/* A whole kernel room, per instruction set. */
/* dst[i][j] = src[j][i] of items of 4 or 8 bytes; rows so many bytes apart. streams: past the
 * caches, where dst and its rows begin on lines. */
typedef struct turned_plane {
    int64_t rows, cols; /* of dst */
    size_t itemsize;
    char *dst;
    const char *src;
    int64_t dst_row, src_row;
    bool streams;
} turned_plane;

typedef struct kernel_set {
    kernel_entries (*entries[4])(void);
    kernel_map *(*convert)(ct_dtype from, ct_dtype to);
    kernel_reduction *(*reduce)(const char *primitive, ct_dtype dtype);
    kernel_reduction *(*arg)(const char *primitive, ct_dtype dtype, ct_dtype index_dtype);
    kernel_scan *(*cumulative)(const char *primitive, ct_dtype dtype);
    ct_status (*(*gemm_of)(ct_dtype dtype, ct_dtype out))(const struct gemm *g); /* gemm.h */
    const struct fft_loops *(*fft)(bool wide);                                   /* fft.h */
    const struct compact_loops *(*compact)(ct_dtype dtype);                      /* compact.h */
    void (*turned)(const turned_plane *p);
    void (*weigh)(int64_t n, int64_t taps, const float *x, const int64_t *offset, const float *w,
                  float *y);
    void (*threefry)(int64_t n, const uint32_t *k0, const uint32_t *k1, int64_t key_step,
                     const uint32_t *x0, const uint32_t *x1, uint32_t *y0, uint32_t *y1);
    void (*threefry_bits)(const uint32_t key[2], int64_t first, int64_t n, int bit_width,
                          void *out);
    int64_t (*in_range)(const int32_t *index, int64_t n, const index_range *r, int64_t *to,
                        int64_t *from);
} kernel_set;
#define DECLARE(isa) extern const kernel_set kernel_set_##isa;
KERNEL_BUILDS(DECLARE)
#undef DECLARE
/* The set this processor runs. */
const kernel_set *kernel_chosen(void);

/* What each file contributes to its set (set.c). */
void ISA(kernel_turned)(const turned_plane *p);
kernel_map *ISA(kernel_convert)(ct_dtype from, ct_dtype to);
kernel_reduction *ISA(kernel_reduce)(const char *primitive, ct_dtype dtype);
ct_status (*ISA(kernel_gemm_of)(ct_dtype dtype, ct_dtype out))(const struct gemm *g);
kernel_reduction *ISA(kernel_arg)(const char *primitive, ct_dtype dtype, ct_dtype index_dtype);
kernel_scan *ISA(kernel_cumulative)(const char *primitive, ct_dtype dtype);
void ISA(kernel_weigh)(int64_t n, int64_t taps, const float *x, const int64_t *offset,
                       const float *w, float *y);
void ISA(kernel_threefry)(int64_t n, const uint32_t *k0, const uint32_t *k1, int64_t key_step,
                          const uint32_t *x0, const uint32_t *x1, uint32_t *y0, uint32_t *y1);
void ISA(kernel_threefry_bits)(const uint32_t key[2], int64_t first, int64_t n, int bit_width,
                               void *out);
int64_t ISA(kernel_in_range)(const int32_t *index, int64_t n, const index_range *r, int64_t *to,
                             int64_t *from);
const struct fft_loops *ISA(kernel_fft)(bool wide);
const struct compact_loops *ISA(kernel_compact)(ct_dtype dtype);
kernel_entries ISA(kernel_entries_arithmetic)(void);
kernel_entries ISA(kernel_entries_f32)(void);
kernel_entries ISA(kernel_entries_f64)(void);
kernel_entries ISA(kernel_entries_complex)(void);

/* ---- loops over bodies ---- */
enum {
    CHUNK = 256
}; /* elements of a scalar operand that are laid out to make it look like an array */

#define MAP1(P, S, T, R)                                                                           \
    static void map_##P##_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        const T *x = in[0];                                                                        \
        R *o = out;                                                                                \
        if (!step[0]) {                                                                            \
            R same = n > 0 ? body_##P##_##S(x[0]) : 0;                                             \
            for (int64_t i = 0; i < n; i++)                                                        \
                o[i] = same;                                                                       \
            return;                                                                                \
        }                                                                                          \
        INDEPENDENT for (int64_t i = 0; i < n; i++) o[i] = body_##P##_##S(x[i]);                   \
    }

/* Cheap binary operations: a loop for each way of broadcasting. */
#define MAP2(P, S, T, R)                                                                           \
    static void map_##P##_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        const T *x = in[0], *y = in[1];                                                            \
        R *o = out;                                                                                \
        if (n <= 0)                                                                                \
            return;                                                                                \
        T x0 = x[0], y0 = y[0];                                                                    \
        if (step[0] & step[1]) {                                                                   \
            INDEPENDENT for (int64_t i = 0; i < n; i++) o[i] = body_##P##_##S(x[i], y[i]);         \
        } else if (step[0]) {                                                                      \
            INDEPENDENT for (int64_t i = 0; i < n; i++) o[i] = body_##P##_##S(x[i], y0);           \
        } else if (step[1]) {                                                                      \
            INDEPENDENT for (int64_t i = 0; i < n; i++) o[i] = body_##P##_##S(x0, y[i]);           \
        } else {                                                                                   \
            R same = body_##P##_##S(x0, y0);                                                       \
            for (int64_t i = 0; i < n; i++)                                                        \
                o[i] = same;                                                                       \
        }                                                                                          \
    }

/* Anything with three operands, or expensive ones: scalar operands are laid out as a chunk. */
#define SPREAD(T, name, k)                                                                         \
    T name##_same[CHUNK];                                                                          \
    const T *name = in[k];                                                                         \
    if (!step[k]) {                                                                                \
        for (int64_t i = 0; i < CHUNK && i < n; i++)                                               \
            name##_same[i] = name[0];                                                              \
        name = name##_same;                                                                        \
    }
#define MAP3(P, S, T0, T, R)                                                                       \
    static void map_##P##_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        SPREAD(T0, x, 0) SPREAD(T, y, 1) SPREAD(T, z, 2) R *o = out;                               \
        int64_t most = step[0] & step[1] & step[2] ? n : CHUNK;                                    \
        for (int64_t left = n; left > 0; left -= most) {                                           \
            int64_t m = left < most ? left : most;                                                 \
            INDEPENDENT for (int64_t i = 0; i < m; i++) o[i] = body_##P##_##S(x[i], y[i], z[i]);   \
            o += m, x += step[0] * m, y += step[1] * m, z += step[2] * m;                          \
        }                                                                                          \
    }

/* bfloat16 and float16: chunks go through the float32 loop. */
typedef void kernel_widen(int64_t n, float *out, const uint16_t *in);
typedef void kernel_narrow(int64_t n, uint16_t *out, const float *in);
typedef struct half_format {
    kernel_widen *widen;
    kernel_narrow *narrow;
} half_format;
extern const half_format ISA(kernel_bf16), ISA(kernel_f16);
/* narrow: the result is of the half type; otherwise it is bool. */
void ISA(kernel_map_half)(int64_t n, void *out, const void *const *in, const int64_t *step,
                          int operands, kernel_map *map, const half_format *format, bool narrow);
#define MAP_HALF(P, OPERANDS, NARROW)                                                              \
    static void map_##P##_bf16(int64_t n, void *out, const void *const *in, const int64_t *step)   \
    {                                                                                              \
        ISA(kernel_map_half)                                                                       \
        (n, out, in, step, OPERANDS, map_##P##_f32, &ISA(kernel_bf16), NARROW);                    \
    }                                                                                              \
    static void map_##P##_f16(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        ISA(kernel_map_half)(n, out, in, step, OPERANDS, map_##P##_f32, &ISA(kernel_f16), NARROW); \
    }
#endif
