"""Records how JAX writes the rules of its primitives: recorded/ops_jaxprs.txt, which ops_jaxprs.c compares with ours.

Run with JAX 0.10.2 and no arguments. A block is a line "== law name" and the jaxpr of the law applied to the function `name`.
"""
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax._src.lax import slicing

np.set_printoptions(legacy="1.25")  # np.int64(1) prints as 1

X = jnp.ones((2, 3), jnp.float32)
UNARY = """neg sign floor ceil is_finite exp exp2 log expm1 log1p tanh logistic sin cos tan asin acos atan sinh cosh asinh acosh atanh abs sqrt rsqrt cbrt
square erf erfc erf_inv lgamma digamma bessel_i0e bessel_i1e""".split()
BINARY = "add sub mul div rem max min atan2 igamma igammac eq ne lt le gt ge pow".split()

def index_of(x):
    return lax.convert_element_type(lax.reduce_max(x, (0, 1)), jnp.int32)

functions = {name: (getattr(lax, name), 1) for name in UNARY}
functions |= {name: (getattr(lax, name), 2) for name in BINARY}
functions |= {
    "reduce_sum": (lambda x: lax.reduce_sum_p.bind(x, axes=(0,), out_sharding=None), 1),
    "reduce_max": (lambda x: lax.reduce_max_p.bind(x, axes=(0,)), 1),
    "reduce_min": (lambda x: lax.reduce_min_p.bind(x, axes=(0, 1)), 1),
    "cumsum": (lambda x: lax.cumsum(x, 1), 1),
    "cumprod": (lambda x: lax.cumprod(x, 1, reverse=True), 1),
    "cummax": (lambda x: lax.cummax(x, 1), 1),
    "integer_pow": (lambda x: lax.integer_pow(x, -3), 1),
    "clamp": (lambda x, y, z: lax.clamp(y, x, z), 3),
    "select_n": (lambda x, y, z: lax.select_n(lax.gt(x, jnp.float32(0)), y, z), 3),
    "copy": (lambda x: lax.copy_p.bind(x), 1),
    "round": (lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), 1),
    "stop_gradient": (lambda x: lax.stop_gradient(x), 1),
    "reduce_precision": (lambda x: lax.reduce_precision(x, 8, 7), 1),
    "broadcast_in_dim": (lambda x: lax.broadcast_in_dim(x, (2, 4, 3), (0, 2)), 1),
    "reshape": (lambda x: lax.reshape(x, (3, 2)), 1),
    "squeeze": (lambda x: lax.squeeze(lax.expand_dims(x, (0, 2)), (0,)), 1),
    "transpose": (lambda x: lax.transpose(x, (1, 0)), 1),
    "rev": (lambda x: lax.rev(x, (1,)), 1),
    "concatenate": (lambda x, y: lax.concatenate([x, y], 1), 2),
    "split": (lambda x: lax.mul(*lax.split(x, (1, 2), 1)), 1),
    "stack": (lambda x, y: lax.stack([x, y], 1), 2),
    "unstack": (lambda x: (lambda a, b, c: lax.mul(a, c))(*lax.unstack(x, 1)), 1),
    "tile": (lambda x: lax.tile(x, (2, 2)), 1),
    "slice": (lambda x: lax.slice(x, (0, 1), (2, 3), (1, 2)), 1),
    "dynamic_slice": (lambda x, y: slicing.dynamic_slice_p.bind(x, index_of(y), index_of(y), slice_sizes=(1, 2)), 2),
    "dynamic_update_slice": (lambda x, y: slicing.dynamic_update_slice_p.bind(x, lax.slice(y, (0, 0), (1, 2)), index_of(y), index_of(y)), 2),
    "argmax": (lambda x: lax.argmax(x, 0, jnp.int32), 1),
}

def jvp(f, n):
    return lambda *a: jax.jvp(f, a[:n], a[n:])

def vmap_front(f, n):
    return jax.vmap(f)

def vmap_mixed(f, n):
    return jax.vmap(f, in_axes=(1, None, 2)[:n])

def pullback(f, n):
    return lambda *a: jax.vjp(f, *a[:n])[1](a[n])

B, M = jnp.ones((4, 2, 3), jnp.float32), jnp.ones((2, 4, 3), jnp.float32)
L = jnp.ones((2, 3, 4), jnp.float32)
LAWS = {
    "jvp": (jvp, lambda f, n: [X] * 2 * n),
    "vmap": (vmap_front, lambda f, n: [B] * n),
    "vmap_mixed": (vmap_mixed, lambda f, n: [M, X, L][:n]),
    "vjp": (pullback, lambda f, n: [X] * n + [jnp.ones(s.shape, s.dtype) for s in [jax.eval_shape(f, *[X] * n)]]),
}
INTEGER_RESULTS = {"argmax", "eq", "ne", "lt", "le", "gt", "ge", "is_finite"}

out = []
for law, (transform, operands) in LAWS.items():
    for name, (f, n) in functions.items():
        if law in ("vjp", "jvp") and name in INTEGER_RESULTS:
            continue
        try:
            text = str(jax.make_jaxpr(transform(f, n))(*operands(f, n)))
        except Exception as error:
            print(f"left out: {law} {name}: {str(error)[:80]}")
            continue
        out.append(f"== {law} {name} {n}\n{text}\n")
path = pathlib.Path(__file__).parent / "recorded" / "ops_jaxprs.txt"
path.write_text("".join(out))
print(len(out), "blocks")
