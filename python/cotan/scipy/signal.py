"""jax.scipy.signal: windows by their names, and what follows from the lengths of segments; spectra are the library's."""
import operator
import warnings
from .. import _cotan, numpy as jnp

_signal = _cotan.bound_functions("scipy.signal")
globals().update({name: function for name, function in _signal.items() if not name.startswith("_")})


def _cosines(n, *weights):
    """A periodic window: sum of (-1)^k weights[k] cos(2 pi k i / n)."""
    turn = 2 * jnp.pi * jnp.arange(n) / n
    return sum((-1) ** k * w * jnp.cos(k * turn) for k, w in enumerate(weights))


_WINDOWS = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46), "blackman": (0.42, 0.5, 0.08), "boxcar": (1.0,)}


def _window(window, n, dtype):
    if not isinstance(window, (str, tuple)):
        window = jnp.asarray(window)
        if window.ndim != 1:
            raise ValueError("window must be 1-D")
        return window
    if window not in _WINDOWS:
        raise NotImplementedError(f"window {window!r}; {', '.join(_WINDOWS)} and arrays are there")
    return jnp.ones(1, dtype) if n == 1 else _cosines(n, *_WINDOWS[window]).astype(dtype)


def _positive(value, what):
    value = operator.index(value)
    if value < 1:
        raise ValueError(f"{what} must be a positive integer")
    return value


def _spectra(x, y, fs, window, nperseg, noverlap, nfft, detrend, onesided, scaling, axis, amplitudes, boundary=None, padded=False):
    x = jnp.asarray(x)
    y = None if y is None else jnp.asarray(y)
    if callable(detrend):
        raise NotImplementedError("spectra with a function for detrend; 'constant', 'linear' and False are there")
    dtype = jnp.result_type(x.dtype, jnp.float32 if x.dtype.itemsize < 8 else float) if y is None else jnp.result_type(x, y, jnp.float32)
    if not x.size or y is not None and not y.size:
        shape = x.shape if y is None else jnp.broadcast_shapes(x.shape, y.shape)
        real = jnp.zeros(shape, jnp.finfo(dtype).dtype)
        return real, real, jnp.zeros(shape, jnp.promote_types(dtype, jnp.complex64))
    length = x.shape[axis]
    if isinstance(window, (str, tuple)):
        nperseg = 256 if nperseg is None else _positive(nperseg, "nperseg")
        if nperseg > length:
            warnings.warn(f"nperseg = {nperseg} is greater than input length = {length}, using nperseg = {length}")
            nperseg = length
    window = _window(window, nperseg, jnp.finfo(dtype).dtype)
    if nperseg is not None and _positive(nperseg, "nperseg") != len(window):
        raise ValueError("value specified for nperseg is different from length of window")
    nperseg = len(window)
    noverlap = nperseg // 2 if noverlap is None else operator.index(noverlap)
    nfft = nperseg if nfft is None else operator.index(nfft)
    if onesided and (jnp.iscomplexobj(x) or y is not None and jnp.iscomplexobj(y)):
        warnings.warn("Input data is complex, switching to return_onesided=False")
        onesided = False
    return _signal["_segment_spectra"](x, y, fs, window, noverlap, nfft, detrend or None, onesided, scaling, axis, amplitudes, boundary, padded)


def stft(x, fs=1.0, window="hann", nperseg=256, noverlap=None, nfft=None, detrend=False, return_onesided=True, boundary="zeros", padded=True, axis=-1):
    """Frequencies, times, and the Fourier transforms of windowed segments of a signal (the short-time Fourier transform).

    Args:
      fs: samples in a unit of time.
      window: 'hann', 'hamming', 'blackman', 'boxcar' or an array.
      nperseg, noverlap: the length of the segments, and how many points two share (half of them by default).
      nfft: the length of the transforms, nperseg by default.
      boundary: how the signal goes on at its ends: 'even', 'odd', 'constant', 'zeros' or None for not at all.
      padded: whether zeros fill up the last segment.
    """
    return _spectra(x, None, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, "spectrum", axis, True, boundary, padded)


def csd(x, y, fs=1.0, window="hann", nperseg=None, noverlap=None, nfft=None, detrend="constant", return_onesided=True, scaling="density", axis=-1,
        average="mean"):
    """Frequencies and the cross spectrum of two signals, averaged ('mean' or 'median') over segments; arguments as for stft."""
    frequencies, _, power = _spectra(x, y, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, False)
    if power.ndim >= 2 and power.size:
        power = _signal["_averaged"](power, average) if power.shape[-1] > 1 else power[..., 0]
    return frequencies, power


def welch(x, fs=1.0, window="hann", nperseg=None, noverlap=None, nfft=None, detrend="constant", return_onesided=True, scaling="density", axis=-1,
          average="mean"):
    """Frequencies and the power spectrum of a signal, averaged over segments; arguments as for csd."""
    frequencies, power = csd(x, None, fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average)
    return frequencies, power.real


def istft(Zxx, fs=1.0, window="hann", nperseg=None, noverlap=None, nfft=None, input_onesided=True, boundary=True, time_axis=-1, freq_axis=-2):
    """Times and the signal whose stft is Zxx."""
    Zxx = jnp.asarray(Zxx)
    if Zxx.ndim < 2:
        raise ValueError("Input stft must be at least 2d!")
    count = Zxx.shape[freq_axis]
    default = 2 * (count - 1) if input_onesided else count
    nperseg = _positive(nperseg or default, "nperseg")
    length = default + (input_onesided and nperseg == default + 1) if nfft is None else operator.index(nfft)
    if length < nperseg:
        raise ValueError(f"FFT length ({length}) must be longer than nperseg ({nperseg}).")
    noverlap = operator.index(noverlap or nperseg // 2)
    if noverlap >= nperseg:
        raise ValueError("noverlap must be less than nperseg.")
    window = _window(window, nperseg, jnp.finfo(jnp.promote_types(Zxx.dtype, jnp.complex64)).dtype)
    if len(window) != nperseg:
        raise ValueError(f"window must have length of {nperseg}")
    x = _signal["_overlapped"](Zxx, window, noverlap, nfft, bool(input_onesided), bool(boundary), time_axis, freq_axis)
    return jnp.arange(x.shape[0], dtype=jnp.finfo(x.dtype).dtype) / fs, x
