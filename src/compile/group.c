/* Which nodes become one kernel.
 *
 * Nodes come in program order and join the latest group they can: the group must have their
 * iteration space, what they read of it must be the same point of the space, and everything else
 * they read must come from earlier groups. A group may hold reductions over one set of dimensions;
 * their results are values of its rows, which later members may use: so softmax is one kernel.
 * Running the groups in order is then a schedule. What is computed again joins no group from
 * before, or its values would have to live as long as if they had been kept. Next: lower.c. */
#include "compile/graph.h"
#include "ops/ops.h"

enum {
    MOST_COST = 700,
    MOST_MEMBERS = 120,
    MOST_LOADS = 24,
    LOOK_BACK = 24,
    MOST_DEPTH = 4,
    ENOUGH_UNITS = 16,
    WORTH_SPLITTING = 32768
};

/* ---- roles ---- */
static bool ones_only(const aval *a, const aval *b)
{
    int i = 0, k = 0;
    for (;; i++, k++) {
        while (i < a->ndim && a->shape[i] == 1)
            i++;
        while (k < b->ndim && b->shape[k] == 1)
            k++;
        if (i == a->ndim || k == b->ndim)
            return i == a->ndim && k == b->ndim;
        if (a->shape[i] != b->shape[k])
            return false;
    }
}

static bool usable(const value *v)
{
    return loop_dtype(v->aval.dtype) && v->size > 0 && v->aval.ndim <= LOOP_DIMS;
}

/* Transposes that move the last dimension of something big are copies in blocks. */
static bool keeps_last(const node *n, const aval *a)
{
    ct_ints order = ((const params_transpose *)n->params)->permutation;
    int from = a->ndim - 1, to = (int)order.n - 1;
    while (from >= 0 && a->shape[from] == 1)
        from--;
    while (to >= 0 && a->shape[order.at[to]] == 1)
        to--;
    return from < 0 || order.at[to] == from;
}

static bool one_step(int from, int to) { return from == to || body_find_convert(from, to) >= 0; }

/* Whether lower_convert knows a way: straight, or by the types that are computed in. */
static bool convertible(int from, int to)
{
    return one_step(from, to) ||
           (one_step(from, compute_dtype(from)) &&
            one_step(compute_dtype(from), compute_dtype(to)) && one_step(compute_dtype(to), to));
}

static int body_of_map(const graph *g, const node *n)
{
    int dtype = body_dtype(g, n);
    const char *name = n->op->name;
    if (n->op->code == OP_round)
        name = ((const params_round *)n->params)->rounding_method == 1 ? "round_to_even" : "round";
    if (n->op->code == OP_add_any)
        name = "add";
    if (n->op->code == OP_nextafter && dtype != graph_in(g, n, 0)->aval.dtype)
        return -1; /* the next float32 is not the next of a narrower type */
    int body = body_find(name, dtype);
    if (body < 0 || body_names[body].nargs != n->nin)
        return -1;
    return n->part || body_names[body].nresults == 1 ? body : -1;
}

/* Two arrays of the result's shape, side by side in its memory. */
static bool joins_parts(const graph *g, const node *n)
{
    const value *re = graph_in(g, n, 0), *im = graph_in(g, n, 1), *out = graph_out(g, n, 0);
    return usable(re) && usable(im) && ints_equal(aval_shape(&re->aval), aval_shape(&out->aval)) &&
           ints_equal(aval_shape(&im->aval), aval_shape(&out->aval));
}

bool graph_moves_nothing(const graph *g, const node *n)
{
    const value *x = graph_in(g, n, 0);
    if (n->op->code == OP_transpose)
        return keeps_last(n, &x->aval) || x->size <= 1024;
    return n->op->code != OP_reshape || ones_only(&x->aval, &graph_out(g, n, 0)->aval);
}

