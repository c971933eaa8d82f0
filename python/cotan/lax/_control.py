"""jax.lax's control flow: argument conventions; the work is done by the library."""
from .. import _cotan

_MISSING = object()


def cond(pred, true_fun, false_fun, *operands, operand=_MISSING, linear=None):
    """true_fun(*operands) where pred holds, else false_fun(*operands); both give results of one structure and type."""
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


def scan(f, init, xs=None, length=None, reverse=False, unroll=1, _split_transpose=None):
    """Carries a value through f(carry, x) -> (carry, y) along the first axis of xs; the last carry and all ys, stacked."""
    if not callable(f):
        raise TypeError("lax.scan: f argument should be a callable.")
    if isinstance(unroll, bool):
        unroll = max(int(length or 1), 1) if unroll else 1
    elif unroll < 1:
        raise ValueError("`unroll` must be a `bool` or a positive `int`.")
    return _cotan._scan(f, length, reverse, unroll)(init, xs)


def while_loop(cond_fun, body_fun, init_val):
    """body_fun again and again while cond_fun holds of the value."""
    if not (callable(body_fun) and callable(cond_fun)):
        raise TypeError("lax.while_loop: body_fun and cond_fun arguments should be callable.")
    return _cotan._while_loop(cond_fun, body_fun)(init_val)


def fori_loop(lower, upper, body_fun, init_val, *, unroll=None):
    """val = body_fun(i, val) for i from lower up to upper. A scan, and so reverse-differentiable, where both bounds are known."""
    if not callable(body_fun):
        raise TypeError("lax.fori_loop: body_fun argument should be callable.")
    return _cotan._fori_loop(body_fun, int(unroll) if unroll else 1)(lower, upper, init_val)


def map(f, xs, *, batch_size=None):
    """f on each slice of xs along the first axis, one after another (batch_size: that many at once), stacked."""
    if batch_size is None:
        return scan(lambda _, x: ((), f(x)), (), xs)[1]
    from .. import tree_util, vmap
    from ..numpy import concatenate
    leaves = tree_util.tree_leaves(xs)
    n = leaves[0].shape[0]
    whole = n // batch_size * batch_size
    parts = []
    if whole:
        batches = tree_util.tree_map(lambda x: x[:whole].reshape((-1, batch_size) + x.shape[1:]), xs)
        ys = scan(lambda _, x: ((), vmap(f)(x)), (), batches)[1]
        parts.append(tree_util.tree_map(lambda y: y.reshape((whole,) + y.shape[2:]), ys))
    if whole < n or not parts:
        parts.append(vmap(f)(tree_util.tree_map(lambda x: x[whole:], xs)))
    return parts[0] if len(parts) == 1 else tree_util.tree_map(lambda a, b: concatenate([a, b]), *parts)
