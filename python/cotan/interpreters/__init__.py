"""jax.interpreters: the rules of primitives, by transformation."""


def __getattr__(name):
    if name in ("ad", "batching", "mlir", "partial_eval", "pxla", "xla"):
        from importlib import import_module
        return import_module("." + name, __name__)
    raise AttributeError(f"module 'jax.interpreters' has no attribute {name!r}")
