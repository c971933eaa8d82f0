"""Names beside the main modules: what jax.experimental and jax.extend have for one process on a processor; signatures of what is written in C."""
import inspect

import jax
import jax.numpy as jnp
import pytest


def test_signatures_are_jax_s():
    wanted = {jax.grad: "(fun, argnums=0, has_aux=False, holomorphic=False, allow_int=False, reduce_axes=())",
              jax.vmap: "(fun, in_axes=0, out_axes=0, axis_name=None, axis_size=None, spmd_axis_name=None, sum_match=False)",
              jax.jvp: "(fun, primals, tangents, has_aux=False)", jax.tree.map: "(f, tree, *rest, is_leaf=None)", jax.tree.flatten: "(tree, is_leaf=None)",
              jax.tree.unflatten: "(treedef, leaves)", jax.tree_util.treedef_tuple: "(treedefs)", jax.freeze: "(ref)"}
    assert {f: str(inspect.signature(f)) for f in wanted} == wanted
    assert list(inspect.signature(jax.jit).parameters)[:4] == ["fun", "in_shardings", "out_shardings", "static_argnums"]
    assert all(f.__doc__ and "--" not in f.__doc__ for f in wanted)


def test_parts_of_programs_for_other_places():
    from jax.experimental.compute_on import compute_on
    from jax.experimental.layout import Layout, with_layout_constraint
    from jax.experimental.pjit import pjit
    from jax.experimental.shard_alike import shard_alike
    from jax.experimental.xla_metadata import set_xla_metadata

    @compute_on("device_host")
    def twice(x):
        return x * 2

    @pjit
    def f(x):
        with compute_on("device_host"), set_xla_metadata(remark="here"):
            y = twice(x)
        return shard_alike(x, set_xla_metadata(y, a=1))
    assert [v.tolist() for v in f(jnp.arange(2.))] == [[0, 1], [0, 2]]
    with pytest.raises(ValueError, match="Invalid compute type"):
        compute_on("elsewhere").__enter__()
    with pytest.raises(ValueError, match="shapes"):
        shard_alike(jnp.ones(2), jnp.ones(3))
    x = jnp.ones((2, 3))
    assert with_layout_constraint(x, Layout((0, 1))) is x
    with pytest.raises(NotImplementedError, match="order"):
        with_layout_constraint(x, Layout((1, 0)))


def test_one_process_and_one_backend():
    from jax.extend import backend
    assert backend.get_backend().platform == "cpu" and list(backend.backends()) == ["cpu"] and backend.get_default_device() == jax.devices()[0]
    with pytest.raises(RuntimeError, match="tpu"):
        backend.get_backend("tpu")
    assert not jax.distributed.is_initialized()
    with pytest.raises(NotImplementedError, match="num_processes=4"):
        jax.distributed.initialize("localhost:1", 4, 0)


def test_threefry_itself():
    from jax.extend.random import seed_with_impl, threefry_2x32, threefry2x32_p, threefry_prng_impl
    key = jnp.array([0, 1], jnp.uint32)
    with jax.threefry_partitionable(False):
        assert threefry_2x32(key, jnp.arange(5, dtype=jnp.uint32)).tolist() == jax.random.bits(jax.random.key(1), (5,)).tolist()
    assert threefry_2x32(key, jnp.arange(4, dtype=jnp.uint32).reshape(2, 2)).shape == (2, 2)
    assert threefry2x32_p.name == "threefry2x32"
    assert (jax.random.key_data(seed_with_impl(threefry_prng_impl, 3)) == jnp.array([0, 3])).all()
    with pytest.raises(TypeError, match="uint32"):
        threefry_2x32(key, jnp.arange(4))
