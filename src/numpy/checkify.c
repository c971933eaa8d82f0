/* jax.experimental.checkify: failed checks become values.
 *
 * The error is a mutable array: the code of the first failure, and one for each value that a
 * message shows. A trace without tracers of its own runs a program, writes to those references at
 * each check, and hands everything else to its parent; programs inside calls and loops get the
 * references as further operands. Discharging (transform/discharge.c) then makes carries and
 * results of them. */
#include "numpy/checkify.h"

#include "cotan/numpy.h"
#include "ops/ops.h"
#include "transform/call.h"
#include "transform/cond.h"
#include "transform/custom.h"
#include "transform/scan.h"
#include "transform/while.h"

/* ---- the trace ---- */

enum { NO_SITE = -1 };

typedef struct checkify_trace {
    trace base;
    uint32_t errors;
    int64_t nsites;
    const checkify_site *sites;
    int nrefs;
    const ct_array *refs; /* the code, then every site's values in order */
} checkify_trace;

static ct_array read(ct_array ref) { return core_bind1(&op_row_get, &(params_ref){{0}}, 1, &ref); }

static bool write(ct_array ref, ct_array value)
{
    value = op_convert(value, (ct_dtype)ref->aval.dtype, ref->aval.weak);
    return !is_poison(core_bind1(&op_row_swap, &(params_ref){{0}}, 2, (ct_array[]){ref, value}));
}

/* Records the failure where it is the first, with the values where the site has some. Under the
 * parent. */
static bool record_code(checkify_trace *t, int64_t site, ct_array code, ct_array failed, int n,
                        const ct_array *values)
{
    const ct_array *refs = t->refs + 1;
    for (int64_t i = 0; i < t->nsites && t->sites[i].code != site; i++)
        refs += t->sites[i].nvalues;
    ct_array now = read(t->refs[0]);
    ct_array none = op_lt(now, op_full(&now->aval, 0));
    ct_array first = op_and(failed, none);
    bool good = write(t->refs[0], ct_where(first, code, now));
    for (int i = 0; i < n && good; i++)
        good = write(refs[i], ct_where(first, values[i], read(refs[i])));
    return good;
}

static bool record(checkify_trace *t, int64_t site, int64_t code, ct_array failed, int n,
                   const ct_array *values)
{
    aval word = {.dtype = CT_INT32};
    return record_code(t, site, op_full(&word, (double)code), failed, n, values);
}

static ct_array any_nan(int nout, const ct_array *out)
{
    ct_array any = NULL;
    for (int i = 0; i < nout; i++) {
        if (!dtype_inexact((ct_dtype)out[i]->aval.dtype))
            continue;
        ct_array here = ct_any(op_ne(out[i], out[i]));
        any = any ? op_or(any, here) : here;
    }
    return any;
}

static int64_t bounds_code(ct_array x)
{
    text t = {0};
    for (int i = 0; i < x->aval.ndim; i++)
        text_add(&t, i ? ", %lld" : "%lld", (long long)x->aval.shape[i]);
    text_add(&t, x->aval.ndim == 1 ? ",): " : "): ");
    char *s = text_end(&t);
    int64_t code = s ? check_code("out-of-bounds indexing for array of shape (", s) : -1;
    base_free(s);
    return code;
}

/* Starts of windows along an axis of x: whether one lies outside [0, limit], and which. */
static bool check_starts(checkify_trace *t, ct_array x, ct_array starts, int64_t axis,
                         int64_t limit)
{
    int64_t code = bounds_code(x);
    if (!starts->size || code < 0)
        return code >= 0;
    ct_array at = op_convert(starts, CT_INT32, false), low = ct_min(at), high = ct_max(at);
    ct_array below = op_lt(low, op_full(&low->aval, 0)),
             above = op_gt(high, op_full(&high->aval, (double)limit));
    ct_array values[3] = {ct_where(below, low, high), op_full(&low->aval, (double)axis),
                          op_full(&low->aval, (double)x->aval.shape[axis])};
    return record(t, CHECK_OUT_OF_BOUNDS, code, op_or(below, above), 3, values);
}

