"""The rules of primitives: the tables that jax.interpreters shows, and what the extension asks of them.

A rule is called with arrays. In and out of the library a zero tangent or cotangent is None, an unknown operand its type, an axis that is not mapped None."""
from . import _cotan, core


class Zero:
    """A tangent or cotangent that is zero, by its type."""
    __slots__ = ("aval",)

    def __init__(self, aval):
        self.aval = aval

    @staticmethod
    def from_primal_value(x):
        return Zero(core.get_aval(x).to_tangent_aval())

    def instantiate(self):
        return instantiate_zeros(self)

    def __repr__(self):
        return f"Zero({self.aval})"


class UndefinedPrimal:
    """An operand that a linear program is transposed with respect to, by its type."""
    __slots__ = ("aval",)

    def __init__(self, aval):
        self.aval = aval

    def __repr__(self):
        return f"UndefinedPrimal({self.aval})"


def is_undefined_primal(x):
    """Whether a transpose rule is to give this operand's cotangent."""
    return type(x) is UndefinedPrimal


def zeros_like_aval(aval):
    """Zeros of a type."""
    from .numpy import zeros
    return zeros(aval.shape, aval.dtype)


def instantiate_zeros(tangent):
    """A tangent as an array, also where it is a Zero."""
    return zeros_like_aval(tangent.aval) if type(tangent) is Zero else tangent


def _given(tangent):
    """What the library takes for a tangent."""
    return None if tangent is None or type(tangent) is Zero else tangent


class RuleTable(dict):
    """Rules by primitive. A primitive of the library has the library's, until another is put in its place or it is taken out."""

    def __init__(self, kind, made):
        super().__init__()
        self._kind, self._made, self._library, self._taken_out = kind, made, {}, set()

    def _has_librarys(self, primitive):
        return isinstance(primitive, core.Primitive) and not _is_own(primitive) and primitive not in self._taken_out and _cotan._has_rule(primitive, self._kind)

    def __missing__(self, primitive):
        if not self._has_librarys(primitive):
            raise KeyError(primitive)
        return self._library.setdefault(primitive, self._made(primitive))

    def __contains__(self, primitive):
        return dict.__contains__(self, primitive) or self._has_librarys(primitive)

    def get(self, primitive, default=None):
        return self[primitive] if primitive in self else default

    def __setitem__(self, primitive, rule):
        if _is_own(primitive):
            return dict.__setitem__(self, primitive, rule)
        self._taken_out.discard(primitive)
        its_own = rule is self._library.get(primitive, self)
        dict.pop(self, primitive, None) if its_own else dict.__setitem__(self, primitive, rule)
        _cotan._replace_rule(primitive, self._kind, not its_own)

    def __delitem__(self, primitive):
        if primitive not in self:
            raise KeyError(primitive)
        dict.pop(self, primitive, None)
        if not _is_own(primitive):
            self._taken_out.add(primitive)
            _cotan._replace_rule(primitive, self._kind, True)

    def pop(self, primitive, *default):
        if primitive not in self and default:
            return default[0]
        rule = self[primitive]
        del self[primitive]
        return rule

    def setdefault(self, primitive, rule=None):
        if primitive not in self:
            self[primitive] = rule
        return self[primitive]

    def update(self, *args, **kwargs):
        for primitive, rule in dict(*args, **kwargs).items():
            self[primitive] = rule

    def __iter__(self):
        yield from dict.__iter__(self)
        yield from (p for p in _cotan._primitives() if not dict.__contains__(self, p) and self._has_librarys(p))

    def __len__(self):
        return sum(1 for _ in self)

    def keys(self):
        return list(self)

    def values(self):
        return [self[p] for p in self]

    def items(self):
        return [(p, self[p]) for p in self]


_JVP, _TRANSPOSE, _BATCH, _LOWERING = range(4)  # enum rule_kind
_is_own = _cotan._primitive_is_own  # whether Python made the primitive


def _results(primitive, values):
    return list(values) if primitive.multiple_results else values[0]


def _library_jvp(primitive):
    def rule(primals, tangents, **params):
        out, out_tangents = _cotan._rule_jvp(primitive, list(primals), [_given(t) for t in tangents], params)
        out_tangents = [Zero.from_primal_value(o) if t is None else t for o, t in zip(out, out_tangents)]
        return _results(primitive, out), _results(primitive, out_tangents)
    return rule


def _library_transpose(primitive):
    def rule(ct, *operands, **params):
        cts = list(ct) if primitive.multiple_results else [ct]
        return tuple(_cotan._rule_transpose(primitive, [_given(c) for c in cts], [x.aval if is_undefined_primal(x) else x for x in operands], params))
    return rule


def _library_batcher(primitive):
    def rule(operands, dims, **params):
        out, out_dims = _cotan._rule_batch(primitive, list(operands), list(dims), None, params)
        return _results(primitive, out), _results(primitive, out_dims)
    return rule


def _library_fancy_batcher(primitive):
    def rule(axis, operands, dims, **params):
        out, out_dims = _cotan._rule_batch(primitive, list(operands), list(dims), axis.name, params)
        return _results(primitive, out), _results(primitive, out_dims)
    return rule


