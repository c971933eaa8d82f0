/* slice: every stride-th element between static bounds. Next: dynamic_slice.c, where the start is a
 * value. */
#include "ops/rules.h"

static int64_t stride_at(const params_slice *p, int64_t d)
{
    return p->strides.at ? p->strides.at[d] : 1;
}

static bool slice_check(const op *o, const params_slice *p, const aval *in)
{
    ct_ints start = p->start_indices, limit = p->limit_indices;
    if (start.n != in->ndim)
        return base_fail(CT_TYPE_ERROR,
                         "%s start_indices must have length equal to the number of dimensions of "
                         "the operand, got indices %s for operand shape %s.",
                         o->name, INTS(start), SHAPE(in)),
               false;
    if (limit.n != start.n)
        return base_fail(CT_TYPE_ERROR,
                         "%s limit_indices must have the same length as start_indices, got "
                         "start_indices %s and limit_indices %s.",
                         o->name, INTS(start), INTS(limit)),
               false;
    if (p->strides.at && p->strides.n != in->ndim)
        return base_fail(CT_TYPE_ERROR,
                         "%s strides must have length equal to the number of dimensions of the "
                         "operand, got strides %s for operand shape %s.",
                         o->name, INTS(p->strides), SHAPE(in)),
               false;
    for (int d = 0; d < in->ndim; d++) {
        if (limit.at[d] > in->shape[d])
            return base_fail(CT_TYPE_ERROR,
                             "%s limit_indices must be less than or equal to operand shape, got "
                             "limit_indices %s for operand shape %s.",
                             o->name, INTS(limit), SHAPE(in)),
                   false;
        if (start.at[d] < 0)
            return base_fail(CT_TYPE_ERROR,
                             "%s start_indices must be greater than or equal to zero, got "
                             "start_indices of %s.",
                             o->name, INTS(start)),
                   false;
        if (limit.at[d] < start.at[d])
            return base_fail(CT_TYPE_ERROR,
                             "%s limit_indices must be greater than or equal to start_indices, got "
                             "start_indices %s and limit_indices %s.",
                             o->name, INTS(start), INTS(limit)),
                   false;
        if (stride_at(p, d) < 1)
            return base_fail(CT_TYPE_ERROR, "%s strides must be positive, got %s", o->name,
                             INTS(p->strides)),
                   false;
    }
    return true;
}

static bool slice_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)nin;
    const params_slice *p = params;
    int64_t *shape;
    *nout = 1;
    if (!slice_check(o, p, in) || !(shape = ints_in(a, p->limit_indices)))
        return false;
    for (int d = 0; d < in->ndim; d++)
        shape[d] = (shape[d] - p->start_indices.at[d] + stride_at(p, d) - 1) / stride_at(p, d);
    *out = (aval){in->dtype, in->weak, in->ndim, shape};
    return true;
}

static ct_status slice_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)nin, (void)nout;
    const params_slice *p = params;
    int_list from = byte_strides(&in->aval), to = byte_strides(&out->aval);
    const char *first = in->data;
    for (int d = 0; d < in->aval.ndim; d++) {
        first += p->start_indices.at[d] * from.at[d];
        from.at[d] *= stride_at(p, d);
    }
    kernel_copy(out->aval.ndim, out->aval.shape, dtype_table[in->aval.dtype].itemsize, out->data,
                to.at, first, from.at);
    return CT_OK;
}

/* Pads the cotangent with zeros to where its elements came from. */
static bool slice_transpose(const op *o, const void *params, int nin, const ct_array *in,
                            const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)nout;
    const params_slice *p = params;
    out[0] = NULL;
    if (!cts[0])
        return true;
    ct_scope scope = ct_begin();
    int64_t config[3 * MAX_NDIM];
    for (int d = 0; d < in_avals->ndim; d++) {
        int64_t n = cts[0]->aval.shape[d], stride = stride_at(p, d), start = p->start_indices.at[d];
        int64_t end =
            p->strides.at ? start + (n ? (n - 1) * stride + 1 : 0) : p->limit_indices.at[d];
        config[3 * d] = start;
        config[3 * d + 1] = in_avals->shape[d] - end;
        config[3 * d + 2] = stride - 1;
    }
    out[0] = op_pad(cts[0], op_number(0, cts[0]), (ct_ints){3 * in_avals->ndim, config});
    return ops_keep(scope, 1, out);
}

static bool slice_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_slice *p = params;
    int_list start = ints_insert(p->start_indices, dims[0], 0),
             limit = ints_insert(p->limit_indices, dims[0], b.size);
    int_list strides = ints_insert(p->strides, dims[0], 1);
    params_slice q = {.start_indices = ints_of(&start),
                      .limit_indices = ints_of(&limit),
                      .strides = p->strides.at ? ints_of(&strides) : p->strides};
    return same_dim_vmap(o, &q, b, nin, in, dims, nout, out, out_dims);
}

const op op_row_slice = {.name = "slice",
                         .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                         .code = OP_slice,
                         .operands = 1,
                         .fields = fields_slice,
                         .nfields = nfields_slice,
                         .params_size = sizeof(params_slice),
                         .abstract = slice_abstract,
                         .kernel = slice_kernel,
                         .jvp = linear_jvp,
                         .transpose = slice_transpose,
                         .vmap = slice_vmap};

ct_array op_slice(ct_array x, ct_ints start, ct_ints limit, ct_ints strides)
{
    return core_bind1(
        &op_row_slice,
        &(params_slice){.start_indices = start, .limit_indices = limit, .strides = strides}, 1, &x);
}
