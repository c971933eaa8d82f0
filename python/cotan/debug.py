"""jax.debug: looking at values while a program runs."""
from . import _cotan


def _concrete(values):
    for v in _cotan.tree_leaves(values):
        if isinstance(v, _cotan.Tracer):
            raise NotImplementedError("jax.debug.print and callback of traced values are not there yet")


def print(fmt, *args, ordered=False, partitioned=False, skip_format_check=False, **kwargs):
    """Prints the formatted values."""
    import builtins
    _concrete((args, kwargs))
    builtins.print(fmt.format(*args, **kwargs))


def callback(callback, *args, ordered=False, partitioned=False, **kwargs):
    """Calls a Python function with the values."""
    _concrete((args, kwargs))
    callback(*args, **kwargs)
