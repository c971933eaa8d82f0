#!/usr/bin/env python3
"""Records recorded/random_cases.h: draws of jax.random from key 42, which random_recorded.c compares.

    JAX_PLATFORMS=cpu python record_random.py > recorded/random_cases.h"""
import jax
import numpy as np

key = jax.random.key(42)
r = jax.random
exact = {
    "key_data": lambda: r.key_data(key),
    "split": lambda: r.key_data(r.split(key, 3)),
    "fold_in": lambda: r.key_data(r.fold_in(key, 7)),
    "bits": lambda: r.bits(key, (7,)),
    "bits8": lambda: r.bits(key, (7,), "uint8"),
    "randint": lambda: r.randint(key, (9,), -5, 100),
    "permutation": lambda: r.permutation(key, 12),
    "bernoulli": lambda: r.bernoulli(key, 0.3, (16,)),
    "categorical": lambda: r.categorical(key, np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)),
    "choice": lambda: r.choice(key, 9, (5,), replace=False),
    "uniform": lambda: r.uniform(key, (9,)),
}
close = {
    "normal": lambda: r.normal(key, (2, 5)),
    "gumbel": lambda: r.gumbel(key, (5,)),
    "exponential": lambda: r.exponential(key, (5,)),
    "laplace": lambda: r.laplace(key, (5,)),
    "truncated_normal": lambda: r.truncated_normal(key, -1.0, 1.0, (5,)),
    "gamma": lambda: r.gamma(key, 0.7, (6,)),
    "loggamma": lambda: r.loggamma(key, 0.7, (6,)),
    "beta": lambda: r.beta(key, 2.0, 3.0, (5,)),
}
print(f"/* Recorded by record_random.py with JAX {jax.__version__}. */")
for table, tolerance in ((exact, 0.0), (close, 3e-6)):
    for name, draw in table.items():
        a = np.asarray(draw())
        values = ", ".join(repr(float(v)) for v in a.ravel())
        print(f'{{"{name}", {tolerance}, {a.ndim}, {{{", ".join(map(str, a.shape))}}}, (const double[]){{{values}}}}},')
