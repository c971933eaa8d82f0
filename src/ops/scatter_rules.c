/* Derivatives of scatter and its relatives.
 *
 * Additions are linear in operand and updates together. Overwriting is, too, once it is known which
 * update stands where several name one place: each gets a number, the numbers are scattered, and an
 * update counts where it finds its own number again. */
#include "ops/structured.h"

static ct_array zeros_if_null(ct_array tangent, ct_array primal)
{
    return tangent ? tangent : op_full_like(primal, 0);
}

ct_array scatter_read(ct_array x, ct_array indices, const aval *updates, const params_scatter *p,
                      int mode)
{
    if (is_poison(x))
        return x;
    int_list window = scatter_window(&p->dimension_numbers, &x->aval, updates);
    params_gather q = {.dimension_numbers = scatter_inverse(&p->dimension_numbers),
                       .mode = mode,
                       .slice_sizes = ints_of(&window)};
    q.fill_value.given = mode != GATHER_PROMISE_IN_BOUNDS;
    return op_gather(x, indices, &q);
}

static bool good2(ct_array a, ct_array b) { return !is_poison(a) && !is_poison(b); }

/* ---- overwriting ---- */

typedef struct standing {
    ct_array scattered, numbers, found;
} standing;

/* Numbers from 1 on, one a window; zero marks places that no update reaches. */
static standing number_updates(const params_scatter *p, ct_array x, ct_array indices,
                               ct_array updates)
{
    int_list shape;
    shape.n = updates->aval.ndim;
    for (int64_t i = 0; i < shape.n; i++)
        shape.at[i] =
            ints_contain(p->dimension_numbers.update_window_dims, i) ? 1 : updates->aval.shape[i];
    int64_t count = shape_size(shape.n, shape.at);
    ct_dtype dtype = count < UINT32_MAX ? CT_UINT32 : CT_UINT64;
    ct_array numbers = op_reshape(op_iota(dtype, (ct_ints){1, &count}, 0), ints_of(&shape));
    numbers =
        op_add(numbers,
               op_full(&(aval){(uint8_t)dtype, false, updates->aval.ndim, updates->aval.shape}, 1));
    ct_array nowhere = op_full(&(aval){(uint8_t)dtype, false, x->aval.ndim, x->aval.shape}, 0);
    ct_array scattered = op_scatter(&op_row_scatter, nowhere, indices, numbers, p);
    return (standing){
        scattered, numbers,
        scatter_read(scattered, indices, &updates->aval, p, GATHER_PROMISE_IN_BOUNDS)};
}

static ct_array keep_untouched(const standing *s, ct_array x)
{
    ct_array untouched = op_eq(s->scattered, op_full_like(s->scattered, 0)),
             zero = op_full_like(x, 0);
    return op_select_n(untouched, 2, (ct_array[]){zero, x});
}

static ct_array keep_standing(const standing *s, ct_array updates)
{
    ct_array stands = op_eq(s->numbers, s->found), zero = op_full_like(updates, 0);
    return op_select_n(stands, 2, (ct_array[]){zero, updates});
}

bool jvp_scatter(const op *o, const void *params, int nin, const ct_array *primals,
                 const ct_array *tangents, int nout, ct_array *out_primals, ct_array *out_tangents)
{
    (void)nin, (void)nout;
    const params_scatter *p = params;
    ct_array x = primals[0], indices = primals[1], updates = primals[2];
    ct_array tx = zeros_if_null(tangents[0], x), tu = zeros_if_null(tangents[2], updates);
    if (p->unique_indices) {
        out_primals[0] = op_scatter(o, x, indices, updates, p);
        out_tangents[0] = op_scatter(o, tx, indices, tu, p);
        return good2(out_primals[0], out_tangents[0]);
    }
    standing s = number_updates(p, x, indices, updates);
    if (!good2(s.found, s.numbers))
        return false;
    ct_array x_kept = keep_untouched(&s, x), u_kept = keep_standing(&s, updates);
    ct_array tx_kept = keep_untouched(&s, tx), tu_kept = keep_standing(&s, tu);
    out_primals[0] = op_scatter(&op_row_scatter_add, x_kept, indices, u_kept, p);
    out_tangents[0] = op_scatter(&op_row_scatter_add, tx_kept, indices, tu_kept, p);
    return good2(out_primals[0], out_tangents[0]);
}

bool transpose_scatter(const op *o, const void *params, int nin, const ct_array *in,
                       const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)nin, (void)nout;
    params_scatter p = *(const params_scatter *)params;
    out[0] = out[1] = out[2] = NULL;
    if (!cts[0])
        return true;
    if (!p.unique_indices) {
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "scatter transpose is only implemented where unique_indices=True");
        return false;
    }
    aval zero = in_avals[2];
    zero.dtype = cts[0]->aval.dtype;
    zero.weak = false;
    if (!in[0])
        out[0] = op_scatter(o, cts[0], in[1], op_full(&zero, 0), &p);
    if (!in[2])
        out[2] = scatter_read(cts[0], in[1], &in_avals[2], &p, p.mode);
    return !(out[0] && is_poison(out[0])) && !(out[2] && is_poison(out[2]));
}

/* ---- adding and subtracting ---- */

