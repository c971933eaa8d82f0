"""Ctrl-C is Python's in all tests: started in the background, a process ignores it, and what waits for it would wait for ever."""
import signal

import jax
import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def compiled_and_stepwise(monkeypatch):
    """Pairs of what f gives compiled and with a kernel for each equation."""
    def pairs(f, *args):
        results = []
        for optimize in "1", "0":
            with monkeypatch.context() as m:
                m.setenv("COTAN_OPTIMIZE", optimize)
                results.append(jax.tree.leaves(jax.jit(lambda *a: f(*a))(*args)))
        return list(zip(*results, strict=True))
    return pairs
