"""Runs programs that come as lines of JSON on standard input, under whatever "jax" is here, and answers each with a line.

A question is {"text": the program, "plainly": run it with plain.py instead of jit, vmap, grad and the loops}. The answer is {"type", "values", "spread"}, where
the spread is how much the values move when the arguments move by some units in their last place: what rounding may do; or {"error": class, "message"}. With "slopes" in the
question, the answer has the program's own derivatives too.
"""
import json
import sys
import traceback

import jax
import jax.numpy as jnp
import numpy as np
import plain
from programs import HEAD


def slopes(main, x, y, spread):
    """The derivative along a direction of the results weighed by numbers: forwards, if the program has it, in reverse, and as quotients for two step sizes."""
    u, w = np.array([0.6, -0.5, 0.4]), np.array([0.9, 0.3, -0.7])
    along = lambda t: float(jnp.vdot(w, main(x + t * u, y + t * 0.7)))
    quotient = lambda h: (along(h) - along(-h)) / (2 * h)
    try:
        forward = float(jnp.vdot(w, jax.jvp(main, (x, y), (jnp.asarray(u), jnp.asarray(0.7)))[1]))
    except TypeError:  # custom_vjp has none
        forward = None
    a, b = jax.vjp(main, x, y)[1](jnp.asarray(w))
    return {"forward": forward, "reverse": float(jnp.vdot(a, u) + b * 0.7), "quotients": [quotient(2e-4), quotient(1e-4)], "noise": 10 * (spread + 1e-15) / 1e-4}


def answer(text, plainly, with_slopes=False):
    jax.config.update("jax_enable_x64", False)
    names = {"__name__": "program"}
    if plainly:
        text = text.replace(HEAD, "")
        names.update(jax=plain.jax_plain, jnp=jnp, np=np, lax=plain.lax_plain)
    try:
        exec(compile(text, "program", "exec"), names)
        x, y, main = names["x"], names["y"], names["main"]
        value = main(x, y)
        values = np.asarray(value)
        unit = np.finfo(x.dtype).eps
        # as wide as the argument itself is: what half a dozen roundings do
        spread = np.max(np.abs(np.asarray(main(x * (1 + 8 * unit), y * (1 - 8 * unit))) - values), initial=0)
        found = {"slopes": slopes(main, x, y, float(spread))} if with_slopes else {}
        kind = ("*" if value.weak_type else "") + f"{value.dtype}{list(value.shape)}"
        return {**found, "type": kind, "values": [repr(float(v)) for v in values.ravel()], "spread": repr(float(spread))}
    except Exception as error:  # the class is part of the contract
        return {"error": type(error).__name__, "message": str(error)[:600], "trace": traceback.format_exc()[-1500:]}


def main():
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(answer(question["text"], question.get("plainly", False), question.get("slopes", False))), flush=True)


if __name__ == "__main__":
    main()
