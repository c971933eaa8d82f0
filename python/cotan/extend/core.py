"""jax.extend.core."""
from ..core import ClosedJaxpr, Jaxpr, jaxpr_as_fun
