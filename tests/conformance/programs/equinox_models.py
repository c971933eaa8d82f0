"""Models of Equinox: training, filtered transformations, stateful layers, errors at run time, loops with checkpoints."""
import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import optax


class Regressor(eqx.Module):
    layers: list
    bias: jax.Array
    scale: float = eqx.field(static=True)

    def __init__(self, key):
        a, b, c = jr.split(key, 3)
        self.layers = [eqx.nn.Linear(2, 16, key=a), eqx.nn.LayerNorm(16), eqx.nn.Linear(16, 16, key=b), jax.nn.gelu, eqx.nn.Linear(16, 1, key=c)]
        self.bias = jnp.ones(1)
        self.scale = 0.5

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.scale * x + self.bias


@eqx.filter_value_and_grad
def loss(model, x, y):
    return jnp.mean((jax.vmap(model)(x)[:, 0] - y) ** 2)


model = Regressor(jr.key(0))
print(model.layers[0])
x = jr.normal(jr.key(1), (64, 2))
y = x[:, 0] * x[:, 1]
optimizer = optax.adam(1e-2)
state = optimizer.init(eqx.filter(model, eqx.is_array))


@eqx.filter_jit
def step(model, state, x, y):
    value, gradient = loss(model, x, y)
    updates, state = optimizer.update(gradient, state, model)
    return eqx.apply_updates(model, updates), state, value


for i in range(30):
    model, state, value = step(model, state, x, y)
print(f"loss {value:.4f}")

print(eqx.nn.Conv2d(1, 3, 3, key=jr.key(2))(jnp.ones((1, 8, 8))).sum())
print(eqx.nn.MLP(2, 2, 8, 2, key=jr.key(3))(jnp.ones(2)))
print(eqx.nn.LSTMCell(2, 4, key=jr.key(4))(jnp.ones(2), (jnp.zeros(4), jnp.zeros(4)))[0])
print(eqx.nn.MultiheadAttention(2, 4, key=jr.key(6))(jnp.ones((3, 4)), jnp.ones((3, 4)), jnp.ones((3, 4))))
print(eqx.nn.Dropout(0.5)(jnp.ones(4), key=jr.key(5)))
norm, running = eqx.nn.make_with_state(eqx.nn.BatchNorm)(2, axis_name="batch", mode="batch")
print(jax.vmap(norm, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(x, running)[0][:2])

print(eqx.filter_eval_shape(lambda m: m.layers[0].weight, model))
print(eqx.tree_at(lambda m: m.bias, model, jnp.zeros(1)).bias)
print(eqx.filter_vmap(lambda a, s: a * s, in_axes=(0, None))(x, 2.0).shape)
checked = eqx.filter_jit(lambda a: eqx.error_if(a, a < 0, "negative"))
print(checked(jnp.array(1.0)))
try:
    checked(jnp.array(-1.0))
except eqx.EquinoxRuntimeError as e:
    print("EquinoxRuntimeError", "negative" in str(e))


def doubled(v):
    return eqx.internal.while_loop(lambda c: c[0] < 5, lambda c: (c[0] + 1, c[1] * v), (0, 1.0), max_steps=10, kind="checkpointed")[1]


print(doubled(2.0), jax.grad(doubled)(2.0))
