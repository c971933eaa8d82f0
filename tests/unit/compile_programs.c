/* Compiled programs against the same jaxpr evaluated operation by operation. */
#include "compile/compile.h"
#include "cotan/transform.h"
#include "ops/ops.h"
#include "test.h"
#include "transform/transform.h"

typedef ct_array one(ct_array x);
typedef struct body {
    int n, nout;
    void (*run)(const ct_array *in, ct_array *out);
} body;

static bool run_body(void *env, int64_t nin, const ct_array *in, leaves *out)
{
    const body *b = env;
    (void)nin;
    *out = (leaves){b->nout, base_alloc((size_t)b->nout * sizeof *out->at)};
    if (!out->at)
        return false;
    b->run(in, out->at);
    return ct_ok();
}

static ct_array numbers(ct_dtype dtype, ct_ints shape, int seed)
{
    ct_array a = array_new(dtype, false, shape.n, shape.at);
    if (is_poison(a))
        return a;
    uint32_t state = (uint32_t)seed * 2654435761u + 1;
    for (int64_t i = 0; i < a->size; i++) {
        state = state * 1664525u + 1013904223u;
        float x = (float)(state >> 8) / 8388608.0f - 1;
        switch (dtype) {
        case CT_FLOAT32:
            ((float *)a->data)[i] = 2 * x;
            break;
        case CT_FLOAT64:
            ((double *)a->data)[i] = 2 * (double)x;
            break;
        case CT_INT32:
            ((int32_t *)a->data)[i] = (int32_t)(state >> 16) % 10;
            break;
        case CT_BFLOAT16:
            ((uint16_t *)a->data)[i] = (uint16_t)(0x3f00 + (state >> 24));
            break;
        case CT_BOOL:
            ((uint8_t *)a->data)[i] = state >> 31;
            break;
        default:
            TEST_FAILED("no numbers of this dtype");
        }
    }
    return a;
}

static double near_enough(ct_array got, ct_array want)
{
    double worst = 0;
    for (int64_t i = 0; i < got->size; i++) {
        double x = array_get_double(got, i), y = array_get_double(want, i);
        if (x == y || (isnan(x) && isnan(y)))
            continue;
        double error = fabs(x - y) / fmax(1, fabs(y));
        if (!(error <= worst))
            worst = error;
    }
    return worst;
}

/* tolerance 0: bit for bit. */
static void check_program(body b, const ct_array *in, double tolerance)
{
    aval avals[8];
    if (!ct_ok())
        return;
    for (int i = 0; i < b.n; i++)
        avals[i] = in[i]->aval;
    jaxpr *j = transform_stage((flat){run_body, &b, "f"}, b.n, avals, "f");
    if (!CHECK(j))
        return;
    ct_array want[9], got[9];
    bool evaluated = jaxpr_eval(j, b.n, in, b.nout, want);
    CHECK(evaluated);
    for (int round = 0; evaluated && round < 2; round++) {
        if (!CHECK(compile_backend.run(j, b.n, in, NULL, b.nout, got))) {
            printf("%s\n", ct_error_message());
            break;
        }
        for (int i = 0; i < b.nout; i++) {
            CHECK(aval_equal(&got[i]->aval, &want[i]->aval, true));
            double error = near_enough(got[i], want[i]);
            if (!CHECK(error <= tolerance))
                printf("result %d is off by %g\n", i, error);
        }
    }
    object_release(j);
}

static void chain(const ct_array *in, ct_array *out)
{
    ct_array y = op_add(op_mul(op_sin(in[0]), in[1]), op_number(0.5, in[0]));
    out[0] = op_exp(op_neg(op_mul(y, y)));
    out[1] = op_tanh(y);
}

static void arithmetic(const ct_array *in, ct_array *out)
{
    ct_array y = op_add(op_mul(in[0], in[1]), op_number(0.5, in[0]));
    out[0] = op_div(op_neg(op_mul(y, y)), in[1]);
    out[1] = op_sqrt(op_abs(y));
}

