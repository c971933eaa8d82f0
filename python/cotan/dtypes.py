"""jax.dtypes: dtypes by category, and the dtypes that NumPy has not."""
from . import _cotan
from ._cotan import TypePromotionError, canonical_dtype as canonicalize_dtype


class KeyType:
    """The dtype of random keys."""
    itemsize = 8
    kind = "V"

    def __init__(self, code, name):
        self._cotan_code, self.name = code, name

    def __repr__(self):
        return self.name

    type = property(lambda self: prng_key)

    def __eq__(self, other):
        return self is other

    def __hash__(self):
        return hash(self.name)


class ExtendedDType:
    """The base of dtypes that libraries define; arrays cannot have them yet."""


DType = object


def finfo(dtype):
    """Limits of a floating-point type."""
    from .numpy import finfo as of
    return of(dtype)


def iinfo(int_type):
    """Limits of an integer type."""
    from .numpy import iinfo as of
    return of(int_type)


def itemsize_bits(dtype):
    """How many bits an element has."""
    d = _cotan.dtype_of_code(_cotan.dtype_code(dtype))
    return int(d.name[-1]) if d.name in ("int2", "uint2", "int4", "uint4") else 4 if d.name == "float4_e2m1fn" else 8 * d.itemsize


def supports_inf(dtype):
    """Whether a floating-point type has infinities."""
    return float(_cotan._as_array(float("inf"), dtype)) == float("inf")


class extended:
    """The kind of dtypes that NumPy has not."""


class prng_key(extended):
    """The kind of random keys' dtypes."""


_made = {}


def _special(code):
    """The dtype object of a code that NumPy cannot represent."""
    if code not in _made:
        name = {v: k for k, v in _cotan.dtype_names().items()}[code]
        if name == "float0":
            import numpy
            _made[code] = numpy.dtype([("float0", numpy.void, 0)])
        else:
            _made[code] = KeyType(code, name)
    return _made[code]


_subtypes = {}


def issubdtype(a, b):
    """Whether dtype a belongs to the category or dtype b."""
    try:
        return _subtypes[a, b]
    except KeyError:
        answer = _subtypes[a, b] = _issubdtype(a, b)
        return answer
    except TypeError:  # not hashable
        return _issubdtype(a, b)


def _issubdtype(a, b):
    import numpy as np
    if isinstance(b, type) and issubclass(b, extended):
        kind = a if isinstance(a, type) else getattr(a, "type", None)
        return isinstance(kind, type) and issubclass(kind, b)
    if isinstance(a, KeyType) or (isinstance(a, type) and issubclass(a, extended)):
        return b is np.generic if not isinstance(b, KeyType) else a is b
    a = a if isinstance(a, type) and issubclass(a, np.generic) and a in _abstract(np) else _cotan.dtype_of_code(_cotan.dtype_code(a))
    if isinstance(b, type) and b in _abstract(np):
        name = getattr(a, "name", "")
        if "float" in name:  # NumPy knows nothing of bfloat16 and its kin
            return b in (np.floating, np.inexact, np.number, np.generic)
        if name in ("int2", "int4"):
            return b in (np.signedinteger, np.integer, np.number, np.generic)
        if name in ("uint2", "uint4"):
            return b in (np.unsignedinteger, np.integer, np.number, np.generic)
        return np.issubdtype(a, b)
    return a == _cotan.dtype_of_code(_cotan.dtype_code(b))


def _abstract(np):
    return {np.generic, np.number, np.integer, np.signedinteger, np.unsignedinteger, np.inexact, np.floating, np.complexfloating, np.flexible, np.character}


def result_type(*args, return_weak_type_flag=False):
    """The dtype that the arguments take together."""
    from .numpy import result_type as of
    return of(*args)


def scalar_type_of(x):
    """The type of Python's numbers for a value."""
    import numpy as np
    d = _cotan._as_array(x).dtype
    for category, python in ((np.bool_, bool), (np.integer, int), (np.floating, float), (np.complexfloating, complex)):
        if issubdtype(d, category):
            return python
    raise TypeError(f"Invalid scalar value {x}")


def to_complex_dtype(dtype):
    """The complex dtype whose parts have the precision of this real one."""
    return result_type(dtype, 1j)


def __getattr__(name):
    if name == "float0":
        return _special(_cotan.dtype_names()["float0"])
    if name == "bfloat16":
        from .numpy import bfloat16
        return bfloat16
    raise AttributeError(f"module 'jax.dtypes' has no attribute {name!r}")
