"""COO, CSR and CSC: single matrices, whose products go by BCOO."""
from ... import numpy as jnp
from ...tree_util import register_pytree_node_class
from ._base import JAXSparse
from .bcoo import BCOO, bcoo_dot_general
from .bcsr import BCSR


class _Matrix(JAXSparse):
    """A matrix that knows itself as a BCOO."""

    def __init__(self, args, *, shape, **attributes):
        self._set(*map(jnp.asarray, args))
        self.shape = tuple(shape)
        self.__dict__.update(attributes)

    @classmethod
    def fromdense(cls, mat, *, nse=None, index_dtype=jnp.int32):
        """The nonzero elements of a matrix; in a traced function their number, nse, must be said."""
        return cls._from_bcoo(BCOO.fromdense(mat, nse=nse, index_dtype=index_dtype))

    @classmethod
    def _empty(cls, shape, *, dtype=None, index_dtype=jnp.int32):
        if len(shape) != 2:
            raise ValueError(f"{cls.__name__} must have ndim=2; got shape={tuple(shape)}")
        return cls._from_bcoo(BCOO._empty(shape, dtype=dtype, index_dtype=index_dtype))

    @classmethod
    def _eye(cls, N, M, k, *, dtype=None, index_dtype=jnp.int32):
        return cls._from_bcoo(BCOO._eye(N, M, k, dtype=dtype, index_dtype=index_dtype))

    def todense(self):
        return self.to_bcoo().todense()

    def __matmul__(self, other):
        if isinstance(other, JAXSparse):
            raise NotImplementedError("matmul between two sparse objects.")
        other = jnp.asarray(other)
        if other.ndim not in (1, 2):
            raise NotImplementedError(f"matmul with object of shape {other.shape}")
        return bcoo_dot_general(self.to_bcoo(), other, dimension_numbers=(((1,), (0,)), ((), ())))

    def tree_flatten(self):
        return self._buffers(), {"shape": self.shape, **self._attributes()}

    @classmethod
    def tree_unflatten(cls, aux, children):
        return cls._made(children, **aux)

    def _attributes(self):
        return {}


@register_pytree_node_class
class COO(_Matrix):
    """A matrix by the rows and columns of its elements."""

    def __init__(self, args, *, shape, rows_sorted=False, cols_sorted=False):
        super().__init__(args, shape=shape, _rows_sorted=rows_sorted, _cols_sorted=cols_sorted)

    def _set(self, data, row, col):
        self.data, self.row, self.col = data, row, col

    def _buffers(self):
        return self.data, self.row, self.col

    def _attributes(self):
        return {"_rows_sorted": self._rows_sorted, "_cols_sorted": self._cols_sorted}

    @classmethod
    def _from_bcoo(cls, mat):
        return cls((mat.data, mat.indices[:, 0], mat.indices[:, 1]), shape=mat.shape, rows_sorted=True)

    @classmethod
    def from_scipy_sparse(cls, mat, *, index_dtype=jnp.int32):
        """A sparse matrix of SciPy."""
        return cls._from_bcoo(BCOO.from_scipy_sparse(mat, index_dtype=index_dtype))

    def to_bcoo(self):
        return BCOO((self.data, jnp.stack([self.row, self.col], axis=1)), shape=self.shape)

    def transpose(self, axes=None):
        if axes is not None:
            raise NotImplementedError("axes argument to transpose()")
        return COO((self.data, self.col, self.row), shape=self.shape[::-1], rows_sorted=self._cols_sorted, cols_sorted=self._rows_sorted)


class _Compressed(_Matrix):
    def _set(self, data, indices, indptr):
        self.data, self.indices, self.indptr = data, indices, indptr

    def _buffers(self):
        return self.data, self.indices, self.indptr


@register_pytree_node_class
class CSR(_Compressed):
    """A matrix by rows: where each begins, and the columns of its elements."""

    @classmethod
    def _from_bcoo(cls, mat):
        by_row = BCSR.from_bcoo(mat)
        return cls((by_row.data, by_row.indices, by_row.indptr), shape=mat.shape)

    @classmethod
    def from_scipy_sparse(cls, mat, *, index_dtype=jnp.int32):
        """A sparse matrix of SciPy."""
        return cls._from_bcoo(BCOO.from_scipy_sparse(mat, index_dtype=index_dtype))

    def to_bcoo(self):
        return BCSR(self._buffers(), shape=self.shape).to_bcoo()

    def transpose(self, axes=None):
        if axes is not None:
            raise NotImplementedError("axes argument to transpose()")
        return CSC(self._buffers(), shape=self.shape[::-1])


@register_pytree_node_class
class CSC(_Compressed):
    """A matrix by columns: where each begins, and the rows of its elements."""

    @classmethod
    def _from_bcoo(cls, mat):
        return CSR._from_bcoo(mat.T).T

    def to_bcoo(self):
        return self.T.to_bcoo().T

    def transpose(self, axes=None):
        if axes is not None:
            raise NotImplementedError("axes argument to transpose()")
        return CSR(self._buffers(), shape=self.shape[::-1])


def coo_fromdense(mat, *, nse=None, index_dtype=jnp.int32):
    """The nonzero elements of a matrix: COO.fromdense."""
    return COO.fromdense(mat, nse=nse, index_dtype=index_dtype)


def csr_fromdense(mat, *, nse=None, index_dtype=jnp.int32):
    """The nonzero elements of a matrix: CSR.fromdense."""
    return CSR.fromdense(mat, nse=nse, index_dtype=index_dtype)


def coo_todense(mat):
    """The dense matrix."""
    return mat.todense()


csr_todense = coo_todense


def coo_matvec(mat, v, transpose=False):
    """The product of a matrix, or of its transpose, with a dense vector or matrix."""
    return (mat.T if transpose else mat) @ v


coo_matmat = csr_matvec = csr_matmat = coo_matvec
