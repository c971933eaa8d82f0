/* Making arrays from nothing. */
#include "numpy/numpy.h"

/* A shape as users give it: no negative sizes. */
static bool check_shape(const char *what, ct_ints shape)
{
    for (int64_t i = 0; i < shape.n; i++)
        if (shape.at[i] < 0) {
            base_fail(CT_VALUE_ERROR, "%s: shape must have non-negative sizes, got %lld for axis %lld.", what, (long long)shape.at[i], (long long)i);
            return false;
        }
    return true;
}

static ct_array filled(const char *what, ct_ints shape, ct_array value)
{
    return check_shape(what, shape) && !is_poison(value) ? numpy_broadcast_one(what, value, shape) : array_poison;
}

ct_array numpy_zeros(const ct_zeros_args *a)
{
    return filled("zeros", a->shape, array_scalar(numpy_dtype(a->dtype, dtype_default(FAMILY_FLOAT)), false, 0));
}
