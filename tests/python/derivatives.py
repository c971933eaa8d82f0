"""Small programs of derivatives whose results and jaxprs are compared with JAX's, recorded in derivatives.json by record_derivatives.py.

A program is a function named case_<subject>. It returns text (a jaxpr, compared exactly) or a pytree of arrays (dtypes, weak types, shapes and values are compared);
an exception counts by its class.
"""
from functools import partial

import jax
import jax.custom_batching
import jax.numpy as jnp
import numpy as np
from jax.ad_checkpoint import checkpoint_name
from jax.experimental.jet import jet

np.set_printoptions(legacy="1.25")  # np.int64(1) prints as 1
policies = jax.checkpoint_policies
x = jnp.array([0.5, -1.0, 2.0])
w = jnp.arange(9.0).reshape(3, 3) / 10


def program(f, *args):
    return str(jax.make_jaxpr(f)(*args))


# ---- checkpoint ----

def sin_cos(x, y):
    return jnp.cos(jnp.sin(x) * y)


def layer(w, x):
    scores = checkpoint_name(jnp.dot(w, x), "scores")
    return jnp.tanh(scores) * jax.nn.softmax(x)


def total(f, *argnums):
    """The gradient of the sum of f's result."""
    return jax.grad(lambda *args: jnp.sum(f(*args)), argnums=argnums or 0)


def case_checkpoint(): return program(jax.checkpoint(sin_cos), x, 2.0)
def case_checkpoint_in_jit(): return program(jax.jit(jax.checkpoint(sin_cos, prevent_cse=False)), x, x)
def case_checkpoint_grad(): return program(total(jax.checkpoint(sin_cos)), x, x)
def case_checkpoint_of_jit_grad(): return program(total(jax.checkpoint(jax.jit(sin_cos))), x, x)
def case_checkpoint_jvp(): return program(lambda x, t: jax.jvp(jax.checkpoint(sin_cos), (x, x), (t, t)), x, x)
def case_checkpoint_vmap(): return program(jax.vmap(jax.checkpoint(sin_cos), in_axes=(0, None)), w, x)
def case_checkpoint_grad_of_vmap(): return program(total(jax.vmap(jax.checkpoint(sin_cos), in_axes=(0, None)), 0, 1), w, x)
def case_checkpoint_second_order(): return program(total(total(jax.checkpoint(sin_cos))), x, x)
def case_checkpoint_nested(): return program(total(jax.checkpoint(lambda x: jnp.sin(jax.checkpoint(jnp.sin)(jnp.cos(x))))), x)
def case_checkpoint_closes_over_tracers(): return program(jax.grad(lambda x: jax.checkpoint(lambda y: jnp.sin(x) * y)(2.0 * x)), 1.0)
def case_checkpoint_value_and_grad(): return jax.value_and_grad(jax.checkpoint(lambda x: jnp.sin(jnp.sin(x))))(2.0)


def case_checkpoint_of_a_choice():
    """The mask of _where is an input of the inner program, and not saved twice."""
    return program(total(jax.checkpoint(lambda x: jnp.tanh(jnp.where(x > 0, x, 0.0)), policy=policies.dots_saveable)), x)


def case_checkpoint_in_scan():
    def f(w, x):
        last, sums = jax.lax.scan(lambda c, _: (jax.checkpoint(layer)(w, c), jnp.sum(c)), x, None, length=4)
        return last * jnp.sum(sums)
    return total(f, 0, 1)(w, x), jax.jit(total(jax.vmap(f, (None, 0)), 1))(w, jnp.stack([x, 2 * x]))


def case_checkpoint_of_scan():
    def f(w, x):
        return jax.lax.scan(lambda c, _: (layer(w, c), jnp.sum(c)), x, None, length=4)[0]
    return [total(jax.checkpoint(f, policy=p), 0, 1)(w, x) for p in (None, policies.dots_saveable, policies.everything_saveable)]


POLICIES = {
    "everything": policies.everything_saveable, "nothing": policies.nothing_saveable, "dots": policies.dots_saveable,
    "dots_with_no_batch_dims": policies.dots_with_no_batch_dims_saveable, "names": policies.save_only_these_names("scores"),
    "other_names": policies.save_any_names_but_these("scores"), "anything": policies.save_anything_except_these_names("scores"),
    "both": policies.save_from_both_policies(policies.dots_saveable, policies.save_only_these_names("a")),
    "offload_dots": policies.offload_dot_with_no_batch_dims("device", "pinned_host"),
    "offload_names": policies.save_and_offload_only_these_names(names_which_can_be_saved=["a"], names_which_can_be_offloaded=["scores"],
                                                                offload_src="device", offload_dst="pinned_host"),
}


