/* Samplers that map uniform or normal draws through a formula: exponential, gumbel, laplace,
 * truncated normal and so on. */
#define OPS_SHORT_NAMES
#include "random/random.h"

#include "api/bodies.h"

static bool float_dtype(const char *what, ct_dtype asked, ct_dtype *dtype)
{
    *dtype = asked;
    return random_float_dtype(what, dtype);
}

static ct_array between(ct_array key, ct_ints shape, ct_dtype dtype, double low, double high)
{
    return random_uniform_between(key, shape, dtype, array_scalar(dtype, false, low),
                                  array_scalar(dtype, false, high));
}

/* A parameter in the dtype and shape of the draw. */
static ct_array parameter(const char *what, ct_array p, const dimlist *shape, ct_dtype dtype)
{
    return numpy_broadcast_one(what, numpy_cast(p, dtype), dimlist_ints(shape));
}

ct_array random_exponential(const ct_random_exponential_args *a)
{
    ct_dtype dtype;
    return float_dtype("exponential", a->dtype, &dtype)
               ? neg(op_log1p(neg(random_uniform_unit(a->key, a->shape, dtype))))
               : array_poison;
}

/* Two draws in one array with a leading axis of two. */
static ct_array half(ct_array pair, int64_t i)
{
    return op_squeeze(shape_slice(pair, 0, i, i + 1, 1), I(0));
}

static ct_array gumbel_drawn(ct_array key, ct_ints shape, ct_dtype dtype, const char *mode)
{
    float_limits limits;
    if (!random_limits(dtype, &limits))
        return array_poison;
    if (!mode || !strcmp(mode, "low"))
        return neg(op_log(neg(op_log(between(key, shape, dtype, limits.tiny, 1)))));
    if (strcmp(mode, "high"))
        return ct_fail(strcmp(mode, "highest") ? CT_VALUE_ERROR : CT_NOT_IMPLEMENTED_ERROR,
                       "Must provide valid mode for gumbel got: %s", mode);
    dimlist two = {.n = 1, .at = {2}};
    for (int64_t i = 0; i < shape.n && two.n < NUMPY_MAX_NDIM; i++)
        two.at[two.n++] = shape.at[i];
    ct_array pair = between(key, dimlist_ints(&two), dtype, 0, 1);
    if (is_poison(pair))
        return pair;
    ct_array high = half(pair, 0), low = half(pair, 1);
    ct_array fine = add(add(high, mul(limits.epsilon, low)), limits.tiny);
    ct_array x = op_select_n(op_ge(high, op_number(0.5, high)), 2, (ct_array[]){fine, high});
    return neg(op_log(neg(op_log1p(neg(x)))));
}

ct_array random_gumbel(const ct_random_gumbel_args *a)
{
    ct_dtype dtype;
    return float_dtype("gumbel", a->dtype, &dtype) ? gumbel_drawn(a->key, a->shape, dtype, a->mode)
                                                   : array_poison;
}

ct_array random_laplace(const ct_random_laplace_args *a)
{
    ct_dtype dtype;
    float_limits limits;
    if (!float_dtype("laplace", a->dtype, &dtype) || !random_limits(dtype, &limits))
        return array_poison;
    ct_array u = between(a->key, a->shape, dtype, -1 + limits.epsilon_below, 1);
    return mul(op_sign(u), op_log1p(neg(op_abs(u))));
}

ct_array random_logistic(const ct_random_logistic_args *a)
{
    ct_dtype dtype;
    float_limits limits;
    if (!float_dtype("logistic", a->dtype, &dtype) || !random_limits(dtype, &limits))
        return array_poison;
    ct_array u = between(a->key, a->shape, dtype, limits.tiny, 1);
    return sub(op_log(u), op_log1p(neg(u)));
}

