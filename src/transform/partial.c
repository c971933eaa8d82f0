/* What a checkpointed program keeps and what it computes again, by a policy.
 *
 * Each equation's results are saved or not, as the policy says. The program of a call is split
 * likewise, so that the policy sees the operations inside. Of a scan a result is saved where the
 * equation in its body that makes it is one to save. Next: checkpoint.c. */
#include "transform/partial.h"
#include "ops/ops.h"
#include "transform/call.h"

/* ---- values ---- */

bool values_begin(values *v, const jaxpr *j)
{
    int most = 1;
    for (const eqn *e = j->eqns; e; e = e->next)
        most = most > e->nin + e->nout ? most : e->nin + e->nout;
    v->of = base_zalloc((size_t)(j->nvars + 1) * sizeof *v->of);
    v->in = base_alloc((size_t)(2 * most) * sizeof *v->in);
    v->out = v->in ? v->in + most : NULL;
    for (int i = 0; i < j->nconsts && v->of; i++)
        v->of[j->constvars[i]->id] = j->consts[i];
    return v->of && v->in;
}

void values_end(values *v)
{
    base_free(v->of);
    base_free(v->in);
}

ct_array values_of(const values *v, const atom *a)
{
    return a->var ? v->of[a->var->id] : a->literal;
}

void values_read(values *v, const eqn *e)
{
    for (int i = 0; i < e->nin; i++)
        v->in[i] = values_of(v, &e->in[i]);
}

bool values_bind(values *v, const eqn *e)
{
    eqn_bind(e, v->in, v->out);
    return values_good(e->nout, v->out);
}

void values_write(values *v, const eqn *e)
{
    for (int i = 0; i < e->nout; i++)
        if (e->out[i])
            v->of[e->out[i]->id] = v->out[i];
}

/* ---- decisions ---- */

typedef struct decision {
    const eqn *e;
    jaxpr *known, *recompute; /* of a call: its program, split; else NULL */
    bool *saved;              /* by result */
    int nsaved;
} decision;

typedef struct saved_split {
    const jaxpr *j;
    arena memory;
    decision *eqns;
    int nsaved;
} saved_split;

static bool ask(const policy *p, const eqn *e, bool *save)
{
    aval *in = base_alloc((size_t)(e->nin + 1) * sizeof *in);
    for (int i = 0; i < e->nin && in; i++)
        in[i] = *atom_aval(&e->in[i]);
    bool good = in && p->saves(p, e->op, e->params, e->nin, in, save);
    base_free(in);
    return good;
}

/* Is this result of a program made by an equation to save? */
static bool saves_result(const policy *p, const jaxpr *j, const atom *a, bool *save)
{
    *save = false;
    if (!a->var)
        return true;
    for (const eqn *e = j->eqns; e; e = e->next)
        for (int i = 0; i < e->nout; i++)
            if (e->out[i] == a->var) {
                bool looks_inside = runs_one_program(e->op) || e->op->code == OP_scan;
                const jaxpr *inner = looks_inside ? params_jaxpr(e->op, e->params) : NULL;
                return inner ? saves_result(p, inner, &inner->out[i], save) : ask(p, e, save);
            }
    return true;
}

static bool decide_results(const policy *p, decision *d)
{
    const eqn *e = d->e;
    const jaxpr *body = e->op->code == OP_scan ? params_jaxpr(e->op, e->params) : NULL;
    bool whole = false, good = body || ask(p, e, &whole);
    for (int i = 0; i < e->nout && good; i++) {
        d->saved[i] = whole;
        if (body)
            good = saves_result(p, body, &body->out[i], &d->saved[i]);
        d->saved[i] &= e->out[i] != NULL;
        d->nsaved += d->saved[i];
    }
    return good;
}

/* What only shows values shows them again when they are computed again; anything else happens once.
 */
static bool happens_once(const eqn *e)
{
    return op_effects(e->op, e->params) & ~(uint32_t)(EFFECT_DEBUG | EFFECT_ORDERED_DEBUG);
}

static bool decide(saved_split *s, const policy *p, decision *d)
{
    const eqn *e = d->e;
    d->saved = arena_alloc(&s->memory, (size_t)e->nout + 1);
    if (!d->saved)
        return false;
    memset(d->saved, 0, (size_t)e->nout);
    bool good = true;
    jaxpr *inner = runs_one_program(e->op) ? params_jaxpr(e->op, e->params) : NULL;
    if (inner && (p || inner->effects)) {
        good = jaxpr_split_saved(inner, p, &d->known, &d->recompute);
        d->nsaved = good ? d->known->nout - e->nout : 0;
    } else if (happens_once(e)) {
        for (int i = 0; i < e->nout; i++)
            d->nsaved += d->saved[i] = e->out[i] != NULL;
    } else if (p) {
        good = decide_results(p, d);
    }
    s->nsaved += d->nsaved;
    return good;
}

/* ---- the two programs ---- */

