/* Dead code: a program without the results that nobody uses, and without what only they need.
 * Programs of calls shrink with it. */
#include "ops/ops.h"
#include "transform/call.h"
#include "transform/cond.h"
#include "transform/partial.h"
#include "transform/scan.h"
#include "transform/while.h"

bool runs_one_program(const op *o) { return o->code == OP_jit || o->code == OP_remat2; }

/* What is left of an equation. */
typedef struct remains {
    const eqn *e;
    bool live;
    int64_t n; /* programs, of an equation that gives fewer results from now on; 0: it stays */
    jaxpr **programs;
    bool *used_in, *used_out;
} remains;

typedef struct sweep {
    const jaxpr *j;
    arena memory;
    bool *wanted; /* by variable */
    remains *eqns;
} sweep;

static void want(sweep *s, const atom *a)
{
    if (a->var)
        s->wanted[a->var->id] = true;
}

/* A call decides which of its operands are left. */
static bool shrink_call(remains *r)
{
    r->programs[0] = jaxpr_dce(params_jaxpr(r->e->op, r->e->params), r->used_out, r->used_in);
    return r->programs[0] != NULL;
}

/* The carried values that results need are those that they need of each other, too. */
static bool shrink_scan(remains *r)
{
    const params_scan *p = r->e->params;
    size_t n = (size_t)p->num_carry;
    bool *carry = r->used_in + p->num_consts, settled;
    do {
        memset(r->used_in, 0, (size_t)r->e->nin);
        memcpy(carry, r->used_out, n);
        if (!(r->programs[0] = jaxpr_dce(p->jaxpr, r->used_out, r->used_in)))
            return false;
        settled = !memcmp(carry, r->used_out, n);
        memcpy(r->used_out, carry, n);
    } while (!settled);
    return true;
}

/* As of a scan; the test needs some of the carry, whatever is used. */
static bool shrink_while(remains *r, bool *used)
{
    const params_while *p = r->e->params;
    int64_t nc = p->cond_nconsts, nb = p->body_nconsts, n = r->e->nout;
    bool *body = r->used_in + nc, *carry = body + nb, settled, yes = true;
    memset(used, 0, (size_t)(nc + n));
    if (!jaxpr_dce(p->cond, &yes, used))
        return false;
    for (int64_t i = 0; i < n; i++)
        r->used_out[i] |= used[nc + i];
    do {
        memset(body, 0, (size_t)nb);
        memcpy(carry, r->used_out, (size_t)n);
        if (!(r->programs[1] = jaxpr_dce(p->body, r->used_out, body)))
            return false;
        settled = !memcmp(carry, r->used_out, (size_t)n);
        memcpy(r->used_out, carry, (size_t)n);
    } while (!settled);
    memcpy(used + nc, carry, (size_t)n);
    r->programs[0] = jaxpr_dce(p->cond, &yes, used);
    memcpy(r->used_in, used, (size_t)nc);
    return r->programs[0] != NULL;
}

/* All branches take what one of them reads. */
static bool shrink_branches(remains *r, bool *used)
{
    const jaxpr_list *branches = &((const params_cond *)r->e->params)->branches;
    int nin = r->e->nin - 1;
    r->used_in[0] = true;
    for (int64_t b = 0; b < branches->n; b++) {
        memset(used, 0, (size_t)nin);
        if (!jaxpr_dce(branches->at[b], r->used_out, used))
            return false;
        for (int i = 0; i < nin; i++)
            r->used_in[1 + i] |= used[i];
    }
    for (int64_t b = 0; b < branches->n; b++)
        if (!(r->programs[b] = jaxpr_dce(branches->at[b], r->used_out, r->used_in + 1)))
            return false;
    return true;
}

/* An equation that runs programs, which may give fewer results and read fewer operands. */
static bool shrink(sweep *s, remains *r, bool all_used)
{
    const eqn *e = r->e;
    bool *used = arena_alloc(&s->memory, 2 * (size_t)e->nin + 1);
    r->n = e->op->code == OP_cond ? ((const params_cond *)e->params)->branches.n
                                  : 1 + (e->op->code == OP_while);
    r->programs = arena_alloc(&s->memory, (size_t)r->n * sizeof *r->programs);
    if (!used || !r->programs)
        return false;
    r->used_in = used + e->nin;
    memset(r->used_in, 0, (size_t)e->nin);
    bool good = e->op->code == OP_cond    ? shrink_branches(r, used)
                : e->op->code == OP_scan  ? shrink_scan(r)
                : e->op->code == OP_while ? shrink_while(r, used)
                                          : shrink_call(r);
    bool same = all_used;
    for (int i = 0; i < e->nin && good; i++) {
        same = same && r->used_in[i];
        if (r->used_in[i])
            want(s, &e->in[i]);
    }
    if (same)
        r->n = 0;
    return good;
}

static bool sweep_eqn(sweep *s, remains *r)
{
    const eqn *e = r->e;
    bool *used = arena_alloc(&s->memory, (size_t)e->nout + 1), all = true;
    r->live = op_effects(e->op, e->params);
    if (!used)
        return false;
    for (int i = 0; i < e->nout; i++) {
        used[i] = e->out[i] && s->wanted[e->out[i]->id];
        r->live |= used[i];
        all &= used[i];
    }
    r->used_out = used;
    if (!r->live)
        return true;
    if (runs_one_program(e->op) || e->op->code == OP_scan || e->op->code == OP_while ||
        e->op->code == OP_cond)
        return shrink(s, r, all);
    for (int i = 0; i < e->nin; i++)
        want(s, &e->in[i]);
    return true;
}

