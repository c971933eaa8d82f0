"""jax.experimental.sparse: arrays that store some of their elements, by their places (BCOO, COO) or by rows (BCSR, CSR, CSC)."""
from ._base import CuSparseEfficiencyWarning, JAXSparse, SparseEfficiencyError, SparseEfficiencyWarning
from .ad import grad, jacfwd, jacobian, jacrev, value_and_grad
from .api import empty, eye, todense
from .bcoo import (BCOO, bcoo_broadcast_in_dim, bcoo_concatenate, bcoo_conv_general_dilated, bcoo_dot_general, bcoo_dot_general_sampled, bcoo_dynamic_slice,
                   bcoo_extract, bcoo_fromdense, bcoo_gather, bcoo_multiply_dense, bcoo_multiply_sparse, bcoo_reduce_sum, bcoo_reshape, bcoo_rev, bcoo_slice,
                   bcoo_sort_indices, bcoo_squeeze, bcoo_sum_duplicates, bcoo_todense, bcoo_transpose, bcoo_update_layout)
from .bcsr import BCSR, bcsr_broadcast_in_dim, bcsr_concatenate, bcsr_dot_general, bcsr_extract, bcsr_fromdense, bcsr_sum_duplicates, bcsr_todense
from .matrices import (COO, CSC, CSR, coo_fromdense, coo_matmat, coo_matvec, coo_todense, csr_fromdense, csr_matmat, csr_matvec, csr_todense)
from .random import random_bcoo
from .transform import sparsify
from .util import SparseInfo
from . import linalg
