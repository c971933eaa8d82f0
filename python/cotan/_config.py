"""jax.config: flags that change what the library does, per thread, with a default for all threads."""
import os
import sys
from . import _cotan

_absent = object()


def _truth(value):
    return value.lower() in ("1", "true", "t", "yes", "y", "on") if isinstance(value, str) else bool(value)


# name -> default; the two with setters live in the library
_flags = {"jax_enable_x64": False, "jax_disable_jit": False, "jax_debug_nans": False, "jax_debug_infs": False, "jax_check_tracer_leaks": False,
          "jax_numpy_dtype_promotion": "standard", "jax_numpy_rank_promotion": "allow", "jax_default_matmul_precision": None, "jax_platforms": None,
          "jax_platform_name": "", "jax_default_device": None, "jax_default_prng_impl": "threefry2x32", "jax_threefry_partitionable": True,
          "jax_log_compiles": False, "jax_traceback_filtering": "auto", "jax_enable_custom_prng": False, "jax_compilation_cache_dir": None,
          "jax_enable_compilation_cache": True, "jax_persistent_cache_min_compile_time_secs": 1.0, "jax_persistent_cache_min_entry_size_bytes": 0,
          "jax_numpy_array_list": False, "jax_legacy_prng_key": "allow", "jax_transfer_guard": None,
          "jax_transfer_guard_host_to_device": None, "jax_transfer_guard_device_to_host": None, "jax_transfer_guard_device_to_device": None,
          "jax_array_garbage_collection_guard": None, "jax_thread_guard": False, "jax_no_execution": False, "jax_allow_f16_reductions": True,
          "jax_auto_pcast": True, "jax2tf_associative_scan_reductions": False, "jax_remove_size_one_mesh_axis_from_type": False, "jax_enable_checks": False,
          "jax_debug_key_reuse": False, "jax_no_tracing": False, "jax_softmax_custom_jvp": True, "jax_pmap_shmap_merge": True, "jax_num_cpu_devices": -1,
          "jax_use_shardy_partitioner": True, "jax_cpu_enable_async_dispatch": True, "jax_array": True, "jax_raise_persistent_cache_errors": False,
          "jax_explain_cache_misses": False, "jax_default_dtype_bits": "64", "jax_memory_fitting_level": "O2", "jax_optimization_level": "UNKNOWN"}
_setters = {"jax_enable_x64": (_cotan.get_x64, _cotan.set_x64), "jax_disable_jit": (_cotan.get_disable_jit, _cotan.set_disable_jit)}


# what is checked -> its name in the library
_checks = {"jax_debug_nans": "nans", "jax_debug_infs": "infs", "jax_check_tracer_leaks": "leaks", "jax_enable_checks": "programs", "jax_no_tracing": "no_tracing",
           "jax_debug_key_reuse": "keys"}

# the values of flags that are one of a few words
_filterings = ("off", "tracebackhide", "remove_frames", "quiet_remove_frames", "auto")
_ranks = ("allow", "warn", "raise")
_guards = (None, "allow", "log", "disallow", "log_explicit", "disallow_explicit")
_words = {**{f"jax_transfer_guard{kind}": _guards for kind in ("", "_host_to_device", "_device_to_host", "_device_to_device")},
          "jax_array_garbage_collection_guard": (None, "allow", "log", "fatal"), "jax_legacy_prng_key": ("allow", "warn", "error"),
          "jax_default_prng_impl": ("threefry2x32", "rbg", "unsafe_rbg"), "jax_numpy_dtype_promotion": ("standard", "strict"),
          "jax_numpy_rank_promotion": _ranks, "jax_traceback_filtering": _filterings}

# values that would have to change results or raise errors, and cannot yet
_refused = {"jax_no_execution": (True,), "jax_threefry_partitionable": (False,), "jax_allow_f16_reductions": (False,), "jax_legacy_prng_key": ("warn", "error")}


def _filtering(mode):
    """The library's number of a mode; auto leaves the hiding to IPython where that runs the program."""
    if mode == "auto":
        mode = "tracebackhide" if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() else "quiet_remove_frames"
    return _filterings.index(mode)


# flags that the library reads while it traces
_traced = {"jax_default_prng_impl": _cotan.set_prng, "jax_numpy_dtype_promotion": lambda value: _cotan.set_strict_promotion(value == "strict"),
           "jax_numpy_rank_promotion": lambda value: _cotan.set_rank_promotion(_ranks.index(value))}


