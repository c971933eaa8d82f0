/* Functions that take or replace elements by integer indices: take, take_along_axis,
 * put_along_axis, insert, delete. */
#define OPS_SHORT_NAMES
#include "numpy/search.h"

static bool integers(const char *what, ct_array indices)
{
    if (dtype_is(dtype_of(indices), FAMILY_INT | FAMILY_UINT))
        return true;
    base_fail(CT_TYPE_ERROR, "%s indices must be of integer type, got %s", what,
              ct_dtype_name(dtype_of(indices)));
    return false;
}

static index_options options_of(index_mode mode, bool unique, bool sorted, ct_opt_float fill)
{
    return (index_options){.mode = mode,
                           .unique_indices = unique,
                           .indices_are_sorted = sorted,
                           .fill_given = fill.given,
                           .fill_value = fill.value};
}

ct_array numpy_take(const ct_take_args *a)
{
    ct_array x = a->a, indices = a->indices;
    int64_t axis = a->axis.value;
    if (!a->axis.given)
        x = shape_flatten(x);
    if (!dtype_is(dtype_of(indices), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_VALUE_ERROR, "take: indices must have an integer type; got %s",
                       ct_dtype_name(dtype_of(indices)));
    if (is_poison(x) || !numpy_axis("take", a->axis.given ? axis : 0, x->aval.ndim, &axis))
        return array_poison;
    const char *mode = a->mode ? a->mode : "fill";
    bool fill = !strcmp(mode, "fill"), wrap = !strcmp(mode, "wrap"), clip = !strcmp(mode, "clip");
    if (!fill && !wrap && !clip)
        return !strcmp(mode, "raise")
                   ? ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                             "The 'raise' mode to jnp.take is not supported.")
                   : ct_fail(CT_VALUE_ERROR, "Invalid mode '%s' for np.take", mode);
    if (!x->aval.shape[axis] && indices->size)
        return ct_fail(CT_INDEX_ERROR, "Cannot do a non-empty jnp.take() from an empty axis.");
    index_options o = options_of(fill   ? INDEX_FILL
                                 : clip ? INDEX_CLIP
                                        : INDEX_PROMISE_IN_BOUNDS,
                                 a->unique_indices, a->indices_are_sorted, a->fill_value);
    ct_array length = array_scalar_int(dtype_of(indices), false, x->aval.shape[axis]);
    if (wrap)
        indices = ct_remainder(indices, length);
    else if (fill && dtype_is(dtype_of(indices), FAMILY_INT)) {
        ct_array below = op_lt(indices, op_number(0, indices));
        indices = ct_where(below, op_add(indices, length), indices);
    }
    o.keep_negative = true;
    return shape_take(x, axis, indices, &o);
}

/* Every axis but one indexed by its own position, that one by the given integers; axes of length
 * one in the indices span x's whole axis. */
static bool along_axis(ct_array x, ct_array indices, int64_t axis, index_item *items)
{
    dimlist shape = {.n = x->aval.ndim};
    for (int64_t d = 0; d < shape.n; d++)
        shape.at[d] = 1;
    for (int64_t d = 0; d < shape.n; d++) {
        int64_t n = x->aval.shape[d];
        shape.at[d] = n;
        items[d] =
            (index_item){.kind = INDEX_ARRAY,
                         .array = d == axis ? indices : op_iota(CT_INT32, dimlist_ints(&shape), d)};
        shape.at[d] = 1;
        if (is_poison(items[d].array))
            return false;
    }
    return true;
}

/* The same as one gather with batching axes, where the shapes of x and the indices agree off the
 * axis. */
