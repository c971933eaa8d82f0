"""What libraries take from jax._src.numpy.util: arguments as arrays of one dtype and one number of axes."""
from .. import _cotan

_numpy = _cotan.bound_functions("numpy")


def check_arraylike(fun_name, *args, emit_warning=False, stacklevel=3):
    """TypeError unless every argument is an array, a number, or what stands for one."""
    for position, x in enumerate(args):
        if isinstance(x, (list, tuple, str, dict)) or x is None:
            raise TypeError(f"{fun_name} requires ndarray or scalar arguments, got {type(x)} at position {position}.")


def check_arraylike_or_none(fun_name, *args):
    """The same, where arguments may be missing."""
    check_arraylike(fun_name, *(x for x in args if x is not None))


def ensure_arraylike_tuple(fun_name, args):
    """The arguments as arrays."""
    check_arraylike(fun_name, *args)
    return tuple(map(_numpy["asarray"], args))


def ensure_arraylike(fun_name, *args):
    """The arguments as arrays; one alone is no tuple."""
    arrays = ensure_arraylike_tuple(fun_name, args)
    return arrays[0] if len(arrays) == 1 else arrays


def _promoted(args, *more):
    """Arrays of the dtype that these and `more` promote to, weak where all are."""
    dtype, arrays = _cotan._result_type(*args, *more), [_numpy["asarray"](x) for x in args]
    weak = all(x.weak_type for x in arrays)
    return [_cotan._with_weak_type(x.astype(dtype), weak) for x in arrays]


def promote_dtypes(*args):
    """Arrays of the dtype that the arguments promote to."""
    return _promoted(args)


def promote_dtypes_numeric(*args):
    """The same, and booleans become integers."""
    return _promoted(args, int)


def promote_dtypes_inexact(*args):
    """The same, and integers become floating-point numbers."""
    return _promoted(args, float)


def promote_dtypes_complex(*args):
    """The same, and all become complex."""
    return _promoted(args, complex)
