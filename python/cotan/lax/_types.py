"""What some arguments of jax.lax are said with: how to round, how precisely to compute, which dimensions belong together."""
import enum
from collections import namedtuple
from collections.abc import Sequence
from typing import Any, NamedTuple, Union


class Precision(enum.Enum):
    """How precisely products of matrices are computed."""
    DEFAULT, HIGH, HIGHEST = 0, 1, 2


class AccuracyMode(enum.Enum):
    """How accurately functions of one number are computed: here within two units in the last place, whatever is asked for."""
    HIGHEST, DEFAULT = 1, 2


class Tolerance:
    """How far a function of one number may be from the true value."""

    def __init__(self, atol: float = 0.0, rtol: float = 0.0, ulps: int = 0):
        if min(atol, rtol, ulps) < 0:
            raise ValueError("Tolerances must be non-negative.")
        if not (atol or rtol or ulps):
            raise ValueError("At least one of atol, rtol, or ulps must be set.")
        self.atol, self.rtol, self.ulps = atol, rtol, ulps


class RoundingMethod(enum.IntEnum):
    """Where halves are rounded to."""
    AWAY_FROM_ZERO, TO_NEAREST_EVEN = 0, 1


class GatherScatterMode(enum.Enum):
    """What an index out of bounds does."""
    CLIP, FILL_OR_DROP, PROMISE_IN_BOUNDS, ONE_HOT = range(4)

    @staticmethod
    def from_any(s):
        """The member itself, or the one of a word: None, 'fill' and 'drop' mean FILL_OR_DROP."""
        if isinstance(s, GatherScatterMode):
            return s
        name = {None: "FILL_OR_DROP", "fill": "FILL_OR_DROP", "drop": "FILL_OR_DROP"}.get(s, str(s).upper())
        if name not in GatherScatterMode.__members__:
            raise ValueError(f'Unknown gather mode "{s}"')
        return GatherScatterMode[name]


class RandomAlgorithm(enum.IntEnum):
    RNG_DEFAULT, RNG_THREE_FRY, RNG_PHILOX = range(3)


class FftType(enum.IntEnum):
    """What a Fourier transform takes and gives."""
    FFT, IFFT, RFFT, IRFFT = range(4)


class DotAlgorithm(NamedTuple):
    """How a product is computed: what its operands are rounded to, and what sums are kept in."""
    lhs_precision_type: Any
    rhs_precision_type: Any
    accumulation_type: Any
    lhs_component_count: int = 1
    rhs_component_count: int = 1
    num_primitive_operations: int = 1
    allow_imprecise_accumulation: bool = False


class DotAlgorithmPreset(enum.Enum):
    """Algorithms with a name. On the CPU products take those of float32 and float64."""
    (DEFAULT, ANY_F8_ANY_F8_F32, ANY_F8_ANY_F8_F32_FAST_ACCUM, ANY_F8_ANY_F8_ANY, ANY_F8_ANY_F8_ANY_FAST_ACCUM, F16_F16_F16, F16_F16_F32, BF16_BF16_BF16, BF16_BF16_F32,
     BF16_BF16_F32_X3, BF16_BF16_F32_X6, BF16_BF16_F32_X9, TF32_TF32_F32, TF32_TF32_F32_X3, F32_F32_F32, F64_F64_F64) = range(1, 17)

    def __repr__(self):
        return f"DotAlgorithmPreset.{self.name}"

    def __str__(self):
        return self.name


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


class RaggedDotDimensionNumbers(namedtuple("RaggedDotDimensionNumbers", "dot_dimension_numbers lhs_ragged_dimensions rhs_group_dimensions")):
    """A product's dimension numbers, the dimension of the left operand that is cut into groups, and the right operand's dimension of groups."""

    def __new__(cls, dot_dimension_numbers, lhs_ragged_dimensions, rhs_group_dimensions):
        pairs = tuple(tuple(map(tuple, pair)) for pair in dot_dimension_numbers)
        return super().__new__(cls, pairs, tuple(lhs_ragged_dimensions), tuple(rhs_group_dimensions))


DotDimensionNumbers = tuple[tuple[Sequence[int], Sequence[int]], tuple[Sequence[int], Sequence[int]]]
ConvGeneralDilatedDimensionNumbers = Union[tuple[str, str, str], ConvDimensionNumbers, None]
PrecisionLike = Union[None, str, Precision, tuple[str, str], tuple[Precision, Precision], DotAlgorithm, DotAlgorithmPreset]
