"""jax.lax's loops over functions of Python: containers as carries, weak types, closures, and what goes wrong. Values under transformations: unit/control.c."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax


def test_carries_are_containers():
    def step(carry, x):
        return {"sum": carry["sum"] + x["a"], "last": (x["b"],)}, [carry["sum"]]
    xs = {"a": jnp.arange(3.0), "b": jnp.arange(6).reshape(3, 2)}
    last, (sums,) = lax.scan(step, {"sum": jnp.float32(0), "last": (jnp.zeros(2, int),)}, xs)
    assert last["sum"] == 3 and last["last"][0].tolist() == [4, 5] and sums.tolist() == [0, 0, 1]


def test_a_weak_carry_takes_the_type_of_the_step():
    total, _ = lax.scan(lambda c, x: (c + x, None), 0, jnp.ones(3))
    assert total == 3 and total.dtype == jnp.float32
    assert lax.fori_loop(0, 3, lambda i, c: jnp.cos(c), 1).dtype == jnp.float32


def test_scan_is_differentiable_through_closures():
    w = jnp.array([2.0, 3.0, 4.0])
    assert jax.grad(lambda w: lax.fori_loop(0, 3, lambda i, c: c * w[i], 1.0))(w).tolist() == [12, 8, 6]
    assert jax.grad(lambda a: lax.map(lambda t: t * a, w).sum())(2.0) == 9


@pytest.mark.parametrize("batch_size", [None, 1, 2, 5, 8])
def test_map(batch_size):
    x = jnp.arange(10.0).reshape(5, 2)
    assert np.array_equal(lax.map(lambda row: row * 2, x, batch_size=batch_size), 2 * x)


@pytest.mark.parametrize("n", range(1, 12))
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan(n, reverse):
    x = np.arange(1.0, n + 1, dtype=np.float32)
    want = np.cumsum(x[::-1])[::-1] if reverse else np.cumsum(x)
    assert np.array_equal(lax.associative_scan(jnp.add, x, reverse=reverse), want)
    matrices = jnp.stack([x, x], 1)
    assert np.array_equal(lax.associative_scan(jnp.add, matrices.T, reverse=reverse, axis=1)[1], want)


def test_errors():
    x = jnp.ones(3)
    with pytest.raises(TypeError, match=r"The input carry component state\['b'\]\[0\] has type float32\[3\] but .* has type int32\[3\], so the dtypes do not match"):
        lax.scan(lambda state, _: ({"b": (state["b"][0].astype(int),)}, None), {"b": (x,)}, None, length=2)
    with pytest.raises(ValueError, match="different leading axis sizes: 3, 2"):
        lax.scan(lambda c, x: (c, None), 0, (x, x[:2]))
    with pytest.raises(TypeError, match="cond_fun must return a boolean scalar, but got pytree"):
        lax.while_loop(lambda c: (True, c), lambda c: c, x)
    with pytest.raises(ValueError, match="Reverse-mode differentiation does not work for lax.while_loop"):
        jax.grad(lambda v: lax.while_loop(lambda c: c < 9, lambda c: c * 2, v))(1.0)
    with pytest.raises(ZeroDivisionError):
        lax.fori_loop(0, 3, lambda i, c: c / 0 if c is None else 1 / 0, 1.0)
