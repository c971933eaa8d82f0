"""jax.debug.breakpoint: a prompt inside a running program, with the variables of the functions that stated it."""
import cmd
import linecache
import os
import pprint
import sys

from . import _cotan
from ._callback import _bind, _DEBUG, _is_value


class Frame:
    """A function of the user's: where it stood when the breakpoint was traced, and its variables."""

    def __init__(self, frame):
        code = frame.f_code
        self.filename, self.lineno, self.name = code.co_filename, frame.f_lineno, code.co_name
        self.locals, self.globals = dict(frame.f_locals), frame.f_globals
        self.source = linecache.getlines(self.filename, self.globals)

    def listing(self, around=5):
        lines = range(max(1, self.lineno - around), min(len(self.source), self.lineno + around) + 1)
        return "\n".join(f"{'->' if n == self.lineno else '  '}  {self.source[n - 1].rstrip()}" for n in lines)

    def __str__(self):
        return f"File {self.filename!r}, line {self.lineno}, in {self.name}\n{self.listing(0)}"


class Prompt(cmd.Cmd):
    """Commands on the frames of a breakpoint."""
    prompt = "(jdb) "
    use_rawinput = False

    def __init__(self, frames, stdin=None, stdout=None):
        super().__init__(stdin=stdin or sys.stdin, stdout=stdout or sys.stdout)
        self.frames, self.at = frames, 0
        self.use_rawinput = stdin is None and stdout is None and sys.stdin.isatty()

    def say(self, text):
        print(text, file=self.stdout)

    def _evaluate(self, text):
        frame = self.frames[self.at]
        return eval(text, frame.globals, frame.locals)

    def _show(self, text, how):
        try:
            self.say(how(self._evaluate(text)))
        except Exception as e:
            self.say(f"*** {type(e).__name__}: {e}")

    def default(self, line):
        self._show(line, repr)

    def emptyline(self):
        return False

    def do_p(self, line):
        """p expression: evaluates and prints it."""
        self._show(line, repr)

    def do_pp(self, line):
        """pp expression: the same, laid out."""
        self._show(line, pprint.pformat)

    def do_up(self, _):
        """u(p): to the calling frame."""
        self._move(1, "oldest")

    def do_down(self, _):
        """d(own): back towards the breakpoint."""
        self._move(-1, "newest")

    def _move(self, step, end):
        if not 0 <= self.at + step < len(self.frames):
            self.say(f"*** at the {end} frame")
            return
        self.at += step
        self.say(self.frames[self.at])

    def do_list(self, _):
        """l(ist): the source round the line."""
        self.say(self.frames[self.at].listing())

    def do_backtrace(self, _):
        """bt, w(here): the frames, the newest last."""
        self.say("\n".join(str(f) for f in reversed(self.frames)))

    def do_continue(self, _):
        """c(ont(inue)): lets the program run on."""
        return True

    def do_quit(self, _):
        """q(uit): ends the program."""
        sys.exit(0)

    do_EOF = do_continue
    do_u, do_d, do_l, do_bt, do_w, do_where, do_c, do_cont, do_q, do_exit, do_h = (
        do_up, do_down, do_list, do_backtrace, do_backtrace, do_backtrace, do_continue, do_continue, do_quit, do_quit, cmd.Cmd.do_help)


def breakpoint(*, backend=None, filter_frames=True, num_frames=None, ordered=False, token=None, stdin=None, stdout=None, **_):
    """Stops the program here whenever it runs, and reads commands (help lists them) from stdin.

    Variables that are traced show the values that they have in that run.
    """
    here, frames = os.path.dirname(__file__), []
    frame = sys._getframe(1)
    while frame and (num_frames is None or len(frames) < num_frames):
        if not filter_frames or not frame.f_code.co_filename.startswith((here, "<frozen")):
            frames.append(Frame(frame))
        frame = frame.f_back
    # traced variables become arguments of the callback; all others stay as they are
    variables = [{name: v for name, v in f.locals.items() if any(map(_is_traced, _leaves(v)))} for f in frames]

    def stop(values):
        for f, known in zip(frames, values):
            f.locals.update(known)
        prompt = Prompt(frames, stdin, stdout)
        prompt.say("Entering jdb:")
        prompt.cmdloop()

    _bind(_DEBUG, stop, (variables,), {}, ordered, False)


def _leaves(value):
    return _cotan.tree_flatten(value)[0] if isinstance(value, (_cotan.Array, list, tuple, dict)) else ()


def _is_traced(leaf):
    return _is_value(leaf) and isinstance(leaf, _cotan.Tracer)
