/* Choosing between arrays: where. Next: reduce.c. */
#include "numpy/search.h"

/* The one-argument form: positions of true elements, a tuple. */
static ct_tree where_true(const ct_where_args *a)
{
    ct_array out[NUMPY_MAX_NDIM];
    int64_t n;
    return shape_nonzero("where", a->condition, a->size, a->fill_value, &n, out)
               ? shape_tuple(n, out)
               : array_poison;
}

ct_array numpy_where(const ct_where_args *a)
{
    if (!a->x && !a->y)
        return where_true(a);
    if (!a->x || !a->y)
        return ct_fail(CT_TYPE_ERROR,
                       "where: either both or neither of the x and y arguments should be given.");
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

/* The default goes first, under a condition that is false: argmax of all-false conditions then
 * finds it. */
ct_array numpy_select(const ct_select_args *a)
{
    int64_t n = a->condlist.n;
    if (n != a->choicelist.n)
        return ct_fail(CT_VALUE_ERROR,
                       "condlist must have length equal to choicelist (%lld vs %lld)", (long long)n,
                       (long long)a->choicelist.n);
    if (!n)
        return ct_fail(CT_VALUE_ERROR, "condlist must be non-empty");
    ct_array *room = base_alloc((size_t)(2 * n + 4) * sizeof *room), *conditions = room,
             *cases = room + n + 1, result = array_poison;
    if (!room)
        return array_poison;
    conditions[0] = array_scalar(CT_BOOL, false, 0);
    cases[1] = a->default_;
    for (int64_t i = 0; i < n; i++) {
        conditions[i + 1] = a->condlist.at[i];
        cases[i + 2] = a->choicelist.at[i];
    }
    if (numpy_promote("select", n + 1, cases + 1, cases + 1) &&
        numpy_broadcast("select", n + 1, conditions, conditions)) {
        for (int64_t i = 0; i <= n; i++)
            conditions[i] = dtype_of(conditions[i]) == CT_BOOL
                                ? conditions[i]
                                : op_ne(conditions[i], numpy_number(0, conditions[i]));
        cases[0] = op_stack(n + 1, conditions, 0);
        cases[0] =
            is_poison(cases[0]) ? cases[0] : op_argmax(cases[0], 0, dtype_default(FAMILY_INT));
        if (!is_poison(cases[0]) && numpy_broadcast("select", n + 2, cases, cases))
            result = op_select_n(cases[0], n + 1, cases + 1);
    }
    base_free(room);
    return result;
}
