/* Batching: every value may carry one more axis, which operations map over.
 *
 * A tracer's primal is the value with the axis, its tag says where the axis is. An operation with
 * no mapped operand goes to the parent as it is. */
#include "ops/ops.h"
#include "transform/custom.h"

typedef struct batch_trace {
    trace base;
    batch b;
    axis_frame frame;
} batch_trace;

/* Whether a is mapped in t, or in one that t repeats: the functions of a custom call run in a trace
 * of their own, and may close over tracers of the one that the call was made in. */
static bool mapped_in(const batch_trace *t, ct_array a)
{
    for (; t; t = (const batch_trace *)t->b.again)
        if (traced_by(a, &t->base))
            return true;
    return false;
}

static ct_array wrap(batch_trace *t, ct_array value, int dim)
{
    if (dim == NOT_MAPPED || is_poison(value))
        return value;
    aval a = value->aval;
    int64_t few[16], *shape = a.ndim > 16 ? base_alloc((size_t)a.ndim * sizeof *shape) : few;
    if (!shape)
        return array_poison;
    a.ndim--;
    for (int i = 0; i < a.ndim; i++)
        shape[i] = value->aval.shape[i < dim ? i : i + 1];
    a.shape = shape;
    ct_array tracer = trace_tracer(&t->base, &a);
    if (shape != few)
        base_free(shape);
    if (is_poison(tracer))
        return tracer;
    object_retain(value);
    tracer->primal = value;
    tracer->tag = dim;
    return tracer;
}

static bool batch_process(trace *base, const op *o, const void *params, int nin, const ct_array *in,
                          int nout, ct_array *out)
{
    enum { FEW = 16 };
    batch_trace *t = (batch_trace *)base;
    bool any = o->flags & (OP_COLLECTIVE | OP_NEW_REF);
    for (int i = 0; i < nin; i++)
        any = any || mapped_in(t, in[i]);
    if (!any) {
        core_bind_on(base->parent, o, params, nin, in, nout, out);
        return values_good(nout, out);
    }
    const op *rules = core_rules(o);
    if (!rules->vmap) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "Batching rule for '%s' not implemented", o->name);
        return false;
    }
    ct_array few[FEW];
    int few_dims[2 * FEW];
    bool many = nin > FEW || nout > FEW;
    ct_array *values = many ? base_alloc((size_t)nin * sizeof *values) : few;
    int *dims = many ? base_alloc((size_t)(nin + nout) * sizeof *dims) : few_dims;
    bool good = values && dims;
    int *out_dims = dims ? dims + nin : NULL;
    for (int i = 0; i < nin && good; i++) {
        bool mine = mapped_in(t, in[i]);
        values[i] = mine ? in[i]->primal : in[i];
        dims[i] = mine ? (int)in[i]->tag : NOT_MAPPED;
    }
    for (int i = 0; i < nout && good; i++)
        out_dims[i] = NOT_MAPPED;
    if (good) {
        trace_context saved = trace_enter(base->parent);
        good = rules->vmap(o, params, t->b, nin, values, dims, nout, out, out_dims);
        trace_leave(saved);
    }
    for (int i = 0; i < nout && good; i++)
        good = !is_poison(out[i] = wrap(t, out[i], out_dims[i]));
    if (many) {
        base_free(values);
        base_free(dims);
    }
    return good;
}

