"""Writes derivatives.json: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
import json
import os
from derivatives import cases, evaluate

lines = [f"{json.dumps(name)}: {json.dumps(evaluate(name))}" for name in cases()]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "derivatives.json"), "w") as f:
    f.write("{\n" + ",\n".join(lines) + "\n}\n")
