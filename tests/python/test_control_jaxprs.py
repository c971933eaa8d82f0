"""Jaxprs of control flow and of its derivatives against those that JAX prints (control.py, control_jaxprs.txt)."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from control import RECORD, jaxpr, programs

RECORDED = dict(part.split("\n", 1) for part in open(RECORD).read().split("## ")[1:])


@pytest.mark.parametrize("name", RECORDED)
def test_jaxpr(name):
    assert jaxpr(programs()[name]) == RECORDED[name].rstrip()


def test_every_program_is_recorded():
    assert list(programs()) == list(RECORDED)
