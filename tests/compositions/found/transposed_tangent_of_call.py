import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)


def f0(x, y):
    return jax.jit(jnp.sin)(x) * x * y


def f1(x, y):
    return jax.linear_transpose(lambda t: jax.jvp(lambda x: f0(x, y), (x,), (t,))[1], x)(x)[0]

main = f1
x = jnp.array([0.9, -0.35, 0.6], np.float64)
y = jnp.array(0.8, np.float64)
if __name__ == "__main__":
    print(main(x, y))
