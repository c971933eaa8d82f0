"""BCOO: batches of arrays that are given by the places of elements, or of dense blocks, and their values.

The shape falls into batch, sparse and dense dimensions: data is (*batch, nse, *dense), indices (*batch, nse, n_sparse). Places that appear twice add up; places outside of the
shape count for nothing. Every function works on one element of the batch, and vmap does the rest.
"""
import math
import operator

import numpy as np

from ... import lax, numpy as jnp
from ..._cotan import vmap
from ...core import Tracer, concrete_or_error
from ...tree_util import GetAttrKey, register_pytree_with_keys_class
from ._base import JAXSparse, SparseEfficiencyError, SparseEfficiencyWarning


@register_pytree_with_keys_class
class BCOO(JAXSparse):
    """An array by its elements: data holds nse values of each batch, indices (nse, n_sparse) their places."""

    def __init__(self, args, *, shape, indices_sorted=False, unique_indices=False):
        data, indices = args
        self.data, self.indices = jnp.asarray(data), jnp.asarray(indices)
        self.shape, self.indices_sorted, self.unique_indices = tuple(shape), indices_sorted, unique_indices
        _check(self)

    def _set(self, data, indices):
        self.data, self.indices = data, indices

    n_batch = property(lambda self: self.indices.ndim - 2)
    n_sparse = property(lambda self: self.indices.shape[-1])
    n_dense = property(lambda self: self.data.ndim - 1 - self.n_batch)
    nse = property(lambda self: self.indices.shape[-2])

    @classmethod
    def fromdense(cls, mat, *, nse=None, index_dtype=jnp.int32, n_dense=0, n_batch=0):
        """The nonzero elements of an array; in a traced function their number, nse, must be said."""
        return bcoo_fromdense(mat, nse=nse, index_dtype=index_dtype, n_dense=n_dense, n_batch=n_batch)

    @classmethod
    def from_scipy_sparse(cls, mat, *, index_dtype=None, n_dense=0, n_batch=0):
        """A sparse matrix of SciPy."""
        if n_dense or n_batch:
            raise NotImplementedError("BCOO from scipy.sparse with nonzero n_dense/n_batch")
        mat = mat.tocoo()
        places = jnp.column_stack([jnp.asarray(mat.row), jnp.asarray(mat.col)]).astype(index_dtype or jnp.int32)
        return cls((jnp.asarray(mat.data), places), shape=mat.shape)

    @classmethod
    def _empty(cls, shape, *, dtype=None, index_dtype=jnp.int32, n_dense=0, n_batch=0, nse=0):
        batch, sparse, dense = _split(shape, n_batch, len(shape) - n_batch - n_dense)
        if n_batch < 0 or n_dense < 0 or n_batch + n_dense > len(shape):
            raise ValueError(f"Invalid inputs: shape={tuple(shape)}, n_dense={n_dense}, n_batch={n_batch}")
        indices = jnp.broadcast_to(jnp.asarray(sparse, index_dtype), (*batch, nse, len(sparse)))
        return cls((jnp.zeros((*batch, nse, *dense), dtype), indices), shape=shape, indices_sorted=True, unique_indices=True)

    @classmethod
    def _eye(cls, N, M, k, *, dtype=None, index_dtype=jnp.int32, n_batch=0, n_dense=0):
        if n_batch or n_dense:
            return cls.fromdense(jnp.eye(N, M, k, dtype=dtype), n_batch=n_batch, n_dense=n_dense, index_dtype=index_dtype)
        count = max(0, min(N, M, N + k, M - k))
        diagonal = jnp.arange(count, dtype=index_dtype)
        places = jnp.stack([diagonal + max(0, -k), diagonal + max(0, k)], axis=1)
        return cls((jnp.ones(count, dtype), places.astype(index_dtype)), shape=(N, M), indices_sorted=True, unique_indices=True)

    def todense(self):
        return bcoo_todense(self)

    def transpose(self, axes=None):
        return bcoo_transpose(self, permutation=axes)

    def update_layout(self, *, n_batch=None, n_dense=None, on_inefficient="error"):
        return bcoo_update_layout(self, n_batch=n_batch, n_dense=n_dense, on_inefficient=on_inefficient)

    def sum_duplicates(self, nse=None, remove_zeros=True):
        """Each place once, in order, without those out of the shape; and without zeros. Without nse as many as there are."""
        return (bcoo_eliminate_zeros if remove_zeros else bcoo_sum_duplicates)(self, nse=nse)

    def sort_indices(self):
        return bcoo_sort_indices(self)

    def sum(self, axis=None, keepdims=False, dtype=None):
        from .transform import sparsify
        return sparsify(lambda x: jnp.sum(x, axis=axis, keepdims=keepdims, dtype=dtype))(self)

    def reshape(self, *shape, order="C"):
        from .transform import sparsify
        shape = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return sparsify(lambda x: jnp.reshape(x, shape, order))(self)

    def astype(self, dtype):
        return self._with(self.data.astype(dtype))

    def __getitem__(self, index):
        return bcoo_index(self, index)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        try:
            extra = "".join(f", {name}={count}" for name in ("n_batch", "n_dense") if (count := getattr(self, name)))
            text = f"BCOO({self.dtype.name}{list(self.shape)}, nse={self.nse}{extra})"
        except AttributeError:
            text = "BCOO(<invalid>)"
        return f"{type(self.data).__name__}[{text}]" if isinstance(self.data, Tracer) else text

    def _with(self, data, indices=None, shape=None):
        """These values at the same places, or at others of which nothing is known."""
        same = indices is None
        return BCOO((data, self.indices if same else indices), shape=self.shape if shape is None else shape,
                    indices_sorted=same and self.indices_sorted, unique_indices=same and self.unique_indices)

    def tree_flatten_with_keys(self):
        buffers, aux = self.tree_flatten()
        return tuple(zip((GetAttrKey("data"), GetAttrKey("indices")), buffers)), aux

    def tree_flatten(self):
        return (self.data, self.indices), (self.shape, self.indices_sorted, self.unique_indices)

    @classmethod
    def tree_unflatten(cls, aux, children):
        """Under vmap the indices have a batch dimension less, or behind it one more, than the shape says."""
        shape, indices_sorted, unique_indices = aux
        data, indices = children
        if hasattr(indices, "ndim") and hasattr(data, "ndim"):
            rest = indices.shape[-1] + data.ndim - indices.ndim + 1
            if indices.ndim >= 2 and 0 <= rest != len(shape) - indices.ndim + 2:
                batch = np.broadcast_shapes(data.shape[:indices.ndim - 2], indices.shape[:-2])
                shape = (*batch, *shape[len(shape) - rest:]) if rest <= len(shape) else shape
        return cls._made(children, shape=shape, indices_sorted=indices_sorted, unique_indices=unique_indices)