TEST(a_chain_of_maps_with_two_results)
{
    ct_array in[] = {numbers(CT_FLOAT32, I(37, 11), 1), numbers(CT_FLOAT32, I(37, 11), 2)};
    check_program((body){2, 2, chain}, in, 0);
    ct_array wide[] = {numbers(CT_FLOAT64, I(5, 7), 1), numbers(CT_FLOAT64, I(5, 7), 2)};
    check_program((body){2, 2, arithmetic}, wide, 0);
    ct_array scalars[] = {numbers(CT_FLOAT32, I_NONE, 1), numbers(CT_FLOAT32, I_NONE, 2)};
    check_program((body){2, 2, chain}, scalars, 0);
    ct_array none[] = {numbers(CT_FLOAT32, I(0, 3), 1), numbers(CT_FLOAT32, I(0, 3), 2)};
    check_program((body){2, 2, chain}, none, 0);
    ct_array half[] = {numbers(CT_BFLOAT16, I(40), 1), numbers(CT_BFLOAT16, I(40), 2)};
    check_program((body){2, 2, chain}, half, 0);
}

static void waves(const ct_array *in, ct_array *out)
{
    ct_array x = op_mul(in[0], in[1]), y = op_add(op_mul(op_sin(x), op_tanh(x)), op_cos(in[0]));
    out[0] = op_sub(y, op_tan(x));
    out[1] = op_reduce_max(op_cos(x), I(1));
    out[2] = op_sin(out[1]);
}

/* Multiplies every element by 1, 2^13, 2^26 ... and ends rows with infinity and NaN. */
static ct_array far_numbers(ct_dtype dtype, int64_t rows, int64_t columns)
{
    ct_array a = numbers(dtype, I(rows, columns), 1);
    for (int64_t i = 0; !is_poison(a) && i < a->size; i++) {
        double x = array_get_double(a, i) * ldexp(1, (int)(13 * (i % 9)));
        if (i % columns == columns - 1)
            x = i % 2 ? (double)INFINITY : (double)NAN;
        if (dtype == CT_FLOAT64)
            ((double *)a->data)[i] = x;
        else
            ((float *)a->data)[i] = (float)x;
    }
    return a;
}

TEST(trigonometric_functions_of_far_arguments)
{
    const ct_dtype dtypes[] = {CT_FLOAT32, CT_FLOAT64};
    for (int d = 0; d < 2; d++) {
        ct_array in[] = {far_numbers(dtypes[d], 7, 83), numbers(dtypes[d], I(7, 83), 2)};
        check_program((body){2, 3, waves}, in, 0);
        ct_array large[] = {far_numbers(dtypes[d], 300, 131), numbers(dtypes[d], I(300, 131), 2)};
        check_program((body){2, 3, waves}, large, 0);
    }
}

static ct_array keep(ct_array row, ct_array like)
{
    return op_broadcast_in_dim(row, aval_shape(&like->aval), I(0));
}

static void softmax(const ct_array *in, ct_array *out)
{
    ct_array x = in[0], top = op_reduce_max(x, I(1));
    ct_array e = op_exp(op_sub(x, keep(top, x)));
    ct_array sum = op_reduce_sum(e, I(1));
    out[0] = op_div(e, keep(sum, x));
    out[1] = op_log(sum);
    out[2] = op_sub(op_sub(x, keep(top, x)), keep(out[1], x));
}

TEST(softmax_of_rows)
{
    check_program((body){1, 3, softmax}, (ct_array[]){numbers(CT_FLOAT32, I(6, 10), 1)}, 1e-6);
    check_program((body){1, 3, softmax}, (ct_array[]){numbers(CT_FLOAT32, I(33, 700), 1)}, 1e-5);
}

static void layer_norm(const ct_array *in, ct_array *out)
{
    ct_array x = in[0], n = op_number((double)x->aval.shape[1], x);
    ct_array mean =
        op_div(op_broadcast_in_dim(op_reduce_sum(x, I(1)), I(x->aval.shape[0], 1), I(0)), n);
    ct_array centred = op_sub(x, op_broadcast_in_dim(mean, aval_shape(&x->aval), I(0, 1)));
    ct_array variance = op_div(op_reduce_sum(op_square(centred), I(1)), n);
    ct_array scale = op_rsqrt(op_add(variance, op_number(1e-5, variance)));
    ct_array y = op_mul(centred, keep(scale, x));
    out[0] = op_add(op_mul(y, op_broadcast_in_dim(in[1], aval_shape(&x->aval), I(1))),
                    op_broadcast_in_dim(in[2], aval_shape(&x->aval), I(1)));
}

