"""Programs looked at before they run: make_jaxpr, eval_shape, the stages of jit (trace, lower, compile), and why there are several."""
from . import _cotan


def cache_info(hits, misses, size, reasons):
    if "CacheInfo" not in globals():  # a class that takes longer to make than the first trace
        from collections import namedtuple
        globals()["CacheInfo"] = namedtuple("CacheInfo", "hits misses maxsize currsize reasons", module=__name__)
    return globals()["CacheInfo"](hits, misses, None, size, reasons)


def stage(fun, args, kwargs, static_argnums=(), static_argnames=None, axis_env=()):
    return _cotan._stage(fun, static_argnums, static_argnames, args, kwargs, axis_env)


def described(fun, args, kwargs, *statics, **axes):
    """What stage gives, the program with the names of its arguments and results."""
    program, call_def, out_tree = stage(fun, args, kwargs, *statics, **axes)
    count = len(program.jaxpr.invars)

    def describe(info):  # takes time, so when somebody asks; does not hold the program, which holds it
        names = tuple(_cotan._argument_path(fun, call_def, i) for i in range(count))
        from .tree_util import keystr, tree_flatten_with_path
        paths, _ = tree_flatten_with_path(out_tree.unflatten(range(out_tree.num_leaves)))
        return info._replace(arg_names=names, result_paths=tuple(f"result{keystr(path)}" for path, _ in paths))

    program.jaxpr._describe(describe)
    return program, call_def, out_tree


class ArgInfo:
    """What is known of one argument: its type, and whether its memory is given away."""
    __slots__ = ("_aval", "donated")

    def __init__(self, _aval, donated):
        self._aval, self.donated = _aval, donated

    shape = property(lambda self: self._aval.shape)
    dtype = property(lambda self: self._aval.dtype)

    def __eq__(self, other):
        return type(other) is ArgInfo and (self._aval, self.donated) == (other._aval, other.donated)

    def __hash__(self):
        return hash((self._aval, self.donated))

    def __repr__(self):
        return f"ArgInfo(_aval={self._aval!r}, donated={self.donated})"


class Stage:
    """What the three stages have in common: the types of arguments and results."""

    args_info = property(lambda self: self._call.args_info)
    in_avals = property(lambda self: self._call.in_avals)
    in_tree = property(lambda self: self._call.in_tree)
    out_tree = property(lambda self: self._call.out_tree)
    donate_argnums = property(lambda self: self._call.donate_argnums)
    out_info = property(lambda self: _shapes(self._call.program, self.out_tree))

    def __init__(self, call):
        self._call = call


class _Call:
    """A function traced for given arguments, of which the static ones are left out. Types are made when somebody asks: they are made of NumPy's dtypes."""

    def __init__(self, fun, args, kwargs):
        nums, names = fun._statics
        self.fun, self.name = fun.__wrapped__, fun.__name__
        self.program, self.call_def, self.out_tree = described(self.fun, args, kwargs, nums, names)
        nums = {n % len(args) for n in nums if -len(args) <= n < len(args)}
        self.in_tree = _cotan.tree_structure((tuple(a for i, a in enumerate(args) if i not in nums),
                                              {k: v for k, v in kwargs.items() if k not in (names or ())}))
        self.keeps_unused = fun._keeps_unused
        self._donated = [i in fun._donated for i in range(len(args)) if i not in nums]

    in_avals = property(lambda self: self.in_tree.unflatten(self.program.in_avals))
    donate_argnums = property(lambda self: tuple(i for i, d in enumerate(self.donated) if d))
    args_info = property(lambda self: self.in_tree.unflatten([ArgInfo(a, d) for a, d in zip(self.program.in_avals, self.donated)]))

    @property
    def donated(self):
        """Whether each leaf's memory is given away."""
        positional, keywords = self.in_tree.children()
        flags = [d for d, a in zip(self._donated, positional.children()) for _ in range(a.num_leaves)]
        return flags + [False] * keywords.num_leaves

    def path(self, leaf):
        return _cotan._argument_path(self.fun, self.call_def, leaf)

    def stablehlo(self):
        return _cotan._stablehlo(self.program, self.name, self.out_tree, self.donated, self.keeps_unused)

    def cost_analysis(self):
        flops, transcendentals, moved = _cotan._cost(self.program)
        cost = {"flops": flops, "bytes accessed": moved}
        return {**cost, "transcendentals": transcendentals} if transcendentals else cost


