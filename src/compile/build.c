/* Groups to steps: kernels are lowered, identical ones merged, all of a program's code made at
 * once, and every value given a slot in the table of addresses. Temporaries share one block of
 * memory; place.c decides where. */
#include "compile/place.h"
#include "compile/program.h"
#include "transform/partial.h"

#include <stdio.h>

typedef struct builder {
    graph g;
    groups groups;
    program *p;
    vec(step) steps;
    vec(const kernel_ir *) kernels; /* of each step; NULL: no kernel */
    vec(int32_t) code_index;        /* of each kernel step: which distinct kernel */
    vec(boxed) boxes;
    bool *is_boxed;                  /* by slot; there are no more slots than values */
    struct builder *root, *next;     /* the outermost program; the list of all those inside it */
    vec(const kernel_ir *) distinct; /* of the root */
    table numbering;                 /* of the root: finds them */
} builder;

static program *build_inner(builder *b, const jaxpr *j);

/* ---- slots ---- */
static int32_t slot_of(builder *b, int32_t v)
{
    value *owner = &b->g.values.at[b->g.values.at[v].alias];
    if (owner->slot < 0)
        owner->slot = b->p->nslots++;
    return owner->slot;
}

/* A value that only steps know. */
static int32_t private_slot(builder *b, size_t bytes)
{
    value v = {.aval = {.dtype = CT_INT8},
               .bytes = bytes,
               .origin = FROM_NODE,
               .alias = (int32_t)b->g.values.n,
               .stored = true,
               .slot = b->p->nslots,
               .group = -1,
               .part_of = -1};
    return vec_push(&b->g.values, v) ? b->p->nslots++ : -1;
}

/* ---- steps ---- */
static bool distinct_kernel(builder *b, const kernel_ir *k);
static void print_kernel(const kernel_ir *k);

/* The kernel that a loop is, if it is one; else the programs of a loop or a branch. Its memory is
 * one more slot. */
static bool control_parts(builder *b, step *s)
{
    size_t scratch;
    bool made;
    sequence_kernel *k = arena_alloc(&b->g.arena, sizeof *k);
    if (!k || !sequence_lower(&b->p->arena, s->op, s->params, k, &made))
        return false;
    if (made) {
        s->kind = STEP_SEQUENCE;
        if (compile_debug() >= 2)
            print_kernel(&k->k);
        return sequence_prepare(&b->p->arena, s, k, &scratch) &&
               (s->slots[s->n++] = private_slot(b, scratch)) >= 0 && distinct_kernel(b, &k->k);
    }
    int64_t n = 0;
    while (control_program(s->op, s->params, n))
        n++;
    program **parts = arena_alloc(&b->p->arena, (size_t)n * sizeof *parts);
    for (int64_t i = 0; parts && i < n; i++)
        if (!(parts[i] = build_inner(b, control_program(s->op, s->params, i))))
            return false;
    return parts && control_plan(&b->p->arena, s, n, parts, &scratch) &&
           (s->slots[s->n++] = private_slot(b, scratch)) >= 0;
}

/* Another algorithm may do where a result is left out, with other last bits. */
static bool omitted(const builder *b, const node *n, int k, const value *made)
{
    return k < 8 && n->op->optional >> k & 1 && !made->read && compile_optimizes() &&
           !b->g.j->keeps_order;
}

/* Loops and branches inside native ones are native; they need not be looked through once more. */
static bool is_native(const builder *b, const node *n)
{
    return compile_optimizes() && (b != b->root ? control_program(n->op, n->params, 0) != NULL
                                                : control_is_native(n->op, n->params));
}

