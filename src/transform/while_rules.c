/* The while loop's derivatives and its batching.
 *
 * Forward mode: tangents ride in the carry, and the condition does not look at them. Linearizing:
 * the loop counts its steps, and a scan of as many steps is linearized; where the count is traced
 * that happens in a dynamic_call (dynamic.c). A condition that becomes batched makes the whole
 * carry batched. */
#include "transform/scan.h"
#include "transform/while.h"

static loop_shape shape_of(const params_while *p)
{
    return (loop_shape){(int)p->body_nconsts, p->body->nout, 0, 0};
}

/* The condition with tangents behind the carry, which it ignores. */
static jaxpr *wide_condition(const params_while *p, const loop_forward *f, const bool *nonzero,
                             arena *a)
{
    jaxpr *cond = p->cond;
    int extra = f->shape.carry - p->body->nout;
    int64_t *in = arena_alloc(a, (size_t)(cond->nin + 1) * sizeof *in), out = 0;
    aval *avals = arena_alloc(a, (size_t)(cond->nin + extra + 1) * sizeof *avals);
    if (!in || !avals)
        return NULL;
    for (int i = 0; i < cond->nin; i++) {
        in[i] = i;
        avals[i] = cond->in[i]->aval;
    }
    for (int i = 0; i < extra; i++)
        avals[cond->nin + i] = f->j->in[f->shape.consts + p->body->nout + i]->aval;
    rewiring w = {.name = cond->name,
                  .nin = cond->nin + extra,
                  .avals = avals,
                  .in = in,
                  .nout = 1,
                  .out = &out};
    return jaxpr_rewire(cond, &w, cond, "while jvp", p->body->nout, nonzero + p->body_nconsts);
}

bool while_jvp(const op *o, const void *params, int nin, const ct_array *primals,
               const ct_array *tangents, int nout, ct_array *out, ct_array *out_tangents)
{
    const params_while *p = params;
    loop_shape s = shape_of(p);
    int nc = (int)p->cond_nconsts, n = nin - nc;
    (void)o;
    arena memory = {0};
    bool *nonzero = arena_alloc(&memory, (size_t)(n + nout + 1)), *out_nonzero = nonzero + n;
    ct_array *in = arena_alloc(&memory, (size_t)(2 * (nin + nout) + 1) * sizeof *in),
             *results = in + 2 * nin;
    for (int i = 0; i < n && nonzero; i++)
        nonzero[i] = tangents[nc + i] != NULL;
    loop_forward f;
    bool good = nonzero && in && loop_jvp(p->body, s, nonzero, out_nonzero, &f, &memory) &&
                loop_operands(&f, primals + nc, tangents + nc, in + nc);
    jaxpr *cond = good ? wide_condition(p, &f, nonzero, &memory) : NULL;
    if ((good = cond != NULL)) {
        memcpy(in, primals, (size_t)nc * sizeof *in);
        params_while wide = {f.j, f.shape.consts, cond, nc};
        good = while_bind(&wide, nc + f.j->nin, in, f.j->nout, results);
    }
    if (good)
        loop_results(s, nonzero, out_nonzero, results, out, out_tangents);
    arena_free(&memory);
    return good;
}

/* ---- steps that are counted ---- */

/* (constants, count, carry) -> (count + 1, next carry): how many steps were taken, for each element
 * that a condition with axes tells apart. */
static bool run_counting(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const params_while *p = env;
    const jaxpr *j = p->body;
    int nb = (int)p->body_nconsts;
    ct_array *given = base_alloc((size_t)nin * sizeof *given);
    *out = (leaves){j->nout + 1, base_alloc((size_t)(j->nout + 1) * sizeof *out->at)};
    bool good = given && out->at;
    if (good) {
        memcpy(given, in, (size_t)nb * sizeof *in);
        memcpy(given + nb, in + nb + 1, (size_t)j->nout * sizeof *in);
        good = jaxpr_eval(j, j->nin, given, j->nout, out->at + 1) &&
               !is_poison(out->at[0] = op_add(in[nb], op_number(1, in[nb])));
    }
    base_free(given);
    return good;
}

