/* From a jaxpr to a graph of values: nested calls are inlined, equal nodes become one, dead ones
 * are marked. Next: group.c. */
#include "compile/fission.h"
#include "compile/graph.h"
#include "ops/ops.h"

static bool rewrites(const graph *g) { return compile_optimizes() && !g->j->keeps_order; }

const jaxpr *graph_inlined(const op *o, const void *params)
{
    bool inlines = o->code == OP_jit || o->code == OP_remat2 || o->code == OP_custom_jvp_call ||
                   o->code == OP_custom_vjp_call;
    return inlines ? params_jaxpr(o, params) : NULL;
}

bool graph_keep(graph *g, object *o)
{
    if (vec_push(&g->held, o))
        return true;
    object_release(o);
    return false;
}

int32_t graph_add_value(graph *g, const aval *a, value_origin origin, int index, ct_array array)
{
    value v = {.aval = *a,
               .origin = origin,
               .index = index,
               .array = array,
               .group = -1,
               .slot = -1,
               .part_of = -1};
    v.size = shape_size(a->ndim, a->shape);
    v.bytes = (size_t)v.size * dtype_table[a->dtype].itemsize;
    v.alias = (int32_t)g->values.n;
    v.stored = origin != FROM_NODE;
    return vec_push(&g->values, v) ? (int32_t)g->values.n - 1 : -1;
}

/* ---- equal nodes ---- */
typedef struct node_probe {
    const graph *g;
    const node *n;
} node_probe;

static bool node_equal(const void *known, const void *probe)
{
    const node_probe *p = probe;
    const node *a = &p->g->nodes.at[(intptr_t)known - 1], *b = p->n;
    return a->op == b->op && a->nin == b->nin && a->nout == b->nout && a->region == b->region &&
           (!a->nin || !memcmp(a->in, b->in, (size_t)a->nin * sizeof *a->in)) &&
           params_equal(a->op, a->params, b->params);
}

static uint64_t node_hash(const node *n)
{
    uint64_t h =
        base_mix((uint64_t)n->op->code, n->op->params_size ? params_hash(n->op, n->params) : 0);
    return n->nin ? base_hash(n->in, (size_t)n->nin * sizeof *n->in, h) : h;
}

static bool literal_equal(const void *known, const void *probe)
{
    const struct ct_value *a = known, *b = probe;
    return a == b || (a->aval.dtype == b->aval.dtype && !a->aval.ndim && !b->aval.ndim &&
                      !memcmp(a->data, b->data, dtype_table[a->aval.dtype].itemsize));
}

static int32_t literal_value(graph *g, ct_array array)
{
    enum { RECENT = 64 }; /* most literals repeat soon, if at all */
    for (int64_t i = g->values.n; i-- > 0 && i > g->values.n - RECENT;)
        if (g->values.at[i].origin == FROM_CONST && literal_equal(g->values.at[i].array, array))
            return (int32_t)i;
    return graph_add_value(g, &array->aval, FROM_CONST, -1, array);
}

/* ---- reading a jaxpr ---- */
static bool read_jaxpr(graph *g, const jaxpr *j, const int32_t *in, int32_t *out);

static int32_t atom_value(graph *g, const int32_t *map, const atom *a)
{
    return a->var ? map[a->var->id] : literal_value(g, a->literal);
}

/* Results that are an operand unchanged. */
static bool is_identity(const graph *g, const eqn *e, const int32_t *in)
{
    if (e->nin < 1 || e->nout < 1 || !e->out[0])
        return false;
    const aval *a = &g->values.at[in[0]].aval, *b = &e->out[0]->aval;
    switch (e->op->code) {
    case OP_copy:
    case OP_stop_gradient:
    case OP_name:
        return true;
    case OP_convert_element_type:
    case OP_reshape:
    case OP_broadcast_in_dim:
    case OP_squeeze:
        return e->nin == 1 && aval_equal(a, b, false);
    }
    return false;
}

