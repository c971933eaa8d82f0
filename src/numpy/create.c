/* Making arrays from nothing, from a number, or from the indices: zeros, arange, eye, tri and their
 * like. Next: spaces.c. */
#define OPS_SHORT_NAMES
#include "numpy/numpy.h"

/* A shape as users give it: no negative sizes. */
static bool check_shape(const char *what, ct_ints shape)
{
    for (int64_t i = 0; i < shape.n; i++)
        if (shape.at[i] < 0) {
            base_fail(CT_TYPE_ERROR,
                      "%s: shapes must have non-negative sizes, got %lld for axis %lld.", what,
                      (long long)shape.at[i], (long long)i);
            return false;
        }
    return true;
}

ct_array numpy_filled(ct_array scalar, ct_ints shape)
{
    return shape.n && !is_poison(scalar)
               ? op_broadcast_in_dim(scalar, shape, (ct_ints){0, ct_no_ints})
               : scalar;
}

static ct_array number(const char *what, ct_ints shape, ct_dtype dtype, double value)
{
    return check_shape(what, shape)
               ? numpy_filled(
                     array_scalar(numpy_dtype(dtype, dtype_default(FAMILY_FLOAT)), false, value),
                     shape)
               : array_poison;
}

ct_array numpy_zeros(const ct_zeros_args *a) { return number("zeros", a->shape, a->dtype, 0); }
ct_array numpy_ones(const ct_ones_args *a) { return number("ones", a->shape, a->dtype, 1); }
ct_array numpy_empty(const ct_empty_args *a) { return number("empty", a->shape, a->dtype, 0); }

/* The value in every place; a scalar keeps its weakness unless a dtype was asked for, an array is
 * broadcast. */
static ct_array full(const char *what, ct_ints shape, ct_array value, ct_dtype dtype, bool weak)
{
    if (!check_shape(what, shape))
        return array_poison;
    value = numpy_convert(value, dtype, weak);
    return is_poison(value) || value->aval.ndim ? numpy_broadcast_one(what, value, shape)
                                                : numpy_filled(value, shape);
}

ct_array numpy_full(const ct_full_args *a)
{
    bool weak = a->dtype == CT_NO_DTYPE && a->fill_value->aval.weak;
    return full("full", a->shape, a->fill_value, numpy_dtype(a->dtype, dtype_of(a->fill_value)),
                weak);
}

static ct_array like(const char *what, ct_array x, ct_array value, ct_dtype dtype, ct_ints shape)
{
    bool weak = dtype == CT_NO_DTYPE && x->aval.weak;
    return full(what, shape.n || shape.at ? shape : shape_of(x), value,
                numpy_dtype(dtype, dtype_of(x)), weak);
}

ct_array numpy_zeros_like(const ct_zeros_like_args *a)
{
    return like("zeros_like", a->a, ct_weak_int(0), a->dtype, a->shape);
}
ct_array numpy_ones_like(const ct_ones_like_args *a)
{
    return like("ones_like", a->a, ct_weak_int(1), a->dtype, a->shape);
}
ct_array numpy_empty_like(const ct_empty_like_args *a)
{
    return like("empty_like", a->prototype, ct_weak_int(0), a->dtype, a->shape);
}
ct_array numpy_full_like(const ct_full_like_args *a)
{
    return like("full_like", a->a, a->fill_value, a->dtype, a->shape);
}

/* ---- conversion ---- */

static ct_array leading_axes(ct_array x, int64_t ndmin)
{
    dimlist axes = {.n = 0};
    while (axes.n < ndmin - x->aval.ndim && axes.n < NUMPY_MAX_NDIM) {
        axes.at[axes.n] = axes.n;
        axes.n++;
    }
    return axes.n && !is_poison(x) ? op_expand_dims(x, dimlist_ints(&axes)) : x;
}

static ct_array as_array(ct_array x, ct_dtype dtype, bool copy, int64_t ndmin)
{
    bool number = is_array(x) && x->aval.weak && !x->aval.ndim; /* nobody else's memory */
    if (copy && !number)
        x = op_copy(x);
    if (dtype != CT_NO_DTYPE && !is_poison(x))
        x = numpy_cast(x, dtype_canonical(dtype));
    return leading_axes(x, ndmin);
}

ct_array numpy_array(const ct_array_args *a)
{
    return as_array(a->object, a->dtype, a->copy == CT_TRUE, a->ndmin);
}
ct_array numpy_asarray(const ct_asarray_args *a)
{
    return as_array(a->a, a->dtype, a->copy == CT_TRUE, 0);
}
ct_array numpy_copy(const ct_copy_args *a) { return op_copy(a->a); }

