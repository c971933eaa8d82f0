"""jax.numpy.fft: discrete Fourier transforms. tools/generate.py says what the notation means.

``norm`` says what is scaled by the number of points: 'backward' the inverse transform, 'forward' the other one, 'ortho' both by its root.
"""
from _types import Array, ArrayLike, Axis, DTypeLike, Shape
from collections.abc import Sequence

# ---- along an axis (src/numpy/fft.c) ----

def fft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The Fourier transform along an axis.

    Args:
      n: the length the axis is cut or filled up with zeros to.
      norm: 'backward', 'ortho' or 'forward'.

    >>> jnp.fft.fft(jnp.array([1., 0., 0., 0.]))
    Array([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j], dtype=complex64)
    """

def ifft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The inverse of fft.

    >>> jnp.fft.ifft(jnp.fft.fft(jnp.arange(3.))).real
    Array([0., 1., 2.], dtype=float32)
    """

def rfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The Fourier transform of real numbers: the first n // 2 + 1 results, of which the others are conjugates.

    >>> jnp.fft.rfft(jnp.array([1., 0., 0., 0.])).shape
    (3,)
    """

def irfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The inverse of rfft.

    Args:
      n: how many real numbers; by default an even count, 2 (m - 1) for m results of rfft.

    >>> jnp.fft.irfft(jnp.array([4., 0., 0.]))
    Array([1., 1., 1., 1.], dtype=float32)
    """

def hfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The real Fourier transform of numbers that are conjugate in pairs, of which the first half is given.

    >>> jnp.fft.hfft(jnp.array([1., 0., 0.]))
    Array([1., 1., 1., 1.], dtype=float32)
    """

def ihfft(a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None) -> Array:
    """The inverse of hfft.

    >>> jnp.fft.ihfft(jnp.ones(4)).shape
    (3,)
    """

# ---- over several axes ----

def fft2(a: ArrayLike, s: Shape | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Array:
    """The Fourier transform over two axes.

    >>> jnp.fft.fft2(jnp.ones((2, 2)))[0, 0]
    Array(4.+0.j, dtype=complex64)
    """

def ifft2(a: ArrayLike, s: Shape | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Array:
    """The inverse of fft2."""

def rfft2(a: ArrayLike, s: Shape | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Array:
    """The Fourier transform of real numbers over two axes, of which the last keeps half."""

def irfft2(a: ArrayLike, s: Shape | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = None) -> Array:
    """The inverse of rfft2."""

def fftn(a: ArrayLike, s: Shape | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The Fourier transform over several axes; by default over all, or over as many of the last as ``s`` has lengths."""

def ifftn(a: ArrayLike, s: Shape | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The inverse of fftn."""

def rfftn(a: ArrayLike, s: Shape | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The Fourier transform of real numbers over several axes, of which the last keeps half."""

def irfftn(a: ArrayLike, s: Shape | None = None, axes: Sequence[int] | None = None, norm: str | None = None) -> Array:
    """The inverse of rfftn."""

# ---- frequencies ----

def fftfreq(n: int, d: ArrayLike = 1.0, *, dtype: DTypeLike | None = None, device: None = None) -> Array:
    """The frequencies of fft's results, for samples that are ``d`` apart.

    >>> jnp.fft.fftfreq(4)
    Array([ 0.  ,  0.25, -0.5 , -0.25], dtype=float32)
    """

def rfftfreq(n: int, d: ArrayLike = 1.0, *, dtype: DTypeLike | None = None, device: None = None) -> Array:
    """The frequencies of rfft's results, for samples that are ``d`` apart.

    >>> jnp.fft.rfftfreq(4)
    Array([0.  , 0.25, 0.5 ], dtype=float32)
    """

def fftshift(x: ArrayLike, axes: Axis = None) -> Array:
    """Results of fft with the frequency zero in the middle.

    >>> jnp.fft.fftshift(jnp.arange(5))
    Array([3, 4, 0, 1, 2], dtype=int32)
    """

def ifftshift(x: ArrayLike, axes: Axis = None) -> Array:
    """The inverse of fftshift.

    >>> jnp.fft.ifftshift(jnp.arange(5))
    Array([2, 3, 4, 0, 1], dtype=int32)
    """
