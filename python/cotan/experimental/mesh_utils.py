"""jax.experimental.mesh_utils: devices laid out for meshes."""
import math

from .._device import all_devices


def create_device_mesh(mesh_shape, devices=None, *, contiguous_submeshes=False, allow_split_physical_axes=False):
    """An array of devices of this shape, in the order of their ids."""
    import numpy as np
    devices = list(devices or all_devices())
    if math.prod(mesh_shape) != len(devices):
        raise ValueError(f"Number of devices {len(devices)} must equal the product of mesh_shape {tuple(mesh_shape)}")
    return np.array(devices, dtype=object).reshape(tuple(mesh_shape))
