/* Diagonals and triangles: trace, diagonal, diag_indices, tril_indices and theirs; cov and
 * corrcoef. */
#define OPS_SHORT_NAMES
#include "numpy/shape.h"

/* The two axes moved to the end. */
static ct_array axes_last(const char *what, ct_array x, int64_t axis1, int64_t axis2)
{
    int64_t ndim = x->aval.ndim;
    if (ndim < 2)
        return ct_fail(CT_VALUE_ERROR, "%s requires an array of at least two dimensions.", what);
    if (!numpy_axis(what, axis1, ndim, &axis1) || !numpy_axis(what, axis2, ndim, &axis2))
        return array_poison;
    if (axis1 == axis2)
        return ct_fail(CT_VALUE_ERROR, "axis1 and axis2 can not be same. axis1=%lld and axis2=%lld",
                       (long long)axis1, (long long)axis2);
    return ct_moveaxis(x, I(axis1, axis2), I(-2, -1));
}

ct_array numpy_trace(const ct_trace_args *a)
{
    ct_array x = axes_last("trace", a->a, a->axis1, a->axis2.value);
    if (is_poison(x))
        return x;
    int64_t ndim = x->aval.ndim;
    ct_ints shape = {2, x->aval.shape + ndim - 2};
    ct_array row = op_iota(CT_INT32, shape, 0), column = op_iota(CT_INT32, shape, 1);
    ct_array on = op_eq(op_add(row, numpy_cast(a->offset, CT_INT32)), column);
    return ct_sum(ct_where(on, x, op_full_like(x, 0)), .axis = I(-2, -1), .dtype = a->dtype);
}

ct_array numpy_diagonal(const ct_diagonal_args *a)
{
    ct_array x = axes_last("diagonal", a->a, a->axis1, a->axis2.value);
    if (is_poison(x))
        return x;
    int64_t ndim = x->aval.ndim, rows = x->aval.shape[ndim - 2], columns = x->aval.shape[ndim - 1];
    int64_t down = a->offset < 0 ? -a->offset : 0, right = a->offset > 0 ? a->offset : 0;
    int64_t n = rows - down < columns - right ? rows - down : columns - right;
    n = n < 0 ? 0 : n;
    index_item items[] = {{.kind = INDEX_ELLIPSIS}, {.kind = INDEX_ARRAY}, {.kind = INDEX_ARRAY}};
    ct_array row = shape_range(n), column = shape_range(n);
    items[1].array = down ? add((double)down, row) : row;
    items[2].array = right ? add((double)right, column) : column;
    return numpy_index(x, 3, items, NULL);
}

ct_tree numpy_diag_indices(const ct_diag_indices_args *a)
{
    ct_array out[NUMPY_MAX_NDIM];
    int64_t ndim = a->ndim.value;
    if (a->n < 0 || ndim < 0 || ndim > NUMPY_MAX_NDIM)
        return ct_fail(CT_VALUE_ERROR,
                       "n argument to diag_indices must be nonnegative, got %lld (ndim %lld)",
                       (long long)a->n, (long long)ndim);
    ct_array range = shape_range(a->n);
    for (int64_t d = 0; d < ndim; d++)
        out[d] = range;
    return shape_tuple(ndim, out);
}

ct_tree numpy_diag_indices_from(ct_array arr)
{
    int64_t ndim = arr->aval.ndim;
    if (ndim < 2)
        return ct_fail(CT_VALUE_ERROR, "input array must be at least 2-d");
    for (int64_t d = 1; d < ndim; d++)
        if (arr->aval.shape[d] != arr->aval.shape[0])
            return ct_fail(CT_VALUE_ERROR, "All dimensions of input must be of equal length");
    return numpy_diag_indices(
        &(ct_diag_indices_args){.n = arr->aval.shape[0], .ndim = {true, ndim}});
}

/* Rows and columns on and below (lower) or above the k-th diagonal, row by row. */
static ct_tree triangle(int64_t n, int64_t m, int64_t k, bool lower)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++)
            count += lower ? j - i <= k : j - i >= k;
    ct_array out[2] = {array_new(CT_INT32, false, 1, &count),
                       array_new(CT_INT32, false, 1, &count)};
    if (is_poison(out[0]) || is_poison(out[1]))
        return array_poison;
    int32_t *rows = out[0]->data, *columns = out[1]->data;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++)
            if (lower ? j - i <= k : j - i >= k) {
                *rows++ = (int32_t)i;
                *columns++ = (int32_t)j;
            }
    for (int d = 0; d < 2; d++)
        out[d] = numpy_cast(out[d], dtype_default(FAMILY_INT));
    return shape_tuple(2, out);
}

ct_tree numpy_tril_indices(const ct_tril_indices_args *a)
{
    return triangle(a->n, a->m.given ? a->m.value : a->n, a->k, true);
}

ct_tree numpy_triu_indices(const ct_triu_indices_args *a)
{
    return triangle(a->n, a->m.given ? a->m.value : a->n, a->k, false);
}

