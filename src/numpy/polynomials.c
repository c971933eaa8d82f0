/* Polynomials as vectors of coefficients, the highest power first: sums, products, quotients,
 * derivatives, roots and fits. */
#define OPS_SHORT_NAMES
#include "numpy/linalg.h"

static bool check_vector(const char *what, ct_array p)
{
    if (p->aval.ndim <= 1)
        return true;
    base_fail(CT_VALUE_ERROR, "%s: coefficients are a vector, got an array of shape %s.", what,
              dims_string(shape_of(p)));
    return false;
}

/* The sum of two arrays of coefficients along their first axis, aligned at its end. */
static ct_array sum_aligned(const char *what, ct_array a, ct_array b)
{
    if (!a->aval.ndim || !b->aval.ndim)
        return ct_fail(CT_INDEX_ERROR,
                       "%s: coefficients need at least one axis, got shapes %s and %s.", what,
                       dims_string(shape_of(a)), dims_string(shape_of(b)));
    bool first = b->aval.shape[0] <= a->aval.shape[0];
    ct_array longer = first ? a : b, shorter = first ? b : a;
    int64_t n = longer->aval.shape[0], m = shorter->aval.shape[0];
    index_item tail = {.kind = INDEX_SLICE, .start_given = true, .start = n - m};
    return numpy_index_update(longer, 1, &tail, INDEX_ADD, shorter, NULL);
}

ct_array numpy_polyadd(ct_array a1, ct_array a2)
{
    ct_array v[] = {a1, a2};
    return numpy_promote("polyadd", 2, v, v) ? sum_aligned("polyadd", v[0], v[1]) : array_poison;
}

ct_array numpy_polysub(ct_array a1, ct_array a2)
{
    ct_array v[] = {a1, a2};
    if (!numpy_promote("polysub", 2, v, v) || is_poison(v[1] = op_neg(v[1])))
        return array_poison;
    return sum_aligned("polysub", v[0], v[1]);
}

/* Without the zeros in front, of which `least` stay; values have to be known. */
static ct_array without_leading_zeros(const char *what, ct_array p, int64_t least)
{
    ct_array known;
    int64_t first = 0;
    if (!numpy_known(what, "coefficients", p, &known) || is_poison(known = ct_not_equal(known, 0)))
        return array_poison;
    while (first < known->size - least && !array_get_int(known, first))
        first++;
    return first ? shape_slice(p, 0, first, p->size, 1) : p;
}

ct_array numpy_polymul(const ct_polymul_args *a)
{
    ct_array v[2] = {a->a1, a->a2};
    if (!numpy_promote_inexact("polymul", 2, v, v))
        return array_poison;
    for (int i = 0; i < 2; i++) {
        if (!check_vector("polymul", v[i]) || is_poison(v[i] = shape_at_least(v[i], 1)))
            return array_poison;
        if (a->trim_leading_zeros && v[i]->size > 1)
            v[i] = without_leading_zeros("polymul", v[i], 1);
        if (is_poison(v[i]))
            return array_poison;
        if (!v[i]->size)
            v[i] = op_full(&(aval){(uint8_t)dtype_of(v[i]), false, 1, (const int64_t[]){1}}, 0);
    }
    return ct_convolve(v[0], v[1], .mode = "full");
}

/* Long division: the quotient's coefficients one after the other, each taken off the rest. */
ct_tree numpy_polydiv(const ct_polydiv_args *a)
{
    ct_array v[2] = {a->u, a->v};
    if (!numpy_promote_inexact("polydiv", 2, v, v) || !check_vector("polydiv", v[0]) ||
        !check_vector("polydiv", v[1]))
        return array_poison;
    for (int i = 0; i < 2; i++)
        if (is_poison(v[i] = shape_at_least(v[i], 1)))
            return array_poison;
    int64_t m = v[0]->size, n = v[1]->size, count = m - n + 1;
    ct_dtype d = dtype_of(v[0]);
    if (!n || !m)
        return ct_fail(CT_VALUE_ERROR, "polydiv: a polynomial has at least one coefficient.");
    if (count < 1)
        return ct_tuple(ct_zeros(I(1), .dtype = d), v[0]);
    ct_array rest = v[0], *quotient = base_alloc((size_t)count * sizeof *quotient);
    if (!quotient)
        return array_poison;
    ct_array first = shape_slice(v[1], 0, 0, 1, 1);
    bool good = !is_poison(first);
    for (int64_t k = 0; k < count && good; k++) {
        quotient[k] = op_div(shape_slice(rest, 0, k, k + 1, 1), first);
        ct_array taken = op_mul(quotient[k], v[1]);
        good = !is_poison(taken);
        if (!good)
            break;
        rest = op_sub(rest, op_pad(taken, op_number(0, taken), I(k, m - n - k, 0)));
        good = !is_poison(rest);
    }
    ct_array q = good ? op_concatenate(count, quotient, 0) : array_poison;
    base_free(quotient);
    if (a->trim_leading_zeros && good)
        rest = without_leading_zeros("polydiv", rest, 0);
    return is_poison(q) || is_poison(rest) ? array_poison : ct_tuple(q, rest);
}

