/* Reductions over axes, running reductions, positions of extremes. Next: products.c. */
#include "lax/lax.h"
#include "transform/reduce.h"

static ct_array over_axes(const char *what, ct_array x, ct_ints axes,
                          ct_array (*f)(ct_array, ct_ints))
{
    axis_list sorted;
    for (int64_t i = 0; i < axes.n; i++)
        if (axes.at[i] < 0 || axes.at[i] >= x->aval.ndim)
            return ct_fail(CT_VALUE_ERROR,
                           "%s: reduction axis %lld is out of bounds for an array with %d axes.",
                           what, (long long)axes.at[i], (int)x->aval.ndim);
    return lax_axes(what, axes, x->aval.ndim, &sorted) ? f(x, axis_ints(&sorted)) : array_poison;
}

ct_array lax_reduce_sum(const ct_lax_reduce_sum_args *a)
{
    return over_axes("reduce_sum", a->operand, a->axes, op_reduce_sum);
}
ct_array lax_reduce_prod(const ct_lax_reduce_prod_args *a)
{
    return over_axes("reduce_prod", a->operand, a->axes, op_reduce_prod);
}
ct_array lax_reduce_max(const ct_lax_reduce_max_args *a)
{
    return over_axes("reduce_max", a->operand, a->axes, op_reduce_max);
}
ct_array lax_reduce_min(const ct_lax_reduce_min_args *a)
{
    return over_axes("reduce_min", a->operand, a->axes, op_reduce_min);
}
ct_array lax_reduce_and(const ct_lax_reduce_and_args *a)
{
    return over_axes("reduce_and", a->operand, a->axes, op_reduce_and);
}
ct_array lax_reduce_or(const ct_lax_reduce_or_args *a)
{
    return over_axes("reduce_or", a->operand, a->axes, op_reduce_or);
}
ct_array lax_reduce_xor(const ct_lax_reduce_xor_args *a)
{
    return over_axes("reduce_xor", a->operand, a->axes, op_reduce_xor);
}

static ct_array position(const char *what, ct_array x, int64_t axis, ct_dtype dtype,
                         ct_array (*f)(ct_array, int64_t, ct_dtype))
{
    if (axis < 0 || axis >= x->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "%s: invalid axis %lld for an array with %d axes.", what,
                       (long long)axis, (int)x->aval.ndim);
    return f(x, axis, dtype_canonical(dtype));
}
ct_array lax_argmax(const ct_lax_argmax_args *a)
{
    return position("argmax", a->operand, a->axis, a->index_dtype, op_argmax);
}
ct_array lax_argmin(const ct_lax_argmin_args *a)
{
    return position("argmin", a->operand, a->axis, a->index_dtype, op_argmin);
}

static ct_array running(const char *what, ct_array x, int64_t axis, bool reverse,
                        ct_array (*f)(ct_array, int64_t, bool))
{
    if (axis < 0 || axis >= x->aval.ndim)
        return ct_fail(
            CT_VALUE_ERROR,
            "%s: axis %lld is out of bounds for an array with %d axes; it cannot be negative.",
            what, (long long)axis, (int)x->aval.ndim);
    return f(x, axis, reverse);
}
ct_array lax_cumsum(const ct_lax_cumsum_args *a)
{
    return running("cumsum", a->operand, a->axis, a->reverse, op_cumsum);
}
ct_array lax_cumprod(const ct_lax_cumprod_args *a)
{
    return running("cumprod", a->operand, a->axis, a->reverse, op_cumprod);
}
ct_array lax_cummax(const ct_lax_cummax_args *a)
{
    return running("cummax", a->operand, a->axis, a->reverse, op_cummax);
}
ct_array lax_cummin(const ct_lax_cummin_args *a)
{
    return running("cummin", a->operand, a->axis, a->reverse, op_cummin);
}
ct_array lax_cumlogsumexp(const ct_lax_cumlogsumexp_args *a)
{
    return running("cumlogsumexp", a->operand, a->axis, a->reverse, op_cumlogsumexp);
}

/* ---- by any function ---- */

