"""Donated and deleted arrays: memory is reused where that changes nothing, and reading what is gone is an error."""
import os
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

fused = pytest.mark.skipif(os.environ.get("COTAN_OPTIMIZE") == "0", reason="kernels of single operations do not write over what they read")
gone = pytest.mark.parametrize("read", [
    lambda x: x + 1, lambda x: jnp.sin(x), repr, str, lambda x: x[0], lambda x: x.at[0].set(1), lambda x: jnp.ones(4).at[:].set(x), lambda x: float(x[0]),
    lambda x: x.tolist(), np.asarray, memoryview, lambda x: x.__dlpack__(), lambda x: jax.jit(lambda a: a + 1)(x), lambda x: jax.jit(lambda a: a + x)(jnp.ones(4)),
    lambda x: jax.grad(lambda a: (a * x).sum())(jnp.ones(4)), lambda x: jax.vmap(lambda a: a + 1)(x), lambda x: jax.lax.scan(lambda c, a: (c, a), 0.0, x),
    lambda x: jnp.ones(4)[x > 0], lambda x: x.reshape(2, 2), lambda x: x.copy(), lambda x: x.block_until_ready(), lambda x: jnp.concatenate([x, x]),
    lambda x: x if x[1] else x, lambda x: jax.lax.cond(x[0] > 0, lambda: 1, lambda: 2), lambda x: jnp.stack([x])], ids=range(25))


@gone
def test_reading_a_deleted_array(read):
    x = jnp.arange(4.0)
    x.delete()
    with pytest.raises((RuntimeError, ValueError, BufferError), match="deleted"):
        read(x)
    assert x.is_deleted() and x.shape == (4,) and x.dtype == jnp.float32
    x.delete()


def test_a_program_keeps_its_own_scalars():
    s = jnp.float32(3.0)
    f = jax.jit(lambda a: a * s)
    assert f(2.0) == 6.0
    s.delete()
    assert f(4.0) == 12.0


@fused
def test_donated_memory_is_reused():
    f = jax.jit(lambda x: x * 2 + 1, donate_argnums=0)
    x = jnp.arange(100000.0)
    at, expected = x.unsafe_buffer_pointer(), np.arange(100000.0, dtype=np.float32) * 2 + 1
    y = f(x)
    assert x.is_deleted() and not y.is_deleted()
    assert y.unsafe_buffer_pointer() == at
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("f", [
    lambda x: (x[::-1], x), lambda x: x[::-1] + x, lambda x: x - x.sum(), lambda x: jnp.roll(x, 1) + x, lambda x: jnp.cumsum(x), lambda x: jnp.sort(x)[::-1],
    lambda x: jax.nn.softmax(x), lambda x: (x * 2, x * 3), lambda x: (x, x + 1), lambda x: x.reshape(10, 10).T.reshape(-1), lambda x: x.at[jnp.arange(99)].add(x[1:]),
    lambda x: jnp.convolve(x, x[:3], "same"), lambda x: x.reshape(10, 10) @ x.reshape(10, 10), lambda x: jax.lax.scan(lambda c, a: (c + a, c * a), 0.0, x)[1],
    lambda x: jax.lax.fori_loop(0, 3, lambda i, a: a * 2, x), lambda x: x])
def test_donation_never_changes_results(f):
    values = np.random.default_rng(0).standard_normal(100).astype(np.float32)
    plain, donating = jax.jit(f)(jnp.asarray(values)), jax.jit(f, donate_argnums=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = jnp.asarray(values)
        jax.tree.map(np.testing.assert_array_equal, donating(x), plain)


def test_memory_others_hold_is_left_alone():
    f = jax.jit(lambda x, y: x + y, donate_argnums=0)
    x = jnp.ones(50)
    view, shared = np.asarray(x), x.reshape(5, 10)
    y = f(x, x)
    assert x.is_deleted() and y.sum() == 100
    assert view.sum() == 50 and shared.sum() == 50
    memory = np.ones(50, np.float32)
    y = f(jax.dlpack.from_dlpack(memory), 1.0)
    assert memory.sum() == 50 and y.sum() == 100
    z = jnp.ones(50)
    held = jax.jit(lambda x: x * 2 + z, donate_argnums=0)
    assert held(z).sum() == 150


def test_a_useless_donation_warns():
    f = jax.jit(lambda x: x.sum(), donate_argnums=0)
    x = jnp.arange(4.0)
    with pytest.warns(UserWarning, match=r"Some donated buffers were not usable: float32\[4\]"):
        f(x)
    assert not x.is_deleted() and f(x) == 6.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning):
            jax.jit(lambda x: x.sum(), donate_argnums=0)(x)


@fused
def test_a_training_step_in_place():
    step = jax.jit(lambda p, m, g: ({k: p[k] - 0.1 * m[k] for k in p}, {k: 0.9 * m[k] + g[k] for k in p}), donate_argnums=(0, 1))
    p = {k: jnp.full(1000, float(k)) for k in range(3)}
    m = {k: jnp.zeros(1000) for k in range(3)}
    g = {k: jnp.ones(1000) for k in range(3)}
    before = {a.unsafe_buffer_pointer() for a in jax.tree.leaves((p, m))}
    for _ in range(3):
        p, m = step(p, m, g)
    assert {a.unsafe_buffer_pointer() for a in jax.tree.leaves((p, m))} == before
    np.testing.assert_allclose(p[2], 2 - 0.1 * (0 + 1 + 1.9), rtol=1e-6)


def test_dlpack_shares_memory():
    source = np.arange(12, dtype=np.float32).reshape(3, 4)
    x = jax.dlpack.from_dlpack(source)
    source[0, 0] = 7
    assert x[0, 0] == 7
    turned = jax.dlpack.from_dlpack(source.T)
    np.testing.assert_array_equal(turned, source.T)
    back = np.from_dlpack(x)
    del x
    np.testing.assert_array_equal(back, source)
    copied = jax.dlpack.from_dlpack(source, copy=True)
    source[0, 0] = 9
    assert copied[0, 0] == 7