static void batch_destroy(trace *base) { base_free(base); }
static bool batch_custom(trace *base, custom_call *c, int64_t n, const ct_array *in, leaves *out)
{
    batch_trace *t = (batch_trace *)base;
    ct_array *values = base_alloc((size_t)(n + 1) * sizeof *values);
    int *dims = base_alloc((size_t)(n + 1) * sizeof *dims);
    bool good = values && dims;
    for (int64_t i = 0; i < n && good; i++) {
        bool mine = mapped_in(t, in[i]);
        values[i] = mine ? in[i]->primal : in[i];
        dims[i] = mine ? (int)in[i]->tag : NOT_MAPPED;
    }
    /* without mapped operands there may still be mapped values that the function closes over */
    batch b = {t->b.size, t->b.axis_name, base};
    custom_call *mapped = good ? custom_batched(c, b, n, dims) : NULL;
    trace_context saved = trace_enter(base->parent);
    good = good && mapped && custom_apply(mapped, n, values, out);
    trace_leave(saved);
    for (int64_t i = 0; i < out->n && good; i++)
        good = !is_poison(out->at[i] = wrap(t, out->at[i], 0));
    base_free(values);
    base_free(dims);
    return good;
}

static const trace_class batch_class = {"BatchTracer", batch_process, batch_custom,
                                        NULL,          batch_destroy, false};

/* Runs f with mapped inputs; values and axes of the results as they come. The trace, NULL where
 * memory was short, is for trace_end when the scope is closed. */
static bool batch_run(flat f, batch b, int64_t n, const ct_array *in, const int *dims, leaves *out,
                      int **out_dims, trace **ended)
{
    batch_trace *t = base_zalloc(sizeof *t);
    ct_array *wrapped = base_alloc((size_t)(n + 1) * sizeof *wrapped);
    bool good = t && wrapped;
    *out = (leaves){0};
    *out_dims = NULL;
    if (t) {
        t->base = (trace){.head = {&trace_object_class, 1, KIND_OTHER},
                          .class = &batch_class,
                          .parent = core_current,
                          .alive = true,
                          .of = flat_traced(f, f.by ? f.by : "vmap")};
        t->b = b;
        t->frame = (axis_frame){b.axis_name, b.size, core_axes, &t->base};
    }
    for (int64_t i = 0; i < n && good; i++)
        good = !is_poison(wrapped[i] = wrap(t, in[i], dims[i]));
    if (good) {
        trace_context saved = trace_enter(&t->base);
        core_axes = &t->frame;
        good = f.call(f.env, n, wrapped, out);
        core_axes = t->frame.outer;
        trace_leave(saved);
    }
    base_free(wrapped);
    good = good && (*out_dims = base_alloc((size_t)(out->n + 1) * sizeof **out_dims));
    for (int64_t i = 0; i < out->n && good; i++) {
        bool mine = mapped_in(t, out->at[i]);
        (*out_dims)[i] = mine ? (int)out->at[i]->tag : NOT_MAPPED;
        out->at[i] = mine ? out->at[i]->primal : out->at[i];
    }
    if (t)
        t->base.alive = false;
    *ended = t ? &t->base : NULL;
    return good;
}

/* A result's mapped axis where the caller wants it. */
static ct_array place(ct_array value, int have, int want, int64_t size)
{
    if (want == NOT_MAPPED)
        return value;
    if (have != NOT_MAPPED)
        return op_moveaxis(value, have, want);
    return op_moveaxis(batch_front(value, NOT_MAPPED, size), 0, want);
}

bool transform_vmap(flat f, batch b, int64_t n, const ct_array *in, const int *dims,
                    out_dims_fn *want, void *env, leaves *out)
{
    ct_scope scope = ct_begin();
    int *have, *wanted = NULL;
    trace *t;
    bool good = batch_run(f, b, n, in, dims, out, &have, &t);
    if (good)
        good = (wanted = base_zalloc((size_t)(out->n + 1) * sizeof *wanted)) &&
               (!want || want(env, out->n, have, wanted));
    for (int64_t i = 0; i < out->n && good; i++) {
        int ndim = out->at[i]->aval.ndim + (have[i] == NOT_MAPPED);
        int axis = wanted[i] < NOT_MAPPED ? wanted[i] + 1 + ndim : wanted[i];
        if (axis != NOT_MAPPED && (axis < 0 || axis >= ndim)) {
            base_fail(CT_VALUE_ERROR,
                      "axis %d is out of bounds for array of dimension %d (out_axes of vmap)",
                      wanted[i] < 0 ? wanted[i] + 1 : wanted[i], ndim);
            good = false;
            break;
        }
        good = !is_poison(out->at[i] = place(out->at[i], have[i], axis, b.size));
    }
    base_free(have);
    base_free(wanted);
    if (!good)
        leaves_free(out);
    leaves_keep(scope, out, NULL);
    if (t && trace_end(t, good))
        return true;
    leaves_free(out);
    return false;
}

