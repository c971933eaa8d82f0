/* dot_general: values against naive loops for random dimension numbers, derivatives and batching by
 * the laws, types and messages. */
#include "op_laws.h"

/* One random contraction: sizes of the batch, contracted and free axes, scattered over both
 * operands. */
typedef struct scene {
    int64_t x_axes[8], y_axes[8], x_shape[8], y_shape[8];
    int nbatch, ncontract, nx, ny; /* axis lists hold batch, contracted, free in this order */
} scene;

static void shuffle(int n, int64_t *at)
{
    for (int i = n - 1; i > 0; i--) {
        int64_t j = law_below(i + 1), old = at[i];
        at[i] = at[j];
        at[j] = old;
    }
}

static scene random_scene(void)
{
    scene s = {.nbatch = (int)law_below(3), .ncontract = (int)law_below(3)};
    s.nx = s.nbatch + s.ncontract + (int)law_below(3);
    s.ny = s.nbatch + s.ncontract + (int)law_below(3);
    for (int i = 0; i < 8; i++)
        s.x_axes[i] = s.y_axes[i] = i;
    shuffle(s.nx, s.x_axes);
    shuffle(s.ny, s.y_axes);
    for (int i = 0; i < s.nx; i++)
        s.x_shape[s.x_axes[i]] = 1 + law_below(4);
    for (int i = 0; i < s.ny; i++)
        s.y_shape[s.y_axes[i]] =
            i < s.nbatch + s.ncontract ? s.x_shape[s.x_axes[i]] : 1 + law_below(4);
    return s;
}

static params_dot_general scene_params(const scene *s)
{
    return (params_dot_general){
        .dimension_numbers = {.lhs_contract = {s->ncontract, s->x_axes + s->nbatch},
                              .rhs_contract = {s->ncontract, s->y_axes + s->nbatch},
                              .lhs_batch = {s->nbatch, s->x_axes},
                              .rhs_batch = {s->nbatch, s->y_axes}}};
}

static int64_t offset(int n, const int64_t *shape, const int64_t *index)
{
    int64_t at = 0;
    for (int i = 0; i < n; i++)
        at = at * shape[i] + index[i];
    return at;
}

/* Adds every product of elements into the element of the result it belongs to. */
static void naive(const scene *s, ct_array x, ct_array y, ct_array out, double *want)
{
    memset(want, 0, (size_t)out->size * sizeof *want);
    for (int64_t i = 0; i < x->size; i++)
        for (int64_t j = 0; j < y->size; j++) {
            int64_t xi[8], yi[8], oi[16], rest = i;
            for (int k = s->nx - 1; k >= 0; rest /= s->x_shape[k], k--)
                xi[k] = rest % s->x_shape[k];
            rest = j;
            for (int k = s->ny - 1; k >= 0; rest /= s->y_shape[k], k--)
                yi[k] = rest % s->y_shape[k];
            bool meets = true;
            for (int k = 0; k < s->nbatch + s->ncontract; k++)
                meets = meets && xi[s->x_axes[k]] == yi[s->y_axes[k]];
            if (!meets)
                continue;
            int n = 0;
            for (int k = 0; k < s->nbatch; k++)
                oi[n++] = xi[s->x_axes[k]];
            for (int side = 0; side < 2; side++)
                for (int axis = 0; axis < (side ? s->ny : s->nx); axis++) {
                    bool is_free = true;
                    for (int k = 0; k < s->nbatch + s->ncontract; k++)
                        is_free = is_free && (side ? s->y_axes : s->x_axes)[k] != axis;
                    if (is_free)
                        oi[n++] = (side ? yi : xi)[axis];
                }
            if (!CHECK(n == out->aval.ndim))
                return;
            want[offset(n, out->aval.shape, oi)] += array_get_double(x, i) * array_get_double(y, j);
        }
}

