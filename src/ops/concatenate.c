/* concatenate and its inverse, split. Next: stack.c, which adds an axis instead. */
#include "ops/rules.h"

/* ---- copying a block of an array along one axis ---- */

/* Copies `block`, whose size along axis is its own, to or from the place `start` along axis of
 * `whole`. */
static void copy_block(const operand *whole, const operand *block, int64_t axis, int64_t start,
                       bool into_whole)
{
    int_list strides = byte_strides(&whole->aval), own = byte_strides(&block->aval);
    char *at = (char *)whole->data + start * strides.at[axis];
    size_t itemsize = dtype_table[whole->aval.dtype].itemsize;
    if (into_whole)
        kernel_copy(block->aval.ndim, block->aval.shape, itemsize, at, strides.at, block->data,
                    own.at);
    else
        kernel_copy(block->aval.ndim, block->aval.shape, itemsize, block->data, own.at, at,
                    strides.at);
}

/* ---- concatenate ---- */

static bool concatenate_check(const op *o, int64_t axis, int nin, const aval *in)
{
    if (!nin)
        return base_fail(CT_TYPE_ERROR, "%s expects at least one operand, got 0.", o->name), false;
    if (axis < 0 || axis >= in[0].ndim)
        return base_fail(CT_TYPE_ERROR, "%s dimension out of bounds: dimension %lld for shapes %s.",
                         o->name, (long long)axis, SHAPE(&in[0])),
               false;
    for (int i = 1; i < nin; i++) {
        if (in[i].ndim != in[0].ndim)
            return base_fail(CT_TYPE_ERROR,
                             "Cannot concatenate arrays with different numbers of dimensions: got "
                             "%s, %s.",
                             SHAPE(&in[0]), SHAPE(&in[i])),
                   false;
        for (int d = 0; d < in[0].ndim; d++)
            if (d != axis && in[i].shape[d] != in[0].shape[d])
                return base_fail(CT_TYPE_ERROR,
                                 "Cannot concatenate arrays with shapes that differ in dimensions "
                                 "other than the one being concatenated: "
                                 "concatenating along dimension %lld for shapes %s, %s.",
                                 (long long)axis, SHAPE(&in[0]), SHAPE(&in[i])),
                       false;
    }
    return families_check_dtypes(o, STORED, nin, in, true);
}

static bool concatenate_abstract(const op *o, const void *params, int nin, const aval *in,
                                 int *nout, aval *out, arena *a)
{
    int64_t axis = ((const params_concatenate *)params)->dimension, *shape;
    *nout = 1;
    if (!concatenate_check(o, axis, nin, in) || !(shape = ints_in(a, aval_shape(&in[0]))))
        return false;
    *out = (aval){in[0].dtype, true, in[0].ndim, shape};
    shape[axis] = 0;
    for (int i = 0; i < nin; i++) {
        shape[axis] += in[i].shape[axis];
        out->weak &= in[i].weak;
    }
    return true;
}

static ct_status concatenate_kernel(const op *o, const void *params, int nin, const operand *in,
                                    int nout, operand *out)
{
    (void)o, (void)nout;
    int64_t axis = ((const params_concatenate *)params)->dimension, start = 0;
    for (int i = 0; i < nin; i++) {
        copy_block(out, &in[i], axis, start, true);
        start += in[i].aval.shape[axis];
    }
    return CT_OK;
}

/* Linear in all operands: missing tangents are zeros. */
static bool concatenate_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                            const ct_array *tangents, int nout, ct_array *out_primals,
                            ct_array *out_tangents)
{
    ct_scope scope = ct_begin();
    ct_array values[2] = {core_bind1(o, params, nin, primals), NULL},
             *full = base_alloc((size_t)nin * sizeof *full);
    (void)nout;
    for (int i = 0; full && i < nin; i++)
        full[i] = tangents[i] ? tangents[i] : op_full_like(primals[i], 0);
    values[1] = full ? core_bind1(o, params, nin, full) : array_poison;
    base_free(full);
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

static bool concatenate_transpose(const op *o, const void *params, int nin, const ct_array *in,
                                  const aval *in_avals, int nout, const ct_array *cts,
                                  ct_array *out)
{
    (void)o, (void)nout;
    int64_t axis = ((const params_concatenate *)params)->dimension,
            *sizes = base_alloc((size_t)nin * sizeof *sizes);
    if (!sizes)
        return false;
    for (int i = 0; i < nin; i++)
        sizes[i] = in_avals[i].shape[axis], out[i] = NULL;
    if (cts[0])
        op_split(cts[0], (ct_ints){nin, sizes}, axis, out);
    base_free(sizes);
    for (int i = 0; i < nin; i++)
        if (in[i])
            out[i] = NULL;
        else if (!ops_good(out[i]))
            return false;
    return true;
}

static bool concatenate_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                             const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)nout;
    params_concatenate p = {.dimension = ((const params_concatenate *)params)->dimension + 1};
    ct_scope scope = ct_begin();
    ct_array *moved = base_alloc((size_t)nin * sizeof *moved);
    for (int i = 0; moved && i < nin; i++)
        moved[i] = batch_front(in[i], dims[i], b.size);
    out[0] = moved ? core_bind1(o, &p, nin, moved) : array_poison;
    base_free(moved);
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}

