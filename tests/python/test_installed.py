"""What importlib.metadata says while `import jax` means Cotan."""
import importlib.metadata as metadata

import jax
import pytest


def test_versions():
    assert metadata.version("jax") == metadata.version("jaxlib") == jax.__version__
    assert metadata.requires("jax") is None and metadata.distribution("jax").files is None
    assert {"jax", "jaxlib"} <= {d.name for d in metadata.distributions()}
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version("jaxx")
