#!/usr/bin/env python3
"""Writes recorded.json: what JAX answers to each expression of cases.py. Run it with a Python that has JAX 0.10.2:

    JAX_PLATFORMS=cpu python tests/laws/record.py [WORD]

With a word, only expressions that contain it or are new are evaluated again.
"""
import json
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import cases


def describe(value):
    """dtype, weak type, shape and values of an array; a list for several."""
    if isinstance(value, (tuple, list)):
        return [describe(v) for v in value]
    a = np.asarray(value)
    if a.dtype.kind == "c":
        flat = [[float(v.real), float(v.imag)] for v in a.ravel()]
    elif a.dtype.kind in "biu":
        flat = [int(v) for v in a.ravel()]
    else:
        flat = [float(v) for v in a.ravel().astype("float64")]
    flat = [[text(u) for u in v] if isinstance(v, list) else text(v) for v in flat]
    return {"type": ("*" if value.weak_type else "") + f"{a.dtype}[{','.join(map(str, a.shape))}]", "values": flat}


def text(v):
    """JSON has no NaN and no infinities."""
    return v if v == v and abs(v) != float("inf") else str(v)


def main():
    names = {n: jnp.array(v, dtype=d) for n, (d, v) in cases.SAMPLES.items()}
    names.update(jax=jax, jnp=jnp, lax=lax)
    path = pathlib.Path(__file__).parent / "recorded.json"
    old = json.loads(path.read_text()) if len(sys.argv) > 1 else {}
    out = {}
    for e in cases.expressions():
        if e in old and sys.argv[1] not in e:
            out[e] = old[e]
            continue
        try:
            out[e] = describe(jax.block_until_ready(eval(e, names)))
        except Exception as error:  # the class is part of the contract
            out[e] = {"error": type(error).__mro__[0].__name__}
    lines = ",\n".join(f"{json.dumps(e)}: {json.dumps(r, separators=(',', ':'))}" for e, r in out.items())
    path.write_text("{\n" + lines + "\n}\n")


main()
