#!/usr/bin/env python3
"""Cotan against the installed JAX, live: public names and signatures, and programs that must print the same on both.

    tests/conformance/run.py [--venv .venv] [--jax PYTHON] [--missing] [--only examples]

The examples in JAX's docstrings run on both; a function counts one, and passes when all of its examples print the same. Programs are the tour's pages,
examples/digits.py and programs/, which train with the libraries people build on JAX; a program counts one. Two minutes of random
compositions follow. Names are reported, not judged. JAX is installed into
build/jax, and the libraries, without JAX, into build/libraries, on first use. The last line is 'N passed, N failed'.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from oracle import libraries, python_with_jax

MODULES = ["jax", "jax.numpy", "jax.lax", "jax.nn", "jax.random", "jax.tree_util", "jax.tree", "jax.errors", "jax.dtypes", "jax.scipy.special", "jax.ops", "jax.numpy.linalg",
           "jax.lax.linalg", "jax.numpy.fft", "jax.scipy.linalg", "jax.scipy.stats",
           "jax.scipy.optimize", "jax.scipy.sparse.linalg", "jax.scipy.fft", "jax.scipy.ndimage", "jax.scipy.interpolate", "jax.scipy.cluster.vq",
           "jax.scipy.integrate", "jax.scipy.signal", "jax.scipy.spatial.transform", "jax.experimental.ode",
           "jax.example_libraries.optimizers", "jax.example_libraries.stax"]
NAMES = """
import importlib, inspect, json, sys
found = {}
for module in %r:
    try:
        m = importlib.import_module(module)
    except ImportError:
        continue
    for name in dir(m) if not asked else asked.get(module, []):
        if name.startswith("_") or not hasattr(m, name):
            continue
        value = getattr(m, name)
        if inspect.ismodule(value):
            continue
        try:
            signature = list(inspect.signature(value).parameters)
        except (TypeError, ValueError):
            signature = None
        found.setdefault(module, {})[name] = signature
print(json.dumps(found))
"""
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)")


def run(launcher, program, limit=300, path=""):
    environment = dict(os.environ, JAX_PLATFORMS="cpu", PYTHONWARNINGS="ignore", PYTHONPATH=path)
    try:
        done = subprocess.run([*launcher, program], capture_output=True, text=True, timeout=limit, cwd=ROOT, env=environment)
    except subprocess.TimeoutExpired:
        return f"no end after {limit} s"
    return done.stdout if done.returncode == 0 else f"failed: {done.stderr[-400:]}"


def names(launcher, asked):
    with tempfile.NamedTemporaryFile("w", suffix=".py") as f:
        f.write(f"asked = {asked!r}\n" + NAMES % MODULES)
        f.flush()
        output = run(launcher, f.name)
    return json.loads(output.splitlines()[-1])


def same(a, b):
    words = lambda s: "".join(NUMBER.sub("#", s).split())  # columns are as wide as their numbers
    close = lambda x, y: abs(float(x) - float(y)) <= 1e-4 * max(abs(float(x)), abs(float(y))) + 1e-6
    return words(a) == words(b) and all(close(x, y) for x, y in zip(NUMBER.findall(a), NUMBER.findall(b)))


EXAMPLES = {"jax": "_src/*.py", "jax.numpy": "_src/numpy/**/*.py", "jax.lax": "_src/lax/**/*.py", "jax.nn": "_src/nn/**/*.py", "jax.random": "_src/random/**/*.py",
            "jax.scipy": "_src/scipy/**/*.py"}
ADDRESS = re.compile("0x[0-9a-f]+")


def documented(launcher, folder, pattern, path):
    """What the examples in a part of JAX's documentation print."""
    program = os.path.join(ROOT, "tests", "conformance", "documented.py")
    environment = dict(os.environ, JAX_PLATFORMS="cpu", PYTHONPATH=path)
    done = subprocess.run([*launcher, program, folder, pattern], capture_output=True, text=True, timeout=1800, cwd=ROOT, env=environment)
    if done.returncode:
        sys.exit(f"the examples of {pattern} cannot be run: {done.stderr[-400:]}")
    return json.loads(done.stdout.splitlines()[-1])


