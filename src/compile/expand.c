/* The values of a loop's programs, element by element.
 *
 * Dimensions that are the kernel's lanes stay; the rest of every value is written out, so that
 * slices, stacks, pads and the like are no work at all: an element of the result is a node that
 * some operand has. A complex element is two nodes. Both branches of a small condition are
 * computed, and one is chosen. */
#include "compile/expand.h"

#include "compile/program.h"
#include "ops/ops.h"
#include "transform/scan.h"

enum {
    MOST_ELEMENTS = 64,   /* of a value, beside its lanes */
    NODES_AN_ELEMENT = 14 /* that one operation may need */
};

/* ---- shapes ---- */
int spread_lead(const sequence *s, const aval *a)
{
    for (int d = 0; s->ndims && d + s->ndims <= a->ndim; d++)
        if (!memcmp(a->shape + d, s->lanes, (size_t)s->ndims * sizeof *a->shape))
            return d;
    return -1;
}

void spread_unravel(const sequence *s, const spread *x, const aval *a, int64_t e, int64_t *index)
{
    for (int d = a->ndim; d-- > 0;)
        if (!is_lane(s, x, d))
            index[d] = e % a->shape[d], e /= a->shape[d];
}

int64_t spread_ravel(const sequence *s, const spread *x, const aval *a, const int64_t *index)
{
    int64_t e = 0;
    for (int d = 0; d < a->ndim; d++)
        if (!is_lane(s, x, d))
            e = e * a->shape[d] + index[d];
    return e;
}

static bool is_complex(int dtype) { return dtype == CT_COMPLEX64 || dtype == CT_COMPLEX128; }

int spread_dtype(int dtype)
{
    return dtype == CT_COMPLEX64 ? CT_FLOAT32 : dtype == CT_COMPLEX128 ? CT_FLOAT64 : dtype;
}

/* Its form, without nodes; false when it does not fit. */
bool spread_shape(sequence *s, const aval *a, spread *out)
{
    *out = (spread){
        .parts = is_complex(a->dtype) ? 2 : 1, .lead = (int8_t)spread_lead(s, a), .operand = -1};
    int64_t n = 1;
    for (int d = 0; d < a->ndim && n <= MOST_ELEMENTS; d++)
        n *= is_lane(s, out, d) ? 1 : a->shape[d];
    if (!loop_dtype(spread_dtype(a->dtype)) || n < 1 || n > MOST_ELEMENTS || a->ndim > LOOP_DIMS)
        return false;
    out->n = (int32_t)n;
    if (s->l.nodes.n + n * out->parts * NODES_AN_ELEMENT > LOOP_NODES)
        return false;
    out->at = arena_alloc(s->a, (size_t)(n * out->parts) * sizeof *out->at);
    return out->at;
}

/* ---- memory ---- */
int32_t sequence_buffer_at(sequence *s, sequence_role role, int32_t index, ct_array array)
{
    for (int64_t i = 0; i < s->buffers.n; i++) {
        const sequence_buffer *b = &s->buffers.at[i];
        if (b->role == role && b->index == index && b->array == array)
            return (int32_t)i;
    }
    s->l.ok &= vec_push(&s->buffers, (sequence_buffer){(uint8_t)role, index, array});
    return (int32_t)s->buffers.n - 1;
}

loop_access spread_access(const sequence *s, int32_t memory, const aval *a, const spread *x,
                          int64_t i, bool sliced)
{
    int behind = x->lead < 0 ? 0 : x->lead + s->ndims;
    int64_t inner = shape_size(a->ndim - behind, a->shape + behind) * x->parts,
            lanes = x->lead < 0 ? 1 : shape_size(s->ndims, s->lanes);
    loop_access to = {.buffer = memory, .offset = i / inner * inner * lanes + i % inner};
    if (x->lead >= 0)
        to.stride[1] = inner;
    if (sliced)
        to.stride[0] = shape_size(a->ndim, a->shape) * x->parts;
    if (sliced && ((const params_scan *)s->params)->reverse) {
        to.offset += (((const params_scan *)s->params)->length - 1) * to.stride[0];
        to.stride[0] = -to.stride[0];
    }
    return to;
}

