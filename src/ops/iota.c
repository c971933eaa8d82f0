/* iota: 0, 1, 2, ... along one axis. */
#include "ops/rules.h"

static bool iota_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)nin, (void)in, (void)a;
    const params_iota *p = params;
    *nout = 1;
    if (!dtype_is(p->dtype, NUMBER))
        return base_fail(CT_TYPE_ERROR,
                         "%s does not accept dtype %s. Accepted dtypes are subtypes of integer, "
                         "floating, complexfloating.",
                         o->name, dtype_table[p->dtype].name),
               false;
    if (p->dimension < 0 || p->dimension >= p->shape.n)
        return base_fail(
                   CT_VALUE_ERROR,
                   "%s dimension must be between 0 and len(shape), got dimension=%lld for shape=%s",
                   o->name, (long long)p->dimension, INTS(p->shape)),
               false;
    *out = (aval){(uint8_t)p->dtype, false, (int32_t)p->shape.n, p->shape.at};
    return true;
}

/* Counts along the axis once in int64, converts, and repeats that line over the other axes. */
static ct_status iota_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                             operand *out)
{
    (void)o, (void)nin, (void)in, (void)nout;
    const params_iota *p = params;
    int64_t n = p->shape.at[p->dimension];
    size_t itemsize = dtype_table[p->dtype].itemsize;
    int64_t *count = base_alloc((size_t)n * sizeof *count + 1);
    char *line = base_alloc((size_t)n * itemsize + 1);
    if (count && line) {
        for (int64_t i = 0; i < n; i++)
            count[i] = i;
        kernel_convert(CT_INT64, p->dtype)(n, line, (const void *[]){count}, (const int64_t[]){1});
        int_list to = byte_strides(&out->aval);
        int64_t from[MAX_NDIM] = {0};
        from[p->dimension] = (int64_t)itemsize;
        kernel_copy(out->aval.ndim, out->aval.shape, itemsize, out->data, to.at, line, from);
    }
    bool good = count && line;
    base_free(count);
    base_free(line);
    return good ? CT_OK : ct_error_code();
}

const op op_row_iota = {.name = "iota",
                        .code = OP_iota,
                        .operands = NO_OPERANDS,
                        .fields = fields_iota,
                        .nfields = nfields_iota,
                        .params_size = sizeof(params_iota),
                        .abstract = iota_abstract,
                        .kernel = iota_kernel};

ct_array op_iota(ct_dtype dtype, ct_ints shape, int64_t dimension)
{
    return core_bind1(&op_row_iota,
                      &(params_iota){.dimension = dimension, .dtype = dtype, .shape = shape}, 0,
                      NULL);
}
