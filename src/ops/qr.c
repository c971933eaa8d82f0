/* qr, and the reflections that it is made of: geqrf, geqp3 (with pivots), householder_product,
 * ormqr. Reflections are LAPACK's: the columns of A below the diagonal, and their factors tau. */
#include "ops/matrices.h"

static int smaller(const aval *x)
{
    return matrix_rows(x) < matrix_cols(x) ? matrix_rows(x) : matrix_cols(x);
}

/* ---- geqrf and geqp3 ---- */

static bool abstract_reflections(const op *o, const void *params, int nin, const aval *in,
                                 int *nout, aval *out, arena *a)
{
    (void)params;
    bool pivots = nin == 2;
    if (!matrices_check(o, 1, in, (const int[]){2}))
        return false;
    *nout = 2 + pivots;
    out[0] = in[0];
    out[0].weak = false;
    if (pivots)
        out[1] = in[1];
    return matrices_result(&out[1 + pivots], a, &in[0], 2, (ct_dtype)in[0].dtype,
                           I(smaller(&in[0])));
}

/* Into out[0] (row-major), tau into the last result; with pivots, columns are exchanged. */
static int reflect(const matrix_call *c, int64_t i)
{
    int rows = matrix_rows(&c->in->aval), cols = matrix_cols(&c->in->aval);
    void *a = matrix_columns(c->dtype, rows, cols, matrix_at(&c->in[0], 2, i));
    if (!a)
        return LAPACK_NO_MEMORY;
    int info = lapack_geqrf(c->dtype, rows, cols, a, matrix_at(&c->out[1], 1, i));
    matrix_turn(c->dtype, cols, rows, matrix_at(&c->out[0], 2, i), a);
    base_free(a);
    return info;
}

static int reflect_pivoted(const matrix_call *c, int64_t i)
{
    int rows = matrix_rows(&c->in->aval), cols = matrix_cols(&c->in->aval);
    int32_t *pivots = matrix_at(&c->out[1], 1, i);
    void *a = matrix_columns(c->dtype, rows, cols, matrix_at(&c->in[0], 2, i));
    if (!a)
        return LAPACK_NO_MEMORY;
    memcpy(pivots, matrix_at(&c->in[1], 1, i), (size_t)cols * sizeof *pivots);
    int info = lapack_geqp3(c->dtype, rows, cols, a, pivots, matrix_at(&c->out[2], 1, i));
    matrix_turn(c->dtype, cols, rows, matrix_at(&c->out[0], 2, i), a);
    base_free(a);
    return info;
}

static void reflect_compact(const compact_call *c, int64_t i, int64_t count)
{
    int rows = matrix_rows(&c->c.in->aval), cols = matrix_cols(&c->c.in->aval);
    int64_t size = (int64_t)rows * cols;
    void *tau = compact_at(c, size);
    c->loops->load(count, size, matrix_at(&c->c.in[0], 2, i), c->x);
    c->loops->reflections(rows, cols, c->x, tau);
    c->loops->store(count, size, c->x, matrix_at(&c->c.out[0], 2, i));
    c->loops->store(count, smaller(&c->c.in->aval), tau, matrix_at(&c->c.out[1], 1, i));
}

static ct_status kernel_reflections(const op *o, const void *params, int nin, const operand *in,
                                    int nout, operand *out)
{
    (void)o, (void)nout;
    if (nin == 2)
        return matrices_run(reflect_pivoted, params, 2, in, out);
    int64_t size = (int64_t)matrix_rows(&in->aval) * matrix_cols(&in->aval);
    return matrices_run_compact(reflect_compact, size + smaller(&in->aval), reflect, params, 2, in,
                                out);
}

const op op_row_geqrf = {
    .name = "geqrf",
    .flags = OP_MULTIPLE,
    .code = OP_geqrf,
    .operands = 1,
    .abstract = abstract_reflections,
    .kernel = kernel_reflections,
    .vmap = matrices_vmap,
};
const op op_row_geqp3 = {
    .name = "geqp3",
    .flags = OP_MULTIPLE,
    .code = OP_geqp3,
    .operands = 2,
    .abstract = abstract_reflections,
    .kernel = kernel_reflections,
    .vmap = matrices_vmap,
};

