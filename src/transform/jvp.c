/* Forward mode: every value carries a tangent. Linearize is the same interpreter with the tangents
 * staged instead of evaluated.
 *
 * A rule runs under a sorting trace (split.c), which sends operations on known values to the parent
 * and operations on staged tangents to the tangent program; so one derivative rule serves both
 * modes. Next: transpose.c turns the tangent program round. */
#include "transform/custom.h"

/* ---- the forward trace ---- */

struct linearize_trace { /* tangents == NULL: plain jvp */
    trace base;
    sorting_trace rules;
    stage_trace *tangents;
};

stage_trace *linearize_tangents(linearize_trace *t) { return t->tangents; }
trace *linearize_parent(linearize_trace *t) { return t->base.parent; }

static ct_array wrap(linearize_trace *t, ct_array primal, ct_array tangent)
{
    if (!tangent || is_poison(primal))
        return primal;
    if (is_poison(tangent))
        return tangent;
    ct_array a = trace_tracer(&t->base, &primal->aval);
    if (is_poison(a))
        return a;
    object_retain(primal);
    object_retain(tangent);
    a->primal = primal;
    a->tangent = tangent;
    return a;
}

static bool apply_rule(linearize_trace *t, const op *o, const void *params, int nin,
                       const ct_array *primals, const ct_array *tangents, int nout, ct_array *out,
                       ct_array *out_tangents)
{
    const op *rules = core_rules(o);
    if (t->tangents && rules->linearize)
        return rules->linearize(o, params, t, nin, primals, tangents, nout, out, out_tangents);
    if (!rules->jvp) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "Differentiation rule for '%s' not implemented",
                  o->name);
        return false;
    }
    trace_context saved = trace_enter(t->tangents ? &t->rules.base : t->base.parent);
    bool good = rules->jvp(o, params, nin, primals, tangents, nout, out, out_tangents);
    trace_leave(saved);
    return good;
}

static bool forward_process(trace *base, const op *o, const void *params, int nin,
                            const ct_array *in, int nout, ct_array *out)
{
    enum { FEW = 16 };
    linearize_trace *t = (linearize_trace *)base;
    bool any = o->flags & OP_NEW_REF;
    for (int i = 0; i < nin; i++)
        any = any || traced_by(in[i], base);
    if (!any) {
        core_bind_on(base->parent, o, params, nin, in, nout, out);
        return values_good(nout, out);
    }
    ct_array few[2 * FEW + 2 * FEW];
    bool many = nin > FEW || nout > FEW;
    ct_array *primals = many ? base_alloc((size_t)(2 * nin + nout) * sizeof *primals) : few;
    if (!primals)
        return false;
    ct_array *tangents = primals + nin, *out_tangents = tangents + nin;
    for (int i = 0; i < nin; i++) {
        bool mine = traced_by(in[i], base);
        primals[i] = mine ? in[i]->primal : in[i];
        tangents[i] = mine ? in[i]->tangent : NULL;
    }
    for (int i = 0; i < nout; i++)
        out_tangents[i] = NULL;
    bool good = apply_rule(t, o, params, nin, primals, tangents, nout, out, out_tangents);
    for (int i = 0; i < nout && good; i++)
        good = !is_poison(out[i] = wrap(t, out[i], out_tangents[i]));
    if (many)
        base_free(primals);
    return good;
}

static void forward_destroy(trace *base)
{
    linearize_trace *t = (linearize_trace *)base;
    if (t->tangents)
        object_release(stage_as_trace(t->tangents));
    base_free(t);
}

/* ---- functions with rules of their own ---- */

/* A custom_jvp rule as a function of the tangents that are not zero: it gives the results and then
 * their tangents, of which it says which there are. */
typedef struct rule_of_tangents {
    custom_call *c;
    int64_t n;
    const ct_array *primals, *tangents;
    int64_t nout;
    bool *given; /* by result: base_free */
} rule_of_tangents;

static bool run_rule(void *env, int64_t m, const ct_array *in, leaves *out)
{
    rule_of_tangents *r = env;
    leaves results = {0}, out_tangents = {0};
    ct_array *tangents = base_alloc((size_t)(r->n + 1) * sizeof *tangents);
    for (int64_t i = 0, next = 0; i < r->n && tangents; i++)
        tangents[i] = r->tangents[i] ? in[next++] : NULL;
    (void)m;
    bool good =
        tangents && custom_forward(r->c, r->n, r->primals, tangents, &results, &out_tangents);
    *out = (leaves){0};
    r->nout = results.n;
    r->given = good ? base_zalloc((size_t)results.n + 1) : NULL;
    out->at = r->given ? base_alloc((size_t)(2 * results.n + 1) * sizeof *out->at) : NULL;
    for (int64_t i = 0; i < results.n && out->at; i++)
        out->at[out->n++] = results.at[i];
    for (int64_t i = 0; i < results.n && out->at; i++)
        if ((r->given[i] = out_tangents.at[i] != NULL))
            out->at[out->n++] = out_tangents.at[i];
    leaves_free(&results);
    leaves_free(&out_tangents);
    base_free(tangents);
    return out->at;
}

