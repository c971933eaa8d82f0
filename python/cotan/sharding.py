"""jax.sharding: where the parts of an array lie. Arrays have one part here: shardings over meshes of one device are taken, others refused."""
import enum
import math
from collections import OrderedDict

from . import _cotan
from ._device import all_devices


class AxisType(enum.Enum):
    """Who decides over the axis of a mesh: the compiler, the types of the values, or the program."""
    Auto, Explicit, Manual = enum.auto(), enum.auto(), enum.auto()

    def __repr__(self):
        return self.name


class PartitionSpec:
    """For each dimension of an array the mesh axes that it is split over: a name, a tuple of names, None for none."""
    UNCONSTRAINED = type("UNCONSTRAINED", (), {"__repr__": lambda self: "UNCONSTRAINED"})()
    __slots__ = ("_partitions", "unreduced", "reduced")

    def __init__(self, *partitions, unreduced=frozenset(), reduced=frozenset()):
        self._partitions = tuple(p[0] if isinstance(p, (tuple, list)) and len(p) == 1 else tuple(p) or None if isinstance(p, (tuple, list)) else p
                                 for p in partitions)
        self.unreduced, self.reduced = frozenset(unreduced), frozenset(reduced)

    def __len__(self):
        return len(self._partitions)

    def __iter__(self):
        return iter(self._partitions)

    def __getitem__(self, i):
        return self._partitions[i]

    def __eq__(self, other):
        if isinstance(other, tuple):
            return self._partitions == other
        return isinstance(other, PartitionSpec) and self._all() == other._all()

    def __hash__(self):
        return hash(self._all())

    def _all(self):
        return self._partitions, self.unreduced, self.reduced

    def __add__(self, other):
        return PartitionSpec(*self, *other)

    def __radd__(self, other):
        return PartitionSpec(*other, *self)

    def index(self, value):
        return self._partitions.index(value)

    def __repr__(self):
        extra = [f"{k}={set(v)!r}" for k, v in (("unreduced", self.unreduced), ("reduced", self.reduced)) if v]
        return f"P({', '.join([repr(p) for p in self] + extra)}{',' if len(self) == 1 and not extra else ''})"

    def __reduce__(self):
        return PartitionSpec, self._partitions


P = PartitionSpec


class _Axes:
    """What meshes with and without devices have in common: named axes with sizes and types."""

    def _set(self, names, sizes, types):
        self.axis_names = (names,) if isinstance(names, str) else tuple(names)
        self.axis_sizes = tuple(sizes)
        types = types if types is not None else AxisType.Auto
        self.axis_types = (types,) * len(self.axis_names) if isinstance(types, AxisType) else tuple(types)

    @property
    def shape(self):
        return OrderedDict(zip(self.axis_names, self.axis_sizes))

    shape_tuple = property(lambda self: tuple(zip(self.axis_names, self.axis_sizes)))
    size = property(lambda self: math.prod(self.axis_sizes))
    empty = property(lambda self: not self.axis_names)
    auto_axes = property(lambda self: self._of(AxisType.Auto))
    explicit_axes = property(lambda self: self._of(AxisType.Explicit))
    manual_axes = property(lambda self: self._of(AxisType.Manual))
    are_all_axes_auto = property(lambda self: self._are_all(AxisType.Auto))
    are_all_axes_explicit = property(lambda self: self._are_all(AxisType.Explicit))
    are_all_axes_manual = property(lambda self: self._are_all(AxisType.Manual))

    def _of(self, kind):
        return tuple(n for n, t in zip(self.axis_names, self.axis_types) if t is kind)

    def _are_all(self, kind):
        return not self.empty and all(t is kind for t in self.axis_types)

    def _key(self):
        return self.axis_names, self.axis_sizes, self.axis_types

    def __eq__(self, other):
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __str__(self):
        axes = ", ".join(f"{name!r}: {size}" for name, size in self.shape_tuple)
        return f"{type(self).__name__}({axes or '()'}, axis_types={self.axis_types})"

    def __repr__(self):
        return f"{type(self).__name__}(axis_sizes={self.axis_sizes}, axis_names={self.axis_names}, axis_types={self.axis_types})"


class AbstractMesh(_Axes):
    """Names and sizes of axes without devices."""

    def __init__(self, axis_sizes, axis_names, axis_types=None, *, abstract_device=None):
        self._set(axis_names, axis_sizes, axis_types)
        self.abstract_device = abstract_device

    abstract_mesh = property(lambda self: self)

    @property
    def devices(self):
        raise RuntimeError("AbstractMesh does not implement devices")

    def update_axis_types(self, changes):
        return AbstractMesh(self.axis_sizes, self.axis_names, tuple(changes.get(n, t) for n, t in zip(self.axis_names, self.axis_types)))


