import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)


def with_jvp(g):
    f = jax.custom_jvp(g)
    f.defjvp(lambda xs, ts: (f(*xs), jax.jvp(g, xs, ts)[1] * 1.5))
    return f


def f0(x, y):
    return lax.cond(y > 0, jnp.sin, lambda x: x, x) * x * y


def f1(x, y):
    return jax.grad(lambda x, y: jnp.sum(with_jvp(f0)(x, y)))(x, y)

main = f1
x = jnp.array([0.9, -0.35, 0.6], np.float64)
y = jnp.array(0.8, np.float64)
if __name__ == "__main__":
    print(main(x, y))