static bool add_node(graph *g, const eqn *e, const int32_t *in, int32_t *map)
{
    node n = {.op = e->op,
              .params = e->params,
              .nin = e->nin,
              .nout = e->nout,
              .group = -1,
              .region = g->region};
    n.in = arena_copy(&g->arena, in, (size_t)e->nin * sizeof *in);
    n.out = arena_alloc(&g->arena, (size_t)e->nout * sizeof *n.out);
    if (!n.in || !n.out)
        return false;
    bool pure = !(e->op->flags & (OP_COLLECTIVE | OP_HOST)) && e->op->code < OP_COUNT &&
                !op_effects(e->op, e->params);
    uint64_t h = pure ? node_hash(&n) : 0;
    void *known = pure ? table_find(&g->numbering, h, node_equal, &(node_probe){g, &n}) : NULL;
    if (known) {
        const node *same = &g->nodes.at[(intptr_t)known - 1];
        for (int i = 0; i < e->nout; i++)
            if (e->out[i]) {
                if (same->out[i] < 0)
                    goto separate;
                map[e->out[i]->id] = same->out[i];
            }
        return true;
    }
separate:
    for (int i = 0; i < e->nout; i++) {
        /* Results that nobody reads still need their type: most opaque kernels write all of their
         * results. */
        n.out[i] = -1;
        if (!e->out[i])
            continue;
        n.out[i] = graph_add_value(g, &e->out[i]->aval, FROM_NODE, (int)g->nodes.n, NULL);
        if (n.out[i] < 0)
            return false;
        g->values.at[n.out[i]].position = i;
        map[e->out[i]->id] = n.out[i];
    }
    if (!vec_push(&g->nodes, n))
        return false;
    return !pure || known || table_add(&g->numbering, h, (void *)(intptr_t)g->nodes.n);
}

/* The avals of results without a variable, asked of the operation. */
static bool complete_results(graph *g, node *n)
{
    bool missing = false;
    for (int i = 0; i < n->nout; i++)
        missing |= n->out[i] < 0;
    if (!missing || !n->op->abstract)
        return true;
    aval *in = arena_alloc(&g->arena, (size_t)(n->nin + 1) * sizeof *in),
         *out = arena_alloc(&g->arena, (size_t)(n->nout + 1) * sizeof *out);
    if (!in || !out)
        return false;
    for (int i = 0; i < n->nin; i++)
        in[i] = graph_in(g, n, i)->aval;
    int nout = n->nout;
    if (!n->op->abstract(n->op, n->params, n->nin, in, &nout, out, &g->arena))
        return false;
    for (int i = 0; i < n->nout; i++) {
        if (n->out[i] >= 0)
            continue;
        int32_t v = graph_add_value(g, &out[i], FROM_NODE, (int)(n - g->nodes.at), NULL);
        if (v < 0)
            return false;
        g->values.at[v].position = i;
        n->out[i] = v;
    }
    return true;
}

/* Scalar arithmetic on literals. */
static bool folds(const graph *g, const eqn *e, const int32_t *in)
{
    if (!compile_optimizes() || e->nout != 1 || !e->out[0] || e->out[0]->aval.ndim || !e->nin ||
        e->op->call || !(e->op->flags & OP_ELEMENTWISE))
        return false;
    for (int i = 0; i < e->nin; i++) {
        const value *v = &g->values.at[in[i]];
        if (v->origin != FROM_CONST || v->aval.ndim)
            return false;
    }
    return true;
}

static bool fold(graph *g, const eqn *e, const int32_t *in, int32_t *map)
{
    ct_scope scope = ct_begin();
    ct_array args[8], out;
    bool ok = e->nin <= (int)countof(args);
    for (int i = 0; ok && i < e->nin; i++)
        args[i] = g->values.at[in[i]].array;
    ok = ok && core_eval(e->op, e->params, e->nin, args, 1, &out);
    if (ok) {
        object_retain(out);
        ok = graph_keep(g, &out->head);
    }
    scope_end(scope, NULL);
    return ok && (map[e->out[0]->id] = literal_value(g, out)) >= 0;
}

/* Is the call there to compute values again, which are not to be those of the first time? */
static bool computes_again(const eqn *e)
{
    const params_remat2 *p = e->params;
    return e->op->code == OP_remat2 && p->differentiated && p->prevent_cse && compile_optimizes();
}

/* The node that makes a value, if it is of this operation. */
static const node *maker_of(const graph *g, int32_t v, int op_code)
{
    const value *x = &g->values.at[v];
    const node *n = x->origin == FROM_NODE ? &g->nodes.at[x->index] : NULL;
    return n && n->op->code == op_code ? n : NULL;
}

