"""What libraries built on JAX ask of its less known modules."""
import sys
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import get_opaque_trace_state


def test_trace_states_tell_transformations_apart():
    outside = get_opaque_trace_state()
    seen = []

    def f(x):
        seen.append(get_opaque_trace_state())
        assert get_opaque_trace_state() == seen[-1] and hash(get_opaque_trace_state()) == hash(seen[-1])
        return x * 2

    jax.jit(f)(1.0)
    jax.grad(f)(1.0)
    jax.vmap(f)(jnp.ones(3))
    assert outside == get_opaque_trace_state() and outside not in seen and len(set(seen)) == 3


def test_events_are_heard():
    from jax import monitoring
    heard = []
    listener = lambda event, **kwargs: heard.append((event, kwargs))
    timer = lambda event, seconds, **kwargs: heard.append((event, seconds))
    monitoring.register_event_listener(listener)
    monitoring.register_event_duration_secs_listener(timer)
    monitoring.record_event("/a", k=1)
    monitoring.record_event_duration_secs("/b", 2.0)
    monitoring.unregister_event_listener(listener)
    monitoring.unregister_event_duration_listener(timer)
    monitoring.record_event("/c")
    assert heard == [("/a", {"k": 1}), ("/b", 2.0)]


def test_one_process_agrees_with_itself():
    from jax.experimental import mesh_utils, multihost_utils
    multihost_utils.sync_global_devices("here")
    assert multihost_utils.process_allgather(jnp.arange(2)).shape == (1, 2)
    assert multihost_utils.process_allgather(jnp.arange(2), tiled=True).shape == (2,)
    assert mesh_utils.create_device_mesh((1, 1)).shape == (1, 1)


def test_leaves_may_be_a_tuple():
    leaves, treedef = jax.tree_util.tree_flatten({"a": 1, "b": 2})
    assert jax.tree_util.tree_unflatten(treedef, tuple(leaves)) == {"a": 1, "b": 2}


def test_einsum_takes_the_usual_product_and_others():
    x = jnp.ones((2, 3))
    for f, product in [(jax.lax.dot_general, 3), (lambda *a, **k: 2 * jax.lax.dot_general(*a, **k), 6)]:
        assert (jnp.einsum("ij,kj->ik", x, x, _dot_general=f) == product).all()


def test_partial_is_a_class():
    class Mine(jax.tree_util.Partial):
        pass

    assert isinstance(jax.tree_util.Partial(max, 1), jax.tree_util.Partial) and Mine(max, 1)(2) == 2


def test_containers_are_told_from_leaves():
    from jax._src.tree_util import _registry
    assert all(t in _registry for t in (tuple, list, dict, type(None), jax.tree_util.Partial)) and int not in _registry


def test_modules_of_the_source_tree():
    from jax._src import ad_util, checkify, core
    from jax._src.state.types import AbstractRef
    from jax.experimental import checkify as public
    assert checkify is public and core is jax.core and AbstractRef is jax.ref.AbstractRef
    assert str(jax.make_jaxpr(ad_util.stop_gradient_p.bind)(1.0)) == str(jax.make_jaxpr(jax.lax.stop_gradient)(1.0))
    with pytest.raises(ImportError):
        from jax._src import no_such_module  # noqa: F401


def test_types_of_what_is_not_there():
    assert jax.typeof(jax.ShapeDtypeStruct((2,), "float32")) == jax.typeof(jnp.ones(2))
    for bad in ("a", [1, 2], None):
        with pytest.raises(TypeError, match="not a valid JAX"):
            jax.typeof(bad)


def test_keys_and_tracers_stay_on_the_device():
    key = jax.random.key(0)
    assert jax.device_get({"key": key, "x": jnp.ones(2), "n": "text"})["key"] is key and type(jax.device_get(jnp.ones(2))) is np.ndarray
    assert jax.vmap(lambda x: jax.device_get(x) * 2)(jnp.arange(3.)).tolist() == [0, 2, 4]


def test_check_grads_finds_wrong_rules():
    from jax.test_util import check_grads
    check_grads(lambda x, y: jnp.sin(x) * y["a"] + x ** 2, (jnp.arange(3.0) + 1, {"a": jnp.ones(3)}), order=2, eps=5e-3)
    check_grads(lambda z: (z * jnp.conj(z)).real * jnp.abs(z), (1.5 + 2j,), order=2)
    check_grads(lambda x, n: x * n, (2.0, 3), order=1)

    @jax.custom_jvp
    def wrong(x):
        return jnp.sin(x)

    wrong.defjvp(lambda primals, tangents: (wrong(*primals), tangents[0] * jnp.sin(primals[0])))
    for modes, message in ((["fwd"], "JVP tangent"), (["rev"], "VJP cotangent")):
        with pytest.raises(AssertionError, match=message):
            check_grads(wrong, (1.0,), order=1, modes=modes)


