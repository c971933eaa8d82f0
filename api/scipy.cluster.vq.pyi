"""jax.scipy.cluster.vq. tools/generate.py says what the notation means."""
from _types import Array, ArrayLike

# ---- (src/scipy/vq.c) ----

def vq(obs: ArrayLike, code_book: ArrayLike, check_finite: bool = True) -> tuple[Array, Array]:
    """For each observation the nearest code, and its distance.

    Args:
      obs, code_book: [m, d] and [n, d], or vectors.

    >>> jax.scipy.cluster.vq.vq(jnp.array([[1.], [9.]]), jnp.array([[0.], [8.]]))
    (Array([0, 1], dtype=int32), Array([1., 1.], dtype=float32))
    """
