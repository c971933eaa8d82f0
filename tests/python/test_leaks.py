"""Programs made of fresh functions over and over keep no memory: neither Python's objects nor the library's."""
import ctypes
import gc
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

X = jnp.arange(3.0)


class Usage(ctypes.Structure):
    """What glibc's malloc says of itself."""
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def usage():
    """(bytes in use by the library, blocks in use by Python)"""
    gc.collect()
    information = ctypes.CDLL(None).mallinfo2
    information.restype = Usage
    u = information()
    return u.uordblks + u.hblkhd, sys.getallocatedblocks()


def scanned(k):
    return lambda w: lax.scan(lambda c, x: (jnp.tanh(c * w + x * k), c), 0.5, X)[0]


def custom(k):
    f = jax.custom_vjp(lambda x: x * k)
    f.defvjp(lambda x: (x * k, x), lambda r, g: (g * k * r,))
    return f


def custom_forward(k):
    f = jax.custom_jvp(lambda x: x * k)
    f.defjvp(lambda xs, ts: (f(*xs), jnp.cos(xs[0]) * ts[0] * k))
    return f


def recursive_rule(k):
    f = jax.custom_vjp(lambda x: x * k)
    f.defvjp(lambda x: (f(x), x), lambda r, g: (g * k * r,))
    return f


class Model:
    def __init__(self, k):
        self.k = k
        self.step = jax.jit(jax.value_and_grad(self.loss))

    def loss(self, x):
        return jnp.sum(x * self.k)


def cell(k):
    def f(x):
        r = jax.new_ref(x)
        r[...] += k
        lax.fori_loop(0, 2, lambda i, _: r.__setitem__(..., r[...] * 2), None)
        return jax.freeze(r)
    return f


def host(k):
    return lambda x: jax.pure_callback(lambda a: np.asarray(a) * k, jax.ShapeDtypeStruct((), jnp.float32), x)


def escaping(k):
    """A tracer that its function leaves behind, and lets go."""
    kept = []

    def f(x):
        kept.append(x * k)
        return x
    return f


def refused(f, *args):
    try:
        f(*args)
    except Exception as error:
        return type(error).__name__


def loop(k):
    return lambda x: lax.while_loop(lambda c: c < 10.0 + k * 1e-6, lambda c: c * 2 * x, x)


def branch(k):
    return lambda x: lax.cond(x > 0, lambda x: x * k, jnp.sin, x)