static bool opaque_step(builder *b, const node *n)
{
    bool native = is_native(b, n);
    step s = {.kind = native          ? STEP_CONTROL
                      : n->op->kernel ? STEP_OPAQUE
                                      : STEP_CALL,
              .op = n->op,
              .params = n->params,
              .nin = n->nin,
              .nout = n->nout,
              .n = n->nin + n->nout,
              .units = 1,
              .grain = 1};
    if (!n->op->call && !n->op->kernel)
        return base_fail(CT_NOT_IMPLEMENTED_ERROR, "Evaluation rule for '%s' not implemented",
                         n->op->name),
               false;
    int total = s.n;
    s.slots = arena_alloc(&b->p->arena, (size_t)(total + 1) * sizeof *s.slots);
    s.operands = arena_alloc(&b->p->arena, (size_t)(total + 1) * sizeof *s.operands);
    if (!s.slots || !s.operands)
        return false;
    for (int i = 0; i < total; i++) {
        int32_t v = i < n->nin ? n->in[i] : n->out[i - n->nin];
        if (v < 0)
            return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                             "compile: %s has an unread result of unknown type", n->op->name),
                   false;
        value *val = &b->g.values.at[v];
        if (s.kind == STEP_OPAQUE && i >= n->nin && omitted(b, n, i - n->nin, val)) {
            s.omitted |= 1u << (i - n->nin);
            val->bytes = 0;
        }
        s.slots[i] = slot_of(b, v);
        s.operands[i].aval = val->aval;
        s.operands[i].aval.shape =
            arena_alloc(&b->p->arena, (size_t)(val->aval.ndim + 1) * sizeof(int64_t));
        if (!s.operands[i].aval.shape)
            return false;
        if (val->aval.ndim)
            memcpy((void *)(uintptr_t)s.operands[i].aval.shape, val->aval.shape,
                   (size_t)val->aval.ndim * sizeof(int64_t));
        s.work += val->size;
    }
    if (s.kind == STEP_OPAQUE && n->op->prepare)
        n->op->prepare(n->params, s.operands, s.operands + n->nin);
    return (!native || control_parts(b, &s)) && vec_push(&b->steps, s) &&
           vec_push(&b->kernels, NULL);
}

typedef struct kernel_probe {
    const builder *root;
    const kernel_ir *k;
} kernel_probe;

/* Known kernels are numbers in the list, counted from 1. */
static bool same_kernel(const void *known, const void *probe)
{
    const kernel_probe *p = probe;
    return loop_equal(p->root->distinct.at[(intptr_t)known - 1], p->k);
}

static bool distinct_kernel(builder *b, const kernel_ir *k)
{
    builder *root = b->root;
    uint64_t h = loop_hash(k, 0);
    intptr_t known =
        (intptr_t)table_find(&root->numbering, h, same_kernel, &(kernel_probe){root, k});
    if (!known) {
        known = root->distinct.n + 1;
        if (!vec_push(&root->distinct, k) || !table_add(&root->numbering, h, (void *)known))
            return false;
    }
    return vec_push(&b->code_index, (int32_t)known - 1);
}

static void print_kernel(const kernel_ir *k)
{
    text t = {0};
    loop_text(&t, k);
    char *s = text_end(&t);
    if (s)
        fputs(s, stderr);
    base_free(s);
}

static bool kernel_step(builder *b, const lowered *l, int32_t partial_slot)
{
    enum { WORTH_A_TASK = 20000 }; /* ns */
    kernel_shape shape = kernel_shape_of(&l->k, host_vector_bytes());
    step s = {.kind = STEP_KERNEL, .n = l->k.nbuffers, .units = shape.units};
    s.work = shape.work * shape.units;
    s.grain = WORTH_A_TASK / shape.work + 1;
    if (s.work < 2 * WORTH_A_TASK)
        s.grain = s.units;
    s.slots = arena_alloc(&b->p->arena, (size_t)(s.n + 1) * sizeof *s.slots);
    if (!s.slots)
        return false;
    for (int i = 0; i < s.n; i++)
        s.slots[i] = l->buffers[i] < 0 ? partial_slot : slot_of(b, l->buffers[i]);
    if (compile_debug() >= 2)
        print_kernel(&l->k);
    return vec_push(&b->steps, s) && vec_push(&b->kernels, &l->k) && distinct_kernel(b, &l->k);
}