def _split(shape, n_batch, n_sparse):
    shape = tuple(shape)
    return shape[:n_batch], shape[n_batch:n_batch + n_sparse], shape[n_batch + n_sparse:]


def _parts(mat):
    """The batch, sparse and dense shapes."""
    return _split(mat.shape, mat.n_batch, mat.n_sparse)


def _check(mat):
    """The buffers fit the shape; batch dimensions of size one stand for any size."""
    data, indices = mat.data.shape, mat.indices.shape
    if len(indices) < 2 or not jnp.issubdtype(mat.indices.dtype, jnp.integer):
        raise ValueError(f"BCOO: indices must be integers of shape (*batch, nse, n_sparse), got {mat.indices.dtype.name}{list(indices)}")
    n_batch, n_sparse = len(indices) - 2, indices[-1]
    if n_batch + n_sparse > len(mat.shape):
        raise ValueError(f"BCOO: indices of shape {indices} have more dimensions than shape={mat.shape}")
    batch, _, dense = _split(mat.shape, n_batch, n_sparse)
    for what, shape in ("data", data), ("indices", indices):
        if len(shape) < n_batch or any(a not in (1, b) for a, b in zip(shape[:n_batch], batch)):
            raise ValueError(f"{what} batch dimensions not compatible for {what}.shape={shape}, shape={mat.shape}")
    if data[n_batch:] != (indices[-2], *dense):
        raise ValueError(f"Invalid data.shape={data} for nse={indices[-2]}, n_batch={n_batch}, n_dense={len(dense)}")


def _full(mat):
    """The same with all batch dimensions of their full size."""
    batch = mat.shape[:mat.n_batch]
    grown = [jnp.broadcast_to(x, (*batch, *x.shape[mat.n_batch:])) for x in (mat.data, mat.indices)]
    return BCOO(grown, shape=mat.shape, indices_sorted=mat.indices_sorted, unique_indices=mat.unique_indices)


def _mapped(f, n, in_axes=0, out_axes=0):
    """f over n leading dimensions."""
    for _ in range(n):
        f = vmap(f, in_axes=in_axes, out_axes=out_axes)
    return f


def _columns(indices):
    return tuple(indices[..., i] for i in range(indices.shape[-1]))


def _limits(sparse, indices):
    """The sizes of the sparse dimensions, as indices are."""
    return jnp.asarray(np.array(sparse, indices.dtype))


def _inside(indices, sparse):
    """Which places lie in the shape."""
    return (indices < _limits(sparse, indices)).all(-1)


def _spread(mask, data):
    """A mask of elements for the dense blocks behind them."""
    return mask.reshape(*mask.shape, *(1,) * (data.ndim - mask.ndim))


def _concrete(nse, message):
    return concrete_or_error(operator.index, nse, message)


# ---- to and from dense arrays ----

def bcoo_fromdense(mat, *, nse=None, n_batch=0, n_dense=0, index_dtype=jnp.int32):
    """The nonzero elements of an array: BCOO.fromdense."""
    mat = jnp.asarray(mat)
    n_sparse = mat.ndim - n_batch - n_dense
    if n_batch < 0 or n_dense < 0 or n_sparse < 0:
        raise ValueError(f"BCOO.fromdense: n_batch={n_batch} and n_dense={n_dense} do not fit an array of {mat.ndim} dimensions")
    there = (mat != 0).any(tuple(range(mat.ndim - n_dense, mat.ndim))) if n_dense else mat != 0
    if nse is None:
        nse = there.sum(tuple(range(n_batch, there.ndim))).max(initial=0)
    nse = _concrete(nse, "The error arose for the nse argument of bcoo_fromdense. In order for BCOO.fromdense() to be used in traced/compiled code, "
                         "you must pass a concrete value to the nse (number of stored elements) argument.")

    def places(there):
        if not n_sparse:
            return jnp.zeros((nse, 0), index_dtype)
        return jnp.stack(jnp.nonzero(there, size=nse, fill_value=there.shape), axis=1).astype(index_dtype)
    indices = _mapped(places, n_batch)(there)
    return BCOO((_values(indices, mat), indices), shape=mat.shape, indices_sorted=True, unique_indices=True)


def _values(indices, mat):
    """The elements of a dense array at places; zero outside."""
    n_batch = indices.ndim - 2
    indices = jnp.broadcast_to(indices, (*mat.shape[:n_batch], *indices.shape[n_batch:]))

    def values(indices, mat):
        if not indices.shape[-1]:
            return jnp.concatenate([mat[None], jnp.zeros((max(indices.shape[0] - 1, 0), *mat.shape), mat.dtype)])[:indices.shape[0]]
        return mat.at[_columns(indices)].get(mode="fill", fill_value=0)
    return _mapped(values, n_batch)(indices, mat)


def bcoo_extract(sparr, arr, *, assume_unique=None):
    """The elements of a dense array at the places of a sparse one; places that appear twice get theirs once unless assume_unique."""
    if not isinstance(sparr, BCOO):
        raise TypeError(f"First argument to bcoo_extract should be a BCOO array. Got {type(sparr)=}")
    arr = jnp.asarray(arr)
    if arr.shape != sparr.shape:
        raise ValueError(f"shape mismatch: {sparr.shape=} {arr.shape=}")
    if not (sparr.unique_indices if assume_unique is None else assume_unique):
        sparr = bcoo_sum_duplicates(sparr, nse=sparr.nse)
    return BCOO((_values(sparr.indices, arr), sparr.indices), shape=sparr.shape, indices_sorted=sparr.indices_sorted, unique_indices=sparr.unique_indices)


def bcoo_todense(mat):
    """The dense array."""
    full = _full(mat)
    _, sparse, dense = _parts(mat)

    def dense_of(data, indices):
        if not sparse:
            return data.sum(0, dtype=data.dtype)
        return jnp.zeros((*sparse, *dense), data.dtype).at[_columns(indices)].add(data, mode="drop")
    return _mapped(dense_of, mat.n_batch)(full.data, full.indices)


# ---- order and layout ----

def bcoo_sort_indices(mat):
    """The same with places in ascending order."""
    def by_place(data, indices):
        order = jnp.lexsort(_columns(indices)[::-1]) if indices.shape[-1] else jnp.arange(indices.shape[0])
        return data[order], indices[order]
    full = _full(mat)
    buffers = _mapped(by_place, mat.n_batch)(full.data, full.indices)
    return BCOO(buffers, shape=mat.shape, indices_sorted=True, unique_indices=mat.unique_indices)


