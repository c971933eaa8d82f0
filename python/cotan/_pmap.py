"""jax.pmap: a function mapped over the devices there are, one slice of the arguments each."""
import functools

from ._cotan import jit, vmap
from .tree_util import tree_leaves


def pmap(fun, axis_name=None, *, in_axes=0, out_axes=0, static_broadcasted_argnums=(), devices=None, backend=None, axis_size=None,
         donate_argnums=(), global_arg_shapes=None):
    """Maps fun over the leading axis, whose length may not exceed the number of devices, and compiles it."""
    from ._api import device_count
    if static_broadcasted_argnums not in ((), None):
        raise NotImplementedError("pmap: static_broadcasted_argnums")
    mapped = jit(vmap(fun, in_axes=in_axes, out_axes=out_axes, axis_name=axis_name, axis_size=axis_size), donate_argnums=donate_argnums)
    available = device_count() if devices is None else len(devices)

    @functools.wraps(fun)
    def on_devices(*args, **kwargs):
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        sizes = {leaf.shape[axis] for arg, axis in zip(args, axes) if isinstance(axis, int) for leaf in tree_leaves(arg) if hasattr(leaf, "shape")}
        if sizes and max(sizes) > available:
            raise ValueError(f"compiling computation that requires {max(sizes)} logical devices, but only {available} XLA devices are available (num_replicas={max(sizes)})")
        return mapped(*args, **kwargs)

    return on_devices
