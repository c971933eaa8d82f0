/* LAPACK on one dense matrix at a time, column-major and without gaps (the leading dimension is the
 * number of rows). Sizes fit an int32; the dtypes are float32, float64, complex64 and complex128.
 *
 * Each function returns LAPACK's info: 0, positive where the algorithm failed (see its manual), or
 * LAPACK_NO_MEMORY, which is recorded. Real types stand where LAPACK's do: singular values, and
 * eigenvalues of Hermitian matrices. */
#ifndef COTAN_SRC_LAPACK_H
#define COTAN_SRC_LAPACK_H
#include "base/base.h"
#include "cotan/array.h"

enum { LAPACK_NO_MEMORY = -1000 };

/* Loads the library on first use. False after NotImplementedError when there is none. */
CT_NODISCARD bool lapack_ready(void);
/* Whether the library may use several threads in a call, from now on; after lapack_ready. */
void lapack_threads(bool several);

int lapack_potrf(ct_dtype d, char uplo, int n, void *a);
/* b = op(a)^-1 b or b op(a)^-1, op by trans: 'N', 'T' or 'C'; b is m x n, its columns ldb apart. */
void lapack_trsm(ct_dtype d, char side, char uplo, char trans, char diag, int m, int n,
                 const void *a, void *b, int ldb);
int lapack_getrf(ct_dtype d, int m, int n, void *a, int32_t *pivots);
int lapack_geqrf(ct_dtype d, int m, int n, void *a, void *tau);
int lapack_geqp3(ct_dtype d, int m, int n, void *a, int32_t *jpvt, void *tau);
int lapack_orgqr(ct_dtype d, int m, int n, int k, void *a, const void *tau);
int lapack_ormqr(ct_dtype d, char side, char trans, int m, int n, int k, const void *a,
                 const void *tau, void *c);
int lapack_syevd(ct_dtype d, char jobz, char uplo, int n, void *a, void *w);
/* u is m x m or m x min(m, n), vt n x n or min(m, n) x n, by jobz: 'A', 'S'; 'N' takes neither. */
int lapack_gesdd(ct_dtype d, char jobz, int m, int n, void *a, void *s, void *u, void *vt);
/* Real types: w holds n real parts and then n imaginary ones, and a pair of conjugate vectors is
 * stored as its real and imaginary part. */
int lapack_geev(ct_dtype d, char jobvl, char jobvr, int n, void *a, void *w, void *vl, void *vr);
int lapack_gees(ct_dtype d, char jobvs, int n, void *a, void *vs);
int lapack_gehrd(ct_dtype d, int n, void *a, void *tau);
int lapack_sytrd(ct_dtype d, char uplo, int n, void *a, void *diagonal, void *off, void *tau);
int lapack_gtsv(ct_dtype d, int n, int nrhs, void *dl, void *diagonal, void *du, void *b);
#endif
