"""jax.numpy: NumPy's functions with JAX's dtypes. Each room of src/numpy has its part; tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, Axis, DTypeLike, PrecisionLike, PyTree, Shape, Shaped, compiled, jitted, positional, short, ufunc
from collections.abc import Callable, Sequence

# ---- padding (src/numpy/pad.c) ----

@jitted("_pad")
def pad(array: ArrayLike, pad_width: Padding, mode: str = "constant", *, constant_values: ArrayLike | list = 0, stat_length: Padding | None = None,
        end_values: ArrayLike | list | None = None, reflect_type: str = "even") -> Array:
    """The array with more elements before and after each axis.

    Args:
      array: any array.
      pad_width: how many: one number, a pair (before, after), or a pair for each axis.
      mode: where the new elements come from: "constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "minimum", "mean",
        "median" or "empty"; in Python also a function of a vector with its padding, the two widths, the axis and the options, which returns it filled.
      constant_values: for "constant": one value, a pair, or a pair for each axis.
      stat_length: for the statistics: how many elements at each end they are taken of.
      end_values: for "linear_ramp": the outermost values.
      reflect_type: for reflections: "odd" mirrors about the value of the edge too.

    >>> jnp.pad(jnp.array([1, 2]), 1)
    Array([0, 1, 2, 0], dtype=int32)
    """

# ---- by index (src/numpy/take.c) ----

@jitted("_take")
def take(a: ArrayLike, indices: ArrayLike, axis: int | None = None, out: None = None, mode: str | None = None, unique_indices: bool = False,
         indices_are_sorted: bool = False, fill_value: float | None = None) -> Array:
    """Slices of an array, chosen by integers along an axis.

    Args:
      a: any array; flattened unless an axis is given.
      indices: integers of any shape.
      axis: along which axis.
      mode: for indices out of bounds: "fill" (NaN, or the smallest integer), "clip" or "wrap".
      unique_indices, indices_are_sorted: promises about the indices.
      fill_value: what "fill" fills in.

    >>> jnp.take(jnp.array([10, 20, 30]), jnp.array([2, 0]))
    Array([30, 10], dtype=int32)
    """

@jitted
def take_along_axis(arr: ArrayLike, indices: ArrayLike, axis: int | None = -1, mode: str | None = None, fill_value: float | None = None, *,
                    wrap_negative_indices: bool | None = None) -> Array:
    """Elements chosen along an axis by an array of integers of matching shape, as argsort returns it.

    Args:
      arr: any array; flattened when axis is None.
      indices: integers; the other axes are broadcast against those of ``arr``.
      axis: along which axis.
      mode: for indices out of bounds: "fill", "clip" or "promise_in_bounds".
      fill_value: what "fill" fills in.
      wrap_negative_indices: whether negative indices count from the end.

    >>> jnp.take_along_axis(jnp.array([[1, 2], [3, 4]]), jnp.array([[1], [0]]), axis=1)
    Array([[2],
           [3]], dtype=int32)
    """

@jitted
@positional(4)
def put_along_axis(arr: ArrayLike, indices: ArrayLike, values: ArrayLike, axis: int | None = None, inplace: bool = True, *, mode: str | None = None) -> Array:
    """A copy of an array with elements replaced along an axis.

    Args:
      arr: any array; flattened when axis is None.
      indices: integers with as many axes as ``arr``.
      values: what to store, broadcast to the shape of ``indices``.
      axis: along which axis.
      inplace: must be False, since arrays never change.

    >>> jnp.put_along_axis(jnp.array([1, 2, 3]), jnp.array([1]), 9, axis=0, inplace=False)
    Array([1, 9, 3], dtype=int32)
    """

def insert(arr: ArrayLike, obj: ArrayLike, values: ArrayLike, axis: int | None = None) -> Array:
    """A copy of an array with slices put in before given positions.

    Args:
      arr: any array; flattened unless an axis is given.
      obj: a position, a vector of them, or in Python a slice. What is out of bounds means the nearest end.
      values: what to put in, broadcast to the slices.
      axis: along which axis.

    >>> jnp.insert(jnp.array([1, 2]), 1, 9)
    Array([1, 9, 2], dtype=int32)
    """

def delete(arr: ArrayLike, obj: ArrayLike, axis: int | None = None, *, assume_unique_indices: bool = False) -> Array:
    """A copy of an array without the slices at given positions.

    Args:
      arr: any array; flattened unless an axis is given.
      obj: a position, a vector of them, a mask, or in Python a slice; known, unless indices are promised to be unique.
      axis: along which axis.
      assume_unique_indices: a promise that no position is named twice, which makes the result's size known under jit.

    >>> jnp.delete(jnp.array([1, 2, 3]), 1)
    Array([1, 3], dtype=int32)
    """

# ---- sorting (src/numpy/sort.c) ----

@jitted
def sort(a: ArrayLike, axis: int | None = -1, *, kind: str | None = None, order: str | None = None, stable: bool = True,
         descending: bool = False) -> Array:
    """Elements in ascending order along an axis, NaN last.

    Args:
      a: any array.
      axis: along which axis; None flattens first.
      stable: whether equal elements keep their order.
      descending: largest first.

    >>> jnp.sort(jnp.array([3, 1, 2]))
    Array([1, 2, 3], dtype=int32)
    """

@jitted
def argsort(a: ArrayLike, axis: int | None = -1, *, kind: str | None = None, order: str | None = None, stable: bool = True,
            descending: bool = False, dtype: DTypeLike | None = None) -> Array:
    """Indices that sort an array along an axis. The arguments are those of sort.

    >>> jnp.argsort(jnp.array([3, 1, 2]))
    Array([1, 2, 0], dtype=int32)
    """

@jitted
def lexsort(keys: Sequence[ArrayLike], axis: int = -1) -> Array:
    """Indices that sort by several keys, the last one first.

    >>> jnp.lexsort([jnp.array([1, 0]), jnp.array([5, 5])])
    Array([1, 0], dtype=int32)
    """

@jitted
def partition(a: ArrayLike, kth: int, axis: int = -1) -> Array:
    """Elements reordered so that the k-th is where sorting would put it, with the smaller ones in front.

    >>> jnp.partition(jnp.array([3, 1, 2]), 1)[1]
    Array(2, dtype=int32)
    """

@jitted
def argpartition(a: ArrayLike, kth: int, axis: int = -1) -> Array:
    """Indices that partition an array. The arguments are those of partition.

    >>> jnp.argpartition(jnp.array([3, 1, 2]), 1)[1]
    Array(2, dtype=int32)
    """

@jitted
def sort_complex(a: ArrayLike) -> Array:
    """Sorted along the last axis, by real and then by imaginary part, as complex numbers.

    >>> jnp.sort_complex(jnp.array([2., 1.]))
    Array([1.+0.j, 2.+0.j], dtype=complex64)
    """

# ---- sets and counts (src/numpy/sets.c) ----

def unique(ar: ArrayLike, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: int | None = None, *,
           equal_nan: bool = True, size: int | None = None, fill_value: ArrayLike | None = None,
           sorted: bool = True) -> Array | tuple[Array, ...]:
    """The different elements of an array, sorted.

    Args:
      ar: any array.
      return_index: also where each first occurs.
      return_inverse: also which of them stands at each place of ``ar``.
      return_counts: also how often each occurs.
      axis: compare slices along this axis instead of elements.
      equal_nan: whether NaN equals NaN.
      size: length of the result, needed while tracing; surplus elements are dropped.
      fill_value: fills up shorter results; the smallest element by default.
      sorted: the result is sorted either way.

    >>> jnp.unique(jnp.array([3, 1, 3]))
    Array([1, 3], dtype=int32)
    """

def unique_values(x: ArrayLike, /, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The different elements of an array, sorted; each NaN counts by itself.

    >>> jnp.unique_values(jnp.array([3, 1, 3]))
    Array([1, 3], dtype=int32)
    """

