/* Derivatives of jaxprs as jaxprs: what calls and control flow need for jvp, linearize and
 * transpose. Each is made once and kept on the jaxpr. */
#include "ops/ops.h"
#include "transform/transform.h"

/* ---- jvp ---- */

typedef struct forward_program {
    const jaxpr *j;
    const bool *nonzero;
    bool instantiate;
    bool *out_nonzero;
} forward_program;

ct_array zero_tangent(ct_array primal)
{
    aval a = primal->aval;
    a.dtype = (uint8_t)dtype_tangent((ct_dtype)a.dtype);
    return a.dtype == CT_FLOAT0 ? array_like(&a) : op_full(&a, 0);
}

bool values_good(int64_t n, const ct_array *values)
{
    for (int64_t i = 0; i < n; i++)
        if (values[i] && is_poison(values[i]))
            return false;
    return true;
}

static bool run_forward(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    forward_program *p = env;
    const jaxpr *j = p->j;
    (void)nin;
    ct_array *tangents = base_zalloc((size_t)(j->nin + 1) * sizeof *tangents);
    leaves primals = {0}, out_tangents = {0};
    int64_t next = j->nin, n = 0;
    for (int i = 0; i < j->nin && tangents; i++)
        tangents[i] = p->nonzero[i] ? in[next++] : NULL;
    bool good =
        tangents && transform_jvp(jaxpr_as_flat(j), j->nin, in, tangents, &primals, &out_tangents);
    *out = (leaves){0, good ? base_alloc((size_t)(2 * j->nout + 1) * sizeof *out->at) : NULL};
    good = good && out->at;
    for (int i = 0; i < j->nout && good; i++)
        out->at[n++] = primals.at[i];
    for (int i = 0; i < j->nout && good; i++) {
        ct_array t = out_tangents.at[i];
        bool inexact = dtype_inexact((ct_dtype)primals.at[i]->aval.dtype);
        p->out_nonzero[i] = t || (p->instantiate && inexact);
        if (p->out_nonzero[i])
            out->at[n++] = t ? t : zero_tangent(primals.at[i]);
    }
    out->n = n;
    base_free(tangents);
    leaves_free(&primals);
    leaves_free(&out_tangents);
    return good;
}

/* Avals of all inputs followed by tangents of the marked ones. */
static aval *with_tangents(const jaxpr *j, const bool *nonzero, int64_t *n, arena *a)
{
    aval *avals = arena_alloc(a, (size_t)(2 * j->nin + 1) * sizeof *avals);
    *n = 0;
    for (int i = 0; i < j->nin && avals; i++)
        avals[(*n)++] = j->in[i]->aval;
    for (int i = 0; i < j->nin && avals; i++)
        if (nonzero[i])
            avals[(*n)++] = j->in[i]->aval;
    return avals;
}

jaxpr *jaxpr_jvp(jaxpr *j, const bool *nonzero, bool instantiate, bool *out_nonzero)
{
    const char *purpose = instantiate ? "jvp, all" : "jvp";
    jaxpr *made = jaxpr_derived(j, purpose, j->nin, nonzero);
    if (made) {
        memcpy(out_nonzero, jaxpr_derived_extra(j, purpose, j->nin, nonzero), (size_t)j->nout);
        return made;
    }
    arena scratch = {0};
    int64_t n;
    aval *avals = with_tangents(j, nonzero, &n, &scratch);
    forward_program p = {j, nonzero, instantiate, out_nonzero};
    made = avals ? transform_stage((flat){run_forward, &p, j->name}, n, avals, j->name) : NULL;
    arena_free(&scratch);
    bool kept = made && jaxpr_derive(j, purpose, j->nin, nonzero, made, j->nout, out_nonzero);
    object_release(made);
    return kept ? made : NULL;
}

/* ---- linearize ---- */

typedef struct split_program {
    const jaxpr *j;
    const bool *nonzero;
    bool *out_nonzero;
    jaxpr *tangent;
} split_program;

static bool run_with_zeros(void *env, int64_t n, const ct_array *in, leaves *out);

/* Inputs that have no tangent are closed over, so that only the others are linearized. */
typedef struct closed {
    const split_program *p;
    const ct_array *all;
} closed;

static bool run_with_zeros(void *env, int64_t n, const ct_array *in, leaves *out)
{
    closed *c = env;
    const jaxpr *j = c->p->j;
    (void)n;
    ct_array *all = base_alloc((size_t)(j->nin + 1) * sizeof *all);
    int64_t next = 0;
    for (int i = 0; i < j->nin && all; i++)
        all[i] = c->p->nonzero[i] ? in[next++] : c->all[i];
    *out = (leaves){j->nout, base_alloc((size_t)(j->nout + 1) * sizeof *out->at)};
    bool good = all && out->at && jaxpr_eval(j, j->nin, all, j->nout, out->at);
    base_free(all);
    return good;
}