/* (constants, counts, start, index, carry) -> (index + 1, next carry): elements whose steps are
 * taken stay. They enter the body as the carry they started from, where it has been before, so that
 * what is undefined at their last carry stays out of derivatives. */
static bool run_masked(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const params_while *p = env;
    int nb = (int)p->body_nconsts, n = p->body->nout;
    const ct_array *start = in + nb + 1, *carry = start + n + 1;
    ct_array *given = base_alloc((size_t)nin * sizeof *given);
    ct_array active = op_lt(start[n], in[nb]);
    bool good = given && !is_poison(active);
    if (good) {
        memcpy(given, in, (size_t)nb * sizeof *in);
        given[nb] = start[n];
    }
    for (int k = 0; k < n && good; k++)
        good = !is_poison(given[nb + 1 + k] = while_choose(active, start[k], carry[k]));
    good = good && run_counting(env, nb + 1 + n, given, out);
    for (int k = 0; k < n && good; k++)
        good = !is_poison(out->at[k + 1] = while_choose(active, carry[k], out->at[k + 1]));
    base_free(given);
    return good;
}

/* What the elements began with; those that took no step get that of an element that took the
 * most. */
static ct_array begun_with(ct_array counts, ct_array start)
{
    int axes = counts->aval.ndim, rest = start->aval.ndim - axes;
    if (!shape_size(axes, counts->aval.shape))
        return start;
    arena memory = {0};
    int64_t *shape = arena_alloc(&memory, (size_t)(2 * rest + 2) * sizeof *shape),
            *dims = shape + rest + 1;
    ct_array *at = arena_alloc(&memory, (size_t)(rest + 1) * sizeof *at), value = array_poison;
    if (shape && at) {
        shape[0] = shape_size(axes, counts->aval.shape);
        at[0] = op_argmax(op_reshape(counts, (ct_ints){1, shape}), 0, CT_INT32);
        for (int k = 0; k < rest; k++) {
            shape[k + 1] = start->aval.shape[axes + k];
            at[k + 1] = op_number(0, at[0]);
            dims[k] = axes + k;
        }
        ct_array rows = op_reshape(start, (ct_ints){rest + 1, shape});
        shape[0] = 1;
        ct_array row = op_dynamic_slice(rows, rest + 1, at, (ct_ints){rest + 1, shape});
        row = op_broadcast_in_dim(op_reshape(row, (ct_ints){rest, shape + 1}),
                                  aval_shape(&start->aval), (ct_ints){rest, dims});
        value = while_choose(op_gt(counts, op_number(0, counts)), row, start);
    }
    arena_free(&memory);
    return value;
}

/* A body made of p's, with integers of these shapes between its constants and its carry. Borrowed.
 */
static jaxpr *with_counts(const params_while *p, const char *purpose,
                          bool (*run)(void *, int64_t, const ct_array *, leaves *), int n,
                          const aval *counts)
{
    jaxpr *j = p->body, *made = jaxpr_derived(j, purpose, counts->ndim * 8, counts->shape);
    if (made)
        return made;
    int64_t nb = p->body_nconsts, m = 0;
    aval *avals = base_alloc((size_t)(j->nin + n) * sizeof *avals);
    for (int i = 0; i < j->nin + n && avals; i++)
        avals[i] = i >= nb && i < nb + n ? counts[i - nb] : j->in[m++]->aval;
    made = avals ? transform_stage((flat){run, (void *)(uintptr_t)p, j->name}, j->nin + n, avals,
                                   j->name)
                 : NULL;
    base_free(avals);
    bool kept = made && jaxpr_derive(j, purpose, counts->ndim * 8, counts->shape, made, 0, NULL);
    object_release(made);
    return kept ? made : NULL;
}

