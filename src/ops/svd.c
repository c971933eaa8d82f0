/* svd: A = U diag(s) V^H, singular values in descending order. */
#include "ops/matrices.h"

static bool abstract_svd(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    const params_svd *p = params;
    if (!matrices_check(o, nin, in, (const int[]){2}))
        return false;
    int64_t m = matrix_rows(&in[0]), n = matrix_cols(&in[0]), k = m < n ? m : n;
    ct_dtype d = (ct_dtype)in[0].dtype;
    *nout = p->compute_uv ? 3 : 1;
    return matrices_result(&out[0], a, &in[0], 2, dtype_real_part(d), I(k)) &&
           (!p->compute_uv ||
            (matrices_result(&out[1], a, &in[0], 2, d, I(m, p->full_matrices ? m : k)) &&
             matrices_result(&out[2], a, &in[0], 2, d, I(p->full_matrices ? n : k, n))));
}

static void put_identity(ct_dtype d, int n, void *x)
{
    size_t item = dtype_table[d].itemsize;
    memset(x, 0, (size_t)n * (size_t)n * item);
    for (int i = 0; i < n; i++)
        dtype_encode(d, (char *)x + (size_t)i * (size_t)(n + 1) * item, 1);
}

/* A matrix of vectors, column-major, or NaN after a failure, into result k if that is wanted. */
static void put_vectors(const matrix_call *c, int64_t i, int k, int info, int rows, int cols,
                        void *vectors)
{
    if (!c->out[k].data)
        return;
    if (info)
        matrix_fill_nan(c->dtype, (int64_t)rows * cols, vectors);
    matrix_turn(c->dtype, cols, rows, matrix_at(&c->out[k], 2, i), vectors);
}

static int decompose(const matrix_call *c, int64_t i)
{
    const params_svd *p = c->params;
    int m = matrix_rows(&c->in->aval), n = matrix_cols(&c->in->aval), less = m < n ? m : n,
        mu = p->full_matrices ? m : less, nv = p->full_matrices ? n : less, info = LAPACK_NO_MEMORY;
    bool vectors = p->compute_uv && (c->out[1].data || c->out[2].data);
    size_t item = dtype_table[c->dtype].itemsize;
    void *s = matrix_at(&c->out[0], 1, i);
    if (!less) { /* nothing to decompose: any orthogonal matrices will do */
        for (int k = 1; k <= 2 && vectors && p->full_matrices; k++)
            if (c->out[k].data)
                put_identity(c->dtype, k == 1 ? m : n, matrix_at(&c->out[k], 2, i));
        return 0;
    }
    void *a = matrix_columns(c->dtype, m, n, matrix_at(&c->in[0], 2, i)),
         *u = base_alloc(vectors ? (size_t)m * (size_t)mu * item : 1),
         *vt = base_alloc(vectors ? (size_t)nv * (size_t)n * item : 1);
    if (a && u && vt) {
        char job = !vectors ? 'N' : p->full_matrices ? 'A' : 'S';
        info = lapack_gesdd(c->dtype, job, m, n, a, s, u, vt);
        if (info)
            matrix_fill_nan(dtype_real_part(c->dtype), less, s);
        if (vectors) {
            put_vectors(c, i, 1, info, m, mu, u);
            put_vectors(c, i, 2, info, nv, n, vt);
        }
    }
    base_free(a);
    base_free(u);
    base_free(vt);
    return info;
}

static ct_status kernel_svd(const op *o, const void *params, int nin, const operand *in, int nout,
                            operand *out)
{
    (void)o, (void)nin, (void)nout;
    return matrices_run(decompose, params, 2, in, out);
}

/* Singular values as they multiply U's columns, and 1 / (s_j^2 - s_i^2) off the diagonal. */
typedef struct spectrum {
    ct_array row, column, apart, inverse;
} spectrum;

