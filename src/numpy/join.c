/* Functions that put arrays together: concatenate, stack and theirs, tile, repeat, append. */
#include "api/bodies.h"
#include "numpy/index.h"
#include "numpy/shape.h"

/* A copy of a list of arrays that may be changed in place; base_free it. */
static ct_array *copy_list(const ct_arrays *xs)
{
    ct_array *out = base_alloc((size_t)xs->n * sizeof *out);
    if (out)
        memcpy(out, xs->at, (size_t)xs->n * sizeof *out);
    return out;
}

/* All in the dtype asked for, in place. */
static bool convert_all(int64_t n, ct_array *xs, ct_dtype dtype)
{
    for (int64_t i = 0; i < n && dtype != CT_NO_DTYPE; i++)
        if (is_poison(xs[i]) || is_poison(xs[i] = numpy_cast(xs[i], dtype_canonical(dtype))))
            return false;
    return true;
}

/* Joins xs (changed in place) along an existing axis. */
static ct_array join(int64_t n, ct_array *xs, int64_t axis)
{
    if (!n)
        return ct_fail(CT_VALUE_ERROR, "Need at least one array to concatenate.");
    int64_t ndim = xs[0]->aval.ndim;
    for (int64_t i = 0; i < n; i++) {
        if (is_poison(xs[i]))
            return array_poison;
        if (!xs[i]->aval.ndim)
            return ct_fail(CT_VALUE_ERROR, "Zero-dimensional arrays cannot be concatenated.");
        if (xs[i]->aval.ndim != ndim)
            return ct_fail(
                CT_TYPE_ERROR,
                "Cannot concatenate arrays with different numbers of dimensions: got %s, %s.",
                dims_string(shape_of(xs[0])), dims_string(shape_of(xs[i])));
    }
    if (!numpy_axis("concatenate", axis, ndim, &axis) || !numpy_promote("join", n, xs, xs))
        return array_poison;
    for (int64_t i = 1; i < n; i++)
        for (int64_t d = 0; d < ndim; d++)
            if (d != axis && xs[i]->aval.shape[d] != xs[0]->aval.shape[d])
                return ct_fail(CT_TYPE_ERROR,
                               "Cannot concatenate arrays with shapes that differ in dimensions "
                               "other than the one being concatenated: concatenating along "
                               "dimension %lld for shapes %s, %s.",
                               (long long)axis, dims_string(shape_of(xs[0])),
                               dims_string(shape_of(xs[i])));
    return n == 1 ? xs[0] : op_concatenate(n, xs, axis);
}

ct_array numpy_concatenate(const ct_concatenate_args *a)
{
    ct_array *xs = copy_list(&a->arrays), y;
    if (!xs)
        return array_poison;
    if (!a->axis.given)
        for (int64_t i = 0; i < a->arrays.n; i++)
            xs[i] = shape_flatten(xs[i]);
    y = convert_all(a->arrays.n, xs, a->dtype)
            ? join(a->arrays.n, xs, a->axis.given ? a->axis.value : 0)
            : array_poison;
    base_free(xs);
    return y;
}

ct_array numpy_concat(const ct_concat_args *a)
{
    return numpy_concatenate(&(ct_concatenate_args){.arrays = a->arrays, .axis = a->axis});
}

ct_array numpy_append(const ct_append_args *a)
{
    ct_array xs[] = {a->arr, a->values};
    return numpy_concatenate(&(ct_concatenate_args){.arrays = {2, xs}, .axis = a->axis});
}

