"""jax.pmap within one process: one compiled program over the mapped axis, which may not be longer than there are devices."""
from . import _cotan


def pmap(fun, axis_name=None, *, in_axes=0, out_axes=0, static_broadcasted_argnums=(), devices=None, backend=None, axis_size=None, donate_argnums=()):
    """fun mapped over an axis whose length is at most the number of devices."""
    from ._api import device_count
    if static_broadcasted_argnums not in ((), None):
        raise NotImplementedError("pmap with static_broadcasted_argnums")
    mapped = _cotan.jit(_cotan.vmap(fun, in_axes, out_axes, axis_name, axis_size))
    available = len(devices) if devices is not None else device_count()

    def parallel(*args, **kwargs):
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        for arg, axis in zip(args, axes):
            for leaf in _cotan.tree_leaves(arg) if isinstance(axis, int) else ():
                if leaf.shape[axis] > available:
                    raise ValueError(f"compiling computation `{mapped.__name__}` that requires {leaf.shape[axis]} logical devices, but only {available} "
                                     "XLA devices are available")
        return mapped(*args, **kwargs)

    parallel.__name__, parallel.__wrapped__ = mapped.__name__, fun
    return parallel