bool spread_load(sequence *s, int32_t memory, const aval *a, spread *x, bool sliced)
{
    for (int32_t i = 0; i < x->n * x->parts && s->l.ok; i++)
        x->at[i] = lower_load(&s->l, spread_access(s, memory, a, x, i, sliced),
                              spread_dtype(a->dtype), -1);
    return s->l.ok;
}

bool spread_store(sequence *s, int32_t memory, const aval *a, const spread *x, bool sliced)
{
    for (int32_t i = 0; i < x->n * x->parts && s->l.ok; i++)
        s->l.ok =
            vec_push(&s->l.stores, (loop_store){.node = x->at[i],
                                                .access = spread_access(s, memory, a, x, i, sliced),
                                                .last = !sliced});
    return s->l.ok;
}

static bool constant(part *p, const value *v, spread *x)
{
    sequence *s = p->s;
    int dtype = spread_dtype(v->aval.dtype);
    if (x->lead >= 0)
        return spread_load(s, sequence_buffer_at(s, SEQUENCE_ARRAY, -1, v->array), &v->aval, x,
                           false);
    int size = loop_itemsize(dtype);
    for (int32_t i = 0; i < x->n * x->parts; i++) {
        uint64_t bits = 0;
        memcpy(&bits, (const char *)v->array->data + (size_t)i * (size_t)size, (size_t)size);
        x->at[i] = lower_constant(&s->l, dtype, bits);
    }
    return s->l.ok;
}

const spread *spread_anywhere(part *p, int32_t v)
{
    spread *x = &p->values[v];
    const value *known = &p->g.values.at[v];
    if (x->at || x->in_memory)
        return x;
    if (known->origin == FROM_INPUT)
        *x = p->in[known->index];
    else if (known->origin == FROM_CONST &&
             (!spread_shape(p->s, &known->aval, x) || !constant(p, known, x)))
        x->at = NULL;
    return x->at || x->in_memory ? x : NULL;
}

/* A small array in memory as it is now. */
static const spread *loaded(part *p, const spread *x, const aval *a)
{
    spread *now = arena_alloc(p->s->a, sizeof *now);
    if (!now || !memory_is_current(p->s, x) || !spread_shape(p->s, a, now))
        return NULL;
    for (int32_t i = 0; i < now->n * now->parts; i++)
        now->at[i] = memory_element(p->s, x, a, i);
    return p->s->l.ok ? now : NULL;
}

const spread *spread_of(part *p, int32_t v)
{
    const spread *x = spread_anywhere(p, v);
    return x && x->in_memory ? loaded(p, x, &p->g.values.at[v].aval) : x;
}

/* ---- operations ---- */
/* Is it a number, or of the result's shape but for dimensions of one? Its lanes are those of the
 * result, or it has none and lies across them. */
static bool stretches(const sequence *s, const spread *x, const aval *from, const spread *out,
                      const aval *to)
{
    bool fits = (!from->ndim || from->ndim == to->ndim) && (x->lead < 0 || x->lead == out->lead);
    for (int d = 0; d < from->ndim && fits; d++)
        fits = from->shape[d] == 1 ||
               (from->shape[d] == to->shape[d] && (x->lead >= 0 || !is_lane(s, out, d)));
    return fits;
}

/* Where such an operand is read for element e of the result. */
static int64_t stretched(const sequence *s, const spread *x, const aval *from, const spread *out,
                         const aval *to, int64_t e)
{
    int64_t index[LOOP_DIMS] = {0};
    if (!from->ndim || x->n == out->n)
        return from->ndim ? e : 0;
    spread_unravel(s, out, to, e, index);
    for (int d = 0; d < from->ndim; d++)
        if (from->shape[d] == 1)
            index[d] = 0;
    return spread_ravel(s, x, from, index);
}

