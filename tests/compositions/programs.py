"""Random programs for JAX: functions of a vector and a number, each of which applies a transformation or a loop to the one before.

A program is data, so that it can be made smaller: a list of functions, each a list of statements, each a piece of text with holes for the values it reads.
Every function takes x (of 3 elements) and y (a number) and gives 3 elements, so anything composes with anything.
"""
import dataclasses
import random
import re

HEAD = """import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from jax import lax
"""

# What a statement may compute, by the kind of its result: n(umber), v(ector), m(atrix), i(ntegers), b(ools), c(omplex), and e(mpty), arrays without elements.
# Holes name the kind they read.
EXPRESSIONS = {
    "n": """jnp.sin({n})
{n} * {n}
{n} - 0.5 * {n}
jnp.sum({v})
jnp.dot({v}, {v})
jnp.mean({m})
jnp.max({v})
jnp.min({m} * {n})
{v}[1]
{m}[0, -1]
jnp.tanh({n}) + 1
jnp.where({n} > 0.3, {n}, jnp.sin({n}))
jnp.exp(-{n} ** 2)
jnp.sqrt({n} ** 2 + 0.5)
jnp.log1p({n} ** 2)
jnp.prod(jnp.cos({v}))
jnp.arctan2({n}, 2 + jnp.cos({n}))
jax.nn.logsumexp({v})
jnp.linalg.norm({v} + jnp.array([3, 0, 0]))
jnp.trace({m})
jnp.linalg.det({m})
jnp.abs({c}[0] + 2)
jnp.sum({e}) + {n}
jnp.std({v} + jnp.arange(3.0))
lax.stop_gradient({n}) * {n}
jnp.sum(jnp.where({b}, {v}, 0.5))
lax.reduce_max({v}, (0,))
{v}[{i}[0]]
lax.dynamic_index_in_dim({v}, {i}[1], keepdims=False)
jnp.sum(jnp.where({b}, {i}, 1)) * {n}
lax.integer_pow({n}, 3) / (1 + {n} ** 2)
jnp.vdot({c}, {c}).real
jnp.median({v})
jnp.hypot({n}, 1.5)
lax.cond({n} > 0.2, jnp.sin, lambda t: t * t, {n})
lax.fori_loop(0, 2, lambda i, t: jnp.sin(t) + i * {n}, {n})
lax.while_loop(lambda t: t < 3, lambda t: t * 1.5 + 1, {n} ** 2)
lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * {n}, s[2] + s[1]), (0, {n}, {n}))[2]
lax.reduce({v}, jnp.zeros((), {v}.dtype), lambda a, b: a + b + a * b, (0,))
jnp.linalg.slogdet({m} @ {m}.T + 2 * jnp.eye(3))[1]
jnp.sum(lax.linalg.triangular_solve({m} + 3 * jnp.eye(3), {v}[:, None], left_side=True, lower=True))
jnp.var({m}) + {n}
jnp.max(lax.sort([{v}, {v} * 2], num_keys=1)[1])
jnp.sum(jax.ops.segment_sum({v}, {i}, 3) ** 2)
lax.cond({i}[0] > 1, lambda a, b: a * b, lambda a, b: a - b, {n}, {n})
lax.lgamma(1.5 + {n} ** 2)
jnp.real({c}[1] * {c}[2])
jnp.linalg.norm({m}) + {n}
jnp.nanmax({v})""",
    "v": """jnp.sin({v})
{v} * {n}
{v} + {v}
{v} * {v}
{v} - 2
{v} / (2 + jnp.cos({v}))
{m} @ {v}
{v} @ {m}
{m}[1]
{m}[:, 2]
jnp.cumsum({v})
jnp.cumprod(jnp.cos({v}))
{v}[::-1]
jnp.sort({v})
jnp.roll({v}, 1)
jnp.concatenate([{v}[1:], {n}[None]])
jnp.stack([{n}, {n}, jnp.cos({n})])
jnp.where({b}, {v}, {v} * 2)
jnp.where({v} > 0.1, {v}, jnp.exp({v}))
jnp.maximum({v}, {v})
jnp.clip({v}, -1, {n} ** 2)
jax.nn.softmax({v})
jax.nn.relu({v}) + {n}
jax.nn.sigmoid({v})
{v}.at[1].set({n})
{v}.at[{i}].add({v})
{v}.at[jnp.array([0, 2])].multiply({n})
{v}[{i}]
jnp.take({v}, {i}, mode="clip")
{m}[{i}, jnp.arange(3)]
lax.dynamic_slice(jnp.concatenate([{v}, {v}]), ({i}[0],), (3,))
lax.dynamic_update_slice({v}, {v}[:2] * 2, ({i}[2],))
jnp.diag({m})
{m}.sum(axis=0)
jnp.max({m}, axis=1)
jnp.linalg.solve({m} @ {m}.T + 3 * jnp.eye(3), {v})
jnp.einsum("ij,jk,k->i", {m}, {m}, {v})
jnp.abs({c})
{c}.real * {c}.imag
jnp.fft.ifft(jnp.fft.fft({v}) * {c}).real
jnp.concatenate([{e}[:, 0], {v}])
{v} * jnp.sum({e}, axis=0)
jnp.convolve({v}, {v}, mode="same")
jnp.interp({v}, jnp.arange(3.0), jnp.cos({v}))
jnp.pad({v}, 1)[:3]
lax.pad({v}, jnp.zeros((), {v}.dtype), [(1, -1, 0)])
lax.cumlogsumexp({v})
lax.top_k({v}, 3)[0]
jnp.tril({m}).sum(1)
lax.stop_gradient({v}) + {v}
({b} & ({v} > 0)) * {v}
{i} * {v}
jax.nn.one_hot({i}[0], 3, dtype={v}.dtype) * {n}
jnp.outer({v}, {v})[{i}[0]]
jnp.tanh({v}) ** 2
lax.map(lambda t: jnp.sin(t) * {n}, {v})
lax.scan(lambda c, t: (c * jnp.cos(t), c + t), {n}, {v})[1]
lax.associative_scan(jnp.multiply, jnp.cos({v}))
jnp.linalg.cholesky({m} @ {m}.T + 3 * jnp.eye(3))[2]
lax.switch({i}[0], [jnp.sin, jnp.cos, lambda t: t * {n}], {v})
jax.vmap(lambda t: t * {n})({v})
jnp.vectorize(jnp.hypot)({v}, 1.5)
lax.reduce_window({v}, 0.0, lax.add, (2,), (1,), "SAME")
jnp.repeat({v}, 2)[1:4]
jnp.nan_to_num({v} / (1 + {v} ** 2))
jnp.polyval({v}, jnp.sin({v}))
jax.nn.gelu({v})
jnp.sinc({v})
jnp.arcsinh({v})
jnp.cbrt({v} + 10)
lax.rsqrt({v} ** 2 + 1)
lax.erf({v})
jnp.power(2.0 + jnp.sin({v}), {n})
jnp.logaddexp({v}, {n})
lax.while_loop(lambda s: s[1] < 2, lambda s: (jnp.sin(s[0]) * {v}, s[1] + 1), ({v}, 0))[0]
lax.while_loop(lambda t: jnp.sum(t * t) < 9, lambda t: t * 1.6 + 0.3, {v})
lax.scan(lambda c, t: ((c[0] * t, c[1] + c[0]), c[1]), ({n}, {n}), {v}, reverse=True)[1]
lax.scan(lambda c, t: (lax.cond(t > 0, jnp.sin, lambda u: u * t, c), c), {n}, {v})[1]
lax.scan(lambda c, r: (jnp.tanh({m} @ c + r), None), {v}, {m})[0]
lax.fori_loop(0, 3, lambda i, t: t.at[i].set(t[(i + 1) % 3] * {n}), {v})
lax.fori_loop(0, {i}[0], lambda i, t: t * jnp.cos(t) + i, {v})
lax.conv_general_dilated({v}[None, None], {v}[None, None, :2], (1,), "SAME")[0, 0]
jax.lax.conv({m}[None, None], {m}[None, None, :2, :1], (1, 1), "SAME")[0, 0, 1]
lax.reduce_window({v}, -jnp.inf, lax.max, (2,), (1,), "SAME")
lax.reduce_window({m}, 0.0, lax.add, (2, 2), (1, 1), ((1, 0), (0, 1)))[1]
lax.reduce({m}, jnp.ones((), {m}.dtype), lambda a, b: a * b, (1,))
lax.sort([{v}, {v} * {v}], num_keys=1)[1]
{v}[jnp.argsort({v})]
{v}.at[{i}].multiply({v}[0], mode="drop")
{v}.at[{i}].max({v})
{v}.at[{i}[0]].get(mode="fill", fill_value=0.5) * {v}
lax.gather({m}, {i}[:, None], lax.GatherDimensionNumbers((1,), (0,), (0,)), (1, 3)).sum(0)
jax.ops.segment_sum({v}, {i}, 3)
jnp.linalg.svd({m} + 3 * jnp.diag(jnp.arange(1.0, 4)), compute_uv=False)
jnp.linalg.pinv({m} @ {m}.T + 2 * jnp.eye(3)) @ {v}
jax.scipy.linalg.expm(0.1 * {m}) @ {v}
jax.scipy.linalg.solve_triangular({m} + 3 * jnp.eye(3), {v})
jnp.linalg.lstsq({m} + 3 * jnp.eye(3), {v})[0]
lax.linalg.lu({m} + 4 * jnp.eye(3))[0][2]
jnp.fft.irfft(jnp.fft.rfft({v}) * (1 + 0.5j), n=3)
jnp.abs(jnp.fft.fft({v})) ** 2
jnp.linalg.eigvalsh({m} + {m}.T + jnp.diag(jnp.arange(3.0) * 9))
{c}.real ** 2 + {c}.imag ** 2
jnp.angle({c} + 4)
jnp.real(jnp.sqrt({c} + 5))
jax.nn.silu({v}) + jax.nn.elu({v} + 5)
jax.numpy.unwrap({v})
jnp.gradient({v})
jnp.cross({v}, {v}[::-1])
jnp.select([{b}, {v} > 0], [{v}, {v} * {n}], {n})
jnp.piecewise({v}, [{v} < 0, {v} >= 0], [lambda t: t * t, lambda t: jnp.sin(t)])
jnp.where({v} > 0, jnp.sqrt(jnp.where({v} > 0, {v}, 1)), 0)
lax.select({b}, {v}, jnp.cos({v}))
lax.select_n({i}, {v}, {v} * 2, {v} * {n})
lax.clamp({v} - 1, {v} * 1.2, {v} + 1)
lax.optimization_barrier(({v}, {n}))[0]
lax.associative_scan(lambda a, b: (a[0] * b[0], b[0] * a[1] + b[1]), (jnp.cos({v}), {v}))[1]
lax.map(lambda t: lax.cond(t > {n}, jnp.sin, jnp.cos, t), {v})
jax.vmap(lambda t: lax.while_loop(lambda u: u < 2, lambda u: u * 1.5 + 0.5, t * t))({v})
jax.vmap(lambda r, t: lax.dynamic_slice(r, (t,), (1,))[0])({m}, {i})
jax.vmap(lambda r: jnp.sort(r)[1], in_axes=1)({m})
jax.vmap(lambda t, a: a @ t, in_axes=(None, 0))({v}, jnp.stack([{m}, {m}, {m}]))[1]
jax.checkpoint(lambda t: jnp.sin(jnp.sin(t) * {n}))({v})
jax.jit(lambda t: t * {n} + jnp.sum(t))({v})
jax.flatten_util.ravel_pytree({"a": {v}[:1], "b": [{v}[1:]]})[0]
jax.tree.map(lambda a, b: a * b, {"k": {v}}, {"k": {v}})["k"]
jnp.zeros_like({v}).at[0].add({n}) + {v}
lax.betainc(1.5, 2.0, jax.nn.sigmoid({v}))""",
    "m": """jnp.outer({v}, {v})
{m} * {n}
{m} + {v}
{m} * {v}[:, None]
{m}.T
{m} @ {m}
jnp.sin({m})
jnp.stack([{v}, {v}, jnp.cos({v})], axis=1)
jnp.diag({v})
{m}.at[1].set({v})
{m}.at[:, {i}].add({v})
jnp.cumsum({m}, axis=1)
jax.nn.softmax({m}, axis=0)
jnp.sort({m}, axis=0)
{m}[{i}]
jnp.linalg.inv({m} @ {m}.T + 3 * jnp.eye(3))
jnp.where({b}, {m}, 0)
jnp.flip({m}, 1)
jnp.kron({v}, {v}).reshape(3, 3)
jnp.concatenate([{m}[:2], {v}[None]])
jnp.tile({v}, (3, 1))
jnp.linalg.qr({m} + 4 * jnp.eye(3))[1]
jnp.linalg.eigh({m} + {m}.T + jnp.diag(jnp.arange(3.0) * 9))[0] * {m}
jax.vmap(lambda r, t: r * t, in_axes=(1, 0))({m}, {v})
jnp.tensordot({m}, {m}, 1)
jnp.triu({m})
jnp.broadcast_to({n}, (3, 3)) * {m}
jnp.einsum("ij,kj->ik", {m}, {m})
lax.scan(lambda c, r: (c * 0.5 + r, c), {v}, {m})[1]
lax.scan(lambda c, r: (c, jnp.outer(r, c)), {v}, {m})[1][1]
lax.cumsum({m}, 0, True)
lax.cumprod(jnp.cos({m}), 1)
lax.cummax({m}, 0)
lax.dynamic_update_slice({m}, {v}[None, :2], ({i}[0], {i}[1]))
lax.conv({m}[None, None], {m}[None, None, :2, :2], (1, 1), "SAME")[0, 0]
lax.linalg.cholesky({m} @ {m}.T + 3 * jnp.eye(3))
lax.linalg.triangular_solve({m} + 3 * jnp.eye(3), {m}, lower=True)
{m}.at[{i}, {i}].multiply({n})
{m}.at[jnp.array([0, 2])].min({n})
lax.while_loop(lambda t: jnp.max(t) < 5, lambda t: t * 2 + 1, {m} ** 2)
jnp.where(jnp.tri(3, dtype=bool), {m}, {m}.T)
lax.dot_general({m}, {m}, (((0,), (1,)), ((), ())))
jnp.real(jnp.outer({c}, jnp.conj({c})))
lax.reduce_window({m}, -jnp.inf, lax.max, (2, 2), (1, 1), "SAME")
jnp.apply_along_axis(lambda r: r * jnp.sum(r), 1, {m})""",
    "i": """jnp.argsort({v})
(jnp.arange(3) + {i}) % 3
jnp.argmax({m}, axis=1)
jnp.where({b}, 1, {i})
jnp.clip(jnp.floor({v}).astype(int), 0, 2)
jnp.cumsum({b}) % 3
jnp.searchsorted(jnp.arange(2.0), {v})""",
    "b": """{v} > {n}
{v} < {v}
~{b}
{b} ^ ({i} == 1)
jnp.isfinite({v})
jnp.any({m} > 0, axis=0)""",
    "c": """{v} + 1j * {v}
{c} * {c}
jnp.exp(1j * {v})
jnp.conj({c}) * {n}
jnp.fft.fft({v})
lax.complex({v}, jnp.cos({v}))
{c} / ({c} * jnp.conj({c}) + 2)
jnp.sin({c}) * 0.1
{c}[{i}]
{m} @ {c}""",
    "e": """jnp.zeros((0, 3), {v}.dtype) * {v}
jnp.sin({e})
{m}[:0]
{e} @ {m}
jnp.concatenate([{e}, {e}])
jnp.sort({e}, axis=0)""",
}
EXPRESSIONS = {kind: lines.split("\n") for kind, lines in EXPRESSIONS.items()}
START = {"n": ["y"], "v": ["x"], "m": ["jnp.outer(x, jnp.cos(x)) + y"], "i": ["jnp.array([2, 0, 1])"], "b": ["x > 0.4"], "c": ["x * (1 + 0.5j)"], "e": ["x[:0, None] * x"]}

