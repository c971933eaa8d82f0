"""jax.extend.source_info_util."""
from ..source_info_util import register_exclusion
