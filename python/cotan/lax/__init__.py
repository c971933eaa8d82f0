"""jax.lax: the operations themselves, without NumPy's conveniences."""
import enum
from .. import _cotan

globals().update(_cotan.bound_functions("lax"))
from ._control import cond, switch


class Precision(enum.Enum):
    """How precisely products of matrices are computed."""
    DEFAULT, HIGH, HIGHEST = 0, 1, 2


class GatherScatterMode(enum.Enum):
    """What an index out of bounds does."""
    CLIP, FILL_OR_DROP, PROMISE_IN_BOUNDS, ONE_HOT = range(4)


class RandomAlgorithm(enum.IntEnum):
    RNG_DEFAULT, RNG_THREE_FRY, RNG_PHILOX = range(3)


def __getattr__(name):
    raise AttributeError(f"module 'jax.lax' has no attribute {name!r}")
