"""jax.extend.ifrt_programs: programs that another process compiles. There is none."""
ifrt_programs = None
