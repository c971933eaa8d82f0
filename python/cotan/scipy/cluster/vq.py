"""jax.scipy.cluster.vq."""
from ... import _cotan

globals().update(_cotan.bound_functions("scipy.cluster.vq"))
