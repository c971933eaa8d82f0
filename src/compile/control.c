/* Loops and branches inside a program: their bodies are programs of their own, built with it
 * (build.c), that run on addresses of the program they are in.
 *
 * A loop's carry goes back and forth between the result's memory and a spare block, so that a step
 * reads one and writes the other; slices of xs and ys are read and written where they lie. Nothing
 * is allocated while a loop runs: the inner tables of addresses, temporaries and spare blocks are
 * one block of the outer program's temporaries. */
#include "compile/program.h"
#include "ops/ops.h"
#include "transform/scan.h"
#include "transform/while.h"

/* A program and its place in the scratch memory. */
typedef struct part {
    const program *p;
    size_t slots, memory;
} part;

/* What the operands of a control operation are to its programs: tests and bodies see constants,
 * then the carry, then slices. A branch sees all operands but the index. */
typedef struct control {
    int32_t nparts;
    part *parts; /* the body, the test; or the branches */
    bool branches, reverse;
    int32_t ntest_consts, nconsts, ncarry, nxs, nys;
    int64_t length; /* steps; -1: as long as the test holds */
    int64_t lanes;  /* values of the test's result: more than one stop by themselves */
    bool *kept;     /* carried values that no step changes */
    int32_t *over;  /* by result: the operand of the step that it may be written over, or -1 */
    size_t *bytes;  /* of each input of the body, then of each result: of a slice of xs and ys */
    /* offsets in the scratch memory */
    size_t *spare; /* of each carried value */
    size_t inputs, outputs, tested, test_result;
} control;

/* ---- what runs inside ---- */
jaxpr *control_program(const op *o, const void *params, int64_t i)
{
    const params_scan *scan = params;
    const params_while *loop = params;
    const jaxpr_list *branches;
    switch (o->code) {
    case OP_scan:
        return i ? NULL : scan->jaxpr;
    case OP_while:
        return i == 0 ? loop->body : i == 1 ? loop->cond : NULL;
    case OP_cond:
        branches = (const void *)((const char *)params + o->fields[0].offset);
        return i < branches->n ? branches->at[i] : NULL;
    }
    return NULL;
}

static bool all_native(const jaxpr *j, int depth);

static bool native_program(const op *o, const void *params, int depth)
{
    bool native = control_program(o, params, 0) != NULL;
    jaxpr *j;
    for (int64_t i = 0; native && (j = control_program(o, params, i)); i++)
        native = all_native(j, depth);
    return native;
}

/* By the program that a lowering rule writes; a rule that fails does so again when the program is
 * built. */
static bool native_lowering(const eqn *e, int depth)
{
    enum { DEEPEST = 100 }; /* lowerings that bind what they lower have no end */
    aval *avals = depth < DEEPEST ? base_alloc((size_t)(e->nin + 1) * sizeof *avals) : NULL;
    for (int i = 0; avals && i < e->nin; i++)
        avals[i] = *atom_aval(&e->in[i]);
    jaxpr *j = avals ? core_rules(e->op)->lower(e->op, e->params, e->nin, avals) : NULL;
    bool native = j && all_native(j, depth + 1);
    object_release(j);
    base_free(avals);
    return native;
}

static bool all_native(const jaxpr *j, int depth)
{
    for (const eqn *e = j->eqns; e; e = e->next) {
        const jaxpr *inner = graph_inlined(e->op, e->params);
        if (inner                      ? !all_native(inner, depth)
            : core_rules(e->op)->lower ? !native_lowering(e, depth)
                                       : !e->op->kernel && !native_program(e->op, e->params, depth))
            return false;
    }
    return true;
}

bool control_is_native(const op *o, const void *params) { return native_program(o, params, 0); }

/* ---- planning ---- */
static size_t take(size_t *at, size_t bytes)
{
    size_t here = *at;
    *at += (bytes + 63) & ~(size_t)63;
    return here;
}

static void take_part(part *t, size_t *at)
{
    t->slots = take(at, (size_t)t->p->nslots * sizeof(void *));
    t->memory = take(at, t->p->temporary_bytes);
}

static size_t bytes_of(const aval *a)
{
    return (size_t)shape_size(a->ndim, a->shape) * dtype_table[a->dtype].itemsize;
}

static bool writes_over(const result *r, int32_t input)
{
    for (int32_t i = 0; i < r->nreuse && r->kind == RESULT_NEW; i++)
        if (r->reuse[i] == input)
            return true;
    return false;
}

int32_t control_in_place(const step *s, int32_t k) { return s->control->over[k]; }