/* ---- jaxprs ---- */

typedef struct batched_program {
    const jaxpr *j;
    batch b;
    const bool *mapped;
    bool *out_mapped;
} batched_program;

static bool eval_program(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const jaxpr *j = env;
    *out = (leaves){j->nout, base_alloc((size_t)(j->nout + 1) * sizeof *out->at)};
    return out->at && jaxpr_eval(j, (int)nin, in, j->nout, out->at);
}

flat jaxpr_as_flat(const jaxpr *j) { return (flat){eval_program, (void *)(uintptr_t)j, j->name}; }

static bool run_batched(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    batched_program *p = env;
    int *dims = base_alloc((size_t)(nin + 1) * sizeof *dims), *have = NULL;
    bool good = dims != NULL;
    for (int64_t i = 0; i < nin && good; i++)
        dims[i] = p->mapped[i] ? 0 : NOT_MAPPED;
    trace *t = NULL;
    good = good && batch_run(jaxpr_as_flat(p->j), p->b, nin, in, dims, out, &have, &t);
    for (int64_t i = 0; i < out->n && good; i++) {
        p->out_mapped[i] |= have[i] != NOT_MAPPED;
        if (p->out_mapped[i])
            good = !is_poison(out->at[i] = batch_front(out->at[i], have[i], p->b.size));
    }
    base_free(dims);
    base_free(have);
    object_release(t);
    return good;
}

/* The inputs' avals with the mapped axis in front, in the arena. */
static aval *batched_avals(const jaxpr *j, batch b, const bool *mapped, arena *a)
{
    aval *avals = arena_alloc(a, (size_t)(j->nin + 1) * sizeof *avals);
    for (int i = 0; i < j->nin && avals; i++) {
        avals[i] = j->in[i]->aval;
        if (!mapped[i])
            continue;
        int64_t *shape = arena_alloc(a, (size_t)(avals[i].ndim + 1) * sizeof *shape);
        if (!shape)
            return NULL;
        shape[0] = b.size;
        for (int k = 0; k < avals[i].ndim; k++)
            shape[k + 1] = avals[i].shape[k];
        avals[i].shape = shape;
        avals[i].ndim++;
    }
    return avals;
}

jaxpr *jaxpr_vmap(jaxpr *j, batch b, const bool *mapped, bool *out_mapped)
{
    text key = {0};
    text_bytes(&key, (const char *)mapped, (size_t)j->nin);
    text_bytes(&key, (const char *)&b.size, sizeof b.size);
    text_bytes(&key, (const char *)out_mapped, (size_t)j->nout);
    if (b.axis_name)
        text_bytes(&key, b.axis_name, strlen(b.axis_name));
    jaxpr *made = jaxpr_derived(j, "vmap", key.n, key.at);
    if (made) {
        memcpy(out_mapped, jaxpr_derived_extra(j, "vmap", key.n, key.at), (size_t)j->nout);
    } else {
        arena scratch = {0};
        aval *avals = batched_avals(j, b, mapped, &scratch);
        batched_program p = {j, b, mapped, out_mapped};
        made = avals ? transform_stage((flat){run_batched, &p, j->name}, j->nin, avals, j->name)
                     : NULL;
        arena_free(&scratch);
        if (made && !jaxpr_derive(j, "vmap", key.n, key.at, made, j->nout, out_mapped)) {
            object_release(made);
            vec_free(&key);
            return NULL;
        }
        object_release(made); /* j holds it */
    }
    vec_free(&key);
    return made;
}
