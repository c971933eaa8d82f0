/* Counting: bincount, histogram and its relatives of several dimensions. */
#define OPS_SHORT_NAMES
#include "cotan/index.h"
#include "numpy/search.h"

ct_array numpy_bincount(const ct_bincount_args *a)
{
    ct_array x = a->x, known;
    int64_t length = a->length.value;
    if (!dtype_is(dtype_of(x), FAMILY_INT | FAMILY_UINT | FAMILY_BOOL))
        return ct_fail(CT_TYPE_ERROR, "x argument to bincount must have an integer type; got %s",
                       ct_dtype_name(dtype_of(x)));
    if (x->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "only 1-dimensional input supported.");
    if (!a->length.given) {
        if (!numpy_known("bincount", "x (or length)", x, &known))
            return array_poison;
        length = a->minlength;
        for (int64_t i = 0; i < known->size; i++)
            if (array_get_int(known, i) >= length)
                length = array_get_int(known, i) + 1;
    }
    ct_array weights =
        a->weights ? a->weights : array_scalar_int(dtype_default(FAMILY_INT), false, 1);
    ct_array zeros = op_full(&(aval){weights->aval.dtype, false, 1, &length}, 0);
    x = ct_clip_(&(ct_clip_args){.arr = numpy_cast(x, dtype_default(FAMILY_INT)),
                                 .min = ct_weak_int(0)}); /* negative values count as zero */
    if (is_poison(x))
        return x;
    index_item at = {.kind = INDEX_ARRAY, .array = x};
    return numpy_index_update(zeros, 1, &at, INDEX_ADD, weights, NULL);
}

/* Edges of n equal bins over the range of the data, a little of it when all elements are equal. */
static ct_array equal_edges(ct_array x, int64_t n, ct_array range, ct_dtype dtype)
{
    ct_array low, high;
    if (range) {
        range = numpy_cast(shape_flatten(range), dtype);
        if (is_poison(range) || range->size != 2)
            return is_poison(range)
                       ? range
                       : ct_fail(CT_VALUE_ERROR, "range must be a pair; got %lld entries",
                                 (long long)range->size);
        low = op_reshape(shape_slice(range, 0, 0, 1, 1), I_NONE);
        high = op_reshape(shape_slice(range, 0, 1, 2, 1), I_NONE);
    } else if (!x->size) {
        low = array_scalar(dtype, false, 0);
        high = array_scalar(dtype, false, 1);
    } else {
        low = numpy_cast(ct_min(x), dtype);
        high = numpy_cast(ct_max(x), dtype);
    }
    ct_array flat = op_eq(low, high);
    low = op_select_n(flat, 2, (ct_array[]){low, sub(low, 0.5)});
    high = op_select_n(flat, 2, (ct_array[]){high, add(high, 0.5)});
    return ct_linspace(low, high, .num = GIVEN(n + 1), .dtype = dtype);
}

static ct_array edges_of(const char *what, ct_array x, ct_array bins, ct_array range)
{
    ct_dtype dtype = dtype_to_inexact(dtype_of(x));
    int64_t n;
    if (bins->aval.ndim == 1)
        return numpy_cast(bins, dtype_inexact(dtype_of(bins)) ? dtype_of(bins) : dtype);
    if (bins->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "%s: bins must be a number or a vector of edges", what);
    return numpy_known_int(what, "bins", bins, &n) ? equal_edges(x, n, range, dtype) : array_poison;
}

ct_array numpy_histogram_bin_edges(const ct_histogram_bin_edges_args *a)
{
    return edges_of("histogram_bin_edges", a->a, a->bins, a->range);
}

/* The bin of each element, counted from 1; 0 is below the first edge, n + 1 at or beyond the last.
 * The last bin holds its right edge. */
static ct_array bin_numbers(const char *what, ct_array edges, ct_array x)
{
    int64_t n = edges->size - 1;
    ct_array which = shape_searchsorted(edges, x, true);
    ct_array last = op_reshape(shape_slice(edges, 0, n, n + 1, 1), I_NONE);
    if (is_poison(which) || is_poison(last))
        return array_poison;
    ct_array at_last = op_eq(x, numpy_broadcast_one(what, last, shape_of(x)));
    return op_select_n(at_last, 2, (ct_array[]){which, op_full_like(which, (double)n)});
}

