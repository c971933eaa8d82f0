/* Differences, slopes, areas and interpolation: diff, ediff1d, gradient, trapezoid, interp,
 * polyval, vander, convolve, correlate. */
#define OPS_SHORT_NAMES
#include "numpy/search.h"

static ct_array subtract_or_differ(ct_array a, ct_array b)
{
    return dtype_of(a) == CT_BOOL ? op_ne(a, b) : op_sub(a, b);
}

static ct_array differences(ct_array x, int64_t axis)
{
    int64_t n = x->aval.shape[axis];
    ct_array after = shape_slice(x, axis, n ? 1 : 0, n, 1),
             earlier = shape_slice(x, axis, 0, n ? n - 1 : 0, 1);
    return is_poison(after) || is_poison(earlier) ? array_poison
                                                  : subtract_or_differ(after, earlier);
}

/* A scalar becomes one slice of x. */
static ct_array edge_slice(ct_array edge, ct_array x, int64_t axis)
{
    dimlist shape;
    if (!edge || edge->aval.ndim || !dimlist_copy(&shape, "diff", shape_of(x)))
        return edge;
    shape.at[axis] = 1;
    return numpy_broadcast_one("diff", edge, dimlist_ints(&shape));
}

ct_array numpy_diff(const ct_diff_args *a)
{
    ct_array x = a->a, parts[3];
    int64_t axis = a->axis.value, n = a->n.value, count = 0;
    if (!n)
        return x;
    if (n < 0)
        return ct_fail(CT_VALUE_ERROR, "order must be non-negative but got %lld", (long long)n);
    if (!x->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "diff requires input that is at least one dimensional");
    if (!numpy_axis("diff", axis, x->aval.ndim, &axis))
        return array_poison;
    if (a->prepend)
        parts[count++] = edge_slice(a->prepend, x, axis);
    parts[count++] = x;
    if (a->append)
        parts[count++] = edge_slice(a->append, x, axis);
    if (count > 1)
        x = ct_concatenate(((ct_arrays){count, parts}), .axis = GIVEN(axis));
    while (n-- > 0 && !is_poison(x))
        x = differences(x, axis);
    return x;
}

ct_array numpy_ediff1d(const ct_ediff1d_args *a)
{
    ct_array x = shape_flatten(a->ary), parts[3];
    int64_t count = 0;
    if (is_poison(x))
        return x;
    if (a->to_begin)
        parts[count++] = numpy_cast(shape_flatten(a->to_begin), dtype_of(x));
    parts[count++] = differences(x, 0);
    if (a->to_end)
        parts[count++] = numpy_cast(shape_flatten(a->to_end), dtype_of(x));
    return count > 1 ? ct_concatenate(((ct_arrays){count, parts})) : parts[0];
}

/* ---- gradient: central differences inside, one-sided ones at the ends ---- */

static ct_array spaced_gradient(ct_array x, ct_array h, int64_t axis, ct_array upper,
                                ct_array lower)
{
    int64_t n = x->aval.shape[axis];
    dimlist shape = {.n = x->aval.ndim};
    if (h->size != n)
        return ct_fail(CT_VALUE_ERROR, "Spacing arrays must have the same length as the dimension "
                                       "along which the gradient is calculated.");
    for (int64_t d = 0; d < shape.n; d++)
        shape.at[d] = d == axis ? n : 1;
    ct_array step = differences(op_reshape(h, dimlist_ints(&shape)), axis);
    ct_array dx1 = shape_slice(step, axis, 0, n - 2, 1), dx2 = shape_slice(step, axis, 1, n - 1, 1);
    ct_array both = ct_add(dx1, dx2);
    ct_array before = ct_negative(ct_divide(dx2, ct_multiply(dx1, both)));
    ct_array here = ct_divide(ct_subtract(dx2, dx1), ct_multiply(dx1, dx2));
    ct_array after = ct_divide(dx1, ct_multiply(dx2, both));
    ct_array inner = ct_add(ct_multiply(before, shape_slice(x, axis, 0, n - 2, 1)),
                            ct_multiply(here, shape_slice(x, axis, 1, n - 1, 1)));
    inner = ct_add(inner, ct_multiply(after, shape_slice(x, axis, 2, n, 1)));
    upper = ct_divide(upper, shape_slice(step, axis, 0, 1, 1));
    lower = ct_divide(lower, shape_slice(step, axis, n - 2, n - 1, 1));
    return ct_concatenate(ARRAYS(upper, inner, lower), .axis = GIVEN(axis));
}

/* x[i + step] - x[i] for i in [start, limit). */
static ct_array steps(ct_array x, int64_t axis, int64_t start, int64_t limit, int64_t step)
{
    ct_array after = shape_part(x, axis, start + step, limit + step);
    return op_sub(after, shape_part(x, axis, start, limit));
}

