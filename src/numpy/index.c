/* x[...]: a static slice where the subscript allows one, a dynamic slice for traced scalars, a
 * gather for the rest.
 *
 * Concrete arrays outside every trace are copied directly. index_gather.c builds gathers,
 * index_update.c is x.at[...]. */
#include "numpy/index_parse.h"

#include "kernel/kernel.h"
#include "ops/ops.h"

static const index_options no_options;

index_found index_to_box(ct_array x, const index_plan *plan, bool clamp, bool keep_negative,
                         index_box *box)
{
    if (array_deleted(x))
        return BOX_UNSUITABLE; /* the operation says so */
    int64_t stride = 1, strides[INDEX_LIMIT];
    if (x->aval.ndim > INDEX_LIMIT)
        return BOX_UNSUITABLE;
    for (int d = x->aval.ndim - 1; d >= 0; d--) {
        strides[d] = stride;
        stride *= x->aval.shape[d];
    }
    box->ndim = box->copied = 0;
    box->offset = 0;
    for (int i = 0; i < plan->n; i++) {
        const index_part *p = &plan->parts[i];
        int64_t index = p->start;
        if (p->kind == PART_NEWAXIS) {
            box->shape[box->ndim++] = 1;
            continue;
        }
        if (p->kind == PART_SCALAR_MASK)
            return BOX_UNSUITABLE;
        if (p->kind == PART_SLICE) {
            box->offset += p->start * strides[p->axis];
            box->lengths[box->copied] = box->shape[box->ndim++] = p->size;
            box->strides[box->copied++] = p->step * strides[p->axis];
            continue;
        }
        if (p->kind == PART_ARRAY) {
            if (!is_array(p->array) || p->array->aval.ndim || array_deleted(p->array))
                return BOX_UNSUITABLE;
            index = array_get_int(p->array, 0);
        }
        int64_t length = x->aval.shape[p->axis];
        if (!length)
            return BOX_UNSUITABLE;
        if (index < 0 && !keep_negative)
            index += length;
        if (index < 0 || index >= length) {
            if (!clamp)
                return BOX_OUTSIDE;
            index = index < 0 ? 0 : length - 1;
        }
        box->offset += index * strides[p->axis];
    }
    int64_t run = 1;
    box->whole = true;
    for (int d = box->copied - 1; d >= 0 && box->whole; d--) {
        box->whole = box->lengths[d] == 1 || box->strides[d] == run;
        run *= box->lengths[d];
    }
    return BOX_FOUND;
}

static ct_array copy_box(ct_array x, const index_box *box)
{
    ct_array out = array_new((ct_dtype)x->aval.dtype, x->aval.weak, box->ndim, box->shape);
    if (is_poison(out) || !out->size)
        return out;
    size_t item = dtype_table[x->aval.dtype].itemsize;
    const char *from = (const char *)x->data + (size_t)box->offset * item;
    if (box->whole) {
        memcpy(out->data, from, (size_t)out->size * item);
        return out;
    }
    int64_t source[INDEX_LIMIT], target[INDEX_LIMIT], run = (int64_t)item;
    for (int d = box->copied - 1; d >= 0; d--) {
        source[d] = box->strides[d] * (int64_t)item;
        target[d] = run;
        run *= box->lengths[d];
    }
    kernel_copy(box->copied, box->lengths, item, out->data, target, from, source);
    return out;
}

/* Reverses, drops the axes of integers and inserts new ones: how every route but the gather ends.
 */
static ct_array finish_slice(ct_array y, const index_plan *plan)
{
    int64_t reversed[INDEX_LIMIT], squeezed[INDEX_LIMIT], inserted[INDEX_LIMIT];
    int64_t nreversed = 0, nsqueezed = 0, ninserted = 0, axes = 0;
    for (int i = 0; i < plan->n; i++) {
        const index_part *p = &plan->parts[i];
        if (p->kind == PART_NEWAXIS)
            inserted[ninserted++] = axes++;
        else if (p->kind == PART_SLICE) {
            axes++;
            if (p->step < 0)
                reversed[nreversed++] = p->axis;
        } else
            squeezed[nsqueezed++] = p->axis;
    }
    if (nreversed)
        y = op_rev(y, (ct_ints){nreversed, reversed});
    if (nsqueezed)
        y = op_squeeze(y, (ct_ints){nsqueezed, squeezed});
    if (ninserted)
        y = op_expand_dims(y, (ct_ints){ninserted, inserted});
    return y;
}

/* First element of a slice in ascending order, which is where a reversed one starts reading. */
static int64_t lowest(const index_part *p)
{
    return p->step < 0 && p->size ? p->start + (p->size - 1) * p->step : p->start;
}

static bool static_slice_serves(ct_array x, const index_plan *plan, const index_options *o)
{
    if (plan->has_arrays || o->mode == INDEX_FILL || o->mode == INDEX_ONE_HOT)
        return false;
    for (int i = 0; i < plan->n; i++) {
        const index_part *p = &plan->parts[i];
        if (p->kind != PART_INTEGER)
            continue;
        int64_t length = x->aval.shape[p->axis];
        if (!length ||
            (o->mode != INDEX_CLIP && index_position(p->start, length, o->keep_negative) < 0))
            return false;
    }
    return true;
}

