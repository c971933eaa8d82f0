/* Operations that kernels take in once they are spelled out: a product without free dimensions is a
 * multiplication and a sum, one of a single term a multiplication; a choice between several values,
 * choices between two; the place of an extreme among a few slices, comparisons; a stack, a
 * concatenation. Called by graph.c
 * while it reads a program. */
#include "compile/graph.h"
#include "ops/ops.h"
#include "ops/structured.h"
#include "transform/transform.h"

/* Smaller products may be written out within a sequence: expand_dot.c. */
enum { LEAST_PRODUCTS = 257, MOST_SLICES = 8 };

/* ---- products ---- */

/* Where the product's dimension that lies along axis d of the first operand is in the second. */
static int64_t partner(const dot_dims *p, int64_t d)
{
    for (int64_t i = 0; i < p->lhs_batch.n; i++)
        if (p->lhs_batch.at[i] == d)
            return p->rhs_batch.at[i];
    for (int64_t i = 0; i < p->lhs_contract.n; i++)
        if (p->lhs_contract.at[i] == d)
            return p->rhs_contract.at[i];
    return -1;
}

static bool rises(ct_ints list)
{
    for (int64_t i = 1; i < list.n; i++)
        if (list.at[i] <= list.at[i - 1])
            return false;
    return true;
}

/* Batches of dot products whose operands' axes are in one order. */
static bool is_dot(const eqn *e, const aval *in)
{
    if (e->op->code != OP_dot_general || in[0].dtype != in[1].dtype || in[0].ndim != in[1].ndim)
        return false;
    const dot_dims *p = &((const params_dot_general *)e->params)->dimension_numbers;
    int dtype = in[0].dtype, wide = compute_dtype(dtype);
    const aval *out = &e->out[0]->aval;
    bool fits = loop_dtype(dtype) && dtype != CT_BOOL &&
                (out->dtype == dtype || out->dtype == wide) && in[0].ndim <= LOOP_DIMS &&
                p->lhs_batch.n + p->lhs_contract.n == in[0].ndim && p->lhs_contract.n &&
                p->rhs_batch.n + p->rhs_contract.n == in[1].ndim && rises(p->lhs_batch) &&
                shape_size(in[0].ndim, in[0].shape) >= LEAST_PRODUCTS;
    for (int64_t d = 0; fits && d < in[0].ndim; d++)
        fits = partner(p, d) == d;
    return fits;
}

static ct_array dot(const eqn *e, const ct_array *in)
{
    ct_dtype wide = (ct_dtype)compute_dtype(in[0]->aval.dtype),
             to = (ct_dtype)e->out[0]->aval.dtype;
    ct_ints batched = ((const params_dot_general *)e->params)->dimension_numbers.lhs_batch;
    int_list all = ints_range(0, in[0]->aval.ndim), axes = ints_without(ints_of(&all), batched);
    ct_array product = op_mul(op_convert(in[0], wide, false), op_convert(in[1], wide, false));
    return op_convert(op_reduce_sum(product, ints_of(&axes)), to, false);
}

/* Where the axes of an operand that are not contracted lie in the product; its free ones from
 * `free` on. */
static int_list places_in_product(int ndim, ct_ints batched, ct_ints contract, int64_t free)
{
    int_list to = {.n = 0};
    for (int64_t d = 0; d < ndim; d++) {
        int64_t b = 0;
        while (b < batched.n && batched.at[b] != d)
            b++;
        if (b < batched.n || !ints_contain(contract, d))
            int_push(&to, b < batched.n ? b : free++);
    }
    return to;
}

static int_list lhs_places(const dot_dims *p, const aval *x)
{
    return places_in_product(x->ndim, p->lhs_batch, p->lhs_contract, p->lhs_batch.n);
}

static int_list rhs_places(const dot_dims *p, const aval *x, const aval *y)
{
    return places_in_product(y->ndim, p->rhs_batch, p->rhs_contract, x->ndim - p->lhs_contract.n);
}

