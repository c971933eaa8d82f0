/* Activation functions of jax.nn. softmax and its relatives are in softmax.c, attention in
 * attention.c. */
#define OPS_SHORT_NAMES
#include "numpy/numpy.h"

/* An array of floats, and one of a second argument with the promoted dtype. */
static ct_array inexact(const char *what, ct_array x)
{
    return numpy_promote_inexact(what, 1, &x, &x) ? x : array_poison;
}

ct_array nn_identity(ct_array x) { return x; }

/* ---- relu and relu6: the derivative at the corners is zero ---- */

ct_array nn__relu(ct_array x) { return op_max(x, numpy_number(0, x)); }

ct_array nn__relu6(ct_array x)
{
    ct_array v[] = {op_max(x, numpy_number(0, x)), ct_weak_float(6)};
    return numpy_promote("relu6", 2, v, v) ? op_min(v[0], v[1]) : array_poison;
}

static ct_tree with_tangent(ct_array y, ct_array open, ct_array t)
{
    ct_array zero = op_full_like(t, 0);
    return ct_tuple(y, op_select_n(open, 2, (ct_array[]){zero, t}));
}

static ct_tree relu_rule(ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0), y = ct_nn_relu(x);
    return with_tangent(y, op_gt(x, numpy_number(0, x)), ct_at(tangents, 0));
}

static ct_tree relu6_rule(ct_tree primals, ct_tree tangents)
{
    ct_array x = ct_at(primals, 0), y = ct_nn_relu6(x);
    ct_array above = op_gt(x, numpy_number(0, x));
    return with_tangent(y, op_and(above, op_lt(x, numpy_number(6, x))), ct_at(tangents, 0));
}

ct_array nn_relu(ct_array x)
{
    return numpy_with_rule("relu", (ct_c_function)ct_nn__relu, relu_rule, 1, &x);
}

ct_array nn_relu6(ct_array x)
{
    return numpy_with_rule("relu6", (ct_c_function)ct_nn__relu6, relu6_rule, 1, &x);
}

/* ---- others ---- */

ct_array nn_sigmoid(ct_array x) { return op_logistic(x); }

ct_array nn_softplus(ct_array x) { return ct_logaddexp(x, 0); }

ct_array nn_squareplus(const ct_nn_squareplus_args *a)
{
    return ct_divide(ct_add(a->x, ct_sqrt(ct_add(ct_square(a->x), a->b))), 2);
}

ct_array nn_sparse_plus(ct_array x)
{
    ct_array low = ct_less_equal(x, -1.0), high = ct_greater_equal(x, 1.0);
    ct_array middle = ct_divide(ct_power(ct_add(x, 1.0), 2), 4);
    return ct_where(low, 0.0, ct_where(high, x, middle));
}

ct_array nn_soft_sign(ct_array x) { return ct_divide(x, ct_add(ct_abs(x), 1)); }

ct_array nn_sparse_sigmoid(ct_array x)
{
    return ct_multiply(0.5, ct_clip(ct_add(x, 1.0), 0.0, 2.0));
}

ct_array nn_silu(ct_array x)
{
    ct_array gate = op_logistic(x);
    return ct_multiply(x, gate);
}

ct_array nn_mish(ct_array x)
{
    ct_array gate = ct_tanh(ct_nn_softplus(x));
    return ct_multiply(x, gate);
}

ct_array nn_log_sigmoid(ct_array x) { return ct_negative(ct_nn_softplus(ct_negative(x))); }

ct_array nn_elu(const ct_nn_elu_args *a)
{
    ct_array x = a->x, positive = ct_greater(x, 0);
    ct_array below = ct_where(ct_greater(x, 0), 0.0, x);
    ct_array bent = ct_multiply(a->alpha, ct_expm1(below));
    return ct_where(positive, x, bent);
}

ct_array nn_selu(ct_array x)
{
    ct_array bent = ct_nn_elu(x, .alpha = ct_weak_float(1.6732632423543772));
    return ct_multiply(1.0507009873554805, bent);
}

ct_array nn_celu(const ct_nn_celu_args *a)
{
    ct_array above = ct_maximum(a->x, 0.0);
    ct_array below = ct_expm1(ct_divide(ct_minimum(a->x, 0.0), a->alpha));
    return ct_add(above, ct_multiply(a->alpha, below));
}

ct_array nn_leaky_relu(const ct_nn_leaky_relu_args *a)
{
    ct_array positive = ct_greater_equal(a->x, 0);
    ct_array leak = ct_multiply(a->negative_slope, a->x);
    return ct_where(positive, a->x, leak);
}

ct_array nn_hard_tanh(ct_array x)
{
    ct_array high = ct_greater(x, 1);
    ct_array low = ct_where(ct_less(x, -1), -1, x);
    return ct_where(high, 1, low);
}

ct_array nn_hard_sigmoid(ct_array x) { return ct_divide(ct_nn_relu6(ct_add(x, 3.0)), 6.0); }

ct_array nn_hard_silu(ct_array x)
{
    ct_array gate = ct_nn_hard_sigmoid(x);
    return ct_multiply(x, gate);
}

ct_array nn_gelu(const ct_nn_gelu_args *a)
{
    ct_array x = inexact("gelu", a->x);
    if (is_poison(x))
        return x;
    if (a->approximate == CT_FALSE)
        return mul(mul(0.5, x), op_erfc(mul(neg(x), 0.7071067811865476)));
    ct_array cube = mul(0.044715, op_integer_pow(x, 3));
    ct_array bend = op_tanh(mul(0.7978845608028654, add(x, cube)));
    return mul(x, mul(0.5, add(1, bend)));
}

ct_array nn_glu(const ct_nn_glu_args *a)
{
    int64_t axis = a->axis.value;
    if (!numpy_axis("glu", axis, a->x->aval.ndim, &axis))
        return array_poison;
    if (a->x->aval.shape[axis] % 2)
        return ct_fail(CT_ASSERTION_ERROR, "axis size must be divisible by 2");
    ct_array half[2];
    int64_t length = a->x->aval.shape[axis] / 2;
    op_split(a->x, I(length, length), axis, half);
    return ct_multiply(half[0], op_logistic(half[1]));
}

ct_array nn_log1mexp(ct_array x)
{
    x = inexact("log1mexp", x);
    if (is_poison(x))
        return x;
    ct_array small = op_log(neg(op_expm1(neg(x)))), large = op_log1p(neg(op_exp(neg(x))));
    return op_select_n(op_le(x, op_number(0.6931471805599453, x)), 2, (ct_array[]){large, small});
}

/* ---- one_hot ---- */

ct_array nn_one_hot(const ct_nn_one_hot_args *a)
{
    ct_array x = a->x;
    int64_t axis = a->axis.value, ndim = x->aval.ndim;
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_FLOAT));
    dimlist shape = {.n = ndim + 1};
    if (!numpy_axis("one_hot", axis, ndim + 1, &axis))
        return array_poison;
    if (a->num_classes < 0)
        return ct_fail(CT_VALUE_ERROR, "one_hot: num_classes must not be negative; got %lld",
                       (long long)a->num_classes);
    for (int64_t d = 0; d <= ndim; d++)
        shape.at[d] = d == axis ? a->num_classes : 1;
    ct_array wide = op_expand_dims(x, I(axis));
    ct_array hot = ct_equal(wide, op_iota(dtype_of(x), dimlist_ints(&shape), axis));
    return is_poison(hot) ? hot : op_convert(hot, dtype, false);
}
