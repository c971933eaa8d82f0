"""What makes two answers to one program differ."""


def can_be_written_out(text):
    """Not programs whose rules for derivatives and batching are not those of what they compute, and no collectives."""
    return not any(word in text for word in ("with_batching", "with_jvp", "with_vjp", "with_gradient", "axis_name"))


def has_slopes(text):
    """Not programs whose derivatives are not those of what they compute, nor narrow ones; products
    at places that may repeat have none."""
    return "jax_enable_x64" in text and not any(word in text for word in ("with_jvp", "with_vjp", "with_gradient", "stop_gradient", ".multiply("))


def slope_difference(slopes):
    """Why a derivative is not the limit of quotients, or None; also where quotients of two step sizes differ: near a kink."""
    wide, narrow = slopes["quotients"]
    allowed = 1e-6 * max(1, abs(narrow)) + 20 * abs(wide - narrow) + slopes["noise"]
    for way in "reverse", "forward":
        if slopes[way] is not None and not abs(slopes[way] - narrow) <= allowed and allowed < 0.01 * max(1, abs(narrow)):
            return f"the {way} derivative is {slopes[way]}, quotients are {wide} and {narrow} (allowed {allowed:.1e})"
    return None


def difference(got, want):
    """Why two answers differ by more than rounding can do, or None."""
    if "error" in want or "error" in got:
        name = lambda a: f"{a['error']}: {a['message'][:300]}" if "error" in a else "values"
        return None if got.get("error") == want.get("error") else f"{name(got)} where {name(want)} expected"
    if got["type"] != want["type"]:
        return f"type {got['type']}, not {want['type']}"
    a, b = [float(v) for v in got["values"]], [float(v) for v in want["values"]]
    allowed = (1e-9 if "float64" in want["type"] else 1e-4) * max([1, *map(abs, b)]) + 100 * max(float(got["spread"]), float(want["spread"]))
    for u, v in zip(a, b):
        if not (u == v or abs(u - v) <= allowed or (u != u and v != v)):
            return f"{a}, not {b} (rounding explains {allowed:.1e})"
    return None
