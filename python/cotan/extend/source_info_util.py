"""jax.extend.source_info_util."""
from ..source_info_util import SourceInfo, current, current_name_stack, new_name_stack, new_source_info, register_exclusion, summarize, user_context
