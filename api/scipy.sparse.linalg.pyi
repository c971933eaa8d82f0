"""jax.scipy.sparse.linalg: the solvers behind its functions, which take operators as functions. tools/generate.py says what the notation means."""
from collections.abc import Callable
from _types import ArrayLike, PyTree

# ---- (src/scipy/krylov.c) ----

def cg(A: Callable, b: PyTree, x0: PyTree, *, tol: ArrayLike = 1e-05, atol: ArrayLike = 0.0, maxiter: int | None = None, M: Callable | None = None) -> PyTree:
    """The solution of A x = b by conjugate gradients, for Hermitian positive definite A.

    Args:
      A: the linear map.
      b: right-hand side; any tree of arrays.
      x0: where to start; zeros if None.
      tol, atol: ends when the residual's norm is below max(tol * norm(b), atol).
      maxiter: ten times the number of unknowns by default.
      M: an approximate inverse of A.
    """

def bicgstab(A: Callable, b: PyTree, x0: PyTree, *, tol: ArrayLike = 1e-05, atol: ArrayLike = 0.0, maxiter: int | None = None,
             M: Callable | None = None) -> PyTree:
    """The solution of A x = b by stabilized biconjugate gradients (H. van der Vorst, SIAM J. Sci. Stat. Comput. 13, 1992); arguments as for cg."""

def gmres(A: Callable, b: PyTree, x0: PyTree, *, tol: ArrayLike = 1e-05, atol: ArrayLike = 0.0, restart: int = 20, maxiter: int | None = None,
          M: Callable | None = None) -> PyTree:
    """The solution of A x = b by GMRES (Y. Saad, M. Schultz, SIAM J. Sci. Stat. Comput. 7, 1986); arguments as for cg.

    Args:
      restart: after how many steps the basis is thrown away.
    """