CASES = {
    "a method that is jitted by its object": lambda k: Model(k).step(X),
    "a rule that calls its function": lambda k: jax.grad(recursive_rule(k))(1.0),
    "eager": lambda k: jnp.sin(X * k) @ X,
    "jit": lambda k: jax.jit(lambda x: x * k + jnp.sin(x))(1.0),
    "jit of jit": lambda k: jax.jit(jax.jit(lambda x: x * k))(X),
    "jit, several types": lambda k: [f(1.0) and f(X) for f in [jax.jit(lambda x: jnp.sum(x) * k)]],
    "jit with static arguments": lambda k: jax.jit(lambda x, n: x * n, static_argnums=1)(1.0, k),
    "one jit, many static arguments": lambda k, f=jax.jit(lambda x, n: x * n, static_argnums=1): k < 40 and f(1.0, k % 7),
    "compiled ahead": lambda k: jax.jit(lambda x: x * k).lower(X).compile()(X),
    "make_jaxpr": lambda k: str(jax.make_jaxpr(scanned(k))(1.0)),
    "equations": lambda k: [e.params for e in jax.make_jaxpr(scanned(k))(1.0).eqns],
    "grad": lambda k: jax.grad(lambda x: jnp.sin(x) * k)(1.0),
    "grad of jit": lambda k: jax.grad(jax.jit(lambda x: x * k + jnp.sin(x)))(1.0),
    "vjp": lambda k: jax.vjp(lambda x: jnp.sin(x) * k, 1.0)[1](1.0),
    "vjp that is not called": lambda k: jax.vjp(lambda x: jnp.sin(x) * k, X)[1] and None,
    "linearize": lambda k: jax.linearize(scanned(k), 1.0)[1](1.0),
    "linear_transpose": lambda k: jax.linear_transpose(lambda t: jax.jvp(scanned(k), (1.0,), (t,))[1], 1.0)(1.0),
    "hessian": lambda k: jax.hessian(lambda x: jnp.sum(jnp.sin(x) * k))(X),
    "vmap": lambda k: jax.vmap(lambda x: x * k)(X),
    "vmap of grad": lambda k: jax.vmap(jax.grad(scanned(k)))(X),
    "scan": lambda k: scanned(k)(1.0),
    "jit of scan": lambda k: jax.jit(scanned(k))(1.0),
    "grad of scan": lambda k: jax.grad(scanned(k))(1.0),
    "jit of grad of scan": lambda k: jax.jit(jax.grad(scanned(k)))(1.0),
    "grad of grad of scan": lambda k: jax.grad(jax.grad(scanned(k)))(1.0),
    "scan over a captured tracer": lambda k: jax.grad(lambda w: lax.scan(lambda c, x: (c * w, jax.grad(lambda v: v * w * k)(x)), w, X)[1].sum())(1.0),
    "while": lambda k: loop(k)(1.5),
    "jvp of while": lambda k: jax.jvp(loop(k), (1.5,), (1.0,)),
    "grad of while": lambda k: jax.grad(loop(k))(1.5),
    "vmap of while": lambda k: jax.jit(jax.vmap(loop(k)))(X + 1),
    "jvp of jvp of while": lambda k: jax.jvp(lambda y: jax.jvp(lambda x: loop(k)(x * y), (1.5,), (1.0,)), (1.0,), (1.0,)),
    "fori_loop": lambda k: jax.grad(lambda x: lax.fori_loop(0, 3, lambda i, c: c * x * k, x))(1.0),
    "cond": lambda k: jax.grad(branch(k))(1.0),
    "vmap of cond": lambda k: jax.vmap(branch(k))(X),
    "checkpoint": lambda k: jax.grad(jax.checkpoint(lambda x: jnp.sin(jnp.sin(x * k))))(1.0),
    "checkpoint of scan": lambda k: jax.jit(jax.grad(jax.checkpoint(scanned(k))))(1.0),
    "custom_vjp": lambda k: jax.grad(custom(k))(1.0),
    "jvp of vmap of custom_vjp": lambda k: jax.jvp(lambda x: jax.vmap(jax.grad(custom(k)))(x), (X,), (X,)),
    "custom_jvp": lambda k: jax.grad(jax.grad(custom_forward(k)))(1.0),
    "jit of custom_jvp": lambda k: jax.jit(jax.grad(custom_forward(k)))(1.0),
    "custom_gradient": lambda k: jax.grad(jax.custom_gradient(lambda x: (x * k, lambda t: t * k)))(1.0),
    "closure_convert": lambda k: jax.closure_convert(lambda x: x * k, 1.0)[0](1.0),
    "custom_root": lambda k: lax.custom_root(lambda x: x - k, 0.0, lambda f, x: x - f(x), lambda g, y: y),
    "references": lambda k: cell(k)(X),
    "jit of references": lambda k: jax.jit(cell(k))(X),
    "grad of references": lambda k: jax.grad(lambda x: cell(k)(x).sum())(X),
    "callback": lambda k: host(k)(1.0),
    "jit of callback": lambda k: jax.jit(host(k))(1.0),
    "vmap of callback": lambda k: jax.vmap(lambda x: jax.pure_callback(np.sin, x, x, vmap_method="sequential") * k)(X),
    "a tracer that escapes": lambda k: jax.jit(escaping(k))(1.0),
    "errors": lambda k: refused(lambda: jax.jit(lambda x: x + jnp.ones((2, k + 2)))(jnp.ones((3, 5)))),
    "errors under grad": lambda k: refused(jax.grad(lambda x: x * [][k]), 1.0),
    "errors in loops": lambda k: refused(jax.jit(lambda x: lax.scan(lambda c, _: (c + [][k], c), x, None, length=3)), 1.0),
    "errors in callbacks": lambda k: refused(jax.jit(host("a")), 1.0),
    "trees": lambda k: jax.tree.map(lambda a: a + k, {"a": X, "b": (X, [X])}),
    "jit of trees": lambda k: jax.jit(lambda t: jax.tree.map(lambda a: a + k, t))({"a": X, "b": (X, [X])}),
    "NumPy": lambda k: np.asarray(jnp.asarray(np.ones(100) * k)).sum(),
    "indices": lambda k: X.at[jnp.array([0, 2])].set(k)[::2],
    "random": lambda k: jax.random.normal(jax.random.split(jax.random.key(k))[0], (10,)),
    "donation": lambda k: jax.jit(lambda x: x + k, donate_argnums=0)(X + 1),
    "disable_jit": lambda k: without_jit(scanned(k)),
    "eval_shape": lambda k: jax.eval_shape(scanned(k), 1.0),
    "printed": lambda k: repr(X * k),
}


COUNTS = {"jit with static arguments", "one jit, many static arguments", "errors", "errors under grad", "errors in loops", "random"}


def without_jit(f):
    with jax.disable_jit():
        return f(1.0)


@pytest.mark.parametrize("name", CASES)
def test_keeps_nothing(name):
    run, rounds = CASES[name], 30
    number = int if name in COUNTS else jnp.float32  # an array, so that one kernel serves all
    for k in range(15):
        run(number(k + 1))
    growth = None
    for attempt in range(40):  # caches that fill up, and what another thread does, are no leaks
        bytes_before, blocks_before = usage()
        for k in range(rounds):
            run(number(1000 * (attempt + 1) + k))
        bytes_after, blocks_after = usage()
        growth = (bytes_after - bytes_before) / rounds, (blocks_after - blocks_before) / rounds
        if growth[0] < 16 and growth[1] < 1:
            return
    assert False, f"{growth[0]:.0f} bytes and {growth[1]:.1f} of Python's blocks a call"
