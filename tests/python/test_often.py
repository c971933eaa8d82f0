"""Library functions that are called again and again: compiled on the way, and nobody can tell by their results."""
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

X = jnp.sin(jnp.arange(23.0)) * 3
SPECIAL = jnp.array([0.0, -0.0, jnp.inf, -jnp.inf, jnp.nan, 1e-40, 3e38, 1.0])
CASES = {
    "hypot": (jnp.hypot, X, X[::-1]), "elu": (jax.nn.elu, X), "floor_divide": (jnp.floor_divide, X, SPECIAL[:1]), "gcd": (jnp.gcd, jnp.arange(9), jnp.arange(9)[::-1] + 1),
    "isclose": (jnp.isclose, SPECIAL, SPECIAL[::-1]), "logaddexp": (jnp.logaddexp, SPECIAL, X[:8]), "spacing": (jnp.spacing, X), "half": (jax.nn.selu, X.astype(jnp.bfloat16)),
    "weak": (jnp.sinc, 0.3), "searchsorted": (jnp.searchsorted, jnp.sort(X), X), "solve": (jnp.linalg.solve, jnp.eye(3) * 2 + 1, X[:3]), "two": (jnp.divmod, X, 0.7),
    "std": (jnp.std, X), "median": (jnp.median, X), "none": (jax.nn.elu, X[:0])}


def bits(result):
    return [(r.dtype, r.weak_type, r.shape, np.asarray(r).tobytes()) for r in jax.tree.leaves(result)]


@pytest.mark.parametrize("name", CASES)
def test_results_are_the_same_however_often(name):
    f, *args = CASES[name]
    first = bits(f(*args))
    assert all(bits(f(*args)) == first for _ in range(1500))


def test_what_programs_depend_on_still_counts():
    calls = lambda n: [jnp.floor_divide(X, 2) for _ in range(n)]
    calls(1500)
    with jax.enable_x64(True):
        assert jnp.floor_divide(jnp.arange(3.0, dtype=jnp.float64), 2).dtype == jnp.float64
    with jax.disable_jit():
        assert bits(calls(1)) == bits(calls(1500)[-1:])
    with jax.debug_nans(True), pytest.raises(FloatingPointError):
        jnp.floor_divide(X[:23], 0 * X)
    with jax.numpy_rank_promotion("raise"), pytest.raises(ValueError):
        [jnp.hypot(X, jnp.ones((2, 23))) for _ in range(3)]
    assert bits(jax.jit(lambda x: jnp.floor_divide(x, 2))(X)) == bits(calls(1))
    assert "floor_divide" in str(jax.make_jaxpr(lambda x: jnp.floor_divide(x, 2))(X))


def test_derivatives_and_batches_of_what_is_compiled():
    for _ in range(1500):
        jax.nn.elu(X)
    assert bits(jax.vmap(jax.nn.elu)(X)) == bits(jax.nn.elu(X))
    assert jnp.allclose(jax.vmap(jax.grad(jax.nn.elu))(X), jnp.where(X > 0, 1, jnp.exp(X)))


def test_each_thread_counts_for_itself():
    results = []
    work = lambda: results.append({str(bits(jnp.hypot(X, X + 1))) for _ in range(1500)})
    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 3 and len(set.union(*results)) == 1
