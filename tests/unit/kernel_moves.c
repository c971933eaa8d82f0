/* Random bits, reductions, copies, fills and conversions of the eager tier, against recorded values
 * and plain loops. */
#include <stdlib.h>
#include "kernel/kernel.h"
#include "test.h"

/* jax.random.bits(jax.random.key(42), (6,)) in each width, recorded with JAX 0.10.2. */
TEST(random_bits_are_jax_bits)
{
    const uint32_t key[2] = {0, 42};
    uint32_t b32[6];
    uint64_t b64[6];
    uint8_t b8[6];
    uint16_t b16[6];
    static uint32_t many[70000];
    kernel_threefry_bits(key, 0, 6, 32, b32);
    kernel_threefry_bits(key, 0, 6, 64, b64);
    kernel_threefry_bits(key, 0, 6, 8, b8);
    kernel_threefry_bits(key, 0, 6, 16, b16);
    kernel_threefry_bits(key, 0, 70000, 32, many);
    static const uint32_t want32[] = {0x7d1c13a2, 0xae0730d9, 0x9dc3f9f9,
                                      0x8f9ec1d7, 0x735d7315, 0x95fb4ed8};
    static const uint64_t want64[] = {0x6d3e048f1022172d, 0x03d7b32dadd083f4, 0x92fb20ea0f38d913,
                                      0xbad56946354ba891, 0xb013aee3c34eddf6, 0xa4d91a963122544e};
    for (int i = 0; i < 6; i++) {
        CHECK_INT(b32[i], want32[i]);
        CHECK_INT(b64[i], want64[i]);
        CHECK_INT(b16[i], want32[i] & 0xffff);
        CHECK_INT(b8[i], want32[i] & 0xff);
    }
    CHECK_INT(many[69999], 0xc19bdd2d);
    uint32_t y0, y1;
    kernel_threefry(1, (uint32_t[]){0x13198a2e}, (uint32_t[]){0x03707344}, 0,
                    (uint32_t[]){0x243f6a88}, (uint32_t[]){0x85a308d3}, &y0, &y1);
    CHECK_INT(y0, 0xc4923a9c); /* a known answer of the Random123 library */
    CHECK_INT(y1, 0x483df7a0);
}

static float pattern(int64_t i) { return (float)(i * 7919 % 2003 - 1001) / 64; }

static void check_sums(int64_t outer, int64_t n, int64_t inner)
{
    int64_t size = outer * n * inner;
    float *x = malloc((size_t)size * 4 + 4), *sum = malloc((size_t)(outer * inner) * 4),
          *most = malloc((size_t)(outer * inner) * 4);
    for (int64_t i = 0; i < size; i++)
        x[i] = pattern(i);
    kernel_reduce("reduce_sum", CT_FLOAT32)(outer, n, inner, sum, x);
    kernel_reduce("reduce_max", CT_FLOAT32)(outer, n, inner, most, x);
    int bad = 0;
    for (int64_t i = 0; i < outer * inner; i++) {
        double exact = 0, scale = 1, top = -INFINITY;
        for (int64_t k = 0; k < n; k++) {
            float v = x[(i / inner * n + k) * inner + i % inner];
            exact += v, scale += fabs(v), top = v > top ? v : top;
        }
        bad += !(fabs(sum[i] - exact) <= 3e-7 * scale) || most[i] != (float)top;
    }
    if (bad)
        TEST_FAILED("%d wrong of shape (%ld, %ld, %ld)", bad, (long)outer, (long)n, (long)inner);
    free(x), free(sum), free(most);
}

TEST(reductions_of_all_layouts)
{
    static const int64_t lengths[] = {0, 1, 3, 15, 16, 64, 100, 1000, 5000},
                         inners[] = {1, 2, 3, 31, 64, 256, 300, 700};
    for (size_t i = 0; i < countof(lengths); i++)
        for (size_t j = 0; j < countof(inners); j++)
            check_sums(lengths[i] > 500 ? 1 : 3, lengths[i], inners[j]);
    check_sums(1, 1000003, 1);
    check_sums(2, 300000, 1);
    check_sums(200000, 10, 1);
}

