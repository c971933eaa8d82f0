"""The main job: examples/digits.py and its C twin train alike, and as JAX does.

digits_losses.txt holds the first 100 losses under JAX 0.10.2: `python examples/digits.py --losses FILE`.
"""
import os
import re
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.dirname(os.path.abspath(__file__))


def recorded():
    with open(os.path.join(HERE, "digits_losses.txt")) as f:
        return [float(line) for line in f]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    losses = tmp_path_factory.mktemp("digits") / "losses.txt"
    done = subprocess.run([sys.executable, "-m", "cotan", "examples/digits.py", "--losses", str(losses)], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout, [float(line) for line in losses.read_text().split()]


def accuracy(output):
    return float(re.search(r"unseen digits: ([\d.]+)", output)[1])


def test_losses_are_those_of_jax(trained):
    for ours, theirs in zip(trained[1], recorded()):
        assert abs(ours - theirs) <= 1e-4 * theirs


def test_reads_unseen_digits(trained):
    assert accuracy(trained[0]) >= 0.97


def test_c_twin_prints_the_same(trained):
    program = os.path.join(ROOT, "build", "examples", "example-digits")
    if not os.path.exists(program):
        pytest.skip("the C examples are not built here")
    done = subprocess.run([program, "examples/data"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    pairs = re.findall(r"step +(\d+)  loss ([\d.]+)", done.stdout)
    assert len(pairs) == 7 and accuracy(done.stdout) >= 0.97
    for step, loss in pairs[:2]:
        assert abs(float(loss) - trained[1][int(step) - 1]) <= 1e-4 * float(loss) + 1e-6
