"""jax.experimental.rnn: LSTMs of several layers, in one or both directions, with their weights in one vector.

The vector holds, for each layer and direction, W_ih and W_hh of the gates input, forget, cell and output one below the other, and behind the matrices of all layers
their biases b_ih and b_hh.
"""
import math
from functools import partial

from .. import lax, nn, numpy as jnp, random
from .._cotan import jit, vmap


def _passes(num_layers, bidirectional):
    return num_layers * (2 if bidirectional else 1)


def _shapes(input_size, hidden_size, num_layers, bidirectional):
    """Of (W_ih, W_hh) of each pass, then of (b_ih, b_hh)."""
    directions = _passes(1, bidirectional)
    matrices = [shape for i in range(_passes(num_layers, bidirectional))
                for shape in ((4 * hidden_size, input_size if i < directions else directions * hidden_size), (4 * hidden_size, hidden_size))]
    return matrices + [(4 * hidden_size,)] * len(matrices)


def get_num_params_in_lstm(input_size, hidden_size, num_layers, bidirectional):
    """How many weights there are."""
    return sum(map(math.prod, _shapes(input_size, hidden_size, num_layers, bidirectional)))


def init_lstm_weight(rng, input_size, hidden_size, num_layers, bidirectional):
    """Weights drawn evenly between -k and k, k = 1 / sqrt(hidden_size)."""
    k = hidden_size ** -0.5
    return random.uniform(rng, (get_num_params_in_lstm(input_size, hidden_size, num_layers, bidirectional),), jnp.float32, -k, k)


def _parts(weights, shapes):
    start = 0
    for shape in shapes:
        size = math.prod(shape)
        yield weights[start:start + size].reshape(shape)
        start += size


def unpack_lstm_weights(weights, input_size, hidden_size, num_layers, bidirectional):
    """The vector as dicts from passes to W_ih, W_hh, b_ih and b_hh."""
    n = 2 * _passes(num_layers, bidirectional)
    parts = list(_parts(weights, _shapes(input_size, hidden_size, num_layers, bidirectional)))
    return tuple(dict(enumerate(part)) for half in (parts[:n], parts[n:]) for part in (half[::2], half[1::2]))


def swap_lstm_gates(weights, input_size, hidden_size, num_layers, bidirectional):
    """The vector with the last two gates of each part exchanged."""
    swapped = []
    for part in _parts(jnp.asarray(weights), _shapes(input_size, hidden_size, num_layers, bidirectional)):
        i, f, g, o = jnp.split(part, 4)
        swapped.append(jnp.concatenate([i, f, o, g]).ravel())
    return jnp.concatenate(swapped)


def _turned(sequence, lengths):
    """Each sequence (time, batch, ...) backwards, what lies behind its end still behind it."""
    return vmap(partial(jnp.roll, axis=0), in_axes=(1, 0), out_axes=1)(sequence, sequence.shape[0] - lengths)[::-1]


def _pass(xs, h, c, W_ih, W_hh, b_ih, b_hh, lengths):
    """One layer in one direction over xs (time, batch, features): its outputs, zero behind the ends, and the state at each end."""
    def step(carry, x):
        h, c = carry
        i, f, g, o = jnp.split(x @ W_ih.T + b_ih + h @ W_hh.T + b_hh, 4, axis=-1)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        h = nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), (h, c)
    _, (hs, cs) = lax.scan(step, (h, c), xs)
    last = lengths - 1, jnp.arange(xs.shape[1])
    inside = lengths > jnp.arange(xs.shape[0], dtype=lengths.dtype)[:, None]
    return jnp.where(inside[..., None], hs, 0), hs[last], cs[last]


@partial(jit, static_argnums=(8, 9, 10, 11, 12))
def lstm_ref(x, h_0, c_0, W_ih, W_hh, b_ih, b_hh, seq_lengths, input_size, hidden_size, num_layers, dropout, bidirectional):
    """An LSTM over x (batch, time, features), each sequence of its own length; h_0 and c_0 (passes, batch, hidden). Outputs (batch, time, hidden of the directions), h_n, c_n."""
    if seq_lengths.dtype != jnp.int32:
        raise NotImplementedError("`seq_lengths` can only be int32.")
    if dropout != 0:
        raise NotImplementedError("lstm with dropout, whose mask is not JAX's to say")
    xs, states, directions = x.transpose(1, 0, 2), [], _passes(1, bidirectional)
    for layer in range(num_layers):
        outputs = []
        for back in range(directions):
            k = layer * directions + back
            given = _turned(xs, seq_lengths) if back else xs
            ys, h, c = _pass(given, h_0[k], c_0[k], W_ih[k], W_hh[k], b_ih[k], b_hh[k], seq_lengths)
            outputs.append(_turned(ys, seq_lengths) if back else ys)
            states.append((h, c))
        xs = jnp.concatenate(outputs, axis=-1)
    h_n, c_n = map(jnp.stack, zip(*states))
    return xs.transpose(1, 0, 2), h_n, c_n


def lstm(x, h_0, c_0, weights, seq_lengths, input_size, hidden_size, num_layers, dropout, bidirectional, precision=None):
    """lstm_ref with all weights in one vector."""
    parts = unpack_lstm_weights(weights, input_size, hidden_size, num_layers, bidirectional)
    return lstm_ref(x, h_0, c_0, *parts, seq_lengths, input_size, hidden_size, num_layers, dropout, bidirectional)
