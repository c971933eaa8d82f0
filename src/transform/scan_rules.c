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

/* Where a residual comes from: an input of the body that stays the same (a constant) or that the
 * tangent scan can slice by itself (an x); else it is stacked. -1: stacked. */
static int input_of(const jaxpr *known, loop_shape s, const atom *residual)
{
    for (int i = 0; i < known->nin; i++)
        if (residual->var == known->in[i])
            return i < s.consts || i >= s.consts + s.carry ? i : -1;
    return -1;
}

typedef struct residuals {
    int n, stacked;
    int *input;      /* -1: stacked */
    int64_t *result; /* of the stacked ones: which result of the known scan */
} residuals;

static bool find_residuals(residuals *r, const jaxpr *known, loop_shape s, arena *a)
{
    int nout = s.carry + s.ys;
    r->n = known->nout - nout;
    r->input = arena_alloc(a, (size_t)(r->n + 1) * sizeof *r->input);
    r->result = arena_alloc(a, (size_t)(r->n + 1) * sizeof *r->result);
    for (int k = 0; k < r->n && r->input && r->result; k++) {
        r->input[k] = input_of(known, s, &known->out[nout + k]);
        r->result[k] = r->input[k] < 0 ? nout + r->stacked++ : -1;
    }
    return r->input && r->result;
}

/* The known body, giving only the residuals that are stacked. */
static jaxpr *known_body(jaxpr *j, const jaxpr *known, const residuals *r, const bool *nonzero,
                         arena *a)
{
    if (r->stacked == r->n)
        return (jaxpr *)(uintptr_t)known;
    int64_t *in = arena_alloc(a, (size_t)(known->nin + known->nout + 1) * sizeof *in),
            *out = in + known->nin, n = 0;
    aval *avals = arena_alloc(a, (size_t)(known->nin + 1) * sizeof *avals);
    if (!in || !avals)
        return NULL;
    for (int i = 0; i < known->nin; i++) {
        in[i] = i;
        avals[i] = known->in[i]->aval;
    }
    for (int k = 0; k < known->nout; k++)
        if (k < j->nout || r->input[k - j->nout] < 0)
            out[n++] = k;
    rewiring w = {
        .name = known->name, .nin = known->nin, .avals = avals, .in = in, .nout = n, .out = out};
    return loop_rewire(known, &w, j, "scan known", j->nin, nonzero);
}

/* The tangent body in the scan's order: constants (residuals that stay, tangents), carry, slices
 * (residuals, tangents). `from` lists where each operand comes from: a residual k as k, the tangent
 * of input i as ~i. */
static jaxpr *tangent_body(jaxpr *j, const jaxpr *tangent, loop_shape s, const residuals *r,
                           const bool *nonzero, const bool *out_nonzero, int64_t *from,
                           loop_shape *shape, arena *a)
{
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
            if ((r->input[k] >= 0 && r->input[k] < s.consts) == (part == 0)) {
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
    return loop_rewire(tangent, &w, j, "scan tangent", j->nin, nonzero);
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

bool scan_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                    const ct_array *primals, const ct_array *tangents, int nout, ct_array *out,
                    ct_array *out_tangents)
{
    const params_scan *p = params;
    loop_shape s = shape_of(p, nin, nout), shape;
    (void)o;
    arena memory = {0};
    residuals r = {0};
    jaxpr *known, *tangent, *body = NULL;
    bool *nonzero = arena_alloc(&memory, (size_t)(nin + nout + 1)), *out_nonzero = nonzero + nin;
    for (int i = 0; i < nin && nonzero; i++)
        nonzero[i] = tangents[i] != NULL;
    bool good = nonzero && split_body(p->jaxpr, s, nonzero, out_nonzero, &known, &tangent) &&
                find_residuals(&r, known, s, &memory) &&
                (body = known_body(p->jaxpr, known, &r, nonzero, &memory));
    ct_array *results =
        good ? arena_alloc(&memory,
                           (size_t)(nout + r.stacked + tangent->nin + nout + 1) * sizeof *results)
             : NULL;
    int64_t *from = good ? arena_alloc(&memory, (size_t)(tangent->nin + 1) * sizeof *from) : NULL;
    good = results && from;
    if (good) {
        params_scan q = *p;
        q.jaxpr = body;
        trace_context saved = trace_enter(linearize_parent(t));
        good = scan_bind(&q, nin, primals, nout + r.stacked, results);
        trace_leave(saved);
    }
    body = good
               ? tangent_body(p->jaxpr, tangent, s, &r, nonzero, out_nonzero, from, &shape, &memory)
               : NULL;
    if ((good = body != NULL)) {
        ct_array *in = results + nout + r.stacked, *moved = in + body->nin;
        memcpy(out, results, (size_t)nout * sizeof *out);
        trace_context saved = trace_enter(stage_as_trace(linearize_tangents(t)));
        for (int k = 0; k < body->nin && good; k++) {
            int64_t i = from[k];
            in[k] = i < 0 ? (tangents[~i] ? tangents[~i] : op_full(&primals[~i]->aval, 0))
                    : r.input[i] < 0 ? results[r.result[i]]
                                     : primals[r.input[i]];
            good = !is_poison(in[k]);
        }
        params_scan q = *p;
        q.jaxpr = body;
        q.num_consts = shape.consts;
        q.num_carry = shape.carry;
        good = good && scan_bind(&q, body->nin, in, body->nout, moved);
        trace_leave(saved);
        int next = 0;
        for (int k = 0; k < nout && good; k++)
            out_tangents[k] =
                out_nonzero[k] || (k < s.carry && nonzero[s.consts + k]) ? moved[next++] : NULL;
    }
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
        if (linear[i])
            good = !is_poison(operands[n++] = op_full(&in_avals[i], 0));
    sums = n - known;
    for (int k = 0; k < s.carry && good; k++)
        good = !is_poison(operands[n++] = cts[k] ? cts[k] : op_full(&in_avals[s.consts + k], 0));
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
