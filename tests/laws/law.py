"""What holds of a sample under each transformation. A law is a function of a Sample (primitives.py) that fails with AssertionError where it does not hold, raises what the
system raises where that refuses, and gives a reason where there is nothing to try. Run under either system:

    python tests/laws/law.py [PATTERN [LAWS]]     # for samples whose name fits the pattern; LAWS is JSON, the laws to try by sample
"""
import functools
import itertools
import json
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import jet

if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    from primitives import SAMPLES

STEP = 1e-5


def leaves(value):
    return [np.asarray(v) for v in jax.tree.leaves(value)]


def same(got, want, error=1e-9):
    """The same dtypes, shapes, and values up to an error relative to the largest."""
    got, want = leaves(got), leaves(want)
    assert len(got) == len(want)
    for a, b in zip(got, want):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), f"{a.dtype}{a.shape}, not {b.dtype}{b.shape}"
        if a.dtype.kind in "fc":
            size = max(1.0, np.max(np.abs(b[np.isfinite(b)]), initial=0))
            np.testing.assert_allclose(a, b, rtol=0, atol=error * size)
        elif a.dtype.kind != "V":
            np.testing.assert_array_equal(a, b)


def inexact(value):
    return np.asarray(value).dtype.kind in "fc"


def like(value, seed):
    """A tangent: random numbers of the value's type, or float0."""
    value, random = np.asarray(value), np.random.RandomState(seed)
    if value.dtype.kind not in "fc":
        return np.zeros(value.shape, jax.dtypes.float0)
    part = lambda: random.uniform(-1, 1, value.shape)
    return jnp.asarray(part() + 1j * part() if value.dtype.kind == "c" else part(), value.dtype)


def rows(value):
    """Two values, one of them the given one: floats move a little, so that they stay where the function is smooth."""
    return jnp.stack([value, jnp.asarray(value + 1e-3 * like(value, 20), value.dtype) if inexact(value) else value])


class Subject:
    """A sample and what several laws look at: its function with the leaves of its result in a tuple, tangents, cotangents."""

    def __init__(self, sample):
        self.sample, self.name, self.args = sample, sample.name, tuple(map(jnp.asarray, sample.args))
        self.value = self.f(*self.args)
        self.moving = [i for i, a in enumerate(self.args) if inexact(a)]
        self.shown = [i for i, v in enumerate(self.value) if inexact(v)]  # which results have derivatives
        self.tangents = tuple(like(a, k) for k, a in enumerate(self.args))
        self.cotangents = tuple(like(v, 10 + k) for k, v in enumerate(self.value))

    def f(self, *args):
        """Over a named axis the sample is batched: outside of one the primitive is not defined."""
        run = lambda *args: tuple(jax.tree.leaves(self.sample.f(*args)))
        return jax.vmap(run, axis_name=self.sample.axis[0])(*args) if self.sample.axis else run(*args)

    def at(self, args):
        """The function of the arguments that have tangents, with the results that have them."""
        def g(*xs):
            full = list(args)
            for i, x in zip(self.moving, xs):
                full[i] = x
            out = self.f(*full)
            return tuple(out[i] for i in self.shown)
        return g

    def g(self, *xs):
        return self.at(self.args)(*xs)

    xs = property(lambda self: tuple(self.args[i] for i in self.moving))
    ts = property(lambda self: tuple(self.tangents[i] for i in self.moving))
    cts = property(lambda self: tuple(self.cotangents[i] for i in self.shown))
    smooth = property(lambda self: self.moving and self.shown)

    @functools.cached_property
    def slope(self):
        return jax.jvp(self.g, self.xs, self.ts)[1]

    @functools.cached_property
    def pulled(self):
        return jax.vjp(self.g, *self.xs)[1](self.cts)


LAWS = {}


def law(of_derivatives):
    def add(f):
        def check(s):
            if of_derivatives and not s.smooth:
                return "no tangents"
            return f(s)
        LAWS[f.__name__] = check
        return check
    return add


def dot(a, b):
    """What JAX's transposes keep: of complex numbers the real part of the product, nothing conjugated."""
    return sum(np.sum(np.real(np.asarray(x) * np.asarray(y))) for x, y in zip(a, b, strict=True))


@law(False)
def jit(s):
    same(jax.jit(s.f)(*s.args), s.value)


