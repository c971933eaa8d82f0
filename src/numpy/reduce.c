/* Reductions over axes: sum, and its relatives. The operation runs in float32 for half precision; the result goes back. */
#include "numpy/numpy.h"

/* Integers narrower than the default integer are widened to it; booleans count as integers. */
static ct_dtype widen_integer(ct_dtype d)
{
    ct_dtype to = d == CT_BOOL ? dtype_default(FAMILY_INT) : dtype_is(d, FAMILY_INT | FAMILY_UINT) ? dtype_default(dtype_family_of(d)) : d;
    return dtype_table[to].bits > dtype_table[d].bits || d == CT_BOOL ? to : d;
}

static ct_array keep_axes(ct_array x, const dimlist *axes) { return axes->n ? op_expand_dims(x, dimlist_ints(axes)) : x; }

static bool check_where(const char *what, ct_array where)
{
    if (!where || dtype_of(where) == CT_BOOL)
        return true;
    base_fail(CT_VALUE_ERROR, "jnp.%s: where must be None or a boolean array; got where.dtype=%s.", what, dtype_table[dtype_of(where)].name);
    return false;
}

ct_array numpy_sum(const ct_sum_args *a)
{
    dimlist axes;
    ct_array x = a->a;
    if (!check_where("sum", a->where) || !numpy_axes("sum", a->axis, x->aval.ndim, &axes))
        return array_poison;
    if (dtype_of(x) == CT_BOOL)
        x = numpy_cast(x, dtype_default(FAMILY_INT));
    ct_dtype natural = a->promote_integers == CT_TRUE ? widen_integer(dtype_of(x)) : dtype_of(x);
    ct_dtype result = numpy_dtype(a->dtype, natural);
    ct_dtype inside = a->dtype == CT_NO_DTYPE && (result == CT_FLOAT16 || result == CT_BFLOAT16) ? CT_FLOAT32 : result;
    x = numpy_cast(x, inside);
    if (a->where)
        x = ct_where(a->where, x, array_scalar(inside, false, 0));
    x = is_poison(x) ? x : op_reduce_sum(x, dimlist_ints(&axes));
    if (a->initial && !is_poison(x))
        x = op_add(numpy_cast(a->initial, inside), x);
    if (a->keepdims && !is_poison(x))
        x = keep_axes(x, &axes);
    return is_poison(x) ? x : numpy_cast(x, result);
}
