"""Evaluates functions.txt, scipy.txt and their like: one expression a line; "let" lines define names.
A result is a list of (dtype, weakly typed, shape, numbers) or an exception's class."""
import importlib
import os
import warnings

HERE = os.path.dirname(__file__)


def scope():
    import jax
    for module in ("optimize", "sparse.linalg", "fft", "ndimage", "interpolate", "cluster.vq", "integrate", "signal", "stats", "spatial.transform"):
        importlib.import_module("jax.scipy." + module)
    for module in ("experimental.ode", "experimental.sparse", "experimental.sparse.linalg", "experimental.rnn", "image", "example_libraries.optimizers", "example_libraries.stax"):
        importlib.import_module("jax." + module)
    import numpy as np
    return {"jax": jax, "jnp": jax.numpy, "nn": jax.nn, "random": jax.random, "np": np}


# The files of expressions, and how far numbers may be off, relative to them.
FILES = {"functions": 3e-6, "scipy": 3e-6, "scipy_linalg": 3e-5, "scipy_special": 1e-5, "scipy_solvers": 1e-4,
         "scipy_signal": 1e-5, "scipy_stats": 1e-5, "scipy_ode": 3e-4,
         "scipy_spatial": 1e-5, "scipy_spectra": 1e-5, "image": 1e-4, "example_libraries": 1e-5, "sparse": 1e-4, "rnn": 1e-5}


def lines(file):
    with open(os.path.join(HERE, file + ".txt")) as f:
        return [line.strip() for line in f if line.strip() and not line.startswith("#")]


def describe(leaf):
    import jax
    import numpy as np
    weak = bool(getattr(leaf, "weak_type", False))
    if "key<" in str(getattr(leaf, "dtype", "")):
        leaf = jax.random.key_data(leaf)
    a = np.asarray(leaf)
    if a.dtype.kind == "c":
        numbers = a.view(a.real.dtype).ravel()
    else:
        numbers = a.astype(np.float64).ravel() if a.dtype.kind not in "iub" else a.ravel()
    return [str(a.dtype), weak, list(a.shape), [float(f"{v:.8g}") if numbers.dtype.kind == "f" else int(v) for v in numbers]]


def evaluate(line, names):
    import jax
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return [describe(leaf) for leaf in jax.tree_util.tree_leaves(eval(line, names))]
        except Exception as e:
            return type(e).__name__
