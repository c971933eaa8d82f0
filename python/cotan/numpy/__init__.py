"""jax.numpy: NumPy's functions on arrays that can be transformed."""
from .. import _cotan
from .._cotan import Array as ndarray, from_dlpack

globals().update(_cotan.bound_functions("numpy"))
from ._forms import delete, einsum, einsum_path, insert, pad, set_printoptions

__array_api_version__ = "2024.12"
newaxis = None
pi = 3.141592653589793
e = 2.718281828459045
euler_gamma = 0.5772156649015329
inf = float("inf")
nan = float("nan")


class _ScalarMeta(type):
    """The class of jnp.float32 and its kin: a dtype's name that makes arrays when called."""
    _cotan_code = 0

    @property
    def dtype(cls):
        return _cotan.dtype_of_code(cls._cotan_code)

    def __call__(cls, x=0):
        return array(x, dtype=cls)

    def __eq__(cls, other):
        return cls is other or (not isinstance(other, _ScalarMeta) and (cls.dtype.type is other or cls.dtype == other if other is not None else False))

    def __ne__(cls, other):
        return not cls == other

    def __hash__(cls):
        return hash(cls.dtype.type)

    def __instancecheck__(cls, instance):
        return isinstance(instance, cls.dtype.type)

    def __repr__(cls):
        return f"<class 'jax.numpy.{cls.__name__}'>"


def _scalar_types():
    for name, code in _cotan.dtype_names().items():
        if not name.startswith(("key", "float0")):
            yield name, _ScalarMeta(name, (), {"_cotan_code": code, "__module__": "jax.numpy"})


globals().update(_scalar_types())
bool_, double, single, half = globals()["bool"], globals()["float64"], globals()["float32"], globals()["float16"]
cdouble, csingle = globals()["complex128"], globals()["complex64"]
int_, uint, float_, complex_ = globals()["int32"], globals()["uint32"], globals()["float32"], globals()["complex64"]
del globals()["bool"]
import builtins as _builtins

ascontiguousarray = asarray


_is_subtype = None


def issubdtype(arg1, arg2):
    """Whether a dtype belongs to a category."""
    global _is_subtype
    if _is_subtype is None:
        from ..dtypes import issubdtype as _is_subtype
    return _is_subtype(arg1, arg2)


def shape(a):
    """Lengths of the axes."""
    return a.shape if hasattr(a, "shape") else _cotan._as_array(a).shape


def ndim(a):
    """Number of axes."""
    return len(shape(a))


def size(a, axis=None):
    """Number of elements, or the product of the lengths of an axis or several."""
    s, n = shape(a), 1
    if axis is not None:
        axes = axis if isinstance(axis, (tuple, list)) else (axis,)
        if bad := [d for d in axes if not -len(s) <= d < len(s)]:
            raise ValueError(f"axis {bad[0]} is out of bounds for array of dimension {len(s)}")
        s = [s[d] for d in axes]
    for d in s:
        n *= d
    return n


def broadcast_shapes(*shapes):
    """The shape that arrays of these shapes broadcast to."""
    shapes = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    rank = _builtins.max((len(s) for s in shapes), default=0)
    out = [1] * rank
    for s in shapes:
        for i, n in enumerate(s, rank - len(s)):
            if n != 1 and out[i] not in (1, n):
                raise ValueError(f"Incompatible shapes for broadcasting: shapes={shapes}")
            out[i] = n if n != 1 else out[i]
    return tuple(out)


_limits = {}


def _limits_of(kind, dtype):
    code = _cotan.dtype_code(dtype)
    if (kind, code) not in _limits:
        import ml_dtypes
        _limits[kind, code] = getattr(ml_dtypes, kind)(_cotan.dtype_of_code(code))
    return _limits[kind, code]


def finfo(dtype):
    """Limits of a floating-point type."""
    return _limits_of("finfo", dtype)


def iinfo(int_type):
    """Limits of an integer type."""
    return _limits_of("iinfo", int_type)


def _named_dtype(x):
    import numpy
    return numpy.dtype(x)


def result_type(*args):
    """The dtype of an operation on all of these."""
    return _cotan._result_type(*args)


def promote_types(a, b):
    """The dtype that both can be converted to."""
    return _cotan._result_type(*(_named_dtype(x) if isinstance(x, str) else x for x in (a, b)))


