"""Functions whose equations are compared with JAX's: primitives, parameters and their types, operands. Runs under both."""
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend import core


def functions():
    x, i = jnp.arange(12.).reshape(3, 4), jnp.arange(3)
    window = dict(window_dimensions=(2, 2), window_strides=(1, 1), padding="VALID")
    yield "elementwise", lambda x: jnp.exp(x) + jnp.sin(x) * 2.0 + jnp.sqrt(x) + lax.cbrt(x) + jnp.abs(x), x
    yield "special", lambda x: lax.erf(x) + lax.lgamma(x) + lax.tanh(x) + lax.logistic(x) + lax.rsqrt(x) + lax.exp2(x) + lax.expm1(x), x
    yield "dot", lambda x: x @ x.T, x
    yield "reductions", lambda x: jnp.sum(x) + x.max() + x.min() + x.prod(), x
    yield "indexing", lambda x, i: x[i], x, i
    yield "filling", lambda x, i: x.at[i].get(mode="fill", fill_value=1.), x, i
    yield "scattering", lambda x, i: x.at[i].add(x).at[i].max(x).at[i].set(x), x, i
    yield "cond", lambda x: lax.cond(x[0, 0] > 0, lambda y: y, lambda y: y * 2, x), x
    yield "while", lambda x: lax.while_loop(lambda c: c[0, 0] < 3, lambda c: c * 2, x)[0], x
    yield "conv", lambda x: lax.conv_general_dilated(x[None, None], x[None, None], (1, 1), "SAME"), x
    yield "argmax", lambda x: jnp.argmax(x, 0), x
    yield "convert", lambda x: lax.convert_element_type(x, jnp.bfloat16), x
    yield "concatenate", lambda x: jnp.concatenate([x, x]), x
    yield "pad", lambda x: lax.pad(x, 0., ((1, 1, 0), (0, 0, 0))), x
    yield "windows", lambda x: lax.reduce_window(x, -jnp.inf, lax.max, **window), x
    yield "top_k", lambda x: lax.top_k(x, 2), x
    yield "slice", lambda x: x[0:2, 1:3:2], x
    yield "dynamic_slice", lambda x: lax.dynamic_slice(x, (1, 1), (2, 2)), x
    yield "cumulative", lambda x: lax.cumsum(x) + lax.cummax(x), x
    yield "round", lambda x: lax.round(x), x
    yield "powers", lambda x: x ** 3 + x ** 2.5, x
    yield "split", lambda x: lax.split(x, (1, 2), 0), x
    yield "rev", lambda x: lax.rev(x, (0,)), x
    yield "reduce_precision", lambda x: lax.reduce_precision(x, 5, 5), x
    yield "complex", lambda x: lax.conj(lax.complex(x, x)), x
    yield "bitcast", lambda x: lax.bitcast_convert_type(x, jnp.int32), x
    yield "select", lambda x: lax.select_n(x > 0, x, lax.clamp(0., x, 1.)), x
    yield "literals", lambda x: x + 3 + np.float32(1) + lax.iota(jnp.float32, 4), x


def described(value):
    """A parameter's class and value, where both systems have the same."""
    if isinstance(value, (core.Jaxpr, core.ClosedJaxpr)):
        return type(value).__name__
    if isinstance(value, np.dtype):
        return f"dtype {value}"
    if isinstance(value, tuple):
        inner = [described(v) for v in value]
        return {type(value).__name__: inner} if hasattr(value, "_fields") else inner
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    return str(value)


def equations(jaxpr):
    """Each equation, those of programs inside included, as (primitive, several results?, params, operands, results)."""
    for e in jaxpr.eqns:
        atoms = [[f"{type(v).__name__} {v.aval}" for v in side] for side in (e.invars, e.outvars)]
        yield [str(e.primitive), e.primitive.multiple_results, {k: described(v) for k, v in sorted(e.params.items())}, *atoms]
        for _, value in sorted(e.params.items()):
            for inner in value if isinstance(value, tuple) else (value,):
                if isinstance(inner, (core.Jaxpr, core.ClosedJaxpr)):
                    yield from equations(getattr(inner, "jaxpr", inner))


def all_equations():
    return {name: list(equations(jax.make_jaxpr(f)(*args).jaxpr)) for name, f, *args in functions()}
