/* pad: with constants, edges, reflections, repetitions, ramps and statistics. Axes are padded one
 * after the other. */
#define OPS_SHORT_NAMES
#include "numpy/shape.h"

typedef struct widths {
    int64_t before[NUMPY_MAX_NDIM], after[NUMPY_MAX_NDIM];
} widths;

/* One number for all, one pair for all, or a pair an axis; flattened by the caller. */
static bool pairs_of(const char *name, ct_ints given, int64_t ndim, widths *w)
{
    if (given.n != 1 && given.n != 2 && given.n != 2 * ndim) {
        base_fail(CT_VALUE_ERROR,
                  "jnp.pad: %s has %lld entries for an array with %lld axes: give one number, one "
                  "pair, or a pair for each axis",
                  name, (long long)given.n, (long long)ndim);
        return false;
    }
    for (int64_t d = 0; d < ndim; d++) {
        bool each = given.n == 2 * ndim && given.n > 2;
        w->before[d] = given.at[each ? 2 * d : 0];
        w->after[d] = given.at[each ? 2 * d + 1 : given.n > 1];
        if (w->before[d] < 0 || w->after[d] < 0) {
            base_fail(CT_VALUE_ERROR, "index can't contain negative values");
            return false;
        }
    }
    return true;
}

/* ---- constants ---- */

static ct_array pad_all(ct_array x, const widths *w, ct_array value)
{
    int64_t config[3 * NUMPY_MAX_NDIM];
    int64_t ndim = x->aval.ndim;
    for (int64_t d = 0; d < ndim; d++) {
        config[3 * d] = w->before[d];
        config[3 * d + 1] = w->after[d];
        config[3 * d + 2] = 0;
    }
    return op_pad(x, value, (ct_ints){3 * ndim, config});
}

/* An entry of a (ndim, 2) array of values, as a scalar. */
static ct_array entry(ct_array values, int64_t d, int64_t side)
{
    return op_reshape(op_slice(values, I(d, side), I(d + 1, side + 1), (ct_ints){0}), I_NONE);
}

static ct_array pad_constant(ct_array x, const widths *w, ct_array value)
{
    int64_t ndim = x->aval.ndim;
    value = numpy_convert(value, dtype_of(x), x->aval.weak);
    if (is_poison(value) || !value->aval.ndim)
        return is_poison(value) ? value : pad_all(x, w, value);
    value = numpy_broadcast_one("pad", value, I(ndim, 2));
    for (int64_t d = 0; d < ndim && !is_poison(value); d++)
        for (int64_t side = 0; side < 2; side++) {
            widths one = {0};
            *(side ? &one.after[d] : &one.before[d]) = side ? w->after[d] : w->before[d];
            if (side ? w->after[d] : w->before[d])
                x = pad_all(x, &one, entry(value, d, side));
        }
    return is_poison(value) ? value : x;
}

/* ---- copies of what is there ---- */

static ct_array join3(ct_array before, ct_array x, ct_array after, int64_t axis)
{
    ct_array parts[3];
    int64_t n = 0;
    ct_array given[] = {before, x, after};
    for (int i = 0; i < 3; i++)
        if (given[i])
            parts[n++] = given[i];
    return n == 1 ? parts[0] : op_concatenate(n, parts, axis);
}

static ct_array repeated(ct_array edge, int64_t axis, int64_t n)
{
    return n ? ct_repeat(edge, n, .axis = GIVEN(axis)) : NULL;
}

static ct_array pad_edge(ct_array x, int64_t axis, int64_t before, int64_t after)
{
    int64_t n = x->aval.shape[axis];
    ct_array first = repeated(shape_part(x, axis, 0, 1), axis, before);
    return join3(first, x, repeated(shape_part(x, axis, n - 1, n), axis, after), axis);
}

static ct_array pad_wrap(ct_array x, int64_t axis, int64_t before, int64_t after)
{
    int64_t n = x->aval.shape[axis];
    ct_array tiled =
        ct_repeat(op_expand_dims(x, I(axis)), before / n + after / n + 1, .axis = GIVEN(axis));
    dimlist shape;
    if (is_poison(tiled) || !dimlist_copy(&shape, "pad", shape_of(x)))
        return array_poison;
    shape.at[axis] *= tiled->aval.shape[axis];
    tiled = shape_reshape(tiled, dimlist_ints(&shape));
    return join3(before % n ? shape_part(x, axis, n - before % n, n) : NULL, tiled,
                 after % n ? shape_part(x, axis, 0, after % n) : NULL, axis);
}

/* One side of a reflection, as many times as the padding is long. odd: mirrored about the edge's
 * value too. */
static ct_array reflect_side(ct_array x, int64_t axis, int64_t size, int64_t padding,
                             int64_t offset, bool odd, bool before)
{
    int64_t last = x->aval.shape[axis];
    ct_array edge = before ? shape_part(x, axis, 0, 1) : shape_part(x, axis, last - 1, last);
    while (padding > 0 && !is_poison(x)) {
        int64_t step = padding < size - offset ? padding : size - offset, n = x->aval.shape[axis];
        padding -= step;
        ct_array part = before ? shape_part(x, axis, offset, offset + step)
                               : shape_part(x, axis, n - step - offset, n - offset);
        part = ct_flip(part, .axis = I(axis));
        if (odd) {
            ct_array twice = mul(2, edge);
            part = sub(numpy_broadcast_one("pad", twice, shape_of(part)), part);
            if (size > 1)
                edge =
                    before ? shape_part(part, axis, 0, 1) : shape_part(part, axis, step - 1, step);
        }
        x = before ? join3(part, x, NULL, axis) : join3(NULL, x, part, axis);
    }
    return x;
}

