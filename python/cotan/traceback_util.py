"""What libraries take from jax._src.traceback_util: their own files, left out of tracebacks."""
_exclude_paths = []


def register_exclusion(path):
    """Frames of this file are left out of tracebacks: ours keep the user's frames only."""
    _exclude_paths.append(path)


def include_frame(frame):
    """Whether a frame is the user's."""
    return not any(frame.f_code.co_filename.startswith(path) for path in _exclude_paths)


def api_boundary(fun, **_):
    """The function itself: there is nothing to leave out at its boundary."""
    return fun