node_role graph_role(const graph *g, const node *n)
{
    if (n->nout != 1 || n->op->code >= OP_COUNT || (n->op->flags & OP_HOST))
        return ROLE_OPAQUE;
    const value *x = n->nin ? graph_in(g, n, 0) : NULL, *out = graph_out(g, n, 0);
    if ((n->op->code == OP_real || n->op->code == OP_imag) && usable(out))
        return ROLE_VIEW;
    if (n->op->code == OP_complex && joins_parts(g, n))
        return ROLE_JOIN;
    if (n->part)
        return ROLE_MAP;
    bool all_usable = usable(out);
    for (int i = 0; i < n->nin; i++)
        all_usable &= usable(graph_in(g, n, i));
    if (!all_usable)
        return n->op->code == OP_reshape || n->op->code == OP_squeeze ? ROLE_ALIAS : ROLE_OPAQUE;
    switch (n->op->code) {
    case OP_gather:
    case OP_dynamic_slice:
    case OP_reduce_window_sum:
    case OP_reduce_window_max:
    case OP_reduce_window_min:
        return lookup_fuses(g, n) ? ROLE_LOOKUP : ROLE_OPAQUE;
    case OP_broadcast_in_dim:
    case OP_squeeze:
    case OP_slice:
    case OP_rev:
        return ROLE_VIEW;
    case OP_iota: {
        int dtype = out->aval.dtype;
        return dtype == CT_INT64 || dtype == CT_INT32 || body_find_convert(CT_INT32, dtype) >= 0
                   ? ROLE_VIEW
                   : ROLE_OPAQUE;
    }
    case OP_reshape:
        return graph_moves_nothing(g, n) ? ROLE_VIEW : ROLE_ALIAS;
    case OP_transpose:
        return graph_moves_nothing(g, n) ? ROLE_VIEW : ROLE_OPAQUE;
    case OP_convert_element_type:
        return convertible(x->aval.dtype, out->aval.dtype) ? ROLE_MAP : ROLE_OPAQUE;
    case OP_concatenate:
        return ROLE_JOIN;
    case OP_bitcast_convert_type:
        return loop_itemsize(x->aval.dtype) == loop_itemsize(out->aval.dtype) &&
                       x->aval.dtype != CT_BOOL && out->aval.dtype != CT_BOOL
                   ? ROLE_MAP
                   : ROLE_OPAQUE;
    case OP_select_n:
        return n->nin == 3 && x->aval.dtype == CT_BOOL ? ROLE_MAP : ROLE_OPAQUE;
    case OP_integer_pow: {
        int64_t y = ((const params_integer_pow *)n->params)->y;
        return y && y <= 64 && y >= -64 && body_find("mul", compute_dtype(x->aval.dtype)) >= 0 &&
                       (y > 0 || body_find("div", compute_dtype(x->aval.dtype)) >= 0)
                   ? ROLE_MAP
                   : ROLE_OPAQUE;
    }
    case OP_pow: /* an integer exponent becomes what the base is */
        if (!convertible(graph_in(g, n, 1)->aval.dtype, x->aval.dtype))
            return ROLE_OPAQUE;
        break;
    }
    const char *combining = body_combining(n->op->code);
    if (combining && g->j->keeps_order &&
        dtype_is((ct_dtype)out->aval.dtype, FAMILY_FLOAT | FAMILY_COMPLEX))
        return ROLE_OPAQUE;
    if (combining && ones_only(&x->aval, &out->aval))
        return ROLE_VIEW;
    if (combining)
        return body_find(combining, compute_dtype(x->aval.dtype)) >= 0 ? ROLE_REDUCE : ROLE_OPAQUE;
    if (!(n->op->flags & OP_ELEMENTWISE) || n->nin < 1 || body_of_map(g, n) < 0)
        return ROLE_OPAQUE;
    return ROLE_MAP;
}

/* ---- joining ---- */
/* What a node looks at: the shape it runs over, and where its operands are in it. */
typedef struct candidate {
    int32_t index;
    node *n;
    const aval *over; /* result of a map or view, operand of a reduction */
    uint32_t axes;    /* of a reduction */
    int noperands;
    view operands[LOOP_INPUTS];
    int32_t cost;
} candidate;

static value *root_of(const graph *g, int32_t v) { return &g->values.at[g->values.at[v].alias]; }

