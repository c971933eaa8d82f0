/* Running reductions along an axis: cumsum and its relatives. */
#include "ops/rules.h"

bool cumulative_abstract(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out, arena *a)
{
    (void)nin, (void)a;
    int64_t axis = ((const params_cumulative *)params)->axis;
    *nout = 1;
    *out = *in;
    if (!dtype_is((ct_dtype)in->dtype, elementwise_rows[o->code].dtypes))
        return base_fail(CT_TYPE_ERROR, "%s does not accept dtype %s. Accepted dtypes are subtypes of number.", o->name, DTYPE(in)), false;
    if (axis < 0 || axis >= in->ndim)
        return base_fail(CT_VALUE_ERROR, "axis %lld is out of bounds for array of shape %s", (long long)axis, SHAPE(in)), false;
    return true;
}

ct_status cumulative_kernel(const op *o, const void *params, int nin, const operand *in, int nout, operand *out)
{
    (void)nin, (void)nout;
    const params_cumulative *p = params;
    kernel_scan *f = kernel_cumulative(o->name, (ct_dtype)in->aval.dtype);
    if (!f)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s has no kernel for operands of dtype %s.", o->name, DTYPE(&in->aval));
    int64_t outer = shape_size(p->axis, in->aval.shape), n = in->aval.shape[p->axis];
    int64_t inner = shape_size(in->aval.ndim - p->axis - 1, in->aval.shape + p->axis + 1);
    f(outer, n, inner, out->data, in->data, p->reverse);
    return CT_OK;
}

bool cumulative_transpose(const op *o, const void *params, int nin, const ct_array *in, const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)nin, (void)in, (void)in_avals, (void)nout;
    const params_cumulative *p = params;
    if (o->code != OP_cumsum)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s is not linear and has no transpose.", o->name), false;
    out[0] = cts[0] ? op_cumsum(cts[0], p->axis, !p->reverse) : NULL;
    return !out[0] || !is_poison(out[0]);
}

bool cumulative_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in, const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b, (void)nout;
    params_cumulative p = *(const params_cumulative *)params;
    p.axis += p.axis >= dims[0];
    out[0] = core_bind1(o, &p, nin, in);
    out_dims[0] = dims[0];
    return !is_poison(out[0]);
}
