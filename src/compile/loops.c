/* The loop language: verifying, printing, hashing kernels, and cutting them into units. loops.h
 * says what they mean; llvm/emit.c makes code of them. */
#include "compile/loops.h"

#include "array/array.h"

static bool broken(int node, const char *rule)
{
    return base_fail(CT_ASSERTION_ERROR, "compile: node %d of a kernel %s", node, rule), false;
}

static bool access_fits(const kernel_ir *k, const loop_access *a)
{
    return a->buffer >= 0 && a->buffer < k->nbuffers;
}

static bool is_offset(const loop_node *n) { return n->dtype == CT_INT32 || n->dtype == CT_INT64; }

static bool body_fits(const kernel_ir *k, int n)
{
    const loop_node *node = &k->nodes[n];
    const body_name *body = &body_names[node->number];
    bool fits =
        node->second < body->nresults && body->results[node->second] == loop_body_type(node->dtype);
    for (int i = 0; i < node->nin; i++)
        fits &= body->args[i] == loop_body_type(k->nodes[node->in[i]].dtype);
    return fits;
}

static bool verify_node(const kernel_ir *k, const loop_place *places, int n)
{
    const loop_node *node = &k->nodes[n];
    for (int i = 0; i < node->nin; i++)
        if (node->in[i] < 0 || node->in[i] >= n)
            return broken(n, "uses a later value");
    switch ((loop_kind)node->kind) {
    case LOOP_LOAD:
        if (node->number < 0 || node->number >= k->naccesses ||
            !access_fits(k, &k->accesses[node->number]))
            return broken(n, "loads from nowhere");
        if (node->nin > 1 || (node->nin && !is_offset(&k->nodes[node->in[0]])))
            return broken(n, "loads at no place");
        break;
    case LOOP_CONST:
        break;
    case LOOP_INDEX:
        if (node->number < 0 || node->number >= k->ndim)
            return broken(n, "asks for the index of no dimension");
        break;
    case LOOP_BODY:
        if (node->number < 0 || node->number >= body_count ||
            body_names[node->number].nargs != node->nin)
            return broken(n, "has no such body");
        return body_fits(k, n) || broken(n, "has a body of other types");
    case LOOP_SELECT:
        if (node->nin != 3 || k->nodes[node->in[0]].dtype != CT_BOOL)
            return broken(n, "selects by no bool");
        break;
    case LOOP_BITS:
        if (node->nin != 1 ||
            loop_itemsize(node->dtype) != loop_itemsize(k->nodes[node->in[0]].dtype))
            return broken(n, "changes size with its dtype");
        break;
    case LOOP_CARRY:
        if (node->nin != 1 || !k->sequence || node->number < 0 || node->number >= k->ncarries ||
            k->nodes[node->in[0]].dtype != node->dtype ||
            k->nodes[k->next[node->number]].dtype != node->dtype)
            return broken(n, "carries nothing");
        break;
    case LOOP_STORE:
        if (!k->sequence || node->number < 0 || node->number >= k->naccesses ||
            !access_fits(k, &k->accesses[node->number]) || node->nin < 2 || node->nin > 3 ||
            !is_offset(&k->nodes[node->in[1]]) || k->nodes[node->in[0]].dtype != node->dtype ||
            (node->nin == 3 && k->nodes[node->in[2]].dtype != CT_BOOL))
            return broken(n, "stores to no place");
        break;
    case LOOP_REDUCE:
        if (node->nin != 1 || !k->reduced || node->number < 0 || node->number >= body_count)
            return broken(n, "reduces nothing");
        break;
    }
    return places[n].depth <= k->nnodes;
}

static bool sequence_is_sound(const kernel_ir *k)
{
    if (k->ndim != 2 || k->reduced || k->range < 0 || k->range >= k->nbuffers)
        return broken(-1, "is a sequence of the wrong form");
    for (int i = 0; i < k->ncarries; i++)
        if (k->next[i] < 0 || k->next[i] >= k->nnodes)
            return broken(k->next[i], "is carried and not there");
    if (k->test >= k->nnodes || (k->test >= 0 && k->nodes[k->test].dtype != CT_BOOL))
        return broken(k->test, "is the test of a sequence and no bool");
    return true;
}

