/* Every loop gives the same bits whichever instruction set it was built for: results must not
 * depend on the machine's vector width. */
#include "cotan/array.h"
#include "kernel/loops.h"
#include "test.h"

#if defined(__x86_64__)
enum { N = 517 }; /* no multiple of any vector */
static char operands[3][16 * N], first[16 * N], second[16 * N];

/* Bytes that make numbers of all sizes, and small integers and special floats among them. */
static void fill_operands(ct_dtype dtype, bool selects)
{
    static const float values[] = {0,        -0.0f,     1,   -1,    0.5f, 2,     -3,         1e-40f,
                                   INFINITY, -INFINITY, NAN, 88.5f, -104, 1e30f, 0.9999999f, 100};
    uint64_t state = 12345;
    for (int k = 0; k < 3; k++) {
        float x[2 * N];
        for (int i = 0; i < 2 * N; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            float random = (float)(int32_t)(state >> 32) / (float)(1u << (state >> 27 & 31));
            x[i] = i % 5 == 0 ? values[state >> 40 & 15] : random;
        }
        int64_t n = dtype == CT_COMPLEX64 || dtype == CT_COMPLEX128 ? 2 * N : N;
        ct_dtype part = dtype == CT_COMPLEX64    ? CT_FLOAT32
                        : dtype == CT_COMPLEX128 ? CT_FLOAT64
                                                 : dtype;
        kernel_convert(CT_FLOAT32, selects && k == 0 ? CT_BOOL : part)(
            n, operands[k], (const void *[]){x}, (int64_t[]){1});
    }
}

static void compare(const kernel_entry *a, const kernel_entry *b)
{
    bool selects = !strcmp(a->primitive, "select_n");
    CHECK(a->dtype == b->dtype && !strcmp(a->primitive, b->primitive));
    fill_operands(a->dtype, selects);
    const void *in[] = {operands[0], operands[1], operands[2]};
    for (int pattern = 7; pattern >= 5; pattern--) {
        int64_t step[] = {pattern & 1, pattern >> 1 & 1, pattern >> 2};
        memset(first, 0, sizeof first);
        memset(second, 0, sizeof second);
        a->map(N, first, in, step);
        b->map(N, second, in, step);
        size_t at = 0;
        while (at < sizeof first && first[at] == second[at])
            at++;
        if (at < sizeof first)
            TEST_FAILED("%s of %s differs at byte %zu, steps %d", a->primitive,
                        ct_dtype_name(a->dtype), at, pattern);
    }
}

TEST(loops_agree_between_instruction_sets)
{
    if (kernel_chosen() != &kernel_set_v4)
        return;
    for (size_t i = 0; i < countof(kernel_set_v3.entries) && kernel_set_v3.entries[i]; i++) {
        kernel_entries a = kernel_set_v3.entries[i](), b = kernel_set_v4.entries[i]();
        CHECK_INT(a.n, b.n);
        for (int64_t j = 0; j < a.n && j < b.n; j++)
            compare(&a.at[j], &b.at[j]);
    }
}

TEST(conversions_agree_between_instruction_sets)
{
    if (kernel_chosen() != &kernel_set_v4)
        return;
    for (int from = CT_BOOL; from <= CT_COMPLEX128; from++)
        for (int to = CT_BOOL; to <= CT_COMPLEX128; to++) {
            kernel_map *a = kernel_set_v3.convert((ct_dtype)from, (ct_dtype)to),
                       *b = kernel_set_v4.convert((ct_dtype)from, (ct_dtype)to);
            if (!a || !b || !kernel_convert(CT_FLOAT32, (ct_dtype)from))
                continue;
            compare(&(kernel_entry){"convert", (ct_dtype)from, a},
                    &(kernel_entry){"convert", (ct_dtype)from, b});
        }
}

TEST(sums_agree_between_instruction_sets)
{
    if (kernel_chosen() != &kernel_set_v4)
        return;
    static float x[30000], a[300], b[300];
    for (int i = 0; i < 30000; i++)
        x[i] = sinf((float)i);
    static const int64_t shapes[][3] = {
        {1, 30000, 1}, {100, 300, 1}, {1, 100, 300}, {10, 1000, 3}, {1, 10000, 3}};
    for (size_t s = 0; s < countof(shapes); s++) {
        const int64_t *d = shapes[s];
        kernel_set_v3.reduce("reduce_sum", CT_FLOAT32)(d[0], d[1], d[2], a, x);
        kernel_set_v4.reduce("reduce_sum", CT_FLOAT32)(d[0], d[1], d[2], b, x);
        CHECK(!memcmp(a, b, (size_t)(d[0] * d[2]) * 4));
    }
}
#endif
