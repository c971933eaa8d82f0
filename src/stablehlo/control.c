/* Calls, loops and branches: programs in functions of their own or in the regions of an
 * operation. */
#include "ops/rules.h"
#include "stablehlo/hlo.h"
#include "transform/cond.h"
#include "transform/scan.h"
#include "transform/while.h"

static void take_results(hlo_eqn *q, const hlo_op *o, int first)
{
    for (int i = 0; i < q->e->nout && first + i < o->nout; i++)
        q->out[i] = &o->out[first + i];
}

static hlo_value **values(hlo *h, int64_t n)
{
    hlo_value **at = arena_alloc(&h->memory, (size_t)(n + 1) * sizeof *at);
    h->failed |= !at;
    if (at)
        memset(at, 0, (size_t)(n + 1) * sizeof *at);
    return at;
}

static aval *types_of(hlo *h, int64_t n, hlo_value *const *in)
{
    aval *types = arena_alloc(&h->memory, (size_t)(n + 1) * sizeof *types);
    h->failed |= !types;
    for (int64_t i = 0; i < n && types; i++)
        types[i] = in[i]->type;
    return types;
}

/* ---- calls ---- */

static hlo_op *called(hlo *h, const jaxpr *j, const char *name, hlo_value *const *in)
{
    hlo_function *f = hlo_function_of(h, j, name);
    return f ? hlo_call(h, f, j->nin, in) : NULL;
}

static void jit_rule(hlo *h, hlo_eqn *q)
{
    const params_call *p = q->e->params;
    hlo_op *o = called(h, p->jaxpr, p->name ? p->name : "f", q->in);
    if (o)
        take_results(q, o, 0);
}

/* The program's equations stand where the call does. */
static void inline_rule(hlo *h, hlo_eqn *q)
{
    hlo_program(h, params_jaxpr(q->e->op, q->e->params), q->in, q->out);
}

static void barrier_rule(hlo *h, hlo_eqn *q)
{
    int n = q->e->nin;
    aval *types = types_of(h, n, q->in);
    if (types)
        take_results(q, hlo_add(h, "stablehlo.optimization_barrier $a : $t", n, q->in, n, types),
                     0);
}

/* What is computed again must not be merged with the first time. */
static void remat_rule(hlo *h, hlo_eqn *q)
{
    const params_remat2 *p = q->e->params;
    int n = q->e->nin;
    aval *types = types_of(h, n, q->in);
    if (p->differentiated && p->prevent_cse && n && types) {
        hlo_op *o = hlo_add(h, "stablehlo.optimization_barrier $a : $t", n, q->in, n, types);
        for (int i = 0; i < o->nout; i++)
            q->in[i] = &o->out[i];
    }
    inline_rule(h, q);
}

/* ---- branches ---- */

static void cond_rule(hlo *h, hlo_eqn *q)
{
    const jaxpr_list *branches = &((const params_cond *)q->e->params)->branches;
    text t = {0};
    for (int64_t b = 0; b < branches->n; b++)
        text_add(&t, b ? ", $r" : "$r");
    char *regions = text_end(&t);
    aval *types = arena_alloc(&h->memory, (size_t)(q->e->nout + 1) * sizeof *types);
    hlo_value **out = values(h, q->e->nout);
    if (!types || !out)
        return;
    for (int i = 0; i < q->e->nout; i++)
        types[i] = *atom_aval(&branches->at[0]->out[i]);
    hlo_op *o =
        hlo_add(h, hlo_format(h, "\"stablehlo.case\"($a) (%s) : $s", regions ? regions : ""), 1,
                q->in, q->e->nout, types);
    base_free(regions);
    for (int64_t b = 0; b < branches->n && !h->failed; b++) {
        hlo_open(h, o, 0, NULL, NULL);
        hlo_program(h, branches->at[b], q->in + 1, out);
        if (!h->failed)
            hlo_close(h, q->e->nout, out);
    }
    take_results(q, o, 0);
}

/* ---- while ---- */