def bcoo_sum_duplicates(mat, nse=None):
    """Each place once, in ascending order, with the sum of its values. Without nse as many as there are, which a traced program cannot know."""
    full, (_, sparse, _) = _full(mat), _parts(mat)

    def first_ones(data, indices):
        """Sorted places, and which begin a new one."""
        indices = jnp.where(_inside(indices, sparse)[:, None], indices, _limits(sparse, indices))
        order = jnp.lexsort(_columns(indices)[::-1])
        indices, data = indices[order], data[order]
        new = jnp.concatenate([jnp.ones(1, bool), (indices[1:] != indices[:-1]).any(-1)])[:indices.shape[0]]
        return data, indices, new & _inside(indices, sparse)

    if not sparse:
        summed = full.data.sum(mat.n_batch, keepdims=True, dtype=mat.dtype)
        mat = BCOO((summed, full.indices[..., :1, :]) if mat.nse else (full.data, full.indices), shape=mat.shape)
        return _of_length(mat, nse)
    data, indices, new = _mapped(first_ones, mat.n_batch)(full.data, full.indices)
    if nse is None:
        nse = new.sum(-1).max(initial=0)
    nse = _concrete(nse, "nse argument of bcoo_sum_duplicates: in traced code the number of stored elements must be given.")

    def together(data, indices, new):
        place = jnp.cumsum(new) - 1
        place = jnp.where(_inside(indices, sparse), place, nse)
        start = jnp.broadcast_to(_limits(sparse, indices), (nse, len(sparse)))
        return (jnp.zeros((nse, *data.shape[1:]), data.dtype).at[place].add(data, mode="drop"), start.at[place].set(indices, mode="drop"))
    buffers = _mapped(together, mat.n_batch)(data, indices, new)
    return BCOO(buffers, shape=mat.shape, indices_sorted=True, unique_indices=True)


def _of_length(mat, nse):
    """With nse elements: cut, or filled up with places outside of the shape."""
    if nse is None or nse == mat.nse:
        return mat
    if nse < mat.nse:
        cut = (slice(None),) * mat.n_batch + (slice(nse),)
        return mat._with(mat.data[cut], mat.indices[cut])
    more, at = nse - mat.nse, mat.n_batch
    data = jnp.concatenate([mat.data, jnp.zeros((*mat.data.shape[:at], more, *mat.data.shape[at + 1:]), mat.dtype)], axis=at)
    outside = jnp.broadcast_to(_limits(_parts(mat)[1], mat.indices), (*mat.indices.shape[:at], more, mat.n_sparse))
    return mat._with(data, jnp.concatenate([mat.indices, outside], axis=at))


def bcoo_eliminate_zeros(mat, nse=None):
    """Each place once, without those whose values are zero."""
    full = _full(mat)
    zero = (full.data == 0).all(tuple(range(mat.n_batch + 1, full.data.ndim)))
    indices = jnp.where(zero[..., None], _limits(_parts(mat)[1], mat.indices), full.indices)
    return bcoo_sum_duplicates(BCOO((full.data, indices), shape=mat.shape), nse=nse)


def bcoo_update_layout(mat, *, n_batch=None, n_dense=None, on_inefficient="error"):
    """The same array with other numbers of batch and dense dimensions. Where each element of the new layout needs room for what the array may not hold, on_inefficient
    says whether to refuse ("error"), to warn ("warn") or to go on (None)."""
    if not isinstance(mat, BCOO):
        raise TypeError(f"bcoo_update_layout: expected a BCOO array, got {type(mat)}")
    n_batch = mat.n_batch if n_batch is None else operator.index(n_batch)
    n_dense = mat.n_dense if n_dense is None else operator.index(n_dense)
    if n_batch < 0 or n_dense < 0:
        raise ValueError(f"n_batch and n_dense must be non-negative; got n_batch={n_batch}, n_dense={n_dense}")
    if n_batch + n_dense > mat.ndim:
        raise ValueError(f"sum of n_batch={n_batch} and n_dense={n_dense} cannot be larger than mat.ndim={mat.ndim}.")
    if on_inefficient not in ("error", "warn", None):
        raise ValueError("on_inefficient={!r}; expected one of ['error', 'warn', None].".format(on_inefficient))
    if (n_batch > mat.n_batch or n_dense > mat.n_dense) and on_inefficient:
        text = (f"For matrix of shape {mat.shape}, increasing n_batch from {mat.n_batch} to {n_batch} or n_dense from {mat.n_dense} to {n_dense} results in "
                f"inefficient storage. To silence this, set on_inefficient=None.")
        if on_inefficient == "error":
            raise SparseEfficiencyError(text)
        import warnings
        warnings.warn(text, category=SparseEfficiencyWarning, stacklevel=3)
    while mat.n_dense > n_dense:
        mat = _dense_to_sparse(mat)
    while mat.n_batch > n_batch:
        mat = _batch_to_sparse(mat)
    while mat.n_dense < n_dense:
        mat = _sparse_to_dense(mat)
    while mat.n_batch < n_batch:
        mat = _sparse_to_batch(mat)
    return mat


def _dense_to_sparse(mat):
    """The first dense dimension becomes the last sparse one."""
    full, size = _full(mat), _parts(mat)[2][0]

    def split(data, indices):
        last = jnp.broadcast_to(jnp.arange(size, dtype=indices.dtype)[None, :, None], (len(indices), size, 1))
        first = jnp.broadcast_to(indices[:, None], (*indices.shape[:1], size, indices.shape[1]))
        return data.reshape(-1, *data.shape[2:]), jnp.concatenate([first, last], axis=-1).reshape(-1, indices.shape[1] + 1)
    return BCOO(_mapped(split, mat.n_batch)(full.data, full.indices), shape=mat.shape)


def _batch_to_sparse(mat):
    """The last batch dimension becomes the first sparse one."""
    full, size = _full(mat), mat.shape[mat.n_batch - 1]

    def join(data, indices):
        first = jnp.broadcast_to(jnp.arange(size, dtype=indices.dtype)[:, None, None], (size, indices.shape[1], 1))
        return data.reshape(-1, *data.shape[2:]), jnp.concatenate([first, indices], axis=-1).reshape(-1, indices.shape[-1] + 1)
    return BCOO(_mapped(join, mat.n_batch - 1)(full.data, full.indices), shape=mat.shape)


def _sparse_to_dense(mat):
    """The last sparse dimension becomes the first dense one."""
    full, size = _full(mat), _parts(mat)[1][-1]

    def spread(data, indices):
        rows = jnp.arange(len(data))
        return jnp.zeros((len(data), size, *data.shape[1:]), data.dtype).at[rows, indices[:, -1]].set(data, mode="drop"), indices[:, :-1]
    return BCOO(_mapped(spread, mat.n_batch)(full.data, full.indices), shape=mat.shape)


