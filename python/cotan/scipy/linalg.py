"""jax.scipy.linalg."""
from .. import _cotan

globals().update(_cotan.bound_functions("scipy.linalg"))
_cholesky = _cotan.bound_functions("scipy.linalg")["cholesky"]


def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    """The triangular factor of Hermitian positive definite matrices, and whether it is the lower one: what cho_solve takes."""
    return _cholesky(a, lower=lower), lower
