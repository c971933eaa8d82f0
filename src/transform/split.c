/* What is known apart from what is not: the trace that sorts operations by it, and the split of a
 * program in two that it makes.
 *
 * Linearizing runs derivative rules under the trace (jvp.c). Loops split their body by what depends
 * on constants only, and so compute it once (scan_rules.c). */
#include "ops/ops.h"
#include "transform/custom.h"

/* ---- the trace ---- */

static bool split_call(sorting_trace *t, const params_call *p, int nin, const ct_array *in,
                       int nout, ct_array *out, bool *done);

/* Where an operation on these operands belongs. */
static trace *side_of(sorting_trace *t, int64_t n, const ct_array *in, bool *mixed)
{
    int64_t staged = 0;
    for (int64_t i = 0; i < n; i++)
        staged += traced_by(in[i], stage_as_trace(t->staged));
    *mixed = staged && staged < n;
    return staged ? stage_as_trace(t->staged) : t->base.parent;
}

static bool loops(const op *o)
{
    return o->code == OP_scan || o->code == OP_while || o->code == OP_cond ||
           o->code == OP_remat2 || o->code == OP_custom_vmap_call;
}

static bool loops_inside(const jaxpr *j)
{
    bool found = false;
    for (const eqn *e = j->eqns; e && !found; e = e->next)
        found =
            loops(e->op) || (e->op->code == OP_jit && loops_inside(params_jaxpr(e->op, e->params)));
    return found;
}

static bool sort_process(trace *base, const op *o, const void *params, int nin, const ct_array *in,
                         int nout, ct_array *out)
{
    sorting_trace *t = (sorting_trace *)base;
    bool mixed, done = false;
    trace *to = side_of(t, nin, in, &mixed);
    t->mixed |= mixed && (loops(o) || (o == &op_row_jit && loops_inside(params_jaxpr(o, params))));
    if (t->defers && op_effects(o, params)) /* happens as often as it did */
        to = stage_as_trace(t->staged);
    else if (mixed && t->splits && o == &op_row_jit &&
             !split_call(t, params, nin, in, nout, out, &done))
        return false;
    if (done)
        return true;
    core_bind_on(to, o, params, nin, in, nout, out);
    return values_good(nout, out);
}

static bool sort_custom(trace *base, custom_call *c, int64_t n, const ct_array *in, leaves *out)
{
    bool mixed;
    trace_context saved = trace_enter(side_of((sorting_trace *)base, n, in, &mixed));
    bool good = custom_apply(c, n, in, out);
    trace_leave(saved);
    return good;
}

static const trace_class sorting_class = {
    "PartialTracer", sort_process, sort_custom, NULL, NULL, false};

sorting_trace sorting_trace_on(trace *parent, stage_trace *staged, bool splits)
{
    return (sorting_trace){{.head = {&trace_object_class, INT32_MAX / 2, KIND_OTHER},
                            .class = &sorting_class,
                            .parent = parent,
                            .alive = true,
                            .of = {.by = "grad"}},
                           staged,
                           splits,
                           false,
                           false};
}

/* ---- splitting a program ---- */

typedef struct split {
    const jaxpr *j;
    const bool *known;
    int keep;
    bool *out_known;
    jaxpr *rest;
} split;

/* The program's known part happens, the other is written down in `rest`. */
static bool sort_program(split *s, const ct_array *in, stage_trace *rest, ct_array *results)
{
    const jaxpr *j = s->j;
    ct_array *all = base_alloc((size_t)(j->nin + 1) * sizeof *all);
    bool good = all != NULL;
    int64_t next = 0;
    for (int i = 0; i < j->nin && good; i++)
        good = !is_poison(all[i] = s->known[i] ? in[next++] : stage_input(rest, &j->in[i]->aval));
    if (good) {
        sorting_trace sort = sorting_trace_on(core_current, rest, true);
        sort.defers = true;
        trace_context saved = trace_enter(&sort.base);
        good = jaxpr_eval(j, j->nin, all, j->nout, results);
        trace_leave(saved);
    }
    base_free(all);
    return good;
}

