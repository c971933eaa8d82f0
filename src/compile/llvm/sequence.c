/* Writes the inside of a sequence: for each unit, a block of lanes, the steps of time as one loop
 * whose carries are in registers. What no step changes is computed before it; the test at its head.
 */
#include "compile/llvm/llvm.h"

#include <stddef.h>
#include <stdlib.h>

/* Before the steps; in each of them before the test and behind it; what the step before left. */
typedef enum node_phase { FIXED = -1, TESTED, STEPPED, CARRIED } node_phase;

typedef struct sequence {
    emitter *e;
    int8_t *phase;      /* of each node: a node_phase */
    bool *todo;         /* of each node: to be computed in the phase at hand */
    bool settles;       /* a step that changes no carry is the last that can */
    LLVMValueRef *phis; /* of each carry, MAX_UNROLL each */
    packing *packs;
    branches branches;
    bool ok;
    LLVMValueRef range, first, last;
} sequence;

bool llvm_is_written(const kernel_ir *k, int32_t buffer)
{
    bool found = false;
    for (int n = 0; n < k->nnodes && !found; n++)
        found = k->nodes[n].kind == LOOP_STORE && k->accesses[k->nodes[n].number].buffer == buffer;
    return found;
}

static bool changes_by_itself(const kernel_ir *k, const loop_node *node)
{
    switch ((loop_kind)node->kind) {
    case LOOP_CARRY:
    case LOOP_STORE:
        return true;
    case LOOP_LOAD:
        return k->accesses[node->number].stride[0] ||
               llvm_is_written(k, k->accesses[node->number].buffer);
    case LOOP_INDEX:
        return node->number == 0;
    case LOOP_CONST:
    case LOOP_BODY:
    case LOOP_SELECT:
    case LOOP_BITS:
    case LOOP_REDUCE:
        break;
    }
    return false;
}

static void sort_nodes(sequence *s)
{
    const kernel_ir *k = s->e->k;
    for (int n = 0; n < k->nnodes; n++) {
        const loop_node *node = &k->nodes[n];
        bool moving = changes_by_itself(k, node);
        for (int i = 0; i < node->nin; i++)
            moving |= s->phase[node->in[i]] != FIXED;
        s->phase[n] = !moving ? FIXED : node->kind == LOOP_CARRY ? CARRIED : STEPPED;
    }
    for (int n = k->test < 0 ? 0 : k->test + 1; n-- > 0;) {
        bool tested = n == k->test || s->phase[n] == TESTED;
        if (tested && s->phase[n] == STEPPED)
            s->phase[n] = TESTED;
        for (int i = 0; tested && i < k->nodes[n].nin; i++)
            if (s->phase[k->nodes[n].in[i]] == STEPPED)
                s->phase[k->nodes[n].in[i]] = TESTED;
    }
}

static void emit_node(sequence *s, int32_t n);

/* What is to be computed in an arm (-1: in none) may be computed along with another node of it. */
static void offer_nodes(sequence *s, int32_t arm)
{
    for (int n = 0; n < s->e->k->nnodes; n++)
        s->e->wanted[n] = s->todo[n] && s->branches.arm[n] == arm && !llvm_in_pack(s->packs, n);
}

static bool is_inside(const sequence *s, int32_t n, int32_t branch)
{
    int32_t arm = s->branches.arm[n];
    while (arm >= 0 && arm >> 1 != branch)
        arm = s->branches.outer[arm >> 1];
    return arm >= 0;
}

/* What the arms of a branch need from elsewhere. */
static void emit_before(sequence *s, int32_t branch)
{
    const kernel_ir *k = s->e->k;
    for (int32_t n = 0; n < k->nnodes; n++) {
        if (s->branches.branch[n] != branch && !is_inside(s, n, branch))
            continue;
        for (int i = 0; i < k->nodes[n].nin; i++) {
            int32_t in = k->nodes[n].in[i];
            if (s->todo[in] && s->branches.branch[in] != branch && !is_inside(s, in, branch))
                emit_node(s, in);
        }
    }
}

