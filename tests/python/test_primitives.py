"""Primitives made in Python: their rules under every transformation, and the rules of the library as objects."""
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.extend import core
from jax.interpreters import ad, batching, mlir, xla

SCALAR = jax.core.ShapedArray((), jnp.float32)


def multiply_add_primitive():
    """x y + z with every rule by hand."""
    p = core.Primitive("multiply_add")
    f = lambda x, y, z: p.bind(x, y, z)
    p.def_impl(lambda x, y, z: np.add(np.multiply(x, y), z))

    @p.def_abstract_eval
    def types(x, y, z):
        assert x.shape == y.shape == z.shape
        return jax.core.ShapedArray(x.shape, x.dtype)

    def jvp(primals, tangents):
        x, y, z = primals
        dx, dy, dz = map(ad.instantiate_zeros, tangents)
        return f(x, y, z), f(dx, y, f(x, dy, dz))

    def transpose(ct, x, y, z):
        if ad.is_undefined_primal(x):
            return ad.Zero(x.aval) if type(ct) is ad.Zero else f(ct, y, jnp.zeros_like(ct)), None, ct
        return None, ad.Zero(y.aval) if type(ct) is ad.Zero else f(x, ct, jnp.zeros_like(ct)), ct

    def batch(operands, dims):
        size = next(x.shape[d] for x, d in zip(operands, dims) if d is not batching.not_mapped)
        return f(*[batching.bdim_at_front(x, d, size) for x, d in zip(operands, dims)]), 0

    ad.primitive_jvps[p], ad.primitive_transposes[p], batching.primitive_batchers[p] = jvp, transpose, batch
    mlir.register_lowering(p, mlir.lower_fun(lambda x, y, z: x * y + z, multiple_results=False))
    return p, f


def test_a_primitive_with_all_rules():
    p, f = multiply_add_primitive()
    assert f(2., 3., 4.) == 10 and isinstance(f(2., 3., 4.), np.floating)  # the implementation alone
    g = lambda x, y: f(f(x, y, x), y, y)
    x, y = 2., 3.
    assert float(jax.jit(g)(x, y)) == g(x, y) == 27
    assert str(jax.make_jaxpr(f)(1., 2., 3.)) == "{ lambda ; a:f32[] b:f32[] c:f32[]. let d:f32[] = multiply_add a b c in (d,) }"
    for h in (g, jax.jit(g)):
        assert [float(v) for v in jax.jvp(h, (x, y), (1., 0.))] == [27, 12]
        assert [float(v) for v in jax.grad(h, (0, 1))(x, y)] == [12, 2 * x * y + x + 1]
        assert float(jax.grad(jax.grad(h, 1), 0)(x, y)) == 2 * y + 1
        xs = jnp.arange(3.)
        assert jax.vmap(h, (0, None))(xs, y).tolist() == [3, 15, 27]
        assert jax.jit(jax.vmap(jax.grad(h), (0, None)))(xs, y).tolist() == [12, 12, 12]


def test_rules_are_asked_for_when_they_are_needed():
    p = core.Primitive("lonely")
    f = lambda x: p.bind(x)
    with pytest.raises(NotImplementedError, match="Evaluation rule for 'lonely' not implemented"):
        f(1.)
    p.def_impl(lambda x: x + 1)
    assert f(1.) == 2
    with pytest.raises(NotImplementedError, match="Differentiation rule for 'lonely' not implemented"):
        jax.jvp(f, (1.,), (1.,))
    with pytest.raises(NotImplementedError, match="Batching rule for 'lonely' not implemented"):
        jax.vmap(f)(jnp.ones(3))
    with pytest.raises(NotImplementedError, match="Abstract evaluation for 'lonely' not implemented"):
        jax.jit(f)(1.)
    p.def_abstract_eval(lambda x: x)
    with pytest.raises(NotImplementedError, match="MLIR translation rule for primitive 'lonely' not found for platform cpu"):
        jax.jit(f)(1.)
    ad.defjvp(p, lambda t, x: f(t))
    with pytest.raises(NotImplementedError, match=r"Transpose rule \(for reverse-mode differentiation\) for 'lonely' not implemented"):
        jax.grad(f)(1.)


