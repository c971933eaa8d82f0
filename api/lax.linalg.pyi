"""jax.lax.linalg: factorizations of matrices, which are the last two axes; axes before them are batches. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, PyTree, Shape

# ---- factorizations (src/lax/linalg.c; the operations are in src/ops) ----

def cholesky(x: ArrayLike, *, symmetrize_input: bool = True) -> Array:
    """The lower triangle L with x = L L^H, for Hermitian positive definite x; NaN for others.

    Args:
      symmetrize_input: whether the mean of x and its adjoint is factored, which makes derivatives symmetric; otherwise only the lower triangle is read.
    """

def cholesky_update(r_matrix: ArrayLike, w_vector: ArrayLike) -> Array:
    """The upper triangle R' with R'^T R' = R^T R + w w^T."""

def eig(x: ArrayLike, *, compute_left_eigenvectors: bool = True, compute_right_eigenvectors: bool = True, enable_eigvec_derivs: bool = False,
        implementation: None = None, use_magma: None = None) -> list[Array]:
    """Eigenvalues of square matrices, then left and right eigenvectors as columns; all are complex.

    Args:
      enable_eigvec_derivs: allows derivatives of the vectors, which assume that no eigenvalue is double.
    """

def eigh(x: ArrayLike, *, lower: bool = True, symmetrize_input: bool = True, sort_eigenvalues: bool = True, subset_by_index: None = None,
         implementation: None = None) -> tuple[Array, Array]:
    """Eigenvectors, as columns, and eigenvalues of Hermitian matrices in ascending order.

    Args:
      lower: which triangle is read.
      symmetrize_input: whether the mean of x and its adjoint is taken first.
    """

def hessenberg(a: ArrayLike) -> tuple[Array, Array]:
    """Reduction to upper Hessenberg form by reflections: the form with the reflections below it, and their factors."""

def householder_product(a: ArrayLike, taus: ArrayLike) -> Array:
    """The first columns of the product of the reflections that the columns of ``a`` below the diagonal and ``taus`` describe."""

def lu(x: ArrayLike) -> tuple[Array, Array, Array]:
    """Triangles L (unit diagonal) and U in one matrix, the row exchanges, and the permutation they amount to."""

def lu_pivots_to_permutation(pivots: ArrayLike, permutation_size: int) -> Array:
    """The permutation that row exchanges amount to."""

def ormqr(a: ArrayLike, taus: ArrayLike, c: ArrayLike, *, left: bool = True, transpose: bool = False) -> Array:
    """The product of reflections (see householder_product), applied to ``c`` from the left or from the right."""

def qdwh(x: ArrayLike, *, is_hermitian: bool = False, max_iterations: int | None = None, eps: float | None = None,
         dynamic_shape: Shape | None = None) -> PyTree:
    """Polar decomposition x = u h: u with orthonormal columns, h positive semidefinite; then the steps that it took, and whether they converged.

    Args:
      x: a matrix with no more columns than rows.
      is_hermitian: ignored; such matrices take the same steps.
      max_iterations: 10 by default.
      eps: the precision that the iteration stops at; the dtype's by default.
      dynamic_shape: how many rows and columns count; the others are taken for zeros.
    """

def qr(x: ArrayLike, *, pivoting: bool = False, full_matrices: bool = True, use_magma: None = None) -> tuple[Array, ...]:
    """Orthonormal columns Q and the upper triangle R with x = Q R; with pivoting, of the columns in the order of a third result."""

def schur(x: ArrayLike, *, compute_schur_vectors: bool = True, sort_eig_vals: bool = False, select_callable: None = None) -> list[Array]:
    """The form T of x = Z T Z^H, triangular but for blocks of two on the diagonal of real matrices, and Z."""

def svd(x: ArrayLike, *, full_matrices: bool = True, compute_uv: bool = True, subset_by_index: None = None, algorithm: None = None) -> PyTree:
    """Singular value decomposition: U, s and V^H with x = U diag(s) V^H; s alone without compute_uv.

    Args:
      full_matrices: whether U and V^H are square.
    """

def symmetric_product(a_matrix: ArrayLike, c_matrix: ArrayLike, *, alpha: float = 1.0, beta: float = 0.0, symmetrize_output: bool = False) -> Array:
    """alpha a a^T + beta c."""

def triangular_solve(a: ArrayLike, b: ArrayLike, *, left_side: bool = False, lower: bool = False, transpose_a: bool = False, conjugate_a: bool = False,
                     unit_diagonal: bool = False) -> Array:
    """The solution of X op(a) = b, or with left_side of op(a) X = b, for triangular a.

    Args:
      lower: which triangle is read.
      transpose_a, conjugate_a: what op is.
      unit_diagonal: whether the diagonal counts as ones.
    """

def tridiagonal(a: ArrayLike, *, lower: bool = True) -> tuple[Array, Array, Array, Array]:
    """Reduction of Hermitian matrices to tridiagonal form by reflections: these, the diagonal, the one beside it, and the reflections' factors."""

def tridiagonal_solve(dl: ArrayLike, d: ArrayLike, du: ArrayLike, b: ArrayLike, *, perturb_singular: bool = False) -> Array:
    """The solution of A X = b for tridiagonal A.

    Args:
      dl, d, du: the diagonal below the main one, the main one and that above it, all of one length; the first element of dl and the last of du do not count.
    """

def _geqrf(a: ArrayLike) -> tuple[Array, Array]:
    """The reflections of a QR decomposition, as LAPACK leaves them, and their factors."""

def _geqp3(a: ArrayLike, jpvt: ArrayLike) -> tuple[Array, Array, Array]:
    """The reflections of a QR decomposition with pivots: those, the order of the columns, and the reflections' factors."""