/* ---- householder_product ---- */

static bool abstract_product(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    (void)params, (void)a;
    if (!matrices_check(o, nin, in, (const int[]){2, 1}))
        return false;
    int rows = matrix_rows(&in[0]), cols = matrix_cols(&in[0]), k = matrix_cols(&in[1]);
    if (rows < cols || k > cols) {
        base_fail(CT_VALUE_ERROR,
                  rows < cols ? "The first argument to householder_product must have at least as "
                                "many rows as columns, got shape %s (reflections: %s)"
                              : "The second argument to householder_product must not have more "
                                "rows than the first argument's columns, got shapes %s and %s",
                  SHAPE(&in[0]), SHAPE(&in[1]));
        return false;
    }
    *nout = 1;
    out[0] = in[0];
    out[0].weak = false;
    return true;
}

static int multiply(const matrix_call *c, int64_t i)
{
    int rows = matrix_rows(&c->in->aval), cols = matrix_cols(&c->in->aval);
    void *a = matrix_columns(c->dtype, rows, cols, matrix_at(&c->in[0], 2, i));
    if (!a)
        return LAPACK_NO_MEMORY;
    int info = lapack_orgqr(c->dtype, rows, cols, matrix_cols(&c->in[1].aval), a,
                            matrix_at(&c->in[1], 1, i));
    matrix_turn(c->dtype, cols, rows, matrix_at(&c->out[0], 2, i), a);
    base_free(a);
    return info;
}

static void multiply_compact(const compact_call *c, int64_t i, int64_t count)
{
    int rows = matrix_rows(&c->c.in->aval), cols = matrix_cols(&c->c.in->aval),
        n = matrix_cols(&c->c.in[1].aval);
    int64_t size = (int64_t)rows * cols;
    void *tau = compact_at(c, size), *q = compact_at(c, size + n);
    c->loops->load(count, size, matrix_at(&c->c.in[0], 2, i), c->x);
    c->loops->load(count, n, matrix_at(&c->c.in[1], 1, i), tau);
    c->loops->orthogonal(n, rows, cols, c->x, tau, cols, q);
    c->loops->store(count, size, q, matrix_at(&c->c.out[0], 2, i));
}

static ct_status kernel_product(const op *o, const void *params, int nin, const operand *in,
                                int nout, operand *out)
{
    (void)o, (void)nin, (void)nout;
    int64_t size = (int64_t)matrix_rows(&in->aval) * matrix_cols(&in->aval);
    return matrices_run_compact(multiply_compact, 2 * size + matrix_cols(&in[1].aval), multiply,
                                params, 2, in, out);
}

const op op_row_householder_product = {
    .name = "householder_product",
    .code = OP_householder_product,
    .operands = 2,
    .abstract = abstract_product,
    .kernel = kernel_product,
    .vmap = matrices_vmap,
};

ct_array op_householder_product(ct_array a, ct_array taus)
{
    return core_bind1(&op_row_householder_product, NULL, 2, (ct_array[]){a, taus});
}

/* ---- ormqr: the product of reflections, applied to C ---- */

static bool abstract_ormqr(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)a;
    const params_ormqr *p = params;
    if (!matrices_check(o, nin, in, (const int[]){2, 1, 2}))
        return false;
    int side = p->left ? matrix_rows(&in[2]) : matrix_cols(&in[2]);
    if (matrix_rows(&in[0]) != side || matrix_cols(&in[1]) > matrix_cols(&in[0])) {
        base_fail(CT_VALUE_ERROR,
                  "ormqr: reflections of shapes %s and %s do not fit a matrix of shape %s.",
                  SHAPE(&in[0]), SHAPE(&in[1]), SHAPE(&in[2]));
        return false;
    }
    *nout = 1;
    out[0] = in[2];
    out[0].weak = false;
    return true;
}