TEST(reductions_propagate_nan_and_types)
{
    float f[] = {1, NAN, 3}, most, least;
    kernel_reduce("reduce_max", CT_FLOAT32)(1, 3, 1, &most, f);
    kernel_reduce("reduce_min", CT_FLOAT32)(1, 3, 1, &least, f);
    CHECK(isnan(most) && isnan(least));
    int8_t i8[] = {100, 100, -3}, s8;
    kernel_reduce("reduce_sum", CT_INT8)(1, 3, 1, &s8, i8);
    CHECK_INT(s8, (int8_t)197);
    bool b[] = {true, true, false}, all, any;
    kernel_reduce("reduce_and", CT_BOOL)(1, 3, 1, &all, b);
    kernel_reduce("reduce_or", CT_BOOL)(1, 3, 1, &any, b);
    CHECK(!all && any);
    float c[] = {1, 2, 3, -1}, cs[2], cp[2];
    kernel_reduce("reduce_sum", CT_COMPLEX64)(1, 2, 1, cs, c);
    kernel_reduce("reduce_prod", CT_COMPLEX64)(1, 2, 1, cp, c);
    CHECK(cs[0] == 4 && cs[1] == 1 && cp[0] == 5 && cp[1] == 5);
}

/* All permutations and reversals of a small box, with and without a broadcast axis. */
static void check_copy(const int64_t shape[3], const int order[3], int flips, int broadcast,
                       size_t itemsize)
{
    static char src[250000], got[250000];
    int64_t ss[3],
        ds[3] = {shape[1] * shape[2] * (int64_t)itemsize, shape[2] * (int64_t)itemsize,
                 (int64_t)itemsize},
        run = (int64_t)itemsize;
    const char *from = src;
    for (int i = 2; i >= 0; i--) {
        int axis = order[i];
        ss[axis] = axis == broadcast ? 0 : run;
        run *= axis == broadcast ? 1 : shape[axis];
    }
    for (int i = 0; i < 3; i++)
        if (flips >> i & 1) {
            from += (shape[i] - 1) * ss[i];
            ss[i] = -ss[i];
        }
    for (size_t i = 0; i < sizeof src; i++)
        src[i] = (char)(i * 31 ^ i >> 8);
    kernel_copy(3, shape, itemsize, got, ds, from, ss);
    int bad = 0;
    for (int64_t i = 0; i < shape[0]; i++)
        for (int64_t j = 0; j < shape[1]; j++)
            for (int64_t k = 0; k < shape[2]; k++)
                bad += !!memcmp(got + i * ds[0] + j * ds[1] + k * ds[2],
                                from + i * ss[0] + j * ss[1] + k * ss[2], itemsize);
    if (bad)
        TEST_FAILED("%d wrong", bad);
}

TEST(copies_of_all_layouts)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const int64_t shapes[][3] = {
        {2, 3, 4}, {1, 5, 1}, {37, 41, 5}, {3, 70, 65}, {65, 2, 66}};
    static const size_t sizes[] = {1, 2, 4, 8, 16, 12};
    for (size_t s = 0; s < countof(shapes); s++)
        for (int o = 0; o < 6; o++)
            for (int flips = 0; flips < 8; flips += 3)
                for (int broadcast = -1; broadcast < 3; broadcast += 2)
                    check_copy(shapes[s], orders[o], flips, broadcast, sizes[(s + (size_t)o) % 6]);
}

TEST(fills)
{
    static int32_t x[100000];
    kernel_fill(100000, 4, x, &(int32_t){7});
    int bad = 0;
    for (int i = 0; i < 100000; i++)
        bad += x[i] != 7;
    CHECK_INT(bad, 0);
    char odd[35];
    kernel_fill(5, 7, odd, "abcdefg");
    CHECK(!memcmp(odd + 28, "abcdefg", 7));
}

