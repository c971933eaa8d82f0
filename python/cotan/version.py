"""jax.version: the JAX whose interface this is."""
from . import __version__, __version_info__
