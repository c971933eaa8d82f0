/* jax.scipy.linalg: matrices with a name, from vectors or from their size alone. */
#include "scipy/matrix.h"

#include <math.h>

ct_array scipy_linalg_block_diag(const ct_scipy_linalg_block_diag_args *a)
{
    int64_t n = a->arrs.n, width = 0, at = 0;
    if (!n)
        return ct_zeros(I(1, 0));
    ct_array *v = base_alloc((size_t)n * sizeof *v);
    if (!v)
        return array_poison;
    bool good = numpy_promote("block_diag", n, a->arrs.at, v);
    for (int64_t i = 0; i < n && good; i++) {
        if (v[i]->aval.ndim > 2)
            ct_fail(CT_VALUE_ERROR,
                    "Arguments to jax.scipy.linalg.block_diag must have at most 2 dimensions, got "
                    "shape %s at argument %lld.",
                    dims_string(shape_of(v[i])), (long long)i);
        v[i] = v[i]->aval.ndim > 2 ? array_poison : shape_at_least(v[i], 2);
        good = !is_poison(v[i]);
        width += good ? cols_of(v[i]) : 0;
    }
    for (int64_t i = 0; i < n && good; i++) {
        int64_t cols = cols_of(v[i]);
        v[i] = op_pad(v[i], op_number(0, v[i]), I(0, 0, 0, at, width - at - cols, 0));
        at += cols;
        good = !is_poison(v[i]);
    }
    ct_array out = good ? op_concatenate(n, v, 0) : array_poison;
    base_free(v);
    return out;
}

/* ---- constant along diagonals ---- */

/* The elements of c, then those of r but the first; both along the last axis; never weak. */
static ct_array joined(const char *what, ct_array c, ct_array r, int64_t *m, int64_t *n)
{
    ct_array v[] = {shape_at_least(c, 1), shape_at_least(r, 1)};
    if (!numpy_promote(what, 2, v, v) || !scipy_share_batch(what, 2, v, (const int[]){1, 1}))
        return array_poison;
    int64_t axis = v[0]->aval.ndim - 1;
    *m = cols_of(v[0]), *n = cols_of(v[1]);
    for (int i = 0; i < 2; i++)
        v[i] = op_convert(v[i], dtype_of(v[i]), false);
    if (!*m || !*n)
        return v[0];
    return op_concatenate(2, (ct_array[]){v[0], shape_slice(v[1], axis, 1, *n, 1)}, axis);
}

/* elements[start + sign_i i + j] for an m x n matrix. */
static ct_array laid_out(ct_array elements, int64_t m, int64_t n, int64_t start, int64_t sign_i)
{
    if (is_poison(elements))
        return elements;
    int64_t axis = elements->aval.ndim - 1;
    if (!m || !n) {
        dimlist shape;
        if (!dimlist_copy(&shape, "toeplitz", shape_of(elements)))
            return array_poison;
        shape.at[shape.n - 1] = m;
        shape.at[shape.n++] = n;
        return op_full(&(aval){elements->aval.dtype, false, (int)shape.n, shape.at}, 0);
    }
    ct_array i = op_iota(CT_INT32, I(m, n), 0), j = op_iota(CT_INT32, I(m, n), 1);
    ct_array place = add(add(j, (double)start), mul((double)sign_i, i));
    return shape_take(elements, axis, place, NULL);
}

static ct_array reversed(ct_array x)
{
    x = is_poison(x) ? x : shape_at_least(x, 1);
    return is_poison(x) ? x : op_rev(x, I(x->aval.ndim - 1));
}

static ct_array toeplitz(ct_array c, ct_array r)
{
    int64_t m, n;
    ct_array elements = joined("toeplitz", reversed(c), r, &m, &n);
    return is_poison(elements) ? elements : laid_out(elements, m, n, m - 1, -1);
}

ct_array scipy_linalg_toeplitz(const ct_scipy_linalg_toeplitz_args *a)
{
    return toeplitz(a->c, a->r ? a->r : ct_conjugate(a->c));
}

ct_array scipy_linalg_hankel(const ct_scipy_linalg_hankel_args *a)
{
    int64_t m, n;
    ct_array r = a->r ? a->r : op_full_like(a->c, 0);
    if (!a->c->aval.ndim || !r->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "hankel: %s must be at least 1-dimensional, got a scalar.",
                       a->c->aval.ndim ? "r" : "c");
    ct_array elements = joined("hankel", a->c, r, &m, &n);
    return is_poison(elements) ? elements : laid_out(elements, m, n, 0, 1);
}

