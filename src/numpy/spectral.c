/* jax.numpy.linalg: qr, eigenvalues and singular values, and what follows from them: pinv, lstsq,
 * rank, condition. */
#define OPS_SHORT_NAMES
#include "numpy/linalg.h"

#include <float.h>
#include <math.h>

static double epsilon(ct_dtype d)
{
    return dtype_real_part(d) == CT_FLOAT64 ? DBL_EPSILON : FLT_EPSILON;
}

/* ---- decompositions ---- */

ct_tree numpy_linalg_qr(const ct_numpy_linalg_qr_args *a)
{
    ct_array x = promoted("qr", a->a), out[2];
    const char *mode = a->mode;
    if (is_poison(x))
        return x;
    if (!strcmp(mode, "raw")) {
        core_bind(&op_row_geqrf, NULL, 1, &x, 2, out);
        return shape_tuple(2, (ct_array[]){ct_matrix_transpose(out[0]), out[1]});
    }
    bool complete = !strcmp(mode, "complete");
    if (!complete && strcmp(mode, "reduced") && strcmp(mode, "r") && strcmp(mode, "full"))
        return ct_fail(CT_VALUE_ERROR, "Unsupported QR decomposition mode '%s'", mode);
    op_qr(x, complete, false, out);
    return strcmp(mode, "r") ? shape_tuple(2, out) : out[1];
}

ct_array linalg_symmetrized(const char *what, ct_array x)
{
    if (is_poison(x) || is_square(x))
        return is_poison(x) ? x : div(add(x, linalg_adjoint(x)), 2);
    return ct_fail(CT_TYPE_ERROR, "%s takes square matrices, [..., n, n], got shape %s.", what,
                   dims_string(shape_of(x)));
}

static bool eigen(const char *what, ct_array x, const char *uplo, bool symmetrize, ct_array out[2])
{
    if (uplo && strcmp(uplo, "L") && strcmp(uplo, "U")) {
        base_fail(CT_VALUE_ERROR, "UPLO must be one of None, 'L', or 'U', got %s", uplo);
        return false;
    }
    x = promoted(what, x);
    op_eigh(symmetrize ? linalg_symmetrized(what, x) : x, !uplo || *uplo == 'L', true, out);
    return !is_poison(out[0]);
}

ct_tree numpy_linalg_eigh(const ct_numpy_linalg_eigh_args *a)
{
    ct_array out[2];
    if (!eigen("eigh", a->a, a->UPLO, a->symmetrize_input == CT_TRUE, out))
        return array_poison;
    return ct_tuple(out[1], out[0]);
}

ct_array numpy_linalg_eigvalsh(const ct_numpy_linalg_eigvalsh_args *a)
{
    ct_array out[2];
    bool good = eigen("eigvalsh", a->a, a->UPLO, a->symmetrize_input == CT_TRUE, out);
    return good ? out[1] : array_poison;
}

ct_tree numpy_linalg_eig(ct_array a)
{
    ct_array out[2];
    op_eig(promoted("eig", a), false, true, false, out);
    return shape_tuple(2, out);
}

ct_array numpy_linalg_eigvals(ct_array a)
{
    ct_array out;
    op_eig(promoted("eigvals", a), false, false, false, &out);
    return out;
}

/* ---- singular values ---- */

/* Of Hermitian matrices they are the sizes of the eigenvalues, whose signs go to the right vectors.
 */
static bool hermitian_svd(ct_array x, bool vectors, ct_array out[3])
{
    ct_array vw[2];
    if (!eigen("eigh", x, NULL, true, vw))
        return false;
    ct_array size = op_abs(vw[1]), sign = op_sign(vw[1]), in[3], sorted[3];
    int64_t last = size->aval.ndim - 1;
    if (!vectors) {
        op_sort(1, &size, last, true, 1, sorted);
        out[0] = is_poison(sorted[0]) ? sorted[0] : op_rev(sorted[0], I(last));
        return !is_poison(out[0]);
    }
    in[0] = size;
    in[1] = op_iota(CT_INT32, shape_of(size), last);
    in[2] = sign;
    op_sort(3, in, last, true, 1, sorted);
    for (int i = 0; i < 3; i++)
        if (is_poison(sorted[i]) || is_poison(sorted[i] = op_rev(sorted[i], I(last))))
            return false;
    out[0] = sorted[0];
    out[1] = ct_take_along_axis(vw[0], ct_expand_dims(sorted[1], I(-2)), .axis = GIVEN(-1));
    if (is_poison(out[1]))
        return false;
    ct_array signs = op_expand_dims(op_convert(sorted[2], dtype_of(out[1]), false), I(last));
    out[2] = linalg_adjoint(mul(out[1], signs));
    return !is_poison(out[2]);
}

