"""jax.experimental.compute_on: where parts of a program run, which is on the processor."""
from contextlib import contextmanager
from functools import wraps

_TYPES = ("device_host", "device", "tpu_sparsecore")


def _checked(compute_type):
    if not isinstance(compute_type, str):
        raise TypeError(f"`compute_on`'s compute_type argument must be a string. Got {compute_type!r}")
    if compute_type not in _TYPES and not compute_type.startswith("gpu_stream:"):
        raise ValueError(f"Invalid compute type {compute_type}. Current supported values are {', '.join(_TYPES)} and gpu_stream:#.")


@contextmanager
def compute_on(compute_type):
    """A context, or a decorator, whose operations run on the host; here all do."""
    _checked(compute_type)
    yield


def compute_on2(f=None, *, compute_type, out_memory_spaces):
    """f, or a decorator of it, run on the host; here everything does."""
    _checked(compute_type)
    if f is None:
        return lambda f: compute_on2(f, compute_type=compute_type, out_memory_spaces=out_memory_spaces)
    return wraps(f)(lambda *args: f(*args))
