"""jax.lax: the operations themselves, without NumPy's conveniences."""
import enum
from typing import NamedTuple

from .. import _cotan

globals().update(_cotan.bound_functions("lax"))
from ._control import associative_scan, cond, fori_loop, map, optimization_barrier, platform_dependent, scan, switch, while_loop
from ._solves import custom_linear_solve, custom_root


class Precision(enum.Enum):
    """How precisely products of matrices are computed."""
    DEFAULT, HIGH, HIGHEST = 0, 1, 2


class GatherScatterMode(enum.Enum):
    """What an index out of bounds does."""
    CLIP, FILL_OR_DROP, PROMISE_IN_BOUNDS, ONE_HOT = range(4)


class RandomAlgorithm(enum.IntEnum):
    RNG_DEFAULT, RNG_THREE_FRY, RNG_PHILOX = range(3)


class GatherDimensionNumbers(NamedTuple):
    """Which dimensions of a gather's operand, indices and result belong together."""
    offset_dims: tuple
    collapsed_slice_dims: tuple
    start_index_map: tuple
    operand_batching_dims: tuple = ()
    start_indices_batching_dims: tuple = ()


class ScatterDimensionNumbers(NamedTuple):
    """The same for a scatter's operand, indices and updates."""
    update_window_dims: tuple
    inserted_window_dims: tuple
    scatter_dims_to_operand_dims: tuple
    operand_batching_dims: tuple = ()
    scatter_indices_batching_dims: tuple = ()


class ConvDimensionNumbers(NamedTuple):
    """Positions of (batch, feature, spatial...) in a convolution's operands and result; of the kernel (out, in, spatial...)."""
    lhs_spec: tuple
    rhs_spec: tuple
    out_spec: tuple


def conv_dimension_numbers(lhs_shape, rhs_shape, dimension_numbers):
    """Positions from the letters of three layouts, as in ('NHWC', 'HWIO', 'NHWC'); None means features before spatial axes."""
    if isinstance(dimension_numbers, ConvDimensionNumbers):
        return dimension_numbers
    ndim = len(lhs_shape)
    if len(rhs_shape) != ndim:
        raise TypeError(f"convolution requires lhs and rhs ndim to be equal, got {ndim} and {len(rhs_shape)}.")
    if dimension_numbers is None:
        return ConvDimensionNumbers(*[tuple(range(ndim))] * 3)
    if not isinstance(dimension_numbers, (tuple, list)):
        raise TypeError(f"convolution dimension_numbers must be tuple/list or None, got {type(dimension_numbers)}.")
    if len(dimension_numbers) != 3:
        raise TypeError(f"convolution dimension_numbers list/tuple must be length 3, got {len(dimension_numbers)}.")
    for i, (layout, letters) in enumerate(zip(dimension_numbers, ("NC", "OI", "NC"))):
        if len(layout) != ndim:
            raise TypeError(f"convolution dimension_numbers[{i}] must have len equal to the ndim of lhs and rhs, got {len(layout)} for lhs and rhs shapes "
                            f"{tuple(lhs_shape)} and {tuple(rhs_shape)}.")
        if any(layout.count(c) != 1 for c in letters) or len(set(layout)) != ndim:
            raise TypeError(f"convolution dimension_numbers[{i}] must contain the characters '{letters[0]}' and '{letters[1]}' exactly once, got {layout}.")
    lhs, rhs, out = dimension_numbers
    spatial = [c for c in rhs if c not in "OI"]
    if set(lhs) - set("NC") != set(spatial) or set(out) - set("NC") != set(spatial):
        raise TypeError(f"convolution dimension_numbers elements must each have the same set of spatial characters, got {dimension_numbers}.")
    return ConvDimensionNumbers(*(tuple(layout.index(c) for c in [*letters, *spatial]) for layout, letters in zip(dimension_numbers, ("NC", "OI", "NC"))))


class FftType(enum.IntEnum):
    """What a Fourier transform takes and gives."""
    FFT, IFFT, RFFT, IRFFT = range(4)


def axis_size(axis_name):
    """How many positions a named axis has."""
    return int(_axis_size(axis_name))


def broadcast_shapes(*shapes):
    """The shape that arrays of these shapes broadcast to."""
    from ..numpy import broadcast_shapes as of
    return of(*shapes)


def dtype(x):
    """NumPy's dtype of an array or number."""
    return _cotan._result_type(x)


def empty(shape, dtype, *, out_sharding=None):
    """An array of a shape, whose elements are zeros."""
    return full(shape, 0, dtype)


def approx_max_k(operand, k, reduction_dimension=-1, recall_target=0.95, reduction_input_size_override=-1, aggregate_to_topk=True):
    """The k largest elements along an axis and their positions: exactly, since that is no slower here."""
    return top_k(operand, k, axis=reduction_dimension)


def approx_min_k(operand, k, reduction_dimension=-1, recall_target=0.95, reduction_input_size_override=-1, aggregate_to_topk=True):
    """The k smallest elements along an axis and their positions: exactly, since that is no slower here."""
    values, indices = top_k(neg(operand), k, axis=reduction_dimension)
    return neg(values), indices


def __getattr__(name):
    """sin_p and its like."""
    if name.endswith("_p"):
        from ..core import _primitive
        found = _primitive(name)
        if found is not None:
            return found
    if name == "linalg":
        from importlib import import_module
        return import_module(".linalg", __name__)
    raise AttributeError(f"module 'jax.lax' has no attribute {name!r}")
