#!/usr/bin/env python3
"""Random compositions, compared several ways, for as long as one likes:

    tests/compositions/run.py [--seconds 60] [--seed 0] [--depth 4] [--venv .venv] [--jax PYTHON]

Each program is run by the compiler, by the operations' own kernels one by one (COTAN_OPTIMIZE=0), written out without transformations (plain.py), and under JAX
if a Python with JAX is given; its derivatives are compared with quotients. What ends the process, does not end, raises where another way gives values, or differs by
more than rounding can do is made smaller as long as it stays wrong, and printed.
The last line is 'N passed, N failed'.
"""
import argparse
import json
import os
import select
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from compare import can_be_written_out, difference, has_slopes, slope_difference
from programs import Program

LIMIT = 120  # seconds a program


class Worker:
    """A process that answers questions; started again after a crash."""
    def __init__(self, command, **environment):
        self.command, self.environment, self.process = command, dict(os.environ, JAX_PLATFORMS="cpu", PYTHONWARNINGS="ignore", **environment), None

    def ask(self, text, **how):
        if self.process is None:
            self.process = subprocess.Popen([*self.command, os.path.join(HERE, "worker.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment, cwd=ROOT)
        self.process.stdin.write(json.dumps({"text": text, **how}).encode() + b"\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT)
        line = self.process.stdout.readline() if ready else b""
        if line:
            return json.loads(line)
        if not ready:
            self.process.kill()
        code = self.process.wait()
        self.process = None
        return {"error": "ProcessEnded" if ready else "NoEnd", "message": f"exit status {code}" if ready else f"no end after {LIMIT} s"}


class Ways:
    """The ways a program is run."""
    def __init__(self, venv, jax):
        cotan = [os.path.join(venv, "bin", "python"), "-m", "cotan"]
        self.compiled, self.stepwise = Worker(cotan), Worker(cotan, COTAN_OPTIMIZE="0")
        self.oracle = Worker([jax]) if jax else None

    def finding(self, program):
        """What is wrong with a program, as (short name for shrinking, explanation), or None."""
        text = program.text()
        got = self.compiled.ask(text, slopes=has_slopes(text))
        if got.get("error") in ("ProcessEnded", "NoEnd"):
            return got["error"], got["message"]
        ways = [("stepwise", self.stepwise.ask(text))]
        want = self.oracle.ask(text) if self.oracle else None
        if want and "error" not in want:
            ways.append(("JAX", want))
        elif want and want["error"] == got.get("error"):
            return None  # both refuse it
        elif can_be_written_out(text):
            ways.append(("plain", self.compiled.ask(text, plainly=True)))
        why = "slopes" in got and slope_difference(got["slopes"])
        if why:
            return "slope", why
        for name, other in ways:
            if name == "plain" and "error" in other:
                continue
            why = difference(got, other)
            if why:
                return f"{name} {'error ' + got['error'] if 'error' in got else 'value'}", f"{name}: {why}\n{got.get('trace', '')}"
        return None

    def smallest(self, program, what):
        """The program made smaller as long as the same is wrong."""
        end = time.time() + 120
        while time.time() < end:
            for less in program.smaller():
                found = self.finding(less)
                if found and found[0] == what[0]:
                    program, what = less, found
                    break
                if time.time() > end:
                    break
            else:
                break
        return program, what


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--venv", default=os.path.join(ROOT, ".venv"))
    parser.add_argument("--jax", help="a Python with JAX")
    args = parser.parse_args()
    ways, end, seed, failed = Ways(args.venv, args.jax), time.time() + args.seconds, args.seed, 0
    while time.time() < end:
        program = Program.random(seed, args.depth)
        found = ways.finding(program)
        if found:
            failed += 1
            program, found = ways.smallest(program, found)
            print(f"==== seed {seed}: {found[0]}\n{program.text()}\n{found[1]}", flush=True)
        seed += 1
    print(f"{seed - args.seed - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
