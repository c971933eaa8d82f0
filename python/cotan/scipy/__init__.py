"""jax.scipy: its modules come in when they are asked for."""


def __getattr__(name):
    from importlib import import_module
    try:
        return import_module("." + name, __name__)
    except ModuleNotFoundError as e:
        if e.name != f"{__name__}.{name}":
            raise
    raise AttributeError(f"module 'jax.scipy' has no attribute {name!r}")
