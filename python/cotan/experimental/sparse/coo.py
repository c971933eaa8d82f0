"""jax.experimental.sparse.coo."""
from .matrices import COO, coo_fromdense, coo_matmat, coo_matvec, coo_todense