static hlo_op *new_loop(hlo *h, int64_t n, hlo_value *const *in)
{
    aval *types = types_of(h, n, in);
    return hlo_add(h, "stablehlo.while($n) : $i\ncond $r do $r", (int)n, in, types ? (int)n : 0,
                   types);
}

static hlo_value **open_loop_region(hlo *h, hlo_op *o)
{
    aval *types = types_of(h, o->nin, o->in);
    hlo_value **args = values(h, o->nin);
    if (!types || !args)
        return NULL;
    hlo_region *r = hlo_open(h, o, o->nin, types, "iterArg");
    for (int i = 0; i < r->nargs; i++)
        args[i] = &r->args[i];
    return h->failed ? NULL : args;
}

/* The test on its constants and the carry. */
static hlo_value *tested(hlo *h, const params_while *p, hlo_value *const *args, int carry)
{
    hlo_value **in = values(h, p->cond_nconsts + carry), *holds = NULL;
    if (!in)
        return NULL;
    hlo_copy(in, args, (size_t)p->cond_nconsts * sizeof *in);
    hlo_copy(in + p->cond_nconsts, args + p->cond_nconsts + p->body_nconsts,
             (size_t)carry * sizeof *in);
    hlo_program(h, p->cond, in, &holds);
    return h->failed ? NULL : holds;
}

/* The new value where the test, whose axes are the leading ones, holds. */
static hlo_value *where(hlo *h, hlo_value *holds, hlo_value *next, hlo_value *old)
{
    int64_t dims[MAX_NDIM];
    for (int k = 0; k < holds->type.ndim; k++)
        dims[k] = k;
    hlo_value *mask = hlo_broadcast(h, holds, holds->type.ndim, dims, hlo_of(&next->type, CT_BOOL));
    return hlo_select(h, mask, next, old);
}

static void while_rule(hlo *h, hlo_eqn *q)
{
    const params_while *p = q->e->params;
    int nin = q->e->nin, carry = q->e->nout, first = nin - carry;
    hlo_op *o = new_loop(h, nin, q->in);
    hlo_value **args = open_loop_region(h, o);
    hlo_value *holds = args ? tested(h, p, args, carry) : NULL;
    if (!holds)
        return;
    if (holds->type.ndim)
        holds = hlo_any(h, holds);
    hlo_close(h, 1, &holds);
    hlo_value **next = values(h, nin);
    if (!next || !(args = open_loop_region(h, o)))
        return;
    hlo_copy(next, args, (size_t)first * sizeof *next);
    hlo_program(h, p->body, args + p->cond_nconsts, next + first);
    if (!h->failed && atom_aval(&p->cond->out[0])->ndim) {
        holds = tested(h, p, args, carry);
        for (int i = first; i < nin && holds; i++)
            next[i] = where(h, holds, next[i], args[i]);
    }
    if (!h->failed)
        hlo_close(h, nin, next);
    take_results(q, o, first);
}

/* ---- scan: a loop that counts, over functions that take and put slices ---- */

/* x[i] along the first dimension, as a function. */
static hlo_value *indexed(hlo *h, hlo_value *xs, hlo_value *i)
{
    static const char name[] = "dynamic_index_in_dim";
    hlo_function *f = hlo_find(h, NULL, name, &xs->type);
    hlo_value *in[] = {xs, i};
    if (!f) {
        aval types[] = {xs->type, i->type}, slice = xs->type;
        int64_t shape[MAX_NDIM + 1];
        hlo_copy(shape, slice.shape, (size_t)slice.ndim * sizeof *shape);
        shape[0] = 1;
        f = hlo_begin(h, name, 2, types);
        hlo_region *outside = h->at;
        h->at = f->body;
        hlo_value *at[MAX_NDIM + 2] = {&f->body->args[0], &f->body->args[1]};
        hlo_value *zero = slice.ndim > 1 ? hlo_number(h, (ct_dtype)i->type.dtype, 0) : NULL;
        for (int k = 1; k < slice.ndim; k++)
            at[1 + k] = zero;
        hlo_value *row = hlo_emit(h, hlo_type(h, (ct_dtype)slice.dtype, slice.ndim, shape),
                                  hlo_format(h, "stablehlo.dynamic_slice $a, sizes = %s : $s",
                                             hlo_ints(h, slice.ndim, shape)),
                                  1 + slice.ndim, at);
        row = hlo_reshape(h, row, hlo_type(h, (ct_dtype)slice.dtype, slice.ndim - 1, shape + 1));
        hlo_end(h, f, 1, &row);
        h->at = outside;
        hlo_keep(h, NULL, name, &xs->type, f);
    }
    hlo_op *o = hlo_call(h, f, 2, in);
    return o->out;
}

