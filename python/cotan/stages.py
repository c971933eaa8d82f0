"""jax.stages."""
from ._cotan import PjitFunction
from ._stages import ArgInfo, Compiled, Lowered, Traced

CompilerOptions = dict


class _Jitted(type):
    def __instancecheck__(cls, o):
        return isinstance(o, PjitFunction)


class Wrapped(metaclass=_Jitted):
    """Jitted functions: they have trace, lower and eval_shape."""