static int64_t count(const bool *of, int64_t n)
{
    int64_t set = 0;
    for (int64_t i = 0; i < n; i++)
        set += of[i];
    return set;
}

static bool bind_smaller(const remains *r, int nin, const ct_array *in, int nout, ct_array *out)
{
    const eqn *e = r->e;
    if (e->op->code == OP_cond)
        return cond_bind(r->programs, r->n, nin, in, nout, out);
    if (e->op->code == OP_scan) {
        params_scan p = *(const params_scan *)e->params;
        p.jaxpr = r->programs[0];
        p.num_carry = count(r->used_in + p.num_consts, p.num_carry);
        p.num_consts = count(r->used_in, p.num_consts);
        return scan_bind(&p, nin, in, nout, out);
    }
    if (e->op->code == OP_while) {
        params_while p = *(const params_while *)e->params;
        p.cond = r->programs[0], p.body = r->programs[1];
        p.body_nconsts = count(r->used_in + p.cond_nconsts, p.body_nconsts);
        p.cond_nconsts = count(r->used_in, p.cond_nconsts);
        return while_bind(&p, nin, in, nout, out);
    }
    return call_bind(e->op, e->params, r->programs[0], nin, in, out);
}

static bool bind_shrunk(const remains *r, ct_array *in, ct_array *out)
{
    const eqn *e = r->e;
    int n = 0, next = 0, nout = r->programs[r->n - 1]->nout;
    ct_array *results = base_alloc((size_t)(nout + 1) * sizeof *results);
    for (int i = 0; i < e->nin; i++)
        if (r->used_in[i])
            in[n++] = in[i];
    bool good = results && bind_smaller(r, n, in, nout, results);
    for (int i = 0; i < e->nout && good; i++)
        out[i] = r->used_out[i] ? results[next++] : NULL;
    base_free(results);
    return good;
}

/* The inputs and results that are left, as a flat function to be staged. */
typedef struct smaller {
    const sweep *s;
    const bool *used_out, *used_in;
} smaller;

static bool run_smaller(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const smaller *m = env;
    const jaxpr *j = m->s->j;
    values v;
    (void)nin;
    bool good = values_begin(&v, j);
    for (int i = 0, next = 0; i < j->nin && good; i++)
        v.of[j->in[i]->id] = m->used_in[i] ? in[next++] : NULL;
    for (int64_t k = 0; k < j->neqns && good; k++) {
        const remains *r = &m->s->eqns[k];
        if (!r->live)
            continue;
        values_read(&v, r->e);
        good = r->n ? bind_shrunk(r, v.in, v.out) : values_bind(&v, r->e);
        values_write(&v, r->e);
    }
    good = good && (out->at = base_alloc((size_t)(j->nout + 1) * sizeof *out->at));
    for (int i = 0; i < j->nout && good; i++)
        if (m->used_out[i])
            out->at[out->n++] = values_of(&v, &j->out[i]);
    values_end(&v);
    return good;
}

static jaxpr *stage_smaller(sweep *s, const bool *used_out, const bool *used_in)
{
    const jaxpr *j = s->j;
    aval *avals = arena_alloc(&s->memory, (size_t)(j->nin + 1) * sizeof *avals);
    int64_t n = 0;
    for (int i = 0; i < j->nin && avals; i++)
        if (used_in[i])
            avals[n++] = j->in[i]->aval;
    smaller m = {s, used_out, used_in};
    return avals ? transform_stage((flat){run_smaller, &m, j->name}, n, avals, j->name) : NULL;
}

static bool sweep_program(sweep *s, const bool *used_out)
{
    const jaxpr *j = s->j;
    s->wanted = arena_alloc(&s->memory, (size_t)j->nvars + 1);
    s->eqns = arena_alloc(&s->memory, (size_t)(j->neqns + 1) * sizeof *s->eqns);
    if (!s->wanted || !s->eqns)
        return false;
    memset(s->wanted, 0, (size_t)j->nvars);
    int64_t n = 0;
    for (const eqn *e = j->eqns; e; e = e->next)
        s->eqns[n++] = (remains){.e = e};
    for (int i = 0; i < j->nout; i++)
        if (used_out[i])
            want(s, &j->out[i]);
    bool good = true;
    while (n-- > 0 && good)
        good = sweep_eqn(s, &s->eqns[n]);
    return good;
}

jaxpr *jaxpr_dce(jaxpr *j, const bool *used_out, bool *used_in)
{
    sweep s = {.j = j};
    size_t nkey = (size_t)j->nout + (size_t)j->nin;
    bool *key = arena_alloc(&s.memory, nkey + (size_t)j->nin + 1), *left = key + nkey;
    if (!key)
        return NULL;
    memcpy(key, used_out, (size_t)j->nout);
    for (int i = 0; i < j->nin; i++)
        key[j->nout + i] = !used_in || used_in[i];
    jaxpr *made = jaxpr_derived(j, "dce", (int64_t)nkey, key);
    bool good = made != NULL;
    if (good)
        memcpy(left, jaxpr_derived_extra(j, "dce", (int64_t)nkey, key), (size_t)j->nin);
    else if (sweep_program(&s, used_out)) {
        for (int i = 0; i < j->nin; i++)
            left[i] = key[j->nout + i] || s.wanted[j->in[i]->id];
        made = stage_smaller(&s, used_out, left);
        good = made && jaxpr_derive(j, "dce", (int64_t)nkey, key, made, j->nin, left);
        object_release(made);
    }
    if (good && used_in)
        memcpy(used_in, left, (size_t)j->nin);
    arena_free(&s.memory);
    return good ? made : NULL;
}
