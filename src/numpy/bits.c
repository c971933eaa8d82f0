/* Bits: packbits and unpackbits, eight booleans a byte; the same bits under another dtype, and the
 * bytes of each element the other way round. */
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

/* ---- the same bits ---- */

/* Real and imaginary parts side by side along the last axis. */
static ct_array parts(ct_array x)
{
    dimlist shape;
    ct_array y = op_stack(2, (ct_array[]){op_real(x), op_imag(x)}, x->aval.ndim);
    if (is_poison(y) || !dimlist_copy(&shape, "view", shape_of(x)))
        return array_poison;
    shape.at[shape.n - 1] *= 2;
    return shape_reshape(y, dimlist_ints(&shape));
}

static ct_array from_parts(ct_array x)
{
    if (is_poison(x))
        return x;
    int64_t d = x->aval.ndim - 1, n = x->aval.shape[d];
    ct_array even = shape_slice(x, d, 0, n, 2);
    return op_complex(even, shape_slice(x, d, 1, n, 2));
}

/* A bitcast adds or takes away a last axis where widths differ, and knows neither booleans nor
 * complex numbers. */
static ct_array reinterpret_plain(ct_array x, ct_dtype dtype)
{
    ct_dtype from = dtype_of(x), part = dtype_real_part(dtype);
    if (from == dtype)
        return x;
    if (from == CT_BOOL)
        return reinterpret_plain(op_convert(x, CT_UINT8, false), dtype);
    if (dtype_is(from, FAMILY_COMPLEX))
        return is_poison(x = parts(x)) ? x : reinterpret_plain(x, dtype);
    if (dtype == CT_BOOL)
        return is_poison(x = reinterpret_plain(x, CT_UINT8)) ? x : op_convert(x, CT_BOOL, false);
    if (part != dtype)
        return from_parts(reinterpret_plain(x, part));
    int64_t old = dtype_table[from].bits, new = dtype_table[dtype].bits;
    dimlist shape;
    if (!dimlist_copy(&shape, "view", shape_of(x)))
        return array_poison;
    if (old < new) {
        shape.at[shape.n - 1] /= new / old;
        shape.at[shape.n++] = new / old;
        return op_bitcast(shape_reshape(x, dimlist_ints(&shape)), dtype);
    }
    shape.at[shape.n - 1] *= old / new;
    return shape_reshape(op_bitcast(x, dtype), dimlist_ints(&shape));
}

ct_array numpy_reinterpret(ct_array x, ct_dtype dtype)
{
    int64_t ndim = x->aval.ndim, old = dtype_table[dtype_of(x)].bits, new = dtype_table[dtype].bits;
    if (!ndim && old != new)
        return ct_fail(CT_VALUE_ERROR,
                       "view() of a 0d array is only supported if the itemsize is unchanged.");
    if (!ndim)
        return is_poison(x = numpy_reinterpret(op_expand_dims(x, I(0)), dtype))
                   ? x
                   : op_squeeze(x, I(0));
    if (x->aval.shape[ndim - 1] * old % new)
        return ct_fail(CT_VALUE_ERROR,
                       "view() of an array of shape %s and dtype %s as %s: the last axis has %lld "
                       "bits, which the new dtype's %lld do not divide.",
                       dims_string(shape_of(x)), ct_dtype_name(dtype_of(x)), ct_dtype_name(dtype),
                       (long long)(x->aval.shape[ndim - 1] * old), (long long)new);
    return reinterpret_plain(x, dtype);
}

ct_array numpy_byteswap(ct_array x)
{
    ct_dtype d = dtype_of(x);
    if (dtype_is(d, FAMILY_COMPLEX)) {
        ct_array re = numpy_byteswap(op_real(x));
        return op_complex(re, numpy_byteswap(op_imag(x)));
    }
    if (is_poison(x) || dtype_table[d].bits <= 8)
        return x;
    return op_bitcast(op_rev(op_bitcast(x, CT_UINT8), I(x->aval.ndim)), d);
}
