"""jax.experimental.ode: what is behind odeint. tools/generate.py says what the notation means."""
from collections.abc import Callable
from _types import ArrayLike, PyTree

# ---- (src/scipy/ode.c) ----

def _odeint(func: Callable, y0: PyTree, t: ArrayLike, rtol: float = 1.4e-8, atol: float = 1.4e-8, mxstep: float | None = None,
            hmax: float | None = None) -> PyTree:
    """The solution of y' = func(y, t) at the times t, by Dormand's and Prince's method of order 5 (E. Hairer, S. Norsett, G. Wanner, Solving
    Ordinary Differential Equations I, table II.5.2), with steps as the tolerances ask for.

    Args:
      y0: at t[0]; any tree of arrays.
      t: [n], ascending.
      rtol, atol: an error estimate may be atol + rtol |y|.
      mxstep: the most steps from one time to the next.
      hmax: the longest step.

    Returns y0's tree with n rows in every leaf. Derivatives are those of the steps taken; their lengths count as constants.
    """
