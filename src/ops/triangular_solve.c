/* triangular_solve: X of op(A) X = B, or of X op(A) = B, for a triangular A. Linear in B. */
#include "ops/matrices.h"

static bool abstract_solve(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)a;
    const params_triangular_solve *p = params;
    if (!matrices_check(o, nin, in, (const int[]){2, 2}) || !matrices_square(o, &in[0]))
        return false;
    if (matrix_rows(&in[0]) != (p->left_side ? matrix_rows(&in[1]) : matrix_cols(&in[1]))) {
        base_fail(CT_VALUE_ERROR,
                  "Incompatible shapes for arguments to triangular_solve with left_side=%s: got %s "
                  "and %s.",
                  p->left_side ? "True" : "False", SHAPE(&in[0]), SHAPE(&in[1]));
        return false;
    }
    *nout = 1;
    out[0] = in[1];
    out[0].weak = false;
    return true;
}

static void conjugate(ct_dtype dtype, int64_t n, void *x)
{
    if (dtype == CT_COMPLEX64)
        for (int64_t i = 0; i < n; i++)
            ((float *)x)[2 * i + 1] = -((float *)x)[2 * i + 1];
    else
        for (int64_t i = 0; i < n; i++)
            ((double *)x)[2 * i + 1] = -((double *)x)[2 * i + 1];
}

/* In column-major order everything is transposed: the side and the triangle change, op does not. */
static int solve(const matrix_call *c, int64_t i)
{
    const params_triangular_solve *p = c->params;
    bool is_complex = dtype_is(c->dtype, FAMILY_COMPLEX);
    const aval *b = &c->in[1].aval;
    int n = matrix_rows(&c->in[0].aval), rows = matrix_rows(b), cols = matrix_cols(b);
    size_t item = dtype_table[c->dtype].itemsize;
    void *a = matrix_at(&c->in[0], 2, i), *x = matrix_at(&c->out[0], 2, i), *copy = NULL;
    memcpy(x, matrix_at(&c->in[1], 2, i), (size_t)rows * (size_t)cols * item);
    if (p->conjugate_a && !p->transpose_a && is_complex) {
        copy = base_alloc((size_t)n * (size_t)n * item);
        if (!copy)
            return LAPACK_NO_MEMORY;
        memcpy(copy, a, (size_t)n * (size_t)n * item);
        conjugate(c->dtype, (int64_t)n * n, copy);
    }
    matrix_solve(&(matrix_system){.dtype = c->dtype,
                                  .left = p->left_side,
                                  .uplo = p->lower ? 'U' : 'L',
                                  .trans = !p->transpose_a                ? 'N'
                                           : p->conjugate_a && is_complex ? 'C'
                                                                          : 'T',
                                  .diag = p->unit_diagonal ? 'U' : 'N',
                                  .n = n,
                                  .sides = p->left_side ? cols : rows,
                                  .a = copy ? copy : a,
                                  .x = x});
    base_free(copy);
    return 0;
}

static void solve_compact(const compact_call *c, int64_t i, int64_t count)
{
    const params_triangular_solve *p = c->c.params;
    int n = matrix_rows(&c->c.in[0].aval), rows = matrix_rows(&c->c.in[1].aval),
        cols = matrix_cols(&c->c.in[1].aval);
    void *x = compact_at(c, (int64_t)n * n);
    compact_system s = {.n = n,
                        .sides = p->left_side ? cols : rows,
                        .right = !p->left_side,
                        .lower = p->lower,
                        .transposed = p->transpose_a,
                        .unit_diagonal = p->unit_diagonal};
    c->loops->load(count, (int64_t)n * n, matrix_at(&c->c.in[0], 2, i), c->x);
    c->loops->load(count, (int64_t)rows * cols, matrix_at(&c->c.in[1], 2, i), x);
    c->loops->solve(&s, c->x, x);
    c->loops->store(count, (int64_t)rows * cols, x, matrix_at(&c->c.out[0], 2, i));
}

