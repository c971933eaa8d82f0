/* What may be written over what?
 *
 * A result over an input whose last reader runs before the result's first writer; or whose last
 * reader is that writer, when it is a kernel that reads and writes each element at one point of its
 * space, or an operation that updates its operand in place. Loops use it for their carry
 * (control.c); donated arguments at run time (program.c), since donation is the caller's choice and
 * other arrays may share the memory. Temporaries that are updated share one slot from the start.
 */
#include "compile/program.h"

#include <stdlib.h>

typedef struct span {
    int32_t first, last; /* steps that name the slot */
    int32_t updated;     /* the slot that the first of them updates to make this one; -1: none */
} span;

static bool same_access(const loop_access *a, const loop_access *b, int32_t ndim)
{
    return a->offset == b->offset &&
           !memcmp(a->stride, b->stride, (size_t)ndim * sizeof *a->stride);
}

static bool elementwise(const step *s, const kernel_ir *k, int32_t in, int32_t out)
{
    if (!k || k->reduced)
        return false;
    const loop_access *store = NULL;
    for (int i = 0; i < k->nstores; i++)
        if (s->slots[k->stores[i].access.buffer] == out) {
            if (store)
                return false;
            store = &k->stores[i].access;
        }
    bool same = store;
    for (int i = 0; i < k->nnodes && same; i++) {
        const loop_node *n = &k->nodes[i];
        if (n->kind == LOOP_LOAD && s->slots[k->accesses[n->number].buffer] == in)
            same = !n->nin && same_access(&k->accesses[n->number], store, k->ndim);
    }
    return same;
}

/* The operand that a step updates to make result k; -1: none. `counts` says how often the step
 * reads each slot. */
static int32_t updated_operand(const step *s, int32_t k, const int32_t *counts)
{
    int32_t i = s->kind == STEP_CONTROL    ? control_in_place(s, k)
                : s->kind == STEP_SEQUENCE ? sequence_in_place(s, k)
                : s->kind == STEP_OPAQUE && (s->op->flags & OP_IN_PLACE) && !k ? 0
                                                                               : -1;
    return i >= 0 && counts[s->slots[i]] == 1 ? i : -1;
}

static void count_reads(const step *s, int32_t by, int32_t *counts)
{
    for (int32_t i = 0; i < s->nin; i++)
        counts[s->slots[i]] += by;
}

/* Steps that keep hold of arrays say nothing about when they read. */
static bool reads_in_turn(const step *s) { return s->kind != STEP_CALL; }

static span *find_spans(const program *p)
{
    span *spans = base_alloc((size_t)(p->nslots + 1) * sizeof *spans);
    int32_t *counts = base_zalloc((size_t)(p->nslots + 1) * sizeof *counts);
    if (!counts) {
        base_free(spans);
        return NULL;
    }
    for (int i = 0; i < p->nslots && spans; i++)
        spans[i] = (span){INT32_MAX, -1, -1};
    for (int i = 0; i < p->nsteps && spans; i++) {
        const step *s = &p->steps[i];
        for (int k = 0; k < s->n; k++) {
            span *at = &spans[s->slots[k]];
            if (at->first > i)
                at->first = i;
            at->last = reads_in_turn(s) && at->last < i ? i : at->last;
            if (!reads_in_turn(s))
                at->first = -1, at->last = INT32_MAX;
        }
        count_reads(s, 1, counts);
        for (int32_t k = 0; k < s->nout; k++) {
            int32_t in = updated_operand(s, k, counts);
            span *at = &spans[s->slots[s->nin + k]];
            if (in >= 0 && at->first == i)
                at->updated = s->slots[in];
        }
        count_reads(s, -1, counts);
    }
    for (int i = 0; i < p->nout && spans; i++)
        if (p->results[i].kind == RESULT_INPUT && p->input_slots[p->results[i].index] >= 0)
            spans[p->input_slots[p->results[i].index]].last = INT32_MAX;
    base_free(counts);
    return spans;
}

static bool named_after(int64_t n, const step *steps, int64_t i, int32_t slot)
{
    for (int64_t s = i + 1; s < n; s++)
        for (int32_t k = 0; k < steps[s].n; k++)
            if (steps[s].slots[k] == slot)
                return true;
    return false;
}

static void rename_slot(int64_t n, step *steps, graph *g, int32_t from, int32_t to)
{
    for (int64_t s = 0; s < n; s++)
        for (int32_t j = 0; j < steps[s].n; j++)
            if (steps[s].slots[j] == from)
                steps[s].slots[j] = to;
    for (int64_t v = 0; v < g->values.n; v++)
        if (g->values.at[v].slot == from)
            g->values.at[v].slot = to;
}

