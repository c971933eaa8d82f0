"""jax.ref: mutable arrays. A reference is read by ref[...], written by ref[...] = x, inside transformed functions too."""
from . import _cotan
from ._cotan import Ref
from ._cotan import _freeze as freeze
from .core import ShapedArray


class AbstractRef:
    """The type of a reference: that of its value."""
    __slots__ = ("inner_aval",)

    def __init__(self, inner_aval):
        self.inner_aval = inner_aval

    shape = property(lambda self: self.inner_aval.shape)
    dtype = property(lambda self: self.inner_aval.dtype)
    ndim = property(lambda self: self.inner_aval.ndim)
    size = property(lambda self: self.inner_aval.size)
    weak_type = property(lambda self: self.inner_aval.weak_type)
    is_ref = True

    def str_short(self, short_dtypes=False, **_):
        return f"Ref{{{self.inner_aval.str_short(short_dtypes)}}}"

    def __repr__(self):
        return self.str_short()

    def __eq__(self, other):
        return type(other) is AbstractRef and self.inner_aval == other.inner_aval

    def __hash__(self):
        return hash((AbstractRef, self.inner_aval))


def aval_of(ref):
    return AbstractRef(ShapedArray(ref.shape, ref.dtype, ref.weak_type))


def sharding_of(ref):
    from ._device import SingleDeviceSharding
    return SingleDeviceSharding()


def new_ref(init_val, *, memory_space=None, kind=None):
    """A mutable array whose first value is init_val."""
    return _cotan._new_ref(init_val)


def empty_ref(ty, *, memory_space=None, kind=None):
    """A mutable array of this type; its first value is zero."""
    from .numpy import zeros
    return _cotan._new_ref(zeros(ty.shape, ty.dtype))


def free_ref(ref):
    """Says that a reference is not used any more."""
    _cotan._freeze(ref)


def get(ref, idx=None):
    """ref[idx]; all of it without idx."""
    return ref[... if idx is None else idx]


def set(ref, idx, value):
    """ref[idx] = value"""
    ref[idx] = value


def swap(ref, idx, value):
    """Sets ref[idx] to value and returns what was there."""
    return _cotan._ref_swap(ref, ... if idx is None else idx, value)


def addupdate(ref, idx, x):
    """ref[idx] += x as one operation."""
    _cotan._ref_add(ref, ... if idx is None else idx, x)
