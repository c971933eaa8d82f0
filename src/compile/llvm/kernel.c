/* Writes the function of one kernel: units, phases, loops, and in them the nodes as vectors.
 *
 * A unit's nodes are of two sorts: inner ones change in its loops, the others hold for the unit.
 * Reductions separate phases: phase p runs over the reduced dimensions (or along the row) with
 * everything that needs p finished reductions. Bodies come from widen.c; loop.c has the loops'
 * plumbing. */
#include "compile/llvm/llvm.h"

#include <stdlib.h>

/* ---- small helpers ---- */
static LLVMValueRef mul_const(emitter *e, LLVMValueRef x, int64_t by)
{
    return by == 1 ? x : LLVMBuildMul(e->b, x, llvm_int(e, by), "");
}

LLVMValueRef llvm_bytes_on(emitter *e, LLVMValueRef address, LLVMValueRef bytes)
{
    return LLVMBuildGEP2(e->b, e->scalar[BODY_I8], address, &bytes, 1, "");
}

static int access_dtype(const emitter *e, int access)
{
    for (int n = 0; n < e->k->nnodes; n++) {
        const loop_node *node = &e->k->nodes[n];
        if ((node->kind == LOOP_LOAD || node->kind == LOOP_STORE) && node->number == access)
            return node->dtype;
    }
    return CT_INT8;
}

static int nplaces(const emitter *e) { return e->k->naccesses + e->k->nstores; }
static const loop_access *place_access(const emitter *e, int i)
{
    return i < e->k->naccesses ? &e->k->accesses[i] : &e->k->stores[i - e->k->naccesses].access;
}
static int place_itemsize(const emitter *e, int i)
{
    if (i >= e->k->naccesses)
        return loop_itemsize(e->k->nodes[e->k->stores[i - e->k->naccesses].node].dtype);
    return loop_itemsize(access_dtype(e, i));
}

/* Moves every address along dimension d to index i. */
void llvm_advance(emitter *e, int d, LLVMValueRef i)
{
    e->index[d] = i;
    for (int a = 0; a < nplaces(e); a++) {
        int64_t stride = place_access(e, a)->stride[d] * place_itemsize(e, a);
        if (stride)
            e->base[a] = llvm_bytes_on(e, e->base[a], mul_const(e, i, stride));
    }
}

/* ---- memory ---- */
static body_type stored_type(int dtype)
{
    return dtype == CT_BOOL ? BODY_I8 : loop_body_type(dtype);
}

static LLVMValueRef masked(emitter *e, const char *name, LLVMTypeRef *types, int ntypes,
                           LLVMValueRef *args, unsigned nargs)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef callee = LLVMGetIntrinsicDeclaration(e->module, id, types, (size_t)ntypes);
    return LLVMBuildCall2(e->b, LLVMGlobalGetValueType(callee), callee, args, nargs, "");
}

static LLVMValueRef all_lanes(emitter *e) { return LLVMConstAllOnes(e->vector[BODY_I1]); }

/* Addresses of the lanes of vector u when they are `stride` bytes apart. */
static LLVMValueRef lane_addresses(emitter *e, LLVMValueRef base, int64_t stride, int u)
{
    LLVMValueRef offsets[64];
    for (int l = 0; l < e->shape.width; l++)
        offsets[l] = llvm_int(e, stride * (l + (int64_t)u * e->shape.width));
    LLVMValueRef all = LLVMConstVector(offsets, (unsigned)e->shape.width);
    return LLVMBuildGEP2(e->b, e->scalar[BODY_I8], base, &all, 1, "");
}

static LLVMValueRef to_register(emitter *e, LLVMValueRef v, int dtype)
{
    if (dtype != CT_BOOL)
        return v;
    return LLVMBuildICmp(e->b, LLVMIntNE, v, LLVMConstNull(LLVMTypeOf(v)), "");
}

/* Lanes that each read a place of their own: a vector of elements from the base on, to which the
 * lanes' own stride is added. */
static LLVMValueRef scattered_addresses(emitter *e, LLVMTypeRef lane, LLVMValueRef base,
                                        LLVMValueRef at, int64_t stride, int u)
{
    LLVMTypeRef index = LLVMGetElementType(LLVMTypeOf(at));
    LLVMValueRef steps[64];
    for (int l = 0; l < e->shape.width; l++)
        steps[l] = LLVMConstInt(
            index, (unsigned long long)(stride * (l + (int64_t)u * e->shape.width)), true);
    if (stride)
        at = LLVMBuildAdd(e->b, at, LLVMConstVector(steps, (unsigned)e->shape.width), "");
    return LLVMBuildGEP2(e->b, lane, base, &at, 1, "");
}

static LLVMValueRef gather(emitter *e, LLVMTypeRef type, LLVMValueRef at, int64_t size, int u)
{
    LLVMValueRef align = LLVMConstInt(e->i32, (unsigned long long)size, false);
    LLVMValueRef args[] = {at, align, e->mask[u] ? e->mask[u] : all_lanes(e), LLVMConstNull(type)};
    return masked(e, "llvm.masked.gather", (LLVMTypeRef[]){type, LLVMTypeOf(at)}, 2, args, 4);
}

LLVMValueRef llvm_load_masked(emitter *e, LLVMTypeRef type, LLVMValueRef at, int64_t size,
                              LLVMValueRef own)
{
    LLVMValueRef align = LLVMConstInt(e->i32, (unsigned long long)size, false);
    if (own)
        return masked(e, "llvm.masked.load", (LLVMTypeRef[]){type, e->ptr}, 2,
                      (LLVMValueRef[]){at, align, own, LLVMConstNull(type)}, 4);
    LLVMValueRef v = LLVMBuildLoad2(e->b, type, at, "");
    LLVMSetAlignment(v, (unsigned)size);
    return v;
}

void llvm_store_masked(emitter *e, LLVMValueRef v, LLVMValueRef at, int64_t size, LLVMValueRef own)
{
    LLVMValueRef align = LLVMConstInt(e->i32, (unsigned long long)size, false);
    if (own)
        masked(e, "llvm.masked.store", (LLVMTypeRef[]){LLVMTypeOf(v), e->ptr}, 2,
               (LLVMValueRef[]){v, at, align, own}, 4);
    else
        LLVMSetAlignment(LLVMBuildStore(e->b, v, at), (unsigned)size);
}

