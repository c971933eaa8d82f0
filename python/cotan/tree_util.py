"""jax.tree_util: pytrees. The work is done in C; registration and what is rarely called are here."""
from _operator import methodcaller
from collections import ChainMap

from . import _cotan
from ._cotan import (DictKey, FlattenedIndexKey, GetAttrKey, KeyEntry, PyTreeDef, SequenceKey, all_leaves, is_tree_node, tree_all, tree_flatten, tree_leaves,
                     tree_map, tree_reduce, tree_structure, tree_transpose, tree_unflatten, treedef_tuple, _registered, _tree_paths)

# Which types are containers, for libraries that look: jax._src.tree_util._registry.
_registry = ChainMap(dict.fromkeys((tuple, list, dict, type(None))), _registered)
KeyPath = tuple


def keystr(keys, *, simple=False, separator=""):
    """A path as text: "['a'][0].x", or with simple=True the bare names."""
    return separator.join(str(k._value) if simple and isinstance(k, KeyEntry) else str(k) for k in keys)


def tree_flatten_with_path(tree, is_leaf=None, is_leaf_takes_path=False):
    """([(path, leaf), ...], structure) of a pytree; is_leaf is a function of x, or of (path, x)."""
    paths, leaves, treedef = _tree_paths(tree, is_leaf, is_leaf_takes_path)
    return list(zip(paths, leaves)), treedef


def tree_leaves_with_path(tree, is_leaf=None, is_leaf_takes_path=False):
    """[(path, leaf), ...] of a pytree."""
    return tree_flatten_with_path(tree, is_leaf, is_leaf_takes_path)[0]


def tree_map_with_path(f, tree, *rest, is_leaf=None, is_leaf_takes_path=False):
    """tree_map of a function that also takes the path of the leaf."""
    paths, leaves, treedef = _tree_paths(tree, is_leaf, is_leaf_takes_path)
    return treedef.unflatten(list(map(f, paths, leaves, *(treedef.flatten_up_to(r) for r in rest))))


generate_key_paths = tree_leaves_with_path


def treedef_is_leaf(treedef):
    """Whether a structure is that of a leaf."""
    return treedef.num_nodes == 1 and treedef.num_leaves == 1


def _one_level(tree):
    """The structure of a node above its children, and how Python sees its metadata."""
    if not is_tree_node(type(tree)):
        raise ValueError(f"can't tree-flatten type: {type(tree)}")
    below = lambda x: x is not tree
    _, meta = tree_structure(tree, below).node_data()
    return below, tuple(meta) if isinstance(tree, dict) and isinstance(meta, list) else meta


def flatten_one_level(tree):
    """(children, metadata) of a pytree's root."""
    below, meta = _one_level(tree)
    children = tree_leaves(tree, below)
    return (children if isinstance(tree, list) else tuple(children)), meta


def flatten_one_level_with_keys(tree):
    """(((key, child), ...), metadata) of a pytree's root."""
    below, meta = _one_level(tree)
    return tuple((path[0], child) for path, child in tree_leaves_with_path(tree, below)), meta


class PyTreeRegistry:
    """The classes whose objects are containers."""
    register_node = staticmethod(lambda *args: register_pytree_node(*args))
    register_dataclass_node = staticmethod(lambda *args: register_dataclass(*args))
    flatten_one_level = staticmethod(flatten_one_level)
    flatten_one_level_with_keys = staticmethod(flatten_one_level_with_keys)
    is_node = staticmethod(is_tree_node)
    flatten = staticmethod(tree_flatten)
    flatten_with_path = staticmethod(tree_flatten_with_path)


default_registry = PyTreeRegistry()


def treedef_children(treedef):
    """The structures of a node's children."""
    return treedef.children()


_unset = object()


def tree_reduce_associative(operation, tree, *, identity=_unset, is_leaf=None):
    """Leaves combined by pairs, then pairs of these, and so on."""
    leaves = tree_leaves(tree, is_leaf)
    if not leaves and identity is _unset:
        raise TypeError("Must specify identity for parallel reduction of empty sequence.")
    while len(leaves) > 1:
        leaves = [operation(*leaves[i:i + 2]) if len(leaves[i:i + 2]) == 2 else leaves[i] for i in range(0, len(leaves), 2)]
    return leaves[0] if leaves else identity


def _prefix_errors(path, prefix, full, is_leaf):
    if treedef_is_leaf(tree_structure(prefix, is_leaf)):
        return

    def error(what, first, second):
        return lambda name: ValueError(f"pytree structure error: different {what} at key path\n    {name}{keystr(path)}\nThere the prefix pytree {name} has\n"
                                       f"    {first}\nand the full pytree\n    {second}.")
    if type(prefix) is not type(full):
        yield error("types", type(prefix), type(full))
        return
    (children, meta), (full_children, full_meta) = map(flatten_one_level_with_keys, (prefix, full))
    if len(children) != len(full_children):
        yield error("numbers of pytree children", *(f"{len(c)}: {' '.join(str(k) for k, _ in c)}" for c in (children, full_children)))
    elif meta != full_meta:
        yield error("pytree metadata", meta, full_meta)
    else:
        for (key, a), (_, b) in zip(children, full_children):
            yield from _prefix_errors((*path, key), a, b, is_leaf)


def prefix_errors(prefix_tree, full_tree, is_leaf=None):
    """Why a tree is no prefix of another: for each place where they differ, a function from the argument's name to a ValueError."""
    return list(_prefix_errors((), prefix_tree, full_tree, is_leaf))