static bool check_columns(checkify_trace *t, ct_array x, ct_array indices, ct_ints axes,
                          const int64_t *window)
{
    for (int64_t k = 0; k < axes.n; k++) {
        int64_t d = axes.at[k];
        ct_array column = ct_take(indices, ct_weak_int(k), .axis = GIVEN(-1));
        if (is_poison(column) || !check_starts(t, x, column, d, x->aval.shape[d] - window[d]))
            return false;
    }
    return true;
}

static bool check_index(checkify_trace *t, const op *o, const void *params, int nin,
                        const ct_array *in)
{
    int64_t window[64];
    if (in[0]->aval.ndim > 64)
        return true;
    if (o->code == OP_gather) {
        const params_gather *p = params;
        return check_columns(t, in[0], in[1], p->dimension_numbers.start_index_map,
                             p->slice_sizes.at);
    }
    if (o->code == OP_dynamic_slice || o->code == OP_dynamic_update_slice) {
        int first = o->code == OP_dynamic_slice ? 1 : 2;
        for (int k = first; k < nin; k++) {
            int d = k - first;
            int64_t size = first == 1 ? ((const params_dynamic_slice *)params)->slice_sizes.at[d]
                                      : in[1]->aval.shape[d];
            if (!check_starts(t, in[0], in[k], d, in[0]->aval.shape[d] - size))
                return false;
        }
        return true;
    }
    const scatter_dims *s = &((const params_scatter *)params)->dimension_numbers;
    for (int64_t k = 0, d = 0; d < in[0]->aval.ndim; d++) {
        window[d] = 1;
        bool inserted = false;
        for (int64_t i = 0; i < s->inserted_window_dims.n; i++)
            inserted = inserted || s->inserted_window_dims.at[i] == d;
        for (int64_t i = 0; i < s->operand_batching_dims.n; i++)
            inserted = inserted || s->operand_batching_dims.at[i] == d;
        if (!inserted && k < s->update_window_dims.n)
            window[d] = in[2]->aval.shape[s->update_window_dims.at[k++]];
    }
    return check_columns(t, in[0], in[1], s->scatter_dims_to_operand_dims, window);
}

static bool check_division(checkify_trace *t, const ct_array *in)
{
    int64_t code = check_code("division by zero", "");
    return code >= 0 &&
           record(t, NO_SITE, code, ct_any(op_eq(in[1], op_full(&in[1]->aval, 0))), 0, NULL);
}

static bool check_nan(checkify_trace *t, const op *o, int nout, const ct_array *out)
{
    ct_array nan = any_nan(nout, out);
    if (!nan)
        return true;
    int64_t code = check_code("nan generated by primitive: ", o->name);
    return code >= 0 && record(t, NO_SITE, code, nan, 0, NULL);
}

/* A check that the program wrote: of a site of its own, or of an error's code. */
static bool check_written(checkify_trace *t, const params_check *p, int nin, const ct_array *in)
{
    ct_array failed = op_not(in[0]);
    if (p->site == CHECK_AGAIN)
        return record_code(t, CHECK_OUT_OF_BOUNDS, in[1], failed, nin - 2, in + 2);
    return !(t->errors & CHECK_USER) || record(t, p->site, p->site, failed, nin - 1, in + 1);
}

/* ---- programs inside ---- */

static bool run_under(jaxpr *j, const checkify_trace *like, const ct_array *refs, int nin,
                      const ct_array *in, ct_array *out);

/* Inputs of a program: `before` of its own, the references, the rest of its own. */
typedef struct nested {
    jaxpr *j;
    const checkify_trace *like;
    int before;
} nested;

static bool run_nested(void *env, int64_t n, const ct_array *in, leaves *out)
{
    const nested *p = env;
    ct_array *own = base_alloc((size_t)(p->j->nin + 1) * sizeof *own);
    *out = (leaves){p->j->nout, base_alloc((size_t)(p->j->nout + 1) * sizeof *out->at)};
    bool good = own && out->at;
    if (good) {
        memcpy(own, in, (size_t)p->before * sizeof *own);
        memcpy(own + p->before, in + p->before + p->like->nrefs,
               (size_t)(n - p->before - p->like->nrefs) * sizeof *own);
        good = run_under(p->j, p->like, in + p->before, p->j->nin, own, out->at);
    }
    base_free(own);
    return good;
}