static void convert(ct_dtype from, ct_dtype to, int64_t n, void *out, const void *in)
{
    kernel_convert(from, to)(n, out, (const void *[]){in}, (int64_t[]){1});
}

TEST(conversions_saturate_wrap_and_round)
{
    const float f[] = {-1.5f, 300, NAN, INFINITY, -INFINITY, 3e9f, -3e9f, 1e20f, 0.5f};
    int8_t i8[9];
    uint8_t u8[9];
    int32_t i32[9];
    uint32_t u32[9];
    int64_t i64[9];
    uint64_t u64[9];
    bool b[9];
    uint16_t h[9];
    float back[9];
    convert(CT_FLOAT32, CT_INT8, 9, i8, f);
    convert(CT_FLOAT32, CT_UINT8, 9, u8, f);
    convert(CT_FLOAT32, CT_INT32, 9, i32, f);
    convert(CT_FLOAT32, CT_UINT32, 9, u32, f);
    convert(CT_FLOAT32, CT_INT64, 9, i64, f);
    convert(CT_FLOAT32, CT_UINT64, 9, u64, f);
    convert(CT_FLOAT32, CT_BOOL, 9, b, f);
    CHECK(i8[0] == -1 && i8[1] == 127 && i8[2] == 0 && i8[3] == 127 && i8[4] == -128);
    CHECK(u8[0] == 0 && u8[1] == 255 && u8[2] == 0 && u8[4] == 0);
    CHECK(i32[0] == -1 && i32[1] == 300 && i32[2] == 0 && i32[3] == INT32_MAX &&
          i32[6] == INT32_MIN);
    CHECK(u32[3] == UINT32_MAX && u32[5] == 3000000000u && u32[6] == 0);
    CHECK(i64[3] == INT64_MAX && i64[4] == INT64_MIN && i64[5] == 3000000000);
    CHECK(u64[3] == UINT64_MAX && u64[7] == UINT64_MAX && u64[6] == 0);
    CHECK(b[0] && b[2] && b[8]);
    convert(CT_FLOAT32, CT_FLOAT16, 9, h, f);
    CHECK(h[0] == 0xbe00 && h[3] == 0x7c00 && h[4] == 0xfc00 && h[5] == 0x7c00 && h[8] == 0x3800);
    convert(CT_FLOAT16, CT_FLOAT32, 9, back, h);
    CHECK(back[0] == -1.5f && back[1] == 300 && isnan(back[2]) && back[3] == INFINITY &&
          back[8] == 0.5f);
    float complex_pair[4];
    convert(CT_INT32, CT_COMPLEX64, 2, complex_pair, (int32_t[]){3, -4});
    CHECK(complex_pair[0] == 3 && complex_pair[1] == 0 && complex_pair[2] == -4);
}

/* Every float16 pattern survives the way to float32 and back; so do the ties of rounding. */
TEST(halves_round_trip)
{
    int bad = 0;
    for (uint32_t u = 0; u < 65536; u++) {
        uint16_t h = (uint16_t)u, again;
        float f;
        convert(CT_FLOAT16, CT_FLOAT32, 1, &f, &h);
        convert(CT_FLOAT32, CT_FLOAT16, 1, &again, &f);
        bad += again != h && !isnan(f);
    }
    CHECK_INT(bad, 0);
    uint16_t h[4];
    convert(CT_FLOAT32, CT_FLOAT16, 4, h, (float[]){2049, 2051, 0x1p-25f, 0x1.8p-24f});
    CHECK(h[0] == 0x6800 && h[1] == 0x6802 && h[2] == 0 && h[3] == 2);
    convert(CT_FLOAT32, CT_BFLOAT16, 3, h, (float[]){257, 259, 3.4e38f});
    CHECK(h[0] == 0x4380 && h[1] == 0x4382 && h[2] == 0x7f80);
}

