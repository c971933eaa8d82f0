/* Scalar bodies and the precompiled loops made of them: the eager tier. No arrays here, only
 * pointers and counts.
 *
 * bodies.c holds one straight-line function an operation and dtype; loops.c makes the loops, built
 * for several instruction sets and picked at start. */
#ifndef COTAN_SRC_KERNEL_H
#define COTAN_SRC_KERNEL_H
#include "base/base.h"

/* out[i] = f(in[0][i * step[0]], ...) for i < n; steps are 0 (a scalar operand) or 1. Rows may be
 * split over threads by the caller. */
typedef void kernel_map(int64_t n, void *out, const void *const *in, const int64_t *step);
/* The loop of a primitive ("sin", "add", "eq", "select_n" with two cases, ...) on operands of this
 * dtype; NULL when there is none. */
kernel_map *kernel_find(const char *primitive, ct_dtype dtype);
/* Conversion as JAX's convert_element_type does it (float to int saturates, NaN to 0; to bool: !=
 * 0). Never NULL for stored dtypes. */
kernel_map *kernel_convert(ct_dtype from, ct_dtype to);

/* Reductions of an (outer, n, inner) array along n: out is (outer, inner). name: "reduce_sum",
 * "reduce_prod", "reduce_max", "reduce_min", "reduce_and", "reduce_or", "reduce_xor". Sums of
 * floats are pairwise in a fixed order that depends on the shape alone. */
typedef void kernel_reduction(int64_t outer, int64_t n, int64_t inner, void *out, const void *in);
kernel_reduction *kernel_reduce(const char *primitive, ct_dtype dtype);
/* Index of the first extreme along n (NaN counts as extreme): out is of index_dtype int32 or int64.
 * which: "argmax", "argmin". */
kernel_reduction *kernel_arg(const char *primitive, ct_dtype dtype, ct_dtype index_dtype);
/* Running sums and the like along n, forwards or backwards: same shape out. "cumsum", "cumprod",
 * "cummax", "cummin", "cumlogsumexp". */
typedef void kernel_scan(int64_t outer, int64_t n, int64_t inner, void *out, const void *in,
                         bool reverse);
kernel_scan *kernel_cumulative(const char *primitive, ct_dtype dtype);

/* Sorts n rows' worth of keys along the middle axis. Stable when asked; NaN last, -0 before 0 as
 * JAX orders them. operands: nkeys keys then passengers; in place. */
ct_status kernel_sort(int64_t outer, int64_t n, int64_t inner, int noperands, int nkeys,
                      void *const *operands, const ct_dtype *dtypes, bool stable);
/* The k largest of each contiguous row, descending, ties by lower index. */
ct_status kernel_top_k(int64_t rows, int64_t n, int64_t k, ct_dtype dtype, const void *in,
                       void *values, int32_t *indices);

/* Threefry-2x32, 20 rounds: out pairs from counter pairs; all of n elements. Keys are scalars (step
 * 0) or arrays (step 1). */
void kernel_threefry(int64_t n, const uint32_t *k0, const uint32_t *k1, int64_t key_step,
                     const uint32_t *x0, const uint32_t *x1, uint32_t *y0, uint32_t *y1);
/* The indices in [first, first + count), in order: how many there are. to: each times stride; from:
 * its position. Both need room for n + 16 (no more than 2^31). clamp: indices are moved into [0,
 * last] first. */
typedef struct index_range {
    int32_t first, count, last;
    int32_t stride;
    bool clamp;
} index_range;
int64_t kernel_in_range(const int32_t *index, int64_t n, const index_range *r, int64_t *to,
                        int64_t *from);
/* The bits of jax.random.bits under jax_threefry_partitionable: n draws of 8, 16, 32 or 64 bits,
 * numbered from `first`. */
void kernel_threefry_bits(const uint32_t key[2], int64_t first, int64_t n, int bit_width,
                          void *out);

/* Copies a dense box of elements: dst[...] = src[...] with byte strides on both sides; zero strides
 * broadcast. The one data-movement loop; it merges axes and blocks transposes. */
void kernel_copy(int ndim, const int64_t *shape, size_t itemsize, void *dst,
                 const int64_t *dst_strides, const void *src, const int64_t *src_strides);
/* Fills n elements of itemsize bytes with one element. */
void kernel_fill(int64_t n, size_t itemsize, void *dst, const void *element);

/* Fourier transforms of n points along the middle axis of (outer, n, inner): of complex numbers,
 * the inverse (which divides by n), of real numbers into the first n / 2 + 1 results, and from
 * those back. in and out may be the same where their types are. */
typedef enum fourier_type {
    FOURIER_FORWARD,
    FOURIER_INVERSE,
    FOURIER_OF_REAL,
    FOURIER_TO_REAL
} fourier_type;
typedef struct kernel_fourier {
    fourier_type type;
    bool wide; /* float64 and complex128 */
    int64_t outer, n, inner;
} kernel_fourier;
ct_status kernel_fft(const kernel_fourier *f, const void *in, void *out);

/* C = A B for row-major matrices, each with its own leading dimension or transposed; batch strides
 * in elements. Floats through oneDNN, other types by our loops. */
typedef struct kernel_matmul {
    int64_t batch, m, n, k;
    int64_t a_batch, b_batch, c_batch;         /* elements between matrices; 0: the same for all */
    int64_t a_row, a_col, b_row, b_col, c_row; /* strides in elements; c_col is 1 */
    ct_dtype dtype, out_dtype;                 /* of A and B; of C */
} kernel_matmul;
ct_status kernel_matrix_product(const kernel_matmul *p, const void *a, const void *b, void *c);
/* Has ready what the first m x k by k x n product would wait for: oneDNN and the code it makes. */
void kernel_matrix_prepare(ct_dtype dtype, int64_t m, int64_t n, int64_t k);

/* y[i] = the sum of w[t] x[i + offset[t]] over the taps, for n places. */
void kernel_weigh(int64_t n, int64_t taps, const float *x, const int64_t *offset, const float *w,
                  float *y);
#endif
