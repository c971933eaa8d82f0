"""Control flow under compositions of transformations. Each program takes a number to a number and has a twin written out in Python; each transformation makes such a
function of such a function, so they compose in any order. What a composition gives for the program is compared with what it gives for the twin, where jit does nothing
and a batch is a loop; first derivatives are compared with difference quotients too."""
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

W = np.array([0.7, -0.4, 1.1], np.float32)
FACTORS = np.array([1.0, 0.6, 1.9], np.float32)


def _scan(x):
    c, ys = lax.scan(lambda c, w: (jnp.sin(c) * x + w, (c * w, x)), x, W)
    return c + ys[0].sum() + ys[1][0]


def _scan_twin(x):
    c, total = x, x
    for w in W:
        total, c = total + c * w, jnp.sin(c) * x + w
    return c + total


def _reverse_network(x):
    def step(h, row):
        h = {"h": jnp.tanh(jnp.exp(x) * h["h"] + row)}
        return h, h["h"].sum()
    return lax.scan(step, {"h": x * W}, np.outer(W, W), reverse=True)[1].sum()


def _reverse_network_twin(x):
    h, total = x * W, 0.0
    for row in np.outer(W, W)[::-1]:
        h = jnp.tanh(jnp.exp(x) * h + row)
        total = total + h.sum()
    return total


def _counted(x):
    return lax.fori_loop(0, 4, lambda i, c: jnp.sin(c) * x + i, x)


def _traced_count(x):
    n = jnp.where(x < 10, 4, 3)
    return lax.fori_loop(0, n, lambda i, c: jnp.sin(c) * x + i, x)


def _counted_twin(x):
    c = x
    for i in range(4):
        c = jnp.sin(c) * x + i
    return c


def _while(x):
    return lax.while_loop(lambda v: v[1] < 6, lambda v: (jnp.cos(v[0]) + x * v[0], v[1] + jnp.abs(v[0]) + 1), (x, 0.0))[0]


def _while_twin(x):
    c, n = x, 0.0
    while lax.stop_gradient(n) < 6:
        c, n = jnp.cos(c) + x * c, n + jnp.abs(c) + 1
    return c


def _nested(x):
    def row(c, w):
        return lax.while_loop(lambda u: u < c + 2, lambda u: u * 1.4 + jnp.sin(x) ** 2 + 0.1, jnp.abs(c) + 0.5), w * c
    return sum(part.sum() for part in lax.scan(row, x, W))


def _nested_twin(x):
    c, total = x, 0.0
    for w in W:
        u, total = jnp.abs(c) + 0.5, total + w * c
        while lax.stop_gradient(u) < lax.stop_gradient(c) + 2:
            u = u * 1.4 + jnp.sin(x) ** 2 + 0.1
        c = u
    return c + total


def _loop_in_a_branch(x):
    def grow(x):
        return lax.while_loop(lambda v: v < 5, lambda v: v * 1.7 + jnp.sin(v), x)  # for ever, below zero
    return lax.cond(x > 0.6, grow, lambda x: jnp.cos(x) - 3 * x, x - 0.5)


def _loop_in_a_branch_twin(x):
    v = x - 0.5
    if lax.stop_gradient(x) <= 0.6:
        return jnp.cos(v) - 3 * v
    while lax.stop_gradient(v) < 5:
        v = v * 1.7 + jnp.sin(v)
    return v


def _branch_in_a_loop(x):
    def step(c, w):
        return lax.switch(jnp.int32(w > 0) + jnp.int32(c > 1), [jnp.sin, lambda c: c * x, lambda c: jnp.exp(-c) + w], c), None
    return lax.scan(step, x, W)[0]


def _branch_in_a_loop_twin(x):
    c = x
    for w in W:
        which = int(w > 0) + int(lax.stop_gradient(c) > 1)
        c = [jnp.sin, lambda c: c * x, lambda c: jnp.exp(-c) + w][which](c)
    return c


PROGRAMS = {f.__name__[1:]: (f, twin) for f, twin in (
    (_scan, _scan_twin), (_reverse_network, _reverse_network_twin), (_counted, _counted_twin), (_traced_count, _counted_twin), (_while, _while_twin), (_nested, _nested_twin),
    (_loop_in_a_branch, _loop_in_a_branch_twin), (_branch_in_a_loop, _branch_in_a_loop_twin))}


def _jvp(f):
    return lambda x: jax.jvp(f, (x,), (1.0,))[1]


# name -> (of the program, of the twin)
TRANSFORMATIONS = {
    "jit": (jax.jit, lambda f: f),
    "vmap": (lambda f: lambda x: jax.vmap(f)(x * FACTORS).sum(), lambda f: lambda x: sum(f(x * t) for t in FACTORS)),
    "grad": (jax.grad, jax.grad),
    "jvp": (_jvp, jax.grad),
}


def _applied(word, which, f):
    for name in reversed(word):
        f = TRANSFORMATIONS[name][which](f)
    return f


def _cases():
    """Every program under all of one and two transformations with a derivative among them, and under some of the longer words, which differentiate twice around a batch
    or a jit: two programs a word, in turn."""
    names, derivatives = list(TRANSFORMATIONS), {"grad", "jvp"}
    short = [word for n in (1, 2) for word in itertools.product(names, repeat=n) if derivatives & set(word) or n == 1]
    yield from itertools.product(PROGRAMS, short)
    long = [word for word in itertools.product(names, repeat=3) if len(derivatives & set(word)) and "grad" in word and sum(t in derivatives for t in word) == 2]
    programs = itertools.cycle(PROGRAMS)
    for word in [*long, ("jit", "grad", "vmap", "grad"), ("vmap", "grad", "jit", "grad")]:
        yield next(programs), word
        yield next(programs), word
        next(programs)


@pytest.mark.parametrize("name, word", list(_cases()), ids=lambda part: part if isinstance(part, str) else "_".join(part))
def test_composition(name, word):
    program, twin = PROGRAMS[name]
    x = np.float32(0.9)
    assert np.allclose(_applied(word, 0, program)(x), _applied(word, 1, twin)(x), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivative_is_the_limit(name):
    program = PROGRAMS[name][0]
    with jax.enable_x64(True):
        x, step = np.float64(0.9), 1e-3
        for f in (program, jax.jit(program)):
            slope = (f(x + step) - f(x - step)) / (2 * step)
            assert np.allclose([jax.grad(f)(x), _jvp(f)(x)], slope, rtol=1e-4)