/* A program that takes the references too. */
static jaxpr *with_refs(jaxpr *j, const checkify_trace *t, int before)
{
    nested p = {j, t, before};
    aval *avals = base_alloc((size_t)(j->nin + t->nrefs + 1) * sizeof *avals);
    for (int i = 0; i < j->nin && avals; i++)
        avals[i < before ? i : i + t->nrefs] = j->in[i]->aval;
    for (int i = 0; i < t->nrefs && avals; i++)
        avals[before + i] = t->refs[i]->aval;
    jaxpr *made =
        avals ? transform_stage((flat){run_nested, &p, j->name}, j->nin + t->nrefs, avals, j->name)
              : NULL;
    base_free(avals);
    return made;
}

/* Binds with the references among the operands. */
static bool bind_with_refs(checkify_trace *t, const op *o, const void *params, int before, int nin,
                           const ct_array *in, int nout, ct_array *out)
{
    ct_array *all = base_alloc((size_t)(nin + t->nrefs + 1) * sizeof *all);
    if (!all)
        return false;
    memcpy(all, in, (size_t)before * sizeof *all);
    memcpy(all + before, t->refs, (size_t)t->nrefs * sizeof *all);
    memcpy(all + before + t->nrefs, in + before, (size_t)(nin - before) * sizeof *all);
    core_bind(o, params, nin + t->nrefs, all, nout, out);
    base_free(all);
    return values_good(nout, out) && ct_ok();
}

static bool process_cond(checkify_trace *t, const op *o, const params_cond *p, int nin,
                         const ct_array *in, int nout, ct_array *out)
{
    jaxpr **branches = base_zalloc((size_t)(p->branches.n + 1) * sizeof *branches);
    bool good = branches != NULL;
    for (int64_t b = 0; b < p->branches.n && good; b++)
        good = (branches[b] = with_refs(p->branches.at[b], t, nin - 1)) != NULL;
    if (good)
        good = bind_with_refs(t, o, &(params_cond){{p->branches.n, branches}}, nin, nin, in, nout,
                              out);
    for (int64_t b = 0; branches && b < p->branches.n; b++)
        object_release(branches[b]);
    base_free(branches);
    return good;
}

/* ---- loops ---- */

/* A loop whose condition is checked as well carries the condition's value, so that it is evaluated
 * in the body. Operands of the body: constants of the condition, of the body, references, value,
 * carry. */
typedef struct checked_loop {
    const params_while *p;
    const checkify_trace *like;
} checked_loop;

static bool test_under(const checked_loop *l, const ct_array *refs, const ct_array *consts,
                       const ct_array *carry, ct_array *value)
{
    jaxpr *j = l->p->cond;
    int n = (int)l->p->cond_nconsts;
    ct_array *in = base_alloc((size_t)(j->nin + 1) * sizeof *in);
    if (!in)
        return false;
    memcpy(in, consts, (size_t)n * sizeof *in);
    memcpy(in + n, carry, (size_t)(j->nin - n) * sizeof *in);
    bool good = run_under(j, l->like, refs, j->nin, in, value);
    base_free(in);
    return good;
}

static bool run_checked_body(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const checked_loop *l = env;
    jaxpr *j = l->p->body;
    int64_t nconsts = l->p->body_nconsts, carry = j->nin - nconsts;
    const ct_array *consts = in + l->p->cond_nconsts, *refs = consts + nconsts;
    ct_array *own = base_alloc((size_t)(j->nin + 1) * sizeof *own);
    *out = (leaves){carry + 1, base_alloc((size_t)(carry + 1) * sizeof *out->at)};
    bool good = own && out->at;
    if (good) {
        memcpy(own, consts, (size_t)nconsts * sizeof *own);
        memcpy(own + nconsts, in + nin - carry, (size_t)carry * sizeof *own);
        good = run_under(j, l->like, refs, j->nin, own, out->at + 1) &&
               test_under(l, refs, in, out->at + 1, out->at);
    }
    base_free(own);
    return good;
}

