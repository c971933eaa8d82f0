"""jax.random: random keys and what is drawn with them."""
from . import _cotan
from ._cotan import Array as PRNGKeyArray

globals().update(_cotan.bound_functions("random"))
_data, _key = globals()["key_data"], globals()["key"]


_NAMES = {"key<fry>": "threefry2x32", "key<rbg>": "rbg", "key<urbg>": "unsafe_rbg"}


def key_impl(keys):
    """The name of the generator that keys are for."""
    data = _data(keys)  # raises for what is no key
    return _NAMES.get(str(keys.dtype)) or ("threefry2x32" if data.shape[-1] == 2 else "rbg")


def key_dtype(impl_spec=None):
    """The dtype of a generator's keys."""
    return _key(0, impl=impl_spec).dtype


def __getattr__(name):
    if name == "random_gamma_p":
        from .core import _primitive
        return _primitive(name)
    raise AttributeError(f"module 'jax.random' has no attribute {name!r}")
