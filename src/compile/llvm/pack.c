/* Scalars of one step that are computed alike, as lanes of one vector.
 *
 * A sequence without lanes works on single numbers. Where its step does the same to several of
 * them (a state of four written out, sixteen equal sines), these nodes become a pack: one vector
 * operation. Nodes are alike when the expressions above them are, down to carries, loads and
 * constants; those of long bodies, when they are equally deep. A carry that a pack leaves is a pack
 * itself, so that it stays in its register from step to step, and other orders are shuffles. What
 * is not worth the moves between vectors and scalars is left alone. */
#include <stdlib.h>

#include "base/base.h"
#include "compile/llvm/llvm.h"

enum {
    MOST_LANES = 16,
    LONG_BODY = 8, /* instructions */
    /* prices, in instructions */
    MOVE_IN = 2,
    MOVE_OUT = 2,
    MOVE_OUT_BOOL = 4
};

typedef struct pack {
    int32_t n, node[MOST_LANES];
    int width; /* lanes of the vector: a power of two */
    bool kept; /* worth it */
    bool done;
    int32_t ncarries, carries[MOST_LANES]; /* nodes that take the lanes over to the next step */
    LLVMValueRef v, carry;                 /* its value; what the step before left */
    LLVMValueRef operand[LOOP_INPUTS];     /* those that no step changes */
} pack;

struct packing {
    emitter *e;
    const int8_t *phase;
    int32_t npacks;
    pack *packs;
    int32_t *pack, *lane; /* of each node; -1: none */
    bool *scalar;         /* of each node: wanted as a scalar */
    LLVMValueRef *form;   /* of each node: as a number and as a pair, once made */
    bool *wanted;         /* of each node: room for the emitter's */
    int32_t *component;   /* of each pack */
};

/* ---- which are alike ---- */
typedef struct likeness {
    uint64_t key;
    int32_t node, depth;
} likeness;

static bool may_pack(const packing *p, int32_t n)
{
    const loop_node *node = &p->e->k->nodes[n];
    return p->phase[n] >= 0 && node->nin && node->kind != LOOP_CARRY && node->kind != LOOP_LOAD &&
           node->kind != LOOP_STORE;
}

/* Worth collecting operands for, whatever they are. */
static bool is_long(const loop_node *node)
{
    return node->kind == LOOP_BODY && body_names[node->number].cost >= LONG_BODY;
}

static uint64_t mixed(uint64_t h, uint64_t x)
{
    h ^= x + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
    return h * 0xff51afd7ed558ccdu;
}

/* Stores and what reads memory keep their order: packs do not reach across a store (`era`). */
static void find_likeness(const packing *p, likeness *of)
{
    const kernel_ir *k = p->e->k;
    uint64_t era = 0;
    for (int32_t n = 0; n < k->nnodes; n++) {
        const loop_node *node = &k->nodes[n];
        era += node->kind == LOOP_STORE;
        of[n] = (likeness){mixed(node->dtype, 1), n, 0};
        if (!may_pack(p, n))
            continue;
        uint64_t h = mixed(era << 8 | (uint64_t)p->phase[n], node->kind);
        h = mixed(mixed(h, (uint64_t)node->number), (uint64_t)node->second << 8 | node->dtype);
        for (int i = 0; i < node->nin; i++) {
            const likeness *in = &of[node->in[i]];
            bool before = p->phase[node->in[i]] != p->phase[n];
            if (!before && in->depth >= of[n].depth)
                of[n].depth = in->depth + 1;
            if (!is_long(node))
                h = mixed(h, before ? mixed(k->nodes[node->in[i]].dtype, 1) : in->key);
            for (int j = 0; j < i; j++) /* the same operand twice */
                h = mixed(h, node->in[i] == node->in[j]);
        }
        of[n].key = mixed(h, (uint64_t)of[n].depth);
    }
}

static int by_key(const void *x, const void *y)
{
    const likeness *a = x, *b = y;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->node - b->node;
}

