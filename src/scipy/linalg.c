/* jax.scipy.linalg: factorizations. Equations are in linalg_solve.c, functions of matrices in
 * matrix_functions.c, matrices with a name in special_matrices.c. */
#include "scipy/matrix.h"

/* ---- Cholesky ---- */

ct_array scipy_linalg_cholesky(const ct_scipy_linalg_cholesky_args *a)
{
    ct_array x = promoted("cholesky", a->a);
    if (is_poison(x))
        return x;
    if (!is_square(x))
        return ct_fail(CT_VALUE_ERROR, "Argument to cholesky must have shape [..., n, n], got %s.",
                       dims_string(shape_of(x)));
    ct_array l =
        ct_lax_linalg_cholesky(a->lower ? x : linalg_adjoint(x), .symmetrize_input = CT_FALSE);
    return a->lower ? l : linalg_adjoint(l);
}

/* The two members of a pair such as cho_factor and lu_factor give. */
static bool pair(const char *what, ct_tree t, ct_array out[2])
{
    if (!is_tree(t) || ct_len(t) != 2 || is_tree(ct_at(t, 0)) || is_tree(ct_at(t, 1))) {
        base_fail(CT_VALUE_ERROR, "%s: the first argument must be a pair.", what);
        return false;
    }
    out[0] = ct_at(t, 0), out[1] = ct_at(t, 1);
    return !is_poison(out[0]) && !is_poison(out[1]);
}

ct_array scipy_linalg_cho_solve(const ct_scipy_linalg_cho_solve_args *a)
{
    ct_array c[2], b = a->b;
    int64_t lower;
    bool vector;
    if (!pair("cho_solve", a->c_and_lower, c) ||
        !numpy_known_int("cho_solve", "lower", c[1], &lower) ||
        !scipy_sides("cho_solve", &c[0], &b, &vector))
        return array_poison;
    params_triangular_solve first = {.left_side = true,
                                     .lower = lower,
                                     .transpose_a = !lower,
                                     .conjugate_a =
                                         !lower && dtype_is(dtype_of(b), FAMILY_COMPLEX)},
                            second = first;
    second.transpose_a = lower;
    second.conjugate_a = lower && dtype_is(dtype_of(b), FAMILY_COMPLEX);
    return scipy_side(op_triangular_solve(c[0], op_triangular_solve(c[0], b, &first), &second),
                      vector);
}

/* ---- what jax.numpy.linalg has too ---- */

ct_array scipy_linalg_det(const ct_scipy_linalg_det_args *a) { return ct_numpy_linalg_det(a->a); }

ct_array scipy_linalg_inv(const ct_scipy_linalg_inv_args *a) { return ct_numpy_linalg_inv(a->a); }

ct_tree scipy_linalg_svd(const ct_scipy_linalg_svd_args *a)
{
    return ct_numpy_linalg_svd(a->a, .full_matrices = a->full_matrices,
                               .compute_uv = a->compute_uv);
}

ct_tree scipy_linalg_eigh(const ct_scipy_linalg_eigh_args *a)
{
    if (a->type.value != 1)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "Only the type=1 case of eigh is implemented.");
    const char *triangle = a->lower == CT_TRUE ? "L" : "U";
    return a->eigvals_only ? ct_numpy_linalg_eigvalsh(a->a, .UPLO = triangle)
                           : ct_numpy_linalg_eigh(a->a, .UPLO = triangle);
}

/* ---- tridiagonal matrices ---- */

/* Which eigenvalues are wanted: [*first, *last). */
static bool selected(const ct_scipy_linalg_eigh_tridiagonal_args *a, int64_t n, int64_t *first,
                     int64_t *last)
{
    *first = 0, *last = n;
    if (!strcmp(a->select, "a"))
        return true;
    if (!strcmp(a->select, "v")) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "eigh_tridiagonal(..., select='v') is not implemented");
        return false;
    }
    if (strcmp(a->select, "i")) {
        base_fail(CT_VALUE_ERROR, "eigh_tridiagonal: select must be 'a', 'i' or 'v', got '%s'.",
                  a->select);
        return false;
    }
    if (a->select_range.n != 3) {
        base_fail(CT_VALUE_ERROR, "for select='i', select_range must be specified.");
        return false;
    }
    *first = a->select_range.at[1], *last = a->select_range.at[2] + 1;
    if (*first >= *last || *first < 0 || *last > n) {
        base_fail(CT_VALUE_ERROR,
                  "eigh_tridiagonal: select_range must name eigenvalues 0 to %lld in order.",
                  (long long)n - 1);
        return false;
    }
    return true;
}