def layer_and_square(policy):
    return lambda w, x: jax.checkpoint(layer, policy=policy)(w, x) ** 2


def case_policies_agree(): return {name: total(layer_and_square(p), 0, 1)(w, x) for name, p in POLICIES.items() if "offload" not in name}
def case_policy_everything(): return program(total(jax.checkpoint(sin_cos, policy=policies.everything_saveable)), x, x)


def case_policy_dots():
    f = jax.checkpoint(lambda w, x: jnp.dot(w, jnp.sin(jnp.sin(x))), policy=policies.dots_saveable)
    return program(total(f, 0, 1), w, x)


def case_policy_names():
    f = lambda x: jnp.sin(checkpoint_name(jnp.sin(x), "a")) * checkpoint_name(jnp.sin(x), "b")
    return [total(jax.checkpoint(f, policy=policies.save_only_these_names(*names)))(x) for names in ((), ("a",), ("a", "b"))]


def case_gradients_of_jit_trace_once():
    traces = []

    @jax.jit
    def f(x, batch):
        traces.append(batch)
        return jnp.sum(x * batch)
    for i in range(3):
        jax.grad(f)(x, x * i), jax.grad(f)(x, np.ones(3, "float32") * i)
    return jnp.array(len(traces))


def case_name(): return program(lambda x: checkpoint_name(x, "here"), x)
def case_name_grad(): return program(total(lambda x: checkpoint_name(jnp.sin(x), "here")), x)
def case_name_tree(): return checkpoint_name({"a": x, "b": (w, None)}, "here")
def case_checkpoint_static(): return [jax.grad(jax.checkpoint(lambda x, f: x * x if f else x, static_argnums=1))(3.0, f) for f in (True, False)]
def case_checkpoint_traced_predicate(): return jax.grad(jax.checkpoint(lambda x, f: x * x if f else x))(3.0, True)
def case_checkpoint_prevent_cse_type(): return jax.checkpoint(jnp.sin, prevent_cse=1)(1.0)
def case_checkpoint_concrete(): return jax.checkpoint(jnp.sin, concrete=True)(1.0)
def case_names_overlap():
    return policies.save_and_offload_only_these_names(names_which_can_be_saved=["a"], names_which_can_be_offloaded=["a"], offload_src="d", offload_dst="h")


# ---- rules of one's own ----

SymbolicZero = jax.custom_derivatives.SymbolicZero


def with_jvp(rule, f=lambda *a: a[0] * a[-1], **options):
    symbolic_zeros = options.pop("symbolic_zeros", False)
    f = jax.custom_jvp(f, **options)
    f.defjvp(rule, symbolic_zeros=symbolic_zeros)
    return f


def with_vjp(backward, forward=lambda *a: (a[0] * a[-1], a), f=lambda *a: a[0] * a[-1], symbolic_zeros=False, **options):
    f = jax.custom_vjp(f, **options)
    f.defvjp(forward, backward, symbolic_zeros=symbolic_zeros)
    return f


def tens(primals, tangents):
    return primals[0] * primals[1], 10.0 * tangents[0] + 100.0 * tangents[1]


def zeros_seen(primals, tangents):
    seen = [10.0 ** i for i, t in enumerate(tangents) if type(t) is SymbolicZero]
    return primals[0] * primals[1], primals[0] * sum(seen)


def double_defjvps(*rules):
    f = jax.custom_jvp(lambda x, y: {"a": x * y, "b": x.astype(int)})
    f.defjvps(*rules)
    return jax.jvp(f, (jnp.float32(2), 3.0), (jnp.float32(1), 1.0))


