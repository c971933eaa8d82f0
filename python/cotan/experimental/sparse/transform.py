"""sparsify: a function of dense arrays, run on sparse ones. Its program is traced with dense arrays of the same shapes; equations that meet a sparse array go by rules."""
import functools

from ... import lax, numpy as jnp
from ..._api import ShapeDtypeStruct, make_jaxpr
from ...core import Literal
from ...tree_util import tree_flatten, tree_unflatten
from . import bcoo
from ._base import JAXSparse
from .bcoo import BCOO
from .bcsr import BCSR, bcsr_broadcast_in_dim, bcsr_concatenate, bcsr_dot_general

# Of zero they make zero; those of the first line are linear, so places that appear twice may stay.
_LINEAR = "copy imag neg real reduce_precision convert_element_type".split()
_KEEP_ZERO = "abs asin asinh atan atanh cbrt ceil expm1 floor log1p sign sin sinh sqrt square tan tanh is_finite round erf erf_inv nextafter conj".split()
_KEEP_ZERO.remove("is_finite")
_KEEP_ZERO.remove("nextafter")


def _is_sparse(x):
    return isinstance(x, JAXSparse)


def _refused(name):
    raise NotImplementedError(f"sparse rule for {name} is not implemented because it would result in dense output. If this is your intent, use sparse.todense() "
                              "to convert your argument to a dense array.")


def _once(x):
    """Each place once, as what is not linear wants it."""
    return x if not isinstance(x, BCOO) or x.unique_indices else bcoo.bcoo_sum_duplicates(x, nse=x.nse)


def _of_values(name, linear, x, params):
    x = x if linear else _once(x)
    (data,) = _bind(getattr(lax, name + "_p"), [x.data], params)
    return x._with(data)


def _add(x, y, **_):
    if _is_sparse(x) and _is_sparse(y):
        if x.shape != y.shape:
            raise NotImplementedError("Addition between sparse matrices of different shapes.")
        if x.indices is y.indices:
            return x._with(x.data + y.data)
        if (x.n_batch, x.n_dense) != (y.n_batch, y.n_dense):
            raise NotImplementedError("Addition between sparse matrices with different batch/dense dimensions.")
        x, y, at = bcoo._full(x), bcoo._full(y), x.n_batch
        return BCOO((jnp.concatenate([x.data, y.data], at), jnp.concatenate([x.indices, y.indices], at)), shape=x.shape)
    x, y = (x, y) if _is_sparse(x) else (y, x)
    if jnp.shape(y) != jnp.broadcast_shapes(x.shape, jnp.shape(y)):
        raise NotImplementedError("Addition between a sparse array X and a dense array Y is not implemented when the output shape is larger than Y.shape. "
                                  "This is to prevent silent densification of a large sparse array. If this is your intent, you can explicitly cast the "
                                  "sparse array to a dense matrix.")
    return x.todense() + y


def _sub(x, y, **_):
    if not (_is_sparse(x) and _is_sparse(y)):
        raise NotImplementedError("Subtraction between sparse and dense array.")
    return _add(x, y._with(-y.data))


def _mul(x, y, *, out_dtype=None):
    if _is_sparse(x) and _is_sparse(y):
        if x.indices is y.indices and x.unique_indices:
            return x._with(x.data * y.data)
        return bcoo.bcoo_multiply_sparse(x, y)
    x, y = (x, y) if _is_sparse(x) else (y, x)
    return x._with(bcoo.bcoo_multiply_dense(x, y))


def _div(x, y, **_):
    if _is_sparse(y):
        raise NotImplementedError("Division by a sparse array is not implemented because it would result in dense output. If this is your intent, use "
                                  "sparse.todense() to convert your arguments to a dense array.")
    return x._with(bcoo.bcoo_multiply_dense(x, 1 / jnp.asarray(y)))


def _reduce_sum(x, *, axes, **_):
    out = bcoo.bcoo_reduce_sum(x, axes=axes)
    return out.data.sum(dtype=out.dtype) if out.shape == () else out


def _integer_pow(x, *, y):
    if y <= 0:
        _refused(f"integer_pow with non-positive exponent {y}")
    x = _once(x)
    return x._with(x.data ** y)


def _stack(*parts, axis):
    shape = list(parts[0].shape)
    shape.insert(axis, 1)
    kept = [d for d in range(len(shape)) if d != axis]
    return bcoo.bcoo_concatenate([bcoo.bcoo_broadcast_in_dim(x, shape=shape, broadcast_dimensions=kept) for x in parts], dimension=axis)


def _split(x, *, sizes, axis):
    parts, start = [], 0
    for size in sizes:
        first, last = [0] * x.ndim, list(x.shape)
        first[axis], last[axis] = start, start + size
        parts.append(bcoo.bcoo_slice(x, start_indices=first, limit_indices=last))
        start += size
    return parts


def _call(*args, jaxpr, **_):
    return _run(jaxpr, args)


def _custom_call(*args, call_jaxpr, **_):
    return _run(call_jaxpr, args)


def _cond(which, *args, branches, **_):
    if _is_sparse(which):
        raise NotImplementedError("cond of a sparse predicate")
    return lax.switch(which, [functools.partial(lambda jaxpr, *a: _run(jaxpr, a), b) for b in branches], *args)