static bool group_steps(builder *b, const group *gr)
{
    if (gr->opaque)
        return opaque_step(b, &b->g.nodes.at[gr->node]);
    if (!gr->members.n)
        return true;
    lowered *l = arena_alloc(&b->g.arena, 2 * sizeof *l);
    int n = 0;
    size_t partial = 0;
    if (!l || !lower_group(&b->g, gr, l, &n, &partial))
        return false;
    /* Partial results are a value that only these two steps know. */
    int32_t partial_slot = partial ? private_slot(b, partial) : -1;
    if (partial && partial_slot < 0)
        return false;
    for (int i = 0; i < n; i++)
        if (!kernel_step(b, &l[i], partial_slot))
            return false;
    return true;
}

/* ---- inputs, constants, results ---- */
static bool place_inputs(builder *b)
{
    program *p = b->p;
    p->input_slots = arena_alloc(&p->arena, (size_t)(p->nin + 1) * sizeof *p->input_slots);
    if (!p->input_slots)
        return false;
    for (int i = 0; i < p->nin; i++)
        p->input_slots[i] = -1;
    int64_t n = 0;
    for (int64_t v = 0; v < b->g.values.n; v++) {
        const value *val = &b->g.values.at[v];
        if (val->slot < 0)
            continue;
        if (val->origin == FROM_INPUT)
            p->input_slots[val->index] = val->slot;
        n += val->origin == FROM_CONST;
    }
    p->const_slots = arena_alloc(&p->arena, (size_t)(n + 1) * sizeof *p->const_slots);
    p->consts = arena_alloc(&p->arena, (size_t)(n + 1) * sizeof *p->consts);
    if (!p->const_slots || !p->consts)
        return false;
    for (int64_t v = 0; v < b->g.values.n; v++) {
        const value *val = &b->g.values.at[v];
        if (val->slot < 0 || val->origin != FROM_CONST)
            continue;
        p->const_slots[p->nconsts] = val->slot;
        p->consts[p->nconsts++] = val->array;
    }
    return true;
}

static bool place_results(builder *b)
{
    program *p = b->p;
    p->results = arena_alloc(&p->arena, (size_t)(p->nout + 1) * sizeof *p->results);
    int32_t *first = arena_alloc(&b->g.arena, (size_t)(b->g.values.n + 1) * sizeof *first);
    if (!p->results || !first)
        return false;
    memset(first, -1, (size_t)(b->g.values.n + 1) * sizeof *first);
    for (int i = 0; i < p->nout; i++) {
        const aval *want = atom_aval(&b->g.j->out[i]);
        value *owner = &b->g.values.at[b->g.values.at[b->g.outputs[i]].alias];
        result r = {
            .kind = RESULT_NEW, .aval = *want, .view = !aval_equal(&owner->aval, want, true)};
        if (owner->origin == FROM_INPUT)
            r.kind = RESULT_INPUT, r.index = owner->index;
        else if (owner->origin == FROM_CONST)
            r.kind = RESULT_CONST, r.array = owner->array;
        else {
            r.slot = slot_of(b, b->g.outputs[i]);
            if (b->is_boxed[r.slot])
                r.kind = RESULT_BOXED;
            else if (first[r.slot] < 0)
                first[r.slot] = i;
            else {
                r.kind = RESULT_SAME, r.index = first[r.slot];
                r.view = !aval_equal(&p->results[r.index].aval, want, true);
            }
        }
        p->results[i] = r;
    }
    return true;
}

/* Values that an operation takes or makes as an array. */
static bool find_boxes(builder *b)
{
    size_t n = (size_t)b->g.values.n + 1;
    bool *given = arena_alloc(&b->g.arena, 2 * n); /* inputs and constants are arrays already */
    if (!given)
        return false;
    memset(given, 0, 2 * n);
    b->is_boxed = given + n;
    for (int64_t v = 0; v < b->g.values.n; v++) {
        const value *x = &b->g.values.at[v];
        if (x->slot >= 0)
            given[x->slot] |= x->origin != FROM_NODE;
    }
    for (int64_t s = 0; s < b->steps.n; s++) {
        const step *st = &b->steps.at[s];
        for (int i = 0; st->kind == STEP_CALL && i < st->nin + st->nout; i++) {
            int32_t slot = st->slots[i];
            bool made = i >= st->nin || given[slot];
            if (!b->is_boxed[slot] &&
                !vec_push(&b->boxes, (boxed){slot, st->operands[i].aval, made}))
                return false;
            b->is_boxed[slot] = true;
        }
    }
    b->p->nboxed = (int32_t)b->boxes.n;
    b->p->boxes = b->boxes.n
                      ? arena_copy(&b->p->arena, b->boxes.at, (size_t)b->boxes.n * sizeof(boxed))
                      : NULL;
    return b->p->boxes || !b->boxes.n;
}