static int32_t cost_of(const graph *g, const node *n)
{
    if (n->role == ROLE_VIEW || n->part == 2) /* what the other part's body makes too */
        return 1;
    if (n->role == ROLE_REDUCE)
        return 2;
    if (n->role == ROLE_LOOKUP || n->op->code == OP_integer_pow)
        return 8;
    int body = n->op->code == OP_select_n || n->op->code == OP_convert_element_type ||
                       n->op->code == OP_bitcast_convert_type
                   ? -1
                   : body_of_map(g, n);
    return 1 + (body >= 0 ? body_names[body].cost : 2);
}

static void consider(graph *g, int32_t index, candidate *c)
{
    node *n = &g->nodes.at[index];
    *c = (candidate){
        .index = index, .n = n, .over = &graph_out(g, n, 0)->aval, .cost = cost_of(g, n)};
    if (n->role == ROLE_REDUCE) {
        c->over = &graph_in(g, n, 0)->aval;
        ct_ints axes = ((const params_reduce *)n->params)->axes;
        for (int64_t i = 0; i < axes.n; i++)
            c->axes |= 1u << axes.at[i];
    }
    c->noperands = operand_count(g, n);
    for (int i = 0; i < c->noperands; i++)
        view_operand(g, n, i, &c->operands[i]);
}

/* The first group this node may be in, given where its operands come from, and its region. */
static int32_t earliest(const graph *g, const candidate *c)
{
    int32_t first = g->first_group[c->n->region];
    for (int i = 0; i < c->noperands; i++) {
        const value *v = &g->values.at[c->operands[i].source],
                    *owner = root_of(g, c->operands[i].source);
        if (owner->origin != FROM_NODE || owner->group < 0)
            continue;
        bool fused = v == owner && !v->outside && g->nodes.at[v->index].role != ROLE_OPAQUE &&
                     !(c->n->role == ROLE_LOOKUP && i == 0);
        int32_t from = owner->group + !fused;
        if (from > first)
            first = from;
    }
    return first;
}

static bool in_group(const graph *g, int32_t v, int32_t number)
{
    const value *x = &g->values.at[v];
    return x->alias == v && x->origin == FROM_NODE && x->group == number && !x->outside;
}

static bool same_shape(const aval *a, const group *gr)
{
    return a->ndim == gr->ndim && !memcmp(a->shape, gr->extent, (size_t)a->ndim * sizeof *a->shape);
}

/* Dimensions of the space along the candidate's: its shape is the space's, or it follows from
 * operands that are in the group. */
static bool place(const graph *g, const group *gr, int32_t number, const candidate *c,
                  int8_t dims[LOOP_DIMS])
{
    if (same_shape(c->over, gr)) {
        for (int d = 0; d < gr->ndim; d++)
            dims[d] = (int8_t)d;
        return true;
    }
    for (int d = 0; d < c->over->ndim; d++)
        dims[d] = -1;
    for (int i = 0; i < c->noperands; i++) {
        const view *v = &c->operands[i];
        if (!in_group(g, v->source, number))
            continue;
        const value *x = &g->values.at[v->source];
        for (int d = 0; d < x->aval.ndim; d++)
            if (v->dim[d] >= 0 && x->aval.shape[d] > 1)
                dims[v->dim[d]] = x->dims[d];
    }
    uint32_t covered = 0;
    for (int d = 0; d < c->over->ndim; d++) {
        if (dims[d] < 0 && c->over->shape[d] != 1)
            return false;
        if (dims[d] < 0)
            continue;
        if (gr->extent[dims[d]] != c->over->shape[d] || (covered >> dims[d] & 1))
            return false;
        covered |= 1u << dims[d];
    }
    for (int d = 0; d < gr->ndim; d++)
        if (gr->extent[d] > 1 && (covered >> d & 1) == (gr->reduced >> d & 1))
            return false;
    return !c->axes;
}

/* Operands made in the group must be read at the same point of the space. */
static bool aligned(const graph *g, int32_t number, const candidate *c, const int8_t *dims)
{
    for (int i = 0; i < c->noperands; i++) {
        const view *v = &c->operands[i];
        if (!in_group(g, v->source, number))
            continue;
        const value *x = &g->values.at[v->source];
        for (int d = 0; d < x->aval.ndim; d++) {
            if (x->aval.shape[d] == 1)
                continue;
            if (v->dim[d] < 0 || v->scale[d] != 1 || v->offset[d] || x->dims[d] != dims[v->dim[d]])
                return false;
        }
    }
    return true;
}