/* A slice of one operand of a concatenation reads that: the operand, and where the slice begins in
 * it; -1: no such. */
static int32_t operand_sliced(const graph *g, const params_slice *p, int32_t v, int64_t *start)
{
    const node *n = maker_of(g, v, OP_concatenate);
    if (!n)
        return -1;
    int64_t axis = ((const params_concatenate *)n->params)->dimension, at = 0;
    for (int i = 0; i < n->nin; i++) {
        int64_t extent = graph_in(g, n, i)->aval.shape[axis];
        *start = p->start_indices.at[axis] - at;
        if (*start >= 0 && p->limit_indices.at[axis] <= at + extent)
            return n->in[i];
        at += extent;
    }
    return -1;
}

/* The slice with what it reads in place of a concatenation; NULL without memory. */
static const params_slice *slice_operand(graph *g, const params_slice *p, int32_t *v)
{
    int64_t start;
    for (int32_t from; (from = operand_sliced(g, p, *v, &start)) >= 0; *v = from) {
        const node *whole = maker_of(g, *v, OP_concatenate);
        int64_t axis = ((const params_concatenate *)whole->params)->dimension;
        size_t bytes = (size_t)p->start_indices.n * sizeof(int64_t);
        int64_t *first = arena_copy(g->kept, p->start_indices.at, bytes),
                *limit = arena_copy(g->kept, p->limit_indices.at, bytes);
        params_slice *own = arena_copy(g->kept, p, sizeof *p);
        if (!first || !limit || !own)
            return NULL;
        limit[axis] += start - first[axis], first[axis] = start;
        own->start_indices.at = first, own->limit_indices.at = limit;
        p = own;
    }
    return p;
}

static bool read_slice(graph *g, const eqn *e, const int32_t *in, int32_t *map)
{
    int32_t from = in[0];
    eqn slice = *e;
    slice.params = slice_operand(g, e->params, &from);
    if (!slice.params)
        return false;
    bool whole = from != in[0] && aval_equal(&g->values.at[from].aval, &e->out[0]->aval, false);
    if (whole)
        map[e->out[0]->id] = from;
    return whole || add_node(g, &slice, &from, map);
}

/* What broadcasts an operand as n does, into the transposed shape; NULL when that is not of its
 * form, or without memory. */
static const params_broadcast_in_dim *broadcast_transposed(graph *g, const node *n, ct_ints order,
                                                           ct_ints shape)
{
    ct_ints dims = ((const params_broadcast_in_dim *)n->params)->broadcast_dimensions;
    int64_t *to = arena_alloc(g->kept, (size_t)(dims.n + 1) * sizeof *to);
    params_broadcast_in_dim *p = arena_copy(g->kept, n->params, sizeof *p);
    if (!to || !p)
        return NULL;
    for (int64_t i = 0; i < dims.n; i++) {
        to[i] = 0;
        while (order.at[to[i]] != dims.at[i])
            to[i]++;
        if (i && to[i] <= to[i - 1])
            return NULL;
    }
    p->broadcast_dimensions = (ct_ints){dims.n, to}, p->shape = shape;
    return p;
}

/* A transposed product of what is broadcast along different axes (an outer product, say) is the
 * product of what is broadcast along the transposed ones. */
static bool read_transpose(graph *g, const eqn *e, const int32_t *in, int32_t *map)
{
    const node *product = maker_of(g, in[0], OP_mul);
    ct_ints order = ((const params_transpose *)e->params)->permutation;
    const aval *to = &e->out[0]->aval;
    int32_t factors[2];
    for (int k = 0; k < 2; k++) {
        const node *n = product ? maker_of(g, product->in[k], OP_broadcast_in_dim) : NULL;
        const params_broadcast_in_dim *p =
            n ? broadcast_transposed(g, n, order, aval_shape(to)) : NULL;
        if (!p)
            return add_node(g, e, in, map);
        node turned = {
            .op = n->op, .params = p, .nin = 1, .nout = 1, .group = -1, .region = g->region};
        aval form = *to;
        form.dtype = graph_out(g, n, 0)->aval.dtype;
        turned.in = n->in;
        turned.out = arena_alloc(&g->arena, sizeof *turned.out);
        factors[k] = graph_add_value(g, &form, FROM_NODE, (int)g->nodes.n, NULL);
        if (!turned.out || factors[k] < 0)
            return false;
        turned.out[0] = factors[k];
        if (!vec_push(&g->nodes, turned))
            return false;
        product = maker_of(g, in[0], OP_mul);
    }
    eqn again = *e;
    again.op = product->op, again.params = product->params, again.nin = 2;
    return add_node(g, &again, factors, map);
}

