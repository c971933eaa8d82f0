/* How a kernel is cut into units, and what changes inside one: shared by the passes and the code
 * generator, which is a library of its own, so nothing here reaches beyond these headers. */
#include "compile/loops.h"

body_type loop_body_type(int dtype)
{
    switch (dtype) {
    case CT_BOOL:
        return BODY_I1;
    case CT_INT8:
    case CT_UINT8:
        return BODY_I8;
    case CT_INT16:
    case CT_UINT16:
    case CT_BFLOAT16:
    case CT_FLOAT16:
        return BODY_I16;
    case CT_INT32:
    case CT_UINT32:
        return BODY_I32;
    case CT_INT64:
    case CT_UINT64:
        return BODY_I64;
    case CT_FLOAT32:
        return BODY_F32;
    case CT_FLOAT64:
        return BODY_F64;
    }
    return BODY_VOID;
}

int loop_itemsize(int dtype)
{
    switch (dtype) {
    case CT_INT64:
    case CT_UINT64:
    case CT_FLOAT64:
        return 8;
    case CT_INT32:
    case CT_UINT32:
    case CT_FLOAT32:
        return 4;
    case CT_INT16:
    case CT_UINT16:
    case CT_BFLOAT16:
    case CT_FLOAT16:
        return 2;
    default:
        return 1;
    }
}

static bool lane_is_inner(const kernel_ir *k)
{
    return !k->reduced || (k->reduced >> (k->ndim - 1) & 1);
}

/* The dimensions that a unit's loops run over. */
static uint32_t inner_dims(const kernel_ir *k)
{
    return k->reduced | (lane_is_inner(k) && k->ndim ? 1u << (k->ndim - 1) : 0);
}

bool loop_moves(const kernel_ir *k, const loop_access *a)
{
    uint32_t moving = inner_dims(k);
    for (int d = 0; d < k->ndim; d++)
        if ((moving >> d & 1) && a->stride[d])
            return true;
    return false;
}

void loop_places(const kernel_ir *k, loop_place *places)
{
    uint32_t moving = inner_dims(k);
    for (int n = 0; n < k->nnodes; n++) {
        const loop_node *node = &k->nodes[n];
        loop_place p = {false, false, 0};
        if (node->kind == LOOP_LOAD)
            p.inner = loop_moves(k, &k->accesses[node->number]);
        if (node->kind == LOOP_LOAD || node->kind == LOOP_STORE)
            p.lanes = k->accesses[node->number].stride[k->ndim - 1];
        if (node->kind == LOOP_INDEX)
            p.inner = moving >> node->number & 1, p.lanes = node->number == k->ndim - 1;
        if (node->kind == LOOP_CARRY)
            p.inner = true, p.lanes = node->second;
        for (int i = 0; i < node->nin; i++) {
            const loop_place *in = &places[node->in[i]];
            p.inner |= in->inner, p.lanes |= in->lanes;
            if (in->depth > p.depth)
                p.depth = in->depth;
        }
        if (node->kind == LOOP_REDUCE)
            p.inner = false, p.lanes &= !lane_is_inner(k), p.depth++;
        places[n] = p;
    }
}

bool loop_has_lanes(const kernel_ir *k)
{
    bool any = k->extent[1] != 1;
    for (int i = 0; i < k->naccesses; i++)
        any |= k->accesses[i].stride[1] != 0;
    for (int i = 0; i < k->nstores; i++)
        any |= k->stores[i].access.stride[1] != 0;
    return any;
}

static int64_t node_cost(const loop_node *node)
{
    if ((node->kind == LOOP_LOAD && node->nin) || node->kind == LOOP_STORE)
        return 8;
    return node->kind == LOOP_BODY || node->kind == LOOP_REDUCE ? body_names[node->number].cost : 1;
}

/* A unit is a block of lanes, which takes all steps on its own: as many vectors as hide the latency
 * of one step's chain of operations, and whose carries stay in registers. Without lanes, it is
 * a number. */
static kernel_shape sequence_shape(const kernel_ir *k, int vector_bytes, int bytes, int64_t cost)
{
    enum { SHORT_VECTOR = 16, REGISTERS = 16 };
    int64_t lanes = k->extent[1];
    kernel_shape s = {.width = vector_bytes / bytes, .unroll = 4, .rows = 1, .compact = true};
    while (s.width > (!loop_has_lanes(k) ? 1 : SHORT_VECTOR / bytes) && s.width / 2 >= lanes)
        s.width /= 2;
    while (s.unroll > 1 && (s.unroll * cost > 800 || s.unroll * k->ncarries > REGISTERS ||
                            (int64_t)s.width * s.unroll > lanes))
        s.unroll /= 2;
    s.block = (int64_t)s.width * s.unroll;
    s.blocks = s.units = (lanes + s.block - 1) / s.block;
    s.work = 1 + s.unroll * cost / 4;
    return s;
}

kernel_shape kernel_shape_of(const kernel_ir *k, int vector_bytes)
{
    int bytes = 4;
    int64_t cost = 0;
    for (int n = 0; n < k->nnodes; n++) {
        if (loop_itemsize(k->nodes[n].dtype) > bytes)
            bytes = loop_itemsize(k->nodes[n].dtype);
        cost += node_cost(&k->nodes[n]);
    }
    if (k->sequence)
        return sequence_shape(k, vector_bytes, bytes, cost);
    kernel_shape s = {.width = vector_bytes / bytes, .rows = 1};
    s.columns = !lane_is_inner(k);
    int64_t lanes = k->ndim ? k->extent[k->ndim - 1] : 1;
    int64_t inner = 1;
    for (int d = 0; d < k->ndim - 1; d++)
        *(k->reduced >> d & 1 ? &inner : &s.rows) *= k->extent[d];
    s.unroll = cost <= 24 ? 4 : cost <= 160 ? 2 : 1;
    if (!s.columns && !k->reduced && cost <= 24)
        s.unroll = 2;
    while (s.unroll > 1 && lanes < (int64_t)s.width * s.unroll)
        s.unroll /= 2;
    enum { LITTLE = 1 << 15 };
    s.compact = s.rows * inner * lanes <= LITTLE && cost > 8;
    if (s.compact)
        s.unroll = 1;
    int64_t step = (int64_t)s.width * s.unroll;
    s.block = lanes;
    if (s.columns)
        s.block = step;
    else if (!k->reduced)
        s.block = lanes <= 4096 ? lanes : 4096;
    s.blocks = s.block ? (lanes + s.block - 1) / s.block : 0;
    s.units = s.rows * s.blocks;
    s.work = 1 + inner * s.block * (cost + 2) / (s.width * 4);
    return s;
}
