/* Arguments that a body does not take (kernel/far.h): the kernel tests for them after the body, and
 * where a vector holds one it hands argument and result, through the stack, to a function whose
 * address every kernel is given. */
#include "compile/llvm/llvm.h"

#include <stdio.h>

#include "kernel/far.h"

static int far_number(const loop_node *node)
{
#define FAR_NAMES(P) #P "_f32", #P "_f64",
    static const char *const names[] = {FAR_FUNCTIONS(FAR_NAMES)};
    for (int i = 0; node->kind == LOOP_BODY && i < FAR_COUNT; i++)
        if (!strcmp(names[i], body_names[node->number].name))
            return i;
    return -1;
}

/* The same function's body of arguments that need no reduction. */
static int near_body(const loop_node *node)
{
    char name[32];
    const char *own = body_names[node->number].name, *dtype = strrchr(own, '_');
    snprintf(name, sizeof name, "%.*s_near%s", (int)(dtype - own), own, dtype);
    for (int b = node->number; b < body_count; b++)
        if (!strcmp(body_names[b].name, name))
            return b;
    return node->number;
}

void llvm_far_space(emitter *e)
{
    bool any = false;
    for (int n = 0; n < e->k->nnodes; n++)
        any |= far_number(&e->k->nodes[n]) >= 0;
    if (!any)
        return;
    enum { LONGEST = 16 }; /* lanes of a pack */
    int own = e->shape.width * MAX_UNROLL;
    for (int i = 0; i <= MAX_FAR; i++) {
        LLVMTypeRef room =
            LLVMArrayType2(e->scalar[BODY_F64], (uint64_t)(own > LONGEST ? own : LONGEST));
        e->far_space[i] = LLVMBuildAlloca(e->b, room, "");
        LLVMSetAlignment(e->far_space[i], 64);
    }
}

static LLVMValueRef place(emitter *e, int i, int u, int64_t itemsize)
{
    LLVMValueRef bytes = llvm_int(e, u * e->shape.width * itemsize);
    return LLVMBuildGEP2(e->b, e->scalar[BODY_I8], e->far_space[i], &bytes, 1, "");
}

/* Is an argument in a lane larger than that of these bits? */
static LLVMValueRef any_beyond(emitter *e, bool wide, uint64_t limit, int live, const lanes *x)
{
    body_type bits = wide ? BODY_I64 : BODY_I32;
    LLVMValueRef magnitude = llvm_splat_bits(e, bits, wide ? INT64_MAX : INT32_MAX);
    LLVMValueRef most = llvm_splat_bits(e, bits, limit), any = NULL;
    for (int u = 0; u < live; u++) {
        LLVMValueRef size = LLVMBuildAnd(
            e->b, LLVMBuildBitCast(e->b, x->at[u], e->vector[bits], ""), magnitude, "");
        LLVMValueRef far = LLVMBuildICmp(e->b, LLVMIntUGT, size, most, "");
        any = any ? LLVMBuildOr(e->b, any, far, "") : far;
    }
    LLVMTypeRef word = LLVMIntTypeInContext(e->context, (unsigned)e->shape.width);
    return LLVMBuildICmp(e->b, LLVMIntNE, LLVMBuildBitCast(e->b, any, word, ""),
                         LLVMConstNull(word), "");
}

static void call_far(emitter *e, int which, int live, int result)
{
    LLVMTypeRef types[] = {e->i32, e->i64, e->ptr, e->ptr};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, 4, false);
    LLVMValueRef args[] = {LLVMConstInt(e->i32, (unsigned long long)which, false),
                           llvm_int(e, live * (int64_t)e->shape.width), e->far_space[1 + result],
                           e->far_space[0]};
    LLVMBuildCall2(e->b, type, LLVMGetParam(e->function, 3), args, 4, "");
}

/* Functions of one argument are computed together: one test serves them, and what their bodies
 * share (the reduction of the argument) is in one block, where the code generator sees it. */
static int find_like(emitter *e, int n, int like[MAX_FAR])
{
    const loop_node *nodes = e->k->nodes;
    int count = 0;
    for (int m = n; m < e->k->nnodes && count < MAX_FAR; m++)
        if (e->wanted[m] && far_number(&nodes[m]) >= 0 && nodes[m].in[0] == nodes[n].in[0])
            like[count++] = m;
    return count;
}

