"""jax.debug: looking at values while a program runs."""
from ._callback import debug_callback as callback


def print(fmt, *args, ordered=False, partitioned=False, skip_format_check=False, **kwargs):
    """Prints the formatted values whenever the program runs."""
    import builtins
    callback(lambda *a, **k: builtins.print(fmt.format(*a, **k)), *args, **kwargs)
