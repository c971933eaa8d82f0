"""Functions with derivative rules of their own: custom_jvp, custom_vjp, custom_gradient, closure_convert, linear_call."""
from . import _cotan
from ._cotan import SymbolicZero, tree_map


def _copy_names(to, fun):
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        if hasattr(fun, name):
            setattr(to, name, getattr(fun, name))
    to.__wrapped__ = fun


class _CustomRules:
    """What custom_jvp and custom_vjp share: how arguments find their positions."""

    def __init__(self, fun, nondiff_argnums=(), nondiff_argnames=()):
        if not callable(fun):
            raise TypeError(f"Expected a callable value, got {fun}")
        _copy_names(self, fun)
        self.fun, self._made, self._signature = fun, None, None
        self.nondiff_argnums = self._resolve(nondiff_argnums, nondiff_argnames)

    def _resolve(self, nums, names):
        nums = (nums,) if isinstance(nums, int) else tuple(nums)
        names = (names,) if isinstance(names, str) else tuple(names)
        positions = list(self._parameters()[0]) if names else []
        return tuple(sorted({*nums, *(positions.index(n) for n in names if n in positions)}))

    def _parameters(self):
        """(positional parameters, whether there are more), the signature; (None, True), None where it cannot be told."""
        import inspect
        try:
            signature = inspect.signature(self.fun)
        except (ValueError, TypeError):
            return None, True, None
        kinds = inspect.Parameter
        names = tuple(p.name for p in signature.parameters.values() if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD))
        return names, any(p.kind == kinds.VAR_POSITIONAL for p in signature.parameters.values()), signature

    def _positional(self, args, kwargs):
        """Keyword arguments moved to their positions, defaults filled in."""
        if self._signature is None:
            self._signature = self._parameters()
        names, variadic, signature = self._signature
        if not kwargs and (variadic and (names is None or len(args) >= len(names)) or names is not None and len(args) == len(names)):
            return args
        try:
            if signature is None:
                raise TypeError("its signature is not known")
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            if bound.kwargs:
                raise TypeError(f"The following keyword arguments could not be resolved to positions: {', '.join(bound.kwargs)}")
        except TypeError as e:
            kind = type(self).__name__
            raise TypeError(f"The input arguments to the {kind}-decorated function {self.__name__} could not be resolved to positional-only arguments. "
                            f"Binding failed with the error:\n{e}") from None
        return bound.args

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        from functools import partial
        return partial(self, instance)

    def __repr__(self):
        return f"<{type(self).__name__} of {self.fun!r}>"


class custom_jvp(_CustomRules):
    """A function whose forward derivative the caller defines: @custom_jvp, then f.defjvp(rule)."""

    def defjvp(self, jvp, symbolic_zeros=False):
        """rule(primals, tangents) -> (out, out_tangents); arguments of nondiff_argnums come first."""
        self.jvp, self.symbolic_zeros = jvp, symbolic_zeros
        self._made = _cotan._custom_jvp(self.fun, jvp, self.nondiff_argnums, bool(symbolic_zeros))
        return jvp

    def defjvps(self, *jvps):
        """One rule for each argument: rule(tangent, out, *primals) -> part of the tangent; None for zero."""
        if self.nondiff_argnums:
            raise TypeError("Can't use ``defjvps`` with ``nondiff_argnums``.")

        def rule(primals, tangents):
            out = self(*primals)
            parts = [f(t, out, *primals) for f, t in zip(jvps, tangents) if f]
            total = parts[0] if parts else tree_map(zero_from_primal, out)
            for p in parts[1:]:
                total = tree_map(lambda a, b: a + b, total, p)
            return out, total

        self.defjvp(rule)

    def __call__(self, *args, **kwargs):
        if self._made is None:
            raise AttributeError(f"No JVP defined for custom_jvp function {self.__name__} using defjvp.")
        return self._made(*self._positional(args, kwargs))


