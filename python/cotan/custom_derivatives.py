"""Functions with derivative rules of their own: custom_jvp, custom_vjp, custom_gradient."""
from . import _cotan


def _copy_names(to, fun):
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        if hasattr(fun, name):
            setattr(to, name, getattr(fun, name))
    to.__wrapped__ = fun


def _positional(fun, args, kwargs):
    """Keyword arguments moved to their positions, defaults filled in."""
    if not kwargs:
        return args
    import inspect
    bound = inspect.signature(fun).bind(*args, **kwargs)
    bound.apply_defaults()
    if bound.kwargs:
        raise TypeError(f"keyword-only arguments are not supported by functions with custom rules: {list(bound.kwargs)}")
    return bound.args


class custom_jvp:
    """A function whose forward derivative the caller defines: @custom_jvp, then f.defjvp(rule)."""

    def __init__(self, fun, nondiff_argnums=(), nondiff_argnames=()):
        from ._face import resolve
        _copy_names(self, fun)
        self.fun, self._made = fun, None
        self.nondiff_argnums = resolve(fun, nondiff_argnums, nondiff_argnames, "nondiff_argnames")[0]

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        from functools import partial
        return partial(self, instance)

    def defjvp(self, jvp, symbolic_zeros=False):
        """rule(primals, tangents) -> (out, out_tangents); arguments of nondiff_argnums come first."""
        self.jvp = jvp
        self._made = _cotan._custom_jvp(self.fun, jvp, self.nondiff_argnums)
        return jvp

    def defjvps(self, *jvps):
        """One rule for each argument: rule(tangent, out, *primals) -> part of the tangent; None for zero."""
        if self.nondiff_argnums:
            raise TypeError("Can't use ``defjvps`` with ``nondiff_argnums``.")

        def rule(primals, tangents):
            out = self(*primals)
            parts = [f(t, out, *primals) for f, t in zip(jvps, tangents) if f]
            total = parts[0] if parts else out * 0
            for p in parts[1:]:
                total = _cotan.tree_map(lambda a, b: a + b, total, p)
            return out, total

        self.defjvp(rule)

    def __call__(self, *args, **kwargs):
        if self._made is None:
            raise AttributeError(f"No JVP defined for custom_jvp function {self.__name__} using defjvp.")
        return self._made(*_positional(self.fun, args, kwargs))


class custom_vjp:
    """A function whose reverse derivative the caller defines: @custom_vjp, then f.defvjp(forward, backward)."""

    def __init__(self, fun, nondiff_argnums=(), nondiff_argnames=()):
        from ._face import resolve
        _copy_names(self, fun)
        self.fun, self._made = fun, None
        self.nondiff_argnums = resolve(fun, nondiff_argnums, nondiff_argnames, "nondiff_argnames")[0]

    __get__ = custom_jvp.__get__

    def defvjp(self, fwd, bwd, symbolic_zeros=False, optimize_remat=False):
        """fwd(*args) -> (out, residuals); bwd(*nondiff, residuals, ct) -> a tuple of cotangents."""
        if symbolic_zeros:
            raise NotImplementedError("custom_vjp with symbolic_zeros=True")
        self.fwd, self.bwd = fwd, bwd
        self._made = _cotan._custom_vjp(self.fun, fwd, bwd, self.nondiff_argnums)

    def __call__(self, *args, **kwargs):
        if self._made is None:
            raise AttributeError(f"No VJP defined for custom_vjp function {self.__name__} using defvjp.")
        return self._made(*_positional(self.fun, args, kwargs))


def custom_gradient(fun):
    """fun(*args) -> (out, vjp): the derivative is given along with the value."""
    @custom_vjp
    def wrapped(*args):
        return fun(*args)[0]

    def forward(*args):
        out, rule = fun(*args)
        from .tree_util import Partial
        return out, Partial(rule) if not isinstance(rule, _cotan.Transformed) else rule

    def backward(rule, ct):
        parts = rule(ct)
        return parts if isinstance(parts, tuple) else (parts,)

    wrapped.defvjp(forward, backward)
    _copy_names(wrapped, fun)
    return wrapped
