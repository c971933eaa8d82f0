"""custom_linear_solve, optimization_barrier, platform_dependent: values and all their derivatives."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

A = np.array([[4.0, 1.0, 0.5], [0.2, 3.0, 0.1], [0.3, 0.7, 5.0]], np.float32)
B = np.array([1.0, -2.0, 0.5], np.float32)


def _jacobi(product, diagonal, b):
    """A solver that converges for matrices with a strong diagonal; it has a derivative nobody asks for."""
    return lax.fori_loop(0, 60, lambda _, x: x + (b - product(x)) / diagonal, jnp.zeros_like(b))


def _solve(a, b, **how):
    diagonal = lax.stop_gradient(jnp.diag(a))
    return lax.custom_linear_solve(lambda x: {"x": a @ x["x"]}, {"x": b}, lambda mv, b: {"x": _jacobi(lambda x: mv({"x": x})["x"], diagonal, b["x"])},
                                   lambda vm, b: {"x": _jacobi(lambda x: vm({"x": x})["x"], diagonal, b["x"])}, **how)["x"]


def _loss(a, b):
    return jnp.sum(jnp.sin(_solve(a, b)))


def test_solutions_have_derivatives_of_any_order():
    inverse = np.linalg.inv(A.astype(float))
    x = inverse @ B
    weight = inverse.T @ np.cos(x)
    for f in (_loss, jax.jit(_loss)):
        da, db = jax.grad(f, (0, 1))(A, B)
        assert np.allclose(_solve(A, B), x, atol=1e-5) and np.allclose(db, weight, atol=1e-5) and np.allclose(da, -np.outer(weight, x), atol=1e-5)
        assert np.allclose(jax.jvp(f, (A, B), (A, B))[1], (da * A).sum() + (db * B).sum(), atol=1e-5)
        hessian = inverse.T @ np.diag(-np.sin(x)) @ inverse
        for h in (jax.jacfwd(jax.grad(f, 1), 1), jax.jacrev(jax.grad(f, 1), 1), jax.jacrev(jax.jacfwd(f, 1), 1)):
            assert np.allclose(h(A, B), hessian, atol=1e-4)


def test_batches_of_solutions():
    many = np.stack([B, 2 * B, B + 1])
    maps = np.stack([A, A + 0.1, A.T])
    for axes, args in (((None, 0), (A, many)), ((0, None), (maps, B)), ((0, 0), (maps, many))):
        for f in (_solve, jax.jit(_solve), jax.grad(_loss), jax.grad(_loss, 1)):
            want = [f(*(x[i] if axis == 0 else x for x, axis in zip(args, axes))) for i in range(3)]
            assert np.allclose(jax.vmap(f, axes)(*args), want, atol=1e-5)


def test_symmetric_maps_aux_and_errors():
    symmetric = A + A.T

    def solve(mv, b):
        return jnp.asarray(np.linalg.inv(symmetric)) @ b, {"steps": 7}

    def f(b):
        return lax.custom_linear_solve(lambda x: symmetric @ x, b, solve, symmetric=True, has_aux=True)
    x, aux = jax.jit(f)(B)
    assert aux["steps"] == 7 and np.allclose(symmetric @ x, B, atol=1e-5)
    assert np.allclose(jax.grad(lambda b: f(b)[0].sum())(B), np.linalg.inv(symmetric).sum(0), atol=1e-5)
    with pytest.raises(TypeError, match="transpose_solve required for backwards mode"):
        jax.grad(lambda b: lax.custom_linear_solve(lambda x: x, b, lambda mv, b: b).sum())(B)
    with pytest.raises(TypeError, match=r"solve\(\) output pytree structure must match b"):
        lax.custom_linear_solve(lambda x: x, B, lambda mv, b: (b,))
    with pytest.raises(ValueError, match=r"matvec\(\) output shapes must match b, got float32\[2\] and float32\[3\]"):
        lax.custom_linear_solve(lambda x: x[:2], B, lambda mv, b: b)


def test_optimization_barrier_is_the_identity():
    def f(x):
        y = lax.optimization_barrier({"a": x, "b": (x * 3, 2)})
        return y["a"] * y["b"][0] * y["b"][1]
    assert f(2.0) == 24 and jax.jit(jax.grad(f))(2.0) == 24 and jax.grad(jax.grad(f))(2.0) == 12
    assert jax.vmap(jax.jit(f))(jnp.array([1.0, 2.0])).tolist() == [6, 24]
    assert "optimization_barrier a b" in str(jax.make_jaxpr(lambda x: lax.optimization_barrier((x, x + 1)))(1.0))


def test_platform_dependent():
    assert lax.platform_dependent(2.0, cpu=lambda x: x + 1, default=lambda x: x) == 3
    assert jax.grad(lambda x: lax.platform_dependent(x, tpu=lambda x: x, default=lambda x: x * x))(2.0) == 4
    with pytest.raises(NotImplementedError, match="branches for tpu and no default, and the platform is cpu"):
        lax.platform_dependent(2.0, tpu=lambda x: x)


def _newton(f, x):
    def step(x):
        return x - f(x) / jax.jvp(f, (x,), (jnp.ones_like(x),))[1]
    return lax.while_loop(lambda x: jnp.abs(f(x)) > 1e-5, step, x)


def test_roots_have_derivatives_of_any_order():
    def cube_root(a):
        return lax.custom_root(lambda x: x ** 3 - a, 1.0, _newton, lambda g, y: y / g(1.0))
    for f in (cube_root, jax.jit(cube_root)):
        assert np.allclose([f(8.0), jax.grad(f)(8.0), jax.grad(jax.grad(f))(8.0), jax.jvp(f, (8.0,), (1.0,))[1]], [2, 1 / 12, -1 / 144, 1 / 12], rtol=1e-4)
        assert np.allclose(jax.vmap(jax.grad(f))(jnp.array([8.0, 27.0])), [1 / 12, 1 / 27], rtol=1e-4)
        assert np.allclose(jax.jit(jax.jacfwd(jax.grad(f)))(8.0), -1 / 144, rtol=1e-3)


def test_roots_of_systems_with_aux():
    def circle(r):
        def g(v):
            return {"x": jnp.array([v["x"][0] ** 2 - r, v["x"][1] - 2 * v["x"][0]])}

        def by_hand(f, v):
            for _ in range(12):
                x = v["x"][0] - (v["x"][0] ** 2 - r) / (2 * v["x"][0])
                v = {"x": jnp.array([x, 2 * x])}
            return v, jnp.int32(12)

        def tangent(g, y):
            a = jnp.stack([g({"x": jnp.eye(2)[i]})["x"] for i in range(2)], 1)
            d = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
            return {"x": jnp.array([a[1, 1] * y["x"][0] - a[0, 1] * y["x"][1], a[0, 0] * y["x"][1] - a[1, 0] * y["x"][0]]) / d}
        return lax.custom_root(g, {"x": jnp.ones(2)}, by_hand, tangent, has_aux=True)
    assert np.allclose(circle(4.0)[0]["x"], [2, 4]) and circle(4.0)[1] == 12
    assert np.allclose(jax.jit(jax.jacrev(lambda r: circle(r)[0]["x"]))(4.0), [0.25, 0.5]) and np.allclose(jax.jacfwd(lambda r: circle(r)[0]["x"])(4.0), [0.25, 0.5])
    with pytest.raises(TypeError, match=r"f\(\) output pytree structure must match initial_guess"):
        lax.custom_root(lambda x: (x,), 1.0, _newton, lambda g, y: y)
    with pytest.raises(TypeError, match=r"solve\(\) output pytree structure must match initial_guess"):
        lax.custom_root(lambda x: x, 1.0, lambda f, x: (x,), lambda g, y: y)
