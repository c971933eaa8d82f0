"""jax.interpreters.partial_eval: programs from functions, and programs with parts taken out."""
from .. import _cotan
from ..core import Jaxpr, Literal, get_aval

DynamicJaxprTrace, DynamicJaxprTracer = _cotan.DynamicJaxprTrace, _cotan.DynamicJaxprTracer
custom_partial_eval_rules, dce_rules, partial_eval_jaxpr_custom_rules = {}, {}, {}


class PartialVal(tuple):
    """(type, value): the type is None where the value is known, the value is None where it is not."""

    @classmethod
    def known(cls, const):
        return cls((None, const))

    @classmethod
    def unknown(cls, aval):
        return cls((aval, None))

    def is_known(self):
        return self[0] is None

    def get_known(self):
        return self[1] if self.is_known() else None

    def get_aval(self):
        return get_aval(self[1]) if self.is_known() else self[0]


def trace_to_jaxpr_dynamic(fun, in_avals, *_, **__):
    """(jaxpr, types of the results, constants) of a WrappedFun from and to lists."""
    closed = _cotan._stage(fun.call_wrapped, (), None, tuple(in_avals), {})[0]
    return closed.jaxpr, closed.out_avals, closed.consts


def trace_to_jaxpr_nounits(fun, pvals, instantiate=False):
    """(jaxpr of what depends on unknown inputs, results as PartialVals, constants): everything else is computed."""
    unknown = [p.get_aval() for p in pvals if not p.is_known()]

    def of_unknown(*values):
        values = iter(values)
        return fun.call_wrapped(*[p.get_known() if p.is_known() else next(values) for p in pvals])

    closed = _cotan._stage(of_unknown, (), None, tuple(unknown), {})[0]
    jaxpr, known = closed.jaxpr, dict(zip(closed.jaxpr.constvars, closed.consts))
    read = lambda a: a.val if type(a) is Literal else known[a]
    is_known = lambda a: type(a) is Literal or a in known
    kept = []
    for eqn in jaxpr.eqns:
        if all(map(is_known, eqn.invars)) and not eqn.effects:
            out = eqn.primitive.bind(*map(read, eqn.invars), **eqn.params)
            known.update(zip(eqn.outvars, out if eqn.primitive.multiple_results else [out]))
        else:
            kept.append(eqn)
    instantiated = [instantiate] * len(jaxpr.outvars) if isinstance(instantiate, bool) else instantiate
    results = [PartialVal.known(read(a)) if is_known(a) and not i else PartialVal.unknown(a.aval) for a, i in zip(jaxpr.outvars, instantiated)]
    outvars = [a for a, r in zip(jaxpr.outvars, results) if not r.is_known()]
    used = {a for eqn in kept for a in eqn.invars if type(a) is not Literal} | {a for a in outvars if type(a) is not Literal}
    constvars = [v for v in known if v in used]
    return Jaxpr(constvars, jaxpr.invars, outvars, kept), results, [known[v] for v in constvars]


def _per(flags, n):
    return [flags] * n if isinstance(flags, bool) else list(flags)


def _chosen(values, flags):
    return [v for v, flag in zip(values, flags) if flag]


def dce_jaxpr_consts(jaxpr, used_outputs, instantiate=False):
    """(the program of the used outputs, which constants and which inputs it takes): of calls and loops inside what nobody needs goes too. Inputs to
    `instantiate` stay in any case."""
    made, used = jaxpr._dce(_per(used_outputs, len(jaxpr.outvars)))
    n = len(jaxpr.constvars)
    used_consts, used_inputs = used[:n], [a or b for a, b in zip(used[n:], _per(instantiate, len(jaxpr.invars)))]
    return made.replace(constvars=_chosen(made.constvars, used_consts), invars=_chosen(made.invars, used_inputs)), used_consts, used_inputs


def dce_jaxpr(jaxpr, used_outputs, instantiate=False):
    """The same for a program without constants, as a pair."""
    made, _, used_inputs = dce_jaxpr_consts(jaxpr, used_outputs, instantiate)
    return made, used_inputs