def _bind(primitive, operands, params):
    """A call of custom_jvp on leaves, of functions that an interpreter has put its own round."""
    if primitive.name != "custom_jvp_call":
        raise NotImplementedError(f"{primitive.name} of functions (subfuns) cannot be bound yet")
    fun, jvp = params["subfuns"]

    def rule(primals, tangents):
        out = jvp.call_wrapped(*primals, *tangents)
        return tuple(out[:len(out) // 2]), tuple(out[len(out) // 2:])
    call = custom_jvp(lambda *leaves: tuple(fun.call_wrapped(*leaves)))
    call.defjvp(rule, symbolic_zeros=params.get("symbolic_zeros", False))
    return list(call(*operands))


class CustomVJPPrimal:
    """An argument as a forward rule with symbolic_zeros=True sees it: its value, and whether its derivative is asked for."""
    __slots__ = ("value", "perturbed")

    def __init__(self, value, perturbed):
        self.value, self.perturbed = value, perturbed

    def __repr__(self):
        return f"CustomVJPPrimal(value={self.value!r}, perturbed={self.perturbed})"


def custom_vjp_primal_tree_values(tree):
    """The values of a tree of CustomVJPPrimal."""
    def value(leaf):
        if type(leaf) is not CustomVJPPrimal:
            raise TypeError(f"unexpected leaf type {type(leaf)}")
        return leaf.value
    return tree_map(value, tree)


class custom_vjp(_CustomRules):
    """A function whose reverse derivative the caller defines: @custom_vjp, then f.defvjp(forward, backward)."""

    def defvjp(self, fwd, bwd, symbolic_zeros=False, optimize_remat=False):
        """fwd(*args) -> (out, residuals); bwd(*nondiff, residuals, ct) -> a tuple of cotangents, None for zero.

        With symbolic_zeros fwd takes CustomVJPPrimal for every leaf, and ct may have leaves that are SymbolicZero. optimize_remat changes no value."""
        self.fwd, self.bwd, self.symbolic_zeros, self.optimize_remat = fwd, bwd, symbolic_zeros, optimize_remat
        self._made = _cotan._custom_vjp(self.fun, self._told(fwd) if symbolic_zeros else fwd, bwd, self.nondiff_argnums, bool(symbolic_zeros))

    def _told(self, fwd):
        def forward(perturbed, *args):
            fixed = {n % len(args) for n in self.nondiff_argnums}
            return fwd(*(a if i in fixed else tree_map(lambda v, p: CustomVJPPrimal(v, bool(p)), a, perturbed[i]) for i, a in enumerate(args)))
        _copy_names(forward, fwd)
        return forward

    def __call__(self, *args, **kwargs):
        if self._made is None:
            raise AttributeError(f"No VJP defined for custom_vjp function {self.__name__} using defvjp.")
        return self._made(*self._positional(args, kwargs))


def zero_from_primal(val, symbolic_zeros=False):
    """The zero tangents of a tree of values, as arrays or symbolically."""
    def zero(x):
        made = _cotan._zero_tangent(x)
        return SymbolicZero(made) if symbolic_zeros else made
    return tree_map(zero, val)


def _at_once(converted):
    """A converted rule that takes the hoisted values first, as one."""
    return lambda hoisted, ct: converted(ct, *hoisted)


def custom_gradient(fun):
    """fun(*args) -> (out, vjp): the derivative is given along with the value."""
    @custom_vjp
    def wrapped(*args):
        return fun(*args)[0]

    def forward(*args):
        from .tree_util import Partial
        out, rule = fun(*args)
        converted, hoisted = _cotan._closure_convert(rule, (out,), True)
        return out, Partial(_at_once(converted), hoisted)

    def backward(rule, ct):
        parts = rule(ct)
        return parts if isinstance(parts, (tuple, list)) else (parts,)

    wrapped.defvjp(forward, backward)
    _copy_names(wrapped, fun)
    return wrapped


def closure_convert(fun, *example_args):
    """(converted, hoisted): fun with the traced values it closes over as further arguments, converted(*args, *hoisted)."""
    converted, hoisted = _cotan._closure_convert(fun, example_args, False)
    return converted, list(hoisted)


def linear_call(fun, fun_transpose, residual_args, linear_args):
    """fun(residual_args, linear_args), linear in the latter; fun_transpose(residual_args, ct) is its transpose."""
    return _cotan._linear_call(fun, fun_transpose, residual_args, linear_args)


def __getattr__(name):
    if name in ("custom_jvp_call_p", "custom_vjp_call_p"):
        from .core import _primitive
        return _primitive(name)
    raise AttributeError(f"module 'jax.custom_derivatives' has no attribute {name!r}")
