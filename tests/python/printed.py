"""Prints the jaxprs of expressions, one a line of functions.txt and printed.txt: "let" lines define names, and arrays among them are arguments.
Runs under JAX and under Cotan."""
import ast
import hashlib
import json
import os
import re
import warnings

from functions import lines, scope

HERE = os.path.dirname(__file__)
FILES = "printed", "functions"
RECORD = os.path.join(HERE, "printed.json")
LONGEST = 1500  # of a longer jaxpr, the file of what JAX prints holds a hash


def programs():
    """The expressions, each with the definitions that stand before it, as {expression: definitions}."""
    out = {}
    for file in FILES:
        definitions = ()
        for line in lines(file):
            if line.startswith("let "):
                definitions += line[4:],
            else:
                out[line] = definitions
    return out


def names_of(definitions):
    import jax
    import numpy as np
    np.set_printoptions(legacy="1.25")  # JAX has NumPy's integers among its parameters: as 2, not np.int64(2)
    names = scope() | {"lax": jax.lax}
    for definition in definitions:
        exec(definition, names)
    return names


def printed(line, names, defined):
    """The jaxpr as text, or the class of the exception."""
    import jax
    used = {n.id for n in ast.walk(ast.parse(line, mode="eval")) if isinstance(n, ast.Name)}
    arguments = sorted(n for n in used & defined if isinstance(names[n], jax.Array))
    f = eval(f"lambda {', '.join(arguments)}: {line}", dict(names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            text = str(jax.make_jaxpr(lambda *args: jax.tree_util.tree_leaves(f(*args)))(*[names[n] for n in arguments]))
        except Exception as e:
            return type(e).__name__
    return re.sub("0x[0-9a-f]+", "0x", text)


def short(text):
    return text if len(text) <= LONGEST else "sha256 " + hashlib.sha256(text.encode()).hexdigest()[:32]


def all_printed():
    made = {}
    for line, definitions in programs().items():
        if definitions not in made:
            made[definitions] = names_of(definitions)
        yield line, printed(line, made[definitions], {d.split("=")[0].strip() for d in definitions})


def recorded():
    with open(RECORD) as f:
        return json.load(f)


def differences():
    """The programs that are known to print otherwise, each with the reason above it in printed_differences.txt."""
    reason, out = "", {}
    with open(os.path.join(HERE, "printed_differences.txt")) as f:
        for line in f.read().splitlines():
            if line.startswith("# "):
                reason = line[2:]
            elif line:
                out[line] = reason
    return out
