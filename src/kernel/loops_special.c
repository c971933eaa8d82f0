/* Loops over the iterative special functions of special.c, integrals.c and hypergeometric.c, for
 * every float dtype: computed in double, rounded to the dtype. And loops over bit patterns: steps
 * of floats that are computed as others, and comparisons of random keys. */
#include "array/array.h"
#include "kernel/loops.h"
#include "kernel/special.h"

/* One function of one to four operands; the others are NULL. */
typedef struct function {
    double (*f1)(double);
    double (*f2)(double, double);
    double (*f3)(double, double, double);
    double (*f4)(double, double, double, double);
} function;

static double call(const function *f, const double *x)
{
    return f->f1   ? f->f1(x[0])
           : f->f2 ? f->f2(x[0], x[1])
           : f->f3 ? f->f3(x[0], x[1], x[2])
                   : f->f4(x[0], x[1], x[2], x[3]);
}

/* In chunks: operands to double, the function, back. */
static void run(const function *f, ct_dtype dtype, size_t itemsize, int64_t n, void *out,
                const void *const *in, const int64_t *step)
{
    int operands = f->f1 ? 1 : f->f2 ? 2 : f->f3 ? 3 : 4;
    double x[4][CHUNK], y[CHUNK];
    kernel_map *widen = kernel_convert(dtype, CT_FLOAT64),
               *narrow = kernel_convert(CT_FLOAT64, dtype);
    for (int64_t first = 0; first < n; first += CHUNK) {
        int64_t m = n - first < CHUNK ? n - first : CHUNK;
        for (int k = 0; k < operands; k++) {
            const void *from = (const char *)in[k] + (size_t)(first * step[k]) * itemsize;
            widen(m, x[k], &from, &step[k]);
        }
        for (int64_t i = 0; i < m; i++)
            y[i] = call(f, (double[]){x[0][i], operands > 1 ? x[1][i] : 0,
                                      operands > 2 ? x[2][i] : 0, operands > 3 ? x[3][i] : 0});
        const void *from = y;
        narrow(m, (char *)out + (size_t)first * itemsize, &from, (int64_t[]){1});
    }
}

/* Those of float32 have bodies (bodies_gamma.c). */
#define FUNCTIONS_F64(X)                                                                           \
    X(lgamma, f1)                                                                                  \
    X(digamma, f1)                                                                                 \
    X(rem, f2)
#define FUNCTIONS(X)                                                                               \
    X(bessel_i0e, f1)                                                                              \
    X(bessel_i1e, f1)                                                                              \
    X(igamma, f2)                                                                                  \
    X(igammac, f2)                                                                                 \
    X(igamma_grad_a, f2)                                                                           \
    X(random_gamma_grad, f2)                                                                       \
    X(zeta, f2)                                                                                    \
    X(polygamma, f2)                                                                               \
    X(regularized_incomplete_beta, f3)                                                             \
    X(expn, f2)                                                                                    \
    X(expi, f1)                                                                                    \
    X(sinint, f1)                                                                                  \
    X(cosint, f1)                                                                                  \
    X(erfcx, f1)                                                                                   \
    X(dawsn, f1)                                                                                   \
    X(fresnel_sin, f1)                                                                             \
    X(fresnel_cos, f1)                                                                             \
    X(spence, f1)                                                                                  \
    X(owens_t, f2)                                                                                 \
    X(bessel_jn, f2)                                                                               \
    X(legendre, f3)                                                                                \
    X(hyp1f1, f3)                                                                                  \
    X(hyp1f1_grad_a, f3)                                                                           \
    X(hyp1f1_grad_b, f3)                                                                           \
    X(hyp2f1, f4)                                                                                  \
    X(hyp2f1_grad_a, f4)                                                                           \
    X(hyp2f1_grad_c, f4)
#define DTYPES(X, ...)                                                                             \
    X(f32, CT_FLOAT32, 4, __VA_ARGS__)                                                             \
    X(f64, CT_FLOAT64, 8, __VA_ARGS__)                                                             \
    X(bf16, CT_BFLOAT16, 2, __VA_ARGS__)                                                           \
    X(f16, CT_FLOAT16, 2, __VA_ARGS__)
#define LOOP(S, D, SIZE, P, KIND)                                                                  \
    static void map_##P##_##S(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        run(&(const function){.KIND = special_##P}, D, SIZE, n, out, in, step);                    \
    }
#define LOOPS(P, KIND) DTYPES(LOOP, P, KIND)
#define LOOP_F64(P, KIND) LOOP(f64, CT_FLOAT64, 8, P, KIND)
FUNCTIONS(LOOPS)
FUNCTIONS_F64(LOOP_F64)

