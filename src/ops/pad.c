/* pad: a value around and between the elements; negative amounts at the edges cut. padding_config
 * holds (low, high, interior) of every axis. */
#include "ops/rules.h"

typedef struct padding {
    int64_t low, high, interior;
} padding;
static padding padding_at(const params_pad *p, int64_t d)
{
    return (padding){p->padding_config.at[3 * d], p->padding_config.at[3 * d + 1],
                     p->padding_config.at[3 * d + 2]};
}

static bool pad_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    (void)nin;
    const params_pad *p = params;
    *nout = 1;
    if (in[0].dtype != in[1].dtype)
        return base_fail(CT_TYPE_ERROR,
                         "%s operand and padding_value must be same dtype: got %s and %s.", o->name,
                         DTYPE(&in[0]), DTYPE(&in[1])),
               false;
    if (in[1].ndim)
        return base_fail(CT_VALUE_ERROR,
                         "padding_value must be a scalar; got np.shape(padding_value)=%s",
                         SHAPE(&in[1])),
               false;
    if (p->padding_config.n != 3 * in[0].ndim)
        return base_fail(CT_VALUE_ERROR,
                         "length of padding_config must equal the number of axes of operand, got "
                         "padding_config %s for operand shape %s",
                         INTS(p->padding_config), SHAPE(&in[0])),
               false;
    int64_t *shape = ints_in(a, aval_shape(&in[0]));
    for (int d = 0; shape && d < in[0].ndim; d++) {
        padding e = padding_at(p, d);
        if (e.interior < 0)
            return base_fail(CT_VALUE_ERROR,
                             "interior padding in padding_config must be nonnegative, got "
                             "padding_config %s",
                             INTS(p->padding_config)),
                   false;
        shape[d] = e.low + e.high + (shape[d] ? shape[d] + (shape[d] - 1) * e.interior : 0);
        if (shape[d] < 0)
            return base_fail(CT_VALUE_ERROR,
                             "Dimension size after padding is not at least 0, got size %lld of "
                             "axis %d for padding_config %s and operand shape %s",
                             (long long)shape[d], d, INTS(p->padding_config), SHAPE(&in[0])),
                   false;
    }
    *out = (aval){in[0].dtype, in[0].weak && in[1].weak, in[0].ndim, shape};
    return shape;
}

static ct_status pad_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                            operand *out)
{
    (void)o, (void)nin, (void)nout;
    const params_pad *p = params;
    size_t itemsize = dtype_table[in->aval.dtype].itemsize;
    int_list from = byte_strides(&in->aval), to = byte_strides(&out->aval),
             shape = {.n = in->aval.ndim};
    const char *source = in->data;
    char *target = out->data;
    kernel_fill(shape_size(out->aval.ndim, out->aval.shape), itemsize, out->data, in[1].data);
    for (int d = 0; d < in->aval.ndim; d++) {
        padding e = padding_at(p, d);
        int64_t step = e.interior + 1, size = out->aval.shape[d];
        int64_t first =
            e.low < 0 ? (-e.low + step - 1) / step : 0; /* the first element that lands inside */
        int64_t end = size > e.low ? (size - e.low + step - 1) / step : 0;
        end = end < in->aval.shape[d] ? end : in->aval.shape[d];
        if (end <= first)
            return CT_OK;
        shape.at[d] = end - first;
        source += first * from.at[d];
        target += (e.low + first * step) * to.at[d];
        to.at[d] *= step;
    }
    kernel_copy(in->aval.ndim, shape.at, itemsize, target, to.at, source, from.at);
    return CT_OK;
}