ct_tree scipy_linalg_eigh_tridiagonal(const ct_scipy_linalg_eigh_tridiagonal_args *a)
{
    ct_array d = a->d, e = a->e;
    ct_dtype dtype = dtype_of(d);
    int64_t first, last;
    if (dtype != dtype_of(e) || !dtype_inexact(dtype) || dtype_table[dtype].itemsize < 4)
        return ct_fail(CT_TYPE_ERROR,
                       "eigh_tridiagonal: the diagonals must be of one dtype, float32, float64 or "
                       "complex, got %s and %s.",
                       ct_dtype_name(dtype), ct_dtype_name(dtype_of(e)));
    if (d->aval.ndim != 1 || e->aval.ndim != 1 || (d->size && e->size != d->size - 1))
        return ct_fail(CT_VALUE_ERROR,
                       "eigh_tridiagonal: shapes [n] and [n - 1] are needed, got %s and %s.",
                       dims_string(shape_of(d)), dims_string(shape_of(e)));
    if (!selected(a, d->size, &first, &last))
        return array_poison;
    ct_array main = dtype_is(dtype, FAMILY_COMPLEX) ? op_real(d) : d, x = ct_diag(d);
    if (d->size > 1)
        x = ct_add(x, ct_diag(ct_conjugate(e), .k = -1));
    if (d->size <= 1)
        return a->eigvals_only ? main : ct_tuple(main, ct_eye(d->size, .dtype = dtype));
    ct_array out[2];
    op_eigh(x, true, true, out);
    if (is_poison(out[0]))
        return array_poison;
    ct_array w = shape_slice(out[1], 0, first, last, 1);
    return a->eigvals_only ? w : ct_tuple(w, shape_slice(out[0], 1, first, last, 1));
}

/* ---- LU ---- */

/* Ones where the permutation says: P with P x[permutation] = x. */
static ct_array permutation_matrix(ct_array permutation, ct_dtype dtype)
{
    int64_t m = permutation->aval.shape[permutation->aval.ndim - 1];
    ct_array here = op_expand_dims(permutation, I(permutation->aval.ndim - 1));
    return op_convert(ct_equal(here, op_iota(CT_INT32, I(m, 1), 0)), dtype, false);
}

ct_tree scipy_linalg_lu(const ct_scipy_linalg_lu_args *a)
{
    ct_array x = promoted("lu", a->a), out[3];
    op_lu(x, out);
    if (is_poison(out[0]))
        return array_poison;
    int64_t m = rows_of(x), n = cols_of(x), k = m < n ? m : n;
    ct_array p = permutation_matrix(out[2], dtype_of(x));
    ct_array l = ct_add(ct_tril(matrix_part(out[0], 0, m, 0, k), .k = -1),
                        ct_eye(m, .M = GIVEN(k), .dtype = dtype_of(x)));
    ct_array u = ct_triu(matrix_part(out[0], 0, k, 0, n));
    if (a->permute_l)
        return shape_tuple(2, (ct_array[]){ct_matmul(p, l), u});
    return shape_tuple(3, (ct_array[]){p, l, u});
}

ct_tree scipy_linalg_lu_factor(const ct_scipy_linalg_lu_factor_args *a)
{
    ct_array out[3];
    op_lu(promoted("lu_factor", a->a), out);
    return shape_tuple(2, out);
}

ct_array scipy_linalg_lu_solve(const ct_scipy_linalg_lu_solve_args *a)
{
    ct_array f[2], b = a->b;
    bool vector;
    if (a->trans < 0 || a->trans > 2)
        return ct_fail(CT_VALUE_ERROR, "'trans' value must be 0, 1, or 2, got %lld",
                       (long long)a->trans);
    if (!pair("lu_solve", a->lu_and_piv, f) || !scipy_sides("lu_solve", &f[0], &b, &vector))
        return array_poison;
    ct_array order = op_lu_pivots_to_permutation(f[1], rows_of(f[0]));
    ct_array v[] = {order, b};
    if (!scipy_share_batch("lu_solve", 2, v, (const int[]){1, 2}))
        return array_poison;
    order = v[0], b = v[1];
    bool transpose = a->trans != 0,
         conjugate = a->trans == 2 && dtype_is(dtype_of(b), FAMILY_COMPLEX);
    params_triangular_solve l = {.left_side = true,
                                 .lower = true,
                                 .unit_diagonal = true,
                                 .transpose_a = transpose,
                                 .conjugate_a = conjugate},
                            u = l;
    u.lower = u.unit_diagonal = false;
    ct_array x = transpose ? b : matrix_permuted(b, order, -2);
    x = op_triangular_solve(f[0], x, transpose ? &u : &l);
    x = op_triangular_solve(f[0], x, transpose ? &l : &u);
    if (transpose && !is_poison(x))
        x = matrix_permuted(x, ct_argsort(order), -2);
    return scipy_side(x, vector);
}

