/* Which products need not wait for their turn in a scan, and what is the same at each step?
 *
 * Those of a slice of xs with something that stays the same are one product of all slices, before
 * the loop. Those that are only added up, as a weight's gradient is, or only stacked, are one
 * product of all that the steps stacked, after it. What a loop keeps is then the products that its
 * carry goes through: many small ones become few large ones, and an accumulator as large as the
 * weights is not read and written at each step. Sums may round otherwise. Called by graph.c. */
#include "compile/fission.h"
#include "ops/rules.h"

/* Multiply-adds of all steps and of one from which a product leaves; terms of an element of what is
 * then kept for all steps, and of what is transposed for that; how many times the elements that the
 * loop stacks for it may be those of its result; how many elements may be kept for all steps. */
enum {
    LEAST_WORK = 1 << 18,
    LEAST_STEP = 1 << 10,
    LEAST_TERMS = 16,
    TURNED_TERMS = 256,
    MOST_STACKED = 4,
    MOST_KEPT = 1 << 26,
    MOST_LINKS = 8,
    MOST_READ = 16,
    LEAST_KEPT = 32 /* elements read or made */
};

typedef enum place {
    EACH_STEP,
    ONCE,  /* the same at each step */
    AHEAD, /* a product of xs: the steps take slices of it */
    AFTER, /* a product of what the steps stack, or what follows from that */
} place;

/* A result of the body that is made after the loop: a product or a sum of what is stacked, and what
 * is then done to it. */
typedef struct late {
    const eqn *base;              /* NULL: made by the loop */
    const eqn *links[MOST_LINKS]; /* from the base on, each of one operand */
    int nlinks;
} late;

typedef struct fission {
    const params_scan *p;
    const jaxpr *j;
    const eqn **maker; /* by variable */
    uint8_t *place;    /* by variable: of what makes it */
    bool *input;       /* by variable: an x, ahead of the loop or from the start */
    bool *stacked;     /* by variable: the loop stacks it */
    bool *constant;    /* by variable: the same at each step */
    bool *wanted;      /* by variable: read by the loop that is left */
    late *late;        /* by result */
    bool any;
    int64_t first_x; /* input of the body */
    ct_array *outer; /* by variable, outside: constants, xs, what is stacked */
} fission;

static int64_t size_of(const atom *a)
{
    const aval *x = atom_aval(a);
    return shape_size(x->ndim, x->shape);
}

static bool constant_atom(const fission *f, const atom *a)
{
    return !a->var || f->constant[a->var->id];
}
static bool sliced_atom(const fission *f, const atom *a) { return a->var && f->input[a->var->id]; }

static int64_t result_size(const eqn *e) { return size_of(&(atom){.var = e->out[0]}); }

static bool worth_moving(const fission *f, const eqn *e)
{
    int64_t work = fission_work(e);
    return work >= LEAST_STEP && work * f->p->length >= LEAST_WORK;
}

/* ---- before the loop ---- */
/* Is computing it at each step more than reading it? Views of it and scalars are not. */
static bool worth_keeping(const eqn *e)
{
    switch (e->op->code) {
    case OP_slice:
    case OP_squeeze:
    case OP_reshape:
    case OP_broadcast_in_dim:
    case OP_convert_element_type:
        return false;
    }
    int64_t largest = result_size(e);
    for (int i = 0; i < e->nin; i++)
        largest = size_of(&e->in[i]) > largest ? size_of(&e->in[i]) : largest;
    return largest >= LEAST_KEPT;
}

static bool may_be_once(const fission *f, const eqn *e)
{
    bool pure = e->op->code < OP_COUNT && !(e->op->flags & (OP_COLLECTIVE | OP_HOST)) &&
                !op_effects(e->op, e->params) && e->nin && e->nin <= MOST_READ && e->nout == 1 &&
                e->out[0];
    int64_t size = 0;
    for (int i = 0; i < e->nin && pure; i++) {
        pure = constant_atom(f, &e->in[i]);
        size += size_of(&e->in[i]);
    }
    return pure && result_size(e) <= size;
}

