"""Chex: assertions on values and traces, dataclasses, variants of tests, assertions inside jitted functions."""
import unittest

import chex
import jax
import jax.numpy as jnp

chex.assert_shape(jnp.ones((2, 3)), (2, 3))
chex.assert_rank(jnp.ones((2, 3)), 2)
chex.assert_type(jnp.ones(2), float)
chex.assert_trees_all_close({"a": jnp.ones(2)}, {"a": jnp.ones(2)})
chex.assert_tree_all_finite({"a": jnp.ones(2)})
try:
    chex.assert_shape(jnp.ones(2), (3,))
except AssertionError as e:
    print(e)


@chex.dataclass
class State:
    a: chex.Array
    b: int


state = State(a=jnp.ones(2), b=3)
print(jax.tree.map(lambda v: v * 2, state), jax.tree_util.tree_leaves_with_path(state))


@jax.jit
@chex.assert_max_traces(n=1)
def once(x):
    return x + 1


print(once(1.0), once(2.0))
try:
    once(jnp.ones(2))
except AssertionError as e:
    print("traced twice")


class Variants(chex.TestCase):
    @chex.variants(with_jit=True, without_jit=True, with_device=True)
    def test_double(self):
        chex.assert_trees_all_close(self.variant(lambda v: v * 2)(jnp.ones(2)), 2 * jnp.ones(2))


result = unittest.TextTestRunner(verbosity=0).run(unittest.defaultTestLoader.loadTestsFromTestCase(Variants))
print(result.testsRun, result.failures, result.errors)


@chex.chexify
@jax.jit
def logarithm(x):
    chex.assert_tree_all_finite(x)
    return jnp.log(x)


print(logarithm(jnp.ones(2)))
logarithm.wait_checks()
try:
    logarithm(jnp.array([jnp.nan]))
    logarithm.wait_checks()
except AssertionError:
    print("not finite")
with chex.fake_jit():
    print(jax.jit(lambda v: v + 1)(1))
