/* Quantiles: sort along the axis, then look up the elements on both sides of the position that was
 * asked for.
 *
 * The elements at computed positions are gathered one slice at a time, with the fractions' axis, if
 * there is one, in front. */
#define OPS_SHORT_NAMES
#include "numpy/shape.h"

/* What to reduce: an array whose axis `axis` is sorted and reduced, weights of its shape or NULL,
 * and the shape that the result has with keepdims. */
typedef struct target {
    ct_array x, weights;
    int64_t axis;
    dimlist kept;
} target;

/* Weights of the array's shape, of such ones or of those along the axes to reduce. */
static ct_array spread_weights(ct_array weights, ct_array x, ct_ints asked)
{
    dimlist axes, lengths = {.n = 0};
    if (ints_equal(shape_of(weights), shape_of(x)))
        return weights;
    if (!asked.at)
        return ct_fail(CT_VALUE_ERROR, "Weights shape must match 'a' shape when axis is None.");
    if (!numpy_axes_ordered("quantile", asked, x->aval.ndim, &axes))
        return array_poison;
    for (int64_t i = 0; i < axes.n; i++)
        lengths.at[lengths.n++] = x->aval.shape[axes.at[i]];
    if (!ints_equal(shape_of(weights), dimlist_ints(&lengths)))
        return ct_fail(CT_VALUE_ERROR, "Weights shape %s must match reduction axes %s",
                       dims_string(shape_of(weights)), dims_string(dimlist_ints(&lengths)));
    return op_broadcast_in_dim(weights, shape_of(x), dimlist_ints(&axes));
}

/* Transposed, unless all axes are reduced, and reshaped. */
static ct_array merged(ct_array x, const dimlist *order, int64_t reduced, const dimlist *shape)
{
    if (order->n > reduced)
        x = op_transpose(x, dimlist_ints(order));
    return op_reshape(x, dimlist_ints(shape));
}

/* Several axes become the last one. */
static bool choose_axis(const char *what, ct_array x, ct_array weights, ct_ints asked, target *t)
{
    dimlist axes, order = {.n = 0}, shape = {.n = 0};
    bool reduced[NUMPY_MAX_NDIM] = {false};
    if (!numpy_axes(what, asked, x->aval.ndim, &axes) || !dimlist_copy(&t->kept, what, shape_of(x)))
        return false;
    for (int64_t i = 0; i < axes.n; i++) {
        reduced[axes.at[i]] = true;
        t->kept.at[axes.at[i]] = 1;
    }
    t->x = x;
    t->weights = weights ? spread_weights(weights, x, asked) : NULL;
    if (weights && is_poison(t->weights))
        return false;
    t->axis = axes.n ? axes.at[0] : 0;
    if (axes.n == 1)
        return true;
    for (int64_t d = 0; d < x->aval.ndim; d++)
        if (!reduced[d]) {
            order.at[order.n++] = d;
            shape.at[shape.n++] = x->aval.shape[d];
        }
    t->axis = shape.n;
    shape.at[shape.n++] = numpy_axes_size(x, &axes, NULL);
    for (int64_t i = 0; i < axes.n; i++)
        order.at[order.n++] = axes.at[i];
    t->x = merged(t->x, &order, axes.n, &shape);
    t->weights = t->weights ? merged(t->weights, &order, axes.n, &shape) : NULL;
    return !is_poison(t->x) && (!t->weights || !is_poison(t->weights));
}

/* Slices of x along its axis at positions `at` (a scalar or a list): the list's axis first, then
 * the other axes of x. */
static ct_array take_slices(ct_array x, int64_t axis, ct_array at)
{
    dimlist offsets = {.n = 0}, sizes;
    if (is_poison(at) || !dimlist_copy(&sizes, "quantile", shape_of(x)))
        return array_poison;
    sizes.at[axis] = 1;
    for (int64_t d = 0; d < x->aval.ndim - 1; d++)
        offsets.at[offsets.n++] = at->aval.ndim + d;
    params_gather p = {
        .dimension_numbers = {dimlist_ints(&offsets), I(axis), I(axis), I_NONE, I_NONE},
        .mode = GATHER_PROMISE_IN_BOUNDS,
        .slice_sizes = dimlist_ints(&sizes),
    };
    return op_gather(x, op_expand_dims(at, I(at->aval.ndim)), &p);
}

