/* Reductions over axes: sum, prod, max, min, all, any. Half precision is reduced in float32, and
 * the result goes back. Next: statistics.c, which builds on these. */
#include "numpy/numpy.h"

/* Integers narrower than the default integer are widened to it; booleans count as integers. */
static ct_dtype widen_integer(ct_dtype d)
{
    if (d == CT_BOOL)
        return dtype_default(FAMILY_INT);
    if (!dtype_is(d, FAMILY_INT | FAMILY_UINT))
        return d;
    ct_dtype to = dtype_default(dtype_family_of(d));
    return dtype_table[to].bits > dtype_table[d].bits ? to : d;
}

bool numpy_check_where(const char *what, ct_array where)
{
    if (!where || dtype_of(where) == CT_BOOL)
        return true;
    base_fail(CT_VALUE_ERROR, "jnp.%s: where must be None or a boolean array; got where.dtype=%s.",
              what, dtype_table[dtype_of(where)].name);
    return false;
}

/* One reduction as it was asked for. */
typedef struct reduction {
    const char *what;
    ct_array (*reduce)(ct_array x, ct_ints axes);
    binary_op *combine; /* for `initial` */
    double neutral;     /* stands where `where` is false */
    bool has_identity;
    ct_ints axis;
    ct_array where, initial;
    bool keepdims;
    ct_array (*over_names)(ct_array x, const char *names); /* NULL: only counted axes */
} reduction;

/* The extreme itself where a dtype cannot hold an infinity. */
static ct_array neutral_of(const reduction *r, ct_dtype d)
{
    if (d == CT_BOOL)
        return array_scalar(CT_BOOL, false, r->neutral > 0);
    if (__builtin_isinf(r->neutral) && dtype_is(d, FAMILY_INT | FAMILY_UINT))
        return array_scalar_int(d, false,
                                r->neutral > 0 ? numpy_largest_int(d) : numpy_smallest_int(d));
    return array_scalar(d, false, r->neutral);
}

static bool nonempty(const reduction *r, ct_array x, const dimlist *axes)
{
    if (r->has_identity || r->initial || numpy_axes_size(x, axes, NULL) > 0)
        return true;
    base_fail(CT_VALUE_ERROR, "zero-size array to reduction operation %s which has no identity",
              r->what);
    return false;
}

/* x, whose dtype is that of the computation, reduced; then to the result's dtype. */
static ct_array reduce_in(const reduction *r, ct_array x, ct_dtype inside, ct_dtype result)
{
    dimlist axes;
    axis_names names;
    if (!r->initial && !r->has_identity && r->where)
        return ct_fail(CT_VALUE_ERROR,
                       "reduction operation %s does not have an identity, so to use a where mask "
                       "one has to specify 'initial'",
                       r->what);
    if (!numpy_check_where(r->what, r->where) ||
        !numpy_axes_and_names(r->what, r->axis, x->aval.ndim, &axes, &names) ||
        !nonempty(r, x, &axes))
        return array_poison;
    x = numpy_cast(x, inside);
    if (r->where)
        x = ct_where(r->where, x, neutral_of(r, inside));
    if (names.text[0] && !r->over_names)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "Named reductions not implemented for jnp.%s(): axis '%s'", r->what,
                       names.text);
    x = r->reduce(x, dimlist_ints(&axes));
    if (names.text[0])
        x = r->over_names(x, names.text);
    if (r->initial) {
        if (r->initial->aval.ndim)
            return ct_fail(CT_VALUE_ERROR, "initial value must be a scalar. Got array with %d axes",
                           (int)r->initial->aval.ndim);
        x = r->combine(numpy_cast(r->initial, inside), x);
    }
    if (r->keepdims && axes.n)
        x = op_expand_dims(x, dimlist_ints(&axes));
    return is_poison(x) ? x : numpy_cast(x, result);
}

static ct_dtype half_to_single(ct_dtype d)
{
    return d == CT_FLOAT16 || d == CT_BFLOAT16 ? CT_FLOAT32 : d;
}

/* sum and prod: booleans are numbers, integers widen, and dtype may say otherwise. */
static ct_array accumulate(const reduction *r, ct_array x, ct_dtype asked, bool promote_integers)
{
    if (dtype_of(x) == CT_BOOL)
        x = numpy_cast(x, dtype_default(FAMILY_INT));
    ct_dtype natural = promote_integers ? widen_integer(dtype_of(x)) : dtype_of(x);
    ct_dtype result = numpy_dtype(asked, natural);
    return reduce_in(r, x, asked == CT_NO_DTYPE ? half_to_single(result) : result, result);
}

