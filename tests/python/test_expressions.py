"""Values, dtypes and reprs of expressions against those that JAX gives."""
import json
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from expressions import evaluate, expressions, scope

RECORDED = json.load(open(os.path.join(os.path.dirname(__file__), "expressions.json")))
NUMBER = re.compile(r"[-+]?\d+\.\d*(?:[eE][-+]?\d+)?")


def same(a, b):
    """Equal texts, except that floats may differ in the last digits (and so in the width of their columns)."""
    words = lambda s: "".join(NUMBER.sub("#", s).split())
    close = lambda p, q: p == q or abs(p - q) <= 1e-6 * max(abs(p), abs(q))
    return words(a) == words(b) and all(close(float(p), float(q)) for p, q in zip(NUMBER.findall(a), NUMBER.findall(b)))


@pytest.fixture(scope="module")
def names():
    return scope()


@pytest.mark.parametrize("group, line", list(expressions()), ids=lambda v: v)
def test_expression(group, line, names):
    got, expected = evaluate(group, line, names), RECORDED[f"{group}: {line}"]
    assert same(got, expected), f"{line}\n  JAX  {expected}\n  here {got}"
