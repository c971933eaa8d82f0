/* lu: A = P L U with row exchanges; what pivots say as a permutation; and lu_solve, the solution of
 * A X = B when the factors of A are known.
 *
 * lu_solve is linear in B, and its derivative by A is that of A^-1: the factors go along as what
 * they are, other names of A. So derivatives of solutions need no derivatives of factors. */
#include "ops/matrices.h"

/* ---- lu ---- */

static bool abstract_lu(const op *o, const void *params, int nin, const aval *in, int *nout,
                        aval *out, arena *a)
{
    (void)params;
    if (!matrices_check(o, nin, in, (const int[]){2}))
        return false;
    int64_t rows = matrix_rows(&in[0]), cols = matrix_cols(&in[0]);
    *nout = 3;
    out[0] = in[0];
    out[0].weak = false;
    return matrices_result(&out[1], a, &in[0], 2, CT_INT32, I(rows < cols ? rows : cols)) &&
           matrices_result(&out[2], a, &in[0], 2, CT_INT32, I(rows));
}

/* Exchanges one after the other, applied to 0, 1, 2, ... */
static void permute(int npivots, const int32_t *pivots, int n, int32_t *permutation)
{
    for (int k = 0; k < n; k++)
        permutation[k] = k;
    for (int k = 0; k < npivots; k++) {
        int32_t other = pivots[k];
        if (other < 0 || other >= n)
            continue;
        int32_t held = permutation[k];
        permutation[k] = permutation[other];
        permutation[other] = held;
    }
}

static int factor(const matrix_call *c, int64_t i)
{
    int rows = matrix_rows(&c->in->aval), cols = matrix_cols(&c->in->aval),
        less = rows < cols ? rows : cols;
    int32_t *pivots = matrix_at(&c->out[1], 1, i);
    void *a = matrix_columns(c->dtype, rows, cols, matrix_at(&c->in[0], 2, i));
    if (!a)
        return LAPACK_NO_MEMORY;
    int info = rows && cols ? lapack_getrf(c->dtype, rows, cols, a, pivots) : 0;
    matrix_turn(c->dtype, cols, rows, matrix_at(&c->out[0], 2, i), a);
    base_free(a);
    for (int k = 0; k < less; k++)
        pivots[k] -= 1;
    permute(less, pivots, rows, matrix_at(&c->out[2], 1, i));
    return info < 0 ? info : 0; /* a zero on the diagonal is no failure */
}

static void factor_compact(const compact_call *c, int64_t i, int64_t count)
{
    int rows = matrix_rows(&c->c.in->aval), cols = matrix_cols(&c->c.in->aval),
        less = rows < cols ? rows : cols;
    int32_t *pivots = matrix_at(&c->c.out[1], 1, i);
    c->loops->load(count, c->room, matrix_at(&c->c.in[0], 2, i), c->x);
    c->loops->lu(count, rows, cols, c->x, pivots);
    c->loops->store(count, c->room, c->x, matrix_at(&c->c.out[0], 2, i));
    for (int64_t k = 0; k < count; k++)
        permute(less, pivots + k * less, rows, matrix_at(&c->c.out[2], 1, i + k));
}

static ct_status kernel_lu(const op *o, const void *params, int nin, const operand *in, int nout,
                           operand *out)
{
    (void)o, (void)nin, (void)nout;
    int64_t size = (int64_t)matrix_rows(&in->aval) * matrix_cols(&in->aval);
    return matrices_run_compact(factor_compact, size, factor, params, 2, in, out);
}

static ct_array padded(ct_array x, int64_t rows, int64_t cols)
{
    if (is_poison(x) || (!rows && !cols))
        return x;
    int_list triples = {.n = 3 * x->aval.ndim};
    memset(triples.at, 0, sizeof triples.at);
    triples.at[triples.n - 5] = rows;
    triples.at[triples.n - 2] = cols;
    return op_pad(x, op_number(0, x), ints_of(&triples));
}

/* With dA's rows in order, F = L^-1 dA U^-1: dL = L tril(F, -1) and dU = triu(F) U. A factor that
 * is not square is completed by ones on its diagonal. */