/* A boolean result of a sum is an "or". */
static ct_array sum_axes(ct_array x, ct_ints axes)
{
    return dtype_of(x) == CT_BOOL ? op_reduce_or(x, axes) : op_reduce_sum(x, axes);
}
static ct_array prod_axes(ct_array x, ct_ints axes)
{
    return dtype_of(x) == CT_BOOL ? op_reduce_and(x, axes) : op_reduce_prod(x, axes);
}

ct_array numpy_sum(const ct_sum_args *a)
{
    reduction r = {"sum",   sum_axes, op_add,     0,           true,
                   a->axis, a->where, a->initial, a->keepdims, op_psum};
    return accumulate(&r, a->a, a->dtype, a->promote_integers == CT_TRUE);
}

ct_array numpy_prod(const ct_prod_args *a)
{
    reduction r = {"prod", prod_axes, op_mul, 1, true, a->axis, a->where, a->initial, a->keepdims};
    return accumulate(&r, a->a, a->dtype, a->promote_integers == CT_TRUE);
}

ct_array numpy_max(const ct_max_args *a)
{
    reduction r = {"max",   op_reduce_max, op_max,     -__builtin_inf(), false,
                   a->axis, a->where,      a->initial, a->keepdims,      op_pmax};
    return reduce_in(&r, a->a, dtype_of(a->a), dtype_of(a->a));
}

ct_array numpy_min(const ct_min_args *a)
{
    reduction r = {"min",   op_reduce_min, op_min,     __builtin_inf(), false,
                   a->axis, a->where,      a->initial, a->keepdims,     op_pmin};
    return reduce_in(&r, a->a, dtype_of(a->a), dtype_of(a->a));
}

static ct_array truth(ct_array x)
{
    return numpy_cast(dtype_is(dtype_of(x), FAMILY_COMPLEX) ? op_real(x) : x, CT_BOOL);
}

ct_array numpy_all(const ct_all_args *a)
{
    reduction r = {"all", op_reduce_and, op_and, 1, true, a->axis, a->where, NULL, a->keepdims};
    return reduce_in(&r, truth(a->a), CT_BOOL, CT_BOOL);
}

ct_array numpy_any(const ct_any_args *a)
{
    reduction r = {"any", op_reduce_or, op_or, 0, true, a->axis, a->where, NULL, a->keepdims};
    return reduce_in(&r, truth(a->a), CT_BOOL, CT_BOOL);
}

ct_array numpy_ptp(const ct_ptp_args *a)
{
    ct_array high = ct_max(a->a, .axis = a->axis, .keepdims = a->keepdims);
    return op_sub(high, ct_min(a->a, .axis = a->axis, .keepdims = a->keepdims));
}

ct_array numpy_count_nonzero(const ct_count_nonzero_args *a)
{
    ct_array nonzero = op_ne(a->a, numpy_number(0, a->a));
    return ct_sum(nonzero, .axis = a->axis, .dtype = dtype_default(FAMILY_INT),
                  .keepdims = a->keepdims);
}

/* ---- where the extreme is ---- */

static ct_array arg_extreme(const char *what, ct_array x, ct_opt_int asked, bool keepdims,
                            ct_array (*f)(ct_array, int64_t, ct_dtype))
{
    int64_t axis = 0, ndim = x->aval.ndim;
    dimlist all;
    if (!numpy_axes(what, asked.given ? I(asked.value) : (ct_ints){0, NULL}, ndim, &all))
        return array_poison;
    if (asked.given)
        axis = all.at[0];
    else
        x = op_reshape(x, I(x->size));
    if (is_poison(x))
        return x;
    if (!x->aval.shape[axis])
        return ct_fail(CT_VALUE_ERROR, "attempt to get %s of an empty sequence", what);
    x = f(x, axis, dtype_default(FAMILY_INT));
    return keepdims && all.n ? op_expand_dims(x, dimlist_ints(&all)) : x;
}

ct_array numpy_argmax(const ct_argmax_args *a)
{
    return arg_extreme("argmax", a->a, a->axis, a->keepdims == CT_TRUE, op_argmax);
}
ct_array numpy_argmin(const ct_argmin_args *a)
{
    return arg_extreme("argmin", a->a, a->axis, a->keepdims == CT_TRUE, op_argmin);
}

