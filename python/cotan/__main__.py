"""python -m cotan program.py [args], python -m cotan -m module [args], python -m cotan -c code: runs a JAX program on Cotan."""
import sys


def main():
    from ._alias import install
    from .traceback_util import excepthook
    install()
    sys.excepthook = excepthook
    args = sys.argv[1:]
    if not args or args[0] in ("-h", "--help"):
        print(__doc__)
        return
    if args[0] == "-c" and len(args) > 1:
        sys.argv = ["-c", *args[2:]]
        sys.path.insert(0, "")
        module = type(sys)("__main__")
        sys.modules["__main__"] = module
        exec(compile(args[1], "<string>", "exec"), module.__dict__)
    elif args[0] == "-m" and len(args) > 1:
        import runpy
        sys.argv = args[1:]
        sys.path.insert(0, "")
        runpy.run_module(args[1], run_name="__main__", alter_sys=True)
    else:
        run_file(args)


def run_file(args):
    import os
    path = args[0]
    sys.argv = args
    try:
        with open(path, "rb") as f:
            code = compile(f.read(), path, "exec")
    except FileNotFoundError:
        sys.exit(f"{sys.executable}: can't open file {os.path.abspath(path)!r}: No such file")
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    module = type(sys)("__main__")
    module.__file__, module.__builtins__ = path, __builtins__
    sys.modules["__main__"] = module
    exec(code, module.__dict__)


main()
