/* The conditional: one of several programs, chosen by an index.
 *
 * All branches take the same operands (constants of every branch in front) and give results of the
 * same types. With a known index the chosen branch alone is differentiated; with a traced one all
 * are, and share the slots for their residuals. A batched index runs every branch and selects.
 *
 * Next: branches.c (cond and switch as functions). */
#include "ops/ops.h"
#include "transform/cond.h"
#include "transform/while.h"

static const param_field cond_fields[] = {
    {"branches", PARAM_JAXPRS, offsetof(params_cond, branches)}};

int64_t cond_which(ct_array index, int64_t n)
{
    int64_t i = array_get_int(index, 0);
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static bool cond_abstract(const op *o, const void *params, int nin, const aval *in, int *nout,
                          aval *out, arena *a)
{
    const jaxpr *j = ((const params_cond *)params)->branches.at[0];
    (void)o, (void)nin, (void)in, (void)a;
    *nout = j->nout;
    for (int i = 0; i < j->nout; i++)
        out[i] = *atom_aval(&j->out[i]);
    return true;
}

static bool cond_call(const op *o, const void *params, int nin, const ct_array *in, int nout,
                      ct_array *out)
{
    const params_cond *p = params;
    (void)o;
    bool good = transform_run(p->branches.at[cond_which(in[0], p->branches.n)], nin - 1, in + 1,
                              NULL, nout, out);
    /* Branches may differ in what is weakly typed; the first one's types are those of cond. */
    for (int i = 0; i < nout && good; i++) {
        const aval *to = atom_aval(&p->branches.at[0]->out[i]);
        if (out[i]->aval.weak != to->weak)
            out[i] = array_view(out[i], (ct_dtype)to->dtype, to->weak, to->ndim, to->shape);
        good = !is_poison(out[i]);
    }
    return good;
}

bool cond_bind(jaxpr **branches, int64_t n, int nin, const ct_array *in, int nout, ct_array *out)
{
    params_cond p = {{n, branches}};
    core_bind(&op_row_cond, &p, nin, in, nout, out);
    return values_good(nout, out);
}

/* ---- derivatives ---- */

static bool cond_jvp(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    const params_cond *p = params;
    int n = nin - 1;
    (void)o;
    arena memory = {0};
    bool *nonzero = arena_alloc(&memory, (size_t)(n + nout + 1)), *out_nonzero = nonzero + n;
    jaxpr **made = arena_alloc(&memory, (size_t)p->branches.n * sizeof *made);
    ct_array *in = arena_alloc(&memory, (size_t)(2 * nin + 2 * nout + 1) * sizeof *in),
             *results = in + 2 * nin;
    bool good = nonzero && made && in;
    int m = 0;
    for (int i = 0; i < nin && good; i++)
        in[m++] = primals[i];
    for (int i = 0; i < n && good; i++)
        if ((nonzero[i] = tangents[i + 1] != NULL))
            in[m++] = tangents[i + 1];
    for (int64_t b = 0; b < p->branches.n && good; b++)
        good = (made[b] = jaxpr_jvp(p->branches.at[b], nonzero, true, out_nonzero)) != NULL;
    good = good && cond_bind(made, p->branches.n, m, in, made[0]->nout, results);
    int next = nout;
    for (int i = 0; i < nout && good; i++) {
        out[i] = results[i];
        out_tangents[i] = out_nonzero[i] ? results[next++] : NULL;
    }
    arena_free(&memory);
    return good;
}

/* Known and tangent parts of all branches, brought to common types. A residual that is an operand
 * is that operand; the others share slots, one for each type that a branch has of them. */
typedef struct split {
    arena memory;
    int64_t n;
    jaxpr **known, **tangent; /* of each branch as it is */
    bool **out_nonzero, *any_nonzero;
    int nout, nslots;
    aval *slots;
    int **place; /* of each residual of each branch: its slot, or ~i: operand i */
    bool *given; /* operands that are residuals */
} split;
typedef struct widened {
    const split *s;
    int64_t branch;
} widened;

static int residual_count(const split *s, int64_t branch)
{
    return s->known[branch]->nout - s->nout;
}

/* (in...) -> (out..., slots...); slots that the branch leaves empty are zeros. */
static bool run_known(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    widened *w = env;
    const split *s = w->s;
    const jaxpr *j = s->known[w->branch];
    int n = s->nout + s->nslots;
    ct_array *results = base_alloc((size_t)(j->nout + 1) * sizeof *results);
    *out = (leaves){n, base_zalloc((size_t)(n + 1) * sizeof *out->at)};
    bool good = results && out->at && jaxpr_eval(j, (int)nin, in, j->nout, results);
    for (int i = 0; i < s->nout && good; i++)
        out->at[i] = results[i];
    for (int r = 0; r < j->nout - s->nout && good; r++)
        if (s->place[w->branch][r] >= 0)
            out->at[s->nout + s->place[w->branch][r]] = results[s->nout + r];
    for (int r = 0; r < s->nslots && good; r++)
        if (!out->at[s->nout + r])
            good = !is_poison(out->at[s->nout + r] = op_full(&s->slots[r], 0));
    base_free(results);
    return good;
}

/* (slots..., operands that are residuals..., tangents...) -> tangents of the results that are
 * nonzero in some branch. */
static bool run_tangent(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    widened *w = env;
    const split *s = w->s;
    const jaxpr *j = s->tangent[w->branch];
    int own = residual_count(s, w->branch), operands = s->known[w->branch]->nin, first = s->nslots;
    ct_array *results = base_alloc((size_t)(operands + j->nin + j->nout + 1) * sizeof *results),
             *values = results + j->nout, *given = values + operands;
    *out = (leaves){0, base_alloc((size_t)(s->nout + 1) * sizeof *out->at)};
    bool good = results && out->at;
    for (int i = 0; i < operands && good; i++)
        values[i] = s->given[i] ? in[first++] : NULL;
    for (int r = 0; r < own && good; r++) {
        int place = s->place[w->branch][r];
        given[r] = place >= 0 ? in[place] : values[~place];
    }
    if (good) {
        memcpy(given + own, in + first, (size_t)(nin - first) * sizeof *given);
        good = jaxpr_eval(j, j->nin, given, j->nout, results);
    }
    int next = 0;
    for (int i = 0; i < s->nout && good; i++) {
        if (!s->any_nonzero[i])
            continue;
        bool mine = s->out_nonzero[w->branch][i];
        good = !is_poison(out->at[out->n++] =
                              mine ? results[next++]
                                   : op_full(atom_aval(&s->known[w->branch]->out[i]), 0));
    }
    base_free(results);
    return good;
}

/* Finds a place for each residual of a branch. */
static bool place_residuals(split *s, int64_t branch)
{
    const jaxpr *known = s->known[branch];
    int n = residual_count(s, branch),
        *place = arena_alloc(&s->memory, (size_t)(n + 1) * sizeof *place);
    bool *taken = arena_alloc(&s->memory, (size_t)(s->nslots + n) + 1);
    aval *slots = arena_alloc(&s->memory, (size_t)(s->nslots + n + 1) * sizeof *slots);
    if (!place || !taken || !slots)
        return false;
    memset(taken, 0, (size_t)(s->nslots + n));
    memcpy(slots, s->slots, (size_t)s->nslots * sizeof *slots);
    s->slots = slots;
    s->place[branch] = place;
    for (int r = 0; r < n; r++) {
        const atom *residual = &known->out[s->nout + r];
        int at = 0, input = 0;
        while (input < known->nin && known->in[input] != residual->var)
            input++;
        if (input < known->nin) {
            s->given[input] = true;
            place[r] = ~input;
            continue;
        }
        while (at < s->nslots && (taken[at] || !aval_equal(&slots[at], atom_aval(residual), true)))
            at++;
        if (at == s->nslots)
            slots[s->nslots++] = *atom_aval(residual);
        taken[at] = true;
        place[r] = at;
    }
    return true;
}

static bool split_branches(split *s, const params_cond *p, const bool *nonzero, int nout)
{
    int nin = p->branches.at[0]->nin;
    s->n = p->branches.n;
    s->nout = nout;
    s->known = arena_alloc(&s->memory, (size_t)s->n * sizeof *s->known);
    s->tangent = arena_alloc(&s->memory, (size_t)s->n * sizeof *s->tangent);
    s->out_nonzero = arena_alloc(&s->memory, (size_t)s->n * sizeof *s->out_nonzero);
    s->place = arena_alloc(&s->memory, (size_t)s->n * sizeof *s->place);
    s->any_nonzero = arena_alloc(&s->memory, (size_t)(nout + nin) + 1);
    s->slots = arena_alloc(&s->memory, sizeof *s->slots);
    if (!s->known || !s->tangent || !s->out_nonzero || !s->place || !s->any_nonzero || !s->slots)
        return false;
    memset(s->any_nonzero, 0, (size_t)(nout + nin));
    s->given = s->any_nonzero + nout;
    for (int64_t b = 0; b < s->n; b++) {
        s->out_nonzero[b] = arena_alloc(&s->memory, (size_t)nout + 1);
        if (!s->out_nonzero[b] ||
            !jaxpr_linearize(p->branches.at[b], nonzero, s->out_nonzero[b], &s->known[b],
                             &s->tangent[b]) ||
            !place_residuals(s, b))
            return false;
        for (int i = 0; i < nout; i++)
            s->any_nonzero[i] |= s->out_nonzero[b][i];
    }
    return true;
}

/* Stages one widened program for each branch; the caller releases them. */
static bool widen_all(const split *s, bool tangent, const params_cond *p, const bool *nonzero,
                      jaxpr **made)
{
    arena scratch = {0};
    const jaxpr *first = p->branches.at[0];
    aval *avals = arena_alloc(&scratch, (size_t)(s->nslots + 2 * first->nin + 1) * sizeof *avals);
    int64_t n = 0;
    for (int r = 0; r < s->nslots && avals && tangent; r++)
        avals[n++] = s->slots[r];
    for (int i = 0; i < first->nin && avals && tangent; i++)
        if (s->given[i])
            avals[n++] = first->in[i]->aval;
    for (int i = 0; i < first->nin && avals; i++)
        if (!tangent || nonzero[i])
            avals[n++] = first->in[i]->aval;
    bool good = avals != NULL;
    for (int64_t b = 0; b < s->n; b++) {
        widened w = {s, b};
        made[b] = good ? transform_stage((flat){tangent ? run_tangent : run_known, &w, "branch"}, n,
                                         avals, "branch")
                       : NULL;
        good = good && made[b];
    }
    arena_free(&scratch);
    return good;
}

static void release_all(int64_t n, jaxpr **programs)
{
    for (int64_t i = 0; i < n; i++)
        object_release(programs[i]);
}

static bool cond_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                           const ct_array *primals, const ct_array *tangents, int nout,
                           ct_array *out, ct_array *out_tangents)
{
    const params_cond *p = params;
    int n = nin - 1;
    (void)o;
    split s = {0};
    bool *nonzero = arena_alloc(&s.memory, (size_t)n + 1);
    jaxpr **made = arena_alloc(&s.memory, (size_t)p->branches.n * sizeof *made);
    for (int i = 0; i < n && nonzero; i++)
        nonzero[i] = tangents[i + 1] != NULL;
    bool good = nonzero && made && split_branches(&s, p, nonzero, nout);
    ct_array *results =
        good ? arena_alloc(&s.memory, (size_t)(nout + s.nslots + 1) * sizeof *results) : NULL;
    if ((good = results != NULL)) {
        good = widen_all(&s, false, p, nonzero, made);
        trace_context saved = trace_enter(linearize_parent(t));
        good = good && cond_bind(made, s.n, nin, primals, nout + s.nslots, results);
        trace_leave(saved);
        release_all(s.n, made);
    }
    if (good) {
        memcpy(out, results, (size_t)nout * sizeof *out);
        int m = 1 + s.nslots, count = 0;
        ct_array *operands =
            arena_alloc(&s.memory, (size_t)(1 + s.nslots + 2 * nin + nout + 1) * sizeof *operands);
        good = operands && widen_all(&s, true, p, nonzero, made);
        if (good) {
            operands[0] = primals[0];
            memcpy(operands + 1, results + nout, (size_t)s.nslots * sizeof *operands);
            for (int i = 0; i < n; i++)
                if (s.given[i])
                    operands[m++] = primals[i + 1];
            for (int i = 0; i < n; i++)
                if (nonzero[i])
                    operands[m++] = tangents[i + 1];
            ct_array *tangent_results = operands + m;
            trace_context saved = trace_enter(stage_as_trace(linearize_tangents(t)));
            good = cond_bind(made, s.n, m, operands, made[0]->nout, tangent_results);
            trace_leave(saved);
            for (int i = 0; i < nout && good; i++)
                out_tangents[i] = s.any_nonzero[i] ? tangent_results[count++] : NULL;
            release_all(s.n, made);
        }
    }
    arena_free(&s.memory);
    return good;
}