/* Not the same key by chance. */
static bool are_alike(const packing *p, const likeness *a, const likeness *b)
{
    const loop_node *x = &p->e->k->nodes[a->node], *y = &p->e->k->nodes[b->node];
    bool alike = a->key == b->key && a->depth == b->depth && x->kind == y->kind &&
                 x->number == y->number && x->dtype == y->dtype && x->second == y->second &&
                 p->phase[a->node] == p->phase[b->node];
    for (int i = 0; i < x->nin && alike; i++)
        alike = p->e->k->nodes[x->in[i]].dtype == p->e->k->nodes[y->in[i]].dtype;
    return alike;
}

static int32_t most_lanes(const packing *p, int32_t n)
{
    const loop_node *nodes = p->e->k->nodes, *node = &nodes[n];
    int size = 4;
    for (int i = -1; i < node->nin; i++) {
        int own = loop_itemsize(i < 0 ? node->dtype : nodes[node->in[i]].dtype);
        size = own > size ? own : size;
    }
    return host_vector_bytes() / size;
}

static void add_pack(packing *p, const likeness *first, int32_t n)
{
    pack *g = &p->packs[p->npacks];
    *g = (pack){.n = n, .width = 2, .kept = true};
    while (g->width < n)
        g->width *= 2;
    for (int32_t i = 0; i < n; i++) {
        g->node[i] = first[i].node;
        p->pack[first[i].node] = p->npacks, p->lane[first[i].node] = i;
    }
    p->npacks++;
}

static bool find_packs(packing *p)
{
    int32_t count = p->e->k->nnodes, n = 0;
    likeness *of = malloc((size_t)count * sizeof *of);
    if (!of)
        return false;
    find_likeness(p, of);
    for (int32_t i = 0; i < count; i++)
        if (may_pack(p, i))
            of[n++] = of[i];
    qsort(of, (size_t)n, sizeof *of, by_key);
    for (int32_t i = 0, run; i < n; i += run) {
        int32_t most = most_lanes(p, of[i].node);
        for (run = 1; i + run < n && run < most && are_alike(p, &of[i], &of[i + run]);)
            run++;
        if (run > 1)
            add_pack(p, &of[i], run);
    }
    free(of);
    return true;
}

/* ---- carries ---- */
static pack *kept_pack(const packing *p, int32_t n)
{
    int32_t g = p->pack[n];
    return g >= 0 && p->packs[g].kept ? &p->packs[g] : NULL;
}

/* A pack all of whose lanes some carry takes makes these one vector. */
static void find_carries(packing *p)
{
    const kernel_ir *k = p->e->k;
    for (int32_t g = 0; g < p->npacks; g++) {
        p->packs[g].ncarries = 0;
        memset(p->packs[g].carries, -1, sizeof p->packs[g].carries);
    }
    for (int32_t n = 0; n < k->nnodes; n++) {
        if (k->nodes[n].kind != LOOP_CARRY)
            continue;
        int32_t next = k->next[k->nodes[n].number];
        pack *g = k->nodes[next].kind == LOOP_CARRY ? NULL : kept_pack(p, next);
        p->pack[n] = -1;
        if (g && g->carries[p->lane[next]] < 0)
            g->carries[p->lane[next]] = n, g->ncarries++;
    }
    for (int32_t g = 0; g < p->npacks; g++)
        for (int32_t l = 0; l < p->packs[g].n && p->packs[g].ncarries == p->packs[g].n; l++)
            p->pack[p->packs[g].carries[l]] = g, p->lane[p->packs[g].carries[l]] = l;
}

/* ---- what it is worth ---- */
static bool fixed_operand(const packing *p, const pack *g, int i)
{
    for (int32_t l = 0; l < g->n; l++)
        if (p->phase[p->e->k->nodes[g->node[l]].in[i]] >= 0)
            return false;
    return true;
}

static int32_t gather_price(const packing *p, const pack *g, int i)
{
    const loop_node *nodes = p->e->k->nodes;
    if (fixed_operand(p, g, i))
        return 0;
    const pack *seen[MOST_LANES];
    int32_t nseen = 0, price = 0;
    for (int32_t l = 0; l < g->n; l++) {
        int32_t in = nodes[g->node[l]].in[i];
        const pack *from = kept_pack(p, in);
        bool again = l && in == nodes[g->node[0]].in[i];
        for (int32_t s = 0; s < nseen && from; s++)
            again |= seen[s] == from;
        if (again)
            continue;
        price += from ? nseen + (p->lane[in] != l) : MOVE_IN;
        if (from)
            seen[nseen++] = from;
    }
    return price;
}