/* Linear in operand and padding value together. */
static bool pad_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                    const ct_array *tangents, int nout, ct_array *out_primals,
                    ct_array *out_tangents)
{
    (void)nout;
    ct_scope scope = ct_begin();
    ct_array given = tangents[0] ? tangents[0] : tangents[1];
    ct_array both[2] = {tangents[0] ? tangents[0] : op_full_like(primals[0], 0),
                        tangents[1] ? tangents[1] : op_number(0, given)};
    ct_array values[2] = {core_bind1(o, params, nin, primals), core_bind1(o, params, 2, both)};
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

/* Cuts the edges off, then takes every (interior + 1)-th element. */
static ct_array unpad(ct_array ct, const params_pad *p)
{
    int64_t config[3 * MAX_NDIM], n = p->padding_config.n / 3;
    int_list start = {.n = n}, strides = {.n = n};
    for (int64_t d = 0; d < n; d++) {
        padding e = padding_at(p, d);
        config[3 * d] = -e.low, config[3 * d + 1] = -e.high, config[3 * d + 2] = 0;
        start.at[d] = 0, strides.at[d] = e.interior + 1;
    }
    ct_array cut = op_pad(ct, op_number(0, ct), (ct_ints){3 * n, config});
    return is_poison(cut)
               ? cut
               : op_slice(cut, ints_of(&start), aval_shape(&cut->aval), ints_of(&strides));
}

static ct_array total(ct_array x)
{
    int_list axes = ints_range(0, is_poison(x) ? 0 : x->aval.ndim);
    return op_reduce_sum(x, ints_of(&axes));
}

static bool pad_transpose(const op *o, const void *params, int nin, const ct_array *in,
                          const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in_avals, (void)nout;
    out[0] = out[1] = NULL;
    if (!cts[0])
        return true;
    ct_scope scope = ct_begin();
    ct_array inside = unpad(cts[0], params);
    if (!in[0])
        out[0] = inside;
    if (!in[1])
        out[1] = sub(total(cts[0]), total(inside));
    return ops_keep(scope, 2, out);
}

static bool pad_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                     const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o, (void)nin, (void)nout;
    const params_pad *p = params;
    ct_scope scope = ct_begin();
    int dim = dims[0] == NOT_MAPPED ? 0 : dims[0];
    ct_array x = dims[0] == NOT_MAPPED ? batch_front(in[0], NOT_MAPPED, b.size) : in[0];
    int64_t config[3 * MAX_NDIM] = {0}, n = p->padding_config.n / 3;
    for (int64_t d = 0; d < n; d++)
        memcpy(config + 3 * (d + (d >= dim)), p->padding_config.at + 3 * d, 3 * sizeof *config);
    config[3 * dim] = config[3 * dim + 1] = config[3 * dim + 2] = 0;
    ct_ints wide = {3 * (n + 1), config};
    out_dims[0] = dim;
    if (dims[1] == NOT_MAPPED) {
        out[0] = op_pad(x, in[1], wide);
    } else {
        ct_array padded = op_pad(x, op_number(0, x), wide);
        aval bools = {CT_BOOL, false, x->aval.ndim, x->aval.shape};
        ct_array inside = op_pad(op_full(&bools, 1), array_scalar(CT_BOOL, false, 0), wide);
        ct_array value = is_poison(padded)
                             ? padded
                             : op_broadcast_in_dim(in[1], aval_shape(&padded->aval), I(dim));
        out[0] = select(inside, padded, value);
    }
    return ops_keep(scope, 1, out);
}

const op op_row_pad = {.name = "pad",
                       .flags = OP_LINEAR | OP_DATA_MOVEMENT,
                       .code = OP_pad,
                       .operands = 2,
                       .fields = fields_pad,
                       .nfields = nfields_pad,
                       .params_size = sizeof(params_pad),
                       .abstract = pad_abstract,
                       .kernel = pad_kernel,
                       .jvp = pad_jvp,
                       .transpose = pad_transpose,
                       .vmap = pad_vmap};

ct_array op_pad(ct_array x, ct_array value, ct_ints low_high_interior)
{
    return core_bind1(&op_row_pad, &(params_pad){.padding_config = low_high_interior}, 2,
                      (ct_array[]){x, value});
}