def _sparse_to_batch(mat):
    """The first sparse dimension becomes the last batch one: each of its places may hold all the elements."""
    full, (_, sparse, _) = _full(mat), _parts(mat)

    def sort_out(data, indices):
        mine = indices[None, :, 0] == jnp.arange(sparse[0], dtype=indices.dtype)[:, None]
        rest = indices[:, 1:]
        values = jnp.where(_spread(mine, jnp.broadcast_to(data, (sparse[0], *data.shape))), data, 0)
        return values, jnp.where(mine[..., None], rest, _limits(sparse[1:], rest))
    return BCOO(_mapped(sort_out, mat.n_batch)(full.data, full.indices), shape=mat.shape)


# ---- shapes ----

def _groups(mat, axes, what):
    """Axes as those of the batch, sparse and dense dimensions, each counted from its group's first."""
    axes = [operator.index(a) for a in axes]
    if any(not -mat.ndim <= a < mat.ndim for a in axes):
        raise ValueError(f"{what}: axes {tuple(axes)} are out of bounds for an array of {mat.ndim} dimensions")
    axes = [a % mat.ndim for a in axes]
    batch, sparse = mat.n_batch, mat.n_batch + mat.n_sparse
    return [a for a in axes if a < batch], [a - batch for a in axes if batch <= a < sparse], [a - sparse for a in axes if a >= sparse]


def bcoo_transpose(mat, *, permutation=None):
    """The axes in another order; batch, sparse and dense dimensions stay among themselves."""
    permutation = range(mat.ndim)[::-1] if permutation is None else [operator.index(p) for p in permutation]
    if sorted(p % mat.ndim for p in permutation) != list(range(mat.ndim)):
        raise ValueError(f"transpose permutation isn't a permutation of operand dimensions, got permutation {tuple(permutation)} for operand shape {mat.shape}.")
    permutation = [p % mat.ndim for p in permutation]
    batch, sparse, dense = _groups(mat, permutation, "transpose")
    n = mat.n_batch
    if permutation != batch + [s + n for s in sparse] + [d + n + mat.n_sparse for d in dense]:
        raise NotImplementedError("transpose of BCOO with permutation of batch/sparse/dense dimensions between groups: "
                                  f"permutation={tuple(permutation)}, n_batch={n}, n_sparse={mat.n_sparse}, n_dense={mat.n_dense}")
    data = jnp.transpose(mat.data, (*batch, n, *(d + n + 1 for d in dense)))
    indices = jnp.transpose(mat.indices, (*batch, n, n + 1))
    if sparse != list(range(mat.n_sparse)):
        indices = indices[..., np.array(sparse)]
    return BCOO((data, indices), shape=[mat.shape[p] for p in permutation],
                indices_sorted=mat.indices_sorted and sparse == sorted(sparse), unique_indices=mat.unique_indices)


def bcoo_reshape(mat, *, new_sizes, dimensions=None, sharding=None):
    """Another shape of as many elements; batch, sparse and dense dimensions do not mix."""
    new_sizes = tuple(new_sizes)
    mat = _full(mat if dimensions is None else bcoo_transpose(mat, permutation=dimensions))
    if math.prod(new_sizes) != mat.size:
        raise TypeError(f"cannot reshape array of shape {mat.shape} (size {mat.size}) into shape {new_sizes} (size {math.prod(new_sizes)})")
    batch, sparse, dense = _parts(mat)
    sizes = [math.prod(new_sizes[:i]) for i in range(len(new_sizes) + 1)]
    goal = math.prod(batch), math.prod(batch) * math.prod(sparse)

    def cut(size, start):
        """The last place where the dimensions before it make up this size."""
        found = [i for i in range(start, len(sizes)) if sizes[i] == size]
        return found[-1] if found else None
    first = cut(goal[0], 0) if batch else 0
    second = None if first is None else cut(goal[1], first)
    if first is None:
        raise ValueError(f"bcoo_reshape: new shape cannot mix batch and sparse dimensions; got shape={mat.shape} new_shape={new_sizes} with n_batch={mat.n_batch}")
    if second is None:
        raise ValueError(f"bcoo_reshape: new shape cannot mix sparse and dense dimensions; got shape={mat.shape} new_shape={new_sizes} with n_dense={mat.n_dense}")
    if not dense:
        second = len(new_sizes)
    new_batch, new_sparse, new_dense = _split(new_sizes, first, second - first)
    data = mat.data.reshape(*new_batch, mat.nse, *new_dense)
    indices = mat.indices.reshape(*new_batch, mat.nse, mat.n_sparse)
    if not new_sparse:
        indices = jnp.zeros((*new_batch, mat.nse, 0), indices.dtype)
    elif sparse:
        flat = jnp.ravel_multi_index(_columns(indices), sparse, mode="clip")
        moved = jnp.stack(jnp.unravel_index(flat, new_sparse), axis=-1).astype(indices.dtype)
        indices = jnp.where(_inside(indices, sparse)[..., None], moved, _limits(new_sparse, indices))
    else:
        indices = jnp.zeros((*new_batch, mat.nse, len(new_sparse)), indices.dtype)
    return BCOO((data, indices), shape=new_sizes)


def bcoo_rev(operand, dimensions):
    """Elements in reverse order along dimensions."""
    batch, sparse, dense = _groups(operand, dimensions, "rev")
    full = _full(operand) if batch else operand
    data = jnp.flip(full.data, (*batch, *(d + operand.n_batch + 1 for d in dense)))
    indices = jnp.flip(full.indices, batch) if batch else full.indices
    if sparse:
        limits = _limits(_parts(operand)[1], indices)
        turned = jnp.where(np.isin(np.arange(operand.n_sparse), sparse), limits - 1 - indices, indices)
        indices = jnp.where((indices < limits).all(-1)[..., None], turned, limits)
    return BCOO((data, indices), shape=operand.shape)


def bcoo_squeeze(arr, *, dimensions):
    """Without dimensions of size one."""
    batch, sparse, dense = _groups(arr, dimensions, "squeeze")
    dimensions = {d % arr.ndim for d in dimensions}
    if any(arr.shape[d] != 1 for d in dimensions):
        raise ValueError(f"cannot select an axis to squeeze out which has size not equal to one, got shape={arr.shape} and dimensions={tuple(dimensions)}")
    if sparse and math.prod(_parts(arr)[1]) == 1 and arr.nse > 0 and len(sparse) == arr.n_sparse:
        arr = bcoo_sum_duplicates(arr, nse=1)
    keep = [i for i in range(arr.n_sparse) if i not in sparse]
    data = jnp.squeeze(arr.data, (*batch, *(d + arr.n_batch + 1 for d in dense)))
    indices = jnp.squeeze(arr.indices[..., np.array(keep, int)], tuple(batch))
    return BCOO((data, indices), shape=[s for i, s in enumerate(arr.shape) if i not in dimensions],
                indices_sorted=arr.indices_sorted, unique_indices=arr.unique_indices)


