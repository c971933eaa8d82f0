"""Each mistake raises the class that JAX raises, with a message that names what went wrong."""
import jax
import jax.errors
import jax.numpy as jnp
import numpy as np
import pytest

x = jnp.arange(3.)


def traced(f):
    return lambda: jax.jit(f)(x[1])


def leak():
    kept = []
    jax.jit(lambda v: kept.append(v + 1))(1.)
    return kept[0] + 1


def assign():
    x[0] = 1.


def assign_traced():
    def f(v):
        v[0] = 1.
    jax.jit(f)(x)


MISTAKES = [
    # conversions of traced values
    (traced(float), jax.errors.ConcretizationTypeError, "float"),
    (traced(int), jax.errors.ConcretizationTypeError, "int"),
    (traced(bool), jax.errors.TracerBoolConversionError, "boolean conversion"),
    (traced(lambda v: 1 if v > 0 else 2), jax.errors.TracerBoolConversionError, r"bool\[\]"),
    (traced(np.asarray), jax.errors.TracerArrayConversionError, "__array__"),
    (lambda: jax.jit(lambda k: [0, 1][k])(1), jax.errors.TracerIntegerConversionError, "__index__"),
    (lambda: jax.jit(lambda v: v[v > 0])(x), jax.errors.NonConcreteBooleanIndexError, "concrete"),
    (lambda: jax.jit(lambda v: v.item())(1.), jax.errors.ConcretizationTypeError, "item"),
    (lambda: jax.jit(lambda v: range(v))(1), jax.errors.TracerIntegerConversionError, "__index__"),
    (leak, jax.errors.UnexpectedTracerError, "side effect"),
    # immutability
    (assign, TypeError, r"x\.at\[idx\]\.set"),
    (assign_traced, TypeError, r"x\.at\[idx\]\.set"),
    (lambda: hash(x), TypeError, "unhashable"),
    (lambda: {x: 1}, TypeError, "unhashable"),
    # Python's protocols
    (lambda: float(x), TypeError, "Only scalar arrays"),
    (lambda: bool(x), ValueError, "ambiguous"),
    (lambda: bool(jnp.zeros(0)), ValueError, "empty"),
    (lambda: [0][jnp.array(0.)], TypeError, "integer"),
    (lambda: len(jnp.ones(())), TypeError, "unsized"),
    (lambda: list(jnp.ones(())), TypeError, "0-d"),
    (lambda: f"{x:.2f}", TypeError, "unsupported format string"),
    (traced(lambda v: f"{v:.2f}"), TypeError, "unsupported format string"),
    (lambda: x.foo, AttributeError, "foo"),
    (lambda: jnp.foo, AttributeError, "jax.numpy"),
    (lambda: jax.foo, AttributeError, "jax"),
    # operands
    (lambda: x + "a", TypeError, "unsupported operand"),
    (lambda: x + [1, 2, 3], TypeError, "unsupported operand"),
    (lambda: jnp.sin("a"), TypeError, "str"),
    (lambda: jnp.sin([1.]), TypeError, "list"),
    (lambda: jnp.array(object()), TypeError, "not a valid JAX array type"),
    (lambda: jnp.array(["a"]), TypeError, "not a valid JAX array type"),
    (lambda: jnp.array(np.array(["a"])), TypeError, "not a valid JAX array type"),
    (lambda: jnp.array([[1], [1, 2]]), ValueError, "inhomogeneous"),
    (lambda: jnp.add(jnp.ones(3), jnp.ones(4)), TypeError, "incompatible shapes for broadcasting"),
    (lambda: jnp.ones(3) + jnp.ones(4), TypeError, r"\(3,\), \(4,\)"),
    (lambda: jnp.dot(jnp.ones((2, 3)), jnp.ones((2, 3))), TypeError, "contracting dimensions"),
    (lambda: jnp.zeros(3, dtype="foo"), TypeError, "foo"),
    (lambda: jnp.array(2 ** 40), OverflowError, "out of bounds"),
    (lambda: jnp.add(1), TypeError, "missing"),
    (lambda: jnp.sum(x, nonsense=1), TypeError, "nonsense"),
    (lambda: jnp.sum(x, axis=3), ValueError, "axis 3"),
    (lambda: jnp.sum(x, axis="a"), NameError, "unbound axis name: a"),
    (lambda: x["a"], TypeError, "indices"),
    (lambda: x[0.5], TypeError, "indices"),
    (lambda: x[[0, 1]], TypeError, "non-tuple sequence"),
    (lambda: x[0, 0], IndexError, "[Tt]oo many indices"),
    (lambda: x.at[0].set(), TypeError, "set"),
    (lambda: x.at[0].set(1., nonsense=2), TypeError, "nonsense"),
    (lambda: x.at[0].set(1., mode="nonsense"), ValueError, "nonsense"),
    # jit
    (lambda: jax.jit(3), TypeError, "callable"),
    (lambda: jax.jit(lambda v: "a")(x), TypeError, "not a valid JAX type"),
    (lambda: jax.jit(lambda v: v)("a"), TypeError, "static_argnums"),
    (lambda: jax.jit(lambda v, n: v, static_argnums=1)(x, [1]), ValueError, "[Nn]on-hashable static"),
    (lambda: jax.jit(lambda v, n: v, static_argnums=1)(x, x), ValueError, "[Nn]on-hashable static"),
    (lambda: jax.jit(lambda v: v, static_argnums=5), ValueError, "static_argnums"),
    (lambda: jax.jit(lambda v: v, static_argnames="n"), ValueError, "n"),
    (lambda: jax.jit(lambda v, n: v, static_argnums=1, donate_argnums=1), ValueError, "donate"),
    (lambda: jax.jit(lambda v: v)(), TypeError, "missing 1 required positional argument"),
    # derivatives
    (lambda: jax.grad(3), TypeError, "callable"),
    (lambda: jax.grad(lambda v: v)(x), TypeError, r"scalar-output.*\(3,\)"),
    (lambda: jax.grad(lambda v: v)(1), TypeError, "int32"),
    (lambda: jax.grad(lambda v: v)("a"), TypeError, "str"),
    (lambda: jax.grad(lambda v: v, argnums=2)(1.), TypeError, "argnums=2"),
    (lambda: jax.grad(lambda v: (v, v))(1.), TypeError, "scalar-output"),
    (lambda: jax.grad(lambda v: "a")(1.), TypeError, "str"),
    (lambda: jax.grad(lambda v: v, has_aux=True)(1.), TypeError, "aux"),
    (lambda: jax.grad(lambda v: (v * 1j).imag, holomorphic=True)(1.), TypeError, "holomorphic"),
    (lambda: jax.jvp(lambda v: v, (1.,), (1,)), TypeError, "tangent"),
    (lambda: jax.jvp(lambda v: v, (x,), (jnp.ones(4),)), ValueError, "shapes"),
    (lambda: jax.jvp(lambda v: v, 1., 1.), TypeError, "tuples or lists"),
    (lambda: jax.vjp(lambda v: v, x)[1](jnp.ones(4)), ValueError, "cotangent"),
    # vmap
    (lambda: jax.vmap(3), TypeError, "callable"),
    (lambda: jax.vmap(lambda a, b: a)(jnp.ones(3), jnp.ones(4)), ValueError, "inconsistent sizes"),
    (lambda: jax.vmap(lambda v: v)(1.), ValueError, "rank"),
    (lambda: jax.vmap(lambda v: v, in_axes=1)(x), ValueError, "axis 1"),
    (lambda: jax.vmap(lambda v: v, in_axes=(0, 0))(x), ValueError, "in_axes"),
    (lambda: jax.vmap(lambda v: v, in_axes="a")(x), TypeError, "in_axes"),
    (lambda: jax.vmap(lambda a, b: a + b, in_axes=({"a": 0}, 0))({"b": x}, x), ValueError, "prefix"),
    # pytrees
    (lambda: jax.tree.map(lambda a, b: a, {"a": 1}, {"b": 1}), ValueError, "metadata"),
    (lambda: jax.tree.map(lambda a, b: a, [1], [1, 2]), ValueError, "lengths"),
    (lambda: jax.tree.map(lambda a, b: a, [1], (1,)), ValueError, "types"),
    (lambda: jax.tree.map(lambda a, b: a, [1, (2, 3)], [1, 2]), ValueError, "types"),
    (lambda: jax.tree.unflatten(jax.tree.structure([1, 2]), [1]), ValueError, "Too few leaves"),
    (lambda: jax.tree.unflatten(jax.tree.structure([1, 2]), [1, 2, 3]), ValueError, "Too many leaves"),
    (lambda: jax.tree.map(lambda v: v, {1: 2, "a": 3}), ValueError, "sorting"),
    (lambda: jax.tree.map(lambda v: 1 / 0, [1]), ZeroDivisionError, "division"),
    (lambda: jax.config.update("jax_nonsense", 1), AttributeError, "jax_nonsense"),
]


