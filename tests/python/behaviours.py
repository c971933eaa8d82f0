"""Small programs at the edges of the API: what they give, or which exception they raise and what it says. What JAX does is in behaviours.json
(record_behaviours.py); `says` is a phrase that the message has to have in both systems."""
import dataclasses
import os

import jax
import jax.flatten_util
import jax.numpy as jnp
import jax.tree_util as tree_util
import numpy as np

RECORD = os.path.join(os.path.dirname(__file__), "behaviours.json")
cases = {}


def case(f, says=""):
    cases[f.__name__] = f, says
    return f


def fails(says):
    """A program whose exception says this."""
    return lambda f: case(f, says)


def shown(x):
    """A leaf as text: the dtype and value of numbers, whether Python's or an array's."""
    return f"{jnp.asarray(x).dtype.name} {np.asarray(x).tolist()}" if isinstance(x, (int, float, jax.Array, np.ndarray)) else repr(x)


def outcome(f, says):
    try:
        return repr(jax.tree.map(shown, f()))
    except Exception as e:
        text = " ".join(str(e).split())
        return [type(e).__name__, says if says in text else text]


# ---- auxiliary results hold anything ----

class Thing:
    def __repr__(self):
        return "a thing"


@case
def aux_of_grad():
    return jax.grad(lambda x: (x ** 2, {"thing": Thing(), "name": "loss", "x": x, "none": None}), has_aux=True)(3.)


@case
def aux_of_jvp():
    return jax.jvp(lambda x: (x * 2, "hey"), (1.,), (1.,), has_aux=True)


@case
def aux_of_vjp_and_linearize():
    return [t(lambda x: (x * 2, ["name", x]), 1., has_aux=True)[2] for t in (jax.vjp, jax.linearize)]


@case
def aux_of_jacrev():
    return jax.jacrev(lambda x: (x * 2, ["name", x]), has_aux=True)(1.)


@fails("is not a valid JAX type")
def aux_inside_jit():
    return jax.jit(jax.grad(lambda x: (x, "name"), has_aux=True))(1.)


@fails("is not a valid JAX type")
def aux_inside_vmap():
    return jax.vmap(jax.value_and_grad(lambda x: (x, "name"), has_aux=True))(jnp.ones(2))


@case
def aux_keeps_numbers_and_arrays_of_numpy():
    aux = lambda x: (x ** 2, {"i": 3, "f": 2.5, "b": True, "c": 1j, "np": np.float32(2), "array": np.ones(2), "x": jnp.sin(x)})
    results = [jax.grad(aux, has_aux=True)(1.)[1], jax.value_and_grad(aux, has_aux=True)(1.)[0][1], jax.jvp(aux, (1.,), (1.,), has_aux=True)[2],
               jax.vjp(aux, 1., has_aux=True)[2], jax.linearize(aux, 1., has_aux=True)[2], jax.jacrev(aux, has_aux=True)(1.)[1]]
    return [{k: type(v).__name__ for k, v in r.items()} for r in results], jax.jit(jax.grad(lambda x: (x, 3), has_aux=True))(1.), \
        jax.vmap(jax.grad(lambda x: (x, 3), has_aux=True))(jnp.ones(2))


# ---- arguments of jit ----

@fails("Jitted function has static_argnums=(0, 1, 2), but only accepts 2 positional arguments.")
def too_many_static_argnums():
    jax.jit(lambda x, y: x, static_argnums=(0, 1, 2))


@fails("Jitted function has invalid argnames {'z'} in static_argnames. Function does not take these args.")
def unknown_static_argnames():
    jax.jit(lambda x, y: x, static_argnames="z")


@fails("'str' object cannot be interpreted as an integer")
def static_argnums_of_text():
    jax.jit(lambda x, y: x, static_argnums="a")


@fails("Expected a function, got a generator function: ")
def generator_function():
    def numbers(x):
        yield x
    jax.jit(numbers)


@case
def without_jit_arguments_stay():
    with jax.disable_jit():
        return (jax.jit(lambda x, *, k=2: (type(x).__name__, k))("text", k=3), jax.jit(lambda x: type(x).__name__)(3), jax.grad(jax.jit(lambda x: x ** 2))(3.),
                jax.vmap(jax.jit(lambda x: x * 2))(jnp.arange(2)))


