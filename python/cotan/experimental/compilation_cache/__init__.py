"""jax.experimental.compilation_cache: the code on disk."""
