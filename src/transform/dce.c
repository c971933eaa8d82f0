/* Dead code: a program without the results that nobody uses, and without what only they need.
 * Programs of calls shrink with it. */
#include "ops/ops.h"
#include "transform/call.h"
#include "transform/partial.h"
#include "transform/scan.h"

bool program_has_effects(const jaxpr *j)
{
    for (const eqn *e = j->eqns; e; e = e->next) {
        const jaxpr *inner = params_jaxpr(e->op, e->params);
        if ((e->op->flags & OP_EFFECT) || (inner && program_has_effects(inner)))
            return true;
    }
    return false;
}

bool runs_one_program(const op *o) { return o->code == OP_jit || o->code == OP_remat2; }

/* What is left of an equation. */
typedef struct remains {
    const eqn *e;
    bool live;
    jaxpr *inner;        /* of a call with unused results: its smaller program */
    const bool *used_in; /* operands of that; NULL: all */
    const bool *used_out;
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

/* An equation of which some results are used, where it runs a program that can give fewer: of a
 * call, which decides what operands are left; of a scan, whose carry stays whole. */
static bool shrink(sweep *s, remains *r, bool *used_out)
{
    const eqn *e = r->e;
    bool scans = e->op->code == OP_scan;
    bool *used_in = scans ? NULL : arena_alloc(&s->memory, (size_t)e->nin + 1);
    for (int64_t i = 0; scans && i < ((const params_scan *)e->params)->num_carry; i++)
        used_out[i] = true;
    r->inner =
        scans || used_in ? jaxpr_dce(params_jaxpr(e->op, e->params), used_out, used_in) : NULL;
    r->used_in = used_in;
    r->used_out = used_out;
    for (int i = 0; i < e->nin && r->inner; i++)
        if (!used_in || used_in[i])
            want(s, &e->in[i]);
    return r->inner != NULL;
}

static bool sweep_eqn(sweep *s, remains *r)
{
    const eqn *e = r->e;
    const jaxpr *inner = params_jaxpr(e->op, e->params);
    bool *used = arena_alloc(&s->memory, (size_t)e->nout + 1), all = true;
    r->live = (e->op->flags & OP_EFFECT) || (inner && program_has_effects(inner));
    if (!used)
        return false;
    for (int i = 0; i < e->nout; i++) {
        used[i] = e->out[i] && s->wanted[e->out[i]->id];
        r->live |= used[i];
        all &= used[i];
    }
    if (!r->live)
        return true;
    if (!all && (runs_one_program(e->op) || e->op->code == OP_scan))
        return shrink(s, r, used);
    for (int i = 0; i < e->nin; i++)
        want(s, &e->in[i]);
    return true;
}

static bool bind_shrunk(const remains *r, ct_array *in, ct_array *out)
{
    const eqn *e = r->e;
    ct_array *results = base_alloc((size_t)(r->inner->nout + 1) * sizeof *results);
    int n = 0, next = 0;
    for (int i = 0; i < e->nin; i++)
        if (!r->used_in || r->used_in[i])
            in[n++] = in[i];
    bool good = results && call_bind(e->op, e->params, r->inner, n, in, results);
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
        good = r->inner ? bind_shrunk(r, v.in, v.out) : values_bind(&v, r->e);
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
    const char *purpose = used_in ? "dce" : "dce, all inputs";
    jaxpr *made = jaxpr_derived(j, purpose, j->nout, used_out);
    if (made) {
        if (used_in)
            memcpy(used_in, jaxpr_derived_extra(j, purpose, j->nout, used_out), (size_t)j->nin);
        return made;
    }
    sweep s = {.j = j};
    bool *left = arena_alloc(&s.memory, (size_t)j->nin + 1);
    bool good = left && sweep_program(&s, used_out);
    for (int i = 0; i < j->nin && good; i++)
        left[i] = !used_in || s.wanted[j->in[i]->id];
    made = good ? stage_smaller(&s, used_out, left) : NULL;
    good = made && jaxpr_derive(j, purpose, j->nout, used_out, made, j->nin, left);
    if (good && used_in)
        memcpy(used_in, left, (size_t)j->nin);
    object_release(made);
    arena_free(&s.memory);
    return good ? made : NULL;
}
