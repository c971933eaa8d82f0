/* stack, unstack and tile: joining arrays along a new axis, taking one apart, repeating it. Each is
 * moves of whole blocks. */
#include "ops/rules.h"

/* An array of shape (before, n, after) seen through one index of its middle axis: slabs of `after`
 * elements, n * after apart. */
static void copy_slabs(const operand *whole, int64_t axis, int64_t index, void *part,
                       bool into_whole)
{
    const aval *a = &whole->aval;
    size_t itemsize = dtype_table[a->dtype].itemsize;
    int64_t box[2] = {shape_size(axis, a->shape),
                      shape_size(a->ndim - axis - 1, a->shape + axis + 1)};
    int64_t item = (int64_t)itemsize, wide[2] = {a->shape[axis] * box[1] * item, item},
            narrow[2] = {box[1] * item, item};
    char *at = (char *)whole->data + index * narrow[0];
    if (into_whole)
        kernel_copy(2, box, itemsize, at, wide, part, narrow);
    else
        kernel_copy(2, box, itemsize, part, narrow, at, wide);
}

/* ---- stack ---- */

static bool stack_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    int64_t axis = ((const params_stack *)params)->axis;
    *nout = 1;
    if (!nin)
        return base_fail(CT_VALUE_ERROR, "%s expects at least one operand, got 0.", o->name), false;
    if (axis < 0 || axis > in[0].ndim)
        return base_fail(CT_VALUE_ERROR, "%s axis %lld is out of bounds for operands of shape %s.",
                         o->name, (long long)axis, SHAPE(&in[0])),
               false;
    bool weak = true;
    for (int i = 0; i < nin; i++) {
        weak &= in[i].weak;
        if (!ints_equal(aval_shape(&in[i]), aval_shape(&in[0])))
            return base_fail(CT_VALUE_ERROR,
                             "All input arrays must have the same shape. Got %s, %s.",
                             SHAPE(&in[0]), SHAPE(&in[i])),
                   false;
    }
    int_list shape = ints_insert(aval_shape(&in[0]), axis, nin);
    *out = (aval){in[0].dtype, weak, in[0].ndim + 1, ints_in(a, ints_of(&shape))};
    return out->shape && families_check_dtypes(o, STORED, nin, in, true);
}

static ct_status stack_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)nout;
    for (int i = 0; i < nin; i++)
        copy_slabs(out, ((const params_stack *)params)->axis, i, in[i].data, true);
    return CT_OK;
}

static bool stack_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out_primals,
                      ct_array *out_tangents)
{
    (void)nout;
    ct_scope scope = ct_begin();
    ct_array values[2] = {core_bind1(o, params, nin, primals), NULL},
             *full = base_alloc((size_t)nin * sizeof *full);
    for (int i = 0; full && i < nin; i++)
        full[i] = tangents[i] ? tangents[i] : op_full_like(primals[i], 0);
    values[1] = full ? core_bind1(o, params, nin, full) : array_poison;
    base_free(full);
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

static bool stack_transpose(const op *o, const void *params, int nin, const ct_array *in,
                            const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)in_avals, (void)nout;
    for (int i = 0; i < nin; i++)
        out[i] = NULL;
    if (cts[0])
        op_unstack(cts[0], ((const params_stack *)params)->axis, out);
    for (int i = 0; i < nin; i++)
        if (in[i])
            out[i] = NULL;
        else if (!ops_good(out[i]))
            return false;
    return true;
}

static bool stack_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    params_stack p = *(const params_stack *)params;
    bool agree = true;
    for (int i = 1; i < nin; i++)
        agree &= dims[i] == dims[0];
    if (agree) {
        bool before = p.axis <= dims[0];
        p.axis += !before;
        bool good = same_dim_vmap(o, &p, b, nin, in, dims, nout, out, out_dims);
        out_dims[0] = dims[0] + before;
        return good;
    }
    ct_scope scope = ct_begin();
    ct_array *moved = base_alloc((size_t)nin * sizeof *moved);
    p.axis++;
    for (int i = 0; moved && i < nin; i++)
        moved[i] = batch_front(in[i], dims[i], b.size);
    out[0] = moved ? core_bind1(o, &p, nin, moved) : array_poison;
    base_free(moved);
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}

const op op_row_stack = {.name = "stack",
                         .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                         .code = OP_stack,
                         .operands = ANY_OPERANDS,
                         .fields = fields_stack,
                         .nfields = nfields_stack,
                         .params_size = sizeof(params_stack),
                         .abstract = stack_abstract,
                         .kernel = stack_kernel,
                         .jvp = stack_jvp,
                         .transpose = stack_transpose,
                         .vmap = stack_vmap};

ct_array op_stack(int64_t n, const ct_array *xs, int64_t axis)
{
    return core_bind1(&op_row_stack, &(params_stack){.axis = axis}, (int)n, xs);
}

/* ---- unstack ---- */

static bool unstack_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)nin;
    int64_t axis = ((const params_stack *)params)->axis;
    if (axis < 0 || axis >= in->ndim)
        return base_fail(CT_VALUE_ERROR,
                         "%s requires arrays with rank > 0 and an axis of theirs, however axis "
                         "%lld of an array of shape %s was passed.",
                         o->name, (long long)axis, SHAPE(in)),
               false;
    int_list shape = ints_without(aval_shape(in), (ct_ints){1, &axis});
    int64_t *shared = ints_in(a, ints_of(&shape));
    if (!shared || !gives_results(o, nout, in->shape[axis]))
        return false;
    for (int i = 0; i < *nout; i++)
        out[i] = (aval){in->dtype, in->weak, in->ndim - 1, shared};
    return true;
}

