"""jax.scipy.fft: cosine transforms. tools/generate.py says what the notation means."""
from collections.abc import Sequence
from _types import Array, ArrayLike, Shape

# ---- (src/scipy/fft.c) ----

def dct(x: ArrayLike, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The cosine transform along an axis: 2 sum x[m] cos(pi k (2m + 1) / (2n)).

    Args:
      type: 2, the only one.
      n: length; longer arrays are cut, shorter ones filled up with zeros.
      norm: None or 'backward' for the sum as it stands, 'ortho' for an orthogonal transform.

    >>> jax.scipy.fft.dct(jnp.array([1.]))
    Array([2.], dtype=float32)
    """

def dctn(x: ArrayLike, type: int = 2, s: Shape | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The cosine transform over several axes; by default over all, or over as many of the last as ``s`` has lengths."""

def idct(x: ArrayLike, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The inverse of dct.

    >>> jax.scipy.fft.idct(jnp.array([2.]))
    Array([1.], dtype=float32)
    """

def idctn(x: ArrayLike, type: int = 2, s: Shape | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The inverse of dctn."""
