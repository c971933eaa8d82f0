"""jax.nn.initializers: what its functions compute. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike, DTypeLike, Shape, positional
from collections.abc import Sequence

# ---- (src/nn/initializers.c) ----

@positional(2)
def scaled(key: ArrayLike, shape: Shape, dtype: DTypeLike | None = None, *, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
           in_axis: Sequence[int] = -2, out_axis: Sequence[int] = -1, batch_axis: Sequence[int] = ()) -> Array:
    """Random weights with variance ``scale`` over the number of inputs, of outputs, or the mean of both.

    Args:
      key: a single key.
      shape: shape of the weights.
      dtype: a float dtype; float32 by default.
      scale: factor of the variance.
      mode: "fan_in", "fan_out", "fan_avg" or "fan_geo_avg".
      distribution: "truncated_normal", "normal" or "uniform".
      in_axis, out_axis, batch_axis: which axes count inputs, outputs and independent layers; the others are the receptive field of a convolution.

    >>> jax.nn.initializers.variance_scaling(1.0, "fan_in", "normal")(jax.random.key(0), (2, 3)).shape
    (2, 3)
    """