static ct_array gather_along(ct_array x, ct_array indices, int64_t axis, const index_options *o)
{
    int64_t ndim = x->aval.ndim, none = 0;
    dimlist batch_axes = {0}, shape, sizes = {.n = ndim};
    if (!dimlist_copy(&shape, "take_along_axis", shape_of(indices)) || ndim == NUMPY_MAX_NDIM)
        return array_poison;
    shape.at[shape.n++] = 1;
    for (int64_t d = 0; d < ndim; d++) {
        sizes.at[d] = 1;
        if (d != axis)
            batch_axes.at[batch_axes.n++] = d;
    }
    params_gather p = {
        .dimension_numbers = {.offset_dims = {0, &none},
                              .collapsed_slice_dims = {1, &axis},
                              .start_index_map = {1, &axis},
                              .operand_batching_dims = dimlist_ints(&batch_axes),
                              .start_indices_batching_dims = dimlist_ints(&batch_axes)},
        .fill_value = index_fill(dtype_of(x), o),
        .mode = index_mode_gather(o->mode, GATHER_PROMISE_IN_BOUNDS),
        .slice_sizes = dimlist_ints(&sizes),
    };
    if (!o->keep_negative)
        indices = index_wrap(indices, x->aval.shape[axis]);
    return op_gather(x, op_reshape(indices, dimlist_ints(&shape)), &p);
}

ct_array numpy_take_along_axis(const ct_take_along_axis_args *a)
{
    ct_array x = a->arr, indices = a->indices;
    int64_t axis = a->axis.given ? a->axis.value : 0;
    index_mode mode;
    if (!integers("take_along_axis", indices) || !index_mode_named(a->mode, &mode))
        return array_poison;
    if (!a->axis.given) {
        if (indices->aval.ndim != 1)
            return ct_fail(CT_VALUE_ERROR,
                           "take_along_axis indices must be 1D if axis=None, got shape %s",
                           dims_string(shape_of(indices)));
        x = shape_flatten(x);
    }
    if (x->aval.ndim != indices->aval.ndim)
        return ct_fail(CT_VALUE_ERROR,
                       "indices and arr must have the same number of dimensions; %d vs. %d",
                       indices->aval.ndim, x->aval.ndim);
    if (!numpy_axis("take_along_axis", axis, x->aval.ndim, &axis))
        return array_poison;
    if (!dtype_is(dtype_of(indices), FAMILY_UINT) || dtype_table[indices->aval.dtype].bits < 32)
        indices = op_convert(
            indices, dtype_table[indices->aval.dtype].bits == 64 ? CT_INT64 : CT_INT32, false);
    index_options o =
        options_of(mode == INDEX_MODE_DEFAULT ? INDEX_FILL : mode, false, false, a->fill_value);
    o.keep_negative = a->wrap_negative_indices == CT_FALSE ||
                      (a->wrap_negative_indices == CT_DEFAULT && mode == INDEX_PROMISE_IN_BOUNDS);
    bool same = true;
    for (int64_t d = 0; d < x->aval.ndim; d++)
        same &= d == axis || x->aval.shape[d] == indices->aval.shape[d];
    if (same && x->size && indices->size && mode != INDEX_ONE_HOT)
        return gather_along(x, indices, axis, &o);
    index_item items[NUMPY_MAX_NDIM];
    return along_axis(x, indices, axis, items) ? numpy_index(x, x->aval.ndim, items, &o)
                                               : array_poison;
}

ct_array numpy_put_along_axis(const ct_put_along_axis_args *a)
{
    ct_array x = a->arr;
    int64_t axis = a->axis.given ? a->axis.value : 0;
    index_options o = {0};
    index_item items[NUMPY_MAX_NDIM];
    if (a->inplace != CT_FALSE)
        return ct_fail(CT_VALUE_ERROR,
                       "jax.numpy.put_along_axis cannot modify arrays in-place, because JAX arrays "
                       "are immutable. Pass inplace=False to instead return an updated array.");
    if (!a->axis.given)
        x = shape_flatten(x);
    if (x->aval.ndim != a->indices->aval.ndim)
        return ct_fail(CT_VALUE_ERROR,
                       "put_along_axis arguments 'arr' and 'indices' must have same ndim. Got "
                       "arr.ndim=%d and indices.ndim=%d.",
                       x->aval.ndim, a->indices->aval.ndim);
    if (!numpy_axis("put_along_axis", axis, x->aval.ndim, &axis) ||
        !index_mode_named(a->mode, &o.mode) || !along_axis(x, a->indices, axis, items))
        return array_poison;
    ct_array values = numpy_broadcast_one("put_along_axis", a->values, shape_of(a->indices));
    return shape_reshape(numpy_index_update(x, x->aval.ndim, items, INDEX_SET, values, &o),
                         shape_of(a->arr));
}

