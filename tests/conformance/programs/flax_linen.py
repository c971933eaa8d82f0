"""A convolutional network with normalisation and dropout, and a transformer block, trained with Flax's linen."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state


class Net(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = nn.Conv(8, (3, 3), use_bias=False)(x)
        x = nn.BatchNorm(use_running_average=not train)(x)
        x = nn.max_pool(nn.relu(x), (2, 2), strides=(2, 2))
        x = nn.avg_pool(nn.gelu(nn.Conv(8, (3, 3), strides=(2, 2), padding="VALID")(x)), (2, 2))
        x = x.reshape((x.shape[0], -1))
        x = nn.Dropout(0.25, deterministic=not train)(x)
        return nn.Dense(4)(nn.LayerNorm()(nn.Dense(16)(x)))


class State(train_state.TrainState):
    statistics: dict
    key: jax.Array


k1, k2, k3, k4 = jax.random.split(jax.random.key(0), 4)
x, y = jax.random.normal(k1, (16, 12, 12, 3)), jax.random.randint(k2, (16,), 0, 4)
model = Net()
variables = model.init({"params": k3, "dropout": k4}, x, train=False)
print(jax.tree.map(jnp.shape, variables))
state = State.create(apply_fn=model.apply, params=variables["params"], tx=optax.adam(1e-2), statistics=variables["batch_stats"], key=k4)


@jax.jit
def step(state):
    def loss(params):
        logits, changed = state.apply_fn({"params": params, "batch_stats": state.statistics}, x, train=True, mutable=["batch_stats"],
                                         rngs={"dropout": jax.random.fold_in(state.key, state.step)})
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), changed
    (value, changed), g = jax.value_and_grad(loss, has_aux=True)(state.params)
    return state.apply_gradients(grads=g, statistics=changed["batch_stats"]), value


for i in range(10):
    state, value = step(state)
    print(f"{value:.3f}")


class Block(nn.Module):
    @nn.compact
    def __call__(self, tokens):
        h = nn.Embed(11, 16)(tokens)
        h = h + nn.MultiHeadDotProductAttention(num_heads=4)(nn.LayerNorm()(h), mask=nn.make_causal_mask(tokens))
        h = h + nn.Dense(16)(nn.silu(nn.Dense(32)(nn.RMSNorm()(h))))
        h = nn.RNN(nn.LSTMCell(12))(h)
        return nn.Dense(11)(h)


tokens = jax.random.randint(k1, (4, 9), 0, 11)
block = Block()
params = block.init(k2, tokens[:, :-1])
optimizer = optax.adamw(3e-3)


@jax.jit
def train(params, state):
    def loss(p):
        return optax.softmax_cross_entropy_with_integer_labels(block.apply(p, tokens[:, :-1]), tokens[:, 1:]).mean()
    value, g = jax.value_and_grad(loss)(params)
    updates, state = optimizer.update(g, state, params)
    return optax.apply_updates(params, updates), state, value


state = optimizer.init(params)
for i in range(10):
    params, state, value = train(params, state)
    print(f"{value:.4f}")
print(sorted(jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(params))[:5])


class Deep(nn.Module):
    @nn.compact
    def __call__(self, x):
        layers = nn.scan(nn.remat(Layer), variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        x, _ = layers()(x, None)
        heads = nn.vmap(nn.Dense, variable_axes={"params": 0}, split_rngs={"params": True}, in_axes=None, out_axes=0, axis_size=2)
        return heads(5)(x)


class Layer(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        return nn.tanh(nn.Dense(x.shape[-1])(x)), None


deep = Deep()
z = jax.random.normal(k4, (3, 6))
p = deep.init(k3, z)
print(jax.tree.map(jnp.shape, p), f"{deep.apply(p, z).sum():.4f}")
g = jax.grad(lambda p: (deep.apply(p, z) ** 2).sum())(p)
print(*(f"{jnp.linalg.norm(leaf.ravel()):.3f}" for leaf in jax.tree.leaves(g)))
