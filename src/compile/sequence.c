/* Can the steps of a loop be one kernel, whose carries stay in registers?
 *
 * Yes, when the bodies' values are small but for common leading dimensions, and all operations can
 * be written out on the rest (expand.c). Next: loops.c, llvm/sequence.c; sequence_run.c runs it. */
#include "compile/expand.h"
#include "ops/ops.h"
#include "transform/scan.h"
#include "transform/while.h"

enum {
    MOST_STREAMED_LANES = 4096
}; /* with xs or ys along the lanes, which are then better read in
      rows */

/* Where the operands and results of the operation are in its programs. */
typedef struct layout {
    const jaxpr *body, *test; /* test: NULL when counted */
    int32_t ntest_consts, nconsts, ncarry;
} layout;

static layout layout_of(const op *o, const void *params)
{
    const params_scan *scan = params;
    const params_while *loop = params;
    if (o->code == OP_scan)
        return (layout){scan->jaxpr, NULL, 0, (int32_t)scan->num_consts, (int32_t)scan->num_carry};
    return (layout){loop->body, loop->cond, (int32_t)loop->cond_nconsts,
                    (int32_t)loop->body_nconsts, loop->body->nout};
}

/* Operand `index` in memory, or its elements' nodes where those fit and no step asks for one by a
 * computed place. What fits in neither way makes no trouble where nobody reads it. */
static bool operand_elements(sequence *s, int32_t index, const aval *a, bool sliced, spread *x)
{
    int32_t memory = sequence_buffer_at(s, SEQUENCE_OPERAND, index, NULL);
    bool written_out = !s->indexed[index] && spread_shape(s, a, x);
    if (!written_out && !memory_form(s, memory, a, sliced, x))
        x->at = NULL, x->in_memory = false;
    x->operand = index;
    s->streams |= sliced && x->lead >= 0;
    return written_out ? spread_load(s, memory, a, x, sliced) : s->l.ok && ct_ok();
}

/* k: its number among the carried values. */
static bool open_carry(sequence *s, const layout *at, int32_t k, const aval *a, bool kept,
                       spread *x)
{
    int32_t number = at->ntest_consts + at->nconsts + k;
    bool written_out = !s->indexed[number] && spread_shape(s, a, x);
    if (!written_out)
        return memory_form(s, sequence_buffer_at(s, SEQUENCE_STATE, k, NULL), a, false, x);
    x->operand = number;
    if (!spread_load(s, sequence_buffer_at(s, SEQUENCE_FROM, k, NULL), a, x, false))
        return false;
    for (int32_t i = 0; i < x->n * x->parts && s->l.ok && !kept; i++) {
        x->at[i] = lower_node(&s->l, (loop_node){.kind = LOOP_CARRY,
                                                 .dtype = (uint8_t)spread_dtype(a->dtype),
                                                 .nin = 1,
                                                 .in = {x->at[i]},
                                                 .number = (int32_t)s->next.n,
                                                 .second = x->lead >= 0});
        s->l.ok &= vec_push(&s->next, -1);
    }
    return s->l.ok;
}

/* The carry's next values; what is stored after the last step. */
static bool close_carry(sequence *s, int32_t k, const aval *a, bool kept, const spread *x,
                        const spread *next)
{
    if (x->in_memory)
        return next->in_memory && next->buffer == x->buffer && memory_is_current(s, next);
    if (next->in_memory || x->n != next->n || x->parts != next->parts || x->lead != next->lead)
        return false;
    for (int32_t i = 0; i < x->n * x->parts && !kept; i++)
        s->next.at[s->l.nodes.at[x->at[i]].number] = next->at[i];
    return spread_store(s, sequence_buffer_at(s, SEQUENCE_TO, k, NULL), a, x, false);
}

static bool is_kept(const layout *at, int32_t k)
{
    return at->body->out[k].var && at->body->out[k].var == at->body->in[at->nconsts + k];
}

static bool run_test(sequence *s, const layout *at, const spread *carry, int32_t *test)
{
    spread *in = arena_alloc(s->a, (size_t)(at->test->nin + 1) * sizeof *in), out;
    bool fits = in;
    for (int32_t i = 0; i < at->ntest_consts && fits; i++)
        fits = operand_elements(s, i, &at->test->in[i]->aval, false, &in[i]);
    if (fits && at->ncarry)
        memcpy(in + at->ntest_consts, carry, (size_t)at->ncarry * sizeof *in);
    s->testing = true;
    fits = fits && expand_program(s, at->test, in, &out) && out.at && out.n == 1;
    s->testing = false;
    *test = fits ? out.at[0] : -1;
    /* Lanes that have stopped update nothing. */
    s->guard = fits && out.lead >= 0 ? *test : -1;
    return fits;
}

