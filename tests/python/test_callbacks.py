"""Python functions inside programs."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest

x = jnp.arange(3.)
like = jax.ShapeDtypeStruct((3,), np.float32)
double = lambda v: jax.pure_callback(lambda a: np.asarray(a) * 2, like, v)


def test_pure_callback():
    assert double(x).tolist() == [0., 2., 4.]
    f = jax.jit(lambda v: double(v) + 1)
    assert f(x).tolist() == [1., 3., 5.] and f(x + 1).tolist() == [3., 5., 7.]
    out = jax.jit(lambda v: jax.pure_callback(lambda a, k: {"s": a.sum() * k}, {"s": jax.ShapeDtypeStruct((), np.float32)}, v, k=2.))(x)
    assert float(out["s"]) == 6.


def test_vmap():
    assert jax.vmap(double)(jnp.ones((2, 3))).tolist() == [[2.] * 3] * 2
    assert jax.jit(jax.vmap(double))(jnp.ones((2, 3))).tolist() == [[2.] * 3] * 2


def test_derivatives():
    with pytest.raises(ValueError, match="custom_jvp"):
        jax.grad(lambda v: double(v).sum())(x)


def test_wrong_results():
    with pytest.raises(ValueError, match="result_shape_dtypes"):
        jax.pure_callback(lambda a: np.zeros(4, np.float32), like, x)


def test_exceptions():
    def fail(a):
        raise KeyError("here")
    with pytest.raises(KeyError, match="here"):
        jax.jit(lambda v: jax.pure_callback(fail, like, v))(x)
    assert double(x).tolist() == [0., 2., 4.]


def test_debug(capsys):
    @jax.jit
    def f(v):
        jax.debug.print("v = {v}, {}", v.sum(), v=v)
        return v * 2
    f(x), f(x)
    assert capsys.readouterr().out == "v = [0. 1. 2.], 3.0\n" * 2
    assert jax.grad(lambda v: f(v).sum())(x).tolist() == [2.] * 3
    jax.vmap(lambda v: jax.debug.print("{}", v))(x)
    assert capsys.readouterr().out.endswith("0.0\n1.0\n2.0\n")
