/* eig: eigenvalues and eigenvectors of any square matrix, which are complex; schur: its triangular
 * form; hessenberg: the form that is almost triangular. */
#include "ops/matrices.h"

/* ---- eig ---- */

static ct_dtype to_complex(ct_dtype d)
{
    return d == CT_FLOAT32 ? CT_COMPLEX64 : d == CT_FLOAT64 ? CT_COMPLEX128 : d;
}

static bool abstract_eig(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    const params_eig *p = params;
    if (!matrices_check(o, nin, in, (const int[]){2}) || !matrices_square(o, &in[0]))
        return false;
    int64_t n = matrix_rows(&in[0]);
    ct_dtype d = to_complex((ct_dtype)in[0].dtype);
    *nout = 1 + p->compute_left_eigenvectors + p->compute_right_eigenvectors;
    for (int k = 1; k < *nout; k++)
        if (!matrices_result(&out[k], a, &in[0], 2, d, I(n, n)))
            return false;
    return matrices_result(&out[0], a, &in[0], 2, d, I(n));
}

/* The vectors of a real matrix as LAPACK stores them, in columns: a real one, or the real and the
 * imaginary part of one of a conjugate pair. Into rows of (re, im); w holds the imaginary parts of
 * the eigenvalues behind the real ones. */
static void unpack_vectors(ct_dtype d, int n, const char *w, const char *v, char *out)
{
    size_t item = dtype_table[d].itemsize;
    for (int j = 0; j < n; j++) {
        bool pair = j + 1 < n && dtype_decode(d, w + (size_t)(n + j) * item) != 0;
        for (int row = 0; row < n; row++) {
            const char *re = v + ((size_t)j * (size_t)n + (size_t)row) * item,
                       *im = re + (size_t)n * item;
            char *to = out + 2 * ((size_t)row * (size_t)n + (size_t)j) * item;
            memcpy(to, re, item);
            memset(to + item, 0, item);
            if (!pair)
                continue;
            memcpy(to + item, im, item);
            memcpy(to + 2 * item, re, item);
            dtype_encode(d, to + 3 * item, -dtype_decode(d, im));
        }
        j += pair;
    }
}

static void unpack_values(ct_dtype d, int n, const char *w, char *out)
{
    size_t item = dtype_table[d].itemsize;
    for (int j = 0; j < n; j++) {
        memcpy(out + 2 * (size_t)j * item, w + (size_t)j * item, item);
        memcpy(out + (2 * (size_t)j + 1) * item, w + (size_t)(n + j) * item, item);
    }
}

static int decompose(const matrix_call *c, int64_t i)
{
    const params_eig *p = c->params;
    int n = matrix_rows(&c->in->aval), info = LAPACK_NO_MEMORY;
    bool is_complex = dtype_is(c->dtype, FAMILY_COMPLEX),
         wanted[2] = {p->compute_left_eigenvectors, p->compute_right_eigenvectors};
    size_t item = dtype_table[c->dtype].itemsize, square = (size_t)n * (size_t)n * item;
    char *a = matrix_columns(c->dtype, n, n, matrix_at(&c->in[0], 2, i)),
         *w = base_alloc((2 * (size_t)n + 1) * item), *v = base_alloc(2 * square + 1);
    if (a && w && v) {
        info = lapack_geev(c->dtype, wanted[0] ? 'V' : 'N', wanted[1] ? 'V' : 'N', n, a, w, v,
                           v + square);
        char *values = matrix_at(&c->out[0], 1, i);
        if (is_complex)
            memcpy(values, w, (size_t)n * item);
        else
            unpack_values(c->dtype, n, w, values);
        if (info)
            matrix_fill_nan(to_complex(c->dtype), n, values);
        for (int side = 0, k = 1; side < 2; side++) {
            if (!wanted[side])
                continue;
            char *to = matrix_at(&c->out[k++], 2, i), *from = v + (side ? square : 0);
            if (info)
                matrix_fill_nan(to_complex(c->dtype), (int64_t)n * n, to);
            else if (is_complex)
                matrix_turn(c->dtype, n, n, to, from);
            else
                unpack_vectors(c->dtype, n, w, from, to);
        }
    }
    base_free(a);
    base_free(w);
    base_free(v);
    return info;
}

static ct_status kernel_eig(const op *o, const void *params, int nin, const operand *in, int nout,
                            operand *out)
{
    (void)o, (void)nin, (void)nout;
    return matrices_run(decompose, params, 2, in, out);
}

