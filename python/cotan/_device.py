"""Devices: the CPU, once or as often as XLA_FLAGS=--xla_force_host_platform_device_count=N asks."""
import os
import re


class Client:
    platform = "cpu"
    platform_version = "cpu"
    runtime_type = "cotan"


class Device:
    """A place where arrays live."""
    platform = device_kind = "cpu"
    process_index = host_id = slice_index = 0
    client = Client()

    def __init__(self, index):
        self.id = self.local_hardware_id = index

    def __repr__(self):
        return f"CpuDevice(id={self.id})"

    def __str__(self):
        return f"TFRT_CPU_{self.id}"

    def memory_stats(self):
        return None

    def addressable_memories(self):
        return []


def _count():
    found = re.findall(r"--xla_force_host_platform_device_count=(\d+)", os.environ.get("XLA_FLAGS", ""))
    return int(found[-1]) if found else 1


_all = None


def all_devices():
    global _all
    if _all is None:
        _all = [Device(i) for i in range(_count())]
    return _all


class SingleDeviceSharding:
    """All of an array on one device."""
    memory_kind = "device"
    is_fully_replicated = is_fully_addressable = True

    def __init__(self, device=None, memory_kind=None):
        self._device = device or all_devices()[0]

    @property
    def device_set(self):
        return {self._device}

    addressable_devices = device_set

    def __eq__(self, other):
        return isinstance(other, SingleDeviceSharding) and self._device is other._device

    def __hash__(self):
        return hash(self._device)

    def __repr__(self):
        return f"SingleDeviceSharding(device={self._device!r}, memory_kind={self.memory_kind})"

    def is_equivalent_to(self, other, ndim):
        return self == other
