"""Mutable arrays: alone, and under every transformation."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import checkify, jet

x = jnp.arange(3.)


@pytest.fixture
def ref():
    return jax.new_ref(x)


def add_to(r, i, v):
    r[i] += v


def test_reading_and_writing(ref):
    assert repr(ref) == "Ref([0., 1., 2.], dtype=float32)" and repr(jax.typeof(ref)) == "Ref{float32[3]}"
    assert isinstance(ref, jax.Ref) and not isinstance(ref, jax.Array) and (ref.shape, ref.dtype, len(ref)) == ((3,), np.float32, 3)
    ref[0] = 5.
    ref[1:] += 1.
    assert ref[...].tolist() == [5., 2., 3.] and ref[-1] == 3. and ref[::2].tolist() == [5., 3.] and ref[jnp.array([2, 0])].tolist() == [3., 5.]
    assert jax.ref.swap(ref, 0, 7.) == 5.
    jax.ref.addupdate(ref, slice(0, 2), jnp.ones(2))
    assert jax.freeze(ref).tolist() == [8., 3., 3.]
    table = jax.new_ref(jnp.zeros((2, 3)))
    table[1, :] = x
    table[..., 0] = jnp.array([4., 5.])
    assert table[...].tolist() == [[4., 0., 0.], [5., 1., 2.]] and table[1, 1:].tolist() == [1., 2.]


@pytest.mark.parametrize("error, act", [
    (ValueError, lambda r: add_to(r, 3, 1.)), (ValueError, lambda r: r.__setitem__(..., 1.)), (ValueError, lambda r: r.__setitem__(0, 1)),
    (ValueError, lambda r: r[::-1]), (TypeError, lambda r: r + 1), (TypeError, lambda r: jnp.sin(r)), (TypeError, lambda r: jax.new_ref(r)),
    (TypeError, lambda r: jax.jit(jnp.sin)(r)), (IndexError, lambda r: r[0, 0]), (TypeError, lambda r: jax.grad(lambda s: s[0])(r)),
    (jax.errors.NonConcreteBooleanIndexError, lambda r: r[x > 0])])
def test_errors(ref, error, act):
    with pytest.raises(error):
        act(ref)
    assert ref[...].tolist() == [0., 1., 2.]


def test_jit(ref):
    @jax.jit
    def f(r, v):
        r[0] = v
        r[1] += v
        return r[...] * 2

    @jax.jit
    def g(v):
        ref[...] += v
        return ref[0]
    assert f(ref, 7.).tolist() == [14., 16., 4.] and g(1.) == 8. and g(1.) == 9.
    assert ref[...].tolist() == [9., 10., 4.] and jax.jit(lambda d: d["a"][0])({"a": ref}) == 9.
    jax.jit(lambda: g(1.))()
    assert ref[0] == 10. and f._cache_size() == 1


def test_references_must_be_distinct_and_stay_inside(ref):
    with pytest.raises(ValueError, match="appeared at both a and b"):
        jax.jit(lambda a, b: a[0] + b[0])(ref, ref)
    with pytest.raises(ValueError, match="closed over and passed as the argument a"):
        jax.jit(lambda a: a[0] + ref[0])(ref)
    with pytest.raises(ValueError, match="cannot be returned"):
        jax.jit(jax.new_ref)(x)


def test_loops_and_branches(ref):
    def fill(v):
        jax.lax.scan(lambda c, a: (add_to(ref, 0, a + c), (c + 1., None))[1], 0., x)
        jax.lax.fori_loop(0, 3, lambda i, c: (ref.__setitem__(i, c + ref[0]), c + 1.)[1], v)
        jax.lax.while_loop(lambda n: n + ref[1] < 40., lambda n: (add_to(ref, 2, ref[1]), n + 10.)[1], 0.)
        jax.lax.cond(v > 5., lambda: add_to(ref, 1, 100.), lambda: add_to(ref, 2, 100.))
        return ref[...].sum()

    want = [0., 1., 2.]
    want[0] += sum(a + c for c, a in enumerate([0., 1., 2.]))
    for i in range(3):
        want[i] = 10. + i + want[0]
    n = 0.
    while n + want[1] < 40.:
        want[2] += want[1]
        n += 10.
    want[1] += 100.
    assert fill(10.) == sum(want) and ref[...].tolist() == want
    ref[...] = x
    assert jax.jit(fill)(10.) == sum(want) and ref[...].tolist() == want


def power(v):
    r = jax.new_ref(jnp.zeros(3))
    r[0] = v
    r[1] = jnp.sin(v)
    r[2] += v * r[1]
    jax.lax.fori_loop(0, 2, lambda i, c: (add_to(r, i, r[2] * v), c)[1], 0)
    return jnp.sum(r[...])


def pure(v):
    s = v * jnp.sin(v)
    return v + s * v + jnp.sin(v) + s * v + s


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit])
def test_derivatives(wrap):
    f = wrap(power)
    assert np.allclose(f(1.5), pure(1.5)) and np.allclose(jax.grad(f)(1.5), jax.grad(pure)(1.5))
    assert np.allclose(jax.jvp(f, (1.5,), (1.,)), jax.jvp(pure, (1.5,), (1.,)))
    assert np.allclose(jax.grad(jax.grad(f))(1.5), jax.grad(jax.grad(pure))(1.5))
    assert np.allclose(jax.vmap(jax.grad(f))(x), jax.vmap(jax.grad(pure))(x)) and np.allclose(jax.grad(lambda v: jax.vmap(f)(v).sum())(x), jax.vmap(jax.grad(pure))(x))


def test_derivatives_with_references_from_outside(ref):
    f = jax.grad(lambda v, r: (r.__setitem__(0, jax.lax.stop_gradient(v)), v * v * r[1])[1])
    assert f(3., ref) == jax.jit(f)(3., ref) == 6. and ref[0] == 3.
    with pytest.raises(Exception, match="differentiated value on a non-differentiated array reference"):
        jax.grad(lambda v: (ref.__setitem__(0, v), v)[1])(1.)


def test_batching(ref):
    jax.vmap(lambda r, v: add_to(r, ..., v))(ref, x * 10)
    assert ref[...].tolist() == [0., 11., 22.] and jax.vmap(lambda i: ref[i] + 1.)(jnp.array([2, 1])).tolist() == [23., 12.]

    def one(v, i):
        r = jax.new_ref(jnp.ones(3))
        r[i] = v
        return jax.ref.swap(r, 0, 5.), jax.freeze(r)
    for f in (jax.vmap(one), jax.jit(jax.vmap(jax.jit(one)))):
        old, new = f(x, jnp.arange(3))
        assert old.tolist() == [0., 1., 1.] and new.tolist() == [[5., 1., 1.], [5., 1., 1.], [5., 1., 2.]]
    with pytest.raises(Exception, match="vmapped value on an unbatched array reference"):
        jax.vmap(lambda v: ref.__setitem__(0, v))(x)


def test_jaxprs(ref):
    def f(r, v, i):
        r[0] = v
        r[1:] += v
        s = jax.new_ref(v)
        return r[i], jax.freeze(s)
    assert str(jax.make_jaxpr(f)(ref, jnp.float32(1), 1)) == """{ lambda ; a:Ref{f32[3]} b:f32[] c:i32[]. let
    a[0] <- b
    d:f32[2] <- a[1:]
    e:f32[2] = add d b
    a[1:] <- e
    f:Ref{f32[]} = new_ref[kind=None memory_space=None] b
    g:f32[] <- a[c]
    h:f32[] = freeze f
  in (g, h) }"""
    assert jax.eval_shape(lambda r: r[0], jax.ShapeDtypeStruct((3,), jnp.float32, is_ref=True)) == jax.ShapeDtypeStruct((), jnp.float32)
    assert jax.make_jaxpr(lambda r: r[0])(jax.typeof(ref)).in_avals == [jax.typeof(ref)]
    assert "lambda a:Ref{f32[3]}; b:f32[]" in str(jax.make_jaxpr(jax.jit(lambda v: ref[0] + v))(1.))


def test_rows_of_a_reference_along_a_scan():
    def step(carry, row):
        row[...] += carry
        return carry + 1, row[0]
    for run in (lambda f, *args: f(*args), lambda f, *args: jax.jit(f)(*args)):
        table = jax.new_ref(jnp.zeros((3, 2)))
        last, firsts = run(lambda t: jax.lax.scan(step, 1., t), table)
        assert last == 4 and firsts.tolist() == [1, 2, 3] and table[...].tolist() == [[1, 1], [2, 2], [3, 3]]
        run(lambda t: jax.lax.scan(step, 1., t, reverse=True), table)
        assert table[...].tolist() == [[4, 4], [4, 4], [4, 4]]
    total = jax.new_ref(0.)

    def both(carry, row):
        total[...] += row[0]
        row[0] = carry
        return carry, None
    table = jax.new_ref(jnp.ones((3, 2)))
    jax.jit(lambda: jax.lax.scan(both, 7., table))()
    assert total[...] == 3 and table[...].tolist() == [[7, 1]] * 3
    with pytest.raises(ValueError, match="only one reference"):
        jax.jit(lambda r: jax.lax.scan(lambda c, row: (c + r[0, 0], row.__setitem__(0, c)), 0., r))(table)


def test_rules_of_ones_own_write_to_references():
    seen = jax.new_ref(0.)

    @jax.custom_vjp
    def note(ref, x):
        return x
    note.defvjp(lambda ref, x: (x, ref), lambda ref, ct: (ref.__setitem__(..., ct), (None, ct))[1])
    assert np.allclose(jax.grad(lambda x: jnp.sin(note(seen, x)) * 3)(1.), 3 * np.cos(1)) and np.allclose(seen[...], 3 * np.cos(1))
    gradient = jax.jit(jax.grad(lambda x: jnp.sin(note(seen, x)) * 4))
    assert np.allclose(gradient(1.), 4 * np.cos(1)) and np.allclose(seen[...], 4 * np.cos(1))
    other = jax.new_ref(0.)
    jax.jit(lambda ref, x: jax.grad(lambda x: note(ref, x) * 5)(x))(other, 1.)
    assert other[...] == 5


def test_programs_that_leave_a_reference_alone(ref):
    """Evaluated at once, inside loops, and between two functionalizations."""
    y = jnp.float32(0.5)
    pick = lambda v: jax.lax.cond(v > 0, lambda v, r: v * 2, lambda v, r: v, v, ref)
    assert pick(y) == 1. and jax.lax.scan(lambda c, _: (jax.jit(lambda c, r: c + 1)(c, ref), None), y, None, length=2)[0] == 2.5
    checked = lambda v: checkify.checkify(lambda v: (checkify.check(v < 9, "large {}", v), jax.lax.cond(v > 0, jnp.sin, jnp.cos, v))[1])(v)[1]
    assert np.allclose(jet.jet(checked, (y,), ([1., 0.],))[1], [np.cos(0.5), -np.sin(0.5)])
    assert np.allclose(checkify.checkify(lambda v: jax.lax.map(checked, jnp.stack([v, v])))(y)[1], np.sin(0.5))


def through_a_cell(v):
    cell = jax.new_ref(jnp.zeros_like(v))
    jax.lax.fori_loop(0, 2, lambda i, _: jax.ref.addupdate(cell, ..., jnp.sin(v) * (i + 1)), None)
    jax.lax.cond(v[0] < 9, lambda: cell.__setitem__(0, cell[0] * v[0]), lambda: None)
    return jax.freeze(cell)


def test_series_through_references():
    v, one = jnp.array([0.3, 0.7]), jnp.ones(2)
    push = lambda v: jax.jvp(through_a_cell, (v,), (one,))[1]
    value, (first, second) = jet.jet(through_a_cell, (v,), ([one, 0 * one],))
    assert np.allclose(value, through_a_cell(v)) and np.allclose(first, push(v)) and np.allclose(second, jax.jvp(push, (v,), (one,))[1], rtol=1e-5)


@pytest.mark.parametrize("wrap", [jax.custom_batching.sequential_vmap, lambda f: jax.lax.composite(f, "my.op")])
def test_references_inside_functions_with_a_rule_for_batches(wrap):
    v = jnp.array([0.3, 0.7])
    assert np.allclose(wrap(through_a_cell)(v), through_a_cell(v)) and np.allclose(jax.jit(wrap(through_a_cell))(v), through_a_cell(v))
