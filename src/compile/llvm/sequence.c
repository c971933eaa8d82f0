/* Writes the inside of a sequence: for each unit, a block of lanes, the steps of time as one loop
 * whose carries are in registers. What no step changes is computed before it; the test at its head.
 */
#include "compile/llvm/llvm.h"

#include <stddef.h>
#include <stdlib.h>

typedef struct sequence {
    emitter *e;
    bool *moving, *tested; /* of each node: changes from step to step; the test needs it */
    LLVMValueRef *phis;    /* of each carry, MAX_UNROLL each */
    LLVMValueRef range, first, last;
} sequence;

/* Is it stored to from step to step? */
static bool is_written(const kernel_ir *k, int32_t buffer)
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
               is_written(k, k->accesses[node->number].buffer);
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
        s->moving[n] = changes_by_itself(k, node);
        for (int i = 0; i < node->nin; i++)
            s->moving[n] |= s->moving[node->in[i]];
        s->tested[n] = n == k->test;
    }
    for (int n = k->nnodes; n-- > 0;)
        for (int i = 0; s->tested[n] && i < k->nodes[n].nin; i++)
            s->tested[k->nodes[n].in[i]] |= k->nodes[n].kind != LOOP_CARRY;
}

/* Those that change or not, and that the test needs or not; carries have their values. */
static void emit_nodes(sequence *s, bool moving, bool tested)
{
    emitter *e = s->e;
    int live = e->shape.unroll;
    for (int n = 0; n < e->k->nnodes; n++) {
        e->early[n] = false;
        e->wanted[n] = s->moving[n] == moving && (!moving || s->tested[n] == tested) &&
                       e->k->nodes[n].kind != LOOP_CARRY;
    }
    for (int n = 0; n < e->k->nnodes; n++)
        if (e->wanted[n])
            llvm_node(e, n, live);
}

static void emit_stores(emitter *e, bool last)
{
    for (int s = 0; s < e->k->nstores; s++)
        for (int u = 0; u < e->shape.unroll && e->k->stores[s].last == last; u++)
            if (!u || e->k->stores[s].access.stride[1])
                llvm_store(e, s, e->value[e->k->stores[s].node].at[u], u);
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

static LLVMBasicBlockRef new_block(emitter *e)
{
    return LLVMAppendBasicBlockInContext(e->context, e->function, "");
}

static void open_carries(sequence *s, LLVMBasicBlockRef before)
{
    emitter *e = s->e;
    for (int n = 0; n < e->k->nnodes; n++) {
        const loop_node *node = &e->k->nodes[n];
        if (node->kind != LOOP_CARRY)
            continue;
        for (int u = 0; u < e->shape.unroll; u++) {
            LLVMValueRef start = e->value[node->in[0]].at[u],
                         phi = LLVMBuildPhi(e->b, LLVMTypeOf(start), "");
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
    for (int c = 0; c < k->ncarries; c++)
        for (int u = 0; u < e->shape.unroll; u++) {
            LLVMValueRef phi = s->phis[c * MAX_UNROLL + u], next = e->value[k->next[c]].at[u];
            if (!phi)
                continue;
            if (apart)
                next = LLVMBuildSelect(e->b, e->value[k->test].at[u], next, phi, "");
            LLVMAddIncoming(phi, &next, &here, 1);
        }
}

static LLVMValueRef range_field(sequence *s, size_t offset)
{
    return llvm_bytes_on(s->e, s->range, llvm_int(s->e, (int64_t)offset));
}

static void note_more(sequence *s, LLVMValueRef any)
{
    emitter *e = s->e;
    LLVMBasicBlockRef more = new_block(e), done = new_block(e);
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
    emit_nodes(s, false, false);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), header = new_block(e), body = new_block(e),
                      exit = new_block(e);
    LLVMBuildBr(e->b, header);
    LLVMPositionBuilderAtEnd(e->b, header);
    LLVMValueRef t = LLVMBuildPhi(e->b, e->i64, ""), any = NULL;
    LLVMAddIncoming(t, &s->first, &before, 1);
    open_carries(s, before);
    LLVMValueRef go = LLVMBuildICmp(e->b, LLVMIntSLT, t, s->last, "");
    if (e->k->test >= 0) {
        emit_nodes(s, true, true);
        any = any_lane(e, &e->value[e->k->test]);
        go = LLVMBuildAnd(e->b, go, any, "");
    }
    LLVMBuildCondBr(e->b, go, body, exit);
    LLVMPositionBuilderAtEnd(e->b, body);
    LLVMValueRef *here = llvm_save_addresses(e);
    if (!here)
        return false;
    llvm_advance(e, 0, t);
    emit_nodes(s, true, false);
    emit_stores(e, false);
    llvm_restore_addresses(e, here);
    close_carries(s);
    LLVMBasicBlockRef end = LLVMGetInsertBlock(e->b);
    LLVMValueRef next = LLVMBuildAdd(e->b, t, llvm_int(e, 1), "");
    LLVMAddIncoming(t, &next, &end, 1);
    LLVMBuildBr(e->b, header);
    LLVMPositionBuilderAtEnd(e->b, exit);
    emit_stores(e, true);
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
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), header = new_block(e), body = new_block(e),
                      exit = new_block(e);
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
    sequence s = {.e = e,
                  .moving = calloc((size_t)e->k->nnodes, sizeof *s.moving),
                  .tested = calloc((size_t)e->k->nnodes, sizeof *s.tested),
                  .phis = calloc((size_t)e->k->ncarries * MAX_UNROLL + 1, sizeof *s.phis)};
    bool ok = s.moving && s.tested && s.phis;
    if (ok) {
        sort_nodes(&s);
        ok = emit_units(&s);
    }
    free(s.moving), free(s.tested), free(s.phis);
    return ok;
}
