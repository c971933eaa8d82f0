#!/usr/bin/env python3
"""Writes primitives.json: what JAX 0.10.2 gives for the samples of primitives.py, and how it fares with those laws that do not hold here.

    tests/laws/record_primitives.py PYTHON_WITH_JAX [PATTERN]

With a pattern, only samples whose name fits it or is new are evaluated again.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RECORDED = HERE / "primitives.json"
COTAN = [HERE.parents[1] / ".venv" / "bin" / "python", "-m", "cotan"]


def answers(command, *arguments):
    """What law.py prints under one system, by sample."""
    process = subprocess.Popen([*command, HERE / "law.py", *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, "JAX_PLATFORMS": "cpu"})
    for line in process.stdout:
        if line.startswith("LAWS "):
            record = json.loads(line[5:])
            print(record["sample"], file=sys.stderr)
            yield record.pop("sample"), record
    if process.wait():
        sys.exit(f"{command} ended with {process.returncode}")


def main():
    old = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    ours = dict(answers(COTAN, "."))
    wanted = {name: [law for law, found in record["laws"].items() if found[0] != "("] for name, record in ours.items()}
    again = [name for name in wanted if name not in old or set(wanted[name]) - set(old[name]["laws"]) or (len(sys.argv) > 2 and re.search(sys.argv[2], name))]
    if again:
        old.update(answers([sys.argv[1]], "^(" + "|".join(map(re.escape, again)) + ")$", json.dumps(wanted)))
    for name, laws in wanted.items():
        old[name]["laws"] = {law: old[name]["laws"].get(law, "holds") for law in laws}
    RECORDED.write_text("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(old[name])}" for name in wanted) + "\n}\n")


if __name__ == "__main__":
    main()
