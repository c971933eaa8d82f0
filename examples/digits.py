"""Trains a small network to read handwritten digits.

    python digits.py [--out FOLDER] [--epochs N] [--losses FILE]

An ordinary JAX program: it runs on whatever answers `import jax`. Prints the loss as it goes and the accuracy on 360 images it
never saw; with --out it draws the loss curve and some predictions there.
"""
import argparse
import os
import sys

import numpy as np

import jax
import jax.numpy as jnp
from jax import jit, random, value_and_grad, vmap

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = [64, 128, 64, 10]
BATCH = 64
RATE = 0.1
MOMENTUM = 0.9
TEST = 360


def load():
    images = np.fromfile(os.path.join(HERE, "data", "digits-images.idx"), np.uint8)[16:].reshape(-1, 64)
    labels = np.fromfile(os.path.join(HERE, "data", "digits-labels.idx"), np.uint8)[8:]
    return jnp.asarray(images, jnp.float32) / 16.0, jnp.asarray(labels, jnp.int32)


def initial(key):
    params = []
    for k, (n, m) in zip(random.split(key, len(SIZES) - 1), zip(SIZES[:-1], SIZES[1:])):
        params.append({"w": random.normal(k, (n, m)) * jnp.sqrt(2.0 / n), "b": jnp.zeros(m)})
    return params


def logits(params, image):
    h = image
    for layer in params[:-1]:
        h = jax.nn.relu(jnp.dot(h, layer["w"]) + layer["b"])
    return jnp.dot(h, params[-1]["w"]) + params[-1]["b"]


def loss(params, images, labels):
    scores = jax.nn.log_softmax(vmap(logits, in_axes=(None, 0))(params, images))
    return -jnp.mean(jnp.sum(scores * jax.nn.one_hot(labels, 10), axis=1))


@jit
def step(params, velocity, images, labels):
    value, gradient = value_and_grad(loss)(params, images, labels)
    velocity = jax.tree.map(lambda v, g: MOMENTUM * v - RATE * g, velocity, gradient)
    return jax.tree.map(lambda p, v: p + v, params, velocity), velocity, value


@jit
def accuracy(params, images, labels):
    return jnp.mean(jnp.argmax(logits(params, images), axis=1) == labels)


def progress(done, total, value):
    bar = "#" * (30 * done // total)
    sys.stderr.write(f"\r[{bar:<30}] {done}/{total}  loss {value:.4f}")
    sys.stderr.write("\n" if done == total else "")
    sys.stderr.flush()


def draw(folder, losses, params, images, labels):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plot
    plot.figure(figsize=(7, 4))
    plot.semilogy(losses)
    plot.xlabel("step")
    plot.ylabel("loss")
    plot.title("Training on handwritten digits")
    plot.savefig(os.path.join(folder, "loss.png"), dpi=120, bbox_inches="tight")
    guesses = np.asarray(jnp.argmax(logits(params, images[:24]), axis=1))
    plot.figure(figsize=(8, 3.2))
    for i in range(24):
        plot.subplot(3, 8, i + 1)
        plot.imshow(np.asarray(images[i]).reshape(8, 8), cmap="gray_r")
        plot.title(str(guesses[i]), color="green" if guesses[i] == int(labels[i]) else "red", fontsize=9)
        plot.axis("off")
    plot.savefig(os.path.join(folder, "predictions.png"), dpi=120, bbox_inches="tight")
    print(f"pictures: {os.path.join(folder, 'loss.png')}, {os.path.join(folder, 'predictions.png')}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", help="folder for the pictures")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--losses", help="file to write every loss to, one a line")
    args = parser.parse_args()

    images, labels = load()
    key = random.key(0)
    key, split_key, init_key = random.split(key, 3)
    order = random.permutation(split_key, images.shape[0])
    train, test = order[TEST:], order[:TEST]
    params = initial(init_key)
    velocity = jax.tree.map(jnp.zeros_like, params)

    batches = train.shape[0] // BATCH
    losses = []
    for epoch in range(args.epochs):
        key, shuffle_key = random.split(key)
        shuffled = random.permutation(shuffle_key, train)
        for i in range(batches):
            batch = shuffled[i * BATCH:(i + 1) * BATCH]
            params, velocity, value = step(params, velocity, images[batch], labels[batch])
            losses.append(float(value))
            if len(losses) % 100 == 0 or len(losses) == 1:
                print(f"step {len(losses):4d}  loss {losses[-1]:.6f}", flush=True)
        if sys.stderr.isatty():
            progress(epoch + 1, args.epochs, losses[-1])

    print(f"accuracy on {TEST} unseen digits: {float(accuracy(params, images[test], labels[test])):.4f}")
    if args.losses:
        with open(args.losses, "w") as f:
            f.writelines(f"{value:.9g}\n" for value in losses)
    if args.out:
        draw(args.out, losses, params, images[test], labels[test])


if __name__ == "__main__":
    main()