TEST(large_results_whose_rows_start_anywhere)
{
    check_program((body){1, 3, softmax}, (ct_array[]){numbers(CT_FLOAT32, I(2100, 2001), 1)}, 1e-5);
}

TEST(layer_norm_with_gain_and_bias)
{
    ct_array in[] = {numbers(CT_FLOAT32, I(9, 128), 1), numbers(CT_FLOAT32, I(128), 2),
                     numbers(CT_FLOAT32, I(128), 3)};
    check_program((body){3, 1, layer_norm}, in, 2e-5);
}

static void sums(const ct_array *in, ct_array *out)
{
    ct_array x = in[0];
    out[0] = op_reduce_sum(x, I(0));
    out[1] = op_reduce_sum(op_mul(x, x), I(0, 1));
    out[2] = op_reduce_max(x, I(1));
    out[3] = op_mul(out[1], op_number(2, out[1]));
    out[4] = op_sub(x, op_broadcast_in_dim(out[0], aval_shape(&x->aval), I(1)));
}

TEST(reductions_over_every_axis)
{
    check_program((body){1, 5, sums}, (ct_array[]){numbers(CT_FLOAT32, I(7, 5), 1)}, 1e-5);
    check_program((body){1, 5, sums}, (ct_array[]){numbers(CT_FLOAT32, I(100, 64), 1)}, 1e-4);
    check_program((body){1, 5, sums}, (ct_array[]){numbers(CT_FLOAT32, I(700, 300), 1)}, 1e-3);
    check_program((body){1, 5, sums}, (ct_array[]){numbers(CT_INT32, I(701, 301), 1)}, 0);
    check_program((body){1, 5, sums}, (ct_array[]){numbers(CT_FLOAT64, I(20, 30), 1)}, 1e-12);
}

static void column_sums(const ct_array *in, ct_array *out) { out[0] = op_reduce_sum(in[0], I(0)); }

/* A long sum may err by little more than a short one: 4 units in the last place. */
static void check_column_sums(int64_t rows, int64_t columns)
{
    body b = {1, 1, column_sums};
    ct_array x = op_abs(numbers(CT_FLOAT32, I(rows, columns), 1)), got;
    if (is_poison(x))
        return;
    jaxpr *j = transform_stage((flat){run_body, &b, "f"}, 1, &x->aval, "f");
    if (!CHECK(j))
        return;
    if (CHECK(compile_backend.run(j, 1, &x, NULL, 1, &got)))
        for (int64_t c = 0; c < columns; c++) {
            double want = 0, sum = array_get_double(got, c);
            for (int64_t r = 0; r < rows; r++)
                want += (double)((const float *)x->data)[r * columns + c];
            if (!CHECK(fabs(sum - want) <= 4 * ldexp(want, -23)))
                printf("%ld rows: off by %g\n", (long)rows, (sum - want) / ldexp(want, -23));
        }
    object_release(j);
}

TEST(long_sums_are_accurate)
{
    check_column_sums(1000, 64);
    check_column_sums(100003, 7);
    check_column_sums(1000000, 2);
}

static void views(const ct_array *in, ct_array *out)
{
    ct_array x = in[0];
    ct_array y = op_mul(x, op_number(3, x));
    out[0] = op_add(op_transpose(y, I(1, 0)), op_transpose(x, I(1, 0)));
    out[1] = op_sub(op_slice(y, I(1, 0), I(5, 4), (ct_ints){0}),
                    op_slice(x, I(0, 2), I(4, 6), (ct_ints){0}));
    out[2] = op_add(op_rev(y, I(1)), x);
    out[3] = op_sin(op_reshape(y, I(30)));
    out[4] = op_add(op_squeeze(op_broadcast_in_dim(x, I(5, 1, 6), I(0, 2)), I(1)), y);
    out[5] = op_mul(op_convert(op_iota(CT_INT32, I(5, 6), 1), CT_FLOAT32, false), y);
}

TEST(index_arithmetic)
{
    check_program((body){1, 6, views}, (ct_array[]){numbers(CT_FLOAT32, I(5, 6), 1)}, 0);
}

static int64_t filled;

static void fills(const ct_array *in, ct_array *out)
{
    out[0] = op_broadcast_in_dim(op_number(3, in[0]), I(filled), I_NONE);
    out[1] = op_broadcast_in_dim(op_mul(in[0], in[0]), I(2, filled), I_NONE);
}

