"""Sparse arrays of any format."""
import operator

from ... import numpy as jnp
from .bcoo import BCOO
from .bcsr import BCSR
from .matrices import COO, CSC, CSR
from .transform import todense

_FORMATS = {"bcsr": BCSR, "bcoo": BCOO, "coo": COO, "csr": CSR, "csc": CSC}


def _format(name):
    if name not in _FORMATS:
        raise ValueError(f"sparse_format={name!r} not recognized; must be one of {list(_FORMATS)}")
    return _FORMATS[name]


def empty(shape, dtype=None, index_dtype="int32", sparse_format="bcoo", **kwds):
    """An array that stores nothing."""
    return _format(sparse_format)._empty(tuple(shape), dtype=dtype, index_dtype=index_dtype, **kwds)


def eye(N, M=None, k=0, dtype=None, index_dtype="int32", sparse_format="bcoo", **kwds):
    """A matrix with ones on the k-th diagonal."""
    N, M, k = (operator.index(i) for i in (N, N if M is None else M, k))
    made = _format(sparse_format)
    if made is BCSR:
        return BCSR.from_bcoo(BCOO._eye(N, M, k, dtype=dtype, index_dtype=index_dtype, **kwds))
    return made._eye(N, M, k, dtype=dtype, index_dtype=index_dtype, **kwds)