static bool run_loop(sequence *s, const layout *at)
{
    const jaxpr *j = at->body;
    spread *in = arena_alloc(s->a, (size_t)(j->nin + j->nout + 1) * sizeof *in), *out = in + j->nin;
    bool fits = in;
    for (int32_t i = 0; i < j->nin && fits; i++) {
        int32_t k = i - at->nconsts;
        bool carried = k >= 0 && k < at->ncarry;
        fits = carried ? open_carry(s, at, k, &j->in[i]->aval, is_kept(at, k), &in[i])
                       : operand_elements(s, at->ntest_consts + i, &j->in[i]->aval, k >= 0, &in[i]);
    }
    s->made.k.test = -1;
    s->guard = -1;
    fits = fits && (!at->test || run_test(s, at, in + at->nconsts, &s->made.k.test));
    fits = fits && expand_program(s, j, in, out);
    for (int32_t k = 0; k < j->nout && fits; k++)
        if (k < at->ncarry)
            fits = close_carry(s, k, atom_aval(&j->out[k]), is_kept(at, k), &in[at->nconsts + k],
                               &out[k]);
        else {
            s->streams |= out[k].lead >= 0;
            fits = out[k].at && spread_store(s, sequence_buffer_at(s, SEQUENCE_RESULT, k, NULL),
                                             atom_aval(&j->out[k]), &out[k], true);
        }
    return fits;
}

/* ---- what the next step would compute again ---- */
enum { WORTH_CARRYING = 8 }; /* instructions */

/* What node n, a body of carries and constants, is in the next step, if this one computes it; -1.
 */
static int32_t same_next(const sequence *s, int32_t n)
{
    const loop_node *nodes = s->l.nodes.at, *x = &nodes[n];
    bool carries = false;
    if (x->kind != LOOP_BODY || body_names[x->number].cost < WORTH_CARRYING)
        return -1;
    for (int i = 0; i < x->nin; i++) {
        carries |= nodes[x->in[i]].kind == LOOP_CARRY;
        if (nodes[x->in[i]].kind != LOOP_CARRY && nodes[x->in[i]].kind != LOOP_CONST)
            return -1;
    }
    for (int32_t m = n + 1; carries && m < s->l.nodes.n; m++) {
        bool same = nodes[m].kind == LOOP_BODY && nodes[m].number == x->number &&
                    nodes[m].second == x->second && nodes[m].dtype == x->dtype;
        for (int i = 0; i < x->nin && same; i++) {
            const loop_node *in = &nodes[x->in[i]];
            same = nodes[m].in[i] == (in->kind == LOOP_CARRY ? s->next.at[in->number] : x->in[i]);
        }
        if (same)
            return m;
    }
    return -1;
}

/* A node by its new place; for one that is carried over, that of the first step before it. */
static bool place_node(sequence *s, const loop_node *old, int32_t again, int32_t *map, int32_t n)
{
    loop_node x = old[n];
    bool lanes = false;
    for (int i = 0; i < x.nin; i++) {
        const loop_node *in = &old[x.in[i]];
        lanes |= in->kind == LOOP_CARRY && in->second;
        x.in[i] = map[x.in[i]];
    }
    if (again >= 0) {
        for (int i = 0; i < x.nin; i++)
            if (old[old[n].in[i]].kind == LOOP_CARRY)
                x.in[i] = s->l.nodes.at[x.in[i]].in[0];
        s->l.ok &= vec_push(&s->l.nodes, x);
        x = (loop_node){.kind = LOOP_CARRY,
                        .dtype = x.dtype,
                        .nin = 1,
                        .in = {(int32_t)s->l.nodes.n - 1},
                        .number = (int32_t)s->next.n,
                        .second = lanes};
        s->l.ok &= vec_push(&s->next, again);
    }
    map[n] = (int32_t)s->l.nodes.n;
    return s->l.ok &= vec_push(&s->l.nodes, x);
}

/* Expensive values of the carry that the end of a step has for the next one (|z| at both ends of a
 * step, say) are carried too. */
static bool carry_over(sequence *s)
{
    int32_t count = (int32_t)s->l.nodes.n,
            *map = arena_alloc(s->a, 2 * (size_t)count * sizeof *map), *again = map + count;
    const loop_node *old = arena_copy(s->a, s->l.nodes.at, (size_t)count * sizeof *s->l.nodes.at);
    if (!map || !old)
        return false;
    for (int32_t n = 0; n < count; n++)
        again[n] = same_next(s, n);
    s->l.nodes.n = 0;
    for (int32_t n = 0; n < count; n++)
        if (!place_node(s, old, again[n], map, n))
            return false;
    for (int64_t i = 0; i < s->next.n; i++)
        s->next.at[i] = map[s->next.at[i]];
    for (int64_t i = 0; i < s->l.stores.n; i++)
        s->l.stores.at[i].node = map[s->l.stores.at[i].node];
    if (s->made.k.test >= 0)
        s->made.k.test = map[s->made.k.test];
    return true;
}

