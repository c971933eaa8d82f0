"""jax.example_libraries.stax: a layer is a pair of init_fun(rng, input_shape) -> (output_shape, params) and apply_fun(params, inputs, **kwargs)."""
import functools
import operator
from .. import lax, numpy as jnp, random
from ..nn import elu, gelu, leaky_relu, log_softmax, relu, selu, sigmoid, softmax, softplus, standardize
from ..nn.initializers import glorot_normal, normal, ones, zeros

logsoftmax, glorot, randn = log_softmax, glorot_normal, normal


def Dense(out_dim, W_init=glorot_normal(), b_init=normal()):
    """x W + b."""
    def init_fun(rng, input_shape):
        k1, k2 = random.split(rng)
        return input_shape[:-1] + (out_dim,), (W_init(k1, (input_shape[-1], out_dim)), b_init(k2, (out_dim,)))

    def apply_fun(params, inputs, **kwargs):
        W, b = params
        return jnp.dot(inputs, W) + b
    return init_fun, apply_fun


def _convolution(operation, result_shape, transposed, dimension_numbers, out_chan, filter_shape, strides, padding, W_init, b_init):
    lhs_spec, rhs_spec, out_spec = dimension_numbers
    strides = strides or (1,) * len(filter_shape)
    axes = ("O", "I") if transposed else ("I", "O")
    W_init = W_init or glorot_normal(rhs_spec.index(axes[0]), rhs_spec.index(axes[1]))

    def init_fun(rng, input_shape):
        sizes = iter(filter_shape)
        kernel_shape = [out_chan if c == "O" else input_shape[lhs_spec.index("C")] if c == "I" else next(sizes) for c in rhs_spec]
        output_shape = result_shape(input_shape, kernel_shape, strides, padding, dimension_numbers)
        k1, k2 = random.split(rng)
        return output_shape, (W_init(k1, kernel_shape), b_init(k2, [out_chan if c == "C" else 1 for c in out_spec]))

    def apply_fun(params, inputs, **kwargs):
        W, b = params
        return operation(inputs, W, strides, padding, dimension_numbers=dimension_numbers) + b
    return init_fun, apply_fun


def _shape_by(operation):
    """What shape a convolution gives, found without computing it."""
    def result_shape(input_shape, kernel_shape, strides, padding, dimension_numbers):
        from .. import ShapeDtypeStruct, eval_shape
        batch = dimension_numbers[0].index("N")
        known = tuple(1 if d == batch else n for d, n in enumerate(input_shape))
        x, kernel = ShapeDtypeStruct(known, jnp.float32), ShapeDtypeStruct(tuple(kernel_shape), jnp.float32)
        shape = eval_shape(lambda x, W: operation(x, W, strides, padding, dimension_numbers=dimension_numbers), x, kernel).shape
        at = dimension_numbers[2].index("N")
        return tuple(input_shape[batch] if d == at else n for d, n in enumerate(shape))
    return result_shape


def GeneralConv(dimension_numbers, out_chan, filter_shape, strides=None, padding="VALID", W_init=None, b_init=normal(1e-6)):
    """Convolution with a bias a channel."""
    return _convolution(lax.conv_general_dilated, _shape_by(lax.conv_general_dilated), False, dimension_numbers, out_chan, filter_shape, strides, padding,
                        W_init, b_init)


def GeneralConvTranspose(dimension_numbers, out_chan, filter_shape, strides=None, padding="VALID", W_init=None, b_init=normal(1e-6)):
    """Transposed convolution with a bias a channel."""
    return _convolution(lax.conv_transpose, _shape_by(lax.conv_transpose), True, dimension_numbers, out_chan, filter_shape, strides, padding, W_init, b_init)


Conv = functools.partial(GeneralConv, ("NHWC", "HWIO", "NHWC"))
Conv1DTranspose = functools.partial(GeneralConvTranspose, ("NHC", "HIO", "NHC"))
ConvTranspose = functools.partial(GeneralConvTranspose, ("NHWC", "HWIO", "NHWC"))


def BatchNorm(axis=(0, 1, 2), epsilon=1e-5, center=True, scale=True, beta_init=zeros, gamma_init=ones):
    """Normalization over a batch."""
    axis = (axis,) if isinstance(axis, int) else axis

    def init_fun(rng, input_shape):
        shape = tuple(n for d, n in enumerate(input_shape) if d not in axis)
        k1, k2 = random.split(rng)
        return input_shape, (beta_init(k1, shape) if center else (), gamma_init(k2, shape) if scale else ())

    def apply_fun(params, x, **kwargs):
        beta, gamma = params
        spread = tuple(None if d in axis else slice(None) for d in range(jnp.ndim(x)))
        z = standardize(x, axis, epsilon=epsilon)
        if scale:
            z = gamma[spread] * z
        return z + beta[spread] if center else z
    return init_fun, apply_fun


def elementwise(fun, **fun_kwargs):
    """A layer without parameters that applies a function."""
    return lambda rng, input_shape: (input_shape, ()), lambda params, inputs, **kwargs: fun(inputs, **fun_kwargs)