/* The nodes of an arm, and what it gives its branch's selections; the block where it ends. */
static LLVMBasicBlockRef emit_arm(sequence *s, int32_t arm, LLVMBasicBlockRef block,
                                  LLVMBasicBlockRef done, LLVMValueRef *out)
{
    const kernel_ir *k = s->e->k;
    LLVMValueRef *forms = llvm_save_forms(s->packs);
    LLVMPositionBuilderAtEnd(s->e->b, block);
    offer_nodes(s, arm);
    for (int32_t n = 0; n < k->nnodes; n++)
        if (s->todo[n] && s->branches.arm[n] == arm)
            emit_node(s, n);
    for (int32_t n = 0; n < k->nnodes; n++)
        if (s->branches.branch[n] == arm >> 1)
            *out++ = llvm_carried(s->packs, k->nodes[n].in[1 + (arm & 1)]);
    s->ok &= forms != NULL;
    if (forms)
        llvm_restore_forms(s->packs, forms);
    LLVMBasicBlockRef last = LLVMGetInsertBlock(s->e->b);
    LLVMBuildBr(s->e->b, done);
    return last;
}

static void emit_branch(sequence *s, int32_t branch)
{
    emitter *e = s->e;
    int32_t count = 0;
    for (int32_t n = 0; n < e->k->nnodes; n++)
        if (s->branches.branch[n] == branch)
            s->todo[n] = false, count++;
    LLVMValueRef *values = malloc(2 * (size_t)count * sizeof *values);
    s->ok &= values != NULL;
    if (!values)
        return;
    emit_before(s, branch);
    LLVMBasicBlockRef yes = llvm_new_block(e), no = llvm_new_block(e), done = llvm_new_block(e),
                      from[2];
    LLVMBuildCondBr(e->b, llvm_number(s->packs, s->branches.condition[branch]), yes, no);
    from[0] = emit_arm(s, 2 * branch + 1, yes, done, values);
    from[1] = emit_arm(s, 2 * branch, no, done, values + count);
    LLVMPositionBuilderAtEnd(e->b, done);
    for (int32_t n = 0, i = 0; n < e->k->nnodes; n++) {
        if (s->branches.branch[n] != branch)
            continue;
        LLVMValueRef both[] = {values[i], values[count + i]};
        e->value[n].at[0] = LLVMBuildPhi(e->b, LLVMTypeOf(both[0]), "");
        LLVMAddIncoming(e->value[n].at[0], both, from, 2);
        i++;
    }
    offer_nodes(s, s->branches.outer[branch]);
    free(values);
}

/* Is a step nothing but a function of the carries? A counted loop is over, then, once a step leaves
 * them as they were. */
static bool can_settle(const kernel_ir *k)
{
    bool pure = k->test < 0 && k->ncarries;
    for (int n = 0; n < k->nnodes && pure; n++)
        pure = k->nodes[n].kind == LOOP_CARRY || !changes_by_itself(k, &k->nodes[n]);
    for (int i = 0; i < k->nstores && pure; i++)
        pure = k->stores[i].last;
    return pure;
}

static void emit_node(sequence *s, int32_t n)
{
    emitter *e = s->e;
    if (s->branches.branch[n] >= 0) {
        emit_branch(s, s->branches.branch[n]);
        return;
    }
    int32_t count = 1;
    bool packed = llvm_in_pack(s->packs, n);
    const int32_t *members = packed ? llvm_pack_members(s->packs, n, &count) : &n;
    for (int32_t m = 0; m < count; m++)
        s->todo[members[m]] = false;
    for (int32_t m = 0; m < count; m++) {
        const loop_node *node = &e->k->nodes[members[m]];
        for (int i = 0; i < node->nin; i++)
            if (s->todo[node->in[i]])
                emit_node(s, node->in[i]);
    }
    if (packed)
        llvm_pack(s->packs, n);
    else if (s->packs)
        llvm_alone(s->packs, n);
    else
        llvm_node(e, n, e->shape.unroll);
}