/* (known inputs...) -> (values for the rest..., known results...) */
static bool run_first(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    split *s = env;
    const jaxpr *j = s->j;
    (void)nin;
    stage_trace *rest = stage_new((traced){.name = j->name});
    ct_array *results = base_alloc((size_t)(2 * j->nout + 1) * sizeof *results),
             *others = results + j->nout;
    bool good = rest && results && sort_program(s, in, rest, results);
    int64_t n = 0, m = 0;
    for (int k = 0; k < j->nout && good; k++) {
        s->out_known[k] = k >= s->keep && !traced_by(results[k], stage_as_trace(rest));
        if (s->out_known[k])
            results[m++] = results[k];
        else
            others[n++] = results[k];
    }
    jaxpr *closed = NULL;
    if (good)
        closed = stage_finish(rest, n, others, j->name);
    else
        stage_abandon(rest);
    s->rest = closed ? jaxpr_consts_to_inputs(closed) : NULL;
    *out = (leaves){0};
    if (s->rest && (out->at = base_alloc((size_t)(closed->nconsts + m + 1) * sizeof *out->at))) {
        out->n = closed->nconsts + m;
        memcpy(out->at, closed->consts, (size_t)closed->nconsts * sizeof *out->at);
        memcpy(out->at + closed->nconsts, results, (size_t)m * sizeof *out->at);
    }
    object_release(closed); /* s->rest keeps it, and so the tracers among its constants */
    base_free(results);
    return out->at != NULL;
}

bool jaxpr_split(jaxpr *j, const bool *known, int keep, bool *out_known, jaxpr **first,
                 jaxpr **rest)
{
    const char *purpose = keep ? "split, all" : "split",
               *purpose_rest = keep ? "rest, all" : "rest";
    *first = jaxpr_derived(j, purpose, j->nin, known);
    *rest = jaxpr_derived(j, purpose_rest, j->nin, known);
    if (*first && *rest) {
        memcpy(out_known, jaxpr_derived_extra(j, purpose, j->nin, known), (size_t)j->nout);
        return true;
    }
    aval *avals = base_alloc((size_t)(j->nin + 1) * sizeof *avals);
    int64_t n = 0;
    for (int i = 0; i < j->nin && avals; i++)
        if (known[i])
            avals[n++] = j->in[i]->aval;
    split s = {j, known, keep, out_known, NULL};
    *first = avals ? transform_stage((flat){run_first, &s, j->name}, n, avals, j->name) : NULL;
    *rest = s.rest;
    base_free(avals);
    bool good = *first && *rest &&
                jaxpr_derive(j, purpose, j->nin, known, *first, j->nout, out_known) &&
                jaxpr_derive(j, purpose_rest, j->nin, known, *rest, 0, NULL);
    object_release(*first);
    object_release(*rest);
    return good;
}

/* A call of which only a part is known: two calls, if the known one has something to do. */
static bool split_call(sorting_trace *t, const params_call *p, int nin, const ct_array *in,
                       int nout, ct_array *out, bool *done)
{
    jaxpr *first, *rest;
    arena memory = {0};
    bool *known = arena_alloc(&memory, (size_t)(nin + nout + 1)), *out_known = known + nin;
    for (int i = 0; i < nin && known; i++)
        known[i] = !traced_by(in[i], stage_as_trace(t->staged));
    if (!known || !jaxpr_split(p->jaxpr, known, 0, out_known, &first, &rest))
        return arena_free(&memory), false;
    int nvalues = first->nout, n = 0;
    for (int k = 0; k < nout; k++)
        nvalues -= out_known[k];
    *done = first->neqns || nvalues < first->nout;
    ct_array *values =
                 arena_alloc(&memory, (size_t)(nin + first->nout + rest->nin + rest->nout + 1) *
                                          sizeof *values),
             *given = values + first->nout, *results = given + nin + rest->nin;
    bool good = values;
    if (good && *done) {
        for (int i = 0; i < nin; i++)
            if (known[i])
                given[n++] = in[i];
        good = jit_forward(t->base.parent, p, first, 0, n, given, values);
        memcpy(given, values, (size_t)nvalues * sizeof *given);
        n = nvalues;
        for (int i = 0; i < nin; i++)
            if (!known[i])
                given[n++] = in[i];
        good =
            good && jit_forward(stage_as_trace(t->staged), p, rest, rest->nout, n, given, results);
        for (int k = 0; k < nout && good; k++)
            out[k] = out_known[k] ? values[nvalues++] : *results++;
    }
    arena_free(&memory);
    return good;
}
