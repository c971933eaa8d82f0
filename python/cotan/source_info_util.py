"""jax.extend.source_info_util and what interpreters take from jax._src.source_info_util: where equations come from, and the names of the
parts of programs they belong to."""
from collections import namedtuple
from contextlib import contextmanager

from . import _cotan


class Frame(namedtuple("Frame", "file_name function_name start_line start_column")):
    """A place in the program: a line of a function, and the column where the call begins."""
    __slots__ = ()

    line_num = property(lambda self: self.start_line)
    end_line = property(lambda self: self.start_line)
    end_column = property(lambda self: self.start_column)


class Traceback:
    """The user's innermost frame: all that equations keep."""
    __slots__ = ("frames",)

    def __init__(self, place):
        file, function, line, column = place
        self.frames = [Frame(file, function, line, column)]

    def __str__(self):
        return "\n".join(f"{f.file_name}:{f.start_line} ({f.function_name})" for f in self.frames)

    def __eq__(self, other):
        return type(other) is Traceback and self.frames == other.frames

    def __hash__(self):
        return hash(tuple(self.frames))


class SourceInfo:
    """Where an equation comes from: traceback is None where that is not known."""
    __slots__ = ("traceback", "name_stack")

    def __init__(self, traceback=None, name_stack=""):
        self.traceback, self.name_stack = Traceback(traceback) if isinstance(traceback, tuple) else traceback, name_stack

    def replace(self, **changes):
        return SourceInfo(**{"traceback": self.traceback, "name_stack": self.name_stack, **changes})

    def __eq__(self, other):
        return type(other) is SourceInfo and (self.traceback, self.name_stack) == (other.traceback, other.name_stack)

    def __hash__(self):
        return hash((self.traceback, self.name_stack))

    def __repr__(self):
        return f"SourceInfo({summarize(self)!r}, name_stack={str(self.name_stack)!r})"


def new_source_info():
    """A source that is not known."""
    return SourceInfo()


def current():
    """Where the caller stands."""
    return SourceInfo(_cotan._current_source(), current_name_stack())


def current_name_stack():
    """The names of the scopes that the program is in."""
    return _cotan._current_names()


def new_name_stack(name=""):
    """A stack of one name."""
    return name


def _traceback(source):
    return source.traceback if isinstance(source, SourceInfo) else source


def user_frames(source):
    """The frames of a traceback that are the user's, innermost first."""
    traceback = _traceback(source)
    return iter(()) if traceback is None else iter(traceback.frames)


def user_frame(source):
    return next(user_frames(source), None)


def summarize(source_info, num_frames=1):
    """ "file:line:column (function)", or "unknown" """
    frames = list(user_frames(source_info))[:num_frames]
    return "\n".join(f"{f.file_name}:{f.start_line}:{f.start_column} ({f.function_name})" for f in frames) or "unknown"


def is_user_filename(name):
    return not _cotan._is_internal_file(name)


def register_exclusion(path):
    """Files whose names begin so are no user's: neither equations nor tracebacks name them."""
    _cotan._excluded_paths().append(path)


@contextmanager
def user_context(traceback, *, name_stack=None):
    """Equations made inside come from that place."""
    frame = user_frame(traceback)
    before = _cotan._swap_source(frame and (frame.file_name, frame.function_name, frame.start_line, frame.start_column))
    try:
        yield
    finally:
        _cotan._swap_source(before)