static void emit_nodes(sequence *s, node_phase phase)
{
    emitter *e = s->e;
    for (int n = 0; n < e->k->nnodes; n++) {
        e->early[n] = false;
        s->todo[n] = s->phase[n] == phase;
    }
    offer_nodes(s, -1);
    for (int n = 0; n < e->k->nnodes; n++)
        if (s->todo[n] && s->branches.arm[n] < 0)
            emit_node(s, n);
}

static void emit_stores(sequence *s, bool last)
{
    emitter *e = s->e;
    for (int i = 0; i < e->k->nstores; i++) {
        const loop_store *store = &e->k->stores[i];
        if (store->last != last)
            continue;
        for (int u = 0; u < e->shape.unroll && (!u || store->access.stride[1]); u++)
            llvm_store(e, i,
                       s->packs ? llvm_number(s->packs, store->node) : e->value[store->node].at[u],
                       u);
    }
}

/* Does a lane of the unit go on? */
static LLVMValueRef any_lane(emitter *e, const lanes *test)
{
    LLVMValueRef any = NULL;
    for (int u = 0; u < e->shape.unroll; u++) {
        LLVMValueRef on = test->at[u];
        if (e->mask[u])
            on = LLVMBuildAnd(e->b, on, e->mask[u], "");
        any = any ? LLVMBuildOr(e->b, any, on, "") : on;
    }
    LLVMTypeRef word = LLVMIntTypeInContext(e->context, (unsigned)e->shape.width);
    return LLVMBuildICmp(e->b, LLVMIntNE, LLVMBuildBitCast(e->b, any, word, ""),
                         LLVMConstNull(word), "");
}

/* What the first step finds. */
static void start_carries(sequence *s)
{
    emitter *e = s->e;
    for (int n = 0; n < e->k->nnodes; n++) {
        int32_t in = e->k->nodes[n].in[0];
        if (e->k->nodes[n].kind != LOOP_CARRY || llvm_in_pack(s->packs, n))
            continue;
        e->value[n] = e->value[in];
        if (s->packs)
            e->value[n].at[0] = llvm_carried(s->packs, in);
    }
}

static void open_carries(sequence *s, LLVMBasicBlockRef before)
{
    emitter *e = s->e;
    for (int n = 0; n < e->k->nnodes; n++) {
        const loop_node *node = &e->k->nodes[n];
        if (node->kind != LOOP_CARRY || llvm_in_pack(s->packs, n))
            continue;
        for (int u = 0; u < e->shape.unroll; u++) {
            LLVMValueRef start = e->value[n].at[u], phi = LLVMBuildPhi(e->b, LLVMTypeOf(start), "");
            LLVMAddIncoming(phi, &start, &before, 1);
            e->value[n].at[u] = s->phis[node->number * MAX_UNROLL + u] = phi;
        }
    }
}

/* What the step leaves in the carries; lanes that stopped keep what they had. */
static void close_carries(sequence *s)
{
    emitter *e = s->e;
    const kernel_ir *k = e->k;
    bool apart = k->test >= 0 && e->places[k->test].lanes;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
    llvm_packs_close(s->packs, here);
    for (int c = 0; c < k->ncarries; c++)
        for (int u = 0; u < e->shape.unroll; u++) {
            LLVMValueRef phi = s->phis[c * MAX_UNROLL + u], next;
            if (!phi)
                continue;
            next = s->packs ? llvm_carried(s->packs, k->next[c]) : e->value[k->next[c]].at[u];
            if (apart)
                next = LLVMBuildSelect(e->b, e->value[k->test].at[u], next, phi, "");
            LLVMAddIncoming(phi, &next, &here, 1);
        }
}

static LLVMValueRef as_integers(emitter *e, LLVMValueRef v)
{
    LLVMTypeRef type = LLVMTypeOf(v);
    body_type to = type == e->vector[BODY_F32]   ? BODY_I32
                   : type == e->vector[BODY_F64] ? BODY_I64
                                                 : BODY_VOID;
    return to ? LLVMBuildBitCast(e->b, v, e->vector[to], "") : v;
}

