/* Forward derivatives and batching of loop bodies, which scan and while share: what a step does to
 * the carry decides what enters the next one, so both look for the smallest set of carried values
 * that a step maps into itself. Next: scan_rules.c, while_rules.c. */
#include "transform/loop.h"

/* ---- tangents ---- */

static bool grow(loop_shape s, bool *in, const bool *out)
{
    bool changed = false;
    for (int k = 0; k < s.carry; k++)
        if (out[k] && !in[s.consts + k])
            in[s.consts + k] = changed = true;
    return changed;
}

/* Lists one group of inputs: the values, then the tangents there are. */
static int64_t list_inputs(int64_t n, int first, int count, const bool *nonzero, int64_t *order)
{
    for (int i = first; i < first + count; i++)
        order[n++] = i;
    for (int i = first; i < first + count; i++)
        if (nonzero[i])
            order[n++] = ~(int64_t)i;
    return n;
}

static int count_of(const bool *flags, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += flags[i];
    return count;
}

/* made: the values, then the tangents there are. */
static jaxpr *interleave(jaxpr *j, const jaxpr *made, loop_shape s, const bool *nonzero,
                         const bool *out_nonzero, const int64_t *order, arena *a)
{
    int nin = j->nin, nout = j->nout;
    int64_t *in = arena_alloc(a, (size_t)(2 * made->nin + 2 * (nin + nout) + 1) * sizeof *in),
            *at = in + made->nin, *out = at + nin;
    aval *avals = arena_alloc(a, (size_t)(made->nin + 1) * sizeof *avals);
    if (!in || !avals)
        return NULL;
    for (int64_t k = 0; k < made->nin; k++) {
        int64_t i = order[k];
        int64_t from = i >= 0 ? i : nin + count_of(nonzero, (int)~i);
        in[from] = k;
        avals[k] = made->in[from]->aval;
        if (i < 0)
            at[~i] = k;
    }
    int64_t n = 0;
    for (int k = 0; k < s.carry; k++)
        out[n++] = k;
    for (int k = 0; k < s.carry; k++)
        if (nonzero[s.consts + k])
            out[n++] = out_nonzero[k] ? nout + count_of(out_nonzero, k) : -1 - at[s.consts + k];
    for (int k = s.carry; k < nout; k++)
        out[n++] = k;
    for (int k = s.carry; k < nout; k++)
        if (out_nonzero[k])
            out[n++] = nout + count_of(out_nonzero, k);
    rewiring w = {
        .name = made->name, .nin = made->nin, .avals = avals, .in = in, .nout = n, .out = out};
    return jaxpr_rewire(made, &w, j, "loop jvp", nin, nonzero);
}

bool loop_jvp(jaxpr *j, loop_shape s, bool *nonzero, bool *out_nonzero, loop_forward *out, arena *a)
{
    jaxpr *made;
    do
        made = jaxpr_jvp(j, nonzero, false, out_nonzero);
    while (made && grow(s, nonzero, out_nonzero));
    out->order = made ? arena_alloc(a, (size_t)(made->nin + 1) * sizeof *out->order) : NULL;
    if (!out->order)
        return false;
    int64_t n = list_inputs(0, 0, s.consts, nonzero, out->order), consts = n;
    n = list_inputs(n, s.consts, s.carry, nonzero, out->order);
    out->shape = (loop_shape){(int)consts, (int)(n - consts), 0, 0};
    n = list_inputs(n, s.consts + s.carry, s.xs, nonzero, out->order);
    out->shape.xs = (int)n - out->shape.consts - out->shape.carry;
    out->j = interleave(j, made, s, nonzero, out_nonzero, out->order, a);
    if (out->j)
        out->shape.ys = out->j->nout - out->shape.carry;
    return out->j;
}

bool loop_operands(const loop_forward *f, const ct_array *primals, const ct_array *tangents,
                   ct_array *out)
{
    for (int k = 0; k < f->j->nin; k++) {
        int64_t i = f->order[k];
        if (i >= 0)
            out[k] = primals[i];
        else if (!is_poison(out[k] = tangents[~i] ? tangents[~i] : op_full(&primals[~i]->aval, 0)))
            continue;
        if (is_poison(out[k]))
            return false;
    }
    return true;
}

void loop_results(loop_shape s, const bool *nonzero, const bool *out_nonzero,
                  const ct_array *results, ct_array *out, ct_array *out_tangents)
{
    int n = 0;
    for (int k = 0; k < s.carry; k++)
        out[k] = results[n++];
    for (int k = 0; k < s.carry; k++)
        out_tangents[k] = nonzero[s.consts + k] ? results[n++] : NULL;
    for (int k = s.carry; k < s.carry + s.ys; k++)
        out[k] = results[n++];
    for (int k = s.carry; k < s.carry + s.ys; k++)
        out_tangents[k] = out_nonzero[k] ? results[n++] : NULL;
}

/* ---- batching ---- */

jaxpr *loop_vmap(jaxpr *j, loop_shape s, batch b, bool *mapped, bool *out_mapped)
{
    jaxpr *made;
    do {
        memcpy(out_mapped, mapped + s.consts, (size_t)s.carry);
        memset(out_mapped + s.carry, 0, (size_t)s.ys);
        made = jaxpr_vmap(j, b, mapped, out_mapped);
    } while (made && grow(s, mapped, out_mapped));
    return made;
}
