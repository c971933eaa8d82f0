"""Taylor mode: derivatives of any order along a path, jet(f, primals, series)."""
from math import factorial

from .. import _cotan
from .._cotan import tree_map


def jet(fun, primals, series, factorial_scaled=True, **_):
    """(out, terms) of fun along the path with these derivatives at primals: series has for each primal the list of its derivatives of order 1, 2, ...

    With factorial_scaled=False terms are Taylor coefficients: the k-th derivative over k factorial."""
    lengths = {len(terms) for terms in series}
    if len(lengths) > 1:
        raise ValueError("jet terms have inconsistent lengths for different arguments")
    if lengths <= {0}:
        return fun(*primals), tree_map(lambda _: [], fun(*primals))
    scaled = (lambda x, k: x) if factorial_scaled else (lambda x, k: x * factorial(k + 1))
    out, orders = _cotan._jet(fun, tuple(primals), tuple([scaled(t, k) for k, t in enumerate(terms)] for terms in series))
    back = (lambda x, k: x) if factorial_scaled else (lambda x, k: x / factorial(k + 1))
    return out, tree_map(lambda *terms: [back(t, k) for k, t in enumerate(terms)], *orders)
