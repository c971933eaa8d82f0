import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)


def f0(x, y):
    n0 = lax.while_loop(lambda t: t < 3, lambda t: t * 1.5 + 1, y ** 2)
    return x * y + lax.stop_gradient(n0)


def f1(x, y):
    return jax.vmap(f0)(jnp.outer(x, x)[:0], x[:0]).sum(0) + f0(x, y)


def f2(x, y):
    return (lambda z, g: g[0] * z + g[1])(*jax.value_and_grad(lambda x, y: jnp.sum(f1(x, y)), argnums=(0, 1))(x, y))

main = f2
x = jnp.array([0.9, -0.35, 0.6], np.float64)
y = jnp.array(0.8, np.float64)
if __name__ == "__main__":
    print(main(x, y))
