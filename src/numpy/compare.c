/* Are two arrays (nearly) equal? And the limits of dtypes. */
#define OPS_SHORT_NAMES
#include "numpy/numpy.h"

ct_array numpy_isclose(const ct_isclose_args *a)
{
    ct_array v[2] = {a->a, a->b};
    if (!numpy_promote("isclose", 2, v, v))
        return array_poison;
    ct_dtype d = dtype_of(v[0]);
    if (dtype_is(d, FAMILY_KEY))
        return ct_equal(v[0], v[1]);
    if (dtype_is(d, FAMILY_BOOL)) {
        for (int i = 0; i < 2; i++)
            v[i] = numpy_cast(v[i], dtype_default(FAMILY_INT));
        d = dtype_default(FAMILY_INT);
    }
    if (!numpy_promote_inexact("isclose", 2, v, v) || !numpy_match_ranks("isclose", 2, v, v))
        return array_poison;
    ct_array x = v[0], y = v[1];
    d = dtype_real_part(dtype_of(x));
    ct_array rtol = numpy_cast(a->rtol, d), atol = numpy_cast(a->atol, d);
    ct_array both_nan = op_and(op_ne(x, x), op_ne(y, y));
    ct_array finite = ct_isfinite(y);
    ct_array distance = op_abs(op_sub(x, y));
    ct_array bound = op_add(atol, op_mul(rtol, op_abs(y)));
    ct_array near = op_le(distance, bound);
    ct_array same = op_eq(x, y);
    ct_array out = op_or(same, op_and(finite, near));
    return a->equal_nan ? op_or(out, both_nan) : out;
}

ct_array numpy_allclose(const ct_allclose_args *a)
{
    return ct_all(
        ct_isclose(a->a, a->b, .rtol = a->rtol, .atol = a->atol, .equal_nan = a->equal_nan));
}

static ct_array known(bool value) { return array_scalar(CT_BOOL, false, value); }

ct_array numpy_array_equal(const ct_array_equal_args *a)
{
    if (!ints_equal(shape_of(a->a1), shape_of(a->a2)))
        return known(false);
    ct_array same = ct_equal(a->a1, a->a2);
    if (a->equal_nan) {
        ct_array left = ct_isnan(a->a1);
        same = ct_logical_or(same, ct_logical_and(left, ct_isnan(a->a2)));
    }
    return ct_all(same);
}

ct_array numpy_array_equiv(ct_array x, ct_array y)
{
    int64_t n = x->aval.ndim > y->aval.ndim ? x->aval.ndim : y->aval.ndim;
    for (int64_t d = 1; d <= n; d++) {
        int64_t a = d <= x->aval.ndim ? x->aval.shape[x->aval.ndim - d] : 1,
                b = d <= y->aval.ndim ? y->aval.shape[y->aval.ndim - d] : 1;
        if (a != b && a != 1 && b != 1)
            return known(false);
    }
    return ct_all(ct_equal(x, y));
}

/* ---- limits ---- */

/* Bits of exponent and mantissa and, where the top exponent also holds numbers, the largest number
 * itself. */
typedef struct float_limits {
    int exponent, mantissa;
    double largest;
} float_limits;
static const float_limits limits[CT_DTYPE_COUNT] = {
    [CT_FLOAT4_E2M1FN] = {2, 1, 6},
    [CT_FLOAT8_E3M4] = {3, 4, 15.5},
    [CT_FLOAT8_E4M3] = {4, 3, 240},
    [CT_FLOAT8_E4M3B11FNUZ] = {4, 3, 30},
    [CT_FLOAT8_E4M3FN] = {4, 3, 448},
    [CT_FLOAT8_E4M3FNUZ] = {4, 3, 240},
    [CT_FLOAT8_E5M2] = {5, 2, 57344},
    [CT_FLOAT8_E5M2FNUZ] = {5, 2, 57344},
    [CT_FLOAT8_E8M0FNU] = {8, 0, 0x1p127},
    [CT_BFLOAT16] = {8, 7, 0x1.fep127},
    [CT_FLOAT16] = {5, 10, 65504},
    [CT_FLOAT32] = {8, 23, 0x1.fffffep127},
    [CT_FLOAT64] = {11, 52, 0x1.fffffffffffffp1023},
};

double numpy_largest(ct_dtype d) { return limits[dtype_real_part(d)].largest; }

int64_t numpy_largest_int(ct_dtype d)
{
    int bits = dtype_table[d].bits;
    if (dtype_is(d, FAMILY_UINT))
        return bits == 64 ? -1 : (int64_t)(((uint64_t)1 << bits) - 1); /* all ones */
    return (int64_t)(((uint64_t)1 << (bits - 1)) - 1);
}

int64_t numpy_smallest_int(ct_dtype d)
{
    return dtype_is(d, FAMILY_UINT) ? 0 : -numpy_largest_int(d) - 1;
}
