"""Functions that take more forms of arguments than the stubs have words for: slices, functions, axes as numbers. They become calls of the functions of the stubs."""
from .. import _cotan

_numpy = _cotan.bound_functions("numpy")
_einsum, _pad, _delete, _insert = (_numpy[n] for n in ("einsum", "pad", "delete", "insert"))

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in the order of axes that no output names


def _letters(axes):
    """A letter for each axis, ascending with them."""
    axes = sorted(axes)
    if len(axes) > len(_LETTERS):
        raise ValueError(f"einsum: {len(axes)} different axes, at most {len(_LETTERS)} are possible")
    return dict(zip(axes, _LETTERS))


def _subscripts(args):
    """einsum(x, [0, 1], y, [1, 2], [0, 2]) as a text and operands: axes in ascending order become letters."""
    *pairs, output = args if len(args) % 2 else (*args, None)
    operands, lists = pairs[::2], pairs[1::2]
    letter = _letters({a for axes in lists for a in axes if a is not Ellipsis})
    letter[Ellipsis] = "..."
    text = lambda axes: "".join(letter[a] for a in axes)
    return ",".join(map(text, lists)) + ("" if output is None else "->" + text(output)), operands


def _spelt(subscripts, operands):
    """Subscripts as a text of letters, whatever the axes are called, and the operands."""
    if not isinstance(subscripts, str):
        return _subscripts((subscripts, *operands))
    names = set(subscripts) - set(" .,->")
    if not names <= set(_LETTERS):
        subscripts = subscripts.translate(str.maketrans(_letters(names)))
    return subscripts, operands


def einsum(subscripts, /, *operands, out=None, optimize="auto", precision=None, preferred_element_type=None, _dot_general=None, out_sharding=None):
    subscripts, operands = _spelt(subscripts, operands)

    def contract(*operands):
        return _einsum(subscripts, *operands, out=out, optimize=_order(optimize), precision=precision, preferred_element_type=preferred_element_type,
                       out_sharding=out_sharding)
    if _dot_general is None or _dot_general is _cotan.bound_functions("lax")["dot_general"]:
        return contract(*operands)
    return _with_products(contract, operands, _dot_general)


def _with_products(f, operands, dot_general):
    """f(*operands) with another function in place of lax.dot_general: its program, equation by equation."""
    from .._api import make_jaxpr
    from ..core import Literal
    program = make_jaxpr(f)(*operands)
    values = dict(zip(program.jaxpr.constvars + program.jaxpr.invars, [*program.consts, *operands]))
    read = lambda atom: atom.val if isinstance(atom, Literal) else values[atom]
    for eqn in program.eqns:
        given, p = [read(a) for a in eqn.invars], eqn.params
        if eqn.primitive.name == "dot_general":
            out = dot_general(*given, p["dimension_numbers"], precision=p["precision"], preferred_element_type=p["preferred_element_type"])
        else:
            out = eqn.primitive.bind(*given, **p)
        values.update(zip(eqn.outvars, out if eqn.primitive.multiple_results else [out]))
    return read(program.jaxpr.outvars[0])


def _order(optimize):
    """How terms are paired is this library's choice: a promise about speed, not values."""
    if optimize is not None and not isinstance(optimize, (bool, str, list, tuple)):
        raise TypeError(f"einsum: optimize is True, False, the name of a strategy or a path, not {optimize!r}")
    return "auto"


class PathInfo(str):
    """What einsum_path says about an order."""


def einsum_path(subscripts, /, *operands, optimize="auto"):
    subscripts, operands = _spelt(subscripts, operands)
    _order(optimize)
    n = len(operands)
    if isinstance(optimize, (list, tuple)):
        path = [tuple(step) for step in optimize]
    elif optimize is False or n < 3:
        path = [(0, 1)] * (n - 1) or [(0,)]
    else:
        path = [tuple(pair) for pair in _numpy["einsum_path"](subscripts, *operands).tolist()]
    return path, PathInfo(f"  Complete contraction:  {subscripts}\n" + "".join(f"  {step}\n" for step in path))


# which options go with a mode of pad
_PAD_OPTIONS = {"constant": {"constant_values"}, "linear_ramp": {"end_values"}, "reflect": {"reflect_type"}, "symmetric": {"reflect_type"},
                **dict.fromkeys(("maximum", "mean", "median", "minimum"), {"stat_length"}), **dict.fromkeys(("empty", "edge", "wrap"), set())}


def pad(array, pad_width, mode="constant", **kwargs):
    if callable(mode):
        return _pad_by_function(array, pad_width, mode, kwargs)
    if unsupported := set(kwargs) - _PAD_OPTIONS.get(mode, set(kwargs)):
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unsupported}")
    return _pad(array, pad_width, mode, **kwargs)


def _pad_by_function(array, pad_width, function, options):
    """Zeros all round, then what function(vector, (before, after), axis, options) makes of each vector along each axis."""
    from ._mapped import apply_along_axis
    from numpy import broadcast_to
    padded = _pad(array, pad_width)
    for axis, width in enumerate(broadcast_to(pad_width, (padded.ndim, 2)).tolist()):
        padded = apply_along_axis(function, axis, padded, tuple(width), axis, options)
    return padded


def _positions(a, obj, axis):
    """The positions that a slice of an axis means."""
    a = _numpy["asarray"](a)
    n = a.size if axis is None else a.shape[axis]
    return _numpy["arange"](*obj.indices(n))


def delete(arr, obj, axis=None, *, assume_unique_indices=False):
    if isinstance(obj, slice):
        obj = _positions(arr, obj, axis)
    return _delete(arr, obj, axis, assume_unique_indices=assume_unique_indices)


def insert(arr, obj, values, axis=None):
    return _insert(arr, _positions(arr, obj, axis) if isinstance(obj, slice) else obj, values, axis)


def set_printoptions(*args, **kwargs):
    """How arrays are printed: NumPy's options."""
    import numpy
    numpy.set_printoptions(*args, **kwargs)


for _f in (einsum, einsum_path, pad, delete, insert):
    _f.__doc__ = _numpy[_f.__name__].__doc__
