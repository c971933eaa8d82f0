"""Devices: the CPU, once or as often as XLA_FLAGS=--xla_force_host_platform_device_count=N asks."""
import enum
import os
import re
from types import SimpleNamespace


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
        return f"cpu:{self.id}"

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



class MemorySpace(enum.Enum):
    """Kinds of memory; the CPU has one."""
    Device, Host, Any = enum.auto(), enum.auto(), enum.auto()

    def __repr__(self):
        return f"MemorySpace.{self.name}"


memory = SimpleNamespace(Space=MemorySpace)
