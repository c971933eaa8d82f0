"""jnp.vectorize: a function of core dimensions, mapped over all others with broadcasting."""
import functools
import re

from .._cotan import _as_array, vmap

_NAMES = r"\w+(?:,\w+)*,?"
_GROUP = rf"\((?:{_NAMES})?\)"
_SIGNATURE = re.compile(rf"{_GROUP}(?:,{_GROUP})*,?->{_GROUP}(?:,{_GROUP})*,?")


def _parse(signature):
    """'(n,m),(m)->(n)' as two lists of tuples of names."""
    compact = re.sub(r"\s", "", signature)
    if not _SIGNATURE.fullmatch(compact):
        raise ValueError(f"not a valid gufunc signature: {signature}")
    return [[tuple(n for n in group.split(",") if n) for group in re.findall(r"\((.*?)\)", side)] for side in compact.split("->")]


def _sizes(shape, names, known, what):
    """Records how long the named core dimensions of one argument or result are."""
    if len(shape) < len(names):
        raise ValueError(f"input with shape {shape} does not have enough dimensions for all core dimensions {names} {what}")
    for name, size in zip(names, shape[len(shape) - len(names):]):
        expected = int(name) if name.isdigit() else known.setdefault(name, size)
        if expected != size:
            raise ValueError(f"inconsistent size for core dimension {name!r}: {size} vs {expected} {what}")


def _checked(fun, signature, sizes, what):
    """fun with the core shapes of its results compared with the signature."""
    def call(*args):
        out = fun(*args)
        outs = out if isinstance(out, (tuple, list)) else (out,)
        if signature is not None:
            if len(signature) > 1 and not isinstance(out, (tuple, list)):
                raise TypeError(f"output must be a tuple when multiple outputs are expected, got: {out!r} {what}")
            if len(outs) != len(signature):
                raise TypeError(f"wrong number of output arguments: expected {len(signature)}, got {len(outs)} {what}")
            for o, names in zip(outs, signature):
                if len(_as_array(o).shape) != len(names):
                    raise ValueError(f"output shape {_as_array(o).shape} does not match core dimensions {names} {what}")
                _sizes(_as_array(o).shape, names, sizes, what)
        return out
    return call


def _look_at_ranks(arrays, leading, signature):
    """What jax_numpy_rank_promotion asks for where leading shapes differ in rank."""
    from .._config import config
    mode = config.jax_numpy_rank_promotion
    if mode == "allow" or len({len(s) for a, s in zip(arrays, leading) if a.ndim}) < 2:
        return
    message = (f"operands with shapes {[a.shape for a in arrays]} require rank promotion for jnp.vectorize function with signature {signature}. "
               "Set the jax_numpy_rank_promotion config option to 'allow' to disable this message; for more information, see "
               "https://docs.jax.dev/en/latest/rank_promotion_warning.html.")
    if mode == "raise":
        raise ValueError(message)
    import warnings
    warnings.warn(message, stacklevel=3)


def vectorize(pyfunc, *, excluded=frozenset(), signature=None):
    """A function like pyfunc that maps over leading dimensions as NumPy's functions broadcast.

    Args:
      pyfunc: a function of scalars, or of arrays with the core dimensions of the signature.
      excluded: positions and names of arguments that are passed on as they are.
      signature: core dimensions, as in "(n,m),(m)->(n)".

    >>> jnp.vectorize(jnp.dot, signature="(n),(n)->()")(jnp.ones((3, 2)), jnp.ones(2))
    Array([2., 2., 2.], dtype=float32)
    """
    if any(not isinstance(e, (str, int)) for e in excluded):
        raise TypeError(f"jax.numpy.vectorize can only exclude integer or string arguments, but excluded={set(excluded)!r}")
    if any(isinstance(e, int) and e < 0 for e in excluded):
        raise ValueError(f"excluded={set(excluded)!r} contains negative numbers")

    @functools.wraps(pyfunc)
    def wrapped(*args, **kwargs):
        what = f"on vectorized function with excluded={set(excluded)!r} and signature={signature!r}"
        mapped = [i for i in range(len(args)) if i not in excluded]
        named = [k for k in kwargs if k not in excluded]

        def of_mapped(*values):
            full = list(args)
            for i, v in zip(mapped, values):
                full[i] = v
            return pyfunc(*full, **{**kwargs, **dict(zip(named, values[len(mapped):]))})

        arrays = [_as_array(args[i]) for i in mapped] + [_as_array(kwargs[k]) for k in named]
        ins, outs = _parse(signature) if signature is not None else ([()] * len(arrays), None)
        if len(ins) != len(arrays):
            raise TypeError(f"wrong number of positional arguments: expected {len(ins)}, got {len(arrays)} {what}")
        sizes = {}
        for a, names in zip(arrays, ins):
            _sizes(a.shape, names, sizes, what)
        leading = [a.shape[:a.ndim - len(names)] for a, names in zip(arrays, ins)]
        _look_at_ranks(arrays, leading, signature)
        return _mapped(_checked(of_mapped, outs, sizes, what), arrays, leading)

    return wrapped


def _mapped(fun, arrays, leading):
    """fun under one vmap for each dimension of the common leading shape; dimensions of length one are left out and put back."""
    from . import broadcast_shapes, expand_dims, squeeze
    shape = broadcast_shapes(*leading)
    padded = [(1,) * (len(shape) - len(s)) + s for s in leading]
    arrays = [squeeze(a, tuple(i for i, n in enumerate(s) if n == 1)) for a, s in zip(arrays, leading)]
    single = []
    for axis in reversed(range(len(shape))):
        axes = tuple(None if s[axis] == 1 else 0 for s in padded)
        if all(a is None for a in axes):
            single.append(axis)
        else:
            fun = vmap(fun, in_axes=axes)
    out = fun(*arrays)
    back = tuple(sorted(single))
    wide = lambda x: expand_dims(_as_array(x), back) if back else x
    return tuple(map(wide, out)) if isinstance(out, (tuple, list)) else wide(out)
