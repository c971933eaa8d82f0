"""jax.experimental.checkify: checks inside transformed functions, whose failures are values."""
import functools
import itertools
import string

from .. import _cotan
from .._stages import stage
from ..tree_util import register_pytree_node


class JaxException(Exception):
    """What an error is about."""


class FailedCheckError(JaxException):
    """checkify.check failed."""


class NaNError(JaxException):
    """An operation gave NaN."""


class DivisionByZeroError(JaxException):
    """Something was divided by zero."""


class OOBError(JaxException):
    """An index was out of bounds."""


class JaxRuntimeError(ValueError):
    """A check failed."""


ErrorCategory = type
user_checks = frozenset({FailedCheckError})
nan_checks = frozenset({NaNError})
index_checks = frozenset({OOBError})
div_checks = frozenset({DivisionByZeroError})
float_checks = nan_checks | div_checks
automatic_checks = float_checks | index_checks
all_checks = automatic_checks | user_checks
_BITS = {FailedCheckError: 1, NaNError: 2, DivisionByZeroError: 4, OOBError: 8}
_AUTOMATIC = 1 << 28  # the library's codes: CHECK_AUTOMATIC, CHECK_OUT_OF_BOUNDS, CHECK_AGAIN
_OUT_OF_BOUNDS, _AGAIN = _AUTOMATIC - 1, _AUTOMATIC - 2

_sites = {}  # number -> (message, structure of its arguments)
_numbers = itertools.count()


def _message(code, values):
    """What the check with this code says of concrete values."""
    if code == _AGAIN:
        return _message(int(values[0]), values[1:])
    text = _cotan._checkify_text(code)
    if text is not None and text.startswith("out"):
        index, axis, size = (int(v) for v in values)
        return OOBError, f"{text}index {index} is out of bounds for axis {axis} with size {size}. "
    if text is not None:
        return (NaNError, f"{text}.") if text.startswith("nan") else (DivisionByZeroError, text)
    msg, in_tree = _sites[code]
    args, kwargs = in_tree.unflatten(values)
    return FailedCheckError, f"{msg.format(*args, **kwargs)} (`check` failed)"


def _site_of(code):
    """Where the values of a failure with this code are."""
    return code if code < _AUTOMATIC else _OUT_OF_BOUNDS


def _report(site, values):
    raise JaxRuntimeError(_message(site, values)[1])


class Error:
    """The first failure of a function with checks, or none. With leading axes: one for each element of a batch."""

    def __init__(self, code, values):
        self._code, self._values = code, values  # values: {site: arrays}

    def _elements(self):
        import numpy
        code = numpy.asarray(self._code)
        for where in numpy.argwhere(code >= 0):
            c = int(code[tuple(where)])
            values = [v[tuple(where)] if len(where) else v for v in self._values.get(_site_of(c), ())]
            yield where, *_message(c, values)

    def get(self):
        """The message, or None when no check failed."""
        lines = [m if not len(at) else f"at mapped index {','.join(map(str, at))}: {m}" for at, _, m in self._elements()]
        return "\n".join(lines) or None

    def get_exception(self):
        """The exception, or None when no check failed."""
        for _, kind, message in self._elements():
            return kind(message)
        return None

    def throw(self):
        """Raises JaxRuntimeError when a check failed."""
        message = self.get()
        if message:
            raise JaxRuntimeError(message)

    def __repr__(self):
        return f"Error(code={self._code!r})"


register_pytree_node(Error, lambda e: (((e._code, e._values)), None), lambda _, children: Error(*children))


def _none():
    from ..numpy import int32
    return Error(int32(-1), {})


def __getattr__(name):
    if name == "init_error":
        return _none()
    raise AttributeError(f"module 'jax.experimental.checkify' has no attribute {name!r}")


class _Formatter(string.Formatter):
    def format_field(self, value, spec):
        return ""


def check(pred, msg, *fmt_args, debug=False, **fmt_kwargs):
    """Records an error with this message where pred is false. The message is formatted with the arguments, which are arrays.

    In a function under checkify the error is a result; outside it is raised.
    """
    import numpy as np
    if not isinstance(pred, (bool, np.bool_, _cotan.Array, np.ndarray)) or np.shape(pred) != () or (hasattr(pred, "dtype") and pred.dtype != np.bool_):
        raise TypeError(f"check takes a scalar pred as argument, got {pred}")
    leaves, in_tree = _cotan.tree_flatten((fmt_args, fmt_kwargs))
    for leaf in leaves:
        if not isinstance(leaf, (_cotan.Array, np.ndarray, np.generic, bool, int, float, complex)):
            raise TypeError(f"Formatting arguments to checkify.check need to be PyTrees of arrays, but got {leaf!r} of type {type(leaf)}.")
    _Formatter().vformat(msg, fmt_args, fmt_kwargs)
    site = next(_numbers)
    _sites[site] = (msg, in_tree)
    _cotan._check(site, pred, *leaves)


def debug_check(pred, msg, *fmt_args, **fmt_kwargs):
    """The same, but without checkify nothing happens."""
    if _staging[0]:
        check(pred, msg, *fmt_args, **fmt_kwargs)


_staging = [0]


def checkify(f, errors=user_checks):
    """A function that returns (error, f's result), where checks of the given kinds are made while it runs."""
    if not callable(f):
        raise TypeError(f"Expected a callable value, got {f}")
    bits = sum(bit for kind, bit in _BITS.items() if kind in errors)

    @functools.wraps(f)
    def checked(*args, **kwargs):
        _cotan._checkify_staging(1)
        _staging[0] += 1
        try:
            program, _, out_tree = stage(f, args, kwargs)
            results, code, sites = _cotan._checkify(program, bits, _cotan.tree_leaves((args, kwargs)))
        finally:
            _staging[0] -= 1
            _cotan._checkify_staging(-1)
        return Error(code, dict(sites)), out_tree.unflatten(results)

    return checked


def check_error(error):
    """Raises the error, or under checkify makes it one of the enclosing function."""
    if not isinstance(error, Error):
        raise TypeError(f"check_error takes an Error as argument, got type {type(error)}")
    code, values = error._code, error._values
    if not isinstance(code, _cotan.Tracer):
        return error.throw()
    if code.ndim:  # of a batch: its first failure
        first, ndim = (code.reshape(-1) >= 0).argmax(), code.ndim
        values = {site: [v.reshape(-1, *v.shape[ndim:])[first] for v in vs] for site, vs in values.items()}
        code = code.reshape(-1)[first]
    for site, vs in values.items():
        if site != _OUT_OF_BOUNDS:
            _cotan._check(site, code != site, *vs)
    _cotan._check(_AGAIN, code < _AUTOMATIC, code, *values.get(_OUT_OF_BOUNDS, ()))
