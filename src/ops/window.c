/* reduce_window_sum, _max and _min: reductions over windows that slide over an array, with padding,
 * strides and dilations. Pooling is made of them.
 *
 * The derivative of the extremes picks an element of each window: window_select.c. */
#include "kernel/kernel.h"
#include "ops/structured.h"

/* ---- geometry ---- */

int64_t window_out(const window_axis *w)
{
    int64_t dilated = w->in ? (w->in - 1) * w->dilation + 1 : 0,
            covered = (w->size - 1) * w->spread + 1, padded = dilated + w->low + w->high;
    return padded < covered ? 0 : (padded - covered) / w->stride + 1;
}

static bool check_positive(const op *o, const char *what, ct_ints list, int64_t ndim,
                           ct_ints dimensions)
{
    if (list.n != ndim) {
        base_fail(
            CT_TYPE_ERROR,
            "%s got inconsistent %s and window_dimensions: got %s %s and window_dimensions %s.",
            o->name, what, what, INTS(list), INTS(dimensions));
        return false;
    }
    for (int64_t i = 0; i < ndim; i++)
        if (list.at[i] < 1) {
            base_fail(CT_TYPE_ERROR, "%s %s must have every element be strictly positive, got %s.",
                      o->name, what, INTS(list));
            return false;
        }
    return true;
}

bool window_axes(const op *o, const params_window *p, const aval *x, window_axis *axes)
{
    ct_ints size = p->window_dimensions;
    if (size.n != x->ndim) {
        base_fail(CT_TYPE_ERROR,
                  "%s got the wrong number of window_dimensions for operand: got operand shape %s "
                  "with window_dimensions %s.",
                  o->name, SHAPE(x), INTS(size));
        return false;
    }
    if (p->padding.n != 2 * size.n) {
        base_fail(
            CT_VALUE_ERROR,
            "%s takes one pair of paddings an axis: got %lld numbers for window_dimensions %s.",
            o->name, (long long)p->padding.n, INTS(size));
        return false;
    }
    if (!check_positive(o, "window_dimensions", size, size.n, size) ||
        !check_positive(o, "window_strides", p->window_strides, size.n, size) ||
        !check_positive(o, "base_dilation", p->base_dilation, size.n, size) ||
        !check_positive(o, "window_dilation", p->window_dilation, size.n, size))
        return false;
    for (int i = 0; i < x->ndim; i++) {
        axes[i] = (window_axis){x->shape[i],
                                0,
                                size.at[i],
                                p->window_strides.at[i],
                                p->padding.at[2 * i],
                                p->padding.at[2 * i + 1],
                                p->base_dilation.at[i],
                                p->window_dilation.at[i]};
        axes[i].out = window_out(&axes[i]);
    }
    return true;
}

int_list window_transposed_padding(int ndim, const window_axis *axes)
{
    int_list padding;
    padding.n = 2 * ndim;
    for (int i = 0; i < ndim; i++) {
        const window_axis *w = &axes[i];
        int64_t in = w->in ? (w->in - 1) * w->dilation + 1 : 0,
                window = (w->size - 1) * w->spread + 1,
                out = w->out ? (w->out - 1) * w->stride + 1 : 0;
        padding.at[2 * i] = window - w->low - 1;
        padding.at[2 * i + 1] = in + window - 1 - out - padding.at[2 * i];
    }
    return padding;
}

static bool abstract_window(const op *o, const void *params, int nin, const aval *in, int *nout,
                            aval *out, arena *a)
{
    (void)nin;
    window_axis axes[MAX_NDIM];
    if (!families_check_dtypes(o, o->code == OP_reduce_window_sum ? NUMBER : ORDERED, 1, in,
                               false) ||
        !window_axes(o, params, &in[0], axes))
        return false;
    int64_t *shape = ints_in(a, aval_shape(&in[0]));
    if (!shape)
        return false;
    for (int i = 0; i < in[0].ndim; i++)
        shape[i] = axes[i].out;
    *nout = 1;
    out[0] = (aval){in[0].dtype, in[0].weak, in[0].ndim, shape};
    return true;
}

/* ---- the kernel: rows of the result are combined with rows of the operand, one window element
 * after another ---- */

typedef struct window_run {
    window_axis axes[MAX_NDIM];
    int ndim;      /* axes that windows move over; what lies behind them is one block */
    int64_t block; /* elements */
    size_t itemsize;
    const char *in;
    char *out;
    kernel_map *combine;
    char identity[16];
    ct_status status;
} window_run;

/* Elements of the last axis: those of the result whose window has its k-th element inside x are
 * combined with it. */
