"""Programs inside programs: hundreds deep they work; where the stack ends, that is an exception."""
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.experimental import jet

WRAPS = {
    "jit": jax.jit,
    "checkpoint": jax.checkpoint,
    "cond": lambda f: lambda x: lax.cond(x > 0, f, jnp.cos, x),
    "scan": lambda f: lambda x: lax.scan(lambda c, _: (f(c), None), x, None, length=1)[0],
    "while": lambda f: lambda x: lax.while_loop(lambda v: v[1] < 1, lambda v: (f(v[0]), v[1] + 1), (x, 0))[0],
}


@pytest.fixture
def deep():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1 << 20)
    yield
    sys.setrecursionlimit(limit)


def nested(wrap, n):
    f = jnp.sin
    for _ in range(n):
        f = wrap(f)
    return f


@pytest.mark.parametrize("wrap", WRAPS)
def test_hundreds(wrap, deep):
    f = nested(WRAPS[wrap], 200)
    assert np.allclose(f(0.5), np.sin(0.5))
    assert np.allclose(jax.jit(f)(0.5), np.sin(0.5))
    assert np.allclose(jax.jvp(f, (0.5,), (1.0,))[1], np.cos(0.5))
    if wrap != "while":
        assert np.allclose(jax.jit(jax.grad(f))(0.5), np.cos(0.5))
    assert "sin" in str(jax.make_jaxpr(f)(0.5))


@pytest.mark.parametrize("wrap", ["cond", "scan", "while"])
def test_the_stack_ends(wrap, deep):
    with pytest.raises(RecursionError):
        nested(WRAPS[wrap], 20000)(0.5)


@pytest.mark.parametrize("wrap", WRAPS)
def test_programs_put_together_are_no_deeper(wrap):
    """Without a function inside another: each program calls the one made before."""
    program = jax.make_jaxpr(jnp.sin)(0.5)
    with pytest.raises(RecursionError, match="Repeat a step by scan or fori_loop"):
        for _ in range(2000):
            step = jax.extend.core.jaxpr_as_fun(program)
            last, program = program, jax.make_jaxpr(WRAPS[wrap](lambda x, step=step: step(x)[0]))(0.5)
    f = jax.extend.core.jaxpr_as_fun(last)
    assert np.allclose(jax.jit(f)(0.5), np.sin(0.5)) and "sin" in str(last)
    assert np.allclose(jax.jit(lambda x: jax.jvp(lambda x: f(x)[0], (x,), (1.0,))[1])(0.5), np.cos(0.5))


def test_deep_trees():
    tree = 1.0
    for _ in range(100000):
        tree = (tree,)
    with pytest.raises(RecursionError):
        jax.tree.leaves(tree)


def test_many_arguments():
    """Of every function that takes a function and its arguments, at least as many as a list of parameters has."""
    xs = [jnp.float32(k) for k in range(100)]
    total = lambda *a: sum(v * v for v in a)
    _, (first, second) = jet.jet(total, tuple(xs), [[1., 0.]] * 100)
    assert first == 9900 and second == 200 and jax.jvp(total, tuple(xs), tuple(xs))[1] == 2 * total(*xs)
    assert jax.grad(total, 99)(*xs) == 198 and jax.vjp(jax.jit(total), *xs)[1](1.)[7] == 14


def test_names_of_many_constants():
    """StableHLO gives each its own."""
    f = lambda x: sum((x * (1.5 + k) for k in range(300)), x)
    names = re.findall(r"(%cst\S*) = stablehlo.constant", jax.jit(f).lower(1.).as_text())
    assert len(names) == len(set(names)) == 300
