"""Products that leave a scan: what compiled programs give agrees with what the same loops give step by step (COTAN_OPTIMIZE=0)."""
import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

STEPS, BATCH, WIDTH = 12, 16, 48


def numbers(*shape, seed=0):
    return jax.random.normal(jax.random.key(seed), shape) / 4


xs, h0 = numbers(STEPS, BATCH, WIDTH), numbers(BATCH, WIDTH, seed=1)
w, u, b = numbers(WIDTH, WIDTH, seed=2), numbers(WIDTH, WIDTH, seed=3), numbers(WIDTH, seed=4)
wide = numbers(2 * WIDTH, 4 * WIDTH, seed=5)


def rnn(w, u, b, xs, h0=h0, reverse=False):
    def step(h, x):
        h = jnp.tanh(x @ w + h @ u + b)
        return h, h
    return lax.scan(step, h0, xs, reverse=reverse)


def lstm(wide, b, xs):
    def step(carry, x):
        h, c = carry
        i, f, g, o = jnp.split(jnp.concatenate([x, h], -1) @ wide + jnp.tile(b, 4), 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), c
    return lax.scan(step, (h0, h0 * 0), xs)


def two_layers(w, u, xs):
    def step(h, x):
        h = jax.jit(lambda h: jnp.tanh(h + x))(h)
        return h, (h @ w) @ u
    return lax.scan(step, h0, xs)


def squares(f):
    return lambda *a: sum(jnp.sum(leaf ** 2) for leaf in jax.tree.leaves(f(*a)))


def gradient(f, n=3):
    return jax.grad(squares(f), tuple(range(n)))


def gram(xs):
    """Accumulators that begin with something, are read, or are added to twice."""
    def step(c, x):
        a, b, d = c
        return (a + x.T @ x, b + x.T @ x * 0.5, (d + x.T @ x) + w), b.sum()
    return lax.scan(step, (w, u, w), xs)


def vectors(w, h, vs):
    """Whose gradient adds up outer products."""
    return lax.scan(lambda h, v: (jnp.tanh(h @ w + v), None), h, vs)


def columns(w, u, xs):
    """Products from the other side, of vectors and of matrices."""
    def step(h, x):
        h = jnp.tanh(w @ x + u @ h)
        return h, h
    return lax.scan(step, jnp.zeros(u.shape[:1] + xs.shape[2:]), xs)


def nested(w):
    def step(c, x):
        h = rnn(w, c, b, xs * x[0, 0])[0]
        return c + h.T @ h * 0.01, None
    return lax.scan(step, u, numbers(3, WIDTH, WIDTH))


def invariants(w, xs):
    """What is the same at each step, beside what looks like it."""
    def step(h, x):
        k = jnp.tanh(w.T)
        return jnp.tanh(h @ k[:, ::-1] + x @ k), (x @ (k * h[0]), k[0])
    return lax.scan(step, h0, xs)


def same_at_each_step(a, v):
    return lax.fori_loop(0, 20, lambda i, x: x - 0.1 * a.T @ (a @ x) / jnp.sqrt((a * a).sum()) + jnp.sort(a[0]) * 1e-3, v)


