"""Functions of the `jax` module that are no transformations: devices, shapes without values, and derivatives put together from others."""
import math
from types import SimpleNamespace

from . import _cotan
from ._cotan import tree_flatten, tree_map, tree_unflatten, vmap, jit, jvp
from ._derivatives import vjp


class ShapeDtypeStruct:
    """The shape and dtype of an array without its value."""
    __slots__ = ("shape", "_dtype", "sharding", "weak_type", "is_ref", "__weakref__")
    vma = format = None

    def __init__(self, shape, dtype, *, sharding=None, weak_type=False, manual_axis_type=None, is_ref=False):
        if dtype is None:
            raise ValueError("ShapeDtypeStruct: dtype must be specified.")
        for name, value in zip(self.__slots__, (tuple(shape), dtype, sharding, weak_type, is_ref)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        raise RuntimeError(f"Cannot reassign attributes ({name}) of immutable ShapeDtypeStruct objects")

    @property
    def dtype(self):
        return _cotan.dtype_of_code(_cotan.dtype_code(self._dtype))

    @property
    def ndim(self):
        return len(self.shape)

    size = property(lambda self: math.prod(self.shape))

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __repr__(self):
        more = f", sharding={self.sharding}" if self.sharding is not None else ""
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={self.dtype.name}{more}{', weak_type=True' if self.weak_type else ''}{', is_ref=True' if self.is_ref else ''})"

    def __eq__(self, other):
        return isinstance(other, ShapeDtypeStruct) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def _key(self):
        return self.shape, self.dtype, self.sharding, self.weak_type, self.is_ref

    def __reduce__(self):
        from functools import partial
        return partial(ShapeDtypeStruct, sharding=self.sharding, weak_type=self.weak_type, is_ref=self.is_ref), (self.shape, self._dtype)

    @classmethod
    def like(cls, x):
        """The shape, dtype and weakness of an array or number."""
        aval = typeof(x)
        return cls(aval.shape, aval.dtype, weak_type=aval.weak_type)

    def update(self, **changes):
        return ShapeDtypeStruct(**{**dict(zip(("shape", "dtype", "sharding", "weak_type", "is_ref"), self._key())), **changes})


def make_jaxpr(fun, static_argnums=(), axis_env=None, return_shape=False):
    """A function that returns the jaxpr of fun for arguments like those it is called with."""
    from . import _stages
    return _stages.make_jaxpr(fun, static_argnums, axis_env, return_shape)


@_cotan._boundary
def eval_shape(fun, *args, **kwargs):
    """Shapes and dtypes of fun's result; nothing is computed."""
    from . import _stages
    return _stages.eval_shape(fun, *args, **kwargs)


def typeof(x):
    """The type of a value, or the one that a ShapeDtypeStruct stands for."""
    if isinstance(x, _cotan.Array):
        return x.aval
    from .core import ShapedArray, get_aval
    return ShapedArray(x.shape, x.dtype, x.weak_type) if isinstance(x, ShapeDtypeStruct) else get_aval(x)


# ---- devices ----

_all_devices = ()


def devices(backend=None):
    """The devices of a backend; here there is the processor's."""
    global _all_devices
    if backend is not None and backend != "cpu":
        raise RuntimeError(f"Unknown backend: {backend!r} requested, but no platforms that are instances of {backend} are present.")
    if not _all_devices:
        from ._device import all_devices
        _all_devices = all_devices()
    return list(_all_devices)


def local_devices(process_index=None, backend=None, host_id=None):
    """The devices of this process: all."""
    return devices(backend)


def device_count(backend=None):
    """How many devices there are."""
    return len(devices(backend))


def local_device_count(backend=None):
    """How many devices this process has: all."""
    return len(devices(backend))


def default_backend():
    """The platform that programs run on."""
    return "cpu"


def process_index(backend=None):
    """The number of this process among those that compute together; it is alone."""
    return 0


def process_count(backend=None):
    """How many processes compute together."""
    return 1


def process_indices(backend=None):
    """The numbers of all processes."""
    return list(range(process_count(backend)))


host_id, host_count, host_ids = process_index, process_count, process_indices
live_arrays = lambda platform=None: []


def clear_caches():
    """Forgets the programs of all jitted functions."""
    _cotan._clear_caches()


def block_until_ready(x):
    """Waits for every array of a pytree; returns it."""
    return x


def device_put(x, device=None, *, src=None, donate=False, may_alias=None):
    """A pytree's leaves as arrays on a device."""
    if device is not None:
        from .sharding import check, placed
        check(device)
    guard = _cotan.set_transfer_guard(0)
    try:
        if guard >= 3:  # of explicit transfers too
            _cotan.set_transfer_guard(guard)
        made = tree_map(_cotan._as_array, x)
    finally:
        _cotan.set_transfer_guard(guard)
    return made if device is None else placed(made, device)


def device_get(x):
    """A pytree's leaves as NumPy arrays; what is traced and random keys stay as they are."""
    import numpy

    def get(leaf):
        stays = isinstance(leaf, _cotan.Tracer) or (isinstance(leaf, _cotan.Array) and not isinstance(leaf, _cotan.ArrayImpl))
        return leaf if stays or not hasattr(leaf, "__array__") else numpy.asarray(leaf)
    return tree_map(get, x)


