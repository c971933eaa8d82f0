"""Traces as objects, and interpreters that Python writes as traces."""
import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.extend import core, linear_util


class CountTracer(jax.core.Tracer):
    def __init__(self, trace, value):
        super().__init__(trace)
        self.value = value

    @property
    def aval(self):
        return jax.core.get_aval(self.value)


class CountTrace(jax.core.Trace):
    """Does what the trace before it does, and notes the operations."""

    def __init__(self, parent):
        super().__init__()
        self.parent, self.seen = parent, []

    def process_primitive(self, primitive, tracers, params):
        self.seen.append(primitive.name)
        values = [t.value if isinstance(t, CountTracer) else t for t in tracers]
        out = primitive.bind_with_trace(self.parent, values, params)
        return [CountTracer(self, o) for o in out] if primitive.multiple_results else CountTracer(self, out)


def counted(f, *args):
    with core.take_current_trace() as parent:
        trace = CountTrace(parent)
        with core.set_current_trace(trace):
            out = f(*[CountTracer(trace, a) for a in args])
        return jax.tree.map(lambda t: t.value if isinstance(t, CountTracer) else t, out), trace.seen


def test_operations_are_interpreted_one_by_one():
    out, seen = counted(lambda x: jnp.sin(x) * 2. + x, jnp.arange(3.))
    assert np.allclose(out, np.sin(np.arange(3.)) * 2 + np.arange(3.)) and seen.count("sin") == seen.count("mul") == seen.count("add") == 1
    out, seen = counted(lambda x, y: jax.lax.cond(x > 0, lambda: x, lambda: y), jnp.float32(1), jnp.float32(2))
    assert out == 1 and "cond" in seen
    out, seen = counted(lambda x: jnp.stack([x, x])[0].shape, jnp.ones(3))
    assert out == (3,)
    out, seen = counted(jax.jit(lambda x: (x, x + 1)), jnp.float32(1))
    assert out == (1, 2) and seen == ["jit"]


def test_under_and_over_other_transformations():
    f = lambda x: counted(lambda x: lax.mul(lax.sin(x), x), x)[0]
    want = np.cos(1) + np.sin(1)
    assert np.allclose(jax.grad(f)(1.), want) and np.allclose(jax.jit(jax.grad(f))(1.), want)
    assert np.allclose(jax.vmap(f)(jnp.arange(3.)), np.sin(np.arange(3.)) * np.arange(3.))
    out, seen = counted(jax.grad(lambda x: lax.mul(lax.sin(x), x)), jnp.float32(1))
    assert np.allclose(out, want) and {"sin", "cos", "mul"} <= set(seen)
    out, seen = counted(jax.vmap(lambda x: lax.sin(x)), jnp.arange(3.))
    assert np.allclose(out, np.sin(np.arange(3.))) and seen == ["sin"]


def test_a_value_that_comes_out_is_the_object_that_went_in():
    with core.take_current_trace() as parent:
        trace = CountTrace(parent)
        tracer = CountTracer(trace, jnp.arange(2.))
        with core.set_current_trace(trace):
            assert jax.tree.map(lambda x: x, {"a": tracer})["a"] is tracer
            assert tracer.shape == (2,) and tracer.dtype == np.float32 and tracer._trace is trace and len(tracer) == 2
            assert isinstance(tracer, jax.Array) and isinstance(tracer, jax.core.Tracer)
            with pytest.raises(jax.errors.ConcretizationTypeError):
                bool(tracer[0] > 0)
    gone = weakref.ref(tracer)
    del tracer
    gc.collect()
    assert gone() is None


def test_traces_of_the_library():
    seen = []

    def f(x):
        assert x._trace is core.find_top_trace([x]) and x._trace.main is core.find_top_trace([]).main
        seen.append((type(x._trace).__name__, repr(x._trace), isinstance(x._trace, jax.core.Trace)))
        return x
    jax.jit(f)(1.), jax.vmap(f)(jnp.ones(1)), jax.jvp(f, (1.,), (1.,)), jax.grad(f)(1.)
    names = ["DynamicJaxprTrace", "BatchTrace", "JVPTrace", "LinearizeTrace"]
    assert seen == [(n, n, True) for n in names]
    assert type(core.find_top_trace([])).__name__ == "EvalTrace"
    assert jnp.ones(1).sum() == lax.sin_p.bind_with_trace(core.find_top_trace([]), (jnp.float32(np.pi / 2),), {"accuracy": None})
    with core.take_current_trace() as trace:
        assert repr(trace) == "EvalTrace"


def test_evaluation_inside_of_a_program():
    @jax.jit
    def f(x):
        with jax.core.eval_context():
            known = jnp.arange(3.).sum() + 1
            assert not isinstance(known, jax.core.Tracer)
        return x * float(known)
    assert f(2.) == 8


