"""jax.nn.initializers: functions that return functions of (key, shape, dtype)."""
import math

from .. import _cotan
from ..typing import Array

_scaled = _cotan.bound_functions("nn.initializers")["scaled"]
_random = _cotan.bound_functions("random")
_numpy = _cotan.bound_functions("numpy")


class Initializer:
    """Protocol of initializers, for annotations."""

    def __call__(self, key, shape, dtype=None, out_sharding=None) -> Array:
        raise NotImplementedError


def zeros(key, shape, dtype=None, out_sharding=None):
    """All zeros."""
    return _numpy["zeros"](shape, dtype)


def ones(key, shape, dtype=None, out_sharding=None):
    """All ones."""
    return _numpy["ones"](shape, dtype)


def constant(value, dtype=None):
    """All the same value."""
    def init(key, shape, dtype=dtype, out_sharding=None):
        return _numpy["full"](shape, value, dtype=float if dtype is None else dtype)
    return init


def uniform(scale=1e-2, dtype=None):
    """Uniform in [0, scale)."""
    def init(key, shape, dtype=dtype, out_sharding=None):
        return _random["uniform"](key, shape, dtype) * _numpy["array"](scale, dtype)
    return init


def normal(stddev=1e-2, dtype=None):
    """Normal with mean 0."""
    def init(key, shape, dtype=dtype, out_sharding=None):
        return _random["normal"](key, shape, dtype) * _numpy["array"](stddev, dtype)
    return init


def truncated_normal(stddev=1e-2, dtype=None, lower=-2.0, upper=2.0):
    """Normal, truncated at ``lower`` and ``upper`` standard deviations."""
    def init(key, shape, dtype=dtype, out_sharding=None):
        return _random["truncated_normal"](key, lower, upper, shape, dtype) * _numpy["array"](stddev, dtype)
    return init


def variance_scaling(scale, mode, distribution, in_axis=-2, out_axis=-1, batch_axis=(), dtype=None):
    """Variance ``scale`` over the number of inputs (fan_in), outputs (fan_out) or their mean (fan_avg)."""
    def init(key, shape, dtype=dtype, out_sharding=None):
        return _scaled(key, shape, dtype, scale=scale, mode=mode, distribution=distribution, in_axis=in_axis, out_axis=out_axis, batch_axis=batch_axis)
    return init


def _family(name, scale, mode, distribution):
    def make(in_axis=-2, out_axis=-1, batch_axis=(), dtype=None):
        return variance_scaling(scale, mode, distribution, in_axis=in_axis, out_axis=out_axis, batch_axis=batch_axis, dtype=dtype)
    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"variance_scaling({scale}, {mode!r}, {distribution!r})."
    return make


glorot_uniform = xavier_uniform = _family("glorot_uniform", 1.0, "fan_avg", "uniform")
glorot_normal = xavier_normal = _family("glorot_normal", 1.0, "fan_avg", "truncated_normal")
lecun_uniform = _family("lecun_uniform", 1.0, "fan_in", "uniform")
lecun_normal = _family("lecun_normal", 1.0, "fan_in", "truncated_normal")
he_uniform = kaiming_uniform = _family("he_uniform", 2.0, "fan_in", "uniform")
he_normal = kaiming_normal = _family("he_normal", 2.0, "fan_in", "truncated_normal")


def orthogonal(scale=1.0, column_axis=-1, dtype=None):
    """Matrices with orthonormal columns along ``column_axis``, or rows if there are fewer of them."""
    def init(key, shape, dtype=dtype, out_sharding=None):
        from .. import random
        dtype = float if dtype is None else dtype
        if len(shape) < 2:
            raise ValueError("orthogonal initializer requires at least a 2D shape")
        columns = shape[column_axis]
        rest = [n for i, n in enumerate(shape) if i != range(len(shape))[column_axis]]
        if 0 in shape:
            return _numpy["zeros"](shape, dtype)
        q = random.orthogonal(key, math.prod(rest), (), dtype, columns)
        q = _numpy["moveaxis"](_numpy["reshape"](q, (*rest, columns)), -1, column_axis)
        return _numpy["array"](scale, dtype) * q
    return init


def delta_orthogonal(scale=1.0, column_axis=-1, dtype=None):
    """Convolution kernels that are an orthogonal matrix in the middle and zero elsewhere (shapes of 3 to 5 axes)."""
    def init(key, shape, dtype=dtype, out_sharding=None):
        if len(shape) not in (3, 4, 5):
            raise ValueError("Delta orthogonal initializer requires a 3D, 4D or 5D shape.")
        if shape[-1] < shape[-2]:
            raise ValueError("`fan_in` must be less or equal than `fan_out`. ")
        dtype = float if dtype is None else dtype
        middle = tuple((n - 1) // 2 for n in shape[:-2])
        return _numpy["zeros"](shape, dtype).at[middle].set(orthogonal(scale, column_axis, dtype)(key, shape[-2:]))
    return init