/* Values and tangents go through one loop of the rule, which is not linear as it stands. But the
 * rule is linear in the tangents, and so is its own derivative by them, wherever that is taken. */
static bool linearize_rule(linearize_trace *t, custom_call *c, int64_t n, const ct_array *primals,
                           const ct_array *tangents, leaves *out, leaves *out_tangents)
{
    rule_of_tangents r = {c, n, primals, tangents, 0, NULL};
    ct_array *zeros = base_alloc((size_t)(2 * n + 1) * sizeof *zeros), *moving = zeros + n;
    leaves all = {0}, changes = {0};
    linear_map *l = NULL;
    int64_t m = 0;
    bool good = zeros;
    for (int64_t i = 0; i < n && good; i++)
        if (tangents[i]) {
            good = !is_poison(zeros[m] = zero_tangent(primals[i]));
            moving[m++] = tangents[i];
        }
    trace_context saved = trace_enter(t->base.parent);
    good = good && transform_linearize((flat){run_rule, &r, "rule"}, m, zeros, &all, &l);
    trace_leave(saved);
    saved = trace_enter(stage_as_trace(t->tangents));
    good = good && linear_apply(l, m, moving, &changes);
    trace_leave(saved);
    *out = (leaves){r.nout, good ? base_alloc((size_t)(r.nout + 1) * sizeof *out->at) : NULL};
    *out_tangents =
        (leaves){r.nout, good ? base_zalloc((size_t)(r.nout + 1) * sizeof *out->at) : NULL};
    good = good && out->at && out_tangents->at;
    for (int64_t i = 0, next = r.nout; i < r.nout && good; i++) {
        out->at[i] = all.at[i];
        if (r.given[i])
            out_tangents->at[i] = changes.at[next++];
    }
    object_release(l);
    leaves_free(&all);
    leaves_free(&changes);
    base_free(r.given);
    base_free(zeros);
    return good;
}

bool linearize_custom(linearize_trace *t, custom_call *c, int64_t n, const ct_array *primals,
                      const ct_array *tangents, leaves *out, leaves *out_tangents)
{
    sorting_trace rules = sorting_trace_on(t->base.parent, t->tangents, !c->reverse);
    stage_mark mark = stage_here(t->tangents);
    trace_context saved = trace_enter(&rules.base);
    bool good = custom_forward(c, n, primals, tangents, out, out_tangents);
    trace_leave(saved);
    if (!good || !rules.mixed || c->reverse)
        return good;
    leaves_free(out);
    leaves_free(out_tangents);
    stage_rewind(t->tangents, mark);
    return linearize_rule(t, c, n, primals, tangents, out, out_tangents);
}

static bool forward_custom(trace *base, custom_call *c, int64_t n, const ct_array *in, leaves *out)
{
    linearize_trace *t = (linearize_trace *)base;
    ct_array *primals = base_alloc((size_t)(2 * n + 1) * sizeof *primals), *tangents = primals + n;
    if (!primals)
        return false;
    bool any = false;
    for (int64_t i = 0; i < n; i++) {
        bool mine = traced_by(in[i], base);
        primals[i] = mine ? in[i]->primal : in[i];
        tangents[i] = mine ? in[i]->tangent : NULL;
        any = any || mine;
    }
    leaves out_tangents = {0};
    trace_context saved = trace_enter(base->parent);
    bool good = !any          ? custom_apply(c, n, in, out)
                : t->tangents ? linearize_custom(t, c, n, primals, tangents, out, &out_tangents)
                              : custom_forward(c, n, primals, tangents, out, &out_tangents);
    trace_leave(saved);
    for (int64_t i = 0; i < out->n && good && any; i++)
        good = !is_poison(out->at[i] = wrap(t, out->at[i], out_tangents.at[i]));
    leaves_free(&out_tangents);
    base_free(primals);
    return good;
}

static const trace_class jvp_class = {"JVPTracer", forward_process, forward_custom,
                                      NULL,        forward_destroy, true};
static const trace_class linearize_class = {
    "LinearizeTracer", forward_process, forward_custom, NULL, forward_destroy, true};

