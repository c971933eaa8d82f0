#!/usr/bin/env python3
"""Writes recorded.json: random programs and what JAX 0.10.2 gives for them.

    tests/compositions/record.py PYTHON_WITH_JAX [FIRST COUNT]

The programs in found/, which once went wrong, come first. What is recorded already is kept, also what today's generator would not make any more; programs of COUNT seeds from FIRST
on are added. Those that JAX refuses, or does not end, are left out.
"""
import json
import pathlib
import sys

from programs import Program
from run import Worker

HERE = pathlib.Path(__file__).parent
RECORDED = HERE / "recorded.json"


def main():
    oracle, first, count = Worker([sys.argv[1]]), *(map(int, sys.argv[2:]) if len(sys.argv) > 2 else (0, 0))
    old = {r["text"]: r for r in json.loads(RECORDED.read_text())} if RECORDED.exists() else {}
    programs = [(path.stem, path.read_text()) for path in sorted((HERE / "found").glob("*.py"))]
    programs += [(r["name"], text) for text, r in old.items() if r["name"].startswith("seed")]
    programs += [(f"seed {seed}", Program.random(seed).text()) for seed in range(first, first + count)]
    kept = []
    for name, text in programs:
        got = old.get(text) or oracle.ask(text)
        if "error" in got:
            print(f"{name}: {got['error']}", file=sys.stderr)
            continue
        kept.append(json.dumps({**got, "name": name, "text": text}))
        RECORDED.write_text("[\n" + ",\n".join(kept) + "\n]\n")


if __name__ == "__main__":
    main()
