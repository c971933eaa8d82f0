/* Running reductions along an axis: cumsum and its relatives. */
#include "ops/rules.h"

bool cumulative_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    (void)nin, (void)a;
    int64_t axis = ((const params_cumulative *)params)->axis;
    *nout = 1;
    *out = *in;
    if (!dtype_is((ct_dtype)in->dtype, elementwise_rows[o->code].dtypes))
        return base_fail(CT_TYPE_ERROR,
                         "%s does not accept dtype %s. Accepted dtypes are subtypes of number.",
                         o->name, DTYPE(in)),
               false;
    if (axis < 0 || axis >= in->ndim)
        return base_fail(CT_VALUE_ERROR, "axis %lld is out of bounds for array of shape %s",
                         (long long)axis, SHAPE(in)),
               false;
    return true;
}

/* Complex extremes, one row after another. */
static void combine_along(kernel_map *combine, int64_t outer, int64_t n, size_t inner,
                          const operand *in, char *out, bool reverse)
{
    static const int64_t steps[2] = {1, 1};
    size_t row = inner * dtype_table[in->aval.dtype].itemsize;
    for (int64_t i = 0; i < outer; i++)
        for (int64_t k = 0; k < n; k++) {
            size_t at = (size_t)(i * n + (reverse ? n - 1 - k : k)) * row;
            const char *from = (const char *)in->data + at,
                       *last = out + at + (reverse ? row : -row);
            if (k)
                combine((int64_t)inner, out + at, (const void *[]){last, from}, steps);
            else
                memcpy(out + at, from, row);
        }
}

ct_status cumulative_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                            operand *out)
{
    if (ops_narrow((ct_dtype)in[0].aval.dtype))
        return ops_widened(o, params, nin, in, nout, out);
    const params_cumulative *p = params;
    kernel_scan *f = kernel_cumulative(o->name, (ct_dtype)in->aval.dtype);
    bool extreme = o->code == OP_cummax || o->code == OP_cummin;
    kernel_map *combine =
        f || !extreme ? NULL
                      : kernel_find(o->code == OP_cummax ? "max" : "min", (ct_dtype)in->aval.dtype);
    if (!f && !combine)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s has no kernel for operands of dtype %s.",
                         o->name, DTYPE(&in->aval));
    int64_t outer = shape_size(p->axis, in->aval.shape), n = in->aval.shape[p->axis];
    int64_t inner = shape_size(in->aval.ndim - p->axis - 1, in->aval.shape + p->axis + 1);
    if (f)
        f(outer, n, inner, out->data, in->data, p->reverse);
    else
        combine_along(combine, outer, n, (size_t)inner, in, out->data, p->reverse);
    return CT_OK;
}

bool cumulative_transpose(const op *o, const void *params, int nin, const ct_array *in,
                          const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)nin, (void)in, (void)in_avals, (void)nout;
    const params_cumulative *p = params;
    if (o->code != OP_cumsum)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s is not linear and has no transpose.",
                         o->name),
               false;
    out[0] = cts[0] ? op_cumsum(cts[0], p->axis, !p->reverse) : NULL;
    return ops_good(out[0]);
}

bool cumulative_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                     const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b, (void)nout;
    params_cumulative p = *(const params_cumulative *)params;
    p.axis += p.axis >= dims[0];
    out[0] = core_bind1(o, &p, nin, in);
    out_dims[0] = dims[0];
    return !is_poison(out[0]);
}

/* ---- derivatives: a parallel prefix scan over pairs (value, tangent), so that every operation in
 * it is differentiable again ---- */

typedef struct pair {
    ct_array value, tangent;
} pair;

/* log(exp(a) + exp(b)) and its derivative, with infinities taken out of the differences. */
static pair combine_logaddexp(pair a, pair b)
{
    ct_array high = op_max(a.value, b.value), difference = sub(a.value, b.value);
    ct_array nan = op_ne(difference, difference), sum = add(a.value, b.value);
    ct_array value = add(high, op_log1p(op_exp(neg(op_abs(difference)))));
    value = select(nan, sum, value);
    ct_array zero = op_full_like(value, 0), infinity = op_number(__builtin_inf(), value);
    ct_array top = select(op_eq(value, infinity), zero, value);
    ct_array left = select(op_eq(a.value, infinity), zero, a.value),
             right = select(op_eq(b.value, infinity), zero, b.value);
    ct_array tangent = mul(a.tangent, op_exp(sub(left, top)));
    return (pair){value, add(tangent, mul(b.tangent, op_exp(sub(right, top))))};
}

/* The same of complex numbers: their real parts decide how large they are. */
static pair combine_complex_logaddexp(pair a, pair b)
{
    ct_array high = op_max(op_real(a.value), op_real(b.value));
    high = select(op_is_finite(high), high, op_full_like(high, 0));
    high = op_complex(high, op_full_like(high, 0));
    ct_array sum = add(op_exp(sub(a.value, high)), op_exp(sub(b.value, high)));
    ct_array value = add(high, op_log(sum)), left = op_exp(sub(a.value, value)),
             right = op_exp(sub(b.value, value));
    return (pair){value, add(mul(a.tangent, left), mul(b.tangent, right))};
}

