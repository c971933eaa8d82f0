"""Jaxprs and equations as objects: what programs read, interpret, change and put together."""
import gc
import json
import os
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.extend import core
from jax.extend.core import primitives

sys.path.insert(0, os.path.dirname(__file__))
from equations import all_equations

RECORDED = json.load(open(os.path.join(os.path.dirname(__file__), "equations.json")))


@pytest.fixture(scope="module")
def here():
    return all_equations()


@pytest.mark.parametrize("name", RECORDED)
def test_equations_are_those_of_jax(name, here):
    assert json.loads(json.dumps(here[name])) == RECORDED[name]


def scaled(x):
    return jnp.tanh(x * 2.0) + jnp.arange(3.)


def test_parts_of_a_jaxpr():
    closed = jax.make_jaxpr(lambda x, y: (jnp.sin(x) + y, 3.0))(1.0, jnp.ones(3))
    jaxpr = closed.jaxpr
    assert [type(v) for v in jaxpr.outvars] == [core.Var, core.Literal] and jaxpr.outvars[1].val == 3.0
    assert jaxpr.eqns[0].outvars[0] is jaxpr.eqns[1].invars[0] and jaxpr.eqns is jaxpr.eqns and closed.eqns is jaxpr.eqns
    assert jaxpr.eqns[0].invars == [jaxpr.invars[0]] and closed.consts == closed.literals == []
    assert [a.str_short() for a in closed.in_avals] == ["float32[]", "float32[3]"] and closed.in_avals == jaxpr.in_avals
    assert closed.in_avals[0].weak_type and not closed.out_avals[0].weak_type and closed.effects == set()
    assert isinstance(jaxpr.eqns, list) and repr(jaxpr.eqns[-1]) == "a:f32[3] = add b c" and repr(jaxpr) == repr(closed)


def test_constants():
    table = jnp.arange(3.)
    closed = jax.make_jaxpr(lambda x: x + table)(jnp.float32(1))
    assert closed.consts[0] is table and len(closed.jaxpr.constvars) == 1
    assert str(closed.jaxpr) == str(closed) == "{ lambda a:f32[3]; b:f32[]. let c:f32[3] = add b a in (c,) }"
    assert jax.core.eval_jaxpr(closed.jaxpr, closed.consts, 1.0)[0].tolist() == [1, 2, 3]
    assert jax.core.eval_jaxpr(closed.jaxpr, [10 * table], 1.0)[0].tolist() == [1, 11, 21]


def test_primitives_are_the_same_objects_everywhere():
    eqn = jax.make_jaxpr(jnp.sin)(1.0).eqns[0]
    assert eqn.primitive is lax.sin_p is primitives.sin_p and eqn.primitive.name == "sin" and {lax.sin_p: 1}[eqn.primitive] == 1
    assert primitives.add_jaxvals_p.name == "add_any" and lax.scatter_add_p.name == "scatter-add" and primitives.jit_p.multiple_results
    assert isinstance(lax.sin_p, core.Primitive) and not hasattr(lax, "nothing_of_the_kind_p")


def interpret(jaxpr, consts, args, rule=lambda eqn, *values: eqn.primitive.bind(*values, **eqn.primitive.get_bind_params(eqn.params))):
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *args]))
    read = lambda atom: atom.val if type(atom) is core.Literal else known[atom]
    for eqn in jaxpr.eqns:
        out = rule(eqn, *map(read, eqn.invars))
        known.update(zip(eqn.outvars, out if eqn.primitive.multiple_results else [out]))
    return [read(v) for v in jaxpr.outvars]


def looping(x):
    y, ys = lax.scan(lambda c, v: (c + v, jnp.where(c > 2, v, 0)), x.sum(), x)
    return lax.cond(y > 0, jnp.sin, jnp.cos, ys), lax.while_loop(lambda c: c < 9, lambda c: c * 2, y), jax.nn.relu(ys[::-1]).at[1:].add(y)


