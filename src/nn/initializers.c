/* jax.nn.initializers: random weights whose variance suits the size of a layer. The functions that
 * return functions are the host language's; they come here. */
#define OPS_SHORT_NAMES
#include "nn/nn.h"

#include <math.h>

static bool fans(const ct_nn_initializers_scaled_args *a, double *in, double *out)
{
    int64_t ndim = a->shape.n;
    double sizes[3] = {1, 1, 1}, all = 1;
    const ct_ints lists[] = {a->in_axis, a->out_axis, a->batch_axis};
    if (ndim <= 1 && a->in_axis.n == 1 && a->in_axis.at[0] == -2) {
        base_fail(CT_VALUE_ERROR,
                  "Can't compute input and output sizes of a %lld-dimensional weights tensor with "
                  "default in_axis. Must be at least 2D or specify in_axis explicitly.",
                  (long long)ndim);
        return false;
    }
    for (int64_t d = 0; d < ndim; d++)
        all *= (double)a->shape.at[d];
    for (int k = 0; k < 3; k++)
        for (int64_t i = 0; i < lists[k].n; i++) {
            int64_t axis;
            if (!numpy_axis("variance_scaling", lists[k].at[i], ndim, &axis))
                return false;
            sizes[k] *= (double)a->shape.at[axis];
        }
    double receptive = all / sizes[0] / sizes[1] / sizes[2];
    *in = sizes[0] * receptive;
    *out = sizes[1] * receptive;
    return true;
}

/* Complex numbers of any angle and variance one: uniform in a disk, or normal within modulus 2,
 * where the variance is that before the cut. */
static ct_array complex_draws(ct_array key, bool normal, ct_ints shape, ct_dtype dtype)
{
    ct_array keys = ct_random_split(key), u[2];
    for (int i = 0; i < 2; i++)
        u[i] = ct_random_uniform(ct_take(keys, ct_weak_int(i), .axis = GIVEN(0)), shape,
                                 .dtype = dtype_real_part(dtype));
    ct_array modulus = op_sqrt(normal ? neg(op_log(sub(1, mul(1 - exp(-4), u[0])))) : mul(2, u[0])),
             angle = mul(2 * M_PI, u[1]);
    return op_complex(op_mul(modulus, op_cos(angle)), op_mul(modulus, op_sin(angle)));
}

ct_array nn_initializers_scaled(const ct_nn_initializers_scaled_args *a)
{
    double in, out, denominator;
    ct_dtype dtype = numpy_dtype(a->dtype, dtype_default(FAMILY_FLOAT));
    if (!fans(a, &in, &out))
        return array_poison;
    if (!strcmp(a->mode, "fan_in"))
        denominator = in;
    else if (!strcmp(a->mode, "fan_out"))
        denominator = out;
    else if (!strcmp(a->mode, "fan_avg"))
        denominator = (in + out) / 2;
    else if (!strcmp(a->mode, "fan_geo_avg"))
        denominator = sqrt(in * out);
    else
        return ct_fail(CT_VALUE_ERROR, "invalid mode for variance scaling initializer: %s",
                       a->mode);
    if (!dtype_inexact(dtype))
        return ct_fail(CT_VALUE_ERROR,
                       "variance_scaling: dtype %s is neither floating nor complex.",
                       ct_dtype_name(dtype));
    ct_array variance = array_scalar(dtype, false, a->scale.value / denominator);
    bool real = dtype_is(dtype, FAMILY_FLOAT);
    if (!strcmp(a->distribution, "truncated_normal")) /* the constants are the standard deviations
                                                         of normals truncated at 2 of them */
        return ct_multiply(
            real ? ct_random_truncated_normal(a->key, -2, 2, a->shape, dtype)
                 : complex_draws(a->key, true, a->shape, dtype),
            div(op_sqrt(variance), real ? 0.87962566103423978 : 0.95311164380491208));
    if (!strcmp(a->distribution, "normal"))
        return ct_multiply(ct_random_normal(a->key, a->shape, .dtype = dtype), op_sqrt(variance));
    if (!strcmp(a->distribution, "uniform")) {
        ct_array u =
            real ? ct_random_uniform(a->key, a->shape, .dtype = dtype, .minval = ct_weak_int(-1))
                 : complex_draws(a->key, false, a->shape, dtype);
        return ct_multiply(u, op_sqrt(real ? mul(3, variance) : variance));
    }
    return ct_fail(CT_VALUE_ERROR, "invalid distribution for variance scaling initializer: %s",
                   a->distribution);
}
