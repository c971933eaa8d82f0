/* The while loop's derivatives and its batching.
 *
 * Tangents ride in the carry, and the condition does not look at them. Reverse mode would need the
 * number of steps beforehand, and is refused. A condition that becomes batched makes the whole
 * carry batched. */
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

/* The values by themselves; the tangent program runs the loop again with tangents. */
bool while_linearize(const op *o, const void *params, linearize_trace *t, int nin,
                     const ct_array *primals, const ct_array *tangents, int nout, ct_array *out,
                     ct_array *out_tangents)
{
    ct_array *again = base_alloc((size_t)(nout + 1) * sizeof *again);
    trace_context saved = trace_enter(linearize_parent(t));
    bool good = again && while_bind(params, nin, primals, nout, out);
    trace_leave(saved);
    saved = trace_enter(stage_as_trace(linearize_tangents(t)));
    good = good && while_jvp(o, params, nin, primals, tangents, nout, again, out_tangents);
    trace_leave(saved);
    base_free(again);
    return good;
}

bool while_transpose(const op *o, const void *params, int nin, const ct_array *in,
                     const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)o, (void)params, (void)nin, (void)in, (void)in_avals, (void)nout, (void)cts, (void)out;
    base_fail(CT_VALUE_ERROR, "Reverse-mode differentiation does not work for lax.while_loop or "
                              "lax.fori_loop with dynamic start/stop values. "
                              "Try using lax.scan, or using fori_loop with static start/stop.");
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
        q->cond = jaxpr_vmap(p->cond, b, f->cond, axes, &f->test);
        if (!q->cond || !f->test || all)
            return q->cond;
        memset(f->body + nb, 1, (size_t)n);
    }
}

bool while_vmap(const op *o, const void *params, batch b, int nin, const ct_array *in,
                const int *dims, int nout, ct_array *out, int *out_dims)
{
    const params_while *p = params;
    int nc = (int)p->cond_nconsts, nb = (int)p->body_nconsts;
    (void)o;
    bool *flags = base_alloc((size_t)(p->cond->nin + p->body->nin + nout + 1));
    ct_array *values = base_alloc((size_t)(nin + 1) * sizeof *values);
    while_flags f = {flags, flags + p->cond->nin, flags + p->cond->nin + p->body->nin, false};
    bool good = flags && values;
    for (int i = 0; i < nin && good; i++)
        *(i < nc ? &f.cond[i] : &f.body[i - nc]) = dims[i] != NOT_MAPPED;
    params_while q = *p;
    good = good && batch_programs(p, b, &f, &q);
    for (int i = 0; i < nin && good; i++) {
        bool mapped = i < nc ? f.cond[i] : f.body[i - nc];
        good = !is_poison(values[i] = mapped ? batch_front(in[i], dims[i], b.size) : in[i]);
    }
    good = good && while_bind(&q, nin, values, nout, out);
    for (int k = 0; k < nout && good; k++)
        out_dims[k] = f.body[nb + k] ? 0 : NOT_MAPPED;
    base_free(flags);
    base_free(values);
    return good;
}
