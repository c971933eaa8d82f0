"""What programs take from jax._src.api: the transformations."""
from . import (Array, ShapeDtypeStruct, block_until_ready, device_get, device_put, eval_shape, grad, hessian, jacfwd, jacrev, jit, jvp, linear_transpose, linearize,
               make_jaxpr, named_call, value_and_grad, vjp, vmap)
