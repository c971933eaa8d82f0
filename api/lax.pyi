"""jax.lax: the operations themselves. Operands have one dtype (numbers of the language take it) and one shape, but scalars broadcast.

tools/generate.py says what the notation means.
"""
from _types import Accuracy, Array, ArrayLike, Axis, DTypeLike, Nested, PrecisionLike, PyTree, Shape, Shaped, jitted, positional, primitive, short, ufunc
from collections.abc import Callable, Sequence

# ---- elementwise: an operation each ----

@primitive
def abs(x: ArrayLike) -> Array:
    """Distance from zero; for complex numbers, their modulus."""

@primitive
def acos(x: ArrayLike) -> Array:
    """Arc cosine."""

@primitive
def acosh(x: ArrayLike) -> Array:
    """The number whose hyperbolic cosine is x."""

@primitive
def asin(x: ArrayLike) -> Array:
    """Arc sine."""

@primitive
def asinh(x: ArrayLike) -> Array:
    """The number whose hyperbolic sine is x."""

@primitive
def atan(x: ArrayLike) -> Array:
    """Arc tangent."""

@primitive
def atanh(x: ArrayLike) -> Array:
    """The number whose hyperbolic tangent is x."""

@primitive
def bessel_i0e(x: ArrayLike) -> Array:
    """Modified Bessel function of order zero times exp(-abs(x))."""

@primitive
def bessel_i1e(x: ArrayLike) -> Array:
    """Modified Bessel function of order one times exp(-abs(x))."""

@primitive("not")
def bitwise_not(x: ArrayLike) -> Array:
    """Every bit turned over."""

