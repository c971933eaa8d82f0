"""Functions of jax.numpy that take functions: piecewise, apply_along_axis, apply_over_axes, fromfunction, mask_indices."""
from .. import _cotan

_numpy = _cotan.bound_functions("numpy")
asarray, expand_dims, where = (_numpy[n] for n in ("asarray", "expand_dims", "where"))


def piecewise(x, condlist, funclist, *args, **kw):
    """Values of the function whose condition holds, the last of several; without one, of an extra last function, or zero.

    Functions are called with x and the further arguments; what is not a function is a constant.
    """
    x = asarray(x)
    conditions = list(condlist)
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        default = functions.pop()
    elif len(functions) == len(conditions):
        default = 0
    else:
        raise ValueError(f"with {len(conditions)} condition(s), either {len(conditions)} or {len(conditions) + 1} functions are expected; got {len(functions)}")
    evaluate = lambda f: asarray(f(x, *args, **kw) if callable(f) else f).astype(x.dtype)
    out = _numpy["broadcast_to"](evaluate(default), x.shape)
    for condition, f in zip(conditions, functions):
        out = where(asarray(condition).astype("bool"), evaluate(f), out)
    return out


def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    """A function of vectors, applied to all vectors along an axis, which the result's axes replace."""
    from .. import vmap
    arr = asarray(arr)
    if not -arr.ndim <= axis < arr.ndim:
        raise ValueError(f"axis {axis} is out of bounds for array of dimension {arr.ndim}")
    axis %= arr.ndim
    function = lambda v: func1d(v, *args, **kwargs)
    for i in range(1, arr.ndim - axis):
        function = vmap(function, in_axes=i, out_axes=-1)
    for _ in range(axis):
        function = vmap(function, in_axes=0, out_axes=0)
    return function(arr)


def apply_over_axes(func, a, axes):
    """func(a, axis) for one axis after the other; axes that it takes away come back with size one."""
    a = asarray(a)
    for axis in axes:
        b = func(a, axis)
        if b.ndim == a.ndim:
            a = b
        elif b.ndim == a.ndim - 1:
            a = expand_dims(b, axis)
        else:
            raise ValueError("function is not returning an array of the correct shape")
    return a


def fromfunction(function, shape, *, dtype=float, **kwargs):
    """The values of a function at all positions of an array."""
    from .. import vmap
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    mapped = lambda *args: function(*args, **kwargs)
    for i in range(len(shape)):
        mapped = vmap(mapped, in_axes=tuple(0 if j == len(shape) - 1 - i else None for j in range(len(shape))))
    return mapped(*(_numpy["arange"](n, dtype=dtype) for n in shape))


def mask_indices(n, mask_func, k=0, *, size=None):
    """Where a function of a square matrix and a number of diagonals leaves something other than zero."""
    return _numpy["nonzero"](mask_func(_numpy["ones"]((n, n)), k), size=size)
