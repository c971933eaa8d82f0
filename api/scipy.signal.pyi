"""jax.scipy.signal. tools/generate.py says what the notation means."""
from collections.abc import Sequence
from _types import Array, ArrayLike, PrecisionLike, PyTree

# ---- (src/scipy/signal.c) ----

def convolve(in1: ArrayLike, in2: ArrayLike, mode: str = "full", method: str = "auto", precision: PrecisionLike = None) -> Array:
    """Convolution over all axes.

    Args:
      in1, in2: arrays of as many axes, one at least as long as the other along each.
      mode: 'full'; 'same' for the middle part, as large as in1; 'valid' for what needs no zeros beyond the ends.
      method: 'direct' (also 'auto') or 'fft'.

    >>> jax.scipy.signal.convolve(jnp.array([1., 2.]), jnp.array([1., 1.]))
    Array([1., 3., 2.], dtype=float32)
    """

def convolve2d(in1: ArrayLike, in2: ArrayLike, mode: str = "full", boundary: str = "fill", fillvalue: float = 0, precision: PrecisionLike = None) -> Array:
    """Convolution of matrices; see convolve.

    Args:
      boundary, fillvalue: 'fill' and 0, the only ones.
    """

def correlate(in1: ArrayLike, in2: ArrayLike, mode: str = "full", method: str = "auto", precision: PrecisionLike = None) -> Array:
    """Correlation over all axes: convolution with the conjugate of in2 reversed.

    >>> jax.scipy.signal.correlate(jnp.array([1., 2.]), jnp.array([0., 1.]))
    Array([1., 2., 0.], dtype=float32)
    """

def correlate2d(in1: ArrayLike, in2: ArrayLike, mode: str = "full", boundary: str = "fill", fillvalue: float = 0, precision: PrecisionLike = None) -> Array:
    """Correlation of matrices; see correlate.

    Args:
      boundary, fillvalue: 'fill' and 0, the only ones.
    """

def fftconvolve(in1: ArrayLike, in2: ArrayLike, mode: str = "full", axes: Sequence[int] | None = None) -> Array:
    """Convolution by Fourier transforms, over some axes or all; along the others the shapes are equal.

    >>> jnp.round(jax.scipy.signal.fftconvolve(jnp.array([1., 2.]), jnp.array([1., 1.])))
    Array([1., 3., 2.], dtype=float32)
    """

def detrend(data: ArrayLike, axis: int = -1, type: str = "linear", bp: Sequence[int] = (0,), overwrite_data: None = None) -> Array:
    """Data without their trend along an axis.

    Args:
      type: 'constant' for the mean, 'linear' for the line of least squares.
      bp: where new lines begin.

    >>> jax.scipy.signal.detrend(jnp.array([1., 3.]), type='constant')
    Array([-1.,  1.], dtype=float32)
    """

# ---- (src/scipy/spectra.c) ----

def _segment_spectra(x: ArrayLike, y: ArrayLike | None, fs: ArrayLike, window: ArrayLike, noverlap: int, nfft: int, detrend: str | None,
                     onesided: bool, scaling: str, axis: int, amplitudes: bool, boundary: str | None, padded: bool) -> tuple[Array, Array, Array]:
    """Frequencies, times, and Fourier transforms (or, without ``amplitudes``, power or cross spectra with y) of windowed segments of a signal.

    Args:
      window: [nperseg], what each segment is multiplied by.
      noverlap: how many points two segments share.
      nfft: the length of the transforms; segments are filled up with zeros.
      detrend: 'constant', 'linear' or None.
      onesided: frequencies from 0 on; for real signals only.
      scaling: 'density' or 'spectrum'.
      boundary: how half a segment is put in front and behind: 'even', 'odd', 'constant', 'zeros', or None for nothing.
      padded: whether zeros fill up the last segment.
    """

def _averaged(spectra: ArrayLike, average: str) -> Array:
    """The 'mean' or the 'median', corrected for its bias, over the last axis."""

def _overlapped(Zxx: ArrayLike, window: ArrayLike, noverlap: int, nfft: int | None, onesided: bool, boundary: bool, time_axis: int, freq_axis: int) -> Array:
    """The signal of which Zxx are the Fourier transforms of windowed segments: overlapping parts are added."""
