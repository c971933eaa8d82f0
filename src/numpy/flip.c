/* Functions that reorder along axes: flip, fliplr, flipud, rot90, roll. */
#include "api/bodies.h"
#include "numpy/shape.h"

static ct_array flip_axes(ct_array x, ct_ints axis)
{
    dimlist axes = {0};
    if (!axis.at)
        for (int64_t d = 0; d < x->aval.ndim && d < NUMPY_MAX_NDIM; d++)
            axes.at[axes.n++] = d;
    else if (!numpy_axes_ordered("flip", axis, x->aval.ndim, &axes))
        return array_poison;
    return axes.n ? op_rev(x, dimlist_ints(&axes)) : x;
}

ct_array numpy_flip(const ct_flip_args *a) { return flip_axes(a->m, a->axis); }

ct_array numpy_fliplr(ct_array x)
{
    return x->aval.ndim < 2 ? ct_fail(CT_VALUE_ERROR, "Input must be >= 2-d.") : flip_axes(x, I(1));
}

ct_array numpy_flipud(ct_array x)
{
    return x->aval.ndim < 1 ? ct_fail(CT_VALUE_ERROR, "Input must be >= 1-d.") : flip_axes(x, I(0));
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
        return shape_permute(flip_axes(x, I(second)), &swap);
    case 2:
        return flip_axes(flip_axes(x, I(first)), I(second));
    default:
        return flip_axes(shape_permute(x, &swap), I(second));
    }
}

static ct_array roll_static(ct_array x, int64_t axis, int64_t shift)
{
    int64_t n = x->aval.shape[axis];
    if (!n)
        return x;
    int64_t cut = ((-shift % n) + n) % n;
    if (!cut)
        return x;
    ct_array parts[] = {shape_slice(x, axis, cut, n, 1), shape_slice(x, axis, 0, cut, 1)};
    return op_concatenate(2, parts, axis);
}

/* Twice the array side by side, read from where the shift points. */
static ct_array roll_dynamic(ct_array x, int64_t axis, ct_array shift)
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

static ct_array roll_axes(ct_array x, ct_array shift, ct_ints axis)
{
    dimlist axes;
    if (!dimlist_copy(&axes, "roll", axis))
        return array_poison;
    if (shift->aval.ndim > 1)
        return ct_fail(CT_VALUE_ERROR, "roll: shift must be a scalar or a list; got shape %s",
                       dims_string(shape_of(shift)));
    int64_t n = axes.n > shift->size ? axes.n : shift->size;
    if ((axes.n != n && axes.n != 1) || (shift->size != n && shift->size != 1))
        return ct_fail(
            CT_VALUE_ERROR,
            "Mismatched lengths between shift (%lld) and axis (%lld) for jax.numpy.roll.",
            (long long)shift->size, (long long)axes.n);
    ct_array known;
    bool is_static = core_concrete(shift, &known);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = axes.at[axes.n == 1 ? 0 : i], which = shift->size == 1 ? 0 : i;
        if (!numpy_axis("roll", at, x->aval.ndim, &at))
            return array_poison;
        x = is_static ? roll_static(x, at, array_get_int(known, which))
                      : roll_dynamic(x, at, shift_at(shift, which));
        if (is_poison(x))
            return x;
    }
    return x;
}

ct_array numpy_roll(const ct_roll_args *a)
{
    if (!dtype_is((ct_dtype)a->shift->aval.dtype, FAMILY_INT | FAMILY_UINT))
        return ct_fail(CT_TYPE_ERROR, "roll requires integer shifts; got dtype %s",
                       ct_dtype_name((ct_dtype)a->shift->aval.dtype));
    if (a->axis.at)
        return roll_axes(a->a, a->shift, a->axis);
    ct_array flat = shape_reshape(a->a, I(a->a->size));
    return is_poison(flat) ? flat : shape_reshape(roll_axes(flat, a->shift, I(0)), shape_of(a->a));
}
