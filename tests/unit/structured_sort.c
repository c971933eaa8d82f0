/* sort and top_k: order, stability and passengers; derivatives and batching by the laws. */
#include "op_laws.h"

static int64_t dimension;
static ct_array sort_one(const ct_array *in)
{
    ct_array out;
    op_sort(1, in, dimension, true, 1, &out);
    return out;
}
static ct_array sort_passenger(const ct_array *in)
{
    ct_array out[2];
    op_sort(2, in, dimension, true, 1, out);
    return op_mul(out[0], out[1]);
}
static ct_array largest(const ct_array *in)
{
    ct_array out[2];
    op_top_k(in[0], 2, dimension, out);
    return out[0];
}
static ct_array approximately(const ct_array *in)
{
    params_approx_top_k p = {.aggregate_to_topk = true,
                             .k = 2,
                             .recall_target = 1,
                             .reduction_dimension = dimension,
                             .reduction_input_size_override = -1};
    ct_array out[2];
    op_approx_top_k(in[0], &p, out);
    return out[0];
}
static ct_array make(int i)
{
    (void)i;
    return law_array(CT_FLOAT64, I(3, 4, 2));
}

TEST(sorted)
{
    for (dimension = 0; dimension < 3; dimension++) {
        ct_array x = make(0), y = sort_one(&x), before = op_reduce_sum(x, I(dimension)),
                 after = op_reduce_sum(y, I(dimension));
        if (!CHECK(is_array(y) && is_array(before) && is_array(after)))
            return;
        int64_t stride = dimension == 0 ? 8 : dimension == 1 ? 2 : 1;
        for (int64_t i = 0; i < y->size; i++)
            if (i / stride % x->aval.shape[dimension])
                CHECK(array_get_double(y, i - stride) <= array_get_double(y, i));
        for (int64_t i = 0; i < before->size; i++)
            CHECK_NEAR(array_get_double(after, i), array_get_double(before, i), 1e-12);
    }
}

TEST(keys_and_passengers)
{
    ct_array in[] = {ct_array_i32(I(5), 2, 1, 2, 1, 2), ct_array_f32(I(5), 5, 4, 3, 2, 1),
                     ct_array_i32(I(5), 0, 1, 2, 3, 4)},
             out[3];
    op_sort(3, in, 0, true, 1, out);
    for (int i = 0; i < 5 && is_array(out[2]); i++)
        CHECK_INT(array_get_int(out[2], i), ((int[]){1, 3, 0, 2, 4})[i]);
    op_sort(3, in, 0, true, 2, out);
    for (int i = 0; i < 5 && is_array(out[2]); i++)
        CHECK_INT(array_get_int(out[2], i), ((int[]){3, 1, 4, 2, 0})[i]);
    ct_array odd = ct_array_f32(I(4), NAN, 1, -INFINITY, 0), y;
    op_sort(1, &odd, 0, true, 1, &y);
    if (is_array(y))
        CHECK(isnan(array_get_double(y, 3)) && array_get_double(y, 0) == -INFINITY);
}

TEST(top)
{
    ct_array out[2];
    op_top_k(ct_array_f32(I(5), NAN, 1, -0.0f, 0, INFINITY), 5, 0, out);
    for (int i = 0; i < 5 && is_array(out[1]); i++)
        CHECK_INT(array_get_int(out[1], i), ((int[]){0, 4, 1, 3, 2})[i]);
    op_top_k(ct_array_i32(I(3, 2), 1, 6, 5, 2, 3, 4), 2, 0, out);
    if (is_array(out[0]))
        CHECK(array_get_int(out[0], 0) == 5 && array_get_int(out[0], 1) == 6 &&
              array_get_int(out[0], 2) == 3 && array_get_int(out[1], 3) == 2);
}

static params_approx_top_k approximate = {
    .is_max_k = true, .k = 2, .recall_target = 0.95, .reduction_input_size_override = -1};

static int64_t columns(ct_array x) { return is_poison(x) ? -1 : x->aval.shape[x->aval.ndim - 1]; }

TEST(top_approximately)
{
    approximate.aggregate_to_topk = false;
    approximate.is_max_k = true;
    ct_array out[2], x = op_full(&(aval){CT_FLOAT32, false, 2, (int64_t[]){3, 1000}}, 0);
    approximate.reduction_dimension = -1;
    op_approx_top_k(x, &approximate, out); /* as many as the bins of its tiles */
    CHECK_INT(columns(out[0]), 256);
    approximate.aggregate_to_topk = true;
    op_approx_top_k(x, &approximate, out);
    CHECK_INT(columns(out[0]), 2);
    approximate.is_max_k = false;
    op_approx_top_k(ct_array_f32(I(4), 3, -1, 5, 2), &approximate, out);
    CHECK_INT(array_get_int(out[1], 0), 1);
    CHECK_INT(array_get_int(out[1], 1), 3);
    CHECK_FAILS(op_approx_top_k(ct_array_i32(I(2), 1, 2), &approximate, out), CT_VALUE_ERROR,
                "floating");
}

TEST(laws_hold)
{
    for (dimension = 0; dimension < 3; dimension++) {
        laws("sort", sort_one, 1, make);
        laws("sort with a passenger", sort_passenger, 2, make);
        laws("top_k", largest, 1, make);
        laws("approx_top_k", approximately, 1, make);
    }
}

TEST(messages)
{
    ct_array x = law_array(CT_FLOAT32, I(3, 4)), out[2],
             two[] = {x, law_array(CT_FLOAT32, I(2, 4))};
    CHECK_FAILS(op_top_k(x, 5, 1, out), CT_VALUE_ERROR, "no larger than size along axis; got k=5");
    CHECK_FAILS(op_top_k(x, -1, 1, out), CT_VALUE_ERROR, "nonnegative, got -1");
    CHECK_FAILS(op_sort(2, two, 0, true, 1, out), CT_TYPE_ERROR,
                "equal shapes, got: (3, 4) (2, 4)");
    CHECK_FAILS(op_sort(1, &x, 0, true, 3, out), CT_VALUE_ERROR,
                "must be between 1 and len(operand)=1");
    CHECK_FAILS(op_sort(1, &x, 3, true, 1, out), CT_VALUE_ERROR, "axis 3 is out of bounds");
}
