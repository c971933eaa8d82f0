/* Products of small matrices within a sequence: each element of the result is a sum of products,
 * in order. */
#include "compile/expand.h"
#include "ops/ops.h"
#include "ops/structured.h"

enum { MOST_PRODUCTS = 256 };

/* Which dimensions of the operands lie along the result's dimension d; -1: none. */
static void dimensions_along(const dot_dims *p, int x_ndim, int y_ndim, int d, int along[2])
{
    along[0] = along[1] = -1;
    if (d < p->lhs_batch.n) {
        along[0] = (int)p->lhs_batch.at[d], along[1] = (int)p->rhs_batch.at[d];
        return;
    }
    int at = (int)p->lhs_batch.n;
    for (int k = 0; k < x_ndim; k++)
        if (!ints_contain(p->lhs_batch, k) && !ints_contain(p->lhs_contract, k) && at++ == d)
            along[0] = k;
    for (int k = 0; k < y_ndim; k++)
        if (!ints_contain(p->rhs_batch, k) && !ints_contain(p->rhs_contract, k) && at++ == d)
            along[1] = k;
}

typedef struct product {
    const dot_dims *dims;
    const spread *x[2], *y; /* the operands, the result */
    const aval *form[2], *to;
    int64_t terms;
} product;

/* An operand has lanes just where the result's lie along it. */
static bool lanes_agree(const sequence *s, const product *p)
{
    for (int i = 0; i < (p->y->lead < 0 ? 1 : s->ndims); i++) {
        int along[2] = {-1, -1};
        if (p->y->lead >= 0)
            dimensions_along(p->dims, p->form[0]->ndim, p->form[1]->ndim, p->y->lead + i, along);
        for (int k = 0; k < 2; k++)
            if (along[k] != (p->x[k]->lead < 0 ? -1 : p->x[k]->lead + i))
                return false;
    }
    return true;
}

static int32_t sum_of_products(sequence *s, const product *p, int64_t element)
{
    lowering *l = &s->l;
    int dtype = compute_dtype(p->form[0]->dtype), mul = body_find("mul", dtype),
        add = body_find("add", dtype);
    ct_ints contract[2] = {p->dims->lhs_contract, p->dims->rhs_contract};
    int64_t index[LOOP_DIMS] = {0}, at[2][LOOP_DIMS] = {{0}};
    spread_unravel(s, p->y, p->to, element, index);
    for (int d = 0; d < p->to->ndim; d++) {
        int along[2];
        dimensions_along(p->dims, p->form[0]->ndim, p->form[1]->ndim, d, along);
        for (int k = 0; k < 2; k++)
            if (along[k] >= 0)
                at[k][along[k]] = index[d];
    }
    int32_t sum = -1;
    for (int64_t t = 0; t < p->terms && l->ok; t++) {
        int32_t pair[2];
        for (int k = 0; k < 2; k++) {
            int64_t rest = t;
            for (int64_t i = contract[k].n; i-- > 0; rest /= p->form[k]->shape[contract[k].at[i]])
                at[k][contract[k].at[i]] = rest % p->form[k]->shape[contract[k].at[i]];
            int32_t x = p->x[k]->at[spread_ravel(s, p->x[k], p->form[k], at[k])];
            pair[k] = lower_convert(l, x, dtype);
        }
        int32_t term = lower_body(l, mul, dtype, 2, pair);
        sum = sum < 0 ? term : lower_body(l, add, dtype, 2, (int32_t[]){sum, term});
    }
    return lower_convert(l, sum, p->to->dtype);
}

bool expand_dot(part *p, const node *n, spread *out)
{
    sequence *s = p->s;
    product of = {.dims = &((const params_dot_general *)n->params)->dimension_numbers,
                  .y = out,
                  .to = &graph_out(&p->g, n, 0)->aval,
                  .terms = 1};
    for (int k = 0; k < 2; k++) {
        of.x[k] = spread_of(p, n->in[k]);
        of.form[k] = &graph_in(&p->g, n, k)->aval;
        if (!of.x[k] || of.x[k]->parts == 2)
            return false;
    }
    for (int64_t i = 0; i < of.dims->lhs_contract.n; i++)
        of.terms *= of.form[0]->shape[of.dims->lhs_contract.at[i]];
    int dtype = of.form[0]->dtype, wide = compute_dtype(dtype);
    if (dtype != of.form[1]->dtype || (of.to->dtype != dtype && of.to->dtype != wide) ||
        body_find("mul", wide) < 0 || body_find("add", wide) < 0 || dtype == CT_BOOL ||
        of.terms < 1 || of.terms * out->n > MOST_PRODUCTS ||
        s->l.nodes.n + 2 * (of.terms + 1) * out->n > LOOP_NODES || !lanes_agree(s, &of))
        return false;
    for (int64_t e = 0; e < out->n; e++)
        out->at[e] = sum_of_products(s, &of, e);
    return s->l.ok;
}
