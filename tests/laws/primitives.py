"""Samples of every primitive: functions that use it and arguments to call them with, in JAX's language, so that either system runs them. law.py says what holds of each.

Primitives without a name in JAX are bound. Arguments are float64, complex128 or integers; the law of narrow types converts them.
"""
import dataclasses
import functools
import importlib

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jax.experimental import checkify
from jax.extend import core as extended

SAMPLES = []


@dataclasses.dataclass(frozen=True)
class Sample:
    primitive: str
    number: int
    f: object
    args: tuple
    axis: tuple = ()        # a name and a size, where f uses the name of an axis
    smooth: bool = True     # whether derivatives are limits of quotients at the arguments
    narrow: bool = True     # whether the function is defined for narrow floats and gives about the same numbers
    visible: bool = True    # whether jaxprs show the primitive; if not, it is between two transformations only

    @property
    def name(self):
        return f"{self.primitive} {self.number}"


def sample(primitive, f, *args, **options):
    number = sum(s.primitive == primitive for s in SAMPLES)
    SAMPLES.append(Sample(primitive, number, f, args, **options))
    random.seed(7)  # so that a new sample changes no other


random = np.random.RandomState(7)


def R(*shape, low=-2.0, high=2.0):
    """Reals, no two of which are nearly equal, nor near to an integer."""
    n = int(np.prod(shape))
    spread = (np.arange(n) + 0.35 + 0.3 * random.rand(n)) / max(n, 1)
    return np.asarray((low + (high - low) * random.permutation(spread)).reshape(shape))


def Z(*shape, low=-2.0, high=2.0):
    return R(*shape, low=low, high=high) + 1j * R(*shape, low=low, high=high)


def I(*shape, low=0, high=9):
    return np.asarray(random.randint(low, high, shape), np.int32)


def definite(n, complex=False):
    m = (Z if complex else R)(n, n, low=-1, high=1)
    return m @ m.conj().T + n * np.eye(n)


def away(n):
    """A matrix with well separated values."""
    return np.diag(np.arange(1.0, n + 1)) * 3 + R(n, n, low=-0.4, high=0.4)


@functools.cache
def bound(name):
    """The primitive of that name as a function of operands and parameters."""
    try:
        from cotan import _cotan
        found, = (p for p in _cotan._primitives() if p.name == name)
    except ImportError:
        places = [extended.primitives, *map(importlib.import_module, ("jax._src.lax.lax", "jax._src.lax.linalg"))]
        name = {"add_any": "add_jaxvals"}.get(name, name) + "_p"
        found = next(getattr(place, name) for place in places if hasattr(place, name))
    return found.bind


def P(name, **params):
    return lambda *args: bound(name)(*args, **params)


# ---- of each element ----
for name in "neg sign floor ceil exp exp2 expm1 tanh logistic sin cos sinh cosh asinh atan square erf erfc bessel_i0e bessel_i1e".split():
    sample(name, getattr(lax, name, None) or P(name), R(2, 3))
for name in "log sqrt rsqrt cbrt lgamma digamma".split():
    sample(name, getattr(lax, name), R(2, 3, low=0.3, high=3))
sample("log1p", lax.log1p, R(2, 3, low=-0.7))
for name in "asin acos atanh erf_inv".split():
    sample(name, getattr(lax, name), R(2, 3, low=-0.8, high=0.8))
sample("tan", lax.tan, R(2, 3, low=-1.2, high=1.2))
sample("acosh", lax.acosh, R(2, 3, low=1.3, high=3))
for name in "exp log expm1 log1p tanh logistic sin cos tan asin acos atan sinh cosh asinh acosh atanh sqrt rsqrt square neg sign exp2".split():
    sample(name, getattr(lax, name), Z(2, 3, low=0.2, high=0.9))
for name in "abs real imag conj".split():
    sample(name, getattr(lax, name), Z(2, 3))
sample("abs", lax.abs, R(2, 3))
sample("conj", lax.conj, R(3))
sample("complex", lax.complex, R(2, 3), R(2, 3))
for name in "neg sign square abs".split():
    sample(name, getattr(lax, name), I(2, 3, low=-9))
for name in "not population_count clz".split():
    sample(name, getattr(lax, {"not": "bitwise_not"}.get(name, name)), I(2, 3, low=-9))
sample("not", lax.bitwise_not, I(3) > 4)
sample("is_finite", lax.is_finite, R(2, 3))
for name in "expi sinint cosint erfcx dawsn fresnel_sin fresnel_cos spence".split():
    sample(name, P(name), R(2, 3, low=0.3, high=2.2))