static linearize_trace *forward_new(traced of, stage_trace *tangents)
{
    linearize_trace *t = base_zalloc(sizeof *t);
    if (!t)
        return NULL;
    t->base = (trace){.head = {&trace_object_class, 1, KIND_OTHER},
                      .class = tangents ? &linearize_class : &jvp_class,
                      .parent = core_current,
                      .alive = true,
                      .of = of};
    t->rules = sorting_trace_on(core_current, tangents, false);
    t->tangents = tangents;
    if (tangents)
        object_retain(stage_as_trace(tangents));
    return t;
}

/* Runs f with its inputs wrapped; out and out_tangents get the parts of the results. Results belong
 * to the current scope. */
static bool forward_run(linearize_trace *t, flat f, int64_t n, const ct_array *primals,
                        const ct_array *tangents, leaves *out, leaves *out_tangents)
{
    ct_array *in = base_alloc((size_t)(n + 1) * sizeof *in);
    bool good = in != NULL;
    for (int64_t i = 0; i < n && good; i++)
        good = !is_poison(in[i] = wrap(t, primals[i], tangents[i]));
    if (good) {
        trace_context saved = trace_enter(&t->base);
        good = f.call(f.env, n, in, out);
        trace_leave(saved);
    }
    base_free(in);
    out_tangents->at = good ? base_alloc((size_t)(out->n + 1) * sizeof *out_tangents->at) : NULL;
    out_tangents->n = out->n;
    if (!out_tangents->at)
        return false;
    for (int64_t i = 0; i < out->n; i++) {
        bool mine = traced_by(out->at[i], &t->base);
        out_tangents->at[i] = mine ? out->at[i]->tangent : NULL;
        out->at[i] = mine ? out->at[i]->primal : out->at[i];
    }
    return true;
}

/* Ends the scope but keeps the leaves (both lists; NULLs are skipped). Where memory is short all
 * its values stay alive in the enclosing scope. */
void leaves_keep(ct_scope scope, leaves *a, leaves *b)
{
    int64_t n = a->n + (b ? b->n : 0);
    void **keep = b && b->n ? base_alloc((size_t)(n + 1) * sizeof *keep) : NULL;
    if (keep) {
        memcpy(keep, a->at, (size_t)a->n * sizeof *keep);
        memcpy(keep + a->n, b->at, (size_t)b->n * sizeof *keep);
        scope_end_many(scope, n, keep);
        base_free(keep);
    } else if (!b || !b->n)
        scope_end_many(scope, a->n, (void *const *)a->at);
}

void leaves_free(leaves *l)
{
    base_free(l->at);
    *l = (leaves){0};
}

bool transform_jvp(flat f, int64_t n, const ct_array *primals, const ct_array *tangents,
                   leaves *out, leaves *out_tangents)
{
    *out = *out_tangents = (leaves){0};
    linearize_trace *t = forward_new(flat_traced(f, f.by ? f.by : "jvp"), NULL);
    if (!t)
        return false;
    ct_scope scope = ct_begin();
    bool good = forward_run(t, f, n, primals, tangents, out, out_tangents) && ct_ok();
    if (!good) {
        leaves_free(out);
        leaves_free(out_tangents);
    }
    leaves_keep(scope, out, out_tangents);
    if (trace_end(&t->base, good))
        return true;
    leaves_free(out);
    leaves_free(out_tangents);
    return false;
}

/* ---- linearize ---- */

struct linear_map {
    object head;
    jaxpr *j; /* tangents of the inputs -> nonzero tangents of the outputs; residuals are its
                 constants */
    int64_t nin, nout; /* of the linearized function */
    aval *out_avals;   /* tangent avals of all outputs */
    int32_t *position; /* output -> result of j, or -1 where the tangent is zero */
    arena memory;
};

static void linear_destroy(object *o)
{
    linear_map *l = (linear_map *)o;
    object_release(l->j);
    arena_free(&l->memory);
    base_free(l);
}
static const object_class linear_class = {linear_destroy};

static aval tangent_aval(const aval *a)
{
    aval t = *a;
    t.dtype = (uint8_t)dtype_tangent((ct_dtype)a->dtype);
    return t;
}

static linear_map *linear_new(int64_t nin, int64_t nout)
{
    linear_map *l = base_zalloc(sizeof *l);
    if (!l)
        return NULL;
    l->head = (object){&linear_class, 1, KIND_OTHER};
    l->nin = nin;
    l->nout = nout;
    l->out_avals = arena_alloc(&l->memory, (size_t)(nout + 1) * sizeof *l->out_avals);
    l->position = arena_alloc(&l->memory, (size_t)(nout + 1) * sizeof *l->position);
    if (l->out_avals && l->position)
        return l;
    object_release(l);
    return NULL;
}

