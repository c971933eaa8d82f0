"""Writes functions.json, scipy.json and their like, or those of the names given: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
import json
import os
import sys
from functions import FILES, HERE, evaluate, lines, scope

for file in sys.argv[1:] or FILES:
    names, out = scope(), {}
    for line in lines(file):
        if line.startswith("let "):
            exec(line[4:], names)
        else:
            out[line] = evaluate(line, dict(names))
    with open(os.path.join(HERE, file + ".json"), "w") as f:
        f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in out.items()) + "\n}\n")
