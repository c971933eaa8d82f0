"""jax.example_libraries.optimizers: an optimizer is init_fun(params), update_fun(step, gradients, state) and get_params(state).

Each is written for one array; @optimizer carries it over to trees of arrays.
"""
from collections import namedtuple
from functools import wraps
from .. import numpy as jnp
from ..tree_util import register_pytree_node, tree_flatten, tree_leaves, tree_map, tree_unflatten

Optimizer = namedtuple("Optimizer", ["init_fn", "update_fn", "params_fn"])
OptimizerState = namedtuple("OptimizerState", ["packed_state", "tree_def", "subtree_defs"])
register_pytree_node(OptimizerState, lambda s: ((s.packed_state,), (s.tree_def, s.subtree_defs)), lambda aux, children: OptimizerState(*children, *aux))


def optimizer(opt_maker):
    """The optimizer of trees that opt_maker's, of single arrays, amounts to."""
    @wraps(opt_maker)
    def tree_optimizer(*args, **kwargs):
        init, update, get = opt_maker(*args, **kwargs)

        def packed(tree_def, states):
            flat = [tree_flatten(state) for state in states]
            return OptimizerState(tuple(tuple(leaves) for leaves, _ in flat), tree_def, tuple(structure for _, structure in flat))

        def states(state):
            return [tree_unflatten(structure, leaves) for structure, leaves in zip(state.subtree_defs, state.packed_state)]

        def tree_init(x0):
            leaves, tree_def = tree_flatten(x0)
            return packed(tree_def, [init(leaf) for leaf in leaves])

        def tree_update(i, grads, state):
            leaves, tree_def = tree_flatten(grads)
            if tree_def != state.tree_def:
                raise TypeError("optimizer update function was passed a gradient tree that did not match the parameter tree structure with which it was "
                                f"initialized: parameter tree {state.tree_def} and grad tree {tree_def}.")
            after = packed(tree_def, [update(i, grad, old) for grad, old in zip(leaves, states(state))])
            for new, old in zip(after.subtree_defs, state.subtree_defs):
                if new != old:
                    raise TypeError("optimizer update function produced an output structure that did not match its input structure: "
                                    f"input {old} and output {new}.")
            return after

        def tree_params(state):
            return tree_unflatten(state.tree_def, [get(one) for one in states(state)])

        return Optimizer(tree_init, tree_update, tree_params)
    return tree_optimizer


# ---- step sizes ----

def constant(step_size):
    """A schedule of one step size."""
    return lambda i: step_size


def exponential_decay(step_size, decay_steps, decay_rate):
    """A schedule that shrinks by decay_rate in decay_steps."""
    return lambda i: step_size * decay_rate ** (i / decay_steps)


def inverse_time_decay(step_size, decay_steps, decay_rate, staircase=False):
    """A schedule that shrinks like 1 / (1 + decay_rate * i / decay_steps)."""
    def schedule(i):
        periods = i / decay_steps
        return step_size / (1 + decay_rate * (jnp.floor(periods) if staircase else periods))
    return schedule


def polynomial_decay(step_size, decay_steps, final_step_size, power=1.0):
    """A schedule that goes to final_step_size in decay_steps by a power."""
    def schedule(step):
        left = 1 - jnp.minimum(step, decay_steps) / decay_steps
        return left ** power * (step_size - final_step_size) + final_step_size
    return schedule


def piecewise_constant(boundaries, values):
    """A schedule of values between boundaries."""
    boundaries, values = jnp.array(boundaries), jnp.array(values)
    if boundaries.ndim != 1 or values.ndim != 1:
        raise ValueError("boundaries and values must be sequences")
    if boundaries.shape[0] != values.shape[0] - 1:
        raise ValueError("boundaries length must be one shorter than values length")
    return lambda i: values[jnp.sum(i > boundaries)]


def make_schedule(scalar_or_schedule):
    """A schedule from itself or from a number."""
    if callable(scalar_or_schedule):
        return scalar_or_schedule
    if jnp.ndim(scalar_or_schedule) == 0:
        return constant(scalar_or_schedule)
    raise TypeError(type(scalar_or_schedule))


# ---- optimizers of one array ----

def _first(state):
    return state[0]


@optimizer
def sgd(step_size):
    """x - step_size g."""
    step_size = make_schedule(step_size)
    return lambda x: x, lambda i, g, x: x - step_size(i) * g, lambda x: x


@optimizer
def momentum(step_size, mass):
    """Gradient descent with a velocity that keeps ``mass`` of itself."""
    step_size = make_schedule(step_size)

    def update(i, g, state):
        x, velocity = state
        velocity = mass * velocity + g
        return x - step_size(i) * velocity, velocity
    return lambda x: (x, jnp.zeros_like(x)), update, _first


@optimizer
def nesterov(step_size, mass):
    """Momentum that looks ahead."""
    step_size = make_schedule(step_size)

    def update(i, g, state):
        x, velocity = state
        velocity = mass * velocity + g
        return x - step_size(i) * (mass * velocity + g), velocity
    return lambda x: (x, jnp.zeros_like(x)), update, _first


@optimizer
def adagrad(step_size, momentum=0.9):
    """Steps divided by the root of the sum of all squared gradients (J. Duchi, E. Hazan, Y. Singer, 2011)."""
    step_size = make_schedule(step_size)

    def update(i, g, state):
        x, squares, mean = state
        squares = squares + jnp.square(g)
        scale = jnp.where(squares > 0, 1.0 / jnp.sqrt(jnp.where(squares > 0, squares, 1.0)), 0.0)
        mean = (1.0 - momentum) * (g * scale) + momentum * mean
        return x - step_size(i) * mean, squares, mean
    return lambda x: (x, jnp.zeros_like(x), jnp.zeros_like(x)), update, _first


