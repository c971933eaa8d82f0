/* Fourier transforms: the definition, inverses, real and complex ones, lengths of every kind;
 * derivatives and batching by the laws. */
#include "kernel/kernel.h"
#include "op_laws.h"

static int type;
static int64_t rank, length;
static ct_array transform(const ct_array *in)
{
    int64_t lengths[2] = {3, length};
    ct_ints over = {rank, lengths + 2 - rank};
    ct_array x = type == FOURIER_OF_REAL ? in[0] : op_complex(in[0], in[1]);
    ct_array y = op_fft(x, type, over);
    if (is_poison(y) || type == FOURIER_TO_REAL)
        return y;
    return op_add(op_real(y), op_mul(op_imag(y), op_imag(y)));
}
static ct_array make(int i)
{
    (void)i;
    return law_array(CT_FLOAT64, I(2, 3, type == FOURIER_TO_REAL ? length / 2 + 1 : length));
}

TEST(laws_hold)
{
    for (rank = 1; rank <= 2; rank++)
        for (length = 4; length <= 5; length++)
            for (type = 0; type < 4; type++)
                laws("fft", transform, type == FOURIER_OF_REAL ? 1 : 2, make);
}

/* The definition, in long double. */
static void sum(int64_t n, const double *x, int64_t k, double *re, double *im)
{
    long double a = 0, b = 0;
    for (int64_t j = 0; j < n; j++) {
        long double angle = -2 * 3.14159265358979323846264338328L * (long double)(j * k % n) / n;
        a += x[2 * j] * cosl(angle) - x[2 * j + 1] * sinl(angle);
        b += x[2 * j] * sinl(angle) + x[2 * j + 1] * cosl(angle);
    }
    *re = (double)a, *im = (double)b;
}

static void check_length(int64_t n, int64_t outer, int64_t inner)
{
    int64_t size = outer * n * inner;
    double *x = base_alloc((size_t)(8 * size + 2 * n) * sizeof *x), *y = x + 2 * size,
           *z = y + 2 * size, *column = z + 4 * size;
    if (!x)
        return;
    for (int64_t i = 0; i < 2 * size; i++)
        x[i] = law_random();
    kernel_fourier f = {FOURIER_FORWARD, true, outer, n, inner};
    if (kernel_fft(&f, x, y) == CT_OK) {
        for (int64_t o = 0; o < outer; o++)
            for (int64_t i = 0; i < inner; i++) {
                for (int64_t j = 0; j < n; j++)
                    memcpy(column + 2 * j, x + 2 * ((o * n + j) * inner + i), 2 * sizeof *x);
                for (int64_t k = 0; k < n; k += n / 7 + 1) {
                    double re, im;
                    const double *got = y + 2 * ((o * n + k) * inner + i);
                    sum(n, column, k, &re, &im);
                    CHECK_NEAR(got[0], re, 1e-13 * (double)n);
                    CHECK_NEAR(got[1], im, 1e-13 * (double)n);
                }
            }
        f.type = FOURIER_INVERSE;
        if (kernel_fft(&f, y, y) == CT_OK)
            for (int64_t i = 0; i < 2 * size; i++)
                CHECK_NEAR(y[i], x[i], 1e-13);
    }
    f.type = FOURIER_OF_REAL;
    if (kernel_fft(&f, x, z) == CT_OK) { /* of the first half of the numbers */
        f.type = FOURIER_TO_REAL;
        memset(y, 0, (size_t)size * sizeof *y);
        if (kernel_fft(&f, z, y) == CT_OK)
            for (int64_t i = 0; i < size; i++)
                CHECK_NEAR(y[i], x[i], 1e-13);
    }
    base_free(x);
}