/* Temporaries that are updated and read no more share memory with what becomes of them. */
static bool share_updated(builder *b)
{
    slot_memory *slots = base_zalloc((size_t)(b->p->nslots + 1) * sizeof *slots);
    if (!slots)
        return false;
    for (int64_t v = 0; v < b->g.values.n; v++) {
        const value *x = &b->g.values.at[v];
        if (x->slot >= 0 && x->origin == FROM_NODE && !b->is_boxed[x->slot])
            slots[x->slot].bytes = x->bytes;
    }
    for (int i = 0; i < b->p->nout; i++) {
        const value *x = &b->g.values.at[b->g.values.at[b->g.outputs[i]].alias];
        if (x->slot >= 0)
            slots[x->slot].result = true;
    }
    bool good = plan_updates(b->steps.n, b->steps.at, &b->g, b->p->nslots, slots);
    base_free(slots);
    return good;
}

/* ---- temporaries: each lives from the first step that names it to the last ---- */
static bool plan_temporaries(builder *b)
{
    program *p = b->p;
    place_block *blocks = base_zalloc((size_t)(p->nslots + 1) * sizeof *blocks);
    bool *taken = base_zalloc((size_t)p->nslots + 1);
    if (!blocks || !taken)
        return base_free(blocks), base_free(taken), false;
    for (int i = 0; i < p->nslots; i++)
        blocks[i].last = -1;
    for (int i = 0; i < p->nout; i++)
        if (p->results[i].kind == RESULT_NEW)
            taken[p->results[i].slot] = true;
    for (int64_t i = 0; i < b->boxes.n; i++)
        taken[b->boxes.at[i].slot] = true;
    for (int64_t v = 0; v < b->g.values.n; v++) {
        const value *val = &b->g.values.at[v];
        if (val->slot < 0)
            continue;
        if (val->origin != FROM_NODE)
            taken[val->slot] = true;
        blocks[val->slot] = (place_block){.slot = val->slot,
                                          .first = INT64_MAX,
                                          .last = -1,
                                          .bytes = (val->bytes + 127) & ~(size_t)63};
    }
    for (int64_t s = 0; s < b->steps.n; s++) {
        const step *st = &b->steps.at[s];
        for (int i = 0; i < st->n; i++) {
            place_block *k = &blocks[st->slots[i]];
            if (s < k->first)
                k->first = s;
            if (s > k->last)
                k->last = s;
        }
    }
    p->temporaries = arena_alloc(&p->arena, (size_t)(p->nslots + 1) * sizeof *p->temporaries);
    int64_t n = 0;
    for (int i = 0; i < p->nslots; i++)
        if (!taken[i] && blocks[i].last >= 0)
            blocks[n++] = blocks[i];
    bool good = p->temporaries && place_blocks(n, blocks, &p->temporary_bytes);
    for (int64_t i = 0; i < n && good; i++)
        p->temporaries[p->ntemporaries++] = (temporary){blocks[i].slot, blocks[i].offset};
    base_free(blocks), base_free(taken);
    return good;
}

/* ---- all together ---- */
static bool build_steps(builder *b, const jaxpr *j)
{
    program *p = b->p;
    p->nin = j->nin, p->nout = j->nout;
    if (!graph_build(&b->g, j, &p->arena) || !group_nodes(&b->g, &b->groups))
        return false;
    for (int64_t i = 0; i < b->groups.n; i++)
        if (!group_steps(b, &b->groups.at[i]))
            return false;
    if (!find_boxes(b) || !share_updated(b) || !place_results(b) || !place_inputs(b) ||
        !plan_temporaries(b))
        return false;
    p->held = b->g.held.at, p->nheld = b->g.held.n;
    b->g.held.at = NULL, b->g.held.n = b->g.held.capacity = 0;
    p->nsteps = (int32_t)b->steps.n;
    for (int32_t i = 0; i < p->nsteps; i++)
        p->work += b->steps.at[i].work;
    p->steps =
        p->nsteps ? arena_copy(&p->arena, b->steps.at, (size_t)p->nsteps * sizeof(step)) : NULL;
    return (p->steps || !p->nsteps) && plan_reuse(p, j, b->kernels.at);
}

