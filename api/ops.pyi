"""jax.ops. tools/generate.py says what the notation means."""
from _types import ArrayLike, Array

# ---- segments (src/numpy/segment.c) ----

def segment_sum(data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, indices_are_sorted: bool = False,
                unique_indices: bool = False, bucket_size: int | None = None, mode: str | None = None, out_sharding: None = None) -> Array:
    """Sums of the slices that share a segment number.

    Args:
      data: slices along the first axis.
      segment_ids: to which segment each slice belongs; negative ones to none.
      num_segments: how many segments there are, needed while tracing; by default the largest number and one.
      indices_are_sorted, unique_indices: promises about the numbers.
      mode: what numbers out of bounds do; they are dropped by default.

    >>> jax.ops.segment_sum(jnp.array([1, 2, 3]), jnp.array([0, 0, 1]))
    Array([3, 3], dtype=int32)
    """

def segment_prod(data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, indices_are_sorted: bool = False,
                unique_indices: bool = False, bucket_size: int | None = None, mode: str | None = None, out_sharding: None = None) -> Array:
    """Products of the slices that share a segment number.

    Args:
      data: slices along the first axis.
      segment_ids: to which segment each slice belongs; negative ones to none.
      num_segments: how many segments there are, needed while tracing; by default the largest number and one.
      indices_are_sorted, unique_indices: promises about the numbers.
      mode: what numbers out of bounds do; they are dropped by default.

    >>> jax.ops.segment_prod(jnp.array([1, 2, 3]), jnp.array([0, 0, 1]))
    Array([2, 3], dtype=int32)
    """

def segment_max(data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, indices_are_sorted: bool = False,
                unique_indices: bool = False, bucket_size: int | None = None, mode: str | None = None, out_sharding: None = None) -> Array:
    """Largest elements among the slices that share a segment number.

    Args:
      data: slices along the first axis.
      segment_ids: to which segment each slice belongs; negative ones to none.
      num_segments: how many segments there are, needed while tracing; by default the largest number and one.
      indices_are_sorted, unique_indices: promises about the numbers.
      mode: what numbers out of bounds do; they are dropped by default.

    >>> jax.ops.segment_max(jnp.array([1, 2, 3]), jnp.array([0, 0, 1]))
    Array([2, 3], dtype=int32)
    """

def segment_min(data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, indices_are_sorted: bool = False,
                unique_indices: bool = False, bucket_size: int | None = None, mode: str | None = None, out_sharding: None = None) -> Array:
    """Smallest elements among the slices that share a segment number.

    Args:
      data: slices along the first axis.
      segment_ids: to which segment each slice belongs; negative ones to none.
      num_segments: how many segments there are, needed while tracing; by default the largest number and one.
      indices_are_sorted, unique_indices: promises about the numbers.
      mode: what numbers out of bounds do; they are dropped by default.

    >>> jax.ops.segment_min(jnp.array([1, 2, 3]), jnp.array([0, 0, 1]))
    Array([1, 3], dtype=int32)
    """