/* Sums of the weights (NULL: ones of `dtype`) with equal numbers from 0 to n - 1. */
static ct_array tally(ct_array numbers, int64_t n, ct_array weights, ct_dtype dtype)
{
    weights = weights ? weights : array_scalar(dtype, false, 1);
    ct_array counts = op_full(&(aval){weights->aval.dtype, false, 1, &n}, 0);
    index_item at = {.kind = INDEX_ARRAY, .array = numbers};
    return numpy_index_update(counts, 1, &at, INDEX_ADD, weights, NULL);
}

/* The data in a floating-point dtype, that of the weights too where there are any. */
static bool data_and_weights(const char *what, ct_array *x, ct_array *weights)
{
    ct_array v[] = {*x, *weights};
    if (!numpy_promote_inexact(what, *weights ? 2 : 1, v, v))
        return false;
    *x = v[0];
    *weights = *weights ? v[1] : NULL;
    return true;
}

ct_tree numpy_histogram(const ct_histogram_args *a)
{
    ct_array x = shape_flatten(a->a), weights = a->weights;
    if (weights && !ints_equal(shape_of(weights), shape_of(a->a)))
        return ct_fail(CT_VALUE_ERROR, "weights should have the same shape as a.");
    if (is_poison(x) || !data_and_weights("histogram", &x, &weights))
        return array_poison;
    ct_array edges = edges_of("histogram", x, a->bins, a->range);
    ct_array v[] = {x, edges};
    if (is_poison(edges) || !numpy_promote_inexact("histogram", 2, v, v))
        return array_poison;
    int64_t n = edges->size - 1;
    ct_array which = bin_numbers("histogram", v[1], v[0]);
    weights = weights ? shape_flatten(weights) : NULL;
    if (is_poison(which) || (weights && is_poison(weights)))
        return array_poison;
    ct_array counts = shape_slice(tally(which, n + 2, weights, dtype_of(x)), 0, 1, n + 1, 1);
    if (a->density == CT_TRUE && !is_poison(counts)) {
        ct_array width = ct_diff(edges);
        counts = ct_divide(ct_divide(counts, width), ct_sum(counts));
    }
    return is_poison(counts) ? counts : ct_tuple(counts, edges);
}

/* ---- several dimensions ---- */

enum { HISTOGRAM_MAX_NDIM = 32 };

typedef struct grid {
    int64_t n;                          /* dimensions */
    ct_array edges[HISTOGRAM_MAX_NDIM]; /* of each, in the dtype asked for */
    int64_t padded[HISTOGRAM_MAX_NDIM]; /* bins, with one before and one behind them */
} grid;

/* One entry a dimension: a child of a list, a row of an array, or a number that stands for all. */
static ct_tree entry(ct_tree t, int64_t d)
{
    if (is_tree(t))
        return ct_at(t, d);
    return t->aval.ndim ? ct_row(t, d) : t;
}

static int64_t entries(ct_tree t, int64_t otherwise)
{
    return is_tree(t) ? ct_len(t) : t->aval.ndim ? t->aval.shape[0] : otherwise;
}

static bool is_none(ct_tree t) { return is_tree(t) && !ct_leaf_count(t); }

/* An array of what is one, or of a list of numbers. */
static ct_array vector(ct_tree t)
{
    const ct_array *leaves;
    int64_t n = tree_leaves(&t, &leaves);
    return is_tree(t) ? ct_stack((ct_arrays){n, leaves}) : t;
}

static bool read_grid(const char *what, ct_array sample, ct_tree bins, ct_tree range, grid *g)
{
    g->n = sample->aval.shape[1];
    if (g->n > HISTOGRAM_MAX_NDIM) {
        base_fail(CT_VALUE_ERROR, "%s: at most %d dimensions, got %lld", what, HISTOGRAM_MAX_NDIM,
                  (long long)g->n);
        return false;
    }
    bool ranged = range && !is_none(range);
    if (ranged && entries(range, 0) != g->n) {
        base_fail(CT_VALUE_ERROR,
                  "For sample.shape=%s, range must be a sequence of %lld pairs or Nones",
                  dims_string(shape_of(sample)), (long long)g->n);
        return false;
    }
    if (entries(bins, g->n) != g->n) {
        base_fail(CT_VALUE_ERROR, "should be a bin for each dimension.");
        return false;
    }
    double cells = 1;
    for (int64_t d = 0; d < g->n; d++) {
        ct_tree limits = ranged ? entry(range, d) : NULL;
        ct_array number = vector(entry(bins, d));
        ct_array pair = limits && !is_none(limits) ? vector(limits) : NULL;
        ct_array x = op_squeeze(shape_slice(sample, 1, d, d + 1, 1), I(1));
        if (is_poison(number) || is_poison(x) || (pair && is_poison(pair)) ||
            is_poison(g->edges[d] = edges_of(what, x, number, pair)))
            return false;
        g->padded[d] = g->edges[d]->size + 1;
        cells *= (double)g->padded[d];
    }
    if (cells > INT32_MAX)
        base_fail(CT_VALUE_ERROR, "%s: %.3g bins are too many", what, cells);
    return cells <= INT32_MAX;
}

