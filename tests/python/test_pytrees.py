"""Containers of the user's own: registration in all its forms, and paths into them."""
import collections
import dataclasses
import pickle
from typing import NamedTuple

import jax
import jax.numpy as jnp
import pytest
from jax.tree_util import (DictKey, FlattenedIndexKey, GetAttrKey, Partial, SequenceKey, keystr, register_dataclass, register_pytree_node, register_pytree_node_class,
                           register_pytree_with_keys, register_static, tree_flatten_with_path)


@register_pytree_node_class
class Pair:
    def __init__(self, a, b, tag="t"):
        self.a, self.b, self.tag = a, b, tag

    def tree_flatten(self):
        return (self.a, self.b), self.tag

    @classmethod
    def tree_unflatten(cls, tag, children):
        return cls(*children, tag)


@register_dataclass
@dataclasses.dataclass
class Config:
    w: object
    n: int = dataclasses.field(default=2, metadata={"static": True})


@register_static
class Mode(str):
    pass


class Named:
    def __init__(self, v):
        self.v = v


register_pytree_with_keys(Named, lambda o: ([(GetAttrKey("v"), o.v)], None), lambda _, c: Named(*c))


def test_class():
    p = jax.tree.map(lambda v: v * 2, Pair(1, [2, 3], "x"))
    assert (p.a, p.b, p.tag) == (2, [4, 6], "x")
    assert jax.tree.structure(Pair(1, 2, "x")) != jax.tree.structure(Pair(1, 2, "y"))
    g = jax.jit(jax.grad(lambda p: p.a * p.b))(Pair(2., 3.))
    assert type(g) is Pair and (float(g.a), float(g.b)) == (3., 2.)


def test_dataclass():
    f = jax.jit(lambda c: c.w * c.n)
    assert float(f(Config(3., 4))) == 12. and float(f(Config(3., 5))) == 15. and f._cache_size() == 2
    assert str(jax.tree.leaves_with_path(Config([1, 2]))[1][0][0]) == ".w"


def test_static():
    f = jax.jit(lambda m, v: v + 1 if m == "up" else v - 1)
    assert float(f(Mode("up"), 1.)) == 2. and float(f(Mode("down"), 1.)) == 0.
    assert jax.tree.leaves(Mode("a")) == []


def test_keys():
    pairs, _ = tree_flatten_with_path({"a": [Named(1)], "b": Pair(2, 3)})
    assert [keystr(p) for p, _ in pairs] == ["['a'][0].v", "['b'][<flat index 0>]", "['b'][<flat index 1>]"]
    assert pairs[0][0] == (DictKey("a"), SequenceKey(0), GetAttrKey("v"))
    assert keystr(pairs[0][0], simple=True, separator="/") == "a/0/v"


def test_keys_by_the_names_of_their_fields():
    assert DictKey(key="a") == DictKey("a") and SequenceKey(idx=2).idx == 2
    assert repr(GetAttrKey(name="w")) == "GetAttrKey(name='w')" and str(FlattenedIndexKey(key=1)) == "[<flat index 1>]"
    with pytest.raises(TypeError, match="idx"):
        DictKey(idx=1)


def test_registering_twice():
    with pytest.raises(ValueError, match="Duplicate"):
        register_pytree_node(Pair, None, None)


def test_mappings_keep_their_kind():
    d = jax.tree.map(lambda v: v, collections.defaultdict(list, b=1, a=2))
    assert type(d) is collections.defaultdict and d.default_factory is list and dict(d) == {"a": 2, "b": 1}
    o = jax.tree.map(lambda v: v, collections.OrderedDict([("b", 1), ("a", 2)]))
    assert type(o) is collections.OrderedDict and list(o) == ["b", "a"]


def test_partial():
    p = Partial(jnp.add, 1.)
    assert float(p(2.)) == 3. and jax.tree.leaves(p) == [1.]
    assert float(jax.jit(lambda f, v: f(v))(p, 2.)) == 3.


def test_deep_trees():
    t = 1
    for _ in range(200):
        t = [t]
    assert jax.tree.leaves(t) == [1]
    for _ in range(100_000):
        t = [t]
    with pytest.raises(RecursionError):
        jax.tree.leaves(t)
    while isinstance(t, list):  # taken apart by hand: freeing it recursively would be as deep
        t = t[0]