bool loop_verify(const kernel_ir *k)
{
    if (k->ndim < 1 || k->ndim > LOOP_DIMS || k->nnodes < 1 || k->nnodes > LOOP_NODES ||
        k->nbuffers > LOOP_BUFFERS)
        return broken(-1, "has sizes out of range");
    if (k->ragged && (k->ragged >= k->ndim || !(k->reduced >> k->ragged & 1) ||
                      (k->reduced >> (k->ragged - 1) & 1)))
        return broken(-1, "has a ragged dimension of the wrong kind");
    if (k->sequence && !sequence_is_sound(k))
        return false;
    loop_place *places = base_alloc((size_t)k->nnodes * sizeof *places);
    if (!places)
        return false;
    bool ok = true;
    for (int n = 0; n < k->nnodes; n++) {
        places[n].depth = 0;
        for (int i = 0; ok && i < k->nodes[n].nin; i++)
            if (k->nodes[n].in[i] < 0 || k->nodes[n].in[i] >= n)
                ok = broken(n, "uses a later value");
    }
    if (ok)
        loop_places(k, places);
    for (int n = 0; ok && n < k->nnodes; n++)
        ok = verify_node(k, places, n);
    for (int s = 0; ok && s < k->nstores; s++) {
        const loop_store *store = &k->stores[s];
        if (store->node < 0 || store->node >= k->nnodes || !access_fits(k, &store->access))
            ok = broken(store->node, "is stored nowhere");
    }
    base_free(places);
    return ok;
}

/* ---- printing ---- */
static void access_text(text *t, const kernel_ir *k, const loop_access *a)
{
    text_add(t, "b%d[%lld", a->buffer, (long long)a->offset);
    for (int d = 0; d < k->ndim; d++)
        if (a->stride[d])
            text_add(t, " + %lld*i%d", (long long)a->stride[d], d);
    text_add(t, "]");
}

static void node_text(text *t, const kernel_ir *k, int n)
{
    static const char *const names[] = {"load", "const",  "index", "body", "select",
                                        "bits", "reduce", "carry", "store"};
    const loop_node *node = &k->nodes[n];
    text_add(t, "  v%d:%s = %s", n, dtype_table[node->dtype].short_name, names[node->kind]);
    if (node->kind == LOOP_BODY || node->kind == LOOP_REDUCE)
        text_add(t, " %s%s", body_names[node->number].name, node->second ? ".second" : "");
    for (int i = 0; i < node->nin; i++)
        text_add(t, " v%d", node->in[i]);
    if (node->kind == LOOP_LOAD || node->kind == LOOP_STORE)
        text_add(t, " "), access_text(t, k, &k->accesses[node->number]);
    if (node->kind == LOOP_CONST)
        text_add(t, " 0x%llx", (unsigned long long)node->bits);
    if (node->kind == LOOP_INDEX)
        text_add(t, " i%d", node->number);
    if (node->kind == LOOP_CARRY)
        text_add(t, " then v%d", k->next[node->number]);
    text_add(t, "\n");
}

void loop_text(text *t, const kernel_ir *k)
{
    text_add(t, "kernel");
    for (int d = 0; d < k->ndim; d++)
        text_add(t, " %si%d<%lld", k->reduced >> d & 1 ? "reduced " : "", d,
                 (long long)k->extent[d]);
    if (k->ragged)
        text_add(t, " ragged i%d total %lld", k->ragged, (long long)k->ragged_total);
    if (k->sequence)
        text_add(t, " in sequence");
    if (k->sequence && k->test >= 0)
        text_add(t, " while v%d", k->test);
    text_add(t, "\n");
    for (int n = 0; n < k->nnodes; n++)
        node_text(t, k, n);
    for (int s = 0; s < k->nstores; s++) {
        text_add(t, "  ");
        access_text(t, k, &k->stores[s].access);
        text_add(t, " = v%d%s%s\n", k->stores[s].node, k->stores[s].stream ? " (streamed)" : "",
                 k->stores[s].last ? " (last)" : "");
    }
}

