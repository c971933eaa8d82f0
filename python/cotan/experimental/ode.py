"""jax.experimental.ode."""
from math import inf
from .. import _cotan, numpy

_odeint = _cotan.bound_functions("experimental.ode")["_odeint"]


def odeint(func, y0, t, *args, rtol=1.4e-8, atol=1.4e-8, mxstep=inf, hmax=inf):
    """The solution of y' = func(y, t, *args) at the times t, ascending, with y0 at the first: y0's tree with a row for each time in every leaf.

    Steps are as long as the tolerances allow: an error estimate may be atol + rtol |y|. mxstep bounds the number of steps between two times, hmax their length.
    Derivatives, in both modes, are those of the steps taken.
    """
    if not numpy.issubdtype(t.dtype, numpy.floating):
        raise TypeError(f"t must be an array of floats, but got {t}.")
    return _odeint(lambda y, t: func(y, t, *args), y0, t, rtol, atol, mxstep, hmax)
