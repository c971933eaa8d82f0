/* tridiagonal: the form that Hermitian matrices are reduced to by reflections; tridiagonal_solve:
 * solutions of systems of that form. */
#include "ops/matrices.h"

/* ---- tridiagonal ---- */

static bool abstract_tridiagonal(const op *o, const void *params, int nin, const aval *in,
                                 int *nout, aval *out, arena *a)
{
    (void)params;
    if (!matrices_check(o, nin, in, (const int[]){2}))
        return false;
    int64_t n = matrix_rows(&in[0]);
    if (n != matrix_cols(&in[0]) || !n) {
        base_fail(CT_VALUE_ERROR, "The input to tridiagonal must be a square matrix. Got shape %s.",
                  SHAPE(&in[0]));
        return false;
    }
    ct_dtype d = (ct_dtype)in[0].dtype, real = dtype_real_part(d);
    *nout = 4;
    out[0] = in[0];
    out[0].weak = false;
    return matrices_result(&out[1], a, &in[0], 2, real, I(n)) &&
           matrices_result(&out[2], a, &in[0], 2, real, I(n - 1)) &&
           matrices_result(&out[3], a, &in[0], 2, d, I(n - 1));
}

static int reduce(const matrix_call *c, int64_t i)
{
    const params_tridiagonal *p = c->params;
    int n = matrix_rows(&c->in->aval);
    void *a = matrix_columns(c->dtype, n, n, matrix_at(&c->in[0], 2, i));
    if (!a)
        return LAPACK_NO_MEMORY;
    int info = lapack_sytrd(c->dtype, p->lower ? 'L' : 'U', n, a, matrix_at(&c->out[1], 1, i),
                            matrix_at(&c->out[2], 1, i), matrix_at(&c->out[3], 1, i));
    matrix_turn(c->dtype, n, n, matrix_at(&c->out[0], 2, i), a);
    base_free(a);
    return info;
}

static ct_status kernel_tridiagonal(const op *o, const void *params, int nin, const operand *in,
                                    int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    return matrices_run(reduce, params, 2, in, out);
}

const op op_row_tridiagonal = {
    .name = "tridiagonal",
    .flags = OP_MULTIPLE,
    .code = OP_tridiagonal,
    .operands = 1,
    .fields = fields_tridiagonal,
    .nfields = nfields_tridiagonal,
    .params_size = sizeof(params_tridiagonal),
    .abstract = abstract_tridiagonal,
    .kernel = kernel_tridiagonal,
    .vmap = matrices_vmap,
};

void op_tridiagonal(ct_array x, bool lower, ct_array out[4])
{
    core_bind(&op_row_tridiagonal, &(params_tridiagonal){.lower = lower}, 1, &x, 4, out);
}

/* ---- tridiagonal_solve ---- */

static bool abstract_solve(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)a;
    const params_tridiagonal_solve *p = params;
    if (!matrices_check(o, nin, in, (const int[]){1, 1, 1, 2}))
        return false;
    for (int i = 0; i < 4; i++)
        if (!ints_equal((ct_ints){in[i].ndim - (i == 3), in[i].shape}, aval_shape(&in[0]))) {
            base_fail(CT_TYPE_ERROR,
                      "tridiagonal_solve requires that all diagonals have one shape and that b has "
                      "one more axis, got %s, %s, %s and %s.",
                      SHAPE(&in[0]), SHAPE(&in[1]), SHAPE(&in[2]), SHAPE(&in[3]));
            return false;
        }
    if (p->perturb_singular) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "tridiagonal_solve with perturb_singular=True");
        return false;
    }
    *nout = 1;
    out[0] = in[3];
    out[0].weak = false;
    return true;
}

