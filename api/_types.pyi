"""What the stubs' annotations mean, for editors and type checkers. tools/generate.py knows these names and gives each one its C type."""
from collections.abc import Callable, Sequence
from typing import Any

class Array: ...

ArrayLike = Array | int | float | complex | bool | Any  # NumPy arrays and scalars too
KeyArrayLike = Array  # one key, typed or of raw words
Wide = int  # of 64 bits: without jax_enable_x64 its lower half counts
Shaped = Any  # jax.ShapeDtypeStruct and whatever else has a shape and a dtype
DTypeLike = Any
PyTree = Any
Axis = int | Sequence[int] | None
Shape = int | Sequence[int]
Padding = str | int | Sequence[int] | Sequence[tuple[int, int]] | Sequence[tuple[int, int, int]]
Nested = Any  # numbers, strings and sequences of these: ((1,), (0,)), 'SAME', ('NCHW', 'OIHW', 'NCHW')
Accuracy = Any  # lax.AccuracyMode, lax.Tolerance or None
PrecisionLike = str | tuple[str, str] | None

def compiled(function: Any) -> Any:
    """Compiled when it is called often, as what is jitted; jaxprs show its operations."""

def jitted(function: Any) -> Any:
    """Staged as an inner call: a jaxpr shows it as jit[name=...]. jitted("_name") prints another name."""

def ufunc(function: Any) -> Any:
    """Has the methods reduce, accumulate, at, outer and reduceat."""

def short(name: str) -> Callable[[Any], Any]:
    """A second, shorter name for C programs."""

def positional(count: int) -> Callable[[Any], Any]:
    """How many leading parameters C's macro takes by position (by default, the required ones)."""

def primitive(function: Any) -> Any:
    """The function is the operation of src/ops of the same name, or of the name given."""

def law(parameters: str) -> Callable[..., Array]:
    """A function of a distribution, with these parameters, all ArrayLike: law("x, loc=0, scale=1")."""
