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


def test_permutations_name_each_place_once():
    """JAX takes the last of the values that meet."""
    import jax
    import jax.numpy as jnp
    with pytest.raises(ValueError, match="unique indices below the axis size 3"):
        jax.vmap(lambda x: jax.lax.ppermute(x, "i", [(0, 1), (1, 1), (2, 0)]), axis_name="i")(jnp.arange(3.))


def test_text_without_arguments_is_printed_as_it_is(capfd):
    import jax
    jax.debug.print("plain {{}}")
    jax.effects_barrier()
    assert capfd.readouterr().out == "plain {{}}\n"