TEST(one_value_everywhere)
{
    for (filled = 1; filled < 70; filled++)
        check_program((body){1, 2, fills}, (ct_array[]){ct_f32(1.5)}, 0);
}

static void outputs(const ct_array *in, ct_array *out)
{
    out[0] = in[0];
    out[1] = op_neg(in[0]);
    out[2] = out[1];
    out[3] = op_reshape(out[1], I(4, 3));
    out[4] = op_number(3, in[0]);
    out[5] = op_reshape(in[0], I(12));
}

TEST(results_that_share_memory)
{
    check_program((body){1, 6, outputs}, (ct_array[]){numbers(CT_FLOAT32, I(3, 4), 1)}, 0);
}

static void mixed(const ct_array *in, ct_array *out)
{
    ct_array x = in[0], i = in[1];
    ct_array positive = op_gt(x, op_number(0, x));
    out[0] = op_select_n(positive, 2, (ct_array[]){op_neg(x), x});
    out[1] = op_convert(op_add(i, op_convert(positive, CT_INT32, false)), CT_FLOAT32, false);
    out[2] = op_integer_pow(x, 3);
    out[3] = op_integer_pow(x, -2);
    out[4] = op_and(positive, op_eq(i, op_number(3, i)));
    out[5] = op_convert(x, CT_INT32, false);
    out[6] = op_max(x, op_number(0.25, x));
    out[7] = op_add(op_bitcast(x, CT_INT32), i);
    out[8] = op_pow(op_abs(x), i);
}

TEST(bools_integers_and_powers)
{
    check_program((body){2, 9, mixed},
                  (ct_array[]){numbers(CT_FLOAT32, I(50), 1), numbers(CT_INT32, I(50), 2)}, 0);
}

/* Rows of x, at places that the first column of y says; both (6, 6). */
static ct_array rows_at(ct_array x, ct_array y)
{
    params_gather p = {.dimension_numbers = {I(1), I(0), I(0), I_NONE, I_NONE},
                       .mode = GATHER_CLIP,
                       .slice_sizes = I(1, 6)};
    ct_array column = op_slice(y, I(0, 0), I(6, 1), (ct_ints){0});
    return op_gather(x, op_convert(column, CT_INT32, false), &p);
}

static void random_steps(const ct_array *in, ct_array *out, uint32_t state)
{
    ct_array pool[24] = {in[0], in[1]};
    int n = 2;
    while (n < 24) {
        state = state * 1664525u + 1013904223u;
        ct_array x = pool[(state >> 10) % (uint32_t)n], y = pool[(state >> 20) % (uint32_t)n];
        ct_array r = NULL;
        switch ((state >> 5) % 12) {
        case 0:
            r = op_add(x, y);
            break;
        case 1:
            r = op_mul(x, op_tanh(y));
            break;
        case 2:
            r = op_sin(x);
            break;
        case 3:
            r = op_sub(x, op_broadcast_in_dim(op_reduce_max(y, I(1)), I(6, 6), I(0)));
            break;
        case 4:
            r = op_add(x, op_broadcast_in_dim(op_reduce_max(y, I(0)), I(6, 6), I(1)));
            break;
        case 5:
            r = op_transpose(x, I(1, 0));
            break;
        case 6:
            r = op_max(x, y);
            break;
        case 7:
            r = op_rev(x, I(0));
            break;
        case 8:
            r = op_select_n(op_lt(x, y), 2, (ct_array[]){x, y});
            break;
        case 9:
            r = op_reshape(op_reshape(x, I(36)), I(6, 6));
            break;
        case 10:
            r = op_concatenate(2,
                               (ct_array[]){op_slice(x, I(0, 2), I(6, 6), (ct_ints){0}),
                                            op_slice(y, I(0, 0), I(6, 2), (ct_ints){0})},
                               1);
            break;
        case 11:
            r = rows_at(x, op_mul(op_number(3, y), y));
            break;
        }
        pool[n++] = op_tanh(r);
    }
    out[0] = pool[n - 1], out[1] = pool[n - 4], out[2] = op_reduce_min(pool[n - 2], I(0));
}
static uint32_t random_seed;
static void random_program(const ct_array *in, ct_array *out)
{
    random_steps(in, out, random_seed);
}

