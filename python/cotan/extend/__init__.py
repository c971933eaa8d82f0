"""jax.extend: interfaces for those who build on the internals."""
