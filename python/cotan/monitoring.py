"""jax.monitoring: events that parts of a program report, and functions that hear of them. jit reports how long it traces and compiles."""
from ._stages import observe

_listeners = {kind: [] for kind in ("event", "duration", "time_span", "scalar")}


def hears_durations():
    """Whether anyone wants to know how long things take."""
    return bool(_listeners["duration"])


def _tell(kind, *args, **kwargs):
    for listener in list(_listeners[kind]):
        listener(*args, **kwargs)


def record_event(event, **kwargs):
    """Something happened."""
    _tell("event", event, **kwargs)


def record_event_duration_secs(event, duration, **kwargs):
    """Something took so many seconds."""
    _tell("duration", event, duration, **kwargs)


def record_event_time_span(event, start_time, end_time, **kwargs):
    """Something went on from one time to another."""
    _tell("time_span", event, start_time, end_time, **kwargs)


def record_scalar(event, value, **kwargs):
    """Something has a value."""
    _tell("scalar", event, value, **kwargs)


def register_event_listener(callback):
    """callback(event, **kwargs) at every event from now on."""
    _listeners["event"].append(callback)


def register_event_duration_secs_listener(callback):
    """callback(event, duration, **kwargs) at every duration from now on."""
    _listeners["duration"].append(callback)
    observe()


def register_event_time_span_listener(callback):
    """callback(event, start_time, end_time, **kwargs) at every time span from now on."""
    _listeners["time_span"].append(callback)


def register_scalar_listener(callback):
    """callback(event, value, **kwargs) at every scalar from now on."""
    _listeners["scalar"].append(callback)


def unregister_event_listener(callback):
    """Forgets a listener."""
    _listeners["event"].remove(callback)


def unregister_event_duration_listener(callback):
    """Forgets a listener."""
    _listeners["duration"].remove(callback)
    observe()


def unregister_event_time_span_listener(callback):
    """Forgets a listener."""
    _listeners["time_span"].remove(callback)


def unregister_scalar_listener(callback):
    """Forgets a listener."""
    _listeners["scalar"].remove(callback)


def clear_event_listeners():
    """Nobody hears of anything any more."""
    for listeners in _listeners.values():
        listeners.clear()
    observe()
