/* jax.scipy.linalg: functions of matrices, and the complex Schur form that some of them need. */
#include "scipy/matrix.h"

#include <float.h>
#include <math.h>

/* ---- exp ---- */

typedef struct exponential {
    bool upper;
    int64_t most; /* squarings */
} exponential;

/* The coefficients of Padé's numerator of degree n, lowest first, and the 1-norm up to which it
 * gives full accuracy (Higham 2005, table 2.3; float32: Fasi and Higham). */
typedef struct pade {
    int degree;
    double norm, c[14];
} pade;
static const pade pade7 = {
    7, 3.925724783138660, {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1}};
static const pade pade13 = {13,
                            5.371920351148152,
                            {64764752532480000, 32382376266240000, 7771770303897600,
                             1187353796428800, 129060195264000, 10559470521600, 670442572800,
                             33522128640, 1323241920, 40840800, 960960, 16380, 182, 1}};

/* c[first] + c[first + 2] A^2 + ...: powers[k] is A^(2k). Above A^6 the rest is multiplied by it.
 */
static ct_array every_other(const pade *p, int first, const ct_array *powers)
{
    ct_array sum = mul(p->c[first], powers[0]), high = NULL;
    for (int k = 1; k <= 3; k++)
        sum = add(sum, mul(p->c[first + 2 * k], powers[k]));
    for (int k = 4; first + 2 * k <= p->degree; k++) {
        ct_array term = mul(p->c[first + 2 * k], powers[k - 3]);
        high = high ? add(high, term) : term;
    }
    return high ? add(sum, ct_matmul(powers[3], high)) : sum;
}

static ct_tree squared(ct_tree i, ct_tree r)
{
    (void)i;
    return ct_matmul(r, r);
}

static ct_tree exponential_of_one(void *env, int n, const ct_tree *args)
{
    (void)n;
    const exponential *e = env;
    ct_array a = args[0];
    const pade *p = dtype_real_part(dtype_of(a)) == CT_FLOAT64 ? &pade13 : &pade7;
    ct_array norm = ct_max(ct_sum(ct_abs(a), .axis = I(0)), .initial = ct_weak_float(0));
    ct_array times = op_ceil(div(op_log(div(norm, p->norm)), M_LN2));
    times = op_max(times, op_number(0, times));
    ct_array scale = op_convert(op_exp2(neg(times)), dtype_of(a), false), powers[4];
    a = mul(a, scale);
    powers[0] = ct_eye(rows_of(args[0]), .dtype = dtype_of(args[0]));
    powers[1] = ct_matmul(a, a);
    powers[2] = ct_matmul(powers[1], powers[1]);
    powers[3] = ct_matmul(powers[2], powers[1]);
    ct_array odd = ct_matmul(a, every_other(p, 1, powers)), even = every_other(p, 0, powers);
    ct_array top = add(even, odd), bottom = sub(even, odd);
    ct_array r = e->upper ? ct_scipy_linalg_solve_triangular(bottom, top)
                          : ct_numpy_linalg_solve(bottom, top);
    ct_array most = op_number((double)e->most, times),
             count = op_convert(op_min(times, most), CT_INT32, false);
    r = ct_call(ct_fori_loop(squared), ct_i32(0), count, r);
    return where(op_gt(times, most), NAN, r);
}

static ct_array exponential_of(ct_array a, bool upper, int64_t most)
{
    exponential e = {upper, most};
    ct_array x = scipy_square("expm", a);
    if (is_poison(x))
        return x;
    if (dtype_table[dtype_of(x)].itemsize < 4)
        return ct_fail(CT_TYPE_ERROR,
                       "expm: dtype %s is not supported; float32, float64 and "
                       "complex are.",
                       ct_dtype_name(dtype_of(x)));
    return scipy_over_batches("expm", ct_closure(exponential_of_one, &e, NULL, "expm"), 1, &x,
                              (const int[]){2});
}

ct_array scipy_linalg_expm(const ct_scipy_linalg_expm_args *a)
{
    return exponential_of(a->A, a->upper_triangular, a->max_squarings.value);
}

static ct_tree plain_exponential(ct_tree a) { return exponential_of(a, false, 16); }

ct_tree scipy_linalg_expm_frechet(const ct_scipy_linalg_expm_frechet_args *args)
{
    ct_array a = args->A, e = args->E;
    if (!is_square(a) || !is_square(e) || !ints_equal(shape_of(a), shape_of(e)))
        return ct_fail(CT_VALUE_ERROR,
                       "expected A and E to be (batched) square matrices of the same shape, got "
                       "A.shape=%s E.shape=%s",
                       dims_string(shape_of(a)), dims_string(shape_of(e)));
    ct_tree both_ = ct_jvp_(ct_function(plain_exponential), ct_tuple(a), ct_tuple(e), false);
    return args->compute_expm == CT_TRUE || is_poison(both_) ? both_ : ct_at(both_, 1);
}