/* The operand that is a slice, the other one being constant; -1: it is otherwise. */
static int sliced_side(const fission *f, const eqn *e)
{
    for (int side = 0; side < 2; side++)
        if (sliced_atom(f, &e->in[side]) && constant_atom(f, &e->in[1 - side]))
            return side;
    return -1;
}

static bool may_go_ahead(const fission *f, const eqn *e)
{
    int side = fission_product(e) ? sliced_side(f, e) : -1;
    bool turns = side == 1 && e->in[1].var->aval.ndim > 1;
    return side >= 0 && worth_moving(f, e) &&
           fission_work(e) >= (turns ? TURNED_TERMS : LEAST_TERMS) * result_size(e) &&
           result_size(e) * f->p->length <= MOST_KEPT;
}

static void plan_before(fission *f)
{
    const jaxpr *j = f->j;
    for (int i = 0; i < j->nconsts; i++)
        f->constant[j->constvars[i]->id] = true;
    for (int i = 0; i < j->nin; i++) {
        f->constant[j->in[i]->id] = i < f->p->num_consts;
        f->input[j->in[i]->id] = i >= f->first_x;
    }
    for (const eqn *e = j->eqns; e; e = e->next) {
        place where = may_be_once(f, e) ? ONCE : may_go_ahead(f, e) ? AHEAD : EACH_STEP;
        for (int k = 0; k < e->nout; k++)
            if (e->out[k]) {
                int32_t v = e->out[k]->id;
                f->maker[v] = e, f->place[v] = (uint8_t)where;
                f->constant[v] = where == ONCE, f->input[v] = where == AHEAD;
            }
        f->any |= where == AHEAD || (where == ONCE && worth_keeping(e));
    }
}

/* ---- after the loop ---- */
static const eqn *maker_of(const fission *f, const var *v)
{
    return v && v->uses == 1 && f->place[v->id] == EACH_STEP ? f->maker[v->id] : NULL;
}

static bool must_stack(const fission *f, const atom *a)
{
    return !sliced_atom(f, a) && !f->stacked[a->var->id];
}

/* May a product of all steps take the place of one a step? Its operands vary, and are there or
 * small enough to be stacked. */
static bool may_come_after(const fission *f, const eqn *e, bool adds)
{
    const atom *x = &e->in[0], *y = &e->in[1];
    if (!fission_product(e) || !worth_moving(f, e) || constant_atom(f, x) ||
        constant_atom(f, y) == adds || (!adds && fission_work(e) < LEAST_TERMS * result_size(e)))
        return false;
    int64_t stacked = (must_stack(f, x) ? size_of(x) : 0);
    if (adds && y->var != x->var && must_stack(f, y))
        stacked += size_of(y);
    return stacked <= MOST_STACKED * result_size(e) && stacked * f->p->length <= MOST_KEPT;
}

static bool links(const eqn *e)
{
    switch (e->op->code) {
    case OP_transpose:
    case OP_reshape:
    case OP_squeeze:
    case OP_reduce_sum:
        return true;
    }
    return false;
}

/* From what is added back to the product, or to the sum of what is stacked anyway. */
static bool find_base(const fission *f, const var *v, late *l)
{
    const eqn *path[MOST_LINKS + 1], *e;
    int n = 0;
    for (; (e = maker_of(f, v)) && n <= MOST_LINKS; v = e->in[0].var) {
        path[n++] = e;
        const atom *x = &e->in[0];
        bool sums = e->op->code == OP_reduce_sum && x->var && !constant_atom(f, x) &&
                    (sliced_atom(f, x) || f->stacked[x->var->id]);
        if (!sums && !may_come_after(f, e, true) && links(e))
            continue;
        if (!sums && !may_come_after(f, e, true))
            return false;
        *l = (late){.base = e};
        while (--n > 0)
            l->links[l->nlinks++] = path[n - 1];
        return true;
    }
    return false;
}