for name in "add sub mul max min atan2".split():
    sample(name, getattr(lax, name), R(2, 3), R(2, 3))
for name in "add sub mul".split():
    sample(name, getattr(lax, name), Z(2, 3), Z(2, 3))
    sample(name, getattr(lax, name), I(2, 3), I(2, 3))
    sample(name, getattr(lax, name), R(), R())
    sample(name, getattr(lax, name), R(0, 3), R(0, 3))
sample("div", lax.div, R(2, 3), R(2, 3, low=0.5, high=2))
sample("div", lax.div, Z(2, 3), Z(2, 3, low=0.5, high=2))
sample("div", lax.div, I(2, 3), I(2, 3, low=1))
sample("rem", lax.rem, R(2, 3), R(2, 3, low=2.5, high=3.5))
sample("rem", lax.rem, I(2, 3, low=-9), I(2, 3, low=1))
sample("max", lax.max, I(2, 3), I(2, 3))
sample("min", lax.min, I(2, 3) > 3, I(2, 3) > 4)
sample("add_any", P("add_any"), R(2, 3), R(2, 3))
sample("add_any", lambda x: jax.grad(lambda y: jnp.sum(jnp.sin(y) * y))(x), R(2, 3))
sample("nextafter", lax.nextafter, R(2, 3), R(2, 3), narrow=False)
for name in "and or xor".split():
    sample(name, getattr(lax, "bitwise_" + name), I(2, 3), I(2, 3))
    sample(name, getattr(lax, "bitwise_" + name), I(2, 3) > 4, I(2, 3) > 4)
for name in "shift_left shift_right_arithmetic shift_right_logical".split():
    sample(name, getattr(lax, name), I(2, 3), I(2, 3))
sample("mulhi", P("mulhi"), I(2, 3) * (1 << 28), I(2, 3) * (1 << 28))
for name in "igamma igammac".split():
    sample(name, getattr(lax, name), R(2, 3, low=0.5, high=3), R(2, 3, low=0.5, high=3))
for name in "igamma_grad_a random_gamma_grad".split():
    sample(name, getattr(lax, name), R(2, 3, low=0.5, high=3), R(2, 3, low=0.5, high=3), narrow=False)
sample("zeta", lambda q: lax.zeta(jnp.full_like(q, 2.5), q), R(2, 3, low=0.5, high=3))
sample("expn", lambda x: bound("expn")(jnp.full_like(x, 2), x), R(2, 3, low=0.5, high=3))
sample("owens_t", P("owens_t"), R(2, 3), R(2, 3))
sample("bessel_jn", lambda x: bound("bessel_jn")(jnp.full_like(x, 1), x), R(2, 3, low=0.5, high=3), narrow=False)
sample("polygamma", lambda x: lax.polygamma(jnp.full_like(x, 1), x), R(2, 3, low=0.5, high=3))
for name in "eq ne lt le gt ge".split():
    sample(name, getattr(lax, name), R(2, 3), R(2, 3))
    sample(name, getattr(lax, name), I(2, 3), I(2, 3))
for name in "eq_to lt_to le_to".split():
    sample(name, P(name), R(2, 3), R(2, 3))
sample("regularized_incomplete_beta", lambda a, b, x: lax.betainc(a, b, x), R(3, low=0.5, high=2), R(3, low=0.5, high=2), R(3, low=0.2, high=0.8), smooth=False)
sample("regularized_incomplete_beta", lambda x: lax.betainc(jnp.full_like(x, 1.5), jnp.full_like(x, 0.7), x), R(3, low=0.2, high=0.8))
for name in "hyp1f1 hyp1f1_grad_a hyp1f1_grad_b".split():
    sample(name, P(name), *(R(3, low=0.3, high=0.9) for _ in range(3)), narrow=False)
for name in "hyp2f1 hyp2f1_grad_a hyp2f1_grad_c".split():
    sample(name, P(name), *(R(3, low=0.3, high=0.7) for _ in range(4)), narrow=False)