/* Of an elementwise operation. */
static bool read_operands(part *p, const node *n, const spread *out, const spread **x)
{
    bool fit = n->nin > 0 && n->nin <= LOOP_INPUTS;
    for (int i = 0; i < n->nin && fit; i++) {
        x[i] = spread_of(p, n->in[i]);
        fit = x[i] && stretches(p->s, x[i], &graph_in(&p->g, n, i)->aval, out,
                                &graph_out(&p->g, n, 0)->aval);
    }
    return fit;
}

static bool maps(part *p, const node *n, spread *out)
{
    const spread *x[LOOP_INPUTS];
    int32_t in[LOOP_INPUTS];
    if (!read_operands(p, n, out, x))
        return false;
    p->s->l.g = &p->g;
    p->s->maps++, p->s->elements += out->n;
    for (int32_t e = 0; e < out->n; e++) {
        for (int i = 0; i < n->nin; i++)
            in[i] = x[i]->at[stretched(p->s, x[i], &graph_in(&p->g, n, i)->aval, out,
                                       &graph_out(&p->g, n, 0)->aval, e)];
        out->at[e] = lower_map(&p->s->l, n, in);
    }
    return p->s->l.ok;
}

/* Complex numbers and their parts; what is computed with them is computed with the parts
 * (pairs.c). */
static bool parts(part *p, const node *n, spread *out)
{
    const spread *x[LOOP_INPUTS];
    bool joins_both = n->op->code == OP_complex;
    if ((!joins_both && n->op->code != OP_real && n->op->code != OP_imag) ||
        !read_operands(p, n, out, x))
        return false;
    for (int32_t e = 0; e < out->n; e++)
        if (joins_both)
            for (int c = 0; c < 2; c++)
                out->at[2 * e + c] = x[c]->at[stretched(p->s, x[c], &graph_in(&p->g, n, c)->aval,
                                                        out, &graph_out(&p->g, n, 0)->aval, e)];
        else
            out->at[e] = x[0]->at[2 * e + (n->op->code == OP_imag)];
    return true;
}

/* ---- moves ---- */
static void copy_element(const spread *from, int64_t i, spread *to, int64_t k)
{
    memcpy(to->at + k * to->parts, from->at + i * from->parts, to->parts * sizeof *to->at);
}

static bool moves(part *p, const node *n, spread *out)
{
    sequence *s = p->s;
    const spread *x = spread_anywhere(p, n->in[0]);
    const aval *from = &graph_in(&p->g, n, 0)->aval, *to = &graph_out(&p->g, n, 0)->aval;
    if (!x || (x->lead >= 0 && out->lead < 0) || (x->in_memory && !memory_is_current(s, x)))
        return false;
    view v;
    view_identity(&p->g, n->out[0], &v);
    view_through(&p->g, n, &v);
    for (int d = 0; d < from->ndim; d++) {
        if (from->shape[d] == 1)
            continue;
        bool along = v.dim[d] >= 0 && is_lane(s, out, v.dim[d]);
        if (along != is_lane(s, x, d))
            return false;
        if (along && (v.dim[d] - out->lead != d - x->lead || v.scale[d] != 1 || v.offset[d]))
            return false;
    }
    for (int64_t e = 0; e < out->n; e++) {
        int64_t index[LOOP_DIMS] = {0}, source[LOOP_DIMS] = {0};
        spread_unravel(s, out, to, e, index);
        for (int d = 0; d < from->ndim; d++) {
            if (from->shape[d] > 1)
                source[d] = v.offset[d] + (v.dim[d] < 0 ? 0 : v.scale[d] * index[v.dim[d]]);
        }
        int64_t i = spread_ravel(s, x, from, source);
        for (int c = 0; x->in_memory && c < x->parts; c++)
            out->at[e * x->parts + c] = memory_element(s, x, from, i * x->parts + c);
        if (!x->in_memory)
            copy_element(x, i, out, e);
    }
    return s->l.ok;
}

