/* jax.random on recorded draws: keys, bits, integers and uniforms bit for bit, the rest within a
 * few units in the last place (recorded/random_cases.h, by record_random.py). Each draw is made
 * twice: eagerly, and through the operations that a trace would see. */
#include "test.h"

#include "cotan/nn.h"
#include "cotan/numpy.h"
#include "cotan/random.h"
#include "ops/ops.h"

typedef struct random_case {
    const char *name;
    double tolerance;
    int ndim;
    int64_t shape[2];
    const double *values;
} random_case;
static const random_case cases[] = {
#include "recorded/random_cases.h"
};

#define DRAW(which, expression)                                                                    \
    if (!strcmp(name, #which))                                                                     \
    return expression
static ct_array draw(const char *name)
{
    ct_array key = ct_random_key(42);
    DRAW(key_data, ct_random_key_data(key));
    DRAW(split, ct_random_key_data(ct_random_split(key, .num = I(3))));
    DRAW(fold_in, ct_random_key_data(ct_random_fold_in(key, 7)));
    DRAW(bits, ct_random_bits(key, I(7)));
    DRAW(bits8, ct_random_bits(key, I(7), .dtype = CT_UINT8));
    DRAW(randint, ct_random_randint(key, I(9), -5, 100));
    DRAW(permutation, ct_random_permutation(key, 12));
    DRAW(bernoulli, ct_random_bernoulli(key, 0.3, I(16)));
    DRAW(categorical,
         ct_random_categorical(key, ct_reshape(ct_linspace(-1, 1, .num = GIVEN(12)), I(3, 4))));
    DRAW(choice, ct_random_choice(key, 9, I(5), .replace = CT_FALSE));
    DRAW(uniform, ct_random_uniform(key, I(9)));
    DRAW(normal, ct_random_normal(key, I(2, 5)));
    DRAW(gumbel, ct_random_gumbel(key, I(5)));
    DRAW(exponential, ct_random_exponential(key, I(5)));
    DRAW(laplace, ct_random_laplace(key, I(5)));
    DRAW(truncated_normal, ct_random_truncated_normal(key, -1.0, 1.0, I(5)));
    DRAW(gamma, ct_random_gamma(key, 0.7, I(6)));
    DRAW(loggamma, ct_random_loggamma(key, 0.7, I(6)));
    DRAW(beta, ct_random_beta(key, 2.0, 3.0, I(5)));
    return ct_fail(CT_VALUE_ERROR, "no draw called %s", name);
}

static void check(const random_case *c)
{
    ct_array y = draw(c->name);
    const void *data;
    if (!ct_data(y, &data)) {
        TEST_FAILED("%s: %s", c->name, ct_error_message());
        ct_clear_error();
        return;
    }
    if (!ints_equal(ct_shape(y), (ct_ints){c->ndim, c->shape})) {
        TEST_FAILED("%s: other shape", c->name);
        return;
    }
    for (int64_t i = 0; i < ct_size(y); i++) {
        double got = array_get_double(y, i), want = c->values[i];
        if (fabs(got - want) > c->tolerance * fmax(fabs(want), 1))
            TEST_FAILED("%s: draw %d is %.9g, not %.9g", c->name, (int)i, got, want);
    }
}

TEST(recorded)
{
    for (size_t i = 0; i < countof(cases); i++)
        check(&cases[i]);
}

/* A trace that only hands operations on: keeps the fast paths out. */
static bool pass_on(trace *t, const op *o, const void *params, int nin, const ct_array *in,
                    int nout, ct_array *out)
{
    (void)t;
    return o->call ? o->call(o, params, nin, in, nout, out)
                   : core_eval(o, params, nin, in, nout, out);
}

TEST(recorded_in_operations)
{
    static const trace_class class = {.name = "passing", .process = pass_on};
    trace t = {.class = &class, .alive = true};
    t.head.refs = INT32_MAX / 2;
    trace_context c = trace_enter(&t);
    for (size_t i = 0; i < countof(cases); i++)
        check(&cases[i]);
    trace_leave(c);
}

/* Tiles and pieces of large draws join without a seam. */
TEST(large_draws_continue_small_ones)
{
    ct_array key = ct_random_key(42), large = ct_random_normal(key, I(100000)),
             small = ct_random_normal(key, I(1000));
    const void *l, *s;
    if (!ct_data(large, &l) || !ct_data(small, &s))
        return;
    CHECK(!memcmp(l, s, 1000 * sizeof(float)));
    double sum = 0, squares = 0;
    for (int i = 0; i < 100000; i++) {
        double v = ((const float *)l)[i];
        sum += v;
        squares += v * v;
    }
    CHECK_NEAR(sum / 100000, 0, 0.01);
    CHECK_NEAR(squares / 100000, 1, 0.02);
}

TEST(mistakes)
{
    CHECK_FAILS(ct_random_uniform(ct_random_split(ct_random_key(0)), I(2)), CT_VALUE_ERROR,
                "uniform accepts a single key, but was given a key array of shape (2,)");
    CHECK_FAILS(ct_random_normal(ct_f32(1), I(2)), CT_TYPE_ERROR,
                "normal: JAX encodes keys as typed keys");
    CHECK_FAILS(ct_random_uniform(ct_random_key(0), I(2), .dtype = CT_INT32), CT_VALUE_ERROR,
                "must be a float dtype, got int32");
    CHECK_FAILS(ct_random_choice(ct_random_key(0), 3, I(4), .replace = CT_FALSE), CT_VALUE_ERROR,
                "Cannot take a larger sample (size 4) than population (size 3)");
    CHECK_FAILS(ct_random_key(0, .impl = "fastest"), CT_VALUE_ERROR,
                "unrecognized PRNG implementation \"fastest\"");
}
