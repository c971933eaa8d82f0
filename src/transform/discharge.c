/* Programs that use mutable arrays, as programs that do not: what a reference held goes in, what it
 * holds at the end comes out.
 *
 * The program is run under a staging trace on cells that the trace owns, whose contents are
 * tracers: reading and writing happens while it is staged. Calls and loops with references in their
 * operands are discharged in turn. Only references that are written to come back as results. */
#include "ops/ops.h"
#include "transform/call.h"
#include "transform/cond.h"
#include "transform/discharge.h"
#include "transform/scan.h"
#include "transform/transform.h"
#include "transform/while.h"

/* ---- one program ---- */

typedef struct discharging {
    const jaxpr *j;
    const int *same; /* the first operand that is the same reference as this one */
    bool *written;   /* which references come back: filled, or given when `given` */
    bool given;
} discharging;

/* Inputs as values, references as cells; the results, and then what written cells hold. */
static bool run_discharging(void *env, int64_t n, const ct_array *in, leaves *out)
{
    const discharging *d = env;
    core_current->refs = REFS_OWNED;
    ct_array *values = base_alloc((size_t)(n + 1) * sizeof *values);
    *out = (leaves){d->j->nout, base_alloc((size_t)(d->j->nout + n + 1) * sizeof *out->at)};
    bool good = values && out->at;
    for (int64_t i = 0; i < n && good; i++) {
        const aval *a = &d->j->in[i]->aval;
        values[i] = !a->ref          ? in[i]
                    : d->same[i] < i ? values[d->same[i]]
                                     : ref_new(core_current, a, in[i]);
        good = !is_poison(values[i]);
    }
    good = good && jaxpr_eval(d->j, (int)n, values, d->j->nout, out->at);
    for (int64_t i = 0; i < n && good; i++) {
        if (!d->j->in[i]->aval.ref)
            continue;
        if (!d->given)
            d->written[i] = d->same[i] == i && values[i]->primal != in[i];
        if (d->written[i])
            out->at[out->n++] = values[i]->primal;
    }
    base_free(values);
    return good;
}

static jaxpr *discharged(jaxpr *j, const int *same, bool given, bool *written)
{
    text key = {0};
    text_bytes(&key, (const char *)same, (size_t)j->nin * sizeof *same);
    if (given)
        text_bytes(&key, (const char *)written, (size_t)j->nin);
    jaxpr *made = jaxpr_derived(j, "discharge", key.n, key.at);
    if (made) {
        memcpy(written, jaxpr_derived_extra(j, "discharge", key.n, key.at), (size_t)j->nin);
    } else {
        aval *avals = base_alloc((size_t)(j->nin + 1) * sizeof *avals);
        for (int i = 0; i < j->nin && avals; i++) {
            avals[i] = j->in[i]->aval;
            avals[i].ref = false;
        }
        discharging d = {j, same, written, given};
        if (!given)
            memset(written, 0, (size_t)j->nin);
        made = avals ? transform_stage((flat){run_discharging, &d, j->name}, j->nin, avals, j->name)
                     : NULL;
        base_free(avals);
        if (made && !jaxpr_derive(j, "discharge", key.n, key.at, made, j->nin, written)) {
            object_release(made);
            made = NULL;
        }
        object_release(made); /* j holds it */
    }
    vec_free(&key);
    return made;
}

jaxpr *jaxpr_discharge(jaxpr *j)
{
    int *same = base_alloc((size_t)(j->nin + 1) * (sizeof *same + 1));
    for (int i = 0; i < j->nin && same; i++)
        same[i] = i;
    jaxpr *made = same ? discharged(j, same, false, (bool *)(same + j->nin)) : NULL;
    base_free(same);
    return made;
}

static void find_same(int n, const ct_array *in, int *same)
{
    for (int i = 0; i < n; i++) {
        same[i] = i;
        for (int k = 0; k < i && in[i]->aval.ref; k++)
            if (in[k] == in[i]) {
                same[i] = k;
                break;
            }
    }
}

/* ---- references that a program closes over ---- */

bool jaxpr_has_ref_consts(const jaxpr *j)
{
    for (int i = 0; i < j->nconsts && j->effects & EFFECT_REF; i++)
        if (j->consts[i]->aval.ref)
            return true;
    return false;
}

int jaxpr_ref_consts(const jaxpr *j, ct_array *refs)
{
    int n = 0;
    for (int i = 0; i < j->nconsts; i++)
        if (j->consts[i]->aval.ref)
            refs[n++] = j->consts[i];
    return n;
}

