"""What libraries take from jax._src."""
import importlib
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest


def test_numbers_that_know_their_dtype():
    from jax._src.literals import TypedComplex, TypedFloat, TypedInt
    x = TypedInt(3, np.dtype("int32"))
    assert (repr(x), x + 1, x.dtype, x.aval.weak_type, pickle.loads(pickle.dumps(x)).dtype) == ("TypedInt(3, dtype=int32)", 4, np.int32, True, np.int32)
    assert jnp.asarray(x, dtype=x.dtype).dtype == jnp.int32 and repr(TypedFloat(2.5, np.dtype("float16"))) == "TypedFloat(2.5, dtype=float16)"
    assert jnp.asarray(TypedComplex(3j, np.dtype("complex64"))) == 3j


def test_the_generator_of_the_default_keys():
    threefry = importlib.import_module("jax._src.random.threefry2x32")
    words, key = threefry.threefry_seed(jnp.asarray(7)), jax.random.key(7)
    assert (words == jax.random.key_data(key)).all()
    assert (threefry.threefry_split(words, (3,)) == jax.random.key_data(jax.random.split(key, 3))).all()
    assert (threefry.threefry_fold_in(words, jnp.uint32(5)) == jax.random.key_data(jax.random.fold_in(key, 5))).all()
    assert (threefry.threefry_random_bits(words, 16, (4,)) == jax.random.bits(key, (4,), "uint16")).all()


def test_primitives_and_tables():
    assert jax._src.pjit.jit_p is jax.extend.core.primitives.jit_p and str(jax.lax.after_all_p) == "after_all"
    p = jax.extend.core.Primitive("mine")
    assert not (p.call_primitive or p.map_primitive or p.ref_primitive or p.skip_canonicalization or p.is_effectful)
    assert jax.core.pytype_aval_mappings[np.ndarray](np.ones(3)).shape == (3,)
    assert np.ndarray not in jax.interpreters.xla.canonicalize_dtype_handlers and jax.interpreters.xla.canonicalize_dtype_handlers[np.ndarray]
    with pytest.raises(KeyError):
        jax.core.pytype_aval_mappings[str]


def test_settings_decorate_functions():
    @jax.enable_x64(True)
    def f():
        """Doubles."""
        return jnp.ones(2).dtype
    assert f() == jnp.float64 and jnp.ones(2).dtype == jnp.float32 and (f.__name__, f.__doc__) == ("f", "Doubles.")


def test_promotion_of_arguments():
    from jax._src.numpy import util
    half, whole = jnp.ones(2, jnp.float16), np.arange(2, dtype=np.int8)
    assert [x.dtype.name for x in util.promote_dtypes(half, whole)] == ["float16"] * 2
    assert [(x.dtype.name, x.weak_type) for x in util.promote_dtypes_inexact(1, 2)] == [("float32", True)] * 2
    assert [x.dtype.name for x in util.promote_dtypes_inexact(half)] == ["float16"] and util.promote_dtypes_complex(whole)[0].dtype == jnp.complex64
    assert util.promote_dtypes_numeric(True)[0].dtype == jnp.int32 and util.ensure_arraylike("f", 2.).shape == ()
    with pytest.raises(TypeError, match="f requires ndarray or scalar arguments, got <class 'list'> at position 1"):
        util.check_arraylike("f", 1., [2.])


def test_annotations_name_numpys_types():
    import typing
    from jax.typing import ArrayLike, DTypeLike
    assert set(typing.get_args(ArrayLike)) >= {jax.Array, np.ndarray, np.number, bool, int, float, complex} and typing.Any not in typing.get_args(ArrayLike)
    assert {str, np.dtype} <= set(typing.get_args(DTypeLike))


def test_equations_of_a_class_of_ones_own():
    class Marked(jax.extend.core.JaxprEqn):
        """An equation that is told apart."""
    program = jax.make_jaxpr(lambda x: jnp.sin(x) + 1)(2.)
    sin, add = program.jaxpr.eqns
    marked = Marked(sin.invars, sin.outvars, sin.primitive, sin.params, sin.effects, sin.source_info, sin.ctx)
    other = program.jaxpr.replace(eqns=[marked, add])
    assert type(other.eqns[0]) is Marked and jax.core.eval_jaxpr(other, (), 2.)[0] == jnp.sin(2.) + 1