def broadcast_prefix(prefix_tree, full_tree, is_leaf=None):
    """The prefix tree's leaves, each as often as the full tree has leaves below it."""
    treedef = tree_structure(prefix_tree, is_leaf)
    try:
        parts = treedef.flatten_up_to(full_tree)
    except ValueError as e:
        for error in prefix_errors(prefix_tree, full_tree, is_leaf):
            raise error("broadcast_prefix prefix_tree") from None
        raise e
    return [leaf for leaf, part in zip(tree_leaves(prefix_tree, is_leaf), parts) for _ in tree_leaves(part)]


def tree_broadcast(prefix_tree, full_tree, is_leaf=None):
    """The full tree with the prefix tree's leaves in place of everything below them."""
    return tree_structure(full_tree).unflatten(broadcast_prefix(prefix_tree, full_tree, is_leaf))


def _partial_class():
    import functools

    class Whole:
        """A partial function that stays one when more arguments are bound: functools.partial would join the two, and children of the pytree with them."""

        def __init__(self, partial):
            self.partial = partial

        def __call__(self, *args, **kwargs):
            return self.partial(*args, **kwargs)

        def __eq__(self, other):
            return self.partial == (other.partial if isinstance(other, Whole) else other)

        def __hash__(self):
            return hash(self.partial)

        def __repr__(self):
            return repr(self.partial)

    class Partial(functools.partial):
        """functools.partial as a pytree: its arguments are the children."""

        def __new__(cls, func, *args, **kwargs):
            return super().__new__(cls, Whole(func) if isinstance(func, functools.partial) else func, *args, **kwargs)

    Partial.__module__, Partial.__qualname__ = "jax.tree_util", "Partial"
    register_pytree_node(Partial, lambda p: ((p.args, p.keywords), p.func), lambda f, c: Partial(f, *c[0], **c[1]))
    return Partial


def __getattr__(name):
    """Partial, made when it is first asked for: functools would slow the import of everything down."""
    if name != "Partial":
        raise AttributeError(f"module 'jax.tree_util' has no attribute {name!r}")
    globals()[name] = _partial_class()
    return globals()[name]


def register_pytree_node(nodetype, flatten_func, unflatten_func, flatten_with_keys_func=None):
    """Makes a class a container: flatten_func(x) -> (children, aux), unflatten_func(aux, children) -> x."""
    _cotan.register_functions(nodetype, flatten_func, unflatten_func, flatten_with_keys_func)


def register_pytree_with_keys(nodetype, flatten_with_keys, unflatten_func, flatten_func=None):
    """The same with named children: flatten_with_keys(x) -> ([(key, child), ...], aux)."""
    if flatten_func is None:
        def flatten_func(x):
            pairs, aux = flatten_with_keys(x)
            return [child for _, child in pairs], aux
    _cotan.register_functions(nodetype, flatten_func, unflatten_func, flatten_with_keys)


def register_pytree_node_class(cls):
    """Class decorator: the class has tree_flatten and a classmethod tree_unflatten."""
    register_pytree_node(cls, methodcaller("tree_flatten"), cls.tree_unflatten)
    return cls


def register_pytree_with_keys_class(cls):
    """Class decorator: the class has tree_flatten_with_keys and a classmethod tree_unflatten."""
    register_pytree_with_keys(cls, methodcaller("tree_flatten_with_keys"), cls.tree_unflatten, methodcaller("tree_flatten") if hasattr(cls, "tree_flatten") else None)
    return cls


def _check_fields(all_fields, data, meta, dropped):
    """Raises ValueError where data, meta and dropped fields are not together the dataclass's own, each once."""
    if data & meta:
        raise ValueError(f"data_fields and meta_fields must not overlap. Overlapping fields: {data & meta}.")
    told = "data_fields and meta_fields must include all dataclass fields with ``init=True`` and only them."
    if all_fields - data - meta - dropped:
        raise ValueError(f"{told} Missing fields: {all_fields - data - meta - dropped}. Add them to drop_fields to suppress this error.")
    if (data | meta) - all_fields:
        raise ValueError(f"{told} Unexpected fields: {(data | meta) - all_fields}.")


def register_dataclass(nodetype, data_fields=None, meta_fields=None, drop_fields=()):
    """Makes a dataclass a container: data_fields are the children, meta_fields part of the structure."""
    if (data_fields is None) != (meta_fields is None):
        raise TypeError(f"register_dataclass: data_fields and meta_fields must both be specified when either is specified. Got {data_fields=} {meta_fields=}.")
    import dataclasses
    if dataclasses.is_dataclass(nodetype):
        fields = [f for f in dataclasses.fields(nodetype) if f.init]
        if data_fields is None:
            data_fields = [f.name for f in fields if not f.metadata.get("static", False)]
            meta_fields = [f.name for f in fields if f.metadata.get("static", False)]
        _check_fields({f.name for f in fields}, set(data_fields), set(meta_fields), set(drop_fields))
    elif data_fields is None:
        raise TypeError(f"register_dataclass: data_fields and meta_fields are required when nodetype is not a dataclass. Got {nodetype=}.")
    _cotan.register_fields(nodetype, tuple(data_fields), tuple(meta_fields))
    return nodetype


def register_static(cls):
    """Makes instances of a class part of the structure, without leaves."""
    return _cotan.register_static(cls)