ct_array numpy_astype(const ct_astype_args *a)
{
    ct_array x = a->x;
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_FLOAT));
    if (dtype_is(dtype_of(x), FAMILY_COMPLEX) && !dtype_is(dtype, FAMILY_COMPLEX | FAMILY_BOOL))
        x = op_real(x);
    x = is_poison(x) ? x : numpy_cast(x, dtype);
    return a->copy == CT_TRUE && x == a->x ? op_copy(x) : x;
}

/* ---- ranges ---- */

/* How many steps from start to stop; the reals below are exact for integers of 53 bits. */
static int64_t steps(double start, double stop, double step)
{
    double n = __builtin_ceil((stop - start) / step);
    return n > 0 ? (int64_t)n : 0;
}

ct_array numpy_arange(const ct_arange_args *a)
{
    double start = 0, stop, step = 1;
    ct_array given[3], first = a->stop ? a->start : NULL, last = a->stop ? a->stop : a->start;
    int64_t n = 0;
    given[n++] = a->start;
    if (a->stop)
        given[n++] = a->stop;
    if (a->step)
        given[n++] = a->step;
    ct_dtype dtype;
    bool weak;
    for (int64_t i = 0; i < n; i++) {
        if (given[i]->aval.ndim)
            return ct_fail(CT_VALUE_ERROR, "jax.numpy.arange: arguments must be scalars");
        if (dtype_is(dtype_of(given[i]), FAMILY_COMPLEX))
            return ct_fail(CT_VALUE_ERROR, "Passing complex start/stop/step to jnp.arange is no "
                                           "longer supported starting in JAX v0.10.0.");
    }
    if (!numpy_result_dtype("arange", n, given, &dtype, &weak) ||
        (first && !numpy_known_double("arange", "start", first, &start)) ||
        !numpy_known_double("arange", "stop", last, &stop) ||
        (a->step && !numpy_known_double("arange", "step", a->step, &step)))
        return array_poison;
    if (step == 0)
        return ct_fail(CT_ZERO_DIVISION_ERROR, "arange: the step is zero");
    dtype = numpy_dtype(a->dtype, dtype);
    int64_t size = steps(start, stop, step);
    if (!a->step) {
        ct_array index = op_iota(dtype, I(size), 0);
        return start == 0 ? index : op_add(numpy_cast(first, dtype), index);
    }
    bool small = dtype_is(dtype, FAMILY_FLOAT) && dtype_table[dtype].bits < 32;
    ct_dtype inside = small ? CT_FLOAT32 : dtype;
    ct_array from = first ? numpy_cast(first, inside) : array_scalar(inside, false, 0);
    ct_array x = op_add(from, op_mul(numpy_cast(a->step, inside), op_iota(inside, I(size), 0)));
    return is_poison(x) ? x : numpy_cast(x, dtype);
}

ct_tree numpy_indices(const ct_indices_args *a)
{
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_INT));
    int64_t n = a->dimensions.n;
    dimlist shape;
    ct_array each[NUMPY_MAX_NDIM];
    if (!check_shape("indices", a->dimensions) || !dimlist_copy(&shape, "indices", a->dimensions))
        return array_poison;
    for (int64_t i = 0; i < n; i++) {
        ct_array index = op_iota(dtype, I(a->dimensions.at[i]), 0);
        for (int64_t d = 0; d < n && a->sparse; d++)
            shape.at[d] = d == i ? a->dimensions.at[d] : 1;
        if (is_poison(each[i] = op_broadcast_in_dim(index, dimlist_ints(&shape), I(i))))
            return each[i];
    }
    if (a->sparse)
        return ct_tuple_(n, each);
    return n ? op_stack(n, each, 0) : number("indices", I(0), dtype, 0);
}

/* ---- matrices ---- */

static ct_array numbered(int64_t rows, int64_t columns, int64_t axis)
{
    return op_iota(dtype_default(FAMILY_INT), I(rows, columns), axis);
}

