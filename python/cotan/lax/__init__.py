"""jax.lax: the operations themselves, without NumPy's conveniences."""
import enum
from .. import _cotan

globals().update(_cotan.bound_functions("lax"))
from ._control import associative_scan, cond, fori_loop, map, optimization_barrier, platform_dependent, scan, switch, while_loop
from ._solves import custom_linear_solve


class Precision(enum.Enum):
    """How precisely products of matrices are computed."""
    DEFAULT, HIGH, HIGHEST = 0, 1, 2


class GatherScatterMode(enum.Enum):
    """What an index out of bounds does."""
    CLIP, FILL_OR_DROP, PROMISE_IN_BOUNDS, ONE_HOT = range(4)


class RandomAlgorithm(enum.IntEnum):
    RNG_DEFAULT, RNG_THREE_FRY, RNG_PHILOX = range(3)


def reduce_window(operand, init_value, computation, window_dimensions, window_strides=None, padding="VALID", base_dilation=None, window_dilation=None):
    """Reduction over windows by one of lax's operations of two arrays: lax.add, lax.max, lax.min, lax.mul."""
    from ..numpy import asarray
    reducer = getattr(computation, "__name__", "")
    if reducer not in ("add", "max", "min", "mul"):
        raise NotImplementedError(f"reduce_window with {computation!r}; lax.add, lax.max, lax.min and lax.mul are available")
    operand = asarray(operand)
    return _reduce_window(operand, asarray(init_value, dtype=operand.dtype), reducer, window_dimensions, window_strides, padding, base_dilation,
                          window_dilation)


def __getattr__(name):
    raise AttributeError(f"module 'jax.lax' has no attribute {name!r}")