@pytest.mark.parametrize("mistake, error, words", MISTAKES)
def test_mistake(mistake, error, words):
    with pytest.raises(error, match=words) as caught:
        mistake()
    assert caught.type is error
    assert float(jnp.sum(x)) == 3.  # nothing of the failure is left behind


def test_class_names():
    for name in ("TracerBoolConversionError", "TracerArrayConversionError", "ConcretizationTypeError", "UnexpectedTracerError"):
        c = getattr(jax.errors, name)
        assert c.__module__ == "jax.errors" and issubclass(c, TypeError)
    assert issubclass(jax.errors.TracerBoolConversionError, jax.errors.ConcretizationTypeError)
    assert issubclass(jax.errors.NonConcreteBooleanIndexError, IndexError)


@pytest.mark.parametrize("transform", [jax.jit, jax.grad, jax.vmap, lambda f: jax.jit(jax.grad(f)), lambda f: jax.jit(jax.jit(f)), jax.hessian])
def test_exceptions_pass_through(transform):
    class Own(Exception):
        pass

    def f(v):
        raise Own("here")

    with pytest.raises(Own, match="here"):
        transform(f)(x if transform is jax.vmap else 1.)
    assert float(jax.jit(lambda v: v + 1)(1.)) == 2.


def test_float64_is_truncated_with_a_warning():
    with pytest.warns(UserWarning, match="float64"):
        assert jnp.zeros(3, dtype="float64").dtype == jnp.float32


def test_debug_nans():
    with jax.debug_nans(True):
        with pytest.raises(FloatingPointError, match="nan.*log"):
            jnp.log(-1.)
        with pytest.raises(FloatingPointError, match="nan"):
            jax.jit(lambda v: v / v)(0.)
        with pytest.raises(FloatingPointError, match="nan"):
            x[:1] / x[:1]
        assert jnp.array(np.nan).shape == () and float(jnp.log(1.)) == 0. and jnp.exp(1000.) == jnp.inf
    assert bool(jnp.isnan(jnp.log(-1.)))
    with jax.debug_infs(True), pytest.raises(FloatingPointError, match="inf"):
        jnp.exp(1000.)
