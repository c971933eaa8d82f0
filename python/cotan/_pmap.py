"""jax.pmap: a function mapped over the devices there are, one slice of the arguments each."""
import functools

from ._cotan import jit, vmap
from .tree_util import tree_leaves


def _numbers(n):
    return (n,) if isinstance(n, int) else tuple(n or ())


def pmap(fun, axis_name=None, *, in_axes=0, out_axes=0, static_broadcasted_argnums=(), devices=None, backend=None, axis_size=None,
         donate_argnums=(), global_arg_shapes=None):
    """Maps fun over the leading axis, whose length may not exceed the number of devices, and compiles it.

    static_broadcasted_argnums: positional arguments that are the same everywhere and part of the program, of any hashable type.
    """
    from ._api import device_count
    static = _numbers(static_broadcasted_argnums)
    available = device_count() if devices is None else len(devices)

    def axes_of(n):
        return tuple(in_axes) if isinstance(in_axes, (tuple, list)) else (in_axes,) * n

    @functools.wraps(fun)
    def mapped(*args, **kwargs):
        fixed = {i % len(args): args[i] for i in static}
        moving = [i for i in range(len(args)) if i not in fixed]

        def of_moving(*values, **kwargs):
            given = fixed | dict(zip(moving, values))
            return fun(*(given[i] for i in range(len(args))), **kwargs)
        axes = axes_of(len(args)) if fixed else in_axes
        inner = functools.wraps(fun)(of_moving) if fixed else fun
        return vmap(inner, in_axes=tuple(axes[i] for i in moving) if fixed else axes, out_axes=out_axes, axis_name=axis_name, axis_size=axis_size)(
            *(args[i] for i in moving), **kwargs)

    compiled = jit(mapped, static_argnums=static, donate_argnums=donate_argnums)

    @functools.wraps(fun)
    def on_devices(*args, **kwargs):
        if static and max(static) >= len(args):
            raise ValueError(f"pmapped function has static_broadcasted_argnums={static} but was called with only {len(args)} positional "
                             f"argument{'' if len(args) == 1 else 's'}. All static broadcasted arguments must be passed positionally.")
        fixed = {i % len(args) for i in static}
        sizes = {leaf.shape[axis] for i, (arg, axis) in enumerate(zip(args, axes_of(len(args)))) if isinstance(axis, int) and i not in fixed
                 for leaf in tree_leaves(arg) if hasattr(leaf, "shape")}
        if sizes and max(sizes) > available:
            raise ValueError(f"compiling computation that requires {max(sizes)} logical devices, but only {available} XLA devices are available (num_replicas={max(sizes)})")
        return compiled(*args, **kwargs)

    return on_devices
