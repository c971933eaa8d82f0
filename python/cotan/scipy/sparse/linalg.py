"""jax.scipy.sparse.linalg: operators may be functions, matrices or anything with @."""
from functools import partial
import operator
from ... import _cotan, numpy

_solvers = _cotan.bound_functions("scipy.sparse.linalg")


def _function(f):
    if callable(f) or f is None:
        return f
    if not hasattr(f, "__matmul__") and not hasattr(f, "shape"):
        raise TypeError(f"linear operator must be either a function or ndarray: {f}")
    if len(f.shape) != 2 or f.shape[0] != f.shape[1]:
        raise ValueError(f"linear operator must be a square matrix, but has shape: {f.shape}")
    return partial(operator.matmul, f)


def _solve(name, A, b, x0, tol, atol, maxiter, M, **options):
    return _solvers[name](_function(A), b, x0, tol=tol, atol=atol, maxiter=maxiter, M=_function(M), **options)


def cg(A, b, x0=None, *, tol=1e-5, atol=0.0, maxiter=None, M=None):
    """The solution of A x = b by conjugate gradients, and None. A is Hermitian and positive definite, a matrix or a function; b any tree."""
    return _solve("cg", A, b, x0, tol, atol, maxiter, M), None


def bicgstab(A, b, x0=None, *, tol=1e-5, atol=0.0, maxiter=None, M=None):
    """The solution of A x = b by stabilized biconjugate gradients, and None; arguments as for cg."""
    return _solve("bicgstab", A, b, x0, tol, atol, maxiter, M), None


def gmres(A, b, x0=None, *, tol=1e-5, atol=0.0, restart=20, maxiter=None, M=None, solve_method="batched"):
    """The solution of A x = b by GMRES, and 0, or -1 where it is NaN. Both values of solve_method ('batched', 'incremental') name one method here."""
    if solve_method not in ("batched", "incremental"):
        raise ValueError(f"invalid solve_method {solve_method}, must be either 'incremental' or 'batched'")
    x = _solve("gmres", A, b, x0, tol, atol, maxiter, M, restart=restart)
    from ...tree_util import tree_leaves
    failed = sum(numpy.isnan(leaf).any() for leaf in tree_leaves(x)) > 0
    return x, numpy.where(failed, -1, 0)