static ct_status kernel_solve(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    if (!shape_size(out->aval.ndim, out->aval.shape))
        return CT_OK;
    if (dtype_table[in[0].aval.dtype].bits < 32)
        return ops_widened(o, params, nin, in, nout, out);
    int64_t n = matrix_rows(&in[0].aval),
            sides = (int64_t)matrix_rows(&in[1].aval) * matrix_cols(&in[1].aval);
    return matrices_run_compact(solve_compact, n * n + sides, solve, params, 2, in, out);
}

/* op(dA) as it stands in the product: its own triangle, negated. */
static ct_array by_a(ct_array a, ct_array t, ct_array x, const params_triangular_solve *p)
{
    int64_t k = p->unit_diagonal;
    t = neg(p->lower ? matrix_tril(t, -k) : matrix_triu(t, k));
    t = p->transpose_a ? matrix_t(t) : t;
    if (p->conjugate_a && !is_poison(t) && dtype_is((ct_dtype)t->aval.dtype, FAMILY_COMPLEX))
        t = op_conj(t);
    if (is_poison(t) || is_poison(x))
        return array_poison;
    bool more_unknowns = p->left_side ? matrix_rows(&x->aval) > matrix_cols(&x->aval)
                                      : matrix_rows(&x->aval) < matrix_cols(&x->aval);
    if (more_unknowns)
        return op_triangular_solve(a, p->left_side ? matrix_dot(t, x) : matrix_dot(x, t), p);
    t = op_triangular_solve(a, t, p);
    return p->left_side ? matrix_dot(t, x) : matrix_dot(x, t);
}

static bool jvp_solve(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out_primals,
                      ct_array *out_tangents)
{
    (void)o, (void)nin, (void)nout;
    ct_array x = op_triangular_solve(primals[0], primals[1], params);
    ct_array by_left = tangents[0] ? by_a(primals[0], tangents[0], x, params) : NULL;
    ct_array by_right = tangents[1] ? op_triangular_solve(primals[0], tangents[1], params) : NULL;
    out_primals[0] = x;
    out_tangents[0] = ops_sum(2, (ct_array[]){by_left, by_right});
    return !is_poison(x) && ops_good(out_tangents[0]);
}

static bool transpose_solve(const op *o, const void *params, int nin, const ct_array *in,
                            const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)nin, (void)in_avals, (void)nout;
    params_triangular_solve p = *(const params_triangular_solve *)params;
    out[0] = out[1] = NULL;
    if (!cts[0])
        return true;
    p.transpose_a = !p.transpose_a;
    out[1] = op_triangular_solve(in[0], cts[0], &p);
    return !is_poison(out[1]);
}

/* One A for all: the mapped axis of B, behind its rows or columns, makes more of them. */
static ct_array more_sides(ct_array a, ct_array b, int dim, const params_triangular_solve *p,
                           int *out_dim)
{
    int64_t at = b->aval.ndim - (p->left_side ? 1 : 2);
    b = op_moveaxis(b, dim, at);
    if (is_poison(b))
        return b;
    int_list flat = ints_without(aval_shape(&b->aval), (ct_ints){1, &at});
    flat.at[at - 1] *= b->aval.shape[at];
    *out_dim = (int)at;
    ct_array x = op_triangular_solve(a, op_reshape(b, ints_of(&flat)), p);
    return is_poison(x) ? x : op_reshape(x, aval_shape(&b->aval));
}

static bool vmap_solve(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    if (dims[0] != NOT_MAPPED)
        return matrices_vmap(o, params, b, nin, in, dims, nout, out, out_dims);
    out[0] = more_sides(in[0], in[1], dims[1], params, out_dims);
    return !is_poison(out[0]);
}

const op op_row_triangular_solve = {
    .name = "triangular_solve",
    .code = OP_triangular_solve,
    .operands = 2,
    .fields = fields_triangular_solve,
    .nfields = nfields_triangular_solve,
    .params_size = sizeof(params_triangular_solve),
    .abstract = abstract_solve,
    .kernel = kernel_solve,
    .jvp = jvp_solve,
    .transpose = transpose_solve,
    .vmap = vmap_solve,
};

ct_array op_triangular_solve(ct_array a, ct_array b, const params_triangular_solve *p)
{
    return core_bind1(&op_row_triangular_solve, p, 2, (ct_array[]){a, b});
}
