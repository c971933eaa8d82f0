"""jax._src.literals: numbers of Python that know their dtype."""


def _typed(base):
    """A subclass of a number type whose objects have a dtype."""
    class Typed(base):
        def __new__(cls, value, dtype):
            self = super().__new__(cls, value)
            self.dtype = dtype
            return self

        @property
        def aval(self):
            from .core import ShapedArray
            return ShapedArray((), self.dtype, weak_type=True)

        def __repr__(self):
            return f"{type(self).__name__}({base(self)!r}, dtype={self.dtype})"

        __str__ = base.__str__

        def __getnewargs__(self):
            return base(self), self.dtype
    return Typed


class TypedInt(_typed(int)):
    pass


class TypedFloat(_typed(float)):
    pass


class TypedComplex(_typed(complex)):
    pass


typed_scalar_types = {TypedInt, TypedFloat, TypedComplex}
