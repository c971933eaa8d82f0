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
