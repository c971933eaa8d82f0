"""Programs that ask traced values for what they have not, or let them escape, and what is said about them: the class, where the function is,
which transformation traced it, and what the value depends on. What JAX says is in mistakes.json (record_mistakes.py)."""
import os
import re

import jax
import jax.numpy as jnp
import numpy as np

RECORD = os.path.join(os.path.dirname(__file__), "mistakes.json")
TOLD = re.compile(r"The error occurred while tracing the function .*|.*was created on line .*|The function being traced when the value leaked was .*"
                  r"|.* one axis had size .*|(?:true_fun|false_fun|body_fun) is .*|Shapes must be .*|function \w+ at .*")
cases = {}


def case(f):
    cases[f.__name__] = f
    return f


def told(f):
    """The class of the error and the lines of its message that name things, paths cut short."""
    try:
        f()
    except Exception as e:
        text = str(e).replace(os.path.dirname(os.path.abspath(__file__)) + os.sep, "").replace("~int32", "int32")
        return [type(e).__name__, *sorted({line.strip() for line in text.splitlines() if TOLD.fullmatch(line.strip())})]
    return ["no error"]


x = jnp.arange(3.)


@case
def boolconv():
    def f(p, n=2):
        y = p['w'][0] * 2
        if jnp.sum(y) > 0:
            return y
        return -y
    jax.jit(f)({'w':[x, x]})


@case
def boolconv2():
    @jax.jit
    def f(a, *rest, **kw):
        if a + rest[0] + kw['k'] > 0:
            return a
    f(1., 2., k=3.)


@case
def boolscan():
    def body(c, v):
        if c > 0:
            c = c + v
        return c, v
    jax.lax.scan(body, 0., x)


@case
def booleq():
    @jax.jit
    def f():
        k = jax.random.key(0)
        y = jax.random.normal(k)
        if y > 0:
            return y
        return y
    f()


@case
def vmapbool():
    jax.vmap(lambda v: v if v > 0 else -v)(x)


@case
def vmapjitbool():
    jax.vmap(jax.jit(lambda v: v if v > 0 else -v))(x)


@case
def npconv():
    jax.jit(lambda a: np.sin(a))(x)


@case
def npconv2():
    jax.jit(lambda a: np.asarray(a))(x)


@case
def intconv():
    jax.jit(lambda n: jnp.zeros(n))(3)


@case
def intconv2():
    jax.jit(lambda n: [1,2,3][n])(1)


@case
def intconv3():
    jax.jit(lambda n: int(n))(1)


@case
def floatconv():
    jax.jit(lambda n: float(n))(1)


@case
def rangeconv():
    jax.jit(lambda n: list(range(n)))(1)


@case
def arange():
    jax.jit(lambda n: jnp.arange(n))(1)


@case
def reshape():
    jax.jit(lambda a, n: a.reshape(n, -1))(x, 3)


@case
def axis():
    jax.jit(lambda a, n: jnp.sum(a, axis=n))(x, 0)


@case
def mask():
    jax.jit(lambda a: a[a > 1])(x)


@case
def nonzero():
    jax.jit(lambda a: jnp.nonzero(a))(x)


@case
def unique():
    jax.jit(lambda a: jnp.unique(a))(x)


@case
def slc():
    jax.jit(lambda a, n: a[:n])(x, 2)


@case
def leak():
    kept = []
    def f(a):
        kept.append(a * 2)
        return a
    jax.jit(f)(x)
    kept[0] + 1


@case
def leakvmap():
    kept = []
    def f(a):
        kept.append(a * 2)
        return a
    jax.vmap(f)(x)
    kept[0] + 1


@case
def leakgrad():
    kept = []
    def f(a):
        kept.append(a * 2)
        return a
    jax.grad(f)(1.)
    kept[0] + 1


@case
def leakjit2():
    kept = []
    def f(a):
        kept.append(a * 2)
        return a
    jax.jit(f)(x)
    jax.jit(lambda z: kept[0] + z)(x)


@case
def leakscan():
    kept = []
    def f(a, b):
        kept.append(a * 2)
        return a, b
    jax.lax.scan(f, 0., x)
    jnp.sin(kept[0])


@case
def gradjitbool():
    def loss(w):
        if w['a'].sum() > 0:
            return w['a'].sum()
        return 0.
    jax.jit(jax.grad(loss))({'a': x})


@case
def condbool():
    def br(v):
        if v > 0:
            return v
        return -v
    jax.lax.cond(True, br, br, 1.)


@case
def whilebool():
    jax.lax.while_loop(lambda c: c if c else False, lambda c: c, True)


@case
def checkpointbool():
    @jax.checkpoint
    def f(v):
        return v if v > 0 else -v
    jax.grad(f)(1.)


@case
def customjvp():
    @jax.custom_jvp
    def f(v):
        return v if v > 0 else -v
    f.defjvp(lambda p, t: (f(*p), t[0]))
    jax.jit(f)(1.)


@case
def evalshape():
    jax.eval_shape(lambda v: v if v > 0 else -v, 1.)


@case
def makejaxpr():
    jax.make_jaxpr(lambda v: v if v > 0 else -v)(1.)


@case
def itemcase():
    jax.jit(lambda v: v.item())(1.)


@case
def tolist():
    jax.jit(lambda v: v.tolist())(1.)


@case
def itercase():
    jax.jit(lambda v: [float(q) for q in v])(x)


@case
def hashcase():
    jax.jit(lambda v: {v: 1})(x)


@case
def setitem():
    def f(v):
        v[0] = 1
    jax.jit(f)(x)


@case
def fmt():
    print(jax.jit(lambda v: f"{v:.3f}")(1.))


@case
def mixed():
    jax.jit(lambda v, s: v, static_argnums=1)(x, x)


@case
def badout():
    def f(v):
        return {'a': [v, "s"]}
    jax.jit(f)(x)


@case
def badarg():
    def f(v, w):
        return v
    jax.jit(f)(x, {'b': 'str'})


@case
def addshape():
    def f(v, w):
        return v + w
    jax.jit(f)(x, jnp.ones(4))


@case
def scancarry():
    def f(c, v):
        return (c + 1, c.astype(int)), None
    jax.lax.scan(f, 0., x)


@case
def scancarry2():
    def f(c, v):
        return {'a': c['a'] + 1, 'b': c['b'].astype(int)}, None
    jax.lax.scan(f, {'a': 0., 'b': 1.}, x)


@case
def condshapes():
    jax.lax.cond(x[0] > 0, lambda v: {'a': v, 'b': v}, lambda v: {'a': v, 'b': jnp.stack([v, v])}, 1.)


@case
def whilecarry():
    jax.lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1].astype(int)), (0, 1.))


@case
def lencase():
    jax.jit(lambda v: len(v))(1.)


@case
def vmapsizes():
    jax.vmap(lambda a, b: a)(jnp.ones((3, 2)), {'q': jnp.ones((4, 2))})


@case
def gradint():
    jax.grad(lambda v: v)(1)


@case
def gradvec():
    jax.grad(lambda v: v)(x)


@case
def complexconv():
    jax.jit(lambda v: complex(v))(1.)


@case
def boolvec():
    jax.jit(lambda v: 1 if v else 2)(x)


@case
def andor():
    jax.jit(lambda v: v > 0 and v < 1)(1.)


@case
def maxcase():
    jax.jit(lambda a, b: max(a, b))(1., 2.)


@case
def asserts():
    def f(a):
        assert a > 0
        return a
    jax.jit(f)(1.)


@case
def inlist():
    jax.jit(lambda a: a in [1, 2])(1)
