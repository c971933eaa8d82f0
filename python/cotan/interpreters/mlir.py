"""jax.interpreters.mlir: what a primitive is compiled to. A lowering is a function of arrays that is traced into the program."""
from .._rules import LoweringContext as LoweringRuleContext, register_lowering

LoweringRule = object


def lower_fun(fun, multiple_results=True):
    """A lowering rule that traces fun(*arrays, **params)."""
    def rule(context, *operands, **params):
        out = fun(*operands, **params)
        return list(out) if multiple_results else [out]
    return rule


def __getattr__(name):
    if name == "hlo":
        from .. import _hlo
        return _hlo
    raise AttributeError(f"module 'jax.interpreters.mlir' has no attribute {name!r}: programs are not compiled through MLIR here; write lowerings with lower_fun")