static bool finish(sequence *s, sequence_kernel *out)
{
    kernel_ir *k = &out->k;
    lowering *l = &s->l;
    *k = (kernel_ir){.ndim = 2,
                     .extent = {1, shape_size(s->ndims, s->lanes)},
                     .sequence = true,
                     .test = s->made.k.test,
                     .nnodes = (int32_t)l->nodes.n,
                     .naccesses = (int32_t)l->accesses.n,
                     .nstores = (int32_t)l->stores.n,
                     .ncarries = (int32_t)s->next.n};
    k->range = sequence_buffer_at(s, SEQUENCE_STEPS, 0, NULL);
    k->nbuffers = (int32_t)s->buffers.n;
    k->nodes = arena_copy(s->a, l->nodes.at, (size_t)l->nodes.n * sizeof *k->nodes);
    k->accesses = arena_copy(s->a, l->accesses.at, (size_t)l->accesses.n * sizeof *k->accesses);
    k->stores = arena_copy(s->a, l->stores.at, (size_t)l->stores.n * sizeof *k->stores);
    k->next = arena_copy(s->a, s->next.at, (size_t)s->next.n * sizeof *k->next);
    out->buffers = arena_copy(s->a, s->buffers.at, (size_t)s->buffers.n * sizeof *out->buffers);
    return l->ok && k->nodes && k->accesses && k->stores && k->next && out->buffers;
}

/* Long vectors without lanes, with much to compute: better done as vectors, a step at a time. */
static bool better_in_steps(const sequence *s, const kernel_ir *k)
{
    enum { WIDE = 16, MUCH = 300 };
    return k->extent[1] == 1 && s->elements >= WIDE * s->maps &&
           kernel_shape_of(k, host_vector_bytes()).work > MUCH;
}

static bool try_once(sequence *s, const layout *at, sequence_kernel *out)
{
    return run_loop(s, at) && s->l.nodes.n && s->buffers.n < LOOP_BUFFERS &&
           !(s->streams && shape_size(s->ndims, s->lanes) > MOST_STREAMED_LANES) &&
           vec_reserve(&s->next, 1) && carry_over(s) && finish(s, out) &&
           !better_in_steps(s, &out->k);
}

/* With the first ndims dimensions of this shape as lanes; once more for arrays that turn out to be
 * read or updated at computed places. */
static bool try_lanes(arena *a, const op *o, const void *params, const layout *at, int ndims,
                      const int64_t *shape, sequence_kernel *out)
{
    int operands = at->ntest_consts + at->body->nin;
    bool *indexed = arena_alloc(a, (size_t)operands + 1), fits = false, again = indexed;
    if (indexed)
        memset(indexed, 0, (size_t)operands + 1);
    while (again && ct_ok()) {
        sequence s = {
            .a = a, .ndims = ndims, .lanes = shape, .op = o, .params = params, .indexed = indexed};
        s.l = (lowering){.out = &s.made, .ok = true};
        fits = try_once(&s, at, out);
        again = !fits && s.again;
        vec_free(&s.l.nodes), vec_free(&s.l.accesses), vec_free(&s.l.stores);
        vec_free(&s.buffers), vec_free(&s.next);
    }
    return fits;
}

/* The largest value that a step takes or makes. */
static const aval *largest(const layout *at)
{
    const aval *most = &at->body->in[at->nconsts]->aval;
    for (int i = at->nconsts; i < at->body->nin + at->body->nout; i++) {
        const aval *a = i < at->body->nin ? &at->body->in[i]->aval
                                          : atom_aval(&at->body->out[i - at->body->nin]);
        if (shape_size(a->ndim, a->shape) > shape_size(most->ndim, most->shape))
            most = a;
    }
    return most;
}

bool sequence_lower(arena *a, const op *o, const void *params, sequence_kernel *out, bool *made)
{
    *made = false;
    if (o->code != OP_scan && o->code != OP_while)
        return true;
    layout at = layout_of(o, params);
    if (!at.ncarry)
        return true;
    const aval *most = largest(&at);
    int counts[] = {most->ndim, 1, 0};
    for (int i = 0; i < 3 && !*made && ct_ok(); i++)
        if (counts[i] <= most->ndim && (i != 1 || most->ndim > 1) && (i != 2 || most->ndim))
            *made = try_lanes(a, o, params, &at, counts[i], most->shape, out);
    return ct_ok();
}
