"""jax.numpy.linalg."""
import functools
from typing import NamedTuple
from .. import _cotan

_linalg = _cotan.bound_functions("numpy.linalg")
globals().update(_linalg)
_numpy = _cotan.bound_functions("numpy")
matrix_transpose, vecdot = _numpy["matrix_transpose"], _numpy["vecdot"]


def cross(x1, x2, /, *, axis=-1):
    """The cross products of vectors of three elements along an axis."""
    x1, x2 = _numpy["asarray"](x1), _numpy["asarray"](x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError("Both input arrays must be (arrays of) 3-dimensional vectors, "
                         f"but they have x1.shape[axis]={x1.shape[axis]} and x2.shape[axis]={x2.shape[axis]}")
    return _numpy["cross"](x1, x2, axis=axis)


def matmul(x1, x2, /, *, precision=None, preferred_element_type=None):
    """The matrix product: jax.numpy.matmul."""
    return _numpy["matmul"](x1, x2, precision=precision, preferred_element_type=preferred_element_type)


def tensordot(x1, x2, /, *, axes=2, precision=None, preferred_element_type=None, out_sharding=None):
    """The product that sums over pairs of axes: jax.numpy.tensordot."""
    return _numpy["tensordot"](x1, x2, axes=axes, precision=precision, preferred_element_type=preferred_element_type, out_sharding=out_sharding)

_Array = _cotan.Array


class EigResult(NamedTuple):
    eigenvalues: _Array
    eigenvectors: _Array


class EighResult(NamedTuple):
    eigenvalues: _Array
    eigenvectors: _Array


class QRResult(NamedTuple):
    Q: _Array
    R: _Array


class SlogdetResult(NamedTuple):
    sign: _Array
    logabsdet: _Array


class SVDResult(NamedTuple):
    U: _Array
    S: _Array
    Vh: _Array


def _named(name, result):
    """The function with its tuple under names; one array stays itself."""
    function = _linalg[name]

    @functools.wraps(function)
    def named(*args, **kwargs):
        out = function(*args, **kwargs)
        return result(*out) if type(out) is tuple else out
    return named


for _name, _result in ("eig", EigResult), ("eigh", EighResult), ("qr", QRResult), ("slogdet", SlogdetResult), ("svd", SVDResult):
    globals()[_name] = _named(_name, _result)


@functools.wraps(_linalg["norm"])
def norm(x, ord=None, axis=None, keepdims=False):
    if not isinstance(ord, str):
        return _linalg["norm"](x, ord, axis, keepdims)
    axes = tuple(range(_numpy["asarray"](x).ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    if len(axes) == 1:
        raise ValueError(f"Invalid order '{ord}' for vector norm.")
    if ord == "nuc":
        return _linalg["_nuclear_norm"](x, axes, keepdims)
    if ord in ("f", "fro"):
        return _linalg["norm"](x, None, axes, keepdims)
    raise ValueError(f"Invalid order '{ord}' for matrix norm.")


@functools.wraps(_linalg["vector_norm"])
def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    if isinstance(ord, str):
        raise ValueError(f"Invalid order '{ord}' for vector norm.")
    return _linalg["vector_norm"](x, axis=axis, keepdims=keepdims, ord=2 if ord is None else ord)


def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """Norm of matrices, the last two axes; ``ord`` as norm takes it."""
    return norm(x, ord=ord, keepdims=keepdims, axis=(-2, -1))


def diagonal(x, /, *, offset=0):
    """The diagonal of matrices, the last two axes."""
    return _numpy["diagonal"](x, offset=offset, axis1=-2, axis2=-1)


def trace(x, /, *, offset=0, dtype=None):
    """The sum of the diagonal of matrices, the last two axes."""
    return _numpy["trace"](x, offset=offset, axis1=-2, axis2=-1, dtype=dtype)


def outer(x1, x2, /):
    """The products of all elements of one vector with all of another."""
    x1, x2 = _numpy["asarray"](x1), _numpy["asarray"](x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"Input arrays must be one-dimensional, but they have {x1.ndim} and {x2.ndim} axes")
    return x1[:, None] * x2[None, :]
