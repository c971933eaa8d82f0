"""NumPyro: a regression by NUTS and by variational inference, predictions, densities."""
import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS, SVI, Predictive, Trace_ELBO, autoguide

x = jnp.linspace(-1, 1, 50)
y = 1.5 * x + 0.3 + 0.1 * jax.random.normal(jax.random.key(0), (50,))


def model(x, y=None):
    a, b = (numpyro.sample(name, dist.Normal(0, 1)) for name in "ab")
    s = numpyro.sample("s", dist.HalfNormal(1))
    with numpyro.plate("data", x.shape[0]):
        numpyro.sample("y", dist.Normal(a * x + b, s), obs=y)


sampler = MCMC(NUTS(model), num_warmup=300, num_samples=400, progress_bar=False)
sampler.run(jax.random.PRNGKey(1), x, y)
samples = sampler.get_samples()
print({name: f"{values.mean():.1f}" for name, values in samples.items()})
fit = SVI(model, autoguide.AutoNormal(model), numpyro.optim.Adam(1e-2), Trace_ELBO()).run(jax.random.PRNGKey(2), 300, x, y, progress_bar=False)
print(f"{fit.losses[-1]:.0f}", Predictive(model, samples)(jax.random.PRNGKey(3), x)["y"].shape)
for d in (dist.Gamma(2.0, 1.0), dist.Beta(1.0, 2.0), dist.MultivariateNormal(jnp.zeros(2), jnp.eye(2)), dist.Categorical(jnp.ones(3) / 3), dist.Poisson(2.0),
          dist.StudentT(3.0), dist.Dirichlet(jnp.ones(3)), dist.LKJCholesky(3), dist.NegativeBinomial2(2.0, 1.0)):
    print(type(d).__name__, d.log_prob(d.sample(jax.random.PRNGKey(0), (2,))))
