"""Records how JAX prints arrays: JAX_PLATFORMS=cpu python tests/unit/record_printing.py; writes recorded/printing.txt.

A case is a line "array DTYPE WEAK NDIM SIZES... HEX" ("." for no bytes), then "str N" and N lines, "repr N" and N lines.
A line "number DTYPE HEX TEXT" gives str() of one NumPy number.
"""
import os
import warnings

import jax
import jax.numpy as jnp
import numpy as np

warnings.simplefilter("ignore")
np.seterr(all="ignore")
jax.config.update("jax_enable_x64", True)
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded", "printing.txt")
inf, nan = np.inf, np.nan
random = np.random.default_rng(0)


def block(out, word, text):
    lines = text.split("\n")
    print(word, len(lines), file=out)
    for line in lines:
        print(line, file=out)


def record(out, x):
    data = np.asarray(x)
    weak = int(getattr(x, "weak_type", False))
    print("array", data.dtype.name, weak, data.ndim, *data.shape, data.tobytes().hex() or ".", file=out)
    block(out, "str", str(x))
    block(out, "repr", repr(x))


def arrays():
    lists = [[1.0, 2.5], [0.1, 0.2, 0.3], [1e10], [1e10, 1], [1e5, 1], [1e6, 1e5], [999999.0], [1e-4], [9e-5], [1e-4, 1e-5], [1, 1001], [1, 1000],
             [0.0], [-0.0, 0.0], [nan], [inf], [-inf], [nan, 1], [inf, -1.5], [-inf, 100.25], [nan, inf, -inf, 0.001], [nan, 1e10, -inf],
             [1 / 3], [1 / 3, 2 / 3, 1], [123456.789, 0.5], [1.5, -2.25, 3], [100, -200.5, 3], [1e-30, 1e30], [1e300, 1], [3.4e38, 1e-45],
             [0.123456789123, 12.5], [99999999.0], [1e8], [2.0**-24, 1], [1e-10] * 3, [0.99999999999, 0.5], [9.9999999999e9, 1.0]]
    for values in lists:
        for dtype in ("float32", "float64", "float16", "bfloat16"):
            yield jnp.array(values, dtype)
    for values in lists[:20]:
        yield jnp.array(values[0], "float32")
        yield jnp.array(values[0], "complex64")
        yield jnp.array(values, "complex64")
        yield jnp.array(values, "complex128") * (1 - 2.5j)
    for dtype in ("float8_e4m3fn", "float8_e5m2", "float4_e2m1fn"):
        yield jnp.array([[0.3, 1, -2], [3, 0, -0.0]], dtype)
    for dtype in ("int2", "int4", "int8", "int16", "int32", "int64"):
        yield jnp.array([[1, -1, 0], [-2, 1, 0]], dtype)
        yield jnp.array(1, dtype)
    yield jnp.array([2**63, 2**64 - 1, 0], "uint64")
    yield jnp.array([100, -7, 3])
    yield jnp.array([True, False])
    yield jnp.array(True)
    for shape in ((0,), (0, 3), (2, 0, 3), (1, 1, 1), (2, 3, 4), (1, 30), (2, 20), (2, 2, 1, 2), (3, 1)):
        yield jnp.arange(int(np.prod(shape)), dtype="float32").reshape(shape)
        yield jnp.arange(int(np.prod(shape)), dtype="int32").reshape(shape)
        yield jnp.arange(int(np.prod(shape)), dtype="int32").reshape(shape) * 1j
        yield jnp.arange(int(np.prod(shape))).reshape(shape) % 2 == 0
    for n in range(12, 30):
        yield jnp.arange(n)
        yield jnp.arange(n, dtype="float32")
        yield jnp.arange(n) * 1.0
        yield jnp.arange(n, dtype="uint8")
        yield jnp.asarray(random.normal(size=n), "float32")
    yield jnp.asarray(random.normal(size=(5, 7)), "float32")
    yield jnp.asarray(random.normal(size=(3, 40)), "float64")
    yield jnp.asarray(random.normal(size=(3, 9)), "complex64")
    yield jnp.asarray(2.0)
    yield jnp.asarray(2)
    yield jnp.asarray(2j)
    yield jnp.broadcast_to(jnp.asarray(2.0), (3,))
    yield jnp.array([1.5, nan, 2], "complex64") + 1j * jnp.array([nan, inf, -inf], "complex64")
    yield jnp.arange(1001, dtype="uint16")
    yield jnp.arange(1000, dtype="uint8")
    yield (jnp.arange(40 * 30) % 7).reshape(40, 30).astype("int8")
    yield (jnp.arange(1200) % 5).reshape(2, 600).astype("int8")
    yield (jnp.arange(1200) % 5).reshape(300, 2, 2).astype("int8")
    yield (jnp.arange(1500) % 5).reshape(1500, 1).astype("float16") / 3
    yield (jnp.arange(2000) % 256).reshape(10, 10, 20).astype("uint8")


def numbers():
    values = [0.0, -0.0, 1, 0.1, 1 / 3, 100, 999, 1000, 123456, 999999, 1e6, 1234567, 16777216, 1e15, 1e16, 1e17, 1e22, 1e23, 1.5e300, 5e-324, 1e-4, 1.5e-4,
              9e-5, 1e-5, 1e-8, 3.4028235e38, 1.1754944e-38, 1e-45, 65504, 6e-8, nan, inf, -inf, 2.2250738585072014e-308, 9007199254740993, 0.3, 2.5, 1e100]
    values += [2.0**k for k in range(-149, 128, 3)] + [2.0**k for k in range(-1074, 1023, 41)]
    values += list(random.normal(size=40)) + list(10.0 ** random.uniform(-45, 39, size=40))
    for value in values:
        for kind in (np.float16, np.float32, np.float64):
            yield kind(value)
    for real in (0.0, -0.0, 1.5, -1e-5, nan, 1e10):
        for imaginary in (0.0, -0.0, 1, -2.5, nan, inf, -inf, 1e7):
            yield np.complex64(complex(real, imaginary))


with open(OUT, "w") as out:
    for x in arrays():
        record(out, x)
    for x in numbers():
        print("number", x.dtype.name, x.tobytes().hex(), str(x), file=out)
