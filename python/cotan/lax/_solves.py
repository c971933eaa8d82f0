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


def custom_root(f, initial_guess, solve, tangent_solve, has_aux=False):
    """x with f(x) = 0 by solve(f, initial_guess). Its derivative follows from f alone: with g the derivative of f at x, -tangent_solve(g, df) for a change df of f."""
    return _cotan._custom_root(f, lambda guess: solve(f, guess), tangent_solve, bool(has_aux))(initial_guess)
