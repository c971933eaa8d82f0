/* Printed arrays and numbers against recorded ones (record_printing.py), and how trees and shapes
 * print. */
#include "array/array.h"
#include "test.h"

static FILE *file;
static char *line;
static size_t room;

static bool read_line(void)
{
    ssize_t n = getline(&line, &room, file);
    if (n > 0 && line[n - 1] == '\n')
        line[n - 1] = 0;
    return n > 0;
}

static ct_array from_hex(ct_dtype dtype, bool weak, int ndim, const int64_t *shape, const char *hex)
{
    ct_array a = array_new(dtype, weak, ndim, shape);
    unsigned char *data = a->data;
    for (unsigned byte; data && sscanf(hex, "%2x", &byte) == 1; hex += 2)
        *data++ = (unsigned char)byte;
    return a;
}

/* "array DTYPE WEAK NDIM SIZES... HEX" */
static ct_array parse_array(const char *s)
{
    char name[40];
    int weak, ndim, used;
    int64_t shape[8];
    sscanf(s, "array %39s %d %d%n", name, &weak, &ndim, &used);
    for (int i = 0, more; i < ndim; i++, used += more) {
        long long size;
        sscanf(s + used, "%lld%n", &size, &more);
        shape[i] = size;
    }
    return from_hex(ct_dtype_named(name), weak, ndim, shape, s + used + 1);
}

static void check_block(ct_array a, bool repr, const char *head)
{
    int lines = 0;
    text want = {0};
    CHECK(read_line() && sscanf(line + strlen(head), "%d", &lines) == 1);
    for (int i = 0; i < lines; i++) {
        if (CHECK(read_line()))
            text_add(&want, i ? "\n%s" : "%s", line);
    }
    char *w = text_end(&want), *got = ct_format(a, repr);
    CHECK_TEXT(got, w ? w : "");
    base_free(w);
    free(got);
}

static void check_number(const char *s)
{
    char name[40], hex[40];
    int used;
    if (!CHECK(sscanf(s, "number %39s %39s %n", name, hex, &used) == 2))
        return;
    char *got = ct_format(from_hex(ct_dtype_named(name), false, 0, NULL, hex), false);
    CHECK_TEXT(got, s + used);
    free(got);
}

TEST(arrays_and_numbers_print_as_recorded)
{
    char path[4096];
    snprintf(path, sizeof path, "%.*s/recorded/printing.txt",
             (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
    file = fopen(path, "r");
    int cases = 0;
    for (; CHECK(file) && read_line(); cases++) {
        ct_scope scope = ct_begin();
        if (line[0] == 'n')
            check_number(line);
        else {
            ct_array a = parse_array(line);
            check_block(a, false, "str");
            check_block(a, true, "repr");
        }
        ct_end(scope);
    }
    CHECK(cases > 500);
    if (file)
        fclose(file);
    free(line);
    line = NULL;
}

static void check_format(ct_tree value, bool repr, const char *want)
{
    char *got = ct_format(value, repr);
    CHECK_TEXT(got, want);
    free(got);
}

TEST(trees_print_as_python_containers)
{
    ct_tree t =
        ct_dict("b", ct_tuple(ct_f32(1)), "a", ct_list(ct_array_f32(I(2), 1, 1), ct_none()));
    check_format(t, false,
                 "{'a': [Array([1., 1.], dtype=float32), None], 'b': (Array(1., dtype=float32),)}");
    text types = {0};
    tree_text(&types, t, true);
    char *s = text_end(&types);
    CHECK_TEXT(s, "{'a': [float32[2], None], 'b': (float32[],)}");
    base_free(s);
}

TEST(keys_print_their_words)
{
    ct_array key = ct_from_data(CT_KEY_THREEFRY, I_NONE, (const uint32_t[]){0, 42});
    check_format(key, true, "Array((), dtype=key<fry>) overlaying:\n[ 0 42]");
    ct_array two = ct_from_data(CT_KEY_THREEFRY, I(2),
                                (const uint32_t[]){1832780943, 270669613, 64467757, 2916123636});
    check_format(two, false,
                 "Array((2,), dtype=key<fry>) overlaying:\n[[1832780943  270669613]\n [  64467757 "
                 "2916123636]]");
}

TEST(float0_prints_as_in_numpy)
{
    check_format(ct_from_data(CT_FLOAT0, I(3), NULL), true,
                 "array([(b'',), (b'',), (b'',)], dtype=[('float0', 'V')])");
    check_format(ct_from_data(CT_FLOAT0, I(2, 1), NULL), false, "[[(b'',)]\n [(b'',)]]");
}
