/* The jit operation (a call of a jaxpr) with its rules, and tracing a function of trees. Next:
 * jitted.c (functions that keep their programs), program.c (makes the derived programs). */
#include "cotan/transform.h"
#include "ops/ops.h"
#include "transform/transform.h"

/* ---- the operation ---- */

static bool jit_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                         aval *out, arena *a)
{
    const jaxpr *j = ((const params_call *)params)->jaxpr;
    (void)o, (void)nin, (void)in, (void)a;
    if (*nout < j->nout)
        return false;
    *nout = j->nout;
    for (int i = 0; i < j->nout; i++)
        out[i] = *atom_aval(&j->out[i]);
    return true;
}

bool transform_run(jaxpr *j, int nin, const ct_array *in, const bool *donated, int nout,
                   ct_array *out)
{
    return core_backend ? core_backend->run(j, nin, in, donated, nout, out)
                        : jaxpr_eval(j, nin, in, nout, out);
}

static bool jit_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                     ct_array *out)
{
    (void)o;
    return transform_run(((const params_call *)params)->jaxpr, nin, in, NULL, nout, out);
}

static void bind_program(const params_call *like, jaxpr *j, int nin, const ct_array *in,
                         ct_array *out)
{
    params_call p = {.jaxpr = j, .name = j->name, .inlined = like->inlined};
    core_bind(&op_row_jit, &p, nin, in, j->nout, out);
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
    jaxpr *shorter = good ? jaxpr_forward(j, keep, may, input) : NULL;
    if (shorter && shorter->nout) {
        trace_context saved = trace_enter(t);
        bind_program(params, shorter, nin, in, results);
        trace_leave(saved);
    }
    good = shorter && values_good(shorter->nout, results);
    for (int k = 0; k < j->nout && good; k++)
        out[k] = k < keep || input[k - keep] < 0 ? *results++ : in[input[k - keep]];
    arena_free(&memory);
    return good;
}

static bool jit_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                    const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    (void)o;
    const params_call *p = params;
    bool *nonzero = base_alloc((size_t)(nin + nout + 1)), *out_nonzero = nonzero + nin;
    ct_array *in = base_alloc((size_t)(2 * nin + 2 * nout + 1) * sizeof *in),
             *results = in + 2 * nin;
    bool good = nonzero && in;
    int n = nin;
    for (int i = 0; i < nin && good; i++) {
        in[i] = primals[i];
        nonzero[i] = tangents[i] != NULL;
        if (tangents[i])
            in[n++] = tangents[i];
    }
    jaxpr *made = good ? jaxpr_jvp(p->jaxpr, nonzero, false, out_nonzero) : NULL;
    good = made != NULL;
    if (good) {
        bind_program(p, made, n, in, results);
        good = values_good(made->nout, results);
        int next = nout;
        for (int i = 0; i < nout && good; i++) {
            out[i] = results[i];
            out_tangents[i] = out_nonzero[i] ? results[next++] : NULL;
        }
    }
    base_free(nonzero);
    base_free(in);
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

static bool jit_transpose(const op *o, const void *params, int nin, const ct_array *in,
                          const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)in_avals;
    const params_call *p = params;
    bool *flags = base_alloc((size_t)(nin + nout + 1)), *ct_nonzero = flags + nin;
    ct_array *values = base_alloc((size_t)(2 * nin + nout + 1) * sizeof *values),
             *results = values + nin + nout;
    bool good = flags && values;
    int n = 0;
    for (int i = 0; i < nin && good; i++) {
        flags[i] = in[i] == NULL;
        if (in[i])
            values[n++] = in[i];
    }
    for (int i = 0; i < nout && good; i++) {
        ct_nonzero[i] = cts[i] != NULL;
        if (cts[i])
            values[n++] = cts[i];
    }
    jaxpr *made = good ? jaxpr_transpose(p->jaxpr, flags, ct_nonzero) : NULL;
    good = made != NULL;
    if (good) {
        bind_program(p, made, n, values, results);
        good = values_good(made->nout, results);
        int next = 0;
        for (int i = 0; i < nin && good; i++)
            out[i] = flags[i] ? results[next++] : NULL;
    }
    base_free(flags);
    base_free(values);
    return good;
}

static bool jit_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                     const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o;
    const params_call *p = params;
    bool *mapped = base_alloc((size_t)(nin + nout + 1)), *out_mapped = mapped + nin;
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    bool good = mapped && values;
    for (int i = 0; i < nin && good; i++) {
        mapped[i] = dims[i] != NOT_MAPPED;
        good = !is_poison(values[i] = mapped[i] ? batch_front(in[i], dims[i], b.size) : in[i]);
    }
    jaxpr *made = good ? jaxpr_vmap(p->jaxpr, b, mapped, false, out_mapped) : NULL;
    good = made != NULL;
    if (good) {
        bind_program(p, made, nin, values, out);
        good = values_good(nout, out);
        for (int i = 0; i < nout; i++)
            out_dims[i] = out_mapped[i] ? 0 : NOT_MAPPED;
    }
    base_free(mapped);
    base_free(values);
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
    bool good = avals && jit_abstract(o, params, nin, NULL, &n, avals, &scratch) &&
                stage_record(t, o, params, nin, in, nout, avals, out);
    arena_free(&scratch);
    return good;
}

const op op_row_jit = {
    .name = "jit",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_jit,
    .fields = fields_call,
    .params_size = sizeof(params_call),
    .nfields = nfields_call,
    .abstract = jit_abstract,
    .call = jit_call,
    .jvp = jit_jvp,
    .transpose = jit_transpose,
    .vmap = jit_vmap,
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

jaxpr *transform_stage_fn(ct_fn f, const treedef *in_def, int64_t n, const aval *in,
                          treedef **out_def)
{
    traced_call c = {f, in_def, NULL};
    jaxpr *j = transform_stage((flat){run_traced, &c, fn_name(f)}, n, in, fn_name(f));
    if (!j) {
        object_release(c.out_def);
        c.out_def = NULL;
    }
    *out_def = c.out_def;
    return j;
}
