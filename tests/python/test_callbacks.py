"""Python functions inside programs."""
import io
import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest

x = jnp.arange(3.)
like = jax.ShapeDtypeStruct((3,), np.float32)
double = lambda v: jax.pure_callback(lambda a: np.asarray(a) * 2, like, v, vmap_method="sequential")
scalar = jax.ShapeDtypeStruct((), np.float32)


def test_pure_callback():
    assert double(x).tolist() == [0., 2., 4.]
    f = jax.jit(lambda v: double(v) + 1)
    assert f(x).tolist() == [1., 3., 5.] and f(x + 1).tolist() == [3., 5., 7.]
    out = jax.jit(lambda v: jax.pure_callback(lambda a, k: {"s": a.sum() * k}, {"s": jax.ShapeDtypeStruct((), np.float32)}, v, k=2.))(x)
    assert float(out["s"]) == 6.


def test_vmap():
    assert jax.vmap(double)(jnp.ones((2, 3))).tolist() == [[2.] * 3] * 2
    assert jax.jit(jax.vmap(double))(jnp.ones((2, 3))).tolist() == [[2.] * 3] * 2


def test_derivatives():
    with pytest.raises(ValueError, match="custom_jvp"):
        jax.grad(lambda v: double(v).sum())(x)


def test_wrong_results():
    with pytest.raises(jax.errors.JaxRuntimeError, match="result_shape_dtypes"):
        jax.pure_callback(lambda a: np.zeros(4, np.float32), like, x)


def test_exceptions():
    def fail(a):
        raise KeyError("here")
    f = jax.jit(lambda v: jax.pure_callback(fail, like, v))
    with pytest.raises(KeyError, match="here"):
        f(x)
    with pytest.raises(jax.errors.JaxRuntimeError, match="in fail(.|\n)*KeyError: 'here'") as info:
        f(x)
    assert type(info.value.__cause__) is KeyError


