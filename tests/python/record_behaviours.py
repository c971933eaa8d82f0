"""Writes behaviours.json: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
import json

from behaviours import RECORD, cases, outcome

record = {name: outcome(*program) for name, program in cases.items()}
for name, (_, says) in cases.items():
    if says:
        assert isinstance(record[name], list) and record[name][1] == says, (name, record[name])
    else:
        assert isinstance(record[name], str), (name, record[name])
with open(RECORD, "w") as f:
    json.dump(record, f, indent=1)
    f.write("\n")