/* Batches of products with one term an element, whose operands' axes are in the product's order. */
static bool is_outer(const eqn *e, const aval *in)
{
    if (e->op->code != OP_dot_general || in[0].dtype != in[1].dtype)
        return false;
    const dot_dims *p = &((const params_dot_general *)e->params)->dimension_numbers;
    int dtype = in[0].dtype, wide = compute_dtype(dtype);
    const aval *out = &e->out[0]->aval;
    if (!p->lhs_batch.n || !loop_dtype(dtype) || dtype == CT_BOOL ||
        (out->dtype != dtype && out->dtype != wide) || out->ndim > LOOP_DIMS ||
        shape_size(out->ndim, out->shape) < LEAST_PRODUCTS)
        return false;
    for (int64_t i = 0; i < p->lhs_contract.n; i++)
        if (in[0].shape[p->lhs_contract.at[i]] != 1)
            return false;
    int_list x = lhs_places(p, &in[0]), y = rhs_places(p, &in[0], &in[1]);
    return rises(ints_of(&x)) && rises(ints_of(&y));
}

static ct_array outer(const eqn *e, const ct_array *in)
{
    const dot_dims *p = &((const params_dot_general *)e->params)->dimension_numbers;
    const aval *x = &in[0]->aval, *y = &in[1]->aval, *to = &e->out[0]->aval;
    ct_dtype wide = (ct_dtype)compute_dtype(x->dtype);
    int_list places[] = {lhs_places(p, x), rhs_places(p, x, y)};
    ct_ints contract[] = {p->lhs_contract, p->rhs_contract};
    ct_array factors[2];
    for (int i = 0; i < 2; i++)
        factors[i] = op_broadcast_in_dim(op_convert(op_squeeze(in[i], contract[i]), wide, false),
                                         aval_shape(to), ints_of(&places[i]));
    return op_convert(op_mul(factors[0], factors[1]), (ct_dtype)to->dtype, false);
}

/* Batches of small matrices times vectors: which operand the matrices are; -1: no such. The
 * product's dimensions are theirs without the contracted ones, in order. */
static int matrix_operand(const eqn *e, const aval *in)
{
    enum { MOST_LINES = 4 };
    if (e->op->code != OP_dot_general || in[0].dtype != in[1].dtype || in[0].ndim == in[1].ndim)
        return -1;
    const dot_dims *p = &((const params_dot_general *)e->params)->dimension_numbers;
    int side = in[0].ndim < in[1].ndim, dtype = in[0].dtype;
    const aval *x = &in[side], *y = &in[1 - side], *out = &e->out[0]->aval;
    ct_ints along[] = {p->lhs_batch, p->rhs_batch}, contract[] = {p->lhs_contract, p->rhs_contract};
    int64_t terms = 1;
    for (int64_t i = 0; i < contract[side].n; i++)
        terms *= x->shape[contract[side].at[i]];
    bool fits = loop_dtype(dtype) && dtype != CT_BOOL && out->dtype == compute_dtype(dtype) &&
                out->dtype == dtype && x->ndim <= LOOP_DIMS && along[0].n && contract[0].n == 1 &&
                y->ndim == along[0].n + 1 && x->ndim == along[0].n + 2 && terms <= MOST_LINES &&
                shape_size(x->ndim, x->shape) >= LEAST_PRODUCTS;
    for (int64_t i = 0; fits && i < along[0].n; i++)
        fits = along[0].at[i] == i && along[1].at[i] == i && contract[side].at[0] > i;
    return fits && contract[1 - side].at[0] == y->ndim - 1 &&
                   x->shape[2 * x->ndim - 3 - contract[side].at[0]] <= MOST_LINES
               ? side
               : -1;
}

static bool is_matvec(const eqn *e, const aval *in) { return matrix_operand(e, in) >= 0; }

static ct_array matvec(const eqn *e, const ct_array *in)
{
    const dot_dims *p = &((const params_dot_general *)e->params)->dimension_numbers;
    int64_t side = in[0]->aval.ndim < in[1]->aval.ndim,
            axis = (side ? p->rhs_contract : p->lhs_contract).at[0];
    ct_array x = in[side], y = in[1 - side];
    int_list places = ints_range(0, y->aval.ndim);
    places.at[places.n - 1] = axis;
    y = op_broadcast_in_dim(y, aval_shape(&x->aval), ints_of(&places));
    return op_reduce_sum(op_mul(x, y), I(axis));
}

/* ---- choices ---- */

