/* cholesky: the lower triangle whose product with its adjoint is the matrix; cholesky_update: the
 * factor after a symmetric change of rank one. */
#include "ops/matrices.h"

#include <math.h>

/* ---- cholesky ---- */

static bool abstract_cholesky(const op *o, const void *params, int nin, const aval *in, int *nout,
                              aval *out, arena *a)
{
    (void)params, (void)a;
    if (!matrices_check(o, nin, in, (const int[]){2}) || !matrices_square(o, &in[0]))
        return false;
    *nout = 1;
    out[0] = in[0];
    out[0].weak = false;
    return true;
}

/* Row-major lower is column-major upper, and both conjugate alike: the factor comes out in place.
 */
static int factor(const matrix_call *c, int64_t i)
{
    int n = matrix_rows(&c->in->aval);
    size_t item = dtype_table[c->dtype].itemsize;
    char *l = matrix_at(&c->out[0], 2, i);
    memcpy(l, matrix_at(&c->in[0], 2, i), (size_t)n * (size_t)n * item);
    int info = lapack_potrf(c->dtype, 'U', n, l);
    if (info)
        matrix_fill_nan(c->dtype, (int64_t)n * n, l);
    for (int row = 0; row < n; row++)
        memset(l + ((size_t)row * (size_t)n + (size_t)row + 1) * item, 0,
               (size_t)(n - row - 1) * item);
    return info;
}

static void factor_compact(const compact_call *c, int64_t i, int64_t count)
{
    c->loops->load(count, c->room, matrix_at(&c->c.in[0], 2, i), c->x);
    c->loops->cholesky(matrix_rows(&c->c.in->aval), c->x);
    c->loops->store(count, c->room, c->x, matrix_at(&c->c.out[0], 2, i));
}

static ct_status kernel_cholesky(const op *o, const void *params, int nin, const operand *in,
                                 int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    int64_t n = matrix_rows(&in->aval);
    return matrices_run_compact(factor_compact, n * n, factor, params, 2, in, out);
}

/* With L = chol(A): dL = L phi(L^-1 dA L^-H), phi halving the diagonal of the lower triangle. See
 * Murray, Differentiation of the Cholesky decomposition. */
static bool jvp_cholesky(const op *o, const void *params, int nin, const ct_array *primals,
                         const ct_array *tangents, int nout, ct_array *out_primals,
                         ct_array *out_tangents)
{
    (void)o, (void)params, (void)nin, (void)nout;
    ct_scope scope = ct_begin();
    ct_array l = matrix_tril(op_cholesky(primals[0]), 0);
    ct_array right = op_triangular_solve(
        l, tangents[0],
        &(params_triangular_solve){.lower = true, .transpose_a = true, .conjugate_a = true});
    ct_array both =
        op_triangular_solve(l, right, &(params_triangular_solve){.lower = true, .left_side = true});
    ct_array out[2] = {l, array_poison};
    if (!is_poison(both)) {
        ct_array eye = matrix_eye_like(both, both->aval.shape[both->aval.ndim - 1]);
        out[1] = matrix_dot(l, div(matrix_tril(both, 0), add(eye, 1)));
    }
    bool good = ops_keep(scope, 2, out);
    out_primals[0] = out[0];
    out_tangents[0] = out[1];
    return good;
}

const op op_row_cholesky = {
    .name = "cholesky",
    .code = OP_cholesky,
    .operands = 1,
    .abstract = abstract_cholesky,
    .kernel = kernel_cholesky,
    .jvp = jvp_cholesky,
    .vmap = matrices_vmap,
};

ct_array op_cholesky(ct_array x) { return core_bind1(&op_row_cholesky, NULL, 1, &x); }

/* ---- cholesky_update ---- */

static bool abstract_update(const op *o, const void *params, int nin, const aval *in, int *nout,
                            aval *out, arena *a)
{
    (void)params, (void)a;
    if (!matrices_check(o, nin, in, (const int[]){2, 1}) || !matrices_square(o, &in[0]))
        return false;
    if (matrix_rows(&in[0]) != matrix_cols(&in[1])) {
        base_fail(CT_VALUE_ERROR,
                  "cholesky_update: the vector of shape %s does not fit the matrix of shape %s.",
                  SHAPE(&in[1]), SHAPE(&in[0]));
        return false;
    }
    if (dtype_is((ct_dtype)in[0].dtype, FAMILY_COMPLEX)) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "cholesky_update of complex matrices");
        return false;
    }
    *nout = 1;
    out[0] = in[0];
    return true;
}

/* Rotations of rows with the vector, which take it away element by element (Golub and Van Loan,
 * 6.5.4). */
static int update(const matrix_call *c, int64_t i)
{
    int n = matrix_rows(&c->in->aval);
    size_t item = dtype_table[c->dtype].itemsize;
    char *r = matrix_at(&c->out[0], 2, i);
    double *w = base_alloc((size_t)(n + 1) * sizeof *w);
    if (!w)
        return LAPACK_NO_MEMORY;
    memcpy(r, matrix_at(&c->in[0], 2, i), (size_t)n * (size_t)n * item);
    for (int k = 0; k < n; k++)
        w[k] = dtype_decode(c->dtype, (char *)matrix_at(&c->in[1], 1, i) + (size_t)k * item);
    for (int k = 0; k < n; k++) {
        char *row = r + (size_t)k * (size_t)n * item;
        double diagonal = dtype_decode(c->dtype, row + (size_t)k * item),
               length = hypot(diagonal, w[k]), cosine = length ? diagonal / length : 1,
               sine = length ? w[k] / length : 0;
        for (int j = k; j < n; j++) {
            double x = dtype_decode(c->dtype, row + (size_t)j * item);
            dtype_encode(c->dtype, row + (size_t)j * item, cosine * x + sine * w[j]);
            w[j] = cosine * w[j] - sine * x;
        }
    }
    base_free(w);
    return 0;
}

static ct_status kernel_update(const op *o, const void *params, int nin, const operand *in,
                               int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    return matrices_run(update, params, 2, in, out);
}

const op op_row_cholesky_update = {
    .name = "cholesky_update",
    .code = OP_cholesky_update,
    .operands = 2,
    .abstract = abstract_update,
    .kernel = kernel_update,
    .vmap = matrices_vmap,
};

ct_array op_cholesky_update(ct_array r, ct_array w)
{
    return core_bind1(&op_row_cholesky_update, NULL, 2, (ct_array[]){r, w});
}