/* y with a first dimension of one. */
static hlo_value *raised(hlo *h, hlo_value *y)
{
    int64_t dims[MAX_NDIM], shape[MAX_NDIM + 1] = {1};
    for (int k = 0; k < y->type.ndim; k++) {
        dims[k] = k + 1;
        shape[k + 1] = y->type.shape[k];
    }
    return hlo_broadcast(h, y, y->type.ndim, dims,
                         hlo_type(h, (ct_dtype)y->type.dtype, y->type.ndim + 1, shape));
}

/* ys with ys[i] = y, as a function. */
static hlo_value *updated(hlo *h, hlo_value *ys, hlo_value *y, hlo_value *i)
{
    static const char name[] = "dynamic_update_index_in_dim";
    hlo_function *f = hlo_find(h, NULL, name, &ys->type);
    hlo_value *in[] = {ys, y, i};
    if (!f) {
        aval types[] = {ys->type, y->type, i->type};
        f = hlo_begin(h, name, 3, types);
        hlo_region *outside = h->at;
        h->at = f->body;
        hlo_value *at[MAX_NDIM + 3] = {&f->body->args[0], raised(h, &f->body->args[1]),
                                       &f->body->args[2]};
        hlo_value *zero = ys->type.ndim > 1 ? hlo_number(h, (ct_dtype)i->type.dtype, 0) : NULL;
        for (int k = 1; k < ys->type.ndim; k++)
            at[2 + k] = zero;
        hlo_value *made =
            hlo_emit(h, ys->type, "stablehlo.dynamic_update_slice $a : $s", 2 + ys->type.ndim, at);
        hlo_end(h, f, 1, &made);
        h->at = outside;
        hlo_keep(h, NULL, name, &ys->type, f);
    }
    hlo_op *o = hlo_call(h, f, 3, in);
    return o->out;
}

typedef struct scan_call {
    const params_scan *p;
    int consts, carry, xs, ys;
} scan_call;

/* One step: the body's function on the constants, the carry and slices; the carry is replaced. */
static hlo_value *const *step(hlo *h, const scan_call *s, hlo_value *const *consts,
                              hlo_value **carry, hlo_value *const *x)
{
    hlo_value **in = values(h, s->consts + s->carry + s->xs), **y = values(h, s->ys);
    if (!in || !y)
        return NULL;
    hlo_copy(in, consts, (size_t)s->consts * sizeof *in);
    hlo_copy(in + s->consts, carry, (size_t)s->carry * sizeof *in);
    hlo_copy(in + s->consts + s->carry, x, (size_t)s->xs * sizeof *in);
    hlo_op *o = called(h, s->p->jaxpr, "closed_call", in);
    if (!o || o->nout != s->carry + s->ys) {
        h->failed = true;
        return NULL;
    }
    for (int i = 0; i < s->carry; i++)
        carry[i] = &o->out[i];
    for (int i = 0; i < s->ys; i++)
        y[i] = &o->out[s->carry + i];
    return y;
}

static hlo_value *row_of(hlo *h, hlo_value *xs, int64_t i)
{
    hlo_value *row = hlo_slice_along(h, xs, 0, i, i + 1);
    return hlo_reshape(
        h, row, hlo_type(h, (ct_dtype)xs->type.dtype, xs->type.ndim - 1, xs->type.shape + 1));
}

