"""Programs whose StableHLO is compared with JAX's: name -> (function, or jitted function, *arguments). Runs under both."""
import os

HERE = os.path.dirname(__file__)
RECORD = os.path.join(HERE, "lowered.txt")

UNARY = {"f": "neg sign floor ceil is_finite exp exp2 log expm1 log1p tanh logistic sin cos tan asin acos atan sinh cosh asinh acosh atanh abs sqrt rsqrt cbrt square "
              "erf erfc erf_inv lgamma digamma bessel_i1e round stop_gradient",
         "n": "neg sign abs square bitwise_not population_count clz", "u": "neg sign square bitwise_not population_count clz",
         "c": "neg sign exp log expm1 log1p tanh logistic tan asin sqrt rsqrt abs square real imag conj", "b": "bitwise_not"}
BINARY = {"f": "add sub mul div rem max min atan2 nextafter pow complex eq ne lt le gt ge", "n": "add sub mul div rem max min bitwise_and bitwise_or bitwise_xor eq lt shift_left "
          "shift_right_arithmetic shift_right_logical", "u": "add div lt shift_right_logical", "c": "add mul div pow eq", "b": "max min bitwise_and bitwise_or bitwise_xor eq lt"}
NUMBERS = (0.1, 1 / 3, 1e-7, 40.123, 123456.7, 1e20, 1.17549435e-38, 3.4028235e38, -0.0, 1e-45, 100.5, 0.0123456, 99999.99, 1e-5, 16777216., float("inf"), float("nan"))