static ct_array static_slice(ct_array x, const index_plan *plan, const index_options *o)
{
    int64_t start[INDEX_LIMIT], limit[INDEX_LIMIT], strides[INDEX_LIMIT];
    bool trivial = true, strided = false;
    for (int i = 0; i < plan->n; i++) {
        const index_part *p = &plan->parts[i];
        int d = p->axis;
        if (p->kind == PART_INTEGER) {
            int64_t length = x->aval.shape[d],
                    at = p->start < 0 && !o->keep_negative ? p->start + length : p->start;
            start[d] = at < 0 ? 0 : at >= length ? length - 1 : at;
            limit[d] = start[d] + 1;
            strides[d] = 1;
        } else if (p->kind == PART_SLICE) {
            strides[d] = p->step < 0 ? -p->step : p->step;
            start[d] = lowest(p) < 0 ? 0 : lowest(p);
            limit[d] = !p->size ? start[d] : p->step < 0 ? p->start + 1 : p->stop;
        } else
            continue;
        strided |= strides[d] != 1;
        trivial &= start[d] == 0 && limit[d] == x->aval.shape[d] && strides[d] == 1;
    }
    int ndim = x->aval.ndim;
    ct_array y = trivial ? x
                         : op_slice(x, (ct_ints){ndim, start}, (ct_ints){ndim, limit},
                                    strided ? (ct_ints){ndim, strides} : (ct_ints){0});
    return finish_slice(y, plan);
}

static bool dynamic_slice_serves(ct_array x, const index_plan *plan, const index_options *o)
{
    if (o->mode == INDEX_FILL || o->mode == INDEX_ONE_HOT)
        return false;
    for (int i = 0; i < plan->n; i++) {
        const index_part *p = &plan->parts[i];
        if (p->kind == PART_SCALAR_MASK || (p->kind == PART_ARRAY && p->array->aval.ndim) ||
            (p->kind == PART_SLICE && !p->unit))
            return false;
        if ((p->kind == PART_ARRAY || p->kind == PART_INTEGER) && !x->aval.shape[p->axis])
            return false;
    }
    return true;
}

ct_array index_wrap(ct_array index, int64_t length)
{
    ct_dtype dtype = (ct_dtype)index->aval.dtype;
    if (is_poison(index) || dtype_is(dtype, FAMILY_UINT))
        return index;
    ct_array negative = op_lt(index, array_scalar_int(dtype, false, 0));
    ct_array strong = index->aval.weak ? op_convert(index, dtype, false) : index;
    ct_array wrapped = op_add(strong, array_scalar_int(dtype, false, length));
    return op_select_n(negative, 2, (ct_array[]){strong, wrapped});
}

static ct_array dynamic_slice(ct_array x, const index_plan *plan, const index_options *o)
{
    ct_array starts[INDEX_LIMIT];
    int64_t sizes[INDEX_LIMIT];
    ct_dtype dtype = dtype_default(FAMILY_INT);
    for (int i = 0; i < plan->n; i++) {
        const index_part *p = &plan->parts[i];
        if (p->axis < 0)
            continue;
        sizes[p->axis] = p->kind == PART_SLICE ? p->size : 1;
        starts[p->axis] =
            p->kind == PART_ARRAY
                ? p->array
                : array_scalar_int(dtype, false, p->kind == PART_SLICE ? lowest(p) : p->start);
    }
    int ndim = x->aval.ndim;
    for (int d = 0; d < ndim; d++) {
        if (ndim > 1)
            starts[d] = op_convert(starts[d], dtype, false);
        if (!o->keep_negative)
            starts[d] = index_wrap(starts[d], x->aval.shape[d]);
    }
    return finish_slice(op_dynamic_slice(x, ndim, starts, (ct_ints){ndim, sizes}), plan);
}

static ct_array gather(ct_array x, index_plan *plan, const index_options *o)
{
    index_gather g;
    if (!index_to_gather(x, plan, o, &g))
        return array_poison;
    if (g.nmasks)
        x = op_expand_dims(x, (ct_ints){g.nmasks, g.masks});
    if (g.empty) {
        aval a = {x->aval.dtype, x->aval.weak, g.slice_ndim, g.slice_shape};
        return op_full(&a, 0);
    }
    if (g.indices->size) {
        params_gather p = {
            .dimension_numbers = {.offset_dims = {g.noffset, g.offset},
                                  .collapsed_slice_dims = {g.ncollapsed, g.collapsed},
                                  .start_index_map = {g.nmap, g.map},
                                  .operand_batching_dims = I_NONE,
                                  .start_indices_batching_dims = I_NONE},
            .fill_value = index_fill((ct_dtype)x->aval.dtype, o),
            .indices_are_sorted = o->indices_are_sorted || g.plain,
            .mode = index_mode_gather(o->mode, GATHER_PROMISE_IN_BOUNDS),
            .slice_sizes = {g.window_ndim, g.window},
            .unique_indices = o->unique_indices || g.plain,
        };
        x = op_gather(x, g.indices, &p);
    }
    if (g.nreversed)
        x = op_rev(x, (ct_ints){g.nreversed, g.reversed});
    return g.nnewaxis ? op_expand_dims(x, (ct_ints){g.nnewaxis, g.newaxis}) : x;
}

ct_array numpy_index(ct_array x, int64_t n, const index_item *items, const index_options *options)
{
    const index_options *o = options ? options : &no_options;
    index_plan plan;
    if (is_poison(x))
        return x;
    ct_scope scope = ct_begin();
    ct_array y = array_poison;
    if (index_has_runs(n, items))
        y = index_by_runs(x, n, items, o);
    else if (index_parse(x, n, items, &plan)) {
        index_box box;
        if (!core_current && is_array(x) &&
            index_to_box(x, &plan, o->mode != INDEX_FILL && o->mode != INDEX_ONE_HOT,
                         o->keep_negative, &box) == BOX_FOUND)
            y = copy_box(x, &box);
        else if (static_slice_serves(x, &plan, o))
            y = static_slice(x, &plan, o);
        else if (dynamic_slice_serves(x, &plan, o))
            y = dynamic_slice(x, &plan, o);
        else
            y = gather(x, &plan, o);
    }
    return ct_end(scope, y);
}
