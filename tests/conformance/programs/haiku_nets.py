"""Networks with parameters, state and recurrence, written in Haiku."""
import haiku as hk
import jax
import jax.numpy as jnp
import optax

k1, k2, k3 = jax.random.split(jax.random.PRNGKey(0), 3)
x, y = jax.random.normal(k1, (8, 10, 10, 3)), jax.random.randint(k2, (8,), 0, 4)


def network(images, training):
    h = hk.Conv2D(8, 3, stride=2, with_bias=False)(images)
    h = hk.BatchNorm(create_scale=True, create_offset=True, decay_rate=0.9)(h, training)
    h = hk.max_pool(jax.nn.relu(h), 2, 2, "VALID")
    h = hk.Flatten()(h)
    if training:
        h = hk.dropout(hk.next_rng_key(), 0.25, h)
    return hk.nets.MLP([16, 4], activation=jax.nn.gelu)(hk.LayerNorm(-1, True, True)(h))


f = hk.transform_with_state(network)
params, state = f.init(k3, x, True)
print(jax.tree.map(jnp.shape, params))
optimizer = optax.adam(1e-2)


@jax.jit
def step(params, state, opt, key):
    def loss(p):
        logits, s = f.apply(p, state, key, x, True)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), s
    (value, state_), g = jax.value_and_grad(loss, has_aux=True)(params)
    updates, opt = optimizer.update(g, opt)
    return optax.apply_updates(params, updates), state_, opt, value


opt = optimizer.init(params)
for i in range(8):
    params, state, opt, value = step(params, state, opt, jax.random.fold_in(k3, i))
    print(f"{value:.4f}")
print(f"{f.apply(params, state, None, x, False)[0].sum():.3f}")


def recurrent(sequence):
    core = hk.DeepRNN([hk.LSTM(8), jax.nn.tanh, hk.GRU(6)])
    out, _ = hk.dynamic_unroll(core, sequence, core.initial_state(sequence.shape[1]))
    return hk.BatchApply(hk.Linear(2))(out)


r = hk.without_apply_rng(hk.transform(recurrent))
s = jax.random.normal(k1, (5, 3, 4))
p = r.init(k2, s)
g = jax.grad(lambda p: (r.apply(p, s) ** 2).mean())(p)
print(*(f"{jnp.abs(leaf).sum():.4f}" for leaf in jax.tree.leaves(g)))
a = hk.transform(lambda q: hk.MultiHeadAttention(2, 4, w_init=hk.initializers.VarianceScaling(1.0))(q, q, q))
q = jax.random.normal(k1, (6, 8))
print(f"{a.apply(a.init(k3, q), None, q).sum():.4f}", hk.data_structures.tree_size(p))
print(hk.experimental.eval_summary(hk.transform(lambda z: hk.Linear(3)(z)))(jnp.ones((2, 4)))[0].module_details.module.name)
