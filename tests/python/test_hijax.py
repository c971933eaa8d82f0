"""Values of types above arrays: boxes whose content changes, in structure too, inside of jitted functions."""
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax.experimental import cur_qdd, hijax


@dataclass(frozen=True)
class Content:
    """What is known of a box beside its type."""
    avals: tuple
    tree: Any


class Box:
    """Holds a tree."""

    def __init__(self, value):
        self.leaves, self.tree = jax.tree.flatten(value)

    def cur_qdd(self):
        return Content(tuple(map(jax.typeof, self.leaves)), self.tree)

    def get(self):
        return jax.tree.unflatten(self.tree, read_box.bind(self))

    def set(self, value):
        leaves, tree = jax.tree.flatten(value)
        write_box.bind(self, *leaves, tree=tree)


class BoxType(hijax.MutableHiType):
    has_qdd = True

    def __init__(self):
        pass

    def __eq__(self, other):
        return type(other) is BoxType

    def __hash__(self):
        return hash(BoxType)

    def __repr__(self):
        return "Box"

    def new_from_loval(self, content, *arrays):
        return Box(jax.tree.unflatten(content.tree, [a.raise_val(x) for a, x in zip(content.avals, arrays)]))

    def read_loval(self, content, box):
        return [y for a, x in zip(content.avals, read_box.bind(box)) for y in a.lower_val(x)]

    def update_from_loval(self, content, box, *arrays):
        box.set(jax.tree.unflatten(content.tree, arrays))


class ReadBox(hijax.HiPrimitive):
    multiple_results = True

    def impl(self, box):
        return box.leaves


class WriteBox(hijax.HiPrimitive):
    multiple_results = True

    def impl(self, box, *leaves, tree):
        box.leaves, box.tree = list(leaves), tree
        return []


read_box, write_box = ReadBox("read_box"), WriteBox("write_box")
hijax.register_hitype(Box, lambda box: BoxType())


def test_a_value_has_its_type():
    box = Box(jnp.arange(3.))
    assert jax.typeof(box) == BoxType() and cur_qdd(box).avals == (jax.typeof(jnp.arange(3.)),)
    aval = jax.typeof(1.)
    assert aval.lo_ty() == [aval] and aval.raise_val(*aval.lower_val(2.)) == 2. and aval.normalize() == aval


def test_what_a_jitted_function_writes_is_there_after_the_call():
    traced = []

    @jax.jit
    def step(box, x, *, by=1.):
        traced.append(type(box))
        box.set(box.get() + x * by)
        return box.get() * 2
    box, other = Box(jnp.zeros(2)), Box(jnp.ones(3))
    assert step(box, 3.).tolist() == [6, 6] and box.get().tolist() == [3, 3]
    assert step(box, 1., by=2.).tolist() == [10, 10] and step(box, 0.).tolist() == [10, 10]
    assert step(other, 1.).tolist() == [4, 4, 4] and other.get().tolist() == [2, 2, 2] and box.get().tolist() == [5, 5]
    assert traced == [Box] * 3  # for keywords, and for shapes


def test_the_structure_of_a_value_may_change():
    @jax.jit
    def note(x, box):
        box.set({**box.get(), f"sum{x.ndim}": x.sum()})
    box = Box({})
    note(jnp.ones(3), box)
    note(jnp.ones((2, 2)), box)
    note(jnp.ones(3) * 2, box)
    assert {k: float(v) for k, v in box.get().items()} == {"sum1": 6., "sum2": 4.}


def test_a_value_given_twice_is_one():
    @jax.jit
    def both(a, b):
        a.set(a.get() + 1)
        return b.get(), a is b["box"] if isinstance(b, dict) else a is b
    box = Box(jnp.float32(1))
    out, same = both(box, box)
    assert out == 2. and same and box.get() == 2.


def test_static_arguments_nesting_and_derivatives():
    inner = jax.jit(lambda n, box: box.set(box.get() * n), static_argnums=0)

    @jax.jit
    def outer(box, x):
        inner(3, box)
        inner(2, box)
        y, dy = jax.value_and_grad(lambda x: (box.get() * x ** 2).sum())(x)
        box.set({"y": y, "box": box.get()})
        return dy
    box = Box(jnp.ones(2))
    assert outer(box, 5.) == 120. and box.get()["y"] == 300. and box.get()["box"].tolist() == [6, 6]


def test_shapes_of_results():
    box = Box(jnp.zeros((2, 3)))
    assert jax.eval_shape(lambda box, x: box.get().sum(0) + x, box, 1.).shape == (3,) and box.get().shape == (2, 3)


def test_other_functions_refuse_such_values():
    with pytest.raises(NotImplementedError, match="other functions than those of jit"):
        jax.grad(lambda box: box.get())(Box(1.))


def test_types_that_do_not_change_are_refused():
    class Fixed(Box):
        pass

    class FixedType(BoxType):
        has_qdd = False
    hijax.register_hitype(Fixed, lambda x: FixedType())
    with pytest.raises(NotImplementedError, match="which does not change"):
        jax.jit(lambda x: x.get())(Fixed(1.))
