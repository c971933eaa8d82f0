/* pow and integer_pow: an exponent that is an array, and one that is part of the operation. */
#include "ops/rules.h"

/* ---- integer_pow ---- */

static bool integer_pow_abstract(const op *o, const void *params, int nin, const aval *in,
                                 int *nout, aval *out, arena *a)
{
    (void)a;
    int64_t y = ((const params_integer_pow *)params)->y;
    *nout = 1;
    *out = *in;
    if (!families_check_dtypes(o, NUMBER, nin, in, false))
        return false;
    if (y < 0 && dtype_is((ct_dtype)in->dtype, INTEGER))
        return base_fail(
                   CT_TYPE_ERROR,
                   "Integers cannot be raised to negative powers, got integer_pow(%s%s, %lld)",
                   DTYPE(in), SHAPE(in), (long long)y),
               false;
    return true;
}

static void ones(const operand *out, kernel_map *to_dtype)
{
    static const float one = 1;
    to_dtype(shape_size(out->aval.ndim, out->aval.shape), out->data, (const void *[]){&one},
             (const int64_t[]){0});
}

/* One chunk at a time, so that the repeated squares stay in the cache: out accumulates, square
 * holds x^(2^k). */
typedef struct power_run {
    kernel_map *multiply, *divide, *from_float;
    uint64_t power;
    bool reciprocal;
    size_t itemsize;
    const char *in;
    char *out;
} power_run;

enum { POWER_CHUNK = 2048 };

static void power_chunk(const power_run *r, int64_t n, const void *in, void *out)
{
    static const int64_t both[] = {1, 1}, scalar[] = {0, 1};
    static const float one = 1;
    _Alignas(64) char squares[2][POWER_CHUNK * 16], unit[16];
    const void *square = in, *result = NULL;
    int turn = 0;
    r->from_float(1, unit, (const void *[]){&one}, scalar);
    for (uint64_t p = r->power; p;) {
        if (p & 1) {
            if (result)
                r->multiply(n, out, (const void *[]){result, square}, both);
            else
                memcpy(out, square, (size_t)n * r->itemsize);
            result = out;
        }
        if (p >>= 1) {
            r->multiply(n, squares[turn], (const void *[]){square, square}, both);
            square = squares[turn];
            turn = !turn;
        }
    }
    if (r->reciprocal)
        r->divide(n, out, (const void *[]){unit, out}, scalar);
}

static void power_piece(void *context, int64_t begin, int64_t end)
{
    const power_run *r = context;
    for (int64_t i = begin; i < end; i += POWER_CHUNK) {
        int64_t n = end - i < POWER_CHUNK ? end - i : POWER_CHUNK;
        power_chunk(r, n, r->in + (size_t)i * r->itemsize, r->out + (size_t)i * r->itemsize);
    }
}

static ct_status integer_pow_kernel(const op *o, const void *params, int nin, const operand *in,
                                    int nout, operand *out)
{
    if (ops_narrow((ct_dtype)in[0].aval.dtype))
        return ops_widened(o, params, nin, in, nout, out);
    int64_t y = ((const params_integer_pow *)params)->y;
    ct_dtype dtype = (ct_dtype)in->aval.dtype;
    power_run r = {kernel_find("mul", dtype),
                   kernel_find("div", dtype),
                   kernel_convert(CT_FLOAT32, dtype),
                   y < 0 ? -(uint64_t)y : (uint64_t)y,
                   y < 0,
                   dtype_table[dtype].itemsize,
                   in->data,
                   out->data};
    if (!r.multiply || !r.divide)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s has no kernel for operands of dtype %s.",
                         o->name, dtype_table[dtype].name);
    if (y == 0)
        return ones(out, r.from_float), CT_OK;
    base_parallel(shape_size(in->aval.ndim, in->aval.shape), 8 * POWER_CHUNK, power_piece, &r);
    return CT_OK;
}

static ct_array integer_pow_tangent(ct_array t, ct_array x, int64_t y)
{
    if (y == 0)
        return op_full_like(t, 0);
    if (y == 1)
        return t;
    ct_array factor = op_number((double)y, x);
    return mul(t, mul(factor, y == 2 ? x : op_integer_pow(x, y - 1)));
}