/* ---- the complex Schur form of a real one ---- */

/* Rows, or columns, m - 1 and m of x times g, where `keep` does not forbid it. */
static ct_array turned(ct_array x, ct_array g, ct_array first, int axis, ct_array changes)
{
    if (is_poison(x))
        return x;
    int64_t n = rows_of(x);
    ct_array zero = array_scalar_int(CT_INT32, false, 0);
    ct_array at[] = {axis ? zero : first, axis ? first : zero};
    ct_array two = op_dynamic_slice(x, 2, at, axis ? I(n, 2) : I(2, n));
    ct_array product = axis ? ct_matmul(two, g) : ct_matmul(g, two);
    return op_dynamic_update_slice(x, ct_where(changes, product, two), 2, at);
}

static ct_array element(ct_array x, ct_array i, ct_array j)
{
    return op_reshape(op_dynamic_slice(x, 2, (ct_array[]){i, j}, I(1, 1)), I_NONE);
}

/* A Givens rotation that makes the element below the diagonal in row m = n - i zero. */
static ct_tree rotate(ct_tree i, ct_tree carry)
{
    ct_array t = ct_at(carry, 0), z = ct_at(carry, 1);
    int64_t n = rows_of(t);
    ct_array m = sub(array_scalar_int(CT_INT32, false, n), op_convert(i, CT_INT32, false)),
             before = sub(m, 1);
    ct_array low = element(t, m, before), corner = element(t, m, m);
    ct_array block = op_dynamic_slice(t, 2, (ct_array[]){before, before}, I(2, 2));
    ct_array mu = op_sub(ct_row(ct_numpy_linalg_eigvals(block), 0), corner);
    ct_array length = op_sqrt(add(op_square(op_abs(mu)), op_square(op_abs(low))));
    ct_array r = op_convert(length, dtype_of(t), false), c = div(mu, r), s = div(low, r);
    ct_array g = op_reshape(op_stack(4, (ct_array[]){op_conj(c), s, neg(s), c}, 0), I(2, 2));
    double eps = dtype_of(t) == CT_COMPLEX128 ? DBL_EPSILON : FLT_EPSILON;
    ct_array size = add(op_abs(element(t, before, before)), op_abs(corner));
    ct_array needed = op_gt(op_abs(low), mul(eps, size));
    ct_array columns = op_ge(op_iota(CT_INT32, I(1, n), 1), before),
             rows = op_le(op_iota(CT_INT32, I(n, 1), 0), m);
    t = turned(t, g, before, 0, both(needed, columns));
    t = turned(t, matrix_h(g), before, 1, both(needed, rows));
    z = turned(z, matrix_h(g), before, 1, needed);
    ct_array zero = op_full(&(aval){t->aval.dtype, false, 2, (int64_t[]){1, 1}}, 0);
    return ct_tuple(op_dynamic_update_slice(t, zero, 2, (ct_array[]){m, before}), z);
}

static ct_tree complex_form_of_one(ct_tree t, ct_tree z)
{
    ct_tree init = ct_tuple(t, z);
    int64_t n = rows_of(t);
    return n < 2 ? init : ct_call(ct_fori_loop(rotate), ct_i32(1), ct_i32(n), init);
}

static ct_tree complex_form(ct_array t, ct_array z)
{
    ct_array v[] = {promoted("rsf2csf", t), promoted("rsf2csf", z)};
    if (is_poison(v[0]) || is_poison(v[1]))
        return array_poison;
    if (!is_square(t) || !is_square(z) || rows_of(t) != rows_of(z))
        return ct_fail(CT_VALUE_ERROR,
                       "rsf2csf: T and Z must be square and of one size, got shapes %s and %s.",
                       dims_string(shape_of(t)), dims_string(shape_of(z)));
    bool wide = dtype_real_part(dtype_of(v[0])) == CT_FLOAT64 ||
                dtype_real_part(dtype_of(v[1])) == CT_FLOAT64;
    for (int i = 0; i < 2; i++)
        v[i] = op_convert(v[i], wide ? CT_COMPLEX128 : CT_COMPLEX64, false);
    return scipy_over_batches("rsf2csf", ct_function(complex_form_of_one), 2, v,
                              (const int[]){2, 2});
}

ct_tree scipy_linalg_rsf2csf(const ct_scipy_linalg_rsf2csf_args *a)
{
    return complex_form(a->T, a->Z);
}

/* ---- triangles by diagonals: what is right of the diagonals done is still zero ---- */

