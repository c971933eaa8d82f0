"""jax.profiler: a trace of what a program did, which chrome://tracing and ui.perfetto.dev show.

Between start_trace and stop_trace, annotations and the events of jax.monitoring (tracing, compiling) are written down; the trace is a file in Chrome's trace
format, LOG_DIR/plugins/profile/DATE/HOST.trace.json.gz, where TensorBoard looks too.
"""
import functools
import gzip
import json
import os
import socket
import threading
import time
from contextlib import ContextDecorator, contextmanager

from . import monitoring


class ProfileOptions:
    """What to write down. Options that ask for more than annotations and events change nothing."""

    def __init__(self):
        self.host_tracer_level, self.device_tracer_level, self.python_tracer_level = 2, 1, 0
        self.enable_hlo_proto = True
        self.include_dataset_ops = False


class _Trace:
    """Spans of time as Chrome's format describes them: microseconds since the start, by thread."""

    def __init__(self, log_dir, perfetto):
        self.log_dir, self.perfetto, self.begin, self.events = os.fspath(log_dir), perfetto, time.time(), []

    def add(self, name, start, end, args):
        self.events.append({"ph": "X", "name": name, "pid": os.getpid(), "tid": threading.get_native_id(), "ts": (start - self.begin) * 1e6,
                            "dur": (end - start) * 1e6, "args": {k: v if isinstance(v, (int, float, str, bool)) else str(v) for k, v in args.items()}})

    def write(self):
        folder = os.path.join(self.log_dir, "plugins", "profile", time.strftime("%Y_%m_%d_%H_%M_%S", time.localtime(self.begin)))
        os.makedirs(folder, exist_ok=True)
        names = [{"ph": "M", "name": "process_name", "pid": os.getpid(), "args": {"name": "/host:CPU"}}]
        names += [{"ph": "M", "name": "thread_name", "pid": os.getpid(), "tid": t, "args": {"name": f"thread {t}"}} for t in {e["tid"] for e in self.events}]
        text = json.dumps({"displayTimeUnit": "ns", "traceEvents": names + self.events})
        for name in [f"{socket.gethostname()}.trace.json.gz"] + ["perfetto_trace.json.gz"] * self.perfetto:
            with gzip.open(os.path.join(folder, name), "wt", encoding="utf-8") as f:
                f.write(text)
        return folder


_running = None
_lock = threading.Lock()


def _hear(event, duration, **kwargs):
    if (trace := _running) is not None:
        now = time.time()
        trace.add(event, now - duration, now, kwargs)


def start_trace(log_dir, create_perfetto_link=False, create_perfetto_trace=False, profiler_options=None):
    """Begins a trace, which stop_trace writes into a folder.

    Args:
      log_dir: the folder.
      create_perfetto_trace: whether to write perfetto_trace.json.gz too.
      profiler_options: ProfileOptions.
    """
    global _running
    if create_perfetto_link:
        raise NotImplementedError("start_trace with create_perfetto_link=True; open the file that create_perfetto_trace=True writes at ui.perfetto.dev")
    with _lock:
        if _running is not None:
            raise RuntimeError("Profile has already been started. Only one profile may be run at a time.")
        _running = _Trace(log_dir, bool(create_perfetto_trace))
        monitoring.register_event_duration_secs_listener(_hear)


def stop_trace():
    """Ends the trace and writes it."""
    global _running
    with _lock:
        if _running is None:
            raise RuntimeError("No profile started")
        trace, _running = _running, None
        monitoring.unregister_event_duration_listener(_hear)
    trace.write()


@contextmanager
def trace(log_dir, create_perfetto_link=False, create_perfetto_trace=False, profiler_options=None):
    """start_trace and stop_trace round a block of a program."""
    start_trace(log_dir, create_perfetto_link, create_perfetto_trace, profiler_options)
    try:
        yield
    finally:
        stop_trace()


class TraceAnnotation(ContextDecorator):
    """Names the span of time that the block takes, with further facts as keywords."""

    def __init__(self, name, **kwargs):
        self._name, self._facts, self._starts = name, kwargs, []

    def set_metadata(self, **kwargs):
        self._facts.update(kwargs)

    @staticmethod
    def is_enabled():
        """Whether a trace is being written."""
        return _running is not None

    def __enter__(self):
        self._starts.append(time.time())
        return self

    def __exit__(self, *_):
        start = self._starts.pop()
        if (running := _running) is not None:
            running.add(self._name, start, time.time(), self._facts)


class StepTraceAnnotation(TraceAnnotation):
    """A step of training, numbered by step_num=."""

    def __init__(self, name, **kwargs):
        super().__init__(name, _r=1, **kwargs)


def annotate_function(func, name=None, **decorator_kwargs):
    """func with each of its calls named in the trace."""
    title = name or getattr(func, "__qualname__", None) or getattr(func, "__name__", "function")

    @functools.wraps(func)
    def annotated(*args, **kwargs):
        with TraceAnnotation(title, **decorator_kwargs):
            return func(*args, **kwargs)
    return annotated


def start_server(port, requires_backend=True):
    """Not there yet."""
    raise NotImplementedError("jax.profiler.start_server: traces are written by start_trace and stop_trace, not served")


def stop_server():
    """Not there yet: there is no server to stop."""
    raise ValueError("No active profiler server.")


def device_memory_profile(backend=None):
    """Not there yet."""
    raise NotImplementedError("jax.profiler.device_memory_profile")


def save_device_memory_profile(filename, backend=None):
    """Not there yet."""
    raise NotImplementedError("jax.profiler.save_device_memory_profile")