def test_several_results_and_parameters():
    p = core.Primitive("halves")
    p.multiple_results = True
    p.def_abstract_eval(lambda x, *, at, note: [x.update(shape=(at,)), x.update(shape=(x.shape[0] - at,))])
    p.def_impl(lambda x, *, at, note: [x[:at], x[at:]])
    mlir.register_lowering(p, mlir.lower_fun(lambda x, *, at, note: [x[:at], x[at:]]))
    ad.deflinear2(p, lambda cts, x, *, at, note: [jnp.concatenate([ad.instantiate_zeros(c) for c in cts])])
    f = lambda x: p.bind(x, at=1, note=("any", {"thing": None}))
    x = jnp.arange(3.)
    assert [v.tolist() for v in f(x)] == [v.tolist() for v in jax.jit(f)(x)] == [[0], [1, 2]]
    closed = jax.make_jaxpr(f)(x)
    assert str(closed) == "{ lambda ; a:f32[3]. let\n    b:f32[1] c:f32[2] = halves[at=1 note=('any', {'thing': None})] a\n  in (b, c) }"
    assert closed.eqns[0].primitive is p and closed.eqns[0].params == dict(at=1, note=("any", {"thing": None}))
    assert jax.grad(lambda x: f(x)[1].sum() * 2)(x).tolist() == jax.jit(jax.grad(lambda x: f(x)[1].sum() * 2))(x).tolist() == [0, 2, 2]
    assert [v.tolist() for v in core.jaxpr_as_fun(closed)(x)] == [[0], [1, 2]]
    with pytest.raises(NotImplementedError, match="Batching"):
        jax.vmap(f)(x[None])


def test_elementwise_helpers():
    p = core.Primitive("twice")
    p.def_impl(lambda x: x * 2)
    p.def_abstract_eval(lambda x: x)
    ad.deflinear(p, lambda ct: [p.bind(ct)])
    batching.defvectorized(p)
    mlir.register_lowering(p, lambda ctx, x: mlir.lower_fun(lambda x: x * 2, multiple_results=False)(ctx, x))
    f = lambda x: p.bind(x)
    x = jnp.arange(3.)
    assert jax.vmap(jax.grad(f))(x).tolist() == jax.jit(jax.vmap(jax.grad(f)))(x).tolist() == [2, 2, 2]
    assert xla.apply_primitive(p, x).tolist() == jax.vmap(f, 0, 0)(x).tolist() == [0, 2, 4]

    q = core.Primitive("product")
    q.def_impl(lambda x, y: x * y)
    q.def_abstract_eval(lambda x, y: x)
    ad.defbilinear(q, lambda ct, x, y: q.bind(ct, y), lambda ct, x, y: q.bind(x, ct))
    batching.defbroadcasting(q)
    mlir.register_lowering(q, mlir.lower_fun(jnp.multiply, multiple_results=False))
    g = lambda x, y: q.bind(x, y)
    assert [float(v) for v in jax.grad(g, (0, 1))(2., 3.)] == [3, 2] and float(jax.grad(lambda x: g(x, x))(3.)) == 6
    assert jax.vmap(g, (0, None))(x, 2.).tolist() == jax.vmap(g, (None, 0))(2., x).tolist() == [0, 2, 4]
    ad.defjvp2(p, lambda t, out, x: t * out)
    assert float(jax.jvp(f, (3.,), (1.,))[1]) == 6


def test_inside_control_flow_and_compiled_programs():
    p, f = multiply_add_primitive()
    loop = lambda x: lax.scan(lambda c, v: (f(c, v, v), f(v, v, c)), x[0], x)[0]
    plain = lambda x: lax.scan(lambda c, v: (c * v + v, v * v + c), x[0], x)[0]
    x = jnp.array([1., 2., 3.])
    assert float(jax.jit(loop)(x)) == float(plain(x)) and np.allclose(jax.grad(loop)(x), jax.grad(plain)(x))
    assert float(lax.cond(x[0] > 0, lambda: f(x[0], x[1], x[2]), lambda: x[0])) == 5


