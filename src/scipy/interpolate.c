/* Values between the elements of arrays: map_coordinates of jax.scipy.ndimage, and what
 * RegularGridInterpolator of jax.scipy.interpolate stands on. */
#define OPS_NUMBER numpy_literal
#include "scipy/scipy.h"

#include "numpy/search.h"

/* The nodes next to a place along one axis: indices, weights (one node has none), and which of them
 * lie inside (NULL: all). */
typedef struct nodes {
    int n;
    ct_array index[2], weight[2], inside[2];
} nodes;

/* ---- over the corners of a cell ---- */

static ct_array product(ct_array a, ct_array b) { return !a ? b : !b ? a : ct_multiply(a, b); }
static ct_array joint(ct_array a, ct_array b) { return !a ? b : !b ? a : ct_logical_and(a, b); }

/* The sum over all corners of weight times element; `rows` has one row for each element of the axes
 * that `sizes` counts. Trailing axes of rows stay. */
static ct_array over_corners(ct_array rows, int64_t axes, const int64_t *sizes, const nodes *at,
                             ct_array outside)
{
    ct_array sum = NULL;
    int64_t corners = 1;
    for (int64_t d = 0; d < axes; d++)
        corners *= at[d].n;
    for (int64_t corner = 0; corner < corners; corner++) {
        ct_array place = NULL, weight = NULL, inside = NULL;
        int64_t rest = corners, which = corner;
        for (int64_t d = 0; d < axes; d++) {
            rest /= at[d].n;
            int k = (int)(which / rest);
            which %= rest;
            ct_array step = ct_weak_int(sizes[d]);
            place = place ? ct_add(ct_multiply(place, step), at[d].index[k]) : at[d].index[k];
            weight = product(weight, at[d].weight[k]);
            inside = joint(inside, at[d].inside[k]);
        }
        ct_array value = shape_take(rows, 0, place, &(index_options){.mode = INDEX_CLIP});
        if (inside)
            value = ct_where(inside, value, outside);
        if (weight && !is_poison(value) && !is_poison(weight)) {
            while (weight->aval.ndim < value->aval.ndim && !is_poison(weight))
                weight = op_expand_dims(weight, I(weight->aval.ndim));
            value = ct_multiply(weight, value);
        }
        sum = sum ? ct_add(sum, value) : value;
        if (is_poison(sum))
            return sum;
    }
    return sum;
}

/* ---- map_coordinates ---- */

/* 0, 1, ..., size - 1, size - 2, ..., 1, 0, 1, ... */
static ct_array mirrored(ct_array index, int64_t size)
{
    ct_array last = ct_weak_int(size - 1), period = ct_weak_int(size > 1 ? 2 * (size - 1) : 1);
    ct_array there = ct_subtract(ct_remainder(ct_add(index, last), period), last);
    return size > 1 ? ct_abs(there) : op_full_like(index, 0);
}

static ct_array fixed(const char *mode, ct_array index, int64_t size, bool *known)
{
    *known = true;
    if (!strcmp(mode, "constant") || !strcmp(mode, "nearest"))
        return ct_clip(index, ct_weak_int(0), ct_weak_int(size ? size - 1 : 0));
    if (!strcmp(mode, "wrap"))
        return ct_remainder(index, ct_weak_int(size));
    if (!strcmp(mode, "mirror"))
        return mirrored(index, size);
    if (!strcmp(mode, "reflect")) { /* the mirror is between two elements */
        ct_array twice = ct_add(ct_multiply(index, ct_weak_int(2)), ct_weak_int(1));
        twice = ct_subtract(mirrored(twice, 2 * size + 1), ct_weak_int(1));
        return ct_floor_divide(twice, ct_weak_int(2));
    }
    *known = false;
    return array_poison;
}

static bool nodes_at(const char *mode, int64_t order, ct_array x, int64_t size, nodes *out)
{
    bool known, inexact = dtype_inexact(dtype_of(x));
    out->n = order ? 2 : 1;
    ct_array lower = order ? ct_floor(x) : inexact ? op_round(x, ROUND_AWAY_FROM_ZERO) : x;
    ct_array part = order ? ct_subtract(x, lower) : NULL;
    ct_array first = is_poison(lower) ? lower : op_convert(lower, CT_INT32, false);
    for (int k = 0; k < out->n; k++) {
        ct_array index = k ? ct_add(first, ct_weak_int(1)) : first;
        out->index[k] = fixed(mode, index, size, &known);
        if (!known) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "jax.scipy.ndimage.map_coordinates does not yet support mode %s. Currently "
                      "supported modes are constant, nearest, wrap, mirror, reflect.",
                      mode);
            return false;
        }
        if (!strcmp(mode, "constant"))
            out->inside[k] = ct_logical_and(ct_greater_equal(index, ct_weak_int(0)),
                                            ct_less(index, ct_weak_int(size)));
        if (order)
            out->weight[k] = k ? part : ct_subtract(ct_weak_int(1), part);
        if (is_poison(out->index[k]))
            return false;
    }
    return true;
}