def make_array_from_callback(shape, sharding, data_callback, dtype=None):
    """The array whose parts data_callback gives for their indices: here one part, which is all of it."""
    from .sharding import placed
    return placed(_cotan._as_array(data_callback((slice(None),) * len(shape)), dtype), sharding)


def make_array_from_single_device_arrays(shape, sharding, arrays, *, dtype=None):
    """An array of its parts on each device; here of one."""
    if len(arrays) != 1:
        raise NotImplementedError(f"make_array_from_single_device_arrays of {len(arrays)} arrays: arrays lie on one device")
    x = _cotan._as_array(arrays[0])
    if x.shape != tuple(shape):
        raise ValueError(f"make_array_from_single_device_arrays: the part of shape {x.shape} does not make an array of shape {tuple(shape)}")
    return x


def make_array_from_process_local_data(sharding, local_data, global_shape=None):
    """An array of the part that this process has, which is all of it."""
    x = _cotan._as_array(local_data)
    if global_shape is not None and tuple(global_shape) != x.shape:
        raise ValueError(f"make_array_from_process_local_data: data of shape {x.shape} in one process does not make an array of shape {tuple(global_shape)}")
    return x


def copy_to_host_async(x):
    """Nothing to do: arrays lie in the host's memory."""
    return x


# ---- names of parts of a program ----

class named_scope:
    """Names the operations inside the context, or those of the decorated function."""

    def __init__(self, name):
        if not isinstance(name, str):
            raise TypeError("named_scope name argument must be a string.")
        self.name = name

    def __enter__(self):
        _cotan._push_name(self.name)
        return self

    def __exit__(self, *_):
        _cotan._pop_name()

    def __call__(self, fun):
        from functools import wraps

        @wraps(fun)
        def named(*args, **kwargs):
            with named_scope(self.name):
                return fun(*args, **kwargs)
        return named


def named_call(fun, *, name=None):
    """fun with its operations under its name."""
    return named_scope(name or fun.__name__)(fun)


class ensure_compile_time_eval:
    """Inside, operations on values that are known are evaluated while a program is traced."""

    def __enter__(self):
        self._before = _cotan._fold_constants(True)
        return self

    def __exit__(self, *_):
        _cotan._fold_constants(self._before)

    def __call__(self, fun):
        from functools import wraps

        @wraps(fun)
        def inside(*args, **kwargs):
            with ensure_compile_time_eval():
                return fun(*args, **kwargs)
        return inside


# ---- whole Jacobians ----

def _argnums(argnums):
    return (argnums,) if isinstance(argnums, int) else tuple(argnums)


def _as_example(x, example):
    """x in the dtype and weakness of an example; of what has no tangent zeros."""
    from . import numpy as jnp
    if x.dtype.names:  # float0
        x = jnp.zeros(x.shape, example.dtype)
    x = x if x.dtype == example.dtype else x.astype(example.dtype)
    return x if x.weak_type == example.weak_type else _cotan._with_weak_type(x, example.weak_type)


def _basis(tree):
    """One-hot tangents (or cotangents) for every element of a tree, stacked along a first axis."""
    from . import numpy as jnp
    leaves, treedef = tree_flatten(tree)
    total = sum(leaf.size for leaf in leaves)
    parts, start = [], 0
    for leaf in leaves:
        eye = jnp.eye(total, leaf.size, k=-start, dtype=leaf.dtype)
        parts.append(_as_example(eye.reshape((total, *leaf.shape)), leaf))
        start += leaf.size
    return tree_unflatten(treedef, parts)


def _unstack(tree, stacked, axis, example):
    """Turns an axis over all elements of `tree` into a tree of arrays with those leaves' shapes there, and the example's type."""
    from . import numpy as jnp
    leaves, treedef = tree_flatten(tree)
    parts, start = [], 0
    axis %= stacked.ndim
    for leaf in leaves:
        piece = stacked[(slice(None),) * axis + (slice(start, start + leaf.size),)]
        parts.append(_as_example(piece.reshape(stacked.shape[:axis] + tuple(leaf.shape) + stacked.shape[axis + 1:]), example))
        start += leaf.size
    return tree_unflatten(treedef, parts)


def _check(who, tree, holomorphic, allow_int, what, allow_complex=False):
    import numpy as np
    for leaf in tree_flatten(tree)[0]:
        d = _cotan._as_array(leaf).dtype
        if holomorphic and not np.issubdtype(d, np.complexfloating):
            raise TypeError(f"{who} with holomorphic=True requires {what}s with complex dtype, but got {d.name}.")
        if not (holomorphic or allow_complex) and np.issubdtype(d, np.complexfloating):
            raise TypeError(f"{who} requires real-valued {what}s ({what} dtype that is a sub-dtype of np.floating), but got {d.name}. For holomorphic "
                            "differentiation, pass holomorphic=True. For others, use jax.jvp or jax.vjp directly.")
        if not (holomorphic or allow_int) and np.issubdtype(d, np.integer):
            raise TypeError(f"{who} requires real- or complex-valued {what}s ({what} dtype that is a sub-dtype of np.inexact), but got {d.name}.")


