/* Lanes that lie a few elements apart: whole vectors and shuffles instead of a gather or a scatter.
 * Lane l of a vector of W lanes lies at element l * step; so its elements span `step` vectors of
 * memory, of which none is touched beyond the last live lane's element. What lies beside it in the
 * same places (the other part of a complex number, the other columns of narrow rows) is read and
 * written with it. */
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

/* Which elements of part `part` of the memory are `beside` or fewer behind a lane's; of live lanes,
 * where not all are. NULL: all of them. */
static LLVMValueRef own_lanes(emitter *e, int part, int64_t step, int64_t beside, LLVMValueRef live)
{
    int width = e->shape.width, from[64];
    LLVMValueRef own[64], some;
    for (int i = 0; i < width; i++) {
        from[i] = (int)((part * width + i) / step);
        own[i] = LLVMConstInt(e->i1, (part * width + i) % step <= beside, false);
    }
    some = beside + 1 < step ? LLVMConstVector(own, (unsigned)width) : NULL;
    if (!live)
        return some;
    live = shuffle(e, live, LLVMGetPoison(LLVMTypeOf(live)), from);
    return some ? LLVMBuildAnd(e->b, live, some, "") : live;
}

/* ---- loads ---- */
static int64_t offset_of(const emitter *e, int n)
{
    return e->k->accesses[e->k->nodes[n].number].offset;
}

/* Loads of the step at hand from the same places but for a few elements, up to `step` - 1: the
 * nodes, first the one that reads lowest. */
static int find_beside(const emitter *e, int n, int64_t step, int beside[MOST_LOADED])
{
    const loop_node *nodes = e->k->nodes;
    const loop_access *a = &e->k->accesses[nodes[n].number], *b;
    int64_t low = a->offset - a->offset % step;
    int count = 0, lowest = 0;
    for (int m = n; m < e->k->nnodes && count < MOST_LOADED && !e->k->sequence; m++) {
        b = &e->k->accesses[nodes[m].number];
        if (nodes[m].kind != LOOP_LOAD || nodes[m].nin || nodes[m].dtype != nodes[n].dtype ||
            (m != n && (!e->wanted[m] || e->early[m])) || b->buffer != a->buffer ||
            b->offset < low || b->offset >= low + step ||
            memcmp(b->stride, a->stride, sizeof a->stride))
            continue;
        if (count && b->offset < offset_of(e, beside[lowest]))
            lowest = count;
        beside[count++] = m;
    }
    if (!count)
        beside[count++] = n;
    int first = beside[lowest];
    beside[lowest] = beside[0], beside[0] = first;
    return count;
}

/* Every step-th element from `first` on of what the parts hold. */
static LLVMValueRef pick(emitter *e, const LLVMValueRef *parts, int64_t step, int64_t first)
{
    int width = e->shape.width, from[64];
    LLVMValueRef all = parts[0];
    for (int part = 1; part < step; part++) {
        for (int l = 0; l < width; l++) {
            int64_t at = l * step + first - (int64_t)part * width,
                    before = part == 1 ? at + width : l;
            from[l] = at < 0 ? (int)before : at < width ? width + (int)at : -1;
        }
        all = shuffle(e, all, parts[part], from);
    }
    return all;
}

static void load_parts(emitter *e, LLVMTypeRef type, LLVMValueRef base, int64_t size, int64_t step,
                       int64_t beside, LLVMValueRef live, LLVMValueRef parts[MOST_LOADED])
{
    for (int part = 0; part < step; part++) {
        LLVMValueRef own = live || part + 1 == step ? own_lanes(e, part, step, beside, live) : NULL;
        parts[part] = llvm_load_masked(e, type, part_address(e, base, part, size), size, own);
    }
}

LLVMValueRef llvm_load_apart(emitter *e, LLVMTypeRef type, LLVMValueRef base, int64_t size,
                             int64_t step)
{
    LLVMValueRef parts[MOST_LOADED];
    if (step == -1)
        return reversed(e, llvm_load_masked(e, type, backwards(e, base, size), size, NULL));
    load_parts(e, type, base, size, step, 0, NULL, parts);
    return pick(e, parts, step, 0);
}

void llvm_load_strided(emitter *e, int n, LLVMTypeRef type, int64_t size, int64_t step, int live)
{
    int beside[MOST_LOADED], count = find_beside(e, n, step, beside);
    int64_t most = 0;
    for (int i = 0; i < count; i++)
        if (offset_of(e, beside[i]) - offset_of(e, beside[0]) > most)
            most = offset_of(e, beside[i]) - offset_of(e, beside[0]);
    for (int u = 0; u < live; u++) {
        LLVMValueRef parts[MOST_LOADED],
            base = llvm_bytes_on(e, e->base[e->k->nodes[beside[0]].number],
                                 llvm_int(e, step * size * u * e->shape.width));
        load_parts(e, type, base, size, step, most, e->mask[u], parts);
        for (int i = 0; i < count; i++)
            e->value[beside[i]].at[u] =
                pick(e, parts, step, offset_of(e, beside[i]) - offset_of(e, beside[0]));
    }
    for (int i = 0; i < count; i++)
        e->early[beside[i]] = true;
}

/* ---- stores ---- */
int llvm_stores_beside(const emitter *e, int n, const int *stores, int i, int beside[])
{
    const loop_store *all = e->k->stores, *s = &all[stores[i]];
    int dtype = e->k->nodes[s->node].dtype, found = 0;
    int64_t step = s->access.stride[e->k->ndim - 1];
    if (step < 2 || step > MOST_STORED || !llvm_is_strided(e, loop_itemsize(dtype), step, true))
        return 0;
    for (int k = 0; k < step; k++)
        beside[k] = -1;
    int64_t low = s->access.offset - s->access.offset % step;
    for (int k = 0; k < n; k++) {
        const loop_store *other = &all[stores[k]];
        int64_t at = other->access.offset - low;
        if (other->access.buffer != s->access.buffer || at < 0 || at >= step ||
            e->k->nodes[other->node].dtype != dtype ||
            memcmp(other->access.stride, s->access.stride, sizeof s->access.stride))
            continue;
        found += beside[at] < 0;
        beside[at] = stores[k];
    }
    return found == step ? (int)step : 0;
}

/* Part `part` of what is in memory where the vectors' lanes alternate. */
static LLVMValueRef alternate(emitter *e, const LLVMValueRef *v, int step, int part)
{
    int width = e->shape.width, from[64];
    LLVMValueRef all = v[0];
    for (int k = 1; k < step; k++) {
        for (int i = 0; i < width; i++) {
            int at = part * width + i;
            from[i] = at % step == k             ? width + at / step
                      : k == 1 && at % step == 0 ? at / step
                      : at % step < k            ? i
                                                 : -1;
        }
        all = shuffle(e, all, v[k], from);
    }
    return all;
}

void llvm_store_beside(emitter *e, int step, const LLVMValueRef *v, LLVMValueRef base, int64_t size,
                       LLVMValueRef live, bool streams)
{
    for (int part = 0; part < step; part++) {
        LLVMValueRef own = live ? own_lanes(e, part, step, step - 1, live) : NULL;
        llvm_store_part(e, alternate(e, v, step, part), part_address(e, base, part, size), size,
                        own, streams);
    }
}

void llvm_store_strided(emitter *e, LLVMValueRef v, LLVMValueRef base, int64_t size, int64_t step,
                        LLVMValueRef live)
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
                          part_address(e, base, part, size), size,
                          own_lanes(e, part, step, 0, live));
    }
}
