/* Arrays as sets: unique and its relatives, isin, union1d, intersect1d, setdiff1d, setxor1d,
 * bincount, histogram. */
#define OPS_SHORT_NAMES
#include "numpy/search.h"

/* ---- unique ---- */

/* Rows sorted, which of them begin a run of equal ones, and where each came from. */
typedef struct runs {
    ct_array rows, begins, order;
} runs;

static ct_array rows_of(ct_array x)
{
    int64_t n = x->aval.shape[0];
    return shape_reshape(x, I(n, n ? x->size / n : 0));
}

static bool find_runs(ct_array x, bool equal_nan, runs *r)
{
    int64_t n = x->aval.shape[0], width = n ? x->size / n : 0;
    ct_array rows = rows_of(x);
    if (is_poison(rows))
        return false;
    ct_array *room = base_alloc((size_t)(2 * width + 2) * sizeof *room);
    if (!room)
        return false;
    for (int64_t i = 0; i < width; i++)
        room[i] = op_reshape(shape_slice(rows, 1, i, i + 1, 1), I(n));
    room[width] = shape_range(n);
    op_sort(width + 1, room, 0, true, width, room + width + 1);
    r->order = room[2 * width + 1];
    base_free(room);
    r->rows = shape_take(x, 0, r->order, &(index_options){.keep_negative = true});
    ct_array after = shape_slice(r->rows, 0, 1, n, 1),
             earlier = shape_slice(r->rows, 0, 0, n - 1, 1);
    if (is_poison(r->rows) || is_poison(after))
        return false;
    ct_array differs = op_ne(after, earlier);
    if (equal_nan && dtype_inexact(dtype_of(x)))
        differs = op_and(differs, op_not(op_and(op_ne(after, after), op_ne(earlier, earlier))));
    if (x->aval.ndim > 1)
        differs = op_reduce_or(shape_reshape(differs, I(n - 1, width)), I(1));
    r->begins = op_concatenate(
        2, (ct_array[]){op_full(&(aval){CT_BOOL, false, 1, (const int64_t[]){1}}, 1), differs}, 0);
    return !is_poison(r->begins);
}

typedef struct unique_request {
    const char *what;
    ct_opt_int axis, size;
    ct_array fill;
    bool index, inverse, counts, equal_nan;
    bool keep_inverse_shape;
} unique_request;