static LLVMValueRef first_lane(emitter *e, LLVMValueRef v)
{
    bool number = LLVMGetTypeKind(LLVMTypeOf(v)) != LLVMVectorTypeKind;
    return number ? v : LLVMBuildExtractElement(e->b, v, LLVMConstInt(e->i32, 0, false), "");
}

/* The same place for all lanes. */
static LLVMValueRef one_place(emitter *e, LLVMTypeRef lane, LLVMValueRef base, LLVMValueRef at)
{
    LLVMValueRef one = first_lane(e, at);
    return LLVMBuildGEP2(e->b, lane, base, &one, 1, "");
}

static LLVMValueRef load_vector(emitter *e, const loop_node *node, int u)
{
    int number = node->number, dtype = node->dtype;
    const loop_access *a = &e->k->accesses[number];
    int64_t size = loop_itemsize(dtype), stride = a->stride[e->k->ndim - 1] * size;
    body_type stored = stored_type(dtype);
    LLVMTypeRef type = e->vector[stored], lane = e->scalar[stored];
    LLVMValueRef base = e->base[number];
    if (node->nin && e->places[node->in[0]].lanes) {
        LLVMValueRef at = scattered_addresses(e, lane, base, e->value[node->in[0]].at[u],
                                              a->stride[e->k->ndim - 1], u);
        return to_register(e, gather(e, type, at, size, u), dtype);
    }
    if (node->nin)
        base = one_place(e, lane, base, e->value[node->in[0]].at[u]);
    if (!stride) {
        LLVMValueRef one = LLVMBuildLoad2(e->b, lane, base, "");
        LLVMSetAlignment(one, (unsigned)size);
        return to_register(e, llvm_splat(e, one, stored), dtype);
    }
    LLVMValueRef v,
        live = e->mask[u],
        at = u ? llvm_bytes_on(e, base, llvm_int(e, stride * u * e->shape.width)) : base;
    if (stride == size)
        v = llvm_load_masked(e, type, at, size, live);
    else if (!live && llvm_is_strided(e, size, stride / size, false))
        v = llvm_load_apart(e, type, at, size, stride / size);
    else
        v = gather(e, type, lane_addresses(e, base, stride, u), size, u);
    return to_register(e, v, dtype);
}

/* Lanes a few elements apart: what is read beside them comes with them. */
static bool load_strided(emitter *e, int n, int live)
{
    const loop_node *node = &e->k->nodes[n];
    int64_t step = e->k->accesses[node->number].stride[e->k->ndim - 1],
            size = loop_itemsize(node->dtype);
    if (node->nin || step < 2 || !llvm_is_strided(e, size, step, false))
        return false;
    llvm_load_strided(e, n, e->vector[stored_type(node->dtype)], size, step, live);
    return true;
}

/* Streaming stores must start on a line: so must every row. */
static bool may_stream(const emitter *e, const loop_store *st, int64_t size)
{
    int64_t places = st->access.offset;
    for (int d = 0; d < e->k->ndim - 1; d++)
        places |= st->access.stride[d];
    return st->stream && size * e->shape.width == 64 && !(places * size & 63);
}

static void stream(emitter *e, LLVMValueRef store)
{
    unsigned kind = LLVMGetMDKindIDInContext(e->context, "nontemporal", 11);
    LLVMMetadataRef one = LLVMValueAsMetadata(LLVMConstInt(e->i32, 1, false));
    LLVMSetMetadata(store, kind,
                    LLVMMetadataAsValue(e->context, LLVMMDNodeInContext2(e->context, &one, 1)));
    LLVMSetAlignment(store, 64);
    e->streamed = true;
}

void llvm_store_part(emitter *e, LLVMValueRef v, LLVMValueRef at, int64_t size, LLVMValueRef own,
                     bool streams)
{
    if (streams && !own)
        stream(e, LLVMBuildStore(e->b, v, at));
    else
        llvm_store_masked(e, v, at, size, own);
}

/* As bytes, if it is a bool. */
static LLVMValueRef to_memory(emitter *e, LLVMValueRef v, int dtype)
{
    return dtype == CT_BOOL ? LLVMBuildZExt(e->b, v, e->vector[stored_type(dtype)], "") : v;
}

static void store_one(emitter *e, LLVMValueRef v, LLVMValueRef address, int64_t size)
{
    LLVMSetAlignment(LLVMBuildStore(e->b, first_lane(e, v), address), (unsigned)size);
}

static void scatter(emitter *e, LLVMValueRef v, LLVMValueRef at, int64_t size, LLVMValueRef live)
{
    LLVMValueRef align = LLVMConstInt(e->i32, (unsigned long long)size, false);
    masked(e, "llvm.masked.scatter", (LLVMTypeRef[]){LLVMTypeOf(v), LLVMTypeOf(at)}, 2,
           (LLVMValueRef[]){v, at, align, live ? live : all_lanes(e)}, 4);
}

void llvm_store(emitter *e, int s, LLVMValueRef v, int u)
{
    const loop_store *st = &e->k->stores[s];
    int dtype = e->k->nodes[st->node].dtype;
    int64_t size = loop_itemsize(dtype), stride = st->access.stride[e->k->ndim - 1] * size;
    LLVMValueRef base = e->base[e->k->naccesses + s], live = e->mask[u],
                 at = u ? llvm_bytes_on(e, base, llvm_int(e, stride * u * e->shape.width)) : base;
    v = to_memory(e, v, dtype);
    if (!stride)
        store_one(e, v, base, size);
    else if (stride == size)
        llvm_store_part(e, v, at, size, live, may_stream(e, st, size));
    else if ((!live || stride > 0) && llvm_is_strided(e, size, stride / size, true))
        llvm_store_strided(e, v, at, size, stride / size, live);
    else
        scatter(e, v, lane_addresses(e, base, stride, u), size, live);
}

