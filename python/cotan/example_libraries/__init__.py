"""jax.example_libraries: optimizers and networks as pairs of functions."""
