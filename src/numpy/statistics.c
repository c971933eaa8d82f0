/* Means, variances and their relatives that skip NaN. Next: quantile.c. */
#define OPS_SHORT_NAMES
#include "numpy/numpy.h"

static ct_dtype half_to_single(ct_dtype d)
{
    return d == CT_FLOAT16 || d == CT_BFLOAT16 ? CT_FLOAT32 : d;
}

/* How many elements go into each result: a number, or a count of `where`. */
static ct_array count(const char *what, ct_array x, ct_ints axis, bool keepdims, ct_array where,
                      ct_dtype dtype)
{
    dimlist axes;
    axis_names names;
    if (!numpy_axes_and_names(what, axis, x->aval.ndim, &axes, &names))
        return array_poison;
    if (!where)
        return array_scalar(dtype, false, (double)numpy_axes_size(x, &axes, &names));
    ct_array all = numpy_broadcast_one(what, where, shape_of(x));
    all = numpy_cast(
        all, dtype_default(FAMILY_INT)); /* booleans count as integers before they are floats */
    return is_poison(all) ? all : ct_sum(all, .axis = axis, .dtype = dtype, .keepdims = keepdims);
}

static ct_array mean_in(ct_array x, ct_ints axis, ct_dtype inside, bool keepdims, ct_array where)
{
    ct_array n = count("mean", x, axis, keepdims, where, inside);
    ct_array total = ct_sum(x, .axis = axis, .dtype = inside, .keepdims = keepdims, .where = where);
    return op_div(total, n);
}

ct_array numpy_mean(const ct_mean_args *a)
{
    if (!numpy_check_where("mean", a->where))
        return array_poison;
    ct_dtype result = numpy_dtype(a->dtype, dtype_to_inexact(dtype_of(a->a)));
    ct_array x = mean_in(a->a, a->axis, a->dtype == CT_NO_DTYPE ? half_to_single(result) : result,
                         a->keepdims, a->where);
    return is_poison(x) ? x : numpy_cast(x, result);
}

/* ---- averages with weights ---- */

/* Weights given along some axes only, in the shape of x with axes of size one. */
static ct_array spread_weights(ct_array weights, ct_array x, ct_ints axis)
{
    dimlist axes, shape, order = {.n = 0};
    if (ints_equal(shape_of(weights), shape_of(x)))
        return weights;
    if (!axis.n && !axis.at)
        return ct_fail(CT_VALUE_ERROR,
                       "Axis must be specified when shapes of a and weights differ.");
    if (!numpy_axes_ordered("average", axis, x->aval.ndim, &axes) ||
        !dimlist_copy(&shape, "average", shape_of(x)))
        return array_poison;
    bool same = weights->aval.ndim == axes.n;
    for (int64_t i = 0; same && i < axes.n; i++)
        same = weights->aval.shape[i] == x->aval.shape[axes.at[i]];
    if (!same)
        return ct_fail(CT_VALUE_ERROR,
                       "Shape of weights must be consistent with shape of a along specified axis.");
    for (int64_t d = 0; d < x->aval.ndim; d++) {
        int64_t found = -1;
        for (int64_t i = 0; i < axes.n; i++)
            if (axes.at[i] == d)
                found = i;
        if (found < 0)
            shape.at[d] = 1;
        else
            order.at[order.n++] = found;
    }
    bool sorted = true;
    for (int64_t i = 0; i < order.n; i++)
        sorted = sorted && order.at[i] == i;
    ct_array w = sorted ? weights : op_transpose(weights, dimlist_ints(&order));
    return op_reshape(w, dimlist_ints(&shape));
}

ct_tree numpy_average(const ct_average_args *a)
{
    ct_array v[2] = {a->a, a->weights}, average, total;
    if (!numpy_promote_inexact("average", a->weights ? 2 : 1, v, v))
        return array_poison;
    if (!a->weights) {
        average = ct_mean(v[0], .axis = a->axis, .keepdims = a->keepdims);
        total = count("average", v[0], a->axis, false, NULL, dtype_of(average));
    } else {
        v[1] = spread_weights(v[1], v[0], a->axis);
        if (is_poison(v[1]))
            return v[1];
        total = ct_sum(v[1], .axis = a->axis, .keepdims = a->keepdims);
        average = ct_true_divide(
            ct_sum(ct_multiply(v[0], v[1]), .axis = a->axis, .keepdims = a->keepdims), total);
    }
    if (!a->returned || is_poison(average) || is_poison(total))
        return average;
    if (!ints_equal(shape_of(total), shape_of(average)))
        total = numpy_broadcast_one("average", total, shape_of(average));
    return is_poison(total) ? total : ct_tuple(average, total);
}