/* A reshape that leaves the lanes between the same numbers of elements. */
static bool reshapes(part *p, const node *n, spread *out)
{
    const spread *x = spread_of(p, n->in[0]);
    if (!x || (x->lead < 0) != (out->lead < 0) || x->n != out->n)
        return false;
    if (x->lead >= 0 && shape_size(x->lead, graph_in(&p->g, n, 0)->aval.shape) !=
                            shape_size(out->lead, graph_out(&p->g, n, 0)->aval.shape))
        return false;
    memcpy(out->at, x->at, (size_t)(x->n * x->parts) * sizeof *x->at);
    return true;
}

static bool counts(part *p, const node *n, spread *out)
{
    lowering *l = &p->s->l;
    const aval *to = &graph_out(&p->g, n, 0)->aval;
    int64_t d = ((const params_iota *)n->params)->dimension, index[LOOP_DIMS];
    int dtype = to->dtype == CT_INT64 ? CT_INT64 : CT_INT32;
    bool lane = is_lane(p->s, out, d);
    if ((lane && p->s->ndims > 1) || is_complex(to->dtype))
        return false;
    for (int64_t e = 0; e < out->n; e++) {
        spread_unravel(p->s, out, to, e, index);
        int32_t i = lower_index(l, lane ? 1 : -1, 1, lane ? 0 : index[d], dtype);
        out->at[e] = lower_convert(l, i, to->dtype);
    }
    return l->ok;
}

/* Concatenations, and stacks along a new axis. */
static bool joins(part *p, const node *n, int64_t axis, bool new_axis, spread *out)
{
    const sequence *s = p->s;
    const aval *to = &graph_out(&p->g, n, 0)->aval;
    if (is_lane(s, out, axis))
        return false;
    int64_t at = 0;
    for (int i = 0; i < n->nin; i++) {
        const spread *x = spread_of(p, n->in[i]);
        const aval *from = &graph_in(&p->g, n, i)->aval;
        if (!x || out->lead != x->lead + (new_axis && x->lead >= axis))
            return false;
        for (int64_t e = 0; e < x->n; e++) {
            int64_t index[LOOP_DIMS + 1] = {0};
            spread_unravel(s, x, from, e, index);
            if (new_axis) {
                memmove(index + axis + 1, index + axis,
                        (size_t)(from->ndim - axis) * sizeof *index);
                index[axis] = 0;
            }
            index[axis] += at;
            copy_element(x, e, out, spread_ravel(s, out, to, index));
        }
        at += new_axis ? 1 : from->shape[axis];
    }
    return true;
}

static bool unstacks(part *p, const node *n)
{
    const sequence *s = p->s;
    const spread *x = spread_of(p, n->in[0]);
    const aval *from = &graph_in(&p->g, n, 0)->aval;
    int64_t axis = ((const params_stack *)n->params)->axis;
    if (!x || is_lane(s, x, axis))
        return false;
    for (int k = 0; k < n->nout; k++) {
        spread *out = &p->values[n->out[k]];
        const aval *to = &graph_out(&p->g, n, k)->aval;
        if (!spread_shape(p->s, to, out) || x->lead != out->lead + (out->lead >= axis))
            return false;
        for (int64_t e = 0; e < out->n; e++) {
            int64_t index[LOOP_DIMS + 1] = {0};
            spread_unravel(s, out, to, e, index);
            memmove(index + axis + 1, index + axis, (size_t)(to->ndim - axis) * sizeof *index);
            index[axis] = k;
            copy_element(x, spread_ravel(s, x, from, index), out, e);
        }
    }
    return true;
}