# What may be done with the function before, G, of a vector and a number. W is a constant.
TRANSFORMATIONS = """
jax.jit(G)({v}, {n})
jax.jit(lambda t, *, k: G(t, k))({v}, k={n})
jax.jit(G, static_argnums=())({v}, {n}) + jax.jit(G)({v}, {n})
jax.jit(lambda t, k, s: G(t, k) * s, static_argnums=2)({v}, {n}, 2)
jax.jit(G, inline=True)({v}, {n})
jax.grad(lambda x, y: jnp.sum(G(x, y)))({v}, {n})
jax.grad(lambda x, y: jnp.vdot(G(x, y), x), argnums=1)({v}, {n}) * {v}
(lambda g: g["x"] * g["y"])(jax.grad(lambda t: jnp.sum(jnp.sin(G(t["x"], t["y"]))))({"x": {v}, "y": {n}}))
(lambda g, z: g + z)(*jax.grad(lambda x, y: (lambda z: (z[0] * z[1], z))(G(x, y)), has_aux=True)({v}, {n}))
(lambda z, g: g[0] * z + g[1])(*jax.value_and_grad(lambda x, y: jnp.sum(G(x, y)), argnums=(0, 1))({v}, {n}))
jax.grad(lambda m: jnp.sum(G(m[0], {n}) * m[1]))({m})[0]
jax.jvp(G, ({v}, {n}), (jnp.cos({v}), 0.5 * {n}))[1]
jax.jvp(lambda x: G(x, {n}), ({v},), ({v},))[1]
(lambda z, t: z * t)(*jax.jvp(lambda y: G({v}, y), ({n},), ({n},)))
(lambda g: g[0] + g[1])(jax.vjp(G, {v}, {n})[1]({v}))
(lambda z, pull: pull(z)[0] * pull({v})[1])(*jax.vjp(G, {v}, {n}))
(lambda pull: jax.vmap(pull)({m})[0][1])(jax.vjp(G, {v}, {n})[1])
jax.linearize(G, {v}, {n})[1]({v}, {n})
(lambda z, push: push(z, {n}) + push({v}, {n}))(*jax.linearize(G, {v}, {n}))
(lambda push: jax.vmap(push, in_axes=(1, None))({m}, {n})[2])(jax.linearize(G, {v}, {n})[1])
jax.linear_transpose(lambda t: jax.jvp(lambda x: G(x, {n}), ({v},), (t,))[1], {v})({v})[0]
jax.jacfwd(G)({v}, {n}) @ {v}
jax.jacrev(G)({v}, {n}) @ {v}
jax.jacfwd(G, argnums=1)({v}, {n}) + jax.jacrev(G, argnums=1)({v}, {n})
jax.hessian(lambda x: jnp.sum(G(x, {n})))({v}) @ {v}
jax.vmap(G)({m}, {v})[1]
jax.vmap(G, in_axes=(1, None))({m}, {n}).sum(0)
jax.vmap(G, in_axes=(None, 0), out_axes=1)({v}, {v}) @ {v}
jax.vmap(G, in_axes=(-1, 0), out_axes=-1)({m}, {v})[:, 0]
jax.vmap(lambda t: G(t["a"], t["b"]), in_axes=({"a": 0, "b": None},))({"a": {m}, "b": {n}}).sum(1)
jax.vmap(jax.vmap(G, (None, 0)), (0, None))({m}, {v}).sum((0, 1))
jax.vmap(lambda r, t: G(r - lax.pmean(r, "a"), t) + lax.psum(t, "a"), axis_name="a")({m}, {v})[2]
jax.vmap(G)({m}[:0], {v}[:0]).sum(0) + G({v}, {n})
jax.vmap(lambda k: G({v}, k))(jnp.arange(2.0)).sum(0)
jax.checkpoint(G)({v}, {n})
jax.checkpoint(lambda x: G(x, {n}))({v})
jax.checkpoint(G, policy=jax.checkpoint_policies.dots_saveable)({v}, {n})
jax.checkpoint(G, policy=jax.checkpoint_policies.everything_saveable)({v}, {n})
(lambda c, s: c + s.sum(0))(*lax.scan(lambda c, w: (G(c, w), c * w), {v}, W))
lax.scan(lambda c, r: (c + jnp.sum(r), G(r, c)), {n}, {m}, reverse=True)[1].sum(0)
lax.scan(lambda c, _: ({"v": G(c["v"], c["n"]), "n": c["n"] * 0.5}, None), {"v": {v}, "n": {n}}, None, length=2)[0]["v"]
lax.scan(lambda c, t: (c, G(c, t)), {v}, {v}, unroll=2)[1][1]
lax.cond({n} > 0.3, lambda x, y: G(x, y), lambda x, y: x * y, {v}, {n})
lax.cond({v}[0] > 0, lambda: G({v}, {n}), lambda: {v})
lax.switch({i}[0], [lambda x: G(x, {n}), jnp.sin, lambda x: G(x, x[0])], {v})
lax.fori_loop(0, 2, lambda i, c: G(c, {n} + i), {v})
lax.fori_loop(0, 1 + {i}[1], lambda i, c: G(c, {n}), {v})
lax.while_loop(lambda t: t[1] < 2, lambda t: (G(t[0], {n}), t[1] + 1), ({v}, 0))[0]
lax.map(lambda t: G({v}, t), {v}).sum(0)
lax.map(lambda t: G(t, {n}), {m}, batch_size=2)[1]
jnp.vectorize(lambda t: G({v}, t)[0])({v})
with_jvp(G)({v}, {n})
with_vjp(G)({v}, {n})
with_gradient(G)({v}, {n})
eagerly(G)({v}, {n})
interpreted(G)({v}, {n})
through_a_cell(G)({v}, {n})
with_batching(G)({v}, {n})
linear_solve(G)({v}, {n})
on_the_host(G)({v}, {n})
jax.named_call(G, name="g")({v}, {n})
(lambda z, pull, aux: pull(z)[0] + aux)(*jax.vjp(lambda x, y: (G(x, y), x * y), {v}, {n}, has_aux=True))
(lambda z, t, aux: t + aux)(*jax.jvp(lambda x: (G(x, {n}), x * 2), ({v},), ({v},), has_aux=True))
jax.jacrev(lambda x: (G(x, {n}), x[0]), has_aux=True)({v})[0] @ {v}
jax.jacfwd(jax.jacrev(lambda x: jnp.sum(G(x, {n}) ** 2)))({v}) @ {v}
jax.grad(lambda x: jax.grad(lambda y: jnp.sum(G(x, y)))({n}))({v})
lax.scan(jax.checkpoint(lambda c, w: (G(c, w), c)), {v}, W)[0]
lax.scan(lambda c, w: (jax.grad(lambda t: jnp.sum(G(t, w)))(c), c[0]), {v}, W)[0]
lax.scan(lambda c, r: (c, jax.vmap(G, (None, 0))(r, c)), {v}, {m})[1][0].sum(0)
lax.while_loop(lambda s: s[1] < 2, lambda s: (jax.jit(G)(s[0], {n}), s[1] + 1), ({v}, {i}[1]))[0]
lax.fori_loop(0, 2, lambda i, c: lax.cond(c[0] > 0, lambda: G(c, {n}), lambda: c * 2), {v})
jax.vmap(lambda t: lax.cond(t > 0, lambda: G({v}, t), lambda: {v} * t))({v}).sum(0)
jax.vmap(lambda t, k: lax.fori_loop(0, k, lambda i, c: G(c, t), {v}))({v}, {i}).sum(0)
jax.vmap(lambda r, k: lax.switch(k, [lambda a: G(a, {n}), jnp.sin, lambda a: a * {n}], r))({m}, {i})[1]
jax.vmap(lambda t: lax.while_loop(lambda s: s[1] < 1 + t, lambda s: (G(s[0], t), s[1] + 0.7), ({v}, 0.0 * t))[0])({v}).sum(1)
jax.vmap(jax.grad(lambda x, y: jnp.sum(G(x, y))), (1, None))({m}, {n})[0]
jax.vmap(jax.checkpoint(G), (None, 0))({v}, {v})[1]
jax.vmap(lambda r: lax.all_gather(G(r, {n}), "b"), axis_name="b")({m})[1][0]
jax.vmap(lambda r: G(lax.ppermute(r, "p", [(0, 1), (1, 2), (2, 0)]), {n} * lax.axis_index("p")), axis_name="p")({m}).sum(0)
jax.checkpoint(lambda x: lax.scan(lambda c, _: (G(c, {n}), None), x, None, length=2)[0])({v})
jax.checkpoint(lambda x: G(x, {n}), policy=jax.checkpoint_policies.save_only_these_names("none"))({v})
jax.jit(jax.vmap(jax.jit(G), in_axes=(-1, None)))({m}, {n})[0]
jax.jit(lambda x, y: jax.jvp(G, (x, y), (x, y))[1])({v}, {n})
lax.associative_scan(lambda a, b: a * b, jnp.stack([jnp.cos(G({v}, {n})), jnp.cos({v})]))[1]
lax.custom_root(lambda z: z - G({v}, {n}), {v}, lambda f, z: z - f(z), lambda g, r: r)
nondifferentiable(G)({v}, {n})
symbolic_zeros(G)({v}, {n})
closed(G)({v}, {n})
halves(G)({v}, {n})
cells_in_a_loop(G)({v}, {n})
a_cell_for_a_function(G)({v}, {n})
checked(G)({v}, {n})
series(G)({v}, {n})
transposed(G)({v}, {n})
lax.optimization_barrier(G(*lax.optimization_barrier(({v}, {n}))))
jax.tree.map(lambda a: G(a, {n}), [{v}, ({v},)])[1][0]
jax.lax.stop_gradient(G({v}, {n})) * {v} + G({v}, {n})
""".strip().split("\n")

