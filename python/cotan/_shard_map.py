"""jax.shard_map: a function of the parts of arrays, run on every device of a mesh. Meshes have one device here, so each part is all of its array."""
import functools

from ._cotan import vmap
from .sharding import PartitionSpec, get_mesh
from .tree_util import tree_leaves, tree_map

Infer = object()  # take in_specs from the arguments


def _is_spec(x):
    return x is None or isinstance(x, PartitionSpec)


def _check(specs, values, mesh, what):
    """That the specs fit the values: a prefix of their structure, with dimensions and axes that exist."""
    def one(spec, subtree):
        for part in spec or ():
            for name in part if isinstance(part, tuple) else (part,):
                if name is not None and name not in mesh.axis_names:
                    raise ValueError(f"shard_map: {what} refers to the axis {name!r}, which the mesh does not have: its axes are {mesh.axis_names}.")
        for leaf in tree_leaves(subtree):
            if spec is not None and len(spec) > getattr(leaf, "ndim", 0):
                raise ValueError(f"shard_map: {what} has {spec} for a value of rank {getattr(leaf, 'ndim', 0)}, which has too few dimensions for it.")
    tree_map(one, specs, values, is_leaf=_is_spec)


def shard_map(f=None, /, *, out_specs, in_specs=Infer, mesh=None, axis_names=frozenset(), check_vma=True):
    """f on every device of the mesh, with the part of each argument that in_specs gives to it; out_specs put the results together.

    Inside f the axes of the mesh have names for collectives."""
    if f is None:
        return functools.partial(shard_map, out_specs=out_specs, in_specs=in_specs, mesh=mesh, axis_names=axis_names, check_vma=check_vma)
    if not callable(f):
        raise TypeError(f"shard_map requires a function, but got {f!r}")

    @functools.wraps(f)
    def on_devices(*args):
        grid = get_mesh() if mesh is None else mesh
        if grid.empty:
            raise ValueError("shard_map needs a mesh: pass mesh=... or enter one with jax.set_mesh.")
        if grid.size != 1:
            raise NotImplementedError(f"shard_map over {grid.size} devices")
        if in_specs is not Infer:
            _check(in_specs, args, grid, "in_specs")
        call = f
        for name in grid.axis_names:  # results gain an axis of size 1 for each, taken away below
            call = vmap(call, in_axes=None, out_axes=0, axis_name=name, axis_size=1)
        out = tree_map(lambda x: x.reshape(x.shape[len(grid.axis_names):]), call(*args))
        _check(out_specs, out, grid, "out_specs")
        return out

    return on_devices