def test_key_order_is_remembered_correctly():
    for _ in range(3):
        assert jax.tree.leaves({"b": 1, "a": 2}) == [2, 1]
        assert jax.tree.leaves({"a": 1, "b": 2}) == [1, 2]
        assert jax.tree.leaves({2: "x", 10: "y", 1: "z"}) == ["z", "x", "y"]
    k = {f"k{n}": n for n in range(300)}
    assert list(jax.tree.map(lambda v: v, k)) == sorted(k)


def test_empty_containers():
    for tree in ({}, [], (), None, {"a": {}}, ((), [{}])):
        assert jax.tree.map(lambda a, b: a, tree, tree) == tree
    with pytest.raises(ValueError):
        jax.tree.map(lambda a, b: a, {}, {"a": 1})


def test_ravel():
    from jax.flatten_util import ravel_pytree
    vector, unravel = ravel_pytree({"a": jnp.arange(4).reshape(2, 2), "b": 0.5})
    assert vector.tolist() == [0., 1., 2., 3., .5] and vector.dtype == jnp.float32
    back = unravel(vector * 2)
    assert back["a"].tolist() == [[0, 2], [4, 6]] and back["a"].dtype == jnp.int32 and float(back["b"]) == 1.
    with pytest.raises(ValueError, match="unravel"):
        unravel(vector[:2])
    assert jax.grad(lambda v: unravel(v)["b"] ** 2)(vector).tolist() == [0., 0., 0., 0., 1.]
    assert ravel_pytree({})[0].shape == (0,)


def test_functions_take_their_arguments_by_name():
    tree, treedef = [1, (2, 3)], jax.tree.structure([0, (0, 0)])
    util = jax.tree_util
    assert util.tree_unflatten(treedef=treedef, leaves=[1, 2, 3]) == tree
    assert util.tree_reduce(function=lambda a, b: a + b, tree=tree, initializer=10) == 16
    assert util.tree_map(f=lambda a: -a, tree=tree) == [-1, (-2, -3)]
    assert util.tree_transpose(outer_treedef=jax.tree.structure([0, 0]), inner_treedef=None, pytree_to_transpose=[(1, 2), (3, 4)]) == ([1, 3], [2, 4])
    assert util.all_leaves(iterable=[1, 2]) and util.treedef_tuple(treedefs=[treedef]) == jax.tree.structure((tree,))
    for bad in (lambda: util.tree_map(lambda a: a, tree, foo=1), lambda: util.tree_leaves(tree, tree=tree), lambda: util.tree_flatten(tree, None, 3),
                lambda: util.tree_map(lambda a: a)):
        with pytest.raises(TypeError):
            bad()


def test_a_partial_function_of_a_partial_function_keeps_its_own_arguments():
    import functools
    p = Partial(functools.partial(lambda *a, **k: (a, k), "tag", z=3), 2)
    assert jax.tree.leaves(p) == [2] and p(5) == (("tag", 2, 5), {"z": 3})
    assert jax.tree.structure(p) == jax.tree.structure(Partial(p.func, 7))
    assert jax.tree.leaves(Partial(Partial(max, 1), 2)) == [2]


def test_is_leaf_that_takes_the_path_is_asked_once_about_each_node():
    seen = []

    def is_leaf(path, x):
        seen.append(keystr(path))
        return isinstance(x, list)
    leaves, treedef = tree_flatten_with_path({"a": [1, 2], "b": (3, None)}, is_leaf=is_leaf, is_leaf_takes_path=True)
    assert [(keystr(p), x) for p, x in leaves] == [("['a']", [1, 2]), ("['b'][0]", 3)] and treedef.unflatten([x for _, x in leaves]) == {"a": [1, 2], "b": (3, None)}
    assert seen == ["", "['a']", "['b']", "['b'][0]", "['b'][1]"]
    doubled = jax.tree.map_with_path(lambda p, x: x * 2, [[1], 2], is_leaf=lambda p, x: len(p) == 1, is_leaf_takes_path=True)
    assert doubled == [[1, 1], 4]