static bool pads(part *p, const node *n, spread *out)
{
    const sequence *s = p->s;
    const spread *x = spread_of(p, n->in[0]), *fill = spread_of(p, n->in[1]);
    const aval *from = &graph_in(&p->g, n, 0)->aval, *to = &graph_out(&p->g, n, 0)->aval;
    const int64_t *config = ((const params_pad *)n->params)->padding_config.at;
    if (!x || !fill || x->lead != out->lead)
        return false;
    for (int d = 0; d < to->ndim; d++)
        if (is_lane(s, x, d) && (config[3 * d] || config[3 * d + 1] || config[3 * d + 2]))
            return false;
    for (int64_t e = 0; e < out->n; e++) {
        int64_t index[LOOP_DIMS] = {0}, source[LOOP_DIMS] = {0};
        bool inside = true;
        spread_unravel(s, out, to, e, index);
        for (int d = 0; d < to->ndim; d++) {
            int64_t i = index[d] - config[3 * d], gap = config[3 * d + 2] + 1;
            source[d] = i / gap;
            inside &= is_lane(s, x, d) || (i >= 0 && i % gap == 0 && source[d] < from->shape[d]);
        }
        if (inside)
            copy_element(x, spread_ravel(s, x, from, source), out, e);
        else
            copy_element(fill, 0, out, e);
    }
    return true;
}

/* Element after element, in order. */
static bool reduces(part *p, const node *n, spread *out)
{
    const sequence *s = p->s;
    lowering *l = &p->s->l;
    const spread *x = spread_of(p, n->in[0]);
    const aval *from = &graph_in(&p->g, n, 0)->aval, *to = &graph_out(&p->g, n, 0)->aval;
    ct_ints axes = ((const params_reduce *)n->params)->axes;
    int dtype = compute_dtype(from->dtype), before = 0;
    uint32_t reduced = 0;
    for (int64_t i = 0; i < axes.n; i++)
        reduced |= 1u << axes.at[i];
    for (int d = 0; x && d < from->ndim; d++) {
        if ((reduced >> d & 1) && is_lane(s, x, d))
            return false;
        before += (reduced >> d & 1) && d < x->lead;
    }
    int body = x && x->parts == 1 ? body_find(body_combining(n->op->code), dtype) : -1;
    if (body < 0 || (x->lead < 0 ? out->lead >= 0 : x->lead - before != out->lead))
        return false;
    for (int32_t e = 0; e < out->n; e++)
        out->at[e] = lower_constant(l, dtype, lower_identity(n->op->code, dtype));
    for (int32_t e = 0; e < x->n; e++) {
        int64_t index[LOOP_DIMS] = {0}, kept[LOOP_DIMS] = {0};
        spread_unravel(s, x, from, e, index);
        for (int d = 0, k = 0; d < from->ndim; d++)
            if (!(reduced >> d & 1))
                kept[k++] = index[d];
        int32_t *sum = &out->at[spread_ravel(s, out, to, kept)];
        *sum = lower_body(l, body, dtype, 2, (int32_t[]){*sum, lower_convert(l, x->at[e], dtype)});
    }
    for (int32_t e = 0; e < out->n; e++)
        out->at[e] = lower_convert(l, out->at[e], from->dtype);
    return l->ok;
}

/* ---- programs ---- */
static int32_t both(lowering *l, int32_t x, int32_t y)
{
    return x < 0 ? y : lower_body(l, body_find("and", CT_BOOL), CT_BOOL, 2, (int32_t[]){x, y});
}

/* Is branch b of n, or one after it, taken? The index is inside or clamped. */
static int32_t from_branch_on(lowering *l, int32_t index, int64_t b)
{
    int dtype = l->nodes.at[index].dtype;
    return dtype == CT_BOOL ? index
                            : lower_body(l, body_find("ge", dtype), CT_BOOL, 2,
                                         (int32_t[]){index, lower_constant(l, dtype, (uint64_t)b)});
}

static int32_t negated(lowering *l, int32_t x)
{
    return lower_body(l, body_find("not", CT_BOOL), CT_BOOL, 1, &x);
}

/* What branch b gives, where it or a later one is taken. An array in memory is the same one in all
 * branches; what each leaves there is all it did. */
