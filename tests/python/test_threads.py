"""Threads of Python that trace, compile, differentiate and call the same functions at once get what one thread gets. `make tsan` runs this file under ThreadSanitizer."""
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

THREADS, ROUNDS = 4, 6


def together(work):
    """Runs work(number of the thread, round) in all threads, each round begun together; raises what one of them raised."""
    barrier, errors = threading.Barrier(THREADS), []

    def run(number):
        try:
            for k in range(ROUNDS):
                barrier.wait(timeout=120)
                work(number, k)
        except Exception as error:
            errors.append(error)
            barrier.abort()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise next((e for e in errors if not isinstance(e, threading.BrokenBarrierError)), errors[0])


def same(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5)


def program(x, y):
    c, ys = lax.scan(lambda c, t: (jnp.tanh(c * t) + y, c), x, jnp.arange(5.0))
    return lax.cond(y > 0, lambda: c * ys.sum(), lambda: c) + lax.while_loop(lambda v: v < 10, lambda v: v * 2 + y, 1.0 + y * y)


WAYS = {
    "call": lambda f: f,
    "grad": lambda f: jax.grad(f),
    "jit of grad": lambda f: jax.jit(jax.grad(f)),
    "vmap": lambda f: lambda x, y: jax.vmap(f, (0, None))(x + jnp.arange(3.0), y),
    "jvp": lambda f: lambda x, y: jax.jvp(f, (x, y), (1.0, 0.5))[1],
    "checkpoint": lambda f: jax.grad(jax.checkpoint(f)),
    "make_jaxpr": lambda f: lambda x, y: jax.core.eval_jaxpr((closed := jax.make_jaxpr(f)(x, y)).jaxpr, closed.consts, x, y)[0],
}


@pytest.mark.parametrize("way", WAYS)
def test_one_function(way):
    wanted = WAYS[way](program)(0.5, 0.25)
    f = jax.jit(lambda x, y: program(x, y))  # traced and compiled by whoever comes first
    together(lambda number, k: same(WAYS[way](f)(0.5, 0.25), wanted))


def test_types_and_static_arguments():
    """Each thread brings types of its own, and some that others bring as well."""
    f = jax.jit(lambda x, n: jnp.sum(jnp.sin(x) * n), static_argnums=1)

    def work(number, k):
        for size in (3, 4 + number, 10 + k):
            same(f(jnp.arange(float(size)), k), np.sum(np.sin(np.arange(float(size))) * k))
    together(work)


def test_large_arrays():
    """Kernels that share the library's threads."""
    x = jnp.arange(300000.0) / 300000
    f = jax.jit(lambda x: jnp.sum(jnp.exp(-x) * jnp.sqrt(x + 1)))
    wanted, product = f(x), np.asarray(x[:90000].reshape(300, 300)) @ np.asarray(x[:90000].reshape(300, 300))

    def work(number, k):
        same(f(x), wanted)
        same(x[:90000].reshape(300, 300) @ x[:90000].reshape(300, 300), product)
    together(work)


def test_errors_stay_in_their_thread():
    def work(number, k):
        if number % 2:
            with pytest.raises(TypeError, match=f"{number + 2}"):
                jax.jit(lambda a, b: a + b)(jnp.ones(number + 2), jnp.ones(number + 20))
        else:
            same(jax.jit(lambda a: a + number)(1.0), 1.0 + number)
    together(work)


def test_shared_arrays_and_cells():
    shared = [jnp.arange(4.0) + i for i in range(8)]

    def work(number, k):
        cell = jax.new_ref(shared[k])
        cell[...] += number
        same(cell[...], np.arange(4.0) + k + number)
        same(sum(shared), np.arange(4.0) * 8 + 28)
        shared[k] = jnp.arange(4.0) + k
    together(work)


def test_callbacks():
    f = jax.jit(lambda x: jax.pure_callback(lambda a: np.sin(a), x, x) * 2)
    together(lambda number, k: same(f(jnp.float32(number)), 2 * np.sin(number)))


def test_caches_are_cleared_meanwhile():
    f = jax.jit(lambda x: jnp.sin(x) * 3)

    def work(number, k):
        if number == 0:
            jax.clear_caches()
        same(f(jnp.arange(3.0) + k), np.sin(np.arange(3.0) + k) * 3)
    together(work)
