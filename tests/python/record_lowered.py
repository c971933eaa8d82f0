"""Writes lowered.txt: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
from lowered import RECORD, programs, text

with open(RECORD, "w") as f:
    for name, program in programs().items():
        f.write(f"## {name}\n{text(program)}\n")
