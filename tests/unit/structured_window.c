/* Reductions over windows: values against naive loops for random windows, derivatives and batching
 * by the laws. */
#include "cotan/lax.h"
#include "op_laws.h"

typedef struct scene {
    int ndim;
    int64_t shape[3], size[3], stride[3], base[3], spread[3], padding[6];
} scene;
static scene s;
static const op *const rows[] = {&op_row_reduce_window_sum, &op_row_reduce_window_max,
                                 &op_row_reduce_window_min, &op_row_reduce_window};
static int which;

static void random_scene(bool window_dilation, bool padding)
{
    s.ndim = 1 + (int)law_below(3);
    for (int i = 0; i < s.ndim; i++) {
        s.shape[i] = 1 + law_below(6);
        bool plain = law_below(3) == 0;
        s.size[i] = plain ? 1 : 1 + law_below(3);
        s.stride[i] = plain ? 1 : 1 + law_below(3);
        s.base[i] = plain ? 1 : 1 + law_below(2);
        s.spread[i] = plain || !window_dilation ? 1 : 1 + law_below(2);
        s.padding[2 * i] = plain || !padding ? 0 : law_below(s.size[i]);
        s.padding[2 * i + 1] = plain || !padding ? 0 : law_below(s.size[i]);
    }
}

static params_window current(void)
{
    return (params_window){{s.ndim, s.base},
                           {2 * s.ndim, s.padding},
                           {s.ndim, s.spread},
                           {s.ndim, s.size},
                           {s.ndim, s.stride}};
}
/* Neither associative nor with an identity: order and padding show. */
static ct_tree twice_so_far(ct_tree so_far, ct_tree x)
{
    return ct_lax_sub(ct_lax_add(so_far, so_far), x);
}
static ct_array by_program(ct_array x, const params_window *p)
{
    int64_t pairs[1 + 9], n = 0;
    pairs[n++] = s.ndim;
    for (int i = 0; i < s.ndim; i++) {
        pairs[n++] = 2;
        pairs[n++] = p->padding.at[2 * i];
        pairs[n++] = p->padding.at[2 * i + 1];
    }
    return ct_lax_reduce_window(
        x, array_scalar((ct_dtype)x->aval.dtype, false, 3), ct_function(twice_so_far),
        p->window_dimensions, .window_strides = p->window_strides, .padding = {n, pairs},
        .base_dilation = p->base_dilation, .window_dilation = p->window_dilation);
}
static ct_array run(const ct_array *in)
{
    params_window p = current();
    return which == 3 ? by_program(in[0], &p) : core_bind1(rows[which], &p, 1, in);
}
static ct_array make(int i)
{
    (void)i;
    return law_array(CT_FLOAT64, (ct_ints){s.ndim, s.shape});
}

/* Element of the window, or false in padding and gaps. */
static bool element(ct_array x, const int64_t *out, const int64_t *k, double *value)
{
    int64_t at = 0;
    for (int i = 0; i < s.ndim; i++) {
        int64_t p = out[i] * s.stride[i] + k[i] * s.spread[i] - s.padding[2 * i];
        if (p < 0 || p % s.base[i] || p / s.base[i] >= s.shape[i])
            return false;
        at = at * s.shape[i] + p / s.base[i];
    }
    *value = array_get_double(x, at);
    return true;
}

TEST(values)
{
    for (int round = 0; round < 300 && !failed_checks; round++) {
        random_scene(true, true);
        which = round % 4;
        ct_dtype dtype = (ct_dtype[]){CT_FLOAT32, CT_FLOAT64, CT_INT32}[round / 4 % 3];
        ct_array x = law_array(dtype, (ct_ints){s.ndim, s.shape}), y = run(&x);
        if (!CHECK(is_array(y)))
            return;
        double none = which == 0          ? 0
                      : which == 3        ? 3
                      : dtype == CT_INT32 ? (which == 1 ? INT32_MIN : INT32_MAX)
                      : which == 1        ? -INFINITY
                                          : INFINITY;
        for (int64_t i = 0; i < y->size; i++) {
            int64_t out[3], k[3], rest = i, count = 1;
            for (int d = s.ndim - 1; d >= 0; rest /= y->aval.shape[d], d--) {
                out[d] = rest % y->aval.shape[d];
                count *= s.size[d];
            }
            double want = none, value;
            for (int64_t j = 0; j < count; j++) {
                rest = j;
                for (int d = s.ndim - 1; d >= 0; rest /= s.size[d], d--)
                    k[d] = rest % s.size[d];
                if (element(x, out, k, &value))
                    want = which == 0   ? want + value
                           : which == 3 ? want * 2 - value
                           : which == 1 ? fmax(want, value)
                                        : fmin(want, value);
            }
            CHECK_NEAR(array_get_double(y, i), want, 1e-5);
        }
    }
}

TEST(laws_hold)
{
    for (int round = 0; round < 60 && !failed_checks; round++) {
        which = round % 4;
        random_scene(which % 3 == 0, which % 3 == 0);
        ct_array x = make(0), y = run(&x);
        if (y->size &&
            (which % 3 == 0 || isfinite(law_dot(y, y)))) /* windows in gaps alone have no extreme */
            laws(rows[which]->name, run, 1, make);
    }
}

/* ---- over axes ---- */

static ct_array reduce_first(const ct_array *in)
{
    return ct_lax_reduce(in[0], array_scalar(CT_FLOAT64, false, 3), ct_function(twice_so_far),
                         I(0, 2));
}
static ct_array make_cube(int i)
{
    (void)i;
    return law_array(CT_FLOAT64, I(3, 2, 4));
}

TEST(reduce_by_a_program)
{
    ct_array x = make_cube(0), y = reduce_first(&x);
    for (int64_t i = 0; i < 2; i++) {
        double want = 3;
        for (int64_t j = 0; j < 12; j++)
            want = want * 2 - array_get_double(x, j / 4 * 8 + i * 4 + j % 4);
        CHECK_NEAR(array_get_double(y, i), want, 1e-9);
    }
    laws("reduce", reduce_first, 1, make_cube);
}

TEST(messages)
{
    ct_array x = law_array(CT_FLOAT32, I(1, 4, 6));
#define POOL(size, stride, padding, base)                                                          \
    op_reduce_window_sum(x, &(params_window){base, padding, I(1, 1, 1), size, stride})
    CHECK_FAILS(POOL(I(1, 2), I(1, 1, 2), I(0, 0, 0, 0, 0, 0), I(1, 1, 1)), CT_TYPE_ERROR,
                "wrong number of window_dimensions");
    CHECK_FAILS(POOL(I(1, 2, 3), I(1, 1), I(0, 0, 0, 0, 0, 0), I(1, 1, 1)), CT_TYPE_ERROR,
                "inconsistent window_strides");
    CHECK_FAILS(POOL(I(1, 0, 3), I(1, 1, 1), I(0, 0, 0, 0, 0, 0), I(1, 1, 1)), CT_TYPE_ERROR,
                "strictly positive, got (1, 0, 3)");
    CHECK_INT(POOL(I(1, 9, 3), I(1, 1, 1), I(0, 0, 0, 0, 0, 0), I(1, 1, 1))->size, 0);
}