/* Stores of vector u of one step; those that lie beside one another as whole vectors. */
static void store_all(emitter *e, int n, const int *stores, int u)
{
    for (int i = 0; i < n; i++) {
        int beside[LOOP_DIMS], count = llvm_stores_beside(e, n, stores, i, beside);
        const loop_store *st = &e->k->stores[stores[i]];
        if (!count)
            llvm_store(e, stores[i], e->value[st->node].at[u], u);
        if (!count || beside[0] != stores[i])
            continue;
        LLVMValueRef v[LOOP_DIMS], base = e->base[e->k->naccesses + stores[i]];
        int64_t size = loop_itemsize(e->k->nodes[st->node].dtype);
        for (int k = 0; k < count; k++)
            v[k] = e->value[e->k->stores[beside[k]].node].at[u];
        base = llvm_bytes_on(e, base, llvm_int(e, count * size * u * e->shape.width));
        llvm_store_beside(e, count, v, base, size, e->mask[u], may_stream(e, st, size));
    }
}

/* A store at a computed place: of each lane where it is wanted, or of a single lane. */
static void store_in_turn(emitter *e, const loop_node *node, int u)
{
    LLVMValueRef base = e->base[node->number], at = e->value[node->in[1]].at[u],
                 v = to_memory(e, e->value[node->in[0]].at[u], node->dtype),
                 wanted = node->nin == 3 ? e->value[node->in[2]].at[u] : NULL;
    LLVMTypeRef lane = e->scalar[stored_type(node->dtype)];
    int64_t size = loop_itemsize(node->dtype),
            stride = e->k->accesses[node->number].stride[e->k->ndim - 1];
    if (stride) {
        if (e->mask[u])
            wanted = wanted ? LLVMBuildAnd(e->b, wanted, e->mask[u], "") : e->mask[u];
        scatter(e, v, scattered_addresses(e, lane, base, at, stride, u), size, wanted);
        return;
    }
    if (!wanted) {
        store_one(e, v, one_place(e, lane, base, at), size);
        return;
    }
    LLVMBasicBlockRef there = llvm_new_block(e), done = llvm_new_block(e);
    LLVMBuildCondBr(e->b, first_lane(e, wanted), there, done);
    LLVMPositionBuilderAtEnd(e->b, there);
    store_one(e, v, one_place(e, lane, base, at), size);
    LLVMBuildBr(e->b, done);
    LLVMPositionBuilderAtEnd(e->b, done);
}

/* ---- nodes ---- */
static LLVMValueRef index_vector(emitter *e, const loop_node *node, int u)
{
    body_type type = node->dtype == CT_INT64 ? BODY_I64 : BODY_I32;
    LLVMValueRef at = e->index[node->number];
    if (type == BODY_I32)
        at = LLVMBuildTrunc(e->b, at, e->i32, "");
    LLVMValueRef v = llvm_splat(e, at, type);
    if (node->number != e->k->ndim - 1 || e->shape.width == 1)
        return v;
    LLVMValueRef steps[64];
    for (int l = 0; l < e->shape.width; l++)
        steps[l] =
            LLVMConstInt(e->scalar[type], (unsigned long long)(l + u * e->shape.width), false);
    return LLVMBuildAdd(e->b, v, LLVMConstVector(steps, (unsigned)e->shape.width), "");
}

/* The other result of the body at n, if a node of this step is that. */
static void set_other_result(emitter *e, int n, const lanes results[2])
{
    const loop_node *nodes = e->k->nodes;
    for (int m = n + 1; m < e->k->nnodes && body_names[nodes[n].number].nresults == 2; m++)
        if (e->wanted[m] && nodes[m].kind == LOOP_BODY && nodes[m].number == nodes[n].number &&
            nodes[m].second != nodes[n].second &&
            !memcmp(nodes[m].in, nodes[n].in, sizeof nodes[n].in)) {
            e->value[m] = results[nodes[m].second];
            e->early[m] = true;
            return;
        }
}

void llvm_node(emitter *e, int n, int live)
{
    const loop_node *node = &e->k->nodes[n];
    lanes *out = &e->value[n], args[LOOP_INPUTS], results[2];
    if (e->early[n])
        return;
    switch ((loop_kind)node->kind) {
    case LOOP_LOAD:
        if (load_strided(e, n, live))
            break;
        for (int u = 0; u < live; u++)
            out->at[u] = load_vector(e, node, u);
        break;
    case LOOP_CONST:
        for (int u = 0; u < live; u++)
            out->at[u] = llvm_splat_bits(e, loop_body_type(node->dtype), node->bits);
        break;
    case LOOP_INDEX:
        for (int u = 0; u < live; u++)
            out->at[u] = index_vector(e, node, u);
        break;
    case LOOP_BODY:
        for (int i = 0; i < node->nin; i++)
            args[i] = e->value[node->in[i]];
        if (llvm_far(e, n, live) || llvm_divide(e, n))
            break;
        llvm_body(e, node->number, live, args, results);
        *out = results[node->second];
        set_other_result(e, n, results);
        break;
    case LOOP_SELECT:
        for (int u = 0; u < live; u++)
            out->at[u] =
                LLVMBuildSelect(e->b, e->value[node->in[0]].at[u], e->value[node->in[2]].at[u],
                                e->value[node->in[1]].at[u], "");
        break;
    case LOOP_BITS:
        for (int u = 0; u < live; u++)
            out->at[u] = LLVMBuildBitCast(e->b, e->value[node->in[0]].at[u],
                                          e->vector[loop_body_type(node->dtype)], "");
        break;
    case LOOP_STORE:
        for (int u = 0; u < live && (!u || e->places[n].lanes); u++)
            store_in_turn(e, node, u);
        break;
    case LOOP_REDUCE: /* its value is set when its phase ends */
    case LOOP_CARRY:  /* when its loop begins */
        break;
    }
}

/* Values that hold for the unit and become known with `depth` reductions. Rows have one copy for
 * all vectors. */
