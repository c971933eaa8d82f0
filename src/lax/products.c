/* Products summed over axes. */
#include "lax/lax.h"

static ct_array with_numbers(ct_array lhs, ct_array rhs, ct_ints numbers, int precision,
                             ct_dtype preferred)
{
    axis_list lists[4];
    nested r = nested_begin("dot_general: dimension_numbers", numbers);
    int64_t n;
    if (!nested_length(&r, &n))
        return array_poison;
    for (int i = 0; i < 4; i++) {
        if ((!(i & 1) && !nested_length(&r, &n)) || !nested_ints(&r, &lists[i]))
            return array_poison;
        ct_array x = i & 1 ? rhs : lhs;
        for (int64_t k = 0; k < lists[i].n; k++)
            if (!lax_axis("dot_general", lists[i].at[k], x->aval.ndim, &lists[i].at[k]))
                return array_poison;
    }
    params_dot_general p = {
        .dimension_numbers = {axis_ints(&lists[0]), axis_ints(&lists[1]), axis_ints(&lists[2]),
                              axis_ints(&lists[3])},
        .precision = precision,
        .preferred_element_type =
            preferred == CT_NO_DTYPE ? CT_NO_DTYPE : dtype_canonical(preferred),
    };
    return op_dot_general(lhs, rhs, &p);
}

ct_array lax_dot_general(const ct_lax_dot_general_args *a)
{
    return with_numbers(a->lhs, a->rhs, a->dimension_numbers, a->precision,
                        a->preferred_element_type);
}

ct_array lax_dot(const ct_lax_dot_args *a)
{
    int64_t left = a->lhs->aval.ndim, right = a->rhs->aval.ndim;
    if (a->dimension_numbers.n)
        return with_numbers(a->lhs, a->rhs, a->dimension_numbers, a->precision,
                            a->preferred_element_type);
    if (left < 1 || left > 2 || right < 1 || right > 2 ||
        a->lhs->aval.shape[left - 1] != a->rhs->aval.shape[0])
        return ct_fail(CT_VALUE_ERROR,
                       "Incompatible shapes for dot: arrays with %lld and %lld axes whose last and "
                       "first do not agree.",
                       (long long)left, (long long)right);
    params_dot_general p = {
        .dimension_numbers = {I(left - 1), I(0), I_NONE, I_NONE},
        .precision = a->precision,
        .preferred_element_type = a->preferred_element_type == CT_NO_DTYPE
                                      ? CT_NO_DTYPE
                                      : dtype_canonical(a->preferred_element_type),
    };
    return op_dot_general(a->lhs, a->rhs, &p);
}

ct_array lax_batch_matmul(const ct_lax_batch_matmul_args *a)
{
    int64_t n = a->lhs->aval.ndim;
    axis_list batched = {.n = 0};
    if (n < 2 || a->rhs->aval.ndim != n)
        return ct_fail(CT_VALUE_ERROR,
                       "Arguments to batch_matmul must be at least 2D and have the same number of "
                       "axes, got %lld, %d",
                       (long long)n, (int)a->rhs->aval.ndim);
    while (batched.n < n - 2) {
        batched.at[batched.n] = batched.n;
        batched.n++;
    }
    params_dot_general p = {
        .dimension_numbers = {I(n - 1), I(n - 2), axis_ints(&batched), axis_ints(&batched)},
        .precision = a->precision};
    return op_dot_general(a->lhs, a->rhs, &p);
}