class Mesh(_Axes):
    """Devices in a grid whose axes have names. As a context, the mesh that bare partition specs refer to."""

    def __init__(self, devices, axis_names, axis_types=None):
        import numpy as np
        self.devices = np.array(devices, dtype=object)
        self._set(axis_names, self.devices.shape, axis_types)
        if self.devices.ndim != len(self.axis_names):
            raise ValueError("Mesh requires the ndim of its first argument (`devices`) to equal the length of its second argument (`axis_names`), but got "
                             f"devices.ndim == {self.devices.ndim} and len(axis_names) == {len(self.axis_names)}.")

    def _key(self):
        return (*super()._key(), tuple(self.devices.flat))

    abstract_mesh = property(lambda self: AbstractMesh(self.axis_sizes, self.axis_names, self.axis_types))
    device_ids = property(lambda self: [d.id for d in self.devices.flat])
    local_mesh = property(lambda self: self)
    is_multi_process = False

    def __enter__(self):
        _entered.append(self)
        return self

    def __exit__(self, *_):
        _entered.pop()


_entered = []  # meshes that a program is inside of
_chosen = None  # by set_mesh for good


def get_mesh():
    """The mesh of the innermost context."""
    mesh = _entered[-1] if _entered else _chosen
    return _EMPTY if mesh is None else mesh


def get_abstract_mesh():
    """The axes of the mesh of the innermost context."""
    return get_mesh().abstract_mesh


class set_mesh:
    """Makes a mesh the current one: for good, or until the end of a with statement."""

    def __init__(self, mesh):
        global _chosen
        self.before, _chosen = _chosen, mesh

    def __enter__(self):
        return _chosen

    def __exit__(self, *_):
        global _chosen
        _chosen = self.before


class use_abstract_mesh:
    """Makes an abstract mesh the current one inside the context."""

    def __init__(self, mesh):
        self.mesh = mesh

    def __enter__(self):
        _entered.append(self.mesh)
        return self.mesh

    def __exit__(self, *_):
        _entered.pop()


class Sharding:
    """Which part of an array lies on which device."""
    memory_kind = "device"
    is_fully_addressable = True

    def __init__(self):
        raise TypeError("Sharding is the base class of shardings and has no instances of its own")

    device_set = property(lambda self: set(self._devices()))
    addressable_devices = device_set
    num_devices = property(lambda self: len(self._devices()))
    _device_assignment = _addressable_device_assignment = property(lambda self: tuple(self._devices()))
    is_fully_replicated = property(lambda self: self.num_devices == 1)

    def is_equivalent_to(self, other, ndim):
        return self.device_set == other.device_set and self.is_fully_replicated == other.is_fully_replicated

    def devices_indices_map(self, global_shape):
        _one_device(self)
        return {d: (slice(None),) * len(global_shape) for d in self._devices()}

    addressable_devices_indices_map = devices_indices_map

    def shard_shape(self, global_shape):
        _one_device(self)
        return tuple(global_shape)


class SingleDeviceSharding(Sharding):
    """All of an array on one device."""

    def __init__(self, device=None, memory_kind=None):
        self._device = device or all_devices()[0]

    def _devices(self):
        return [self._device]

    def __eq__(self, other):
        return isinstance(other, SingleDeviceSharding) and self._device is other._device

    def __hash__(self):
        return hash(self._device)

    def __repr__(self):
        return f"SingleDeviceSharding(device={self._device!r}, memory_kind={self.memory_kind})"


class NamedSharding(Sharding):
    """Dimensions split over the axes of a mesh as a partition spec says."""

    def __init__(self, mesh, spec, *, memory_kind=None):
        self.mesh, self.spec = mesh, spec if isinstance(spec, PartitionSpec) else PartitionSpec(*spec)
        self.memory_kind = memory_kind or (None if isinstance(mesh, AbstractMesh) else "device")
        for part in self.spec:
            for name in part if isinstance(part, tuple) else (part,):
                if isinstance(name, str) and name not in mesh.axis_names:
                    raise ValueError(f"Resource axis: {name} of {self.spec} is not found in mesh: {mesh.axis_names}.")

    def _devices(self):
        return list(self.mesh.devices.flat)

    @property
    def is_fully_replicated(self):
        return all(self.mesh.shape[name] == 1 for part in self.spec if part is not None for name in (part if isinstance(part, tuple) else (part,)))

    def update(self, **changes):
        return NamedSharding(**{"mesh": self.mesh, "spec": self.spec, "memory_kind": self.memory_kind, **changes})

    def __eq__(self, other):
        return isinstance(other, NamedSharding) and (self.mesh, self.spec, self.memory_kind) == (other.mesh, other.spec, other.memory_kind)

    def __hash__(self):
        return hash((self.mesh, self.spec, self.memory_kind))

    def __repr__(self):
        kind = f", memory_kind={self.memory_kind}" if self.memory_kind else ""
        return f"NamedSharding(mesh={self.mesh}, spec={self.spec}{kind})"