/* Whether every branch writes its k-th result over this input, or returns the input itself. */
static bool all_write_over(const control *c, int32_t k, int32_t input)
{
    for (int32_t b = 0; b < c->nparts; b++) {
        const result *r = &c->parts[b].p->results[k];
        if (!writes_over(r, input) && !(r->kind == RESULT_INPUT && r->index == input))
            return false;
    }
    return true;
}

/* Each operand for one result at most. */
static void plan_over(control *c, int32_t k, bool *taken)
{
    const result *r = &c->parts[0].p->results[k];
    const int32_t *candidates = r->kind == RESULT_INPUT ? &r->index : r->reuse;
    int32_t n = r->kind == RESULT_INPUT ? 1 : r->kind == RESULT_NEW ? r->nreuse : 0;
    for (int32_t i = 0; i < n; i++)
        if (!taken[candidates[i]] && all_write_over(c, k, candidates[i])) {
            taken[candidates[i]] = true;
            c->over[k] = candidates[i] + 1; /* behind the index of the branch */
            return;
        }
}

static bool plan_branches(arena *a, control *c, step *s, size_t *scratch)
{
    const program *p = c->parts[0].p;
    bool *taken = arena_alloc(a, (size_t)p->nin + 1);
    if (!taken)
        return false;
    memset(taken, 0, (size_t)p->nin + 1);
    for (int32_t i = 0; i < c->nparts; i++) {
        size_t used = 0;
        take_part(&c->parts[i], &used);
        if (used > *scratch)
            *scratch = used;
        if (c->parts[i].p->work > s->work)
            s->work = c->parts[i].p->work;
    }
    for (int32_t k = 0; k < p->nout; k++) {
        c->bytes[k] = bytes_of(&p->results[k].aval);
        plan_over(c, k, taken);
    }
    return true;
}

static bool plan_loop(control *c, step *s, const jaxpr *body, size_t *scratch)
{
    const program *p = c->parts[0].p;
    c->nxs = p->nin - c->nconsts - c->ncarry, c->nys = p->nout - c->ncarry;
    for (int32_t i = 0; i < p->nin; i++)
        c->bytes[i] = bytes_of(&body->in[i]->aval);
    for (int32_t k = 0; k < p->nout; k++)
        c->bytes[p->nin + k] = bytes_of(&p->results[k].aval);
    for (int32_t i = 0; i < c->nparts; i++)
        take_part(&c->parts[i], scratch);
    c->inputs = take(scratch, (size_t)(p->nin + 1) * sizeof(void *));
    c->outputs = take(scratch, (size_t)(p->nout + 1) * sizeof(void *));
    if (c->length < 0) {
        c->lanes =
            shape_size(c->parts[1].p->results[0].aval.ndim, c->parts[1].p->results[0].aval.shape);
        c->tested = take(scratch, (size_t)(c->ntest_consts + c->ncarry + 1) * sizeof(void *));
        c->test_result = take(scratch, (size_t)c->lanes);
    }
    for (int32_t k = 0; k < c->ncarry; k++) {
        const result *r = &p->results[k];
        c->kept[k] = r->kind == RESULT_INPUT && r->index == c->nconsts + k;
        if (c->lanes <= 1 && writes_over(r, c->nconsts + k))
            c->over[k] = c->ntest_consts + c->nconsts + k;
        c->spare[k] = c->kept[k] || c->over[k] >= 0 ? 0 : take(scratch, c->bytes[p->nin + k]);
    }
    int64_t step_work = 20 + p->work;
    s->work = c->length < 0 ? step_work : c->length * step_work;
    return true;
}

bool control_plan(arena *a, step *s, int64_t n, program *const *programs, size_t *scratch)
{
    control *c = s->control = arena_alloc(a, sizeof *c);
    const program *p = programs[0];
    if (!c)
        return false;
    *scratch = 0;
    *c = (control){.nparts = (int32_t)n, .length = -1};
    c->parts = arena_alloc(a, (size_t)n * sizeof *c->parts);
    c->bytes = arena_alloc(a, (size_t)(p->nin + p->nout + 1) * sizeof *c->bytes);
    c->spare = arena_alloc(a, (size_t)(p->nout + 1) * sizeof *c->spare);
    c->kept = arena_alloc(a, (size_t)p->nout + 1);
    c->over = arena_alloc(a, (size_t)(p->nout + 1) * sizeof *c->over);
    if (!c->parts || !c->bytes || !c->spare || !c->kept || !c->over)
        return false;
    for (int32_t k = 0; k < p->nout; k++)
        c->over[k] = -1;
    for (int64_t i = 0; i < n; i++)
        c->parts[i] = (part){.p = programs[i]};
    if (s->op->code == OP_scan) {
        const params_scan *scan = s->params;
        c->length = scan->length, c->reverse = scan->reverse;
        c->nconsts = (int32_t)scan->num_consts, c->ncarry = (int32_t)scan->num_carry;
    } else if (s->op->code == OP_while) {
        const params_while *loop = s->params;
        c->ntest_consts = (int32_t)loop->cond_nconsts, c->nconsts = (int32_t)loop->body_nconsts;
        c->ncarry = p->nout;
    } else {
        c->branches = true;
        return plan_branches(a, c, s, scratch);
    }
    return plan_loop(c, s, control_program(s->op, s->params, 0), scratch);
}

