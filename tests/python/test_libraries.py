"""What libraries built on JAX ask of its less known modules."""
import jax
import jax.numpy as jnp
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


def test_einsum_takes_the_usual_product():
    x = jnp.ones((2, 3))
    assert jnp.einsum("ij,kj->ik", x, x, _dot_general=jax.lax.dot_general).shape == (2, 2)
    with pytest.raises(NotImplementedError, match="_dot_general"):
        jnp.einsum("ij,kj->ik", x, x, _dot_general=lambda *a, **k: None)
