/* Functions that reorder along axes: flip, fliplr, flipud, rot90, roll. */
#include "api/bodies.h"
#include "numpy/shape.h"

ct_array numpy_flip(const ct_flip_args *a)
{
    ct_array x = a->m;
    dimlist axes = {0};
    if (!a->axis.at)
        for (int64_t d = 0; d < x->aval.ndim && d < NUMPY_MAX_NDIM; d++)
            axes.at[axes.n++] = d;
    else if (!numpy_axes_ordered("flip", a->axis, x->aval.ndim, &axes))
        return array_poison;
    return axes.n ? op_rev(x, dimlist_ints(&axes)) : x;
}

static ct_array flip(ct_array x, int64_t axis) { return ct_flip(x, .axis = I(axis)); }

ct_array numpy_fliplr(ct_array x)
{
    return x->aval.ndim < 2 ? ct_fail(CT_VALUE_ERROR, "Input must be >= 2-d.") : flip(x, 1);
}

ct_array numpy_flipud(ct_array x)
{
    return x->aval.ndim < 1 ? ct_fail(CT_VALUE_ERROR, "Input must be >= 1-d.") : flip(x, 0);
}

ct_array numpy_rot90(const ct_rot90_args *a)
{
    ct_array x = a->m;
    dimlist axes, swap = {.n = x->aval.ndim};
    if (a->axes.n != 2 || !numpy_axes_ordered("rot90", a->axes, x->aval.ndim, &axes))
        return a->axes.n == 2 ? array_poison
                              : ct_fail(CT_VALUE_ERROR, "rot90: axes must be two axes; got %s",
                                        dims_string(a->axes));
    int64_t first = axes.at[0], second = axes.at[1], k = ((a->k.value % 4) + 4) % 4;
    for (int64_t d = 0; d < swap.n; d++)
        swap.at[d] = d == first ? second : d == second ? first : d;
    switch (k) {
    case 0:
        return x;
    case 1:
        return shape_permute(flip(x, second), &swap);
    case 2:
        return flip(flip(x, first), second);
    default:
        return flip(shape_permute(x, &swap), second);
    }
}

static ct_array roll_by(ct_array x, int64_t axis, int64_t shift)
{
    int64_t n = x->aval.shape[axis];
    int64_t cut = n ? ((-shift % n) + n) % n : 0;
    if (!cut)
        return x;
    ct_array parts[] = {shape_part(x, axis, cut, n), shape_part(x, axis, 0, cut)};
    return op_concatenate(2, parts, axis);
}

/* Twice the array side by side, read from where the shift points. */
static ct_array roll_by_traced(ct_array x, int64_t axis, ct_array shift)
{
    int64_t n = x->aval.shape[axis], ndim = x->aval.ndim;
    if (!n)
        return x;
    ct_dtype dtype = CT_INT32;
    ct_array length = array_scalar_int(dtype, false, n);
    ct_array rest = op_rem(op_convert(shift, dtype, false), length);
    ct_array start = op_rem(op_sub(length, rest), length);
    start = op_select_n(op_lt(start, array_scalar_int(dtype, false, 0)), 2,
                        (ct_array[]){start, op_add(start, length)});
    ct_array starts[NUMPY_MAX_NDIM];
    for (int64_t d = 0; d < ndim; d++)
        starts[d] = d == axis ? start : array_scalar_int(dtype, false, 0);
    return op_dynamic_slice(op_concatenate(2, (ct_array[]){x, x}, axis), ndim, starts, shape_of(x));
}

static ct_array shift_at(ct_array shift, int64_t i)
{
    return shift->aval.ndim ? op_reshape(shape_slice(shift, 0, i, i + 1, 1), I_NONE) : shift;
}

/* One after the other; of shifts and axes, one may stand for all. The shifts are numbers or, where
 * these are not known, an array. */
static ct_array roll_axes(ct_array x, ct_ints shifts, ct_array dynamic, ct_ints axis)
{
    int64_t count = dynamic ? dynamic->size : shifts.n, n = axis.n > count ? axis.n : count;
    if ((axis.n != n && axis.n != 1) || (count != n && count != 1))
        return ct_fail(
            CT_VALUE_ERROR,
            "Mismatched lengths between shift (%lld) and axis (%lld) for jax.numpy.roll.",
            (long long)count, (long long)axis.n);
    for (int64_t i = 0; i < n && !is_poison(x); i++) {
        int64_t at = axis.at[axis.n == 1 ? 0 : i], which = count == 1 ? 0 : i;
        if (!numpy_axis("roll", at, x->aval.ndim, &at))
            return array_poison;
        x = dynamic ? roll_by_traced(x, at, shift_at(dynamic, which))
                    : roll_by(x, at, shifts.at[which]);
    }
    return x;
}

ct_array numpy__roll_static(const ct__roll_static_args *a)
{
    return roll_axes(a->a, a->shift, NULL, a->axis);
}

ct_array numpy__roll_dynamic(const ct__roll_dynamic_args *a)
{
    return roll_axes(a->a, I_NONE, a->shift, a->axis);
}

ct_array numpy_roll(const ct_roll_args *a)
{
    ct_array known;
    dimlist shifts;
    if (!dtype_is((ct_dtype)a->shift->aval.dtype, FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_TYPE_ERROR, "roll requires integer shifts; got dtype %s",
                       ct_dtype_name((ct_dtype)a->shift->aval.dtype));
    if (a->shift->aval.ndim > 1)
        return ct_fail(CT_VALUE_ERROR, "roll: shift must be a scalar or a list; got shape %s",
                       dims_string(shape_of(a->shift)));
    if (!a->axis.at) {
        ct_array flat = shape_reshape(a->a, I(a->a->size));
        flat = is_poison(flat) ? flat : ct_roll(flat, a->shift, .axis = I(0));
        return shape_reshape(flat, shape_of(a->a));
    }
    if (!core_concrete(a->shift, &known))
        return ct__roll_dynamic(a->a, a->shift, .axis = a->axis);
    if (known->size > NUMPY_MAX_NDIM)
        return ct_fail(CT_VALUE_ERROR, "roll: %lld shifts are too many", (long long)known->size);
    shifts.n = known->size;
    for (int64_t i = 0; i < shifts.n; i++)
        shifts.at[i] = array_get_int(known, i);
    return ct__roll_static(a->a, dimlist_ints(&shifts), .axis = a->axis);
}
