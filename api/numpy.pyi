"""jax.numpy: NumPy's functions with JAX's dtypes. Each room of src/numpy has its part; tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, Axis, DTypeLike, PrecisionLike, Shape, jitted, positional, short, ufunc
from collections.abc import Callable, Sequence

# ---- shapes (src/numpy/reshape.c) ----

def reshape(a: ArrayLike, shape: Shape, order: str = "C", *, copy: bool | None = None, out_sharding: None = None) -> Array:
    """The same elements under another shape.

    Args:
      a: any array.
      shape: the new shape; one entry may be -1 and is worked out from the size.
      order: "C" counts the last axis fastest, "F" the first.

    >>> jnp.reshape(jnp.arange(6), (2, -1))
    Array([[0, 1, 2],
           [3, 4, 5]], dtype=int32)
    """

def ravel(a: ArrayLike, order: str = "C", *, out_sharding: None = None) -> Array:
    """The elements in one axis.

    >>> jnp.ravel(jnp.array([[1, 2], [3, 4]]))
    Array([1, 2, 3, 4], dtype=int32)
    """

def transpose(a: ArrayLike, axes: Sequence[int] | None = None) -> Array:
    """Axes in another order; reversed by default.

    Args:
      a: any array.
      axes: which axis of ``a`` stands at each place of the result.

    >>> jnp.transpose(jnp.array([[1, 2], [3, 4]]))
    Array([[1, 3],
           [2, 4]], dtype=int32)
    """

permute_dims = transpose

def matrix_transpose(x: ArrayLike, /) -> Array:
    """The last two axes exchanged.

    >>> jnp.matrix_transpose(jnp.array([[1, 2], [3, 4]]))
    Array([[1, 3],
           [2, 4]], dtype=int32)
    """

def swapaxes(a: ArrayLike, axis1: int, axis2: int) -> Array:
    """Two axes exchanged.

    >>> jnp.swapaxes(jnp.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """

def moveaxis(a: ArrayLike, source: Sequence[int], destination: Sequence[int]) -> Array:
    """Axes moved to new places, the others kept in order.

    >>> jnp.moveaxis(jnp.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """

def rollaxis(a: ArrayLike, axis: int, start: int = 0) -> Array:
    """One axis moved in front of the axis ``start``.

    >>> jnp.rollaxis(jnp.ones((2, 3, 4)), 2, 1).shape
    (2, 4, 3)
    """

def squeeze(a: ArrayLike, axis: Axis = None) -> Array:
    """Without axes of length one.

    Args:
      a: any array.
      axis: the axes to drop; all of length one by default.

    >>> jnp.squeeze(jnp.ones((1, 3, 1))).shape
    (3,)
    """

def expand_dims(a: ArrayLike, axis: Sequence[int]) -> Array:
    """With new axes of length one; ``axis`` counts in the result.

    >>> jnp.expand_dims(jnp.ones((2, 3)), (0, 3)).shape
    (1, 2, 3, 1)
    """

def broadcast_to(array: ArrayLike, shape: Shape, *, out_sharding: None = None) -> Array:
    """The array repeated along axes of length one, and along new ones in front, to a given shape.

    >>> jnp.broadcast_to(jnp.array([1, 2]), (2, 2))
    Array([[1, 2],
           [1, 2]], dtype=int32)
    """

def broadcast_arrays(*args: ArrayLike) -> list[Array]:
    """Arrays broadcast to the shape that suits all.

    >>> jnp.broadcast_arrays(jnp.ones(2), 1)
    [Array([1., 1.], dtype=float32), Array([1, 1], dtype=int32, weak_type=True)]
    """

@jitted
def atleast_1d(*arys: ArrayLike) -> Array | list[Array]:
    """Arrays with at least one axis.

    >>> jnp.atleast_1d(3.0)
    Array([3.], dtype=float32, weak_type=True)
    """

@jitted
def atleast_2d(*arys: ArrayLike) -> Array | list[Array]:
    """Arrays with at least two axes; a vector becomes a row.

    >>> jnp.atleast_2d(jnp.arange(2))
    Array([[0, 1]], dtype=int32)
    """

@jitted
def atleast_3d(*arys: ArrayLike) -> Array | list[Array]:
    """Arrays with at least three axes; a matrix gets the new one at its end.

    >>> jnp.atleast_3d(jnp.ones((2, 3))).shape
    (2, 3, 1)
    """

# ---- joining (src/numpy/join.c) ----

@positional(1)
def concatenate(arrays: Sequence[ArrayLike], axis: int | None = 0, dtype: DTypeLike | None = None) -> Array:
    """Arrays one behind the other along an existing axis.

    Args:
      arrays: arrays whose shapes agree except along ``axis``.
      axis: where they are joined; None flattens them first.
      dtype: dtype of the result; by default the one that all promote to.

    >>> jnp.concatenate([jnp.arange(2), jnp.arange(3)])
    Array([0, 1, 0, 1, 2], dtype=int32)
    """

@positional(1)
def concat(arrays: Sequence[ArrayLike], /, *, axis: int | None = 0) -> Array:
    """Arrays one behind the other along an existing axis, as the array API standard names it.

    >>> jnp.concat([jnp.arange(2), jnp.arange(1)])
    Array([0, 1, 0], dtype=int32)
    """

def append(arr: ArrayLike, values: ArrayLike, axis: int | None = None) -> Array:
    """Values behind an array; both are flattened unless an axis is given.

    >>> jnp.append(jnp.array([1, 2]), 3)
    Array([1, 2, 3], dtype=int32)
    """

@positional(1)
def stack(arrays: Sequence[ArrayLike], axis: int = 0, out: None = None, dtype: DTypeLike | None = None) -> Array:
    """Arrays of one shape side by side along a new axis.

    >>> jnp.stack([jnp.arange(2), jnp.arange(2)])
    Array([[0, 1],
           [0, 1]], dtype=int32)
    """

@positional(1)
def hstack(tup: Sequence[ArrayLike], dtype: DTypeLike | None = None) -> Array:
    """Arrays joined along the second axis, vectors along their only one.

    >>> jnp.hstack([jnp.arange(2), jnp.arange(2)])
    Array([0, 1, 0, 1], dtype=int32)
    """

@positional(1)
def vstack(tup: Sequence[ArrayLike], dtype: DTypeLike | None = None) -> Array:
    """Arrays joined along the first axis; vectors count as rows.

    >>> jnp.vstack([jnp.arange(2), jnp.arange(2)])
    Array([[0, 1],
           [0, 1]], dtype=int32)
    """

@positional(1)
def dstack(tup: Sequence[ArrayLike], dtype: DTypeLike | None = None) -> Array:
    """Arrays joined along the third axis.

    >>> jnp.dstack([jnp.arange(2), jnp.arange(2)]).shape
    (1, 2, 2)
    """

@positional(1)
def column_stack(tup: Sequence[ArrayLike]) -> Array:
    """Vectors as the columns of a matrix.

    >>> jnp.column_stack([jnp.arange(2), jnp.arange(2)])
    Array([[0, 0],
           [1, 1]], dtype=int32)
    """

def tile(A: ArrayLike, reps: Shape) -> Array:
    """The array laid side by side with itself, ``reps`` times along each axis.

    >>> jnp.tile(jnp.array([1, 2]), 2)
    Array([1, 2, 1, 2], dtype=int32)
    """

def repeat(a: ArrayLike, repeats: ArrayLike | list, axis: int | None = None, *, total_repeat_length: int | None = None, out_sharding: None = None) -> Array:
    """Each slice several times in a row.

    Args:
      a: any array; flattened unless an axis is given.
      repeats: how often, one number for all or one for each slice.
      axis: along which axis.
      total_repeat_length: the length of the result, where ``repeats`` is traced: longer results are cut, shorter ones end in copies of the last slice.

    >>> jnp.repeat(jnp.array([1, 2]), 2)
    Array([1, 1, 2, 2], dtype=int32)
    """

# ---- taking apart (src/numpy/split.c) ----

def split(ary: ArrayLike, indices_or_sections: ArrayLike | list, axis: int = 0) -> list[Array]:
    """Pieces of an array along an axis: a number of equal ones, or cut at given places.

    >>> jnp.split(jnp.arange(4), 2)
    [Array([0, 1], dtype=int32), Array([2, 3], dtype=int32)]
    """

def array_split(ary: ArrayLike, indices_or_sections: ArrayLike | list, axis: int = 0) -> list[Array]:
    """Pieces of an array along an axis, the first ones longer by one where the length does not divide.

    >>> jnp.array_split(jnp.arange(3), 2)
    [Array([0, 1], dtype=int32), Array([2], dtype=int32)]
    """

def hsplit(ary: ArrayLike, indices_or_sections: ArrayLike | list) -> list[Array]:
    """Pieces along the second axis, of vectors along their only one.

    >>> jnp.hsplit(jnp.arange(4), 2)
    [Array([0, 1], dtype=int32), Array([2, 3], dtype=int32)]
    """

def vsplit(ary: ArrayLike, indices_or_sections: ArrayLike | list) -> list[Array]:
    """Pieces along the first axis.

    >>> len(jnp.vsplit(jnp.ones((4, 2)), 2))
    2
    """

def dsplit(ary: ArrayLike, indices_or_sections: ArrayLike | list) -> list[Array]:
    """Pieces along the third axis.

    >>> len(jnp.dsplit(jnp.ones((1, 1, 4)), 2))
    2
    """

def unstack(x: ArrayLike, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The slices along an axis, without that axis.

    >>> jnp.unstack(jnp.array([[1, 2], [3, 4]]))
    (Array([1, 2], dtype=int32), Array([3, 4], dtype=int32))
    """

# ---- reordering (src/numpy/flip.c) ----

@jitted("_flip")
def flip(m: ArrayLike, axis: Axis = None) -> Array:
    """Elements in reversed order along some axes, or all.

    >>> jnp.flip(jnp.arange(3))
    Array([2, 1, 0], dtype=int32)
    """

def fliplr(m: ArrayLike) -> Array:
    """Reversed along the second axis.

    >>> jnp.fliplr(jnp.array([[1, 2]]))
    Array([[2, 1]], dtype=int32)
    """

def flipud(m: ArrayLike) -> Array:
    """Reversed along the first axis.

    >>> jnp.flipud(jnp.array([1, 2]))
    Array([2, 1], dtype=int32)
    """

@jitted
def rot90(m: ArrayLike, k: int = 1, axes: Sequence[int] = (0, 1)) -> Array:
    """Turned by ``k`` quarter turns in the plane of two axes.

    >>> jnp.rot90(jnp.array([[1, 2], [3, 4]]))
    Array([[2, 4],
           [1, 3]], dtype=int32)
    """

def roll(a: ArrayLike, shift: ArrayLike | list, axis: Axis = None) -> Array:
    """Elements moved along an axis; what leaves at the end comes back at the start.

    Args:
      a: any array; without an axis it is rolled as if flat.
      shift: by how many places, one number or one for each axis.
      axis: along which axes.

    >>> jnp.roll(jnp.arange(4), 1)
    Array([3, 0, 1, 2], dtype=int32)
    """

# ---- products (src/numpy/products.c, einsum.c) ----

def dot(a: ArrayLike, b: ArrayLike, *, precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None, out_sharding: None = None) -> Array:
    """Product of two arrays: the last axis of ``a`` with the last but one of ``b``.

    Args:
      a: shape (..., n), or a scalar.
      b: shape (..., n, m) or (n,), or a scalar.
      precision: how precisely to multiply; for devices that offer a choice.
      preferred_element_type: dtype of the sums and of the result.

    >>> jnp.dot(jnp.array([1, 2, 3]), jnp.array([4, 5, 6]))
    Array(32, dtype=int32)
    """

def matmul(a: ArrayLike, b: ArrayLike, *, precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None, out_sharding: None = None) -> Array:
    """Product of matrices, or of stacks of matrices, whose leading axes are broadcast together; vectors count as a row or a column.

    >>> jnp.matmul(jnp.ones((2, 3)), jnp.ones(3))
    Array([3., 3.], dtype=float32)
    """

def vdot(a: ArrayLike, b: ArrayLike, *, precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None) -> Array:
    """Sum of products of all elements, ``a`` conjugated.

    >>> jnp.vdot(jnp.array([1., 2.]), jnp.array([3., 4.]))
    Array(11., dtype=float32)
    """

def inner(a: ArrayLike, b: ArrayLike, *, precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None) -> Array:
    """Sums of products over the last axes of both.

    >>> jnp.inner(jnp.array([1, 2]), jnp.array([[1, 0], [0, 1]]))
    Array([1, 2], dtype=int32)
    """

def vecdot(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1, precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None) -> Array:
    """Sums of products along one axis, ``x1`` conjugated, the other axes broadcast together.

    >>> jnp.vecdot(jnp.ones((2, 3)), jnp.ones((2, 3)))
    Array([3., 3.], dtype=float32)
    """

@jitted
def outer(a: ArrayLike, b: ArrayLike, out: None = None) -> Array:
    """All products of an element of ``a`` with one of ``b``, as a matrix.

    >>> jnp.outer(jnp.array([1, 2]), jnp.array([3, 4]))
    Array([[3, 4],
           [6, 8]], dtype=int32)
    """

def tensordot(a: ArrayLike, b: ArrayLike, axes: ArrayLike | list = 2, *, precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None, out_sharding: None = None) -> Array:
    """Sums of products over several axes.

    Args:
      a, b: the factors.
      axes: a number n: the last n axes of ``a`` with the first n of ``b``; or two lists: which axis of ``a`` meets which of ``b``.

    >>> jnp.tensordot(jnp.ones((2, 3)), jnp.ones((3, 4)), 1).shape
    (2, 4)
    """

@jitted
def kron(a: ArrayLike, b: ArrayLike) -> Array:
    """Kronecker product: ``b`` scaled by each element of ``a``, laid out like ``a``.

    >>> jnp.kron(jnp.array([1, 2]), jnp.array([1, 1]))
    Array([1, 1, 2, 2], dtype=int32)
    """

@jitted
def cross(a: ArrayLike, b: ArrayLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    """Vector product of vectors of two or three components.

    >>> jnp.cross(jnp.array([1., 0., 0.]), jnp.array([0., 1., 0.]))
    Array([0., 0., 1.], dtype=float32)
    """

def einsum(subscripts: str, /, *operands: ArrayLike, out: None = None, optimize: str | None = "auto", precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None, out_sharding: None = None) -> Array:
    """Sums of products in Einstein's notation: letters name axes, and letters that are missing behind the arrow are summed over.

    Args:
      subscripts: such as "ij,jk->ik"; "..." stands for any further axes.
      operands: one array for each group of letters.
      optimize: accepted for compatibility; the cheapest pair is always contracted first.

    >>> jnp.einsum("ij,j->i", jnp.ones((2, 3)), jnp.ones(3))
    Array([3., 3.], dtype=float32)
    """

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
