/* From the items of a subscript to parts: which axis each one takes, ellipses and masks expanded,
 * slices made exact.
 *
 * Read index.c next: it turns parts into slices and gathers. */
#include "numpy/index_parse.h"

#include <strings.h>

#include "core/core.h"

bool index_mode_named(const char *name, index_mode *mode)
{
    static const struct {
        const char *name;
        index_mode mode;
    } names[] = {{"clip", INDEX_CLIP},
                 {"fill", INDEX_FILL},
                 {"drop", INDEX_FILL},
                 {"fill_or_drop", INDEX_FILL},
                 {"promise_in_bounds", INDEX_PROMISE_IN_BOUNDS},
                 {"one_hot", INDEX_ONE_HOT}};
    *mode = INDEX_MODE_DEFAULT;
    if (!name)
        return true;
    for (size_t i = 0; i < countof(names); i++)
        if (!strcasecmp(name, names[i].name)) {
            *mode = names[i].mode;
            return true;
        }
    base_fail(CT_VALUE_ERROR, "Unknown gather mode \"%s\"", name);
    return false;
}

enum gather_mode index_mode_gather(index_mode mode, enum gather_mode none)
{
    switch (mode) {
    case INDEX_MODE_DEFAULT:
        return none;
    case INDEX_CLIP:
        return GATHER_CLIP;
    case INDEX_FILL:
        return GATHER_FILL_OR_DROP;
    case INDEX_PROMISE_IN_BOUNDS:
        return GATHER_PROMISE_IN_BOUNDS;
    case INDEX_ONE_HOT:
        return GATHER_ONE_HOT;
    }
    return none;
}

int index_consumed(const index_item *item)
{
    if (item->kind == INDEX_NEWAXIS || item->kind == INDEX_ELLIPSIS)
        return 0;
    if (item->kind != INDEX_ARRAY)
        return 1;
    ct_array a = item->array;
    if (is_poison(a))
        return -1;
    ct_dtype dtype = (ct_dtype)a->aval.dtype;
    if (dtype == CT_BOOL)
        return a->aval.ndim;
    if (dtype_is(dtype, FAMILY_INT | FAMILY_UINT))
        return 1;
    base_fail(CT_TYPE_ERROR, "Indexer must have integer or boolean type, got indexer with type %s",
              ct_dtype_name(dtype));
    return -1;
}

static index_part *add_part(index_plan *plan, index_part_kind kind, int axis)
{
    if (plan->n == INDEX_LIMIT) {
        base_fail(CT_INDEX_ERROR, "an index of more than %d axes and new axes", INDEX_LIMIT);
        return NULL;
    }
    index_part *p = &plan->parts[plan->n++];
    *p = (index_part){.kind = (uint8_t)kind, .axis = axis};
    return p;
}

static int64_t clamp(int64_t i, int64_t low, int64_t high)
{
    return i < low ? low : i > high ? high : i;
}

/* start:stop:step on an axis of this length, as Python's slice.indices counts. */
static bool add_slice(index_plan *plan, int axis, int64_t length, const index_item *item)
{
    int64_t step = item->step_given ? item->step : 1;
    if (!step) {
        base_fail(CT_VALUE_ERROR, "slice step cannot be zero");
        return false;
    }
    index_part *p = add_part(plan, PART_SLICE, axis);
    if (!p)
        return false;
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? length - 1 : length;
    int64_t start = step < 0 ? high : low, stop = step < 0 ? low : high;
    if (item->start_given)
        start = clamp(item->start < 0 ? item->start + length : item->start, low, high);
    if (item->stop_given)
        stop = clamp(item->stop < 0 ? item->stop + length : item->stop, low, high);
    int64_t span = step < 0 ? start - stop : stop - start;
    uint64_t stride = step < 0 ? -(uint64_t)step : (uint64_t)step;
    p->start = start;
    p->stop = stop;
    p->step = step;
    p->size = span > 0 ? (int64_t)(((uint64_t)span - 1) / stride) + 1 : 0;
    p->unit = step == 1 || step == -1;
    return true;
}

static void add_lengths(text *t, char open, int64_t n, const int64_t *at, char close)
{
    text_add(t, "%c", open);
    for (int64_t i = 0; i < n; i++)
        text_add(t, i ? ", %lld" : "%lld", (long long)at[i]);
    text_add(t, n == 1 && open == '(' ? ",%c" : "%c", close);
}

static bool mask_matches(ct_array x, ct_array mask, int axis, int64_t position)
{
    bool same = true;
    for (int i = 0; i < mask->aval.ndim; i++)
        same = same && (!mask->aval.shape[i] || mask->aval.shape[i] == x->aval.shape[axis + i]);
    if (same)
        return true;
    text t = {0};
    add_lengths(&t, '(', mask->aval.ndim, mask->aval.shape, ')');
    text_add(&t, ", expected ");
    add_lengths(&t, '[', mask->aval.ndim, x->aval.shape + axis, ']');
    char *shapes = text_end(&t);
    base_fail(CT_INDEX_ERROR,
              "boolean index did not match shape of indexed array in index %lld: got %s",
              (long long)position, shapes ? shapes : "?");
    base_free(shapes);
    return false;
}