/* Either of two sets of values, at the block where their ends meet. */
static void join(emitter *e, int count, const int *like, int live, const lanes *x,
                 LLVMBasicBlockRef from_x, const lanes *y, LLVMBasicBlockRef from_y)
{
    for (int i = 0; i < count; i++)
        for (int u = 0; u < live; u++) {
            LLVMValueRef both[] = {x[i].at[u], y[i].at[u]},
                         either = LLVMBuildPhi(e->b, LLVMTypeOf(both[0]), "");
            LLVMAddIncoming(either, both, (LLVMBasicBlockRef[]){from_x, from_y}, 2);
            e->value[like[i]].at[u] = either;
        }
}

static void apply_bodies(emitter *e, int count, const int *like, int live, bool near, lanes *out)
{
    for (int i = 0; i < count; i++) {
        const loop_node *node = &e->k->nodes[like[i]];
        lanes results[2];
        llvm_body(e, near ? near_body(node) : node->number, live, &e->value[node->in[0]], results);
        out[i] = results[0];
    }
}

/* Bodies, and the C library where they do not take all arguments. */
static void far_results(emitter *e, int count, const int *like, int live)
{
    const loop_node *node = &e->k->nodes[like[0]];
    const lanes *x = &e->value[node->in[0]];
    bool wide = node->dtype == CT_FLOAT64;
    int64_t size = wide ? 8 : 4;
    lanes inside[MAX_FAR], exact[MAX_FAR];
    apply_bodies(e, count, like, live, false, inside);
    LLVMValueRef any = any_beyond(e, wide, wide ? FAR_LIMIT_F64 : FAR_LIMIT_F32, live, x);
    LLVMBasicBlockRef slow = llvm_new_block(e), done = llvm_new_block(e),
                      before = LLVMGetInsertBlock(e->b);
    LLVMBuildCondBr(e->b, any, slow, done);
    LLVMPositionBuilderAtEnd(e->b, slow);
    for (int u = 0; u < live; u++) {
        LLVMBuildStore(e->b, x->at[u], place(e, 0, u, size));
        for (int i = 0; i < count; i++)
            LLVMBuildStore(e->b, inside[i].at[u], place(e, 1 + i, u, size));
    }
    for (int i = 0; i < count; i++)
        call_far(e, far_number(&e->k->nodes[like[i]]), live, i);
    for (int i = 0; i < count; i++)
        for (int u = 0; u < live; u++)
            exact[i].at[u] =
                LLVMBuildLoad2(e->b, LLVMTypeOf(x->at[u]), place(e, 1 + i, u, size), "");
    LLVMBuildBr(e->b, done);
    LLVMPositionBuilderAtEnd(e->b, done);
    join(e, count, like, live, inside, before, exact, slow);
}

/* Where a step waits for its values, arguments that need no reduction go without: the processor
 * foresees which way it is. */
static void lone_results(emitter *e, int count, const int *like, int live)
{
    const loop_node *node = &e->k->nodes[like[0]];
    bool wide = node->dtype == CT_FLOAT64;
    LLVMValueRef any =
        any_beyond(e, wide, wide ? NEAR_LIMIT_F64 : NEAR_LIMIT_F32, live, &e->value[node->in[0]]);
    LLVMBasicBlockRef near = llvm_new_block(e), other = llvm_new_block(e);
    lanes results[MAX_FAR], others[MAX_FAR];
    LLVMBuildCondBr(e->b, any, other, near);
    LLVMPositionBuilderAtEnd(e->b, other);
    far_results(e, count, like, live);
    for (int i = 0; i < count; i++)
        others[i] = e->value[like[i]];
    LLVMBasicBlockRef last = LLVMGetInsertBlock(e->b), done = llvm_new_block(e);
    LLVMBuildBr(e->b, done);
    LLVMPositionBuilderAtEnd(e->b, near);
    apply_bodies(e, count, like, live, true, results);
    LLVMBuildBr(e->b, done);
    LLVMPositionBuilderAtEnd(e->b, done);
    join(e, count, like, live, results, near, others, last);
}

bool llvm_far(emitter *e, int n, int live)
{
    if (far_number(&e->k->nodes[n]) < 0)
        return false;
    int like[MAX_FAR] = {n}, count = find_like(e, n, like);
    (e->lone ? lone_results : far_results)(e, count, like, live);
    for (int i = 0; i < count; i++)
        e->early[like[i]] = true;
    return true;
}
