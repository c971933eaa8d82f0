/* packbits and unpackbits: eight booleans a byte. */
#define OPS_SHORT_NAMES
#include "numpy/shape.h"

/* Which bit each of eight places stands for, as a row. */
static bool bit_order(const char *what, const char *order, ct_array *shifts)
{
    bool big = !strcmp(order, "big");
    if (!big && strcmp(order, "little")) {
        base_fail(CT_VALUE_ERROR, "%s: 'order' must be either 'little' or 'big'", what);
        return false;
    }
    ct_array place = op_iota(CT_UINT8, I(8), 0);
    *shifts = big ? sub(7, place) : place;
    return !is_poison(*shifts);
}

/* The axis moved to the end; all elements as one axis without one. */
static ct_array to_end(const char *what, ct_array x, ct_opt_int axis, int64_t *at)
{
    *at = 0;
    if (!axis.given)
        return shape_flatten(x);
    if (!numpy_axis(what, axis.value, x->aval.ndim, at))
        return array_poison;
    return op_moveaxis(x, *at, x->aval.ndim - 1);
}

ct_array numpy_packbits(const ct_packbits_args *a)
{
    ct_array x = a->a, shifts;
    int64_t axis;
    if (!dtype_is(dtype_of(x), FAMILY_INT | FAMILY_UINT | FAMILY_BOOL))
        return ct_fail(CT_TYPE_ERROR, "Expected an input array of integer or boolean data type");
    if (!bit_order("packbits", a->bitorder, &shifts))
        return array_poison;
    x = numpy_cast(op_ne(x, op_number(0, x)), CT_UINT8);
    x = is_poison(x) ? x : to_end("packbits", x, a->axis, &axis);
    if (is_poison(x))
        return x;
    int64_t n = x->aval.ndim, length = x->aval.shape[n - 1], bytes = (length + 7) / 8;
    int64_t pad[3 * NUMPY_MAX_NDIM] = {0};
    pad[3 * (n - 1) + 1] = bytes * 8 - length;
    dimlist shape;
    x = op_pad(x, op_number(0, x), (ct_ints){3 * n, pad});
    if (is_poison(x) || !dimlist_copy(&shape, "packbits", shape_of(x)))
        return array_poison;
    shape.at[n - 1] = bytes;
    shape.at[shape.n++] = 8;
    x = op_reshape(x, dimlist_ints(&shape));
    x = ct_sum(ct_left_shift(x, shifts), .axis = I(-1), .dtype = CT_UINT8);
    return is_poison(x) ? x : op_moveaxis(x, n - 1, axis);
}

ct_array numpy_unpackbits(const ct_unpackbits_args *a)
{
    ct_array x = a->a, shifts;
    int64_t axis;
    if (dtype_of(x) != CT_UINT8)
        return ct_fail(CT_TYPE_ERROR, "Expected an input array of unsigned byte data type");
    if (!bit_order("unpackbits", a->bitorder, &shifts))
        return array_poison;
    x = to_end("unpackbits", x, a->axis, &axis);
    if (is_poison(x))
        return x;
    int64_t n = x->aval.ndim;
    dimlist shape;
    if (!dimlist_copy(&shape, "unpackbits", shape_of(x)))
        return array_poison;
    shape.at[n - 1] *= 8;
    x = ct_bitwise_and(ct_right_shift(op_expand_dims(x, I(n)), shifts),
                       array_scalar(CT_UINT8, false, 1));
    x = is_poison(x) ? x : op_reshape(x, dimlist_ints(&shape));
    if (is_poison(x))
        return x;
    if (a->count.given) {
        int64_t have = x->aval.shape[n - 1], want = a->count.value;
        want = want < 0 ? have + want : want;
        if (want < have)
            x = shape_slice(x, n - 1, 0, want < 0 ? 0 : want, 1);
        else if (want > have) {
            int64_t pad[3 * NUMPY_MAX_NDIM] = {0};
            pad[3 * (n - 1) + 1] = want - have;
            x = op_pad(x, op_number(0, x), (ct_ints){3 * n, pad});
        }
    }
    return is_poison(x) ? x : op_moveaxis(x, n - 1, axis);
}