/* The condition of a carry with a count in front. */
static jaxpr *counting_condition(const params_while *p, const aval *count, arena *a)
{
    jaxpr *cond = p->cond;
    int64_t *in = arena_alloc(a, (size_t)(cond->nin + 1) * sizeof *in), out = 0;
    aval *avals = arena_alloc(a, (size_t)(cond->nin + 1) * sizeof *avals);
    for (int i = 0; i < cond->nin && in && avals; i++) {
        in[i] = i + (i >= p->cond_nconsts);
        avals[in[i]] = cond->in[i]->aval;
    }
    if (!in || !avals)
        return NULL;
    avals[p->cond_nconsts] = *count;
    rewiring w = {
        .name = cond->name, .nin = cond->nin + 1, .avals = avals, .in = in, .nout = 1, .out = &out};
    return jaxpr_rewire(cond, &w, cond, "while count", count->ndim * 8, count->shape);
}

/* Runs the loop: out gets the carry, *counts how many steps each element took. */
static bool count_steps(const params_while *p, int nin, const ct_array *in, ct_array *out,
                        ct_array *counts, arena *a)
{
    aval count = *atom_aval(&p->cond->out[0]);
    count.dtype = CT_INT32;
    int n = p->body->nout, first = nin - n;
    ct_array *operands = arena_alloc(a, (size_t)(nin + n + 2) * sizeof *operands),
             *results = operands + nin + 1;
    params_while q = *p;
    q.body = with_counts(p, "while count", run_counting, 1, &count);
    q.cond = q.body ? counting_condition(p, &count, a) : NULL;
    if (!operands || !q.cond || is_poison(operands[first] = op_full(&count, 0)))
        return false;
    memcpy(operands, in, (size_t)first * sizeof *in);
    memcpy(operands + first + 1, in + first, (size_t)n * sizeof *in);
    if (!while_bind(&q, nin + 1, operands, n + 1, results))
        return false;
    *counts = results[0];
    memcpy(out, results + 1, (size_t)n * sizeof *out);
    return true;
}

/* ---- linearizing ---- */

/* The body without effects that leave no result: they happen when the steps are counted. Borrowed.
 */
static jaxpr *quiet_body(jaxpr *j)
{
    jaxpr *made = j->effects ? jaxpr_derived(j, "quiet", 0, NULL) : j;
    if (made)
        return made;
    jaxpr *quiet = jaxpr_consts_to_inputs(j);
    eqn **last = quiet ? &quiet->eqns : NULL;
    for (const eqn *e = j->eqns; e && last; e = e->next) {
        if (!e->nout && op_effects(e->op, e->params)) {
            quiet->neqns--;
            continue;
        }
        *last = arena_copy(&quiet->arena, e, sizeof *e);
        last = *last ? &(*last)->next : NULL;
    }
    if (last) {
        *last = NULL;
        made = jaxpr_again(quiet, j, "quiet");
    }
    object_release(quiet);
    return made;
}

/* (count, constants..., carry...) -> carry... */
static bool run_counted_scan(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const params_scan *p = env;
    *out = (leaves){p->jaxpr->nout, base_alloc((size_t)(p->jaxpr->nout + 1) * sizeof *out->at)};
    return out->at && scan_bind(p, (int)nin - 1, in + 1, p->jaxpr->nout, out->at);
}

/* The scan as a program for any number of steps, which is its first input. Borrowed. */
static jaxpr *scan_program(const params_scan *p)
{
    jaxpr *j = p->jaxpr, *made = jaxpr_derived(j, "while scan", 0, NULL);
    if (made)
        return made;
    params_scan q = *p;
    q.length = LOOP_STEPS;
    q.jaxpr = jaxpr_again(j, j, "again");
    aval *avals = q.jaxpr ? base_alloc((size_t)(j->nin + 1) * sizeof *avals) : NULL;
    if (avals)
        avals[0] = (aval){.dtype = CT_INT32};
    for (int i = 0; i < j->nin && avals; i++)
        avals[i + 1] = j->in[i]->aval;
    made = avals
               ? transform_stage((flat){run_counted_scan, &q, j->name}, j->nin + 1, avals, j->name)
               : NULL;
    base_free(avals);
    bool kept = made && jaxpr_derive(j, "while scan", 0, NULL, made, 0, NULL);
    object_release(made);
    return kept ? made : NULL;
}

