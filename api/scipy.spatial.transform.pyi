"""jax.scipy.spatial.transform: what is behind its classes. Quaternions are (x, y, z, w) along the last axis. tools/generate.py says what the notation means."""
from collections.abc import Sequence
from _types import Array, ArrayLike

# ---- (src/scipy/rotation.c) ----

def _normalized(quat: ArrayLike) -> Array:
    """Quaternions of length one."""

def _canonical(quat: ArrayLike) -> Array:
    """Of each quaternion and its negative, which mean one rotation, that whose last element other than zero is positive: w, then x, y, z."""

def _inverse(quat: ArrayLike) -> Array:
    """Conjugate quaternions."""

def _composed(p: ArrayLike, q: ArrayLike) -> Array:
    """The product p q: first q, then p."""

def _as_matrix(quat: ArrayLike) -> Array:
    """Rotation matrices, [..., 3, 3]."""

def _from_matrix(matrix: ArrayLike) -> Array:
    """Quaternions of rotation matrices."""

def _as_rotvec(quat: ArrayLike, degrees: bool = False) -> Array:
    """Axes as long as the angles."""

def _from_rotvec(rotvec: ArrayLike, degrees: bool = False) -> Array:
    """Quaternions of rotation vectors."""

def _as_mrp(quat: ArrayLike) -> Array:
    """Modified Rodrigues parameters: axes as long as the tangent of a quarter of the angles."""

def _from_mrp(mrp: ArrayLike) -> Array:
    """Quaternions of modified Rodrigues parameters."""

def _as_euler(quat: ArrayLike, axes: Sequence[int], extrinsic: bool = False, degrees: bool = False) -> Array:
    """Three angles round the axes given (E. Bernardes, S. Viollet, PLoS ONE 17, 2022)."""

def _from_euler(angles: ArrayLike, axes: Sequence[int], extrinsic: bool = False, degrees: bool = False) -> Array:
    """Quaternions of one to three rotations round the axes given; angles: [..., len(axes)]."""

def _magnitude(quat: ArrayLike) -> Array:
    """Angles from 0 to pi."""