/* The program of an operation that has one; NULL for none, or after a failure. */
static const jaxpr *lowering_of(graph *g, const eqn *e, const int32_t *in)
{
    aval *avals = arena_alloc(&g->arena, (size_t)(e->nin + 1) * sizeof *avals);
    for (int i = 0; avals && i < e->nin; i++)
        avals[i] = g->values.at[in[i]].aval;
    jaxpr *j = avals ? core_rules(e->op)->lower(e->op, e->params, e->nin, avals) : NULL;
    if (!j || !graph_keep(g, &j->head))
        return NULL;
    if (j->nin == e->nin && j->nout == e->nout)
        return j;
    base_fail(CT_TYPE_ERROR,
              "the lowering of %s takes %d operands and gives %d results, not %d and %d",
              e->op->name, j->nin, j->nout, e->nin, e->nout);
    return NULL;
}

/* The parts of a split are slices: views of the whole. */
static bool splits(const graph *g, const eqn *e, const int32_t *in)
{
    const value *x = e->nin ? &g->values.at[in[0]] : NULL;
    return e->op->code == OP_split && compile_optimizes() && x->size && loop_dtype(x->aval.dtype);
}

static bool read_split(graph *g, const eqn *e, const int32_t *in, int32_t *map)
{
    const params_split *p = e->params;
    aval whole = g->values.at[in[0]].aval;
    size_t ndim = (size_t)whole.ndim;
    for (int64_t i = 0, at = 0; i < e->nout; at += p->sizes.at[i++]) {
        params_slice *part = arena_alloc(g->kept, sizeof *part);
        int64_t *start = arena_alloc(g->kept, 2 * ndim * sizeof *start), *limit = start + ndim;
        if (!part || !start)
            return false;
        memset(start, 0, ndim * sizeof *start);
        memcpy(limit, whole.shape, ndim * sizeof *limit);
        start[p->axis] = at, limit[p->axis] = at + p->sizes.at[i];
        *part = (params_slice){.start_indices = {whole.ndim, start},
                               .limit_indices = {whole.ndim, limit}};
        eqn slice = {.op = op_table[OP_slice], .params = part, .nin = 1, .nout = 1};
        slice.out = e->out + i;
        if (e->out[i] && !read_slice(g, &slice, in, map))
            return false;
    }
    return true;
}

/* What the equation is in terms of others: a scan that some products leave, with them; what kernels
 * take in once it is spelled out. NULL: it stays as it is, or after a failure. */
static const jaxpr *rewritten(graph *g, const eqn *e)
{
    aval *avals = arena_alloc(&g->arena, (size_t)(e->nin + 1) * sizeof *avals);
    for (int i = 0; avals && i < e->nin; i++)
        avals[i] = *atom_aval(&e->in[i]);
    jaxpr *j = !avals                   ? NULL
               : e->op->code == OP_scan ? fission_scan(e->params, e->nin, avals)
                                        : graph_spelled(e, avals);
    return j && graph_keep(g, &j->head) ? j : NULL;
}

enum { MOST_LOWERINGS = 100 }; /* one inside the other */

static bool read_eqn(graph *g, const eqn *e, int32_t *map)
{
    int32_t *in = arena_alloc(&g->arena, (size_t)(e->nin + e->nout + 1) * sizeof *in),
            *out = in + e->nin;
    if (!in)
        return false;
    for (int i = 0; i < e->nin; i++) {
        in[i] = atom_value(g, map, &e->in[i]);
        if (in[i] < 0)
            return false;
    }
    if (is_identity(g, e, in)) {
        map[e->out[0]->id] = in[0];
        return true;
    }
    if (folds(g, e, in))
        return fold(g, e, in, map);
    const jaxpr *inner = graph_inlined(e->op, e->params);
    bool has_lowering = !inner && core_rules(e->op)->lower;
    if (has_lowering && ++g->lowerings > MOST_LOWERINGS) {
        base_fail(CT_RUNTIME_ERROR, "the lowering of %s binds it again, without an end",
                  e->op->name);
        return false;
    }
    if (has_lowering)
        inner = lowering_of(g, e, in);
    else if (!inner && rewrites(g))
        inner = rewritten(g, e);
    if (!ct_ok())
        return false;
    if (e->op->code == OP_slice && e->out[0] && compile_optimizes())
        return read_slice(g, e, in, map);
    if (e->op->code == OP_transpose && e->out[0] && compile_optimizes())
        return read_transpose(g, e, in, map);
    if (!inner)
        return splits(g, e, in) ? read_split(g, e, in, map) : add_node(g, e, in, map);
    int32_t outer = g->region;
    if (computes_again(e))
        g->region = ++g->nregions;
    if (!read_jaxpr(g, inner, in, out))
        return false;
    g->region = outer;
    g->lowerings -= has_lowering;
    for (int i = 0; i < e->nout; i++)
        if (e->out[i])
            map[e->out[i]->id] = out[i];
    return true;
}