sample("legendre", P("legendre"), np.full(3, 2.0), np.full(3, 1.0), R(3, low=0.1, high=0.8), smooth=False, narrow=False)
sample("pow", lax.pow, R(2, 3, low=0.4, high=2), R(2, 3))
sample("pow", lax.pow, Z(2, 3, low=0.4, high=2), Z(2, 3))
sample("pow", lax.pow, R(2, 3, low=0.4, high=2), I(2, 3, high=4))
sample("integer_pow", lambda x: lax.integer_pow(x, 3), R(2, 3))
sample("integer_pow", lambda x: lax.integer_pow(x, -2), Z(2, 3, low=0.5))
sample("integer_pow", lambda x: lax.integer_pow(x, 3), I(2, 3))
sample("clamp", lambda l, x, h: lax.clamp(l, x, h), R(2, 3, low=-2, high=-0.5), R(2, 3), R(2, 3, low=0.5, high=2))
sample("clamp", lambda x: lax.clamp(x.dtype.type(-1), x, x.dtype.type(1)), R(2, 3))
sample("clamp", lambda x: lax.clamp(np.int32(2), x, np.int32(5)), I(2, 3))
sample("select_n", lambda a, b: lax.select_n(np.array([[True, False, True]] * 2), a, b), R(2, 3), R(2, 3))
sample("select_n", lambda i, a, b, c: lax.select_n(i % 3, a, b, c), I(2, 3), R(2, 3), R(2, 3), R(2, 3))
sample("select_n", lambda i, a, b: lax.select_n(i > 3, a, b), I(), Z(2, 3), Z(2, 3))
sample("convert_element_type", lambda x: lax.convert_element_type(x, np.float32), R(2, 3), smooth=False)
sample("convert_element_type", lambda x: lax.convert_element_type(x, np.complex128), R(2, 3))
sample("convert_element_type", lambda x: lax.convert_element_type(x, np.int32), R(2, 3))
sample("convert_element_type", lambda x: lax.convert_element_type(x, np.float64), I(2, 3))
sample("bitcast_convert_type", lambda x: lax.bitcast_convert_type(x, np.int64), R(2, 3), narrow=False)
sample("reduce_precision", lambda x: lax.reduce_precision(x, 8, 7), R(2, 3), smooth=False)
sample("round", lax.round, R(2, 3))
sample("round", lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), R(2, 3))
sample("copy", lambda x: bound("copy")(x), R(2, 3))
sample("copy", lambda x: jnp.copy(x), Z(2, 3))
sample("stop_gradient", lambda x: bound("stop_gradient")(x), R(2, 3), smooth=False)
sample("name", lambda x: checkpoint_name(jnp.sin(x), "here") * x, R(2, 3))

# ---- of shapes ----
for x in R(2, 3), Z(2, 3), I(2, 3), R(2, 0):
    sample("broadcast_in_dim", lambda x: lax.broadcast_in_dim(x, (2, 4, x.shape[1]), (0, 2)), x)
    sample("reshape", lambda x: lax.reshape(x, x.shape[::-1]), x)
    sample("squeeze", lambda x: lax.squeeze(x[:, None], (1,)), x)
    sample("transpose", lambda x: lax.transpose(x, (1, 0)), x)
    sample("rev", lambda x: lax.rev(x, (1,)), x)
    sample("concatenate", lambda x: lax.concatenate([x, x * x, x], 1), x)
    sample("slice", lambda x: lax.slice(x, (0, x.shape[1] and 1), x.shape, (1, 2)), x)
sample("reshape", lambda x: lax.reshape(x, (6,), (1, 0)), R(2, 3))
sample("concatenate", lambda x, y: lax.concatenate([x, y], 0), R(2, 3), R(1, 3))
sample("split", lambda x: (lambda a, b: a * b[:, :1])(*lax.split(x, (1, 2), 1)), R(2, 3))
sample("split", lambda x: tuple(lax.split(x, (1, 1))), Z(2, 3))
sample("stack", lambda x, y: bound("stack")(x, y, axis=1), R(2, 3), R(2, 3))
sample("unstack", lambda x: tuple(bound("unstack")(x, axis=1)), R(2, 3))
sample("tile", lambda x: lax.tile(x, (2, 2)), R(2, 3))
sample("tile", lambda x: lax.tile(x, (1, 3)), I(2, 3))
sample("pad", lambda x, v: lax.pad(x, v, [(1, 0, 1), (-1, 2, 0)]), R(2, 3), R())
sample("pad", lambda x: lax.pad(x, jnp.zeros((), x.dtype), [(0, -1, 0), (2, 1, 2)]), Z(2, 3))
sample("pad", lambda x: lax.pad(x, np.int32(7), [(0, 0, 0), (1, 1, 0)]), I(2, 3))
sample("dynamic_slice", lambda x, i, j: lax.dynamic_slice(x, (i, j), (1, 2)), R(3, 4), I(high=3), I(high=3))
sample("dynamic_slice", lambda x, i: lax.dynamic_slice(x, (i, np.int32(0)), (1, 2)), Z(3, 4), I(high=5))
sample("dynamic_slice", lambda x: lax.dynamic_index_in_dim(x, -1, 0), R(3, 2))
sample("dynamic_update_slice", lambda x, u, i: lax.dynamic_update_slice(x, u, (i, np.int32(1))), R(3, 4), R(1, 2), I(high=5))
sample("dynamic_update_slice", lambda x, u, i: lax.dynamic_update_slice(x, u, (i,)), I(4), I(2), I(high=3))
sample("iota", lambda x: x * lax.iota(x.dtype, 3), R(2, 3))
sample("iota", lambda x: x * lax.broadcasted_iota(np.int32, (2, 3), 0), I(2, 3))
for name in "argmin argmax".split():
    sample(name, lambda x, f=getattr(lax, name): f(x, 1, np.int32), R(2, 3))
    sample(name, lambda x, f=getattr(lax, name): f(x, 0, np.int64), I(2, 3))

