"""jax.interpreters.ad: derivatives of primitives."""
from .. import _cotan
from .._rules import UndefinedPrimal, Zero, instantiate_zeros, is_undefined_primal, primitive_jvps, primitive_transposes, zeros_like_aval

add_jaxvals_p = _cotan._primitive("add_any")
JVPTrace, JVPTracer = _cotan.JVPTrace, _cotan.JVPTracer


def jvp(fun, has_aux=False, instantiate=True, transform_stack=True):
    """A WrappedFun of (primals, tangents), both lists, that gives a WrappedFun's results and their tangents; with has_aux it gives a pair."""
    def pushed(primals, tangents):
        out, out_tangents, *aux = _cotan.jvp(fun.call_wrapped, tuple(primals), tuple(map(instantiate_zeros, tangents)), has_aux=has_aux)
        return (out, out_tangents, *aux)
    return fun.wrap(pushed)


def linearize(traceable, *primals, has_aux=False):
    """The results of a WrappedFun, and its derivative as a linear function of tangents."""
    return _cotan._linearize(traceable.call_wrapped, *primals, has_aux=has_aux)


def add_jaxvals(x, y):
    """The sum of two tangents."""
    return add_jaxvals_p.bind(x, y)


def add_tangents(x, y):
    """The sum of two tangents, either of which may be a Zero."""
    if type(x) is Zero:
        return y
    return x if type(y) is Zero else add_jaxvals(x, y)


def get_primitive_transpose(p):
    """The rule of a primitive; NotImplementedError where there is none."""
    try:
        return primitive_transposes[p]
    except KeyError:
        raise NotImplementedError(f"Transpose rule (for reverse-mode differentiation) for '{p}' not implemented") from None


def _sum(primitive, out, tangents):
    total = Zero.from_primal_value(out)
    for t in tangents:
        total = add_tangents(total, t)
    return out, total


def defjvp(primitive, *jvprules):
    """One rule for each operand, rule(tangent, *operands, **params), None for zero."""
    def jvp(primals, tangents, **params):
        out = primitive.bind(*primals, **params)
        return _sum(primitive, out, [f(t, *primals, **params) for f, t in zip(jvprules, tangents) if f is not None and type(t) is not Zero])
    primitive_jvps[primitive] = jvp


def defjvp2(primitive, *jvprules):
    """The same with rule(tangent, result, *operands, **params)."""
    def jvp(primals, tangents, **params):
        out = primitive.bind(*primals, **params)
        return _sum(primitive, out, [f(t, out, *primals, **params) for f, t in zip(jvprules, tangents) if f is not None and type(t) is not Zero])
    primitive_jvps[primitive] = jvp


def _define_linear_jvp(primitive):
    def jvp(primals, tangents, **params):
        out = primitive.bind(*primals, **params)
        if all(type(t) is Zero for t in tangents):
            zero = Zero.from_primal_value
            return out, [zero(o) for o in out] if primitive.multiple_results else zero(out)
        return out, primitive.bind(*map(instantiate_zeros, tangents), **params)
    primitive_jvps[primitive] = jvp


def deflinear(primitive, transpose_rule):
    """A primitive that is linear in all operands; transpose_rule(ct, **params) -> cotangents."""
    deflinear2(primitive, lambda ct, *_, **params: transpose_rule(ct, **params))


def deflinear2(primitive, transpose_rule):
    """The same with transpose_rule(ct, *operands, **params)."""
    def transpose(ct, *operands, **params):
        if type(ct) is Zero:
            return [Zero(x.aval) for x in operands]
        return transpose_rule(ct, *operands, **params)
    _define_linear_jvp(primitive)
    primitive_transposes[primitive] = transpose


def defbilinear(prim, lhs_rule, rhs_rule):
    """A prim of two operands that is linear in each; rule(ct, x, y, **params) -> the cotangent of one."""
    defjvp(prim, lambda t, x, y, **params: prim.bind(t, y, **params), lambda t, x, y, **params: prim.bind(x, t, **params))

    def transpose(ct, x, y, **params):
        if is_undefined_primal(x):
            return Zero(x.aval) if type(ct) is Zero else lhs_rule(ct, x, y, **params), None
        return None, Zero(y.aval) if type(ct) is Zero else rhs_rule(ct, x, y, **params)
    primitive_transposes[prim] = transpose
