/* Matrix products swallow transposes: a product whose only reader transposes it computes the
 * transpose, and a transposed operand is contracted along its other dimension. Derivatives of
 * products are full of both. Called by graph.c. */
#include "compile/graph.h"
#include "ops/ops.h"

static bool swaps_two(const node *n)
{
    if (n->op->code != OP_transpose)
        return false;
    ct_ints order = ((const params_transpose *)n->params)->permutation;
    return order.n == 2 && order.at[0] == 1;
}

static bool plain_product(const graph *g, const node *n)
{
    if (n->op->code != OP_dot_general)
        return false;
    const dot_dims *d = &((const params_dot_general *)n->params)->dimension_numbers;
    return !d->lhs_batch.n && d->lhs_contract.n == 1 && graph_in(g, n, 0)->aval.ndim <= 2 &&
           graph_in(g, n, 1)->aval.ndim <= 2;
}

static params_dot_general *own_params(graph *g, node *n)
{
    params_dot_general *p = arena_copy(g->kept, n->params, sizeof *p);
    int32_t *in = arena_copy(&g->arena, n->in, 2 * sizeof *in);
    if (!p || !in)
        return NULL;
    n->params = p, n->in = in;
    return p;
}

static bool other_axis(graph *g, ct_ints *contract)
{
    int64_t *axis = arena_alloc(g->kept, sizeof *axis);
    if (!axis)
        return false;
    *axis = 1 - contract->at[0];
    contract->at = axis;
    return true;
}

static const node *maker(const graph *g, int32_t v)
{
    return g->values.at[v].origin == FROM_NODE ? &g->nodes.at[g->values.at[v].index] : NULL;
}

static bool take_operands(graph *g, node *n)
{
    for (int side = 0; side < 2; side++) {
        const node *m = maker(g, n->in[side]);
        if (!m || !swaps_two(m))
            continue;
        params_dot_general *p = own_params(g, n);
        if (!p || !other_axis(g, side ? &p->dimension_numbers.rhs_contract
                                      : &p->dimension_numbers.lhs_contract))
            return false;
        n->in[side] = m->in[0];
    }
    return true;
}

/* transpose(x y) is the product of y and x with the same contraction, operands in the other order.
 */
static bool become_product(graph *g, node *n, node *product)
{
    n->op = product->op, n->params = product->params, n->nin = 2, n->in = product->in;
    params_dot_general *p = own_params(g, n);
    if (!p)
        return false;
    dot_dims d = p->dimension_numbers;
    p->dimension_numbers.lhs_contract = d.rhs_contract,
    p->dimension_numbers.rhs_contract = d.lhs_contract;
    n->in[0] = product->in[1], n->in[1] = product->in[0];
    product->live = false;
    return true;
}

static void drop_unread(graph *g, const int32_t *readers)
{
    for (int64_t i = 0; i < g->nodes.n; i++) {
        node *n = &g->nodes.at[i];
        if (n->live && swaps_two(n) && !readers[n->out[0]])
            n->live = false;
    }
}

static void count_readers(const graph *g, int32_t *readers)
{
    memset(readers, 0, (size_t)g->values.n * sizeof *readers);
    for (int i = 0; i < g->j->nout; i++)
        readers[g->outputs[i]]++;
    for (int64_t i = 0; i < g->nodes.n; i++)
        for (int k = 0; g->nodes.at[i].live && k < g->nodes.at[i].nin; k++)
            readers[g->nodes.at[i].in[k]]++;
}

bool graph_rewrite(graph *g)
{
    int32_t *readers = base_alloc((size_t)(g->values.n + 1) * sizeof *readers);
    bool ok = readers;
    for (int64_t i = 0; ok && i < g->nodes.n; i++)
        if (g->nodes.at[i].live && plain_product(g, &g->nodes.at[i]))
            ok = take_operands(g, &g->nodes.at[i]);
    if (ok)
        count_readers(g, readers);
    for (int64_t i = 0; ok && i < g->nodes.n; i++) {
        node *n = &g->nodes.at[i];
        if (!n->live || !swaps_two(n) || !maker(g, n->in[0]))
            continue;
        node *product = &g->nodes.at[g->values.at[n->in[0]].index];
        if (plain_product(g, product) && product->live && readers[n->in[0]] == 1)
            ok = become_product(g, n, product);
    }
    if (ok)
        drop_unread(g, readers);
    base_free(readers);
    return ok;
}