static bool is(const char *method, const char *name) { return !strcmp(method, name); }

/* Between the elements below and above the position; weight is that of the upper one. */
static ct_array interpolate(const char *method, ct_array low, ct_array high, ct_array low_weight,
                            ct_array high_weight)
{
    if (is(method, "lower"))
        return low;
    if (is(method, "higher"))
        return high;
    if (is(method, "midpoint"))
        return mul(op_add(low, high), 0.5);
    if (is(method, "nearest")) {
        ct_array below = op_le(high_weight, op_number(0.5, high_weight));
        return op_select_n(below, 2, (ct_array[]){high, low});
    }
    ct_array left = op_mul(low, low_weight);
    return op_add(left, op_mul(high, high_weight));
}

/* The fractions' weights, repeated along the axes of the values. */
static ct_array repeat_weight(ct_array weight, ct_array value)
{
    return weight->aval.ndim ? op_broadcast_in_dim(weight, shape_of(value), I(0)) : weight;
}

static ct_array whole(ct_array x)
{
    return is_poison(x) ? x : numpy_cast(x, dtype_default(FAMILY_INT));
}

/* All elements count: positions depend on the fraction alone. */
static ct_array plain(const target *t, ct_array q, const char *method)
{
    ct_array nan = op_ne(t->x, t->x);
    ct_array spoiled = ct_any(nan, .axis = I(t->axis), .keepdims = true);
    ct_array x = ct_where(spoiled, ct_weak_float(__builtin_nan("")), t->x);
    op_sort(1, (ct_array[]){x}, t->axis, true, 1, &x);
    if (is_poison(x))
        return x;
    ct_array last = op_number((double)(x->aval.shape[t->axis] - 1), q);
    ct_array at = op_mul(q, last);
    ct_array low = op_floor(at), high = op_ceil(at);
    ct_array high_weight = op_sub(at, low);
    ct_array low_weight = sub(1, high_weight);
    ct_array zero = op_number(0, at);
    low = op_clamp(zero, low, last);
    high = op_clamp(zero, high, last);
    ct_array below = take_slices(x, t->axis, whole(low)),
             above = take_slices(x, t->axis, whole(high));
    if (is_poison(below) || is_poison(above) || is_poison(low_weight))
        return array_poison;
    below = numpy_cast(below, dtype_of(q));
    above = numpy_cast(above, dtype_of(q));
    return interpolate(method, below, above, repeat_weight(low_weight, below),
                       repeat_weight(high_weight, above));
}

/* NaN is left out: each lane counts its own elements, so positions differ from lane to lane. One
 * fraction at a time. */
static ct_array without_nan(const target *t, ct_array q, const char *method)
{
    ct_array x = t->x;
    op_sort(1, (ct_array[]){x}, t->axis, true, 1, &x);
    if (is_poison(x))
        return x;
    ct_array counts =
        ct_sum(op_not(op_ne(x, x)), .axis = I(t->axis), .dtype = dtype_of(q), .keepdims = true);
    ct_array last = sub(counts, 1);
    ct_array at = op_mul(q, last);
    ct_array low = op_floor(at), high = op_ceil(at);
    ct_array high_weight = op_sub(at, low);
    ct_array low_weight = sub(1, high_weight);
    ct_array zero = op_number(0, at);
    low = op_max(zero, op_min(low, last));
    high = op_max(zero, op_min(high, last));
    ct_array below = ct_take_along_axis(x, whole(low), .axis = GIVEN(t->axis)),
             above = ct_take_along_axis(x, whole(high), .axis = GIVEN(t->axis));
    if (is_poison(below) || is_poison(above) || is_poison(low_weight))
        return array_poison;
    ct_array y = interpolate(method, numpy_cast(below, dtype_of(q)), numpy_cast(above, dtype_of(q)),
                             low_weight, high_weight);
    return is_poison(y) ? y : op_squeeze(y, I(t->axis));
}

