/* gather and scatter: values against naive loops for random dimension numbers and modes,
 * derivatives and batching by the laws. */
#include "op_laws.h"

/* A random gather; the scatter with the same lists writes where it reads. */
typedef struct scene {
    int ndim, rows_ndim, result_ndim, nwindow, ncollapsed, nmap, nbatching;
    int64_t shape[6], slice[6], rows[6], result[10];
    int64_t window[6], collapsed[6], map[6], x_batching[6], i_batching[6];
    int mode;
} scene;
static scene s;
static int64_t index_low, index_range;
static bool unique;

static void random_scene(void)
{
    s = (scene){.ndim = 1 + (int)law_below(3), .mode = (int)law_below(3)};
    for (int i = 0; i < s.ndim; i++) {
        s.shape[i] = 2 + law_below(3);
        int role = (int)law_below(3);
        bool batching = role == 0 && s.nbatching < 2;
        s.slice[i] = role == 2 ? 1 + law_below(s.shape[i]) : 1;
        if (batching)
            s.x_batching[s.nbatching++] = i;
        else if (role == 1)
            s.collapsed[s.ncollapsed++] = i;
        else
            s.nwindow++;
        if (!batching && law_below(4))
            s.map[s.nmap++] = i;
    }
    s.rows_ndim = s.nbatching + (int)law_below(3);
    for (int i = 0; i < s.rows_ndim; i++)
        s.rows[i] = i < s.nbatching ? s.shape[s.x_batching[i]] : 1 + law_below(3);
    for (int i = 0; i < s.nbatching; i++)
        s.i_batching[i] = i;
    s.result_ndim = s.rows_ndim + s.nwindow;
    int left = s.nwindow, n = 0;
    for (int i = 0; i < s.result_ndim; i++)
        if (law_below(s.result_ndim - i) < left) {
            s.window[n++] = i;
            left--;
        }
    int axis = 0, row = 0;
    n = 0;
    for (int i = 0; i < s.result_ndim; i++) {
        if (n < s.nwindow && s.window[n] == i) {
            for (;;) { /* the next axis that is neither collapsed nor batching */
                bool skip = false;
                for (int k = 0; k < s.ncollapsed; k++)
                    skip = skip || s.collapsed[k] == axis;
                for (int k = 0; k < s.nbatching; k++)
                    skip = skip || s.x_batching[k] == axis;
                if (!skip)
                    break;
                axis++;
            }
            s.result[i] = s.slice[axis++];
            n++;
        } else
            s.result[i] = s.rows[row++];
    }
    index_low = -2;
    index_range = 7;
}

static params_gather gather_params(void)
{
    return (params_gather){.dimension_numbers = {{s.nwindow, s.window},
                                                 {s.ncollapsed, s.collapsed},
                                                 {s.nmap, s.map},
                                                 {s.nbatching, s.x_batching},
                                                 {s.nbatching, s.i_batching}},
                           .slice_sizes = {s.ndim, s.slice},
                           .mode = s.mode};
}
static params_scatter scatter_params(void)
{
    return (params_scatter){.dimension_numbers = {{s.nwindow, s.window},
                                                  {s.ncollapsed, s.collapsed},
                                                  {s.nmap, s.map},
                                                  {s.nbatching, s.x_batching},
                                                  {s.nbatching, s.i_batching}},
                            .mode = s.mode,
                            .unique_indices = unique};
}

static ct_array make_indices(void)
{
    int64_t shape[8];
    for (int i = 0; i < s.rows_ndim; i++)
        shape[i] = s.rows[i];
    shape[s.rows_ndim] = s.nmap;
    ct_array a = array_new(CT_INT32, false, s.rows_ndim + 1, shape);
    for (int64_t i = 0; i < a->size; i++)
        ((int32_t *)a->data)[i] = (int32_t)(index_low + law_below(index_range));
    return a;
}
static ct_array make_gather(int i)
{
    return i ? make_indices() : law_array(CT_FLOAT64, (ct_ints){s.ndim, s.shape});
}
static ct_array make_scatter(int i)
{
    return i < 2 ? make_gather(i) : law_array(CT_FLOAT64, (ct_ints){s.result_ndim, s.result});
}

