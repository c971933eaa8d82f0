/* Arrays without transformations: values, buffers, element types, trees. */
#include "array/array.h"
#include "test.h"

TEST(arrays_hold_what_they_are_given)
{
    ct_array a = ct_array_f32(I(2, 3), 1, 2, 3, 4, 5, 6.5f);
    CHECK_INT(ct_dtype_of(a), CT_FLOAT32);
    CHECK_INT(ct_ndim(a), 2);
    CHECK_INT(ct_dim(a, -1), 3);
    CHECK_INT(ct_size(a), 6);
    CHECK_NEAR(array_get_double(a, 5), 6.5, 0);
    const void *data;
    CHECK(ct_data(a, &data) && (uintptr_t)data % 64 == 0);
    ct_array v = array_view(a, CT_INT32, false, 1, (int64_t[]){6});
    CHECK_INT(array_get_int(v, 0), 0x3f800000);
    CHECK(v->buffer == a->buffer);
    CHECK_INT(ct_size(ct_from_data(CT_FLOAT32, I(0, INT64_MAX, 7), NULL)), 0);
    CHECK_FAILS(array_new(CT_FLOAT32, false, 1, (int64_t[]){-1}), CT_VALUE_ERROR, "float32[-1]");
    CHECK_FAILS(array_new(CT_FLOAT32, false, 2, (int64_t[]){INT64_MAX, 3}), CT_VALUE_ERROR,
                "too large");
    CHECK_FAILS(array_new(CT_FLOAT32, false, 1, (int64_t[]){INT64_MAX / 8}), CT_OUT_OF_MEMORY_ERROR,
                "bytes");
}

TEST(scalars)
{
    CHECK_NEAR(ct_float(ct_f32(0.1)), 0.1f, 0);
    CHECK_INT(ct_dtype_of(ct_f64(1)), CT_FLOAT32);
    array_x64 = true;
    CHECK_NEAR(ct_float(ct_f64(0.1)), 0.1, 0);
    CHECK_INT(ct_int(ct_weak_int(1ll << 40)), 1ll << 40);
    array_x64 = false;
    CHECK_FAILS(ct_weak_int(1ll << 40), CT_OVERFLOW_ERROR, "1099511627776");
    CHECK(ct_weak_type(ct_weak_float(1)) && !ct_weak_type(ct_weak_bool(true)) &&
          ct_bool(ct_weak_bool(true)));
    CHECK_INT(array_get_int(array_scalar_int(CT_UINT64, false, -1), 0), -1);
    CHECK_INT(ct_int(array_scalar(CT_INT4, false, -3)), -3);
    CHECK_FAILS(ct_float(ct_array_f32(I(2), 1, 2)), CT_TYPE_ERROR, "float32[2]");
}

TEST(buffers_are_reused)
{
    for (size_t bytes = 1; bytes < 50 << 20; bytes = bytes * 5 / 3 + 1) {
        char *first = array_memory(bytes);
        if (!CHECK(first))
            return;
        first[0] = first[bytes - 1] = 1;
        CHECK((uintptr_t)first % 64 == 0);
        array_memory_free(first, bytes);
        char *second = array_memory(bytes);
        CHECK(second == first || !array_keeps_blocks);
        array_memory_free(second, bytes);
    }
}

static int borrowed;
static void give_back(void *context) { borrowed += *(int *)context; }

TEST(borrowed_data_are_given_back_once)
{
    static float data[4] = {1, 2, 3, 4};
    static int one = 1;
    borrowed = 0;
    ct_scope s = ct_begin();
    ct_array a = ct_borrow_data(CT_FLOAT32, I(4), data, give_back, &one);
    ct_array v = ct_retain(array_view(a, CT_FLOAT32, false, 2, (int64_t[]){2, 2}));
    ct_end(s);
    CHECK_INT(borrowed, 0);
    CHECK_NEAR(array_get_double(v, 3), 4, 0);
    ct_release(v);
    CHECK_INT(borrowed, 1);
    CHECK_FAILS(ct_borrow_data(CT_FLOAT32, I(-1), data, give_back, &one), CT_VALUE_ERROR,
                "negative");
    CHECK_INT(borrowed, 2);
}

static void check_def(ct_tree t, const char *want)
{
    text out = {0};
    treedef_text(&out, tree_def(t));
    char *s = text_end(&out);
    CHECK_TEXT(s, want);
    base_free(s);
}

static void check_path(ct_tree t, int64_t leaf, const char *want)
{
    text out = {0};
    treedef_path(&out, tree_def(t), leaf);
    char *s = text_end(&out);
    CHECK_TEXT(s, want);
    base_free(s);
}

TEST(trees)
{
    ct_tree t =
        ct_dict("b", ct_tuple(ct_i32(1), ct_i32(2)), "a",
                ct_list(ct_i32(3), ct_none(), ct_tuple_(0, NULL)), "c", ct_tuple(ct_i32(4)));
    check_def(t, "PyTreeDef({'a': [*, None, ()], 'b': (*, *), 'c': (*,)})");
    CHECK_INT(ct_leaf_count(t), 4);
    CHECK_INT(ct_len(t), 3);
    CHECK_INT(ct_int(ct_leaf(t, 0)), 3);
    CHECK_INT(ct_int(ct_leaf(t, -1)), 4);
    CHECK_INT(ct_int(ct_at(ct_get(t, "b"), -1)), 2);
    check_def(ct_get(t, "a"), "PyTreeDef([*, None, ()])");
    check_def(ct_at(ct_get(t, "a"), 1), "PyTreeDef(None)");
    check_path(t, 0, "['a'][0]");
    check_path(t, 1, "['b'][0]");
    check_path(t, 2, "['b'][1]");
    check_path(t, 3, "['c'][0]");
    check_path(ct_i32(1), 0, "");
    check_def(ct_i32(1), "PyTreeDef(*)");
    CHECK(treedef_equal(tree_def(t), tree_def(ct_dict("c", ct_tuple(ct_i32(0)), "a", ct_get(t, "a"),
                                                      "b", ct_get(t, "b")))));
    CHECK(!treedef_equal(tree_def(t), tree_def(ct_dict("d", ct_tuple(ct_i32(0)), "a",
                                                       ct_get(t, "a"), "b", ct_get(t, "b")))));
    CHECK_FAILS(ct_get(t, "z"), CT_KEY_ERROR, "the keys are 'a', 'b', 'c'");
    CHECK_FAILS(ct_at(t, 3), CT_INDEX_ERROR, "out of range");
    CHECK_FAILS(ct_dict("a", t, "a", t), CT_KEY_ERROR, "twice");
}

static ct_array next(ct_array a) { return ct_i32(ct_int(a) + 1); }
static ct_array plus(ct_array a, ct_array b) { return ct_i32(ct_int(a) + ct_int(b)); }

TEST(maps_over_trees)
{
    ct_tree t = ct_tuple(ct_i32(1), ct_list(ct_i32(2), ct_none()));
    ct_tree u = ct_map2(plus, ct_map1(next, t), t);
    CHECK_INT(ct_int(ct_leaf(u, 0)), 3);
    CHECK_INT(ct_int(ct_leaf(u, 1)), 5);
    CHECK_INT(ct_int(ct_map1(next, ct_i32(4))), 5);
    CHECK_FAILS(ct_map2(plus, t, ct_i32(1)), CT_VALUE_ERROR,
                "PyTreeDef((*, [*, None])) and PyTreeDef(*)");
}
