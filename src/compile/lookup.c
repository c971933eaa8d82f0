/* Lookups in kernels: gathers, dynamic slices and reductions over windows.
 *
 * Each reads its first operand at places that the kernel computes. Indices are moved inside their
 * bounds, so that every address is good, and what lay outside is replaced afterwards. Windows need
 * that along padded dimensions only; elsewhere their elements are plain strided loads. */
#include "compile/lower.h"
#include "ops/ops.h"
#include "ops/structured.h"

enum { MOST_POINTS = 16 }; /* of a window: each is a load */

/* ---- operands ---- */
/* Of a dynamic slice, indices that can only be 0 do not count. */
static int moving(const graph *g, const node *n, int *dims)
{
    const aval *x = &graph_in(g, n, 0)->aval;
    int count = 0;
    if (n->op->code == OP_gather) {
        ct_ints map = ((const params_gather *)n->params)->dimension_numbers.start_index_map;
        for (int64_t i = 0; i < map.n && i < LOOP_DIMS; i++)
            dims[count++] = (int)map.at[i];
    } else if (n->op->code == OP_dynamic_slice) {
        ct_ints sizes = ((const params_dynamic_slice *)n->params)->slice_sizes;
        for (int d = 0; d < x->ndim; d++)
            if (sizes.at[d] < x->shape[d])
                dims[count++] = d;
    }
    return count;
}

int operand_count(const graph *g, const node *n)
{
    int dims[LOOP_DIMS];
    return n->role == ROLE_LOOKUP ? 1 + moving(g, n, dims) : n->nin;
}

static void see(view *v, int d, int dim, int64_t scale, int64_t offset)
{
    v->dim[d] = (int8_t)dim, v->scale[d] = scale, v->offset[d] = offset;
}

/* The operand of a gather lies along the result's window dimensions and, where both are batched,
 * along those of the indices. */
static void view_gathered(const params_gather *p, int ndim, int nrows, view *v)
{
    const gather_dims *d = &p->dimension_numbers;
    int rows[LOOP_DIMS], offsets = 0, row = 0;
    for (int k = 0; row < nrows; k++)
        if (!ints_contain(d->offset_dims, k))
            rows[row++] = k;
    for (int k = 0; k < ndim; k++) {
        see(v, k, -1, 0, 0);
        for (int64_t i = 0; i < d->operand_batching_dims.n; i++)
            if (d->operand_batching_dims.at[i] == k)
                see(v, k, rows[d->start_indices_batching_dims.at[i]], 1, 0);
        if (!ints_contain(d->operand_batching_dims, k) && !ints_contain(d->collapsed_slice_dims, k))
            see(v, k, (int)d->offset_dims.at[offsets++], 1, 0);
    }
}

const node *joined_index(const graph *g, const node *n)
{
    const value *index = n->op->code == OP_gather ? graph_in(g, n, 1) : NULL;
    const node *join = index && index->origin == FROM_NODE ? &g->nodes.at[index->index] : NULL;
    if (!join || n->role != ROLE_LOOKUP || join->role != ROLE_JOIN ||
        ((const params_concatenate *)join->params)->dimension != index->aval.ndim - 1 ||
        index->aval.shape[index->aval.ndim - 1] != join->nin)
        return NULL;
    return join;
}

/* Component i of the indices: the rows of the result that are no window. */
static void view_index(const params_gather *p, int nrows, int i, view *v)
{
    int at = 0;
    for (int k = 0; k < nrows; k++) {
        while (ints_contain(p->dimension_numbers.offset_dims, at))
            at++;
        see(v, k, at++, 1, 0);
    }
    see(v, nrows, -1, 0, i);
}