static bool read_jaxpr(graph *g, const jaxpr *j, const int32_t *in, int32_t *out)
{
    int32_t *map = base_alloc((size_t)(j->nvars + 1) * sizeof *map);
    if (!map)
        return false;
    bool ok = true;
    for (int i = 0; ok && i < j->nconsts; i++)
        if (!(ok = !is_tracer(j->consts[i])))
            base_fail(
                CT_UNEXPECTED_TRACER_ERROR,
                "a program to be compiled closes over a traced value: a rule or a function in "
                "it returned what another transformation made");
    for (int i = 0; ok && i < j->nconsts; i++)
        ok = (map[j->constvars[i]->id] =
                  graph_add_value(g, &j->consts[i]->aval, FROM_CONST, -1, j->consts[i])) >= 0;
    for (int i = 0; i < j->nin; i++)
        map[j->in[i]->id] = in[i];
    for (const eqn *e = j->eqns; ok && e; e = e->next)
        ok = read_eqn(g, e, map);
    for (int i = 0; ok && i < j->nout; i++)
        ok = (out[i] = atom_value(g, map, &j->out[i])) >= 0;
    base_free(map);
    return ok;
}

static void mark_live(graph *g)
{
    bool *wanted = base_zalloc((size_t)g->values.n + 1);
    for (int64_t n = 0; n < g->nodes.n; n++)
        g->nodes.at[n].live = !wanted || op_effects(g->nodes.at[n].op, g->nodes.at[n].params);
    for (int i = 0; wanted && i < g->j->nout; i++)
        wanted[g->outputs[i]] = true;
    for (int64_t i = g->nodes.n; wanted && i-- > 0;) {
        node *n = &g->nodes.at[i];
        for (int k = 0; k < n->nout; k++)
            n->live |= n->out[k] >= 0 && wanted[n->out[k]];
        for (int k = 0; n->live && k < n->nin; k++)
            wanted[n->in[k]] = true;
    }
    for (int64_t v = 0; v < g->values.n; v++)
        g->values.at[v].read = !wanted || wanted[v];
    base_free(wanted);
}

bool graph_build(graph *g, const jaxpr *j, arena *kept)
{
    *g = (graph){.j = j, .kept = kept};
    int32_t *in = arena_alloc(&g->arena, (size_t)(j->nin + j->nout + 1) * sizeof *in);
    if (!in)
        return false;
    g->outputs = in + j->nin;
    for (int i = 0; i < j->nin; i++) {
        in[i] = graph_add_value(g, &j->in[i]->aval, FROM_INPUT, i, NULL);
        if (in[i] < 0)
            return false;
    }
    if (!read_jaxpr(g, j, in, g->outputs))
        return false;
    mark_live(g);
    if (rewrites(g)) {
        if (!graph_pair(g))
            return false;
        mark_live(g);
        if (!graph_rewrite(g) || !graph_move_slices(g))
            return false;
    }
    for (int64_t n = 0; n < g->nodes.n; n++)
        if (g->nodes.at[n].live && !complete_results(g, &g->nodes.at[n]))
            return false;
    return true;
}

void graph_free(graph *g)
{
    for (int64_t i = 0; i < g->held.n; i++)
        object_release(g->held.at[i]);
    vec_free(&g->held);
    table_free(&g->numbering);
    vec_free(&g->values);
    vec_free(&g->nodes);
    arena_free(&g->arena);
}
