"""jax.flatten_util: a pytree as one vector."""
from . import _cotan


def ravel_pytree(pytree):
    """(vector of all elements, function that turns such a vector back into the pytree)."""
    from . import numpy as jnp
    leaves, treedef = _cotan.tree_flatten(pytree)
    leaves = [_cotan._as_array(leaf) for leaf in leaves]
    if not leaves:
        return jnp.zeros(0), lambda vector: treedef.unflatten([])
    common = _cotan._result_type(*leaves)
    shapes, dtypes = [leaf.shape for leaf in leaves], [leaf.dtype for leaf in leaves]
    uniform = len(set(dtypes)) == 1
    total = sum(leaf.size for leaf in leaves)
    ends = [0]
    for leaf in leaves:
        ends.append(ends[-1] + leaf.size)

    def unravel(vector):
        if jnp.shape(vector) != (total,):
            raise ValueError(f"The unravel function expected an array of shape {(total,)}, got {jnp.shape(vector)}.")
        pieces = [vector[a:b].reshape(s) for a, b, s in zip(ends, ends[1:], shapes)]
        if uniform:  # the elements may be of another dtype than those that were taken apart
            return treedef.unflatten([jnp.asarray(p) for p in pieces])
        if vector.dtype != common:
            raise TypeError(f"unravel function given array of dtype {vector.dtype}, but expected dtype {common}")
        return treedef.unflatten([p.astype(d) for p, d in zip(pieces, dtypes)])

    return jnp.concatenate([leaf.astype(common).ravel() for leaf in leaves]), unravel
