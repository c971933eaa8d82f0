"""Operations of jax.lax under less common names: what composite, dce_sink and the generators of bits are in programs."""
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax


@partial(lax.composite, name="my.scale", version=2)
def scaled(x, *, by):
    return {"y": x * by}


def test_a_composite_computes_its_program():
    assert scaled(3., by=2.)["y"] == 6
    assert jax.jit(lambda x: scaled(x, by=2.)["y"] + 1)(3.) == 7
    with pytest.raises(jax.errors.UnexpectedTracerError):
        jax.jit(lambda x: scaled(x, by=x))(3.)


def test_a_composite_is_one_equation():
    assert str(jax.make_jaxpr(lambda x: scaled(x, by=2.))(1.)) == """{ lambda ; a:f32[]. let
    b:f32[] = composite[
      attributes=(('by', (2.0,), PyTreeDef(*)),)
      jaxpr={ lambda ; c:f32[]. let d:f32[] = mul c 2.0:f32[] in (d,) }
      name=my.scale
      version=2
    ] a
  in (b,) }"""


def test_a_composite_has_no_derivative():
    with pytest.raises(ValueError, match="JVP rule for composite not implemented"):
        jax.grad(lambda x: scaled(x, by=2.)["y"])(1.)
    with pytest.raises(NotImplementedError, match="composite"):
        jax.vmap(lambda x: scaled(x, by=2.))(jnp.arange(3.))


def test_what_a_sink_uses_stays():
    def f(x):
        assert lax.dce_sink({"a": jnp.sin(x)}) is None
        return x * 2
    assert [e.primitive.name for e in jax.make_jaxpr(f)(1.).eqns] == ["sin", "dce_sink", "mul"]
    assert jax.jit(f)(1.) == 2 and jax.grad(jax.jit(f))(1.) == 2 and jax.vmap(f)(jnp.arange(2.)).tolist() == [0, 2]


def test_two_draws_differ():
    draw = jax.jit(lambda: (lax.rng_uniform(0., 1., (8,)), lax.rng_uniform(0., 1., (8,))))
    a, b = draw()
    assert bool((a != b).any()) and bool((a != draw()[0]).any()) and bool(((a >= 0) & (a < 1)).all())


def test_top_k_gives_a_list():
    for result in (lax.top_k(jnp.arange(4.), 2), lax.approx_max_k(jnp.arange(4.), 2), lax.approx_min_k(jnp.arange(4.), 2)):
        assert type(result) is list and len(result) == 2


def test_approx_top_k_is_an_equation_with_derivatives():
    eqn, = jax.make_jaxpr(lambda x: lax.approx_min_k(x, 2))(jnp.arange(4.)).eqns
    assert eqn.primitive is lax.approx_top_k_p and eqn.params == {
        "aggregate_to_topk": True, "is_max_k": False, "k": 2, "recall_target": 0.95, "reduction_dimension": -1, "reduction_input_size_override": -1}
    x = jnp.array([3., 1., 2., 5.])
    assert jax.grad(lambda x: (lax.approx_min_k(x, 2)[0] * jnp.array([1., 10.])).sum())(x).tolist() == [0, 1, 10, 0]
    values, places = jax.jit(jax.vmap(lambda x: lax.approx_max_k(x, 1), in_axes=1, out_axes=1))(x.reshape(2, 2))
    assert values.tolist() == [[3, 5]] and places.tolist() == [[0, 1]]


def test_the_generator_prints_its_algorithm():
    text = str(jax.make_jaxpr(lambda k: lax.rng_bit_generator(k, (3,)))(jnp.zeros(4, "uint32")))
    assert "algorithm=RNG_DEFAULT" in text and "dtype=uint32" in text
    with pytest.raises(TypeError, match=r"uint32\[4\]"):
        lax.rng_bit_generator(jnp.zeros(2, "uint32"), (3,))


# ---- polar decomposition: the steps and whether they converged are JAX's ----

TALL = np.array([[3., 1., 2.], [1., -4., 0.], [0.5, 2., 1.], [2., 0., -1.]], np.float32)


@pytest.mark.parametrize("x, options, steps, converged", [
    (TALL, {}, 4, True), (TALL[:3], {}, 4, True), (TALL[:3], {"eps": 1e-3}, 3, True), (TALL[:, :1], {}, 4, True), (TALL[:3], {"max_iterations": 2}, 2, False),
    (TALL[:3] + 1j * TALL[1:], {}, 4, True), (np.eye(3, dtype=np.float32), {}, 4, True)])
@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_qdwh(x, options, steps, converged, wrap):
    u, h, done, ended = wrap(lambda x: lax.linalg.qdwh(x, **options))(x)
    assert (int(done), bool(ended), h.shape) == (steps, converged, (x.shape[1],) * 2)
    if converged:
        assert np.allclose(u @ h, x, atol=1e-5) and np.allclose(u.T.conj() @ u, np.eye(x.shape[1]), atol=1e-5)
        assert np.allclose(h, h.T.conj()) and np.linalg.eigvalsh(h).min() > 0


