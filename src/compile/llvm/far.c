/* Arguments that a body does not take (kernel/far.h): the kernel tests for them after the body, and where a vector
 * holds one it hands argument and result, through the stack, to a function whose address every kernel is given. */
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
    for (int i = 0; i < 2; i++) {
        LLVMTypeRef room = LLVMArrayType2(e->scalar[BODY_F64], (uint64_t)(e->shape.width * MAX_UNROLL));
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
        LLVMValueRef size = LLVMBuildAnd(e->b, LLVMBuildBitCast(e->b, x->at[u], e->vector[bits], ""), magnitude, "");
        LLVMValueRef far = LLVMBuildICmp(e->b, LLVMIntUGT, size, limit, "");
        any = any ? LLVMBuildOr(e->b, any, far, "") : far;
    }
    LLVMTypeRef word = LLVMIntTypeInContext(e->context, (unsigned)e->shape.width);
    return LLVMBuildICmp(e->b, LLVMIntNE, LLVMBuildBitCast(e->b, any, word, ""), LLVMConstNull(word), "");
}

static void call_far(emitter *e, int which, int live)
{
    LLVMTypeRef types[] = {e->i32, e->i64, e->ptr, e->ptr};
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, 4, false);
    LLVMValueRef args[] = {LLVMConstInt(e->i32, (unsigned long long)which, false),
                           llvm_int(e, live * (int64_t)e->shape.width), e->far_space[1], e->far_space[0]};
    LLVMBuildCall2(e->b, type, LLVMGetParam(e->function, 3), args, 4, "");
}

void llvm_far(emitter *e, const loop_node *node, int live, const lanes *x, lanes *y)
{
    int which = far_number(node), wide = node->dtype == CT_FLOAT64;
    if (which < 0)
        return;
    int64_t size = wide ? 8 : 4;
    LLVMTypeRef type = e->vector[wide ? BODY_F64 : BODY_F32];
    LLVMBasicBlockRef slow = LLVMAppendBasicBlockInContext(e->context, e->function, "");
    LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(e->context, e->function, "");
    LLVMValueRef any = any_far(e, wide, live, x);
    LLVMBasicBlockRef blocks[] = {LLVMGetInsertBlock(e->b), slow};
    LLVMBuildCondBr(e->b, any, slow, done);
    LLVMPositionBuilderAtEnd(e->b, slow);
    for (int u = 0; u < live; u++) {
        LLVMBuildStore(e->b, x->at[u], place(e, 0, u, size));
        LLVMBuildStore(e->b, y->at[u], place(e, 1, u, size));
    }
    call_far(e, which, live);
    LLVMValueRef exact[MAX_UNROLL];
    for (int u = 0; u < live; u++)
        exact[u] = LLVMBuildLoad2(e->b, type, place(e, 1, u, size), "");
    LLVMBuildBr(e->b, done);
    LLVMPositionBuilderAtEnd(e->b, done);
    for (int u = 0; u < live; u++) {
        LLVMValueRef either = LLVMBuildPhi(e->b, type, "");
        LLVMAddIncoming(either, (LLVMValueRef[]){y->at[u], exact[u]}, blocks, 2);
        y->at[u] = either;
    }
}