/* ---- running a part ---- */
static void **part_slots(const part *t, char *scratch) { return (void **)(scratch + t->slots); }

/* Addresses that hold for all runs. */
static void open_part(const part *t, char *scratch)
{
    void **slots = part_slots(t, scratch);
    for (int32_t i = 0; i < t->p->nconsts; i++)
        slots[t->p->const_slots[i]] = t->p->consts[i]->data;
    for (int32_t i = 0; i < t->p->ntemporaries; i++)
        slots[t->p->temporaries[i].slot] = scratch + t->memory + t->p->temporaries[i].offset;
}

/* Runs it on inputs and results at these addresses; NULL: a result that nobody wants, or that is
 * where the caller knows. */
static bool run_part(const part *t, char *scratch, watch *w, void *const *in, void *const *out,
                     const size_t *out_bytes)
{
    const program *p = t->p;
    void **slots = part_slots(t, scratch);
    for (int32_t i = 0; i < p->nin; i++)
        if (p->input_slots[i] >= 0)
            slots[p->input_slots[i]] = in[i];
    for (int32_t k = 0; k < p->nout; k++)
        if (p->results[k].kind == RESULT_NEW)
            slots[p->results[k].slot] = out[k];
    activation a = {.p = p, .slots = slots, .watch = w};
    if (!program_steps(&a))
        return false;
    for (int32_t k = 0; k < p->nout; k++) {
        const result *r = &p->results[k];
        const void *from = r->kind == RESULT_INPUT   ? in[r->index]
                           : r->kind == RESULT_CONST ? r->array->data
                           : r->kind == RESULT_SAME  ? out[r->index]
                                                     : NULL;
        if (from && out[k] && out[k] != from && out_bytes[k])
            memcpy(out[k], from, out_bytes[k]);
    }
    return true;
}

