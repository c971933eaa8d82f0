"""Writes equations.json: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
import json
import os
from equations import all_equations

with open(os.path.join(os.path.dirname(__file__), "equations.json"), "w") as f:
    json.dump(all_equations(), f, indent=1)
    f.write("\n")