static ct_array gradient_along(ct_array x, ct_array h, int64_t axis)
{
    int64_t n = x->aval.shape[axis];
    ct_array upper = steps(x, axis, 0, 1, 1), lower = steps(x, axis, n - 2, n - 1, 1);
    if (h->aval.ndim > 1)
        return ct_fail(CT_VALUE_ERROR, "Spacing arrays must be 1D arrays or scalars.");
    if (h->aval.ndim)
        return spaced_gradient(x, h, axis, upper, lower);
    ct_array inner = ct_divide(mul(steps(x, axis, 0, n - 2, 2), 0.5), h);
    lower = ct_divide(lower, h);
    upper = ct_divide(upper, h);
    return ct_concatenate(ARRAYS(upper, inner, lower), .axis = GIVEN(axis));
}

ct_tree numpy_gradient(const ct_gradient_args *a)
{
    dimlist axes;
    ct_array v[NUMPY_MAX_NDIM + 1], out[NUMPY_MAX_NDIM];
    int64_t given = a->varargs.n;
    if (a->edge_order.given)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR,
                       "The 'edge_order' argument to jnp.gradient is not supported.");
    if (given > NUMPY_MAX_NDIM || !numpy_axes_ordered("gradient", a->axis, a->f->aval.ndim, &axes))
        return array_poison;
    v[0] = a->f;
    for (int64_t i = 0; i < given; i++)
        v[i + 1] = a->varargs.at[i];
    if (given > 1 && given != axes.n)
        return ct_fail(CT_TYPE_ERROR, "Invalid number of spacing arguments %lld for %lld axes",
                       (long long)given, (long long)axes.n);
    if (!numpy_promote_inexact("gradient", given + 1, v, v))
        return array_poison;
    for (int64_t i = 0; i < axes.n; i++) {
        if (v[0]->aval.shape[axes.at[i]] < 2)
            return ct_fail(CT_VALUE_ERROR, "Shape of array too small to calculate a numerical "
                                           "gradient, at least 2 elements are required.");
        ct_array h = given ? v[given == 1 ? 1 : i + 1] : op_number(1, v[0]);
        if (is_poison(out[i] = gradient_along(v[0], h, axes.at[i])))
            return array_poison;
    }
    return axes.n == 1 ? out[0] : ct_list_(axes.n, out);
}

/* ---- areas ---- */

static ct_array last_axis_slice(ct_array x, int64_t start, int64_t limit)
{
    return shape_slice(x, x->aval.ndim - 1, start, limit, 1);
}

static ct_array last_axis_at(ct_array x, int64_t i)
{
    ct_array slice = last_axis_slice(x, i, i + 1);
    return op_squeeze(slice, I(x->aval.ndim - 1));
}

ct_array numpy_trapezoid(const ct_trapezoid_args *a)
{
    ct_array v[] = {a->y, a->x}, dx = a->dx;
    int64_t axis = a->axis.value;
    if (!numpy_axis("trapezoid", axis, a->y->aval.ndim, &axis) ||
        !numpy_promote_inexact("trapezoid", a->x ? 2 : 1, v, v))
        return array_poison;
    if (a->x)
        dx = v[1]->aval.ndim == 1
                 ? ct_diff(v[1])
                 : op_moveaxis(ct_diff(v[1], .axis = GIVEN(axis)), axis, v[1]->aval.ndim - 1);
    ct_array y = op_moveaxis(v[0], axis, v[0]->aval.ndim - 1);
    if (is_poison(y) || is_poison(dx))
        return array_poison;
    int64_t n = y->aval.shape[y->aval.ndim - 1];
    if (!dx->aval.ndim && n) {
        ct_array sum = ct_sum(y, .axis = I(-1)), first = last_axis_at(y, 0);
        ct_array ends = ct_multiply(0.5, ct_add(first, last_axis_at(y, n - 1)));
        return ct_multiply(dx, ct_subtract(sum, ends));
    }
    ct_array after = last_axis_slice(y, 1, n);
    ct_array pairs = op_add(after, last_axis_slice(y, 0, n ? n - 1 : 0));
    return ct_multiply(0.5, ct_sum(ct_multiply(dx, pairs), .axis = I(-1)));
}

/* ---- interpolation ---- */

static ct_array pick(ct_array x, ct_array i)
{
    return shape_take(x, 0, i, &(index_options){.keep_negative = true});
}

static ct_array edge_of(ct_array x, bool last)
{
    int64_t i = last ? x->size - 1 : 0;
    return op_reshape(shape_slice(x, 0, i, i + 1, 1), I_NONE);
}