static ct_array run_gather(const ct_array *in)
{
    params_gather p = gather_params();
    return op_gather(in[0], in[1], &p);
}

/* Where element `at` of the result lies in the operand; -1: nowhere. */
static int64_t operand_offset(ct_array indices, int64_t at, bool clamp)
{
    int64_t index[10], row[8], inside[6] = {0}, start[6] = {0};
    for (int i = s.result_ndim - 1; i >= 0; at /= s.result[i], i--)
        index[i] = at % s.result[i];
    int nrow = 0, nwindow = 0;
    int64_t row_index = 0;
    int64_t offsets[6];
    for (int i = 0; i < s.result_ndim; i++) {
        if (nwindow < s.nwindow && s.window[nwindow] == i)
            offsets[nwindow++] = index[i];
        else
            row[nrow++] = index[i];
    }
    for (int i = 0; i < s.rows_ndim; i++)
        row_index = row_index * s.rows[i] + row[i];
    nwindow = 0;
    for (int axis = 0; axis < s.ndim; axis++) {
        bool skip = false;
        for (int k = 0; k < s.ncollapsed; k++)
            skip = skip || s.collapsed[k] == axis;
        for (int k = 0; k < s.nbatching; k++)
            if (s.x_batching[k] == axis) {
                skip = true;
                start[axis] = row[s.i_batching[k]];
            }
        if (!skip)
            inside[axis] = offsets[nwindow++];
    }
    for (int k = 0; k < s.nmap; k++) {
        int64_t value = array_get_int(indices, row_index * s.nmap + k),
                last = s.shape[s.map[k]] - s.slice[s.map[k]];
        if (clamp)
            value = value < 0 ? 0 : value > last ? last : value;
        if (value < 0 || value > last)
            return -1;
        start[s.map[k]] = value;
    }
    int64_t offset = 0;
    for (int axis = 0; axis < s.ndim; axis++)
        offset = offset * s.shape[axis] + start[axis] + inside[axis];
    return offset;
}

TEST(gather_values)
{
    for (int round = 0; round < 300 && !failed_checks; round++) {
        random_scene();
        ct_array in[] = {make_gather(0), make_gather(1)}, out = run_gather(in);
        if (!CHECK(is_array(out)) ||
            !CHECK(ints_equal(aval_shape(&out->aval), (ct_ints){s.result_ndim, s.result})))
            return;
        for (int64_t i = 0; i < out->size; i++) {
            int64_t from = operand_offset(in[1], i, s.mode != GATHER_FILL_OR_DROP);
            CHECK_NEAR(array_get_double(out, i), from < 0 ? NAN : array_get_double(in[0], from), 0);
        }
    }
}

TEST(scatter_values)
{
    const op *ops[] = {&op_row_scatter,     &op_row_scatter_add, &op_row_scatter_sub,
                       &op_row_scatter_mul, &op_row_scatter_min, &op_row_scatter_max};
    for (int round = 0; round < 300 && !failed_checks; round++) {
        random_scene();
        const op *o = ops[round % 6];
        ct_dtype dtype = (ct_dtype[]){CT_FLOAT32, CT_FLOAT64, CT_INT32}[round / 6 % 3];
        ct_array x = law_array(dtype, (ct_ints){s.ndim, s.shape}), indices = make_indices(),
                 updates = law_array(dtype, (ct_ints){s.result_ndim, s.result});
        params_scatter p = scatter_params();
        ct_array out = op_scatter(o, x, indices, updates, &p);
        if (!CHECK(is_array(out)))
            return;
        double want[1024];
        for (int64_t i = 0; i < x->size; i++)
            want[i] = array_get_double(x, i);
        for (int64_t i = 0; i < updates->size; i++) {
            int64_t to = operand_offset(indices, i, s.mode == GATHER_CLIP);
            double u = array_get_double(updates, i);
            if (to < 0)
                continue;
            switch (round % 6) {
            case 0:
                want[to] = u;
                break;
            case 1:
                want[to] += u;
                break;
            case 2:
                want[to] -= u;
                break;
            case 3:
                want[to] *= u;
                break;
            case 4:
                want[to] = fmin(want[to], u);
                break;
            case 5:
                want[to] = fmax(want[to], u);
                break;
            }
        }
        for (int64_t i = 0; i < x->size; i++)
            CHECK_NEAR(array_get_double(out, i), want[i], dtype == CT_FLOAT32 ? 1e-5 : 1e-12);
    }
}

