"""Every function of jax.numpy and jax.lax gives the dtype, weak type, shape and values that JAX gives, or fails with the same exception class."""
import json
import math
import pathlib
import re

import jax
import jax.numpy as jnp
import numpy
import pytest
from jax import lax

from . import cases

RECORDED = json.loads((pathlib.Path(__file__).parent / "recorded.json").read_text())
# Relative error allowed per dtype: a few units in the last place, more for the special functions.
RELATIVE = {"float32": 1e-6, "float16": 2e-3, "bfloat16": 1.6e-2, "complex64": 4e-6}
SPECIAL = ("exp2(S)", "lgamma", "digamma", "polygamma", "zeta", "igamma", "betainc", "bessel", "erf_inv", "power", "pow", "logspace", "geomspace",
           "cumlogsumexp", "linalg", "polyfit", "roots")


def group_of(expression):
    found = re.match(r"(?:jax.grad\()?(jnp|lax)\.((?:linalg\.|fft\.)?\w+)", expression)
    return f"{found[1]}.{found[2]}" if found else "operators"


GROUPS = {}
for e in RECORDED:
    GROUPS.setdefault(group_of(e), []).append(e)


def names():
    out = {n: jnp.array(v, dtype=d) for n, (d, v) in cases.SAMPLES.items()}
    out.update(jax=jax, jnp=jnp, lax=lax)
    return out


def flat(value):
    return value if isinstance(value, list) else [value]


# Where we are known to differ: complex numbers have no order here and divide by zero to NaN; half precision
# has conjugates; arguments outside of a function's domain.
KNOWN = {f"jnp.{n}(C)" for n in ("max", "min", "ptp", "nanmax", "nanmin", "reciprocal")} | {
    "lax.conj(B)", "lax.reciprocal(C)", "lax.igamma(F, F)", "lax.igammac(F, F)", "lax.zeta(F, F)"}


def close(got, want, relative, unit):
    """Within the relative error; numbers smaller than the unit count as big as that."""
    got, want = float(got), float(want)
    if math.isnan(want) or math.isnan(got):
        return math.isnan(want) and math.isnan(got)
    return got == want or abs(got - want) <= relative * max(abs(want), unit)


def differences(value, want, expression):
    if isinstance(want, list):
        if not isinstance(value, (tuple, list)) or len(value) != len(want):
            yield f"{len(want)} results expected, got {value!r}"
            return
        for v, w in zip(value, want):
            yield from differences(v, w, expression)
        return
    got = ("*" if value.weak_type else "") + f"{value.dtype}[{','.join(map(str, value.shape))}]"
    if got != want["type"]:
        yield f"type {got}, recorded {want['type']}"
        return
    numbers = memory(value)
    recorded = [u for v in want["values"] for u in flat(v)]
    special = any(s in expression for s in SPECIAL)
    relative = RELATIVE.get(str(value.dtype), 0) * (20 if special else 1)
    unit = 1 if special or str(value.dtype).startswith("complex") else 1e-3
    wrong = [(g, w) for g, w in zip(numbers, recorded) if not close(g, w, relative, unit)]
    if wrong:
        yield f"values (ours, recorded): {wrong[:3]}"


def memory(a):
    """The elements as Python numbers, complex ones as two."""
    found = numpy.asarray(a.astype("float32") if str(a.dtype) in ("bfloat16", "float16") else a).ravel().tolist()
    return [u for v in found for u in ((v.real, v.imag) if isinstance(v, complex) else (v,))]


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_recorded(group):
    bad, missing = [], []
    for expression in GROUPS[group]:
        if expression in KNOWN:
            continue
        want = RECORDED[expression]
        try:
            value = jax.block_until_ready(eval(expression, names()))
        except NotImplementedError as error:
            if want != {"error": "NotImplementedError"}:
                missing.append(f"{expression}: {error}")
            continue
        except Exception as error:
            if not (isinstance(want, dict) and want.get("error") == type(error).__name__):
                bad.append(f"{expression}: {type(error).__name__}: {str(error)[:120]}")
            continue
        if isinstance(want, dict) and "error" in want:
            bad.append(f"{expression}: {want['error']} expected, got {value!r}")
            continue
        bad += [f"{expression}: {d}" for d in differences(value, want, expression)]
    assert not bad, "\n".join(bad)
    if missing:
        pytest.skip(f"{len(missing)} of {len(GROUPS[group])} not available: {missing[0]}")


def test_every_function_is_recorded():
    """A function of these rooms' stubs that no expression calls would go unchecked."""
    called = " ".join(RECORDED)
    for module in cases.PARTS:
        short = module.replace("numpy", "jnp")
        unchecked = [n for n in cases.PARTS[module] if not re.search(rf"\b{short}\.{n}\(", called)]
        assert not unchecked
