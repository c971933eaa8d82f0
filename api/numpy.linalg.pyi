"""jax.numpy.linalg. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, Axis, PrecisionLike, PyTree, jitted
from collections.abc import Sequence

# ---- norms (src/numpy/norm.c) ----

@jitted
def norm(x: ArrayLike, ord: float | None = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """Norm of vectors or matrices.

    Args:
      x: any array of numbers.
      ord: which norm. Of vectors: a number p for the p-norm, 0 for how many elements are not zero, inf, -inf. Of matrices: 1, -1, inf, -inf for sums of columns
        and rows. By default the root of the sum of squares.
      axis: one axis for vectors, two for matrices; by default all.
      keepdims: whether the axes stay, with size one.

    >>> jnp.linalg.norm(jnp.array([3., 4.]))
    Array(5., dtype=float32)
    """

def vector_norm(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False, ord: ArrayLike = 2) -> Array:
    """Norm of vectors along some axes, taken together.

    >>> jnp.linalg.vector_norm(jnp.array([3., 4.]))
    Array(5., dtype=float32)
    """

def _nuclear_norm(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Sum of the singular values."""

# ---- systems, inverses, determinants, products (src/numpy/linalg.c) ----

@jitted
def cholesky(a: ArrayLike, *, upper: bool = False, symmetrize_input: bool = True) -> Array:
    """The lower triangle L with a = L L^H, for Hermitian positive definite matrices; NaN for others.

    Args:
      upper: whether the adjoint of L is returned.
      symmetrize_input: whether the mean of a and its adjoint is factored; otherwise only the lower triangle is read.

    >>> jnp.linalg.cholesky(jnp.array([[4., 2.], [2., 5.]]))
    Array([[2., 0.],
           [1., 2.]], dtype=float32)
    """

@jitted
def solve(a: ArrayLike, b: ArrayLike) -> Array:
    """The solution x of a x = b.

    Args:
      a: square matrices.
      b: one vector, or matrices whose columns are right-hand sides; leading axes are broadcast with those of a.

    >>> jnp.linalg.solve(jnp.array([[2., 0.], [0., 4.]]), jnp.array([2., 2.]))
    Array([1. , 0.5], dtype=float32)
    """

@jitted
def inv(a: ArrayLike) -> Array:
    """The inverse of square matrices.

    >>> jnp.linalg.inv(jnp.array([[2., 0.], [0., 4.]]))
    Array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """

@jitted
def det(a: ArrayLike) -> Array:
    """The determinant of square matrices. Its derivative holds for singular ones too, if only one singular value is zero.

    >>> jnp.linalg.det(jnp.array([[2., 1.], [1., 4.]]))
    Array(7., dtype=float32)
    """

@jitted
def slogdet(a: ArrayLike, *, method: str | None = None) -> tuple[Array, Array]:
    """The sign of the determinant and the logarithm of its size.

    Args:
      method: 'lu' or 'qr'; both are computed by row elimination.

    >>> jnp.linalg.slogdet(jnp.array([[2., 0.], [0., -4.]])).sign
    Array(-1., dtype=float32)
    """

@jitted
def matrix_power(a: ArrayLike, n: int) -> Array:
    """Square matrices multiplied with themselves; negative powers are those of the inverse.

    >>> jnp.linalg.matrix_power(jnp.array([[1., 1.], [0., 1.]]), 5)
    Array([[1., 5.],
           [0., 1.]], dtype=float32)
    """

def multi_dot(arrays: Sequence[ArrayLike], *, precision: PrecisionLike = None) -> Array:
    """Product of several matrices, in the order with the fewest multiplications.

    >>> jnp.linalg.multi_dot([jnp.ones((2, 3)), jnp.ones((3, 4)), jnp.ones(4)])
    Array([12., 12.], dtype=float32)
    """

def tensorinv(a: ArrayLike, ind: int = 2) -> Array:
    """The inverse of tensordot with a: the first ``ind`` axes count as rows.

    >>> jnp.linalg.tensorinv(jnp.eye(4).reshape(2, 2, 4)).shape
    (4, 2, 2)
    """

def tensorsolve(a: ArrayLike, b: ArrayLike, axes: Axis = None) -> Array:
    """The x whose tensordot with a is b.

    Args:
      axes: axes of a that are moved to the end first.

    >>> jnp.linalg.tensorsolve(jnp.eye(4).reshape(2, 2, 2, 2), jnp.ones((2, 2)))
    Array([[1., 1.],
           [1., 1.]], dtype=float32)
    """

