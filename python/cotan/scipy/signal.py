"""jax.scipy.signal."""
from .. import _cotan

globals().update(_cotan.bound_functions("scipy.signal"))
