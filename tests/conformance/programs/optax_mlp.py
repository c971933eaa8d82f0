"""An MLP trained with each of optax's common optimizers."""
import jax
import jax.numpy as jnp
import optax

k1, k2, k3, k4 = jax.random.split(jax.random.key(0), 4)
params = {"w1": jax.random.normal(k1, (8, 16)) * 0.3, "b1": jnp.zeros(16), "w2": jax.random.normal(k2, (16, 3)) * 0.3, "b2": jnp.zeros(3)}
x, y = jax.random.normal(k3, (64, 8)), jax.random.randint(k4, (64,), 0, 3)


def loss(p):
    h = jax.nn.relu(x @ p["w1"] + p["b1"])
    return optax.softmax_cross_entropy_with_integer_labels(h @ p["w2"] + p["b2"], y).mean()


schedule = optax.warmup_cosine_decay_schedule(0.0, 1e-2, 5, 20)
optimizers = {
    "sgd": optax.sgd(0.1), "momentum": optax.sgd(0.1, momentum=0.9, nesterov=True), "adam": optax.adam(1e-2), "adamw": optax.adamw(schedule, weight_decay=1e-2),
    "clipped": optax.chain(optax.clip_by_global_norm(0.1), optax.adam(1e-2)), "rmsprop": optax.rmsprop(1e-2), "adagrad": optax.adagrad(1e-1),
    "lamb": optax.lamb(1e-2), "lion": optax.lion(1e-3), "adafactor": optax.adafactor(1e-2), "noisy": optax.noisy_sgd(0.1, key=jax.random.key(1)), "adamax": optax.adamax(1e-2),
    "yogi": optax.yogi(1e-2), "radam": optax.radam(1e-2), "nadam": optax.nadam(1e-2), "accumulated": optax.MultiSteps(optax.adam(1e-2), 2),
    "masked": optax.masked(optax.sgd(0.1), {"w1": True, "b1": False, "w2": True, "b2": False}),
    "injected": optax.inject_hyperparams(optax.adam)(learning_rate=optax.exponential_decay(1e-2, 5, 0.5)),
}
for name, optimizer in optimizers.items():
    @jax.jit
    def step(p, state):
        value, g = jax.value_and_grad(loss)(p)
        updates, state = optimizer.update(g, state, p)
        return optax.apply_updates(p, updates), state, value

    p, state = params, optimizer.init(params)
    losses = []
    for _ in range(20):
        p, state, value = step(p, state)
        losses.append(float(value))
    print(name, *(f"{v:.5f}" for v in losses[::4]), f"{losses[-1]:.5f}")
