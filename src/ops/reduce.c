/* Reductions over axes: sum, product, extremes and the bitwise ones. One set of rules; the rows in
 * ops.def name the dtypes.
 *
 * The loops run over arrays cut as (outer, n, inner); axes that are not neighbours are moved to the
 * end first. Next: cumulative.c. */
#include "ops/rules.h"

bool reduce_abstract(const op *o, const void *params, int nin, const aval *in, int *nout, aval *out,
                     arena *a)
{
    ct_ints axes = ((const params_reduce *)params)->axes;
    (void)nin;
    *nout = 1;
    int dtypes = elementwise_rows[o->code].dtypes;
    if (!dtype_is((ct_dtype)in->dtype, dtypes)) {
        if (dtypes == BITS)
            return base_fail(CT_TYPE_ERROR,
                             "%s: logical reduction requires operand dtype bool or int, got %s.",
                             o->name, DTYPE(in)),
                   false;
        return base_fail(CT_TYPE_ERROR,
                         "%s does not accept dtype %s. Accepted dtypes are subtypes of number.",
                         o->name, DTYPE(in)),
               false;
    }
    for (int64_t i = 0; i < axes.n; i++) {
        if (ints_contain((ct_ints){i, axes.at}, axes.at[i]))
            return base_fail(CT_VALUE_ERROR, "duplicate value in 'axes' of reduction: %s",
                             INTS(axes)),
                   false;
        if (axes.at[i] < 0 || axes.at[i] >= in->ndim)
            return base_fail(CT_VALUE_ERROR,
                             "reduction axes %s contains out-of-bounds indices for %s%s.",
                             INTS(axes), DTYPE(in), SHAPE(in)),
                   false;
    }
    if (unlikely(core_checks.no_f16_sums) && in->dtype == CT_FLOAT16 && dtypes == NUMBER)
        return base_fail(
                   CT_VALUE_ERROR,
                   "%s on an operand float16%s is not allowed when jax_allow_f16_reductions=False.",
                   o->name, SHAPE(in)),
               false;
    int_list kept = ints_without(aval_shape(in), axes);
    *out = *in;
    out->weak = in->weak && dtypes != BITS;
    out->ndim = (int32_t)kept.n;
    return (out->shape = ints_in(a, ints_of(&kept)));
}

/* ---- evaluation ---- */

bool reduce_split(const aval *a, ct_ints axes, int64_t *outer, int64_t *n, int64_t *inner)
{
    *outer = *n = *inner = 1;
    bool seen = false, closed = false;
    for (int d = 0; d < a->ndim; d++) {
        if (a->shape[d] == 1)
            continue;
        if (ints_contain(axes, d)) {
            if (closed)
                return false;
            seen = true;
            *n *= a->shape[d];
        } else {
            closed = seen;
            *(seen ? inner : outer) *= a->shape[d];
        }
    }
    return true;
}

typedef struct reduce_run {
    kernel_reduction *f;
    kernel_map *combine; /* without f: complex extremes */
    char identity[16];
    int64_t n, inner;
    size_t itemsize, out_itemsize;
    const char *in;
    char *out;
} reduce_run;

/* One row after another. */
static void combine_outer(const reduce_run *r, int64_t begin, int64_t end)
{
    static const int64_t steps[2] = {1, 1};
    size_t row = (size_t)r->inner * r->itemsize;
    for (int64_t i = begin; i < end; i++) {
        char *to = r->out + (size_t)i * row;
        kernel_fill(r->inner, r->itemsize, to, r->identity);
        for (int64_t k = 0; k < r->n; k++) {
            const char *from = r->in + (size_t)(i * r->n + k) * row;
            if (k)
                r->combine(r->inner, to, (const void *[]){to, from}, steps);
            else
                memcpy(to, from, row);
        }
    }
}

static void run_outer(void *context, int64_t begin, int64_t end)
{
    const reduce_run *r = context;
    if (!r->f)
        combine_outer(r, begin, end);
    else
        r->f(end - begin, r->n, r->inner, r->out + (size_t)(begin * r->inner) * r->out_itemsize,
             r->in + (size_t)(begin * r->n * r->inner) * r->itemsize);
}

