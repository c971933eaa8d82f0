"""StableHLO against that which JAX writes (lowered.py, lowered.txt), and what can be asked of it."""
import os
import sys

import jax
import jax.numpy as jnp
import pytest

sys.path.insert(0, os.path.dirname(__file__))
from lowered import RECORD, programs, text

RECORDED = dict(part.split("\n", 1) for part in open(RECORD).read().split("## ")[1:])


@pytest.mark.parametrize("name", RECORDED)
def test_text(name):
    assert text(programs()[name]).split("\n") == RECORDED[name].rstrip().split("\n")


def test_every_program_is_recorded():
    assert list(programs()) == list(RECORDED)


def test_dialects():
    lowered = jax.jit(lambda x: x + 1).lower(1.)
    assert str(lowered.compiler_ir("stablehlo")) == lowered.as_text() == lowered.as_text("stablehlo") and "add a 1.0" in lowered.as_text("jaxpr")
    with pytest.raises(NotImplementedError, match="hlo"):
        lowered.as_text("hlo")
    assert "add a 1.0" in lowered.compile().as_text()


def test_what_stablehlo_does_not_have_is_a_call():
    assert "stablehlo.custom_call @cholesky(%" in jax.jit(jnp.linalg.cholesky).lower(jnp.eye(3)).as_text()
    with pytest.raises(NotImplementedError, match="random_bits of several keys"):
        jax.jit(jax.vmap(jax.random.bits)).lower(jax.random.split(jax.random.key(0), 2)).as_text()


@pytest.mark.parametrize("depth", [300])
def test_depth(depth):
    f = lambda x: x + 1
    for _ in range(depth):
        f = jax.jit(f)
    assert jax.jit(f).lower(1.).as_text().count("func.func") == depth + 1