static ct_array tangent_lu(ct_array lu, ct_array t, ct_array permutation)
{
    if (is_poison(lu))
        return lu;
    int64_t m = matrix_rows(&lu->aval), n = matrix_cols(&lu->aval), k = m < n ? m : n;
    ct_array l = padded(matrix_tril(matrix_part(lu, 0, m, 0, k), -1), 0, m - k);
    l = add(l, matrix_eye_like(l, m));
    ct_array u = padded(matrix_triu(matrix_part(lu, 0, k, 0, n), 0), n - k, 0);
    if (n > k && !is_poison(u)) { /* ones below */
        ct_array eye = matrix_eye_like(u, n);
        u = add(u, sub(eye, padded(matrix_part(eye, 0, k, 0, n), n - k, 0)));
    }
    ct_array f = op_triangular_solve(
        l, matrix_permuted(t, permutation, -2),
        &(params_triangular_solve){.left_side = true, .lower = true, .unit_diagonal = true});
    f = op_triangular_solve(u, f, &(params_triangular_solve){.lower = false});
    ct_array dl = matrix_dot(l, matrix_tril(f, -1));
    ct_array du = matrix_dot(matrix_triu(f, 0), u);
    return is_poison(dl) || is_poison(du) ? array_poison : op_add(dl, du);
}

static bool jvp_lu(const op *o, const void *params, int nin, const ct_array *primals,
                   const ct_array *tangents, int nout, ct_array *out_primals,
                   ct_array *out_tangents)
{
    core_bind(o, params, nin, primals, nout, out_primals);
    ct_scope scope = ct_begin();
    ct_array t = tangent_lu(out_primals[0], tangents[0], out_primals[2]);
    bool good = ops_keep(scope, 1, &t);
    out_tangents[0] = t;
    out_tangents[1] = out_tangents[2] = NULL;
    return good;
}

const op op_row_lu = {
    .name = "lu",
    .flags = OP_MULTIPLE,
    .code = OP_lu,
    .operands = 1,
    .abstract = abstract_lu,
    .kernel = kernel_lu,
    .jvp = jvp_lu,
    .vmap = matrices_vmap,
};

void op_lu(ct_array x, ct_array out[3]) { core_bind(&op_row_lu, NULL, 1, &x, 3, out); }

/* ---- lu_pivots_to_permutation ---- */

static bool abstract_permutation(const op *o, const void *params, int nin, const aval *in,
                                 int *nout, aval *out, arena *a)
{
    (void)nin;
    const params_lu_permutation *p = params;
    if (in[0].dtype != CT_INT32) {
        base_fail(CT_TYPE_ERROR, "%s does not accept dtype %s at position 0; pivots are int32.",
                  o->name, DTYPE(&in[0]));
        return false;
    }
    if (!in[0].ndim) {
        base_fail(CT_TYPE_ERROR, "Input 0 to %s must have rank at least 1, but got shape=()",
                  o->name);
        return false;
    }
    if (p->permutation_size < in[0].shape[in[0].ndim - 1]) {
        base_fail(CT_VALUE_ERROR,
                  "Output permutation size %lld has to exceed the trailing dimension of the "
                  "pivots. Got pivots size %lld",
                  (long long)p->permutation_size, (long long)in[0].shape[in[0].ndim - 1]);
        return false;
    }
    *nout = 1;
    return matrices_result(out, a, &in[0], 1, CT_INT32, I(p->permutation_size));
}

static ct_status kernel_permutation(const op *o, const void *params, int nin, const operand *in,
                                    int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    const params_lu_permutation *p = params;
    const aval *x = &in->aval;
    int64_t leading = shape_size(x->ndim - 1, x->shape);
    for (int64_t i = 0; i < leading; i++)
        permute((int)x->shape[x->ndim - 1], matrix_at(in, 1, i), (int)p->permutation_size,
                matrix_at(out, 1, i));
    return CT_OK;
}