static int apply(const matrix_call *c, int64_t i)
{
    const params_ormqr *p = c->params;
    const aval *x = &c->in[2].aval;
    int rows = matrix_rows(x), cols = matrix_cols(x), m = matrix_rows(&c->in[0].aval),
        n = matrix_cols(&c->in[0].aval), info = LAPACK_NO_MEMORY;
    char trans = !p->transpose ? 'N' : dtype_is(c->dtype, FAMILY_COMPLEX) ? 'C' : 'T';
    void *a = matrix_columns(c->dtype, m, n, matrix_at(&c->in[0], 2, i)),
         *b = matrix_columns(c->dtype, rows, cols, matrix_at(&c->in[2], 2, i));
    if (a && b) {
        info = lapack_ormqr(c->dtype, p->left ? 'L' : 'R', trans, rows, cols,
                            matrix_cols(&c->in[1].aval), a, matrix_at(&c->in[1], 1, i), b);
        matrix_turn(c->dtype, cols, rows, matrix_at(&c->out[0], 2, i), b);
    }
    base_free(a);
    base_free(b);
    return info;
}

static ct_status kernel_ormqr(const op *o, const void *params, int nin, const operand *in, int nout,
                              operand *out)
{
    (void)o, (void)nin, (void)nout;
    return matrices_run(apply, params, 2, in, out);
}

const op op_row_ormqr = {
    .name = "ormqr",
    .code = OP_ormqr,
    .operands = 3,
    .fields = fields_ormqr,
    .nfields = nfields_ormqr,
    .params_size = sizeof(params_ormqr),
    .abstract = abstract_ormqr,
    .kernel = kernel_ormqr,
    .vmap = matrices_vmap,
};

ct_array op_ormqr(ct_array a, ct_array taus, ct_array c, const params_ormqr *p)
{
    return core_bind1(&op_row_ormqr, p, 3, (ct_array[]){a, taus, c});
}

/* ---- qr ---- */

static bool abstract_qr(const op *o, const void *params, int nin, const aval *in, int *nout,
                        aval *out, arena *a)
{
    const params_qr *p = params;
    if (!matrices_check(o, nin, in, (const int[]){2}))
        return false;
    int64_t rows = matrix_rows(&in[0]), cols = matrix_cols(&in[0]),
            k = p->full_matrices ? rows : smaller(&in[0]);
    ct_dtype d = (ct_dtype)in[0].dtype;
    *nout = 2 + p->pivoting;
    return matrices_result(&out[0], a, &in[0], 2, d, I(rows, k)) &&
           matrices_result(&out[1], a, &in[0], 2, d, I(k, cols)) &&
           (!p->pivoting || matrices_result(&out[2], a, &in[0], 2, CT_INT32, I(cols)));
}

/* R is the upper triangle; what the reflections left below it is theirs. */
static void put_triangle(const matrix_call *c, int64_t i, int rows, int k, int cols, const void *a)
{
    size_t item = dtype_table[c->dtype].itemsize;
    char *r = matrix_at(&c->out[1], 2, i);
    for (int row = 0; row < k; row++)
        for (int col = 0; col < cols; col++, r += item)
            if (col < row)
                memset(r, 0, item);
            else
                memcpy(r, (const char *)a + ((size_t)col * (size_t)rows + (size_t)row) * item,
                       item);
}