ct_array scipy_linalg_circulant(ct_array c)
{
    c = shape_at_least(c, 1);
    if (is_poison(c))
        return c;
    int64_t n = cols_of(c), axis = c->aval.ndim - 1;
    if (!n)
        return laid_out(c, 0, 0, 0, 1);
    ct_array turn = sub(op_iota(CT_INT32, I(n, n), 0), op_iota(CT_INT32, I(n, n), 1));
    ct_array place = ct_remainder(turn, ct_weak_int(n));
    return shape_take(c, axis, place, NULL);
}

ct_array scipy_linalg_convolution_matrix(const ct_scipy_linalg_convolution_matrix_args *args)
{
    ct_array a = args->a;
    int64_t n = args->n, cut = 0, last = a->aval.ndim - 1;
    if (n <= 0)
        return ct_fail(CT_VALUE_ERROR, "n must be a positive integer; got %lld.", (long long)n);
    if (last < 0 || !cols_of(a))
        return ct_fail(CT_VALUE_ERROR,
                       "convolution_matrix: a must have at least one element and one axis; got "
                       "shape %s.",
                       dims_string(shape_of(a)));
    int64_t m = cols_of(a), rows = m + n - 1, less = m < n ? m : n;
    if (!strcmp(args->mode, "valid"))
        cut = 2 * (less - 1);
    else if (!strcmp(args->mode, "same"))
        cut = less - 1;
    else if (strcmp(args->mode, "full"))
        return ct_fail(CT_VALUE_ERROR, "mode must be one of 'full', 'valid', 'same'; got '%s'.",
                       args->mode);
    int64_t top = cut / 2;
    int_list sides = {.n = 3 * (last + 1)};
    memset(sides.at, 0, sizeof sides.at);
    sides.at[3 * last] = sides.at[3 * last + 1] = n - 1; /* row i: a reversed, from i + n - 1 on */
    ct_array padded = op_pad(a, op_number(0, a), ints_of(&sides));
    return laid_out(reversed(padded), rows - cut, n, rows - 1 - top, -1);
}

/* ---- of populations and polynomials ---- */

/* One row on top of a diagonal below the main one. */
static ct_array row_over_diagonal(const char *what, ct_array row, ct_array below)
{
    ct_array v[] = {row, below};
    if (!numpy_promote(what, 2, v, v) || !scipy_share_batch(what, 2, v, (const int[]){1, 1}))
        return array_poison;
    int64_t axis = v[0]->aval.ndim - 1, n = cols_of(v[0]);
    ct_array rest = matrix_from_diagonal(v[1]);
    if (is_poison(rest))
        return rest;
    int_list right = {.n = 3 * rest->aval.ndim};
    memset(right.at, 0, sizeof right.at);
    right.at[right.n - 2] = n - cols_of(v[1]);
    rest = op_pad(rest, op_number(0, rest), ints_of(&right));
    return op_concatenate(2, (ct_array[]){op_expand_dims(v[0], I(axis)), rest}, axis);
}

ct_array scipy_linalg_leslie(ct_array f, ct_array s)
{
    f = shape_at_least(f, 1), s = shape_at_least(s, 1);
    if (is_poison(f) || is_poison(s))
        return array_poison;
    if (cols_of(f) < 2 || cols_of(s) != cols_of(f) - 1)
        return ct_fail(CT_VALUE_ERROR,
                       "leslie: f must have at least two elements along its last axis, and s one "
                       "less than f; got f shape %s and s shape %s.",
                       dims_string(shape_of(f)), dims_string(shape_of(s)));
    return row_over_diagonal("leslie", f, s);
}

/* The coefficients but the first, divided by it, with the other sign. */
static ct_array negated_coefficients(const char *what, ct_array a, int64_t least)
{
    a = promoted(what, shape_at_least(a, 1));
    if (is_poison(a))
        return a;
    int64_t axis = a->aval.ndim - 1, n = cols_of(a);
    if (n < least)
        return ct_fail(CT_VALUE_ERROR,
                       "%s: the length of `a` along the last axis must be at least %lld; got shape "
                       "%s.",
                       what, (long long)least, dims_string(shape_of(a)));
    return div(neg(shape_slice(a, axis, 1, n, 1)), shape_slice(a, axis, 0, 1, 1));
}