ct_array numpy_eye(const ct_eye_args *a)
{
    int64_t n = a->N, m = a->M.given ? a->M.value : n;
    if (n < 0 || m < 0)
        return ct_fail(CT_VALUE_ERROR, "negative dimensions are not allowed, got %lld and %lld",
                       (long long)n, (long long)m);
    if (a->k->aval.ndim || !dtype_is(dtype_of(a->k), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_VALUE_ERROR, "k must be a scalar integer");
    ct_array i = numbered(n, m, 0), j = numbered(n, m, 1);
    ct_array same = op_eq(op_add(i, numpy_cast(a->k, dtype_default(FAMILY_INT))), j);
    return is_poison(same) ? same
                           : numpy_cast(same, numpy_dtype(a->dtype, dtype_default(FAMILY_FLOAT)));
}

ct_array numpy_identity(const ct_identity_args *a) { return ct_eye(a->n, .dtype = a->dtype); }

/* True on and below the k-th diagonal. */
static ct_array lower(int64_t n, int64_t m, int64_t k)
{
    ct_array i = numbered(n, m, 0);
    i = op_add(i, array_scalar_int(dtype_default(FAMILY_INT), false, k));
    return op_ge(i, numbered(n, m, 1));
}

ct_array numpy_tri(const ct_tri_args *a)
{
    int64_t m = a->M.given ? a->M.value : a->N;
    if (a->N < 0 || m < 0)
        return ct_fail(CT_VALUE_ERROR,
                       "tri: negative dimensions are not allowed, got %lld and %lld",
                       (long long)a->N, (long long)m);
    ct_array mask = lower(a->N, m, a->k);
    return is_poison(mask) ? mask : numpy_cast(mask, numpy_dtype(a->dtype, CT_FLOAT32));
}

static ct_array triangle(const char *what, ct_array x, int64_t k, bool keep_lower)
{
    int64_t ndim = x->aval.ndim;
    if (ndim < 2)
        return ct_fail(CT_VALUE_ERROR, "Argument to jax.numpy.%s must be at least 2D", what);
    ct_array mask = lower(x->aval.shape[ndim - 2], x->aval.shape[ndim - 1], k);
    if (ndim > 2)
        mask = op_broadcast_in_dim(mask, shape_of(x), I(ndim - 2, ndim - 1));
    ct_array zero = numpy_filled(numpy_number(0, x), shape_of(x));
    return op_select_n(mask, 2, keep_lower ? (ct_array[]){zero, x} : (ct_array[]){x, zero});
}

ct_array numpy_tril(const ct_tril_args *a) { return triangle("tril", a->m, a->k, true); }
ct_array numpy_triu(const ct_triu_args *a) { return triangle("triu", a->m, a->k - 1, false); }

/* A row for each element, moved along by k: the element goes where the row crosses the diagonal. */
static ct_array diagonal_matrix(ct_array v, int64_t k)
{
    int64_t n = v->aval.shape[0] + (k < 0 ? -k : k);
    ct_array zero = numpy_number(0, v);
    ct_array padded =
        op_pad(v, array_scalar(dtype_of(v), v->aval.weak, 0), I(k < 0 ? -k : 0, k > 0 ? k : 0, 0));
    ct_array i = numbered(n, n, 0), j = numbered(n, n, 1);
    ct_array on = op_eq(op_add(i, array_scalar_int(dtype_default(FAMILY_INT), false, k)), j);
    return ct_where(on, op_expand_dims(padded, I(1)), zero);
}

ct_array numpy_diag(const ct_diag_args *a)
{
    if (a->v->aval.ndim == 1)
        return diagonal_matrix(a->v, a->k);
    if (a->v->aval.ndim == 2)
        return ct_diagonal(a->v, .offset = a->k);
    return ct_fail(CT_VALUE_ERROR, "diag input must be 1d or 2d, got %d axes",
                   (int)a->v->aval.ndim);
}

ct_tree numpy_meshgrid(const ct_meshgrid_args *a)
{
    int64_t n = a->xi.n;
    bool swap = !strcmp(a->indexing, "xy");
    if (a->copy == CT_FALSE)
        return ct_fail(CT_VALUE_ERROR, "jax.numpy.meshgrid only supports copy=True");
    if (!swap && strcmp(a->indexing, "ij"))
        return ct_fail(CT_VALUE_ERROR, "Valid values for indexing are 'xy' and 'ij', got %s",
                       a->indexing);
    if (n > NUMPY_MAX_NDIM)
        return ct_fail(CT_VALUE_ERROR, "meshgrid: too many arrays (%lld)", (long long)n);
    swap = swap && n >= 2;
    dimlist shape = {.n = n};
    ct_array out[NUMPY_MAX_NDIM];
    for (int64_t i = 0; i < n; i++) {
        if (a->xi.at[i]->aval.ndim != 1)
            return ct_fail(CT_VALUE_ERROR,
                           "Arguments to jax.numpy.meshgrid must be 1D, got %d axes",
                           (int)a->xi.at[i]->aval.ndim);
        shape.at[swap && i < 2 ? 1 - i : i] = a->sparse ? 1 : a->xi.at[i]->size;
    }
    for (int64_t step = 0; step < n; step++) {
        int64_t i = swap && step < 2 ? 1 - step : step; /* in the order of the grid's axes */
        dimlist own = shape;
        own.at[step] = a->xi.at[i]->size;
        if (is_poison(out[i] = op_broadcast_in_dim(a->xi.at[i], dimlist_ints(&own), I(step))))
            return out[i];
    }
    return ct_list_(n, out);
}
