/* complex, real, imag, conj: between complex numbers and their parts. Linear over the reals;
 * transposes follow JAX's convention, which does not conjugate. */
#include "ops/rules.h"

static ct_dtype complex_of(uint8_t part)
{
    return part == CT_FLOAT64 || part == CT_COMPLEX128 ? CT_COMPLEX128 : CT_COMPLEX64;
}

static bool part_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)params, (void)a;
    *nout = 1;
    *out = *in;
    out->dtype = (uint8_t)dtype_real_part((ct_dtype)in->dtype);
    return families_check_dtypes(o, FAMILY_COMPLEX, nin, in, false);
}

static ct_array zero_part(ct_array t) { return op_number(0, t); }

static bool real_transpose(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)in, (void)in_avals, (void)nout;
    out[0] = cts[0] ? op_complex(cts[0], zero_part(cts[0])) : NULL;
    return ops_good(out[0]);
}

static bool imag_transpose(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)in, (void)in_avals, (void)nout;
    out[0] = cts[0] ? op_complex(zero_part(cts[0]), neg(cts[0])) : NULL;
    return ops_good(out[0]);
}

#define PART(row)                                                                                  \
    const op op_row_##row = {.name = #row,                                                         \
                             .flags = OP_ELEMENTWISE | OP_LINEAR,                                  \
                             .code = OP_##row,                                                     \
                             .operands = 1,                                                        \
                             .abstract = part_abstract,                                            \
                             .kernel = families_kernel,                                            \
                             .jvp = linear_jvp,                                                    \
                             .transpose = row##_transpose,                                         \
                             .vmap = same_dim_vmap};                                               \
    ct_array op_##row(ct_array x) { return core_bind1(&op_row_##row, NULL, 1, &x); }
PART(real)
PART(imag)

/* ---- conj: of a real operand it makes a complex one ---- */

static bool conj_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)params, (void)a;
    *nout = 1;
    *out = *in;
    out->dtype = (uint8_t)complex_of(in->dtype);
    return families_check_dtypes(o, INEXACT, nin, in, false);
}

static ct_status conj_kernel(const op *o, const void *params, int nin, const operand *in, int nout,
                             operand *out)
{
    if (in->aval.dtype == out->aval.dtype)
        return families_kernel(o, params, nin, in, nout, out);
    return families_run_map(kernel_convert((ct_dtype)in->aval.dtype, (ct_dtype)out->aval.dtype),
                            nin, in, out);
}

static bool conj_transpose(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)in, (void)nout;
    bool complex_input = dtype_is((ct_dtype)in_avals[0].dtype, FAMILY_COMPLEX);
    out[0] = !cts[0] ? NULL : complex_input ? op_conj(cts[0]) : op_real(cts[0]);
    return ops_good(out[0]);
}

const op op_row_conj = {.name = "conj",
                        .flags = OP_ELEMENTWISE | OP_LINEAR,
                        .code = OP_conj,
                        .operands = 1,
                        .fields = fields_conj,
                        .nfields = nfields_conj,
                        .params_size = sizeof(params_conj),
                        .abstract = conj_abstract,
                        .kernel = conj_kernel,
                        .jvp = linear_jvp,
                        .transpose = conj_transpose,
                        .vmap = same_dim_vmap};

ct_array op_conj(ct_array x)
{
    return core_bind1(&op_row_conj, &(params_conj){.input_dtype = (ct_dtype)x->aval.dtype}, 1, &x);
}

/* ---- complex ---- */

static bool complex_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)params;
    *nout = 1;
    if (!families_check_dtypes(o, FLOATING, nin, in, true) ||
        !families_broadcast(o, nin, in, out, a))
        return false;
    if (in[0].dtype != CT_FLOAT32 && in[0].dtype != CT_FLOAT64)
        return base_fail(CT_TYPE_ERROR,
                         "%s does not accept dtype %s at position 0. Accepted dtypes at position 0 "
                         "are subtypes of float32, float64.",
                         o->name, DTYPE(&in[0])),
               false;
    out->dtype = (uint8_t)complex_of(in[0].dtype);
    return true;
}

static bool complex_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                        const ct_array *tangents, int nout, ct_array *out_primals,
                        ct_array *out_tangents)
{
    (void)nout;
    ct_scope scope = ct_begin();
    ct_array both[2];
    for (int i = 0; i < 2; i++)
        both[i] = tangents[i] ? tangents[i] : op_full_like(primals[i], 0);
    ct_array values[2] = {core_bind1(o, params, nin, primals), core_bind1(o, params, 2, both)};
    out_primals[0] = values[0];
    out_tangents[0] = values[1];
    return ops_keep(scope, 2, values);
}

static bool complex_transpose(const op *o, const void *params, int nin, const ct_array *in,
                              const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)nout;
    ct_scope scope = ct_begin();
    out[0] = !in[0] && cts[0] ? ops_unbroadcast(op_real(cts[0]), &in_avals[0]) : NULL;
    out[1] = !in[1] && cts[0] ? ops_unbroadcast(op_imag(neg(cts[0])), &in_avals[1]) : NULL;
    return ops_keep(scope, 2, out);
}

const op op_row_complex = {.name = "complex",
                           .flags = OP_ELEMENTWISE | OP_LINEAR,
                           .code = OP_complex,
                           .operands = 2,
                           .abstract = complex_abstract,
                           .kernel = families_kernel,
                           .jvp = complex_jvp,
                           .transpose = complex_transpose,
                           .vmap = families_vmap};

ct_array op_complex(ct_array re, ct_array im)
{
    return core_bind1(&op_row_complex, NULL, 2, (ct_array[]){re, im});
}
