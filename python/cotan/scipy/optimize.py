"""jax.scipy.optimize."""
from typing import Any, NamedTuple
from .. import _cotan

_minimize_bfgs = _cotan.bound_functions("scipy.optimize")["_minimize_bfgs"]


class OptimizeResults(NamedTuple):
    """x, whether it is a minimum, why the search ended (0 if it is), fun(x), its gradient and inverse Hessian there, numbers of evaluations and steps."""
    x: Any
    success: Any
    status: Any
    fun: Any
    jac: Any
    hess_inv: Any
    nfev: Any
    njev: Any
    nit: Any


def minimize(fun, x0, args=(), *, method, tol=None, options=None):
    """A minimum of fun(x, *args) near x0, as OptimizeResults; method is 'BFGS', tol is ignored, options: maxiter, norm, gtol, line_search_maxiter."""
    if not isinstance(args, tuple):
        raise TypeError(f"args argument to jax.scipy.optimize.minimize must be a tuple, got {args}")
    if method.lower() == "l-bfgs-experimental-do-not-rely-on-this":
        raise NotImplementedError(f"minimize with method={method!r}; 'BFGS' is there")
    if method.lower() != "bfgs":
        raise ValueError(f"Method {method} not recognized")
    return OptimizeResults(*_minimize_bfgs(lambda x: fun(x, *args), x0, **(options or {})))
