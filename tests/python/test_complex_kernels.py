"""Complex numbers in kernels, as pairs of real ones: the values that one operation at a time gives."""
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax


def numbers(*shape, seed=0, dtype=np.complex64):
    g = np.random.default_rng(seed)
    return (g.standard_normal(shape) + 1j * g.standard_normal(shape)).astype(dtype)


VECTORS = {
    "arithmetic": lambda x, y: x * y + x / y - y,
    "turned": lambda x, y: jnp.exp(1j * x.real) * y,
    "sizes": lambda x, y: (jnp.abs(x), jnp.angle(x), jnp.sign(x), y.conj() * 2),
    "functions": lambda x, y: jnp.exp(x) * jnp.log(y) + jnp.sqrt(x) - jnp.sin(x) * jnp.cos(y),
    "inverses": lambda x, y: jnp.arcsinh(x) + jnp.arccosh(y) * jnp.arctanh(x / 3) - jnp.arccos(y),
    "powers": lambda x, y: x**3 + y**-2 + x**y,
    "choices": lambda x, y: jnp.where(x.real > 0, x * 2, y.conj()),
    "tests": lambda x, y: (x == y, x != x * 1, jnp.isfinite(x * y)),
    "sums": lambda x, y: (jnp.sum(x * y), jnp.mean(x), jnp.linalg.norm(x), jnp.prod(x * 0.5 + 0.5)),
    "from real": lambda x, y: (x.real.astype(x.dtype) + y, lax.complex(x.imag, y.real), jnp.conj(x.real)),
    "parts": lambda x, y: (x.real, x.imag + y.real, (x * y).imag),
    "every other": lambda x, y: (x[::2] * 2, y[::-1] * x, (x * y)[1:]),
    "transformed": lambda x, y: jnp.abs(jnp.fft.ifft(jnp.fft.fft(x * 2) * y.conj())) ** 2,
    "side by side": lambda x, y: jnp.concatenate([x * y, y + 1]) * 2,
    "running": lambda x, y: jnp.cumsum(x * 2) + jnp.flip(y),
    "derivatives": lambda x, y: jax.grad(lambda u, v: jnp.sum(jnp.abs(jnp.exp(lax.complex(u, v)) * x + y) ** 2))(x.real, y.imag),
}
MATRICES = {
    "products": lambda x, y: ((x @ y.T) * 2 + 1, jnp.vdot(x, y), x.T * y.T + 1),
    "rows": lambda x, y: ((x * y).sum(0), (x + x.mean(1, keepdims=True)).sum(1), jnp.sum(jnp.abs(x) ** 2, 1)),
    "unit rows": lambda x, y: x / jnp.linalg.norm(x, axis=-1, keepdims=True) + x[:, :1] * y[:1],
    "views": lambda x, y: (x[::-1, 1:] * 2, jnp.broadcast_to(x[0] * 2, (4, *x[0].shape)), x.reshape(-1) * y.reshape(-1),
                           (x * y).reshape(-1), x[:, None] * 1j, jnp.transpose(x * 2)),
    "picked": lambda x, y: (x * 2)[jnp.array([0, 0, x.shape[0] - 1])] + lax.dynamic_slice(y * 1j, (0, 0), (1, y.shape[1])),
    "updated": lambda x, y: (x * 2).at[0].set(y[0] * 1j).at[:, 0].add(1j),
    "scanned": lambda x, y: lax.scan(lambda c, t: (c * t * 0.3 + 0.1j, jnp.abs(c) + t.imag), x[0] * 0.1, y),
    "repeated": lambda x, y: lax.fori_loop(0, 5, lambda i, z: z * z * 0.1 + y, x),
    "rows scanned": lambda x, y: jax.vmap(lambda r: lax.scan(lambda c, t: (c * 0.9 + t, c), 0j, r))(x),
    "branches": lambda x, y: lax.cond(x[0, 0].real > 0, lambda z: z * 2, lambda z: z.conj(), x + y),
}
KINDS = [np.complex64, np.complex128]


def close(pairs, within):
    for got, want in pairs:
        got, want = np.asarray(got), np.asarray(want)
        assert got.dtype == want.dtype and got.shape == want.shape
        if got.dtype == bool:
            assert (got == want).all()
            continue
        step = np.finfo(got.dtype).eps
        np.testing.assert_allclose(got, want, rtol=within * step, atol=within * step * np.abs(want).max(initial=0))


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("n", [1, 3, 7, 17, 100, 1001, 70000])
@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name, n, dtype, compiled_and_stepwise):
    with jax.enable_x64(dtype == np.complex128):
        x, y = numbers(n, dtype=dtype), numbers(n, seed=1, dtype=dtype)
        close(compiled_and_stepwise(VECTORS[name], x, y), 50)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("shape", [(5, 7), (33, 3), (2, 33), (64, 64), (300, 17), (1, 9), (9, 1)])
@pytest.mark.parametrize("name", MATRICES)
def test_matrices(name, shape, dtype, compiled_and_stepwise):
    with jax.enable_x64(dtype == np.complex128):
        x, y = numbers(*shape, dtype=dtype), numbers(*shape, seed=1, dtype=dtype)
        close(compiled_and_stepwise(MATRICES[name], x, y), 100)


SPECIAL = np.array([complex(a, b) for a, b in itertools.product([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e30, 1e-30], repeat=2)])
FUNCTIONS = ["exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs", "sign", "square", "conj", "log1p", "expm1", "arcsin",
             "arccosh", "arctan", "reciprocal"]


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("name", [*FUNCTIONS, "arithmetic"])
def test_special_values(name, dtype, compiled_and_stepwise):
    with jax.enable_x64(dtype == np.complex128):
        x = SPECIAL.astype(dtype)
        f = (lambda x: [x * x[:, None], x / x[:, None], x + x[:, None], x == x[:, None], 2 * x, x**2]) if name == "arithmetic" else getattr(jnp, name)
        for got, want in compiled_and_stepwise(f, x):
            got, want = np.asarray(got), np.asarray(want)
            for part in (np.real, np.imag):
                assert (np.isnan(part(got)) == np.isnan(part(want))).all()
                assert (np.signbit(part(got)) == np.signbit(part(want)))[~np.isnan(part(want))].all()
                np.testing.assert_allclose(part(got), part(want), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("donated", [False, True])
def test_in_place(donated):
    x = jnp.asarray(numbers(1000))
    want = np.asarray(x) * 2 + np.asarray(x)[::-1]
    got = jax.jit(lambda z: z * 2 + z[::-1], donate_argnums=0 if donated else ())(x)
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_parts_are_inputs_again():
    x = np.arange(9, dtype=np.float32)
    re, im, whole = jax.jit(lambda a, b: (lax.complex(a, b).real, lax.complex(a, b).imag, lax.complex(b, a)))(x, x + 1)
    assert (re == x).all() and (im == x + 1).all() and (whole == x + 1 + 1j * x).all()
