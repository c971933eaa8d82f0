"""jax._src.compiler: what chex.restrict_backends puts itself in front of."""


def __getattr__(name):
    if name == "backend_compile_and_load":
        raise NotImplementedError("jax._src.compiler.backend_compile_and_load: programs are compiled in C, where Python cannot step in between")
    raise AttributeError(f"module 'jax._src.compiler' has no attribute {name!r}")