def first_difference(theirs, ours):
    """The first example that gives something else, and both outputs; None where there is none."""
    for (source, a), (_, b) in zip(theirs, ours):
        if not same(ADDRESS.sub("0x", a), ADDRESS.sub("0x", b)):
            return source, a, b
    return None


def compare_examples(jax, cotan, path, show):
    """(passed, failed): functions whose examples agree, and others."""
    where = "import importlib.util; print(importlib.util.find_spec('jax').submodule_search_locations[0])"
    folder = subprocess.run([*jax, "-c", where], capture_output=True, text=True, check=True).stdout.strip()
    passed = failed = 0
    for module, pattern in EXAMPLES.items():
        theirs, ours = documented(jax, folder, pattern, path), documented(cotan, folder, pattern, path)
        differ = {name: d for name in theirs if (d := first_difference(theirs[name], ours[name]))}
        print(f"{module:20} {len(theirs) - len(differ):4} of {len(theirs):4} functions' documented examples agree")
        for name, (source, a, b) in differ.items() if show else ():
            print(f"    {name}\n        {source.strip()}\n        JAX:   {a.strip()[:200]}\n        Cotan: {b.strip()[:200]}")
        passed, failed = passed + len(theirs) - len(differ), failed + len(differ)
    return passed, failed


def tour_programs(folder):
    """The pages' programs without what goes beyond JAX ("python cotan")."""
    for page in sorted(glob.glob(os.path.join(ROOT, "docs", "tour", "[0-9]*.md"))):
        with open(page, encoding="utf-8") as f:
            text = "\n".join(re.findall(r"```python\n(.*?)```", f.read(), re.S))
        path = os.path.join(folder, os.path.basename(page)[:-3] + ".py")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        yield path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--venv", default=os.path.join(ROOT, ".venv"))
    parser.add_argument("--jax", help="a Python with JAX")
    parser.add_argument("--missing", action="store_true", help="list the names that are missing, and the documented examples that differ")
    parser.add_argument("--only", choices=["examples"], help="nothing but JAX's documented examples")
    args = parser.parse_args()
    jax = [args.jax] if args.jax else python_with_jax(args.build)
    python = os.path.join(args.venv, "bin", "python")
    cotan, path = [python, "-m", "cotan"], libraries(args.build, python)

    passed, failed = compare_examples(jax, cotan, path, args.missing)
    if args.only:
        print(f"{passed} passed, {failed} failed")
        sys.exit(failed > 0)

    theirs = names(jax, None)
    ours = names(cotan, {module: list(found) for module, found in theirs.items()})
    for module, found in theirs.items():
        have = ours.get(module, {})
        differ = [n for n in have if have[n] is not None and found[n] is not None and have[n] != found[n]]
        print(f"{module:20} {len(have):4} of {len(found):4} names, {len(differ)} with other parameters")
        if args.missing:
            print("    missing:", " ".join(sorted(set(found) - set(have))))
            print("    differ:", " ".join(differ))

    with tempfile.TemporaryDirectory() as folder:
        with_libraries = sorted(glob.glob(os.path.join(ROOT, "tests", "conformance", "programs", "*.py")))
        for program in [*tour_programs(folder), os.path.join(ROOT, "examples", "digits.py"), *with_libraries]:
            a, b = run(cotan, program, path=path), run(jax, program)
            good = same(a, b)
            passed, failed = passed + good, failed + (not good)
            print("ok  " if good else "FAIL", os.path.basename(program))
            if not good:
                print(f"--- Cotan\n{a}\n--- JAX\n{b}")
    compositions = os.path.join(ROOT, "tests", "compositions", "run.py")
    done = subprocess.run([sys.executable, compositions, "--venv", args.venv, "--jax", *jax, "--seconds", "120", "--seed", "1000000"], capture_output=True, text=True)
    print(done.stdout)
    more = re.search(r"(\d+) passed, (\d+) failed\n$", done.stdout)
    passed, failed = (passed + int(more[1]), failed + int(more[2])) if more else (passed, failed + 1)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