static ct_status unstack_kernel(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    (void)o, (void)nin;
    for (int i = 0; i < nout; i++)
        copy_slabs(in, ((const params_stack *)params)->axis, i, out[i].data, false);
    return CT_OK;
}

static bool unstack_transpose(const op *o, const void *params, int nin, const ct_array *in,
                              const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in;
    int64_t axis = ((const params_stack *)params)->axis;
    ct_scope scope = ct_begin();
    ct_array *parts = base_alloc((size_t)nout * sizeof *parts), first = NULL;
    int_list shape = ints_without(aval_shape(in_avals), (ct_ints){1, &axis});
    aval part = {in_avals->dtype, false, in_avals->ndim - 1, shape.at};
    for (int i = 0; parts && i < nout; i++) {
        parts[i] = cts[i] ? cts[i] : op_full(&part, 0);
        first = cts[i] ? cts[i] : first;
    }
    out[0] = !parts ? array_poison : first ? op_stack(nout, parts, axis) : NULL;
    base_free(parts);
    return ops_keep(scope, 1, out);
}

static bool unstack_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                         const int *dims, int nout, ct_array *out, int *out_dims)
{
    params_stack p = *(const params_stack *)params;
    bool before = p.axis < dims[0];
    p.axis += !before;
    bool good = same_dim_vmap(o, &p, b, nin, in, dims, nout, out, out_dims);
    for (int i = 0; i < nout; i++)
        out_dims[i] -= before;
    return good;
}

const op op_row_unstack = {.name = "unstack",
                           .flags = OP_LINEAR | OP_DATA_MOVEMENT | OP_MULTIPLE,
                           .code = OP_unstack,
                           .operands = 1,
                           .fields = fields_stack,
                           .nfields = nfields_stack,
                           .params_size = sizeof(params_stack),
                           .abstract = unstack_abstract,
                           .kernel = unstack_kernel,
                           .jvp = linear_jvp,
                           .transpose = unstack_transpose,
                           .vmap = unstack_vmap};

void op_unstack(ct_array x, int64_t axis, ct_array *out)
{
    int64_t n = !is_poison(x) && axis >= 0 && axis < x->aval.ndim ? x->aval.shape[axis] : 0;
    core_bind(&op_row_unstack, &(params_stack){.axis = axis}, 1, &x, (int)n, out);
}

/* ---- tile ---- */

static bool tile_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)nin;
    ct_ints reps = ((const params_tile *)params)->reps;
    *nout = 1;
    if (reps.n != in->ndim)
        return base_fail(CT_TYPE_ERROR,
                         "%s: reps length must be equal to the ndim of x, got len(reps)=%lld and "
                         "x.ndim=%d.",
                         o->name, (long long)reps.n, in->ndim),
               false;
    int64_t *shape = ints_in(a, reps);
    for (int d = 0; shape && d < in->ndim; d++)
        shape[d] *= in->shape[d];
    *out = (aval){in->dtype, in->weak, in->ndim, shape};
    return shape;
}

static ct_status tile_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                             operand *out)
{
    (void)o, (void)nin, (void)nout;
    ct_ints reps = ((const params_tile *)params)->reps;
    int64_t shape[2 * MAX_NDIM], to[2 * MAX_NDIM], from[2 * MAX_NDIM];
    int_list in_strides = byte_strides(&in->aval), out_strides = byte_strides(&out->aval);
    for (int64_t d = 0; d < reps.n; d++) {
        shape[2 * d] = reps.at[d], shape[2 * d + 1] = in->aval.shape[d];
        to[2 * d] = out_strides.at[d] * in->aval.shape[d], to[2 * d + 1] = out_strides.at[d];
        from[2 * d] = 0, from[2 * d + 1] = in_strides.at[d];
    }
    kernel_copy((int)(2 * reps.n), shape, dtype_table[in->aval.dtype].itemsize, out->data, to,
                in->data, from);
    return CT_OK;
}

static bool tile_transpose(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)nout;
    ct_ints reps = ((const params_tile *)params)->reps;
    out[0] = NULL;
    if (!cts[0])
        return true;
    if (2 * reps.n > MAX_NDIM)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                         "the transpose of tile takes arrays of at most %d dimensions.",
                         MAX_NDIM / 2),
               false;
    ct_scope scope = ct_begin();
    int_list shape = {.n = 0}, axes = {.n = 0};
    for (int64_t d = 0; d < reps.n; d++) {
        int_push(&axes, 2 * d);
        int_push(&shape, reps.at[d]);
        int_push(&shape, in_avals->shape[d]);
    }
    out[0] = op_reduce_sum(op_reshape(cts[0], ints_of(&shape)), ints_of(&axes));
    return ops_keep(scope, 1, out);
}

static bool tile_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                      const int *dims, int nout, ct_array *out, int *out_dims)
{
    int_list reps = ints_insert(((const params_tile *)params)->reps, dims[0], 1);
    return same_dim_vmap(o, &(params_tile){.reps = ints_of(&reps)}, b, nin, in, dims, nout, out,
                         out_dims);
}

const op op_row_tile = {.name = "tile",
                        .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                        .code = OP_tile,
                        .operands = 1,
                        .fields = fields_tile,
                        .nfields = nfields_tile,
                        .params_size = sizeof(params_tile),
                        .abstract = tile_abstract,
                        .kernel = tile_kernel,
                        .jvp = linear_jvp,
                        .transpose = tile_transpose,
                        .vmap = tile_vmap};

ct_array op_tile(ct_array x, ct_ints reps)
{
    return core_bind1(&op_row_tile, &(params_tile){.reps = reps}, 1, &x);
}
