/* NumPy functions from C: optional arguments, numbers of C, aliases, derivatives; and that every
 * failing allocation is survived. Values of all functions are checked in tests/laws. */
#include "test.h"

#include <cotan.h>

static ct_array sample(void) { return ct_array_f32(I(2, 3), -1.5, 0, 2, 0.5, 3.25, -0.25); }

TEST(arguments_in_c)
{
    ct_array x = sample();
    CHECK_NEAR(ct_float(ct_sum(x)), 4, 1e-6);
    CHECK_INT(ct_ndim(ct_sum(x, .axis = I(0), .keepdims = true)), 2);
    CHECK_NEAR(ct_float(ct_max(ct_mul(-2.0, x))), 3, 1e-6);
    CHECK_NEAR(ct_float(ct_sum(ct_sub(ct_abs(x), 1))), 1.5, 1e-6);
    CHECK_INT(ct_dim(ct_linspace(0, 1, .num = GIVEN(7)), 0), 7);
    CHECK_INT(ct_size(ct_where(ct_less(x, 0), 0.0, x)), 6);
    CHECK_INT(ct_int(ct_argmax(x)), 4);
    CHECK_INT(ct_dtype_of(ct_zeros(I(2), .dtype = CT_BFLOAT16)), CT_BFLOAT16);
}

TEST(statistics)
{
    ct_array x = sample();
    CHECK_NEAR(ct_float(ct_median(x)), 0.25, 1e-6);
    CHECK_INT(ct_dim(ct_var(x, .axis = I(1)), 0), 2);
    CHECK_NEAR(ct_float(ct_quantile(x, 0.0)), -1.5, 1e-6);
    CHECK_INT(ct_ndim(ct_average(x, .axis = I(0))), 1);
    CHECK_INT(ct_bool(ct_allclose(x, ct_add(x, 1e-9))), 1);
}

static ct_array smooth(ct_array x)
{
    return ct_sum(ct_multiply(ct_logaddexp(x, 1.0), ct_sinc(ct_clip(x, -1, 1))));
}

TEST(derivatives_and_inner_jits)
{
    ct_array g = ct_call(ct_grad(smooth), sample());
    CHECK_INT(ct_ndim(g), 2);
    ct_array compiled = ct_call(ct_jit(smooth), sample());
    CHECK_NEAR(ct_float(compiled), ct_float(smooth(sample())), 1e-5);
    char *text = ct_jaxpr(smooth, sample());
    if (text)
        CHECK(strstr(text, "name=clip"));
    free(text);
}

TEST(windows_and_products)
{
    ct_array image = ct_reshape(sample(), I(1, 1, 2, 3)), kernel = ct_ones(I(1, 1, 2, 2));
    CHECK_INT(ct_dim(ct_lax_conv(image, kernel, I(1, 1), I(5, 'V', 'A', 'L', 'I', 'D')), 3), 2);
    CHECK_INT(ct_dim(ct_lax_dynamic_slice(sample(), ARRAYS(ct_i32(1), ct_i32(0)), I(1, 2)), 1), 2);
}

TEST(refusals)
{
    ct_sum(ct_none());
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
    ct_max(ct_zeros(I(0)));
    CHECK_INT(ct_error_code(), CT_VALUE_ERROR);
    ct_clear_error();
    ct_add(ct_zeros(I(2)), ct_zeros(I(3)));
    CHECK_INT(ct_error_code(), CT_TYPE_ERROR);
    ct_clear_error();
}
