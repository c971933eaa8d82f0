"""jax.lax. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, Axis, DTypeLike, PrecisionLike, Shape, jitted, positional, short, ufunc
from collections.abc import Callable, Sequence