static pair combine(const op *o, pair a, pair b)
{
    static const op *const binary[] = {&op_row_mul, &op_row_max, &op_row_min};
    pair result = {array_poison, array_poison};
    if (is_poison(a.value) || is_poison(b.value))
        return result;
    bool is_complex = dtype_is((ct_dtype)a.value->aval.dtype, FAMILY_COMPLEX);
    if (o->code == OP_cumlogsumexp)
        return is_complex ? combine_complex_logaddexp(a, b) : combine_logaddexp(a, b);
    const op *by = binary[o->code == OP_cumprod ? 0 : o->code == OP_cummax ? 1 : 2];
    families_jvp(by, NULL, 2, (ct_array[]){a.value, b.value}, (ct_array[]){a.tangent, b.tangent}, 1,
                 &result.value, &result.tangent);
    return result;
}

/* Elements start, start + stride, ... below limit along the axis. */
static ct_array slice_axis(ct_array x, int64_t axis, int64_t start, int64_t limit, int64_t stride)
{
    if (is_poison(x))
        return x;
    int_list low = {.n = x->aval.ndim}, high = low, steps = low;
    for (int d = 0; d < x->aval.ndim; d++)
        low.at[d] = 0, high.at[d] = x->aval.shape[d], steps.at[d] = 1;
    low.at[axis] = start, high.at[axis] = limit, steps.at[axis] = stride;
    return op_slice(x, ints_of(&low), ints_of(&high), ints_of(&steps));
}

static pair slice_pair(pair p, int64_t axis, int64_t start, int64_t limit, int64_t stride)
{
    ct_array value = slice_axis(p.value, axis, start, limit, stride);
    return (pair){value, slice_axis(p.tangent, axis, start, limit, stride)};
}

/* Zeros between and around the elements, so that odd and even places can be added. */
static ct_array spread(ct_array x, int64_t axis, int64_t low, int64_t high)
{
    if (is_poison(x))
        return x;
    int64_t config[3 * MAX_NDIM] = {0};
    config[3 * axis] = low, config[3 * axis + 1] = high, config[3 * axis + 2] = 1;
    return op_pad(x, op_number(0, x), (ct_ints){3 * x->aval.ndim, config});
}

/* even[0], odd[0], even[1], ... */
static pair interleave_pairs(pair even, pair odd, int64_t axis)
{
    if (is_poison(even.value) || is_poison(odd.value))
        return (pair){array_poison, array_poison};
    int64_t equal = even.value->aval.shape[axis] == odd.value->aval.shape[axis];
    pair at_even, at_odd;
    at_even.value = spread(even.value, axis, 0, equal);
    at_even.tangent = spread(even.tangent, axis, 0, equal);
    at_odd.value = spread(odd.value, axis, 1, !equal);
    at_odd.tangent = spread(odd.tangent, axis, 1, !equal);
    ct_array value = add(at_even.value, at_odd.value);
    return (pair){value, add(at_even.tangent, at_odd.tangent)};
}

/* Neighbours combined, the half-length scan of those, and the even places filled in: depth log n.
 */
static pair scan_pairs(const op *o, pair x, int64_t axis)
{
    if (is_poison(x.value) || is_poison(x.tangent))
        return (pair){array_poison, array_poison};
    int64_t n = x.value->aval.shape[axis];
    if (n < 2)
        return x;
    pair left = slice_pair(x, axis, 0, n - 1, 2), right = slice_pair(x, axis, 1, n, 2);
    pair odd = scan_pairs(o, combine(o, left, right), axis);
    pair before = n % 2 ? odd : slice_pair(odd, axis, 0, n / 2 - 1, 1),
         after = slice_pair(x, axis, 2, n, 2);
    pair even = combine(o, before, after), first = slice_pair(x, axis, 0, 1, 1);
    even.value = op_concatenate(2, (ct_array[]){first.value, even.value}, axis);
    even.tangent = op_concatenate(2, (ct_array[]){first.tangent, even.tangent}, axis);
    return interleave_pairs(even, odd, axis);
}

static pair reverse_pair(pair x, int64_t axis)
{
    ct_array value = op_rev(x.value, I(axis));
    return (pair){value, op_rev(x.tangent, I(axis))};
}

bool jvp_associative(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out_primals,
                     ct_array *out_tangents)
{
    (void)nin, (void)nout;
    const params_cumulative *p = params;
    ct_scope scope = ct_begin();
    pair x = {primals[0], tangents[0]};
    if (p->reverse)
        x = reverse_pair(x, p->axis);
    x = scan_pairs(o, x, p->axis);
    if (p->reverse)
        x = reverse_pair(x, p->axis);
    ct_array values[2] = {x.value, x.tangent};
    out_primals[0] = x.value;
    out_tangents[0] = x.tangent;
    return ops_keep(scope, 2, values);
}
