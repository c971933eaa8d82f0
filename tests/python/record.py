"""Writes expressions.json: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
import json
import os
from expressions import evaluate, expressions, scope

names = scope()
out = {f"{group}: {line}": evaluate(group, line, names) for group, line in expressions()}
with open(os.path.join(os.path.dirname(__file__), "expressions.json"), "w") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