enum { REDUCE_GRAIN = 65536 };

static void run_reduction(const reduce_run *how, int64_t outer, int64_t n, int64_t inner,
                          const void *in, const operand *out)
{
    reduce_run r = *how;
    r.n = n;
    r.inner = inner;
    r.in = in;
    r.out = out->data;
    int64_t each = n * inner;
    if (outer && inner)
        base_parallel(outer, each < REDUCE_GRAIN ? REDUCE_GRAIN / (each ? each : 1) : 1, run_outer,
                      &r);
}

/* Copies the operand with its reduced axes last. */
static void *reduced_last(const operand *in, ct_ints axes)
{
    int_list range = ints_range(0, in->aval.ndim), order = ints_without(ints_of(&range), axes),
             stride = byte_strides(&in->aval);
    for (int d = 0; d < in->aval.ndim; d++)
        if (ints_contain(axes, d))
            int_push(&order, d);
    aval moved = in->aval;
    int64_t shape[MAX_NDIM], from[MAX_NDIM];
    for (int d = 0; d < moved.ndim; d++)
        shape[d] = in->aval.shape[order.at[d]], from[d] = stride.at[order.at[d]];
    moved.shape = shape;
    int_list to = byte_strides(&moved);
    size_t itemsize = dtype_table[moved.dtype].itemsize;
    void *copy = array_memory((size_t)shape_size(moved.ndim, shape) * itemsize);
    if (copy)
        kernel_copy(moved.ndim, shape, itemsize, copy, to.at, in->data, from);
    return copy;
}

static bool find_reduction(const op *o, ct_dtype dtype, reduce_run *r)
{
    *r = (reduce_run){.f = kernel_reduce(o->name, dtype),
                      .itemsize = dtype_table[dtype].itemsize,
                      .out_itemsize = dtype_table[dtype].itemsize};
    if (!r->f && (o->code == OP_reduce_max || o->code == OP_reduce_min)) {
        double none = o->code == OP_reduce_max ? -__builtin_inf() : __builtin_inf();
        r->combine = kernel_find(o->code == OP_reduce_max ? "max" : "min", dtype);
        kernel_convert(CT_FLOAT64, dtype)(1, r->identity, (const void *[]){&none}, I(1).at);
    }
    if (!r->f && !r->combine)
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s has no kernel for operands of dtype %s.", o->name,
                  dtype_table[dtype].name);
    return r->f || r->combine;
}

ct_status reduce_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                        operand *out)
{
    if (ops_narrow((ct_dtype)in[0].aval.dtype))
        return ops_widened(o, params, nin, in, nout, out);
    ct_ints axes = ((const params_reduce *)params)->axes;
    ct_dtype dtype = (ct_dtype)in->aval.dtype;
    reduce_run how;
    int64_t outer, n, inner;
    if (!find_reduction(o, dtype, &how))
        return ct_error_code();
    if (reduce_split(&in->aval, axes, &outer, &n, &inner)) {
        run_reduction(&how, outer, n, inner, in->data, out);
        return CT_OK;
    }
    int64_t total = shape_size(in->aval.ndim, in->aval.shape),
            results = shape_size(out->aval.ndim, out->aval.shape);
    void *moved = reduced_last(in, axes);
    if (!moved)
        return ct_error_code();
    run_reduction(&how, results, results ? total / results : 0, 1, moved, out);
    array_memory_free(moved, (size_t)total * how.itemsize);
    return CT_OK;
}

/* ---- derivatives ---- */