enum { RECENT_MEMBERS = 8 };

/* Will what members make and what this node makes be read together? */
static bool shares_tree(const graph *g, const group *gr, const candidate *c)
{
    for (int64_t m = gr->members.n; m-- > 0 && m > gr->members.n - RECENT_MEMBERS;)
        if (g->nodes.at[gr->members.at[m]].tree == c->n->tree)
            return true;
    return false;
}

static bool shares_operand(const graph *g, const group *gr, int32_t number, const candidate *c)
{
    for (int i = 0; i < c->noperands; i++) {
        int32_t s = c->operands[i].source;
        if (in_group(g, s, number))
            return true;
        if (g->values.at[s].size <= 1)
            continue;
        for (int64_t m = gr->members.n; m-- > 0 && m > gr->members.n - RECENT_MEMBERS;) {
            const node *n = &g->nodes.at[gr->members.at[m]];
            view v;
            for (int k = 0; k < operand_count(g, n); k++)
                if (view_operand(g, n, k, &v), v.source == s)
                    return true;
        }
    }
    return false;
}

static int depth_of(const graph *g, int32_t number, const candidate *c)
{
    int depth = 0;
    for (int i = 0; i < c->noperands; i++) {
        const value *v = &g->values.at[c->operands[i].source];
        if (in_group(g, c->operands[i].source, number) && v->position > depth)
            depth = v->position;
    }
    return depth;
}

static bool wants_split(const group *gr)
{
    int64_t kept = 1, all = 1, tile = 1;
    int last = gr->ndim - 1;
    while (last > 0 && gr->extent[last] == 1)
        last--;
    for (int d = 0; d < gr->ndim; d++) {
        all *= gr->extent[d];
        if (!(gr->reduced >> d & 1))
            kept *= gr->extent[d];
    }
    if (last >= 0 && !(gr->reduced >> last & 1))
        tile = gr->extent[last] < 64 ? gr->extent[last] : 64;
    int64_t units = kept / tile;
    return units < ENOUGH_UNITS && all / (units ? units : 1) >= WORTH_SPLITTING;
}

static bool fits(const graph *g, groups *gs, int32_t at, const candidate *c, int8_t dims[LOOP_DIMS])
{
    group *gr = &gs->at[at];
    if (gr->opaque || gr->cost + c->cost > MOST_COST || gr->members.n >= MOST_MEMBERS ||
        gr->loads + c->noperands > MOST_LOADS)
        return false;
    if (c->axes && gr->reduced && gr->reduced != c->axes)
        return false;
    if (!place(g, gr, at, c, dims) || !aligned(g, at, c, dims))
        return false;
    if (!shares_operand(g, gr, at, c) && !shares_tree(g, gr, c))
        return false;
    return depth_of(g, at, c) + (c->axes != 0) <= MOST_DEPTH;
}

static void note_members(graph *g, group *gr, int32_t at, const candidate *c, const int8_t *dims)
{
    value *out = graph_out(g, c->n, 0);
    int depth = depth_of(g, at, c);
    c->n->group = out->group = at;
    out->position =
        depth + (c->axes != 0); /* of a fused value: reductions to be finished before it */
    int k = 0;
    for (int d = 0; d < c->over->ndim; d++)
        if (!(c->axes >> d & 1))
            out->dims[k++] = dims[d];
    if (c->axes) {
        gr->reduced = c->axes;
        gr->split = wants_split(gr);
        out->outside = gr->split;
        if (gr->split)
            out->stored = true;
    }
    gr->cost += c->cost;
    for (int i = 0; i < c->noperands; i++) {
        value *v = &g->values.at[c->operands[i].source];
        if (in_group(g, c->operands[i].source, at))
            continue;
        bool iota = v->origin == FROM_NODE && g->nodes.at[v->index].role == ROLE_VIEW;
        if (iota)
            continue;
        root_of(g, c->operands[i].source)->stored = true;
        gr->loads += v->size > 1 || v->origin != FROM_CONST;
    }
}

