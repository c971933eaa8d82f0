"""jax.numpy.fft."""
from .. import _cotan

globals().update(_cotan.bound_functions("numpy.fft"))
