/* fft: discrete Fourier transforms over the last axes, of complex numbers, of real ones (of whose
 * results, conjugate in pairs, the last axis keeps the first half), and back. */
#include "kernel/kernel.h"
#include "ops/rules.h"

static bool of_real(const params_fft *p) { return p->fft_type == FOURIER_OF_REAL; }
static bool to_real(const params_fft *p) { return p->fft_type == FOURIER_TO_REAL; }

static bool check_dtype(const params_fft *p, const aval *x)
{
    ct_dtype d = (ct_dtype)x->dtype;
    bool good = of_real(p) ? d == CT_FLOAT32 || d == CT_FLOAT64 : dtype_is(d, FAMILY_COMPLEX);
    if (!good)
        base_fail(CT_VALUE_ERROR, "%s requires %s, got %s.", of_real(p) ? "RFFT" : "FFT",
                  of_real(p) ? "float32 or float64" : "complex64 or complex128", DTYPE(x));
    return good;
}

static bool abstract_fft(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    (void)o, (void)nin;
    const params_fft *p = params;
    const aval *x = &in[0];
    int64_t n = p->fft_lengths.n, first = x->ndim - n;
    if (!check_dtype(p, x))
        return false;
    if (n < 1 || first < 0) {
        base_fail(CT_VALUE_ERROR,
                  "fft_lengths %s must have between one and as many entries as the "
                  "operand of shape %s has axes.",
                  INTS(p->fft_lengths), SHAPE(x));
        return false;
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t length = p->fft_lengths.at[i], given = x->shape[first + i];
        if (length < 1 || length > INT32_MAX ||
            given != (to_real(p) && i == n - 1 ? length / 2 + 1 : length)) {
            base_fail(CT_VALUE_ERROR, "operand shape %s does not fit fft_lengths %s%s.", SHAPE(x),
                      INTS(p->fft_lengths),
                      to_real(p) ? ", of which the last takes length // 2 + 1 numbers" : "");
            return false;
        }
    }
    int64_t *shape = ints_in(a, aval_shape(x)), last = p->fft_lengths.at[n - 1];
    if (!shape)
        return false;
    if (of_real(p))
        shape[x->ndim - 1] = last / 2 + 1;
    if (to_real(p))
        shape[x->ndim - 1] = last;
    ct_dtype d = (ct_dtype)x->dtype;
    bool wide = d == CT_FLOAT64 || d == CT_COMPLEX128;
    d = to_real(p) ? dtype_real_part(d) : wide ? CT_COMPLEX128 : CT_COMPLEX64;
    *nout = 1;
    out[0] = (aval){(uint8_t)d, false, x->ndim, shape};
    return true;
}

static ct_status along_axis(fourier_type type, const params_fft *p, const operand *like,
                            int64_t axis, const void *in, void *out)
{
    const aval *x = &like->aval;
    kernel_fourier f = {.type = type,
                        .wide = x->dtype == CT_COMPLEX128 || x->dtype == CT_FLOAT64,
                        .outer = shape_size(axis, x->shape),
                        .n = p->fft_lengths.at[axis - (x->ndim - p->fft_lengths.n)],
                        .inner = shape_size(x->ndim - axis - 1, x->shape + axis + 1)};
    return kernel_fft(&f, in, out);
}

/* The last axis is the one with real numbers, so it comes first of transforms of real numbers, and
 * last on the way back; the others are transformed where they lie. */
static ct_status kernel_fft_op(const op *o, const void *params, int nin, const operand *in,
                               int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    const params_fft *p = params;
    int64_t last = in->aval.ndim - 1, others = p->fft_lengths.n - 1;
    fourier_type plain =
        to_real(p) || p->fft_type == FOURIER_INVERSE ? FOURIER_INVERSE : FOURIER_FORWARD;
    ct_status status = CT_OK;
    if (!to_real(p)) {
        status = along_axis((fourier_type)p->fft_type, p, in, last, in->data, out->data);
        for (int64_t i = 1; i <= others && status == CT_OK; i++)
            status = along_axis(plain, p, out, last - i, out->data, out->data);
        return status;
    }
    const void *from = in->data;
    size_t bytes =
        (size_t)shape_size(in->aval.ndim, in->aval.shape) * dtype_table[in->aval.dtype].itemsize;
    void *copy = others ? array_memory(bytes + 1) : NULL;
    if (others && !copy)
        return CT_OUT_OF_MEMORY_ERROR;
    for (int64_t i = 1; i <= others && status == CT_OK; i++, from = copy)
        status = along_axis(plain, p, in, last - i, from, copy);
    if (status == CT_OK)
        status = along_axis(FOURIER_TO_REAL, p, in, last, from, out->data);
    if (copy)
        array_memory_free(copy, bytes + 1);
    return status;
}

/* How often each number of the kept half stands in the whole spectrum: once at its ends, else
 * twice. */
static ct_array multiplicity(ct_array like, int64_t n)
{
    int64_t last = like->aval.ndim - 1;
    ct_array at = op_iota(CT_INT32, aval_shape(&like->aval), last);
    ct_array twice = op_gt(at, array_scalar_int(CT_INT32, false, 0));
    if (n % 2 == 0)
        twice = op_and(twice, op_lt(at, array_scalar_int(CT_INT32, false, n / 2)));
    return select(twice, op_full_like(like, 2), op_full_like(like, 1));
}

static bool transpose_fft(const op *o, const void *params, int nin, const ct_array *in,
                          const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in, (void)in_avals, (void)nout;
    const params_fft *p = params;
    ct_array ct = cts[0];
    out[0] = NULL;
    if (!ct)
        return true;
    int64_t last = p->fft_lengths.at[p->fft_lengths.n - 1],
            points = shape_size(p->fft_lengths.n, p->fft_lengths.at);
    if (of_real(p)) {
        ct_array half = div(op_conj(ct), multiplicity(ct, last));
        ct_array back = op_fft(half, FOURIER_TO_REAL, p->fft_lengths);
        out[0] = mul(op_number((double)points, back), back);
    } else if (to_real(p)) {
        ct_array whole = op_fft(ct, FOURIER_OF_REAL, p->fft_lengths);
        if (is_poison(whole))
            return false;
        ct_array weight = mul(op_number(1 / (double)points, whole), multiplicity(whole, last));
        out[0] = op_conj(mul(weight, whole));
    } else {
        out[0] = op_fft(ct, (int)p->fft_type, p->fft_lengths);
    }
    return !is_poison(out[0]);
}

static bool vmap_fft(const op *o, const void *params, batch b, int nin, const ct_array *in,
                     const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)nout;
    ct_array x = batch_front(in[0], dims[0], b.size);
    core_bind(o, params, nin, &x, 1, out);
    out_dims[0] = 0;
    return !is_poison(out[0]);
}

const op op_row_fft = {
    .name = "fft",
    .flags = OP_LINEAR,
    .code = OP_fft,
    .operands = 1,
    .fields = fields_fft,
    .nfields = nfields_fft,
    .params_size = sizeof(params_fft),
    .abstract = abstract_fft,
    .kernel = kernel_fft_op,
    .jvp = linear_jvp,
    .transpose = transpose_fft,
    .vmap = vmap_fft,
};

ct_array op_fft(ct_array x, int type, ct_ints lengths)
{
    return core_bind1(&op_row_fft, &(params_fft){.fft_lengths = lengths, .fft_type = type}, 1, &x);
}
