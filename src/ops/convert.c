/* Operations that change an element's representation: convert_element_type, bitcast_convert_type,
 * reduce_precision, round, copy. */
#include "ops/rules.h"

/* ---- convert_element_type ---- */

static bool convert_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)nin, (void)a;
    const params_convert *p = params;
    *nout = 1;
    if (!dtype_is((ct_dtype)in->dtype, ANYTHING) || !dtype_is(p->new_dtype, ANYTHING))
        return base_fail(CT_TYPE_ERROR, "%s cannot convert between %s and %s.", o->name, DTYPE(in),
                         dtype_table[p->new_dtype].name),
               false;
    *out = *in;
    out->dtype = (uint8_t)p->new_dtype;
    out->weak = p->weak_type;
    return true;
}

static ct_status convert_kernel(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    (void)o, (void)params, (void)nout;
    return families_run_map(kernel_convert((ct_dtype)in->aval.dtype, (ct_dtype)out->aval.dtype),
                            nin, in, out);
}

static bool convert_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                        const ct_array *tangents, int nout, ct_array *out_primals,
                        ct_array *out_tangents)
{
    const params_convert *p = params;
    if (!dtype_inexact(p->new_dtype))
        return zero_jvp(o, params, nin, primals, tangents, nout, out_primals, out_tangents);
    return linear_jvp(o, params, nin, primals, tangents, nout, out_primals, out_tangents);
}

static bool convert_transpose(const op *o, const void *params, int nin, const ct_array *in,
                              const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)params, (void)nin, (void)in, (void)nout;
    out[0] = NULL;
    if (!cts[0] || !dtype_inexact((ct_dtype)in_avals->dtype))
        return true;
    params_convert back = {.new_dtype = (ct_dtype)in_avals->dtype, .weak_type = in_avals->weak};
    out[0] = core_bind1(o, &back, 1, cts);
    return !is_poison(out[0]);
}

const op op_row_convert_element_type = {.name = "convert_element_type",
                                        .flags = OP_ELEMENTWISE | OP_LINEAR,
                                        .code = OP_convert_element_type,
                                        .operands = 1,
                                        .fields = fields_convert,
                                        .nfields = nfields_convert,
                                        .params_size = sizeof(params_convert),
                                        .abstract = convert_abstract,
                                        .kernel = convert_kernel,
                                        .jvp = convert_jvp,
                                        .transpose = convert_transpose,
                                        .vmap = same_dim_vmap};

ct_array op_convert(ct_array x, ct_dtype dtype, bool weak)
{
    if (is_poison(x) || (x->aval.dtype == dtype && x->aval.weak == weak))
        return x;
    if (is_array(x) && x->aval.dtype == dtype)
        return array_view(x, dtype, weak, x->aval.ndim, x->aval.shape);
    return core_bind1(&op_row_convert_element_type,
                      &(params_convert){.new_dtype = dtype, .weak_type = weak}, 1, &x);
}

/* ---- bitcast_convert_type: a narrower type adds a trailing axis, a wider one consumes it ---- */

static bool bitcast_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)nin;
    ct_dtype to = ((const params_bitcast *)params)->new_dtype;
    int64_t from_size = dtype_table[in->dtype].itemsize, to_size = dtype_table[to].itemsize;
    bool complex_types =
        dtype_is((ct_dtype)in->dtype, FAMILY_COMPLEX) || dtype_is(to, FAMILY_COMPLEX);
    *nout = 1;
    if (!dtype_is((ct_dtype)in->dtype, ANYTHING) || !dtype_is(to, ANYTHING) ||
        (complex_types && in->dtype != to))
        return base_fail(CT_TYPE_ERROR, "%s does not support %s to %s.", o->name, DTYPE(in),
                         dtype_table[to].name),
               false;
    int_list shape = ints_insert(aval_shape(in), -1, 0);
    if (to_size < from_size)
        int_push(&shape, from_size / to_size);
    if (to_size > from_size && (!shape.n || shape.at[--shape.n] != to_size / from_size))
        return base_fail(CT_VALUE_ERROR,
                         "Attempting to convert array of shape %s from %s of size %lld to %s of "
                         "size %lld, but a trailing dimension of size %lld "
                         "is needed.",
                         SHAPE(in), DTYPE(in), (long long)(8 * from_size), dtype_table[to].name,
                         (long long)(8 * to_size), (long long)(to_size / from_size)),
               false;
    *out = (aval){(uint8_t)to, false, (int32_t)shape.n, ints_in(a, ints_of(&shape))};
    return out->shape;
}