static program *build_inner(builder *b, const jaxpr *j)
{
    builder *inner = base_zalloc(sizeof *inner);
    program *p = base_zalloc(sizeof *p);
    if (!inner || !p)
        return base_free(inner), base_free(p), NULL;
    p->next = b->p->inner, b->p->inner = p;
    inner->next = b->root->next, b->root->next = inner;
    inner->root = b->root, inner->p = p;
    return build_steps(inner, j) ? p : NULL;
}

/* The kernels of all programs at once. */
static bool make_code(builder *root)
{
    if (!root->distinct.n)
        return true;
    code *c = root->p->code = code_compile((int)root->distinct.n, root->distinct.at);
    if (!c)
        return false;
    for (builder *b = root; b; b = b->next)
        for (int32_t s = 0, k = 0; s < b->p->nsteps; s++)
            if (b->p->steps[s].kind == STEP_KERNEL || b->p->steps[s].kind == STEP_SEQUENCE)
                b->p->steps[s].code = c->kernels[b->code_index.at[k++]];
    return true;
}

static void builder_free(builder *b)
{
    groups_free(&b->groups);
    graph_free(&b->g);
    vec_free(&b->steps), vec_free(&b->kernels), vec_free(&b->code_index);
    vec_free(&b->boxes), vec_free(&b->distinct);
    table_free(&b->numbering);
}

/* Does a loop or a branch, at any depth, give results that nobody reads? */
static bool gives_too_much(const jaxpr *j)
{
    bool found = false;
    for (const eqn *e = j->eqns; e && !found; e = e->next) {
        const jaxpr *inner = graph_inlined(e->op, e->params);
        bool control = control_program(e->op, e->params, 0);
        for (int k = 0; k < e->nout && control && !found; k++)
            found = !e->out[k] || !e->out[k]->uses;
        for (int64_t i = 0; control && !found && control_program(e->op, e->params, i); i++)
            found = gives_too_much(control_program(e->op, e->params, i));
        found = found || (inner && gives_too_much(inner));
    }
    return found;
}

/* Without what its loops and branches compute for nobody. NULL after a failure. */
static const jaxpr *lean(jaxpr *j)
{
    if (!compile_optimizes() || !gives_too_much(j))
        return j;
    bool *all = base_alloc((size_t)j->nout + 1);
    if (all)
        memset(all, true, (size_t)j->nout);
    const jaxpr *less = all ? jaxpr_dce(j, all, NULL) : NULL;
    base_free(all);
    return less;
}

program *program_build(jaxpr *j)
{
    builder b = {.p = base_zalloc(sizeof(program)), .root = &b};
    if (!b.p)
        return NULL;
    const jaxpr *less = lean(j);
    bool ok = less && build_steps(&b, less) && make_code(&b);
    if (!ok) {
        if (ct_ok())
            base_fail(CT_RUNTIME_ERROR, "compile: a program could not be built");
        program_free(b.p);
    }
    for (builder *inner = b.next, *next; inner; inner = next) {
        next = inner->next;
        builder_free(inner);
        base_free(inner);
    }
    builder_free(&b);
    return ok ? b.p : NULL;
}

void program_free(program *p)
{
    void *memory = atomic_load(&p->spare);
    if (memory)
        array_memory_free(memory, p->temporary_bytes);
    for (program *inner = p->inner, *next; inner; inner = next) {
        next = inner->next;
        program_free(inner);
    }
    object_release(p->code);
    for (int64_t i = 0; i < p->nheld; i++)
        object_release(p->held[i]);
    base_free(p->held);
    arena_free(&p->arena);
    base_free(p);
}