primitive_jvps = RuleTable(_JVP, _library_jvp)
primitive_transposes = RuleTable(_TRANSPOSE, _library_transpose)
primitive_batchers = RuleTable(_BATCH, _library_batcher)
fancy_primitive_batchers = RuleTable(_BATCH, _library_fancy_batcher)
lowerings = {}  # (primitive, platform or None) -> rule


def register_lowering(prim, rule, platform=None, inline=True, cacheable=True):
    """rule(context, *operands, **params) is what the primitive is compiled to on the platform, or on all."""
    lowerings[prim, platform] = rule
    if not _is_own(prim) and platform in ("cpu", None):
        _cotan._replace_rule(prim, _LOWERING, True)
    return rule


class AxisData:
    """The axis that a batching rule adds: its name (or None) and size."""

    def __init__(self, name, size):
        self.name, self.size, self.spmd_name, self.explicit_mesh_axis = name, size, None, None


# ---- what the extension asks; each is rule(primitive, first, second, params) ----

def abstract_eval(primitive, avals, _, params):
    if not _is_own(primitive):
        return _cotan._result_types(primitive, list(avals), params)
    if hasattr(primitive, "abstract_eval"):
        out = primitive.abstract_eval(*avals, **params)
    elif hasattr(primitive, "effectful_abstract_eval"):
        out, _ = primitive.effectful_abstract_eval(*avals, **params)
    else:
        raise NotImplementedError(f"Abstract evaluation for '{primitive}' not implemented")
    return list(out) if primitive.multiple_results else [out]


def evaluate(primitive, operands, _, params):
    if not hasattr(primitive, "impl"):
        raise NotImplementedError(f"Evaluation rule for '{primitive}' not implemented")
    out = primitive.impl(*operands, **params)
    return list(out) if primitive.multiple_results else [out]


def jvp(primitive, primals, tangents, params):
    if primitive not in primitive_jvps:
        raise NotImplementedError(f"Differentiation rule for '{primitive}' not implemented")
    tangents = [Zero.from_primal_value(p) if t is None else t for p, t in zip(primals, tangents)]
    out, out_tangents = primitive_jvps[primitive](tuple(primals), tuple(tangents), **params)
    if not primitive.multiple_results:
        out, out_tangents = [out], [out_tangents]
    return list(out), [_given(t) for t in out_tangents]


def transpose(primitive, cts, operands, params):
    if primitive not in primitive_transposes:
        raise NotImplementedError(f"Transpose rule (for reverse-mode differentiation) for '{primitive}' not implemented")
    avals = [x if isinstance(x, core.ShapedArray) else core.get_aval(x) for x in operands]
    if any(c is None for c in cts):
        cts = [Zero(a) if c is None else c for c, a in zip(cts, abstract_eval(primitive, avals, None, params))]
    operands = [UndefinedPrimal(x) if isinstance(x, core.ShapedArray) else x for x in operands]
    out = primitive_transposes[primitive](list(cts) if primitive.multiple_results else cts[0], *operands, **params)
    return [None] * len(operands) if out is Zero else [_given(c) for c in out]


def batch(primitive, operands, how, params):
    size, name, dims = how
    operands, dims = tuple(operands), tuple(dims)
    if dict.__contains__(fancy_primitive_batchers, primitive):
        out, out_dims = fancy_primitive_batchers[primitive](AxisData(name, size), operands, dims, **params)
    elif primitive in primitive_batchers:
        out, out_dims = primitive_batchers[primitive](operands, dims, **params)
    else:
        raise NotImplementedError(f"Batching rule for '{primitive}' not implemented")
    return (list(out), list(out_dims)) if primitive.multiple_results else ([out], [out_dims])


class LoweringContext:
    """What a lowering rule is told."""

    def __init__(self, primitive, avals_in, avals_out):
        self.primitive, self.avals_in, self.avals_out = primitive, avals_in, avals_out
        self.module_context, self.tokens_in, self.platforms = self, None, ("cpu",)

    def replace(self, **changes):
        made = LoweringContext(self.primitive, self.avals_in, self.avals_out)
        made.__dict__.update(self.__dict__, **changes)
        return made


def _flat(values):
    if isinstance(values, (list, tuple)):
        return [x for v in values for x in _flat(v)]
    return [getattr(values, "result", values)]


def lower(primitive, avals, _, params):
    """The program that a lowering rule writes; None where the rule is written in MLIR and there is an implementation to call instead."""
    rule = lowerings.get((primitive, "cpu")) or lowerings.get((primitive, None))
    if rule is None:
        raise NotImplementedError(f"MLIR translation rule for primitive '{primitive}' not found for platform cpu")
    context = LoweringContext(primitive, avals, abstract_eval(primitive, avals, None, params))
    try:
        return _cotan._stage(lambda *operands: _flat(rule(context, *operands, **params)), (), None, tuple(avals), {})[0]
    except (ImportError, AttributeError, NotImplementedError) as e:
        if hasattr(primitive, "impl"):
            return None
        raise NotImplementedError(f"the lowering of the primitive '{primitive}' is written in MLIR, which this compiler does not read; write it as a function of "
                                  f"arrays with mlir.lower_fun ({e})") from e
