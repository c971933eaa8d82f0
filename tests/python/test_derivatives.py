"""Derivatives' results, jaxprs and exception classes against those that JAX gives (derivatives.py, derivatives.json)."""
import json
import math
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from derivatives import cases, evaluate

RECORDED = json.load(open(os.path.join(os.path.dirname(__file__), "derivatives.json")))


def close(a, b):
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 2e-6 * max(abs(a), abs(b), 0.1)


@pytest.mark.parametrize("name", cases())
def test_derivative(name):
    got, expected = evaluate(name), RECORDED[name]
    if isinstance(expected, str) or isinstance(got, str):
        assert got == expected
        return
    assert got[0] == expected[0]
    assert [leaf[:3] for leaf in got[1]] == [leaf[:3] for leaf in expected[1]]
    for g, e in zip(got[1], expected[1]):
        assert all(close(p, q) for p, q in zip(g[3], e[3])), f"\n  JAX  {e[3]}\n  here {g[3]}"