static bool first_input(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    (void)env, (void)nin;
    *out = (leaves){1, base_alloc(sizeof *out->at)};
    if (out->at)
        out->at[0] = in[0];
    return out->at;
}

/* Binds the loop; all: its operands, with the condition's first value in front of the carry. */
static bool bind_checked_loop(checked_loop *l, const op *o, int total, const ct_array *all,
                              int nout, ct_array *out)
{
    int carry = nout + 1;
    aval *avals = base_alloc((size_t)(total + 1) * sizeof *avals);
    for (int i = 0; i < total && avals; i++)
        avals[i] = all[i]->aval;
    params_while q = {.body_nconsts = total - carry};
    const char *name = l->p->body->name;
    bool good = avals &&
                (q.body = transform_stage((flat){run_checked_body, l, name}, total, avals, name)) &&
                (q.cond = transform_stage((flat){first_input, NULL, name}, carry,
                                          avals + total - carry, name));
    ct_array *results = good ? base_alloc((size_t)carry * sizeof *results) : NULL;
    if (results) {
        core_bind(o, &q, total, all, carry, results);
        memcpy(out, results + 1, (size_t)nout * sizeof *out);
    }
    base_free(avals);
    base_free(results);
    object_release(q.body);
    object_release(q.cond);
    return results && values_good(nout, out) && ct_ok();
}

static bool process_checked_loop(checkify_trace *t, const op *o, const params_while *p, int nin,
                                 const ct_array *in, int nout, ct_array *out)
{
    checked_loop l = {p, t};
    int consts = nin - nout, total = nin + t->nrefs + 1;
    ct_array *all = base_alloc((size_t)(total + 1) * sizeof *all);
    if (!all)
        return false;
    memcpy(all, in, (size_t)consts * sizeof *all);
    memcpy(all + consts, t->refs, (size_t)t->nrefs * sizeof *all);
    memcpy(all + consts + t->nrefs + 1, in + consts, (size_t)nout * sizeof *all);
    bool good = test_under(&l, t->refs, in, in + consts, all + consts + t->nrefs) &&
                bind_checked_loop(&l, o, total, all, nout, out);
    base_free(all);
    return good;
}

static bool process_while(checkify_trace *t, const op *o, const params_while *p, int nin,
                          const ct_array *in, int nout, ct_array *out)
{
    bool tests = checks_inside(p->cond, t->errors | CHECK_USER); /* or drops them */
    if (atom_aval(&p->cond->out[0])->ndim && (tests || checks_inside(p->body, t->errors))) {
        base_fail(
            CT_VALUE_ERROR,
            "Checkify does not support batched while-loops (checkify-of-vmap-of-while). Hint: "
            "if possible, move the vmap to the outer level to get vmap-of-checkify-of-while.");
        return false;
    }
    if (tests)
        return process_checked_loop(t, o, p, nin, in, nout, out);
    params_while q = *p;
    int before = (int)p->body_nconsts;
    bool good = (q.body = with_refs(p->body, t, before)) != NULL;
    q.body_nconsts += t->nrefs;
    good = good && bind_with_refs(t, o, &q, (int)p->cond_nconsts + before, nin, in, nout, out);
    object_release(q.body);
    return good;
}

/* ---- functions with rules of their own ---- */

/* The call keeps its rules and loses its checks; they are made of its program beside it. */
static bool process_custom(checkify_trace *t, const op *o, const void *params, int nin,
                           const ct_array *in, ct_array *out)
{
    jaxpr *j = params_jaxpr(o, params);
    checkify_trace blind = {0};
    jaxpr *silent = with_refs(j, &blind, nin);
    ct_array *unused = base_alloc((size_t)(j->nout + 1) * sizeof *unused);
    bool good = silent && unused && call_bind(o, params, silent, nin, in, out) &&
                (!checks_inside(j, t->errors) || run_under(j, t, t->refs, nin, in, unused));
    base_free(unused);
    object_release(silent);
    return good;
}

