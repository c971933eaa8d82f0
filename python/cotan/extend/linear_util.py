"""jax.extend.linear_util: functions with transformations stacked round them."""
from functools import partial


class StoreException(Exception):
    """A result was asked for before the function ran, or stored twice."""


class Store:
    """A place for what a transformation finds on the way."""

    def __init__(self):
        self._values = []

    def store(self, value):
        if self._values:
            raise StoreException("Store occupied")
        self._values.append(value)

    @property
    def val(self):
        if not self._values:
            raise StoreException("Store empty")
        return self._values[0]

    def __bool__(self):
        return bool(self._values)


class WrappedFun:
    """A function that call_wrapped calls, under the transformations that were put round it."""

    def __init__(self, f, params, debug_info):
        self.f, self.params, self.debug_info = f, params, debug_info

    __name__ = property(lambda self: getattr(self.f, "__name__", "<unnamed wrapped function>"))

    def call_wrapped(self, *args, **kwargs):
        return self.f(*args, **{**self.params, **kwargs})

    def wrap(self, outer):
        return WrappedFun(outer, {}, self.debug_info)


def wrap_init(f, params=None, *, debug_info=None):
    """A function as a WrappedFun without transformations."""
    return WrappedFun(f, params or {}, debug_info)


def _run_generator(gen, static, inner, args, kwargs):
    steps = gen(*static, *args, **kwargs)
    inner_args, inner_kwargs = next(steps)
    return steps.send(inner(*inner_args, **inner_kwargs))


def transformation(gen):
    """gen(*static, *args) yields (args, kwargs) for the function inside, and then the result."""
    return lambda fun, *static: fun.wrap(lambda *args, **kwargs: _run_generator(gen, static, fun.call_wrapped, args, kwargs))


def transformation_with_aux(gen):
    """The same where the last yield is a pair; its second part is kept for the function that is returned along."""
    def transform(fun, *static):
        store = Store()

        def outer(*args, **kwargs):
            out, aux = _run_generator(gen, static, fun.call_wrapped, args, kwargs)
            store.store(aux)
            return out
        return fun.wrap(outer), lambda: store.val
    return transform


def transformation2(f):
    """f(inner, *static, *args) calls the function inside itself."""
    return lambda fun, *static: fun.wrap(partial(f, fun.call_wrapped, *static))


def transformation_with_aux2(f):
    """f(inner, store, *static, *args) keeps what it finds in the store."""
    def transform(fun, *static):
        store = Store()
        return fun.wrap(partial(f, fun.call_wrapped, store, *static)), lambda: store.val
    return transform


def _held(aux):
    try:
        return True, aux()
    except StoreException:
        return False, None


def merge_linear_aux(aux1, aux2):
    """(whether it is the first, the value) of whichever of two such functions has one."""
    (in_first, a), (in_second, b) = _held(aux1), _held(aux2)
    if in_first == in_second:
        raise StoreException("both stores occupied" if in_first else "neither store occupied")
    return in_first, a if in_first else b


def cache(call, *, explain=None):
    """A function of a WrappedFun, itself: programs are remembered by the library."""
    return call
