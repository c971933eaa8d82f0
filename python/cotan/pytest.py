"""A pytest plugin: with `-p cotan.pytest`, tests that say `import jax` run on Cotan."""
from ._alias import install

install()