ct_array numpy_stack(const ct_stack_args *a)
{
    int64_t n = a->arrays.n, axis = a->axis;
    if (!n)
        return ct_fail(CT_VALUE_ERROR, "Need at least one array to stack.");
    const ct_array *given = a->arrays.at;
    for (int64_t i = 1; i < n; i++) {
        if (given[i]->aval.ndim != given[0]->aval.ndim)
            return ct_fail(CT_VALUE_ERROR,
                           "Cannot stack arrays with different numbers of dimensions: got %s, %s.",
                           dims_string(shape_of(given[0])), dims_string(shape_of(given[i])));
        if (!ints_equal(shape_of(given[i]), shape_of(given[0])))
            return ct_fail(CT_VALUE_ERROR,
                           "All input arrays must have the same shape: got %s and %s.",
                           dims_string(shape_of(given[0])), dims_string(shape_of(given[i])));
    }
    if (!numpy_axis("stack", axis, given[0]->aval.ndim + 1, &axis))
        return array_poison;
    ct_array *xs = copy_list(&a->arrays), y = array_poison;
    if (xs && convert_all(n, xs, a->dtype) && numpy_promote("stack", n, xs, xs))
        y = op_stack(n, xs, axis);
    base_free(xs);
    return y;
}

/* What hstack and its relatives share: every array gets at least `ndim` axes, then they are joined.
 */
static ct_array join_at_least(const ct_arrays *given, int ndim, int64_t axis, ct_dtype dtype)
{
    ct_array *xs = copy_list(given), y = array_poison;
    if (!xs)
        return array_poison;
    for (int64_t i = 0; i < given->n; i++)
        xs[i] = ndim == 1   ? ct_atleast_1d(ARRAYS(xs[i]))
                : ndim == 2 ? ct_atleast_2d(ARRAYS(xs[i]))
                            : ct_atleast_3d(ARRAYS(xs[i]));
    if (axis < 0) /* hstack: along the first axis of vectors, the second of others */
        axis = given->n && !is_poison(xs[0]) && xs[0]->aval.ndim > 1;
    if (convert_all(given->n, xs, dtype))
        y = join(given->n, xs, axis);
    base_free(xs);
    return y;
}

ct_array numpy_hstack(const ct_hstack_args *a) { return join_at_least(&a->tup, 1, -1, a->dtype); }

ct_array numpy_vstack(const ct_vstack_args *a) { return join_at_least(&a->tup, 2, 0, a->dtype); }

ct_array numpy_dstack(const ct_dstack_args *a) { return join_at_least(&a->tup, 3, 2, a->dtype); }

ct_array numpy_column_stack(const ct_column_stack_args *a)
{
    ct_array *xs = copy_list(&a->tup), y;
    if (!xs)
        return array_poison;
    for (int64_t i = 0; i < a->tup.n; i++)
        if (xs[i]->aval.ndim < 2)
            xs[i] = is_poison(xs[i] = ct_atleast_2d(ARRAYS(xs[i]))) ? xs[i]
                                                                    : op_transpose(xs[i], I(1, 0));
    y = join(a->tup.n, xs, 1);
    base_free(xs);
    return y;
}

ct_array numpy_tile(const ct_tile_args *a)
{
    ct_array x = a->A;
    dimlist reps, full = {0}, ones = {0};
    if (!dimlist_copy(&reps, "tile", a->reps))
        return array_poison;
    full.n = reps.n > x->aval.ndim ? reps.n : x->aval.ndim;
    for (int64_t d = 0; d < full.n; d++) {
        int64_t r = d - (full.n - reps.n);
        full.at[d] = r < 0 ? 1 : reps.at[r];
        if (full.at[d] < 0)
            return ct_fail(CT_VALUE_ERROR, "tile: repetitions must not be negative; got %s",
                           dims_string(a->reps));
        if (d < full.n - x->aval.ndim)
            ones.at[ones.n++] = d;
    }
    if (ones.n)
        x = op_expand_dims(x, dimlist_ints(&ones));
    return full.n ? op_tile(x, dimlist_ints(&full)) : x;
}

