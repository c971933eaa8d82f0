"""What a user sees when something goes wrong: where operations come from, what traced values depend on, whose value escaped."""
import functools
import json
import os
import subprocess
import sys

import jax
import jax.extend.core
import jax.numpy as jnp
import pytest
from jax.extend import source_info_util

sys.path.insert(0, os.path.dirname(__file__))
from mistakes import RECORD, cases, told

RECORDED = json.load(open(RECORD))
HERE = os.path.abspath(__file__)


def line_of(text):
    """The first line of this file that has the text."""
    return next(i for i, line in enumerate(open(HERE), 1) if text in line)


def caught(f, *args):
    with pytest.raises(Exception) as e:
        f(*args)
    return str(e.value)


# ---- what is said about traced values ----

@pytest.mark.parametrize("name", RECORDED)
def test_mistakes_are_explained(name):
    """Everything that JAX says, and sometimes more."""
    class_name, *lines = told(cases[name])
    assert class_name == RECORDED[name][0]
    assert set(RECORDED[name][1:]) <= set(lines)


def test_every_mistake_is_recorded():
    assert list(cases) == list(RECORDED)


def test_values_made_of_nothing_name_the_operations():
    @jax.jit
    def f():
        key = jax.random.key(0)  # the maker
        return 1 if jax.random.bits(key) > 3 else 2

    message = caught(f)
    assert "became a tracer due to JAX operations on these lines:\n\n  operation a:key<fry>[] = random_seed[impl=fry] 0:i32[]\n" in message
    assert f"    from line {HERE}:{line_of('# the maker')}:14 (test_values_made_of_nothing_name_the_operations.<locals>.f)" in message


def test_values_of_enclosing_functions():
    @jax.jit
    def outer(a):
        return jax.jit(lambda b: b if a > 0 else -b)(2.)

    assert "tracing the function outer at" in caught(outer, 1.) and "depends on the value of the argument a." in caught(outer, 1.)


def positive(a, b=2.):
    return a if b > 0 else -a


class Model:
    def __call__(self, b):
        return positive(b, b)

    def method(self, b):
        return positive(b, b)


@pytest.mark.parametrize("f, argument, said", [
    (functools.partial(positive, 1.), 1., "the function positive at .*argument b\\."),
    (Model().method, 1., "the function method at .*argument b\\."),
    (Model(), 1., "tracing the function .*for jit\\."),
    (jax.vmap(jax.jit(lambda v: positive(v, v))), jnp.ones(2), "the function <lambda> at .*argument v\\."),
    (jax.grad(lambda v: positive(v, v)), 1., "the function <lambda> at .*argument v\\."),
])
def test_callables_of_all_kinds(f, argument, said):
    with pytest.raises(jax.errors.TracerBoolConversionError, match=said):
        jax.jit(f)(argument)


def test_remedies_and_links():
    assert "jax.lax.cond" in caught(jax.jit(lambda v: 1 if v else 2), True)
    for f in (bool, int, float):
        assert "https://docs.jax.dev/en/latest/errors.html#jax.errors." in caught(jax.jit(f), True)


def test_formats():
    for a in (jnp.ones(2), ):
        with pytest.raises(TypeError, match="unsupported format string"):
            f"{a:.2f}"
    with pytest.raises(TypeError, match="unsupported format string"):
        jax.jit(lambda v: f"{v:.2f}")(1.)
    assert jax.jit(lambda v: v * len(f"{v}"))(1.) > 0 and f"{jnp.float32(0.5):.2f}" == "0.50"


# ---- where equations come from ----

def loss(w, x):
    with jax.named_scope("hidden"):
        h = jnp.tanh(x @ w)  # the product

    def body(c, v):
        return c + v * 2, c  # the step

    c, _ = jax.lax.scan(body, 0., h[0])
    return jnp.sum(h ** 2) + jnp.where(c > 0, c, 1.)


W, X = jnp.ones((3, 3)), jnp.ones((2, 3))


