/* Batches of matrices: checks, kernels one matrix at a time, and the arithmetic of derivative
 * rules. Next: cholesky.c, the shortest factorization. */
#include "ops/matrices.h"

#include <math.h>

/* ---- types ---- */

static bool check_dtype(const op *o, int i, const aval *x, const aval *first)
{
    ct_dtype d = (ct_dtype)x->dtype;
    if (!dtype_is(d, INEXACT)) {
        base_fail(CT_TYPE_ERROR,
                  "%s does not accept dtype %s at position %d. Accepted dtypes at position %d are "
                  "subtypes of floating, complexfloating.",
                  o->name, DTYPE(x), i, i);
        return false;
    }
    bool half = d == CT_BFLOAT16 || d == CT_FLOAT16, widens = o->code == OP_triangular_solve;
    if (dtype_table[d].bits < 32 && !(half && widens)) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s: Unsupported dtype %s; convert it to float32.",
                  o->name, DTYPE(x));
        return false;
    }
    if (d != (ct_dtype)first->dtype) {
        base_fail(CT_TYPE_ERROR, "%s requires arguments to have the same dtypes, got %s, %s.",
                  o->name, DTYPE(first), DTYPE(x));
        return false;
    }
    return true;
}

bool matrices_check(const op *o, int nin, const aval *in, const int *ranks)
{
    for (int i = 0; i < nin; i++) {
        if (in[i].ndim < ranks[i]) {
            base_fail(CT_TYPE_ERROR, "Input %d to %s must have rank at least %d, but got shape=%s",
                      i, o->name, ranks[i], SHAPE(&in[i]));
            return false;
        }
        if (!check_dtype(o, i, &in[i], &in[0]))
            return false;
        ct_ints leading = {in[i].ndim - ranks[i], in[i].shape},
                first = {in[0].ndim - ranks[0], in[0].shape};
        if (!ints_equal(leading, first)) {
            base_fail(CT_TYPE_ERROR,
                      "All inputs to %s must have the same batch dimensions, but got %s and %s.",
                      o->name, INTS(first), INTS(leading));
            return false;
        }
        for (int d = 0; d < in[i].ndim; d++)
            if (in[i].shape[d] > INT32_MAX) {
                base_fail(CT_VALUE_ERROR, "%s: an axis of shape %s is too long.", o->name,
                          SHAPE(&in[i]));
                return false;
            }
    }
    return true;
}

bool matrices_result(aval *out, arena *a, const aval *x, int rank, ct_dtype dtype, ct_ints axes)
{
    int64_t leading = x->ndim - rank, *shape = arena_alloc(a, (size_t)(leading + axes.n + 1) * 8);
    if (!shape)
        return false;
    if (leading)
        memcpy(shape, x->shape, (size_t)leading * sizeof *shape);
    for (int64_t i = 0; i < axes.n; i++)
        shape[leading + i] = axes.at[i];
    *out = (aval){(uint8_t)dtype, false, (int32_t)(leading + axes.n), shape};
    return true;
}

bool matrices_square(const op *o, const aval *x)
{
    if (x->shape[x->ndim - 1] == x->shape[x->ndim - 2])
        return true;
    base_fail(CT_VALUE_ERROR, "Argument to %s must have shape [..., n, n], got shape %s.", o->name,
              SHAPE(x));
    return false;
}

/* ---- kernels ---- */

typedef struct run {
    matrix_kernel *kernel;
    matrix_call call;
    _Atomic bool no_memory;
} run;

static void run_piece(void *context, int64_t begin, int64_t end)
{
    run *r = context;
    for (int64_t i = begin; i < end; i++)
        if (r->kernel(&r->call, i) == LAPACK_NO_MEMORY)
            atomic_store(&r->no_memory, true);
}

ct_status matrices_run(matrix_kernel *kernel, const void *params, int rank, const operand *in,
                       const operand *out)
{
    /* Elements from which the library's threads win what they lose by waiting for each other; those
     * of which a thread of ours takes as many matrices as it can at a time. */
    enum { LARGE = 1 << 18, SMALL = 1 << 14 };
    const aval *x = &in->aval;
    int64_t leading = shape_size(x->ndim - rank, x->shape),
            size = shape_size(rank, x->shape + x->ndim - rank);
    run r = {.kernel = kernel, .call = {params, (ct_dtype)x->dtype, in, out}};
    if (!lapack_ready())
        return CT_NOT_IMPLEMENTED_ERROR;
    lapack_threads(size > LARGE);
    if (size > LARGE)
        run_piece(&r, 0, leading);
    else
        base_parallel(leading, SMALL / (size * 4 + 1) + 1, run_piece, &r);
    if (!atomic_load(&r.no_memory))
        return CT_OK;
    base_fail_memory((size_t)size * dtype_table[x->dtype].itemsize);
    return CT_OUT_OF_MEMORY_ERROR;
}

typedef struct compact_run {
    compact_kernel *kernel;
    compact_call call;
    int64_t matrices;
    _Atomic bool no_memory;
} compact_run;

