/* The scan's derivatives and its batching.
 *
 * Forward: tangents ride beside the values. Reverse: a scan that stacks what the derivative needs
 * (residuals), and a linear scan over the tangents, which turned around runs from the last step to
 * the first, adding up what each contributes to the constants. */
#include "transform/scan.h"

static loop_shape shape_of(const params_scan *p, int nin, int nout)
{
    loop_shape s = {(int)p->num_consts, (int)p->num_carry, 0, nout - (int)p->num_carry};
    s.xs = nin - s.consts - s.carry;
    return s;
}

bool scan_jvp(const op *o, const void *params, int nin, const ct_array *primals,
              const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    const params_scan *p = params;
    loop_shape s = shape_of(p, nin, nout);
    (void)o;
    arena memory = {0};
    bool *nonzero = arena_alloc(&memory, (size_t)(nin + nout + 1)), *out_nonzero = nonzero + nin;
    ct_array *in = arena_alloc(&memory, (size_t)(2 * (nin + nout) + 1) * sizeof *in),
             *results = in + 2 * nin;
    for (int i = 0; i < nin && nonzero; i++)
        nonzero[i] = tangents[i] != NULL;
    loop_forward f;
    bool good = nonzero && in && loop_jvp(p->jaxpr, s, nonzero, out_nonzero, &f, &memory) &&
                loop_operands(&f, primals, tangents, in);
    if (good) {
        params_scan wide = *p;
        wide.jaxpr = f.j;
        wide.num_consts = f.shape.consts;
        wide.num_carry = f.shape.carry;
        good = scan_bind(&wide, f.j->nin, in, f.j->nout, results);
    }
    if (good)
        loop_results(s, nonzero, out_nonzero, results, out, out_tangents);
    arena_free(&memory);
    return good;
}

/* ---- splitting into values and tangents ---- */

/* A body in three: what follows from its constants and is computed once, what is left of it for
 * each step, and the derivative. A residual is one value for all steps, an x that the derivative
 * slices by itself, or stacked by the steps. */
typedef struct split_scan {
    loop_shape s;
    jaxpr *once, *step, *tangent;
    int nvalues;  /* what `once` gives to `step` */
    int n;        /* residuals */
    bool *stays;  /* one value for all steps */
    int *input;   /* of those that don't: which input of the step, or -1: stacked */
    ct_array *at; /* the residuals, once the loop has run */
} split_scan;

static bool split_known(split_scan *r, jaxpr *known, arena *a)
{
    int nout = r->s.carry + r->s.ys;
    bool *in_known = arena_alloc(a, (size_t)(known->nin + known->nout) + 1),
         *out_known = in_known + known->nin;
    r->n = known->nout - nout;
    r->stays = out_known + nout;
    r->input = arena_alloc(a, (size_t)(r->n + 1) * sizeof *r->input);
    r->at = arena_alloc(a, (size_t)(r->n + 1) * sizeof *r->at);
    if (!in_known || !r->input || !r->at)
        return false;
    for (int i = 0; i < known->nin; i++)
        in_known[i] = i < r->s.consts;
    jaxpr *rest;
    if (!jaxpr_split(known, in_known, nout, out_known, &r->once, &rest))
        return false;
    r->nvalues = rest->nin - r->s.carry - r->s.xs;
    bool *may = arena_alloc(a, (size_t)rest->nin + 1);
    for (int i = 0; i < rest->nin && may; i++)
        may[i] = i >= r->nvalues + r->s.carry;
    r->step = may ? jaxpr_forward(rest, nout, may, false, r->input) : NULL;
    return r->step;
}

/* Runs the steps under the current trace; out gets the carry and ys, r->at the residuals. */
static bool run_steps(split_scan *r, const params_scan *p, const ct_array *in, ct_array *out,
                      arena *a)
{
    int nout = r->s.carry + r->s.ys, moving = r->s.carry + r->s.xs;
    ct_array *values = arena_alloc(a, (size_t)(r->once->nout + r->step->nin + r->step->nout + 1) *
                                          sizeof *values),
             *given = values + r->once->nout, *results = given + r->step->nin;
    if (!values || !jaxpr_eval(r->once, r->s.consts, in, r->once->nout, values))
        return false;
    memcpy(given, values, (size_t)r->nvalues * sizeof *given);
    memcpy(given + r->nvalues, in + r->s.consts, (size_t)moving * sizeof *given);
    params_scan q = *p;
    q.jaxpr = r->step;
    q.num_consts = r->nvalues;
    if (!scan_bind(&q, r->nvalues + moving, given, r->step->nout, results))
        return false;
    memcpy(out, results, (size_t)nout * sizeof *out);
    int next_value = r->nvalues, next = nout, moved = 0;
    for (int k = 0; k < r->n; k++) {
        int input = r->stays[k] ? -1 : r->input[moved++];
        r->at[k] = r->stays[k] ? values[next_value++] : input < 0 ? results[next++] : given[input];
    }
    return true;
}