static int32_t worth_of_step(const loop_node *node)
{
    return node->kind == LOOP_BODY ? body_names[node->number].cost : 1;
}

static void want_scalars(packing *p)
{
    const kernel_ir *k = p->e->k;
    memset(p->scalar, 0, (size_t)k->nnodes);
    for (int32_t n = 0; n < k->nnodes; n++) {
        const loop_node *node = &k->nodes[n];
        if (node->kind == LOOP_CARRY && !kept_pack(p, n))
            p->scalar[k->next[node->number]] = true;
        for (int i = 0; i < node->nin && node->kind != LOOP_CARRY && !kept_pack(p, n); i++)
            p->scalar[node->in[i]] = true;
    }
    for (int32_t s = 0; s < k->nstores; s++)
        p->scalar[k->stores[s].node] |= !k->stores[s].last;
    if (k->test >= 0)
        p->scalar[k->test] = true;
}

static int32_t value_of(const packing *p, const pack *g)
{
    const loop_node *nodes = p->e->k->nodes, *node = &nodes[g->node[0]];
    int32_t value = (g->n - 1) * worth_of_step(node);
    for (int i = 0; i < node->nin; i++)
        value -= gather_price(p, g, i);
    for (int32_t l = 0; l < g->n; l++)
        if (p->scalar[g->node[l]])
            value -= node->dtype == CT_BOOL ? MOVE_OUT_BOOL : MOVE_OUT;
    return value;
}

static int32_t root(const packing *p, int32_t g)
{
    while (p->component[g] != g)
        g = p->component[g];
    return g;
}

static void join_components(packing *p)
{
    const kernel_ir *k = p->e->k;
    for (int32_t g = 0; g < p->npacks; g++)
        p->component[g] = g;
    for (int32_t g = 0; g < p->npacks; g++)
        for (int32_t l = 0; l < p->packs[g].n && p->packs[g].kept; l++) {
            const loop_node *node = &k->nodes[p->packs[g].node[l]];
            for (int i = 0; i < node->nin; i++)
                if (kept_pack(p, node->in[i]))
                    p->component[root(p, p->pack[node->in[i]])] = root(p, g);
        }
}

/* Drops the least worth pack of each group of connected ones that together cost more than they
 * save. True when there was one. */
static bool drop_worst(packing *p, int32_t *value, int32_t *sum)
{
    bool dropped = false;
    find_carries(p);
    want_scalars(p);
    join_components(p);
    memset(sum, 0, (size_t)p->npacks * sizeof *sum);
    for (int32_t g = 0; g < p->npacks; g++)
        if (p->packs[g].kept)
            sum[root(p, g)] += value[g] = value_of(p, &p->packs[g]);
    for (int32_t r = 0; r < p->npacks; r++) {
        int32_t worst = -1;
        for (int32_t g = 0; g < p->npacks && sum[r] < 0; g++)
            if (p->packs[g].kept && root(p, g) == r && (worst < 0 || value[g] < value[worst]))
                worst = g;
        if (worst >= 0)
            p->packs[worst].kept = false, dropped = true;
    }
    return dropped;
}

static bool choose(packing *p)
{
    int32_t *room = malloc(2 * (size_t)(p->npacks + 1) * sizeof *room);
    while (room && drop_worst(p, room, room + p->npacks))
        ;
    for (int32_t n = 0; n < p->e->k->nnodes; n++)
        if (p->pack[n] >= 0 && !p->packs[p->pack[n]].kept)
            p->pack[n] = -1;
    free(room);
    return room;
}