def case_custom_jvp(): return jax.grad(with_jvp(tens), (0, 1))(2.0, 3.0), jax.jit(jax.vmap(jax.grad(with_jvp(tens))))(x, x)
def case_custom_jvp_program(): return program(with_jvp(tens), x, x) + program(jax.vmap(with_jvp(tens), (0, None)), x, 2.0)
def case_custom_vjp_program(): return program(with_vjp(lambda r, c: (c, c)), x, x) + program(total(with_vjp(lambda r, c: (c * r[1], c * r[0])), 0, 1), x, x)
def case_defjvps(): return double_defjvps(lambda t, out, x, y: {"a": t * y, "b": np.zeros((), jax.dtypes.float0)}, None)
def case_custom_jvp_weak_type(): return jax.jit(jax.grad(with_jvp(tens)))(2.0, 3.0)
def case_custom_jvp_defaults(): return jax.jvp(lambda x: with_jvp(tens, lambda x, y=2.0: x * y)(x=x), (1.0,), (1.0,))
def case_custom_jvp_no_rule(): return jax.custom_jvp(lambda x: x)(1.0)
def case_custom_jvp_no_pair(): return jax.grad(with_jvp(lambda p, t: (1.0, 2.0, 3.0)))(1.0, 2.0)
def case_custom_jvp_structures(): return jax.grad(with_jvp(lambda p, t: ((p[0],), [t[0]])))(1.0, 2.0)
def case_custom_jvp_shapes(): return jax.jvp(with_jvp(lambda p, t: (p[0], t[0][:1])), (x, x), (x, x))
def case_custom_jvp_dtypes(): return jax.jvp(with_jvp(lambda p, t: (p[0], t[0].astype("float16"))), (x, x), (x, x))
def case_custom_jvp_of_no_array(): return with_jvp(tens)(jnp.sin, 1.0)


def case_custom_jvp_nondiff():
    f = with_jvp(lambda g, p, t: (g(p[0]), 5 * t[0]), lambda x, g: g(x), nondiff_argnames=("g",))
    return jax.jvp(lambda x: f(x, g=jnp.sin), (1.0,), (1.0,)), jax.vmap(jax.grad(lambda x: f(x, jnp.sin)))(x)


def case_symbolic_zeros():
    f = with_jvp(zeros_seen, symbolic_zeros=True)
    g = lambda x: f(x, 3.0) + f(3.0, x)
    return jax.jvp(g, (2.0,), (1.0,)), jax.jvp(jax.vmap(g), (x,), (x,)), jax.jvp(jax.jit(g), (2.0,), (1.0,))


def case_symbolic_zero():
    zero = SymbolicZero(jax.typeof(x))
    return str((zero, zero.shape, str(zero.dtype), zero.ndim))


def case_symbolic_zero_is_no_operand(): return jnp.sin(SymbolicZero(jax.typeof(x)))
def case_custom_vjp(): return jax.grad(with_vjp(lambda r, c: (c * r[1] * 10, None)), (0, 1))(2.0, 3.0)


def case_custom_vjp_trees():
    f = with_vjp(lambda r, c: (c * r, {"a": None, "b": c}), lambda x, y: (x * y["a"], y["a"]), lambda x, y: x * y["a"])
    return jax.grad(f, (0, 1))(2.0, {"a": 3.0, "b": 4.0}), jax.vmap(jax.grad(f), (0, None))(x, {"a": 3.0, "b": 4.0})


def case_custom_vjp_integers(): return jax.vjp(with_vjp(lambda r, c: (c * r[1], None)), 2.0, 3)[1](1.0)
def case_custom_vjp_other_float(): return jax.vjp(with_vjp(lambda r, c: (c.astype("float16"), None)), x, x)[1](x)
def case_custom_vjp_defaults(): return jax.grad(with_vjp(lambda r, c: (c * r[1], None), f=lambda x, m=2.0: x * m))(2.0)
def case_custom_vjp_no_rule(): return jax.custom_vjp(lambda x: x)(1.0)
def case_custom_vjp_no_pair(): return jax.grad(with_vjp(lambda r, c: (c, c), lambda x, y: x))(1.0, 2.0)
def case_custom_vjp_no_tuple(): return jax.grad(with_vjp(lambda r, c: c))(1.0, 2.0)
def case_custom_vjp_too_many(): return jax.grad(with_vjp(lambda r, c: (c, c, c)))(1.0, 2.0)
def case_custom_vjp_structure(): return jax.grad(with_vjp(lambda r, c: ([c], c)))(1.0, 2.0)
def case_custom_vjp_shape(): return jax.vjp(with_vjp(lambda r, c: (c[:1], c)), x, x)[1](x)
def case_custom_vjp_dtype(): return jax.vjp(with_vjp(lambda r, c: (c > 0, c)), x, x)[1](x)
def case_custom_vjp_forward_mode(): return jax.jvp(with_vjp(lambda r, c: (c, c)), (1.0, 1.0), (1.0, 1.0))
def case_custom_vjp_keyword_only(): return with_vjp(sum, f=lambda x, *, m: x)(2.0, m=3.0)
def case_custom_vjp_keyword(): return with_vjp(sum, f=lambda x, m: x)(2.0, foo=3.0)
def case_custom_vjp_nondiff_tracer():
    return jax.jit(lambda n, x: jax.grad(with_vjp(lambda m, r, c: (c,), nondiff_argnums=(0,)), 1)(n, x))(1.0, 2.0)
