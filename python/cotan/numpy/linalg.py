"""jax.numpy.linalg."""
from .. import _cotan

globals().update(_cotan.bound_functions("numpy.linalg"))
_numpy = _cotan.bound_functions("numpy")
cross, diagonal, matmul, matrix_transpose, outer, tensordot, trace, vecdot = (
    _numpy[name] for name in ("cross", "diagonal", "matmul", "matrix_transpose", "outer", "tensordot", "trace", "vecdot"))
