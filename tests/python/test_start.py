"""Starting programs: `python -m cotan`, what is imported, what a module's names are."""
import os
import subprocess
import sys
import textwrap

import jax.numpy as jnp
import numpy as np

LAUNCH = [sys.executable, "-m", "cotan"]


def run(*args, cwd=None):
    done = subprocess.run([*LAUNCH, *args], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_code():
    assert run("-c", "import jax, sys; print(jax.numpy.ones(2), sys.argv)", "a", "b") == "[1. 1.] ['-c', 'a', 'b']\n"


def test_file(tmp_path):
    (tmp_path / "helper.py").write_text("import jax.numpy as jnp\nvalue = jnp.arange(3)\n")
    (tmp_path / "program.py").write_text(textwrap.dedent("""
        import sys
        import jax
        from helper import value
        if __name__ == "__main__":
            print(value, sys.argv, __file__)
    """))
    path = str(tmp_path / "program.py")
    assert run(path, "--flag") == f"[0 1 2] {[path, '--flag']} {path}\n"


def test_module(tmp_path):
    (tmp_path / "tool.py").write_text("import sys, jax\nprint(__name__, sys.argv[1:])\n")
    assert run("-m", "tool", "x", cwd=tmp_path) == "__main__ ['x']\n"


def test_failures_have_tracebacks(tmp_path):
    (tmp_path / "broken.py").write_text("import jax\njax.jit(lambda x: 1 / 0)(1.)\n")
    done = subprocess.run([*LAUNCH, str(tmp_path / "broken.py")], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.strip().endswith("ZeroDivisionError: division by zero") and "broken.py" in done.stderr


def test_numpy_is_not_imported_until_needed():
    code = "import jax, sys; import jax.numpy as jnp; jax.jit(lambda x: jnp.sin(x) * 2)(1.0).block_until_ready(); print('numpy' in sys.modules)"
    assert run("-c", code) == "False\n"


def test_numpy_reads_the_names_of_narrow_types():
    for modules in "numpy, jax", "jax, numpy", "jax, importlib.util; importlib.util.find_spec('numpy'); import numpy":
        assert run("-c", f"import {modules}; print(numpy.dtype('bfloat16'), numpy.zeros(2, 'float8_e4m3fn').dtype.itemsize)") == "bfloat16 1\n"


def test_first_program_imports_little():
    """Neither NumPy nor what only takes time to import, such as typing with its regular expressions."""
    code = """
        import jax, sys
        import jax.numpy as jnp
        x = jnp.ones(3)
        before = set(sys.modules)
        compiled = jax.jit(lambda x: jnp.sin(x) * 2).trace(x).lower().compile()
        compiled(x)
        print(sorted(set(sys.modules) - before), [m for m in ("typing", "re", "enum", "inspect", "dataclasses") if m in sys.modules])
    """
    assert run("-c", textwrap.dedent(code)) == "['cotan._stages'] []\n"


def test_compiling_a_product_loads_its_library():
    """Small products need none; what a large one needs is there before it first runs."""
    code = """
        import jax
        import jax.numpy as jnp
        for n in 8, 512:
            jax.jit(lambda x: x @ x).lower(jax.ShapeDtypeStruct((n, n), "float32")).compile()
            print(any("libdnnl" in line for line in open("/proc/self/maps")))
    """
    assert run("-c", textwrap.dedent(code)) == "False\nTrue\n"


def test_both_names_are_one_package():
    assert run("-c", "import jax, cotan, jax.numpy, cotan.numpy, jax.tree_util; print(jax is cotan, jax.numpy is cotan.numpy)") == "True True\n"


def test_missing_modules():
    assert "True" in run("-c", textwrap.dedent("""
        try:
            import jax.nonsense
        except ModuleNotFoundError as e:
            print(e.name == "jax.nonsense")
    """))


def test_cotan_without_the_alias():
    done = subprocess.run([sys.executable, "-c", "import cotan as jax, cotan.numpy as jnp; print(jax.grad(jnp.sin)(0.))"], capture_output=True, text=True)
    assert done.stdout == "1.0\n", done.stderr


def test_devices_by_flag():
    env = dict(os.environ, XLA_FLAGS="--xla_force_host_platform_device_count=3")
    done = subprocess.run([*LAUNCH, "-c", "import jax; print(jax.devices())"], capture_output=True, text=True, env=env)
    assert done.stdout == "[CpuDevice(id=0), CpuDevice(id=1), CpuDevice(id=2)]\n"


def test_interrupting_a_program(tmp_path):
    """Ctrl-C ends a long jitted program with KeyboardInterrupt."""
    (tmp_path / "long.py").write_text(textwrap.dedent("""
        import os, signal, threading, time
        import jax, jax.numpy as jnp
        def f(x):
            for _ in range(400):
                x = x @ x
                x = x / jnp.max(x)
            return x
        f = jax.jit(f)
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        end = time.time() + 30
        try:
            while time.time() < end:
                f(jnp.ones((300, 300)))
            print("finished")
        except KeyboardInterrupt:
            print("interrupted")
    """))
    assert run(str(tmp_path / "long.py")) == "interrupted\n"


def test_print_options_of_numpy():
    x = jnp.array([[1.23456, 1e-7, 3], [4, 5, 6]])
    with np.printoptions(precision=2, suppress=True):
        assert str(x) == "[[1.23 0.   3.  ]\n [4.   5.   6.  ]]"
        assert repr(x[0]) == "Array([1.23, 0.  , 3.  ], dtype=float32)"
    with np.printoptions(linewidth=30):
        assert repr(jnp.arange(8)) == "Array([0, 1, 2, 3, 4, 5, 6,\n       7], dtype=int32)"
    assert str(x[0]) == "[1.23456e+00 1.00000e-07 3.00000e+00]"
