/* Element types against what JAX records: promotion of every pair, and the narrow floats
 * (record_dtypes.py). */
#include "array/array.h"
#include "test.h"

static FILE *open_recorded(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%.*s/recorded/%s", (int)(strrchr(__FILE__, '/') - __FILE__),
             __FILE__, name);
    FILE *file = fopen(path, "r");
    CHECK(file);
    return file;
}

static void check_promotion(bool x64, ct_dtype a, bool a_weak, ct_dtype b, bool b_weak,
                            const char *want)
{
    bool weak;
    array_x64 = x64;
    ct_dtype got = dtype_promote(dtype_canonical(a), a_weak, dtype_canonical(b), b_weak, &weak);
    array_x64 = false;
    char name[40];
    snprintf(name, sizeof name, "%s%s", got ? ct_dtype_name(got) : "-", weak ? "*" : "");
    if (strcmp(name, want))
        TEST_FAILED("x64=%d: %s%s with %s%s is %s, not %s", x64, ct_dtype_name(a),
                    a_weak ? "*" : "", ct_dtype_name(b), b_weak ? "*" : "", name, want);
}

TEST(promotion_is_that_of_jax)
{
    FILE *file = open_recorded("promotion.txt");
    char name[40];
    int x64, weak, pairs = 0;
    while (file && fscanf(file, "%d %39s %d", &x64, name, &weak) == 3) {
        ct_dtype a = ct_dtype_named(name);
        for (int i = 0; i < 2 * CT_COMPLEX128; i++, pairs++)
            if (CHECK(fscanf(file, "%39s", name) == 1))
                check_promotion(x64, a, weak, (ct_dtype)(CT_BOOL + i / 2), i % 2, name);
    }
    CHECK_INT(pairs, 2 * 4 * CT_COMPLEX128 * CT_COMPLEX128);
    if (file)
        fclose(file);
}

TEST(keys_promote_with_themselves_only)
{
    bool weak;
    CHECK_INT(dtype_promote(CT_KEY_THREEFRY, false, CT_KEY_THREEFRY, false, &weak),
              CT_KEY_THREEFRY);
    CHECK_INT(dtype_promote(CT_KEY_THREEFRY, false, CT_INT32, false, &weak), CT_NO_DTYPE);
    CHECK_INT(dtype_promote(CT_FLOAT0, false, CT_BOOL, false, &weak), CT_NO_DTYPE);
}

static void check_decoded(ct_dtype d, unsigned bits, double want)
{
    uint16_t word = (uint16_t)bits;
    double got = dtype_decode(d, &word);
    if (!(got == want && signbit(got) == signbit(want)) && !(isnan(got) && isnan(want)))
        TEST_FAILED("%s bits %u decode to %g, not %g", ct_dtype_name(d), bits, got, want);
}

static void check_encoded(ct_dtype d, double value, unsigned want)
{
    uint16_t word = 0;
    dtype_encode(d, &word, value);
    if (word != want)
        TEST_FAILED("%s: %g encodes to %u, not %u", ct_dtype_name(d), value, word, want);
}

TEST(narrow_floats_are_those_of_jax)
{
    FILE *file = open_recorded("narrow.txt");
    char way[10], name[40], first[40], second[40];
    int lines = 0;
    for (; file && fscanf(file, "%9s %39s %39s %39s", way, name, first, second) == 4; lines++)
        if (way[0] == 'd')
            check_decoded(ct_dtype_named(name), (unsigned)atoi(first), atof(second));
        else
            check_encoded(ct_dtype_named(name), atof(first), (unsigned)atoi(second));
    CHECK(lines > 2000);
    if (file)
        fclose(file);
}

TEST(relatives)
{
    CHECK_INT(dtype_to_inexact(CT_INT32), CT_FLOAT32);
    CHECK_INT(dtype_to_inexact(CT_BOOL), CT_FLOAT32);
    CHECK_INT(dtype_to_inexact(CT_BFLOAT16), CT_BFLOAT16);
    CHECK_INT(dtype_real_part(CT_COMPLEX64), CT_FLOAT32);
    CHECK_INT(dtype_canonical(CT_INT64), CT_INT32);
    CHECK_INT(dtype_tangent(CT_INT32), CT_FLOAT0);
    CHECK_INT(ct_dtype_named("bf16"), CT_BFLOAT16);
    CHECK_INT(ct_dtype_named("key<fry>"), CT_KEY_THREEFRY);
    CHECK_INT(ct_dtype_named("nothing"), CT_NO_DTYPE);
    CHECK_INT(ct_itemsize(CT_INT4), 1);
}
