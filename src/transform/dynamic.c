/* Programs in which the number of steps of a loop is a dimension: the derivatives of while loops.
 *
 * A loop whose steps have been counted is a scan, and a scan has every derivative. Where the count
 * is not known while a program is written, the scan is written for LOOP_STEPS steps, a number that
 * no real dimension has; the arrays that it stacks have that many rows, and derivatives, transposes
 * and batched forms are made of this program as of any other. Operand 0 of dynamic_call is the
 * count, and evaluation puts it wherever a parameter says LOOP_STEPS. Such arrays never leave the
 * program: what a derivative needs of them is computed again. */
#include "transform/scan.h"

typedef struct params_dynamic {
    jaxpr *jaxpr;
} params_dynamic;
static const param_field dynamic_fields[] = {
    {"jaxpr", PARAM_JAXPR, offsetof(params_dynamic, jaxpr)}};

static bool bind_dynamic(jaxpr *j, ct_array steps, int nin, const ct_array *in, ct_array *out)
{
    params_dynamic p = {j};
    ct_array *all = base_alloc((size_t)(nin + 1) * sizeof *all);
    if (!all)
        return false;
    all[0] = steps;
    memcpy(all + 1, in, (size_t)nin * sizeof *in);
    core_bind(&op_row_dynamic_call, &p, nin + 1, all, j->nout, out);
    base_free(all);
    return values_good(j->nout, out);
}

static bool dynamic_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                             aval *out, arena *a)
{
    const jaxpr *j = ((const params_dynamic *)params)->jaxpr;
    (void)in, (void)a;
    if (nin != j->nin + 1 || *nout < j->nout) {
        base_fail(CT_TYPE_ERROR, "%s of a program of %d inputs got %d operands", o->name, j->nin,
                  nin);
        return false;
    }
    *nout = j->nout;
    for (int i = 0; i < j->nout; i++)
        out[i] = *atom_aval(&j->out[i]);
    return true;
}

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
    (void)o;
    counted_trace t = {{.head = {&trace_object_class, INT32_MAX / 2, KIND_OTHER},
                        .class = &counted_class,
                        .parent = NULL,
                        .alive = true,
                        .what = "a loop"},
                       array_get_int(in[0], 0)};
    trace_context saved = trace_enter(&t.base);
    bool good = jaxpr_eval(((const params_dynamic *)params)->jaxpr, nin - 1, in + 1, nout, out);
    trace_leave(saved);
    return good;
}

/* ---- derivatives ---- */

static bool dynamic_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                        const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    jaxpr *j = ((const params_dynamic *)params)->jaxpr;
    (void)o;
    arena memory = {0};
    bool *nonzero = arena_alloc(&memory, (size_t)(nin + nout)), *out_nonzero = nonzero + nin - 1;
    ct_array *in = arena_alloc(&memory, (size_t)(2 * nin + 2 * nout) * sizeof *in),
             *results = in + 2 * nin;
    int n = nin - 1, next = nout;
    bool good = nonzero && in;
    for (int i = 1; i < nin && good; i++) {
        in[i - 1] = primals[i];
        if ((nonzero[i - 1] = tangents[i] != NULL))
            in[n++] = tangents[i];
    }
    jaxpr *made = good ? jaxpr_jvp(j, nonzero, false, out_nonzero) : NULL;
    good = made && bind_dynamic(made, primals[0], n, in, results);
    for (int i = 0; i < nout && good; i++) {
        out[i] = results[i];
        out_tangents[i] = out_nonzero[i] ? results[next++] : NULL;
    }
    arena_free(&memory);
    return good;
}

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

bool dynamic_tangent(jaxpr *j, linearize_trace *t, ct_array steps, int nin, const ct_array *primals,
                     const ct_array *tangents, ct_array *out_tangents)
{
    arena memory = {0};
    bool *nonzero = arena_alloc(&memory, (size_t)(nin + j->nout) + 1), *out_nonzero = nonzero + nin;
    ct_array *in = arena_alloc(&memory, (size_t)(2 * nin + j->nout + 1) * sizeof *in),
             *results = in + 2 * nin;
    bool good = nonzero && in;
    int n = nin;
    for (int i = 0; i < nin && good; i++) {
        in[i] = primals[i];
        if ((nonzero[i] = tangents[i] != NULL))
            in[n++] = tangents[i];
    }
    jaxpr *made = good ? fused_tangent(j, nonzero, out_nonzero) : NULL;
    trace_context saved = trace_enter(stage_as_trace(linearize_tangents(t)));
    good = made && bind_dynamic(made, steps, n, in, results);
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
    (void)o, (void)nout;
    jaxpr *j = ((const params_dynamic *)params)->jaxpr;
    trace_context saved = trace_enter(linearize_parent(t));
    bool good = bind_dynamic(j, primals[0], nin - 1, primals + 1, out);
    trace_leave(saved);
    return good &&
           dynamic_tangent(j, t, primals[0], nin - 1, primals + 1, tangents + 1, out_tangents);
}