static ct_status bitcast_kernel(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    memcpy(out->data, in->data,
           (size_t)shape_size(in->aval.ndim, in->aval.shape) *
               dtype_table[in->aval.dtype].itemsize);
    return CT_OK;
}

static bool bitcast_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                         const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)b, (void)nin, (void)nout;
    ct_scope scope = ct_begin();
    ct_array x = op_moveaxis(in[0], dims[0], 0);
    out[0] = core_bind1(o, params, 1, &x);
    out_dims[0] = 0;
    return ops_keep(scope, 1, out);
}

const op op_row_bitcast_convert_type = {.name = "bitcast_convert_type",
                                        .code = OP_bitcast_convert_type,
                                        .operands = 1,
                                        .fields = fields_bitcast,
                                        .nfields = nfields_bitcast,
                                        .params_size = sizeof(params_bitcast),
                                        .abstract = bitcast_abstract,
                                        .kernel = bitcast_kernel,
                                        .jvp = zero_jvp,
                                        .vmap = bitcast_vmap};

ct_array op_bitcast(ct_array x, ct_dtype dtype)
{
    return core_bind1(&op_row_bitcast_convert_type, &(params_bitcast){.new_dtype = dtype}, 1, &x);
}

/* ---- round: half away from zero (0) or to even (1) ---- */

static bool float_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)params, (void)a;
    *nout = 1;
    *out = *in;
    return families_check_dtypes(o, FLOATING, nin, in, false);
}

static ct_status round_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    if (ops_narrow((ct_dtype)in[0].aval.dtype))
        return ops_widened(o, params, nin, in, nout, out);
    bool even = ((const params_round *)params)->rounding_method == 1;
    kernel_map *f = kernel_find(even ? "round_to_even" : "round", (ct_dtype)in->aval.dtype);
    if (!f)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "round has no kernel for operands of dtype %s.",
                         DTYPE(&in->aval));
    return families_run_map(f, nin, in, out);
}

const op op_row_round = {.name = "round",
                         .flags = OP_ELEMENTWISE,
                         .code = OP_round,
                         .operands = 1,
                         .fields = fields_round,
                         .nfields = nfields_round,
                         .params_size = sizeof(params_round),
                         .abstract = float_abstract,
                         .kernel = round_kernel,
                         .jvp = zero_jvp,
                         .vmap = same_dim_vmap};

ct_array op_round(ct_array x, int64_t rounding_method)
{
    return core_bind1(&op_row_round, &(params_round){.rounding_method = rounding_method}, 1, &x);
}

/* ---- reduce_precision: rounds to fewer exponent and mantissa bits, in the same type ---- */

/* Through double, which holds every narrower float exactly. */
static double reduce_one(double x, int exponent_bits, int mantissa_bits, int own_mantissa)
{
    if (x != x || x == 0 || __builtin_isinf(x))
        return x;
    union {
        double f;
        uint64_t u;
    } v = {.f = x};
    int bias = (1 << (exponent_bits - 1)) - 1;
    uint64_t sign = v.u >> 63 << 63;
    if (mantissa_bits < own_mantissa) {
        int drop = 52 - mantissa_bits;
        uint64_t last = v.u >> drop & 1;
        v.u = (v.u + ((uint64_t)1 << (drop - 1)) - 1 + last) >> drop << drop;
    }
    int exponent = (int)(v.u >> 52 & 0x7ff) - 1023;
    if (exponent > bias)
        v.u = sign | (uint64_t)0x7ff << 52;
    else if (exponent < 1 - bias)
        v.u = sign;
    return v.f;
}