bool jvp_scatter_linear(const op *o, const void *params, int nin, const ct_array *primals,
                        const ct_array *tangents, int nout, ct_array *out_primals,
                        ct_array *out_tangents)
{
    (void)nin, (void)nout;
    out_primals[0] = op_scatter(o, primals[0], primals[1], primals[2], params);
    ct_array tx = zeros_if_null(tangents[0], primals[0]),
             tu = zeros_if_null(tangents[2], primals[2]);
    out_tangents[0] = op_scatter(o, tx, primals[1], tu, params);
    return good2(out_primals[0], out_tangents[0]);
}

bool transpose_scatter_linear(const op *o, const void *params, int nin, const ct_array *in,
                              const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)nin, (void)nout;
    const params_scatter *p = params;
    out[0] = out[1] = out[2] = NULL;
    if (!cts[0])
        return true;
    if (!in[0])
        out[0] = cts[0];
    if (!in[2]) {
        out[2] = scatter_read(cts[0], in[1], &in_avals[2], p, p->mode);
        if (o->code == OP_scatter_sub)
            out[2] = op_neg(out[2]);
    }
    return !(out[2] && is_poison(out[2]));
}

/* ---- multiplying ---- */

static bool need_unique(const params_scatter *p)
{
    if (!p->unique_indices)
        base_fail(CT_NOT_IMPLEMENTED_ERROR,
                  "scatter_mul gradients are only implemented if `unique_indices=True`");
    return p->unique_indices;
}

bool jvp_scatter_mul(const op *o, const void *params, int nin, const ct_array *primals,
                     const ct_array *tangents, int nout, ct_array *out_primals,
                     ct_array *out_tangents)
{
    (void)nin, (void)nout;
    const params_scatter *p = params;
    ct_array by_x = NULL, by_u = NULL;
    out_primals[0] = op_scatter(o, primals[0], primals[1], primals[2], p);
    if (tangents[0])
        by_x = op_scatter(o, tangents[0], primals[1], primals[2], p);
    if (tangents[2]) {
        if (!need_unique(p))
            return false;
        by_u = op_mul(primals[0], op_scatter(&op_row_scatter_add, op_full_like(primals[0], 0),
                                             primals[1], tangents[2], p));
    }
    out_tangents[0] = by_x && by_u ? op_add_any(by_x, by_u) : by_x ? by_x : by_u;
    return good2(out_primals[0], out_tangents[0]);
}

bool transpose_scatter_mul(const op *o, const void *params, int nin, const ct_array *in,
                           const aval *in_avals, int nout, const ct_array *cts, ct_array *out)
{
    (void)nin, (void)nout;
    const params_scatter *p = params;
    out[0] = out[1] = out[2] = NULL;
    if (!cts[0])
        return true;
    if (!in[0])
        out[0] = op_scatter(o, cts[0], in[1], in[2], p);
    else if (!need_unique(p))
        return false;
    else
        out[2] = scatter_read(op_mul(cts[0], in[0]), in[1], &in_avals[2], p, p->mode);
    return !is_poison(in[0] ? out[2] : out[0]);
}

/* ---- extremes: a tie shares the tangent equally ---- */

typedef struct shares {
    ct_array of_update, of_operand;
} shares;

/* What part of each tangent reaches the result, seen from each update. */
static shares extreme_shares(const params_scatter *p, ct_array x, ct_array indices,
                             ct_array updates, ct_array result)
{
    const aval *like = &updates->aval;
    ct_array before = scatter_read(x, indices, like, p, GATHER_PROMISE_IN_BOUNDS),
             after = scatter_read(result, indices, like, p, GATHER_PROMISE_IN_BOUNDS);
    ct_array wins = op_eq(updates, after), stays = op_eq(before, after), one = op_full(like, 1),
             none = op_full(like, 0);
    ct_array zero = op_full_like(x, 0), ones = op_select_n(wins, 2, (ct_array[]){none, one});
    ct_array winners = scatter_read(op_scatter(&op_row_scatter_add, zero, indices, ones, p),
                                    indices, like, p, GATHER_PROMISE_IN_BOUNDS);
    ct_array updaters = scatter_read(op_scatter(&op_row_scatter_add, zero, indices, one, p),
                                     indices, like, p, GATHER_PROMISE_IN_BOUNDS);
    if (!good2(winners, updaters))
        return (shares){winners, updaters};
    ct_array with_operand = div(1.0, add(winners, 1.0)), alone = div(1.0, winners);
    ct_array share = op_select_n(stays, 2, (ct_array[]){alone, with_operand});
    ct_array kept = op_select_n(stays, 2, (ct_array[]){none, with_operand});
    return (shares){op_select_n(wins, 2, (ct_array[]){none, share}),
                    div(add(-1.0, kept), updaters)};
}

bool jvp_scatter_extreme(const op *o, const void *params, int nin, const ct_array *primals,
                         const ct_array *tangents, int nout, ct_array *out_primals,
                         ct_array *out_tangents)
{
    (void)nin, (void)nout;
    const params_scatter *p = params;
    ct_array x = primals[0], indices = primals[1], updates = primals[2];
    out_primals[0] = op_scatter(o, x, indices, updates, p);
    if (is_poison(out_primals[0]))
        return false;
    ct_array tx = zeros_if_null(tangents[0], x), tu = zeros_if_null(tangents[2], updates);
    shares s = extreme_shares(p, x, indices, updates, out_primals[0]);
    ct_array change = op_mul(scatter_read(tx, indices, &updates->aval, p, GATHER_PROMISE_IN_BOUNDS),
                             s.of_operand);
    change = op_add(change, op_mul(tu, s.of_update));
    out_tangents[0] = op_scatter(&op_row_scatter_add, tx, indices, change, p);
    return !is_poison(out_tangents[0]);
}