static bool cond_transpose(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    const params_cond *p = params;
    int n = nin - 1, m = 0;
    (void)o, (void)in_avals;
    arena memory = {0};
    bool *linear = arena_alloc(&memory, (size_t)(n + nout + 1)), *ct_nonzero = linear + n;
    jaxpr **made = arena_alloc(&memory, (size_t)p->branches.n * sizeof *made);
    ct_array *values = arena_alloc(&memory, (size_t)(2 * nin + nout + 1) * sizeof *values),
             *results = values + nin + nout;
    bool good = linear && made && values;
    if (good)
        values[m++] = in[0];
    for (int i = 0; i < n && good; i++)
        if (!(linear[i] = in[i + 1] == NULL))
            values[m++] = in[i + 1];
    for (int i = 0; i < nout && good; i++)
        if ((ct_nonzero[i] = cts[i] != NULL))
            values[m++] = cts[i];
    for (int64_t b = 0; b < p->branches.n && good; b++)
        good = (made[b] = jaxpr_transpose(p->branches.at[b], linear, ct_nonzero)) != NULL;
    good = good && cond_bind(made, p->branches.n, m, values, made[0]->nout, results);
    int next = 0;
    for (int i = 0; i < n && good; i++)
        out[i + 1] = linear[i] ? results[next++] : NULL;
    arena_free(&memory);
    return good;
}

