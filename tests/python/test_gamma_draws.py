"""Gamma draws of both precisions and both layouts of threefry's counters, against values that JAX 0.10.2 gives for key(3)."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest

DOUBLES = {
    "loggamma": (lambda k: jax.random.loggamma(k, 0.3, (7,)),
                 [-0.466260683701, -0.803406173243, -6.30958317767, -0.262469664887, -5.54489770187, -1.00165836858, -5.0076363249]),
    "beta": (lambda k: jax.random.beta(k, 2., .5, (5,)), [0.936328086645, 0.661974186677, 0.94717144116, 0.613281664394, 0.972765136991]),
    "dirichlet": (lambda k: jax.random.dirichlet(k, jnp.array([.1, 2., 3.]), (2,)),
                  [0.110650323636, 0.535733715765, 0.353615960599, 0.0596014938966, 0.348161243746, 0.592237262357]),
    "t": (lambda k: jax.random.t(k, 3., (4,)), [-0.968000243854, -0.292470850361, -0.000720525576176, -0.572280756871]),
    "gamma of mapped keys": (lambda k: jax.vmap(lambda k: jax.random.gamma(k, .7, (3,)))(jax.random.split(k, 2)),
                             [2.76282039943, 0.985758347432, 0.791265371349, 0.475820896988, 3.19514560506, 0.566819338808]),
    "derivative": (lambda k: jax.grad(lambda a: jax.random.gamma(k, a, (3,)).sum())(1.3), [2.13821944756])}


@pytest.mark.parametrize("name", DOUBLES)
@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_doubles(name, wrap):
    f, expected = DOUBLES[name]
    with jax.enable_x64(True):
        got = wrap(f)(jax.random.key(3))
    assert got.dtype == np.float64 and np.allclose(np.ravel(got), expected, rtol=1e-10, atol=0)


def test_doubles_of_another_generator():
    with jax.enable_x64(True):
        got = jax.random.t(jax.random.key(3, impl="rbg"), 3., (4,))
    assert np.allclose(got, [-0.21889024968, -3.14211207031, -1.55996622752, 1.01718033751], rtol=1e-10)


HALVES = {
    "gamma of several": (lambda k: jax.random.gamma(k, jnp.array([.3, 1.5, 20., 1e-3]), (5, 4))[:, 2], [14.00151, 22.09745, 19.39879, 13.66584, 18.13808]),
    "gamma of one of two keys": (lambda k: jax.random.gamma(jax.random.split(k, 2)[1], 2.5, (6,)), [1.651083, 1.64905, 2.912853, 2.69642, 2.045973, 6.851614]),
    "loggamma": (lambda k: jax.random.loggamma(k, 0.3, (7,)), [-2.053532, -3.991108, -4.554808, -3.523903, -1.643694, -0.7988209, -1.547106]),
    "beta": (lambda k: jax.random.beta(k, 2., .5, (5,)), [0.3542179, 0.9221112, 0.9715794, 0.8295655, 0.6882433]),
    "t": (lambda k: jax.random.t(k, 3., (4,)), [-1.361914, 0.3137395, 0.2971727, 2.769417]),
    "derivative": (lambda k: jax.grad(lambda a: jax.random.gamma(k, a, (3,)).sum())(1.3), [3.449343])}


@pytest.mark.parametrize("name", HALVES)
def test_counters_in_halves(name):
    f, expected = HALVES[name]
    with jax.threefry_partitionable(False):
        assert np.allclose(np.ravel(f(jax.random.key(3))), expected, rtol=2e-5)


def test_other_dtypes_are_refused():
    with pytest.raises(NotImplementedError, match="float32 and float64 are available"):
        jax.random.gamma(jax.random.key(0), 2., (2,), jnp.float16)
