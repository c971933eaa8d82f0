/* jax.numpy.linalg.norm and vector_norm. */
#define OPS_SHORT_NAMES
#include "numpy/shape.h"

#include <math.h>

static ct_array root_of_squares(ct_array x, ct_ints axis, bool keepdims)
{
    bool is_complex = dtype_is(dtype_of(x), FAMILY_COMPLEX);
    ct_array squares = is_complex ? op_real(mul(x, op_conj(x))) : mul(x, x);
    return ct_sqrt(ct_sum(squares, .axis = axis, .keepdims = keepdims));
}

static ct_array p_norm(ct_array x, double ord, ct_ints axis, bool keepdims)
{
    if (ord == 2)
        return root_of_squares(x, axis, keepdims);
    if (ord == 0)
        return ct_sum(op_ne(x, op_number(0, x)), .axis = axis,
                      .dtype = dtype_real_part(dtype_of(x)), .keepdims = keepdims);
    ct_array size = op_abs(x);
    if (isinf(ord))
        return ord > 0
                   ? ct_max(size, .axis = axis, .keepdims = keepdims, .initial = ct_weak_float(0))
                   : ct_min(size, .axis = axis, .keepdims = keepdims);
    if (ord == 1)
        return ct_sum(size, .axis = axis, .keepdims = keepdims);
    ct_array sum = ct_sum(op_pow(size, op_number(ord, size)), .axis = axis, .keepdims = keepdims);
    return op_pow(sum, op_number(1 / ord, sum));
}

static ct_array matrix_norm(ct_array x, double ord, int64_t row, int64_t column, bool keepdims)
{
    if (fabs(ord) == 2) {
        ct_array s = ct_numpy_linalg_svdvals(ct_moveaxis(x, I(row, column), I(-2, -1)));
        ct_array y = ord > 0 ? ct_max(s, .axis = I(-1), .initial = ct_weak_float(0))
                             : ct_min(s, .axis = I(-1));
        return keepdims ? ct_expand_dims(y, I(row, column)) : y;
    }
    bool by_columns = fabs(ord) == 1;
    if (!by_columns && !isinf(ord))
        return ct_fail(CT_VALUE_ERROR, "Invalid order '%g' for matrix norm.", ord);
    int64_t first = by_columns ? row : column, second = by_columns ? column : row;
    second -= !keepdims && second > first;
    ct_array sums = ct_sum(op_abs(x), .axis = I(first), .keepdims = keepdims);
    return ord > 0
               ? ct_max(sums, .axis = I(second), .keepdims = keepdims, .initial = ct_weak_float(0))
               : ct_min(sums, .axis = I(second), .keepdims = keepdims);
}

ct_array numpy_linalg_norm(const ct_numpy_linalg_norm_args *a)
{
    ct_array x = a->x;
    dimlist axes;
    double ord = 2;
    if (!numpy_promote_inexact("norm", 1, &x, &x) ||
        !numpy_axes_ordered("norm", a->axis, x->aval.ndim, &axes))
        return array_poison;
    if (!a->ord.given && (!a->axis.at || axes.n == 2))
        return root_of_squares(x, a->axis, a->keepdims);
    if (a->ord.given)
        ord = a->ord.value;
    if (axes.n == 1)
        return p_norm(x, ord, dimlist_ints(&axes), a->keepdims);
    if (axes.n == 2)
        return matrix_norm(x, ord, axes.at[0], axes.at[1], a->keepdims);
    return ct_fail(CT_VALUE_ERROR,
                   "Improper number of axes for norm: %s. Pass one axis to compute a vector-norm, "
                   "or two axes to compute a matrix-norm.",
                   dims_string(dimlist_ints(&axes)));
}

ct_array numpy_linalg__nuclear_norm(const ct_numpy_linalg__nuclear_norm_args *a)
{
    ct_array x = a->x;
    dimlist axes;
    if (!numpy_axes_ordered("norm", a->axis, x->aval.ndim, &axes))
        return array_poison;
    if (axes.n != 2)
        return ct_fail(CT_VALUE_ERROR,
                       "norm: ord='nuc' is a norm of matrices, of two axes; got %s.",
                       dims_string(dimlist_ints(&axes)));
    ct_array s = ct_numpy_linalg_svdvals(ct_moveaxis(x, dimlist_ints(&axes), I(-2, -1)));
    ct_array y = ct_sum(s, .axis = I(-1));
    return a->keepdims ? ct_expand_dims(y, dimlist_ints(&axes)) : y;
}

ct_array numpy_linalg_vector_norm(const ct_numpy_linalg_vector_norm_args *a)
{
    ct_array x = a->x;
    double ord;
    if (!numpy_promote_inexact("vector_norm", 1, &x, &x) ||
        !numpy_known_double("vector_norm", "ord", a->ord, &ord))
        return array_poison;
    return p_norm(x, ord, a->axis, a->keepdims);
}