static bool run_known(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    split_program *p = env;
    const jaxpr *j = p->j;
    closed c = {p, in};
    (void)nin;
    ct_array *moving = base_alloc((size_t)(j->nin + 1) * sizeof *moving);
    int64_t n = 0;
    for (int i = 0; i < j->nin && moving; i++)
        if (p->nonzero[i])
            moving[n++] = in[i];
    linear_map *l = NULL;
    leaves primals = {0};
    bool good =
        moving && transform_linearize((flat){run_with_zeros, &c, j->name}, n, moving, &primals, &l);
    base_free(moving);
    if (!good)
        return false;
    const jaxpr *program = linear_program(l);
    for (int i = 0; i < j->nout; i++)
        p->out_nonzero[i] = linear_position(l, i) >= 0;
    p->tangent = jaxpr_consts_to_inputs(program);
    *out = (leaves){j->nout + program->nconsts,
                    base_alloc((size_t)(j->nout + program->nconsts + 1) * sizeof *out->at)};
    good = p->tangent && out->at;
    if (good) {
        memcpy(out->at, primals.at, (size_t)j->nout * sizeof *out->at);
        for (int i = 0; i < program->nconsts; i++)
            out->at[j->nout + i] = program->consts[i];
    }
    leaves_free(&primals);
    /* p->tangent keeps the program, and so the residual tracers, alive until the staging of the
     * known part has ended */
    object_release(l);
    return good;
}

bool jaxpr_linearize(jaxpr *j, const bool *nonzero, bool *out_nonzero, jaxpr **known,
                     jaxpr **tangent)
{
    *known = jaxpr_derived(j, "known", j->nin, nonzero);
    *tangent = jaxpr_derived(j, "tangent", j->nin, nonzero);
    if (*known && *tangent) {
        memcpy(out_nonzero, jaxpr_derived_extra(j, "known", j->nin, nonzero), (size_t)j->nout);
        return true;
    }
    aval *avals = base_alloc((size_t)(j->nin + 1) * sizeof *avals);
    for (int i = 0; i < j->nin && avals; i++)
        avals[i] = j->in[i]->aval;
    split_program p = {j, nonzero, out_nonzero, NULL};
    *known = avals ? transform_stage((flat){run_known, &p, j->name}, j->nin, avals, j->name) : NULL;
    *tangent = p.tangent;
    base_free(avals);
    bool good = *known && *tangent &&
                jaxpr_derive(j, "known", j->nin, nonzero, *known, j->nout, out_nonzero) &&
                jaxpr_derive(j, "tangent", j->nin, nonzero, *tangent, 0, NULL);
    object_release(*known);
    object_release(*tangent);
    return good;
}

/* ---- transpose ---- */

typedef struct reverse_program {
    const jaxpr *j;
    const bool *linear, *ct_nonzero;
} reverse_program;

static bool run_reverse(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    reverse_program *p = env;
    const jaxpr *j = p->j;
    (void)nin;
    ct_array *all = base_zalloc((size_t)(2 * j->nin + j->nout + 1) * sizeof *all);
    if (!all)
        return false;
    ct_array *in_cts = all + j->nin, *cts = in_cts + j->nin;
    int64_t next = 0, n = 0;
    for (int i = 0; i < j->nin; i++)
        all[i] = p->linear[i] ? NULL : in[next++];
    for (int i = 0; i < j->nout; i++)
        cts[i] = p->ct_nonzero[i] ? in[next++] : NULL;
    bool good = jaxpr_backward(j, j->nin, p->linear, all, j->nout, cts, in_cts);
    *out = (leaves){0, good ? base_alloc((size_t)(j->nin + 1) * sizeof *out->at) : NULL};
    good = good && out->at;
    for (int i = 0; i < j->nin && good; i++)
        if (p->linear[i])
            good = !is_poison(out->at[n++] = in_cts[i] ? in_cts[i] : op_full(&j->in[i]->aval, 0));
    out->n = n;
    base_free(all);
    return good;
}

