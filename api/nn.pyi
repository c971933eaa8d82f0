"""jax.nn. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, Axis, DTypeLike, PrecisionLike, Shape, jitted, positional, short, ufunc
from collections.abc import Callable, Sequence
# ---- activations (src/nn/activations.c) ----

def identity(x: ArrayLike) -> Array:
    """The argument itself.

    >>> jax.nn.identity(jnp.array([1.]))
    Array([1.], dtype=float32)
    """

@jitted("relu")
def _relu(x: ArrayLike) -> Array:
    """max(x, 0), the values of ``relu``."""

@jitted("relu6")
def _relu6(x: ArrayLike) -> Array:
    """min(max(x, 0), 6), the values of ``relu6``."""

def relu(x: ArrayLike) -> Array:
    """max(x, 0), with derivative 0 at 0.

    >>> jax.nn.relu(jnp.array([-1., 2.]))
    Array([0., 2.], dtype=float32)
    """

def relu6(x: ArrayLike) -> Array:
    """min(max(x, 0), 6), with derivative 0 at 0 and 6.

    >>> jax.nn.relu6(jnp.array([-1., 7.]))
    Array([0., 6.], dtype=float32)
    """

def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + exp(-x)).

    >>> jax.nn.sigmoid(0.0)
    Array(0.5, dtype=float32, weak_type=True)
    """

@jitted
def softplus(x: ArrayLike) -> Array:
    """log(1 + exp(x)).

    >>> jax.nn.softplus(jnp.array([100.]))
    Array([100.], dtype=float32)
    """

@jitted
def squareplus(x: ArrayLike, b: ArrayLike = 4) -> Array:
    """(x + sqrt(x^2 + b)) / 2, a smooth relu.

    >>> jax.nn.squareplus(jnp.array([0.]))
    Array([1.], dtype=float32)
    """

@jitted
def sparse_plus(x: ArrayLike) -> Array:
    """0 below -1, x above 1, and a parabola between.

    >>> jax.nn.sparse_plus(jnp.array([0.]))
    Array([0.25], dtype=float32)
    """

@jitted
def soft_sign(x: ArrayLike) -> Array:
    """x / (|x| + 1).

    >>> jax.nn.soft_sign(jnp.array([1.]))
    Array([0.5], dtype=float32)
    """

@jitted
def sparse_sigmoid(x: ArrayLike) -> Array:
    """0 below -1, 1 above 1, and a straight line between.

    >>> jax.nn.sparse_sigmoid(jnp.array([0.]))
    Array([0.5], dtype=float32)
    """

@jitted
def silu(x: ArrayLike) -> Array:
    """x times sigmoid(x), also known as swish.

    >>> jax.nn.silu(jnp.array([0.]))
    Array([0.], dtype=float32)
    """

swish = silu

@jitted
def mish(x: ArrayLike) -> Array:
    """x times tanh(softplus(x)).

    >>> jax.nn.mish(jnp.array([0.]))
    Array([0.], dtype=float32)
    """

@jitted
def log_sigmoid(x: ArrayLike) -> Array:
    """log(sigmoid(x)), without rounding to zero.

    >>> jax.nn.log_sigmoid(jnp.array([-100.]))
    Array([-100.], dtype=float32)
    """

@jitted
def elu(x: ArrayLike, alpha: ArrayLike = 1.0) -> Array:
    """x where it is positive, alpha (exp(x) - 1) elsewhere.

    >>> jax.nn.elu(jnp.array([1.]))
    Array([1.], dtype=float32)
    """

@jitted
def selu(x: ArrayLike) -> Array:
    """elu scaled so that mean 0 and variance 1 are kept from layer to layer.

    >>> jax.nn.selu(jnp.array([1.]))
    Array([1.050701], dtype=float32)
    """

@jitted
def celu(x: ArrayLike, alpha: ArrayLike = 1.0) -> Array:
    """max(x, 0) + alpha (exp(min(x, 0) / alpha) - 1).

    >>> jax.nn.celu(jnp.array([1.]))
    Array([1.], dtype=float32)
    """

@jitted
def leaky_relu(x: ArrayLike, negative_slope: ArrayLike = 0.01) -> Array:
    """x where it is not negative, a small multiple elsewhere.

    >>> jax.nn.leaky_relu(jnp.array([-1., 1.]))
    Array([-0.01,  1.  ], dtype=float32)
    """

@jitted
def hard_tanh(x: ArrayLike) -> Array:
    """x limited to [-1, 1].

    >>> jax.nn.hard_tanh(jnp.array([-3., 0.5]))
    Array([-1. ,  0.5], dtype=float32)
    """

@jitted
def hard_sigmoid(x: ArrayLike) -> Array:
    """relu6(x + 3) / 6.

    >>> jax.nn.hard_sigmoid(jnp.array([0.]))
    Array([0.5], dtype=float32)
    """

@jitted
def hard_silu(x: ArrayLike) -> Array:
    """x times hard_sigmoid(x), also known as hard_swish.

    >>> jax.nn.hard_silu(jnp.array([3.]))
    Array([3.], dtype=float32)
    """

hard_swish = hard_silu

def gelu(x: ArrayLike, approximate: bool = True) -> Array:
    """x times the normal distribution function of x.

    Args:
      x: any array of numbers.
      approximate: through tanh; otherwise through erfc.

    >>> jax.nn.gelu(jnp.array([0.]))
    Array([0.], dtype=float32)
    """

@jitted
def glu(x: ArrayLike, axis: int = -1) -> Array:
    """The first half along an axis, gated by the sigmoid of the second.

    >>> jax.nn.glu(jnp.array([2., 0.]))
    Array([1.], dtype=float32)
    """

