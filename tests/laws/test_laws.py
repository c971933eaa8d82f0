"""Laws that hold for every function, whatever its values: compiled equals eager, batched along any axes equals a loop, transformations commute, derivatives are
limits of quotients."""
import itertools

import jax
import jax.numpy as jnp
import numpy
import pytest
from jax import lax

from . import cases
from .test_recorded import names

# The samples that a function is differentiated at: inside of its domain, away from its kinks.
POSITIVE = {"log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "power", "float_power", "pow", "logspace", "cbrt", "igamma", "igammac", "lgamma", "digamma"}
INSIDE = {"arcsin", "arccos", "arctanh", "asin", "acos", "atanh", "erf_inv"}
ABOVE_ONE = {"arccosh", "acosh", "zeta"}
WHOLE = set("""bitwise_and bitwise_or bitwise_xor bitwise_not left_shift right_shift invert bitwise_count population_count clz shift_left shift_right_arithmetic
shift_right_logical polygamma""".split())
COMPLEX = {"lax.real", "lax.imag"}
OF_COMPLEX = COMPLEX | {"lax.conj", "lax.complex"}
WITHOUT_DERIVATIVE = {"lax.polygamma", "lax.zeta", "jnp.nextafter", "lax.nextafter", "jnp.spacing"}
CASES = [f"jnp.{n}" for n in cases.UNARY + cases.REDUCTIONS + cases.CUMULATIVE] + [f"lax.{n}" for n in cases.LAX_UNARY]
PAIRS = [f"jnp.{n}" for n in cases.BINARY] + [f"lax.{n}" for n in cases.LAX_BINARY]
ALL = [(c, 1) for c in CASES] + [(c, 2) for c in PAIRS]


def function(case):
    module, name = case.split(".")
    return getattr({"jnp": jnp, "lax": lax}[module], name)


def arguments(case, count):
    """Samples of shape (2, 3) that the function takes."""
    n, name = names(), case.split(".")[1]
    if name == "ldexp":
        return n["F"] + 0.1, n["J"]
    if name == "polygamma":
        return jnp.ones((2, 3), jnp.float32), n["P"]
    if name in WHOLE:
        return (n["I"], n["J"])[:count]
    if case in COMPLEX:
        return (n["C"],)
    x = n["T"] * 0.5 if name in INSIDE else n["P"] + 1.5 if name in ABOVE_ONE else n["P"] if name in POSITIVE else n["F"] + 0.1
    return (x, n["P"])[:count]


def flat(value):
    return [numpy.asarray(v) for v in (value if isinstance(value, (tuple, list)) else [value])]


def same(a, b, error=2e-6):
    for x, y in zip(flat(a), flat(b), strict=True):
        assert x.dtype == y.dtype and x.shape == y.shape
        if x.dtype.kind in "fc":
            numpy.testing.assert_allclose(x, y, rtol=error, atol=error)
        elif x.dtype.kind != "V":  # float0 has no values
            numpy.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("case,count", ALL)
def test_compiled_equals_eager(case, count):
    f, args = function(case), arguments(case, count)
    same(jax.jit(f)(*args), f(*args))


@pytest.mark.parametrize("case,count", ALL)
def test_empty(case, count):
    """No rows in, no rows out, of the same dtypes."""
    f, args = function(case), arguments(case, count)
    rows = flat(jax.vmap(f)(*args))
    for empty in (jax.vmap(f)(*(a[:0] for a in args)), jax.jit(jax.vmap(f))(*(a[:0] for a in args))):
        assert [(v.dtype, v.shape) for v in flat(empty)] == [(v.dtype, (0, *v.shape[1:])) for v in rows]


@pytest.mark.parametrize("case,count", ALL)
def test_batched_equals_loop(case, count):
    """Along every axis of every argument, some of them not mapped, the results' axis anywhere."""
    f, args = function(case), arguments(case, count)
    for axes in itertools.product((0, 1, -1, None), repeat=count):
        size = {a.shape[k] for a, k in zip(args, axes) if k is not None}
        # What is left of the shapes must fit: lax takes equal ones only, jax.numpy (3,) with (2, 3).
        if len(size) != 1 or (None in axes and count == 2 and (case.startswith("lax") or size != {2})):
            continue
        rows = [flat(f(*(a if k is None else jnp.take(a, i, k) for a, k in zip(args, axes)))) for i in range(size.pop())]
        for out in (0, -1):
            same(jax.vmap(f, axes, out)(*args), [numpy.stack(parts, out) for parts in zip(*rows)])


def differentiable(case, count):
    """(f of the arguments that have tangents, those arguments, tangents) in float64, or None where a result has no derivative to speak of."""
    f, args = function(case), arguments(case, count)
    args = [a.astype("float64") if a.dtype == jnp.float32 else a for a in args]
    moving = [i for i, a in enumerate(args) if a.dtype == jnp.float64]
    if not moving or any(v.dtype.kind != "f" for v in flat(f(*args))):
        return None

    def of_moving(*xs):
        full = list(args)
        for i, x in zip(moving, xs):
            full[i] = x
        out = f(*full)
        return sum(jnp.asarray(part) * (1 + k) for k, part in enumerate(out)) if isinstance(out, (tuple, list)) else out
    xs = tuple(args[i] for i in moving)
    return of_moving, xs, tuple(jnp.ones_like(x) * (0.5 + i) + 0.25 * jnp.arange(3) for i, x in enumerate(xs))


@pytest.mark.parametrize("case,count", ALL)
def test_derivative_is_a_limit(case, count):
    with jax.enable_x64(True):
        found = differentiable(case, count)
        if found is None:
            return no_derivative(case, count)
        f, xs, tangents = found
        if case in WITHOUT_DERIVATIVE:
            with pytest.raises((NotImplementedError, ValueError)):
                jax.jvp(f, xs, tangents)
            return
        slope = lambda xs: jax.jvp(f, xs, tangents)[1]
        moved = lambda t: tuple(x + t * v for x, v in zip(xs, tangents))
        step = 1e-5
        derivative = slope(xs)
        if case == "lax.stop_gradient":
            return same(derivative, jnp.zeros_like(derivative))
        same(derivative, (f(*moved(step)) - f(*moved(-step))) / (2 * step), 1e-4)
        pulled = jax.vjp(f, *xs)[1](jnp.ones_like(derivative))
        same(sum(jnp.vdot(t, c) for t, c in zip(tangents, pulled)), jnp.sum(derivative), 1e-10)
        if case in ("lax.igamma", "lax.igammac"):
            return  # by the first argument once only
        second = jax.jvp(slope, (xs,), (tangents,))[1]
        same(second, (slope(moved(step)) - slope(moved(-step))) / (2 * step), 2e-3)
        turned = jax.vjp(lambda *xs: slope(xs), *xs)[1](jnp.ones_like(second))
        same(sum(jnp.vdot(t, c) for t, c in zip(tangents, turned)), jnp.sum(second), 1e-8)


def no_derivative(case, count):
    """Integers, bools and what is made of them: tangents are float0 or nothing."""
    f, args = function(case), arguments(case, count)
    if case in OF_COMPLEX:
        out, pull = jax.vjp(f, *args)
        assert pull(jnp.ones_like(out))[0].dtype == args[0].dtype
        return
    tangents = [numpy.zeros(a.shape, jax.dtypes.float0) if a.dtype.kind not in "f" else jnp.ones_like(a) for a in args]
    out, derivative = jax.jvp(f, tuple(args), tuple(tangents))
    for v, t in zip(flat(out), flat(derivative), strict=True):
        assert t.shape == v.shape and t.dtype == (v.dtype if v.dtype.kind == "f" else jax.dtypes.float0)


@pytest.mark.parametrize("case,count", ALL)
def test_transformations_commute(case, count):
    """jvp of vmap is vmap of jvp, a rematerialized or jitted function has the same derivatives, vmap of jit is jit of vmap."""
    with jax.enable_x64(True):
        found = differentiable(case, count)
        if found is None or case in WITHOUT_DERIVATIVE:
            f, args = function(case), arguments(case, count)
            same(jax.vmap(jax.jit(f))(*args), jax.jit(jax.vmap(f))(*args))
            same(jax.vmap(jax.checkpoint(f))(*args), jax.vmap(f)(*args))
            return
        f, xs, tangents = found
        total = lambda *xs: jnp.sum(f(*xs))
        every = tuple(range(len(xs)))
        of_batch = jax.jvp(jax.vmap(f), xs, tangents)
        for batch_of in (jax.vmap(lambda x, t: jax.jvp(f, x, t)), jax.jit(jax.vmap(lambda x, t: jax.jvp(jax.jit(f), x, t)))):
            same(batch_of(xs, tangents), of_batch, 1e-12)
        slopes = jax.vmap(jax.grad(total, every))(*xs)
        for other in (jax.grad(lambda *xs: jnp.sum(jax.vmap(total)(*xs)), every), jax.vmap(jax.grad(jax.checkpoint(total), every)),
                      jax.jit(jax.vmap(jax.grad(total, every))), jax.vmap(jax.jacfwd(total, every))):
            same(other(*xs), slopes, 1e-12)
        push = jax.linearize(f, *xs)[1]
        same(push(*tangents), jax.jvp(f, xs, tangents)[1], 1e-12)
        back = jax.linear_transpose(lambda *t: jax.jvp(f, xs, t)[1], *xs)
        out = f(*xs)
        same(back(jnp.ones_like(out)), jax.vjp(f, *xs)[1](jnp.ones_like(out)), 1e-12)


HOLOMORPHIC = [f"jnp.{n}" for n in "square exp sin cos tan sinh cosh tanh arctan sqrt log negative cumsum cumprod sum prod mean".split()]


@pytest.mark.parametrize("case", HOLOMORPHIC)
def test_complex_derivative(case):
    """Along a complex direction too; the transpose conjugates nothing."""
    with jax.enable_x64(True):
        f, z = function(case), names()["C"].astype("complex128") * 0.4 + 0.3
        direction = jnp.full_like(z, 0.6 - 0.8j) * (1 + jnp.arange(3))
        _, derivative = jax.jvp(f, (z,), (direction,))
        step = 1e-5
        same(derivative, (f(z + step * direction) - f(z - step * direction)) / (2 * step), 1e-6)
        pulled, = jax.vjp(f, z)[1](jnp.full_like(derivative, 0.5 + 1j))
        same(jnp.sum(pulled * direction), jnp.sum(derivative * (0.5 + 1j)), 1e-10)
        same(jax.vmap(lambda z, t: jax.jvp(f, (z,), (t,))[1])(z, direction), jax.jvp(jax.vmap(f), (z,), (direction,))[1], 1e-12)
