"""jax.scipy.stats: distributions, each a module; summaries of data; densities estimated from it."""
import sys
from typing import Any, NamedTuple
from .. import _cotan

__path__ = []
_summaries = _cotan.bound_functions("scipy.stats")
rankdata, sem = _summaries["rankdata"], _summaries["sem"]


def _modules():
    for name in ("bernoulli", "beta", "betabinom", "binom", "cauchy", "chi2", "dirichlet", "expon", "gamma", "gennorm", "geom", "gumbel_l", "gumbel_r",
                 "laplace", "logistic", "multinomial", "multivariate_normal", "nbinom", "norm", "pareto", "poisson", "t", "truncnorm", "uniform", "vonmises",
                 "wrapcauchy"):
        module = type(sys)(f"{__name__}.{name}")
        vars(module).update(_cotan.bound_functions(f"scipy.stats.{name}"))
        sys.modules[module.__name__] = module
        yield name, module


globals().update(_modules())


class ModeResult(NamedTuple):
    mode: Any
    count: Any


def mode(a, axis=0, nan_policy="propagate", keepdims=False):
    """The most frequent value along an axis (None: of all), the smallest of several, and how often it is there."""
    if nan_policy not in ("propagate", "omit", "raise"):
        raise ValueError(f"Illegal nan_policy value {nan_policy!r}; expected one of {{'propagate', 'omit', 'raise'}}")
    if nan_policy != "propagate":
        raise NotImplementedError(f"mode: nan_policy {nan_policy!r} is not implemented")
    return ModeResult(*_summaries["_mode"](a, axis, keepdims))


def __getattr__(name):
    if name != "gaussian_kde":
        raise AttributeError(f"module 'jax.scipy.stats' has no attribute {name!r}")
    from ._kde import gaussian_kde
    return gaussian_kde


def __dir__():
    return [*globals(), "gaussian_kde"]