static scene current;
static ct_array dot_current(const ct_array *in)
{
    params_dot_general p = scene_params(&current);
    return op_dot_general(in[0], in[1], &p);
}
static ct_array make_operand(int i)
{
    return law_array(CT_FLOAT64, i ? (ct_ints){current.ny, current.y_shape}
                                   : (ct_ints){current.nx, current.x_shape});
}

TEST(values)
{
    static double want[1 << 16];
    for (int round = 0; round < 150; round++) {
        current = random_scene();
        ct_scope scope = ct_begin();
        ct_dtype dtype = (ct_dtype[]){CT_FLOAT32, CT_FLOAT64, CT_INT32}[round % 3];
        ct_array in[] = {law_array(dtype, (ct_ints){current.nx, current.x_shape}),
                         law_array(dtype, (ct_ints){current.ny, current.y_shape})};
        ct_array out = dot_current(in);
        if (!CHECK(is_array(out)))
            return;
        naive(&current, in[0], in[1], out, want);
        for (int64_t i = 0; i < out->size; i++)
            CHECK_NEAR(array_get_double(out, i), want[i], dtype == CT_FLOAT32 ? 1e-5 : 1e-12);
        ct_end(scope);
        if (failed_checks)
            return;
    }
}

TEST(laws)
{
    for (int round = 0; round < 25 && !failed_checks; round++) {
        current = random_scene();
        laws("dot_general", dot_current, 2, make_operand);
    }
}

TEST(types)
{
    ct_array a = law_array(CT_FLOAT32, I(2, 3)), b = law_array(CT_INT32, I(3, 2));
    params_dot_general p = {.dimension_numbers = {.lhs_contract = I(1), .rhs_contract = I(0)}};
    CHECK(op_dot_general(a, b, &p)->aval.dtype == CT_FLOAT32);
    p.preferred_element_type = CT_FLOAT64;
    ct_array wide = op_dot_general(
        a, a,
        &(params_dot_general){.dimension_numbers = {.lhs_contract = I(1), .rhs_contract = I(1)},
                              .preferred_element_type = CT_FLOAT64});
    CHECK(wide->aval.dtype == CT_FLOAT64);
    CHECK_NEAR(array_get_double(wide, 0),
               law_dot(op_slice(a, I(0, 0), I(1, 3), (ct_ints){0}),
                       op_slice(a, I(0, 0), I(1, 3), (ct_ints){0})),
               1e-6);
    p.preferred_element_type = CT_NO_DTYPE;
    ct_array none =
        op_dot_general(law_array(CT_FLOAT32, I(2, 0)), law_array(CT_FLOAT32, I(0, 2)), &p);
    CHECK(none->size == 4 && array_get_double(none, 3) == 0);
}

TEST(messages)
{
    ct_array a = law_array(CT_FLOAT32, I(4, 2, 3)), b = law_array(CT_FLOAT32, I(3, 4, 5));
#define DOT(...) op_dot_general(a, b, &(params_dot_general){.dimension_numbers = {__VA_ARGS__}})
    CHECK_FAILS(DOT(I(2), I(1), I(0), I(1)), CT_TYPE_ERROR, "disjoint from contracting dimensions");
    CHECK_FAILS(DOT(I(2), I(0), I(0), I(2)), CT_TYPE_ERROR, "same shape, got (4,) and (5,)");
    CHECK_FAILS(DOT(I(2), I(0), I(0), I_NONE), CT_TYPE_ERROR,
                "got lhs_batch (0,) and rhs_batch ()");
    CHECK_FAILS(DOT(I(2, 2), I(0, 0), I(0), I(1)), CT_TYPE_ERROR,
                "to be distinct, got lhs_contracting (2, 2)");
    CHECK_FAILS(DOT(I(2, 5), I(0, 1), I(0), I(1)), CT_TYPE_ERROR,
                "less than the number of axes of the lhs value");
    CHECK_FAILS(DOT(I(1), I(0), I_NONE, I_NONE), CT_TYPE_ERROR,
                "contracting dimensions to have the same shape, got (2,) and (3,)");
}
