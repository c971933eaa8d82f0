"""Programs at the edges of the API give and say what JAX gives and says (behaviours.py)."""
import json

import pytest
from behaviours import RECORD, cases, outcome

with open(RECORD) as f:
    recorded = json.load(f)


@pytest.mark.parametrize("name", cases)
def test_does_what_jax_does(name):
    assert outcome(*cases[name]) == recorded[name]


def test_classes_that_only_the_library_makes():
    """Calling them gives no empty object."""
    import jax
    import jax.numpy as jnp
    at = jnp.ones(1).at
    for made in (jax.tree.structure(1), jax.jit(abs), jax.grad(abs), at, at[0], jnp.sin):
        with pytest.raises(TypeError, match="cannot create"):
            type(made)()
