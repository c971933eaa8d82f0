"""jax.scipy.interpolate: what is behind its class. tools/generate.py says what the notation means."""
from collections.abc import Sequence
from _types import Array, ArrayLike

# ---- (src/scipy/interpolate.c) ----

def _interpolate(points: Sequence[ArrayLike], values: ArrayLike, xi: ArrayLike, fill_value: ArrayLike | None = None, nearest: bool = False) -> Array:
    """The values of a function known on a grid, between its points.

    Args:
      points: for each axis the places of the grid, ascending.
      values: with one axis for each of these in front.
      xi: [..., len(points)].
      fill_value: outside the grid; None goes on with the outermost cells.
      nearest: the nearest point instead of linear interpolation.
    """
