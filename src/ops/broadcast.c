/* broadcast_in_dim: axis i of the operand becomes axis broadcast_dimensions[i] of the result; the
 * other axes repeat it. */
#include "ops/rules.h"

static bool broadcast_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                               aval *out, arena *a)
{
    (void)nin, (void)a;
    const params_broadcast_in_dim *p = params;
    ct_ints dims = p->broadcast_dimensions, shape = p->shape;
    *nout = 1;
    if (in->ndim != dims.n)
        return base_fail(CT_TYPE_ERROR,
                         "%s broadcast_dimensions must have length equal to operand ndim; got "
                         "broadcast_dimensions %s for operand ndim %d.",
                         o->name, INTS(dims), in->ndim),
               false;
    if (shape.n < dims.n || shape.n > MAX_NDIM)
        return base_fail(CT_TYPE_ERROR,
                         "%s target broadcast shape must have equal or higher rank to the operand "
                         "shape; got operand ndim %d and target "
                         "broadcast ndim %lld.",
                         o->name, in->ndim, (long long)shape.n),
               false;
    for (int64_t i = 0; i < dims.n; i++) {
        if (dims.at[i] < 0 || dims.at[i] >= shape.n)
            return base_fail(CT_TYPE_ERROR,
                             "%s broadcast_dimensions must be a subset of output dimensions, got "
                             "%s for operand ndim %d and shape %s.",
                             o->name, INTS(dims), in->ndim, INTS(shape)),
                   false;
        if (in->shape[i] != 1 && in->shape[i] != shape.at[dims.at[i]])
            return base_fail(CT_TYPE_ERROR,
                             "%s operand dimension sizes must either be 1, or be equal to their "
                             "corresponding dimensions in the target "
                             "broadcast shape; got operand of shape %s, target broadcast shape %s, "
                             "broadcast_dimensions %s ",
                             o->name, SHAPE(in), INTS(shape), INTS(dims)),
                   false;
        if (ints_contain((ct_ints){i, dims.at}, dims.at[i]))
            return base_fail(CT_TYPE_ERROR,
                             "%s broadcast_dimensions must not contain duplicates, got "
                             "broadcast_dimensions %s",
                             o->name, INTS(dims)),
                   false;
    }
    *out = (aval){in->dtype, in->weak, (int32_t)shape.n, shape.at};
    return true;
}

static ct_status broadcast_kernel(const op *o, const void *params, int nin, const operand *in,
                                  int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    const params_broadcast_in_dim *p = params;
    size_t itemsize = dtype_table[in->aval.dtype].itemsize;
    int64_t count = shape_size(out->aval.ndim, out->aval.shape);
    if (shape_size(in->aval.ndim, in->aval.shape) == 1)
        return kernel_fill(count, itemsize, out->data, in->data), CT_OK;
    int_list from = byte_strides(&in->aval), to = byte_strides(&out->aval);
    int64_t source[MAX_NDIM] = {0};
    for (int64_t i = 0; i < p->broadcast_dimensions.n; i++)
        source[p->broadcast_dimensions.at[i]] = in->aval.shape[i] == 1 ? 0 : from.at[i];
    kernel_copy(out->aval.ndim, out->aval.shape, itemsize, out->data, to.at, in->data, source);
    return CT_OK;
}

/* Sums over the axes that repeat, and restores axes of size one. */
static bool broadcast_transpose(const op *o, const void *params, int nin, const ct_array *in,
                                const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)nout;
    const params_broadcast_in_dim *p = params;
    out[0] = NULL;
    if (!cts[0])
        return true;
    ct_scope scope = ct_begin();
    int_list unit = {.n = 0}, axes = {.n = 0};
    for (int d = 0; d < in_avals->ndim; d++)
        if (in_avals->shape[d] == 1)
            int_push(&unit, d);
    int_list kept = ints_without(p->broadcast_dimensions, ints_of(&unit));
    for (int64_t d = 0; d < p->shape.n; d++)
        if (!ints_contain(ints_of(&kept), d))
            int_push(&axes, d);
    int_list order = {.n = 0};
    for (int64_t i = 0; i < kept.n; i++) {
        int64_t rank = 0;
        for (int64_t j = 0; j < kept.n; j++)
            rank += kept.at[j] < kept.at[i];
        int_push(&order, rank);
    }
    out[0] = op_transpose(op_reduce_sum(cts[0], ints_of(&axes)), ints_of(&order));
    out[0] = op_expand_dims(out[0], ints_of(&unit));
    return ops_keep(scope, 1, out);
}

static bool broadcast_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                           const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)nin, (void)nout;
    const params_broadcast_in_dim *p = params;
    ct_scope scope = ct_begin();
    int_list shape = ints_insert(p->shape, 0, b.size), axes = {.n = 0};
    int_push(&axes, 0);
    for (int64_t i = 0; i < p->broadcast_dimensions.n; i++)
        int_push(&axes, p->broadcast_dimensions.at[i] + 1);
    out[0] = op_broadcast_in_dim(op_moveaxis(in[0], dims[0], 0), ints_of(&shape), ints_of(&axes));
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}

const op op_row_broadcast_in_dim = {.name = "broadcast_in_dim",
                                    .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                                    .code = OP_broadcast_in_dim,
                                    .operands = 1,
                                    .fields = fields_broadcast_in_dim,
                                    .nfields = nfields_broadcast_in_dim,
                                    .params_size = sizeof(params_broadcast_in_dim),
                                    .abstract = broadcast_abstract,
                                    .kernel = broadcast_kernel,
                                    .call = ops_call_in_place,
                                    .jvp = linear_jvp,
                                    .transpose = broadcast_transpose,
                                    .vmap = broadcast_vmap};

ct_array op_broadcast_in_dim(ct_array x, ct_ints shape, ct_ints broadcast_dimensions)
{
    if (is_poison(x) || (!x->aval.ndim && !shape.n))
        return x;
    params_broadcast_in_dim p = {.broadcast_dimensions = broadcast_dimensions, .shape = shape};
    return core_bind1(&op_row_broadcast_in_dim, &p, 1, &x);
}

ct_array op_expand_dims(ct_array x, ct_ints dimensions)
{
    if (is_poison(x) || !dimensions.n)
        return x;
    int_list shape = {.n = 0}, axes = {.n = 0};
    for (int64_t d = 0, from = 0; d < x->aval.ndim + dimensions.n; d++) {
        bool added = ints_contain(dimensions, d);
        if (!added)
            int_push(&axes, d);
        int_push(&shape, added ? 1 : x->aval.shape[from++]);
    }
    return op_broadcast_in_dim(x, ints_of(&shape), ints_of(&axes));
}
