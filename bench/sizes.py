#!/usr/bin/env python3
"""How time grows with size: programs of more equations, trees of more leaves, calls within calls. Prints a table of seconds; ten times the column before is linear.

    .venv/bin/python -m cotan bench/sizes.py [WORD]      # under JAX: python bench/sizes.py
"""
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import checkify, jet

sys.setrecursionlimit(1 << 20)
LIMIT = 60.0  # seconds; larger sizes are left out after a case that takes a tenth of it


def chain(n):
    def f(x):
        for _ in range(n // 2):
            x = jnp.sin(x) * 1.01
        return x
    return f


def wide(n):
    """n values that all come from one and are added up at the end."""
    def f(x):
        parts = [x * (1.0 + i) for i in range(n // 2)]
        total = parts[0]
        for p in parts[1:]:
            total = total + p
        return total
    return f


def kernels(n):
    """n // 20 kernels, no two of which are equal, with operations between them that fuse with nothing."""
    def f(x):
        for i in range(n // 20):
            x = jnp.sort(jnp.sin(x) * (1.0 + i))
        return x
    return f


def cells(n):
    def f(x):
        cell = jax.new_ref(x)
        for _ in range(n // 2):
            cell[...] = jnp.sin(cell[...])
        return cell[...]
    return f


def with_jvp(f):
    g = jax.custom_jvp(f)
    g.defjvp(lambda xs, ts: jax.jvp(f, xs, ts))
    return g


def with_vjp(f):
    g = jax.custom_vjp(f)
    g.defvjp(lambda x: jax.vjp(f, x), lambda pull, t: pull(t))
    return g


def in_cond(f):
    return lambda x: lax.cond(x > 0, f, jnp.cos, x)


def in_scan(f):
    return lambda x: lax.scan(lambda c, _: (f(c), None), x, None, length=1)[0]


def in_while(f):
    return lambda x: lax.while_loop(lambda s: s[0] < 1, lambda s: (s[0] + 1, f(s[1])), (0, x))[1]


X = jnp.float32(0.5)


def fresh(transform):
    """A case that transforms a chain of n equations."""
    return lambda n: lambda: jax.block_until_ready(transform(chain(n)))


def many(n):
    return {f"k{i:06d}": jnp.float32(i) for i in range(n)}


def over_tree(call):
    def case(n):
        tree = many(n)
        return lambda: jax.block_until_ready(call(tree))
    return case


def total(t):
    return sum(v * v for v in jax.tree.leaves(t))


def nested(wrap, inside=jnp.sin):
    def case(n):
        def build():
            f = inside
            for _ in range(n):
                f = wrap(f)
            return jax.block_until_ready(f(X))
        return build
    return case


def recursive(n):
    def f(x, k):
        return jnp.sin(f(x, k - 1)) if k else x
    return lambda: jax.jit(lambda x: f(x, n))(X)


def warm(n):
    """A call of a compiled function whose argument has n leaves."""
    tree, step = many(n), jax.jit(lambda t: jax.tree.map(lambda v: v, t))
    jax.block_until_ready(step(tree))
    return lambda: jax.block_until_ready(step(tree))


def text_of(n):
    closed = jax.make_jaxpr(chain(n))(X)
    return lambda: str(closed)


def evaluation(n):
    closed = jax.make_jaxpr(chain(n))(X)
    return lambda: jax.block_until_ready(jax.core.eval_jaxpr(closed.jaxpr, closed.consts, X))


def equations(n):
    closed = jax.make_jaxpr(chain(n))(X)
    return lambda: sum(len(e.invars) + len(e.outvars) for e in closed.jaxpr.eqns)


def rebuilt(n):
    """A program of lists of objects, as Python's interpreters make them."""
    closed = jax.make_jaxpr(chain(n))(X)
    return lambda: jax.block_until_ready(jax.core.eval_jaxpr(closed.jaxpr.replace(eqns=list(closed.jaxpr.eqns)), closed.consts, X))


def run_compiled(n):
    f = jax.jit(chain(n))
    jax.block_until_ready(f(X))
    return lambda: jax.block_until_ready(f(X))


def scanned(n):
    body = chain(n)
    return lambda: jax.block_until_ready(jax.grad(lambda x: lax.scan(lambda c, _: (body(c), c), x, None, length=3)[0])(X))


def compiled_twice(n):
    jax.jit(kernels(n)).lower(jnp.ones(8)).compile()
    return lambda: jax.jit(kernels(n)).lower(jnp.ones(8)).compile()


EQUATIONS, LEAVES, DEPTHS = (1000, 10000, 100000), (100, 1000, 10000), (10, 100, 1000)
CASES = {
    "equations": (EQUATIONS, {
        "eager": fresh(lambda f: f(X)),
        "make_jaxpr": fresh(lambda f: jax.make_jaxpr(f)(X)),
        "print": text_of,
        "equations as objects": equations,
        "eval_jaxpr": evaluation,
        "jvp": fresh(lambda f: jax.jvp(f, (X,), (X,))),
        "linearize": fresh(lambda f: jax.linearize(f, X)[1](X)),
        "grad": fresh(lambda f: jax.grad(f)(X)),
        "grad of grad": fresh(lambda f: jax.grad(jax.grad(f))(X)),
        "vmap": fresh(lambda f: jax.vmap(f)(jnp.ones(3))),
        "checkpoint": fresh(lambda f: jax.grad(jax.checkpoint(f))(X)),
        "grad of custom_jvp": fresh(lambda f: jax.grad(with_jvp(f))(X)),
        "grad of custom_vjp": fresh(lambda f: jax.grad(with_vjp(f))(X)),
        "vmap of grad": fresh(lambda f: jax.vmap(jax.grad(f))(jnp.ones(3))),
        "jet of two terms": fresh(lambda f: jet.jet(f, (X,), ([X, X],))),
        "checkify": fresh(lambda f: checkify.checkify(f, errors=checkify.float_checks)(X)[1]),
        "grad of cond": fresh(lambda f: jax.grad(in_cond(f))(X)),
        "mutable arrays": lambda n: lambda: jax.block_until_ready(jax.jit(cells(n))(X)),
        "grad of mutable arrays": lambda n: lambda: jax.block_until_ready(jax.grad(cells(n))(X)),
        "put together and verified": rebuilt,
        "StableHLO text": lambda n: lambda: jax.jit(chain(n)).lower(X).as_text(),
        "trace and lower": fresh(lambda f: (jax.jit(f).lower(X), X)[1]),
        "jit, the first call": fresh(lambda f: jax.jit(f)(X)),
        "jit of grad, the first call": fresh(lambda f: jax.jit(jax.grad(f))(X)),
        "jit, a call": run_compiled,
        "kernels that differ, the first call": lambda n: lambda: jax.block_until_ready(jax.jit(kernels(n))(jnp.ones(8))),
        "kernels that differ, known code": compiled_twice,
        "grad of scan": scanned,
        "one value read by all": lambda n: lambda: jax.block_until_ready(jax.jit(jax.grad(wide(n)))(X)),
    }),
    "leaves": (LEAVES, {
        "flatten": over_tree(lambda t: jax.tree.unflatten(jax.tree.structure(t), jax.tree.leaves(t))),
        "tree.map": over_tree(lambda t: jax.tree.map(lambda a: a, t)),
        "grad": over_tree(lambda t: jax.grad(total)(t)),
        "jvp": over_tree(lambda t: jax.jvp(total, (t,), (t,))),
        "vmap": over_tree(lambda t: jax.vmap(total)(jax.tree.map(lambda a: jnp.broadcast_to(a, (2,)), t))),
        "jit, the first call": over_tree(lambda t: jax.jit(lambda t: jax.tree.map(lambda a: a + 1, t))(t)),
        "jit, a call": warm,
        "scan": over_tree(lambda t: lax.scan(lambda c, _: (jax.tree.map(lambda a: a * 0.5, c), None), t, None, length=3)[0]),
        "grad of scan": over_tree(lambda t: jax.grad(lambda t: total(lax.scan(lambda c, _: (jax.tree.map(lambda a: a * 0.5, c), None), t, None, length=3)[0]))(t)),
        "cond": over_tree(lambda t: lax.cond(jnp.bool_(True), lambda t: jax.tree.map(lambda a: a * 0.5, t), lambda t: t, t)),
        "checkpoint": over_tree(lambda t: jax.grad(jax.checkpoint(total))(t)),
        "linearize": over_tree(lambda t: jax.linearize(total, t)[1](t)),
        "vjp": over_tree(lambda t: jax.vjp(total, t)[1](X)),
        "custom_jvp": over_tree(lambda t: jax.grad(with_jvp(total))(t)),
        "custom_vjp": over_tree(lambda t: jax.grad(with_vjp(total))(t)),
        "while": over_tree(lambda t: lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, jax.tree.map(lambda a: a * 0.5, s[1])), (0, t))),
        "grad of while": over_tree(lambda t: jax.grad(lambda t: total(lax.fori_loop(0, 2, lambda i, s: jax.tree.map(lambda a: a * 0.5, s), t)))(t)),
        "vmap of cond": over_tree(lambda t: jax.vmap(lambda p: lax.cond(p, total, lambda t: 2 * total(t), t))(jnp.array([True, False]))),
        "jet": over_tree(lambda t: jet.jet(lambda *a: total(a), tuple(t.values()), [[X] for _ in t])),
        "pure_callback": over_tree(lambda t: jax.pure_callback(lambda t: t, t, t)),
    }),
    "depth": (DEPTHS, {
        "jit in jit": nested(jax.jit),
        "grad of jit in jit": lambda n: lambda: jax.grad(nested_function(jax.jit, n))(X),
        "checkpoint in checkpoint": lambda n: lambda: jax.grad(nested_function(jax.checkpoint, n))(X),
        "grad of checkpoint in checkpoint": lambda n: lambda: jax.jit(jax.grad(nested_function(jax.checkpoint, n)))(X),
        "scan in scan": nested(in_scan),
        "grad of scan in scan": lambda n: lambda: jax.grad(nested_function(in_scan, n))(X),
        "while in while": nested(in_while),
        "vmap of while in while": lambda n: lambda: jax.vmap(nested_function(in_while, n))(jnp.ones(3)),
        "cond in cond": nested(in_cond),
        "vmap of cond in cond": lambda n: lambda: jax.vmap(nested_function(in_cond, n))(jnp.ones(3)),
        "grad of cond in cond": lambda n: lambda: jax.grad(nested_function(in_cond, n))(X),
        "grad of custom_jvp in custom_jvp": lambda n: lambda: jax.grad(nested_function(with_jvp, n))(X),
        "grad of custom_vjp in custom_vjp": lambda n: lambda: jax.grad(nested_function(with_vjp, n))(X),
        "recursion under jit": recursive,
        "nested tuples": lambda n: lambda: jax.jit(lambda t: t)(deep_tuple(n)),
    }),
}


def nested_function(wrap, n):
    f = jnp.sin
    for _ in range(n):
        f = wrap(f)
    return f


def deep_tuple(n):
    t = X
    for _ in range(n):
        t = (t,)
    return t


def seconds(case, n):
    run = case(n)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main():
    for unit, (sizes, cases) in CASES.items():
        print(f"\n| {unit} | " + " | ".join(f"{n:,}" for n in sizes) + " |\n|---|" + "---|" * len(sizes), flush=True)
        for name, case in cases.items():
            if len(sys.argv) > 1 and sys.argv[1] not in f"{unit}: {name}":
                continue
            row, last = [], 0.0
            for n in sizes:
                if last > LIMIT / 10:
                    row.append("")
                    continue
                try:
                    last = seconds(case, n)
                    row.append(f"{last:.3g}")
                except Exception as error:
                    row.append(f"{type(error).__name__}: {str(error)[:60]}")
            print(f"| {name} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
