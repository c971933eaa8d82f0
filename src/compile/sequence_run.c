/* Running a loop that is one kernel: a call of it lasts some milliseconds, so that a long loop can
 * be interrupted in between. Where that is time enough for all steps of a unit, a call takes as
 * many units; else it takes some steps of all, and the carry goes back and forth between the
 * result's memory and a spare block from call to call. */
#include "compile/program.h"
#include "ops/ops.h"
#include "transform/scan.h"
#include "transform/while.h"

enum { CALL_WORK = 5000000, WORTH_A_TASK = 20000 }; /* ns */

typedef struct sequence_plan {
    const sequence_buffer *buffers;
    int32_t nbuffers, ncarry, first_carry; /* operands from there on are the carry */
    int64_t length, steps, units;          /* of the loop (-1: unknown); of a call, at most */
    int64_t step_work;                     /* of a unit */
    size_t *bytes, *spare; /* of each carried value: its size, its spare block's offset */
    bool *in_place;        /* those that steps update where they are */
} sequence_plan;

bool sequence_prepare(arena *a, step *s, const sequence_kernel *k, size_t *scratch)
{
    const params_scan *scan = s->params;
    const params_while *loop = s->params;
    kernel_shape shape = kernel_shape_of(&k->k, host_vector_bytes());
    sequence_plan *p = s->sequence = arena_alloc(a, sizeof *p);
    if (!p)
        return false;
    bool counted = s->op->code == OP_scan;
    *p =
        (sequence_plan){.buffers = k->buffers,
                        .nbuffers = k->k.nbuffers,
                        .ncarry = counted ? (int32_t)scan->num_carry : s->nout,
                        .first_carry = (int32_t)(counted ? scan->num_consts
                                                         : loop->cond_nconsts + loop->body_nconsts),
                        .length = counted ? scan->length : -1,
                        .step_work = shape.work};
    p->bytes = arena_alloc(a, (size_t)(2 * p->ncarry + 1) * sizeof *p->bytes);
    p->in_place = arena_alloc(a, (size_t)p->ncarry + 1);
    if (!p->bytes || !p->in_place)
        return false;
    memset(p->in_place, 0, (size_t)p->ncarry);
    for (int32_t i = 0; i < p->nbuffers; i++)
        if (k->buffers[i].role == SEQUENCE_STATE)
            p->in_place[k->buffers[i].index] = true;
    p->spare = p->bytes + p->ncarry;
    s->units = shape.units;
    p->units = s->units;
    p->steps = CALL_WORK / (p->step_work * s->units + 1) + 1; /* of no lanes at all, too */
    if (p->length > p->steps && p->length * p->step_work <= CALL_WORK)
        p->steps = p->length, p->units = 2 * CALL_WORK / (p->length * p->step_work);
    bool once = p->length >= 0 && p->length <= p->steps;
    *scratch = 0;
    for (int32_t i = 0; i < p->ncarry; i++) {
        const aval *v = &s->operands[p->first_carry + i].aval;
        p->bytes[i] = (size_t)shape_size(v->ndim, v->shape) * dtype_table[v->dtype].itemsize;
        p->spare[i] = *scratch;
        *scratch += once || p->in_place[i] ? 0 : (p->bytes[i] + 63) & ~(size_t)63;
    }
    s->work = (p->length < 0 ? 1 : p->length) * p->step_work * s->units;
    /* A loop of unknown length is taken for a long one. */
    int64_t unit_work = p->step_work * (p->length < 0 || !once ? p->steps : p->length + 1);
    s->grain = unit_work * s->units < 2 * WORTH_A_TASK ? s->units : WORTH_A_TASK / unit_work + 1;
    return true;
}

int32_t sequence_in_place(const step *s, int32_t k)
{
    const sequence_plan *p = s->sequence;
    return k < p->ncarry && p->in_place[k] ? p->first_carry + k : -1;
}

/* What a call of the kernel runs: steps and units; where the carry comes from and goes to. */
typedef struct sequence_call {
    sequence_range steps;
    int64_t first, units;
    bool from_operands, to_spare;
} sequence_call;

