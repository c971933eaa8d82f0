/* Factorizations of matrices: the operations themselves, with what JAX does around them. */
#define OPS_SHORT_NAMES
#include "lax/lax.h"

static bool at_least_2d(const char *what, ct_array x)
{
    if (x->aval.ndim >= 2)
        return true;
    base_fail(CT_TYPE_ERROR, "%s requires matrices, with at least two axes, got an array with %d.",
              what, (int)x->aval.ndim);
    return false;
}

static ct_array adjoint(ct_array x)
{
    ct_array y = op_moveaxis(x, x->aval.ndim - 1, x->aval.ndim - 2);
    return !is_poison(y) && dtype_is(dtype_of(y), FAMILY_COMPLEX) ? op_conj(y) : y;
}

/* The mean of a matrix and its adjoint. */
static ct_array symmetrized(const char *what, ct_array x)
{
    if (!at_least_2d(what, x))
        return array_poison;
    if (x->aval.shape[x->aval.ndim - 1] != x->aval.shape[x->aval.ndim - 2])
        return ct_fail(CT_TYPE_ERROR, "%s takes square matrices, [..., n, n].", what);
    return ct_divide(add(x, adjoint(x)), 2);
}

static ct_tree as_tuple(int n, ct_array *out)
{
    for (int i = 0; i < n; i++)
        if (is_poison(out[i]))
            return array_poison;
    return ct_tuple_(n, out);
}

static ct_tree as_list(int n, ct_array *out)
{
    for (int i = 0; i < n; i++)
        if (is_poison(out[i]))
            return array_poison;
    return ct_list_(n, out);
}

ct_array lax_linalg_cholesky(const ct_lax_linalg_cholesky_args *a)
{
    ct_array x = a->symmetrize_input == CT_TRUE ? symmetrized("cholesky", a->x) : a->x;
    ct_array l = op_cholesky(x);
    return is_poison(l) ? l : ct_tril(l);
}

ct_array lax_linalg_cholesky_update(ct_array r, ct_array w) { return op_cholesky_update(r, w); }

ct_tree lax_linalg_eig(const ct_lax_linalg_eig_args *a)
{
    bool left = a->compute_left_eigenvectors == CT_TRUE,
         right = a->compute_right_eigenvectors == CT_TRUE;
    ct_array out[3];
    op_eig(a->x, left, right, a->enable_eigvec_derivs, out);
    return as_list(1 + left + right, out);
}

ct_tree lax_linalg_eigh(const ct_lax_linalg_eigh_args *a)
{
    ct_array x = a->symmetrize_input == CT_TRUE ? symmetrized("eigh", a->x) : a->x, out[2];
    op_eigh(x, a->lower == CT_TRUE, a->sort_eigenvalues == CT_TRUE, out);
    return as_tuple(2, out);
}

ct_tree lax_linalg_hessenberg(ct_array x)
{
    ct_array out[2];
    op_hessenberg(x, out);
    return as_tuple(2, out);
}

ct_array lax_linalg_householder_product(ct_array a, ct_array taus)
{
    return op_householder_product(a, taus);
}

ct_tree lax_linalg_lu(ct_array x)
{
    ct_array out[3];
    op_lu(x, out);
    return as_tuple(3, out);
}

ct_array lax_linalg_lu_pivots_to_permutation(const ct_lax_linalg_lu_pivots_to_permutation_args *a)
{
    return op_lu_pivots_to_permutation(a->pivots, a->permutation_size);
}

ct_array lax_linalg_ormqr(const ct_lax_linalg_ormqr_args *a)
{
    return op_ormqr(a->a, a->taus, a->c,
                    &(params_ormqr){.left = a->left == CT_TRUE, .transpose = a->transpose});
}

ct_tree lax_linalg_qr(const ct_lax_linalg_qr_args *a)
{
    ct_array out[3];
    op_qr(a->x, a->full_matrices == CT_TRUE, a->pivoting, out);
    return as_tuple(2 + a->pivoting, out);
}

ct_tree lax_linalg_schur(const ct_lax_linalg_schur_args *a)
{
    bool vectors = a->compute_schur_vectors == CT_TRUE;
    ct_array out[2];
    op_schur(a->x, vectors, a->sort_eig_vals, out);
    return as_list(1 + vectors, out);
}

ct_tree lax_linalg_svd(const ct_lax_linalg_svd_args *a)
{
    ct_array out[3];
    bool vectors = a->compute_uv == CT_TRUE;
    op_svd(a->x, a->full_matrices == CT_TRUE, vectors, out);
    return vectors ? as_tuple(3, (ct_array[]){out[1], out[0], out[2]}) : out[0];
}

ct_array lax_linalg_symmetric_product(const ct_lax_linalg_symmetric_product_args *a)
{
    if (!at_least_2d("symmetric_product", a->a_matrix))
        return array_poison;
    ct_array x = a->a_matrix, alpha = array_scalar(dtype_of(x), false, a->alpha.value);
    ct_array product = ct_matmul(x, ct_matrix_transpose(x));
    if (is_poison(product))
        return product;
    return op_add(op_mul(alpha, product),
                  op_mul(array_scalar(dtype_of(x), false, a->beta), a->c_matrix));
}

ct_array lax_linalg_triangular_solve(const ct_lax_linalg_triangular_solve_args *a)
{
    params_triangular_solve p = {.conjugate_a = a->conjugate_a,
                                 .left_side = a->left_side,
                                 .lower = a->lower,
                                 .transpose_a = a->transpose_a,
                                 .unit_diagonal = a->unit_diagonal};
    ct_array b = a->b;
    bool vector = b->aval.ndim == a->a->aval.ndim - 1;
    if (vector)
        b = op_expand_dims(b, I(a->left_side ? b->aval.ndim : b->aval.ndim - 1));
    p.conjugate_a &= dtype_is(dtype_of(a->a), FAMILY_COMPLEX);
    ct_array x = op_triangular_solve(a->a, b, &p);
    if (!vector || is_poison(x))
        return x;
    return op_squeeze(x, I(a->left_side ? x->aval.ndim - 1 : x->aval.ndim - 2));
}

ct_tree lax_linalg_tridiagonal(const ct_lax_linalg_tridiagonal_args *a)
{
    ct_array out[4];
    op_tridiagonal(a->a, a->lower == CT_TRUE, out);
    return as_tuple(4, out);
}

ct_array lax_linalg_tridiagonal_solve(const ct_lax_linalg_tridiagonal_solve_args *a)
{
    return op_tridiagonal_solve(a->dl, a->d, a->du, a->b, a->perturb_singular);
}

ct_tree lax_linalg__geqrf(ct_array x)
{
    ct_array out[2];
    core_bind(&op_row_geqrf, NULL, 1, &x, 2, out);
    return as_tuple(2, out);
}

ct_tree lax_linalg__geqp3(ct_array x, ct_array jpvt)
{
    ct_array out[3];
    core_bind(&op_row_geqp3, NULL, 2, (ct_array[]){x, jpvt}, 3, out);
    return as_tuple(3, out);
}
