"""jax.stages."""
from ._stages import Compiled, Lowered, Traced

class Wrapped:
    """The protocol of jitted functions: trace, lower, eval_shape."""
