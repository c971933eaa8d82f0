"""Conversions between dtypes within compiled kernels: what they give must be what they give one by one."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest

DTYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "bfloat16", "float16", "float32"]
VALUES = np.array([-300.7, -129, -128.5, -1.5, -0.0, 0.25, 1, 2.5, 127.5, 255.5, 256, 65504, 7e4, 3e9, 1e20, np.inf, -np.inf, np.nan], np.float32)


@pytest.mark.parametrize("to", DTYPES)
@pytest.mark.parametrize("of", DTYPES)
def test_between_all_dtypes(of, to):
    x = jnp.tile(jnp.asarray(VALUES).astype(of), 5)
    f = lambda x: (x.astype(to), (x == x).astype(to) + x.astype(to))
    for got, want in zip(jax.jit(f)(x), f(x), strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(np.asarray(got, np.float32), np.asarray(want, np.float32))


def test_conversions_join_a_kernel(capfd, monkeypatch):
    monkeypatch.setenv("COTAN_DEBUG", "2")
    monkeypatch.setenv("COTAN_OPTIMIZE", "1")
    jax.jit(lambda x, i: (x > i).astype(jnp.float32) * 2 + i.astype(jnp.bfloat16))(jnp.ones(100), jnp.arange(100)).block_until_ready()
    assert capfd.readouterr().err.count("kernel") == 1
