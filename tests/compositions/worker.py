"""Runs programs that come as lines of JSON on standard input, under whatever "jax" is here, and answers each with a line.

A question is {"text": the program, "plainly": run it with plain.py instead of jit, vmap, grad and the loops}. The answer is {"type", "values", "spread"}, where
the spread is how much the values move when the arguments move by some units in their last place: what rounding may do; or {"error": class, "message"}.
"""
import json
import sys
import traceback

import jax
import jax.numpy as jnp
import numpy as np
import plain
from programs import HEAD


def answer(text, plainly):
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
        return {"type": ("*" if value.weak_type else "") + f"{value.dtype}{list(value.shape)}", "values": [repr(float(v)) for v in values.ravel()], "spread": repr(float(spread))}
    except Exception as error:  # the class is part of the contract
        return {"error": type(error).__name__, "message": str(error)[:600], "trace": traceback.format_exc()[-1500:]}


def main():
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(answer(question["text"], question.get("plainly", False))), flush=True)


if __name__ == "__main__":
    main()