ct_array numpy_polyder(const ct_polyder_args *a)
{
    ct_array p = a->p;
    int64_t m = a->m.value;
    if (!check_vector("polyder", p) || !numpy_promote_inexact("polyder", 1, &p, &p))
        return array_poison;
    if (m < 0)
        return ct_fail(CT_VALUE_ERROR, "Order of derivative must be positive");
    for (int64_t k = 0; k < m && !is_poison(p) && p->size; k++) {
        ct_array power = op_iota(dtype_of(p), I(p->size - 1), 0);
        power = sub((double)(p->size - 1), power);
        p = op_mul(shape_slice(p, 0, 0, p->size - 1, 1), power);
    }
    return p;
}

ct_array numpy_polyint(const ct_polyint_args *a)
{
    ct_array v[2] = {a->p, a->k ? a->k : ct_weak_int(0)};
    int64_t m = a->m.value;
    if (!check_vector("polyint", v[0]) || !numpy_promote_inexact("polyint", 2, v, v))
        return array_poison;
    if (m < 0)
        return ct_fail(CT_VALUE_ERROR, "Order of integral must be positive (see polyder)");
    ct_array p = v[0], k = shape_at_least(v[1], 1);
    if (is_poison(k) || (k->size != 1 && k->size != m))
        return is_poison(k) ? k
                            : ct_fail(CT_VALUE_ERROR,
                                      "k must be a scalar or a rank-1 array of length 1 or m.");
    for (int64_t i = 0; i < m && !is_poison(p); i++) {
        ct_array power = op_iota(dtype_of(p), I(p->size), 0);
        power = sub((double)p->size, power);
        int64_t at = k->size == 1 ? 0 : i;
        p = op_concatenate(2, (ct_array[]){op_div(p, power), shape_slice(k, 0, at, at + 1, 1)}, 0);
    }
    return p;
}

/* The eigenvalues of the companion matrix. */
static ct_array roots_of(ct_array p)
{
    if (is_poison(p))
        return p;
    int64_t n = p->size - 1;
    ct_dtype d = dtype_of(p);
    if (n < 1)
        return ct_zeros(I(0), .dtype = d == CT_FLOAT64 || d == CT_COMPLEX128 ? CT_COMPLEX128
                                                                             : CT_COMPLEX64);
    ct_array row = op_neg(op_div(shape_slice(p, 0, 1, n + 1, 1), shape_slice(p, 0, 0, 1, 1)));
    ct_array below = ct_eye(n - 1, .M = GIVEN(n), .dtype = d);
    if (is_poison(row) || is_poison(below))
        return array_poison;
    ct_array companion = op_concatenate(2, (ct_array[]){op_reshape(row, I(1, n)), below}, 0);
    return is_poison(companion) ? companion : ct_numpy_linalg_eigvals(companion);
}

/* However many zeros stand in front: they are moved behind, where each makes a root of zero, and
 * those roots are sorted to the end and become NaN. */
static ct_array roots_padded(ct_array p)
{
    ct_array is_zero = ct_equal(p, 0);
    ct_array zeros = ct_where(ct_all(is_zero), p->size, ct_argmin(is_zero));
    p = ct_where(ct_equal(zeros, p->size), ct_ones_like(p), p);
    if (is_poison(p))
        return p;
    ct_array roots = roots_of(ct_roll(p, ct_negative(zeros)));
    if (is_poison(roots))
        return roots;
    ct_array in[] = {ct_equal(roots, 0), roots}, out[2];
    if (is_poison(in[0]))
        return in[0];
    op_sort(2, in, 0, true, 1, out);
    int64_t n = roots->size;
    ct_array real = ct_less(shape_range(n), ct_subtract(n, zeros));
    ct_array nan = array_scalar(dtype_of(roots), false, __builtin_nan(""));
    nan = is_poison(out[1]) ? out[1] : op_complex(op_real(nan), op_real(nan));
    return ct_where(real, out[1], nan);
}

ct_array numpy_roots(const ct_roots_args *a)
{
    ct_array p = a->p;
    if (!numpy_promote_inexact("roots", 1, &p, &p) || is_poison(p = shape_at_least(p, 1)))
        return array_poison;
    if (p->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "Input must be a rank-1 array.");
    if (p->size < 2)
        return roots_of(shape_slice(p, 0, 0, 0, 1));
    if (a->strip_zeros == CT_FALSE)
        return roots_padded(p);
    return roots_of(without_leading_zeros("roots (without strip_zeros=False)", p, 0));
}

