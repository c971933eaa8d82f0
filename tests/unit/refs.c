/* Mutable arrays from C, alone and transformed. */
#include <cotan.h>

#include "array/array.h"
#include "test.h"

static bool holds(ct_array a, const double *want)
{
    for (int i = 0; i < 3; i++)
        if (is_poison(a) || a->size != 3 || array_get_double(a, i) != want[i])
            return false;
    return true;
}

TEST(reading_and_writing)
{
    ct_array r = ct_new_ref(ct_array_f32(I(3), 0, 1, 2));
    ct_ref_set(r, 0, 5.0);
    ct_ref_add_(r, REF_ALL, ct_ones(I(3)));
    CHECK_NEAR(ct_float(ct_ref_get(r, -1)), 3, 0);
    CHECK_NEAR(ct_float(ct_ref_swap(r, 1, 9.0)), 2, 0);
    CHECK(holds(ct_freeze(r), (double[]){6, 9, 3}));
    CHECK_FAILS(ct_ref_get(r, 3), CT_VALUE_ERROR, "Out of bound indexer: idx=3, dim=3");
    CHECK_FAILS(ct_ref_set(r, 0, 1), CT_VALUE_ERROR, "Invalid dtype");
    CHECK_FAILS(ct_ref_set_(r, REF_ALL, ct_ones(I(2))), CT_VALUE_ERROR, "Expected: float32[3]");
    CHECK_FAILS(ct_sin(r), CT_TYPE_ERROR, "mutable array reference");
    CHECK_FAILS(ct_ref_get(ct_ones(I(3)), 0), CT_TYPE_ERROR, "not an array");
    CHECK(holds(ct_freeze(r), (double[]){6, 9, 3}));
}

static ct_array step(ct_array r, ct_array v)
{
    ct_ref_set(r, 0, v);
    ct_ref_add(r, 1, v);
    return ct_sum(ct_ref_get_(r, REF_ALL));
}

TEST(programs_write_to_their_arguments)
{
    ct_array r = ct_new_ref(ct_array_f32(I(3), 0, 1, 2));
    ct_fn f = ct_jit(step);
    CHECK_NEAR(ct_float(ct_call(f, r, 7.0)), 17, 0);
    CHECK_NEAR(ct_float(ct_call(f, r, 1.0)), 12, 0);
    CHECK(holds(ct_freeze(r), (double[]){1, 9, 2}));
}

static ct_tree count(ct_tree i, ct_array r)
{
    ct_ref_add(r, i, 2.0);
    return r;
}
static ct_array looped;
static ct_tree add_two(ct_array i, ct_tree carry)
{
    count(i, looped);
    return carry;
}
static ct_array fill(ct_array v)
{
    looped = ct_new_ref(ct_mul(ct_ones(I(3)), v));
    ct_call(ct_fori_loop(add_two), 0, 3, 0);
    ct_array s = ct_ref_get_(looped, REF_ALL);
    return ct_sum(ct_mul(s, s));
}

TEST(loops_and_derivatives)
{
    CHECK_NEAR(ct_float(ct_call(fill, 1.0)), 27, 0);
    CHECK_NEAR(ct_float(ct_call(ct_jit(fill), 1.0)), 27, 0);
    CHECK_NEAR(ct_float(ct_call(ct_grad(fill), 1.0)), 18, 0);
    CHECK_NEAR(ct_float(ct_call(ct_jit(ct_grad(ct_jit(fill))), 1.0)), 18, 0);
    ct_array each = ct_call(ct_vmap(ct_grad(fill)), ct_array_f32(I(3), 0, 1, 2));
    CHECK(holds(each, (double[]){12, 18, 24}));
}
