"""jax.lax's control flow: argument conventions; the work is done by the library."""
import operator

from .. import _cotan, core, errors
from ..tree_util import tree_flatten, tree_structure, tree_unflatten

_MISSING = object()
_EVERY_STEP = -1  # CT_UNROLL_ALL


@_cotan._boundary
def cond(pred, true_fun, false_fun, *operands, operand=_MISSING, linear=None):
    """true_fun(*operands) where pred holds, else false_fun(*operands); both give results of one structure and type."""
    if not callable(true_fun) and callable(false_fun) and len(operands) == 2 and callable(operands[1]):
        # the older form: cond(pred, true_operand, true_fun, false_operand, false_fun)
        (a, f), (b, g) = (true_fun, false_fun), operands
        return cond(pred, lambda a, b: f(a), lambda a, b: g(b), a, b)
    if not (callable(true_fun) and callable(false_fun)):
        raise TypeError("lax.cond: true_fun and false_fun arguments should be callable.")
    if operand is not _MISSING:
        if operands:
            raise TypeError("if 'operand' keyword is passed then no positional operands can be passed to cond, "
                            f"got operand={operand} and positional operands {operands}")
        operands = (operand,)
    return _cotan._branches((false_fun, true_fun), True)(pred, *operands)


@_cotan._boundary
def switch(index, branches, *operands, operand=_MISSING):
    """branches[index](*operands), the index clipped to the branches there are."""
    branches = tuple(branches)
    if not all(callable(b) for b in branches):
        raise TypeError("lax.switch: branches argument should be a sequence of callables.")
    if not branches:
        raise ValueError("Empty branch sequence")
    if operand is not _MISSING:
        if operands:
            raise TypeError("if 'operand' keyword is passed then no positional operands can be passed to switch, "
                            f"got operand={operand} and positional operands {operands}")
        operands = (operand,)
    return _cotan._branches(branches, False)(index, *operands)


def _steps_at_once(unroll):
    """The library's form of an `unroll` argument, in which True and 0 are every step."""
    if isinstance(unroll, bool):
        return _EVERY_STEP if unroll else 1
    if operator.index(unroll) < 0:
        raise ValueError("`unroll` must be a `bool` or a non-negative `int`.")
    return operator.index(unroll) or _EVERY_STEP


def platform_dependent(*args, default=None, **per_platform):
    """The function given for the platform that the program runs on (cpu=...), or the default, of the arguments."""
    for name, f in (*per_platform.items(), ("default", default)):
        if f is not None and not callable(f):
            raise TypeError(f"lax.platform_dependent: the '{name}' branch must be callable.")
    chosen = per_platform.get("cpu", default)
    if chosen is None:
        raise NotImplementedError(f"platform_dependent has branches for {', '.join(per_platform) or 'no platform'} and no default, and the platform is cpu. Give it "
                                  "cpu=... or default=...")
    return chosen(*args)


def optimization_barrier(operand, /):
    """The operand, a pytree; what computes one part of it is neither merged with nor moved past what uses another."""
    return _cotan._optimization_barrier(operand)


@_cotan._boundary
def scan(f, init, xs=None, length=None, reverse=False, unroll=1, _split_transpose=False):
    """Carries a value through f(carry, x) -> (carry, y) along the first axis of xs; the last carry and all ys, stacked."""
    if not callable(f):
        raise TypeError("lax.scan: f argument should be a callable.")
    if isinstance(length, core.Tracer):
        raise errors.ConcretizationTypeError(
            f"The `length` argument to `scan` expects a concrete `int` value, got {length}. For scan-like iteration with a dynamic length, use `while_loop` or "
            "`fori_loop`, whose number of steps may be traced.")
    return _cotan._scan(f, None if length is None else int(length), reverse, _steps_at_once(unroll))(init, xs)


@_cotan._boundary
def while_loop(cond_fun, body_fun, init_val):
    """body_fun again and again while cond_fun holds of the value. Differentiable in both modes; in reverse it runs twice and keeps what each step needs."""
    if not (callable(body_fun) and callable(cond_fun)):
        raise TypeError("lax.while_loop: body_fun and cond_fun arguments should be callable.")
    return _cotan._while_loop(cond_fun, body_fun)(init_val)


@_cotan._boundary
def fori_loop(lower, upper, body_fun, init_val, *, unroll=None):
    """val = body_fun(i, val) for i from lower up to upper: a scan where both bounds are known, else a while_loop."""
    if not callable(body_fun):
        raise TypeError("lax.fori_loop: body_fun argument should be callable.")
    return _cotan._fori_loop(body_fun, 1 if unroll is None else _steps_at_once(unroll))(lower, upper, init_val)


@_cotan._boundary
def map(f, xs, *, batch_size=None):
    """f on each slice of xs along the first axis, one after another (batch_size: that many at once), stacked."""
    if not callable(f):
        raise TypeError("lax.map: f argument should be a callable.")
    return _cotan._map(f, batch_size or 0)(xs)


@_cotan._boundary
def associative_scan(fn, elems, reverse=False, axis=0):
    """All partial results of an associative fn over the slices of elems, in a number of rounds that grows with the logarithm of their count."""
    if not callable(fn):
        raise TypeError("lax.associative_scan: fn argument should be callable.")
    return _cotan._associative_scan(fn, bool(reverse), axis)(elems)


def composite(decomposition, name, version=0):
    """decomposition as an operation of its own in programs, under a name and a version by which another compiler may know a better one.

    Keyword arguments are attributes of the operation. For derivatives, wrap it in jax.custom_jvp.
    """
    @_cotan._boundary
    def decorated(*args, **kwargs):
        from .._api import make_jaxpr
        flat, treedef = tree_flatten(args)
        program, out = make_jaxpr(lambda *flat: decomposition(*tree_unflatten(treedef, flat), **kwargs), return_shape=True)(*flat)
        attributes = tuple((k, *(tuple(v) if isinstance(v, list) else v for v in tree_flatten(kwargs[k]))) for k in kwargs)
        results = core._primitive("composite_p").bind(*flat, attributes=attributes, jaxpr=program, name=name, version=version)
        return tree_unflatten(tree_structure(out), results)
    return decorated
