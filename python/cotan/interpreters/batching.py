"""jax.interpreters.batching: primitives along one more axis."""
from .. import _cotan
from .._rules import AxisData, fancy_primitive_batchers, primitive_batchers

BatchTrace, BatchTracer = _cotan.BatchTrace, _cotan.BatchTracer
not_mapped = None
NotMapped = type(None)


class _AxisRules:
    """Where libraries put rules in their older form: rule(axis_size, axis_name, main_type, operands, dims, **params)."""

    def __setitem__(self, primitive, rule):
        fancy_primitive_batchers[primitive] = lambda axis, operands, dims, **params: rule(axis.size, axis.name, None, operands, dims, **params)


axis_primitive_batchers = _AxisRules()


def moveaxis(x, source, destination):
    from ..numpy import moveaxis as move
    return x if source == destination else move(x, source, destination)


def broadcast(x, sz, axis, mesh_axis=None):
    """x with a new axis of size sz, along which it is constant."""
    from ..numpy import broadcast_to, expand_dims
    x = expand_dims(x, axis)
    axis %= x.ndim
    return broadcast_to(x, (*x.shape[:axis], sz, *x.shape[axis + 1:]))


def bdim_at_front(x, bdim, size, mesh_axis=None):
    """x with its mapped axis in front, made where there is none."""
    return broadcast(x, size, 0) if bdim is not_mapped else moveaxis(x, bdim, 0)


def matchaxis(axis_name, size, mesh_axis, src, dst, x, sum_match=False):
    """x with its mapped axis moved from src to dst."""
    if src is not_mapped:
        return x if dst is not_mapped else broadcast(x, size, dst)
    if dst is not_mapped:
        if sum_match:
            return x.sum(src)
        raise ValueError(f"vmap has mapped output ({axis_name=}) but out_axes is {dst}")
    return moveaxis(x, src, dst)


def defvectorized(prim):
    """A primitive that treats all axes alike."""
    primitive_batchers[prim] = lambda operands, dims, **params: (prim.bind(*operands, **params), dims[0])


def defbroadcasting(prim):
    """An elementwise primitive of several operands."""
    def rule(operands, dims, **params):
        size = next(x.shape[d] for x, d in zip(operands, dims) if d is not not_mapped)
        if len(set(dims)) == 1 and len({x.shape for x in operands}) == 1:
            return prim.bind(*operands, **params), dims[0]
        ndim = max(x.ndim + (d is not_mapped) for x, d in zip(operands, dims))
        return prim.bind(*[_aligned(x, d, size, ndim) for x, d in zip(operands, dims)], **params), 0
    primitive_batchers[prim] = rule


def _aligned(x, dim, size, ndim):
    """The mapped axis in front and axes of size one behind it."""
    x = bdim_at_front(x, dim, size)
    return x.reshape((size, *(1,) * (ndim - x.ndim), *x.shape[1:]))


def defreducer(prim):
    """A reduction over the parameter `axes`."""
    def rule(operands, dims, axes, **params):
        (x,), (dim,) = operands, dims
        axes = tuple(a + (a >= dim) for a in axes)
        return prim.bind(x, axes=axes, **params), dim - sum(a < dim for a in axes)
    primitive_batchers[prim] = rule
