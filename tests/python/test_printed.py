"""Jaxprs of library functions and transformations against those that JAX prints (printed.json); printed_differences.txt names those that differ."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from printed import all_printed, differences, programs, recorded, short

RECORDED, DIFFERENCES = recorded(), differences()


@pytest.fixture(scope="module")
def here():
    return dict(all_printed())


def test_every_program_is_recorded():
    assert set(RECORDED) == set(programs()) and set(DIFFERENCES) <= set(RECORDED)


@pytest.mark.parametrize("line", sorted(set(RECORDED) - set(DIFFERENCES)))
def test_prints_as_jax_does(line, here):
    text = here[line]
    assert (text if RECORDED[line][:7] != "sha256 " else short(text)) == RECORDED[line], text


def test_differences_that_are_none_any_more(here):
    assert [line for line in DIFFERENCES if short(here[line]) == RECORDED[line]] == []