static jaxpr *ref_consts_to_inputs(const jaxpr *j)
{
    jaxpr *copy = jaxpr_with_same_equations(j);
    if (!copy)
        return NULL;
    int n = j->nconsts + j->nin + 1;
    copy->in = arena_alloc(&copy->arena, (size_t)n * sizeof *copy->in);
    copy->constvars = arena_alloc(&copy->arena, (size_t)n * sizeof *copy->constvars);
    copy->consts = arena_alloc(&copy->arena, (size_t)n * sizeof *copy->consts);
    if (!copy->in || !copy->constvars || !copy->consts) {
        object_release(copy);
        return NULL;
    }
    memcpy(copy->in, j->in, (size_t)j->nin * sizeof *copy->in);
    copy->nin = j->nin;
    for (int i = 0; i < j->nconsts; i++)
        if (j->consts[i]->aval.ref) {
            copy->in[copy->nin++] = j->constvars[i];
        } else {
            copy->consts[copy->nconsts] = j->consts[i];
            copy->constvars[copy->nconsts++] = j->constvars[i];
        }
    return copy;
}

jaxpr *jaxpr_close_refs(jaxpr *j)
{
    jaxpr *made = jaxpr_derived(j, "close_refs", 0, NULL);
    if (made)
        return made;
    made = ref_consts_to_inputs(j);
    if (made && !jaxpr_derive(j, "close_refs", 0, NULL, made, 0, NULL)) {
        object_release(made);
        return NULL;
    }
    object_release(made);
    return made;
}

/* ---- reading and writing round a call ---- */

static ct_array content(ct_array ref)
{
    return core_bind1(&op_row_get, &(params_ref){{0}}, 1, &ref);
}

static bool exchange(ct_array ref, ct_array value)
{
    return !is_poison(core_bind1(&op_row_swap, &(params_ref){{0}}, 2, (ct_array[]){ref, value}));
}

/* The contents in place of references. */
static bool read_all(int n, const ct_array *in, ct_array *values)
{
    for (int i = 0; i < n; i++)
        if (is_poison(values[i] = in[i]->aval.ref ? content(in[i]) : in[i]))
            return false;
    return true;
}

static bool write_back(int n, const ct_array *in, const bool *written, const ct_array *finals)
{
    for (int i = 0; i < n; i++)
        if (written[i] && !exchange(in[i], *finals++))
            return false;
    return true;
}

/* What every rule below works with; all of it lies in the arena. */
typedef struct call {
    arena memory;
    int nin, nout;
    const ct_array *in;
    ct_array *values, *results; /* room for results and a final value of every operand */
    int *same;
    bool *written;
} call;

static bool call_begin(call *c, int nin, const ct_array *in, int nout)
{
    arena *a = &c->memory;
    c->nin = nin;
    c->nout = nout;
    c->in = in;
    c->values = arena_alloc(a, (size_t)(nin + 1) * sizeof *c->values);
    c->results = arena_alloc(a, (size_t)(nin + nout + 1) * sizeof *c->results);
    c->same = arena_alloc(a, (size_t)(nin + 1) * sizeof *c->same);
    c->written = arena_alloc(a, (size_t)(nin + 1));
    if (!c->values || !c->results || !c->same || !c->written)
        return false;
    find_same(nin, in, c->same);
    memset(c->written, 0, (size_t)nin);
    return read_all(nin, in, c->values);
}

static int count_written(const call *c, int first, int n)
{
    int count = 0;
    for (int i = first; i < first + n; i++)
        count += c->written[i];
    return count;
}

/* ---- jit and checkpoint ---- */

static bool discharge_call(const op *o, const void *params, jaxpr *program, call *c)
{
    jaxpr *j = discharged(program, c->same, false, c->written);
    return j && call_bind(o, params, j, c->nin, c->values, c->results) &&
           write_back(c->nin, c->in, c->written, c->results + c->nout);
}

/* ---- functions with rules of their own: what they use inside is theirs ---- */

static bool discharge_custom(const op *o, const void *params, call *c)
{
    for (int i = 0; i < c->nin && op_effects(o, params) & EFFECT_REF; i++)
        if (c->in[i]->aval.ref) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "%s in a program that reads or writes a mutable array reference passed to it",
                      o->name);
            return false;
        }
    return discharge_call(o, params, params_jaxpr(o, params), c);
}

/* ---- cond ---- */

