"""jax.extend.backend: what programs run on."""
from .._device import all_devices


def backends():
    """The backends by their names."""
    return {"cpu": all_devices()[0].client}


def get_backend(platform=None):
    """The backend of a platform, by default the processor's."""
    if platform not in (None, "", "cpu"):
        raise RuntimeError(f"Unknown backend: '{platform}' requested, but no platforms that are instances of {platform} are present.")
    return all_devices()[0].client


def get_default_device():
    """The device that arrays are made on."""
    return all_devices()[0]


def clear_backends():
    """Forgets the programs of all jitted functions."""
    from .. import clear_caches
    clear_caches()


clear_in_memory_compilation_cache = clear_backends


def backend_xla_version(platform=None):
    """The version of XLA, which is not here."""
    get_backend(platform)


def __getattr__(name):
    if name == "_backends":
        return backends()
    raise AttributeError(f"module 'jax.extend.backend' has no attribute {name!r}")
