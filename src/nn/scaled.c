/* Products of matrices whose elements share a scale in blocks. */
#include "nn/nn.h"

static bool same(ct_array x, ct_array y, int axis)
{
    return x->aval.shape[axis] == y->aval.shape[axis];
}

static const char *unfit(const ct_nn_scaled_matmul_args *a)
{
    const ct_array all[] = {a->lhs, a->rhs, a->lhs_scales, a->rhs_scales};
    for (int i = 0; i < 4; i++)
        if (all[i]->aval.ndim != 3)
            return "arrays with three axes";
    if (!same(a->lhs, a->rhs, 0) || !same(a->lhs, a->rhs, 2))
        return "operands with the same batches (B) and contracted axes (K)";
    for (int i = 0; i < 2; i++)
        if (!same(all[i], all[i + 2], 0) || !same(all[i], all[i + 2], 1))
            return "scales for each batch and row of the operands";
    int64_t blocks = a->lhs_scales->aval.shape[2], size = a->lhs->aval.shape[2];
    if (!same(a->lhs_scales, a->rhs_scales, 2) || blocks < 1 || size % blocks)
        return "as many scales for both operands, which divide the contracted axis";
    return NULL;
}

static ct_array scaled(ct_array x, ct_array scales, ct_dtype dtype)
{
    int64_t block = x->aval.shape[2] / scales->aval.shape[2];
    ct_array each = ct_repeat(op_convert(scales, dtype, false), block, .axis = GIVEN(2));
    return ct_multiply(op_convert(x, dtype, false), each);
}

ct_array nn_scaled_matmul(const ct_nn_scaled_matmul_args *a)
{
    const char *wanted = unfit(a);
    if (wanted)
        return ct_fail(CT_VALUE_ERROR, "scaled_matmul takes %s.", wanted);
    ct_dtype out = a->preferred_element_type ? a->preferred_element_type : CT_FLOAT32;
    ct_dtype wide = out == CT_FLOAT64 ? out : CT_FLOAT32;
    ct_array x = scaled(a->lhs, a->lhs_scales, wide), y = scaled(a->rhs, a->rhs_scales, wide);
    return op_convert(ct_matmul(x, ct_matrix_transpose(y)), out, false);
}