@pytest.mark.parametrize("f", [scaled, looping, lambda x: jax.random.normal(jax.random.key(1), (3,)) * x, lambda x: jnp.linalg.norm(jnp.sort(x)) ** 2])
def test_an_interpreter_in_python(f):
    x = jnp.array([1., 2., 0.5])
    closed = jax.make_jaxpr(f)(x)
    evaluate = lambda x: interpret(closed.jaxpr, closed.consts, [x])
    want = jax.tree.leaves(f(x))
    for g in (evaluate, jax.jit(evaluate), jax.vmap(evaluate)):
        got = g(x[None] if g is not evaluate and not hasattr(g, "lower") else x)
        assert all(np.allclose(np.ravel(a), np.ravel(b)) for a, b in zip(got, want, strict=True))
    grad = lambda h: jax.grad(lambda x: sum(jnp.sum(v) for v in jax.tree.leaves(h(x))), allow_int=True)(x)
    if f is not looping:
        assert np.allclose(grad(evaluate), grad(f))


def test_an_interpreter_that_goes_backwards():
    inverses = {lax.exp_p: jnp.log, lax.tanh_p: jnp.arctanh, lax.neg_p: jnp.negative}

    def inverse(f):
        def g(y):
            jaxpr = jax.make_jaxpr(f)(y).jaxpr
            known = {jaxpr.outvars[0]: y}
            for eqn in jaxpr.eqns[::-1]:
                known[eqn.invars[0]] = inverses[eqn.primitive](known[eqn.outvars[0]])
            return known[jaxpr.invars[0]]
        return g

    f = lambda x: jnp.exp(-jnp.tanh(x))
    assert np.allclose(inverse(f)(f(0.25)), 0.25)
    x = jnp.array([0.1, 0.2])
    assert np.allclose(jax.jit(jax.vmap(jax.grad(inverse(f))))(f(x)), 1 / jax.vmap(jax.grad(f))(x), rtol=1e-5)


def variables(*shapes):
    return [core.Var(jax.core.ShapedArray(s, jnp.float32)) for s in shapes]


def test_a_jaxpr_put_together():
    x, y, z = variables((3,), (3,), ())
    eqns = [core.new_jaxpr_eqn([x, core.Literal(2.0, z.aval)], [y], lax.mul_p, dict(out_dtype=None), core.no_effects),
            core.new_jaxpr_eqn([y], [z], lax.reduce_sum_p, dict(axes=(0,), out_sharding=None), core.no_effects)]
    jaxpr = core.Jaxpr([], [x], [z], eqns)
    core.check_jaxpr(jaxpr)
    f = core.jaxpr_as_fun(core.ClosedJaxpr(jaxpr, []))
    v = jnp.array([1., 2., 3.])
    assert float(f(v)[0]) == 12 and jax.grad(lambda v: f(v)[0])(v).tolist() == [2, 2, 2]
    assert jax.jit(f)(v)[0] == 12 and jax.vmap(f)(jnp.stack([v, v]))[0].tolist() == [12, 12]
    assert str(jaxpr) == "{ lambda ; a:f32[3]. let\n    b:f32[3] = mul a 2.0:f32[]\n    c:f32[] = reduce_sum[axes=(0,) out_sharding=None] b\n  in (c,) }"
    assert len(jax.make_jaxpr(f)(v).eqns) == 2


def test_changing_a_jaxpr():
    closed = jax.make_jaxpr(scaled)(jnp.ones(3))
    swap = {lax.tanh_p: lax.sin_p}
    eqns = [e.replace(primitive=swap.get(e.primitive, e.primitive)) for e in closed.eqns]
    changed = closed.replace(jaxpr=closed.jaxpr.replace(eqns=eqns))
    x = jnp.array([1., 2., 3.])
    assert np.allclose(core.jaxpr_as_fun(changed)(x)[0], jnp.sin(x * 2) + jnp.arange(3.))
    assert np.allclose(core.jaxpr_as_fun(closed)(x)[0], scaled(x))
    closed.jaxpr.eqns[:] = eqns  # in place
    assert np.allclose(core.jaxpr_as_fun(closed)(x)[0], jnp.sin(x * 2) + jnp.arange(3.)) and "sin" in str(closed)


