"""Writes functions.json: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
import json
import os
from functions import HERE, evaluate, lines, scope

names, out = scope(), {}
for line in lines():
    if line.startswith("let "):
        exec(line[4:], names)
    else:
        out[line] = evaluate(line, dict(names))
with open(os.path.join(HERE, "functions.json"), "w") as f:
    f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in out.items()) + "\n}\n")
