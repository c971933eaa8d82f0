"""What vjp and linearize return: functions, and pytrees of the values they keep."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest


def product(x, y):
    return jnp.sin(x) * y


def test_a_pullback_passes_through_jit():
    out, pull = jax.jit(lambda x, y: jax.vjp(product, x, y))(1.0, 4.0)
    assert np.allclose(out, 4 * np.sin(1))
    traced = []

    @jax.jit
    def back(pull, ct):
        traced.append(1)
        return pull(ct)
    assert np.allclose(back(pull, 2.0), (8 * np.cos(1), 2 * np.sin(1)))
    _, other = jax.jit(lambda x, y: jax.vjp(product, x, y))(2.0, 5.0)
    assert np.allclose(back(other, 2.0), (10 * np.cos(2), 2 * np.sin(2)))
    assert len(traced) == 1


def test_a_pullback_is_mapped():
    xs = jnp.arange(3.0)
    _, pulls = jax.vmap(lambda x: jax.vjp(jnp.sin, x))(xs)
    (cts,) = jax.vmap(lambda pull, ct: pull(ct))(pulls, jnp.ones(3))
    assert np.allclose(cts, np.cos(xs))
    _, pull = jax.vjp(product, 1.0, 4.0)
    assert np.allclose(jax.vmap(pull)(xs)[1], np.sin(1) * xs)


def test_a_pullback_is_differentiated():
    assert np.allclose(jax.grad(lambda x: jax.vjp(product, x, 4.0)[1](1.0)[0])(1.0), -4 * np.sin(1))
    _, pull = jax.vjp(product, 1.0, 4.0)
    again = jax.tree.map(lambda leaf: 2 * leaf, pull)
    assert np.allclose(again(1.0), (16 * np.cos(1), 2 * np.sin(1)))  # cos(x) and y are doubled
    assert np.allclose(pull(1.0), (4 * np.cos(1), np.sin(1)))


def test_arguments_are_taken_out_and_put_back():
    params = {"a": jnp.ones(2), "b": 1.0}
    _, pull = jax.vjp(lambda p, y: p["a"] * y, params, 2.0)
    assert type(pull).__name__ == "VJP"
    assert repr(pull.args_res[1]) == "NotNeeded()" or float(pull.args_res[1]) == 2
    pull.args_res[0] = None
    with pytest.raises(ValueError, match=r"args_res\[0\]"):
        pull(jnp.ones(2))
    pull.args_res[0] = params
    assert np.allclose(pull(jnp.ones(2))[0]["a"], 2)
    assert pull.in_tree == jax.tree.structure((params, 0)) and pull.out_tree == jax.tree.structure(0)


def test_cotangents_go_into_references():
    _, pull = jax.vjp(product, 1.0, 4.0)
    total = jax.new_ref(0.0)
    for _ in range(2):
        assert [type(g).__name__ for g in pull.with_refs(total, None)(1.0)] == ["GradRef", "DidntWant"]
    assert np.allclose(total[...], 8 * np.cos(1))
    with pytest.raises(TypeError, match="2 leaves"):
        pull.with_refs(total)


def test_a_linearized_function_is_a_pytree():
    _, push = jax.linearize(product, 1.0, 4.0)
    assert np.allclose(jax.jit(lambda f, t: f(t, 0.0))(push, 1.0), 4 * np.cos(1))
    assert len(jax.tree.leaves(push)) == len(push.args) == 3


@pytest.mark.parametrize("jitted", [True, False])
def test_forward_and_backward(jitted):
    forward, backward = jax.fwd_and_bwd(lambda x, y: (product(x, y), x), argnums=0, has_aux=True, jitted=jitted)
    out, residuals, aux = forward(1.0, 4.0)
    assert np.allclose((out, aux), (4 * np.sin(1), 1))
    assert np.allclose(backward(residuals, 2.0), 8 * np.cos(1))
    forward, backward = jax.fwd_and_bwd(product, argnums=(0, 1), jitted=jitted)
    out, residuals = jax.jit(forward)(1.0, 4.0)
    assert np.allclose(jax.jit(backward)(residuals, 2.0), (8 * np.cos(1), 2 * np.sin(1)))


def test_what_is_refused():
    _, pull = jax.vjp(jnp.sin, 1.0)
    with pytest.raises(ValueError, match="unexpected JAX type"):
        pull(jnp.ones(3))
    with pytest.raises(ValueError, match="unexpected tree structure"):
        pull((1.0, 2.0))
    with pytest.raises(TypeError, match="single argument"):
        pull(1.0, 2.0)
    _, push = jax.linearize(jnp.sin, 1.0)
    with pytest.raises(ValueError, match="linearized function called on tangent values inconsistent"):
        push(jnp.ones(3))
    with pytest.raises(NotImplementedError, match="reduce_axes"):
        jax.vjp(jnp.sin, 1.0, reduce_axes=("batch",))
    with pytest.raises(NotImplementedError, match="reduce_axes"):
        jax.grad(jnp.sin, reduce_axes=("batch",))
    with pytest.raises(TypeError, match="callable"):
        jax.fwd_and_bwd(3, 0)


def test_what_checkpoint_computes_again_is_shown_again(capsys):
    @jax.checkpoint
    def f(x):
        jax.debug.print("seen {:.1f}", x)
        return jnp.sin(jnp.sin(x))
    jax.grad(f)(1.0)
    assert capsys.readouterr().out == 2 * "seen 1.0\n"
    jax.jit(jax.grad(lambda x: jax.lax.scan(lambda c, _: (f(c), None), x, None, length=1)[0]))(1.0)
    assert capsys.readouterr().out == 2 * "seen 1.0\n"
    f(1.0)
    assert capsys.readouterr().out == "seen 1.0\n"


def test_prevent_cse_for_some_arguments():
    f = jax.checkpoint(lambda x, y: jnp.sin(x) * jnp.sin(y), prevent_cse=(True, False))
    assert np.allclose(jax.jit(jax.grad(f))(1.0, 2.0), np.cos(1) * np.sin(2))
    with pytest.raises(TypeError, match="prevent_cse"):
        jax.checkpoint(jnp.sin, prevent_cse="yes")(1.0)
