/* Functions called from inside programs, and the order in which that happens. */
#include <cotan.h>

#include "array/array.h"
#include "ops/ops.h"
#include "test.h"

static double seen[16];
static int count;

static ct_array doubled(ct_array x)
{
    if (count < 16)
        seen[count++] = ct_float(ct_sum(x));
    return ct_mul(x, 2.0);
}

static bool saw(int n, const double *want)
{
    bool same = count == n;
    for (int i = 0; i < n && same; i++)
        same = seen[i] == want[i];
    count = 0;
    return same;
}

static ct_array through(ct_array x)
{
    ct_array y = ct_pure_callback(doubled, x, x);
    return ct_add(y, 1.0);
}

TEST(a_callback_sees_concrete_values)
{
    ct_array x = ct_array_f32(I(3), 1, 2, 3);
    CHECK_NEAR(array_get_double(ct_call(ct_jit(through), x), 2), 7, 0);
    CHECK(saw(1, (double[]){6}));
    CHECK_NEAR(array_get_double(ct_call(ct_vmap(through), x), 1), 5, 0);
    CHECK(saw(3, (double[]){1, 2, 3}));
    CHECK_NEAR(array_get_double(ct_call(ct_jit(ct_vmap(through)), x), 1), 5, 0);
    CHECK(saw(3, (double[]){1, 2, 3}));
}

static ct_array sum_through(ct_array x) { return ct_sum(through(x)); }

TEST(derivatives_of_callbacks_are_refused)
{
    ct_array x = ct_array_f32(I(3), 1, 2, 3);
    CHECK_FAILS(ct_call(ct_grad(sum_through), x), CT_VALUE_ERROR, "custom_jvp");
    count = 0;
}

static ct_tree noted(ct_tree carry, ct_array x)
{
    ct_debug_callback(doubled, carry);
    return ct_tuple(ct_add(carry, x), ct_mul(carry, x));
}

static ct_array loop(ct_array xs)
{
    ct_tree result = ct_call(ct_scan(noted), 0.0, xs);
    return ct_at(result, 0);
}

TEST(effects_in_loops_happen_in_order)
{
    ct_array x = ct_array_f32(I(3), 1, 2, 3);
    CHECK_NEAR(ct_float(ct_call(ct_jit(loop), x)), 6, 0);
    CHECK(saw(3, (double[]){0, 1, 3}));
    CHECK_NEAR(array_get_double(ct_call(ct_grad(loop), x), 1), 1, 0);
    CHECK(saw(3, (double[]){0, 1, 3}));
}

static ct_array ordered(ct_array x)
{
    ct_array y = ct_ordered_callback(doubled, x, x);
    return ct_ordered_callback(doubled, y, y);
}

TEST(ordered_callbacks)
{
    CHECK_NEAR(ct_float(ct_call(ct_jit(ordered), 2.0)), 8, 0);
    CHECK(saw(2, (double[]){2, 4}));
    CHECK_FAILS(ct_call(ct_vmap(ordered), ct_ones(I(2))), CT_VALUE_ERROR, "vmap");
    count = 0;
}

static ct_array wrong(ct_array x) { return ct_pure_callback(doubled, ct_ones(I(2)), x); }
static ct_array wrong_structure(ct_array x) { return ct_pure_callback(doubled, ct_tuple(x, x), x); }

TEST(results_are_checked)
{
    CHECK_FAILS(ct_call(wrong, 1.0), CT_CALLBACK_ERROR,
                "returned float32[] where its result_shape_dtypes say float32[2]");
    CHECK_FAILS(ct_call(wrong_structure, 1.0), CT_VALUE_ERROR, "declared as PyTreeDef((*, *))");
    count = 0;
}

static ct_array printing(ct_array x)
{
    ct_debug_print("{{{0}}} of {}", x);
    return x;
}

TEST(print_checks_its_format)
{
    CHECK(ct_call(ct_jit(printing), 1.0));
    CHECK_FAILS(ct_debug_print("{} {}", ct_ones(I(2))), CT_INDEX_ERROR, "does not fit 1 arguments");
}

static ct_array uses(ct_array x)
{
    op_dce_sink(ct_sin(x));
    return ct_mul(x, 2);
}

TEST(sinks_stay)
{
    CHECK_NEAR(ct_float(ct_call(ct_jit(uses), 3.0)), 6, 0);
    CHECK_NEAR(ct_float(ct_call(ct_grad(uses), 3.0)), 2, 0);
}

static ct_array product(ct_array x, ct_array y) { return ct_mul(x, y); }
static ct_array composed(ct_array x)
{
    return ct_composite(product, "my.product", 1, x, ct_f32(3));
}

TEST(composites)
{
    CHECK_NEAR(ct_float(ct_call(composed, 2.0)), 6, 0);
    CHECK_NEAR(ct_float(ct_call(ct_jit(composed), 2.0)), 6, 0);
    CHECK_FAILS(ct_call(ct_grad(composed), 2.0), CT_VALUE_ERROR, "JVP rule for composite");
}