/* ---- identity ---- */
static uint64_t hash_access(const kernel_ir *k, const loop_access *a, uint64_t h)
{
    h = base_mix(h, (uint64_t)a->buffer);
    h = base_mix(h, (uint64_t)a->offset);
    return base_hash(a->stride, (size_t)k->ndim * sizeof *a->stride, h);
}

uint64_t loop_hash(const kernel_ir *k, uint64_t h)
{
    h = base_mix(h, (uint64_t)k->ndim << 32 | (uint64_t)k->reduced);
    h = base_hash(k->extent, (size_t)k->ndim * sizeof *k->extent, h);
    h = base_mix(h, base_mix((uint64_t)k->ragged, (uint64_t)k->ragged_total));
    for (int n = 0; n < k->nnodes; n++) {
        const loop_node *node = &k->nodes[n];
        h = base_mix(h, (uint64_t)node->kind | (uint64_t)node->dtype << 8 |
                            (uint64_t)node->nin << 16 | (uint64_t)node->second << 24 |
                            (uint64_t)(uint32_t)node->number << 32);
        h = base_mix(base_hash(node->in, node->nin * sizeof *node->in, h), node->bits);
    }
    if (k->sequence)
        h = base_mix(h, (uint64_t)(uint32_t)k->test << 32 | (uint32_t)k->range);
    for (int i = 0; i < k->ncarries; i++)
        h = base_mix(h, (uint64_t)k->next[i]);
    for (int a = 0; a < k->naccesses; a++)
        h = hash_access(k, &k->accesses[a], h);
    for (int s = 0; s < k->nstores; s++)
        h = hash_access(k, &k->stores[s].access,
                        base_mix(h, (uint64_t)k->stores[s].node << 2 |
                                        (uint64_t)k->stores[s].last << 1 | k->stores[s].stream));
    return h;
}

static bool access_equal(const kernel_ir *k, const loop_access *a, const loop_access *b)
{
    return a->buffer == b->buffer && a->offset == b->offset &&
           !memcmp(a->stride, b->stride, (size_t)k->ndim * sizeof *a->stride);
}

static bool node_equal(const loop_node *a, const loop_node *b)
{
    return a->kind == b->kind && a->dtype == b->dtype && a->nin == b->nin &&
           a->second == b->second && a->number == b->number && a->bits == b->bits &&
           !memcmp(a->in, b->in, a->nin * sizeof *a->in);
}

bool loop_equal(const kernel_ir *a, const kernel_ir *b)
{
    if (a->ndim != b->ndim || a->reduced != b->reduced || a->nnodes != b->nnodes ||
        a->naccesses != b->naccesses || a->nstores != b->nstores || a->nbuffers != b->nbuffers ||
        a->ragged != b->ragged || a->ragged_total != b->ragged_total ||
        a->sequence != b->sequence || a->ncarries != b->ncarries || a->test != b->test ||
        a->range != b->range ||
        (a->ncarries && memcmp(a->next, b->next, (size_t)a->ncarries * sizeof *a->next)) ||
        memcmp(a->extent, b->extent, (size_t)a->ndim * sizeof *a->extent))
        return false;
    for (int n = 0; n < a->nnodes; n++)
        if (!node_equal(&a->nodes[n], &b->nodes[n]))
            return false;
    for (int i = 0; i < a->naccesses; i++)
        if (!access_equal(a, &a->accesses[i], &b->accesses[i]))
            return false;
    for (int s = 0; s < a->nstores; s++)
        if (a->stores[s].node != b->stores[s].node || a->stores[s].stream != b->stores[s].stream ||
            a->stores[s].last != b->stores[s].last ||
            !access_equal(a, &a->stores[s].access, &b->stores[s].access))
            return false;
    return true;
}
