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


def test_tokens():
    assert isinstance(lax.after_all(lax.create_token(), lax.create_token(1.0)), type(lax.create_token()))
    with pytest.raises(TypeError, match="must be tokens"):
        lax.after_all(1)


def test_convolution_layouts():
    d = lax.conv_dimension_numbers((1, 5, 5, 3), (3, 3, 3, 2), ("NHWC", "HWIO", "NHWC"))
    assert d == ((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2)) and d.rhs_spec == (3, 2, 0, 1)
    x, k = jnp.arange(75.0).reshape(1, 5, 5, 3), jnp.arange(54.0).reshape(3, 3, 3, 2)
    letters = lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    assert (lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=d) == letters).all()
    with pytest.raises(TypeError, match="exactly once, got NHWX"):
        lax.conv_dimension_numbers((1,) * 4, (1,) * 4, ("NHWX", "HWIO", "NHWC"))


def test_products_of_two_types():
    dims = (((1,), (0,)), ((), ()))
    wider = [("float32", "float16", "float32"), ("float16", "bfloat16", "bfloat16"), ("int8", "uint8", "int8"), ("uint8", "bool", "uint8"),
             ("int32", "float8_e5m2", "float8_e5m2"), ("float32", "complex64", "complex64"), ("int4", "int8", "int8")]
    for a, b, wanted in wider:
        for x, y in ((a, b), (b, a)):
            out = lax.dot_general(jnp.array([[1, 0], [1, 1]]).astype(x), jnp.array([[1, 1], [0, 1]]).astype(y), dims)
            assert out.dtype == wanted and out.astype("complex64").real.tolist() == ([[1, 1], [1, 2]] if wanted != "bool" else [[1, 1], [1, 1]])
    left, right = jax.grad(lambda x, y: lax.dot_general(x, y, dims).sum(), (0, 1))(jnp.ones((2, 2)), jnp.ones((2, 2), "float16"))
    assert (left.dtype, right.dtype) == ("float32", "float16")


def test_products_of_narrow_floats_round_once():
    dims = (((1,), (0,)), ((), ()))
    x = jnp.full((1, 64), 1.125, "float8_e4m3fn")
    assert lax.dot_general(x, x.T, dims).astype("float32").tolist() == [[80.0]]  # 81 to three bits, not a sum of rounded sums


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg"])
def test_random_keys_compare(impl):
    keys = jax.random.split(jax.random.key(0, impl=impl), 3)
    for f in (lambda k: (k == k[1], k != k[1]), jax.jit(lambda k: (k == k[1], k != k[1])), jax.vmap(lambda k: (k == keys[1], k != keys[1]))):
        assert [x.tolist() for x in f(keys)] == [[False, True, False], [True, False, True]]
    assert jnp.isclose(keys, keys).all() and jnp.array_equal(keys, keys) and not jnp.allclose(keys, keys[::-1])
    with pytest.raises(TypeError, match="lt does not accept dtype key"):
        keys < keys