@optimizer
def rmsprop(step_size, gamma=0.9, eps=1e-8):
    """Steps divided by the root of the running mean of squared gradients."""
    step_size = make_schedule(step_size)

    def update(i, g, state):
        x, squares = state
        squares = squares * gamma + jnp.square(g) * (1.0 - gamma)
        return x - step_size(i) * g / jnp.sqrt(squares + eps), squares
    return lambda x: (x, jnp.zeros_like(x)), update, _first


@optimizer
def rmsprop_momentum(step_size, gamma=0.9, eps=1e-8, momentum=0.9):
    """rmsprop with momentum."""
    step_size = make_schedule(step_size)

    def update(i, g, state):
        x, squares, velocity = state
        squares = squares * gamma + jnp.square(g) * (1.0 - gamma)
        velocity = momentum * velocity + step_size(i) * g / jnp.sqrt(squares + eps)
        return x - velocity, squares, velocity
    return lambda x: (x, jnp.zeros_like(x), jnp.zeros_like(x)), update, _first


@optimizer
def adam(step_size, b1=0.9, b2=0.999, eps=1e-8):
    """Running means of gradients over the root of those of their squares, both without the bias of their start (D. Kingma, J. Ba, 2014)."""
    step_size = make_schedule(step_size)

    def update(i, g, state):
        x, mean, squares = state
        mean = (1 - b1) * g + b1 * mean
        squares = (1 - b2) * jnp.square(g) + b2 * squares
        unbiased = mean / (1 - jnp.asarray(b1, mean.dtype) ** (i + 1))
        spread = squares / (1 - jnp.asarray(b2, mean.dtype) ** (i + 1))
        return x - step_size(i) * unbiased / (jnp.sqrt(spread) + eps), mean, squares
    return lambda x: (x, jnp.zeros_like(x), jnp.zeros_like(x)), update, _first


@optimizer
def adamax(step_size, b1=0.9, b2=0.999, eps=1e-8):
    """Adam with the largest gradient, fading away, in place of the mean square."""
    step_size = make_schedule(step_size)

    def update(i, g, state):
        x, mean, largest = state
        mean = (1 - b1) * g + b1 * mean
        largest = jnp.maximum(b2 * largest, jnp.abs(g))
        return x - (step_size(i) / (1 - jnp.asarray(b1, mean.dtype) ** (i + 1))) * mean / (largest + eps), mean, largest
    return lambda x: (x, jnp.zeros_like(x), jnp.zeros_like(x)), update, _first


@optimizer
def sm3(step_size, momentum=0.9):
    """Adagrad that keeps one sum for each row of each axis instead of one an element (R. Anil and others, 2019)."""
    step_size = make_schedule(step_size)

    def along(values, axis, ndim):
        return values.reshape([-1 if d == axis else 1 for d in range(ndim)])

    def init(x):
        return x, jnp.zeros_like(x), [jnp.zeros(n, dtype=x.dtype) for n in x.shape]

    def update(i, g, state):
        x, mean, rows = state
        squares = jnp.square(g)
        if rows:
            least = along(rows[0], 0, x.ndim)
            for d in range(1, x.ndim):
                least = jnp.minimum(least, along(rows[d], d, x.ndim))
            squares = least + squares
        scale = jnp.where(squares > 0, 1.0 / jnp.sqrt(jnp.where(squares > 0, squares, 1.0)), 0.0)
        mean = (1.0 - momentum) * (g * scale) + momentum * mean
        rows = [jnp.max(squares, axis=[other for other in range(x.ndim) if other != d]) for d in range(x.ndim)]
        return x - step_size(i) * mean, mean, rows
    return init, update, _first


# ---- gradients ----

def l2_norm(tree):
    """The root of the sum of the squares of all elements."""
    return jnp.sqrt(sum(jnp.vdot(leaf, leaf) for leaf in tree_leaves(tree)))


def clip_grads(grad_tree, max_norm):
    """Gradients scaled down to a norm of at most max_norm."""
    norm = l2_norm(grad_tree)
    return tree_map(lambda g: jnp.where(norm < max_norm, g, g * (max_norm / norm)), grad_tree)


# ---- states as trees of the parameters' structure ----

class JoinPoint:
    """Where the state of one parameter hangs in the tree of all."""

    def __init__(self, subtree):
        self.subtree = subtree

    def __iter__(self):
        yield self.subtree


def unpack_optimizer_state(opt_state):
    """The state as a tree of the parameters' structure, with a JoinPoint for each of them."""
    states = [tree_unflatten(structure, leaves) for structure, leaves in zip(opt_state.subtree_defs, opt_state.packed_state)]
    return tree_unflatten(opt_state.tree_def, [JoinPoint(state) for state in states])


def pack_optimizer_state(marked_pytree):
    """The inverse of unpack_optimizer_state."""
    points, tree_def = tree_flatten(marked_pytree)
    if not all(isinstance(point, JoinPoint) for point in points):
        raise TypeError("pack_optimizer_state takes a tree whose leaves are JoinPoints")
    flat = [tree_flatten(point.subtree) for point in points]
    return OptimizerState(tuple(tuple(leaves) for leaves, _ in flat), tree_def, tuple(structure for _, structure in flat))