/* ---- delete: which slices stay is worked out from known positions, or counted ---- */

/* Known positions below length, negative ones counted from the end. base_free *at. */
static bool positions(const char *what, ct_array obj, int64_t length, int64_t *n, int64_t **at)
{
    ct_array known;
    if (!numpy_known(what, "obj", obj, &known))
        return false;
    bool mask = dtype_of(known) == CT_BOOL && known->aval.ndim;
    if (!mask && !integers(what, known))
        return false;
    if (!(*at = base_alloc((size_t)(known->size ? known->size : 1) * sizeof **at)))
        return false;
    *n = 0;
    for (int64_t i = 0; i < known->size; i++) {
        int64_t p = array_get_int(known, i);
        if (mask ? p != 0 : true)
            (*at)[(*n)++] = mask ? i : p < 0 ? p + length : p;
    }
    for (int64_t i = 0; i < *n; i++)
        if ((*at)[i] < 0 || (*at)[i] >= length) {
            base_fail(CT_INDEX_ERROR, "%s: index %lld is out of bounds for axis of size %lld", what,
                      (long long)(*at)[i], (long long)length);
            base_free(*at);
            return false;
        }
    return true;
}

static ct_array chosen(ct_array x, int64_t axis, int64_t n, const int64_t *which)
{
    ct_array indices = array_new(CT_INT32, false, 1, &n);
    if (is_poison(indices))
        return indices;
    for (int64_t i = 0; i < n; i++)
        ((int32_t *)indices->data)[i] = (int32_t)which[i];
    return shape_take(
        x, axis, indices,
        &(index_options){.mode = INDEX_CLIP, .keep_negative = true, .indices_are_sorted = true});
}

/* At different positions that need not be known: those that stay, counted, skip as many as are gone
 * at or before them. */
static ct_array delete_unique(ct_array x, int64_t axis, ct_array obj)
{
    int64_t length = x->aval.shape[axis], n = obj->size, kept = n < length ? length - n : 0;
    ct_array gone = index_wrap(numpy_cast(shape_flatten(obj), dtype_default(FAMILY_INT)), length);
    gone = ct_sort(ct_clip(gone, 0, length));
    gone = ct_subtract(gone, shape_range(n));
    ct_array stays = shape_range(kept);
    ct_array skipped = is_poison(gone) ? gone : shape_searchsorted(gone, stays, true);
    return is_poison(skipped) ? skipped : shape_take(x, axis, op_add(stays, skipped), NULL);
}

ct_array numpy_delete(const ct_delete_args *a)
{
    ct_array x = a->axis.given ? a->arr : shape_flatten(a->arr), y = array_poison, obj;
    int64_t axis = a->axis.given ? a->axis.value : 0, n, *at;
    if (is_poison(x) || !numpy_axis("delete", axis, x->aval.ndim, &axis))
        return array_poison;
    int64_t length = x->aval.shape[axis], kept = 0;
    if (!a->obj->aval.ndim && dtype_is(dtype_of(a->obj), FAMILY_INT | FAMILY_UINT) &&
        core_concrete(a->obj, &obj)) {
        int64_t i = array_get_int(obj, 0);
        i += i < 0 ? length : 0;
        if (i >= 0 && i < length) {
            ct_array before = shape_slice(x, axis, 0, i, 1);
            return ct_concatenate(ARRAYS(before, shape_slice(x, axis, i + 1, length, 1)),
                                  .axis = GIVEN(axis));
        }
    }
    if (a->assume_unique_indices && dtype_is(dtype_of(a->obj), FAMILY_INT | FAMILY_UINT))
        return delete_unique(x, axis, a->obj);
    if (!positions("delete", a->obj, length, &n, &at))
        return array_poison;
    bool *gone = base_zalloc((size_t)(length ? length : 1));
    int64_t *which = base_alloc((size_t)(length ? length : 1) * sizeof *which);
    if (gone && which) {
        for (int64_t i = 0; i < n; i++)
            gone[at[i]] = true;
        for (int64_t i = 0; i < length; i++)
            if (!gone[i])
                which[kept++] = i;
        y = chosen(x, axis, kept, which);
    }
    base_free(gone);
    base_free(which);
    base_free(at);
    return y;
}

