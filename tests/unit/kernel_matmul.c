/* Matrix products of every dtype, stride pattern and size class against the definition. */
#include "kernel/kernel.h"
#include "test.h"

static float value(int64_t i) { return (float)(i * 37 % 19 - 9) / 4; }

/* layout bits: 1 A transposed, 2 B transposed, 4 strided A */
static void check_float(int64_t batch, int64_t m, int64_t n, int64_t k, int layout)
{
    int64_t gap = layout & 4 ? 2 : 1;
    float *a = calloc((size_t)(batch * m * k * gap), 4), *b = calloc((size_t)(batch * k * n), 4),
          *c = malloc((size_t)(batch * m * n) * 4);
    for (int64_t i = 0; i < batch * m * k * gap; i++)
        a[i] = value(i);
    for (int64_t i = 0; i < batch * k * n; i++)
        b[i] = value(i + 5);
    kernel_matmul p = {batch,
                       m,
                       n,
                       k,
                       m * k * gap,
                       k * n,
                       m * n,
                       layout & 1 ? gap : k * gap,
                       layout & 1 ? m * gap : gap,
                       layout & 2 ? 1 : n,
                       layout & 2 ? k : 1,
                       n,
                       CT_FLOAT32,
                       CT_FLOAT32};
    CHECK(kernel_matrix_product(&p, a, b, c) == CT_OK);
    int bad = 0;
    for (int64_t i = 0; i < batch * m * n; i++) {
        int64_t at = i / (m * n), row = i / n % m, col = i % n;
        double sum = 0, scale = 1;
        for (int64_t q = 0; q < k; q++) {
            double term = (double)a[at * p.a_batch + row * p.a_row + q * p.a_col] *
                          b[at * p.b_batch + q * p.b_row + col * p.b_col];
            sum += term, scale += fabs(term);
        }
        bad += !(fabs(c[i] - sum) <= 1e-6 * scale);
    }
    if (bad)
        TEST_FAILED("%d wrong: batch %ld, %ld x %ld x %ld, layout %d", bad, (long)batch, (long)m,
                    (long)n, (long)k, layout);
    free(a), free(b), free(c);
}

TEST(float_products)
{
    static const int64_t sizes[][3] = {{1, 1, 1},  {10, 10, 10},  {1, 300, 70},  {300, 1, 700},
                                       {1, 40, 1}, {13, 33, 300}, {100, 50, 20}, {128, 128, 128}};
    for (size_t i = 0; i < countof(sizes); i++)
        for (int layout = 0; layout < 8; layout++)
            check_float(layout == 3 ? 3 : 1, sizes[i][0], sizes[i][1], sizes[i][2], layout);
    for (int64_t k = 1; k <= 81; k += 5)
        check_float(70, 1, 1, k, 0);
    for (int layout = 0; layout < 8; layout++) { /* long pieces, wide spans and what is left */
        check_float(1, 3, 1, 4500, layout);
        check_float(1, 1, 2100, 270, layout);
        check_float(1, 2100, 1, 270, layout);
    }
    for (int64_t rows = 1; rows <= 18; rows++) { /* some rows at a time, of short and long rows */
        static const int64_t lengths[] = {1, 15, 16, 31, 255, 256, 273, 513, 4096, 4111, 9000};
        for (size_t i = 0; i < countof(lengths); i++)
            check_float(1, rows, 1, lengths[i], 0), check_float(2, 1, rows, lengths[i], 2);
    }
    check_float(1, 500, 260, 300, 0);
    check_float(1, 260, 500, 300, 3);
}

TEST(rows_beside_nan)
{
    enum { ROWS = 9, LENGTH = 10 };
    float m[ROWS * LENGTH], x[LENGTH], y[ROWS];
    for (int i = 0; i < LENGTH; i++)
        x[i] = value(i + 5);
    for (int bad = 0; bad < ROWS; bad++) {
        for (int i = 0; i < ROWS * LENGTH; i++)
            m[i] = i / LENGTH == bad ? NAN : value(i);
        kernel_matmul p = {1, ROWS, 1, LENGTH, 0, 0, 0, LENGTH, 1, 1, 1, 1, CT_FLOAT32, CT_FLOAT32};
        CHECK(kernel_matrix_product(&p, m, x, y) == CT_OK);
        for (int r = 0; r < ROWS; r++)
            CHECK(isnan(y[r]) == (r == bad));
    }
}