# ---- decompositions and what follows from them (src/numpy/spectral.c) ----

@jitted
def qr(a: ArrayLike, mode: str = 'reduced') -> PyTree:
    """Orthonormal columns Q and the upper triangle R with a = Q R.

    Args:
      mode: 'reduced', 'complete' for a square Q, 'r' for R alone, 'raw' for LAPACK's reflections.

    >>> jnp.linalg.qr(jnp.ones((3, 2))).R.shape
    (2, 2)
    """

@jitted
def eigh(a: ArrayLike, UPLO: str | None = None, symmetrize_input: bool = True) -> tuple[Array, Array]:
    """Eigenvalues of Hermitian matrices in ascending order, and eigenvectors as columns.

    Args:
      UPLO: which triangle is read, 'L' or 'U'.
      symmetrize_input: whether the mean of a and its adjoint is taken first.

    >>> jnp.linalg.eigh(jnp.array([[2., 0.], [0., 1.]])).eigenvalues
    Array([1., 2.], dtype=float32)
    """

@jitted
def eigvalsh(a: ArrayLike, UPLO: str | None = 'L', *, symmetrize_input: bool = True) -> Array:
    """Eigenvalues of Hermitian matrices in ascending order.

    >>> jnp.linalg.eigvalsh(jnp.array([[2., 0.], [0., 1.]]))
    Array([1., 2.], dtype=float32)
    """

def eig(a: ArrayLike) -> tuple[Array, Array]:
    """Eigenvalues of square matrices, and eigenvectors as columns; both are complex.

    >>> jnp.linalg.eig(jnp.array([[1., 0.], [0., 2.]])).eigenvalues
    Array([1.+0.j, 2.+0.j], dtype=complex64)
    """

@jitted
def eigvals(a: ArrayLike) -> Array:
    """Eigenvalues of square matrices, which are complex.

    >>> jnp.linalg.eigvals(jnp.array([[1., 0.], [0., 2.]]))
    Array([1.+0.j, 2.+0.j], dtype=complex64)
    """

@jitted
def svd(a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False, subset_by_index: None = None) -> PyTree:
    """Singular value decomposition: U, S and Vh with a = U diag(S) Vh; S alone without compute_uv.

    Args:
      full_matrices: whether U and Vh are square.
      hermitian: whether a is known to be Hermitian, which is faster.

    >>> jnp.linalg.svd(jnp.array([[3., 0.], [0., 4.]])).S
    Array([4., 3.], dtype=float32)
    """

def svdvals(x: ArrayLike, /) -> Array:
    """Singular values in descending order.

    >>> jnp.linalg.svdvals(jnp.array([[3., 0.], [0., 4.]]))
    Array([4., 3.], dtype=float32)
    """

@jitted
def matrix_rank(M: ArrayLike, rtol: ArrayLike | None = None, *, hermitian: bool = False, tol: ArrayLike | None = None) -> Array:
    """How many singular values exceed a limit.

    Args:
      rtol, tol: the limit; by default the largest singular value times the longer side times the dtype's epsilon.

    >>> jnp.linalg.matrix_rank(jnp.ones((3, 3)))
    Array(1, dtype=int32)
    """

@jitted
def cond(x: ArrayLike, p: ArrayLike | None = None) -> Array:
    """The condition number: the norm of a matrix times that of its inverse.

    Args:
      p: which norm, as norm takes it; by default 2.

    >>> jnp.linalg.cond(jnp.array([[2., 0.], [0., 1.]]))
    Array(2., dtype=float32)
    """

def pinv(a: ArrayLike, rtol: ArrayLike | None = None, hermitian: bool = False, *, rcond: ArrayLike | None = None) -> Array:
    """The pseudoinverse, by singular values.

    Args:
      rtol, rcond: singular values below so much of the largest count as zero.

    >>> jnp.linalg.pinv(jnp.array([[2., 0.], [0., 0.]]))
    Array([[0.5, 0. ],
           [0. , 0. ]], dtype=float32)
    """

def lstsq(a: ArrayLike, b: ArrayLike, rcond: float | None = None, *, numpy_resid: bool = False) -> tuple[Array, Array, Array, Array]:
    """The x that makes the length of a x - b smallest; the squares of that, the rank of a, and its singular values.

    Args:
      rcond: singular values below so much of the largest count as zero.
      numpy_resid: whether squares are left out where NumPy leaves them out.

    >>> jnp.linalg.lstsq(jnp.array([[1.], [1.]]), jnp.array([1., 3.]))[0].shape
    (1,)
    """
