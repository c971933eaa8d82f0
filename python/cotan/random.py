"""jax.random: random keys and what is drawn with them."""
from . import _cotan
from ._cotan import Array as PRNGKeyArray

globals().update(_cotan.bound_functions("random"))
_data = globals()["key_data"]


def key_impl(keys):
    """The name of the generator that keys are for."""
    _data(keys)  # raises for what is no key
    return "threefry2x32"


def __getattr__(name):
    raise AttributeError(f"module 'jax.random' has no attribute {name!r}")