def test_what_a_lowering_inside_a_loop_may_do():
    """Loops run inside the program where lowerings let them, and come out for those that call back."""
    twice, seen = core.Primitive("twice"), core.Primitive("seen")
    calls = []
    for p in twice, seen:
        p.def_abstract_eval(lambda x: x)
    mlir.register_lowering(twice, mlir.lower_fun(lambda x: lax.cond(x > 3, lambda: x * 2, lambda: x + x), multiple_results=False))
    mlir.register_lowering(seen, mlir.lower_fun(lambda x: jax.pure_callback(lambda v: calls.append(1) or v, x, x) + twice.bind(x), multiple_results=False))
    loop = lambda p: jax.jit(lambda x: lax.while_loop(lambda c: c < 50, lambda c: p.bind(c) + 1, x))
    assert float(loop(twice)(1.)) == 63 and not calls
    assert float(loop(seen)(1.)) == 121 and len(calls) == 4
    again = core.Primitive("again")
    again.def_abstract_eval(lambda x: x)
    mlir.register_lowering(again, mlir.lower_fun(lambda x: again.bind(x), multiple_results=False))
    with pytest.raises(RuntimeError, match="binds it again"):
        loop(again)(1.)


def test_a_lowering_written_in_mlir():
    from jax._src.lib.mlir.dialects import hlo
    assert hlo is mlir.hlo
    p = core.Primitive("square_add_mlir")
    p.def_abstract_eval(lambda x, y: x)
    mlir.register_lowering(p, lambda ctx, x, y: [hlo.AddOp(hlo.MulOp(x, x), y).result])
    assert float(jax.jit(lambda x: p.bind(x, x))(3.)) == 12
    q = core.Primitive("raw")
    q.def_abstract_eval(lambda x: x)
    mlir.register_lowering(q, lambda ctx, x: hlo.CustomCallOp(ctx.nothing, x).result)
    with pytest.raises(NotImplementedError, match="'raw' is written in MLIR"):
        jax.jit(lambda x: q.bind(x))(3.)
    q.def_impl(lambda x: np.float32(7))  # called by the compiled program instead
    assert float(jax.jit(lambda x: q.bind(x))(3.)) == 7


def test_what_a_rule_returns_is_checked():
    p = core.Primitive("liar")
    p.def_abstract_eval(lambda x: x)
    p.def_impl(lambda x: jnp.ones(5))
    mlir.register_lowering(p, mlir.lower_fun(lambda x: [x, x]))
    with pytest.raises(TypeError, match="gives 2 results"):
        jax.jit(lambda x: p.bind(x))(1.)
    ad.primitive_jvps[p] = lambda primals, tangents: (p.bind(*primals),)
    with pytest.raises((TypeError, ValueError)):
        jax.jvp(lambda x: p.bind(x), (1.,), (1.,))
    batching.primitive_batchers[p] = lambda operands, dims: (operands[0], 7)
    with pytest.raises(ValueError, match="axis 7"):
        jax.vmap(lambda x: p.bind(x))(jnp.ones(3))
    mlir.register_lowering(p, lambda ctx, x: mlir.nothing)
    with pytest.raises(TypeError, match="gives float32.5. where its abstract evaluation says float32"):
        jax.jit(lambda x: p.bind(x))(1.)


def test_an_exception_in_a_rule_comes_through():
    class Mine(Exception):
        pass

    def fail(*_, **__):
        raise Mine
    p = core.Primitive("failing")
    p.def_impl(fail)
    p.def_abstract_eval(fail)
    ad.primitive_jvps[p] = batching.primitive_batchers[p] = fail
    for f in (lambda x: p.bind(x), jax.jit(lambda x: p.bind(x)), jax.vmap(lambda x: p.bind(x)), jax.grad(lambda x: p.bind(x[0]))):
        with pytest.raises(Mine):
            f(jnp.ones(3))