/* Some steps one after the other; the rows of ys put together. */
static hlo_value **steps(hlo *h, const scan_call *s, int64_t n, hlo_value *const *consts,
                         hlo_value **carry, hlo_value *const *xs)
{
    hlo_value **rows = values(h, n * s->ys), **x = values(h, s->xs), **ys = values(h, s->ys);
    for (int64_t k = 0; k < n && rows && x && ys && !h->failed; k++) {
        int64_t i = s->p->reverse ? n - 1 - k : k;
        for (int v = 0; v < s->xs; v++)
            x[v] = row_of(h, xs[v], i);
        hlo_value *const *y = step(h, s, consts, carry, x);
        for (int v = 0; v < s->ys && y; v++)
            rows[v * n + i] = y[v];
    }
    for (int v = 0; v < s->ys && !h->failed; v++) {
        for (int64_t k = 0; k < n; k++)
            rows[v * n + k] = raised(h, rows[v * n + k]);
        ys[v] = n == 1 ? rows[v] : hlo_join(h, (int)n, rows + v * n, 0);
    }
    return h->failed ? NULL : ys;
}

/* (trips, unrolled, rest...) of (trips * unrolled, rest...), and back. */
static aval folded(hlo *h, const aval *a, int64_t trips, int64_t unrolled)
{
    int64_t shape[MAX_NDIM + 2] = {trips, unrolled};
    hlo_copy(shape + 2, a->shape + 1, (size_t)(a->ndim - 1) * sizeof *shape);
    return hlo_type(h, (ct_dtype)a->dtype, a->ndim + 1, shape);
}

static aval stacked(hlo *h, int64_t n, const aval *a)
{
    int64_t shape[MAX_NDIM + 1] = {n};
    hlo_copy(shape + 1, a->shape, (size_t)a->ndim * sizeof *shape);
    return hlo_type(h, (ct_dtype)a->dtype, a->ndim + 1, shape);
}

/* The loop: operands and results are xs, constants, the count, the carry, ys. */
static bool scan_loop(hlo *h, const scan_call *s, int64_t trips, int64_t unrolled,
                      hlo_value *const *consts, hlo_value **carry, hlo_value *const *xs,
                      hlo_value **ys)
{
    int count = s->xs + s->consts, n = count + 1 + s->carry + s->ys;
    hlo_value **in = values(h, n), **next = values(h, n), **x = values(h, s->xs), **args;
    if (!in || !next || !x)
        return false;
    hlo_copy(in, xs, (size_t)s->xs * sizeof *in);
    hlo_copy(in + s->xs, consts, (size_t)s->consts * sizeof *in);
    in[count] = hlo_number(h, CT_INT32, 0);
    hlo_copy(in + count + 1, carry, (size_t)s->carry * sizeof *in);
    hlo_copy(in + count + 1 + s->carry, ys, (size_t)s->ys * sizeof *in);
    hlo_op *o = new_loop(h, n, in);
    if (!(args = open_loop_region(h, o)))
        return false;
    hlo_value *more = hlo_number(h, CT_INT32, (double)trips);
    more = hlo_compare(h, "LT", args[count], more);
    hlo_close(h, 1, &more);
    if (!(args = open_loop_region(h, o)))
        return false;
    hlo_copy(next, args, (size_t)n * sizeof *next);
    hlo_value *i = args[count];
    if (s->p->reverse) {
        hlo_value *left = hlo_binary(h, "subtract", hlo_number(h, CT_INT32, (double)trips), i);
        i = hlo_binary(h, "subtract", left, hlo_number(h, CT_INT32, 1));
    }
    for (int v = 0; v < s->xs; v++)
        x[v] = indexed(h, args[v], i);
    hlo_value **state = next + count + 1;
    hlo_value *const *y = unrolled == 1 ? step(h, s, args + s->xs, state, x)
                                        : steps(h, s, unrolled, args + s->xs, state, x);
    for (int v = 0; v < s->ys && y; v++)
        state[s->carry + v] = updated(h, state[s->carry + v], y[v], i);
    next[count] = hlo_binary(h, "add", args[count], hlo_number(h, CT_INT32, 1));
    hlo_close(h, n, next);
    for (int v = 0; v < s->carry && o->out; v++)
        carry[v] = &o->out[count + 1 + v];
    for (int v = 0; v < s->ys && o->out; v++)
        ys[v] = &o->out[count + 1 + s->carry + v];
    return !h->failed;
}

