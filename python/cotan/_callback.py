"""Python functions called from inside programs."""
from . import _cotan

_PURE, _IO, _DEBUG = range(3)


def _call(kind, callback, result_shape_dtypes, args, kwargs):
    leaves, in_tree = _cotan.tree_flatten((args, kwargs))
    results, out_tree = _cotan.tree_flatten(result_shape_dtypes)

    def flat(*values):
        a, k = in_tree.unflatten(values)
        out = callback(*a, **k)
        return out_tree.flatten_up_to(out) if results or kind != _DEBUG else ()

    return out_tree.unflatten(_cotan._callback(kind, flat, [(tuple(r.shape), r.dtype) for r in results], *leaves))


def pure_callback(callback, result_shape_dtypes, *args, sharding=None, vmap_method=None, vectorized=None, **kwargs):
    """callback(*args) computed by Python, where the shapes and dtypes of the result are known beforehand."""
    return _call(_PURE, callback, result_shape_dtypes, args, kwargs)


def io_callback(callback, result_shape_dtypes, *args, sharding=None, ordered=False, **kwargs):
    """The same for functions with side effects: called exactly once whenever the program runs."""
    return _call(_IO, callback, result_shape_dtypes, args, kwargs)


def debug_callback(callback, *args, ordered=False, partitioned=False, **kwargs):
    """Calls a Python function with values for its effect alone."""
    _call(_DEBUG, callback, (), args, kwargs)
