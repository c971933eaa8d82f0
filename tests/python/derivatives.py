"""Small programs of derivatives whose results and jaxprs are compared with JAX's, recorded in derivatives.json by record_derivatives.py.

A program is a function named case_<subject>. It returns text (a jaxpr, compared exactly) or a pytree of arrays (dtypes, weak types, shapes and values are compared);
an exception counts by its class.
"""
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.ad_checkpoint import checkpoint_name

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




# ---- what the comparison is made of ----

def cases():
    return [name for name in globals() if name.startswith("case_")]


def describe(leaf):
    if isinstance(leaf, (float, int)):  # JAX hands some numbers through
        leaf = jnp.asarray(float(leaf))
    weak = bool(getattr(leaf, "weak_type", False))
    a = np.asarray(leaf)
    if a.dtype.kind == "c":
        a, name = a.view(a.real.dtype), str(a.dtype)
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