static bool linear_output(linear_map *l, int64_t i, const aval *a, int32_t position)
{
    l->out_avals[i] = *a;
    l->out_avals[i].shape = arena_copy(&l->memory, a->shape, (size_t)a->ndim * sizeof(int64_t));
    l->position[i] = position;
    return l->out_avals[i].shape;
}

static linear_map *linear_to(int64_t nin, const leaves *out, const leaves *tangents)
{
    linear_map *l = linear_new(nin, out->n);
    int32_t next = 0;
    for (int64_t i = 0; i < out->n && l; i++) {
        aval a = tangent_aval(&out->at[i]->aval);
        if (!linear_output(l, i, &a, tangents->at[i] ? next++ : -1)) {
            object_release(l);
            l = NULL;
        }
    }
    return l;
}

bool transform_linearize(flat f, int64_t n, const ct_array *primals, leaves *out,
                         linear_map **derivative)
{
    *out = (leaves){0};
    *derivative = NULL;
    stage_trace *tangents = stage_new(flat_traced(f, f.by ? f.by : "grad"));
    linearize_trace *t = tangents ? forward_new(stage_as_trace(tangents)->of, tangents) : NULL;
    if (!t) {
        stage_abandon(tangents);
        return false;
    }
    ct_scope scope = ct_begin();
    leaves out_tangents = {0};
    ct_array *in = base_alloc((size_t)(n + 1) * sizeof *in);
    bool good = in != NULL;
    for (int64_t i = 0; i < n && good; i++) {
        aval a = tangent_aval(&primals[i]->aval);
        ct_array input = stage_input(tangents, &a);
        good = !is_poison(input);
        in[i] = a.dtype == CT_FLOAT0 ? NULL : input;
    }
    good = good && forward_run(t, f, n, primals, in, out, &out_tangents);
    if (good)
        good = (*derivative = linear_to(n, out, &out_tangents)) != NULL;
    if (good) {
        int64_t m = 0;
        for (int64_t i = 0; i < out_tangents.n; i++)
            if (out_tangents.at[i])
                out_tangents.at[m++] = out_tangents.at[i];
        (*derivative)->j = stage_finish(tangents, m, out_tangents.at, f.name);
        good = (*derivative)->j != NULL;
    } else {
        stage_abandon(tangents);
    }
    base_free(in);
    leaves_free(&out_tangents);
    if (!good)
        leaves_free(out);
    leaves_keep(scope, out, NULL);
    if (trace_end(&t->base, good))
        return true;
    leaves_free(out);
    object_release(*derivative);
    *derivative = NULL;
    return false;
}

linear_map *linear_with_program(const linear_map *like, jaxpr *j)
{
    linear_map *l = linear_new(like->nin, like->nout);
    for (int64_t i = 0; i < like->nout && l; i++)
        if (!linear_output(l, i, &like->out_avals[i], like->position[i])) {
            object_release(l);
            l = NULL;
        }
    if (!l)
        return NULL;
    object_retain(j);
    l->j = j;
    return l;
}

jaxpr *linear_program(const linear_map *l) { return l->j; }
int32_t linear_position(const linear_map *l, int64_t output) { return l->position[output]; }
const aval *linear_out_aval(const linear_map *l, int64_t output) { return &l->out_avals[output]; }

bool linear_apply(linear_map *l, int64_t n, const ct_array *tangents, leaves *out)
{
    ct_array *results = base_alloc((size_t)(l->j->nout + 1) * sizeof *results);
    *out = (leaves){l->nout, base_alloc((size_t)(l->nout + 1) * sizeof *out->at)};
    bool good = results && out->at && jaxpr_eval(l->j, (int)n, tangents, l->j->nout, results);
    for (int64_t i = 0; i < l->nout && good; i++)
        out->at[i] = l->position[i] >= 0 ? results[l->position[i]] : NULL;
    base_free(results);
    if (!good)
        leaves_free(out);
    return good;
}

bool linear_transpose(linear_map *l, int64_t nout, const ct_array *cts, leaves *in_cts)
{
    *in_cts = (leaves){l->nin, base_zalloc((size_t)(l->nin + 1) * sizeof *in_cts->at)};
    ct_array *packed = base_alloc((size_t)(l->j->nout + 1) * sizeof *packed);
    bool *all = base_alloc((size_t)(l->nin + 1));
    bool good = in_cts->at && packed && all && nout == l->nout;
    if (good) {
        memset(all, 1, (size_t)l->nin);
        for (int64_t i = 0; i < nout; i++)
            if (l->position[i] >= 0)
                packed[l->position[i]] = cts[i];
        good = jaxpr_backward(l->j, l->nin, all, NULL, l->j->nout, packed, in_cts->at);
    }
    base_free(packed);
    base_free(all);
    if (!good)
        leaves_free(in_cts);
    return good;
}