def test_qdwh_of_a_part():
    padded = np.ones((5, 4), np.float32)
    padded[:4, :3] = TALL
    u, h, *_ = lax.linalg.qdwh(padded, dynamic_shape=(4, 3))
    assert np.allclose(u[:4, :3] @ h[:3, :3], TALL, atol=1e-5) and not np.any(u[4:]) and not np.any(h[3:])


@pytest.mark.parametrize("x, options", [(TALL.T, {}), (TALL[0], {}), (TALL[None], {}), (np.eye(3, dtype=int), {}), (TALL, {"dynamic_shape": (2,)})])
def test_qdwh_refuses(x, options):
    with pytest.raises(ValueError):
        lax.linalg.qdwh(x, **options)


# ---- branches ----

@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_branch_given_twice_is_traced_once(n):
    traced = []

    def f(x):
        traced.append("f")
        return x ** 2

    def g(x):
        traced.append("g")
        return x + 1.
    assert [float(lax.switch(k, [f, g] * n, 3.)) for k in (0, 1)] == [9., 4.]
    assert traced == ["f", "g"]
    traced.clear()
    assert float(lax.cond(True, f, f, 3.)) == 9. and traced == ["f"]
    assert jax.grad(lambda x: lax.switch(1, [f, g, f], x))(3.) == 1. and traced == ["f"]


# ---- names ----

def test_pcast_changes_nothing_on_one_device():
    from jax.sharding import PartitionSpec as P
    mesh = jax.make_mesh((1,), ("i",))
    x = jnp.arange(3.)
    assert jax.shard_map(lambda x: lax.pcast(x, "i", to="varying"), mesh=mesh, in_specs=P(), out_specs=P("i"))(x).tolist() == [0, 1, 2]
    assert lax.pcast(x, (), to="varying") is x
    for error, axes, to in ((ValueError, "i", "varying"), (TypeError, {"i"}, "varying"), (ValueError, "i", "elsewhere")):
        with pytest.raises(error):
            lax.pcast(x, axes, to=to)


@pytest.mark.parametrize("bind", [lambda x: lax.device_put_p.bind(x, devices=(None,), srcs=(None,), copy_semantics=(None,))[0],
                                  lambda x: lax.sharding_constraint_p.bind(x, sharding=None)], ids=["device_put", "sharding_constraint"])
def test_primitives_that_move_arrays(bind):
    x = jnp.arange(3.)
    assert bind(x).tolist() == jax.jit(bind)(x).tolist() == jax.vmap(bind)(x).tolist() == [0, 1, 2]
    assert jax.jvp(bind, (x,), (2 * x,))[1].tolist() == [0, 2, 4] and jax.grad(lambda x: bind(x * x).sum())(x).tolist() == [0, 2, 4]


def test_primitives_that_only_have_names():
    for name in ("create_token", "after_all", "select_and_scatter", "ragged_all_to_all", "stage"):
        p = getattr(lax, name + "_p")
        assert str(p) == name and not p.multiple_results
    assert lax.stage(3).weak_type and lax.stage(np.float16(2)).dtype == jnp.float16


# ---- products of blocks with scales ----

def test_scaled_matmul():
    x, y = np.arange(8., dtype=np.float32).reshape(1, 2, 4), np.arange(12., dtype=np.float32).reshape(1, 3, 4)
    s, t = np.array([[[1, 2], [3, 4]]], np.float32), np.array([[[2, 1], [1, 1], [1, 3]]], np.float32)
    wanted = np.einsum("bmk,bnk->bmn", x * s.repeat(2, -1), y * t.repeat(2, -1))
    assert np.array_equal(jax.nn.scaled_matmul(x, y, s, t), wanted)
    assert jax.nn.scaled_matmul(x, y, s, t, preferred_element_type=jnp.bfloat16).dtype == jnp.bfloat16
    for wrong in ((x[0], y, s, t), (x, y[..., :3], s, t), (x, y, s[:, :1], t), (x, y, s, t[..., :1])):
        with pytest.raises(ValueError):
            jax.nn.scaled_matmul(*wrong)


def test_scaled_dot_general():
    x, y, dims = np.ones((2, 3), np.float32), np.ones((3, 4), np.float32), (((1,), (0,)), ((), ()))
    assert jax.nn.scaled_dot_general(x, y, dims).tolist() == (x @ y).tolist()
    config = jax.nn.get_scaled_dot_general_config("mxfp8")
    assert (config.block_size, config.data_type, config.global_scale) == (32, jnp.float8_e4m3fn, None)
    with pytest.raises(NotImplementedError):
        jax.nn.scaled_dot_general(x, y, dims, configs=[config] * 3)
    with pytest.raises(ValueError):
        jax.nn.get_scaled_dot_general_config("int8")
