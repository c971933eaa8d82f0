"""jax.lax.linalg: factorizations of matrices."""
import enum
from .. import _cotan

globals().update(_cotan.bound_functions("lax.linalg"))


class EigImplementation(enum.Enum):
    CUSOLVER, LAPACK = "cusolver", "lapack"


class EighImplementation(enum.Enum):
    QR, JACOBI, QDWH = "QR", "Jacobi", "QDWH"


class SvdAlgorithm(enum.Enum):
    DEFAULT, QR, JACOBI, POLAR = "default", "QR", "Jacobi", "polar"


def __getattr__(name):
    """qr_p and its like."""
    if name.endswith("_p"):
        from ..extend.core import primitives
        found = getattr(primitives, name, None)
        if found is not None:
            return found
    raise AttributeError(f"module 'jax.lax.linalg' has no attribute {name!r}")