static int decompose(const matrix_call *c, int64_t i)
{
    const params_qr *p = c->params;
    const aval *x = &c->in->aval;
    int rows = matrix_rows(x), cols = matrix_cols(x), less = smaller(x),
        k = p->full_matrices ? rows : less, wide = cols > k ? cols : k, info = LAPACK_NO_MEMORY;
    size_t item = dtype_table[c->dtype].itemsize;
    char *a = base_alloc(((size_t)rows * (size_t)wide + 1) * item),
         *tau = base_alloc(((size_t)less + 1) * item);
    if (a && tau) {
        matrix_turn(c->dtype, rows, cols, a, matrix_at(&c->in[0], 2, i));
        if (p->pivoting) {
            int32_t *pivots = matrix_at(&c->out[2], 1, i);
            memset(pivots, 0, (size_t)cols * sizeof *pivots);
            info = lapack_geqp3(c->dtype, rows, cols, a, pivots, tau);
            for (int j = 0; j < cols; j++)
                pivots[j] -= 1;
        } else {
            info = lapack_geqrf(c->dtype, rows, cols, a, tau);
        }
        if (c->out[1].data)
            put_triangle(c, i, rows, k, cols, a);
        if (c->out[0].data) {
            if (!info && rows && k)
                info = lapack_orgqr(c->dtype, rows, k, less, a, tau);
            matrix_turn(c->dtype, k, rows, matrix_at(&c->out[0], 2, i), a);
        }
    }
    base_free(a);
    base_free(tau);
    return info;
}

static void decompose_compact(const compact_call *c, int64_t i, int64_t count)
{
    const params_qr *p = c->c.params;
    const aval *x = &c->c.in->aval;
    int rows = matrix_rows(x), cols = matrix_cols(x), less = smaller(x),
        k = p->full_matrices ? rows : less;
    int64_t size = (int64_t)rows * cols;
    void *tau = compact_at(c, size), *q = compact_at(c, size + less);
    c->loops->load(count, size, matrix_at(&c->c.in[0], 2, i), c->x);
    c->loops->reflections(rows, cols, c->x, tau);
    if (c->c.out[0].data) {
        c->loops->orthogonal(less, rows, cols, c->x, tau, k, q);
        c->loops->store(count, (int64_t)rows * k, q, matrix_at(&c->c.out[0], 2, i));
    }
    if (c->c.out[1].data) {
        c->loops->clear_below(k, cols, c->x);
        c->loops->store(count, (int64_t)k * cols, c->x, matrix_at(&c->c.out[1], 2, i));
    }
}

static ct_status kernel_qr(const op *o, const void *params, int nin, const operand *in, int nout,
                           operand *out)
{
    (void)o, (void)nin, (void)nout;
    const params_qr *p = params;
    int64_t rows = matrix_rows(&in->aval), less = smaller(&in->aval),
            room = rows * matrix_cols(&in->aval) + less + rows * (p->full_matrices ? rows : less);
    if (p->pivoting)
        return matrices_run(decompose, params, 2, in, out);
    return matrices_run_compact(decompose_compact, room, decompose, params, 2, in, out);
}

/* Of a matrix with at least as many rows as columns: Walter and Lehmann, Algorithmic
 * differentiation of linear algebra functions. The diagonal of Q^H dQ of complex matrices is
 * imaginary. */
static void thin_tangent(ct_array q, ct_array r, ct_array t, ct_array *dq, ct_array *dr)
{
    ct_array right = op_triangular_solve(r, t, &(params_triangular_solve){.lower = false});
    ct_array inner = matrix_dot(matrix_h(q), right);
    ct_array below = matrix_tril(inner, -1);
    *dq = *dr = array_poison;
    if (is_poison(below))
        return;
    ct_array turn = sub(below, matrix_h(below));
    if (dtype_is((ct_dtype)turn->aval.dtype, FAMILY_COMPLEX)) {
        ct_array imaginary = op_imag(inner);
        if (is_poison(imaginary))
            return;
        ct_array along = op_complex(op_full_like(imaginary, 0), imaginary);
        turn =
            add(turn, mul(matrix_eye_like(turn, inner->aval.shape[inner->aval.ndim - 1]), along));
    }
    *dq = add(matrix_dot(q, sub(turn, inner)), right);
    *dr = matrix_dot(sub(inner, turn), r);
}

static ct_array joined(ct_array a, ct_array b, int64_t from_end)
{
    if (is_poison(a) || is_poison(b))
        return array_poison;
    return op_concatenate(2, (ct_array[]){a, b}, a->aval.ndim - from_end);
}