def test_prefix_errors_say_where():
    from jax._src.tree_util import broadcast_prefix, prefix_errors
    error, = prefix_errors(Config([1.]), Config(1.))
    assert "in_axes.w" in str(error("in_axes")) and prefix_errors((1, None), ([2, 3], None)) == []
    assert broadcast_prefix((1, None, {"a": 2}), ([1, 2], (3, 4), {"a": [5, 6]}), is_leaf=lambda x: x is None) == [1, 1, None, None, 2, 2]
    with pytest.raises(ValueError, match=r"different types at key path\n    broadcast_prefix prefix_tree\['a'\]"):
        broadcast_prefix({"a": [1]}, {"a": (1,)})


def test_messages_write_containers_by_their_class():
    @jax.custom_vjp
    def f(c):
        return c.w * 1.
    f.defvjp(lambda c: (f(c), None), lambda _, ct: ([ct],))
    with pytest.raises(TypeError, match=r"got PyTreeDef\(\(\[\*\],\)\) for the arguments PyTreeDef\(\(CustomNode\(Config\[\(2,\)\], \[\*\]\),\)\)"):
        jax.grad(f)(Config(1.))


class Known:
    """A container whose structure tells what it holds."""

    def __init__(self, items):
        self.items = items


register_pytree_node(Known, lambda k: (jax.tree.leaves(k.items), jax.tree.structure(k.items)), lambda d, leaves: Known(jax.tree.unflatten(d, leaves)))


def test_transposing_compares_the_number_of_leaves():
    outer, inner = jax.tree.structure(Known([0, 0])), jax.tree.structure({"a": 0, "b": 0})
    turned = jax.tree.transpose(outer, inner, Known([{"a": 1, "b": 2}, {"a": 3, "b": 4}]))
    assert [(k, v.items) for k, v in turned.items()] == [("a", [1, 3]), ("b", [2, 4])]
    with pytest.raises(TypeError, match=r"Mismatch\nPyTreeDef\(\[\*, \*\]\)"):
        jax.tree.transpose(jax.tree.structure([0, 0]), inner, [1, 2])
    with pytest.raises(IndexError):
        jax.tree.transpose(jax.tree.structure([]), None, [])


def test_equal_auxiliary_data_may_hash_differently():
    class Odd:
        def __init__(self, name, number):
            self.name, self.number = name, number

        def __eq__(self, other):
            return self.name == other.name

        def __hash__(self):
            return self.number

    class Node:
        def __init__(self, aux):
            self.aux = aux
    register_pytree_node(Node, lambda n: ((1.,), n.aux), lambda aux, _: Node(aux))
    a, b, c = (jax.tree.structure(Node(Odd(*x))) for x in (("a", 1), ("a", 2), ("b", 1)))
    assert a == b and hash(a) == hash(b) and a != c


def test_namedtuples_are_made_by_their_own_constructor():
    class Plain(NamedTuple):
        a: object
        b: object

    class Counted(collections.namedtuple("Counted", "a b")):
        made = 0

        def __new__(cls, a, b):
            Counted.made += 1
            return super().__new__(cls, a, b)
    for kind in (Plain, Counted, collections.namedtuple("Pair", "a b")):
        out = jax.tree.map(lambda x: x + 1, [kind(1, 2)])
        assert out == [kind(2, 3)] and type(out[0]) is kind and out[0].b == 3
    before = Counted.made
    jax.tree.map(lambda x: x, Counted(1, 2))
    assert Counted.made == before + 2
    Plain.__new__ = lambda cls, a, b: tuple.__new__(cls, (b, a))
    assert jax.tree.map(lambda x: x, tuple.__new__(Plain, (1, 2))) == (2, 1)


def test_dicts_of_one_structure_share_nothing():
    x = {"b": 1, "a": [2]}
    first, second = (jax.tree.map(lambda v: v, x) for _ in range(2))
    first["a"], first["c"] = None, 3
    assert list(second) == ["a", "b"] and second == x and jax.tree.map(lambda v: v, x) == x


def test_keys_are_hashable_pickled_and_subclassed():
    key = DictKey("a")
    assert {key: 1}[DictKey("a")] == 1 and DictKey(1) != SequenceKey(1) and key != "a"
    assert pickle.loads(pickle.dumps(key)) == key and str(type("K", (GetAttrKey,), {})("w")) == ".w"
    for wrong in (lambda: DictKey(), lambda: DictKey(1, 2), lambda: DictKey(1, key=2)):
        with pytest.raises(TypeError):
            wrong()
