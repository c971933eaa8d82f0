"""jax.random. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, Axis, DTypeLike, KeyArrayLike, PrecisionLike, Shape, Wide, jitted, positional, short, ufunc
from collections.abc import Callable, Sequence
# ---- keys (src/random/keys.c) ----

def key(seed: ArrayLike | Wide, *, impl: str | None = None, dtype: DTypeLike | None = None) -> Array:
    """A key for random draws, from an integer.

    Args:
      seed: any integer of 64 bits; without jax_enable_x64 the lower 32 of them count.
      impl: the generator, "threefry2x32", "rbg" or "unsafe_rbg"; that of jax_default_prng_impl by default.
      dtype: the same as the dtype of keys, such as jax.random.key_dtype("rbg").

    >>> jax.random.key(0)
    Array((), dtype=key<fry>) overlaying:
    [0 0]
    """

def PRNGKey(seed: ArrayLike | Wide, *, impl: str | None = None) -> Array:
    """A key in the older form, two raw words of uint32.

    >>> jax.random.PRNGKey(0)
    Array([0, 0], dtype=uint32)
    """

def key_data(keys: ArrayLike) -> Array:
    """The raw words of keys, shape (..., 2), or (..., 4) for rbg and unsafe_rbg.

    >>> jax.random.key_data(jax.random.key(7))
    Array([0, 7], dtype=uint32)
    """

def wrap_key_data(key_bits_array: ArrayLike, *, impl: str | None = None, dtype: DTypeLike | None = None) -> Array:
    """Keys from their raw words: two for threefry2x32, four for the other generators.

    >>> jax.random.wrap_key_data(jnp.zeros(2, jnp.uint32)).shape
    ()
    """

def clone(key: ArrayLike) -> Array:
    """The same key again, marked as meant to be used twice.

    >>> jax.random.key_data(jax.random.clone(jax.random.key(1)))
    Array([0, 1], dtype=uint32)
    """

def split(key: ArrayLike, num: Shape = 2) -> Array:
    """New keys from one.

    Args:
      key: a single key.
      num: how many, or the shape of an array of keys.

    >>> jax.random.split(jax.random.key(0)).shape
    (2,)
    """

def fold_in(key: ArrayLike, data: ArrayLike | Wide) -> Array:
    """A new key from a key and an integer, such as the number of a step.

    >>> jax.random.key_data(jax.random.fold_in(jax.random.key(0), 1))
    Array([ 928981903, 3453687069], dtype=uint32)
    """

@positional(2)
def bits(key: ArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Random bits as unsigned integers.

    >>> jax.random.bits(jax.random.key(0), (2,)).dtype
    dtype('uint32')
    """

# ---- floats (src/random/uniform.c, continuous.c) ----

@jitted("_uniform")
@positional(2)
def uniform(key: KeyArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, minval: ArrayLike = 0.0, maxval: ArrayLike = 1.0, *,
            out_sharding: None = None) -> Array:
    """Uniformly distributed floats in [minval, maxval).

    Args:
      key: a single key.
      shape: shape of the result.
      dtype: a float dtype; float32 by default.
      minval, maxval: bounds that broadcast to ``shape``.

    >>> jax.random.uniform(jax.random.key(0), (2,)).shape
    (2,)
    """

@jitted("_normal_real")
def _normal_real(key: KeyArrayLike, shape: Shape, dtype: DTypeLike) -> Array:
    """Real normal draws, which ``normal`` makes its own of."""

