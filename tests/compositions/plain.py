"""jax and lax in which transformations and loops are written out: jit does nothing, vmap is a loop over rows, scan and cond are Python's own, and every derivative is made of
forward ones along single directions. The twin that a composition is compared with."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, tree


class Over:
    """A module with some names replaced."""
    def __init__(self, module, **names):
        self.__dict__.update(names)
        self._module = module

    def __getattr__(self, name):
        return getattr(self._module, name)


def jit(f, static_argnums=None, **_):
    return f


def checkpoint(f, policy=None):
    return f


def _row(a, axis, i):
    return a if axis is None else jnp.take(a, i, axis=axis)


def vmap(f, in_axes=0, out_axes=0, axis_size=None):
    def g(*args):
        leaves, structure = tree.flatten(args)
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        flat = []
        for axis, a in zip(axes, args):
            if isinstance(axis, dict):
                flat += [axis[k] for k in sorted(a) for _ in tree.leaves(a[k])]
            else:
                flat += [axis] * len(tree.leaves(a))
        size = next(a.shape[k] for k, a in zip(flat, leaves) if k is not None)
        if not size:  # a row of zeros gives the type
            leaves = [a if k is None else jnp.zeros(a.shape[:k] + (1,) + a.shape[k:][1:], a.dtype) for k, a in zip(flat, leaves)]
        rows = [f(*tree.unflatten(structure, [_row(a, k, i) for k, a in zip(flat, leaves)])) for i in range(size or 1)]
        return tree.map(lambda *parts: jnp.stack(parts, out_axes)[:size], *rows)
    return g


def _directions(a):
    """One array a direction, in row-major order."""
    for i in range(a.size):
        yield jnp.zeros(a.size, a.dtype).at[i].set(1).reshape(a.shape)


def jacfwd(f, argnums=0):
    def g(*args):
        a = args[argnums]
        of = lambda t: f(*args[:argnums], t, *args[argnums + 1:])
        columns = [jax.jvp(of, (a,), (d,))[1] for d in _directions(a)]
        return tree.map(lambda *c: jnp.stack(c, -1).reshape(c[0].shape + a.shape), *columns)
    return g


def _slopes(f, args):
    """The derivatives of a real number by each leaf of some arguments."""
    leaves, structure = tree.flatten(args)
    found = []
    for k, a in enumerate(leaves):
        if not jnp.issubdtype(a.dtype, jnp.floating):
            found.append(np.zeros(a.shape, jax.dtypes.float0))
            continue
        of = lambda t, k=k: f(*tree.unflatten(structure, leaves[:k] + [t] + leaves[k + 1:]))
        found.append(jnp.stack([jnp.zeros((), a.dtype)] + [jax.jvp(of, (a,), (d,))[1] for d in _directions(a)])[1:].reshape(a.shape))
    return tree.unflatten(structure, found)


def value_and_grad(f, argnums=0, has_aux=False):
    def g(*args):
        wanted = argnums if isinstance(argnums, tuple) else (argnums,)
        def of(*some):
            full = list(args)
            for i, a in zip(wanted, some):
                full[i] = a
            return f(*full)[0] if has_aux else f(*full)
        found = _slopes(of, tuple(args[i] for i in wanted))
        return f(*args), found if isinstance(argnums, tuple) else found[0]
    return g


def grad(f, argnums=0, has_aux=False):
    def g(*args):
        value, found = value_and_grad(f, argnums, has_aux)(*args)
        return (found, value[1]) if has_aux else found
    return g


def vjp(f, *primals):
    def pull(t):
        return _slopes(lambda *xs: sum(jnp.sum(a * b) for a, b in zip(tree.leaves(f(*xs)), tree.leaves(t))), primals)
    return f(*primals), pull


def linearize(f, *primals):
    return f(*primals), lambda *tangents: jax.jvp(f, primals, tangents)[1]


def linear_transpose(f, *primals):
    return vjp(f, *primals)[1]


def hessian(f):
    return jacfwd(grad(f))


def _number(p):
    return np.asarray(lax.stop_gradient(p)).item()


def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    n = len(tree.leaves(xs)[0]) if xs is not None else length
    carry, ys = init, []
    if n == 0:
        return lax.scan(f, init, xs, length)
    for i in reversed(range(n)) if reverse else range(n):
        carry, y = f(carry, tree.map(lambda a: jnp.asarray(a)[i], xs))
        carry = tree.map(lambda a, b: jnp.asarray(a, jnp.asarray(b).dtype), carry, init)
        ys.append(y)
    return carry, tree.map(lambda *parts: jnp.stack(parts), *(ys[::-1] if reverse else ys))


def cond(p, yes, no, *operands):
    return yes(*operands) if _number(p) else no(*operands)


def switch(index, branches, *operands):
    return branches[min(max(_number(index), 0), len(branches) - 1)](*operands)


def while_loop(test, body, value):
    while _number(test(value)):
        value = body(value)
    return value


def fori_loop(start, stop, body, value):
    for i in range(_number(start), _number(stop)):
        value = body(i, value)
    return value


def map_(f, xs, batch_size=None):
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


def custom_linear_solve(matvec, b, solve, transpose_solve=None, symmetric=False):
    return solve(matvec, b)


class custom_vmap:
    """The rules of this generator's programs give twice the function; a loop cannot know, so it is left to JAX's own."""
    def __new__(cls, f):
        return jax.custom_batching.custom_vmap(f)


jax_plain = Over(jax, jit=jit, vmap=vmap, checkpoint=checkpoint, grad=grad, value_and_grad=value_and_grad, vjp=vjp, linearize=linearize, linear_transpose=linear_transpose,
                 jacfwd=jacfwd, jacrev=jacfwd, hessian=hessian)
lax_plain = Over(lax, scan=scan, cond=cond, switch=switch, while_loop=while_loop, fori_loop=fori_loop, map=map_, custom_linear_solve=custom_linear_solve)
