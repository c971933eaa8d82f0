/* A scan's body as fission.c wants to see it: calls inlined, and products by something that stays
 * the same distributed over the parts of their operand or result. So `concatenate(x, h) @ w`, x
 * being a slice of xs, becomes `x @ w[:n] + h @ w[n:]`, whose first product does not wait for h. */
#include "compile/fission.h"
#include "ops/rules.h"

enum { LEAST_WORK = 4096, LEAST_LINES = 8, MOST_PARTS = 4 };

bool fission_product(const eqn *e)
{
    if (e->op->code != OP_dot_general)
        return false;
    const dot_dims *d = &((const params_dot_general *)e->params)->dimension_numbers;
    return !d->lhs_batch.n && d->lhs_contract.n <= 1 && e->out[0] &&
           atom_aval(&e->in[0])->ndim > 0 && atom_aval(&e->in[1])->ndim > 0;
}

bool fission_contracts(const eqn *e)
{
    return ((const params_dot_general *)e->params)->dimension_numbers.lhs_contract.n;
}

int64_t fission_work(const eqn *e)
{
    const dot_dims *d = &((const params_dot_general *)e->params)->dimension_numbers;
    const aval *x = atom_aval(&e->in[0]), *y = &e->out[0]->aval;
    int64_t terms = d->lhs_contract.n ? x->shape[d->lhs_contract.at[0]] : 1;
    return shape_size(y->ndim, y->shape) * terms;
}

/* ---- calls ---- */
static const jaxpr *inlined(const eqn *e)
{
    bool inlines = e->op->code == OP_jit || e->op->code == OP_custom_jvp_call ||
                   e->op->code == OP_custom_vjp_call;
    return inlines ? params_jaxpr(e->op, e->params) : NULL;
}

static bool run_inlined(const jaxpr *j, const ct_array *in, ct_array *out)
{
    values v;
    bool good = values_begin(&v, j);
    for (int i = 0; i < j->nin && good; i++)
        v.of[j->in[i]->id] = in[i];
    for (const eqn *e = j->eqns; e && good; e = e->next) {
        const jaxpr *inner = inlined(e);
        values_read(&v, e);
        good = inner ? run_inlined(inner, v.in, v.out) : values_bind(&v, e);
        if (good)
            values_write(&v, e);
    }
    for (int k = 0; k < j->nout && good; k++)
        out[k] = values_of(&v, &j->out[k]);
    values_end(&v);
    return good;
}

static bool inline_calls(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const jaxpr *j = env;
    (void)nin;
    *out = (leaves){j->nout, base_alloc((size_t)(j->nout + 1) * sizeof *out->at)};
    return out->at && run_inlined(j, in, out->at);
}

/* ---- parts ---- */
typedef struct distribution {
    const params_scan *p;
    const jaxpr *j;
    const eqn **maker; /* by variable */
    const eqn **user;  /* by variable: the only reader; NULL: none or several, or a result */
    bool *constant;    /* by variable: the same at each step */
} distribution;

static bool is_slice(const distribution *d, const atom *a)
{
    for (int i = (int)(d->p->num_consts + d->p->num_carry); i < d->j->nin; i++)
        if (a->var == d->j->in[i])
            return true;
    return false;
}

static bool by_constant(const distribution *d, const eqn *e)
{
    return fission_product(e) && e->in[1].var && d->constant[e->in[1].var->id] &&
           e->in[1].var->aval.ndim == 2 && fission_contracts(e) && fission_work(e) >= LEAST_WORK;
}

/* The concatenation that the product contracts along, some parts of which are slices of xs. */
static const eqn *joined_operand(const distribution *d, const eqn *e)
{
    const eqn *join = e->in[0].var ? d->maker[e->in[0].var->id] : NULL;
    const dot_dims *dims = &((const params_dot_general *)e->params)->dimension_numbers;
    if (!join || join->op->code != OP_concatenate || join->nin > MOST_PARTS ||
        ((const params_concatenate *)join->params)->dimension != dims->lhs_contract.at[0])
        return NULL;
    int slices = 0;
    for (int i = 0; i < join->nin; i++)
        slices += is_slice(d, &join->in[i]);
    return slices && slices < join->nin ? join : NULL;
}

static bool is_result(const distribution *d, const var *v)
{
    for (int k = (int)d->p->num_carry; k < d->j->nout; k++)
        if (d->j->out[k].var == v)
            return v->uses == 1;
    return false;
}

/* The only reader of the product, which takes parts of it along its last dimension, some of which
 * nobody wants, or nobody in the loop. */
static const eqn *splitting_user(const distribution *d, const eqn *e)
{
    const eqn *split = d->user[e->out[0]->id];
    if (!split || split->op->code != OP_split || split->nout > MOST_PARTS ||
        ((const params_split *)split->params)->axis != e->out[0]->aval.ndim - 1)
        return NULL;
    bool worth = false;
    for (int k = 0; k < split->nout; k++)
        worth |= !split->out[k] || is_result(d, split->out[k]);
    return worth ? split : NULL;
}

static ct_array part_of(ct_array w, int64_t axis, int64_t from, int64_t n)
{
    int_list start = ints_insert(aval_shape(&w->aval), -1, 0), limit = start;
    for (int64_t i = 0; i < start.n; i++)
        start.at[i] = 0;
    start.at[axis] = from, limit.at[axis] = from + n;
    return op_slice(w, ints_of(&start), ints_of(&limit), (ct_ints){0});
}

/* x by something that stays the same. Where that is contracted along its rows, it is turned round,
 * which happens once: several lines of x by contiguous columns are the faster product. */
