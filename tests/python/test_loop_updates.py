"""Loops whose steps read and update single elements of arrays: one kernel each, with the bits of the same loop run step by step (COTAN_OPTIMIZE=0)."""
import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

x = jnp.sin(jnp.arange(100.0, dtype=jnp.float32))
table = x.reshape(25, 4)
marks = jnp.asarray([3, -1, 60, 99, 100, -100, -101, 5, 5, 7, 2**31 - 1, -2**31])


def over(n, step):
    return lambda a: lax.fori_loop(0, n, step, a)


def at_marks(update, **mode):
    """update(a.at[i], i) at each mark, some of which lie outside."""
    return lambda a: lax.scan(lambda a, i: (update(a.at[i], i), a.at[i].get(**mode)), a, marks)


def sieve(n):
    def strike(i, s):
        return lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + i, c[1].at[c[0]].set(False)), (i * i, s))[1]
    return lambda s: lax.fori_loop(2, 10, lambda i, s: lax.cond(s[i], lambda s: strike(i, s), lambda s: s, s), s)


def knapsack(weights, values):
    def item(k, best):
        def weight(j, best):
            c = 50 - j
            with_it = best[c - weights[k]] + values[k]
            return best.at[c].set(jnp.where(c >= weights[k], jnp.maximum(best[c], with_it), best[c]))
        return lax.fori_loop(0, 50, weight, best)
    return lax.fori_loop(0, 7, item, jnp.zeros(51))


def bubble(a):
    def exchange(j, a):
        p, q = a[j], a[j + 1]
        return a.at[j].set(jnp.minimum(p, q)).at[j + 1].set(jnp.maximum(p, q))
    return lax.fori_loop(0, 20, lambda i, a: lax.fori_loop(0, 19, exchange, a), a)


def partition(a):
    def step(j, c):
        i, a = c
        return lax.cond(a[j] < 0, lambda: (i + 1, a.at[i].set(a[j]).at[j].set(a[i])), lambda: (i, a))
    return lax.fori_loop(0, 100, step, (0, a))


def three_ways(i, c):
    a, total = c
    return lax.switch(i % 4, [lambda: (a.at[i].set(total), total + a[0]), lambda: (a, total * 2), lambda: (a.at[i - 1].add(1).at[i].set(a[i - 1]), a[i - 1])]), i


def halves(dtype):
    return lambda a: lax.fori_loop(1, 40, lambda i, a: a.at[i].add(a[i - 1] * dtype(1.1)), a.astype(dtype))