ct_array numpy_poly(ct_array seq_of_zeros)
{
    ct_array zeros = seq_of_zeros;
    if (!numpy_promote_inexact("poly", 1, &zeros, &zeros) ||
        is_poison(zeros = shape_at_least(zeros, 1)))
        return array_poison;
    if (is_square(zeros))
        zeros = ct_numpy_linalg_eigvals(zeros);
    if (is_poison(zeros))
        return zeros;
    if (zeros->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "input must be 1d or non-empty square 2d array.");
    if (!zeros->size)
        return array_scalar(dtype_of(zeros), false, 1);
    ct_array p = op_full(&(aval){(uint8_t)dtype_of(zeros), false, 1, (const int64_t[]){1}}, 1);
    for (int64_t i = 0; i < zeros->size && !is_poison(p); i++) {
        ct_array root = shape_slice(zeros, 0, i, i + 1, 1);
        ct_array higher = op_pad(p, op_number(0, p), I(0, 1, 0)),
                 lower = op_pad(op_mul(p, root), op_number(0, p), I(1, 0, 0));
        p = op_sub(higher, lower);
    }
    return p;
}

/* ---- fits ---- */

typedef struct fit {
    ct_array left, right, scale; /* of the least squares problem, and its columns' lengths */
} fit;

static bool prepare(const ct_polyfit_args *a, fit *f)
{
    ct_array v[2] = {a->x, a->y}, w = a->w;
    if (a->deg < 0) {
        base_fail(CT_VALUE_ERROR, "expected deg >= 0");
        return false;
    }
    if (!numpy_promote_inexact("polyfit", 2, v, v))
        return false;
    if (v[0]->aval.ndim != 1 || !v[0]->size || v[1]->aval.ndim < 1 || v[1]->aval.ndim > 2 ||
        v[1]->aval.shape[0] != v[0]->size) {
        base_fail(CT_TYPE_ERROR,
                  "polyfit: expected a vector x that is not empty and a vector or matrix y of the "
                  "same length, got shapes %s and %s.",
                  dims_string(shape_of(a->x)), dims_string(shape_of(a->y)));
        return false;
    }
    f->left = ct_vander(v[0], .N = GIVEN(a->deg + 1));
    f->right = v[1];
    if (w && !is_poison(f->left)) {
        if (!numpy_promote_inexact("polyfit", 1, &w, &w))
            return false;
        if (w->aval.ndim != 1 || w->size != v[0]->size) {
            base_fail(CT_TYPE_ERROR, "expected a 1-d array for weights of the length of x and y");
            return false;
        }
        ct_array column = op_expand_dims(w, I(1));
        f->left = ct_multiply(f->left, column);
        f->right = ct_multiply(f->right, v[1]->aval.ndim == 2 ? column : w);
    }
    if (is_poison(f->left) || is_poison(f->right))
        return false;
    f->scale = ct_sqrt(ct_sum(ct_multiply(f->left, f->left), .axis = I(0)));
    f->left = ct_divide(f->left, f->scale);
    return !is_poison(f->left);
}

ct_tree numpy_polyfit(const ct_polyfit_args *a)
{
    fit f;
    int64_t m = a->x->size, order = a->deg + 1;
    if (!prepare(a, &f))
        return array_poison;
    ct_opt_float rcond = a->rcond;
    if (!rcond.given)
        rcond =
            (ct_opt_float){true, (double)m * (dtype_of(f.left) == CT_FLOAT64 ? 0x1p-52 : 0x1p-23)};
    ct_tree found = ct_numpy_linalg_lstsq(f.left, f.right, .rcond = rcond);
    if (is_poison(found))
        return found;
    ct_array c = ct_at(found, 0), residuals = ct_at(found, 1);
    ct_array scale = c->aval.ndim == 2 ? ct_expand_dims(f.scale, I(1)) : f.scale;
    c = ct_divide(c, scale);
    if (is_poison(c))
        return c;
    if (a->full)
        return ct_tuple(c, residuals, ct_at(found, 2), ct_at(found, 3), ct_weak_float(rcond.value));
    if (!a->cov)
        return c;
    ct_array base = ct_numpy_linalg_inv(ct_matmul(ct_matrix_transpose(f.left), f.left));
    base = ct_divide(base, ct_outer(f.scale, f.scale));
    if (m <= order)
        return ct_fail(CT_VALUE_ERROR,
                       "the number of data points must exceed order to scale the covariance "
                       "matrix");
    ct_array factor = ct_divide(residuals, (double)(m - order));
    if (c->aval.ndim == 2)
        base = ct_expand_dims(base, I(-1));
    base = ct_multiply(base, factor);
    return is_poison(base) ? base : ct_tuple(c, base);
}
