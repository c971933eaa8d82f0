/* What the files of jax.scipy.linalg share: matrices are the last two axes. */
#ifndef COTAN_SRC_SCIPY_MATRIX_H
#define COTAN_SRC_SCIPY_MATRIX_H
#define OPS_NUMBER numpy_number
#include "scipy/scipy.h"

#include "cotan/control.h"
#include "cotan/index.h"
#include "numpy/linalg.h"
#include "ops/matrices.h"

/* ---- batches (batches.c) ---- */
/* The axes before the last ranks[i] of every array are broadcast against each other. */
CT_NODISCARD bool scipy_share_batch(const char *what, int64_t n, ct_array *v, const int *ranks);
/* f of arrays with ranks[i] axes each, mapped over the axes before those; f gives an array or a
 * tuple of arrays. */
ct_tree scipy_over_batches(const char *what, ct_fn f, int64_t n, ct_array *v, const int *ranks);

/* A matrix that has to be square, of an inexact dtype; poison and a message otherwise. */
ct_array scipy_square(const char *what, ct_array x);
/* (T, Z) of the complex Schur form of square matrices, as the operation orders them. */
CT_NODISCARD bool scipy_complex_schur(const char *what, ct_array a, ct_array out[2]);
/* j - i for the places (i, j) of a matrix, as int32. */
ct_array scipy_diagonal_number(int64_t rows, int64_t cols);
/* Makes vectors of `b` matrices of one column where it holds vectors: when it has one axis, or
 * one less than `a` and fits. Broadcasts the batches. Sets *vector. */
CT_NODISCARD bool scipy_sides(const char *what, ct_array *a, ct_array *b, bool *vector);
/* Takes the column away again. */
ct_array scipy_side(ct_array x, bool vector);
#endif