static int solve(const matrix_call *c, int64_t i)
{
    int n = matrix_rows(&c->in[3].aval), cols = matrix_cols(&c->in[3].aval),
        info = LAPACK_NO_MEMORY;
    size_t item = dtype_table[c->dtype].itemsize, bytes = (size_t)n * item;
    char *to = matrix_at(&c->out[0], 2, i), *diagonals = base_alloc(3 * bytes + 1),
         *b = matrix_columns(c->dtype, n, cols, matrix_at(&c->in[3], 2, i));
    if (diagonals && b) {
        for (int k = 0; k < 3; k++)
            memcpy(diagonals + (size_t)k * bytes, matrix_at(&c->in[k], 1, i), bytes);
        info = lapack_gtsv(c->dtype, n, cols, diagonals + item, diagonals + bytes,
                           diagonals + 2 * bytes, b);
        if (info)
            matrix_fill_nan(c->dtype, (int64_t)n * cols, to);
        else
            matrix_turn(c->dtype, cols, n, to, b);
    }
    base_free(diagonals);
    base_free(b);
    return info;
}

static ct_status kernel_solve(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)nin, (void)nout;
    if (!shape_size(out->aval.ndim, out->aval.shape))
        return CT_OK;
    return matrices_run(solve, params, 1, in, out);
}

/* x moved along its axis: positive steps bring in zeros at the start. */
static ct_array shifted(ct_array x, int64_t axis, int64_t by)
{
    if (is_poison(x))
        return x;
    int_list triples = {.n = 3 * x->aval.ndim};
    memset(triples.at, 0, sizeof triples.at);
    triples.at[3 * axis] = by;
    triples.at[3 * axis + 1] = -by;
    return op_pad(x, op_number(0, x), ints_of(&triples));
}

/* A diagonal's part in the product with x, whose rows stand `by` further down. */
static ct_array diagonal_times(ct_array diagonal, ct_array x, int64_t by)
{
    if (!diagonal)
        return NULL;
    ct_array rows = by && !is_poison(x) ? shifted(x, x->aval.ndim - 2, by) : x;
    return mul(matrix_column(diagonal), rows);
}

static bool jvp_solve(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out_primals,
                      ct_array *out_tangents)
{
    core_bind(o, params, nin, primals, nout, out_primals);
    ct_array x = out_primals[0];
    ct_array moved = ops_sum(3, (ct_array[]){diagonal_times(tangents[0], x, 1),
                                             diagonal_times(tangents[1], x, 0),
                                             diagonal_times(tangents[2], x, -1)});
    ct_array side = ops_sum(2, (ct_array[]){tangents[3], moved ? op_neg(moved) : NULL});
    out_tangents[0] =
        core_bind1(o, params, nin, (ct_array[]){primals[0], primals[1], primals[2], side});
    return !is_poison(x) && !is_poison(out_tangents[0]);
}

static bool transpose_solve(const op *o, const void *params, int nin, const ct_array *in,
                            const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)in_avals, (void)nout;
    for (int i = 0; i < nin; i++)
        out[i] = NULL;
    if (!cts[0])
        return true;
    int64_t last = in[0]->aval.ndim - 1;
    ct_array below = shifted(in[2], last, 1), above = shifted(in[0], last, -1);
    out[3] = core_bind1(o, params, nin, (ct_array[]){below, in[1], above, cts[0]});
    return !is_poison(out[3]);
}

const op op_row_tridiagonal_solve = {
    .name = "tridiagonal_solve",
    .code = OP_tridiagonal_solve,
    .operands = 4,
    .fields = fields_tridiagonal_solve,
    .nfields = nfields_tridiagonal_solve,
    .params_size = sizeof(params_tridiagonal_solve),
    .abstract = abstract_solve,
    .kernel = kernel_solve,
    .jvp = jvp_solve,
    .transpose = transpose_solve,
    .vmap = matrices_vmap,
};

ct_array op_tridiagonal_solve(ct_array dl, ct_array d, ct_array du, ct_array b, bool perturb)
{
    return core_bind1(&op_row_tridiagonal_solve,
                      &(params_tridiagonal_solve){.perturb_singular = perturb}, 4,
                      (ct_array[]){dl, d, du, b});
}
