"""Python functions called from inside programs."""
import functools
import traceback

from . import _cotan

_PURE, _IO, _DEBUG, _PRINT = range(4)
_METHODS = ["sequential", "sequential_unrolled", "expand_dims", "broadcast_all", "legacy_vectorized", None]


def _wanted(result_shape_dtypes):
    """(shape, dtype) of each result, and their structure."""
    results, out_tree = _cotan.tree_flatten(result_shape_dtypes)
    described = []
    for r in results:
        if not (hasattr(r, "shape") and hasattr(r, "dtype")):
            r = _cotan._as_array(r)
        code = _cotan.dtype_code(r.dtype)
        if not _cotan.get_x64() and _cotan.dtype_of_code(code).name in ("float64", "int64", "uint64", "complex128"):
            raise ValueError("result_shape_dtypes cannot specify 64-bit types when `jax_enable_x64` is disabled")
        described.append((tuple(r.shape), r.dtype))
    return described, out_tree


@functools.cache
def _failure(error):
    """The class of what a program raises when a callback raised an `error`: JAX's class, and the callback's own where the two can be one."""
    try:
        return type(error.__name__, (_cotan.JaxRuntimeError, error), {"__module__": error.__module__, "__str__": RuntimeError.__str__})
    except TypeError:  # their instances are laid out differently
        return _cotan.JaxRuntimeError


def _reporting(flat):
    """A callback whose exceptions leave as JaxRuntimeErrors that show its traceback, and can still be caught as what they are."""
    @functools.wraps(flat)
    def call(*values):
        try:
            return flat(*values)
        except _cotan.JaxRuntimeError:  # from a program that the callback ran
            raise
        except Exception as e:
            shown = "".join(traceback.format_exception(type(e), e, e.__traceback__.tb_next))
            kind = _failure(type(e))
            failure = next(base for base in type(e).__mro__ if base.__module__ == "builtins").__new__(kind)
            failure.__dict__.update(getattr(e, "__dict__", {}))
            failure.args = (f"INTERNAL: CpuCallback error calling callback: {shown.rstrip()}",)
            raise failure from e
    return call


def _call(kind, callback, result_shape_dtypes, args, kwargs, ordered=False, vmap_method=None):
    leaves, in_tree = _cotan.tree_flatten((args, kwargs))
    results, out_tree = _wanted(result_shape_dtypes)

    def flat(*values):
        a, k = in_tree.unflatten(values)
        return out_tree.flatten_up_to(callback(*a, **k))

    flat.__name__ = getattr(callback, "__name__", "callback")
    return out_tree.unflatten(_cotan._callback(kind, _reporting(flat), results, ordered, False, vmap_method, None, *leaves))


def pure_callback(callback, result_shape_dtypes, *args, sharding=None, vmap_method=None, vectorized=None, **kwargs):
    """callback(*args) computed by Python, where the shapes and dtypes of the result are known beforehand.

    vmap_method says what vmap does: "sequential" calls it for each element; "expand_dims" and "broadcast_all" once with arrays that all have a leading
    axis, of size 1 or the mapped size where an argument is not mapped; without one vmap is refused.
    """
    if vectorized is not None:
        raise TypeError("pure_callback: the vectorized argument was removed; use vmap_method instead.")
    if vmap_method not in _METHODS:
        raise ValueError(f"vmap_method must be one of the allowed methods {_METHODS}, but got: {vmap_method}")
    return _call(_PURE, callback, result_shape_dtypes, args, kwargs, vmap_method=vmap_method)


def io_callback(callback, result_shape_dtypes, *args, sharding=None, ordered=False, **kwargs):
    """The same for functions with side effects: called exactly once whenever the program runs."""
    return _call(_IO, callback, result_shape_dtypes, args, kwargs, ordered)


def effects_barrier():
    """Waits until all effects have happened; a call returns only after its own have."""


# ---- calls for the effect alone ----

def _is_value(leaf):
    return isinstance(leaf, (_cotan.Array, bool, int, float, complex)) or hasattr(leaf, "__jax_array__") or type(leaf).__module__ == "numpy"


def _bind(kind, function, args, kwargs, ordered, partitioned, fmt=None):
    """function(*args, **kwargs) with concrete arrays, whenever the program runs; what is no array passes through."""
    leaves, in_tree = _cotan.tree_flatten((args, kwargs))
    dynamic = [i for i, leaf in enumerate(leaves) if _is_value(leaf)]
    fixed = [None if _is_value(leaf) else leaf for leaf in leaves]

    def flat(*values):
        full = list(fixed)
        for i, v in zip(dynamic, values):
            full[i] = v
        a, k = in_tree.unflatten(full)
        function(*a, **k)
        return ()

    flat.__name__ = getattr(function, "__name__", "callback")
    _cotan._callback(kind, _reporting(flat), [], bool(ordered), bool(partitioned), None, fmt, *(leaves[i] for i in dynamic))


def debug_callback(callback, *args, ordered=False, partitioned=False, **kwargs):
    """Calls a Python function with values for its effect alone."""
    if not callable(callback):
        raise TypeError("first argument to jax.debug.callback must be callable, but got an object of type " + type(callback).__name__)
    _bind(_DEBUG, callback, args, kwargs, ordered, partitioned)


def debug_print(write, fmt, args, kwargs, ordered, partitioned):
    _bind(_PRINT, lambda *a, **k: write(fmt.format(*a, **k) if a or k else fmt), args, kwargs, ordered, partitioned, fmt)
