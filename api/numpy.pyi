"""jax.numpy: NumPy's functions with JAX's dtypes. Each room of src/numpy has its part; tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, Axis, DTypeLike, PrecisionLike, Shape, jitted, positional, short, ufunc
from collections.abc import Callable, Sequence

# ---- elementwise: arithmetic (src/numpy/arithmetic.c) ----

@ufunc
def add(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Sum of two arrays, element by element; booleans are or-ed.

    >>> jnp.add(jnp.array([1, 2, 3]), 10)
    Array([11, 12, 13], dtype=int32)
    """

def sin(x: ArrayLike, /) -> Array:
    """Sine, of an angle in radians.

    >>> jnp.sin(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

# ---- selection (src/numpy/select.c) ----

@jitted("_where")
@positional(3)
def where(condition: ArrayLike, x: ArrayLike | None = None, y: ArrayLike | None = None, /, *, size: int | None = None,
          fill_value: ArrayLike | None = None) -> Array:
    """Elements of ``x`` where ``condition`` holds, and of ``y`` elsewhere.

    Args:
      condition: booleans; numbers count as true when they are not zero.
      x, y: values to choose from. All three are broadcast together; the result has the promoted dtype of ``x`` and ``y``.
      size, fill_value: for the one-argument form, which lists the positions of true elements.

    >>> jnp.where(jnp.array([True, False]), 1, 2)
    Array([1, 2], dtype=int32, weak_type=True)
    """

# ---- reductions (src/numpy/reduce.c) ----

def sum(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False,
        initial: ArrayLike | None = None, where: ArrayLike | None = None, promote_integers: bool = True) -> Array:
    """Sum of the elements over one axis, several axes or all of them.

    Args:
      a: array of numbers or booleans.
      axis: axis or axes to sum over; all by default.
      dtype: dtype of the result. By default that of ``a``, with booleans and small integers widened to the default integer.
      keepdims: whether reduced axes stay, with size one.
      initial: value to start from.
      where: booleans, broadcast against ``a``: which elements count.
      promote_integers: whether small integers are widened.

    >>> jnp.sum(jnp.array([[1, 2], [3, 4]]), axis=0)
    Array([4, 6], dtype=int32)
    """

# ---- creation (src/numpy/create.c) ----

def zeros(shape: Shape, dtype: DTypeLike | None = None, *, device: None = None, out_sharding: None = None) -> Array:
    """An array of zeros.

    Args:
      shape: size of each axis.
      dtype: float32 by default.

    >>> jnp.zeros((2,))
    Array([0., 0.], dtype=float32)
    """
