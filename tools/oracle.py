"""What compares live with JAX (tests/conformance, bench) needs: a Python with JAX, and libraries built on JAX. Both are made under build/ when first asked for."""
import os
import subprocess
import sys

# Installed for both; for Cotan without what they depend on, since JAX is among that.
LIBRARIES = "optax flax dm-haiku equinox chex numpyro lineax optimistix diffrax".split()
NEEDED = ("absl-py toolz typing_extensions msgpack rich markdown-it-py mdurl Pygments PyYAML treescope etils tensorstore opt_einsum jmp tabulate humanize "
          "jaxtyping wadler_lindig tqdm multipledispatch").split()
INSTALL = ["-m", "pip", "install", "-q", "--disable-pip-version-check"]


def python_with_jax(build):
    """[interpreter] of a virtual environment with JAX and the libraries."""
    folder = os.path.join(build, "jax")
    python, ready = os.path.join(folder, "bin", "python"), os.path.join(folder, ".ready")
    if not os.path.exists(ready):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, *INSTALL, "jax==0.10.2", "numpy", "matplotlib", *LIBRARIES], check=True)
        open(ready, "w").close()
    return [python]


def libraries(build, python):
    """The folder of the libraries for Cotan, to be put on PYTHONPATH."""
    folder = os.path.join(build, "libraries")
    if not os.path.exists(os.path.join(folder, ".ready")):
        subprocess.run([python, *INSTALL, "--no-deps", "--target", folder, *LIBRARIES, *NEEDED], check=True)
        open(os.path.join(folder, ".ready"), "w").close()
    return folder