@law(False)
def evaluated(s):
    """The jaxpr gives what the function gives."""
    closed = jax.make_jaxpr(s.f)(*s.args)
    same(jax.core.eval_jaxpr(closed.jaxpr, closed.consts, *s.args), list(s.value))


@law(False)
def vmap(s):
    """Along the first or last axis, of all arguments or of one: what a loop gives."""
    n = len(s.args)
    if not n:
        return "no arguments"
    for axis, alone in itertools.chain([(0, None), (-1, None)], ((0, i) for i in range(n if n > 1 else 0))):
        mapped = [i for i in range(n) if alone in (None, i)]
        each = [rows(a) for a in s.args]
        axes = tuple(axis if i in mapped else None for i in range(n))
        args = [jnp.moveaxis(each[i], 0, axis) if i in mapped else s.args[i] for i in range(n)]
        loop = [s.f(*(each[i][k] if i in mapped else s.args[i] for i in range(n))) for k in range(2)]
        same(jax.vmap(s.f, axes)(*args), tuple(map(jnp.stack, zip(*loop))), 1e-9)


@law(False)
def no_rows(s):
    """A batch of none."""
    if not s.args:
        return "no arguments"
    empty = jax.vmap(s.f)(*(jnp.zeros((0, *a.shape), a.dtype) for a in s.args))
    assert [(v.shape, v.dtype) for v in empty] == [((0, *v.shape), v.dtype) for v in s.value]


@law(False)
def scan(s):
    """Compiled in a loop: what a loop of Python gives."""
    if not s.args:
        return "no arguments"
    each = [rows(a) for a in s.args]
    got = lax.scan(lambda c, x: (c, s.f(*x)), 0, tuple(each))[1]
    same(got, tuple(map(jnp.stack, zip(*(s.f(*(r[k] for r in each)) for k in range(2))))))


@law(False)
def cond(s):
    """As a branch; and as one of two that elements of a batch take."""
    other = lambda *args: tuple(map(jnp.zeros_like, s.value))
    same(jax.jit(lambda p, *args: lax.cond(p, s.f, other, *args))(True, *s.args), s.value)
    same(jax.vmap(lambda p: lax.cond(p, s.f, other, *s.args))(np.array([True, False])), tuple(jnp.stack([v, jnp.zeros_like(v)]) for v in s.value))


@law(False)
def narrow(s):
    """Of float32, and of bfloat16, about the same, in the results' own narrow types."""
    if not s.sample.narrow or not s.moving:
        return "not of narrow floats"
    for error, types in (2e-4, {"f": "float32", "c": "complex64"}), (0.15, {"f": "bfloat16"}):
        if any(s.args[i].dtype.kind not in types for i in s.moving):
            continue
        try:
            value = s.f(*(a.astype(types[a.dtype.kind]) if i in s.moving else a for i, a in enumerate(s.args)))
        except (TypeError, ValueError, NotImplementedError):
            if types["f"] == "bfloat16":
                continue  # many are not of bfloat16, in JAX too
            raise
        for v, w in zip(value, s.value):
            if inexact(w) and w.size:
                assert np.max(np.abs(np.asarray(v).astype(w.dtype) - w)) <= error * max(1, np.max(np.abs(w))), (v, w)


@law(False)
def no_tangents(s):
    """Integers and bools have tangents of type float0, and so have results that are some."""
    out, slopes = jax.jvp(s.f, s.args, s.tangents)
    same(out, s.value)
    for v, t in zip(out, slopes):
        assert t.shape == v.shape and t.dtype == (v.dtype if inexact(v) else jax.dtypes.float0), (v.dtype, t.dtype)


@law(True)
def jvp(s):
    """The limit of quotients along a direction, complex ones too."""
    if not s.sample.smooth:
        return "no limit of quotients"
    at = lambda h: s.g(*(x + h * t for x, t in zip(s.xs, s.ts)))
    same(s.slope, tuple((a - b) / (2 * STEP) for a, b in zip(at(STEP), at(-STEP))), 2e-6)


@law(True)
def linearize(s):
    out, push = jax.linearize(s.g, *s.xs)
    same(out, tuple(s.value[i] for i in s.shown))
    same(push(*s.ts), s.slope)