/* Which bin of the padded grid each sample falls into, as one number. */
static ct_array grid_numbers(const char *what, const grid *g, ct_array sample)
{
    ct_array at =
        op_full(&(aval){(uint8_t)dtype_default(FAMILY_INT), false, 1, sample->aval.shape}, 0);
    for (int64_t d = 0; d < g->n && !is_poison(at); d++) {
        ct_array x = op_squeeze(shape_slice(sample, 1, d, d + 1, 1), I(1));
        ct_array v[] = {g->edges[d], x};
        if (is_poison(x) || !numpy_promote_inexact(what, 2, v, v))
            return array_poison;
        ct_array which = bin_numbers(what, v[0], v[1]);
        at = add(mul(at, (double)g->padded[d]), which);
    }
    return at;
}

static ct_array shares(const grid *g, ct_array counts)
{
    counts = ct_divide(counts, ct_sum(counts));
    for (int64_t d = 0; d < g->n && !is_poison(counts); d++) {
        dimlist line = {.n = g->n};
        for (int64_t k = 0; k < g->n; k++)
            line.at[k] = k == d ? g->edges[d]->size - 1 : 1;
        ct_array width = ct_diff(g->edges[d]);
        counts =
            is_poison(width) ? width : ct_divide(counts, shape_reshape(width, dimlist_ints(&line)));
    }
    return counts;
}

static ct_array histogram_of(const char *what, ct_array sample, ct_array weights, ct_tree bins,
                             ct_tree range, bool density, grid *g)
{
    if (weights && (weights->aval.ndim != 1 || weights->size != sample->aval.shape[0]))
        return ct_fail(CT_VALUE_ERROR, "should have one weight for each sample.");
    if (!data_and_weights(what, &sample, &weights) || !read_grid(what, sample, bins, range, g))
        return array_poison;
    ct_ints padded = {g->n, g->n ? g->padded : ct_no_ints};
    ct_array numbers = grid_numbers(what, g, sample);
    if (is_poison(numbers))
        return numbers;
    ct_array counts = shape_reshape(
        tally(numbers, shape_size(padded.n, padded.at), weights, dtype_default(FAMILY_INT)),
        padded);
    for (int64_t d = 0; d < g->n && !is_poison(counts); d++)
        counts = shape_slice(counts, d, 1, g->padded[d] - 1, 1);
    return density && !is_poison(counts) ? shares(g, numpy_cast(counts, dtype_of(sample))) : counts;
}

ct_tree numpy_histogramdd(const ct_histogramdd_args *a)
{
    grid g;
    if (a->sample->aval.ndim != 2)
        return ct_fail(CT_VALUE_ERROR, "histogramdd: sample has a row for each point; got shape %s",
                       dims_string(shape_of(a->sample)));
    ct_array counts = histogram_of("histogramdd", a->sample, a->weights, a->bins, a->range,
                                   a->density == CT_TRUE, &g);
    return is_poison(counts) ? counts : ct_tuple(counts, ct_list_(g.n, g.edges));
}

ct_tree numpy_histogram2d(const ct_histogram2d_args *a)
{
    grid g;
    ct_tree bins = a->bins;
    ct_array sample = ct_stack(ARRAYS(a->x, a->y), .axis = 1);
    int64_t n = entries(bins, 2);
    if (is_poison(sample))
        return sample;
    if (sample->aval.ndim != 2)
        return ct_fail(CT_VALUE_ERROR, "histogram2d: x and y are vectors; got shape %s",
                       dims_string(shape_of(a->x)));
    if (n != 1 && n != 2) { /* the edges along both axes */
        ct_array edges = vector(bins);
        bins = is_poison(edges) ? edges : ct_tuple(edges, edges);
    }
    ct_array counts = is_poison(bins) ? bins
                                      : histogram_of("histogram2d", sample, a->weights, bins,
                                                     a->range, a->density == CT_TRUE, &g);
    return is_poison(counts) ? counts : ct_tuple(counts, g.edges[0], g.edges[1]);
}
