/* jax.scipy.linalg: equations. */
#include "scipy/matrix.h"

/* ---- solve ---- */

/* A positive definite matrix and its Cholesky factor, as a closure sees them. */
typedef struct definite {
    ct_array a, factor;
    bool lower;
} definite;

static ct_tree times_a(void *env, int n, const ct_tree *x)
{
    (void)n;
    return ct_matmul(((const definite *)env)->a, x[0]);
}

static ct_tree by_factor(void *env, int n, const ct_tree *b)
{
    (void)n;
    const definite *d = env;
    return ct_scipy_linalg_cho_solve(ct_tuple(d->factor, ct_weak_bool(d->lower)), b[0]);
}

/* Derivatives are those of the solution: the factor has none of its own. */
static ct_array solve_definite(ct_array a, ct_array b, bool lower)
{
    bool vector;
    if (!scipy_sides("solve", &a, &b, &vector))
        return array_poison;
    definite d = {a, ct_scipy_linalg_cholesky(op_stop_gradient(a), .lower = lower), lower};
    if (is_poison(d.factor))
        return d.factor;
    ct_fn f = ct_custom_linear_solve(.matvec = ct_closure(times_a, &d, NULL, "matvec"),
                                     .solve = ct_closure(by_factor, &d, NULL, "solve"),
                                     .transpose_solve = ct_closure(by_factor, &d, NULL, "solve"),
                                     .symmetric = true);
    return f ? scipy_side(ct_call_(f, 1, &b), vector) : array_poison;
}

ct_array scipy_linalg_solve(const ct_scipy_linalg_solve_args *a)
{
    static const char *const known[] = {"gen", "sym", "her", "pos"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(a->assume_a, known[i]))
            return i < 3 ? ct_numpy_linalg_solve(a->a, a->b) : solve_definite(a->a, a->b, a->lower);
    return ct_fail(CT_VALUE_ERROR,
                   "Expected assume_a to be one of ['gen', 'sym', 'her', 'pos']; got '%s'",
                   a->assume_a);
}

/* ---- triangular ---- */

/* 0, 1 or 2 from a number or one of 'N', 'T', 'C'; -1 for anything else. */
static int64_t transposition(ct_ints trans)
{
    static const char letters[] = "NTC";
    if (!trans.n)
        return 0;
    if (trans.n == 1)
        return trans.at[0] >= 0 && trans.at[0] < 3 ? trans.at[0] : -1;
    for (int i = 0; trans.n == 2 && i < 3; i++)
        if (trans.at[1] == letters[i])
            return i;
    return -1;
}

ct_array scipy_linalg_solve_triangular(const ct_scipy_linalg_solve_triangular_args *args)
{
    ct_array a = args->a, b = args->b;
    int64_t trans = transposition(args->trans);
    bool vector;
    if (trans < 0)
        return ct_fail(CT_VALUE_ERROR, "Invalid 'trans' value: 0, 1, 2, 'N', 'T' or 'C' is needed");
    if (!scipy_sides("solve_triangular", &a, &b, &vector))
        return array_poison;
    params_triangular_solve p = {.left_side = true,
                                 .lower = args->lower,
                                 .transpose_a = trans > 0,
                                 .conjugate_a = trans == 2 && dtype_is(dtype_of(a), FAMILY_COMPLEX),
                                 .unit_diagonal = args->unit_diagonal};
    return scipy_side(op_triangular_solve(a, b, &p), vector);
}

/* ---- Sylvester ---- */

/* One column of Y, from the last to the first, of R Y + Y L = F with R upper and L lower
 * triangular: (R + l_jj) y_j = f_j - sum over k > j of y_k l_kj. Later columns of Y are still 0. */
static ct_tree sylvester_column(ct_tree i, ct_tree carry)
{
    ct_array r = ct_at(carry, 0), l = ct_at(carry, 1), f = ct_at(carry, 2), y = ct_at(carry, 3);
    int64_t m = rows_of(f), n = cols_of(f);
    ct_array j = sub(array_scalar_int(CT_INT32, false, n - 1), op_convert(i, CT_INT32, false)),
             zero = array_scalar_int(CT_INT32, false, 0);
    ct_array l_j = op_dynamic_slice(l, 2, (ct_array[]){zero, j}, I(n, 1)),
             f_j = op_dynamic_slice(f, 2, (ct_array[]){zero, j}, I(m, 1)),
             l_jj = op_dynamic_slice(l_j, 2, (ct_array[]){j, zero}, I(1, 1));
    ct_array a = add(r, mul(l_jj, ct_eye(m, .dtype = dtype_of(r))));
    ct_array y_j = op_triangular_solve(a, sub(f_j, ct_matmul(y, l_j)),
                                       &(params_triangular_solve){.left_side = true});
    return ct_tuple(r, l, f, op_dynamic_update_slice(y, y_j, 2, (ct_array[]){zero, j}));
}