static ct_array solve(ct_array a, ct_array b)
{
    ct_array factors[3];
    op_lu(a, factors);
    return op_lu_solve(a, factors[0], factors[1], b, false);
}

/* dV of A V = V diag(w), and dw. A vector is known up to a complex factor: LAPACK makes its length
 * one and its largest component real, which fixes the change along itself. */
static void vector_tangent(ct_array w, ct_array v, ct_array t, ct_array *dw, ct_array *dv)
{
    *dw = *dv = array_poison;
    ct_array p = matrix_dot(solve(v, t), v);
    if (is_poison(p))
        return;
    int64_t n = matrix_rows(&v->aval), rows = v->aval.ndim - 2;
    ct_array eye = matrix_eye_like(v, n);
    ct_array f =
        sub(op_div(op_number(1, eye), sub(add(eye, matrix_row(w)), matrix_column(w))), eye);
    ct_array u = matrix_dot(v, mul(f, p));
    ct_array largest = op_argmax(op_abs(v), rows, CT_INT32);
    if (is_poison(u) || is_poison(largest))
        return;
    ct_array row = op_iota(CT_INT32, aval_shape(&v->aval), rows);
    ct_array mask = op_convert(op_eq(row, matrix_row(largest)), (ct_dtype)v->aval.dtype, false);
    ct_array along = op_reduce_sum(mul(op_conj(v), u), I(rows));
    ct_array at_u = op_reduce_sum(mul(mask, u), I(rows)),
             at_v = op_reduce_sum(mul(mask, v), I(rows));
    if (is_poison(along) || is_poison(at_u) || is_poison(at_v))
        return;
    ct_array c = op_complex(neg(op_real(along)), neg(div(op_imag(at_u), op_real(at_v))));
    *dw = matrix_diagonal(p);
    *dv = add(u, mul(v, matrix_row(c)));
}

static ct_array to_vectors_type(ct_array t, ct_array v)
{
    return is_poison(v) ? v : op_convert(t, (ct_dtype)v->aval.dtype, false);
}

static bool jvp_values(const ct_array *primals, const ct_array *tangents, ct_array *out)
{
    ct_array all[2];
    op_eig(primals[0], false, true, false, all);
    ct_array t = to_vectors_type(tangents[0], all[1]);
    ct_array inner = mul(solve(all[1], t), matrix_t(all[1]));
    out[0] = all[0];
    out[1] = is_poison(inner) ? inner : op_reduce_sum(inner, I(inner->aval.ndim - 1));
    return !is_poison(out[1]);
}

static bool jvp_eig(const op *o, const void *params, int nin, const ct_array *primals,
                    const ct_array *tangents, int nout, ct_array *out_primals,
                    ct_array *out_tangents)
{
    const params_eig *p = params;
    ct_array out[6];
    if (nout > 1 && !p->enable_eigvec_derivs) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "Derivatives of non-symmetric eigenvectors are only valid for distinct "
                  "eigenvalues, which is not checked; pass enable_eigvec_derivs=True to "
                  "jax.lax.linalg.eig to have them.");
        return false;
    }
    ct_scope scope = ct_begin();
    if (nout == 1) {
        jvp_values(primals, tangents, out);
    } else {
        core_bind(o, params, nin, primals, nout, out);
        ct_array t = to_vectors_type(tangents[0], out[0]);
        int k = 1;
        if (p->compute_left_eigenvectors) {
            ct_array w = is_poison(out[0]) ? out[0] : op_conj(out[0]), dw;
            vector_tangent(w, out[k], matrix_h(t), &dw, &out[nout + k]);
            out[nout] = is_poison(dw) ? dw : op_conj(dw);
            k++;
        }
        if (p->compute_right_eigenvectors)
            vector_tangent(out[0], out[k], t, &out[nout], &out[nout + k]);
    }
    bool good = ops_keep(scope, 2 * nout, out);
    memcpy(out_primals, out, (size_t)nout * sizeof *out);
    memcpy(out_tangents, out + nout, (size_t)nout * sizeof *out);
    return good;
}

const op op_row_eig = {
    .name = "eig",
    .flags = OP_MULTIPLE,
    .code = OP_eig,
    .operands = 1,
    .fields = fields_eig,
    .nfields = nfields_eig,
    .params_size = sizeof(params_eig),
    .abstract = abstract_eig,
    .kernel = kernel_eig,
    .jvp = jvp_eig,
    .vmap = matrices_vmap,
};