static void emit_unit_nodes(emitter *e, int depth)
{
    int live = e->shape.columns ? e->live : 1;
    for (int n = 0; n < e->k->nnodes; n++) {
        e->early[n] = false;
        e->wanted[n] = !e->places[n].inner && e->places[n].depth == depth &&
                       e->k->nodes[n].kind != LOOP_REDUCE;
    }
    for (int n = 0; n < e->k->nnodes; n++) {
        if (!e->wanted[n])
            continue;
        llvm_node(e, n, live);
        for (int u = live; u < MAX_UNROLL; u++)
            e->value[n].at[u] = e->value[n].at[0];
    }
}

/* ---- a phase ---- */
typedef struct phase {
    int number, nreduces, nstores;
    int reduces[LOOP_REDUCTIONS], stores[LOOP_BUFFERS];
    bool *needed; /* inner nodes */
} phase;

enum { WORTH_KEEPING = 12, MOST_KEPT_BYTES = 1 << 16 };

/* Rows short enough, of one reduced dimension. */
static int64_t kept_row_bytes(const emitter *e, int n)
{
    int last = e->k->ndim - 1;
    int64_t step = (int64_t)e->shape.width * MAX_UNROLL,
            row = (e->k->extent[last] + step - 1) / step * step;
    if (e->shape.columns || e->k->reduced != 1u << last || row > MOST_KEPT_BYTES)
        return MOST_KEPT_BYTES + 1;
    return row * loop_itemsize(e->k->nodes[n].dtype);
}

/* Notes who needs a value first; the second phase that needs an expensive one makes it kept. True
 * when this phase reads it from the stack. */
static bool keep_value(emitter *e, int n, int number)
{
    const loop_node *node = &e->k->nodes[n];
    if (e->kept[n])
        return e->first_phase[n] < number;
    if (e->first_phase[n] < 0)
        e->first_phase[n] = number;
    if (e->first_phase[n] == number || node->kind != LOOP_BODY || !e->places[n].inner ||
        node->dtype == CT_BOOL || body_names[node->number].cost < WORTH_KEEPING)
        return false;
    int64_t bytes = kept_row_bytes(e, n);
    if (e->kept_bytes + bytes > MOST_KEPT_BYTES)
        return false;
    e->kept_bytes += bytes;
    e->kept[n] = LLVMBuildAlloca(e->b, LLVMArrayType2(e->scalar[BODY_I8], (uint64_t)bytes), "");
    LLVMSetAlignment(e->kept[n], 64);
    return true;
}

static LLVMValueRef kept_address(emitter *e, int n, int u)
{
    int64_t size = loop_itemsize(e->k->nodes[n].dtype);
    LLVMValueRef at = llvm_bytes_on(e, e->kept[n], mul_const(e, e->index[e->k->ndim - 1], size));
    return u ? llvm_bytes_on(e, at, llvm_int(e, size * u * e->shape.width)) : at;
}

static void write_kept(emitter *e, int n, int live)
{
    for (int u = 0; u < live; u++)
        LLVMSetAlignment(LLVMBuildStore(e->b, e->value[n].at[u], kept_address(e, n, u)),
                         (unsigned)loop_itemsize(e->k->nodes[n].dtype));
}

static void read_kept(emitter *e, int n, int live)
{
    for (int u = 0; u < live; u++) {
        e->value[n].at[u] = LLVMBuildLoad2(e->b, e->vector[stored_type(e->k->nodes[n].dtype)],
                                           kept_address(e, n, u), "");
        LLVMSetAlignment(e->value[n].at[u], (unsigned)loop_itemsize(e->k->nodes[n].dtype));
    }
}

/* Whether a store writes at every step of a unit's loops: its value changes there, or one value
 * goes to many places (a fill). */
static bool stores_in_step(const emitter *e, int s)
{
    const loop_store *store = &e->k->stores[s];
    return e->places[store->node].inner || loop_moves(e->k, &store->access);
}

static bool find_phase(emitter *e, int number, phase *p)
{
    p->number = number, p->nreduces = p->nstores = 0;
    memset(p->needed, 0, (size_t)e->k->nnodes);
    for (int s = 0; s < e->k->nstores; s++) {
        const loop_place *place = &e->places[e->k->stores[s].node];
        if (!stores_in_step(e, s) || place->depth != number)
            continue;
        p->stores[p->nstores++] = s;
        p->needed[e->k->stores[s].node] = true;
    }
    for (int n = 0; n < e->k->nnodes; n++) {
        if (e->k->nodes[n].kind != LOOP_REDUCE || e->places[n].depth != number + 1)
            continue;
        if (p->nreduces == LOOP_REDUCTIONS)
            return false;
        p->reduces[p->nreduces++] = n;
        p->needed[e->k->nodes[n].in[0]] = true;
    }
    for (int n = e->k->nnodes; n-- > 0;) {
        if (!p->needed[n] || !e->places[n].inner || keep_value(e, n, number))
            continue;
        for (int i = 0; i < e->k->nodes[n].nin; i++)
            p->needed[e->k->nodes[n].in[i]] = true;
    }
    return true;
}

/* One step of the innermost loop: inner values, stores, and the accumulators' next values (live per
 * reduction). */
static void emit_step(emitter *e, const phase *p, int live, LLVMValueRef *accumulators)
{
    for (int n = 0; n < e->k->nnodes; n++) {
        e->early[n] = false;
        e->wanted[n] =
            p->needed[n] && e->places[n].inner && !(e->kept[n] && e->first_phase[n] < p->number);
    }
    for (int n = 0; n < e->k->nnodes; n++) {
        if (!p->needed[n] || !e->places[n].inner)
            continue;
        if (!e->wanted[n]) {
            read_kept(e, n, live);
            continue;
        }
        llvm_node(e, n, live);
        if (e->kept[n])
            write_kept(e, n, live);
    }
    for (int u = 0; u < live; u++)
        store_all(e, p->nstores, p->stores, u);
    for (int r = 0; r < p->nreduces; r++) {
        const loop_node *node = &e->k->nodes[p->reduces[r]];
        lanes args[2], next[2];
        LLVMValueRef *acc = accumulators + r * MAX_UNROLL;
        for (int u = 0; u < live; u++)
            args[0].at[u] = acc[u], args[1].at[u] = e->value[node->in[0]].at[u];
        llvm_body(e, node->number, live, args, next);
        for (int u = 0; u < live; u++) {
            bool dead_lanes = e->mask[u] && !e->shape.columns;
            acc[u] = dead_lanes ? LLVMBuildSelect(e->b, e->mask[u], next[0].at[u], acc[u], "")
                                : next[0].at[u];
        }
    }
}