static void products(const ct_array *in, ct_array *out)
{
    ct_array x = in[0], y = in[1]; /* (4, 3) and (4, 5) */
    params_dot_general rows = {.dimension_numbers = {I(0), I(0), I_NONE, I_NONE},
                               .preferred_element_type = CT_FLOAT32};
    params_dot_general mixed_axes = {.dimension_numbers = {I(1), I(0), I_NONE, I_NONE},
                                     .preferred_element_type = CT_FLOAT32};
    out[0] = op_transpose(op_dot_general(x, y, &rows), I(1, 0));
    out[1] = op_dot_general(op_transpose(x, I(1, 0)), y, &mixed_axes);
    out[2] = op_sin(op_transpose(out[1], I(1, 0)));
    out[3] = op_mul(op_number(3, x), op_neg(op_number(0.5, x)));
}

TEST(products_and_transposes)
{
    check_program((body){2, 4, products},
                  (ct_array[]){numbers(CT_FLOAT32, I(4, 3), 1), numbers(CT_FLOAT32, I(4, 5), 2)},
                  1e-6);
}

static void joins(const ct_array *in, ct_array *out)
{
    ct_array x = in[0], y = op_sin(x);
    out[0] = op_concatenate(3, (ct_array[]){x, y, op_neg(y)}, 1);
    out[1] = op_concatenate(2,
                            (ct_array[]){op_slice(x, I(3, 0), I(5, 6), (ct_ints){0}),
                                         op_slice(x, I(0, 0), I(3, 6), (ct_ints){0})},
                            0);
    out[2] = op_mul(out[1], x);
    out[3] = op_reduce_max(
        op_concatenate(2, (ct_array[]){op_reduce_max(x, I(1)), op_reduce_min(y, I(1))}, 0), I(0));
    out[4] = op_concatenate(2, (ct_array[]){y, y}, 0);
    out[5] = op_reshape(op_concatenate(2, (ct_array[]){out[0], out[0]}, 0), I(10, 3, 6));
}

TEST(concatenations)
{
    check_program((body){1, 6, joins}, (ct_array[]){numbers(CT_FLOAT32, I(5, 6), 1)}, 0);
}

/* ---- lookups ---- */
static int lookup_mode;
static ct_dtype index_dtype;

static ct_array index_of(ct_array i, ct_ints shape)
{
    return op_broadcast_in_dim(op_convert(i, index_dtype, false), shape, I(0));
}

/* in: (7, 5, 6) numbers, (4) and (7) integers from -10 to 9. */
static void gathers(const ct_array *in, ct_array *out)
{
    ct_array x = in[0], i = op_add(in[1], op_number(1, in[1])), j = in[2];
    params_gather p = {.mode = lookup_mode};
    p.dimension_numbers = (gather_dims){I(1, 2), I(0), I(0), I_NONE, I_NONE};
    p.slice_sizes = I(1, 5, 6);
    out[0] = op_gather(x, index_of(i, I(4, 1)), &p); /* matrices */
    p.dimension_numbers = (gather_dims){I(0, 2), I_NONE, I(1), I_NONE, I_NONE};
    p.dimension_numbers.collapsed_slice_dims = I(2);
    p.slice_sizes = I(7, 3, 1);
    out[1] = op_gather(x, index_of(i, I(4, 1)), &p); /* parts of columns */
    p.dimension_numbers = (gather_dims){I_NONE, I(0, 1, 2), I(2, 0, 1), I_NONE, I_NONE};
    p.slice_sizes = I(1, 1, 1);
    ct_array points[] = {index_of(i, I(4, 1)), index_of(op_neg(i), I(4, 1)),
                         op_rev(index_of(i, I(4, 1)), I(0))};
    out[2] = op_gather(x, op_concatenate(3, points, 1), &p); /* elements */
    p.dimension_numbers = (gather_dims){I(1), I(1), I(1), I(0), I(0)};
    p.slice_sizes = I(1, 1, 6);
    out[3] = op_gather(x, index_of(j, I(7, 1)), &p); /* one row of each matrix */
    if (x->aval.dtype == CT_FLOAT32)
        out[3] = op_reduce_max(op_mul(out[3], out[3]), I(1));
    out[4] = op_convert(out[2], CT_FLOAT32, false);
}

