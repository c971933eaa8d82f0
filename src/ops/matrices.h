/* What the files of linear algebra share: batches of matrices (all axes but the last ones), rules
 * about shapes and dtypes, and matrix arithmetic for derivatives. */
#ifndef COTAN_SRC_MATRICES_H
#define COTAN_SRC_MATRICES_H
#include "kernel/compact.h"
#include "kernel/lapack.h"
#include "ops/rules.h"

/* ---- types ---- */

/* Operands are float32, float64 or complex and of one dtype (dtypes: families), have at least
 * ranks[i] axes, and the same batch axes before those. */
CT_NODISCARD bool matrices_check(const op *o, int nin, const aval *in, const int *ranks);
/* The aval with the batch axes of x, of which the last `rank` axes do not count, and then these. */
CT_NODISCARD bool matrices_result(aval *out, arena *a, const aval *x, int rank, ct_dtype dtype,
                                  ct_ints axes);
/* The last two axes, which have to be equal. */
CT_NODISCARD bool matrices_square(const op *o, const aval *x);
static inline int matrix_rows(const aval *x) { return (int)x->shape[x->ndim - 2]; }
static inline int matrix_cols(const aval *x) { return (int)x->shape[x->ndim - 1]; }

/* ---- kernels ---- */

/* The kernel of one matrix of a batch; info as in lapack.h. */
typedef struct matrix_call {
    const void *params;
    ct_dtype dtype; /* of in[0] */
    const operand *in, *out;
} matrix_call;
typedef int matrix_kernel(const matrix_call *c, int64_t i);
/* Calls it for every matrix of in[0], whose last `rank` axes are one matrix. Small matrices share
 * the threads among them, large ones have them in turn. */
ct_status matrices_run(matrix_kernel *kernel, const void *params, int rank, const operand *in,
                       const operand *out);
/* The kernel of `count` small matrices at once, from the i-th on, no more than there are lanes. */
typedef struct compact_call {
    matrix_call c;
    const compact_loops *loops;
    int64_t room; /* elements of each matrix in scratch memory */
    void *x;      /* the scratch memory, for as many matrices as there are lanes */
} compact_call;
typedef void compact_kernel(const compact_call *c, int64_t i, int64_t count);
/* Like matrices_run; but of real matrices, if they are many and small, many go through `compact` at
 * once. */
ct_status matrices_run_compact(compact_kernel *compact, int64_t room, matrix_kernel *one,
                               const void *params, int rank, const operand *in, const operand *out);
/* The place of the matrices' elements from this one on. */
static inline void *compact_at(const compact_call *c, int64_t element)
{
    return (char *)c->x + element * c->loops->lanes * dtype_table[c->c.dtype].itemsize;
}
/* The i-th matrix or vector of a batch: its last `rank` axes. */
static inline void *matrix_at(const operand *x, int rank, int64_t i)
{
    int64_t size = shape_size(rank, x->aval.shape + x->aval.ndim - rank);
    return (char *)x->data + i * size * dtype_table[x->aval.dtype].itemsize;
}
/* op(A) X = B (left) or X op(A) = B, row-major, X in place of B; uplo, trans and diag as LAPACK
 * sees A, which is transposed. Threads share the right-hand sides. */
typedef struct matrix_system {
    ct_dtype dtype;
    bool left;
    char uplo, trans, diag;
    int n, sides;
    const void *a;
    void *x;
} matrix_system;
void matrix_solve(const matrix_system *s);
/* NaN in every element: what a failed factorization gives. */
void matrix_fill_nan(ct_dtype dtype, int64_t n, void *x);
/* dst (cols x rows) is the transpose of src (rows x cols), both row-major; or the other order of
 * the same matrix. */
void matrix_turn(ct_dtype dtype, int rows, int cols, void *dst, const void *src);
/* A copy in column-major order that the caller frees with base_free; NULL when memory is short. */
CT_NODISCARD void *matrix_columns(ct_dtype dtype, int rows, int cols, const void *src);

/* ---- rules ---- */

/* Mapped axes come to the front of all operands. */
vmap_rule matrices_vmap;
/* Matrix arithmetic over batches, in the operations. */
ct_array matrix_t(ct_array x);
ct_array matrix_h(ct_array x);
ct_array matrix_dot(ct_array x, ct_array y); /* at the highest precision */
/* The triangle on and below the k-th diagonal, and on and above it. */
ct_array matrix_tril(ct_array x, int64_t k);
ct_array matrix_triu(ct_array x, int64_t k);
/* The identity in the shape of x's batch, n x n, of x's dtype. */
ct_array matrix_eye_like(ct_array x, int64_t n);
ct_array matrix_diagonal(ct_array x);      /* of square matrices, as vectors */
ct_array matrix_from_diagonal(ct_array x); /* and back */
ct_array matrix_part(ct_array x, int64_t row, int64_t rows, int64_t col, int64_t cols);
/* The rows (axis -2) or columns (axis -1) in the order of a permutation. */
ct_array matrix_permuted(ct_array x, ct_array permutation, int axis);
/* Vectors as matrices of one row or of one column. */
ct_array matrix_row(ct_array x);
ct_array matrix_column(ct_array x);
#endif