/* ---- nextafter of floats that are computed as others: steps of their own bit patterns ---- */

static uint32_t pattern_after(ct_dtype dtype, const char *at, double x, double y)
{
    int bits = dtype_table[dtype].bits;
    uint32_t sign = 1u << (bits - 1), u = 0;
    memcpy(&u, at, dtype_table[dtype].itemsize);
    if (x == 0)
        return y < 0 ? sign | 1 : 1;
    u += (x > 0) == (y > x) ? 1 : -1u;
    bool fnuz = dtype == CT_FLOAT8_E4M3B11FNUZ || dtype == CT_FLOAT8_E4M3FNUZ ||
                dtype == CT_FLOAT8_E5M2FNUZ; /* where -0 would be is NaN */
    return fnuz && u == sign ? 0 : u;
}

static void next_patterns(ct_dtype dtype, int64_t n, void *out, const void *const *in,
                          const int64_t *step)
{
    size_t size = dtype_table[dtype].itemsize;
    for (int64_t i = 0; i < n; i++) {
        const char *px = (const char *)in[0] + (size_t)(i * step[0]) * size,
                   *py = (const char *)in[1] + (size_t)(i * step[1]) * size;
        char *to = (char *)out + (size_t)i * size;
        double x = dtype_decode(dtype, px), y = dtype_decode(dtype, py);
        uint32_t next = pattern_after(dtype, px, x, y);
        if (x != x || y != y)
            dtype_encode(dtype, to, __builtin_nan(""));
        else
            memcpy(to, x == y ? (const void *)py : &next, size);
    }
}
#define STEPPED(X)                                                                                 \
    X(CT_BFLOAT16)                                                                                 \
    X(CT_FLOAT16)                                                                                  \
    X(CT_FLOAT4_E2M1FN)                                                                            \
    X(CT_FLOAT8_E3M4)                                                                              \
    X(CT_FLOAT8_E4M3)                                                                              \
    X(CT_FLOAT8_E4M3B11FNUZ)                                                                       \
    X(CT_FLOAT8_E4M3FN)                                                                            \
    X(CT_FLOAT8_E4M3FNUZ)                                                                          \
    X(CT_FLOAT8_E5M2)                                                                              \
    X(CT_FLOAT8_E5M2FNUZ)                                                                          \
    X(CT_FLOAT8_E8M0FNU)
#define STEP_LOOP(D)                                                                               \
    static void map_nextafter_##D(int64_t n, void *out, const void *const *in,                     \
                                  const int64_t *step)                                             \
    {                                                                                              \
        next_patterns(D, n, out, in, step);                                                        \
    }
STEPPED(STEP_LOOP)

/* ---- random keys: equal where all their words are ---- */

static void compare_keys(size_t size, bool equal, int64_t n, void *out, const void *const *in,
                         const int64_t *step)
{
    for (int64_t i = 0; i < n; i++) {
        const char *x = (const char *)in[0] + (size_t)(i * step[0]) * size,
                   *y = (const char *)in[1] + (size_t)(i * step[1]) * size;
        ((bool *)out)[i] = !memcmp(x, y, size) == equal;
    }
}
#define COMPARED(X)                                                                                \
    X(eq, CT_KEY_THREEFRY, 8, true)                                                                \
    X(ne, CT_KEY_THREEFRY, 8, false)                                                               \
    X(eq, CT_KEY_RBG, 16, true)                                                                    \
    X(ne, CT_KEY_RBG, 16, false)                                                                   \
    X(eq, CT_KEY_UNSAFE_RBG, 16, true)                                                             \
    X(ne, CT_KEY_UNSAFE_RBG, 16, false)
#define COMPARE_LOOP(P, D, SIZE, EQUAL)                                                            \
    static void map_##P##_##D(int64_t n, void *out, const void *const *in, const int64_t *step)    \
    {                                                                                              \
        compare_keys(SIZE, EQUAL, n, out, in, step);                                               \
    }
COMPARED(COMPARE_LOOP)

#define COMPARE_ROW(P, D, ...) {#P, D, map_##P##_##D},
#define STEP_ROW(D) {"nextafter", D, map_nextafter_##D},
#define ROW(S, D, SIZE, P) {#P, D, map_##P##_##S},
#define ROWS(P, KIND) DTYPES(ROW, P)
#define ROW_F64(P, KIND) ROW(f64, CT_FLOAT64, 8, P)
static const kernel_entry entries[] = {FUNCTIONS(ROWS) FUNCTIONS_F64(ROW_F64) STEPPED(STEP_ROW)
                                           COMPARED(COMPARE_ROW)};

kernel_entries kernel_entries_special(void);
kernel_entries kernel_entries_special(void) { return (kernel_entries){countof(entries), entries}; }
