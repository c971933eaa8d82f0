"""Universal functions: reduce, accumulate, at, outer and reduceat of the functions that have them, and those made of a user's function."""
import operator

_UPDATES = {"add": "add", "subtract": "subtract", "multiply": "multiply", "maximum": "max", "minimum": "min"}
_REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all", "logical_or": "any"}
_SCANS = {"add": "cumsum", "multiply": "cumprod"}
_IDENTITIES = {"add": 0, "subtract": None, "multiply": 1, "logical_and": True, "logical_or": False, "logical_xor": False, "bitwise_and": -1,
               "bitwise_or": 0, "bitwise_xor": 0, "logaddexp": -float("inf"), "logaddexp2": -float("inf")}

_FUNCTIONS = {*_IDENTITIES, "maximum", "minimum", "negative"}


def _jnp():
    from .. import numpy
    return numpy


def _to_front(f, a, axis):
    """The array with the axis in front; all elements as a vector without one."""
    jnp = _jnp()
    a = jnp.asarray(a)
    if f.nin != 2 or f.nout != 1:
        raise ValueError("this method is supported for functions of two arguments and one result only")
    return jnp.moveaxis(a, axis, 0) if axis is not None else a.reshape(-1)


class ufunc:
    """A function of elements, applied to arrays that broadcast."""

    def __init__(self, func, /, nin, nout, *, name=None, nargs=None, identity=None, call=None, reduce=None, accumulate=None, at=None, reduceat=None):
        self.__name__ = name or getattr(func, "__name__", "ufunc")
        self.__doc__ = func.__doc__
        self.nin, self.nout, self.nargs, self.identity = operator.index(nin), operator.index(nout), operator.index(nargs or nin), identity
        self._func, self._call = func, call or _jnp().vectorize(func)
        self._own = {"reduce": reduce, "accumulate": accumulate, "at": at, "reduceat": reduceat}

    def __repr__(self):
        return f"<jnp.ufunc '{self.__name__}'>"

    def __hash__(self):
        return hash((self._func, self.__name__, self.identity, self.nin, self.nout))

    def __eq__(self, other):
        return isinstance(other, ufunc) and (self._func, self.__name__, self.identity, self.nin, self.nout) == (
            other._func, other.__name__, other.identity, other.nin, other.nout)

    def __call__(self, *args, out=None, where=None):
        if out is not None or where is not None:
            raise NotImplementedError(f"{'out' if out is not None else 'where'} argument of {self}")
        out = self._call(*args)
        if self.nout == 0:
            return None
        return out if self.nout == 1 else tuple(out)

    def reduce(self, a, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
        """The function between all elements along an axis, from the first to the last."""
        jnp, own = _jnp(), self._own["reduce"]
        if out is not None:
            raise NotImplementedError(f"out argument of {self.__name__}.reduce()")
        if own is not None:
            return own(a, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)
        if where is not None:
            if initial is None and self.identity is None:
                raise ValueError(f"reduction operation {self.__name__} does not have an identity, so to use a where mask one has to specify 'initial'.")
            a = jnp.where(where, a, self.identity)
        if isinstance(axis, (tuple, list)):
            if len(axis) > 1 and self.identity is None:
                raise NotImplementedError(f"{self.__name__}.reduce() over a tuple of axes")
            a = jnp.asarray(a)
            rest = [i for i in range(a.ndim) if i not in [d % a.ndim for d in axis]]
            shape = [1 if i not in rest else n for i, n in enumerate(a.shape)]
            x = jnp.transpose(a, [d % a.ndim for d in axis] + rest).reshape(-1, *[a.shape[i] for i in rest])
        else:
            x = _to_front(self, a, axis)
            a = jnp.asarray(a)
            shape = [1 if axis is None or i == axis % a.ndim else n for i, n in enumerate(a.shape)]
        if dtype is not None:
            x = x.astype(dtype)
        if initial is None:
            initial = self.identity
        start = x[0] if initial is None else jnp.full(x.shape[1:], initial, x.dtype)
        from ..lax import fori_loop
        y = fori_loop(int(initial is None), len(x), lambda i, y: self(y, x[i]).astype(x.dtype), start)
        return y.reshape(shape) if keepdims else y

    def accumulate(self, a, axis=0, dtype=None, out=None):
        """What reduce would give after each element along an axis."""
        jnp, own = _jnp(), self._own["accumulate"]
        if out is not None:
            raise NotImplementedError(f"out argument of {self.__name__}.accumulate()")
        if axis is None or isinstance(axis, (tuple, list)):
            raise ValueError("accumulate does not allow multiple axes")
        if own is not None:
            return own(a, axis=axis, dtype=dtype)
        x = _to_front(self, a, axis)
        x = x if dtype is None else x.astype(dtype)
        if not len(x):
            return jnp.moveaxis(x, 0, axis)
        from ..lax import scan

        def step(y, z):
            y = self(y, z).astype(x.dtype)
            return y, y
        _, rest = scan(step, x[0], x[1:])
        return jnp.moveaxis(jnp.concatenate([x[:1], rest]), 0, axis)

    def at(self, a, indices, b=None, /, *, inplace=True):
        """The array with the function applied at some places, as often as each is named; inplace=False is required."""
        if inplace:
            raise NotImplementedError("Because JAX arrays are immutable, jnp.ufunc.at() cannot operate inplace like np.ufunc.at(). Instead, you can pass "
                                      f"inplace=False and capture the result; e.g.\n  arr = jnp.{self.__name__}.at(arr, ind, val, inplace=False)")
        jnp, own = _jnp(), self._own["at"]
        a = jnp.asarray(a)
        if own is not None:
            return own(a, indices, b)
        if b is None:
            return a.at[indices].apply(self)
        from ..lax import fori_loop
        places = jnp.arange(a.size).reshape(a.shape)[indices]
        values = jnp.broadcast_to(b, places.shape).reshape(-1)
        places = places.reshape(-1)
        body = lambda i, x: x.at[places[i]].set(self(x[places[i]], values[i]).astype(x.dtype))
        return fori_loop(0, len(places), body, a.reshape(-1)).reshape(a.shape)

    def outer(self, A, B, /):
        """The function of every element of one array with every element of another."""
        jnp = _jnp()
        if self.nin != 2:
            raise ValueError("outer only supported for binary ufuncs")
        A, B = jnp.asarray(A), jnp.asarray(B)
        return self(A.reshape(A.shape + (1,) * B.ndim), B)

    def reduceat(self, a, indices, axis=0, dtype=None, out=None):
        """Reductions of the stretches that begin at some indices, each up to the next; one element where the next does not come later."""
        jnp, own = _jnp(), self._own["reduceat"]
        if out is not None:
            raise NotImplementedError(f"out argument of {self.__name__}.reduceat()")
        if axis is None or isinstance(axis, (tuple, list)):
            raise ValueError("reduceat requires a single integer axis.")
        if own is not None:
            return own(a, indices, axis=axis, dtype=dtype)
        from .. import vmap
        from ..lax import fori_loop
        x, indices = _to_front(self, a, axis), jnp.asarray(indices)
        x = x if dtype is None else x.astype(dtype)
        ends = jnp.append(indices[1:], len(x))

        def stretch(start, end):
            return fori_loop(1, len(x), lambda k, y: jnp.where(start + k < end, self(y, x[(start + k) % len(x)]).astype(x.dtype), y), x[start])
        return jnp.moveaxis(vmap(stretch)(indices, ends), 0, axis)


_made = {}


def _of(function):
    """The universal function behind a function of jax.numpy: its methods are those of jax.numpy where there are some."""
    found = _made.get(function)
    if found is None:
        jnp, name = _jnp(), function.__name__
        own = {}
        if name in _REDUCTIONS:
            reduction = getattr(jnp, _REDUCTIONS[name])

            def reduce(a, *, axis, dtype, keepdims, initial, where):
                options = {k: v for k, v in (("initial", initial), ("where", where)) if v is not None}
                if name in ("add", "multiply"):
                    options["dtype"] = dtype
                elif name.startswith("logical"):
                    options.pop("initial", None)
                return reduction(a, axis=axis, keepdims=keepdims, **options)
            own["reduce"] = reduce
        if name in _SCANS:
            own["accumulate"] = lambda a, *, axis, dtype: getattr(jnp, _SCANS[name])(a, axis=axis, dtype=dtype)
        if name in _UPDATES:
            own["at"] = lambda a, indices, b: getattr(a.at[indices], _UPDATES[name])(b)
        nin = 1 if name in ("negative",) else 2
        found = _made[function] = ufunc(function, nin, 1, name=name, nargs=nin, identity=_IDENTITIES.get(name), call=function, **own)
    return found


def attribute(function, name):
    """What a function of jax.numpy has beyond calling it."""
    if name in ("reduce", "accumulate", "at", "outer", "reduceat", "nin", "nout", "nargs", "identity") and function.__name__ in _FUNCTIONS:
        return getattr(_of(function), name)
    raise AttributeError(f"'{function.__name__}' has no attribute {name!r}")


def frompyfunc(func, /, nin, nout, *, identity=None):
    """A universal function of a Python function of scalars."""
    return ufunc(func, nin, nout, identity=identity)
