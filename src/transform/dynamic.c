/* Programs in which the number of steps of a loop is a dimension: the derivatives of while loops.
 *
 * A loop whose steps have been counted is a scan, and a scan has every derivative. Where the count
 * is not known while a program is written, the scan is written for LOOP_STEPS steps, a number that
 * no real dimension has; the arrays that it stacks have that many rows, and derivatives, transposes
 * and batched forms are made of this program as of any other. Operand 0 of dynamic_call is the
 * count, and evaluation puts it wherever a parameter says LOOP_STEPS. Such arrays never leave the
 * program: what a derivative needs of them is computed again. */
#include "transform/call.h"
#include "transform/partial.h"
#include "transform/scan.h"

typedef struct params_dynamic {
    jaxpr *jaxpr;
} params_dynamic;
static const param_field dynamic_fields[] = {
    {"jaxpr", PARAM_JAXPR, offsetof(params_dynamic, jaxpr)}};

/* ---- evaluation ---- */

typedef struct counted_trace {
    trace base;
    int64_t steps;
} counted_trace;

static bool count_list(ct_ints *list, int64_t steps, arena *a)
{
    int64_t *at = arena_copy(a, list->at, (size_t)list->n * sizeof *at);
    for (int64_t i = 0; i < list->n && at; i++)
        if (at[i] == LOOP_STEPS)
            at[i] = steps;
    list->at = at;
    return at;
}

/* The parameters with the count in place. */
static const void *counted(const op *o, const void *params, int64_t steps, arena *a)
{
    char *copy = o->nfields ? arena_copy(a, params, o->params_size) : NULL;
    for (int i = 0; i < o->nfields && copy; i++) {
        void *at = copy + o->fields[i].offset;
        param_kind kind = (param_kind)o->fields[i].kind;
        if (kind == PARAM_INT && *(int64_t *)at == LOOP_STEPS)
            *(int64_t *)at = steps;
        if ((kind == PARAM_INTS || kind == PARAM_INTS_OR_NONE || kind == PARAM_PAIRS ||
             kind == PARAM_TRIPLES) &&
            ((ct_ints *)at)->n && !count_list(at, steps, a))
            return NULL;
    }
    return copy;
}

static bool counted_process(trace *base, const op *o, const void *params, int nin,
                            const ct_array *in, int nout, ct_array *out)
{
    if (o == &op_row_jit)
        return jaxpr_eval(((const params_call *)params)->jaxpr, nin, in, nout, out);
    arena memory = {0};
    const void *known = counted(o, params, ((counted_trace *)base)->steps, &memory);
    bool good = known || !o->nfields;
    if (good)
        core_bind_on(base->parent, o, known, nin, in, nout, out);
    arena_free(&memory);
    return good && values_good(nout, out);
}

static const trace_class counted_class = {
    "CountedTracer", counted_process, NULL, NULL, NULL, false};

static bool dynamic_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                         ct_array *out)
{
    counted_trace t = {{.head = {&trace_object_class, INT32_MAX / 2, KIND_OTHER},
                        .class = &counted_class,
                        .parent = NULL,
                        .alive = true,
                        .of = {.by = "while_loop"}},
                       array_get_int(in[0], 0)};
    trace_context saved = trace_enter(&t.base);
    bool good = jaxpr_eval(params_jaxpr(o, params), nin, in, nout, out);
    trace_leave(saved);
    return good;
}

/* ---- derivatives ---- */

typedef struct fused {
    jaxpr *known, *tangent;
    int nin, nout;
} fused;

/* (inputs..., tangents...) -> tangents of the results */
static bool run_fused(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const fused *f = env;
    int64_t moving = nin - f->nin, nres = f->known->nout - f->nout;
    ct_array *results = base_alloc((size_t)(f->known->nout + moving + 1) * sizeof *results);
    *out = (leaves){f->tangent->nout, base_alloc((size_t)(f->tangent->nout + 1) * sizeof *out->at)};
    bool good = results && out->at && jaxpr_eval(f->known, f->nin, in, f->known->nout, results);
    if (good) {
        memcpy(results + f->known->nout, in + f->nin, (size_t)moving * sizeof *in);
        good = jaxpr_eval(f->tangent, (int)(nres + moving), results + f->nout, f->tangent->nout,
                          out->at);
    }
    base_free(results);
    return good;
}

/* The tangents of j's results, which computes again what j does; the nonzero ones of its inputs and
 * results are marked. Borrowed. */
static jaxpr *fused_tangent(jaxpr *j, const bool *nonzero, bool *out_nonzero)
{
    fused f = {.nin = j->nin, .nout = j->nout};
    if (!jaxpr_linearize(j, nonzero, out_nonzero, &f.known, &f.tangent))
        return NULL;
    jaxpr *made = jaxpr_derived(j, "fused", j->nin, nonzero);
    if (made)
        return made;
    aval *avals = base_alloc((size_t)(2 * j->nin + 1) * sizeof *avals);
    int64_t n = j->nin;
    for (int i = 0; i < j->nin && avals; i++) {
        avals[i] = j->in[i]->aval;
        if (nonzero[i])
            avals[n++] = j->in[i]->aval;
    }
    made = avals ? transform_stage((flat){run_fused, &f, j->name}, n, avals, j->name) : NULL;
    base_free(avals);
    bool kept = made && jaxpr_derive(j, "fused", j->nin, nonzero, made, 0, NULL);
    object_release(made);
    return kept ? made : NULL;
}

