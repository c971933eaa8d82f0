"""jax.random: random keys and what is drawn with them."""
from . import _cotan

globals().update(_cotan.bound_functions("random"))


def __getattr__(name):
    raise AttributeError(f"module 'jax.random' has no attribute {name!r}")
