"""jax.scipy.spatial.transform: rotations, as quaternions along the last axis."""
import re
from typing import Any, NamedTuple
from ... import _cotan, numpy as jnp

_rotations = _cotan.bound_functions("scipy.spatial.transform")


def _axes(seq, least):
    """The numbers of the axes that letters name, and whether these axes stay where they are (small letters)."""
    if not least <= len(seq) <= 3:
        raise ValueError(f"Expected axis specification to be a non-empty string of upto 3 characters, got {seq}" if least == 1
                         else f"Expected 3 axes, got {seq}.")
    if not re.fullmatch("[XYZ]+|[xyz]+", seq):
        raise ValueError(f"Expected axes from `seq` to be from ['x', 'y', 'z'] or ['X', 'Y', 'Z'], got {seq}")
    if any(a == b for a, b in zip(seq, seq[1:])):
        raise ValueError(f"Expected consecutive axes to be different, got {seq}")
    return ["xyz".index(letter) for letter in seq.lower()], seq.islower()


class Rotation(NamedTuple):
    """One rotation, quat of shape (4,), or many, (n, 4)."""
    quat: Any

    @classmethod
    def concatenate(cls, rotations):
        return cls(jnp.concatenate([rotation.quat for rotation in rotations]))

    @classmethod
    def from_euler(cls, seq, angles, degrees=False):
        """From angles round one to three axes: 'xyz' for fixed ones, 'XYZ' for axes that turn too."""
        axes, extrinsic = _axes(seq, 1)
        return cls(_rotations["_from_euler"](jnp.atleast_1d(angles), axes, extrinsic, degrees))

    @classmethod
    def from_matrix(cls, matrix):
        return cls(_rotations["_from_matrix"](matrix))

    @classmethod
    def from_mrp(cls, mrp):
        """From modified Rodrigues parameters."""
        return cls(_rotations["_from_mrp"](mrp))

    @classmethod
    def from_quat(cls, quat):
        return cls(_rotations["_normalized"](quat))

    @classmethod
    def from_rotvec(cls, rotvec, degrees=False):
        """From axes as long as the angles."""
        return cls(_rotations["_from_rotvec"](rotvec, degrees))

    @classmethod
    def identity(cls, num=None, dtype=float):
        if num is not None:
            raise NotImplementedError("Rotation.identity with num")
        return cls(jnp.array([0.0, 0.0, 0.0, 1.0], dtype=dtype))

    @classmethod
    def random(cls, random_key, num=None):
        raise NotImplementedError("Rotation.random")

    def __getitem__(self, indexer):
        if self.single:
            raise TypeError("Single rotation is not subscriptable.")
        return Rotation(self.quat[indexer])

    def __len__(self):
        if self.single:
            raise TypeError("Single rotation has no len().")
        return self.quat.shape[0]

    def __mul__(self, other):
        """First the other, then this."""
        return Rotation.from_quat(_rotations["_composed"](self.quat, other.quat))

    def apply(self, vectors, inverse=False):
        matrix = self.as_matrix()
        return jnp.matvec(jnp.where(inverse, matrix.mT, matrix), vectors)

    def as_euler(self, seq, degrees=False):
        """Three angles; see from_euler."""
        axes, extrinsic = _axes(seq, 3)
        return _rotations["_as_euler"](self.quat, axes, extrinsic, degrees)

    def as_matrix(self):
        return _rotations["_as_matrix"](self.quat)

    def as_mrp(self):
        return _rotations["_as_mrp"](self.quat)

    def as_rotvec(self, degrees=False):
        return _rotations["_as_rotvec"](self.quat, degrees)

    def as_quat(self, canonical=False, scalar_first=False):
        quat = _rotations["_canonical"](self.quat) if canonical else self.quat
        return jnp.roll(quat, shift=1, axis=-1) if scalar_first else quat

    def inv(self):
        return Rotation(_rotations["_inverse"](self.quat))

    def magnitude(self):
        return _rotations["_magnitude"](self.quat)

    def mean(self, weights=None):
        """The rotation next to all, in the mean of squares."""
        w = jnp.ones(self.quat.shape[0], dtype=self.quat.dtype) if weights is None else jnp.asarray(weights, dtype=self.quat.dtype)
        if w.ndim != 1:
            raise ValueError(f"Expected `weights` to be 1 dimensional, got shape {w.shape}.")
        if w.shape[0] != len(self):
            raise ValueError("Expected `weights` to have number of values equal to number of rotations, "
                             f"got {w.shape[0]} values and {len(self)} rotations.")
        _, vectors = jnp.linalg.eigh(jnp.dot(w[None, :] * self.quat.T, self.quat))
        return Rotation(vectors[:, -1])

    @property
    def single(self):
        return self.quat.ndim == 1


class Slerp(NamedTuple):
    """Rotations between those at given times, turning evenly."""
    times: Any
    timedelta: Any
    rotations: Rotation
    rotvecs: Any

    @classmethod
    def init(cls, times, rotations):
        if not isinstance(rotations, Rotation):
            raise TypeError("`rotations` must be a `Rotation` instance.")
        if rotations.single or len(rotations) == 1:
            raise ValueError("`rotations` must be a sequence of at least 2 rotations.")
        times = jnp.asarray(times, dtype=rotations.quat.dtype)
        if times.ndim != 1:
            raise ValueError(f"Expected times to be specified in a 1 dimensional array, got {times.ndim} dimensions.")
        if times.shape[0] != len(rotations):
            raise ValueError("Expected number of rotations to be equal to number of timestamps given, "
                             f"got {len(rotations)} rotations and {times.shape[0]} timestamps.")
        before, after = Rotation(rotations.quat[:-1]), Rotation(rotations.quat[1:])
        return cls(times, jnp.diff(times), before, (before.inv() * after).as_rotvec())

    def __call__(self, times):
        times = jnp.asarray(times, dtype=self.times.dtype)
        if times.ndim > 1:
            raise ValueError("`times` must be at most 1-dimensional.")
        at = jnp.atleast_1d(times)
        which = jnp.maximum(jnp.searchsorted(self.times, at) - 1, 0)
        part = (at - self.times[which]) / self.timedelta[which]
        found = self.rotations[which] * Rotation.from_rotvec(self.rotvecs[which] * part[:, None])
        return found if times.ndim else found[0]