/* s, and u and vh when wanted. */
static bool singular(const char *what, ct_array x, bool full, bool vectors, bool hermitian,
                     ct_array out[3])
{
    x = promoted(what, x);
    if (is_poison(x))
        return false;
    if (hermitian)
        return hermitian_svd(x, vectors, out);
    op_svd(x, full, vectors, out);
    return !is_poison(out[0]);
}

ct_tree numpy_linalg_svd(const ct_numpy_linalg_svd_args *a)
{
    ct_array out[3];
    bool vectors = a->compute_uv == CT_TRUE;
    if (!singular("svd", a->a, a->full_matrices == CT_TRUE, vectors, a->hermitian, out))
        return array_poison;
    return vectors ? ct_tuple(out[1], out[0], out[2]) : out[0];
}

static ct_array singular_values(const char *what, ct_array x, bool hermitian)
{
    ct_array out[3];
    return singular(what, x, true, false, hermitian, out) ? out[0] : array_poison;
}

ct_array numpy_linalg_svdvals(ct_array x) { return singular_values("svdvals", x, false); }

ct_array numpy_linalg_matrix_rank(const ct_numpy_linalg_matrix_rank_args *a)
{
    ct_array x = promoted("matrix_rank", a->M), limit = a->rtol ? a->rtol : a->tol;
    if (is_poison(x))
        return x;
    if (a->rtol && a->tol)
        return ct_fail(CT_VALUE_ERROR, "matrix_rank: only one of tol or rtol may be specified.");
    if (x->aval.ndim < 2) {
        ct_array any = ct_any(op_ne(x, op_number(0, x)));
        return is_poison(any) ? any : numpy_cast(any, CT_INT32);
    }
    ct_array s = singular_values("matrix_rank", x, a->hermitian);
    if (is_poison(s))
        return s;
    if (!limit) {
        int64_t side = rows_of(x) > cols_of(x) ? rows_of(x) : cols_of(x);
        limit = mul(mul(ct_max(s, .axis = I(-1)), (double)side), epsilon(dtype_of(s)));
    }
    return ct_sum(ct_greater(s, ct_expand_dims(limit, I(-1))), .axis = I(-1));
}

static ct_array end_of(ct_array s, bool largest)
{
    int64_t axis = s->aval.ndim - 1, at = largest ? 0 : s->aval.shape[axis] - 1;
    ct_array one = shape_slice(s, axis, at, at + 1, 1);
    return is_poison(one) ? one : op_squeeze(one, I(axis));
}

ct_array numpy_linalg_cond(const ct_numpy_linalg_cond_args *a)
{
    ct_array x = a->x, r;
    double p = 2;
    if (x->aval.ndim < 2 || !rows_of(x) || !cols_of(x))
        return ct_fail(CT_VALUE_ERROR,
                       "jnp.linalg.cond: input array must be at least 2D and not empty; got "
                       "arr.shape=%s",
                       dims_string(shape_of(x)));
    if (a->p && !numpy_known_double("cond", "p", a->p, &p))
        return array_poison;
    if (fabs(p) == 2) {
        ct_array s = singular_values("cond", x, false);
        if (is_poison(s))
            return s;
        r = p > 0 ? op_div(end_of(s, true), end_of(s, false))
                  : op_div(end_of(s, false), end_of(s, true));
        if (p > 0)
            return r;
    } else {
        if (!is_square(x))
            return ct_fail(CT_VALUE_ERROR,
                           "jnp.linalg.cond: for p=%g, array must be square; got arr.shape=%s", p,
                           dims_string(shape_of(x)));
        r = ct_multiply(
            ct_numpy_linalg_norm(x, .ord = GIVEN(p), .axis = I(-2, -1)),
            ct_numpy_linalg_norm(ct_numpy_linalg_inv(x), .ord = GIVEN(p), .axis = I(-2, -1)));
    }
    ct_array nan = ct_any(ct_isnan(x), .axis = I(-2, -1));
    return ct_where(ct_logical_and(ct_isnan(r), ct_logical_not(nan)), (double)INFINITY, r);
}