def test_equations_know_their_line():
    e = jax.make_jaxpr(loss)(W, X).eqns[0]
    assert e.primitive.name == "dot_general" and str(e.source_info.name_stack) == "hidden"
    frame, = e.source_info.traceback.frames
    assert (frame.file_name, frame.function_name, frame.start_line) == (HERE, "loss", line_of("# the product"))
    assert source_info_util.summarize(e.source_info) == f"{HERE}:{line_of('# the product')}:21 (loss)"


def test_programs_know_their_function():
    assert jax.make_jaxpr(loss)(W, X).jaxpr.debug_info.func_src_info == f"loss at {HERE}:{line_of('def loss')}"


def test_printed_with_sources():
    """The comments stand in one column behind the longest line, as JAX sets them."""
    text = jax.make_jaxpr(loss)(W, X).pretty_print(source_info=True).replace(HERE, "me.py")
    product, step = line_of("# the product"), line_of("# the step")
    lines = text.splitlines()
    assert lines[1] == "    c:f32[2,3] = dot_general[" + " " * 52 + f"# me.py:{product}:21 (loss)"
    assert lines[4:6] == ["    ] b a", "    d:f32[2,3] = tanh c" + " " * 58 + f"# me.py:{product}:12 (loss)"]
    assert f"          j:f32[] = mul i 2.0:f32[]{' ' * 46}# me.py:{step}:19 (loss.<locals>.body)" in lines
    both = jax.make_jaxpr(loss)(W, X).pretty_print(source_info=True, name_stack=True).splitlines()
    assert both[2] == " " * 81 + "# [hidden]"
    assert "#" not in str(jax.make_jaxpr(loss)(W, X))


def test_derivatives_keep_the_lines():
    """Equations of a derivative come from the line whose derivative they are; so do those of batched programs."""
    lines = {source_info_util.summarize(e.source_info).split(":")[1] for e in jax.make_jaxpr(jax.grad(loss))(W, X).eqns}
    assert lines <= {str(n) for n in range(line_of("def loss"), line_of("W, X ="))} and str(line_of("# the product")) in lines
    batched = jax.make_jaxpr(jax.vmap(jax.jit(loss), (None, 0)))(W, X[None]).eqns[0].params["jaxpr"]
    assert source_info_util.summarize(batched.eqns[0].source_info).endswith("(loss)")


def test_lines_can_be_set():
    info = jax.make_jaxpr(loss)(W, X).eqns[0].source_info

    def f(x):
        with source_info_util.user_context(info.traceback):
            return jnp.sin(x)

    assert jax.make_jaxpr(f)(1.).eqns[0].source_info.traceback == info.traceback
    assert source_info_util.summarize(source_info_util.current()).startswith(HERE)
    assert source_info_util.summarize(source_info_util.new_source_info()) == "unknown"


def test_failing_rules_name_the_line():
    def f(x):
        return 2 * jnp.sin(x)  # not linear

    with pytest.raises(NotImplementedError, match=rf"sin is not linear.*\nThe operation comes from line {HERE}:{line_of('# not linear')}:"):
        jax.linear_transpose(f, 1.)(1.)


def test_functions_of_other_files_are_skipped(tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (library / "helper.py").write_text("import jax.numpy as jnp\ndef double(x):\n    return jnp.add(x, x)\n")
    program = tmp_path / "program.py"
    program.write_text(f"""
import sys; sys.path.insert(0, {str(library)!r})
import jax
from jax.extend import source_info_util
from helper import double
def f(x):
    return double(x)
print(source_info_util.summarize(jax.make_jaxpr(f)(1.).eqns[0].source_info))
source_info_util.register_exclusion({str(library)!r})
print(source_info_util.summarize(jax.make_jaxpr(lambda x: f(x))(1.).eqns[0].source_info))
""")
    done = subprocess.run([sys.executable, "-m", "cotan", str(program)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.splitlines()
    assert before == f"{library / 'helper.py'}:3:11 (double)" and after == f"{program}:7:11 (f)"
