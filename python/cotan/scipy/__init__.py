"""jax.scipy."""
from . import special
