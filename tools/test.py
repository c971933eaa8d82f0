#!/usr/bin/env python3
"""Runs every test and adds up: the C programs (ctest), the Python tests (pytest under Cotan), the examples, the torture run.

    tools/test.py --build build [--only unit|examples|torture|python|python-unoptimized]

Each test has a time limit. The last line is 'N passed, N failed'.
"""
import argparse
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(arguments, limit, **options):
    try:
        return subprocess.run(arguments, timeout=limit, cwd=ROOT, **options).returncode
    except subprocess.TimeoutExpired:
        print(f"no end after {limit} s: {' '.join(arguments)}")
        return 124


def counts_of(report):
    """(passed, failed) from a JUnit file; a missing file counts as one failure."""
    try:
        suites = ElementTree.parse(report).getroot().iter("testsuite")
        total = failed = 0
        for suite in suites:
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            total += int(suite.get("tests", 0)) - int(suite.get("skipped", 0) or 0)
            failed += bad
        return total - failed, failed
    except (OSError, ElementTree.ParseError):
        return 0, 1


def ctest(build, arguments, name, limit):
    report = os.path.abspath(os.path.join(build, f"{name}.xml"))
    if os.path.exists(report):
        os.remove(report)
    run(["ctest", "--test-dir", build, "--output-on-failure", "-j", "2", "--output-junit", report, *arguments], limit)
    return counts_of(report)


def python_tests(build):
    report = os.path.abspath(os.path.join(build, "python.xml"))
    if os.path.exists(report):
        os.remove(report)
    interpreter = os.path.join(ROOT, ".venv", "bin", "python")
    run([interpreter, "-m", "pytest", "-q", "-p", "cotan.pytest", f"--junitxml={report}", "tests/python", "tests/laws", "tests/compositions"], 600)
    return counts_of(report)


def python_tests_unoptimized(build):
    """The same with every equation by its own kernel: what the compiler makes of programs changes no result."""
    os.environ["COTAN_OPTIMIZE"] = "0"
    try:
        return python_tests(build)
    finally:
        del os.environ["COTAN_OPTIMIZE"]


SUITES = {
    "unit": lambda build: ctest(build, ["-LE", "torture|example"], "unit", 900),
    "examples": lambda build: ctest(build, ["-L", "example"], "examples", 600),
    "torture": lambda build: ctest(build, ["-L", "torture"], "torture", 900),
    "python": python_tests,
    "python-unoptimized": python_tests_unoptimized,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", choices=SUITES)
    args = parser.parse_args()
    passed = failed = 0
    for name, suite in SUITES.items():
        if args.only in (None, name):
            good, bad = suite(args.build)
            print(f"{name}: {good} passed, {bad} failed", flush=True)
            passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
