"""jax.scipy.fft."""
from .. import _cotan

globals().update(_cotan.bound_functions("scipy.fft"))
