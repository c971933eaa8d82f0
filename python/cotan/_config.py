"""jax.config: flags that change what the library does, per thread, with a default for all threads."""
import os
import sys
from . import _cotan

_absent = object()


def _truth(value):
    return value.lower() in ("1", "true", "t", "yes", "y", "on") if isinstance(value, str) else bool(value)


# name -> default: every option of JAX, of which many concern devices, compilers and caches that are not here
_flags = {
    "check_vma": False, "eager_constant_folding": False, "jax2tf_associative_scan_reductions": False, "jax2tf_default_native_serialization": True,
    "jax_allow_f16_reductions": True, "jax_array_garbage_collection_guard": None, "jax_auto_pcast": True, "jax_backend_target": "",
    "jax_bcoo_cusparse_lowering": False, "jax_captured_constants_report_frames": 0, "jax_captured_constants_warn_bytes": 2000000000,
    "jax_check_proxy_envs": True, "jax_check_static_indices": False, "jax_check_tracer_leaks": False, "jax_compilation_cache_check_contents": False,
    "jax_compilation_cache_dir": None, "jax_compilation_cache_expect_pgle": False, "jax_compilation_cache_include_metadata_in_key": False,
    "jax_compilation_cache_max_size": -1, "jax_compiler_detailed_logging_min_ops": 10, "jax_compiler_enable_remat_pass": True,
    "jax_cpu_collectives_implementation": "gloo", "jax_cpu_enable_async_dispatch": True, "jax_cpu_get_global_topology_timeout_minutes": 5,
    "jax_cpu_get_local_topology_timeout_minutes": 2, "jax_cross_host_transfer_socket_address": "", "jax_cross_host_transfer_timeout_seconds": None,
    "jax_cross_host_transfer_transfer_size": None, "jax_cross_host_transport_addresses": "", "jax_cuda_visible_devices": "all", "jax_custom_vjp3": False,
    "jax_debug_infs": False, "jax_debug_key_reuse": False, "jax_debug_leaked_clients_on_clear_backends": False, "jax_debug_log_modules": "",
    "jax_debug_nans": False, "jax_default_device": None, "jax_default_matmul_precision": None, "jax_default_prng_impl": "threefry2x32",
    "jax_disable_bwd_checks": False, "jax_disable_jit": False, "jax_disable_most_optimizations": False, "jax_disable_vmap_shmap_error": False,
    "jax_disallow_mesh_context_manager": False, "jax_distributed_debug": False, "jax_dump_ir_modes": "stablehlo", "jax_dump_ir_to": "",
    "jax_embedded_constants_max_bytes": 32, "jax_enable_checks": False, "jax_enable_compilation_cache": True, "jax_enable_custom_prng": False,
    "jax_enable_pgle": False, "jax_enable_preemption_service": True, "jax_enable_recoverability": False, "jax_enable_x64": False,
    "jax_error_checking_behavior_divide": "ignore", "jax_error_checking_behavior_nan": "ignore", "jax_error_checking_behavior_oob": "ignore",
    "jax_exec_time_optimization_effort": 0.0, "jax_experimental_unsafe_xla_runtime_errors": False, "jax_explain_cache_misses": False,
    "jax_explicit_x64_dtypes": 1, "jax_export_calling_convention_version": 10, "jax_export_ignore_forward_compatibility": False,
    "jax_force_dcn_cross_host_transfers": False, "jax_high_dynamic_range_gumbel": False, "jax_hlo_source_file_canonicalization_regex": None,
    "jax_include_debug_info_in_dumps": True, "jax_include_full_tracebacks_in_locations": True, "jax_legacy_prng_key": "allow",
    "jax_log_checkpoint_residuals": False, "jax_log_compiles": False, "jax_logging_level": "NOTSET", "jax_memory_fitting_effort": 0.0,
    "jax_memory_fitting_level": "O2", "jax_mock_gpu_topology": "", "jax_mosaic_allow_hlo": False, "jax_mutable_array_checks": True,
    "jax_no_execution": False, "jax_no_tracing": False, "jax_num_cpu_devices": -1, "jax_numpy_dtype_promotion": "standard",
    "jax_numpy_rank_promotion": "allow", "jax_oneapi_visible_devices": "all", "jax_optimization_level": "UNKNOWN",
    "jax_pallas_enable_debug_checks": False, "jax_pallas_poison_buffers": False, "jax_pallas_use_mosaic_gpu": True, "jax_pallas_verbose_errors": False,
    "jax_persistent_cache_enable_xla_caches": "xla_gpu_per_fusion_autotune_cache_dir", "jax_persistent_cache_min_compile_time_secs": 1.0,
    "jax_persistent_cache_min_entry_size_bytes": 0, "jax_pgle_aggregation_percentile": 90, "jax_pgle_profiling_runs": 3,
    "jax_pjrt_client_create_options": None, "jax_platform_name": "", "jax_platforms": None, "jax_pprint_use_color": True,
    "jax_ragged_dot_use_gpu_pallas_triton_lowering": False, "jax_ragged_dot_use_ragged_dot_instruction": True, "jax_raise_persistent_cache_errors": False,
    "jax_random_seed_offset": 0, "jax_refs_to_pins": False, "jax_remat3": False, "jax_remove_custom_partitioning_ptr_from_cache_key": False,
    "jax_remove_size_one_mesh_axis_from_type": False, "jax_rocm_visible_devices": "all", "jax_scan3": False, "jax_send_traceback_to_runtime": "off",
    "jax_serialization_version": 0, "jax_share_binary_between_hosts": False, "jax_share_binary_between_hosts_timeout_ms": 1200000,
    "jax_softmax_custom_jvp": False, "jax_sort_devices_by_process_index": True, "jax_source_url_schema": None, "jax_thread_guard": False,
    "jax_threefry_gpu_kernel_lowering": False, "jax_threefry_partitionable": True, "jax_traceback_filtering": "auto",
    "jax_traceback_in_locations_limit": 100, "jax_tracer_error_num_traceback_frames": 5, "jax_transfer_guard": None,
    "jax_transfer_guard_device_to_device": None, "jax_transfer_guard_device_to_host": None, "jax_transfer_guard_host_to_device": None,
    "jax_use_direct_linearize": True, "jax_use_emit_pipeline_primitive": False, "jax_use_magma": "auto", "jax_use_shardy_partitioner": True,
    "jax_use_simplified_jaxpr_constants": False, "jax_xla_backend": "", "jax_xla_profile_version": 0, "mock_num_gpu_processes": 0}
