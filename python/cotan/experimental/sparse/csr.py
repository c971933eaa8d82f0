"""jax.experimental.sparse.csr."""
from .matrices import CSC, CSR, csr_fromdense, csr_matmat, csr_matvec, csr_todense
