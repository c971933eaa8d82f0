"""Names at the top level of jax and in its small modules: slices with traced starts, flags, pytrees one level at a time, profiles, monitoring."""
import gzip
import json
import time
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest


def test_a_slice_may_start_anywhere():
    x = jnp.arange(12).reshape(3, 4)
    cut = jax.jit(lambda x, i, j: x[jax.ds(i, 2), jax.ds(j, 2, 2)])
    assert cut(x, 1, 0).tolist() == [[4, 6], [8, 10]]
    assert cut(x, -2, 1).tolist() == [[5, 7], [9, 11]]
    assert cut(x, 7, 0).tolist() == [[4, 6], [8, 10]]  # moved into the array
    assert x[..., jax.ds(jnp.int32(1), 2)].shape == (3, 2)
    assert x[jax.ds(None), jax.ds(2)].tolist() == x[:, :2].tolist()
    written = jax.jit(lambda x, i: x.at[jax.ds(i, 2), 3].add(jnp.array([10, 20])))(x, 1)
    assert written.tolist() == [[0, 1, 2, 3], [4, 5, 6, 17], [8, 9, 10, 31]]
    assert x.at[jax.ds(jnp.int32(0), 2, 2)].set(0)[:, 1].tolist() == [0, 5, 0]
    assert jax.grad(lambda x: x[jax.ds(jnp.int32(1), 2)].sum())(jnp.ones(4)).tolist() == [0, 1, 1, 0]
    with pytest.raises(ValueError, match="4 elements, the axis 3"):
        x[jax.ds(jnp.int32(0), 4)]
    with pytest.raises(TypeError):
        x[jax.ds(1.5, 2)]


def test_a_slice_of_a_reference():
    def f(i):
        r = jax.new_ref(jnp.arange(6.))
        r[jax.ds(i, 2)] = jnp.zeros(2)
        return r[jax.ds(1, 3)], r[...]
    part, whole = jax.jit(f)(2)
    assert part.tolist() == [1, 0, 0] and whole.tolist() == [0, 1, 0, 0, 4, 5]


def test_a_slice_is_a_pytree():
    i, = jax.tree.leaves(jax.ds(jnp.int32(3), 2))
    assert int(i) == 3 and jax.tree.leaves(jax.ds(3, 2)) == []
    assert jax.tree.unflatten(jax.tree.structure(jax.ds(jnp.int32(3), 2)), [5]) == type(jax.ds(3, 2))(5, 2, 1)


def test_flags_are_contexts():
    with jax.default_device(jax.devices()[0]), jax.transfer_guard("allow"), jax.softmax_custom_jvp(True):
        assert jnp.ones(2).sum() == 2
    with pytest.raises(ValueError):
        jax.transfer_guard("nonsense").__enter__()
    with pytest.raises(NotImplementedError, match="jax_random_seed_offset"):
        jax.config.update("jax_random_seed_offset", 1)
    assert jax.config.jax_transfer_guard == "allow" or jax.config.jax_transfer_guard is None


def test_transfers_may_be_refused(capfd):
    x, n = jnp.ones(3), np.ones(3, np.float32)
    with jax.transfer_guard("disallow"):
        assert (jax.device_put(n) + x).tolist() == [2, 2, 2] and np.asarray(x).tolist() == [1, 1, 1]
        for transfer in (lambda: jnp.sin(n), lambda: jnp.asarray(n), lambda: x + 1, lambda: jax.jit(jnp.sin)(n)):
            with pytest.raises(jax.errors.JaxRuntimeError, match="Disallowed host-to-device transfer"):
                transfer()
        assert jax.jit(lambda x: x * 2 + 1)(x).tolist() == [3, 3, 3]  # constants of a program are none
        with jax.transfer_guard_host_to_device("allow"):
            assert jnp.sin(n).shape == (3,)
    with jax.transfer_guard_host_to_device("disallow_explicit"), pytest.raises(jax.errors.JaxRuntimeError):
        jax.device_put(n)
    with jax.transfer_guard("log"):
        jnp.sin(n)
    assert "float32[3]" in capfd.readouterr().err and jnp.sin(n).shape == (3,)


def test_one_process_one_device():
    assert (jax.host_id(), jax.host_count(), jax.host_ids()) == (0, 1, [0])
    x = jnp.arange(3)
    shard, = x.addressable_shards
    assert isinstance(shard, jax.Shard) and shard.index == (slice(None),) and shard.data is x
    assert jax.make_array_from_single_device_arrays((3,), x.sharding, [x]).tolist() == [0, 1, 2]
    assert jax.make_array_from_process_local_data(x.sharding, np.ones(2)).tolist() == [1, 1]
    with pytest.raises(ValueError):
        jax.make_array_from_single_device_arrays((4,), x.sharding, [x])


def test_shapes_like_values():
    assert jax.ShapeDtypeStruct.like(np.ones(3)) == jax.ShapeDtypeStruct((3,), "float32")
    assert jax.ShapeDtypeStruct.like(3.).weak_type