/* The d-th diagonal of U with U U = T: u_ij (u_ii + u_jj) = t_ij - sum of u_ik u_kj between. */
static ct_tree root_diagonal(ct_tree d, ct_tree carry)
{
    ct_array t = ct_at(carry, 0), u = ct_at(carry, 1), diagonal = matrix_diagonal(u);
    ct_array rest = sub(t, ct_matmul(u, u));
    ct_array sums = add(matrix_column(diagonal), matrix_row(diagonal));
    ct_array none = op_eq(rest, op_number(0, rest));
    ct_array value = ct_where(none, op_full_like(rest, 0), div(rest, sums));
    ct_array here =
        op_eq(scipy_diagonal_number(rows_of(t), rows_of(t)), op_convert(d, CT_INT32, false));
    return ct_tuple(t, ct_where(here, value, u));
}

ct_array scipy_linalg_sqrtm(const ct_scipy_linalg_sqrtm_args *a)
{
    ct_array f[2];
    if (a->blocksize.value > 1)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "Blocked version is not implemented yet.");
    if (a->A->aval.ndim != 2)
        return ct_fail(CT_VALUE_ERROR, "sqrtm: a square matrix is needed, got shape %s.",
                       dims_string(shape_of(a->A)));
    if (!scipy_complex_schur("sqrtm", a->A, f))
        return array_poison;
    ct_tree init = ct_tuple(f[0], matrix_from_diagonal(op_sqrt(matrix_diagonal(f[0]))));
    ct_tree end = ct_call(ct_fori_loop(root_diagonal), ct_i32(1), ct_i32(rows_of(f[0])), init);
    return ct_matmul(ct_matmul(f[1], ct_at(end, 1)), matrix_h(f[1]));
}

/* Parlett's recurrence, from F T = T F: f_ij (t_jj - t_ii) = (T F - F T)_ij (G. Golub, C. Van Loan,
 * Matrix Computations, algorithm 11.1.1). */
static ct_tree parlett_diagonal(ct_tree d, ct_tree carry)
{
    ct_array t = ct_at(carry, 0), f = ct_at(carry, 1), diagonal = matrix_diagonal(t);
    ct_array value = sub(ct_matmul(t, f), ct_matmul(f, t));
    ct_array gap = sub(matrix_row(diagonal), matrix_column(diagonal));
    value = ct_where(op_ne(gap, op_number(0, gap)), div(value, gap), value);
    ct_array here =
        op_eq(scipy_diagonal_number(rows_of(t), rows_of(t)), op_convert(d, CT_INT32, false));
    return ct_tuple(t, ct_where(here, value, f));
}

/* An estimate from the smallest distance of eigenvalues. */
static ct_array parlett_error(ct_array t, ct_array f)
{
    double eps = dtype_of(f) == CT_COMPLEX64 ? FLT_EPSILON : DBL_EPSILON;
    ct_array diagonal = matrix_diagonal(t);
    ct_array gaps = op_abs(sub(matrix_row(diagonal), matrix_column(diagonal)));
    int64_t n = rows_of(t);
    ct_array above = ct_greater(scipy_diagonal_number(n, n), ct_weak_int(0));
    ct_array least = ct_min(where(above, gaps, INFINITY));
    least = op_min(least, op_abs(ct_row(diagonal, 0)));
    least = where(eq(least, 0), eps, least);
    ct_array norm = ct_max(ct_sum(op_abs(ct_triu(t, .k = 1)), .axis = I(0)));
    ct_array error = op_max(op_number(eps, least), mul(div(eps, least), norm));
    error = op_min(op_number(1, error), error);
    return where(ct_any(ct_isinf(f)), INFINITY, error);
}

ct_tree scipy_linalg_funm(const ct_scipy_linalg_funm_args *a)
{
    ct_array form[2];
    if (a->A->aval.ndim != 2 || !is_square(a->A) || !a->A->size)
        return ct_fail(CT_VALUE_ERROR, "expected square array_like input");
    op_schur(scipy_square("funm", a->A), true, false, form);
    if (is_poison(form[0]))
        return array_poison;
    ct_tree tz = complex_form(form[0], form[1]);
    ct_array t = ct_at(tz, 0), z = ct_at(tz, 1), at = matrix_diagonal(t);
    if (is_poison(at))
        return at;
    ct_tree values = ct_call_(a->func, 1, &at);
    if (is_poison(values) || is_tree(values) || !ints_equal(shape_of(values), shape_of(at)))
        return is_poison(values)
                   ? values
                   : ct_fail(CT_VALUE_ERROR, "funm: func must give one value an eigenvalue.");
    ct_array f = matrix_from_diagonal(op_convert(values, dtype_of(t), false));
    ct_tree init = ct_tuple(t, f);
    ct_tree end = ct_call(ct_fori_loop(parlett_diagonal), ct_i32(1), ct_i32(rows_of(t)), init);
    f = ct_matmul(ct_matmul(z, ct_at(end, 1)), matrix_h(z));
    return a->disp == CT_TRUE ? f : ct_tuple(f, parlett_error(t, f));
}
