#!/usr/bin/env python3
"""Records recorded/index_cases.h: subscripts in the notation of index_recorded.c, and what JAX makes of them on x = arange(size).

    JAX_PLATFORMS=cpu python record_index.py > recorded/index_cases.h

An item is i3 (integer), s1:5:2 (slice, parts may be empty), n (None), e (...), a2,2=0,1,2,3 (integers of a shape), m3=1,0,1 (mask)."""
import random

import jax
import jax.numpy as jnp
import numpy as np

draw = random.Random(0)


def slice_item(n):
    part = lambda: draw.choice([None, None, draw.randint(-n - 1, n + 1)])
    step = draw.choice([None, None, 1, 2, 3, -1, -2])
    s = slice(part(), part(), step)
    return s, "s" + ":".join("" if v is None else str(v) for v in (s.start, s.stop, s.step))


def array_item(values):
    text = ",".join(str(int(v)) for v in values.ravel())
    return ("m" if values.dtype == bool else "a") + ",".join(map(str, values.shape)) + "=" + text


def subscript(shape):
    items, names, axis, ellipsis = [], [], 0, False
    common = draw.choice([(), (2,), (3,), (2, 1), (1, 3), (2, 3)])
    while axis < len(shape) or draw.random() < 0.1:
        kind = draw.choice("iissssaaamnne.")
        if kind == "." or (kind == "n" and len([i for i in items if i is None]) > 1):
            break
        if kind == "e":
            if ellipsis:
                continue
            ellipsis = True
            items.append(Ellipsis), names.append("e")
            axis += draw.randint(0, len(shape) - axis)
        elif kind == "n":
            items.append(None), names.append("n")
        elif axis == len(shape):
            break
        elif kind == "i":
            v = draw.randint(-shape[axis], shape[axis] - 1) if draw.random() < 0.9 else draw.randint(-2 * shape[axis], 2 * shape[axis])
            items.append(v), names.append(f"i{v}")
            axis += 1
        elif kind == "s":
            s, name = slice_item(shape[axis])
            items.append(s), names.append(name)
            axis += 1
        elif kind == "m":
            if common not in ((), (3,)):
                continue
            mask = np.zeros(shape[axis], bool)
            mask[draw.sample(range(shape[axis]), min(3, shape[axis]))] = True
            items.append(mask), names.append(array_item(mask))
            axis += 1
        else:
            wide = 2 if draw.random() < 0.1 else 1
            v = np.array([draw.randint(-wide * shape[axis], wide * shape[axis] - 1) for _ in range(int(np.prod(common)))], np.int32).reshape(common)
            items.append(v), names.append(array_item(v))
            axis += 1
    return tuple(items), " ".join(names)


def numbers(a):
    return ",".join("NAN" if v != v else str(int(v)) for v in np.asarray(a).ravel())


def dims(shape):
    return f"{len(shape)}, {{{', '.join(map(str, shape)) or 0}}}"


rows, seen = [], set()
while len(rows) < 260:
    shape = tuple(draw.randint(1, 5) for _ in range(draw.randint(1, 4)))
    items, names = subscript(shape)
    if (shape, names) in seen:
        continue
    seen.add((shape, names))
    x = jnp.arange(float(np.prod(shape))).reshape(shape)
    items = tuple(jnp.asarray(i) if isinstance(i, np.ndarray) and i.dtype != bool else i for i in items)
    mode = draw.choice(["NULL", "NULL", "NULL", '"fill"', '"clip"'])
    update = draw.choice(["get"] * 4 + ["set", "add", "multiply", "min", "max", "subtract", "divide"])
    try:
        at = x.at[items]
        value = jnp.arange(1.0, 1 + at.get().shape[-1]) if at.get().ndim and draw.random() < 0.5 else jnp.float32(7)
        y = x.at[items].get(mode=eval(mode.replace("NULL", "None"))) if update == "get" else getattr(at, update)(value, mode=eval(mode.replace("NULL", "None")))
    except (IndexError, TypeError, ValueError):
        continue
    if y.size > 150 or update == "set" and len(set(np.asarray(jnp.arange(x.size).reshape(shape)[items]).ravel().tolist())) != np.asarray(x[items]).size:
        continue
    if update == "divide":
        y = jnp.round(y)
    vector = int(update != "get" and value.ndim > 0)
    rows.append(f'{{{dims(shape)}, "{names}", {mode}, "{update}", {vector}, {dims(y.shape)}, (const float[]){{{numbers(y) or 0}}}}},')
print(f"/* Recorded by record_index.py with JAX {jax.__version__}. */")
print("\n".join(rows))