TEST(gathers_in_kernels)
{
    const ct_dtype dtypes[] = {CT_FLOAT32, CT_BFLOAT16, CT_BOOL, CT_FLOAT64, CT_INT32};
    const ct_dtype indices[] = {CT_INT32, CT_INT64, CT_INT8, CT_UINT32, CT_UINT8};
    for (int d = 0; d < 5; d++)
        for (lookup_mode = GATHER_CLIP; lookup_mode <= GATHER_PROMISE_IN_BOUNDS; lookup_mode++) {
            index_dtype = indices[(d + lookup_mode) % 5];
            ct_array in[] = {numbers(dtypes[d], I(7, 5, 6), 1), numbers(CT_INT32, I(4), 2),
                             numbers(CT_INT32, I(7), 3)};
            check_program((body){3, 5, gathers}, in, 0);
        }
}

static void long_gather(const ct_array *in, ct_array *out)
{
    params_gather p = {.dimension_numbers = {I_NONE, I(0), I(0), I_NONE, I_NONE},
                       .mode = lookup_mode,
                       .slice_sizes = I(1)};
    ct_array i = op_mul(in[1], op_iota(CT_INT32, I(5000), 0));
    out[0] = op_neg(op_gather(op_exp(in[0]), index_of(i, I(5000, 1)), &p));
    out[1] = op_reduce_max(out[0], I(0));
}

TEST(gathers_of_many_elements)
{
    index_dtype = CT_INT32;
    for (lookup_mode = GATHER_CLIP; lookup_mode <= GATHER_PROMISE_IN_BOUNDS; lookup_mode++)
        check_program((body){2, 2, long_gather},
                      (ct_array[]){numbers(CT_FLOAT32, I(9001), 1), numbers(CT_INT32, I(5000), 2)},
                      0);
}

/* in: (4, 9, 5, 20) numbers, and a place. */
static void slices(const ct_array *in, ct_array *out)
{
    ct_array x = in[0], i = in[1], zero = op_number(0, i);
    out[0] = op_dynamic_slice(x, 4, (ct_array[]){i, zero, zero, i}, I(2, 9, 5, 7));
    out[1] =
        op_neg(op_dynamic_slice(op_exp(x), 4, (ct_array[]){i, i, op_neg(i), zero}, I(1, 2, 3, 20)));
    out[2] = op_reduce_sum(
        op_dynamic_slice(x, 4, (ct_array[]){zero, i, zero, zero}, I(4, 1, 5, 20)), I(3));
    out[3] = op_dynamic_slice(x, 4, (ct_array[]){i, i, i, i}, I(1, 1, 1, 1));
}

TEST(dynamic_slices_in_kernels)
{
    for (int place = -3; place <= 12; place += 3)
        check_program((body){2, 4, slices},
                      (ct_array[]){numbers(CT_FLOAT32, I(4, 9, 5, 20), 1), ct_i32(place)}, 1e-6);
}

/* in: (2, 9, 8, 17): pooling, padded and not, and windows spread over the last axis. */
static void windows(const ct_array *in, ct_array *out)
{
    ct_array x = in[0];
    params_window p = {.base_dilation = I(1, 1, 1, 1),
                       .padding = I(0, 0, 0, 0, 0, 0, 0, 0),
                       .window_dilation = I(1, 1, 1, 1),
                       .window_dimensions = I(1, 2, 2, 1),
                       .window_strides = I(1, 2, 2, 1)};
    out[0] = op_reduce_window_max(x, &p);
    out[1] = op_reduce_window_sum(x, &p);
    p.padding = I(0, 0, 1, 1, 0, 1, 0, 0);
    p.window_dimensions = I(1, 3, 3, 1);
    out[2] = op_neg(op_reduce_window_min(op_mul(x, x), &p));
    out[3] = op_reduce_window_sum(x, &p);
    p.padding = I(0, 0, 0, 0, -1, 4, 0, 0);
    p.window_dimensions = I(1, 1, 1, 3);
    p.window_dilation = I(1, 1, 1, 4);
    out[4] = op_reduce_window_max(op_neg(x), &p);
    out[5] = op_reduce_max(out[0], I(0, 1, 2));
}

TEST(windows_in_kernels)
{
    const ct_dtype dtypes[] = {CT_FLOAT32, CT_BFLOAT16, CT_INT32, CT_FLOAT64};
    for (int d = 0; d < 4; d++)
        check_program((body){1, 6, windows}, (ct_array[]){numbers(dtypes[d], I(2, 9, 8, 17), 1)},
                      0);
}

