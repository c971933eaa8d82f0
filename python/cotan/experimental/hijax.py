"""jax.experimental.hijax: types and primitives above the ones that programs are made of. Libraries may declare them; none can be used yet."""
from .._rules import Zero, instantiate_zeros, is_undefined_primal
from ..core import AbstractValue, ShapedArray
from ..ref import AbstractRef


def _missing(what):
    raise NotImplementedError(f"jax.experimental.hijax: {what}. Keep the value in arrays, pytrees of them or jax.new_ref instead.")


class _Effects:
    """The kinds of effects that loops and branches take."""

    def __init__(self):
        self._types = set()

    def add_type(self, effect_type):
        self._types.add(effect_type)

    def contains(self, effect_type):
        return any(issubclass(effect_type, t) for t in self._types)


control_flow_allowed_effects = _Effects()


class HiPrimitive:
    """A primitive on values of such types, or on others."""

    def __init__(self, name):
        self.name = name

    def bind(self, *_, **__):
        _missing(f"the primitive '{self.name}'")


class VJPHiPrimitive:
    """A primitive with a reverse-mode rule of its own."""

    def __call__(self, *_):
        _missing(f"the primitive {type(self).__name__}")


class HiType(AbstractValue):
    """A type that programs lower to arrays."""


class MutableHiType(HiType):
    """The same of values that change."""


class HiPspec:
    """How a value of such a type is split over devices."""


class AvalQDD:
    """A type, and what else is known of a value at some place of the program."""

    def __init__(self, aval, qdd):
        self.aval, self.qdd = aval, qdd


class AvalMutableQDD:
    """The same, which the program changes as it goes."""

    def __init__(self, aval, mutable_qdd):
        self.aval, self.mutable_qdd = aval, mutable_qdd


class aval_method:
    """A method that traced values take from their type."""

    def __init__(self, fun):
        self.fun = fun


class aval_property:
    """A property that traced values take from their type."""

    def __init__(self, fget):
        self.fget = fget


registered = {}  # class of a value -> function that gives its type


def register_hitype(val_cls, typeof_fn):
    """Says that objects of a class have the type that typeof_fn gives."""
    registered[val_cls] = typeof_fn