_setters = {"jax_enable_x64": (_cotan.get_x64, _cotan.set_x64), "jax_disable_jit": (_cotan.get_disable_jit, _cotan.set_disable_jit)}


# option -> its switch in the library, and the value that turns it on
_switches = {"jax_debug_nans": ("nans", True), "jax_debug_infs": ("infs", True), "jax_check_tracer_leaks": ("leaks", True), "jax_enable_checks": ("programs", True),
             "jax_no_tracing": ("no_tracing", True), "jax_debug_key_reuse": ("keys", True), "jax_no_execution": ("no_execution", True),
             "jax_allow_f16_reductions": ("no_f16_sums", False), "jax_threefry_partitionable": ("in_halves", False)}
_ranks, _raw_keys = ("allow", "warn", "raise"), ("allow", "warn", "error")
# what hears of options that decide what tracing gives: programs traced before do not count any more
_traced = {"jax_default_prng_impl": _cotan.set_prng, "jax_numpy_rank_promotion": lambda value: _cotan.set_rank_promotion(_ranks.index(value)),
           "jax_numpy_dtype_promotion": lambda value: _cotan.set_strict_promotion(value == "strict"),
           "jax_legacy_prng_key": lambda value: _cotan.set_raw_keys(_raw_keys.index(value)), "jax_enable_custom_prng": _cotan.set_typed_keys,
           **dict.fromkeys(("jax_allow_f16_reductions", "jax_threefry_partitionable"), lambda value: None)}  # their switches have heard

# the values of flags that are one of a few words
_filterings = ("off", "tracebackhide", "remove_frames", "quiet_remove_frames", "auto")
_guards = (None, "allow", "log", "disallow", "log_explicit", "disallow_explicit")
_words = {**{f"jax_transfer_guard{kind}": _guards for kind in ("", "_host_to_device", "_device_to_host", "_device_to_device")},
          "jax_array_garbage_collection_guard": (None, "allow", "log", "fatal"), "jax_legacy_prng_key": _raw_keys, "jax_numpy_rank_promotion": _ranks,
          "jax_default_prng_impl": ("threefry2x32", "rbg", "unsafe_rbg"), "jax_numpy_dtype_promotion": ("standard", "strict"),
          "jax_traceback_filtering": _filterings,
          "jax_default_matmul_precision": (None, "default", "high", "highest", "bfloat16", "tensorfloat32", "float32", "ANY_F8_ANY_F8_F32",
                                           "ANY_F8_ANY_F8_F32_FAST_ACCUM", "ANY_F8_ANY_F8_ANY", "ANY_F8_ANY_F8_ANY_FAST_ACCUM", "F16_F16_F16", "F16_F16_F32",
                                           "BF16_BF16_BF16", "BF16_BF16_F32", "BF16_BF16_F32_X3", "BF16_BF16_F32_X6", "BF16_BF16_F32_X9", "TF32_TF32_F32",
                                           "TF32_TF32_F32_X3", "F32_F32_F32", "F64_F64_F64")}

# the only values so far of options that change results
_only = {"jax_random_seed_offset": 0, "jax_high_dynamic_range_gumbel": False}


def _filtering(mode):
    """The library's number of a mode; auto leaves the hiding to IPython where that runs the program."""
    if mode == "auto":
        mode = "tracebackhide" if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() else "quiet_remove_frames"
    return _filterings.index(mode)


class Config:
    """Flags as attributes: config.jax_enable_x64; config.update(name, value) changes one."""

    jax_enable_x64, jax_disable_jit = (property(lambda self, get=get: get()) for get, _ in _setters.values())

    def __getattr__(self, name):
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
        if value not in _words.get(name, (value,)):
            raise ValueError(f"new enum value must be None or in {[w for w in _words[name] if w]}, got {value} of type {type(value)}.")
        if value != _only.get(name, value):
            raise NotImplementedError(f"{name} = {value!r} is not there yet")
        if isinstance(_flags[name], bool):
            value = _truth(value)
        if name in _switches:
            switch, on = _switches[name]
            _cotan._set_switch(switch, value == on)
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
