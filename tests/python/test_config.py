"""Options that change what programs may do or give: promotion, ranks, keys, random bits, execution; with the values and classes that JAX gives."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest

x, i, m = jnp.ones(3), jnp.ones(3, int), jnp.ones((2, 3))


@pytest.mark.parametrize("f", [
    lambda: x + i, lambda: i + 1., lambda: i + jnp.int16(1), lambda: x + jnp.bfloat16(1), lambda: (x > 0) + i, lambda: jnp.where(x > 0, x, i),
    lambda: (x > 0) + 1, lambda: jnp.result_type(x, i), lambda: jnp.promote_types("int32", "float32"), lambda: jnp.concatenate([x, i]), lambda: jnp.dot(x, i),
    lambda: x**i, lambda: i.at[0].set(jnp.float32(1)), lambda: jax.jit(lambda x: x * i)(x), lambda: x + 1j, lambda: x + True, lambda: jnp.uint32(1) + jnp.int32(1)])
def test_strict_promotion_refuses(f):
    f()
    with jax.numpy_dtype_promotion("strict"), pytest.raises(jax.dtypes.TypePromotionError):
        f()


def test_strict_promotion_lets_numbers_be():
    with jax.numpy_dtype_promotion("strict"):
        for f in (lambda: x + 1, lambda: x + np.float64(3), lambda: jnp.sqrt(i), lambda: i / i, lambda: x**2, lambda: x.at[0].set(1), lambda: jnp.mean(i),
                  lambda: jnp.where(x > 0, x, 0), lambda: jnp.std(x), lambda: jax.nn.softmax(x), lambda: jax.grad(lambda x: (x**2).sum() / 3)(x), lambda: i // 2,
                  lambda: jax.random.normal(jax.random.key(0), (2,)), lambda: jnp.linspace(0, 1, 3), lambda: jnp.sum(x, initial=1), lambda: jnp.argmax(x) + 1):
            f()


def test_ranks_may_have_to_agree():
    mixed = (lambda: m + x, lambda: jnp.add(x, m), lambda: jnp.clip(m, x, 2), lambda: jax.jit(lambda m: m - x)(m), lambda: m < x)
    agreeing = (lambda: m + 1, lambda: m * x[None], lambda: jnp.dot(m, x), lambda: jnp.broadcast_arrays(x, m), lambda: jnp.einsum("ij,j->i", m, x),
                lambda: m.at[0].set(x), lambda: jax.vmap(lambda a: a + x)(m), lambda: jnp.std(m, axis=1), lambda: jnp.where(m > 0, x, 1.),
                lambda: jnp.linalg.solve(jnp.eye(3), x), lambda: jnp.matmul(m[None], m.T))
    for f in mixed:
        f()
        with jax.numpy_rank_promotion("raise"), pytest.raises(ValueError, match="jax_numpy_rank_promotion='raise'"):
            f()
        with jax.numpy_rank_promotion("warn"), pytest.warns(UserWarning, match="automatic rank promotion"):
            f()
    with jax.numpy_rank_promotion("raise"):
        for f in agreeing:
            f()


def test_sums_of_float16():
    h = jnp.ones(3, jnp.float16)
    with jax.allow_f16_reductions(False):
        assert h.sum() == 3 and h.max() == 1
        with pytest.raises(ValueError, match="jax_allow_f16_reductions=False"):
            jax.lax.reduce_sum(h, (0,))


def test_raw_keys():
    raw = jax.random.PRNGKey(0)
    for f in (lambda: jax.random.normal(raw), lambda: jax.random.split(raw), lambda: jax.random.key_data(raw), lambda: jax.random.fold_in(raw, 1)):
        with jax.legacy_prng_key("error"), pytest.raises(ValueError, match="Legacy uint32 key"):
            f()
        with jax.legacy_prng_key("warn"), pytest.warns(UserWarning, match="Legacy uint32 key"):
            f()
    with jax.legacy_prng_key("error"):
        assert jax.random.wrap_key_data(raw).shape == () and jax.random.normal(jax.random.key(0)).shape == ()
    with jax.enable_custom_prng(True):
        assert jnp.issubdtype(jax.random.PRNGKey(0).dtype, jax.dtypes.prng_key)


def test_nothing_is_executed():
    with jax.no_execution(True):
        with pytest.raises(RuntimeError, match="no_execution"):
            x + 1
        with pytest.raises(RuntimeError, match="no_execution"):
            jax.jit(lambda x: x + 1)(x)
        assert str(jax.make_jaxpr(lambda x: x + 1)(2.)).count("add") == 1
    assert (x + 1)[0] == 2


def test_bits_of_counters_in_halves():
    key = jax.random.key(1)
    draw = jax.jit(lambda k: jax.random.bits(k, (5,)))
    before = draw(key).tolist()
    with jax.threefry_partitionable(False):
        assert draw(key).tolist() == [3568232559, 713140391, 1958986954, 2761185182, 2442350529]
        assert jax.random.key_data(jax.random.split(key, 3)).tolist() == [[3568232559, 713140391], [3620866055, 2761185182], [2442350529, 2639019713]]
        assert jax.random.bits(key, (2, 3), "uint8").tolist() == [[118, 136, 41], [116, 72, 128]]
        assert jax.random.bits(key, (4,), "uint16").tolist() == [34934, 29737, 32840, 64653]
        assert jax.random.permutation(key, 6).tolist() == [1, 5, 0, 2, 3, 4]
        assert jax.vmap(lambda k: jax.random.bits(k, (3,)))(jax.random.split(key)).tolist() == [[2698884502, 2287873816, 3856573362], [2986633504, 4245923105, 2554108775]]
        assert jax.random.bits(key).item() == 507451445 and jax.random.bits(key, (0,)).shape == (0,)
        with jax.enable_x64(True):
            assert jax.random.bits(key, (3,), "uint64").tolist() == [15325442148188575646, 3062914659244003265, 15551501292060556993]
    assert draw(key).tolist() == before


def test_every_option_is_known():
    for name, value in jax.config.values.items():
        assert getattr(jax.config, name) == value
    jax.config.update("jax_persistent_cache_enable_xla_caches", "all")
    jax.config.update("jax_persistent_cache_enable_xla_caches", "xla_gpu_per_fusion_autotune_cache_dir")
    with pytest.raises(AttributeError):
        jax.config.update("jax_no_such_option", 1)