def test_rules_of_the_library_as_objects():
    out, tangent = ad.primitive_jvps[lax.sin_p]((1.,), (2.,), accuracy=None)
    assert np.allclose([out, tangent], [np.sin(1.), 2 * np.cos(1.)])
    _, tangent = ad.primitive_jvps[lax.add_p]((1., 2.), (ad.Zero(SCALAR), 3.))
    assert float(tangent) == 3 and type(ad.primitive_jvps[lax.sign_p]((1.,), (2.,))[1]) is ad.Zero
    x, y = ad.primitive_transposes[lax.mul_p](2., ad.UndefinedPrimal(SCALAR), 3., out_dtype=None)
    assert float(x) == 6 and y is None
    value, axis = batching.primitive_batchers[lax.mul_p]((jnp.ones((3, 2)), jnp.ones((2, 3))), (0, 1), out_dtype=None)
    assert value.shape == (3, 2) and axis == 0
    assert lax.sin_p in ad.primitive_jvps and core.Primitive("other") not in ad.primitive_jvps
    with pytest.raises(KeyError):
        ad.primitive_jvps[core.Primitive("other")]


def test_the_librarys_rules_are_replaced_and_come_back():
    its_own = ad.primitive_jvps[lax.cos_p]
    before = jax.grad(jax.jit(jnp.cos))(1.)
    ad.defjvp(lax.cos_p, lambda t, x, **params: 7 * t)
    try:
        assert jax.grad(jnp.cos)(1.) == jax.grad(jax.jit(jnp.cos))(1.) == jax.jvp(jnp.cos, (1.,), (1.,))[1] == 7
        assert jax.vmap(jax.grad(lambda x: jnp.cos(x) * 2))(jnp.ones(2)).tolist() == [14, 14]
        assert jnp.cos(1.) == np.cos(np.float32(1))
    finally:
        ad.primitive_jvps[lax.cos_p] = its_own
    assert jax.grad(jnp.cos)(1.) == jax.grad(jax.jit(jnp.cos))(1.) == before


def test_rules_of_every_kind_are_replaced():
    transpose = ad.primitive_transposes[lax.neg_p]
    ad.primitive_transposes[lax.neg_p] = lambda ct, x: [3 * ct]
    batcher = batching.primitive_batchers[lax.tan_p]
    batching.primitive_batchers[lax.tan_p] = lambda operands, dims, **params: (lax.tan_p.bind(*operands, **params) * 0 + 5, dims[0])
    try:
        assert jax.grad(lambda x: -x)(1.) == jax.grad(jax.jit(lambda x: -x))(1.) == 3
        assert jax.vmap(jnp.tan)(jnp.ones(2)).tolist() == jax.jit(jax.vmap(jnp.tan))(jnp.ones(2)).tolist() == [5, 5]
    finally:
        ad.primitive_transposes[lax.neg_p] = transpose
        batching.primitive_batchers[lax.tan_p] = batcher
    assert jax.grad(lambda x: -x)(1.) == -1 and jax.vmap(jnp.tan)(jnp.zeros(1)).tolist() == [0]


def test_a_rule_that_is_taken_out_is_missing():
    rule = ad.primitive_jvps.pop(lax.erf_p)
    try:
        assert lax.erf_p not in ad.primitive_jvps and lax.erf_p not in set(ad.primitive_jvps)
        with pytest.raises(NotImplementedError, match="Differentiation rule for 'erf' not implemented"):
            jax.grad(lax.erf)(1.)
    finally:
        ad.primitive_jvps[lax.erf_p] = rule
    assert jax.grad(lax.erf)(0.) > 1
    assert len(ad.primitive_jvps) == len(set(ad.primitive_jvps)) > 100


