/* Clones a scalar body's instructions at vector width. The tables come from decode.c; kernel.c asks
 * for bodies one node at a time. */
#include "compile/llvm/llvm.h"

LLVMValueRef llvm_int(emitter *e, int64_t value)
{
    return LLVMConstInt(e->i64, (unsigned long long)value, true);
}

LLVMBasicBlockRef llvm_new_block(emitter *e)
{
    return LLVMAppendBasicBlockInContext(e->context, e->function, "");
}

static LLVMValueRef scalar_constant(emitter *e, body_type type, uint64_t bits)
{
    if (type == BODY_F32) {
        LLVMValueRef pattern = LLVMConstInt(e->i32, bits & 0xffffffffu, false);
        return LLVMConstBitCast(pattern, e->scalar[BODY_F32]);
    }
    if (type == BODY_F64)
        return LLVMConstBitCast(LLVMConstInt(e->i64, bits, false), e->scalar[BODY_F64]);
    return LLVMConstInt(e->scalar[type], bits, false);
}

LLVMValueRef llvm_splat_bits(emitter *e, body_type type, uint64_t bits)
{
    LLVMValueRef scalar = scalar_constant(e, type, bits), all[64];
    for (int i = 0; i < e->shape.width; i++)
        all[i] = scalar;
    if (e->shape.width == 1)
        return scalar;
    return LLVMConstVector(all, (unsigned)e->shape.width);
}

LLVMValueRef llvm_splat(emitter *e, LLVMValueRef scalar, body_type type)
{
    if (e->shape.width == 1)
        return scalar;
    LLVMValueRef first = LLVMBuildInsertElement(e->b, LLVMGetPoison(e->vector[type]), scalar,
                                                LLVMConstInt(e->i32, 0, false), "");
    return LLVMBuildShuffleVector(e->b, first, LLVMGetPoison(e->vector[type]),
                                  LLVMConstNull(LLVMVectorType(e->i32, (unsigned)e->shape.width)),
                                  "");
}

static LLVMValueRef constant(emitter *e, int index, bool immediate)
{
    const body_constant *c = &body_constants[index];
    if (c->poison)
        return LLVMGetPoison(e->vector[c->type]);
    return immediate ? scalar_constant(e, (body_type)c->type, c->bits)
                     : llvm_splat_bits(e, (body_type)c->type, c->bits);
}

static body_type value_type(const body_code *code, int operand)
{
    if (operand < 0)
        return (body_type)body_constants[~operand].type;
    return (body_type)(operand < code->nargs
                           ? body_names[code - body_codes].args[operand]
                           : body_instructions[code->first + operand - code->nargs].type);
}

/* Converting intrinsics are overloaded on result and operand, all others on the operand alone. */
static LLVMValueRef intrinsic(emitter *e, const body_code *code, const body_instruction *i)
{
    const body_intrinsic *named = &body_intrinsics[i->intrinsic];
    body_type operand = value_type(code, i->in[0]);
    int width = __builtin_ctz((unsigned)e->shape.width);
    LLVMValueRef *slot = &e->intrinsics[width][i->intrinsic][i->type][operand];
    if (*slot)
        return *slot;
    unsigned id = LLVMLookupIntrinsicID(named->name, strlen(named->name));
    LLVMTypeRef types[2] = {e->vector[i->type], e->vector[operand]};
    bool converting = strstr(named->name, ".sat") && !strncmp(named->name, "llvm.fpto", 9);
    if (!strcmp(named->name, "llvm.is.fpclass"))
        types[0] = types[1];
    return *slot = LLVMGetIntrinsicDeclaration(e->module, id, types, converting ? 2 : 1);
}

static bool is_zero_vector(LLVMValueRef v) { return LLVMIsConstant(v) && LLVMIsNull(v); }

/* The i1 vector whose zero-extension v is; NULL when it is none. */
static LLVMValueRef extended_bool(emitter *e, LLVMValueRef v)
{
    if (!LLVMIsAInstruction(v) || LLVMGetInstructionOpcode(v) != LLVMZExt)
        return NULL;
    LLVMValueRef from = LLVMGetOperand(v, 0);
    return LLVMTypeOf(from) == e->vector[BODY_I1] ? from : NULL;
}

static LLVMValueRef clone(emitter *e, const body_code *code, const body_instruction *i,
                          LLVMValueRef *in)
{
    LLVMTypeRef type = e->vector[i->type];
    switch ((LLVMOpcode)i->opcode) {
    case LLVMFNeg:
        return LLVMBuildFNeg(e->b, in[0], "");
    case LLVMFreeze:
        return LLVMBuildFreeze(e->b, in[0], "");
    case LLVMSelect:
        return LLVMBuildSelect(e->b, in[0], in[1], in[2], "");
    case LLVMICmp: {
        LLVMValueRef known =
            i->predicate == LLVMIntNE && is_zero_vector(in[1]) ? extended_bool(e, in[0]) : NULL;
        return known ? known
                     : LLVMBuildICmp(e->b, (LLVMIntPredicate)i->predicate, in[0], in[1], "");
    }
    case LLVMFCmp:
        return LLVMBuildFCmp(e->b, (LLVMRealPredicate)i->predicate, in[0], in[1], "");
    case LLVMCall: {
        LLVMValueRef callee = intrinsic(e, code, i);
        return LLVMBuildCall2(e->b, LLVMGlobalGetValueType(callee), callee, in, i->nin, "");
    }
    case LLVMTrunc:
    case LLVMZExt:
    case LLVMSExt:
    case LLVMFPToUI:
    case LLVMFPToSI:
    case LLVMUIToFP:
    case LLVMSIToFP:
    case LLVMFPTrunc:
    case LLVMFPExt:
    case LLVMBitCast: {
        LLVMValueRef known =
            i->opcode == LLVMTrunc && i->type == BODY_I1 ? extended_bool(e, in[0]) : NULL;
        return known ? known : LLVMBuildCast(e->b, (LLVMOpcode)i->opcode, in[0], type, "");
    }
    default: /* binary operations */
        return LLVMBuildBinOp(e->b, (LLVMOpcode)i->opcode, in[0], in[1], "");
    }
}

void llvm_body(emitter *e, int number, int live, const lanes *args, lanes results[2])
{
    const body_code *code = &body_codes[number];
    lanes values[4096];
    for (int a = 0; a < code->nargs; a++)
        values[a] = args[a];
    for (int n = 0; n < code->count; n++) {
        const body_instruction *i = &body_instructions[code->first + n];
        uint8_t immediates = i->intrinsic >= 0 ? body_intrinsics[i->intrinsic].scalar_operands : 0;
        LLVMValueRef constants[4] = {NULL, NULL, NULL, NULL};
        for (int k = 0; k < i->nin; k++)
            if (i->in[k] < 0)
                constants[k] = constant(e, ~i->in[k], immediates >> k & 1);
        for (int u = 0; u < live; u++) {
            LLVMValueRef in[4];
            for (int k = 0; k < i->nin; k++)
                in[k] = constants[k] ? constants[k] : values[i->in[k]].at[u];
            values[code->nargs + n].at[u] = clone(e, code, i, in);
        }
    }
    for (int r = 0; r < code->nresults; r++) {
        int v = code->result_values[r];
        for (int u = 0; u < live; u++)
            results[r].at[u] = v < 0 ? constant(e, ~v, false) : values[v].at[u];
    }
}
