"""jax.lax's control flow: argument conventions; the work is done by the library."""
import operator

from .. import _cotan, core, errors

_bound = _cotan.bound_functions("lax")
add, bitwise_or, concatenate, pad, rev, slice_in_dim = (_bound[name] for name in ("add", "bitwise_or", "concatenate", "pad", "rev", "slice_in_dim"))

_MISSING = object()
_EVERY_STEP = -1  # CT_UNROLL_ALL


def cond(pred, true_fun, false_fun, *operands, operand=_MISSING, linear=None):
    """true_fun(*operands) where pred holds, else false_fun(*operands); both give results of one structure and type."""
    if len(operands) == 2 and callable(false_fun) and callable(operands[1]):
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


def scan(f, init, xs=None, length=None, reverse=False, unroll=1, _split_transpose=None):
    """Carries a value through f(carry, x) -> (carry, y) along the first axis of xs; the last carry and all ys, stacked."""
    if not callable(f):
        raise TypeError("lax.scan: f argument should be a callable.")
    if isinstance(length, core.Tracer):
        raise errors.ConcretizationTypeError(
            f"The `length` argument to `scan` expects a concrete `int` value, got {length}. For scan-like iteration with a dynamic length, use `while_loop` or "
            "`fori_loop`, whose number of steps may be traced.")
    return _cotan._scan(f, None if length is None else int(length), reverse, _steps_at_once(unroll))(init, xs)


def while_loop(cond_fun, body_fun, init_val):
    """body_fun again and again while cond_fun holds of the value. Differentiable in both modes; in reverse it runs twice and keeps what each step needs."""
    if not (callable(body_fun) and callable(cond_fun)):
        raise TypeError("lax.while_loop: body_fun and cond_fun arguments should be callable.")
    return _cotan._while_loop(cond_fun, body_fun)(init_val)


def fori_loop(lower, upper, body_fun, init_val, *, unroll=None):
    """val = body_fun(i, val) for i from lower up to upper: a scan where both bounds are known, else a while_loop."""
    if not callable(body_fun):
        raise TypeError("lax.fori_loop: body_fun argument should be callable.")
    return _cotan._fori_loop(body_fun, 1 if unroll is None else _steps_at_once(unroll))(lower, upper, init_val)


def map(f, xs, *, batch_size=None):
    """f on each slice of xs along the first axis, one after another (batch_size: that many at once), stacked."""
    from .. import tree_util, vmap
    from ..numpy import concatenate
    leaves = tree_util.tree_leaves(xs)
    if not batch_size or not leaves:
        return scan(lambda _, x: ((), f(x)), (), xs)[1]
    if batch_size < 0:
        raise ValueError(f"map: batch_size must not be negative, got {batch_size}")
    n = leaves[0].shape[0]
    whole = n // batch_size * batch_size
    if not whole:
        return vmap(f)(xs)
    batches = tree_util.tree_map(lambda x: (x[:whole] if whole < n else x).reshape((-1, batch_size) + x.shape[1:]), xs)
    rest = tree_util.tree_map(lambda x: x[whole:], xs) if whole < n else None
    ys = scan(lambda _, x: ((), vmap(f)(x)), (), batches)[1]
    if rest is not None:
        last = vmap(f)(rest)
    ys = tree_util.tree_map(lambda y: y.reshape((whole,) + y.shape[2:]), ys)
    return ys if rest is None else tree_util.tree_map(lambda a, b: concatenate([a, b]), ys, last)


def associative_scan(fn, elems, reverse=False, axis=0):
    """All partial results of an associative fn over the slices of elems, in a number of rounds that grows with the logarithm of their count.

    Neighbours are combined first, their results scanned, and the odd positions filled in between (Blelloch, 1990)."""
    if not callable(fn):
        raise TypeError("lax.associative_scan: fn argument should be callable.")
    from .. import tree_util
    from ..numpy import asarray
    leaves, structure = tree_util.tree_flatten(elems)
    leaves = [asarray(x) for x in leaves]
    if not -leaves[0].ndim <= axis < leaves[0].ndim:
        raise ValueError(f"associative_scan: axis {axis} is out of bounds for array of dimension {leaves[0].ndim}")
    axis %= leaves[0].ndim
    count = leaves[0].shape[axis]
    if any(x.shape[axis] != count for x in leaves):
        raise ValueError(f"Array inputs to associative_scan must have the same first dimension. (saw: {[x.shape for x in leaves]})")

    def part(xs, start, stop, stride=1):
        return [slice_in_dim(x, start, max(stop, start), stride, axis) for x in xs]

    def combine(a, b):
        return tree_util.tree_leaves(fn(structure.unflatten(a), structure.unflatten(b)))

    def interleave(a, b):
        def spaced(x, n, first):
            dims = [(0, 0, 0)] * x.ndim
            dims[axis] = (first, n - first - max(2 * x.shape[axis] - 1, 0), 1)
            return pad(x, asarray(0, x.dtype), dims)
        n = a.shape[axis] + b.shape[axis]
        join = bitwise_or if a.dtype == bool else add
        return join(spaced(a, n, 0), spaced(b, n, 1))

    def partials(xs):
        n = xs[0].shape[axis]
        if n < 2:
            return xs
        odd = partials(combine(part(xs, 0, n - 1, 2), part(xs, 1, n, 2)))
        before = part(odd, 0, odd[0].shape[axis] - 1) if n % 2 == 0 else odd
        even = combine(before, part(xs, 2, n, 2))
        even = [concatenate([a, b], axis) for a, b in zip(part(xs, 0, 1), even)]
        return [interleave(a, b) for a, b in zip(even, odd)]

    if reverse:
        leaves = [rev(x, (axis,)) for x in leaves]
    leaves = partials(leaves)
    if reverse:
        leaves = [rev(x, (axis,)) for x in leaves]
    return structure.unflatten(leaves)
