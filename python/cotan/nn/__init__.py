"""jax.nn: activation functions and what else networks are made of."""
from .. import _cotan

globals().update(_cotan.bound_functions("nn"))


def __getattr__(name):
    if name == "initializers":
        from importlib import import_module
        return import_module("jax.nn.initializers".replace("jax", __name__.split(".")[0]))
    raise AttributeError(f"module 'jax.nn' has no attribute {name!r}")
