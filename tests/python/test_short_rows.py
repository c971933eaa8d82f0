"""Rows of a few elements, along which no vector would be full: reductions and maps run across them."""
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


MAPS = {
    "by columns": lambda x: x * x[0],
    "by rows": lambda x: jnp.tanh(x) + x[:, :1],
    "one column": lambda x: x.at[:, 0].multiply(2),
    "repeated": lambda x: jnp.repeat(x[:, 0], 3),
    "stacked": lambda x: jnp.stack([x[:, 0], x[:, -1], x[:, 0] * 2], -1),
    "numbered": lambda x: x + jnp.arange(x.shape[1]) * jnp.arange(x.shape[0])[:, None],
    "tested": lambda x: (x > x[:, :1], x * (x > 0)[:, :1]),
    "halves": lambda x: x.astype(jnp.bfloat16) * x[0].astype(jnp.bfloat16),
    "turned back": lambda x: x[:, ::-1] * x[0],
}


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("rows", [63, 64, 1000, 20001])
@pytest.mark.parametrize("name", MAPS)
def test_maps_across_rows(name, rows, columns):
    f = MAPS[name]
    x = jnp.sin(jnp.arange(rows * columns, dtype=jnp.float32)).reshape(rows, columns)
    for got, want in zip(jax.tree.leaves(jax.jit(f)(x)), jax.tree.leaves(f(x)), strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(np.asarray(got, np.float32), np.asarray(want, np.float32))


@pytest.mark.parametrize("columns", [1, 2, 3, 7, 10, 11])
@pytest.mark.parametrize("rows", [2, 40, 1000])
@pytest.mark.parametrize("name", ROWS)
def test_as_step_by_step(name, rows, columns, compiled_and_stepwise):
    f = ROWS[name]
    x = jnp.sin(jnp.arange(rows * columns, dtype=jnp.float32)).reshape(rows, columns)
    for got, want in compiled_and_stepwise(f, x):
        np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6 * (rows if name == "two axes" else 1))


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint16", "bfloat16", "float16"])
def test_narrow_dtypes(dtype):
    x = (np.arange(300) * 7 % 11).reshape(100, 3)
    got = jax.jit(lambda x: ((x + 1).sum(-1), (x * 2).max(-1)))(jnp.asarray(x, dtype))
    assert got[0].tolist() == (x + 1).sum(-1).tolist() and got[1].tolist() == (x * 2).max(-1).tolist()


@pytest.mark.parametrize("columns", [2, 3, 4, 7, 10, 11])
@pytest.mark.parametrize("rows", [16, 37, 64, 5000])
def test_a_column_at_a_traced_place(rows, columns):
    x = jnp.arange(rows * columns, dtype=jnp.float32).reshape(rows, columns)
    f = jax.jit(lambda x, k: (x[:, k] * 2, x[::-1, k] + x[:, 1]))
    for k in range(columns):
        twice, both = f(x, k)
        assert twice.tolist() == (x[:, k] * 2).tolist() and both.tolist() == (x[::-1, k] + x[:, 1]).tolist()
