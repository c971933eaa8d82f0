"""jax.extend.core: programs, equations and primitives for those who write interpreters of their own."""
from ... import core as _core
from ...core import (ClosedJaxpr, DebugInfo, DropVar, Effect, Effects, InconclusiveDimensionOperation, Jaxpr, JaxprEqn, JaxprTypeError, Literal, Primitive, Var,
                     check_jaxpr, concrete_or_error, gensym, jaxpr_as_fun, jaxprs_in_params, mapped_aval, new_jaxpr_eqn, no_effects, subjaxprs, unmapped_aval,
                     valid_jaxtype)


def __getattr__(name):
    if name == "primitives":
        from importlib import import_module
        return import_module(".primitives", __name__)
    raise AttributeError(f"module 'jax.extend.core' has no attribute {name!r}")