static int which;
static ct_array run_scatter(const ct_array *in)
{
    const op *ops[] = {&op_row_scatter,     &op_row_scatter_add, &op_row_scatter_sub,
                       &op_row_scatter_mul, &op_row_scatter_min, &op_row_scatter_max};
    params_scatter p = scatter_params();
    return op_scatter(ops[which], in[0], in[1], in[2], &p);
}

TEST(gather_laws)
{
    for (int round = 0; round < 25 && !failed_checks; round++) {
        random_scene();
        if (s.mode != GATHER_CLIP) /* no NaN, and promises kept */
            index_low = 0, index_range = 1;
        laws("gather", run_gather, 2, make_gather);
    }
}

TEST(scatter_laws)
{
    for (int round = 0; round < 48 && !failed_checks; round++) {
        random_scene();
        which = round % 3;
        if (s.mode == GATHER_PROMISE_IN_BOUNDS)
            index_low = 0, index_range = 1;
        laws(which == 0   ? "scatter"
             : which == 1 ? "scatter_add"
                          : "scatter_sub",
             run_scatter, 3, make_scatter);
    }
}

/* One update a place, as products and the promise of uniqueness need it. */
TEST(unique_scatter_laws)
{
    unique = true;
    for (int round = 0; round < 24 && !failed_checks; round++) {
        which = (int[]){0, 3, 4, 5}[round % 4];
        s = (scene){.ndim = 2,
                    .rows_ndim = 1,
                    .result_ndim = 2,
                    .nwindow = 1,
                    .ncollapsed = 1,
                    .nmap = 1,
                    .shape = {4, 3},
                    .slice = {1, 3},
                    .rows = {1},
                    .result = {1, 3},
                    .window = {1},
                    .mode = GATHER_CLIP};
        index_low = 0, index_range = 4;
        laws("unique scatter", run_scatter, 3, make_scatter);
    }
    unique = false;
}

/* Rows of `width` elements, added or put one after another. */
static void check_many_rows(int64_t rows, int64_t places, int64_t width, const op *o, int mode)
{
    ct_array x = op_broadcast_in_dim(ct_f32(0), I(places, width), I_NONE);
    ct_array indices = array_new(CT_INT32, false, 2, (int64_t[]){rows, 1});
    ct_array updates = array_new(CT_FLOAT32, false, 2, (int64_t[]){rows, width});
    params_scatter p = {.dimension_numbers = {.update_window_dims = I(1),
                                              .inserted_window_dims = I(0),
                                              .scatter_dims_to_operand_dims = I(0)},
                        .mode = mode};
    if (!ct_ok())
        return;
    int32_t *index = indices->data;
    float *update = updates->data, *want = calloc((size_t)(places * width), sizeof *want);
    for (int64_t i = 0; i < rows; i++)
        index[i] = (int32_t)(i * 7919 % (places + 9)) - 4;
    for (int64_t i = 0; i < rows * width; i++)
        update[i] = (float)(i * 37 % 1009) / 7;
    for (int64_t i = 0; i < rows * width; i++) {
        int64_t at = index[i / width], last = places - 1;
        if (mode == GATHER_CLIP)
            at = at < 0 ? 0 : at > last ? last : at;
        float *to = at < 0 || at > last ? NULL : &want[at * width + i % width];
        if (to)
            *to = o == &op_row_scatter_add ? *to + update[i] : update[i];
    }
    for (int threads = 1; threads <= 3; threads++) {
        base_set_threads(threads);
        ct_array got = op_scatter(o, x, indices, updates, &p);
        if (!is_poison(got))
            CHECK(!memcmp(got->data, want, (size_t)(places * width) * sizeof *want));
    }
    base_set_threads(0);
    free(want);
}

