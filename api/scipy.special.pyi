"""jax.scipy.special. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, Axis, jitted

# ---- (src/scipy/special.c) ----

def erf(x: ArrayLike) -> Array:
    """Error function.

    >>> jax.scipy.special.erf(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def erfc(x: ArrayLike) -> Array:
    """1 - erf(x).

    >>> jax.scipy.special.erfc(0.0)
    Array(1., dtype=float32, weak_type=True)
    """

def erfinv(x: ArrayLike) -> Array:
    """Inverse of erf.

    >>> jax.scipy.special.erfinv(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def expit(x: ArrayLike) -> Array:
    """1 / (1 + exp(-x)), the logistic function.

    >>> jax.scipy.special.expit(0.0)
    Array(0.5, dtype=float32, weak_type=True)
    """

def logit(x: ArrayLike) -> Array:
    """log(x / (1 - x)), the inverse of expit.

    >>> jax.scipy.special.logit(0.5)
    Array(0., dtype=float32, weak_type=True)
    """

def gammaln(x: ArrayLike) -> Array:
    """Logarithm of the absolute value of the gamma function.

    >>> jax.scipy.special.gammaln(1.0)
    Array(0., dtype=float32, weak_type=True)
    """

def digamma(x: ArrayLike) -> Array:
    """Derivative of gammaln.

    >>> jax.scipy.special.digamma(jnp.array([1.]))
    Array([-0.5772157], dtype=float32)
    """

def i0(x: ArrayLike) -> Array:
    """Modified Bessel function of the first kind, order 0.

    >>> jax.scipy.special.i0(0.0)
    Array(1., dtype=float32, weak_type=True)
    """

def i0e(x: ArrayLike) -> Array:
    """exp(-|x|) i0(x).

    >>> jax.scipy.special.i0e(0.0)
    Array(1., dtype=float32, weak_type=True)
    """

def i1(x: ArrayLike) -> Array:
    """Modified Bessel function of the first kind, order 1.

    >>> jax.scipy.special.i1(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def i1e(x: ArrayLike) -> Array:
    """exp(-|x|) i1(x).

    >>> jax.scipy.special.i1e(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def entr(x: ArrayLike) -> Array:
    """-x log(x); 0 at 0 and -inf below.

    >>> jax.scipy.special.entr(0.0)
    Array(-0., dtype=float32, weak_type=True)
    """

def ndtr(x: ArrayLike) -> Array:
    """Normal distribution function.

    >>> jax.scipy.special.ndtr(0.0)
    Array(0.5, dtype=float32)
    """

def xlogy(x: ArrayLike, y: ArrayLike) -> Array:
    """x log(y), 0 where x is 0.

    >>> jax.scipy.special.xlogy(0.0, 0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def xlog1py(x: ArrayLike, y: ArrayLike) -> Array:
    """x log(1 + y), 0 where x is 0.

    >>> jax.scipy.special.xlog1py(0.0, -1.0)
    Array(0., dtype=float32, weak_type=True)
    """

def rel_entr(p: ArrayLike, q: ArrayLike) -> Array:
    """p log(p / q); 0 where p is 0, infinite outside.

    >>> jax.scipy.special.rel_entr(0.0, 1.0)
    Array(0., dtype=float32, weak_type=True)
    """

def kl_div(p: ArrayLike, q: ArrayLike) -> Array:
    """p log(p / q) - p + q.

    >>> jax.scipy.special.kl_div(1.0, 1.0)
    Array(0., dtype=float32, weak_type=True)
    """

def gammainc(a: ArrayLike, x: ArrayLike) -> Array:
    """Regularized lower incomplete gamma function.

    >>> jax.scipy.special.gammainc(1.0, 0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def gammaincc(a: ArrayLike, x: ArrayLike) -> Array:
    """Regularized upper incomplete gamma function.

    >>> jax.scipy.special.gammaincc(1.0, 0.0)
    Array(1., dtype=float32, weak_type=True)
    """

def betaln(a: ArrayLike, b: ArrayLike) -> Array:
    """Logarithm of the absolute value of the beta function.

    >>> jax.scipy.special.betaln(1.0, 1.0)
    Array(0., dtype=float32, weak_type=True)
    """

# ---- (src/scipy/normal.c) ----

def ndtri(p: ArrayLike) -> Array:
    """The number below which a standard normal number lies with probability p: inverse of ndtr.

    >>> jax.scipy.special.ndtri(jnp.array(0.5))
    Array(0., dtype=float32)
    """

def log_ndtr(x: ArrayLike, series_order: int = 3) -> Array:
    """Logarithm of ndtr, exact far out in the lower tail too.

    Args:
      x: float32 or float64.
      series_order: terms of the asymptotic series in the lower tail, at most 30.

    >>> jax.scipy.special.log_ndtr(jnp.array(0.0))
    Array(-0.6931472, dtype=float32)
    """

# ---- (src/scipy/gamma.c) ----

def gamma(x: ArrayLike) -> Array:
    """Gamma function, of real or complex numbers.

    >>> jax.scipy.special.gamma(1.0)
    Array(1., dtype=float32)
    """

def gammasgn(x: ArrayLike) -> Array:
    """Sign of the gamma function.

    >>> jax.scipy.special.gammasgn(-0.5)
    Array(-1., dtype=float32)
    """

def loggamma(x: ArrayLike) -> Array:
    """Logarithm of the gamma function, of real or complex numbers, on the branch that is real for positive ones; NaN for negative real ones.

    >>> jax.scipy.special.loggamma(1.0)
    Array(0., dtype=float32, weak_type=True)
    """

def beta(a: ArrayLike, b: ArrayLike) -> Array:
    """Beta function, gamma(a) gamma(b) / gamma(a + b).

    >>> jax.scipy.special.beta(1.0, 2.0).dtype
    dtype('float32')
    """

def betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Regularized incomplete beta function.

    >>> jax.scipy.special.betainc(1.0, 1.0, 0.25)
    Array(0.25, dtype=float32, weak_type=True)
    """

def factorial(n: ArrayLike, exact: bool = False) -> Array:
    """gamma(n + 1), 0 for negative n.

    >>> jax.scipy.special.factorial(3).dtype
    dtype('float32')
    """

def comb(N: ArrayLike, k: ArrayLike, *, repetition: bool = False) -> Array:
    """How many ways there are to choose k of N things.

    Args:
      N, k: numbers; fractions are interpolated by the gamma function.
      repetition: whether a thing may be chosen more than once.

    >>> jax.scipy.special.comb(4, 0)
    Array(1., dtype=float32, weak_type=True)
    """

def poch(z: ArrayLike, m: ArrayLike) -> Array:
    """Pochhammer symbol, gamma(z + m) / gamma(z).

    >>> jax.scipy.special.poch(1.0, 0.0)
    Array(1., dtype=float32)
    """

def multigammaln(a: ArrayLike, d: int) -> Array:
    """Logarithm of the gamma function of d dimensions.

    >>> jax.scipy.special.multigammaln(2.0, 1).dtype
    dtype('float32')
    """

def polygamma(n: ArrayLike, x: ArrayLike) -> Array:
    """n-th derivative of digamma at x.

    >>> jax.scipy.special.polygamma(1, 1.0).dtype
    dtype('float32')
    """

def zeta(x: ArrayLike, q: ArrayLike | None = None) -> Array:
    """Hurwitz zeta function, the sum of 1 / (k + q)**x over k >= 0.

    >>> jax.scipy.special.zeta(2.0, 1.0).dtype
    dtype('float32')
    """

def boxcox(x: ArrayLike, lmbda: ArrayLike) -> Array:
    """Box-Cox transform, (x**lmbda - 1) / lmbda, or log(x) where lmbda is 0.

    >>> jax.scipy.special.boxcox(1.0, 0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def boxcox1p(x: ArrayLike, lmbda: ArrayLike) -> Array:
    """Box-Cox transform of 1 + x.

    >>> jax.scipy.special.boxcox1p(0.0, 2.0)
    Array(0., dtype=float32, weak_type=True)
    """

# ---- (src/scipy/integrals.c) ----

def dawsn(x: ArrayLike) -> Array:
    """Dawson's integral, exp(-x^2) times the integral of exp(t^2) from 0 to x.

    >>> jax.scipy.special.dawsn(0.0)
    Array(0., dtype=float32)
    """

def erfcx(x: ArrayLike) -> Array:
    """exp(x^2) erfc(x), of real or complex numbers.

    >>> jax.scipy.special.erfcx(0.0)
    Array(1., dtype=float32)
    """

def wofz(z: ArrayLike) -> Array:
    """Faddeeva's function, exp(-z^2) erfc(-i z).

    >>> jax.scipy.special.wofz(1.0).dtype
    dtype('complex64')
    """

def expi(x: ArrayLike) -> Array:
    """Exponential integral: the principal value of the integral of exp(t) / t from -inf to x.

    >>> jax.scipy.special.expi(jnp.array([0.]))
    Array([-inf], dtype=float32)
    """

def exp1(x: ArrayLike) -> Array:
    """Exponential integral: the integral of exp(-t) / t from x to inf.

    >>> jax.scipy.special.exp1(jnp.array([0.]))
    Array([inf], dtype=float32)
    """

def expn(n: ArrayLike, x: ArrayLike) -> Array:
    """Exponential integral: the integral of exp(-x t) / t^n from 1 to inf; n is a natural number.

    >>> jax.scipy.special.expn(3, jnp.array([0.]))
    Array([0.5], dtype=float32)
    """

def sici(x: ArrayLike) -> tuple[Array, Array]:
    """Sine and cosine integral: those of sin(t) / t from 0 to x and of -cos(t) / t from x to inf.

    >>> jax.scipy.special.sici(jnp.array([0.]))[0]
    Array([0.], dtype=float32)
    """

def fresnel(x: ArrayLike) -> tuple[Array, Array]:
    """Fresnel's integrals: those of sin(pi t^2 / 2) and of cos(pi t^2 / 2) from 0 to x.

    >>> jax.scipy.special.fresnel(jnp.array([jnp.inf]))
    (Array([0.5], dtype=float32), Array([0.5], dtype=float32))
    """

def spence(x: ArrayLike) -> Array:
    """Spence's function, the dilogarithm of 1 - x.

    Args:
      x: float32 or float64.

    >>> jax.scipy.special.spence(jnp.array([1.]))
    Array([0.], dtype=float32)
    """

def owens_t(h: ArrayLike, a: ArrayLike) -> Array:
    """Owen's T: the probability that of two standard normal numbers the first exceeds h and the second lies between 0 and a times the first.

    >>> jax.scipy.special.owens_t(jnp.array([1.]), jnp.array([0.]))
    Array([0.], dtype=float32)
    """

def hyp1f1(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Kummer's hypergeometric function 1F1(a; b; x).

    >>> jax.scipy.special.hyp1f1(2.0, 3.0, 0.0)
    Array(1., dtype=float32)
    """

def hyp2f1(a: ArrayLike, b: ArrayLike, c: ArrayLike, x: ArrayLike) -> Array:
    """Gauss' hypergeometric function 2F1(a, b; c; x), for x up to 1.

    >>> jax.scipy.special.hyp2f1(1.0, 2.0, 3.0, 0.0)
    Array(1., dtype=float32)
    """

@jitted
def bessel_jn(z: ArrayLike, *, v: int, n_iter: int = 50) -> Array:
    """Bessel functions of the first kind of orders 0 to v, along a new first axis.

    Args:
      n_iter: ignored; all digits are computed.

    >>> jax.scipy.special.bessel_jn(jnp.array([0.]), v=1)
    Array([[1.],
           [0.]], dtype=float32)
    """

def bernoulli(n: int) -> Array:
    """Bernoulli's numbers 0 to n.

    >>> jax.scipy.special.bernoulli(1)
    Array([ 1. , -0.5], dtype=float32)
    """

def sph_harm_y(n: ArrayLike, m: ArrayLike, theta: ArrayLike, phi: ArrayLike, diff_n: int | None = None, n_max: int | None = None) -> Array:
    """Spherical harmonics.

    Args:
      n, m: degree, and order from -n to n.
      theta, phi: polar angle from 0 to pi, azimuth.
      n_max: the largest degree; needed where n is traced.

    >>> jax.scipy.special.sph_harm_y(jnp.array([0]), jnp.array([0]), jnp.array([1.]), jnp.array([2.])).dtype
    dtype('complex64')
    """

def softmax(x: ArrayLike, /, *, axis: Axis = None) -> Array:
    """Exponentials scaled to sum to one, over all axes by default.

    >>> jax.scipy.special.softmax(jnp.array([0., 0.]))
    Array([0.5, 0.5], dtype=float32)
    """

def log_softmax(x: ArrayLike, /, *, axis: Axis = None) -> Array:
    """Logarithm of softmax, without rounding to zero.

    >>> jax.scipy.special.log_softmax(jnp.array([0., 0.]))
    Array([-0.6931472, -0.6931472], dtype=float32)
    """
