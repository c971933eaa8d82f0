/* Convolutions: values against naive loops for random layouts, strides, paddings, dilations and
 * groups; derivatives and batching by the laws. */
#include "op_laws.h"

typedef struct scene {
    int ndim, nspatial;
    int64_t lhs[5], rhs[5], out[5];      /* specs */
    int64_t x_shape[5], kernel_shape[5]; /* as stored */
    int64_t stride[3], low_high[6], base[3], spread[3];
    int64_t feature_groups, batch_groups;
} scene;
static scene s;

static void shuffle(int n, int64_t *at)
{
    for (int i = 0; i < n; i++)
        at[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int64_t j = law_below(i + 1), old = at[i];
        at[i] = at[j];
        at[j] = old;
    }
}

static void random_scene(void)
{
    s = (scene){.nspatial = (int)law_below(4), .feature_groups = 1, .batch_groups = 1};
    s.ndim = s.nspatial + 2;
    shuffle(s.ndim, s.lhs);
    shuffle(s.ndim, s.rhs);
    shuffle(s.ndim, s.out);
    int64_t kind = law_below(4), features = 1 + law_below(3), out = 1 + law_below(3),
            rows = 1 + law_below(2), in = features;
    if (kind == 1) {
        s.feature_groups = 2 + law_below(2);
        features *= s.feature_groups;
        out *= s.feature_groups;
    } else if (kind == 2) {
        s.batch_groups = 2;
        rows *= 2;
        out *= 2;
    } else if (kind == 3) { /* one channel each */
        features = out = s.feature_groups = 3;
        in = 1;
    }
    s.x_shape[s.lhs[0]] = rows;
    s.x_shape[s.lhs[1]] = features;
    s.kernel_shape[s.rhs[0]] = out;
    s.kernel_shape[s.rhs[1]] = in;
    for (int i = 0; i < s.nspatial; i++) {
        s.x_shape[s.lhs[i + 2]] = 2 + law_below(4);
        s.kernel_shape[s.rhs[i + 2]] = 1 + law_below(3);
        s.stride[i] = 1 + law_below(2);
        s.base[i] = 1 + law_below(2);
        s.spread[i] = 1 + law_below(2);
        s.low_high[2 * i] = law_below(4) - 1;
        s.low_high[2 * i + 1] = law_below(4) - 1;
    }
}

static params_conv current(void)
{
    return (params_conv){.batch_group_count = s.batch_groups,
                         .dimension_numbers = {{s.ndim, s.lhs}, {s.ndim, s.rhs}, {s.ndim, s.out}},
                         .feature_group_count = s.feature_groups,
                         .lhs_dilation = {s.nspatial, s.base},
                         .padding = {2 * s.nspatial, s.low_high},
                         .rhs_dilation = {s.nspatial, s.spread},
                         .window_strides = {s.nspatial, s.stride}};
}
static ct_array run(const ct_array *in)
{
    params_conv p = current();
    return op_conv(in[0], in[1], &p);
}
static ct_array make_of(ct_dtype dtype, int i)
{
    return law_array(dtype, (ct_ints){s.ndim, i ? s.kernel_shape : s.x_shape});
}
static ct_array make(int i) { return make_of(CT_FLOAT64, i); }

static int64_t offset(const int64_t *shape, const int64_t *index)
{
    int64_t at = 0;
    for (int i = 0; i < s.ndim; i++)
        at = at * shape[i] + index[i];
    return at;
}

/* One element of the result: the sum over features of its group and kernel points. */
static double naive(ct_array x, ct_array kernel, const int64_t *y_shape, int64_t at)
{
    int64_t y[5], xi[5], ki[5], points = 1, in = s.kernel_shape[s.rhs[1]],
                                out = s.kernel_shape[s.rhs[0]];
    for (int i = s.ndim - 1; i >= 0; at /= y_shape[i], i--)
        y[i] = at % y_shape[i];
    for (int i = 0; i < s.nspatial; i++)
        points *= s.kernel_shape[s.rhs[i + 2]];
    int64_t feature = y[s.out[1]], row = y[s.out[0]],
            feature_group = feature / (out / s.feature_groups),
            batch_group = feature / (out / s.batch_groups);
    double sum = 0;
    for (int64_t j = 0; j < points * in; j++) {
        int64_t rest = j / in;
        bool inside = true;
        for (int i = s.nspatial - 1; i >= 0; i--) {
            int64_t k = rest % s.kernel_shape[s.rhs[i + 2]],
                    p = y[s.out[i + 2]] * s.stride[i] + k * s.spread[i] - s.low_high[2 * i];
            rest /= s.kernel_shape[s.rhs[i + 2]];
            inside =
                inside && p >= 0 && p % s.base[i] == 0 && p / s.base[i] < s.x_shape[s.lhs[i + 2]];
            xi[s.lhs[i + 2]] = p / s.base[i];
            ki[s.rhs[i + 2]] = k;
        }
        if (!inside)
            continue;
        xi[s.lhs[0]] = batch_group * (s.x_shape[s.lhs[0]] / s.batch_groups) + row;
        xi[s.lhs[1]] = feature_group * in + j % in;
        ki[s.rhs[0]] = feature;
        ki[s.rhs[1]] = j % in;
        sum += array_get_double(x, offset(s.x_shape, xi)) *
               array_get_double(kernel, offset(s.kernel_shape, ki));
    }
    return sum;
}