/* False without an error: an operation that is run as it is. */
static bool process_programs(checkify_trace *t, const op *o, const void *params, int nin,
                             const ct_array *in, int nout, ct_array *out, bool *done)
{
    jaxpr *made = NULL;
    bool good = false;
    *done = true;
    if (o->code == OP_cond)
        return process_cond(t, o, params, nin, in, nout, out);
    if (o->code == OP_jit) {
        params_call p = *(const params_call *)params;
        if ((made = p.jaxpr = with_refs(p.jaxpr, t, nin))) {
            p.donated_invars = (ct_ints){0};
            good = bind_with_refs(t, o, &p, nin, nin, in, nout, out);
        }
    } else if (o->code == OP_scan) {
        params_scan p = *(const params_scan *)params;
        int before = (int)p.num_consts;
        if ((made = p.jaxpr = with_refs(p.jaxpr, t, before))) {
            p.num_consts += t->nrefs;
            good = bind_with_refs(t, o, &p, before, nin, in, nout, out);
        }
    } else if (o->code == OP_remat2) {
        params_remat2 p = *(const params_remat2 *)params;
        if ((made = p.jaxpr = with_refs(p.jaxpr, t, nin)))
            good = bind_with_refs(t, o, &p, nin, nin, in, nout, out);
    } else if (o->code == OP_while) {
        return process_while(t, o, params, nin, in, nout, out);
    } else if (o->code == OP_custom_jvp_call || o->code == OP_custom_vjp_call) {
        return process_custom(t, o, params, nin, in, out);
    } else {
        *done = false;
        return true;
    }
    object_release(made);
    return good;
}

static bool checkify_process(trace *base, const op *o, const void *params, int nin,
                             const ct_array *in, int nout, ct_array *out)
{
    checkify_trace *t = (checkify_trace *)base;
    trace_context saved = trace_enter(base->parent);
    bool good = true, done = o == &op_row_check;
    if (done)
        good = check_written(t, params, nin, in);
    else if (o->flags & OP_CALL)
        good = process_programs(t, o, params, nin, in, nout, out, &done);
    if (good && !done) {
        uint32_t checks = checks_of(o) & t->errors;
        good = (!(checks & CHECK_INDEX) || check_index(t, o, params, nin, in)) &&
               (!(checks & CHECK_DIV) || check_division(t, in));
        core_bind(o, params, nin, in, nout, out);
        good = good && values_good(nout, out) && ct_ok() &&
               (!(checks & CHECK_NAN) || check_nan(t, o, nout, out));
    }
    trace_leave(saved);
    return good && ct_ok();
}

/* A function with rules of its own keeps them: what happens inside is not looked at. */
static bool checkify_custom(trace *base, custom_call *c, int64_t n, const ct_array *in, leaves *out)
{
    trace_context saved = trace_enter(base->parent);
    bool good = custom_apply(c, n, in, out);
    trace_leave(saved);
    return good;
}

static const trace_class checkify_class = {
    "CheckifyTracer", checkify_process, checkify_custom, NULL, NULL, false};

static bool run_under(jaxpr *j, const checkify_trace *like, const ct_array *refs, int nin,
                      const ct_array *in, ct_array *out)
{
    checkify_trace t = *like;
    t.base = (trace){.head = {&trace_object_class, OBJECT_IMMORTAL, KIND_OTHER},
                     .class = &checkify_class,
                     .parent = core_current,
                     .refs = REFS_WRITTEN, /* programs are taken apart here, not before */
                     .alive = true,
                     .of = {.by = "checkify"}};
    t.refs = refs;
    trace_context saved = trace_enter(&t.base);
    bool good = jaxpr_eval(j, nin, in, j->nout, out);
    trace_leave(saved);
    return good && ct_ok();
}

/* ---- a whole program ---- */

typedef struct sites {
    vec(checkify_site) all;
    vec(aval) values;
} sites;

static bool add_site(sites *s, int64_t code, int n, const atom *values)
{
    for (int64_t i = 0; i < s->all.n; i++)
        if (s->all.at[i].code == code)
            return true;
    for (int i = 0; i < n; i++) {
        aval a = *atom_aval(&values[i]);
        a.weak = false;
        if (!vec_push(&s->values, a))
            return false;
    }
    return vec_push(&s->all, (checkify_site){code, n});
}