# ---- reductions ----
for name in "sum prod max min".split():
    f = getattr(lax, "reduce_" + name)
    sample("reduce_" + name, lambda x, f=f: f(x, (0,)), R(2, 3))
    sample("reduce_" + name, lambda x, f=f: f(x, (0, 2)), R(2, 2, 3))
    sample("reduce_" + name, lambda x, f=f: f(x, (1,)), I(2, 3))
for name in "sum prod".split():
    sample("reduce_" + name, lambda x, f=getattr(lax, "reduce_" + name): f(x, (1,)), Z(2, 3))
    sample("reduce_" + name, lambda x, f=getattr(lax, "reduce_" + name): f(x, (1,)), R(2, 0))
for name in "and or xor".split():
    sample("reduce_" + name, lambda x, f=getattr(lax, "reduce_" + name): f(x, (1,)), I(2, 3))
for name in "cumsum cumprod cummax cummin cumlogsumexp".split():
    f = getattr(lax, name)
    sample(name, lambda x, f=f: f(x, 1), R(2, 3))
    sample(name, lambda x, f=f: f(x, 0, True), R(3, 2))
    sample(name, lambda x, f=f: f(x, 0), R(0, 2))
sample("cumsum", lambda x: lax.cumsum(x, 1), Z(2, 3))
sample("cumprod", lambda x: lax.cumprod(x, 1), I(2, 3))
sample("reduce", lambda x: lax.reduce(x, x.dtype.type(0), lambda a, b: a * b + a + b, (1,)), R(2, 3))
sample("reduce", lambda x, y: lax.reduce((x, y), (x.dtype.type(0), x.dtype.type(1)), lambda a, b: (a[0] * b[1] + b[0], a[1] * b[1]), (0,)), R(2, 3), R(2, 3))
sample("reduce", lambda x: lax.reduce(x, np.int32(0), lambda a, b: a * 3 + b, (1,)), I(2, 3))
window = dict(window_dimensions=(2, 2), window_strides=(1, 2), padding="SAME")
sample("reduce_window_sum", lambda x: lax.reduce_window(x, 0.0, lax.add, **window), R(3, 4))
sample("reduce_window_sum", lambda x: lax.reduce_window(x, np.int32(0), lax.add, **window), I(3, 4))
sample("reduce_window_max", lambda x: lax.reduce_window(x, -np.inf, lax.max, **window), R(3, 4))
sample("reduce_window_min", lambda x: lax.reduce_window(x, np.inf, lax.min, **window), R(3, 4))
sample("reduce_window_min", lambda x: lax.reduce_window(x, np.int32(np.iinfo(np.int32).max), lax.min, **window), I(3, 4))
sample("reduce_window", lambda x: lax.reduce_window(x, x.dtype.type(1), lambda a, b: a * b + 0.5 * b, **window), R(3, 4), smooth=False)
sample("select_and_scatter_add", lambda x: jax.grad(lambda y: jnp.sum(jnp.sin(lax.reduce_window(y, -np.inf, lax.max, **window))))(x), R(3, 4))
sample("select_and_gather_add", lambda x, t: jax.jvp(lambda y: lax.reduce_window(y, -np.inf, lax.max, **window), (x,), (t,))[1], R(3, 4), R(3, 4))
sample("sort", lambda x: lax.sort(x, dimension=1), R(2, 3))
sample("sort", lambda x, y: tuple(lax.sort([x, y], dimension=0, num_keys=1)), R(3, 2), R(3, 2))
sample("sort", lambda x, y: tuple(lax.sort([x, y], dimension=0)), I(6), R(6))
sample("sort", lambda x: lax.sort(x), R(0))
sample("top_k", lambda x: tuple(lax.top_k(x, 2)), R(2, 4))
sample("top_k", lambda x: tuple(lax.top_k(x, 2)), I(5))
sample("approx_top_k", lambda x: tuple(lax.approx_max_k(x, 2, recall_target=1.0)), R(2, 4))