/* ---- branches ---- */
static int64_t branch_index(const operand *o, const void *at, int64_t n)
{
    int64_t i = 0;
    if (o->aval.dtype == CT_BOOL)
        i = *(const uint8_t *)at != 0;
    else if (o->aval.dtype == CT_INT64)
        memcpy(&i, at, sizeof i);
    else {
        int32_t few;
        memcpy(&few, at, sizeof few);
        i = o->aval.dtype == CT_UINT32 ? (int64_t)(uint32_t)few : few;
    }
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static bool run_branch(const activation *a, const step *s, void *const *at, char *scratch)
{
    const control *c = s->control;
    const part *t = &c->parts[branch_index(&s->operands[0], at[0], c->nparts)];
    open_part(t, scratch);
    return watch_work(a->watch, 0) && run_part(t, scratch, a->watch, at + 1, at + s->nin, c->bytes);
}

/* ---- loops ---- */
typedef struct loop_run {
    const control *c;
    char *scratch;
    watch *watch;
    void *const *operands, *const *results;
    void **in, **out, **tested; /* addresses for the body, and for the test, at this step */
} loop_run;

/* Where a step writes: every other one into the spare blocks, and the last, where it is known, into
 * the results. */
static void aim(loop_run *r, int64_t trip)
{
    const control *c = r->c;
    bool spare = ((c->length < 0 ? trip : c->length - 1 - trip) & 1) != 0;
    int64_t slice = c->reverse ? c->length - 1 - trip : trip;
    const size_t *x_bytes = c->bytes + c->nconsts + c->ncarry,
                 *y_bytes = x_bytes + c->nxs + c->ncarry;
    void *const *xs = r->operands + c->nconsts + c->ncarry, *const *ys = r->results + c->ncarry;
    for (int32_t k = 0; k < c->ncarry; k++)
        if (!c->kept[k])
            r->out[k] = spare && c->over[k] < 0 ? r->scratch + c->spare[k] : (char *)r->results[k];
    for (int32_t k = 0; k < c->nxs; k++)
        r->in[c->nconsts + c->ncarry + k] = (char *)xs[k] + (size_t)slice * x_bytes[k];
    for (int32_t k = 0; k < c->nys; k++)
        r->out[c->ncarry + k] = (char *)ys[k] + (size_t)slice * y_bytes[k];
}

/* Lanes that have stopped keep what they had. */
static void keep_stopped(const loop_run *r, const uint8_t *on)
{
    const control *c = r->c;
    const size_t *bytes = c->bytes + c->nconsts;
    for (int32_t k = 0; k < c->ncarry; k++) {
        size_t each = bytes[k] / (size_t)c->lanes;
        for (int64_t i = 0; !c->kept[k] && i < c->lanes; i++)
            if (!on[i])
                memcpy((char *)r->out[k] + (size_t)i * each,
                       (const char *)r->in[c->nconsts + k] + (size_t)i * each, each);
    }
}

/* on: NULL when all lanes go on. */
static bool run_step(loop_run *r, int64_t trip, const uint8_t *on)
{
    const control *c = r->c;
    const part *body = &c->parts[0];
    aim(r, trip);
    if (!run_part(body, r->scratch, r->watch, r->in, r->out, c->bytes + body->p->nin))
        return false;
    if (on)
        keep_stopped(r, on);
    for (int32_t k = 0; k < c->ncarry; k++)
        if (!c->kept[k])
            r->in[c->nconsts + k] = r->out[k];
    return watch_work(r->watch, 20);
}

/* Does a lane go on? *on: which; NULL when all do. */
static bool run_test(loop_run *r, bool *any, const uint8_t **on)
{
    const control *c = r->c;
    uint8_t *flags = (uint8_t *)r->scratch + c->test_result;
    size_t bytes = (size_t)c->lanes;
    if (c->ncarry)
        memcpy(r->tested + c->ntest_consts, r->in + c->nconsts,
               (size_t)c->ncarry * sizeof *r->tested);
    if (!run_part(&c->parts[1], r->scratch, r->watch, r->tested, (void *[]){flags}, &bytes))
        return false;
    int64_t count = 0;
    for (int64_t i = 0; i < c->lanes; i++)
        count += flags[i] != 0;
    *any = count;
    *on = count == c->lanes ? NULL : flags;
    return true;
}

static bool run_steps(loop_run *r)
{
    const uint8_t *on = NULL;
    if (r->c->length >= 0) {
        for (int64_t trip = 0; trip < r->c->length; trip++)
            if (!run_step(r, trip, NULL))
                return false;
        return true;
    }
    bool any = true;
    for (int64_t trip = 0;; trip++) {
        if (!run_test(r, &any, &on))
            return false;
        if (!any)
            return true;
        if (!run_step(r, trip, on))
            return false;
    }
}

static bool run_loop(const activation *a, const step *s, void *const *at, char *scratch)
{
    const control *c = s->control;
    loop_run r = {.c = c,
                  .scratch = scratch,
                  .watch = a->watch,
                  .operands = at + c->ntest_consts,
                  .results = at + s->nin,
                  .in = (void **)(scratch + c->inputs),
                  .out = (void **)(scratch + c->outputs),
                  .tested = (void **)(scratch + c->tested)};
    for (int32_t i = 0; i < c->nparts; i++)
        open_part(&c->parts[i], scratch);
    memcpy(r.in, r.operands, (size_t)(c->nconsts + c->ncarry) * sizeof *r.in);
    memcpy(r.tested, at, (size_t)c->ntest_consts * sizeof *r.tested);
    for (int32_t k = 0; k < c->ncarry; k++)
        r.out[k] = NULL;
    watch_begin_loop(a->watch, s->work);
    bool ok = run_steps(&r);
    for (int32_t k = 0; ok && k < c->ncarry; k++)
        if (r.in[c->nconsts + k] != r.results[k] && c->bytes[c->nconsts + k])
            memcpy(r.results[k], r.in[c->nconsts + k], c->bytes[c->nconsts + k]);
    watch_end_loop(a->watch);
    return ok;
}

bool control_run(const activation *a, const step *s)
{
    void *few[FEW_SLOTS] = {NULL}, **at = step_addresses(a, s, few);
    if (!at)
        return false;
    char *scratch = at[s->nin + s->nout];
    bool ok = (s->control->branches ? run_branch : run_loop)(a, s, at, scratch);
    if (at != few)
        base_free(at);
    return ok;
}
