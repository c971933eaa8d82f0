/* Derivatives and batching of convolutions: convolutions again.
 *
 * With m the batch, j the features in and k those out, a convolution contracts [m, j] [j, k] -> [m,
 * k]. The cotangent of the left side contracts [m, k] [k, j], that of the right side [j, m] [m, k],
 * so the layouts change roles; strides and dilations do, too. A mapped axis becomes more batch,
 * more features, or groups. */
#include "ops/structured.h"

bool jvp_conv(const op *o, const void *params, int nin, const ct_array *primals,
              const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents)
{
    (void)o, (void)nin, (void)nout;
    out_primals[0] = op_conv(primals[0], primals[1], params);
    ct_array by_x = tangents[0] ? op_conv(tangents[0], primals[1], params) : NULL;
    ct_array by_kernel = tangents[1] ? op_conv(primals[0], tangents[1], params) : NULL;
    out_tangents[0] = by_x && by_kernel ? op_add_any(by_x, by_kernel) : by_x ? by_x : by_kernel;
    return !is_poison(out_primals[0]) && !is_poison(out_tangents[0]);
}

/* ---- axes that merge and split ---- */

/* Merges axis src into axis dst, counted without src; src varies slower. */
static ct_array axis_into(int64_t src, int64_t dst, ct_array x)
{
    if (is_poison(x))
        return x;
    int_list all = ints_range(0, x->aval.ndim),
             rest = ints_without(ints_of(&all), (ct_ints){1, &src}),
             order = ints_insert(ints_of(&rest), dst, src);
    int_list shape = ints_without(aval_shape(&x->aval), (ct_ints){1, &src});
    shape.at[dst] *= x->aval.shape[src];
    if (src != dst)
        x = op_transpose(x, ints_of(&order));
    return op_reshape(x, ints_of(&shape));
}

/* Splits axis src into (size, rest). */
static ct_array axis_out_of(int64_t src, int64_t size, ct_array x)
{
    if (is_poison(x))
        return x;
    int_list shape = ints_insert(aval_shape(&x->aval), src, size);
    shape.at[src + 1] /= size ? size : 1;
    return op_reshape(x, ints_of(&shape));
}

/* ---- transposes ---- */

static int_list swapped(ct_ints spec)
{
    int_list l;
    l.n = spec.n;
    memcpy(l.at, spec.at, (size_t)spec.n * sizeof *l.at);
    l.at[0] = spec.at[1];
    l.at[1] = spec.at[0];
    return l;
}

static ct_array to_type(ct_array x, ct_dtype dtype)
{
    return is_poison(x) ? x : op_convert(x, dtype, false);
}

static ct_array transpose_left(ct_array ct, const aval *x, ct_array kernel, const params_conv *p)
{
    const conv_dims *d = &p->dimension_numbers;
    window_axis axes[MAX_NDIM];
    if (!conv_axes(p, x, &kernel->aval, axes))
        return array_poison;
    int64_t groups = p->feature_group_count > 1 ? p->feature_group_count : p->batch_group_count;
    if (groups > 1) {
        kernel = axis_out_of(d->rhs_spec.at[0], groups, kernel);
        kernel = axis_into(d->rhs_spec.at[0], d->rhs_spec.at[1], kernel);
    }
    int_list padding = window_transposed_padding(x->ndim - 2, axes),
             rhs_spec = swapped(d->rhs_spec);
    ct_ints spatial = {d->rhs_spec.n - 2, d->rhs_spec.at + 2};
    if (spatial.n)
        kernel = op_rev(kernel, spatial);
    params_conv q = *p;
    q.dimension_numbers = (conv_dims){d->out_spec, ints_of(&rhs_spec), d->lhs_spec};
    q.feature_group_count = groups;
    q.batch_group_count = 1;
    q.window_strides = p->lhs_dilation;
    q.lhs_dilation = p->window_strides;
    q.padding = ints_of(&padding);
    ct_array out =
        to_type(op_conv(ct, to_type(kernel, (ct_dtype)ct->aval.dtype), &q), (ct_dtype)x->dtype);
    if (p->batch_group_count > 1) {
        out = axis_out_of(d->lhs_spec.at[1], groups, out);
        out = axis_into(d->lhs_spec.at[1], d->lhs_spec.at[0], out);
    }
    return out;
}

static ct_array transpose_right(ct_array ct, ct_array x, const aval *kernel, const params_conv *p)
{
    const conv_dims *d = &p->dimension_numbers;
    window_axis axes[MAX_NDIM];
    if (!conv_axes(p, &x->aval, kernel, axes))
        return array_poison;
    if (shape_size(ct->aval.ndim, ct->aval.shape) == 0)
        return NULL;
    int_list lhs = swapped(d->lhs_spec), rhs = swapped(d->out_spec),
             out_spec = swapped(d->rhs_spec), padding;
    padding.n = p->padding.n;
    for (int i = 0; i < kernel->ndim - 2; i++) {
        const window_axis *w = &axes[i];
        int64_t in = w->in ? (w->in - 1) * w->dilation + 1 : 0,
                window = w->size ? (w->size - 1) * w->spread + 1 : 0,
                out = (w->out - 1) * w->stride + 1;
        padding.at[2 * i] = w->low;
        padding.at[2 * i + 1] = out - in + window - w->low - 1;
    }
    params_conv q = *p;
    q.dimension_numbers = (conv_dims){ints_of(&lhs), ints_of(&rhs), ints_of(&out_spec)};
    q.feature_group_count = p->batch_group_count;
    q.batch_group_count = p->feature_group_count;
    q.window_strides = p->rhs_dilation;
    q.rhs_dilation = p->window_strides;
    q.padding = ints_of(&padding);
    return to_type(op_conv(to_type(x, (ct_dtype)ct->aval.dtype), ct, &q), (ct_dtype)kernel->dtype);
}

