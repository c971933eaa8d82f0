/* The remat2 operation: a call whose derivative computes values again instead of keeping them, and
 * ct_checkpoint, which makes functions of it.
 *
 * Linearized, the known part runs at once and keeps only what the policy saves; the tangent program
 * gets a remat2 equation that computes the rest from the inputs and then the tangents. Transposed,
 * that equation becomes one that computes the rest and then the cotangents. Next: partial.c splits
 * programs, policy.c has the policies. */
#include "cotan/checkpoint.h"
#include "ops/ops.h"
#include "transform/call.h"
#include "transform/partial.h"
#include "transform/jitted.h"

/* ---- linearize ---- */

/* What linearizing makes of a program: `known` maps in -> (out..., residuals..., saved...),
 * `staged` maps (saved..., in..., tangents...) -> nonzero out tangents. Both are borrowed. */
typedef struct rematerialized {
    jaxpr *known, *staged, *recompute, *tangent;
    int nres, nsaved;
} rematerialized;

static bool run_staged(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const rematerialized *r = env;
    const jaxpr *a = r->recompute, *b = r->tangent;
    int nout = a->nout - r->nres;
    ct_array *results = base_alloc((size_t)(a->nout + b->nin + 1) * sizeof *results);
    *out = (leaves){b->nout, base_alloc((size_t)(b->nout + 1) * sizeof *out->at)};
    bool good = results && out->at && jaxpr_eval(a, a->nin, in, a->nout, results);
    if (good) {
        memcpy(results + a->nout, in + a->nin, (size_t)(nin - a->nin) * sizeof *results);
        good = jaxpr_eval(b, b->nin, results + nout, b->nout, out->at);
    }
    base_free(results);
    return good;
}

static jaxpr *stage_both(const rematerialized *r, const jaxpr *j)
{
    const jaxpr *a = r->recompute, *b = r->tangent;
    int moving = b->nin - r->nres, n = a->nin + moving;
    aval *avals = base_alloc((size_t)(n + 1) * sizeof *avals);
    for (int i = 0; i < n && avals; i++)
        avals[i] = i < a->nin ? a->in[i]->aval : b->in[r->nres + i - a->nin]->aval;
    jaxpr *made = avals ? transform_stage((flat){run_staged, (void *)(uintptr_t)r, j->name}, n,
                                          avals, j->name)
                        : NULL;
    base_free(avals);
    return made;
}

static bool rematerialize(jaxpr *j, const policy *p, const bool *nonzero, bool *out_nonzero,
                          rematerialized *r)
{
    jaxpr *known;
    if (!jaxpr_linearize(j, nonzero, out_nonzero, &known, &r->tangent) ||
        !jaxpr_split_saved(known, p, &r->known, &r->recompute))
        return false;
    r->nres = known->nout - j->nout;
    r->nsaved = r->known->nout - known->nout;
    r->staged = jaxpr_derived(r->recompute, "staged", j->nin, nonzero);
    if (!r->staged) {
        jaxpr *made = stage_both(r, j);
        bool kept = made && jaxpr_derive(r->recompute, "staged", j->nin, nonzero, made, 0, NULL);
        object_release(made);
        r->staged = kept ? made : NULL;
    }
    return r->staged != NULL;
}

/* Runs what is known of the program, with the marked values to be saved, in the parent. Where none
 * is saved, and rules have no effects of their own, that is the program itself. */
static bool run_known_part(linearize_trace *t, jaxpr *j, const rematerialized *r,
                           const ct_array *primals, const bool *used_saved, ct_array *results,
                           arena *memory)
{
    int n = r->known->nout, any = 0;
    bool *used_out = arena_alloc(memory, (size_t)n + 1);
    if (!used_out)
        return false;
    for (int i = 0; i < n; i++)
        used_out[i] = i < j->nout || (i >= j->nout + r->nres && used_saved[i - j->nout - r->nres]);
    for (int i = 0; i < r->nsaved; i++)
        any += used_saved[i];
    jaxpr *run = any || r->known->effects ? jaxpr_dce(r->known, used_out, NULL) : j;
    if (!run)
        return false;
    if (!linearize_parent(t))
        return transform_run(run, run->nin, primals, NULL, run->nout, results);
    trace_context saved = trace_enter(linearize_parent(t));
    bool good = jaxpr_eval(run, run->nin, primals, run->nout, results);
    trace_leave(saved);
    return good;
}

