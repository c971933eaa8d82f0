/* Runs: slices whose start may be traced (jax.ds). The runs of an index are cut out of the array
 * first, by one dynamic slice, and the rest of the index is about what was cut out. */
#include "numpy/index_parse.h"

#include "ops/ops.h"

typedef struct cut {
    ct_array x;                   /* what the runs leave */
    ct_array starts[INDEX_LIMIT]; /* of the box in the whole array, one an axis */
    index_item items[INDEX_LIMIT];
} cut;

bool index_has_runs(int64_t n, const index_item *items)
{
    for (int64_t i = 0; i < n; i++)
        if (items[i].kind == INDEX_RUN)
            return true;
    return false;
}

/* The start of a run of `length` elements on an axis, counted from the front. */
static bool run_start(const index_item *item, int64_t length, int64_t axis_length, ct_array *start)
{
    if (item->array->aval.ndim ||
        !dtype_is((ct_dtype)item->array->aval.dtype, FAMILY_INT | FAMILY_UINT)) {
        base_fail(CT_TYPE_ERROR, "the start of a slice made by ds must be an integer");
        return false;
    }
    if (length > axis_length) {
        base_fail(CT_VALUE_ERROR, "a slice made by ds has %lld elements, the axis %lld",
                  (long long)length, (long long)axis_length);
        return false;
    }
    ct_array strong = op_convert(item->array, dtype_default(FAMILY_INT), false);
    return !is_poison(*start = is_poison(strong) ? strong : index_wrap(strong, axis_length));
}

static bool cut_runs(ct_array x, int64_t n, const index_item *items, cut *c)
{
    int ndim = x->aval.ndim, used[INDEX_LIMIT], axis = 0;
    int64_t sizes[INDEX_LIMIT], total = 0;
    ct_array zero = array_scalar_int(dtype_default(FAMILY_INT), false, 0);
    if (n > INDEX_LIMIT || ndim > INDEX_LIMIT) {
        base_fail(CT_INDEX_ERROR, "an index of more than %d axes and new axes", INDEX_LIMIT);
        return false;
    }
    for (int64_t i = 0; i < n; i++) {
        if ((used[i] = index_consumed(&items[i])) < 0)
            return false;
        total += used[i];
    }
    for (int d = 0; d < ndim; d++) {
        sizes[d] = x->aval.shape[d];
        c->starts[d] = zero;
    }
    for (int64_t i = 0; i < n; i++) {
        c->items[i] = items[i];
        if (items[i].kind == INDEX_ELLIPSIS)
            axis += ndim - (int)total;
        if (items[i].kind == INDEX_RUN && axis < ndim) {
            int64_t step = items[i].step, count = items[i].stop,
                    length = count ? (count - 1) * step + 1 : 0;
            if (!run_start(&items[i], length, sizes[axis], &c->starts[axis]))
                return false;
            sizes[axis] = length;
            c->items[i] = (index_item){.kind = INDEX_SLICE, .step_given = step != 1, .step = step};
        }
        axis += used[i];
    }
    c->x = total > ndim ? x : op_dynamic_slice(x, ndim, c->starts, (ct_ints){ndim, sizes});
    return !is_poison(c->x);
}

ct_array index_by_runs(ct_array x, int64_t n, const index_item *items, const index_options *o)
{
    cut c;
    return cut_runs(x, n, items, &c) ? numpy_index(c.x, n, c.items, o) : array_poison;
}

ct_array index_update_runs(ct_array x, int64_t n, const index_item *items, index_update update,
                           ct_array values, const index_options *o)
{
    cut c;
    if (!cut_runs(x, n, items, &c))
        return array_poison;
    ct_array y = numpy_index_update(c.x, n, c.items, update, values, o);
    return is_poison(y) ? y : op_dynamic_update_slice(x, y, x->aval.ndim, c.starts);
}
