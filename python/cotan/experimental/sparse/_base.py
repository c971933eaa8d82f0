"""What all sparse arrays have in common: a pytree of their buffers, and arithmetic by the rules of transform.py."""
import math


class SparseEfficiencyError(ValueError):
    """A change of layout that would store far more than the array holds."""


class SparseEfficiencyWarning(UserWarning):
    """A change of layout that stores more than the array holds."""


class CuSparseEfficiencyWarning(SparseEfficiencyWarning):
    """A product that a GPU's library cannot compute."""


def _by_rule(name, swapped=False):
    """A method that is a function of jax.numpy by the rules of sparse arrays."""
    def method(self, *args):
        from ... import numpy as jnp
        from .transform import sparsify
        function = getattr(jnp, name)
        if args and isinstance(args[0], (int, float, complex)):
            return sparsify(lambda x: function(args[0], x) if swapped else function(x, args[0]))(self)
        return sparsify(function)(*args, self) if swapped else sparsify(function)(self, *args)
    method.__name__ = name
    return method


class JAXSparse:
    """An array that stores some of its elements."""

    __array_priority__ = 200
    __hash__ = None

    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: math.prod(self.shape))
    dtype = property(lambda self: self.data.dtype)
    nse = property(lambda self: self.data.shape[0])
    T = property(lambda self: self.transpose())

    def __len__(self):
        return self.shape[0]

    def __repr__(self):
        return f"{type(self).__name__}({self.dtype.name}{list(self.shape)}, nse={self.nse})"

    def block_until_ready(self):
        return self

    @classmethod
    def _made(cls, buffers, **attributes):
        """An array of these buffers as they are: placeholders too, that transformations put into trees."""
        made = cls.__new__(cls)
        made._set(*buffers)
        made.__dict__.update(attributes)
        return made

    def __neg__(self):
        return _by_rule("negative")(self)

    def __pos__(self):
        return self

    __matmul__, __rmatmul__ = _by_rule("matmul"), _by_rule("matmul", True)
    __mul__, __rmul__ = _by_rule("multiply"), _by_rule("multiply", True)
    __add__, __radd__ = _by_rule("add"), _by_rule("add", True)
    __sub__, __rsub__ = _by_rule("subtract"), _by_rule("subtract", True)
    __truediv__, __rtruediv__, __pow__ = _by_rule("divide"), _by_rule("divide", True), _by_rule("power")