@law(True)
def transpose(s):
    """The product of a cotangent with what the tangents become is that of what the cotangent becomes with the tangents."""
    a, b = dot(s.cts, s.slope), dot(s.pulled, s.ts)
    assert abs(a - b) <= (1e-6 if any(v.dtype == np.float32 for v in s.slope) else 1e-9) * max(1, abs(a)), (a, b)


@law(True)
def linear_transpose(s):
    push = lambda *ts: jax.jvp(s.g, s.xs, ts)[1]
    same(jax.linear_transpose(push, *s.xs)(s.cts), s.pulled)


@law(True)
def jit_of_vjp(s):
    same(jax.jit(lambda xs, cts: jax.vjp(s.g, *xs)[1](cts))(s.xs, s.cts), s.pulled)
    same(jax.vjp(jax.jit(s.g), *s.xs)[1](s.cts), s.pulled)


@law(True)
def some_known(s):
    """The derivative by one argument is that part of the whole."""
    for k in range(len(s.xs)):
        of_one = lambda x: s.g(*(x if i == k else y for i, y in enumerate(s.xs)))
        same(jax.jit(lambda x: jax.vjp(of_one, x)[1](s.cts))(s.xs[k]), (s.pulled[k],))
        zeros = tuple(t if i == k else jnp.zeros_like(t) for i, t in enumerate(s.ts))
        same(jax.jvp(of_one, (s.xs[k],), (s.ts[k],))[1], jax.jvp(s.g, s.xs, zeros)[1])


@law(True)
def remat(s):
    same(jax.jit(lambda xs: jax.vjp(jax.checkpoint(s.g), *xs)[1](s.cts))(s.xs), s.pulled)
    same(jax.jvp(jax.checkpoint(s.g), s.xs, s.ts)[1], s.slope)


@law(True)
def jvp_of_vmap(s):
    """jvp of vmap is vmap of jvp."""
    xs, ts = tuple(rows(x) for x in s.xs), tuple(rows(t) for t in s.ts)
    want = jax.vmap(lambda xs, ts: jax.jvp(s.g, xs, ts)[1])(xs, ts)
    same(jax.jvp(jax.vmap(s.g), xs, ts)[1], want)
    alone = [jax.jvp(s.g, tuple(x[k] for x in xs), tuple(t[k] for t in ts))[1] for k in range(2)]
    same(want, tuple(map(jnp.stack, zip(*alone))), 1e-8)


@law(True)
def vjp_of_vmap(s):
    """vjp of vmap is vmap of vjp, and summed up for an argument that is not mapped."""
    xs, cts = tuple(rows(x) for x in s.xs), tuple(rows(c) for c in s.cts)
    want = jax.vmap(lambda xs, cts: jax.vjp(s.g, *xs)[1](cts))(xs, cts)
    same(jax.vjp(jax.vmap(s.g), *xs)[1](cts), want)
    alone = [jax.vjp(s.g, *(x[k] for x in xs))[1](tuple(c[k] for c in cts)) for k in range(2)]
    same(want, tuple(map(jnp.stack, zip(*alone))), 1e-8)
    for k in range(len(xs) if len(xs) > 1 else 0):
        axes = tuple(None if i == k else 0 for i in range(len(xs)))
        some = tuple(s.xs[i] if i == k else x for i, x in enumerate(xs))
        got = jax.vjp(jax.vmap(s.g, axes), *some)[1](cts)
        each = jax.vmap(lambda xs, cts: jax.vjp(s.g, *xs)[1](cts), (axes, 0))(some, cts)
        same(got, tuple(jnp.sum(e, 0) if i == k else e for i, e in enumerate(each)))


@law(True)
def vjp_of_scan(s):
    """Through a loop: the cotangents of each step, and of what all steps read their sum."""
    xs, cts = tuple(rows(x) for x in s.xs), tuple(rows(c) for c in s.cts)
    want = jax.vmap(lambda xs, cts: jax.vjp(s.g, *xs)[1](cts))(xs, cts)
    loop = lambda xs: lax.scan(lambda c, x: (c, s.g(*x)), 0, xs)[1]
    same(jax.vjp(loop, xs)[1](cts), (want,))
    fixed = lambda xs: lax.scan(lambda c, _: (c, s.g(*xs)), 0, None, length=2)[1]
    twice = tuple(jnp.stack([c, c]) for c in s.cts)
    same(jax.vjp(fixed, s.xs)[1](twice), (tuple(p * 2 for p in s.pulled),))