#define PRODUCT(x, y) ct_matmul(x, y, .precision = CT_PRECISION_HIGHEST)

static ct_array pseudoinverse(ct_array x, ct_array rtol, bool hermitian)
{
    ct_array usv[3];
    if (!singular("pinv", dtype_is(dtype_of(x), FAMILY_COMPLEX) ? op_conj(x) : x, false, true,
                  hermitian, usv))
        return array_poison;
    ct_array s = usv[0];
    ct_array limit =
        ct_multiply(ct_expand_dims(rtol, I(-1)), shape_slice(s, s->aval.ndim - 1, 0, 1, 1));
    s = ct_where(ct_greater(s, limit), s, (double)INFINITY);
    if (is_poison(s))
        return s;
    s = ct_expand_dims(numpy_cast(s, dtype_of(x)), I(-1));
    return PRODUCT(ct_matrix_transpose(usv[2]), ct_divide(ct_matrix_transpose(usv[1]), s));
}

/* The arguments of one call, for its rule: x, the tolerance, and whether x is Hermitian. */
static ct_tree pseudoinverse_of(ct_array x, ct_array rtol) { return pseudoinverse(x, rtol, false); }
static ct_tree pseudoinverse_hermitian(ct_array x, ct_array rtol)
{
    return pseudoinverse(x, rtol, true);
}

/* Golub and Pereyra: dP = -P dA P + P P^H dA^H (1 - A P) + (1 - P A) dA^H P^H P. */
static ct_tree pseudoinverse_tangent(ct_array x, ct_array t, ct_array p)
{
    ct_array th = linalg_adjoint(t), ph = linalg_adjoint(p);
    ct_array left = PRODUCT(PRODUCT(p, ph), th), right = PRODUCT(th, PRODUCT(ph, p));
    ct_array direct = ct_negative(PRODUCT(p, PRODUCT(t, p)));
    left = ct_subtract(left, PRODUCT(left, PRODUCT(x, p)));
    right = ct_subtract(right, PRODUCT(p, PRODUCT(x, right)));
    ct_array sum = ct_add(direct, ct_add(left, right));
    return is_poison(sum) ? sum : ct_tuple(p, sum);
}

static ct_tree pseudoinverse_rule(ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0), rtol = ct_at(primals, 1);
    ct_array p = ct_numpy_linalg_pinv(x, .rtol = rtol);
    return pseudoinverse_tangent(x, ct_at(tangents, 0), p);
}

static ct_tree pseudoinverse_hermitian_rule(ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0), rtol = ct_at(primals, 1);
    ct_array p = ct_numpy_linalg_pinv(x, .rtol = rtol, .hermitian = true);
    return pseudoinverse_tangent(linalg_symmetrized("pinv", x),
                                 linalg_symmetrized("pinv", ct_at(tangents, 0)), p);
}

ct_array numpy_linalg_pinv(const ct_numpy_linalg_pinv_args *a)
{
    ct_array x = promoted("pinv", a->a), rtol = a->rtol ? a->rtol : a->rcond;
    if (is_poison(x))
        return x;
    if (a->rtol && a->rcond)
        return ct_fail(CT_VALUE_ERROR, "pinv: only one of rtol and rcond may be specified.");
    if (x->aval.ndim < 2)
        return ct_fail(CT_VALUE_ERROR, "pinv: input array must be at least 2D, got shape %s.",
                       dims_string(shape_of(x)));
    int64_t m = rows_of(x), n = cols_of(x);
    if (!m || !n)
        return ct_matrix_transpose(x);
    if (!rtol)
        rtol = array_scalar(dtype_real_part(dtype_of(x)), false,
                            10. * (double)(m > n ? m : n) * epsilon(dtype_of(x)));
    ct_f2 *value = a->hermitian ? pseudoinverse_hermitian : pseudoinverse_of,
          *rule = a->hermitian ? pseudoinverse_hermitian_rule : pseudoinverse_rule;
    return numpy_with_rule("_pinv", (ct_c_function)value, rule, 2,
                           (ct_array[]){x, op_stop_gradient(rtol)});
}

