"""The examples in the stubs' docstrings print what they say."""
import ast
import doctest
import pathlib

import jax
import jax.numpy as jnp
import pytest
from jax import lax, random

API = pathlib.Path(__file__).resolve().parents[2] / "api"


def examples():
    for path in sorted(API.glob("[a-z]*.pyi")):
        module = ast.parse(path.read_text())
        for owner in [module] + [c for c in module.body if isinstance(c, ast.ClassDef)]:
            for node in owner.body:
                if isinstance(node, ast.FunctionDef) and ">>>" in (ast.get_docstring(node) or ""):
                    yield ".".join([path.stem] + [n.name for n in (owner, node) if n is not module]), ast.get_docstring(node)


EXAMPLES = dict(examples())


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name):
    test = doctest.DocTestParser().get_doctest(EXAMPLES[name], {"jax": jax, "jnp": jnp, "lax": lax, "random": random}, name, None, 0)
    out = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=out.append)
    assert not out, "".join(out)