/* ---- loops ---- */
typedef struct counted {
    LLVMValueRef i, *phis;
    LLVMBasicBlockRef header, exit;
    int n;
} counted;

/* Opens for (i = from; i < to; ...) with n values carried round; inside, values are the phis. */
static bool open_loop(emitter *e, counted *l, LLVMValueRef from, LLVMValueRef to, int n,
                      LLVMValueRef *values)
{
    l->phis = malloc((size_t)(n + 1) * sizeof *l->phis);
    if (!l->phis)
        return false;
    LLVMBasicBlockRef before = LLVMGetInsertBlock(e->b), body;
    l->header = llvm_new_block(e);
    body = llvm_new_block(e);
    l->exit = llvm_new_block(e);
    LLVMBuildBr(e->b, l->header);
    LLVMPositionBuilderAtEnd(e->b, l->header);
    l->i = LLVMBuildPhi(e->b, e->i64, "");
    LLVMAddIncoming(l->i, &from, &before, 1);
    l->n = n;
    for (int v = 0; v < n; v++) {
        l->phis[v] = values[v] ? LLVMBuildPhi(e->b, LLVMTypeOf(values[v]), "") : NULL;
        if (values[v])
            LLVMAddIncoming(l->phis[v], &values[v], &before, 1);
        values[v] = l->phis[v];
    }
    LLVMBuildCondBr(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, l->i, to, ""), body, l->exit);
    LLVMPositionBuilderAtEnd(e->b, body);
    return true;
}

static void close_loop(emitter *e, counted *l, int64_t step, LLVMValueRef *values)
{
    LLVMValueRef next = LLVMBuildAdd(e->b, l->i, llvm_int(e, step), "");
    LLVMBasicBlockRef last = LLVMGetInsertBlock(e->b);
    LLVMBuildBr(e->b, l->header);
    LLVMAddIncoming(l->i, &next, &last, 1);
    for (int v = 0; v < l->n; v++)
        if (values[v]) {
            LLVMAddIncoming(l->phis[v], &values[v], &last, 1);
            values[v] = l->phis[v];
        }
    LLVMPositionBuilderAtEnd(e->b, l->exit);
    free(l->phis);
}

LLVMValueRef llvm_lane_mask(emitter *e, LLVMValueRef first, LLVMValueRef limit)
{
    LLVMValueRef left = LLVMBuildTrunc(e->b, LLVMBuildSub(e->b, limit, first, ""), e->i32, "");
    LLVMValueRef lane[64];
    for (int l = 0; l < e->shape.width; l++)
        lane[l] = LLVMConstInt(e->i32, (unsigned long long)l, false);
    return LLVMBuildICmp(e->b, LLVMIntSLT, LLVMConstVector(lane, (unsigned)e->shape.width),
                         llvm_splat(e, left, BODY_I32), "");
}

/* Addresses at this position, to come back to. */
LLVMValueRef *llvm_save_addresses(emitter *e)
{
    LLVMValueRef *copy = malloc((size_t)(nplaces(e) + 1) * sizeof *copy);
    if (copy)
        memcpy(copy, e->base, (size_t)nplaces(e) * sizeof *copy);
    return copy;
}

void llvm_restore_addresses(emitter *e, LLVMValueRef *copy)
{
    memcpy(e->base, copy, (size_t)nplaces(e) * sizeof *copy);
    free(copy);
}

static bool along_lanes(emitter *e, const phase *p, LLVMValueRef from, LLVMValueRef to, int live,
                        bool mask, LLVMValueRef *accumulators, int n)
{
    counted l;
    if (!open_loop(e, &l, from, to, n, accumulators))
        return false;
    LLVMValueRef *here = llvm_save_addresses(e);
    if (!here)
        return false;
    llvm_advance(e, e->k->ndim - 1, l.i);
    for (int u = 0; u < MAX_UNROLL; u++)
        e->mask[u] = NULL;
    if (mask)
        e->mask[0] = llvm_lane_mask(e, l.i, to);
    emit_step(e, p, live, accumulators);
    e->mask[0] = NULL;
    llvm_restore_addresses(e, here);
    close_loop(e, &l, (int64_t)live * e->shape.width, accumulators);
    return true;
}

static LLVMValueRef combine(emitter *e, const loop_node *node, LLVMValueRef x, LLVMValueRef y)
{
    lanes args[2], out[2];
    args[0].at[0] = x, args[1].at[0] = y;
    llvm_body(e, node->number, 1, args, out);
    return out[0].at[0];
}

static int live_vectors(const emitter *e) { return e->shape.columns ? e->live : e->shape.unroll; }

static void start_accumulators(emitter *e, const phase *p, LLVMValueRef *accumulators)
{
    int live = live_vectors(e);
    for (int r = 0; r < p->nreduces; r++) {
        const loop_node *node = &e->k->nodes[p->reduces[r]];
        for (int u = 0; u < MAX_UNROLL; u++)
            accumulators[r * MAX_UNROLL + u] =
                u < live ? llvm_splat_bits(e, loop_body_type(node->dtype), node->bits) : NULL;
    }
}

static void add_accumulators(emitter *e, const phase *p, LLVMValueRef *to, LLVMValueRef *from)
{
    for (int i = 0; i < p->nreduces * MAX_UNROLL; i++)
        if (to[i])
            to[i] = combine(e, &e->k->nodes[p->reduces[i / MAX_UNROLL]], to[i], from[i]);
}

static LLVMValueRef smaller(emitter *e, LLVMValueRef x, LLVMValueRef y)
{
    return LLVMBuildSelect(e->b, LLVMBuildICmp(e->b, LLVMIntSLT, x, y, ""), x, y, "");
}

/* Long sums are sums of sums, or their error would grow with their length: a run of at most RUN
 * steps along a dimension has accumulators of its own, and so has what lies inside a dimension. */
