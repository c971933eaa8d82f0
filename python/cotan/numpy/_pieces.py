"""What jax.numpy builds of Python's own syntax and containers: block, mgrid, ogrid, r_, c_, s_, index_exp, and reading of files and buffers."""
from .. import _cotan

_numpy = _cotan.bound_functions("numpy")
asarray, concatenate, stack = (_numpy[n] for n in ("asarray", "concatenate", "stack"))


def _depth(arrays):
    """How deep lists are nested, the same everywhere."""
    if not isinstance(arrays, list):
        if isinstance(arrays, tuple):
            raise ValueError("jax.numpy.block takes arrays and nested lists of arrays, not tuples.")
        return 0
    if not arrays:
        raise ValueError("jax.numpy.block does not allow empty list arguments")
    depths = {_depth(a) for a in arrays}
    if len(depths) > 1:
        raise ValueError("Mismatched list depths in jax.numpy.block")
    return depths.pop() + 1


def block(arrays):
    """One array of nested lists of blocks: the innermost lists are joined along the last axis, the next along the one before."""
    depth = _depth(arrays)

    def leaves(a):
        return [x for b in a for x in leaves(b)] if isinstance(a, list) else [asarray(a)]
    ndim = max(depth, *(x.ndim for x in leaves(arrays)))

    def join(a, level):
        if isinstance(a, list):
            return concatenate([join(b, level - 1) for b in a], axis=-level)
        x = asarray(a)
        return x.reshape((1,) * (ndim - x.ndim) + x.shape)
    return join(arrays, depth)


def _points(key):
    """The numbers of a slice: a step, or as an imaginary number how many there are from start to stop."""
    start, step = key.start or 0, 1 if key.step is None else key.step
    if isinstance(step, complex):
        return _numpy["linspace"](start, key.stop, int(abs(step)))
    return _numpy["arange"](start, key.stop, step)


class _Grid:
    """mgrid[0:2, 0:3]: the coordinates of a grid."""
    __slots__ = ("_sparse",)

    def __init__(self, sparse):
        self._sparse = sparse

    def __getitem__(self, key):
        if isinstance(key, slice):
            return _points(key)
        axes = [_points(k) for k in key]
        if self._sparse:
            return [_numpy["reshape"](a, tuple(-1 if i == j else 1 for j in range(len(axes)))) for i, a in enumerate(axes)]
        if not axes:
            return _numpy["array"]([])
        return stack(_numpy["meshgrid"](*axes, indexing="ij"), axis=0)


class _Joined:
    """r_[0:3, 5, x]: slices, numbers and arrays one after the other along an axis."""
    __slots__ = ("_axis", "_ndmin", "_place")

    def __init__(self, axis, ndmin, place):
        self._axis, self._ndmin, self._place = axis, ndmin, place

    def __getitem__(self, key):
        items = key if isinstance(key, tuple) else (key,)
        axis, ndmin, place = self._axis, self._ndmin, self._place
        if items and isinstance(items[0], str):
            directive, items = items[0], items[1:]
            if directive in ("r", "c"):  # a row or a column; of columns, nothing changes
                axis, ndmin, place = (axis, ndmin, place) if ndmin == 2 else (-1, 2, -1) if directive == "r" else (0, 2, 0)
                directive = f"{axis},{ndmin},{place}"
            try:
                numbers = [int(n) for n in directive.split(",")]
            except ValueError:
                raise ValueError(f"could not understand directive {directive!r}") from None
            if not 1 <= len(numbers) <= 3:
                raise ValueError(f"could not understand directive {directive!r}")
            axis, ndmin, place = (numbers + [axis, ndmin, place][len(numbers):])[:3]
        out = []
        for item in items:
            if isinstance(item, str):
                raise ValueError("special directive must be the first entry.")
            x = _points(item) if isinstance(item, slice) else asarray(item)
            if x.ndim < ndmin:
                new = ndmin - x.ndim
                first = place if place >= 0 else new + place + 1
                first = min(max(first, 0), new)
                x = x.reshape((1,) * first + x.shape + (1,) * (new - first))
            out.append(x)
        return concatenate(out, axis=axis)


class _Index:
    """s_[1:3]: the subscript itself."""
    __slots__ = ("_always_tuple",)

    def __init__(self, always_tuple):
        self._always_tuple = always_tuple

    def __getitem__(self, key):
        return (key,) if self._always_tuple and not isinstance(key, tuple) else key


mgrid, ogrid = _Grid(False), _Grid(True)
r_, c_ = _Joined(0, 1, -1), _Joined(-1, 2, 0)
s_, index_exp = _Index(False), _Index(True)


def load(file, *args, **kwargs):
    """The array in a .npy file."""
    import numpy
    out = numpy.load(file, *args, **kwargs)
    if not isinstance(out, numpy.ndarray):
        return out
    if out.dtype == numpy.dtype("V2"):
        import ml_dtypes
        out = out.view(ml_dtypes.bfloat16)
    return asarray(out)


def frombuffer(buffer, dtype=float, count=-1, offset=0):
    """The array whose elements lie in a buffer."""
    import numpy
    return asarray(numpy.frombuffer(buffer, dtype=_cotan.dtype_of_code(_cotan.dtype_code(dtype)), count=count, offset=offset))


def fromstring(string, dtype=float, count=-1, *, sep):
    """The array whose elements a text lists."""
    import numpy
    return asarray(numpy.fromstring(string, dtype=_cotan.dtype_of_code(_cotan.dtype_code(dtype)), count=count, sep=sep))


def fromfile(*args, **kwargs):
    """Not there, as in JAX: use jnp.asarray(np.fromfile(...))."""
    raise NotImplementedError("jnp.fromfile() is not implemented because it may be non-pure and thus unsafe for use with JIT and other transformations. "
                              "Consider using jnp.asarray(np.fromfile(...)) instead.")


def fromiter(*args, **kwargs):
    """Not there, as in JAX: use jnp.asarray(list(...))."""
    raise NotImplementedError("jnp.fromiter() is not implemented because it may be non-pure and thus unsafe for use with JIT and other transformations. "
                              "Consider using jnp.asarray(np.fromiter(...)) instead.")
