"""Values, dtypes, weak types and exceptions of library functions against those that JAX gives (functions.txt, functions.json)."""
import json
import math
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from functions import HERE, evaluate, lines, scope

RECORDED = json.load(open(os.path.join(HERE, "functions.json")))


def cases():
    """Each expression with the definitions that stand before it."""
    definitions = {}
    for line in lines():
        if line.startswith("let "):
            definitions = {**definitions, line.split("=")[0]: line[4:]}
        else:
            yield line, tuple(definitions.values())


def close(a, b):
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 3e-6 * max(abs(a), abs(b), 0.1)


@pytest.mark.parametrize("line, definitions", list(cases()), ids=[c[0] for c in cases()])
def test_function(line, definitions):
    names = scope()
    for definition in definitions:
        exec(definition, names)
    got, expected = evaluate(line, names), RECORDED[line]
    if isinstance(expected, str) or isinstance(got, str):
        assert got == expected
        return
    assert [g[:3] for g in got] == [e[:3] for e in expected]
    for g, e in zip(got, expected):
        assert all(close(p, q) for p, q in zip(g[3], e[3])), f"\n  JAX  {e[3]}\n  here {g[3]}"