/* ---- batching ---- */

/* A batched index in the shape of x, whose leading axis is the mapped one. */
static ct_array spread_index(ct_array which, ct_array x)
{
    ct_ints shape = aval_shape(&x->aval);
    return shape.n == 1 ? which : op_broadcast_in_dim(which, shape, I(0));
}

/* The branch on mapped operands; a branch with loops takes a flag in front. */
static jaxpr *batched_branch(jaxpr *j, batch b, bool choosing, bool *flag_and_mapped, bool *out)
{
    flag_and_mapped[0] = true;
    if (!choosing || !loop_inside(j))
        return jaxpr_vmap(j, b, flag_and_mapped + 1, out);
    jaxpr *guarded = loop_guard(j);
    return guarded ? jaxpr_vmap(guarded, b, flag_and_mapped, out) : NULL;
}

/* All branches; results are mapped where one is to be chosen of them, else where any branch's are.
 */
static bool batched_branches(const params_cond *p, batch b, bool choosing, bool *flag_and_mapped,
                             bool *out, jaxpr **made)
{
    memset(out, choosing, (size_t)p->branches.at[0]->nout);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t k = 0; k < p->branches.n; k++)
            if (!(made[k] = batched_branch(p->branches.at[k], b, choosing, flag_and_mapped, out)))
                return false;
    return true;
}

