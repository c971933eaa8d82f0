"""jax.lax: the operations themselves, without NumPy's conveniences."""
from .. import _cotan

globals().update(_cotan.bound_functions("lax"))
from ._control import associative_scan, composite, cond, fori_loop, map, optimization_barrier, platform_dependent, scan, switch, while_loop
from ._shapes import (conv_dimension_numbers, conv_general_permutations, conv_general_shape_tuple, conv_shape_tuple, conv_transpose_shape_tuple, padtype_to_pads,
                      reduce_window_shape_tuple)
from ._solves import custom_linear_solve, custom_root
from ._tokens import after_all, create_token
from ._types import (AccuracyMode, ConvDimensionNumbers, ConvGeneralDilatedDimensionNumbers, DotAlgorithm, DotAlgorithmPreset, DotDimensionNumbers, FftType,
                     GatherDimensionNumbers, GatherScatterMode, Precision, PrecisionLike, RaggedDotDimensionNumbers, RandomAlgorithm, RoundingMethod,
                     ScatterDimensionNumbers, Tolerance)


def axis_size(axis_name):
    """How many positions a named axis has."""
    from .._api import ensure_compile_time_eval
    with ensure_compile_time_eval():
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


def dce_sink(val):
    """Uses the arrays of a tree: what computes them is not dropped from programs."""
    from ..core import _primitive
    from ..tree_util import tree_leaves
    for x in tree_leaves(val):
        _primitive("dce_sink_p").bind(x, prevent_mlir_dce=False)


def pcast(x, axis_name, *, to):
    """A tree whose arrays are said to differ along mesh axes, or to be summed there, from here on: on one device they are what they were."""
    from ..core import unsafe_get_axis_names_DO_NOT_USE as axis_names
    if isinstance(axis_name, (set, frozenset)):
        raise TypeError(f"pcast takes a name or a tuple of names, got axis_name={axis_name}.")
    if axis_name and to not in ("varying", "reduced", "unreduced"):
        raise ValueError(f"pcast goes to 'varying', 'reduced' or 'unreduced', got to={to!r}.")
    names = axis_name if isinstance(axis_name, tuple) else (axis_name,)
    if not set(names) <= set(axis_names()):
        raise ValueError(f"pcast is for functions under jax.shard_map; these axes are not bound: {names}.")
    return x


def stage(x, /):
    """A number as an array."""
    return _cotan._as_array(x)


def __getattr__(name):
    """sin_p and its like."""
    if name == "with_sharding_constraint":
        from ..sharding import with_sharding_constraint
        return with_sharding_constraint
    if name.endswith("_p"):
        from ..extend.core import primitives
        found = getattr(primitives, name, None)
        if found is not None:
            return found
    if name == "linalg":
        from importlib import import_module
        return import_module(".linalg", __name__)
    raise AttributeError(f"module 'jax.lax' has no attribute {name!r}")
