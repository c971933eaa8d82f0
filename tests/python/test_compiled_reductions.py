"""What reductions give, spread over what they reduced, within one kernel."""
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest


def both(f, x):
    """f compiled, and operation by operation."""
    with jax.disable_jit():
        wanted = f(x)
    for g, w in zip(jax.tree.leaves(jax.jit(f)(x)), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(np.asarray(g, np.float32), np.asarray(w, np.float32), rtol=2e-5, atol=1e-5)


def spread(value, x):
    return jnp.broadcast_to(value, x.shape)


FUNCTIONS = [lambda x: spread(x.sum(0), x), lambda x: spread(x.sum(1, keepdims=True), x), lambda x: spread(x.sum(), x), lambda x: spread(x.max(0) * 2, x) + 0,
             lambda x: (spread(x.max(1, keepdims=True), x), x.max(1)), lambda x: (x + 1, spread(x.max(0), x), x.max(0), x - x.max(0)),
             lambda x: spread(jnp.any(x > 0), x), lambda x: spread(x.sum(1, keepdims=True) / x.sum(), x),
             lambda x: spread(jnp.exp(x - x.max(1, keepdims=True)).sum(1, keepdims=True), x)]


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 1), (1, 5), (17, 33), (64, 64), (5, 1000), (513, 1)])
def test_rows_and_columns(shape):
    x = jnp.asarray(np.random.RandomState(0).randn(*shape), "float32")
    for f in FUNCTIONS:
        both(f, x)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)])
def test_several_axes(axes):
    x = jnp.asarray(np.random.RandomState(1).randn(4, 5, 6), "float32")
    both(lambda x: (spread(x.sum(axes, keepdims=True), x), spread(jnp.sqrt(x.max(axes, keepdims=True) + 9), x)), x)


@pytest.mark.parametrize("shape", [(100000,), (70000, 4), (3, 50000), (2, 3, 40000), (40, 50, 60)])
def test_reductions_that_are_cut_into_runs(shape, compiled_and_stepwise):
    """Each run counts its own indices, and as many runs as a kept dimension has elements are still the runs."""
    x = jax.random.normal(jax.random.key(1), shape)
    n = len(shape)
    for axes in (axes for r in range(1, n + 1) for axes in itertools.combinations(range(n), r)):
        for d in range(n):
            def f(x):
                i, e = jax.lax.broadcasted_iota(jnp.int32, shape, d), jax.lax.broadcasted_iota(jnp.int32, shape, (d + 1) % n)
                return (jnp.sum(x * i.astype(jnp.float32) / shape[d], axes), jnp.sum(jnp.where(i % 3 == 1, x, 0), axes), jnp.max(x + i % 7, axes),
                        jnp.sum(i % 5, axes), jnp.sum(jnp.flip(x, d) * x, axes), jnp.sum(jnp.where(i >= e, x, 0), axes), jnp.sum(x, axes), jnp.min(x * x, axes))
            for a, b in compiled_and_stepwise(f, x):
                np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-2)