static void combine_row(const window_run *r, const window_axis *w, const char *in, char *out,
                        int64_t k, char *scratch)
{
    static const int64_t steps[2] = {1, 1};
    size_t bytes = (size_t)r->block * r->itemsize;
    if (r->block == 1 &&
        w->dilation == 1) { /* a whole row at once: those o with 0 <= o * stride + shift < in */
        int64_t shift = k * w->spread - w->low,
                first = shift >= 0 ? 0 : (-shift + w->stride - 1) / w->stride;
        int64_t last = w->in - 1 - shift < 0 ? -1 : (w->in - 1 - shift) / w->stride,
                n = (last < w->out - 1 ? last : w->out - 1) - first + 1;
        if (n <= 0)
            return;
        const char *from = in + (size_t)(first * w->stride + shift) * bytes;
        if (w->stride != 1) {
            kernel_copy(1, &n, bytes, scratch, &(int64_t){(int64_t)bytes}, from,
                        &(int64_t){w->stride * (int64_t)bytes});
            from = scratch;
        }
        char *to = out + (size_t)first * bytes;
        r->combine(n, to, (const void *const[]){to, from}, steps);
        return;
    }
    for (int64_t o = 0; o < w->out; o++) {
        int64_t at = window_at(w, o, k);
        char *to = out + (size_t)o * bytes;
        if (at >= 0)
            r->combine(r->block, to, (const void *const[]){to, in + (size_t)at * bytes}, steps);
    }
}

/* One row of the result: all window elements of the outer axes, and of the last one. */
static void reduce_row(const window_run *r, int64_t row, char *scratch)
{
    int last = r->ndim - 1;
    int64_t place[MAX_NDIM], k[MAX_NDIM] = {0}, rest = row;
    size_t bytes = (size_t)r->block * r->itemsize, row_bytes = bytes * (size_t)r->axes[last].in;
    char *out = r->out + (size_t)(row * r->axes[last].out) * bytes;
    for (int i = last - 1; i >= 0; i--) {
        place[i] = rest % r->axes[i].out;
        rest /= r->axes[i].out;
    }
    kernel_fill(r->axes[last].out * r->block, r->itemsize, out, r->identity);
    for (;;) {
        int64_t from = 0;
        for (int i = 0; i < last && from >= 0; i++) {
            int64_t at = window_at(&r->axes[i], place[i], k[i]);
            from = at < 0 ? -1 : from * r->axes[i].in + at;
        }
        if (from >= 0)
            for (int64_t j = 0; j < r->axes[last].size; j++)
                combine_row(r, &r->axes[last], r->in + (size_t)from * row_bytes, out, j, scratch);
        int i = last - 1;
        while (i >= 0 && ++k[i] == r->axes[i].size)
            k[i--] = 0;
        if (i < 0)
            return;
    }
}

static void reduce_rows(void *context, int64_t begin, int64_t end)
{
    window_run *r = context;
    size_t bytes = (size_t)(r->axes[r->ndim - 1].out * r->block) * r->itemsize;
    char *scratch = base_alloc(bytes);
    if (!scratch) {
        r->status = CT_OUT_OF_MEMORY_ERROR;
        return;
    }
    for (int64_t row = begin; row < end; row++)
        reduce_row(r, row, scratch);
    base_free(scratch);
}

int64_t window_block(const window_axis *axes, int *ndim)
{
    int64_t block = 1;
    while (*ndim > 1) {
        const window_axis *w = &axes[*ndim - 1];
        if (w->size != 1 || w->stride != 1 || w->low || w->high || w->dilation != 1)
            break;
        block *= w->in;
        --*ndim;
    }
    return block;
}

static void identity_element(int code, ct_dtype dtype, void *element)
{
    double value = code == OP_reduce_window_sum   ? 0
                   : code == OP_reduce_window_max ? -__builtin_inf()
                                                  : __builtin_inf();
    if (dtype == CT_BOOL)
        value = code == OP_reduce_window_min;
    const void *source = &value;
    int64_t step = 1;
    kernel_convert(CT_FLOAT64, dtype)(1, element, &source, &step);
}

