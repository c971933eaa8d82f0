"""Reductions of rows of a few elements, along which no vector would be full: they run across the rows."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest

ROWS = {
    "sum": lambda x: x.sum(-1),
    "largest": lambda x: x.max(-1),
    "both": lambda x: (x.min(-1), (x * x).sum(-1)),
    "all": lambda x: (x > 0).all(-1),
    "softmax": lambda x: jax.nn.softmax(x, -1),
    "normalized": lambda x: x / jnp.sqrt((x * x).sum(-1, keepdims=True) + 1e-3),
    "two axes": lambda x: x.reshape(x.shape[0] // 2, 2, x.shape[1]).sum((0, 2)),
    "last two axes": lambda x: (x.reshape(x.shape[0] // 2, 2, x.shape[1]) * 2).sum((1, 2)),
    "distances": lambda x: jnp.sqrt(((x[:20, None] - x[None, :40]) ** 2).sum(-1) + 1),
    "turned": lambda x: jnp.tanh(x.T[:, ::-1]).sum(0),
}


@pytest.mark.parametrize("columns", [1, 2, 3, 7, 10, 11])
@pytest.mark.parametrize("rows", [2, 40, 1000])
@pytest.mark.parametrize("name", ROWS)
def test_as_step_by_step(name, rows, columns, monkeypatch):
    f = ROWS[name]
    x = jnp.sin(jnp.arange(rows * columns, dtype=jnp.float32)).reshape(rows, columns)
    compiled = jax.jit(lambda x: f(x))(x)
    monkeypatch.setenv("COTAN_OPTIMIZE", "0")
    stepwise = jax.jit(lambda x: f(x))(x)
    for got, want in zip(jax.tree.leaves(compiled), jax.tree.leaves(stepwise), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6 * (rows if name == "two axes" else 1))


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint16", "bfloat16", "float16"])
def test_narrow_dtypes(dtype):
    x = (np.arange(300) * 7 % 11).reshape(100, 3)
    got = jax.jit(lambda x: ((x + 1).sum(-1), (x * 2).max(-1)))(jnp.asarray(x, dtype))
    assert got[0].tolist() == (x + 1).sum(-1).tolist() and got[1].tolist() == (x * 2).max(-1).tolist()