def _partial(fun, argnums, args, kwargs):
    for i in argnums:
        if not -len(args) <= i < len(args):
            raise ValueError("Positional argument indices, e.g. for `argnums`, must have value greater than or equal to -len(args) and less than len(args), "
                             f"but got value {i} for len(args) == {len(args)}.")
    chosen = tuple(args[i] for i in argnums)

    def of_chosen(*values):
        full = list(args)
        for i, v in zip(argnums, values):
            full[i] = v
        return fun(*full, **kwargs)

    return of_chosen, tree_map(_cotan._as_array, chosen)


def _named(fun, outer, what):
    outer.__name__ = getattr(fun, "__name__", what)
    outer.__doc__, outer.__wrapped__ = getattr(fun, "__doc__", None), fun
    return outer


def jacfwd(fun, argnums=0, has_aux=False, holomorphic=False):
    """The Jacobian of fun, column by column with forward-mode differentiation."""
    if not callable(fun):
        raise TypeError(f"Expected a callable value, got {fun}")

    @_cotan._boundary
    def jacobian(*args, **kwargs):
        f, chosen = _partial(fun, _argnums(argnums), args, kwargs)
        _check("jacfwd", chosen, holomorphic, False, "input")
        examples = []

        def push(tangents):
            y, *rest = jvp(f, chosen, tangents, has_aux=has_aux)
            examples.extend(SimpleNamespace(dtype=leaf.dtype, weak_type=leaf.weak_type) for leaf in tree_flatten(y)[0])
            return rest
        columns, *aux = vmap(push, out_axes=[-1, None][:1 + has_aux])(_basis(chosen))
        of = chosen[0] if isinstance(argnums, int) else chosen
        leaves, treedef = tree_flatten(columns)
        out = tree_unflatten(treedef, [_unstack(of, c, -1, example) for c, example in zip(leaves, examples)])
        return (out, aux[0]) if has_aux else out

    return _named(fun, jacobian, "jacfwd")


def jacrev(fun, argnums=0, has_aux=False, holomorphic=False, allow_int=False):
    """The Jacobian of fun, row by row with reverse-mode differentiation."""
    if not callable(fun):
        raise TypeError(f"Expected a callable value, got {fun}")

    @_cotan._boundary
    def jacobian(*args, **kwargs):
        f, chosen = _partial(fun, _argnums(argnums), args, kwargs)
        _check("jacrev", chosen, holomorphic, allow_int, "input", allow_complex=True)
        y, pull, *aux = vjp(f, *chosen, has_aux=has_aux)
        _check("jacrev", y, holomorphic, False, "output")
        rows = vmap(pull)(_basis(y))
        rows, of = (rows[0], chosen[0]) if isinstance(argnums, int) else (rows, chosen)
        leaves, treedef = tree_flatten(rows)
        parts = [_unstack(y, leaf, 0, example) for leaf, example in zip(leaves, tree_flatten(of)[0])]  # each a tree like y
        outs, ytree = [tree_flatten(p)[0] for p in parts], tree_flatten(y)[1]
        out = ytree.unflatten([tree_unflatten(treedef, [o[i] for o in outs]) for i in range(ytree.num_leaves)])
        return (out, aux[0]) if has_aux else out

    return _named(fun, jacobian, "jacrev")


jacobian = jacrev


def hessian(fun, argnums=0, has_aux=False, holomorphic=False):
    """Second derivatives of fun: the forward-mode Jacobian of the reverse-mode one."""
    return jacfwd(jacrev(fun, argnums, has_aux=has_aux, holomorphic=holomorphic), argnums, has_aux=has_aux, holomorphic=holomorphic)


def linear_transpose(fun, *primals, reduce_axes=()):
    """The transpose of a function that is linear in its arguments, whose shapes primals give."""
    from . import numpy as jnp
    if reduce_axes:
        raise NotImplementedError("reduce_axes argument to transpose is deprecated")
    return _cotan._linear_transpose(fun, tree_map(lambda p: jnp.zeros(p.shape, p.dtype) if isinstance(p, ShapeDtypeStruct) else p, primals))


def fwd_and_bwd(fun, argnums, has_aux=False, jitted=True):
    """(forward, backward): forward(*args) -> (fun's result, residuals [, aux]), backward(residuals, cotangent) -> cotangents of the arguments of argnums."""
    if not callable(fun):
        raise TypeError(f"Expected a callable value, got {fun}")
    single = isinstance(argnums, int)

    def forward(*args, **kwargs):
        f, chosen = _partial(fun, _argnums(argnums), args, kwargs)
        return vjp(f, *chosen, has_aux=has_aux)

    def backward(residuals, cotangent):
        cts = residuals(cotangent)
        return cts[0] if single else cts

    return (jit(forward), jit(backward)) if jitted else (forward, backward)
