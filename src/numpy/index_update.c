/* x.at[...].set(values) and its relatives: a scatter with the dimension numbers of the gather that
 * x[...] would be.
 *
 * Concrete arrays outside every trace, with a static subscript, are copied once and written in
 * place. */
#include "kernel/kernel.h"
#include "numpy/index_parse.h"
#include "ops/rules.h"

static const index_options no_options;

/* Writes a box of out from a source with the given steps in bytes along the box's moving axes. */
static void write_box(ct_array out, const index_box *box, const void *values, const int64_t *steps)
{
    size_t item = dtype_table[out->aval.dtype].itemsize;
    int64_t target[INDEX_LIMIT];
    for (int d = 0; d < box->copied; d++)
        target[d] = box->strides[d] * (int64_t)item;
    kernel_copy(box->copied, box->lengths, item, (char *)out->data + (size_t)box->offset * item,
                target, values, steps);
}

/* Steps in bytes of `values`, broadcast to the box, along its moving axes. False when the shapes
 * don't broadcast. */
static bool broadcast_steps(ct_array values, const index_plan *plan, const index_box *box,
                            int64_t *steps)
{
    const aval *v = &values->aval;
    if (v->ndim > box->ndim)
        return false;
    int64_t run = (int64_t)dtype_table[v->dtype].itemsize, all[INDEX_LIMIT];
    for (int d = box->ndim - 1; d >= 0; d--) {
        int at = d - (box->ndim - v->ndim);
        int64_t length = at < 0 ? 1 : v->shape[at];
        if (length != 1 && length != box->shape[d])
            return false;
        all[d] = length == 1 ? 0 : run;
        run *= length;
    }
    int axis = 0, moving = 0;
    for (int i = 0; i < plan->n; i++) {
        if (plan->parts[i].kind == PART_SLICE)
            steps[moving++] = all[axis++];
        else if (plan->parts[i].kind == PART_NEWAXIS)
            axis++;
    }
    return true;
}

static const op *update_scatter(index_update update)
{
    switch (update) {
    case INDEX_SET:
        return op_table[OP_scatter];
    case INDEX_ADD:
        return op_table[OP_scatter_add];
    case INDEX_SUBTRACT:
        return op_table[OP_scatter_sub];
    case INDEX_MULTIPLY:
    case INDEX_DIVIDE:
    case INDEX_POWER:
        return op_table[OP_scatter_mul];
    case INDEX_MIN:
        return op_table[OP_scatter_min];
    case INDEX_MAX:
        return op_table[OP_scatter_max];
    }
    return NULL;
}

/* old op values, elementwise: what a scatter computes where no element is named twice. */
static ct_array combine(index_update update, ct_array old, ct_array values)
{
    switch (update) {
    case INDEX_SET:
        return values;
    case INDEX_ADD:
        return op_add(old, values);
    case INDEX_SUBTRACT:
        return op_sub(old, values);
    case INDEX_MULTIPLY:
        return op_mul(old, values);
    case INDEX_MIN:
        return op_min(old, values);
    case INDEX_MAX:
        return op_max(old, values);
    case INDEX_DIVIDE:
    case INDEX_POWER:
        break;
    }
    return NULL;
}

static ct_array copy_of(ct_array x)
{
    ct_array out = array_like(&x->aval);
    if (!is_poison(out) && x->size)
        memcpy(out->data, x->data, (size_t)x->size * dtype_table[x->aval.dtype].itemsize);
    return out;
}