def bcoo_broadcast_in_dim(mat, *, shape, broadcast_dimensions, sharding=None):
    """Dimensions of size one grown, and new ones: batch ones among the batch dimensions, dense ones among the dense, else sparse."""
    shape, kept = tuple(shape), [operator.index(d) for d in broadcast_dimensions]
    if len(kept) != mat.ndim or any(mat.shape[i] not in (1, shape[d]) for i, d in enumerate(kept)):
        raise ValueError(f"bcoo_broadcast_in_dim: shape {mat.shape} does not fit {shape} at dimensions {tuple(kept)}")
    batch, sparse, dense = _split(kept, mat.n_batch, mat.n_sparse)
    new_batch = max([b + 1 for b in batch], default=0)
    new_dense = len(shape) - min(dense) if dense else 0
    middle = range(new_batch, len(shape) - new_dense)
    full = _full(mat)
    data = lax.broadcast_in_dim(full.data, (*shape[:new_batch], mat.nse, *shape[len(shape) - new_dense:]),
                                (*batch, new_batch, *(d - len(middle) + 1 for d in dense)))
    indices = lax.broadcast_in_dim(full.indices, (*shape[:new_batch], mat.nse, mat.n_sparse), (*batch, new_batch, new_batch + 1))
    limits = _limits(_parts(mat)[1], indices)
    inside, columns = (indices < limits).all(-1), []
    for d in middle:
        columns.append(indices[..., sparse.index(d)] if d in sparse else jnp.zeros(indices.shape[:-1], indices.dtype))
    out = jnp.stack(columns, axis=-1) if columns else jnp.zeros((*indices.shape[:-1], 0), indices.dtype)
    outside = _limits([shape[d] for d in middle], indices)
    if columns:
        out = jnp.where(inside[..., None], out, outside)
    grown = [(i, shape[d]) for i, d in enumerate(middle) if shape[d] != 1 and (d not in sparse or mat.shape[mat.n_batch + sparse.index(d)] == 1)]
    small = BCOO((data, out), shape=[*shape[:new_batch], *(shape[d] for d in middle), *shape[len(shape) - new_dense:]])
    for i, size in grown:
        small = _repeat(small, i, size)
    return small


def _repeat(mat, column, size):
    """Each element at all the places along one sparse dimension."""
    def rows(data, indices):
        places = jnp.broadcast_to(indices[:, None], (len(indices), size, indices.shape[1]))
        along = jnp.arange(size, dtype=indices.dtype)
        inside = _inside(indices, _parts(mat)[1])[:, None]
        places = places.at[:, :, column].set(jnp.where(inside, along, size))
        return jnp.repeat(data, size, axis=0), places.reshape(-1, indices.shape[1])
    return BCOO(_mapped(rows, mat.n_batch)(mat.data, mat.indices), shape=mat.shape)


def bcoo_concatenate(operands, *, dimension):
    """Arrays of one layout one behind the other."""
    operands = list(operands)
    if not all(isinstance(x, BCOO) for x in operands):
        raise TypeError("bcoo_concatenate: expected operands to be a sequence of BCOO arrays. Got " f"{[type(x) for x in operands]}")
    first = operands[0]
    dimension = operator.index(dimension) % max(first.ndim, 1)
    for x in operands:
        if x.ndim != first.ndim:
            raise TypeError(f"Cannot concatenate arrays with different numbers of dimensions: got {', '.join(str(o.shape) for o in operands)}.")
        if (x.n_batch, x.n_sparse, x.n_dense) != (first.n_batch, first.n_sparse, first.n_dense):
            raise ValueError("BCOO concatenation requires all operands to have the same n_batch, n_sparse and n_dense")
        if any(a != b for i, (a, b) in enumerate(zip(x.shape, first.shape)) if i != dimension):
            raise ValueError(f"Dimension mismatch in bcoo_concatenate: shapes {[o.shape for o in operands]} along {dimension}")
    total = sum(x.shape[dimension] for x in operands)
    shape = [*first.shape[:dimension], total, *first.shape[dimension + 1:]]
    operands, n, at = [_full(x) for x in operands], first.n_batch, dimension - first.n_batch
    if at < 0:
        longest = max(x.nse for x in operands)
        operands = [_of_length(x, longest) for x in operands]
        return BCOO((jnp.concatenate([x.data for x in operands], dimension), jnp.concatenate([x.indices for x in operands], dimension)), shape=shape)
    if at >= first.n_sparse:
        before, data, axis = 0, [], n + 1 + at - first.n_sparse
        for x in operands:
            pads = [(0, 0)] * x.data.ndim
            pads[axis] = (before, total - before - x.shape[dimension])
            data.append(jnp.pad(x.data, pads))
            before += x.shape[dimension]
        return BCOO((jnp.concatenate(data, n), jnp.concatenate([x.indices for x in operands], n)), shape=shape)
    before, places = 0, []
    for x in operands:
        inside = _inside(x.indices, _parts(x)[1])[..., None]
        moved = x.indices + np.array([before if i == at else 0 for i in range(x.n_sparse)], x.indices.dtype)
        places.append(jnp.where(inside, moved, _limits(shape[n:n + x.n_sparse], x.indices)))
        before += x.shape[dimension]
    return BCOO((jnp.concatenate([x.data for x in operands], n), jnp.concatenate(places, n)), shape=shape)


# ---- parts ----