/* The scan that takes the loop's counted steps: the count, and the scan's operands behind it. */
typedef struct counted_loop {
    params_scan p;
    int nin, extra; /* operands; carried values in front of the loop's */
    ct_array *in, *tangents;
} counted_loop;

/* The constants and the carry of the loop, and between them what an element needs that may end
 * before others. */
static bool counted_loop_of(const params_while *p, ct_array counts, const ct_array *in,
                            const ct_array *tangents, counted_loop *l, arena *a)
{
    int nc = (int)p->cond_nconsts, nb = (int)p->body_nconsts, n = p->body->nout, m = 1 + nb;
    *l = (counted_loop){.p = {.num_consts = nb, .num_carry = n, .unroll = 1, .jaxpr = p->body},
                        .extra = counts->aval.ndim > 0};
    l->in = arena_alloc(a, (size_t)(nb + 2 * n + 3) * sizeof *l->in);
    l->tangents = arena_alloc(a, (size_t)(nb + 2 * n + 3) * sizeof *l->tangents);
    aval *avals = arena_alloc(a, (size_t)(n + 2) * sizeof *avals);
    if (!l->in || !l->tangents || !avals)
        return false;
    memset(l->tangents, 0, (size_t)(nb + n + 3) * sizeof *l->tangents);
    memcpy(l->in + 1, in + nc, (size_t)nb * sizeof *in);
    memcpy(l->tangents + 1, tangents + nc, (size_t)nb * sizeof *in);
    l->in[0] = counts;
    if (l->extra) {
        int64_t few[16], axis = 0;
        for (; axis < counts->aval.ndim && axis < 16; axis++)
            few[axis] = axis;
        l->in[0] = shape_size(counts->aval.ndim, counts->aval.shape)
                       ? op_reduce_max(counts, (ct_ints){axis, few})
                       : op_full(&(aval){.dtype = counts->aval.dtype}, 0);
        l->in[m++] = counts;
        avals[0] = counts->aval;
        for (int k = 0; k < n; k++) {
            l->in[m++] = begun_with(counts, in[nc + nb + k]);
            avals[k + 1] = in[nc + nb + k]->aval;
        }
        avals[n + 1] = (aval){.dtype = CT_INT32};
        l->in[m++] = op_full(&avals[n + 1], 0);
        l->p.num_consts += n + 1;
        l->p.num_carry++;
        if (!values_good(m, l->in) ||
            !(l->p.jaxpr = with_counts(p, "while mask", run_masked, n + 2, avals)))
            return false;
    }
    memcpy(l->in + m, in + nc + nb, (size_t)n * sizeof *in);
    memcpy(l->tangents + m, tangents + nc + nb, (size_t)n * sizeof *in);
    l->nin = m + n;
    return true;
}

bool while_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                     const ct_array *primals, const ct_array *tangents, int nout, ct_array *out,
                     ct_array *out_tangents)
{
    params_while p = *(const params_while *)params;
    (void)o;
    arena memory = {0};
    ct_array counts, steps;
    counted_loop l;
    trace_context saved = trace_enter(linearize_parent(t));
    bool good = count_steps(&p, nin, primals, out, &counts, &memory) &&
                (p.body = quiet_body(p.body)) &&
                counted_loop_of(&p, counts, primals, tangents, &l, &memory);
    trace_leave(saved);
    int n = nout + (good ? l.extra : 0);
    ct_array *results = arena_alloc(&memory, (size_t)(2 * n + 1) * sizeof *results),
             *moved = results + n;
    good = good && results;
    if (good && core_concrete(l.in[0], &steps)) {
        l.p.length = array_get_int(steps, 0);
        good = scan_linearize(&op_row_scan, &l.p, t, l.nin - 1, l.in + 1, l.tangents + 1, n,
                              results, moved);
    } else if (good) {
        jaxpr *program = scan_program(&l.p);
        good = program && dynamic_tangent(program, t, l.nin, l.in, l.tangents, moved);
    }
    if (good)
        memcpy(out_tangents, moved + l.extra, (size_t)nout * sizeof *out);
    arena_free(&memory);
    return good;
}

