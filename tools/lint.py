#!/usr/bin/env python3
"""The house rules that a machine can check: includes point downwards, files stay small and formatted, exported names carry their prefix.

    tools/lint.py          prints each violation as FILE:LINE: what; exit 1 when there is one
"""
import math
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOORS = ["base", "array", "kernel", "core", "ops", "transform", "stablehlo", "compile", "runtime", "shard", "pjrt", "pallas",
          "numpy", "lax", "nn", "random", "scipy", "api"]
# A backend registers itself with core; nothing above it names it. These rooms stand beside each other.
ALSO = {"compile": {"runtime"}, "numpy": {"api"}, "lax": {"api"}, "nn": {"api"}, "random": {"api"}, "scipy": {"api"}, "transform": set(), "core": set()}
LONGEST = 1500
WIDEST = {".c": 100, ".h": 100, ".py": 180, ".pyi": 220}
TABLES = ("src/ops/params.h",)  # lists that read better as rows


def files():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [f for f in listed if f.endswith((".c", ".h", ".def", ".py", ".pyi")) and "/recorded/" not in f and os.path.exists(os.path.join(ROOT, f))]


def check_includes(name, lines):
    parts = name.split("/")
    if parts[0] != "src" or parts[1] not in FLOORS:
        return
    room = parts[1]
    for number, line in enumerate(lines, 1):
        match = re.match(r'#include "(\w+)/', line)
        if not match or match[1] in ("cotan", room) or match[1] not in FLOORS:
            continue
        if FLOORS.index(match[1]) > FLOORS.index(room) and match[1] not in ALSO.get(room, ()):
            yield number, f"{room} may not include {match[1]}/, which is a floor above it"


def check_llvm(name, lines):
    if name.startswith("src/compile/llvm/") or name.startswith("tools/"):
        return
    for number, line in enumerate(lines, 1):
        if re.match(r'#include [<"]llvm', line):
            yield number, "only src/compile/llvm includes LLVM"


def check_size(name, lines):
    if name.endswith((".c", ".h", ".py")) and len(lines) > LONGEST:
        yield 1, f"{len(lines)} lines; {LONGEST} is the limit"
    for number, line in enumerate(lines, 1):
        if len(line.rstrip("\n")) > WIDEST.get(os.path.splitext(name)[1], math.inf) and name not in TABLES:
            yield number, f"a line of {len(line)} columns"


def check_opening(name, lines):
    if name.startswith("src/") and name.endswith((".c", ".h")) and lines and not lines[0].startswith("/*"):
        yield 1, "a file opens with a comment that says which question it answers"


def check_format():
    """C as `make fmt` leaves it, where the formatter is the version that the style was written for."""
    version = subprocess.run(["clang-format", "--version"], capture_output=True, text=True).stdout if shutil.which("clang-format") else ""
    if "version 14." not in version:
        return
    sources = [f for f in files() if f.endswith((".c", ".h"))]
    told = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources], cwd=ROOT, capture_output=True, text=True).stderr
    for name, number in sorted(set(re.findall(r"^(\S+):(\d+):\d+: error:", told, re.M))):
        yield name, number, "not as clang-format has it: make fmt"


def main():
    bad = 0
    for name, number, what in check_format():
        print(f"{name}:{number}: {what}")
        bad += 1
    for name in files():
        with open(os.path.join(ROOT, name), encoding="utf-8") as f:
            lines = f.readlines()
        for check in (check_includes, check_llvm, check_size, check_opening):
            for number, what in check(name, lines) or ():
                print(f"{name}:{number}: {what}")
                bad += 1
    print(f"{bad} violations")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