static bool remat2_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                             const ct_array *primals, const ct_array *tangents, int nout,
                             ct_array *out, ct_array *out_tangents)
{
    params_remat2 p = *(const params_remat2 *)params;
    rematerialized r;
    arena memory = {0};
    bool *nonzero = arena_alloc(&memory, (size_t)(nin + nout + 1)), *out_nonzero = nonzero + nin;
    for (int i = 0; i < nin && nonzero; i++)
        nonzero[i] = tangents[i] != NULL;
    bool good =
        nonzero && rematerialize(p.jaxpr, (const policy *)p.policy, nonzero, out_nonzero, &r);
    bool *used_out =
        good ? arena_alloc(&memory, (size_t)(r.staged->nout + r.staged->nin + 1)) : NULL;
    if (!used_out)
        goto done;
    bool *used_in = used_out + r.staged->nout;
    memset(used_out, 1, (size_t)r.staged->nout);
    memset(used_in, 0, (size_t)r.staged->nin);
    jaxpr *staged = jaxpr_dce(r.staged, used_out, used_in);
    ct_array *results = arena_alloc(&memory, (size_t)(r.known->nout + 1) * sizeof *results),
             *in = arena_alloc(&memory, (size_t)(r.staged->nin + nout + 1) * sizeof *in);
    good = staged && results && in &&
           run_known_part(t, p.jaxpr, &r, primals, used_in, results, &memory);
    if (!good)
        goto done;
    memcpy(out, results, (size_t)nout * sizeof *out);
    const ct_array *saved = results + nout;
    int n = 0, moving = r.nsaved + nin;
    for (int i = 0; i < r.nsaved; i++)
        if (used_in[i])
            in[n++] = *saved++;
    for (int i = 0; i < nin; i++)
        if (used_in[r.nsaved + i])
            in[n++] = primals[i];
    for (int i = 0; i < nin; i++)
        if (nonzero[i] && used_in[moving++])
            in[n++] = tangents[i];
    p.differentiated = true;
    if (staged->nout) {
        trace_context context = trace_enter(stage_as_trace(linearize_tangents(t)));
        good = call_bind(o, &p, staged, n, in, in + n);
        trace_leave(context);
        for (int i = 0, next = n; i < nout && good; i++)
            out_tangents[i] = out_nonzero[i] ? in[next++] : NULL;
    }
done:
    arena_free(&memory);
    return good && used_out;
}

const op op_row_remat2 = {
    .name = "remat2",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_remat2,
    .operands = ANY_OPERANDS,
    .fields = fields_remat2,
    .params_size = sizeof(params_remat2),
    .nfields = nfields_remat2,
    .abstract = call_abstract,
    .fits = call_fits,
    .call = call_run,
    .jvp = call_jvp,
    .transpose = call_transpose,
    .vmap = call_vmap,
    .linearize = remat2_linearize,
};

/* ---- checkpointed functions ---- */

typedef struct checkpointed {
    jitted base;
    ct_fn policy;
    bool allow_cse;
} checkpointed;

static bool bind_checkpoint(const jitted *base, jaxpr *j, int nin, const ct_array *in,
                            ct_array *out)
{
    const checkpointed *f = (const checkpointed *)base;
    params_remat2 p = {.jaxpr = j, .policy = f->policy, .prevent_cse = !f->allow_cse};
    core_bind(&op_row_remat2, &p, nin, in, j->nout, out);
    return values_good(j->nout, out);
}

static void checkpointed_destroy(ct_fn f)
{
    object_release(((checkpointed *)f)->policy);
    jitted_destroy(f);
}

static const fn_class checkpointed_class = {
    .call = jitted_call, .of = jitted_of, .destroy = checkpointed_destroy};

ct_fn ct_checkpoint_(const ct_checkpoint_args *args)
{
    checkpointed *f = (checkpointed *)jitted_new(&checkpointed_class, sizeof *f, args->f,
                                                 "checkpoint / remat", bind_checkpoint);
    if (!f)
        return NULL;
    f->base.opens_all = true;
    if (args->policy)
        object_retain(args->policy);
    f->policy = args->policy;
    f->allow_cse = args->allow_cse;
    return &f->base.head;
}

ct_tree ct_checkpoint_name(ct_tree x, const char *name)
{
    if (!x || is_poison(x) || !is_tree(x))
        return x ? op_name(x, name) : array_poison;
    ct_scope scope = ct_begin();
    const ct_array *at;
    int64_t n = tree_leaves(&x, &at);
    ct_array *named = base_alloc((size_t)(n + 1) * sizeof *named);
    for (int64_t i = 0; i < n && named; i++)
        named[i] = op_name(at[i], name);
    ct_tree out = named ? tree_new(x->def, n, named) : array_poison;
    base_free(named);
    return ct_end_(scope, out);
}
