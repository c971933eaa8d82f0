"""jax.ops: reductions over segments."""
from . import _cotan

globals().update(_cotan.bound_functions("ops"))