static ct_status kernel_window(const op *o, const void *params, int nin, const operand *in,
                               int nout, operand *out)
{
    if (ops_narrow((ct_dtype)in[0].aval.dtype))
        return ops_widened(o, params, nin, in, nout, out);
    const aval *x = &in[0].aval;
    ct_dtype dtype = (ct_dtype)x->dtype;
    window_run r = {.itemsize = dtype_table[dtype].itemsize,
                    .in = in[0].data,
                    .out = out[0].data,
                    .status = CT_OK};
    if (!window_axes(o, params, x, r.axes))
        return CT_TYPE_ERROR;
    if (shape_size(out->aval.ndim, out->aval.shape) == 0)
        return CT_OK;
    r.combine = kernel_find(o->code == OP_reduce_window_sum   ? "add"
                            : o->code == OP_reduce_window_max ? "max"
                                                              : "min",
                            dtype);
    if (!r.combine)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s is not implemented for dtype %s", o->name,
                         dtype_table[dtype].name);
    if (x->ndim == 0) {
        memcpy(out->data, in[0].data, r.itemsize);
        return CT_OK;
    }
    identity_element(o->code, dtype, r.identity);
    r.ndim = x->ndim;
    r.block = window_block(r.axes, &r.ndim);
    int64_t rows = 1, work = r.block * r.axes[r.ndim - 1].out;
    for (int i = 0; i < r.ndim; i++) {
        rows *= i < r.ndim - 1 ? r.axes[i].out : 1;
        work *= r.axes[i].size;
    }
    base_parallel(rows, 65536 / (work + 1) + 1, reduce_rows, &r);
    return r.status;
}

/* ---- derivatives of the sum ---- */

static bool transpose_window_sum(const op *o, const void *params, int nin, const ct_array *in,
                                 const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)nin, (void)in, (void)nout;
    const params_window *p = params;
    window_axis axes[MAX_NDIM];
    int ndim = in_avals[0].ndim;
    out[0] = NULL;
    if (!cts[0])
        return true;
    if (!window_axes(o, p, &in_avals[0], axes))
        return false;
    int_list sides = window_transposed_padding(ndim, axes), triples, none, ones;
    triples.n = 3 * ndim;
    none.n = 2 * ndim;
    ones.n = ndim;
    for (int i = 0; i < ndim; i++) {
        triples.at[3 * i] = sides.at[2 * i];
        triples.at[3 * i + 1] = sides.at[2 * i + 1];
        triples.at[3 * i + 2] = axes[i].stride - 1;
        none.at[2 * i] = none.at[2 * i + 1] = 0;
        ones.at[i] = 1;
    }
    ct_array spread = op_pad(cts[0], op_number(0, cts[0]), ints_of(&triples));
    params_window q = {.base_dilation = ints_of(&ones),
                       .padding = ints_of(&none),
                       .window_dilation = p->window_dilation,
                       .window_dimensions = p->window_dimensions,
                       .window_strides = p->base_dilation};
    out[0] = op_reduce_window_sum(spread, &q);
    return !is_poison(out[0]);
}

/* ---- batching: an axis over which no window moves ---- */

static bool vmap_window(const op *o, const void *params, batch b, int nin, const ct_array *in,
                        const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b, (void)nin, (void)nout;
    const params_window *p = params;
    int dim = dims[0];
    int_list size = ints_insert(p->window_dimensions, dim, 1),
             strides = ints_insert(p->window_strides, dim, 1),
             base = ints_insert(p->base_dilation, dim, 1);
    int_list spread = ints_insert(p->window_dilation, dim, 1),
             padding = ints_insert(p->padding, 2 * dim, 0);
    padding = ints_insert(ints_of(&padding), 2 * dim, 0);
    params_window q = {ints_of(&base), ints_of(&padding), ints_of(&spread), ints_of(&size),
                       ints_of(&strides)};
    out[0] = core_bind1(o, &q, 1, in);
    out_dims[0] = dim;
    return !is_poison(out[0]);
}

/* ---- the rows ---- */

#define WINDOW(row, ...)                                                                           \
    const op op_row_##row = {.name = #row,                                                         \
                             .code = OP_##row,                                                     \
                             .operands = 1,                                                        \
                             .fields = fields_window,                                              \
                             .nfields = nfields_window,                                            \
                             .params_size = sizeof(params_window),                                 \
                             .abstract = abstract_window,                                          \
                             .kernel = kernel_window,                                              \
                             .vmap = vmap_window,                                                  \
                             __VA_ARGS__};                                                         \
    ct_array op_##row(ct_array x, const params_window *p)                                          \
    {                                                                                              \
        return core_bind1(&op_row_##row, p, 1, &x);                                                \
    }
WINDOW(reduce_window_sum, .flags = OP_LINEAR, .jvp = linear_jvp, .transpose = transpose_window_sum)
WINDOW(reduce_window_max, .jvp = jvp_window_extreme)
WINDOW(reduce_window_min, .jvp = jvp_window_extreme)