ct_array scipy_linalg_companion(ct_array a)
{
    ct_array row = negated_coefficients("companion", a, 2);
    if (is_poison(row))
        return row;
    ct_array ones = shape_slice(op_full_like(row, 1), row->aval.ndim - 1, 1, cols_of(row), 1);
    return row_over_diagonal("companion", row, ones);
}

ct_array scipy_linalg_fiedler(ct_array a)
{
    a = shape_at_least(a, 1);
    return is_poison(a) ? a
                        : ct_abs(ct_subtract(ct_expand_dims(a, I(-1)), ct_expand_dims(a, I(-2))));
}

/* Even rows hold a coefficient beside the diagonal on either side and a one two places to the
 * right; odd rows hold a one two places to the left. The first two rows begin in their own way. */
ct_array scipy_linalg_fiedler_companion(ct_array a)
{
    ct_array c = negated_coefficients("fiedler_companion", a, 1);
    if (is_poison(c))
        return c;
    int64_t n = cols_of(c), axis = c->aval.ndim - 1;
    if (!n)
        return laid_out(c, 0, 0, 0, 1);
    ct_array i = op_iota(CT_INT32, I(n, n), 0), j = op_iota(CT_INT32, I(n, n), 1);
    ct_array offset = sub(j, i), even = ct_equal(ct_remainder(i, ct_weak_int(2)), ct_weak_int(0));
    ct_array first = both(eq(i, 0), eq(j, 0));
    ct_array right = both(even, eq(offset, 1)), left = both(both(even, eq(offset, -1)), ge(i, 2));
    ct_array ones =
        either(both(even, eq(offset, 2)), either(both(op_not(even), both(eq(offset, -2), ge(i, 3))),
                                                 both(eq(i, 1), eq(j, 0))));
    ct_array last = op_number((double)n - 1, i);
    ct_array place = select(first, op_full_like(i, 0), ct_where(right, add(i, 1), i));
    ct_array value = shape_take(c, axis, op_min(place, last), NULL);
    value = where(either(first, either(left, right)), value, numpy_literal(0, value));
    return where(ones, op_number(1, value), value);
}

/* ---- of a size ---- */

static bool positive(const char *what, int64_t n)
{
    if (n < 0)
        base_fail(CT_VALUE_ERROR, "%s: n must not be negative, got %lld.", what, (long long)n);
    return n >= 0;
}

static ct_dtype real_dtype(void) { return dtype_default(FAMILY_FLOAT); }

ct_array scipy_linalg_hilbert(const ct_scipy_linalg_hilbert_args *a)
{
    if (!positive("hilbert", a->n))
        return array_poison;
    ct_array i = op_iota(real_dtype(), I(a->n, 1), 0), j = op_iota(real_dtype(), I(1, a->n), 1);
    return div(1, add(add(i, j), 1));
}

static ct_array choose(ct_array n, ct_array k) { return ct_scipy_special_comb(n, k); }

ct_array scipy_linalg_invhilbert(const ct_scipy_linalg_invhilbert_args *a)
{
    if (!positive("invhilbert", a->n))
        return array_poison;
    double n = (double)a->n;
    ct_array i = op_iota(real_dtype(), I(a->n, 1), 0), j = op_iota(real_dtype(), I(1, a->n), 1),
             s = add(i, j);
    ct_array sign = ct_power(ct_weak_float(-1), s), first = choose(add(i, n), sub(n - 1, j)),
             second = choose(add(j, n), sub(n - 1, i)), third = op_square(choose(s, i));
    return mul(mul(mul(mul(sign, add(s, 1)), first), second), third);
}

/* n over k, through lgamma: as in JAX, not exact; zero for k > n. */
static ct_array binomials(int64_t n, ct_dtype d)
{
    ct_array i = op_iota(d, I(n, 1), 0), j = op_iota(d, I(1, n), 1);
    ct_array below = op_lgamma(add(sub(i, j), 1));
    return op_exp(sub(sub(op_lgamma(add(i, 1)), below), op_lgamma(add(j, 1))));
}

static bool known_kind(const char *kind)
{
    if (!kind || !strcmp(kind, "symmetric") || !strcmp(kind, "lower") || !strcmp(kind, "upper"))
        return true;
    base_fail(CT_VALUE_ERROR, "Expected kind to be one of: ['symmetric', 'lower', 'upper']; got %s",
              kind);
    return false;
}