@jitted("_normal")
@positional(2)
def normal(key: KeyArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Normally distributed numbers with mean 0 and variance 1.

    Args:
      key: a single key.
      shape: shape of the result.
      dtype: a float or complex dtype; float32 by default.

    >>> jax.random.normal(jax.random.key(0), (2,)).shape
    (2,)
    """

@jitted("_exponential")
@positional(2)
def exponential(key: KeyArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Exponentially distributed floats with mean 1.

    >>> jax.random.exponential(jax.random.key(0), (2,)).shape
    (2,)
    """

@jitted("_gumbel")
@positional(2)
def gumbel(key: KeyArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, mode: str | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the standard Gumbel distribution.

    Args:
      key: a single key.
      shape: shape of the result.
      dtype: a float dtype; float32 by default.
      mode: "low" draws once; "high" resolves rare large values better and costs two draws.

    >>> jax.random.gumbel(jax.random.key(0), (2,)).shape
    (2,)
    """

@jitted("_laplace")
@positional(2)
def laplace(key: KeyArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the Laplace distribution with location 0 and scale 1.

    >>> jax.random.laplace(jax.random.key(0), (2,)).shape
    (2,)
    """

@jitted("_logistic")
@positional(2)
def logistic(key: KeyArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the standard logistic distribution.

    >>> jax.random.logistic(jax.random.key(0), (2,)).shape
    (2,)
    """

@jitted("_cauchy")
@positional(2)
def cauchy(key: KeyArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the standard Cauchy distribution.

    >>> jax.random.cauchy(jax.random.key(0), (2,)).shape
    (2,)
    """

@jitted("_truncated_normal")
@positional(4)
def truncated_normal(key: KeyArrayLike, lower: ArrayLike, upper: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *,
                     out_sharding: None = None) -> Array:
    """Standard normal numbers, redrawn in effect until they lie between two bounds.

    Args:
      key: a single key.
      lower, upper: the bounds.
      shape: shape of the result; by default that of the bounds.
      dtype: a float dtype; float32 by default.

    >>> jax.random.truncated_normal(jax.random.key(0), -1.0, 1.0, (2,)).shape
    (2,)
    """

@jitted("_rayleigh")
@positional(3)
def rayleigh(key: KeyArrayLike, scale: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the Rayleigh distribution.

    >>> jax.random.rayleigh(jax.random.key(0), jnp.ones(2)).shape
    (2,)
    """

@jitted("_pareto")
@positional(3)
def pareto(key: KeyArrayLike, b: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the Pareto distribution with shape parameter ``b``.

    >>> jax.random.pareto(jax.random.key(0), 2.0, (2,)).shape
    (2,)
    """

@jitted("_weibull_min")
@positional(4)
def weibull_min(key: KeyArrayLike, scale: ArrayLike, concentration: ArrayLike, shape: Shape = (), dtype: DTypeLike | None = None) -> Array:
    """Floats of the Weibull distribution.

    >>> jax.random.weibull_min(jax.random.key(0), 1.0, 2.0, (2,)).shape
    (2,)
    """

@positional(5)
def triangular(key: KeyArrayLike, left: ArrayLike, mode: ArrayLike, right: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *,
               out_sharding: None = None) -> Array:
    """Floats of the triangular distribution on [left, right] with its peak at ``mode``.

    >>> jax.random.triangular(jax.random.key(0), 0.0, 1.0, 2.0, (2,)).shape
    (2,)
    """

@positional(3)
def lognormal(key: KeyArrayLike, sigma: ArrayLike = 1.0, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Exponentials of normal numbers with standard deviation ``sigma``.

    >>> jax.random.lognormal(jax.random.key(0), 1.0, (2,)).shape
    (2,)
    """

@jitted("_wald")
@positional(3)
def wald(key: KeyArrayLike, mean: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the Wald (inverse Gaussian) distribution.

    >>> jax.random.wald(jax.random.key(0), 1.0, (2,)).shape
    (2,)
    """

@jitted("_maxwell")
@positional(2)
def maxwell(key: KeyArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Lengths of vectors of three standard normal numbers.

    >>> jax.random.maxwell(jax.random.key(0), (2,)).shape
    (2,)
    """

@jitted("_double_sided_maxwell")
@positional(4)
def double_sided_maxwell(key: KeyArrayLike, loc: ArrayLike, scale: ArrayLike, shape: Shape = (), dtype: DTypeLike | None = None) -> Array:
    """Maxwell draws with a random sign, scaled and shifted.

    >>> jax.random.double_sided_maxwell(jax.random.key(0), 0.0, 1.0, (2,)).shape
    (2,)
    """

@jitted("_rademacher")
@positional(2)
def rademacher(key: KeyArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """1 or -1, each with probability one half.

    >>> jax.random.rademacher(jax.random.key(0), (2,)).dtype
    dtype('int32')
    """

# ---- integers and elements (src/random/discrete.c) ----

@jitted("_randint")
def randint(key: KeyArrayLike, shape: Shape, minval: ArrayLike, maxval: ArrayLike, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Uniformly distributed integers in [minval, maxval).

    Args:
      key: a single key.
      shape: shape of the result.
      minval, maxval: integer bounds that broadcast to ``shape``.
      dtype: an integer dtype; int32 by default.

    >>> jax.random.randint(jax.random.key(0), (2,), 0, 10).shape
    (2,)
    """

@jitted("_bernoulli")
@positional(3)
def bernoulli(key: KeyArrayLike, p: ArrayLike = 0.5, shape: Shape | None = None, mode: str = "low", *, out_sharding: None = None) -> Array:
    """Booleans that are true with probability ``p``.

    Args:
      key: a single key.
      p: probabilities.
      shape: shape of the result; by default that of ``p``.
      mode: "high" resolves small probabilities better and costs two draws.

    >>> jax.random.bernoulli(jax.random.key(0), 0.5, (2,)).dtype
    dtype('bool')
    """

@jitted("_geometric")
@positional(3)
def geometric(key: KeyArrayLike, p: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """How many trials of probability ``p`` it takes to succeed.

    >>> jax.random.geometric(jax.random.key(0), 0.5, (2,)).dtype
    dtype('int32')
    """

@jitted
def _shuffle(key: KeyArrayLike, x: ArrayLike, axis: int) -> Array:
    """Elements along an axis in random order, each slice in one of its own: what ``permutation`` is made of."""

def permutation(key: KeyArrayLike, x: ArrayLike, axis: int = 0, independent: bool = False, *, out_sharding: None = None) -> Array:
    """The slices of an array in random order, or the integers below ``x``.

    Args:
      key: a single key.
      x: an array, or an integer n for 0 to n - 1.
      axis: the axis that is shuffled.
      independent: whether each row gets an order of its own.

    >>> jax.random.permutation(jax.random.key(0), 3).shape
    (3,)
    """

@positional(3)
def choice(key: KeyArrayLike, a: ArrayLike, shape: Shape = (), replace: bool = True, p: ArrayLike | None = None, axis: int = 0,
           mode: str | None = None) -> Array:
    """Elements or slices drawn from an array, or integers below ``a``.

    Args:
      key: a single key.
      a: what to draw from.
      shape: how many.
      replace: whether a slice may be drawn twice.
      p: probability of each slice; all equal by default.
      axis: the axis along which slices are taken.

    >>> jax.random.choice(jax.random.key(0), 5, (2,)).shape
    (2,)
    """

@positional(2)
def categorical(key: KeyArrayLike, logits: ArrayLike, axis: int = -1, shape: Shape | None = None, replace: bool = True, mode: str | None = None, *,
                out_sharding: None = None) -> Array:
    """Which category was drawn, given unnormalised log probabilities.

    Args:
      key: a single key.
      logits: log probabilities, with the categories along ``axis``.
      shape: shape of the result; it ends in the shape of ``logits`` without ``axis``.
      replace: whether a category may be drawn twice.

    >>> jax.random.categorical(jax.random.key(0), jnp.zeros((3, 4))).shape
    (3,)
    """

# ---- gamma draws and theirs (src/random/gamma.c) ----

@jitted("_gamma")
@positional(3)
def gamma(key: KeyArrayLike, a: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the gamma distribution with shape parameter ``a`` and scale 1.

    >>> jax.random.gamma(jax.random.key(0), 2.0, (2,)).shape
    (2,)
    """

@jitted("_gamma")
@positional(3)
def loggamma(key: KeyArrayLike, a: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Logarithms of gamma draws, exact where the draws themselves would round to zero.

    >>> jax.random.loggamma(jax.random.key(0), 2.0, (2,)).shape
    (2,)
    """

@jitted("_beta")
@positional(4)
def beta(key: KeyArrayLike, a: ArrayLike, b: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the beta distribution.

    >>> jax.random.beta(jax.random.key(0), 2.0, 3.0, (2,)).shape
    (2,)
    """

@jitted("_dirichlet")
@positional(3)
def dirichlet(key: KeyArrayLike, alpha: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Vectors of the Dirichlet distribution, which sum to one.

    >>> jax.random.dirichlet(jax.random.key(0), jnp.ones(3)).shape
    (3,)
    """

@jitted("_t")
@positional(3)
def t(key: KeyArrayLike, df: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of Student's t distribution.

    >>> jax.random.t(jax.random.key(0), 3.0, (2,)).shape
    (2,)
    """

@jitted("_chisquare")
@positional(3)
def chisquare(key: KeyArrayLike, df: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the chi-squared distribution.

    >>> jax.random.chisquare(jax.random.key(0), 3.0, (2,)).shape
    (2,)
    """

@jitted("_f")
@positional(4)
def f(key: KeyArrayLike, dfnum: ArrayLike, dfden: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats of the F distribution.

    >>> jax.random.f(jax.random.key(0), 2.0, 3.0, (2,)).shape
    (2,)
    """

@jitted("_generalized_normal")
@positional(3)
def generalized_normal(key: KeyArrayLike, p: ArrayLike, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Floats with density proportional to exp(-|x|^p).

    >>> jax.random.generalized_normal(jax.random.key(0), 2.0, (2,)).shape
    (2,)
    """

@jitted("_ball")
@positional(2)
def ball(key: KeyArrayLike, d: int, p: ArrayLike = 2, shape: Shape = (), dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Points uniformly distributed in the unit ball of d dimensions.

    Args:
      key: a single key.
      d: how many dimensions; the last axis of the result.
      p: the ball of the norm with this exponent.
      shape: how many points.

    >>> jax.random.ball(jax.random.key(0), 3, shape=(2,)).shape
    (2, 3)
    """

# ---- counts (src/random/counts.c) ----

@positional(3)
def poisson(key: KeyArrayLike, lam: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Integers of the Poisson distribution with mean ``lam``.

    >>> jax.random.poisson(jax.random.key(0), 3.0, (2,)).dtype
    dtype('int32')
    """

@positional(4)
def binomial(key: KeyArrayLike, n: ArrayLike, p: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None) -> Array:
    """How many of ``n`` trials of probability ``p`` succeed, as floats.

    >>> jax.random.binomial(jax.random.key(0), 10, 0.5, (2,)).dtype
    dtype('float32')
    """

@positional(3)
def multinomial(key: KeyArrayLike, n: ArrayLike, p: ArrayLike, *, shape: Shape | None = None, dtype: DTypeLike | None = None, unroll: int = 1) -> Array:
    """How often each category comes in ``n`` trials, as floats.

    Args:
      key: a single key.
      n: how many trials.
      p: probabilities of the categories along the last axis.
      shape: shape of the result, by default that of ``p``.
      unroll: accepted for compatibility.

    >>> jax.random.multinomial(jax.random.key(0), 5, jnp.array([0.25, 0.75])).sum()
    Array(5., dtype=float32)
    """

# ---- with factors of matrices (src/random/matrices.c) ----

@jitted("_orthogonal")
@positional(2)
def orthogonal(key: KeyArrayLike, n: int, shape: Shape = (), dtype: DTypeLike | None = None, m: int | None = None, *, out_sharding: None = None) -> Array:
    """Uniformly distributed orthogonal matrices.

    Args:
      key: a single key.
      n: how many rows.
      shape: how many matrices.
      dtype: a float or complex dtype; float32 by default.
      m: how many columns, n by default; the shorter side is orthonormal.

    >>> jax.random.orthogonal(jax.random.key(0), 3, (2,)).shape
    (2, 3, 3)
    """

@jitted("_multivariate_normal")
@positional(3)
def multivariate_normal(key: KeyArrayLike, mean: ArrayLike, cov: ArrayLike, shape: Shape | None = None, dtype: DTypeLike | None = None, method: str = "cholesky", *,
                        out_sharding: None = None) -> Array:
    """Normally distributed vectors.

    Args:
      key: a single key.
      mean: the mean along the last axis.
      cov: covariance matrices.
      shape: how many vectors; by default what mean and cov broadcast to.
      method: how the covariance is factored: "cholesky", "eigh" or "svd".

    >>> jax.random.multivariate_normal(jax.random.key(0), jnp.zeros(2), jnp.eye(2)).shape
    (2,)
    """
