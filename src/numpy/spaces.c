/* Evenly spaced numbers: linspace, logspace, geomspace. Next: compare.c. */
#define OPS_SHORT_NAMES
#include "numpy/numpy.h"

static ct_array numbers_between(ct_array start, ct_array stop, int64_t num, bool endpoint,
                                ct_dtype inside, int64_t *axis, ct_array *step)
{
    ct_array v[2] = {numpy_cast(start, inside), numpy_cast(stop, inside)}, ends[2];
    ct_dtype real = dtype_real_part(inside);
    dimlist shape, grid = {.n = 0};
    if (is_poison(v[0]) || is_poison(v[1]) || !numpy_broadcast_shape("linspace", 2, v, &shape) ||
        !numpy_broadcast("linspace", 2, v, ends))
        return array_poison;
    if (!numpy_axis("linspace", *axis, shape.n + 1, axis))
        return array_poison;
    for (int64_t d = 0; d <= shape.n; d++)
        grid.at[grid.n++] = d == *axis ? 1 : shape.at[d - (d > *axis)];
    int64_t parts = endpoint ? num - 1 : num;
    *step = array_scalar(inside, false, __builtin_nan(""));
    if (num == 0) {
        grid.at[*axis] = 0;
        return numpy_filled(array_scalar(inside, false, 0), dimlist_ints(&grid));
    }
    if (num == 1) {
        if (!endpoint)
            *step = op_sub(v[1], v[0]);
        return op_reshape(ends[0], dimlist_ints(&grid));
    }
    dimlist line = {.n = grid.n};
    for (int64_t d = 0; d < grid.n; d++)
        line.at[d] = d == *axis ? parts : 1;
    *step = op_div(op_sub(v[1], v[0]), array_scalar(inside, false, (double)parts));
    ct_array t = op_iota(real, I(parts), 0);
    if (line.n > 1)
        t = op_reshape(t, dimlist_ints(&line));
    t = op_div(t, array_scalar(real, false, (double)parts));
    t = is_poison(t) ? t : numpy_cast(t, inside);
    ct_array from = op_reshape(ends[0], dimlist_ints(&grid));
    from = op_mul(from, sub(1, t));
    ct_array to = op_reshape(ends[1], dimlist_ints(&grid));
    ct_array out = op_add(from, op_mul(to, t));
    return endpoint ? op_concatenate(2, (ct_array[]){out, op_expand_dims(ends[1], I(*axis))}, *axis)
                    : out;
}

ct_tree numpy_linspace(const ct_linspace_args *a)
{
    ct_dtype dtype;
    bool weak;
    if (a->num.value < 0)
        return ct_fail(CT_VALUE_ERROR, "Number of samples, %lld, must be non-negative.",
                       (long long)a->num.value);
    if (!numpy_result_dtype("linspace", 2, (ct_array[]){a->start, a->stop}, &dtype, &weak))
        return array_poison;
    dtype = numpy_dtype(a->dtype, dtype_to_inexact(dtype));
    int64_t axis = a->axis;
    ct_array step, out = numbers_between(a->start, a->stop, a->num.value, a->endpoint == CT_TRUE,
                                         dtype_to_inexact(dtype), &axis, &step);
    if (dtype_is(dtype, FAMILY_INT | FAMILY_UINT))
        out = op_floor(out);
    out = is_poison(out) ? out : numpy_cast(out, dtype);
    if (!a->retstep || is_poison(out))
        return out;
    step = is_poison(step) ? step : numpy_cast(step, dtype);
    return is_poison(step) ? step : ct_tuple(out, step);
}

ct_array numpy_logspace(const ct_logspace_args *a)
{
    ct_dtype dtype;
    bool weak;
    if (!numpy_result_dtype("logspace", 2, (ct_array[]){a->start, a->stop}, &dtype, &weak))
        return array_poison;
    dtype = numpy_dtype(a->dtype, dtype_to_inexact(dtype));
    ct_dtype inside = dtype_to_inexact(dtype);
    ct_array exponents =
        ct_linspace(numpy_cast(a->start, inside), numpy_cast(a->stop, inside), .num = a->num,
                    .endpoint = a->endpoint, .dtype = CT_NO_DTYPE, .axis = a->axis);
    ct_array x = ct_power(numpy_cast(a->base, inside), exponents);
    return is_poison(x) ? x : numpy_cast(x, dtype);
}

ct_array numpy_geomspace(const ct_geomspace_args *a)
{
    ct_dtype dtype;
    bool weak;
    if (!numpy_result_dtype("geomspace", 2, (ct_array[]){a->start, a->stop}, &dtype, &weak))
        return array_poison;
    dtype = numpy_dtype(a->dtype, dtype_to_inexact(dtype));
    ct_dtype inside = dtype_to_inexact(dtype);
    ct_array v[2] = {numpy_cast(a->start, inside), numpy_cast(a->stop, inside)};
    if (is_poison(v[0]) || is_poison(v[1]) || !numpy_broadcast("geomspace", 2, v, v))
        return array_poison;
    /* The logarithms of the distances from zero are evenly spaced; the sign comes back at the end.
     */
    ct_array sign = op_sign(v[0]);
    ct_array from = ct_log10(op_div(v[0], sign)), to = ct_log10(op_div(v[1], sign));
    ct_array x = ct_logspace(from, to, .num = a->num, .endpoint = a->endpoint,
                             .base = array_scalar(inside, false, 10), .dtype = inside);
    int64_t axis = a->axis;
    x = ct_multiply(sign, x);
    if (is_poison(x) || !numpy_axis("geomspace", axis, x->aval.ndim, &axis))
        return array_poison;
    x = op_moveaxis(x, 0, axis);
    return is_poison(x) ? x : numpy_cast(x, dtype);
}
