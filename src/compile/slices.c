/* Elementwise operations of which only slices are read are computed slice by slice: so the gates of
 * a recurrent cell, slices of one sum, are one kernel with what reads them. Called by graph.c. */
#include "compile/graph.h"
#include "ops/ops.h"

/* Who reads a value: slices of so many elements altogether, maps that move behind slices, others.
 */
typedef struct readers {
    int64_t sliced;
    int32_t maps;
    bool others;
} readers;
typedef struct slicing {
    graph *g;
    int64_t nvalues; /* before the new ones */
    bool *moves;     /* by value: made by a map that is computed in slices, and is dropped */
    vec(node) nodes;
} slicing;

static bool moves_behind(const graph *g, const node *n, const readers *by_value)
{
    if (n->nout != 1 || !(n->op->flags & OP_ELEMENTWISE) || graph_role(g, n) != ROLE_MAP)
        return false;
    const readers *r = &by_value[n->out[0]];
    bool by_slices = !r->maps && r->sliced && r->sliced <= graph_out(g, n, 0)->size,
         by_one_map = r->maps == 1 && !r->sliced;
    return !r->others && (by_slices || by_one_map);
}

static bool find_moving(slicing *s)
{
    const graph *g = s->g;
    readers *by_value = base_zalloc((size_t)(g->values.n + 1) * sizeof *by_value);
    for (int i = 0; by_value && i < g->j->nout; i++)
        by_value[g->outputs[i]].others = true;
    for (int64_t i = g->nodes.n; by_value && i-- > 0;) {
        const node *n = &g->nodes.at[i];
        bool moves = n->live && moves_behind(g, n, by_value);
        if (moves)
            s->moves[n->out[0]] = true;
        for (int k = 0; n->live && k < n->nin; k++) {
            readers *r = &by_value[n->in[k]];
            if (n->op->code == OP_slice)
                r->sliced += graph_out(g, n, 0)->size;
            else if (moves && g->values.at[n->in[k]].size > 1)
                r->maps++;
            else
                r->others = true;
        }
    }
    base_free(by_value);
    return by_value != NULL;
}

static bool add(slicing *s, node n)
{
    for (int k = 0; k < n.nout; k++)
        if (n.out[k] >= 0)
            s->g->values.at[n.out[k]].index = (int32_t)s->nodes.n;
    return vec_push(&s->nodes, n);
}

/* A new value: part p of v, an operand whose extents of 1 stand for any number. *own: its slice. */
static int32_t add_part(slicing *s, int32_t v, const params_slice *p, params_slice *own)
{
    const aval *whole = &s->g->values.at[v].aval;
    size_t bytes = (size_t)(whole->ndim + 1) * sizeof(int64_t);
    int64_t *start = arena_alloc(s->g->kept, bytes), *limit = arena_alloc(s->g->kept, bytes),
            *step = arena_alloc(s->g->kept, bytes), *shape = arena_alloc(s->g->kept, bytes);
    if (!start || !limit || !step || !shape)
        return -1;
    for (int d = 0; d < whole->ndim; d++) {
        bool one = whole->shape[d] == 1;
        start[d] = one ? 0 : p->start_indices.at[d], limit[d] = one ? 1 : p->limit_indices.at[d];
        step[d] = !one && p->strides.n ? p->strides.at[d] : 1;
        shape[d] = (limit[d] - start[d] + step[d] - 1) / step[d];
    }
    own->start_indices = (ct_ints){whole->ndim, start};
    own->limit_indices = (ct_ints){whole->ndim, limit};
    own->strides = (ct_ints){whole->ndim, step};
    aval part = {whole->dtype, whole->weak, whole->ndim, shape};
    int32_t made = graph_add_value(s->g, &part, FROM_NODE, 0, NULL);
    if (made >= 0)
        s->g->values.at[made].read = true;
    return made;
}

static const node *moving_maker(const slicing *s, int32_t v)
{
    bool moves = v < s->nvalues && s->moves[v];
    return moves ? &s->g->nodes.at[s->g->values.at[v].index] : NULL;
}

/* Computes `out`, the slice of v that n takes, n being the slice itself. */
static bool compute_slice(slicing *s, node n, int32_t v, const params_slice *p, int32_t out)
{
    const node *map = moving_maker(s, v);
    if (map)
        n = *map;
    else
        n.params = p;
    n.in = arena_copy(&s->g->arena, map ? map->in : &v, (size_t)n.nin * sizeof v);
    n.out = arena_copy(&s->g->arena, &out, sizeof out);
    n.live = true;
    if (!n.in || !n.out)
        return false;
    for (int k = 0; map && k < n.nin; k++) {
        if (s->g->values.at[map->in[k]].size == 1)
            continue;
        params_slice *own = arena_alloc(s->g->kept, sizeof *own);
        node slice = {.op = op_table[OP_slice], .nin = 1, .nout = 1, .group = -1};
        slice.region = n.region;
        if (!own || (n.in[k] = add_part(s, map->in[k], p, own)) < 0 ||
            !compute_slice(s, slice, map->in[k], own, n.in[k]))
            return false;
    }
    return add(s, n);
}

static bool rewrite(slicing *s)
{
    for (int64_t i = 0; i < s->g->nodes.n; i++) {
        node n = s->g->nodes.at[i];
        bool slices = n.live && n.op->code == OP_slice && moving_maker(s, n.in[0]),
             moves = n.live && n.nout == 1 && s->moves[n.out[0]];
        if (!moves && !(slices ? compute_slice(s, n, n.in[0], n.params, n.out[0]) : add(s, n)))
            return false;
    }
    return true;
}

bool graph_move_slices(graph *g)
{
    slicing s = {.g = g, .nvalues = g->values.n, .moves = base_zalloc((size_t)g->values.n + 1)};
    bool ok = s.moves && find_moving(&s), any = false;
    for (int64_t v = 0; ok && v < s.nvalues; v++)
        any |= s.moves[v];
    if (any && (ok = rewrite(&s))) {
        vec_free(&g->nodes);
        memcpy(&g->nodes, &s.nodes, sizeof s.nodes);
    } else {
        vec_free(&s.nodes);
    }
    base_free(s.moves);
    return ok;
}
