"""Laws that hold for every function, whatever its values: compiled equals eager, batched equals a loop, the derivative is the limit of quotients."""
import jax
import jax.numpy as jnp
import numpy
import pytest
from jax import lax

from . import cases
from .test_recorded import names

# The samples that a function is differentiated at: inside of its domain, away from its kinks.
POSITIVE = {"log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "power", "float_power", "pow", "logspace", "cbrt"}
INSIDE = {"arcsin", "arccos", "arctanh", "asin", "acos", "atanh", "erf_inv"}
ABOVE_ONE = {"arccosh", "acosh"}
NOT_SMOOTH = set("""sign floor ceil trunc rint round isnan isinf isfinite isposinf isneginf isreal iscomplex signbit logical_not spacing frexp modf angle
floor_divide remainder fmod divmod nextafter heaviside equal not_equal less less_equal greater greater_equal isclose logical_and logical_or logical_xor
is_finite eq ne lt le gt ge rem copysign count_nonzero all any max min ptp nanmax nanmin bitwise_count igamma igammac polygamma zeta lgamma digamma
real imag conj complex conjugate invert ldexp stop_gradient""".split())
CASES = [f"jnp.{n}" for n in cases.UNARY + cases.REDUCTIONS + cases.CUMULATIVE] + [f"lax.{n}" for n in cases.LAX_UNARY]
PAIRS = [f"jnp.{n}" for n in cases.BINARY] + [f"lax.{n}" for n in cases.LAX_BINARY]


def function(case):
    module, name = case.split(".")
    return getattr({"jnp": jnp, "lax": lax}[module], name), name


def sample(name):
    n = names()
    return n["T"] * 0.5 if name in INSIDE else n["P"] + 1.5 if name in ABOVE_ONE else n["P"] if name in POSITIVE else n["F"] + 0.1


def flat(value):
    return [numpy.asarray(v) for v in (value if isinstance(value, (tuple, list)) else [value])]


def evaluate(f, *args):
    """The value, or a skip where a function does not take these dtypes."""
    try:
        return f(*args)
    except (TypeError, ValueError, NotImplementedError) as error:
        pytest.skip(str(error)[:100])


def same(a, b):
    for x, y in zip(flat(a), flat(b), strict=True):
        assert x.dtype == y.dtype and x.shape == y.shape
        if x.dtype.kind in "fc":
            numpy.testing.assert_allclose(x, y, rtol=2e-6, atol=2e-6)
        else:
            numpy.testing.assert_array_equal(x, y)


def arguments(case, count):
    x = sample(case.split(".")[1])
    return (x,) if count == 1 else (x, names()["P"])


@pytest.mark.parametrize("case,count", [(c, 1) for c in CASES] + [(c, 2) for c in PAIRS])
def test_compiled_equals_eager(case, count):
    f, _ = function(case)
    args = arguments(case, count)
    eager = evaluate(f, *args)
    same(jax.jit(f)(*args), eager)


@pytest.mark.parametrize("case,count", [(c, 1) for c in CASES] + [(c, 2) for c in PAIRS])
def test_batched_equals_loop(case, count):
    f, _ = function(case)
    args = arguments(case, count)
    rows = [evaluate(f, *(a[i] for a in args)) for i in range(args[0].shape[0])]
    loop = [numpy.stack(parts) for parts in zip(*map(flat, rows))]
    same(jax.vmap(f)(*args), loop)


@pytest.mark.parametrize("case,count", [(c, 1) for c in CASES] + [(c, 2) for c in PAIRS])
def test_derivative_is_a_limit(case, count):
    f, name = function(case)
    if name in NOT_SMOOTH:
        pytest.skip("not differentiable everywhere")
    args = arguments(case, count)
    if evaluate(f, *args).dtype.kind != "f":
        pytest.skip("not a real function")
    tangents = tuple(jnp.ones_like(a) * (0.5 + i) for i, a in enumerate(args))
    _, derivative = jax.jvp(f, args, tangents)
    step = 1e-2
    ahead = f(*(a + step * t for a, t in zip(args, tangents)))
    behind = f(*(a - step * t for a, t in zip(args, tangents)))
    numpy.testing.assert_allclose(numpy.asarray(derivative), numpy.asarray((ahead - behind) / (2 * step)), rtol=2e-2, atol=2e-2)
    _, pullback = jax.vjp(f, *args)
    cotangent = jnp.ones_like(derivative)
    back = sum(jnp.vdot(t, c) for t, c in zip(tangents, pullback(cotangent)))
    numpy.testing.assert_allclose(numpy.asarray(back), numpy.asarray(jnp.sum(derivative)), rtol=1e-4, atol=1e-4)
