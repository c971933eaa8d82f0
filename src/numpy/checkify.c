/* jax.experimental.checkify: failed checks become values.
 *
 * The error is a mutable array: the code of the first failure, and one for each value that a
 * message shows. A trace without tracers of its own runs a program, writes to those references at
 * each check, and hands everything else to its parent; programs inside calls and loops get the
 * references as further operands. Discharging (transform/discharge.c) then makes carries and
 * results of them. */
#include "numpy/checkify.h"

#include <pthread.h>

#include "cotan/numpy.h"
#include "ops/ops.h"
#include "transform/call.h"
#include "transform/cond.h"
#include "transform/custom.h"
#include "transform/scan.h"
#include "transform/while.h"

void (*checkify_report)(int64_t site, int n, const ct_array *values);
_Thread_local int checkify_staging;

/* ---- the check operation ---- */

typedef struct params_check {
    int64_t site;
    bool debug;
} params_check;
static const param_field check_fields[] = {{"debug", PARAM_BOOL, offsetof(params_check, debug)},
                                           {"site", PARAM_INT, offsetof(params_check, site)}};

static bool check_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                           aval *out, arena *a)
{
    (void)o, (void)params, (void)nin, (void)in, (void)out, (void)a;
    *nout = 0;
    if (checkify_staging > 0)
        return true;
    base_fail(CT_VALUE_ERROR,
              "Cannot abstractly evaluate a checkify.check which was not functionalized. This "
              "probably means you tried to stage (jit/scan/pmap/...) a `check` without "
              "functionalizing it through `checkify.checkify`.");
    return false;
}

static bool check_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                       ct_array *out)
{
    (void)o, (void)nout, (void)out;
    int64_t site = ((const params_check *)params)->site;
    if (array_get_int(in[0], 0))
        return true;
    if (checkify_report)
        checkify_report(site, nin - 1, in + 1);
    else
        base_fail(CT_RUNTIME_ERROR, "check %lld failed", (long long)site);
    return false;
}

static bool check_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                      const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    (void)tangents, (void)out_tangents;
    core_bind(o, params, nin, primals, nout, out);
    return ct_ok();
}

/* The check holds when it does for every element; values are those of the first that fails. */
static bool check_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                       const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)out_dims;
    ct_array *values = base_alloc((size_t)nin * sizeof *values);
    if (!values)
        return false;
    ct_array holds = batch_front(in[0], dims[0], b.size), where = ct_argmin(holds);
    values[0] = ct_all(holds);
    bool good = !is_poison(values[0]) && !is_poison(where);
    for (int i = 1; i < nin && good; i++)
        good = !is_poison(values[i] = dims[i] == NOT_MAPPED
                                          ? in[i]
                                          : ct_take(in[i], where, .axis = GIVEN(dims[i])));
    if (good)
        core_bind(o, params, nin, values, nout, out);
    base_free(values);
    return good && ct_ok();
}

const op op_row_check = {.name = "check",
                         .flags = OP_MULTIPLE | OP_EFFECT | OP_HOST,
                         .code = OP_check,
                         .operands = ANY_OPERANDS,
                         .fields = check_fields,
                         .nfields = countof(check_fields),
                         .params_size = sizeof(params_check),
                         .abstract = check_abstract,
                         .call = check_call,
                         .jvp = check_jvp,
                         .vmap = check_vmap};

bool checkify_check(int64_t site, ct_array predicate, int n, const ct_array *values)
{
    ct_array *in = base_alloc((size_t)(n + 1) * sizeof *in);
    if (!in)
        return false;
    in[0] = predicate;
    if (n)
        memcpy(in + 1, values, (size_t)n * sizeof *in);
    core_bind(&op_row_check, &(params_check){.site = site}, n + 1, in, 0, NULL);
    base_free(in);
    return ct_ok();
}

/* ---- codes of automatic checks: kept for good, each text once ---- */

typedef struct automatic {
    struct automatic *next;
    int64_t code;
    char text[];
} automatic;
static pthread_mutex_t automatic_lock = PTHREAD_MUTEX_INITIALIZER;
static automatic *all_automatic;

static int64_t automatic_code(const char *what, const char *name)
{
    text t = {0};
    text_add(&t, "%s%s", what, name);
    char *s = text_end(&t);
    int64_t code = -1;
    pthread_mutex_lock(&automatic_lock);
    automatic *a = all_automatic;
    while (s && a && strcmp(a->text, s))
        a = a->next;
    if (s && !a && (a = base_alloc(sizeof *a + strlen(s) + 1))) {
        memcpy(a->text, s, strlen(s) + 1);
        a->code = all_automatic ? all_automatic->code + 1 : CHECK_AUTOMATIC;
        a->next = all_automatic;
        all_automatic = a;
    }
    if (a)
        code = a->code;
    pthread_mutex_unlock(&automatic_lock);
    base_free(s);
    return code;
}

const char *checkify_text(int64_t code)
{
    pthread_mutex_lock(&automatic_lock);
    const automatic *a = all_automatic;
    while (a && a->code != code)
        a = a->next;
    pthread_mutex_unlock(&automatic_lock);
    return a ? a->text : NULL;
}

/* ---- the trace ---- */

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