/* Has the step changed a carry of a lane of the unit? */
static LLVMValueRef any_changed(sequence *s)
{
    emitter *e = s->e;
    lanes changed = {{NULL}};
    for (int c = 0; c < e->k->ncarries; c++)
        for (int u = 0; u < e->shape.unroll; u++) {
            LLVMValueRef phi = s->phis[c * MAX_UNROLL + u], one;
            if (!phi)
                continue;
            one = LLVMBuildICmp(e->b, LLVMIntNE, as_integers(e, e->value[e->k->next[c]].at[u]),
                                as_integers(e, phi), "");
            changed.at[u] = changed.at[u] ? LLVMBuildOr(e->b, changed.at[u], one, "") : one;
        }
    return any_lane(e, &changed);
}

/* Now and then, at the end of step t: leaves when the step changed nothing. */
static void leave_settled(sequence *s, LLVMValueRef t, LLVMBasicBlockRef exit)
{
    enum { EVERY = 4 };
    emitter *e = s->e;
    LLVMBasicBlockRef look = llvm_new_block(e), on = llvm_new_block(e);
    LLVMValueRef turn = LLVMBuildAnd(e->b, t, llvm_int(e, EVERY - 1), "");
    LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntEQ, turn, llvm_int(e, EVERY - 1), ""), look,
                    on);
    LLVMPositionBuilderAtEnd(e->b, look);
    LLVMBuildCondBr(e->b, any_changed(s), on, exit);
    LLVMPositionBuilderAtEnd(e->b, on);
}

static LLVMValueRef range_field(sequence *s, size_t offset)
{
    return llvm_bytes_on(s->e, s->range, llvm_int(s->e, (int64_t)offset));
}

static void note_more(sequence *s, LLVMValueRef any)
{
    emitter *e = s->e;
    LLVMBasicBlockRef more = llvm_new_block(e), done = llvm_new_block(e);
    LLVMBuildCondBr(e->b, any, more, done);
    LLVMPositionBuilderAtEnd(e->b, more);
    LLVMBuildStore(e->b, LLVMConstInt(e->scalar[BODY_I8], 1, false),
                   range_field(s, offsetof(sequence_range, more)));
    LLVMBuildBr(e->b, done);
    LLVMPositionBuilderAtEnd(e->b, done);
}

static bool emit_steps(sequence *s)
{
    emitter *e = s->e;
    emit_nodes(s, FIXED);
    llvm_packs_before(s->packs);
    start_carries(s);
    llvm_forget_forms(s->packs);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), header = llvm_new_block(e),
                      body = llvm_new_block(e), exit = llvm_new_block(e);
    LLVMBuildBr(e->b, header);
    LLVMPositionBuilderAtEnd(e->b, header);
    LLVMValueRef t = LLVMBuildPhi(e->b, e->i64, ""), any = NULL;
    LLVMAddIncoming(t, &s->first, &before, 1);
    open_carries(s, before);
    llvm_packs_open(s->packs, before);
    LLVMValueRef go = LLVMBuildICmp(e->b, LLVMIntSLT, t, s->last, "");
    if (e->k->test >= 0) {
        emit_nodes(s, TESTED);
        lanes test = e->value[e->k->test];
        if (s->packs)
            test.at[0] = llvm_number(s->packs, e->k->test);
        any = any_lane(e, &test);
        go = LLVMBuildAnd(e->b, go, any, "");
    }
    LLVMBuildCondBr(e->b, go, body, exit);
    LLVMPositionBuilderAtEnd(e->b, body);
    LLVMValueRef *here = llvm_save_addresses(e);
    if (!here)
        return false;
    llvm_advance(e, 0, t);
    emit_nodes(s, STEPPED);
    emit_stores(s, false);
    llvm_restore_addresses(e, here);
    if (s->settles)
        leave_settled(s, t, exit);
    close_carries(s);
    LLVMBasicBlockRef end = LLVMGetInsertBlock(e->b);
    LLVMValueRef next = LLVMBuildAdd(e->b, t, llvm_int(e, 1), "");
    LLVMAddIncoming(t, &next, &end, 1);
    LLVMBuildBr(e->b, header);
    LLVMPositionBuilderAtEnd(e->b, exit);
    llvm_forget_forms(s->packs);
    emit_stores(s, true);
    if (any && e->shape.units == 1)
        LLVMBuildStore(e->b, LLVMBuildSub(e->b, t, s->first, ""),
                       range_field(s, offsetof(sequence_range, done)));
    if (any)
        note_more(s, any);
    return true;
}