static ct_array sylvester_triangular(ct_array r, ct_array l, ct_array f)
{
    if (is_poison(f))
        return f;
    ct_tree init = ct_tuple(r, l, f, op_full_like(f, 0));
    ct_tree end = ct_call(ct_fori_loop(sylvester_column), ct_i32(0), ct_i32(cols_of(f)), init);
    return ct_at(end, 3);
}

static ct_array sylvester_schur(ct_array a, ct_array b, ct_array c)
{
    ct_array r[2], s[2];
    if (!scipy_complex_schur("solve_sylvester", a, r) ||
        !scipy_complex_schur("solve_sylvester", matrix_h(b), s))
        return array_poison;
    ct_array f = ct_matmul(ct_matmul(matrix_h(r[1]), op_convert(c, dtype_of(r[0]), false)), s[1]);
    ct_array y = sylvester_triangular(r[0], matrix_h(s[0]), f);
    return ct_matmul(ct_matmul(r[1], y), matrix_h(s[1]));
}

static ct_array sylvester_eigen(ct_array a, ct_array b, ct_array c)
{
    ct_tree of_a = ct_numpy_linalg_eig(a), of_b = ct_numpy_linalg_eig(b);
    ct_array w_a = ct_at(of_a, 0), v_a = ct_at(of_a, 1), w_b = ct_at(of_b, 0), v_b = ct_at(of_b, 1);
    ct_array f = ct_numpy_linalg_solve(v_a, ct_matmul(op_convert(c, dtype_of(v_a), false), v_b));
    ct_array y = div(f, add(ct_expand_dims(w_a, I(-1)), ct_expand_dims(w_b, I(-2))));
    return ct_matmul(ct_matmul(v_a, y), ct_numpy_linalg_inv(v_b));
}

/* Is the sum of two eigenvalues nearly zero? */
static ct_array singular(ct_array a, ct_array b, double tol)
{
    ct_array sums = ct_add(ct_expand_dims(ct_numpy_linalg_eigvals(a), I(-1)),
                           ct_expand_dims(ct_numpy_linalg_eigvals(b), I(-2)));
    return ct_any(ct_less(ct_abs(sums), ct_weak_float(tol)));
}

typedef struct sylvester {
    bool by_schur;
    double tol;
} sylvester;

static ct_tree sylvester_of_one(void *env, int n, const ct_tree *abc)
{
    (void)n;
    const sylvester *s = env;
    ct_array c = abc[2], x = s->by_schur ? sylvester_schur(abc[0], abc[1], c)
                                         : sylvester_eigen(abc[0], abc[1], c);
    if (!is_poison(x) && !dtype_is(dtype_of(c), FAMILY_COMPLEX))
        x = op_real(x);
    return where(singular(abc[0], abc[1], s->tol), __builtin_nan(""), x);
}

ct_array scipy_linalg_solve_sylvester(const ct_scipy_linalg_solve_sylvester_args *args)
{
    ct_array v[] = {args->A, args->B, args->C};
    sylvester s = {!strcmp(args->method, "schur"), args->tol.value};
    if (!s.by_schur && strcmp(args->method, "eigen"))
        return ct_fail(CT_VALUE_ERROR,
                       "Unrecognized method %s. The two valid methods are either \"schur\" or "
                       "\"eigen\".",
                       args->method);
    if (!numpy_promote_inexact("solve_sylvester", 3, v, v))
        return array_poison;
    if (!is_square(v[0]) || !is_square(v[1]) || v[2]->aval.ndim < 2 ||
        rows_of(v[2]) != rows_of(v[0]) || cols_of(v[2]) != rows_of(v[1]))
        return ct_fail(
            CT_VALUE_ERROR, "Incompatible shapes for Sylvester equation:\nA: %s\nB: %s\nC: %s",
            dims_string(shape_of(v[0])), dims_string(shape_of(v[1])), dims_string(shape_of(v[2])));
    return scipy_over_batches("solve_sylvester",
                              ct_closure(sylvester_of_one, &s, NULL, "solve_sylvester"), 3, v,
                              (const int[]){2, 2, 2});
}