ct_array random_cauchy(const ct_random_cauchy_args *a)
{
    ct_dtype dtype;
    float_limits limits;
    if (!float_dtype("cauchy", a->dtype, &dtype) || !random_limits(dtype, &limits))
        return array_poison;
    ct_array u = between(a->key, a->shape, dtype, limits.epsilon, 1);
    return op_tan(mul(3.141592653589793, sub(u, 0.5)));
}

/* Inverse of the normal distribution function, restricted to where it lies between the two bounds.
 */
ct_array random_truncated_normal(const ct_random_truncated_normal_args *a)
{
    ct_dtype dtype;
    dimlist shape;
    if (!float_dtype("truncated_normal", a->dtype, &dtype) ||
        !random_shape("truncated_normal", a->shape, 2, (ct_array[]){a->lower, a->upper}, &shape))
        return array_poison;
    ct_array lower = numpy_cast(a->lower, dtype), upper = numpy_cast(a->upper, dtype);
    ct_array low = op_erf(div(lower, 1.4142135623730951)),
             high = op_erf(div(upper, 1.4142135623730951));
    ct_array u = random_uniform_between(a->key, dimlist_ints(&shape), dtype, low, high);
    ct_array x = mul(1.4142135623730951, op_erf_inv(u));
    ct_array least =
        op_nextafter(op_stop_gradient(lower), op_number((double)__builtin_inff(), lower));
    ct_array most =
        op_nextafter(op_stop_gradient(upper), op_number(-(double)__builtin_inff(), upper));
    least = numpy_broadcast_one("truncated_normal", least, dimlist_ints(&shape));
    most = numpy_broadcast_one("truncated_normal", most, dimlist_ints(&shape));
    return op_min(most, op_max(least, x));
}

ct_array random_rayleigh(const ct_random_rayleigh_args *a)
{
    ct_dtype dtype;
    dimlist shape;
    if (!float_dtype("rayleigh", a->dtype, &dtype) ||
        !random_shape("rayleigh", a->shape, 1, &a->scale, &shape))
        return array_poison;
    ct_array u = random_uniform_unit(a->key, dimlist_ints(&shape), dtype);
    return mul(parameter("rayleigh", a->scale, &shape, dtype), op_sqrt(mul(op_log(u), -2)));
}

ct_array random_pareto(const ct_random_pareto_args *a)
{
    ct_dtype dtype;
    dimlist shape;
    if (!float_dtype("pareto", a->dtype, &dtype) ||
        !random_shape("pareto", a->shape, 1, &a->b, &shape))
        return array_poison;
    ct_array b = numpy_cast(a->b, dtype),
             e = ct_random_exponential(a->key, dimlist_ints(&shape), .dtype = dtype);
    return op_exp(ct_divide(e, b));
}

ct_array random_weibull_min(const ct_random_weibull_min_args *a)
{
    ct_dtype dtype;
    if (!float_dtype("weibull_min", a->dtype, &dtype))
        return array_poison;
    ct_array u = random_uniform_between(a->key, a->shape, dtype, ct_weak_int(0), ct_weak_int(1));
    ct_array e = neg(op_log1p(neg(u))), inverse = ct_divide(1.0, a->concentration);
    ct_array stretched = ct_power(e, inverse);
    return numpy_cast(ct_multiply(stretched, a->scale), dtype);
}

ct_array random_triangular(const ct_random_triangular_args *a)
{
    ct_dtype dtype;
    dimlist shape;
    if (!float_dtype("triangular", a->dtype, &dtype) ||
        !random_shape("triangular", a->shape, 3, (ct_array[]){a->left, a->mode, a->right}, &shape))
        return array_poison;
    ct_array left = parameter("triangular", a->left, &shape, dtype),
             right = parameter("triangular", a->right, &shape, dtype);
    ct_array mode = parameter("triangular", a->mode, &shape, dtype);
    ct_array corner = div(sub(mode, left), sub(right, left));
    ct_array u = random_uniform_unit(a->key, dimlist_ints(&shape), dtype);
    ct_array rising = add(left, op_sqrt(mul(mul(u, sub(right, left)), sub(mode, left))));
    ct_array falling = sub(right, op_sqrt(mul(mul(sub(1, u), sub(right, left)), sub(right, mode))));
    return select(op_lt(u, corner), rising, falling);
}