/* The least element up to which the weights make the fraction of their sum. */
typedef struct weighted {
    ct_array x, running, total, last; /* sorted; the sum of weights so far, of all; last position */
    ct_array spoiled;                 /* lanes without a quantile */
} weighted;

static bool weigh(const target *t, bool skip_nan, weighted *w)
{
    ct_array in[] = {t->x, t->weights ? t->weights : op_full_like(t->x, 1)}, out[2];
    int64_t n = t->x->aval.shape[t->axis];
    if (is_poison(in[1]))
        return false;
    op_sort(2, in, t->axis, true, 1, out);
    if (is_poison(out[0]))
        return false;
    w->x = out[0];
    ct_array zero = op_full_like(out[1], 0), nan = op_ne(w->x, w->x),
             bad = op_or(op_lt(out[1], zero), op_ne(out[1], out[1]));
    ct_array clean = op_select_n(op_or(bad, nan), 2, (ct_array[]){out[1], zero});
    w->running = op_cumsum(clean, t->axis, false);
    if (is_poison(w->running))
        return false;
    w->total = shape_slice(w->running, t->axis, n - 1, n, 1);
    ct_array found = ct_sum(op_not(nan), .axis = I(t->axis), .dtype = dtype_default(FAMILY_INT),
                            .keepdims = true);
    if (is_poison(found))
        return false;
    w->last = skip_nan ? sub(found, 1) : op_full_like(found, (double)(n - 1));
    ct_array without = skip_nan ? ct_equal(found, 0) : ct_less(found, n);
    w->spoiled = ct_logical_or(without, ct_any(bad, .axis = I(t->axis), .keepdims = true));
    return !is_poison(w->spoiled);
}

static ct_array by_weight(const target *t, const weighted *w, ct_array q)
{
    ct_array share = op_mul(numpy_cast(q, dtype_of(w->total)), w->total);
    if (is_poison(share))
        return share;
    ct_array before = ct_sum(ct_less(w->running, share), .axis = I(t->axis),
                             .dtype = dtype_default(FAMILY_INT), .keepdims = true);
    ct_array at = ct_maximum(0, ct_minimum(before, w->last));
    ct_array y = ct_take_along_axis(w->x, at, .axis = GIVEN(t->axis));
    y = ct_where(w->spoiled, ct_weak_float(__builtin_nan("")), y);
    return is_poison(y) ? y : op_squeeze(y, I(t->axis));
}

/* One fraction after the other: counting without NaN, or by weight. */
static ct_array each_fraction(const target *t, ct_array q, const char *method, const weighted *w)
{
    if (!q->aval.ndim)
        return w ? by_weight(t, w, q) : without_nan(t, q, method);
    int64_t n = q->size;
    if (!n) {
        dimlist none = {.n = 1, .at = {0}};
        for (int64_t d = 0; d < t->x->aval.ndim; d++)
            if (d != t->axis)
                none.at[none.n++] = t->x->aval.shape[d];
        return ct_zeros(dimlist_ints(&none), .dtype = dtype_of(q));
    }
    ct_array *each = base_alloc((size_t)(n + 1) * sizeof *each), out = array_poison;
    bool good = each;
    for (int64_t i = 0; good && i < n; i++) {
        ct_array one = op_reshape(op_slice(q, I(i), I(i + 1), (ct_ints){0, NULL}), I_NONE);
        good = !is_poison(one) && !is_poison(each[i] = each_fraction(t, one, method, w));
    }
    if (good)
        out = op_stack(n, each, 0);
    base_free(each);
    return out;
}

static bool check(const char *what, const char *method, ct_array x, ct_array q, bool overwrite)
{
    if (overwrite)
        base_fail(CT_VALUE_ERROR,
                  "jax.numpy.%s does not support overwrite_input=True or out != None", what);
    else if (!is(method, "inverted_cdf") && !is(method, "linear") && !is(method, "lower") &&
             !is(method, "higher") && !is(method, "midpoint") && !is(method, "nearest"))
        base_fail(CT_VALUE_ERROR,
                  "method can only be 'linear', 'lower', 'higher', 'midpoint', 'nearest' or "
                  "'inverted_cdf', got '%s'",
                  method);
    else if (dtype_is(dtype_of(x), FAMILY_COMPLEX))
        base_fail(CT_VALUE_ERROR,
                  "quantile does not support complex input, as the operation is poorly defined.");
    else if (q->aval.ndim > 1)
        base_fail(CT_VALUE_ERROR, "q must be have rank <= 1, got an array with %d axes",
                  (int)q->aval.ndim);
    else
        return true;
    return false;
}

