"""Writes mistakes.json: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
import json

from mistakes import RECORD, cases, told

with open(RECORD, "w") as f:
    json.dump({name: told(program) for name, program in cases.items()}, f, indent=1)
    f.write("\n")
