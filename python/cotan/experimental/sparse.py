"""jax.experimental.sparse: arrays given by the places and values of their nonzero elements (BCOO), without batch and dense dimensions."""
import math

from .. import numpy as jnp
from ..tree_util import register_pytree_with_keys_class, GetAttrKey


def _plain(n_batch, n_dense):
    if n_batch or n_dense:
        raise NotImplementedError(f"BCOO with batch or dense dimensions (n_batch={n_batch}, n_dense={n_dense})")


@register_pytree_with_keys_class
class BCOO:
    """An array by its elements: data has nse values, indices (nse, ndim) their places. Places that appear twice add up; places outside of the shape count for nothing."""

    n_batch = n_dense = 0

    def __init__(self, args, *, shape, indices_sorted=False, unique_indices=False):
        self.data, self.indices = args
        self.shape, self.indices_sorted, self.unique_indices = tuple(shape), indices_sorted, unique_indices

    ndim = n_sparse = property(lambda self: len(self.shape))
    nse = property(lambda self: self.indices.shape[0])
    dtype = property(lambda self: self.data.dtype)
    T = property(lambda self: self.transpose())

    size = property(lambda self: math.prod(self.shape))

    @classmethod
    def fromdense(cls, mat, *, nse=None, index_dtype=jnp.int32, n_dense=0, n_batch=0):
        """The nonzero elements of an array; in a traced function their number, nse, must be said."""
        _plain(n_batch, n_dense)
        mat = jnp.asarray(mat)
        nse = int((mat != 0).sum()) if nse is None else nse
        places = jnp.nonzero(mat, size=nse, fill_value=mat.shape)
        return cls((mat.at[places].get(mode="fill", fill_value=0), jnp.stack(places, 1).astype(index_dtype)), shape=mat.shape, indices_sorted=True, unique_indices=True)

    @classmethod
    def from_scipy_sparse(cls, mat, *, index_dtype=None, n_dense=0, n_batch=0):
        """A sparse matrix of SciPy."""
        _plain(n_batch, n_dense)
        mat = mat.tocoo()
        places = jnp.stack([jnp.asarray(mat.row), jnp.asarray(mat.col)], axis=1)
        return cls((jnp.asarray(mat.data), places if index_dtype is None else places.astype(index_dtype)), shape=mat.shape)

    def todense(self):
        return jnp.zeros(self.shape, self.dtype).at[tuple(self.indices.T)].add(self.data, mode="drop")

    def transpose(self, axes=None):
        axes = tuple(range(self.ndim))[::-1] if axes is None else tuple(axes)
        return BCOO((self.data, self.indices[:, jnp.array(axes)]), shape=[self.shape[a] for a in axes], unique_indices=self.unique_indices)

    def astype(self, dtype):
        return self._with(self.data.astype(dtype))

    def _with(self, data):
        return BCOO((data, self.indices), shape=self.shape, indices_sorted=self.indices_sorted, unique_indices=self.unique_indices)

    def __neg__(self):
        return self._with(-self.data)

    def __mul__(self, other):
        if isinstance(other, BCOO):
            raise NotImplementedError("products of two BCOO arrays")
        if jnp.ndim(other) == 0:
            return self._with(self.data * other)
        other = jnp.broadcast_to(other, self.shape)
        return self._with(self.data * other.at[tuple(self.indices.T)].get(mode="fill", fill_value=0))

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self * (1 / jnp.asarray(other))

    def __matmul__(self, other):
        """The product with a dense vector or matrix: each element takes its row of the other operand to its own row."""
        if isinstance(other, BCOO):
            raise NotImplementedError("products of two BCOO arrays")
        if self.ndim != 2 or jnp.ndim(other) not in (1, 2) or self.shape[1] != jnp.shape(other)[0]:
            raise TypeError(f"BCOO matrix product of shapes {self.shape} and {jnp.shape(other)}: a matrix times a vector or matrix with as many rows as it has columns is wanted")
        other = jnp.asarray(other)
        rows = other.at[self.indices[:, 1]].get(mode="fill", fill_value=0)
        terms = self.data.reshape(-1, *(1,) * (other.ndim - 1)) * rows
        return jnp.zeros((self.shape[0], *other.shape[1:]), terms.dtype).at[self.indices[:, 0]].add(terms, mode="drop")

    def __rmatmul__(self, other):
        return (self.T @ jnp.asarray(other).T).T

    def sum(self):
        return self.data.sum()

    def __repr__(self):
        return f"BCOO({self.dtype.name}{list(self.shape)}, nse={self.nse})"

    def tree_flatten_with_keys(self):
        children = (GetAttrKey("data"), self.data), (GetAttrKey("indices"), self.indices)
        return children, (self.shape, self.indices_sorted, self.unique_indices)

    def tree_flatten(self):
        return (self.data, self.indices), (self.shape, self.indices_sorted, self.unique_indices)

    @classmethod
    def tree_unflatten(cls, aux, children):
        made = cls.__new__(cls)
        made.data, made.indices = children
        made.shape, made.indices_sorted, made.unique_indices = aux
        return made


def bcoo_fromdense(mat, *, nse=None, n_batch=0, n_dense=0, index_dtype=jnp.int32):
    """The nonzero elements of an array: BCOO.fromdense."""
    return BCOO.fromdense(mat, nse=nse, index_dtype=index_dtype, n_dense=n_dense, n_batch=n_batch)


def bcoo_todense(mat):
    """A dense array of a sparse one."""
    return mat.todense()


def todense(arr):
    """A dense array of a sparse one; dense ones as they are."""
    return arr.todense() if isinstance(arr, BCOO) else arr


def sparsify(f, use_tracer=False):
    """f where arguments may be BCOO: dense ones so far."""
    from functools import wraps
    from ..tree_util import tree_leaves

    @wraps(f)
    def sparse(*args, **kwargs):
        if any(isinstance(x, BCOO) for x in tree_leaves((args, kwargs), is_leaf=lambda x: isinstance(x, BCOO))):
            raise NotImplementedError("sparsify of a function that is given a BCOO; call todense() on it")
        return f(*args, **kwargs)
    return sparse
