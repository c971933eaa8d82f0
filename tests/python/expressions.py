"""Expressions whose repr is compared with JAX's, recorded in expressions.json by record.py. One a line, in groups; names come from `scope`."""

SETUP = """
import collections, pickle
from functools import partial
import numpy as np
import jax
import jax.numpy as jnp
from jax import lax

def fails(f, *args):
    try:
        return f(*args)
    except Exception as e:
        return type(e).__name__

x = jnp.arange(6.).reshape(2, 3)
i = jnp.arange(4)
rows = jnp.array([[0], [9], [1], [0]])
G = lax.GatherDimensionNumbers((1,), (0,), (0,))
S = lax.ScatterDimensionNumbers((), (0,), (0,))
W = lax.ScatterDimensionNumbers((1,), (0,), (0,))
P = collections.namedtuple("P", "a b")

@jax.custom_jvp
def sevenfold(x): return jnp.sin(x)
sevenfold.defjvp(lambda p, t: (sevenfold(p[0]), 7. * t[0]))

@jax.custom_vjp
def tenfold(x, y): return x * y
tenfold.defvjp(lambda x, y: (tenfold(x, y), (x, y)), lambda r, c: (c * r[1] * 10, c * r[0]))

@partial(jax.jit, static_argnames=["flag"])
def choose(x, flag=True): return x + 1 if flag else x - 1

class Model:
    def __init__(self): self.w = 2.
    @partial(jax.jit, static_argnums=0)
    def times(self, x): return self.w * x
"""