enum { RUN = 32, SHORT_RUN = 16 };

/* Whole steps of lanes from `from` to `to`. */
static bool whole_steps(emitter *e, const phase *p, LLVMValueRef from, LLVMValueRef to,
                        LLVMValueRef *accumulators)
{
    int64_t run = (int64_t)e->shape.width * e->shape.unroll * RUN;
    int n = p->nreduces * MAX_UNROLL;
    if (!p->nreduces || e->k->extent[e->k->ndim - 1] <= 2 * run)
        return along_lanes(e, p, from, to, e->shape.unroll, false, accumulators, n);
    LLVMValueRef own[LOOP_REDUCTIONS * MAX_UNROLL];
    counted l;
    if (!open_loop(e, &l, from, to, n, accumulators))
        return false;
    start_accumulators(e, p, own);
    LLVMValueRef end = smaller(e, LLVMBuildAdd(e->b, l.i, llvm_int(e, run), ""), to);
    if (!along_lanes(e, p, l.i, end, e->shape.unroll, false, own, n))
        return false;
    add_accumulators(e, p, accumulators, own);
    close_loop(e, &l, run, accumulators);
    return true;
}

/* Lanes [from, to): whole steps, then single vectors, the last one masked. length: to - from where
 * it is known, else -1. */
static bool lane_loops(emitter *e, const phase *p, LLVMValueRef from, LLVMValueRef to,
                       int64_t length, LLVMValueRef *accumulators)
{
    int64_t width = e->shape.width, step = width * e->shape.unroll;
    int n = p->nreduces * MAX_UNROLL;
    if (length >= 0 && length % step == 0)
        return whole_steps(e, p, from, to, accumulators);
    if (!e->shape.compact && (length < 0 || length >= step)) {
        LLVMValueRef whole =
            LLVMBuildAnd(e->b, LLVMBuildSub(e->b, to, from, ""), llvm_int(e, -step), "");
        LLVMValueRef middle = LLVMBuildAdd(e->b, from, whole, "");
        if (!whole_steps(e, p, from, middle, accumulators))
            return false;
        from = middle;
    }
    return along_lanes(e, p, from, to, 1, length < 0 || length % width, accumulators, n);
}

typedef struct span {
    LLVMValueRef from, to;
    int64_t length;
} span; /* of lanes in the unit */

static bool reduced_loops(emitter *e, const phase *p, int d, span lanes_of_unit,
                          LLVMValueRef *accumulators);

static int64_t steps_inside(const emitter *e, int d)
{
    int64_t steps = 1;
    for (int i = d + 1; i < e->k->ndim - 1; i++)
        steps *= e->k->reduced >> i & 1 ? e->k->extent[i] : 1;
    return steps;
}

/* Indices [from, to) of dimension d, with everything inside. */
static bool run_along(emitter *e, const phase *p, int d, LLVMValueRef from, LLVMValueRef to,
                      span lanes_of_unit, LLVMValueRef *accumulators)
{
    LLVMValueRef own[LOOP_REDUCTIONS * MAX_UNROLL], *inside = accumulators;
    counted l;
    if (!open_loop(e, &l, from, to, p->nreduces * MAX_UNROLL, accumulators))
        return false;
    LLVMValueRef *here = llvm_save_addresses(e);
    if (!here)
        return false;
    llvm_advance(e, d, l.i);
    if (p->nreduces && steps_inside(e, d) >= SHORT_RUN)
        start_accumulators(e, p, inside = own);
    if (!reduced_loops(e, p, d + 1, lanes_of_unit, inside))
        return false;
    if (inside == own)
        add_accumulators(e, p, accumulators, own);
    llvm_restore_addresses(e, here);
    close_loop(e, &l, 1, accumulators);
    return true;
}

/* The reduced dimensions from d on (but the last one when vectors run along it), then the step. */
static bool reduced_loops(emitter *e, const phase *p, int d, span lanes_of_unit,
                          LLVMValueRef *accumulators)
{
    int last = e->k->ndim - 1;
    while (d < last && !(e->k->reduced >> d & 1))
        d++;
    if (d >= last) {
        if (!e->shape.columns)
            return lane_loops(e, p, lanes_of_unit.from, lanes_of_unit.to, lanes_of_unit.length,
                              accumulators);
        emit_step(e, p, e->live, accumulators);
        return true;
    }
    LLVMValueRef none = llvm_int(e, 0), own[LOOP_REDUCTIONS * MAX_UNROLL];
    LLVMValueRef trips =
        e->k->ragged && e->k->ragged == d ? e->ragged_extent : llvm_int(e, e->k->extent[d]);
    if (!p->nreduces || e->k->extent[d] <= 2 * RUN)
        return run_along(e, p, d, none, trips, lanes_of_unit, accumulators);
    counted l;
    if (!open_loop(e, &l, none, trips, p->nreduces * MAX_UNROLL, accumulators))
        return false;
    start_accumulators(e, p, own);
    LLVMValueRef end = smaller(e, LLVMBuildAdd(e->b, l.i, llvm_int(e, RUN), ""), trips);
    if (!run_along(e, p, d, l.i, end, lanes_of_unit, own))
        return false;
    add_accumulators(e, p, accumulators, own);
    close_loop(e, &l, RUN, accumulators);
    return true;
}

/* A row's accumulators become one value in all lanes: vectors pairwise, then halves of the vector.
 */
static LLVMValueRef finish_row(emitter *e, const loop_node *node, LLVMValueRef *acc)
{
    for (int step = 1; step < e->shape.unroll; step *= 2)
        for (int u = 0; u + step < e->shape.unroll; u += 2 * step)
            acc[u] = combine(e, node, acc[u], acc[u + step]);
    LLVMValueRef v = acc[0];
    for (int half = e->shape.width / 2; half; half /= 2) {
        LLVMValueRef order[64];
        for (int l = 0; l < e->shape.width; l++)
            order[l] = LLVMConstInt(e->i32, (unsigned long long)(l ^ half), false);
        LLVMValueRef other =
            LLVMBuildShuffleVector(e->b, v, LLVMGetPoison(LLVMTypeOf(v)),
                                   LLVMConstVector(order, (unsigned)e->shape.width), "");
        v = combine(e, node, v, other);
    }
    return v;
}

