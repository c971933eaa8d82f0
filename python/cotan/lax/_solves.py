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