static bool merge_branch(sequence *s, int32_t index, int64_t b, const spread *from, spread *to)
{
    lowering *l = &s->l;
    if (from->in_memory && (!memory_is_current(s, from) || (b && to->buffer != from->buffer)))
        return false;
    if (!b) {
        *to = *from;
        to->operand = -1;
        if (from->at)
            to->at = arena_copy(s->a, from->at, (size_t)(to->n * to->parts) * sizeof *to->at);
        return to->at || to->in_memory;
    }
    if (from->in_memory != to->in_memory || from->lead != to->lead)
        return false;
    for (int32_t i = 0; from->at && i < to->n * to->parts; i++)
        if (to->at[i] != from->at[i])
            to->at[i] = lower_node(
                l, (loop_node){.kind = LOOP_SELECT,
                               .dtype = l->nodes.at[to->at[i]].dtype,
                               .nin = 3,
                               .in = {from_branch_on(l, index, b), to->at[i], from->at[i]}});
    return l->ok;
}

/* All branches, and one of them by the index. */
static bool branches(part *p, const node *n)
{
    sequence *s = p->s;
    lowering *l = &s->l;
    const spread *index = spread_of(p, n->in[0]);
    int dtype = graph_in(&p->g, n, 0)->aval.dtype;
    spread *in = arena_alloc(s->a, (size_t)(n->nin + 1) * sizeof *in),
           *out = arena_alloc(s->a, (size_t)(n->nout + 1) * sizeof *out);
    if (!index || !in || !out || (dtype != CT_BOOL && dtype != CT_INT32))
        return false;
    bool memory = false;
    for (int i = 1; i < n->nin; i++) {
        const spread *x = spread_anywhere(p, n->in[i]);
        if (!x)
            return false;
        in[i - 1] = *x;
        memory |= x->in_memory;
    }
    int32_t guard = s->guard, taken = index->at[0],
            *before = arena_copy(s->a, s->versions, sizeof s->versions),
            *after = arena_copy(s->a, s->versions, sizeof s->versions);
    const jaxpr *j;
    for (int64_t b = 0; before && after && (j = control_program(n->op, n->params, b)); b++) {
        bool last = !control_program(n->op, n->params, b + 1);
        if (memory) {
            memcpy(s->versions, before, sizeof s->versions);
            s->guard = b ? both(l, guard, from_branch_on(l, taken, b)) : guard;
            if (!last)
                s->guard = both(l, s->guard, negated(l, from_branch_on(l, taken, b + 1)));
        }
        if (!expand_program(s, j, in, out))
            return false;
        for (int k = 0; k < n->nout; k++)
            if (!merge_branch(s, taken, b, &out[k], &p->values[n->out[k]]))
                return false;
        for (int32_t i = 0; memory && i < LOOP_BUFFERS; i++)
            if (s->versions[i] != before[i])
                after[i] = ++s->latest;
    }
    s->guard = guard;
    memcpy(s->versions, after, sizeof s->versions);
    for (int k = 0; k < n->nout; k++)
        if (p->values[n->out[k]].in_memory)
            p->values[n->out[k]].version = s->versions[p->values[n->out[k]].buffer];
    return before && after && l->ok;
}

static bool one_result(part *p, node *n, spread *out)
{
    switch (n->op->code) {
    case OP_broadcast_in_dim:
    case OP_squeeze:
    case OP_slice:
    case OP_rev:
    case OP_transpose:
        return moves(p, n, out);
    case OP_reshape:
        return reshapes(p, n, out);
    case OP_iota:
        return counts(p, n, out);
    case OP_concatenate:
        return joins(p, n, ((const params_concatenate *)n->params)->dimension, false, out);
    case OP_stack:
        return joins(p, n, ((const params_stack *)n->params)->axis, true, out);
    case OP_pad:
        return pads(p, n, out);
    case OP_dot_general:
        return expand_dot(p, n, out);
    case OP_gather:
    case OP_dynamic_slice:
        return memory_read(p, n, out);
    }
    if (body_combining(n->op->code))
        return reduces(p, n, out);
    n->role = (uint8_t)graph_role(&p->g, n);
    return n->role == ROLE_MAP ? maps(p, n, out) : parts(p, n, out);
}