bool while_transpose(const op *o, const void *params, int nin, const ct_array *in,
                     const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)in, (void)in_avals, (void)nout, (void)cts, (void)out;
    base_fail(CT_VALUE_ERROR,
              "A lax.while_loop, or a lax.fori_loop with dynamic start/stop values, "
              "has no transpose. Take its derivative instead (jax.vjp, jax.grad), or "
              "use lax.scan, or fori_loop with static start/stop.");
    return false;
}

/* ---- batching ---- */

/* flags: of the condition's inputs, of the body's inputs, of the body's results, of the condition's
 * result. */
typedef struct while_flags {
    bool *cond, *body, *out, test;
} while_flags;

static bool batch_programs(const params_while *p, batch b, while_flags *f, params_while *q)
{
    int n = p->body->nout, nc = (int)p->cond_nconsts, nb = (int)p->body_nconsts;
    bool axes = atom_aval(&p->cond->out[0])->ndim > 0;
    for (;;) {
        q->body = loop_vmap(p->body, shape_of(p), b, f->body, f->out);
        if (!q->body)
            return false;
        memcpy(f->cond + nc, f->body + nb, (size_t)n);
        bool all = true;
        for (int k = 0; k < n; k++)
            all = all && f->body[nb + k];
        f->test = axes;
        q->cond = jaxpr_vmap(p->cond, b, f->cond, &f->test);
        if (!q->cond || !f->test || all)
            return q->cond;
        memset(f->body + nb, 1, (size_t)n);
    }
}

static bool vmap_loop(const params_while *p, batch b, int nin, const ct_array *in, const int *dims,
                      int nout, ct_array *out, int *out_dims, bool guarded)
{
    int nc = (int)p->cond_nconsts, nb = (int)p->body_nconsts;
    arena memory = {0};
    bool *flags = arena_alloc(&memory, (size_t)(p->cond->nin + p->body->nin + nout + 1));
    ct_array *values = arena_alloc(&memory, (size_t)(nin + nc + 1) * sizeof *values);
    int *more_dims = arena_alloc(&memory, (size_t)(nin + nc + 1) * sizeof *more_dims);
    while_flags f = {flags, flags + p->cond->nin, flags + p->cond->nin + p->body->nin, false};
    bool good = flags && values && more_dims;
    for (int i = 0; i < nin && good; i++)
        *(i < nc ? &f.cond[i] : &f.body[i - nc]) = dims[i] != NOT_MAPPED;
    params_while q = *p;
    good = good && batch_programs(p, b, &f, &q);
    if (good && f.test && !guarded && !atom_aval(&p->cond->out[0])->ndim && loop_inside(p->body)) {
        good = while_guarded(p, &q);
        memcpy(values, in, (size_t)nc * sizeof *in);
        memcpy(values + nc, in, (size_t)nin * sizeof *in);
        memcpy(more_dims, dims, (size_t)nc * sizeof *dims);
        memcpy(more_dims + nc, dims, (size_t)nin * sizeof *dims);
        good = good && vmap_loop(&q, b, nin + nc, values, more_dims, nout, out, out_dims, true);
        return arena_free(&memory), good;
    }
    for (int i = 0; i < nin && good; i++) {
        bool mapped = i < nc ? f.cond[i] : f.body[i - nc];
        good = !is_poison(values[i] = mapped ? batch_front(in[i], dims[i], b.size) : in[i]);
    }
    good = good && while_bind(&q, nin, values, nout, out);
    for (int k = 0; k < nout && good; k++)
        out_dims[k] = f.body[nb + k] ? 0 : NOT_MAPPED;
    arena_free(&memory);
    return good;
}

bool while_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                const int *dims, int nout, ct_array *out, int *out_dims)
{
    (void)o;
    return vmap_loop(params, b, nin, in, dims, nout, out, out_dims, false);
}
