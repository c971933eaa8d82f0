"""jax.lax's solvers with derivatives by the implicit function theorem: argument conventions; linear equations are solved by the library."""
from .. import _cotan, linear_transpose


def custom_linear_solve(matvec, b, solve, transpose_solve=None, symmetric=False, has_aux=False):
    """x with matvec(x) = b by solve(matvec, b). Derivatives are solutions of linear equations too, so the solvers are never differentiated; those in reverse are
    transpose_solve(vecmat, ct), or solve again where the map is symmetric."""
    if transpose_solve is None:
        backward = None
    else:
        def backward(ct):
            return transpose_solve(matvec if symmetric else lambda x: linear_transpose(matvec, b)(x)[0], ct)
    return _cotan._linear_solve(matvec, lambda b: solve(matvec, b), backward, bool(symmetric), bool(has_aux))(b)


def _check(name, what, value, like):
    from ..tree_util import tree_structure
    got, expected = tree_structure(value), tree_structure(like)
    if got != expected:
        raise TypeError(f"{name}() output pytree structure must match {what}, got {got} and {expected}.")


def custom_root(f, initial_guess, solve, tangent_solve, has_aux=False):
    """x with f(x) = 0 by solve(f, initial_guess). Its derivative follows from f alone: with g the derivative of f at x, -tangent_solve(g, df) for a change df of f."""
    from .. import closure_convert, custom_jvp, eval_shape, jvp
    from ..numpy import asarray, zeros_like
    from ..tree_util import tree_map
    guess = tree_map(asarray, initial_guess)
    _check("f", "initial_guess", eval_shape(f, guess), guess)
    function, closed_over = closure_convert(f, guess)
    solver, solver_closed_over = closure_convert(lambda x: solve(f, x), guess)

    @custom_jvp
    def _custom_root(closed_over, solver_closed_over, guess):
        return solver(guess, *solver_closed_over)

    @_custom_root.defjvp
    def _root_jvp(primals, tangents):
        result = _custom_root(*primals)
        x, values = result[0] if has_aux else result, primals[0]
        change = jvp(lambda values: function(x, *values), (values,), (tangents[0],))[1]
        moved = tangent_solve(lambda t: jvp(lambda x: function(x, *values), (x,), (t,))[1], change)
        _check("tangent_solve", "x", moved, x)
        moved = tree_map(lambda t: -t, moved)
        return result, (moved, tree_map(zeros_like, result[1])) if has_aux else moved

    result = _custom_root(closed_over, solver_closed_over, guess)
    _check("solve", "initial_guess", result[0] if has_aux else result, guess)
    return result
