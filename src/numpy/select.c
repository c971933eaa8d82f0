/* Choosing between arrays: where. Next: reduce.c. */
#include "numpy/numpy.h"

ct_array numpy_where(const ct_where_args *a)
{
    if (!a->x && !a->y)
        return ct_fail(CT_NOT_IMPLEMENTED_ERROR, "where with one argument (positions of true elements) is not available yet.");
    if (!a->x || !a->y)
        return ct_fail(CT_VALUE_ERROR, "Either both or neither of the x and y arguments should be provided to jax.numpy.where.");
    ct_array condition = a->condition, v[3] = {a->x, a->y, NULL};
    if (dtype_of(condition) != CT_BOOL)
        condition = op_ne(condition, numpy_number(0, condition));
    if (is_poison(condition) || !numpy_promote("where", 2, v, v))
        return array_poison;
    v[2] = condition;
    if (!numpy_broadcast("where", condition->aval.ndim ? 3 : 2, v, v))
        return array_poison;
    return v[0]->size ? op_select_n(v[2], 2, (ct_array[]){v[1], v[0]}) : v[0];
}