static bool join(graph *g, groups *gs, int32_t index)
{
    candidate c;
    consider(g, index, &c);
    int8_t dims[LOOP_DIMS];
    int32_t first = earliest(g, &c), from = first;
    if (gs->n - from > LOOK_BACK)
        from = (int32_t)gs->n - LOOK_BACK;
    int32_t at = from > first && fits(g, gs, first, &c, dims) ? first : -1;
    for (int32_t i = from; at < 0 && i < gs->n; i++)
        if (fits(g, gs, i, &c, dims))
            at = i;
    if (at < 0) {
        group fresh = {.ndim = c.over->ndim};
        for (int d = 0; d < fresh.ndim; d++)
            fresh.extent[d] = c.over->shape[d], dims[d] = (int8_t)d;
        if (!vec_push(gs, fresh))
            return false;
        at = (int32_t)gs->n - 1;
    }
    note_members(g, &gs->at[at], at, &c, dims);
    return vec_push(&gs->at[at].members, index);
}

/* ---- all nodes ---- */
static bool opaque(graph *g, groups *gs, int32_t index)
{
    node *n = &g->nodes.at[index];
    n->role = ROLE_OPAQUE;
    n->group = (int32_t)gs->n;
    for (int i = 0; i < n->nout; i++) {
        value *v = graph_out(g, n, i);
        v->stored = true, v->group = n->group;
    }
    return vec_push(gs, (group){.opaque = true, .node = index});
}

/* Which views and joins need memory of their own: results of the program, what opaque calls and
 * aliases read, and what lookups look up in; joins also when anyone else reads more of them than
 * one operand. */
static void mark_needed(graph *g, bool *needed)
{
    for (int i = 0; i < g->j->nout; i++)
        needed[g->outputs[i]] = true;
    for (int64_t i = 0; i < g->nodes.n; i++) {
        const node *n = &g->nodes.at[i];
        bool all = n->role == ROLE_OPAQUE || n->role == ROLE_ALIAS;
        for (int k = 0; n->live && k < n->nin; k++) {
            const value *v = graph_in(g, n, k);
            bool join = v->origin == FROM_NODE && g->nodes.at[v->index].role == ROLE_JOIN;
            if (all || (k == 0 && n->role == ROLE_LOOKUP) || (join && !joined_index(g, n)))
                needed[n->in[k]] = true;
        }
    }
}

/* One operand of a concatenation as a view of it that is stored from `offset` on in the memory of
 * `whole`; the number of its node, -1 on failure. */
static int32_t add_part(graph *g, int32_t whole, int32_t operand_value, int64_t offset)
{
    value v = g->values.at[operand_value];
    v.origin = FROM_NODE, v.index = (int32_t)g->nodes.n, v.array = NULL;
    v.stored = true, v.outside = false, v.group = v.slot = -1;
    v.alias = v.part_of = whole, v.part_offset = offset;
    node n = {.op = op_table[OP_reshape],
              .nin = 1,
              .nout = 1,
              .live = true,
              .role = ROLE_VIEW,
              .group = -1};
    n.in = arena_copy(&g->arena, &operand_value, sizeof operand_value);
    n.out = arena_alloc(&g->arena, sizeof *n.out);
    if (!n.in || !n.out || !vec_push(&g->values, v))
        return -1;
    n.out[0] = (int32_t)g->values.n - 1;
    return vec_push(&g->nodes, n) ? (int32_t)g->nodes.n - 1 : -1;
}

static bool join_parts(graph *g, groups *gs, int32_t index)
{
    const node *n = &g->nodes.at[index];
    int32_t whole = n->out[0], nin = n->nin, last = -1;
    const int32_t *in = n->in;
    const aval *shape = &g->values.at[whole].aval;
    bool pair = n->op->code == OP_complex;
    int64_t axis = pair ? 0 : ((const params_concatenate *)n->params)->dimension, inner = 1,
            offset = 0;
    for (int d = (int)axis + 1; d < shape->ndim && !pair; d++)
        inner *= shape->shape[d];
    for (int i = 0; i < nin; i++) {
        int64_t extent = pair ? 1 : g->values.at[in[i]].aval.shape[axis];
        int32_t part = add_part(g, whole, in[i], offset);
        if (part < 0 || !join(g, gs, part))
            return false;
        if (g->nodes.at[part].group > last)
            last = g->nodes.at[part].group;
        offset += extent * inner;
    }
    value *v = &g->values.at[whole];
    v->stored = v->outside = true, v->group = last;
    return true;
}

