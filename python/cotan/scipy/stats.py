"""jax.scipy.stats: distributions, each a module."""
import sys
from .. import _cotan

__path__ = []


def _modules():
    for name in ("bernoulli", "beta", "betabinom", "binom", "cauchy", "chi2", "dirichlet", "expon", "gamma", "gennorm", "geom", "gumbel_l", "gumbel_r",
                 "laplace", "logistic", "multinomial", "nbinom", "norm", "pareto", "poisson", "t", "truncnorm", "uniform", "vonmises", "wrapcauchy"):
        module = type(sys)(f"{__name__}.{name}")
        vars(module).update(_cotan.bound_functions(f"scipy.stats.{name}"))
        sys.modules[module.__name__] = module
        yield name, module


globals().update(_modules())
