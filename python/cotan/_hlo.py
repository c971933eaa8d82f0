"""StableHLO's elementwise operations, as lowering rules that are written in MLIR call them: hlo.AddOp(x, y).result, hlo.add(x, y)."""
from . import lax

_NAMES = {"subtract": "sub", "multiply": "mul", "divide": "div", "negate": "neg", "maximum": "max", "minimum": "min", "power": "pow", "remainder": "rem",
          "sine": "sin", "cosine": "cos", "exponential": "exp", "exponential_minus_one": "expm1", "log_plus_one": "log1p", "select": "select",
          "and_": "bitwise_and", "or_": "bitwise_or", "xor": "bitwise_xor", "not_": "bitwise_not"}


class _Operation:
    def __init__(self, value):
        self.result = value
        self.results = [value]


def __getattr__(name):
    if name in ("hlo", "mlir", "dialects"):  # jax._src.lib.mlir.dialects.hlo is this module at every step
        import sys
        return sys.modules[__name__]
    is_class = name.endswith("Op")
    snake = "".join("_" + c.lower() if c.isupper() else c for c in name.removesuffix("Op")).lstrip("_") if is_class else name
    function = getattr(lax, _NAMES.get(snake, snake), None)
    if function is None or snake.startswith("_"):
        raise AttributeError(f"the StableHLO operation {name!r} is not known here; write the lowering with jax.interpreters.mlir.lower_fun")
    apply = lambda *operands, **_: function(*[getattr(x, "result", x) for x in operands])
    return (lambda *operands, **_: _Operation(apply(*operands))) if is_class else apply
