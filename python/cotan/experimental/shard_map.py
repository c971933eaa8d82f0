"""jax.experimental.shard_map: the former place of jax.shard_map, and its former parameters."""
from .. import _shard_map


def shard_map(f, mesh, in_specs, out_specs, check_rep=True, auto=frozenset()):
    """jax.shard_map over the axes of the mesh that are not in `auto`."""
    return _shard_map.shard_map(f, mesh=mesh, in_specs=in_specs, out_specs=out_specs, axis_names=frozenset(mesh.axis_names) - auto, check_vma=check_rep)
