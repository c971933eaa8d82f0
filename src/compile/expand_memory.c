/* Arrays that the steps of a loop read and write in memory, at places they compute.
 *
 * An update is a store in its turn, and its result the same memory: so nobody may ask for the array
 * as it was before (expand.c puts those who do first; a version tells whether one is left). A place
 * is moved inside its bounds, as in lookup.c; an update that lay outside does not happen. */
#include "compile/expand.h"
#include "ops/ops.h"
#include "ops/structured.h"

bool memory_form(sequence *s, int32_t memory, const aval *a, bool sliced, spread *out)
{
    aval element = {.dtype = a->dtype};
    if (memory >= LOOP_BUFFERS || a->ndim >= LOOP_DIMS || !shape_size(a->ndim, a->shape) ||
        !spread_shape(s, &element, out))
        return false;
    out->at = NULL;
    out->in_memory = true, out->sliced = sliced;
    out->buffer = memory, out->version = s->versions[memory];
    out->lead = (int8_t)spread_lead(s, a);
    return true;
}

bool memory_is_current(const sequence *s, const spread *x)
{
    return x->version == s->versions[x->buffer];
}

static int32_t load(sequence *s, const spread *x, const aval *a, int64_t i, int32_t at)
{
    return lower_load(&s->l, spread_access(s, x->buffer, a, x, i, x->sliced),
                      spread_dtype(a->dtype), at);
}

int32_t memory_element(sequence *s, const spread *x, const aval *a, int64_t i)
{
    return load(s, x, a, i, -1);
}

/* The array that operand 0 is. One whose elements were written out is asked for again, in memory.
 */
static const spread *memory_of(part *p, const node *n)
{
    sequence *s = p->s;
    const value *v = graph_in(&p->g, n, 0);
    const spread *x = v->origin == FROM_CONST ? NULL : spread_anywhere(p, n->in[0]);
    if (v->origin == FROM_CONST) {
        spread *made = arena_alloc(s->a, sizeof *made);
        bool fits = made && memory_form(s, sequence_buffer_at(s, SEQUENCE_ARRAY, -1, v->array),
                                        &v->aval, false, made);
        return fits ? made : NULL;
    }
    if (x && !x->in_memory && x->operand >= 0)
        s->indexed[x->operand] = s->again = true;
    return x && x->in_memory && memory_is_current(s, x) ? x : NULL;
}

/* ---- windows ---- */
/* What an operation moves between an array in memory and a value whose elements are nodes. */
typedef struct windows {
    part *p;
    const node *n;
    const spread *x, *y; /* the array, the value */
    const aval *whole, *moved;
    bool slice;       /* one window, whose starts are operands from first_start on */
    gather_dims dims; /* else */
    const spread *indices;
    int first_start;
    bool drops; /* what lies outside is left out */
    int64_t row[LOOP_DIMS];
    lower_place place; /* of the window that the row names, once known */
    bool known;
} windows;

/* Dimension of the array along which the value's dimension lies: of a window's (own: false), or of
 * a batch; row: which of the windows' dimensions it is, -1: it is in a window. */
typedef struct along {
    int row, dim;
} along;

static along dimension_along(const windows *w, int d)
{
    if (w->slice)
        return (along){-1, d};
    const gather_dims *g = &w->dims;
    int row = 0, inside = 0;
    for (int k = 0; k < d; k++)
        *(ints_contain(g->offset_dims, k) ? &inside : &row) += 1;
    if (ints_contain(g->offset_dims, d))
        for (int k = 0; k < w->whole->ndim; k++)
            if (!ints_contain(g->collapsed_slice_dims, k) &&
                !ints_contain(g->operand_batching_dims, k) && !inside--)
                return (along){-1, k};
    for (int64_t i = 0; i < g->operand_batching_dims.n; i++)
        if (g->start_indices_batching_dims.at[i] == row)
            return (along){row, (int)g->operand_batching_dims.at[i]};
    return (along){row, -1};
}