/* Each slice `count` times: an extra axis behind the repeated one, merged into it. */
static ct_array repeat_evenly(ct_array x, int64_t axis, int64_t count)
{
    dimlist wide = {0}, kept = {0}, flat;
    if (!dimlist_copy(&flat, "repeat_evenly", shape_of(x)))
        return array_poison;
    for (int64_t d = 0; d < x->aval.ndim; d++) {
        kept.at[kept.n++] = wide.n;
        wide.at[wide.n++] = x->aval.shape[d];
        if (d == axis)
            wide.at[wide.n++] = count;
    }
    flat.at[axis] *= count;
    return op_reshape(op_broadcast_in_dim(x, dimlist_ints(&wide), dimlist_ints(&kept)),
                      dimlist_ints(&flat));
}

/* Slice i repeats[i] times, the total known: which slice stands at each place is a running sum of
 * marks where a new slice begins. */
static ct_array repeat_unevenly(ct_array x, int64_t axis, ct_array repeats, int64_t total)
{
    int64_t n = x->aval.shape[axis];
    ct_dtype dtype = CT_INT32;
    repeats = op_convert(numpy_broadcast_one("repeat", repeats, I(n)), dtype, false);
    ct_array ends = op_cumsum(repeats, 0, false);
    ct_array begins = op_sub(ends, repeats);
    ct_array marks = op_full(&(aval){(uint8_t)dtype, false, 1, &total}, 0);
    index_item at = {.kind = INDEX_ARRAY, .array = begins};
    marks = numpy_index_update(marks, 1, &at, INDEX_ADD, array_scalar_int(dtype, false, 1), NULL);
    ct_array which = op_sub(op_cumsum(marks, 0, false), array_scalar_int(dtype, false, 1));
    index_item items[NUMPY_MAX_NDIM];
    for (int64_t d = 0; d < axis; d++)
        items[d] = (index_item){.kind = INDEX_SLICE};
    items[axis] = (index_item){.kind = INDEX_ARRAY, .array = which};
    return numpy_index(x, axis + 1, items, NULL);
}

ct_array numpy_repeat(const ct_repeat_args *a)
{
    ct_array x = a->a, repeats = a->repeats, known;
    int64_t axis = a->axis.given ? a->axis.value : 0;
    if (!a->axis.given)
        x = shape_reshape(x, I(x->size));
    x = shape_at_least(x, 1);
    if (is_poison(x) || !numpy_axis("repeat", axis, x->aval.ndim, &axis))
        return array_poison;
    if (!dtype_is((ct_dtype)repeats->aval.dtype, FAMILY_INT | FAMILY_UINT | FAMILY_BOOL))
        return ct_fail(CT_TYPE_ERROR, "repeat requires integer repeats; got dtype %s",
                       ct_dtype_name((ct_dtype)repeats->aval.dtype));
    if (repeats->aval.ndim > 1)
        return ct_fail(CT_VALUE_ERROR, "repeats must be a scalar or a vector; got shape %s",
                       dims_string(shape_of(repeats)));
    int64_t n = x->aval.shape[axis];
    if (repeats->size != 1 && repeats->size != n)
        return ct_fail(CT_VALUE_ERROR, "repeats of length %lld for an axis of size %lld",
                       (long long)repeats->size, (long long)n);
    if (!core_concrete(repeats, &known)) {
        if (!a->total_repeat_length.given)
            return core_fail_traced(CT_CONCRETIZATION_ERROR, repeats,
                                    "When jit-compiling jnp.repeat, the total number of repeats "
                                    "must be static: give total_repeat_length or a static value "
                                    "for repeats."),
                   array_poison;
        return repeat_unevenly(x, axis, repeats, a->total_repeat_length.value);
    }
    if (known->size == 1 && !a->total_repeat_length.given) {
        int64_t count = array_get_int(known, 0);
        return repeat_evenly(x, axis, count < 0 ? 0 : count);
    }
    int64_t total = 0;
    for (int64_t i = 0; i < n; i++)
        total += array_get_int(known, known->size == 1 ? 0 : i);
    return repeat_unevenly(x, axis, repeats,
                           a->total_repeat_length.given ? a->total_repeat_length.value : total);
}
