"""jax.scipy.interpolate."""
from .. import _cotan, numpy
from ..tree_util import register_pytree_node

_interpolate = _cotan.bound_functions("scipy.interpolate")["_interpolate"]


def _known(method):
    if method not in ("linear", "nearest"):
        raise ValueError(f"method {method!r} is not defined")
    return method


class RegularGridInterpolator:
    """A function between the points of a grid, from its values there.

    Args:
      points: for each axis the places of the grid, ascending.
      values: one axis for each of these, then any others.
      method: 'linear' or 'nearest'.
      fill_value: outside the grid; None goes on with the outermost cells.
    """

    def __init__(self, points, values, method="linear", bounds_error=False, fill_value=numpy.nan):
        self.method, self.bounds_error = _known(method), bounds_error
        if bounds_error:
            raise NotImplementedError("`bounds_error` takes no effect under JIT")
        if len(points) > numpy.ndim(values):
            raise ValueError(f"there are {len(points)} point arrays, but values has {numpy.ndim(values)} dimensions")
        values = numpy.asarray(values)
        self.values = values if numpy.issubdtype(values.dtype, numpy.inexact) else values.astype(float)
        self.grid = tuple(numpy.asarray(p) for p in points)
        self.fill_value = None if fill_value is None else numpy.asarray(fill_value)
        if fill_value is not None and not numpy.can_cast(self.fill_value.dtype, self.values.dtype, casting="same_kind"):
            raise ValueError("fill_value must be either 'None' or of a type compatible with values")

    def __call__(self, xi, method=None):
        """The values at xi: an array [..., axes], or a tuple with an array for each axis."""
        nearest = _known(self.method if method is None else method) == "nearest"
        if isinstance(xi, tuple):
            xi = xi[0] if len(xi) == 1 else numpy.stack(numpy.broadcast_arrays(*map(numpy.asarray, xi)), axis=-1)
        xi = numpy.asarray(xi)
        if xi.ndim == 1:
            xi = xi.reshape(-1, len(self.grid))
        return _interpolate(self.grid, self.values, xi, self.fill_value, nearest)


register_pytree_node(RegularGridInterpolator, lambda f: ((f.grid, f.values, f.fill_value), (f.method, f.bounds_error)),
                     lambda aux, children: _restored(aux, *children))


def _restored(aux, grid, values, fill_value):
    f = object.__new__(RegularGridInterpolator)
    f.grid, f.values, f.fill_value, (f.method, f.bounds_error) = grid, values, fill_value, aux
    return f
