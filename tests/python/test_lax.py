"""jax.lax where a recorded expression says too little: results in several parts, named tuples, messages."""
import jax
import jax.numpy as jnp
import pytest
from jax import lax


def test_sorting_several_operands():
    a, b, c = jnp.array([2, 1, 2, 1]), jnp.array([4.0, 3.0, 2.0, 1.0]), jnp.arange(4)
    assert [x.tolist() for x in lax.sort((a, b, c), num_keys=2)] == [[1, 1, 2, 2], [1, 3, 2, 4], [3, 1, 2, 0]]
    assert [x.tolist() for x in lax.sort([a, c])] == [[1, 1, 2, 2], [1, 3, 0, 2]]
    assert lax.sort(a).tolist() == [1, 1, 2, 2]
    rows = jax.vmap(lambda a, b: lax.sort((a, b)))(jnp.array([[3, 1], [1, 2]]), jnp.array([[1, 2], [3, 4]]))
    assert [x.tolist() for x in rows] == [[[1, 3], [1, 2]], [[2, 1], [3, 4]]]
    with pytest.raises(ValueError, match="num_keys=2 must be between 1"):
        lax.sort((a,), num_keys=2)


def test_convolution_layouts():
    d = lax.conv_dimension_numbers((1, 5, 5, 3), (3, 3, 3, 2), ("NHWC", "HWIO", "NHWC"))
    assert d == ((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2)) and d.rhs_spec == (3, 2, 0, 1)
    x, k = jnp.arange(75.0).reshape(1, 5, 5, 3), jnp.arange(54.0).reshape(3, 3, 3, 2)
    letters = lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    assert (lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=d) == letters).all()
    with pytest.raises(TypeError, match="exactly once, got NHWX"):
        lax.conv_dimension_numbers((1,) * 4, (1,) * 4, ("NHWX", "HWIO", "NHWC"))