/* The lanes of the value are those of the array, or of the indices, or both. */
static bool lanes_agree(const windows *w)
{
    const sequence *s = w->p->s;
    int places = w->slice ? -1 : w->indices->lead;
    if (w->y->lead < 0)
        return w->x->lead < 0 && places < 0;
    for (int i = 0; i < s->ndims; i++) {
        along a = dimension_along(w, w->y->lead + i);
        bool whole = a.dim >= 0 && w->whole->shape[a.dim] == w->moved->shape[w->y->lead + i];
        if (a.row >= 0 ? places < 0 || a.row != places + i : places >= 0)
            return false;
        if (a.dim >= 0 ? !whole || a.dim != w->x->lead + i : w->x->lead >= 0)
            return false;
    }
    return true;
}

static bool add_start(windows *w, int32_t start, int d, int64_t size)
{
    lower_move(&w->p->s->l, &w->place, start, w->whole->shape[d] - size,
               shape_stride(w->whole, d) * w->x->parts,
               lower_offset_dtype(shape_size(w->whole->ndim, w->whole->shape) * w->x->parts),
               w->drops);
    return w->p->s->l.ok;
}

static bool place_slice(windows *w)
{
    for (int d = 0; d < w->whole->ndim; d++) {
        const spread *start = spread_of(w->p, w->n->in[w->first_start + d]);
        if (!start)
            return false;
        if (w->moved->shape[d] < w->whole->shape[d] &&
            !add_start(w, start->at[0], d, w->moved->shape[d]))
            return false;
    }
    return true;
}

static int64_t window_size(const windows *w, int d)
{
    for (int k = 0; k < w->moved->ndim; k++) {
        along a = dimension_along(w, k);
        if (a.row < 0 && a.dim == d)
            return w->moved->shape[k];
    }
    return 1;
}

/* The window that the row's indices name. */
static bool place_row(windows *w)
{
    const sequence *s = w->p->s;
    const aval *form = &graph_in(&w->p->g, w->n, 1)->aval;
    int64_t at[LOOP_DIMS + 1];
    memcpy(at, w->row, sizeof w->row);
    for (int64_t i = 0; i < w->dims.start_index_map.n; i++) {
        int d = (int)w->dims.start_index_map.at[i];
        at[form->ndim - 1] = i;
        if (!add_start(w, w->indices->at[spread_ravel(s, w->indices, form, at)], d,
                       window_size(w, d)))
            return false;
    }
    return true;
}

/* Where element e of the value lies: so much (*first) after w->place. */
static bool find_element(windows *w, int64_t e, int64_t *first)
{
    const sequence *s = w->p->s;
    int64_t index[LOOP_DIMS] = {0}, row[LOOP_DIMS] = {0}, in_array[LOOP_DIMS] = {0};
    spread_unravel(s, w->y, w->moved, e, index);
    for (int d = 0; d < w->moved->ndim; d++) {
        along a = dimension_along(w, d);
        if (a.row >= 0)
            row[a.row] = index[d];
        if (a.dim >= 0)
            in_array[a.dim] = index[d];
    }
    *first = spread_ravel(s, w->x, w->whole, in_array) * w->x->parts;
    if (w->known && !memcmp(row, w->row, sizeof row))
        return true;
    memcpy(w->row, row, sizeof row);
    w->known = true, w->place = NO_PLACE;
    return w->slice ? place_slice(w) : place_row(w);
}

static bool open_windows(windows *w, part *p, const node *n, int indices)
{
    *w = (windows){.p = p, .n = n, .first_start = indices, .x = memory_of(p, n)};
    w->whole = &graph_in(&p->g, n, 0)->aval;
    w->slice = n->op->code == OP_dynamic_slice || n->op->code == OP_dynamic_update_slice;
    w->indices = w->slice ? NULL : spread_of(p, n->in[indices]);
    return w->x && (w->slice || w->indices);
}

