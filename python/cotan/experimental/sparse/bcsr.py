"""BCSR: batches of matrices by rows: indptr (rows + 1) says where each row's elements begin, indices their columns. Sums and products go by BCOO."""
import numpy as np

from ... import numpy as jnp
from ...tree_util import GetAttrKey, register_pytree_with_keys_class
from . import bcoo
from ._base import JAXSparse
from .bcoo import BCOO, _full, _mapped


@register_pytree_with_keys_class
class BCSR(JAXSparse):
    """A matrix, or batches of them, whose elements may be dense blocks: data (*batch, nse, *dense), indices (*batch, nse), indptr (*batch, rows + 1)."""

    def __init__(self, args, *, shape, indices_sorted=False, unique_indices=False):
        self._set(*map(jnp.asarray, args))
        self.shape, self.indices_sorted, self.unique_indices = tuple(shape), indices_sorted, unique_indices
        if self.n_batch + 2 > len(self.shape) or self.indptr.ndim != self.indices.ndim:
            raise ValueError(f"BCSR: indices {self.indices.shape} and indptr {self.indptr.shape} do not fit shape {self.shape}")
        if self.indptr.shape[-1] != self.shape[self.n_batch] + 1:
            raise ValueError(f"indptr={self.indptr.shape} must have size {self.shape[self.n_batch] + 1} for shape {self.shape}")

    def _set(self, data, indices, indptr):
        self.data, self.indices, self.indptr = data, indices, indptr

    n_batch = property(lambda self: self.indices.ndim - 1)
    n_sparse = 2
    n_dense = property(lambda self: self.data.ndim - 1 - self.n_batch)
    nse = property(lambda self: self.indices.shape[-1])

    @classmethod
    def fromdense(cls, mat, *, nse=None, index_dtype=jnp.int32, n_dense=0, n_batch=0):
        """The nonzero elements of an array; in a traced function their number, nse, must be said."""
        return bcsr_fromdense(mat, nse=nse, index_dtype=index_dtype, n_dense=n_dense, n_batch=n_batch)

    @classmethod
    def from_bcoo(cls, arr):
        """The same elements by rows."""
        if arr.n_sparse != 2:
            raise NotImplementedError(f"BCSR.from_bcoo requires n_sparse=2; got {arr.n_sparse=}")
        full = _full(arr if arr.indices_sorted else arr.sort_indices())
        rows = arr.shape[arr.n_batch]

        def starts(indices):
            return indices[:, 1], jnp.searchsorted(indices[:, 0], jnp.arange(rows + 1, dtype=indices.dtype)).astype(indices.dtype)
        return cls((full.data, *_mapped(starts, arr.n_batch)(full.indices)), shape=arr.shape, indices_sorted=True, unique_indices=arr.unique_indices)

    @classmethod
    def from_scipy_sparse(cls, mat, *, index_dtype=None, n_dense=0, n_batch=0):
        """A sparse matrix of SciPy."""
        if n_dense or n_batch:
            raise NotImplementedError("BCSR from scipy.sparse with nonzero n_dense/n_batch.")
        mat, dtype = mat.tocsr(), index_dtype or jnp.int32
        return cls((jnp.asarray(mat.data), jnp.asarray(mat.indices).astype(dtype), jnp.asarray(mat.indptr).astype(dtype)), shape=mat.shape)

    @classmethod
    def _empty(cls, shape, *, dtype=None, index_dtype=jnp.int32, n_dense=0, n_batch=0, nse=0):
        batch, (rows, _), dense = shape[:n_batch], shape[n_batch:n_batch + 2], shape[n_batch + 2:]
        if len(dense) != n_dense or nse:
            raise ValueError(f"BCSR must have at least two sparse dimensions; got shape={shape}, n_batch={n_batch}, n_dense={n_dense}, nse={nse}")
        return cls((jnp.zeros((*batch, 0, *dense), dtype), jnp.zeros((*batch, 0), index_dtype), jnp.zeros((*batch, rows + 1), index_dtype)), shape=shape)

    def to_bcoo(self):
        """The same elements by their places; those behind the last row's end lie outside of the shape."""
        rows, columns = self.shape[self.n_batch:self.n_batch + 2]

        def places(columns_, starts):
            row = jnp.searchsorted(starts, jnp.arange(columns_.shape[0], dtype=starts.dtype), side="right") - 1
            over = row >= rows
            return jnp.stack([jnp.where(over, rows, row).astype(columns_.dtype), jnp.where(over, columns, columns_)], axis=1)
        batch = self.shape[:self.n_batch]
        grown = [jnp.broadcast_to(x, (*batch, x.shape[-1])) for x in (self.indices, self.indptr)]
        return BCOO((self.data, _mapped(places, self.n_batch)(*grown)), shape=self.shape, indices_sorted=self.indices_sorted, unique_indices=self.unique_indices)

    def todense(self):
        return self.to_bcoo().todense()

    def transpose(self, *args, **kwargs):
        raise NotImplementedError("Transpose is not implemented.")

    def sum_duplicates(self, nse=None, remove_zeros=True):
        return BCSR.from_bcoo(self.to_bcoo().sum_duplicates(nse, remove_zeros))

    def _with(self, data):
        return BCSR((data, self.indices, self.indptr), shape=self.shape, indices_sorted=self.indices_sorted, unique_indices=self.unique_indices)

    def astype(self, dtype):
        return self._with(self.data.astype(dtype))

    def __getitem__(self, index):
        return BCSR.from_bcoo(self.to_bcoo()[index])

    def __repr__(self):
        extra = "".join(f", {name}={count}" for name in ("n_batch", "n_dense") if (count := getattr(self, name)))
        return f"BCSR({self.dtype.name}{list(self.shape)}, nse={self.nse}{extra})"

    def tree_flatten_with_keys(self):
        buffers, aux = self.tree_flatten()
        return tuple(zip(map(GetAttrKey, ("data", "indices", "indptr")), buffers)), aux

    def tree_flatten(self):
        return (self.data, self.indices, self.indptr), (self.shape, self.indices_sorted, self.unique_indices)

    @classmethod
    def tree_unflatten(cls, aux, children):
        """Under vmap the buffers have a batch dimension less, or behind it one more, than the shape says."""
        shape, indices_sorted, unique_indices = aux
        data, indices, _ = children
        if hasattr(indices, "ndim") and hasattr(data, "ndim") and indices.ndim >= 1:
            rest = 2 + data.ndim - indices.ndim
            if 2 <= rest <= len(shape) and rest != len(shape) - indices.ndim + 1:
                shape = (*np.broadcast_shapes(data.shape[:indices.ndim - 1], indices.shape[:-1]), *shape[len(shape) - rest:])
        return cls._made(children, shape=shape, indices_sorted=indices_sorted, unique_indices=unique_indices)