# Helpers that a program defines when it uses them.
HELPERS = {
    "with_jvp": """
def with_jvp(g):
    f = jax.custom_jvp(g)
    f.defjvp(lambda xs, ts: (f(*xs), jax.jvp(g, xs, ts)[1] * 1.5))
    return f
""",
    "with_vjp": """
def with_vjp(g):
    f = jax.custom_vjp(g)
    f.defvjp(lambda x, y: (g(x, y), (x, y)), lambda r, t: (lambda a, b: (a * 0.5, b))(*jax.vjp(g, *r)[1](t)))
    return f
""",
    "with_gradient": """
def with_gradient(g):
    def f(x, y):
        z, pull = jax.vjp(g, x, y)
        return z, lambda t: (pull(t * 2)[0], pull(t)[1])
    return jax.custom_gradient(f)
""",
    "eagerly": """
def eagerly(g):
    def f(x, y):
        with jax.disable_jit():
            return g(x, y)
    return f
""",
    "interpreted": """
def interpreted(g):
    def f(x, y):
        closed = jax.make_jaxpr(g)(x, y)
        return jax.core.eval_jaxpr(closed.jaxpr, closed.consts, x, y)[0]
    return f
""",
    "through_a_cell": """
def through_a_cell(g):
    def f(x, y):
        cell = jax.new_ref(x)
        cell[...] = g(cell[...], y)
        cell[0] = cell[0] + y
        return cell[...]
    return f
""",
    "with_batching": """
def with_batching(g):
    f = jax.custom_batching.custom_vmap(g)
    @f.def_vmap
    def rule(size, batched, x, y):
        return jax.vmap(g, in_axes=tuple(0 if b else None for b in batched), axis_size=size)(x, y) * 2, True
    return f
""",
    "linear_solve": """
def linear_solve(g):
    def f(x, y):
        a = jnp.cos(g(x, y)) + 3
        return lax.custom_linear_solve(lambda t: a * t, x, lambda _, b: b / a, symmetric=True)
    return f
""",
    "nondifferentiable": """
def nondifferentiable(g):
    f = jax.custom_vjp(lambda h, x, y: h(x, y), nondiff_argnums=0)
    f.defvjp(lambda h, x, y: (h(x, y), (x, y)), lambda h, r, t: jax.vjp(h, *r)[1](t))
    return lambda x, y: f(g, x, y)
""",
    "symbolic_zeros": """
def symbolic_zeros(g):
    f = jax.custom_jvp(g)
    full = lambda x, t: jnp.zeros_like(x) if type(t) is jax.custom_derivatives.SymbolicZero else t
    f.defjvp(lambda xs, ts: (f(*xs), jax.jvp(g, xs, tuple(map(full, xs, ts)))[1]), symbolic_zeros=True)
    return f
""",
    "closed": """
def closed(g):
    def f(x, y):
        h, constants = jax.closure_convert(lambda t: g(t, y), x)
        return h(x, *constants)
    return f
""",
    "halves": """
def halves(g):
    def f(x, y):
        forward, backward = jax.fwd_and_bwd(g, argnums=(0, 1))
        z, residuals = forward(x, y)
        a, b = backward(residuals, x)
        return a * b + z
    return f
""",
    "cells_in_a_loop": """
def cells_in_a_loop(g):
    def f(x, y):
        sums, last = jax.new_ref(jnp.zeros_like(x)), jax.new_ref(x)
        def step(i, c):
            last[...] = g(last[...], y)
            jax.ref.addupdate(sums, ..., last[...] * c)
            return c * 0.5
        lax.fori_loop(0, 2, step, y)
        return sums[...] + jax.freeze(last)
    return f
""",
    "a_cell_for_a_function": """
def a_cell_for_a_function(g):
    def f(x, y):
        cell = jax.new_ref(x)
        @jax.jit
        def change(c, y):
            c[...] = g(c[...], y)
        lax.cond(y > 0, lambda: change(cell, y), lambda: cell.__setitem__(0, y))
        return cell[...]
    return f
""",
    "checked": """
def checked(g):
    from jax.experimental import checkify
    def f(x, y):
        return checkify.checkify(lambda x, y: (checkify.check(jnp.all(x < 1e9), "large"), g(x, y))[1])(x, y)[1]
    return f
""",
    "series": """
def series(g):
    from jax.experimental import jet
    def f(x, y):
        value, terms = jet.jet(lambda x: g(x, y), (x,), ([jnp.ones_like(x), x],))
        return terms[0] + 0.1 * terms[1]
    return f
""",
    "transposed": """
def transposed(g):
    def f(x, y):
        back = jax.linear_transpose(lambda t, u: jax.jvp(g, (x, y), (t, u))[1], x, y)
        return sum(back(x))
    return f
""",
    "on_the_host": """
def on_the_host(g):
    on_host = lambda x, y: np.sin(x) * np.expand_dims(y, -1)
    f = jax.custom_jvp(lambda x, y: jax.pure_callback(on_host, jax.ShapeDtypeStruct(x.shape, x.dtype), x, y, vmap_method="broadcast_all") + g(x, y))
    f.defjvp(lambda xs, ts: (f(*xs), jax.jvp(lambda x, y: jnp.sin(x) * y + g(x, y), xs, ts)[1]))
    return f
""",
}
HOLE = re.compile(r"\{([a-z])\}")