def union1d(ar1: ArrayLike, ar2: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The elements that are in one of two arrays, sorted.

    >>> jnp.union1d(jnp.array([1, 2]), jnp.array([2, 3]))
    Array([1, 2, 3], dtype=int32)
    """

def intersect1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False, return_indices: bool = False, *, size: int | None = None,
                fill_value: ArrayLike | None = None) -> Array | tuple[Array, Array, Array]:
    """The elements that are in both of two arrays, sorted.

    Args:
      assume_unique: a promise that elements differ within each array.
      return_indices: also where each stands first in the flattened arrays.
      size: how many elements to return; needed under jit.
      fill_value: what fills up places that `size` leaves over; by default the least element of the result. Indices are filled up with the array's size.

    >>> jnp.intersect1d(jnp.array([1, 2]), jnp.array([2, 3]))
    Array([2], dtype=int32)
    """

def setdiff1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The elements of the first array that are not in the second, sorted.

    Args:
      assume_unique: a promise that elements differ within each array; the first one's then keep their order.
      size: how many elements to return; needed under jit.
      fill_value: what fills up places that `size` leaves over; by default 0.

    >>> jnp.setdiff1d(jnp.array([1, 2]), jnp.array([2, 3]))
    Array([1], dtype=int32)
    """

def setxor1d(ar1: ArrayLike, ar2: ArrayLike, assume_unique: bool = False, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """The elements that are in one of two arrays but not in both, sorted.

    Args:
      assume_unique: a promise that elements differ within each array.
      size: how many elements to return; needed under jit.
      fill_value: what fills up places that `size` leaves over; by default the least element of the result.

    >>> jnp.setxor1d(jnp.array([1, 2]), jnp.array([2, 3]))
    Array([1, 3], dtype=int32)
    """

@compiled
def isin(element: ArrayLike, test_elements: ArrayLike, assume_unique: bool = False, invert: bool = False, *, method: str = "auto") -> Array:
    """Whether each element is among others.

    >>> jnp.isin(jnp.array([1, 2]), jnp.array([2, 3]))
    Array([False,  True], dtype=bool)
    """

def bincount(x: ArrayLike, weights: ArrayLike | None = None, minlength: int = 0, *, length: int | None = None, out_sharding: None = None) -> Array:
    """How often each non-negative integer occurs, or the sum of its weights.

    Args:
      x: a vector of integers.
      weights: one number for each entry of ``x``.
      minlength: least length of the result.
      length: length of the result, needed while tracing; larger integers are dropped.

    >>> jnp.bincount(jnp.array([1, 1, 3]))
    Array([0, 2, 0, 1], dtype=int32)
    """

def histogram_bin_edges(a: ArrayLike, bins: ArrayLike = 10, range: ArrayLike | list | None = None, weights: ArrayLike | None = None) -> Array:
    """Edges of equal bins over the range of an array.

    >>> jnp.histogram_bin_edges(jnp.array([0., 1.]), 2)
    Array([0. , 0.5, 1. ], dtype=float32)
    """

def histogram(a: ArrayLike, bins: ArrayLike = 10, range: ArrayLike | list | None = None, weights: ArrayLike | None = None,
              density: bool | None = None) -> tuple[Array, Array]:
    """How many elements fall into each bin, and the edges of the bins.

    Args:
      a: any array of real numbers.
      bins: how many equal bins, or their edges.
      range: the outer edges; the extremes of ``a`` by default.
      weights: one number for each element, summed instead of counting.
      density: scale so that the integral is one.

    >>> jnp.histogram(jnp.array([0., 1., 1.]), 2)
    (Array([1., 2.], dtype=float32), Array([0. , 0.5, 1. ], dtype=float32))
    """

def histogram2d(x: ArrayLike, y: ArrayLike, bins: PyTree = 10, range: PyTree = None, weights: ArrayLike | None = None,
                density: bool | None = None) -> tuple[Array, Array, Array]:
    """How many points of a plane fall into each bin of a grid, and the edges of the bins along both axes.

    Args:
      x, y: the points' coordinates, vectors.
      bins: how many, or the edges; for both axes, or a pair.
      range: for each axis the lowest and highest edge, or None for those of the points.
      weights: what each point counts, by default 1.
      density: whether counts are divided by their sum and the bins' areas.

    >>> jnp.histogram2d(jnp.array([0., 1., 1.]), jnp.array([0., 0., 1.]), bins=2)[0]
    Array([[1, 0],
           [1, 1]], dtype=int32)
    """

def histogramdd(sample: ArrayLike, bins: PyTree = 10, range: PyTree = None, weights: ArrayLike | None = None,
                density: bool | None = None) -> tuple[Array, list[Array]]:
    """How many points fall into each bin of a grid, and the edges of the bins along each axis.

    Args:
      sample: a row of coordinates for each point.
      bins: how many, for all axes or for each, or the edges for each.
      range: for each axis the lowest and highest edge, or None for those of the points.
      weights: what each point counts, by default 1.
      density: whether counts are divided by their sum and the bins' volumes.

    >>> jnp.histogramdd(jnp.array([[0., 0.], [1., 0.], [1., 1.]]), bins=2)[0]
    Array([[1, 0],
           [1, 1]], dtype=int32)
    """

# ---- differences, areas, polynomials (src/numpy/calculus.c) ----

@jitted
def diff(a: ArrayLike, n: int = 1, axis: int = -1, prepend: ArrayLike | None = None, append: ArrayLike | None = None) -> Array:
    """Each element less the one before it, n times over.

    >>> jnp.diff(jnp.array([1, 4, 9]))
    Array([3, 5], dtype=int32)
    """

@jitted
def ediff1d(ary: ArrayLike, to_end: ArrayLike | None = None, to_begin: ArrayLike | None = None) -> Array:
    """Differences of neighbours in the flat array, between given ends.

    >>> jnp.ediff1d(jnp.array([1, 4, 9]))
    Array([3, 5], dtype=int32)
    """

@jitted
def gradient(f: ArrayLike, *varargs: ArrayLike, axis: Axis = None, edge_order: int | None = None) -> Array | list[Array]:
    """Slopes by central differences, one-sided at the ends.

    Args:
      f: values on a grid.
      varargs: distance of neighbours, or their coordinates: for all axes, or for each.
      axis: along which axes.

    >>> jnp.gradient(jnp.array([1., 4., 9.]))
    Array([3., 4., 5.], dtype=float32)
    """

@jitted
def trapezoid(y: ArrayLike, x: ArrayLike | None = None, dx: ArrayLike = 1.0, axis: int = -1) -> Array:
    """Area under values, by the trapezoidal rule.

    >>> jnp.trapezoid(jnp.array([1., 2., 3.]))
    Array(4., dtype=float32)
    """

@jitted("_interp")
def interp(x: ArrayLike, xp: ArrayLike, fp: ArrayLike, left: ArrayLike | None = None, right: ArrayLike | None = None, period: ArrayLike | None = None) -> Array:
    """Values between known points, on straight lines from point to point.

    Args:
      x: where values are wanted.
      xp, fp: coordinates, ascending, and values of the known points.
      left, right: values outside; the outermost known ones by default.
      period: length after which the coordinates repeat.

    >>> jnp.interp(0.5, jnp.array([0., 1.]), jnp.array([10., 20.]))
    Array(15., dtype=float32)
    """

@jitted
def polyval(p: ArrayLike, x: ArrayLike, *, unroll: int = 16) -> Array:
    """Value of a polynomial with coefficients ``p``, the highest power first.

    >>> jnp.polyval(jnp.array([1, 0, 2]), 3)
    Array(11, dtype=int32)
    """

@jitted
def vander(x: ArrayLike, N: int | None = None, increasing: bool = False) -> Array:
    """Powers of each element in a row: a Vandermonde matrix.

    >>> jnp.vander(jnp.array([2, 3]), 3)
    Array([[4, 2, 1],
           [9, 3, 1]], dtype=int32)
    """

@jitted
def _conv(x: ArrayLike, y: ArrayLike, mode: str, correlate: bool, precision: PrecisionLike, preferred_element_type: DTypeLike) -> Array:
    """What convolve and correlate are made of."""

@jitted
def convolve(a: ArrayLike, v: ArrayLike, mode: str = "full", *, precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None) -> Array:
    """Convolution of two vectors.

    Args:
      a, v: vectors.
      mode: "full", "same" (as long as the longer one) or "valid" (where they overlap wholly).

    >>> jnp.convolve(jnp.array([1., 2.]), jnp.array([1., 1.]))
    Array([1., 3., 2.], dtype=float32)
    """

@jitted
def correlate(a: ArrayLike, v: ArrayLike, mode: str = "valid", *, precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None) -> Array:
    """Sums of products of a vector with another, conjugated and shifted.

    >>> jnp.correlate(jnp.array([1., 2., 3.]), jnp.array([1., 1.]))
    Array([3., 5.], dtype=float32)
    """

# ---- diagonals, triangles, covariance (src/numpy/matrix.c) ----

@jitted
def trace(a: ArrayLike, offset: ArrayLike = 0, axis1: int = 0, axis2: int = 1, dtype: DTypeLike | None = None, out: None = None) -> Array:
    """Sum of the elements on a diagonal.

    >>> jnp.trace(jnp.array([[1, 2], [3, 4]]))
    Array(5, dtype=int32)
    """

@jitted
def diagonal(a: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The elements on a diagonal, as the last axis.

    >>> jnp.diagonal(jnp.array([[1, 2], [3, 4]]))
    Array([1, 4], dtype=int32)
    """

def diag_indices(n: int, ndim: int = 2) -> tuple[Array, ...]:
    """Indices of the main diagonal of an array with equal axes.

    >>> jnp.diag_indices(2)
    (Array([0, 1], dtype=int32), Array([0, 1], dtype=int32))
    """

def diag_indices_from(arr: ArrayLike) -> tuple[Array, ...]:
    """Indices of the main diagonal of an array.

    >>> jnp.diag_indices_from(jnp.ones((2, 2)))
    (Array([0, 1], dtype=int32), Array([0, 1], dtype=int32))
    """

def tril_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Array, Array]:
    """Indices of the lower triangle of an (n, m) matrix, up to the k-th diagonal.

    >>> jnp.tril_indices(2)
    (Array([0, 1, 1], dtype=int32), Array([0, 0, 1], dtype=int32))
    """

def triu_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Array, Array]:
    """Indices of the upper triangle of an (n, m) matrix, from the k-th diagonal.

    >>> jnp.triu_indices(2)
    (Array([0, 0, 1], dtype=int32), Array([0, 1, 1], dtype=int32))
    """

def tril_indices_from(arr: ArrayLike, k: int = 0) -> tuple[Array, Array]:
    """Indices of the lower triangle of a matrix.

    >>> jnp.tril_indices_from(jnp.ones((1, 2)))
    (Array([0], dtype=int32), Array([0], dtype=int32))
    """

def triu_indices_from(arr: ArrayLike, k: int = 0) -> tuple[Array, Array]:
    """Indices of the upper triangle of a matrix.

    >>> jnp.triu_indices_from(jnp.ones((1, 2)))
    (Array([0, 0], dtype=int32), Array([0, 1], dtype=int32))
    """

@jitted
def cov(m: ArrayLike, y: ArrayLike | None = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, fweights: ArrayLike | None = None,
        aweights: ArrayLike | None = None, dtype: DTypeLike | None = None) -> Array:
    """Covariances of variables.

    Args:
      m: one variable, or one in each row.
      y: more variables.
      rowvar: whether variables stand in rows, observations in columns.
      bias: divide by the number of observations instead of one less.
      ddof: what is taken off the number of observations; goes before ``bias``.
      fweights, aweights: how often, and how heavily, each observation counts.
      dtype: dtype of the result.

    >>> jnp.cov(jnp.array([1., 2., 3.]))
    Array(1., dtype=float32)
    """

@jitted
def corrcoef(x: ArrayLike, y: ArrayLike | None = None, rowvar: bool = True, dtype: DTypeLike | None = None) -> Array:
    """Correlations of variables. The arguments are those of cov.

    >>> jnp.corrcoef(jnp.array([[1., 2.], [2., 4.]])).shape
    (2, 2)
    """

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

@jitted
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

@jitted
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

def repeat(a: ArrayLike, repeats: ArrayLike, axis: int | None = None, *, total_repeat_length: int | None = None, out_sharding: None = None) -> Array:
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

@jitted
def _roll_static(a: ArrayLike, shift: Sequence[int], axis: Axis = None) -> Array:
    """roll by known numbers."""

@jitted
def _roll_dynamic(a: ArrayLike, shift: ArrayLike, axis: Axis = None) -> Array:
    """roll by numbers that are not known."""

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

    In Python axes may be numbers too: einsum(x, [0, 1], y, [1, 2], [0, 2]).

    >>> jnp.einsum("ij,j->i", jnp.ones((2, 3)), jnp.ones(3))
    Array([3., 3.], dtype=float32)
    """

def einsum_path(subscripts: str, /, *operands: ArrayLike) -> Array:
    """The order in which einsum pairs its operands: a row for each product, with the positions of its factors.

    Positions count in the list of what is left, from which the factors are taken and to whose end the product is put. In Python the result is a list of pairs,
    with a text about them, and further options are those of NumPy.

    Args:
      subscripts, operands: as for einsum.

    >>> jnp.einsum_path("ij,jk,k->i", jnp.ones((2, 3)), jnp.ones((3, 4)), jnp.ones(4))[0]
    [(1, 2), (0, 1)]
    """


# ---- searching (src/numpy/search.c) ----

@jitted
def searchsorted(a: ArrayLike, v: ArrayLike, side: str = "left", sorter: ArrayLike | None = None, *, method: str = "scan") -> Array:
    """Where values would have to be inserted into a sorted vector to keep it sorted.

    Args:
      a: a sorted vector, or an unsorted one with its ``sorter``.
      v: the values.
      side: before ("left") or behind ("right") equal elements.
      sorter: indices that sort ``a``.
      method: accepted for compatibility.

    >>> jnp.searchsorted(jnp.array([1, 3, 5]), jnp.array([0, 3, 9]))
    Array([0, 1, 3], dtype=int32)
    """

@compiled
def digitize(x: ArrayLike, bins: ArrayLike, right: bool = False, *, method: str | None = None) -> Array:
    """Which bin each value falls into.

    >>> jnp.digitize(jnp.array([0.5, 1.5]), jnp.array([0., 1., 2.]))
    Array([1, 2], dtype=int32)
    """

def nonzero(a: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> tuple[Array, ...]:
    """Positions of elements that are not zero, one array for each axis.

    Args:
      a: an array with at least one axis.
      size: length of the results, needed while tracing; surplus positions are dropped.
      fill_value: fills up results that are shorter; 0 by default.

    >>> jnp.nonzero(jnp.array([0, 5, 7]))
    (Array([1, 2], dtype=int32),)
    """

def flatnonzero(a: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """Positions in the flat array of elements that are not zero.

    >>> jnp.flatnonzero(jnp.array([[0, 5], [7, 0]]))
    Array([1, 2], dtype=int32)
    """

def argwhere(a: ArrayLike, *, size: int | None = None, fill_value: ArrayLike | None = None) -> Array:
    """Positions of elements that are not zero, one row for each.

    >>> jnp.argwhere(jnp.array([[0, 5], [7, 0]]))
    Array([[0, 1],
           [1, 0]], dtype=int32)
    """

# ---- elementwise: one operation each (src/numpy/ufunc.c) ----

@ufunc
def add(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Sum of two arrays, element by element; booleans are or-ed.

    >>> jnp.add(jnp.array([1, 2, 3]), 10)
    Array([11, 12, 13], dtype=int32)
    """

@ufunc
@short("sub")
def subtract(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Difference of two arrays, element by element.

    >>> jnp.subtract(jnp.array([1, 2, 3]), 1)
    Array([0, 1, 2], dtype=int32)
    """

@ufunc
@short("mul")
def multiply(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Product of two arrays, element by element; booleans are and-ed.

    >>> jnp.multiply(jnp.array([1, 2, 3]), 2)
    Array([2, 4, 6], dtype=int32)
    """

@short("div")
def true_divide(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """Quotient of two arrays, element by element; integers become floats first.

    >>> jnp.true_divide(jnp.array([1, 2, 3]), 2)
    Array([0.5, 1. , 1.5], dtype=float32)
    """

@ufunc
@short("neg")
def negative(x: ArrayLike, /) -> Array:
    """The number with the other sign. Unsigned integers wrap around.

    >>> jnp.negative(jnp.array([1, -2]))
    Array([-1,  2], dtype=int32)
    """

def positive(x: ArrayLike, /) -> Array:
    """The array itself.

    >>> jnp.positive(jnp.array([1, -2]))
    Array([ 1, -2], dtype=int32)
    """

def absolute(x: ArrayLike, /) -> Array:
    """Distance from zero; for complex numbers, their modulus.

    >>> jnp.absolute(jnp.array([-1., 2.]))
    Array([1., 2.], dtype=float32)
    """

def fabs(x: ArrayLike, /) -> Array:
    """Distance from zero as a float; not for complex numbers.

    >>> jnp.fabs(jnp.array([-1, 2]))
    Array([1., 2.], dtype=float32)
    """

def sign(x: ArrayLike, /) -> Array:
    """-1, 0 or 1 by sign; NaN stays; for complex numbers, the number of modulus one in the same direction.

    >>> jnp.sign(jnp.array([-3., 0., 2.]))
    Array([-1.,  0.,  1.], dtype=float32)
    """

def square(x: ArrayLike, /) -> Array:
    """The number times itself.

    >>> jnp.square(jnp.array([1, 2, 3]))
    Array([1, 4, 9], dtype=int32)
    """

def reciprocal(x: ArrayLike, /) -> Array:
    """One divided by the number.

    >>> jnp.reciprocal(jnp.array([1., 2., 4.]))
    Array([1.  , 0.5 , 0.25], dtype=float32)
    """

def sqrt(x: ArrayLike, /) -> Array:
    """Square root: NaN for negative real numbers, the principal root of complex ones.

    >>> jnp.sqrt(jnp.array([1., 4., 9.]))
    Array([1., 2., 3.], dtype=float32)
    """

def cbrt(x: ArrayLike, /) -> Array:
    """Cube root, negative for negative numbers.

    >>> jnp.cbrt(jnp.array([-8., 27.]))
    Array([-2.,  3.], dtype=float32)
    """

def exp(x: ArrayLike, /) -> Array:
    """e to the power of x.

    >>> jnp.exp(jnp.array([0., 1.]))
    Array([1.       , 2.7182817], dtype=float32)
    """

def exp2(x: ArrayLike, /) -> Array:
    """2 to the power of x.

    >>> jnp.exp2(jnp.array([0., 3.]))
    Array([1., 8.], dtype=float32)
    """

def expm1(x: ArrayLike, /) -> Array:
    """exp(x) - 1, accurate for small x.

    >>> jnp.expm1(jnp.array([0., 1e-10]))
    Array([0.e+00, 1.e-10], dtype=float32)
    """

def log(x: ArrayLike, /) -> Array:
    """Natural logarithm: NaN for negative real numbers, -inf for zero.

    >>> jnp.log(jnp.array([1., 0.]))
    Array([  0., -inf], dtype=float32)
    """

def log1p(x: ArrayLike, /) -> Array:
    """log(1 + x), accurate for small x.

    >>> jnp.log1p(jnp.array([0., 1e-10]))
    Array([0.e+00, 1.e-10], dtype=float32)
    """

def sin(x: ArrayLike, /) -> Array:
    """Sine of an angle in radians.

    >>> jnp.sin(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def cos(x: ArrayLike, /) -> Array:
    """Cosine of an angle in radians.

    >>> jnp.cos(0.0)
    Array(1., dtype=float32, weak_type=True)
    """

def tan(x: ArrayLike, /) -> Array:
    """Tangent of an angle in radians.

    >>> jnp.tan(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def arcsin(x: ArrayLike, /) -> Array:
    """The angle in [-pi/2, pi/2] whose sine is x; NaN outside of [-1, 1].

    >>> jnp.arcsin(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def arccos(x: ArrayLike, /) -> Array:
    """The angle in [0, pi] whose cosine is x; NaN outside of [-1, 1].

    >>> jnp.arccos(1.0)
    Array(0., dtype=float32, weak_type=True)
    """

def arctan(x: ArrayLike, /) -> Array:
    """The angle in [-pi/2, pi/2] whose tangent is x.

    >>> jnp.arctan(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def sinh(x: ArrayLike, /) -> Array:
    """Hyperbolic sine, (exp(x) - exp(-x)) / 2.

    >>> jnp.sinh(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def cosh(x: ArrayLike, /) -> Array:
    """Hyperbolic cosine, (exp(x) + exp(-x)) / 2.

    >>> jnp.cosh(0.0)
    Array(1., dtype=float32, weak_type=True)
    """

def tanh(x: ArrayLike, /) -> Array:
    """Hyperbolic tangent, sinh(x) / cosh(x).

    >>> jnp.tanh(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def arcsinh(x: ArrayLike, /) -> Array:
    """The number whose hyperbolic sine is x.

    >>> jnp.arcsinh(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def arctanh(x: ArrayLike, /) -> Array:
    """The number whose hyperbolic tangent is x; NaN outside of [-1, 1].

    >>> jnp.arctanh(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def deg2rad(x: ArrayLike, /) -> Array:
    """An angle in degrees as radians.

    >>> jnp.deg2rad(180.0)
    Array(3.1415927, dtype=float32, weak_type=True)
    """

def rad2deg(x: ArrayLike, /) -> Array:
    """An angle in radians as degrees.

    >>> jnp.rad2deg(0.0)
    Array(0., dtype=float32, weak_type=True)
    """

def floor(x: ArrayLike, /) -> Array:
    """The largest whole number that is not above x; integers stay as they are.

    >>> jnp.floor(jnp.array([-1.5, 1.5]))
    Array([-2.,  1.], dtype=float32)
    """

def ceil(x: ArrayLike, /) -> Array:
    """The smallest whole number that is not below x; integers stay as they are.

    >>> jnp.ceil(jnp.array([-1.5, 1.5]))
    Array([-1.,  2.], dtype=float32)
    """

def isnan(x: ArrayLike, /) -> Array:
    """Whether each element is not a number.

    >>> jnp.isnan(jnp.array([1., jnp.nan]))
    Array([False,  True], dtype=bool)
    """

def invert(x: ArrayLike, /) -> Array:
    """Every bit of an integer turned over; the negation of a boolean.

    >>> jnp.invert(jnp.array([0, 1]))
    Array([-1, -2], dtype=int32)
    """

@jitted
def bitwise_count(x: ArrayLike, /) -> Array:
    """How many bits of the absolute value are set, as uint8.

    >>> jnp.bitwise_count(jnp.array([7, 8]))
    Array([3, 1], dtype=uint8)
    """

def logical_not(x: ArrayLike, /) -> Array:
    """True where the element is zero or false.

    >>> jnp.logical_not(jnp.array([0, 2]))
    Array([ True, False], dtype=bool)
    """

@ufunc
def maximum(x: ArrayLike, y: ArrayLike, /) -> Array:
    """The larger of two numbers; NaN if either is.

    >>> jnp.maximum(jnp.array([1, 5]), 3)
    Array([3, 5], dtype=int32)
    """

@ufunc
def minimum(x: ArrayLike, y: ArrayLike, /) -> Array:
    """The smaller of two numbers; NaN if either is.

    >>> jnp.minimum(jnp.array([1, 5]), 3)
    Array([1, 3], dtype=int32)
    """

def equal(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Whether elements are equal.

    >>> jnp.equal(jnp.array([1, 5]), 5)
    Array([False,  True], dtype=bool)
    """

def not_equal(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Whether elements differ; NaN differs from everything.

    >>> jnp.not_equal(jnp.array([1, 5]), 5)
    Array([ True, False], dtype=bool)
    """

def less(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Whether x < y. Complex numbers are ordered by real part, then imaginary part.

    >>> jnp.less(jnp.array([1, 5]), 5)
    Array([ True, False], dtype=bool)
    """

def less_equal(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Whether x <= y.

    >>> jnp.less_equal(jnp.array([1, 5]), 5)
    Array([ True,  True], dtype=bool)
    """

def greater(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Whether x > y.

    >>> jnp.greater(jnp.array([1, 5]), 1)
    Array([False,  True], dtype=bool)
    """

def greater_equal(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Whether x >= y.

    >>> jnp.greater_equal(jnp.array([1, 5]), 5)
    Array([False,  True], dtype=bool)
    """

@ufunc
def bitwise_and(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Bits that are set in both integers.

    >>> jnp.bitwise_and(6, 3)
    Array(2, dtype=int32, weak_type=True)
    """

@ufunc
def bitwise_or(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Bits that are set in either integer.

    >>> jnp.bitwise_or(6, 3)
    Array(7, dtype=int32, weak_type=True)
    """

@ufunc
def bitwise_xor(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Bits that are set in one of two integers, not in both.

    >>> jnp.bitwise_xor(6, 3)
    Array(5, dtype=int32, weak_type=True)
    """

def left_shift(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Bits moved up by y places.

    >>> jnp.left_shift(1, 4)
    Array(16, dtype=int32, weak_type=True)
    """

def right_shift(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """Bits moved down by x2 places; signed integers keep their sign.

    >>> jnp.right_shift(-16, 2)
    Array(-4, dtype=int32, weak_type=True)
    """

@ufunc
def logical_and(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Whether both elements are true (not zero).

    >>> jnp.logical_and(jnp.array([0, 1, 2]), 1)
    Array([False,  True,  True], dtype=bool)
    """

@ufunc
def logical_or(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Whether either element is true (not zero).

    >>> jnp.logical_or(jnp.array([0, 1, 2]), 0)
    Array([False,  True,  True], dtype=bool)
    """

@ufunc
def logical_xor(x: ArrayLike, y: ArrayLike, /) -> Array:
    """Whether exactly one of the elements is true (not zero).

    >>> jnp.logical_xor(jnp.array([0, 1, 2]), 1)
    Array([ True, False, False], dtype=bool)
    """

def float_power(x: ArrayLike, y: ArrayLike, /) -> Array:
    """x to the power of y, in floating point.

    >>> jnp.float_power(2, 3)
    Array(8., dtype=float32, weak_type=True)
    """

def arctan2(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """The angle of the point (x2, x1) in the plane, in [-pi, pi].

    >>> jnp.arctan2(1.0, 0.0)
    Array(1.5707964, dtype=float32, weak_type=True)
    """

def nextafter(x: ArrayLike, y: ArrayLike, /) -> Array:
    """The next floating-point number after x on the way to y.

    >>> jnp.nextafter(0.0, 1.0)
    Array(1.e-45, dtype=float32, weak_type=True)
    """

def conjugate(x: ArrayLike, /) -> Array:
    """The complex number with the other sign of the imaginary part.

    >>> jnp.conjugate(jnp.array([1 + 2j]))
    Array([1.-2.j], dtype=complex64)
    """

def real(val: ArrayLike, /) -> Array:
    """Real part of complex numbers; real ones stay as they are.

    >>> jnp.real(jnp.array([1 + 2j]))
    Array([1.], dtype=float32)
    """

def imag(val: ArrayLike, /) -> Array:
    """Imaginary part of complex numbers; zero for real ones.

    >>> jnp.imag(jnp.array([1 + 2j]))
    Array([2.], dtype=float32)
    """

@jitted
def angle(z: ArrayLike, deg: bool = False) -> Array:
    """Angle of a complex number from the positive real axis, in radians, or in degrees with ``deg``.

    >>> jnp.angle(jnp.array([1j]))
    Array([1.5707964], dtype=float32)
    """

abs = absolute
divide = true_divide
conj = conjugate
acos = arccos
asin = arcsin
atan = arctan
asinh = arcsinh
atanh = arctanh
atan2 = arctan2
degrees = rad2deg
radians = deg2rad
bitwise_invert = invert
bitwise_not = invert
bitwise_left_shift = left_shift
bitwise_right_shift = right_shift

# ---- elementwise: several operations (src/numpy/arithmetic.c) ----

@jitted
def floor_divide(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """The quotient rounded down to a whole number.

    >>> jnp.floor_divide(jnp.array([7, -7]), 2)
    Array([ 3, -4], dtype=int32)
    """

@jitted
def remainder(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """What floor division leaves over; it has the divisor's sign, as Python's %.

    >>> jnp.remainder(jnp.array([7, -7]), 3)
    Array([1, 2], dtype=int32)
    """

@jitted
def fmod(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """What division rounded toward zero leaves over; it has the dividend's sign, as C's %.

    >>> jnp.fmod(jnp.array([7, -7]), 3)
    Array([ 1, -1], dtype=int32)
    """

@jitted
def divmod(x1: ArrayLike, x2: ArrayLike, /) -> tuple[Array, Array]:
    """Floor division and its remainder.

    >>> jnp.divmod(jnp.array([7, -7]), 3)
    (Array([ 2, -3], dtype=int32), Array([1, 2], dtype=int32))
    """

def power(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """x1 to the power of x2.

    A known integer exponent (``x ** 3``) is worked out by multiplication; integers to the power of an array of integers are computed in
    integer arithmetic.

    >>> jnp.power(jnp.array([1., 2., 3.]), 2)
    Array([1., 4., 9.], dtype=float32)
    """

def log2(x: ArrayLike, /) -> Array:
    """Logarithm to base 2.

    >>> jnp.log2(jnp.array([1., 8.]))
    Array([0., 3.], dtype=float32)
    """

def log10(x: ArrayLike, /) -> Array:
    """Logarithm to base 10.

    >>> jnp.log10(jnp.array([1., 100.]))
    Array([0., 2.], dtype=float32)
    """

@jitted
def arccosh(x: ArrayLike, /) -> Array:
    """The number from 0 up whose hyperbolic cosine is x; NaN below 1.

    >>> jnp.arccosh(1.0)
    Array(0., dtype=float32, weak_type=True)
    """

@jitted
def hypot(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """sqrt(x1 ** 2 + x2 ** 2) without overflow on the way.

    >>> jnp.hypot(3.0, 4.0)
    Array(5., dtype=float32, weak_type=True)
    """

@jitted
def fmax(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The larger of two numbers; NaN only if both are.

    >>> jnp.fmax(jnp.array([1., jnp.nan]), 0.)
    Array([1., 0.], dtype=float32)
    """

@jitted
def fmin(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The smaller of two numbers; NaN only if both are.

    >>> jnp.fmin(jnp.array([1., jnp.nan]), 0.)
    Array([0., 0.], dtype=float32)
    """

@jitted
@positional(3)
def clip(arr: ArrayLike | None = None, /, min: ArrayLike | None = None, max: ArrayLike | None = None) -> Array:
    """Numbers brought into the range from ``min`` to ``max``; either bound may be left out.

    >>> jnp.clip(jnp.array([-1, 2, 5]), 0, 3)
    Array([0, 2, 3], dtype=int32)
    """

@ufunc
@compiled
def logaddexp(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """log(exp(x1) + exp(x2)) without overflow.

    >>> jnp.logaddexp(1000.0, 1000.0)
    Array(1000.6932, dtype=float32, weak_type=True)
    """

@ufunc
@compiled
def logaddexp2(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """log2(2**x1 + 2**x2) without overflow.

    >>> jnp.logaddexp2(1000.0, 1000.0)
    Array(1001., dtype=float32, weak_type=True)
    """

mod = remainder
pow = power
acosh = arccosh

# ---- elementwise: what floats are made of (src/numpy/floats.c) ----

def isfinite(x: ArrayLike, /) -> Array:
    """Whether each element is neither infinite nor NaN.

    >>> jnp.isfinite(jnp.array([1., jnp.inf, jnp.nan]))
    Array([ True, False, False], dtype=bool)
    """

@jitted
def isinf(x: ArrayLike, /) -> Array:
    """Whether each element is plus or minus infinity.

    >>> jnp.isinf(jnp.array([1., -jnp.inf, jnp.nan]))
    Array([False,  True, False], dtype=bool)
    """

def isposinf(x: ArrayLike, /, out: None = None) -> Array:
    """Whether each element is plus infinity.

    >>> jnp.isposinf(jnp.array([-jnp.inf, jnp.inf]))
    Array([False,  True], dtype=bool)
    """

def isneginf(x: ArrayLike, /, out: None = None) -> Array:
    """Whether each element is minus infinity.

    >>> jnp.isneginf(jnp.array([-jnp.inf, jnp.inf]))
    Array([ True, False], dtype=bool)
    """

def isreal(x: ArrayLike) -> Array:
    """Whether the imaginary part of each element is zero.

    >>> jnp.isreal(jnp.array([1 + 0j, 1j]))
    Array([ True, False], dtype=bool)
    """

def iscomplex(x: ArrayLike) -> Array:
    """Whether the imaginary part of each element is not zero.

    >>> jnp.iscomplex(jnp.array([1 + 0j, 1j]))
    Array([False,  True], dtype=bool)
    """

@jitted
def signbit(x: ArrayLike, /) -> Array:
    """Whether the sign bit is set: for negative numbers and -0.0.

    >>> jnp.signbit(jnp.array([-0.0, 0.0]))
    Array([ True, False], dtype=bool)
    """

@jitted
def copysign(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """The magnitude of x1 with the sign of x2.

    >>> jnp.copysign(2.0, -1.0)
    Array(-2., dtype=float32, weak_type=True)
    """

@jitted
def heaviside(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """0 for negative x1, 1 for positive x1, and x2 at zero.

    >>> jnp.heaviside(jnp.array([-1., 0., 1.]), 0.5)
    Array([0. , 0.5, 1. ], dtype=float32)
    """

@jitted
def trunc(x: ArrayLike) -> Array:
    """Rounded toward zero; integers stay as they are.

    >>> jnp.trunc(jnp.array([-1.5, 1.5]))
    Array([-1.,  1.], dtype=float32)
    """

@jitted
def rint(x: ArrayLike, /) -> Array:
    """Rounded to the nearest whole number, halves to the even one; integers become floats.

    >>> jnp.rint(jnp.array([0.5, 1.5]))
    Array([0., 2.], dtype=float32)
    """

@jitted
def round(a: ArrayLike, decimals: int = 0, out: None = None) -> Array:
    """Rounded to so many decimals, halves to the even neighbour; integers stay as they are.

    >>> jnp.round(jnp.array([0.5, 1.5, 2.6]))
    Array([0., 2., 3.], dtype=float32)
    """

@jitted
def around(a: ArrayLike, decimals: int = 0, out: None = None) -> Array:
    """The same as round.

    >>> jnp.around(jnp.array([0.5, 1.5, 2.6]))
    Array([0., 2., 3.], dtype=float32)
    """

@jitted
def modf(x: ArrayLike, /, out: None = None) -> tuple[Array, Array]:
    """Fraction and whole part, both with the number's sign.

    >>> jnp.modf(jnp.array([1.5, -2.25]))
    (Array([ 0.5 , -0.25], dtype=float32), Array([ 1., -2.], dtype=float32))
    """

@jitted
def frexp(x: ArrayLike, /) -> tuple[Array, Array]:
    """Mantissa and exponent: x = mantissa * 2 ** exponent with a mantissa from 0.5 up to 1.

    >>> jnp.frexp(jnp.array([1., 6.]))
    (Array([0.5 , 0.75], dtype=float32), Array([1, 3], dtype=int32))
    """

@jitted
def ldexp(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """x1 * 2 ** x2 for an integer x2.

    >>> jnp.ldexp(0.75, 3)
    Array(6., dtype=float32)
    """

@compiled
def spacing(x: ArrayLike, /) -> Array:
    """Distance to the next larger floating-point number, negative for negative numbers.

    >>> jnp.spacing(jnp.array([1., 1024.]))
    Array([1.1920929e-07, 1.2207031e-04], dtype=float32)
    """

@jitted
def sinc(x: ArrayLike, /) -> Array:
    """sin(pi x) / (pi x), which is 1 at zero and differentiable there.

    >>> jnp.sinc(jnp.array([0., 0.5]))
    Array([1.        , 0.63661975], dtype=float32)
    """

@jitted
def nan_to_num(x: ArrayLike, copy: bool = True, nan: ArrayLike = 0.0, posinf: ArrayLike | None = None, neginf: ArrayLike | None = None) -> Array:
    """NaN replaced by ``nan``, infinities by ``posinf`` and ``neginf``: by default, the largest finite numbers.

    >>> jnp.nan_to_num(jnp.array([jnp.nan, 1., jnp.inf]))
    Array([0.0000000e+00, 1.0000000e+00, 3.4028235e+38], dtype=float32)
    """

fix = trunc

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

def select(condlist: Sequence[ArrayLike], choicelist: Sequence[ArrayLike], default: ArrayLike = 0) -> Array:
    """For each element, the choice that belongs to the first condition that holds, or ``default``.

    >>> x = jnp.arange(5)
    >>> jnp.select([x < 2, x > 3], [x, 10 * x], -1)
    Array([ 0,  1, -1, -1, 40], dtype=int32)
    """

# ---- comparison of whole arrays (src/numpy/compare.c) ----

@jitted
def isclose(a: ArrayLike, b: ArrayLike, rtol: ArrayLike = 1e-05, atol: ArrayLike = 1e-08, equal_nan: bool = False) -> Array:
    """Whether abs(a - b) <= atol + rtol * abs(b), element by element; infinities are close to themselves only.

    >>> jnp.isclose(jnp.array([1., 2.]), jnp.array([1., 2.1]))
    Array([ True, False], dtype=bool)
    """

@jitted
def allclose(a: ArrayLike, b: ArrayLike, rtol: ArrayLike = 1e-05, atol: ArrayLike = 1e-08, equal_nan: bool = False) -> Array:
    """Whether all elements are close in the sense of isclose.

    >>> jnp.allclose(jnp.array([1., 2.]), jnp.array([1., 2.1]))
    Array(False, dtype=bool)
    """

def array_equal(a1: ArrayLike | list, a2: ArrayLike | list, equal_nan: bool = False) -> Array:
    """Whether two arrays have the same shape and equal elements.

    >>> jnp.array_equal(jnp.array([1, 2]), jnp.array([1, 2]))
    Array(True, dtype=bool)
    """

def array_equiv(a1: ArrayLike | list, a2: ArrayLike | list) -> Array:
    """Whether two arrays are equal once they are broadcast together.

    >>> jnp.array_equiv(jnp.array([1, 1]), 1)
    Array(True, dtype=bool)
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

def prod(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False,
         initial: ArrayLike | None = None, where: ArrayLike | None = None, promote_integers: bool = True) -> Array:
    """Product of the elements over one axis, several axes or all of them. The arguments are those of sum.

    >>> jnp.prod(jnp.array([[1, 2], [3, 4]]), axis=1)
    Array([ 2, 12], dtype=int32)
    """

def max(a: ArrayLike, axis: Axis = None, out: None = None, keepdims: bool = False, initial: ArrayLike | None = None,
        where: ArrayLike | None = None) -> Array:
    """Largest element over one axis, several axes or all of them; NaN if there is one.

    Args:
      a: array of real numbers.
      axis: axis or axes to reduce; all by default. They may have size zero only if ``initial`` is given.
      keepdims: whether reduced axes stay, with size one.
      initial: value to start from; ``where`` needs it.
      where: booleans, broadcast against ``a``: which elements count.

    >>> jnp.max(jnp.array([[1, 2], [3, 4]]), axis=0)
    Array([3, 4], dtype=int32)
    """

def min(a: ArrayLike, axis: Axis = None, out: None = None, keepdims: bool = False, initial: ArrayLike | None = None,
        where: ArrayLike | None = None) -> Array:
    """Smallest element over one axis, several axes or all of them; NaN if there is one. The arguments are those of max.

    >>> jnp.min(jnp.array([[1, 2], [3, 4]]), axis=0)
    Array([1, 2], dtype=int32)
    """

def all(a: ArrayLike, axis: Axis = None, out: None = None, keepdims: bool = False, *, where: ArrayLike | None = None) -> Array:
    """Whether all elements over the axes are true (not zero).

    >>> jnp.all(jnp.array([[True, False], [True, True]]), axis=1)
    Array([False,  True], dtype=bool)
    """

def any(a: ArrayLike, axis: Axis = None, out: None = None, keepdims: bool = False, *, where: ArrayLike | None = None) -> Array:
    """Whether some element over the axes is true (not zero).

    >>> jnp.any(jnp.array([[True, False], [False, False]]), axis=1)
    Array([ True, False], dtype=bool)
    """

@jitted("_ptp")
def ptp(a: ArrayLike, axis: Axis = None, out: None = None, keepdims: bool = False) -> Array:
    """Distance from the smallest element to the largest.

    >>> jnp.ptp(jnp.array([3, 1, 6]))
    Array(5, dtype=int32)
    """

@jitted
def count_nonzero(a: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """How many elements are not zero.

    >>> jnp.count_nonzero(jnp.array([0, 1, 2]))
    Array(2, dtype=int32)
    """

def argmax(a: ArrayLike, axis: int | None = None, out: None = None, keepdims: bool | None = None) -> Array:
    """Position of the largest element along an axis, or in the flattened array; the first of equals; NaN counts as largest.

    >>> jnp.argmax(jnp.array([3, 9, 4]))
    Array(1, dtype=int32)
    """

def argmin(a: ArrayLike, axis: int | None = None, out: None = None, keepdims: bool | None = None) -> Array:
    """Position of the smallest element along an axis, or in the flattened array; the first of equals; NaN counts as smallest.

    >>> jnp.argmin(jnp.array([3, 9, 1]))
    Array(2, dtype=int32)
    """

@jitted("_nanargmax")
def nanargmax(a: ArrayLike, axis: int | None = None, out: None = None, keepdims: bool | None = None) -> Array:
    """Position of the largest element that is not NaN; -1 where all are.

    >>> jnp.nanargmax(jnp.array([3., jnp.nan, 4.]))
    Array(2, dtype=int32)
    """

@jitted("_nanargmin")
def nanargmin(a: ArrayLike, axis: int | None = None, out: None = None, keepdims: bool | None = None) -> Array:
    """Position of the smallest element that is not NaN; -1 where all are.

    >>> jnp.nanargmin(jnp.array([3., jnp.nan, 4.]))
    Array(0, dtype=int32)
    """

@jitted
def cumsum(a: ArrayLike, axis: int | None = None, dtype: DTypeLike | None = None, out: None = None) -> Array:
    """Running sum along an axis.

    Args:
      a: array of numbers or booleans.
      axis: axis to accumulate along; by default the array is flattened first.
      dtype: dtype of the result; by default that of ``a``, with booleans counted as integers.

    >>> jnp.cumsum(jnp.array([1, 2, 3]))
    Array([1, 3, 6], dtype=int32)
    """

@jitted
def cumprod(a: ArrayLike, axis: int | None = None, dtype: DTypeLike | None = None, out: None = None) -> Array:
    """Running product along an axis. The arguments are those of cumsum.

    >>> jnp.cumprod(jnp.array([1, 2, 3]))
    Array([1, 2, 6], dtype=int32)
    """

@jitted
def nancumsum(a: ArrayLike, axis: int | None = None, dtype: DTypeLike | None = None, out: None = None) -> Array:
    """Running sum along an axis in which NaN counts as zero.

    >>> jnp.nancumsum(jnp.array([1., jnp.nan, 3.]))
    Array([1., 1., 4.], dtype=float32)
    """

@jitted
def nancumprod(a: ArrayLike, axis: int | None = None, dtype: DTypeLike | None = None, out: None = None) -> Array:
    """Running product along an axis in which NaN counts as one.

    >>> jnp.nancumprod(jnp.array([2., jnp.nan, 3.]))
    Array([2., 2., 6.], dtype=float32)
    """

def cumulative_sum(x: ArrayLike, /, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False) -> Array:
    """Running sum along an axis; with ``include_initial`` it begins with zero.

    >>> jnp.cumulative_sum(jnp.array([1, 2, 3]), include_initial=True)
    Array([0, 1, 3, 6], dtype=int32)
    """

def cumulative_prod(x: ArrayLike, /, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False) -> Array:
    """Running product along an axis; with ``include_initial`` it begins with one.

    >>> jnp.cumulative_prod(jnp.array([1, 2, 3]), include_initial=True)
    Array([1, 1, 2, 6], dtype=int32)
    """

amax = max
amin = min

# ---- statistics (src/numpy/statistics.c) ----

def mean(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False, *,
         where: ArrayLike | None = None) -> Array:
    """Arithmetic mean over one axis, several axes or all of them; integers become floats.

    >>> jnp.mean(jnp.array([[1, 2], [3, 4]]), axis=0)
    Array([2., 3.], dtype=float32)
    """

def average(a: ArrayLike, axis: Axis = None, weights: ArrayLike | None = None, returned: bool = False, keepdims: bool = False) -> PyTree:
    """Mean with weights.

    Args:
      a: array of numbers.
      axis: axis or axes to average over; all by default.
      weights: how much each element counts: of the shape of ``a``, or of its shape along ``axis``.
      returned: whether to return a pair, the average and the sum of the weights.
      keepdims: whether reduced axes stay, with size one.

    >>> jnp.average(jnp.array([1., 2., 4.]), weights=jnp.array([1., 0., 1.]))
    Array(2.5, dtype=float32)
    """

@jitted("_var")
def var(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, ddof: ArrayLike = 0, keepdims: bool = False, *,
        where: ArrayLike | None = None, mean: ArrayLike | None = None, correction: ArrayLike | None = None) -> Array:
    """Variance: the mean squared distance from the mean.

    Args:
      a: array of numbers; the variance of complex ones is real.
      axis: axis or axes to reduce; all by default.
      dtype: dtype to compute in and of the result.
      ddof, correction: the sum of squares is divided by n - ddof. Two names for one number.
      keepdims: whether reduced axes stay, with size one.
      where: booleans, broadcast against ``a``: which elements count.
      mean: the mean, if it is known already, with reduced axes of size one.

    >>> jnp.var(jnp.array([1., 2., 3., 4.]))
    Array(1.25, dtype=float32)
    """

@jitted("_std")
def std(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, ddof: ArrayLike = 0, keepdims: bool = False, *,
        where: ArrayLike | None = None, mean: ArrayLike | None = None, correction: ArrayLike | None = None) -> Array:
    """Standard deviation, the square root of the variance. The arguments are those of var.

    >>> jnp.std(jnp.array([1., 1., 3., 3.]))
    Array(1., dtype=float32)
    """

@jitted
def nanmax(a: ArrayLike, axis: Axis = None, out: None = None, keepdims: bool = False, initial: ArrayLike | None = None,
           where: ArrayLike | None = None) -> Array:
    """Largest element that is not NaN; NaN where there is none.

    >>> jnp.nanmax(jnp.array([1., jnp.nan]))
    Array(1., dtype=float32)
    """

@jitted
def nanmin(a: ArrayLike, axis: Axis = None, out: None = None, keepdims: bool = False, initial: ArrayLike | None = None,
           where: ArrayLike | None = None) -> Array:
    """Smallest element that is not NaN; NaN where there is none.

    >>> jnp.nanmin(jnp.array([1., jnp.nan]))
    Array(1., dtype=float32)
    """

@jitted
def nansum(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False,
           initial: ArrayLike | None = None, where: ArrayLike | None = None) -> Array:
    """Sum in which NaN counts as zero.

    >>> jnp.nansum(jnp.array([1., jnp.nan, 2.]))
    Array(3., dtype=float32)
    """

@jitted
def nanprod(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False,
            initial: ArrayLike | None = None, where: ArrayLike | None = None) -> Array:
    """Product in which NaN counts as one.

    >>> jnp.nanprod(jnp.array([2., jnp.nan, 3.]))
    Array(6., dtype=float32)
    """

@jitted
def nanmean(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, keepdims: bool = False,
            where: ArrayLike | None = None) -> Array:
    """Mean of the elements that are not NaN.

    >>> jnp.nanmean(jnp.array([1., jnp.nan, 3.]))
    Array(2., dtype=float32)
    """

@jitted
def nanvar(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, ddof: ArrayLike = 0, keepdims: bool = False,
           where: ArrayLike | None = None, mean: ArrayLike | None = None) -> Array:
    """Variance of the elements that are not NaN.

    >>> jnp.nanvar(jnp.array([1., jnp.nan, 3.]))
    Array(1., dtype=float32)
    """

@jitted
def nanstd(a: ArrayLike, axis: Axis = None, dtype: DTypeLike | None = None, out: None = None, ddof: ArrayLike = 0, keepdims: bool = False,
           where: ArrayLike | None = None, mean: ArrayLike | None = None) -> Array:
    """Standard deviation of the elements that are not NaN.

    >>> jnp.nanstd(jnp.array([1., jnp.nan, 3.]))
    Array(1., dtype=float32)
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

def ones(shape: Shape, dtype: DTypeLike | None = None, *, device: None = None, out_sharding: None = None) -> Array:
    """An array of ones. The arguments are those of zeros.

    >>> jnp.ones((2,))
    Array([1., 1.], dtype=float32)
    """

def empty(shape: Shape, dtype: DTypeLike | None = None, *, device: None = None, out_sharding: None = None) -> Array:
    """An array whose content does not matter; it is zeros here.

    >>> jnp.empty((2,))
    Array([0., 0.], dtype=float32)
    """

def full(shape: Shape, fill_value: ArrayLike, dtype: DTypeLike | None = None, *, device: None = None, out_sharding: None = None) -> Array:
    """An array with one value everywhere.

    Args:
      shape: size of each axis.
      fill_value: a number, or an array that is broadcast to the shape.
      dtype: by default that of ``fill_value``.

    >>> jnp.full((2,), 7)
    Array([7, 7], dtype=int32, weak_type=True)
    """

def zeros_like(a: ArrayLike | Shaped, dtype: DTypeLike | None = None, shape: Shape | None = None, *, device: None = None, out_sharding: None = None) -> Array:
    """Zeros in the shape and dtype of another array, unless ``shape`` or ``dtype`` say otherwise.

    >>> jnp.zeros_like(jnp.array([1, 2]))
    Array([0, 0], dtype=int32)
    """

def ones_like(a: ArrayLike | Shaped, dtype: DTypeLike | None = None, shape: Shape | None = None, *, device: None = None, out_sharding: None = None) -> Array:
    """Ones in the shape and dtype of another array, unless ``shape`` or ``dtype`` say otherwise.

    >>> jnp.ones_like(jnp.array([1, 2]))
    Array([1, 1], dtype=int32)
    """

def empty_like(prototype: ArrayLike | Shaped, dtype: DTypeLike | None = None, shape: Shape | None = None, *, device: None = None) -> Array:
    """An array of the same shape and dtype whose content does not matter; it is zeros here.

    >>> jnp.empty_like(jnp.array([1, 2]))
    Array([0, 0], dtype=int32)
    """

def full_like(a: ArrayLike | Shaped, fill_value: ArrayLike, dtype: DTypeLike | None = None, shape: Shape | None = None, *, device: None = None,
              out_sharding: None = None) -> Array:
    """One value everywhere, in the shape and dtype of another array, unless ``shape`` or ``dtype`` say otherwise.

    >>> jnp.full_like(jnp.array([1, 2]), 7)
    Array([7, 7], dtype=int32)
    """

def array(object: ArrayLike | list, dtype: DTypeLike | None = None, *args: None, copy: bool = True, order: str | None = 'K', ndmin: int = 0,
          device: None = None, out_sharding: None = None) -> Array:
    """An array of numbers, nested lists of numbers, or another array.

    Args:
      object: what to convert.
      dtype: by default the promoted dtype of all elements.
      copy: whether to copy an array that needs no conversion.
      ndmin: how many axes the result has at least; new ones come first.

    >>> jnp.array([[1, 2], [3, 4]])
    Array([[1, 2],
           [3, 4]], dtype=int32)
    """

def asarray(a: ArrayLike | list, dtype: DTypeLike | None = None, order: str | None = None, *, copy: bool | None = None, device: None = None,
            out_sharding: None = None) -> Array:
    """An array of numbers, nested lists of numbers, or another array, which is copied only if ``copy`` says so.

    >>> jnp.asarray([1, 2])
    Array([1, 2], dtype=int32)
    """

def copy(a: ArrayLike, order: str | None = None) -> Array:
    """A copy of the array.

    >>> jnp.copy(jnp.array([1, 2]))
    Array([1, 2], dtype=int32)
    """

def astype(x: ArrayLike, dtype: DTypeLike, /, *, copy: bool = False, device: None = None) -> Array:
    """The array in another dtype. Floats lose their fraction on the way to integers; complex numbers lose their imaginary part.

    >>> jnp.astype(jnp.array([1.5, -1.5]), int)
    Array([ 1, -1], dtype=int32)
    """

def arange(start: ArrayLike, stop: ArrayLike | None = None, step: ArrayLike | None = None, dtype: DTypeLike | None = None, *,
           device: None = None, out_sharding: None = None) -> Array:
    """Numbers from ``start`` up to but not including ``stop``, ``step`` apart.

    Args:
      start: first number; with no ``stop`` it is the end, and counting begins at 0.
      stop: where to end.
      step: distance, 1 by default. All three must be known when a function is traced.
      dtype: by default the promoted dtype of the three.

    >>> jnp.arange(2, 8, 2)
    Array([2, 4, 6], dtype=int32)
    """

def indices(dimensions: Sequence[int], dtype: DTypeLike | None = None, sparse: bool = False) -> PyTree:
    """For each axis of a grid, the index along it: stacked, or with ``sparse`` a tuple of arrays that broadcast.

    >>> jnp.indices((2, 2))
    Array([[[0, 0],
            [1, 1]],
    <BLANKLINE>
           [[0, 1],
            [0, 1]]], dtype=int32)
    """

def eye(N: int, M: int | None = None, k: ArrayLike = 0, dtype: DTypeLike | None = None, *, device: None = None) -> Array:
    """Ones on the k-th diagonal of an N by M matrix (M = N by default), zeros elsewhere.

    >>> jnp.eye(2)
    Array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

def identity(n: int, dtype: DTypeLike | None = None) -> Array:
    """The identity matrix with n rows.

    >>> jnp.identity(2)
    Array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

def tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Array:
    """Ones on and below the k-th diagonal of an N by M matrix (M = N by default), zeros above.

    >>> jnp.tri(2)
    Array([[1., 0.],
           [1., 1.]], dtype=float32)
    """

@jitted
def tril(m: ArrayLike, k: int = 0) -> Array:
    """The matrix with zeros above the k-th diagonal; leading axes are batches.

    >>> jnp.tril(jnp.array([[1, 2], [3, 4]]))
    Array([[1, 0],
           [3, 4]], dtype=int32)
    """

@jitted
def triu(m: ArrayLike, k: int = 0) -> Array:
    """The matrix with zeros below the k-th diagonal; leading axes are batches.

    >>> jnp.triu(jnp.array([[1, 2], [3, 4]]))
    Array([[1, 2],
           [0, 4]], dtype=int32)
    """

@jitted("_diag")
def diag(v: ArrayLike, k: int = 0) -> Array:
    """A matrix with these elements on its k-th diagonal; of a matrix, the elements on its k-th diagonal.

    >>> jnp.diag(jnp.array([1, 2]))
    Array([[1, 0],
           [0, 2]], dtype=int32)
    """

def meshgrid(*xi: ArrayLike, copy: bool = True, sparse: bool = False, indexing: str = 'xy') -> list[Array]:
    """Coordinates of the points of a grid, from the coordinates along each axis.

    Args:
      xi: one-dimensional arrays.
      sparse: whether to leave axes of size one that broadcast.
      indexing: 'xy' for the first array along columns, 'ij' for the first along rows.

    >>> jnp.meshgrid(jnp.array([1, 2]), jnp.array([3, 4]))
    [Array([[1, 2],
           [1, 2]], dtype=int32), Array([[3, 3],
           [4, 4]], dtype=int32)]
    """

# ---- spaces (src/numpy/spaces.c) ----

@jitted("_linspace")
def linspace(start: ArrayLike, stop: ArrayLike, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: DTypeLike | None = None,
             axis: int = 0, *, device: None = None) -> PyTree:
    """Evenly spaced numbers from ``start`` to ``stop``.

    Args:
      start, stop: the ends, broadcast together.
      num: how many.
      endpoint: whether ``stop`` is the last of them.
      retstep: whether to return a pair, the numbers and their distance.
      dtype: float32 by default; for integers the numbers are rounded down.
      axis: where the new axis goes.

    >>> jnp.linspace(0, 1, 5)
    Array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """

@jitted("_logspace")
def logspace(start: ArrayLike, stop: ArrayLike, num: int = 50, endpoint: bool = True, base: ArrayLike = 10.0, dtype: DTypeLike | None = None,
             axis: int = 0) -> Array:
    """``base`` to the power of evenly spaced numbers from ``start`` to ``stop``.

    >>> jnp.logspace(0, 2, 3, base=2)
    Array([1., 2., 4.], dtype=float32)
    """

@jitted("_geomspace")
def geomspace(start: ArrayLike, stop: ArrayLike, num: int = 50, endpoint: bool = True, dtype: DTypeLike | None = None, axis: int = 0) -> Array:
    """Numbers from ``start`` to ``stop``, each the same multiple of the one before.

    >>> jnp.geomspace(1, 100, 3)
    Array([  1.,  10., 100.], dtype=float32)
    """

# ---- order statistics (src/numpy/quantile.c) ----

@jitted
@positional(2)
def quantile(a: ArrayLike, q: ArrayLike, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = 'linear',
             keepdims: bool = False, *, weights: ArrayLike | None = None) -> Array:
    """The value below which a fraction ``q`` of the elements lies.

    Args:
      a: array of real numbers; NaN anywhere gives NaN.
      q: fraction or fractions from 0 to 1; several make a leading axis.
      axis: axis or axes to reduce; all by default.
      method: what to take between two elements: 'linear', 'lower', 'higher', 'midpoint' or 'nearest'; or 'inverted_cdf', the least element up to which
        the weights make that fraction of their sum.
      keepdims: whether reduced axes stay, with size one.
      weights: what each element counts, for 'inverted_cdf' only: of the shape of ``a``, or of the lengths of the axes reduced.

    >>> jnp.quantile(jnp.array([1., 2., 3., 4.]), 0.5)
    Array(2.5, dtype=float32)
    """

@jitted
@positional(2)
def nanquantile(a: ArrayLike, q: ArrayLike, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = 'linear',
                keepdims: bool = False, *, weights: ArrayLike | None = None) -> Array:
    """The same of the elements that are not NaN.

    >>> jnp.nanquantile(jnp.array([1., jnp.nan, 3.]), 0.5)
    Array(2., dtype=float32)
    """

@jitted
@positional(2)
def percentile(a: ArrayLike, q: ArrayLike, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = 'linear',
               keepdims: bool = False, *, weights: ArrayLike | None = None, out_sharding: None = None) -> Array:
    """The quantile for a fraction given in percent.

    >>> jnp.percentile(jnp.array([1., 2., 3., 4.]), 50)
    Array(2.5, dtype=float32)
    """

@jitted
@positional(2)
def nanpercentile(a: ArrayLike, q: ArrayLike, axis: Axis = None, out: None = None, overwrite_input: bool = False, method: str = 'linear',
                  keepdims: bool = False, *, weights: ArrayLike | None = None) -> Array:
    """The percentile of the elements that are not NaN.

    >>> jnp.nanpercentile(jnp.array([1., jnp.nan, 3.]), 50)
    Array(2., dtype=float32)
    """

@jitted
def median(a: ArrayLike, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Array:
    """The middle element, or the mean of the two middle ones.

    >>> jnp.median(jnp.array([1., 9., 2.]))
    Array(2., dtype=float32)
    """

@jitted
def nanmedian(a: ArrayLike, axis: Axis = None, out: None = None, overwrite_input: bool = False, keepdims: bool = False) -> Array:
    """The median of the elements that are not NaN.

    >>> jnp.nanmedian(jnp.array([1., jnp.nan, 3.]))
    Array(2., dtype=float32)
    """

# ---- windows of signals (src/numpy/windows.c) ----

def bartlett(M: int) -> Array:
    """The triangular window of M points.

    >>> jnp.bartlett(3)
    Array([0., 1., 0.], dtype=float32)
    """

def blackman(M: int) -> Array:
    """The Blackman window of M points.

    >>> jnp.blackman(3).shape
    (3,)
    """

def hamming(M: int) -> Array:
    """The Hamming window of M points.

    >>> jnp.hamming(1)
    Array([1.], dtype=float32)
    """

def hanning(M: int) -> Array:
    """The Hann window of M points.

    >>> jnp.hanning(3)
    Array([0., 1., 0.], dtype=float32)
    """

def kaiser(M: int, beta: ArrayLike) -> Array:
    """The Kaiser window of M points; ``beta`` is its shape.

    >>> jnp.kaiser(3, 0.)
    Array([1., 1., 1.], dtype=float32)
    """

@compiled
def i0(x: ArrayLike) -> Array:
    """Modified Bessel function of order zero.

    >>> jnp.i0(0.)
    Array(1., dtype=float32, weak_type=True)
    """

# ---- polynomials: coefficients, the highest power first (src/numpy/polynomials.c) ----

@jitted
def poly(seq_of_zeros: ArrayLike) -> Array:
    """The polynomial with these roots, or the characteristic polynomial of a matrix.

    >>> jnp.poly(jnp.array([1., 2.]))
    Array([ 1., -3.,  2.], dtype=float32)
    """

@jitted
def polyadd(a1: ArrayLike, a2: ArrayLike) -> Array:
    """Sum of polynomials.

    >>> jnp.polyadd(jnp.array([1, 2]), jnp.array([3]))
    Array([1, 5], dtype=int32)
    """

@jitted
def polysub(a1: ArrayLike, a2: ArrayLike) -> Array:
    """Difference of polynomials.

    >>> jnp.polysub(jnp.array([1, 2]), jnp.array([3]))
    Array([ 1, -1], dtype=int32)
    """

def polymul(a1: ArrayLike, a2: ArrayLike, *, trim_leading_zeros: bool = False) -> Array:
    """Product of polynomials.

    >>> jnp.polymul(jnp.array([1., 1.]), jnp.array([1., -1.]))
    Array([ 1.,  0., -1.], dtype=float32)
    """

def polydiv(u: ArrayLike, v: ArrayLike, *, trim_leading_zeros: bool = False) -> tuple[Array, Array]:
    """Quotient and rest of polynomials.

    >>> jnp.polydiv(jnp.array([1., 0., -1.]), jnp.array([1., 1.]))[0]
    Array([ 1., -1.], dtype=float32)
    """

@jitted
def polyder(p: ArrayLike, m: int = 1) -> Array:
    """The m-th derivative of a polynomial.

    >>> jnp.polyder(jnp.array([1., 2., 3.]))
    Array([2., 2.], dtype=float32)
    """

@jitted
def polyint(p: ArrayLike, m: int = 1, k: ArrayLike | list | None = None) -> Array:
    """The m-th integral of a polynomial, with ``k`` as the constants.

    >>> jnp.polyint(jnp.array([2., 2.]))
    Array([1., 2., 0.], dtype=float32)
    """

@jitted
def polyfit(x: ArrayLike, y: ArrayLike, deg: int, rcond: float | None = None, full: bool = False, w: ArrayLike | None = None, cov: bool = False) -> PyTree:
    """The polynomial of a degree that fits points best in the sense of least squares.

    Args:
      x, y: the points; columns of y are fitted one by one.
      rcond: singular values below so much of the largest count as zero.
      full: whether residuals, rank, singular values and rcond are returned too.
      w: weights of the points.
      cov: whether the covariance of the coefficients is returned too.

    >>> jnp.polyfit(jnp.array([0., 1., 2.]), jnp.array([1., 3., 5.]), 1).shape
    (2,)
    """

def roots(p: ArrayLike, *, strip_zeros: bool = True) -> Array:
    """The roots of a polynomial, which are complex.

    Args:
      strip_zeros: whether zeros at both ends are taken away first, which needs known coefficients.

    >>> jnp.roots(jnp.array([1., 0., 1.])).shape
    (2,)
    """

# ---- positions, masks and writing (src/numpy/places.c) ----

@jitted
def unravel_index(indices: ArrayLike, shape: Shape) -> tuple[Array, ...]:
    """Positions in a flat array as positions along the axes of a shape.

    >>> jnp.unravel_index(5, (2, 3))
    (Array(1, dtype=int32, weak_type=True), Array(2, dtype=int32, weak_type=True))
    """

def ravel_multi_index(multi_index: Sequence[ArrayLike], dims: Sequence[int], mode: str = 'raise', order: str = 'C', *, dtype: DTypeLike | None = None) -> Array:
    """Positions along the axes of a shape as positions in a flat array.

    Args:
      mode: what positions out of bounds do: 'raise', which needs them known, 'wrap' or 'clip'.

    >>> jnp.ravel_multi_index((jnp.array([1]), jnp.array([2])), (2, 3))
    Array([5], dtype=int32)
    """

def ix_(*args: ArrayLike) -> tuple[Array, ...]:
    """Vectors along an axis each, so that indexing with them picks all combinations.

    >>> jnp.ix_(jnp.array([0, 1]), jnp.array([2]))[0].shape
    (2, 1)
    """

def choose(a: ArrayLike, choices: Sequence[ArrayLike], out: None = None, mode: str = 'raise') -> Array:
    """Elements of the array that ``a`` numbers, one of ``choices``.

    Args:
      mode: what numbers out of bounds do: 'raise', which needs them known, 'wrap' or 'clip'.

    >>> jnp.choose(jnp.array([0, 1]), [jnp.array([1, 2]), jnp.array([3, 4])])
    Array([1, 4], dtype=int32)
    """

def compress(condition: ArrayLike | list, a: ArrayLike, axis: int | None = None, *, size: int | None = None, fill_value: ArrayLike = 0, out: None = None) -> Array:
    """The slices along an axis for which a condition holds.

    Args:
      condition: a vector.
      size: how many slices are returned, filled up with ``fill_value``; needed under jit.

    >>> jnp.compress(jnp.array([True, False, True]), jnp.array([1, 2, 3]))
    Array([1, 3], dtype=int32)
    """

def extract(condition: ArrayLike, arr: ArrayLike, *, size: int | None = None, fill_value: ArrayLike = 0) -> Array:
    """The elements for which a condition holds.

    >>> jnp.extract(jnp.array([True, False, True]), jnp.array([1, 2, 3]))
    Array([1, 3], dtype=int32)
    """

def place(arr: ArrayLike, mask: ArrayLike, vals: ArrayLike, *, inplace: bool = True) -> Array:
    """The array with the elements under a mask replaced by values, in turn; inplace=False is required.

    >>> jnp.place(jnp.array([1, 2, 3]), jnp.array([True, False, True]), jnp.array([8, 9]), inplace=False)
    Array([8, 2, 9], dtype=int32)
    """

def put(a: ArrayLike, ind: ArrayLike | list, v: ArrayLike | list, mode: str | None = None, *, inplace: bool = True) -> Array:
    """The array with elements of the flat array replaced; inplace=False is required.

    >>> jnp.put(jnp.array([1, 2, 3]), jnp.array([0]), 8, inplace=False)
    Array([8, 2, 3], dtype=int32)
    """

def fill_diagonal(a: ArrayLike, val: ArrayLike, wrap: bool = False, *, inplace: bool = True) -> Array:
    """The array with its diagonal replaced; inplace=False is required.

    Args:
      wrap: whether the diagonal of a tall matrix begins again below.

    >>> jnp.fill_diagonal(jnp.zeros((2, 2)), 1., inplace=False)
    Array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

# ---- bits (src/numpy/bits.c) ----

@jitted
def packbits(a: ArrayLike, axis: int | None = None, bitorder: str = 'big') -> Array:
    """Booleans, or what is above zero, eight a byte.

    >>> jnp.packbits(jnp.array([1, 0, 1]))
    Array([160], dtype=uint8)
    """

@jitted
def unpackbits(a: ArrayLike, axis: int | None = None, count: int | None = None, bitorder: str = 'big') -> Array:
    """The bits of bytes.

    >>> jnp.unpackbits(jnp.array([160], dtype='uint8'), count=3)
    Array([1, 0, 1], dtype=uint8)
    """

# ---- more of arithmetic, shapes and products ----

@jitted
def gcd(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Greatest common divisor.

    >>> jnp.gcd(12, jnp.array([8, 9]))
    Array([4, 3], dtype=int32)
    """

@jitted
def lcm(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Least common multiple.

    >>> jnp.lcm(4, jnp.array([6, 3]))
    Array([12, 12], dtype=int32)
    """

@jitted
def unwrap(p: ArrayLike, discont: ArrayLike | None = None, axis: int = -1, period: ArrayLike = 6.283185307179586) -> Array:
    """Angles along an axis without their jumps of a period.

    >>> jnp.unwrap(jnp.array([0., 7.])).shape
    (2,)
    """

def diagflat(v: ArrayLike, k: int = 0) -> Array:
    """A matrix with these elements on its k-th diagonal.

    >>> jnp.diagflat(jnp.array([[1, 2]]))
    Array([[1, 0],
           [0, 2]], dtype=int32)
    """

def resize(a: ArrayLike, new_shape: Shape) -> Array:
    """The elements in another shape, repeated from the start where there are not enough.

    >>> jnp.resize(jnp.array([1, 2]), (3,))
    Array([1, 2, 1], dtype=int32)
    """

def trim_zeros(filt: ArrayLike, trim: str = 'fb', axis: Axis = None) -> Array:
    """An array without the slices of zeros in front ('f') and at the end ('b').

    Args:
      filt: any array; its values have to be known.
      axis: along which axes; all by default.

    >>> jnp.trim_zeros(jnp.array([0, 1, 0]))
    Array([1], dtype=int32)
    """

@jitted
def matvec(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """Products of matrices with vectors.

    >>> jnp.matvec(jnp.ones((2, 3)), jnp.ones(3))
    Array([3., 3.], dtype=float32)
    """

@jitted
def vecmat(x1: ArrayLike, x2: ArrayLike, /) -> Array:
    """Products of conjugated vectors with matrices.

    >>> jnp.vecmat(jnp.ones(2), jnp.ones((2, 3)))
    Array([2., 2., 2.], dtype=float32)
    """
