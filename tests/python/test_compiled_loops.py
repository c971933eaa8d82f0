"""Loops and branches inside compiled programs give the bits that the same loops give when each step is a call (COTAN_OPTIMIZE=0)."""
import _thread
import os
import signal
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

x = jnp.linspace(-2.0, 3.0, 12, dtype=jnp.float32)
table = x.reshape(4, 3)
weights = jnp.sin(jnp.arange(9.0, dtype=jnp.float32)).reshape(3, 3)


def while_sum(n, step):
    return lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] + step), (0, jnp.float32(0)))


def collatz(n):
    return lax.while_loop(lambda c: c[0] != 1, lambda c: (jnp.where(c[0] % 2 == 0, c[0] // 2, 3 * c[0] + 1), c[1] + 1), (n, 0))


def rnn(w, h, xs):
    def step(h, x):
        h = jnp.tanh(w @ h + x)
        return h, h
    last, hs = lax.scan(step, h, xs)
    return last.sum() + (hs ** 2).sum()


def pendulum(k, s):
    def rhs(s):
        return jnp.stack([s[1], -k * jnp.sin(s[0])])
    def step(s, _):
        a = rhs(s)
        b = rhs(s + 0.01 * a)
        s = s + 0.005 * (a + 2 * b)
        return s, s[0]
    return lax.scan(step, s, None, length=20)


def newton(c):
    def step(z, _):
        z = z - (z ** 3 - c) / (3 * z * z)
        return z, jnp.abs(z)
    return lax.scan(step, jnp.full_like(c, 1 + 1j), None, length=5)


def mandelbrot(c):
    def step(_, carry):
        z, n = carry
        z = jnp.where(jnp.abs(z) < 2, z * z + c, z)
        return z, n + (jnp.abs(z) < 2)
    return lax.fori_loop(0, 12, step, (jnp.zeros_like(c), jnp.zeros(c.shape, jnp.int32)))


def shuffle(c, v):
    return jnp.pad(c[1:] * v, (0, 1)) + c[::-1], (c.max(), c[:2].reshape(2, 1).T, jnp.concatenate([c, c[:1]]))


def lstm(w, b, carry, xs):
    def step(carry, x):
        h, c = carry
        i, f, g, o = jnp.split(jnp.concatenate([x, h], -1) @ w + b, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), c
    return lax.scan(step, carry, xs)


def stages(a, y):
    """A Runge-Kutta step whose stages are rows of one array, read whole and written one by one."""
    def stage(i, c):
        ks, _ = c
        at = y + a[i] @ ks
        return ks.at[i].set(jnp.stack([at[1], -jnp.sin(at[0]), at[0] * at[1]])), at
    ks, last = lax.fori_loop(0, 4, stage, (jnp.zeros((4, 3)), y))
    return ks.sum(0), last, ks * 2


def slices(a, b):
    """Of a map twice, of a map of a map, overlapping, strided, of a sum that broadcasts, of a multiple by a number."""
    s, t, u, v = jnp.sin(a + b[:, None] * 2), jnp.exp(a), a - b, jnp.cos(a) * jnp.exp(a[0, 0])
    return s[:2] * s[2:], t[1:] + t[:-1], u[:, ::2] * 3, v[1:3].max(), v[0] * 2, v[2] + 1, jnp.split(jnp.tanh(a)[None], 2, axis=1)


def ring(n, f, steps=12, dtype=jnp.float32):
    """n numbers that are all treated alike, each with its neighbour."""
    def step(c, x):
        new = tuple(f(c[i], c[(i + 1) % n], x) for i in range(n))
        return new, new[n // 2]
    return lambda c: lax.scan(step, tuple(c[i] for i in range(n)), jnp.linspace(0.0, 3.0, steps).astype(dtype))


def sines(a, b, x):
    return a * 0.99 + 0.1 * jnp.sin(b) + jnp.cos(b) * x


def bits(a, b, x):
    return jnp.where(a > b, a ^ (b << 3), (a & b) * 5 - 7)


def bodies(z, v):
    """Three bodies that attract each other, written out."""
    def step(c, _):
        z, v = c
        d = z[:, None] - z[None]
        v = v - 0.01 * (d / (0.1 + (d ** 2).sum(-1, keepdims=True))).sum(1)
        return (z + 0.01 * v, v), (v ** 2).sum()
    return lax.scan(step, (z, v), None, length=7)


def alike_between_updates(a):
    """Equal operations with updates of an array among them, which they may not pass."""
    def step(i, c):
        a, p, q = c
        a = a.at[i].add(jnp.sin(p))
        p = p + a[i // 2]
        a = a.at[i // 2].mul(jnp.sin(q))
        q = q + a[i]
        return a, p, q
    return lax.fori_loop(0, 12, step, (a, jnp.float32(1), jnp.float32(2)))


def heavy(c):
    return jnp.sin(jnp.exp(jnp.tanh(c))) + jnp.log(c * c + 1) * jnp.cos(3 * c)


def branches_in_branches(v):
    """Arms with much to compute: inside each other, for several results, shared in part, with what one selection leaves in the arm of the next."""
    def step(c, x):
        a, n, flag = c
        shared = jnp.tanh(a * x)
        b = jnp.where(x > 0, heavy(a) + jnp.where(a > 0.5, heavy(x + 1), shared), heavy(a + 2) * shared)
        m = lax.cond(x > 0, lambda: (n * 3 + jnp.int32(100 * heavy(x)), heavy(b) > 0), lambda: (n - 1, flag))
        d = jnp.where(x > 0, heavy(b) - b, jnp.where(n > 7, heavy(b * 2), x))
        return (d * 0.5, *m), (b, d, shared)
    return lax.scan(step, (jnp.float32(0.3), 5, False), v)


def branches_of_a_while(a):
    def goes_on(c):
        return (c[0] < 12) & (jnp.where(c[0] > 6, heavy(c[1]), c[1]) < 90)
    return lax.while_loop(goes_on, lambda c: (c[0] + 1, jnp.where(c[0] > 3, heavy(c[1]) + c[1], c[1] + 1)), (0, a))


def branches_and_updates(a):
    """An arm reads what is stored before it and after."""
    def step(i, c):
        a, s = c
        a = a.at[i].add(s)
        s = lax.cond(s > 0, lambda: heavy(a[i // 2]) - 1, lambda: heavy(s) + a[i])
        a = a.at[i // 2].set(s)
        return a, lax.switch(i % 3, [lambda: s, lambda: heavy(s + a[i]), lambda: heavy(s - a[0])])
    return lax.fori_loop(0, 12, step, (a, jnp.float32(1)))


def quotients(x, y):
    """One step each: numbers, not vectors."""
    least = jnp.iinfo(x.dtype).min
    def step(c, xy):
        x, y = xy
        return c + x, (lax.div(x, y), lax.rem(x, y), x // 3, x % 3, x // 8, lax.rem(x, jnp.full_like(x, 8)), lax.div(jnp.full_like(x, least), y), lax.rem(c, y))
    return lax.scan(step, x[0], (x, y))


angles = jnp.array([0.78, 0.785, 0.7853982, -0.79, 0.0, -0.0, 1e-30, 3.0, 4.0, -8.0, 1e6, 1e20, -jnp.inf, jnp.nan, 0.5, 2.0])

def escapes(re):
    """Lanes that come to rest after different numbers of steps, in more units than one call of the kernel takes."""
    c = re[:, None] + 1j * jnp.linspace(-1.5, 1.5, 64)[None].astype(jnp.float32)
    def step(_, carry):
        z, k = carry
        z = jnp.where(jnp.abs(z) < 2, z * z + c, z)
        return z, k + (jnp.abs(z) < 2)
    return lax.fori_loop(0, 400, step, (jnp.zeros_like(c), jnp.zeros(c.shape, jnp.int32)))


def only_some(a):
    """Loops and branches of which one result is read, the others being expensive, needed by it in turn or by the test."""
    first = lax.fori_loop(0, 5, lambda i, c: (c[0] * 0.5 + c[2], jnp.sort(c[1]) @ weights, c[2] + 1), (a[0], a[1], a[2]))[0]
    last = lax.while_loop(lambda c: c[0].sum() < 9, lambda c: (c[0] + 1, c[1] * 2 + c[2], c[2] + c[0], c[3] @ weights), (a[0] * 0, a[1], a[2], a[3]))[1]
    ys = lax.scan(lambda c, r: (c @ weights, (jnp.cumsum(c), r * 2)), a[0], a)[1][1]
    inner = lax.scan(lambda c, r: (lax.cond(r[0] > 0, lambda: (c + r, jnp.sort(r)), lambda: (c - r, r))[0], None), a[0], a)[0]
    return first, last, ys, inner, jax.jit(lambda a: lax.fori_loop(0, 3, lambda i, c: (c[1], c[0], c[2] * i), (a, -a, a)))(a)[0]


plane = x[:, None] + 1j * jnp.linspace(-1.5, 1.5, 7)[None, :].astype(jnp.float32)
many = tuple(jnp.float32(i) for i in range(60))


def sixty(carry):
    return lax.scan(lambda c, x: (c[1:] + (c[0] * 0.5 + x,), c[7]), carry, x)


CASES = {
    "scan": (lambda x: lax.scan(lambda c, x: (0.9 * c + x, c), jnp.float32(0), x), x),
    "reverse": (lambda x: lax.scan(lambda c, x: (0.9 * c + x, c), jnp.float32(0), x, reverse=True), x),
    "no steps": (lambda t: lax.scan(lambda c, x: (c + x, c * x), jnp.ones(3), t[:0]), table),
    "one step": (lambda t: lax.scan(lambda c, x: (c + x, c * x), jnp.ones(3), t[:1]), table),
    "ys only": (lambda t: lax.map(lambda r: jnp.exp(r).sum(), t), table),
    "no carry, no ys": (lambda t: lax.scan(lambda c, r: (None, None), None, t), table),
    "swap": (lambda a, b: lax.fori_loop(0, 5, lambda i, c: (c[1], c[0]), (a, b)), x, -x),
    "rotate": (lambda a, b: lax.fori_loop(0, 7, lambda i, c: (c[1], c[2], c[0] + c[1]), (a, b, a * b)), x, -x),
    "unchanged": (lambda a: lax.scan(lambda c, x: ((c[0], c[1] + x * c[0]), c[0] - x), (a[0], a[1]), a), x),
    "becomes a constant": (lambda a: lax.scan(lambda c, x: (jnp.float32(3), c + x), a[0], a), x),
    "emits its constants": (lambda a: lax.scan(lambda c, x: (c, (a, jnp.float32(2))), a[0], a), x),
    "two of one": (lambda a: lax.scan(lambda c, x: ((c[1] + x,) * 2, (c[0], c[1], x)), (a[0], a[1]), a), x),
    "integers": (lambda n: lax.scan(lambda c, i: (c * 31 + i, (c % 7, c // 3, c >> 2)), n, jnp.arange(9)), jnp.int32(5)),
    "bools": (lambda a: lax.scan(lambda c, x: (c ^ (x > 0), c), True, a), x),
    "float16": (lambda a: lax.scan(lambda c, x: (c * jnp.float16(0.5) + x, jnp.exp(c)), jnp.float16(1), a), x.astype(jnp.float16)),
    "bfloat16": (lambda a: lax.scan(lambda c, x: (c * jnp.bfloat16(0.5) + x, c), jnp.bfloat16(1), a), x.astype(jnp.bfloat16)),
    "complex": (newton, plane),
    "mandelbrot": (mandelbrot, plane),
    "lanes that come to rest": (escapes, jnp.linspace(-2.0, 1.0, 640)),
    "comes to rest": (lambda x: lax.fori_loop(0, 200, lambda _, c: jnp.cos(c), x), x),
    "comes to rest at nan": (lambda x: lax.fori_loop(0, 41, lambda _, c: (jnp.sqrt(c[0]) - 1, c[1] + jnp.isnan(c[0])), (x, jnp.int32(0) + jnp.zeros(12, jnp.int32))), x),
    "never at rest": (lambda x: lax.fori_loop(0, 43, lambda _, c: (-c[0], 1 - c[1], ~c[2], c[3] ^ (c[4] == 40), c[4] + 1),
                                              (x * 0, x, x > 0, x > 0, jnp.zeros(12, jnp.int32))), x),
    "at rest in turn": (lambda x: lax.fori_loop(0, 60, lambda _, c: (jnp.minimum(c[0] + 1, 9), jnp.where(c[0] >= 9, jnp.minimum(c[1] + 1, 21), c[1])), (jnp.floor(x), x)), x),
    "some results": (only_some, jnp.concatenate([table, table])),
    "keys": (lambda k: lax.scan(lambda k, _: (jax.random.split(k)[0], jax.random.uniform(k, (2,))), k, None, length=4), jax.random.key(3)),
    "matrices": (rnn, weights, jnp.ones(3), table),
    "gradient": (jax.grad(rnn, (0, 1, 2)), weights, jnp.ones(3), table),
    "second derivative": (jax.hessian(lambda h: rnn(weights, h, table)), jnp.ones(3)),
    "small arrays": (pendulum, jnp.float32(9.8), jnp.array([1.0, 0.0])),
    "gradient of small arrays": (jax.grad(lambda k: pendulum(k, jnp.array([1.0, 0.0]))[1].sum()), jnp.float32(9.8)),
    "lanes": (jax.vmap(pendulum), 5 + jnp.abs(x), jnp.stack([x, -x], 1)),
    "gradient of lanes": (jax.grad(lambda k: jax.vmap(pendulum)(k, jnp.stack([x, -x], 1))[1].sum()), 5 + jnp.abs(x)),
    "one lane": (jax.vmap(pendulum), jnp.array([9.0]), jnp.array([[1.0, 0.5]])),
    "lanes at the end": (jax.vmap(pendulum, (0, 1), (1, 1)), 5 + jnp.abs(x), jnp.stack([x, -x])),
    "pads, slices, sums": (lambda x: lax.scan(shuffle, x[:4], x), x),
    "products": (lambda m, v: lax.scan(lambda c, x: ((weights @ c[0] * 0.5 + x, c[0].T @ c[1]), (c[1] @ c[0], c[1] @ c[1])), (m, v), x), weights, table[0]),
    "gates": (lstm, jnp.sin(jnp.arange(96.0)).reshape(6, 16).astype(jnp.float32), jnp.arange(16.0) / 16, (jnp.ones((2, 4)), jnp.zeros((2, 4))), table.reshape(3, 2, 2)),
    "slices of maps": (lambda a: lax.map(lambda k: slices(a.reshape(4, 4) * k, a[:4]), jnp.arange(1.0, 3.0)), jnp.linspace(-1.0, 1.0, 16)),
    "products of integers": (lambda m: lax.fori_loop(0, 5, lambda i, c: c @ m - i, m), jnp.arange(-8, 8).reshape(4, 4)),
    "products of half": (lambda m: lax.fori_loop(0, 4, lambda i, c: c @ m, m), weights.astype(jnp.bfloat16)),
    "products of lanes": (jax.vmap(lambda v: lax.scan(lambda c, x: (weights @ c + x, c @ weights), v, x)), table),
    "products of lanes with lanes": (jax.vmap(lambda m, v: lax.scan(lambda c, x: (jnp.tanh(m @ c) + x, c @ c), v, x)), jnp.stack([weights, -weights, weights.T]), table[:3]),
    "long vectors": (lambda v: lax.fori_loop(0, 5, lambda i, v: jnp.tanh(v)[::-1] + jnp.exp(-v), v), jnp.linspace(-1.0, 1.0, 50)),
    "indices": (lambda x: lax.scan(lambda c, v: (c + jnp.arange(5) * v, jnp.where(jnp.arange(5) > 2, c, 0)), jnp.zeros(5), x), x),
    "lanes and an index": (lambda x: lax.fori_loop(0, 9, lambda i, c: c * 0.5 + i * x, jnp.zeros_like(x)), table),
    "sixty carries": (sixty, many),
    "four alike": (ring(4, sines), angles[:4]),
    "five alike": (ring(5, sines), angles),
    "sixteen alike, some of them far": (ring(16, sines), angles),
    "twenty alike": (ring(20, sines), jnp.concatenate([angles[:10], -angles[:10]])),
    "gradient of alike": (jax.grad(lambda c: ring(6, sines)(c)[1].sum()), angles),
    "alike integers": (ring(7, bits, 9, jnp.int32), jnp.arange(3, 10)),
    "alike small integers": (ring(3, bits, 9, jnp.int8), jnp.arange(3, 10, dtype=jnp.int8)),
    "alike bools": (ring(4, lambda a, b, x: (a ^ b) | (x > 2)), jnp.array([True, False, True, True])),
    "alike in half": (ring(5, sines, dtype=jnp.bfloat16), angles.astype(jnp.bfloat16)),
    "alike in pairs": (ring(4, lambda a, b, x: (a + b * 1j * x) * (b - a)), (x + 1j)[:4] / 4),
    "alike while": (lambda a, b: lax.while_loop(lambda c: (c[0] < 9) & (c[1] > -9), lambda c: (jnp.sin(c[1]) + c[0] + 1, jnp.sin(c[0]) + c[1] - 1), (a, b)), x[0], x[1]),
    "alike, in another order": (lambda c: lax.scan(lambda c, x: ((c[2] * x, c[0] * x, c[3] * x, c[1] * x), c[1]), tuple(c[:4]), c), x),
    "alike between updates": (alike_between_updates, x),
    "attraction": (bodies, jnp.sin(jnp.arange(9.0)).reshape(3, 3), jnp.cos(jnp.arange(9.0)).reshape(3, 3)),
    "stretched": (lambda m: lax.scan(lambda c, x: (c * 0.5 + c.sum(1)[:, None] * x - c[:1], (c.max(0)[None] - c[:, 1:2], c / c[:1, :1])), m, x), weights),
    "stretched in lanes": (jax.vmap(lambda m: lax.scan(lambda c, x: (c * 0.5 + c.sum(1)[:, None] * x - c[:1], c[:, :1]), m, x)), jnp.stack([weights, -weights, weights.T])),
    "near and far": (lambda a: lax.scan(lambda c, x: (c + 1, (jnp.sin(x + c * 0), jnp.cos(x + c * 0), jnp.tan(x + c * 0))), jnp.float32(0), a), angles),
    "near and far, one": (lambda a: lax.scan(lambda c, x: (jnp.tan(jnp.sin(c) + x), jnp.cos(x)), a[0], a), angles[:10]),
    "branches in branches": (branches_in_branches, x),
    "branches and updates": (branches_and_updates, x),
    "gradient of branches": (jax.grad(lambda v: branches_in_branches(v)[1][1].sum()), x),
    "branches of a while": (branches_of_a_while, x[2]),
    "gradient of sixty": (jax.grad(lambda c: sum(sixty(c)[0])), many),
    "while": (while_sum, jnp.int32(11), jnp.float32(0.1)),
    "while, never": (while_sum, jnp.int32(-1), jnp.float32(0.1)),
    "while of lanes": (jax.vmap(while_sum, (0, None)), jnp.array([3, 0, 7, 1]), jnp.float32(0.1)),
    "while of many lanes": (jax.vmap(collatz), jnp.arange(1, 40)),
    "while with arrays in lanes": (jax.vmap(lambda n: lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] * n + 1), (0, x))), jnp.arange(4)),
    "dynamic bound": (lambda n: lax.fori_loop(0, n, lambda i, c: c * 2 + i, 1), jnp.int32(6)),
    "updates": (lambda a: lax.fori_loop(0, 12, lambda i, a: a.at[i].set(a[i - 1] + i), a), x),
    "updates in a chain": (lambda a: lax.fori_loop(0, 12, lambda i, a: a.at[i].set(a[i - 1] + i).at[i // 2].add(1), a), x),
    "updates of what is emitted": (lambda a: lax.scan(lambda c, i: (c.at[i].add(1), c), a, jnp.arange(12)), x),
    "updates of what is read": (lambda a: lax.scan(lambda c, i: (lax.dynamic_update_slice(c, c[:3] * 2, (i,)), c.sum()), jnp.floor(a), jnp.arange(9)), x),
    "updates in nested loops": (lambda a: lax.fori_loop(0, 3, lambda i, a: lax.fori_loop(0, 4, lambda j, a: a.at[4 * i + j].add(j), a), a), x),
    "updates in branches": (lambda a: lax.fori_loop(0, 12, lambda i, a: lax.cond(i % 3 == 0, lambda a: a.at[i].add(i), lambda a: a, a), a), x),
    "updates of rows that are read together": (stages, jnp.tril(jnp.sin(jnp.arange(16.0)).reshape(4, 4), -1), x[:3]),
    "updates beside": (lambda a: (lax.fori_loop(0, 12, lambda i, c: c.at[i].mul(2), a * 2), a * 2), x),
    "two updates of one": (lambda a: lax.fori_loop(0, 12, lambda i, c: (c[0].at[i].add(1), c[0].at[0].add(i)), (a, a)), x),
    "updates in lanes": (jax.vmap(lambda a, n: lax.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1].at[c[0]].set(n)), (0, a))), table, jnp.arange(4)),
    "nested": (lambda t: lax.scan(lambda c, r: (lax.fori_loop(0, 3, lambda i, d: d * 0.5 + r[i], c), lax.scan(lambda a, b: (a + b, a), c, r)), jnp.float32(1), t), table),
    "scan in while": (lambda t: lax.while_loop(lambda c: c.sum() < 50, lambda c: c + lax.scan(lambda a, r: (a + r, None), c * 0, t)[0] ** 2, jnp.ones(3)), table),
    "cond in scan": (lambda x: lax.scan(lambda c, x: lax.cond(x > c, lambda: (x, c), lambda: (c * 0.9, x * x)), jnp.float32(0), x), x),
    "cond with arrays": (lambda t: lax.scan(lambda c, r: (lax.cond(r[0] > 0, lambda: weights @ c, lambda: c - r), c[::-1]), jnp.ones(3), t), table),
    "switch": (lambda i, x: lax.map(lambda i: lax.switch(i, [lambda: x, lambda: -x, lambda: x.at[2].set(9)]), i), jnp.array([2, 0, 7, -4, 1]), x),
    "while in cond": (lambda n: lax.cond(n > 3, lambda: while_sum(n, 0.5), lambda: (n, jnp.float32(0))), jnp.int32(5)),
}


# Sums and products of several elements.
REORDERED = {"gates", "updates of rows that are read together", "ys only", "products", "products of lanes", "products of lanes with lanes", "attraction",
             "stretched", "stretched in lanes", "matrices", "gradient", "second derivative", "scan in while", "cond with arrays", "some results"}


def as_bits(a):
    """Which NaN a NaN is, is not said."""
    a = np.asarray(a)
    return np.where(a == a, a, np.array(float("nan")).astype(a.dtype) if a.dtype.kind == "f" else a).astype(a.dtype).tobytes()


@pytest.mark.parametrize("name", CASES)
def test_same_bits(name, compiled_and_stepwise):
    f, *args = CASES[name]
    for got, want in compiled_and_stepwise(f, *args):
        assert got.dtype == want.dtype and got.shape == want.shape and got.weak_type == want.weak_type
        if jnp.issubdtype(got.dtype, jax.dtypes.prng_key):
            got, want = jax.random.key_data(got), jax.random.key_data(want)
        if name in REORDERED:
            np.testing.assert_allclose(got, want, rtol=3e-6, atol=3e-6)
        else:
            assert as_bits(got) == as_bits(want)


@pytest.mark.skipif(os.environ.get("COTAN_OPTIMIZE") == "0", reason="loops run as they are written")
def test_what_changes_nothing_more_ends():
    most = 2**31 - 1
    c, n = jax.jit(lambda x: lax.fori_loop(0, most, lambda _, c: (c[0] * 0.5 + 1, jnp.minimum(c[1] + 1, 1000)), (x, jnp.zeros(12, jnp.int32))))(x)
    assert c.tolist() == [2.0] * 12 and n.tolist() == [1000] * 12


@pytest.mark.skipif(os.environ.get("COTAN_OPTIMIZE") == "0", reason="loops run as they are written")
def test_what_nobody_reads_is_not_computed(monkeypatch, capfd):
    monkeypatch.setenv("COTAN_DEBUG", "2")
    def loop(a):
        return lax.fori_loop(0, 3, lambda i, c: (c[0] + 1, jnp.sinh(c[1])), (a, a))
    for k, count in (0, 0), (1, 1):
        jax.jit(lambda a: loop(a)[k])(table)
        assert capfd.readouterr().err.count("body sinh_f32") == count


def test_double_precision():
    with jax.enable_x64(True):
        xs = jnp.linspace(0.0, 1.0, 50)
        got = jax.jit(lambda xs: lax.scan(lambda c, x: (jnp.sin(c) + x, c), 0.0, xs))(xs)
        c, ys = np.float64(0), []
        for v in np.asarray(xs):
            ys.append(c)
            c = np.sin(c) + v
        np.testing.assert_allclose(got[1], ys, rtol=1e-14)
        assert got[0].dtype == jnp.float64


def test_alike_in_double_precision(compiled_and_stepwise):
    with jax.enable_x64(True):
        start = jnp.linspace(-1.0, 2.0, 11)
        near = jnp.array([0.78, 0.7799999999999999, -0.78, 0.7853981633974483, -0.0, 1e-300, 5.0, 1e300, jnp.nan, -jnp.inf, 3.0])
        for program in (ring(11, sines, dtype=jnp.float64), jax.grad(lambda c: ring(4, sines, dtype=jnp.float64)(c)[1].sum()),
                        lambda a: lax.scan(lambda c, x: (c + 1, (jnp.sin(x * c), jnp.cos(x * c), jnp.tan(x * c))), 1.0, a)):
            for values in start, near:
                for got, want in compiled_and_stepwise(program, values):
                    assert got.dtype == want.dtype and as_bits(got) == as_bits(want)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8", "uint16", "uint32"])
def test_quotients(dtype, compiled_and_stepwise):
    info = np.iinfo(dtype)
    values = np.array([0, 1, 2, 3, 7, 100, info.max, info.max - 1, info.min, info.min + 1, -1 % (info.max + 1) if info.min == 0 else -1, 8], dtype)
    first, second = (jnp.asarray(v.ravel()) for v in np.meshgrid(values, values))
    for got, want in compiled_and_stepwise(quotients, first, second):
        np.testing.assert_array_equal(got, want)


def test_donated():
    f = jax.jit(lambda a: lax.fori_loop(0, 5, lambda i, c: c * 2 + i, a), donate_argnums=0)
    assert f(jnp.arange(4)).tolist() == [26 + 32 * i for i in range(4)]


def test_effects_in_order():
    seen = []
    def step(c, v):
        jax.debug.callback(lambda v: seen.append(int(v)), v, ordered=True)
        return c + v, lax.fori_loop(0, 3, lambda i, a: a * v, v)
    total, cubes = jax.jit(lambda xs: lax.scan(step, 0, xs))(jnp.arange(4))
    assert total == 6 and cubes.tolist() == [0, 1, 16, 81] and seen == [0, 1, 2, 3]


def test_an_error_in_a_body_reaches_the_caller():
    def fail(_):
        raise KeyError("from within")
    def step(c, v):
        return c + jax.pure_callback(fail, jax.ShapeDtypeStruct((), jnp.int32), v), c
    with pytest.raises(Exception, match="from within"):
        jax.block_until_ready(jax.jit(lambda xs: lax.scan(step, 0, xs))(jnp.arange(4)))


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is not signal.default_int_handler, reason="interrupts do not reach this process")
@pytest.mark.parametrize("forever", [
    lambda n: lax.while_loop(lambda c: c >= 0, lambda c: c & n, n),
    lambda n: lax.while_loop(lambda c: c.sum() >= 0, lambda c: c & n, jnp.arange(100)),
    lambda n: lax.while_loop(lambda c: c[0, 0] >= 0, lambda c: jnp.tanh(c @ c) + n, jnp.ones((30, 30))),
], ids=["numbers", "arrays", "products"])
def test_interrupts(forever):
    run = jax.jit(forever)
    threading.Timer(0.3, _thread.interrupt_main).start()
    start = time.time()
    with pytest.raises(KeyboardInterrupt):
        run(jnp.int32(255))
    assert time.time() - start < 20


def test_branches_with_many_results_that_write_over_their_operands():
    """Which operand a result is written over is decided once for each, not anew for every later one."""
    @jax.jit
    def f(flag, values):
        def step(c):
            return c[0] + 1, jax.lax.cond(flag, lambda v: [x + 1 for x in v], lambda v: [x * 2 for x in v[::-1]], c[1])
        return jax.lax.while_loop(lambda c: c[0] < 3, step, (0, values))[1]

    values = [jnp.full(3, float(i)) for i in range(48)]
    assert [v[0].item() for v in f(True, values)] == [i + 3.0 for i in range(48)]
    assert [v[0].item() for v in f(False, values)] == [8.0 * (47 - i) for i in range(48)]


def test_powers_whose_exponent_is_an_integer():
    """In a chunk of a long scan, and fused: the exponent becomes what the base is."""
    def step(c, _):
        n, x = c
        return (n + 1, x + 0.5 ** n), 1 - 0.5 ** (n + 1)
    (n, x), ys = lax.scan(step, (jnp.int32(0), jnp.zeros(3)), length=30000)
    assert n == 30000 and x.tolist() == [2.0] * 3 and ys[:3].tolist() == [0.5, 0.75, 0.875]
    assert jax.jit(lambda x, n: x ** n + n)(jnp.full(3, 2.0), jnp.arange(3)).tolist() == [1.0, 3.0, 6.0]