# ---- products ----
sample("dot_general", lambda x, y: lax.dot(x, y), R(2, 3), R(3, 4))
sample("dot_general", lambda x, y: lax.dot_general(x, y, (((2,), (1,)), ((0,), (2,)))), R(2, 4, 3), R(5, 3, 2))
sample("dot_general", lambda x, y: lax.dot(x, y), Z(2, 3), Z(3))
sample("dot_general", lambda x, y: lax.dot(x, y), I(2, 3), I(3, 2))
sample("dot_general", lambda x, y: lax.dot(x, y), R(2, 0), R(0, 3))
sample("dot_general", lambda x: lax.dot(x, x.T), R(2, 3))
sample("conv_general_dilated", lambda x, w: lax.conv(x, w, (1, 2), "SAME"), R(1, 2, 4, 5), R(3, 2, 2, 3))
sample("conv_general_dilated", lambda x, w: lax.conv_general_dilated(x, w, (2,), [(1, 2)], (2,), (2,), feature_group_count=2), R(2, 4, 6), R(4, 2, 2))
sample("conv_general_dilated", lambda x, w: lax.conv_general_dilated(x, w, (1,), "VALID", batch_group_count=2), R(4, 2, 5), R(2, 2, 3))
sample("gather", lambda x, i: x[i], R(5, 2), I(3, high=5))
sample("gather", lambda x, i: x.at[i, 1].get(mode="fill", fill_value=2.5), R(5, 2), I(3, low=3, high=7))
sample("gather", lambda x, i, j: x[i, :, j], Z(4, 2, 3), I(2, high=4), I(2, high=3))
sample("gather", lambda x, i: jnp.take(x, i, axis=0, mode="clip"), I(5), I(2, 2, high=7))
for name, how in ("scatter", "set"), ("scatter-add", "add"), ("scatter-sub", "subtract"), ("scatter-mul", "multiply"), ("scatter-min", "min"), ("scatter-max", "max"):
    put = lambda x, i, u, how=how: getattr(x.at[i], how)(u, unique_indices=True)
    sample(name, put, R(5, 2), np.array([3, 0, 4]), R(3, 2))
    sample(name, put, I(5), np.array([1, 4]), I(2))
    sample(name, lambda x, i, u, how=how: getattr(x.at[:, i], how)(u, mode="drop", unique_indices=how == "multiply"), R(2, 5), np.array([1, 3, 9]), R(2, 3))
    if how in ("set", "add", "multiply"):
        sample(name, put, Z(5, 2), np.array([3, 0, 4]), Z(3, 2))
sample("scatter-add", lambda x, i, u: x.at[i].add(u), R(5), np.array([1, 1, 3]), R(3))

# ---- linear algebra ----
symmetric = lambda m: (m + jnp.conj(jnp.swapaxes(m, -1, -2))) / 2
for n, z in (3, False), (3, True), (0, False):
    m, a, b, t = definite(n, z), away(n) + 0j if z else away(n), (Z if z else R)(n, 2), (Z if z else R)(n, 3)
    sample("cholesky", lambda m: lax.linalg.cholesky(symmetric(m)), m)
    sample("triangular_solve", lambda a, b: lax.linalg.triangular_solve(a, b, left_side=True, lower=True), np.tril(a), b)
    sample("lu", lambda a: lax.linalg.lu(a)[0], a)
    sample("lu_solve", lambda a, b: jnp.linalg.solve(a, b), a, b)
    sample("qr", lambda a: tuple(lax.linalg.qr(a, full_matrices=False)), a)
    sample("eigh", lambda a: lax.linalg.eigh(symmetric(a), symmetrize_input=False)[1], a)
    sample("svd", lambda a: lax.linalg.svd(a, full_matrices=False, compute_uv=False), a)
    sample("eig", lambda a: lax.linalg.eig(a, compute_left_eigenvectors=False, compute_right_eigenvectors=False)[0], a, narrow=False)