static bool run_known(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const saved_split *s = env;
    const jaxpr *j = s->j;
    values v;
    bool good = values_begin(&v, j) &&
                (out->at = base_alloc((size_t)(j->nout + s->nsaved + 1) * sizeof *out->at));
    out->n = good ? j->nout : 0;
    for (int64_t i = 0; i < nin && good; i++)
        v.of[j->in[i]->id] = in[i];
    for (int64_t k = 0; k < j->neqns && good; k++) {
        const decision *d = &s->eqns[k];
        values_read(&v, d->e);
        if (!d->known) {
            good = values_bind(&v, d->e);
            for (int i = 0; i < d->e->nout && good; i++)
                if (d->saved[i])
                    out->at[out->n++] = v.out[i];
        } else {
            ct_array *all = base_alloc((size_t)(d->known->nout + 1) * sizeof *all);
            good = all && call_bind(d->e->op, d->e->params, d->known, d->e->nin, v.in, all);
            for (int i = 0; i < d->known->nout && good; i++)
                if (i < d->e->nout)
                    v.out[i] = all[i];
                else
                    out->at[out->n++] = all[i];
            base_free(all);
        }
        values_write(&v, d->e);
    }
    for (int i = 0; i < j->nout && good; i++)
        out->at[i] = values_of(&v, &j->out[i]);
    values_end(&v);
    return good;
}

static bool recompute_eqn(const decision *d, values *v, const ct_array *saved)
{
    const eqn *e = d->e;
    if (!d->recompute) {
        bool good = (e->nout && d->nsaved == e->nout) || happens_once(e) || values_bind(v, e);
        for (int i = 0; i < e->nout && good; i++)
            if (d->saved[i])
                v->out[i] = *saved++;
        return good;
    }
    int n = d->nsaved + e->nin;
    ct_array *all = base_alloc((size_t)(n + 1) * sizeof *all);
    if (!all)
        return false;
    memcpy(all, saved, (size_t)d->nsaved * sizeof *all);
    memcpy(all + d->nsaved, v->in, (size_t)e->nin * sizeof *all);
    bool good = call_bind(e->op, e->params, d->recompute, n, all, v->out);
    base_free(all);
    return good;
}

static bool run_recompute(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const saved_split *s = env;
    const jaxpr *j = s->j;
    const ct_array *saved = in;
    values v;
    bool good =
        values_begin(&v, j) && (out->at = base_alloc((size_t)(j->nout + 1) * sizeof *out->at));
    for (int64_t i = s->nsaved; i < nin && good; i++)
        v.of[j->in[i - s->nsaved]->id] = in[i];
    for (int64_t k = 0; k < j->neqns && good; k++) {
        const decision *d = &s->eqns[k];
        values_read(&v, d->e);
        good = recompute_eqn(d, &v, saved);
        saved += d->nsaved;
        values_write(&v, d->e);
    }
    out->n = good ? j->nout : 0;
    for (int i = 0; i < j->nout && good; i++)
        out->at[i] = values_of(&v, &j->out[i]);
    values_end(&v);
    return good;
}

static bool stage_parts(saved_split *s, jaxpr **known, jaxpr **recompute)
{
    const jaxpr *j = s->j;
    aval *avals = arena_alloc(&s->memory, (size_t)(s->nsaved + j->nin + 1) * sizeof *avals);
    for (int i = 0; i < j->nin && avals; i++)
        avals[s->nsaved + i] = j->in[i]->aval;
    *known =
        avals ? transform_stage((flat){run_known, s, j->name}, j->nin, avals + s->nsaved, j->name)
              : NULL;
    for (int i = 0; i < s->nsaved && *known; i++)
        avals[i] = *atom_aval(&(*known)->out[j->nout + i]);
    *recompute = *known ? transform_stage((flat){run_recompute, s, j->name}, s->nsaved + j->nin,
                                          avals, j->name)
                        : NULL;
    return *recompute != NULL;
}

bool jaxpr_split_saved(jaxpr *j, const policy *p, jaxpr **known, jaxpr **recompute)
{
    *known = jaxpr_derived(j, "saved, known", sizeof p, &p);
    *recompute = jaxpr_derived(j, "saved, recompute", sizeof p, &p);
    if (*known && *recompute)
        return true;
    *known = *recompute = NULL;
    saved_split s = {.j = j};
    s.eqns = arena_alloc(&s.memory, (size_t)(j->neqns + 1) * sizeof *s.eqns);
    bool good = s.eqns != NULL;
    int64_t n = 0;
    for (const eqn *e = j->eqns; e && good; e = e->next, n++) {
        s.eqns[n] = (decision){.e = e};
        good = decide(&s, p, &s.eqns[n]);
    }
    good = good && stage_parts(&s, known, recompute) &&
           (!p || jaxpr_hold(*known, (void *)(uintptr_t)p)) && /* the key is its address */
           jaxpr_derive(j, "saved, known", sizeof p, &p, *known, 0, NULL) &&
           jaxpr_derive(j, "saved, recompute", sizeof p, &p, *recompute, 0, NULL);
    object_release(*known);
    object_release(*recompute);
    arena_free(&s.memory);
    return good;
}
