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


if "cond" not in globals():
    def cond(pred, true_fun, false_fun, *operands, operand=None, linear=None):
        """true_fun(*operands) where pred holds, else false_fun(*operands). Both must return the same structure, shapes and dtypes."""
        from .._api import eval_shape
        operands = operands or ((operand,) if operand is not None or not operands and true_fun.__code__.co_argcount else ())
        if isinstance(pred, _cotan.Array) and isinstance(pred, _cotan.Tracer):
            raise NotImplementedError("lax.cond of a traced predicate")
        shapes = [eval_shape(f, *operands) for f in (true_fun, false_fun)]
        if _cotan.tree_structure(shapes[0]) != _cotan.tree_structure(shapes[1]):
            raise TypeError(f"true_fun and false_fun output must have same type structure, got {shapes[0]} and {shapes[1]}.")
        out = (true_fun if pred else false_fun)(*operands)
        return _cotan.tree_map(_cotan._as_array, out)


def __getattr__(name):
    raise AttributeError(f"module 'jax.lax' has no attribute {name!r}")