ct_array scipy_ndimage_map_coordinates(const ct_scipy_ndimage_map_coordinates_args *a)
{
    enum { MOST = 8 };
    ct_array x = a->input;
    int64_t ndim = x->aval.ndim;
    nodes at[MOST] = {{0}};
    if (a->coordinates.n != ndim)
        return ct_fail(CT_VALUE_ERROR,
                       "coordinates must be a sequence of length input.ndim, but %lld != %lld",
                       (long long)a->coordinates.n, (long long)ndim);
    if (a->order != 0 && a->order != 1)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "jax.scipy.ndimage.map_coordinates currently requires order<=1");
    if (!ndim || ndim > MOST)
        return ct_fail(CT_VALUE_ERROR, "map_coordinates takes arrays of 1 to %d axes, got %lld.",
                       MOST, (long long)ndim);
    for (int64_t d = 0; d < ndim; d++)
        if (!nodes_at(a->mode, a->order, a->coordinates.at[d], x->aval.shape[d], &at[d]))
            return array_poison;
    ct_array outside = op_convert(a->cval, dtype_of(x), false);
    ct_array y = over_corners(shape_flatten(x), ndim, x->aval.shape, at, outside);
    if (!is_poison(y) && !dtype_inexact(dtype_of(x)) && dtype_inexact(dtype_of(y)))
        y = op_round(y, ROUND_AWAY_FROM_ZERO);
    return is_poison(y) ? y : op_convert(y, dtype_of(x), false);
}

/* ---- grids ---- */

/* The cell of each x along one axis of the grid, and which x lie outside. */
static ct_array cell(ct_array grid, ct_array x, bool nearest, nodes *out)
{
    int64_t n = grid->size;
    ct_array lower = ct_subtract(shape_searchsorted(grid, x, false), ct_weak_int(1));
    lower = ct_clip(lower, ct_weak_int(0), ct_weak_int(n - 2));
    ct_array upper = ct_add(lower, ct_weak_int(1)), start = shape_take(grid, 0, lower, NULL);
    ct_array width = ct_subtract(shape_take(grid, 0, upper, NULL), start);
    ct_array part = ct_divide(ct_subtract(x, start), width);
    *out = nearest ? (nodes){1,
                             {ct_where(ct_less_equal(part, ct_weak_float(0.5)), lower, upper)},
                             {NULL},
                             {NULL}}
                   : (nodes){2, {lower, upper}, {ct_subtract(ct_weak_int(1), part), part}, {NULL}};
    ct_array first = shape_slice(grid, 0, 0, 1, 1), last = shape_slice(grid, 0, n - 1, n, 1);
    return ct_logical_or(ct_less(x, first), ct_greater(x, last));
}

ct_array scipy_interpolate__interpolate(const ct_scipy_interpolate__interpolate_args *a)
{
    enum { MOST = 8 };
    nodes at[MOST];
    int64_t axes = a->points.n, ndim = a->xi->aval.ndim;
    ct_array values = a->values, outside = NULL;
    if (!axes || axes > MOST || axes > values->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "there are %lld point arrays, but values has %d dimensions",
                       (long long)axes, (int)values->aval.ndim);
    if (!ndim || a->xi->aval.shape[ndim - 1] != axes)
        return ct_fail(CT_VALUE_ERROR,
                       "the requested sample points xi have dimension %lld, but this "
                       "RegularGridInterpolator has dimension %lld",
                       ndim ? (long long)a->xi->aval.shape[ndim - 1] : 0, (long long)axes);
    for (int64_t d = 0; d < axes; d++) {
        ct_array grid[] = {a->points.at[d], shape_slice(a->xi, ndim - 1, d, d + 1, 1)};
        if (!numpy_promote_inexact("RegularGridInterpolator", 2, grid, grid))
            return array_poison;
        if (grid[0]->aval.ndim != 1 || grid[0]->size != values->aval.shape[d] || grid[0]->size < 2)
            return ct_fail(CT_VALUE_ERROR,
                           "there are %lld points and %lld values along axis %lld; as many, and at "
                           "least two, are needed",
                           (long long)grid[0]->size, (long long)values->aval.shape[d],
                           (long long)d);
        ct_array x = op_squeeze(grid[1], I(ndim - 1));
        ct_array here = cell(grid[0], x, a->nearest, &at[d]);
        outside = outside ? ct_logical_or(outside, here) : here;
        if (is_poison(outside))
            return outside;
    }
    dimlist rows = {.n = 1, .at = {shape_size(axes, values->aval.shape)}};
    for (int64_t d = axes; d < values->aval.ndim; d++)
        rows.at[rows.n++] = values->aval.shape[d];
    ct_array y = over_corners(shape_reshape(values, dimlist_ints(&rows)), axes, values->aval.shape,
                              at, NULL);
    if (!a->fill_value || is_poison(y))
        return y;
    while (!is_poison(outside) && outside->aval.ndim < y->aval.ndim)
        outside = op_expand_dims(outside, I(outside->aval.ndim));
    return ct_where(outside, a->fill_value, y);
}
