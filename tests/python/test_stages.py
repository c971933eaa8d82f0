"""Jitted functions before they run: trace, lower, compile; what is in their caches and why; names and types of arguments."""
import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest

x = jnp.arange(3.)


def affine(v, scale=2., *, offset):
    return {"a": v["w"] * scale + offset, "b": v["w"].sum()}


def test_stages():
    f = jax.jit(affine, static_argnames="offset", donate_argnums=0)
    assert isinstance(f, jax.stages.Wrapped) and not isinstance(affine, jax.stages.Wrapped)
    traced = f.trace({"w": x}, offset=3)
    assert isinstance(traced, jax.stages.Traced) and traced.fun_name == "affine"
    assert traced.in_tree == jax.tree.structure((({"w": 0},), {}))  # the static argument is no part of it
    assert traced.out_info["b"] == jax.ShapeDtypeStruct((), jnp.float32) and traced.out_tree == jax.tree.structure({"a": 0, "b": 0})
    lowered = traced.lower()
    (info,), _ = lowered.args_info
    assert (info["w"].shape, info["w"].dtype, info["w"].donated) == ((3,), np.float32, True) and lowered.donate_argnums == (0,)
    assert lowered.in_avals[0][0]["w"].shape == (3,) and "mul" in lowered.as_text()
    compiled = lowered.compile()
    assert compiled({"w": x + 1})["a"].tolist() == [5., 7., 9.]
    assert compiled.in_tree == lowered.in_tree and compiled.output_shardings.keys() == {"a", "b"}


def test_a_compiled_function_takes_what_it_was_compiled_for():
    compiled = jax.jit(affine, static_argnames="offset").lower({"w": x}, offset=1).compile()
    assert compiled({"w": np.ones(3, np.float32)})["b"] == 3.
    with pytest.raises(TypeError, match=r"(?s)Argument types differ.*'v\['w'\]' compiled with float32\[3\] and called with int32\[4\]"):
        compiled({"w": jnp.arange(4)})
    with pytest.raises(TypeError, match=r"(?s)does not match the input pytree.*args\[0\].*'q'"):
        compiled({"q": x})
    with pytest.raises(TypeError, match="does not match the input pytree"):
        compiled({"w": x}, offset=1)
    for transform in (jax.grad, jax.vmap, jax.jit):
        with pytest.raises(TypeError, match="Cannot apply JAX transformations.*Tracer"):
            transform(lambda v: compiled({"w": v})["b"])(x)


def test_statics_and_weak_types():
    f = jax.jit(lambda n, v: v * n, static_argnums=0).lower(3, 1.).compile()
    assert f(2.) == 6. and f(jnp.float32(2)) == 6.


def test_cost_and_memory():
    compiled = jax.jit(lambda a, b: jnp.tanh(a @ b)).lower(jnp.ones((4, 5)), jnp.ones((5, 6))).compile()
    cost = compiled.cost_analysis()
    assert (cost["flops"], cost["transcendentals"]) == (2 * 4 * 5 * 6, 24)
    memory = compiled.memory_analysis()
    assert (memory.argument_size_in_bytes, memory.output_size_in_bytes) == (4 * (20 + 30), 4 * 24)
    loop = jax.jit(lambda a: jax.lax.fori_loop(0, 7, lambda i, c: c * 2., a)).lower(x)
    assert loop.cost_analysis()["flops"] >= 7 * 3


def test_shapes_without_values():
    s = jax.ShapeDtypeStruct((3, 2), "float32")
    assert (s.ndim, s.size, len(s), s.dtype) == (2, 6, 3, np.float32) and s.update(shape=(1,)) == jax.ShapeDtypeStruct((1,), jnp.float32)
    with pytest.raises(RuntimeError, match="immutable"):
        s.shape = (2,)
    shapes = jax.jit(lambda v: (v.T, v.sum())).eval_shape(s)
    assert shapes == (jax.ShapeDtypeStruct((2, 3), jnp.float32), jax.ShapeDtypeStruct((), jnp.float32))
    program, out = jax.make_jaxpr(lambda v: {"z": v}, return_shape=True)(s)
    assert out == {"z": s}


def test_caches():
    f = jax.jit(lambda v, n: v * n)
    f(x, 2), f(x, 3), f(x, 2.), f(x + 1, 2)
    info = f.cache_info()
    assert (info.hits, info.misses, info.currsize) == (2, 2, 2) and f._cache_size() == 2
    assert "at n, now float32[] and before int32[]" in info.reasons
    jax.clear_caches()
    assert f._cache_size() == 0 and f(x, 2).tolist() == [0., 2., 4.]
    g = jax.jit(lambda v: jax.pure_callback(lambda a: (jax.clear_caches(), np.asarray(a))[1], v, v) + 1)
    assert g(x).tolist() == g(x).tolist() == [1., 2., 3.]


def test_logs(caplog):
    def f(v, n):
        return v["w"] * n
    f = jax.jit(f)
    with jax.log_compiles():
        f({"w": x}, 1)
    assert "Finished tracing f for jit" in caplog.text and "Compiling jit(f)" in caplog.text
    caplog.clear()
    with jax.explain_cache_misses(True):
        f({"w": x}, 1)
        assert not caplog.text
        f({"w": jnp.ones(4)}, 1)
        f({"w": jnp.ones(4)}, jnp.int32(1))
        jax.jit(lambda v: v)(x)
    assert "TRACING CACHE MISS" in caplog.text and "test_stages.py" in caplog.text
    assert "at v['w'], now float32[4] and before float32[3]" in caplog.text and "at n, now int32[] (not weakly typed)" in caplog.text
    assert "never seen function" in caplog.text and {r.name.split(".")[0] for r in caplog.records} == {"jax"}


def test_inline():
    double = jax.jit(lambda v: v * 2, inline=True)
    assert "jit" not in str(jax.make_jaxpr(lambda v: double(v) + 1)(x))
    assert jax.grad(lambda v: double(v).sum())(x).tolist() == [2.] * 3


def test_names():
    @jax.named_scope("outer")
    def f(v):
        with jax.named_scope("inner"):
            return v * 2
    assert f(x).tolist() == jax.jit(f)(x).tolist() == jax.named_call(f, name="other")(x).tolist()
    with pytest.raises(TypeError, match="must be a string"):
        jax.named_scope(3)


def test_messages_name_the_argument():
    with pytest.raises(TypeError, match=r"path p\['name'\]"):
        jax.jit(lambda p: p)({"name": "text", "w": x})
    with pytest.raises(TypeError, match=r"path rest\[1\]"):
        jax.jit(lambda v, *rest: v)(x, x, object())
    with pytest.raises(TypeError, match=r"path more\['k'\]\[0\]"):
        jax.jit(lambda v, **more: v)(x, k=["text"])
