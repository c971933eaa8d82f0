"""jax.image: what is behind its functions. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, PrecisionLike, Shape, jitted
from collections.abc import Sequence

# ---- (src/scipy/image.c) ----

@jitted("_resize")
def _resize(image: ArrayLike, shape: Shape, method: str, antialias: bool = True, precision: PrecisionLike = "highest") -> Array:
    """An image resampled to another shape; dimensions of the same size stay as they are.

    Args:
      image: any array.
      shape: the size of every dimension of the result.
      method: "nearest", "linear", "cubic", "cubic-pytorch", "lanczos3", "lanczos5" or "area".
      antialias: whether a smaller image averages over what one of its elements covers.
    """

def _scale_and_translate(image: ArrayLike, shape: Shape, spatial_dims: Sequence[int], scale: ArrayLike, translation: ArrayLike, method: str,
                         antialias: bool = True, precision: PrecisionLike = "highest") -> Array:
    """An image resampled where x is mapped to x * scale + translation; zero where there was none.

    Args:
      image: any array.
      shape: the size of every dimension of the result.
      spatial_dims: [k], the dimensions that are mapped.
      scale, translation: [k].
      method, antialias: as for resize, without "nearest".
    """
