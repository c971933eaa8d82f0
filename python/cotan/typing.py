"""jax.typing: annotations."""
from typing import Any, Protocol, Union
from ._cotan import Array


class SupportsDType(Protocol):
    """What has a dtype."""

    @property
    def dtype(self): ...


def __getattr__(name):
    """Those that name NumPy's types, which is imported when they are asked for."""
    if name == "ArrayLike":
        import numpy as np
        globals()[name] = Union[Array, np.ndarray, np.bool_, np.number, bool, int, float, complex]
    elif name == "DTypeLike":
        import numpy as np
        globals()[name] = Union[str, type[Any], np.dtype, SupportsDType]
    else:
        raise AttributeError(f"module 'jax.typing' has no attribute {name!r}")
    return globals()[name]
