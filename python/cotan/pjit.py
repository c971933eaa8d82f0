"""jax._src.pjit: jit, and the primitive of its calls."""
from . import jit as pjit
from .core import _primitive

jit_p = _primitive("jit_p")