/* ---- variance ---- */

/* The dtypes to compute in and to return: real results also for complex input; half precision is
 * computed in float32. */
static bool variance_dtypes(const char *what, ct_dtype own, ct_dtype asked, ct_dtype *inside,
                            ct_dtype *result)
{
    if (asked == CT_NO_DTYPE) {
        ct_dtype d = dtype_to_inexact(own);
        *inside = half_to_single(d);
        *result = dtype_real_part(d);
        return true;
    }
    bool weak;
    asked = dtype_canonical(asked);
    if (dtype_is(own, FAMILY_COMPLEX) && !dtype_is(asked, FAMILY_COMPLEX)) {
        base_fail(CT_VALUE_ERROR,
                  "jax.numpy.%s does not yet support real dtype parameters when computing the "
                  "variance of an array of complex values. "
                  "The semantics of numpy.var seem unclear in this case. Please comment on "
                  "https://github.com/jax-ml/jax/issues/2283 if this behavior is important to you.",
                  what);
        return false;
    }
    *inside = half_to_single(dtype_to_inexact(dtype_promote(own, false, asked, false, &weak)));
    *result = asked;
    return true;
}

static ct_array centre(ct_array x, ct_array mean, bool nan_to_zero)
{
    ct_array c = op_sub(x, mean);
    if (nan_to_zero)
        c = ct_where(op_ne(x, x), ct_weak_int(0), c);
    return dtype_is(dtype_of(c), FAMILY_COMPLEX) ? op_real(op_mul(c, op_conj(c))) : op_square(c);
}

static bool one_correction(ct_array ddof, ct_array correction, ct_array *out)
{
    *out = correction ? correction : ddof;
    if (!correction || !is_array(ddof) || array_get_double(ddof, 0) == 0)
        return true;
    base_fail(CT_VALUE_ERROR, "ddof and correction can't be provided simultaneously.");
    return false;
}

/* The argument struct of var and std, whose fields agree. */
static ct_array variance(const ct_var_args *a, ct_array correction)
{
    ct_dtype inside, result;
    if (!numpy_check_where("var", a->where) ||
        !variance_dtypes("var", dtype_of(a->a), a->dtype, &inside, &result))
        return array_poison;
    ct_array x = numpy_cast(a->a, inside);
    ct_array mean =
        a->mean ? numpy_cast(a->mean, inside) : mean_in(x, a->axis, inside, true, a->where);
    ct_array squares = centre(x, mean, false);
    if (is_poison(squares))
        return squares;
    ct_dtype real = dtype_of(squares);
    ct_array n = count("var", x, a->axis, a->keepdims, a->where, real);
    n = op_sub(n, numpy_cast(correction, real));
    ct_array total =
        ct_sum(squares, .axis = a->axis, .dtype = real, .keepdims = a->keepdims, .where = a->where);
    total = op_div(total, n);
    if (is_poison(total))
        return total;
    total = numpy_cast(total, result);
    return ct_where(op_gt(n, op_number(0, n)), total, ct_weak_float(__builtin_nan("")));
}

ct_array numpy_var(const ct_var_args *a)
{
    ct_array correction;
    return one_correction(a->ddof, a->correction, &correction) ? variance(a, correction)
                                                               : array_poison;
}

ct_array numpy_std(const ct_std_args *a)
{
    if (a->dtype != CT_NO_DTYPE && !dtype_inexact(a->dtype))
        return ct_fail(CT_VALUE_ERROR, "dtype argument to jnp.std must be inexact; got %s",
                       dtype_table[a->dtype].name);
    ct_array correction, variance_of;
    if (!one_correction(a->ddof, a->correction, &correction))
        return array_poison;
    variance_of = ct_var(a->a, .axis = a->axis, .dtype = a->dtype, .keepdims = a->keepdims,
                         .where = a->where, .mean = a->mean, .ddof = correction);
    return op_sqrt(variance_of);
}

