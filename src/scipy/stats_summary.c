/* jax.scipy.stats: what sums up data, and densities of vectors. */
#include "scipy/stats.h"

#include "numpy/linalg.h"
#include "ops/matrices.h"

/* ---- runs of equal elements in sorted order ---- */

/* The data in order along `axis`, where each element came from, and the first and last place of the
 * run of equal elements it stands in. NaNs are equal here. */
typedef struct runs {
    ct_array sorted, from, place, first, last, starts;
} runs;

static ct_array shifted_differs(ct_array x, int64_t axis)
{
    int64_t n = x->aval.shape[axis];
    ct_array a = shape_slice(x, axis, 0, n - 1, 1), b = shape_slice(x, axis, 1, n, 1);
    ct_array differs = op_ne(a, b);
    return dtype_inexact(dtype_of(x)) ? both(differs, op_not(both(is_nan(a), is_nan(b)))) : differs;
}

/* `true` before the first, or behind the last, of flags between neighbours. */
static ct_array with_end(ct_array flags, int64_t axis, bool front)
{
    int_list ends = {.n = 3 * flags->aval.ndim};
    memset(ends.at, 0, sizeof ends.at);
    ends.at[3 * axis + !front] = 1;
    return op_pad(flags, array_scalar_int(CT_BOOL, false, true), ints_of(&ends));
}

static bool find_runs(ct_array x, int64_t axis, runs *r)
{
    ct_dtype integer = dtype_default(FAMILY_INT);
    ct_array in[] = {x, op_iota(integer, shape_of(x), axis)}, out[2];
    r->place = in[1];
    op_sort(2, in, axis, true, 1, out);
    if (is_poison(out[0]))
        return false;
    r->sorted = out[0], r->from = out[1];
    ct_array border = shifted_differs(r->sorted, axis);
    if (is_poison(border))
        return false;
    ct_array least = op_full_like(r->place, 0),
             most = op_full_like(r->place, (double)x->aval.shape[axis]);
    r->starts = with_end(border, axis, true);
    r->first = op_cummax(op_select_n(r->starts, 2, (ct_array[]){least, r->place}), axis, false);
    ct_array ends = with_end(border, axis, false);
    r->last = op_cummin(op_select_n(ends, 2, (ct_array[]){most, r->place}), axis, true);
    return !is_poison(r->first) && !is_poison(r->last);
}

/* The array and axis that an optional axis means. */
static bool one_axis(const char *what, ct_array *x, ct_opt_int axis, int64_t *at)
{
    *x = shape_at_least(axis.given ? *x : shape_flatten(*x), 1);
    return !is_poison(*x) && numpy_axis(what, axis.given ? axis.value : 0, (*x)->aval.ndim, at);
}

ct_tree scipy_stats__mode(const ct_scipy_stats__mode_args *a)
{
    ct_array x = a->a;
    int64_t axis, ndim = x->aval.ndim > 1 ? x->aval.ndim : 1;
    runs r;
    if (!one_axis("mode", &x, a->axis, &axis))
        return array_poison;
    ct_array value, count;
    if (!x->aval.shape[axis]) {
        ct_array none = array_scalar(dtype_default(FAMILY_FLOAT), false, 0);
        count = ct_sum(op_convert(x, dtype_of(none), false), .axis = I(axis), .keepdims = true);
        value = op_full_like(count, NAN);
    } else {
        if (!find_runs(x, axis, &r))
            return array_poison;
        ct_array length = add(sub(r.place, r.first), 1); /* up to here: longest at a run's end */
        ct_array best = ct_argmax(length, .axis = GIVEN(axis), .keepdims = CT_TRUE);
        value = ct_take_along_axis(r.sorted, best, .axis = GIVEN(axis));
        count = ct_max(length, .axis = I(axis), .keepdims = true);
    }
    if (is_poison(value) || is_poison(count))
        return array_poison;
    if (!a->keepdims)
        return ct_tuple(op_squeeze(value, I(axis)), op_squeeze(count, I(axis)));
    dimlist ones = {.n = ndim};
    for (int64_t d = 0; d < ndim; d++)
        ones.at[d] = 1;
    ct_ints shape = a->axis.given ? shape_of(value) : dimlist_ints(&ones);
    return ct_tuple(shape_reshape(value, shape), shape_reshape(count, shape));
}

static ct_array ranks(const char *method, const runs *r, int64_t axis)
{
    ct_dtype d = dtype_default(FAMILY_FLOAT);
    if (!strcmp(method, "ordinal"))
        return op_convert(add(r->place, 1), d, false);
    if (!strcmp(method, "dense"))
        return op_convert(op_cumsum(op_convert(r->starts, CT_INT32, false), axis, false), d, false);
    ct_array low = op_convert(add(r->first, 1), d, false),
             high = op_convert(add(r->last, 1), d, false);
    if (!strcmp(method, "min"))
        return low;
    if (!strcmp(method, "max"))
        return high;
    return strcmp(method, "average") ? NULL : mul(0.5, add(low, high));
}

static bool can_propagate(const char *what, const char *policy)
{
    if (!strcmp(policy, "propagate"))
        return true;
    if (!strcmp(policy, "omit") || !strcmp(policy, "raise"))
        base_fail(CT_NOT_IMPLEMENTED_ERROR, "%s: nan_policy '%s' is not implemented", what, policy);
    else
        base_fail(CT_VALUE_ERROR,
                  "Illegal nan_policy value '%s'; expected one of {'propagate', 'omit', 'raise'}",
                  policy);
    return false;
}