static ct_array broadcast_values(ct_array values, int ndim, const int64_t *shape)
{
    const aval *v = &values->aval;
    int64_t dims[INDEX_LIMIT], squeezed[INDEX_LIMIT], ndims = 0, nsqueezed = 0;
    bool fits = v->ndim <= ndim;
    for (int d = 0; fits && d < v->ndim; d++) {
        int at = ndim - v->ndim + d;
        if (v->shape[d] == shape[at])
            dims[ndims++] = at;
        else if (v->shape[d] == 1)
            squeezed[nsqueezed++] = d;
        else
            fits = false;
    }
    if (!fits) {
        text t = {0};
        aval wanted = {v->dtype, false, ndim, shape};
        text_add(&t, "input type=");
        aval_text(&t, v, false);
        text_add(&t, " and requested type=");
        aval_text(&t, &wanted, false);
        char *types = text_end(&t);
        ct_fail(CT_VALUE_ERROR, "Incompatible types for broadcasting: %s", types ? types : "?");
        base_free(types);
        return array_poison;
    }
    if (v->ndim == ndim && ndims == ndim)
        return values;
    if (nsqueezed)
        values = op_squeeze(values, (ct_ints){nsqueezed, squeezed});
    return op_broadcast_in_dim(values, (ct_ints){ndim, shape}, (ct_ints){ndims, dims});
}

/* The copy with a box rewritten; NULL when this needs a scatter. */
static ct_array update_box(ct_array x, const index_plan *plan, index_update update, ct_array values,
                           const index_options *o)
{
    index_box box;
    int64_t steps[INDEX_LIMIT];
    if (update == INDEX_DIVIDE || update == INDEX_POWER)
        return NULL;
    index_found found = index_to_box(x, plan, o->mode == INDEX_CLIP, o->keep_negative, &box);
    if (found == BOX_UNSUITABLE)
        return NULL;
    if (found == BOX_OUTSIDE)
        return x;
    if (array_deleted(values) || !broadcast_steps(values, plan, &box, steps))
        return NULL;
    if (update != INDEX_SET) {
        ct_array old = array_new((ct_dtype)x->aval.dtype, x->aval.weak, box.copied, box.lengths);
        if (is_poison(old))
            return old;
        size_t item = dtype_table[x->aval.dtype].itemsize;
        int64_t source[INDEX_LIMIT], target[INDEX_LIMIT], run = (int64_t)item;
        for (int d = box.copied - 1; d >= 0; d--) {
            source[d] = box.strides[d] * (int64_t)item;
            target[d] = run;
            run *= box.lengths[d];
        }
        kernel_copy(box.copied, box.lengths, item, old->data, target,
                    (const char *)x->data + (size_t)box.offset * item, source);
        ct_array wide = array_view(old, (ct_dtype)x->aval.dtype, x->aval.weak, box.ndim, box.shape);
        if (values->aval.ndim)
            values = broadcast_values(values, box.ndim, box.shape);
        values = combine(update, wide, values);
        if (is_poison(values) || !broadcast_steps(values, plan, &box, steps))
            return array_poison;
    }
    ct_array out = copy_of(x);
    if (!is_poison(out))
        write_box(out, &box, values->data, steps);
    return out;
}

static bool broadcast_into(const index_gather *g, ct_array *values)
{
    *values = broadcast_values(*values, g->slice_ndim, g->slice_shape);
    if (g->nnewaxis)
        *values = op_squeeze(*values, (ct_ints){g->nnewaxis, g->newaxis});
    if (g->nreversed)
        *values = op_rev(*values, (ct_ints){g->nreversed, g->reversed});
    return !is_poison(*values);
}

/* The updates that would be scattered, without the subscript's new axes. */
static aval updates_of(ct_array x, const index_gather *g, int64_t *shape)
{
    int n = 0;
    for (int i = 0; i < g->slice_ndim; i++)
        if (!ints_contain((ct_ints){g->nnewaxis, g->newaxis}, i))
            shape[n++] = g->slice_shape[i];
    return (aval){x->aval.dtype, false, n, shape};
}

