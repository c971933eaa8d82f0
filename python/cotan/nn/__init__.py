"""jax.nn: activation functions and what else networks are made of."""
from typing import NamedTuple

from .. import _cotan

globals().update(_cotan.bound_functions("nn"))
tanh = _cotan.bound_functions("numpy")["tanh"]


class BlockScaleConfig(NamedTuple):
    """How scaled_dot_general is to quantize an operand: the elements of a block share a scale."""
    mode: str
    block_size: int
    data_type: object
    scale_type: object
    global_scale: object = None
    infer_only: bool = False


def get_scaled_dot_general_config(mode, global_scale=None):
    """The formats of 'nvfp4' or 'mxfp8'."""
    from .. import numpy as jnp
    if mode == "nvfp4":
        return BlockScaleConfig(mode, 16, jnp.float4_e2m1fn, jnp.float8_e4m3fn, jnp.ones(1, jnp.float32) if global_scale is None else global_scale)
    if mode == "mxfp8":
        return BlockScaleConfig(mode, 32, jnp.float8_e4m3fn, jnp.float8_e8m0fnu)
    raise ValueError(f"Unsupported mode: {mode}")


def scaled_dot_general(lhs, rhs, dimension_numbers, preferred_element_type="float32", configs=None, implementation=None):
    """lax.dot_general. Quantized operands, which configs ask for, need an accelerator."""
    from ..lax import dot_general
    if configs is not None:
        raise NotImplementedError("scaled_dot_general: operands are quantized on accelerators only; configs=None multiplies them as they are")
    return dot_general(lhs, rhs, dimension_numbers, preferred_element_type=preferred_element_type)


def __getattr__(name):
    if name == "initializers":
        from importlib import import_module
        return import_module(".initializers", __name__)
    raise AttributeError(f"module 'jax.nn' has no attribute {name!r}")