ct_array numpy_interp(const ct_interp_args *a)
{
    ct_array v[] = {a->x, a->xp}, f[] = {a->fp};
    if (a->xp->aval.ndim != 1 || !ints_equal(shape_of(a->xp), shape_of(a->fp)))
        return ct_fail(CT_VALUE_ERROR, "xp and fp must be one-dimensional arrays of equal size");
    if (!numpy_promote_inexact("interp", 2, v, v) || !numpy_promote_inexact("interp", 1, f, f))
        return array_poison;
    if (dtype_is(dtype_of(v[0]), FAMILY_COMPLEX))
        return ct_fail(CT_VALUE_ERROR, "jnp.interp: complex x values not supported.");
    ct_array x = v[0], xp = v[1], fp = f[0];
    if (a->period) {
        ct_array period = numpy_cast(ct_abs(a->period), dtype_of(x)), sorted[2];
        x = ct_remainder(x, period);
        xp = ct_remainder(xp, period);
        if (is_poison(x) || is_poison(xp))
            return array_poison;
        op_sort(2, (ct_array[]){xp, fp}, 0, true, 1, sorted);
        xp = ct_concatenate(
            ARRAYS(ct_subtract(shape_slice(sorted[0], 0, xp->size - 1, xp->size, 1), period),
                   sorted[0], ct_add(shape_slice(sorted[0], 0, 0, 1, 1), period)));
        fp = ct_concatenate(ARRAYS(shape_slice(sorted[1], 0, fp->size - 1, fp->size, 1), sorted[1],
                                   shape_slice(sorted[1], 0, 0, 1, 1)));
    }
    ct_array i = shape_searchsorted(xp, x, true);
    if (is_poison(i))
        return i;
    i = op_min(array_scalar_int(dtype_of(i), false, xp->size - 1),
               op_max(array_scalar_int(dtype_of(i), false, 1), i));
    ct_array h = sub(i, 1), x0 = pick(xp, h), f0 = pick(fp, h);
    ct_array df = op_sub(pick(fp, i), f0), dx = op_sub(pick(xp, i), x0);
    ct_array flat =
        op_le(op_abs(dx), op_number(dtype_of(xp) == CT_FLOAT64 ? 0x1p-104 : 0x1p-46, dx));
    ct_array slope = ct_multiply(
        ct_divide(op_sub(x, x0), op_select_n(flat, 2, (ct_array[]){dx, op_full_like(dx, 1)})), df);
    ct_array y = ct_where(flat, f0, ct_add(f0, slope));
    if (a->period)
        return y;
    y = ct_where(ct_less(x, edge_of(xp, false)), a->left ? a->left : edge_of(fp, false), y);
    return ct_where(ct_greater(x, edge_of(xp, true)), a->right ? a->right : edge_of(fp, true), y);
}

/* ---- polynomials ---- */

/* Horner's rule, the highest power first. */
ct_array numpy_polyval(const ct_polyval_args *a)
{
    ct_array v[] = {a->p, a->x};
    if (!a->p->aval.ndim)
        return ct_fail(CT_VALUE_ERROR, "polyval: p must have at least one axis");
    if (!numpy_promote("polyval", 2, v, v))
        return array_poison;
    ct_array y = op_full_like(v[1], 0);
    for (int64_t i = 0; i < v[0]->aval.shape[0]; i++)
        y = ct_add(ct_multiply(y, v[1]), op_squeeze(shape_slice(v[0], 0, i, i + 1, 1), I(0)));
    return y;
}

ct_array numpy_vander(const ct_vander_args *a)
{
    ct_array x = a->x;
    if (x->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "x must be a one-dimensional array");
    int64_t n = a->N.given ? a->N.value : x->size;
    if (n < 0)
        return ct_fail(CT_VALUE_ERROR, "N must be nonnegative");
    ct_array powers = op_iota(dtype_of(x), I(n), 0);
    if (!a->increasing)
        powers = sub((double)(n - 1), powers);
    x = op_expand_dims(x, I(1));
    return ct_power(x, op_expand_dims(powers, I(0)));
}

/* ---- convolution of vectors ---- */

/* sums[k] = sum_j x[k + j - (m - 1)] kernel[j] for k in [first, first + n). */
static ct_array slid(ct_array x, ct_array kernel, int64_t first, int64_t n, const ct__conv_args *a)
{
    int64_t last = kernel->size - 1, low = last - first, high = n - x->size + first;
    const params_conv p = {.batch_group_count = 1,
                           .dimension_numbers = {I(0, 1, 2), I(0, 1, 2), I(0, 1, 2)},
                           .feature_group_count = 1,
                           .lhs_dilation = I(1),
                           .padding = I(low, high),
                           .precision = a->precision,
                           .preferred_element_type = a->preferred_element_type,
                           .rhs_dilation = I(1),
                           .window_strides = I(1)};
    x = op_expand_dims(x, I(0, 1));
    ct_array sums = op_conv(x, op_expand_dims(kernel, I(0, 1)), &p);
    return is_poison(sums) ? sums : op_squeeze(sums, I(0, 1));
}

