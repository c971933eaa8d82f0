"""jax.scipy.ndimage. tools/generate.py says what the notation means."""
from collections.abc import Sequence
from _types import Array, ArrayLike

# ---- (src/scipy/interpolate.c) ----

def map_coordinates(input: ArrayLike, coordinates: Sequence[ArrayLike], order: int, mode: str = "constant", cval: ArrayLike = 0.0) -> Array:
    """The values of an array between its elements.

    Args:
      coordinates: for each axis of ``input`` an array of places along it.
      order: 0 for the nearest element, 1 for linear interpolation.
      mode: what lies outside: 'constant' (cval), 'nearest', 'wrap', 'mirror' or 'reflect'.

    >>> jax.scipy.ndimage.map_coordinates(jnp.array([1., 3.]), [jnp.array([0.5])], order=1)
    Array([2.], dtype=float32)
    """