@fails("Array has been deleted with shape=float32[2].")
def deleted_through_identity():
    x = jnp.ones(2)
    x.delete()
    return jax.jit(lambda x: x)(x)


@fails("Array has been deleted with shape=float32[2].")
def deleted_argument():
    x = jnp.ones(2)
    x.delete()
    return jax.jit(lambda x: x * 2)(x)


# ---- argnums ----

@fails("differentiating with respect to argnums=(0, 1) requires at least 2 positional arguments to be passed by the caller, but got only 1 positional arguments.")
def missing_arguments_of_grad():
    jax.grad(lambda x, y: x + y, argnums=(0, 1))(1.)


@fails("must have value greater than or equal to -len(args) and less than len(args), but got value -3 for len(args) == 2.")
def negative_argnums():
    jax.grad(lambda x, y: x * y, argnums=-3)(3., 2.)


@fails("jacfwd requires real-valued inputs (input dtype that is a sub-dtype of np.floating), but got complex64.")
def jacfwd_of_complex():
    jax.jacfwd(lambda x: x ** 2)(3. + 1j)


@fails("jacrev requires real-valued outputs (output dtype that is a sub-dtype of np.floating), but got complex64.")
def jacrev_to_complex():
    jax.jacrev(jnp.sin)(1 + 2j)


# ---- axes of vmap ----

@fails("vmap in_axes must be an int, None, or (nested) container with those types as leaves, but got ")
def array_among_in_axes():
    jax.vmap(lambda x: x, in_axes=(jnp.array([1., 2.]),))(jnp.ones(2))


@fails("vmap out_axes must be an int, None, or (nested) container with those types as leaves, but got ")
def array_among_out_axes():
    jax.vmap(lambda x: x, out_axes=(jnp.array([1., 2.]),))(jnp.ones(2))


@fails("vmap in_axes specification must be a tree prefix of the corresponding value")
def in_axes_of_another_container():
    jax.vmap(lambda x, y: x, in_axes=(0, [0, 0]))(jnp.ones(3), (jnp.ones(3),) * 2)


@fails("vmap out_axes specification must be a tree prefix of the corresponding value")
def out_axes_for_one_result():
    jax.vmap(lambda x: x, out_axes=(2, 3))(jnp.ones(2))


@fails("* most axes (2 of them) had size 10, e.g. axis 0 of argument x of type float32[10,4]; * one axis had size 2: axis 1 of argument y of type float32[10,2]")
def axes_of_three_arguments():
    jax.vmap(lambda x, y, z: None, in_axes=(0, 1, 0))(jnp.ones((10, 4)), jnp.ones((10, 2)), jnp.ones((10, 4)))


@fails("* most axes (2 of them) had size 2, e.g. axis 1 of argument y[0] of type float32[10,2]; * one axis had size 10: axis 0 of argument x of type float32[10,4]")
def axes_of_a_list():
    jax.vmap(lambda x, y: None, in_axes=(0, 1))(jnp.ones((10, 4)), [jnp.ones((10, 2))] * 2)


@fails("* the `axis_size` argument was 3; * one axis had size 2: axis 0 of argument x of type float32[2]")
def axis_size_and_argument():
    jax.vmap(lambda x: x, axis_size=3)(jnp.ones(2))


@fails("its rank should be at least 1, but is only 0 (its shape is ())")
def mapped_scalar():
    jax.vmap(lambda x: x)(1.)


@fails("vmap must have at least one non-None value in in_axes or axis_size must be specified")
def nothing_mapped():
    jax.vmap(lambda x: x, in_axes=None)(jnp.ones(2))


@fails("vmap wrapped function must be passed at least one argument containing an array or axis_size must be specified, got ")
def no_arrays_to_map():
    jax.vmap(lambda: 1)()


@fails("at vmap out_axes, got axis spec None but output was batched on axis 0")
def mapped_result_without_axis():
    jax.vmap(lambda x: x, out_axes=None)(jnp.ones(2))


# ---- integers that a dtype cannot hold ----

@fails("Python integer 300 out of bounds for int8")
def number_beyond_int8():
    jnp.int8(300)


@fails("Python integer -1 out of bounds for uint8")
def number_below_uint8():
    jnp.array(-1, "uint8")


@fails("Python integer -1 out of bounds for uint32")
def nested_below_uint32():
    jnp.array([[1, 2], [3, -1]], jnp.uint32)