static bool is_choice(const eqn *e, const aval *in)
{
    return e->op->code == OP_select_n && e->nin > 3 && e->nin <= MOST_SLICES + 1 &&
           in[0].dtype == CT_INT32 && loop_dtype(in[1].dtype);
}

static ct_array choice(const eqn *e, const ct_array *in)
{
    ct_array result = in[1];
    for (int i = 2; i < e->nin; i++) {
        ct_array reached = op_ge(in[0], op_number(i - 1, in[0]));
        result = op_select_n(reached, 2, (ct_array[]){result, in[i]});
    }
    return result;
}

/* ---- places of extremes ---- */

static bool is_place(const eqn *e, const aval *in)
{
    if ((e->op->code != OP_argmax && e->op->code != OP_argmin) || !loop_dtype(in[0].dtype) ||
        dtype_is((ct_dtype)in[0].dtype, FAMILY_FLOAT))
        return false;
    const params_arg *p = e->params;
    int64_t axis = p->axes.at[0];
    return p->axes.n == 1 && axis < in[0].ndim - 1 && in[0].shape[axis] <= MOST_SLICES &&
           in[0].shape[axis] > 0 && p->index_dtype == CT_INT32;
}

static ct_array place(const eqn *e, const ct_array *in)
{
    const params_arg *p = e->params;
    int64_t axis = p->axes.at[0], limit[MAX_NDIM], start[MAX_NDIM] = {0};
    int n = in[0]->aval.ndim;
    memcpy(limit, in[0]->aval.shape, (size_t)n * sizeof *limit);
    ct_array best = NULL, at = NULL;
    for (int64_t k = 0; k < in[0]->aval.shape[axis]; k++) {
        start[axis] = k, limit[axis] = k + 1;
        ct_array x = op_squeeze(
            op_slice(in[0], (ct_ints){n, start}, (ct_ints){n, limit}, (ct_ints){0}), I(axis));
        if (!k) {
            best = x;
            at = op_full(&e->out[0]->aval, 0);
            continue;
        }
        ct_array better = e->op->code == OP_argmax ? op_gt(x, best) : op_lt(x, best);
        at = op_select_n(better, 2, (ct_array[]){at, op_full(&e->out[0]->aval, (double)k)});
        best = op_select_n(better, 2, (ct_array[]){best, x});
    }
    return at;
}

/* ---- stacks ---- */

static bool is_stack(const eqn *e, const aval *in)
{
    enum { WORTH_A_KERNEL = 64, MOST_PARTS = 16 };
    return e->op->code == OP_stack && e->nin > 1 && e->nin <= MOST_PARTS &&
           loop_dtype(in[0].dtype) && in[0].ndim < LOOP_DIMS &&
           shape_size(in[0].ndim, in[0].shape) >= WORTH_A_KERNEL;
}

static ct_array stack(const eqn *e, const ct_array *in)
{
    int64_t axis = ((const params_stack *)e->params)->axis;
    ct_array parts[LOOP_BUFFERS];
    for (int i = 0; i < e->nin; i++)
        parts[i] = op_expand_dims(in[i], I(axis));
    return op_concatenate(e->nin, parts, axis);
}

/* ---- all of them ---- */
static const struct {
    bool (*fits)(const eqn *e, const aval *in);
    ct_array (*write)(const eqn *e, const ct_array *in);
} spellings[] = {{is_dot, dot},       {is_outer, outer}, {is_matvec, matvec},
                 {is_choice, choice}, {is_place, place}, {is_stack, stack}};

typedef struct spelling {
    const eqn *e;
    ct_array (*write)(const eqn *e, const ct_array *in);
} spelling;

static bool write(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const spelling *s = env;
    (void)nin;
    *out = (leaves){1, base_alloc(sizeof *out->at)};
    if (!out->at)
        return false;
    out->at[0] = s->write(s->e, in);
    return !is_poison(out->at[0]);
}

jaxpr *graph_spelled(const eqn *e, const aval *in)
{
    for (size_t i = 0; i < countof(spellings); i++) {
        spelling s = {e, spellings[i].write};
        if (e->nout == 1 && e->out[0] && e->nin && spellings[i].fits(e, in))
            return transform_stage((flat){write, &s, .name = e->op->name}, e->nin, in, e->op->name);
    }
    return NULL;
}
