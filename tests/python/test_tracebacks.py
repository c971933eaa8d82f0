"""Tracebacks end at the user's line, and what users raise reaches the caller as it is, whatever transformed the function."""
import os
import subprocess
import sys
import traceback

import jax
import jax.numpy as jnp
import pytest

x = jnp.arange(3.)


after = jax.jit(jax.grad(lambda v: v ** 2))


class Own(Exception):
    pass


def raises(*args):
    raise Own("here")


def through_scan(v):
    return jax.lax.scan(lambda c, w: raises(c), 0., v)[0]


def frames(f, *args):
    """The functions on the way, and the exception."""
    try:
        f(*args)
    except Own as e:
        return [frame.name for frame in traceback.extract_tb(e.__traceback__)][1:], e
    raise AssertionError("nothing was raised")


@pytest.fixture
def filtering():
    before = jax.config.jax_traceback_filtering
    yield lambda mode: jax.config.update("jax_traceback_filtering", mode)
    jax.config.update("jax_traceback_filtering", before)


def test_only_the_users_frames_are_left():
    names, e = frames(jax.jit(through_scan), x)
    assert names == ["through_scan", "<lambda>", "raises"]
    assert "JAX_TRACEBACK_FILTERING=off" in e.__notes__[0] and len(e.__notes__) == 1
    for f in (lambda: jax.lax.cond(True, raises, raises, 1.), lambda: jax.lax.while_loop(raises, raises, 1.), lambda: jax.lax.fori_loop(0, 3, raises, 1.),
              lambda: jax.eval_shape(raises, 1.), lambda: jax.hessian(raises)(1.), lambda: jax.lax.map(raises, x), lambda: jax.grad(jax.checkpoint(raises))(1.)):
        assert frames(f)[0] == ["<lambda>", "raises"]


def test_nothing_is_said_where_nothing_was_removed():
    assert not hasattr(frames(jax.jit(raises), x)[1], "__notes__")


def test_modes(filtering):
    filtering("off")
    names, e = frames(jax.jit(through_scan), x)
    assert names == ["through_scan", "scan", "<lambda>", "raises"] and not hasattr(e, "__notes__")
    filtering("tracebackhide")
    names, e = frames(jax.jit(through_scan), x)
    hidden, t = [], e.__traceback__
    while t:
        hidden += [t.tb_frame.f_code.co_name] if "__tracebackhide__" in t.tb_frame.f_locals else []
        t = t.tb_next
    assert hidden == ["scan"] and "scan" in names
    filtering("remove_frames")
    names, e = frames(jax.jit(through_scan), x)
    assert names == ["through_scan", "<lambda>", "raises"] and type(e.__cause__).__name__ == "UnfilteredStackTrace" and e.__suppress_context__
    assert "scan" in [frame.name for frame in traceback.extract_tb(e.__cause__.__traceback__)]
    with pytest.raises(ValueError, match="enum value"):
        filtering("nonsense")