static bool place_nodes(graph *g, groups *gs, const bool *needed)
{
    for (int64_t i = 0, count = g->nodes.n; i < count; i++) {
        node *n = &g->nodes.at[i];
        if (!n->live)
            continue;
        if (g->first_group[n->region] < 0)
            g->first_group[n->region] = (int32_t)gs->n;
        switch ((node_role)n->role) {
        case ROLE_OPAQUE:
            if (!opaque(g, gs, (int32_t)i))
                return false;
            break;
        case ROLE_ALIAS:
            graph_out(g, n, 0)->alias = graph_in(g, n, 0)->alias;
            break;
        case ROLE_VIEW:
            if (!needed[n->out[0]])
                break; /* looked through */
            if (!join(g, gs, (int32_t)i))
                return false;
            break;
        case ROLE_MAP:
        case ROLE_LOOKUP:
        case ROLE_REDUCE:
            if (!join(g, gs, (int32_t)i))
                return false;
            break;
        case ROLE_JOIN:
            if (!needed[n->out[0]])
                break; /* read through its operands */
            if (!join_parts(g, gs, (int32_t)i))
                return false;
            n = &g->nodes.at[i];
            break;
        }
        for (int k = 0; k < n->nout; k++)
            if (n->out[k] >= 0 && needed[n->out[k]] && n->role != ROLE_ALIAS)
                graph_out(g, n, k)->stored = true;
    }
    return true;
}

/* Maps that are read once, by a map of their shape or a reduction, belong to its tree. */
static bool find_trees(graph *g)
{
    enum { UNREAD = -1, MANY = -2 };
    int32_t *reader = base_alloc((size_t)(g->values.n + 1) * sizeof *reader);
    if (!reader)
        return false;
    for (int64_t v = 0; v < g->values.n; v++)
        reader[v] = UNREAD;
    for (int64_t i = 0; i < g->nodes.n; i++)
        for (int k = 0; g->nodes.at[i].live && k < g->nodes.at[i].nin; k++) {
            int32_t *r = &reader[g->nodes.at[i].in[k]];
            *r = *r == UNREAD || *r == i ? (int32_t)i : MANY;
        }
    for (int i = 0; i < g->j->nout; i++)
        reader[g->outputs[i]] = MANY;
    for (int64_t i = g->nodes.n; i-- > 0;) {
        node *n = &g->nodes.at[i];
        int32_t r = n->nout == 1 && n->role == ROLE_MAP ? reader[n->out[0]] : MANY;
        n->tree = (int32_t)i;
        if (r < 0)
            continue;
        const node *by = &g->nodes.at[r];
        if (by->role == ROLE_REDUCE)
            n->tree = r;
        else if (by->role == ROLE_MAP && graph_out(g, by, 0)->size == graph_out(g, n, 0)->size)
            n->tree = by->tree;
    }
    base_free(reader);
    return true;
}

bool group_nodes(graph *g, groups *out)
{
    bool *needed = base_zalloc((size_t)g->values.n + 1), fuses = compile_optimizes();
    g->first_group = arena_alloc(&g->arena, (size_t)(g->nregions + 1) * sizeof *g->first_group);
    if (!needed || !g->first_group)
        return base_free(needed), false;
    for (int32_t r = 0; r <= g->nregions; r++)
        g->first_group[r] = r ? -1 : 0;
    for (int64_t i = 0; i < g->nodes.n; i++)
        if (g->nodes.at[i].live)
            g->nodes.at[i].role = fuses ? graph_role(g, &g->nodes.at[i]) : ROLE_OPAQUE;
    mark_needed(g, needed);
    bool ok = find_trees(g) && place_nodes(g, out, needed);
    base_free(needed);
    return ok;
}

void groups_free(groups *gs)
{
    for (int64_t i = 0; i < gs->n; i++)
        vec_free(&gs->at[i].members);
    vec_free(gs);
}
