/* transpose and rev: axes in another order, or backwards. */
#include "ops/rules.h"

/* ---- transpose ---- */

static bool transpose_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                               aval *out, arena *a)
{
    (void)nin;
    ct_ints order = ((const params_transpose *)params)->permutation;
    int_list shape = {.n = 0};
    bool good = order.n == in->ndim;
    *nout = 1;
    for (int64_t i = 0; good && i < order.n; i++) {
        good = order.at[i] >= 0 && order.at[i] < in->ndim &&
               !ints_contain((ct_ints){i, order.at}, order.at[i]);
        int_push(&shape, good ? in->shape[order.at[i]] : 0);
    }
    if (!good)
        return base_fail(CT_TYPE_ERROR,
                         "%s permutation isn't a permutation of operand dimensions, got "
                         "permutation %s for operand shape %s.",
                         o->name, INTS(order), SHAPE(in)),
               false;
    *out = (aval){in->dtype, in->weak, in->ndim, ints_in(a, ints_of(&shape))};
    return out->shape;
}

static ct_status transpose_kernel(const op *o, const void *params, int nin, const operand *in,
                                  int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    ct_ints order = ((const params_transpose *)params)->permutation;
    int_list from = byte_strides(&in->aval), to = byte_strides(&out->aval);
    int64_t source[MAX_NDIM];
    for (int64_t i = 0; i < order.n; i++)
        source[i] = from.at[order.at[i]];
    kernel_copy(out->aval.ndim, out->aval.shape, dtype_table[in->aval.dtype].itemsize, out->data,
                to.at, in->data, source);
    return CT_OK;
}

static bool transpose_transpose(const op *o, const void *params, int nin, const ct_array *in,
                                const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)in_avals, (void)nout;
    ct_ints order = ((const params_transpose *)params)->permutation;
    int_list inverse = {.n = order.n};
    for (int64_t i = 0; i < order.n; i++)
        inverse.at[order.at[i]] = i;
    out[0] = cts[0] ? op_transpose(cts[0], ints_of(&inverse)) : NULL;
    return ops_good(out[0]);
}

static bool transpose_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                           const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)b, (void)nin, (void)nout;
    int_list order = ints_shifted(((const params_transpose *)params)->permutation, dims[0]);
    order = ints_insert(ints_of(&order), 0, dims[0]);
    out[0] = op_transpose(in[0], ints_of(&order));
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

const op op_row_transpose = {.name = "transpose",
                             .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                             .code = OP_transpose,
                             .operands = 1,
                             .fields = fields_transpose,
                             .nfields = nfields_transpose,
                             .params_size = sizeof(params_transpose),
                             .abstract = transpose_abstract,
                             .kernel = transpose_kernel,
                             .jvp = linear_jvp,
                             .transpose = transpose_transpose,
                             .vmap = transpose_vmap};

ct_array op_transpose(ct_array x, ct_ints permutation)
{
    if (is_poison(x))
        return x;
    bool same = permutation.n == x->aval.ndim;
    for (int64_t i = 0; same && i < permutation.n; i++)
        same = permutation.at[i] == i;
    return same ? x
                : core_bind1(&op_row_transpose, &(params_transpose){.permutation = permutation}, 1,
                             &x);
}

/* ---- rev ---- */

static bool rev_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    (void)nin, (void)a;
    ct_ints dims = ((const params_rev *)params)->dimensions;
    *nout = 1;
    for (int64_t i = 0; i < dims.n; i++) {
        if (ints_contain((ct_ints){i, dims.at}, dims.at[i]))
            return base_fail(CT_TYPE_ERROR, "%s dimensions must be unique, got %s.", o->name,
                             INTS(dims)),
                   false;
        if (dims.at[i] < 0 || dims.at[i] >= in->ndim)
            return base_fail(CT_TYPE_ERROR,
                             "%s dimensions must all be less than operand ndim, got dimensions %s "
                             "for operand ndim %d.",
                             o->name, INTS(dims), in->ndim),
                   false;
    }
    *out = *in;
    return true;
}

static ct_status rev_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                            operand *out)
{
    (void)o, (void)nin, (void)nout;
    ct_ints dims = ((const params_rev *)params)->dimensions;
    int_list from = byte_strides(&in->aval), to = from;
    const char *first = in->data;
    if (!shape_size(in->aval.ndim, in->aval.shape))
        return CT_OK;
    for (int64_t i = 0; i < dims.n; i++) {
        int64_t *stride = &from.at[dims.at[i]];
        first += *stride * (in->aval.shape[dims.at[i]] - 1);
        *stride = -*stride;
    }
    kernel_copy(out->aval.ndim, out->aval.shape, dtype_table[in->aval.dtype].itemsize, out->data,
                to.at, first, from.at);
    return CT_OK;
}

static bool rev_transpose(const op *o, const void *params, int nin, const ct_array *in,
                          const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)in_avals, (void)nout;
    out[0] = cts[0] ? op_rev(cts[0], ((const params_rev *)params)->dimensions) : NULL;
    return ops_good(out[0]);
}

static bool rev_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                     const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)b, (void)nin, (void)nout;
    int_list axes = ints_shifted(((const params_rev *)params)->dimensions, dims[0]);
    out[0] = op_rev(in[0], ints_of(&axes));
    out_dims[0] = dims[0];
    return !is_poison(out[0]);
}

const op op_row_rev = {.name = "rev",
                       .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                       .code = OP_rev,
                       .operands = 1,
                       .fields = fields_rev,
                       .nfields = nfields_rev,
                       .params_size = sizeof(params_rev),
                       .abstract = rev_abstract,
                       .kernel = rev_kernel,
                       .jvp = linear_jvp,
                       .transpose = rev_transpose,
                       .vmap = rev_vmap};

ct_array op_rev(ct_array x, ct_ints dimensions)
{
    return core_bind1(&op_row_rev, &(params_rev){.dimensions = dimensions}, 1, &x);
}