@primitive
def cbrt(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """Cube root."""

@primitive
def ceil(x: ArrayLike) -> Array:
    """Rounded up to a whole number."""

@primitive
def clz(x: ArrayLike) -> Array:
    """How many zero bits an integer begins with."""

@primitive
def conj(x: ArrayLike) -> Array:
    """The complex number with the other sign of the imaginary part."""

@primitive
def cos(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """Cosine."""

@primitive
def cosh(x: ArrayLike) -> Array:
    """Hyperbolic cosine."""

@primitive
def digamma(x: ArrayLike) -> Array:
    """Derivative of the logarithm of the gamma function."""

@primitive
def erf(x: ArrayLike) -> Array:
    """Error function."""

@primitive
def erf_inv(x: ArrayLike) -> Array:
    """The number whose error function is x."""

@primitive
def erfc(x: ArrayLike) -> Array:
    """1 - erf(x), accurate for large x."""

@primitive
def exp(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """e to the power of x."""

@primitive
def exp2(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """2 to the power of x."""

@primitive
def expm1(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """exp(x) - 1, accurate for small x."""

@primitive
def floor(x: ArrayLike) -> Array:
    """Rounded down to a whole number."""

@primitive
def imag(x: ArrayLike) -> Array:
    """Imaginary part."""

@primitive
def is_finite(x: ArrayLike) -> Array:
    """Whether each element is neither infinite nor NaN."""

@primitive
def lgamma(x: ArrayLike) -> Array:
    """Logarithm of the absolute value of the gamma function."""

@primitive
def log(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """Natural logarithm."""

@primitive
def log1p(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """log(1 + x), accurate for small x."""

@primitive
def logistic(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """1 / (1 + exp(-x))."""

@primitive
def neg(x: ArrayLike) -> Array:
    """The number with the other sign."""

@primitive
def population_count(x: ArrayLike) -> Array:
    """How many bits are set."""

@primitive
def real(x: ArrayLike) -> Array:
    """Real part."""

@primitive
def rsqrt(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """One divided by the square root."""

@primitive
def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1 by sign."""

@primitive
def sin(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """Sine."""

@primitive
def sinh(x: ArrayLike) -> Array:
    """Hyperbolic sine."""

@primitive
def sqrt(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """Square root."""

@primitive
def square(x: ArrayLike) -> Array:
    """The number times itself."""

@primitive
def tan(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """Tangent."""

@primitive
def tanh(x: ArrayLike, *, accuracy: Accuracy = None) -> Array:
    """Hyperbolic tangent."""

@primitive
def random_gamma_grad(a: ArrayLike, x: ArrayLike, /) -> Array:
    """Derivative of a gamma-distributed number x with respect to its distribution's parameter a."""

@primitive
def add(x: ArrayLike, y: ArrayLike) -> Array:
    """Sum."""

@primitive
def atan2(x: ArrayLike, y: ArrayLike) -> Array:
    """The angle of the point (y, x) in the plane."""

@primitive("and")
def bitwise_and(x: ArrayLike, y: ArrayLike) -> Array:
    """Bits set in both."""

@primitive("or")
def bitwise_or(x: ArrayLike, y: ArrayLike) -> Array:
    """Bits set in either."""

@primitive("xor")
def bitwise_xor(x: ArrayLike, y: ArrayLike) -> Array:
    """Bits set in one but not both."""

@primitive
def complex(x: ArrayLike, y: ArrayLike) -> Array:
    """Complex numbers from their real and imaginary parts."""

@primitive
def div(x: ArrayLike, y: ArrayLike) -> Array:
    """Quotient; that of integers is rounded toward zero."""

@primitive
def eq(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether elements are equal."""

@primitive
def ge(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether x >= y."""

@primitive
def gt(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether x > y."""

@primitive
def le(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether x <= y."""

@primitive
def lt(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether x < y."""

@primitive
def ne(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether elements differ."""

@primitive
def igamma(a: ArrayLike, x: ArrayLike) -> Array:
    """Regularized lower incomplete gamma function."""

@primitive
def igammac(a: ArrayLike, x: ArrayLike) -> Array:
    """Regularized upper incomplete gamma function."""

@primitive
def igamma_grad_a(a: ArrayLike, x: ArrayLike) -> Array:
    """Derivative of igamma with respect to a."""

@primitive
def max(x: ArrayLike, y: ArrayLike) -> Array:
    """The larger of two numbers; NaN if either is."""

@primitive
def min(x: ArrayLike, y: ArrayLike) -> Array:
    """The smaller of two numbers; NaN if either is."""

@primitive
def mul(x: ArrayLike, y: ArrayLike, *, out_dtype: None = None) -> Array:
    """Product."""

@primitive
def mulhi(x: ArrayLike, y: ArrayLike, /) -> Array:
    """The upper half of the bits of the product of integers."""

@primitive
def nextafter(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The next floating-point number after x1 on the way to x2."""

@primitive
def pow(x: ArrayLike, y: ArrayLike) -> Array:
    """x to the power of y; y may be an integer."""

@primitive
def polygamma(m: ArrayLike, x: ArrayLike) -> Array:
    """The m-th derivative of digamma."""

@primitive
def rem(x: ArrayLike, y: ArrayLike) -> Array:
    """What division rounded toward zero leaves over; it has the dividend's sign."""

@primitive
def shift_left(x: ArrayLike, y: ArrayLike) -> Array:
    """Bits moved up."""

@primitive
def shift_right_arithmetic(x: ArrayLike, y: ArrayLike) -> Array:
    """Bits moved down; the sign stays."""

@primitive
def shift_right_logical(x: ArrayLike, y: ArrayLike) -> Array:
    """Bits moved down; zeros come in."""

@primitive
def sub(x: ArrayLike, y: ArrayLike) -> Array:
    """Difference."""

@primitive
def zeta(x: ArrayLike, q: ArrayLike) -> Array:
    """Hurwitz zeta function."""

@primitive
def clamp(min: ArrayLike, x: ArrayLike, max: ArrayLike) -> Array:
    """x brought into the range from min to max."""

@primitive("regularized_incomplete_beta")
def betainc(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Regularized incomplete beta function."""

# ---- elementwise with parameters (src/lax/elementwise.c) ----

def reciprocal(x: ArrayLike) -> Array:
    """One divided by the number."""

def integer_pow(x: ArrayLike, y: int) -> Array:
    """x to the power of a known integer."""

def round(x: ArrayLike, rounding_method: int = 0) -> Array:
    """Rounded to a whole number: halves away from zero (0) or to the even neighbour (1)."""

def convert_element_type(operand: ArrayLike, new_dtype: DTypeLike | None) -> Array:
    """The array in another dtype. Floats lose their fraction on the way to integers and saturate."""

def bitcast_convert_type(operand: ArrayLike, new_dtype: DTypeLike) -> Array:
    """The same bits read as another dtype. A narrower one adds a last axis, a wider one takes it away."""

def reduce_precision(operand: ArrayLike, exponent_bits: int, mantissa_bits: int) -> Array:
    """Floats rounded to what a format with so many bits can hold."""

def select(pred: ArrayLike, on_true: ArrayLike, on_false: ArrayLike) -> Array:
    """Elements of one array where ``pred`` holds, of the other elsewhere; ``pred`` may be a scalar."""

def select_n(which: ArrayLike, *cases: ArrayLike) -> Array:
    """Elements of the case that ``which`` numbers: booleans for two cases, int32 for more."""

# ---- shapes (src/lax/shapes.c) ----

def broadcast(operand: ArrayLike, sizes: Sequence[int], *, out_sharding: None = None) -> Array:
    """New leading axes of these sizes."""

def broadcast_in_dim(operand: ArrayLike, shape: Shape, broadcast_dimensions: Sequence[int], *, out_sharding: None = None) -> Array:
    """The array in a larger shape.

    Args:
      shape: the result's.
      broadcast_dimensions: for each axis of the operand, the axis of the result it becomes. Axes of size one are repeated.
    """

def broadcast_like(arr: ArrayLike, like_arr: ArrayLike | Shaped) -> Array:
    """The array in the shape of another one: new leading axes, and axes of size one repeated."""

def broadcast_to_rank(x: ArrayLike, rank: int) -> Array:
    """New leading axes of size one until there are ``rank``."""

def reshape(operand: ArrayLike, new_sizes: Shape, dimensions: Sequence[int] | None = None, *, out_sharding: None = None) -> Array:
    """The same elements in another shape, read in row-major order, or with axes in the order of ``dimensions``."""

def transpose(operand: ArrayLike, permutation: Sequence[int]) -> Array:
    """Axes in another order: axis i of the result is axis permutation[i] of the operand."""

def squeeze(array: ArrayLike, dimensions: Sequence[int]) -> Array:
    """Without these axes, which have size one."""

def expand_dims(array: ArrayLike, dimensions: Sequence[int]) -> Array:
    """With axes of size one at these positions of the result."""

def collapse(operand: ArrayLike, start_dimension: int, stop_dimension: int | None = None) -> Array:
    """Neighbouring axes, from start up to but not including stop, made into one."""

def rev(operand: ArrayLike, dimensions: Sequence[int]) -> Array:
    """Elements in reverse order along some axes."""

def concatenate(operands: Sequence[ArrayLike], dimension: int) -> Array:
    """Arrays one after the other along an axis."""

def stack(operands: Sequence[ArrayLike], axis: int = 0) -> Array:
    """Arrays of one shape along a new axis."""

def unstack(x: ArrayLike, axis: int = 0) -> tuple[Array, ...]:
    """The slices along an axis, as a tuple."""

def split(operand: ArrayLike, sizes: Sequence[int], axis: int = 0) -> list[Array]:
    """Pieces of these sizes along an axis."""

def tile(operand: ArrayLike, reps: Sequence[int]) -> Array:
    """The array repeated so many times along each axis."""

def pad(operand: ArrayLike, padding_value: ArrayLike, padding_config: Nested) -> Array:
    """Elements added before, after and between those of each axis: (low, high, interior) an axis; negative numbers cut off."""

def slice(operand: ArrayLike, start_indices: Sequence[int], limit_indices: Sequence[int], strides: Sequence[int] | None = None) -> Array:
    """Elements from start up to but not including limit along each axis, every stride-th."""

def slice_in_dim(operand: ArrayLike, start_index: int | None, limit_index: int | None, stride: int = 1, axis: int = 0) -> Array:
    """A slice along one axis; None stands for its ends."""

def index_in_dim(operand: ArrayLike, index: int, axis: int = 0, keepdims: bool = True) -> Array:
    """The slice at one index of an axis."""

def iota(dtype: DTypeLike, size: int) -> Array:
    """0, 1, 2, and so on."""

def broadcasted_iota(dtype: DTypeLike, shape: Shape, dimension: int, *, out_sharding: None = None) -> Array:
    """In each place, the index along an axis."""

def full(shape: Shape, fill_value: ArrayLike, dtype: DTypeLike | None = None, *, sharding: None = None) -> Array:
    """A scalar in every place."""

def full_like(x: ArrayLike | Shaped, fill_value: ArrayLike, dtype: DTypeLike | None = None, shape: Shape | None = None, sharding: None = None) -> Array:
    """A scalar in every place, in the shape and dtype of another array unless these are given."""

def stage(x: ArrayLike, /) -> Array:
    """The array itself."""

def shape_as_value(shape: Shape) -> Array:
    """A shape as an array of integers."""

# ---- slices at positions known when the program runs (src/lax/slicing.c) ----

def dynamic_slice(operand: ArrayLike, start_indices: Sequence[ArrayLike], slice_sizes: Sequence[int], *, allow_negative_indices: bool = True) -> Array:
    """A slice of known size at positions that may be computed; they are moved so that it fits."""

def dynamic_slice_in_dim(operand: ArrayLike, start_index: ArrayLike, slice_size: int, axis: int = 0, *, allow_negative_indices: bool = True) -> Array:
    """A dynamic slice along one axis."""

@jitted
def dynamic_index_in_dim(operand: ArrayLike, index: ArrayLike, axis: int = 0, keepdims: bool = True, *, allow_negative_indices: bool = True) -> Array:
    """The slice at one computed index of an axis."""

def dynamic_update_slice(operand: ArrayLike, update: ArrayLike, start_indices: Sequence[ArrayLike], *, allow_negative_indices: bool = True) -> Array:
    """The operand with a slice replaced by ``update``, at positions that may be computed."""

def dynamic_update_slice_in_dim(operand: ArrayLike, update: ArrayLike, start_index: ArrayLike, axis: int, *,
                                allow_negative_indices: bool = True) -> Array:
    """A slice along one axis replaced."""

@jitted
def dynamic_update_index_in_dim(operand: ArrayLike, update: ArrayLike, index: ArrayLike, axis: int, *, allow_negative_indices: bool = True) -> Array:
    """The slice at one computed index of an axis replaced; ``update`` may lack that axis."""

# ---- windows at the places that rows of indices name (src/lax/indexing.c) ----

def gather(operand: ArrayLike, start_indices: ArrayLike, dimension_numbers: Nested, slice_sizes: Shape, *, unique_indices: bool = False,
           indices_are_sorted: bool = False, mode: str | None = None, fill_value: float | None = None) -> Array:
    """Windows of an array at the places that rows of indices name. x[...] says it more simply.

    Args:
      start_indices: rows along its last axis.
      dimension_numbers: a GatherDimensionNumbers.
      slice_sizes: of a window, along each axis of the operand.
      unique_indices, indices_are_sorted: promises.
      mode: what a window out of bounds is: 'clip' moves it inside, 'fill' reads ``fill_value``, 'promise_in_bounds' (as by default) says there is none.
      fill_value: by default NaN, the smallest integer, the largest unsigned one, True.
    """

def scatter(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Nested, *,
            indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with windows, at the places that rows of indices name, overwritten by updates.

    Args:
      dimension_numbers: a ScatterDimensionNumbers.
      mode: what an update out of bounds does: 'clip' moves it inside, 'drop' (as by default) leaves it out, 'promise_in_bounds' says there is none.
    """

def scatter_add(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Nested, *,
                indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with windows, at the places that rows of indices name, to which updates are added.

    Args:
      dimension_numbers: a ScatterDimensionNumbers.
      mode: what an update out of bounds does: 'clip' moves it inside, 'drop' (as by default) leaves it out, 'promise_in_bounds' says there is none.
    """

def scatter_sub(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Nested, *,
                indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with windows, at the places that rows of indices name, from which updates are subtracted.

    Args:
      dimension_numbers: a ScatterDimensionNumbers.
      mode: what an update out of bounds does: 'clip' moves it inside, 'drop' (as by default) leaves it out, 'promise_in_bounds' says there is none.
    """

def scatter_mul(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Nested, *,
                indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with windows, at the places that rows of indices name, multiplied by updates.

    Args:
      dimension_numbers: a ScatterDimensionNumbers.
      mode: what an update out of bounds does: 'clip' moves it inside, 'drop' (as by default) leaves it out, 'promise_in_bounds' says there is none.
    """

def scatter_min(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Nested, *,
                indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with windows, at the places that rows of indices name, that are replaced by smaller updates.

    Args:
      dimension_numbers: a ScatterDimensionNumbers.
      mode: what an update out of bounds does: 'clip' moves it inside, 'drop' (as by default) leaves it out, 'promise_in_bounds' says there is none.
    """

def scatter_max(operand: ArrayLike, scatter_indices: ArrayLike, updates: ArrayLike, dimension_numbers: Nested, *,
                indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with windows, at the places that rows of indices name, that are replaced by larger updates.

    Args:
      dimension_numbers: a ScatterDimensionNumbers.
      mode: what an update out of bounds does: 'clip' moves it inside, 'drop' (as by default) leaves it out, 'promise_in_bounds' says there is none.
    """

def scatter_apply(operand: ArrayLike, scatter_indices: ArrayLike, func: Callable, dimension_numbers: Nested, *, update_shape: Shape = (),
                  indices_are_sorted: bool = False, unique_indices: bool = False, mode: str | None = None) -> Array:
    """The operand with a function of a scalar applied to the elements that indices name, as often as each is named.

    Args:
      update_shape: the shape that updates would have.
    """

def index_take(src: ArrayLike, idxs: Sequence[ArrayLike], axes: Sequence[int]) -> Array:
    """Slices at indices along some axes, one index array an axis; they count round and round."""

# ---- reductions (src/lax/reductions.c) ----

def reduce_sum(operand: ArrayLike, axes: Sequence[int], *, out_sharding: None = None) -> Array:
    """Sum over axes."""

def reduce_prod(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """Product over axes."""

def reduce_max(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """Largest element over axes; NaN if there is one."""

def reduce_min(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """Smallest element over axes; NaN if there is one."""

def reduce_and(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """Bits set in all elements over axes."""

def reduce_or(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """Bits set in some element over axes."""

def reduce_xor(operand: ArrayLike, axes: Sequence[int]) -> Array:
    """Bits set in an odd number of elements over axes."""

def reduce(operands: PyTree, init_values: PyTree, computation: Callable, dimensions: Sequence[int], out_sharding: None = None) -> PyTree:
    """Reduction over axes by any function, in row-major order.

    Args:
      operands: an array, or a tree of arrays of one shape.
      init_values: a scalar for each array, to begin with.
      computation: how to combine what there is so far with the next elements: of two trees like ``init_values``, as many scalars. lax.add, lax.mul,
        lax.max, lax.min and the bitwise ones with the value that changes nothing become reduce_sum and its like.
      dimensions: the axes.
    """

def argmax(operand: ArrayLike, axis: int, index_dtype: DTypeLike) -> Array:
    """Position of the largest element along an axis."""

def argmin(operand: ArrayLike, axis: int, index_dtype: DTypeLike) -> Array:
    """Position of the smallest element along an axis."""

def cumsum(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Running sum along an axis, from the end with ``reverse``."""

def cumprod(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Running product along an axis, from the end with ``reverse``."""

def cummax(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Running maximum along an axis, from the end with ``reverse``."""

def cummin(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Running minimum along an axis, from the end with ``reverse``."""

def cumlogsumexp(operand: ArrayLike, axis: int = 0, reverse: bool = False) -> Array:
    """Running log of the sum of exponentials along an axis, from the end with ``reverse``."""

# ---- products (src/lax/products.c) ----

def dot_general(lhs: ArrayLike, rhs: ArrayLike, dimension_numbers: Nested, precision: PrecisionLike = None,
                preferred_element_type: DTypeLike | None = None, *, out_sharding: None = None) -> Array:
    """Product of two arrays summed over pairs of axes.

    Args:
      dimension_numbers: ((contracting axes of lhs, of rhs), (batch axes of lhs, of rhs)). The result has the batch axes first, then what is
        left of lhs, then of rhs.
      precision: how precisely to compute.
      preferred_element_type: dtype to accumulate in and of the result.
    """

def dot(lhs: ArrayLike, rhs: ArrayLike, *, dimension_numbers: Nested | None = None, precision: PrecisionLike = None,
        preferred_element_type: DTypeLike | None = None, out_sharding: None = None) -> Array:
    """Product of vectors and matrices; with dimension numbers, that of dot_general."""

def batch_matmul(lhs: ArrayLike, rhs: ArrayLike, precision: PrecisionLike = None) -> Array:
    """Products of matrices, one for each index of the leading axes."""

def ragged_dot(lhs: ArrayLike, rhs: ArrayLike, group_sizes: ArrayLike, precision: PrecisionLike = None,
               preferred_element_type: DTypeLike | None = None, group_offset: None = None, out_sharding: None = None) -> Array:
    """Rows of a matrix (m, k), in groups one after the other, each group times its own matrix of (g, k, n): (m, n).

    Args:
      group_sizes: how many rows each group has; rows behind the last group give zeros.
    """

def ragged_dot_general(lhs: ArrayLike, rhs: ArrayLike, group_sizes: ArrayLike, ragged_dot_dimension_numbers: Nested, precision: PrecisionLike = None,
                       preferred_element_type: DTypeLike | None = None, group_offset: None = None, out_sharding: None = None) -> Array:
    """A product one of whose dimensions is cut into groups of different sizes.

    Where it is a dimension that stays, each group has its own right operand; where it is summed over, each group gives a result of its own, and these
    stand along a new first dimension; where it is a batch dimension, the groups make no difference.

    Args:
      group_sizes: along the last axis; the others are those of lhs before the ragged dimension, and may be left out.
      ragged_dot_dimension_numbers: a RaggedDotDimensionNumbers.
    """

def scaled_dot(lhs: ArrayLike, rhs: ArrayLike, *, lhs_scale: ArrayLike | None = None, rhs_scale: ArrayLike | None = None,
               dimension_numbers: Nested | None = None, preferred_element_type: DTypeLike | None = None) -> Array:
    """The product of lhs * lhs_scale and rhs * rhs_scale, in bfloat16 but for the sums.

    Args:
      lhs_scale, rhs_scale: as large as the operand but for the dimensions summed over, where one number scales several neighbours.
      dimension_numbers: as in dot_general; by default matrices, one for each index of the leading axes.
      preferred_element_type: dtype of the sums and the result, by default bfloat16.
    """

# ---- sorting (src/lax/sorting.c) ----

def sort(operand: PyTree, dimension: int = -1, is_stable: bool = True, num_keys: int = 1) -> PyTree:
    """Elements in ascending order along an axis, NaN last.

    Args:
      operand: an array, or several of one shape, which are reordered alike.
      is_stable: whether equal elements keep their order.
      num_keys: how many of the operands are compared, the first one first.
    """

def sort_key_val(keys: ArrayLike, values: ArrayLike, dimension: int = -1, is_stable: bool = True) -> tuple[Array, Array]:
    """Keys in ascending order along an axis, and values in the order of their keys."""

def top_k(operand: ArrayLike, k: int, *, axis: int = -1) -> list[Array]:
    """The k largest elements along an axis in descending order, and their positions."""

def approx_max_k(operand: ArrayLike, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, reduction_input_size_override: int = -1,
                 aggregate_to_topk: bool = True) -> list[Array]:
    """The k largest elements along an axis in descending order, and their positions: exactly, since that is no slower here.

    Args:
      operand: an array of floats.
      recall_target: the part of the k largest that are to be found.
      reduction_input_size_override: the size of the axis that recall_target refers to, where this array is a part of another.
      aggregate_to_topk: whether k elements are returned, or as many as have to be looked at for them.
    """

def approx_min_k(operand: ArrayLike, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, reduction_input_size_override: int = -1,
                 aggregate_to_topk: bool = True) -> list[Array]:
    """The k smallest elements along an axis in ascending order, and their positions: exactly. Arguments are those of approx_max_k."""

def stop_gradient(x: PyTree) -> PyTree:
    """The arrays of a tree themselves, with derivatives of zero."""

# ---- random bits without keys (src/lax/random.c) ----

def rng_bit_generator(key: ArrayLike, shape: Shape, dtype: DTypeLike | None = None, algorithm: int = 0, *, out_sharding: None = None) -> tuple[Array, Array]:
    """The state after a draw of random bits, and the bits.

    Args:
      key: the state, uint32[4] or uint64[2].
      dtype: an unsigned integer, by default uint32.
      algorithm: a RandomAlgorithm; the default is Philox.
    """

def rng_uniform(a: ArrayLike, b: ArrayLike, shape: Shape) -> Array:
    """Numbers between a and b, others at each call: jax.random has reproducible ones.

    Args:
      a, b: scalars of one dtype; b itself is not reached.
    """

# ---- over named axes (src/lax/collectives.c) ----

def psum(x: PyTree, axis_name: Nested, *, axis_index_groups: None = None) -> PyTree:
    """Sum over named axes, of each array of a tree."""

def pmax(x: PyTree, axis_name: Nested, *, axis_index_groups: None = None) -> PyTree:
    """Largest element over named axes, of each array of a tree."""

def pmin(x: PyTree, axis_name: Nested, *, axis_index_groups: None = None) -> PyTree:
    """Smallest element over named axes, of each array of a tree."""

def pmean(x: PyTree, axis_name: Nested, *, axis_index_groups: None = None) -> PyTree:
    """Mean over named axes, of each array of a tree."""

def all_gather(x: PyTree, axis_name: Nested, *, axis_index_groups: None = None, axis: int = 0, tiled: bool = False, to: str = 'varying') -> PyTree:
    """The arrays of all positions along a named axis: stacked along a new axis, or one after the other with ``tiled``."""

def all_to_all(x: PyTree, axis_name: Nested, split_axis: int, concat_axis: int, *, axis_index_groups: None = None, tiled: bool = False) -> PyTree:
    """The i-th part along ``split_axis`` goes to position i of a named axis; what comes is joined along ``concat_axis``.

    Args:
      tiled: whether parts are stretches of axes that stay; otherwise the axis that is split has the named axis's size, goes, and a new one comes.
    """

def ppermute(x: PyTree, axis_name: Nested, perm: Nested) -> PyTree:
    """Arrays sent along a named axis: ``perm`` has pairs of source and destination. Zeros where nothing arrives."""

def pshuffle(x: PyTree, axis_name: Nested, perm: Sequence[int]) -> PyTree:
    """Arrays of a named axis in another order: position i gets that of position perm[i]."""

def pswapaxes(x: PyTree, axis_name: Nested, axis: int, *, axis_index_groups: None = None) -> PyTree:
    """A named axis and one of the array exchanged."""

def psum_scatter(x: PyTree, axis_name: Nested, *, scatter_dimension: int = 0, axis_index_groups: None = None, tiled: bool = False) -> PyTree:
    """The part of the sum over a named axis that belongs to each position along it.

    Args:
      scatter_dimension: the axis that is taken apart.
      tiled: whether that axis stays, shorter; otherwise it goes.
    """

def pbroadcast(x: PyTree, axis_name: Nested, source: int) -> PyTree:
    """The array of one position of a named axis, at all of them."""

def _axis_size(axis_name: Nested) -> Array:
    """How many positions a named axis has."""

def axis_index(axis_name: Nested) -> Array:
    """The position along a named axis."""

# ---- windows (src/lax/windows.c) ----

@positional(4)
def conv_general_dilated(lhs: ArrayLike, rhs: ArrayLike, window_strides: Sequence[int], padding: Nested, lhs_dilation: Sequence[int] | None = None,
                         rhs_dilation: Sequence[int] | None = None, dimension_numbers: Nested | None = None, feature_group_count: int = 1,
                         batch_group_count: int = 1, precision: PrecisionLike = None, preferred_element_type: DTypeLike | None = None,
                         out_sharding: None = None) -> Array:
    """Convolution with strides, padding, dilation and groups.

    Args:
      lhs: input, with axes for batch, features and space.
      rhs: kernel, with axes for output features, input features and space.
      window_strides: distance of neighbouring windows, for each spatial axis.
      padding: 'SAME', 'SAME_LOWER', 'VALID', or (low, high) for each spatial axis.
      lhs_dilation, rhs_dilation: distance of neighbouring elements of the input and of the kernel, for each spatial axis.
      dimension_numbers: the layouts of input, kernel and output, such as ('NHWC', 'HWIO', 'NHWC'); by default ('NCHW', 'OIHW', 'NCHW').
      feature_group_count, batch_group_count: how many groups of features, or of the batch, are convolved by themselves.
      preferred_element_type: dtype to accumulate in and of the result.
    """

@positional(4)
def conv(lhs: ArrayLike, rhs: ArrayLike, window_strides: Sequence[int], padding: Nested, precision: PrecisionLike = None,
         preferred_element_type: DTypeLike | None = None) -> Array:
    """Convolution of batch, features, space with a kernel of output features, input features, space."""

def conv_with_general_padding(lhs: ArrayLike, rhs: ArrayLike, window_strides: Sequence[int], padding: Nested, lhs_dilation: Sequence[int] | None,
                              rhs_dilation: Sequence[int] | None, precision: PrecisionLike = None,
                              preferred_element_type: DTypeLike | None = None) -> Array:
    """Convolution of batch, features, space with a kernel of output features, input features, space, and dilations of both."""

@positional(4)
def conv_transpose(lhs: ArrayLike, rhs: ArrayLike, strides: Sequence[int], padding: Nested, rhs_dilation: Sequence[int] | None = None,
                   dimension_numbers: Nested | None = None, transpose_kernel: bool = False, precision: PrecisionLike = None,
                   preferred_element_type: DTypeLike | None = None, use_consistent_padding: bool = False) -> Array:
    """The convolution of an operand spread by strides: as large as what a convolution of these strides and padding reads.

    Args:
      padding: 'SAME', 'VALID', or (low, high) for each spatial axis of the spread operand.
      dimension_numbers: as in conv_general_dilated; by default features stand last.
      transpose_kernel: whether the kernel is flipped, and its features in and out exchanged, as in a convolution's derivative.
      use_consistent_padding: whether pairs mean the padding of the convolution that is undone, as the words do.
    """

def conv_general_dilated_patches(lhs: ArrayLike, filter_shape: Sequence[int], window_strides: Sequence[int], padding: Nested,
                                 lhs_dilation: Sequence[int] | None = None, rhs_dilation: Sequence[int] | None = None,
                                 dimension_numbers: Nested | None = None, precision: PrecisionLike = None,
                                 preferred_element_type: DTypeLike | None = None) -> Array:
    """The windows that a convolution sees, each flattened along the feature axis: features first, then the window's elements."""

def conv_general_dilated_local(lhs: ArrayLike, rhs: ArrayLike, window_strides: Sequence[int], padding: Nested, filter_shape: Sequence[int],
                               lhs_dilation: Sequence[int] | None = None, rhs_dilation: Sequence[int] | None = None,
                               dimension_numbers: Nested | None = None, precision: PrecisionLike = None) -> Array:
    """Convolution with a kernel of its own at each place.

    Args:
      rhs: features out, features in times the window's elements, and the places: in the layout of ``dimension_numbers``.
      filter_shape: the window's.
    """

def reduce_window(operand: PyTree, init_value: PyTree, computation: Callable, window_dimensions: Sequence[int],
                  window_strides: Sequence[int] | None = None, padding: Nested = 'VALID', base_dilation: Sequence[int] | None = None,
                  window_dilation: Sequence[int] | None = None) -> PyTree:
    """Reduction over windows that slide over arrays.

    Args:
      operand: an array, or a tree of arrays of one shape.
      init_value: a scalar for each array, with which every window begins.
      computation: how to combine what there is so far with the next elements: of two trees like ``init_value``, one like it. lax.add, lax.max and
        lax.min with the value that changes nothing are operations of their own.
      window_dimensions: how many elements a window has along each axis.
      window_strides: distance of neighbouring windows.
      padding: 'SAME', 'SAME_LOWER', 'VALID', or (low, high) for each axis; what windows hold of it is passed over.
      base_dilation, window_dilation: distance of neighbouring elements of the operand, and in a window.
    """

# ---- Fourier transforms (src/lax/fourier.c) ----

@jitted
def fft(x: ArrayLike, fft_type: str, fft_lengths: Sequence[int]) -> Array:
    """The discrete Fourier transform over the last axes, as many as there are lengths.

    Args:
      fft_type: 'FFT', 'IFFT', 'RFFT' or 'IRFFT'.
      fft_lengths: the lengths of the axes; of IRFFT, those of the result.
    """