const op op_row_lu_pivots_to_permutation = {
    .name = "lu_pivots_to_permutation",
    .code = OP_lu_pivots_to_permutation,
    .operands = 1,
    .fields = fields_lu_permutation,
    .nfields = nfields_lu_permutation,
    .params_size = sizeof(params_lu_permutation),
    .abstract = abstract_permutation,
    .kernel = kernel_permutation,
    .jvp = zero_jvp,
    .vmap = matrices_vmap,
};

ct_array op_lu_pivots_to_permutation(ct_array pivots, int64_t size)
{
    return core_bind1(&op_row_lu_pivots_to_permutation,
                      &(params_lu_permutation){.permutation_size = size}, 1, &pivots);
}

/* ---- lu_solve: operands A, its factors, its pivots, B ---- */

static bool abstract_solve(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)params, (void)a, (void)nin;
    aval floats[3] = {in[0], in[1], in[3]};
    if (!matrices_check(o, 3, floats, (const int[]){2, 2, 2}) || !matrices_square(o, &in[0]))
        return false;
    if (matrix_rows(&in[0]) != matrix_rows(&in[3])) {
        base_fail(CT_TYPE_ERROR, "lu_solve: incompatible shapes %s and %s.", SHAPE(&in[0]),
                  SHAPE(&in[3]));
        return false;
    }
    *nout = 1;
    out[0] = in[3];
    out[0].weak = false;
    return true;
}

typedef struct rows {
    char *at, *spare;
    size_t bytes; /* of one */
    int n;
} rows;

/* The exchanges of a factorization, or what undoes them. */
static void exchange(const rows *r, const int32_t *pivots, bool undo)
{
    for (int i = 0; i < r->n; i++) {
        int k = undo ? r->n - 1 - i : i;
        if (pivots[k] == k || pivots[k] < 0 || pivots[k] >= r->n)
            continue;
        char *one = r->at + (size_t)k * r->bytes, *other = r->at + (size_t)pivots[k] * r->bytes;
        memcpy(r->spare, one, r->bytes);
        memcpy(one, other, r->bytes);
        memcpy(other, r->spare, r->bytes);
    }
}

/* Row-major factors are, column by column, the transposed ones, which LAPACK's getrs does not know:
 * two triangular solutions, with sides and triangles as in triangular_solve.c. */
static int solve(const matrix_call *c, int64_t i)
{
    const params_lu_solve *p = c->params;
    int n = matrix_rows(&c->in[3].aval), cols = matrix_cols(&c->in[3].aval);
    const int32_t *pivots = matrix_at(&c->in[2], 1, i);
    const void *lu = matrix_at(&c->in[1], 2, i);
    rows x = {.at = matrix_at(&c->out[0], 2, i),
              .n = n,
              .bytes = (size_t)cols * dtype_table[c->dtype].itemsize};
    x.spare = base_alloc(x.bytes + 1);
    if (!x.spare)
        return LAPACK_NO_MEMORY;
    memcpy(x.at, matrix_at(&c->in[3], 2, i), (size_t)n * x.bytes);
    char trans = p->transpose ? 'T' : 'N';
    matrix_system l = {c->dtype, true, 'U', trans, 'U', n, cols, lu, x.at},
                  u = {c->dtype, true, 'L', trans, 'N', n, cols, lu, x.at};
    if (!p->transpose)
        exchange(&x, pivots, false);
    matrix_solve(p->transpose ? &u : &l);
    matrix_solve(p->transpose ? &l : &u);
    if (p->transpose)
        exchange(&x, pivots, true);
    base_free(x.spare);
    return 0;
}

