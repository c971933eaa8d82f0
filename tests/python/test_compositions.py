"""Functions that use one transformation, under another: every pair agrees with the function written plainly."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.experimental import checkify


def by_custom_jvp(f):
    h = jax.custom_jvp(f)
    h.defjvp(lambda primals, tangents: jax.jvp(f, primals, tangents))
    return h


def by_custom_vjp(f):
    h = jax.custom_vjp(f)
    h.defvjp(lambda x: jax.vjp(f, x), lambda pull, ct: pull(ct))
    return h


def through_reference(x):
    ref = jax.new_ref(x)
    ref[...] = jnp.sin(ref[...])
    return ref[...] * x


def root(x):
    newton = lambda f, y: lax.fori_loop(0, 20, lambda _, y: y - f(y) / (3 * y * y), y)
    return lax.custom_root(lambda y: y ** 3 - x - 2, 1.3, newton, lambda g, y: y / g(1.))


FUNCTIONS = {  # a function and what it computes
    "plain": (lambda x: jnp.sin(x) * x, lambda x: jnp.sin(x) * x),
    "scan": (lambda x: lax.scan(lambda c, _: (jnp.sin(c), None), x, None, length=2)[0], lambda x: jnp.sin(jnp.sin(x))),
    "rows": (lambda x: lax.scan(lambda c, v: (c * v, jnp.sin(c * v)), x, jnp.arange(1., 3.))[1].sum(), lambda x: jnp.sin(x) + jnp.sin(2 * x)),
    "fori": (lambda x: lax.fori_loop(0, 2, lambda i, c: jnp.sin(c) + i, x), lambda x: jnp.sin(jnp.sin(x)) + 1),
    "while": (lambda x: lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, jnp.sin(s[1])), (0, x))[1], lambda x: jnp.sin(jnp.sin(x))),
    "cond": (lambda x: lax.cond(x > 0.5, jnp.sin, lambda x: x * x, x), lambda x: jnp.where(x > 0.5, jnp.sin(x), x * x)),
    "jit": (jax.jit(lambda x: jnp.sin(x) * x), lambda x: jnp.sin(x) * x),
    "checkpoint": (jax.checkpoint(lambda x: jnp.sin(jnp.sin(x))), lambda x: jnp.sin(jnp.sin(x))),
    "reference": (through_reference, lambda x: jnp.sin(x) * x),
    "custom_gradient": (jax.custom_gradient(lambda x: (jnp.sin(x), lambda ct: ct * jnp.cos(x))), jnp.sin),
    "root": (root, lambda x: (x + 2) ** (1 / 3)),
    "map": (lambda x: lax.map(lambda v: jnp.sin(v) * x, jnp.arange(3.)).sum(), lambda x: jnp.sin(jnp.arange(3.)).sum() * x),
    "pull": (lambda x: jax.jit(lambda x: jax.vjp(jnp.sin, x))(x)[1](x)[0], lambda x: jnp.cos(x) * x),
}
FORWARD = {
    "jit": jax.jit,
    "grad": jax.grad,
    "vmap": lambda f: lambda x: jax.vmap(f)(jnp.stack([x, x * 0.9])).sum(),
    "checkpoint": jax.checkpoint,
    "scan": lambda f: lambda x: lax.scan(lambda c, _: (f(c), None), x, None, length=2)[0],
    "cond": lambda f: lambda x: lax.cond(x > -5, f, lambda x: x * 1., x),
    "custom_jvp": by_custom_jvp,
    "custom_vjp": by_custom_vjp,
    "checkify": lambda f: lambda x: checkify.checkify(f, errors=checkify.all_checks)(x)[1],
    "halves": lambda f: lambda x: (lambda forward, backward: backward(forward(x)[1], jnp.ones_like(x)))(*jax.fwd_and_bwd(f, 0)),
}
MEANING = {**{name: lambda f: f for name in FORWARD}, "grad": jax.grad, "halves": jax.grad, "vmap": FORWARD["vmap"], "scan": lambda f: lambda x: f(f(x))}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("outer", FORWARD)
def test_pairs(name, outer):
    f, plain = FUNCTIONS[name]
    x = jnp.float32(0.7)
    for inner in FORWARD:
        got, want = FORWARD[outer](FORWARD[inner](f))(x), MEANING[outer](MEANING[inner](plain))(x)
        assert np.allclose(got, want, rtol=1e-4), (outer, inner)


def test_a_rule_with_a_loop_is_linearized():
    """The loop of a jvp carries values and tangents; its transpose is that of the tangents."""
    f = by_custom_jvp(FUNCTIONS["scan"][0])
    text = str(jax.make_jaxpr(jax.grad(f))(0.7))
    assert text.count("scan[") == 2 and "reverse=True" in text
    assert np.allclose(jax.jit(jax.vmap(jax.grad(f)))(jnp.arange(3.)), jax.vmap(jax.grad(FUNCTIONS["scan"][1]))(jnp.arange(3.)))


@pytest.mark.parametrize("forward", [lambda f: jax.jvp(f, (1.,), (1.,)), lambda f: jax.jacfwd(f)(1.), lambda f: jax.vmap(jax.linearize(f, 1.)[1])(jnp.ones(2))])
def test_custom_vjp_has_no_forward_mode(forward):
    with pytest.raises(TypeError, match="can't apply forward-mode"):
        forward(by_custom_vjp(jnp.sin))


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("inner", [lambda f: f, FORWARD["scan"], FORWARD["cond"], jax.jit])
def test_tangents_of_custom_vjp_are_transposed(name, inner):
    """They have no value, but a transpose."""
    f, plain = FUNCTIONS[name]
    x, g = jnp.float32(0.7), inner(by_custom_vjp(f))
    back = jax.linear_transpose(lambda t: jax.jvp(g, (x,), (t,))[1], x)
    assert np.allclose(back(jnp.float32(2))[0], 2 * jax.grad(inner(plain))(x), rtol=1e-4)


def test_an_equation_with_a_rule_is_linearized_too():
    f = by_custom_jvp(lambda x: lax.switch(jnp.int32(x * 2), [jnp.sin, jnp.cos, lambda x: x * x], x))
    g = FORWARD["halves"](FORWARD["cond"](f))
    assert np.allclose(g(jnp.float32(0.7)), -np.sin(np.float32(0.7)), rtol=1e-5)