static bool add_check(sites *s, const eqn *e)
{
    int64_t site = ((const params_check *)e->params)->site;
    if (site != CHECK_AGAIN)
        return add_site(s, site, e->nin - 1, e->in + 1);
    return e->nin == 2 || add_site(s, CHECK_OUT_OF_BOUNDS, e->nin - 2, e->in + 2);
}

static bool find_sites(sites *s, const jaxpr *j)
{
    bool good = true;
    for (const eqn *e = j->eqns; e && good; e = e->next) {
        if (e->op == &op_row_check)
            good = add_check(s, e);
        const jaxpr *inner;
        for (int64_t i = 0; good && (inner = params_program(e->op, e->params, i)); i++)
            good = find_sites(s, inner);
    }
    return good;
}

typedef struct whole {
    jaxpr *j;
    uint32_t errors;
    const sites *s;
} whole;

static bool run_whole(void *env, int64_t n, const ct_array *in, leaves *out)
{
    const whole *w = env;
    int nrefs = 1 + (int)w->s->values.n, nout = w->j->nout;
    trace *owner = core_current;
    owner->refs = REFS_OWNED;
    ct_array *refs = base_alloc((size_t)nrefs * sizeof *refs);
    *out = (leaves){nout + nrefs, base_alloc((size_t)(nout + nrefs) * sizeof *out->at)};
    bool good = refs && out->at;
    for (int i = 0; i < nrefs && good; i++) {
        aval a = i ? w->s->values.at[i - 1] : (aval){.dtype = CT_INT32};
        ct_array start = op_full(&a, i ? 0 : -1);
        good = !is_poison(start) && !is_poison(refs[i] = ref_new(owner, &a, start));
    }
    checkify_trace t = {
        .errors = w->errors, .nsites = w->s->all.n, .sites = w->s->all.at, .nrefs = nrefs};
    good = good && run_under(w->j, &t, refs, (int)n, in, out->at);
    for (int i = 0; i < nrefs && good; i++)
        out->at[nout + i] = refs[i]->primal;
    base_free(refs);
    return good;
}

bool checkify_run(jaxpr *j, uint32_t errors, int64_t nin, const ct_array *in, checkified *out)
{
    sites s = {{0}};
    var word = {.aval = {.dtype = CT_INT32}};
    *out = (checkified){0};
    bool good = find_sites(&s, j);
    atom words[3] = {{&word}, {&word}, {&word}}; /* index, axis, size */
    if (good && errors & CHECK_INDEX)
        good = add_site(&s, CHECK_OUT_OF_BOUNDS, 3, words);
    jaxpr *open = good ? jaxpr_consts_to_inputs(j) : NULL, *made = NULL;
    int64_t total = j->nconsts + nin;
    ct_array *all = base_alloc((size_t)(total + 1) * sizeof *all);
    aval *avals = base_alloc((size_t)(total + 1) * sizeof *avals);
    if (open && all && avals) {
        memcpy(all, j->consts, (size_t)j->nconsts * sizeof *all);
        memcpy(all + j->nconsts, in, (size_t)nin * sizeof *all);
        for (int64_t i = 0; i < total; i++)
            avals[i] = all[i]->aval;
        whole w = {open, errors, &s};
        made = transform_stage((flat){run_whole, &w, j->name}, total, avals, j->name);
    }
    good = made && (out->results = base_alloc((size_t)(made->nout + 1) * sizeof *out->results));
    if (good) {
        params_call p = {.jaxpr = made, .name = made->name};
        core_bind(&op_row_jit, &p, (int)total, all, made->nout, out->results);
        good = values_good(made->nout, out->results) && ct_ok();
        out->n = made->nout;
    }
    base_free(all);
    base_free(avals);
    object_release(open);
    object_release(made);
    vec_free(&s.values);
    out->sites = s.all.at;
    out->nsites = s.all.n;
    if (!good) {
        base_free(out->results);
        base_free(out->sites);
        *out = (checkified){0};
    }
    return good;
}