ct_array scipy_linalg_pascal(const ct_scipy_linalg_pascal_args *a)
{
    if (!positive("pascal", a->n) || !known_kind(a->kind))
        return array_poison;
    ct_array lower = binomials(a->n, CT_FLOAT32), upper = matrix_t(lower);
    bool symmetric = !a->kind || !strcmp(a->kind, "symmetric");
    return symmetric ? ct_matmul(lower, upper) : strcmp(a->kind, "lower") ? upper : lower;
}

ct_array scipy_linalg_invpascal(const ct_scipy_linalg_invpascal_args *a)
{
    if (!positive("invpascal", a->n) || !known_kind(a->kind))
        return array_poison;
    ct_array i = op_iota(real_dtype(), I(a->n, 1), 0), j = op_iota(real_dtype(), I(1, a->n), 1);
    ct_array lower = mul(ct_power(ct_weak_float(-1), sub(i, j)), binomials(a->n, real_dtype())),
             upper = matrix_t(lower);
    bool symmetric = !a->kind || !strcmp(a->kind, "symmetric");
    return symmetric ? ct_matmul(upper, lower) : strcmp(a->kind, "lower") ? upper : lower;
}

ct_array scipy_linalg_helmert(const ct_scipy_linalg_helmert_args *a)
{
    int64_t n = a->n;
    if (n < 1)
        return ct_fail(CT_VALUE_ERROR, "n must be a positive integer; got %lld.", (long long)n);
    ct_array i = op_iota(CT_INT32, I(n - 1, n), 0), j = op_iota(CT_INT32, I(n - 1, n), 1);
    ct_array k = op_convert(add(i, 1), real_dtype(), false), norm = op_sqrt(mul(k, add(k, 1)));
    ct_array rest = select(op_eq(j, add(i, 1)), div(neg(k), norm), op_full_like(norm, 0));
    ct_array h = select(op_le(j, i), div(1, norm), rest);
    ct_array first =
        op_full(&(aval){(uint8_t)real_dtype(), false, 2, (int64_t[]){1, n}}, 1 / sqrt((double)n));
    return a->full ? op_concatenate(2, (ct_array[]){first, h}, 0) : h;
}

/* -1 where i and j have an odd number of ones in common. */
ct_array scipy_linalg_hadamard(const ct_scipy_linalg_hadamard_args *a)
{
    int64_t n = a->n;
    if (n < 1 || (n & (n - 1)))
        return ct_fail(CT_VALUE_ERROR, "n must be a positive power of 2; got %lld.", (long long)n);
    ct_array common = op_and(op_iota(CT_INT32, I(n, n), 0), op_iota(CT_INT32, I(n, n), 1));
    ct_array odd = op_and(op_population_count(common), op_number(1, common));
    return ct_subtract(
        ct_weak_int(1),
        ct_multiply(ct_weak_int(2), op_convert(odd, dtype_canonical(a->dtype), false)));
}

ct_array scipy_linalg_dft(const ct_scipy_linalg_dft_args *args)
{
    ct_dtype d = numpy_dtype(args->dtype, dtype_default(FAMILY_COMPLEX));
    int64_t n = args->n;
    bool by_n = args->scale && !strcmp(args->scale, "n"),
         by_root = args->scale && !strcmp(args->scale, "sqrtn");
    if (args->scale && !by_n && !by_root)
        return ct_fail(CT_VALUE_ERROR, "scale must be None, 'sqrtn', or 'n'; got '%s'.",
                       args->scale);
    if (!dtype_is(d, FAMILY_COMPLEX))
        return ct_fail(CT_VALUE_ERROR, "dtype must be a complex floating-point type; got %s.",
                       ct_dtype_name(d));
    if (!positive("dft", n))
        return array_poison;
    ct_dtype real = dtype_real_part(d); /* turns are reduced before they are angles */
    ct_array product = mul(op_iota(CT_INT32, I(n, 1), 0), op_iota(CT_INT32, I(1, n), 1));
    ct_array turn = op_convert(op_rem(product, op_number(n ? (double)n : 1, product)), real, false);
    ct_array angle = mul(turn, -2 * 3.141592653589793 / (double)n);
    ct_array wave = op_complex(op_cos(angle), op_sin(angle));
    return by_n || by_root ? div(wave, by_n ? (double)n : sqrt((double)n)) : wave;
}