sample("triangular_solve", lambda a, b: lax.linalg.triangular_solve(a, b, transpose_a=True, unit_diagonal=True), np.triu(away(3)), R(2, 3))
sample("lu", lambda a: lax.linalg.lu(a)[0], R(3, 2))
sample("qr", lambda a: tuple(lax.linalg.qr(a, full_matrices=False)), away(4)[:, :2])
sample("svd", lambda a: (lambda u, s, v: (u * s) @ v + u @ v)(*lax.linalg.svd(a, full_matrices=False)), away(3))
sample("eig", lambda a: jnp.abs(lax.linalg.eig(a)[2]), away(3), narrow=False)
sample("lu_pivots_to_permutation", lambda p: lax.linalg.lu_pivots_to_permutation(p, 4), np.array([1, 3, 2], np.int32))
sample("cholesky_update", lambda r, w: lax.linalg.cholesky_update(r, w), np.triu(away(3)), R(3))
sample("geqrf", lambda a: tuple(bound("geqrf")(a)), away(3))
sample("geqp3", lambda a: tuple(bound("geqp3")(a, jnp.zeros(3, np.int32))), away(3))
sample("householder_product", lambda a, t: lax.linalg.householder_product(a, t), away(3), R(3, low=0.5, high=1))
sample("ormqr", lambda a, t, c: lax.linalg.ormqr(a, t, c), away(3), R(3, low=0.5, high=1), R(3, 2))
sample("schur", lambda a: tuple(lax.linalg.schur(a)), away(3), narrow=False)
sample("hessenberg", lambda a: tuple(lax.linalg.hessenberg(a)), away(4), narrow=False)
sample("tridiagonal", lambda a: tuple(lax.linalg.tridiagonal(a)), definite(3), narrow=False)
sample("tridiagonal_solve", lambda l, d, u, b: lax.linalg.tridiagonal_solve(l, d, u, b), R(4), R(4, low=5, high=6), R(4), R(4, 2))
sample("fft", lambda x: lax.fft(x, "FFT", (4,)), Z(2, 4))
sample("fft", lambda x: lax.fft(x, "IFFT", (2, 3)), Z(2, 3))
sample("fft", lambda x: lax.fft(x, "RFFT", (5,)), R(2, 5))
sample("fft", lambda x: lax.fft(x, "IRFFT", (4,)), Z(2, 3))

# ---- random numbers ----
key = lambda i: jax.random.wrap_key_data(jnp.stack([i, i * 3 + 1]).astype(np.uint32), impl="threefry2x32")
sample("threefry2x32", lambda i: bound("threefry2x32")(*(jnp.uint32(k) for k in (1, 2)), i.astype(np.uint32), i.astype(np.uint32))[0], I(3))
sample("random_seed", lambda i: jax.random.key_data(jax.random.key(i)), I())
sample("random_split", lambda i: jax.random.key_data(jax.random.split(key(i), 3)), I())
sample("random_fold_in", lambda i, j: jax.random.key_data(jax.random.fold_in(key(i), j)), I(), I())
sample("random_bits", lambda i: jax.random.bits(key(i), (3,)), I())
sample("random_bits", lambda i, x: jax.random.uniform(key(i), (3,)) * x, I(), R(3), narrow=False)
sample("random_wrap", lambda i: jax.random.key_data(key(i)), I())
sample("random_unwrap", lambda i: jax.random.key_data(jax.random.split(key(i))), I())
sample("random_clone", lambda i: jax.random.key_data(jax.random.clone(key(i))), I())
sample("random_gamma", lambda i, a: jax.random.gamma(key(i), a), I(), R(3, low=0.5, high=3), smooth=False, narrow=False)
sample("rng_bit_generator", lambda i: lax.rng_bit_generator(jnp.stack([i, i * 3 + 1, i, i]).astype(np.uint32), (3,), algorithm=lax.RandomAlgorithm.RNG_THREE_FRY)[1], I())
sample("rng_uniform", lambda: lax.rng_uniform(0.0, 1.0, (3,)) * 0)

# ---- over a named axis ----
for name, f in ("psum", lambda x: lax.psum(x, "i")), ("pmax", lambda x: lax.pmax(x, "i")), ("pmin", lambda x: lax.pmin(x, "i")), \
        ("all_gather", lambda x: lax.all_gather(x, "i")), ("all_gather", lambda x: lax.all_gather(x, "i", axis=1, tiled=True)), \
        ("all_to_all", lambda x: lax.all_to_all(x, "i", 0, 0)), ("ppermute", lambda x: lax.ppermute(x, "i", [(0, 1), (1, 2), (2, 0)])), \
        ("axis_index", lambda x: x * lax.axis_index("i")), ("psum", lambda x: x * lax.pmean(x, "i") + lax.psum(1, "i")):
    sample(name, f, R(3, 3, 2), axis=("i", 3))
    if name in ("psum", "all_gather", "ppermute"):
        sample(name, f, Z(3, 3, 2), axis=("i", 3))