LOOPS = {
    "one after another": (over(100, lambda i, a: a.at[i].set(a[i - 1] * 0.5 + 1)), x),
    "integers": (lambda a: lax.fori_loop(2, 100, lambda i, a: a.at[i].set(a[i - 1] + a[i - 2]), a), jnp.ones(100, jnp.int32)),
    "histogram": (lambda d: lax.scan(lambda h, v: (h.at[v].add(1), None), jnp.zeros(70, jnp.int32), d)[0], jnp.arange(1000) ** 2 % 77 - 4),
    "no steps": (over(0, lambda i, a: a.at[i].set(1)), x),
    "no steps, dynamic": (lambda n, a: lax.fori_loop(0, n, lambda i, a: a.at[i].set(1), a), jnp.int32(-3), x),
    "set outside": (at_marks(lambda at, i: at.set(i)), x),
    "added outside": (at_marks(lambda at, i: at.add(0.1)), x),
    "multiplied outside": (at_marks(lambda at, i: at.multiply(1.1)), x),
    "smallest": (at_marks(lambda at, i: at.min(i)), x),
    "largest": (at_marks(lambda at, i: at.max(0.3)), x),
    "clipped": (at_marks(lambda at, i: at.set(i, mode="clip"), mode="clip"), x),
    "filled": (at_marks(lambda at, i: at.set(0.5, mode="drop"), mode="fill", fill_value=-7), x),
    "filled by NaN": (at_marks(lambda at, i: at.set(0.5), mode="fill"), x),
    "two dimensions": (over(100, lambda i, a: a.at[i // 4, i % 4].set(a[(i - 1) // 4, (i - 1) % 4] + i)), table),
    "outside in one": (over(40, lambda i, a: a.at[i, i % 3].set(a[i, 3 - i])), table),
    "rows": (over(26, lambda i, a: a.at[i].set(a[i - 1] * 0.5 + a[i, ::-1])), table),
    "columns": (over(4, lambda i, a: a.at[:, i].set(a[:, i - 1] + 1)), table[:10]),
    "some of a row": (over(30, lambda i, a: lax.dynamic_update_slice(a, lax.dynamic_slice(a, (i - 2, i % 3), (2, 2)) * 2, (i, i % 3))), table),
    "two at once": (over(50, lambda i, a: a.at[jnp.array([i, 2 * i])].add(a[jnp.array([i + 1, i])])), x),
    "the same twice": (over(50, lambda i, a: a.at[jnp.array([i, i, i + 1])].add(jnp.array([1.0, 0.1, 2.0]))), x),
    "unsigned places": (lambda a: lax.scan(lambda a, i: (a.at[i].set(a[i + 1]), a[i]), a, jnp.arange(200, 256, dtype=jnp.uint8)), x),
    "narrow places": (lambda a: lax.scan(lambda a, i: (a.at[i].add(1), a[i]), a, jnp.arange(-128, 127, dtype=jnp.int8)), x),
    "bools": (sieve(100), jnp.ones(100, bool)),
    "bytes": (over(100, lambda i, a: a.at[i].set(a[i - 1] * 3 + i.astype(jnp.int8))), jnp.arange(100, dtype=jnp.int8)),
    "unsigned": (over(100, lambda i, a: a.at[i].set(a[i - 1] * 3 + 1)), jnp.arange(100, dtype=jnp.uint16)),
    "bfloat16": (halves(jnp.bfloat16), x),
    "float16": (halves(jnp.float16), x),
    "complex": (over(100, lambda i, a: a.at[i].set(a[i - 1] * (0.5 + 0.5j) + a[i])), x + 1j),
    "swap": (over(50, lambda i, a: a.at[i].set(a[99 - i]).at[99 - i].set(a[i])), x),
    "bubble sort": (bubble, x[:20]),
    "knapsack": (knapsack, jnp.array([3, 9, 14, 2, 5, 11, 8]), jnp.array([2.0, 5, 9, 1, 3, 8, 4])),
    "partition": (partition, x),
    "branches": (lambda a: lax.scan(lambda c, i: three_ways(i, c), (a, jnp.float32(0)), jnp.arange(90)), x),
    "branch that reads": (lambda a: lax.fori_loop(0, 90, lambda i, c: (c[0].at[i].set(c[1]), lax.cond(c[0][i] > 0, lambda: c[0][i + 1], lambda: c[1] + 1)), (a, a[0])), x),
    "test that reads": (lambda a: lax.while_loop(lambda c: c[1][c[0]] < 0.99, lambda c: (c[0] + 1, c[1].at[c[0]].mul(2)), (0, a)), x),
    "two arrays": (lambda a, b: lax.fori_loop(0, 99, lambda i, c: (c[0].at[i].set(c[1][i + 1]), c[1].at[i + 1].set(c[0][i])), (a, b)), x, -x),
    "ends of an array": (over(99, lambda i, a: a.at[0].set(a[-1] + a[i]).at[-1].add(a[0])), x),
    "a table": (lambda i: lax.fori_loop(0, 30, lambda _, c: (c[1], (c[0] + 7 * c[1] + 1) % 100, c[2] + x[c[1]]), (i, i, jnp.float32(0))), jnp.int32(3)),
    "a table beside": (lambda t, i: lax.scan(lambda c, v: (c + t[v], t[v] * t[c.astype(jnp.int32)]), jnp.float32(0), i), x, jnp.arange(20) * 3),
    "rows of xs": (lambda t: lax.scan(lambda i, r: (jnp.where(r[i] > 0, (i + 1) % 4, i), (r[i], r[3 - i])), 0, t), table),
    "rows of xs, backwards": (lambda t: lax.scan(lambda i, r: ((i + 3) % 200, r[i]), 0, t.T.reshape(2, 2, 25).repeat(4, 2).reshape(4, 100), reverse=True), table),
    "kept": (lambda a: lax.scan(lambda c, i: ((c[0], c[1] + c[0][i]), c[0][i + 1]), (a, jnp.float32(0)), jnp.arange(70)), x),
    "lanes": (jax.vmap(over(25, lambda i, a: a.at[i].set(a[i - 1] * 0.5 + 1))), x.reshape(4, 25)),
    "lanes at places of their own": (jax.vmap(lambda a, d: lax.scan(lambda a, i: (a.at[i].add(1), a[i - 3]), a, d)), x.reshape(4, 25), marks.reshape(4, 3)),
    "lanes of bytes": (jax.vmap(lambda a, d: lax.scan(lambda a, i: (a.at[i].set(i % 2 == 0), a[i]), a, d)), x.reshape(20, 5) > 0, jnp.arange(140).reshape(20, 7) % 11),
    "lanes that stop": (jax.vmap(lambda a, n: lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1].at[c[0]].set(n)), (0, a))), table, jnp.arange(25) % 6),
    "lanes at the end": (jax.vmap(over(20, lambda i, a: a.at[i].set(a[i - 1] * 0.5)), 1, 1), x.reshape(20, 5)),
    "one lane": (jax.vmap(over(25, lambda i, a: a.at[i].set(a[i - 1] * 0.5 + 1))), x[None]),
    "lanes of rows": (jax.vmap(over(5, lambda i, a: a.at[i].set(a[i - 1] + i))), x.reshape(5, 5, 4)),
    "lanes and a table": (jax.vmap(lambda i: lax.fori_loop(0, 9, lambda _, c: ((c[0] * 3 + 1) % 100, c[1] + x[c[0]]), (i, jnp.float32(0)))), jnp.arange(37)),
    "lanes in branches": (jax.vmap(over(25, lambda i, a: lax.cond(i % 3 == 0, lambda a: a.at[i].set(7), lambda a: a.at[i - 1].add(a[i]), a))), x.reshape(4, 25)),
}
# These run too, but as programs of steps: an array as it was before an update, or another one's memory, is wanted.
STEPS = {
    "what is replaced": (lambda a: lax.scan(lambda a, i: (a.at[i].set(2), a), a, jnp.arange(100)), x),
    "arrays that change places": (lambda a, b: lax.fori_loop(0, 99, lambda i, c: (c[1], c[0].at[i].set(c[1][i + 1])), (a, b)), x, -x),
    "arrays from branches": (lambda a, b: lax.fori_loop(0, 99, lambda i, c: (lax.cond(i % 5 == 0, lambda: c[1], lambda: c[0].at[i].set(9)), c[1].at[i].add(1)), (a, b)), x, -x),
    "both versions": (over(99, lambda i, a: jnp.where(i % 2 == 0, a.at[i].set(1), a)), x),
    "all of it": (over(99, lambda i, a: a.at[i].set(a.sum())), x),
}