static ct_array flipped(ct_array x) { return ct_flip(x); }

/* What convolve and correlate have in common. A correlation slides v itself, and where v is the
 * longer one, its result is that of sliding a, read backwards. */
ct_array numpy__conv(const ct__conv_args *a)
{
    ct_array x = a->x, v = a->y;
    int64_t n = x->size, m = v->size, first, count;
    bool swapped = n < m;
    if (a->correlate && dtype_is(dtype_of(v), FAMILY_COMPLEX))
        v = op_conj(v);
    if (swapped) {
        ct_array swap = x;
        x = v;
        v = swap;
        n = x->size;
        m = v->size;
    }
    if (!strcmp(a->mode, "full"))
        first = 0, count = n + m - 1;
    else if (!strcmp(a->mode, "same"))
        first = (m - 1) / 2, count = n;
    else
        first = m - 1, count = n - m + 1;
    ct_array kernel = a->correlate ? v : flipped(v);
    if (is_poison(kernel))
        return kernel;
    ct_array out = slid(x, kernel, first, count, a);
    return swapped && a->correlate && !is_poison(out) ? flipped(out) : out;
}

static ct_array convolve(const char *what, const ct_convolve_args *args, bool correlate)
{
    ct_array v[] = {args->a, args->v};
    if (v[0]->aval.ndim != 1 || v[1]->aval.ndim != 1)
        return ct_fail(CT_VALUE_ERROR, "%s() only support 1-dimensional inputs.", what);
    if (!v[0]->size || !v[1]->size)
        return ct_fail(CT_VALUE_ERROR, "%s: inputs cannot be empty, got shapes %s and %s.", what,
                       dims_string(shape_of(v[0])), dims_string(shape_of(v[1])));
    if (strcmp(args->mode, "full") && strcmp(args->mode, "same") && strcmp(args->mode, "valid"))
        return ct_fail(CT_VALUE_ERROR, "mode must be one of ['full', 'same', 'valid']");
    if (!numpy_promote_inexact(what, 2, v, v))
        return array_poison;
    return ct__conv(v[0], v[1], args->mode, correlate, args->precision,
                    args->preferred_element_type);
}

ct_array numpy_convolve(const ct_convolve_args *a) { return convolve("convolve", a, false); }

ct_array numpy_correlate(const ct_correlate_args *a)
{
    const ct_convolve_args as = {.a = a->a,
                                 .v = a->v,
                                 .mode = a->mode,
                                 .precision = a->precision,
                                 .preferred_element_type = a->preferred_element_type};
    return convolve("correlate", &as, true);
}

ct_array numpy_unwrap(const ct_unwrap_args *a)
{
    ct_array p = a->p, period = a->period;
    int64_t axis;
    if (!numpy_axis("unwrap", a->axis.value, p->aval.ndim, &axis))
        return array_poison;
    if (dtype_is(dtype_of(p), FAMILY_COMPLEX))
        return ct_fail(CT_VALUE_ERROR, "jnp.unwrap does not support complex inputs.");
    if (!p->aval.shape[axis])
        return p;
    ct_array v[2] = {p, period};
    if (!numpy_promote("unwrap", 2, v, v))
        return array_poison;
    p = v[0];
    ct_array half = dtype_inexact(dtype_of(p)) ? ct_divide(v[1], 2) : ct_floor_divide(v[1], 2);
    ct_array step = ct_diff(p, .axis = GIVEN(axis));
    ct_array wrapped = ct_subtract(ct_remainder(ct_add(step, half), v[1]), half);
    ct_array up = ct_logical_and(ct_equal(wrapped, ct_negative(half)), ct_greater(step, 0));
    wrapped = ct_where(up, half, wrapped);
    ct_array change = ct_subtract(wrapped, step), limit = a->discont ? a->discont : half;
    change = ct_where(ct_less(ct_abs(step), limit), 0, change);
    ct_array first = shape_slice(p, axis, 0, 1, 1),
             rest = shape_slice(p, axis, 1, p->aval.shape[axis], 1);
    rest = ct_add(rest, ct_cumsum(change, .axis = GIVEN(axis)));
    if (is_poison(rest) || is_poison(first))
        return array_poison;
    return ct_concatenate(ARRAYS(numpy_cast(first, dtype_of(rest)), rest), .axis = GIVEN(axis));
}