static bool check_weights(const char *what, const char *method, ct_array weights)
{
    if (!weights || (is(method, "inverted_cdf") && !dtype_is(dtype_of(weights), FAMILY_COMPLEX)))
        return true;
    if (is(method, "inverted_cdf"))
        base_fail(CT_VALUE_ERROR, "Weights cannot be complex types.");
    else
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "%s: %s doesn't support weights. Only method 'inverted_cdf' supports weights.",
                  what, method);
    return false;
}

typedef struct request {
    const char *what;
    ct_array x, q, weights;
    ct_ints axis;
    const char *method;
    bool overwrite, keepdims, skip_nan;
} request;

static ct_array quantile(const request *r)
{
    target t;
    weighted w;
    ct_array v[] = {r->x, r->weights}, q = r->q;
    bool by_weights = is(r->method, "inverted_cdf");
    if (!check(r->what, r->method, r->x, q, r->overwrite) ||
        !check_weights(r->what, r->method, r->weights) ||
        !numpy_promote_inexact(r->what, r->weights ? 2 : 1, v, v) ||
        !choose_axis(r->what, v[0], v[1], r->axis, &t))
        return array_poison;
    if (!dtype_inexact(dtype_of(q)))
        q = numpy_cast(q, dtype_default(FAMILY_FLOAT));
    if (is_poison(q) || (by_weights && !weigh(&t, r->skip_nan, &w)))
        return array_poison;
    ct_array y = by_weights || r->skip_nan ? each_fraction(&t, q, r->method, by_weights ? &w : NULL)
                                           : plain(&t, q, r->method);
    if (r->keepdims && !is_poison(y)) {
        dimlist shape = {.n = 0};
        if (q->aval.ndim)
            shape.at[shape.n++] = q->size;
        for (int64_t d = 0; d < t.kept.n; d++)
            shape.at[shape.n++] = t.kept.at[d];
        y = op_reshape(y, dimlist_ints(&shape));
    }
    return is_poison(y) ? y : numpy_cast(y, dtype_of(v[0]));
}

ct_array numpy_quantile(const ct_quantile_args *a)
{
    return quantile(&(request){"quantile", a->a, a->q, a->weights, a->axis, a->method,
                               a->overwrite_input, a->keepdims, false});
}
ct_array numpy_nanquantile(const ct_nanquantile_args *a)
{
    return quantile(&(request){"nanquantile", a->a, a->q, a->weights, a->axis, a->method,
                               a->overwrite_input, a->keepdims, true});
}

static ct_array fraction(ct_array percent) { return ct_true_divide(percent, ct_weak_float(100)); }

ct_array numpy_percentile(const ct_percentile_args *a)
{
    return ct_quantile(a->a, fraction(a->q), .axis = a->axis, .overwrite_input = a->overwrite_input,
                       .method = a->method, .keepdims = a->keepdims, .weights = a->weights);
}

ct_array numpy_nanpercentile(const ct_nanpercentile_args *a)
{
    return ct_nanquantile(a->a, fraction(a->q), .axis = a->axis,
                          .overwrite_input = a->overwrite_input, .method = a->method,
                          .keepdims = a->keepdims, .weights = a->weights);
}

ct_array numpy_median(const ct_median_args *a)
{
    return ct_quantile(a->a, ct_weak_float(0.5), .axis = a->axis,
                       .overwrite_input = a->overwrite_input, .method = "midpoint",
                       .keepdims = a->keepdims);
}

ct_array numpy_nanmedian(const ct_nanmedian_args *a)
{
    return ct_nanquantile(a->a, ct_weak_float(0.5), .axis = a->axis,
                          .overwrite_input = a->overwrite_input, .method = "midpoint",
                          .keepdims = a->keepdims);
}
