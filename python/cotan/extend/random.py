"""jax.extend.random: generators of random bits, below jax.random."""
from .. import _cotan

threefry2x32_p = _cotan._primitive("threefry2x32")
threefry_prng_impl, rbg_prng_impl, unsafe_rbg_prng_impl = "threefry2x32", "rbg", "unsafe_rbg"
_random = _cotan.bound_functions("random")


def threefry_2x32(keypair, count):
    """The words of `count`, any array of uint32, hashed with a key of two words: one half of them with the other."""
    from .. import numpy as jnp
    key1, key2 = keypair
    if not all(x.dtype == jnp.uint32 for x in (key1, key2, count)):
        raise TypeError(f"threefry_2x32 requires uint32 arguments, got {[x.dtype for x in (key1, key2, count)]}")
    odd = count.size % 2
    flat = jnp.concatenate([count.ravel(), jnp.zeros(odd, jnp.uint32)])
    words = jnp.concatenate(threefry2x32_p.bind(key1, key2, *jnp.split(flat, 2)))
    return words[:count.size].reshape(count.shape)


def random_seed(seeds, impl):
    """The keys of integers."""
    from ..numpy import vectorize
    return vectorize(lambda seed: _random["key"](seed, impl=impl))(seeds)


def seed_with_impl(impl, seed):
    """The key of an integer, for a generator."""
    return _random["key"](seed, impl=impl)
