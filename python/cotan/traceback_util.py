"""Tracebacks without the library's frames: what jax._src.traceback_util gives, and how programs end that nobody catches an exception for."""
import sys

from . import _cotan
from .source_info_util import register_exclusion

_exclude_paths = _cotan._excluded_paths()  # what the names of files begin with whose frames are not the user's

_NOTE = ("--------------------\n"
         "For simplicity, frames inside the library were removed from the traceback of this exception. Set JAX_TRACEBACK_FILTERING=off to include them.")


class UnfilteredStackTrace(Exception):
    """The cause of an exception with a filtered traceback: has the whole one."""


def include_frame(frame):
    """Whether a frame is the user's."""
    return not _cotan._is_internal_file(frame.f_code.co_filename)


def filter_traceback(traceback):
    """The frames of a traceback that are the user's."""
    return _cotan._filter_traceback(traceback)


def api_boundary(fun, **_):
    """The function, without the library's frames in the tracebacks of what it raises."""
    return _cotan._boundary(fun)


def _note_removal(exception, traceback, quietly):
    """Says how to see what was removed, once for each exception."""
    if quietly:
        if _NOTE not in getattr(exception, "__notes__", ()):
            exception.add_note(_NOTE)
    elif not isinstance(exception.__cause__, UnfilteredStackTrace):
        whole = UnfilteredStackTrace(f"{type(exception).__name__}: {exception}\n\nThe traceback above this one is the whole one; the traceback of the exception "
                                     "that follows has the frames of the program alone. Set JAX_TRACEBACK_FILTERING=quiet_remove_frames for that one only.")
        whole.with_traceback(traceback)
        context = exception.__context__
        whole.__context__, whole.__cause__, whole.__suppress_context__ = context, exception.__cause__, exception.__suppress_context__
        exception.__cause__, exception.__context__, exception.__suppress_context__ = whole, None, True


def excepthook(kind, exception, traceback):
    """sys.excepthook: prints an exception that nobody caught, and those that led to it, without the library's frames."""
    from ._config import config
    pending, seen = [exception], set()
    while pending and config.jax_traceback_filtering != "off":
        e = pending.pop()
        if e is None or id(e) in seen or isinstance(e, UnfilteredStackTrace):
            continue
        seen.add(id(e))
        if e.__traceback__:
            e.__traceback__ = _cotan._filter_traceback(e.__traceback__)
        pending += [e.__cause__, e.__context__]
    sys.__excepthook__(kind, exception, exception.__traceback__)
