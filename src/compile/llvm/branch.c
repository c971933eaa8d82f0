/* Which selections of a sequence are worth a branch.
 *
 * A sequence without lanes may jump. Selections by one condition become a branch where an arm holds
 * much work that nobody else needs: nodes all of whose users are in that arm. Arms inside arms are
 * branches in branches. */
#include <stdlib.h>

#include "compile/llvm/llvm.h"

enum { WORTH_A_BRANCH = 60 }; /* instructions in an arm */

typedef struct search {
    emitter *e;
    const int8_t *phase;
    branches *b;
    bool *used;   /* of each node: by a store, a carry or the test, too */
    bool *member; /* is one of the selections at hand */
    bool *behind; /* needs one of them */
    int8_t *side; /* -1: in no arm; else in the arm of false or true */
} search;

static bool is_selection(const search *s, int32_t n, int32_t condition, int32_t arm)
{
    const loop_node *node = &s->e->k->nodes[n];
    return node->kind == LOOP_SELECT && node->in[0] == condition && s->b->arm[n] == arm &&
           s->b->branch[n] < 0 && !llvm_in_pack(s->b->packs, n) &&
           s->phase[n] == s->phase[condition];
}

/* Those by this condition that do not need one another. */
static int find_members(search *s, int32_t condition, int32_t arm)
{
    const kernel_ir *k = s->e->k;
    int count = 0;
    for (int32_t n = 0; n < k->nnodes; n++) {
        s->behind[n] = false;
        for (int i = 0; i < k->nodes[n].nin && k->nodes[n].kind != LOOP_CARRY; i++)
            s->behind[n] |= s->behind[k->nodes[n].in[i]] || s->member[k->nodes[n].in[i]];
        s->member[n] = !s->behind[n] && is_selection(s, n, condition, arm);
        count += s->member[n];
    }
    return count;
}

static bool may_wait(const search *s, int32_t n, int32_t condition)
{
    const kernel_ir *k = s->e->k;
    const loop_node *node = &k->nodes[n];
    bool written = node->kind == LOOP_LOAD && llvm_is_written(k, k->accesses[node->number].buffer);
    return !written && node->kind != LOOP_CARRY && node->kind != LOOP_STORE && node->nin &&
           n != condition && s->phase[n] == s->phase[condition] && !s->used[n] && !s->member[n] &&
           !llvm_in_pack(s->b->packs, n);
}

/* A user needs n in one arm, both or beside them: 0, 1; -1. */
static int8_t side_of_user(const search *s, int32_t user, int32_t n)
{
    const loop_node *node = &s->e->k->nodes[user];
    if (!s->member[user])
        return s->side[user];
    bool no = node->in[1] == n, yes = node->in[2] == n;
    return node->in[0] == n || (no && yes) ? -1 : yes;
}

/* The arms; what the heavier one holds. */
static int find_arms(search *s, int32_t condition)
{
    enum { NOBODY = 2 };
    const kernel_ir *k = s->e->k;
    int work[2] = {0, 0};
    memset(s->side, NOBODY, (size_t)k->nnodes);
    for (int32_t n = k->nnodes; n-- > 0;) {
        const loop_node *node = &k->nodes[n];
        if (s->side[n] == NOBODY || !may_wait(s, n, condition))
            s->side[n] = -1;
        if (s->side[n] >= 0)
            work[s->side[n]] += node->kind == LOOP_BODY ? body_names[node->number].cost : 1;
        for (int i = 0; i < node->nin && node->kind != LOOP_CARRY; i++) {
            int8_t *in = &s->side[node->in[i]], own = side_of_user(s, n, node->in[i]);
            *in = *in == NOBODY || *in == own ? own : -1;
        }
    }
    return work[0] > work[1] ? work[0] : work[1];
}

static void find_branch(search *s, int32_t condition, int32_t arm)
{
    const kernel_ir *k = s->e->k;
    if (!find_members(s, condition, arm) || find_arms(s, condition) < WORTH_A_BRANCH)
        return;
    int32_t branch = s->b->count++;
    s->b->condition[branch] = condition, s->b->outer[branch] = arm;
    for (int32_t n = 0; n < k->nnodes; n++) {
        if (s->member[n])
            s->b->branch[n] = branch;
        if (s->side[n] >= 0)
            s->b->arm[n] = 2 * branch + s->side[n];
    }
}

static void find_branches(search *s)
{
    const kernel_ir *k = s->e->k;
    int work = 0;
    for (int32_t n = 0; n < k->nnodes; n++)
        work += k->nodes[n].kind == LOOP_BODY ? body_names[k->nodes[n].number].cost : 0;
    for (int32_t i = 0; i < k->nstores; i++)
        s->used[k->stores[i].node] = true;
    for (int32_t c = 0; c < k->ncarries; c++)
        s->used[k->next[c]] = true;
    if (k->test >= 0)
        s->used[k->test] = true;
    /* Outer ones, which come later, first. */
    for (int32_t n = k->nnodes; n-- > 0 && work >= WORTH_A_BRANCH;) {
        const loop_node *node = &k->nodes[n];
        if (node->kind == LOOP_SELECT && s->phase[n] >= 0 &&
            is_selection(s, n, node->in[0], s->b->arm[n]))
            find_branch(s, node->in[0], s->b->arm[n]);
    }
}

bool llvm_branches(emitter *e, const int8_t *phase, const packing *packs, branches *out)
{
    size_t n = (size_t)e->k->nnodes;
    *out = (branches){.packs = packs,
                      .branch = malloc(n * sizeof *out->branch),
                      .arm = malloc(n * sizeof *out->arm),
                      .condition = malloc(n * sizeof *out->condition),
                      .outer = malloc(n * sizeof *out->outer)};
    search s = {.e = e,
                .phase = phase,
                .b = out,
                .used = calloc(n, 1),
                .member = calloc(n, 1),
                .behind = calloc(n, 1),
                .side = calloc(n, 1)};
    bool ok = out->branch && out->arm && out->condition && out->outer && s.used && s.member &&
              s.behind && s.side;
    if (ok) {
        memset(out->branch, -1, n * sizeof *out->branch);
        memset(out->arm, -1, n * sizeof *out->arm);
        if (packs)
            find_branches(&s);
    }
    free(s.used), free(s.member), free(s.behind), free(s.side);
    return ok;
}

void llvm_branches_free(branches *b)
{
    free(b->branch), free(b->arm), free(b->condition), free(b->outer);
}
