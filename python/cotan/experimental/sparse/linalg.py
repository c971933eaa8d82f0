"""Equations and eigenvalues of sparse matrices."""
from ... import lax, numpy as jnp


def spsolve(data, indices, indptr, b, tol=1e-6, reorder=1):
    """x with A x = b, A by rows (CSR). The matrix is made dense and factored."""
    from .matrices import CSR
    return jnp.linalg.solve(CSR((data, indices, indptr), shape=(b.shape[0], b.shape[0])).todense(), b)


def lobpcg_standard(A, X, m=100, tol=None):
    """The k largest eigenvalues of a symmetric matrix, or of a function that multiplies by it, and their vectors: (theta, U, iterations). X is the first guess, (n, k) with 5k < n.

    Locally optimal block preconditioned conjugate gradients without a preconditioner (Knyazev 2001): the best vectors of the space that the iterates, their residuals and the
    last directions span.
    """
    X = jnp.asarray(X)
    n, k = X.shape
    if 5 * k >= n or k < 1:
        raise ValueError(f"expected search dim * 5 < matrix dim (got {k * 5}, {n})" if k else f"must have search dim > 0, got {k}")
    times = A if callable(A) else lambda v: A @ v
    tol = jnp.finfo(X.dtype).eps if tol is None else tol

    def orthonormal(S):
        """A basis by columns; directions that others already span are dropped."""
        q, r = jnp.linalg.qr(S)
        far = jnp.abs(jnp.diagonal(r)) > 1e-6 * jnp.abs(jnp.diagonal(r)).max()
        return jnp.where(far, q, 0)

    def best(S):
        """Ritz values in descending order and their coefficients; columns of zeros stand last."""
        H = S.T @ times(S)
        dead = (S * S).sum(0) < 0.5
        H = (H + H.T) / 2 + jnp.diag(jnp.where(dead, -2 * jnp.abs(H).sum() - 1, 0))
        theta, C = jnp.linalg.eigh(H)
        return theta[::-1][:k], C[:, ::-1][:, :k]

    def step(state):
        i, X, P, theta, _ = state
        R = times(X) - X * theta
        R = R - X @ (X.T @ R)
        norms = jnp.linalg.norm(R, axis=0)
        S = orthonormal(jnp.concatenate([X, R / jnp.maximum(norms, 1e-30), P], axis=1))
        theta, C = best(S)
        new = S @ C
        P = new - X @ (X.T @ new)
        P = P / jnp.maximum(jnp.linalg.norm(P, axis=0), 1e-30)
        new = jnp.linalg.qr(new)[0]
        converged = jnp.linalg.norm(times(new) - new * theta, axis=0) < tol * 10 * n * (jnp.abs(theta) + jnp.abs(theta[0]))
        return i + 1, new, P, theta, converged.sum()

    X = jnp.linalg.qr(X)[0]
    theta, C = best(X)
    X = X @ C
    start = 0, X, jnp.zeros_like(X), theta, jnp.sum(jnp.zeros(k, bool))
    i, X, _, theta, _ = lax.while_loop(lambda s: (s[0] < m) & (s[4] < k), step, start)
    return theta, X, i