@fails("Python integer 200 out of bounds for int8")
def tuple_beyond_int8():
    jnp.asarray((1, 200), dtype="int8")


@case
def integers_that_fit():
    return (jnp.int8(-128), jnp.uint16(65535), jnp.array([2 ** 32 - 1], "uint32"), jnp.array(2 ** 31, "uint32"), jnp.uint8(jnp.int32(300)), jnp.full(2, 300, "int8"),
            jnp.array(2 ** 40, "float32"), jnp.array([2 ** 40], "float32"))


# ---- registering containers ----

@fails("data_fields and meta_fields must include all dataclass fields with ``init=True`` and only them. Missing fields: {'y'}.")
def dataclass_without_a_field():
    tree_util.register_dataclass(dataclasses.make_dataclass("Pair", "xy"), ["x"], [])


@fails("data_fields and meta_fields must include all dataclass fields with ``init=True`` and only them. Unexpected fields: {'z'}.")
def dataclass_with_another_field():
    tree_util.register_dataclass(dataclasses.make_dataclass("Pair", "xy"), ["x", "y", "z"], [])


@fails("data_fields and meta_fields must not overlap. Overlapping fields: {'x'}.")
def dataclass_field_twice():
    tree_util.register_dataclass(dataclasses.make_dataclass("Pair", "xy"), ["x"], ["x", "y"])


@fails("data_fields and meta_fields must both be specified when either is specified.")
def dataclass_half_described():
    tree_util.register_dataclass(dataclasses.make_dataclass("Pair", "xy"), ["x"])


@fails("Duplicate custom PyTreeDef type registration for <class 'tuple'>.")
def tuples_registered_again():
    tree_util.register_pytree_node(tuple, lambda t: (t, None), lambda _, children: children)


def flattened_by(flatten):
    kind = type("Kind", (), {})
    tree_util.register_pytree_node(kind, flatten, lambda _, children: kind())
    return tree_util.tree_leaves(kind())


@fails("The to_iterable function for a custom PyTree node should return a (children, aux_data) tuple")
def flattened_to_a_number():
    flattened_by(lambda _: 3)


@fails("The to_iterable function for a custom PyTree node should return a (children, aux_data) tuple where 'children' is iterable")
def flattened_to_no_children():
    flattened_by(lambda _: (3, None))


@fails("division by zero")
def flattened_with_an_error():
    flattened_by(lambda _: 1 / 0)


# ---- promotion that a program restricts ----

@case
def strict_dtypes_that_meet():
    with jax.numpy_dtype_promotion("strict"):
        return (jnp.ones(2) + 1, jnp.arange(3) * 2, jnp.ones(2, "complex64") * 2., jnp.zeros(2).at[0].set(3), jnp.power(jnp.ones(2), 2), jax.nn.softmax(jnp.ones(2)),
                jnp.mean(jnp.ones(2)), jnp.linspace(0, 1, 3), jax.grad(lambda x: jnp.sum(jnp.tanh(x) * 3))(jnp.zeros(2)))


def strictly(f):
    with jax.numpy_dtype_promotion("strict"):
        return f()


strict = "have no available implicit dtype promotion path when jax_numpy_dtype_promotion=strict."


@fails(strict)
def strict_int_and_float():
    strictly(lambda: jnp.int32(1) + jnp.float32(2))


@fails(strict)
def strict_ints_and_a_python_float():
    strictly(lambda: jnp.ones(2, int) + 1.)


@fails(strict)
def strict_float_and_bool():
    strictly(lambda: jnp.ones(2) + True)


@fails(strict)
def strict_inside_jit():
    add = jax.jit(lambda x: x + jnp.float16(2))
    add(jnp.ones(2))
    strictly(lambda: add(jnp.ones(2)))


@fails("have no available implicit dtype promotion path.")
def eight_bit_floats_and_others():
    jnp.result_type(jnp.float8_e4m3fn, jnp.float32)


# ---- keys ----

@case
def seeds_of_64_bits():
    return [jax.random.key_data(jax.random.key(seed)) for seed in (2 ** 32 - 1, 2 ** 40 + 7, -1, -2 ** 40 - 5)] + [jax.random.PRNGKey(2 ** 40 + 7)]


@fails("too")
def seed_of_more_bits():
    jax.random.key(2 ** 64)


@case
def key_and_a_large_number():
    return jax.random.key_data(jax.random.fold_in(jax.random.key(0), 2 ** 31))


