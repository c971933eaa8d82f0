"""What libraries take from jax._src.traceback_util: their own files, left out of tracebacks."""
from . import _cotan
from .source_info_util import register_exclusion


def include_frame(frame):
    """Whether a frame is the user's."""
    return not _cotan._is_internal_file(frame.f_code.co_filename)


def api_boundary(fun, **_):
    """The function itself: there is nothing to leave out at its boundary."""
    return fun
