/* Sorting and top_k: order, stability, several keys, the special floats. */
#include "kernel/kernel.h"
#include "test.h"

static uint32_t noise(uint32_t i) { return (i * 2654435761u) ^ (i * 40503u >> 3); }

static void check_sorted(int64_t n)
{
    float *keys = malloc((size_t)n * 4), *before = malloc((size_t)n * 4);
    int32_t *at = malloc((size_t)n * 4);
    for (int64_t i = 0; i < n; i++)
        before[i] = keys[i] = (float)(int32_t)noise((uint32_t)i) / (float)(1 << (i % 20 + 5)),
        at[i] = (int32_t)i;
    if (n > 50)
        keys[7] = before[7] = NAN, keys[9] = before[9] = -INFINITY,
        keys[11] = before[11] = keys[30];
    CHECK(kernel_sort(1, n, 1, 2, 1, (void *[]){keys, at}, (ct_dtype[]){CT_FLOAT32, CT_INT32},
                      true) == CT_OK);
    int bad = 0;
    for (int64_t i = 1; i < n; i++)
        bad += keys[i - 1] > keys[i] || (keys[i - 1] == keys[i] && at[i - 1] > at[i]) ||
               (keys[i] == keys[i] && before[at[i]] != keys[i]);
    CHECK_INT(bad, 0);
    if (n > 50)
        CHECK(isnan(keys[n - 1]) && keys[0] == -INFINITY);
    free(keys), free(before), free(at);
}

TEST(float_keys_with_a_passenger)
{
    static const int64_t sizes[] = {1, 2, 17, 100, 1000, 1025, 5000, 100000};
    for (size_t i = 0; i < countof(sizes); i++)
        check_sorted(sizes[i]);
}

TEST(zeros_are_equal_and_nan_is_last)
{
    float x[] = {3, NAN, -0.0f, 0.0f, -NAN, -INFINITY, INFINITY, -0.0f, 0.0f};
    CHECK(kernel_sort(1, 9, 1, 1, 1, (void *[]){x}, (ct_dtype[]){CT_FLOAT32}, true) == CT_OK);
    CHECK(x[0] == -INFINITY && signbit(x[1]) && !signbit(x[2]) && signbit(x[3]) && !signbit(x[4]) &&
          x[5] == 3 && x[6] == INFINITY && isnan(x[7]));
}

TEST(rows_along_an_inner_axis)
{
    int32_t x[2][3][2] = {{{5, -1}, {3, 7}, {4, 0}}, {{1, 1}, {0, 2}, {-1, 3}}};
    CHECK(kernel_sort(2, 3, 2, 1, 1, (void *[]){x}, (ct_dtype[]){CT_INT32}, false) == CT_OK);
    int32_t want[2][3][2] = {{{3, -1}, {4, 0}, {5, 7}}, {{-1, 1}, {0, 2}, {1, 3}}};
    CHECK(!memcmp(x, want, sizeof x));
}

TEST(two_keys_and_wide_keys)
{
    int8_t a[] = {1, 0, 1, 0, -1};
    double b[] = {2, 5, 1, 4, NAN};
    int64_t c[] = {0, 1, 2, 3, 4};
    CHECK(kernel_sort(1, 5, 1, 3, 2, (void *[]){a, b, c},
                      (ct_dtype[]){CT_INT8, CT_FLOAT64, CT_INT64}, true) == CT_OK);
    CHECK(c[0] == 4 && c[1] == 3 && c[2] == 1 && c[3] == 2 && c[4] == 0);
    static uint64_t w[3000];
    for (uint32_t i = 0; i < 3000; i++)
        w[i] = (uint64_t)noise(i) << 32 | noise(i + 9);
    CHECK(kernel_sort(1, 3000, 1, 1, 1, (void *[]){w}, (ct_dtype[]){CT_UINT64}, true) == CT_OK);
    for (int i = 1; i < 3000; i++)
        CHECK(w[i - 1] <= w[i]);
    float z[] = {1, 2, 1, 1, 0, 5};
    CHECK(kernel_sort(1, 3, 1, 1, 1, (void *[]){z}, (ct_dtype[]){CT_COMPLEX64}, true) == CT_OK);
    CHECK(z[0] == 0 && z[3] == 1 && z[5] == 2);
}

TEST(top_k_orders_bit_patterns)
{
    float x[] = {3, NAN, -0.0f, 0.0f, 7, 7, -NAN}, values[7];
    int32_t at[7];
    CHECK(kernel_top_k(1, 7, 7, CT_FLOAT32, x, values, at) == CT_OK);
    static const int32_t want[] = {1, 4, 5, 0, 3, 2, 6};
    for (int i = 0; i < 7; i++)
        CHECK_INT(at[i], want[i]);
    static float many[2][1000];
    for (int i = 0; i < 2000; i++)
        many[i / 1000][i % 1000] = (float)(i * 37 % 1000);
    CHECK(kernel_top_k(2, 1000, 3, CT_FLOAT32, many, values, at) == CT_OK);
    CHECK(values[0] == 999 && values[2] == 997 && values[3] == 999 && many[1][at[3]] == 999);
    int64_t wide[] = {5, -7, 5, 9};
    int64_t got[2];
    CHECK(kernel_top_k(1, 4, 2, CT_INT64, wide, got, at) == CT_OK);
    CHECK(got[0] == 9 && got[1] == 5 && at[1] == 0);
}