static void run_call(const step *s, void *const *at, char *scratch, sequence_call *c)
{
    const sequence_plan *p = s->sequence;
    void *buffers[LOOP_BUFFERS];
    for (int32_t i = 0; i < p->nbuffers; i++) {
        const sequence_buffer *b = &p->buffers[i];
        bool carried =
            b->role == SEQUENCE_FROM || b->role == SEQUENCE_TO || b->role == SEQUENCE_STATE;
        char *own = carried ? at[s->nin + b->index] : NULL;
        switch ((sequence_role)b->role) {
        case SEQUENCE_OPERAND:
            buffers[i] = at[b->index];
            break;
        case SEQUENCE_ARRAY:
            buffers[i] = b->array->data;
            break;
        case SEQUENCE_FROM:
            buffers[i] = c->from_operands ? at[p->first_carry + b->index]
                         : c->to_spare    ? own
                                          : scratch + p->spare[b->index];
            break;
        case SEQUENCE_TO:
            buffers[i] = c->to_spare ? scratch + p->spare[b->index] : own;
            break;
        case SEQUENCE_STATE:
            buffers[i] = own;
            break;
        case SEQUENCE_RESULT:
            buffers[i] = at[s->nin + b->index];
            break;
        case SEQUENCE_STEPS:
            buffers[i] = &c->steps;
            break;
        }
    }
    program_kernel(s->code, buffers, c->first, c->units, s->grain);
}

static bool worked(const activation *a, const step *s, const sequence_call *c)
{
    return watch_work(a->watch, c->steps.done * s->sequence->step_work * c->units);
}

/* All steps of some units a call. */
static bool run_units(const activation *a, const step *s, void *const *at, char *scratch)
{
    const sequence_plan *p = s->sequence;
    sequence_call c = {.steps = {.last = p->length, .done = p->length}, .from_operands = true};
    for (; c.first < s->units; c.first += c.units) {
        c.units = s->units - c.first < p->units ? s->units - c.first : p->units;
        run_call(s, at, scratch, &c);
        if (!worked(a, s, &c))
            return false;
    }
    return true;
}

/* Some steps of all units a call. The last one, where it is known, writes to the results. */
static bool run_steps(const activation *a, const step *s, void *const *at, char *scratch)
{
    const sequence_plan *p = s->sequence;
    int64_t calls = p->length < 0 ? -1 : p->length ? (p->length + p->steps - 1) / p->steps : 1;
    sequence_call c = {.units = s->units};
    for (int64_t call = 0; calls < 0 || call < calls; call++) {
        c.from_operands = !call, c.to_spare = ((calls < 0 ? call : calls - 1 - call) & 1) != 0;
        c.steps = (sequence_range){.first = call * p->steps, .last = (call + 1) * p->steps};
        if (p->length >= 0 && c.steps.last > p->length)
            c.steps.last = p->length;
        c.steps.done = c.steps.last - c.steps.first;
        run_call(s, at, scratch, &c);
        if (!worked(a, s, &c))
            return false;
        if (calls < 0 && !c.steps.more)
            break;
    }
    for (int32_t k = 0; k < p->ncarry && c.to_spare; k++)
        if (!p->in_place[k])
            memcpy(at[s->nin + k], scratch + p->spare[k], p->bytes[k]);
    return true;
}

/* Arrays that steps update where they are start as the operands. */
static void place_states(const step *s, void *const *at)
{
    const sequence_plan *p = s->sequence;
    for (int32_t k = 0; k < p->ncarry; k++)
        if (p->in_place[k] && at[s->nin + k] != at[p->first_carry + k] && p->bytes[k])
            memcpy(at[s->nin + k], at[p->first_carry + k], p->bytes[k]);
}

bool sequence_run(const activation *a, const step *s)
{
    void *few[FEW_SLOTS] = {NULL}, **at = step_addresses(a, s, few);
    if (!at)
        return false;
    const sequence_plan *p = s->sequence;
    watch_begin_loop(a->watch, s->work);
    place_states(s, at);
    bool ok = (p->units < s->units ? run_units : run_steps)(a, s, at, at[s->nin + s->nout]);
    watch_end_loop(a->watch);
    if (at != few)
        base_free(at);
    return ok;
}