static ct_array product_by(ct_array x, ct_array w, const params_dot_general *p)
{
    static const int64_t first[] = {0}, turned[] = {1, 0};
    params_dot_general q = *p;
    int64_t axis = p->dimension_numbers.lhs_contract.at[0];
    bool turns = p->dimension_numbers.rhs_contract.at[0] == 1 &&
                 shape_size(x->aval.ndim, x->aval.shape) >= LEAST_LINES * x->aval.shape[axis];
    if (turns)
        q.dimension_numbers.rhs_contract = (ct_ints){1, first};
    return op_dot_general(x, turns ? op_transpose(w, (ct_ints){2, turned}) : w, &q);
}

static ct_array product_of_parts(values *v, const eqn *e, const eqn *join)
{
    const params_dot_general *p = e->params;
    int64_t axis = p->dimension_numbers.lhs_contract.at[0], at = 0;
    ct_array w = v->of[e->in[1].var->id], sum = NULL;
    for (int i = 0; i < join->nin; i++) {
        ct_array part = values_of(v, &join->in[i]);
        int64_t n = part->aval.shape[axis];
        ct_array rows = part_of(w, p->dimension_numbers.rhs_contract.at[0], at, n);
        ct_array term = product_by(part, rows, p);
        sum = sum ? op_add(sum, term) : term;
        at += n;
    }
    return sum;
}

static void parts_of_product(values *v, const eqn *e, const eqn *split)
{
    const params_dot_general *p = e->params;
    const params_split *parts = split->params;
    int64_t at = 0;
    for (int k = 0; k < split->nout; at += parts->sizes.at[k++]) {
        if (!split->out[k])
            continue;
        ct_array columns =
            part_of(v->of[e->in[1].var->id], 1 - p->dimension_numbers.rhs_contract.at[0], at,
                    parts->sizes.at[k]);
        v->of[split->out[k]->id] = product_by(values_of(v, &e->in[0]), columns, p);
    }
}

static bool run_distributed(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const distribution *d = env;
    const jaxpr *j = d->j;
    values v;
    (void)nin;
    *out = (leaves){j->nout, base_alloc((size_t)(j->nout + 1) * sizeof *out->at)};
    bool good = values_begin(&v, j) && out->at;
    for (int i = 0; i < j->nin && good; i++)
        v.of[j->in[i]->id] = in[i];
    for (const eqn *e = j->eqns; e && good; e = e->next) {
        bool product = by_constant(d, e);
        const eqn *join = product ? joined_operand(d, e) : NULL,
                  *split = product && !join ? splitting_user(d, e) : NULL,
                  *from =
                      e->op->code == OP_split && e->in[0].var ? d->maker[e->in[0].var->id] : NULL;
        if (join)
            good = !is_poison(v.of[e->out[0]->id] = product_of_parts(&v, e, join));
        else if (split)
            parts_of_product(&v, e, split);
        else if (product)
            good = !is_poison(v.of[e->out[0]->id] = product_by(values_of(&v, &e->in[0]),
                                                               v.of[e->in[1].var->id], e->params));
        else if (!from || !by_constant(d, from) || joined_operand(d, from) ||
                 splitting_user(d, from) != e) {
            values_read(&v, e);
            good = values_bind(&v, e);
            if (good)
                values_write(&v, e);
        }
    }
    for (int k = 0; k < j->nout && good; k++)
        good = !is_poison(out->at[k] = values_of(&v, &j->out[k]));
    values_end(&v);
    return good;
}

/* ---- both ---- */
static void find_uses(distribution *d)
{
    const jaxpr *j = d->j;
    for (int i = 0; i < j->nconsts; i++)
        d->constant[j->constvars[i]->id] = true;
    for (int64_t i = 0; i < d->p->num_consts; i++)
        d->constant[j->in[i]->id] = true;
    for (const eqn *e = j->eqns; e; e = e->next) {
        bool constant = e->nin && !op_effects(e->op, e->params) && e->nout == 1;
        for (int i = 0; i < e->nin; i++) {
            constant = constant && (!e->in[i].var || d->constant[e->in[i].var->id]);
            if (e->in[i].var && e->in[i].var->uses == 1)
                d->user[e->in[i].var->id] = e;
        }
        for (int k = 0; k < e->nout; k++)
            if (e->out[k]) {
                d->maker[e->out[k]->id] = e;
                d->constant[e->out[k]->id] = constant;
            }
    }
}

static jaxpr *stage_like(const jaxpr *j, flat f)
{
    aval *avals = base_alloc((size_t)(j->nin + 1) * sizeof *avals);
    for (int i = 0; i < j->nin && avals; i++)
        avals[i] = j->in[i]->aval;
    jaxpr *made = avals ? transform_stage(f, j->nin, avals, j->name) : NULL;
    base_free(avals);
    return made;
}

jaxpr *fission_body(const params_scan *p)
{
    int64_t key[] = {p->num_consts, p->num_carry};
    jaxpr *made = jaxpr_derived(p->jaxpr, "fission", sizeof key, key);
    if (made)
        return made;
    jaxpr *flat_body = stage_like(p->jaxpr, (flat){inline_calls, p->jaxpr, p->jaxpr->name});
    if (!flat_body)
        return NULL;
    size_t n = (size_t)flat_body->nvars + 1;
    distribution d = {p, flat_body, base_zalloc(n * sizeof *d.maker),
                      base_zalloc(n * sizeof *d.user), base_zalloc(n)};
    if (d.maker && d.user && d.constant) {
        find_uses(&d);
        made = stage_like(flat_body, (flat){run_distributed, &d, p->jaxpr->name});
    }
    bool kept = made && jaxpr_derive(p->jaxpr, "fission", sizeof key, key, made, 0, NULL);
    object_release(made), object_release(flat_body);
    base_free(d.maker), base_free(d.user), base_free(d.constant);
    return kept ? made : NULL;
}
