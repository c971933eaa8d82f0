"""Derivatives' results, jaxprs and exception classes against those that JAX gives (derivatives.py, derivatives.json)."""
import json
import math
import os
import sys

import jax
import jax.experimental.jet
import jax.numpy as jnp
import pytest

sys.path.insert(0, os.path.dirname(__file__))
from derivatives import cases, evaluate

RECORDED = json.load(open(os.path.join(os.path.dirname(__file__), "derivatives.json")))


def close(a, b, size=0.1, tolerance=2e-6):
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= tolerance * max(abs(a), abs(b), size)


def test_jet_goes_through_loops():
    f = lambda x: jax.lax.fori_loop(0, 3, lambda i, c: jnp.sin(c) * c, x)
    _, terms = jax.experimental.jet.jet(f, (0.8,), ([1.0, 0.0, 0.0],))
    d1, d2, d3 = jax.grad(f), jax.grad(jax.grad(f)), jax.grad(jax.grad(jax.grad(f)))
    for term, d in zip(terms, (d1, d2, d3)):
        assert close(float(term), float(d(0.8)) * (1 + 1e-6))


@pytest.mark.parametrize("name", cases())
def test_derivative(name):
    got, expected = evaluate(name), RECORDED[name]
    if isinstance(expected, str) or isinstance(got, str):
        assert got == expected
        return
    assert got[0] == expected[0]
    assert [leaf[:3] for leaf in got[1]] == [leaf[:3] for leaf in expected[1]]
    for g, e in zip(got[1], expected[1]):
        like = (2.0, 1e-5) if "jet" in name else (0.1, 2e-6)  # high orders are sums of larger terms
        assert all(close(p, q, *like) for p, q in zip(g[3], e[3])), f"\n  JAX  {e[3]}\n  here {g[3]}"