def test_the_librarys_lowering_is_replaced():
    program = """
import jax, jax.numpy as jnp
from jax import lax
from jax.interpreters import mlir
mlir.register_lowering(lax.tanh_p, mlir.lower_fun(lambda x, **params: x + 100, multiple_results=False))
x = jnp.arange(3.)
assert jax.jit(jnp.tanh)(x).tolist() == jnp.tanh(x).tolist() == [100, 101, 102]
mlir.register_lowering(lax.sinh_p, mlir.lower_fun(lambda x, **params: lax.sinh(x), multiple_results=False))
try:
    jax.jit(lax.sinh)(x)
except RuntimeError as e:
    assert "binds it again" in str(e)
"""
    done = subprocess.run([sys.executable, "-m", "cotan", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_equations_are_bound_from_their_params():
    @jax.custom_jvp
    def f(x):
        return jnp.sin(x)
    f.defjvp(lambda primals, tangents: (f(*primals), 10 * tangents[0]))

    def run(jaxpr, *args):
        known = dict(zip(jaxpr.invars, args))
        for eqn in jaxpr.eqns:
            out = eqn.primitive.bind(*[known[v] for v in eqn.invars], **eqn.primitive.get_bind_params(eqn.params))
            known.update(zip(eqn.outvars, out if eqn.primitive.multiple_results else [out]))
        return [known[v] for v in jaxpr.outvars]
    for g in (f, jax.jit(f), jax.checkpoint(f)):
        jaxpr = jax.make_jaxpr(g)(1.).jaxpr
        assert jax.grad(lambda x: run(jaxpr, x)[0])(1.) == 10


def test_dead_code_goes_inside_calls_and_loops_too():
    from jax.interpreters import partial_eval as pe
    jaxpr = jax.make_jaxpr(jax.jit(lambda x, y: (jnp.sin(x), jnp.cos(y))))(1., 2.).jaxpr
    made, used = pe.dce_jaxpr(jaxpr, [True, False])
    assert used == [True, False] and len(made.invars) == 1 and "cos" not in str(made)
    made, used = pe.dce_jaxpr(jaxpr, [True, False], instantiate=True)
    assert used == [True, True] and len(made.invars) == 2
    made, used = pe.dce_jaxpr(jaxpr, [False, True], instantiate=[False, False])
    assert used == [False, True] and jax.core.eval_jaxpr(made, (), jnp.float32(0)) == [1]
    c = jnp.arange(3.)
    closed = jax.make_jaxpr(lambda x, y: (x + c, y * jnp.ones(3)))(1., 2.)
    made, used_consts, used = pe.dce_jaxpr_consts(closed.jaxpr, [True, False])
    assert used == [True, False] and used_consts == [True]
    with pytest.raises(ValueError, match="one flag"):
        pe.dce_jaxpr(jaxpr, [True])


def test_derivatives_of_wrapped_functions():
    from jax.extend import linear_util
    f = linear_util.wrap_init(lambda x, y: [x * y, x])
    out, tangents = ad.jvp(f).call_wrapped([jnp.float32(2), jnp.float32(3)], [jnp.float32(1), ad.Zero(jax.core.ShapedArray((), jnp.float32))])
    assert (out, tangents) == ([6, 2], [3, 1])
    out, push = ad.linearize(f, 2., 3.)
    assert out == [6, 2] and push(1., 0.) == [3, 1]


def test_a_class_of_primitives_names_itself():
    from jax.extend.core import Primitive

    class Tag(Primitive):
        multiple_results = True

        def __init__(self):
            super().__init__("tag")
            self.def_impl(lambda *a: list(a))
            self.def_abstract_eval(lambda *a: list(a))

    tag = Tag()
    assert tag.name == "tag" and tag.multiple_results
    assert str(jax.make_jaxpr(lambda x: tag.bind(x, x))(1.0)) == "{ lambda ; a:f32[]. let b:f32[] c:f32[] = tag a a in (b, c) }"
    with pytest.raises(TypeError, match="string"):
        Primitive()