@fails("not 'PRNGKeyArray'")
def key_as_int():
    int(jax.random.key(0))


@fails("cannot be converted to boolean")
def key_as_bool():
    bool(jax.random.key(0))


# ---- others ----

@case
def rounding_to_an_integer():
    return round(jnp.float32(1.5)), round(jnp.array([1.5, 2.5])), jax.jit(round)(2.5), round(jnp.array(1.25), 1)


@fails("linear_transpose only supports [float or complex] -> [float or complex], and integer -> integer functions, but got ")
def transposed_from_floats_to_ints():
    jax.linear_transpose(lambda x: 2. * x, 1)(3.)


@fails("but got value 1 for len(args) == 1.")
def jacfwd_of_a_missing_argument():
    jax.jacfwd(lambda x: x, argnums=1)(1.)


@case
def index_of_a_counted_loop_is_weak():
    def summed(lower, upper):
        return jax.lax.fori_loop(lower, upper, lambda i, x: x + i, 0)
    return [(out, out.weak_type) for out in (summed(0, jnp.int32(3)), summed(jnp.int32(0), 3), summed(0, jnp.int8(3)), jax.jit(summed)(jnp.int32(0), jnp.int32(3)),
                                             jax.vmap(lambda n: summed(0, n))(jnp.arange(4)))]


@case
def size_of_an_axis_while_tracing():
    return jax.jit(jax.vmap(lambda x: x * jax.lax.axis_size("i"), axis_name="i"))(jnp.arange(3.))


@fails("got output type(s) [ShapedArray(float32[], weak_type=True)].")
def condition_that_is_a_number():
    jax.lax.while_loop(lambda c: 1., lambda c: c, 1.)


@fails("Must specify identity for parallel reduction of empty sequence.")
def reduction_of_nothing():
    tree_util.tree_reduce_associative(lambda a, b: a + b, [])


@case
def unravelled_in_another_dtype():
    _, unravel = jax.flatten_util.ravel_pytree({"a": 1., "b": jnp.ones(2)})
    return unravel(jnp.arange(3)), unravel(np.arange(3, dtype=np.int8)), unravel(jnp.ones(3, "float16"))


@fails("unravel function given array of dtype int32, but expected dtype float32")
def unravelled_in_the_wrong_dtype():
    jax.flatten_util.ravel_pytree({"a": 1, "b": jnp.ones(2)})[1](jnp.arange(3))


def written_for_axes(f, *axes):
    return str(jax.make_jaxpr(f, axis_env=axes)(2.))


@case
def jaxprs_over_named_axes():
    return [written_for_axes(lambda x: jax.lax.psum(x, "i"), ("i", 4)), written_for_axes(lambda x: x * jax.lax.axis_size("i"), ("i", 4)),
            written_for_axes(lambda x: jax.lax.pmax(x, ("i", "j")) + jax.lax.axis_index("j"), ("i", 4), ("j", 2)),
            written_for_axes(jax.grad(lambda x: jax.lax.psum(x * x, "i")), ("i", 4))]


@fails("Found an unbound axis name: k.")
def jaxpr_over_another_axis():
    written_for_axes(lambda x: jax.lax.psum(x, "k"), ("i", 4))


# ---- arguments of no sense ----

@fails("`pad_width` must be of integral type.")
def strings_as_widths_of_pad():
    jnp.pad(jnp.ones(3), ["a", "b"])


@fails("`pad_width` must be of integral type.")
def a_string_as_width_of_pad():
    jnp.pad(jnp.ones(3), "ab")


@fails("got")
def no_shape():
    jnp.unravel_index(jnp.int32(1), None)


@fails("For differentiation of functions with integer outputs, use jax.vjp directly.")
def gradient_of_integers():
    jax.grad(lambda x: x ** 2, allow_int=True)(3)


@fails("For differentiation of non-holomorphic functions involving complex outputs, use jax.vjp directly.")
def gradient_of_complex_numbers():
    jax.grad(lambda x: x * 1j)(1.)


@case
def quantiles_of_no_fractions():
    nothing = jnp.zeros(0)
    return [jnp.nanquantile(nothing, nothing), jnp.nanquantile(jnp.ones((2, 3)), nothing, axis=0), jnp.quantile(jnp.ones(3), nothing),
            jnp.nanquantile(jnp.ones((2, 3, 4)), nothing, axis=(0, 2), keepdims=True)]
