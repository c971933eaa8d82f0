"""What the extension asks of Python: methods of arrays with free-form arguments, jit's options, signatures."""
from . import _cotan

_numpy = _cotan.bound_functions("numpy")
_ArrayImpl = _cotan.ArrayImpl


def _function(name):
    try:
        return _numpy[name]
    except KeyError:
        raise NotImplementedError(f"jax.numpy.{name} does not exist yet") from None


# ---- methods ----

def array_reshape(x, *args, order="C", copy=None, out_sharding=None):
    shape = args[0] if len(args) == 1 else args
    return _function("reshape")(x, shape) if order == "C" else _function("reshape")(x, shape, order)


def array_transpose(x, *args):
    axes = args[0] if len(args) == 1 else args or None
    return _function("transpose")(x) if axes is None else _function("transpose")(x, axes)


def array_flatten(x, order="C", out_sharding=None):
    return _function("ravel")(x) if order == "C" else _function("ravel")(x, order)


def array_clip(x, min=None, max=None):
    return _function("clip")(x, min, max)


def array_text(x, as_repr):
    """str or repr with NumPy's print options as the program set them."""
    import numpy
    elements = numpy.asarray(x)
    if not as_repr:
        return str(elements)
    width = numpy.get_printoptions()["linewidth"]
    kind = f"dtype={x.dtype.name}{', weak_type=True' if x.weak_type else ''})"
    text = numpy.array2string(elements, prefix="Array(", suffix=",", separator=", ") if x.size else f"[], shape={x.shape}"
    fits = len(text.rsplit("\n", 1)[-1]) + len(kind) + 3 <= width
    return f"Array({text},{' ' if fits else ' ' * 6}{kind}"


def array_choose(x, choices, out=None, mode="raise"):
    return _function("choose")(x, choices, mode=mode)


def array_compress(x, condition, axis=None, *, out=None, size=None, fill_value=0):
    return _function("compress")(condition, x, axis=axis, size=size, fill_value=fill_value)


def array_copy(x):
    return _function("copy")(x)


def array_tobytes(x, order="C"):
    import numpy
    return numpy.asarray(x).tobytes(order)


def array_namespace(x, *, api_version=None):
    """The array API's functions: jax.numpy, in each version that it speaks."""
    from . import numpy
    if api_version is not None and api_version != numpy.__array_api_version__:
        raise ValueError(f"api_version='{api_version}' is not available; available versions are: ['{numpy.__array_api_version__}']")
    return numpy


def array_contains(x, item):
    """Whether an element equals the item."""
    return bool((x == item).any())


def array_to_device(x, device, *, stream=None):
    return x


def array_format(x):
    from .experimental.layout import Format, Layout
    return Format(Layout(tuple(range(x.ndim))), x.sharding)


def array_device(x):
    from ._device import all_devices
    return all_devices()[0]


def array_sharding(x):
    from .sharding import SingleDeviceSharding
    return SingleDeviceSharding()


class Shard:
    """The part of an array on one device, which is all of it."""
    replica_id = 0

    def __init__(self, device, sharding, global_shape, data=None):
        self.device, self.data, self._ndim = device, data, len(global_shape)

    @property
    def index(self):
        return (slice(None),) * self._ndim

    def __repr__(self):
        return f"Shard(device={self.device!r}, index={self.index}, replica_id={self.replica_id}, data={self.data})"


def array_shards(x):
    return [Shard(array_device(x), x.sharding, x.shape, x)]


def array_addressable_data(x, index):
    return x


def array_aval(x):
    from .core import ShapedArray
    return ShapedArray(x.shape, x.dtype, x.weak_type)


def array_pickled_key(key):
    """What makes the key again: its words and how it draws."""
    import numpy
    from . import random
    return _restore_key, (numpy.asarray(random.key_data(key)), str(random.key_impl(key)))


def _restore_key(words, impl):
    from . import random
    return random.wrap_key_data(words, impl=impl)


def _restore_array(n, weak):
    return _cotan._with_weak_type(_cotan._as_array(n), weak)


# ---- jit's options ----

def _numbers(value):
    if value is None or isinstance(value, int):
        return () if value is None else (value,)
    from operator import index
    return tuple(map(index, value))


def _names(value):
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def resolve(fun, nums, names, what="static_argnames"):
    """Positions and names of the same arguments: the one that is None is completed from the other by the signature."""
    both = nums is not None and names is not None
    nums, names = _numbers(nums), _names(names)
    if not nums and not names:
        return nums, names
    import inspect
    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (ValueError, TypeError):
        return nums, names
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variadic = any(p.kind == p.VAR_POSITIONAL for p in parameters)
    anything = any(p.kind == p.VAR_KEYWORD for p in parameters)
    known = {p.name for p in parameters}
    for n in nums:
        if not variadic and not -len(positional) <= n < len(positional):
            raise ValueError(f"Jitted function has {what.replace('names', 'nums')}={nums}, but only accepts {len(positional)} positional arguments.")
    if set(names) - known and not anything:
        raise ValueError(f"Jitted function has invalid argnames {set(names) - known} in {what}. Function does not take these args.")
    if both:
        return nums, names
    more_names = tuple(positional[n] for n in nums if -len(positional) <= n < len(positional))
    more_nums = tuple(positional.index(n) for n in names if n in positional)
    return tuple(dict.fromkeys(nums + more_nums)), tuple(dict.fromkeys(names + more_names))


_unset = object()


def jit(fun=_unset, /, *, in_shardings=None, out_shardings=None, static_argnums=None, static_argnames=None, donate_argnums=None, donate_argnames=None,
        keep_unused=False, device=None, backend=None, inline=False, compiler_options=None):
    if fun is _unset:
        return lambda f: jit(f, in_shardings=in_shardings, out_shardings=out_shardings, static_argnums=static_argnums, static_argnames=static_argnames,
                             donate_argnums=donate_argnums, donate_argnames=donate_argnames, keep_unused=keep_unused, inline=inline)
    if not callable(fun):
        raise TypeError(f"Expected a callable value, got {fun}")
    nums, names = resolve(fun, static_argnums, static_argnames)
    donate, _ = resolve(fun, donate_argnums, donate_argnames, "donate_argnames")
    if set(donate) & set(nums):
        raise ValueError("static_argnums and donate_argnums cannot intersect.")
    if in_shardings is not None or out_shardings is not None:
        from .sharding import check
        check((in_shardings, out_shardings))
    return _cotan._jit(fun, nums, frozenset(names) if names else None, donate, bool(keep_unused), bool(inline), out_shardings)


def signature_of(text):
    import inspect
    scope = {}
    try:
        exec(f"def f{text}: pass", {}, scope)
    except Exception:  # a default that is no plain literal
        return None
    return inspect.signature(scope["f"])
