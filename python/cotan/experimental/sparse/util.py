"""Errors and warnings of sparse arrays, and what describes one."""
from typing import NamedTuple

from ._base import CuSparseEfficiencyWarning, SparseEfficiencyError, SparseEfficiencyWarning


class SparseInfo(NamedTuple):
    """What an array is beside its buffers."""
    shape: tuple
    indices_sorted: bool = False
    unique_indices: bool = False
