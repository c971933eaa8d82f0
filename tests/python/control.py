"""Programs of control flow whose jaxprs, those of derivatives included, are compared with JAX's: name -> (function, *arguments)."""
import os

HERE = os.path.dirname(__file__)
RECORD = os.path.join(HERE, "control_jaxprs.txt")


def programs():
    import jax
    import jax.numpy as jnp
    from jax import grad, lax
    xs, rows, w = jnp.arange(5.0), jnp.ones((5, 3)), jnp.ones(3)
    weights = jnp.ones((3, 3))

    def rnn(weights, h, xs):
        def step(h, x):
            h = jnp.tanh(jnp.dot(jnp.exp(weights), h) + x)
            return h, h
        return lax.scan(step, h, xs)[1].sum()

    def scaled(c):
        return lax.scan(lambda c, x: (jnp.exp(jnp.arange(3.0)) * c * x, None), c, xs)[0].sum()

    @jax.custom_vjp
    def product(x, y):
        return x * jnp.sin(y)

    product.defvjp(lambda x, y: (product(x, y), (x, y)), lambda kept, ct: (ct * kept[0], ct * kept[1]))

    @jax.custom_jvp
    def sine(x):
        return jnp.sin(x)

    sine.defjvp(lambda p, t: (sine(p[0]), jnp.cos(p[0]) * t[0]))
    key = jax.random.key(0)
    return {
        "grad of a rule for reverse mode": (grad(product), 1.0, 2.0),
        "batched": (jax.vmap(grad(product)), w, w),
        "grad of a rule for forward mode, under jit": (jax.jit(grad(sine)), 1.0),
        "grad of jit": (grad(jax.jit(lambda x: (jnp.sin(x) * x).sum())), w),
        "grad inside of scan": (lambda c, rows: lax.scan(lambda c, x: (c + jax.vmap(grad(jnp.sin))(x).sum(), None), c, rows), w[0], rows),
        "checkpoint of jit": (grad(jax.checkpoint(jax.jit(lambda x: jnp.sin(jnp.sin(x))))), 1.0),
        "relu": (grad(lambda x: jax.nn.relu(x).sum()), w),
        "silu": (jax.nn.silu, w),
        "floor_divide": (lambda x: x // 2, w),
        "precision": (lambda x: jnp.dot(x, x, precision="highest"), w),
        "slices with computed starts": (lambda x, n: (lax.dynamic_slice(x, (n,), (2,)), lax.dynamic_index_in_dim(x, n)), w, 1),
        "uniform": (lambda k: jax.random.uniform(k, (3,)), key),
        "normal": (lambda k: (jax.random.normal(k, (3,)), jax.random.exponential(k)), key),
        "draws in a scan": (lambda k: lax.scan(lambda k, _: (jax.random.split(k)[0], jax.random.uniform(k)), k, length=3), key),
        "scan": (lambda c, xs: lax.scan(lambda c, x: (c * jnp.sin(x), c), c, xs), w[0], xs),
        "scan, unrolled": (lambda c, xs: lax.scan(lambda c, x: (c * jnp.sin(x), c), c, xs, unroll=True), w[0], xs),
        "a carry that stays": (lambda a, c: lax.scan(lambda ac, x: ((ac[0], ac[1] * ac[0]), x * 2), (a, c), xs), 1.0, 2.0),
        "a carry that stays and is not used": (lambda a, c: lax.scan(lambda ac, x: ((ac[0], ac[1] * 2), x * 2), (a, c), xs), 1.0, 2.0),
        "ys that are xs": (lambda c, xs: lax.scan(lambda c, x: (c * 2, (x, x * 2)), c, xs), 1.0, xs),
        "all stays": (lambda c, xs: lax.scan(lambda c, x: (c, x), c, xs), 1.0, xs),
        "carries that swap": (lambda a, b: lax.scan(lambda c, x: ((c[1], c[0]), None), (a, b), None, length=3), 1.0, 2.0),
        "a carry that stays, while": (lambda a, c: lax.while_loop(lambda v: v[1] < 3, lambda v: (v[0], v[1] + v[0]), (a, c)), 1.0, 2.0),
        "a bound that stays": (lambda n, c: lax.fori_loop(0, n, lambda i, c: c * 2 + i, c), 3, 1.0),
        "grad of a carry that stays": (grad(lambda a, c: lax.scan(lambda ac, x: ((ac[0], ac[1] * jnp.sin(ac[0])), x * 2), (a, c), xs)[0][1], (0, 1)), 1.0, 2.0),
        "grad of a closure": (grad(lambda a, c: lax.scan(lambda c, x: (c * jnp.sin(a) * x, None), c, xs)[0], (0, 1)), 1.0, 2.0),
        "grad of a network": (grad(rnn), weights, w, rows),
        "value and grad of a network": (jax.value_and_grad(rnn, (0, 1, 2)), weights, w, rows),
        "grad of xs": (grad(lambda rows: lax.scan(lambda c, x: (c + jnp.dot(x, w * w), x), w[0], rows)[0]), rows),
        "grad around an iota": (grad(lambda c: lax.scan(lambda c, x: (c * jnp.arange(3.0), None), c, None, length=3)[0].sum()), w),
        "grad around a factor": (grad(scaled), w),
        "grad of grad": (grad(grad(lambda c: lax.scan(lambda c, x: (c * c * x, None), c, xs)[0])), 1.0),
        "grad of a counted loop": (grad(lambda c: lax.fori_loop(0, 3, lambda i, c: c * i * jnp.exp(1.0), c)), w[0]),
        "linearize": (lambda c: jax.linearize(lambda c: lax.scan(lambda c, x: (c * c * x * jnp.exp(2.0), None), c, xs)[0], c)[0], 1.0),
        "vjp": (lambda c: jax.vjp(lambda c: lax.scan(lambda c, x: (c * c * x * jnp.exp(2.0), c), c, xs)[1], c)[1](xs), 1.0),
        "jvp": (lambda a, c: jax.jvp(lambda a, c: lax.scan(lambda ac, x: ((ac[0], ac[1] * jnp.sin(ac[0])), x * 2), (a, c), xs), (a, c), (a, c)), 1.0, 2.0),
        "map in batches": (lambda x: lax.map(lambda x: x * 2, x, batch_size=2), xs),
    }


def jaxpr(program):
    import jax
    return str(jax.make_jaxpr(program[0])(*program[1:])).rstrip()