def programs():
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax import grad, jit, lax, random, vmap
    f, n, u, b = jnp.array([.1, .2, .3]), jnp.arange(3), jnp.arange(3, dtype=jnp.uint32), jnp.array([True, False, True])
    kinds = {"f": f, "n": n, "u": u, "c": f + 1j, "b": b}
    x, v, i, k, table = jnp.arange(12.).reshape(3, 4), jnp.arange(4.), jnp.array([2, 0, 1]), random.key(0), jnp.arange(4.)

    def all_of(names, *args):
        return lambda *args: [getattr(lax, name)(*args) for name in names.split()]

    def grown(window):
        return lambda x: lax.reduce_window(x, *window[:2], (2, 2), (1, 1), "SAME")

    def debugged(v):
        r = jax.new_ref(v)
        r[...] += 1.
        return r[...] * 2

    @jax.custom_jvp
    def ruled(v):
        return jnp.sin(v)

    ruled.defjvp(lambda p, t: (ruled(p[0]), jnp.cos(p[0]) * t[0]))
    twice = jit(lambda v: v * 2)
    window = dict(feature_group_count=1, dimension_numbers=("NHWC", "HWIO", "NHWC"))
    found = {
        **{f"unary {kind}": (all_of(names), kinds[kind]) for kind, names in UNARY.items()},
        **{f"binary {kind}": (all_of(names), kinds[kind], kinds[kind]) for kind, names in BINARY.items()},
        "numbers": (lambda v: [v * number for number in NUMBERS], f),
        "half numbers": (lambda v: [v * number for number in NUMBERS[:6]], f.astype(jnp.bfloat16)),
        "powers": (lambda v: [lax.integer_pow(v, y) for y in (-3, -1, 0, 1, 2, 3, 4, 5, 7, 8)], f),
        "conversions": (lambda f, n, b: [lax.convert_element_type(a, d) for a in (f, n, b) for d in ("int8", "uint8", "float16", "bool", "complex64")], f, n, b),
        "constants": (lambda: (jnp.array([[1, 2], [3, 4]]), jnp.array([.1, 1e10, 1e-5]), jnp.array([True, False]), jnp.array([1 + 2j]), np.arange(101, dtype=np.int8),
                               np.zeros(300, np.float32), np.float16(.1), np.array([], np.float32), np.array([7, 7]), np.arange(150) % 2 == 0),),
        "closing over an array": (lambda x: x + table, x),
        "names of results": (lambda d: {"a": d["x"] + 1, "b": [d["y"], 3.]}, {"x": 1., "y": v}),
        "no results": (lambda: (),),
        "unused": (jit(lambda x, y: x), x, n),
        "unused and kept": (jit(lambda x, y: x, keep_unused=True), x, n),
        "donated": (jit(lambda x, y: (x + 1, y * 2, x.sum()), donate_argnums=(0,)), x, x),
        "donated twice": (jit(lambda a, b: (b, a), donate_argnums=(0, 1)), x, x),
        "static": (jit(lambda x, n: x * n, static_argnums=1), x, 3),
        "dead code": (grad(lambda v: jnp.sin(v).sum()), v),
        "calls": (lambda x: twice(twice(x)) + twice(x.sum()), x),
        "clashing names": (lambda x: (jit(lambda y: y * 2)(x), jit(lambda y: y * 3)(x), jit(lambda y: y * 4)(x)), x),
        "grad of a network": (grad(lambda w, x: jnp.mean(jnp.tanh(x @ w["a"] + w["b"]) @ w["c"])), {"a": jnp.ones((4, 5)), "b": jnp.ones(5), "c": jnp.ones(5)}, x),
        "products": (lambda a, c: (a @ a, jnp.einsum("bij,bjk->bik", c, c), jnp.dot(a, a, precision="high"), lax.dot_general(a.astype(jnp.bfloat16), a, (((1,), (0,)), ((), ())),
                                   preferred_element_type=jnp.float32)), jnp.ones((3, 3)), jnp.ones((2, 3, 3))),
        "convolutions": (lambda a, b, c, d: (lax.conv_general_dilated(a, b, (2, 2), "VALID", **window), lax.conv_general_dilated(c, d, (1,), [(1, 2)], (2,), (3,))),
                         jnp.ones((1, 8, 8, 3)), jnp.ones((3, 3, 3, 5)), jnp.ones((1, 2, 8)), jnp.ones((4, 2, 3))),
        "shapes": (lambda x: (x.reshape(2, 6), x.T, x[None], x[::2, 1:3], x[::-1], lax.pad(x, 0., ((-1, 2, 0), (1, 1, 1))), lax.split(x, (1, 3), 1), jnp.broadcast_to(x, (2, 3, 4)),
                              jnp.concatenate([x, x]), lax.broadcasted_iota(jnp.float32, (3, 4), 1), x[:, :1] + x, lax.bitcast_convert_type(x, jnp.int32)), x),
        "stacks": (lambda x: (jnp.stack([x, x], 1), jnp.tile(x, 2)), x),
        "choices": (lambda n, p, x, y, z: (lax.select_n(n, x, y, z), lax.select(p, x, y), lax.clamp(0., x, 1.), lax.clamp(y, x, z), jnp.where(x > 0, x, 0.)), n, True, f, f, f),
        "reductions": (lambda x, n, b: (x.sum(), x.max(1), x.min(0), n.prod(), n.max(), b.any(), b.all(),
                                     lax.reduce_xor(n, (0,)), lax.argmax(x, 1, jnp.int32), lax.argmin(n, 0, jnp.int32)), x, n, b),
        "complex extremes": (lambda c: (c.max(), lax.max(c, c)), kinds["c"]),
        "a reduction by a program": (lambda x: lax.reduce((x, x), (0., 1.), lambda a, b: (a[0] + b[0], a[1] * b[1]), (0,)), x),
        "windows": (lambda x: [grown(w)(x) for w in ((-jnp.inf, lax.max), (0., lax.add), (jnp.inf, lax.min), (1., lax.mul))], x),
        "grad of a maximum over windows": (grad(lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2, 2), (2, 2), "VALID").sum()), x),
        "scans along a dimension": (lambda x: (lax.cumsum(x, 1), lax.cumprod(x), lax.cummax(x, 1, reverse=True)), x),
        "sorting": (lambda x, n: (lax.sort(x), lax.sort((x, x), num_keys=2), lax.sort(n, is_stable=False), lax.top_k(x, 2)), x, n),
        "indexing": (lambda x, i, j: (x[i], x[1], x[j], x[i, i], x.at[i].get(mode="fill", fill_value=0), x.at[i].get(mode="clip"), i.at[i].get(mode="fill")), x, i, 1),
        "scattering": (lambda x, i: (x.at[i].set(1.), x.at[i].add(1.), x.at[i].mul(2.), x.at[i].min(2.), x.at[i].set(1., mode="clip"), x.at[0].set(1.)), x, i),
        "mapped indexing": (vmap(lambda x, i: (x[i], x.at[i].set(0.), lax.dynamic_slice(x, (i,), (2,)))), x, i),
        "grad of indexing": (grad(lambda x, i: x[i].sum()), x, i),
        "fft": (lambda c, x: (lax.fft(c, "FFT", (4,)), lax.fft(x, "RFFT", (3, 4)), lax.fft(c, "IRFFT", (6,))), x + 1j, x),
        "precision": (lambda x: (lax.reduce_precision(x, 5, 10), x.astype(jnp.bfloat16) * 2, lax.optimization_barrier((x, x))), x),
        "branches": (lambda q, x: lax.cond(q, lambda x: (x, 1), lambda x: (x * 2, 2), x), True, x),
        "a switch": (lambda i, v: lax.switch(i, [jnp.sin, jnp.cos, jnp.tan], v), 1, v),
        "mapped branches": (vmap(lambda v: lax.cond(v > 0, jnp.sin, jnp.cos, v)), v),
        "while": (lambda a: lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * 2), (0, a)), f),
        "a counted loop": (lambda n, v: lax.fori_loop(0, n, lambda i, c: c * 2 + i, v), 5, 1.),
        "mapped while": (vmap(lambda a, c: lax.while_loop(lambda y: y < c, lambda y: y * a, 1.)), v, v),
        "scan": (lambda a, x: lax.scan(lambda c, x: (c + a @ x, c.sum()), jnp.zeros(4), x), jnp.eye(4), x),
        "scan backwards": (lambda v: lax.scan(lambda c, x: (c + x, c), 0., v, reverse=True), v),
        "scan of nothing": (lambda v: lax.scan(lambda c, _: (c + 1, None), v, None, length=3), 1.),
        "scan, some steps at a time": (lambda v: lax.scan(lambda c, x: (c + x, c), 0., v, unroll=2), jnp.arange(5.)),
        "scan, all steps at a time": (lambda v: lax.scan(lambda c, x: (c + x, c), 0., v, unroll=3), f),
        "scan in scan": (lambda x: lax.scan(lambda c, r: lax.scan(lambda c, x: (c + x, c * x), c, r), 0., x), x),
        "a rule of one's own": (grad(lambda v: ruled(v).sum()), v),
        "checkpoint": (grad(jax.checkpoint(lambda v: jnp.sin(jnp.sin(v)))), 1.),
        "keys": (lambda k: (random.split(k, 3), random.fold_in(k, 1), random.key_data(k)), k),
        "bits": (lambda k: random.bits(k, (4, 5)), k),
        "a seed": (lambda s: (random.key(s), random.PRNGKey(s)), 3),
        "a mutable array": (debugged, v),
    }
    return found


def text(program):
    import jax
    f, *args = program
    return (f if hasattr(f, "lower") else jax.jit(f)).lower(*args).as_text().rstrip()