def test_what_is_refused():
    with pytest.raises(TypeError):
        jax.core.Trace()
    with pytest.raises(TypeError):
        core.set_current_trace(3).__enter__()

    class Silent(jax.core.Tracer):
        pass

    class Idle(jax.core.Trace):
        pass

    class Wrong(jax.core.Trace):
        def process_primitive(self, primitive, tracers, params):
            return "no array"

    class Failing(jax.core.Trace):
        def process_primitive(self, primitive, tracers, params):
            raise KeyError("mine")
    with pytest.raises(NotImplementedError, match="must say its aval"):
        jnp.sin(Silent(Idle()))
    with pytest.raises(NotImplementedError, match="must say its aval"):
        Silent(Idle()).shape
    with pytest.raises(TypeError, match="name its trace"):
        jnp.sin(Silent())
    for trace, error in ((Idle(), NotImplementedError), (Wrong(), TypeError), (Failing(), KeyError)):
        with core.set_current_trace(trace), pytest.raises(error):
            lax.sin(CountTracer(trace, jnp.float32(1)))
    escaped = []
    jax.jit(lambda x: escaped.append(x._trace) or x)(1.)
    with pytest.raises(RuntimeError, match="ended"):
        core.set_current_trace(escaped[0]).__enter__()
    trace = CountTrace(core.find_top_trace([]))
    trace.invalidate()
    assert not trace.is_valid()
    with pytest.raises(RuntimeError, match="ended"):
        core.set_current_trace(trace).__enter__()


class NamedTracer(jax.core.Tracer):
    """Tells its type when it is made."""

    def __init__(self, trace, value):
        super().__init__(trace, jax.typeof(value))
        self.value = value


def test_the_base_class_keeps_the_type():
    with core.take_current_trace() as parent:
        trace = CountTrace(parent)
        tracer = NamedTracer(trace, jnp.ones((2, 3)))
        assert (tracer.shape, tracer.ndim, tracer.dtype, tracer.aval.str_short()) == ((2, 3), 2, jnp.float32, "float32[2,3]")
        tracer.aval = jax.core.ShapedArray((4,), jnp.int32)
        assert (tracer.shape, tracer.dtype) == ((4,), jnp.int32)


def test_a_block_that_is_left_late_changes_nothing():
    def abandoned():
        with core.take_current_trace() as parent:
            with core.set_current_trace(CountTrace(parent)):
                yield

    def f(x):
        held.append(abandoned())
        next(held[0])
        raise ValueError("stop")

    held = []
    with pytest.raises(ValueError, match="stop"):
        jax.jit(f)(1.0)
    with core.take_current_trace() as before:
        pass
    held.clear()
    gc.collect()
    with core.take_current_trace() as after:
        assert after is before
    assert jax.jit(lambda x: x + 1)(1.0) == 2


class WholeTrace(CountTrace):
    """Sees functions with rules of their own whole, and puts itself inside of them."""

    def process_custom_jvp_call(self, primitive, fun, jvp, tracers, *, symbolic_zeros):
        self.seen.append(primitive.name)
        values = [t.value if isinstance(t, CountTracer) else t for t in tracers]
        params = {"subfuns": (self.inside(fun), self.inside(jvp)), "symbolic_zeros": symbolic_zeros}
        return [CountTracer(self, o) for o in primitive.bind_with_trace(self.parent, values, [jax.typeof(v) for v in values], params)]

    def inside(self, fun):
        @linear_util.transformation
        def traced(*values):
            with core.take_current_trace() as parent:
                trace = CountTrace(parent)
                with core.set_current_trace(trace):
                    out = yield [CountTracer(trace, v) for v in values], {}
                    out = [o.value if isinstance(o, CountTracer) else o for o in out]
            self.seen += trace.seen
            yield out
        return traced(fun)


def test_functions_with_rules_of_their_own_are_seen_whole():
    @jax.custom_jvp
    def f(x):
        return lax.sin(x)
    f.defjvp(lambda primals, tangents: (f(primals[0]), lax.mul(tangents[0], lax.cos(primals[0]))))

    def through(x):
        with core.take_current_trace() as parent:
            trace = WholeTrace(parent)
            with core.set_current_trace(trace):
                out = f(CountTracer(trace, x))
            seen.append(trace.seen)
            return out.value

    seen = []
    assert through(jnp.float32(0.5)) == lax.sin(jnp.float32(0.5)) and seen.pop() == ["custom_jvp_call", "sin"]
    assert jax.grad(through)(0.5) == lax.cos(0.5) and {"mul", "cos"} <= set(seen.pop())
    assert jnp.allclose(jax.jit(jax.vmap(through))(jnp.arange(3.)), jnp.sin(jnp.arange(3.)))
    with pytest.raises(NotImplementedError, match="must override stage_value"):
        WholeTrace(core.find_top_trace(())).stage_value(1.)


def test_of_two_functions_that_tell_one_does():
    @linear_util.transformation_with_aux
    def tell(*args):
        out = yield args, {}
        yield out, "told"
    (first, told), (_, silent) = tell(linear_util.wrap_init(lambda x: x)), tell(linear_util.wrap_init(lambda x: x))
    with pytest.raises(linear_util.StoreException, match="neither"):
        linear_util.merge_linear_aux(told, silent)
    first.call_wrapped(1)
    assert linear_util.merge_linear_aux(told, silent) == (True, "told") and linear_util.merge_linear_aux(silent, told) == (False, "told")
    with pytest.raises(linear_util.StoreException, match="both"):
        linear_util.merge_linear_aux(told, told)