bool llvm_packing(emitter *e, const int8_t *phase, packing **out)
{
    size_t n = (size_t)e->k->nnodes;
    *out = NULL;
    if (loop_has_lanes(e->k))
        return true;
    packing *p = *out = calloc(1, sizeof *p);
    if (!p)
        return false;
    *p = (packing){.e = e,
                   .phase = phase,
                   .packs = calloc(n, sizeof *p->packs),
                   .pack = malloc(n * sizeof *p->pack),
                   .lane = calloc(n, sizeof *p->lane),
                   .scalar = calloc(n, 1),
                   .form = calloc(2 * n, sizeof *p->form),
                   .wanted = calloc(n, 1),
                   .component = calloc(n, sizeof *p->component)};
    bool ok = p->packs && p->pack && p->lane && p->scalar && p->form && p->wanted && p->component;
    if (ok) {
        memset(p->pack, -1, n * sizeof *p->pack);
        ok = find_packs(p) && choose(p);
    }
    return ok;
}

void llvm_packing_free(packing *p)
{
    if (!p)
        return;
    free(p->packs), free(p->pack), free(p->lane);
    free(p->scalar), free(p->form), free(p->wanted), free(p->component);
    free(p);
}

/* ---- moves ---- */
static LLVMValueRef lane_number(emitter *e, int l)
{
    return LLVMConstInt(e->i32, (unsigned long long)l, false);
}

static LLVMValueRef shuffled(emitter *e, LLVMValueRef x, LLVMValueRef y, const int *from, int width)
{
    LLVMValueRef mask[MOST_LANES];
    for (int l = 0; l < width; l++)
        mask[l] = from[l] < 0 ? LLVMGetPoison(e->i32) : lane_number(e, from[l]);
    return LLVMBuildShuffleVector(e->b, x, y ? y : LLVMGetPoison(LLVMTypeOf(x)),
                                  LLVMConstVector(mask, (unsigned)width), "");
}

/* Where the value of a node is: a vector and the lane in it. */
static LLVMValueRef place_of(packing *p, int32_t n, int *lane)
{
    const pack *g = kept_pack(p, n);
    *lane = g ? p->lane[n] : 0;
    if (!g)
        return p->e->value[n].at[0];
    return p->e->k->nodes[n].kind == LOOP_CARRY ? g->carry : g->v;
}

static bool is_vector(LLVMValueRef v)
{
    return LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMVectorTypeKind;
}

static LLVMValueRef element(emitter *e, LLVMValueRef v, int lane)
{
    return is_vector(v) ? LLVMBuildExtractElement(e->b, v, lane_number(e, lane), "") : v;
}

static LLVMValueRef with_element(emitter *e, LLVMValueRef v, LLVMValueRef x, int lane)
{
    return LLVMBuildInsertElement(e->b, v, x, lane_number(e, lane), "");
}

/* The lanes [from] of x, where they are wanted, in v (NULL: nothing yet). */
static LLVMValueRef blended(emitter *e, LLVMValueRef v, LLVMValueRef x, const int *from, int width)
{
    int both[MOST_LANES];
    for (int l = 0; l < width; l++)
        both[l] = from[l] < 0 ? l : width + l;
    if (!is_vector(x))
        x = with_element(e, LLVMGetPoison(LLVMVectorType(LLVMTypeOf(x), (unsigned)width)), x, 0);
    LLVMValueRef part = shuffled(e, x, NULL, from, width);
    return v ? shuffled(e, v, part, both, width) : part;
}

/* The values of nodes as lanes; those beyond the last repeat the first. */
static LLVMValueRef collected(packing *p, const int32_t *nodes, int32_t n, int width)
{
    emitter *e = p->e;
    LLVMValueRef from[MOST_LANES], v = NULL;
    int lane[MOST_LANES];
    bool taken[MOST_LANES] = {false}, constant = true;
    for (int l = 0; l < width; l++) {
        from[l] = place_of(p, nodes[l < n ? l : 0], &lane[l]);
        constant &= LLVMIsConstant(from[l]) && !is_vector(from[l]);
    }
    if (constant)
        return LLVMConstVector(from, (unsigned)width);
    for (int l = 0; l < width; l++) {
        if (taken[l])
            continue;
        int own[MOST_LANES], count = 0;
        bool same = is_vector(from[l]) && (int)LLVMGetVectorSize(LLVMTypeOf(from[l])) == width;
        for (int m = 0; m < width; m++) {
            bool here = from[m] == from[l] && !taken[m];
            own[m] = here ? lane[m] : -1;
            same &= here && lane[m] == m;
            count += here;
            taken[m] |= here;
        }
        if (same)
            return from[l];
        v = v && count == 1 ? with_element(e, v, element(e, from[l], lane[l]), l)
                            : blended(e, v, from[l], own, width);
    }
    return v;
}