def case_custom_vjp_nondiff_name(): return jax.grad(with_vjp(lambda m, r, c: (c * m,), nondiff_argnames=("m",), f=lambda x, m: x))(2.0, m=3.0)


def case_custom_vjp_symbolic_zeros():
    def forward(x, y):
        return (x.value * y.value, x.value), (10.0 * x.perturbed + y.perturbed, x.value)

    def backward(residuals, cts):
        return sum(100.0 * 10 ** i for i, c in enumerate(cts) if type(c) is SymbolicZero) + residuals[0] + 0 * residuals[1], None
    f = with_vjp(backward, forward, lambda x, y: (x * y, x), symbolic_zeros=True)
    g = lambda x: f(x, 3.0)[1]
    return jax.grad(g)(2.0), jax.jit(jax.grad(g))(2.0), jax.vmap(jax.grad(g))(x), jax.grad(jax.jit(g))(2.0)


def case_custom_gradient():
    @jax.custom_gradient
    def f(x, y): return {"a": x * y}, lambda c: (c["a"] * y, c["a"] * x * 2)
    g = lambda x, y: f(x, y)["a"]
    return f(3.0, 4.0), jax.grad(g, (0, 1))(3.0, 4.0), jax.jit(jax.grad(g, (0, 1)))(3.0, 4.0), jax.vmap(jax.grad(g))(x, x)


def case_closure_convert():
    def converted(x, y):
        f, hoisted = jax.closure_convert(lambda y: y * x + 2.0, y)
        return f(y, *[2 * h for h in hoisted])
    return jax.grad(converted)(2.0, 3.0), jax.vmap(converted)(x, x), converted(2.0, 3.0)




# ---- user policies, what is kept ----

def keeps(f, *args):
    """What f keeps, without where it was computed."""
    from jax._src.ad_checkpoint import saved_residuals
    return str([(str(aval), text.split(" from /")[0]) for aval, text in saved_residuals(f, *args)])


def named(x, y):
    z = checkpoint_name(jnp.sin(x) * y, "z")
    return jnp.cos(checkpoint_name(jnp.tanh(z), "w"))


def case_user_policy():
    asked = []

    def policy(prim, *avals, **params):
        asked.append((str(prim), [str(a) for a in avals], sorted(params)))
        return prim.name == "sin"
    return program(total(jax.checkpoint(sin_cos, policy=policy), 0), x, x).replace("case_user_policy.<locals>.", "") + str(asked)


def case_user_policy_combined():
    policy = lambda prim, *a, **k: policies.dots_saveable(prim, *a, **k) or prim is jax.lax.sin_p
    return keeps(jax.checkpoint(named, policy=policy), x, x)


def case_user_policy_fails(): return total(jax.checkpoint(sin_cos, policy=lambda *a, **k: 1 / 0), 0)(x, x)
def case_residuals(): return keeps(named, x, x)
def case_residuals_of_checkpoint(): return keeps(jax.checkpoint(named), x, x)
def case_residuals_of_names(): return keeps(jax.checkpoint(named, policy=policies.save_only_these_names("w")), x, x)
def case_residuals_of_part(): return keeps(lambda p: jnp.sin(jax.checkpoint(named)(p["a"], jnp.arange(3.0) + p["b"])), {"a": x, "b": x})


# ---- batching of one's own, linear calls ----

@jax.custom_batching.custom_vmap
def batched_by_hand(x, y):
    return x * y


@batched_by_hand.def_vmap
def hundredfold(axis_size, in_batched, x, y):
    assert type(axis_size) is int and all(type(b) is bool for b in in_batched)
    return x * y * 100, True


