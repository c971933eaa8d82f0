"""jax.scipy.linalg. Matrices are the last two axes. tools/generate.py says what the notation means."""
from collections.abc import Callable
from _types import Array, ArrayLike, DTypeLike, Nested, PyTree, jitted

# ---- factorizations (src/scipy/linalg.c) ----

def cholesky(a: ArrayLike, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Array:
    """The triangular factor of Hermitian positive definite matrices: a = R^H R, or L L^H.

    Args:
      a: [..., n, n].
      lower: whether the lower triangle of ``a`` is read and L returned; else the upper one, and R.
      overwrite_a, check_finite: ignored.

    >>> jax.scipy.linalg.cholesky(jnp.array([[4., 2.], [2., 2.]]), lower=True)
    Array([[2., 0.],
           [1., 1.]], dtype=float32)
    """

def cho_solve(c_and_lower: PyTree, b: ArrayLike, overwrite_b: bool = False, check_finite: bool = True) -> Array:
    """The solution of A x = b, when cho_factor has given the factor of A and which triangle it is.

    >>> A = jnp.array([[4., 2.], [2., 2.]])
    >>> jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(A), jnp.array([8., 6.]))
    Array([1., 2.], dtype=float32)
    """

def det(a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True) -> Array:
    """Determinant.

    >>> jax.scipy.linalg.det(jnp.array([[1., 2.], [3., 4.]]))
    Array(-2., dtype=float32)
    """

def inv(a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True) -> Array:
    """Inverse.

    >>> jax.scipy.linalg.inv(jnp.array([[2., 0.], [0., 4.]]))
    Array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """

def svd(a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, overwrite_a: bool = False, check_finite: bool = True,
        lapack_driver: str = "gesdd") -> PyTree:
    """Singular values: (U, s, V^H) with a = U diag(s) V^H; s alone without compute_uv.

    >>> jax.scipy.linalg.svd(jnp.array([[3., 0.], [0., 2.]]), compute_uv=False)
    Array([3., 2.], dtype=float32)
    """

def eigh(a: ArrayLike, b: None = None, lower: bool = True, eigvals_only: bool = False, overwrite_a: bool = False, overwrite_b: bool = False,
         turbo: bool = True, eigvals: None = None, type: int = 1, check_finite: bool = True) -> PyTree:
    """Eigenvalues of Hermitian matrices in ascending order, and eigenvectors as columns.

    Args:
      lower: which triangle is read.
      eigvals_only: whether only the eigenvalues are wanted.

    >>> jax.scipy.linalg.eigh(jnp.array([[2., 0.], [0., 1.]]), eigvals_only=True)
    Array([1., 2.], dtype=float32)
    """

def eigh_tridiagonal(d: ArrayLike, e: ArrayLike, *, eigvals_only: bool = False, select: str = "a", select_range: Nested | None = None,
                     tol: float | None = None, key: ArrayLike | None = None) -> PyTree:
    """Eigenvalues of a Hermitian tridiagonal matrix in ascending order, and eigenvectors as columns.

    Args:
      d, e: the diagonal [n] and the one above it [n - 1], of one dtype.
      select: 'a' for all, 'i' for those whose numbers are in select_range = (first, last).
      tol, key: ignored; all digits are computed, and no random start is needed.

    >>> jax.scipy.linalg.eigh_tridiagonal(jnp.array([1., 2., 3.]), jnp.zeros(2), eigvals_only=True)
    Array([1., 2., 3.], dtype=float32)
    """

@jitted
def hessenberg(a: ArrayLike, *, calc_q: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> PyTree:
    """The Hessenberg form H of a = Q H Q^H: zero below the first subdiagonal; with calc_q, (H, Q).

    >>> jax.scipy.linalg.hessenberg(jnp.array([[1., 2.], [3., 4.]]))
    Array([[1., 2.],
           [3., 4.]], dtype=float32)
    """

@jitted
def lu(a: ArrayLike, permute_l: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> PyTree:
    """(P, L, U) with a = P L U; with permute_l (P L, U).

    >>> jax.scipy.linalg.lu(jnp.array([[4., 2.], [2., 3.]]))[2]
    Array([[4., 2.],
           [0., 2.]], dtype=float32)
    """

@jitted
def lu_factor(a: ArrayLike, overwrite_a: bool = False, check_finite: bool = True) -> PyTree:
    """L (without its unit diagonal) and U in one matrix, and the row exchanges; what lu_solve takes.

    >>> jax.scipy.linalg.lu_factor(jnp.array([[4., 2.], [2., 3.]]))[1]
    Array([0, 1], dtype=int32)
    """

def lu_solve(lu_and_piv: PyTree, b: ArrayLike, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True) -> Array:
    """The solution of op(A) x = b, when lu_factor has given the factors of A.

    Args:
      b: vectors or matrices.
      trans: op; 0 for A itself, 1 for its transpose, 2 for its adjoint.

    >>> A = jnp.array([[4., 2.], [2., 3.]])
    >>> jax.scipy.linalg.lu_solve(jax.scipy.linalg.lu_factor(A), jnp.array([8., 8.]))
    Array([1., 2.], dtype=float32)
    """

def qr(a: ArrayLike, overwrite_a: bool = False, lwork: None = None, mode: str = "full", pivoting: bool = False, check_finite: bool = True) -> PyTree:
    """(Q, R) with a = Q R; with pivoting also the order of the columns; without Q when mode is 'r'.

    Args:
      mode: 'full', 'economic' or 'r'.

    >>> jnp.abs(jax.scipy.linalg.qr(jnp.array([[3., 0.], [4., 5.]]), mode='r')[0][0, 0])
    Array(5., dtype=float32)
    """

def qr_multiply(a: ArrayLike, c: ArrayLike, mode: str = "right", pivoting: bool = False, conjugate: bool = False, overwrite_a: bool = False,
                overwrite_c: bool = False) -> PyTree:
    """c Q, or Q c, and R, where a = Q R; Q is never formed.

    Args:
      c: a vector or matrices.
      mode: 'right' for c Q, 'left' for Q c.
      pivoting: whether the order of the columns is a third result.
      conjugate: whether Q is conjugated.

    >>> jax.scipy.linalg.qr_multiply(jnp.eye(2), jnp.array([1., 2.]))[0].shape
    (2,)
    """

def schur(a: ArrayLike, output: str = "real") -> PyTree:
    """(T, Z) with a = Z T Z^H: T is triangular, with 2 x 2 blocks on its diagonal where real matrices have complex eigenvalues.

    Args:
      output: 'complex' for triangles always.

    >>> jax.scipy.linalg.schur(jnp.array([[1., 2.], [0., 3.]]))[0]
    Array([[1., 2.],
           [0., 3.]], dtype=float32)
    """

@jitted
def rsf2csf(T: ArrayLike, Z: ArrayLike, check_finite: bool = True) -> PyTree:
    """The complex Schur form (T, Z) that a real one amounts to.

    >>> T, Z = jax.scipy.linalg.schur(jnp.array([[0., 1.], [-1., 0.]]))
    >>> jax.scipy.linalg.rsf2csf(T, Z)[0].dtype
    dtype('complex64')
    """

@jitted
def polar(a: ArrayLike, side: str = "right", *, method: str = "qdwh", eps: float | None = None, max_iterations: int | None = None) -> PyTree:
    """(U, P) with a = U P, or P U when side is 'left': U has orthonormal columns or rows, P is positive semidefinite.

    Args:
      method: 'qdwh' or 'svd'. Both go by singular values here; 'qdwh' takes no wide matrix on the right and no other on the left, as in JAX.
      eps, max_iterations: ignored.

    >>> jax.scipy.linalg.polar(jnp.array([[2., 0.], [0., 3.]]))[1]
    Array([[2., 0.],
           [0., 3.]], dtype=float32)
    """

# ---- equations (src/scipy/linalg_solve.c) ----

def solve(a: ArrayLike, b: ArrayLike, lower: bool = False, overwrite_a: bool = False, overwrite_b: bool = False, debug: bool = False,
          check_finite: bool = True, assume_a: str = "gen") -> Array:
    """The solution of a x = b.

    Args:
      b: vectors or matrices.
      lower: which triangle is read, if assume_a is 'pos'.
      assume_a: 'pos' for Hermitian positive definite matrices; 'gen', 'sym' and 'her' for all others.

    >>> jax.scipy.linalg.solve(jnp.array([[2., 0.], [0., 4.]]), jnp.array([2., 8.]))
    Array([1., 2.], dtype=float32)
    """

def solve_triangular(a: ArrayLike, b: ArrayLike, trans: Nested = 0, lower: bool = False, unit_diagonal: bool = False, overwrite_b: bool = False,
                     debug: None = None, check_finite: bool = True) -> Array:
    """The solution of op(a) x = b for triangular a.

    Args:
      b: vectors or matrices.
      trans: op; 0 or 'N' for a itself, 1 or 'T' for its transpose, 2 or 'C' for its adjoint.
      lower: which triangle is read.
      unit_diagonal: whether the diagonal counts as ones.

    >>> jax.scipy.linalg.solve_triangular(jnp.array([[2., 1.], [0., 4.]]), jnp.array([4., 8.]))
    Array([1., 2.], dtype=float32)
    """

@jitted
def solve_sylvester(A: ArrayLike, B: ArrayLike, C: ArrayLike, *, method: str = "schur", tol: float = 1e-08) -> Array:
    """The solution of A X + X B = C; NaN where A and -B have an eigenvalue in common, up to tol.

    Args:
      A, B, C: [..., m, m], [..., n, n], [..., m, n].
      method: 'schur' or 'eigen'.

    >>> jax.scipy.linalg.solve_sylvester(jnp.eye(2), jnp.eye(2), 2 * jnp.eye(2)).shape
    (2, 2)
    """

# ---- functions of matrices (src/scipy/matrix_functions.c) ----

@jitted
def expm(A: ArrayLike, *, upper_triangular: bool = False, max_squarings: int = 16) -> Array:
    """Matrix exponential, by scaling, Padé approximation and squaring (N. Higham, SIAM J. Matrix Anal. 26, 2005).

    Args:
      A: [..., n, n].
      upper_triangular: whether all A are.
      max_squarings: where more are needed the result is NaN.

    >>> jax.scipy.linalg.expm(jnp.zeros((2, 2)))
    Array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

@jitted
def expm_frechet(A: ArrayLike, E: ArrayLike, *, method: str | None = None, compute_expm: bool = True) -> PyTree:
    """expm(A) and its derivative in the direction E; the derivative alone without compute_expm.

    >>> jax.scipy.linalg.expm_frechet(jnp.zeros((1, 1)), jnp.ones((1, 1)), compute_expm=False)
    Array([[1.]], dtype=float32)
    """

def sqrtm(A: ArrayLike, blocksize: int = 1) -> Array:
    """Principal square root of a matrix; complex.

    >>> jax.scipy.linalg.sqrtm(jnp.array([[4., 0.], [0., 9.]])).real
    Array([[2., 0.],
           [0., 3.]], dtype=float32)
    """

def funm(A: ArrayLike, func: Callable, disp: bool = True) -> PyTree:
    """A function of a matrix, from its values at the eigenvalues, by Parlett's recurrence; complex.

    Args:
      A: [n, n]; the results are poor where eigenvalues nearly coincide.
      func: takes the vector of eigenvalues.
      disp: False for (F, estimate of the error).

    >>> jax.scipy.linalg.funm(jnp.array([[1., 0.], [0., 2.]]), lambda x: x * x).real
    Array([[1., 0.],
           [0., 4.]], dtype=float32)
    """

# ---- special matrices (src/scipy/special_matrices.c) ----

@jitted
def block_diag(*arrs: ArrayLike) -> Array:
    """Matrices along the diagonal of one matrix, zeros elsewhere.

    >>> jax.scipy.linalg.block_diag(jnp.array([[1, 2]]), jnp.array([[3]]))
    Array([[1, 2, 0],
           [0, 0, 3]], dtype=int32)
    """

def toeplitz(c: ArrayLike, r: ArrayLike | None = None) -> Array:
    """The matrix of constant diagonals with the first column c and the first row r.

    Args:
      c: [..., m].
      r: [..., n]; its first element does not count. conj(c) by default.

    >>> jax.scipy.linalg.toeplitz(jnp.array([1, 2, 3]))
    Array([[1, 2, 3],
           [2, 1, 2],
           [3, 2, 1]], dtype=int32)
    """

def hankel(c: ArrayLike, r: ArrayLike | None = None) -> Array:
    """The matrix of constant antidiagonals with the first column c and the last row r.

    Args:
      c: [..., m].
      r: [..., n]; its first element does not count. Zeros by default.

    >>> jax.scipy.linalg.hankel(jnp.array([1, 2, 3]))
    Array([[1, 2, 3],
           [2, 3, 0],
           [3, 0, 0]], dtype=int32)
    """

def circulant(c: ArrayLike) -> Array:
    """The matrix whose columns are c, each one place further down than the one before.

    >>> jax.scipy.linalg.circulant(jnp.array([1, 2, 3]))
    Array([[1, 3, 2],
           [2, 1, 3],
           [3, 2, 1]], dtype=int32)
    """

def leslie(f: ArrayLike, s: ArrayLike) -> Array:
    """Leslie's matrix of a population: fecundities f in the first row, survival rates s below the diagonal.

    >>> jax.scipy.linalg.leslie(jnp.array([1, 2]), jnp.array([3]))
    Array([[1, 2],
           [3, 0]], dtype=int32)
    """

def companion(a: ArrayLike) -> Array:
    """The matrix whose eigenvalues are the roots of the polynomial with the coefficients a, the highest first.

    >>> jax.scipy.linalg.companion(jnp.array([1., -3., 2.]))
    Array([[ 3., -2.],
           [ 1.,  0.]], dtype=float32)
    """

def fiedler(a: ArrayLike) -> Array:
    """abs(a[i] - a[j]).

    >>> jax.scipy.linalg.fiedler(jnp.array([1, 4]))
    Array([[0, 3],
           [3, 0]], dtype=int32)
    """

def fiedler_companion(a: ArrayLike) -> Array:
    """Fiedler's companion matrix, which has five diagonals (M. Fiedler, Linear Algebra Appl. 372, 2003).

    >>> jax.scipy.linalg.fiedler_companion(jnp.array([1., -3., 2.]))
    Array([[ 3., -2.],
           [ 1.,  0.]], dtype=float32)
    """

@jitted
def convolution_matrix(a: ArrayLike, n: int, mode: str = "full") -> Array:
    """The matrix that convolves a vector of length n with a.

    Args:
      mode: 'full', 'valid' or 'same', as jnp.convolve means them.

    >>> jax.scipy.linalg.convolution_matrix(jnp.array([1, 2]), 2)
    Array([[1, 0],
           [2, 1],
           [0, 2]], dtype=int32)
    """

@jitted
def hilbert(n: int) -> Array:
    """1 / (i + j + 1).

    >>> jax.scipy.linalg.hilbert(2)[0]
    Array([1. , 0.5], dtype=float32)
    """

@jitted
def invhilbert(n: int) -> Array:
    """Inverse of the Hilbert matrix.

    >>> jax.scipy.linalg.invhilbert(1)
    Array([[1.]], dtype=float32)
    """

@jitted
def pascal(n: int, kind: str | None = None) -> Array:
    """Pascal's triangle in a matrix.

    Args:
      kind: 'symmetric' (also None), 'lower' or 'upper'.

    >>> jax.scipy.linalg.pascal(2)
    Array([[1., 1.],
           [1., 2.]], dtype=float32)
    """

@jitted
def invpascal(n: int, kind: str | None = None) -> Array:
    """Inverse of Pascal's matrix.

    >>> jax.scipy.linalg.invpascal(2)
    Array([[ 2., -1.],
           [-1.,  1.]], dtype=float32)
    """

@jitted
def helmert(n: int, full: bool = False) -> Array:
    """Helmert's orthogonal matrix, without its constant first row unless full.

    >>> jax.scipy.linalg.helmert(3).shape
    (2, 3)
    """

@jitted
def hadamard(n: int, dtype: DTypeLike = int) -> Array:
    """Hadamard's matrix of 1 and -1; n is a power of two.

    >>> jax.scipy.linalg.hadamard(2)
    Array([[ 1,  1],
           [ 1, -1]], dtype=int32)
    """

@jitted
def dft(n: int, scale: str | None = None, *, dtype: DTypeLike | None = None) -> Array:
    """The matrix of the discrete Fourier transform.

    Args:
      scale: 'sqrtn' or 'n': what to divide by.

    >>> jax.scipy.linalg.dft(4).dtype
    dtype('complex64')
    """