def test_programs_end_with_short_tracebacks(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import jax, jax.numpy as jnp\ndef body(c, v):\n    raise ValueError('mine')\njax.lax.scan(body, 0., jnp.ones(3))\n")
    run = [sys.executable, "-m", "cotan", str(program)]
    short, whole = (subprocess.run(run, capture_output=True, text=True, timeout=60, env={**os.environ, "JAX_TRACEBACK_FILTERING": mode}).stderr
                    for mode in ("auto", "off"))
    assert short.startswith(f'Traceback (most recent call last):\n  File "{program}", line 4, in <module>\n') and "_control.py" not in short
    assert "ValueError: mine\n" in short and short.count("  File ") == 2
    assert "_control.py" in whole and "runpy" in whole
    program.write_text("def f(:\n")
    assert "SyntaxError" in subprocess.run(run, capture_output=True, text=True, timeout=60).stderr


# ---- exceptions pass through everything unchanged ----

@jax.custom_jvp
def own_jvp(v):
    return raises(v)


own_jvp.defjvp(lambda p, t: (own_jvp(*p), t[0]))


@jax.custom_vjp
def own_vjp(v):
    return raises(v)


own_vjp.defvjp(lambda v: (own_vjp(v), None), lambda r, ct: (ct,))


def rule_raises(v):
    f = jax.custom_vjp(lambda a: a)
    f.defvjp(lambda a: (a, None), raises)
    return jax.grad(f)(jnp.float32(1.)) + v


TRANSFORMATIONS = {
    "jit": jax.jit, "grad": jax.grad, "value_and_grad": jax.value_and_grad, "hessian": jax.hessian, "jacfwd": jax.jacfwd, "jacrev": jax.jacrev,
    "vmap": lambda f: lambda v: jax.vmap(f)(v[None]), "jvp": lambda f: lambda v: jax.jvp(f, (v,), (v,)), "vjp": lambda f: lambda v: jax.vjp(f, v),
    "linearize": lambda f: lambda v: jax.linearize(f, v), "checkpoint": jax.checkpoint, "eval_shape": lambda f: lambda v: jax.eval_shape(f, v),
    "make_jaxpr": jax.make_jaxpr, "scan": lambda f: lambda v: jax.lax.scan(lambda c, w: (f(w), c), v, v[None]),
    "while": lambda f: lambda v: jax.lax.while_loop(lambda c: True, f, v), "fori": lambda f: lambda v: jax.lax.fori_loop(0, 2, lambda i, c: f(c), v),
    "cond": lambda f: lambda v: jax.lax.cond(True, f, f, v), "switch": lambda f: lambda v: jax.lax.switch(0, [f, f], v),
    "map": lambda f: lambda v: jax.lax.map(f, v[None]), "associative_scan": lambda f: lambda v: jax.lax.associative_scan(lambda a, b: f(a), jnp.stack([v, v])),
    "custom_linear_solve": lambda f: lambda v: jax.lax.custom_linear_solve(f, v[None], lambda m, b: b), "pmap": lambda f: lambda v: jax.pmap(f)(v[None]),
    "named_scope": lambda f: jax.named_call(f, name="part"), "closure_convert": lambda f: lambda v: jax.closure_convert(f, v),
    "tree_map": lambda f: lambda v: jax.tree.map(f, [v]), "vectorize": jnp.vectorize, "apply_along_axis": lambda f: lambda v: jnp.apply_along_axis(f, 0, v[None]),
    "lower": lambda f: lambda v: jax.jit(f).lower(v), "linear_transpose": lambda f: lambda v: jax.linear_transpose(f, v),
}
FUNCTIONS = {"plain": raises, "custom_jvp": own_jvp, "custom_vjp": own_vjp, "rule": rule_raises}


@pytest.mark.parametrize("outer", [None, "jit", "vmap"])
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_exceptions_pass_through(name, function, outer):
    """As the same object's class with its message; afterwards everything works, traces and scopes are closed."""
    f = TRANSFORMATIONS[name](FUNCTIONS[function])
    f = TRANSFORMATIONS[outer](f) if outer else f
    with pytest.raises(Own) as caught:
        f(jnp.float32(1.))
    assert caught.value.args == ("here",)
    assert jnp.sin(1.).__class__ is x.__class__ and not isinstance(jnp.sin(x), jax.core.Tracer)
    assert float(after(3.)) == 6.


@pytest.mark.parametrize("outer", [lambda f: f, jax.jit, lambda f: lambda v: jax.vmap(f)(v[None]), lambda f: lambda v: jax.lax.map(f, v[None])])
@pytest.mark.parametrize("callback", [lambda f, v: jax.pure_callback(f, v, v, vmap_method="sequential"), jax.debug.callback])
def test_exceptions_of_callbacks(callback, outer):
    with pytest.raises(Own, match="here"):
        jax.block_until_ready(outer(lambda v: callback(raises, v))(jnp.float32(1.)))
    jax.effects_barrier()
    assert float(after(1.)) == 2.


def test_exceptions_keep_their_identity_and_context():
    kept = []

    def f(v):
        try:
            1 / 0
        except ZeroDivisionError as e:
            kept.append(Own("second"))
            raise kept[0] from e

    for transform in (jax.jit, jax.grad, lambda g: jax.jit(jax.vmap(g))):
        kept.clear()
        with pytest.raises(Own) as caught:
            transform(f)(x if transform not in (jax.jit, jax.grad) else 1.)
        assert caught.value is kept[0] and isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, StopIteration, GeneratorExit, MemoryError, RecursionError])