CASES = {
    "same at each step": (same_at_each_step, numbers(8, WIDTH), b),
    "same at each step, gradient": (gradient(same_at_each_step, 2), numbers(8, WIDTH), b),
    "same at each step, lanes": (jax.vmap(same_at_each_step, (None, 0)), numbers(8, WIDTH), numbers(3, WIDTH)),
    "rnn": (rnn, w, u, b, xs),
    "rnn, gradient": (gradient(rnn, 4), w, u, b, xs),
    "rnn in reverse": (gradient(lambda *a: rnn(*a, reverse=True), 4), w, u, b, xs),
    "lstm": (lstm, wide, b, xs),
    "lstm, gradient": (gradient(lstm), wide, b, xs),
    "lstm, lanes": (jax.vmap(gradient(lstm), (None, 0, None)), wide, jnp.stack([b, -b]), xs),
    "lstm, tangent": (lambda *a: jax.jvp(lstm, a, a), wide, b, xs),
    "what is only stacked": (two_layers, w, u, xs),
    "what is only stacked, gradient": (gradient(two_layers), w, u, xs),
    "sums": (gram, xs),
    "outer products": (gradient(vectors), w, b, numbers(150, WIDTH)),
    "invariants": (invariants, w, xs),
    "invariants, gradient": (gradient(invariants, 2), w, xs),
    "second derivative": (lambda w, u: jax.jvp(lambda w: gradient(rnn, 2)(w, u, b, xs), (w,), (u,)), w, u),
    "checkpointed": (gradient(lambda w, u, b: rnn(w, u, b, jax.checkpoint(lambda x: rnn(w, u, b, x)[1])(xs))), w, u, b),
    "columns": (columns, w, u / 4, numbers(150, WIDTH)),
    "columns, gradient": (gradient(columns), w, u / 4, numbers(150, WIDTH)),
    "columns in lanes": (jax.vmap(columns, (None, None, 0)), numbers(WIDTH, 300), u, numbers(5, 30, 300)),
    "columns in lanes, gradient": (gradient(jax.vmap(columns, (None, None, 0))), w, u, numbers(5, 30, WIDTH)),
    "columns of matrices": (columns, w, u, jnp.swapaxes(xs, 1, 2)),
    "nested": (nested, w),
    "half": (lambda *a: rnn(*a, h0=h0.astype(jnp.bfloat16)), *(a.astype(jnp.bfloat16) for a in (w, u, b, xs))),
}


def transposed_products(k, u, v):
    """A Sinkhorn step: the transpose of a matrix times a vector, a matrix of three dimensions, and one of one row."""
    def step(_, uv):
        u, v = uv
        u = 1 / (1 + k @ v)
        return u, 1 / (1 + k.T @ u) + jnp.tensordot(k.T.reshape(4, -1, k.shape[0]), u, 1).ravel() * 1e-3 + (u[None] @ k)[0]
    return lax.fori_loop(0, 5, step, (u, v))


def scaled_each_time(p, r):
    """What each step would make of constants again: a multiple, a function, a row, a table."""
    def step(v, i):
        return (r[i] + 0.9 * p @ v + jnp.exp(-p)[2] * jnp.sin(r).sum()) * 0.1, (jnp.cos(r) * v[0])[::2]
    return lax.scan(step, r[0], jnp.arange(4))


CASES |= {"transposed": (transposed_products, jnp.abs(w), b, b * 2), "the same each time": (scaled_each_time, w, numbers(4, WIDTH))}


LEFT = {"rnn": 1, "rnn, gradient": 2,
        "columns": 1, "columns in lanes": 1, "columns, gradient": 2, "lstm": 1, "lstm, gradient": 2, "what is only stacked": 1, "outer products": 1}


@pytest.mark.skipif(os.environ.get("COTAN_OPTIMIZE") == "0", reason="loops stay as they are written")
def test_what_is_the_same_is_computed_once(monkeypatch, capfd):
    monkeypatch.setenv("COTAN_DEBUG", "1")
    f, *args = CASES["same at each step"]
    jax.block_until_ready(jax.jit(lambda *a: f(*a))(*args))
    loop = capfd.readouterr().err.split("a scan that products left:")[1].split("scan[")[0]
    assert loop.count("dot_general") == 2 and not any(op in loop for op in ("transpose", "reduce_sum", "sort", "sqrt"))


@pytest.mark.parametrize("name", CASES)
def test_same_values(name, compiled_and_stepwise):
    f, *args = CASES[name]
    for got, want in compiled_and_stepwise(f, *args):
        assert got.dtype == want.dtype and got.shape == want.shape and got.weak_type == want.weak_type
        want = np.asarray(want, np.float64)
        np.testing.assert_allclose(np.asarray(got, np.float64), want, atol=(3e-2 if got.dtype == jnp.bfloat16 else 3e-5) * np.abs(want).max())


@pytest.mark.skipif(os.environ.get("COTAN_OPTIMIZE") == "0", reason="loops stay as they are written")
@pytest.mark.parametrize("name, left", LEFT.items())
def test_products_left(name, left, monkeypatch, capfd):
    """As many products stay in loops: those that the carry goes through, and in the first of two rounds what is a factor of another."""
    monkeypatch.setenv("COTAN_DEBUG", "1")
    f, *args = CASES[name]
    jax.block_until_ready(jax.jit(lambda *a: f(*a))(*args))
    loops = capfd.readouterr().err.split("a scan that products left:")[1:]
    assert loops and sum(loop.count("dot_general") for loop in loops) == left