/* What result k adds to its carry, which nobody else reads. */
static const var *added(const fission *f, int k)
{
    const var *carry = f->j->in[f->p->num_consts + k], *out = f->j->out[k].var;
    const eqn *e = maker_of(f, out);
    if (!e || (e->op->code != OP_add && e->op->code != OP_add_any) || carry->uses != 1 ||
        !aval_equal(&carry->aval, &out->aval, false))
        return NULL;
    for (int i = 0; i < 2; i++)
        if (e->in[i].var == carry && e->in[1 - i].var &&
            aval_equal(&e->in[1 - i].var->aval, &carry->aval, false))
            return e->in[1 - i].var;
    return NULL;
}

static void stack(fission *f, const atom *a)
{
    if (a->var && !constant_atom(f, a) && !sliced_atom(f, a))
        f->stacked[a->var->id] = true;
}

static void settle(fission *f, late *l, const var *last)
{
    f->any = true;
    for (int i = 0; i < l->base->nin; i++)
        stack(f, &l->base->in[i]);
    f->place[l->base->out[0]->id] = AFTER;
    for (int i = 0; i < l->nlinks; i++)
        f->place[l->links[i]->out[0]->id] = AFTER;
    f->place[last->id] = AFTER;
}

static void plan_after(fission *f)
{
    for (int round = 0; round < 2; round++) /* sums of what is stacked for products come second */
        for (int k = 0; k < f->p->num_carry; k++) {
            const var *v = added(f, k);
            if (v && find_base(f, v, &f->late[k]))
                settle(f, &f->late[k], f->j->out[k].var);
        }
    for (int k = (int)f->p->num_carry; k < f->j->nout; k++) {
        const eqn *e = maker_of(f, f->j->out[k].var);
        if (e && may_come_after(f, e, false)) {
            f->late[k].base = e;
            settle(f, &f->late[k], f->j->out[k].var);
        }
    }
}

/* ---- the loop that is left ---- */
/* Inputs: the body's constants, those computed once, the carry that stays, xs, products ahead.
 * Results: the carry that stays, ys that stay, what is stacked. */
static bool in_loop(const fission *f, const eqn *e)
{
    bool each = !e->nout;
    for (int k = 0; k < e->nout; k++)
        each |= !e->out[k] || f->place[e->out[k]->id] == EACH_STEP;
    return each;
}

static void find_wanted(fission *f)
{
    for (const eqn *e = f->j->eqns; e; e = e->next)
        for (int i = 0; i < e->nin && in_loop(f, e); i++)
            if (e->in[i].var)
                f->wanted[e->in[i].var->id] = true;
    for (int k = 0; k < f->j->nout; k++)
        if (!f->late[k].base && f->j->out[k].var)
            f->wanted[f->j->out[k].var->id] = true;
}

/* Is the variable made before the loop, so, and read in it? */
static bool given(const fission *f, int32_t v, place where)
{
    return f->place[v] == where && f->wanted[v];
}

static bool run_left(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const fission *f = env;
    const jaxpr *j = f->j;
    values v;
    (void)nin;
    *out = (leaves){0, base_alloc((size_t)(j->nout + j->nvars + 1) * sizeof *out->at)};
    bool good = values_begin(&v, j) && out->at;
    if (!good)
        return values_end(&v), false;
    for (int64_t i = 0; i < f->p->num_consts; i++)
        v.of[j->in[i]->id] = *in++;
    for (int32_t i = 0; i < j->nvars; i++)
        if (given(f, i, ONCE))
            v.of[i] = *in++;
    for (int64_t k = 0; k < f->p->num_carry; k++)
        if (!f->late[k].base)
            v.of[j->in[f->p->num_consts + k]->id] = *in++;
    for (int64_t i = f->first_x; i < j->nin; i++)
        v.of[j->in[i]->id] = *in++;
    for (int32_t i = 0; i < j->nvars; i++)
        if (given(f, i, AHEAD))
            v.of[i] = *in++;
    for (const eqn *e = j->eqns; e && good; e = e->next)
        if (in_loop(f, e)) {
            values_read(&v, e);
            good = values_bind(&v, e);
            values_write(&v, e);
        }
    for (int k = 0; k < j->nout && good; k++)
        if (!f->late[k].base)
            out->at[out->n++] = values_of(&v, &j->out[k]);
    for (int32_t i = 0; i < j->nvars && good; i++)
        if (f->stacked[i])
            out->at[out->n++] = v.of[i];
    values_end(&v);
    return good;
}