ct_array random_lognormal(const ct_random_lognormal_args *a)
{
    dimlist shape;
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_FLOAT));
    if (!dtype_inexact(dtype))
        return ct_fail(CT_VALUE_ERROR,
                       "dtype argument to `lognormal` must be a float or complex dtype, got %s",
                       ct_dtype_name(dtype));
    if (!random_shape("lognormal", a->shape, 1, &a->sigma, &shape))
        return array_poison;
    ct_array sigma = numpy_cast(a->sigma, dtype);
    return op_exp(ct_multiply(random_normal_drawn(a->key, dimlist_ints(&shape), dtype), sigma));
}

ct_array random_wald(const ct_random_wald_args *a)
{
    ct_array keys[2];
    ct_dtype dtype;
    dimlist shape;
    if (!float_dtype("wald", a->dtype, &dtype) ||
        !random_shape("wald", a->shape, 1, &a->mean, &shape))
        return array_poison;
    random_split_keys(a->key, 2, keys);
    ct_array mean = parameter("wald", a->mean, &shape, dtype);
    ct_array v = random_normal_drawn(keys[0], dimlist_ints(&shape), dtype),
             z = random_uniform_unit(keys[1], dimlist_ints(&shape), dtype);
    ct_array y = op_integer_pow(v, 2), y2 = op_integer_pow(y, 2), mean2 = op_integer_pow(mean, 2);
    ct_array root = op_sqrt(add(mul(mul(4, mean), y), mul(mean2, y2)));
    ct_array x = sub(add(mean, div(mul(mean2, y), 2)), mul(div(mean, 2), root));
    return select(op_le(z, div(mean, add(mean, x))), x, div(mean2, x));
}

ct_array random_maxwell(const ct_random_maxwell_args *a)
{
    ct_dtype dtype;
    dimlist wide;
    if (!float_dtype("maxwell", a->dtype, &dtype) || !dimlist_copy(&wide, "maxwell", a->shape) ||
        wide.n == NUMPY_MAX_NDIM)
        return array_poison;
    wide.at[wide.n++] = 3;
    ct_array x = random_normal_drawn(a->key, dimlist_ints(&wide), dtype);
    return ct_numpy_linalg_norm(x, .axis = I(-1));
}

/* 1 or -1: twice a fair coin less one. */
ct_array random_rademacher(const ct_random_rademacher_args *a)
{
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_INT));
    ct_array coin = ct_random_bernoulli(a->key, ct_weak_float(0.5), a->shape);
    return sub(mul(2, numpy_cast(coin, dtype)), 1);
}

ct_array random_double_sided_maxwell(const ct_random_double_sided_maxwell_args *a)
{
    ct_array keys[2];
    ct_dtype dtype;
    dimlist common, shape;
    if (!float_dtype("double_sided_maxwell", a->dtype, &dtype) ||
        !numpy_broadcast_shape("double_sided_maxwell", 2, (ct_array[]){a->loc, a->scale}, &common))
        return array_poison;
    if (!dimlist_copy(&shape, "double_sided_maxwell",
                      a->shape.n ? a->shape : dimlist_ints(&common)))
        return array_poison;
    for (int64_t i = 0; i < common.n && shape.n < NUMPY_MAX_NDIM; i++)
        shape.at[shape.n++] = common.at[i];
    random_split_keys(a->key, 2, keys);
    ct_array draws = ct_random_maxwell(keys[0], dimlist_ints(&shape), .dtype = dtype),
             sign = ct_random_rademacher(keys[1], dimlist_ints(&shape), .dtype = dtype);
    return numpy_cast(ct_add(ct_multiply(ct_multiply(sign, draws), a->scale), a->loc), dtype);
}
