"""jax.errors: what transformations raise."""
from ._cotan import (ConcretizationTypeError, JAXIndexError, JAXTypeError, JaxRuntimeError, KeyReuseError, NonConcreteBooleanIndexError, TracerArrayConversionError,
                     TracerBoolConversionError, TracerIntegerConversionError, UnexpectedTracerError)


class InconclusiveDimensionOperation(Exception):
    """A question about symbolic dimensions that has no answer for all of their values."""
    __module__ = "jax.errors"


class JaxprTypeError(TypeError):
    """A jaxpr that breaks its own rules."""
    __module__ = "jax.errors"


class SimplifiedTraceback(Exception):
    """The traceback without frames inside the library."""
    __module__ = "jax.errors"