static LLVMValueRef operand(packing *p, const pack *g, int i)
{
    int32_t nodes[MOST_LANES];
    if (g->operand[i])
        return g->operand[i];
    for (int32_t l = 0; l < g->n; l++)
        nodes[l] = p->e->k->nodes[g->node[l]].in[i];
    return collected(p, nodes, g->n, g->width);
}

/* ---- forms ---- */
/* A node on its own is a number, or a pair of equal ones: integers live in the general registers,
 * floats in vectors, where comparing and choosing take less time. */
static bool is_float(int dtype) { return dtype == CT_FLOAT32 || dtype == CT_FLOAT64; }

static LLVMValueRef splat_pair(emitter *e, LLVMValueRef v)
{
    if (LLVMTypeOf(v) != e->i1)
        return with_element(
            e, with_element(e, LLVMGetPoison(LLVMVectorType(LLVMTypeOf(v), 2)), v, 0), v, 1);
    LLVMValueRef mask = LLVMBuildSExt(e->b, v, e->scalar[BODY_I8], ""),
                 all = LLVMBuildBitCast(e->b, mask, LLVMVectorType(e->i1, 8), "");
    return shuffled(e, all, NULL, (int[]){0, 1}, 2);
}

/* As a number, or as a pair. */
static LLVMValueRef formed(packing *p, int32_t n, bool pair)
{
    emitter *e = p->e;
    LLVMValueRef *known = &p->form[2 * n + pair];
    int lane;
    if (*known)
        return *known;
    LLVMValueRef from = place_of(p, n, &lane);
    bool vector = is_vector(from);
    if (!pair)
        return *known = element(e, from, lane);
    if (!vector)
        return *known = splat_pair(e, from);
    bool same = LLVMGetVectorSize(LLVMTypeOf(from)) == 2 && !kept_pack(p, n);
    return *known = same ? from : shuffled(e, from, NULL, (int[]){lane, lane}, 2);
}

/* What is made of pairs alone is one. */
static bool is_pair(const packing *p, int32_t n)
{
    const loop_node *nodes = p->e->k->nodes, *node = &nodes[n];
    bool pairs = false, numbers = false;
    if (node->kind == LOOP_LOAD || node->kind == LOOP_STORE || !node->nin)
        return is_float(node->dtype) && node->kind != LOOP_STORE;
    for (int i = 0; i < node->nin; i++) {
        int32_t in = node->in[i];
        if (is_float(nodes[in].dtype))
            return true;
        bool pair = !kept_pack(p, in) && is_vector(p->e->value[in].at[0]);
        pairs |= pair;
        numbers |= !pair && nodes[in].kind != LOOP_CONST;
    }
    return is_float(node->dtype) || (pairs && !numbers);
}

LLVMValueRef llvm_number(packing *p, int32_t n) { return formed(p, n, false); }

LLVMValueRef llvm_carried(packing *p, int32_t n)
{
    return formed(p, n, is_float(p->e->k->nodes[n].dtype));
}

LLVMValueRef *llvm_save_forms(const packing *p)
{
    size_t bytes = 2 * (size_t)p->e->k->nnodes * sizeof *p->form;
    LLVMValueRef *copy = malloc(bytes);
    return copy ? memcpy(copy, p->form, bytes) : NULL;
}

void llvm_restore_forms(packing *p, LLVMValueRef *copy)
{
    memcpy(p->form, copy, 2 * (size_t)p->e->k->nnodes * sizeof *p->form);
    free(copy);
}

void llvm_forget_forms(packing *p)
{
    if (p)
        memset(p->form, 0, 2 * (size_t)p->e->k->nnodes * sizeof *p->form);
}