# ---- control flow ----
sample("cond", lambda x: lax.cond(x[0] > 0, jnp.sin, lambda x: x * x, x), R(3))
sample("cond", lambda i, x, y: lax.switch(i, [lambda x, y: x + y, lambda x, y: x * y, lambda x, y: jnp.sin(x)], x, y), I(), R(3), R(3))
sample("cond", lambda x, y: lax.cond(x > y, lambda: (x * y, 1), lambda: (y, 2)), R(), R())
sample("cond", lambda p, z: lax.cond(p > 3, jnp.exp, jnp.conj, z), I(), Z(3, low=-1, high=1))
sample("cond", lambda i, x: lax.cond(i > 3, lambda: i + 1, lambda: x.astype(np.int32)[0]), I(), R(2))
sample("scan", lambda c, xs: lax.scan(lambda c, x: (jnp.sin(c) * x, c + x), c, xs), R(2), R(3, 2))
sample("scan", lambda c, w, xs: lax.scan(lambda c, x: (jnp.tanh(w @ c + x), None), c, xs, reverse=True)[0], R(2), R(2, 2), R(3, 2))
sample("scan", lambda c: lax.scan(lambda c, _: ((c[0] * c[1], jnp.cos(c[1])), {"a": c[0]}), (c, c), None, length=3)[1]["a"], R(2))
sample("scan", lambda c, xs: lax.scan(lambda c, x: (c * x + 1j, c.real), c, xs, unroll=2), Z(2), Z(3, 2))
sample("scan", lambda c, xs: lax.scan(lambda c, x: (c + x, c), c, xs), I(), I(4))
sample("scan", lambda c, xs: lax.scan(lambda c, x: (jnp.sin(c) + x, c), c, xs), R(), R(0))
sample("scan", lambda c, i: lax.fori_loop(0, 3, lambda k, v: v.at[k].set(jnp.sin(v[i]) + k), c), R(3), I(high=3))
sample("while", lambda x: lax.while_loop(lambda c: c[1] < 3, lambda c: (jnp.sin(c[0]) * x, c[1] + 1), (x, 0))[0], R(2))
sample("while", lambda x: lax.while_loop(lambda c: jnp.sum(jnp.abs(c)) < 30, lambda c: c * 1.7 + 0.1, x), R(2))
sample("while", lambda n, x: lax.fori_loop(0, n, lambda i, v: v * x + i, x), I(high=4), R(2))
sample("while", lambda n: lax.while_loop(lambda v: v < 50, lambda v: v * 2 + 1, n), I())
sample("dynamic_call", lambda n, x: lax.fori_loop(0, n, lambda i, v: jnp.sin(v) * x, x), I(high=4), R(2))
sample("custom_linear_solve", lambda d, b: lax.custom_linear_solve(lambda v: d * v, b, lambda _, b: b / d, symmetric=True), R(3, low=1, high=2), R(3))
sample("custom_linear_solve", lambda a, b: lax.custom_linear_solve(lambda v: a @ v, b, lambda _, b: jnp.linalg.solve(a, b), lambda _, b: jnp.linalg.solve(a.T, b)), away(3), R(3))
sample("optimization_barrier", lambda x, y: lax.optimization_barrier((jnp.sin(x), y))[0] * y, R(3), R(3))
sample("optimization_barrier", lambda x: lax.optimization_barrier(x), I(3))

# ---- calls ----
sample("jit", lambda x, y: jax.jit(lambda x, y: (jnp.sin(x) * y, y))(x, y), R(3), R(3))
sample("jit", lambda z: jax.jit(lambda z: jax.jit(jnp.exp)(z) * 2)(z), Z(3))
sample("jit", lambda x, i: jax.jit(lambda x, i, n: x[i] * n, static_argnums=2)(x, i, 3), R(3), I(high=3))
sample("remat2", lambda x: jax.checkpoint(lambda x: jnp.sin(jnp.sin(x) * x))(x), R(3))
sample("remat2", lambda x, y: jax.checkpoint(lambda x, y: jnp.sin(x @ y), policy=jax.checkpoint_policies.dots_saveable)(x, y), R(2, 3), R(3))
sample("remat2", lambda x: jax.checkpoint(lambda x: lax.scan(lambda c, _: (jnp.sin(c), c), x, None, length=3))(x), R(3))


@jax.custom_jvp
def cube(x):
    return x ** 3


cube.defjvp(lambda xs, ts: (cube(*xs), 3 * xs[0] ** 2 * ts[0]))


