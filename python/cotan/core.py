"""jax.core: abstract values, jaxprs and their equations, primitives, tracers."""
import math
from contextlib import nullcontext
from typing import NamedTuple

from . import _cotan
from ._api import ensure_compile_time_eval, typeof
from .source_info_util import SourceInfo
from ._cotan import ClosedJaxpr, DropVar, Jaxpr, JaxprEqn, Literal, Primitive, Trace, Tracer, Var

Atom = Var | Literal
ParamDict = dict


class AbstractValue:
    """The type of a value."""
    __slots__ = ()


class ShapedArray(AbstractValue):
    """Shape, dtype and weakness: all that a traced value is known by."""
    __slots__ = ("shape", "dtype", "weak_type", "_sharding")

    def __init__(self, shape, dtype, weak_type=False, *, sharding=None, **_):
        self.shape, self.weak_type, self._sharding = tuple(shape), bool(weak_type), sharding
        self.dtype = _cotan.dtype_of_code(_cotan.dtype_code(dtype))

    ndim = property(lambda self: len(self.shape))

    @property
    def sharding(self):
        """Where the parts lie, by the axes of the current mesh: nowhere in particular, if nothing was said."""
        if self._sharding is None:
            from .sharding import NamedSharding, PartitionSpec, get_abstract_mesh
            return NamedSharding(get_abstract_mesh(), PartitionSpec(*(None,) * self.ndim))
        return self._sharding

    size = property(lambda self: math.prod(self.shape))

    def __len__(self):
        return self.shape[0]

    def str_short(self, short_dtypes=False, **_):
        name = getattr(self.dtype, "name", str(self.dtype))
        if short_dtypes:
            for long, short in (("bfloat", "bf"), ("float", "f"), ("uint", "u"), ("int", "i"), ("complex", "c")):
                if name.startswith(long):
                    name = short + name[len(long):]
                    break
        return f"{name}[{','.join(map(str, self.shape))}]"

    def __repr__(self):
        return f"ShapedArray({self.str_short()}{', weak_type=True' if self.weak_type else ''})"

    def __str__(self):
        return ("~" if self.weak_type else "") + self.str_short()

    def __eq__(self, other):
        return type(other) is ShapedArray and (self.shape, self.dtype, self.weak_type) == (other.shape, other.dtype, other.weak_type)

    def __hash__(self):
        return hash((self.shape, self.dtype, self.weak_type))

    def update(self, **changes):
        return ShapedArray(**{"shape": self.shape, "dtype": self.dtype, "weak_type": self.weak_type, **changes})

    def strip_weak_type(self):
        return self.update(weak_type=False)

    def lo_ty(self):
        """The types of the arrays that a value consists of: itself. The two that follow go there and back."""
        return [self]

    def lower_val(self, x):
        return [x]

    def raise_val(self, x):
        return x

    def normalize(self):
        return self

    def to_tangent_aval(self):
        """The type of its tangents."""
        return self.update(dtype=_cotan._tangent_dtype(self.dtype))

    to_ct_aval = to_cotangent_aval = to_tangent_aval


high_types = {}  # class of values of types above arrays -> function that gives the type (experimental/hijax.py)


def get_aval(x):
    if isinstance(x, (_cotan.Array, _cotan.Ref)):
        return x.aval
    if isinstance(x, (list, tuple, str)):
        raise TypeError(f"Argument {x!r} of type {type(x)} is not a valid JAX type")
    if type(x) in high_types:
        return high_types[type(x)](x)
    return _cotan._as_array(x).aval


class NumpyTypes(dict):
    """What is known of the types of values: what programs enter, and one answer for those of NumPy."""

    def __init__(self, answer):
        self._answer = answer

    def __missing__(self, type):
        if type.__module__ != "numpy":
            raise KeyError(type)
        return self._answer


pytype_aval_mappings = NumpyTypes(get_aval)


def raise_to_shaped(aval, weak_type=None):
    return aval if weak_type is None else aval.update(weak_type=weak_type)


def mapped_aval(size, axis, aval):
    """The type of one element along an axis."""
    return aval if axis is None else aval.update(shape=aval.shape[:axis] + aval.shape[axis + 1:])


def unmapped_aval(size, axis, aval, explicit_mesh_axis=None):
    """The type with an axis put in."""
    return aval if axis is None else aval.update(shape=(*aval.shape[:axis], size, *aval.shape[axis:]))


def valid_jaxtype(x):
    """Whether arrays can hold the object."""
    try:
        get_aval(x)
    except (TypeError, OverflowError):
        return False
    return True


# ---- primitives by the names of JAX's variables ----

_PRIMITIVE_NAMES = {"add_jaxvals_p": "add_any", "linear_solve_p": "custom_linear_solve", "remat_p": "remat2", "pjit_p": "jit"}


def _primitive(variable):
    """The primitive that JAX keeps in this variable (sin_p), or None."""
    name = _PRIMITIVE_NAMES.get(variable, variable.removesuffix("_p"))
    return _cotan._primitive(name) or _cotan._primitive(name.replace("_", "-"))


# ---- equations and programs ----

class Effect:
    """Something that an equation does besides computing its results."""

    def __init__(self, name="effect"):
        self._name = name

    def __repr__(self):
        return self._name


Effects = set
no_effects = frozenset()
_ALL_EFFECTS = {1 << i: Effect(name) for i, name in enumerate(("Other", "Debug", "OrderedDebug", "IO", "OrderedIO", "Ref"))}


def _effects(bits):
    return frozenset(e for bit, e in _ALL_EFFECTS.items() if bits & bit) if bits else no_effects


