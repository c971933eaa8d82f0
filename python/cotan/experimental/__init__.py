"""jax.experimental."""
from .._callback import io_callback


def __getattr__(name):
    if name == "cur_qdd":
        from .hijax import cur_qdd
        return cur_qdd
    raise AttributeError(f"module 'jax.experimental' has no attribute {name!r}")
