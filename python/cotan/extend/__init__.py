"""jax.extend: interfaces for those who build on the internals."""


def __getattr__(name):
    if name in ("backend", "core", "ifrt_programs", "linear_util", "random", "source_info_util"):
        from importlib import import_module
        return import_module("." + name, __name__)
    raise AttributeError(f"module 'jax.extend' has no attribute {name!r}")
