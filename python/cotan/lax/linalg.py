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