void lookup_view(const graph *g, const node *n, int i, view *v)
{
    int ndim = graph_in(g, n, 0)->aval.ndim, dims[LOOP_DIMS];
    v->source = n->in[0], v->part = 0;
    if (n->op->code == OP_gather) {
        int nrows = graph_in(g, n, 1)->aval.ndim - 1;
        const node *join = joined_index(g, n);
        v->source = !i ? n->in[0] : join ? join->in[i - 1] : n->in[1];
        if (i)
            view_index(n->params, nrows, join ? 0 : i - 1, v);
        else
            view_gathered(n->params, ndim, nrows, v);
    } else if (n->op->code == OP_dynamic_slice) {
        view_identity(g, n->in[0], v);
        if (i) {
            moving(g, n, dims);
            v->source = n->in[1 + dims[i - 1]];
        }
    } else {
        view_identity(g, n->in[0], v);
    }
}

/* ---- what fuses ---- */
static bool window_fuses(const graph *g, const node *n)
{
    const params_window *p = n->params;
    const aval *x = &graph_in(g, n, 0)->aval;
    window_axis axes[MAX_NDIM];
    int64_t points = 1;
    if (!window_axes(n->op, p, x, axes))
        return false;
    for (int d = 0; d < x->ndim; d++) {
        bool padded = axes[d].low > 0 || axes[d].high > 0;
        points *= axes[d].size;
        if (axes[d].dilation != 1 || points > MOST_POINTS || (padded && d == x->ndim - 1))
            return false;
    }
    return true;
}

bool lookup_fuses(const graph *g, const node *n)
{
    int dims[LOOP_DIMS];
    if (n->op->code == OP_gather || n->op->code == OP_dynamic_slice)
        return 1 + moving(g, n, dims) <= LOOP_INPUTS;
    return window_fuses(g, n);
}

/* ---- places ---- */
void lower_move(lowering *l, lower_place *p, int32_t x, int64_t last, int64_t stride, int wide,
                bool bounded)
{
    int dtype = l->nodes.at[x].dtype;
    if (loop_itemsize(dtype) < 4 || (wide == CT_INT64 && dtype == CT_INT32))
        x = lower_convert(l, x, dtype = wide);
    int32_t low = lower_constant(l, dtype, 0), high = lower_constant(l, dtype, (uint64_t)last);
    if (bounded) {
        const struct {
            const char *name;
            int32_t limit;
        } sides[] = {{"ge", low}, {"le", high}};
        for (int i = 0; i < 2; i++) {
            int32_t side = lower_body(l, body_find(sides[i].name, dtype), CT_BOOL, 2,
                                      (int32_t[]){x, sides[i].limit});
            p->inside = p->inside < 0 ? side
                                      : lower_body(l, body_find("and", CT_BOOL), CT_BOOL, 2,
                                                   (int32_t[]){p->inside, side});
        }
    }
    x = lower_body(l, body_find("clamp", dtype), dtype, 3, (int32_t[]){low, x, high});
    x = lower_convert(l, x, wide);
    if (stride != 1)
        x = lower_body(l, body_find("mul", wide), wide, 2,
                       (int32_t[]){x, lower_constant(l, wide, (uint64_t)stride)});
    p->at = p->at < 0 ? x : lower_body(l, body_find("add", wide), wide, 2, (int32_t[]){p->at, x});
}

int lower_offset_dtype(int64_t size) { return size <= INT32_MAX ? CT_INT32 : CT_INT64; }

int32_t lower_or_else(lowering *l, int32_t inside, int32_t x, int32_t otherwise)
{
    loop_node n = {
        .kind = LOOP_SELECT, .dtype = l->nodes.at[x].dtype, .nin = 3, .in = {inside, otherwise, x}};
    return l->ok && inside >= 0 ? lower_node(l, n) : x;
}

