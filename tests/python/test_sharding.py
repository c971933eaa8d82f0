"""Meshes, partition specs and shardings as values; one device takes them, several are refused by name."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec as P


def test_partition_specs():
    spec = P("x", ("y", "z"), None)
    assert (len(spec), spec[1], list(spec)) == (3, ("y", "z"), ["x", ("y", "z"), None])
    assert spec == P(("x",), ("y", "z"), None) and hash(spec) == hash(P("x", ("y", "z"), None)) and spec != P("x")
    assert str(spec) == "P('x', ('y', 'z'), None)"
    assert jax.tree.leaves(spec) == [spec]


def test_meshes():
    mesh = jax.make_mesh((1, 1), ("x", "y"), axis_types=(AxisType.Auto, AxisType.Explicit))
    assert (dict(mesh.shape), mesh.size, mesh.axis_names, mesh.explicit_axes) == ({"x": 1, "y": 1}, 1, ("x", "y"), ("y",))
    assert mesh == Mesh(mesh.devices, ("x", "y"), axis_types=(AxisType.Auto, AxisType.Explicit))
    assert str(mesh) == "Mesh('x': 1, 'y': 1, axis_types=(Auto, Explicit))"
    with mesh:
        assert jax.sharding.get_mesh() is mesh
    with jax.set_mesh(mesh):
        assert jax.sharding.get_abstract_mesh() == mesh.abstract_mesh
    assert jax.sharding.get_abstract_mesh().empty
    with pytest.raises(ValueError, match="axis_names"):
        Mesh(mesh.devices, ("x",))


def test_named_shardings():
    mesh = jax.make_mesh((1,), ("x",))
    sharding = NamedSharding(mesh, P("x"))
    assert sharding.shard_shape((4, 2)) == (4, 2) and sharding.is_fully_replicated and isinstance(sharding, jax.sharding.Sharding)
    assert isinstance(jnp.ones(2).sharding, jax.sharding.SingleDeviceSharding)
    assert (jax.device_put(jnp.arange(4), sharding) == jnp.arange(4)).all()
    with pytest.raises(ValueError, match="not found in mesh"):
        NamedSharding(mesh, P("y"))
    two = Mesh(list(mesh.devices) * 2, ("x",))
    with pytest.raises(NotImplementedError, match="2 devices"):
        jax.device_put(jnp.arange(4), NamedSharding(two, P("x")))


def test_shard_map_on_one_device():
    mesh = jax.make_mesh((1, 1), ("x", "y"), axis_types=(AxisType.Auto,) * 2)
    f = jax.shard_map(lambda a, b: (jax.lax.psum(a @ b, "x") + jax.lax.axis_index("y"), {"a": a}), mesh=mesh, in_specs=(P("x"), P(None, "y")),
                      out_specs=(P("x"), P()))
    a, b = jnp.ones((2, 3)), jnp.ones((3, 2))
    assert f(a, b)[0].tolist() == jax.jit(f)(a, b)[0].tolist() == [[3, 3]] * 2
    assert jax.grad(lambda v: f(v, b)[0].sum())(a).tolist() == [[2.0] * 3] * 2
    with jax.set_mesh(mesh):
        assert jax.shard_map(lambda v: v * 2, out_specs=P("x"))(b).shape == (3, 2)


@pytest.mark.parametrize("specs, args, message", [((P("z"), P()), (jnp.ones(2),), "axis 'z'"), ((P("x"), P()), (1.0,), "rank 0"),
                                                  ((P(), P("x", "y")), (jnp.ones(2),), "out_specs")])
def test_shard_map_refuses(specs, args, message):
    mesh = jax.make_mesh((1, 1), ("x", "y"), axis_types=(AxisType.Auto,) * 2)
    with pytest.raises(ValueError, match=message):
        jax.shard_map(lambda v: v, mesh=mesh, in_specs=specs[0], out_specs=specs[1])(*args)
    with pytest.raises(ValueError, match="needs a mesh"):
        jax.shard_map(lambda v: v, in_specs=P(), out_specs=P())(1.0)


def test_meshes_tell_the_types_of_all_axes():
    mesh = jax.make_mesh((1, 1), ("a", "b"), axis_types=(jax.sharding.AxisType.Explicit,) * 2)
    assert mesh.are_all_axes_explicit and not mesh.are_all_axes_auto and not mesh.are_all_axes_manual
    assert mesh.abstract_mesh.are_all_axes_explicit and not jax.sharding.AbstractMesh((), ()).are_all_axes_auto


def test_results_may_be_sent_where_they_lie():
    x, key, here = jnp.ones((2, 3)), jax.random.key(0), jax.devices()[0]
    mesh = jax.make_mesh((1,), ("x",))
    draws = jax.random.bernoulli(key, 0.5, (3,))
    for place in (jax.typeof(x).sharding, NamedSharding(mesh, P("x"))):
        assert (jax.random.bernoulli(key, 0.5, (3,), out_sharding=place) == draws).all() and jnp.einsum("ij,kj->ik", x, x, out_sharding=place).shape == (2, 2)
    with jax.set_mesh(mesh):
        assert (jax.random.bernoulli(key, 0.5, (3,), out_sharding=P("x")) == draws).all()
    assert jnp.zeros(2, device=here).device == here
    with pytest.raises(NotImplementedError, match="out_sharding"):
        jax.random.bernoulli(key, 0.5, (3,), out_sharding="everywhere")


def test_functions_that_partition_themselves_run_as_they_are_on_one_device():
    from jax.experimental.custom_partitioning import custom_partitioning

    @custom_partitioning
    def transform(x):
        """A transform."""
        return jnp.fft.fft(x)

    with pytest.raises(ValueError, match="sharding_rule"):
        transform.def_partition(lambda mesh, args, out: None)
    transform.def_partition(lambda mesh, args, out: (mesh, transform.fun, out.sharding, tuple(a.sharding for a in args)), sharding_rule="... i -> ... i",
                            need_replication_factors=("i",))
    x = jnp.arange(4.0)
    assert transform.__doc__ == "A transform." and transform(x).tolist() == jax.jit(transform)(x).tolist() == jnp.fft.fft(x).tolist()


def test_arrays_keep_the_sharding_that_they_were_given():
    mesh = jax.make_mesh((1, 1), ("x", "y"), axis_types=(AxisType.Auto,) * 2)
    s, rows = NamedSharding(mesh, P("x", "y")), NamedSharding(mesh, P("x", None))
    plain = jnp.arange(8.0).reshape(4, 2)
    x = jax.device_put(plain, s)
    assert x.sharding == s and x.sharding.spec == P("x", "y") and x.committed and x.tolist() == plain.tolist()
    assert not plain.committed and not isinstance(plain.sharding, NamedSharding)
    assert x.addressable_shards[0].data.shape == (4, 2)
    tree = jax.device_put({"a": plain, "b": [np.ones(3), 2.0]}, {"a": s, "b": NamedSharding(mesh, P())})
    assert tree["a"].sharding == s and tree["b"][0].sharding.spec == tree["b"][1].sharding.spec == P()
    assert jax.device_put(x, jax.devices()[0]).sharding != s and jax.device_put(plain).committed is False
    assert jax.jit(lambda x: (x @ x.T, x), in_shardings=s, out_shardings=(rows, None))(x)[0].sharding == rows
    assert jax.jit(out_shardings=rows)(lambda x: x * 2)(plain).sharding == rows
    assert jax.lax.with_sharding_constraint(plain, s).sharding == s and jax.jit(lambda x: jax.lax.with_sharding_constraint(x, s))(plain).tolist() == plain.tolist()
    assert jax.make_array_from_callback((4, 2), s, lambda index: np.asarray(plain)[index]).sharding == s
    assert jax.grad(lambda x: jax.device_put(x, s).sum())(plain).tolist() == jnp.ones((4, 2)).tolist()
    with jax.set_mesh(mesh):
        assert jax.device_put(plain, P("y")).sharding.spec == P("y")