/* ---- least squares ---- */

/* Singular values above the tolerance, and one over those; zero for the others. */
static bool cut_off(ct_array s, ct_array rcond, ct_array *kept, ct_array *inverse)
{
    ct_array limit = ct_multiply(numpy_cast(rcond, dtype_of(s)), shape_slice(s, 0, 0, 1, 1));
    *kept = ct_logical_and(ct_greater(s, 0), ct_greater_equal(s, limit));
    *inverse = ct_where(*kept, ct_divide(1, ct_where(*kept, s, 1)), 0);
    return !is_poison(*inverse);
}

static ct_tree least_squares(ct_array a, ct_array b, ct_array rcond, bool numpy_resid)
{
    ct_array usv[3], kept, inverse, residual;
    int64_t m = rows_of(a), n = cols_of(a), rank = 0;
    if (!singular("lstsq", a, false, true, false, usv) || !cut_off(usv[0], rcond, &kept, &inverse))
        return array_poison;
    ct_array count = ct_sum(kept);
    ct_array inside = PRODUCT(linalg_adjoint(usv[1]), b);
    ct_array scaled = ct_multiply(ct_expand_dims(inverse, I(-1)), inside);
    ct_array x = PRODUCT(linalg_adjoint(usv[2]), scaled);
    if (is_poison(x) || is_poison(count) ||
        (numpy_resid && !numpy_known_int("lstsq", "rank", count, &rank)))
        return array_poison;
    if (numpy_resid && (rank < n || m <= n))
        residual = ct_zeros(I(0));
    else
        residual = ct_square(ct_numpy_linalg_norm(ct_subtract(b, PRODUCT(a, x)), .axis = I(0)));
    return is_poison(residual) ? residual : ct_tuple(x, residual, count, usv[0]);
}

ct_tree numpy_linalg_lstsq(const ct_numpy_linalg_lstsq_args *args)
{
    ct_array v[2] = {args->a, args->b};
    if (!numpy_promote_inexact("lstsq", 2, v, v))
        return array_poison;
    ct_array a = v[0], b = v[1];
    bool vector = b->aval.ndim == 1;
    if (!a->aval.ndim || !b->aval.ndim || a->aval.shape[0] != b->aval.shape[0])
        return ct_fail(CT_VALUE_ERROR, "Leading dimensions of input arrays must match");
    if (a->aval.ndim != 2 || b->aval.ndim > 2)
        return ct_fail(CT_TYPE_ERROR, "%d-dimensional array given. Array must be %stwo-dimensional",
                       (int)(a->aval.ndim != 2 ? a : b)->aval.ndim,
                       a->aval.ndim != 2 ? "" : "one or ");
    int64_t m = rows_of(a), n = cols_of(a);
    if (vector)
        b = op_expand_dims(b, I(1));
    if (is_poison(b))
        return b;
    ct_tree out;
    if (!a->size) {
        ct_array x = ct_zeros(I(n, cols_of(b)), .dtype = dtype_of(a));
        ct_array residual = ct_square(ct_numpy_linalg_norm(b, .axis = I(0)));
        ct_array s = ct_zeros(I(0), .dtype = dtype_real_part(dtype_of(a)));
        if (is_poison(x) || is_poison(residual) || is_poison(s))
            return array_poison;
        out = ct_tuple(x, residual, array_scalar_int(dtype_default(FAMILY_INT), false, 0), s);
    } else {
        double rcond = epsilon(dtype_of(a)) * (double)(m > n ? m : n);
        if (args->rcond.given)
            rcond = args->rcond.value < 0 ? epsilon(dtype_of(a)) : args->rcond.value;
        out = least_squares(a, b, ct_weak_float(rcond), args->numpy_resid);
    }
    if (!vector || is_poison(out))
        return out;
    ct_array x = shape_flatten(ct_at(out, 0));
    return is_poison(x) ? x : ct_tuple(x, ct_at(out, 1), ct_at(out, 2), ct_at(out, 3));
}
