"""Writes control_jaxprs.txt: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
from control import RECORD, jaxpr, programs

with open(RECORD, "w") as f:
    for name, program in programs().items():
        f.write(f"## {name}\n{jaxpr(program)}\n")