static int mantissa_of(ct_dtype d)
{
    return d == CT_FLOAT64    ? 52
           : d == CT_FLOAT32  ? 23
           : d == CT_FLOAT16  ? 10
           : d == CT_BFLOAT16 ? 7
                              : 3;
}

static ct_status precision_kernel(const op *o, const void *params, int nin, const operand *in,
                                  int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    const params_reduce_precision *p = params;
    ct_dtype dtype = (ct_dtype)in->aval.dtype;
    int64_t n = shape_size(in->aval.ndim, in->aval.shape);
    size_t bytes = (size_t)n * sizeof(double);
    double *wide = array_memory(bytes);
    if (!wide)
        return ct_error_code();
    const void *from[] = {in->data}, *back[] = {wide};
    const int64_t step[] = {1};
    kernel_convert(dtype, CT_FLOAT64)(n, wide, from, step);
    for (int64_t i = 0; i < n; i++)
        wide[i] =
            reduce_one(wide[i], (int)p->exponent_bits, (int)p->mantissa_bits, mantissa_of(dtype));
    kernel_convert(CT_FLOAT64, dtype)(n, out->data, back, step);
    array_memory_free(wide, bytes);
    return CT_OK;
}

static bool precision_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                               aval *out, arena *a)
{
    const params_reduce_precision *p = params;
    if (p->exponent_bits < 1 || p->mantissa_bits < 0)
        return base_fail(CT_VALUE_ERROR,
                         "%s: exponent_bits must be positive and mantissa_bits non-negative, got "
                         "%lld and %lld.",
                         o->name, (long long)p->exponent_bits, (long long)p->mantissa_bits),
               false;
    return float_abstract(o, params, nin, in, nout, out, a);
}

static bool same_transpose(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)nin, (void)in, (void)in_avals, (void)nout;
    out[0] = cts[0] ? core_bind1(o, params, 1, cts) : NULL;
    return ops_good(out[0]);
}

const op op_row_reduce_precision = {.name = "reduce_precision",
                                    .flags = OP_ELEMENTWISE | OP_LINEAR,
                                    .code = OP_reduce_precision,
                                    .operands = 1,
                                    .fields = fields_reduce_precision,
                                    .nfields = nfields_reduce_precision,
                                    .params_size = sizeof(params_reduce_precision),
                                    .abstract = precision_abstract,
                                    .kernel = precision_kernel,
                                    .jvp = linear_jvp,
                                    .transpose = same_transpose,
                                    .vmap = same_dim_vmap};

ct_array op_reduce_precision(ct_array x, int64_t exponent_bits, int64_t mantissa_bits)
{
    return core_bind1(
        &op_row_reduce_precision,
        &(params_reduce_precision){.exponent_bits = exponent_bits, .mantissa_bits = mantissa_bits},
        1, &x);
}

/* ---- copy ---- */

static bool copy_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)o, (void)params, (void)nin, (void)a;
    *nout = 1;
    *out = *in;
    return true;
}

const op op_row_copy = {.name = "copy",
                        .flags = OP_ELEMENTWISE | OP_LINEAR,
                        .code = OP_copy,
                        .operands = 1,
                        .abstract = copy_abstract,
                        .kernel = bitcast_kernel,
                        .jvp = linear_jvp,
                        .transpose = same_transpose,
                        .vmap = same_dim_vmap};

ct_array op_copy(ct_array x) { return core_bind1(&op_row_copy, NULL, 1, &x); }

/* ---- stop_gradient: the identity, whose derivative is zero ---- */

const op op_row_stop_gradient = {.name = "stop_gradient",
                                 .flags = OP_ELEMENTWISE,
                                 .code = OP_stop_gradient,
                                 .operands = 1,
                                 .abstract = copy_abstract,
                                 .kernel = bitcast_kernel,
                                 .jvp = zero_jvp,
                                 .vmap = same_dim_vmap};

ct_array op_stop_gradient(ct_array x)
{
    return is_array(x) && !core_current ? x : core_bind1(&op_row_stop_gradient, NULL, 1, &x);
}
