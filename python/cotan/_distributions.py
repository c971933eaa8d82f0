"""What importlib.metadata says of jax and jaxlib while `import jax` means Cotan."""
from importlib.metadata import Distribution

from . import __version__


class _Stand(Distribution):
    """A package that is installed by being answered for; it has no files."""

    def __init__(self, name):
        self._text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {__version__}\n"

    def read_text(self, filename):
        return self._text if filename == "METADATA" else None

    def locate_file(self, path):
        raise FileNotFoundError(path)


def distributions(name=None):
    """Those of this name, or both."""
    return (_Stand(each) for each in ("jax", "jaxlib") if name in (None, each))