static void mask_lanes(emitter *e, LLVMValueRef first)
{
    int64_t n = e->k->extent[1];
    for (int u = 0; u < e->shape.unroll; u++)
        if (n % e->shape.block)
            e->mask[u] = llvm_lane_mask(
                e, LLVMBuildAdd(e->b, first, llvm_int(e, (int64_t)u * e->shape.width), ""),
                llvm_int(e, n));
}

static bool emit_unit(sequence *s, LLVMValueRef unit)
{
    emitter *e = s->e;
    LLVMValueRef first = LLVMBuildMul(e->b, unit, llvm_int(e, e->shape.block), ""),
                 *here = llvm_save_addresses(e);
    if (!here)
        return false;
    llvm_advance(e, 1, first);
    mask_lanes(e, first);
    bool ok = emit_steps(s);
    memset(e->mask, 0, sizeof e->mask);
    llvm_restore_addresses(e, here);
    return ok;
}

static bool emit_units(sequence *s)
{
    emitter *e = s->e;
    llvm_load_buffers(e);
    llvm_far_space(e);
    LLVMValueRef at = llvm_int(e, e->k->range * (int64_t)sizeof(void *));
    s->range = LLVMBuildLoad2(e->b, e->ptr, llvm_bytes_on(e, LLVMGetParam(e->function, 0), at), "");
    s->first = LLVMBuildLoad2(e->b, e->i64, range_field(s, offsetof(sequence_range, first)), "");
    s->last = LLVMBuildLoad2(e->b, e->i64, range_field(s, offsetof(sequence_range, last)), "");
    if (e->shape.units == 1)
        return emit_unit(s, llvm_int(e, 0));
    LLVMValueRef begin = LLVMGetParam(e->function, 1), end = LLVMGetParam(e->function, 2);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), header = llvm_new_block(e),
                      body = llvm_new_block(e), exit = llvm_new_block(e);
    LLVMBuildBr(e->b, header);
    LLVMPositionBuilderAtEnd(e->b, header);
    LLVMValueRef unit = LLVMBuildPhi(e->b, e->i64, "");
    LLVMAddIncoming(unit, &begin, &before, 1);
    LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, unit, end, ""), body, exit);
    LLVMPositionBuilderAtEnd(e->b, body);
    if (!emit_unit(s, unit))
        return false;
    LLVMValueRef next = LLVMBuildAdd(e->b, unit, llvm_int(e, 1), "");
    LLVMBasicBlockRef last = LLVMGetInsertBlock(e->b);
    LLVMAddIncoming(unit, &next, &last, 1);
    LLVMBuildBr(e->b, header);
    LLVMPositionBuilderAtEnd(e->b, exit);
    return true;
}

bool llvm_sequence(emitter *e)
{
    size_t nodes = (size_t)e->k->nnodes;
    sequence s = {.e = e,
                  .phase = calloc(nodes, sizeof *s.phase),
                  .todo = calloc(nodes, sizeof *s.todo),
                  .phis = calloc((size_t)e->k->ncarries * MAX_UNROLL + 1, sizeof *s.phis)};
    s.ok = s.phase && s.todo && s.phis;
    if (s.ok) {
        sort_nodes(&s);
        s.ok =
            llvm_packing(e, s.phase, &s.packs) && llvm_branches(e, s.phase, s.packs, &s.branches);
        s.settles = !s.packs && can_settle(e->k);
        e->lone = s.packs;
        s.ok = s.ok && emit_units(&s) && s.ok;
    }
    llvm_branches_free(&s.branches);
    llvm_packing_free(s.packs);
    free(s.phase), free(s.todo), free(s.phis);
    return s.ok;
}
