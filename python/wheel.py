#!/usr/bin/env python3
"""Writes a wheel of the built package: wheel.py build/python [folder]. A wheel is a zip file with a list of its members; nothing else is needed."""
import base64
import hashlib
import os
import re
import sys
import sysconfig
import zipfile

package, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "dist"
here = os.path.dirname(os.path.abspath(__file__))
version = re.search(r"project\(cotan VERSION ([\d.]+)", open(os.path.join(here, "..", "CMakeLists.txt")).read())[1]
tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
info = f"cotan-{version}.dist-info"
metadata = f"""Metadata-Version: 2.1
Name: cotan
Version: {version}
Summary: JAX's system written in C: NumPy-like arrays, grad, jit, vmap and a compiler of its own
Requires-Python: >=3.11,<3.12
Provides-Extra: numpy
Requires-Dist: numpy; extra == "numpy"
Requires-Dist: ml_dtypes; extra == "numpy"
"""
members = {f"{info}/METADATA": metadata.encode(),
           f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: cotan\nRoot-Is-Purelib: false\nTag: {tag}-{tag}-{platform}\n".encode()}
for path, _, names in os.walk(os.path.join(package, "cotan")):
    for name in sorted(names):
        if name.endswith((".py", ".pyi", ".so")):
            full = os.path.join(path, name)
            members[os.path.relpath(full, package)] = open(full, "rb").read()
# The code generator is a library of its own, beside the extension; it is loaded when something must be compiled.
generator = os.path.join(os.path.dirname(os.path.abspath(package)), "libcotan_llvm.so")
members["cotan/libcotan_llvm.so"] = open(generator, "rb").read()
digest = lambda data: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
record = "".join(f"{name},sha256={digest(data)},{len(data)}\n" for name, data in members.items())
members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
os.makedirs(folder, exist_ok=True)
wheel = os.path.join(folder, f"cotan-{version}-{tag}-{tag}-{platform}.whl")
with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as z:
    for name, data in members.items():
        entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        z.writestr(entry, data, zipfile.ZIP_DEFLATED)
print(wheel)