TEST(every_kind_of_length)
{
    for (int64_t n = 1; n <= 24; n++)
        check_length(n, 1, 1);
    static const int64_t lengths[] = {35,  49,  60,  64,  77,  94,   97,  101,
                                      106, 128, 210, 243, 317, 1000, 1021};
    for (size_t i = 0; i < countof(lengths); i++) {
        check_length(lengths[i], 1, 1);
        check_length(lengths[i], 3, 1);
        check_length(lengths[i], 2, 5);
    }
    static const int64_t many[] = {8, 12, 15, 32, 33, 64, 101};
    for (size_t i = 0; i < countof(many); i++) { /* whole vectors, and what is left */
        check_length(many[i], 37, 1);
        check_length(many[i], 2, 37);
    }
    check_length(4099, 2, 1);
    check_length(8192, 2, 1);
}

/* float32 differs from float64 by roundings, in all layouts. */
TEST(narrow_and_wide)
{
    static const int64_t lengths[] = {7, 16, 30, 32, 64, 101, 1024}, batches[] = {1, 16, 35};
    for (size_t l = 0; l < countof(lengths); l++)
        for (size_t b = 0; b < countof(batches); b++)
            for (int axis = 0; axis < 2; axis++)
                for (int t = 0; t < 3; t++) {
                    int64_t shape[] = {batches[b], lengths[l]}, n = batches[b] * lengths[l] * 2;
                    kernel_fourier f = {.type = (fourier_type)t,
                                        .outer = axis ? shape[0] : 1,
                                        .n = shape[1],
                                        .inner = axis ? 1 : shape[0]};
                    double *x = base_alloc((size_t)n * 5 * sizeof *x), *y = x + n;
                    if (!x)
                        return;
                    float *u = (float *)(void *)(y + 2 * n), *v = u + n;
                    for (int64_t i = 0; i < n; i++)
                        x[i] = u[i] = (float)law_random();
                    bool good = kernel_fft(&f, u, v) == CT_OK;
                    f.wide = true;
                    if (good && kernel_fft(&f, x, y) == CT_OK)
                        for (int64_t i = 0;
                             i < (t == FOURIER_OF_REAL ? 2 * (lengths[l] / 2 + 1) * batches[b] : n);
                             i++)
                            CHECK_NEAR(v[i], y[i], 1e-6 * sqrt((double)lengths[l]));
                    base_free(x);
                }
}

TEST(real_transforms_are_halves_of_complex_ones)
{
    for (length = 1; length <= 9; length++) {
        ct_array x = law_array(CT_FLOAT64, I(3, length));
        ct_array half = op_fft(x, FOURIER_OF_REAL, I(length)),
                 whole = op_fft(op_complex(x, op_full_like(x, 0)), FOURIER_FORWARD, I(length));
        if (!CHECK(is_array(half) && is_array(whole)))
            return;
        CHECK_INT(half->aval.shape[1], length / 2 + 1);
        ct_array same = op_slice(whole, I(0, 0), I(3, length / 2 + 1), (ct_ints){0, NULL});
        ct_array far = op_abs(op_sub(same, half));
        for (int64_t i = 0; i < far->size && is_array(far); i++)
            CHECK_NEAR(array_get_double(far, i), 0, 1e-14);
    }
}

TEST(messages)
{
    ct_array x = law_array(CT_FLOAT32, I(3, 4)), c = op_complex(x, x);
    CHECK_FAILS(op_fft(c, FOURIER_OF_REAL, I(4)), CT_VALUE_ERROR, "requires float32 or float64");
    CHECK_FAILS(op_fft(x, FOURIER_FORWARD, I(4)), CT_VALUE_ERROR, "requires complex64");
    CHECK_FAILS(op_fft(c, FOURIER_FORWARD, I(5)), CT_VALUE_ERROR, "does not fit fft_lengths (5,)");
    CHECK_FAILS(op_fft(c, FOURIER_TO_REAL, I(4)), CT_VALUE_ERROR, "length // 2 + 1");
    CHECK_FAILS(op_fft(c, FOURIER_FORWARD, I(1, 3, 4)), CT_VALUE_ERROR, "as many entries");
}
