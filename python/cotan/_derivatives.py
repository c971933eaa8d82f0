"""jax.vjp and jax.linearize: derivatives as objects, and as pytrees of the values they keep. The work is done by the library."""
from . import _cotan
from .tree_util import register_pytree_node, tree_leaves, tree_unflatten


class _Form:
    """A derivative but for the values it keeps: what caches know it by."""
    __slots__ = ("function", "leaf_of", "in_tree", "out_tree")

    def __init__(self, function, leaf_of, in_tree, out_tree):
        self.function, self.leaf_of, self.in_tree, self.out_tree = function, leaf_of, in_tree, out_tree

    def __eq__(self, other):
        return isinstance(other, _Form) and _cotan._same_derivative(self.function, other.function)

    def __hash__(self):
        return _cotan._derivative_hash(self.function)


class _Derivative:
    """A function of the library, or a form and values for it."""
    __slots__ = ("_function", "_form", "_values", "__weakref__")

    def __init__(self, function):
        self._function, self._form, self._values = function, None, None

    @classmethod
    def _of(cls, form, values):
        made = cls.__new__(cls)
        made._function, made._form, made._values = None, form, values
        return made

    def _open(self):
        """(form, values)"""
        if self._form is None:
            function, values, *rest = _cotan._derivative_parts(self._function)
            self._form = _Form(function, *rest)
            self._values = self._arranged(values)
        return self._form, self._values

    def _current(self):
        return self._function or _cotan._with_residuals(self._form.function, self._in_order())

    in_tree = property(lambda self: self._open()[0].in_tree)
    out_tree = property(lambda self: self._open()[0].out_tree)


class Linearized(_Derivative):
    """The derivative of a function at a point, as a linear function of tangents."""
    __slots__ = ()

    def __call__(self, *tangents, **keywords):
        return self._current()(*tangents, **keywords)

    def _arranged(self, values):
        return tuple(values)

    def _in_order(self):
        return self._values

    args = property(lambda self: self._open()[1], doc="The values it keeps.")


class _Mark:
    """A value that says one thing."""
    __slots__ = ()

    def __repr__(self):
        return f"{type(self).__name__}()"

    def __eq__(self, other):
        return type(self) is type(other)

    def __hash__(self):
        return hash(type(self))


class NotNeeded(_Mark):
    """In args_res: the derivative does not keep this argument."""


class GradValue(_Mark):
    """To with_refs: the cotangent of this argument is to be returned."""


class GradRef(_Mark):
    """From with_refs: the cotangent of this argument was added to its reference."""


class DontWant(_Mark):
    """To with_refs: nobody asks for the cotangent of this argument."""


class DidntWant(_Mark):
    """From with_refs, in its place."""


def _is_mark(x):
    return isinstance(x, _Mark) or x is None


def _deliver(place, cotangent):
    """What with_refs' function returns for a cotangent."""
    if isinstance(place, GradValue):
        return cotangent
    if place is None or isinstance(place, DontWant):
        return DidntWant()
    place[...] += cotangent
    return GradRef()


class VJP(_Derivative):
    """The function that pulls cotangents of a result back to the arguments; a pytree of what it keeps for that: arguments (args_res, an entry for each) and
    values that were computed (opaque_residuals). Entries of args_res may be taken out, and put back before the call."""
    __slots__ = ()

    def __call__(self, out_ct, *more):
        return self._current()(out_ct, *more)

    def _arranged(self, values):
        form = self._form
        leaves = [NotNeeded()] * form.in_tree.num_leaves
        for value, leaf in zip(values, form.leaf_of):
            if leaf >= 0:
                leaves[leaf] = value
        return [list(tree_unflatten(form.in_tree, leaves)), [v for v, leaf in zip(values, form.leaf_of) if leaf < 0]]

    def _in_order(self):
        leaves = []
        for i, (entry, child) in enumerate(zip(self._values[0], self.in_tree.children())):
            got = tree_leaves(entry, is_leaf=lambda x: isinstance(x, NotNeeded))
            if len(got) != child.num_leaves:
                needed = any(len(leaves) <= leaf < len(leaves) + child.num_leaves for leaf in self._form.leaf_of)
                if needed:
                    raise ValueError(f"args_res[{i}] of a VJP must hold the argument it was made at, with {child.num_leaves} leaves, but has {len(got)}")
                got = [None] * child.num_leaves
            leaves += got
        computed = iter(self._values[1])
        return [leaves[leaf] if leaf >= 0 else next(computed) for leaf in self._form.leaf_of]

    def with_refs(self, *places):
        """The function that adds cotangents to references. places: like the arguments, with a Ref, a GradValue or a DontWant (or None) for each leaf."""
        wanted = tree_leaves(places, is_leaf=_is_mark)
        if len(wanted) != self.in_tree.num_leaves:
            raise TypeError(f"with_refs takes a tree like the arguments, which have {self.in_tree.num_leaves} leaves, but got one of {len(wanted)}")
        return lambda out_ct: tree_unflatten(self.in_tree, [_deliver(w, ct) for w, ct in zip(wanted, tree_leaves(self(out_ct)))])

    def _lists(self):
        """[args_res, opaque_residuals], which the caller may change."""
        values = self._open()[1]
        self._function = None
        return values

    @property
    def args_res(self):
        """What it keeps of each argument: leaves are values or NotNeeded."""
        return self._lists()[0]

    @args_res.setter
    def args_res(self, entries):
        self._lists()[0] = entries

    @property
    def opaque_residuals(self):
        """The other values it keeps, in the order of their first use."""
        return self._lists()[1]

    @opaque_residuals.setter
    def opaque_residuals(self, values):
        self._lists()[1] = values

    def __repr__(self):
        (args_res, opaque_residuals), form = self._open()[1], self._form
        return f"VJP(in_tree={form.in_tree}, out_tree={form.out_tree}, {args_res=}, {opaque_residuals=})"


_cotan.register_static(NotNeeded)
for _class in (Linearized, VJP):
    register_pytree_node(_class, lambda d: (d._open()[1], d._form), lambda form, values, of=_class: of._of(form, values if of is Linearized else list(values)))


@_cotan._boundary
def vjp(fun, *primals, has_aux=False, reduce_axes=()):
    """The value of fun, and a function that pulls cotangents back to the arguments; with has_aux the rest of fun's result too."""
    out, function, *aux = _cotan._vjp(fun, *primals, has_aux=has_aux, reduce_axes=reduce_axes)
    return out, VJP(function), *aux


@_cotan._boundary
def linearize(fun, *primals, has_aux=False):
    """The value of fun, and its derivative as a linear function of tangents; with has_aux the rest of fun's result too."""
    out, function, *aux = _cotan._linearize(fun, *primals, has_aux=has_aux)
    return out, Linearized(function), *aux