def same_bits(f, args, compiled_and_stepwise):
    for got, want in compiled_and_stepwise(f, *args):
        assert got.dtype == want.dtype and got.shape == want.shape
        assert np.asarray(got).tobytes() == np.asarray(want).tobytes()


@pytest.mark.skipif(os.environ.get("COTAN_OPTIMIZE") == "0", reason="every operation is a kernel of its own")
@pytest.mark.parametrize("name", LOOPS)
def test_one_kernel(name, monkeypatch, capfd, compiled_and_stepwise):
    monkeypatch.setenv("COTAN_DEBUG", "2")
    f, *args = LOOPS[name]
    jax.block_until_ready(jax.jit(lambda *a: f(*a))(*args))
    assert "in sequence" in capfd.readouterr().err
    monkeypatch.delenv("COTAN_DEBUG")
    same_bits(f, args, compiled_and_stepwise)


@pytest.mark.parametrize("name", STEPS)
def test_steps(name, compiled_and_stepwise):
    f, *args = STEPS[name]
    if name == "all of it":
        return np.testing.assert_allclose(jax.jit(f)(*args)[:3], [x.sum(), 2 * x.sum() - x[0], 4 * x.sum() - 2 * x[0] - x[1]], rtol=1e-4, atol=1e-5)
    same_bits(f, args, compiled_and_stepwise)


def test_arguments_stay_as_they_are():
    a = jnp.zeros(5)
    f = jax.jit(over(5, lambda i, a: a.at[i].set(i)))
    assert f(a).tolist() == f(a).tolist() == [0, 1, 2, 3, 4] and a.tolist() == [0] * 5


def test_donated():
    f = jax.jit(over(5, lambda i, a: a.at[i].set(a[i - 1] + i)), donate_argnums=0)
    a = jnp.zeros(5)
    assert f(a).tolist() == [0, 1, 3, 6, 10] and a.is_deleted()


def test_derivatives():
    def running(a):
        return lax.fori_loop(1, 8, lambda i, a: a.at[i].set(a[i - 1] * a[i]), a).sum()
    by_hand = jax.grad(lambda a: jnp.cumprod(a).sum())
    a = jnp.linspace(0.5, 1.5, 8)
    np.testing.assert_allclose(jax.jit(jax.grad(running))(a), by_hand(a), rtol=1e-6)
    np.testing.assert_allclose(jax.jit(lambda a: jax.jvp(running, (a,), (a,))[1])(a), by_hand(a) @ a, rtol=1e-6)


def test_long_loops_go_on_where_they_were():
    n = 3_000_000
    counts = jax.jit(lambda: lax.fori_loop(0, n, lambda i, c: c.at[(i * 7) % 1000].add(1), jnp.zeros(1000, jnp.int32)))()
    assert counts.tolist() == [n // 1000] * 1000
