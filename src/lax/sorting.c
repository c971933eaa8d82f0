/* Sorting along an axis. */
#include "lax/lax.h"

ct_tree lax_sort(const ct_lax_sort_args *a)
{
    int64_t axis;
    ct_array x = a->operand;
    if (!lax_axis("sort", a->dimension.value, x->aval.ndim, &axis))
        return array_poison;
    if (a->num_keys.value != 1)
        return ct_fail(CT_VALUE_ERROR,
                       "sort: num_keys=%lld must be between 1 and the number of operands, 1.",
                       (long long)a->num_keys.value);
    ct_array out;
    op_sort(1, &x, axis, a->is_stable == CT_TRUE, 1, &out);
    return out;
}

ct_tree lax_sort_key_val(const ct_lax_sort_key_val_args *a)
{
    int64_t axis;
    ct_array in[2] = {a->keys, a->values}, out[2];
    if (!lax_axis("sort_key_val", a->dimension.value, a->keys->aval.ndim, &axis))
        return array_poison;
    op_sort(2, in, axis, a->is_stable == CT_TRUE, 1, out);
    return is_poison(out[0]) ? out[0] : ct_tuple_(2, out);
}

ct_tree lax_top_k(const ct_lax_top_k_args *a)
{
    int64_t axis;
    ct_array out[2];
    if (!lax_axis("top_k", a->axis.value, a->operand->aval.ndim, &axis))
        return array_poison;
    op_top_k(a->operand, a->k, axis, out);
    return is_poison(out[0]) ? out[0] : ct_tuple_(2, out);
}
