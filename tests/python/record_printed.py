"""Writes printed.json, or shows the jaxprs of the expressions given: run with a Python that has JAX 0.10.2 (JAX_PLATFORMS=cpu)."""
import json
import sys

from printed import RECORD, all_printed, short

if sys.argv[1:]:
    for line, text in all_printed():
        if line in sys.argv[1:]:
            print(text)
else:
    with open(RECORD, "w") as f:
        json.dump({line: short(text) for line, text in all_printed()}, f, indent=0, ensure_ascii=False)
        f.write("\n")