static bool expand(part *p, node *n)
{
    if (n->op->code >= OP_COUNT || (n->op->flags & (OP_EFFECT | OP_HOST | OP_COLLECTIVE)))
        return false;
    if (n->op->code == OP_cond)
        return branches(p, n);
    if (n->op->code == OP_unstack)
        return unstacks(p, n);
    if (n->nout != 1)
        return false;
    spread *out = &p->values[n->out[0]];
    switch (n->op->code) {
    case OP_dynamic_update_slice:
    case OP_scatter:
    case OP_scatter_add:
    case OP_scatter_sub:
    case OP_scatter_mul:
    case OP_scatter_min:
    case OP_scatter_max:
        return memory_update(p, n, out);
    }
    return spread_shape(p->s, &graph_out(&p->g, n, 0)->aval, out) && one_result(p, n, out);
}

static bool reach(part *p, int64_t i);

/* Who else wants an array as it is before node i, which may update it, comes first. */
static bool reach_readers(part *p, int64_t i)
{
    const node *n = &p->g.nodes.at[i];
    for (int k = 0; k < n->nin; k++) {
        const spread *x = spread_anywhere(p, n->in[k]);
        bool updates = false;
        for (int r = 0; x && x->in_memory && r < n->nout; r++)
            updates |=
                aval_equal(&graph_out(&p->g, n, r)->aval, &graph_in(&p->g, n, k)->aval, false);
        for (int64_t m = 0; updates && m < p->g.nodes.n; m++) {
            const node *other = &p->g.nodes.at[m];
            bool reads = false;
            for (int o = 0; o < other->nin; o++)
                reads |= other->in[o] == n->in[k];
            if (m != i && reads && other->live && !reach(p, m))
                return false;
        }
    }
    return true;
}

/* Expands node i, after what it needs; false too when that is itself. */
static bool reach(part *p, int64_t i)
{
    enum { NOT_YET, UNDER_WAY, DONE, DEEPEST = 200 };
    node *n = &p->g.nodes.at[i];
    if (p->reached[i] || p->depth == DEEPEST)
        return p->reached[i] == DONE;
    p->reached[i] = UNDER_WAY;
    p->depth++;
    for (int k = 0; k < n->nin; k++) {
        const value *x = graph_in(&p->g, n, k);
        if (x->origin == FROM_NODE && !reach(p, x->index))
            return false;
    }
    if (!reach_readers(p, i) || !expand(p, n))
        return false;
    p->depth--;
    p->reached[i] = DONE;
    return true;
}

/* The program's nodes among the kernel's; out: its results. False when it does not fit, or fails.
 */
bool expand_program(sequence *s, const jaxpr *j, const spread *in, spread *out)
{
    part p = {.s = s, .in = in};
    bool fits = graph_build(&p.g, j, s->a);
    if (fits) {
        p.values = arena_alloc(s->a, (size_t)(p.g.values.n + 1) * sizeof *p.values);
        p.reached = arena_alloc(s->a, (size_t)p.g.nodes.n + 1);
        fits = p.values && p.reached;
    }
    if (fits) {
        memset(p.values, 0, (size_t)p.g.values.n * sizeof *p.values);
        memset(p.reached, 0, (size_t)p.g.nodes.n);
    }
    for (int64_t i = 0; fits && i < p.g.nodes.n; i++)
        fits = !p.g.nodes.at[i].live || reach(&p, i);
    for (int i = 0; fits && i < j->nout; i++) {
        const spread *x = spread_anywhere(&p, p.g.outputs[i]);
        fits = x != NULL;
        if (fits)
            out[i] = *x;
    }
    graph_free(&p.g);
    return fits;
}
