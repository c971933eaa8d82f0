"""Batches of small products, multiplied where they lie: what NumPy's integers give."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

DTYPES = ["float32", "float64", "bfloat16", "float16", "int8", "int32", "uint16"]
FORMS = ["bij,bjk->bik", "bij,bkj->bik", "bji,bjk->bik", "bij,jk->bik", "ij,bjk->bik", "bij,bjk->bki", "bij,bj->bi", "bj,bji->bi", "bji,bj->bi",
         "bi,bj->bij", "bi,bj->bji"]


def numbers(shape, seed):
    return np.random.default_rng(seed).integers(-3, 4, shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sides", [(1, 1, 1), (2, 3, 4), (3, 3, 3), (4, 4, 4), (7, 5, 9), (8, 8, 8), (16, 16, 16), (17, 31, 15), (32, 32, 32), (1, 16, 33),
                                   (12, 40, 3)])
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_forms(sides, batch, dtype):
    sizes = dict(zip("bikj", (batch, sides[0], sides[2], sides[1]), strict=True))
    with jax.enable_x64(dtype == "float64"):
        for form in FORMS:
            x, y = (numbers([sizes[c] for c in names], n) for n, names in enumerate(form.split("->")[0].split(",")))
            if dtype == "uint16":
                x, y = x % 4, y % 4
            got = jax.jit(lambda x, y: jnp.einsum(form, x, y))(jnp.asarray(x, dtype), jnp.asarray(y, dtype))  # noqa: B023
            want = np.einsum(form, x, y)
            assert got.dtype == dtype
            np.testing.assert_array_equal(np.asarray(got, "float64"), want.astype("int8") if dtype == "int8" else want.astype("float64"))


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 13])
def test_strides(rows):
    """Operands and results that are parts of something else, and the end of a matrix that is the end of its memory."""
    whole = numbers((6, 40, 40), 0)
    x = jnp.asarray(whole, "float32")

    def f(x):
        a, b = x[:, 1:1 + rows, 2:2 + rows], x[:, -rows:, -rows:]
        return a @ b, a.mT @ b, a @ b.mT, jnp.einsum("bij,bjk->ikb", a, b)

    a, b = whole[:, 1:1 + rows, 2:2 + rows], whole[:, -rows:, -rows:]
    wants = [a @ b, a.transpose(0, 2, 1) @ b, a @ b.transpose(0, 2, 1), np.einsum("bij,bjk->ikb", a, b)]
    for got, want in zip(jax.jit(f)(x), wants, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("sides", [(3, 3, 3), (8, 4, 5)])
def test_gradients(sides, compiled_and_stepwise):
    m, k, n = sides
    x, y = numbers((50, m, k), 0).astype("float32"), numbers((50, k, n), 1).astype("float32")
    f = jax.grad(lambda x, y: jnp.sum(jnp.tanh(x @ y) ** 2) + jnp.sum(jnp.einsum("bij,bj->bi", x, y[:, :, 0])), (0, 1))
    for got, want in compiled_and_stepwise(f, x, y):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-5)


def test_not_a_number_stays_in_its_matrix():
    x = np.ones((40, 3, 3), np.float32)
    x[1] = np.nan
    got = np.asarray(jnp.asarray(x) @ jnp.ones((40, 3, 3), jnp.float32)), np.asarray(jnp.ones((40, 3, 3), jnp.float32) @ jnp.asarray(x))
    for g in got:
        assert np.isnan(g[1]).all() and (np.delete(g, 1, 0) == 3).all()


MOVES = {
    "transposed": lambda x: x.T,
    "stacked last": lambda x: jnp.stack([x, x * 2, -x], -1),
    "stacked first": lambda x: jnp.stack([x[0], x[-1]], 0),
    "parts of a row": lambda x: jnp.concatenate([x, x + 1], 1)[:, x.shape[1] // 2:x.shape[1]] * 2,
    "across the seam": lambda x: jnp.concatenate([x, x + 1], 0)[x.shape[0] - 1:x.shape[0] + 1],
    "every other": lambda x: jnp.concatenate([x, x + 1], 0)[x.shape[0]::2],
    "a choice": lambda x: jnp.select([x > 1, x > 0, x < -1], [x * 2, x, -x], 0),
    "halves swapped": lambda x: jnp.concatenate(jnp.split(jnp.concatenate([x, -x], 1), 2, 1)[::-1], 1),
    "crossed": lambda x: jnp.cross(x[:, :1] * jnp.ones(3, x.dtype), x[:, -1:] + jnp.arange(3, dtype=x.dtype)),
    "repeated": lambda x: jnp.repeat(x, 3, 1),
}


@pytest.mark.parametrize("dtype", ["float32", "int8", "bfloat16", "float64", "complex64", "int32"])
@pytest.mark.parametrize("shape", [(5, 3), (64, 4), (100, 100), (33, 257), (2000, 40), (1, 70), (700, 701), (3000, 1000)])
@pytest.mark.parametrize("name", MOVES)
def test_moves(name, shape, dtype):
    if dtype == "complex64" and name in ("a choice", "crossed"):
        return
    with jax.enable_x64(dtype == "float64"):
        x = jnp.asarray(np.random.default_rng(0).integers(-9, 9, shape), dtype)
        f = MOVES[name]
        got, want = jax.jit(f)(x), f(x)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(*(np.asarray(y.astype("complex64") if dtype == "complex64" else y, None if dtype == "complex64" else "float64")
                                        for y in (got, want)))


def test_transposes_of_boxes():
    x = np.arange(7 * 33 * 65 * 3, dtype=np.int32).reshape(7, 33, 65, 3)
    for order in [(0, 2, 1, 3), (3, 2, 1, 0), (0, 2, 3, 1), (2, 0, 1, 3), (1, 0, 3, 2), (0, 3, 1, 2)]:
        for y in (x, x.astype(np.int8), x.astype(np.float16), x.astype(np.complex64)):
            np.testing.assert_array_equal(lax.transpose(jnp.asarray(y), order), y.transpose(order))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("sides", [(3, 4, 5), (64, 64, 64), (65, 130, 70), (256, 256, 256), (1, 300, 9), (100, 1, 100), (33, 700, 1)])
def test_bytes_added_up_in_int32(sides, dtype):
    m, k, n = sides
    info = np.iinfo(dtype)
    g = np.random.default_rng(0)
    x, y = (g.integers(info.min, info.max + 1, s, dtype) for s in [(5, m, k), (5, n, k)])
    x[0], y[0] = info.min, info.min
    got = jax.jit(lambda x, y: jnp.einsum("bij,bkj->bik", x, y, preferred_element_type=jnp.int32))(x, y)
    np.testing.assert_array_equal(got, np.einsum("bij,bkj->bik", x.astype("int64"), y.astype("int64")))
    plain = jax.jit(lambda x, y: lax.dot_general(x, y, (((1,), (1,)), ((), ())), preferred_element_type=jnp.int32))(x[1], y[1])
    np.testing.assert_array_equal(plain, x[1].astype("int64") @ y[1].astype("int64").T)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1), (1, 0, 2), (2, 1, 0)])
def test_transposed_outer_products(order):
    a, b = numbers((50, 8), 0).astype("float32"), numbers((50, 9), 1).astype("float32")
    want = (a[:, :, None] * b[:, None, :]).transpose(order)
    np.testing.assert_array_equal(jax.jit(lambda a, b: jnp.transpose(a[:, :, None] * b[:, None, :], order))(a, b), want)
    np.testing.assert_array_equal(jax.jit(lambda a, b: jnp.transpose(jnp.einsum("bi,bj->bij", a, b), order))(a, b), want)


@pytest.mark.parametrize("dtype", ["float32", "uint32", "complex64"])
@pytest.mark.parametrize("columns", [2, 4, 5, 9])
def test_rows_at_computed_places(columns, dtype, compiled_and_stepwise):
    """Lanes a few elements apart, from where an index says."""
    x = jnp.asarray(numbers((2, 300, columns), 0) + 3, dtype)

    def f(x, i):
        part = lax.dynamic_slice(x, (i, 0, 0), (1, 299, columns - 1))
        return part * 2, part.sum(2), (part + 1).sum((0, 2)), part[:, :, ::-1] + 1

    for i in range(2):
        for got, want in compiled_and_stepwise(f, x, jnp.int32(i)):
            np.testing.assert_array_equal(got, want)