static ct_array pad_reflect(ct_array x, int64_t axis, int64_t before, int64_t after, bool with_edge,
                            bool odd)
{
    int64_t size = x->aval.shape[axis], offset = !with_edge && size > 1;
    x = reflect_side(x, axis, size, before, offset, odd, true);
    return reflect_side(x, axis, size, after, offset, odd, false);
}

/* ---- ramps and statistics ---- */

static ct_array ramp(ct_array x, int64_t axis, ct_array edge, ct_array end, int64_t n, bool flipped)
{
    if (!n)
        return NULL;
    ct_array stop = op_squeeze(edge, I(axis));
    ct_array y = ct_linspace(end, stop, .num = GIVEN(n), .endpoint = CT_FALSE, .dtype = dtype_of(x),
                             .axis = axis);
    y = is_poison(y) ? y : op_convert(y, dtype_of(x), x->aval.weak);
    return flipped ? ct_flip(y, .axis = I(axis)) : y;
}

static ct_array pad_ramp(ct_array x, const widths *w, ct_array ends)
{
    ends = numpy_broadcast_one("pad", ends ? ends : ct_weak_int(0), I(x->aval.ndim, 2));
    for (int64_t d = 0; d < x->aval.ndim && !is_poison(ends); d++) {
        int64_t n = x->aval.shape[d];
        ct_array low = ramp(x, d, shape_part(x, d, 0, 1), entry(ends, d, 0), w->before[d], false);
        ct_array high =
            ramp(x, d, shape_part(x, d, n - 1, n), entry(ends, d, 1), w->after[d], true);
        x = join3(low, x, high, d);
    }
    return is_poison(ends) ? ends : x;
}

static ct_array statistic(const char *mode, ct_array x, int64_t axis)
{
    ct_array y = !strcmp(mode, "maximum")   ? ct_max(x, .axis = I(axis), .keepdims = true)
                 : !strcmp(mode, "minimum") ? ct_min(x, .axis = I(axis), .keepdims = true)
                 : !strcmp(mode, "median")  ? ct_median(x, .axis = I(axis), .keepdims = true)
                                            : ct_mean(x, .axis = I(axis), .keepdims = true);
    if (!is_poison(y) && dtype_is(dtype_of(x), FAMILY_INT | FAMILY_UINT) &&
        dtype_is(dtype_of(y), FAMILY_FLOAT))
        y = ct_round(y);
    return is_poison(y) ? y : op_convert(y, dtype_of(x), x->aval.weak);
}

static ct_array pad_statistic(const char *mode, ct_array x, const widths *w, ct_ints lengths)
{
    widths l;
    if (lengths.at && !pairs_of("stat_length", lengths, x->aval.ndim, &l))
        return array_poison;
    for (int64_t d = 0; d < x->aval.ndim && !is_poison(x); d++) {
        int64_t n = x->aval.shape[d], before = lengths.at && l.before[d] < n ? l.before[d] : n,
                after = lengths.at && l.after[d] < n ? l.after[d] : n;
        if (lengths.at && (!before || !after))
            return ct_fail(CT_VALUE_ERROR, "stat_length of 0 yields no value for padding");
        ct_array low = statistic(mode, lengths.at ? shape_part(x, d, 0, before) : x, d),
                 high = statistic(mode, lengths.at ? shape_part(x, d, n - after, n) : x, d);
        low = is_poison(low) ? low : repeated(low, d, w->before[d]);
        x = join3(low, x, is_poison(high) ? high : repeated(high, d, w->after[d]), d);
    }
    return x;
}

ct_array numpy_pad(const ct_pad_args *a)
{
    ct_array x = a->array;
    const char *mode = a->mode;
    widths w;
    int64_t ndim = x->aval.ndim;
    bool reflect = !strcmp(mode, "reflect"), symmetric = !strcmp(mode, "symmetric"),
         edge = !strcmp(mode, "edge"), wrap = !strcmp(mode, "wrap");
    if (!ndim)
        return x;
    if (!pairs_of("pad_width", a->pad_width, ndim, &w))
        return array_poison;
    if (!strcmp(mode, "constant"))
        return pad_constant(x, &w, a->constant_values);
    if (!strcmp(mode, "empty"))
        return pad_constant(x, &w, ct_weak_int(0));
    if (!strcmp(mode, "linear_ramp"))
        return pad_ramp(x, &w, a->end_values);
    if (!strcmp(mode, "maximum") || !strcmp(mode, "minimum") || !strcmp(mode, "mean") ||
        !strcmp(mode, "median"))
        return pad_statistic(mode, x, &w, a->stat_length);
    if (!reflect && !symmetric && !edge && !wrap)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "Unimplemented padding mode '%s' for np.pad.",
                       mode);
    for (int64_t d = 0; d < ndim && !is_poison(x); d++) {
        if (!w.before[d] && !w.after[d])
            continue;
        if (!x->aval.shape[d])
            return ct_fail(CT_VALUE_ERROR, "Cannot apply '%s' padding to empty axis", mode);
        x = edge   ? pad_edge(x, d, w.before[d], w.after[d])
            : wrap ? pad_wrap(x, d, w.before[d], w.after[d])
                   : pad_reflect(x, d, w.before[d], w.after[d], symmetric,
                                 !strcmp(a->reflect_type, "odd"));
    }
    return x;
}
