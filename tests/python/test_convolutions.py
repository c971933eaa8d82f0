"""Convolutions that take ways of their own (one channel; images spread by gaps) against sums of products in double."""
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

LAYOUTS = {1: ("NHC", "HIO", "NHC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}
EXTENTS, KERNEL = (5, 7, 37), (2, 3, 4)


def placed(x, axis, low, high, gap):
    """x with `gap` zeros between its elements along an axis, and padding, which crops where it is negative."""
    shape = list(x.shape)
    shape[axis] = (shape[axis] - 1) * (gap + 1) + 1
    spread = np.zeros(shape)
    spread[(slice(None),) * axis + (slice(None, None, gap + 1),)] = x
    pads = [(0, 0)] * x.ndim
    pads[axis] = (max(low, 0), max(high, 0))
    inside = slice(max(-low, 0), shape[axis] - max(-high, 0))
    return np.pad(spread[(slice(None),) * axis + (inside,)], pads)


def direct(x, w, stride, pads, gap, apart):
    n = x.ndim - 2
    for d in range(n):
        x = placed(x, d + 1, *pads, gap)
    out = [(x.shape[d + 1] - (w.shape[d] - 1) * apart - 1) // stride + 1 for d in range(n)]
    y = np.zeros((x.shape[0], *out, w.shape[-1]))
    for k in itertools.product(*map(range, w.shape[:n])):
        at = tuple(slice(k[d] * apart, k[d] * apart + (out[d] - 1) * stride + 1, stride) for d in range(n))
        y += x[(slice(None), *at)] @ w[k]
    return y


def numbers(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("stride, pads, gap, apart", [(1, (1, 2), 0, 1), (1, (2, 1), 1, 1), (1, (0, 4), 2, 1), (1, (3, 1), 1, 2), (1, (-1, 1), 1, 1), (1, (6, 7), 1, 1),
                                                      (1, (3, 3), 0, 2), (2, (1, 1), 0, 1)])
@pytest.mark.parametrize("channels", [(1, 1), (3, 2)])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_against_sums(n, channels, stride, pads, gap, apart):
    x, w = numbers(3, *EXTENTS[-n:], channels[0]), numbers(*KERNEL[-n:], *channels)
    got = lax.conv_general_dilated(x, w, (stride,) * n, [pads] * n, lhs_dilation=(gap + 1,) * n, rhs_dilation=(apart,) * n, dimension_numbers=LAYOUTS[n])
    np.testing.assert_allclose(got, direct(x, w, stride, pads, gap, apart), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("padding", ["SAME", "VALID", "SAME_LOWER"])
def test_named_paddings_are_for_images_without_gaps(padding):
    with pytest.raises(ValueError, match="String padding is not implemented for transposed convolution"):
        lax.conv_general_dilated(numbers(1, 4, 4, 1), numbers(3, 3, 1, 1), (1, 1), padding, lhs_dilation=(1, 2), dimension_numbers=LAYOUTS[2])


@pytest.mark.parametrize("shape", [(1, 9, 9, 2), (2, 40, 33, 5), (9, 12, 8, 1)])
def test_derivatives_of_strided_ones(shape):
    x, w = jnp.asarray(numbers(*shape)), jnp.asarray(numbers(3, 3, shape[-1], 4))
    f = lambda x: lax.conv_general_dilated(x, w, (2, 3), "SAME", dimension_numbers=LAYOUTS[2])
    y, pull = jax.vjp(f, x)
    t, ct = jnp.cos(x), jnp.sin(y)
    np.testing.assert_allclose(jnp.vdot(ct, f(t)), jnp.vdot(pull(ct)[0], t), rtol=2e-5)


@pytest.mark.parametrize("n, m", [(1, 1), (7, 3), (3, 7), (5000, 40), (300, 400)])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_of_vectors(n, m, mode):
    x, v = numbers(n), numbers(m)
    np.testing.assert_allclose(jnp.convolve(x, v, mode=mode), np.convolve(x.astype(float), v, mode), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(jnp.correlate(x, v, mode=mode), np.correlate(x.astype(float), v, mode), rtol=1e-5, atol=1e-4)


def test_of_vectors_into_another_type():
    assert jnp.convolve(jnp.ones(3, jnp.bfloat16), jnp.ones(2, jnp.bfloat16), preferred_element_type=jnp.float32).dtype == jnp.float32