/* NaN never wins; where there is nothing else the position is -1. */
static ct_array nan_arg(const char *what, ct_array x, ct_opt_int axis, ct_switch keepdims,
                        double worst, ct_array (*f)(ct_array, int64_t, ct_dtype))
{
    bool keep = keepdims == CT_TRUE;
    if (!dtype_inexact(dtype_of(x)))
        return arg_extreme(what, x, axis, keep, f);
    ct_array nan = op_ne(x, x);
    x = ct_where(nan, ct_weak_float(worst), x);
    ct_array at = is_poison(x) ? x : arg_extreme(what, x, axis, keep, f);
    ct_array none =
        ct_all(nan, .axis = axis.given ? I(axis.value) : (ct_ints){0, NULL}, .keepdims = keep);
    return ct_where(none, ct_weak_int(-1), at);
}

ct_array numpy_nanargmax(const ct_nanargmax_args *a)
{
    return nan_arg("nanargmax", a->a, a->axis, a->keepdims, -__builtin_inf(), op_argmax);
}
ct_array numpy_nanargmin(const ct_nanargmin_args *a)
{
    return nan_arg("nanargmin", a->a, a->axis, a->keepdims, __builtin_inf(), op_argmin);
}

/* ---- running sums and products ---- */

typedef ct_array running(ct_array x, int64_t axis, bool reverse);

static ct_array cumulate(const char *what, ct_array x, ct_opt_int axis, ct_dtype asked, running *f,
                         bool fill_nan, double filler, bool promote_integers)
{
    int64_t at = 0;
    if (!axis.given && x->aval.ndim != 1)
        x = op_reshape(x, I(x->size));
    else if (axis.given && !numpy_axis(what, axis.value, x->aval.ndim, &at))
        return array_poison;
    if (is_poison(x))
        return x;
    if (fill_nan)
        x = ct_where(op_ne(x, x), op_number(filler, x), x);
    ct_dtype own = dtype_of(x), result, inside;
    if (asked == CT_NO_DTYPE) {
        inside = result = promote_integers || own == CT_BOOL ? widen_integer(own) : own;
    } else if (asked == CT_BOOL) {
        result = CT_BOOL;
        inside = widen_integer(CT_BOOL);
        x = own == CT_BOOL ? x : op_ne(x, op_number(0, x));
    } else {
        inside = result = dtype_canonical(asked);
    }
    x = f(numpy_cast(x, inside), at, false);
    return is_poison(x) ? x : numpy_cast(x, result);
}

ct_array numpy_cumsum(const ct_cumsum_args *a)
{
    return cumulate("cumsum", a->a, a->axis, a->dtype, op_cumsum, false, 0, false);
}
ct_array numpy_cumprod(const ct_cumprod_args *a)
{
    return cumulate("cumprod", a->a, a->axis, a->dtype, op_cumprod, false, 1, false);
}
ct_array numpy_nancumsum(const ct_nancumsum_args *a)
{
    return cumulate("nancumsum", a->a, a->axis, a->dtype, op_cumsum, true, 0, false);
}
ct_array numpy_nancumprod(const ct_nancumprod_args *a)
{
    return cumulate("nancumprod", a->a, a->axis, a->dtype, op_cumprod, true, 1, false);
}

static ct_array cumulative(const char *what, ct_array x, ct_opt_int axis, ct_dtype dtype,
                           bool include_initial, running *f, double first)
{
    if (!x->aval.ndim)
        return ct_fail(CT_VALUE_ERROR,
                       "The input must be non-scalar to take a %s, however a scalar value or "
                       "scalar array was given.",
                       what);
    if (!axis.given && x->aval.ndim > 1)
        return ct_fail(
            CT_VALUE_ERROR,
            "The input array has rank %d, however axis was not set to an explicit value. "
            "The axis argument is only optional for one-dimensional arrays.",
            (int)x->aval.ndim);
    int64_t at = 0;
    dimlist shape;
    if ((axis.given && !numpy_axis(what, axis.value, x->aval.ndim, &at)) ||
        !dimlist_copy(&shape, what, shape_of(x)))
        return array_poison;
    ct_array y = cumulate(what, x, (ct_opt_int){true, at}, dtype, f, false, first, true);
    if (!include_initial || is_poison(y))
        return y;
    shape.at[at] = 1;
    return op_concatenate(
        2, (ct_array[]){numpy_filled(op_number(first, y), dimlist_ints(&shape)), y}, at);
}

ct_array numpy_cumulative_sum(const ct_cumulative_sum_args *a)
{
    return cumulative("cumulative sum", a->x, a->axis, a->dtype, a->include_initial, op_cumsum, 0);
}
ct_array numpy_cumulative_prod(const ct_cumulative_prod_args *a)
{
    return cumulative("cumulative product", a->x, a->axis, a->dtype, a->include_initial, op_cumprod,
                      1);
}
