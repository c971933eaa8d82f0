"""jax.experimental.pjit: jit under its older name."""
from .. import jit as pjit
