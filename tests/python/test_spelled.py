"""Operations that compiled kernels take in as others: products without free dimensions, choices between several values, places of extremes."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax


def numbers(dtype, *shape, seed=0):
    return jnp.asarray((np.random.default_rng(seed).standard_normal(shape) * 5).astype(np.float32)).astype(dtype)


def agree(f, *args, rtol=0.0):
    for got, want in zip(jax.tree.leaves(jax.jit(f)(*args)), jax.tree.leaves(f(*args)), strict=True):
        assert got.dtype == want.dtype and got.shape == want.shape
        np.testing.assert_allclose(np.asarray(got, np.float32), np.asarray(want, np.float32), rtol=rtol, atol=rtol)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "int32", "int8"])
@pytest.mark.parametrize("spec", ["ij,ij->", "ij,ij->i", "ij,ij->j", "ijk,ijk->ik", "i,i->"])
def test_dot_products(spec, dtype):
    shape = {"i": (700,), "ij": (40, 33), "ijk": (9, 17, 21)}[spec.split(",")[0]]
    x, y = numbers(dtype, *shape), numbers(dtype, *shape, seed=1)
    agree(lambda x, y: jnp.einsum(spec, x, y), x, y, rtol=0.02 if dtype == "bfloat16" else 2e-3 if dtype == "float16" else 2e-4)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int32"])
@pytest.mark.parametrize("spec", ["bi,bj->bij", "bik,bkj->bij", "bi,jb->bij", "bij,bk->bikj", "ib,bj->bij"])
def test_products_of_one_term(spec, dtype):
    sizes = dict(b=21, i=7, j=11, k=5 if spec == "bij,bk->bikj" else 1)
    x, y = (numbers(dtype, *(sizes[c] for c in names), seed=len(names)) for names in spec.split("->")[0].split(","))
    agree(lambda x, y: jnp.einsum(spec, x, y), x, y)
    agree(jax.vmap(jax.grad(lambda w, x: jnp.tanh(x @ w).sum()), (None, 0)), numbers("float32", 16, 8), numbers("float32", 40, 16), rtol=1e-6)


def test_a_dot_product_of_halves_adds_up_in_float32():
    x = jnp.full(4096, 1 + 2**-7, jnp.bfloat16)
    dot = jax.jit(lambda x: lax.dot_general(x, x, (((0,), (0,)), ((), ())), preferred_element_type=jnp.float32))
    assert dot(x) == 4096 * (1 + 2**-7) ** 2


def test_dot_products_join_the_kernel_that_makes_their_operands(capfd, monkeypatch):
    monkeypatch.setenv("COTAN_DEBUG", "2")
    monkeypatch.setenv("COTAN_OPTIMIZE", "1")
    jax.jit(lambda x, y: jnp.vdot(jnp.sin(x), y * 2) + 1)(jnp.ones(1001), jnp.ones(1001)).block_until_ready()
    assert capfd.readouterr().err.count("kernel") == 1


@pytest.mark.parametrize("cases", [3, 5, 8, 9])
def test_choices(cases):
    x = numbers("float32", 300)
    which = jnp.arange(300, dtype=jnp.int32) % cases
    choose = lambda which, x: lax.select_n(which, *(x * k for k in range(cases)))
    agree(choose, which, x)
    agree(choose, which[2], x)
    assert jax.jit(lambda x: jnp.select([x > 1, x > 0, x < -1], [x * 2, x, -x], 7))(x).tolist() == [
        2 * v if v > 1 else v if v > 0 else -v if v < -1 else 7 for v in x.tolist()]


@pytest.mark.parametrize("dtype", ["bool", "int8", "int32", "uint16", "float32"])
@pytest.mark.parametrize("shape, axis", [((4, 50), 0), ((5, 3, 70), 1), ((8, 9), 0), ((1, 9), 0), ((9, 9), 0), ((9, 4), 1)])
def test_places_of_extremes(shape, axis, dtype):
    x = numbers(dtype, *shape)
    agree(lambda x: (jnp.argmax(x, axis), jnp.argmin(x, axis)), x)


@pytest.mark.parametrize("dtype", ["float32", "int32", "float16"])
@pytest.mark.parametrize("name", ["add", "min", "max"])
def test_scattered_elements(name, dtype):
    x, u = numbers(dtype, 300), numbers(dtype, 40000, seed=1)
    at = np.random.default_rng(2).integers(-300, 320, 40000)
    got = np.asarray(getattr(x.at[jnp.asarray(at)], name)(u), np.float64)
    want, where = np.array(x, np.float64), np.where(at < 0, at + 300, at)
    inside = where < 300
    {"add": np.add, "min": np.minimum, "max": np.maximum}[name].at(want, where[inside], np.asarray(u, np.float64)[inside])
    np.testing.assert_allclose(got, want, rtol=2e-2, atol=2 if dtype == "float16" else 1e-2)
