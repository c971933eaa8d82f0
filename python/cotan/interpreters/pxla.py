"""jax.interpreters.pxla: compilation for several devices lies elsewhere."""


def __getattr__(name):
    raise AttributeError(f"module 'jax.interpreters.pxla' has no attribute {name!r}")
