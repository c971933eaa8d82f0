"""Records what JAX promotes each pair of element types to, and how it reads and rounds the narrow floats.

Run under JAX: JAX_PLATFORMS=cpu python tests/unit/record_dtypes.py; writes recorded/promotion.txt and recorded/narrow.txt.

promotion.txt: a row for each (x64, dtype, weak): "x64 dtype weak: " and for each (dtype, weak) the result, "-" when there is none,
with "*" behind a weak one. narrow.txt: "decode dtype bits value" and "encode dtype value bits".
"""
import os
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from jax._src import dtypes

warnings.simplefilter("ignore")
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded")
NAMES = """bool int2 int4 int8 int16 int32 int64 uint2 uint4 uint8 uint16 uint32 uint64 float4_e2m1fn float8_e3m4
float8_e4m3 float8_e4m3b11fnuz float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu bfloat16 float16
float32 float64 complex64 complex128""".split()


class Typed:
    """What JAX looks at when it promotes: dtype and aval."""

    def __init__(self, name, weak):
        self.dtype = dtypes.canonicalize_dtype(jnp.dtype(name))
        self.aval = jax.core.ShapedArray((), self.dtype, weak_type=weak)


def promotion(out):
    pairs = [(name, weak) for name in NAMES for weak in (False, True)]
    for x64 in (False, True):
        jax.config.update("jax_enable_x64", x64)
        for a, a_weak in pairs:
            row = []
            for b, b_weak in pairs:
                try:
                    dtype, weak = dtypes.lattice_result_type(Typed(a, a_weak), Typed(b, b_weak))
                    row.append(str(dtype) + "*" * weak)
                except dtypes.TypePromotionError:
                    row.append("-")
            print(int(x64), a, int(a_weak), *row, file=out)


def narrow(out):
    values = [0.0, -0.0, 1, -1, 1.5, 1.25, 1.75, 2.5, 3.5, 5, 6, 7, 0.3, 0.1, 1e-3, 1e-5, 2.0**-10, 3 * 2.0**-10, 2.0**-9,
              2.0**-7, 14.9, 15.5, 16.5, 29.9, 30, 31, 239, 240, 247, 248, 249, 447, 448, 463, 464, 465, 480, 500, 57344,
              61439, 61440, 65504, 65519, 65520, 1e6, 3e38, -3.3, 1e-40, 2.0**-127, 2.0**-128, 2.0**127, np.inf, -np.inf, np.nan]
    for name in NAMES:
        if not name.startswith(("float4", "float8", "bfloat16", "float16")):
            continue
        dtype = jnp.dtype(name)
        word = np.uint16 if dtype.itemsize == 2 else np.uint8
        step = 1999 if word is np.uint16 else 1
        for bits in range(0, 1 << (4 if "float4" in name else 16 if step > 1 else 8), step):
            value = np.array([bits], word).view(dtype)[0]
            print("decode", name, bits, repr(float(value)), file=out)
        for value in values:
            bits = np.array([value], np.float64).astype(dtype).view(word)[0]
            print("encode", name, repr(float(value)), bits, file=out)


with open(os.path.join(HERE, "promotion.txt"), "w") as out:
    promotion(out)
with open(os.path.join(HERE, "narrow.txt"), "w") as out:
    narrow(out)
