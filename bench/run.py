#!/usr/bin/env python3
"""Cotan and JAX side by side, in one run: case by case, first one, then the other, so that both meet the same machine.

    bench/run.py [--case GLOB,...] [--skip GLOB,...] [--quiet SECONDS] [--chart FILE]

The cases are plain JAX programs (bench/cases.py, or the suite given with --suite). Prints both medians and their ratio and writes build/bench.jsonl;
--chart draws the ratios. A case that hangs is ended after --limit seconds and counts against who hung.
"""
import argparse
import fnmatch
import json
import math
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from oracle import libraries, python_with_jax

SUITES = [os.path.join(ROOT, "bench", "suite.py"), os.path.join(os.path.dirname(ROOT), "shared", "bench", "suite.py")]


# Cases for later, and plain Python.
UNSUPPORTED = "startup/empty_python,startup/import_numpy,sharded8/*"


def cases(launcher, suite):
    listed = subprocess.run([*launcher, suite, "--list"], capture_output=True, text=True)
    if listed.returncode:
        sys.exit(listed.stderr)
    return listed.stdout.split()


def records(launcher, suite, case, args, path=""):
    command = [*launcher, suite, "--case", case, "--launcher", " ".join(launcher)]
    if args.quiet:
        command += ["--quiet", str(args.quiet)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=args.limit, env=dict(os.environ, JAX_PLATFORMS="cpu", PYTHONPATH=path))
    except subprocess.TimeoutExpired:
        return {case: dict(case=case, error=f"no end after {args.limit} s")}
    found = {}
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            record = json.loads(line)
            old = found.get(record["case"])
            if not old or record.get("median_s", math.inf) < old.get("median_s", math.inf):
                found[record["case"]] = record
    return found or {case: dict(case=case, error=(done.stderr.splitlines() or ["nothing printed"])[-1][:200])}


def named(case, *found):
    """What a case recorded on either side; its own name alone where both failed."""
    names = dict.fromkeys(n for f in found for n in f if f[n].get("error") is None or n != case)
    return list(names) or [case]


def figure(record):
    return record.get("median_s", record.get("value"))


def human(value, record):
    if "value" in record:
        return f"{value:.1f}"
    for unit, scale in (("s", 1), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value:.3g} s"


def agree(a, b):
    x, y = a.get("checksum"), b.get("checksum")
    return x is None or y is None or abs(x - y) <= 1e-3 * max(abs(x), abs(y), 1e-6)


def report(name, ours, theirs, stream):
    record = dict(case=name, cotan=ours, jax=theirs)
    if "error" in ours or "error" in theirs:
        print(f"{name:44} " + "; ".join(f"{who}: {r.get('error') or human(figure(r), r)}"[:100] for who, r in (("cotan", ours), ("jax", theirs))), flush=True)
    else:
        a, b = figure(ours), figure(theirs)
        record["ratio"] = b / a if a else math.inf
        print(f"{name:44} {human(a, ours):>10} {human(b, theirs):>10} {record['ratio']:8.2f}{'' if agree(ours, theirs) else '  checksums differ'}", flush=True)
    stream.write(json.dumps(record) + "\n")
    stream.flush()
    return record


def chart(results, path):
    """Ratios as horizontal bars on a logarithmic axis, as SVG."""
    shown = [r for r in results if "ratio" in r and math.isfinite(r["ratio"])]
    if not shown:
        return
    top = max(r["ratio"] for r in shown)
    low = min(0.5, min(r["ratio"] for r in shown))
    left, width, row = 300, 560, 16
    x = lambda v: left + width * (math.log(v) - math.log(low)) / (math.log(top) - math.log(low))
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 80}" height="{row * len(shown) + 50}" font-family="sans-serif" font-size="11">',
             f'<text x="{left}" y="16" font-size="13">How many times faster than JAX (logarithmic)</text>']
    for i, r in enumerate(shown):
        y, one, end = 30 + i * row, x(1), x(r["ratio"])
        colour = "#2a7f62" if r["ratio"] >= 1 else "#b8452c"
        lines.append(f'<text x="{left - 6}" y="{y + 10}" text-anchor="end">{r["case"]}</text>')
        lines.append(f'<rect x="{min(one, end):.1f}" y="{y}" width="{abs(end - one) + 0.5:.1f}" height="{row - 5}" fill="{colour}"/>')
        lines.append(f'<text x="{max(one, end) + 4:.1f}" y="{y + 10}">{r["ratio"]:.3g}</text>')
    lines.append("</svg>")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--venv", default=os.path.join(ROOT, ".venv"))
    parser.add_argument("--suite", default=next((s for s in SUITES if os.path.exists(s)), None))
    parser.add_argument("--jax", help="a Python with JAX; made under build/ otherwise")
    parser.add_argument("--case", default="dispatch/*,jitcall/*,elementwise/*,matmul/*,conv/*,prng/*,data/*,vmap/*,train/*,loops/*,linalg/*,startup/*,compile/*,library/*")
    parser.add_argument("--skip", default=UNSUPPORTED)
    parser.add_argument("--quiet", type=float, default=0)
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--chart")
    args = parser.parse_args()
    if not args.suite:
        sys.exit("no suite: put suite.py and common.py into bench/ or give --suite")
    python = os.path.join(args.venv, "bin", "python")
    cotan, path = [python, "-m", "cotan"], libraries(args.build, python)
    jax = [args.jax] if args.jax else python_with_jax(args.build)
    match = lambda name, globs: any(fnmatch.fnmatch(name, g) for g in globs.split(",") if g)
    chosen = [c for c in cases(jax, args.suite) if match(c, args.case) and not match(c, args.skip)]
    print(f"{'case':44} {'Cotan':>10} {'JAX':>10} {'ratio':>8}")
    results = []
    with open(os.path.join(args.build, "bench.jsonl"), "w", encoding="utf-8") as stream:
        for case in chosen:
            ours, theirs = records(cotan, args.suite, case, args, path), records(jax, args.suite, case, args)
            for name in named(case, ours, theirs):
                results.append(report(name, *(r.get(name) or r.get(case) or dict(error="no record") for r in (ours, theirs)), stream))
    ratios = [r["ratio"] for r in results if r.get("ratio")]
    if ratios:
        print(f"geometric mean of {len(ratios)} ratios: {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}; slower than JAX: "
              f"{', '.join(r['case'] for r in results if r.get('ratio', 1) < 1) or 'none'}")
    if args.chart:
        chart(results, args.chart)


if __name__ == "__main__":
    main()
