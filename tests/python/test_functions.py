"""Values, dtypes, weak types and exceptions of library functions against those that JAX gives (functions.txt, scipy.txt, ... and their .json)."""
import json
import math
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from functions import FILES, HERE, evaluate, lines, scope

RECORDED = {file: json.load(open(os.path.join(HERE, file + ".json"))) for file in FILES}


def cases():
    """Each expression with the definitions that stand before it."""
    for file in FILES:
        definitions = {}
        for line in lines(file):
            if line.startswith("let "):
                definitions = {**definitions, line.split("=")[0]: line[4:]}
            else:
                yield line, RECORDED[file][line], tuple(definitions.values()), FILES[file]


def close(a, b, tolerance):
    return a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= tolerance * max(abs(a), abs(b), 0.1)


@pytest.mark.parametrize("line, expected, definitions, tolerance", list(cases()), ids=[c[0] for c in cases()])
def test_function(line, expected, definitions, tolerance):
    names = scope()
    for definition in definitions:
        exec(definition, names)
    got = evaluate(line, names)
    if isinstance(expected, str) or isinstance(got, str):
        assert got == expected
        return
    assert [g[:3] for g in got] == [e[:3] for e in expected]
    for g, e in zip(got, expected):
        assert all(close(p, q, tolerance) for p, q in zip(g[3], e[3])), f"\n  JAX  {e[3]}\n  here {g[3]}"
