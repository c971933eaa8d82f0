/* Sorting along an axis. */
#include "lax/lax.h"

/* Several operands are sorted by the first num_keys of them. */
ct_tree lax_sort(const ct_lax_sort_args *a)
{
    const ct_array *in;
    int64_t axis, n = tree_leaves(&a->operand, &in);
    if (is_poison(a->operand))
        return a->operand;
    if (!n)
        return ct_fail(CT_VALUE_ERROR, "sort needs at least one operand.");
    if (!lax_axis("sort", a->dimension.value, in[0]->aval.ndim, &axis))
        return array_poison;
    if (a->num_keys.value < 1 || a->num_keys.value > n)
        return ct_fail(CT_VALUE_ERROR,
                       "sort: num_keys=%lld must be between 1 and the number of operands, %lld.",
                       (long long)a->num_keys.value, (long long)n);
    ct_array few[8], *out = n <= 8 ? few : base_alloc((size_t)n * sizeof *out);
    if (!out)
        return array_poison;
    op_sort((int)n, in, axis, a->is_stable == CT_TRUE, (int)a->num_keys.value, out);
    ct_tree result = out[0];
    if (is_tree(a->operand) && !is_poison(result))
        result = ct_tuple_(n, out);
    if (out != few)
        base_free(out);
    return result;
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
    return is_poison(out[0]) ? out[0] : ct_list_(2, out);
}

static ct_tree approximate(const ct_lax_approx_max_k_args *a, bool largest)
{
    ct_array out[2];
    op_approx_top_k(a->operand,
                    &(params_approx_top_k){.aggregate_to_topk = a->aggregate_to_topk == CT_TRUE,
                                           .is_max_k = largest,
                                           .k = a->k,
                                           .recall_target = a->recall_target.value,
                                           .reduction_dimension = a->reduction_dimension.value,
                                           .reduction_input_size_override =
                                               a->reduction_input_size_override.value},
                    out);
    return is_poison(out[0]) ? out[0] : ct_list_(2, out);
}

ct_tree lax_approx_max_k(const ct_lax_approx_max_k_args *a) { return approximate(a, true); }
/* The argument structs of both agree. */
ct_tree lax_approx_min_k(const ct_lax_approx_min_k_args *a)
{
    return approximate((const ct_lax_approx_max_k_args *)a, false);
}