/* Every branch on every element, then a choice by the batched index. An element that does not take
 * a branch enters it without a tangent, so that what is undefined there stays out of derivatives,
 * and takes no step of its loops. */
static bool select_branches(int64_t count, jaxpr **branches, ct_array index, int n,
                            const ct_array *in, const bool *mapped, int nout, ct_array *out,
                            arena *memory)
{
    ct_array *all = arena_alloc(memory, (size_t)(count * nout + count + n + 2) * sizeof *all),
             *cases = all + count * nout, *taken_and_operands = cases + count,
             *operands = taken_and_operands + 1;
    bool good = all != NULL;
    for (int64_t k = 0; k < count && good; k++) {
        ct_array taken = op_eq(index, op_number((double)k, index));
        bool guarded = branches[k]->nin > n;
        taken_and_operands[0] = taken;
        for (int i = 0; i < n && good; i++) {
            bool moves = mapped[i] && dtype_inexact((ct_dtype)in[i]->aval.dtype);
            ct_array still = moves ? op_stop_gradient(in[i]) : NULL;
            operands[i] =
                moves ? op_select_n(spread_index(taken, in[i]), 2, (ct_array[]){still, in[i]})
                      : in[i];
            good = !is_poison(operands[i]);
        }
        good =
            good && jaxpr_eval(branches[k], n + guarded, operands - guarded, nout, all + k * nout);
    }
    for (int i = 0; i < nout && good; i++) {
        for (int64_t k = 0; k < count; k++)
            cases[k] = all[k * nout + i];
        good = !is_poison(out[i] = op_select_n(spread_index(index, cases[0]), count, cases));
    }
    return good;
}

