"""jax.typing: annotations."""
from typing import Any, Union
from ._cotan import Array

ArrayLike = Union[Array, Any, bool, int, float, complex]
DTypeLike = Any
