/* reshape and squeeze: the same elements in the same order under another shape. Eagerly a result
 * shares its operand's memory. */
#include "ops/rules.h"

static ct_status reshape_kernel(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    memcpy(out->data, in->data,
           (size_t)shape_size(in->aval.ndim, in->aval.shape) *
               dtype_table[in->aval.dtype].itemsize);
    return CT_OK;
}

/* ---- reshape ---- */

static bool reshape_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)nin, (void)a;
    ct_ints sizes = ((const params_reshape *)params)->new_sizes;
    int64_t count = 1;
    *nout = 1;
    for (int64_t i = 0; i < sizes.n; i++)
        if (sizes.at[i] < 0 || !base_mul(count, sizes.at[i], &count))
            return base_fail(CT_TYPE_ERROR, "%s new_sizes must all be positive, got %s.", o->name,
                             INTS(sizes)),
                   false;
    if (count != shape_size(in->ndim, in->shape) || sizes.n > MAX_NDIM)
        return base_fail(CT_TYPE_ERROR,
                         "cannot reshape array of shape %s (size %lld) into shape %s (size %lld)",
                         SHAPE(in), (long long)shape_size(in->ndim, in->shape), INTS(sizes),
                         (long long)count),
               false;
    *out = (aval){in->dtype, in->weak, (int32_t)sizes.n, sizes.at};
    return true;
}

static bool reshape_transpose(const op *o, const void *params, int nin, const ct_array *in,
                              const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)in, (void)nout;
    out[0] = cts[0] ? op_reshape(cts[0], aval_shape(in_avals)) : NULL;
    return ops_good(out[0]);
}

static bool reshape_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                         const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)nin, (void)nout;
    ct_scope scope = ct_begin();
    int_list shape = ints_insert(((const params_reshape *)params)->new_sizes, 0, b.size);
    out[0] = op_reshape(op_moveaxis(in[0], dims[0], 0), ints_of(&shape));
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}

const op op_row_reshape = {.name = "reshape",
                           .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                           .code = OP_reshape,
                           .operands = 1,
                           .fields = fields_reshape,
                           .nfields = nfields_reshape,
                           .params_size = sizeof(params_reshape),
                           .abstract = reshape_abstract,
                           .kernel = reshape_kernel,
                           .call = ops_call_in_place,
                           .jvp = linear_jvp,
                           .transpose = reshape_transpose,
                           .vmap = reshape_vmap};

ct_array op_reshape(ct_array x, ct_ints new_sizes)
{
    if (is_poison(x) || (x->aval.ndim && ints_equal(aval_shape(&x->aval), new_sizes)))
        return x;
    return core_bind1(&op_row_reshape, &(params_reshape){.new_sizes = new_sizes}, 1, &x);
}

/* ---- squeeze ---- */

static bool squeeze_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)o, (void)nin;
    ct_ints dims = ((const params_squeeze *)params)->dimensions;
    *nout = 1;
    for (int64_t i = 0; i < dims.n; i++) {
        if (dims.at[i] < 0 || dims.at[i] >= in->ndim)
            return base_fail(CT_VALUE_ERROR, "dimensions outside range [0, ndim): %s", INTS(dims)),
                   false;
        if (ints_contain((ct_ints){i, dims.at}, dims.at[i]))
            return base_fail(CT_VALUE_ERROR, "dimensions are not unique: %s", INTS(dims)), false;
        if (in->shape[dims.at[i]] != 1)
            return base_fail(CT_VALUE_ERROR,
                             "cannot select an axis to squeeze out which has size not equal to "
                             "one, got shape=%s and dimensions=%s",
                             SHAPE(in), INTS(dims)),
                   false;
    }
    int_list kept = ints_without(aval_shape(in), dims);
    *out = (aval){in->dtype, in->weak, (int32_t)kept.n, ints_in(a, ints_of(&kept))};
    return out->shape;
}

static bool squeeze_transpose(const op *o, const void *params, int nin, const ct_array *in,
                              const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)in_avals, (void)nout;
    out[0] = cts[0] ? op_expand_dims(cts[0], ((const params_squeeze *)params)->dimensions) : NULL;
    return ops_good(out[0]);
}

static bool squeeze_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                         const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)b, (void)nin, (void)nout;
    ct_scope scope = ct_begin();
    int_list axes = ints_shifted(((const params_squeeze *)params)->dimensions, 0);
    out[0] = op_squeeze(op_moveaxis(in[0], dims[0], 0), ints_of(&axes));
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}

const op op_row_squeeze = {.name = "squeeze",
                           .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                           .code = OP_squeeze,
                           .operands = 1,
                           .fields = fields_squeeze,
                           .nfields = nfields_squeeze,
                           .params_size = sizeof(params_squeeze),
                           .abstract = squeeze_abstract,
                           .kernel = reshape_kernel,
                           .call = ops_call_in_place,
                           .jvp = linear_jvp,
                           .transpose = squeeze_transpose,
                           .vmap = squeeze_vmap};

ct_array op_squeeze(ct_array x, ct_ints dimensions)
{
    if (is_poison(x) || !dimensions.n)
        return x;
    return core_bind1(&op_row_squeeze, &(params_squeeze){.dimensions = dimensions}, 1, &x);
}