/* The tangent body in the scan's order: constants (residuals that stay, tangents), carry, slices
 * (residuals, tangents). `from` lists where each operand comes from: a residual k as k, the tangent
 * of input i as ~i. */
static jaxpr *tangent_body(jaxpr *j, const split_scan *r, const bool *nonzero,
                           const bool *out_nonzero, int64_t *from, loop_shape *shape, arena *a)
{
    const jaxpr *tangent = r->tangent;
    loop_shape s = r->s;
    int64_t *in = arena_alloc(a, (size_t)(tangent->nin + 2 * j->nin + j->nout + 1) * sizeof *in),
            *old = in + tangent->nin, *at = old + j->nin, *out = at + j->nin;
    aval *avals = arena_alloc(a, (size_t)(tangent->nin + 1) * sizeof *avals);
    if (!in || !avals)
        return NULL;
    int64_t n = 0, next = r->n;
    for (int i = 0; i < j->nin; i++)
        if (nonzero[i])
            old[i] = next++;
    for (int part = 0; part < 3; part++) {
        int first = part == 0   ? 0
                    : part == 1 ? s.consts
                                : s.consts + s.carry,
            count = part == 0   ? s.consts
                    : part == 1 ? s.carry
                                : s.xs;
        int64_t start = n;
        for (int k = 0; k < r->n && part != 1; k++)
            if (r->stays[k] == (part == 0)) {
                in[k] = n;
                avals[n] = tangent->in[k]->aval;
                from[n++] = k;
            }
        for (int i = first; i < first + count; i++)
            if (nonzero[i]) {
                in[old[i]] = at[i] = n;
                avals[n] = tangent->in[old[i]]->aval;
                from[n++] = ~(int64_t)i;
            }
        *(part == 0 ? &shape->consts : part == 1 ? &shape->carry : &shape->xs) = (int)(n - start);
    }
    int64_t m = 0, result = 0;
    for (int k = 0; k < j->nout; k++) {
        bool carried = k < s.carry && nonzero[s.consts + k];
        if (carried || out_nonzero[k])
            out[m++] = out_nonzero[k] ? result : -1 - at[s.consts + k];
        result += out_nonzero[k];
    }
    shape->ys = (int)m - shape->carry;
    rewiring w = {.name = tangent->name, .nin = n, .avals = avals, .in = in, .nout = m, .out = out};
    return jaxpr_rewire(tangent, &w, j, "scan tangent", j->nin, nonzero);
}

static bool split_body(jaxpr *j, loop_shape s, bool *nonzero, bool *out_nonzero, jaxpr **known,
                       jaxpr **tangent)
{
    for (bool changed = true; changed;) {
        if (!jaxpr_linearize(j, nonzero, out_nonzero, known, tangent))
            return false;
        changed = false;
        for (int k = 0; k < s.carry; k++)
            if (out_nonzero[k] && !nonzero[s.consts + k])
                nonzero[s.consts + k] = changed = true;
    }
    return true;
}

/* Stages the scan of the tangents. */
static bool bind_tangent(split_scan *r, const params_scan *p, const bool *nonzero,
                         const bool *out_nonzero, const ct_array *primals, const ct_array *tangents,
                         ct_array *out_tangents, arena *a)
{
    loop_shape shape;
    int nout = r->s.carry + r->s.ys;
    int64_t *from = arena_alloc(a, (size_t)(r->tangent->nin + 1) * sizeof *from);
    jaxpr *body = from ? tangent_body(p->jaxpr, r, nonzero, out_nonzero, from, &shape, a) : NULL;
    ct_array *in = body ? arena_alloc(a, (size_t)(body->nin + body->nout + 1) * sizeof *in) : NULL;
    for (int k = 0; k < (in ? body->nin : 0); k++) {
        int64_t i = from[k];
        in[k] = i >= 0 ? r->at[i] : tangents[~i] ? tangents[~i] : op_full(&primals[~i]->aval, 0);
        if (is_poison(in[k]))
            return false;
    }
    if (!in)
        return false;
    params_scan q = *p;
    q.jaxpr = body;
    q.num_consts = shape.consts;
    q.num_carry = shape.carry;
    if (!scan_bind(&q, body->nin, in, body->nout, in + body->nin))
        return false;
    ct_array *next = in + body->nin;
    for (int k = 0; k < nout; k++)
        out_tangents[k] =
            out_nonzero[k] || (k < r->s.carry && nonzero[r->s.consts + k]) ? *next++ : NULL;
    return true;
}

