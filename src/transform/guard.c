/* Programs that are run on elements which do not want their results: those of a batch that take
 * another branch, or whose loop has ended while others go on. There a condition may hold for ever;
 * so the loops of such a program take a flag, without which they end at once. */
#include "transform/call.h"
#include "transform/while.h"
#include "transform/scan.h"

bool loop_inside(const jaxpr *j)
{
    for (const eqn *e = j->eqns; e; e = e->next) {
        const jaxpr *inner;
        if (e->op == &op_row_while)
            return true;
        for (int64_t i = 0; (inner = params_program(e->op, e->params, i)); i++)
            if (loop_inside(inner))
                return true;
    }
    return false;
}

/* ---- the flag, handed down ---- */

typedef struct guard_trace {
    trace base;
    ct_array flag;
} guard_trace;

static bool guarded_test(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const jaxpr *j = env;
    ct_array holds;
    *out = (leaves){1, base_alloc(sizeof *out->at)};
    if (!out->at || !jaxpr_eval(j, (int)nin - 1, in + 1, 1, &holds))
        return false;
    ct_array flag =
        holds->aval.ndim ? op_broadcast_in_dim(in[0], aval_shape(&holds->aval), I_NONE) : in[0];
    return !is_poison(out->at[0] = op_and(flag, holds));
}

static bool guarded_program(void *env, int64_t nin, const ct_array *in, leaves *out);

/* j with the flag as a first input. Borrowed. */
static jaxpr *with_flag(jaxpr *j, const char *purpose,
                        bool (*run)(void *, int64_t, const ct_array *, leaves *))
{
    jaxpr *made = jaxpr_derived(j, purpose, 0, NULL);
    if (made)
        return made;
    aval *avals = base_alloc((size_t)(j->nin + 1) * sizeof *avals);
    if (avals)
        avals[0] = (aval){.dtype = CT_BOOL};
    for (int i = 0; i < j->nin && avals; i++)
        avals[i + 1] = j->in[i]->aval;
    made = avals ? transform_stage((flat){run, j, j->name}, j->nin + 1, avals, j->name) : NULL;
    base_free(avals);
    bool kept = made && jaxpr_derive(j, purpose, 0, NULL, made, 0, NULL);
    object_release(made);
    return kept ? made : NULL;
}

jaxpr *loop_guard(jaxpr *j) { return with_flag(j, "guard", guarded_program); }

/* Binds the operation with other parameters, and the flag before operand `at`. */
static bool bind_with_flag(guard_trace *t, const op *o, const void *params, int at, int nin,
                           const ct_array *in, int nout, ct_array *out)
{
    ct_array *given = base_alloc((size_t)(nin + 1) * sizeof *given);
    if (!given)
        return false;
    memcpy(given, in, (size_t)at * sizeof *in);
    given[at] = t->flag;
    memcpy(given + at + 1, in + at, (size_t)(nin - at) * sizeof *in);
    core_bind_on(t->base.parent, o, params, nin + 1, given, nout, out);
    base_free(given);
    return values_good(nout, out);
}

static bool guard_call(guard_trace *t, const op *o, const void *params, int nin, const ct_array *in,
                       ct_array *out)
{
    jaxpr *j = loop_guard(params_jaxpr(o, params));
    ct_array *given = j ? base_alloc((size_t)(nin + 1) * sizeof *given) : NULL;
    if (!given)
        return false;
    given[0] = t->flag;
    memcpy(given + 1, in, (size_t)nin * sizeof *in);
    trace_context saved = trace_enter(t->base.parent);
    bool good = call_bind(o, params, j, nin + 1, given, out);
    trace_leave(saved);
    base_free(given);
    return good;
}

static bool guard_branches(guard_trace *t, const op *o, const void *params, int nin,
                           const ct_array *in, int nout, ct_array *out)
{
    jaxpr_list list = *(const jaxpr_list *)params;
    jaxpr **made = base_alloc((size_t)list.n * sizeof *made);
    bool good = made;
    for (int64_t k = 0; k < list.n && good; k++)
        good = (made[k] = loop_guard(list.at[k])) != NULL;
    list.at = made;
    good = good && bind_with_flag(t, o, &list, 1, nin, in, nout, out);
    base_free(made);
    return good;
}