class Traced(Stage):
    """A jitted function's jaxpr for given arguments."""
    jaxpr = property(lambda self: self._call.program)
    fun_name = property(lambda self: self._call.name)
    out_avals = property(lambda self: self.out_tree.unflatten(self._call.program.out_avals))

    def lower(self, *, lowering_platforms=None, _private_parameters=None):
        return Lowered(self._call)

    def __call__(self, *args, **kwargs):
        return self.lower().compile()(*args, **kwargs)


class Module:
    """A program as StableHLO: its text."""
    __slots__ = ("_text",)

    def __init__(self, text):
        self._text = text

    def __str__(self):
        return self._text

    __repr__ = __str__


class Lowered(Stage):
    """A program as other compilers take it: StableHLO. This library's own takes the jaxpr."""

    def as_text(self, dialect=None, *, debug_info=False):
        """The program as StableHLO, or with dialect "jaxpr" as a jaxpr."""
        if dialect not in (None, "stablehlo", "jaxpr"):
            raise NotImplementedError(f"Lowered.as_text(dialect={dialect!r}) is not there yet; \"stablehlo\" and \"jaxpr\" are")
        return repr(self._call.program) if dialect == "jaxpr" else self._call.stablehlo()

    def compiler_ir(self, dialect=None):
        """What as_text writes, as an object."""
        return Module(self.as_text(dialect))

    def compile(self, compiler_options=None, *, device_assignment=None):
        _cotan._compile(self._call.program)
        return Compiled(self._call)

    def cost_analysis(self):
        return self._call.cost_analysis()


class CompiledMemoryStats:
    """Bytes that a compiled program takes, by use."""
    alias_size_in_bytes = 0
    host_generated_code_size_in_bytes = host_argument_size_in_bytes = host_output_size_in_bytes = host_alias_size_in_bytes = host_temp_size_in_bytes = 0

    def __init__(self, arguments, results, temporaries, code):
        self.argument_size_in_bytes, self.output_size_in_bytes = arguments, results
        self.temp_size_in_bytes, self.generated_code_size_in_bytes = temporaries, code
        self.peak_memory_in_bytes = arguments + results + temporaries

    def __repr__(self):
        return "CompiledMemoryStats(" + ", ".join(f"{k}={v}" for k, v in vars(self).items()) + ")"


class Compiled(Stage):
    """Machine code for arguments of given types, and no others."""

    def __call__(self, *args, **kwargs):
        call = self._call
        leaves, in_tree = _cotan.tree_flatten((args, kwargs))
        if in_tree != call.in_tree:
            raise TypeError(_tree_mismatch(call.in_tree, (args, kwargs)))
        out = _cotan._execute(call.program, leaves)
        if out is NotImplemented:
            raise TypeError(self._type_mismatch(leaves))
        if isinstance(out, type):
            raise TypeError("Cannot apply JAX transformations to a function lowered and compiled for a particular signature. "
                            f"Detected argument of Tracer type {out}.")
        return call.out_tree.unflatten(out)

    @staticmethod
    def call(self, *args, **kwargs):
        return self(*args, **kwargs)

    def _type_mismatch(self, leaves):
        call, lines = self._call, []
        for i, (want, leaf) in enumerate(zip(call.program.in_avals, leaves)):
            got = _cotan._as_array(leaf).aval
            if (want.shape, want.dtype) != (got.shape, got.dtype):
                lines.append(f"Argument '{call.path(i)}' compiled with {want.str_short()} and called with {got.str_short()}")
        return ("Argument types differ from the types for which this computation was compiled. Perhaps you are calling the compiled executable with a "
                "different enable_x64 mode than when it was AOT compiled? The mismatches are:\n" + "\n".join(lines))

    def as_text(self):
        return repr(self._call.program)

    def cost_analysis(self):
        return self._call.cost_analysis()

    def memory_analysis(self):
        return CompiledMemoryStats(*_cotan._memory(self._call.program))

    def runtime_executable(self):
        return self._call.program

    def _placed(self, tree):
        from .sharding import SingleDeviceSharding
        return tree.unflatten([SingleDeviceSharding()] * tree.num_leaves)

    input_shardings = property(lambda self: self._placed(self.in_tree))
    output_shardings = property(lambda self: self._placed(self.out_tree))


def _tree_mismatch(expected, given):
    """Where the arguments of a call are built differently from those of the compiled function."""
    from .tree_util import keystr
    lines = [f"    * at {('args', 'kwargs')[path[0].idx]}{keystr(path[1:])}, {what}"
             for path, what in _differences(expected, _cotan.tree_structure(given), given, ())]
    return (f"Function compiled with input pytree does not match the input pytree it was called with. There are {len(lines)} mismatches, including:\n"
            + "\n".join(lines))


