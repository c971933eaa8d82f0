"""jax.experimental.key_reuse: jax.debug_key_reuse(True) raises jax.errors.KeyReuseError where a random key is used twice."""