TEST(integers_divide_and_shift_as_jax_does)
{
    int32_t x[] = {5, -5, 5, -5, INT32_MIN, INT32_MAX, 1, -8}, y[] = {0, 0, -3, 3, -1, 2, 32, 33},
            q[8], r[8], l[8], a[8];
    const void *in[] = {x, y};
    int64_t step[] = {1, 1};
    kernel_find("div", CT_INT32)(8, q, in, step);
    kernel_find("rem", CT_INT32)(8, r, in, step);
    kernel_find("shift_left", CT_INT32)(8, l, in, step);
    kernel_find("shift_right_arithmetic", CT_INT32)(8, a, in, step);
    CHECK(q[0] == -1 && q[1] == -1 && q[2] == -1 && q[3] == -1 && q[4] == INT32_MIN &&
          q[5] == INT32_MAX / 2);
    CHECK(r[0] == 5 && r[1] == -5 && r[2] == 2 && r[3] == -2 && r[4] == 0 && r[5] == 1);
    CHECK(l[6] == 0 && l[2] == 0 && a[7] == -1 && a[6] == 0);
    uint32_t u[2];
    kernel_find("div", CT_UINT32)(
        2, u, (const void *[]){(uint32_t[]){5, 4000000000u}, (uint32_t[]){0, 7}}, step);
    CHECK(u[0] == UINT32_MAX && u[1] == 4000000000u / 7);
}

TEST(scalar_operands_broadcast)
{
    enum { N = 700 };
    float x[N], y[1] = {2}, out[N];
    bool which[N], less[N];
    uint16_t half[N], two[1] = {0x4000};
    for (int i = 0; i < N; i++)
        x[i] = (float)i, which[i] = i % 3 == 0;
    kernel_find("sub", CT_FLOAT32)(N, out, (const void *[]){y, x}, (int64_t[]){0, 1});
    CHECK(out[0] == 2 && out[N - 1] == 3 - N);
    kernel_find("select_n", CT_FLOAT32)(N, out, (const void *[]){which, y, x},
                                        (int64_t[]){1, 0, 1});
    CHECK(out[1] == 2 && out[600] == 600 && out[601] == 2);
    kernel_find("clamp", CT_FLOAT32)(N, out, (const void *[]){y, x, (float[]){5}},
                                     (int64_t[]){0, 1, 0});
    CHECK(out[0] == 2 && out[4] == 4 && out[N - 1] == 5);
    convert(CT_FLOAT32, CT_BFLOAT16, N, half, x);
    kernel_find("lt", CT_BFLOAT16)(N, less, (const void *[]){half, two}, (int64_t[]){1, 0});
    CHECK(less[0] && less[1] && !less[2] && !less[N - 1]);
}

TEST(narrow_formats_saturate_and_wrap)
{
    const float f[] = {1.3f, 1000, -1000, NAN, -3.7f, 7.5f};
    int8_t i4[6], wrapped[3];
    uint8_t u4[6], f8[6];
    float back[6];
    convert(CT_FLOAT32, CT_INT4, 6, i4, f);
    convert(CT_FLOAT32, CT_UINT4, 6, u4, f);
    convert(CT_INT32, CT_INT4, 3, wrapped, (int32_t[]){9, -9, 17});
    CHECK(i4[0] == 1 && i4[1] == 7 && i4[2] == -8 && i4[3] == 0 && i4[4] == -3);
    CHECK(u4[1] == 15 && u4[2] == 0 && wrapped[0] == -7 && wrapped[1] == 7 && wrapped[2] == 1);
    convert(CT_FLOAT32, CT_FLOAT8_E4M3FN, 6, f8, f);
    convert(CT_FLOAT8_E4M3FN, CT_FLOAT32, 6, back, f8);
    CHECK(back[0] == 1.25f && isnan(back[1]) && isnan(back[3]) && back[4] == -3.75f &&
          back[5] == 7.5f);
}