def test_exceptions_of_all_kinds(error):
    def f(v):
        raise error("mine")

    for transform in (jax.jit, jax.grad, lambda g: lambda v: jax.lax.cond(True, g, g, v)):
        with pytest.raises(error, match="mine"):
            transform(f)(1.)


def test_endless_recursion_is_a_recursion_error():
    for wrap in (lambda f: f, jax.jit, jax.grad, jax.checkpoint, lambda f: (lambda v: jax.lax.cond(True, f, f, v)),
                 lambda f: (lambda v: jax.vmap(f, axis_size=2, in_axes=None)(v)[0])):
        def f(v):
            return wrapped(v) + 1
        wrapped = wrap(f)
        with pytest.raises(RecursionError):
            wrapped(jnp.float32(1.))
        assert float(after(1.)) == 2.


def test_deep_pytrees():
    deep = x
    for _ in range(900):
        deep = [deep]
    assert jax.tree.leaves(deep)[0] is x and jax.tree.structure(deep).num_leaves == 1
    assert jax.tree.leaves(jax.jit(lambda t: jax.tree.map(lambda v: v + 1, t))(deep))[0][0] == 1.
    for _ in range(200_000):
        deep = [deep]
    for f in (jax.tree.leaves, jax.tree.structure, jax.jit(lambda t: 0), lambda t: jax.tree.map(lambda v: v, t), jax.vmap(lambda t: 0.)):
        with pytest.raises(RecursionError):
            f(deep)
    while isinstance(deep, list):
        deep = deep[0]


INTERRUPTED = """
import os, signal, threading, time
import jax, jax.numpy as jnp
def later(): time.sleep(.7); os.kill(os.getpid(), signal.SIGINT)
for f in ({programs}):
    threading.Thread(target=later, daemon=True).start()
    try:
        f()
        print("finished")
    except KeyboardInterrupt:
        print("interrupted", float(jax.jit(lambda v: v + 1)(1.)))
"""


def test_interrupts():
    """Ctrl-C ends loops in compiled programs, eager ones, tracing, and callbacks."""
    programs = ("lambda: jax.jit(lambda v: jax.lax.while_loop(lambda c: c > 0, lambda c: c + 1, v))(1.)",
                "lambda: jax.lax.fori_loop(0, 10 ** 9, lambda i, c: jnp.sin(c) + c, jnp.ones(1000))",
                "lambda: jax.jit(endless)(1.)",
                "lambda: [jnp.sin(jnp.ones(3)) for _ in range(10 ** 9)]",
                "lambda: jax.jit(lambda v: jax.pure_callback(lambda a: time.sleep(60) or a, v, v))(1.)")
    text = INTERRUPTED.replace("{programs}", ", ".join(programs)).replace("import jax,", "import jax.numpy\nimport jax,")
    text = text.replace("for f in", "def endless(v):\n    while True:\n        v = jnp.sin(v)\nfor f in")
    done = subprocess.run([sys.executable, "-m", "cotan", "-c", text], capture_output=True, text=True, timeout=100)
    assert done.stdout == "interrupted 2.0\n" * len(programs), done.stdout + done.stderr


def test_paths_are_excluded_and_included_again(tmp_path, filtering):
    from jax._src import traceback_util
    library = tmp_path / "library.py"
    library.write_text("def wrap(f):\n    def wrapped(*args):\n        return f(*args)\n    return wrapped\n")
    scope = {}
    exec(compile(library.read_text(), str(library), "exec"), scope)
    f = jax.jit(scope["wrap"](raises))
    filtering("remove_frames")
    assert frames(f, x)[0] == ["wrapped", "raises"]
    traceback_util._exclude_paths.append(str(tmp_path))
    assert frames(f, x)[0] == ["raises"]
    traceback_util._exclude_paths.remove(str(tmp_path))
    assert frames(f, x)[0] == ["wrapped", "raises"]