/* ---- gathers and dynamic slices ---- */
static int32_t look_up(lowering *l, const node *n, const int32_t *in, const int8_t *dims)
{
    const value *x = graph_in(l->g, n, 0);
    const params_gather *gather = n->op->code == OP_gather ? n->params : NULL;
    ct_ints sizes =
        gather ? gather->slice_sizes : ((const params_dynamic_slice *)n->params)->slice_sizes;
    bool fills = gather && gather->mode == GATHER_FILL_OR_DROP;
    int along[LOOP_DIMS], count = moving(l->g, n, along), wide = lower_offset_dtype(x->size);
    lower_place p = NO_PLACE;
    for (int i = 0; i < count && l->ok; i++) {
        int d = along[i];
        lower_move(l, &p, in[i], x->aval.shape[d] - sizes.at[d], shape_stride(&x->aval, d), wide,
                   fills);
    }
    view v;
    lookup_view(l->g, n, 0, &v);
    int32_t found = lower_load(l, lower_access(l, &v, dims), x->aval.dtype, p.at);
    if (!fills || !l->ok)
        return found;
    uint64_t bits[2];
    gather_fill(gather, (ct_dtype)x->aval.dtype, bits);
    return lower_or_else(l, p.inside, found, lower_constant(l, x->aval.dtype, bits[0]));
}

/* ---- windows ---- */
typedef struct window_kind {
    const char *body;
    int reduction; /* whose identity a window starts from */
} window_kind;

static window_kind kind_of(const node *n)
{
    return n->op->code == OP_reduce_window_sum   ? (window_kind){"add", OP_reduce_sum}
           : n->op->code == OP_reduce_window_max ? (window_kind){"max", OP_reduce_max}
                                                 : (window_kind){"min", OP_reduce_min};
}

/* Element k of the window at each place of the result. */
static int32_t window_element(lowering *l, const node *n, const window_axis *axes, const int64_t *k,
                              const int8_t *dims, int32_t identity)
{
    const value *x = graph_in(l->g, n, 0);
    int wide = lower_offset_dtype(x->size);
    lower_place p = NO_PLACE;
    view v;
    view_identity(l->g, n->in[0], &v);
    for (int d = 0; d < x->aval.ndim && l->ok; d++) {
        const window_axis *w = &axes[d];
        int64_t first = k[d] * w->spread - w->low, last = first + (w->out - 1) * w->stride;
        if (first >= 0 && last < w->in) {
            see(&v, d, d, w->stride, first);
            continue;
        }
        see(&v, d, -1, 0, 0);
        int32_t at = lower_index(l, lower_dim(l, dims, d), w->stride, first, wide);
        lower_move(l, &p, at, w->in - 1, shape_stride(&x->aval, d), wide, true);
    }
    return lower_or_else(l, p.inside, lower_load(l, lower_access(l, &v, dims), x->aval.dtype, p.at),
                         identity);
}

/* In the order, and with the roundings, of the operation's own kernel. */
static int32_t reduce_window(lowering *l, const node *n, const int8_t *dims)
{
    const aval *x = &graph_in(l->g, n, 0)->aval;
    window_kind kind = kind_of(n);
    int dtype = x->dtype, wide = compute_dtype(dtype), body = body_find(kind.body, wide);
    int64_t k[MAX_NDIM] = {0};
    window_axis axes[MAX_NDIM];
    if (!window_axes(n->op, n->params, x, axes))
        return l->ok = false, 0;
    int32_t identity =
        lower_convert(l, lower_constant(l, wide, lower_identity(kind.reduction, wide)), dtype);
    int32_t sum = identity;
    for (int d = 0; d >= 0 && l->ok;) {
        int32_t next = window_element(l, n, axes, k, dims, identity);
        int32_t pair[] = {lower_convert(l, sum, wide), lower_convert(l, next, wide)};
        sum = lower_convert(l, lower_body(l, body, wide, 2, pair), dtype);
        for (d = x->ndim - 1; d >= 0 && ++k[d] == axes[d].size; d--)
            k[d] = 0;
    }
    return sum;
}

int32_t lower_lookup(lowering *l, const node *n, const int32_t *in, const int8_t *dims)
{
    return n->op->code == OP_gather || n->op->code == OP_dynamic_slice ? look_up(l, n, in, dims)
                                                                       : reduce_window(l, n, dims);
}