/* With f the values are NULL: it is applied to the old ones. */
static ct_array scatter(ct_array x, index_plan *plan, const op *how, ct_array values, ct_fn f,
                        const index_options *o)
{
    index_gather g;
    int64_t shape[INDEX_LIMIT];
    if (is_poison(x) || (!f && is_poison(values)) || !index_to_gather(x, plan, o, &g))
        return array_poison;
    if (g.empty)
        return x;
    if (!f && !broadcast_into(&g, &values))
        return array_poison;
    if (g.nmasks)
        x = op_expand_dims(x, (ct_ints){g.nmasks, g.masks});
    params_scatter p = {
        .dimension_numbers = {.update_window_dims = {g.noffset, g.offset},
                              .inserted_window_dims = {g.ncollapsed, g.collapsed},
                              .scatter_dims_to_operand_dims = {g.nmap, g.map},
                              .operand_batching_dims = I_NONE,
                              .scatter_indices_batching_dims = I_NONE},
        .indices_are_sorted = o->indices_are_sorted || g.plain,
        .mode = index_mode_gather(o->mode == INDEX_ONE_HOT ? INDEX_MODE_DEFAULT : o->mode,
                                  GATHER_FILL_OR_DROP),
        .unique_indices = o->unique_indices || g.plain,
    };
    aval updates = updates_of(x, &g, shape);
    ct_array out = f ? numpy_scatter_apply(x, g.indices, &updates, f, &p)
                     : op_scatter(how, x, g.indices, values, &p);
    return g.nmasks ? op_squeeze(out, (ct_ints){g.nmasks, g.masks}) : out;
}

/* Division and powers collect their factors first: x / prod(values), x ** prod(values). */
static ct_array update_by_factors(ct_array x, index_plan *plan, index_update update,
                                  ct_array values, const index_options *o)
{
    ct_array factors = scatter(op_full_like(x, 1), plan, update_scatter(update), values, NULL, o);
    if (is_poison(x) || is_poison(factors))
        return array_poison;
    ct_dtype dtype = (ct_dtype)x->aval.dtype;
    if (update == INDEX_DIVIDE && !dtype_inexact(dtype)) {
        x = op_convert(x, dtype_to_inexact(dtype), false);
        factors = op_convert(factors, dtype_to_inexact(dtype), false);
    }
    return update == INDEX_DIVIDE ? op_div(x, factors) : op_pow(x, factors);
}

ct_array numpy_index_update(ct_array x, int64_t n, const index_item *items, index_update update,
                            ct_array values, const index_options *options)
{
    const index_options *o = options ? options : &no_options;
    if (is_poison(x) || is_poison(values))
        return array_poison;
    ct_dtype dtype = (ct_dtype)x->aval.dtype;
    bool weak = x->aval.weak, common_weak;
    ct_dtype common =
        dtype_promote(dtype, weak, (ct_dtype)values->aval.dtype, values->aval.weak, &common_weak);
    if (common == CT_NO_DTYPE)
        return dtype_fail_promotion("indexed update", dtype, weak, (ct_dtype)values->aval.dtype,
                                    values->aval.weak),
               array_poison;
    ct_scope scope = ct_begin();
    index_plan plan;
    ct_array y = array_poison;
    if (index_has_runs(n, items))
        y = index_update_runs(x, n, items, update, values, o);
    else if (index_parse(x, n, items, &plan)) {
        if (dtype != (ct_dtype)values->aval.dtype)
            values = op_convert(values, common, common_weak);
        y = NULL;
        if (!core_current && is_array(x) && is_array(values) && common == dtype)
            y = update_box(x, &plan, update, values, o);
        if (!y) {
            ct_array wide = op_convert(x, common, common == dtype ? weak : common_weak);
            y = update == INDEX_DIVIDE || update == INDEX_POWER
                    ? update_by_factors(wide, &plan, update, values, o)
                    : scatter(wide, &plan, update_scatter(update), values, NULL, o);
        }
        y = op_convert(y, dtype, weak);
    }
    return ct_end(scope, y);
}

ct_array numpy_index_apply(ct_array x, int64_t n, const index_item *items, ct_fn f,
                           const index_options *options)
{
    if (is_poison(x))
        return x;
    ct_scope scope = ct_begin();
    index_plan plan;
    ct_array y = array_poison;
    if (index_parse(x, n, items, &plan))
        y = scatter(x, &plan, NULL, NULL, f, options ? options : &no_options);
    return ct_end(scope, y);
}