bool plan_updates(int64_t n, step *steps, graph *g, int32_t nslots, const slot_memory *slots)
{
    int32_t *counts = base_zalloc((size_t)(nslots + 1) * sizeof *counts);
    for (int64_t i = 0; i < n && counts; i++) {
        count_reads(&steps[i], 1, counts);
        for (int32_t k = 0; k < steps[i].nout; k++) {
            int32_t updated = updated_operand(&steps[i], k, counts);
            if (updated < 0)
                continue;
            int32_t from = steps[i].slots[updated], to = steps[i].slots[steps[i].nin + k];
            if (!slots[from].bytes || slots[from].bytes != slots[to].bytes || slots[from].result ||
                from == to || named_after(n, steps, i, from))
                continue;
            rename_slot(i + 1, steps, g, from, to);
            counts[to] += counts[from];
            counts[from] = 0;
        }
        count_reads(&steps[i], -1, counts);
    }
    base_free(counts);
    return counts != NULL;
}

/* An input by its type, weakness aside. */
typedef struct typed_input {
    uint64_t type;
    int32_t index;
} typed_input;

static int by_type(const void *a, const void *b)
{
    const typed_input *x = a, *y = b;
    return x->type != y->type ? (x->type > y->type) - (x->type < y->type)
                              : (x->index > y->index) - (x->index < y->index);
}

static uint64_t type_of(const aval *a)
{
    aval strong = *a;
    strong.weak = false;
    return aval_hash(&strong);
}

/* Which inputs a result may take the memory of, those near its own position first: new parameters
 * stand where the old ones stood. Few of many, so that plans of many inputs and results stay
 * small. */
typedef struct reuse {
    const program *p;
    const jaxpr *j;
    const kernel_ir *const *kernels;
    const span *spans;
    typed_input *inputs; /* by type */
} reuse;
enum { MOST_REUSED = 32, MOST_TRIED = 512 };

static bool may_reuse(const reuse *u, const result *r, int32_t k)
{
    const program *p = u->p;
    int32_t first = u->spans[r->slot].first, slot = p->input_slots[k],
            last = slot < 0 ? -1 : u->spans[slot].last;
    return aval_equal(&u->j->in[k]->aval, &r->aval, false) &&
           (last < first ||
            (last == first && (elementwise(&p->steps[first], u->kernels[first], slot, r->slot) ||
                               (slot >= 0 && u->spans[r->slot].updated == slot))));
}

static int32_t find_reuse(const reuse *u, int32_t index, int32_t found[MOST_REUSED])
{
    const result *r = &u->p->results[index];
    typed_input wanted = {type_of(&r->aval), index};
    int32_t low = 0, high = u->p->nin, n = 0;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        if (by_type(&u->inputs[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    int32_t before = low - 1, behind = low;
    for (int tried = 0; tried < MOST_TRIED && n < MOST_REUSED; tried++) {
        bool fits_before = before >= 0 && u->inputs[before].type == wanted.type,
             fits_behind = behind < u->p->nin && u->inputs[behind].type == wanted.type;
        if (!fits_before && !fits_behind)
            break;
        bool nearer = fits_behind && (!fits_before || u->inputs[behind].index - index <=
                                                          index - u->inputs[before].index);
        int32_t k = u->inputs[nearer ? behind++ : before--].index;
        if (may_reuse(u, r, k))
            found[n++] = k;
    }
    return n;
}

bool plan_reuse(program *p, const jaxpr *j, const kernel_ir *const *kernels)
{
    span *spans = find_spans(p);
    reuse u = {p, j, kernels, spans, base_alloc((size_t)(p->nin + 1) * sizeof *u.inputs)};
    bool ok = spans && u.inputs;
    for (int i = 0; i < p->nin && ok; i++)
        u.inputs[i] = (typed_input){type_of(&j->in[i]->aval), i};
    if (ok)
        qsort(u.inputs, (size_t)p->nin, sizeof *u.inputs, by_type);
    for (int i = 0; i < p->nout && ok; i++) {
        result *r = &p->results[i];
        if (r->kind != RESULT_NEW)
            continue;
        int32_t found[MOST_REUSED];
        r->nreuse = find_reuse(&u, i, found);
        r->reuse =
            r->nreuse ? arena_copy(&p->arena, found, (size_t)r->nreuse * sizeof *found) : NULL;
        ok = r->reuse || !r->nreuse;
    }
    base_free(spans);
    base_free(u.inputs);
    return ok;
}