/* in: (9, 6) numbers, (4) integers: updates of what is read nowhere else, of what is, of inputs, of
 * updates, of other shapes, and of a concatenation. */
static void updates(const ct_array *in, ct_array *out)
{
    ct_array x = in[0], i = in[1], zero = ct_i32(0), y = op_mul(x, x), z = op_exp(x);
    ct_array block = op_slice(x, I(1, 2), I(3, 4), (ct_ints){0}),
             row = op_slice(x, I(0, 0), I(4, 6), (ct_ints){0});
    params_scatter p = {.dimension_numbers = {.update_window_dims = I(1),
                                              .inserted_window_dims = I(0),
                                              .scatter_dims_to_operand_dims = I(0)},
                        .mode = GATHER_CLIP};
    ct_array rows = op_broadcast_in_dim(i, I(4, 1), I(0));
    ct_array once = op_dynamic_update_slice(y, block, 2, (ct_array[]){zero, zero});
    out[0] = op_neg(op_scatter(&op_row_scatter_add, once, rows, row, &p));
    out[1] = op_dynamic_update_slice(z, block, 2, (ct_array[]){zero, zero});
    out[2] = op_add(z, out[1]);
    out[3] = op_dynamic_update_slice(x, block, 2, (ct_array[]){zero, zero});
    ct_array line = op_reshape(op_sin(x), I(54)), part = op_reshape(block, I(4));
    out[4] = op_reshape(op_dynamic_update_slice(line, part, 1, (ct_array[]){zero}), I(6, 9));
    ct_array joined = op_concatenate(2, (ct_array[]){op_cos(x), op_tanh(x)}, 0);
    out[5] = op_scatter(&op_row_scatter, joined, rows, row, &p);
    ct_array fresh = op_broadcast_in_dim(op_number(2, x), I(9, 6), I_NONE);
    out[6] = op_scatter(&op_row_scatter_add, fresh, rows, row, &p);
    out[7] = op_add(out[6], op_scatter(&op_row_scatter_mul, fresh, rows, row, &p));
}

TEST(updates_in_place)
{
    for (int seed = 1; seed <= 3; seed++)
        check_program((body){2, 8, updates},
                      (ct_array[]){numbers(CT_FLOAT32, I(9, 6), seed), numbers(CT_INT32, I(4), 2)},
                      0);
}

TEST(random_programs)
{
    for (random_seed = 1; random_seed <= 40; random_seed++)
        check_program(
            (body){2, 3, random_program},
            (ct_array[]){numbers(CT_FLOAT32, I(6, 6), 1), numbers(CT_FLOAT32, I(6, 6), 2)}, 0);
}

/* ---- results that nobody reads ---- */
static int chosen;
static void one_of_several(const ct_array *in, ct_array *out)
{
    ct_array all[8] = {NULL};
    op_qr(in[0], false, false, all);
    op_eigh(op_dot_general(in[0], in[0],
                           &(params_dot_general){.dimension_numbers = {I(1), I(1), I(0), I(0)}}),
            true, true, all + 2);
    op_svd(in[0], true, true, all + 4);
    out[0] = all[chosen];
}

TEST(results_that_nobody_reads_are_not_computed)
{
    for (chosen = 0; chosen < 7; chosen++)
        check_program((body){1, 1, one_of_several},
                      (ct_array[]){numbers(CT_FLOAT64, I(3, 6, 4), 1)}, 1e-12);
}

/* ---- donation ---- */
static ct_tree twice_and_one(ct_tree x)
{
    return op_add(op_mul(x, op_number(2, x)), op_number(1, x));
}

TEST(a_donated_argument_gives_its_memory_and_is_deleted)
{
    ct_fn f = ct_jit_(&(ct_jit_args){.f = ct_function(twice_and_one), .donate_argnums = I(0)});
    ct_array x = numbers(CT_FLOAT32, I(100), 1);
    if (is_poison(x))
        return;
    const void *memory = x->data;
    float first = ((const float *)memory)[0];
    ct_array y = ct_call(f, x);
    CHECK(!is_poison(y) && y->data == memory && ((float *)y->data)[0] == first * 2 + 1);
    CHECK(ct_is_deleted(x) && !ct_is_deleted(y));
    CHECK(is_poison(op_neg(x)) && ct_error_code() == CT_RUNTIME_ERROR);
    ct_clear_error();
}
