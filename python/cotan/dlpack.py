"""jax.dlpack: arrays shared with other libraries."""
from ._cotan import from_dlpack
from .numpy import bool_, complex64, complex128, dtype as _dtype, float16, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bfloat16

_SUPPORTED = frozenset(_dtype(d) for d in (bool_, complex64, complex128, float16, float32, float64, bfloat16, int8, int16, int32, int64, uint8, uint16, uint32, uint64))


def is_supported_dtype(dtype):
    """Whether DLPack has a type for the dtype."""
    return _dtype(dtype) in _SUPPORTED
