"""jax.extend.core.primitives: every primitive by its variable's name, sin_p and so on."""
from ...core import Primitive, _primitive

# No program of ours has these; libraries name them in tables of rules. Those of the second list can be bound: they give what they take.
_ABSENT = {f"{name}_p": name for name in ("after_all", "call", "closed_call", "create_token", "empty2", "ragged_all_to_all", "select_and_scatter", "stage",
                                          "symmetric_product", "xla_pmap")}
_IDENTITIES = {f"{name}_p": name for name in ("device_put", "sharding_constraint")}
_MULTIPLE = ("call", "closed_call", "device_put", "xla_pmap")


def _absent(name):
    made = Primitive(name)
    made.multiple_results = name in _MULTIPLE
    return made


def _identity(name):
    from ...interpreters import ad, batching, mlir
    made = _absent(name)
    given = (lambda *xs, **_: list(xs)) if made.multiple_results else (lambda x, **_: x)
    made.def_impl(given)
    made.def_abstract_eval(given)
    ad.deflinear2(made, lambda ct, *_, **__: ct if made.multiple_results else (ct,))
    batching.primitive_batchers[made] = lambda xs, dims, **_: (given(*xs), given(*dims))
    mlir.register_lowering(made, mlir.lower_fun(given, multiple_results=made.multiple_results))
    return made


def __getattr__(name):
    if name in _ABSENT or name in _IDENTITIES:
        globals()[name] = made = _absent(_ABSENT[name]) if name in _ABSENT else _identity(_IDENTITIES[name])
        return made
    found = _primitive(name) if name.endswith("_p") else None
    if found is None:
        raise AttributeError(f"module 'jax.extend.core.primitives' has no attribute {name!r}")
    return found
