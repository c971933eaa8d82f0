"""Lineax, Optimistix and Diffrax: linear systems, roots, minima and differential equations, with their derivatives."""
import diffrax
import jax
import jax.numpy as jnp
import lineax
import optimistix

a = jax.random.normal(jax.random.key(0), (4, 4))
b = jnp.ones(4)
print(lineax.linear_solve(lineax.MatrixLinearOperator(a), b).value)
definite = lineax.MatrixLinearOperator(a @ a.T + jnp.eye(4), lineax.positive_semidefinite_tag)
for solver in (lineax.LU(), lineax.QR(), lineax.SVD(), lineax.CG(1e-6, 1e-6), lineax.GMRES(1e-6, 1e-6), lineax.Cholesky()):
    print(type(solver).__name__, lineax.linear_solve(definite, b, solver).value)
print(jax.grad(lambda v: lineax.linear_solve(definite, v).value.sum())(b))
print(jax.vmap(lambda v: lineax.linear_solve(definite, v).value)(jnp.stack([b, 2 * b])))
print(jax.jacfwd(lambda m: lineax.linear_solve(lineax.MatrixLinearOperator(m), b).value)(a).shape)
print(lineax.linear_solve(lineax.TridiagonalLinearOperator(b * 4, b[1:], b[1:]), b).value)

cosine = lambda v, args: v - jnp.cos(v) * args
newton = optimistix.Newton(1e-6, 1e-6)
print(optimistix.root_find(cosine, newton, 1.0, args=1.0).value, jax.grad(lambda s: optimistix.root_find(cosine, newton, 1.0, args=s).value)(1.0))
valley = lambda v, _: (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2
print([f"{v:.2f}" for v in optimistix.minimise(valley, optimistix.BFGS(1e-6, 1e-6), jnp.zeros(2), max_steps=500).value])
residuals = lambda v, _: jnp.stack([1 - v[0], 10 * (v[1] - v[0] ** 2)])
print(optimistix.least_squares(residuals, optimistix.LevenbergMarquardt(1e-6, 1e-6), jnp.zeros(2)).value)

decay = diffrax.ODETerm(lambda t, v, rate: -rate * v)
saved = diffrax.SaveAt(ts=jnp.linspace(0, 2, 5))
control = diffrax.PIDController(1e-6, 1e-6)
print([f"{v:.4f}" for v in diffrax.diffeqsolve(decay, diffrax.Dopri5(), 0, 2, 0.1, jnp.array(1.0), args=1.0, saveat=saved, stepsize_controller=control).ys])
print(jax.grad(lambda rate: diffrax.diffeqsolve(decay, diffrax.Tsit5(), 0, 2, 0.1, jnp.array(1.0), args=rate).ys[-1])(1.0))
stiff = diffrax.ODETerm(lambda t, v, mu: jnp.stack([v[1], mu * (1 - v[0] ** 2) * v[1] - v[0]]))
end = diffrax.diffeqsolve(stiff, diffrax.Kvaerno5(), 0.0, 2.0, 0.01, jnp.array([1.0, 0.0]), args=5.0, stepsize_controller=control)
print([f"{v:.3f}" for v in end.ys[-1]])
print(jax.vmap(lambda v: diffrax.diffeqsolve(decay, diffrax.Heun(), 0, 1, 0.1, v, args=1.0).ys[-1])(jnp.arange(3.0)))
noise = diffrax.VirtualBrownianTree(0.0, 1.0, 1e-3, (), jax.random.key(0))
terms = diffrax.MultiTerm(decay, diffrax.ControlTerm(lambda t, v, args: 0.1, noise))
print(diffrax.diffeqsolve(terms, diffrax.Euler(), 0.0, 1.0, 0.05, 1.0, args=1.0).ys)
