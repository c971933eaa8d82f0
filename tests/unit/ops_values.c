/* Values and derivatives at the edges, against recorded ones of JAX: NaN, infinities, ties, zeros,
 * empty reductions, bounds. */
#include "test.h"

#include "ops/rules.h"
#include "transform/transform.h"

static ct_array array_of(ct_dtype dtype, int64_t n, const double *values)
{
    ct_array x = array_new(CT_FLOAT64, false, 1, &n);
    if (!is_poison(x) && n)
        memcpy(x->data, values, (size_t)n * sizeof *values);
    return op_convert(x, dtype, false);
}
#define LIST(...)                                                                                  \
    (int64_t)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)), (const double[])            \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define F(...) array_of(CT_FLOAT32, LIST(__VA_ARGS__))
#define D(...) array_of(CT_INT32, LIST(__VA_ARGS__))
static const double nan_ = NAN, inf = INFINITY;

static void check_values(int line, ct_array got, int64_t n, const double *want)
{
    if (is_poison(got) || got->size != n) {
        TEST_FAILED("line %d: %s", line, is_poison(got) ? ct_error_message() : "another size");
        ct_clear_error();
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        double have = array_get_double(got, i), should = want[i];
        bool same =
            have == should ? signbit(have) == signbit(should) : isnan(have) && isnan(should);
        if (!same && !(fabs(have - should) <= 3e-7 * fabs(should)))
            TEST_FAILED("line %d: element %lld is %.9g, not %.9g", line, (long long)i, have,
                        should);
    }
}
#define VALUES(got, ...) check_values(__LINE__, got, LIST(__VA_ARGS__))

TEST(comparing)
{
    VALUES(op_clamp(F(0, 3, nan_, 1), F(nan_, 2, 1, 5), F(1, 1, 2, 2)), nan_, 1, nan_, 2);
    VALUES(op_max(F(nan_, 1, -0., 2), F(1, nan_, 0, 1)), nan_, nan_, 0, 2);
    VALUES(op_min(F(nan_, 1, -0., 2), F(1, nan_, 0, 1)), nan_, nan_, -0., 1);
    VALUES(op_argmax(F(1, nan_, 3, nan_), 0, CT_INT32), 1);
    VALUES(op_argmin(F(1, nan_, 3, nan_), 0, CT_INT32), 1);
    VALUES(op_argmax(F(2, 5, 5, 1), 0, CT_INT32), 1);
    VALUES(op_sign(F(nan_, -0., 2, -inf)), nan_, -0., 1, -1);
    VALUES(
        op_select_n(D(0, 2, 1, 5, -1), 3,
                    (ct_array[]){F(0, 1, 2, 3, 4), F(10, 11, 12, 13, 14), F(20, 21, 22, 23, 24)}),
        0, 21, 12, 23, 4);
}

TEST(rounding_and_converting)
{
    VALUES(op_reduce_precision(F(1.1, 3.14159, 65520, 1e-6, -2.5, 7e4, inf), 5, 10), 1.099609375,
           3.140625, inf, 0, -2.5, inf, inf);
    VALUES(op_reduce_precision(F(1.1, 3.14159, 1e-6, -2.5), 8, 7), 1.1015625, 3.140625,
           9.98377799987793e-07, -2.5);
    VALUES(op_convert(F(3e9, -3e9, nan_, 2.9, -2.9), CT_INT32, false), 2147483647, -2147483648., 0,
           2, -2);
    VALUES(op_convert(F(300, -1, nan_, 2.9), CT_UINT8, false), 255, 0, 0, 2);
    VALUES(op_round(F(.5, 1.5, -.5, 2.5, -2.5), 1), 0, 2, -0., 2, -2);
    VALUES(op_round(F(.5, 1.5, -.5, 2.5, -2.5), 0), 1, 2, -1, 3, -3);
}

