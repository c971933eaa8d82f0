"""What can be checked while a program is debugged: escaping values, NaNs, random keys used twice, programs, tracing."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax, random

HERE = __file__
x = jnp.arange(3.)


def line_of(text):
    return next(i for i, line in enumerate(open(HERE), 1) if text in line)


# ---- escaping values ----

kept = []


def keeps(v):
    kept.append(v * 2)  # escapes
    return v


@pytest.mark.parametrize("run, by", [
    (lambda: jax.jit(lambda v: keeps(v))(x), "jit"), (lambda: jax.vmap(keeps)(x), "vmap"), (lambda: jax.grad(keeps)(1.), "grad"),
    (lambda: jax.jvp(keeps, (1.,), (1.,)), "jvp"), (lambda: lax.scan(lambda c, v: (keeps(c), v), 0., x), "scan"),
    (lambda: lax.cond(x[0] > 0, keeps, lambda v: v, x), "cond"), (lambda: jax.make_jaxpr(keeps)(x), "jit"),
])
def test_escaping_values_are_found(run, by):
    kept.clear()
    with jax.checking_leaks():
        with pytest.raises(Exception, match=rf"Leaked trace.* traced for {by} has returned(.|\n)*Leaked tracer\(s\):") as caught:
            run()
    if by in ("jit", "scan", "cond"):
        assert f"created on line {HERE}:{line_of('# escapes')}:" in str(caught.value)
    assert "element 0 of a list" in str(caught.value)
    kept.clear()


def test_nothing_escapes_from_programs_that_are_well():
    @jax.custom_jvp
    def own(v):
        return jnp.sin(v)

    own.defjvp(lambda p, t: (own(*p), jnp.cos(p[0]) * t[0]))
    loss = lambda v: lax.scan(lambda c, w: (c + own(w), c), 0., jax.checkpoint(jnp.tanh)(v))[0]
    with jax.checking_leaks():
        for f in (loss, jax.jit(loss), jax.grad(loss), jax.jit(jax.grad(loss)), lambda v: jax.vmap(jax.grad(loss))(v[None]), jax.hessian(loss), jax.jacrev(jax.vmap(own)),
                  lambda v: lax.while_loop(lambda c: c < 10, lambda c: c + own(v[0]) ** 2 + 1, 0.), lambda v: jax.linearize(loss, v)[1](v),
                  lambda v: jax.jit(lambda a: jax.jit(lambda b: a + b)(1.))(v), lambda v: lax.fori_loop(0, 3, lambda i, c: c + v.sum(), 0.)):
            f(x)

    def cyclic(v):
        def again(n):
            return v * n if n < 2 else again(n - 1)
        return again(5)

    with jax.checking_leaks():
        jax.jit(cyclic)(x)


# ---- NaNs and infinities ----

def test_nans_name_operation_and_line():
    def inner(v):
        return jnp.log(v) * 2  # makes it

    with jax.debug_nans(True):
        for f in (jax.jit(lambda v: inner(v) + 1), lambda v: jax.jit(jax.vmap(inner))(v[None]), jax.jit(lambda v: jax.jit(inner)(v) + 1),
                  lambda v: jax.jit(lambda w: lax.scan(lambda c, u: (c, inner(u)), 0., w)[1])(v[None]), lambda v: jax.jit(lambda w: lax.cond(w < 0, inner, lambda u: u, w))(v),
                  lambda v: jax.jit(lambda w: lax.while_loop(lambda c: c[1] < 2, lambda c: (inner(c[0]), c[1] + 1), (w, 0)))(v)):
            with pytest.raises(FloatingPointError, match=rf"invalid value \(nan\) encountered in log(.|\n)*{HERE}:{line_of('# makes it')}:") as caught:
                f(jnp.float32(-1.))
        assert not np.isnan(jax.jit(inner)(1.))
        for f, name in ((jnp.log, "log"), (lambda v: v / (v + 1), "div"), (jax.grad(lambda v: jnp.sqrt(v + 1) * 0.), "mul"), (lambda v: jnp.sqrt(v) * 1j, "sqrt")):
            with pytest.raises(FloatingPointError, match=rf"invalid value \(nan\) encountered in {name}"):
                f(jnp.float32(-1.)) if name != "div" else (x[:1] / x[:1])
        assert jnp.array(np.nan).shape == ()
    assert np.isnan(jax.jit(inner)(-1.))
    with jax.debug_infs(True), pytest.raises(FloatingPointError, match=r"\(inf\) encountered in exp"):
        jax.jit(lambda v: jnp.exp(v) + 1)(1000.)
    with jax.debug_nans(True), jax.debug_infs(True):  # what a function of the library meets on its way is its own business
        assert jax.nn.logsumexp(jnp.zeros(1)) == 0 and np.isfinite(jax.scipy.linalg.expm(jnp.zeros((2, 2)))).all()
        assert jnp.nansum(jnp.zeros(2)) == 0 and jnp.where(jnp.arange(2) > 0, jnp.arange(2.), 1.)[0] == 1
        with pytest.raises(FloatingPointError, match=r"\(nan\) encountered in"):
            jnp.std(jnp.zeros(0))
    with jax.debug_nans(True):
        assert jax.jit(jnp.exp)(1000.) == jnp.inf
        with pytest.raises(FloatingPointError, match="nan"):
            jnp.array([1 + 1j, complex(0, np.nan)]) * 1.


# ---- random keys ----

def twice(k):
    return random.normal(k) + random.uniform(k)


REUSED = {
    "eager": (lambda k: twice(k), "Previously-consumed key passed to random_bits at index 0|Previously-consumed key passed to jit-compiled function at index 0"),
    "split": (lambda k: random.normal(random.split(k)[0]) + random.normal(k), "Previously-consumed key"),
    "jit": (lambda k: jax.jit(twice)(k), r"In jit, argument 0 is already consumed\."),
    "calls": (lambda k: [f(k) for f in [jax.jit(random.normal)] * 2], "Previously-consumed key passed to jit-compiled function at index 0"),
    "slices": (lambda k: jax.jit(lambda ks: (random.normal(ks[0]), random.normal(ks[1]), random.normal(ks[0])))(random.split(k, 3)), "already consumed"),
    "scan": (lambda k: lax.scan(lambda c, _: (c, random.normal(k)), 0, length=3), "scan body function leads to key reuse when repeatedly executed"),
    "carry": (lambda k: lax.scan(lambda c, _: (c, random.normal(c)), k, length=3), "scan body function leads to key reuse when repeatedly executed"),
    "while": (lambda k: lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + random.uniform(c[1]), c[1]), (0., k)), "while_loop body function leads to key reuse"),
    "cond": (lambda k: lax.cond(True, random.normal, lambda q: 0., k) + random.normal(k), "Previously-consumed key"),
    "inside": (lambda k: jax.jit(lambda: twice(random.key(1)))(), "already consumed"),
    "remat": (lambda k: jax.jit(jax.checkpoint(twice))(k), "already consumed"),
}


@pytest.mark.parametrize("name", REUSED)
def test_keys_used_twice(name):
    run, said = REUSED[name]
    with jax.debug_key_reuse(True):
        with pytest.raises(jax.errors.KeyReuseError, match=said):
            run(random.key(0))
    run(random.key(0))  # nothing is checked


@pytest.mark.parametrize("run", [
    lambda k: [random.normal(q) for q in random.split(k, 3)],
    lambda k: random.normal(random.fold_in(k, 0)) + random.normal(random.fold_in(k, 1)) + random.normal(random.clone(k)) + random.normal(k),
    lambda k: lax.scan(lambda c, _: (random.split(c)[0], random.normal(random.fold_in(c, 1))), k, length=3),
    lambda k: lax.scan(lambda c, q: (c, random.normal(q)), 0., random.split(k, 3)),
    lambda k: jax.vmap(random.normal)(random.split(k, 3)), lambda k: twice(random.key_data(k)), lambda k: twice(random.PRNGKey(0)),
    lambda k: lax.cond(True, random.normal, random.uniform, k), lambda k: jax.jit(jax.grad(lambda v: random.normal(k) * v))(1.),
    lambda k: lax.while_loop(lambda c: c[0] < 2, lambda c: (c[0] + 1, random.split(c[1])[0]), (0, k)),
    lambda k: (repr(k), random.key_data(k), random.normal(k)), lambda k: jax.jit(lambda q: random.split(q))(k)[0],
])
def test_keys_used_once(run):
    with jax.debug_key_reuse(True):
        run(random.key(0))


# ---- programs and tracing ----

def test_programs_are_verified():
    with jax.enable_checks(True):
        assert jax.jit(jax.grad(lambda v: lax.scan(lambda c, w: (c * w, c), 1., v)[0]))(x + 1).shape == (3,)
        assert jax.jit(jax.grad(lambda v: lax.while_loop(lambda c: c[1] < 3, lambda c: (jnp.sin(c[0]), c[1] + 1), (v, 0))[0]))(0.) == 1.


def test_no_tracing():
    @jax.jit
    def f(v):
        return v + 1

    f(x)
    with jax.no_tracing():
        assert f(x)[0] == 1
        with pytest.raises(RuntimeError, match=rf"re-tracing function f at {HERE}:\d+ for `jit`, but 'no_tracing' is set"):
            f(jnp.ones(4))
    assert f(jnp.ones(4))[0] == 2


def test_environment_info(capsys):
    text = jax.print_environment_info(return_string=True)
    assert "python: 3." in text and "device info: cpu-" in text
    jax.print_environment_info()
    assert capsys.readouterr().out.startswith("jax:")


def test_implicit_rank_promotion():
    a, b = jnp.ones(3), jnp.ones((2, 3))
    add = jax.jit(lambda x, y: x + y)
    add(a, b)
    for f in (lambda: b - a, lambda: add(a, b), lambda: jnp.power(a, b), lambda: a == b, lambda: jnp.vectorize(lambda x, y: x * y)(a, b)):
        with jax.numpy_rank_promotion("warn"), pytest.warns(UserWarning, match="jax_numpy_rank_promotion"):
            assert f().shape == (2, 3)
        with jax.numpy_rank_promotion("raise"), pytest.raises(ValueError, match="jax_numpy_rank_promotion"):
            f()
    with jax.numpy_rank_promotion("raise"):
        assert ((b * 2).shape, (b + b[:1]).shape, jnp.where(a > 0, b, 0).shape, jnp.var(b).shape) == ((2, 3), (2, 3), (2, 3), ())
        with pytest.raises(ValueError, match=r"for add on shapes \(3,\) \(2, 3\) and"):
            a + b
    assert (a + b).shape == (2, 3)
