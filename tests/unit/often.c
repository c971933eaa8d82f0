/* Functions of several operations that are called again and again: compiled, and to the last bit
 * what they were before. */
#include <cotan.h>

#include "core/core.h"
#include "test.h"
#include "transform/transform.h"

enum { CALLS = 12 };

static ct_array samples(double scale)
{
    ct_array x = ct_sub(ct_mul(ct_arange(37), 0.2), 3.0);
    return ct_multiply(ct_sin(x), scale);
}

static bool same_bits(ct_array a, ct_array b)
{
    return !is_poison(a) && !is_poison(b) && aval_equal(&a->aval, &b->aval, true) &&
           !memcmp(a->data, b->data, (size_t)a->size * ct_itemsize((ct_dtype)a->aval.dtype));
}

/* The last of many calls; *bound: how many operations it was. All give the same bits. */
static ct_array repeat(ct_array (*f)(ct_array, ct_array), ct_array x, ct_array y, uint64_t *bound)
{
    ct_array first = f(x, y), last = first;
    for (int i = 0; i < CALLS; i++) {
        uint64_t before = core_bound;
        last = f(x, y);
        *bound = core_bound - before;
        CHECK(same_bits(first, last));
    }
    return last;
}

static ct_array hypotenuse(ct_array x, ct_array y) { return ct_hypot(x, y); }
static ct_array quotient(ct_array x, ct_array y) { return ct_floor_divide(x, y); }
static ct_array deviation(ct_array x, ct_array y) { return ct_add(ct_std(x), ct_std(y)); }

TEST(what_is_called_often_is_compiled)
{
    setenv("COTAN_COMPILE_AFTER", "9", 1);
    uint64_t bound = 0;
    repeat(hypotenuse, samples(1), samples(2), &bound);
    CHECK_INT(bound, 0);
    repeat(quotient, samples(3), samples(-1), &bound);
    CHECK_INT(bound, 0);
    /* other types are counted by themselves */
    repeat(quotient, ct_asarray(samples(9), .dtype = CT_INT32), ct_array_i32(I(1), 3), &bound);
    CHECK_INT(bound, 0);
}

TEST(sums_keep_their_order)
{
    uint64_t bound = 0;
    ct_array x = ct_sin(ct_arange(1000.0)), y = ct_cos(ct_arange(3000.0));
    repeat(deviation, x, y, &bound);
    CHECK_INT(bound, 1); /* the sum of the two */
}

static ct_array exponential(ct_array x, ct_array y) { return ct_scipy_linalg_expm(ct_outer(x, y)); }

TEST(products_in_loops_run_as_ever)
{
    uint64_t bound = 0;
    repeat(exponential, ct_arange(3.0), ct_sin(ct_arange(3.0)), &bound);
    CHECK(bound > 5);
}

TEST(what_tracing_depends_on_counts)
{
    uint64_t bound = 0;
    ct_array x = samples(1), y = samples(2);
    repeat(hypotenuse, x, y, &bound);
    CHECK_INT(bound, 0);
    ct_clear_caches();
    uint64_t before = core_bound;
    hypotenuse(x, y);
    CHECK(core_bound > before + 2);
    transform_disable_jit = true;
    repeat(hypotenuse, x, y, &bound);
    transform_disable_jit = false;
    CHECK(bound > 2);
}

TEST(failures_stay)
{
    ct_array x = samples(1), gone = samples(2);
    uint64_t bound = 0;
    repeat(hypotenuse, x, samples(3), &bound);
    (ct_delete)(gone);
    CHECK_FAILS(hypotenuse(x, gone), CT_RUNTIME_ERROR, "deleted");
    CHECK_FAILS(hypotenuse(x, ct_zeros(I(3))), CT_TYPE_ERROR, "");
    ct_clear_error();
}