def bcsr_fromdense(mat, *, nse=None, n_batch=0, n_dense=0, index_dtype=jnp.int32):
    """The nonzero elements of an array: BCSR.fromdense."""
    return BCSR.from_bcoo(bcoo.bcoo_fromdense(mat, nse=nse, n_batch=n_batch, n_dense=n_dense, index_dtype=index_dtype))


def bcsr_todense(mat):
    """The dense array."""
    return mat.todense()


def bcsr_sum_duplicates(mat, nse=None):
    """Each place once, in ascending order, with the sum of its values."""
    return BCSR.from_bcoo(bcoo.bcoo_sum_duplicates(mat.to_bcoo(), nse=nse))


def bcsr_eliminate_zeros(mat, nse=None):
    """Each place once, without those whose values are zero."""
    return BCSR.from_bcoo(bcoo.bcoo_eliminate_zeros(mat.to_bcoo(), nse=nse))


def bcsr_extract(indices, indptr, mat):
    """The elements of a dense array at places given by rows."""
    pattern = BCSR((jnp.zeros(indices.shape, mat.dtype), indices, indptr), shape=mat.shape)
    return bcoo._values(pattern.to_bcoo().indices, mat)


def bcsr_dot_general(lhs, rhs, *, dimension_numbers, precision=None, preferred_element_type=None, out_sharding=None):
    """lax.dot_general with a BCSR on the left and a dense array on the right."""
    if not isinstance(lhs, BCSR) or isinstance(rhs, JAXSparse):
        raise NotImplementedError(f"bcsr_dot_general of {type(lhs).__name__} and {type(rhs).__name__}")
    return bcoo.bcoo_dot_general(lhs.to_bcoo(), rhs, dimension_numbers=dimension_numbers, preferred_element_type=preferred_element_type)


def bcsr_broadcast_in_dim(mat, *, shape, broadcast_dimensions, sharding=None):
    """Dimensions of size one grown, and new ones."""
    return BCSR.from_bcoo(bcoo.bcoo_broadcast_in_dim(mat.to_bcoo(), shape=shape, broadcast_dimensions=broadcast_dimensions))


def bcsr_concatenate(operands, *, dimension):
    """Arrays of one layout one behind the other."""
    return BCSR.from_bcoo(bcoo.bcoo_concatenate([x.to_bcoo() for x in operands], dimension=dimension))
