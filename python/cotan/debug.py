"""jax.debug: looking at values while a program runs."""
from string import Formatter as _Formatter

from ._callback import debug_callback as callback, debug_print as _print
from ._debugger import breakpoint


class _Check(_Formatter):
    """Finds arguments that a format does not use."""

    def format_field(self, value, spec):
        return ""

    def convert_field(self, value, conversion):
        return value

    def check_unused_args(self, used, args, kwargs):
        unused = [a for i, a in enumerate(args) if i not in used]
        if unused:
            raise ValueError(f"Unused positional arguments to `jax.debug.print`: {unused}")
        unused = [k for k in kwargs if k not in used]
        if unused:
            raise ValueError(f"Unused keyword arguments to `jax.debug.print`: {unused}. You may be passing an f-string (i.e, `f\"{{x}}\"`) into "
                             "`jax.debug.print` and instead should pass in a regular string.")


def _formatted(write, fmt, args, kwargs, ordered, partitioned, skip_format_check):
    if not isinstance(fmt, str):
        raise TypeError(f"expected str, got {type(fmt).__name__}")
    if not skip_format_check:
        _Check().vformat(fmt, args, kwargs)
    _print(write, fmt, args, kwargs, ordered, partitioned)


def print(fmt, *args, ordered=False, partitioned=False, skip_format_check=False, **kwargs):
    """Prints the formatted values whenever the program runs; fmt is that of str.format.

    Under vmap a line is printed for each element.
    """
    import builtins
    _formatted(builtins.print, fmt, args, kwargs, ordered, partitioned, skip_format_check)


def log(fmt, *args, ordered=False, partitioned=False, skip_format_check=False, **kwargs):
    """The same as a record of level INFO of the logger "jax.debug"."""
    import logging
    _formatted(logging.getLogger("jax.debug").info, fmt, args, kwargs, ordered, partitioned, skip_format_check)


def inspect_array_sharding(value, *, callback):
    """Calls callback with the sharding of a value, which is known before the program runs: there is one device."""
    from .sharding import SingleDeviceSharding
    from .tree_util import tree_map
    tree_map(lambda _: callback(SingleDeviceSharding()), value)


def visualize_sharding(shape, sharding, **_):
    """Draws which device holds which part of an array of this shape."""
    import builtins
    device = next(iter(sharding.device_set))
    label = f" {device.platform.upper()} {device.id} "
    builtins.print("\n".join(("┌" + "─" * len(label) + "┐", "│" + label + "│", "└" + "─" * len(label) + "┘")))


def visualize_array_sharding(arr, **kwargs):
    """Draws which device holds which part of an array."""
    inspect_array_sharding(arr, callback=lambda sharding: visualize_sharding(arr.shape, sharding, **kwargs))