/* values, then index, inverse and counts as asked; returns how many arrays, 0 after an error. */
static int unique_of(ct_array x, const unique_request *q, ct_array out[4])
{
    ct_ints shape = shape_of(x);
    int64_t axis = 0, nfound;
    ct_dtype integer = dtype_default(FAMILY_INT);
    if (!q->axis.given)
        x = shape_flatten(x);
    else if (!numpy_axis(q->what, q->axis.value, x->aval.ndim, &axis))
        return 0;
    x = is_poison(x) ? x : op_moveaxis(x, axis, 0);
    if (is_poison(x))
        return 0;
    int64_t n = x->aval.shape[0], count = 0;
    runs r = {x, NULL, NULL};
    if (n && !find_runs(x, q->equal_nan, &r))
        return 0;
    ct_array places = shape_range(0);
    if (n && !shape_nonzero(q->what, r.begins, q->size, array_scalar_int(integer, false, 0),
                            &nfound, &places))
        return 0;
    if (!n && q->size.given && q->size.value) {
        base_fail(CT_VALUE_ERROR, "jnp.unique(): size=%lld of an empty array",
                  (long long)q->size.value);
        return 0;
    }
    int64_t size = is_poison(places) ? 0 : places->size;
    ct_array number = n ? op_reduce_sum(op_convert(r.begins, integer, false), I(0))
                        : array_scalar_int(integer, false, 0);
    ct_array surplus = q->size.given && n ? op_ge(shape_range(size), number) : NULL;
    ct_array values =
        n ? shape_take(r.rows, 0, places, &(index_options){.keep_negative = true}) : x;
    if (surplus && q->fill) {
        dimlist wide = {.n = values->aval.ndim, .at = {size}};
        for (int64_t d = 1; d < wide.n; d++)
            wide.at[d] = 1;
        ct_array mask = numpy_broadcast_one(q->what, op_reshape(surplus, dimlist_ints(&wide)),
                                            shape_of(values));
        ct_array fill =
            numpy_broadcast_one(q->what, numpy_cast(q->fill, dtype_of(values)), shape_of(values));
        values = op_select_n(mask, 2, (ct_array[]){values, fill});
    }
    out[count++] = is_poison(values) ? values : op_moveaxis(values, 0, axis);
    if (q->index)
        out[count++] =
            n ? shape_take(r.order, 0, places, &(index_options){.keep_negative = true}) : places;
    if (q->inverse) {
        ct_array which = places;
        if (n) {
            ct_array run = sub(op_cumsum(op_convert(r.begins, integer, false), 0, false), 1);
            index_item at = {.kind = INDEX_ARRAY, .array = r.order};
            which = numpy_index_update(op_full(&(aval){(uint8_t)integer, false, 1, &n}, 0), 1, &at,
                                       INDEX_SET, run, NULL);
        }
        out[count++] =
            q->keep_inverse_shape && !q->axis.given ? shape_reshape(which, shape) : which;
    }
    if (q->counts) {
        ct_array counts = places;
        if (n) {
            ct_array next = op_concatenate(
                2,
                (ct_array[]){
                    shape_slice(places, 0, 1, size, 1),
                    op_full(&(aval){(uint8_t)integer, false, 1, (const int64_t[]){1}}, (double)n)},
                0);
            if (surplus) { /* the last real run ends at n, surplus ones are empty */
                ct_array last =
                    op_eq(shape_range(size), numpy_broadcast_one(q->what, sub(number, 1), I(size)));
                next = op_select_n(last, 2, (ct_array[]){next, op_full_like(next, (double)n)});
            }
            counts = op_sub(next, places);
            if (surplus)
                counts = op_select_n(surplus, 2, (ct_array[]){counts, op_full_like(counts, 0)});
        }
        out[count++] = counts;
    }
    for (int64_t i = 0; i < count; i++)
        if (is_poison(out[i]))
            return 0;
    return (int)count;
}

static ct_tree unique_tree(ct_array x, const unique_request *q)
{
    ct_array out[4];
    int n = unique_of(x, q, out);
    return n > 1 ? ct_tuple_(n, out) : n ? out[0] : array_poison;
}

ct_tree numpy_unique(const ct_unique_args *a)
{
    unique_request q = {"unique",
                        a->axis,
                        a->size,
                        a->fill_value,
                        a->return_index,
                        a->return_inverse,
                        a->return_counts,
                        a->equal_nan != CT_FALSE,
                        true};
    if (!a->ar->aval.ndim && a->axis.given)
        return ct_fail(CT_VALUE_ERROR, "axis %lld is out of bounds for array of dimension 0",
                       (long long)a->axis.value);
    return unique_tree(a->ar, &q);
}

ct_array numpy_unique_values(const ct_unique_values_args *a)
{
    unique_request q = {.what = "unique_values", .size = a->size, .fill = a->fill_value};
    return unique_tree(a->x, &q);
}

/* ---- sets of two arrays ---- */

ct_array numpy_union1d(const ct_union1d_args *a)
{
    ct_array both = ct_concatenate(ARRAYS(shape_flatten(a->ar1), shape_flatten(a->ar2)));
    unique_request q = {
        .what = "union1d", .size = a->size, .fill = a->fill_value, .equal_nan = true};
    return is_poison(both) ? both : unique_tree(both, &q);
}

/* Whether each element of x is in y: the place where it would stand in y, sorted, holds it. */
static ct_array is_member(ct_array x, ct_array y)
{
    ct_array v[] = {x, shape_flatten(y)}, sorted;
    if (!numpy_promote("isin", 2, v, v))
        return array_poison;
    if (!v[1]->size)
        return op_full(&(aval){CT_BOOL, false, v[0]->aval.ndim, v[0]->aval.shape}, 0);
    op_sort(1, &v[1], 0, false, 1, &sorted);
    ct_array place = shape_searchsorted(sorted, v[0], false);
    return is_poison(place)
               ? place
               : op_eq(shape_take(sorted, 0, place,
                                  &(index_options){.mode = INDEX_CLIP, .keep_negative = true}),
                       v[0]);
}

