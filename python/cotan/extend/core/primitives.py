"""jax.extend.core.primitives: every primitive by its variable's name, sin_p and so on."""
from ...core import Primitive, _primitive

# No program of ours has these; libraries name them in tables of rules.
_ABSENT = {"call_p": "call", "closed_call_p": "closed_call", "xla_pmap_p": "xla_pmap", "after_all_p": "after_all"}


def __getattr__(name):
    if name in _ABSENT:
        globals()[name] = made = Primitive(_ABSENT[name])
        made.multiple_results = name != "after_all_p"
        return made
    found = _primitive(name) if name.endswith("_p") else None
    if found is None:
        raise AttributeError(f"module 'jax.extend.core.primitives' has no attribute {name!r}")
    return found