def test_booleans_together_are_never_weak():
    weak = jnp.asarray(1) > 0
    assert weak.weak_type and not (weak & weak).weak_type and not (weak * weak).weak_type and (~weak).weak_type
    assert jax.vmap(lambda _: jax.lax.psum(jnp.asarray(1), "i"), axis_name="i")(jnp.ones(2)).weak_type


def test_sparse_arrays():
    from jax.experimental import sparse
    dense = jnp.array([[0.0, 1, 0], [2, 0, 3]])
    s = sparse.BCOO.fromdense(dense)
    assert (s.nse, s.shape, s.dtype, s.size) == (3, (2, 3), jnp.float32, 6) and s.todense().tolist() == dense.tolist()
    assert (s @ jnp.arange(3.0)).tolist() == [1, 6] and (jnp.ones((4, 2)) @ s).tolist() == [[2, 1, 3]] * 4 and s.T.todense().tolist() == dense.T.tolist()
    assert jax.grad(lambda d: (sparse.BCOO((d, s.indices), shape=s.shape) @ jnp.arange(3.0)).sum())(s.data).tolist() == [1, 0, 2]
    assert jax.jit(lambda m: sparse.BCOO.fromdense(m, nse=5).todense())(dense).tolist() == dense.tolist()
    assert sparse.BCOO((jnp.ones(3), jnp.array([[0, 0], [0, 0], [5, 5]])), shape=(2, 2)).todense().tolist() == [[2, 0], [0, 0]]
    with pytest.raises(TypeError, match="shape"):
        s @ jnp.ones(2)
    assert repr(sparse.BCOO.fromdense(dense[None], n_batch=1, n_dense=1)) == "BCOO(float32[1, 2, 3], nse=2, n_batch=1, n_dense=1)"
    assert repr(s + s) == "BCOO(float32[2, 3], nse=3)" and jax.tree.map(jnp.shape, s).shape == (2, 3)
    assert jax.eval_shape(lambda x: x, s).shape == (2, 3)


def test_arrays_answer_what_jax_arrays_do():
    x = jnp.arange(6.0).reshape(2, 3)
    assert x.__array_namespace__() is jnp and x.__array_namespace__(api_version=jnp.__array_api_version__) is jnp
    with pytest.raises(ValueError, match="not available"):
        x.__array_namespace__(api_version="1999")
    assert x.tobytes() == np.asarray(x).tobytes() and x.is_ready() and x.on_device_size_in_bytes() == 24 and x.platform() == "cpu"
    assert x.clone().tolist() == x.tolist() and 5.0 in x and 7 not in x and "float32" in str(x.aval) and x.format.layout.major_to_minor == (0, 1)
    assert str(x.device) == "cpu:0"
    with pytest.raises(jax.errors.TracerBoolConversionError):
        jax.jit(lambda x: 1 in x)(x)


def test_random_keys_are_pickled():
    import copy
    import pickle
    for key in (jax.random.key(3), jax.random.split(jax.random.key(4, impl="rbg"), (2, 3))):
        for other in (pickle.loads(pickle.dumps(key)), copy.deepcopy(key)):
            assert other.dtype == key.dtype and (jax.random.key_data(other) == jax.random.key_data(key)).all()


def test_fillers_of_nonzero_may_differ_by_axis():
    x = jnp.array([[0, 1, 2], [3, 0, 0]])
    assert [p.tolist() for p in jnp.nonzero(x, size=5, fill_value=(7, 8))] == [[0, 0, 1, 7, 7], [1, 2, 0, 8, 8]]
    assert jnp.nonzero(jnp.zeros(3), size=2, fill_value=-1)[0].tolist() == [-1, -1]
    with pytest.raises(ValueError, match="fill_value"):
        jnp.nonzero(x, size=5, fill_value=(7, 8, 9))


def test_keys_compare_by_their_bits():
    for impl in "threefry2x32", "rbg":
        key = jax.random.key(0, impl=impl)
        keys = jax.random.split(key, 3)
        assert (key == jax.random.key(0, impl=impl)).item() and (keys != keys[1]).tolist() == [True, False, True]
        assert jax.jit(jax.vmap(lambda a, b: a == b))(keys, keys[::-1]).tolist() == [False, True, False]
    with pytest.raises(TypeError):
        jax.random.key(0) < jax.random.key(1)


def test_a_number_goes_to_every_segment_it_is_sent_to():
    assert jax.ops.segment_sum(2.0, jnp.array([0, 0, 2]), 3).tolist() == [4.0, 0.0, 2.0]
    assert jax.ops.segment_max(jnp.float32(2), jnp.array([1]), 2).tolist() == [-jnp.inf, 2.0]


