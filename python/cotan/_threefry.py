"""jax._src.random.threefry2x32 (jax._src.prng before): the generator of the default keys, on their raw words."""
from . import random
from .core import _primitive

threefry2x32_p = _primitive("threefry2x32_p")


def _keys(words):
    return random.wrap_key_data(words, impl="threefry2x32")


def threefry_seed(seed):
    """The words of the key of an integer, uint32[2]."""
    return random.key_data(random.key(seed, impl="threefry2x32"))


def threefry_split(key, shape):
    """Words of new keys, uint32[*shape, 2]."""
    return random.key_data(random.split(_keys(key), shape))


def threefry_fold_in(key, data):
    """Words of the key for an integer."""
    return random.key_data(random.fold_in(_keys(key), data))


def threefry_random_bits(key, bit_width, shape):
    """Random integers of 8, 16, 32 or 64 bits without sign."""
    return random.bits(_keys(key), shape, f"uint{bit_width}")