TEST(values)
{
    for (int round = 0; round < 300 && !failed_checks; round++) {
        random_scene();
        ct_dtype dtype = (ct_dtype[]){CT_FLOAT32, CT_FLOAT64, CT_INT32}[round % 3];
        ct_array in[] = {make_of(dtype, 0), make_of(dtype, 1)}, y = run(in);
        if (!CHECK(is_array(y)))
            return;
        for (int64_t i = 0; i < y->size; i++)
            CHECK_NEAR(array_get_double(y, i), naive(in[0], in[1], y->aval.shape, i), 1e-5);
    }
}

TEST(laws_hold)
{
    for (int round = 0; round < 60 && !failed_checks; round++) {
        random_scene();
        ct_array in[] = {make(0), make(1)}, y = run(in);
        if (y->size)
            laws("conv_general_dilated", run, 2, make);
    }
}

/* Of two spatial axes; what is not given is 1 or 0. */
static scene two_axes(scene partial)
{
    partial.ndim = 4, partial.nspatial = 2;
    partial.feature_groups = partial.batch_groups = 1;
    for (int i = 0; i < 2; i++) {
        partial.base[i] = 1;
        partial.stride[i] += !partial.stride[i], partial.spread[i] += !partial.spread[i];
    }
    return partial;
}

static void check_large(scene which)
{
    s = two_axes(which);
    ct_array in[] = {make_of(CT_FLOAT32, 0), make_of(CT_FLOAT32, 1)}, y = run(in);
    if (!CHECK(is_array(y)))
        return;
    for (int k = 0; k < 200; k++) {
        int64_t at = law_below(y->size);
        CHECK_NEAR(array_get_double(y, at), naive(in[0], in[1], y->aval.shape, at), 1e-4);
    }
    for (int threads = 1; threads <= 3; threads += 2) {
        base_set_threads(threads);
        ct_array again = run(in);
        CHECK(is_array(again) && !memcmp(again->data, y->data, (size_t)y->size * sizeof(float)));
    }
    base_set_threads(0);
}

/* Several blocks of patches, or pieces for the library: features last and first, a kernel of one
 * point, steps and gaps. */
TEST(large)
{
    check_large((scene){.lhs = {0, 3, 1, 2},
                        .rhs = {3, 2, 0, 1},
                        .out = {0, 3, 1, 2},
                        .x_shape = {2, 40, 40, 16},
                        .kernel_shape = {3, 3, 16, 8},
                        .low_high = {1, 1, 1, 1}});
    check_large((scene){.lhs = {0, 3, 1, 2},
                        .rhs = {3, 2, 0, 1},
                        .out = {0, 3, 1, 2},
                        .x_shape = {2, 40, 40, 16},
                        .kernel_shape = {1, 1, 16, 8}});
    check_large((scene){.lhs = {0, 1, 2, 3},
                        .rhs = {0, 1, 2, 3},
                        .out = {0, 1, 2, 3},
                        .x_shape = {19, 5, 30, 31},
                        .kernel_shape = {21, 5, 3, 2},
                        .stride = {2, 1},
                        .spread = {1, 2},
                        .low_high = {0, 2, 1, 0}});
}

/* The derivative of a convolution with respect to its kernel. */
TEST(large_kernels)
{
    check_large((scene){.lhs = {3, 0, 1, 2},
                        .rhs = {3, 0, 1, 2},
                        .out = {2, 3, 0, 1},
                        .x_shape = {19, 20, 21, 6},
                        .kernel_shape = {19, 20, 21, 18},
                        .low_high = {1, 1, 1, 1}});
    check_large((scene){.lhs = {1, 0, 2, 3},
                        .rhs = {1, 0, 2, 3},
                        .out = {1, 0, 2, 3},
                        .x_shape = {7, 10, 24, 25},
                        .kernel_shape = {7, 20, 12, 11},
                        .stride = {1, 2},
                        .spread = {2, 2},
                        .low_high = {1, 0, 0, 1}});
}

TEST(messages)
{
    ct_array x = law_array(CT_FLOAT32, I(2, 4, 9, 8)),
             kernel = law_array(CT_FLOAT32, I(6, 2, 3, 3));
    params_conv p = {.batch_group_count = 1,
                     .dimension_numbers = {I(0, 1, 2, 3), I(0, 1, 2, 3), I(0, 1, 2, 3)},
                     .feature_group_count = 1,
                     .lhs_dilation = I(1, 1),
                     .padding = I(0, 0, 0, 0),
                     .rhs_dilation = I(1, 1),
                     .window_strides = I(1, 1)};
    CHECK_FAILS(op_conv(x, kernel, &p), CT_VALUE_ERROR, "but 4 // 1 != 2");
    p.feature_group_count = 2;
    CHECK_FAILS(op_conv(x, law_array(CT_INT32, I(6, 2, 3, 3)), &p), CT_TYPE_ERROR,
                "same dtypes, got float32, int32");
    CHECK_FAILS(op_conv(x, law_array(CT_FLOAT32, I(2, 3, 3)), &p), CT_VALUE_ERROR,
                "same number of dimensions");
    p.batch_group_count = 2;
    CHECK_FAILS(op_conv(x, kernel, &p), CT_VALUE_ERROR, "At most one of");
    p.batch_group_count = 1;
    p.window_strides = I(1);
    CHECK_FAILS(op_conv(x, kernel, &p), CT_VALUE_ERROR, "but got 2 and 1");
}