/* ---- insert ---- */

/* x with updates at an array of positions along an axis. */
static ct_array set_along(ct_array x, int64_t axis, ct_array at, ct_array values)
{
    index_item items[NUMPY_MAX_NDIM];
    for (int64_t d = 0; d <= axis; d++)
        items[d] = (index_item){.kind = d == axis ? INDEX_ARRAY : INDEX_SLICE, .array = at};
    return is_poison(at) ? at : numpy_index_update(x, axis + 1, items, INDEX_SET, values, NULL);
}

/* New slices go behind earlier new ones that stand before the same or an earlier old slice; the old
 * ones fill what is left. */
static ct_array insert_at(ct_array x, int64_t axis, ct_array at, ct_array values)
{
    int64_t length = x->aval.shape[axis], n = at->aval.shape[0], total = length + n, one;
    dimlist shape;
    ct_array order = ct_argsort(at), old;
    index_item sorted = {.kind = INDEX_ARRAY, .array = order};
    if (is_poison(order) || !dimlist_copy(&shape, "insert", shape_of(x)))
        return array_poison;
    ct_array places = numpy_index_update(at, 1, &sorted, INDEX_ADD, shape_range(n), NULL);
    ct_array free = set_along(op_full(&(aval){CT_BOOL, false, 1, &total}, 1), 0, places,
                              array_scalar(CT_BOOL, false, 0));
    if (is_poison(free) ||
        !shape_nonzero("insert", free, (ct_opt_int){true, length}, NULL, &one, &old))
        return array_poison;
    shape.at[axis] = total;
    ct_array y = op_full(&(aval){x->aval.dtype, false, (int32_t)shape.n, shape.at}, 0);
    return set_along(set_along(y, axis, places, values), axis, old, x);
}

/* Positions in [0, length] as a vector, negative ones counted from the end, those beyond moved to
 * it. */
static ct_array insert_positions(ct_array obj, int64_t length)
{
    if (obj->aval.ndim > 1)
        return ct_fail(
            CT_VALUE_ERROR,
            "jnp.insert(): obj must be a slice, a one-dimensional array, or a scalar; got shape %s",
            dims_string(shape_of(obj)));
    if (obj->size && !dtype_is(dtype_of(obj), FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_VALUE_ERROR, "jnp.insert(): index array must be integer typed; got %s",
                       ct_dtype_name(dtype_of(obj)));
    ct_array at = numpy_cast(shape_flatten(obj), dtype_default(FAMILY_INT));
    return ct_clip(is_poison(at) ? at : index_wrap(at, length), 0, length);
}

ct_array numpy_insert(const ct_insert_args *a)
{
    ct_array x = a->axis.given ? a->arr : shape_flatten(a->arr), values = a->values;
    int64_t axis = a->axis.given ? a->axis.value : 0;
    if (is_poison(x) || !numpy_axis("insert", axis, x->aval.ndim, &axis))
        return array_poison;
    dimlist shape = {.n = x->aval.ndim > values->aval.ndim ? x->aval.ndim : values->aval.ndim};
    for (int64_t d = 0; d < shape.n; d++) {
        int64_t i = d - (shape.n - values->aval.ndim);
        shape.at[d] = i < 0 ? 1 : values->aval.shape[i];
    }
    values = shape_reshape(numpy_cast(values, dtype_of(x)), dimlist_ints(&shape));
    if (!a->obj->aval.ndim)
        values = op_moveaxis(values, 0, axis);
    ct_array at = insert_positions(a->obj, x->aval.shape[axis]);
    if (is_poison(values) || is_poison(at))
        return array_poison;
    int64_t wide = values->aval.shape[axis], n = at->size == 1 ? wide : at->size;
    if (wide != 1 && wide != n)
        return ct_fail(CT_VALUE_ERROR,
                       "Incompatible shapes for broadcasting: insert of %lld values at %lld places",
                       (long long)wide, (long long)n);
    return insert_at(x, axis, numpy_broadcast_one("insert", at, I(n)), values);
}