static bool emit_phase(emitter *e, const phase *p, span lanes_of_unit)
{
    LLVMValueRef accumulators[LOOP_REDUCTIONS * MAX_UNROLL];
    int live = live_vectors(e);
    start_accumulators(e, p, accumulators);
    if (!reduced_loops(e, p, 0, lanes_of_unit, accumulators))
        return false;
    for (int r = 0; r < p->nreduces; r++) {
        lanes *out = &e->value[p->reduces[r]];
        LLVMValueRef *acc = accumulators + r * MAX_UNROLL;
        for (int u = 0; u < live; u++)
            out->at[u] = acc[u];
        if (e->shape.columns)
            continue;
        LLVMValueRef all = finish_row(e, &e->k->nodes[p->reduces[r]], acc);
        for (int u = 0; u < MAX_UNROLL; u++)
            out->at[u] = all;
    }
    return true;
}

static int last_phase(const emitter *e)
{
    int last = 0;
    for (int n = 0; n < e->k->nnodes; n++)
        if (e->places[n].depth > last)
            last = e->places[n].depth;
    return last;
}

/* Before any code: a first look at all phases decides what is kept. */
static bool plan_phases(emitter *e)
{
    phase p = {.needed = malloc((size_t)e->k->nnodes)};
    bool ok = p.needed;
    for (int n = 0; n < e->k->nnodes; n++)
        e->first_phase[n] = -1;
    for (int depth = 0; ok && depth <= last_phase(e); depth++)
        ok = find_phase(e, depth, &p);
    free(p.needed);
    return ok;
}

static bool emit_phases(emitter *e, span lanes_of_unit)
{
    phase p = {.needed = malloc((size_t)e->k->nnodes)};
    if (!p.needed)
        return false;
    int last = last_phase(e);
    bool ok = true;
    for (int depth = 0; ok && depth <= last; depth++) {
        emit_unit_nodes(e, depth);
        ok = find_phase(e, depth, &p);
        if (ok && (p.nreduces || p.nstores))
            ok = emit_phase(e, &p, lanes_of_unit);
    }
    for (int s = 0; ok && s < e->k->nstores; s++) {
        int node = e->k->stores[s].node;
        if (stores_in_step(e, s))
            continue;
        int live = e->shape.columns ? e->live : 1;
        for (int u = 0; u < live; u++)
            llvm_store(e, s, e->value[node].at[u], u);
    }
    free(p.needed);
    return ok;
}

/* ---- units ---- */
/* Sets the kept dimensions but the last from a row number. */
static void place_row(emitter *e, LLVMValueRef row)
{
    int kept[LOOP_DIMS], n = 0;
    for (int d = 0; d < e->k->ndim - 1; d++)
        if (!(e->k->reduced >> d & 1))
            kept[n++] = d;
    for (int i = n; i-- > 0;) {
        LLVMValueRef extent = llvm_int(e, e->k->extent[kept[i]]);
        LLVMValueRef at = i ? LLVMBuildURem(e->b, row, extent, "") : row;
        if (i)
            row = LLVMBuildUDiv(e->b, row, extent, "");
        llvm_advance(e, kept[i], at);
    }
}

static void find_ragged(emitter *e)
{
    if (!e->k->ragged)
        return;
    int64_t run = e->k->extent[e->k->ragged];
    LLVMValueRef left = LLVMBuildSub(e->b, llvm_int(e, e->k->ragged_total),
                                     mul_const(e, e->index[e->k->ragged - 1], run), "");
    LLVMValueRef shorter = LLVMBuildICmp(e->b, LLVMIntSLT, left, llvm_int(e, run), "");
    e->ragged_extent = LLVMBuildSelect(e->b, shorter, left, llvm_int(e, run), "");
}

/* A tile of columns: all vectors whole, or the last tile with the rest of them masked. */
static bool tile(emitter *e, LLVMValueRef block)
{
    int64_t lanes_total = e->k->extent[e->k->ndim - 1], rest = lanes_total % e->shape.block;
    llvm_advance(e, e->k->ndim - 1, mul_const(e, block, e->shape.block));
    span none = {NULL, NULL, 0};
    LLVMBasicBlockRef done = NULL;
    if (rest) {
        LLVMBasicBlockRef whole = llvm_new_block(e);
        LLVMBasicBlockRef part = llvm_new_block(e);
        done = llvm_new_block(e);
        LLVMBuildCondBr(e->b,
                        LLVMBuildICmp(e->b, LLVMIntEQ, block, llvm_int(e, e->shape.blocks - 1), ""),
                        part, whole);
        LLVMPositionBuilderAtEnd(e->b, part);
        LLVMValueRef *here = llvm_save_addresses(e);
        if (!here)
            return false;
        e->live = (int)((rest + e->shape.width - 1) / e->shape.width);
        int last = e->live - 1;
        if (rest % e->shape.width)
            e->mask[last] =
                llvm_lane_mask(e, llvm_int(e, last * (int64_t)e->shape.width), llvm_int(e, rest));
        bool ok = emit_phases(e, none);
        e->mask[last] = NULL;
        llvm_restore_addresses(e, here);
        if (!ok)
            return false;
        LLVMBuildBr(e->b, done);
        LLVMPositionBuilderAtEnd(e->b, whole);
    }
    e->live = e->shape.unroll;
    if (e->shape.blocks > 1 || !rest) {
        if (!emit_phases(e, none))
            return false;
    }
    if (done) {
        LLVMBuildBr(e->b, done);
        LLVMPositionBuilderAtEnd(e->b, done);
    }
    return true;
}

