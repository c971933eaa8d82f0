"""Shapes and layouts worked out before there are arrays: of convolutions and of reductions over windows."""
from ._types import ConvDimensionNumbers

_LETTERS = "NC", "OI", "NC"


def conv_general_permutations(dimension_numbers):
    """Positions of (batch, feature, spatial...) in three layouts, such as ('NHWC', 'HWIO', 'NHWC'); the kernel gives the order of the spatial ones."""
    for i, (layout, letters) in enumerate(zip(dimension_numbers, _LETTERS)):
        if any(layout.count(c) != 1 for c in letters):
            raise TypeError(f"convolution dimension_numbers[{i}] must contain the characters '{letters[0]}' and '{letters[1]}' exactly once, got {layout}.")
        if len(set(layout)) != len(layout):
            raise TypeError(f"convolution dimension_numbers[{i}] cannot have duplicate characters, got {layout}.")
    lhs, rhs, out = dimension_numbers
    spatial = [c for c in rhs if c not in "OI"]
    if set(lhs) - set("NC") != set(spatial) or set(out) - set("NC") != set(spatial):
        raise TypeError(f"convolution dimension_numbers elements must each have the same set of spatial characters, got {dimension_numbers}.")
    return tuple(tuple(layout.index(c) for c in [*letters, *spatial]) for layout, letters in zip(dimension_numbers, _LETTERS))


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
    if not all(isinstance(layout, str) for layout in dimension_numbers):
        raise TypeError(f"convolution dimension_numbers elements must be strings, got {tuple(map(type, dimension_numbers))}.")
    for i, layout in enumerate(dimension_numbers):
        if len(layout) != ndim:
            raise TypeError(f"convolution dimension_numbers[{i}] must have len equal to the ndim of lhs and rhs, got {len(layout)} for lhs and rhs shapes "
                            f"{tuple(lhs_shape)} and {tuple(rhs_shape)}.")
    return ConvDimensionNumbers(*conv_general_permutations(dimension_numbers))


def _windows(size, window, stride):
    """How many windows fit."""
    return 0 if size < window else (size - window) // stride + 1


def _dilated(shape, dilation):
    return shape if dilation is None else tuple(n and 1 + d * (n - 1) for n, d in zip(shape, dilation))


def padtype_to_pads(in_shape, window_shape, window_strides, padding):
    """The pairs (low, high) that 'SAME', 'SAME_LOWER' or 'VALID' stand for."""
    word = padding.upper() if isinstance(padding, str) else getattr(padding, "name", None)
    if word not in ("SAME", "SAME_LOWER", "VALID"):
        if isinstance(padding, str):
            raise RuntimeError(f"Unrecognized padding type: expected 'VALID', 'SAME', or 'SAME_LOWER', got {padding}.")
        raise TypeError(f"Unknown padding type: {padding}.")
    if word == "VALID":
        return [(0, 0)] * len(in_shape)
    totals = [int(max((-(-n // s) - 1) * s + w - n, 0)) for n, w, s in zip(in_shape, window_shape, window_strides)]
    return [(t // 2, t - t // 2) if word == "SAME" else (t - t // 2, t // 2) for t in totals]


def reduce_window_shape_tuple(operand_shape, window_dimensions, window_strides, padding, base_dilation=None, window_dilation=None):
    """The shape of a reduction over windows."""
    sizes, windows = _dilated(operand_shape, base_dilation), _dilated(window_dimensions, window_dilation)
    return tuple(_windows(n + low + high, w, s) for n, (low, high), w, s in zip(sizes, padding, windows, window_strides))


def conv_shape_tuple(lhs_shape, rhs_shape, strides, pads, batch_group_count=1):
    """The shape of a convolution of (batch, feature, spatial...) by (out, in, spatial...)."""
    if isinstance(pads, str):
        pads = padtype_to_pads(lhs_shape[2:], rhs_shape[2:], strides, pads)
    if len(pads) != len(lhs_shape) - 2:
        raise TypeError(f"Wrong number of explicit pads for convolution: expected {len(lhs_shape) - 2}, got {len(pads)}.")
    sizes = [n + low + high for n, (low, high) in zip(lhs_shape[2:], pads)]
    if any(n < 0 for n in sizes):
        raise ValueError(f"Negative padding is larger than the size of the corresponding dimension: got padding={pads} for lhs_shape[2:]={lhs_shape[2:]}")
    return (lhs_shape[0] // batch_group_count, rhs_shape[0], *map(_windows, sizes, rhs_shape[2:], strides))


def _arranged(shape, positions):
    """A shape in the order batch, feature, spatial... with each size where its position says."""
    return tuple(size for _, size in sorted(zip(positions, shape)))


def conv_general_shape_tuple(lhs_shape, rhs_shape, window_strides, padding, dimension_numbers):
    """The shape of a convolution of operands in any layouts."""
    lhs, rhs, out = conv_general_permutations(dimension_numbers)
    return _arranged(conv_shape_tuple([lhs_shape[i] for i in lhs], [rhs_shape[i] for i in rhs], window_strides, padding), out)


def _undone_padding(k, s, padding):
    """How much longer a transposed convolution is than its windows side by side."""
    if padding == "SAME":
        return k + s - 2
    if padding == "VALID":
        return k + s - 2 + max(k - s, 0)
    raise ValueError(f"Invalid padding mode: {padding}")


def conv_transpose_shape_tuple(lhs_shape, rhs_shape, window_strides, padding, dimension_numbers):
    """The shape of a transposed convolution; pairs are the padding of the operand that is spread."""
    lhs, rhs, out = conv_general_permutations(dimension_numbers)
    lhs_shape, rhs_shape = [lhs_shape[i] for i in lhs], [rhs_shape[i] for i in rhs]
    windows = rhs_shape[2:]
    pads = [_undone_padding(k, s, padding) for k, s in zip(windows, window_strides)] if isinstance(padding, str) else map(sum, padding)
    spatial = [(n - 1) * s - k + 2 + p for n, s, k, p in zip(lhs_shape[2:], window_strides, windows, pads)]
    return _arranged((lhs_shape[0], rhs_shape[0], *spatial), out)
