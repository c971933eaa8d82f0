/* Arrays as sets: unique and its relatives, isin, union1d, intersect1d, setdiff1d, setxor1d. Next:
 * histogram.c.
 *
 * A set of two arrays is a mask over one sorted vector: which of its elements are the result.
 * Picking those is the only step whose size depends on values. */
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

/* A flattened array in ascending order, where its runs of equal elements begin, and the places they
 * had. */
static bool sorted_set(ct_array x, runs *r)
{
    x = shape_flatten(x);
    if (is_poison(x) || x->size)
        return !is_poison(x) && find_runs(x, true, r);
    *r = (runs){x, op_full(&(aval){CT_BOOL, false, 1, (const int64_t[]){0}}, 0), shape_range(0)};
    return !is_poison(r->begins) && !is_poison(r->order);
}

/* How the elements under a mask are picked. */
typedef struct picking {
    const char *what;
    ct_opt_int size;
    ct_array fill; /* for places beyond the last, which only `size` makes; NULL: the result's least
                      element, or 0 */
} picking;

/* Where the mask is true, and with a size which of the places are surplus. */
typedef struct picked {
    ct_array places, surplus;
} picked;

static bool pick(const picking *p, ct_array mask, picked *out)
{
    int64_t n;
    ct_dtype integer = dtype_default(FAMILY_INT);
    *out = (picked){0};
    if (is_poison(mask) || !shape_nonzero(p->what, mask, p->size, NULL, &n, &out->places))
        return false;
    if (p->size.given) {
        ct_array found = op_reduce_sum(op_convert(mask, integer, false), I(0));
        out->surplus = op_ge(shape_range(p->size.value),
                             numpy_broadcast_one(p->what, found, I(p->size.value)));
    }
    return !is_poison(out->places) && (!out->surplus || !is_poison(out->surplus));
}

static ct_array at_places(const picking *p, const picked *at, ct_array x, ct_array fill)
{
    if (at->surplus && !x->size)
        x = op_full(&(aval){x->aval.dtype, false, 1, (const int64_t[]){1}}, 0);
    ct_array y = shape_take(x, 0, at->places, &(index_options){.keep_negative = true});
    if (is_poison(y) || !at->surplus || !y->size)
        return y;
    if (!fill) {
        ct_array none = shape_slice(at->surplus, 0, 0, 1, 1), first = shape_slice(y, 0, 0, 1, 1);
        fill = is_poison(none) || is_poison(first)
                   ? array_poison
                   : op_select_n(none, 2, (ct_array[]){first, op_full_like(first, 0)});
    }
    fill = is_poison(fill) ? fill : numpy_cast(fill, dtype_of(y));
    fill = is_poison(fill) ? fill : numpy_broadcast_one(p->what, fill, shape_of(y));
    return is_poison(fill) ? fill : op_select_n(at->surplus, 2, (ct_array[]){y, fill});
}

static ct_array keep(const picking *p, ct_array x, ct_array mask)
{
    picked at;
    return pick(p, mask, &at) ? at_places(p, &at, x, p->fill) : array_poison;
}

ct_array numpy_setdiff1d(const ct_setdiff1d_args *a)
{
    runs r = {shape_flatten(a->ar1), NULL, NULL};
    if (is_poison(r.rows) || (!a->assume_unique && !sorted_set(a->ar1, &r)))
        return array_poison;
    ct_array fill = a->fill_value ? a->fill_value : ct_weak_int(0),
             mask = is_member(r.rows, a->ar2);
    mask = is_poison(mask) ? mask : op_not(mask);
    if (r.begins && !is_poison(mask))
        mask = op_and(mask, r.begins);
    return keep(&(picking){"setdiff1d", a->size, fill}, r.rows, mask);
}

/* Where the elements of x stand in what they were before sorting, and where their equals do in y.
 */
ct_tree numpy_intersect1d(const ct_intersect1d_args *a)
{
    picking p = {"intersect1d", a->size, a->fill_value};
    ct_array v[] = {shape_flatten(a->ar1), shape_flatten(a->ar2)};
    runs x, y;
    picked at;
    if (is_poison(v[0]) || is_poison(v[1]) || !numpy_promote(p.what, 2, v, v) ||
        !sorted_set(v[0], &x) || !sorted_set(v[1], &y))
        return array_poison;
    ct_array mask = is_member(x.rows, y.rows);
    if (is_poison(mask) || !pick(&p, op_and(mask, x.begins), &at))
        return array_poison;
    ct_array values = at_places(&p, &at, x.rows, p.fill);
    if (!a->return_indices || is_poison(values))
        return values;
    ct_array beside = shape_searchsorted(y.rows, values, false), none[2];
    for (int i = 0; i < 2; i++)
        none[i] = array_scalar_int(dtype_default(FAMILY_INT), false, v[i]->size);
    picked there = {beside, at.surplus};
    return is_poison(beside)
               ? beside
               : shape_tuple(3, (ct_array[]){values, at_places(&p, &at, x.order, none[0]),
                                             at_places(&p, &there, y.order, none[1])});
}

ct_array numpy_setxor1d(const ct_setxor1d_args *a)
{
    picking p = {"setxor1d", a->size, a->fill_value};
    ct_array v[] = {shape_flatten(a->ar1), shape_flatten(a->ar2)}, out[2];
    runs x, y;
    if (is_poison(v[0]) || is_poison(v[1]) || !numpy_promote(p.what, 2, v, v) ||
        !sorted_set(v[0], &x) || !sorted_set(v[1], &y))
        return array_poison;
    ct_array x_only = is_member(x.rows, y.rows), y_only = is_member(y.rows, x.rows);
    if (is_poison(x_only) || is_poison(y_only))
        return array_poison;
    x_only = op_and(op_not(x_only), x.begins);
    y_only = op_and(op_not(y_only), y.begins);
    ct_array mask = op_concatenate(2, (ct_array[]){x_only, y_only}, 0);
    ct_array both[] = {is_poison(mask) ? mask : op_not(mask),
                       op_concatenate(2, (ct_array[]){x.rows, y.rows}, 0)};
    if (is_poison(both[0]) || is_poison(both[1]))
        return array_poison;
    op_sort(2, both, 0, true, 2, out); /* the result's elements first */
    return is_poison(out[0]) ? out[0] : keep(&p, out[1], op_not(out[0]));
}
