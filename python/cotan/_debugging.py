"""What helps to find mistakes: who refers to an escaped value, and what a program runs on."""
import gc
import types


def _variable_of(cell):
    """The variable of a function that a cell holds, in words."""
    for closure in gc.get_referrers(cell):
        for function in gc.get_referrers(closure) if isinstance(closure, tuple) else ():
            if isinstance(function, types.FunctionType) and function.__closure__ is closure:
                return f"closed-over variable {function.__code__.co_freevars[closure.index(cell)]} of function {function.__qualname__}"
    return None


def _place(holder, held):
    """How holder refers to held, in words; None where that says nothing."""
    if isinstance(holder, dict):
        return next((f"value {key!r} of a dict" for key, value in holder.items() if value is held), None)
    if isinstance(holder, (list, tuple)):
        return next((f"element {i} of a {type(holder).__name__}" for i, value in enumerate(holder) if value is held), None)
    if isinstance(holder, types.CellType):
        return _variable_of(holder)
    if isinstance(holder, types.FrameType):
        return next((f"variable {name} of {holder.f_code.co_qualname}" for name, value in holder.f_locals.items() if value is held), None)
    if isinstance(holder, (types.FunctionType, types.MethodType, types.ModuleType)):
        return None
    return f"attribute of a {type(holder).__name__}"


def holders(value):
    """What refers to a value, and what refers to that: lines of text."""
    lines, ours = [], set()
    while len(lines) < 3:
        found = gc.get_referrers(value)
        ours |= {id(found), id(lines)}
        text = None
        for holder in found:
            internal = isinstance(holder, types.FrameType) and holder.f_globals is globals()
            if id(holder) not in ours and not internal and (text := _place(holder, value)):
                break
        if not text:
            break
        lines.append(text)
        if text.startswith(("closed-over", "variable")):
            break
        value = holder
        ours.add(id(value))
    return lines


def print_environment_info(return_string=False):
    """Prints versions, devices and settings, or gives them as a string: what belongs into a report of a bug."""
    import os
    import platform
    import sys
    from importlib import metadata

    from . import __version__
    from ._api import device_count, local_device_count, process_count
    from ._device import all_devices
    try:
        numpy = metadata.version("numpy")
    except metadata.PackageNotFoundError:
        numpy = "not installed"
    kinds = sorted({d.device_kind for d in all_devices()})
    lines = [f"jax:    {__version__} (Cotan)", f"jaxlib: {__version__}", f"numpy:  {numpy}", f"python: {sys.version}",
             f"device info: {', '.join(kinds)}-{device_count()}, {local_device_count()} local devices", f"process_count: {process_count()}",
             f"platform: {platform.uname()}"]
    lines += [f"{key}={value}" for key, value in os.environ.items() if key.startswith(("JAX_", "XLA_", "COTAN_"))]
    text = "\n".join(lines)
    if return_string:
        return text
    print(text)