def vmap_rule(rule):
    f = jax.custom_batching.custom_vmap(lambda x: {"a": x, "b": (x, 2 * x)})
    if rule:
        f.def_vmap(rule)
    return f


def case_custom_vmap():
    f, m = batched_by_hand, jnp.ones((2, 3))
    return (f(2.0, 3.0), jax.vmap(f)(x, x), jax.vmap(f, (0, None))(x, jnp.float32(3)), jax.vmap(jax.vmap(f))(m, m), jax.jit(jax.vmap(f))(x, x),
            jax.vmap(jax.jit(f))(x, x), jax.grad(lambda x: jax.vmap(f)(x, x).sum())(x), jax.jvp(f, (2.0, 3.0), (1.0, 0.0)),
            jax.vmap(lambda x: jax.jvp(f, (x, 3.0), (1.0, 0.0)))(x))


def case_custom_vmap_trees(): return jax.vmap(vmap_rule(lambda n, b, x: ({"a": x, "b": (x, x)}, {"a": True, "b": (True, b[0])})))(x)
def case_custom_vmap_no_rule(): return jax.vmap(vmap_rule(None))(x)
def case_custom_vmap_structure(): return jax.vmap(vmap_rule(lambda n, b, x: ({"a": x}, {"a": True})))(x)
def case_custom_vmap_flags(): return jax.vmap(vmap_rule(lambda n, b, x: ({"a": x, "b": (x, x)}, True)))(x)
def case_custom_vmap_no_pair(): return jax.vmap(vmap_rule(lambda n, b, x: 3))(x)
def case_sequential_vmap(): return jax.vmap(jax.custom_batching.sequential_vmap(lambda x, y: jnp.sin(x) * y["a"]), (0, None))(x, {"a": 2.0})


def tenfold_transpose(x, y):
    return jax.custom_derivatives.linear_call(lambda r, v: v * r, lambda r, ct: ct * r * 10, y, x)


def case_linear_call():
    f = tenfold_transpose
    return f(2.0, 3.0), jax.grad(f)(2.0, 3.0), jax.jit(jax.grad(f))(2.0, 3.0), jax.jvp(lambda x: f(x, 3.0), (2.0,), (1.0,)), \
        jax.linear_transpose(lambda x: f(x, 3.0), 2.0)(1.0)


# ---- corners ----

def case_grad_of_complex():
    f = lambda z: jnp.real(z) ** 2 + jnp.imag(z) ** 2
    z = jnp.complex64(3.0 + 4j)
    return jax.grad(f)(z), jax.value_and_grad(f)(z), jax.jacrev(f)(z)


def case_grad_holomorphic(): return jax.grad(jnp.sin, holomorphic=True)(1.0 + 2j), jax.jacfwd(jnp.sin, holomorphic=True)(1.0 + 2j), \
    jax.jacrev(jnp.sin, holomorphic=True)(1.0 + 2j), jax.hessian(lambda z: z ** 3, holomorphic=True)(1.0 + 2j)
def case_grad_holomorphic_of_real(): return jax.grad(jnp.sin, holomorphic=True)(1.0)
def case_grad_complex_result(): return jax.grad(lambda x: x * 1j)(1.0)
def case_jacfwd_of_complex(): return jax.jacfwd(lambda z: jnp.real(z))(3.0 + 4j)
def case_grad_of_integer(): return jax.grad(lambda n: n * 2.0)(3)
def case_grad_allow_int(): return jax.grad(lambda n, x: n * x, (0, 1), allow_int=True)(3, 2.0)
def case_jacrev_allow_int(): return jax.jacrev(lambda n, x: n * x, (0, 1), allow_int=True)(3, x)
def case_jacobians_of_trees():
    f = lambda p: {"s": p["a"] * p["b"][0], "n": jnp.sum(p["a"])}
    p = {"a": x, "b": (2.0,)}
    return jax.jacfwd(f)(p), jax.jacrev(f)(p), jax.hessian(lambda p: f(p)["s"][0])(p)


def case_jacobians_with_aux():
    f = lambda x, y: (x * y, {"sum": x + y})
    return jax.jacfwd(f, (0, 1), has_aux=True)(x, x), jax.jacrev(f, has_aux=True)(x, x)


