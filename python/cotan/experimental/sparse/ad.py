"""Derivatives with respect to the stored values of sparse arrays; the result is sparse, at the same places."""
import functools

from ... import _api
from ..._cotan import grad as _grad, value_and_grad as _value_and_grad, vmap
from ...tree_util import tree_flatten, tree_map, tree_unflatten
from ._base import JAXSparse


def _is_sparse(x):
    return isinstance(x, JAXSparse)


def _values(tree):
    """The tree with the values of sparse arrays in their place."""
    return tree_map(lambda x: x.data if _is_sparse(x) else x, tree, is_leaf=_is_sparse)


def _restored(tree, values):
    """The tree with other values; where they have more leading dimensions, as Jacobians do, so have the places."""
    def one(x, value):
        if not _is_sparse(x):
            return value
        (_, *rest), aux = x.tree_flatten()
        made = lambda data: type(x).tree_unflatten(aux, (data, *rest))
        for _ in range(value.ndim - x.data.ndim):
            made = vmap(made)
        return made(value)
    leaves, structure = tree_flatten(tree, is_leaf=_is_sparse)
    return tree_unflatten(structure, [one(x, v) for x, v in zip(leaves, structure.flatten_up_to(values))])


def _of_values(transform, pick, fun, argnums, has_aux, options):
    """transform(fun) over the values of the arguments argnums; pick(result, restore) puts the places back."""
    several = isinstance(argnums, (tuple, list))

    @functools.wraps(fun)
    def derivative(*args, **kwargs):
        chosen = tuple(a % len(args) for a in (argnums if several else (argnums,)))

        def on_values(*values):
            full = list(args)
            for i, value in zip(chosen, values):
                full[i] = _restored(args[i], value)
            return fun(*full, **kwargs)
        names = tuple(range(len(chosen))) if several else 0
        out = transform(on_values, argnums=names, has_aux=has_aux, **options)(*(_values(args[i]) for i in chosen))

        def restore(values):
            return tuple(_restored(args[i], v) for i, v in zip(chosen, values)) if several else _restored(args[chosen[0]], values)
        return pick(out, restore)
    return derivative


def _first(has_aux):
    return (lambda out, restore: (restore(out[0]), out[1])) if has_aux else (lambda out, restore: restore(out))


def value_and_grad(fun, argnums=0, has_aux=False, **kwargs):
    """jax.value_and_grad with respect to the values of sparse arrays."""
    return _of_values(_value_and_grad, lambda out, restore: (out[0], restore(out[1])), fun, argnums, has_aux, kwargs)


def grad(fun, argnums=0, has_aux=False, **kwargs):
    """jax.grad with respect to the values of sparse arrays.

        >>> from jax.experimental import sparse
        >>> sparse.grad(lambda x, y: x @ y)(sparse.BCOO.fromdense(jnp.arange(6.)), jnp.ones(6))
        BCOO(float32[6], nse=5)
    """
    return _of_values(_grad, _first(has_aux), fun, argnums, has_aux, kwargs)


def jacfwd(fun, argnums=0, has_aux=False, **kwargs):
    """jax.jacfwd with respect to the values of sparse arrays, of functions with dense results."""
    return _of_values(_api.jacfwd, _first(has_aux), fun, argnums, has_aux, kwargs)


def jacrev(fun, argnums=0, has_aux=False, **kwargs):
    """jax.jacrev with respect to the values of sparse arrays, of functions with dense results."""
    return _of_values(_api.jacrev, _first(has_aux), fun, argnums, has_aux, kwargs)


jacobian = jacrev