bool transpose_conv(const op *o, const void *params, int nin, const ct_array *in,
                    const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)nout;
    out[0] = out[1] = NULL;
    if (!cts[0])
        return true;
    int side = in[0] ? 1 : 0;
    if (side == 0 && !in[1]) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "conv_general_dilated cannot be transposed in both operands at once.");
        return false;
    }
    out[side] = side ? transpose_right(cts[0], in[0], &in_avals[1], params)
                     : transpose_left(cts[0], &in_avals[0], in[1], params);
    return !(out[side] && is_poison(out[side]));
}

/* ---- batching ---- */

static ct_array map_both(const params_conv *p, int64_t size, ct_array x, int x_dim, ct_array kernel,
                         int kernel_dim)
{
    const conv_dims *d = &p->dimension_numbers;
    params_conv q = *p;
    if (p->batch_group_count > 1) {
        x = axis_into(x_dim, d->lhs_spec.at[0], x);
        q.batch_group_count *= size;
    } else {
        x = axis_into(x_dim, d->lhs_spec.at[1], x);
        q.feature_group_count *= size;
    }
    kernel = axis_into(kernel_dim, d->rhs_spec.at[0], kernel);
    return axis_out_of(d->out_spec.at[1], size, op_conv(x, kernel, &q));
}

static ct_array map_left(const params_conv *p, int64_t size, ct_array x, int dim, ct_array kernel)
{
    int64_t axis = p->dimension_numbers.lhs_spec.at[0];
    if (p->batch_group_count == 1) {
        x = axis_into(dim, axis, x);
    } else { /* groups stay outermost */
        x = axis_out_of(axis + (dim <= axis), p->batch_group_count, x);
        x = axis_into(dim + (axis < dim), axis + 1, x);
        x = axis_into(axis, axis, x);
    }
    return axis_out_of(p->dimension_numbers.out_spec.at[0], size, op_conv(x, kernel, p));
}

static ct_array map_right(const params_conv *p, int64_t size, ct_array x, ct_array kernel, int dim)
{
    int64_t axis = p->dimension_numbers.rhs_spec.at[0],
            out_axis = p->dimension_numbers.out_spec.at[1];
    int64_t groups = p->feature_group_count > 1 ? p->feature_group_count : p->batch_group_count;
    if (groups == 1)
        return axis_out_of(out_axis, size, op_conv(x, axis_into(dim, axis, kernel), p));
    kernel = axis_out_of(axis + (dim <= axis), groups, kernel);
    kernel = axis_into(dim + (axis < dim), axis + 1, kernel);
    kernel = axis_into(axis, axis, kernel);
    ct_array out = axis_out_of(out_axis, groups, op_conv(x, kernel, p));
    out = axis_out_of(out_axis + 1, size, out);
    return axis_into(out_axis, out_axis + 1, out);
}

/* No room for a mapped axis of no elements among batch and features: the result is as empty. */
static ct_array map_nothing(const op *o, const params_conv *p, const ct_array *in, const int *dims)
{
    arena room = {0};
    aval avals[2], out;
    int_list shapes[2], result;
    int nout = 1;
    for (int i = 0; i < 2; i++) {
        avals[i] = in[i]->aval;
        if (dims[i] == NOT_MAPPED)
            continue;
        shapes[i] = ints_without(aval_shape(&in[i]->aval), (ct_ints){1, &(int64_t){dims[i]}});
        avals[i].ndim--;
        avals[i].shape = shapes[i].at;
    }
    bool good = o->abstract(o, p, 2, avals, &nout, &out, &room);
    if (good) {
        result = ints_insert(aval_shape(&out), 0, 0);
        out.ndim++;
        out.shape = result.at;
    }
    arena_free(&room);
    return good ? op_full(&out, 0) : array_poison;
}

bool vmap_conv(const op *o, const void *params, batch b, int nin, const ct_array *in,
               const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)nin, (void)nout;
    const params_conv *p = params;
    const conv_dims *d = &p->dimension_numbers;
    bool x_mapped = dims[0] != NOT_MAPPED, kernel_mapped = dims[1] != NOT_MAPPED;
    out_dims[0] = (int)d->out_spec.at[kernel_mapped];
    if (b.size == 0) {
        out[0] = map_nothing(o, p, in, dims);
        out_dims[0] = 0;
    } else if (x_mapped && kernel_mapped)
        out[0] = map_both(p, b.size, in[0], dims[0], in[1], dims[1]);
    else if (x_mapped)
        out[0] = map_left(p, b.size, in[0], dims[0], in[1]);
    else
        out[0] = map_right(p, b.size, in[0], in[1], dims[1]);
    return !is_poison(out[0]);
}
