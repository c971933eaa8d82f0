/* Taylor mode against closed forms and against derivatives taken one by one. */
#include "cotan.h"

#include "ops/ops.h"
#include "test.h"

static ct_array f(ct_array x) { return op_mul(op_sin(x), op_div(op_exp(x), op_tanh(x))); }
static ct_array square_of_sine(ct_array x) { return op_square(op_sin(x)); }

/* Term k of f's series along x + t. */
static double term(ct_fn g, double x, int k)
{
    ct_tree list[4] = {ct_f32(1), ct_f32(0), ct_f32(0), ct_f32(0)};
    ct_tree both = ct_jet_(g, ct_tuple(ct_f32((float)x)), ct_tuple(ct_list_(4, list)));
    ct_array value = is_poison(both) ? array_poison : ct_at(ct_at(both, 1), k);
    return is_poison(value) ? NAN : array_get_double(value, 0);
}

TEST(series_of_closed_forms)
{
    double s2 = sin(2 * 0.4), c2 = cos(2 * 0.4), want[4] = {s2, 2 * c2, -4 * s2, -8 * c2};
    for (int k = 0; k < 4; k++) {
        CHECK(fabs(term(ct_function(square_of_sine), 0.4, k) - want[k]) < 1e-5);
        CHECK(fabs(term(ct_jit(square_of_sine), 0.4, k) - want[k]) < 1e-5);
    }
}

TEST(terms_are_nested_derivatives)
{
    ct_fn g = ct_function(f);
    for (int k = 0; k < 3; k++) {
        g = ct_grad(g);
        ct_array want = ct_call(g, 0.7);
        CHECK(!is_poison(want));
        CHECK(fabs(term(ct_function(f), 0.7, k) - array_get_double(want, 0)) <
              1e-4 * (1 + fabs(array_get_double(want, 0))));
    }
}

TEST(series_of_unequal_lengths_are_refused)
{
    ct_array x = ct_f32(1);
    ct_tree both = ct_jet(op_mul, ct_tuple(x, x), ct_tuple(ct_list(x, x), ct_list(x)));
    CHECK(is_poison(both));
    CHECK_INT(ct_error_code(), CT_VALUE_ERROR);
    ct_clear_error();
}
