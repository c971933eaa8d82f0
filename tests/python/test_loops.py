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


def test_unroll_is_a_count_or_every_step():
    def unrolled(f):
        return [line.split("=")[1] for line in str(jax.make_jaxpr(f)()).split("\n") if "unroll" in line]
    xs = jnp.arange(5.0)
    for given, means in [(1, 1), (3, 3), (7, 7), (False, 1), (True, 5), (0, 5)]:
        assert unrolled(lambda: lax.scan(lambda c, x: (c + x, c), 0.0, xs, unroll=given)) == [str(means)]
        assert unrolled(lambda: lax.fori_loop(0, 5, lambda i, c: c + i, 0, unroll=given)) == [str(means)]
        assert lax.scan(lambda c, x: (c + x, c), 0.0, xs, unroll=given)[0] == 10
    for given in [None, 1, False, True]:
        assert jax.jit(lambda n: lax.fori_loop(0, n, lambda i, c: c + i, 0, unroll=given))(5) == 10
    with pytest.raises(ValueError, match="Can only use `unroll` in `fori_loop` if the loop bounds are statically known"):
        jax.jit(lambda n: lax.fori_loop(0, n, lambda i, c: c + i, 0, unroll=2))(5)
    for wrong, error in [(-1, ValueError), (2.5, TypeError)]:
        with pytest.raises(error):
            lax.scan(lambda c, x: (c, x), 0.0, xs, unroll=wrong)
        with pytest.raises(error):
            lax.fori_loop(0, 5, lambda i, c: c, 0, unroll=wrong)


def test_length():
    def step(c, x):
        return c + 1, x
    assert lax.scan(step, 0, None, length=2.5)[0] == lax.scan(step, 0, {"a": None}, length=np.int8(2))[0] == 2
    assert lax.scan(step, 0, jnp.zeros((0, 3)))[1].shape == (0, 3)
    with pytest.raises(ValueError, match=r"no leading axis to scan over: 3.0, 4\."):
        lax.scan(step, 0, (3.0, jnp.ones(2), 4))
    with pytest.raises(ValueError, match=r"`length` argument of 4 which disagrees with leading axis sizes \[5, 3\]"):
        lax.scan(step, 0, (jnp.ones(5), jnp.ones(3)), length=4)
    with pytest.raises(jax.errors.ConcretizationTypeError, match="expects a concrete `int` value.*use `while_loop` or `fori_loop`"):
        jax.jit(lambda n: lax.scan(step, 0, None, length=n))(3)
    with pytest.raises(TypeError, match=r"scan body output must be a pair, got ~float32\[\]"):
        lax.scan(lambda c, x: c, 0.0, jnp.ones(3))


@pytest.mark.parametrize("batch_size", [None, 0, 1, 2, 5, 8])
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


def test_associative_scan_of_trees_along_negative_axes():
    x = jnp.arange(6.0).reshape(2, 3)
    sums, (products,) = lax.associative_scan(lambda a, b: (a[0] + b[0], (a[1][0] * b[1][0],)), (x, (x + 1,)), reverse=True, axis=-1)
    assert sums.tolist() == [[3, 3, 2], [12, 9, 5]] and products.tolist() == [[6, 6, 3], [120, 30, 6]]
    with pytest.raises(ValueError, match="axis 2 is out of bounds for array of dimension 2"):
        lax.associative_scan(jnp.add, x, axis=2)


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
