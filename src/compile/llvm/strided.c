/* Lanes that lie a few elements apart: whole vectors and shuffles instead of a gather or a scatter.
 * Lane l of a vector of W lanes lies at element l * step; so its elements span `step` vectors of
 * memory, of which the last is read and written up to the last lane's element only. */
#include "compile/llvm/llvm.h"

/* Beyond that a gather, or a scatter, is as fast. */
enum { MOST_LOADED = 10, MOST_STORED = 4, LEAST_BYTES = 4, LEAST_WIDTH = 4 };

bool llvm_is_strided(const emitter *e, int64_t size, int64_t step, bool stored)
{
    int most = stored ? MOST_STORED : MOST_LOADED;
    return (step == -1 || (step > 1 && step <= most)) && size >= LEAST_BYTES &&
           e->shape.width >= LEAST_WIDTH;
}

static LLVMValueRef shuffle(emitter *e, LLVMValueRef x, LLVMValueRef y, const int *from)
{
    LLVMValueRef order[64];
    for (int l = 0; l < e->shape.width; l++)
        order[l] = from[l] < 0 ? LLVMGetPoison(e->i32)
                               : LLVMConstInt(e->i32, (unsigned long long)from[l], false);
    return LLVMBuildShuffleVector(e->b, x, y, LLVMConstVector(order, (unsigned)e->shape.width), "");
}

static LLVMValueRef part_address(emitter *e, LLVMValueRef base, int part, int64_t size)
{
    return part ? llvm_bytes_on(e, base, llvm_int(e, part * e->shape.width * size)) : base;
}

static LLVMValueRef reversed(emitter *e, LLVMValueRef v)
{
    int from[64];
    for (int l = 0; l < e->shape.width; l++)
        from[l] = e->shape.width - 1 - l;
    return shuffle(e, v, LLVMGetPoison(LLVMTypeOf(v)), from);
}

static LLVMValueRef backwards(emitter *e, LLVMValueRef base, int64_t size)
{
    return llvm_bytes_on(e, base, llvm_int(e, -(e->shape.width - 1) * size));
}

/* Lanes of part `part` of the memory that belong to the vector. */
static LLVMValueRef own_lanes(emitter *e, int part, int64_t step)
{
    int width = e->shape.width;
    LLVMValueRef own[64];
    for (int i = 0; i < width; i++)
        own[i] = LLVMConstInt(e->i1, (part * width + i) % step == 0, false);
    return LLVMConstVector(own, (unsigned)width);
}

LLVMValueRef llvm_load_strided(emitter *e, LLVMTypeRef type, LLVMValueRef base, int64_t size,
                               int64_t step)
{
    int width = e->shape.width, from[64];
    if (step == -1)
        return reversed(e, llvm_load_masked(e, type, backwards(e, base, size), size, NULL));
    LLVMValueRef all = LLVMGetPoison(type);
    for (int part = 0; part < step; part++) {
        LLVMValueRef own = part + 1 < step ? NULL : own_lanes(e, part, step),
                     v = llvm_load_masked(e, type, part_address(e, base, part, size), size, own);
        for (int l = 0; l < width; l++) {
            int64_t at = l * step - (int64_t)part * width;
            from[l] = at < 0 ? l : at < width ? width + (int)at : -1;
        }
        all = shuffle(e, all, v, from);
    }
    return all;
}

void llvm_store_strided(emitter *e, LLVMValueRef v, LLVMValueRef base, int64_t size, int64_t step)
{
    int width = e->shape.width, from[64];
    if (step == -1) {
        llvm_store_masked(e, reversed(e, v), backwards(e, base, size), size, NULL);
        return;
    }
    for (int part = 0; part < step; part++) {
        for (int i = 0; i < width; i++) {
            int64_t at = (int64_t)part * width + i;
            from[i] = at % step ? -1 : (int)(at / step);
        }
        llvm_store_masked(e, shuffle(e, v, LLVMGetPoison(LLVMTypeOf(v)), from),
                          part_address(e, base, part, size), size, own_lanes(e, part, step));
    }
}
