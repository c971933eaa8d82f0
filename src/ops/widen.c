/* Integers of two and four bits and floats of eight bits and fewer have no loops of their own:
 * operations on them run on operands made wider, and their results are rounded, or wrapped, back.
 *
 * Nothing is lost on the way: a wider type holds every value of the narrow one. */
#include "ops/rules.h"

bool ops_narrow(ct_dtype dtype)
{
    return (dtype >= CT_FLOAT4_E2M1FN && dtype <= CT_FLOAT8_E8M0FNU) ||
           (dtype_is(dtype, INTEGER) && dtype_table[dtype].bits < 8);
}

/* Operations that look at bits see the narrow integer's own, with zeros above them. */
static bool sees_bits(const op *o)
{
    return o->code == OP_shift_right_logical || o->code == OP_population_count || o->code == OP_clz;
}

static ct_dtype wide_of(const op *o, ct_dtype dtype)
{
    bool half = dtype == CT_BFLOAT16 || dtype == CT_FLOAT16;
    if (!ops_narrow(dtype) && !half)
        return dtype;
    return dtype_is(dtype, FAMILY_FLOAT)                  ? CT_FLOAT32
           : dtype_is(dtype, FAMILY_INT) && !sees_bits(o) ? CT_INT8
                                                          : CT_UINT8;
}

/* What the elements are read as: the bits of a signed integer as an unsigned one. */
static ct_dtype read_as(const op *o, ct_dtype dtype)
{
    return !sees_bits(o)      ? dtype
           : dtype == CT_INT2 ? CT_UINT2
           : dtype == CT_INT4 ? CT_UINT4
                              : dtype;
}

/* The same operand, or result, in memory of its own where it is narrow. */
static bool make_wide(const op *o, const operand *x, operand *wide, bool fill)
{
    ct_dtype dtype = (ct_dtype)x->aval.dtype, to = wide_of(o, dtype);
    *wide = *x;
    if (to == dtype)
        return true;
    int64_t n = shape_size(x->aval.ndim, x->aval.shape);
    wide->aval.dtype = (uint8_t)to;
    wide->data = array_memory((size_t)(n + 1) * dtype_table[to].itemsize);
    if (wide->data && fill)
        kernel_convert(read_as(o, dtype), to)(n, wide->data, (const void *[]){x->data}, I(1).at);
    return wide->data;
}

static void free_wide(const operand *x, operand *wide)
{
    int64_t n = shape_size(x->aval.ndim, x->aval.shape);
    if (wide->data && wide->data != x->data)
        array_memory_free(wide->data, (size_t)(n + 1) * dtype_table[wide->aval.dtype].itemsize);
}

static void narrow_back(const op *o, const operand *wide, operand *out)
{
    ct_dtype dtype = (ct_dtype)out->aval.dtype;
    int64_t n = shape_size(out->aval.ndim, out->aval.shape);
    if (o->code == OP_clz)
        for (int64_t i = 0; i < n; i++)
            ((uint8_t *)wide->data)[i] -= (uint8_t)(8 - dtype_table[dtype].bits);
    if (wide->data != out->data)
        kernel_convert((ct_dtype)wide->aval.dtype, dtype)(n, out->data,
                                                          (const void *[]){wide->data}, I(1).at);
}

ct_status ops_widened(const op *o, const void *params, int nin, const operand *in, int nout,
                      operand *out)
{
    operand *wide = base_zalloc((size_t)(nin + nout + 1) * sizeof *wide), *results = wide + nin;
    bool good = wide;
    for (int i = 0; i < nin && good; i++)
        good = make_wide(o, &in[i], &wide[i], true);
    for (int i = 0; i < nout && good; i++)
        good = make_wide(o, &out[i], &results[i], false);
    ct_status status =
        good ? o->kernel(o, params, nin, wide, nout, results) : CT_OUT_OF_MEMORY_ERROR;
    for (int i = 0; i < nout && status == CT_OK; i++)
        narrow_back(o, &results[i], &out[i]);
    for (int i = 0; i < nin && wide; i++)
        free_wide(&in[i], &wide[i]);
    for (int i = 0; i < nout && wide; i++)
        free_wide(&out[i], &results[i]);
    base_free(wide);
    return status;
}
