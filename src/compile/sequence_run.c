/* Running a loop that is one kernel: a call of it takes as many steps as last some milliseconds, so
 * that a long loop can be interrupted in between; the carry goes back and forth between the
 * result's memory and a spare block from call to call. */
#include "compile/program.h"
#include "ops/ops.h"
#include "transform/scan.h"
#include "transform/while.h"

enum { CALL_WORK = 5000000, WORTH_A_TASK = 20000 }; /* ns */

typedef struct sequence_plan {
    const sequence_buffer *buffers;
    int32_t nbuffers, ncarry, first_carry; /* operands from there on are the carry */
    int64_t length, steps;                 /* of the loop (-1: unknown); of a call, at most */
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
    p->steps = CALL_WORK / (p->step_work * s->units + 1) + 1; /* of no lanes at all, too */
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

/* A call on the carry as the call before left it, or as the operands have it. */
static void run_call(const step *s, void *const *at, char *scratch, bool first, bool to_spare,
                     sequence_range *range)
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
            buffers[i] = first      ? at[p->first_carry + b->index]
                         : to_spare ? own
                                    : scratch + p->spare[b->index];
            break;
        case SEQUENCE_TO:
            buffers[i] = to_spare ? scratch + p->spare[b->index] : own;
            break;
        case SEQUENCE_STATE:
            buffers[i] = own;
            break;
        case SEQUENCE_RESULT:
            buffers[i] = at[s->nin + b->index];
            break;
        case SEQUENCE_STEPS:
            buffers[i] = range;
            break;
        }
    }
    program_kernel(s->code, buffers, s->units, s->grain);
}

/* The last call, where it is known, writes to the results. */
static bool run_calls(const activation *a, const step *s, void *const *at, char *scratch)
{
    const sequence_plan *p = s->sequence;
    int64_t calls = p->length < 0 ? -1 : p->length ? (p->length + p->steps - 1) / p->steps : 1;
    sequence_range range = {0};
    bool to_spare = false;
    for (int32_t k = 0; k < p->ncarry; k++)
        if (p->in_place[k] && at[s->nin + k] != at[p->first_carry + k] && p->bytes[k])
            memcpy(at[s->nin + k], at[p->first_carry + k], p->bytes[k]);
    for (int64_t call = 0; calls < 0 || call < calls; call++) {
        to_spare = ((calls < 0 ? call : calls - 1 - call) & 1) != 0;
        range.first = call * p->steps, range.last = range.first + p->steps, range.more = 0;
        if (p->length >= 0 && range.last > p->length)
            range.last = p->length;
        range.done = range.last - range.first;
        run_call(s, at, scratch, !call, to_spare, &range);
        if (!watch_work(a->watch, range.done * p->step_work * s->units))
            return false;
        if (calls < 0 && !range.more)
            break;
    }
    for (int32_t k = 0; k < p->ncarry && to_spare; k++)
        if (!p->in_place[k])
            memcpy(at[s->nin + k], scratch + p->spare[k], p->bytes[k]);
    return true;
}

bool sequence_run(const activation *a, const step *s)
{
    void *few[FEW_SLOTS] = {NULL}, **at = step_addresses(a, s, few);
    if (!at)
        return false;
    watch_begin_loop(a->watch, s->work);
    bool ok = run_calls(a, s, at, at[s->nin + s->nout]);
    watch_end_loop(a->watch);
    if (at != few)
        base_free(at);
    return ok;
}