static bool one_unit(emitter *e, LLVMValueRef unit)
{
    LLVMValueRef row = unit, block = llvm_int(e, 0);
    if (e->shape.blocks > 1) {
        LLVMValueRef blocks = llvm_int(e, e->shape.blocks);
        block = e->shape.rows > 1 ? LLVMBuildURem(e->b, unit, blocks, "") : unit;
        row = e->shape.rows > 1 ? LLVMBuildUDiv(e->b, unit, blocks, "") : llvm_int(e, 0);
    }
    place_row(e, row);
    find_ragged(e);
    if (e->shape.columns)
        return tile(e, block);
    int last = e->k->ndim - 1;
    int64_t n = e->k->extent[last];
    span s = {llvm_int(e, 0), llvm_int(e, n), n};
    if (e->k->ragged && e->k->ragged == last)
        s = (span){llvm_int(e, 0), e->ragged_extent, -1};
    if (e->shape.blocks > 1) {
        s.from = mul_const(e, block, e->shape.block);
        s.to =
            smaller(e, LLVMBuildAdd(e->b, s.from, llvm_int(e, e->shape.block), ""), llvm_int(e, n));
        s.length = n % e->shape.block ? -1 : e->shape.block;
    }
    return emit_phases(e, s);
}

/* Maps over one dimension have no rows: the range of units is one run of lanes. */
static bool one_run(emitter *e, LLVMValueRef begin, LLVMValueRef end)
{
    int64_t n = e->k->extent[0];
    if (e->shape.blocks <= 1)
        return emit_phases(e, (span){llvm_int(e, 0), llvm_int(e, n), n});
    LLVMValueRef from = mul_const(e, begin, e->shape.block);
    LLVMValueRef to = smaller(e, mul_const(e, end, e->shape.block), llvm_int(e, n));
    int64_t step = (int64_t)e->shape.width * e->shape.unroll;
    return emit_phases(e, (span){from, to, n % step ? -1 : step});
}

void llvm_load_buffers(emitter *e)
{
    LLVMValueRef addresses = LLVMGetParam(e->function, 0), buffers[LOOP_BUFFERS];
    for (int i = 0; i < e->k->nbuffers; i++) {
        LLVMValueRef at = llvm_int(e, i * (int64_t)sizeof(void *));
        buffers[i] = LLVMBuildLoad2(e->b, e->ptr, llvm_bytes_on(e, addresses, at), "");
    }
    for (int a = 0; a < nplaces(e); a++) {
        const loop_access *access = place_access(e, a);
        int64_t offset = access->offset * place_itemsize(e, a);
        e->base[a] = offset ? llvm_bytes_on(e, buffers[access->buffer], llvm_int(e, offset))
                            : buffers[access->buffer];
    }
}

static void attribute(emitter *e, const char *name, const char *value)
{
    LLVMAttributeRef a = LLVMCreateStringAttribute(e->context, name, (unsigned)strlen(name), value,
                                                   (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(e->function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

static void open_function(emitter *e, const char *name)
{
    LLVMTypeRef params[] = {e->ptr, e->i64, e->i64, e->ptr};
    e->function = LLVMAddFunction(
        e->module, name, LLVMFunctionType(LLVMVoidTypeInContext(e->context), params, 4, false));
    const char *bits = host_vector_bytes() == 64 ? "512" : "256";
    attribute(e, "prefer-vector-width", bits);
    attribute(e, "min-legal-vector-width", bits);
    unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", 8);
    LLVMAddAttributeAtIndex(e->function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(e->context, nounwind, 0));
    LLVMPositionBuilderAtEnd(e->b, llvm_new_block(e));
}

static bool emit_units(emitter *e)
{
    LLVMValueRef begin = LLVMGetParam(e->function, 1), end = LLVMGetParam(e->function, 2);
    llvm_load_buffers(e);
    llvm_far_space(e);
    if (!plan_phases(e))
        return false;
    if (e->k->ndim == 1 && !e->k->reduced)
        return one_run(e, begin, end);
    if (e->shape.units == 1)
        return one_unit(e, llvm_int(e, 0));
    counted l;
    LLVMValueRef none[1];
    if (!open_loop(e, &l, begin, end, 0, none))
        return false;
    LLVMValueRef *here = llvm_save_addresses(e);
    if (!here || !one_unit(e, l.i))
        return false;
    llvm_restore_addresses(e, here);
    close_loop(e, &l, 1, none);
    return true;
}

void llvm_set_width(emitter *e, int width)
{
    e->shape.width = width;
    for (int t = BODY_I1; t < BODY_TYPES; t++)
        e->vector[t] = width > 1 ? LLVMVectorType(e->scalar[t], (unsigned)width) : e->scalar[t];
}

bool llvm_kernel(emitter *e, const kernel_ir *k, const char *name)
{
    e->k = k;
    e->shape = kernel_shape_of(k, host_vector_bytes());
    e->places = malloc((size_t)k->nnodes * sizeof *e->places);
    e->value = calloc(1, (size_t)k->nnodes * sizeof *e->value);
    e->base = calloc(1, (size_t)(nplaces(e) + 1) * sizeof *e->base);
    e->kept = calloc((size_t)k->nnodes, sizeof *e->kept);
    e->first_phase = calloc((size_t)k->nnodes, sizeof *e->first_phase);
    e->wanted = calloc((size_t)k->nnodes, sizeof *e->wanted);
    e->early = calloc((size_t)k->nnodes, sizeof *e->early);
    e->kept_bytes = 0;
    bool ok =
        e->places && e->value && e->base && e->kept && e->first_phase && e->wanted && e->early;
    if (ok) {
        memset(e->mask, 0, sizeof e->mask);
        e->live = e->shape.unroll;
        e->streamed = e->lone = false;
        llvm_set_width(e, e->shape.width);
        loop_places(k, e->places);
        open_function(e, name);
        ok = k->sequence ? llvm_sequence(e) : emit_units(e);
        if (ok && e->streamed) {
            unsigned id = LLVMLookupIntrinsicID("llvm.x86.sse.sfence", 19);
            LLVMValueRef fence = LLVMGetIntrinsicDeclaration(e->module, id, NULL, 0);
            LLVMBuildCall2(e->b, LLVMGlobalGetValueType(fence), fence, NULL, 0, "");
        }
        if (ok)
            LLVMBuildRetVoid(e->b);
    }
    free(e->places), free(e->value), free(e->base), free(e->kept), free(e->first_phase);
    free(e->wanted), free(e->early);
    return ok;
}