static void run_compact(void *context, int64_t begin, int64_t end)
{
    compact_run *r = context;
    compact_call c = r->call;
    enum { ALIGN = 64 };
    int64_t lanes = c.loops->lanes;
    char *memory = base_alloc((size_t)(c.room * lanes) * dtype_table[c.c.dtype].itemsize + ALIGN);
    if (!memory) {
        atomic_store(&r->no_memory, true);
        return;
    }
    c.x = memory + (ALIGN - (uintptr_t)memory % ALIGN) % ALIGN;
    for (int64_t i = begin * lanes; i < end * lanes && i < r->matrices; i += lanes)
        r->kernel(&c, i, r->matrices - i < lanes ? r->matrices - i : lanes);
    base_free(memory);
}

ct_status matrices_run_compact(compact_kernel *compact, int64_t room, matrix_kernel *one,
                               const void *params, int rank, const operand *in, const operand *out)
{
    enum { FEW = 4, LARGE = 1 << 13, GRAIN = 1 << 10 };
    const aval *x = &in->aval;
    int64_t leading = shape_size(x->ndim - rank, x->shape);
    const compact_loops *loops = compact_loops_of((ct_dtype)x->dtype);
    if (!loops || leading < FEW || room > LARGE || matrix_rows(x) > COMPACT_MOST_ROWS)
        return matrices_run(one, params, rank, in, out);
    compact_run r = {
        .kernel = compact,
        .call = {.c = {params, (ct_dtype)x->dtype, in, out}, .loops = loops, .room = room},
        .matrices = leading};
    base_parallel((leading + loops->lanes - 1) / loops->lanes, GRAIN / (room + 1) + 1, run_compact,
                  &r);
    if (!atomic_load(&r.no_memory))
        return CT_OK;
    base_fail_memory((size_t)(room * loops->lanes) * dtype_table[x->dtype].itemsize);
    return CT_OUT_OF_MEMORY_ERROR;
}

typedef struct sides_run {
    const matrix_system *s;
    int64_t sides; /* of a piece, whatever the number of threads */
} sides_run;

static void solve_sides(void *context, int64_t begin, int64_t end)
{
    const sides_run *r = context;
    const matrix_system *s = r->s;
    size_t item = dtype_table[s->dtype].itemsize;
    for (int64_t i = begin; i < end; i++) {
        int64_t first = i * r->sides;
        int here = (int)(s->sides - first < r->sides ? s->sides - first : r->sides);
        char *x = (char *)s->x + (size_t)first * item * (s->left ? 1 : (size_t)s->n);
        if (s->left)
            lapack_trsm(s->dtype, 'R', s->uplo, s->trans, s->diag, here, s->n, s->a, x, s->sides);
        else
            lapack_trsm(s->dtype, 'L', s->uplo, s->trans, s->diag, s->n, here, s->a, x, s->n);
    }
}

void matrix_solve(const matrix_system *s)
{
    enum { PIECE = 128, WORK = 1 << 21 };
    int64_t many = WORK / ((int64_t)s->n * s->n + 1);
    sides_run r = {s, many > PIECE ? many : PIECE};
    lapack_threads(false);
    base_parallel((s->sides + r.sides - 1) / r.sides, 1, solve_sides, &r);
}

void matrix_fill_nan(ct_dtype dtype, int64_t n, void *x)
{
    static const float nan32[2] = {NAN, NAN};
    static const double nan64[2] = {NAN, NAN};
    bool wide = dtype == CT_FLOAT64 || dtype == CT_COMPLEX128;
    kernel_fill(n, dtype_table[dtype].itemsize, x, wide ? (const void *)nan64 : nan32);
}

/* Inlined with the size of an item known. */
static inline __attribute__((always_inline)) void
turn_items(size_t item, int64_t rows, int64_t cols, char *dst, const char *src)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++, src += item)
            memcpy(dst + (size_t)(j * rows + i) * item, src, item);
}

void matrix_turn(ct_dtype dtype, int rows, int cols, void *dst, const void *src)
{
    enum { SMALL = 32 }; /* up to which looking for the best way takes longer than going */
    if (rows <= SMALL && cols <= SMALL) {
        if (dtype_table[dtype].itemsize == 4)
            turn_items(4, rows, cols, dst, src);
        else if (dtype_table[dtype].itemsize == 8)
            turn_items(8, rows, cols, dst, src);
        else
            turn_items(16, rows, cols, dst, src);
        return;
    }
    int64_t item = dtype_table[dtype].itemsize, shape[2] = {rows, cols},
            apart[2] = {item, rows * item}, dense[2] = {cols * item, item};
    kernel_copy(2, shape, (size_t)item, dst, apart, src, dense);
}

void *matrix_columns(ct_dtype dtype, int rows, int cols, const void *src)
{
    void *copy = base_alloc(((size_t)rows * (size_t)cols + 1) * dtype_table[dtype].itemsize);
    if (copy)
        matrix_turn(dtype, rows, cols, copy, src);
    return copy;
}

/* ---- rules ---- */

