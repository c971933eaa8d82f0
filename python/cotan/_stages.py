"""Programs looked at before they run: make_jaxpr, eval_shape, and the stages of jit (trace, lower, compile)."""
from . import _cotan
from .core import ClosedJaxpr


def stage(fun, args, kwargs, static_argnums=(), static_argnames=None):
    return _cotan._stage(fun, static_argnums, static_argnames, args, kwargs)


class Traced:
    def __init__(self, fun, args, kwargs):
        self.fun, self.args, self.kwargs = fun, args, kwargs
        program, self.in_tree, self.out_tree = stage(fun.__wrapped__, args, kwargs, *fun._statics)
        self.jaxpr = ClosedJaxpr(program)
        self.fun_name = fun.__name__

    @property
    def out_info(self):
        return _shapes(self.jaxpr._program, self.out_tree)

    def lower(self, **_):
        return Lowered(self)


class Lowered:
    def __init__(self, traced):
        self._traced = traced
        self.in_tree, self.out_tree = traced.in_tree, traced.out_tree

    @property
    def out_info(self):
        return self._traced.out_info

    def as_text(self, dialect=None, **_):
        return str(self._traced.jaxpr)

    def compile(self, compiler_options=None):
        return Compiled(self._traced)


class Compiled:
    def __init__(self, traced):
        self._traced = traced
        self.in_tree, self.out_tree = traced.in_tree, traced.out_tree

    def __call__(self, *args, **kwargs):
        return self._traced.fun(*args, **kwargs)

    def as_text(self):
        return str(self._traced.jaxpr)

    def cost_analysis(self):
        return None

    def memory_analysis(self):
        return None


def trace(fun, *args, **kwargs):
    return Traced(fun, args, kwargs)


def lower(fun, *args, **kwargs):
    return Traced(fun, args, kwargs).lower()


def _shapes(program, out_tree):
    from ._api import ShapeDtypeStruct
    return out_tree.unflatten([ShapeDtypeStruct(shape, _cotan.dtype_of_code(code), weak_type=weak) for shape, code, weak in program._out_avals])


def eval_shape(fun, *args, **kwargs):
    statics = fun._statics if isinstance(fun, _cotan.PjitFunction) else ((), None)
    program, _, out_tree = stage(fun, args, kwargs, *statics)
    return _shapes(program, out_tree)


def make_jaxpr(fun, static_argnums=(), axis_env=None, return_shape=False, abstracted_axes=None):
    if not callable(fun):
        raise TypeError(f"Expected a callable value, got {fun}")
    nums = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)

    def make(*args, **kwargs):
        program, _, out_tree = stage(fun, args, kwargs, nums)
        return (ClosedJaxpr(program), _shapes(program, out_tree)) if return_shape else ClosedJaxpr(program)

    make.__name__ = f"make_jaxpr({getattr(fun, '__name__', fun)})"
    return make
