"""jax.core: abstract values, jaxprs and tracers by name."""
from . import _cotan
from ._cotan import Tracer


class ShapedArray:
    """Shape, dtype and weakness: all that a traced value is known by."""
    __slots__ = ("shape", "dtype", "weak_type", "sharding")

    def __init__(self, shape, dtype, weak_type=False, *, sharding=None, **_):
        self.shape, self.weak_type, self.sharding = tuple(shape), bool(weak_type), sharding
        self.dtype = _cotan.dtype_of_code(_cotan.dtype_code(dtype))

    ndim = property(lambda self: len(self.shape))

    @property
    def size(self):
        n = 1
        for d in self.shape:
            n *= d
        return n

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
        return self.str_short()

    def __eq__(self, other):
        return type(other) is ShapedArray and (self.shape, self.dtype, self.weak_type) == (other.shape, other.dtype, other.weak_type)

    def __hash__(self):
        return hash((self.shape, self.dtype, self.weak_type))

    def update(self, **changes):
        return ShapedArray(**{"shape": self.shape, "dtype": self.dtype, "weak_type": self.weak_type, **changes})

    def strip_weak_type(self):
        return self.update(weak_type=False)


AbstractValue = ShapedArray


def get_aval(x):
    return x.aval if isinstance(x, _cotan.Array) else _cotan._as_array(x).aval


class ClosedJaxpr:
    """A program with the values of its constants."""

    def __init__(self, program):
        self._program = program

    consts = property(lambda self: self._program.consts)
    in_avals = property(lambda self: [_aval(a) for a in self._program._in_avals])
    out_avals = property(lambda self: [_aval(a) for a in self._program._out_avals])
    jaxpr = property(lambda self: self)

    def __repr__(self):
        return repr(self._program)

    def pretty_print(self, **_):
        return repr(self._program)


def _aval(described):
    shape, code, weak = described
    return ShapedArray(shape, _cotan.dtype_of_code(code), weak)


def jaxpr_as_fun(closed):
    return lambda *args: closed._program._run(*args)


def eval_jaxpr(jaxpr, consts, *args, **_):
    return jaxpr._program._run(*args)


Jaxpr = ClosedJaxpr


def is_constant_shape(shape):
    return all(isinstance(d, int) for d in shape)