static bool discharge_cond(const op *o, const params_cond *p, call *c)
{
    int n = c->nin - 1;
    jaxpr **branches = arena_alloc(&c->memory, (size_t)p->branches.n * sizeof *branches);
    bool *written = c->written + 1, *one = arena_alloc(&c->memory, (size_t)n + 1);
    int *same = arena_alloc(&c->memory, (size_t)(n + 1) * sizeof *same);
    if (!branches || !one || !same)
        return false;
    find_same(n, c->in + 1, same);
    for (int64_t b = 0; b < p->branches.n; b++) { /* what any of them writes, all give back */
        if (!discharged(p->branches.at[b], same, false, one))
            return false;
        for (int i = 0; i < n; i++)
            written[i] = written[i] || one[i];
    }
    for (int64_t b = 0; b < p->branches.n; b++)
        if (!(branches[b] = discharged(p->branches.at[b], same, true, written)))
            return false;
    params_cond q = {{p->branches.n, branches}};
    int nout = branches[0]->nout;
    core_bind(o, &q, c->nin, c->values, nout, c->results);
    return values_good(nout, c->results) && write_back(n, c->in + 1, written, c->results + c->nout);
}

/* ---- scan and while: references that the body writes are carried ---- */

/* A body (consts..., carry..., xs...) -> (carry..., ys..., finals...) whose written constants move
 * to the front of the carry, and their finals to the front of the results. What written xs hold at
 * the end of a step stays behind ys, as further ones. */
typedef struct carrying {
    const jaxpr *j;
    int nconsts, nresults;
    const bool *written;
} carrying;

static bool run_carrying(void *env, int64_t n, const ct_array *in, leaves *out)
{
    const carrying *c = env;
    int nfinals = 0, kept = 0;
    for (int i = 0; i < c->nconsts; i++)
        nfinals += c->written[i];
    int moved = c->nconsts - nfinals;
    ct_array *values = base_alloc((size_t)(n + c->j->nout + 1) * sizeof *values),
             *results = values + n;
    *out = (leaves){c->j->nout, base_alloc((size_t)(c->j->nout + 1) * sizeof *out->at)};
    bool good = values && out->at;
    for (int i = 0; i < n && good; i++)
        values[i] = i >= c->nconsts ? in[i] : c->written[i] ? in[moved++] : in[kept++];
    good = good && jaxpr_eval(c->j, (int)n, values, c->j->nout, results);
    if (good) {
        memcpy(out->at, results + c->nresults, (size_t)nfinals * sizeof *results);
        memcpy(out->at + nfinals, results, (size_t)c->nresults * sizeof *results);
        int done = nfinals + c->nresults;
        memcpy(out->at + done, results + done, (size_t)(c->j->nout - done) * sizeof *results);
    }
    base_free(values);
    return good;
}

/* The operands in the order that the body then has: kept constants, written ones, the rest. */
static void reorder(int nconsts, int n, const bool *written, const ct_array *in, ct_array *out)
{
    int kept = 0;
    for (int i = 0; i < nconsts; i++)
        kept += !written[i];
    for (int i = 0, a = 0, b = kept; i < nconsts; i++)
        out[written[i] ? b++ : a++] = in[i];
    memcpy(out + nconsts, in + nconsts, (size_t)(n - nconsts) * sizeof *out);
}

/* The carry is no reference, and neither of xs is another operand. */
static bool check_loop_refs(const jaxpr *body, int nconsts, int ncarry, const int *same)
{
    for (int i = nconsts; i < body->nin; i++) {
        if (!body->in[i]->aval.ref || (i >= nconsts + ncarry && same[i] == i))
            continue;
        base_fail(i < nconsts + ncarry ? CT_NOT_IMPLEMENTED_ERROR : CT_VALUE_ERROR,
                  i < nconsts + ncarry
                      ? "loops whose carry is a mutable array reference"
                      : "only one reference to a mutable array may be passed to a scan, but one of "
                        "its xs was passed twice or closed over as well");
        return false;
    }
    return true;
}

/* The body as carrying says; one reference. */
static jaxpr *carrying_body(call *c, jaxpr *body, int nconsts, int ncarry, int first,
                            const int *same)
{
    bool *written = c->written + first;
    jaxpr *j = discharged(body, same, false, written);
    aval *plain = arena_alloc(&c->memory, (size_t)(body->nin + 1) * sizeof *plain), *avals;
    avals = arena_alloc(&c->memory, (size_t)(body->nin + 1) * sizeof *avals);
    if (!j || !plain || !avals)
        return NULL;
    if (!check_loop_refs(body, nconsts, ncarry, same))
        return NULL;
    for (int i = 0, a = 0, b = nconsts - count_written(c, first, nconsts); i < j->nin; i++)
        avals[i >= nconsts ? i : written[i] ? b++ : a++] = j->in[i]->aval;
    carrying env = {j, nconsts, body->nout, written};
    return transform_stage((flat){run_carrying, &env, body->name}, j->nin, avals, body->name);
}