TEST(scatters_of_many_rows_are_shared_between_threads)
{
    const op *const kinds[] = {&op_row_scatter, &op_row_scatter_add};
    const int modes[] = {GATHER_CLIP, GATHER_FILL_OR_DROP};
    for (int i = 0; i < 4; i++) {
        check_many_rows(40007, 1000, 1, kinds[i / 2], modes[i % 2]);
        check_many_rows(2001, 5, 30, kinds[i / 2], modes[i % 2]);
        check_many_rows(500, 9, 101, kinds[i / 2], modes[i % 2]);
        check_many_rows(300, 37, 20, kinds[i / 2], modes[i % 2]);
    }
}

TEST(fills)
{
    params_gather p = {.dimension_numbers = {.collapsed_slice_dims = I(0), .start_index_map = I(0)},
                       .slice_sizes = I(1),
                       .mode = GATHER_FILL_OR_DROP};
    ct_array far = ct_array_i32(I(2, 1), 9, 0);
    CHECK_INT(array_get_int(op_gather(ct_array_i32(I(2), 5, 6), far, &p), 0), INT32_MIN);
    CHECK_INT(array_get_int(op_gather(ct_array_i32(I(2), 5, 6), far, &p), 1), 5);
    ct_array bytes = ct_from_data(CT_UINT8, I(2), (uint8_t[]){1, 2});
    CHECK_INT(array_get_int(op_gather(bytes, far, &p), 0), 255);
    p.fill_value = (optional_float){true, 7};
    CHECK_INT(array_get_int(op_gather(bytes, far, &p), 0), 7);
}

TEST(messages)
{
    ct_array x = law_array(CT_FLOAT32, I(4, 5)), rows = ct_array_i32(I(2, 1), 0, 1);
    params_gather p = {.dimension_numbers = {.offset_dims = I(1),
                                             .collapsed_slice_dims = I(0),
                                             .start_index_map = I(0)},
                       .slice_sizes = I(1, 6)};
    CHECK_FAILS(op_gather(x, rows, &p), CT_TYPE_ERROR, "Slice size at index 1");
    p.slice_sizes = I(2, 5);
    CHECK_FAILS(op_gather(x, rows, &p), CT_TYPE_ERROR, "only collapse slice dims with bound 1");
    p.slice_sizes = I(1, 5);
    CHECK_FAILS(op_gather(x, law_array(CT_FLOAT32, I(2, 1)), &p), CT_VALUE_ERROR,
                "indices must have an integer type");
    p.dimension_numbers.start_index_map = I(0, 1);
    CHECK_FAILS(op_gather(x, rows, &p), CT_TYPE_ERROR, "These two numbers must be equal");
    params_scatter q = {.dimension_numbers = {.update_window_dims = I(1),
                                              .inserted_window_dims = I(0),
                                              .scatter_dims_to_operand_dims = I(0)}};
    CHECK_FAILS(op_scatter(&op_row_scatter, x, rows, law_array(CT_FLOAT32, I(3, 5)), &q),
                CT_TYPE_ERROR, "Bounds of the scatter dimensions");
    CHECK_FAILS(op_scatter(&op_row_scatter, x, rows, law_array(CT_FLOAT32, I(2, 6)), &q),
                CT_TYPE_ERROR, "must not exceed the bounds");
    CHECK_FAILS(op_scatter(&op_row_scatter, x, rows, law_array(CT_INT32, I(2, 5)), &q),
                CT_TYPE_ERROR, "same dtypes");
}