TEST(integers)
{
    VALUES(op_div(D(7, -7, 5, -2147483648.), D(2, 2, 0, -1)), 3, -3, -1, -2147483648.);
    VALUES(op_rem(D(7, -7, 5, -2147483648.), D(2, 2, 0, -1)), 1, -1, 5, 0);
    VALUES(op_mulhi(D(2147483647, -2147483648., 123456789, -9),
                    D(2147483647, 2147483647, 987654321, 7)),
           1073741823, -1073741824, 28389652, -1);
    VALUES(op_mulhi(array_of(CT_UINT32, LIST(4294967196., 7)),
                    array_of(CT_UINT32, LIST(77, 4294967287.))),
           76, 6);
    VALUES(op_mulhi(array_of(CT_INT8, LIST(-100, 100, 7)), array_of(CT_INT8, LIST(77, -5, -9))),
           -31, -2, -1);
    VALUES(op_mulhi(array_of(CT_INT64, LIST(0x1p62, -0x1p63)),
                    array_of(CT_INT64, LIST(0x1p61, 0x1p61))),
           0x1p59, -0x1p60);
    VALUES(op_integer_pow(D(2, -3, 0), 5), 32, -243, 0);
    VALUES(op_integer_pow(F(2, -3, 0, .5), -3), 0.125, -0.03703703731298447, inf, 8);
    VALUES(op_integer_pow(F(2, 0), 0), 1, 1);
}

TEST(places)
{
    ct_array six = op_iota(CT_INT32, I(6), 0);
    VALUES(op_dynamic_slice(six, 1, (ct_array[]){op_number(10, six)}, I(2)), 4, 5);
    VALUES(op_dynamic_slice(six, 1, (ct_array[]){op_number(-1, six)}, I(2)), 0, 1);
    ct_array four = F(1, 2, 3, 4), nine = op_number(9, four);
    VALUES(op_pad(four, nine, I(-1, 2, 1)), 9, 2, 9, 3, 9, 4, 9, 9);
    VALUES(op_pad(four, nine, I(1, -3, 1)), 9, 1, 9, 2, 9);
    VALUES(op_pad(four, nine, I(2, -5, 0)), 9);
    VALUES(op_pad(F(1, 2, 3), nine, I(-2, -1, 2)), 9, 2, 9, 9);
}

TEST(reducing)
{
    int64_t zero = 0;
    ct_array none = array_new(CT_FLOAT32, false, 1, &zero),
             no_ints = array_new(CT_INT32, false, 1, &zero);
    VALUES(op_reduce_sum(none, I(0)), 0);
    VALUES(op_reduce_prod(none, I(0)), 1);
    VALUES(op_reduce_max(none, I(0)), -inf);
    VALUES(op_reduce_min(no_ints, I(0)), 2147483647);
    VALUES(op_reduce_max(no_ints, I(0)), -2147483648.);
    VALUES(op_cumsum(F(1, 2, nan_, 4), 0, false), 1, 3, nan_, nan_);
    VALUES(op_cummax(F(1, 3, 2, nan_, 4), 0, false), 1, 3, 3, nan_, nan_);
    VALUES(op_cumprod(F(1, 2, 3), 0, true), 6, 6, 3);
    VALUES(op_cumlogsumexp(F(1, 2, -inf, 3), 0, false), 1, 2.3132617473602295, 2.3132617473602295,
           3.4076061248779297);
}

/* ---- derivatives of the sum of the results ---- */

typedef ct_array apply_fn(const ct_array *a);

static bool run_apply(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    (void)nin;
    *out = (leaves){1, base_alloc(sizeof *out->at)};
    return out->at && ops_good(out->at[0] = (*(apply_fn *const *)env)(in));
}