const op op_row_concatenate = {.name = "concatenate",
                               .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                               .code = OP_concatenate,
                               .operands = ANY_OPERANDS,
                               .fields = fields_concatenate,
                               .nfields = nfields_concatenate,
                               .params_size = sizeof(params_concatenate),
                               .abstract = concatenate_abstract,
                               .kernel = concatenate_kernel,
                               .jvp = concatenate_jvp,
                               .transpose = concatenate_transpose,
                               .vmap = concatenate_vmap};

ct_array op_concatenate(int64_t n, const ct_array *xs, int64_t dimension)
{
    if (n == 1)
        return xs[0];
    return core_bind1(&op_row_concatenate, &(params_concatenate){.dimension = dimension}, (int)n,
                      xs);
}

/* ---- split ---- */

static bool split_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)nin;
    const params_split *p = params;
    int64_t sum = 0;
    if (p->axis < 0 || p->axis >= in->ndim)
        return base_fail(CT_VALUE_ERROR, "%s axis %lld is out of bounds for operand shape %s.",
                         o->name, (long long)p->axis, SHAPE(in)),
               false;
    for (int64_t i = 0; i < p->sizes.n; i++) {
        if (p->sizes.at[i] < 0)
            return base_fail(CT_VALUE_ERROR, "Sizes passed to split must be nonnegative, got %s",
                             INTS(p->sizes)),
                   false;
        sum += p->sizes.at[i];
    }
    if (sum != in->shape[p->axis])
        return base_fail(
                   CT_VALUE_ERROR,
                   "Sum of sizes %lld must be equal to dimension %lld of the operand shape %s",
                   (long long)sum, (long long)p->axis, SHAPE(in)),
               false;
    *nout = (int)p->sizes.n;
    for (int i = 0; i < *nout; i++) {
        int64_t *shape = ints_in(a, aval_shape(in));
        if (!shape)
            return false;
        shape[p->axis] = p->sizes.at[i];
        out[i] = (aval){in->dtype, in->weak, in->ndim, shape};
    }
    return true;
}

static ct_status split_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)nin;
    int64_t axis = ((const params_split *)params)->axis, start = 0;
    for (int i = 0; i < nout; i++) {
        copy_block(in, &out[i], axis, start, false);
        start += out[i].aval.shape[axis];
    }
    return CT_OK;
}

static bool split_transpose(const op *o, const void *params, int nin, const ct_array *in,
                            const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in;
    const params_split *p = params;
    ct_scope scope = ct_begin();
    ct_array *parts = base_alloc((size_t)nout * sizeof *parts);
    bool any = false;
    int_list shape = ints_insert(aval_shape(in_avals), -1, 0);
    for (int i = 0; parts && i < nout; i++) {
        shape.at[p->axis] = p->sizes.at[i];
        aval part = {in_avals->dtype, false, in_avals->ndim, shape.at};
        parts[i] = cts[i] ? cts[i] : op_full(&part, 0);
        any |= cts[i] != NULL;
    }
    out[0] = !parts ? array_poison : any ? op_concatenate(nout, parts, p->axis) : NULL;
    base_free(parts);
    return ops_keep(scope, 1, out);
}

static bool split_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    params_split p = *(const params_split *)params;
    p.axis += p.axis >= dims[0];
    return same_dim_vmap(o, &p, b, nin, in, dims, nout, out, out_dims);
}

const op op_row_split = {.name = "split",
                         .flags = OP_LINEAR | OP_DATA_MOVEMENT | OP_MULTIPLE,
                         .code = OP_split,
                         .operands = 1,
                         .fields = fields_split,
                         .nfields = nfields_split,
                         .params_size = sizeof(params_split),
                         .abstract = split_abstract,
                         .kernel = split_kernel,
                         .jvp = linear_jvp,
                         .transpose = split_transpose,
                         .vmap = split_vmap};

void op_split(ct_array x, ct_ints sizes, int64_t axis, ct_array *out)
{
    core_bind(&op_row_split, &(params_split){.axis = axis, .sizes = sizes}, 1, &x, (int)sizes.n,
              out);
}
