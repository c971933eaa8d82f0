/* Jitted functions before and between runs: their caches, costs, and programs ahead of time. */
#include <cotan.h>

#include "core/core.h"
#include "test.h"

static ct_array affine(ct_array x, ct_array y) { return ct_add(ct_mul(x, 2.0), y); }
static ct_array product(ct_array a, ct_array b) { return ct_tanh(ct_matmul(a, b)); }

TEST(a_cache_knows_why_it_grew)
{
    ct_fn f = ct_jit(affine);
    ct_array x = ct_array_f32(I(3), 1, 2, 3);
    CHECK(ct_call(f, x, 1.0) && ct_call(f, x, 1.0) && ct_call(f, x, x));
    ct_cache_info info = ct_jit_cache_info(f);
    CHECK_INT(info.hits, 1);
    CHECK_INT(info.misses, 2);
    CHECK_INT(info.size, 2);
    char *reasons = ct_jit_cache_text(f);
    CHECK(reasons && strstr(reasons, "at args[1], now float32[3] and before float32[]"));
    free(reasons);
    ct_clear_caches();
    CHECK_INT(ct_jit_cache_size(f), 0);
    CHECK_INT(ct_jit_cache_info(ct_function(affine)).misses, 0);
}

TEST(cost_of_a_product)
{
    ct_cost cost;
    ct_array a = ct_ones(I(4, 5)), b = ct_ones(I(5, 6));
    if (CHECK(ct_count_cost(product, &cost, a, b))) {
        CHECK_NEAR(cost.flops, 2 * 4 * 5 * 6, 0);
        CHECK_NEAR(cost.transcendentals, 4 * 6, 0);
    }
}

TEST(compiled_functions_take_what_they_were_compiled_for)
{
    ct_array x = ct_array_f32(I(3), 1, 2, 3);
    ct_fn f = ct_compile(affine, x, 1.0);
    CHECK_NEAR(array_get_double(ct_call(f, x, 5.0), 2), 11, 0);
    CHECK_FAILS(ct_call(f, x, x), CT_TYPE_ERROR,
                "'args[1]' compiled with float32[] and called with float32[3]");
    CHECK_FAILS(ct_call(ct_jit(f), x, 1.0), CT_TYPE_ERROR, "Cannot apply JAX transformations");
}

static ct_array doubled(ct_array x) { return ct_mul(x, 2.0); }

TEST(programs_as_stablehlo)
{
    ct_array x = ct_array_f32(I(3), 1, 2, 3);
    char *got = ct_stablehlo(affine, x, x);
    const char *want = "module @jit_affine attributes {mhlo.num_partitions = 1 : i32, "
                       "mhlo.num_replicas = 1 : i32} {\n"
                       "  func.func public @main(%arg0: tensor<3xf32>, %arg1: tensor<3xf32>) -> "
                       "(tensor<3xf32> {jax.result_info = \"result\"}) {\n"
                       "    %cst = stablehlo.constant dense<2.000000e+00> : tensor<f32>\n"
                       "    %0 = stablehlo.broadcast_in_dim %cst, dims = [] : (tensor<f32>) -> "
                       "tensor<3xf32>\n"
                       "    %1 = stablehlo.multiply %arg0, %0 : tensor<3xf32>\n"
                       "    %2 = stablehlo.add %1, %arg1 : tensor<3xf32>\n"
                       "    return %2 : tensor<3xf32>\n"
                       "  }\n"
                       "}\n";
    CHECK(got && !strcmp(got, want));
    free(got);
    got = ct_stablehlo(ct_jit(doubled, .donate_argnums = I(0)), x);
    CHECK(got && strstr(got, "%arg0: tensor<3xf32> {tf.aliasing_output = 0 : i32}"));
    free(got);
}

static ct_array named(ct_array x)
{
    ct_push_name("outer");
    ct_push_name("inner");
    ct_array y = ct_mul(x, 2.0);
    ct_pop_name();
    ct_pop_name();
    return y;
}

TEST(names_end_where_they_began)
{
    CHECK(ct_call(ct_jit(named), 3.0));
    CHECK(!core_names);
}
