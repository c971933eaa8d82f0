"""Models of Flax NNX: modules with state, their transformations, and what they are split into."""
import jax
import jax.numpy as jnp
import optax
from flax import nnx


class Model(nnx.Module):
    def __init__(self, inner, rngs):
        self.first = nnx.Linear(2, inner, rngs=rngs)
        self.norm = nnx.LayerNorm(inner, rngs=rngs)
        self.dropout = nnx.Dropout(0.2, rngs=rngs)
        self.second = nnx.Linear(inner, 1, rngs=rngs)

    def __call__(self, x):
        return self.second(nnx.relu(self.dropout(self.norm(self.first(x)))))


model = Model(16, nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)


@nnx.jit
def step(model, optimizer, x, y):
    value, gradient = nnx.value_and_grad(lambda m: ((m(x) - y) ** 2).mean())(model)
    optimizer.update(model, gradient)
    return value


x = jax.random.normal(jax.random.key(1), (64, 2))
y = (x[:, 0] * x[:, 1])[:, None]
for i in range(20):
    value = step(model, optimizer, x, y)
print(f"loss {value:.4f}")
model.eval()
print(model(x[:2]))
definition, state = nnx.split(model)
print(jax.tree.map(jnp.shape, state))
print(nnx.merge(definition, state)(x[:1]))


@nnx.split_rngs(splits=4)
@nnx.vmap
def layers(rngs):
    return nnx.Linear(2, 2, rngs=rngs)


@nnx.scan
def through(x, layer):
    return layer(x), None


stack = layers(nnx.Rngs(1))
print(stack.kernel[...].shape, through(x[:2], stack)[0])
norm = nnx.BatchNorm(2, rngs=nnx.Rngs(0))
print(norm(x)[:2], norm.mean[...], norm.var[...])
print(nnx.RNN(nnx.GRUCell(2, 3, rngs=nnx.Rngs(0)))(jnp.ones((1, 4, 2))))
print(nnx.MultiHeadAttention(num_heads=2, in_features=4, decode=False, rngs=nnx.Rngs(0))(jnp.ones((1, 3, 4))).shape)
