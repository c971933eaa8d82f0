"""jax.scipy.stats: summaries; densities and probabilities of distributions, a class each. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, jitted, law

# ---- summaries (src/scipy/stats_summary.c) ----

def _mode(a: ArrayLike, axis: int | None = 0, keepdims: bool = False) -> tuple[Array, Array]:
    """The most frequent value along an axis (None: of all), the smallest of several, and how often it is there."""

@jitted
def rankdata(a: ArrayLike, method: str = "average", *, axis: int | None = None, nan_policy: str = "propagate") -> Array:
    """The rank of each element, from 1 on, along an axis or among all.

    Args:
      method: what equal elements get: the 'average' of their ranks, 'min', 'max', 'dense' (no gaps after them), 'ordinal' (one each, in order).
      nan_policy: 'propagate', the only one: where one is NaN, all ranks are.

    >>> jax.scipy.stats.rankdata(jnp.array([30, 10, 10]))
    Array([3. , 1.5, 1.5], dtype=float32)
    """

@jitted
def sem(a: ArrayLike, axis: int | None = 0, ddof: int = 1, nan_policy: str = "propagate", *, keepdims: bool = False) -> Array:
    """Standard error of the mean along an axis, or of all.

    Args:
      nan_policy: 'propagate', or 'omit' for elements that do not count.

    >>> jax.scipy.stats.sem(jnp.array([1., 3.]))
    Array(1., dtype=float32)
    """

def _gaussian_kernels(dataset: ArrayLike, weights: ArrayLike, points: ArrayLike, precision: ArrayLike, log: bool = False) -> Array:
    """The sum of Gaussian densities round points of a data set, or its logarithm.

    Args:
      dataset, weights: [d, n], [n].
      points: [d, m], where.
      precision: [d, d], the inverse of the covariance of each.
    """

# ---- distributions (src/scipy/stats_continuous.c, stats_discrete.c) ----

class bernoulli:
    """Bernoulli: 1 with probability p, else 0.

    >>> jax.scipy.stats.bernoulli.logpmf(1, 0.25)
    Array(-1.3862944, dtype=float32, weak_type=True)
    """
    logpmf = pmf = law("k, p, loc=0")
    cdf = law("k, p")
    ppf = law("q, p")

class beta:
    """Beta on [loc, loc + scale], proportional to y**(a - 1) (1 - y)**(b - 1) for y = (x - loc) / scale.

    >>> jax.scipy.stats.beta.logpdf(0.5, 2.0, 3.0)
    Array(0.40546513, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, a, b, loc=0, scale=1")

class betabinom:
    """Beta-binomial: successes in n trials whose probability is beta distributed.

    >>> jax.scipy.stats.betabinom.logpmf(1, 4, 2.0, 3.0)
    Array(-1.2527628, dtype=float32, weak_type=True)
    """
    logpmf = pmf = law("k, n, a, b, loc=0")

class binom:
    """Binomial: successes in n trials of probability p.

    >>> jax.scipy.stats.binom.logpmf(1, 4, 0.5)
    Array(-1.3862944, dtype=float32, weak_type=True)
    """
    logpmf = pmf = law("k, n, p, loc=0")

class cauchy:
    """Cauchy.

    >>> jax.scipy.stats.cauchy.logpdf(0.5)
    Array(-1.3678734, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, loc=0, scale=1")
    ppf = isf = law("q, loc=0, scale=1")

class chi2:
    """Chi-squared with df degrees of freedom.

    >>> jax.scipy.stats.chi2.logpdf(1.0, 3.0)
    Array(-1.4189385, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, df, loc=0, scale=1")

class dirichlet:
    """Dirichlet, on vectors that sum to one along the first axis.

    >>> jax.scipy.stats.dirichlet.logpdf(jnp.array([0.25, 0.75]), jnp.array([2.0, 3.0]))
    Array(0.5232482, dtype=float32)
    """
    logpdf = pdf = law("x, alpha")

class expon:
    """Exponential.

    >>> jax.scipy.stats.expon.logpdf(1.0)
    Array(-1., dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, loc=0, scale=1")
    ppf = law("q, loc=0, scale=1")

class gamma:
    """Gamma with shape parameter a.

    >>> jax.scipy.stats.gamma.logpdf(1.0, 2.0)
    Array(-1., dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, a, loc=0, scale=1")

class gennorm:
    """Generalized normal, proportional to exp(-|x|**beta).

    >>> jax.scipy.stats.gennorm.logpdf(1.0, 2.0)
    Array(-1.5723649, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = law("x, beta")

class geom:
    """Geometric: trials of probability p until the first success.

    >>> jax.scipy.stats.geom.logpmf(2, 0.5)
    Array(-1.3862944, dtype=float32, weak_type=True)
    """
    logpmf = pmf = law("k, p, loc=0")

class gumbel_l:
    """Gumbel, skewed to the left.

    >>> jax.scipy.stats.gumbel_l.logpdf(0.5)
    Array(-1.1487212, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, loc=0, scale=1")
    ppf = law("p, loc=0, scale=1")

class gumbel_r:
    """Gumbel, skewed to the right.

    >>> jax.scipy.stats.gumbel_r.logpdf(0.5)
    Array(-1.1065307, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, loc=0, scale=1")
    ppf = law("p, loc=0, scale=1")

class laplace:
    """Laplace.

    >>> jax.scipy.stats.laplace.logpdf(0.5)
    Array(-1.1931472, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = law("x, loc=0, scale=1")

class logistic:
    """Logistic.

    >>> jax.scipy.stats.logistic.logpdf(0.5)
    Array(-1.448154, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = sf = ppf = isf = law("x, loc=0, scale=1")

class multinomial:
    """Multinomial: how often each of several outcomes of probabilities p comes in n trials.

    >>> jax.scipy.stats.multinomial.logpmf(jnp.array([1, 2]), 3, jnp.array([0.25, 0.75]))
    Array(-0.86304617, dtype=float32)
    """
    logpmf = pmf = law("x, n, p")

class nbinom:
    """Negative binomial: failures of probability 1 - p before the n-th success.

    >>> jax.scipy.stats.nbinom.logpmf(1, 2.0, 0.5)
    Array(-1.3862944, dtype=float32, weak_type=True)
    """
    logpmf = pmf = law("k, n, p, loc=0")

class norm:
    """Normal, with mean loc and standard deviation scale.

    >>> jax.scipy.stats.norm.logpdf(0.5)
    Array(-1.0439385, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, loc=0, scale=1")
    ppf = isf = law("q, loc=0, scale=1")

class pareto:
    """Pareto with exponent b.

    >>> jax.scipy.stats.pareto.logpdf(2.0, 3.0)
    Array(-1.6739764, dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, b, loc=0, scale=1")
    ppf = law("q, b, loc=0, scale=1")

class poisson:
    """Poisson with mean mu.

    >>> jax.scipy.stats.poisson.logpmf(2, 3.0)
    Array(-1.4959226, dtype=float32, weak_type=True)
    """
    logpmf = pmf = cdf = law("k, mu, loc=0")

    def entropy(mu: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Entropy in nats."""

class t:
    """Student's t with df degrees of freedom.

    >>> jax.scipy.stats.t.logpdf(1.0, 3.0)
    Array(-1.5762529, dtype=float32, weak_type=True)
    """
    logpdf = pdf = law("x, df, loc=0, scale=1")

class truncnorm:
    """Normal, truncated at a and b standard deviations from loc.

    >>> jax.scipy.stats.truncnorm.logpdf(0.5, -1.0, 1.0)
    Array(-0.66222334, dtype=float32)
    """
    logpdf = pdf = cdf = logcdf = sf = logsf = law("x, a, b, loc=0, scale=1")

class uniform:
    """Uniform on [loc, loc + scale].

    >>> jax.scipy.stats.uniform.logpdf(0.5)
    Array(-0., dtype=float32, weak_type=True)
    """
    logpdf = pdf = cdf = law("x, loc=0, scale=1")
    ppf = law("q, loc=0, scale=1")

class vonmises:
    """Von Mises on the circle, with concentration kappa.

    >>> jax.scipy.stats.vonmises.logpdf(1.0, 2.0)
    Array(-1.5812662, dtype=float32, weak_type=True)
    """
    logpdf = pdf = law("x, kappa")

class wrapcauchy:
    """Wrapped Cauchy on [0, 2 pi], with 0 < c < 1.

    >>> jax.scipy.stats.wrapcauchy.logpdf(1.0, 0.5)
    Array(-1.782643, dtype=float32, weak_type=True)
    """
    logpdf = pdf = law("x, c")

class multivariate_normal:
    """Normal vectors, along the last axis."""
    pdf = law("x, mean, cov")

    def logpdf(x: ArrayLike, mean: ArrayLike, cov: ArrayLike, allow_singular: None = None) -> Array:
        """Logarithm of the density at x.

        Args:
          mean, cov: a vector and a matrix; a number is the variance of each element.

        >>> jax.scipy.stats.multivariate_normal.logpdf(jnp.zeros(1), jnp.zeros(1), jnp.eye(1))
        Array(-0.9189385, dtype=float32)
        """
