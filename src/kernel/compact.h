/* Linear algebra on many small matrices at once, in the compact layout of batched BLAS: as many
 * matrices as a vector has lanes, equal elements side by side, so element (i, j) of the matrix in
 * lane q is x[(i * cols + j) * lanes + q]. Every matrix takes the same steps in a lane of its own;
 * what a lane computes does not depend on the others, nor on how many there are. */
#ifndef COTAN_SRC_COMPACT_H
#define COTAN_SRC_COMPACT_H
#include "cotan/array.h"

/* op(A) X = B, or X op(A) = B (right), of which op may be the transpose. */
typedef struct compact_system {
    int n, sides; /* unknowns, and how many right-hand sides */
    bool right, lower, transposed, unit_diagonal;
} compact_system;

enum { COMPACT_MOST_ROWS = 64 };
typedef struct compact_loops {
    int lanes;
    /* `count` matrices of so many elements, dense and row-major, into the layout and back; lanes
     * beyond the count repeat the last matrix. */
    void (*load)(int64_t count, int64_t elements, const void *from, void *to);
    void (*store)(int64_t count, int64_t elements, const void *from, void *to);
    /* The lower triangle's factor in place, zero above; NaN where a matrix is not positive. */
    void (*cholesky)(int n, void *a);
    /* L and U in place of at most COMPACT_MOST_ROWS rows; pivots, count x min(rows, cols), count
     * from zero. */
    void (*lu)(int64_t count, int rows, int cols, void *a, int32_t *pivots);
    /* Row exchanges of lu, n of them, or what undoes them. */
    void (*exchange)(int64_t count, int n, int cols, const int32_t *pivots, bool undo, void *x);
    /* X in place of B. */
    void (*solve)(const compact_system *s, const void *a, void *x);
    /* A = Q R by Householder's reflections, LAPACK's: R in place, and below it the vectors, whose
     * first elements are ones; tau: min(rows, cols) elements. */
    void (*reflections)(int rows, int cols, void *a, void *tau);
    /* The first columns of the product of n reflections, which lie in columns of a. */
    void (*orthogonal)(int n, int rows, int a_cols, const void *a, const void *tau, int cols,
                       void *q);
    /* Zeros below the diagonal. */
    void (*clear_below)(int rows, int cols, void *a);
} compact_loops;

/* NULL for types other than float32 and float64. */
const compact_loops *compact_loops_of(ct_dtype dtype);
#endif
