/* Arguments that a body does not take (kernel/far.h): the kernel tests for them after the body, and
 * where a vector holds one it hands argument and result, through the stack, to a function whose
 * address every kernel is given. */
#include "compile/llvm/llvm.h"

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

void llvm_far_space(emitter *e)
{
    bool any = false;
    for (int n = 0; n < e->k->nnodes; n++)
        any |= far_number(&e->k->nodes[n]) >= 0;
    if (!any)
        return;
    for (int i = 0; i <= MAX_FAR; i++) {
        LLVMTypeRef room =
            LLVMArrayType2(e->scalar[BODY_F64], (uint64_t)(e->shape.width * MAX_UNROLL));
        e->far_space[i] = LLVMBuildAlloca(e->b, room, "");
        LLVMSetAlignment(e->far_space[i], 64);
    }
}

static LLVMValueRef place(emitter *e, int i, int u, int64_t itemsize)
{
    LLVMValueRef bytes = llvm_int(e, u * e->shape.width * itemsize);
    return LLVMBuildGEP2(e->b, e->scalar[BODY_I8], e->far_space[i], &bytes, 1, "");
}

static LLVMValueRef any_far(emitter *e, bool wide, int live, const lanes *x)
{
    body_type bits = wide ? BODY_I64 : BODY_I32;
    LLVMValueRef magnitude = llvm_splat_bits(e, bits, wide ? INT64_MAX : INT32_MAX);
    LLVMValueRef limit = llvm_splat_bits(e, bits, wide ? FAR_LIMIT_F64 : FAR_LIMIT_F32), any = NULL;
    for (int u = 0; u < live; u++) {
        LLVMValueRef size = LLVMBuildAnd(
            e->b, LLVMBuildBitCast(e->b, x->at[u], e->vector[bits], ""), magnitude, "");
        LLVMValueRef far = LLVMBuildICmp(e->b, LLVMIntUGT, size, limit, "");
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

static void exact_results(emitter *e, int count, const int *like, int live,
                          LLVMBasicBlockRef before, LLVMBasicBlockRef done)
{
    const loop_node *node = &e->k->nodes[like[0]];
    const lanes *x = &e->value[node->in[0]];
    int64_t size = node->dtype == CT_FLOAT64 ? 8 : 4;
    for (int u = 0; u < live; u++) {
        LLVMBuildStore(e->b, x->at[u], place(e, 0, u, size));
        for (int i = 0; i < count; i++)
            LLVMBuildStore(e->b, e->value[like[i]].at[u], place(e, 1 + i, u, size));
    }
    for (int i = 0; i < count; i++)
        call_far(e, far_number(&e->k->nodes[like[i]]), live, i);
    lanes exact[MAX_FAR];
    for (int i = 0; i < count; i++)
        for (int u = 0; u < live; u++)
            exact[i].at[u] =
                LLVMBuildLoad2(e->b, LLVMTypeOf(x->at[u]), place(e, 1 + i, u, size), "");
    LLVMBasicBlockRef slow = LLVMGetInsertBlock(e->b);
    LLVMBuildBr(e->b, done);
    LLVMPositionBuilderAtEnd(e->b, done);
    for (int i = 0; i < count; i++)
        for (int u = 0; u < live; u++) {
            LLVMValueRef *y = &e->value[like[i]].at[u],
                         either = LLVMBuildPhi(e->b, LLVMTypeOf(*y), "");
            LLVMAddIncoming(either, (LLVMValueRef[]){*y, exact[i].at[u]},
                            (LLVMBasicBlockRef[]){before, slow}, 2);
            *y = either;
        }
}

bool llvm_far(emitter *e, int n, int live)
{
    const loop_node *node = &e->k->nodes[n];
    if (far_number(node) < 0)
        return false;
    int like[MAX_FAR], count = find_like(e, n, like);
    const lanes *x = &e->value[node->in[0]];
    for (int i = 0; i < count; i++) {
        lanes results[2];
        llvm_body(e, e->k->nodes[like[i]].number, live, x, results);
        e->value[like[i]] = results[0];
        e->early[like[i]] = true;
    }
    LLVMValueRef any = any_far(e, node->dtype == CT_FLOAT64, live, x);
    LLVMBasicBlockRef slow = LLVMAppendBasicBlockInContext(e->context, e->function, "");
    LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(e->context, e->function, "");
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b);
    LLVMBuildCondBr(e->b, any, slow, done);
    LLVMPositionBuilderAtEnd(e->b, slow);
    exact_results(e, count, like, live, before, done);
    return true;
}
