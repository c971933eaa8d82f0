"""Sparse arrays with random places and values."""
import math
import operator

from ... import numpy as jnp, random
from ..._cotan import vmap
from .bcoo import BCOO


def random_bcoo(key, shape, *, dtype=jnp.float_, indices_dtype=None, nse=0.2, n_batch=0, n_dense=0, unique_indices=True, sorted_indices=False, generator=random.uniform,
                **kwds):
    """nse elements, or that fraction of the sparse dimensions, at random places of each batch; generator(key, shape=, dtype=) draws the values. JAX draws the same."""
    shape, n_batch, n_dense = tuple(map(operator.index, shape)), operator.index(n_batch), operator.index(n_dense)
    if n_batch < 0 or n_dense < 0 or n_batch + n_dense > len(shape):
        raise ValueError(f"Invalid n_batch={n_batch}, n_dense={n_dense} for shape={shape}")
    batch, sparse, dense = shape[:n_batch], shape[n_batch:len(shape) - n_dense], shape[len(shape) - n_dense:]
    size = math.prod(sparse)
    if not 0 <= nse < size:
        raise ValueError(f"got nse={nse}, expected to be between 0 and {size}")
    nse = operator.index(math.ceil(nse * size) if 0 < nse < 1 else nse)
    indices_dtype = jnp.dtype(indices_dtype or jnp.int_)
    if size > jnp.iinfo(indices_dtype).max:
        raise ValueError(f"indices_dtype={indices_dtype} does not have enough range to generate sparse indices of size {size}.")

    def places(key):
        if not sparse:
            return jnp.zeros((nse, 0), indices_dtype)
        flat = random.choice(key, size, shape=(nse,), replace=not unique_indices).astype(indices_dtype)
        return jnp.column_stack(jnp.unravel_index(flat, sparse))
    first, *_ = keys = random.split(key, math.prod(batch) + 1)
    data = generator(first, shape=(*batch, nse, *dense), dtype=dtype, **kwds)
    mat = BCOO((data, vmap(places)(keys[1:]).reshape(*batch, nse, len(sparse))), shape=shape)
    return mat.sort_indices() if sorted_indices else mat
