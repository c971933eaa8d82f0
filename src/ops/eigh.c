/* eigh: eigenvalues and eigenvectors of Hermitian matrices, in ascending order. */
#include "ops/matrices.h"

static bool abstract_eigh(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    (void)params;
    if (!matrices_check(o, nin, in, (const int[]){2}) || !matrices_square(o, &in[0]))
        return false;
    *nout = 2;
    out[0] = in[0];
    out[0].weak = false;
    return matrices_result(&out[1], a, &in[0], 2, dtype_real_part((ct_dtype)in[0].dtype),
                           I(matrix_rows(&in[0])));
}

static int decompose(const matrix_call *c, int64_t i)
{
    const params_eigh *p = c->params;
    int n = matrix_rows(&c->in->aval);
    bool vectors = c->out[0].data;
    void *w = matrix_at(&c->out[1], 1, i),
         *a = matrix_columns(c->dtype, n, n, matrix_at(&c->in[0], 2, i));
    if (!a)
        return LAPACK_NO_MEMORY;
    int info = lapack_syevd(c->dtype, vectors ? 'V' : 'N', p->lower ? 'L' : 'U', n, a, w);
    if (info) {
        matrix_fill_nan(c->dtype, (int64_t)n * n, a);
        matrix_fill_nan(dtype_real_part(c->dtype), n, w);
    }
    if (vectors)
        matrix_turn(c->dtype, n, n, matrix_at(&c->out[0], 2, i), a);
    base_free(a);
    return info;
}

static ct_status kernel_eigh(const op *o, const void *params, int nin, const operand *in, int nout,
                             operand *out)
{
    (void)o, (void)nin, (void)nout;
    return matrices_run(decompose, params, 2, in, out);
}

/* Perturbation of distinct eigenvalues, with D = V^H dA V: dw = diag(D), dV = V (F * D) and F_ij =
 * 1 / (w_j - w_i) off the diagonal. Giles, An extended collection of matrix derivative
 * results, 3.1. */
static bool jvp_eigh(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out_primals,
                     ct_array *out_tangents)
{
    core_bind(o, params, nin, primals, nout, out_primals);
    if (is_poison(out_primals[0]))
        return false;
    ct_scope scope = ct_begin();
    ct_array v = out_primals[0], out[2];
    ct_dtype dtype = (ct_dtype)v->aval.dtype;
    ct_array w = op_convert(out_primals[1], dtype, false);
    ct_array eye = matrix_eye_like(v, matrix_rows(&v->aval));
    ct_array f = sub(op_integer_pow(sub(add(eye, matrix_row(w)), matrix_column(w)), -1), eye);
    ct_array d = matrix_dot(matrix_dot(matrix_h(v), tangents[0]), v);
    out[0] = matrix_dot(v, mul(f, d));
    out[1] = matrix_diagonal(dtype_is(dtype, FAMILY_COMPLEX) ? op_real(d) : d);
    bool good = ops_keep(scope, 2, out);
    out_tangents[0] = out[0];
    out_tangents[1] = out[1];
    return good;
}

const op op_row_eigh = {
    .name = "eigh",
    .flags = OP_MULTIPLE,
    .code = OP_eigh,
    .operands = 1,
    .optional = 1 << 0, /* the vectors are most of the work */
    .fields = fields_eigh,
    .nfields = nfields_eigh,
    .params_size = sizeof(params_eigh),
    .abstract = abstract_eigh,
    .kernel = kernel_eigh,
    .jvp = jvp_eigh,
    .vmap = matrices_vmap,
};

void op_eigh(ct_array x, bool lower, bool sort_eigenvalues, ct_array out[2])
{
    core_bind(&op_row_eigh, &(params_eigh){.lower = lower, .sort_eigenvalues = sort_eigenvalues}, 1,
              &x, 2, out);
}