def _described(treedef):
    node = treedef.node_data()
    if treedef.num_nodes == 1 and treedef.num_leaves == 1:
        return "a leaf"
    kind = node[0].__name__ if node else "None"
    return f"{kind} with keys {node[1]}" if kind == "dict" else f"{kind} of length {len(treedef.children())}"


def _differences(expected, got, tree, path):
    from .tree_util import tree_flatten_with_path
    if expected == got:
        return
    a, b = expected.children(), got.children()
    if expected.node_data() != got.node_data() or len(a) != len(b):
        yield path, f"seen {_described(expected)} but now given {_described(got)}"
        return
    shallow, _ = tree_flatten_with_path(tree, is_leaf=lambda t: t is not tree)
    for x, y, (key, child) in zip(a, b, shallow):
        yield from _differences(x, y, child, path + key)


def trace(fun, *args, **kwargs):
    return Traced(_Call(fun, args, kwargs))


def lower(fun, *args, **kwargs):
    return trace(fun, *args, **kwargs).lower()


def _shapes(program, out_tree):
    from ._api import ShapeDtypeStruct
    return out_tree.unflatten([ShapeDtypeStruct(a.shape, a.dtype, weak_type=a.weak_type) for a in program.out_avals])


# ---- who wants to know ----

def _place(function=None):
    """file:line (function) of the caller outside of the library."""
    import os
    import sys
    frame, here = sys._getframe(1), os.path.dirname(__file__)
    while frame and frame.f_code.co_filename.startswith(here):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno} ({frame.f_code.co_name})" if frame else "<unknown>"


_EVENTS = "/jax/core/compile/jaxpr_trace_duration", "/jax/core/compile/backend_compile_duration"


def observe():
    """Logs what jit traces and compiles (jax_log_compiles), and why it does so again (jax_explain_cache_misses); tells the listeners of jax.monitoring."""
    import sys
    from ._config import config
    log_compiles, explain_misses = config.jax_log_compiles, config.jax_explain_cache_misses
    monitoring = sys.modules.get(__package__ + ".monitoring")
    listened = monitoring is not None and monitoring.hears_durations()
    if not (log_compiles or explain_misses or listened):
        return _cotan._set_observer(None)
    import logging
    log = lambda module, text: logging.getLogger("jax._src." + module).warning(text)

    def told(kind, name, types, seconds, why):
        if listened:
            monitoring.record_event_duration_secs(_EVENTS[kind], seconds, fun_name=name)
        if kind == 0 and explain_misses:
            reason = f"for {name}\n  all previously seen cache keys differ. For the closest previous key:\n  {why}" if why else f"never seen function:\n    {name}"
            log("interpreters.partial_eval", f"TRACING CACHE MISS at {_place()}:\n  {reason}")
        if log_compiles and kind == 0:
            log("dispatch", f"Finished tracing {name} for jit in {seconds:.9f} sec")
            log("interpreters.pxla", f"Compiling jit({name}) with global shapes and types ({', '.join(types)}).")
        elif log_compiles:
            log("dispatch", f"Finished compilation of jit({name}) in {seconds:.9f} sec")

    _cotan._set_observer(told)


def eval_shape(fun, *args, **kwargs):
    from .core import high_types
    if high_types and any(type(x) in high_types for x in _cotan.tree_leaves((args, kwargs))):
        from .experimental.hijax import lowered
        fun, args, kwargs = lowered(fun, args, kwargs)
    statics = fun._statics if isinstance(fun, _cotan.PjitFunction) else ((), None)
    program, _, out_tree = stage(fun, args, kwargs, *statics)
    return _shapes(program, out_tree)


def make_jaxpr(fun, static_argnums=(), axis_env=None, return_shape=False):
    if not callable(fun):
        raise TypeError(f"Expected a callable value, got {fun}")
    nums = (static_argnums,) if isinstance(static_argnums, int) else tuple(static_argnums)

    def make(*args, **kwargs):
        program, _, out_tree = described(fun, args, kwargs, nums, axis_env=tuple(axis_env or ()))
        return (program, _shapes(program, out_tree)) if return_shape else program

    make.__name__ = f"make_jaxpr({getattr(fun, '__name__', fun)})"
    return _cotan._boundary(make)