class Config:
    """Flags as attributes: config.jax_enable_x64; config.update(name, value) changes one."""

    def __getattr__(self, name):
        if name in _setters:
            return _setters[name][0]()
        if name in _flags:
            return _flags[name]
        if "jax_" + name in _flags:
            return getattr(self, "jax_" + name)
        raise AttributeError(f"Unrecognized config option: {name}")

    def __setattr__(self, name, value):
        self.update(name, value)

    def update(self, name, value):
        if name in _setters:
            _setters[name][1](_truth(value))
        elif name not in _flags:
            raise AttributeError(f"Unrecognized config option: {name}")
        if name in _checks:
            _cotan._set_check(_checks[name], _truth(value))
        elif value not in _words.get(name, (value,)):
            raise ValueError(f"new enum value must be None or in {[w for w in _words[name] if w]}, got {value} of type {type(value)}.")
        elif value in _refused.get(name, ()):
            raise NotImplementedError(f"{name} = {value!r} is not there yet")
        if name == "jax_transfer_guard":
            self.update("jax_transfer_guard_host_to_device", value)
        if name == "jax_transfer_guard_host_to_device":
            _cotan.set_transfer_guard(_guards.index(value or "allow") - 1)
        if name in _traced and value != _flags[name]:
            _traced[name](value)
            _cotan._clear_caches()  # programs were traced with the other value
        _flags[name] = value
        if name == "jax_traceback_filtering":
            _cotan._set_filtering(_filtering(value))
        if name in ("jax_log_compiles", "jax_explain_cache_misses"):
            from ._stages import observe
            observe()

    def read(self, name):
        return getattr(self, name)

    @property
    def values(self):
        return {name: getattr(self, name) for name in _flags}

    def config_with_absl(self):
        """Makes every flag one of absl's too, which its app.run reads from the command line: --jax_enable_x64."""
        from absl import app, flags
        kinds = {bool: flags.DEFINE_bool, int: flags.DEFINE_integer, float: flags.DEFINE_float}
        for name, value in self.values.items():
            if name not in flags.FLAGS:
                kinds.get(type(value), flags.DEFINE_string)(name, value, "A flag of jax.config.")
        app.call_after_init(lambda: self.complete_absl_config(flags))

    def complete_absl_config(self, absl_flags):
        """Takes the values of flags that the command line gave."""
        for name in _flags:
            if absl_flags.FLAGS[name].present:
                self.update(name, absl_flags.FLAGS[name].value)

    def parse_flags_with_absl(self):
        """Reads the arguments of the command line that begin with --jax, up to --, now."""
        from absl import flags
        self.config_with_absl()
        given = sys.argv[:sys.argv.index("--")] if "--" in sys.argv else sys.argv
        flags.FLAGS(["", *(a for a in given if a.startswith("--jax"))], known_only=True)
        self.complete_absl_config(flags)


config = Config()


class _State:
    """A flag as a context manager: `with jax.enable_x64(True): ...`; `.value` reads it."""

    def __init__(self, name, default=_absent):
        self._name, self._default = name, default
        self.__name__ = name.removeprefix("jax_")

    @property
    def value(self):
        return getattr(config, self._name)

    def __call__(self, new_val=_absent):
        if new_val is _absent:
            if self._default is _absent:
                raise TypeError(f"{self.__name__} needs a value")
            new_val = self._default
        return _Setting(self._name, new_val)

    def __bool__(self):
        return bool(self.value)


class _Setting:
    """A value that a flag has inside the context, or inside calls of the function that it decorates."""

    def __init__(self, name, value):
        self._name, self._value = name, value

    def __enter__(self):
        self._old = getattr(config, self._name)
        config.update(self._name, self._value)

    def __exit__(self, *_):
        config.update(self._name, self._old)

    def __call__(self, fun):
        """As a decorator: fun runs under the setting."""
        from functools import wraps

        @wraps(fun)
        def under(*args, **kwargs):
            with _Setting(self._name, self._value):
                return fun(*args, **kwargs)
        return under


enable_x64 = _State("jax_enable_x64", True)
debug_nans = _State("jax_debug_nans", True)
debug_infs = _State("jax_debug_infs", True)
check_tracer_leaks = checking_leaks = _State("jax_check_tracer_leaks", True)
enable_checks = _State("jax_enable_checks", True)
no_tracing = _State("jax_no_tracing", True)
debug_key_reuse = _State("jax_debug_key_reuse", True)
numpy_dtype_promotion = _State("jax_numpy_dtype_promotion")
numpy_rank_promotion = _State("jax_numpy_rank_promotion")
default_matmul_precision = _State("jax_default_matmul_precision")
default_device = _State("jax_default_device")
default_prng_impl = _State("jax_default_prng_impl")
threefry_partitionable = _State("jax_threefry_partitionable", True)
enable_custom_prng = _State("jax_enable_custom_prng", True)
legacy_prng_key = _State("jax_legacy_prng_key")
softmax_custom_jvp = _State("jax_softmax_custom_jvp", True)
no_execution = _State("jax_no_execution", True)
allow_f16_reductions = _State("jax_allow_f16_reductions", True)
auto_pcast = _State("jax_auto_pcast", True)
jax2tf_associative_scan_reductions = _State("jax2tf_associative_scan_reductions", True)
remove_size_one_mesh_axis_from_type = _State("jax_remove_size_one_mesh_axis_from_type", True)
array_garbage_collection_guard = _State("jax_array_garbage_collection_guard")
thread_guard = _State("jax_thread_guard", True)
transfer_guard = _State("jax_transfer_guard")
transfer_guard_host_to_device = _State("jax_transfer_guard_host_to_device")
transfer_guard_device_to_host = _State("jax_transfer_guard_device_to_host")
transfer_guard_device_to_device = _State("jax_transfer_guard_device_to_device")
log_compiles = _State("jax_log_compiles", True)
explain_cache_misses = _State("jax_explain_cache_misses", True)


def disable_jit(disable=True):
    """Runs jitted functions operation by operation inside the context."""
    return _Setting("jax_disable_jit", disable)


_cotan._set_filtering(_filtering(config.jax_traceback_filtering))
for _name in list(_flags):
    if (_value := os.environ.get(_name.upper())) is not None:
        config.update(_name, _truth(_value) if isinstance(_flags[_name], bool) else _value)