/* ---- reading ---- */
bool memory_read(part *p, const node *n, spread *out)
{
    windows w;
    lowering *l = &p->s->l;
    const params_gather *gather = n->op->code == OP_gather ? n->params : NULL;
    if (!open_windows(&w, p, n, 1))
        return false;
    w.y = out, w.moved = &graph_out(&p->g, n, 0)->aval;
    char fill[16] = {0};
    if (gather) {
        w.dims = gather->dimension_numbers;
        w.drops = gather->mode == GATHER_FILL_OR_DROP;
        gather_fill(gather, (ct_dtype)w.whole->dtype, fill);
    }
    if (!lanes_agree(&w))
        return false;
    int dtype = spread_dtype(w.whole->dtype);
    for (int64_t e = 0, first; e < out->n; e++) {
        if (!find_element(&w, e, &first))
            return false;
        for (int c = 0; c < out->parts; c++) {
            uint64_t otherwise = 0;
            memcpy(&otherwise, fill + c * loop_itemsize(dtype), (size_t)loop_itemsize(dtype));
            out->at[e * out->parts + c] =
                lower_or_else(l, w.place.inside, load(p->s, w.x, w.whole, first + c, w.place.at),
                              lower_constant(l, dtype, otherwise));
        }
    }
    return l->ok;
}

/* ---- updating ---- */
/* As the operation's own kernel does: rounded after each update. */
static int32_t combined(sequence *s, const node *n, int32_t old, int32_t x)
{
    int dtype = s->l.nodes.at[x].dtype, wide = compute_dtype(dtype);
    int32_t pair[] = {lower_convert(&s->l, old, wide), lower_convert(&s->l, x, wide)};
    int body = body_find(scatter_combiner(n->op->code), wide);
    return lower_convert(&s->l, lower_body(&s->l, body, wide, 2, pair), dtype);
}

static bool combines(const windows *w)
{
    return w->x->parts == 1 &&
           body_find(scatter_combiner(w->n->op->code), compute_dtype(w->whole->dtype)) >= 0;
}

/* Its elements in order. */
static bool write_windows(windows *w, bool combining)
{
    sequence *s = w->p->s;
    for (int64_t e = 0, first; e < w->y->n; e++) {
        if (!find_element(w, e, &first))
            return false;
        lower_place at = w->place;
        if (s->guard >= 0 && at.inside >= 0)
            at.inside = lower_body(&s->l, body_find("and", CT_BOOL), CT_BOOL, 2,
                                   (int32_t[]){s->guard, at.inside});
        else if (s->guard >= 0)
            at.inside = s->guard;
        for (int c = 0; c < w->y->parts && s->l.ok; c++) {
            int32_t x = w->y->at[e * w->y->parts + c];
            if (combining)
                x = combined(s, w->n, load(s, w->x, w->whole, first + c, at.at), x);
            lower_store(&s->l,
                        spread_access(s, w->x->buffer, w->whole, w->x, first + c, w->x->sliced), x,
                        at);
        }
    }
    return s->l.ok;
}

bool memory_update(part *p, const node *n, spread *out)
{
    windows w;
    sequence *s = p->s;
    bool slice = n->op->code == OP_dynamic_update_slice,
         combining = !slice && n->op->code != OP_scatter;
    int32_t update = n->in[slice ? 1 : 2];
    if (!open_windows(&w, p, n, slice ? 2 : 1))
        return false;
    w.y = spread_of(p, update), w.moved = &p->g.values.at[update].aval;
    if (!slice) {
        const params_scatter *scatter = n->params;
        w.dims = scatter_inverse(&scatter->dimension_numbers);
        w.drops = scatter->mode != GATHER_CLIP;
    }
    /* Lanes run side by side, so each must have an array of its own. */
    if (!w.y || s->testing || s->buffers.at[w.x->buffer].role != SEQUENCE_STATE ||
        (s->ndims && w.x->lead < 0) || !lanes_agree(&w) || (combining && !combines(&w)) ||
        !write_windows(&w, combining))
        return false;
    *out = *w.x;
    out->version = s->versions[w.x->buffer] = ++s->latest;
    return true;
}
