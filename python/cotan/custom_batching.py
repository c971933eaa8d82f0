"""Functions that say themselves how they are batched: custom_vmap, sequential_vmap."""
from . import _cotan
from ._cotan import tree_map
from .custom_derivatives import _CustomRules


class custom_vmap(_CustomRules):
    """A function whose batching the caller defines: @custom_vmap, then @f.def_vmap."""

    def __init__(self, fun):
        super().__init__(fun)
        self.vmap_rule = None

    def def_vmap(self, vmap_rule):
        """rule(axis_size, in_batched, *args) -> (out, out_batched): mapped arguments have the mapped axis in front."""
        def rule(axis_size, in_batched, *args):
            in_batched = [tree_map(bool, b) for b in in_batched]
            out, out_batched = vmap_rule(int(axis_size), in_batched, *args)
            return out, tuple(out_batched) if type(out) is tuple and type(out_batched) is list else out_batched
        rule.__name__ = getattr(vmap_rule, "__name__", "rule")
        self.vmap_rule, self._made = vmap_rule, _cotan._custom_vmap(self.fun, rule)
        return vmap_rule

    def __call__(self, *args, **kwargs):
        if self._made is None:
            def missing(*_):
                raise AttributeError(f"No batching rule defined for custom_vmap function {self.__name__} using def_vmap.")
            self._made = _cotan._custom_vmap(self.fun, missing)
        return self._made(*self._positional(args, kwargs))


def sequential_vmap(f):
    """f, mapped by calling it for one element after the other."""
    from .lax import map as lax_map
    f = custom_vmap(f)

    @f.def_vmap
    def rule(axis_size, in_batched, *args):
        def one(mapped):
            mapped = iter(mapped)
            return f(*_merge(in_batched, args, mapped))
        mapped = [leaf for b, a in zip(in_batched, args) for leaf, m in zip(_cotan.tree_leaves(a), _cotan.tree_leaves(b)) if m]
        out = lax_map(one, mapped)
        return out, tree_map(lambda _: True, out)

    return f


def _merge(in_batched, args, mapped):
    """The arguments of one call: mapped leaves from the iterator, others as they are."""
    return [tree_map(lambda leaf, m: next(mapped) if m else leaf, a, b) for a, b in zip(args, in_batched)]