def isscalar(element):
    """Whether the argument is one number."""
    return _builtins.isinstance(element, (int, float, complex, _builtins.bool)) or (hasattr(element, "ndim") and element.ndim == 0)


def iscomplexobj(x):
    """Whether the dtype is complex."""
    return x is not None and _cotan._result_type(x).kind == "c"


def isrealobj(x):
    """Whether the dtype is not complex."""
    return not iscomplexobj(x)


def can_cast(from_, to, casting="safe"):
    """Whether NumPy would convert one dtype to another."""
    import numpy
    return numpy.can_cast(numpy.dtype(from_) if not hasattr(from_, "dtype") else from_.dtype, numpy.dtype(to), casting=casting)


_KINDS = {"bool": "bool_", "signed integer": "signedinteger", "unsigned integer": "unsignedinteger", "integral": "integer", "real floating": "floating",
          "complex floating": "complexfloating", "numeric": "number"}


def isdtype(dtype, kind):
    """Whether a dtype is of a kind: a dtype, 'bool', 'signed integer', 'unsigned integer', 'integral', 'real floating', 'complex floating', 'numeric', or
    a tuple of those."""
    def one(k):
        if isinstance(k, str) and k in _KINDS:
            return issubdtype(dtype, bool_ if k == "bool" else __getattr__(_KINDS[k]))
        if isinstance(k, tuple):
            raise TypeError(f"Expected kind to be a dtype, string, or tuple; got kind={kind!r}")
        try:
            return _cotan.dtype_code(dtype) == _cotan.dtype_code(k)
        except TypeError:
            raise (ValueError if isinstance(k, str) else TypeError)(f"Unrecognized kind={kind!r} expected one of {list(_KINDS)}, or a compatible input "
                                                                    "for jnp.dtype()") from None
    return _builtins.any(one(k) for k in kind) if isinstance(kind, tuple) else one(kind)


def _named_sets():
    """unique_all and its relatives, whose results have names."""
    from collections import namedtuple
    unique = globals()["unique"]

    def make(name, doc, fields, flags):
        result = namedtuple("_" + "".join(w.title() for w in name.split("_")) + "Result", fields)

        def function(x, /, *, size=None, fill_value=None):
            return result(*unique(x, **{f: True for f in flags}, equal_nan=False, size=size, fill_value=fill_value))
        function.__name__ = function.__qualname__ = name
        function.__doc__ = doc
        globals()[name] = function
    make("unique_all", "The different elements, where each is first, which one each element is, and how often each occurs.",
         ("values", "indices", "inverse_indices", "counts"), ("return_index", "return_inverse", "return_counts"))
    make("unique_counts", "The different elements, and how often each occurs.", ("values", "counts"), ("return_counts",))
    make("unique_inverse", "The different elements, and which one each element is.", ("values", "inverse_indices"), ("return_inverse",))


_named_sets()


def iterable(y):
    """Whether the argument can be iterated over."""
    try:
        iter(y)
        return True
    except TypeError:
        return False


def _missing(name):
    raise AttributeError(f"module 'jax.numpy' has no attribute {name!r}")


_FROM_NUMPY = frozenset(("generic", "number", "integer", "signedinteger", "unsignedinteger", "inexact", "floating", "complexfloating", "flexible", "character",
                         "object_", "dtype", "get_printoptions", "printoptions", "save", "savez", "iterable", "array_repr", "array_str"))


# Found when they are first asked for.
_LATER = {name: module for module, names in {
    "_mapped": "piecewise apply_along_axis apply_over_axes fromfunction mask_indices",
    "_pieces": "block mgrid ogrid r_ c_ s_ index_exp load frombuffer fromstring fromfile fromiter",
    "_ufunc": "ufunc frompyfunc",
    "_vectorize": "vectorize"}.items() for name in names.split()}


def __getattr__(name):
    if name == "ComplexWarning":
        from numpy.exceptions import ComplexWarning
        return ComplexWarning
    if name in _FROM_NUMPY:
        import numpy
        value = globals()[name] = getattr(numpy, name)
        return value
    if name == "bool":
        return bool_
    if name in _LATER:
        from importlib import import_module
        value = globals()[name] = getattr(import_module("." + _LATER[name], __name__), name)
        return value
    if name in ("linalg", "fft"):
        from importlib import import_module
        try:
            return import_module("." + name, __name__)
        except ModuleNotFoundError:
            pass
    _missing(name)