static bool dynamic_transpose(const op *o, const void *params, int nin, const ct_array *in,
                              const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    jaxpr *j = ((const params_dynamic *)params)->jaxpr;
    (void)o, (void)in_avals;
    arena memory = {0};
    bool *linear = arena_alloc(&memory, (size_t)(nin + nout)), *ct_nonzero = linear + nin - 1;
    ct_array *values = arena_alloc(&memory, (size_t)(2 * nin + nout) * sizeof *values),
             *results = values + nin + nout;
    bool good = linear && values;
    int n = 0;
    for (int i = 1; i < nin && good; i++)
        if (!(linear[i - 1] = in[i] == NULL))
            values[n++] = in[i];
    for (int i = 0; i < nout && good; i++)
        if ((ct_nonzero[i] = cts[i] != NULL))
            values[n++] = cts[i];
    jaxpr *made = good ? jaxpr_transpose(j, linear, ct_nonzero) : NULL;
    good = made && bind_dynamic(made, in[0], n, values, results);
    for (int i = 1; i < nin && good; i++)
        out[i] = linear[i - 1] ? *results++ : NULL;
    arena_free(&memory);
    return good;
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
    bool good = all && out->at && bind_dynamic(l->j, all[0], l->nin - 1, all + 1, out->at);
    base_free(all);
    return good;
}

/* A count for each element: a scan over the elements, each of which takes its own steps. */
static bool vmap_lanes(jaxpr *j, batch b, int nin, const ct_array *in, const int *dims, int nout,
                       ct_array *out)
{
    lane l = {j, nin, dims};
    ct_array *values = base_alloc((size_t)nin * sizeof *values);
    aval *avals = base_alloc((size_t)nin * sizeof *avals);
    bool good = values && avals;
    int n = 0, fixed;
    for (int i = 0; i < nin && good; i++)
        if (dims[i] == NOT_MAPPED)
            avals[n] = (values[n] = in[i])->aval, n++;
    fixed = n;
    for (int i = 0; i < nin && good; i++)
        if (dims[i] != NOT_MAPPED) {
            good = !is_poison(values[n] = batch_front(in[i], dims[i], b.size));
            avals[n] = values[n]->aval;
            avals[n].ndim--;
            avals[n++].shape++;
        }
    params_scan p = {.length = b.size, .num_consts = fixed, .unroll = 1};
    p.jaxpr = good ? transform_stage((flat){run_lane, &l, j->name}, n, avals, j->name) : NULL;
    good = p.jaxpr && scan_bind(&p, nin, values, nout, out);
    object_release(p.jaxpr);
    base_free(values);
    base_free(avals);
    return good;
}

static bool dynamic_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                         const int *dims, int nout, ct_array *out, int *out_dims)
{
    jaxpr *j = ((const params_dynamic *)params)->jaxpr;
    (void)o;
    if (dims[0] != NOT_MAPPED) {
        memset(out_dims, 0, (size_t)nout * sizeof *out_dims);
        return vmap_lanes(j, b, nin, in, dims, nout, out);
    }
    bool *mapped = base_alloc((size_t)(nin + nout)), *out_mapped = mapped + nin - 1;
    ct_array *values = base_alloc((size_t)nin * sizeof *values);
    bool good = mapped && values;
    for (int i = 1; i < nin && good; i++) {
        mapped[i - 1] = dims[i] != NOT_MAPPED;
        good = !is_poison(values[i] = mapped[i - 1] ? batch_front(in[i], dims[i], b.size) : in[i]);
    }
    jaxpr *made = good ? jaxpr_vmap(j, b, mapped, false, out_mapped) : NULL;
    good = made && bind_dynamic(made, in[0], nin - 1, values + 1, out);
    for (int i = 0; i < nout && good; i++)
        out_dims[i] = out_mapped[i] ? 0 : NOT_MAPPED;
    base_free(mapped);
    base_free(values);
    return good;
}

const op op_row_dynamic_call = {
    .name = "dynamic_call",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_dynamic_call,
    .operands = ANY_OPERANDS,
    .fields = dynamic_fields,
    .nfields = 1,
    .params_size = sizeof(params_dynamic),
    .abstract = dynamic_abstract,
    .fits = dynamic_fits,
    .call = dynamic_call,
    .jvp = dynamic_jvp,
    .linearize = dynamic_linearize,
    .transpose = dynamic_transpose,
    .vmap = dynamic_vmap,
};