static spectrum spectrum_of(ct_array s, ct_dtype dtype)
{
    spectrum x;
    int64_t n = s->aval.shape[s->aval.ndim - 1];
    ct_array row = matrix_row(s), column = matrix_column(s);
    ct_array squares = mul(add(row, column), sub(row, column));
    ct_array eye = is_poison(squares) ? squares : matrix_eye_like(squares, n);
    ct_array apart = sub(div(1, add(squares, eye)), eye);
    ct_array none = op_convert(op_eq(s, op_number(0, s)), (ct_dtype)s->aval.dtype, false);
    ct_array inverse = matrix_from_diagonal(sub(div(1, add(s, none)), none));
    x.row = is_poison(row) ? row : op_convert(row, dtype, false);
    x.column = is_poison(column) ? column : op_convert(column, dtype, false);
    x.apart = is_poison(apart) ? apart : op_convert(apart, dtype, false);
    x.inverse = is_poison(inverse) ? inverse : op_convert(inverse, dtype, false);
    return x;
}

static ct_array with_adjoint(ct_array x) { return is_poison(x) ? x : op_add(x, matrix_h(x)); }

/* What of dA V lies outside of U's columns, over the singular values. */
static ct_array outside(ct_array du, ct_array moved, ct_array u, ct_array ut, ct_array s_row)
{
    return add(du, div(sub(moved, matrix_dot(u, matrix_dot(ut, moved))), s_row));
}

/* Giles, An extended collection of matrix derivative results, 3.2, for distinct singular values;
 * the second term of dU is the phase of complex vectors. */
static bool jvp_svd(const op *o, const void *params, int nin, const ct_array *primals,
                    const ct_array *tangents, int nout, ct_array *out_primals,
                    ct_array *out_tangents)
{
    const params_svd *p = params;
    ct_array x = primals[0], t = tangents[0], out[6] = {NULL}, usv[3];
    int64_t m = matrix_rows(&x->aval), n = matrix_cols(&x->aval);
    ct_dtype dtype = (ct_dtype)x->aval.dtype;
    if (p->compute_uv && p->full_matrices && m != n) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "Singular value decomposition JVP not implemented for full matrices");
        return false;
    }
    params_svd thin = {.compute_uv = true};
    ct_scope scope = ct_begin();
    core_bind(o, &thin, nin, primals, 3, usv);
    ct_array s = usv[0], u = usv[1], vt = usv[2], ut = matrix_h(u), v = matrix_h(vt);
    ct_array ds = matrix_dot(matrix_dot(ut, t), v);
    out[0] = s;
    out[nout] =
        is_poison(ds) ? ds : matrix_diagonal(dtype_is(dtype, FAMILY_COMPLEX) ? op_real(ds) : ds);
    if (p->compute_uv && !is_poison(ds)) {
        spectrum e = spectrum_of(s, dtype);
        ct_array phase = mul(mul(op_number(0.5, ds), sub(ds, matrix_h(ds))), e.inverse);
        ct_array du = matrix_dot(u, add(mul(e.apart, with_adjoint(mul(e.row, ds))), phase));
        ct_array dv = matrix_dot(v, mul(e.apart, with_adjoint(mul(e.column, ds))));
        if (m > n)
            du = outside(du, matrix_dot(t, v), u, ut, e.row);
        if (n > m)
            dv = outside(dv, matrix_dot(matrix_h(t), u), v, vt, e.row);
        out[1] = u;
        out[2] = vt;
        out[nout + 1] = du;
        out[nout + 2] = matrix_h(dv);
    } else if (p->compute_uv) {
        out[1] = array_poison;
    }
    bool good = ops_keep(scope, 2 * nout, out);
    memcpy(out_primals, out, (size_t)nout * sizeof *out);
    memcpy(out_tangents, out + nout, (size_t)nout * sizeof *out);
    return good;
}

const op op_row_svd = {
    .name = "svd",
    .flags = OP_MULTIPLE,
    .code = OP_svd,
    .operands = 1,
    .optional = 1 << 1 | 1 << 2,
    .fields = fields_svd,
    .nfields = nfields_svd,
    .params_size = sizeof(params_svd),
    .abstract = abstract_svd,
    .kernel = kernel_svd,
    .jvp = jvp_svd,
    .vmap = matrices_vmap,
};

void op_svd(ct_array x, bool full_matrices, bool compute_uv, ct_array *out)
{
    core_bind(&op_row_svd, &(params_svd){.compute_uv = compute_uv, .full_matrices = full_matrices},
              1, &x, compute_uv ? 3 : 1, out);
}
