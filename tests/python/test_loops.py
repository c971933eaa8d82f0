"""jax.lax's loops over functions of Python: containers as carries, weak types, closures, and what goes wrong. Values under transformations: unit/control.c."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax


def test_carries_are_containers():
    def step(carry, x):
        return {"sum": carry["sum"] + x["a"], "last": (x["b"],)}, [carry["sum"]]
    xs = {"a": jnp.arange(3.0), "b": jnp.arange(6).reshape(3, 2)}
    last, (sums,) = lax.scan(step, {"sum": jnp.float32(0), "last": (jnp.zeros(2, int),)}, xs)
    assert last["sum"] == 3 and last["last"][0].tolist() == [4, 5] and sums.tolist() == [0, 0, 1]


def test_a_weak_carry_takes_the_type_of_the_step():
    total, _ = lax.scan(lambda c, x: (c + x, None), 0, jnp.ones(3))
    assert total == 3 and total.dtype == jnp.float32
    assert lax.fori_loop(0, 3, lambda i, c: jnp.cos(c), 1).dtype == jnp.float32


def test_scan_is_differentiable_through_closures():
    w = jnp.array([2.0, 3.0, 4.0])
    assert jax.grad(lambda w: lax.fori_loop(0, 3, lambda i, c: c * w[i], 1.0))(w).tolist() == [12, 8, 6]
    assert jax.grad(lambda a: lax.map(lambda t: t * a, w).sum())(2.0) == 9


def test_unroll_is_a_count_or_every_step():
    def unrolled(f):
        return [line.split("=")[1] for line in str(jax.make_jaxpr(f)()).split("\n") if "unroll" in line]
    xs = jnp.arange(5.0)
    for given, means in [(1, 1), (3, 3), (7, 7), (False, 1), (True, 5), (0, 5)]:
        assert unrolled(lambda: lax.scan(lambda c, x: (c + x, c), 0.0, xs, unroll=given)) == [str(means)]
        assert unrolled(lambda: lax.fori_loop(0, 5, lambda i, c: c + i, 0, unroll=given)) == [str(means)]
        assert lax.scan(lambda c, x: (c + x, c), 0.0, xs, unroll=given)[0] == 10
    for given in [None, 1, False, True]:
        assert jax.jit(lambda n: lax.fori_loop(0, n, lambda i, c: c + i, 0, unroll=given))(5) == 10
    with pytest.raises(ValueError, match="Can only use `unroll` in `fori_loop` if the loop bounds are statically known"):
        jax.jit(lambda n: lax.fori_loop(0, n, lambda i, c: c + i, 0, unroll=2))(5)
    for wrong, error in [(-1, ValueError), (2.5, TypeError)]:
        with pytest.raises(error):
            lax.scan(lambda c, x: (c, x), 0.0, xs, unroll=wrong)
        with pytest.raises(error):
            lax.fori_loop(0, 5, lambda i, c: c, 0, unroll=wrong)


def test_length():
    def step(c, x):
        return c + 1, x
    assert lax.scan(step, 0, None, length=2.5)[0] == lax.scan(step, 0, {"a": None}, length=np.int8(2))[0] == 2
    assert lax.scan(step, 0, jnp.zeros((0, 3)))[1].shape == (0, 3)
    with pytest.raises(ValueError, match=r"no leading axis to scan over: 3.0, 4\."):
        lax.scan(step, 0, (3.0, jnp.ones(2), 4))
    with pytest.raises(ValueError, match=r"`length` argument of 4 which disagrees with leading axis sizes \[5, 3\]"):
        lax.scan(step, 0, (jnp.ones(5), jnp.ones(3)), length=4)
    with pytest.raises(jax.errors.ConcretizationTypeError, match="expects a concrete `int` value.*use `while_loop` or `fori_loop`"):
        jax.jit(lambda n: lax.scan(step, 0, None, length=n))(3)
    with pytest.raises(TypeError, match=r"scan body output must be a pair, got ~float32\[\]"):
        lax.scan(lambda c, x: c, 0.0, jnp.ones(3))


@pytest.mark.parametrize("batch_size", [None, 0, 1, 2, 5, 8])
def test_map(batch_size):
    x = jnp.arange(10.0).reshape(5, 2)
    assert np.array_equal(lax.map(lambda row: row * 2, x, batch_size=batch_size), 2 * x)


@pytest.mark.parametrize("n", range(1, 12))
@pytest.mark.parametrize("reverse", [False, True])
def test_associative_scan(n, reverse):
    x = np.arange(1.0, n + 1, dtype=np.float32)
    want = np.cumsum(x[::-1])[::-1] if reverse else np.cumsum(x)
    assert np.array_equal(lax.associative_scan(jnp.add, x, reverse=reverse), want)
    matrices = jnp.stack([x, x], 1)
    assert np.array_equal(lax.associative_scan(jnp.add, matrices.T, reverse=reverse, axis=1)[1], want)


def test_associative_scan_of_trees_along_negative_axes():
    x = jnp.arange(6.0).reshape(2, 3)
    sums, (products,) = lax.associative_scan(lambda a, b: (a[0] + b[0], (a[1][0] * b[1][0],)), (x, (x + 1,)), reverse=True, axis=-1)
    assert sums.tolist() == [[3, 3, 2], [12, 9, 5]] and products.tolist() == [[6, 6, 3], [120, 30, 6]]
    with pytest.raises(ValueError, match="axis 2 is out of bounds for array of dimension 2"):
        lax.associative_scan(jnp.add, x, axis=2)


def _newton(x):
    """The square root, in as many steps as it takes."""
    return lax.while_loop(lambda y: jnp.abs(y * y - x) > 1e-5 * x, lambda y: 0.5 * (y + x / y), x + 0.5)


def test_reverse_mode_through_while_loops():
    xs = jnp.array([1.5, 4.0, 100.0])
    slope = 0.5 / np.sqrt(xs)
    second = -0.25 * np.asarray(xs) ** -1.5
    for f in (_newton, jax.jit(_newton)):
        for order, want in ((jax.grad(f), slope), (jax.grad(jax.grad(f)), second), (jax.grad(jax.jit(jax.grad(f))), second), (jax.jacfwd(jax.grad(f)), second)):
            for g in (order, jax.jit(order)):
                assert np.allclose([g(x) for x in xs], want, rtol=2e-2, atol=1e-4)
                assert np.allclose(jax.vmap(g)(xs), [g(x) for x in xs], rtol=1e-5)
    for f in (lambda xs: jax.vmap(_newton)(xs).sum(), jax.jit(lambda xs: jax.vmap(_newton)(xs).sum())):
        assert np.allclose(jax.grad(f)(xs), [jax.grad(_newton)(x) for x in xs], rtol=1e-5)
        assert np.allclose(jnp.diag(jax.jit(jax.hessian(f))(xs)), [jax.hessian(_newton)(x) for x in xs], rtol=1e-5)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_reverse_mode_with_a_traced_count(n):
    def f(n, a):
        return lax.fori_loop(0, n, lambda i, c: {"c": jnp.sin(c["c"]) * a + i}, {"c": a})["c"]

    def unrolled(a):
        c = a
        for i in range(n):
            c = jnp.sin(c) * a + i
        return c
    for order in (lambda g: g, jax.grad, lambda g: jax.grad(jax.grad(g)), lambda g: jax.grad(jax.grad(jax.grad(g)))):
        assert np.allclose(jax.jit(lambda n, a: order(lambda a: f(n, a))(a))(n, 1.2), order(unrolled)(1.2), rtol=1e-5)
    grads = jax.vmap(jax.jit(jax.grad(f, 1)), (0, None))(jnp.arange(5), 1.2)
    assert np.allclose(grads[n], jax.grad(unrolled)(1.2), rtol=1e-5)


def test_reverse_mode_through_nested_loops():
    def f(a):
        def outer(v):
            return v[0] + 1, lax.while_loop(lambda u: u < v[1] + 3, lambda u: u * 1.5 + jnp.sin(a), v[1] * a)
        return lax.while_loop(lambda v: v[0] < 3, outer, (0, a))[1]

    def unrolled(a):
        c = a
        for _ in range(3):
            u = c * a
            while lax.stop_gradient(u) < lax.stop_gradient(c) + 3:
                u = u * 1.5 + jnp.sin(a)
            c = u
        return c
    for g, want in ((jax.grad(f), jax.grad(unrolled)(1.1)), (jax.grad(jax.grad(f)), jax.grad(jax.grad(unrolled))(1.1))):
        assert np.allclose([g(1.1), jax.jit(g)(1.1), jax.vmap(g)(jnp.array([1.1]))[0]], want, rtol=1e-5)

    def inside_scan(a):
        return lax.scan(lambda c, x: (lax.while_loop(lambda u: u < x, lambda u: u * 1.3 + a, c), c), a, jnp.array([3.0, 5.0, 9.0]))[0]
    assert np.allclose([jax.grad(inside_scan)(1.0015), jax.jit(jax.grad(inside_scan))(1.0015)], (inside_scan(1.002) - inside_scan(1.001)) / 0.001, rtol=1e-2)


def test_elements_that_have_ended_leave_no_trace_in_derivatives():
    def f(v, a):
        return lax.while_loop(lambda v: v > a, lambda v: jnp.sqrt(v - a), v)  # ends at 1, where the next step has no derivative
    starts = jnp.array([5.0, 2.0, 1.0])
    assert jax.vmap(f, (0, None))(starts, 1.0).tolist() == [1, 1, 1]
    want = sum(float(jax.grad(f, 1)(v, 1.0)) for v in starts)
    for g in (jax.grad(lambda a: jax.vmap(f, (0, None))(starts, a).sum()), lambda a: jax.vmap(jax.grad(f, 1), (0, None))(starts, a).sum()):
        assert np.allclose([g(1.0), jax.jit(g)(1.0)], want)


def test_errors():
    x = jnp.ones(3)
    with pytest.raises(TypeError, match=r"The input carry component state\['b'\]\[0\] has type float32\[3\] but .* has type int32\[3\], so the dtypes do not match"):
        lax.scan(lambda state, _: ({"b": (state["b"][0].astype(int),)}, None), {"b": (x,)}, None, length=2)
    with pytest.raises(ValueError, match="different leading axis sizes: 3, 2"):
        lax.scan(lambda c, x: (c, None), 0, (x, x[:2]))
    with pytest.raises(TypeError, match="cond_fun must return a boolean scalar, but got pytree"):
        lax.while_loop(lambda c: (True, c), lambda c: c, x)
    with pytest.raises(ZeroDivisionError):
        lax.fori_loop(0, 3, lambda i, c: c / 0 if c is None else 1 / 0, 1.0)


@pytest.mark.parametrize("jit", [lambda f: f, jax.jit])
def test_effects_happen_once_a_step_under_derivatives(jit, capfd):
    def step(c, _=None):
        jax.debug.print("a step")
        return c * jnp.sin(2.0), None
    jit(jax.grad(lambda c: lax.scan(step, c, None, length=3)[0]))(1.0)
    assert capfd.readouterr().out == "a step\n" * 3
    jit(jax.grad(lambda c: lax.while_loop(lambda c: c > 0.8, lambda c: step(c)[0], c)))(1.0)
    assert capfd.readouterr().out == "a step\n" * 3


def test_elements_that_want_no_result_take_no_steps():
    def in_a_branch(x):
        return lax.cond(x > 0, lambda x: lax.while_loop(lambda v: v < 10, lambda v: v * 2, x), lambda x: -x, x)  # for ever from 0

    def in_a_deep_branch(x):
        def count(x):
            return lax.fori_loop(0, jnp.int32(x), lambda _, c: c + lax.while_loop(lambda v: v != x, lambda v: v + 1, 0.0), x)
        return lax.switch(jnp.int32(x), [lambda x: x, lambda x: lax.map(in_a_branch, x + jnp.arange(2.0)).sum(), jax.jit(count)], x)

    def after_the_end(n):
        def body(v):
            return v[0] + 1, jnp.where(v[0] == n - 1, 0.0, lax.while_loop(lambda u: u < 10, lambda u: u * 2, v[1]))
        return lax.while_loop(lambda v: v[0] < n, body, (0, 1.0))[1]
    for f, xs in ((in_a_branch, jnp.array([1.0, -1.0, 0.0, 3.0])), (in_a_deep_branch, jnp.array([0.0, 1.0, 2.0])), (after_the_end, jnp.array([1, 3, 0]))):
        want = [f(x) for x in xs]
        assert np.array_equal(jax.vmap(f)(xs), want) and np.array_equal(jax.jit(jax.vmap(f))(xs), want)
    xs = jnp.array([1.0, -1.0, 0.0, 3.0])
    want = [jax.grad(in_a_branch)(x) for x in xs]
    assert np.array_equal(jax.vmap(jax.grad(in_a_branch))(xs), want) and np.array_equal(jax.jit(jax.grad(lambda xs: jax.vmap(in_a_branch)(xs).sum()))(xs), want)


def test_without_jit_steps_see_values():
    seen = []

    def step(c, x):
        seen.append((float(c), x["x"].tolist()))
        return c + x["x"].sum(), {"y": c * x["x"]}
    xs = {"x": jnp.arange(6.0).reshape(3, 2)}

    def f(c):
        c, ys = lax.scan(step, c, xs, reverse=True)
        c = lax.fori_loop(jnp.int32(0), 2, lambda i, c: seen.append(int(i)) or c * (i + 1), c)
        c = lax.while_loop(lambda c: bool(c < 100), lambda c: seen.append(float(c)) or c * 2, c)
        return lax.cond(c > 0, lambda c: lax.switch(1, [jnp.sin, lambda c: seen.append("b") or c], c), lambda c: 1 / 0, c) + ys["y"].sum()
    with jax.disable_jit():
        value, slope = jax.value_and_grad(f)(1.0)
        assert seen == [(1, [4, 5]), (10, [2, 3]), (15, [0, 1]), 0, 1, 32, 64, "b"]
        with pytest.raises(TypeError, match="scan body function carry input and carry output must have the same pytree structure"):
            lax.scan(lambda c, x: ((c, c), None), 0.0, xs)
        with pytest.raises(ValueError, match="zero-length scan is not supported in disable_jit"):
            lax.scan(lambda c, x: (c, None), 0.0, None, length=0)
    seen.clear()

    def traced(c):
        c, ys = lax.scan(lambda c, x: (c + x["x"].sum(), {"y": c * x["x"]}), c, xs, reverse=True)
        return lax.while_loop(lambda c: c < 100, lambda c: c * 2, c * 2) + ys["y"].sum()
    assert (value, slope) == jax.value_and_grad(traced)(1.0)


@pytest.mark.parametrize("n", [511, 512, 700, 1024])
@pytest.mark.parametrize("reverse", [False, True])
def test_long_loops_outside_of_jit(n, reverse):
    x = np.arange(2 * n, dtype=np.int32).reshape(n, 2)
    order = x[::-1] if reverse else x
    last, (sums, whole) = lax.scan(lambda c, row: (c + row, (c, row.sum())), jnp.zeros(2, int), x, reverse=reverse)
    want = np.cumsum(order, 0) - order
    assert np.array_equal(last, x.sum(0)) and np.array_equal(sums, want[::-1] if reverse else want) and np.array_equal(whole, x.sum(1))
    assert lax.while_loop(lambda v: v[0] < n, lambda v: (v[0] + 1, v[1] + v[0]), (0, 0))[1] == n * (n - 1) // 2


def test_branches_share_what_they_keep_for_derivatives():
    w = jnp.ones((5, 4))

    def f(p, x):
        return lax.cond(p, lambda x: jnp.sin(w @ x).sum(), lambda x: jnp.cos(w @ x).sum() * 2, x)
    text = str(jax.make_jaxpr(lambda p, x: jax.vjp(lambda x: f(p, x), x)[0])(True, jnp.ones(4)))
    first = text[:text.index("= cond[")].splitlines()[-1]
    assert first.count("f32[5]") == 1 and "f32[5,4]" not in first  # one slot for both; w is an operand already
    for p in (True, False):
        want = jax.grad(lambda x: jnp.sin(w @ x).sum() if p else jnp.cos(w @ x).sum() * 2)(jnp.ones(4))
        assert np.allclose(jax.jit(jax.grad(f, 1))(p, jnp.ones(4)), want) and np.allclose(jax.grad(f, 1)(p, jnp.ones(4)), want)


def test_branches_that_disagree():
    x = jnp.ones(2)
    with pytest.raises(TypeError, match=r"(?s)cond branch outputs must have the same pytree structure.*true_fun is <lambda> at .*test_loops.py:\d+\nfalse_fun is "
                                        r".*true_fun output has the structure PyTreeDef\(\(\*, \*\)\) but false_fun output is PyTreeDef\(\*\)") as e:
        lax.cond(True, lambda x: (x, x), lambda x: x, x)
    assert "Revise true_fun and/or false_fun so that they have the same pytree structure." in str(e.value)
    with pytest.raises(TypeError, match=r"switch branches must have equal output types but they differ.\n\nbranch 0 is .*\nbranch 2 is .*\n\nThe output of "
                                        r"branch 0 at path \['a'\] has type float32\[2\] but the corresponding output of branch 2 has type int32\[\], so the "
                                        r"dtypes do not match, and the shapes do not match"):
        lax.switch(1, [lambda x: {"a": x}, lambda x: {"a": x}, lambda x: {"a": jnp.int32(1)}], x)


def test_predicates_and_indices_are_scalars():
    with pytest.raises(TypeError, match=r"Pred must be a scalar, got bool\[2\]\. To choose for each element, use jax.numpy.where"):
        lax.cond(jnp.array([True, False]), lambda x: x, lambda x: x, 1)
    with pytest.raises(TypeError, match=r"Branch index must be a scalar, got a container"):
        lax.switch((0, 1), [lambda x: x, lambda x: x], 1)


def test_the_older_form_of_cond():
    assert lax.cond(True, 3, lambda x: x + 1, 4, lambda x: x) == 4 and lax.cond(False, 3, lambda x: x + 1, 4, lambda x: x) == 4
    assert lax.cond(False, (3,), lambda x: x[0], 5, lambda x: x * 2) == 10

    class Callable(float):
        __call__ = float.__neg__
    jax.tree_util.register_pytree_node(Callable, lambda c: ((float(c),), None), lambda _, c: c[0])
    assert lax.cond(True, lambda x, y: x + y, lambda x, y: x - y, 1., Callable(2.)) == 3  # operands may be callable


def test_results_that_are_operands_in_all_branches_pass_by():
    def f(p, x, y):
        return lax.cond(p, lambda y: (x, y + 1, x), lambda y: (x, y * 2, x), y)
    jaxpr = jax.make_jaxpr(f)(True, 1., 2.).jaxpr
    assert jaxpr.outvars[0] is jaxpr.outvars[2] is jaxpr.invars[1] and len(jaxpr.eqns[-1].outvars) == 1
    once, each, _ = jax.vmap(f, in_axes=(0, None, 0), out_axes=(None, 0, None))(jnp.array([True, False]), jnp.array([3., 4.]), jnp.arange(2.))
    assert once.tolist() == [3., 4.] and each.tolist() == [1., 2.]
    assert jax.jit(f)(False, 1., 2.) == (1., 4., 1.) and [float(g) for g in jax.grad(lambda *a: sum(f(True, *a)), (0, 1))(1., 2.)] == [2., 1.]
    assert lax.switch(1, [lambda x: (x, 3), lambda x: (x, 4)], jnp.int32(7)) == (7, 4)
    assert lax.cond(True, lambda x: x, lambda x: x, 5.) == 5.


def test_branches_share_what_they_close_over():
    order = []
    jaxpr = jax.make_jaxpr(lambda p, x, a, b: lax.cond(p, lambda x: order.append(1) or x + a, lambda x: order.append(0) or x * b - a, x))(True, 1., 2., 3.)
    assert len(jaxpr.eqns[-1].invars) == 4 and order == [1, 0]


def test_the_first_branch_says_what_is_weakly_typed():
    """Of cond that is the one for False."""
    weak, strong = lambda: jnp.asarray(1), lambda: jnp.array([3])[0]
    called = lambda: jax.pure_callback(lambda: np.int32(3), jax.ShapeDtypeStruct((), jnp.int32))
    for other in strong, called:
        for p in False, True:
            for f in (lambda p: lax.cond(p, other, weak), jax.jit(lambda p: lax.cond(p, other, weak)), lambda p: lax.switch(jnp.int32(p), (weak, other))):
                assert f(p) == (3 if p else 1) and f(p).weak_type
            assert not lax.cond(p, weak, other).weak_type and not jax.jit(lambda p: lax.switch(p, (other, weak)))(int(p)).weak_type


# ---- bounds that are floats ----

@pytest.mark.parametrize("lower, upper, steps, total", [(0., 3., 3, 3.), (0.5, 3.2, 3, 4.5), (2., 1., 0, 0.)])
def test_fori_loop_counts_floats(lower, upper, steps, total):
    count = lambda a, b: lax.fori_loop(a, b, lambda i, c: (c[0] + 1, c[1] + i), (0, 0.))
    assert [float(x) for x in jax.jit(count)(lower, upper)] == [steps, total]
    whole = sum(range(int(lower), int(upper)))  # known bounds are cut off
    assert [float(x) for x in count(lower, upper)] == [max(int(upper) - int(lower), 0), whole]
    assert float(jax.grad(lambda x: lax.fori_loop(lower, jnp.float32(upper), lambda i, c: c * x, 1.))(1.)) == max(int(upper) - int(lower), 0)


@pytest.mark.parametrize("lower, upper", [(0, 3.), (0, jnp.float32(3)), (jnp.float16(0), jnp.float32(3)), (jnp.int8(0), jnp.int32(3)), (False, True)])
def test_fori_loop_refuses_bounds_of_two_types(lower, upper):
    with pytest.raises(TypeError):
        lax.fori_loop(lower, upper, lambda i, c: c, 0)


# ---- bodies are traced once for each kind of arguments, as long as their function lives ----

SCALE = jnp.float32(2)


def counted(times):
    """Functions of loops and branches that count how often they are traced."""
    def step(c, x):
        times.append("step")
        return c * SCALE + x, c

    def under(v):
        times.append("under")
        return v < 10

    def double(v):
        times.append("double")
        return v * 2

    return step, under, double


def test_bodies_are_traced_once():
    times = []
    step, under, double = counted(times)
    for n in (3, 3, 4):  # a slice of xs is the same, however many there are
        assert lax.scan(step, 1., jnp.ones(n))[0] == 2 ** (n + 1) - 1
    assert times == ["step"]
    for _ in range(3):
        assert lax.while_loop(under, double, 1.) == 16 and lax.fori_loop(0, 3, lambda i, v: v + i, 0) == 3
    assert times[1:] == ["under", "double"]
    for _ in range(3):  # in other programs and under transformations, too; an array is not weakly typed
        assert jax.jit(lambda x: lax.scan(step, x, jnp.ones(3))[0])(1.) == 15
        assert jax.grad(lambda x: lax.scan(step, x, jnp.ones(3))[0])(1.) == 8
        assert jax.vmap(lambda x: lax.while_loop(under, double, x))(jnp.array([1., 3.])).tolist() == [16, 12]
        assert jax.jit(lambda p: lax.cond(p, double, double, 3.))(True) == 6
    assert times[3:] == ["under", "double", "double"]
    lax.scan(step, jnp.ones(2), jnp.ones(3))
    lax.scan(step, 1, jnp.ones(3))
    assert set(times[6:]) == {"step"}
    traced = len(times)
    jax.clear_caches()
    lax.scan(step, 1., jnp.ones(3))
    assert times[traced:] == ["step"]


def test_what_a_body_closes_over_is_fixed_unless_it_is_traced():
    held = {"scale": jnp.float32(2)}

    def step(c, x):
        return c * held["scale"], None
    assert lax.scan(step, 1., None, length=3)[0] == 8
    held["scale"] = jnp.float32(3)
    assert lax.scan(step, 1., None, length=3)[0] == 8  # as in jax.jit

    def traced(scale):
        held["scale"] = scale
        return lax.scan(lambda c, x: step(c, x), 1., None, length=2)[0] + lax.scan(other, 1., None, length=2)[0]

    def other(c, x):
        return c * held["scale"], None
    for _ in range(2):
        assert jax.jit(traced)(5.) == 50 and jax.grad(traced)(3.) == 12
        assert jax.vmap(traced)(jnp.array([1., 2.])).tolist() == [2, 8]


def test_a_body_that_names_an_axis_is_traced_for_it():
    def step(c, x):
        return c + lax.psum(x, "i"), None
    for n in (2, 3):
        assert jax.vmap(lambda x: lax.scan(step, 0., x)[0], axis_name="i")(jnp.ones((n, 4))).tolist() == [4. * n] * n


def test_bodies_go_with_their_functions():
    import gc
    import weakref

    def make():
        table = jnp.arange(3.)
        step = lambda c, x: (c + table[0] + x, None)
        lax.scan(step, 0., table)
        return weakref.ref(step)
    gone = make()
    gc.collect()
    assert gone() is None


def test_what_no_branch_and_no_step_mixes_with_mapped_values_stays_unmapped():
    def f(p, x, n):
        def body(c):
            step, last, x = c
            return lax.cond(step > last, lambda: (step - 1, last, x * 2), lambda: (step - 2, last + 1, jnp.sin(x)))
        return lax.while_loop(lambda c: c[0] > 0, body, (n, jnp.int32(2), x)) if p is None else lax.cond(p, lambda: (n, n + 1, x), lambda: (n + 2, n, -x))
    x = jnp.arange(3.0)
    for p in None, True:
        for g in jax.vmap(f, (None, 0, None), (None, None, 0)), jax.jit(jax.vmap(f, (None, 0, None), (None, None, 0))):
            got, want = g(p, x, 5), [f(p, v, 5) for v in x]
            assert got[:2] == want[0][:2] and np.allclose(got[2], [w[2] for w in want])
    with pytest.raises(ValueError, match="out_axes|batched"):
        jax.vmap(f, (0, 0, None), (None, None, 0))(jnp.array([True, False, True]), x, 5)