static void scan_rule(hlo *h, hlo_eqn *q)
{
    const params_scan *p = q->e->params;
    scan_call s = {p, (int)p->num_consts, (int)p->num_carry, 0, 0};
    s.xs = q->e->nin - s.consts - s.carry;
    s.ys = q->e->nout - s.carry;
    int64_t unrolled = p->unroll < 1 ? 1 : p->unroll, trips = p->length / unrolled;
    if (unrolled > 1 && unrolled >= p->length)
        trips = 0;
    int64_t looped = trips * unrolled, rest = p->length - looped;
    hlo_value **carry = values(h, s.carry), **xs = values(h, s.xs), **others = values(h, s.xs);
    hlo_value **ys = values(h, s.ys), *const *consts = q->in;
    if (!carry || !xs || !others || !ys)
        return;
    hlo_copy(carry, q->in + s.consts, (size_t)s.carry * sizeof *carry);
    hlo_copy(xs, q->in + s.consts + s.carry, (size_t)s.xs * sizeof *xs);
    int64_t first = p->reverse ? rest : 0, second = p->reverse ? 0 : looped;
    for (int v = 0; v < s.xs && rest; v++) {
        hlo_value *whole = xs[v];
        xs[v] = hlo_slice_along(h, whole, 0, first, first + looped);
        others[v] = hlo_slice_along(h, whole, 0, second, second + rest);
    }
    for (int v = 0; v < s.xs && unrolled > 1 && trips; v++)
        xs[v] = hlo_reshape(h, xs[v], folded(h, &xs[v]->type, trips, unrolled));
    for (int v = 0; v < s.ys; v++) {
        const aval one = hlo_physical(h, atom_aval(&p->jaxpr->out[s.carry + v]));
        aval type = stacked(h, looped, &one);
        if (unrolled > 1 && trips)
            type = folded(h, &type, trips, unrolled);
        ys[v] = hlo_filled(h, type, 0);
    }
    bool good = !h->failed;
    if (trips || unrolled == 1)
        good = scan_loop(h, &s, trips, unrolled, consts, carry, xs, ys);
    for (int v = 0; v < s.ys && good && unrolled > 1 && trips; v++) {
        const aval one = hlo_physical(h, atom_aval(&p->jaxpr->out[s.carry + v]));
        ys[v] = hlo_reshape(h, ys[v], stacked(h, looped, &one));
    }
    hlo_value **more = good && rest ? steps(h, &s, rest, consts, carry, others) : NULL;
    for (int v = 0; v < s.ys && more; v++) {
        hlo_value *parts[] = {p->reverse ? more[v] : ys[v], p->reverse ? ys[v] : more[v]};
        ys[v] = hlo_join(h, 2, parts, 0);
    }
    hlo_copy(q->out, carry, (size_t)s.carry * sizeof *carry);
    hlo_copy(q->out + s.carry, ys, (size_t)s.ys * sizeof *ys);
}

hlo_rule *hlo_control_rule(int code)
{
    switch (code) {
    case OP_jit:
        return jit_rule;
    case OP_custom_jvp_call:
    case OP_custom_vjp_call:
    case OP_custom_vmap_call:
        return inline_rule;
    case OP_remat2:
        return remat_rule;
    case OP_optimization_barrier:
        return barrier_rule;
    case OP_cond:
        return cond_rule;
    case OP_while:
        return while_rule;
    case OP_scan:
        return scan_rule;
    }
    return NULL;
}