@law(True)
def vjp_of_cond(s):
    """Through a branch, taken by all or by some of a batch."""
    other = lambda *xs: tuple(jnp.zeros_like(s.value[i]) for i in s.shown)
    pull = lambda p: jax.vjp(lambda *xs: lax.cond(p, s.g, other, *xs), *s.xs)[1](s.cts)
    same(jax.jit(pull)(True), s.pulled)
    same(jax.vmap(pull)(np.array([True, False])), tuple(jnp.stack([p, jnp.zeros_like(p)]) for p in s.pulled))


@law(True)
def twice(s):
    """The derivative of the derivative is a limit of quotients of the first, and its transpose is adjoint."""
    push = lambda *xs: jax.jvp(s.g, xs, s.ts)[1]
    second = jax.jvp(push, s.xs, s.ts)[1]
    if s.sample.smooth:
        at = lambda h: push(*(x + h * t for x, t in zip(s.xs, s.ts)))
        same(second, tuple((a - b) / (2 * STEP) for a, b in zip(at(STEP), at(-STEP))), 1e-5)
    a, b = dot(s.cts, second), dot(jax.vjp(push, *s.xs)[1](s.cts), s.ts)
    assert abs(a - b) <= 1e-8 * max(1, abs(a)), (a, b)


@law(True)
def vjp_of_vjp(s):
    """Reverse over reverse is forward over reverse."""
    pull = lambda *xs: jax.vjp(s.g, *xs)[1](s.cts)
    a = dot(s.ts, jax.jvp(pull, s.xs, s.ts)[1])
    b = dot(jax.vjp(pull, *s.xs)[1](s.ts), s.ts)
    assert abs(a - b) <= 1e-8 * max(1, abs(a)), (a, b)


@law(True)
def series(s):
    """jet's first two terms are the derivatives along the path."""
    if any(np.iscomplexobj(v) for v in (*s.xs, *s.cts)):
        return "jet is of real numbers"
    series = [[t, jnp.zeros_like(t)] for t in s.ts]
    _, got = jet.jet(s.g, s.xs, series)
    push = lambda *xs: jax.jvp(s.g, xs, s.ts)[1]
    want = [[a, b] for a, b in zip(*jax.jvp(push, s.xs, s.ts))]
    same([list(terms) for terms in got], want, 1e-8)


def outcome(law, subject):
    """"holds", the reason why there is nothing to try in parentheses, "broken: ..." or the class of what was raised."""
    try:
        reason = LAWS[law](subject)
        return f"({reason})" if isinstance(reason, str) else "holds"
    except AssertionError as error:
        return "broken: " + " ".join(str(error).split())[:200]
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def sums(s):
    """A number for each result, and for each of its derivatives: what may be compared with another system's."""
    def of(values):
        weigh = lambda v: np.sum(np.cos(1.0 + np.arange(v.size)) * v.ravel())
        number = lambda v: complex(weigh(v.astype("complex128"))) if v.dtype.kind != "V" else 0j
        return [[f"{v.dtype}{list(v.shape)}", number(v).real, number(v).imag] for v in leaves(values)]
    out = {"value": of(s.value)}
    for name in ("slope", "pulled") if s.smooth else ():
        try:
            out[name] = of(getattr(s, name))
        except Exception as error:
            out[name] = type(error).__name__
    return out


def main():
    """One line of JSON for each sample: its name, its sums, and the laws that do not hold."""
    for s in SAMPLES:
        if len(sys.argv) < 2 or re.search(sys.argv[1], s.name):
            laws = [law for law in LAWS if len(sys.argv) < 3 or law in json.loads(sys.argv[2]).get(s.name, ())]
            try:
                subject = Subject(s)
                values, found = sums(subject), {law: outcome(law, subject) for law in laws}
            except Exception as error:
                values = {"value": f"{type(error).__name__}: {error}"[:200]}
                found = dict.fromkeys(laws, values["value"])
            print("LAWS", json.dumps({"sample": s.name, "sums": values, "laws": {n: f for n, f in found.items() if f != "holds"}}), flush=True)


if __name__ == "__main__":
    main()