/* ---- running: what is outside ---- */
/* Axes of a slice as those of the whole, behind that of the steps. */
static int_list behind_steps(ct_ints axes)
{
    int_list shifted = ints_shifted(axes, 0);
    return ints_insert(ints_of(&shifted), 0, 0);
}

/* The product of both operands of all steps, contracted along the steps too. */
static ct_array summed_product(const fission *f, const eqn *e)
{
    params_dot_general p = *(const params_dot_general *)e->params;
    dot_dims *d = &p.dimension_numbers;
    int_list x = behind_steps(d->lhs_contract), y = behind_steps(d->rhs_contract);
    d->lhs_contract = ints_of(&x), d->rhs_contract = ints_of(&y);
    return op_dot_general(f->outer[e->in[0].var->id], f->outer[e->in[1].var->id], &p);
}

/* The products of all steps, one behind the other: of one operand's steps with the other, which is
 * constant. */
static ct_array stacked_product(const fission *f, const eqn *e, int side)
{
    params_dot_general p = *(const params_dot_general *)e->params;
    const var *x = e->in[side].var, *y = e->in[1 - side].var;
    ct_ints contract[] = {p.dimension_numbers.lhs_contract, p.dimension_numbers.rhs_contract};
    int_list moved = ints_shifted(contract[side], 0);
    p.dimension_numbers.lhs_contract = ints_of(&moved);
    p.dimension_numbers.rhs_contract = contract[1 - side];
    ct_array made = op_dot_general(f->outer[x->id], f->outer[y->id], &p);
    int64_t nx = x->aval.ndim - 1, ny = y->aval.ndim - 1;
    if (!side || !nx)
        return made;
    int_list order = ints_range(0, 1 + nx + ny); /* steps, what is x's, what is y's */
    for (int64_t i = 0; i < nx + ny; i++)
        order.at[1 + i] = 1 + (i < ny ? nx + i : i - ny);
    return op_transpose(made, ints_of(&order));
}

static ct_array whole_sum(const fission *f, const eqn *e)
{
    int_list axes = behind_steps(((const params_reduce *)e->params)->axes);
    return op_reduce_sum(f->outer[e->in[0].var->id], ints_of(&axes));
}

static bool run_before(const fission *f)
{
    bool good = true;
    for (const eqn *e = f->j->eqns; e && good; e = e->next) {
        var *out = e->nout ? e->out[0] : NULL;
        if (!out || (f->place[out->id] != ONCE && f->place[out->id] != AHEAD))
            continue;
        ct_array in[MOST_READ], *made = &f->outer[out->id];
        if (f->place[out->id] == AHEAD) {
            *made = stacked_product(f, e, sliced_side(f, e));
        } else {
            for (int i = 0; i < e->nin; i++)
                in[i] = e->in[i].var ? f->outer[e->in[i].var->id] : e->in[i].literal;
            eqn_bind(e, in, made);
        }
        good = !is_poison(*made);
    }
    return good;
}

/* Result k, from its carry's start and what was stacked. */
static ct_array run_late(const fission *f, int k, ct_array start)
{
    const late *l = &f->late[k];
    bool adds = k < f->p->num_carry;
    ct_array made = l->base->op->code == OP_reduce_sum ? whole_sum(f, l->base)
                    : adds                             ? summed_product(f, l->base)
                                                       : stacked_product(f, l->base, 0);
    for (int i = 0; i < l->nlinks && !is_poison(made); i++)
        eqn_bind(l->links[i], (ct_array[]){made}, &made);
    return adds ? op_add_any(start, made) : made;
}