/* ---- QR ---- */

ct_tree scipy_linalg_qr(const ct_scipy_linalg_qr_args *a)
{
    bool economic = !strcmp(a->mode, "economic"), only_r = !strcmp(a->mode, "r");
    if (!economic && !only_r && strcmp(a->mode, "full"))
        return ct_fail(CT_VALUE_ERROR, "Unsupported QR decomposition mode '%s'", a->mode);
    ct_array out[3];
    op_qr(promoted("qr", a->a), !economic, a->pivoting, out);
    return shape_tuple(2 + a->pivoting - only_r, out + only_r);
}

/* Whether c fits Q, which has the size of a's columns. */
static bool fits_q(ct_array a, ct_array c, bool left)
{
    int64_t m = rows_of(a), k = m < cols_of(a) ? m : cols_of(a), wanted = left ? k : m,
            given = left ? rows_of(c) : cols_of(c);
    if (wanted != given)
        base_fail(CT_VALUE_ERROR,
                  "Array shapes are not compatible for %s: a has shape %s, so c needs %lld %s, "
                  "but has %lld.",
                  left ? "Q @ c" : "c @ Q", dims_string(shape_of(a)), (long long)wanted,
                  left ? "rows" : "columns", (long long)given);
    return wanted == given;
}

/* With so many rows of zeros below. */
static ct_array lengthened(ct_array c, int64_t rows)
{
    ct_ints shape = shape_of(c);
    dimlist more;
    if (!dimlist_copy(&more, "qr_multiply", shape))
        return array_poison;
    more.at[more.n - 2] = rows;
    ct_array zeros = op_full(&(aval){c->aval.dtype, false, (int)more.n, more.at}, 0);
    return op_concatenate(2, (ct_array[]){c, zeros}, shape.n - 2);
}

ct_tree scipy_linalg_qr_multiply(const ct_scipy_linalg_qr_multiply_args *args)
{
    ct_array v[] = {args->a, args->c};
    bool left = !strcmp(args->mode, "left"), right = !strcmp(args->mode, "right");
    if (!left && !right)
        return ct_fail(CT_VALUE_ERROR, "mode must be 'right' or 'left', got '%s'", args->mode);
    if (!numpy_promote_inexact("qr_multiply", 2, v, v))
        return array_poison;
    bool vector = v[1]->aval.ndim == 1;
    if (vector)
        v[1] = op_expand_dims(v[1], I(left ? 1 : 0));
    if (v[0]->aval.ndim < 2 || v[1]->aval.ndim < 2)
        return ct_fail(CT_VALUE_ERROR, "qr_multiply: a needs at least two axes and c one.");
    if (!fits_q(v[0], v[1], left) || !scipy_share_batch("qr_multiply", 2, v, (const int[]){2, 2}))
        return array_poison;
    ct_array a = v[0], c = v[1], f[3]; /* reflections, then pivots where asked for, then factors */
    int64_t m = rows_of(a), k = m < cols_of(a) ? m : cols_of(a);
    if (args->pivoting) {
        dimlist columns;
        if (!dimlist_copy(&columns, "qr_multiply", shape_of(a)))
            return array_poison;
        columns.at[columns.n - 2] = cols_of(a);
        columns.n--;
        ct_array any = numpy_filled(array_scalar_int(CT_INT32, false, 0), dimlist_ints(&columns));
        core_bind(&op_row_geqp3, NULL, 2, (ct_array[]){a, any}, 3, f);
    } else {
        core_bind(&op_row_geqrf, NULL, 1, &a, 2, f);
    }
    if (is_poison(f[0]))
        return array_poison;
    if (left && m > k)
        c = lengthened(c, m - k);
    c = args->conjugate ? matrix_t(c) : c;
    ct_array q =
        op_ormqr(f[0], f[1 + args->pivoting], c,
                 &(params_ormqr){.left = left != args->conjugate, .transpose = args->conjugate});
    q = args->conjugate ? matrix_t(q) : q;
    if (is_poison(q))
        return q;
    if (right)
        q = matrix_part(q, 0, rows_of(q), 0, k);
    ct_array r = ct_triu(matrix_part(f[0], 0, k, 0, cols_of(a)));
    ct_array out[] = {vector ? shape_flatten(q) : q, r, args->pivoting ? sub(f[1], 1) : NULL};
    return shape_tuple(2 + args->pivoting, out);
}

