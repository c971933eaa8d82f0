"""Every program of the tour runs: the Python ones here, the C ones compiled against the library."""
import glob
import os
import re
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = sorted(glob.glob(os.path.join(ROOT, "docs", "tour", "[0-9]*.md")))


def programs(page, language):
    with open(page, encoding="utf-8") as f:
        return re.findall(rf"```{language}(?: cotan)?\n(.*?)```", f.read(), re.S)  # "python cotan": beyond JAX


@pytest.mark.parametrize("page", PAGES, ids=os.path.basename)
def test_python_programs(page, tmp_path):
    program = tmp_path / "page.py"
    program.write_text("\n".join(programs(page, "python")))
    done = subprocess.run([sys.executable, "-m", "cotan", str(program)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("page", PAGES, ids=os.path.basename)
def test_c_programs(page, tmp_path):
    library = os.path.join(ROOT, "build", "libcotan.a")
    if not os.path.exists(library) or not shutil.which("cc"):
        pytest.skip("the C library is not built here")
    for i, text in enumerate(programs(page, "c")):
        source, program = tmp_path / f"page{i}.c", tmp_path / f"page{i}"
        source.write_text(text)
        include = [f"-I{os.path.join(ROOT, folder)}" for folder in ("include", os.path.join("build", "generated"))]
        subprocess.run(["cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", *include, str(source), library, "-lm", "-lpthread", "-ldl", "-o", str(program)], check=True, timeout=120)
        done = subprocess.run([str(program)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert done.stdout