/* X = [X1 X2] and R = [R1 R2] with X1 square: X1 = Q R1 gives dQ, and R2 = Q^H X2. */
static void wide_tangent(ct_array x, ct_array q, ct_array r, ct_array t, ct_array *dq, ct_array *dr)
{
    int64_t m = matrix_rows(&x->aval), n = matrix_cols(&x->aval);
    ct_array first;
    thin_tangent(q, matrix_part(r, 0, m, 0, m), matrix_part(t, 0, m, 0, m), dq, &first);
    ct_array second = add(matrix_dot(matrix_h(*dq), matrix_part(x, 0, m, m, n - m)),
                          matrix_dot(matrix_h(q), matrix_part(t, 0, m, m, n - m)));
    *dr = joined(first, second, 1);
}

/* The other columns of Q, in the gauge that LAPACK's reflections choose: arXiv 2409.13374,
 * equations 32 and 33, with Z = Q21 (Q11 - 1)^-1. */
static ct_array complement_tangent(ct_array q, ct_array dq, int64_t m, int64_t n)
{
    int64_t p = m - n;
    ct_array top = matrix_part(q, 0, n, 0, n), bottom = matrix_part(q, n, p, 0, n);
    ct_array shifted = is_poison(top) ? top : sub(top, matrix_eye_like(top, n)), factors[3];
    op_lu(matrix_t(shifted), factors);
    ct_array z =
        matrix_t(op_lu_solve(matrix_t(shifted), factors[0], factors[1], matrix_t(bottom), false));
    ct_array left = sub(matrix_part(dq, n, p, 0, n), matrix_dot(z, matrix_part(dq, 0, n, 0, n)));
    ct_array kept = matrix_dot(dq, matrix_h(z));
    ct_array frame = add(matrix_part(q, 0, m, 0, n), matrix_dot(matrix_part(q, 0, m, n, p), z));
    return sub(kept, matrix_dot(frame, matrix_h(left)));
}

static bool jvp_qr(const op *o, const void *params, int nin, const ct_array *primals,
                   const ct_array *tangents, int nout, ct_array *out_primals,
                   ct_array *out_tangents)
{
    const params_qr *p = params;
    core_bind(o, params, nin, primals, nout, out_primals);
    if (is_poison(out_primals[0]))
        return false;
    ct_scope scope = ct_begin();
    ct_array q = out_primals[0], r = out_primals[1], x = primals[0],
             t = p->pivoting ? matrix_permuted(tangents[0], out_primals[2], -1) : tangents[0],
             out[2];
    int64_t m = matrix_rows(&x->aval), n = matrix_cols(&x->aval);
    if (m < n) {
        wide_tangent(p->pivoting ? matrix_permuted(x, out_primals[2], -1) : x, q, r, t, &out[0],
                     &out[1]);
    } else {
        thin_tangent(matrix_part(q, 0, m, 0, n), matrix_part(r, 0, n, 0, n), t, &out[0], &out[1]);
        if (p->full_matrices && m > n) {
            out[0] = joined(out[0], complement_tangent(q, out[0], m, n), 1);
            ct_array below = matrix_part(r, n, m - n, 0, n);
            out[1] = joined(out[1], op_full_like(below, 0), 2);
        }
    }
    bool good = ops_keep(scope, 2, out);
    out_tangents[0] = out[0];
    out_tangents[1] = out[1];
    if (p->pivoting)
        out_tangents[2] = NULL;
    return good;
}

const op op_row_qr = {
    .name = "qr",
    .flags = OP_MULTIPLE,
    .code = OP_qr,
    .operands = 1,
    .optional = 1 << 0 | 1 << 1,
    .fields = fields_qr,
    .nfields = nfields_qr,
    .params_size = sizeof(params_qr),
    .abstract = abstract_qr,
    .kernel = kernel_qr,
    .jvp = jvp_qr,
    .vmap = matrices_vmap,
};

void op_qr(ct_array x, bool full_matrices, bool pivoting, ct_array *out)
{
    core_bind(&op_row_qr, &(params_qr){.full_matrices = full_matrices, .pivoting = pivoting}, 1, &x,
              2 + pivoting, out);
}