ct_array scipy_stats_rankdata(const ct_scipy_stats_rankdata_args *a)
{
    ct_array x = a->a;
    int64_t axis;
    runs r;
    if (!can_propagate("rankdata", a->nan_policy) || !one_axis("rankdata", &x, a->axis, &axis))
        return array_poison;
    if (!x->size)
        return op_convert(x, dtype_default(FAMILY_FLOAT), false);
    if (!find_runs(x, axis, &r))
        return array_poison;
    ct_array y = ranks(a->method, &r, axis), out[2];
    if (!y)
        return ct_fail(CT_VALUE_ERROR, "unknown method '%s'", a->method);
    op_sort(2, (ct_array[]){r.from, y}, axis, true, 1, out); /* back to where they came from */
    if (is_poison(out[1]) || !dtype_inexact(dtype_of(x)))
        return out[1];
    return where(ct_any(is_nan(x), .axis = I(axis), .keepdims = true), NAN, out[1]);
}

ct_array scipy_stats_sem(const ct_scipy_stats_sem_args *a)
{
    ct_array x = a->a;
    int64_t axis = 0;
    bool omit = !strcmp(a->nan_policy, "omit");
    if (!omit && strcmp(a->nan_policy, "propagate"))
        return ct_fail(CT_VALUE_ERROR, "%s is not supported", a->nan_policy);
    if (!numpy_promote_inexact("sem", 1, &x, &x) ||
        (a->axis.given && !numpy_axis("sem", a->axis.value, x->aval.ndim, &axis)))
        return array_poison;
    ct_ints over = a->axis.given ? I(axis) : (ct_ints){0, NULL};
    ct_array ddof = ct_weak_int(a->ddof.value), spread, count;
    if (omit) {
        spread = ct_nanstd(x, .axis = over, .ddof = ddof, .keepdims = a->keepdims);
        count = ct_sum(op_not(is_nan(x)), .axis = over, .keepdims = a->keepdims);
    } else {
        spread = ct_std(x, .axis = over, .ddof = ddof, .keepdims = a->keepdims);
        count = ct_weak_int(a->axis.given ? x->aval.shape[axis] : x->size);
    }
    if (is_poison(spread) || is_poison(count))
        return array_poison;
    return ct_divide(spread, op_sqrt(op_convert(count, dtype_of(spread), false)));
}

/* ---- normal vectors ---- */

/* -|y|^2 / 2 with L y = x - mean, then what the determinant and the dimension add. */
static ct_array normal_vectors(ct_array x, ct_array mean, ct_array cov)
{
    ct_array v[] = {x, mean, cov};
    if (!numpy_promote_inexact("multivariate_normal.logpdf", 3, v, v))
        return array_poison;
    x = v[0], mean = v[1], cov = v[2];
    ct_array y = ct_subtract(x, mean);
    if (is_poison(y))
        return y;
    double n = mean->aval.ndim ? (double)cols_of(mean) : 1;
    if (!mean->aval.ndim || !cov->aval.ndim) {
        ct_array squares = mean->aval.ndim ? ct_vecdot(y, y) : op_square(y);
        ct_array norm = ct_multiply(ct_weak_float(n / 2), add(op_log(cov), log(2 * PI)));
        return ct_subtract(ct_divide(mul(-0.5, squares), cov), norm);
    }
    if (cov->aval.ndim < 2 || rows_of(cov) != (int64_t)n || cols_of(cov) != (int64_t)n)
        return ct_fail(CT_VALUE_ERROR,
                       "multivariate_normal.logpdf got incompatible shapes: mean %s and cov %s",
                       dims_string(shape_of(mean)), dims_string(shape_of(cov)));
    ct_array l = ct_lax_linalg_cholesky(cov);
    ct_array w = ct_scipy_linalg_solve_triangular(l, ct_expand_dims(y, I(-1)), .lower = true);
    if (is_poison(w))
        return w;
    ct_array squares = ct_sum(op_square(w), .axis = I(-2, -1));
    ct_array norm = ct_sum(op_log(matrix_diagonal(l)), .axis = I(-1));
    return ct_subtract(sub(mul(-0.5, squares), n / 2 * log(2 * PI)), norm);
}

ct_array scipy_stats_multivariate_normal_logpdf(ct_array x, ct_array mean, ct_array cov)
{
    return normal_vectors(x, mean, cov);
}

ct_array scipy_stats_multivariate_normal_pdf(ct_array x, ct_array mean, ct_array cov)
{
    return ct_exp(normal_vectors(x, mean, cov));
}

/* ---- kernel density estimates ---- */

ct_array scipy_stats__gaussian_kernels(const ct_scipy_stats__gaussian_kernels_args *a)
{
    ct_array v[] = {a->dataset, a->weights, a->points, a->precision};
    if (!numpy_promote_inexact("gaussian_kde", 4, v, v))
        return array_poison;
    double d = (double)rows_of(v[0]);
    ct_array l = ct_lax_linalg_cholesky(v[3]), white = matrix_t(l);
    ct_array data = ct_matmul(white, v[0]), at = ct_matmul(white, v[2]);
    ct_array gap = ct_subtract(ct_expand_dims(at, I(2)), ct_expand_dims(data, I(1)));
    if (is_poison(gap))
        return gap;
    ct_array norm = sub(ct_sum(op_log(matrix_diagonal(l))), d / 2 * log(2 * PI));
    ct_array power = sub(norm, mul(0.5, ct_sum(op_square(gap), .axis = I(0))));
    if (a->log)
        return ct_nn_logsumexp(power, .axis = I(1), .b = v[1]);
    return ct_matmul(ct_exp(power), v[1]);
}