#define CHECK_TYPE(name, dtype, T)                                                                 \
    TEST(name)                                                                                     \
    {                                                                                              \
        enum { M = 7, N = 9, K = 300 };                                                            \
        static T a[M * K], b[K * N], c[M * N];                                                     \
        for (int i = 0; i < M * K; i++)                                                            \
            a[i] = (T)(i % 11 - 5);                                                                \
        for (int i = 0; i < K * N; i++)                                                            \
            b[i] = (T)(i % 7 - 3);                                                                 \
        kernel_matmul p = {1, M, N, K, 0, 0, 0, K, 1, N, 1, N, dtype, dtype};                      \
        CHECK(kernel_matrix_product(&p, a, b, c) == CT_OK);                                        \
        for (int i = 0; i < M * N; i++) {                                                          \
            int64_t sum = 0;                                                                       \
            for (int q = 0; q < K; q++)                                                            \
                sum += ((i / N * K + q) % 11 - 5) * ((q * N + i % N) % 7 - 3);                     \
            CHECK((T)sum == c[i]);                                                                 \
        }                                                                                          \
    }
CHECK_TYPE(double_products, CT_FLOAT64, double)
CHECK_TYPE(int8_products, CT_INT8, int8_t)
CHECK_TYPE(int16_products, CT_INT16, int16_t)
CHECK_TYPE(int32_products, CT_INT32, int32_t)
CHECK_TYPE(uint64_products, CT_UINT64, uint64_t)

TEST(half_products_into_float_and_half)
{
    uint16_t a[4] = {0x3f80, 0x4000, 0x4040, 0x4080}, b[4] = {0x3f80, 0x3f80, 0x3f80, 0xbf80},
             h[4]; /* [[1 2] [3 4]], [[1 1] [1 -1]] */
    float f[4];
    kernel_matmul p = {1, 2, 2, 2, 0, 0, 0, 2, 1, 2, 1, 2, CT_BFLOAT16, CT_FLOAT32};
    CHECK(kernel_matrix_product(&p, a, b, f) == CT_OK);
    CHECK(f[0] == 3 && f[1] == -1 && f[2] == 7 && f[3] == -1);
    p.out_dtype = CT_BFLOAT16;
    CHECK(kernel_matrix_product(&p, a, b, h) == CT_OK);
    CHECK(h[0] == 0x4040 && h[1] == 0xbf80 && h[2] == 0x40e0);
    static uint16_t big_a[100 * 100], big_b[100 * 100];
    static float big_c[100 * 100];
    for (int i = 0; i < 10000; i++)
        big_a[i] = 0x3f80, big_b[i] = i % 100 == 3 ? 0x4000 : 0;
    kernel_matmul q = {1, 100, 100, 100, 0, 0, 0, 100, 1, 100, 1, 100, CT_BFLOAT16, CT_FLOAT32};
    CHECK(kernel_matrix_product(&q, big_a, big_b, big_c) == CT_OK);
    CHECK(big_c[3] == 200 && big_c[4] == 0 && big_c[9903] == 200);
}

TEST(complex_and_bool_products)
{
    float a[4] = {1, 2, 0, 1}, b[4] = {3, -1, 2, 0}, c[2]; /* (1+2i)(3-i) + i 2 */
    kernel_matmul p = {1, 1, 1, 2, 0, 0, 0, 2, 1, 1, 1, 1, CT_COMPLEX64, CT_COMPLEX64};
    CHECK(kernel_matrix_product(&p, a, b, c) == CT_OK);
    CHECK(c[0] == 5 && c[1] == 7);
    static bool x[512], y[512], any;
    for (int i = 0; i < 512; i++)
        x[i] = y[i] = true;
    kernel_matmul q = {1, 1, 1, 512, 0, 0, 0, 512, 1, 1, 1, 1, CT_BOOL, CT_BOOL};
    CHECK(kernel_matrix_product(&q, x, y, &any) == CT_OK);
    CHECK(any);
}

TEST(empty_contraction_gives_zeros)
{
    float c[4] = {1, 2, 3, 4};
    kernel_matmul p = {1, 2, 2, 0, 0, 0, 0, 0, 1, 2, 1, 2, CT_FLOAT32, CT_FLOAT32};
    CHECK(kernel_matrix_product(&p, NULL, NULL, c) == CT_OK);
    CHECK(c[0] == 0 && c[3] == 0);
}