/* The program on the operands that it reads, the count among them: others need not be kept. */
static jaxpr *reading_less(jaxpr *j, int *nin, ct_array *in, arena *memory)
{
    bool *used_out = arena_alloc(memory, (size_t)(j->nout + j->nin) + 1), *used_in;
    if (!used_out)
        return NULL;
    memset(used_out, 1, (size_t)j->nout);
    used_in = used_out + j->nout;
    memset(used_in, 0, (size_t)j->nin);
    used_in[0] = true;
    jaxpr *less = jaxpr_dce(j, used_out, used_in);
    *nin = 0;
    for (int i = 0; i < j->nin && less; i++)
        if (used_in[i])
            in[(*nin)++] = in[i];
    return less;
}

bool dynamic_tangent(jaxpr *j, linearize_trace *t, int nin, const ct_array *primals,
                     const ct_array *tangents, ct_array *out_tangents)
{
    arena memory = {0};
    bool *nonzero = arena_alloc(&memory, (size_t)(nin + j->nout) + 1), *out_nonzero = nonzero + nin;
    ct_array *in = arena_alloc(&memory, (size_t)(2 * nin + j->nout + 1) * sizeof *in),
             *results = in + 2 * nin;
    params_dynamic p = {j};
    bool good = nonzero && in;
    int n = nin;
    for (int i = 0; i < nin && good; i++) {
        in[i] = primals[i];
        if ((nonzero[i] = tangents[i] != NULL))
            in[n++] = tangents[i];
    }
    jaxpr *made = good ? fused_tangent(j, nonzero, out_nonzero) : NULL;
    good = made && (made = reading_less(made, &n, in, &memory));
    trace_context saved = trace_enter(stage_as_trace(linearize_tangents(t)));
    good = good && call_bind(&op_row_dynamic_call, &p, made, n, in, results);
    trace_leave(saved);
    for (int i = 0; i < j->nout && good; i++)
        out_tangents[i] = out_nonzero[i] ? *results++ : NULL;
    arena_free(&memory);
    return good;
}

static bool dynamic_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                              const ct_array *primals, const ct_array *tangents, int nout,
                              ct_array *out, ct_array *out_tangents)
{
    (void)nout;
    jaxpr *j = params_jaxpr(o, params);
    trace_context saved = trace_enter(linearize_parent(t));
    bool good = call_bind(o, params, j, nin, primals, out);
    trace_leave(saved);
    return good && dynamic_tangent(j, t, nin, primals, tangents, out_tangents);
}

/* ---- batching ---- */

/* One element of the batch: (unmapped operands..., mapped operands...) in the operation's order. */
typedef struct lane {
    jaxpr *j;
    int nin;
    const int *dims;
} lane;

static bool run_lane(void *env, int64_t n, const ct_array *in, leaves *out)
{
    const lane *l = env;
    int64_t fixed = 0;
    for (int i = 0; i < l->nin; i++)
        fixed += l->dims[i] == NOT_MAPPED;
    ct_array *all = base_alloc((size_t)(n + 1) * sizeof *all);
    *out = (leaves){l->j->nout, base_alloc((size_t)(l->j->nout + 1) * sizeof *out->at)};
    for (int i = 0, next = 0; i < l->nin && all; i++)
        all[i] = l->dims[i] == NOT_MAPPED ? in[next++] : in[fixed++];
    bool good =
        all && out->at &&
        call_bind(&op_row_dynamic_call, &(params_dynamic){l->j}, l->j, l->nin, all, out->at);
    base_free(all);
    return good;
}

/* A count for each element: a scan over the elements, each of which takes its own steps. */
static bool vmap_lanes(jaxpr *j, batch b, int nin, const ct_array *in, const int *dims, int nout,
                       ct_array *out)
{
    lane l = {j, nin, dims};
    ct_array *operands = base_alloc((size_t)nin * sizeof *operands);
    aval *avals = base_alloc((size_t)nin * sizeof *avals);
    bool good = operands && avals;
    int n = 0, fixed;
    for (int i = 0; i < nin && good; i++)
        if (dims[i] == NOT_MAPPED)
            avals[n] = (operands[n] = in[i])->aval, n++;
    fixed = n;
    for (int i = 0; i < nin && good; i++)
        if (dims[i] != NOT_MAPPED) {
            good = !is_poison(operands[n] = batch_front(in[i], dims[i], b.size));
            avals[n] = operands[n]->aval;
            avals[n].ndim--;
            avals[n++].shape++;
        }
    params_scan p = {.length = b.size, .num_consts = fixed, .unroll = 1};
    p.jaxpr = good ? transform_stage((flat){run_lane, &l, j->name}, n, avals, j->name) : NULL;
    good = p.jaxpr && scan_bind(&p, nin, operands, nout, out);
    object_release(p.jaxpr);
    base_free(operands);
    base_free(avals);
    return good;
}

static bool dynamic_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                         const int *dims, int nout, ct_array *out, int *out_dims)
{
    if (dims[0] == NOT_MAPPED)
        return call_vmap(o, params, b, nin, in, dims, nout, out, out_dims);
    memset(out_dims, 0, (size_t)nout * sizeof *out_dims);
    return vmap_lanes(params_jaxpr(o, params), b, nin, in, dims, nout, out);
}

const op op_row_dynamic_call = {
    .name = "dynamic_call",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_dynamic_call,
    .operands = ANY_OPERANDS,
    .fields = dynamic_fields,
    .nfields = 1,
    .params_size = sizeof(params_dynamic),
    .abstract = call_abstract,
    .fits = dynamic_fits,
    .call = dynamic_call,
    .jvp = call_jvp,
    .linearize = dynamic_linearize,
    .transpose = call_transpose,
    .vmap = dynamic_vmap,
};
