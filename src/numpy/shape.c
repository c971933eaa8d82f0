/* Helpers for functions on shapes. The functions themselves are in reshape.c, join.c, split.c,
 * flip.c, pad.c and take.c. */
#include "numpy/shape.h"

const char *dims_string(ct_ints d)
{
    static _Thread_local char ring[4][256];
    static _Thread_local unsigned next;
    char *out = ring[next++ % 4];
    text t = {0};
    text_add(&t, "(");
    for (int64_t i = 0; i < d.n; i++)
        text_add(&t, i ? ", %lld" : "%lld", (long long)d.at[i]);
    text_add(&t, d.n == 1 ? ",)" : ")");
    char *made = text_end(&t);
    size_t n = made ? strlen(made) : 0;
    n = n > 255 ? 255 : n;
    if (made)
        memcpy(out, made, n);
    out[n] = 0;
    base_free(made);
    return out;
}

static ct_array slice(ct_array x, int64_t axis, int64_t start, int64_t limit, int64_t step,
                      bool strides)
{
    dimlist low, high, steps;
    if (!dimlist_copy(&high, "slice", shape_of(x)))
        return array_poison;
    low.n = steps.n = high.n;
    for (int64_t d = 0; d < high.n; d++) {
        low.at[d] = 0;
        steps.at[d] = 1;
    }
    low.at[axis] = start;
    high.at[axis] = limit;
    steps.at[axis] = step;
    return op_slice(x, dimlist_ints(&low), dimlist_ints(&high),
                    strides ? dimlist_ints(&steps) : (ct_ints){0});
}

ct_array shape_slice(ct_array x, int64_t axis, int64_t start, int64_t limit, int64_t step)
{
    if (is_poison(x) || (!start && limit == x->aval.shape[axis] && step == 1))
        return x;
    return slice(x, axis, start, limit, step, step != 1);
}

ct_array shape_part(ct_array x, int64_t axis, int64_t start, int64_t limit)
{
    return is_poison(x) ? x : slice(x, axis, start, limit, 1, true);
}

ct_array shape_take(ct_array x, int64_t axis, ct_array indices, const index_options *options)
{
    index_item items[NUMPY_MAX_NDIM];
    if (is_poison(x) || is_poison(indices) || axis >= NUMPY_MAX_NDIM)
        return array_poison;
    for (int64_t d = 0; d < axis; d++)
        items[d] = (index_item){.kind = INDEX_SLICE};
    items[axis] = (index_item){.kind = INDEX_ARRAY, .array = indices};
    return numpy_index(x, axis + 1, items, options);
}

ct_array shape_permute(ct_array x, const dimlist *permutation)
{
    bool same = true;
    for (int64_t d = 0; d < permutation->n; d++)
        same &= permutation->at[d] == d;
    return same || is_poison(x) ? x : op_transpose(x, dimlist_ints(permutation));
}

ct_array shape_reshape(ct_array x, ct_ints shape)
{
    return is_poison(x) || ints_equal(shape_of(x), shape) ? x : op_reshape(x, shape);
}

ct_array shape_range(int64_t n) { return op_iota(dtype_default(FAMILY_INT), I(n), 0); }

ct_tree shape_tuple(int64_t n, const ct_array *xs)
{
    for (int64_t i = 0; i < n; i++)
        if (is_poison(xs[i]))
            return array_poison;
    return ct_tuple_(n, xs);
}