/* The tangent goes where the extreme is attained, shared equally among ties. */
bool jvp_extreme(const op *o, const void *params, int nin, const ct_array *primals,
                 const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents)
{
    (void)nout;
    ct_ints axes = ((const params_reduce *)params)->axes;
    ct_scope scope = ct_begin();
    ct_array x = primals[0], extreme = core_bind1(o, params, nin, primals),
             values[2] = {extreme, NULL};
    int_list ones = {.n = 0};
    for (int d = 0; d < x->aval.ndim; d++)
        int_push(&ones, ints_contain(axes, d) ? 1 : x->aval.shape[d]);
    ct_array attained = op_convert(op_eq(x, op_reshape(extreme, ints_of(&ones))),
                                   (ct_dtype)tangents[0]->aval.dtype, false);
    ct_array count = op_reduce_sum(attained, axes);
    values[1] = div(op_reduce_sum(mul(tangents[0], attained), axes), count);
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

static ct_array slice_front(ct_array x, int64_t start, int64_t limit)
{
    if (is_poison(x))
        return x;
    int_list low = {.n = x->aval.ndim}, high = low, by = low;
    for (int d = 0; d < x->aval.ndim; d++)
        low.at[d] = d ? 0 : start, high.at[d] = d ? x->aval.shape[d] : limit;
    for (int d = 0; d < x->aval.ndim; d++)
        by.at[d] = 1;
    return op_slice(x, ints_of(&low), ints_of(&high), ints_of(&by));
}

/* One more row at the end, of ones or zeros. */
static ct_array pad_front(ct_array x, double value)
{
    if (is_poison(x))
        return x;
    int64_t config[3 * MAX_NDIM] = {0, 1, 0};
    return op_pad(x, op_number(value, x), (ct_ints){3 * x->aval.ndim, config});
}

/* The reduced axes flattened in front. */
static ct_array flatten_front(ct_array x, ct_ints axes)
{
    int_list range = ints_range(0, x->aval.ndim), rest = ints_without(ints_of(&range), axes),
             order = {.n = 0}, shape = {.n = 1, .at = {1}};
    for (int64_t i = 0; i < axes.n; i++) {
        int_push(&order, axes.at[i]);
        shape.at[0] *= x->aval.shape[axes.at[i]];
    }
    for (int64_t i = 0; i < rest.n; i++) {
        int_push(&order, rest.at[i]);
        int_push(&shape, x->aval.shape[rest.at[i]]);
    }
    return op_reshape(op_transpose(x, ints_of(&order)), ints_of(&shape));
}

/* Halves the array until one row is left, carrying the derivative along: correct with zeros among
 * the factors. */
bool jvp_reduce_prod(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out_primals,
                     ct_array *out_tangents)
{
    (void)nout;
    ct_ints axes = ((const params_reduce *)params)->axes;
    ct_scope scope = ct_begin();
    ct_array p = flatten_front(primals[0], axes), t = flatten_front(tangents[0], axes), values[2];
    while (!is_poison(p) && !is_poison(t) && p->aval.shape[0] > 1) {
        int64_t n = p->aval.shape[0], half = (n + 1) / 2;
        ct_array p1 = slice_front(p, 0, half), t1 = slice_front(t, 0, half),
                 p2 = slice_front(p, half, n), t2 = slice_front(t, half, n);
        if (n % 2)
            p2 = pad_front(p2, 1), t2 = pad_front(t2, 0);
        p = mul(p1, p2);
        t = mul(t1, p2);
        t = op_add_any(t, mul(p1, t2));
    }
    bool empty = !is_poison(p) && p->aval.shape[0] == 0;
    values[0] = empty ? core_bind1(o, params, nin, primals) : op_squeeze(p, I(0));
    values[1] = empty ? op_full_like(values[0], 0) : op_squeeze(t, I(0));
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

bool reduce_transpose(const op *o, const void *params, int nin, const ct_array *in,
                      const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)nin, (void)in, (void)nout;
    out[0] = NULL;
    if (!cts[0])
        return true;
    if (o->code != OP_reduce_sum)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s is not linear and has no transpose.",
                         o->name),
               false;
    int_list range = ints_range(0, in_avals->ndim),
             kept = ints_without(ints_of(&range), ((const params_reduce *)params)->axes);
    out[0] = op_broadcast_in_dim(cts[0], aval_shape(in_avals), ints_of(&kept));
    return !is_poison(out[0]);
}

/* ---- batching ---- */

bool reduce_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                 const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b, (void)nout;
    params_reduce p = *(const params_reduce *)params;
    int_list axes = ints_shifted(p.axes, dims[0]);
    p.axes = ints_of(&axes);
    out[0] = core_bind1(o, &p, nin, in);
    out_dims[0] = dims[0];
    for (int64_t i = 0; i < axes.n; i++)
        out_dims[0] -= axes.at[i] < dims[0];
    return !is_poison(out[0]);
}
