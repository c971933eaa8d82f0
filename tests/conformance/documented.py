"""Runs the examples in JAX's own docstrings under whatever answers to `import jax`, and prints what each gave as JSON.

    PYTHON tests/conformance/documented.py FOLDER PATTERN...

FOLDER holds JAX's sources, which are read but not imported; PATTERN names files in it (**: at any depth). The result is {"file::function": [[example, output],
...]}: an example's output is what it printed, and the class of the exception that it raised. Examples of a function share their names, as in doctest.
"""
import ast
import contextlib
import doctest
import glob
import io
import json
import os
import signal
import sys
import warnings

SECONDS = 20  # an example may take


def docstrings(path):
    """(name, docstring) of a file's functions and classes, methods as class.method."""
    def visit(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                text = ast.get_docstring(child)
                if text and ">>>" in text:
                    yield prefix + child.name, text
                yield from visit(child, prefix + child.name + ".")
    with open(path, encoding="utf-8") as f:
        yield from visit(ast.parse(f.read()), "")


def examples(text):
    """The examples of a docstring, without those that it marks as not to be run."""
    try:
        found = doctest.DocTestParser().get_examples(text)
    except ValueError:  # the docstring breaks doctest's rules
        return []
    return [e.source for e in found if not e.options.get(doctest.SKIP)]


def run(source, names):
    printed = io.StringIO()
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(source, "<example>", "single"), names)
    except Exception as e:
        return printed.getvalue() + f"raised {type(e).__name__}"
    finally:
        signal.alarm(0)
    return printed.getvalue()


def too_long(*_):
    raise TimeoutError(f"no end after {SECONDS} s")


def main():
    folder, *patterns = sys.argv[1:]
    import jax
    import numpy
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, too_long)
    results = {}
    for path in sorted({p for pattern in patterns for p in glob.glob(os.path.join(folder, pattern), recursive=True)}):
        for name, text in docstrings(path):
            names = {"jax": jax, "jnp": jax.numpy, "np": numpy}
            if ran := [[source, run(source, names)] for source in examples(text)]:
                results[f"{os.path.relpath(path, folder)}::{name}"] = ran
    print(json.dumps(results))


if __name__ == "__main__":
    main()
