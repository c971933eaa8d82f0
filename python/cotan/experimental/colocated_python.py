"""jax.experimental.colocated_python: Python that runs beside devices of other hosts. Libraries may import it; every device is of this host, and nothing of it can be used."""
import sys

func = serialization = sys.modules[__name__]  # one module here

def _missing(name):
    def missing(*_, **__):
        raise NotImplementedError(f"jax.experimental.colocated_python.{name}: all devices belong to this process; call the function itself.")
    return missing


colocated_python, colocated_python_class, colocated_cpu_devices = map(_missing, ("colocated_python", "colocated_python_class", "colocated_cpu_devices"))


class DeviceList:
    """Devices of several hosts."""

    def __init__(self, *_):
        _missing("DeviceList")()