static bool discharge_scan(const op *o, const params_scan *p, call *c)
{
    int nconsts = (int)p->num_consts;
    jaxpr *body = carrying_body(c, p->jaxpr, nconsts, (int)p->num_carry, 0, c->same);
    ct_array *values = arena_alloc(&c->memory, (size_t)(c->nin + 1) * sizeof *values);
    bool good = body && values;
    if (good) {
        int moved = count_written(c, 0, nconsts);
        params_scan q = *p;
        q.jaxpr = body;
        q.num_consts -= moved;
        q.num_carry += moved;
        reorder(nconsts, c->nin, c->written, c->values, values);
        core_bind(o, &q, c->nin, values, body->nout, c->results);
        good = values_good(body->nout, c->results) &&
               write_back(nconsts, c->in, c->written, c->results) &&
               write_back(c->nin - nconsts, c->in + nconsts, c->written + nconsts,
                          c->results + moved + c->nout);
        memmove(c->results, c->results + moved, (size_t)c->nout * sizeof *c->results);
    }
    object_release(body);
    return good;
}

/* The condition reads what the body writes: its constants that are written are found in the carry.
 */
typedef struct reading {
    const jaxpr *j;
    int nconsts, nmoved;
    const int *position; /* of a constant in the carry; -1: it stays one */
} reading;

static bool run_reading(void *env, int64_t n, const ct_array *in, leaves *out)
{
    const reading *r = env;
    int kept = 0, constants = 0;
    for (int i = 0; i < r->nconsts; i++)
        constants += r->position[i] < 0;
    ct_array *values = base_alloc((size_t)(r->j->nin + 1) * sizeof *values);
    *out = (leaves){r->j->nout, base_alloc((size_t)(r->j->nout + 1) * sizeof *out->at)};
    bool good = values && out->at;
    for (int i = 0; i < r->nconsts && good; i++)
        values[i] = r->position[i] < 0 ? in[kept++] : in[constants + r->position[i]];
    for (int i = r->nconsts; i < r->j->nin && good; i++)
        values[i] = in[constants + r->nmoved + i - r->nconsts];
    (void)n;
    good = good && jaxpr_eval(r->j, r->j->nin, values, r->j->nout, out->at);
    base_free(values);
    return good;
}

static bool discharge_while(const op *o, const params_while *p, call *c)
{
    int ncond = (int)p->cond_nconsts, nbody = (int)p->body_nconsts, n = c->nin;
    int *same = arena_alloc(&c->memory, (size_t)(n + 1) * sizeof *same),
        *position = arena_alloc(&c->memory, (size_t)(n + 1) * sizeof *position);
    ct_array *values = arena_alloc(&c->memory, (size_t)(n + 1) * sizeof *values);
    aval *avals = arena_alloc(&c->memory, (size_t)(n + 1) * sizeof *avals);
    bool *set = arena_alloc(&c->memory, (size_t)n + 1); /* by the condition */
    if (!same || !position || !values || !avals || !set)
        return false;
    find_same(n - ncond, c->in + ncond, same);
    jaxpr *body = carrying_body(c, p->body, nbody, p->body->nin - nbody, ncond, same), *test = NULL;
    if (!body)
        return false;
    int moved = count_written(c, ncond, nbody), ntest = p->cond->nin, kept = 0;
    find_same(ntest, c->in, same); /* the carry holds no references */
    jaxpr *cond = discharged(p->cond, same, false, set);
    bool good = cond != NULL;
    for (int i = 0; i < ncond && good; i++)
        if (set[i]) {
            base_fail(CT_VALUE_ERROR, "the condition of a while_loop must not write to mutable "
                                      "array references");
            good = false;
        }
    for (int i = 0; i < ncond && good; i++) {
        position[i] = -1;
        for (int k = 0, at = 0; k < nbody; k++) {
            if (c->written[ncond + k] && c->in[ncond + k] == c->in[i])
                position[i] = at;
            at += c->written[ncond + k];
        }
        if (position[i] < 0) {
            avals[kept] = cond->in[i]->aval;
            values[kept++] = c->values[i];
        }
    }
    if (good) {
        int total = kept;
        reorder(nbody, n - ncond, c->written + ncond, c->values + ncond, values + kept);
        for (int i = nbody - moved; i < n - ncond; i++) /* the carry, moved references in front */
            avals[total++] = body->in[i]->aval;
        reading env = {cond, ncond, moved, position};
        test = transform_stage((flat){run_reading, &env, cond->name}, total, avals, cond->name);
        good = test != NULL;
    }
    if (good) {
        params_while q = *p;
        q.cond = test;
        q.cond_nconsts = kept;
        q.body = body;
        q.body_nconsts = nbody - moved;
        core_bind(o, &q, kept + n - ncond, values, body->nout, c->results);
        good = values_good(body->nout, c->results) &&
               write_back(nbody, c->in + ncond, c->written + ncond, c->results);
        memmove(c->results, c->results + moved, (size_t)c->nout * sizeof *c->results);
    }
    object_release(test);
    object_release(body);
    return good;
}