@dataclasses.dataclass
class Statement:
    kind: str
    text: str
    reads: list  # one statement number or None (the function's own argument or a constant) a hole


@dataclasses.dataclass
class Function:
    statements: list  # of Statement; the value is the last
    applied: int      # which statement applies the function before; -1 in the first function


def _statement(rng, kind, text, before):
    """Fills the holes with earlier values, rather recent than old ones."""
    reads = []
    for hole in HOLE.findall(text):
        fit = [i for i, s in enumerate(before) if s.kind == hole]
        reads.append(rng.choice(fit[-3:]) if fit and rng.random() < 0.8 else None)
    return Statement(kind, text, reads)


def _function(rng, first):
    statements = []
    for _ in range(rng.randint(2, 5) if first else rng.choice([0, 0, 1, 2])):
        kind = rng.choices("nvmibce", [5, 8, 4, 1, 1, 2, 1])[0]
        statements.append(_statement(rng, kind, rng.choice(EXPRESSIONS[kind]), statements))
    applied = -1
    if not first:
        applied = len(statements)
        statements.append(_statement(rng, "v", rng.choice(TRANSFORMATIONS), statements))
        for _ in range(rng.choice([0, 0, 1])):
            statements.append(_statement(rng, "v", rng.choice(EXPRESSIONS["v"]), statements))
    last = len(statements) - 1
    # A function between -1 and 1 that reads the last two vectors, so that values stay small and little is dead.
    vectors = [i for i, s in enumerate(statements) if s.kind == "v"]
    statements.append(Statement("v", "jnp.sin({v} + 0.3 * {v})", [vectors[-1] if vectors else None, rng.choice(vectors) if vectors else None]))
    if statements[last].kind in "nm":
        of_matrix = statements[last].kind == "m"
        statements.append(Statement("v", "jnp.cos({m}) @ {v}" if of_matrix else "{v} * jnp.cos({n})", [last, last + 1] if of_matrix else [last + 1, last]))
    return Function(statements, applied)