static bool integer_pow_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                            const ct_array *tangents, int nout, ct_array *out_primals,
                            ct_array *out_tangents)
{
    (void)nout;
    ct_scope scope = ct_begin();
    ct_array values[2] = {core_bind1(o, params, nin, primals)};
    values[1] =
        integer_pow_tangent(tangents[0], primals[0], ((const params_integer_pow *)params)->y);
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

const op op_row_integer_pow = {.name = "integer_pow",
                               .flags = OP_ELEMENTWISE,
                               .code = OP_integer_pow,
                               .operands = 1,
                               .fields = fields_integer_pow,
                               .nfields = nfields_integer_pow,
                               .params_size = sizeof(params_integer_pow),
                               .abstract = integer_pow_abstract,
                               .kernel = integer_pow_kernel,
                               .jvp = integer_pow_jvp,
                               .vmap = same_dim_vmap};

ct_array op_integer_pow(ct_array x, int64_t y)
{
    return core_bind1(&op_row_integer_pow, &(params_integer_pow){.y = y}, 1, &x);
}

/* ---- pow: an integer exponent may go with an inexact base ---- */

static bool pow_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    (void)params;
    *nout = 1;
    if (!families_check_dtypes(o, INEXACT, 1, in, false) ||
        !families_check_dtypes(o, NUMBER, 1, in + 1, false) ||
        !families_broadcast(o, nin, in, out, a))
        return false;
    out->dtype = in[0].dtype;
    if (in[0].dtype == in[1].dtype || dtype_is((ct_dtype)in[1].dtype, INTEGER))
        return true;
    return base_fail(
               CT_TYPE_ERROR,
               "the first argument to pow must have an inexact dtype (float or complex), and the "
               "second argument must have an inexact or "
               "integer dtype, and two inexact dtypes must match, but got %s and %s respectively.",
               DTYPE(&in[0]), DTYPE(&in[1])),
           false;
}

static ct_status pow_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                            operand *out)
{
    if (in[0].aval.dtype == in[1].aval.dtype)
        return families_kernel(o, params, nin, in, nout, out);
    operand both[2] = {in[0], in[1]};
    int64_t n = shape_size(in[1].aval.ndim, in[1].aval.shape);
    size_t bytes = (size_t)n * dtype_table[in[0].aval.dtype].itemsize;
    both[1].aval.dtype = in[0].aval.dtype;
    both[1].data = array_memory(bytes);
    if (!both[1].data)
        return ct_error_code();
    kernel_convert((ct_dtype)in[1].aval.dtype, (ct_dtype)in[0].aval.dtype)(
        n, both[1].data, (const void *[]){in[1].data}, (const int64_t[]){1});
    ct_status status = families_kernel(o, params, nin, both, nout, out);
    array_memory_free(both[1].data, bytes);
    return status;
}

static ct_array nonzero(ct_array x)
{
    ct_array zero = op_eq(x, op_number(0, x)), one = op_full_like(x, 1);
    return select(zero, one, x);
}

static ct_array tangent_in_base(ct_array t, ct_array x, ct_array y, ct_array result)
{
    bool integer = dtype_is((ct_dtype)y->aval.dtype, INTEGER);
    y = op_convert(y, (ct_dtype)x->aval.dtype, false);
    if (!integer)
        return mul(t, mul(y, op_pow(x, sub(y, op_full_like(y, 1)))));
    ct_ints shape = aval_shape(&result->aval);
    x = ops_broadcast_to(x, shape);
    y = ops_broadcast_to(y, shape);
    ct_array zero = op_eq(y, op_number(0, y)), zeros = op_full_like(y, 0),
             less = sub(y, op_full_like(y, 1));
    ct_array slope = mul(nonzero(y), op_pow(x, less));
    return mul(t, select(zero, zeros, slope));
}

static bool pow_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                    const ct_array *tangents, int nout, ct_array *out_primals,
                    ct_array *out_tangents)
{
    (void)nout;
    ct_scope scope = ct_begin();
    ct_array x = primals[0], y = primals[1],
             values[2] = {core_bind1(o, params, nin, primals), NULL};
    ct_ints shape = is_poison(values[0]) ? (ct_ints){0} : aval_shape(&values[0]->aval);
    ct_array terms[2] = {NULL};
    if (tangents[0] && !is_poison(values[0]))
        terms[0] = ops_broadcast_to(tangent_in_base(tangents[0], x, y, values[0]), shape);
    if (tangents[1] && !is_poison(values[0])) {
        ct_array term = mul(tangents[1], mul(op_log(nonzero(x)), values[0]));
        terms[1] = ops_broadcast_to(term, shape);
    }
    values[1] = ops_sum(2, terms);
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

const op op_row_pow = {.name = "pow",
                       .flags = OP_ELEMENTWISE,
                       .code = OP_pow,
                       .operands = 2,
                       .abstract = pow_abstract,
                       .kernel = pow_kernel,
                       .jvp = pow_jvp,
                       .vmap = families_vmap};

ct_array op_pow(ct_array x, ct_array y)
{
    return core_bind1(&op_row_pow, NULL, 2, (ct_array[]){x, y});
}
