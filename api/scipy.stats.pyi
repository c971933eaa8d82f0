"""jax.scipy.stats: summaries; densities and probabilities of distributions, a class each. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, jitted

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

class bernoulli:
    """Bernoulli: 1 with probability p, else 0."""

    def logpmf(k: ArrayLike, p: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Logarithm of the probability of k.

        >>> jax.scipy.stats.bernoulli.logpmf(1, 0.25)
        Array(-1.3862944, dtype=float32, weak_type=True)
        """

    def pmf(k: ArrayLike, p: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Probability of k."""

    def cdf(k: ArrayLike, p: ArrayLike) -> Array:
        """Probability of a value up to k."""

    def ppf(q: ArrayLike, p: ArrayLike) -> Array:
        """The value up to which the probability is q: inverse of ``cdf``."""

class beta:
    """Beta on [loc, loc + scale], proportional to y**(a - 1) (1 - y)**(b - 1) for y = (x - loc) / scale."""

    def logpdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.beta.logpdf(0.5, 2.0, 3.0)
        Array(0.40546513, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

class betabinom:
    """Beta-binomial: successes in n trials whose probability is beta distributed."""

    def logpmf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Logarithm of the probability of k.

        >>> jax.scipy.stats.betabinom.logpmf(1, 4, 2.0, 3.0)
        Array(-1.2527628, dtype=float32, weak_type=True)
        """

    def pmf(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Probability of k."""

class binom:
    """Binomial: successes in n trials of probability p."""

    def logpmf(k: ArrayLike, n: ArrayLike, p: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Logarithm of the probability of k.

        >>> jax.scipy.stats.binom.logpmf(1, 4, 0.5)
        Array(-1.3862944, dtype=float32, weak_type=True)
        """

    def pmf(k: ArrayLike, n: ArrayLike, p: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Probability of k."""

class cauchy:
    """Cauchy."""

    def logpdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.cauchy.logpdf(0.5)
        Array(-1.3678734, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

    def ppf(q: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value up to which the probability is q: inverse of ``cdf``."""

    def isf(q: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value above which the probability is q: inverse of ``sf``."""

class chi2:
    """Chi-squared with df degrees of freedom."""

    def logpdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.chi2.logpdf(1.0, 3.0)
        Array(-1.4189385, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

class dirichlet:
    """Dirichlet, on vectors that sum to one along the first axis."""

    def logpdf(x: ArrayLike, alpha: ArrayLike) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.dirichlet.logpdf(jnp.array([0.25, 0.75]), jnp.array([2.0, 3.0]))
        Array(0.5232482, dtype=float32)
        """

    def pdf(x: ArrayLike, alpha: ArrayLike) -> Array:
        """Density at x."""

class expon:
    """Exponential."""

    def logpdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.expon.logpdf(1.0)
        Array(-1., dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

    def ppf(q: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value up to which the probability is q: inverse of ``cdf``."""

class gamma:
    """Gamma with shape parameter a."""

    def logpdf(x: ArrayLike, a: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.gamma.logpdf(1.0, 2.0)
        Array(-1., dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, a: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, a: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, a: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, a: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, a: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

class gennorm:
    """Generalized normal, proportional to exp(-|x|**beta)."""

    def logpdf(x: ArrayLike, beta: ArrayLike) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.gennorm.logpdf(1.0, 2.0)
        Array(-1.5723649, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, beta: ArrayLike) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, beta: ArrayLike) -> Array:
        """Probability of a value up to x."""

class geom:
    """Geometric: trials of probability p until the first success."""

    def logpmf(k: ArrayLike, p: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Logarithm of the probability of k.

        >>> jax.scipy.stats.geom.logpmf(2, 0.5)
        Array(-1.3862944, dtype=float32, weak_type=True)
        """

    def pmf(k: ArrayLike, p: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Probability of k."""

class gumbel_l:
    """Gumbel, skewed to the left."""

    def logpdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.gumbel_l.logpdf(0.5)
        Array(-1.1487212, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

    def ppf(p: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value up to which the probability is p: inverse of ``cdf``."""

class gumbel_r:
    """Gumbel, skewed to the right."""

    def logpdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.gumbel_r.logpdf(0.5)
        Array(-1.1065307, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

    def ppf(p: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value up to which the probability is p: inverse of ``cdf``."""

class laplace:
    """Laplace."""

    def logpdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.laplace.logpdf(0.5)
        Array(-1.1931472, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

class logistic:
    """Logistic."""

    def logpdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.logistic.logpdf(0.5)
        Array(-1.448154, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def sf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def ppf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value up to which the probability is x: inverse of ``cdf``."""

    def isf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value above which the probability is x: inverse of ``sf``."""

class multinomial:
    """Multinomial: how often each of several outcomes of probabilities p comes in n trials."""

    def logpmf(x: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
        """Logarithm of the probability of x.

        >>> jax.scipy.stats.multinomial.logpmf(jnp.array([1, 2]), 3, jnp.array([0.25, 0.75]))
        Array(-0.86304617, dtype=float32)
        """

    def pmf(x: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
        """Probability of x."""

class nbinom:
    """Negative binomial: failures of probability 1 - p before the n-th success."""

    def logpmf(k: ArrayLike, n: ArrayLike, p: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Logarithm of the probability of k.

        >>> jax.scipy.stats.nbinom.logpmf(1, 2.0, 0.5)
        Array(-1.3862944, dtype=float32, weak_type=True)
        """

    def pmf(k: ArrayLike, n: ArrayLike, p: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Probability of k."""

class norm:
    """Normal, with mean loc and standard deviation scale."""

    def logpdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.norm.logpdf(0.5)
        Array(-1.0439385, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

    def ppf(q: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value up to which the probability is q: inverse of ``cdf``."""

    def isf(q: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value above which the probability is q: inverse of ``sf``."""

class pareto:
    """Pareto with exponent b."""

    def logpdf(x: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.pareto.logpdf(2.0, 3.0)
        Array(-1.6739764, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

    def ppf(q: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value up to which the probability is q: inverse of ``cdf``."""

class poisson:
    """Poisson with mean mu."""

    def logpmf(k: ArrayLike, mu: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Logarithm of the probability of k.

        >>> jax.scipy.stats.poisson.logpmf(2, 3.0)
        Array(-1.4959226, dtype=float32, weak_type=True)
        """

    def pmf(k: ArrayLike, mu: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Probability of k."""

    def cdf(k: ArrayLike, mu: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Probability of a value up to k."""

    def entropy(mu: ArrayLike, loc: ArrayLike = 0) -> Array:
        """Entropy in nats."""

class t:
    """Student's t with df degrees of freedom."""

    def logpdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.t.logpdf(1.0, 3.0)
        Array(-1.5762529, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, df: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

class truncnorm:
    """Normal, truncated at a and b standard deviations from loc."""

    def logpdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.truncnorm.logpdf(0.5, -1.0, 1.0)
        Array(-0.66222334, dtype=float32)
        """

    def pdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def logcdf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``cdf``."""

    def sf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value above x."""

    def logsf(x: ArrayLike, a: ArrayLike, b: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of ``sf``."""

class uniform:
    """Uniform on [loc, loc + scale]."""

    def logpdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.uniform.logpdf(0.5)
        Array(-0., dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Density at x."""

    def cdf(x: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """Probability of a value up to x."""

    def ppf(q: ArrayLike, loc: ArrayLike = 0, scale: ArrayLike = 1) -> Array:
        """The value up to which the probability is q: inverse of ``cdf``."""

class vonmises:
    """Von Mises on the circle, with concentration kappa."""

    def logpdf(x: ArrayLike, kappa: ArrayLike) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.vonmises.logpdf(1.0, 2.0)
        Array(-1.5812662, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, kappa: ArrayLike) -> Array:
        """Density at x."""

class wrapcauchy:
    """Wrapped Cauchy on [0, 2 pi], with 0 < c < 1."""

    def logpdf(x: ArrayLike, c: ArrayLike) -> Array:
        """Logarithm of the density at x.

        >>> jax.scipy.stats.wrapcauchy.logpdf(1.0, 0.5)
        Array(-1.782643, dtype=float32, weak_type=True)
        """

    def pdf(x: ArrayLike, c: ArrayLike) -> Array:
        """Density at x."""

class multivariate_normal:
    """Normal vectors, along the last axis."""

    def logpdf(x: ArrayLike, mean: ArrayLike, cov: ArrayLike, allow_singular: None = None) -> Array:
        """Logarithm of the density at x.

        Args:
          mean, cov: a vector and a matrix; a number is the variance of each element.

        >>> jax.scipy.stats.multivariate_normal.logpdf(jnp.zeros(1), jnp.zeros(1), jnp.eye(1))
        Array(-0.9189385, dtype=float32)
        """

    def pdf(x: ArrayLike, mean: ArrayLike, cov: ArrayLike) -> Array:
        """Density at x."""