def _while(*args, cond_jaxpr, cond_nconsts, body_jaxpr, body_nconsts, **_):
    outer, inner, carry = args[:cond_nconsts], args[cond_nconsts:cond_nconsts + body_nconsts], args[cond_nconsts + body_nconsts:]
    return lax.while_loop(lambda c: _run(cond_jaxpr, (*outer, *c))[0], lambda c: tuple(_run(body_jaxpr, (*inner, *c))), tuple(carry))


def _scan(*args, jaxpr, num_consts, num_carry, length, reverse, unroll=1, **_):
    consts, carry, xs = args[:num_consts], args[num_consts:num_consts + num_carry], args[num_consts + num_carry:]
    if any(map(_is_sparse, xs)):
        raise NotImplementedError("sparse rule for scan with x values.")

    def body(c, x):
        out = _run(jaxpr, (*consts, *c, *x))
        return tuple(out[:num_carry]), tuple(out[num_carry:])
    carry, ys = lax.scan(body, tuple(carry), tuple(xs), length=length, reverse=reverse, unroll=unroll)
    return [*carry, *ys]


def _sort_of_layout(of_bcsr, of_bcoo):
    return lambda *args, **params: (of_bcsr if any(isinstance(x, BCSR) for x in args) else of_bcoo)(*args, **params)


_rules = {
    "add": _add, "add_any": _add, "sub": _sub, "mul": _mul, "div": _div, "integer_pow": _integer_pow, "reduce_sum": _reduce_sum,
    "transpose": lambda x, *, permutation: bcoo.bcoo_transpose(x, permutation=permutation),
    "dot_general": _sort_of_layout(bcsr_dot_general, bcoo.bcoo_dot_general),
    "broadcast_in_dim": _sort_of_layout(bcsr_broadcast_in_dim, bcoo.bcoo_broadcast_in_dim),
    "concatenate": _sort_of_layout(lambda *a, **k: bcsr_concatenate(a, **k), lambda *a, **k: bcoo.bcoo_concatenate(a, **k)),
    "reshape": bcoo.bcoo_reshape, "rev": lambda x, *, dimensions: bcoo.bcoo_rev(x, dimensions), "slice": bcoo.bcoo_slice, "squeeze": bcoo.bcoo_squeeze,
    "dynamic_slice": lambda x, *start, slice_sizes: bcoo.bcoo_dynamic_slice(x, start, slice_sizes), "gather": bcoo.bcoo_gather, "split": _split, "stack": _stack,
    "conv_general_dilated": bcoo.bcoo_conv_general_dilated, "jit": _call, "closed_call": _call, "custom_jvp_call": _custom_call, "custom_vjp_call": _custom_call,
    "cond": _cond, "while": _while, "scan": _scan,
}


def _bind(primitive, args, params):
    out = primitive.bind(*args, **primitive.get_bind_params(params))
    return list(out) if primitive.multiple_results else [out]


def _equation(primitive, args, params):
    """What an equation makes of arrays."""
    if not any(map(_is_sparse, args)):
        return _bind(primitive, args, params)
    name = primitive.name
    if name in _LINEAR or name in _KEEP_ZERO:
        return [_of_values(name, name in _LINEAR, args[0], params)]
    if name not in _rules:
        if name in ("cos", "exp", "log", "cosh", "exp2", "logistic", "rsqrt"):
            _refused(name)
        raise NotImplementedError(f"sparse rule for {name} is not implemented.")
    out = _rules[name](*args, **params)
    return list(out) if isinstance(out, (list, tuple)) else [out]


def _run(closed, args):
    """The results of a program whose arguments are arrays of either kind."""
    jaxpr = closed.jaxpr
    values = dict(zip(jaxpr.invars, args)) | dict(zip(jaxpr.constvars, closed.consts))
    of = lambda atom: atom.val if isinstance(atom, Literal) else values[atom]
    for eqn in jaxpr.eqns:
        values.update(zip(eqn.outvars, _equation(eqn.primitive, [of(a) for a in eqn.invars], eqn.params)))
    return [of(a) for a in jaxpr.outvars]


def sparsify(f, use_tracer=False):
    """f for arguments some of which are sparse arrays: each operation goes by its sparse rule, and those that would make a dense array of a sparse one are refused.

        >>> from jax.experimental import sparse
        >>> mat = sparse.BCOO.fromdense(jnp.eye(3))
        >>> sparse.sparsify(lambda m, v: jnp.sin(m @ v).sum())(mat, jnp.zeros(3))
        Array(0., dtype=float32)
    """
    @functools.wraps(f)
    def sparse(*args, **kwargs):
        leaves, tree = tree_flatten((args, kwargs), is_leaf=_is_sparse)
        if not any(map(_is_sparse, leaves)):
            return f(*args, **kwargs)
        traced = [i for i, x in enumerate(leaves) if _is_sparse(x) or hasattr(x, "dtype") or isinstance(x, (bool, int, float, complex))]

        def dense(*arrays):
            full = list(leaves)
            for i, x in zip(traced, arrays):
                full[i] = x
            args, kwargs = tree_unflatten(tree, full)
            return f(*args, **kwargs)
        closed, shapes = make_jaxpr(dense, return_shape=True)(*(ShapeDtypeStruct(x.shape, x.dtype) if _is_sparse(x) else x for x in (leaves[i] for i in traced)))
        out = _run(closed, [leaves[i] for i in traced])
        return tree_unflatten(tree_flatten(shapes)[1], [x if _is_sparse(x) else jnp.asarray(x) for x in out])
    return sparse


def todense(arr):
    """A dense array of a sparse one; dense ones as they are."""
    return arr.todense() if _is_sparse(arr) else arr
