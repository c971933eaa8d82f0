/* argmin and argmax: where the first extreme is along one axis. NaN counts as the extreme. */
#include "ops/rules.h"

static bool arg_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    const params_arg *p = params;
    *nout = 1;
    if (!families_check_dtypes(o, ORDERED, nin, in, false))
        return false;
    if (!dtype_is(p->index_dtype, INTEGER))
        return base_fail(CT_TYPE_ERROR, "index_dtype must be an integer type, but got %s",
                         dtype_table[p->index_dtype].name),
               false;
    if (p->axes.n != 1 || p->axes.at[0] < 0 || p->axes.at[0] >= in->ndim)
        return base_fail(CT_VALUE_ERROR, "Invalid axis %s for operand shape %s", INTS(p->axes),
                         SHAPE(in)),
               false;
    if (in->shape[p->axes.at[0]] < 1)
        return base_fail(CT_VALUE_ERROR,
                         "argmin and argmax require non-empty reduced dimension. operand.shape=%s "
                         "axis=%lld",
                         SHAPE(in), (long long)p->axes.at[0]),
               false;
    int_list shape = ints_without(aval_shape(in), p->axes);
    *out = (aval){(uint8_t)p->index_dtype, false, in->ndim - 1, ints_in(a, ints_of(&shape))};
    return out->shape;
}

static ct_status arg_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                            operand *out)
{
    if (ops_narrow((ct_dtype)in[0].aval.dtype))
        return ops_widened(o, params, nin, in, nout, out);
    const params_arg *p = params;
    int64_t outer, n, inner, axis = p->axes.at[0],
                             total = shape_size(out->aval.ndim, out->aval.shape);
    outer = shape_size(axis, in->aval.shape), n = in->aval.shape[axis],
    inner = shape_size(in->aval.ndim - axis - 1, in->aval.shape + axis + 1);
    kernel_reduction *f = kernel_arg(o->name, (ct_dtype)in->aval.dtype, p->index_dtype);
    if (f)
        return f(outer, n, inner, out->data, in->data), CT_OK;
    f = kernel_arg(o->name, (ct_dtype)in->aval.dtype, CT_INT64);
    if (!f)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s has no kernel for operands of dtype %s.",
                         o->name, DTYPE(&in->aval));
    int64_t *wide = base_alloc((size_t)total * sizeof *wide + 1);
    if (!wide)
        return ct_error_code();
    f(outer, n, inner, wide, in->data);
    kernel_convert(CT_INT64, p->index_dtype)(total, out->data, (const void *[]){wide},
                                             (const int64_t[]){1});
    base_free(wide);
    return CT_OK;
}

static bool arg_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                     const int *dims, int nout, ct_array *out, int *out_dims)
{
    params_arg p = *(const params_arg *)params;
    int_list axes = ints_shifted(p.axes, dims[0]);
    p.axes = ints_of(&axes);
    bool good = same_dim_vmap(o, &p, b, nin, in, dims, nout, out, out_dims);
    out_dims[0] -= axes.at[0] < dims[0];
    return good;
}

#define ARG(row)                                                                                   \
    const op op_row_##row = {.name = #row,                                                         \
                             .code = OP_##row,                                                     \
                             .operands = 1,                                                        \
                             .fields = fields_arg,                                                 \
                             .nfields = nfields_arg,                                               \
                             .params_size = sizeof(params_arg),                                    \
                             .abstract = arg_abstract,                                             \
                             .kernel = arg_kernel,                                                 \
                             .jvp = zero_jvp,                                                      \
                             .vmap = arg_vmap};
ARG(argmin)
ARG(argmax)

ct_array op_argmin(ct_array x, int64_t axis, ct_dtype index_dtype)
{
    return core_bind1(&op_row_argmin, &(params_arg){.axes = {1, &axis}, .index_dtype = index_dtype},
                      1, &x);
}

ct_array op_argmax(ct_array x, int64_t axis, ct_dtype index_dtype)
{
    return core_bind1(&op_row_argmax, &(params_arg){.axes = {1, &axis}, .index_dtype = index_dtype},
                      1, &x);
}
