"""jax.extend.core: programs, equations and primitives for those who write interpreters of their own."""
from ...core import (ClosedJaxpr, DebugInfo, DropVar, Effect, Effects, InconclusiveDimensionOperation, Jaxpr, JaxprEqn, JaxprTypeError, Literal, Primitive,
                     TraceTag, Var, check_jaxpr, concrete_or_error, find_top_trace, gensym, get_opaque_trace_state, jaxpr_as_fun, jaxprs_in_params,
                     mapped_aval, new_jaxpr_eqn, no_effects, nonempty_axis_env_DO_NOT_USE, primal_dtype_to_tangent_dtype, set_current_trace,
                     subjaxprs, take_current_trace, unmapped_aval,
                     unsafe_am_i_under_a_jit_DO_NOT_USE, unsafe_am_i_under_a_vmap_DO_NOT_USE, unsafe_get_axis_names_DO_NOT_USE, valid_jaxtype)


def __getattr__(name):
    if name == "primitives":
        from importlib import import_module
        return import_module(".primitives", __name__)
    raise AttributeError(f"module 'jax.extend.core' has no attribute {name!r}")
