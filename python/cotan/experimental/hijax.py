"""jax.experimental.hijax: types and primitives above the ones that programs are made of.

Values of such types are objects of a program's own classes. A jitted function never sees them as such: where one is an argument, the arrays that it consists of are
arguments, a value is made of them inside, and what it consists of at the end are results, which the caller's value gets."""
from functools import wraps
from weakref import WeakKeyDictionary

from .. import _cotan
from .._api import jit
from .._rules import Zero, instantiate_zeros, is_undefined_primal
from ..core import AbstractValue, ShapedArray, high_types
from ..ref import AbstractRef
from ..tree_util import register_pytree_node, tree_map


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
    """A primitive on values of such types, or on others. Its implementation is interpreted where it stands: programs consist of what that is made of."""
    multiple_results = False

    def __init__(self, name):
        self.name = name

    def bind(self, *args, **params):
        return self.impl(*args, **params)

    def __repr__(self):
        return self.name


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


def register_hitype(val_cls, typeof_fn):
    """Says that objects of a class have the type that typeof_fn gives."""
    high_types[val_cls] = typeof_fn
    _cotan._high_types(high_types)


def cur_qdd(x):
    """What is known of a value beside its type, as it is now."""
    return x.cur_qdd()


# ---- calls ----

class _Arrays:
    """The arrays that a value consists of, and what it is made of them by: its type, and what is known of it."""

    def __init__(self, arrays, hitype, qdd):
        self.arrays, self.hitype, self.qdd = arrays, hitype, qdd

    @staticmethod
    def of(x):
        hitype = high_types[type(x)](x)
        if not hitype.has_qdd:
            _missing(f"a value of the type {hitype}, which does not change, as an argument")
        qdd = cur_qdd(x)
        return _Arrays(hitype.read_loval(qdd, x), hitype, qdd)


class _Place:
    """Stands for a value among the arguments of a call, by its number."""

    def __init__(self, at):
        self.at = at


register_pytree_node(_Arrays, lambda a: (a.arrays, (a.hitype, a.qdd)), lambda aux, arrays: _Arrays(arrays, *aux))
register_pytree_node(_Place, lambda p: ((), p.at), lambda at, _: _Place(at))


def _apart(args, kwargs):
    """The values among the arguments, each once, and the arguments with places in their stead."""
    values, numbers = [], {}

    def place(x):
        if type(x) not in high_types:
            return x
        if id(x) not in numbers:
            numbers[id(x)] = len(values)
            values.append(x)
        return _Place(numbers[id(x)])
    return values, tree_map(place, (args, kwargs))


def _lowered(fun):
    """fun taking what values consist of: its result, and what they consist of at the end."""
    def low(arrays, *args, **kwargs):
        values = [a.hitype.new_from_loval(a.qdd, *a.arrays) for a in arrays]
        args, kwargs = tree_map(lambda x: values[x.at] if isinstance(x, _Place) else x, (args, kwargs), is_leaf=lambda x: isinstance(x, _Place))
        return fun(*args, **kwargs), [_Arrays.of(v) for v in values]
    return wraps(fun)(low)


_jitted = WeakKeyDictionary()  # a jitted function -> the same of its lowered one


def _call(function, args, kwargs):
    """A transformed function that has such values among its arguments."""
    if not isinstance(function, _cotan.PjitFunction):
        _missing("such values as arguments of other functions than those of jit")
    if function not in _jitted:
        nums, names = function._statics
        _jitted[function] = jit(_lowered(function.__wrapped__), static_argnums=[n + (n >= 0) for n in nums], static_argnames=names)
    values, (args, kwargs) = _apart(args, kwargs)
    out, ends = _jitted[function]([_Arrays.of(v) for v in values], *args, **kwargs)
    for value, end in zip(values, ends):
        end.hitype.update_from_loval(end.qdd, value, *end.arrays)
    return out


def lowered(fun, args, kwargs):
    """fun and its arguments without such values; the result is all that is told."""
    values, (args, kwargs) = _apart(args, kwargs)
    return lambda *args, **kwargs: _lowered(fun)(*args, **kwargs)[0], ([_Arrays.of(v) for v in values], *args), kwargs
