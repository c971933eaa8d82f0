"""jax.numpy.linalg. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, Axis

# ---- norms (src/numpy/norm.c) ----

def norm(x: ArrayLike, ord: ArrayLike | None = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """Norm of vectors or matrices.

    Args:
      x: any array of numbers.
      ord: which norm. Of vectors: a number p for the p-norm, 0 for how many elements are not zero, inf, -inf. Of matrices: 1, -1, inf, -inf for sums of columns
        and rows. By default the root of the sum of squares.
      axis: one axis for vectors, two for matrices; by default all.
      keepdims: whether the axes stay, with size one.

    >>> jnp.linalg.norm(jnp.array([3., 4.]))
    Array(5., dtype=float32)
    """

def vector_norm(x: ArrayLike, /, *, axis: Axis = None, keepdims: bool = False, ord: ArrayLike = 2) -> Array:
    """Norm of vectors along some axes, taken together.

    >>> jnp.linalg.vector_norm(jnp.array([3., 4.]))
    Array(5., dtype=float32)
    """