GROUPS = {
    "making": """
jnp.array(1.0)
jnp.asarray(1.0)
jnp.array(1)
jnp.array(True)
jnp.array(1j)
jnp.array([1, 2])
jnp.array([1, 2.5])
jnp.array([True, False])
jnp.array([[1, 2], [3, 4]], dtype="float32")
jnp.array([])
jnp.array([x[0], x[1]])
jnp.array([1, x[0, 0]])
jnp.array((1, 2))
jnp.array(range(3))
jnp.array(np.arange(3))
jnp.array(np.arange(3.))
jnp.array(np.array(3, dtype="uint8"))
jnp.array(np.arange(6).reshape(2, 3).T)
jnp.array(np.arange(6)[::-2])
jnp.array([4000000000], dtype="uint32")
jnp.array([1, 2], ndmin=3)
jnp.asarray(np.float16(2))
jnp.float32(3)
jnp.int8(3)
jnp.array([1, 2], jnp.bfloat16)
jnp.zeros((2, 2), int)
""",
    "operators": """
1 - x
x / 2
x + 1
2 * x
x - x
x * x
x ** 2
-x
abs(-x)
+x
x > 1
x == x
x != 1
(x > 1) & (x < 4)
(x > 1) | (x < 1)
(x > 1) ^ (x < 4)
~(x > 1)
i << 1
i >> 1
i & 1
i // 2
x @ x.T
x + np.ones((2, 3))
np.ones((2, 3)) + x
np.float64(2) * x
x * np.float32(2)
3 * jnp.int32(2)
i * 2.5
i / 2
i + True
True + i
i * 1j
jnp.int8(1) + 1
jnp.uint8(1) + jnp.int8(1)
x == None
""",
    "attributes": """
x.shape
x.dtype
x.ndim
x.size
x.nbytes
x.itemsize
x.weak_type
x.T
x.real
x.imag
len(x)
x.aval
jax.typeof(x)
x.dtype == jnp.float32
jnp.float32 == x.dtype
np.dtype(jnp.float32)
hash(jnp.float32) == hash(np.float32)
isinstance(x, jax.Array)
isinstance(x, jnp.ndarray)
isinstance(1.0, jax.Array)
x.devices()
x.sharding
x.is_fully_replicated
""",
    "methods": """
x.sum()
x.sum(0)
x.mean(axis=1)
x.max(axis=1)
x.min()
x.prod()
x.std()
x.var()
x.argmax()
x.cumsum()
x.any()
x.all()
x.reshape(3, 2)
x.reshape((3, 2))
x.reshape(-1)
x.ravel()
x.flatten()
x[None].squeeze()
x.transpose()
x.transpose(1, 0)
x.swapaxes(0, 1)
x.dot(x.T)
x.clip(1, 3)
x.repeat(2)
x.astype(int)
x.astype("float16")
x.astype(jnp.bfloat16)
x.astype(bool)
x.copy()
x.tolist()
x.item(2)
x[0, 1].item()
x.block_until_ready()
i.view("float32")
""",
    "indexing": """
x[0]
x[-1]
x[:, 1]
x[0, 1]
x[..., None].shape
x[1:, ::2]
x[::-1]
x[jnp.array([0, 1]), 1]
x[jnp.array([[0, 1], [1, 0]])].shape
x[x > 2]
x[np.array([True, False])]
x[5]
x[np.int64(1)]
x[jnp.array(1)]
x[i[1]]
x[()]
x[True].shape
x.at[0].set(5)
x.at[0, 1].add(1.)
x.at[:, 0].multiply(2)
x.at[:, 0].divide(2)
x.at[1].power(2)
x.at[1].max(3.5)
x.at[1].min(3.5)
x.at[9].get(mode="fill", fill_value=-1.)
x.at[0].apply(jnp.negative)
x.at[jnp.array([0, 0])].add(1)
x.at[7].set(1.)
x.at[7].set(1., mode="clip")
x.at[x > 2].set(0.)
[row.sum() for row in x]
list(jnp.arange(3))
""",
    "to Python": """
float(x[0, 1])
int(x[0, 2])
bool(x[0, 0])
complex(x[0, 1])
[0, 1, 2][jnp.array(1)]
f"{x[0, 1]:.3f}"
f"{x}"
f"{jnp.float32(1.1)} {jnp.bfloat16(1.1)} {jnp.complex64(1.1)} {jnp.int8(3):>4} {jnp.array(True)}"
str(x)
np.asarray(x)
np.asarray(x).flags.writeable
x.__array__(dtype="int32")
np.asarray(x.astype(jnp.bfloat16))
np.from_dlpack(x)
jnp.from_dlpack(np.arange(3, dtype="float32"))
jax.device_get({"a": x[0]})
np.add(x, 1)
np.stack([x, x]).shape
pickle.loads(pickle.dumps(x))
""",
    "pytrees": """
jax.tree.map(lambda v: v * 2, P(1, {"z": 2, "y": [3, None]}))
jax.tree.map(lambda a, b: a + b, {"a": 1, "b": (2, 3)}, {"a": 10, "b": (20, 30)})
jax.tree.map(lambda a, b: (a, b), [1, 2], [{"k": 3}, None])
jax.tree.structure({"b": 1, "a": (2, None, [3])})
jax.tree.structure(P(1, collections.OrderedDict(b=1, a=2)))
jax.tree.structure(collections.defaultdict(int, a=1)) == jax.tree.structure(collections.defaultdict(int, a=2))
jax.tree.structure({}), jax.tree.structure(()), jax.tree.structure((1,))
jax.tree.structure([1, 2]) == jax.tree.structure([3, 4])
jax.tree.structure([1, 2]) == jax.tree.structure((1, 2))
hash(jax.tree.structure([1, {"a": 2}])) == hash(jax.tree.structure([3, {"a": 4}]))
jax.tree.leaves({"b": 1, "a": 2, "c": None})
jax.tree.leaves([1, None], is_leaf=lambda v: v is None)
jax.tree.flatten({"b": 1, "a": 2})
jax.tree.unflatten(jax.tree.structure({"a": 0, "b": [0, 0]}), [1, 2, 3])
jax.tree.reduce(lambda a, b: a + b, [1, 2, 3])
jax.tree.reduce(lambda a, b: a + b, [1, 2, 3], 10)
jax.tree.all([True, {"a": 1}])
jax.tree.transpose(jax.tree.structure([0, 0]), jax.tree.structure({"a": 0}), [{"a": 1}, {"a": 2}])
jax.tree.leaves_with_path({"a": [1, 2], "b": P(3, 4)})
jax.tree_util.keystr(jax.tree.leaves_with_path({"a": [1, P(2, 3)]})[1][0])
jax.tree.map_with_path(lambda p, v: jax.tree_util.keystr(p) + str(v), {"a": 1, "b": [2]})
jax.tree.structure({"a": 1, "b": [2, 3]}).num_leaves
jax.tree.structure({"a": 1, "b": [2, 3]}).num_nodes
jax.tree.structure({"a": 1, "b": [2, 3]}).children()
jax.tree.structure({"a": 1}).node_data()
jax.tree.structure([0, 0]).flatten_up_to([{"a": 1}, (2, 3)])
jax.tree_util.treedef_tuple((jax.tree.structure(1), jax.tree.structure([1])))
jax.tree.structure([0, 0]).compose(jax.tree.structure({"a": 0}))
jax.tree_util.all_leaves([1, 2])
jax.tree_util.all_leaves([1, [2]])
pickle.loads(pickle.dumps(jax.tree.structure({"a": [1, None]})))
jax.jit(lambda t: jax.tree.map(lambda v: v + 1, t))({"b": 1., "a": (2, i)})
""",
    "transformations": """
jax.grad(lambda x, y: x * y, argnums=(0, 1))(2., 3.)
jax.grad(lambda x, y: x * y, argnums=(0,))(2., 3.)
jax.grad(lambda x, y: x * y, argnums=-1)(2., 3.)
jax.value_and_grad(lambda x: x ** 2)(3.)
jax.value_and_grad(lambda x: (x ** 2, x + 1), has_aux=True)(x[0, 1])
jax.grad(lambda p: p["a"] * p["b"][0])({"a": 2., "b": [3., 4.]})
jax.grad(lambda x, s: x * len(s))(2., "abc")
jax.grad(lambda x, *, k: x * k)(2., k=3.)
jax.grad(jax.grad(lambda x: x ** 3))(2.)
jax.jvp(lambda x, y: x * y, (2., 3.), (1., 0.))
jax.vjp(lambda x: x * x, 3.)[1](1.)
jax.linearize(lambda x: x * x, 3.)[1](1.)
jax.linear_transpose(lambda x: 2 * x, 1.)(3.)
jax.vmap(lambda a, b: a + b, in_axes=(0, None))(jnp.arange(3.), 1.)
jax.vmap(lambda d: d["a"] * d["b"], in_axes=({"a": 0, "b": None},))({"a": jnp.arange(3.), "b": 2.})
jax.vmap(lambda v: (v, v * 2), out_axes=(0, 1))(x)[1]
jax.vmap(lambda v, *, k: v + k)(jnp.arange(2.), k=jnp.arange(2.))
jax.vmap(lambda v: v * 2, in_axes=1, out_axes=1)(x)
jax.vmap(lambda v: v.shape, in_axes=1)(x) if False else None
jax.jit(lambda x, n: x * n, static_argnums=1)(2., 3)
jax.jit(lambda x, n: x * n, static_argnames="n")(2., n=3)
jax.jit(lambda x, n: x * n, static_argnames=("n",))(2., 3)
jax.jit(lambda x, y=2.: x + y)(1.)
jax.jit(lambda x, **k: x + k["b"])(1., b=2., a=3.)
(choose(1.), choose(1., flag=False), choose.__name__)
Model().times(3.)
jax.jit(jax.vmap(jax.grad(lambda x: x ** 2)))(jnp.arange(3.))
jax.hessian(lambda v: jnp.sum(v ** 3))(jnp.arange(3.))
jax.jacfwd(lambda v: v ** 2)(jnp.arange(3.))
jax.jacrev(lambda v: {"a": v ** 2, "b": v.sum()})(jnp.arange(3.))
jax.jacfwd(lambda a, b: a * b, argnums=(0, 1))(jnp.arange(2.), jnp.ones(2))
jax.eval_shape(lambda v: v @ v.T, x)
jax.eval_shape(lambda a: {"k": a + 1}, jax.ShapeDtypeStruct((3,), jnp.float32))
jax.make_jaxpr(lambda v: v + 1)(x)
jax.make_jaxpr(lambda a, n: a * n, static_argnums=1)(2., 3)
jax.grad(sevenfold)(1.)
jax.grad(tenfold)(2., 3.)
jax.grad(tenfold, argnums=1)(2., 3.)
jax.device_put([1., 2.])
jax.block_until_ready({"a": 1})
""",
    "reductions by a function": """
[lax.reduce(x, v, f, (1,)) for f, v in [(lax.add, 0.), (lax.mul, 1.), (lax.max, -jnp.inf), (lax.min, jnp.inf), (lax.add, 3.), (lax.max, 2.)]]
[lax.reduce(i, v, f, (0,)) for f, v in [(lax.bitwise_or, 0), (lax.bitwise_and, -1), (lax.bitwise_xor, 0), (lax.bitwise_xor, 5), (lax.max, -2**31), (lax.max, 3)]]
[lax.reduce(i > 1, v, f, (0,)) for f, v in [(lax.bitwise_or, False), (lax.bitwise_and, True), (lax.bitwise_or, True), (lax.max, False)]]
[jax.make_jaxpr(lambda v: lax.reduce(v, 0., lax.add, (0,)))(x), jax.make_jaxpr(lambda v: lax.reduce(v, np.uint8(255), lax.bitwise_and, (0,)))(jnp.ones((2, 3), "uint8"))]
lax.reduce(x, 10., lambda a, b: a - b / 2, (0, 1))
lax.reduce((x, -x), (0., 1.), lambda a, b: (a[0] + b[0], a[1] * b[1]), (1,))
lax.reduce({"a": x}, {"a": 1.}, lambda a, b: {"a": jnp.maximum(a["a"], b["a"])}, (0,))
lax.reduce((x, lax.iota(int, 3) + jnp.zeros((2, 3), int)), (-jnp.inf, 0), lambda a, b: tuple(jnp.where(a[0] >= b[0], p, q) for p, q in zip(a, b)), (1,))
lax.reduce(jnp.ones((0, 3)), 3., lambda a, b: a * b, (0,))
lax.reduce(jnp.arange(24.).reshape(2, 3, 4), 1., lambda a, b: a + 2 * b, (0, 2))
jax.jit(lambda v: lax.reduce(v, 1., lambda a, b: a * jnp.cos(b), (1,)))(x)
jax.vmap(lambda v: lax.reduce(v, 1., lambda a, b: a - b, (0,)))(x)
jax.vmap(lambda v: lax.reduce(v, 1., lambda a, b: a - b, (0,)), in_axes=1)(x)
jax.jvp(lambda v: lax.reduce(v, 1., lambda a, b: a * b, (0,)), (x,), (x + 1,))
jax.grad(lambda v: lax.reduce(v, 1., lambda a, b: a * b, (0,)).sum())(x)
[fails(lambda *a: lax.reduce(x, *a), *a) for a in [(1, lax.mul, (0,)), (x, lambda a, b: a + b, (0,)), ((1.,), lax.add, (0,)), (1., 5, (0,))]]
[fails(lambda f, d: lax.reduce(x, 1., f, d), *a) for a in [(lambda a, b: a > b, (0,)), (lambda a, b: a, (5,)), (lambda a, b: a, (0, 0)), (lambda a, b: a, (-1,))]]
[lax.reduce_window(x, v, f, (2, 2), (1, 1), "SAME") for f, v in [(lax.add, 0.), (lax.max, -jnp.inf), (lax.min, jnp.inf), (lax.add, 5.), (lax.mul, 1.), (lax.max, 2.)]]
lax.reduce_window(x, 5., lambda a, b: a - b, (2, 2), (1, 1), ((0, 1), (1, 1)), (2, 1), (1, 2))
lax.reduce_window((x, -x), (0., 1.), lambda a, b: (a[0] + b[0], a[1] * b[1]), (1, 2), (1, 2), "SAME_LOWER")
lax.reduce_window(jnp.arange(300.), 1., lambda a, b: a / 2 + b, (90,), (7,), ((3, 80),), (2,), (3,))
lax.reduce_window(x, 1., lambda a, b: a * b, (3, 2))
lax.reduce_window(jnp.arange(10.), 2., lambda a, b: a * b, (2,), padding=((-1, -2),))
[jax.make_jaxpr(lambda v: lax.reduce_window(v, a, lax.add, (2, 2)))(x) for a in (0., 1.)]
jax.vmap(lambda v: lax.reduce_window(v, 1., lax.mul, (2,)))(x)
jax.jit(lambda v: lax.reduce_window(v, 1., lambda a, b: jnp.hypot(a, b), (2, 2), (1, 1), "SAME"))(x)
jax.jvp(lambda v: lax.reduce_window(v, 1., lax.mul, (1, 2)), (x,), (x + 1,))
jax.grad(lambda v: lax.reduce_window(v, 0., lax.add, (2, 2)).sum())(x)
[fails(lambda *a: lax.reduce_window(x, *a), *a) for a in [(1, lax.mul, (1, 1)), (x, lax.mul, (1, 1)), ((1.,), lax.add, (1, 1)), (1., lax.mul, (1,))]]
[fails(lambda *a: lax.reduce_window(x, 1., *a), *a) for a in [(lax.mul, (0, 1)), (lax.mul, (1, 1), (1,)), (lambda a, b: (a, b), (1, 1))]]
""",
    "gather and scatter": """
[lax.gather(x, rows, G, (1, 3), mode=m) for m in (None, "clip", "fill", "promise_in_bounds", lax.GatherScatterMode.CLIP, lax.GatherScatterMode.FILL_OR_DROP)]
[lax.gather(v, rows, G, (1, 2), mode="fill") for v in (x.astype("bfloat16"), x.astype(int), x.astype("uint8"), x > 2)]
lax.gather(x, rows, G, slice_sizes=(1, 2), mode="fill", fill_value=-1)
lax.gather(jnp.arange(24).reshape(2, 3, 4), jnp.array([[[1], [2], [0]], [[0], [1], [2]]]), lax.GatherDimensionNumbers((2,), (1,), (1,), (0,), (0,)), (1, 1, 4))
jax.make_jaxpr(lambda v, r: lax.gather(v, r, G, (1, 3)))(x, rows)
jax.make_jaxpr(lambda v, r: lax.gather(v, r, G, (1, 3), mode="fill", indices_are_sorted=True))(x, rows)
jax.make_jaxpr(lambda v, r: lax.scatter_mul(v, r, jnp.ones(4), S, unique_indices=True, mode="clip"))(x[0], rows)
[f(i, rows, jnp.array([5, 6, 7, -8]), S) for f in (lax.scatter_add, lax.scatter_sub, lax.scatter_mul, lax.scatter_min, lax.scatter_max)]
[f(i, rows, jnp.array([5, 6, 7, -8]), S, mode="clip") for f in (lax.scatter_add, lax.scatter_sub, lax.scatter_mul, lax.scatter_min, lax.scatter_max)]
lax.scatter(x, rows[1:], x[jnp.array([1, 1, 0])], W)
lax.scatter(x, rows[1:3], x + 7, W, mode=lax.GatherScatterMode.CLIP)
jax.jit(lambda v, r: lax.scatter_add(v, r, v[jnp.array([0, 1, 0, 1])], W))(x, rows)
jax.vmap(lambda v, r: lax.gather(v, r, lax.GatherDimensionNumbers((), (0,), (0,)), (1,), mode="clip"))(x, jnp.array([[[0], [2]], [[1], [5]]]))
jax.vmap(lambda v, r: lax.scatter_add(v, r, jnp.ones(2), S))(x, jnp.array([[[0], [2]], [[1], [5]]]))
jax.grad(lambda v: (lax.gather(v, rows, G, (1, 2), mode="clip") ** 2).sum())(x)
jax.grad(lambda v, u: (lax.scatter_add(v, rows, u, S) ** 2).sum(), (0, 1))(x[0], jnp.arange(4.))
jax.jvp(lambda v, u: lax.scatter(v, rows, u, S), (x[0], jnp.arange(4.)), (x[1], jnp.ones(4)))
lax.scatter_apply(i, rows, lambda v: v * 2 + 1, S, update_shape=(4,))
lax.scatter_apply(i, rows, lambda v: v * 2 + 1, S, update_shape=(4,), mode="clip")
jax.jit(lambda v: lax.scatter_apply(v, rows, lambda u: lax.cond(u > 1, jnp.sin, jnp.cos, u), W, update_shape=(4, 2)))(x)
(i.at[jnp.array([0, 0, 1])].apply(lambda v: v + 10), x.at[:, ::2].apply(jnp.cos), i.at[None, 1].apply(lambda v: -v))
jax.jit(lambda v, k: v.at[k].apply(lambda u: u + 10))(i, jnp.array([0, 0, 1]))
jax.vmap(lambda v: v.at[1:3].apply(jnp.sin))(x)
lax.index_take(x, (jnp.array([0, 1, 3]), jnp.array([-1, 4, 5])), (0, 1))
[fails(lambda n, s: lax.gather(x, rows, n, s), n, s) for n, s in [(G, (1,)), (G, (2, 3)), (G, (1, 4)), (lax.GatherDimensionNumbers((1,), (1,), (0,)), (1, 3))]]
[fails(lambda n, s: lax.gather(x, rows, n, s), n, s) for n, s in [(lax.GatherDimensionNumbers((1,), (0,), (0, 1)), (1, 3)), (lax.GatherDimensionNumbers((0, 0), (), (0,)), (1, 3))]]
[fails(lambda *a: lax.gather(*a, G, (1, 3)), *a) for a in [(x, rows * 1.), (x, 0)]]
[fails(lambda u, m: lax.scatter_add(i, rows, u, S, mode=m), u, m) for u, m in [(jnp.ones(4), None), (jnp.ones(3, int), None), (jnp.ones((4, 1), int), None), (i, "nonsense")]]
fails(lambda: lax.scatter_add(i > 1, rows, i > 1, S))
fails(lambda: lax.gather(x, rows, G, (1, 3), mode="nonsense"))
""",
    "lax: products and convolutions": """
lax.ragged_dot(jnp.arange(12.).reshape(4, 3), jnp.arange(24.).reshape(2, 3, 4), jnp.array([1, 2]))
jax.jit(lambda g: lax.ragged_dot(jnp.arange(12.).reshape(4, 3), jnp.arange(24.).reshape(2, 3, 4), g, preferred_element_type="float32"))(jnp.array([4, 0]))
jax.vmap(lax.ragged_dot)(jnp.arange(24.).reshape(2, 4, 3), jnp.arange(48.).reshape(2, 2, 3, 4), jnp.array([[1, 3], [4, 0]]))
jax.grad(lambda a, b: (lax.ragged_dot(a, b, jnp.array([1, 2])) ** 2).sum(), (0, 1))(jnp.arange(12.).reshape(4, 3), jnp.arange(24.).reshape(2, 3, 4))
lax.ragged_dot_general(x, jnp.arange(8.).reshape(2, 4), jnp.array([1, 1]), lax.RaggedDotDimensionNumbers((((0,), (0,)), ((), ())), (0,), ()))
lax.ragged_dot_general(x[:, :, None] + x[0], jnp.arange(36.).reshape(2, 2, 3, 3), i[:2, None] + i[:2], lax.RaggedDotDimensionNumbers((((2,), (2,)), ((0,), (1,))), (1,), (0,)))
lax.ragged_dot_general(x[:, None], x[:, :, None], jnp.array([1, 1]), lax.RaggedDotDimensionNumbers((((2,), (1,)), ((0,), (0,))), (0,), ()))
lax.RaggedDotDimensionNumbers([([1], [1]), ([], [])], [0], [0])
[fails(lambda *a: lax.ragged_dot(x, *a), *a) for a in [(x, jnp.array([2])), (jnp.ones((1, 3, 2)), jnp.array([2.])), (jnp.ones((2, 3, 2)), jnp.array([2]))]]
[lax.scaled_dot(x, x.T), lax.scaled_dot(x, x.T, lhs_scale=jnp.array([[2.], [4.]]), preferred_element_type="float32")]
(fails(lambda: lax.scaled_dot(x, x.T, rhs_scale=2 * x.T)), fails(lax.scaled_dot, x[0], x[0]))
lax.conv_general_dilated_patches(jnp.arange(32.).reshape(1, 2, 4, 4), (2, 2), (2, 2), "VALID")
lax.conv_general_dilated_patches(jnp.arange(18.).reshape(1, 3, 3, 2), (2, 1), (1, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
lax.conv_general_dilated_local(jnp.arange(16.).reshape(1, 1, 4, 4), jnp.arange(32.).reshape(2, 4, 2, 2), (2, 2), "VALID", (2, 2))
lax.conv_general_dilated_local(jnp.arange(18.).reshape(1, 3, 3, 2), jnp.arange(48.).reshape(2, 3, 4, 2), (1, 1), "VALID", (2, 1), dimension_numbers=("NHWC", "HWIO", "NHWC"))
[lax.dot(x, x.T, precision=p) for p in (lax.DotAlgorithmPreset.F32_F32_F32, "F32_F32_F32", lax.Precision.HIGHEST)]
""",
    "lax: the smaller names": """
[lax.exp(1., accuracy=a) for a in (None, lax.AccuracyMode.HIGHEST, lax.AccuracyMode.DEFAULT, lax.Tolerance(1e-3), lax.Tolerance(ulps=2))]
[fails(lax.Tolerance), fails(lax.Tolerance, -1.)]
(list(lax.AccuracyMode), list(lax.RoundingMethod), list(lax.DotAlgorithmPreset), lax.DotAlgorithm("float32", "float32", "float32"))
[lax.round(jnp.array([0.5, 1.5, -2.5]), m) for m in lax.RoundingMethod]
[[str(m) for m in map(lax.GatherScatterMode.from_any, (None, "clip", "fill", "drop", "promise_in_bounds", "one_hot"))], fails(lax.GatherScatterMode.from_any, "x")]
(lax.broadcast_like(x[0], x), lax.broadcast_like(2, x), fails(lax.broadcast_like, x, x[0]), fails(lax.broadcast_like, x[:, :2], x))
(lax.stage(2), lax.stage(x), lax.shape_as_value((2, 3)).tolist(), lax.shape_as_value(()))
jax.make_jaxpr(lambda v: lax.stage(2.) + lax.broadcast_like(v[0], v))(x)
[lax.padtype_to_pads((5, 6, 1), (2, 3, 4), (1, 2, 3), p) for p in ("SAME", "same_lower", "VALID")]
[fails(lax.padtype_to_pads, (5,), (2,), (1,), p) for p in ("no", 3)]
[tuple(map(int, lax.conv_general_shape_tuple((1, 2, 5, 6), (3, 2, 2, 2), (1, 2), p, ("NCHW", "OIHW", "NHWC")))) for p in ("SAME", "VALID", [(1, 2), (0, 0)])]
[tuple(map(int, lax.conv_transpose_shape_tuple((1, 2, 5, 6), (3, 2, 2, 2), (1, 2), p, ("NCHW", "OIHW", "NHWC")))) for p in ("SAME", "VALID", [(1, 2), (0, 0)])]
tuple(map(int, lax.conv_shape_tuple((2, 2, 5, 6), (3, 2, 2, 2), (1, 2), "SAME", 2)))
(lax.conv_general_permutations(("NHWC", "HWIO", "NHWC")), lax.conv_general_permutations(("NWHC", "WHIO", "CHWN")))
[fails(lax.conv_general_permutations, d) for d in (("NHHC", "HWIO", "NHWC"), ("NHC", "HWIO", "NHWC"), ("NHWW", "HWIO", "NHWC"))]
(lax.reduce_window_shape_tuple((5, 6), (2, 2), (1, 2), ((0, 0), (1, 1))), lax.reduce_window_shape_tuple((5, 6), (2, 2), (1, 2), ((0, 0), (1, 1)), (2, 1), (1, 7)))
lax.random_gamma_grad(jnp.array([0.5, 2., 30.]), jnp.array([0.3, 3., 29.])).round(4)
[lax.fft(x, t, (3,)) for t in ("FFT", lax.FftType.FFT, lax.FftType.RFFT)]
[(p.name, getattr(jax.lax.linalg, n).name) for p, n in [(lax.reduce_p, "qr_p"), (lax.reduce_window_p, "svd_p"), (lax.gather_p, "triangular_solve_p")]]
""",
    "narrow and complex dtypes": """
[f(v, v[::-1]) for v in (jnp.arange(-6, 7, 3).astype("int4"),) for f in (lax.add, lax.sub, lax.mul, lax.gt, lax.eq, lax.max, lax.min, lax.bitwise_and)]
[f(v, v[::-1]) for v in (jnp.arange(0, 15, 3).astype("uint4"),) for f in (lax.add, lax.sub, lax.mul, lax.lt, lax.ne, lax.max, lax.min, lax.bitwise_xor)]
[f(v, v * 0 + 2) for v in (jnp.arange(-6, 7, 3).astype("int4"), jnp.arange(0, 15, 3).astype("uint4")) for f in (lax.div, lax.rem, lax.shift_left, lax.shift_right_logical)]
[f(v, (0,)) for v in (jnp.arange(-6, 7, 3).astype("int4"), jnp.arange(0, 15, 3).astype("uint4")) for f in (lax.reduce_sum, lax.reduce_max, lax.reduce_min)]
[f(v) for v in (jnp.arange(-6, 7, 3).astype("int4"), jnp.arange(0, 15, 3).astype("uint4")) for f in (lax.cumsum, lax.cummax, lax.bitwise_not, lax.sort, lax.square, lax.clz)]
[f(v, v) for v in (jnp.array([-2, -1, 0, 1], "int2"), jnp.array([0, 1, 2, 3], "uint2")) for f in (lax.add, lax.mul, lax.bitwise_or)]
[jnp.array([-2, -1, 0, 1]).astype("int2").astype(d) for d in ("int8", "int32", "float32", "int4", "bool")]
[jnp.asarray(np.array([-3, 7]).astype(jnp.int4)).astype(d) for d in ("int8", "uint8", "float32")]
[f(v, v[::-1]) for d in ("float8_e4m3fn", "float8_e5m2", "float8_e4m3") for v in [jnp.array([0.5, -1.25, 3., 2.], d)] for f in (lax.add, lax.mul, lax.sub, lax.gt, lax.max)]
[f(v) for d in ("float8_e4m3fn", "float8_e5m2") for v in [jnp.array([0.5, 1.25, 3., 2.], d)] for f in (lax.sqrt, lax.neg, lax.abs, lax.tanh, lax.cumsum, lax.cummax, lax.floor)]
[f(v, (0,)) for d in ("float8_e4m3fn", "float8_e5m2") for v in (jnp.array([0.5, -1.25, 3., 2.]).astype(d),) for f in (lax.reduce_sum, lax.reduce_max, lax.reduce_min)]
[lax.sort(jnp.array([0.5, -1.25, 3., jnp.nan, -2.]).astype(d)) for d in ("float8_e4m3fn", "float8_e5m2", "float8_e3m4")]
list(lax.top_k(jnp.array([0.5, -1.25, 3., -2.]).astype("float8_e5m2"), 2))
[f(jnp.array([3, -7, 0, 5]).astype("int4"), rows[2:], jnp.array([2, 3]).astype("int4"), S) for f in (lax.scatter_add, lax.scatter_mul, lax.scatter_max)]
[jax.jit(lambda v: (v * v + v, jnp.exp(v), v > 1))(jnp.array([0.5, -1.25, 3.]).astype(d)) for d in ("float8_e4m3fn", "float8_e5m2")]
jax.jit(lambda v: (v * v + v, lax.eq(v, v[::-1]), lax.reduce_window(v, v[2], lax.add, (2,))))(jnp.array([3, -7, 0]).astype("int4"))
jax.grad(lambda v: (v * v).astype("float32").sum())(jnp.array([0.5, -1.25]).astype("float8_e5m2"))
[lax.nextafter(jnp.array([0, 1, -1, 2.5, -0., jnp.nan, 3.], d), jnp.array([1, 2, 3, -1, -1, 1, 3.], d)).astype("float32") for d in ("bfloat16", "float16")]
[lax.nextafter(jnp.array([0, 1, -1, 2.5, jnp.nan, 3.], d), jnp.array([1, 2, 3, -1, 1, 3.], d)).astype("float32") for d in ("float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz")]
jax.jit(lax.nextafter)(jnp.array([0, 1, -1], "bfloat16"), jnp.array([1, 2, 3], "bfloat16")).astype("float32")
[(z.max(), z.min(), z.max(0), lax.cummax(z, 1), lax.cummin(z, 0, reverse=True), z.at[0].max(1 + 3j)) for z in (jnp.array([[1 + 2j, 3 - 1j], [1 + 5j, 2]]),)]
[jax.jit(lambda z: (z.max(), lax.reduce_min(z, (1,)), lax.reduce_max(z[:0], (0,))))(jnp.array([[1 + 2j, 3 - 1j], [1 + 5j, 2]]))]
jax.jit(lambda z: lax.fori_loop(0, 3, lambda k, c: lax.reduce_max(z * c, (0,)), 1 + 0j))(jnp.array([1 + 2j, 1 + 5j]))
""",
    "64 bits": """
jnp.arange(2.)
jnp.array(1)
jnp.array(1.5)
jnp.zeros(2, dtype="float64")
jnp.asarray(np.arange(2))
jnp.asarray(2 ** 40)
jnp.float32(1) + 1
""",
}


def expressions():
    for group, lines in GROUPS.items():
        for line in lines.strip().splitlines():
            yield group, line


def scope():
    names = {}
    exec(SETUP, names)
    return names


def evaluate(group, line, names):
    """The repr of an expression's value."""
    import jax
    if group != "64 bits":
        return repr(eval(line, names))
    with jax.enable_x64(True):
        return repr(eval(line, names))