/* The positions of True, one array of integers an axis. */
static bool add_mask(index_plan *plan, ct_array x, ct_array mask, int axis, int64_t position)
{
    ct_array concrete;
    if (!core_concrete(mask, &concrete)) {
        text t = {0};
        aval_text(&t, &mask->aval, true);
        char *type = text_end(&t);
        base_fail(CT_NONCONCRETE_INDEX_ERROR, "Array boolean indices must be concrete; got %s",
                  type ? type : "bool");
        base_free(type);
        text where = {0};
        core_origin(&where, mask);
        char *origin = text_end(&where);
        base_fail_note("The size of the result would depend on values that are not known while "
                       "tracing: use jnp.where(mask, x, other), or jnp.nonzero with size=.%s",
                       origin ? origin : "");
        base_free(origin);
        return false;
    }
    const bool *at = concrete->data;
    plan->has_arrays = true;
    int ndim = concrete->aval.ndim;
    if (!ndim) {
        index_part *p = add_part(plan, PART_SCALAR_MASK, -1);
        if (p)
            p->start = *at;
        return p;
    }
    if (!mask_matches(x, concrete, axis, position))
        return false;
    int64_t count = 0;
    for (int64_t i = 0; i < concrete->size; i++)
        count += at[i];
    ct_dtype dtype = dtype_default(FAMILY_INT);
    int64_t inner = concrete->size;
    for (int d = 0; d < ndim; d++) {
        int64_t length = concrete->aval.shape[d];
        inner = length ? inner / length : 0;
        index_part *p = add_part(plan, PART_ARRAY, axis + d);
        if (!p || is_poison(p->array = array_new(dtype, false, 1, &count)))
            return false;
        int64_t k = 0;
        for (int64_t i = 0; i < concrete->size; i++)
            if (at[i]) {
                int64_t where = i / inner % length;
                if (dtype == CT_INT64)
                    ((int64_t *)p->array->data)[k++] = where;
                else
                    ((int32_t *)p->array->data)[k++] = (int32_t)where;
            }
    }
    return true;
}

static bool add_item(index_plan *plan, ct_array x, const index_item *item, int axis,
                     int64_t position)
{
    index_part *p;
    switch ((index_kind)item->kind) {
    case INDEX_INTEGER:
        if ((p = add_part(plan, PART_INTEGER, axis)))
            p->start = item->start;
        return p;
    case INDEX_SLICE:
        return add_slice(plan, axis, x->aval.shape[axis], item);
    case INDEX_NEWAXIS:
        return add_part(plan, PART_NEWAXIS, -1);
    case INDEX_ARRAY:
        if (item->array->aval.dtype == CT_BOOL)
            return add_mask(plan, x, item->array, axis, position);
        plan->has_arrays = true;
        if ((p = add_part(plan, PART_ARRAY, axis)))
            p->array = item->array;
        return p;
    case INDEX_ELLIPSIS:
    case INDEX_RUN: /* cut before */
        break;
    }
    return true;
}

static bool add_full_axes(index_plan *plan, ct_array x, int from, int to)
{
    for (int axis = from; axis < to; axis++)
        if (!add_slice(plan, axis, x->aval.shape[axis], &(index_item){.kind = INDEX_SLICE}))
            return false;
    return true;
}

/* Decided before the ellipsis is expanded, so that an ellipsis of no axes still separates. */
static void note_advanced(int64_t position, int64_t *last, index_plan *plan)
{
    if (*last >= 0 && position != *last + 1)
        plan->contiguous = false;
    *last = position;
}

bool index_parse(ct_array x, int64_t n, const index_item *items, index_plan *plan)
{
    plan->n = 0;
    plan->has_arrays = false;
    plan->contiguous = true;
    int64_t total = 0, ellipses = 0;
    for (int64_t i = 0; i < n; i++) {
        int used = index_consumed(&items[i]);
        if (used < 0)
            return false;
        total += used;
        ellipses += items[i].kind == INDEX_ELLIPSIS;
    }
    if (ellipses > 1) {
        base_fail(CT_INDEX_ERROR, "an index can only have a single ellipsis ('...')");
        return false;
    }
    int ndim = x->aval.ndim;
    if (total > ndim) {
        base_fail(CT_INDEX_ERROR,
                  "Too many indices: array is %d-dimensional, but %lld were indexed", ndim,
                  (long long)total);
        return false;
    }
    int axis = 0;
    int64_t position = 0, last = -1;
    for (int64_t i = 0; i < n; i++) {
        int used = index_consumed(&items[i]);
        int before = plan->n;
        if (items[i].kind == INDEX_ELLIPSIS) {
            used = ndim - (int)total;
            position++;
            if (!add_full_axes(plan, x, axis, axis + used))
                return false;
        } else {
            if (!add_item(plan, x, &items[i], axis, i))
                return false;
            for (int k = before; k < plan->n; k++, position++)
                if (plan->parts[k].kind == PART_ARRAY || plan->parts[k].kind == PART_INTEGER)
                    note_advanced(position, &last, plan);
        }
        axis += used;
    }
    return add_full_axes(plan, x, axis, ndim);
}
