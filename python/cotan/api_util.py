"""jax.api_util: functions of trees as functions of flat lists."""
from ._cotan import tree_flatten
from .core import DebugInfo, get_aval as shaped_abstractify
from .extend.linear_util import transformation_with_aux2
from .util import safe_map, safe_zip


@transformation_with_aux2
def flatten_fun(f, store, in_tree, *leaves):
    """A function of the leaves of (args, kwargs) that returns leaves; the tree of its result comes from the second function."""
    args, kwargs = in_tree.unflatten(leaves)
    out, tree = tree_flatten(f(*args, **kwargs))
    store.store(tree)
    return out


@transformation_with_aux2
def flatten_fun_nokwargs(f, store, in_tree, *leaves):
    """The same for the leaves of args."""
    out, tree = tree_flatten(f(*in_tree.unflatten(leaves)))
    store.store(tree)
    return out


def debug_info(traced_for, fun, args, kwargs, **_):
    """Where a program comes from, for messages."""
    return DebugInfo(traced_for, getattr(fun, "__name__", "<unnamed function>"))


def argnums_partial(f, dyn_argnums, args, require_static_args_hashable=True):
    """A function of some positional arguments, the others filled in."""
    chosen = (dyn_argnums,) if isinstance(dyn_argnums, int) else tuple(dyn_argnums)
    chosen = tuple(i % len(args) for i in chosen)

    def outer(*dynamic, **kwargs):
        full = list(args)
        for i, value in zip(chosen, dynamic):
            full[i] = value
        return f.call_wrapped(*full, **kwargs)
    return f.wrap(outer), tuple(args[i] for i in chosen)


def infer_argnums_and_argnames(sig, argnums, argnames):
    """Positions and names of the same arguments, where one of the two was given: pairs of tuples."""
    from inspect import Parameter
    numbers = None if argnums is None else (argnums,) if isinstance(argnums, int) else tuple(argnums)
    names = None if argnames is None else (argnames,) if isinstance(argnames, str) else tuple(argnames)
    by_position = [p.name for p in sig.parameters.values() if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    nameable = {p.name for p in sig.parameters.values() if p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)}
    if numbers is None:
        return tuple(i for i, name in enumerate(by_position) if name in (names or ())), names or ()
    if names is None:
        names = tuple(by_position[i] for i in numbers if -len(by_position) <= i < len(by_position) and by_position[i] in nameable)
    return numbers, names


def flatten_axes(name, treedef, axis_tree, *, kws=False, tupled_args=False):
    """One axis a leaf from a tree of axes that is a prefix of the structure."""
    from .tree_util import broadcast_prefix
    return broadcast_prefix(axis_tree, treedef.unflatten([0] * treedef.num_leaves), is_leaf=lambda x: x is None)


def rebase_donate_argnums(donate_argnums, static_argnums):
    """The positions of donated arguments once static ones are left out."""
    if set(donate_argnums) & set(static_argnums):
        raise ValueError(f"`static_argnums` {tuple(static_argnums)} and `donate_argnums` {tuple(donate_argnums)} cannot intersect.")
    return tuple(sorted(d - sum(s < d for s in static_argnums) for d in donate_argnums))


def donation_vector(donate_argnums, donate_argnames, in_tree, kws=True):
    """For each leaf of (args, kwargs), whether it is donated."""
    args, kwargs = in_tree.children() if kws else (in_tree, None)
    out = [i in donate_argnums for i, child in enumerate(args.children()) for _ in range(child.num_leaves)]
    if kwargs is not None:
        names = sorted(kwargs.node_data()[1] or ())
        out += [n in (donate_argnames or ()) for n, child in zip(names, kwargs.children()) for _ in range(child.num_leaves)]
    return tuple(out)