static ct_array gradient(apply_fn *f, int argument, int n, const ct_array *x)
{
    leaves out = {0}, cts = {0};
    linear_map *m = NULL;
    ct_array result = array_poison;
    for (int i = 0; i < n; i++)
        if (is_poison(x[i]))
            return result;
    if (transform_linearize((flat){run_apply, &f, "f"}, n, x, &out, &m)) {
        ct_array ones = op_full_like(out.at[0], 1);
        if (!is_poison(ones) && linear_transpose(m, 1, &ones, &cts))
            result = cts.at[argument] ? cts.at[argument] : op_full_like(x[argument], 0);
    }
    object_release(m);
    base_free(out.at);
    base_free(cts.at);
    return result;
}
#define GRAD(name, argument, ...)                                                                  \
    gradient(apply_##name, argument, (int)(sizeof((ct_array[]){__VA_ARGS__}) / sizeof(ct_array)),  \
             (ct_array[]){__VA_ARGS__})
#define APPLY(name, expression)                                                                    \
    static ct_array apply_##name(const ct_array *a) { return expression; }
APPLY(abs, op_abs(a[0]))
APPLY(max, op_max(a[0], a[1]))
APPLY(reduce_max, op_reduce_max(a[0], I(0)))
APPLY(reduce_prod, op_reduce_prod(a[0], I(0)))
APPLY(pow, op_pow(a[0], a[1]))
APPLY(sqrt, op_sqrt(a[0]))
APPLY(log, op_log(a[0]))
APPLY(cumprod, op_cumprod(a[0], 0, false))
APPLY(clamp, op_clamp(a[0], a[1], a[2]))
APPLY(tanh, op_tanh(a[0]))
APPLY(logistic, op_logistic(a[0]))
APPLY(power_0, op_integer_pow(a[0], 0))
APPLY(power_1, op_integer_pow(a[0], 1))
APPLY(power_3, op_integer_pow(a[0], 3))
APPLY(inverse, op_integer_pow(a[0], -1))

TEST(derivatives_at_ties)
{
    VALUES(GRAD(abs, 0, F(-1, 0, -0., 2)), -1, 1, 1, 1);
    VALUES(GRAD(max, 0, F(1, 2, 3), F(1, 3, 2)), .5, 0, 1);
    VALUES(GRAD(max, 1, F(1, 2, 3), F(1, 3, 2)), .5, 1, 0);
    VALUES(GRAD(reduce_max, 0, F(1, 3, 3, 2)), 0, .5, .5, 0);
    VALUES(GRAD(clamp, 0, F(0, 0, 0, 0), F(0, 1, .5, -1), F(1, 1, 1, 1)), 0, 0, 0, 1);
    VALUES(GRAD(clamp, 1, F(0, 0, 0, 0), F(0, 1, .5, -1), F(1, 1, 1, 1)), 0, 0, 1, 0);
}

TEST(derivatives_at_zeros)
{
    VALUES(GRAD(pow, 0, F(0, 0, 2, -1), F(0, 2, 3, 2)), nan_, 0, 12, -2);
    VALUES(GRAD(pow, 1, F(0, 0, 2, -1), F(0, 2, 3, 2)), 0, 0, 5.545177459716797, nan_);
    VALUES(GRAD(sqrt, 0, F(0, 4)), inf, .25);
    VALUES(GRAD(log, 0, F(0, 2)), inf, .5);
    VALUES(GRAD(cumprod, 0, F(2, 0, 3)), 1, 8, 0);
    VALUES(GRAD(reduce_prod, 0, F(2, 0, 3, 0)), 0, 0, 0, 0);
    VALUES(GRAD(reduce_prod, 0, F(2, 0, 3)), 0, 6, 0);
    VALUES(GRAD(tanh, 0, F(0, 20)), 1, 0);
    VALUES(GRAD(logistic, 0, F(0, -100, 100)), .25, 3.7835059e-44, 0);
    VALUES(GRAD(power_0, 0, F(0, 2)), 0, 0);
    VALUES(GRAD(power_1, 0, F(0, 2)), 1, 1);
    VALUES(GRAD(power_3, 0, F(0, 2)), 0, 12);
    VALUES(GRAD(inverse, 0, F(0, 2)), -inf, -.25);
}
