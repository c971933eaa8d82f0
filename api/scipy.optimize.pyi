"""jax.scipy.optimize: what is behind minimize. tools/generate.py says what the notation means."""
from collections.abc import Callable
from _types import Array, ArrayLike

# ---- (src/scipy/optimize.c) ----

def _minimize_bfgs(fun: Callable, x0: ArrayLike, maxiter: int | None = None, norm: float | None = None, gtol: float = 1e-05,
                   line_search_maxiter: int = 10) -> tuple[Array, ...]:
    """A minimum of fun by Broyden's, Fletcher's, Goldfarb's and Shanno's method (J. Nocedal, S. Wright, Numerical Optimization, algorithm 6.1).

    Args:
      x0: [n], where to start.
      maxiter: 200 n by default.
      norm, gtol: ends when this norm of the gradient, the largest element by default, is below gtol.
      line_search_maxiter: steps of one line search.

    Returns x, success, status, value, gradient, inverse Hessian, numbers of values, of gradients, of steps.
    """