/* ---- around the loop ---- */
void llvm_packs_before(packing *p)
{
    const loop_node *nodes = p ? p->e->k->nodes : NULL;
    for (int32_t g = 0; p && g < p->npacks; g++) {
        pack *x = &p->packs[g];
        int32_t start[MOST_LANES];
        if (!x->kept)
            continue;
        for (int i = 0; i < nodes[x->node[0]].nin; i++)
            x->operand[i] = fixed_operand(p, x, i) ? operand(p, x, i) : NULL;
        for (int32_t l = 0; l < x->n && x->ncarries == x->n; l++)
            start[l] = nodes[x->carries[l]].in[0];
        if (x->ncarries == x->n)
            x->carry = collected(p, start, x->n, x->width);
    }
}

void llvm_packs_open(packing *p, LLVMBasicBlockRef before)
{
    for (int32_t g = 0; p && g < p->npacks; g++) {
        LLVMValueRef start = p->packs[g].carry;
        p->packs[g].done = false;
        if (!start)
            continue;
        p->packs[g].carry = LLVMBuildPhi(p->e->b, LLVMTypeOf(start), "");
        LLVMAddIncoming(p->packs[g].carry, &start, &before, 1);
    }
}

void llvm_packs_close(packing *p, LLVMBasicBlockRef last)
{
    for (int32_t g = 0; p && g < p->npacks; g++)
        if (p->packs[g].carry)
            LLVMAddIncoming(p->packs[g].carry, &p->packs[g].v, &last, 1);
}

/* ---- inside ---- */
bool llvm_in_pack(const packing *p, int32_t n) { return p && kept_pack(p, n); }

const int32_t *llvm_pack_members(const packing *p, int32_t n, int32_t *count)
{
    const pack *g = kept_pack(p, n);
    *count = g->n;
    return g->node;
}

/* Of the packs, only those of other functions of the same arguments are computed with this one
 * (far.c). */
static void offer_like(packing *p, const pack *g)
{
    emitter *e = p->e;
    const loop_node *nodes = e->k->nodes;
    memset(e->wanted, 0, (size_t)e->k->nnodes);
    for (int32_t h = 0; h < p->npacks; h++) {
        const pack *x = &p->packs[h];
        bool like = x->kept && !x->done && x->n == g->n && nodes[x->node[0]].nin == 1 &&
                    p->phase[x->node[0]] == p->phase[g->node[0]];
        for (int32_t l = 0; l < g->n && like; l++)
            like = nodes[x->node[l]].in[0] == nodes[g->node[l]].in[0];
        e->wanted[x->node[0]] = like;
    }
}

/* A node with these operands, at this width. */
static void compute(packing *p, int32_t n, const LLVMValueRef *in, int width)
{
    emitter *e = p->e;
    const loop_node *node = &e->k->nodes[n];
    lanes own[LOOP_INPUTS];
    for (int i = 0; i < node->nin; i++)
        own[i] = e->value[node->in[i]];
    for (int i = 0; i < node->nin; i++)
        e->value[node->in[i]].at[0] = in[i];
    llvm_set_width(e, width);
    llvm_node(e, n, 1);
    llvm_set_width(e, 1);
    for (int i = node->nin; i-- > 0;)
        e->value[node->in[i]] = own[i];
}

void llvm_pack(packing *p, int32_t n)
{
    emitter *e = p->e;
    pack *g = kept_pack(p, n);
    LLVMValueRef in[LOOP_INPUTS];
    int32_t first = g->node[0];
    if (!e->early[first]) {
        for (int i = 0; i < e->k->nodes[first].nin; i++)
            in[i] = operand(p, g, i);
        memcpy(p->wanted, e->wanted, (size_t)e->k->nnodes);
        offer_like(p, g);
        compute(p, first, in, g->width);
        memcpy(e->wanted, p->wanted, (size_t)e->k->nnodes);
    }
    g->v = e->value[first].at[0];
    g->done = true;
}

void llvm_alone(packing *p, int32_t n)
{
    const loop_node *node = &p->e->k->nodes[n];
    bool pair = is_pair(p, n), places = node->kind == LOOP_LOAD;
    LLVMValueRef in[LOOP_INPUTS];
    for (int i = 0; i < node->nin; i++)
        in[i] = formed(p, node->in[i], pair && !places);
    compute(p, n, in, pair ? 2 : 1);
}