def test_pytrees_one_level_at_a_time():
    from jax.tree_util import DictKey, SequenceKey, default_registry, flatten_one_level, flatten_one_level_with_keys, is_tree_node
    assert flatten_one_level({"b": [2], "a": 1}) == ((1, [2]), ("a", "b"))
    assert flatten_one_level([1, (2, 3)]) == ([1, (2, 3)], None)
    assert flatten_one_level(None) == ((), None)
    assert flatten_one_level_with_keys({"a": 1}) == (((DictKey("a"), 1),), ("a",))
    assert flatten_one_level_with_keys((5,))[0] == ((SequenceKey(0), 5),)
    with pytest.raises(ValueError):
        flatten_one_level(3)
    assert [is_tree_node(c) for c in (list, dict, tuple, type(None), int, jax.Array)] == [True, True, True, True, False, False]
    assert default_registry.is_node(dict) and default_registry.flatten_one_level((1,)) == ((1,), None)


def test_static_fields():
    @jax.tree_util.register_dataclass
    @dataclass
    class Op:
        x: jax.Array
        kind: str = jax.tree.static(default="add")

    leaves, treedef = jax.tree.flatten(Op(1))
    assert leaves == [1] and jax.tree.unflatten(treedef, [2]) == Op(2, "add")
    assert treedef != jax.tree.structure(Op(1, "mul"))


def test_a_profile_shows_annotations_and_compilations(tmp_path):
    @jax.profiler.annotate_function
    def work():
        return jax.jit(lambda x: jnp.sin(x) * 2)(jnp.ones(3))

    with jax.profiler.trace(tmp_path, create_perfetto_trace=True):
        with jax.profiler.StepTraceAnnotation("train", step_num=3):
            work()
            time.sleep(0.01)
        with pytest.raises(RuntimeError, match="already"):
            jax.profiler.start_trace(tmp_path)
    with pytest.raises(RuntimeError):
        jax.profiler.stop_trace()
    folder, = (tmp_path / "plugins" / "profile").iterdir()
    traces = [json.loads(gzip.open(f).read())["traceEvents"] for f in folder.iterdir()]
    assert len(traces) == 2 and traces[0] == traces[1]
    spans = {e["name"]: e for e in traces[0] if e["ph"] == "X"}
    step = spans["train"]
    assert step["args"]["step_num"] == 3 and step["dur"] >= 1e4
    inner = [e for n, e in spans.items() if n.endswith("work") or n.endswith("jaxpr_trace_duration")]
    assert len(inner) == 2 and all(step["ts"] <= e["ts"] <= e["ts"] + e["dur"] <= step["ts"] + step["dur"] for e in inner)


def test_listeners_hear_of_tracing():
    heard = []
    listener = lambda event, seconds, **facts: heard.append((event, facts.get("fun_name")))
    jax.monitoring.register_event_duration_secs_listener(listener)

    @jax.jit
    def sevenfold(x):
        return x * 7
    sevenfold(jnp.ones(3))
    jax.monitoring.unregister_event_duration_listener(listener)
    jax.jit(lambda x: x * 8)(jnp.ones(3))
    assert ("/jax/core/compile/jaxpr_trace_duration", "sevenfold") in heard
    assert all(name == "sevenfold" for _, name in heard)


def test_the_generator_of_new_keys():
    made = jax.jit(lambda: jax.random.key_data(jax.random.key(1)))
    assert made().shape == (2,)
    with jax.default_prng_impl("rbg"):
        assert made().shape == (4,) and jax.random.PRNGKey(1).shape == (4,)
        assert jax.random.key_impl(jax.random.key(1)) == "rbg" and jax.random.uniform(jax.random.PRNGKey(1)).shape == ()
    assert made().shape == (2,) and jax.random.key_dtype() == jax.random.key(0).dtype
    with pytest.raises(ValueError):
        jax.config.update("jax_default_prng_impl", "fastest")


def test_precisions_of_products_are_checked():
    with pytest.raises(ValueError, match="highest"):
        jax.default_matmul_precision("nonsense").__enter__()
    with pytest.raises(ValueError, match="highest"):
        jax.config.update("jax_default_matmul_precision", "nonsense")
    with jax.default_matmul_precision("bfloat16"), jax.default_matmul_precision("F32_F32_F32"):
        assert (jnp.ones((2, 2)) @ jnp.ones(2)).tolist() == [2, 2]


def test_static_arguments_of_pmap():
    x = jnp.arange(3.)[None]
    f = jax.pmap(lambda n, x, how: getattr(jnp, how)(x * n), static_broadcasted_argnums=(0, 2))
    assert f(2, x, "sin").tolist() == jnp.sin(x * 2).tolist() and f(3, x, "cos").tolist() == jnp.cos(x * 3).tolist()
    assert jax.pmap(lambda x, n: x + n, in_axes=(0, None), static_broadcasted_argnums=1)(x, 4).tolist() == [[4, 5, 6]]
    with pytest.raises(ValueError, match="static_broadcasted_argnums"):
        f(2, x)


def test_equations_can_be_derived_from():
    from jax.extend.core import JaxprEqn

    class Equation(JaxprEqn):
        note = "mine"
    e = jax.make_jaxpr(jnp.sin)(1.).eqns[0]
    made = Equation(e.invars, e.outvars, e.primitive, e.params, e.effects, e.source_info)
    assert made.note == "mine" and isinstance(made, JaxprEqn) and str(made.primitive) == "sin"
