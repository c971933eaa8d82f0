"""`import jax` answered by Cotan: a finder that maps jax.x, and jax._src.x, to cotan.x, and a minimal jaxlib."""
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec

_HERE = __name__.rpartition(".")[0]
# What JAX keeps in several modules of its own and we keep in one.
_ONE = {"_src.lib": "_hlo",  # jax._src.lib.mlir.dialects.hlo: the one thing from there
        "_src.state": "ref", "_src.checkify": "experimental.checkify", "_src.public_test_util": "test_util", "_src.xla_bridge": "extend.backend", "_src.prng": "_threefry",
        "_src.random.threefry2x32": "_threefry", **{name: name for name in ("experimental.colocated_python", "experimental.array_serialization")}}


def _ours(rest):
    """Our name for jax.`rest`; jax._src.x is jax.x."""
    for theirs, ours in _ONE.items():
        if rest == theirs or rest.startswith(theirs + "."):
            return ours
    return rest.removeprefix("_src").removeprefix(".")


class _Loader:
    """Hands out a module that exists already under its own name."""

    def __init__(self, target):
        self.target = target

    def create_module(self, spec):
        self.module = import_module(self.target)
        self.spec = self.module.__spec__
        return self.module

    def exec_module(self, module):
        module.__spec__ = self.spec  # importing wrote the alias's
        if self.target == _HERE:  # what has come in with it is there by both names, as what comes later is
            for name in [m for m in sys.modules if m.startswith(f"{_HERE}.") and "._" not in m]:
                sys.modules.setdefault(f"jax{name.removeprefix(_HERE)}", sys.modules[name])


class Finder:
    """Answers for jax and everything below it; names that do not exist raise ModuleNotFoundError as usual."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        first, _, rest = name.partition(".")
        if first == "jaxlib":
            return ModuleSpec(name, _Jaxlib(), is_package=True) if rest in ("", "_jax", "version", "xla_client") else None
        if first != "jax":
            return None
        if rest == "_src":
            return ModuleSpec(name, _Source(), is_package=True)
        rest = _ours(rest)
        ours = f"{_HERE}.{rest}" if rest else _HERE
        try:
            import_module(ours)
        except ModuleNotFoundError as e:
            if e.name == ours or ours.startswith(f"{e.name}."):
                return None
            raise
        return ModuleSpec(name, _Loader(ours), is_package=True)

    @staticmethod
    def find_distributions(context=None):
        """The packages that importlib.metadata sees: programs ask for the version of jax and jaxlib there."""
        from ._distributions import distributions
        return distributions(getattr(context, "name", None))


class _Source:
    """jax._src: nothing but what its submodules are."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        def attribute(name):
            try:
                return import_module(f"{module.__name__}.{name}")
            except ModuleNotFoundError:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}") from None
        module.__getattr__ = attribute
        module.__path__ = []


class _Jaxlib:
    def create_module(self, spec):
        return None

    def exec_module(self, module):
        from . import _cotan
        module.__version__ = "0.10.2"
        module.__version_info__ = (0, 10, 2)
        module.__path__ = []
        if module.__name__ == "jaxlib._jax":
            module.ArrayImpl, module.PjitFunction = _cotan.ArrayImpl, _cotan.PjitFunction
        if module.__name__ in ("jaxlib._jax", "jaxlib.xla_client"):
            from ._device import Device
            module.Device = Device


class _NumPy:
    """Importing JAX teaches NumPy to read "bfloat16" and its kin; here it learns as soon as it is imported itself."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "numpy":
            return None
        spec = next(filter(None, (f.find_spec(name, path, target) for f in sys.meta_path if f is not _NumPy)), None)
        run = spec and spec.loader.exec_module

        def exec_module(module):
            sys.meta_path.remove(_NumPy)
            run(module)
            _name_dtypes()
        if spec:
            spec.loader.exec_module = exec_module
        return spec


def _name_dtypes():
    try:
        import_module("ml_dtypes")
    except ImportError:
        pass  # then there are no such types


def _installed():
    return any(f is Finder for f in sys.meta_path)


def install():
    """From here on `import jax` means Cotan."""
    if not _installed():
        sys.meta_path.insert(0, Finder)
        if "numpy" in sys.modules:
            _name_dtypes()
        else:
            sys.meta_path.insert(0, _NumPy)


def private():
    """jax._src as an attribute of jax."""
    if not _installed():
        raise AttributeError(f"module {_HERE!r} has no attribute '_src' where `import jax` does not mean {_HERE}")
    return import_module("jax._src")
