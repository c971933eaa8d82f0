"""jax.scipy.ndimage."""
from .. import _cotan

globals().update(_cotan.bound_functions("scipy.ndimage"))