static bool cond_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                      const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_cond *p = params;
    int n = nin - 1;
    (void)o;
    arena memory = {0};
    bool *flags = arena_alloc(&memory, (size_t)(1 + n + nout + 1)), *mapped = flags + 1;
    jaxpr **made = arena_alloc(&memory, (size_t)p->branches.n * sizeof *made);
    ct_array *values = arena_alloc(&memory, (size_t)(nin + 1) * sizeof *values);
    bool good = flags && made && values;
    if (good)
        values[0] = dims[0] == NOT_MAPPED ? in[0] : batch_front(in[0], dims[0], b.size);
    for (int i = 0; i < n && good; i++) {
        mapped[i] = dims[i + 1] != NOT_MAPPED;
        good = !is_poison(values[i + 1] =
                              mapped[i] ? batch_front(in[i + 1], dims[i + 1], b.size) : in[i + 1]);
    }
    good = good && batched_branches(p, b, dims[0] != NOT_MAPPED, flags, mapped + n, made);
    good =
        good && (dims[0] == NOT_MAPPED ? cond_bind(made, p->branches.n, nin, values, nout, out)
                                       : select_branches(p->branches.n, made, values[0], n,
                                                         values + 1, mapped, nout, out, &memory));
    for (int i = 0; i < nout && good; i++)
        out_dims[i] = mapped[n + i] ? 0 : NOT_MAPPED;
    arena_free(&memory);
    return good;
}

const op op_row_cond = {
    .name = "cond",
    .flags = OP_MULTIPLE | OP_CALL,
    .code = OP_cond,
    .operands = ANY_OPERANDS,
    .fields = cond_fields,
    .nfields = 1,
    .params_size = sizeof(params_cond),
    .abstract = cond_abstract,
    .fits = cond_fits,
    .call = cond_call,
    .jvp = cond_jvp,
    .linearize = cond_linearize,
    .transpose = cond_transpose,
    .vmap = cond_vmap,
};