jaxpr *jaxpr_transpose(jaxpr *j, const bool *linear, const bool *ct_nonzero)
{
    bool *key = base_alloc((size_t)(j->nin + j->nout + 1));
    if (!key)
        return NULL;
    memcpy(key, linear, (size_t)j->nin);
    memcpy(key + j->nin, ct_nonzero, (size_t)j->nout);
    jaxpr *made = jaxpr_derived(j, "transpose", j->nin + j->nout, key);
    if (!made) {
        arena scratch = {0};
        aval *avals = arena_alloc(&scratch, (size_t)(j->nin + j->nout + 1) * sizeof *avals);
        int64_t n = 0;
        for (int i = 0; i < j->nin && avals; i++)
            if (!linear[i])
                avals[n++] = j->in[i]->aval;
        for (int i = 0; i < j->nout && avals; i++)
            if (ct_nonzero[i])
                avals[n++] = *atom_aval(&j->out[i]);
        reverse_program p = {j, linear, ct_nonzero};
        made = avals ? transform_stage((flat){run_reverse, &p, j->name}, n, avals, j->name) : NULL;
        arena_free(&scratch);
        bool kept = made && jaxpr_derive(j, "transpose", j->nin + j->nout, key, made, 0, NULL);
        object_release(made);
        if (!kept)
            made = NULL;
    }
    base_free(key);
    return made;
}

/* ---- rewiring ---- */

typedef struct rewired {
    const jaxpr *j;
    const rewiring *w;
} rewired;

static bool run_rewired(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const rewired *r = env;
    const rewiring *w = r->w;
    ct_array *values = base_alloc((size_t)(r->j->nin + r->j->nout + 1) * sizeof *values),
             *results = values + r->j->nin;
    (void)nin;
    *out = (leaves){w->nout, base_alloc((size_t)(w->nout + 1) * sizeof *out->at)};
    bool good = values && out->at;
    for (int i = 0; i < r->j->nin && good; i++)
        values[i] = in[w->in[i]];
    good = good && jaxpr_eval(r->j, r->j->nin, values, r->j->nout, results);
    for (int64_t k = 0; k < w->nout && good; k++) {
        ct_array value =
            w->out[k] >= 0 ? results[w->out[k]] : op_full(&in[-1 - w->out[k]]->aval, 0);
        if (w->spread && w->spread[k])
            value = batch_front(value, NOT_MAPPED, w->b.size);
        good = !is_poison(out->at[k] = value);
    }
    base_free(values);
    return good;
}

jaxpr *jaxpr_rewire(const jaxpr *j, const rewiring *w, jaxpr *owner, const char *purpose,
                    int64_t nkey, const void *key)
{
    jaxpr *made = jaxpr_derived(owner, purpose, nkey, key);
    if (made)
        return made;
    rewired r = {j, w};
    made = transform_stage((flat){run_rewired, &r, w->name}, w->nin, w->avals, w->name);
    bool kept = made && jaxpr_derive(owner, purpose, nkey, key, made, 0, NULL);
    object_release(made); /* the owner holds it */
    return kept ? made : NULL;
}

jaxpr *jaxpr_again(const jaxpr *j, jaxpr *owner, const char *purpose)
{
    int64_t *order = base_alloc((size_t)(j->nin + j->nout + 1) * sizeof *order);
    aval *avals = base_alloc((size_t)(j->nin + 1) * sizeof *avals);
    for (int i = 0; i < j->nin && avals; i++)
        avals[i] = j->in[i]->aval;
    for (int i = 0; i < (j->nin > j->nout ? j->nin : j->nout) && order; i++)
        order[i] = i;
    rewiring w = {
        .name = j->name, .nin = j->nin, .avals = avals, .in = order, .nout = j->nout, .out = order};
    jaxpr *made = order && avals ? jaxpr_rewire(j, &w, owner, purpose, 0, NULL) : NULL;
    base_free(order);
    base_free(avals);
    return made;
}

jaxpr *jaxpr_forward(jaxpr *j, int keep, const bool *may, bool results, int *from)
{
    arena memory = {0};
    int64_t *in = arena_alloc(&memory, (size_t)(j->nin + j->nout + 1) * sizeof *in),
            *out = in + j->nin, n = 0;
    aval *avals = arena_alloc(&memory, (size_t)(j->nin + 1) * sizeof *avals);
    jaxpr *made = in && avals ? j : NULL;
    for (int i = 0; i < j->nin && made; i++) {
        in[i] = i;
        avals[i] = j->in[i]->aval;
    }
    for (int k = 0; k < j->nout && made; k++) {
        const var *v = k < keep ? NULL : j->out[k].var;
        int found = -1;
        for (int i = k; i-- > 0 && v && results;)
            if (j->out[i].var == v)
                found = j->nin + i;
        for (int i = 0; i < j->nin && v; i++)
            if (may[i] && j->in[i] == v)
                found = i;
        if (k >= keep)
            from[k - keep] = found;
        if (found < 0)
            out[n++] = k;
    }
    if (made && n < j->nout) {
        rewiring w = {
            .name = j->name, .nin = j->nin, .avals = avals, .in = in, .nout = n, .out = out};
        made = jaxpr_rewire(j, &w, j, "forward", n * (int64_t)sizeof *out, out);
    }
    arena_free(&memory);
    return made;
}