bool scan_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                    const ct_array *primals, const ct_array *tangents, int nout, ct_array *out,
                    ct_array *out_tangents)
{
    const params_scan *p = params;
    (void)o;
    arena memory = {0};
    jaxpr *known;
    split_scan r = {.s = shape_of(p, nin, nout)};
    bool *nonzero = arena_alloc(&memory, (size_t)(nin + nout + 1)), *out_nonzero = nonzero + nin;
    for (int i = 0; i < nin && nonzero; i++)
        nonzero[i] = tangents[i] != NULL;
    bool good = nonzero && split_body(p->jaxpr, r.s, nonzero, out_nonzero, &known, &r.tangent) &&
                split_known(&r, known, &memory);
    trace_context saved = trace_enter(linearize_parent(t));
    good = good && run_steps(&r, p, primals, out, &memory);
    trace_leave(saved);
    saved = trace_enter(stage_as_trace(linearize_tangents(t)));
    good =
        good && bind_tangent(&r, p, nonzero, out_nonzero, primals, tangents, out_tangents, &memory);
    trace_leave(saved);
    arena_free(&memory);
    return good;
}

/* ---- turned around ---- */

typedef struct reversed {
    const jaxpr *j;
    loop_shape s;
    const bool *linear, *ct_nonzero; /* by input and result of the body */
} reversed;

/* (known constants, sums for the others, cotangents of the carry, those of ys, known xs) -> (sums,
 * cotangents of the carry, those of xs) */
static bool run_reversed(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const reversed *r = env;
    const jaxpr *j = r->j;
    (void)nin;
    ct_array *all = base_zalloc((size_t)(3 * j->nin + j->nout + 1) * sizeof *all);
    *out = (leaves){0, base_alloc((size_t)(j->nin + 1) * sizeof *out->at)};
    bool good = all && out->at;
    if (!good)
        return base_free(all), false;
    ct_array *in_cts = all + j->nin, *sums = in_cts + j->nin, *cts = sums + j->nin;
    int64_t next = 0;
    for (int i = 0; i < r->s.consts; i++)
        all[i] = r->linear[i] ? NULL : in[next++];
    for (int i = 0; i < r->s.consts; i++)
        sums[i] = r->linear[i] ? in[next++] : NULL;
    for (int k = 0; k < j->nout; k++)
        cts[k] = k < r->s.carry || r->ct_nonzero[k] ? in[next++] : NULL;
    for (int i = r->s.consts + r->s.carry; i < j->nin; i++)
        all[i] = r->linear[i] ? NULL : in[next++];
    good = jaxpr_backward(j, j->nin, r->linear, all, j->nout, cts, in_cts);
    for (int i = 0; i < j->nin && good; i++) {
        if (!r->linear[i])
            continue;
        ct_array ct = in_cts[i];
        if (i < r->s.consts)
            ct = ct ? op_add_any(sums[i], ct) : sums[i];
        good = !is_poison(out->at[out->n++] = ct ? ct : op_full(&j->in[i]->aval, 0));
    }
    base_free(all);
    return good;
}

static jaxpr *reversed_body(jaxpr *j, reversed *r, int64_t n, const ct_array *in, int64_t sliced)
{
    arena memory = {0};
    bool *key = arena_alloc(&memory, (size_t)(j->nin + j->nout + 1));
    aval *avals = arena_alloc(&memory, (size_t)(n + 1) * sizeof *avals);
    jaxpr *made = NULL;
    if (key && avals) {
        memcpy(key, r->linear, (size_t)j->nin);
        memcpy(key + j->nin, r->ct_nonzero, (size_t)j->nout);
        made = jaxpr_derived(j, "scan transpose", j->nin + j->nout, key);
    }
    if (key && avals && !made) {
        for (int64_t i = 0; i < n; i++) {
            avals[i] = in[i]->aval;
            if (i >= sliced) {
                avals[i].ndim--;
                avals[i].shape++;
            }
        }
        made = transform_stage((flat){run_reversed, r, j->name}, n, avals, j->name);
        bool kept = made && jaxpr_derive(j, "scan transpose", j->nin + j->nout, key, made, 0, NULL);
        object_release(made);
        made = kept ? made : NULL;
    }
    arena_free(&memory);
    return made;
}

