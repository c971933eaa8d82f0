/* The jit operation (a call of a jaxpr) with its rules, and tracing a function of trees. Next:
 * jitted.c (functions that keep their programs), call.c (the rules). */
#include "cotan/transform.h"
#include "ops/ops.h"
#include "transform/call.h"
#include "transform/discharge.h"
#include "transform/kept.h"

/* ---- the operation ---- */

/* A program whose results are bad is run again step by step, to find the operation that made the
 * first bad value. */
static bool run_checked(jaxpr *j, int nin, const ct_array *in, int nout, ct_array *out)
{
    if (core_backend && !core_backend->run(j, nin, in, NULL, nout, out))
        return false;
    if (core_backend && !core_bad_value(nout, out))
        return true;
    return jaxpr_eval(j, nin, in, nout, out) &&
           core_check_values(j->name ? j->name : "a program", nout, out);
}

static bool run_plain(jaxpr *j, int nin, const ct_array *in, int nout, ct_array *out)
{
    return core_backend ? core_backend->run(j, nin, in, NULL, nout, out)
                        : jaxpr_eval(j, nin, in, nout, out);
}

bool transform_run(jaxpr *j, int nin, const ct_array *in, const bool *donated, int nout,
                   ct_array *out)
{
    if (unlikely(core_checks.no_execution) && !core_may_run(j->name ? j->name : "jaxpr"))
        return false;
    if (unlikely(j->effects & EFFECT_REF))
        return discharge_run(j, nin, in, nout, out);
    if (unlikely(core_checks.keys))
        return keys_run(j, nin, in, nout, out, core_checks_values() ? run_checked : run_plain);
    if (unlikely(core_checks_values()))
        return run_checked(j, nin, in, nout, out);
    return core_backend ? core_backend->run(j, nin, in, donated, nout, out)
                        : jaxpr_eval(j, nin, in, nout, out);
}

bool call_run(const op *o, const void *params, int nin, const ct_array *in, int nout, ct_array *out)
{
    return transform_run(params_jaxpr(o, params), nin, in, NULL, nout, out);
}

bool jit_forward(trace *t, const void *params, jaxpr *j, int keep, int nin, const ct_array *in,
                 ct_array *out)
{
    arena memory = {0};
    int *input = arena_alloc(&memory, (size_t)(j->nout - keep + 1) * sizeof *input);
    bool *may = arena_alloc(&memory, (size_t)nin + 1);
    ct_array *results = arena_alloc(&memory, (size_t)(j->nout + 1) * sizeof *results);
    bool good = input && may && results;
    if (good)
        memset(may, 1, (size_t)nin);
    jaxpr *shorter = good ? jaxpr_forward(j, keep, may, true, input) : NULL;
    good = shorter;
    if (shorter && shorter->nout) {
        trace_context saved = trace_enter(t);
        good = call_bind(&op_row_jit, params, shorter, nin, in, results);
        trace_leave(saved);
    }
    for (int k = 0; k < j->nout && good; k++) {
        int from = k < keep ? -1 : input[k - keep];
        out[k] = from < 0 ? *results++ : from < nin ? in[from] : out[from - nin];
    }
    arena_free(&memory);
    return good;
}

static bool jit_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                          const ct_array *primals, const ct_array *tangents, int nout,
                          ct_array *out, ct_array *out_tangents)
{
    (void)o;
    const params_call *p = params;
    bool *nonzero = base_alloc((size_t)(nin + nout + 1)), *out_nonzero = nonzero + nin;
    if (!nonzero)
        return false;
    for (int i = 0; i < nin; i++)
        nonzero[i] = tangents[i] != NULL;
    jaxpr *known, *tangent;
    bool good = jaxpr_linearize(p->jaxpr, nonzero, out_nonzero, &known, &tangent);
    ct_array *results =
        good ? base_alloc((size_t)(known->nout + nin + nout + 1) * sizeof *results) : NULL;
    good = results && jit_forward(linearize_parent(t), p, known, nout, nin, primals, results);
    if (good)
        memcpy(out, results, (size_t)nout * sizeof *out);
    if (good && tangent->nout) {
        ct_array *in = results + nout,
                 *out_values = results + known->nout + nin; /* residuals, then tangents */
        int n = known->nout - nout;
        for (int i = 0; i < nin; i++)
            if (tangents[i])
                in[n++] = tangents[i];
        good = jit_forward(stage_as_trace(linearize_tangents(t)), p, tangent, tangent->nout, n, in,
                           out_values);
        int next = 0;
        for (int i = 0; i < nout && good; i++)
            out_tangents[i] = out_nonzero[i] ? out_values[next++] : NULL;
    }
    base_free(nonzero);
    base_free(results);
    return good;
}

/* Marked inline, the program's equations are written where the call would be. */
static bool jit_stage(const op *o, const void *params, stage_trace *t, int nin, const ct_array *in,
                      int nout, ct_array *out)
{
    const params_call *p = params;
    if (p->inlined)
        return jaxpr_eval(p->jaxpr, nin, in, nout, out);
    arena scratch = {0};
    aval *avals = arena_alloc(&scratch, (size_t)(nout + 1) * sizeof *avals);
    int n = nout;
    bool good = avals && call_abstract(o, params, nin, NULL, &n, avals, &scratch) &&
                stage_record(t, o, params, nin, in, nout, avals, out);
    arena_free(&scratch);
    return good;
}

const op op_row_jit = {
    .name = "jit",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_jit,
    .operands = ANY_OPERANDS,
    .fields = fields_call,
    .params_size = sizeof(params_call),
    .nfields = nfields_call,
    .abstract = call_abstract,
    .fits = call_fits,
    .call = call_run,
    .jvp = call_jvp,
    .transpose = call_transpose,
    .vmap = call_vmap,
    .linearize = jit_linearize,
    .stage = jit_stage,
};

/* ---- tracing a tree function ---- */

typedef struct traced_call {
    ct_fn f;
    const treedef *in_def;
    treedef *out_def;
} traced_call;

static bool run_traced(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    traced_call *c = env;
    object_release(c->out_def);
    return fn_call(c->f, c->in_def, nin, in, &c->out_def, &out->n, &out->at);
}

jaxpr *transform_stage_fn(ct_fn f, const char *by, const treedef *in_def, int64_t n, const aval *in,
                          treedef **out_def)
{
    traced_call c = {f, in_def, NULL};
    const kept_key key = {by, false, in_def, n, in};
    jaxpr *j = kept_find(f, &key, out_def);
    if (j)
        return j;
    j = transform_stage((flat){run_traced, &c, fn_name(f), by, f, in_def}, n, in, fn_name(f));
    if (j) {
        kept_add(f, &key, j, c.out_def);
    } else {
        object_release(c.out_def);
        c.out_def = NULL;
    }
    *out_def = c.out_def;
    return j;
}