def test_types_say_that_nothing_is_said_of_places():
    from jax.sharding import AbstractMesh, NamedSharding, PartitionSpec
    sharding = jax.typeof(jnp.ones((3, 2))).sharding
    assert sharding.is_fully_replicated and sharding == NamedSharding(AbstractMesh((), ()), PartitionSpec(None, None))
    assert str(PartitionSpec("x")) == "P('x',)" and "memory_kind" not in str(sharding)


def test_values_close_by_dtype():
    from jax._src.public_test_util import check_close
    check_close({"a": jnp.float32(1)}, {"a": jnp.float32(1.0001)}, atol={"float32": 1e-3}, rtol={jnp.float32: 0})
    check_close(jnp.arange(3), jnp.arange(3))
    for x, y in (jnp.float32(1), jnp.float32(1.001)), (jnp.arange(3), jnp.arange(1, 4)):
        with pytest.raises(AssertionError, match="not equal to tolerance"):
            check_close(x, y)


class _Flags(dict):
    """As much of absl.flags as a configuration needs."""

    class Flag:
        def __init__(self, kind, value):
            self.kind, self.value, self.present = kind, value, 0

    def __init__(self):
        kinds = {"DEFINE_bool": lambda text: text != "False", "DEFINE_integer": int, "DEFINE_float": float, "DEFINE_string": str}
        for name, kind in kinds.items():
            setattr(self, name, lambda flag, value, help, kind=kind: self.__setitem__(flag, self.Flag(kind, value)))
        self.FLAGS = self

    def __call__(self, argv, known_only):
        for name, _, text in (a.removeprefix("--").partition("=") for a in argv[1:]):
            self[name].value, self[name].present = self[name].kind(text or "True"), 1


def test_flags_of_the_command_line(monkeypatch):
    flags, later = _Flags(), []
    absl = types.ModuleType("absl")
    absl.flags, absl.app = flags, types.SimpleNamespace(call_after_init=later.append)
    monkeypatch.setitem(sys.modules, "absl", absl)
    monkeypatch.setattr(sys, "argv", ["program", "--jax_explain_cache_misses", "--jax_num_cpu_devices=3", "--steps=7", "--", "--jax_debug_nans"])
    before = jax.config.jax_num_cpu_devices
    try:
        jax.config.parse_flags_with_absl()
        assert jax.config.jax_explain_cache_misses is True and jax.config.jax_num_cpu_devices == 3 and not jax.config.jax_debug_nans
        flags["jax_num_cpu_devices"].value = 5
        later[0]()
        assert jax.config.jax_num_cpu_devices == 5
    finally:
        jax.config.update("jax_num_cpu_devices", before)
        jax.config.update("jax_explain_cache_misses", False)


def test_one_process_stands_for_several():
    from jax.experimental import colocated_python
    from jax.experimental.array_serialization import serialization
    from jax.experimental.colocated_python import func
    from jax.experimental.pjit import pjit
    assert pjit is jax.jit and func is colocated_python and issubclass(serialization.GlobalAsyncCheckpointManager, serialization.GlobalAsyncCheckpointManagerBase)
    jax.distributed.initialize()
    state = jax._src.distributed.global_state
    assert (state.process_id, state.num_processes, state.client, jax.distributed.is_initialized()) == (0, 1, None, False)
    assert jnp.ones(2).sharding._addressable_device_assignment == (jax.devices()[0],)
    for f in (lambda: jax.distributed.initialize("host:1", 2, 0), lambda: colocated_python.colocated_python(abs), lambda: serialization.GlobalAsyncCheckpointManager()):
        with pytest.raises(NotImplementedError, match="process"):
            f()


def test_modules_are_there_by_the_name_they_were_asked_by():
    import sys
    assert jax.tree_util is sys.modules["jax.tree_util"] and jax.nn is sys.modules["jax.nn"]


def test_backends_by_name():
    assert list(jax._src.xla_bridge._backends) == ["cpu"] and jax._src.xla_bridge.get_backend("cpu").platform == "cpu"


def test_modules_of_jaxlib():
    import jaxlib.version
    from jaxlib._jax import ArrayImpl, PjitFunction
    assert isinstance(jnp.ones(2), ArrayImpl) and isinstance(jax.jit(jnp.sin), PjitFunction) and jaxlib.version.__version__ == jaxlib.__version__
    for gone in ("jaxlib.xla_extension", "jaxlib._jax.PjitFunction", "jaxlib.mlir"):
        with pytest.raises(ModuleNotFoundError):
            __import__(gone)
