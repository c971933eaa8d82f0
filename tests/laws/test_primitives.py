"""Every law of law.py, for every sample of every primitive: it holds, or is refused where JAX refuses it (primitives.json); and values and derivatives are JAX's."""
import functools
import pathlib
import sys

import jax
import pytest
from cotan import _cotan

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import table
from law import LAWS, Subject, outcome, sums
from primitives import SAMPLES

BY_NAME = {s.name: s for s in SAMPLES}
# Where JAX does what is refused here: its function is a loop of operations that have derivatives, forwards.
REFUSED = {"random_gamma_grad 0": {"no_tangents", "jvp", "linearize", "jvp_of_vmap"}}


@functools.cache
def subject(name):
    return Subject(BY_NAME[name])


@functools.cache
def found(name):
    with jax.enable_x64(True):
        return {law: outcome(law, subject(name)) for law in LAWS}


def equations(jaxpr):
    for eqn in jaxpr.eqns:
        yield eqn.primitive.name
        for sub in jax.core.jaxprs_in_params(eqn.params):
            yield from equations(getattr(sub, "jaxpr", sub))


def names_in(f, *args, **options):
    try:
        return set(equations(jax.make_jaxpr(f, **options)(*args).jaxpr))
    except (TypeError, ValueError, NotImplementedError):
        return set()


def test_every_primitive_has_a_sample():
    assert {p.name for p in _cotan._primitives()} == {s.primitive for s in SAMPLES}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_sample_uses_its_primitive(name):
    with jax.enable_x64(True):
        s, sample = subject(name), BY_NAME[name]
        used = names_in(sample.f, *(a[0] for a in s.args), axis_env=[sample.axis]) if sample.axis else names_in(s.f, *s.args)
        if s.smooth:
            used |= names_in(lambda args, xs: jax.vjp(jax.jit(s.at(args)), *xs)[1](s.cts), s.args, s.xs)
        assert (sample.primitive in used) == sample.visible


@pytest.mark.parametrize("name", BY_NAME)
def test_laws(name):
    theirs = table.RECORDED[name]["laws"]
    for law, what in found(name).items():
        if what == "holds" or what[0] == "(" or law in REFUSED.get(name, ()):
            continue
        assert theirs.get(law, "holds") != "holds", f"{law}: {what}"
        assert not what.startswith("broken") or theirs[law].startswith("broken"), f"{law}: {what}"


@pytest.mark.parametrize("name", BY_NAME)
def test_values_and_derivatives_are_those_of_jax(name):
    want = table.RECORDED[name]["sums"]
    if table.UNKNOWN in str(want["value"]):
        return
    with jax.enable_x64(True):
        got = sums(subject(name))
    for what, theirs in want.items():
        if name in REFUSED and isinstance(got[what], str):
            continue
        if isinstance(theirs, str) or isinstance(got[what], str):
            assert isinstance(theirs, str), f"{what}: {got[what]} where {theirs} expected"
            continue
        assert [kind for kind, *_ in got[what]] == [kind for kind, *_ in theirs]
        for (kind, *a), (_, *b) in zip(got[what], theirs):
            assert a == pytest.approx(b, rel=1e-4 if "32[" in kind else 1e-9, abs=1e-4 if "32[" in kind else 1e-9), (what, kind)


def test_the_page_is_fresh():
    assert table.PAGE.read_text() == table.page({name: found(name) for name in BY_NAME}), "make it again: tests/laws/table.py"
