"""Cotan: JAX's system in C. `import cotan as jax`, or `python -m cotan program.py` to run a program that says `import jax`."""
from . import _cotan
_cotan._excluded_paths().append(__path__[0] + "/")
from ._cotan import Array, grad, jit, jvp, value_and_grad, vmap
from ._config import (check_tracer_leaks, checking_leaks, config, debug_infs, debug_key_reuse, debug_nans, default_matmul_precision, disable_jit, enable_checks, enable_x64,
                      explain_cache_misses, log_compiles, no_tracing, numpy_dtype_promotion, numpy_rank_promotion)
from ._api import (ShapeDtypeStruct, block_until_ready, clear_caches, default_backend, device_count, device_get, device_put, devices, ensure_compile_time_eval,
                   eval_shape, fwd_and_bwd, hessian, jacfwd, jacobian, jacrev, linear_transpose, live_arrays, local_device_count, local_devices, make_jaxpr, named_call,
                   named_scope, process_count, process_index, process_indices, typeof, make_array_from_callback)
from ._derivatives import linearize, vjp
from .custom_derivatives import closure_convert, custom_gradient, custom_jvp, custom_vjp

__version__ = "0.10.2"
__version_info__ = (0, 10, 2)

_SUBMODULES = frozenset(("core", "custom_derivatives", "debug", "dtypes", "errors", "extend", "lax", "nn", "numpy", "ops", "random", "stages", "tree", "tree_util",
                         "typing", "sharding", "scipy", "image", "interpreters", "experimental", "profiler", "monitoring", "util", "api_util", "dlpack",
                         "flatten_util", "version", "ad_checkpoint", "custom_batching", "cloud", "distributed", "example_libraries", "export", "ffi", "ref", "test_util"))

# names that come in when they are asked for
_LATER = {name: module for module, names in {
    "_api": "copy_to_host_async host_count host_id host_ids make_array_from_process_local_data make_array_from_single_device_arrays",
    "_callback": "pure_callback effects_barrier",
    "_debugging": "print_environment_info",
    "_config": "allow_f16_reductions array_garbage_collection_guard auto_pcast default_device default_prng_impl enable_custom_prng "
               "jax2tf_associative_scan_reductions legacy_prng_key no_execution remove_size_one_mesh_axis_from_type softmax_custom_jvp thread_guard "
               "threefry_partitionable transfer_guard transfer_guard_device_to_device transfer_guard_device_to_host transfer_guard_host_to_device",
    "_device": "Device memory",
    "_face": "Shard",
    "_indexing": "ds",
    "_pmap": "pmap",
    "_shard_map": "shard_map",
    "ad_checkpoint": "checkpoint checkpoint_policies remat",
    "dtypes": "float0",
    "ref": "Ref new_ref freeze empty_ref free_ref",
    "sharding": "NamedSharding Mesh make_mesh set_mesh reshard P",
}.items() for name in names.split()}


def _package():
    """The name that modules are imported by: both, where `import jax` means this package."""
    from sys import modules
    return "jax" if modules.get("jax") is modules[__name__] else __name__


def __getattr__(name):
    """Submodules and rarer names come in when they are asked for."""
    from importlib import import_module
    if name in _LATER:
        value = getattr(import_module("." + _LATER[name], __name__), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        try:
            return import_module("." + name, _package())
        except ModuleNotFoundError as e:
            if e.name not in (f"{__name__}.{name}", f"jax.{name}"):
                raise
    if name == "_src":
        from ._alias import private
        return private()
    if name in ("tree_map", "tree_leaves", "tree_flatten", "tree_unflatten", "tree_structure"):
        raise AttributeError(f"jax.{name} was removed; use jax.tree.{name.removeprefix('tree_')}")
    raise AttributeError(f"module 'jax' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_LATER, *_SUBMODULES})