def bcoo_slice(mat, *, start_indices, limit_indices, strides=None):
    """A part of the array: elements outside of it count for nothing."""
    if not isinstance(mat, BCOO):
        raise TypeError(f"bcoo_slice: input should be BCOO array, got type(mat)={type(mat)}")
    start, stop = [operator.index(i) for i in start_indices], [operator.index(i) for i in limit_indices]
    step = [1] * mat.ndim if strides is None else [operator.index(i) for i in strides]
    if not len(start) == len(stop) == len(step) == mat.ndim:
        raise ValueError(f"bcoo_slice: indices must have size mat.ndim={mat.ndim}")
    if any(s <= 0 for s in step):
        raise ValueError(f"strides must be a sequence of positive integers; got {step}")
    if not all(0 <= a <= b <= size for a, b, size in zip(start, stop, mat.shape)):
        raise ValueError(f"bcoo_slice: invalid indices. Got start_indices={start}, limit_indices={stop} and shape={mat.shape}")
    cuts = [slice(*cut) for cut in zip(start, stop, step)]
    shape = [len(range(*cut.indices(size))) for cut, size in zip(cuts, mat.shape)]
    batch, sparse, dense = _split(cuts, mat.n_batch, mat.n_sparse)
    full = _full(mat)
    data = full.data[(*batch, slice(None), *dense)]
    indices = full.indices[tuple(batch)]
    if not sparse:
        return BCOO((data, indices), shape=shape)
    first, last, each = (jnp.asarray(np.array(x[mat.n_batch:mat.n_batch + mat.n_sparse], indices.dtype)) for x in (start, stop, step))
    keep = ((indices >= first) & (indices < last) & ((indices - first) % each == 0)).all(-1)
    return _kept(data, jnp.where(keep[..., None], (indices - first) // each, _limits(shape[mat.n_batch:][:mat.n_sparse], indices)), keep, shape)


def _kept(data, indices, keep, shape):
    """The elements that are kept, and no more than the sparse dimensions have room for."""
    mat = BCOO((jnp.where(_spread(keep, data), data, 0), indices), shape=shape)
    room = math.prod(_parts(mat)[1])
    return bcoo_sum_duplicates(mat, nse=room) if mat.nse > room else mat


def bcoo_dynamic_slice(mat, start_indices, slice_sizes):
    """A part of a size that is known, from a place that need not be."""
    sizes = [operator.index(s) for s in slice_sizes]
    start_indices = [jnp.asarray(i) for i in start_indices]
    if not len(start_indices) == len(sizes) == mat.ndim:
        raise TypeError(f"bcoo_dynamic_slice: indices must have size mat.ndim={mat.ndim}")
    if not all(0 <= s <= size for s, size in zip(sizes, mat.shape)):
        raise TypeError(f"slice_sizes must be less than or equal to operand shape, got slice_sizes {tuple(sizes)} for operand shape {mat.shape}")
    batch, sparse, dense = _split(start_indices, mat.n_batch, mat.n_sparse)
    batch_sizes, sparse_sizes, dense_sizes = _split(sizes, mat.n_batch, mat.n_sparse)
    full, zero = _full(mat), jnp.int32(0)
    data = lax.dynamic_slice(full.data, (*batch, zero, *dense), (*batch_sizes, mat.nse, *dense_sizes))
    indices = lax.dynamic_slice(full.indices, (*batch, zero, zero), (*batch_sizes, mat.nse, mat.n_sparse))
    if not sparse:
        return BCOO((data, indices), shape=sizes)
    limits, wanted = _limits(_parts(mat)[1], indices), _limits(sparse_sizes, indices)
    start = jnp.stack(sparse).astype(indices.dtype)
    start = jnp.clip(jnp.where(start < 0, start + limits, start), 0, limits - wanted)
    keep = ((indices >= start) & (indices < start + wanted)).all(-1)
    return _kept(data, jnp.where(keep[..., None], indices - start, wanted), keep, sizes)


def bcoo_index(mat, index):
    """x[index] of integers, slices, None and ellipses; integers beyond the ends mean the first or last place."""
    index = index if isinstance(index, tuple) else (index,)
    given = sum(i is not None and i is not Ellipsis for i in index)
    if given > mat.ndim:
        raise IndexError(f"Too many indices for array: array is {mat.ndim}-dimensional, but {given} were indexed")
    at = next((i for i, x in enumerate(index) if x is Ellipsis), len(index))
    index = (*index[:at], *(slice(None),) * (mat.ndim - given), *index[at + 1:])
    start, size, step, drop, flip, new = [], [], [], [], [], []
    for i in index:
        d = len(start)
        if i is None:
            new.append(d + len(new) - len(drop))
        elif isinstance(i, slice):
            places = range(*i.indices(mat.shape[d]))
            if places.step < 0:
                flip.append(d)
                places = places[::-1]
            start.append(places.start if places else 0)
            size.append(places[-1] + 1 if places else 0)
            step.append(places.step)
        elif jnp.ndim(i) == 0 and jnp.issubdtype(jnp.result_type(i), jnp.integer):
            start.append(i)
            size.append(1)
            step.append(1)
            drop.append(d)
        else:
            raise NotImplementedError("BCOO arrays are indexed by integers and slices; indices by arrays are not implemented")
    if any(not isinstance(s, (int, np.integer)) for s in start):
        if any(s != 1 for s in step):
            raise NotImplementedError("BCOO arrays: slices with a step beside traced indices")
        sizes = [1 if d in drop else stop - int(a) for d, (a, stop) in enumerate(zip(start, size))]
        mat = bcoo_dynamic_slice(mat, start, sizes)
    else:
        for d in drop:
            start[d] = min(max(start[d] + mat.shape[d] * (start[d] < 0), 0), mat.shape[d] - 1)
            size[d] = start[d] + 1
        if any(a or b != n or s != 1 for a, b, s, n in zip(start, size, step, mat.shape)):
            mat = bcoo_slice(mat, start_indices=start, limit_indices=size, strides=step)
    mat = bcoo_rev(mat, flip) if flip else mat
    mat = bcoo_squeeze(mat, dimensions=drop) if drop else mat
    if new:
        shape = list(mat.shape)
        for d in new:
            shape.insert(d, 1)
        mat = bcoo_broadcast_in_dim(mat, shape=shape, broadcast_dimensions=[d for d in range(len(shape)) if d not in new])
    return mat


def bcoo_gather(operand, start_indices, dimension_numbers, slice_sizes, *, unique_indices=False, indices_are_sorted=False, mode=None, fill_value=None, out_sharding=None):
    """A gather of one slice: what indexing by integers makes."""
    numbers = dimension_numbers
    if jnp.ndim(start_indices) != 1 or numbers.operand_batching_dims or numbers.start_indices_batching_dims:
        raise NotImplementedError("bcoo_gather: of one slice alone")
    start = [jnp.int32(0)] * operand.ndim
    for i, d in enumerate(numbers.start_index_map):
        start[d] = start_indices[i]
    part = bcoo_dynamic_slice(operand, start, slice_sizes)
    return bcoo_squeeze(part, dimensions=numbers.collapsed_slice_dims)


# ---- sums and products ----

def bcoo_reduce_sum(mat, *, axes):
    """Sums over axes. Those over sparse and batch dimensions add nothing up: elements come to share a place."""
    batch, sparse, dense = _groups(mat, axes, "sum")
    full, n = _full(mat), mat.n_batch
    data = full.data.sum(tuple(d + n + 1 for d in dense), dtype=mat.dtype) if dense else full.data
    data = jnp.where(_spread(_inside(full.indices, _parts(mat)[1]), data), data, 0) if mat.n_sparse else data
    indices = full.indices[..., np.array([i for i in range(mat.n_sparse) if i not in sparse], int)]
    if batch:
        stay = [b for b in range(n) if b not in batch]
        count = math.prod(mat.shape[b] for b in batch) * mat.nse
        data, indices = (jnp.transpose(x, (*stay, *batch, *range(n, x.ndim))).reshape(*(mat.shape[b] for b in stay), count, *x.shape[n + 1:]) for x in (data, indices))
    gone = {*batch, *(s + n for s in sparse), *(d + n + mat.n_sparse for d in dense)}
    return BCOO((data, indices), shape=[s for i, s in enumerate(mat.shape) if i not in gone])


def bcoo_multiply_dense(sp_mat, v):
    """The values of the product with a dense array that broadcasts to the sparse one's shape."""
    v = jnp.asarray(v)
    if v.ndim == 0:
        return sp_mat.data * v
    if v.ndim > sp_mat.ndim or np.broadcast_shapes(v.shape, sp_mat.shape) != sp_mat.shape:
        raise NotImplementedError("multiplication between sparse and dense is only implemented for cases where the output shape matches the sparse matrix shape. "
                                  f"Got shape={sp_mat.shape}, v.shape={v.shape}")
    v = v.reshape(*(1,) * (sp_mat.ndim - v.ndim), *v.shape)
    batch, sparse, _ = _split(v.shape, sp_mat.n_batch, sp_mat.n_sparse)
    full = _full(sp_mat)

    def times(data, indices, v):
        if not sparse:
            return data * v
        return data * v.at[tuple(c if s != 1 else 0 for c, s in zip(_columns(indices), sparse))].get(mode="fill", fill_value=0)
    for size in reversed(batch):
        times = vmap(times, in_axes=(0, 0, 0))
    return times(full.data, full.indices, jnp.broadcast_to(v, (*sp_mat.shape[:sp_mat.n_batch], *v.shape[sp_mat.n_batch:])))


def bcoo_multiply_sparse(lhs, rhs):
    """The elementwise product: a pair of elements at one place each."""
    if lhs.ndim != rhs.ndim:
        raise TypeError(f"bcoo_multiply_sparse: arrays must have same number of dimensions, got {lhs.shape}, {rhs.shape}")
    if lhs.n_dense != rhs.n_dense:
        raise NotImplementedError(f"bcoo_multiply_sparse: arrays with differing numbers of dense dimensions: {lhs}, {rhs}")
    n = min(lhs.n_batch, rhs.n_batch)
    lhs, rhs = (_full(bcoo_update_layout(x, n_batch=n)) for x in (lhs, rhs))
    out = np.broadcast_shapes(lhs.shape, rhs.shape)
    lhs, rhs = ([jnp.broadcast_to(b, (*out[:n], *b.shape[n:])) for b in (x.data, x.indices)] + [x] for x in (lhs, rhs))
    a, b = lhs.pop(), rhs.pop()
    both = [i for i, (s, t) in enumerate(zip(_parts(a)[1], _parts(b)[1])) if s != 1 and t != 1]

    def pairs(x, i, y, j):
        meet = (i[:, None, np.array(both, int)] == j[None, :, np.array(both, int)]).all(-1)
        meet &= _inside(i, _parts(a)[1])[:, None] & _inside(j, _parts(b)[1])[None]
        left, right = jnp.nonzero(meet, size=len(x) * len(y), fill_value=(len(x), len(y)))
        product = x.at[left].get(mode="fill", fill_value=0) * y.at[right].get(mode="fill", fill_value=0)
        far = max(out, default=0)
        return product, jnp.maximum(i.at[left].get(mode="fill", fill_value=far), j.at[right].get(mode="fill", fill_value=far))
    return BCOO(_mapped(pairs, n)(*lhs, *rhs), shape=out)


def bcoo_dot_general(lhs, rhs, *, dimension_numbers, precision=None, preferred_element_type=None, out_sharding=None):
    """lax.dot_general of arrays of which one or both are sparse; of two sparse ones the product is sparse."""
    (lhs_contract, rhs_contract), (lhs_batch, rhs_batch) = dimension_numbers
    numbers = (tuple(lhs_contract), tuple(rhs_contract)), (tuple(lhs_batch), tuple(rhs_batch))
    _check_product(lhs.shape, rhs.shape, *numbers)
    if isinstance(lhs, BCOO) and isinstance(rhs, BCOO):
        return _sparse_sparse(lhs, rhs, *numbers, preferred_element_type)
    if isinstance(lhs, BCOO):
        return _sparse_dense(lhs, jnp.asarray(rhs), *numbers, preferred_element_type)
    if isinstance(rhs, BCOO):
        (lc, rc), (lb, rb) = numbers
        out = _sparse_dense(rhs, jnp.asarray(lhs), (rc, lc), (rb, lb), preferred_element_type)
        free = rhs.ndim - len(rc) - len(rb)
        return jnp.moveaxis(out, range(len(rb), len(rb) + free), range(-free, 0)) if free else out
    return lax.dot_general(lhs, rhs, numbers, precision=precision, preferred_element_type=preferred_element_type)


def _check_product(lhs, rhs, contract, batch):
    for what, (a, b) in ("contracting", contract), ("batch", batch):
        if len(a) != len(b) or [lhs[i] for i in a] != [rhs[i] for i in b]:
            raise TypeError(f"dot_general requires {what} dimensions to have the same shape, got {[lhs[i] for i in a]} and {[rhs[i] for i in b]}.")


def _sparse_dense(lhs, rhs, contract, batch, preferred):
    """Each stored element takes what it meets of the dense operand to its own place in the product."""
    n, (_, sparse, _) = lhs.n_batch, _parts(lhs)
    dtype = jnp.promote_types(lhs.dtype, rhs.dtype)
    partner = dict(zip(contract[0], contract[1])) | dict(zip(batch[0], batch[1]))
    letters = iter(range(1, 1 + lhs.ndim + rhs.ndim))
    name = {d: next(letters) for d in range(lhs.ndim)}
    rhs_names = [next(letters) for _ in range(rhs.ndim)]
    for d, e in partner.items():
        rhs_names[e] = name[d]
    free = [rhs_names[e] for e in range(rhs.ndim) if e not in contract[1] and e not in batch[1]]
    out_names = [name[d] for d in batch[0]] + [name[d] for d in range(lhs.ndim) if d not in contract[0] and d not in batch[0]] + free
    met = [d for d in range(n, n + len(sparse)) if d in partner]
    kept = [d for d in range(n, n + len(sparse)) if d not in contract[0]]
    sizes = {name[d]: s for d, s in enumerate(lhs.shape)} | dict(zip(rhs_names, rhs.shape))

    def product(data, indices, rhs, names):
        """names: of the dimensions of rhs that are left, those that the sparse dimensions meet in front."""
        columns = _columns(indices)
        rest = names[len(met):]
        if met:
            rhs = rhs.at[tuple(columns[d - n] for d in met)].get(mode="fill", fill_value=0)
        blocks = [name[d] for d in range(n + len(sparse), lhs.ndim)]
        out = [x for x in out_names if x in blocks or x in rest]
        terms = jnp.einsum(data, [0, *blocks], rhs, [0, *rest] if met else rest, [0, *out], preferred_element_type=preferred)
        places = tuple(columns[d - n] for d in kept)
        if not kept:
            if sparse and not met:
                terms = jnp.where(_spread(_inside(indices, sparse), terms), terms, 0)
            return terms.sum(0, dtype=terms.dtype), out
        if len(kept) < len(sparse) and not met:
            terms = jnp.where(_spread(_inside(indices, sparse), terms), terms, 0)
        made = jnp.zeros((*(lhs.shape[d] for d in kept), *(sizes[x] for x in out)), terms.dtype)
        return made.at[places].add(terms, mode="drop"), [name[d] for d in kept] + out

    order = [partner[d] for d in range(n) if d in partner] + [partner[d] for d in met]
    order += [e for e in range(rhs.ndim) if e not in order]
    rhs, names = jnp.transpose(rhs.astype(dtype), order), [rhs_names[e] for e in order]
    mapped = [d in partner for d in range(n)]
    found = []

    def call(data, indices, rhs):
        made, kinds = product(data, indices, rhs, names[sum(mapped):])
        found.append(kinds)
        return made
    for has in reversed(mapped):
        call = vmap(call, in_axes=(0, 0, 0 if has else None))
    full = _full(lhs) if n else lhs
    out = call(full.data.astype(dtype), full.indices, rhs)
    kinds = [name[d] for d in range(n)] + found[0]
    gone = [i for i, k in enumerate(kinds) if k not in out_names]
    out = out.sum(tuple(gone), dtype=out.dtype) if gone else out
    kinds = [k for k in kinds if k in out_names]
    return out if kinds == out_names else jnp.transpose(out, [kinds.index(k) for k in out_names])


def _sparse_sparse(lhs, rhs, contract, batch, preferred):
    """Each pair of stored elements whose contracted places agree makes one element."""
    if lhs.n_dense or rhs.n_dense:
        raise NotImplementedError("bcoo_spdot_general with dense dimensions.")
    if any(d >= lhs.n_batch for d in batch[0]) or any(d >= rhs.n_batch for d in batch[1]):
        raise NotImplementedError("bcoo_spdot_general: batch_dims must correspond to batch dimensions of the sparse representation.")
    if any(d < lhs.n_batch for d in contract[0]) or any(d < rhs.n_batch for d in contract[1]):
        raise NotImplementedError("bcoo_spdot_general only supports contraction of sparse indices.")
    if rhs.n_batch > len(batch[1]) and lhs.n_sparse > len(contract[0]):
        raise ValueError("bcoo_spdot_general: cannot have unused batch dims on rhs with unused sparse dims on lhs.")
    dtype = preferred or jnp.promote_types(lhs.dtype, rhs.dtype)

    def ordered(mat, front):
        rest = [d for d in range(mat.n_batch) if d not in front]
        return bcoo_transpose(_full(mat), permutation=(*front, *rest, *range(mat.n_batch, mat.ndim)))
    a, b = ordered(lhs, batch[0]), ordered(rhs, batch[1])
    lc, rc = (np.array([d - x.n_batch for d in c], int) for x, c in ((lhs, contract[0]), (rhs, contract[1])))
    lf, rf = (np.array([i for i in range(x.n_sparse) if i not in c], int) for x, c in ((lhs, lc), (rhs, rc)))
    shared = a.shape[:len(batch[0])]
    lone, rone = a.shape[len(batch[0]):a.n_batch], b.shape[len(batch[0]):b.n_batch]
    out_sparse = [_parts(a)[1][i] for i in lf] + [_parts(b)[1][i] for i in rf]
    nse = min((a.nse if len(lf) else 1) * (b.nse if len(rf) else 1), math.prod(out_sparse))

    def pairs(x, i, y, j):
        meet = (i[:, None, lc] == j[None, :, rc]).all(-1)
        meet &= _inside(i, _parts(a)[1])[:, None] & _inside(j, _parts(b)[1])[None]
        values = jnp.where(meet, x[:, None].astype(dtype) * y[None].astype(dtype), 0).ravel()
        count = len(x), len(y)
        places = jnp.concatenate([jnp.broadcast_to(i[:, None, lf], (*count, len(lf))), jnp.broadcast_to(j[None, :, rf], (*count, len(rf)))], axis=-1)
        summed = bcoo_sum_duplicates(BCOO((values, places.reshape(-1, len(lf) + len(rf))), shape=out_sparse), nse=nse)
        return summed.data, summed.indices
    pairs = _mapped(pairs, len(rone), in_axes=(None, None, 0, 0))
    pairs = _mapped(pairs, len(lone), in_axes=(0, 0, None, None))
    return BCOO(_mapped(pairs, len(shared))(a.data, a.indices, b.data, b.indices), shape=(*shared, *lone, *rone, *out_sparse))


def bcoo_dot_general_sampled(A, B, indices, *, dimension_numbers):
    """The elements of a dense product at places: each the product of a row and a column, and no other computed."""
    (lc, rc), (lb, rb) = dimension_numbers
    if list(lb) == list(rb) == [] and A.ndim == len(lc) + 1 and B.ndim == len(rc) + 1 and indices.ndim == 2 and indices.shape[-1] == 2:
        rows = jnp.moveaxis(A, [d for d in range(A.ndim) if d not in lc] + list(lc), range(A.ndim))
        columns = jnp.moveaxis(B, [d for d in range(B.ndim) if d not in rc] + list(rc), range(B.ndim))
        rows = rows.at[indices[:, 0]].get(mode="fill", fill_value=0)
        return (rows * columns.at[indices[:, 1]].get(mode="fill", fill_value=0)).sum(tuple(range(1, rows.ndim)))
    return _values(indices, lax.dot_general(A, B, dimension_numbers))


def bcoo_conv_general_dilated(lhs, rhs, *, window_strides, padding, lhs_dilation=None, rhs_dilation=None, dimension_numbers=None, feature_group_count=1, batch_group_count=1,
                              precision=None, preferred_element_type=None):
    """A convolution over one dimension with a sparse kernel or image is refused: call todense()."""
    raise NotImplementedError("bcoo_conv_general_dilated; call todense() on the operands")
