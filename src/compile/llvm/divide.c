/* Division of single integers by the processor's own instruction, or by a constant's multiple,
 * where the bodies, which are written for vectors, go through floats (kernel/bodies_arithmetic.c,
 * whose rules hold: x / 0 is all ones, x rem 0 is x, quotients truncate and wrap). */
#include "compile/llvm/llvm.h"

typedef struct division {
    bool rest, has_sign;
    int bits;
} division;

static bool is_division(const loop_node *node, division *d)
{
    static const char *const kinds[] = {"div_i", "div_u", "rem_i", "rem_u"};
    const char *name = node->kind == LOOP_BODY ? body_names[node->number].name : "";
    for (int i = 0; i < 4; i++)
        if (!strncmp(name, kinds[i], 5) && strchr("1368", name[5])) {
            *d = (division){i >= 2, !(i & 1), 8 * loop_itemsize(node->dtype)};
            return true;
        }
    return false;
}

static LLVMValueRef equals(emitter *e, LLVMValueRef x, uint64_t value)
{
    return LLVMBuildICmp(e->b, LLVMIntEQ, x, LLVMConstInt(LLVMTypeOf(x), value, true), "");
}

bool llvm_divide(emitter *e, int n)
{
    const loop_node *node = &e->k->nodes[n];
    division d;
    if (e->shape.width > 1 || !is_division(node, &d))
        return false;
    LLVMValueRef x = e->value[node->in[0]].at[0], y = e->value[node->in[1]].at[0],
                 zero = equals(e, y, 0), unsafe = zero, one = LLVMConstInt(LLVMTypeOf(x), 1, false),
                 q;
    if (d.has_sign) {
        LLVMValueRef wraps = equals(e, y, (uint64_t)-1);
        if (!d.rest)
            wraps = LLVMBuildAnd(e->b, wraps, equals(e, x, 1ull << (d.bits - 1)), "");
        unsafe = LLVMBuildOr(e->b, zero, wraps, "");
    }
    LLVMValueRef by = LLVMBuildSelect(e->b, unsafe, one, y, "");
    LLVMOpcode code =
        d.rest ? (d.has_sign ? LLVMSRem : LLVMURem) : (d.has_sign ? LLVMSDiv : LLVMUDiv);
    q = LLVMBuildBinOp(e->b, code, x, by, "");
    LLVMValueRef of_zero = d.rest ? x : LLVMConstAllOnes(LLVMTypeOf(x));
    e->value[n].at[0] = LLVMBuildSelect(e->b, zero, of_zero, q, "");
    return true;
}