@jax.custom_vjp
def product(x, y):
    return x * y


product.defvjp(lambda x, y: (product(x, y), (x, y)), lambda r, t: (t * r[1], t * r[0]))
sample("custom_jvp_call", lambda x: cube(x), R(3))
sample("custom_jvp_call", lambda x: jax.nn.relu(x) + jax.nn.silu(x), R(3))
newton = lambda f, y: lax.fori_loop(0, 25, lambda _, y: y - f(y) / (3 * y * y), y)
sample("custom_jvp_call", lambda a: lax.custom_root(lambda y: y ** 3 - a, 1.3, newton, lambda g, y: y / g(1.0)), R(low=1.5, high=2))
sample("custom_vjp_call", lambda x, y: product(x, y), R(3), R(3))
sample("custom_vjp_call", lambda x: lax.scan(lambda c, _: (product(c, x), None), x, None, length=2)[0], R(3))
sample("custom_lin", lambda x, y: product(jnp.sin(x), y), R(3), R(3), visible=False)


@jax.custom_batching.custom_vmap
def twice(x, y):
    return 2 * jnp.sin(x) * y


@twice.def_vmap
def _(size, batched, x, y):
    return jax.vmap(lambda x, y: jnp.sin(x) * y * 2, tuple(0 if b else None for b in batched), axis_size=size)(x, y), True


sample("custom_vmap_call", lambda x, y: twice(x, y), R(3), R(3))
sample("linear_call", lambda d, x: jax.custom_derivatives.linear_call(lambda d, x: d * x, lambda d, t: d * t, d, x), R(3), R(3), smooth=False)
sample("linear_call", lambda x: jax.custom_derivatives.linear_call(lambda d, x: 3 * x, lambda d, t: 3 * t, (), x), R(3))
sample("composite", lambda x: lax.composite(lambda x: jnp.sin(x) * x, "my.op")(x), R(3))
sample("dce_sink", lambda x: (bound("dce_sink")(x, prevent_mlir_dce=True), x)[1] * x, R(3))
sample("check", lambda x: checkify.checkify(lambda x: (checkify.check(jnp.all(x < 9), "large"), jnp.sin(x))[1])(x)[1], R(3), visible=False)

# ---- callbacks ----
on_host = jax.custom_jvp(lambda x: jax.pure_callback(lambda x: np.sin(x), jax.ShapeDtypeStruct(x.shape, x.dtype), x, vmap_method="expand_dims"))
on_host.defjvp(lambda xs, ts: (on_host(*xs), jnp.cos(xs[0]) * ts[0]))
sample("pure_callback", lambda x: on_host(x), R(3))
sample("pure_callback", lambda x: jax.pure_callback(lambda x: x + 1, jax.ShapeDtypeStruct(x.shape, x.dtype), x, vmap_method="sequential"), I(3))
sample("io_callback", lambda x: jax.experimental.io_callback(lambda x: np.sin(x), jax.ShapeDtypeStruct(x.shape, x.dtype), x), R(3))
sample("io_callback", lambda x: jax.experimental.io_callback(lambda x: np.sin(x), jax.ShapeDtypeStruct(x.shape, x.dtype), x, ordered=True), R(3))
sample("debug_callback", lambda x: (jax.debug.callback(lambda x: None, x), jnp.sin(x))[1], R(3))
sample("debug_print", lambda x: (jax.debug.print("{}", x[:0]), jnp.sin(x))[1], R(3))


# ---- mutable arrays ----
def through_a_cell(x):
    cell = jax.new_ref(x)
    cell[...] = jnp.sin(cell[...])
    cell[0] = cell[1] * 2
    return cell[...] * x


def added_up(x, i):
    cell = jax.new_ref(jnp.zeros_like(x))
    jax.ref.addupdate(cell, (i,), x[0] * x[1])
    jax.ref.addupdate(cell, ..., jnp.sin(x))
    return jax.ref.freeze(cell)


def in_a_loop(x):
    cell = jax.new_ref(jnp.zeros(3, x.dtype))
    lax.fori_loop(0, 3, lambda i, _: cell.__setitem__(i, jnp.sum(cell[...]) * x[i] + x[i]), None)
    return cell[...]


for name in "new_ref get swap".split():
    sample(name, through_a_cell, R(3))
    sample(name, in_a_loop, R(3))
sample("swap", lambda x: (lambda cell: (jax.ref.swap(cell, ..., x * x), cell[...]))(jax.new_ref(x)), Z(3))
sample("addupdate", added_up, R(3), I(high=3))
sample("freeze", added_up, R(3), I(high=3))