def case_empty(): return total(lambda x: x * 2)(jnp.zeros((0, 3))), jax.jacrev(lambda x: x * 2)(jnp.zeros(0)), jax.jacfwd(lambda x: x * 2)(jnp.zeros(0))
def case_aux():
    f = lambda x: (x * x, {"x": x})
    return jax.jvp(f, (2.0,), (1.0,), has_aux=True), jax.vjp(f, 2.0, has_aux=True)[1](1.0), jax.linearize(f, 2.0, has_aux=True)[1](1.0)


def case_linear_transpose_of_types(): return jax.linear_transpose(lambda x: 3 * x, jax.ShapeDtypeStruct((3,), jnp.float32))(x)
def case_linearize_structure(): return jax.linearize(jnp.sin, x)[1](x, x)
def case_vjp_structure(): return jax.vjp(jnp.sin, x)[1]((x,))
def case_forward_and_backward():
    forward, backward = jax.fwd_and_bwd(lambda x, y: x * y, (0, 1))
    out, residuals = forward(2.0, 3.0)
    return out, backward(residuals, 1.0)


def case_keys(): return jax.grad(lambda x, key: x * jax.random.uniform(key))(2.0, jax.random.key(0))
def case_safe_where(): return jax.grad(lambda x: jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1.0)), 0.0))(0.0)


# ---- Taylor mode ----

SERIES = [jnp.array([1.0, 2.0, 0.5]), jnp.array([0.5, -1.0, 1.0]), jnp.array([0.1, 0.2, 0.3]), jnp.array([0.3, 0.1, 0.2])]


def jets(*functions, **options):
    y = jnp.array([0.3, 0.7, 1.2])
    return [jet(f, (y, y + 0.5)[:f.__code__.co_argcount], (SERIES, SERIES[::-1])[:f.__code__.co_argcount], **options) for f in functions]


def case_jet_of_one(): return jets(lambda x: jnp.sin(x), lambda x: jnp.cos(x), lambda x: jnp.exp(x), lambda x: jnp.log(x), lambda x: jnp.tanh(x),
                                   lambda x: jnp.sqrt(x), lambda x: jax.nn.sigmoid(x), lambda x: jnp.expm1(x), lambda x: x ** 3, lambda x: -abs(x))
def case_jet_of_two(): return jets(lambda x, y: x * y, lambda x, y: x / y, lambda x, y: x ** y, lambda x, y: jnp.maximum(x, y), lambda x, y: jnp.dot(x, y))
def case_jet_of_programs():
    return jets(lambda x: jax.nn.softmax(x), lambda x: jnp.where(x > 0.5, jnp.sin(x), x), lambda x: {"a": jnp.sum(jnp.exp(x)), "b": (x * x,)},
                lambda x: jax.jit(lambda x: jnp.sin(x) * jnp.cumsum(x))(x), lambda x: jnp.ones(2))


def case_jet_unscaled(): return jets(lambda x: jnp.exp(x), factorial_scaled=False)
def case_jet_transformed():
    return (jax.jit(lambda x: jet(jnp.sin, (x,), (SERIES,)))(x), jax.grad(lambda x: jet(jnp.sin, (x,), (SERIES,))[1][2].sum())(x),
            jax.vmap(lambda x: jet(jnp.sin, (x,), ([1.0, 0.0, 0.0],)))(x))


def case_jet_lengths(): return jet(lambda x, y: x * y, (x, x), (SERIES, SERIES[:2]))


# ---- what the comparison is made of ----

def cases():
    return [name for name in globals() if name.startswith("case_")]


def describe(leaf):
    if isinstance(leaf, (float, int)):  # JAX hands some numbers through
        leaf = jnp.asarray(float(leaf))
    elif isinstance(leaf, complex):
        leaf = jnp.asarray(complex(leaf))
    weak = bool(getattr(leaf, "weak_type", False))
    a = np.asarray(leaf)
    if a.dtype.kind == "c":
        a, name = np.atleast_1d(a).view(a.real.dtype), str(a.dtype)
    else:
        name = str(a.dtype)
    if a.dtype.kind == "V":
        return [name, weak, list(a.shape), []]
    return [name, weak, list(np.shape(leaf)), [float(f"{v:.8g}") for v in a.astype(float).ravel()]]


def evaluate(name):
    try:
        result = globals()[name]()
    except Exception as e:
        return type(e).__name__
    return result if isinstance(result, str) else [str(jax.tree.structure(result)), [describe(leaf) for leaf in jax.tree.leaves(result)]]