def log1mexp(x: ArrayLike) -> Array:
    """log(1 - exp(-x)).

    >>> jax.nn.log1mexp(jnp.array([jnp.inf]))
    Array([-0.], dtype=float32)
    """

@jitted("_one_hot")
def one_hot(x: ArrayLike | list, num_classes: int, *, dtype: DTypeLike | None = None, axis: int = -1) -> Array:
    """1 at the class that each integer names, 0 elsewhere, along a new axis.

    Args:
      x: integers; those outside [0, num_classes) give zeros.
      num_classes: length of the new axis.
      dtype: float32 by default.
      axis: where the new axis stands.

    >>> jax.nn.one_hot(jnp.array([0, 2]), 3)
    Array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """

# ---- exponentials (src/nn/softmax.c) ----

def softmax(x: ArrayLike, axis: Axis = -1, where: ArrayLike | None = None) -> Array:
    """Exponentials scaled to sum to one.

    Args:
      x: any array of numbers.
      axis: over which axes they sum to one; None for all.
      where: booleans: which elements count. The others give 0.

    >>> jax.nn.softmax(jnp.array([0., 0.]))
    Array([0.5, 0.5], dtype=float32)
    """

@jitted
def log_softmax(x: ArrayLike, axis: Axis = -1, where: ArrayLike | None = None) -> Array:
    """Logarithm of softmax, without rounding to zero.

    >>> jax.nn.log_softmax(jnp.array([0., 0.]))
    Array([-0.6931472, -0.6931472], dtype=float32)
    """

def logsumexp(a: ArrayLike, axis: Axis = None, b: ArrayLike | None = None, keepdims: bool = False, return_sign: bool = False,
              where: ArrayLike | None = None) -> Array | tuple[Array, Array]:
    """log(sum(b exp(a))), without overflow.

    Args:
      a: any array of numbers.
      axis: over which axes to sum; all by default.
      b: weights.
      keepdims: whether summed axes stay, with size one.
      return_sign: return the pair (log |sum|, sign of the sum).
      where: booleans: which elements count.

    >>> jax.nn.logsumexp(jnp.array([1000., 1000.]))
    Array(1000.6932, dtype=float32)
    """

@jitted
def logmeanexp(x: ArrayLike, axis: Axis = None, where: ArrayLike | None = None, keepdims: bool = False) -> Array:
    """log(mean(exp(x))), without overflow.

    >>> jax.nn.logmeanexp(jnp.array([1000., 1000.]))
    Array(1000., dtype=float32)
    """

@jitted
def standardize(x: ArrayLike, axis: Axis = -1, mean: ArrayLike | None = None, variance: ArrayLike | None = None, epsilon: ArrayLike = 1e-05,
                where: ArrayLike | None = None, *, algorithm: str = "fast") -> Array:
    """x shifted and scaled to mean 0 and variance 1 along some axes.

    Args:
      x: any array of numbers.
      axis: along which axes.
      mean, variance: to be used instead of those of ``x``.
      epsilon: added to the variance.
      where: booleans: which elements count.
      algorithm: "fast" takes the variance as mean of squares less square of mean; "stable" takes the mean of squared differences.

    >>> jax.nn.standardize(jnp.array([1., -1.])).round(3)
    Array([ 1., -1.], dtype=float32)
    """

# ---- attention (src/nn/attention.c) ----

def dot_product_attention(query: ArrayLike, key: ArrayLike, value: ArrayLike, bias: ArrayLike | None = None, mask: ArrayLike | None = None, *,
                          scale: float | None = None, is_causal: bool = False, query_seq_lengths: ArrayLike | None = None,
                          key_value_seq_lengths: ArrayLike | None = None, local_window_size: Sequence[int] | None = None,
                          implementation: str | None = None, return_residual: bool = False) -> Array | tuple[Array, Array]:
    """Attention: means of values, weighted by the softmax of scaled products of queries and keys.

    Args:
      query: shape (batch, T, heads, H); the batch may be missing.
      key, value: shape (batch, S, key heads, H); heads is a multiple of key heads.
      bias: added to the products, broadcast to (batch, heads, T, S).
      mask: booleans of that shape: which pairs count.
      scale: factor of the products; 1 / sqrt(H) by default.
      is_causal: whether a query sees only keys up to its own position.
      query_seq_lengths, key_value_seq_lengths: true length of each sequence of the batch.
      local_window_size: how many positions to the left and to the right a query sees.
      implementation: None or "xla".
      return_residual: return the logsumexp of the products too.

    >>> jax.nn.dot_product_attention(jnp.ones((1, 2, 1, 4)), jnp.ones((1, 3, 1, 4)), jnp.ones((1, 3, 1, 4))).shape
    (1, 2, 1, 4)
    """

# ---- products of quantized matrices (src/nn/scaled.c) ----

@jitted
def scaled_matmul(lhs: ArrayLike, rhs: ArrayLike, lhs_scales: ArrayLike, rhs_scales: ArrayLike, preferred_element_type: DTypeLike = float32) -> Array:
    """Products (B, M, N) of matrices (B, M, K) and (B, N, K), each of whose rows consists of blocks that are multiplied by a scale.

    Args:
      lhs_scales, rhs_scales: shapes (B, M, K / block) and (B, N, K / block), a scale for each block.

    >>> jax.nn.scaled_matmul(jnp.ones((1, 1, 4)), jnp.ones((1, 1, 4)), jnp.array([[[2., 3.]]]), jnp.ones((1, 1, 2)))
    Array([[[10.]]], dtype=float32)
    """
