"""Operations of jax.lax under less common names: what composite, dce_sink and the generators of bits are in programs."""
from functools import partial

import jax
import jax.numpy as jnp
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