ct_array numpy_isin(const ct_isin_args *a)
{
    ct_array member = is_member(a->element, a->test_elements);
    return a->invert && !is_poison(member) ? op_not(member) : member;
}

static ct_array keep(ct_array x, ct_array mask)
{
    ct_array where;
    int64_t n;
    if (is_poison(mask) ||
        !shape_nonzero("set operation", mask, (ct_opt_int){false, 0}, NULL, &n, &where))
        return array_poison;
    return shape_take(x, 0, where, NULL);
}

static ct_array unique_vector(ct_array x)
{
    unique_request q = {.what = "unique", .equal_nan = true};
    return unique_tree(shape_flatten(x), &q);
}

ct_array numpy_setdiff1d(const ct_setdiff1d_args *a)
{
    ct_array x = a->assume_unique ? shape_flatten(a->ar1) : unique_vector(a->ar1);
    return is_poison(x) ? x : keep(x, op_not(is_member(x, a->ar2)));
}

ct_array numpy_intersect1d(const ct_intersect1d_args *a)
{
    ct_array x = unique_vector(a->ar1), v[] = {x, a->ar2};
    if (a->return_indices)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "intersect1d with return_indices=True is not available yet.");
    if (is_poison(x) || !numpy_promote("intersect1d", 2, v, v))
        return array_poison;
    return keep(v[0], is_member(v[0], v[1]));
}

ct_array numpy_setxor1d(const ct_setxor1d_args *a)
{
    ct_array x = unique_vector(a->ar1), y = unique_vector(a->ar2);
    if (is_poison(x) || is_poison(y))
        return array_poison;
    ct_array left = keep(x, op_not(is_member(x, y))), right = keep(y, op_not(is_member(y, x)));
    return is_poison(left) || is_poison(right) ? array_poison
                                               : unique_vector(ct_concatenate(ARRAYS(left, right)));
}

/* ---- counting ---- */

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
    x = op_max(
        numpy_cast(x, dtype_default(FAMILY_INT)),
        array_scalar_int(dtype_default(FAMILY_INT), false, 0)); /* negative values count as zero */
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

ct_tree numpy_histogram(const ct_histogram_args *a)
{
    ct_array edges = edges_of("histogram", a->a, a->bins, a->range);
    ct_array v[] = {shape_flatten(a->a), edges};
    if (is_poison(edges) || is_poison(v[0]) || !numpy_promote_inexact("histogram", 2, v, v))
        return array_poison;
    int64_t n = edges->size - 1;
    ct_array which = shape_searchsorted(v[1], v[0], true);
    ct_array last = op_reshape(shape_slice(v[1], 0, n, n + 1, 1), I_NONE);
    if (is_poison(which) || is_poison(last))
        return array_poison;
    which = op_select_n(
        op_eq(v[0], numpy_broadcast_one("histogram", last, shape_of(v[0]))), 2,
        (ct_array[]){which,
                     op_full_like(which, (double)n)}); /* the last bin holds its right edge */
    ct_array weights =
        a->weights ? shape_flatten(a->weights) : array_scalar(dtype_of(v[0]), false, 1);
    ct_array counts = op_full(&(aval){weights->aval.dtype, false, 1, (const int64_t[]){n + 2}}, 0);
    index_item at = {.kind = INDEX_ARRAY, .array = which};
    counts =
        shape_slice(numpy_index_update(counts, 1, &at, INDEX_ADD, weights, NULL), 0, 1, n + 1, 1);
    if (a->density == CT_TRUE && !is_poison(counts)) {
        ct_array width = ct_diff(edges);
        counts = ct_divide(ct_divide(counts, width), ct_sum(counts));
    }
    return is_poison(counts) ? counts : ct_tuple(counts, edges);
}