static ct_tree triangle_from(const char *what, ct_array x, int64_t k, bool lower)
{
    if (x->aval.ndim != 2)
        return ct_fail(CT_VALUE_ERROR, "%s: input must be 2-d; got shape %s", what,
                       dims_string(shape_of(x)));
    return triangle(x->aval.shape[0], x->aval.shape[1], k, lower);
}

ct_tree numpy_tril_indices_from(const ct_tril_indices_from_args *a)
{
    return triangle_from("tril_indices_from", a->arr, a->k, true);
}

ct_tree numpy_triu_indices_from(const ct_triu_indices_from_args *a)
{
    return triangle_from("triu_indices_from", a->arr, a->k, false);
}

/* ---- covariance ---- */

/* Variables in rows. */
static ct_array as_rows(ct_array x, bool columns)
{
    bool vector = x->aval.ndim == 1;
    x = shape_at_least(x, 2);
    return columns && !vector ? op_transpose(x, I(1, 0)) : x;
}

static bool sample_weights(const char *name, ct_array w, int64_t n)
{
    if (w->aval.ndim == 1 && w->size == n)
        return true;
    base_fail(CT_RUNTIME_ERROR,
              w->aval.ndim > 1 ? "cannot handle multidimensional %s"
                               : "incompatible numbers of samples and %s",
              name);
    return false;
}

static ct_array covariance(const ct_cov_args *a)
{
    ct_array v[] = {a->m, a->y}, w = NULL;
    bool columns = a->rowvar == CT_FALSE;
    if (a->m->aval.ndim > 2 || (a->y && a->y->aval.ndim > 2))
        return ct_fail(CT_VALUE_ERROR, "%s has more than 2 dimensions",
                       a->m->aval.ndim > 2 ? "m" : "y");
    if (!numpy_promote_inexact("cov", a->y ? 2 : 1, v, v))
        return array_poison;
    ct_array x = as_rows(v[0], columns);
    if (a->y)
        x = ct_concatenate(ARRAYS(x, as_rows(v[1], columns)), .axis = GIVEN(0));
    if (a->dtype != CT_NO_DTYPE && !is_poison(x))
        x = op_convert(x, dtype_canonical(a->dtype), false);
    if (is_poison(x))
        return x;
    int64_t n = x->aval.shape[1];
    double ddof = a->ddof.given ? (double)a->ddof.value : a->bias ? 0 : 1;
    if (a->fweights && !dtype_is(dtype_of(a->fweights), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_TYPE_ERROR, "fweights must be integer.");
    if ((a->fweights && !sample_weights("fweights", a->fweights, n)) ||
        (a->aweights && !sample_weights("aweights", a->aweights, n)))
        return array_poison;
    if (a->fweights)
        w = ct_abs(a->fweights);
    if (a->aweights)
        w = w ? ct_multiply(w, ct_abs(a->aweights)) : ct_abs(a->aweights);
    ct_array mean, factor, weighted;
    if (w) {
        w = numpy_cast(w, dtype_of(x));
        ct_array total = ct_sum(w);
        mean = ct_divide(ct_sum(ct_multiply(x, w), .axis = I(1), .keepdims = true), total);
        factor = !ddof ? total
                 : !a->aweights
                     ? sub(total, ddof)
                     : ct_subtract(
                           total,
                           ct_divide(ct_multiply(ddof, ct_sum(ct_multiply(w, ct_abs(a->aweights)))),
                                     total));
    } else {
        mean = ct_mean(x, .axis = I(1), .keepdims = true);
        factor = ct_weak_float((double)n - ddof);
    }
    x = ct_subtract(x, mean);
    weighted = ct_conjugate(ct_matrix_transpose(w ? ct_multiply(x, w) : x));
    return ct_squeeze(ct_divide(ct_dot(x, weighted), factor));
}

ct_array numpy_cov(const ct_cov_args *a) { return covariance(a); }

ct_array numpy_corrcoef(const ct_corrcoef_args *a)
{
    ct_array c =
        covariance(&(ct_cov_args){.m = a->x, .y = a->y, .rowvar = a->rowvar, .dtype = a->dtype});
    if (is_poison(c))
        return c;
    if (!c->aval.ndim)
        return ct_divide(c, c);
    ct_array spread = ct_sqrt(ct_real(ct_diagonal(c)));
    c = ct_divide(c, op_expand_dims(spread, I(1)));
    c = ct_divide(c, op_expand_dims(spread, I(0)));
    if (dtype_is(dtype_of(c), FAMILY_COMPLEX))
        return op_complex(numpy_clip(&(ct_clip_args){
                              .arr = op_real(c), .min = ct_weak_int(-1), .max = ct_weak_int(1)}),
                          numpy_clip(&(ct_clip_args){
                              .arr = op_imag(c), .min = ct_weak_int(-1), .max = ct_weak_int(1)}));
    return numpy_clip(&(ct_clip_args){.arr = c, .min = ct_weak_int(-1), .max = ct_weak_int(1)});
}

ct_array numpy_diagflat(const ct_diagflat_args *a)
{
    ct_array v = shape_flatten(a->v);
    return is_poison(v) ? v : ct_diag(v, .k = a->k);
}
