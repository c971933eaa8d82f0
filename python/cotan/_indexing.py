"""jax.ds: slices whose start may be traced."""
from dataclasses import dataclass
from typing import Any

from .tree_util import register_pytree_node_class


@register_pytree_node_class
@dataclass
class Slice:
    """size elements from start on, stride apart. What is static is part of the structure."""
    start: Any
    size: Any
    stride: int = 1

    def __post_init__(self):
        if self.stride < 0:
            raise ValueError("`stride` must be >= 0.")

    is_dynamic_start = property(lambda self: not isinstance(self.start, int))
    is_dynamic_size = property(lambda self: not isinstance(self.size, int))

    def tree_flatten(self):
        return ((self.start if self.is_dynamic_start else None, self.size if self.is_dynamic_size else None),
                (None if self.is_dynamic_start else self.start, None if self.is_dynamic_size else self.size, self.stride))

    @classmethod
    def tree_unflatten(cls, static, dynamic):
        return cls(*(s if d is None else d for s, d in zip(static, dynamic)), static[2])


def dslice(start, size=None, stride=None):
    """ds(i, n, step): n elements from i on, where i may be traced; ds(n): the first n; ds(None): all."""
    if start is None:
        return slice(None)
    if stride is not None and not isinstance(stride, int):
        raise ValueError("Non-static stride in `dslice`")
    return Slice(0, start, stride or 1) if size is None else Slice(start, size, 1 if stride is None else stride)


ds = dslice