bool matrices_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                   const int *dims, int nout, ct_array *out, int *out_dims)
{
    ct_array moved[8];
    for (int i = 0; i < nin; i++)
        moved[i] = batch_front(in[i], dims[i], b.size);
    core_bind(o, params, nin, moved, nout, out);
    for (int i = 0; i < nout; i++)
        out_dims[i] = 0;
    return !is_poison(out[0]);
}

ct_array matrix_t(ct_array x)
{
    return is_poison(x) ? x : op_moveaxis(x, x->aval.ndim - 1, x->aval.ndim - 2);
}

ct_array matrix_h(ct_array x)
{
    x = matrix_t(x);
    return !is_poison(x) && dtype_is((ct_dtype)x->aval.dtype, FAMILY_COMPLEX) ? op_conj(x) : x;
}

ct_array matrix_dot(ct_array x, ct_array y)
{
    enum { HIGHEST = 3 };
    if (is_poison(x) || is_poison(y))
        return array_poison;
    int64_t n = x->aval.ndim;
    int_list leading = ints_range(0, n - 2);
    params_dot_general p = {
        .dimension_numbers = {I(n - 1), I(n - 2), ints_of(&leading), ints_of(&leading)},
        .precision = HIGHEST};
    return op_dot_general(x, y, &p);
}

/* Where row + k compares with the column, in the shape of x. */
static ct_array by_position(ct_array (*compare)(ct_array, ct_array), ct_ints shape, int64_t k)
{
    ct_array rows = op_iota(CT_INT32, shape, shape.n - 2);
    if (k)
        rows = op_add(rows, array_scalar_int(CT_INT32, false, k));
    return compare(rows, op_iota(CT_INT32, shape, shape.n - 1));
}

ct_array matrix_tril(ct_array x, int64_t k)
{
    if (is_poison(x))
        return x;
    return select(by_position(op_ge, aval_shape(&x->aval), k), x, op_full_like(x, 0));
}

ct_array matrix_triu(ct_array x, int64_t k)
{
    if (is_poison(x))
        return x;
    return select(by_position(op_ge, aval_shape(&x->aval), k - 1), op_full_like(x, 0), x);
}

ct_array matrix_eye_like(ct_array x, int64_t n)
{
    if (is_poison(x))
        return x;
    int_list shape = {.n = x->aval.ndim};
    memcpy(shape.at, x->aval.shape, (size_t)shape.n * sizeof *shape.at);
    shape.at[shape.n - 1] = shape.at[shape.n - 2] = n;
    return op_convert(by_position(op_eq, ints_of(&shape), 0), (ct_dtype)x->aval.dtype, false);
}

ct_array matrix_diagonal(ct_array x)
{
    if (is_poison(x))
        return x;
    ct_array on = by_position(op_eq, aval_shape(&x->aval), 0);
    return op_reduce_sum(select(on, x, op_full_like(x, 0)), I(x->aval.ndim - 1));
}

static ct_array with_axis(ct_array x, int64_t axis)
{
    return is_poison(x) ? x : op_expand_dims(x, (ct_ints){1, &axis});
}
ct_array matrix_row(ct_array x) { return with_axis(x, is_poison(x) ? 0 : x->aval.ndim - 1); }
ct_array matrix_column(ct_array x) { return with_axis(x, is_poison(x) ? 0 : x->aval.ndim); }

ct_array matrix_from_diagonal(ct_array x)
{
    if (is_poison(x))
        return x;
    ct_array row = matrix_row(x);
    return is_poison(row) ? row : mul(row, matrix_eye_like(row, x->aval.shape[x->aval.ndim - 1]));
}

ct_array matrix_part(ct_array x, int64_t row, int64_t rows, int64_t col, int64_t cols)
{
    if (is_poison(x))
        return x;
    int_list start = {.n = x->aval.ndim}, limit = {.n = x->aval.ndim};
    for (int i = 0; i < x->aval.ndim; i++) {
        start.at[i] = 0;
        limit.at[i] = x->aval.shape[i];
    }
    start.at[start.n - 2] = row;
    limit.at[start.n - 2] = row + rows;
    start.at[start.n - 1] = col;
    limit.at[start.n - 1] = col + cols;
    if (ints_equal(ints_of(&limit), aval_shape(&x->aval)) && !row && !col)
        return x;
    return op_slice(x, ints_of(&start), ints_of(&limit), (ct_ints){0, NULL});
}

ct_array matrix_permuted(ct_array x, ct_array permutation, int axis)
{
    if (is_poison(x) || is_poison(permutation))
        return array_poison;
    int64_t n = x->aval.ndim, moved = n + axis, whole = axis == -2 ? n - 1 : n - 2;
    int_list leading = ints_range(0, n - 2), sizes = ints_range(0, n);
    for (int64_t i = 0; i < n; i++)
        sizes.at[i] = i == whole ? x->aval.shape[whole] : 1;
    params_gather p = {
        .dimension_numbers = {I(whole), I(moved), I(moved), ints_of(&leading), ints_of(&leading)},
        .mode = GATHER_PROMISE_IN_BOUNDS,
        .slice_sizes = ints_of(&sizes)};
    return op_gather(x, op_expand_dims(permutation, I(n - 1)), &p);
}