def test_exceptions_of_a_program_within_a_callback():
    inner = jax.jit(lambda v: jax.pure_callback(lambda a: 1 // 0, like, v))
    with pytest.raises(ZeroDivisionError) as info:
        jax.jit(lambda v: jax.pure_callback(lambda a: inner(a), like, v))(x)
    assert str(info.value).count("CpuCallback") == 1


def test_exceptions_that_cannot_be_made_again():
    class Picky(Exception):
        def __init__(self, a, b):
            super().__init__(a)
            self.b = b

    def fail(a):
        raise Picky("text", 3)
    with pytest.raises(Picky, match="Picky: text") as info:
        jax.pure_callback(fail, like, x)
    assert info.value.b == 3 and isinstance(info.value, jax.errors.JaxRuntimeError)
    assert double(x).tolist() == [0., 2., 4.]


def test_debug(capsys):
    @jax.jit
    def f(v):
        jax.debug.print("v = {v}, {}", v.sum(), v=v)
        return v * 2
    f(x), f(x)
    assert capsys.readouterr().out == "v = [0. 1. 2.], 3.0\n" * 2
    assert jax.grad(lambda v: f(v).sum())(x).tolist() == [2.] * 3
    jax.vmap(lambda v: jax.debug.print("{}", v))(x)
    assert capsys.readouterr().out.endswith("0.0\n1.0\n2.0\n")


@pytest.mark.parametrize("method, shapes", [("sequential", [((), ())] * 3), ("sequential_unrolled", [((), ())] * 3), ("expand_dims", [((3,), (1,))]),
                                            ("broadcast_all", [((3,), (3,))]), ("legacy_vectorized", [((3,), ())])])
def test_vmap_methods(method, shapes):
    seen = []

    def add(a, b):
        seen.append((np.shape(a), np.shape(b)))
        return np.asarray(a) + np.asarray(b)
    f = jax.vmap(lambda a: jax.pure_callback(add, scalar, a, 2., vmap_method=method))
    for g in (f, jax.jit(f)):
        seen.clear()
        assert g(x).tolist() == [2., 3., 4.] and seen == shapes


def test_vmap_is_refused_without_a_method():
    with pytest.raises(NotImplementedError, match="vmap_method=None"):
        jax.vmap(lambda a: jax.pure_callback(lambda v: v, scalar, a))(x)
    with pytest.raises(ValueError, match="vmap_method"):
        jax.pure_callback(lambda v: v, scalar, 1., vmap_method="fast")


def test_io_callback():
    from jax.experimental import io_callback
    log = []
    note = lambda v, ordered: io_callback(lambda a: log.append(float(a)), None, v, ordered=ordered)

    @jax.jit
    def f(v):
        note(v, True), note(v + 1, True)
        return jax.lax.fori_loop(0, 3, lambda i, c: (note(c, True), c * 2)[1], v)
    assert f(1.) == 8. and log == [1., 2., 1., 2., 4.]
    log.clear()
    jax.vmap(lambda v: note(v, False))(x)
    jax.effects_barrier()
    assert sorted(log) == [0., 1., 2.]
    with pytest.raises(ValueError, match="vmap"):
        jax.vmap(lambda v: note(v, True))(x)
    with pytest.raises(ValueError, match="JVP"):
        jax.grad(lambda v: io_callback(lambda a: a, scalar, v))(1.)


def test_effects_of_unused_loops_and_branches_remain(capsys):
    @jax.jit
    def f(v):
        jax.lax.scan(lambda c, a: (c + a, jax.debug.print("step {}", a)), 0., v)
        jax.lax.cond(v[0] > 0, lambda: jax.debug.print("yes"), lambda: jax.debug.print("no"))
        jax.lax.while_loop(lambda n: n < 2, lambda n: (jax.debug.print("{}", n), n + 1)[1], 0)
        jax.jit(lambda a: jax.debug.print("inner {}", a))(v[1])
        return 1.
    f(x)
    assert capsys.readouterr().out == "step 0.0\nstep 1.0\nstep 2.0\nno\n0\n1\ninner 1.0\n"


def test_derivatives_pass_effects_by(capsys):
    f = lambda v: jax.lax.scan(lambda c, a: (jax.debug.print("{}", c), (c * a, c))[1], v, x)[0]
    assert jax.grad(f)(1.) == 0.
    assert capsys.readouterr().out == "1.0\n0.0\n0.0\n"
    g = jax.grad(lambda v: v * jax.pure_callback(lambda a: a, scalar, jax.lax.stop_gradient(v)))
    assert g(3.) == jax.jit(g)(3.) == 3.


def test_formats(capsys, caplog):
    jax.jit(lambda v: jax.debug.print("{:.2f} {name} {t}", v, name="text", t={"a": v}))(1.)
    assert capsys.readouterr().out == "1.00 text {'a': Array(1., dtype=float32, weak_type=True)}\n"
    for error, arguments in ((IndexError, ("{} {}", 1.)), (KeyError, ("{a}", 1.)), (ValueError, ("text", 1.)), (TypeError, (1.,))):
        with pytest.raises(error):
            jax.debug.print(*arguments)
    with pytest.raises(ValueError, match="f-string"):
        jax.debug.print(f"{x}", v=1.)
    with caplog.at_level(logging.INFO):
        jax.debug.log("value {}", 2.)
    assert "value 2.0" in caplog.text


def test_jaxprs():
    from jax.experimental import io_callback
    pure = str(jax.make_jaxpr(double)(x))
    assert "result_avals=(ShapedArray(float32[3]),)" in pure and "vmap_method=sequential" in pure
    assert "ordered=True" in str(jax.make_jaxpr(lambda v: io_callback(lambda a: a, scalar, v, ordered=True))(1.))
    assert "effect=Debug" in str(jax.make_jaxpr(lambda v: jax.debug.callback(lambda a: a, v))(1.))
    assert "debug_print[" in str(jax.make_jaxpr(lambda v: jax.debug.print("{}", v))(1.))


def test_wide_results_are_refused():
    with pytest.raises(ValueError, match="64-bit"):
        jax.pure_callback(lambda a: a, jax.ShapeDtypeStruct((), np.float64), 1.)


def test_breakpoint():
    out = io.StringIO()

    @jax.jit
    def f(v):
        w = v * 2
        jax.debug.breakpoint(stdin=io.StringIO("p w\nw + v\nl\nup\ndown\nnothing\nc\n"), stdout=out)
        return w
    assert f(3.) == 6.
    said = out.getvalue()
    assert said.startswith("Entering jdb:\n(jdb) Array(6.") and "Array(9." in said and "->          jax.debug.breakpoint(" in said.replace("\t", " ")
    assert "in test_breakpoint" in said and "NameError" in said
    with pytest.raises(SystemExit):
        jax.jit(lambda v: jax.debug.breakpoint(stdin=io.StringIO("q\n"), stdout=out))(1.)


@pytest.mark.parametrize("error", [FileNotFoundError(2, "gone"), UnicodeDecodeError("utf8", b"x", 0, 1, "bad"), StopIteration(3)])
def test_failures_of_every_layout(error):
    def fail(v):
        raise error
    with pytest.raises(type(error), match=type(error).__name__) as info:
        jax.jit(lambda v: jax.pure_callback(fail, jax.typeof(v), v))(jnp.float32(1))
    assert isinstance(info.value, jax.errors.JaxRuntimeError)
