"""Compositions of transformations, four deep, give what JAX gave (record.py), and what they give when they are written out (plain.py)."""
import json
import pathlib
import sys

import jax
import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from compare import can_be_written_out, difference, has_slopes, slope_difference
from worker import answer

RECORDED = json.loads((HERE / "recorded.json").read_text())


@pytest.fixture(autouse=True)
def narrow():
    """Programs choose their width; the next test starts with the default."""
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.parametrize("record", RECORDED, ids=lambda r: r["name"])
def test_composition(record):
    got = answer(record["text"], False)
    assert not difference(got, record)


@pytest.mark.parametrize("record", [r for r in RECORDED if can_be_written_out(r["text"])][::4], ids=lambda r: r["name"])
def test_written_out(record):
    got = answer(record["text"], True)
    assert not difference(got, dict(record, type=got.get("type")))


@pytest.mark.parametrize("record", [r for r in RECORDED if has_slopes(r["text"])], ids=lambda r: r["name"])
def test_slopes(record):
    """Derivatives of the whole program are limits of quotients."""
    got = answer(record["text"], False, with_slopes=True)
    assert "error" not in got and not slope_difference(got["slopes"])
