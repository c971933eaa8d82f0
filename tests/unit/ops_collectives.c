/* Collectives inside a vmap with an axis name, and their derivatives. */
#include "test.h"

#include "ops/rules.h"
#include "transform/transform.h"

typedef ct_array body(ct_array x);

static bool run_body(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    (void)nin;
    *out = (leaves){1, base_alloc(sizeof *out->at)};
    return out->at && ops_good(out->at[0] = (*(body *const *)env)(in[0]));
}

/* f over the rows of x, which call the axis i. */
static ct_array map_rows(body *f, ct_array x)
{
    leaves out = {0};
    int dim = 0;
    bool good =
        !is_poison(x) && transform_vmap((flat){run_body, &f, "f"}, (batch){x->aval.shape[0], "i"},
                                        1, &x, &dim, NULL, NULL, &out);
    ct_array result = good ? out.at[0] : array_poison;
    base_free(out.at);
    return result;
}

static ct_array count(ct_ints shape)
{
    int64_t n = shape_size(shape.n, shape.at);
    return op_reshape(op_iota(CT_FLOAT32, I(n), 0), shape);
}

static void check_values(ct_array got, ct_ints shape, const double *want)
{
    if (!CHECK(!is_poison(got)) || !CHECK(ints_equal(aval_shape(&got->aval), shape)))
        return;
    for (int64_t i = 0; i < got->size; i++)
        CHECK_NEAR(array_get_double(got, i), want[i], 0);
}
#define VALUES(got, shape, ...) check_values(got, shape, (const double[]){__VA_ARGS__})

static ct_array sum(ct_array x) { return op_psum(x, "i"); }
static ct_array less_mean(ct_array x)
{
    return op_sub(x, op_div(op_psum(x, "i"), op_psum(op_number(1, x), "i")));
}
static ct_array largest(ct_array x) { return op_pmax(x, "i"); }
static ct_array smallest(ct_array x) { return op_pmin(x, "i"); }
static ct_array index_of(ct_array x)
{
    return op_add(x, op_convert(op_axis_index("i"), CT_FLOAT32, false));
}
static ct_array gathered(ct_array x) { return op_all_gather(x, "i", 1, false); }
static ct_array tiled(ct_array x) { return op_all_gather(x, "i", 0, true); }
static ct_array shifted(ct_array x) { return op_ppermute(x, "i", I(0, 1, 1, 2)); }
static ct_array exchanged(ct_array x) { return op_all_to_all(x, "i", 0, 0, false); }

TEST(sums_and_extremes)
{
    ct_array x = count(I(3, 2));
    VALUES(map_rows(sum, x), I(3, 2), 6, 9, 6, 9, 6, 9);
    VALUES(map_rows(less_mean, x), I(3, 2), -2, -2, 0, 0, 2, 2);
    VALUES(map_rows(largest, x), I(3, 2), 4, 5, 4, 5, 4, 5);
    VALUES(map_rows(smallest, x), I(3, 2), 0, 1, 0, 1, 0, 1);
}

TEST(exchanges)
{
    ct_array x = count(I(3, 2));
    VALUES(map_rows(index_of, x), I(3, 2), 0, 1, 3, 4, 6, 7);
    VALUES(map_rows(gathered, x), I(3, 2, 3), 0, 2, 4, 1, 3, 5, 0, 2, 4, 1, 3, 5, 0, 2, 4, 1, 3, 5);
    VALUES(map_rows(tiled, x), I(3, 6), 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5);
    VALUES(map_rows(shifted, x), I(3, 2), 0, 0, 0, 1, 2, 3);
    VALUES(map_rows(exchanged, count(I(2, 2))), I(2, 2), 0, 2, 1, 3);
}

/* The pullback of one cotangent of ones, inside the map. */
static ct_array pull_back(body *f, ct_array x)
{
    leaves out = {0}, cts = {0};
    linear_map *m = NULL;
    ct_array result = array_poison;
    if (transform_linearize((flat){run_body, &f, "f"}, 1, &x, &out, &m)) {
        ct_array ones = op_full_like(out.at[0], 1);
        if (!is_poison(ones) && linear_transpose(m, 1, &ones, &cts))
            result = cts.at[0];
    }
    object_release(m);
    base_free(out.at);
    base_free(cts.at);
    return result;
}
static ct_array pull_sum(ct_array x) { return pull_back(sum, x); }
static ct_array pull_gathered(ct_array x) { return pull_back(gathered, x); }
static ct_array pull_tiled(ct_array x) { return pull_back(tiled, x); }
static ct_array pull_shifted(ct_array x) { return pull_back(shifted, x); }

TEST(pullbacks)
{
    ct_array x = count(I(3, 2));
    VALUES(map_rows(pull_sum, x), I(3, 2), 3, 3, 3, 3, 3, 3);
    VALUES(map_rows(pull_gathered, x), I(3, 2), 3, 3, 3, 3, 3, 3);
    VALUES(map_rows(pull_tiled, x), I(3, 2), 3, 3, 3, 3, 3, 3);
    VALUES(map_rows(pull_shifted, x), I(3, 2), 1, 1, 1, 1, 0, 0);
}