bool scan_transpose(const op *o, const void *params, int nin, const ct_array *in,
                    const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    const params_scan *p = params;
    loop_shape s = shape_of(p, nin, nout);
    arena memory = {0};
    bool *linear = arena_alloc(&memory, (size_t)(nin + nout + 1)), *ct_nonzero = linear + nin;
    ct_array *operands = arena_alloc(&memory, (size_t)(3 * nin + nout + 1) * sizeof *operands),
             *results = operands + 2 * nin + nout;
    bool good = linear && operands;
    int64_t n = 0, known = 0, sums = 0;
    for (int i = 0; i < nin && good; i++) {
        bool carried = i >= s.consts && i < s.consts + s.carry;
        linear[i] = carried || !in[i]; /* a carry that starts from zeros */
        if (carried && !dtype_inexact((ct_dtype)in_avals[i].dtype)) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR, "transpose of %s with a carried value of dtype %s",
                      o->name, ct_dtype_name((ct_dtype)in_avals[i].dtype));
            good = false;
        }
    }
    for (int i = 0; i < s.consts && good; i++)
        if (!linear[i])
            operands[n++] = in[i];
    known = n;
    for (int i = 0; i < s.consts && good; i++)
        sums += linear[i];
    n += sums;
    for (int k = 0; k < s.carry && good; k++)
        good = !is_poison(operands[n++] = cts[k] ? cts[k] : op_full(&in_avals[s.consts + k], 0));
    for (int i = 0, at = (int)known; i < s.consts && good; i++)
        if (linear[i])
            good = !is_poison(operands[at++] = op_full(&in_avals[i], 0));
    int64_t sliced = n;
    for (int k = 0; k < nout && good; k++)
        if ((ct_nonzero[k] = cts[k] || k < s.carry) && k >= s.carry)
            operands[n++] = cts[k];
    for (int i = s.consts + s.carry; i < nin && good; i++)
        if (!linear[i])
            operands[n++] = in[i];
    reversed r = {p->jaxpr, s, linear, ct_nonzero};
    jaxpr *body = good ? reversed_body(p->jaxpr, &r, n, operands, sliced) : NULL;
    if ((good = body != NULL)) {
        params_scan q = *p;
        q.jaxpr = body;
        q.reverse = !p->reverse;
        q.num_consts = known;
        q.num_carry = sums + s.carry;
        good = scan_bind(&q, (int)n, operands, body->nout, results);
        int next = 0;
        for (int i = 0; i < nin && good; i++) {
            ct_array ct = linear[i] ? results[next++] : NULL;
            out[i] = in[i] ? NULL : ct;
        }
    }
    arena_free(&memory);
    return good;
}

/* ---- batching ---- */

bool scan_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
               const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_scan *p = params;
    loop_shape s = shape_of(p, nin, nout);
    (void)o;
    bool *mapped = base_alloc((size_t)(nin + nout + 1)), *out_mapped = mapped + nin;
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    bool good = mapped && values;
    for (int i = 0; i < nin && good; i++)
        mapped[i] = dims[i] != NOT_MAPPED;
    jaxpr *made = good ? loop_vmap(p->jaxpr, s, b, mapped, out_mapped) : NULL;
    good = made;
    for (int i = 0; i < nin && good; i++) {
        bool sliced = i >= s.consts + s.carry;
        values[i] = !mapped[i] ? in[i]
                    : sliced   ? op_moveaxis(in[i], dims[i], 1)
                               : batch_front(in[i], dims[i], b.size);
        good = !is_poison(values[i]);
    }
    if (good) {
        params_scan q = *p;
        q.jaxpr = made;
        good = scan_bind(&q, nin, values, nout, out);
    }
    for (int k = 0; k < nout && good; k++)
        out_dims[k] = !out_mapped[k] ? NOT_MAPPED : k < s.carry ? 0 : 1;
    base_free(mapped);
    base_free(values);
    return good;
}