def _one_device(sharding):
    """Refuses shardings over several devices, which arrays cannot have yet."""
    if sharding.num_devices > 1:
        raise NotImplementedError(f"{sharding} has {sharding.num_devices} devices; arrays lie on one device so far")


def check(shardings):
    """Refuses what a pytree of shardings, devices, partition specs and None asks of several devices."""
    from .tree_util import tree_leaves
    for s in tree_leaves(shardings):
        if isinstance(s, Sharding) and not isinstance(getattr(s, "mesh", None), AbstractMesh):
            _one_device(s)


def make_single_device_sharding(device, *, memory_kind=None):
    """The sharding of arrays on one device."""
    return SingleDeviceSharding(device, memory_kind)


def _is_here(place):
    """Whether a device, a sharding or the axes of one name where arrays lie anyway: the first device, alone or in a mesh."""
    if isinstance(place, PartitionSpec):
        return get_mesh().size == 1
    if isinstance(place, NamedSharding):
        return place.mesh.size == 1
    return place == all_devices()[0] or (isinstance(place, Sharding) and place.device_set == {all_devices()[0]})


def make_mesh(axis_shapes, axis_names, axis_types=None, *, devices=None):
    """A mesh of these sizes over the first of the devices."""
    devices = list(devices or all_devices())
    n = math.prod(axis_shapes)
    if n > len(devices):
        raise ValueError(f"Number of devices {len(devices)} must be >= the product of mesh_shape {tuple(axis_shapes)}")
    import numpy as np
    grid = np.array(devices[:n], dtype=object).reshape(tuple(axis_shapes))
    return Mesh(grid, axis_names, axis_types if axis_types is not None else AxisType.Explicit)


def _sharding_of(place):
    """What a device, a partition spec over the current mesh, a layout or a sharding says of where an array lies; None: nothing."""
    place = getattr(place, "sharding", place)
    if isinstance(place, PartitionSpec):
        mesh = get_mesh()
        return NamedSharding(mesh, place) if mesh.size == 1 and isinstance(mesh, Mesh) else None
    if isinstance(place, Sharding) or place is None:
        return place if not isinstance(getattr(place, "mesh", None), AbstractMesh) else None
    return SingleDeviceSharding(place) if place == all_devices()[0] else None


def placed(xs, places):
    """A pytree of arrays, told where they lie by a pytree of shardings whose leaves may stand for subtrees."""
    from .tree_util import tree_map
    is_place = lambda p: p is None or isinstance(p, (PartitionSpec, Sharding))

    def one(place, x):
        sharding = _sharding_of(place)
        if sharding is None:
            return x
        return tree_map(lambda leaf: _cotan._placed(leaf, sharding) if isinstance(leaf, _cotan.Array) else leaf, x)
    return tree_map(one, places, xs, is_leaf=is_place)


def reshard(xs, out_shardings):
    """The same values, laid out anew."""
    check(out_shardings)
    return placed(xs, out_shardings)


with_sharding_constraint = reshard


def _same_function(f=None, **_):
    return f if f is not None else lambda f: f


def auto_axes(f=None, /, *, axes=None, out_sharding=None):
    """The function itself: with one device the compiler has nothing to decide."""
    return _same_function(f)


def explicit_axes(f=None, /, *, axes=None, in_sharding=None):
    """The function itself: with one device types say nothing of places."""
    return _same_function(f)


class AbstractDevice:
    """A kind of device."""

    def __init__(self, device_kind, num_cores, platform):
        self.device_kind, self.num_cores, self.platform = device_kind, num_cores, platform


class ManualAxisType:
    """How values vary over the manual axes of a mesh."""

    def __init__(self, *, varying=frozenset(), unreduced=frozenset(), reduced=frozenset()):
        self.varying, self.unreduced, self.reduced = frozenset(varying), frozenset(unreduced), frozenset(reduced)


_EMPTY = AbstractMesh((), ())
for _c in (AxisType, PartitionSpec, AbstractMesh, Mesh, Sharding, SingleDeviceSharding, NamedSharding):
    _c.__module__ = "jax.sharding"