void op_eig(ct_array x, bool left, bool right, bool derivatives, ct_array *out)
{
    core_bind(&op_row_eig,
              &(params_eig){.compute_left_eigenvectors = left,
                            .compute_right_eigenvectors = right,
                            .enable_eigvec_derivs = derivatives},
              1, &x, 1 + left + right, out);
}

/* ---- schur ---- */

static bool abstract_schur(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)a;
    const params_schur *p = params;
    if (!matrices_check(o, nin, in, (const int[]){2}) || !matrices_square(o, &in[0]))
        return false;
    if (p->sort_eig_vals) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "schur: sorted eigenvalues");
        return false;
    }
    *nout = 1 + p->compute_schur_vectors;
    out[0] = in[0];
    out[0].weak = false;
    if (p->compute_schur_vectors)
        out[1] = out[0];
    return true;
}

static int triangulate(const matrix_call *c, int64_t i)
{
    const params_schur *p = c->params;
    int n = matrix_rows(&c->in->aval), info = LAPACK_NO_MEMORY;
    size_t bytes = (size_t)n * (size_t)n * dtype_table[c->dtype].itemsize;
    void *a = matrix_columns(c->dtype, n, n, matrix_at(&c->in[0], 2, i)),
         *v = base_alloc(bytes + 1),
         *to[2] = {matrix_at(&c->out[0], 2, i),
                   p->compute_schur_vectors ? matrix_at(&c->out[1], 2, i) : NULL};
    if (a && v) {
        info = lapack_gees(c->dtype, to[1] ? 'V' : 'N', n, a, v);
        for (int k = 0; k < 2; k++)
            if (to[k] && info)
                matrix_fill_nan(c->dtype, (int64_t)n * n, to[k]);
            else if (to[k])
                matrix_turn(c->dtype, n, n, to[k], k ? v : a);
    }
    base_free(a);
    base_free(v);
    return info;
}

static ct_status kernel_schur(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)nin, (void)nout;
    return matrices_run(triangulate, params, 2, in, out);
}

const op op_row_schur = {
    .name = "schur",
    .flags = OP_MULTIPLE,
    .code = OP_schur,
    .operands = 1,
    .fields = fields_schur,
    .nfields = nfields_schur,
    .params_size = sizeof(params_schur),
    .abstract = abstract_schur,
    .kernel = kernel_schur,
    .vmap = matrices_vmap,
};

void op_schur(ct_array x, bool vectors, bool sorted, ct_array *out)
{
    core_bind(&op_row_schur,
              &(params_schur){.compute_schur_vectors = vectors, .sort_eig_vals = sorted}, 1, &x,
              1 + vectors, out);
}

/* ---- hessenberg ---- */

static bool abstract_hessenberg(const op *o, const void *params, int nin, const aval *in, int *nout,
                                aval *out, arena *a)
{
    (void)params;
    if (!matrices_check(o, nin, in, (const int[]){2}) || !matrices_square(o, &in[0]))
        return false;
    if (!matrix_rows(&in[0])) {
        base_fail(CT_VALUE_ERROR, "hessenberg requires a.shape[-1] > 0, got shape %s.",
                  SHAPE(&in[0]));
        return false;
    }
    *nout = 2;
    out[0] = in[0];
    out[0].weak = false;
    return matrices_result(&out[1], a, &in[0], 2, (ct_dtype)in[0].dtype,
                           I(matrix_rows(&in[0]) - 1));
}

static int reduce(const matrix_call *c, int64_t i)
{
    int n = matrix_rows(&c->in->aval);
    void *a = matrix_columns(c->dtype, n, n, matrix_at(&c->in[0], 2, i));
    if (!a)
        return LAPACK_NO_MEMORY;
    int info = lapack_gehrd(c->dtype, n, a, matrix_at(&c->out[1], 1, i));
    matrix_turn(c->dtype, n, n, matrix_at(&c->out[0], 2, i), a);
    base_free(a);
    return info;
}

static ct_status kernel_hessenberg(const op *o, const void *params, int nin, const operand *in,
                                   int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    return matrices_run(reduce, params, 2, in, out);
}

const op op_row_hessenberg = {
    .name = "hessenberg",
    .flags = OP_MULTIPLE,
    .code = OP_hessenberg,
    .operands = 1,
    .abstract = abstract_hessenberg,
    .kernel = kernel_hessenberg,
    .vmap = matrices_vmap,
};

void op_hessenberg(ct_array x, ct_array out[2])
{
    core_bind(&op_row_hessenberg, NULL, 1, &x, 2, out);
}
