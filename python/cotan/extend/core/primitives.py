"""jax.extend.core.primitives: every primitive by its variable's name, sin_p and so on."""
from ...core import _primitive


def __getattr__(name):
    found = _primitive(name) if name.endswith("_p") else None
    if found is None:
        raise AttributeError(f"module 'jax.extend.core.primitives' has no attribute {name!r}")
    return found