/* Records the failure where it is the first. Under the parent. */
static bool record(checkify_trace *t, int64_t code, ct_array failed, int n, const ct_array *values)
{
    const ct_array *refs = t->refs + 1;
    int64_t site = code >= CHECK_AUTOMATIC ? -1 : code;
    for (int64_t i = 0; i < t->nsites && t->sites[i].code != site; i++)
        refs += t->sites[i].nvalues;
    ct_array now = read(t->refs[0]);
    ct_array none = op_lt(now, op_full(&now->aval, 0));
    ct_array first = op_and(failed, none);
    bool good = write(t->refs[0], ct_where(first, op_full(&now->aval, (double)code), now));
    for (int i = 0; i < n && good; i++)
        good = write(refs[i], ct_where(first, values[i], read(refs[i])));
    return good;
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

/* Starts of windows along an axis: whether one lies outside [0, limit], and which. */
static bool check_starts(checkify_trace *t, ct_array starts, int64_t axis, int64_t length,
                         int64_t limit)
{
    if (!starts->size)
        return true;
    ct_array at = op_convert(starts, CT_INT32, false), low = ct_min(at), high = ct_max(at);
    ct_array below = op_lt(low, op_full(&low->aval, 0)),
             above = op_gt(high, op_full(&high->aval, (double)limit));
    ct_array values[3] = {ct_where(below, low, high), op_full(&low->aval, (double)axis),
                          op_full(&low->aval, (double)length)};
    return record(t, CHECK_OUT_OF_BOUNDS, op_or(below, above), 3, values);
}

static bool check_columns(checkify_trace *t, ct_array x, ct_array indices, ct_ints axes,
                          const int64_t *window)
{
    for (int64_t k = 0; k < axes.n; k++) {
        int64_t d = axes.at[k], length = x->aval.shape[d];
        ct_array column = ct_take(indices, ct_weak_int(k), .axis = GIVEN(-1));
        if (is_poison(column) || !check_starts(t, column, d, length, length - window[d]))
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
                                      : in[1]->aval.shape[d],
                    length = in[0]->aval.shape[d];
            if (!check_starts(t, in[k], d, length, length - size))
                return false;
        }
        return true;
    }
    if (strncmp(o->name, "scatter", 7))
        return true;
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

static bool check_division(checkify_trace *t, const op *o, const ct_array *in)
{
    aval zero = in[1]->aval;
    return record(t, automatic_code("division by zero", ""),
                  ct_any(op_eq(in[1], op_full(&zero, 0))), 0, NULL) &&
           o;
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
    } else if (o->code == OP_while) {
        params_while p = *(const params_while *)params;
        int before = (int)p.body_nconsts;
        if (p.cond->effects & EFFECT_OTHER)
            return base_fail(CT_NOT_IMPLEMENTED_ERROR,
                             "checkify: a check in the condition of a while_loop"),
                   false;
        if ((made = p.body = with_refs(p.body, t, before))) {
            p.body_nconsts += t->nrefs;
            good = bind_with_refs(t, o, &p, (int)p.cond_nconsts + before, nin, in, nout, out);
        }
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
    bool good = true, done = false;
    if (o == &op_row_check) {
        done = true;
        if (t->errors & CHECK_USER)
            good = record(t, ((const params_check *)params)->site, op_not(in[0]), nin - 1, in + 1);
    } else if (o->flags & OP_CALL) {
        good = process_programs(t, o, params, nin, in, nout, out, &done);
    }
    if (good && !done) {
        if (t->errors & CHECK_INDEX && nin > 1)
            good = check_index(t, o, params, nin, in);
        if (good && t->errors & CHECK_DIV && (o->code == OP_div || o->code == OP_rem))
            good = check_division(t, o, in);
        core_bind(o, params, nin, in, nout, out);
        good = good && values_good(nout, out) && ct_ok();
        ct_array nan = good && t->errors & CHECK_NAN && !(o->flags & (OP_REF | OP_NEW_REF))
                           ? any_nan(nout, out)
                           : NULL;
        if (nan)
            good = record(t, automatic_code("nan generated by primitive: ", o->name), nan, 0, NULL);
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
                     .what = "checkify"};
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

static bool find_sites(sites *s, const jaxpr *j)
{
    bool good = true;
    for (const eqn *e = j->eqns; e && good; e = e->next) {
        if (e->op == &op_row_check)
            good = add_site(s, ((const params_check *)e->params)->site, e->nin - 1, e->in + 1);
        for (int i = 0; i < e->op->nfields && good; i++) {
            const void *at = (const char *)e->params + e->op->fields[i].offset;
            if (e->op->fields[i].kind == PARAM_JAXPR)
                good = find_sites(s, *(jaxpr *const *)at);
            else if (e->op->fields[i].kind == PARAM_JAXPRS)
                for (int64_t k = 0; k < ((const jaxpr_list *)at)->n && good; k++)
                    good = find_sites(s, ((const jaxpr_list *)at)->at[k]);
        }
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
    aval word = {.dtype = CT_INT32};
    *out = (checkified){0};
    bool good = find_sites(&s, j);
    if (good && errors & CHECK_INDEX) {
        good = vec_push(&s.all, (checkify_site){CHECK_OUT_OF_BOUNDS, 3});
        for (int i = 0; i < 3 && good; i++)
            good = vec_push(&s.values, word);
    }
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