/* ---- Hessenberg and Schur forms, polar decomposition ---- */

ct_tree scipy_linalg_hessenberg(const ct_scipy_linalg_hessenberg_args *a)
{
    ct_array x = scipy_square("hessenberg", a->a), f[2];
    if (is_poison(x))
        return x;
    int64_t n = rows_of(x);
    ct_array h = x, q = ct_eye(n, .dtype = dtype_of(x));
    if (n > 1) {
        op_hessenberg(x, f);
        if (is_poison(f[0]))
            return array_poison;
        h = ct_triu(f[0], .k = -1);
    }
    if (!a->calc_q)
        return h;
    q = numpy_broadcast_one("hessenberg", q, shape_of(x));
    if (n > 1) {
        ct_array inner = op_householder_product(matrix_part(f[0], 1, n - 1, 0, n - 1), f[1]);
        ct_array row = matrix_part(q, 0, 1, 1, n - 1), column = matrix_part(q, 0, n, 0, 1);
        if (is_poison(inner))
            return inner;
        int64_t axis = x->aval.ndim - 2;
        q = op_concatenate(2, (ct_array[]){row, inner}, axis);
        q = op_concatenate(2, (ct_array[]){column, q}, axis + 1);
    }
    return shape_tuple(2, (ct_array[]){h, q});
}

ct_tree scipy_linalg_schur(const ct_scipy_linalg_schur_args *a)
{
    bool complex = !strcmp(a->output, "complex");
    ct_array x = a->a, out[2];
    if (!complex && strcmp(a->output, "real"))
        return ct_fail(CT_VALUE_ERROR,
                       "Expected 'output' to be either 'real' or 'complex', got output='%s'.",
                       a->output);
    if (complex)
        return scipy_complex_schur("schur", x, out) ? shape_tuple(2, out) : array_poison;
    op_schur(scipy_square("schur", x), true, false, out);
    return shape_tuple(2, out);
}

bool scipy_complex_schur(const char *what, ct_array a, ct_array out[2])
{
    ct_array x = scipy_square(what, a);
    if (is_poison(x))
        return false;
    ct_dtype d = dtype_real_part(dtype_of(x)) == CT_FLOAT64 ? CT_COMPLEX128 : CT_COMPLEX64;
    op_schur(op_convert(x, d, false), true, false, out);
    return !is_poison(out[0]);
}

ct_tree scipy_linalg_polar(const ct_scipy_linalg_polar_args *a)
{
    ct_array x = promoted("polar", a->a), f[3];
    bool left = !strcmp(a->side, "left");
    if (is_poison(x))
        return x;
    if (x->aval.ndim < 2)
        return ct_fail(CT_VALUE_ERROR, "The input `a` must be at least a 2-D array.");
    if (!left && strcmp(a->side, "right"))
        return ct_fail(CT_VALUE_ERROR, "The argument `side` must be either 'right' or 'left'.");
    if (strcmp(a->method, "qdwh") && strcmp(a->method, "svd"))
        return ct_fail(CT_VALUE_ERROR, "Unknown polar decomposition method %s.", a->method);
    if (!strcmp(a->method, "qdwh") && left != (rows_of(x) < cols_of(x)))
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "polar: method='qdwh' takes no wide matrix with side='right' and only wide "
                       "ones with side='left', got shape %s with side='%s'; use method='svd'",
                       dims_string(shape_of(x)), a->side);
    op_svd(x, false, true, f);
    if (is_poison(f[0]))
        return array_poison;
    ct_array s = op_expand_dims(f[0], I(f[0]->aval.ndim - 1)), unitary = ct_matmul(f[1], f[2]);
    ct_array sides = left ? f[1] : linalg_adjoint(f[2]);
    ct_array positive = ct_matmul(ct_multiply(sides, s), linalg_adjoint(sides));
    return shape_tuple(2, (ct_array[]){unitary, positive});
}
