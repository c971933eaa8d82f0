"""jax.interpreters.xla: names of the past that programs still use."""
from functools import lru_cache

from .. import _cotan
from ..core import NumpyTypes, pytype_aval_mappings

canonicalize_dtype_handlers = NumpyTypes(_cotan._as_array)


@lru_cache(maxsize=1024)
def _compiled(prim, params):
    from .. import jit
    return jit(lambda *args: prim.bind(*args, **dict(params)))


def apply_primitive(prim, *args, **params):
    """The primitive by itself, through its lowering."""
    try:
        run = _compiled(prim, tuple(params.items()))
    except TypeError:  # parameters without a hash
        run = _compiled.__wrapped__(prim, tuple(params.items()))
    return run(*args)
