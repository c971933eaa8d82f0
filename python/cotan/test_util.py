"""jax.test_util: derivatives checked against finite differences."""
from functools import partial

from . import numpy as jnp
from . import random
from ._api import jvp, vjp
from .tree_util import tree_flatten, tree_leaves, tree_map

# What derivatives, and values, may be off by, absolutely and relative to what is expected, and the step of central differences: JAX's 1e-4, which the tolerances that programs
# give are made for, and for narrow floats a step that they can see.
_TOLERANCE = {"bfloat16": 1e-1, "float16": 1e-2, "float32": 2e-3, "complex64": 2e-3, "float64": 1e-5, "complex128": 1e-5}
_PRECISION = {"bfloat16": 1e-2, "float16": 1e-3, "float32": 1e-6, "complex64": 1e-6, "float64": 1e-15, "complex128": 1e-15}
_STEP = {"bfloat16": 2e-1, "float16": 1e-1, "float32": 1e-4, "complex64": 1e-4, "float64": 1e-4, "complex128": 1e-4}


def _is_inexact(x):
    return jnp.issubdtype(jnp.result_type(x), jnp.inexact)


def _coarsest(table, *trees):
    """The entry for the least precise dtype of the leaves."""
    return max((table[jnp.result_type(x).name] for x in tree_leaves(trees) if _is_inexact(x)), default=1e-4)


def _inner(a, b):
    return sum((jnp.real(jnp.vdot(x, y)) for x, y in zip(tree_leaves(a), tree_leaves(b)) if _is_inexact(x)), 0.0)


def _random_like(tree, seed):
    leaves, treedef = tree_flatten(tree)
    keys = random.split(random.key(seed), max(len(leaves), 1))
    return treedef.unflatten(random.normal(k, jnp.shape(x), jnp.result_type(x)) if _is_inexact(x) else jnp.zeros(jnp.shape(x), "float0")
                             for k, x in zip(keys, leaves))


def _moved(tree, direction, step):
    return tree_map(lambda x, v: (x + step * v).astype(jnp.result_type(x)) if _is_inexact(x) else x, tree, direction)


def _difference_quotient(f, args, tangents, eps):
    eps = eps or _coarsest(_STEP, args)
    above, below = (f(*_moved(args, tangents, sign * eps)) for sign in (1, -1))
    return tree_map(lambda a, b: (a - b) / (2 * eps) if _is_inexact(a) else jnp.zeros(jnp.shape(a), "float0"), above, below)


def _allowed(given, table, *trees):
    """A tolerance: a number, or a table of them by dtype or its name that goes before ours."""
    if given is None or isinstance(given, dict):
        return _coarsest({**table, **{jnp.dtype(k).name: v for k, v in (given or {}).items()}}, *trees)
    return given


def check_close(xs, ys, atol=None, rtol=None, err_msg=""):
    """Raises AssertionError where two trees differ by more than atol + rtol * |ys|, times the size; tolerances are numbers or dicts by dtype."""
    _check_close(xs, ys, atol, rtol, err_msg or "check_close", _PRECISION)


def _check_close(got, wanted, atol, rtol, what, table=_TOLERANCE):
    atol, rtol = _allowed(atol, table, got, wanted), _allowed(rtol, table, got, wanted)
    leaves, treedef = tree_flatten(got)
    for a, b in zip(leaves, treedef.flatten_up_to(wanted)):
        if jnp.result_type(a) == "float0":
            continue
        if jnp.shape(a) != jnp.shape(b):
            raise AssertionError(f"{what}: a value of shape {jnp.shape(a)}, where {jnp.shape(b)} was expected")
        exact = not _is_inexact(a)
        error, allowed = (a != b, 0) if exact else (jnp.abs(a - b), atol * jnp.size(a) + rtol * jnp.size(a) * jnp.abs(b))
        if not bool(jnp.all((error <= allowed) | (a == b) | (~exact & (a != a) & (b != b)))):
            raise AssertionError(f"{what}: not equal to tolerance rtol={rtol}, atol={atol}: got {a}, expected {b}, largest error {jnp.max(error)}")


def check_jvp(f, f_jvp, args, atol=None, rtol=None, eps=None, err_msg=""):
    """Raises AssertionError where f_jvp(args, tangents) is not f's value and its derivative along random tangents, by central differences of step eps."""
    args = tuple(args)
    tangents = _random_like(args, 1)
    out, out_tangents = f_jvp(args, tangents)
    _check_close(out, f(*args), atol, rtol, f"{err_msg or 'JVP'} primal")
    _check_close(out_tangents, _difference_quotient(f, args, tangents, eps), atol, rtol, f"{err_msg or 'JVP'} tangent")


def check_vjp(f, f_vjp, args, atol=None, rtol=None, eps=None, err_msg=""):
    """The same for f_vjp(*args) -> (value, pullback): a random cotangent's product with the derivative along a random tangent comes out from either side."""
    args = tuple(args)
    out, pullback = f_vjp(*args)
    _check_close(out, f(*args), atol, rtol, f"{err_msg or 'VJP'} primal")
    tangents, cotangents = _random_like(args, 1), _random_like(out, 2)
    along = _difference_quotient(f, args, tangents, eps)
    # The product of transposes pairs without conjugation; conjugating one side of each makes both inner products.
    conjugate = partial(tree_map, lambda x: jnp.conj(x) if _is_inexact(x) else x)
    _check_close(_inner(conjugate(tangents), pullback(cotangents)), _inner(conjugate(along), cotangents), atol, rtol, f"{err_msg or 'VJP'} cotangent projection")


def check_grads(f, args, order, modes=("fwd", "rev"), atol=None, rtol=None, eps=None):
    """Raises AssertionError where derivatives of f at args, up to `order`, in forward ("fwd") and reverse ("rev") mode, differ from finite differences."""
    def check(f, args, order, what=""):
        if "fwd" in modes:
            check_jvp(f, partial(jvp, f), args, atol, rtol, eps, f"JVP{what}")
            if order > 1:
                tangents = _random_like(args, 1)
                check(lambda *a: jvp(f, a, tangents), args, order - 1, f" of JVP{what}")
        if "rev" in modes:
            check_vjp(f, partial(vjp, f), args, atol, rtol, eps, f"VJP{what}")
            if order > 1:
                def pulled(*a):
                    out, pullback = vjp(f, *a)
                    return pullback(_random_like(out, 2))
                check(pulled, args, order - 1, f" of VJP{what}")

    check(f, tuple(args), order)