Tanh, Relu, Exp = elementwise(jnp.tanh), elementwise(relu), elementwise(jnp.exp)
LogSoftmax, Softmax = elementwise(log_softmax, axis=-1), elementwise(softmax, axis=-1)
Softplus, Sigmoid, Elu = elementwise(softplus), elementwise(sigmoid), elementwise(elu)
LeakyRelu, Selu, Gelu = elementwise(leaky_relu), elementwise(selu), elementwise(gelu)


def _pooling(reducer, init_value, finish=None):
    def layer(window_shape, strides=None, padding="VALID", spec=None):
        steps = strides or (1,) * len(window_shape)
        sides = [d for d in range(len(window_shape) + 2)][1:-1] if spec is None else [d for d, c in enumerate(spec) if c not in "NC"]

        def whole(values):
            out = [1] * (len(window_shape) + 2)
            for d, n in zip(sides, values):
                out[d] = n
            return tuple(out)
        dims, moves = whole(window_shape), whole(steps)

        def pool(x):
            return lax.reduce_window(x, init_value, reducer, dims, moves, padding)

        def init_fun(rng, input_shape):
            from .. import ShapeDtypeStruct, eval_shape
            batch = 0 if spec is None else spec.index("N")
            known = tuple(1 if d == batch else n for d, n in enumerate(input_shape))
            shape = eval_shape(pool, ShapeDtypeStruct(known, jnp.float32)).shape
            return tuple(input_shape[batch] if d == batch else n for d, n in enumerate(shape)), ()

        def apply_fun(params, inputs, **kwargs):
            out = pool(inputs)
            return finish(out, pool(jnp.ones(inputs.shape, inputs.dtype))) if finish else out
        return init_fun, apply_fun
    return layer


MaxPool = _pooling(lax.max, -jnp.inf)
SumPool = _pooling(lax.add, 0.0)
AvgPool = _pooling(lax.add, 0.0, operator.truediv)

Flatten = (lambda rng, input_shape: ((input_shape[0], functools.reduce(operator.mul, input_shape[1:], 1)), ()),
           lambda params, inputs, **kwargs: jnp.reshape(inputs, (inputs.shape[0], -1)))
Identity = lambda rng, input_shape: (input_shape, ()), lambda params, inputs, **kwargs: inputs


def FanOut(num):
    """The input ``num`` times."""
    return lambda rng, input_shape: ([input_shape] * num, ()), lambda params, inputs, **kwargs: [inputs] * num


FanInSum = lambda rng, input_shape: (input_shape[0], ()), lambda params, inputs, **kwargs: sum(inputs)


def FanInConcat(axis=-1):
    """Inputs side by side."""
    def init_fun(rng, input_shape):
        at = axis % len(input_shape[0])
        return input_shape[0][:at] + (sum(shape[at] for shape in input_shape),) + input_shape[0][at + 1:], ()
    return init_fun, lambda params, inputs, **kwargs: jnp.concatenate(inputs, axis)


def Dropout(rate, mode="train"):
    """Elements that are kept with probability ``rate``, and scaled so that means stay; in mode 'test' all as they are."""
    def apply_fun(params, inputs, **kwargs):
        rng = kwargs.get("rng", None)
        if rng is None:
            raise ValueError("Dropout layer requires apply_fun to be called with a PRNG key argument. That is, instead of `apply_fun(params, inputs)`, "
                             "call it like `apply_fun(params, inputs, rng)` where `rng` is a PRNG key (e.g. from `jax.random.key`).")
        return jnp.where(random.bernoulli(rng, rate, inputs.shape), inputs / rate, 0) if mode == "train" else inputs
    return lambda rng, input_shape: (input_shape, ()), apply_fun


def _keys(rng, n):
    return random.split(rng, n) if rng is not None else (None,) * n


def serial(*layers):
    """Layers one after the other."""
    inits, applies = zip(*layers) if layers else ((), ())

    def init_fun(rng, input_shape):
        params = []
        for init in inits:
            rng, key = random.split(rng)
            input_shape, param = init(key, input_shape)
            params.append(param)
        return input_shape, params

    def apply_fun(params, inputs, **kwargs):
        for apply, param, rng in zip(applies, params, _keys(kwargs.pop("rng", None), len(layers))):
            inputs = apply(param, inputs, rng=rng, **kwargs)
        return inputs
    return init_fun, apply_fun


def parallel(*layers):
    """Layers side by side, each with an input of its own."""
    inits, applies = zip(*layers)

    def init_fun(rng, input_shape):
        made = [init(key, shape) for init, key, shape in zip(inits, random.split(rng, len(layers)), input_shape)]
        shapes, params = zip(*made)
        return shapes, params

    def apply_fun(params, inputs, **kwargs):
        rngs = _keys(kwargs.pop("rng", None), len(layers))
        return [apply(param, x, rng=rng, **kwargs) for apply, param, x, rng in zip(applies, params, inputs, rngs)]
    return init_fun, apply_fun


def shape_dependent(make_layer):
    """A layer that make_layer makes once the shape of its input is known."""
    return (lambda rng, input_shape: make_layer(input_shape)[0](rng, input_shape),
            lambda params, inputs, **kwargs: make_layer(inputs.shape)[1](params, inputs, **kwargs))
