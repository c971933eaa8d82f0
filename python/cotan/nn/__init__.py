"""jax.nn: activation functions and what else networks are made of."""
from .. import _cotan

globals().update(_cotan.bound_functions("nn"))
tanh = _cotan.bound_functions("numpy")["tanh"]


def __getattr__(name):
    if name == "initializers":
        from importlib import import_module
        return import_module(".initializers", __name__)
    raise AttributeError(f"module 'jax.nn' has no attribute {name!r}")