/* ---- any operation that runs programs ---- */

static bool discharge(const op *o, const void *params, int nin, const ct_array *in, int nout,
                      ct_array *out)
{
    call c = {{0}};
    bool good = call_begin(&c, nin, in, nout);
    if (good)
        switch (o->code) {
        case OP_jit:
            good = discharge_call(o, params, ((const params_call *)params)->jaxpr, &c);
            break;
        case OP_remat2:
            good = discharge_call(o, params, ((const params_remat2 *)params)->jaxpr, &c);
            break;
        case OP_custom_jvp_call:
        case OP_custom_vjp_call:
        case OP_custom_vmap_call:
        case OP_composite:
            good = discharge_custom(o, params, &c);
            break;
        case OP_cond:
            good = discharge_cond(o, params, &c);
            break;
        case OP_scan:
            good = discharge_scan(o, params, &c);
            break;
        case OP_while:
            good = discharge_while(o, params, &c);
            break;
        default:
            base_fail(CT_NOT_IMPLEMENTED_ERROR, "mutable array references inside %s", o->name);
            good = false;
        }
    if (good)
        memcpy(out, c.results, (size_t)nout * sizeof *out);
    arena_free(&c.memory);
    return good;
}

__attribute__((constructor)) static void install(void) { core_discharge = discharge; }

bool discharge_run(jaxpr *j, int nin, const ct_array *in, int nout, ct_array *out)
{
    ct_array *all = base_alloc((size_t)(nin + j->nconsts + 1) * sizeof *all);
    jaxpr *open = all && jaxpr_has_ref_consts(j) ? jaxpr_close_refs(j) : all ? j : NULL;
    bool good = open != NULL;
    if (good) {
        memcpy(all, in, (size_t)nin * sizeof *all);
        nin += jaxpr_ref_consts(j, all + nin);
        params_call p = {.jaxpr = open, .name = j->name};
        good = discharge(&op_row_jit, &p, nin, all, nout, out);
    }
    base_free(all);
    return good;
}

static bool fail_aliased(ct_fn f, const treedef *in_def, ct_array ref, int64_t i, int64_t k)
{
    text t = {0}, type = {0};
    aval_text(&type, &ref->aval, false);
    char *shown = text_end(&type);
    text_add(&t,
             k < 0 ? "when tracing %s for jit, a mutable array reference of type %s was both "
                     "closed over and passed as the argument "
                   : "only one reference to a mutable array may be passed as an argument to a "
                     "function, but when tracing %s for jit the mutable array reference of "
                     "type %s appeared at both ",
             fn_name(f), shown ? shown : "?");
    if (k >= 0) {
        fn_leaf_path(f, in_def, k, &t);
        text_add(&t, " and ");
    }
    fn_leaf_path(f, in_def, i, &t);
    char *s = text_end(&t);
    base_fail(CT_VALUE_ERROR, "%s", s ? s : "a mutable array reference was passed twice");
    base_free(s);
    base_free(shown);
    return false;
}

bool refs_are_distinct(ct_fn f, const treedef *in_def, const jaxpr *j, int64_t nin,
                       const ct_array *in)
{
    for (int64_t i = 0; i < nin; i++) {
        if (!in[i]->aval.ref)
            continue;
        for (int64_t k = 0; k < i; k++)
            if (in[k] == in[i])
                return fail_aliased(f, in_def, in[i], i, k);
        for (int c = 0; c < j->nconsts; c++)
            if (j->consts[c] == in[i])
                return fail_aliased(f, in_def, in[i], i, -1);
    }
    return true;
}
