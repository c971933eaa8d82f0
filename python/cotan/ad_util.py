"""jax._src.ad_util: zeros of derivatives, and the primitives that derivatives are made with."""
from . import _cotan
from ._rules import Zero, instantiate_zeros as instantiate, zeros_like_aval
from .custom_derivatives import SymbolicZero, zero_from_primal
from .interpreters.ad import add_jaxvals, add_jaxvals_p

add_any_p = add_jaxvals_p
stop_gradient_p = _cotan._primitive("stop_gradient")


def zeros_like_jaxval(val):
    return instantiate(Zero.from_primal_value(val))