static jaxpr *stage_left(fission *f, int64_t n, const ct_array *in, int64_t nwhole)
{
    aval *avals = base_alloc((size_t)(n + 1) * sizeof *avals);
    for (int64_t i = 0; i < n && avals; i++) {
        avals[i] = in[i]->aval;
        if (i >= nwhole)
            avals[i].ndim--, avals[i].shape++;
    }
    jaxpr *made =
        avals ? transform_stage((flat){run_left, f, f->j->name}, n, avals, f->j->name) : NULL;
    base_free(avals);
    return made;
}

/* Binds the loop that is left; its results into out, and what it stacks. */
static bool run_loop(fission *f, const ct_array *in, ct_array *operands, ct_array *out)
{
    const jaxpr *j = f->j;
    params_scan q = *f->p;
    int64_t n = 0;
    for (int64_t i = 0; i < q.num_consts; i++)
        operands[n++] = in[i];
    for (int32_t i = 0; i < j->nvars; i++)
        if (given(f, i, ONCE))
            operands[n++] = f->outer[i];
    q.num_consts = n;
    for (int64_t k = 0; k < f->p->num_carry; k++)
        if (!f->late[k].base)
            operands[n++] = in[f->p->num_consts + k];
    q.num_carry = n - q.num_consts;
    for (int64_t i = f->first_x; i < j->nin; i++)
        operands[n++] = in[i];
    for (int32_t i = 0; i < j->nvars; i++)
        if (given(f, i, AHEAD))
            operands[n++] = f->outer[i];
    q.jaxpr = stage_left(f, n, operands, q.num_consts + q.num_carry);
    if (q.jaxpr)
        compile_show("a scan that products left: ", q.jaxpr);
    ct_array *made = operands + n;
    bool good = q.jaxpr && scan_bind(&q, (int)n, operands, q.jaxpr->nout, made);
    for (int k = 0; k < j->nout && good; k++)
        if (!f->late[k].base)
            out[k] = *made++;
    for (int32_t i = 0; i < j->nvars && good; i++)
        if (f->stacked[i])
            f->outer[i] = *made++;
    object_release(q.jaxpr);
    return good;
}

static bool run_fission(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    fission *f = env;
    const jaxpr *j = f->j;
    (void)nin;
    *out = (leaves){j->nout, base_alloc((size_t)(j->nout + 1) * sizeof *out->at)};
    ct_array *room = base_alloc((size_t)(j->nin + j->nout + 2 * j->nvars + 1) * sizeof *room);
    for (int i = 0; i < j->nconsts; i++)
        f->outer[j->constvars[i]->id] = j->consts[i];
    for (int i = 0; i < j->nin; i++)
        f->outer[j->in[i]->id] = in[i];
    bool good = out->at && room && run_before(f) && run_loop(f, in, room, out->at);
    for (int k = 0; k < j->nout && good; k++)
        if (f->late[k].base)
            good = !is_poison(out->at[k] = run_late(f, k, in[f->p->num_consts + k]));
    base_free(room);
    return good;
}

/* ---- all together ---- */
jaxpr *fission_scan(const params_scan *p, int nin, const aval *in)
{
    if (p->length < 2)
        return NULL;
    fission f = {.p = p, .j = fission_body(p), .first_x = p->num_consts + p->num_carry};
    if (!f.j)
        return NULL;
    size_t n = (size_t)f.j->nvars + 1, nout = (size_t)f.j->nout + 1;
    f.maker = base_zalloc(n * sizeof *f.maker);
    f.outer = base_zalloc(n * sizeof *f.outer);
    f.late = base_zalloc(nout * sizeof *f.late);
    f.place = base_zalloc(5 * n);
    jaxpr *made = NULL;
    if (f.maker && f.outer && f.late && f.place) {
        f.input = (bool *)f.place + n, f.stacked = f.input + n, f.constant = f.stacked + n;
        f.wanted = f.constant + n;
        plan_before(&f);
        plan_after(&f);
        find_wanted(&f);
        if (f.any)
            made = transform_stage((flat){run_fission, &f, f.j->name}, nin, in, f.j->name);
    }
    base_free(f.maker), base_free(f.outer), base_free(f.late), base_free(f.place);
    return made;
}