/* ---- skipping NaN ---- */

static bool skips(ct_array x) { return dtype_inexact(dtype_of(x)); }
static ct_array without_nan(ct_array x, double filler)
{
    return skips(x) ? ct_where(op_ne(x, x), numpy_cast(ct_weak_float(filler), dtype_of(x)), x) : x;
}

/* NaN where there is nothing else. */
static ct_array nan_if_all(ct_array x, ct_array result, ct_ints axis, bool keepdims,
                           ct_array initial)
{
    if (!skips(x) || initial)
        return result;
    ct_array none = ct_all(op_ne(x, x), .axis = axis, .keepdims = keepdims);
    return ct_where(none, op_number(__builtin_nan(""), x), result);
}

ct_array numpy_nanmax(const ct_nanmax_args *a)
{
    ct_array y = ct_max(without_nan(a->a, -__builtin_inf()), .axis = a->axis,
                        .keepdims = a->keepdims, .initial = a->initial, .where = a->where);
    return nan_if_all(a->a, y, a->axis, a->keepdims, a->initial);
}

ct_array numpy_nanmin(const ct_nanmin_args *a)
{
    ct_array y = ct_min(without_nan(a->a, __builtin_inf()), .axis = a->axis,
                        .keepdims = a->keepdims, .initial = a->initial, .where = a->where);
    return nan_if_all(a->a, y, a->axis, a->keepdims, a->initial);
}

ct_array numpy_nansum(const ct_nansum_args *a)
{
    return ct_sum(without_nan(a->a, 0), .axis = a->axis, .dtype = a->dtype, .keepdims = a->keepdims,
                  .initial = a->initial, .where = a->where);
}

ct_array numpy_nanprod(const ct_nanprod_args *a)
{
    return ct_prod(without_nan(a->a, 1), .axis = a->axis, .dtype = a->dtype,
                   .keepdims = a->keepdims, .initial = a->initial, .where = a->where);
}

ct_array numpy_nanmean(const ct_nanmean_args *a)
{
    ct_array x = a->a;
    if (!skips(x))
        return ct_mean(x, .axis = a->axis, .dtype = a->dtype, .keepdims = a->keepdims,
                       .where = a->where);
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_of(x));
    ct_array n = ct_sum(op_not(op_ne(x, x)), .axis = a->axis, .dtype = dtype,
                        .keepdims = a->keepdims, .where = a->where);
    return op_div(
        ct_nansum(x, .axis = a->axis, .dtype = dtype, .keepdims = a->keepdims, .where = a->where),
        n);
}

ct_array numpy_nanvar(const ct_nanvar_args *a)
{
    ct_dtype inside, result;
    ct_array x = a->a;
    if (!numpy_check_where("nanvar", a->where) ||
        !variance_dtypes("nanvar", dtype_of(x), a->dtype, &inside, &result))
        return array_poison;
    x = numpy_cast(x, inside);
    ct_array mean = a->mean ? numpy_cast(a->mean, inside)
                            : ct_nanmean(x, .axis = a->axis, .dtype = inside, .keepdims = true,
                                         .where = a->where);
    ct_array squares = centre(x, mean, true);
    ct_array n =
        ct_sum(op_not(op_ne(x, x)), .axis = a->axis, .keepdims = a->keepdims, .where = a->where);
    if (is_poison(squares) || is_poison(n))
        return array_poison;
    n = op_sub(n, numpy_cast(a->ddof, dtype_of(n)));
    ct_array none = op_le(n, op_number(0, n));
    ct_array total = ct_sum(squares, .axis = a->axis, .keepdims = a->keepdims, .where = a->where);
    total = ct_where(none, ct_weak_float(__builtin_nan("")), total);
    n = ct_where(none, ct_weak_int(1), n);
    if (is_poison(total) || is_poison(n))
        return array_poison;
    total = op_div(total, numpy_cast(n, dtype_of(total)));
    return is_poison(total) ? total : numpy_cast(total, result);
}

ct_array numpy_nanstd(const ct_nanstd_args *a)
{
    return op_sqrt(ct_nanvar(a->a, .axis = a->axis, .dtype = a->dtype, .ddof = a->ddof,
                             .keepdims = a->keepdims, .where = a->where, .mean = a->mean));
}
