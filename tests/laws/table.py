"""The table of docs/design/laws.md: which law holds of which primitive. As a program (under Cotan) it writes the page.

    .venv/bin/python -m cotan tests/laws/table.py
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import json

import jax
from law import LAWS, Subject, outcome
from primitives import SAMPLES

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "design" / "laws.md"
RECORDED = json.loads((HERE / "primitives.json").read_text())
UNKNOWN = "StopIteration"  # what looking for a primitive without a name in JAX raises
HEAD = """# Which law holds of which primitive
Made by `tests/laws/table.py`; `tests/laws/test_primitives.py` tries each law on each sample and says if this page is stale.
`law.py` says what a law is, `primitives.py` what the samples are: {samples} of {primitives} primitives, float64 and complex128, integers, arrays without elements, numbers.

**+** it holds. **o** Cotan refuses, and so does JAX 0.10.2; **x** Cotan refuses what has no name in JAX. **~** it does not hold, nor does it in JAX.
Empty: nothing to try (no tangents).
"""


def outcomes():
    """What came of each law for each sample."""
    with jax.enable_x64(True):
        subjects = [Subject(s) for s in SAMPLES]
        return {s.name: {law: outcome(law, s) for law in LAWS} for s in subjects}


def symbol(name, law, found):
    if found == "holds":
        return "+"
    if found[0] == "(":
        return ""
    theirs = RECORDED[name]["laws"].get(law, "")
    return "~" if found.startswith("broken") else "x" if UNKNOWN in theirs else "o"


def page(found):
    names = list(dict.fromkeys(s.primitive for s in SAMPLES))
    laws = list(LAWS)
    lines = [HEAD.format(samples=len(SAMPLES), primitives=len(names)), "| primitive | " + " | ".join(law.replace("_", " ") for law in laws) + " |", "|---|" + "---|" * len(laws)]
    for name in names:
        cells = ["".join(sorted({symbol(s.name, law, found[s.name][law]) for s in SAMPLES if s.primitive == name})) for law in laws]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    reasons = {}
    for s in SAMPLES:
        for law in laws:
            what = found[s.name][law]
            if what != "holds" and what[0] != "(":
                kind = "does not hold" if what.startswith("broken") else what.split(" The operation comes from")[0].split(" See https")[0]
                reasons.setdefault((s.primitive, kind), set()).add(law)
    lines += ["", "## What is refused", "| primitive | by what is raised | laws |", "|---|---|---|"]
    listed = lambda these: "all derivatives" if {"jvp_of_vmap", "transpose", "twice"} <= these else ", ".join(sorted(these)).replace("_", " ")
    lines += [f"| {name} | {kind} | {listed(these)} |" for (name, kind), these in reasons.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(outcomes()))