static bool guard_process(trace *base, const op *o, const void *params, int nin, const ct_array *in,
                          int nout, ct_array *out)
{
    guard_trace *t = (guard_trace *)base;
    const jaxpr *inner;
    bool loops = false;
    for (int64_t i = 0; !loops && (inner = params_program(o, params, i)); i++)
        loops = loop_inside(inner);
    if (o == &op_row_while) {
        params_while p = *(const params_while *)params;
        p.cond_nconsts++;
        return (p.cond = with_flag(p.cond, "guarded test", guarded_test)) &&
               bind_with_flag(t, o, &p, 0, nin, in, nout, out);
    }
    if (loops && o == &op_row_scan) {
        params_scan p = *(const params_scan *)params;
        p.num_consts++;
        return (p.jaxpr = loop_guard(p.jaxpr)) && bind_with_flag(t, o, &p, 0, nin, in, nout, out);
    }
    if (loops && (o == &op_row_jit || o == &op_row_remat2))
        return guard_call(t, o, params, nin, in, out);
    if (loops && o == &op_row_cond)
        return guard_branches(t, o, params, nin, in, nout, out);
    core_bind_on(base->parent, o, params, nin, in, nout, out);
    return values_good(nout, out);
}

static const trace_class guard_class = {.name = "GuardTracer", .process = guard_process};

static bool guarded_program(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const jaxpr *j = env;
    guard_trace t = {{.head = {&trace_object_class, INT32_MAX / 2, KIND_OTHER},
                      .class = &guard_class,
                      .parent = core_current,
                      .alive = true,
                      .of = {.by = "vmap"}},
                     in[0]};
    *out = (leaves){j->nout, base_alloc((size_t)(j->nout + 1) * sizeof *out->at)};
    trace_context saved = trace_enter(&t.base);
    bool good = out->at && jaxpr_eval(j, (int)nin - 1, in + 1, j->nout, out->at);
    trace_leave(saved);
    return good;
}

/* ---- the body of a loop ---- */

static bool guarded_body(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const params_while *p = env;
    int nc = (int)p->cond_nconsts, n = p->body->nout, nb = (int)nin - nc;
    ct_array *given = base_alloc((size_t)(nin + 1) * sizeof *given), flag;
    jaxpr *body = given ? loop_guard(p->body) : NULL;
    *out = (leaves){n, base_alloc((size_t)(n + 1) * sizeof *out->at)};
    bool good = body && out->at;
    if (good) {
        memcpy(given, in, (size_t)nc * sizeof *in);
        memcpy(given + nc, in + nin - n, (size_t)n * sizeof *in);
        good = jaxpr_eval(p->cond, nc + n, given, 1, &flag);
    }
    if (good) {
        given[0] = flag;
        memcpy(given + 1, in + nc, (size_t)nb * sizeof *in);
        good = jaxpr_eval(body, nb + 1, given, n, out->at);
    }
    base_free(given);
    return good;
}

bool while_guarded(const params_while *p, params_while *out)
{
    const int64_t tests = p->cond_nconsts; /* one body may stand under a test and a guarded test */
    jaxpr *j = p->body, *made = jaxpr_derived(j, "guarded body", sizeof tests, &tests);
    int nc = (int)p->cond_nconsts;
    aval *avals = made ? NULL : base_alloc((size_t)(j->nin + nc + 1) * sizeof *avals);
    for (int i = 0; i < nc + j->nin && avals; i++)
        avals[i] = i < nc ? p->cond->in[i]->aval : j->in[i - nc]->aval;
    if (avals) {
        made = transform_stage((flat){guarded_body, (void *)(uintptr_t)p, j->name}, nc + j->nin,
                               avals, j->name);
        bool kept = made && jaxpr_derive(j, "guarded body", sizeof tests, &tests, made, 0, NULL);
        object_release(made);
        made = kept ? made : NULL;
        base_free(avals);
    }
    *out = *p;
    out->body = made;
    out->body_nconsts += nc;
    return made;
}
