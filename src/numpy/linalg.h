/* What the functions of jax.numpy.linalg share: matrices are the last two axes. */
#ifndef COTAN_SRC_NUMPY_LINALG_H
#define COTAN_SRC_NUMPY_LINALG_H
#include "numpy/shape.h"

/* Rows and columns of what is known to be a matrix. */
static inline int64_t rows_of(ct_array x) { return x->aval.shape[x->aval.ndim - 2]; }
static inline int64_t cols_of(ct_array x) { return x->aval.shape[x->aval.ndim - 1]; }
static inline bool is_square(ct_array x) { return x->aval.ndim >= 2 && rows_of(x) == cols_of(x); }
static inline ct_array promoted(const char *what, ct_array x)
{
    return numpy_promote_inexact(what, 1, &x, &x) ? x : array_poison;
}
/* The conjugate transpose. */
static inline ct_array linalg_adjoint(ct_array x)
{
    x = is_poison(x) ? x : op_moveaxis(x, x->aval.ndim - 1, x->aval.ndim - 2);
    return !is_poison(x) && dtype_is(dtype_of(x), FAMILY_COMPLEX) ? op_conj(x) : x;
}
/* The mean of a matrix and its adjoint; an error that names `what` when it is not square. */
ct_array linalg_symmetrized(const char *what, ct_array x);
#endif