class DebugInfo(NamedTuple):
    """Where a program comes from."""
    traced_for: str
    func_src_info: str
    arg_names: tuple | None = None
    result_paths: tuple | None = None


def _debug_info(name, place):
    name = name or "<unknown>"
    return DebugInfo("jit", f"{name} at {place[0]}:{place[2]}" if place else name)


class JaxprEqnContext:
    """The settings that an equation was made under: none that this library's equations depend on."""
    manager = property(lambda self: nullcontext())


_no_source, _no_context = SourceInfo(), JaxprEqnContext()


class JaxprTypeError(TypeError):
    """A program is not well formed."""


class InconclusiveDimensionOperation(Exception):
    """Symbolic dimensions cannot be compared."""


def _program_of(eqn):
    """A program of one equation."""
    inputs = list(dict.fromkeys(v for v in eqn.invars if isinstance(v, Var)))
    return Jaxpr([], inputs, [v for v in eqn.outvars if type(v) is not DropVar], [eqn])


def new_jaxpr_eqn(invars, outvars, primitive, params, effects=no_effects, source_info=None, ctx=None):
    """An equation: outvars = primitive[params] invars."""
    return JaxprEqn(invars, outvars, primitive, params, effects, source_info, ctx)


def gensym(*_):
    """A function that makes variables of given types."""
    return Var


def check_jaxpr(jaxpr):
    """JaxprTypeError unless every variable is defined once before its uses and every result has the type its primitive gives it."""
    try:
        jaxpr._check()
    except TypeError as e:
        raise JaxprTypeError(str(e)) from None


def eval_jaxpr(jaxpr, consts, *args, propagate_source_info=True):
    """The results of a program, a list, under the current transformations."""
    return jaxpr._run(consts, args)


def jaxpr_as_fun(closed_jaxpr):
    """A program as a function of its arguments that returns a list."""
    return lambda *args: closed_jaxpr._run(*args)


def jaxprs_in_params(params):
    """The programs among an equation's parameters."""
    for value in params.values():
        for v in value if isinstance(value, tuple) else (value,):
            if isinstance(v, Jaxpr):
                yield v
            elif isinstance(v, ClosedJaxpr):
                yield v.jaxpr


def subjaxprs(jaxpr):
    """The programs inside a program's equations."""
    for eqn in jaxpr.eqns:
        yield from jaxprs_in_params(eqn.params)


# ---- which transformations are running ----

class OpaqueTraceState:
    """Which transformation was running when it was made; equal while it is the same."""
    __slots__ = ("_number",)

    def __init__(self):
        self._number = _cotan._trace_state()[0]

    def __eq__(self, other):
        return isinstance(other, OpaqueTraceState) and self._number == other._number

    def __hash__(self):
        return hash(self._number)


class TraceTag:
    """What a trace written in Python is known by."""


class set_current_trace:
    """Inside, operations are interpreted by this trace."""

    def __init__(self, trace, check_leaks=False):
        self._trace = trace

    def __enter__(self):
        self._before = _cotan._swap_trace(self._trace)

    def __exit__(self, *_):
        _cotan._leave_trace(self._trace, self._before)


class take_current_trace(set_current_trace):
    """Inside, operations are evaluated; gives the trace that interpreted them before."""

    def __init__(self):
        super().__init__(eval_trace)

    def __enter__(self):
        super().__enter__()
        return self._before


eval_trace = _cotan._eval_trace()


def eval_context():
    """A context in which operations are evaluated."""
    return set_current_trace(eval_trace)


def find_top_trace(_):
    """The trace that would interpret an operation now."""
    with take_current_trace() as trace:
        return trace


def get_opaque_trace_state(convention=None):
    """What tells states of tracing apart; equal states compare equal."""
    return OpaqueTraceState()


def trace_state_clean():
    return not _cotan._trace_state()[1]


def unsafe_am_i_under_a_jit_DO_NOT_USE():
    """Whether a program is being written down."""
    return "JitTracer" in _cotan._trace_state()[1]


def unsafe_am_i_under_a_vmap_DO_NOT_USE():
    """Whether a batch is being mapped over."""
    return "BatchTracer" in _cotan._trace_state()[1]


def unsafe_get_axis_names_DO_NOT_USE():
    """The names of the axes that are mapped over."""
    return _cotan._trace_state()[2]


def nonempty_axis_env_DO_NOT_USE():
    """Whether any axis with a name is mapped over."""
    return bool(_cotan._trace_state()[2])


def primal_dtype_to_tangent_dtype(primal_dtype):
    """The dtype of tangents of values of this dtype: float0 for integers."""
    return _cotan._tangent_dtype(primal_dtype)


# ---- values ----

def concrete_or_error(force, val, context=""):
    """force(val) for a known value, and a ConcretizationTypeError that says `context` for a traced one."""
    if isinstance(val, Tracer) and not is_concrete(val):
        from .errors import ConcretizationTypeError
        raise ConcretizationTypeError(f"a traced value of type {val.aval.str_short()} was given where a known one is needed. {context}")
    return val if force is None else force(val)


def is_concrete(x):
    """Whether the value is known, possibly as the primal of a derivative."""
    from .errors import ConcretizationTypeError, TracerArrayConversionError
    try:
        _cotan._as_array(x).__array__()
    except (ConcretizationTypeError, TracerArrayConversionError):
        return False
    return True


def is_constant_dim(d):
    return isinstance(d, int)


def is_constant_shape(shape):
    return all(isinstance(d, int) for d in shape)


def max_dim(d1, d2):
    """The larger of two sizes."""
    return max(d1, d2)


def min_dim(d1, d2):
    """The smaller of two sizes."""
    return min(d1, d2)