def test_programs_inside_equations():
    closed = jax.make_jaxpr(lambda x: jax.jit(scaled)(x) + jax.jit(scaled)(x))(jnp.ones(3))
    inner = [e.params["jaxpr"] for e in closed.eqns[:2]]
    assert inner[0] is inner[1] and list(core.jaxprs_in_params(closed.eqns[0].params)) == [inner[0].jaxpr]
    made = primitives.jit_p.bind(1.0, **{**closed.eqns[0].params, "jaxpr": jax.make_jaxpr(jnp.cos)(1.0)})
    assert np.allclose(made[0], np.cos(1.0))


X, Y = variables((), ())
MALFORMED = {
    "used before it is defined": lambda: core.Jaxpr([], [X], [Y], []),
    "assigned twice": lambda: core.Jaxpr([], [X, X], [X], []),
    "takes 2 operands": lambda: core.Jaxpr([], [X], [Y], [core.new_jaxpr_eqn([X], [Y], lax.add_p, {}, core.no_effects)]),
    "declared as f32[3]": lambda: core.Jaxpr([], [X], [], [core.new_jaxpr_eqn([X], variables((3,)), lax.sin_p, {}, core.no_effects)]),
    "has 1 results, but 2 are bound": lambda: core.Jaxpr([], [X], [], [core.new_jaxpr_eqn([X], variables((), ()), lax.sin_p, {}, core.no_effects)]),
    "missing the parameter 'axes'": lambda: core.Jaxpr([], [X], [], [core.new_jaxpr_eqn([X], [Y], lax.reduce_sum_p, {}, core.no_effects)]),
    "unexpected parameter 'foo'": lambda: core.Jaxpr([], [X], [], [core.new_jaxpr_eqn([X], [Y], lax.sin_p, dict(foo=1), core.no_effects)]),
    "is a Var or a Literal": lambda: core.Jaxpr([], [X], [1.0], []),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_programs_are_refused(what):
    with pytest.raises(core.JaxprTypeError, match="".join("\\" + c if c in "[]()" else c for c in what)):
        core.check_jaxpr(MALFORMED[what]())


@pytest.mark.parametrize("bind", [
    lambda: lax.add_p.bind(1.0),
    lambda: lax.sin_p.bind(1.0, 2.0),
    lambda: lax.select_n_p.bind(),
    lambda: lax.reduce_sum_p.bind(jnp.ones(3), axes=(7,), out_sharding=None),
    lambda: lax.transpose_p.bind(jnp.ones((2, 3)), permutation=(0, 0)),
    lambda: primitives.jit_p.bind(jnp.ones(3), **jax.make_jaxpr(jax.jit(jnp.sin))(1.0).eqns[0].params),
    lambda: primitives.scan_p.bind(1.0, jnp.ones(5), **jax.make_jaxpr(lambda x: lax.scan(lambda c, v: (c, v), 0., x))(jnp.ones(3)).eqns[0].params),
    lambda: primitives.while_p.bind(1, **jax.make_jaxpr(lambda x: lax.while_loop(lambda c: c < 3, lambda c: c + 1, x))(0.).eqns[0].params),
    lambda: primitives.cond_p.bind(0.5, 1.0, **jax.make_jaxpr(lambda x: lax.cond(x > 0, jnp.sin, jnp.cos, x))(1.0).eqns[-1].params),
    lambda: primitives.custom_jvp_call_p.bind(1.0, **{**jax.make_jaxpr(jax.nn.relu)(1.0).eqns[0].params, "jvp_jaxpr_fun": jnp.sin}),
])
def test_binding_something_else_is_an_error(bind):
    with pytest.raises((TypeError, ValueError, NotImplementedError, KeyError)):
        bind()


def test_an_axis_that_nobody_names():
    with pytest.raises(NameError, match="unbound axis name: i"):
        lax.psum(1., "i")


def test_variables_outlive_their_program():
    v = jax.make_jaxpr(lambda x: x + 1)(jnp.ones(2)).eqns[0].outvars[0]
    gc.collect()
    assert v.aval.shape == (2,) and repr(v).endswith("float32[2]")


def test_equations_of_custom_rules():
    @jax.custom_vjp
    def f(x):
        return jnp.sin(x)

    f.defvjp(lambda x: (f(x), x), lambda kept, ct: (ct * kept,))
    eqn, = jax.make_jaxpr(f)(1.).eqns
    assert sorted(eqn.params) == ["bwd", "call_jaxpr", "fwd_jaxpr_thunk", "num_consts", "out_trees", "symbolic_zeros"]
    assert sorted(jax.make_jaxpr(jax.nn.relu)(1.).eqns[0].params) == ["call_jaxpr", "jvp_jaxpr_fun", "num_consts", "symbolic_zeros"]
    again = lambda x: eqn.primitive.bind(x, **eqn.params)[0]
    assert jax.grad(again)(2.) == 2. and str(jax.make_jaxpr(again)(1.)) == str(jax.make_jaxpr(f)(1.))


def test_names_of_arguments_and_results():
    info = jax.make_jaxpr(lambda x, y: {"a": x["b"] * y, "c": [y]})({"b": 1.}, 2.).jaxpr.debug_info
    assert (info.arg_names, info.result_paths) == (("x['b']", "y"), ("result['a']", "result['c'][0]"))


def test_dead_code_and_known_values():
    from jax.interpreters import partial_eval as pe
    jaxpr = jax.make_jaxpr(lambda x, y: (jnp.sin(x), jnp.cos(y)))(1., 2.).jaxpr
    made, used = pe.dce_jaxpr(jaxpr, [False, True])
    assert used == [False, True] and [e.primitive for e in made.eqns] == [lax.cos_p]
    from jax.api_util import flatten_fun_nokwargs
    from jax.extend import linear_util as lu
    fun, out_tree = flatten_fun_nokwargs(lu.wrap_init(lambda x: {"a": x + 1, "b": jnp.arange(2.) * 3}), jax.tree.structure((0,)))
    _, (a, b), _ = pe.trace_to_jaxpr_nounits(fun, [pe.PartialVal.unknown(jax.core.ShapedArray((), jnp.float32))])
    assert out_tree() == jax.tree.structure({"a": 0, "b": 0}) and a.get_aval().shape == () and b.get_known().tolist() == [0, 3]


def test_what_is_known_can_be_computed_while_tracing():
    seen = []

    def f(x):
        with jax.ensure_compile_time_eval():
            n = jnp.arange(4).sum()
            seen.append(int(n))
            y = x + 1
        return y * n

    assert float(jax.jit(f)(2.)) == 18 and seen == [6]
    assert [str(e.primitive) for e in jax.make_jaxpr(f)(2.).eqns][0] == "add" and float(jax.grad(f)(2.)) == 6
    with pytest.raises(jax.errors.ConcretizationTypeError):
        jax.jit(lambda x: int(jnp.arange(4).sum()) + x)(1.)
    with pytest.raises(jax.errors.ConcretizationTypeError):
        jax.jit(lambda x: core.concrete_or_error(int, x, "here"))(1)


def test_which_transformation_is_running():
    states = [core.get_opaque_trace_state()]

    def f(x):
        states.append(core.get_opaque_trace_state())
        assert states[-1] == core.get_opaque_trace_state() != states[0]
        return core.unsafe_am_i_under_a_jit_DO_NOT_USE(), core.unsafe_am_i_under_a_vmap_DO_NOT_USE(), core.unsafe_get_axis_names_DO_NOT_USE()

    kinds = []
    jax.jit(lambda x: (kinds.append(f(x)), x)[1])(1.)
    jax.vmap(lambda x: (kinds.append(f(x)), x)[1], axis_name="i")(jnp.ones(2))
    jax.grad(lambda x: (kinds.append(f(x)), x)[1])(1.)
    assert kinds == [(True, False, []), (False, True, ["i"]), (False, False, [])]
    assert len(set(states)) == 4 and core.get_opaque_trace_state() == states[0] and not core.nonempty_axis_env_DO_NOT_USE()