static void solve_compact(const compact_call *c, int64_t i, int64_t count)
{
    bool transpose = ((const params_lu_solve *)c->c.params)->transpose;
    int n = matrix_rows(&c->c.in[3].aval), cols = matrix_cols(&c->c.in[3].aval);
    const int32_t *pivots = matrix_at(&c->c.in[2], 1, i);
    void *x = compact_at(c, (int64_t)n * n);
    compact_system l = {.n = n,
                        .sides = cols,
                        .lower = true,
                        .transposed = transpose,
                        .unit_diagonal = true},
                   u = {.n = n, .sides = cols, .transposed = transpose};
    c->loops->load(count, (int64_t)n * n, matrix_at(&c->c.in[1], 2, i), c->x);
    c->loops->load(count, (int64_t)n * cols, matrix_at(&c->c.in[3], 2, i), x);
    if (!transpose)
        c->loops->exchange(count, n, cols, pivots, false, x);
    c->loops->solve(transpose ? &u : &l, c->x, x);
    c->loops->solve(transpose ? &l : &u, c->x, x);
    if (transpose)
        c->loops->exchange(count, n, cols, pivots, true, x);
    c->loops->store(count, (int64_t)n * cols, x, matrix_at(&c->c.out[0], 2, i));
}

static ct_status kernel_solve(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)nin, (void)nout;
    if (!shape_size(out->aval.ndim, out->aval.shape))
        return CT_OK;
    int64_t n = matrix_rows(&in[3].aval), cols = matrix_cols(&in[3].aval);
    return matrices_run_compact(solve_compact, n * n + n * cols, solve, params, 2, in, out);
}

/* dX = A^-1 (dB - dA X). */
static bool jvp_solve(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out_primals,
                      ct_array *out_tangents)
{
    const params_lu_solve *p = params;
    core_bind(o, params, nin, primals, nout, out_primals);
    out_tangents[0] = NULL;
    ct_array by_a = tangents[0] ? p->transpose ? matrix_t(tangents[0]) : tangents[0] : NULL;
    if (by_a)
        by_a = op_neg(matrix_dot(by_a, out_primals[0]));
    ct_array side = ops_sum(2, (ct_array[]){tangents[3], by_a});
    if (side)
        out_tangents[0] =
            core_bind1(o, params, 4, (ct_array[]){primals[0], primals[1], primals[2], side});
    return !is_poison(out_primals[0]) && ops_good(out_tangents[0]);
}

static bool transpose_solve(const op *o, const void *params, int nin, const ct_array *in,
                            const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)in_avals, (void)nout;
    const params_lu_solve *p = params;
    for (int i = 0; i < nin; i++)
        out[i] = NULL;
    if (!cts[0])
        return true;
    out[3] = core_bind1(o, &(params_lu_solve){.transpose = !p->transpose}, 4,
                        (ct_array[]){in[0], in[1], in[2], cts[0]});
    return !is_poison(out[3]);
}

/* One A for all: the mapped axis of B makes more columns. */
static bool vmap_solve(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    if (dims[0] != NOT_MAPPED || dims[1] != NOT_MAPPED || dims[2] != NOT_MAPPED)
        return matrices_vmap(o, params, b, nin, in, dims, nout, out, out_dims);
    int64_t last = in[3]->aval.ndim - 1;
    ct_array x = op_moveaxis(in[3], dims[3], last);
    if (is_poison(x))
        return false;
    int_list flat = ints_without(aval_shape(&x->aval), (ct_ints){1, &last});
    flat.at[last - 1] *= x->aval.shape[last];
    ct_array y =
        core_bind1(o, params, 4, (ct_array[]){in[0], in[1], in[2], op_reshape(x, ints_of(&flat))});
    out[0] = is_poison(y) ? y : op_reshape(y, aval_shape(&x->aval));
    out_dims[0] = (int)last;
    return !is_poison(out[0]);
}

const op op_row_lu_solve = {
    .name = "lu_solve",
    .code = OP_lu_solve,
    .operands = 4,
    .fields = fields_lu_solve,
    .nfields = nfields_lu_solve,
    .params_size = sizeof(params_lu_solve),
    .abstract = abstract_solve,
    .kernel = kernel_solve,
    .jvp = jvp_solve,
    .transpose = transpose_solve,
    .vmap = vmap_solve,
};

ct_array op_lu_solve(ct_array a, ct_array lu, ct_array pivots, ct_array b, bool transpose)
{
    return core_bind1(&op_row_lu_solve, &(params_lu_solve){.transpose = transpose}, 4,
                      (ct_array[]){a, lu, pivots, b});
}