bool lax_reduction_read(const char *who, const ct_tree *operands, const ct_tree *init, ct_fn f,
                        lax_reduction *r)
{
    *r = (lax_reduction){.computation = f};
    if (is_poison(*operands) || is_poison(*init) || !f)
        return false;
    r->n = tree_leaves(init, &r->init);
    tree_leaves(operands, &r->in);
    const treedef *a = tree_def(*operands), *b = tree_def(*init);
    if (!treedef_equal(a, b)) {
        text t = {0};
        text_add(&t, "Operands must have the same tree structure as init_values: ");
        treedef_text(&t, a);
        text_add(&t, " vs. ");
        treedef_text(&t, b);
        char *s = text_end(&t);
        base_fail(CT_VALUE_ERROR, "%s", s ? s : "reduce: operands and init_values differ");
        base_free(s);
        return false;
    }
    if (!r->n)
        return base_fail(CT_VALUE_ERROR, "%s must have at least one operand.", who), false;
    return true;
}

/* The smallest or largest number of a dtype of integers, as array_get_int reads it. */
static int64_t extreme(ct_dtype d, bool highest)
{
    int bits = dtype_table[d].bits;
    if (dtype_is(d, FAMILY_UINT))
        return highest ? (int64_t)(UINT64_MAX >> (64 - bits)) : 0;
    int64_t high = (int64_t)(UINT64_MAX >> (65 - bits));
    return highest ? high : -high - 1;
}

static bool same_bytes(ct_array a, ct_array b)
{
    return !is_poison(b) && !memcmp(a->data, b->data, dtype_table[b->aval.dtype].itemsize);
}

static bool changes_nothing(ct_array init, lax_identity identity)
{
    ct_dtype d = dtype_of(init);
    bool whole = dtype_is(d, FAMILY_INT | FAMILY_UINT), logical = d == CT_BOOL;
    if (!is_array(init) || init->aval.ndim || dtype_is(d, FAMILY_KEY))
        return false;
    if (dtype_is(d, FAMILY_COMPLEX))
        return identity <= IDENTITY_ONE && same_bytes(init, array_scalar(d, false, identity));
    int64_t number = whole || logical ? array_get_int(init, 0) : 0;
    switch (identity) {
    case IDENTITY_ZERO:
        return array_get_double(init, 0) == 0;
    case IDENTITY_ONE:
        return array_get_double(init, 0) == 1;
    case IDENTITY_ONES:
        return logical ? number == 1
                       : whole && number == (dtype_is(d, FAMILY_INT) ? -1 : extreme(d, true));
    case LOWEST:
    case HIGHEST:
        return logical ? number == (identity == HIGHEST)
               : whole ? number == extreme(d, identity == HIGHEST)
                       : array_get_double(init, 0) ==
                             (identity == HIGHEST ? __builtin_inf() : -__builtin_inf());
    }
    return false;
}

bool lax_reduces_by(const lax_reduction *r, void (*f)(void), lax_identity identity)
{
    return r->n == 1 && fn_is(r->computation, f) && changes_nothing(r->init[0], identity);
}

ct_tree lax_reduce(const ct_lax_reduce_args *a)
{
    static const struct {
        void (*f)(void);
        lax_identity identity;
        bool bits;
        ct_array (*reduce)(ct_array, ct_ints);
    } known[] = {
        {(void (*)(void))(ct_lax_add), IDENTITY_ZERO, false, op_reduce_sum},
        {(void (*)(void))(ct_lax_mul), IDENTITY_ONE, false, op_reduce_prod},
        {(void (*)(void))(ct_lax_max), LOWEST, false, op_reduce_max},
        {(void (*)(void))(ct_lax_min), HIGHEST, false, op_reduce_min},
        {(void (*)(void))(ct_lax_bitwise_or), IDENTITY_ZERO, true, op_reduce_or},
        {(void (*)(void))(ct_lax_bitwise_and), IDENTITY_ONES, true, op_reduce_and},
        {(void (*)(void))(ct_lax_bitwise_xor), IDENTITY_ZERO, true, op_reduce_xor},
    };
    lax_reduction r;
    if (!lax_reduction_read("reduce", &a->operands, &a->init_values, a->computation, &r))
        return array_poison;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!lax_reduces_by(&r, known[i].f, known[i].identity) ||
            (known[i].bits &&
             !dtype_is(dtype_of(r.init[0]), FAMILY_BOOL | FAMILY_INT | FAMILY_UINT)))
            continue;
        ct_array x = over_axes("reduce", r.in[0], a->dimensions, known[i].reduce);
        return is_poison(x)
                   ? x
                   : op_convert(x, dtype_of(x), r.in[0]->aval.weak && r.init[0]->aval.weak);
    }
    params_reduction p = {.computation = a->computation, .dimensions = a->dimensions};
    return reduction_call_function(&op_row_reduce, &p, &p.jaxpr, a->computation, (int)r.n, r.in,
                                   a->init_values, false);
}