@dataclasses.dataclass
class Program:
    functions: list
    wide: bool  # float64

    @staticmethod
    def random(seed, depth=4):
        rng = random.Random(seed)
        functions = [_function(rng, True)] + [_function(rng, False) for _ in range(rng.randint(1, depth))]
        return Program(functions, rng.random() < 0.75)

    def text(self):
        """The program as a file: defines main(x, y), and x and y to call it with."""
        dtype = "float64" if self.wide else "float32"
        lines = [HEAD]
        if self.wide:
            lines.append('jax.config.update("jax_enable_x64", True)')
        bodies = [self._body(f, k) for k, f in enumerate(self.functions)]
        whole = "\n".join(bodies)
        lines.append(f"W = np.array([0.7, -0.4, 1.1], np.{dtype})")
        lines += [text.strip("\n") for name, text in HELPERS.items() if name + "(" in whole]
        lines += bodies
        lines.append(f"main = f{len(self.functions) - 1}")
        lines += [f"x = jnp.array([0.9, -0.35, 0.6], np.{dtype})", f"y = jnp.array(0.8, np.{dtype})", 'if __name__ == "__main__":', "    print(main(x, y))", ""]
        return "\n".join(lines)

    def _body(self, function, k):
        lines = [f"def f{k}(x, y):"]
        for number, s in enumerate(function.statements):
            reads = iter(s.reads)
            def fill(hole, reads=reads):
                read = next(reads)
                return f"{function.statements[read].kind}{read}" if read is not None else START[hole[1]][0] if hole[1] in "vn" else f"({START[hole[1]][0]})"
            text = HOLE.sub(fill, s.text)
            if number == function.applied:
                text = re.sub(r"\bG\b", f"f{k - 1}", text)
            lines.append(f"    {s.kind}{number} = {text}" if number < len(function.statements) - 1 else f"    return {text}")
        return "\n".join(lines)

    def smaller(self):
        """Programs with one thing less, the boldest first."""
        n = len(self.functions)
        for cut in range(n - 1, 0, -1):
            yield Program(self.functions[:cut], self.wide)
        for k in range(1, n):
            yield Program(self.functions[:k] + self.functions[k + 1:], self.wide)
        for k in range(1, n):  # the first function is another one
            rest = self.functions[k + 1:]
            base = Function([s for s in self.functions[k].statements], -1)
            if all("G" not in s.text for s in base.statements):
                yield Program([base, *rest], self.wide)
        for k, f in enumerate(self.functions):
            for number in range(len(f.statements)):
                less = _without(f, number)
                if less:
                    yield Program(self.functions[:k] + [less] + self.functions[k + 1:], self.wide)
        for k, f in enumerate(self.functions):
            for number, s in enumerate(f.statements):
                for hole, read in enumerate(s.reads):
                    if read is not None:
                        changed = Statement(s.kind, s.text, s.reads[:hole] + [None] + s.reads[hole + 1:])
                        statements = f.statements[:number] + [changed] + f.statements[number + 1:]
                        yield Program(self.functions[:k] + [Function(statements, f.applied)] + self.functions[k + 1:], self.wide)
                if s.kind == "v" and number != f.applied and s.text not in ("{v} * {n}", "jnp.sin({v})"):
                    for simple in ("{v} * {n}", "jnp.sin({v})"):
                        statements = f.statements[:number] + [Statement("v", simple, [None] * simple.count("{"))] + f.statements[number + 1:]
                        yield Program(self.functions[:k] + [Function(statements, f.applied)] + self.functions[k + 1:], self.wide)


def _without(f, number):
    """The function without a statement; who reads it reads an argument instead. None if nothing sensible is left."""
    if number == f.applied or len(f.statements) == 1:
        return None
    kept = f.statements[:number] + f.statements[number + 1:]
    if kept[-1].kind != "v":
        return None
    move = lambda read: None if read is None or read == number else read - (read > number)
    return Function([Statement(s.kind, s.text, [move(r) for r in s.reads]) for s in kept], f.applied - (f.applied > number))
