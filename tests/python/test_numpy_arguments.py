"""NumPy arrays are read where they lie while a call runs, and nothing that outlives the call shares their memory."""
import gc
import sys
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

N = 10_000  # small arrays are copied anyway


def fresh():
    return np.arange(N, dtype=np.float32)


KEEPERS = {
    "identity": jax.jit(lambda x: x),
    "tuple": jax.jit(lambda x: (x, x + 1)),
    "reshape": jax.jit(lambda x: x.reshape(100, 100)),
    "inner jit": jax.jit(lambda x: jax.jit(lambda y: y)(x)),
    "cond": jax.jit(lambda x: jax.lax.cond(True, lambda y: y, lambda y: y, x)),
    "scan": jax.jit(lambda x: jax.lax.scan(lambda c, _: (c, c[0]), x, None, length=2)[0]),
    "donated": jax.jit(lambda x: x, donate_argnums=0),
    "array": jnp.array,
    "asarray": jnp.asarray,
    "ravel": jnp.ravel,
    "squeeze": lambda x: jnp.squeeze(x[None]),
    "split": lambda x: jnp.split(x, 1),
    "lax": lambda x: jax.lax.reshape(x, (100, 100)),
    "vjp": lambda x: jax.vjp(jax.jit(lambda x: x * x), x)[1](jnp.ones(N))[0] / 2,
    "linearize": lambda x: jax.linearize(jax.jit(lambda x: x * x), x)[1](jnp.ones(N)) / 2,
    "new_ref": lambda x: jax.new_ref(x)[...],
    "operator": lambda x: jnp.zeros(N) + x,
}


@pytest.mark.parametrize("name", KEEPERS)
def test_results_are_not_the_caller_s_memory(name):
    x = fresh()
    kept = KEEPERS[name](x)
    x[:] = -1
    for leaf in jax.tree.leaves(kept):
        assert np.asarray(leaf).ravel()[:3].tolist() in ([0, 1, 2], [1, 2, 3]), name


def test_references_and_callbacks_keep_copies():
    ref, seen = jax.new_ref(jnp.zeros(N)), []

    @jax.jit
    def store(x):
        ref[...] = x
        jax.debug.callback(seen.append, x)
        return x.sum()

    x = fresh()
    store(x)
    jax.effects_barrier()
    x[:] = -1
    assert ref[...][:3].tolist() == [0, 1, 2] and np.asarray(seen[0])[:3].tolist() == [0, 1, 2]


def test_what_a_later_derivative_needs_is_a_copy():
    x = fresh()
    _, back = jax.vjp(lambda x: jnp.sin(x).sum(), x)
    x[:] = 0
    assert np.allclose(back(1.)[0], np.cos(fresh()), atol=1e-6)


def test_arrays_are_let_go_of():
    x = fresh()
    gone, before = weakref.ref(x), sys.getrefcount(x)
    total = jax.jit(jnp.sum)
    for _ in range(3):
        total(x), jnp.sum(x), KEEPERS["identity"](x)
    gc.collect()
    assert sys.getrefcount(x) == before
    del x
    assert gone() is None


@pytest.mark.parametrize("make", [
    lambda: fresh()[::2], lambda: fresh().reshape(100, 100).T, lambda: fresh()[1:], lambda: np.broadcast_to(np.float32(3), (N,)), lambda: fresh().astype(">f4"),
    lambda: np.frombuffer(b"\0" + fresh().tobytes(), np.uint8)[1:].view(np.float32), lambda: fresh().astype(np.float64), lambda: np.asfortranarray(fresh().reshape(100, 100)),
])
def test_arrays_of_all_layouts(make):
    x = make()
    x.flags.writeable = False
    assert float(jax.jit(jnp.sum)(x)) == pytest.approx(float(x.astype(np.float64).sum()), rel=1e-6)
    assert np.array_equal(jax.jit(lambda x: x)(x), x.astype(np.float32))


def test_nested_lists_are_compared_and_floats_unraveled():
    assert jnp.array_equal((1, 2), [1, 2]) and not jnp.array_equal([1, 2], 3) and jnp.array_equiv((1, 2), [(1, 2), (1, 2)])
    rows, columns = jnp.unravel_index(jnp.array([1.5, -1.]), (2, 3))
    assert rows.tolist() == [0., 1.] and columns.tolist() == [1.5, 2.]
    with pytest.raises(NotImplementedError, match="flat"):
        jnp.ones(3).flat


def test_sequences_inside_an_index_are_arrays_of_places():
    x = np.arange(12).reshape(3, 4)
    y = jnp.asarray(x)
    for index in ((slice(None), [0, 2]), ([0, 1], [1, 2]), (None, [0, 1]), (..., [1, 1]), ([[0, 1], [1, 0]], [0, 1]), ((0, 1), (1, 2)), ([True, False, True],),
                  (slice(None), [True, False, True, False]), (slice(None), []), ([],)):
        assert y[index].tolist() == x[index].tolist() and y[index].dtype == y.dtype
        changed = x.copy()
        changed[index] = -1
        assert y.at[index].set(-1).tolist() == changed.tolist() and jax.jit(lambda y: y[index])(y).tolist() == x[index].tolist()
    for index in (slice(None), [1.0]), (slice(None), ["a"]), [0, 1]:
        with pytest.raises(TypeError):
            y[index]


def test_shapes_and_axes_may_be_arrays():
    x = jnp.ones((2, 3, 4))
    shapes = [jnp.reshape(x, jnp.array([4, -1])), x.reshape(jnp.array([4, 6])), jnp.moveaxis(x, (0, 1), jnp.arange(2)), jnp.transpose(x, jnp.array([2, 1, 0])),
              jnp.zeros(jnp.array([2, 3])), jnp.sum(x, axis=jnp.array([0, 1])), jnp.sum(x, axis=jnp.array(1)), jnp.reshape(x, jnp.array(24)), jnp.tile(x, jnp.array([1, 2]))]
    assert [s.shape for s in shapes] == [(4, 6), (4, 6), (2, 3, 4), (4, 3, 2), (2, 3), (4,), (2, 4), (24,), (2, 3, 8)]


def test_known_values_stay_known_when_they_are_reshaped():
    x = np.arange(6.)
    assert type(jnp.reshape(x, (2, 3))) is np.ndarray and isinstance(jnp.reshape(x, jnp.array([2, 3])), jax.Array)
    seen = []
    jax.jit(lambda: seen.append(type(jnp.reshape(x > 2, (2, -1)).all(-1))))()
    assert seen == [np.ndarray] and isinstance(jnp.reshape(1., (1,)), jax.Array)


def test_sparse_matrices_of_scipy():
    from types import SimpleNamespace
    from jax.experimental.sparse import BCOO
    matrix = SimpleNamespace(data=np.array([1., 2.]), row=np.array([0, 1]), col=np.array([2, 0]), shape=(2, 3))
    matrix.tocoo = lambda: matrix
    assert BCOO.from_scipy_sparse(matrix).todense().tolist() == [[0, 0, 1], [2, 0, 0]]
