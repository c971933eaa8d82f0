/* Reverse mode: cotangents through a linear program, last equation first.
 *
 * Equations that do not depend on a linear input are evaluated on the way in; for the others the
 * operation's transpose rule turns cotangents of the results into cotangents of the linear
 * operands, which add up. */
#include "ops/ops.h"
#include "transform/transform.h"

typedef struct backward {
    const jaxpr *j;
    bool *linear;     /* by variable: depends on a linear input */
    bool *wanted;     /* by variable: has a cotangent, or leads to what has one */
    ct_array *values; /* of the others; one reference each */
    ct_array *cts;    /* of the linear ones, so far; one reference each, NULL: zero */
    const eqn **order;
} backward;

static void set(ct_array *slot, ct_array value)
{
    if (value)
        object_retain(value);
    object_release(*slot);
    *slot = value;
}

static ct_array known(const backward *b, const atom *a)
{
    return a->var ? b->values[a->var->id] : a->literal;
}
static bool is_linear(const backward *b, const atom *a) { return a->var && b->linear[a->var->id]; }

/* Rules may say float0 of integers: nothing to add. */
static bool accumulate(backward *b, const var *v, ct_array ct)
{
    if (ct->aval.dtype == CT_FLOAT0)
        return true;
    ct_array sum = b->cts[v->id] ? op_add_any(b->cts[v->id], ct) : ct;
    if (is_poison(sum))
        return false;
    set(&b->cts[v->id], sum);
    b->wanted[v->id] = true;
    return true;
}

/* Does the rule run on these cotangents? A backward function of the user's also where all are zero:
 * what it gives need not be linear in them. */
static bool runs(const backward *b, const eqn *e, const ct_array *cts)
{
    bool any = false, wanted = false;
    for (int i = 0; i < e->nout; i++) {
        any = any || cts[i];
        wanted = wanted || (e->out[i] && b->wanted[e->out[i]->id]);
    }
    for (int i = 0; i < e->nin && wanted; i++)
        if (is_linear(b, &e->in[i]))
            b->wanted[e->in[i].var->id] = true;
    return any || (wanted && e->op->code == OP_custom_lin);
}

/* Marks what is linear and evaluates what is not. */
static bool forwards(backward *b)
{
    int64_t n = 0;
    for (const eqn *e = b->j->eqns; e; e = e->next) {
        bool linear = false;
        for (int i = 0; i < e->nin; i++)
            linear = linear || is_linear(b, &e->in[i]);
        if (linear) {
            b->order[n++] = e;
            for (int i = 0; i < e->nout; i++)
                if (e->out[i])
                    b->linear[e->out[i]->id] = true;
            continue;
        }
        b->order[n++] = NULL;
        ct_array *in = base_alloc((size_t)(e->nin + e->nout + 1) * sizeof *in), *out = in + e->nin;
        if (!in)
            return false;
        for (int i = 0; i < e->nin; i++)
            in[i] = known(b, &e->in[i]);
        ct_scope scope = ct_begin();
        eqn_bind(e, in, out);
        bool good = true;
        for (int i = 0; i < e->nout; i++) {
            good = good && !is_poison(out[i]);
            if (e->out[i])
                set(&b->values[e->out[i]->id], out[i]);
        }
        scope_end(scope, NULL);
        base_free(in);
        if (!good)
            return false;
    }
    return true;
}

static bool transpose_eqn(backward *b, const eqn *e)
{
    enum { FEW = 16 };
    ct_array few[3 * FEW];
    aval few_avals[FEW];
    bool many = e->nin > FEW || e->nout > FEW;
    ct_array *in = many ? base_alloc((size_t)(2 * e->nin + e->nout) * sizeof *in) : few;
    aval *avals = many ? base_alloc((size_t)(e->nin + 1) * sizeof *avals) : few_avals;
    bool good = in && avals;
    ct_array *in_cts = in ? in + e->nin : NULL, *cts = in ? in_cts + e->nin : NULL;
    for (int i = 0; i < e->nout && good; i++)
        cts[i] = e->out[i] ? b->cts[e->out[i]->id] : NULL;
    if (good && runs(b, e, cts)) {
        for (int i = 0; i < e->nin; i++) {
            in[i] = is_linear(b, &e->in[i]) ? NULL : known(b, &e->in[i]);
            avals[i] = *atom_aval(&e->in[i]);
            in_cts[i] = NULL;
        }
        const op *rules = core_rules(e->op);
        if (!rules->transpose) {
            base_fail(CT_NOT_IMPLEMENTED_ERROR,
                      "Transpose rule (for reverse-mode differentiation) for '%s' not implemented",
                      e->op->name);
            good = false;
        }
        ct_scope scope = ct_begin();
        eqn_context before = eqn_enter(e);
        good = good && rules->transpose(e->op, e->params, e->nin, in, avals, e->nout, cts, in_cts);
        for (int i = 0; i < e->nin && good; i++)
            if (is_linear(b, &e->in[i]) && in_cts[i])
                good = !is_poison(in_cts[i]) && accumulate(b, e->in[i].var, in_cts[i]);
        eqn_leave(e, before, good);
        scope_end(scope, NULL);
    }
    for (int i = 0; i < e->nout && good; i++)
        if (e->out[i])
            set(&b->cts[e->out[i]->id], NULL);
    if (many) {
        base_free(in);
        base_free(avals);
    }
    return good;
}

static bool backwards(backward *b, const ct_array *cts)
{
    const jaxpr *j = b->j;
    for (int i = 0; i < j->nout; i++)
        if (cts[i] && is_linear(b, &j->out[i])) {
            if (is_poison(cts[i]) || !accumulate(b, j->out[i].var, cts[i]))
                return false;
        }
    for (int64_t i = j->neqns; i-- > 0;)
        if (b->order[i] && !transpose_eqn(b, b->order[i]))
            return false;
    return true;
}

bool jaxpr_backward(const jaxpr *j, int64_t nin, const bool *linear, const ct_array *in,
                    int64_t nout, const ct_array *cts, ct_array *in_cts)
{
    size_t n = (size_t)j->nvars + 1;
    backward b = {.j = j,
                  .linear = base_zalloc(2 * n),
                  .values = base_zalloc(n * sizeof(ct_array)),
                  .cts = base_zalloc(n * sizeof(ct_array)),
                  .order = base_alloc((size_t)(j->neqns + 1) * sizeof(eqn *))};
    b.wanted = b.linear ? b.linear + n : NULL;
    bool good = b.linear && b.values && b.cts && b.order && nin == j->nin && nout == j->nout;
    ct_scope scope = ct_begin();
    for (int i = 0; i < j->nconsts && good; i++)
        set(&b.values[j->constvars[i]->id], j->consts[i]);
    for (int i = 0; i < j->nin && good; i++)
        if (linear[i])
            b.linear[j->in[i]->id] = true;
        else
            set(&b.values[j->in[i]->id], in[i]);
    good = good && forwards(&b) && backwards(&b, cts);
    scope_end(scope, NULL);
    for (int64_t i = 0; i < nin; i++) {
        in_cts[i] = good && linear[i] ? b.cts[j->in[i]->id] : NULL;
        if (in_cts[i]) {
            object_retain(in_cts[i]);
            good = scope_own(in_cts[i]) && good;
        }
    }
    for (int i = 0; i < j->nvars; i++) {
        if (b.values)
            object_release(b.values[i]);
        if (b.cts)
            object_release(b.cts[i]);
    }
    base_free(b.linear);
    base_free(b.values);
    base_free(b.cts);
    base_free(b.order);
    return good;
}
